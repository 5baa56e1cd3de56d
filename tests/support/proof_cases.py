"""Cases for every verifier of one proof: honest ones, and one forgery for each rule. Each verifier must agree on all.

A case names the verdict and the checks that must fail. `unchecked` lists required checks that must not be asked.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.support import miniature
from tests.support.miniature import (
    HOLDERS,
    MAX,
    Change,
    Holder,
    Miniature,
    canonical,
    key_file,
    public_hex,
    rotation,
    u128,
)

PLAIN = Miniature()
ALICE = HOLDERS[0].account
BTC, USDC = ("main", "BTC"), ("main", "USDC")


@dataclass(frozen=True)
class Case:
    """The inputs of one check and what must come out. `key` is hex, a key file's text, or None."""

    name: str
    proof: bytes
    attestation: bytes
    verdict: str = "invalid"
    failed: frozenset[str] = frozenset()
    unchecked: frozenset[str] = frozenset()
    account: str | None = ALICE
    key: str | None = public_hex("first")


BELOW_SIGNATURE = frozenset(("path", "sums", "statement"))
AFTER_FORM = frozenset(("signature", "identity")) | BELOW_SIGNATURE


def case(name: str, exchange: Miniature = PLAIN, holder: int = 0, *failed: str, **fields: Any) -> Case:
    """A case over an exchange; proof and attestation are its honest ones unless given."""
    fields.setdefault("attestation", exchange.attestation())
    fields.setdefault("proof", exchange.proof(holder))
    fields.setdefault("account", exchange.holders[holder].account)
    if "form" in failed:
        fields.setdefault("unchecked", AFTER_FORM)
    if {"signature", "identity"} & set(failed):
        fields.setdefault("unchecked", BELOW_SIGNATURE)
    verdict = fields.pop("verdict", "invalid" if failed else "valid")
    return Case(name=name, verdict=verdict, failed=frozenset(failed), **fields)


def set_in(*steps: Any) -> Change:
    """A change that sets one value: the steps lead to it, and the last is the value."""
    *path, last, value = steps

    def change(document: Any) -> None:
        for step in path:
            document = document[step]
        document[last] = value

    return change


def remove_in(*path: Any) -> Change:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    return change


# Honest


def honest_cases() -> Iterator[Case]:
    for number, holder in enumerate(HOLDERS):
        yield case(f"honest, {holder.kind} {number}", PLAIN, number)
    yield case("no id", verdict="unchecked", unchecked=frozenset(("identity",)) | BELOW_SIGNATURE, account=None)
    yield case("no key", verdict="unchecked", unchecked=frozenset(("signature",)), key=None)
    yield case("key file", key=key_file("first").decode())
    yield case("without optional sections", Miniature(optional_sections=False))
    for count in (1, 2, 3, 4, 7, 8):
        exchange = Miniature(
            [Holder("email", f"user{n}@example.com", {BTC: [("", n + 1, n)]}) for n in range(count)], {BTC: 38}
        )
        for number in range(count):
            yield case(f"{count} holders, number {number}", exchange, number)
    later = Miniature(sequence=7, kind="restatement", revision=1)
    yield case("restatement", later)
    for name in ("toString", "__proto__", "later-section"):
        document = PLAIN.attestation_document(change=set_in(name, {"anything": [1, None, True, "ü"]}))
        attestation, proof = canonical(document) + b"\n", PLAIN.proof(attestation=document)
        yield case(f"unknown section {name}", attestation=attestation, proof=proof)
    yield case("the whole range", wide_exchange(MAX))
    yield from fallen_leaves()


