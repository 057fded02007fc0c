"""What goes on while a fault happens: a campaign leaves, a file comes in, people open and click, the clock fires."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection

from sqlalchemy import delete, func, select

from lux.gate import reads, submit
from lux.gate.messages import token_key
from lux.gate.models import Delivery, Outbound
from lux.gate.service import ApprovalService
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Job, JobState
from lux.kit.jobs.models import CronSlot
from lux.ledger.models import Fact
from lux.ports.acts import AudienceRef
from lux.render.mime import MailTokens
from lux.rooms.contacts.models import Contact, ContactTag
from lux.rooms.site.models import SiteDomain
from tests.faults.judge import ENDED, Row, judge_campaign, judge_house
from tests.faults.stage import Stage, Step, eventually
from tests.gate.conftest import act
from tests.rooms.contacts.desk import DECLARED, Desk
from tests.rooms.site import sites
from tests.services import run

LONGEST = 120.0  # seconds after which a drill is given up
EVERYONE = AudienceRef(source="everyone", key="", label="Everyone")
Meanwhile = Callable[[], object]


def campaign(stage: Stage, *, is_approved: bool = True) -> int:
    """Bring a campaign to everyone to the gate, with a yes or without; returns the outbound's id."""
    number = stage.number()
    words = f"Letter {number}" if is_approved else f"Letter {number}: nobody approved this"
    mail = act(
        stage.firm, account=stage.account, audience=EVERYONE, subject=words + " {{ first_name }}", preview_text=words
    )
    with stage.lux.db.begin(stage.firm.id) as session:
        outbound = submit.submit_for_approval(
            session, mail, author=stage.firm.person, title=words, subject=("campaign", number)
        )
        outbound_id = outbound.id
        if is_approved:
            item = reads.outbound(session, outbound_id).item
            ApprovalService(session).approve(stage.firm.person, item.public_id, shown_hash=item.content_hash)
    return outbound_id


def has_ended(stage: Stage, outbound_id: int) -> bool:
    """Say whether nothing more of an outbound will leave by itself."""
    with stage.lux.db.read(stage.firm.id) as session:
        return session.scalar(select(Outbound.state).where(Outbound.id == outbound_id)) in ENDED


def send(
    stage: Stage, row: Row, *steps: Step, may_be_unknown: int, may_fail: int = 0, meanwhile: Meanwhile | None = None,
    at_the_end: Meanwhile | None = None,
) -> None:  # fmt: skip
    """Let a campaign leave through what is planned; judge it."""
    campaign(stage, is_approved=False)
    stage.plan.write(*steps)
    outbound_id = campaign(stage)
    if meanwhile is not None:
        meanwhile()
    ended = eventually(lambda: has_ended(stage, outbound_id), LONGEST)
    row.check("did not end", holds=ended is not None)
    row.check("the point was not reached", holds=run.wait(lambda: stage.plan.is_done, seconds=10))
    if steps and stage.plan.is_done:
        fault = stage.plan.taken()[-1]["at"]
        signs = [one.at for one in list(stage.smtp.messages) if one.at > fault + 0.05]
        row.recovered = max(0.0, min([*signs, *([ended] if ended else [])], default=fault) - fault)
    if at_the_end is not None:
        at_the_end()
    stage.plan.write()
    judge_campaign(stage, row, outbound_id, may_be_unknown=may_be_unknown, may_fail=may_fail)
    judge_house(stage, row)


def bring_in(stage: Stage, row: Row, *steps: Step) -> None:
    """Let a file of people come in through what is planned; compare what is there with what was in it."""
    desk, number = Desk(stage.lux, stage.firm), stage.number()
    lines = [f"person{number}-{line}@example.net,First{line},tag{number}" for line in range(row.n)]
    stage.plan.write(*steps)
    public_id = desk.start("\n".join(["email,first name,tags", *lines]) + "\n", **DECLARED)
    seen: list[tuple[float, tuple[int, str]]] = []

    def has_ended() -> bool:
        now = desk.entry(public_id)
        if not seen or seen[-1][1] != (now.offset, now.state):
            seen.append((time.monotonic(), (now.offset, now.state)))
        return now.state not in {"queued", "running"}

    run.wait(has_ended, seconds=LONGEST)
    entry = desk.entry(public_id)
    row.check(f"ended as {entry.state} {entry.error}", holds=entry.state == "done")
    row.check("the point was not reached", holds=run.wait(lambda: stage.plan.is_done, seconds=10))
    is_open = select(func.count()).where(Job.id == entry.job_id, Job.state != JobState.DONE)
    ended = eventually(lambda: _number(stage, is_open) == 0, 60)
    row.check("its job did not end", holds=ended is not None)
    if stage.plan.is_done and ended is not None:
        fault = stage.plan.taken()[-1]["at"]
        row.recovered = min([at - fault for at, _what in seen if at > fault + 0.1], default=max(0.0, ended - fault))
    stage.plan.write()
    with stage.lux.db.read(stage.firm.id) as session:
        ids = select(Contact.id).where(Contact.email_key.like(f"person{number}-%@example.net"))
        people = session.scalar(select(func.count()).select_from(ids.subquery())) or 0
        tagged = session.scalar(select(func.count()).where(ContactTag.contact_id.in_(ids))) or 0
        created = select(func.count()).where(Fact.kind == "contact.created", Fact.contact_id.in_(ids))
        facts = session.scalar(created) or 0
        session.rollback()
    counts = (people, tagged, facts)
    row.lost, row.duplicates = max(row.n - min(counts), 0), max(max(counts) - row.n, 0)
    row.check(f"{row.lost} lost, {row.duplicates} doubled: {counts}", holds=set(counts) == {row.n})
    row.check(f"counts say {entry.counts}", holds=entry.counts.get("created") == row.n)
    row.check("its file is still there", holds=f"imports/{entry.file_key}" not in desk.files)
    stage.forget_people(f"person{number}-%")
    judge_house(stage, row)


