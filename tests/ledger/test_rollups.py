"""Roll-ups equal a recount by another, slower rule, whatever was recorded, corrected, erased or told twice."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lux.kit.db import ALL_COMPANIES
from lux.ledger import corrections, facts, recount, rollups
from lux.ledger.facts import NewFact
from lux.ledger.models import Fact, Rollup, RollupFacet

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tests.factories import Firm, Installation

KINDS = ("email.opened", "email.clicked")
START = dt.datetime(2026, 3, 28, 21, 50, tzinfo=dt.UTC)
_subjects = itertools.count(1000)

happenings = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "person": st.integers(1, 3),  # each has two deliveries
        "delivery": st.integers(0, 1),
        "link": st.one_of(st.none(), st.integers(1, 2)),
        "human": st.sampled_from(["yes", "machine", "unknown"]),
        "minutes": st.integers(0, 600),
        "device": st.sampled_from(["phone", "desktop"]),
        "dedup": st.one_of(st.none(), st.integers(1, 2)),
    }
)
steps = st.one_of(
    st.tuples(st.just("record"), happenings),
    st.tuples(st.just("many"), st.lists(happenings, min_size=1, max_size=4)),
    st.tuples(st.just("correct"), st.integers(0, 20)),
    st.tuples(st.just("erase"), st.integers(1, 3)),
    st.tuples(st.just("rebuild"), st.none()),  # what comes after it may have happened long before
)


@dataclass
class Story:
    """The same happenings, kept as a plain list."""

    lux: Installation
    firm: Firm
    base: int
    told: list[dict[str, Any]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)

    def tell(self, step: str, what: Any) -> None:
        """Do one step, in the ledger and in the list."""
        if step == "rebuild":
            list(recount.rebuild(self.lux.db, self.firm.id))
            return
        with self.lux.db.begin(self.firm.id) as session:
            if step == "record":
                self._record(session, what)
            elif step == "many":
                rows = [{**row, "dedup": None} for row in what]
                facts.record_many(session, [self._fact(row) for row in rows])
                self._note(session, rows)
            elif step == "correct" and self.ids:
                chosen = what % len(self.ids)
                corrections.judge_anew(session, [self.ids[chosen]], rule="trap")
                self.told[chosen]["human"] = "machine"
            elif step == "erase":
                facts.forget_contact(session, self.base * 10 + what)
                for row in self.told:
                    row["domain"] = "" if row["person"] == what else row["domain"]

    def _record(self, session: Session, what: dict[str, Any]) -> None:
        if facts.record(session, self._fact(what)):
            self._note(session, [what])

    def _note(self, session: Session, rows: list[dict[str, Any]]) -> None:
        self.told += [{**row, "domain": f"of-{row['person']}.example"} for row in rows]
        query = session.query(Fact.id).filter(Fact.subject_id == self.base, Fact.kind.in_(KINDS)).order_by(Fact.id)
        self.ids = [number for (number,) in query]
        assert len(self.ids) == len(self.told)

    def _fact(self, what: dict[str, Any]) -> NewFact:
        return NewFact(
            kind=what["kind"],
            contact_id=self.base * 10 + what["person"],
            subject=("campaign", self.base),
            at=START + dt.timedelta(minutes=what["minutes"]),
            human=what["human"],
            unit_id=self.unit(what),
            part=("link", self.base * 10 + what["link"]) if what["link"] else None,
            facets={"device": what["device"], "domain": f"of-{what['person']}.example"},
            dedup_key=f"{self.base}:{what['dedup']}" if what["dedup"] else None,
            properties={"delivery": self.unit(what)},
        )

    def unit(self, what: dict[str, Any]) -> int:
        """Return the delivery of a happening."""
        return self.base * 100 + what["person"] * 10 + what["delivery"]

    def recounted(self) -> dict[tuple[Any, ...], list[int]]:
        """Count the list anew, each figure by looking at everything."""
        found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
        for place, row in enumerate(self.told):
            at, before = START + dt.timedelta(minutes=row["minutes"]), self.told[:place]
            own = [b for b in before if b["kind"] == row["kind"] and self.unit(b) == self.unit(row)]
            subject = ("campaign", self.base, row["kind"])
            slot = at.replace(minute=at.minute // 15 * 15).isoformat()
            for key in (
                (*subject, at.date()),
                (*subject, "slot", slot),
                (*subject, "device", row["device"]),
                (*subject, "domain", row["domain"]),
            ):
                _count(found[key], row, own)
            if row["link"]:
                of_link = [b for b in own if b["link"] == row["link"]]
                _count(found["link", self.base * 10 + row["link"], row["kind"], at.date()], row, of_link)
        return dict(found)


def _count(numbers: list[int], row: dict[str, Any], before: list[dict[str, Any]]) -> None:
    is_human = row["human"] == "yes"
    numbers[0] += 1
    numbers[1] += not before
    numbers[2] += is_human
    numbers[3] += is_human and not any(b["human"] == "yes" for b in before)
    numbers[4] += row["human"] == "machine"


def stored(session: Session, base: int) -> dict[tuple[Any, ...], list[int]]:
    """Return what the roll-ups hold of one campaign and its links."""
    found = {}
    for row in session.query(Rollup).filter(Rollup.kind.in_(KINDS)):
        if row.subject_id == base or row.subject_id // 10 == base:
            key = (row.subject_type, row.subject_id, row.kind, row.day)
            found[key] = [row.total, row.firsts, row.human, row.human_firsts, row.machine]
    for one in session.query(RollupFacet).filter(RollupFacet.kind.in_(KINDS), RollupFacet.subject_id == base):
        key = (one.subject_type, one.subject_id, one.kind, one.facet, one.value)
        found[key] = [one.total, one.firsts, one.human, one.human_firsts, one.machine]
    return {key: numbers for key, numbers in found.items() if any(numbers)}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(steps, min_size=1, max_size=12))
def test_any_story_counts_as_a_recount_does_and_a_rebuild_changes_nothing(
    lux: Installation, story: list[tuple[str, Any]]
) -> None:
    firm = lux.firms[0] if lux.firms else lux.firm()
    told = Story(lux, firm, next(_subjects))
    for step, what in story:
        told.tell(step, what)
    with lux.db.read(firm.id) as session:
        assert stored(session, told.base) == told.recounted()
    assert [one for one in recount.rebuild(lux.db, firm.id, is_dry=True) if one.differing] == []


def spoilt(lux: Installation) -> tuple[Firm, Story]:
    """Return a company whose roll-ups tell something else than its facts."""
    firm = lux.firm()
    told = Story(lux, firm, next(_subjects))
    row = {"kind": "email.clicked", "person": 1, "delivery": 0, "link": 1, "human": "yes", "minutes": 5,
           "device": "phone", "dedup": None}  # fmt: skip
    told.tell("many", [row, {**row, "person": 2, "link": 2}, {**row, "kind": "email.opened", "link": None}])
    with lux.db.begin(firm.id) as session:
        facts.record(session, NewFact(kind="contact.created"))
        session.query(Rollup).update({"total": Rollup.total + 3})
        session.query(RollupFacet).filter(RollupFacet.facet == "device").delete()
        session.add(Rollup(subject_type="link", subject_id=99, kind="email.clicked", day=START.date(), total=1))
    return firm, told


def test_a_rebuild_puts_right_what_was_wrong_and_a_dry_one_only_says_so(lux: Installation) -> None:
    firm, told = spoilt(lux)
    with lux.db.read(firm.id) as session:
        before = stored(session, told.base)
    said = [one for one in recount.rebuild(lux.db, firm.id, is_dry=True) if one.differing]
    assert {one.key.subject_type for one in said} == {"", "campaign", "link"}
    with lux.db.read(firm.id) as session:
        assert stored(session, told.base) == before != told.recounted()
    list(recount.rebuild(lux.db, firm.id))
    with lux.db.read(firm.id) as session:
        assert stored(session, told.base) == told.recounted()
        assert facts.rolled_up(session, "")[0, "contact.created"] == (1, 0)
        assert (99, "email.clicked") not in rollups.counts(session, "link")
    assert not any(one.differing for one in recount.rebuild(lux.db, firm.id, is_dry=True))


def test_a_rebuild_that_was_broken_off_goes_on_where_it_was(lux: Installation) -> None:
    firm, told = spoilt(lux)
    first = next(iter(recount.rebuild(lux.db, firm.id)))
    rest = list(recount.rebuild(lux.db, firm.id, after=first.key))
    assert first.key not in {one.key for one in rest}
    with lux.db.read(firm.id) as session:
        assert stored(session, told.base) == told.recounted()


def test_a_rebuild_leaves_other_companies_alone(lux: Installation) -> None:
    firm, _told = spoilt(lux)
    other, theirs = spoilt(lux)
    with lux.db.read(other.id) as session:
        before = stored(session, theirs.base)
    list(recount.rebuild(lux.db, firm.id))
    with lux.db.read(other.id) as session:
        assert stored(session, theirs.base) == before


def test_nothing_is_counted_twice_while_writers_go_on(lux: Installation) -> None:
    firm, number = lux.firm(), next(_subjects)
    is_over, rounds = threading.Event(), 60

    def write() -> None:
        for unit in range(rounds):
            with lux.db.begin(firm.id) as session:
                facts.record(session, NewFact(kind="email.opened", subject=("campaign", number), unit_id=unit % 20))
        is_over.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not is_over.is_set():
        assert not any(one.differing for one in recount.rebuild(lux.db, firm.id))
    writer.join()
    with lux.db.read(firm.id) as session:
        assert rollups.counts(session, "campaign")[number, "email.opened"][:2] == (rounds, 20)
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.query(Fact).filter(Fact.company_id == firm.id).count() == rounds
