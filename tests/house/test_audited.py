"""What must leave a row in the audit chain does, by name: a new verb, or a new action, can't be forgotten."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from types import ModuleType
from typing import Final

import pytest
from sqlalchemy import select

import lux.gate
import lux.identity
import lux.rooms
import lux.rooms.approvals.log.words  # every module that registers an action is loaded
import lux.vault
from lux.gate.guests.models import Guest, GuestSession
from lux.identity.models import User, WebSession
from lux.kit.db import ALL_COMPANIES
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.contacts.models import Contact
from tests.factories import Installation
from tests.full_company import filled
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
    "lux.gate.stop.noticing": {"note": "stop.pressed", "tick": "- looks at the file; `note` writes"},
    "lux.gate.stop.triggers": {"change": "stop.trigger_changed"},
    "lux.gate.stop.drill": {"start": "stop.drill_started"},
    "lux.gate.review.own_rules": {
        "add": "review_rule.added", "change": "review_rule.changed", "remove": "review_rule.removed",
    },
    "lux.gate.review.budgets": {"set_budget": "budget.changed"},
    "lux.gate.deciding.policies": {"choose": "policy.changed"},
    "lux.gate.deciding.comments": {"add": "approval.commented"},
    "lux.gate.complaints": {"record": "complaint.recorded"},
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
    "lux.rooms.approvals.log.watching": {"ask": "audit.verified"},
    "lux.rooms.email.taken": {"recipients": "campaign.recipients_exported", "message": "mailbox.message_downloaded"},
    "lux.rooms.contacts.service.reports": {
        "take_report": "import.report_downloaded", "take_kept": "import.left_downloaded",
    },
    "lux.rooms.contacts.incoming.desk": {"save_rules": "incoming.rules_changed"},
    "lux.rooms.contacts.service.tagging": {
        "delete_tag": "tag.deleted", "remove_tag": "- a tag on one contact", "rename": "- the tag stays what it is",
    },
    "lux.rooms.contacts.service.fields": {
        "delete_field": "custom_field.deleted", "create": "- nobody loses by it", "change": "- its label and choices",
        "forget_values": "- the half of a deletion that a job does",
    },
    "lux.rooms.contacts.service.permission": {"release": "suppression.released"},
    "lux.rooms.contacts.service.removal": {"erase_everywhere": "contact.erased"},
    "lux.rooms.segments.bulk.start": {"start": "bulk.started", "undo": "bulk.undo_started"},
    "lux.rooms.site.service.setup": {
        "add_domain": "site.domain_added", "remove_domain": "site.domain_removed", "save": "site.changed",
        "ensure": "- an empty one, for those that change it",
    },
    "lux.rooms.newsletter.subscribing": {"save": "subscribe_form.changed"},
    "lux.identity.owner_link": {"become_owner": "owner.created"},
    "lux.gate.control": {
        "pause_by_system": "- `pause` and `refused.carry_out` call it, and note it", "resume": "outbound.resumed",
        "resend_failed": "outbound.resent",
    },
    "lux.gate.refused": {"carry_out": "outbound.paused", "return_to_pending": "approval.returned"},
    "lux.gate.submit": {
        "submit_for_approval": "approval.submitted", "revise": "approval.revised",
        "store": "- the rows of an item, for those that submit one",
    },
    "lux.gate.decide": {"decide": "approval."},
    "lux.gate.webhooks.by_program": {"subscribe": "hooks.subscribed"},
}  # fmt: skip
# Modules whose verbs change something and leave no row, each with the reason why that is right.
EXCUSED: Final[dict[str, str]] = {
    **dict.fromkeys(
        ["lux.gate.moves", "lux.gate.holding", "lux.gate.deliveries", "lux.gate.audience",
         "lux.gate.outcomes", "lux.gate.recovery", "lux.gate.running"],
        "the machinery below a decision: `moves.write_down` is the writer, and who moves something hands it the action",
    ),
    **dict.fromkeys(
        ["lux.gate.series.starting", "lux.gate.automatic"],
        "a run, a test copy, a system mail: its decision is written by `automatic.decide`",
    ),
    **dict.fromkeys(
        ["lux.gate.consent", "lux.gate.taken_back", "lux.gate.engagement", "lux.gate.ownership", "lux.gate.traces",
         "lux.gate.hits", "lux.rooms.email.fast.loading"],
        "facts about contacts stand in the ledger with who and why; lifting a block is noted by the room that asks",
    ),
    **dict.fromkeys(
        ["lux.gate.stop.alarming"], "tells of a stop whose press is noted: who has been told stands with the stop",
    ),
    **dict.fromkeys(
        ["lux.gate.stop.signals", "lux.gate.webhooks.calling", "lux.gate.webhooks.feed"],
        "counters and calls of the program's own, which are forgotten after days",
    ),
    "lux.identity.tokens": "links that are sent; what comes of one (an invitation, a reset, a sender) is noted",
    "lux.identity.kept_files": "how a file is written and handed out; the rooms above note who asks and takes",
    "lux.identity.trail": "it is the writer of rows itself",
    "lux.vault.data_keys": "a company's first key, made with its first secret, which is noted",
    "lux.vault.keys": "a value that tells whether a master key is the right one",
    "lux.rooms.company.jobs": "captured mail that has had its time",
    "lux.rooms.company.service": "a hint on the dashboard that one person does not want to see again",
    "lux.rooms.company.transfer.retention": "files that have had their time",
    "lux.rooms.company.transfer.uploads": "handed in and carried out: `arrivals.finish` and the page's row note it",
    "lux.rooms.safekeeping.archive.writing": "writes the file for `service.run`, which notes it",
    **dict.fromkeys(
        ["lux.rooms.contacts.importing.effects", "lux.rooms.contacts.importing.run", "lux.rooms.contacts.writing",
         "lux.rooms.contacts.service.undoing", "lux.rooms.contacts.service.mappings"],
        "the rows of an import or an undo that was asked for, which is noted; how columns are read",
    ),
    **dict.fromkeys(
        ["lux.rooms.contacts.service.edit", "lux.rooms.contacts.incoming.receive", "lux.rooms.newsletter.opt_in",
         "lux.rooms.site.service.visitors"],
        "one contact's record: facts in the ledger say who changed what, and where it came from",
    ),
    "lux.rooms.contacts.service.files": "files that named somebody who was erased, which is noted",
    "lux.rooms.contacts.service.views": "one person's own filters",
    **dict.fromkeys(
        ["lux.rooms.content.jobs", "lux.rooms.content.service.blocks", "lux.rooms.content.service.editing",
         "lux.rooms.content.service.media", "lux.rooms.content.service.strays", "lux.rooms.content.service.uses",
         "lux.rooms.content.service.versions", "lux.rooms.email.service", "lux.rooms.segments.service.editing",
         "lux.rooms.segments.service.members", "lux.rooms.segments.bulk.standing", "lux.rooms.segments.queries"],
        "drafts and lists, with versions or a trash of their own: nothing leaves by them without a yes, which is noted",
    ),
    **dict.fromkeys(
        ["lux.rooms.email.launch", "lux.rooms.email.repeating"], "hands to `gate.submit` and `moves`, which note it",
    ),
    **dict.fromkeys(
        ["lux.rooms.notifications.service", "lux.rooms.notifications.telling"], "one person's notices and wishes",
    ),
    "lux.rooms.diagnostics.service.forgetting": "errors that have had their time",
}  # fmt: skip
METHODS: Final = {"lux.vault.secrets": {"store": "secret.replaced", "delete": "secret.deleted", "open": "secret.used"}}
DOORS: Final = {
    "lux.rooms.signin.service": {"sign_in": "session.refused"},
    "lux.rooms.signin.jobs": {"reset_mail": "password.reset_asked"},
    "lux.vault.rotation": {"rotate_master": "vault.master_rotated"},
    "lux.vault.rekeying": {"rotate": "vault.data_key_rotated"},
    "lux.rooms.diagnostics.service.deciding": {"decide": "error.resolved"},
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


def verbs_of(module: ModuleType) -> set[str]:
    """Return a module's public functions that take a session (or open one) and change something."""
    return {
        key for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not key.startswith("_")
        and {"session", "context", "db"} & set(inspect.signature(value).parameters)
        and CHANGES.search(inspect.getsource(value))
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
    assert verbs_of(module) - set(MUST[name]) == set(), "name what it leaves in the audit chain"
    for verb, action in MUST[name].items():
        assert action.startswith("- ") or f'"{action}' in reach(module, verb), f"{verb} leaves no {action}"


def test_no_module_with_verbs_is_forgotten() -> None:
    """A new module of gate, identity, vault or a room is named: in MUST with its rows, or excused with a reason."""
    named = MUST.keys() | METHODS.keys() | DOORS.keys() | EXCUSED.keys()
    found = set()
    for package in (lux.gate, lux.identity, lux.vault, lux.rooms):
        for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not {"pages", "api"} & set(one.name.split(".")) and verbs_of(importlib.import_module(one.name)):
                found.add(one.name)
    assert found - named == set(), "say in MUST what their verbs leave in the audit chain, or excuse them with a reason"
    assert EXCUSED.keys() - found == set(), "these have no verbs (any more)"
    assert EXCUSED.keys() & (MUST.keys() | DOORS.keys()) == set()
    assert all(len(reason) > 20 for reason in EXCUSED.values())


def test_secrets_and_doors_write() -> None:
    """Methods of the vault, refused sign-ins, resets, a new master key."""
    from lux.vault.secrets import Vault

    for verb, action in METHODS["lux.vault.secrets"].items():
        text = inspect.getsource(getattr(Vault, verb)) + inspect.getsource(Vault._note_use)
        assert f'"{action}"' in text
    for name, verbs in DOORS.items():
        module = importlib.import_module(name)
        for verb, action in verbs.items():
            assert f'"{action}"' in reach(module, verb) + inspect.getsource(module).partition("def ")[0]


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


def test_no_chain_holds_anything_of_a_person(lux_sqlite: Installation) -> None:
    """Over a full company: no address, number or name of a contact, a member or a guest, and no network address."""
    filled(lux_sqlite)
    with lux_sqlite.db.read(ALL_COMPANIES) as session:
        people = session.execute(select(Contact.email, Contact.phone, Contact.first_name, Contact.last_name)).all()
        people += session.execute(select(User.email, User.name)).all()
        people += session.execute(select(Guest.email, Guest.name)).all()
        people += [*session.execute(select(WebSession.address)), *session.execute(select(GuestSession.address))]
        rows = session.scalars(select(ApprovalAuditLog)).all()
    values = {str(one) for row in people for one in row if one and len(str(one)) > 2}
    assert len(values) > 8
    assert len({row.action for row in rows}) > 20, "a chain with little in it shows little"
    written = [f"{row.action} {row.object_type} {row.object_id} {row.detail}" for row in rows]
    for value in values:
        named = [one for one in written if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", one, re.IGNORECASE)]
        assert named == [], f"{value!r} is a person's, and erasing them would not take it from here"
