"""The JSON API's frame: keys at the door, typed bodies, problems, repeated requests, and a document made from all that.

A room's `api.py` makes a blueprint with `room(...)` and declares views with `operation(...)`; all else follows.
"""

from lux.ui.api.door import program, register
from lux.ui.api.operations import PREFIX, Operation, operation, operations_of, room
from lux.ui.api.running import Answer, check_version
from lux.ui.api.shapes import (
    Input,
    Moment,
    Output,
    PageOf,
    PageQuery,
    newest_first,
    next_page,
)

__all__ = [
    "PREFIX",
    "Answer",
    "Input",
    "Moment",
    "Operation",
    "Output",
    "PageOf",
    "PageQuery",
    "check_version",
    "newest_first",
    "next_page",
    "operation",
    "operations_of",
    "program",
    "register",
    "room",
]
