"""What must leave a row in the audit chain does, by name: a new verb, or a new action, can't be forgotten."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from types import ModuleType
from typing import Final

import pytest

import lux.rooms.approvals.log.words  # noqa: F401 - every module that registers an action is loaded
from lux.ledger import audit
from tests.house import sources

# Every verb of these modules that changes something and takes a session: what it leaves in the chain.
# "-" and a reason: it leaves nothing, and why that is right.
MUST: Final[dict[str, dict[str, str]]] = {
    "lux.identity.members": {
        "add": "- who lets somebody in notes it: an invitation, a new company, an owner's link",
        "change_role": "member.role_changed", "remove": "member.removed",
        "point_elsewhere": "- only where browsers look; `remove` notes",
    },
    "lux.identity.invitations": {
        "invite": "invitation.sent", "withdraw": "invitation.withdrawn", "accept": "member.added",
        "accept_as_new": "member.added",
    },
    "lux.identity.api_keys": {
        "issue": "api_key.issued", "rotate": "api_key.rotated", "revoke": "api_key.revoked",
        "note_use": "- a time in the key's own row, for every request",
    },
    "lux.identity.users": {"create": "- who calls it notes the membership", "set_password": "password.changed"},
    "lux.identity.sessions": {
        "start": "session.started", "end": "session.ended", "end_one_of": "session.all_ended",
        "end_all": "session.all_ended", "rotate": "- the same session under another token",
        "look_at": "- the same person looks at another of their companies", "sweep": "- sessions that were over",
    },
    "lux.identity.companies": {"create": "company.created", "change": "company.changed"},
    "lux.identity.erasure": {
        "remove_company": "company.erased", "remove_sample": "company.erased",
        "erase_company": "- the half of both that deletes rows",
    },
    "lux.identity.arrivals": {
        "finish": "company.imported", "begin": "- a company nobody is in yet; `finish` notes",
    },
    "lux.gate.guests.inviting": {
        "invite": "guest.invited", "renew": "guest.link_renewed", "revoke": "guest.revoked",
    },
    "lux.gate.guests.erasing": {"erase": "guest.erased"},
    "lux.gate.guests.doors": {
        "enter": "guest.entered", "leave": "- the guest's own browser; the link stays",
        "reviewer_for": "- when a guest was seen last",
    },
    "lux.gate.toggles.changing": {"set_toggle": "toggle.o", "set_limits": "toggle.limits", "set_for_all": "toggle.o"},
    "lux.gate.stop.pressing": {
        "press": "stop.pressed", "press_by_system": "stop.pressed", "resume": "stop.resumed",
        "end_by_system": "stop.resumed",
    },
    "lux.gate.stop.triggers": {"change": "stop.trigger_changed"},
    "lux.gate.stop.drill": {"start": "stop.drill_started"},
    "lux.gate.review.own_rules": {
        "add": "review_rule.added", "change": "review_rule.changed", "remove": "review_rule.removed",
    },
    "lux.gate.review.budgets": {"set_budget": "budget.changed"},
    "lux.gate.deciding.policies": {"choose": "policy.changed"},
    "lux.gate.deciding.comments": {"add": "approval.commented"},
    "lux.gate.senders": {
        "add": "sender.added", "remove": "sender.removed", "confirm_code": "sender.verified",
        "prove_domain": "sender.verified", "send_code": "- a mail with a code, which proves nothing yet",
        "forget_captured": "- what the built-in mailbox proved, when a real transport comes",
    },
    "lux.gate.domains": {"add": "domain.added", "remove": "domain.removed", "check": "- what DNS says of it"},
    "lux.gate.webhooks.subscriptions": {
        "create": "webhook.created", "rotate": "webhook.rotated", "pause": "webhook.paused",
        "resume": "webhook.resumed", "remove": "webhook.removed", "replay": "webhook.replayed",
        "decided": "- the decision's rows; who calls it notes", "new_secret": "- the vault notes it",
        "keep_secret": "- the vault notes it",
        "end": "- who calls it notes it: a removal, a standing yes that ended",
        "send_test": "- an example to the person's own address",
    },
    "lux.vault.accounts": {
        "add": "account.added", "change": "account.changed", "remove": "account.removed",
        "make_default": "account.made_default", "opened": "- the vault notes the use of its secrets",
        "note_probe": "- whether it answered", "note_use": "- whether it answered",
    },
    "lux.rooms.contacts.service.uploads": {
        "start": "import.started", "go_on": "import.started", "cancel": "- nothing more comes in",
        "upload": "- a file nobody has looked at", "change_dialect": "- how it is read", "change": "- how it is read",
    },
    "lux.rooms.contacts.service.undo": {"ask": "import.undone"},
    "lux.rooms.contacts.service.exports": {
        "request": "contacts.export_requested", "download": "contacts.export_downloaded",
        "run": "- writes the file that was asked for; nobody has it before it is taken",
    },
    "lux.rooms.company.transfer.exports": {
        "request": "company.export_requested", "download": "company.export_downloaded", "run": "company.exported",
    },
    "lux.rooms.approvals.log.exports": {
        "request": "audit.export_requested", "download": "audit.export_downloaded", "run": "audit.exported",
        "tidy": "- files that have had their time",
    },
    "lux.rooms.approvals.log.words": {"forget": "audit.words_removed"},
    "lux.rooms.safekeeping.service": {
        "request": "- nothing is written yet; `run` notes", "download": "backup.downloaded", "run": "backup.made",
        "verify": "backup.verified", "record_command": "backup.made", "prune": "backup.removed",
    },
    "lux.vault.shredding": {"shred": "vault.shredded"},
    "lux.vault.verification": {"verify_and_keep": "- that secrets were opened to see whether they can be"},
    "lux.rooms.trash.service": {"remove": "trash.removed"},
}  # fmt: skip
METHODS: Final = {"lux.vault.secrets": {"store": "secret.replaced", "delete": "secret.deleted", "open": "secret.used"}}
DOORS: Final = {
    "lux.rooms.signin.service": {"sign_in": "session.refused"},
    "lux.rooms.signin.jobs": {"reset_mail": "password.reset_asked"},
    "lux.vault.rotation": {"rotate_master": "vault.master_rotated"},
    "lux.vault.rekeying": {"rotate": "vault.data_key_rotated"},
}
CHANGES: Final = re.compile(
    r"session\.(add|delete|flush|execute\((update|delete)|begin_nested)|\bnote\(|_note\(|audit\.append|_write_down\(|"
    r"\bupdate\(|\bdelete\("
)
WRITERS: Final = {"append", "note", "_note", "write_down", "_write_down", "note_change"}
# Actions whose name is put together where they are written: the beginning that stands in the code.
DERIVED: Final = {
    "stop.drill_": "lux/gate/stop/drill.py", "approval.automatic_": "lux/gate/automatic.py",
    "approval.published": "lux/gate/deliveries.py",
}  # fmt: skip


def reach(module: ModuleType, name: str, seen: set[str] | None = None) -> str:
    """Return the source of a function and of the module's own functions that it calls."""
    seen = set() if seen is None else seen
    function = getattr(module, name, None)
    if name in seen or not inspect.isfunction(function) or function.__module__ != module.__name__:
        return ""
    seen.add(name)
    text = inspect.getsource(function)
    return text + "".join(reach(module, called, seen) for called in re.findall(r"\b(\w+)\(", text))


