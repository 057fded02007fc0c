"""Pictures people upload: decoded under caps, turned upright, and written anew, so that nothing but pixels stays."""

from __future__ import annotations

import hashlib
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Final

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES: Final = 25 * 2**20
# A JPEG is decoded at half, a quarter or an eighth of its size where that is enough; the others are decoded whole.
MAX_PIXELS: Final = {"JPEG": 60_000_000, "PNG": 25_000_000, "GIF": 25_000_000, "WEBP": 25_000_000}
MAX_EDGE: Final = 20_000  # pixels
WIDEST: Final = 2400  # pixels kept of the longer edge: twice the width of any mail
WIDTHS: Final = (1200, 600)  # smaller ones made of every picture that is wider
JPEG_QUALITY: Final = 85
TYPES: Final = {"jpg": "image/jpeg", "png": "image/png"}
NAME: Final = re.compile(r"[0-9a-f]{24}-[1-9][0-9]{0,4}\.(?:jpg|png)")
# What Pillow's decoders raise on files that are broken or made to break them.
_BROKEN: Final = (OSError, ValueError, SyntaxError, EOFError, LookupError, ArithmeticError, TypeError, struct.error)

_one_at_a_time = threading.Lock()  # so that pixels take memory once per process, however many upload


@dataclass(frozen=True, kw_only=True)
class PictureFile:
    """One finished file; its name holds its own fingerprint and width."""

    name: str  # 24 hex digits of the SHA-256, "-", width, ".jpg" or ".png"
    width: int
    height: int
    sha256: str
    body: bytes


def re_encode(source: BinaryIO, *, field: str) -> list[PictureFile]:
    """Return the picture written anew, the largest first, then the smaller widths; raises InvalidInput.

    JPEG stays JPEG, PNG stays PNG; of GIF the first frame becomes PNG; WebP becomes PNG where it is transparent,
    else JPEG, because Outlook on Windows shows neither WebP nor more than a GIF's first frame. Orientation is applied;
    EXIF, places, comments, profiles and everything that is not a pixel is gone.
    """
    body = source.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise _too_large(field, _("The file is larger than %(limit)s MB.", limit=MAX_BYTES // 2**20))
    with _one_at_a_time, _refusing(field):
        picture, is_lossy = _decoded(body, field)
        suffix = "jpg" if is_lossy and picture.mode in {"L", "RGB"} else "png"
        return [_written(one, suffix) for one in _sizes(picture)]


def digest(body: bytes) -> str:
    """Return the hex SHA-256 of a file."""
    return hashlib.sha256(body).hexdigest()


@contextmanager
def _refusing(field: str) -> Iterator[None]:
    """Turn whatever a decoder says into one clear answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, which is dropped anyway
        try:
            yield
        except _BROKEN as error:
            raise InvalidInput(
                field=field,
                message=_("This file is no whole picture."),
                fix=_("Upload a JPEG, PNG, GIF or WebP file; open and save it once more if it is one."),
            ) from error


def _decoded(body: bytes, field: str) -> tuple[Image, bool]:
    """Return the upright picture, and whether a lossy file held it."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture: Image.Image = Image.open(BytesIO(body), formats=list(MAX_PIXELS))
    except Image.DecompressionBombError as error:
        raise _too_large(field, _("The picture is too large: it has far too many pixels.")) from error
    except UnidentifiedImageError as error:
        raise InvalidInput(
            field=field,
            message=_("This is no picture that mails can show."),
            fix=_("Upload a JPEG, PNG, GIF or WebP file. SVG and HTML are not taken: they can hold programs."),
        ) from error
    kind = str(picture.format)
    width, height = picture.size
    if width * height > MAX_PIXELS[kind] or max(width, height) > MAX_EDGE:
        raise _too_large(
            field, _("The picture is too large: %(width)s × %(height)s pixels.", width=width, height=height)
        )
    is_lossy = kind == "JPEG" or (kind == "WEBP" and picture.mode == "RGB")
    picture.draft("RGB", (WIDEST, WIDEST))  # heeded by JPEG alone
    picture.load()
    return _eight_bits(ImageOps.exif_transpose(picture)), is_lossy


def _too_large(field: str, message: str) -> InvalidInput:
    fix = _("Make it smaller: 2400 pixels on the longer edge are enough for any mail.")
    return InvalidInput(field=field, message=message, fix=fix)


def _eight_bits(picture: Image) -> Image:
    """Return the picture in a mode that both files know, with eight bits a channel, in sRGB."""
    mode, profile = picture.mode, picture.info.get("icc_profile")
    if mode.startswith("I") or mode == "F":  # 16 bits of grey
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    is_clear = "transparency" in picture.info
    if mode in {"P", "PA", "1"} or (is_clear and mode in {"L", "RGB"}):
        return picture.convert("RGBA" if is_clear or mode == "PA" else "RGB")
    if profile and mode in {"RGB", "CMYK"}:
        return _in_srgb(picture, profile)
    known = {"L": "L", "LA": "RGBA", "RGB": "RGB", "RGBA": "RGBA"}
    return picture.convert(known.get(mode, "RGB"))


def _in_srgb(picture: Image, profile: bytes) -> Image:
    from PIL import ImageCms

    try:
        own = ImageCms.ImageCmsProfile(BytesIO(profile))
        changed = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):  # a broken profile: the plain conversion is what programs without one show
        changed = None
    return changed or picture.convert("RGB")


def _sizes(picture: Image) -> Iterator[Image]:
    largest = picture
    if max(picture.size) > WIDEST:
        largest = picture.copy()
        largest.thumbnail((WIDEST, WIDEST))
    yield largest
    for width in WIDTHS:
        if largest.width > width:
            yield largest.resize((width, max(1, round(largest.height * width / largest.width))))


def _written(picture: Image, suffix: str) -> PictureFile:
    target = BytesIO()
    picture.info = {}
    if suffix == "jpg":
        picture.save(target, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    else:
        picture.save(target, "PNG", optimize=True)
    body = target.getvalue()
    fingerprint = digest(body)
    name = f"{fingerprint[:24]}-{picture.width}.{suffix}"
    return PictureFile(name=name, width=picture.width, height=picture.height, sha256=fingerprint, body=body)