def fallen_leaves() -> Iterator[Case]:
    """A leaf that fell to zero inside the hour stands where a log does, and nowhere else; a zero line never does."""
    fallen = [Holder("email", ALICE, {BTC: [("", 0, 0)]}), Holder("email", "b@example.com", {BTC: [("", 5, 0)]})]
    with_log = Miniature(fallen, {BTC: 8}, has_log=True)
    yield case("a leaf that fell to zero", with_log)
    yield case("a leaf of zero without a log", Miniature(fallen, {BTC: 8}), 0, "statement")
    zero = [{"claim": "0", "debt": "0", "subaccount": "bot"}]
    listed = with_log.proof(change=set_in("leaves", 0, "lines", zero))
    yield case("a leaf that fell to zero with a zero line", with_log, 0, "statement", proof=listed)


def wide_exchange(total: int) -> Miniature:
    holders = [
        Holder("email", ALICE, {BTC: [("", 1, 0)]}),
        Holder("email", "whale@example.com", {BTC: [("", total - 1, 0)]}),
    ]
    return Lying(holders, {BTC: 0}, optional_sections=False, top_sums=(min(total, MAX), 0))


class Lying(Miniature):
    """An exchange that states and hashes other sums at the top than the tree has."""

    def __init__(self, *arguments: Any, top_sums: tuple[int, int], **fields: Any) -> None:
        self.top_sums = top_sums
        super().__init__(*arguments, **fields)

    def inner_node(self, left: bytes, right: bytes) -> bytes:
        claims, debts = self.top_sums
        return miniature.tagged_hash(0x01, left + right) + u128(claims) + u128(debts)


# The tree


class MaximumForSum(Miniature):
    """Publishes the larger of two claims instead of their sum."""

    def inner_node(self, left: bytes, right: bytes) -> bytes:
        claims = max(left[32:48], right[32:48])
        debts = max(left[48:], right[48:])
        return miniature.tagged_hash(0x01, left + right) + claims + debts


class UnboundSums(Miniature):
    """Hashes only the children's hashes and the total, as other schemes do."""

    def inner_node(self, left: bytes, right: bytes) -> bytes:
        honest = super().inner_node(left, right)
        return miniature.tagged_hash(0x01, left[:32] + right[:32] + honest[32:]) + honest[32:]


class OneLeafForTwo(Miniature):
    """Gives the second holder's commitment to the first: both are shown one leaf."""

    def commitment(self, tree: tuple[str, str], holder: int) -> bytes:
        return super().commitment(tree, 1 if tree == BTC and holder == 0 else holder)


class OddNodeTwice(Miniature):
    """Pairs an odd node with itself instead of promoting it."""

    def levels(self, nodes: list[bytes], join: Any = None) -> list[list[bytes]]:
        odd = join is None and len(nodes) % 2 == 1 and len(nodes) > 1
        return super().levels([*nodes, nodes[-1]] if odd else nodes, join)


class HiddenTree(Miniature):
    """Leaves one of the customer's assets out of their statement."""

    def statement_bytes(self, holder: int) -> bytes:
        kept = dict(list(self.holders[holder].balances.items())[:1])
        others = [replace(who, balances=kept) if n == holder else who for n, who in enumerate(self.holders)]
        shown = Miniature.__new__(Miniature)
        shown.__dict__.update({**self.__dict__, "holders": others})
        return Miniature.statement_bytes(shown, holder)


def longer(document: dict[str, Any], size: int = 64) -> None:
    leaf = document["leaves"][0]
    leaf["path"] = base64.b64encode(base64.b64decode(leaf["path"]) + bytes(size)).decode()


def shorter(document: dict[str, Any]) -> None:
    leaf = document["leaves"][0]
    leaf["path"] = base64.b64encode(base64.b64decode(leaf["path"])[:-64]).decode()


def sibling_sum(value: int) -> Change:
    def change(document: dict[str, Any]) -> None:
        leaf = document["leaves"][0]
        path = bytearray(base64.b64decode(leaf["path"]))
        path[32:48] = u128(value)
        leaf["path"] = base64.b64encode(bytes(path)).decode()

    return change


