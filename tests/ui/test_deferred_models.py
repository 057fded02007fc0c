"""What forms and the API are read by is built when somebody first needs it: an idle process does not pay for it."""

from __future__ import annotations

import subprocess
import sys
import threading

from pydantic import create_model

from lux.ui.api import Input
from lux.ui.parsing import FormModel

ASK = """
from lux import house
house.blueprints(), house.api_blueprints()
from lux.ui.api import Input, Output
from lux.ui.parsing import FormModel
def below(model):
    return {model}.union(*map(below, model.__subclasses__()))
models = below(Input) | below(Output) | below(FormModel)
print(len(models), *(model.__name__ for model in models if model.__pydantic_complete__))
"""


def test_no_model_is_built_by_starting() -> None:
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True, timeout=120)
    total, *built = done.stdout.split()
    assert int(total) > 100
    assert built == ["PageOf"], "the frame of all pages holds nothing by itself"


def test_many_threads_may_meet_a_model_first() -> None:
    """Requests are answered by threads: none of them sees a model half made."""
    failures: list[BaseException] = []
    for _time in range(5):
        inner = create_model("Inner", __base__=Input, name=(str, ...))
        outer = create_model("Outer", __base__=FormModel, rows=(list[inner], ...))  # type: ignore[valid-type]
        gate = threading.Barrier(8)

        def ask(model: type[FormModel] = outer, gate: threading.Barrier = gate) -> None:
            gate.wait()
            try:
                model.model_validate_json('{"rows": [{"name": "a"}]}', strict=True)
            except Exception as error:  # noqa: BLE001 - reported below
                failures.append(error)

        threads = [threading.Thread(target=ask) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
