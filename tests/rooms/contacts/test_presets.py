"""Exports of Mailchimp, HubSpot, Mautic and listmonk: recognised by headings; who said no is never mailed."""

# ruff: noqa: E501 - the programs write long lines
from __future__ import annotations

import html

import pytest

from lux.gate.consent import ConsentState, SuppressionReason
from lux.rooms.contacts.importing import presets
from lux.rooms.contacts.models import FieldType
from tests.rooms.contacts.desk import DECLARED, chosen, id_in

MAILCHIMP = (
    '"Email Address","First Name","Last Name",Address,"Phone Number",Birthday,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,'
    "CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n"
)
LEFT = MAILCHIMP.replace(
    "LAST_CHANGED,", "UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,LAST_CHANGED,"
)
CLEANED = MAILCHIMP.replace("LAST_CHANGED,", "CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,LAST_CHANGED,")
TAIL = '2024-02-01 00:00:00,123,abc,,"""Blog"",""VIP"""\n'
MEMBER = (
    '{address},Ada,Lovelace,,,,4,"2024-01-02 03:04:05",192.0.2.1,"2024-01-02 03:09:00",192.0.2.7,51.5,-0.1,0,1,'
    "Europe/London,GB,ENG,"
)
HUBSPOT = (
    '"Record ID","First Name","Last Name",Email,"Phone Number","Company Name","Country/Region","Lifecycle Stage",'
    '"Marketing contact status","Unsubscribed from all email","Email hard bounce reason",'
    '"Opted out of email: Marketing Information","Legal basis for processing contact\'s data"\n'
    "1,Ada,Lovelace,ada@example.com,,Engines,United Kingdom,Customer,Marketing contact,,,,Freely given consent from contact\n"
    "2,Bo,Diddley,bo@example.com,,,,Lead,Marketing contact,true,,,Freely given consent from contact\n"
    "3,Cy,Young,cy@example.com,,,,Lead,Non-marketing contact,false,UNKNOWN_USER,,\n"
    "4,Di,Prince,di@example.com,,,,Lead,Marketing contact,No,,true,\n"
    "5,Ed,Null,ed@example.com,,,,Lead,Marketing contact,No,,,Legitimate interest - prospect\n"
)
MAUTIC = (
    "id,points,title,firstname,lastname,company,position,email,mobile,phone,fax,address1,address2,city,state,zipcode,"
    "country,preferred_locale,timezone,last_active,attribution_date,attribution,website,doNotContact,stage,tags\n"
    "1,42,Ms,Ada,Lovelace,Engines,,ada@example.com,,+442079460000,,1 St,,London,,N1,United Kingdom,en,Europe/London,,,,,0,New,a|b\n"
    "2,0,,Bo,Diddley,,,bo@example.com,,,,,,,,,,,,,,,,1,,\n"
    "3,0,,Cy,Young,,,cy@example.com,,,,,,,,,,,,,,,,2,,\n"
)
LISTMONK = (
    "uuid,email,name,attributes,status,created_at,updated_at\n"
    'u1,ada@example.com,Ada Lovelace,"{""city_size"": 9, ""plan"": ""pro"", ""other"": {""a"": 1}}",enabled,'
    "2024-01-02 03:04:05.6 +0000 UTC,2024-01-02 03:04:05.6 +0000 UTC\n"
    "u2,bo@example.com,Bo,{},blocklisted,2024-01-02 03:04:05 +0000 UTC,2024-01-02 03:04:05 +0000 UTC\n"
    "u3,cy@example.com,Cy,{},disabled,2024-01-02 03:04:05 +0000 UTC,2024-01-02 03:04:05 +0000 UTC\n"
)
EXISTING = "email\n" + "".join(f"{name}@example.com\n" for name in ("ada", "bo", "cy", "di", "ed"))


def member(address, head=MAILCHIMP, between=""):
    return head + MEMBER.format(address=address) + between + TAIL


def offered(desk, body, name):
    """Return (public id, page) of an uploaded file."""
    public_id = id_in(desk.upload(body, name).headers["Location"])
    return public_id, html.unescape(desk.client.get(f"/contacts/imports/{public_id}/map").text)


def bring(desk, body, name, **changed):
    """Import a file with everything the page proposes; returns the import."""
    public_id, page = offered(desk, body, name)
    found = presets.recognised(body.splitlines()[0].replace('"', "").split(","))
    keys = frozenset(presets.heading_key(one) for one in body.splitlines()[0].replace('"', "").split(","))
    answers = (found.answers(keys, name) if found else {}) | {
        "columns": chosen(page),
        "preset": found.key if found else "",
    }
    answer = desk.client.post(f"/contacts/imports/{public_id}/map", data=answers | changed)
    assert answer.status_code == 303, answer.text
    desk.lux.work()
    entry = desk.entry(public_id)
    assert entry.state == "done", entry.error
    return entry


@pytest.mark.parametrize(
    ("body", "name"),
    [(member("ada@example.com"), "Mailchimp"), (HUBSPOT, "HubSpot"), (MAUTIC, "Mautic"), (LISTMONK, "listmonk")],
)
def test_an_export_is_recognised_told_and_can_be_switched_off(desk, body, name):
    public_id, page = offered(desk, body, "subscribed_export.csv")
    assert f"This is an export of {name}" in page
    guessed = html.unescape(desk.client.get(f"/contacts/imports/{public_id}/map?mapping=guess").text)
    assert "This is an export of" not in guessed
    assert 'name="preset" value=""' in guessed


