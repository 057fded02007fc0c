"""Errors are written down once per cause, redacted, and never make things worse."""

from __future__ import annotations

import io
import threading
import time
from datetime import timedelta

import structlog
from sqlalchemy import func, select, update

from lux.kit import clock, logs, redaction
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import InvalidInput
from lux.ports.provider_errors import AuthFailed, RateLimited
from lux.rooms.diagnostics import service
from lux.rooms.diagnostics.fingerprint import fingerprint, parameterised
from lux.rooms.diagnostics.models import ErrorGroup, ErrorLog, GroupState, Severity
from lux.rooms.diagnostics.scope import EVERYTHING, Scope
from lux.rooms.diagnostics.service import Decision, capturing, forgetting
from lux.rooms.diagnostics.service.pace import Pace
from tests.rooms.diagnostics.conftest import captured, groups, occurrences, ours, raised


def test_an_error_is_kept_with_what_is_known_of_it(lux):
    firm = lux.firm()
    with structlog.contextvars.bound_contextvars(request_id="r1", endpoint="email.show", user_id=firm.user_id):
        captured(lux, ours(5), company_id=firm.id)
    (group,), (one,) = groups(lux), occurrences(lux)
    assert (group.type, group.place, group.count) == ("TypeError", "lux.rooms.diagnostics.fingerprint.parameterised", 1)
    assert (group.company_id, group.source, group.endpoint) == (firm.id, "web", "email.show")
    assert (one.request_id, one.user_id, one.company_id, one.group_id) == ("r1", firm.user_id, firm.id, group.id)
    assert "expected string" in one.message
    assert "in parameterised" in one.trace


def test_the_same_cause_is_one_group_and_counted(lux):
    for value in (1, 2, 3):
        captured(lux, ours(value))
    captured(lux, raised(ValueError("another")))
    assert [group.count for group in groups(lux)] == [3, 1]
    assert len(occurrences(lux)) == 4


def test_each_company_has_its_own_group_of_one_cause(lux):
    first, second = lux.firm(), lux.firm()
    for company_id in (first.id, second.id, None):
        captured(lux, ours(1), company_id=company_id)
    found = groups(lux)
    assert {group.company_id for group in found} == {first.id, second.id, None}
    assert len({group.fingerprint for group in found}) == 1


def test_secrets_and_addresses_are_kept_out(lux, monkeypatch):
    monkeypatch.setattr(redaction, "_secrets", ())
    redaction.register_secret("canary-secret-1")
    error = raised(ValueError("canary-secret-1 of canary@example.com, password=canary-2"))
    captured(lux, error)
    captured(lux, raised(InvalidInput(field="x", message="canary@example.com is taken", fix="ask canary@example.com")))
    with lux.db.read(ALL_COMPANIES) as session:
        for model in (ErrorGroup, ErrorLog):
            for row in session.scalars(select(model)):
                values = {name: value for name, value in vars(row).items() if name != "trace"}
                assert "canary" not in repr(values)
        traces = session.scalars(select(ErrorLog.trace)).all()
    assert not any("canary-secret-1" in trace or "canary@" in trace or "canary-2" in trace for trace in traces)


LEAKS = (
    "canary.one@example.com",
    "canary%2Btwo%40example.com",
    "+49 30 123 45 67 89",
    "0049 30 12345678",
    "%2B493012345678",
    "canary-password",
    "canary-token",
    "canary-basic",
    "canary-registered",
)


