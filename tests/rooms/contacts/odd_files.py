"""Odd files as people have them, made in code: name -> bytes -> what becomes of them."""

# ruff: noqa: E501, DTZ001 - a table: each file is one line; workbooks know no zones
from __future__ import annotations

import codecs
import datetime as dt
import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openpyxl

TWO = "email,name\nada@example.com,Ada Lovelace\nbo@example.com,Bo Diddley\n"
UMLAUT = "E-Mail;Vorname;Nachname;Ort\nada@example.com;Zoë;Müller;Köln\nbo@example.com;Bo;Ærø;Łódź\n"
LATIN = UMLAUT.replace("Łódź", "Århus")
BOTH = ("ada@example.com", "bo@example.com")


@dataclass(frozen=True, kw_only=True)
class Odd:
    """A file and what becomes of it."""

    body: bytes
    name: str = "people.csv"
    refused: str = ""  # words of the refusal at the upload
    people: tuple[str, ...] = ()  # addresses that come in, sorted
    rejected: int = 0
    duplicates: int = 0
    gaps: int = 0
    where: dict[str, Any] | None = None  # fields of the first of them


def sheet(*rows: list[Any], **others: list[list[Any]]) -> bytes:
    """Return a workbook: the rows of its first sheet, and more sheets by name; `_name` is hidden."""
    book = openpyxl.Workbook()
    book.active.title = "First"
    for row in rows:
        book.active.append(row)
    for name, content in others.items():
        other = book.create_sheet(name.strip("_"))
        other.sheet_state = "hidden" if name.startswith("_") else "visible"
        for row in content:
            other.append(row)
    target = io.BytesIO()
    book.save(target)
    book.close()
    return target.getvalue()


