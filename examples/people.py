"""The first half of the walk: a company, its sender, its contacts, a segment."""

from __future__ import annotations

import csv
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from examples.page import Form, Page, PageError
from examples.walk import Walk, is_at_rest

CONTACTS: Final = Path(__file__).with_name("contacts.csv")
SENDER: Final = "hello@tidewater.example"
# What the file's columns are, where the heading does not say it already.
COLUMNS: Final = {
    "Newsletter": "Consent to e-mail",
    "Signed up": "Day of the consent",
    "Favourite roast": "New text field",
}


def sample_company(walk: Walk) -> None:
    """Make the company and sign in as its owner."""
    made = walk.server.sample_company()
    walk.company, walk.email, walk.password = made["company"], made["email"], f"tide-{secrets.token_urlsafe(9)}"
    link = walk.browser.here(made["link"])
    page = walk.browser.get(link)
    if page.status == 404:
        raise page.lacks("the server does not know the new owner: it works on another data folder (LUX_HOME). No form")
    walk.browser.submit(page.form(has="password").fill(password=walk.password))
    sign_in = walk.browser.open("/sign-in").form(has="password")
    page = walk.browser.submit(sign_in.fill(email=walk.email, password=walk.password))
    if page.url.rstrip("/") != walk.server.url:
        raise page.lacks("signed in, but not on the dashboard")
    walk.tell(f"“{walk.company}” is there, marked as a sample. You are its owner: {walk.email}", "/companies")


def company_details(walk: Walk) -> None:
    """Write down what every mail has to say about its sender."""
    form = walk.browser.open("/settings").form("/settings")
    form.fill(
        website="https://tidewater.example", postal_address="Tidewater Coffee\n3 Old Pier Road\n20457 Hamburg\nGermany"
    )
    form.fill(timezone="Europe/Berlin", currency="EUR", unsend_seconds="0")  # a walk does not wait for second thoughts
    walk.browser.submit(form)
    walk.tell("Website, postal address, time zone and currency are saved.", "/settings")


def sender(walk: Walk) -> None:
    """Prove an address with the code that was mailed to it."""
    form = walk.browser.open("/settings/senders").form(has="email")
    page = walk.browser.submit(form.fill(name="Tidewater Coffee", email=SENDER))
    place = page.url
    letter = walk.letter_to(SENDER)
    code = re.search(r"\b\d{6}\b", letter.text)
    if code is None:
        raise PageError(f"the mail to {SENDER} holds no code of six digits: {letter.text[:200]}")
    walk.tell("A code was mailed; without a mail server the built-in mailbox keeps it.", f"/mailbox/{letter.number}")
    walk.browser.submit(walk.browser.open(place).form(has="code").fill(code=code.group()))
    if walk.browser.open(place).forms and "code" in {n for f in walk.browser.open(place).forms for n in f.names}:
        raise PageError(f"the code {code.group()} was taken, but {SENDER} is still not verified")
    walk.tell(f"{SENDER} is verified with the code {code.group()}.", "/settings/senders")


def switch(walk: Walk) -> None:
    """Turn the channel on, with a reason."""
    page = walk.browser.open("/approvals/toggles")
    form = next((one for one in page.forms if one.value("key") == "channel_email"), None)
    if form is None or form.value("is_on") != "true":
        raise page.lacks("no way to turn “E-mail” on")
    walk.browser.submit(form.fill(reason="Trying LUX out with the sample company."))
    walk.tell(
        "“E-mail” is on; it was off like every switch, and the reason stands in the audit log.", "/approvals/audit"
    )


