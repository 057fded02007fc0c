"""Repeated requests over the whole way, key to answer: programs that send the same and other things at once."""

from __future__ import annotations

import itertools
import json
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from lux.rooms.contacts.models import Contact
from tests.callers import API, Caller
from tests.factories import Installation

NAMES = ("ann", "bo")


@dataclass(frozen=True)
class Request:
    """One POST: under which key, what it says, and how often it is sent at the same moment."""

    key: str
    city: str
    name: str
    times: int


def requests() -> st.SearchStrategy[list[Request]]:
    request = st.builds(
        Request, key=st.sampled_from(["k1", "k2"]), city=st.sampled_from(["Ulm", "Bonn"]), name=st.sampled_from(NAMES),
        times=st.integers(1, 2),
    )  # fmt: skip
    return st.lists(st.lists(request, min_size=1, max_size=2), min_size=1, max_size=3)


def test_whatever_comes_in_whichever_order_is_done_once_and_answered_alike(lux: Installation) -> None:
    """Rounds of requests, each round at once.

    Of a key, one set of parameters is carried out; the same again gets the same answer to the letter, or is told to
    wait; others are refused. A contact is made by one request, whatever was repeated.
    """
    lux.settings.__dict__["api_per_minute"] = 100_000  # frozen, and this test is about something else
    shop, runs = Caller(lux, lux.firm()), itertools.count()

    @settings(max_examples=12, deadline=None, phases=[Phase.generate])  # threads: what fails can't be made smaller
    @given(rounds=requests())
    def check(rounds: list[list[Request]]) -> None:
        run = next(runs)
        answers: dict[str, list[tuple[str, Any]]] = defaultdict(list)  # key → (what was sent, answer)
        for wave in rounds:
            sent = [request for request in wave for _time in range(request.times)]
            for request, answer in zip(sent, at_once(shop, run, sent), strict=True):
                answers[request.key].append((json.dumps(body_of(run, request)), answer))
        for found in answers.values():
            check_key(found)
        made = [one for found in answers.values() for _body, one in found if one.status_code == 201]
        ids = {one.json["id"] for one in made}
        with lux.db.read(shop.firm.id) as session:
            query = select(func.count()).where(Contact.email_key.startswith(f"{run}-"))
            assert session.scalar(query) == len(ids) == len({one.json["email"] for one in made})

    check()


def check_key(found: list[tuple[str, Any]]) -> None:
    """Look at all answers under one key."""
    done = [(body, one) for body, one in found if one.status_code == 201]
    fresh = [one for _body, one in done if "Idempotent-Replayed" not in one.headers]
    assert len(fresh) <= 1, "carried out once"
    assert len({body for body, _one in done}) <= 1
    assert len({one.data for _body, one in done}) <= 1
    for _body, one in found:
        if one.status_code == 409:
            assert (one.json["code"], one.headers["Retry-After"]) == ("idempotency_running", "1")
        elif one.status_code == 422:  # other parameters; or the address is taken by what the other key made
            assert one.json["code"] in {"idempotency_mismatch", "invalid_input"}
        else:
            assert one.status_code == 201, one.text


def body_of(run: int, request: Request) -> dict[str, str]:
    return {"email": f"{run}-{request.name}@example.com", "city": request.city}


def at_once(shop: Caller, run: int, sent: list[Request]) -> list[Any]:
    """Send requests at the same moment; returns their answers in order."""
    gate, answers = threading.Barrier(len(sent)), [None] * len(sent)

    def ask(place: int, request: Request) -> None:
        headers = {"Authorization": f"Bearer {shop.shown}", "Idempotency-Key": f"{run}-{request.key}"}
        client = shop.lux.client()
        gate.wait()
        answers[place] = client.post(f"{API}/contacts", json=body_of(run, request), headers=headers)

    threads = [threading.Thread(target=ask, args=pair) for pair in enumerate(sent)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