def test_neither_database_nor_log_holds_secrets_or_personal_data_of_messages_traces_and_urls(lux, monkeypatch):
    """The same error into both: e-mail addresses, phone numbers and secrets, plain, in a cause, a note and URLs."""
    monkeypatch.setattr(redaction, "_secrets", ())
    redaction.register_secret("canary-registered")
    words = (
        "canary.one@example.com or +49 30 123 45 67 89 or 0049 30 12345678 said canary-registered, "
        "password=canary-password at https://user:canary-basic@host.example/a?token=canary-token"
        "&email=canary%2Btwo%40example.com&phone=%2B493012345678"
    )
    try:
        try:
            raise ValueError(words)  # noqa: TRY301 - a cause is printed with its effect
        except ValueError as cause:
            raise InvalidInput(field="x", message=words, fix=f"ask {words}") from cause
    except InvalidInput as failed:
        failed.add_note(words)
        error = failed
    stream = io.StringIO()
    logs.configure(lux.settings.model_copy(update={"log_format": "json"}), stream=stream)
    try:
        captured(lux, error, request_id="r1")
        structlog.get_logger("test").error("request_failed", path=f"/x?{words}", exc_info=error)
    finally:
        logs.configure(lux.settings)
    with lux.db.read(ALL_COMPANIES) as session:
        rows = [row for model in (ErrorGroup, ErrorLog) for row in session.scalars(select(model))]
        kept = "\n".join(
            str(value) for row in rows for name, value in vars(row).items() if name != "_sa_instance_state"
        )
    assert "r1" in kept
    assert "request_failed" in stream.getvalue()
    assert {leak for leak in LEAKS if leak in kept} == set()
    assert {leak for leak in LEAKS if leak in stream.getvalue()} == set()


def test_what_an_error_says_to_people_is_kept(lux):
    captured(lux, raised(InvalidInput(field="subject", message="The subject is empty.", fix="Write one.")))
    (group,) = groups(lux)
    assert (group.words, group.fix) == ("The subject is empty.", "Write one.")


def test_a_resolved_error_that_comes_back_is_open_again_and_an_ignored_one_is_not(lux):
    firm = lux.firm()
    for state, expected in ((GroupState.RESOLVED, GroupState.OPEN), (GroupState.IGNORED, GroupState.IGNORED)):
        captured(lux, ours(1), company_id=firm.id)
        with lux.db.begin(firm.id) as session:
            service.decide(session, Scope(firm.id), groups(lux)[0].public_id, Decision(state=state), by=firm.person)
        assert groups(lux)[0].state is state
        captured(lux, ours(1), company_id=firm.id)
        assert groups(lux)[0].state is expected
    assert groups(lux)[0].came_back_at is not None
    assert groups(lux)[0].count == 4


def test_a_storm_is_counted_but_not_kept_one_by_one(lux, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: now)  # however slow the machine is, they come within the pause
    monkeypatch.setattr(capturing, "_pace", Pace(0.4))
    for _number in range(50):
        captured(lux, ours(1))
    monkeypatch.undo()
    assert len(occurrences(lux)) == 1
    deadline = time.monotonic() + 5
    while groups(lux)[0].count < 50 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert groups(lux)[0].count == 50
    monkeypatch.setattr(clock, "monotonic", lambda: now + 1)
    captured(lux, ours(1))
    assert (groups(lux)[0].count, len(occurrences(lux))) == (51, 2)


