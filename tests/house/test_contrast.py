"""What the design promises about contrast is computed from the tokens as they are (WCAG 2.2)."""

from __future__ import annotations

import re

import pytest

from tests.house import sources

TOKENS = sources.ROOT / "frontend" / "scss" / "_tokens.scss"
SURFACES = ("bg", "surface", "raised")
BRIGHT = ("purple", "purple-hi", "cyan", "cyan-hi", "pink", "pink-hi", "ok", "warn")
CHIPS = ("purple-hi", "cyan-hi", "pink-hi", "ok", "warn")
BLACK, WHITE = "#000000", "#ffffff"


def tokens():
    text = TOKENS.read_text(encoding="utf-8")
    return dict(re.findall(r"--lux-([a-z0-9-]+):\s*(#[0-9a-fA-F]{3,8})\b", text))


def channels(colour):
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]


def luminance(colour):
    """Relative luminance, WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(colour, share, ground):
    """Return a tint: `share` of a colour over a ground."""
    pairs = zip(channels(colour), channels(ground), strict=True)
    return "#" + "".join(f"{round(255 * (c * share + g * (1 - share))):02x}" for c, g in pairs)


def below(minimum, pairs):
    """Return the pairs (name, colour, ground) that miss a minimum."""
    return [
        f"{name}: {ratio:.2f} < {minimum}"
        for name, colour, ground in pairs
        if (ratio := contrast(colour, ground)) < minimum
    ]


def on_surfaces(names):
    known = tokens()
    return [(f"{n} on {s}", known[n], known[s]) for n in names for s in SURFACES]


def test_the_formula_gives_the_published_values():
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)


def test_text_is_read_everywhere():
    # The quietest text on the lightest card is the least of them: 6.15.
    assert not below(6.1, on_surfaces(["text", "text-2", "text-3"]))


def test_status_and_brand_colours_are_read_as_text():
    assert not below(4.5, on_surfaces([*BRIGHT, "bad"]))


def test_borders_of_controls_and_the_focus_ring_are_seen():
    assert not below(3, on_surfaces(["control", "focus"]))


def test_black_is_read_on_bright_fills_and_white_on_the_dark_one():
    known = tokens()
    assert not below(4.5, [(f"black on {name}", BLACK, known[name]) for name in BRIGHT])
    assert not below(4.5, [("white on purple-fill", WHITE, known["purple-fill"])])


def test_a_chip_is_read_on_its_own_tint():
    known = tokens()
    tints = [(f"{name} on 16 % of it", known[name], mixed(known[name], 0.16, known["surface"])) for name in CHIPS]
    assert not below(4.5, tints)
