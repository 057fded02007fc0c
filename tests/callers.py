"""Programs that call the API with a key of their own."""

from __future__ import annotations

from typing import Any

from lux.identity import api_keys
from lux.identity.api_keys import Scope
from tests.factories import Firm, Installation

API = "/api/v1"


class Caller:
    """A program with a key."""

    def __init__(self, lux: Installation, firm: Firm, *scopes: Scope) -> None:
        self.lux, self.firm = lux, firm
        with lux.db.begin(firm.id) as session:
            self.key, self.shown = api_keys.issue(
                session, name="Web shop", scopes=scopes or list(Scope), by=firm.person
            )
        self.client = lux.client()

    def ask(
        self, method: str, path: str, *, expect: int = 200, headers: dict[str, str] | None = None, **more: Any
    ) -> Any:
        answer = self.client.open(
            path if path.startswith(API) else API + path,
            method=method,
            headers={"Authorization": f"Bearer {self.shown}", **(headers or {})},
            **more,
        )
        assert answer.status_code == expect, f"{method} {path} → {answer.status_code} {answer.text}"
        return answer

    def post(self, path: str, body: dict[str, Any], *, expect: int = 200, **more: Any) -> Any:
        return self.ask("POST", path, json=body, expect=expect, **more)
