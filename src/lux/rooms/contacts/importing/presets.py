"""What the exports of other programs look like: their columns, and who in them must never be written to.

The headings are those the programs write themselves:
- Mailchimp: mailchimp.com/help/view-export-contacts/; a zip of subscribed_…, unsubscribed_…, cleaned_… and
  nonsubscribed_….csv with MEMBER_RATING, OPTIN_TIME, CONFIRM_TIME, LEID, EUID, TAGS, and UNSUB_TIME or CLEAN_TIME.
- HubSpot: labels of knowledge.hubspot.com/properties/hubspots-default-contact-properties, and of "Export unsubscribes
  and bounces" (Portal Unsubscribe, Portal Bounce, Portal Spam Report, Global Bounce, and a column for each kind of
  mail, of which only Marketing Information has the same name everywhere; knowledge.hubspot.com, "What do the columns
  mean in the csv I receive when I export unsubscribes and bounces?").
- Mautic: app/bundles/CoreBundle/Helper/ExportHelper.php of mautic/mautic (parseLeadToExport: the profile fields and
  the stage); doNotContact as in its import, with the numbers of LeadBundle/Entity/DoNotContact.php.
- listmonk: cmd/subscribers.go of knadh/listmonk (ExportSubscribers): uuid, email, name, attributes, status,
  created_at, updated_at; status is enabled, disabled or blocklisted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lux.kit.i18n import gettext as _
from lux.rooms.contacts.catalogue import heading_key
from lux.rooms.contacts.importing import guess, plan


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One program's export."""

    key: str
    name: str
    always: frozenset[str]  # headings as compared; all of them stand in every export
    one_of: frozenset[str]  # and one of these
    targets: Mapping[str, str]  # heading as compared -> target
    prefixes: Mapping[str, str]  # beginning of a heading -> target
    answers: Callable[[frozenset[str], str], dict[str, Any]]  # (headings, file name) -> fields of the mapping form
    effects: Callable[[frozenset[str]], list[str]]  # headings -> what it does, in sentences
    no_words: tuple[str, ...] = ()  # of its consent column: they count whatever is answered about consent

    def fits(self, headings: frozenset[str]) -> bool:
        """Say whether a file with these headings is one of its exports."""
        return self.always <= headings and bool(self.one_of & headings)

    def target_of(self, heading: str) -> str | None:
        """Return what a column is; None = nothing is known of it."""
        key = heading_key(heading)
        by_prefix = (target for prefix, target in self.prefixes.items() if key.startswith(prefix))
        return self.targets[key] if key in self.targets else next(by_prefix, None)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _mailchimp_answers(headings: frozenset[str], file_name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"source": "Mailchimp", "bad_values": plan.LEAVE_OUT}
    if not file_name.casefold().startswith("subscribed") or {"unsubtime", "cleantime"} & headings:
        return found | {"consent": plan.CONSENT_NONE}
    return found | {
        "consent": plan.CONSENT_MOMENT,
        "basis": "opt_in",
        "wording": _("Subscribed to our list in Mailchimp; time and IP address are those that Mailchimp kept."),
    }


def _mailchimp_effects(headings: frozenset[str]) -> list[str]:
    found = [_("Names, phone, company, country, time zone and tags come along.")]
    if "unsubtime" in headings:
        found.append(_("These people unsubscribed: their consent is withdrawn and their addresses are blocked."))
    elif "cleantime" in headings:
        found.append(_("These addresses were cleaned because mail bounced: they are blocked."))
    else:
        found.append(_("CONFIRM_TIME and CONFIRM_IP prove the consent, if you say below that these people agreed."))
    return found


def _hubspot_answers(headings: frozenset[str], _file_name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"source": "HubSpot", "bad_values": plan.LEAVE_OUT, "consent": plan.CONSENT_NONE}
    if "legalbasisforprocessingcontactsdata" not in headings:
        return found
    return found | {
        "consent": plan.CONSENT_COLUMN,
        "consent_yes": "freely given consent from contact",
        "consent_no": "",
        "basis": "opt_in",
        "wording": _("Recorded in HubSpot as legal basis: freely given consent from contact."),
    }


def _hubspot_effects(_headings: frozenset[str]) -> list[str]:
    return [
        _("Who unsubscribed from all e-mail, or opted out of a kind of it: consent is withdrawn, the address blocked."),
        _("Addresses with a hard bounce are blocked."),
        _("“Marketing contact” says whom HubSpot charges for, not who agreed: it is left out."),
    ]


def _mautic_answers(_headings: frozenset[str], _file_name: str) -> dict[str, Any]:
    return {"source": "Mautic", "bad_values": plan.LEAVE_OUT, "consent": plan.CONSENT_NONE}


def _mautic_effects(headings: frozenset[str]) -> list[str]:
    found = [_("Names, company, address, phone, language and tags come along; points come into a field of that name.")]
    if _DO_NOT_CONTACT & headings:
        found.append(_("“Do not contact” withdraws consent and blocks the address; bounces block it."))
    else:
        found.append(
            _("This export does not say who must not be contacted: export that list from Mautic and import it too.")
        )
    return found


def _listmonk_answers(_headings: frozenset[str], _file_name: str) -> dict[str, Any]:
    return {
        "source": "listmonk",
        "bad_values": plan.LEAVE_OUT,
        "consent": plan.CONSENT_NONE,
        "consent_yes": "enabled",
        "consent_no": ", ".join(LISTMONK_NO),
    }


