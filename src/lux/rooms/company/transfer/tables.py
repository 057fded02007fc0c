"""The one list of what travels with a company and what does not, and why (docs/decisions/0014)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import ColumnElement, ForeignKeyConstraint, Table

from lux.gate import moving
from lux.kit.db import Base

SUBJECTS: Final[Mapping[str, str]] = {  # what a subject or a part is called → its table
    "campaign": "campaign",
    "test_campaign": "campaign",
    "template": "template",
    "tag": "tag",
    "segment": "segment",
    "link": "outbound_link",
}


@dataclass(frozen=True, kw_only=True)
class Travels:
    """How the rows of one table travel, besides what the database's own keys say."""

    name: str
    refs: Mapping[str, str] = field(default_factory=dict)  # column without a key → the table it points to
    subjects: Mapping[str, str] = field(default_factory=dict)  # column with the type → column with the id
    inside: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # JSON column → name → the table it points to
    people: tuple[str, ...] = ()  # a person of the old installation: nobody here
    verbatim: tuple[str, ...] = ()  # evidence: public ids in it are never exchanged
    is_shared_only: bool = False  # rows of single people stay (owner_key)
    omitted: tuple[str, ...] = ()  # columns that stay: secrets, and what means nothing elsewhere
    later: Mapping[str, str] = field(default_factory=dict)  # column → table that comes after this one

    @property
    def table(self) -> Table:
        """Return the table."""
        return Base.metadata.tables[self.name]

    @property
    def keys(self) -> Mapping[str, str]:
        """Return column → table for every reference, by a key of the database or without one."""
        found: dict[str, str] = {}
        for one in self.table.constraints:
            if isinstance(one, ForeignKeyConstraint):
                target = one.referred_table.name
                found.update({
                    element.parent.name: target for element in one.elements if element.column.name == "id"
                })  # fmt: skip
        return {name: target for name, target in {**found, **self.refs}.items() if self._is_number_of_row(name)}

    def _is_number_of_row(self, name: str) -> bool:
        return name != "company_id" and name not in {*self.later, *self.omitted}

    @property
    def columns(self) -> list[str]:
        """Return the columns that travel: all but the company's number, and what is left out."""
        return [one.name for one in self.table.columns if one.name not in {"company_id", *self.omitted}]

    @property
    def hard_keys(self) -> frozenset[str]:
        """Return the columns in which the database insists on a row."""
        return frozenset(set(self.keys) - set(self.refs))

    @property
    def condition(self) -> ColumnElement[bool] | None:
        """Return which rows go along; None = all."""
        if self.is_shared_only:
            return self.table.c.owner_key == 0
        return moving.leaves(self.table)


_CREATED: Final = ("created_by",)

# In the order in which they are written: what is pointed to comes first.
TRAVELS: Final[tuple[Travels, ...]] = (
    Travels(name="tag"),
    Travels(name="custom_field"),
    Travels(name="contact_import", people=_CREATED, omitted=("job_id", "file_key")),
    Travels(name="contact", refs={"import_id": "contact_import"}),
    Travels(name="contact_word"),
    Travels(name="contact_tag"),
    Travels(name="imported_contact", inside={"overwritten": {"tags": "tag"}}),
    Travels(name="import_rejection"),
    Travels(name="import_mapping"),
    Travels(name="contact_view", people=_CREATED, is_shared_only=True),
    Travels(name="segment", people=_CREATED),
    Travels(name="segment_member"),
    Travels(name="incoming_setup"),
    Travels(name="sender", omitted=("code_hash", "code_expires_at", "code_attempts")),
    Travels(
        name="campaign",
        refs={"sender_id": "sender"},
        people=_CREATED,
        later={"outbound_id": "outbound", "run_of_id": "campaign"},
    ),
    Travels(name="media", people=_CREATED),
    Travels(name="template", people=_CREATED),
    Travels(name="content_block", people=_CREATED),
    Travels(
        name="approval_queue",
        refs={"revises_id": "approval_queue"},
        subjects={"subject_type": "subject_id"},
        people=("author_id", "editor_id", "decided_by", "prompted_by"),
        verbatim=("body",),
        omitted=("snapshot",),
    ),
    Travels(name="approval_version", people=_CREATED, verbatim=("body",)),
    Travels(
        name="approval_decision",
        omitted=("guest_id", "guest_session_id"),
        later={"parent_id": "approval_decision"},
    ),
    Travels(name="approval_comment", people=("author_id",)),
    Travels(name="approval_policy", people=("changed_by",)),
    Travels(name="outbound", subjects={"subject_type": "subject_id"}),
    Travels(name="outbound_link"),
    Travels(name="content_version", subjects={"subject_type": "subject_id"}, people=("editor_id",)),
    Travels(name="delivery", refs={"contact_id": "contact"}),
    Travels(name="consent", refs={"contact_id": "contact"}, verbatim=("proof",)),
    Travels(name="suppression", refs={"outbound_id": "outbound"}),
    Travels(name="feature_toggle", people=("changed_by",)),
    Travels(name="review_rule", people=("changed_by",)),
    Travels(name="channel_budget", people=("changed_by",)),
    Travels(name="stop_trigger", people=("changed_by",)),
    Travels(
        name="fact",
        refs={"contact_id": "contact", "unit_id": "delivery", "corrects_id": "fact"},
        subjects={"subject_type": "subject_id", "part_type": "part_id"},
        inside={"properties": {"delivery": "delivery"}},
    ),
    Travels(name="site_domain"),
    Travels(name="site_visitor", refs={"contact_id": "contact"}),
    Travels(name="site_visit"),
    Travels(name="site_tally"),
    Travels(name="rollup", subjects={"subject_type": "subject_id"}),
    Travels(name="rollup_facet", subjects={"subject_type": "subject_id"}),
)
# References whose row may be gone for long, and which still have to be told apart: figures count them.
COUNTED: Final = frozenset({"unit_id", "subject_id", "part_id", "corrects_id"})

