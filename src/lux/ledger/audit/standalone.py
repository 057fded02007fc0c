"""Verify an export of a LUX audit log with nothing but Python.

    python3 -I verify.py [FOLDER] [--key PUBLIC_KEY]

It checks every row's SHA-256 and its link to the row before, every checkpoint's Ed25519 signature (RFC 8032), and that
the chain still has the hash that was signed. Exit code 0: all holds; 1: it does not. The public key in the folder came
with the export: compare its fingerprint with what LUX shows on its audit page, or hand in with --key the one you noted
earlier. Checkpoints you kept elsewhere: add their lines to checkpoints.jsonl.
"""

# ruff: noqa: T201 - it is a program of its own
import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]
SEALED = (
    "company_id", "seq", "at", "actor_type", "actor_id", "action", "object_type", "object_id", "object_version",
    "content_hash", "detail",
)  # fmt: skip


def point_of(packed: bytes) -> Point:
    """Return the point of the curve that 32 bytes stand for; raises ValueError."""
    number = int.from_bytes(packed, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("no point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def added(one: Point, two: Point) -> Point:
    """Add two points in extended coordinates."""
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """Multiply a point."""
    result = (0, 1, 1, 0)
    while number:
        result = added(result, point) if number & 1 else result
        point, number = added(point, point), number >> 1
    return result


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether an Ed25519 signature is right (RFC 8032, 5.1.7)."""
    s = int.from_bytes(signature[32:], "little")
    if len(key) != 32 or len(signature) != 64 or s >= L:
        return False
    try:
        public, commitment = point_of(key), point_of(signature[:32])
    except ValueError:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(s, BASE), added(commitment, times(k, public))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def canonical(fields: dict[str, Any]) -> bytes:
    """Return canonical JSON (RFC 8785) of text and whole numbers."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def chain_fault(path: Path, wanted: dict[int, set[str]]) -> tuple[int, str]:  # noqa: PLR0911 - one for each fault
    """Walk one chain; returns how many rows hold and what is wrong with the next, "" for nothing."""
    previous, expected, count = "", 1, 0
    for row in lines_of(path):
        if not count and row["seq"] > 1:  # an export of the later part: what was before is taken as it says
            expected, previous = row["seq"], row["prev_hash"]
            if any(one != previous for one in wanted.get(expected - 1, ())):
                return count, f"row {expected} does not follow the row a checkpoint has"
        if row["seq"] != expected:
            return count, f"row {expected}: a row is missing"
        if row["prev_hash"] != previous:
            return count, f"row {expected}: it does not follow the row before"
        sealed = bytes.fromhex(previous) + canonical({name: row[name] for name in SEALED})
        if hashlib.sha256(sealed).hexdigest() != row["hash"]:
            return count, f"row {expected}: its content was changed"
        if any(one != row["hash"] for one in wanted.get(expected, ())):
            return count, f"row {expected}: it is not what a checkpoint has: the chain was written anew"
        previous, expected, count = row["hash"], expected + 1, count + 1
    if max(wanted, default=0) >= expected:
        return count, f"row {expected}: rows are missing at the end: a checkpoint has row {max(wanted)}"
    return count, ""


def main() -> int:
    """Verify a folder."""
    parser = argparse.ArgumentParser(description="Verify an export of a LUX audit log.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--key", action="append", help="public key in base64 that you trust, instead of those here")
    options = parser.parse_args()
    keys = set(options.key or (options.folder / "public-keys.txt").read_text().split())
    problems, wanted = [], dict[int, dict[int, set[str]]]()
    signed = lines_of(options.folder / "checkpoints.jsonl")
    for one in signed:
        place = {name: one[name] for name in ("company", "seq", "hash", "time")}
        message = b"lux-audit-checkpoint-v1\n" + canonical(place)
        key, signature = base64.b64decode(one["key"]), base64.b64decode(one["signature"])
        if one["key"] not in keys or not is_signed(key, message, signature):
            problems.append(f"chain {one['company']}: the checkpoint at row {one['seq']} is not signed with that key")
        wanted.setdefault(one["company"], {}).setdefault(one["seq"], set()).add(one["hash"])
    chains = {int(path.stem): path for path in (options.folder / "chains").glob("*.jsonl")}
    for company in sorted({*chains, *wanted}):
        count, fault = chain_fault(chains[company], wanted.get(company, {})) if company in chains else (0, "is missing")
        problems += [f"chain {company}: {fault}"] if fault else []
        last = max(wanted.get(company, {}), default=0)
        print(f"chain {company}: {count} rows hold, {len(wanted.get(company, {}))} checkpoints, the last at row {last}")
    for public in sorted(keys):
        print("signed with", public, "fingerprint", hashlib.sha256(base64.b64decode(public)).hexdigest()[:16])
    if not signed:
        print("there is no checkpoint: rows cut off at the end, or a chain written anew, could not be noticed")
    print(*(f"DOES NOT HOLD: {one}" for one in problems), sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
