"""Who was it: a person, a machine, or nobody can tell; pure rules over what a request shows, each with its name.

What is not known stays unknown. The name of the rule that decided goes into the fact's properties.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

OPEN_SECONDS = 1.0  # nobody has seen a message in their inbox this soon after it left
CLICK_SECONDS = 4.0  # or has read it and chosen a link
BURST_SECONDS = 30.0  # what one delivery saw within this time of its trap belongs to the same machine
# Click-everything: so many different links of one message within so many seconds. Whatever agent each request names:
# scanners change theirs from request to request, and a delivery belongs to one recipient anyhow.
EVERYTHING = ((2, 1.5), (3, 10.0))
LONGEST_EVERYTHING = max(seconds for _links, seconds in EVERYTHING)

KEPT_AGENTS = 128  # what they are is remembered: a burst of opens comes from few of them, and the patterns are long

YES, MACHINE, UNKNOWN = "yes", "machine", "unknown"

# Apple's Mail Privacy Protection loads every picture through a proxy that names itself by this and nothing else,
# whether or not anybody reads the mail:
# https://help.socketlabs.com/docs/identifying-apple-mpp-opens-in-notification-api-events
# https://wordtothewise.com/2021/09/apple-mpp/
_APPLE_MPP = re.compile(r"Mozilla/5\.0\s*\Z")
# Gmail's proxy asks when the mail is opened: "... Firefox/11.0 (via ggpht.com GoogleImageProxy)"; Yahoo's likewise
# (https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html).
_READERS_PROXY = re.compile(r"GoogleImageProxy|via ggpht\.com|YahooMailProxy")
# Known by their own name, or by a shape no browser of a person has; the last is Gmail loading pictures ahead.
_SCANNERS = re.compile(
    r"barracuda|mimecast|proofpoint|symantec|messagelabs|trendmicro|fortiguard|sophos|forcepoint|cloudmark|ironport"
    r"|bitdefender|safelinks|urldefense|virustotal|urlscan|googlesafety|google-safety"
    r"|\bbot\b|bot/|[a-z]bot\b|crawler|spider|slurp|preview|scanner|monitor|facebookexternalhit|whatsapp/"
    r"|headless|phantomjs|selenium|puppeteer|playwright"
    r"|\Acurl/|\Awget/|python|java/|okhttp|go-http-client|libwww|ruby|\bperl\b|node-fetch|axios|undici|aiohttp|httpx"
    r"|apache-httpclient|winhttp|powershell|existence discovery|Edge/12\.246 Mozilla/5\.0",
    re.IGNORECASE,
)
_BROWSER = re.compile(r"\AMozilla/[45]\.0 \(.+\)")
_MAIL = re.compile(
    r"thunderbird|icedove|microsoft outlook|ms-?office|outlook-(?:ios|android|express)|(?:\b|mac)outlook/|windowsmail/"
    r"|airmail|em ?client|postbox|\bmailmate\b|mailspring|mailbird|mailbar/|mailmaster|foxmail|bluemail|navermail"
    r"|yahoomobile|yahoo%20mail|yahoo\.ymail|\bbarca(?:pro)?/|lotus-notes|the bat!|evolution|kmail|claws mail"
    r"|betterbird",
    re.IGNORECASE,
)
_TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook|android(?!.*mobile)", re.IGNORECASE)
_PHONE = re.compile(r"iphone|ipod|android.*mobile|windows phone|\bmobile\b", re.IGNORECASE)
_DESKTOP = re.compile(r"windows nt|macintosh|x11|cros |linux x86", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Who it was, and by which rule."""

    human: str  # yes | machine | unknown
    rule: str


def of_open(agent: str, since: float | None) -> Judgement:
    """Judge the loading of the picture; `since` = seconds since the message left, None = it had not."""
    if _APPLE_MPP.match(agent):
        return Judgement(human=MACHINE, rule="apple_mpp")
    return _early(since, OPEN_SECONDS) or _by_agent(agent)


def of_click(agent: str, since: float | None) -> Judgement:
    """Judge the following of a link, by itself; what stands around it `is_everything` and the trap tell."""
    return _early(since, CLICK_SECONDS) or _by_agent(agent)


def is_everything(ages: Mapping[int, float]) -> bool:
    """Say whether somebody follows every link: link number → seconds since it was followed last, this one at 0."""
    return any(sum(age <= seconds for age in ages.values()) >= links for links, seconds in EVERYTHING)


@lru_cache(maxsize=KEPT_AGENTS)
def device_of(agent: str) -> str:
    """Return the coarse family of what a request calls itself: coarse, because most say no more that is true."""
    if _READERS_PROXY.search(agent):
        return "web"
    families = (("mail", _MAIL), ("tablet", _TABLET), ("phone", _PHONE), ("desktop", _DESKTOP))
    return next((name for name, pattern in families if pattern.search(agent)), "unknown")


def _early(since: float | None, limit: float) -> Judgement | None:
    if since is None:
        return Judgement(human=MACHINE, rule="before_sending")
    return Judgement(human=MACHINE, rule="too_soon") if since < limit else None


@lru_cache(maxsize=KEPT_AGENTS)
def _by_agent(agent: str) -> Judgement:
    if not agent.strip():
        return Judgement(human=UNKNOWN, rule="no_agent")
    if _READERS_PROXY.search(agent):
        return Judgement(human=YES, rule="reader_proxy")
    if _SCANNERS.search(agent):
        return Judgement(human=MACHINE, rule="scanner_agent")
    if _BROWSER.match(agent) or _MAIL.search(agent):
        return Judgement(human=YES, rule="browser")
    return Judgement(human=UNKNOWN, rule="unknown_agent")