LEFT_OUT: Final[Mapping[str, str]] = {
    "api_key": "A secret: only sums of keys are kept, and a key belongs to one installation. The report names them.",
    "approval_audit_log": "Goes along as a file that can be verified; the company begins a chain of its own there.",
    "audit_chain": "Which chains there are; one row for the writers of each to lock.",
    "audit_check": "What the last verification found here; the new installation verifies its own chain.",
    "audit_checkpoint": "Signed with the key of one installation; `lux audit export` takes them along with the chain.",
    "audit_export": "Files of this installation that expire.",
    "audit_words": "Words people typed for rows of the chain, which stays here: only its hashes travel.",
    "bulk_action": "Progress and undo of finished work; what was changed stands in the facts.",
    "bulk_target": "The same, contact by contact.",
    "company_export": "Files of this installation that expire.",
    "contact_export": "Files of this installation that expire.",
    "contact_view_default": "A choice of one person; people do not move by themselves.",
    "data_key": "A secret, wrapped by this installation's master key.",
    "error_group": "Faults of this installation.",
    "error_log": "Faults of this installation.",
    "error_tally": "Faults of this installation.",
    "guest": "Links to this installation for people outside; what they decided and said goes along with the items.",
    "guest_session": "A secret.",
    "hook_allowance": "A yes to addresses that a program subscribes, given here to a key of this installation.",
    "idempotency": "Answers to repeated requests, kept for a day.",
    "incoming_delivery": "A log of deliveries by this installation's keys, kept for a while.",
    "invitation": "Links with secrets; addresses and roles go along as a list, and nobody is let in by it.",
    "job": "Work of this installation.",
    "membership": "Addresses and roles go along as a list, and nobody is let in by it.",
    "notification": "News for people of this installation.",
    "opt_in": "Links to this installation; who confirmed has consent, and that goes along.",
    "provider_account": "Of no use without its secret. The report names what has to be connected again.",
    "sending_domain": "Of no use without its private key, which is a secret. The report names the domains.",
    "toggle_use": "What left today under a switch; every switch is off on arrival, and its days are counted anew.",
    "series_run": "Which run stood under which yes here; runs are campaigns and go along, a series is a draft again.",
    "site_setup": "Its key stands in the snippet that loads from this installation; the new one makes its own.",
    "stop_drill": "Rehearsals of this installation.",
    "stop_signal": "Counters of the last minutes.",
    "subscribe_form": "Its address is one of this installation.",
    "vault_secret": "A secret.",
    "web_session": "A secret.",
    "webhook_delivery": "Belongs to a webhook.",
    "webhook_subscription": "Its address may be a secret and its calls leave by a yes given here. The report names it.",
}
COMPANY_COLUMNS: Final = (
    "public_id", "name", "slug", "website", "postal_address", "timezone", "currency", "locale", "public_url", "brand",
    "unsend_seconds", "utm", "is_sample", "created_at",
)  # fmt: skip
