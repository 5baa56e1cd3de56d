"""Emits `trees.json`, `canonical.json` and `identity.json`: the specification's tables, as values to compare with."""

from __future__ import annotations

import base64
from typing import Any

from tests.conformance.cases import Files, pretty
from tests.support.miniature import (
    MAX,
    Holder,
    Miniature,
    canonical,
    lp,
    path_of,
    tagged_hash,
    u64,
    u128,
)

__all__ = ["canonical_cases", "emit", "identity_cases"]

BTC = ("main", "BTC")
KINDS = ("email", "key", "assigned")
IDS = ("a@example.com", "Zoë@example.com", "日本語@example.jp", "\U0001f600", "1000000002", "ed25519:" + "7f" * 32)


def holder(number: int) -> Holder:
    """Customer `number` of the tree vectors: every kind of id, claims and debts, and subaccounts for every third."""
    lines = [("", number * 10**9 + 1, number % 2)]
    if number % 3 == 2:
        lines = [("", 1, 0), ("trading", 2**64 + number, 7), ("\ufb01", 3, 0), ("\U00010437", 0, 2**100)]
    return Holder(KINDS[number % 3], f"{IDS[number % len(IDS)]}{number}", {BTC: lines})


class InOrder(Miniature):
    """Slots are the order of the list, so that a reader of the vectors need not draw one."""

    def _shuffled(self, tree: tuple[str, str], holders: list[int]) -> list[int]:
        return holders


def tree_vector(count: int) -> dict[str, Any]:
    exchange = InOrder([holder(n) for n in range(count)], {BTC: 8})
    leaves = []
    for number, who in enumerate(exchange.holders):
        claim, debt = exchange.sums(BTC, number)
        statement = exchange.statement_bytes(number)
        leaves.append(
            {
                "account": who.account,
                "account_leaf": exchange.account_leaf(number).hex(),
                "account_path": path_of(exchange.account_levels, number).hex(),
                "account_salt": exchange.salt(("", ""), number).hex(),
                "claim": str(claim),
                "commitment": exchange.commitment(BTC, number).hex(),
                "debt": str(debt),
                "kind": who.kind,
                "lines": [
                    {"claim": str(c), "debt": str(d), "subaccount": name}
                    for name, c, d in sorted(who.balances[BTC], key=lambda line: line[0].encode())
                ],
                "path": path_of(exchange.trees[BTC], number).hex(),
                "salt": exchange.salt(BTC, number).hex(),
                "statement": statement.hex(),
                "statement_hash": tagged_hash(0x08, statement).hex(),
            }
        )
    return {
        "account_context": tagged_hash(0x11, lp(exchange.snapshot)).hex(),
        "account_levels": [[node.hex() for node in level] for level in exchange.account_levels],
        "account_root": exchange.account_root().hex(),
        "asset": "BTC",
        "asset_context": tagged_hash(0x03, lp(exchange.snapshot) + lp("main") + lp("BTC")).hex(),
        "asset_root": exchange.asset_root(BTC).hex(),
        "count": count,
        "entity": "main",
        "leaves": leaves,
        "levels": [[node.hex() for node in level] for level in exchange.trees[BTC]],
        "scale": 8,
        "snapshot": exchange.snapshot,
    }


def node_vectors() -> list[dict[str, Any]]:
    """Two children and their parent; `null` where a sum is too large and there is none."""
    amounts = (
        ("small", (1, 2), (3, 4)),
        ("zero", (0, 0), (0, 0)),
        ("beyond 64 bits", (2**64 - 1, 0), (1, 2**64)),
        ("claims one under", (MAX - 1, 0), (0, 0)),
        ("claims exact", (MAX - 1, 0), (1, 0)),
        ("claims one over", (MAX, 0), (1, 0)),
        ("debts exact", (0, 1), (0, MAX - 1)),
        ("debts one over", (0, 1), (0, MAX)),
        ("both over", (MAX, MAX), (MAX, MAX)),
    )
    rows = []
    for name, left, right in amounts:
        nodes = [bytes([fill]) * 32 + u128(sums[0]) + u128(sums[1]) for fill, sums in ((0x11, left), (0x22, right))]
        sums = [left[side] + right[side] for side in (0, 1)]
        parent = None
        if max(sums) <= MAX:
            parent = (tagged_hash(0x01, nodes[0] + nodes[1]) + u128(sums[0]) + u128(sums[1])).hex()
        rows.append({"left": nodes[0].hex(), "name": name, "node": parent, "right": nodes[1].hex()})
    return rows


