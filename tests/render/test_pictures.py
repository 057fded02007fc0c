"""Pictures people upload: what comes out is pixels, whatever went in."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

import pytest
from PIL import Image, ImageCms, ImageDraw

from lux.kit.errors import InvalidInput
from lux.render import pictures
from lux.render.pictures import NAME, PictureFile, re_encode

HTML = b"<html><script>alert(document.domain)</script></html>"


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def plain(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    picture = Image.new(mode, size)
    if mode in {"RGB", "RGBA"}:
        ImageDraw.Draw(picture).rectangle((8, 8, 24, 24), fill="#ff0000")
    return picture


def taken(body: bytes) -> list[PictureFile]:
    return re_encode(io.BytesIO(body), field="files")


def opened(file: PictureFile) -> Image.Image:
    return Image.open(io.BytesIO(file.body))


def png(width: int, height: int, *, body: bytes = b"") -> bytes:
    """Return a PNG whose head says what it likes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_names_hold_the_fingerprint_and_the_width_and_nothing_of_the_upload():
    for file in taken(saved(plain(size=(1300, 100)), "JPEG")):
        assert NAME.fullmatch(file.name)
        assert file.name.startswith(pictures.digest(file.body)[:24])
        assert file.sha256 == pictures.digest(file.body)
        assert opened(file).size == (file.width, file.height)


def test_smaller_widths_are_made_of_wide_pictures_alone():
    assert [file.width for file in taken(saved(plain(size=(3000, 300)), "PNG"))] == [2400, 1200, 600]
    assert [file.width for file in taken(saved(plain(size=(700, 300)), "PNG"))] == [700, 600]
    assert [file.width for file in taken(saved(plain(size=(600, 300)), "PNG"))] == [600]


@pytest.mark.parametrize(
    ("kind", "mode", "becomes"),
    [
        ("JPEG", "RGB", "JPEG"), ("JPEG", "L", "JPEG"), ("JPEG", "CMYK", "JPEG"), ("PNG", "RGB", "PNG"),
        ("PNG", "RGBA", "PNG"), ("PNG", "P", "PNG"), ("PNG", "1", "PNG"), ("PNG", "LA", "PNG"), ("PNG", "I;16", "PNG"),
        ("GIF", "P", "PNG"), ("WEBP", "RGB", "JPEG"), ("WEBP", "RGBA", "PNG"),
    ],
)  # fmt: skip
def test_what_mail_programs_show_comes_out(kind: str, mode: str, becomes: str):
    [file] = taken(saved(Image.new(mode, (40, 30)), kind))
    shown = opened(file)
    assert (shown.format, shown.size) == (becomes, (40, 30))
    assert shown.mode in {"L", "RGB", "RGBA"}


def test_sixteen_bits_of_grey_keep_their_brightness():
    [file] = taken(saved(Image.new("I;16", (4, 4), 0x8000), "PNG"))
    assert opened(file).convert("L").getpixel((0, 0)) == pytest.approx(0x80, abs=1)


def test_cmyk_keeps_its_colours():
    [file] = taken(saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = opened(file).getpixel((4, 4))
    assert red > 200
    assert max(green, blue) < 60


def test_transparency_is_kept():
    [file] = taken(saved(Image.new("RGBA", (8, 8), (10, 20, 30, 0)), "PNG"))
    assert opened(file).getpixel((0, 0))[3] == 0


def test_of_a_moving_gif_the_first_picture_is_kept():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("#ff0000", "#00ff00", "#0000ff")]
    [file] = taken(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert getattr(opened(file), "n_frames", 1) == 1
    assert opened(file).convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_orientation_is_applied_and_places_and_names_are_gone():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    exif[0x013B] = "Ada Lovelace"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    body = saved(plain(), "JPEG", exif=exif, comment=b"secret comment", icc_profile=profile)
    assert b"Ada Lovelace" in body
    [file] = taken(body)
    assert (file.width, file.height) == (48, 64)
    assert not opened(file).getexif()
    for trace in (b"Ada Lovelace", b"secret comment", b"Exif", b"ICC_PROFILE"):
        assert trace not in file.body


def test_text_and_profiles_of_a_png_are_gone():
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Author", "Ada Lovelace")
    [file] = taken(saved(plain(), "PNG", pnginfo=info))
    assert b"Ada Lovelace" not in file.body


@pytest.mark.parametrize(
    "tail",
    [HTML, b"PK\x03\x04" + b"\0" * 26 + b"META-INF/MANIFEST.MF", b"<?php system($_GET[0]); ?>"],
    ids=["html", "jar (GIFAR)", "php"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_what_hides_behind_a_picture_dies(kind: str, tail: bytes):
    [file] = taken(saved(plain(), kind) + tail)
    assert tail not in file.body
    assert b"script" not in file.body
    assert b"PK\x03\x04" not in file.body


def test_html_inside_a_jpeg_comment_dies():
    [file] = taken(saved(plain(), "JPEG", comment=HTML))
    assert b"script" not in file.body


@pytest.mark.parametrize(
    "body",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        HTML,
        b"GIF89a" + HTML,
        b"\xff\xd8\xff\xe0" + HTML,
        b"%PDF-1.7",
        saved(plain(), "BMP"),
        saved(plain(), "TIFF"),
        saved(plain(), "ICO"),
        b"\x00\x00\x00\x1cftypavif" + b"\0" * 64,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"",
        b"\0" * 100,
    ],
    ids=["svg", "html", "gif head", "jpeg head", "pdf", "bmp", "tiff", "ico", "avif", "eps", "empty", "zeros"],
)
def test_what_is_no_picture_for_mails_is_refused(body: bytes):
    with pytest.raises(InvalidInput) as refused:
        taken(body)
    assert refused.value.problems[0].field == "files"
    assert refused.value.problems[0].fix


@pytest.mark.parametrize("size", [(65_000, 65_000), (65_535, 1), (20_001, 10), (6_000, 6_000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(size: tuple[int, int]):
    with pytest.raises(InvalidInput, match="too large"):
        taken(png(*size))


def test_a_decompression_bomb_is_refused():
    packed = zlib.compress(b"\0" * 60_000_000, 9)
    with pytest.raises(InvalidInput):
        taken(png(65_000, 65_000, body=packed))
    [file] = taken(png(10, 10, body=packed))  # no more is unpacked than the head says
    assert file.width == 10


def test_a_file_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 1000)
    with pytest.raises(InvalidInput, match="larger than"):
        taken(saved(plain(), "PNG") + b"\0" * 1000)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_truncated_files_are_refused(kind: str, share: float):
    noisy = Image.effect_noise((200, 200), 90).convert("RGB")
    body = saved(noisy, kind)
    with pytest.raises(InvalidInput):
        taken(body[: int(len(body) * share)])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_damaged_files_give_a_picture_or_a_clear_answer(kind: str):
    """Every 97th byte turned over, one at a time: nothing else is ever raised."""
    body = saved(Image.effect_noise((60, 60), 90).convert("RGB"), kind)
    for place in range(0, len(body), max(97, len(body) // 60)):
        broken = body[:place] + bytes([body[place] ^ 0xFF]) + body[place + 1 :]
        _taken_or_refused(broken)


def _taken_or_refused(body: bytes) -> None:
    with contextlib.suppress(InvalidInput):
        taken(body)