def contacts(walk: Walk) -> None:
    """Import the file with its consent column."""
    form = walk.browser.open("/contacts/fields").form(has="label")
    walk.browser.submit(form.fill(label="Orders").choose("type", "Number"))
    page = start_import(walk, CONTACTS, COLUMNS)
    place = page.url
    page = walk.wait(place, lambda shown: is_at_rest(shown, "import-status"), "the import")
    shown = tiles(page)
    walk.tell(f"{_rows_of(CONTACTS)} rows of {CONTACTS.name} were read by the mapping you see there.", place)
    for heading, words in shown.items():
        figure, _space, rest = words.partition(" ")
        walk.tell(f"  {heading}: {figure}" + (f" ({rest})" if rest else ""))
    if not int(shown.get("New contacts", "0").split()[0]):
        raise page.lacks("nobody was imported")
    report = walk.browser.open(page.link("report.csv"))
    refused = list(csv.reader(report.body.decode("utf-8-sig").splitlines()))[1:]
    walk.tell(f"{len(refused)} rows need a look; the first three of the report:", page.link("report.csv"))
    for row in refused[:3]:
        walk.tell("  line " + " · ".join(cell for cell in row[:4] if cell))


def start_import(walk: Walk, file: Path, columns: Mapping[str, str]) -> Page:
    """Upload a file, say what its columns are and whence the consent comes, start; returns the import's page."""
    page = walk.browser.submit(walk.browser.open("/contacts/imports/new").form(has="file"), files={"file": file})
    form = page.form("/map")
    form.set("columns", _targets(form, file, columns))
    form.fill(consent="column", consent_yes="yes", consent_no="no", source="Shop till", region="DE")
    form.fill(basis="opt_in", wording="“Yes, write to me about new coffees.” Ticked at the till or in the web shop.")
    return walk.browser.submit(form)


def segment(walk: Walk) -> None:
    """Build a rule: regulars who agreed and live near enough for a tasting."""
    form = walk.browser.open("/segments/new").form(has="match.0")
    form.fill(name="Regulars nearby", description="Three orders or more, in Germany, Denmark or the Netherlands.")
    form = condition(walk, form, "1", what="custom.orders", op="at_least", value="3")
    form = press(walk, form, "add:0")
    form = condition(walk, form, "2", what="field.country", op="is_any_of", value=["DE", "DK", "NL"])
    form = press(walk, form, "add:0")
    form = condition(walk, form, "3", what="consent", op="is", value="given")
    page = walk.browser.submit(form)
    size = re.search(r"([\d,]+) Contacts|Contacts ([\d,]+)", page.text)
    if size is None:
        raise page.lacks("no size of the segment")
    walk.tell(f"“Regulars nearby”: {next(filter(None, size.groups()))} contacts fit the rule now.", page.url)


def _targets(form: Form, file: Path, columns: Mapping[str, str]) -> list[str]:
    """Return what each column of the file is: as guessed, but where we know better."""
    with file.open(encoding="utf-8") as lines:
        headings = next(csv.reader(lines))
    guessed = [value for name, value in form.values if name == "columns"]
    if len(guessed) != len(headings):
        raise PageError(f"the mapping shows {len(guessed)} columns, the file has {len(headings)}")
    known = {label: value for value, label in form.options["columns"]}
    chosen = []
    for heading, guess in zip(headings, guessed, strict=True):
        words = columns.get(heading, "")
        chosen.append(
            next((value for label, value in known.items() if label.startswith(words)), "") if words else guess
        )
        if not chosen[-1]:
            raise PageError(f"nothing is known about the column “{heading}”")
    return chosen


def condition(walk: Walk, form: Form, node: str, *, what: str, op: str, value: str | list[str]) -> Form:
    """Fill one condition of the rule builder, as somebody without a script does: choose, go on, choose."""
    form = press(walk, form.set(f"what.{node}", what), "")
    form = press(walk, form.set(f"op.{node}", op), "")
    return form.set(f"value.{node}", value)


def press(walk: Walk, form: Form, command: str) -> Form:
    """Press a button of the rule builder; the form comes back with what it changed."""
    page = walk.browser.submit(form, press=("do", command) if command else None, to="/segments/builder")
    return page.form(has="match.0")


def tiles(page: Page) -> dict[str, str]:
    """Return the tiles of a page: heading → the rest of its words."""
    found = {}
    for one in page.root.all("section"):
        heading = next((title.text for title in one.all("h2", "h3")), "")
        if "tile" in one.get("class").split() and heading:
            found[heading] = one.text.removeprefix(heading).strip()
    return found


def _rows_of(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _row in csv.reader(file)) - 1
