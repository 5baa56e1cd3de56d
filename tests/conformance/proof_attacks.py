"""Proof cases beyond those of tests/support/proof_cases.py: one for each way in which others' proofs were broken.

Each is built by an exchange of tests/support/miniature.py that lies in one method, or by one change to its documents.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.support.miniature import HOLDERS, MAX, SCALES, Change, Holder, Miniature, canonical, public_hex, tagged_hash
from tests.support.proof_cases import AFTER_FORM, ALICE, BTC, PLAIN, Case, case, set_in, signed_case, tree_row

EIGHT = tuple(Holder("email", f"user{n}@example.com", {BTC: [("", 10, 0)]}) for n in range(8))


class HalfHidden(Miniature):
    """Signs a root in which the right half of the customers is owed nothing."""

    def forged(self, right: bytes) -> bytes:
        return right[:32] + bytes(32)

    def levels(self, nodes: list[bytes], join: Any = None) -> list[list[bytes]]:
        levels = super().levels(nodes, join)
        if join is None:
            left, right = levels[-2]
            levels[-1] = [tagged_hash(0x01, left + self.forged(right)) + left[32:]]
        return levels

    def told(self, holder: int) -> bytes:
        """The proof with the sibling that this customer must see for the published total."""
        document = self.proof_document(holder)
        leaf = document["leaves"][0]
        path = bytearray(base64.b64decode(leaf["path"]))
        path[-32:] = bytes(32)
        leaf["path"] = base64.b64encode(bytes(path)).decode()
        return canonical(document) + b"\n"


class OtherTotal(Miniature):
    """Prints another total beside a root that holds the true one."""

    def claims_and_debts(self, tree: tuple[str, str]) -> tuple[int, int]:
        claims, debts = super().claims_and_debts(tree)
        return (claims - 1, debts) if tree == BTC else (claims, debts)


def whole_range(total: int, column: int) -> Miniature:
    """Two customers whose claims (column 0) or debts (column 1) add up to `total`, which the root must hold."""

    class Whole(Miniature):
        def inner_node(self, left: bytes, right: bytes) -> bytes:
            sums = [0, 0]
            sums[column] = min(total, MAX)
            return tagged_hash(0x01, left + right) + b"".join(value.to_bytes(16, "big") for value in sums)

    def line(value: int) -> list[tuple[str, int, int]]:
        return [("", value, 0) if column == 0 else ("", 0, value)]

    holders = [
        Holder("email", ALICE, {BTC: line(1)}),
        Holder("email", "whale@example.com", {BTC: line(total - 1)}),
    ]
    return Whole(holders, {BTC: 0}, optional_sections=False)


def path_change(edit: Any, *steps: Any) -> Change:
    """A change that edits the bytes of a path in place; `steps` lead to the object that has it."""

    def change(document: Any) -> None:
        for step in steps or ("leaves", 0):
            document = document[step]
        path = bytearray(base64.b64decode(document["path"]))
        document["path"] = base64.b64encode(bytes(edit(path))).decode()

    return change


def of_change(name: str, change: Change, *failed: str, unchecked: frozenset[str] = frozenset()) -> Case:
    if "form" in failed:
        unchecked = AFTER_FORM
    return replace(case(name, PLAIN, 0, *failed, proof=PLAIN.proof(change=change)), unchecked=unchecked)


def sum_cases() -> Iterator[Case]:
    hidden = HalfHidden(EIGHT, {BTC: 0}, optional_sections=False)
    left, right = hidden.slots[BTC][0], hidden.slots[BTC][-1]
    yield case("half of the customers hidden, told to the half that is in", hidden, left, proof=hidden.told(left))
    yield case(
        "half of the customers hidden, told to the half that is not",
        hidden,
        right,
        "path",
        proof=hidden.told(right),
    )
    yield case("half of the customers hidden, true siblings", hidden, right, "path", "sums")
    yield case("another total beside the root", OtherTotal(), 0, "sums")
    for column, word in ((0, "claims"), (1, "debts")):
        for total in (MAX - 1, MAX):
            name = "2^128-2" if total < MAX else "2^128-1"
            yield case(f"{word} add up to {name}", whole_range(total, column), 0)
        over = whole_range(MAX + 1, column)
        yield case(f"{word} add up to 2^128", over, 0, "sums", unchecked=frozenset(("path",)))
    for power in (53, 63, 64):
        for offset in (-1, 0, 1):
            yield case(f"claims add up to 2^{power}{offset:+d}", whole_range(2**power + offset, 0), 0)
    minus_five = path_change(lambda path: path[:32] + (2**128 - 5).to_bytes(16, "big") + path[48:])
    yield of_change("a neighbour at minus five", minus_five, "sums", unchecked=frozenset(("path",)))
    less = {"claim": str(28_734_246_996 + 4), "debt": str(14_367_123_498)}
    yield of_change("one quantum less", less_by_one(less), "path", "sums", "statement")
    yield from float_cases()


def less_by_one(leaf: dict[str, str]) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["leaves"][0].update(leaf)
        document["leaves"][0]["lines"][1]["claim"] = "4"

    return change


def float_cases() -> Iterator[Case]:
    """2^53 and 2^53 + 1 are one number where amounts become floating point."""
    big = 2**53 + 1
    holders = [Holder("email", ALICE, {BTC: [("", big, 0)]}), Holder("email", "b@example.com", {BTC: [("", 1, 0)]})]
    exchange = Miniature(holders, {BTC: 0}, optional_sections=False)

    def rounded(document: dict[str, Any]) -> None:
        document["leaves"][0]["claim"] = str(2**53)

    yield case("an amount beyond floating point", exchange, 0)
    proof = exchange.proof(0, change=rounded)
    yield case("an amount rounded to floating point", exchange, 0, "path", "sums", "statement", proof=proof)


def shape_cases() -> Iterator[Case]:
    def swap(path: bytearray) -> bytes:
        return bytes(path[64:128] + path[:64] + path[128:])

    yield of_change("siblings swapped", path_change(swap), "path")
    slot = PLAIN.proof_document(0)["leaves"][0]["slot"]
    yield of_change("the neighbour's slot", set_in("leaves", 0, "slot", slot ^ 1), "path", "statement")
    longer = path_change(lambda path: path + bytes(32), "account")
    yield of_change("account path too long", longer, "statement")
    shorter = path_change(lambda path: path[:-32], "account")
    yield of_change("account path too short", shorter, "statement")
    yield of_change("account path of no whole nodes", path_change(lambda path: path[:-1], "account"), "form")

    def borrow(document: dict[str, Any]) -> None:
        mine, theirs = document["leaves"][0], document["leaves"][3]
        mine.update({name: theirs[name] for name in ("claim", "debt", "lines", "path", "salt", "slot")})

    unfollowed = frozenset(("sums",))
    yield of_change("a leaf of another tree", borrow, "path", "statement", unchecked=unfollowed)
    yield of_change("slot 2^53-1", set_in("leaves", 0, "slot", 2**53 - 1), "path", "statement", unchecked=unfollowed)
    for count in (2, 3, 4, 5, 6, 9):
        yield signed_count(count)


def signed_count(count: int) -> Case:
    """The signed row states another number of leaves than the root has."""
    members = [Holder("email", f"user{n}@example.com", {BTC: [("", n + 1, n)]}) for n in range(7)]
    members += [Holder("email", f"more{n}@example.com", {("main", "ETH"): [("", 1, 0)]}) for n in range(3)]
    exchange = Miniature(members, {BTC: 0, ("main", "ETH"): 9}, optional_sections=False)
    holder = exchange.slots[BTC][-1]
    document = exchange.attestation_document(change=tree_row("leaves", count))
    proof = exchange.proof(holder, attestation=document)
    return case(
        f"7 leaves said to be {count}",
        exchange,
        holder,
        "path",
        proof=proof,
        attestation=canonical(document) + b"\n",
        unchecked=frozenset(("sums",)),
    )


def name_cases() -> Iterator[Case]:
    split = Miniature(
        [Holder("email", ALICE, {BTC: [("a", 1, 0), ("bc", 2, 0)]}), *HOLDERS[1:3]], SCALES, optional_sections=False
    )

    def joined(document: dict[str, Any]) -> None:
        for line, name in zip(document["leaves"][0]["lines"], ("ab", "c"), strict=True):
            line["subaccount"] = name

    yield case("subaccounts that join to the same text", split, 0, "statement", proof=split.proof(change=joined))
    yield case("another customer's proof with one's own id", PLAIN, 0, "path", "statement", account=HOLDERS[1].account)
    orders = Miniature(
        [Holder("email", ALICE, {BTC: [("\ufb01", 1, 0), ("\U00010437", 2, 0)]}), *HOLDERS[1:3]],
        SCALES,
        optional_sections=False,
    )
    yield case("subaccounts in the order of their bytes", orders, 0)
    for account in ("Zoë@example.com", "日本語@example.jp", "Ⅷ", "ſtraße", "\U0001f600", "a\u0338"):
        exchange = Miniature([Holder("email", account, {BTC: [("", 1, 0)]})], {BTC: 8}, optional_sections=False)
        yield case(f"id {account!a}", exchange)
    key = Holder("key", "0x52908400098527886E0F7030069857D2E4169EE7", {BTC: [("", 0, 5)]})
    yield case("debts only", Miniature([key], {BTC: 8}, optional_sections=False))


def many_cases() -> Iterator[Case]:
    names = [(entity, f"{asset}{n}") for entity in ("a", "main") for asset in ("A", "B") for n in range(6)]
    scales = {name: number for number, name in enumerate(names)} | {("main", "Z-EMPTY"): 38}
    everything = {name: [("", number, 1)] for number, name in enumerate(names)}
    holders = [Holder("assigned", "1", everything), Holder("key", "k", {names[5]: [("", 1, 0)]})]
    yield case("24 assets and an empty tree", Miniature(holders, scales, optional_sections=False))
    for count in (5, 6, 9):
        members = [Holder("email", f"user{n}@example.com", {BTC: [("", n + 1, n)]}) for n in range(count)]
        exchange = Miniature(members, {BTC: 0}, optional_sections=False)
        for slot in sorted({0, count - 2, count - 1}):
            holder = exchange.slots[BTC][slot]
            yield case(f"{count} leaves, slot {slot}", exchange, holder)


def replay_cases() -> Iterator[Case]:
    today = Miniature(sequence=1, previous="ab" * 32, hour="2026-11-23T03:00:00Z")
    attestation = today.attestation()
    yield case("yesterday's proof under today's attestation", PLAIN, 0, "form", attestation=attestation)
    relabelled = PLAIN.proof_document(0) | {"snapshot": today.snapshot}
    relabelled["attestation"] = today.proof_document(0)["attestation"]
    proof = canonical(relabelled) + b"\n"
    yield case("yesterday's proof with today's names", today, 0, *unled(relabelled, today), proof=proof)
    revised = Miniature(sequence=1, previous="ab" * 32, revision=1, kind="restatement")
    document = PLAIN.proof_document(0) | {"snapshot": revised.snapshot}
    document["attestation"] = revised.proof_document(0)["attestation"]
    proof = canonical(document) + b"\n"
    yield case("the first proof under the restatement", revised, 0, *unled(document, revised), proof=proof)
    missed = Miniature(kind="missed", sequence=1, previous="ab" * 32)
    yield case("a proof for a missed hour", PLAIN, 0, "form", attestation=missed.attestation())


def unled(document: dict[str, Any], exchange: Miniature) -> tuple[str, ...]:
    """What fails for a proof under another hour's roots: it has the right shape, and leads nowhere."""
    for leaf in document["leaves"]:
        size, slot = 0, leaf["slot"]
        for level in exchange.trees[leaf["entity"], leaf["asset"]][:-1]:
            size += 64 * (not (slot % 2 == 0 and slot == len(level) - 1))
            slot //= 2
        assert size == len(base64.b64decode(leaf["path"])), "slots and counts did not change, so the shape fits"
    return "path", "statement"


