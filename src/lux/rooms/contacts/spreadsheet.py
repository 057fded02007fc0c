"""Cells that a spreadsheet would take for a formula: disarmed on the way out, put back on the way in."""

from __future__ import annotations

from typing import Final

# OWASP, CSV injection; the last four are the full-width forms, which some programs read alike.
FORMULA_SIGNS: Final = frozenset("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
MARK: Final = "'"


def disarmed(cell: str) -> str:
    """Return the cell with a leading apostrophe when it could be read as a formula."""
    return MARK + cell if _is_armed(cell) else cell


def restored(cell: str) -> str:
    """Return the cell without the apostrophe that `disarmed` put there."""
    return cell[1:] if cell[:1] == MARK and _is_armed(cell) else cell


def _is_armed(cell: str) -> bool:
    # Apostrophes count as signs to look behind, so that a person's own one survives the way out and back.
    return cell.lstrip(" '")[:1] in FORMULA_SIGNS