def track(stage: Stage, row: Row, *steps: Step) -> None:
    """Let people open, click, look at the site and unsubscribe; what was answered is written, and nothing twice."""
    [person] = stage.lux.contacts(stage.firm, 1)
    outbound_id = campaign(stage)
    row.check("its campaign did not end", holds=run.wait(lambda: has_ended(stage, outbound_id), seconds=60))
    with stage.lux.db.read(stage.firm.id) as session:
        key = token_key(session)
        query = select(Delivery.id).where(Delivery.outbound_id == outbound_id, Delivery.contact_id == person)
        tokens = MailTokens.minted(key, session.scalar(query) or 0)
    site = sites.made(stage.lux, stage.firm, host=f"shop{stage.number()}.example.com")
    with stage.lux.db.read(stage.firm.id) as session:
        origin = "https://" + session.scalars(select(SiteDomain.host).order_by(SiteDomain.id.desc())).first()
    visitor = f"{stage.number():032x}"
    hit = json.dumps({"v": visitor, "e": [sites.view(origin=origin)]})
    asks = (
        ("email.opened", "GET", f"/o/{tokens.open}.gif", "", {}, row.n),
        ("email.clicked", "GET", f"/c/{tokens.click}/1", "", {}, row.n),
        ("page.viewed", "POST", f"/s/{site.key}/collect", hit, {"Origin": origin, "Content-Type": "text/plain"}, row.n),
        ("email.unsubscribed", "POST", f"/u/{tokens.unsubscribe}", "List-Unsubscribe=One-Click", {}, 1),
    )  # fmt: skip
    stage.plan.write(*steps)
    for kind, method, path, body, headers, times in asks:
        before = _facts(stage, kind)
        asked, answered = _ask_until_answered(stage, row, times, (method, path, body, headers))
        written = _facts(stage, kind) - before
        row.lost += max(0, answered - written)
        row.duplicates += max(0, written - (1 if times == 1 else asked))
    row.check("the point was not reached", holds=stage.plan.is_done)
    # Who opens and clicks is answered even when that can't be written down (rooms/email/tracking.py).
    allowed = 0 if all(step.action == "kill" for step in steps) else 1
    row.check(f"{row.lost} answered and not written", holds=row.lost <= allowed)
    row.check(f"{row.duplicates} written and never asked", holds=row.duplicates == 0)
    stage.plan.write()
    stage.forget_people(person=person)
    judge_house(stage, row)


def cron(stage: Stage, row: Row, *steps: Step) -> None:
    """Let a slot fall due while no clock ticks: whoever is killed over it, it is made up for, once."""
    name = "gate.expire"
    run.wait(lambda: _fired(stage, name) is not None, seconds=30)
    with stage.lux.db.begin(ALL_COMPANIES) as session:
        session.execute(delete(CronSlot).where(CronSlot.schedule == name))
        session.add(CronSlot(schedule=name, slot_at=clock.now() - dt.timedelta(minutes=20)))
    stage.plan.write(*steps)
    for pid in stage.worker_pids():
        os.kill(pid, signal.SIGKILL)
    made_up = eventually(lambda: stage.plan.is_done and _fired(stage, name) == 1, LONGEST)
    row.check("the slot was not made up for", holds=made_up is not None)
    if made_up is not None:
        row.recovered = max(0.0, made_up - stage.plan.taken()[-1]["at"])
    time.sleep(3)  # whoever would fire it again has had the time
    fired = _fired(stage, name) or 0
    row.lost, row.duplicates = int(fired < 1), max(0, fired - 1)
    row.check(f"fired {fired} times", holds=fired == 1)
    stage.plan.write()
    judge_house(stage, row)


def _ask_until_answered(
    stage: Stage, row: Row, times: int, what: tuple[str, str, str, dict[str, str]]
) -> tuple[int, int]:
    path = what[1]
    asked = answered = 0
    give_up = time.monotonic() + LONGEST
    while answered < times and time.monotonic() < give_up:
        asked += 1
        status = ask(stage, *what)
        if status is None:
            time.sleep(0.1)
            continue
        row.check(f"{path}: answered {status}", holds=status < 400)
        answered += 1
        if stage.plan.is_done and row.recovered is None:
            row.recovered = time.monotonic() - stage.plan.taken()[-1]["at"]
    row.check(f"{path}: no answer", holds=answered == times)
    return asked, answered


def ask(stage: Stage, method: str, path: str, body: str, headers: dict[str, str]) -> int | None:
    """Return the status of an answer, None when none came."""
    connection = HTTPConnection("127.0.0.1", stage.server.port, timeout=10)
    more = {"User-Agent": sites.BROWSER, "Content-Type": "application/x-www-form-urlencoded", **headers}
    with suppress(OSError, http.client.HTTPException):
        connection.request(method, path, body=body or None, headers=more)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    return None


def _number(stage: Stage, query) -> int:
    with stage.lux.db.read(ALL_COMPANIES) as session:
        return session.scalar(query) or 0


def _facts(stage: Stage, kind: str) -> int:
    with stage.lux.db.read(stage.firm.id) as session:
        return session.scalar(select(func.count()).where(Fact.kind == kind)) or 0


def _fired(stage: Stage, name: str) -> int | None:
    """Return how often a schedule was fired, None when it is not known yet."""
    with stage.lux.db.read(ALL_COMPANIES) as session:
        moments = list(session.scalars(select(CronSlot.fired_at).where(CronSlot.schedule == name)))
    return sum(moment is not None for moment in moments) if moments else None
