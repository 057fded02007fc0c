"""Verbs over segments: save, throw away, put contacts on lists, and turn any of them into SQL."""

from lux.rooms.segments.service.audience import (
    frozen_rule,
    gaps,
    gaps_by_id,
    memberships,
    panel_of,
    preview,
    rule_of,
    scope_of,
    select_rule,
    select_segment,
)
from lux.rooms.segments.service.editing import (
    Draft,
    change,
    create,
    duplicate,
    free_name,
    restore,
    trash,
    used_by,
)
from lux.rooms.segments.service.members import (
    MAX_PASTED,
    Pasted,
    add_contacts,
    add_pasted,
    add_selected,
    forget_contact,
    remove_contacts,
    remove_selected,
)
from lux.rooms.segments.service.overlaps import Overlap, overlap
from lux.rooms.segments.service.selection import put_on_list

__all__ = [
    "MAX_PASTED",
    "Draft",
    "Overlap",
    "Pasted",
    "add_contacts",
    "add_pasted",
    "add_selected",
    "change",
    "create",
    "duplicate",
    "forget_contact",
    "free_name",
    "frozen_rule",
    "gaps",
    "gaps_by_id",
    "memberships",
    "overlap",
    "panel_of",
    "preview",
    "put_on_list",
    "remove_contacts",
    "remove_selected",
    "restore",
    "rule_of",
    "scope_of",
    "select_rule",
    "select_segment",
    "trash",
    "used_by",
]
