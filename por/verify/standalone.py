"""Check one Tallystick inclusion proof. One file, Python 3.8 or newer, standard library only, no network.

    python standalone.py PROOF --attestation FILE --key FILE_OR_HEX [--account ID] [--json]

Without --account it asks for the id on a terminal; elsewhere the identity stays unchecked.
Exit status: 0 valid; 1 invalid; 2 unchecked, unreadable input or misuse.

The rules. Nothing is taken from the proof that the attestation or the reader does not confirm.

form        Proof and attestation are canonical JSON (one spelling, one final line feed) of format version 1. Every
            key is known and present; names, ranges and orders are the specified ones. Section hashes fit, the required
            sections are there, the snapshot section repeats the statement's snapshot and previous, empty trees have
            their root, trees of 1 to 99 leaves their disclosure. Known sections agree with each other: reserve
            totals are the sums of their rows, coverage is rounded down, books and the ledger's own report balance.
            Rotations form one chain that ends in the statement's key. The proof names this attestation's digest and
            snapshot. No missed hour.
signature   Ed25519 by the statement's key, strict and cofactorless: S below the order, key and R canonical and not of
            small order. The reader's key is that key, or rotations signed by both of their keys join the two. A key
            signs from its rotation's sequence on, and below the next one's. A key file names the exchange.
identity    The id that the reader typed is well formed: NFC, 1 to 256 bytes, nothing invisible. Proven for ids of the
            customer's own (email, key); claimed for assigned ones: one number could be given to two customers.
path        For each leaf: the commitment from typed id and salt, hashed up its path, gives the signed asset root. The
            length and the sides of the path follow from slot and leaf count alone.
sums        On each path no sum exceeds 2^128-1, and the top's claims and debts are the signed ones.
statement   There is a leaf; lines add up to their leaves, none listed being the main one alone; no line is zero and
            zero, and a leaf only where the exchange's own log stands behind the snapshot; the statement, hashed into
            its account leaf and up the account tree, gives the signed account root.
sections    (not required) The attestation has no sections that this verifier does not know.
reserves, chain, same-root    Never checked here, and always said so.

After a failed form nothing more is checked. After a failed signature, or without a passed identity, path, sums and
statement stay unchecked. A leaf that cannot be followed to its end is not compared further: the check that
stopped it fails, and the other of path and sums is not a pass. Without the reader's key the signature is unchecked
(or fails, if it is broken), and what is found under it is only claimed.
Verdict: invalid if any check fails; else unchecked if one of the first six is unchecked; else valid.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import re
import sys
import unicodedata
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # older Pythons could not evaluate these
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    SignatureVerifier = Callable[[bytes, bytes, bytes], bool]
    Checker = Callable[[Any], None]
    Point = tuple[int, int, int, int]

__all__ = [
    "AttestationResult",
    "Balance",
    "Check",
    "KeyUnreadable",
    "ReaderKey",
    "Report",
    "account_id_problem",
    "check_attestation",
    "check_proof",
    "check_signature",
    "decimal_text",
    "ed25519_verify",
    "is_strict_point",
    "main",
    "read_attestation",
    "read_key",
    "strict_precheck",
]

AMOUNT_MAX = 2**128 - 1
INTEGER_MAX = 2**53 - 1
COUNT_MAX = 2**32 - 1
DEPTH_MAX = 32
DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
SMALL_TREE_LEAVES = 100
ROTATIONS_MAX = 1000  # each costs two signatures to check

LEAF, NODE, ASSET_ROOT, ASSET_CONTEXT, COMMITMENT = b"\x00", b"\x01", b"\x02", b"\x03", b"\x04"
ACCOUNT_LEAF, ACCOUNT_NODE, ACCOUNT_ROOT, STATEMENT = b"\x05", b"\x06", b"\x07", b"\x08"
SECTION, ATTESTATION, KEY_ROTATION, ACCOUNT_CONTEXT = b"\x09", b"\x0a", b"\x0f", b"\x11"


class Malformed(Exception):
    """A document breaks its form; the text says where and how, and quotes no value."""


class KeyUnreadable(ValueError):
    """What the reader gave as the exchange's key is neither 64 hex digits nor a key file."""


class Check(NamedTuple):
    """One line of the result; `assurance` is None unless the check passes."""

    name: str
    result: str
    required: bool
    assurance: str | None
    detail: str


class Balance(NamedTuple):
    """One asset as the proof states it, in decimal text; `scale` is None, and the text quanta, for an unknown asset."""

    entity: str
    asset: str
    scale: int | None
    claim: str
    debt: str
    lines: tuple[tuple[str, str, str], ...]


class Report(NamedTuple):
    """The answer about one proof. `fingerprint`, `snapshot`, `exchange` are None when the attestation's form failed."""

    verdict: str
    checks: tuple[Check, ...]
    balances: tuple[Balance, ...]
    fingerprint: str | None
    snapshot: str | None
    exchange: str | None

    @property
    def exit_status(self) -> int:
        return {"valid": 0, "invalid": 1, "unchecked": 2}[self.verdict]

    def as_json(self) -> dict[str, Any]:
        """The fields of the JSON output."""
        balances = []
        for balance in self.balances:
            lines = [{"claim": claim, "debt": debt, "subaccount": name} for name, claim, debt in balance.lines]
            balances.append({**balance._asdict(), "lines": lines})
        return {
            "balances": balances,
            "checks": [check._asdict() for check in self.checks],
            "exchange": self.exchange,
            "fingerprint": self.fingerprint,
            "snapshot": self.snapshot,
            "verdict": self.verdict,
        }


class ReaderKey(NamedTuple):
    """The exchange's key as the reader keeps it, its form checked; `exchange` is None for a bare key."""

    key: str
    exchange: str | None = None
    rotations: tuple[dict[str, Any], ...] = ()


class Tree(NamedTuple):
    """One signed row of the snapshot, with the hash inputs that do not change from proof to proof."""

    scale: int
    leaves: int
    claims: int
    debts: int
    root: bytes
    context: bytes
    root_prefix: bytes


class AttestationResult(NamedTuple):
    """What is known of an attestation before any proof. With a `problem` its form failed and the rest is empty."""

    problem: str | None = None
    digest: str = ""
    exchange: str | None = None
    snapshot: str | None = None
    sequence: int = 0
    fingerprint: str | None = None
    signature: tuple[str, str] = ("unchecked", "")
    unknown_sections: tuple[str, ...] = ()
    trees: dict[tuple[str, str], Tree] = {}  # noqa: RUF012 (a NamedTuple's default, never written to)
    accounts: int = 0
    account_root: bytes = b""
    has_log: bool = False


# Primitives (encoding.md section 1)


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


def u128(value: int) -> bytes:
    return value.to_bytes(16, "big")


def lp(text: str) -> bytes:
    data = text.encode()
    return u32(len(data)) + data


def tagged_hash(tag: bytes, message: bytes) -> bytes:
    return hashlib.sha256(message + tag).digest()


# Canonical JSON (encoding.md section 3)

_KEY = re.compile(r"[A-Za-z0-9@_.:-]{1,64}\Z")
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)
STACK_BRACKETS = 256  # fewer than this cannot nest deep enough to do harm, and most proofs have fewer
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def canonical(value: Any) -> bytes:
    """The one spelling of a checked value, without line feed."""
    return _ENCODER.encode(value).encode()


