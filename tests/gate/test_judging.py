"""Who it was: each rule by the request it was made for, and nothing decided that is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from lux.gate import judging

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135"
    " Safari/537.36 Edge/12.246 Mozilla/5.0"
)


@pytest.mark.parametrize(
    ("agent", "since", "human", "rule"),
    [
        ("Mozilla/5.0", 3600, "machine", "apple_mpp"),
        (GMAIL, 3600, "yes", "reader_proxy"),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", 3600, "yes", "reader_proxy"),
        (GMAIL_AHEAD, 3600, "machine", "scanner_agent"),
        (CHROME, 3600, "yes", "browser"),
        (CHROME, 0.4, "machine", "too_soon"),
        (CHROME, None, "machine", "before_sending"),
        ("Thunderbird/128.0", 60, "yes", "browser"),
        ("", 3600, "unknown", "no_agent"),
        ("SomeThing/1.0", 3600, "unknown", "unknown_agent"),
    ],
)
def test_opens(agent: str, since: float | None, human: str, rule: str) -> None:
    assert judging.of_open(agent, since) == judging.Judgement(human=human, rule=rule)


@pytest.mark.parametrize(
    ("agent", "since", "human", "rule"),
    [
        (CHROME, 60, "yes", "browser"),
        (IPHONE, 60, "yes", "browser"),
        (CHROME, 3.9, "machine", "too_soon"),
        (CHROME, -1, "machine", "too_soon"),
        (CHROME, None, "machine", "before_sending"),
        ("curl/8.5.0", 600, "machine", "scanner_agent"),
        ("python-requests/2.32", 600, "machine", "scanner_agent"),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", 600, "machine", "scanner_agent"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/139.0", 600, "machine", "scanner_agent"),
        ("Mozilla/5.0 (compatible; BarracudaCentral)", 600, "machine", "scanner_agent"),
        ("Mozilla/5.0", 600, "unknown", "unknown_agent"),
        ("", 600, "unknown", "no_agent"),
    ],
)
def test_clicks(agent: str, since: float | None, human: str, rule: str) -> None:
    assert judging.of_click(agent, since) == judging.Judgement(human=human, rule=rule)


def corpus() -> list[tuple[str, str, str]]:
    lines = Path(__file__).with_name("agents.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(family, human, agent) for family, human, agent in rows]


def test_the_corpus_of_real_agents_is_large() -> None:
    assert len({agent for _family, _human, agent in corpus()}) == len(corpus()) >= 60


@pytest.mark.parametrize(("family", "human", "agent"), corpus())
def test_real_agents_are_known_for_what_they_are(family: str, human: str, agent: str) -> None:
    assert (judging.device_of(agent), judging.of_open(agent, 3600).human) == (family, human)


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ({1: 0.0}, False),
        ({1: 0.0, 2: 1.0}, True),
        ({1: 0.0, 2: 3.0}, False),
        ({1: 0.0, 2: 3.0, 3: 9.0}, True),
        ({1: 0.0, 2: 5.0, 3: 11.0}, False),
    ],
)
def test_following_every_link(ages: dict[int, float], expected: bool) -> None:
    assert judging.is_everything(ages) is expected


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        (CHROME, "desktop"),
        (IPHONE, "phone"),
        (GMAIL, "web"),
        ("Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", "tablet"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/139.0 Mobile Safari/537.36", "phone"),
        ("Mozilla/5.0 (Linux; Android 15; SM-X910) AppleWebKit/537.36 Chrome/139.0 Safari/537.36", "tablet"),
        ("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0)", "mail"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0", "mail"),
        ("Mozilla/5.0", "unknown"),
        ("", "unknown"),
    ],
)
def test_device_families(agent: str, family: str) -> None:
    assert judging.device_of(agent) == family
