"""Every list of every room shows each of its six states; one whose query fails leaves the page around it standing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from lux.gate import reads
from lux.identity.models import Company, User
from lux.kit.db import ALL_COMPANIES
from lux.rooms.contacts.models import ContactImport
from lux.rooms.contacts.queries import listing
from lux.rooms.diagnostics.models import ErrorGroup, ErrorLog
from lux.rooms.email import queries as campaigns
from lux.rooms.email.models import Campaign
from lux.rooms.segments import queries as segments
from lux.rooms.segments.models import Segment
from lux.ui import lists
from lux.ui.lists import ListState
from tests.factories import Firm, Installation, installation
from tests.full_company import filled
from tests.house import sources
from tests.house.test_routes import identifiers, path_of, rules
from tests.rooms.email import campaigns as sending

_CALL: Final = re.compile(r"\{%-?\s*call (?:table|card_list)\((.*?)\)\s*-?%\}", re.DOTALL)
_ID: Final = re.compile(r"\bid=\"([\w-]+)\"(?: if \w+ else \"([\w-]+)\")?")  # drawn twice: a name for each
# Tables that are a form, a preview or a picture of a week: there are always the same rows.
NO_LISTS: Final = {
    "approvals/batch_done.html",  # answers a form: one row for each item that was posted
    "approvals/toggles.html",
    "contacts/_columns.html",
    "contacts/_first_rows.html",
    "email/_over_time.html",
}
CARDS: Final = {"templates", "blocks", "media"}
STATES: Final = {
    "loading": ListState(state="loading"),
    "empty": ListState(state="empty", text="Nothing here."),
    "error": ListState(state="error", what="It broke.", fix="Wait a moment.", retry="/again?page=2"),
    "stale": ListState(state="stale", as_of="as of 14:02"),
    "partial": ListState(state="partial", as_of="3 of 4 sources"),
    "forbidden": ListState(state="forbidden", text="Ask Ada for the right."),
}
WORDS: Final = {
    "loading": ("Loading…",),
    "empty": ("Nothing here.",),
    "error": ("It broke.", "Wait a moment.", 'href="/again?page=2"', "Try again"),
    "stale": ("Not current: as of 14:02", "<tbody>"),
    "partial": ("Partial: 3 of 4 sources", "<tbody>"),
    "forbidden": ("You may not see this.", "Ask Ada for the right."),
}


def templates() -> Iterator[tuple[str, str]]:
    """Yield (template, source) of every page of every room."""
    for path in sources.under(sources.ROOMS, ".html"):
        name = f"{path.parent.name}/{path.name}"
        if name not in NO_LISTS and "mail" not in path.parts:
            yield name, path.read_text(encoding="utf-8")


LISTS: Final = sorted(
    {
        name
        for _t, source in templates()
        for call in _CALL.findall(source)
        for name in sum(_ID.findall(call), ())
        if name
    }
)


def test_every_list_has_a_name_and_goes_through_the_shared_macros() -> None:
    """A list without an id can't be put into a state; a table written by hand has no states at all."""
    for template, source in templates():
        for call in _CALL.findall(source):
            assert _ID.search(call), f"{template}: a list without id: {call[:60]}"
        assert source.count("<tbody") <= len(_CALL.findall(source)), f"{template}: a table beside the macros"