def parse_file(data: bytes, closed: bool = False) -> Any:
    """Read a document's file: encode again what was read and compare bytes. Raises Malformed.

    A `closed` form, which leaves no key open, fixes keys and depth by itself; they are not looked at here then.
    """
    if len(data) > DOCUMENT_BYTES_MAX + 1:
        raise Malformed(" is larger than 64 MiB")
    if data[-1:] != b"\n":
        raise Malformed(" does not end in one line feed")
    if _is_too_deep(data):
        raise Malformed(" is not canonical JSON")
    try:
        value = _DECODER.decode(data[:-1].decode("utf-8"))
        if not closed and (type(value) is dict or type(value) is list):
            _check_values(value, 1)
        again = canonical(value)
    except (ValueError, RecursionError):  # decoding and encoding errors of text and of JSON are ValueErrors
        raise Malformed(" is not canonical JSON") from None
    if again != data[:-1]:
        raise Malformed(" is not canonical JSON")
    return value


def _is_too_deep(data: bytes) -> bool:
    """Whether lists and objects nest too deep; asked before reading, because reading recurses on the stack."""
    if data.count(b"[") + data.count(b"{") <= STACK_BRACKETS:
        return False
    depth = 0
    for token in _BRACKET.finditer(data):
        first = token.group()[0]
        depth += (first in b"[{") - (first in b"]}")
        if depth > DEPTH_MAX:
            return True
    return False


def _integer(text: str) -> int:
    if len(text) > 16 or not 0 <= int(text) <= INTEGER_MAX:  # the length first: long digits are slow to read
        raise Malformed(" is not canonical JSON")
    return int(text)


def _refuse(text: str) -> NoReturn:
    raise Malformed(" is not canonical JSON")


_DECODER = json.JSONDecoder(parse_float=_refuse, parse_int=_integer, parse_constant=_refuse)


def _check_values(value: Any, depth: int) -> None:
    """Keys and depth; numbers were checked as they were read, and strings fail to encode if they are not UTF-8."""
    if type(value) is dict:
        for key in value:
            if not _KEY.match(key):
                raise Malformed(" is not canonical JSON")
        value = value.values()
    if depth > DEPTH_MAX:
        raise Malformed(" is not canonical JSON")
    for item in value:
        if type(item) is dict or type(item) is list:
            _check_values(item, depth + 1)


# Ed25519 (encoding.md section 5), in extended coordinates (RFC 8032 section 5.1.4)

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022
SMALL_ORDER_Y = frozenset((0, 1, P - 1, ORDER_8_Y, P - ORDER_8_Y))
IDENTITY: Point = (0, 1, 1, 0)