def changed(book: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook with one part changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return target.getvalue()


def zipped(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return target.getvalue()


def card(*lines: str, version: str = "3.0", end: str = "\r\n") -> str:
    return end.join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


ADA_CARD = card("N:Lovelace;Ada;;;", "FN:Ada Lovelace", "EMAIL;TYPE=INTERNET:ada@example.com")
BO_CARD = card("N:Diddley;Bo;;;", "FN:Bo Diddley", "EMAIL:bo@example.com")
PLAIN = sheet(["email", "first name"], ["ada@example.com", "Ada"], ["bo@example.com", "Bo"])
ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<si><t>&c;</t></si></sst>"""
OUTSIDE = ENTITIES.replace(b'<!ENTITY a "aaaaaaaaaa">', b'<!ENTITY a SYSTEM "file:///etc/passwd">')
MANIFEST = b'<Types><Override ContentType="application/vnd.openxmlformats-officedocument.%s.main+xml"/></Types>'


def formula_book() -> bytes:
    """Return a workbook with a formula and its cached value, and one that was never reckoned."""
    book = sheet(["email", "first name", "city"], ["ada@example.com", '=CONCATENATE("A","da")', "=1+1"])
    return changed(
        book,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(
            b'<c r="B2"><f>CONCATENATE("A","da")</f><v />', b'<c r="B2" t="str"><f>X()</f><v>Ada</v>'
        ),
    )


def excel_book(strings: bytes) -> bytes:
    """Return a workbook as Excel writes it, its texts in a part of their own."""
    cell = '<c r="%s" t="s"><v>%d</v></c>'
    rows = "".join(
        f'<row r="{row + 1}">{cell % (f"A{row + 1}", 2 * row)}{cell % (f"B{row + 1}", 2 * row + 1)}</row>'
        for row in range(3)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    content = f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'.encode()
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
    book = changed(PLAIN, "xl/worksheets/sheet1.xml", lambda _xml: content)
    book = changed(book, "[Content_Types].xml", lambda xml: xml.replace(b"</Types>", override))
    target = io.BytesIO(book)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", strings)
    return target.getvalue()


STRINGS = b"""<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>email</t></si>
<si><t>first name</t></si><si><t>ada@example.com</t></si><si><r><t>A</t></r><r><t>da</t></r></si><si><t>bo@example.com</t></si>
<si><t>Bo</t></si></sst>"""

CSV: dict[str, Odd] = {
    "plain": Odd(body=TWO.encode(), people=BOTH, where={"first_name": "Ada", "last_name": "Lovelace"}),
    "utf8 with a mark": Odd(body=UMLAUT.encode("utf-8-sig"), people=BOTH, where={"city": "Köln"}),
    "utf16 le with a mark": Odd(body=codecs.BOM_UTF16_LE + UMLAUT.encode("utf-16-le"), people=BOTH,
                                where={"first_name": "Zoë"}),
    "utf16 be with a mark": Odd(body=codecs.BOM_UTF16_BE + UMLAUT.encode("utf-16-be"), people=BOTH,
                                where={"last_name": "Müller"}),
    "utf16 le bare": Odd(body=UMLAUT.encode("utf-16-le"), people=BOTH, where={"city": "Köln"}),
    "utf16 be bare": Odd(body=UMLAUT.encode("utf-16-be"), people=BOTH, where={"city": "Köln"}),
    "latin1": Odd(body=LATIN.encode("latin-1"), people=BOTH, where={"first_name": "Zoë", "city": "Köln"}),
    "windows 1252": Odd(body=LATIN.replace("Köln", "Köln – “Süd”").encode("cp1252"), people=BOTH,
                        where={"city": "Köln – “Süd”"}),
    "semicolons": Odd(body=TWO.replace(",", ";").encode(), people=BOTH),
    "tabs": Odd(body=TWO.replace(",", "\t").encode(), name="people.tsv", people=BOTH),
    "pipes": Odd(body=TWO.replace(",", "|").encode(), people=BOTH),
    "sep line": Odd(body=b"sep=|\n" + TWO.replace(",", "|").encode(), people=BOTH),
    "crlf": Odd(body=TWO.replace("\n", "\r\n").encode(), people=BOTH),
    "old mac": Odd(body=TWO.replace("\n", "\r").encode(), people=BOTH),
    "no last line end": Odd(body=TWO.rstrip().encode(), people=BOTH),
    "quoted newline": Odd(body=b'email,organisation\nada@example.com,"Analytical\nEngines"\n',
                          people=("ada@example.com",), where={"organisation": "Analytical Engines"}),
    "doubled quotes": Odd(body=b'email,organisation\nada@example.com,"The ""Engine"""\n',
                          people=("ada@example.com",), where={"organisation": 'The "Engine"'}),
    "delimiter in quotes": Odd(body=b'email,organisation\nada@example.com,"Engines, Ltd"\n',
                               people=("ada@example.com",), where={"organisation": "Engines, Ltd"}),
    "open quote": Odd(body=b'email,city\n"ada@example.com,x\nbo@example.com,y\n', people=("bo@example.com",), rejected=1),
    "short row": Odd(body=b"email,city,phone\nada@example.com\nbo@example.com,,\n", people=("bo@example.com",), rejected=1),
    "long row": Odd(body=b"email,city\nada@example.com,x,surplus\nbo@example.com,y\n", people=("bo@example.com",),
                    rejected=1),
    "long row of empty cells": Odd(body=b"email,city\nada@example.com,x,,,\nbo@example.com,y\n", people=BOTH),
    "forty columns": Odd(
        body=(",".join(["email", *(f"c{n}" for n in range(39))]) + "\n"
              + ",".join(["ada@example.com", *("v" for _ in range(39))]) + "\n").encode(), people=("ada@example.com",)),
    "blank lines": Odd(body=b"\n\nemail,city\n\n,\nada@example.com,x\n\n\nbo@example.com,y\n\n", people=BOTH),
    "a nul in a row": Odd(body=b"email,first name\nada@example.com,A\x00da\n" + b"bo@example.com,Bo\n" + b"\n" * 90, rejected=1,
                          people=("bo@example.com",)),
    "invalid addresses": Odd(body=b"email\nada\nada@\n@example.com\na b@example.com\nbo@example.com\n",
                             people=("bo@example.com",), rejected=4),
    "doubled in other case": Odd(body=b"email\nada@example.com\nADA@Example.COM\n ada@EXAMPLE.com \n",
                                 people=("ada@example.com",), duplicates=2),
    "idn": Odd(body="email\nada@müller.example\nbo@xn--mller-kva.example\nADA@MÜLLER.example\n".encode(),
               people=("ada@xn--mller-kva.example", "bo@xn--mller-kva.example"), duplicates=1),
    "no header": Odd(body=b"ada@example.com,Ada\nbo@example.com,Bo\n", people=BOTH),
    "header twice the same": Odd(body=b"email,city,city\nada@example.com,A,B\n", people=("ada@example.com",),
                                 where={"city": "A"}),
    "headings empty": Odd(body=b"email,,,\nada@example.com,a,b,c\n", people=("ada@example.com",)),
    "no address heading": Odd(body=b"who,what\nada@example.com,x\nbo@example.com,y\n", people=BOTH),
    "one column": Odd(body=b"ada@example.com\nbo@example.com\n", name="list.txt", people=BOTH),
    "spaces around": Odd(body=b"email , city \n ada@example.com , Bonn \n", people=("ada@example.com",),
                         where={"city": "Bonn"}),
    "formula guard": Odd(body=b"email,phone\nada@example.com,'+493023125001\n", people=("ada@example.com",),
                         where={"phone": "+493023125001"}),
    "header again in the middle": Odd(body=(TWO + "email,name\n").encode(), people=BOTH, rejected=1),
    "a very long cell": Odd(body=b"email,city\nada@example.com," + b"x" * 5000 + b"\nbo@example.com,y\n",
                            people=("bo@example.com",), rejected=1),
    "a line beyond all bounds": Odd(body=b"email,city\nada@example.com," + b"x" * 1_200_000 + b"\nbo@example.com,y\n",
                                    people=("bo@example.com",), rejected=1),
    "wrong name, right content": Odd(body=TWO.encode(), name="people.xlsx", people=BOTH),
}  # fmt: skip
REFUSED: dict[str, Odd] = {
    "empty": Odd(body=b"", refused="The file is empty"),
    "only blanks": Odd(body=b" \r\n\n\t\n", refused="The file is empty"),
    "only a header": Odd(body=b"email,name\n", refused="a header and no rows"),
    "only a mark": Odd(body=codecs.BOM_UTF8, refused="The file is empty"),
    "pdf as csv": Odd(body=b"%PDF-1.7\n" + bytes(range(256)), refused="a PDF"),
    "png as csv": Odd(body=b"\x89PNG\r\n\x1a\n" + bytes(64), refused="a picture"),
    "gzip as csv": Odd(body=gzip.compress(TWO.encode()), refused="a compressed file"),
    "old excel": Odd(body=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), name="people.xls", refused="old Excel"),
    "program": Odd(body=b"\x7fELF\x02\x01\x01" + bytes(64), refused="a program"),
    "database": Odd(body=b"SQLite format 3\x00" + bytes(84), refused="a database"),
    "noise": Odd(body=b"abc\x00\x00\x00\x00def\x01" * 50, refused="not a text file"),
    "utf32": Odd(body=TWO.encode("utf-32"), refused="UTF-32"),
    "zip as csv": Odd(body=zipped(people_csv=TWO.encode()), refused="a ZIP archive"),
    "cut zip": Odd(body=PLAIN[: len(PLAIN) // 2], name="people.xlsx", refused="damaged"),
    "word as xlsx": Odd(body=zipped(**{"[Content_Types]_xml": MANIFEST % b"wordprocessingml.document"}),
                        name="people.xlsx", refused="a Word document"),
    "opendocument": Odd(body=zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), name="people.ods",
                        refused="an OpenDocument file"),
    "xml bomb": Odd(body=excel_book(ENTITIES), refused="damaged"),
    "xml that reads files": Odd(body=excel_book(OUTSIDE), refused="damaged"),
    "zip bomb": Odd(body=changed(PLAIN, "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * 30_000_000),
                    refused="times its size"),
    "broken xml": Odd(body=changed(PLAIN, "xl/workbook.xml", lambda xml: xml[:-20]), refused="damaged"),
    "too many columns": Odd(body=sheet(["email"] + ["x"] * 1200, ["ada@example.com"] * 1201), refused="1000 columns"),
    "empty workbook": Odd(body=sheet(), name="people.xlsx", refused="The workbook is empty"),
    "workbook with a header only": Odd(body=sheet(["email", "name"]), refused="a header and no rows"),
}  # fmt: skip
WORKBOOKS: dict[str, Odd] = {
    "xlsx": Odd(body=PLAIN, name="people.xlsx", people=BOTH, where={"first_name": "Ada"}),
    "xlsx by Excel": Odd(body=excel_book(STRINGS), name="people.xlsx", people=BOTH, where={"first_name": "Ada"}),
    "xlsx named csv": Odd(body=PLAIN, people=BOTH),
    "xlsx with formulas": Odd(body=formula_book(), name="people.xlsx", people=("ada@example.com",),
                              where={"first_name": "Ada", "city": ""}),
    "xlsx with numbers and dates": Odd(
        body=sheet(["email", "postal code", "city", "region"],
                   ["ada@example.com", 50667.0, dt.datetime(2026, 3, 4), 1.5]),
        people=("ada@example.com",), where={"postal_code": "50667", "city": "2026-03-04", "region": "1.5"}),
    "xlsx with gaps": Odd(body=sheet([], ["email", "city"], [], ["ada@example.com"], [None, None], ["bo@example.com", "y"]),
                          people=BOTH),
    "xlsx ragged": Odd(body=sheet(["email", "city"], ["ada@example.com", "x", "surplus"], ["bo@example.com"]), people=BOTH),
    "xlsx with a hidden first sheet": Odd(
        body=changed(sheet(["email"], ["hidden@example.com"], Second=[["email"], ["ada@example.com"]]), "xl/workbook.xml",
                     lambda xml: xml.replace(b'state="visible"', b'state="hidden"', 1)), people=("ada@example.com",)),
    "xlsx with an empty first sheet": Odd(body=sheet(Second=[["email"], ["ada@example.com"]]), people=("ada@example.com",)),
    "xlsx with truths and times": Odd(
        body=sheet(["email", "city", "region"], ["ada@example.com", True, dt.time(7, 30)]), people=("ada@example.com",),
        where={"city": "true", "region": "07:30:00"}),
    "xlsx that lies about its size": Odd(
        body=changed(PLAIN, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'ref="A1:B3"', b'ref="A1:XFD1048576"')),
        people=BOTH),
    "xlsx without a header": Odd(body=sheet(["ada@example.com", "Ada"], ["bo@example.com", "Bo"]), people=BOTH),
}  # fmt: skip
CARDS: dict[str, Odd] = {
    "vcard 3.0": Odd(body=ADA_CARD.encode(), name="ada.vcf", people=("ada@example.com",),
                     where={"first_name": "Ada", "last_name": "Lovelace"}),
    "vcard several": Odd(body=(ADA_CARD + BO_CARD).encode(), name="all.vcf", people=BOTH),
    "vcard 4.0": Odd(
        body=card("FN:Ada Lovelace", "N:Lovelace;Ada;;;", "EMAIL;PREF=2:other@example.com", "EMAIL;PREF=1:ada@example.com",
                  "TEL;VALUE=uri;TYPE=cell:tel:+49-30-23125001", "ADR:;;Engine St 1;London;;N1;United Kingdom",
                  "BDAY:18151210", version="4.0").encode(), people=("ada@example.com",), gaps=1,
        where={"phone": "+493023125001", "street": "Engine St 1", "city": "London", "country": "GB"}),
    "vcard 2.1 quoted printable": Odd(
        body=card("N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Zo=", "=C3=AB;;;", "EMAIL;PREF;INTERNET:ada@example.com",
                  version="2.1").encode(), people=("ada@example.com",), where={"first_name": "Zoë", "last_name": "Müller"}),
    "vcard folded": Odd(body=card("N:Lovelace;Ada;;;", "ORG:Analytical", "  Engines;Research", "EMAIL:ada@exam", " ple.com").encode(),
                        people=("ada@example.com",), where={"organisation": "Analytical Engines"}),
    "vcard escapes": Odd(body=card(r"N:Love\;lace;Ada\, Countess;;;", "EMAIL:ada@example.com").encode(),
                         people=("ada@example.com",), where={"last_name": "Love;lace", "first_name": "Ada, Countess"}),
    "vcard groups and several": Odd(
        body=card("FN:Ada", "item1.EMAIL;type=INTERNET:ada@example.com", "item2.EMAIL:second@example.com").encode(),
        people=("ada@example.com",), gaps=1),
    "vcard type pref": Odd(body=card("FN:Ada", "EMAIL:old@example.com", "EMAIL;TYPE=INTERNET,PREF:ada@example.com").encode(),
                           people=("ada@example.com",), gaps=1),
    "vcard without an address": Odd(body=(card("FN:Nobody") + ADA_CARD).encode(), people=("ada@example.com",), rejected=1),
    "vcard utf16": Odd(body=codecs.BOM_UTF16_LE + card("N:Müller;Zoë;;;", "EMAIL:ada@example.com").encode("utf-16-le"),
                       people=("ada@example.com",), where={"last_name": "Müller"}),
    "vcard latin1": Odd(body=card("N:Müller;Zoë;;;", "EMAIL:ada@example.com").encode("latin-1"),
                        people=("ada@example.com",), where={"first_name": "Zoë"}),
    "vcard with a photo": Odd(
        body=card("FN:Ada", "PHOTO;ENCODING=b;TYPE=JPEG:" + "A" * 900_000, "EMAIL:ada@example.com").encode(),
        people=("ada@example.com",)),
    "vcard never ended": Odd(body=(ADA_CARD.replace("END:VCARD\r\n", "") + BO_CARD).encode(), people=BOTH),
    "vcard with an agent": Odd(
        body=card("FN:Ada", "AGENT:", "BEGIN:VCARD", "FN:Butler", "EMAIL:butler@example.com", "END:VCARD",
                  "EMAIL:ada@example.com", version="2.1").encode(), people=("ada@example.com",)),
    "vcard lower case": Odd(body=ADA_CARD.lower().encode(), people=("ada@example.com",)),
    "vcard doubled": Odd(body=(ADA_CARD * 2).encode(), people=("ada@example.com",), duplicates=1),
}  # fmt: skip
ALL = CSV | REFUSED | WORKBOOKS | CARDS
