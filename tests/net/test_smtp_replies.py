"""What an SMTP reply means, reply by reply."""

from __future__ import annotations

import pytest

from lux.net.smtp_replies import Reply, Stage, verdict
from lux.ports import provider_errors
from lux.ports.receipts import Outcome

S, R, X, F = Outcome.SENT, Outcome.RETRY, Outcome.REFUSED, Outcome.FAILED


@pytest.mark.parametrize(
    ("stage", "line", "outcome", "error"),
    [
        (Stage.DOT, "250 2.0.0 Ok: queued as 4F1B2C3D", S, None),
        (Stage.RCPT, "550 5.1.1 <a@b.example>: unknown user", X, "RecipientRefused"),
        (Stage.RCPT, "550 No such user here", X, "RecipientRefused"),
        (Stage.RCPT, "553 mailbox name not allowed", X, "RecipientRefused"),
        (Stage.RCPT, "550 5.4.1 Recipient address rejected: Access denied", X, "RecipientRefused"),
        (Stage.RCPT, "550 5.2.1 mailbox disabled", X, "RecipientRefused"),
        (Stage.RCPT, "552 5.2.2 mailbox full", F, "Transient"),
        (Stage.RCPT, "552 mailbox full", F, "Transient"),
        (Stage.RCPT, "554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org", F, "PolicyBlocked"),
        (Stage.RCPT, "550 5.7.26 unauthenticated sender", F, "PolicyBlocked"),
        (Stage.RCPT, "550 relay not permitted", F, "PolicyBlocked"),
        (Stage.RCPT, "554 your address is blacklisted", F, "PolicyBlocked"),
        (Stage.RCPT, "550 5.1.8 sender's domain does not exist", F, "PolicyBlocked"),
        (Stage.RCPT, "503 5.5.1 need MAIL before RCPT", F, "PolicyBlocked"),
        (Stage.RCPT, "530 5.7.0 Authentication required", R, "AuthFailed"),
        (Stage.RCPT, "451 4.7.1 greylisted", R, "RateLimited"),
        (Stage.RCPT, "450 4.2.1 mailbox busy", R, "Transient"),
        (Stage.RCPT, "452 4.2.2 mailbox full", R, "Transient"),
        (Stage.RCPT, "421 4.7.0 too many connections", R, "RateLimited"),
        (Stage.MAIL, "550 5.1.0 sender rejected", F, "PolicyBlocked"),
        (Stage.MAIL, "553 sender not owned by user", F, "PolicyBlocked"),
        (Stage.MAIL, "552 5.3.4 message too big", F, "Invalid"),
        (Stage.MAIL, "450 4.7.28 rate exceeded", R, "RateLimited"),
        (Stage.DOT, "554 5.7.1 message refused as spam", F, "PolicyBlocked"),
        (Stage.DOT, "550 5.1.1 user unknown", X, "RecipientRefused"),
        (Stage.DOT, "552 5.3.4 too large", F, "Invalid"),
        (Stage.DOT, "550 denied", F, "PolicyBlocked"),
        (Stage.DOT, "451 4.3.0 try again", R, "Transient"),
        (Stage.DOT, "421 shutting down", R, "RateLimited"),
        (Stage.DATA, "554 5.5.1 no valid recipients", F, "PolicyBlocked"),
    ],
)
def test_a_reply_has_one_meaning(stage: Stage, line: str, outcome: Outcome, error: str | None):
    code, _blank, text = line.partition(" ")
    found = verdict(stage, Reply(code=int(code), text=text))
    assert (found.outcome, found.error) == (outcome, error)
    assert error is None or issubclass(getattr(provider_errors, error), provider_errors.ProviderError)


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4F1B2C3D", "4F1B2C3D"),
        ("2.6.0 <x@y> [InternalId=1] Queued mail for delivery", None),
        ("Ok 0101018f-aaaa-bbbb-000000", "0101018f-aaaa-bbbb-000000"),
        ("OK id=1abcDE-0002-XY", "1abcDE-0002-XY"),
        ("2.0.0 taken", None),
    ],
)
def test_the_servers_own_name_for_a_message_is_kept(text: str, queue_id: str | None):
    assert Reply(code=250, text=text).queue_id == queue_id


def test_words_are_one_short_line():
    words = Reply(code=550, text="first\r\nsecond " + "x" * 1000).words
    assert words.startswith("first second")
    assert "\n" not in words
    assert len(words) <= 400
