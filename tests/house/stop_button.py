"""The emergency stop on a page: one form, one press, the whole company."""

from __future__ import annotations

import re
from typing import Final

_PRESS: Final = re.compile(
    r'<form[^>]*method="post"[^>]*action="/approvals/stop"[^>]*>\s*<input type="hidden" name="csrf_token"[^>]*>\s*'
    r'<button[^>]*type="submit"'
)
ELSEWHERE: Final = {"/forgot"}  # pages of people who are not signed in, which stand for those who are too


def stands_on(html: str) -> bool:
    """Say whether a page has it; a part of a page stands on one that has."""
    return "<!doctype html>" not in html or _PRESS.search(html) is not None