def parameter_cases() -> Iterator[Case]:
    """A proof that brings its own parameters, and roots that are cut short."""
    for name, value in (
        ("root", "00" * 32),
        ("leaves_count", 1),
        ("scale", 8),
        ("key", public_hex("first")),
        ("verifier", "any"),
    ):
        yield of_change(f"a proof with its own {name}", set_in(name, value), "form")
    yield of_change("a leaf with its own root", set_in("leaves", 0, "root", "00" * 32), "form")
    yield of_change("a leaf that is zero and zero", zero_leaf, "path", "sums", "statement")
    yield signed_case("root of 16 digits", PLAIN, change=tree_row("root", "00" * 8))
    yield signed_case("root of 40 digits", PLAIN, change=tree_row("root", "00" * 20))
    yield signed_case("account root of 16 digits", PLAIN, change=set_in("snapshot", "accounts", "root", "00" * 8))
    for scale in (7, 9):
        document = PLAIN.attestation_document(change=tree_row("scale", scale))
        proof = PLAIN.proof(attestation=document)
        yield case(
            f"scale 8 said to be {scale}", PLAIN, 0, "path", proof=proof, attestation=canonical(document) + b"\n"
        )
    unsigned = PLAIN.attestation(unsigned_change=lambda d: d.update(signature="00" * 64))
    yield case("no signature", PLAIN, 0, "signature", attestation=unsigned)
    stranger = Miniature(signer="stranger")
    yield case("a stranger's attestation", stranger, 0, "signature")