def is_strict_point(encoded: bytes) -> bool:
    """Rule 3: 32 bytes with y below p and not of small order. Whether a point has this y is not asked here."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    return len(encoded) == 32 and y < P and y not in SMALL_ORDER_Y


def strict_precheck(key: bytes, signature: bytes) -> bool:
    """Rules 1 to 3: what a library may leave out before the cofactorless equation that it checks."""
    if len(key) != 32 or len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L:
        return False
    return is_strict_point(key) and is_strict_point(signature[:32])


def ed25519_verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """All four rules in pure Python, about 2 ms. [S]B - [k]A is computed and its encoding compared with R."""
    if not strict_precheck(key, signature):
        return False
    point = _decode_point(key)
    if point is None:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    s = int.from_bytes(signature[32:], "little")
    x, y, z, _ = _double_scalar(s, BASE_ODD_MULTIPLES, k, _odd_multiples(_negate(point)))
    inverse = pow(z, P - 2, P)
    encoded = (y * inverse % P) | ((x * inverse % P & 1) << 255)
    return encoded.to_bytes(32, "little") == signature[:32]


def _decode_point(encoded: bytes) -> Point | None:
    number = int.from_bytes(encoded, "little")
    y, sign = number & (2**255 - 1), number >> 255
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == P - u:
        x = x * SQRT_M1 % P
    if v * x * x % P != u:
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _negate(point: Point) -> Point:
    return P - point[0], point[1], point[2], P - point[3]


def _add(one: Point, two: Point) -> Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = two
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * D * t1 * t2 % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(point: Point) -> Point:
    x, y, z, _ = point
    a, b = x * x % P, y * y % P
    h = a + b
    e = h - (x + y) * (x + y) % P
    g = a - b
    f = 2 * z * z % P + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def _odd_multiples(point: Point) -> list[Point]:
    """1, 3, 5 ... 15 times the point."""
    twice, multiples = _double(point), [point]
    for _ in range(7):
        multiples.append(_add(multiples[-1], twice))
    return multiples


def _signed_digits(scalar: int) -> list[int]:
    """Non-adjacent form of width 5, lowest digit first: zeros and odd digits from -15 to 15."""
    digits = []
    while scalar:
        digit = 0
        if scalar & 1:
            digit = scalar & 31
            digit -= 32 if digit > 15 else 0
            scalar -= digit
        digits.append(digit)
        scalar >>= 1
    return digits


def _double_scalar(one: int, one_multiples: list[Point], two: int, two_multiples: list[Point]) -> Point:
    """[one]P + [two]Q with one shared run of doublings; not in constant time, as nothing here is secret."""
    scalars = ((_signed_digits(one), one_multiples), (_signed_digits(two), two_multiples))
    total = IDENTITY
    for position in range(max(len(digits) for digits, _ in scalars) - 1, -1, -1):
        total = _double(total)
        for digits, multiples in scalars:
            digit = digits[position] if position < len(digits) else 0
            if digit > 0:
                total = _add(total, multiples[digit >> 1])
            elif digit < 0:
                total = _add(total, _negate(multiples[-digit >> 1]))
    return total


_BASE = _decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
assert _BASE is not None
BASE_ODD_MULTIPLES = _odd_multiples(_BASE)


# Names (encoding.md section 4)

_SPACES = "\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_UNSEEN = (
    "\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff\ufdd0-\ufdef"
) + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17))
_BAD_ID = re.compile(f"[{_UNSEEN}]|\\A[{_SPACES}]|[{_SPACES}]\\Z")
_EXCHANGE = r"[a-z0-9][a-z0-9.-]{0,63}"
_HOUR = r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):00:00Z"
_SNAPSHOT = re.compile(rf"({_EXCHANGE})/({_HOUR})/(0|[1-9][0-9]{{0,15}})\Z")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,38})\Z")
_SIGNED = re.compile(r"(0|-?[1-9][0-9]{0,38})\Z")
_HEX = re.compile(r"[0-9a-f]*\Z")


def account_id_problem(text: str, size: int = 256) -> str | None:
    """Why an account id (or a subaccount's name, of at most `size` bytes) breaks the rules; None if it does not."""
    if not text:
        return "the id is empty"
    if _BAD_ID.search(text):
        return "the id has invisible characters, or a space at an end"
    if len(text.encode()) > size:
        return f"the id is longer than {size} bytes"
    if not unicodedata.is_normalized("NFC", text):
        return "the id is not in Unicode normal form C"
    return None


def snapshot_parts(text: str) -> tuple[str, str, int] | None:
    """Exchange, hour and revision of a snapshot id, or None if it is not one."""
    match = _SNAPSHOT.match(text)
    if not match or int(match.group(7)) > INTEGER_MAX:
        return None
    try:
        datetime.datetime(*(int(match.group(part)) for part in range(3, 7)))  # type: ignore[arg-type] # four integers
    except ValueError:
        return None
    return match.group(1), match.group(2), int(match.group(7))


# Forms: a checker takes a value and raises Malformed; the text grows a path on its way up


def _text(value: Any) -> None:
    if type(value) is not str:
        raise Malformed(" is not a string")


def _pattern(pattern: str, what: str) -> Checker:
    compiled = re.compile(rf"(?:{pattern})\Z")

    def check(value: Any) -> None:
        if type(value) is not str or not compiled.match(value):
            raise Malformed(f" is not {what}")

    return check


def _integer_to(limit: int, lowest: int = 0) -> Checker:
    def check(value: Any) -> None:
        if type(value) is not int or not lowest <= value <= limit:
            raise Malformed(f" is not an integer from {lowest} to {limit}")

    return check


def _one_of(*values: str) -> Checker:
    def check(value: Any) -> None:
        if type(value) is not str or value not in values:
            raise Malformed(f" is not one of: {', '.join(values)}")

    return check


def _or_null(checker: Checker) -> Checker:
    def check(value: Any) -> None:
        if value is not None:
            checker(value)

    return check


def _amount(value: Any) -> None:
    if type(value) is not str or not _AMOUNT.match(value) or (len(value) == 39 and int(value) > AMOUNT_MAX):
        raise Malformed(" is not an amount")


def _signed_amount(value: Any) -> None:
    if type(value) is not str or not _SIGNED.match(value) or abs(int(value)) > AMOUNT_MAX:
        raise Malformed(" is not a signed amount")


def _hex(size: int) -> Checker:
    def check(value: Any) -> None:
        if type(value) is not str or len(value) != 2 * size or not _HEX.match(value):
            raise Malformed(f" is not {2 * size} lower-case hex digits")

    return check


def _snapshot_id(value: Any) -> None:
    if type(value) is not str or snapshot_parts(value) is None:
        raise Malformed(" is not a snapshot id")


def _subaccount(value: Any) -> None:
    if type(value) is not str or (value and account_id_problem(value, 64)):
        raise Malformed(" is not a subaccount")


def _reason(value: Any) -> None:
    if type(value) is not str or not 1 <= len(value) <= 1000:
        raise Malformed(" is not 1 to 1000 characters")


def _path(size: int) -> Checker:
    def check(value: Any) -> None:
        try:
            data = a2b_base64(value) if type(value) is str else None
        except ValueError:
            data = None
        # What the decoder skips or does not need, the encoder does not write: one spelling passes.
        if data is None or len(data) % size or b2a_base64(data, newline=False).decode() != value:
            raise Malformed(f" is not base64 of {size}-byte nodes")

    return check


def _record(fields: dict[str, Checker]) -> Checker:
    """An object with exactly these keys. They are checked in the order of the table, which is alphabetical."""
    assert list(fields) == sorted(fields)
    pairs = tuple(fields.items())

    def check(value: Any) -> None:
        if type(value) is not dict or value.keys() != fields.keys():
            raise Malformed(" does not have exactly the keys that it should")
        name = ""
        try:
            for name, checker in pairs:
                checker(value[name])
        except Malformed as problem:
            raise Malformed(f".{name}{problem}") from None

    return check


def _list(item: Checker, order: Sequence[str] = ()) -> Checker:
    """A list of records, strictly rising by the named fields (code points rise as UTF-8 bytes do)."""

    def check(value: Any) -> None:
        if type(value) is not list:
            raise Malformed(" is not a list")
        last: tuple[str, ...] | None = None
        for index, entry in enumerate(value):
            try:
                item(entry)
            except Malformed as problem:
                raise Malformed(f"[{index}]{problem}") from None
            if order:
                now = tuple(entry[name] for name in order)
                if last is not None and now <= last:
                    raise Malformed(f"[{index}] is out of order")
                last = now

    return check


_HEX32, _HEX64 = _hex(32), _hex(64)
_NUMBER, _COUNT = _integer_to(INTEGER_MAX), _integer_to(COUNT_MAX)
_EXCHANGE_NAME = _pattern(_EXCHANGE, "an exchange's name")
_ENTITY = _pattern(r"[a-z0-9][a-z0-9.-]{0,31}", "an entity's name")
_ASSET = _pattern(r"[A-Z0-9][A-Z0-9._-]{0,31}", "an asset's name")
_CHAIN = _pattern(r"[a-z0-9-]{3,8}:[A-Za-z0-9_-]{1,32}", "a chain")
_COVERAGE = _or_null(_pattern(r"(0|[1-9][0-9]*)\.[0-9]{6}", "a ratio with six digits after the point"))
_DECIMAL = _pattern(r"(0|[1-9][0-9]{0,38})(\.[0-9]{1,38})?", "a decimal number")

PROOF_FORM = _record(
    {
        "account": _record({"path": _path(32), "salt": _HEX32, "slot": _NUMBER}),
        "attestation": _HEX32,
        "format": _one_of("tallystick/proof/1"),
        "kind": _one_of("email", "key", "assigned"),
        "leaves": _list(
            _record(
                {
                    "asset": _ASSET,
                    "claim": _amount,
                    "debt": _amount,
                    "entity": _ENTITY,
                    "lines": _list(
                        _record({"claim": _amount, "debt": _amount, "subaccount": _subaccount}), ("subaccount",)
                    ),
                    "path": _path(64),
                    "salt": _HEX32,
                    "slot": _NUMBER,
                }
            ),
            ("entity", "asset"),
        ),
        "snapshot": _snapshot_id,
    }
)


def _section_names(value: Any) -> None:
    if type(value) is not dict:
        raise Malformed(" is not an object")
    for name in sorted(value):
        try:
            _HEX32(value[name])
        except Malformed as problem:
            raise Malformed(f".{name}{problem}") from None


STATEMENT_FORM = _record(
    {
        "format": _one_of("tallystick/attestation/1"),
        "key": _HEX32,
        "kind": _one_of("attestation", "restatement", "missed"),
        "previous": _or_null(_HEX32),
        "sections": _section_names,
        "sequence": _NUMBER,
        "snapshot": _snapshot_id,
    }
)
ROTATION_FORM = _record(
    {
        "exchange": _EXCHANGE_NAME,
        "format": _one_of("tallystick/rotation/1"),
        "from": _HEX32,
        "sequence": _integer_to(INTEGER_MAX, 1),
        "signature_from": _HEX64,
        "signature_to": _HEX64,
        "to": _HEX32,
    }
)
KEY_FORM = _record(
    {
        "exchange": _EXCHANGE_NAME,
        "format": _one_of("tallystick/key/1"),
        "key": _HEX32,
        "rotations": _list(ROTATION_FORM),
    }
)
_TREE = {
    "asset": _ASSET,
    "claims": _amount,
    "debts": _amount,
    "entity": _ENTITY,
    "leaves": _COUNT,
    "reserves": _list(_record({"chain": _CHAIN, "contract": _text}), ("chain", "contract")),
    "root": _HEX32,
    "scale": _integer_to(38),
}
_LEDGER = {"head": _HEX32, "parameters": _HEX32, "position": _NUMBER, "ruleset": _NUMBER, "state": _HEX32}
_RESERVE_ROW = {
    "address": _text,
    "asset": _ASSET,
    "balance": _amount,
    "chain": _CHAIN,
    "contract": _text,
    "control": _one_of("eip191", "eip712", "eip1271", "none"),
    "entity": _ENTITY,
    "evidence": _one_of("state-proof", "pinned-call", "third-party", "claim"),
    "label": _text,
}
_RESERVE_TOTAL = {
    "asset": _ASSET,
    "attested": _amount,
    "claimed": _amount,
    "claims": _amount,
    "coverage": _COVERAGE,
    "coverage_proven": _COVERAGE,
    "entity": _ENTITY,
    "proven": _amount,
}
_BOOKS_ROW = {
    "asset": _ASSET,
    "claims": _amount,
    "custody": _amount,
    "debts": _amount,
    "deficit": _amount,
    "entity": _ENTITY,
    "excess": _amount,
    "house": _or_null(_amount),
    "in_transit": _amount,
    "receivables": _amount,
}
_NET_ROW = {
    "asset": _ASSET,
    "claims": _amount,
    "counted_debts": _amount,
    "entity": _ENTITY,
    "net_claims": _amount,
    "over_collateral_count": _NUMBER,
    "over_collateral_sum": _amount,
    "related_count": _NUMBER,
    "related_sum": _amount,
}
_ZERO_SUM_ROW = {
    "asset": _ASSET,
    "claims": _amount,
    "custody": _signed_amount,
    "debts": _amount,
    "due_from": _signed_amount,
    "due_to": _signed_amount,
    "entity": _ENTITY,
    "house": _signed_amount,
    "in_transit": _signed_amount,
    "receipts_uncredited": _signed_amount,
    "receivables": _signed_amount,
}
_IN_FLIGHT_ROW = {
    "amount": _amount,
    "asset": _ASSET,
    "chain": _CHAIN,
    "direction": _one_of("in", "out"),
    "entity": _ENTITY,
    "recorded": _one_of("chain", "ledger"),
    "transaction": _text,
}
_IN_FLIGHT_TOTAL = {
    "asset": _ASSET,
    "custody": _signed_amount,
    "difference": _signed_amount,
    "entity": _ENTITY,
    "in_flight": _signed_amount,
    "reserves": _amount,
}
_UNREAD_ROW = {
    "address": _text,
    "asset": _ASSET,
    "chain": _CHAIN,
    "contract": _text,
    "entity": _ENTITY,
    "label": _text,
    "reason": _reason,
}
SECTION_FORMS: dict[str, Checker] = {
    "snapshot": _record(
        {
            "accounts": _record({"count": _COUNT, "root": _HEX32}),
            "cutoff": _text,
            "disclosures": _list(_record({"code": _text, "detail": _text}), ("code", "detail")),
            "exchange": _text,
            "ledger": _or_null(_record(_LEDGER)),
            "previous": _or_null(_HEX32),
            "reserves": _or_null(_HEX32),
            "snapshot": _text,
            "trees": _list(_record(_TREE), ("entity", "asset")),
        }
    ),
    "reserves": _record(
        {
            "rows": _list(_record(_RESERVE_ROW), ("entity", "asset", "chain", "contract", "address")),
            "totals": _list(_record(_RESERVE_TOTAL)),
        }
    ),
    "books": _record({"rows": _list(_record(_BOOKS_ROW))}),
    "net": _record(
        {
            "prices": _list(_record({"asset": _ASSET, "haircut": _DECIMAL, "price": _DECIMAL}), ("asset",)),
            "rows": _list(_record(_NET_ROW)),
        }
    ),
    "keys": _record({"rotations": _list(ROTATION_FORM)}),
    "restatement": _record({"reason": _reason, "restates": _HEX32}),
    "missed": _record({"reason": _reason}),
    "failed": _record(
        {"code": _pattern(r"[a-z][a-z0-9-]{0,31}", "a code"), "detail": _reason, "ledger": _record(_LEDGER)}
    ),
    "zero-sum": _record({"rows": _list(_record(_ZERO_SUM_ROW))}),
    "in-flight": _record(
        {
            "rows": _list(
                _record(_IN_FLIGHT_ROW), ("entity", "asset", "chain", "transaction", "direction", "recorded")
            ),
            "totals": _list(_record(_IN_FLIGHT_TOTAL)),
        }
    ),
    "unread": _record({"rows": _list(_record(_UNREAD_ROW), ("entity", "asset", "chain", "contract", "address"))}),
}
REQUIRED_SECTIONS = {
    "attestation": ("keys", "reserves", "snapshot"),
    "restatement": ("keys", "reserves", "restatement", "snapshot"),
    "missed": ("keys", "missed"),
}
_WITH_BALANCES = ("attestation", "restatement")
BELONGS = {
    "failed": ("missed",),
    "in-flight": _WITH_BALANCES,
    "missed": ("missed",),
    "restatement": ("restatement",),
    "unread": _WITH_BALANCES,
    "zero-sum": _WITH_BALANCES,
}


# Attestation (attestation.md)


def _same_names(rows: list[dict[str, Any]], trees: list[dict[str, Any]], where: str) -> None:
    if [(row["entity"], row["asset"]) for row in rows] != [(tree["entity"], tree["asset"]) for tree in trees]:
        raise Malformed(f"{where} is not one row for each tree, in order")


def _same_trees(rows: list[dict[str, Any]], trees: list[dict[str, Any]], where: str) -> None:
    """One row for each tree, in order, with the tree's claims (and its debts, where a row has them)."""
    _same_names(rows, trees, where)
    for index, tree in enumerate(trees):
        row = rows[index]
        if row["claims"] != tree["claims"] or row.get("debts", tree["debts"]) != tree["debts"]:
            raise Malformed(f"{where}[{index}] differs from its tree")


def _ratio(part: int, whole: int) -> str | None:
    millionths = part * 10**6 // whole if whole else 0
    return f"{millionths // 10**6}.{millionths % 10**6:06d}" if whole else None


def _check_reserves(section: dict[str, Any], trees: list[dict[str, Any]]) -> None:
    counted = {
        (tree["entity"], tree["asset"]): {(entry["chain"], entry["contract"]) for entry in tree["reserves"]}
        for tree in trees
    }
    parts: dict[tuple[str, str], dict[str, int]] = {tree: {} for tree in counted}
    for index, row in enumerate(section["rows"]):
        tree = (row["entity"], row["asset"])
        if (row["chain"], row["contract"]) not in counted.get(tree, ()):
            raise Malformed(f".sections.reserves.rows[{index}] is not counted as a reserve by any tree")
        part = "attested" if row["evidence"] == "third-party" else "claimed"
        if row["evidence"] == "state-proof" and row["control"] in ("eip191", "eip712"):
            part = "proven"
        parts[tree][part] = parts[tree].get(part, 0) + int(row["balance"])
    where = ".sections.reserves.totals"
    _same_trees(section["totals"], trees, where)
    for index, total in enumerate(section["totals"]):
        part_sums = parts[total["entity"], total["asset"]]
        if any(int(total[part]) != part_sums.get(part, 0) for part in ("proven", "attested", "claimed")):
            raise Malformed(f"{where}[{index}] is not the sum of its rows")
        held, claims = sum(part_sums.values()), int(total["claims"])
        if held > AMOUNT_MAX:
            raise Malformed(f"{where}[{index}] has a sum over 2^128-1")
        ratios = (_ratio(held, claims), _ratio(part_sums.get("proven", 0), claims))
        if (total["coverage"], total["coverage_proven"]) != ratios:
            raise Malformed(f"{where}[{index}] has a wrong coverage")


def _check_books(section: dict[str, Any], trees: list[dict[str, Any]], totals: list[dict[str, Any]]) -> None:
    where = ".sections.books.rows"
    _same_trees(section["rows"], trees, where)
    for index, row in enumerate(section["rows"]):
        if int(row["custody"]) != sum(int(totals[index][part]) for part in ("proven", "attested", "claimed")):
            raise Malformed(f"{where}[{index}] has other reserves than the totals")
        left = sum(int(row[name]) for name in ("custody", "in_transit", "debts", "receivables", "deficit"))
        right = sum(int(row[name] or 0) for name in ("claims", "house", "excess"))
        if left != right or left > AMOUNT_MAX or "0" not in (row["deficit"], row["excess"]):
            raise Malformed(f"{where}[{index}] does not balance")


_OWNED = ("custody", "in_transit", "debts", "receivables", "due_from")
_OWED = ("claims", "receipts_uncredited", "house", "due_to")


def _check_zero_sum(section: dict[str, Any], snapshot: dict[str, Any]) -> None:
    where = ".sections.zero-sum"
    if snapshot["ledger"] is None:
        raise Malformed(f"{where} has no ledger behind it")
    _same_trees(section["rows"], snapshot["trees"], f"{where}.rows")
    for index, row in enumerate(section["rows"]):
        if sum(int(row[name]) for name in _OWNED) != sum(int(row[name]) for name in _OWED):
            raise Malformed(f"{where}.rows[{index}] does not sum to zero")


def _check_in_flight(sections: dict[str, Any], trees: list[dict[str, Any]]) -> None:
    """What is on its way bridges the ledger's custody and the chain; what is left is stated as the difference."""
    section, where = sections["in-flight"], ".sections.in-flight"
    if "zero-sum" not in sections:
        raise Malformed(f"{where} has no zero-sum report beside it")
    _same_names(section["totals"], trees, f"{where}.totals")
    sums = {(tree["entity"], tree["asset"]): 0 for tree in trees}
    chains = {(t["entity"], t["asset"], entry["chain"]) for t in trees for entry in t["reserves"]}
    for index, row in enumerate(section["rows"]):
        if (row["entity"], row["asset"], row["chain"]) not in chains:
            raise Malformed(f"{where}.rows[{index}] is on a chain that its tree does not count")
        sign = 1 if (row["direction"] == "in") == (row["recorded"] == "chain") else -1
        sums[row["entity"], row["asset"]] += sign * int(row["amount"])
    for index, total in enumerate(section["totals"]):
        reserves, ledger = sections["reserves"]["totals"][index], sections["zero-sum"]["rows"][index]
        held = sum(int(reserves[part]) for part in ("proven", "attested", "claimed"))
        stated = tuple(int(total[name]) for name in ("reserves", "custody", "in_flight"))
        if stated != (held, int(ledger["custody"]), sums[total["entity"], total["asset"]]):
            raise Malformed(f"{where}.totals[{index}] is not what reserves, ledger and rows say")
        if int(total["difference"]) != stated[0] - stated[1] - stated[2]:
            raise Malformed(f"{where}.totals[{index}] has a wrong difference")


def _check_unread(sections: dict[str, Any], trees: list[dict[str, Any]]) -> None:
    """A reserve that could not be read counts nothing, and is one that a tree counts when it can be read."""
    where, names = ".sections.unread.rows", ("entity", "asset", "chain", "contract", "address")
    read = {tuple(row[name] for name in names) for row in sections["reserves"]["rows"]}
    counted = {(t["entity"], t["asset"], entry["chain"], entry["contract"]) for t in trees for entry in t["reserves"]}
    for index, row in enumerate(sections["unread"]["rows"]):
        if tuple(row[name] for name in names[:4]) not in counted:
            raise Malformed(f"{where}[{index}] is not counted as a reserve by any tree")
        if tuple(row[name] for name in names) in read:
            raise Malformed(f"{where}[{index}] is among the reserves that were read")


_NET_DEBTS = ("counted_debts", "over_collateral_sum", "related_sum")


def _check_net(section: dict[str, Any], trees: list[dict[str, Any]]) -> None:
    where = ".sections.net.rows"
    _same_trees(section["rows"], trees, where)
    for index, row in enumerate(section["rows"]):
        if int(row["net_claims"]) + int(row["counted_debts"]) != int(row["claims"]):
            raise Malformed(f"{where}[{index}] is not claims less counted debts")
        if sum(int(row[name]) for name in _NET_DEBTS) > int(trees[index]["debts"]):
            raise Malformed(f"{where}[{index}] has more debts than its tree")


def _check_rotations(rotations: Sequence[dict[str, Any]], exchange: str, key: str) -> None:
    """One chain of keys that ends in `key`: no gaps, no key twice, sequences rising, one exchange."""
    if len(rotations) > ROTATIONS_MAX:
        raise Malformed(".rotations are more than 1000")
    seen = {rotations[0]["from"]} if rotations else {key}
    for index, rotation in enumerate(rotations):
        before = rotations[index - 1] if index else {"to": rotation["from"], "sequence": 0}
        if rotation["exchange"] != exchange:
            raise Malformed(f".rotations[{index}] is of another exchange")
        if rotation["from"] != before["to"] or rotation["sequence"] <= before["sequence"] or rotation["to"] in seen:
            raise Malformed(f".rotations[{index}] does not continue the chain of keys")
        seen.add(rotation["to"])
    if rotations and rotations[-1]["to"] != key:
        raise Malformed(".rotations does not end in the key")


def _empty_root(tree: dict[str, Any], snapshot: str) -> bytes:
    names = lp(snapshot) + lp(tree["entity"]) + lp(tree["asset"])
    return tagged_hash(ASSET_ROOT, names + bytes((tree["scale"],)) + u64(0) + bytes(64))


def _check_snapshot(section: dict[str, Any], statement: dict[str, Any], exchange: str, hour: str) -> None:
    where, snapshot = ".sections.snapshot", statement["snapshot"]
    expected = {"cutoff": hour, "exchange": exchange, "previous": statement["previous"], "snapshot": snapshot}
    for name, value in expected.items():
        if section[name] != value:
            raise Malformed(f"{where}.{name} differs from the statement")
    accounts = section["accounts"]
    empty_accounts = tagged_hash(ACCOUNT_ROOT, lp(snapshot) + u64(0) + bytes(32)).hex()
    if accounts["count"] == 0 and accounts["root"] != empty_accounts:
        raise Malformed(f"{where}.accounts is empty and has another root")
    disclosed = {entry["detail"] for entry in section["disclosures"] if entry["code"] == "small-tree"}
    for index, tree in enumerate(section["trees"]):
        if tree["leaves"] == 0 and (
            (tree["claims"], tree["debts"]) != ("0", "0") or bytes.fromhex(tree["root"]) != _empty_root(tree, snapshot)
        ):
            raise Malformed(f"{where}.trees[{index}] is empty and has sums or another root")
        if tree["leaves"] > accounts["count"]:
            raise Malformed(f"{where}.trees[{index}] has more leaves than there are accounts")
        if 0 < tree["leaves"] < SMALL_TREE_LEAVES and f"{tree['entity']}/{tree['asset']}" not in disclosed:
            raise Malformed(f"{where}.trees[{index}] is small and not disclosed")


def _check_sections(document: dict[str, Any]) -> None:
    """Names, hashes and forms of the sections; those not known are bound by their hash alone."""
    statement, sections = document["statement"], document["sections"]
    if sections.keys() != statement["sections"].keys():
        raise Malformed(".sections are not those that the statement names")
    required = REQUIRED_SECTIONS[statement["kind"]]
    for name in required:
        if name not in sections:
            raise Malformed(f".sections.{name} is missing")
    for name in sorted(sections):
        if type(sections[name]) is not dict:
            raise Malformed(f".sections.{name} is not an object")
        if statement["kind"] not in BELONGS.get(name, (statement["kind"],)):
            raise Malformed(f".sections.{name} does not belong to this kind of statement")
        if tagged_hash(SECTION, lp(name) + canonical(sections[name])).hex() != statement["sections"][name]:
            raise Malformed(f".sections.{name} does not have the signed hash")
        if name in SECTION_FORMS:
            try:
                SECTION_FORMS[name](sections[name])
            except Malformed as problem:
                raise Malformed(f".sections.{name}{problem}") from None


def _check_attestation_form(document: Any) -> None:
    _record({"sections": _object, "signature": _HEX64, "statement": STATEMENT_FORM})(document)
    statement, sections = document["statement"], document["sections"]
    parts = snapshot_parts(statement["snapshot"])
    assert parts is not None, "the form of the statement was checked"
    exchange, hour, revision = parts
    if (statement["previous"] is None) != (statement["sequence"] == 0):
        raise Malformed(".statement.previous does not fit the sequence")
    if (statement["kind"] == "restatement") != (revision > 0):
        raise Malformed(".statement.snapshot has a revision that does not fit the kind")
    if statement["kind"] == "restatement" and statement["sequence"] == 0:
        raise Malformed(".statement.sequence is 0 and there is nothing to restate")
    _check_sections(document)
    try:
        _check_rotations(sections["keys"]["rotations"], exchange, statement["key"])
    except Malformed as problem:
        raise Malformed(f".sections.keys{problem}") from None
    if statement["kind"] == "missed":
        return
    _check_snapshot(sections["snapshot"], statement, exchange, hour)
    trees = sections["snapshot"]["trees"]
    _check_reserves(sections["reserves"], trees)
    if "books" in sections:
        _check_books(sections["books"], trees, sections["reserves"]["totals"])
    if "net" in sections:
        _check_net(sections["net"], trees)
    if "zero-sum" in sections:
        _check_zero_sum(sections["zero-sum"], sections["snapshot"])
    if "in-flight" in sections:
        _check_in_flight(sections, trees)
    if "unread" in sections:
        _check_unread(sections, trees)


def _object(value: Any) -> None:
    if type(value) is not dict:
        raise Malformed(" is not an object")


def _rotation_signed(rotation: dict[str, Any], verify_signature: SignatureVerifier) -> bool:
    signed = {name: value for name, value in rotation.items() if not name.startswith("signature_")}
    message = b"tallystick/rotation/1\0" + tagged_hash(KEY_ROTATION, canonical(signed))
    return all(
        verify_signature(bytes.fromhex(rotation[side]), message, bytes.fromhex(rotation[f"signature_{side}"]))
        for side in ("from", "to")
    )


def _check_signature(
    document: dict[str, Any], digest: bytes, reader: ReaderKey | None, verify_signature: SignatureVerifier
) -> tuple[str, str]:
    """Result and detail of the check `signature` (attestation.md section 7)."""
    statement, rotations = document["statement"], document["sections"]["keys"]["rotations"]
    key, sequence = statement["key"], statement["sequence"]
    message = b"tallystick/attestation/1\0" + digest
    if not verify_signature(bytes.fromhex(key), message, bytes.fromhex(document["signature"])):
        return "fail", "the signature does not fit the attestation"
    if rotations and sequence < rotations[-1]["sequence"]:
        return "fail", "the attestation's key signed before its rotation"
    if reader is None:
        return "unchecked", "no key to check it under: anyone could have signed this"
    if reader.exchange is not None and not statement["snapshot"].startswith(reader.exchange + "/"):
        return "fail", "the key file is for another exchange"
    froms, reader_froms = [r["from"] for r in rotations], [r["from"] for r in reader.rotations]
    if key in reader_froms and sequence >= reader.rotations[reader_froms.index(key)]["sequence"]:
        return "fail", "signed by a key that was already replaced"
    reader_tos = [r["to"] for r in reader.rotations]
    if key in reader_tos and sequence < reader.rotations[reader_tos.index(key)]["sequence"]:
        return "fail", "the attestation's key signed before its rotation"
    if key == reader.key:
        return "pass", "signed by the key you gave"
    if reader.key in froms:
        between: Sequence[dict[str, Any]] = rotations[froms.index(reader.key) :]
    elif key in reader_froms:
        between = reader.rotations[reader_froms.index(key) :]
    else:
        return "fail", "signed by another key than the one you gave"
    if not all(_rotation_signed(rotation, verify_signature) for rotation in between):
        return "fail", "a key rotation does not carry both signatures"
    return "pass", "signed by a key that rotations join to the one you gave"


def read_attestation(data: bytes) -> dict[str, Any]:
    """The document of an attestation of any kind, a missed hour's too, once its form is right. Raises Malformed."""
    document: dict[str, Any] = parse_file(data)
    _check_attestation_form(document)
    return document


def check_signature(
    document: dict[str, Any], reader: ReaderKey | None, verify_signature: SignatureVerifier = ed25519_verify
) -> tuple[str, str, bytes]:
    """Result and detail of the check `signature` for a document that `read_attestation` gave, and its digest."""
    digest = tagged_hash(ATTESTATION, canonical(document["statement"]))
    return (*_check_signature(document, digest, reader, verify_signature), digest)


def check_attestation(
    data: bytes, key: ReaderKey | None, verify_signature: SignatureVerifier = ed25519_verify
) -> AttestationResult:
    """Check an attestation's file once, for any number of proofs. Never raises for any bytes; see the rules above.

    `verify_signature(key, message, signature)` must follow encoding.md section 5; a library's needs `strict_precheck`.
    """
    try:
        document = read_attestation(data)
        if document["statement"]["kind"] == "missed":
            raise Malformed(" is for a missed hour, which has no balances")
    except Malformed as problem:
        return AttestationResult(problem=f"attestation{problem}")
    statement, snapshot = document["statement"], document["sections"]["snapshot"]
    digest = tagged_hash(ATTESTATION, canonical(statement))
    trees = {}
    for row in snapshot["trees"]:
        names = lp(statement["snapshot"]) + lp(row["entity"]) + lp(row["asset"])
        trees[row["entity"], row["asset"]] = Tree(
            scale=row["scale"],
            leaves=row["leaves"],
            claims=int(row["claims"]),
            debts=int(row["debts"]),
            root=bytes.fromhex(row["root"]),
            context=tagged_hash(ASSET_CONTEXT, names),
            root_prefix=names + bytes((row["scale"],)) + u64(row["leaves"]),
        )
    text = digest.hex()[:32]
    return AttestationResult(
        digest=digest.hex(),
        exchange=snapshot["exchange"],
        snapshot=statement["snapshot"],
        sequence=statement["sequence"],
        fingerprint="-".join(text[start : start + 4] for start in range(0, 32, 4)),
        signature=_check_signature(document, digest, key, verify_signature),
        unknown_sections=tuple(sorted(document["sections"].keys() - SECTION_FORMS.keys())),
        trees=trees,
        accounts=snapshot["accounts"]["count"],
        account_root=bytes.fromhex(snapshot["accounts"]["root"]),
        has_log=snapshot["ledger"] is not None,
    )


def read_key(data: bytes | str) -> ReaderKey:
    """The reader's key from 64 hex digits (white space around them is dropped) or a key file. Raises KeyUnreadable."""
    try:
        raw = data.encode() if isinstance(data, str) else data
        text = raw.strip(b" \t\r\n").decode("ascii", "replace")
        if len(text) == 64 and _HEX.match(text):
            return ReaderKey(text)
        document = parse_file(raw)
        KEY_FORM(document)
        _check_rotations(document["rotations"], document["exchange"], document["key"])
    except Malformed as problem:
        raise KeyUnreadable(f"the key is neither 64 hex digits nor a key file: key{problem}") from None
    except UnicodeEncodeError:
        raise KeyUnreadable("the key is neither 64 hex digits nor a key file") from None
    return ReaderKey(document["key"], document["exchange"], tuple(document["rotations"]))


# Proof (proof.md, trees.md)


def path_length(slot: int, count: int) -> int | None:
    """How many siblings the path of a slot has among `count` leaves (trees.md section 3); None if there is no such."""
    if slot >= count:
        return None
    # Up to where the slot's way joins the last leaf's, each level has a sibling; above, each level where it is a right
    # child (RFC 9162 has the same shape). Counting level by level gives the same, and a test says so.
    joined = (slot ^ (count - 1)).bit_length()
    return joined + bin(slot >> joined).count("1")


def _fold_sums(node: bytes, claims: int, debts: int, slot: int, count: int, path: bytes) -> bytes | None:
    """The top node over a leaf node, or None when a sum exceeds 2^128-1. The path has the right length."""
    sha256, from_bytes, start = hashlib.sha256, int.from_bytes, 0
    while count > 1:
        if slot & 1 or slot != count - 1:
            sibling = path[start : start + 64]
            start += 64
            claims += from_bytes(sibling[32:48], "big")
            debts += from_bytes(sibling[48:], "big")
            if claims > AMOUNT_MAX or debts > AMOUNT_MAX:
                return None
            pair = sibling + node + NODE if slot & 1 else node + sibling + NODE
            node = sha256(pair).digest() + (claims << 128 | debts).to_bytes(32, "big")
        slot >>= 1
        count = (count + 1) >> 1
    assert start == len(path)
    return node


def _fold_accounts(node: bytes, slot: int, count: int, path: bytes) -> bytes:
    start = 0
    while count > 1:
        if slot & 1 or slot != count - 1:
            sibling = path[start : start + 32]
            start += 32
            node = tagged_hash(ACCOUNT_NODE, sibling + node if slot & 1 else node + sibling)
        slot >>= 1
        count = (count + 1) >> 1
    assert start == len(path)
    return node


def _check_leaf(leaf: dict[str, Any], tree: Tree | None, owner: bytes) -> tuple[str | None, str | None]:
    """The problems of one leaf for the checks `path` and `sums`; "" for one that could not be asked."""
    if tree is None:
        return "the attestation has no tree for this asset", ""
    path, slot = a2b_base64(leaf["path"]), leaf["slot"]
    length = path_length(slot, tree.leaves)
    if length is None:
        return "the slot is past the last leaf", ""
    if len(path) != 64 * length:
        return "the path does not have the length that follows from slot and leaf count", ""
    claim, debt = int(leaf["claim"]), int(leaf["debt"])
    commitment = tagged_hash(COMMITMENT, tree.context + bytes.fromhex(leaf["salt"]) + owner)
    sums = u128(claim) + u128(debt)
    node = tagged_hash(LEAF, commitment + sums) + sums
    top = _fold_sums(node, claim, debt, slot, tree.leaves, path)
    if top is None:
        return "", "a sum exceeds 2^128-1"
    found = tagged_hash(ASSET_ROOT, tree.root_prefix + top) == tree.root
    equal = top[32:] == u128(tree.claims) + u128(tree.debts)
    return (
        None if found else "id, salt and path do not lead to the signed root",
        None if equal else "the sums at the top are not the signed ones",
    )


def _lines(leaf: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, claim and debt of each line; none listed means the main subaccount alone (proof.md)."""
    if not leaf["lines"]:
        return [("", leaf["claim"], leaf["debt"])]
    return [(line["subaccount"], line["claim"], line["debt"]) for line in leaf["lines"]]


def _check_statement(proof: dict[str, Any], attestation: AttestationResult, owner: bytes) -> str | None:
    """The problem of the statement, or None."""
    if not proof["leaves"]:
        return "the statement has no leaf"
    statement = [u32(len(proof["leaves"]))]
    for leaf in proof["leaves"]:
        claim, debt = int(leaf["claim"]), int(leaf["debt"])
        lines = [(name, int(line_claim), int(line_debt)) for name, line_claim, line_debt in _lines(leaf)]
        is_zero = not (claim or debt)
        if (is_zero and not attestation.has_log) or any(line["claim"] == line["debt"] == "0" for line in leaf["lines"]):
            return "a leaf or a line is zero and zero"
        if (sum(line[1] for line in lines), sum(line[2] for line in lines)) != (claim, debt):
            return "the lines do not add up to their leaf"
        if len(leaf["lines"]) == 1 and not lines[0][0]:
            return "a main line that stands alone is spelled out"
        head = lp(leaf["entity"]) + lp(leaf["asset"]) + u64(leaf["slot"])
        statement.append(head + u128(claim) + u128(debt) + u32(len(lines)))
        statement += [lp(name) + u128(line_claim) + u128(line_debt) for name, line_claim, line_debt in lines]
    account = proof["account"]
    path, length = a2b_base64(account["path"]), path_length(account["slot"], attestation.accounts)
    if length is None:
        return "the account's slot is past the last account"
    if len(path) != 32 * length:
        return "the account's path does not have the length that follows from slot and count"
    name = lp(proof["snapshot"])
    digest = tagged_hash(STATEMENT, b"".join(statement))
    context = tagged_hash(ACCOUNT_CONTEXT, name)
    node = tagged_hash(ACCOUNT_LEAF, context + bytes.fromhex(account["salt"]) + owner + digest)
    top = _fold_accounts(node, account["slot"], attestation.accounts, path)
    if tagged_hash(ACCOUNT_ROOT, name + u64(attestation.accounts) + top) != attestation.account_root:
        return "the statement does not lead to the signed account root"
    return None


def decimal_text(quanta: str, scale: int) -> str:
    """Quanta as decimal text: the point is set among the digits, and nothing is rounded."""
    if not scale:
        return quanta
    digits = quanta.zfill(scale + 1)
    return f"{digits[:-scale]}.{digits[-scale:]}"


def _balances(proof: dict[str, Any], trees: dict[tuple[str, str], Tree]) -> tuple[Balance, ...]:
    balances = []
    for leaf in proof["leaves"]:
        tree = trees.get((leaf["entity"], leaf["asset"]))
        scale = tree.scale if tree else None
        lines = tuple(
            (name, decimal_text(line_claim, scale or 0), decimal_text(line_debt, scale or 0))
            for name, line_claim, line_debt in _lines(leaf)
        )
        claim, debt = decimal_text(leaf["claim"], scale or 0), decimal_text(leaf["debt"], scale or 0)
        balances.append(Balance(leaf["entity"], leaf["asset"], scale, claim, debt, lines))
    return tuple(balances)


def _read_proof(data: bytes, attestation: AttestationResult) -> Any:
    """The proof, once its form and its attestation's are right. Raises Malformed."""
    if attestation.problem is not None:
        raise Malformed(attestation.problem)
    try:
        proof = parse_file(data, closed=True)
        PROOF_FORM(proof)
        if proof["attestation"] != attestation.digest:
            raise Malformed(" belongs to another attestation")
        if proof["snapshot"] != attestation.snapshot:
            raise Malformed(" belongs to another snapshot")
    except Malformed as problem:
        raise Malformed(f"proof{problem}") from None
    return proof


def _worst(problems: Sequence[str | None], good: str) -> tuple[str, str]:
    """Result and detail over all leaves: a failure, else one that could not be asked, else a pass."""
    failures = [problem for problem in problems if problem]
    if failures:
        return "fail", failures[0]
    if not problems or any(problem is not None for problem in problems):
        return "unchecked", "a leaf could not be followed to its end" if problems else "there is no leaf"
    return "pass", good


def _check_identity(account: str | None, kind: str) -> tuple[str, str]:
    if account is None:
        return "unchecked", "no id was typed, so nothing ties this proof to you"
    problem = account_id_problem(account)
    if problem:
        return "fail", problem
    if kind == "assigned":
        return "pass", "the exchange assigned this id, and could give it to someone else too"
    return "pass", "the id is your own"


CHECKS = ("form", "signature", "identity", "path", "sums", "statement", "sections", "reserves", "chain", "same-root")
REQUIRED = 6


def _report(
    results: dict[str, tuple[str, str]], assurances: dict[str, str], att: AttestationResult, balances: Sequence[Balance]
) -> Report:
    checks = []
    for index, name in enumerate(CHECKS):
        result, detail = results[name]
        assurance = assurances.get(name, "proven") if result == "pass" else None
        checks.append(Check(name, result, index < REQUIRED, assurance, detail))
    if any(check.result == "fail" for check in checks):
        verdict = "invalid"
    elif any(check.required and check.result != "pass" for check in checks):
        verdict = "unchecked"
    else:
        verdict = "valid"
    return Report(verdict, tuple(checks), tuple(balances), att.fingerprint, att.snapshot, att.exchange)


def check_proof(proof: bytes, attestation: AttestationResult, account: str | None) -> Report:
    """Check one proof's file under a checked attestation, about 0.3 ms. Never raises for any bytes or text.

    `account` is the id that the reader typed, never one found in a file; None leaves the identity unchecked.
    """
    results: dict[str, tuple[str, str]] = dict.fromkeys(CHECKS, ("unchecked", "not reached, because form failed"))
    results["reserves"] = ("unchecked", "whether the exchange holds what it owes is an auditor's work")
    results["chain"] = ("unchecked", "needs the attestations before this one")
    results["same-root"] = ("unchecked", attestation.fingerprint or "the attestation has no readable form")
    try:
        document = _read_proof(proof, attestation)
    except Malformed as problem:
        results["form"] = ("fail", str(problem))
        return _report(results, {}, attestation, ())
    results["form"] = ("pass", "both files are in the specified form")
    results["signature"] = attestation.signature
    unknown = ", ".join(attestation.unknown_sections)
    results["sections"] = ("pass", "every section is known")
    if unknown:
        results["sections"] = ("unchecked", f"sections that this verifier does not know: {unknown}")
    results["identity"] = _check_identity(account, document["kind"])
    assurances = {"identity": "claimed"} if document["kind"] == "assigned" else {}
    if attestation.signature[0] == "fail" or results["identity"][0] != "pass":
        for name in ("path", "sums", "statement"):
            results[name] = ("unchecked", "not reached, because signature failed or identity did not pass")
    else:
        assert account is not None, "an identity passes with an id only"
        owner = lp(document["kind"]) + lp(account)
        trees = attestation.trees
        found = [_check_leaf(leaf, trees.get((leaf["entity"], leaf["asset"])), owner) for leaf in document["leaves"]]
        results["path"] = _worst([leaf[0] for leaf in found], "every leaf is under its signed root")
        results["sums"] = _worst([leaf[1] for leaf in found], "every path adds up to the signed sums")
        wrong = _check_statement(document, attestation, owner)
        good = "the leaves are your whole statement under the signed account root"
        results["statement"] = ("fail", wrong) if wrong else ("pass", good)
        if attestation.signature[0] != "pass":
            assurances.update(dict.fromkeys(("path", "sums", "statement"), "claimed"))
    return _report(results, assurances, attestation, _balances(document, attestation.trees))


# Command

VERDICTS = {
    "valid": "VALID: what the exchange recorded for this id is inside the totals that it signed.",
    "invalid": "INVALID: something here is wrong. Keep both files: they are the evidence.",
    "unchecked": "UNCHECKED: nothing wrong was found, but not everything that must be checked could be.",
}


def _width(text: str) -> int:
    """Columns on a terminal: Chinese, Japanese and Korean characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    padded = [[cell + " " * (widths[column] - _width(cell)) for column, cell in enumerate(row)] for row in rows]
    return "\n".join("  " + "  ".join(row).rstrip() for row in padded)


def render_text(report: Report) -> str:
    """The report for people: balances, the table of checks, what was not checked, and the verdict."""
    parts = [f"Snapshot     {report.snapshot or 'unknown'}", f"Fingerprint  {report.fingerprint or 'unknown'}", ""]
    if report.balances:
        parts.append("Balances" if report.verdict == "valid" else "Balances as the proof states them, not confirmed")
        rows = [("asset", "entity", "subaccount", "claim (owed to you)", "debt (owed by you)")]
        for balance in report.balances:
            unit = "" if balance.scale is not None else " quanta"
            rows.append((balance.asset, balance.entity, "all", balance.claim + unit, balance.debt + unit))
            rows += [("", "", name or "(main)", claim, debt) for name, claim, debt in balance.lines]
        parts += [_table(rows), ""]
    parts.append("Checks")
    rows_checks = [("check", "result", "assurance", "detail")]
    rows_checks += [(c.name, c.result, c.assurance or "-", c.detail) for c in report.checks if c.result != "unchecked"]
    parts += [_table(rows_checks), "", "Not checked"]
    unchecked = [c for c in report.checks if c.result == "unchecked"]
    parts.append(_table([(c.name, "REQUIRED" if c.required else "", c.detail) for c in unchecked]))
    parts += ["", "Compare the fingerprint with other customers: all must have the same one.", VERDICTS[report.verdict]]
    if {"path", "statement"} <= {check.name for check in report.checks if check.result == "fail"}:
        parts.append("Check first that you typed your id exactly as it is registered: with another id, no proof fits.")
    return "\n".join(parts)


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(DOCUMENT_BYTES_MAX + 2)


def _ask_account() -> str | None:
    """The id as typed, on a terminal only; an empty answer is none."""
    if not sys.stdin.isatty():
        return None
    print("Your account id at the exchange: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().rstrip("\r\n") or None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(description="Check one Tallystick inclusion proof, offline.")
    parser.add_argument("proof", metavar="PROOF", help="the proof file")
    parser.add_argument("--attestation", required=True, metavar="FILE", help="the attestation file")
    parser.add_argument("--key", metavar="FILE_OR_HEX", help="the exchange's key: a key file or 64 hex digits")
    parser.add_argument("--account", metavar="ID", help="your account id; asked for on a terminal when not given")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show stops no answer
    try:
        proof, attestation = _read_file(options.proof), _read_file(options.attestation)
        key = None
        if options.key is not None:
            bare = len(options.key) == 64 and _HEX.match(options.key)
            key = read_key(options.key if bare else _read_file(options.key))
    except (OSError, ValueError) as error:
        if options.json:
            print(json.dumps({"checks": [], "error": str(error), "verdict": "unchecked"}, sort_keys=True))
        print(f"cannot read: {error}", file=sys.stderr)
        return 2
    account = options.account if options.account is not None else _ask_account()
    report = check_proof(proof, check_attestation(attestation, key), account)
    print(json.dumps(report.as_json(), sort_keys=True) if options.json else render_text(report))
    return report.exit_status


if __name__ == "__main__":
    sys.exit(main())