def inner_as_leaf(document: dict[str, Any]) -> None:
    """Presents the way from the first inner node as a leaf's own."""
    leaf = document["leaves"][0]
    leaf.update(path=base64.b64encode(base64.b64decode(leaf["path"])[64:]).decode(), slot=leaf["slot"] // 2)


def tree_cases() -> Iterator[Case]:
    yield case("maximum for sum", MaximumForSum(), 0, "path", "sums")
    yield case("sums not bound to the children", UnboundSums(), 0, "path")
    yield case("one leaf for two holders", OneLeafForTwo(), 0, "path")
    last = PLAIN.slots[BTC][-1]
    yield case("odd node twice", OddNodeTwice(), last, "path", unchecked=frozenset(("sums",)))
    yield case("an asset left out of the statement", HiddenTree(), 0, "statement")
    yield case("top sums stated too low", Lying(top_sums=(5, 0)), 0, "path", "sums")
    yield case("a sum over the range", wide_exchange(MAX + 1), 0, "sums", unchecked=frozenset(("path",)))
    for name, change in (
        ("path too long", longer),
        ("path too short", shorter),
        ("inner node as leaf", inner_as_leaf),
    ):
        failed = ("path", "statement") if change is inner_as_leaf else ("path",)
        proof = PLAIN.proof(change=change)
        yield case(name, PLAIN, 0, *failed, proof=proof, unchecked=frozenset(("sums",)))
    yield case("path of no whole nodes", PLAIN, 0, "form", proof=PLAIN.proof(change=lambda d: longer(d, 63)))
    slot_past = PLAIN.proof(change=set_in("leaves", 0, "slot", 5))
    yield case("slot past the leaves", PLAIN, 0, "path", "statement", proof=slot_past, unchecked=frozenset(("sums",)))
    sibling = PLAIN.proof(change=sibling_sum(MAX))
    yield case("sibling over the range", PLAIN, 0, "sums", proof=sibling, unchecked=frozenset(("path",)))
    yield case("another sibling sum", PLAIN, 0, "path", "sums", proof=PLAIN.proof(change=sibling_sum(12_345)))
    unknown = PLAIN.proof(change=set_in("leaves", 0, "asset", "AAA"))
    yield case("no such tree", PLAIN, 0, "path", "statement", proof=unknown, unchecked=frozenset(("sums",)))
    yield case("somebody else's id", PLAIN, 0, "path", "statement", account="bob@example.com")
    yield case("another case of the id", PLAIN, 0, "path", "statement", account=ALICE.upper())
    swapped = PLAIN.proof(change=set_in("kind", "assigned"))
    yield case("another kind of id", PLAIN, 0, "path", "statement", proof=swapped)
    salt = PLAIN.proof(change=set_in("leaves", 1, "salt", "00" * 32))
    yield case("another salt", PLAIN, 0, "path", proof=salt)


def spell_out(document: dict[str, Any]) -> None:
    """The same statement in a second spelling: the main line that an empty list stands for."""
    leaf = next(leaf for leaf in document["leaves"] if not leaf["lines"])
    leaf["lines"] = [{"claim": leaf["claim"], "debt": leaf["debt"], "subaccount": ""}]


def statement_cases() -> Iterator[Case]:
    def case_of(name: str, change: Change, *failed: str) -> Case:
        return case(name, PLAIN, 0, *failed, proof=PLAIN.proof(change=change))

    empty = case_of("no leaf", set_in("leaves", []), "statement")
    yield replace(empty, unchecked=frozenset(("path", "sums")))
    yield case_of("a leaf left out", remove_in("leaves", 1), "statement")
    yield case_of("no lines", set_in("leaves", 0, "lines", []), "statement")
    yield case_of("lines that add up to less", set_in("leaves", 0, "lines", 0, "claim", "1"), "statement")
    yield case_of("a line moved to another subaccount", set_in("leaves", 0, "lines", 1, "subaccount", "x"), "statement")
    yield case_of("a main line alone spelled out", spell_out, "statement")
    zero = {"claim": "0", "debt": "0", "subaccount": "zero"}
    yield case_of("a zero line", lambda d: d["leaves"][0]["lines"].append(zero), "statement")
    yield case_of("another account salt", set_in("account", "salt", "11" * 32), "statement")
    yield case_of("account slot past the end", set_in("account", "slot", 5), "statement")
    yield case_of("no account path", set_in("account", "path", ""), "statement")
    negating = [{"claim": str(MAX), "debt": str(MAX), "subaccount": name} for name in ("a", "b")]
    yield case_of("lines over the range", set_in("leaves", 0, "lines", negating), "statement")


def form_cases() -> Iterator[Case]:
    changes: dict[str, Change] = {
        "proof of another attestation": set_in("attestation", "00" * 32),
        "proof of another hour": set_in("snapshot", "demo.exchange/2026-11-23T03:00:00Z/0"),
        "proof with an unknown key": set_in("note", "x"),
        "proof with a missing key": remove_in("kind"),
        "proof of another format": set_in("format", "tallystick/proof/2"),
        "proof of an unknown kind": set_in("kind", "phone"),
        "leaf order": lambda d: d["leaves"].reverse(),
        "leaf twice": lambda d: d["leaves"].append(d["leaves"][-1]),
        "line order": lambda d: d["leaves"][0]["lines"].reverse(),
        # By UTF-16 units this pair would stand the other way round.
        "line order beyond 16 bits": lambda d: d["leaves"][0].update(
            lines=[{"claim": "1", "debt": "0", "subaccount": name} for name in ("\U00010437", "\ufb01")]
        ),
        "subaccount not NFC": set_in("leaves", 0, "lines", 1, "subaccount", "e\u0301"),
        "subaccount too long": set_in("leaves", 0, "lines", 1, "subaccount", "x" * 65),
        "slot as text": set_in("leaves", 0, "slot", "1"),
        "slot as truth": set_in("leaves", 0, "slot", True),
        "salt too short": set_in("leaves", 0, "salt", "00" * 31),
        "salt in capitals": set_in("leaves", 0, "salt", "AA" * 32),
        "path not canonical": set_in("leaves", 0, "path", "AB=="),
        "snapshot of no day": set_in("snapshot", "demo.exchange/2026-02-29T02:00:00Z/0"),
        "leaves as object": set_in("leaves", {}),
        "a leaf as null": set_in("leaves", 0, None),
        "account as null": set_in("account", None),
    }
    for amount in ("-1", "-0", "+1", " 1", "1 ", "01", "1e5", "1.0", "", "NaN", "٣", "1\n", str(2**128), 5, None):
        changes[f"claim {amount!r}"] = set_in("leaves", 0, "claim", amount)
    for name, change in changes.items():
        yield case(name, PLAIN, 0, "form", proof=PLAIN.proof(change=change))
    for name, proof in spellings(PLAIN.proof()).items():
        yield case(f"proof {name}", PLAIN, 0, "form", proof=proof)
    for name, attestation in spellings(PLAIN.attestation()).items():
        yield case(f"attestation {name}", PLAIN, 0, "form", attestation=attestation)
    yield case("files swapped", PLAIN, 0, "form", proof=PLAIN.attestation(), attestation=PLAIN.proof())


def spellings(good: bytes) -> dict[str, bytes]:
    """The same document written otherwise, and things that are no documents."""
    document = json.loads(good)
    body = good[:-1]
    return {
        "empty": b"",
        "only a line feed": b"\n",
        "null": b"null\n",
        "without line feed": body,
        "with two line feeds": good + b"\n",
        "with carriage return": body + b"\r\n",
        "with byte-order mark": b"\xef\xbb\xbf" + good,
        "with a space": good.replace(b":", b": ", 1),
        "indented": json.dumps(document, indent=1, sort_keys=True).encode() + b"\n",
        "in another key order": json.dumps(dict(reversed(document.items())), separators=(",", ":")).encode() + b"\n",
        "with a key twice": b'{"a":1,"a":1,' + body[1:] + b"\n",
        "with an escaped letter": good.replace(b"demo", b"\\u0064emo", 1),
        "with an escaped slash": good.replace(b"/", b"\\/", 1),
        "with a lone surrogate": good.replace(b"demo", b"\\ud800emo", 1),
        "with a wrong byte": good.replace(b"demo", b"d\xffmo", 1),
        "with an overlong byte": good.replace(b"demo", b"\xc1\xa4emo", 1),
        "with a float": b'{"a":1.0}\n',
        "with an exponent": b'{"a":1e2}\n',
        "with minus zero": b'{"a":-0}\n',
        "with a number too large": b'{"a":9007199254740992}\n',
        "with endless digits": b'{"a":' + b"9" * 10_000 + b"}\n",
        "with NaN": b'{"a":NaN}\n',
        "in UTF-16": good.decode().encode("utf-16"),
        "very deep": b"[" * 200_000 + b"\n",
        "truncated": body[: len(body) // 2] + b"\n",
    }


def tree_row(name: str, value: Any, index: int = 0) -> Change:
    return set_in("snapshot", "trees", index, name, value)


def attestation_cases() -> Iterator[Case]:
    """Attestations that are signed well and written or added up badly: all fail by form."""
    sections: dict[str, Change] = {
        "unknown key in the snapshot": set_in("snapshot", "extra", 1),
        "missing key in the snapshot": remove_in("snapshot", "ledger"),
        "another exchange inside": set_in("snapshot", "exchange", "other.exchange"),
        "another cutoff": set_in("snapshot", "cutoff", "2026-11-23T02:00:01Z"),
        "another snapshot inside": set_in("snapshot", "snapshot", "demo.exchange/2026-11-23T03:00:00Z/0"),
        "another predecessor inside": set_in("snapshot", "previous", "00" * 32),
        "small tree not disclosed": lambda s: s["snapshot"]["disclosures"].pop(0),
        "disclosures out of order": lambda s: s["snapshot"]["disclosures"].reverse(),
        "trees out of order": lambda s: s["snapshot"]["trees"].reverse(),
        "tree twice": lambda s: s["snapshot"]["trees"].append(s["snapshot"]["trees"][-1]),
        "scale 39": tree_row("scale", 39),
        "scale as text": tree_row("scale", "8"),
        "leaves 2^32": tree_row("leaves", 2**32),
        "more leaves than accounts": tree_row("leaves", 6),
        "empty tree with claims": tree_row("claims", "1", 3),
        "empty tree with another root": tree_row("root", "00" * 32, 3),
        "empty tree with another scale": tree_row("scale", 1, 3),
        "asset in small letters": tree_row("asset", "bTC"),
        "chain of another form": set_in("snapshot", "trees", 0, "reserves", 0, "chain", "ethereum"),
        "reserve list out of order": lambda s: s["snapshot"]["trees"][0]["reserves"].reverse(),
        "negative claims": tree_row("claims", "-1"),
        "no accounts": set_in("snapshot", "accounts", "count", 0),
        "ledger half filled": set_in("snapshot", "ledger", {"head": "00" * 32}),
        "reserve totals shortened": lambda s: s["reserves"]["totals"].pop(),
        "reserve row counted nowhere": set_in("reserves", "rows", 0, "contract", "0x00"),
        "reserve row twice": lambda s: s["reserves"]["rows"].insert(0, s["reserves"]["rows"][0]),
        "reserve sum too high": set_in("reserves", "totals", 0, "proven", str(MAX)),
        "coverage rounded up": set_in("reserves", "totals", 0, "coverage", "1.000001"),
        "coverage without digits": set_in("reserves", "totals", 0, "coverage", "1"),
        "control without proof counted as proven": set_in("reserves", "rows", 0, "control", "none"),
        "a contract wallet's answer counted as proven": set_in("reserves", "rows", 0, "control", "eip1271"),
        "a claim counted as attested": set_in("reserves", "rows", 2, "evidence", "claim"),
        "unknown control": set_in("reserves", "rows", 0, "control", "trust-me"),
        "books out of balance": set_in("books", "rows", 0, "custody", "0"),
        "books with deficit and excess": lambda s: s["books"]["rows"][0].update(
            deficit="1", excess=str(int(s["books"]["rows"][0]["excess"]) + 1)
        ),
        "books of other claims": set_in("books", "rows", 0, "claims", "1"),
        "net of other claims": set_in("net", "rows", 0, "net_claims", "1"),
        "price with a sign": set_in("net", "prices", 0, "price", "-1"),
        "no keys": remove_in("keys"),
        "no reserves": remove_in("reserves"),
        "a restatement's section": set_in("restatement", {"reason": "x", "restates": "00" * 32}),
        "a missed hour's section": set_in("missed", {"reason": "x"}),
        "unknown section that is no object": set_in("later", [1]),
    }
    for name, change in sections.items():
        yield signed_case(name, PLAIN, change=change)
    documents: dict[str, Change] = {
        "sequence 0 with predecessor": set_in("statement", "previous", "00" * 32),
        "sequence 1 without predecessor": set_in("statement", "sequence", 1),
        "unknown format": set_in("statement", "format", "tallystick/attestation/2"),
        "unknown kind of statement": set_in("statement", "kind", "correction"),
        "unknown key in the statement": set_in("statement", "extra", None),
        "another section hash": set_in("statement", "sections", "net", "00" * 32),
        "a section hash too many": set_in("statement", "sections", "ghost", "00" * 32),
        "unknown key in the document": set_in("extra", 1),
    }
    for name, change in documents.items():
        yield signed_case(name, PLAIN, late_change=change)
    yield signed_case("revision of an attestation", Miniature(revision=1))
    yield signed_case("restatement of revision 0", Miniature(kind="restatement", sequence=1))
    yield signed_case("restatement at sequence 0", Miniature(kind="restatement", revision=1))
    yield signed_case("an hour of half past", Miniature(hour="2026-11-23T02:30:00Z"))
    yield signed_case("a day that does not exist", Miniature(hour="2027-02-29T02:00:00Z"))
    yield signed_case("a missed hour", Miniature(kind="missed"))


def signed_case(name: str, exchange: Miniature, **changes: Change) -> Case:
    document = exchange.attestation_document(**changes)
    proof = exchange.proof(attestation=document)
    return case(f"attestation: {name}", exchange, 0, "form", attestation=canonical(document) + b"\n", proof=proof)


def ledger_cases() -> Iterator[Case]:
    """What an hour of the embedded exchange states beside its trees: added up well, or refused."""
    few = [Holder("email", ALICE, {BTC: [("", 40, 3)]}), Holder("email", "b@example.com", {BTC: [("", 60, 0)]})]
    hour = Miniature(few, {BTC: 8}, has_log=True, ledger_sections=True, optional_sections=False)
    yield case("an hour of the exchange's own ledger", hour)
    outside = Miniature(few, {BTC: 8}, ledger_sections=True, optional_sections=False)
    yield signed_case("zero-sum without a log", outside)
    changes: dict[str, Change] = {
        "zero-sum out of balance": set_in("zero-sum", "rows", 0, "house", "1"),
        "zero-sum of other claims": set_in("zero-sum", "rows", 0, "claims", "1"),
        "zero-sum of other debts": set_in("zero-sum", "rows", 0, "debts", "1"),
        "zero-sum with minus zero": set_in("zero-sum", "rows", 0, "house", "-0"),
        "zero-sum with claims below zero": set_in("zero-sum", "rows", 0, "claims", "-1"),
        "zero-sum with a plus sign": set_in("zero-sum", "rows", 0, "due_to", "+1"),
        "zero-sum over the range": set_in("zero-sum", "rows", 0, "house", "-" + str(MAX + 1)),
        "zero-sum with a line left out": lambda s: s["zero-sum"]["rows"].pop(),
        "zero-sum with an unknown key": set_in("zero-sum", "rows", 0, "other", "0"),
        "in flight without zero-sum": remove_in("zero-sum"),
        "in flight with its difference hidden": set_in("in-flight", "totals", 0, "difference", "0"),
        "in flight the other way": set_in("in-flight", "rows", 3, "amount", "4"),
        "in flight on another chain": set_in("in-flight", "rows", 0, "chain", "eip155:2"),
        "in flight twice": lambda s: s["in-flight"]["rows"].insert(0, s["in-flight"]["rows"][0]),
        "in flight out of order": lambda s: s["in-flight"]["rows"].reverse(),
        "in flight sideways": set_in("in-flight", "rows", 0, "direction", "up"),
        "in flight and recorded nowhere": set_in("in-flight", "rows", 0, "recorded", "nowhere"),
        "in flight below zero": set_in("in-flight", "rows", 0, "amount", "-10"),
        "in flight with another custody": set_in("in-flight", "totals", 0, "custody", "0"),
        "in flight with a total left out": lambda s: s["in-flight"]["totals"].pop(),
        "unread and read": set_in("unread", "rows", 0, "address", "0x" + "11" * 20),
        "unread of no tree": set_in("unread", "rows", 0, "asset", "AAA"),
        "unread without a reason": set_in("unread", "rows", 0, "reason", ""),
        "unread with an older balance": set_in("unread", "rows", 0, "balance", "5"),
        "unread twice": lambda s: s["unread"]["rows"].append(s["unread"]["rows"][0]),
        "failed and yet with balances": set_in("failed", {"code": "root", "detail": "x", "ledger": miniature.LEDGER}),
    }
    for name, change in changes.items():
        yield signed_case(name, hour, change=change)


def invented_debts() -> Case:
    """A net figure that leaves out more debts than there are: claims would shrink by what nobody owes."""
    change = set_in("net", "rows", 0, "over_collateral_sum", "9" * 38)
    return signed_case("net of more debts than there are", PLAIN, change=change)


def signature_cases() -> Iterator[Case]:
    def broken(document: dict[str, Any]) -> None:
        document["signature"] = document["signature"][:-2] + "00"

    def high_s(document: dict[str, Any]) -> None:
        order = 2**252 + 27742317777372353535851937790883648493
        raw = bytes.fromhex(document["signature"])
        raised = int.from_bytes(raw[32:], "little") + order
        document["signature"] = (raw[:32] + raised.to_bytes(32, "little")).hex()

    def everything(document: dict[str, Any]) -> None:
        # With a small-order key, R the identity and S = 0, cofactored or careless verifiers accept any message.
        document["statement"]["key"] = (1).to_bytes(32, "little").hex()

    for name, change in (("broken", broken), ("with S not reduced", high_s)):
        attestation = PLAIN.attestation(unsigned_change=change)
        yield case(f"signature {name}", PLAIN, 0, "signature", attestation=attestation)
    yield case(
        "signature broken, no key",
        PLAIN,
        0,
        "signature",
        key=None,
        attestation=PLAIN.attestation(unsigned_change=broken),
    )
    document = PLAIN.attestation_document(late_change=everything)
    document["signature"] = ((1).to_bytes(32, "little") + bytes(32)).hex()
    small = {"attestation": canonical(document) + b"\n", "proof": PLAIN.proof(attestation=document)}
    yield case("small-order key", PLAIN, 0, "signature", key=document["statement"]["key"], **small)
    yield case("another key", PLAIN, 0, "signature", key=public_hex("stranger"))
    other = key_file("first", exchange="other.exchange").decode()
    yield case("key file of another exchange", PLAIN, 0, "signature", key=other)
    yield from rotation_cases()


def rotation_cases() -> Iterator[Case]:
    chain = [rotation("first", "second", 3), rotation("second", "third", 6)]
    moved = Miniature(sequence=6, signer="third", rotations=chain)
    for name in ("first", "second", "third"):
        yield case(f"rotated, reader has {name}", moved, 0, key=public_hex(name))
    yield case("rotated, reader has a stranger", moved, 0, "signature", key=public_hex("stranger"))
    early = Miniature(sequence=5, signer="third", rotations=chain)
    yield case("signed before the rotation", early, 0, "signature", key=public_hex("third"))
    for side in ("signature_from", "signature_to"):
        forged = [{**chain[0], side: chain[1][side]}, chain[1]]
        exchange = Miniature(sequence=6, signer="third", rotations=forged)
        yield case(f"rotation with a forged {side}", exchange, 0, "signature", key=public_hex("first"))
        yield case(f"forged {side} before the reader's key", exchange, 0, key=public_hex("second"))
    later_reader = key_file("third", chain).decode()
    old = Miniature(sequence=2)
    yield case("reader's key is later", PLAIN, 0, key=later_reader)
    yield case("reader's key is later, last sequence of the old", Miniature(sequence=2), 0, key=later_reader)
    yield case("old key after its rotation", Miniature(sequence=3), 0, "signature", key=later_reader)
    forged_file = key_file("third", [{**chain[0], "signature_to": "00" * 64}, chain[1]]).decode()
    yield case("reader's rotations forged", old, 0, "signature", key=forged_file)
    gap = [chain[0], rotation("other", "third", 6)]
    back = [chain[0], rotation("second", "first", 6)]
    same = [rotation("first", "second", 3), rotation("second", "third", 3)]
    foreign = [rotation("first", "third", 3, exchange="other.exchange")]
    for name, rotations, signer in (
        ("a gap", gap, "third"),
        ("a key that comes back", back, "first"),
        ("one sequence twice", same, "third"),
        ("another exchange", foreign, "third"),
        ("another last key", chain, "second"),
        ("sequence 0", [rotation("first", "third", 0)], "third"),
    ):
        exchange = Miniature(sequence=9, signer=signer, rotations=rotations)
        yield case(f"rotations with {name}", exchange, 0, "form")


def identity_cases() -> Iterator[Case]:
    bad = {
        "empty": "",
        "with a space before": f" {ALICE}",
        "with a space after": f"{ALICE} ",
        "with an ideographic space after": f"{ALICE}\u3000",
        "with a line feed": f"{ALICE}\n",
        "with a zero-width space": "alice\u200b@example.com",
        "with a byte-order mark": f"\ufeff{ALICE}",
        "not in form C": "Zoe\u0308@example.com",
        "with a non-character": "a\U0001ffff",
        "with a tag": "a\U000e0041",
        "too long": "x" * 257,
        "too long in bytes": "é" * 129,
    }
    for name, account in bad.items():
        yield case(f"id {name}", PLAIN, 0, "identity", account=account)
    for account in ("x" * 255, "x" * 256, "é" * 128, "a\u00a0b", "日本\u3000語"):
        exchange = Miniature([Holder("assigned", account, {BTC: [("", 1, 0)]})], {BTC: 8})
        yield case(f"id of {len(account)} characters and {len(account.encode())} bytes", exchange)


def all_cases() -> list[Case]:
    cases = [
        *honest_cases(),
        *tree_cases(),
        *statement_cases(),
        *form_cases(),
        *attestation_cases(),
        *signature_cases(),
        *identity_cases(),
        *ledger_cases(),
        invented_debts(),
    ]
    names = [each.name for each in cases]
    assert len(set(names)) == len(names), "each case has its own name"
    return cases