def test_many_processes_worth_of_threads_make_one_group(lux):
    gate = threading.Barrier(6)

    def go():
        gate.wait()
        for number in range(5):
            captured(lux, ours(number))

    threads = [threading.Thread(target=go) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [group.count for group in groups(lux)] == [30]


def test_it_never_raises_and_leaves_word_in_the_log(lux_sqlite, caplog):
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:  # SQLite has one writer, and this thread is it
        session.execute(select(func.count()).select_from(ErrorGroup))
        captured(lux_sqlite, ours(1))
    assert groups(lux_sqlite) == []
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    service.capture(away, ours(1), source="web")
    away.close()


def test_an_error_while_capturing_is_not_captured(lux, monkeypatch):
    calls = []

    def broken(error):
        calls.append(error)
        service.capture(lux.db, raised(RuntimeError("inside")), source="web")
        raise RuntimeError("broken")

    monkeypatch.setattr(capturing, "fingerprint", broken)
    captured(lux, ours(1))
    assert len(calls) == 1
    assert groups(lux) == []


def test_a_fingerprint_does_not_depend_on_values_or_lines():
    assert fingerprint(ours(1)) == fingerprint(ours(2.5))
    assert fingerprint(ours(1)).startswith("v1:")
    assert len(fingerprint(ours(1))) <= 64
    assert fingerprint(raised(ValueError("order 12 of a@b.de"))) == fingerprint(
        raised(ValueError("order 999 of c@d.fr"))
    )
    assert fingerprint(raised(ValueError("order"))) != fingerprint(raised(KeyError("order")))
    assert fingerprint(raised(ValueError("order"))) != fingerprint(raised(ValueError("refund")))


def test_a_fingerprint_knows_the_cause():
    def wrapped(cause):
        error = RuntimeError("it failed")
        error.__cause__ = cause
        return raised(error)

    assert fingerprint(wrapped(ours(1))) == fingerprint(wrapped(ours(2)))
    assert fingerprint(wrapped(ours(1))) != fingerprint(wrapped(raised(ValueError("other"))))


def test_providers_codes_tell_errors_apart():
    refused = raised(AuthFailed("no", provider="smtp", code=535))
    slow = raised(RateLimited("no", provider="smtp", code=421))
    assert fingerprint(refused) != fingerprint(slow)


def test_a_deep_recursion_is_one_line():
    assert parameterised("at /a/b/c.py 0xdeadbeef 'Anna' https://x.de/1 10.0.0.1 7") == (
        "at <path> <hex> <text> <url> <ip> <number>"
    )


def test_old_occurrences_and_silent_groups_are_forgotten(lux, monkeypatch):
    monkeypatch.setattr(forgetting, "MOST_PER_GROUP", 3)
    for _number in range(5):
        captured(lux, ours(1))
    captured(lux, raised(ValueError("long ago")))
    long_ago = clock.now() - timedelta(days=91)
    with lux.db.begin(ALL_COMPANIES) as session:
        old = groups(lux)[1].id
        session.execute(update(ErrorGroup).where(ErrorGroup.id == old).values(last_seen_at=long_ago))
        session.execute(update(ErrorLog).where(ErrorLog.group_id == old).values(at=long_ago))
    assert service.forget_old(lux.db) == 3
    (kept,) = groups(lux)
    assert (kept.count, len(occurrences(lux))) == (5, 3)


def test_a_job_that_fails_is_captured_with_its_kind_and_severity(lux):
    from lux import house
    from lux.kit.db import uuid7
    from lux.kit.jobs import Claim

    firm = lux.firm()
    claim = Claim(
        job_id=7, public_id=uuid7(), kind="contacts.import", company_id=firm.id, args={}, queue="import", fence=1,
        attempt=1, max_attempts=2, lease_seconds=10,
    )  # fmt: skip
    record = house.job_error_recorder()
    with structlog.contextvars.bound_contextvars(job_id=7):
        record(lux.db, claim, ours(1), False)
    assert (groups(lux)[0].endpoint, groups(lux)[0].severity) == ("contacts.import", Severity.WARNING)
    record(lux.db, claim, ours(1), True)
    assert groups(lux)[0].severity is Severity.ERROR
    assert occurrences(lux)[0].job_id == 7


def test_deciding_outside_ones_scope_finds_nothing(lux):
    import pytest

    from lux.kit.errors import NotFound

    first, second = lux.firm(), lux.firm()
    captured(lux, ours(1), company_id=first.id)
    public_id = groups(lux)[0].public_id
    with pytest.raises(NotFound), lux.db.begin(second.id) as session:
        service.decide(session, Scope(second.id), public_id, Decision(state=GroupState.IGNORED), by=second.person)
    with lux.db.begin(ALL_COMPANIES) as session:
        service.decide(session, EVERYTHING, public_id, Decision(state=GroupState.IGNORED), by=second.person)
    assert groups(lux)[0].state is GroupState.IGNORED


def test_a_failing_tick_of_the_clock_is_captured_and_the_clock_goes_on(lux_sqlite):
    import threading

    from lux import house
    from lux.kit.jobs import Tick
    from lux.kit.jobs.kinds import Kinds
    from lux.kit.jobs.ticker import Clock

    ticked = threading.Semaphore(0)

    def fail(_db):
        ticked.release()
        raise ZeroDivisionError("nothing to share")

    tick = Tick(name="gate.share", seconds=0.05, run=fail)
    clock_of_jobs = Clock(
        lux_sqlite.db, "w1", Kinds([]), ticks=[tick], on_error=house.tick_error_recorder(lux_sqlite.db)
    )
    clock_of_jobs.start()
    for _ in range(2):
        assert ticked.acquire(timeout=20)
    clock_of_jobs.stop()
    (group,) = groups(lux_sqlite)
    assert (group.source, group.endpoint, group.severity) == ("clock", "gate.share", Severity.WARNING)
    assert "ZeroDivisionError" in occurrences(lux_sqlite)[0].trace