@dataclass
class House:
    """An installation with a full company, and the address that shows each list."""

    lux: Installation
    client: FlaskClient
    addresses: dict[str, str]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Walk through every page once and note which lists it shows."""
    home = tmp_path_factory.mktemp("lists")
    lux = installation(f"sqlite:///{home / 'lux.db'}", home / "home")
    firm = filled(lux)
    sample = lux.firm()
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id == firm.user_id).values(is_operator=True))
        session.execute(update(Company).where(Company.id == sample.id).values(is_sample=True))
    client, ids, found = lux.client(firm), identifiers(lux, firm), dict[str, str]()
    with lux.db.read(ALL_COMPANIES) as session:  # errors belong to no company's own tables
        ids["uuid"] += [str(one) for one in session.scalars(select(ErrorGroup.public_id))]
    asked = list[str | None]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "state_of", asked.append)
        for rule in rules(lux):
            if "GET" not in (rule.methods or set()) or "token" in rule.arguments:
                continue
            for one in ids["uuid"] if rule.arguments else [""]:
                asked.clear()
                path = path_of(rule, ids={"uuid": one, "int": ids["int"][0], "bin_key": "segments"} if one else {})
                if client.get(path).status_code == 200:
                    for name in asked:
                        found.setdefault(str(name), path)
    for name, path in answers(lux, firm).items():
        asked.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lists, "state_of", asked.append)
            assert client.get(path).status_code == 200
        assert name in asked, f"{path} shows {name}"
        found[name] = path
    yield House(lux, client, found)
    lux.db.close()


def answers(lux: Installation, firm: Firm) -> dict[str, str]:
    """Return the addresses of lists that answer what somebody put together."""
    sent = [sending.sent(lux, firm) for _number in range(2)]
    with lux.db.begin(firm.id) as session:
        laid = [Segment(name=f"Laid {n}", name_key=f"laid {n}", is_dynamic=False) for n in (1, 2)]
        session.add_all(laid)
        session.flush()
        undone = session.scalars(select(ContactImport.public_id).where(ContactImport.undo_state == "done")).one()
        waiting = reads.items(session, states=[reads.ItemState.PENDING])[0].public_id
        is_series = (Campaign.run_of_id.is_(None), Campaign.name == "Secret series")
        series = session.scalars(select(Campaign.public_id).where(*is_series)).one()
        company = session.scalars(select(Company.public_id).where(Company.id == firm.id)).one()
        over = "&".join(f"segment={row.public_id}" for row in laid)
    return {
        "batch-rows": f"/approvals/batch?ids={waiting}",
        "compared": "/campaigns/compare?" + "&".join(f"c={one}" for one in sent),
        "import-kept": f"/contacts/imports/{undone}",
        "key-ring-secrets": f"/operate/vault/{company}",
        "series-runs": f"/campaigns/{series}/series",
        "overlap-sizes": f"/segments/overlap?{over}",
    }


@pytest.mark.parametrize("state", sorted(STATES))
@pytest.mark.parametrize("name", LISTS)
def test_a_list_shows_each_of_its_states(house: House, monkeypatch: pytest.MonkeyPatch, name: str, state: str) -> None:
    """The words of the state, the way on, and rows only where there are any; the page around it stays."""
    assert name in house.addresses, "no page of a full company shows this list"
    told = {name: STATES[state]}
    monkeypatch.setattr(lists, "state_of", told.get)
    answer = house.client.get(house.addresses[name])
    assert answer.status_code == 200
    shown = answer.get_data(as_text=True)
    assert f'data-state="{state}"' in shown
    words = [word for word in WORDS[state] if word != "<tbody>" or name not in CARDS]
    assert not [word for word in words if word not in shown]
    assert "<h1" in shown
    assert 'id="nav"' in shown or "<nav" in shown


FAILING: Final = {
    "contacts": ("/contacts?q=ada", listing, "page"),
    "segments": ("/segments/?q=ada", segments, "segments"),
    "campaign-rows": ("/campaigns/?q=ada", campaigns, "listing"),
    "approval-rows": ("/approvals/?tab=past", reads, "items"),
}


@pytest.mark.parametrize("name", sorted(FAILING))
def test_a_list_whose_query_fails_says_so_and_offers_to_try_again(
    lux: Installation, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The page answers with everything else on it, and the error is recorded."""
    address, module, function = FAILING[name]
    client = lux.client(lux.firm())

    def broken(session, *_arguments, **_options):
        session.execute(text("SELECT nothing FROM nowhere"))

    monkeypatch.setattr(module, function, broken)
    answer = client.get(address)
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "This list could not be loaded." in shown
    assert f'href="{address}"' in shown
    assert "<h1" in shown
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.query(ErrorLog).count() == 1
    monkeypatch.undo()
    assert "This list could not be loaded." not in client.get(address).get_data(as_text=True)


def test_a_change_that_fails_is_not_taken_for_an_empty_list(lux_sqlite: Installation) -> None:
    """Only pages that are looked at go on after an error of the database."""
    with lux_sqlite.app.test_request_context("/contacts", method="POST"), pytest.raises(OperationalError):
        lists.load("contacts", lambda: (_ for _ in ()).throw(OperationalError("x", {}, Exception())), ())
