"""The second half of the walk: a campaign from its first word to its report."""

from __future__ import annotations

from typing import Final

from examples.browser import Browser
from examples.letters import letters
from examples.page import Element, Form, PageError
from examples.walk import Walk, is_at_rest, part

# What stands in the starter “Newsletter”, and what the company says instead.
WORDS: Final = {
    "What is new this month": "The new harvest is here",
    "start with the one thing you want everybody to remember. Two or three sentences are enough: what happened, and why"
    " it matters to the person who reads this.": "on Saturday from ten we pour three coffees of this year's harvest on"
    " the pier. {% if fields.orders > 9 %}You have ordered {{ fields.orders | default: 0 }} times: the first cup is on"
    " us.{% else %}Come and tell us which one you like best.{% endif %}",
    "Read the main story": "Keep a place for me",
    "A second story": "Where the beans grew",
    "One paragraph that makes people want to read on. Say what they will find behind the link.": "Three families,"
    " 1,700 metres up, and a dry spring: a short report with pictures.",
    "Go to the second story": "Read the report",
    "And a third": "Your grinder",
    "Dates, an offer, or a question to your readers: answers are worth more than clicks.": "Bring it"
    " along: we set it for the new beans while you taste.",
    "Go to the third story": "How to find us",
    "“One sentence a reader wrote to you, in their own words.”": "“I came for one bag and stayed for three cups.”",
    "Who said it, and where": "A made-up guest of the last tasting",
}
OPENERS, CLICKERS, LEAVERS = 24, 9, 1  # of the recipients whose letters lie on the mailbox's first page


def campaign(walk: Walk) -> None:
    """Write a campaign and let the checks look at it."""
    form = walk.browser.open("/campaigns/new").form(has="start")
    page = walk.browser.submit(form.fill(name="Tasting on the pier").choose("start", "Newsletter"))
    form = page.form("/edit")
    form.fill(subject="{{ first_name | default: 'Hello' }}, taste the new harvest with us")
    form.fill(preview_text="Saturday from ten, on the pier. Bring a friend.", source=_rewritten(form.value("source")))
    form.choose("sender", "Tidewater Coffee").choose("audience", "Regulars nearby")
    form.fill(track_opens="1", track_clicks="1")
    page = walk.browser.submit(form)
    walk.campaign = page.url.removeprefix(walk.server.url)
    walk.tell("Written. Before anything leaves, look at it as one of its readers.", f"{walk.campaign}/preview")
    checks = part(page, "checks")
    walk.tell(f"Pre-flight: {checks.words_in('tile-note') or 'nothing to say'}", walk.campaign)
    for one in checks.all("li"):
        walk.tell(f"  {one.text}")
    if _button(page.form("/submit")).has("disabled"):
        raise page.lacks("the checks block it, and so there is nothing to press")


def test_copy(walk: Walk) -> None:
    """Send a copy to oneself: the one thing that needs no decision."""
    form = walk.browser.open(walk.campaign).form("/test")
    walk.browser.submit(form)
    walk.wait(walk.campaign, lambda page: "Look" in part(page, "test-result").text, "the test copy")
    letter = walk.letter_to(walk.email)
    walk.tell(f"A test copy went to members only: {letter.to}, “{letter.subject}”", f"/mailbox/{letter.number}")


def submit(walk: Walk) -> None:
    """Ask for a yes."""
    page = walk.browser.submit(walk.browser.open(walk.campaign).form("/submit"))
    walk.approval = page.link("/approvals/0").partition("?")[0]
    walk.tell("Submitted. It waits in the approval queue; nothing leaves before somebody says yes.", walk.approval)


def approve(walk: Walk) -> None:
    """Say yes to exactly what is shown, by typing how many people get it."""
    page = walk.browser.open(walk.approval)
    form = page.form("/approve")
    word, shown = form.element.get("data-typed"), form.value("shown_hash")
    if shown not in page.text:
        raise page.lacks(f"the form asks for a yes to {shown[:12]}, which the page does not show. No honest yes")
    walk.browser.submit(form.fill(confirmation=word))
    walk.recipients = int(word)
    walk.tell(f"Approved by typing {word}, the number of recipients, for the content {shown[:12]}…", walk.approval)


