"""Drives a real LUX as its signed-in owner: set up, import, write, approve, wait."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.mail_build import template
from bench.people import READER
from bench.prober import Request
from examples import people
from examples.page import Page, PageError
from examples.server import Server
from examples.walk import Walk, is_at_rest, part

STOP: Final = "/approvals/stop"
FIVE: Final = "Five conditions"
LOOK_EVERY: Final = 0.5  # seconds between two looks at something that runs
COLUMNS: Final = {"Newsletter": "Consent to e-mail", "Signed up": "Day of the consent"}


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did."""

    seconds: float  # from the start button to the last row
    upload_seconds: float  # until the mapping page stood there
    created: int
    refused: int


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a campaign run did."""

    seconds: float  # from the yes to the last outcome
    outcomes: dict[str, int]  # words of the state → recipients


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """What a rehearsal of the emergency stop measured, in seconds from the press."""

    last: float  # the last message left
    settled: float  # nothing was under way any more


class House:
    """One company in one running LUX."""

    def __init__(self, server: Server) -> None:
        """Make the company, sign in, verify the sender, switch e-mail on, add the custom field."""
        self.walk = Walk(server, say=lambda _words: None)
        for step in (people.sample_company, people.company_details, people.sender, people.switch):
            step(self.walk)
        self.browser = self.walk.browser
        form = self.browser.open("/contacts/fields").form(has="label")
        self.browser.submit(form.fill(label="Orders").choose("type", "Number"))
        self.segment = ""
        self.somebody = self._somebody()

    def bring_in(self, file: Path, *, patience: float) -> Imported:
        """Import a file; raises PageError when it fails or takes longer than `patience` seconds."""
        began = time.perf_counter()
        place = people.start_import(self.walk, file, COLUMNS).url
        started = time.perf_counter()
        page = self._until_rest(place, "import-status", patience)
        seconds = time.perf_counter() - started
        tiles = people.tiles(page)
        if not page.says("Done"):
            raise page.lacks("the import did not end well")
        return Imported(
            seconds=seconds,
            upload_seconds=started - began,
            created=_first_number(tiles["New contacts"]),
            refused=_first_number(tiles["Refused rows"]),
        )

    def choose_readers(self) -> int:
        """Build the segment that campaigns go to; returns how many are in it."""
        form = self.browser.open("/segments/new").form(has="match.0").fill(name="Readers")
        tag = self._tag(READER)
        form = people.condition(self.walk, form, "1", what="tag", op="has", value=tag)
        form = people.press(self.walk, form, "add:0")
        form = people.condition(self.walk, form, "2", what="consent", op="is", value="given")
        page = self.browser.submit(form)
        self.segment = page.url.rpartition("/")[2]
        counted = self.browser.open(
            f"{page.url}?count=1"
        )  # a large company's page leaves counting to a request after it
        return _first_number(people.tiles(counted)["Size"])

    def ask_five_things(self) -> str:
        """Build a segment of five conditions; returns the path of its page."""
        form = self.browser.open("/segments/new").form(has="match.0").fill(name=FIVE)
        conditions: list[tuple[str, str, str | list[str]]] = [
            ("field.country", "is_any_of", ["DE", "NL", "DK"]),
            ("custom.orders", "greater", "5"),
            ("tag", "has", self._tag("tasting")),
            ("consent", "is", "given"),
            ("email.sent", "did", ""),
        ]
        for number, (what, op, value) in enumerate(conditions, start=1):
            form = people.press(self.walk, form, "add:0") if number > 1 else form
            form = people.condition(self.walk, form, str(number), what=what, op=op, value=value)
        last = len(conditions)
        form = people.press(self.walk, form.set(f"when.{last}", "in_last"), "").set(f"more.{last}", "30")
        return self.browser.submit(form).url.removeprefix(self.walk.server.url)

    def write_campaign(self, name: str) -> str:
        """Write a campaign to the readers; returns the path of its page."""
        form = self.browser.open("/campaigns/new").form(has="start")
        page = self.browser.submit(form.fill(name=name).choose("start", "Nothing"))
        form = page.form("/edit").fill(subject="{{ first_name | default: 'Hello' }}, news from the pier", format="html")
        audience = f"segment:{self.segment}" if self.segment else "everyone"
        form.fill(source=template(with_condition=False).html, audience=audience, track_opens="1", track_clicks="1")
        page = self.browser.submit(form.choose("sender", "Tidewater Coffee"))
        return page.url.removeprefix(self.walk.server.url)

    def send(self, campaign: str, *, patience: float) -> Sent:
        """Submit, approve and wait for the last outcome."""
        page = self.browser.submit(self.browser.open(campaign).form("/submit"))
        form = self.browser.open(page.link("/approvals/0")).form("/approve")
        began = time.perf_counter()
        self.browser.submit(form.fill(confirmation=form.element.get("data-typed")))
        page = self._until_rest(campaign, "progress", patience)
        seconds = time.perf_counter() - began
        chips = [one.text.rpartition(" ") for one in part(page, "progress").all("li")]
        return Sent(seconds=seconds, outcomes={words: _first_number(number) for words, _space, number in chips})

    def rehearse_stop(self, *, patience: float) -> Stopped:
        """Rehearse the emergency stop; raises PageError when it could not be measured."""
        page = self.browser.submit(self.browser.open(STOP).form(f"{STOP}/drill"))
        deadline = time.monotonic() + patience
        while "Under way" in (words := part(page, "drills").text):
            if time.monotonic() > deadline:
                raise page.lacks("the rehearsal has not ended")
            time.sleep(LOOK_EVERY)
            page = self.browser.open(STOP)
        found = [re.search(rf"{begin} ([\d,]+) ms", words) for begin in ("Last one after", "any more after")]
        figures = [int(one[1].replace(",", "")) / 1000 for one in found if one is not None]
        if len(figures) != len(found):
            raise page.lacks(f"the rehearsal was not measured: {words}")
        return Stopped(last=figures[0], settled=figures[1])

    def use_mail_server(self, port: int, code: Callable[[], str]) -> None:
        """Connect a mail server on this machine, send through it from now on, and prove the sender once more.

        What only the built-in mailbox saw proves nothing to the outside; `code` reads the mail that comes now.
        """
        form = self.browser.open("/settings/integrations/new/smtp").form(has="host")
        form.fill(label="Sink", host="127.0.0.1", port=str(port), security="none", use="1")
        page = self.browser.submit(form)
        if not page.says("Sink") or page.complaints:
            raise page.lacks("the mail server is not connected")
        with_code = self.browser.open(self.browser.open("/settings/senders").link("/settings/senders/0"))
        self.browser.submit(with_code.form("/code"))
        confirm = self.browser.open(with_code.url).form("/confirm")
        self.browser.submit(confirm.fill(code=code()))

    def probes(self, campaign: str) -> list[Request]:
        """Return what people do all the time while something large runs."""
        token = self.browser.open(self.somebody).form("/tags").value("csrf_token")
        return [
            Request(page="dashboard", path="/"),
            Request(page="contacts", path="/contacts"),
            Request(page="contact search", path="/contacts?q=mar"),
            Request(page="campaign", path=campaign),
            Request(
                page="tag a contact (a write)",
                path=f"{self.somebody}/tags",
                fields=lambda: {"csrf_token": token, "tags": f"seen at {time.time():.2f}"},
            ),
        ]

    def _somebody(self) -> str:
        form = self.browser.open("/contacts/new").form(has="email")
        page = self.browser.submit(form.fill(email="somebody@mail.example", first_name="Some", last_name="Body"))
        return page.url.removeprefix(self.walk.server.url)

    def _tag(self, name: str) -> str:
        form = self.browser.open("/segments/new").form(has="match.0")
        form = people.press(self.walk, form.set("what.1", "tag"), "")
        found = [value for value, label in form.options["value.1"] if label == name]
        if not found:
            raise PageError(f"no tag “{name}” came with the file")
        return found[0]

    def _until_rest(self, place: str, name: str, patience: float) -> Page:
        end_at = time.monotonic() + patience
        while True:
            page = self.browser.open(place)
            if is_at_rest(page, name):
                return page
            if time.monotonic() > end_at:
                raise page.lacks(f"not done after {patience:.0f} seconds; nothing at rest")
            time.sleep(LOOK_EVERY)


def _first_number(words: str) -> int:
    found = re.search(r"\d[\d,]*", words)
    if found is None:
        raise PageError(f"a number was expected in “{words}”")
    return int(found.group().replace(",", ""))
