"""Puts the dashboard together: every room's tiles in order, each on its own, none able to take the others down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.ports.contributions import DashboardTile, SetupStep, Tile, installed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SECTIONS = ("waits", "broken", "today", "result", "hubs")
ROWS = (("waits", "broken"), ("today", "result"), ("hubs",))
BODY_STATES = frozenset({"ready", "stale", "partial"})  # the states in which a tile shows its own content

Draw = Callable[[Tile], str]
OnError = Callable[[BaseException], None]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One question of the dashboard and the tiles that answer it."""

    key: str
    title: str
    tiles: Sequence[str]  # drawn


@dataclass(frozen=True, kw_only=True)
class SetupPath:
    """The steps until the first mail is out."""

    steps: Sequence[SetupStep]

    @property
    def done(self) -> int:
        """Return how many steps are done."""
        return sum(step.is_done for step in self.steps)

    @property
    def is_finished(self) -> bool:
        """Say whether nothing is left to do."""
        return self.done == len(self.steps)

    @property
    def next_step(self) -> SetupStep | None:
        """Return the first step that is still open."""
        return next((step for step in self.steps if not step.is_done), None)


def sections(session: Session, company_id: int, role: str, *, draw: Draw, on_error: OnError) -> list[Section]:
    """Return the dashboard's sections in their order, with every tile drawn; empty sections are left out.

    `draw` makes a tile's HTML, `on_error` records what a tile raised.
    """
    drawn: dict[str, list[tuple[int, int, str]]] = {key: [] for key in SECTIONS}
    for number, source in enumerate(installed().tiles):
        found = _one(session, company_id, role, source, draw=draw, on_error=on_error)
        if found is not None:
            tile, html = found
            place = tile.section if tile.section in drawn else SECTIONS[-1]
            drawn[place].append((tile.order, number, html))
    titles = _titles()
    return [
        Section(key=key, title=titles[key], tiles=[html for _order, _number, html in sorted(drawn[key])])
        for key in SECTIONS
        if drawn[key]
    ]


def setup_path(session: Session, company_id: int, *, on_error: OnError) -> SetupPath:
    """Return the set-up path, each step looked at now; a step that can't be looked at counts as open."""
    steps: list[SetupStep] = []
    for source in installed().setup_steps:
        try:
            steps.append(source.step(session, company_id))
        except Exception as error:  # noqa: BLE001 - recorded and shown as open; the other steps go on
            session.rollback()
            on_error(error)
            steps.append(_unknown_step(type(source).__name__))
    return SetupPath(steps=sorted(steps, key=lambda step: step.order))


def _unknown_step(key: str) -> SetupStep:
    detail = _("The fault was recorded under Diagnostics.")
    return SetupStep(key=key, title=_("A step could not be looked at"), detail=detail, url="/", is_done=False, order=99)


def failed_tile(source: DashboardTile, known: Tile | None) -> Tile:
    """Return the error state of a tile that raised."""
    title = known.title if known else _("A part of the dashboard")
    context = {
        "what": _("This tile could not be worked out."),
        "fix": _("The fault was recorded under Diagnostics. The other tiles are not affected."),
    }
    section = known.section if known else str(getattr(source, "section", "broken"))
    order = known.order if known else 99
    return Tile(key=source.key, section=section, title=title, template="", state="error", context=context, order=order)


def _one(
    session: Session,
    company_id: int,
    role: str,
    source: DashboardTile,
    *,
    draw: Draw,
    on_error: OnError,
) -> tuple[Tile, str] | None:
    tile: Tile | None = None
    try:
        tile = source.tile(session, company_id, role)
        return (tile, draw(tile)) if tile is not None else None
    except Exception as error:  # noqa: BLE001 - recorded and shown in its place; the other tiles go on
        session.rollback()  # PostgreSQL refuses every statement after a failed one
        on_error(error)
        failed = failed_tile(source, tile)
        return failed, draw(failed)


def in_rows(found: Sequence[Section]) -> list[list[Section]]:
    """Return the sections by rows of the wide page; on a phone they stand below each other in their order."""
    rows = [[part for part in found if part.key in keys] for keys in ROWS]
    return [row for row in rows if row]


def framed(tile: Tile) -> Tile:
    """Return the tile with an unknown state turned into an error: a frame never guesses."""
    known = {*BODY_STATES, "loading", "empty", "error", "forbidden"}
    return tile if tile.state in known else replace(tile, state="error")


def _titles() -> dict[str, str]:
    return {
        "waits": _("What waits for a yes"),
        "broken": _("What is broken"),
        "today": _("What goes out today"),
        "result": _("How it went"),
        "hubs": _("Where to go"),
    }