def test_mailchimps_subscribers_come_with_time_address_and_tags(desk):
    bring(desk, member("ada@example.com"), "subscribed_email_audience_export_1.csv")
    ada = desk.contact("ada@example.com")
    assert (ada.first_name, ada.last_name, ada.country, ada.timezone) == ("Ada", "Lovelace", "GB", "Europe/London")
    assert desk.tags("ada@example.com") == ["Blog", "VIP"]
    standing = desk.standing("ada@example.com")
    assert standing.is_mailable
    assert standing.at.isoformat() == "2024-01-02T03:09:00+00:00"
    assert standing.proof["ip"] == "192.0.2.7"


def test_people_mailchimp_never_subscribed_get_no_consent(desk):
    bring(desk, member("ada@example.com"), "nonsubscribed_email_audience_export_1.csv")
    assert desk.standing("ada@example.com").state is None


@pytest.mark.parametrize(
    ("head", "between", "reason", "state"),
    [
        (LEFT, "2024-05-06 07:08:09,News,n1,N/A,", SuppressionReason.UNSUBSCRIBED, ConsentState.WITHDRAWN),
        (CLEANED, "2024-05-06 07:08:09,News,n1,", SuppressionReason.BOUNCED, ConsentState.GIVEN),
    ],
)
def test_whom_mailchimp_lost_is_never_mailed_even_with_an_older_consent(desk, head, between, reason, state):
    desk.import_(EXISTING, **DECLARED)
    bring(desk, member("ada@example.com", head, between), "unsubscribed_email_audience_export_1.csv")
    standing = desk.standing("ada@example.com")
    assert (standing.suppressed, standing.state, standing.is_mailable) == (reason, state, False)


def test_hubspots_refusals_and_bounces_block(desk):
    desk.import_(EXISTING, **DECLARED)
    bring(desk, HUBSPOT, "hubspot-crm-exports-all-contacts.csv", consent="none")
    assert {name: desk.standing(f"{name}@example.com").suppressed for name in ("ada", "bo", "cy", "di", "ed")} == {
        "ada": None, "bo": SuppressionReason.UNSUBSCRIBED, "cy": SuppressionReason.BOUNCED,
        "di": SuppressionReason.UNSUBSCRIBED, "ed": None,
    }  # fmt: skip


def test_hubspots_unsubscribes_and_bounces_block(desk):
    desk.import_(EXISTING, **DECLARED)
    told = (
        "Email,Portal Bounce,Portal Unsubscribe,Portal Spam Report,Global Bounce,Marketing Information\n"
        "ada@example.com,FALSE,FALSE,FALSE,FALSE,TRUE\nbo@example.com,FALSE,TRUE,FALSE,FALSE,FALSE\n"
        "cy@example.com,TRUE,FALSE,FALSE,FALSE,FALSE\ndi@example.com,FALSE,FALSE,FALSE,FALSE,FALSE\n"
    )
    bring(desk, told, "unsubscribes-and-bounces.csv", consent="none")
    assert {name: desk.standing(f"{name}@example.com").suppressed for name in ("ada", "bo", "cy", "di")} == {
        "ada": SuppressionReason.UNSUBSCRIBED, "bo": SuppressionReason.UNSUBSCRIBED,
        "cy": SuppressionReason.BOUNCED, "di": None,
    }  # fmt: skip


def test_hubspots_legal_basis_gives_consent_only_where_it_says_so(desk):
    bring(desk, HUBSPOT, "all-contacts.csv")
    mailable = [name for name in ("ada", "bo", "cy", "di", "ed") if desk.standing(f"{name}@example.com").is_mailable]
    assert mailable == ["ada"]


def test_mautics_do_not_contact_blocks_by_its_reason(desk):
    desk.import_(EXISTING, **DECLARED)
    bring(desk, MAUTIC, "contacts.csv", duplicates="overwrite")
    assert desk.standing("ada@example.com").is_mailable
    assert desk.standing("bo@example.com").suppressed is SuppressionReason.UNSUBSCRIBED
    assert desk.standing("cy@example.com").suppressed is SuppressionReason.BOUNCED
    ada = desk.contact("ada@example.com")
    assert (ada.organisation, ada.street, ada.postal_code, ada.language) == ("Engines", "1 St", "N1", "en")
    assert desk.tags("ada@example.com") == ["a", "b"]


def test_listmonks_blocklist_counts_whatever_is_answered_about_consent(desk):
    desk.field("City size", FieldType.NUMBER)
    desk.import_(EXISTING, **DECLARED)
    _public_id, page = offered(desk, LISTMONK, "subscribers.csv")
    assert "plan, other" in page, "what has no field is told"
    bring(desk, LISTMONK, "subscribers.csv", consent="none")
    assert desk.contact("ada@example.com").attrs == {"city_size": 9}
    assert [desk.standing(f"{name}@example.com").is_mailable for name in ("ada", "bo", "cy")] == [True, False, False]


def test_a_no_counts_also_in_a_row_that_is_refused_or_a_repeat(desk):
    desk.import_(EXISTING, **DECLARED)
    body = (
        "id,points,firstname,lastname,email,phone,preferred_locale,doNotContact\n"
        "1,0,Ada,L,ada@example.com,,,0\n"
        "2,0,Ada,L,ADA@example.com,,,1\n"
        "3,0,Bo,D,bo@example.com,not a number,,1\n"
    )
    entry = bring(desk, body, "contacts.csv", bad_values="reject")
    assert (entry.counts["duplicates"], entry.counts["rejected"]) == (1, 1)
    assert not desk.standing("ada@example.com").is_mailable
    assert not desk.standing("bo@example.com").is_mailable