def root_vectors() -> list[dict[str, Any]]:
    """One top node under names, scales and counts that must all give another root."""
    top = tagged_hash(0x00, b"top") + u128(5) + u128(6)
    rows = []
    for snapshot, entity, asset, scale, count in (
        ("demo.exchange/2026-11-23T02:00:00Z/0", "main", "BTC", 8, 1),
        ("demo.exchange/2026-11-23T02:00:00Z/1", "main", "BTC", 8, 1),
        ("demo.exchange/2026-11-23T02:00:00Z/0", "mainb", "TC", 8, 1),
        ("demo.exchange/2026-11-23T02:00:00Z/0", "main", "BTC", 9, 1),
        ("demo.exchange/2026-11-23T02:00:00Z/0", "main", "BTC", 8, 2),
        ("demo.exchange/2026-11-23T02:00:00Z/0", "main", "BTC", 38, 2**32 - 1),
    ):
        message = lp(snapshot) + lp(entity) + lp(asset) + bytes([scale]) + u64(count) + top
        rows.append(
            {
                "asset": asset,
                "count": count,
                "entity": entity,
                "root": tagged_hash(0x02, message).hex(),
                "scale": scale,
                "snapshot": snapshot,
                "top": top.hex(),
            }
        )
    return rows


DEEP = [b"[" * n + b"]" * n for n in (31, 32, 33)]
FILLED = [b"[" * n + b"1" + b"]" * n for n in (32, 33)]
CANONICAL = {
    "object": b'{"a":1,"b":[],"c":{}}',
    "array": b"[1,2]",
    "text": b'"x"',
    "number": b"0",
    "null": b"null",
    "truth": b"[true,false]",
    "largest integer": b"9007199254740991",
    "escapes": b'"\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f"',
    "delete and separators": '"\x7f\u2028\u2029/"'.encode(),
    "beyond 16 bits": '"\U0001f600"'.encode(),
    "not normalised text": '"e\u0301"'.encode(),
    "key of 64": b'{"' + b"k" * 64 + b'":0}',
    "all characters of keys": b'{"-":0,".":0,"09":0,":":0,"@":0,"Az":0,"_":0}',
    "keys by byte": b'{"10":0,"9":0,"A":0,"a":0}',
    "a key that languages reserve": b'{"__proto__":1,"constructor":{}}',
    "31 deep": DEEP[0],
    "32 deep": DEEP[1],
    "32 deep and a number": FILLED[0],
    "empty text": b'""',
}
NOT_CANONICAL = {
    "33 deep": DEEP[2],
    "33 deep and a number": FILLED[1],
    "keys out of order": b'{"b":1,"a":1}',
    "keys by number": b'{"9":0,"10":0}',
    "key twice": b'{"a":1,"a":1}',
    "reserved key twice": b'{"__proto__":1,"__proto__":1}',
    "key of 65": b'{"' + b"k" * 65 + b'":0}',
    "empty key": b'{"":0}',
    "key with a space": b'{"a b":0}',
    "key beyond ASCII": '{"é":0}'.encode(),
    "key with an escape": b'{"\\u0061":0}',
    "space after colon": b'{"a": 1}',
    "space before": b" 1",
    "space after": b"1 ",
    "line feed inside": b"[1,\n2]",
    "float": b"1.0",
    "exponent": b"1e2",
    "capital exponent": b"1E2",
    "negative": b"-1",
    "minus zero": b"-0",
    "plus": b"+1",
    "leading zero": b"01",
    "one over the largest": b"9007199254740992",
    "10000 digits": b"9" * 10_000,
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "escaped slash": b'"\\/"',
    "escaped letter": b'"\\u0061"',
    "escaped delete": b'"\\u007f"',
    "capital escape": b'"\\u001F"',
    "long escape of tab": b'"\\u0009"',
    "raw tab": b'"\t"',
    "raw null": b'"\0"',
    "lone high surrogate": b'"\\ud800"',
    "lone low surrogate": b'"\\udc00"',
    "escaped pair": b'"\\ud83d\\ude00"',
    "encoded surrogate": b'"\xed\xa0\x80"',
    "overlong": b'"\xc0\xaf"',
    "wrong byte": b'"\xff"',
    "beyond Unicode": b'"\xf4\x90\x80\x80"',
    "byte-order mark": b"\xef\xbb\xbf1",
    "two values": b"1 2",
    "trailing comma": b"[1,]",
    "comment": b"1//",
    "single quotes": b"'a'",
    "unclosed": b"[1",
    "empty": b"",
    "hex number": b"0x1",
    "capital truth": b"True",
    "5000 deep": b"[" * 5_000,
}


def canonical_cases() -> list[tuple[str, bytes, bool]]:
    """(name, file's bytes, whether it is the one spelling of a value)."""
    found = [(name, data + b"\n", True) for name, data in CANONICAL.items()]
    found += [(name, data + b"\n", False) for name, data in NOT_CANONICAL.items()]
    found += [
        ("no line feed", b"1", False),
        ("two line feeds", b"1\n\n", False),
        ("carriage return", b"1\r\n", False),
        ("nothing at all", b"", False),
    ]
    return found


