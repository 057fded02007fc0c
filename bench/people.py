"""Writes a file of made-up contacts: the same seed gives the same file, of any size."""

from __future__ import annotations

import csv
import datetime as dt
import random
from pathlib import Path
from typing import Final

FIRST: Final = (
    "Ada Anna Anouk Astrid Bram Callum Chloé Daan Edwin Emma Felix Femke Freya Hugo Ida Inès Isla Jonas Jürgen Lena "
    "Lotte Lucía Lukas Maëlle Maya Mikkel Naomi Nuria Olivia Rhys Rosa Sanne Signe Sophie Søren Teresa Théo Uta"
)
LAST: Final = (
    "Alvarez Bakker Barlow Bennett Brandt Brooks Castro Dekker Fontaine García Girard Groß Holm Hughes Jansen Kjær "
    "Krüger Lefèvre Lund MacLeod Moreau Müller Nguyen Núñez Okafor Ortega Peña Schäfer Sinclair Smit Sutton Visser"
)
CITIES: Final = (
    ("Hamburg", "DE", "de"), ("Leipzig", "DE", "de"), ("Rotterdam", "NL", "nl"), ("Utrecht", "NL", "nl"),
    ("Bristol", "GB", "en"), ("Aarhus", "DK", "da"), ("Nantes", "FR", "fr"), ("Bilbao", "ES", "es"),
    ("Baltimore", "US", "en"), ("Portland", "US", "en"),
)  # fmt: skip
FIRMS: Final = ("", "", "", "", "Harbour Bakery", "Blue Door Books", "Mill Lane Catering", "Three Gulls Deli")
HEADINGS: Final = (
    "E-mail", "First name", "Last name", "Company", "Phone", "City", "Postcode", "Country", "Language", "Tags",
    "Lifecycle", "Newsletter", "Signed up", "Orders",
)  # fmt: skip
READER: Final = "reader"  # tag of those the campaign goes to
FIRST_DAY: Final = dt.date(2023, 1, 1)


def write(path: Path, contacts: int, readers: int, *, seed: int = 7) -> int:
    """Write a CSV file with that many good rows and one broken in 200; returns how many rows it has.

    Spread over the file, exactly `readers` of the good ones have the tag “reader” and said yes.
    """
    chance = random.Random(seed)  # noqa: S311 - made-up people, not secrets
    rows = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(HEADINGS)
        for number in range(contacts):
            is_reader = (number + 1) * readers // contacts > number * readers // contacts
            row = _row(chance, number, is_reader=is_reader)
            out.writerow(row)
            rows += 1
            if number % 200 == 100:
                out.writerow([f"broken.{number}", *row[1:]])  # no address: refused, and listed with its reason
                rows += 1
    return rows


def _row(chance: random.Random, number: int, *, is_reader: bool) -> list[str]:
    first, last = chance.choice(FIRST.split()), chance.choice(LAST.split())
    city, country, language = chance.choice(CITIES)
    orders = min(int(chance.expovariate(0.3)), 40)
    tags = [READER] if is_reader else []
    tags += [name for name, share in (("tasting", 0.2), ("gift", 0.1)) if chance.random() < share]
    says_yes = is_reader or chance.random() < 0.7
    return [
        f"person{number}@mail{number % 97}.example", first, last, chance.choice(FIRMS),
        f"+1202555{chance.randrange(10_000):04d}" if chance.random() < 0.3 else "",
        city, f"{chance.randrange(10_000, 99_999)}", country, language, ", ".join(tags),
        "customer" if orders else "lead", "yes" if says_yes else "no" if chance.random() < 0.3 else "",
        (FIRST_DAY + dt.timedelta(days=chance.randrange(900))).isoformat(), str(orders),
    ]  # fmt: skip
