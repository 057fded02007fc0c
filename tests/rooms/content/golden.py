"""Golden pictures of the starters: made with one font, kept small, compared by what an eye would notice.

`python -m tests.rooms.content.golden` makes them anew after a wanted change; look at what it made before you commit it.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image, ImageChops

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER: Final = Path(__file__).with_name("golden")
FONT: Final = Path(__file__).parents[3] / (
    "frontend/node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"
)
SIZES: Final = {"desktop": (700, "light"), "dark": (700, "dark"), "phone": (390, "light"), "dark-phone": (390, "dark")}
SHRINK: Final = 5  # one pixel of a golden picture is a square of so many: edges of letters melt away, shapes stay
CELL: Final = 4  # pixels of a golden picture beside each other that are judged together
NOTICED: Final = 20  # of 255: from here on a cell counts as different
MOST_DIFFERENT: Final = 0.01  # share of cells
MOST_ON_AVERAGE: Final = 2.0  # of 255


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far two pictures are from each other."""

    average: float  # of 255, over all pixels
    cells: float  # share of cells that an eye would notice
    heights: tuple[int, int]

    @property
    def is_noticed(self) -> bool:
        """Say whether an eye would see it."""
        return (
            abs(self.heights[0] - self.heights[1]) > 1 or self.average > MOST_ON_AVERAGE or self.cells > MOST_DIFFERENT
        )


def prepare(page: Page, html: str) -> None:
    """Show a mail in the one font that every machine has: Inter, as the front end's lock file pins it."""
    font = base64.b64encode(FONT.read_bytes()).decode()
    page.set_content(html)
    page.add_style_tag(
        content=f"@font-face {{ font-family: Golden; font-weight: 100 900; src: url(data:font/woff2;base64,{font}) }}"
        "* { font-family: Golden !important }"
    )
    loaded: Any = page.evaluate("document.fonts.load('16px Golden').then((faces) => faces.length)")
    assert loaded == 1, "the font is there, or every picture would be of another one"


def picture(page: Page) -> Image.Image:
    """Return the whole page, shrunk."""
    whole = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    return whole.resize((whole.width // SHRINK, whole.height // SHRINK), Image.Resampling.BOX)


def kept(name: str) -> Image.Image:
    """Return a golden picture."""
    return Image.open(FOLDER / f"{name}.png").convert("RGB")


def keep(name: str, made: Image.Image) -> None:
    """Make a picture the golden one."""
    FOLDER.mkdir(exist_ok=True)
    made.quantize(64, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


def difference(one: Image.Image, other: Image.Image) -> Difference:
    """Compare two pictures over what both of them cover."""
    size = (min(one.width, other.width), min(one.height, other.height))
    apart = ImageChops.difference(one.crop((0, 0, *size)), other.crop((0, 0, *size)))
    cells = apart.resize((max(1, size[0] // CELL), max(1, size[1] // CELL)), Image.Resampling.BOX)
    levels = [max(pixel) for pixel in cells.get_flattened_data()]
    means = [sum(pixel) / 3 for pixel in apart.get_flattened_data()]
    return Difference(
        average=sum(means) / len(means),
        cells=sum(level >= NOTICED for level in levels) / len(levels),
        heights=(one.height, other.height),
    )


if __name__ == "__main__":
    from tests.rooms.content.test_golden_pictures import make_all

    make_all()