SPACES = "\u0020\u00a0\u1680\u2002\u2005\u200a\u202f\u205f\u3000"
EDGES = [
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0xAD, 0xAD),
    (0x61C, 0x61C),
    (0x180E, 0x180E),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x2069),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE007F),
    (0xFDD0, 0xFDEF),
    (0xFFFE, 0xFFFF),
    (0x1FFFE, 0x1FFFF),
    (0x10FFFE, 0x10FFFF),
]
UNSEEN = [chr(end) for low, high in EDGES for end in {low, high}]
SEEN = [
    "\u0020",
    "\u007e",
    "\u00a0",
    "\u00ac",
    "\u00ae",
    "\u061b",
    "\u180d",
    "\u200a",
    "\u2010",
    "\u2027",
    "\u202f",
    "\u205f",
    "\u206a",
    "\ufdcf",
    "\ufdf0",
    "\ufffc",
    "\ufffd",
    "\U0001fffd",
    "\U000e0080",
    "\U0010fffd",
]
SNAPSHOTS = (
    "a/2026-11-23T02:00:00Z/0",
    "0.a-b/2024-02-29T23:00:00Z/1",
    f"{'a' * 64}/0001-01-01T00:00:00Z/9007199254740991",
    "x/9999-12-31T23:00:00Z/1000000000",
)
NOT_SNAPSHOTS = (
    "",
    "A/2026-11-23T02:00:00Z/0",
    "-a/2026-11-23T02:00:00Z/0",
    f"{'a' * 65}/2026-11-23T02:00:00Z/0",
    "a/2026-11-23T02:00:00Z/00",
    "a/2026-11-23T02:00:00Z/-1",
    "a/2026-11-23T02:00:00Z/",
    "a/2026-11-23T02:00:00Z",
    "a/2026-11-23T02:30:00Z/0",
    "a/2026-11-23T02:00:01Z/0",
    "a/2026-11-23T24:00:00Z/0",
    "a/2026-02-29T00:00:00Z/0",
    "a/0000-01-01T00:00:00Z/0",
    "a/2026-13-01T00:00:00Z/0",
    "a/2026-11-00T00:00:00Z/0",
    "a/2026-11-23t02:00:00z/0",
    "a/2026-11-23T02:00:00+00:00/0",
    "a/2026-11-23T02:00:00Z/0\n",
    "a/2026-11-23T02:00:00Z/٣",
    "a/２026-11-23T02:00:00Z/0",
    "a/2026-11-23T02:00:00Z/9007199254740992",
    "a/b/2026-11-23T02:00:00Z/0",
)


def identity_cases() -> list[tuple[str, str, bool]]:
    """(kind of name, text, whether it follows encoding.md section 4)."""
    found = [("account", f"a{text}b", False) for text in UNSEEN]
    found += [("account", f"a{text}b", True) for text in SEEN]
    found += [("account", f"a{space}b", True) for space in SPACES if space not in SEEN]
    found += [("account", text, False) for space in SPACES for text in (f"{space}a", f"a{space}")]
    found += [
        ("account", text, False)
        for text in ("", " ", "e\u0301", "\u212b", "\u1100\u1161", "a\u0323\u0307\u0301"[::-1], "\ud800", "a\udfffb")
    ]
    found += [
        ("account", text, True)
        for text in ("a", "é", "Å", "가", "Ⅷ", "ﬁ", "ſ", "ß", "\u0301", "1e5", "-1", "null", "'; --")
    ]
    for size, kind in ((256, "account"), (64, "subaccount")):
        for offset in (-1, 0, 1):
            found.append((kind, "x" * (size + offset), offset <= 0))
        found += [
            (kind, "é" * (size // 2), True),
            (kind, "é" * (size // 2) + "x", False),
            (kind, "\U0001f600" * (size // 4), True),
        ]
    found += [("subaccount", "", True), ("subaccount", " ", False), ("subaccount", "日本", True)]
    found += [("snapshot", text, True) for text in SNAPSHOTS]
    found += [("snapshot", text, False) for text in NOT_SNAPSHOTS]
    return found


def emit() -> Files:
    accepted = [
        {"base64": base64.b64encode(data).decode(), "canonical": good, "name": name}
        for name, data, good in canonical_cases()
    ]
    names = [{"kind": kind, "text": text, "valid": good} for kind, text, good in identity_cases()]
    assert canonical({}) == b"{}"
    return {
        "canonical.json": pretty({"attack": "34: another spelling of the same document", "cases": accepted}),
        "identity.json": pretty({"attack": "9: fields that join to the same bytes", "cases": names}),
        "trees.json": pretty(
            {"nodes": node_vectors(), "roots": root_vectors(), "trees": [tree_vector(count) for count in range(10)]}
        ),
    }
