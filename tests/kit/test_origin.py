"""Each way in says which it is, and nothing of it stays behind."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from lux.kit import origin
from lux.ledger import audit
from lux.ledger.audit import rights
from lux.ledger.models import ApprovalAuditLog
from tests.factories import Installation


def test_a_door_is_what_it_was_before_once_it_is_left() -> None:
    assert origin.present() == {}
    with origin.through(origin.CLI, "stop"):
        with origin.through(origin.JOB, "email.send"):
            assert origin.present() == {"door": "job", "job": "email.send"}
        assert origin.present() == {"door": "cli", "command": "stop"}
        origin.enter(origin.GUEST, "nobody's business")
        assert origin.present() == {"door": "guest"}
    assert origin.present() == {}
    with pytest.raises(ValueError, match="no door"):
        origin.enter("roof")


def test_rows_say_by_which_door_they_came_in(lux_sqlite: Installation) -> None:
    """A page, a job, a refused sign-in, a command; what no door is known for says nothing."""
    lux, firm = lux_sqlite, lux_sqlite.firm()
    client = lux.client(firm)
    client.post("/approvals/toggles", data={"key": "channel_email", "is_on": "true", "reason": "why"})
    client.post("/approvals/audit/copies", data={"since": ""})
    lux.work()
    lux.client().post("/sign-in", data={"email": "nobody@example.com", "password": "wrong"})
    with lux.db.begin(firm.id) as session:
        audit.append(session, firm.id, actor=audit.SYSTEM, action="tag.deleted")
    with lux.db.read(0) as session:
        found = {row.action: json.loads(row.detail).get("via") for row in session.scalars(select(ApprovalAuditLog))}
    assert found["toggle.on"]["door"] == found["audit.export_requested"]["door"] == "browser"
    assert len(found["toggle.on"]["session"]) == 36
    assert found["audit.exported"] == {"door": "job", "job": "approvals.export_audit"}
    assert found["session.refused"] == {"door": "public"}
    assert found["tag.deleted"] is None
    assert origin.present() == {}


@pytest.mark.parametrize(
    ("lines", "may"),
    [
        (["GRANT USAGE ON *.* TO `lux`@`%`", "GRANT ALL PRIVILEGES ON `lux`.* TO `lux`@`%`"], True),
        (["GRANT SELECT, INSERT, UPDATE, DELETE ON `lux`.* TO `lux`@`%`"], False),
        (["GRANT SELECT, DROP ON `lux`.`approval_audit_log` TO `lux`@`%`"], True),
        (["GRANT SELECT, DROP ON `lux`.`contact` TO `lux`@`%`", "GRANT DROP ON `other`.* TO `lux`@`%`"], False),
        (["GRANT DROP ON `l_x`.* TO `lux`@`%`"], True),
        (["GRANT DROP ON `l\\_x`.* TO `lux`@`%`"], False),
        (["GRANT `role` TO `lux`@`%`", "GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION"], True),
    ],
)
def test_who_may_drop_may_empty(lines: list[str], may: bool) -> None:
    assert rights.lets_drop(lines, "lux") is may