@pytest.mark.parametrize("name", sorted(MUST))
def test_every_verb_that_changes_something_is_named_and_writes(name: str) -> None:
    """Who adds a verb says here what it leaves in the chain, or why nothing."""
    module = importlib.import_module(name)
    verbs = {
        key for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == name and not key.startswith("_")
        and {"session", "context", "db"} & set(inspect.signature(value).parameters)
        and CHANGES.search(inspect.getsource(value))
    }  # fmt: skip
    assert verbs - set(MUST[name]) == set(), "name what it leaves in the audit chain"
    for verb, action in MUST[name].items():
        assert action.startswith("- ") or f'"{action}' in reach(module, verb), f"{verb} leaves no {action}"


def test_secrets_and_doors_write() -> None:
    """Methods of the vault, refused sign-ins, resets, a new master key."""
    from lux.vault.secrets import Vault

    for verb, action in METHODS["lux.vault.secrets"].items():
        text = inspect.getsource(getattr(Vault, verb)) + inspect.getsource(Vault._note_use)
        assert f'"{action}"' in text
    for name, verbs in DOORS.items():
        module = importlib.import_module(name)
        for verb, action in verbs.items():
            assert f'"{action}"' in reach(module, verb)


def literals() -> dict[str, str]:
    """Return every action that is written out where a row is written, with its file."""
    found = {}
    for path in sources.under(sources.SRC, ".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                values = [*node.args, *(one.value for one in node.keywords if one.arg == "action")]
                for value in values if name in WRITERS else ():
                    for one in ast.walk(value) if isinstance(value, ast.IfExp) else [value]:
                        if isinstance(one, ast.Constant) and re.fullmatch(r"[a-z_]+\.[a-z_]+", str(one.value)):
                            found[str(one.value)] = str(path)
    return found


def test_every_action_that_is_written_is_known() -> None:
    """An unknown one would be refused when it happens; here it is found before."""
    unknown = {name: path for name, path in literals().items() if name not in {one.name for one in audit.known()}}
    assert not unknown, "give them a line in lux/ledger/audit/actions.py"


def test_every_known_action_is_written_somewhere() -> None:
    """A line for what never happens would be a promise nobody keeps."""
    text = "".join(
        path.read_text(encoding="utf-8") for path in sources.under(sources.SRC, ".py") if path.name != "actions.py"
    )
    silent = [one.name for one in audit.known() if f'"{one.name}"' not in text]
    assert [name for name in silent if not name.startswith(tuple(DERIVED))] == []
    for beginning, path in DERIVED.items():
        assert f'f"{beginning.partition(".")[0]}.' in (sources.SRC / path.removeprefix("lux/")).read_text()


def test_sentences_say_who_and_what() -> None:
    """No placeholder but these two, and each in words."""
    for one in audit.known():
        assert set(re.findall(r"%\((\w+)\)s", str(one.sentence))) <= {"who", "what"}
        assert str(one.sentence) % {"who": "Ada", "what": "it"}