def leave(walk: Walk) -> None:
    """Wait until every recipient has an outcome."""
    page = walk.wait(walk.campaign, lambda shown: is_at_rest(shown, "progress"), "sending the campaign")
    chips = [one.text for one in part(page, "progress").all("li")]
    walk.tell(f"It left: {', '.join(chips)}. Captured means: kept here, sent to nobody.", f"{walk.campaign}/recipients")
    if f"Captured {walk.recipients}" not in ", ".join(chips):
        raise page.lacks(f"{walk.recipients} people were approved, but: {', '.join(chips)}. No match")


def readers(walk: Walk) -> None:
    """Be some of the recipients: open, click, unsubscribe with one click."""
    reader = Browser(walk.server.url)  # somebody else's: no cookies
    got = [one for one in letters(walk.browser) if one.headers["List-Unsubscribe"]][:OPENERS]
    for one in got:
        if reader.get(reader.here(one.pixel)).headers.get_content_type() != "image/gif":
            raise PageError(f"the picture in the letter to {one.to} did not load")
    walk.tell(
        f"{len(got)} recipients opened their letter: the invisible picture was loaded.", f"/mailbox/{got[0].number}"
    )
    for number, one in enumerate(got[:CLICKERS]):
        link = one.links[number % len(one.links)]
        answer = reader.get(reader.here(link), follow=False)
        if answer.status != 302:
            raise answer.lacks(f"the link in the letter to {one.to} leads nowhere")
    walk.tell(f"{min(CLICKERS, len(got))} followed a link; it leads over LUX to the target that was approved.")
    walk.did = {"captured": walk.recipients, "unique_opens": len(got), "unique_clicks": len(got[:CLICKERS])}
    walk.did["unsubscribes"] = len(got[-LEAVERS:])
    for one in got[-LEAVERS:]:
        answer = reader.post(reader.here(one.unsubscribe), [("List-Unsubscribe", "One-Click")])
        if answer.status != 200:
            raise answer.lacks(f"{one.to} could not unsubscribe")
        place = walk.browser.open(f"/contacts?q={one.to}").link("/contacts/0")
        walk.tell(f"{one.to} unsubscribed with the one-click button of their mail program.", place)


def report(walk: Walk) -> None:
    """Print the figures."""
    place, least = f"{walk.campaign}/report", f" {walk.did['unique_clicks']} of {walk.recipients} "
    # Opens and clicks are counted a second after their answer; clicks came last.
    page = walk.wait(place, lambda page: least in page.figures().get("unique_clicks", ""), "counting")
    figures = page.figures()
    walk.tell("The report; each figure says there what it counts:", place)
    for words in figures.values():
        walk.tell(f"  {words}")
    for key, number in walk.did.items():
        words = figures.get(key, "")
        if f" {number} of {walk.recipients} " not in words:
            raise page.lacks(
                f"{number} of {walk.recipients} were to be seen under {key}, not “{words}”. No true figure"
            )


def another(walk: Walk) -> None:
    """Leave something that waits for the reader's own yes."""
    page = walk.browser.submit(walk.browser.open(walk.campaign).form("/duplicate"))
    form = page.form("/edit").fill(name="A last call for the tasting")
    page = walk.browser.submit(form.fill(subject="{{ first_name | default: 'Hello' }}, a few places are left"))
    page = walk.browser.submit(page.form("/submit"))
    walk.tell("A second campaign waits for a yes: decide it yourself, as the owner below.", page.link("/approvals/0"))


def _rewritten(source: str) -> str:
    """Return the starter with the company's own words in it; raises PageError when it says something else."""
    for there, instead in WORDS.items():
        if there not in source:
            raise PageError(f"the starter “Newsletter” does not say “{there}”")
        source = source.replace(there, instead, 1)
    return source


def _button(form: Form) -> Element:
    return next(one for one in form.element.all("button") if one.get("type", "submit") == "submit")