def zero_leaf(document: dict[str, Any]) -> None:
    document["leaves"][0].update(claim="0", debt="0", lines=[{"claim": "0", "debt": "0", "subaccount": ""}])


def section_cases() -> Iterator[Case]:
    """Sections that this version does not know, in every canonical form; and one container too deep."""
    inner: Any = []
    for _ in range(29):
        inner = [inner]
    odd = {"10": 1, "9": 2, "__proto__": {"a": "\u2028\u007f\U0001f600"}, "a": 2**53 - 1, "constructor": None}
    for name, value in (("future", odd), ("0", {}), ("constructor", {"x": []}), ("deep", {"a": inner[0]})):
        document = PLAIN.attestation_document(change=set_in(name, copy.deepcopy(value)))
        attestation, proof = canonical(document) + b"\n", PLAIN.proof(attestation=document)
        yield case(f"another section {name}", attestation=attestation, proof=proof)
    yield signed_case("a section 33 deep", PLAIN, change=set_in("deep", {"a": inner}))
    yield signed_case("a section with a long key", PLAIN, change=set_in("later", {"k" * 65: 1}))
    yield signed_case("a section with an odd key", PLAIN, change=set_in("later", {"k\u00e9y": 1}))
    yield signed_case("a section with a large number", PLAIN, change=set_in("later", {"k": 2**53}))


def all_attacks() -> list[Case]:
    """Every case of this module."""
    return [
        *sum_cases(),
        *shape_cases(),
        *name_cases(),
        *many_cases(),
        *replay_cases(),
        *parameter_cases(),
        *section_cases(),
    ]