def _listmonk_effects(_headings: frozenset[str]) -> list[str]:
    return [
        _("Who is blocklisted or disabled has their consent withdrawn and is blocked."),
        _("“enabled” does not say that somebody subscribed: if you exported the confirmed subscribers of a list, "
          "choose “A column says so” below."),
        _("Attributes come into the custom fields of the same name."),
    ]  # fmt: skip


LISTMONK_NO: Final = ("blocklisted", "disabled")
_DO_NOT_CONTACT: Final = _words("donotcontact dnc")
_LEFT_OUT: Final = dict.fromkeys(
    _words("optintime latitude longitude gmtoff dstoff lastchanged leid euid notes birthday unsubreason"
           " unsubcampaigntitle unsubcampaignid unsubreasonother cleancampaigntitle cleancampaignid memberrating"),
    guess.IGNORE,
)  # fmt: skip
PRESETS: Final = (
    Preset(
        key="mailchimp",
        name="Mailchimp",
        always=_words("emailaddress"),
        one_of=_words("memberrating leid euid"),
        targets=_LEFT_OUT
        | {
            "emailaddress": "email", "firstname": "first_name", "lastname": "last_name", "phonenumber": "phone",
            "company": "organisation", "cc": "country", "region": "region", "timezone": "timezone",
            "optinip": guess.CONSENT_IP, "confirmip": guess.CONSENT_IP, "confirmtime": guess.CONSENT_AT,
            "tags": guess.TAGS, "unsubtime": guess.UNSUBSCRIBED, "cleantime": guess.BOUNCED,
            "status": guess.UNSUBSCRIBED, "address": guess.IGNORE,
        },
        prefixes={},
        answers=_mailchimp_answers,
        effects=_mailchimp_effects,
    ),
    Preset(
        key="hubspot",
        name="HubSpot",
        always=_words("email"),
        one_of=_words("unsubscribedfromallemail marketingcontactstatus emailhardbouncereason portalunsubscribe"
                      " portalbounce globalbounce legalbasisforprocessingcontactsdata"),
        targets={
            "recordid": guess.IGNORE, "recordidcontact": guess.IGNORE, "contactid": guess.IGNORE,
            "email": "email", "firstname": "first_name", "lastname": "last_name",
            "phonenumber": "phone", "companyname": "organisation", "websiteurl": "website",
            "streetaddress": "street", "city": "city", "stateregion": "region", "postalcode": "postal_code",
            "countryregion": "country", "preferredlanguage": "language", "lifecyclestage": guess.IGNORE,
            "zip": "postal_code", "zipcode": "postal_code",
            "marketinginformation": guess.UNSUBSCRIBED,  # a kind of mail, in the export of unsubscribes and bounces
            "timezone": guess.IGNORE,  # HubSpot writes it in a form of its own: europe_slash_berlin
            "legalbasisforprocessingcontactsdata": guess.CONSENT, "marketingcontactstatus": guess.IGNORE,
            "unsubscribedfromallemail": guess.UNSUBSCRIBED, "portalunsubscribe": guess.UNSUBSCRIBED,
            "portalspamreport": guess.UNSUBSCRIBED, "portalbounce": guess.BOUNCED, "globalbounce": guess.BOUNCED,
            "emailhardbouncereason": guess.BOUNCED, "invalidemailaddress": guess.BOUNCED,
        },
        prefixes={"optedoutofemail": guess.UNSUBSCRIBED},
        answers=_hubspot_answers,
        effects=_hubspot_effects,
    ),
    Preset(
        key="mautic",
        name="Mautic",
        always=_words("email firstname lastname points"),
        one_of=_words("preferredlocale lastactive attribution attributiondate stage donotcontact dnc dateidentified"),
        targets={
            "id": guess.IGNORE, "email": "email", "firstname": "first_name", "lastname": "last_name",
            "company": "organisation", "address1": "street", "address2": guess.IGNORE, "city": "city",
            "state": "region", "zipcode": "postal_code", "country": "country", "preferredlocale": "language",
            "timezone": "timezone", "phone": "phone", "website": "website", "stage": guess.IGNORE,
            "tags": guess.TAGS, "donotcontact": guess.UNSUBSCRIBED, "dnc": guess.UNSUBSCRIBED,
        },
        prefixes={},
        answers=_mautic_answers,
        effects=_mautic_effects,
    ),
    Preset(
        key="listmonk",
        name="listmonk",
        always=_words("uuid email name status"),
        one_of=_words("attributes attribs"),
        targets={
            "uuid": guess.IGNORE, "email": "email", "name": guess.FULL_NAME, "attributes": guess.ATTRIBUTES,
            "attribs": guess.ATTRIBUTES, "status": guess.CONSENT, "createdat": guess.IGNORE,
            "updatedat": guess.IGNORE,
        },
        prefixes={},
        answers=_listmonk_answers,
        effects=_listmonk_effects,
        no_words=LISTMONK_NO,
    ),
)  # fmt: skip
BY_KEY: Final = {preset.key: preset for preset in PRESETS}


def recognised(headings: Sequence[str]) -> Preset | None:
    """Return the program whose export has these headings."""
    keys = frozenset(map(heading_key, headings))
    return next((preset for preset in PRESETS if preset.fits(keys)), None)
