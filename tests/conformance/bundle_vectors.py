"""Emits `bundle/`: whole small bundles, honest ones and ones that lie, each with the answer of every check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.conformance.bundle_forge import Audited, bundle, liabilities
from tests.conformance.cases import Files, packed, pretty, reference, slug
from tests.support.miniature import HOLDERS, MAX, SCALES, Holder, Miniature, canonical, public_hex, rotation, u32, u128
from tests.support.proof_cases import BTC, HiddenTree, MaximumForSum, OddNodeTwice, OneLeafForTwo, UnboundSums

__all__ = ["bundle_cases", "emit"]

LIABILITIES = ("accounts", "leaves", "trees", "sums", "statements")
OPEN = ("control", "block", "cutoff", "replay", "same-root", "unread", "failed")
CHECKS = ("form", "signature", "manifest", *LIABILITIES, "evidence", "balances", "control", "block", "cutoff", "double",
          "books", "net", "sections", "replay", "same-root")  # fmt: skip
LEDGER_CHECKS = ("zero-sum", "in-flight", "unread")
ETH = ("main", "ETH")
THREE = HOLDERS[:3]
FOUR = {BTC: 8, ETH: 9, ("main", "USDC"): 6, ("second", "BTC"): 8}
PLAIN_THREE = tuple(replace(who, balances={BTC: who.balances[BTC]}) for who in THREE)
AFTER_LEAVES = frozenset(("trees", "sums", "statements"))
UNREADABLE = frozenset(LIABILITIES[1:])


@dataclass(frozen=True)
class BundleCase:
    """One bundle and what an audit under `key` must say of it. `links` are made where the bundle is unpacked."""

    name: str
    attack: int
    files: Files
    failed: frozenset[str] = frozenset()
    unchecked: frozenset[str] = frozenset()
    key: str | None = field(default_factory=lambda: public_hex("first"))
    links: tuple[tuple[str, str], ...] = ()
    verdict: str = ""

    @property
    def checks(self) -> dict[str, str]:
        names, document = CHECKS, json.loads(self.files.get("attestation.json", b"{}") or b"{}")
        sections = document.get("sections", {})
        if document.get("statement", {}).get("kind") == "missed":
            names = ("form", "signature", "manifest", "missed", *(("failed",) if "failed" in sections else ()))
        names += tuple(name for name in LEDGER_CHECKS if name in sections and names is CHECKS)
        names += ("lending",) if "lending" in self.unchecked else ()  # debts that no section says anything of
        if self.failed & {"form", "signature"}:
            return {name: self._result(name) for name in CHECKS} | {
                name: "unchecked" for name in CHECKS if name not in self.failed | {"form"}
            }
        return {name: self._result(name) for name in names}

    def _result(self, name: str) -> str:
        return "fail" if name in self.failed else "unchecked" if name in self.unchecked or name in OPEN else "pass"


def lying(lie: type[Miniature], **fields: Any) -> Audited:
    """An exchange with one lie, over three customers and small."""
    made: Audited = type("Lying", (lie, Audited), {})(holders=HOLDERS, **{"optional_sections": False, **fields})
    return made


def small(holders: Any = THREE, **fields: Any) -> Audited:
    scales = fields.pop("scales", FOUR)
    return Audited(holders, scales, optional_sections=False, **fields)


HONEST = small()


def make(name: str, attack: int, exchange: Miniature, *failed: str, unchecked: Any = (), **changes: Any) -> BundleCase:
    nets = set() if exchange.optional_sections else {"books", "net"}
    outer = {n: changes.pop(n) for n in ("key", "links") if n in changes}
    files = bundle(exchange, **changes)
    return BundleCase(name, attack, files, frozenset(failed), frozenset(unchecked) | nets, **outer)


def edited(name: str, attack: int, edit: Callable[[Files], object], *failed: str, unchecked: Any = ()) -> BundleCase:
    """The honest bundle, changed on the way: nothing is signed again."""
    files = dict(bundle(HONEST))
    edit(files)
    return BundleCase(name, attack, files, frozenset(failed), frozenset(unchecked) | {"books", "net"})


def good_cases() -> Iterator[BundleCase]:
    yield make("honest", 0, HONEST)
    yield make("every section", 0, Audited())
    yield make("one customer", 0, small(HOLDERS[:1]))
    yield make("nobody", 0, small(()))
    only = Holder("key", "k", {BTC: [("", 0, 7)]})
    yield make("debts only", 0, small((only,), scales={BTC: 8}))
    for count in (2, 3, 5, 6, 7):
        members = [Holder("email", f"u{n}@example.com", {BTC: [("", n + 1, n)]}) for n in range(count)]
        yield make(f"{count} leaves", 0, small(members, scales={BTC: 8}))
    for total in (MAX - 1, MAX):
        yield make(f"claims of {total:x}", 0, wide(total))
    yield make("missed hour", 0, small(kind="missed", sequence=1))
    yield make("failed hour", 0, small(kind="missed", sequence=1, has_failed=True))
    yield make("an hour of the ledger", 0, small(has_log=True, ledger_sections=True), unchecked=("balances", "lending"))
    fallen = [
        Holder("email", "a@example.com", {BTC: [("", 0, 0)]}),
        Holder("email", "b@example.com", {BTC: [("", 5, 0)]}),
    ]
    yield make("a leaf that fell to zero", 0, small(fallen, scales={BTC: 8}, has_log=True))
    yield make("restatement", 0, small(kind="restatement", sequence=1, revision=1))
    chain = [rotation("first", "second", 1)]
    yield make("rotated key", 0, small(sequence=1, signer="second", rotations=chain))
    yield make("a section of a later version", 0, HONEST, unchecked=("sections",), change=lambda s: s.update(later={}))
    yield make("liabilities not handed over", 0, HONEST, unchecked=LIABILITIES, private=False)
    hidden = make("liabilities listed and not handed over", 0, HONEST, unchecked=LIABILITIES)
    yield replace(hidden, files={p: d for p, d in hidden.files.items() if not p.startswith("liabilities/")})
    yield make("no key", 0, HONEST, unchecked=("signature",), key=None)


def wide(total: int) -> Audited:
    members = [Holder("email", "a@example.com", {BTC: [("", 1, 0)]}), Holder("key", "b", {BTC: [("", total - 1, 0)]})]

    class Wide(Audited):
        def inner_node(self, left: bytes, right: bytes) -> bytes:
            node = Miniature.inner_node.__get__(self)
            return node(left, right) if total <= MAX else left[:32] + u128(MAX) + u128(0)

        def reserves_section(self) -> dict[str, Any]:
            section = super().reserves_section()
            section["rows"] = []
            for row in section["totals"]:
                row.update(attested="0", claimed="0", coverage="0.000000", proven="0")
            return section

    return Wide(members, {BTC: 0}, optional_sections=False)


class TwoLeaves(Audited):
    """Puts one customer into a tree twice."""

    def _order(self, tree: tuple[str, str]) -> list[int]:
        order = super()._order(tree)
        return [*order, order[0]] if tree == BTC else order


class OtherTotal(Audited):
    def claims_and_debts(self, tree: tuple[str, str]) -> tuple[int, int]:
        claims, debts = super().claims_and_debts(tree)
        return (claims - 1, debts) if tree == BTC else (claims, debts)


class OmittedLine(Audited):
    """Hashes statements without their second line."""

    def statement_bytes(self, holder: int) -> bytes:
        shown = Miniature.__new__(Miniature)
        cut = [replace(who, balances={t: lines[:1] for t, lines in who.balances.items()}) for who in self.holders]
        shown.__dict__.update({**self.__dict__, "holders": cut})
        return Miniature.statement_bytes(shown, holder)


def lie_cases() -> Iterator[BundleCase]:
    """The exchange lies in its trees, signs it, and hands over what it has."""
    yield make("maximum for sum", 1, lying(MaximumForSum), "trees", "sums")
    yield make("sums not bound to the children", 2, lying(UnboundSums), "trees")
    yield make("another total beside the root", 2, OtherTotal(PLAIN_THREE, {BTC: 8}, optional_sections=False), "sums")
    yield make("claims of 2^128", 4, wide(MAX + 1), "sums", unchecked=("trees", "statements"))
    yield make("one leaf for two customers", 5, lying(OneLeafForTwo), "trees")
    besides = Holder("email", "other@example.com", {ETH: [("", 1, 0)]})
    twice = TwoLeaves((*PLAIN_THREE, besides), {BTC: 8, ETH: 9}, optional_sections=False)
    yield make("two leaves of one account", 5, twice, "leaves", unchecked=AFTER_LEAVES)
    yield make("odd node twice", 6, lying(OddNodeTwice), "trees", "sums")
    twin = (Holder("email", "1000", {BTC: [("", 1, 0)]}), Holder("assigned", "1000", {BTC: [("", 2, 0)]}))
    yield make("one id under two kinds", 5, small(twin, scales={BTC: 8}), "accounts")
    same = (
        Holder("email", "a@example.com", {BTC: [("", 1, 0)]}),
        Holder("email", "a@example.com", {BTC: [("", 2, 0)]}),
    )
    yield make("one id twice", 5, small(same, scales={BTC: 8}), "accounts")
    zero = (*THREE, Holder("email", "z@example.com", {BTC: [("", 0, 0)]}))
    yield make("zero leaf", 7, small(zero), "leaves", unchecked=AFTER_LEAVES)
    zeros = (*THREE, Holder("email", "z@example.com", {BTC: [("", 0, 0), ("x", 1, 0)]}))
    yield make("zero line", 7, small(zeros), "statements")
    nobody = (*THREE, Holder("email", "none@example.com", {}))
    yield make("account without a leaf", 7, small(nobody), "accounts", unchecked=AFTER_LEAVES)
    yield make("an asset left out of the statements", 17, lying(HiddenTree), "statements")
    omitted = OmittedLine(THREE, FOUR, optional_sections=False)
    yield make("statement line left out", 17, omitted, "statements")
    for name, account, kind in (
        ("not in form C", "e\u0301@example.com", "email"),
        ("with a space before", " a@example.com", "email"),
        ("of an unknown kind", "x", "phone"),
        ("with a zero-width space", "a\u200bb", "key"),
    ):
        odd = (*THREE, Holder(kind, account, {BTC: [("", 1, 0)]}))
        yield make(f"id {name}", 9, small(odd), "accounts")
    named = (*THREE, Holder("email", "s@example.com", {BTC: [("a\u200b", 1, 0)]}))
    yield make("subaccount with a zero-width space", 9, small(named), "accounts")
    yield from count_cases()


def count_cases() -> Iterator[BundleCase]:
    def leaves(offset: int) -> Callable[[dict[str, Any]], object]:
        return lambda s: s["snapshot"]["trees"][0].update(leaves=s["snapshot"]["trees"][0]["leaves"] + offset)

    def accounts(offset: int) -> Callable[[dict[str, Any]], object]:
        return lambda s: s["snapshot"]["accounts"].update(count=s["snapshot"]["accounts"]["count"] + offset)

    yield make("one leaf fewer is signed", 17, HONEST, "leaves", unchecked=AFTER_LEAVES, change=leaves(-1))
    yield make("one account more is signed", 17, HONEST, "leaves", unchecked=AFTER_LEAVES, change=accounts(1))
    yield make(
        "another scale is signed", 14, HONEST, "trees", change=lambda s: s["snapshot"]["trees"][0].update(scale=7)
    )
    yield make(
        "another account root is signed",
        17,
        HONEST,
        "statements",
        change=lambda s: s["snapshot"]["accounts"].update(root="00" * 32),
    )
    yield make(
        "another asset root is signed", 2, HONEST, "trees",
        change=lambda s: s["snapshot"]["trees"][0].update(root="00" * 32),
    )  # fmt: skip


def folder_cases() -> Iterator[BundleCase]:
    """The liabilities handed over are not the ones that were signed; the manifest binds them all the same."""

    def swap(plan: dict[str, Any]) -> None:
        plan["trees"][0][1].reverse()
        plan["lines"][0] = sorted((len(plan["trees"][0][1]) - 1 - line[0], *line[1:]) for line in plan["lines"][0])

    def drop(plan: dict[str, Any]) -> None:
        plan["trees"][0][1].pop()
        plan["lines"][0] = [line for line in plan["lines"][0] if line[0] < len(plan["trees"][0][1])]

    def spell_out(plan: dict[str, Any]) -> None:
        tree, owners = plan["trees"][1]
        plan["lines"][1] = [(0, "", *HONEST.sums(tree, owners[0][1]))]

    def lessen(plan: dict[str, Any]) -> None:
        slot, name, claim, debt = plan["lines"][0][0]
        plan["lines"][0][0] = (slot, name, claim - 1, debt)

    yield make("leaves in another order", 10, HONEST, "trees", "statements", folder=swap)
    yield make("a leaf left out of the folder", 17, HONEST, "leaves", unchecked=AFTER_LEAVES, folder=drop)
    yield make("a statement's only line spelled out", 34, HONEST, "statements", folder=spell_out)
    yield make("lines that add up to less", 17, HONEST, "statements", folder=lessen)
    yield make(
        "a tree too many in the folder", 21, HONEST, "leaves", unchecked=AFTER_LEAVES,
        folder=lambda plan: (plan["trees"].append((("main", "ZZZ"), [])), plan["lines"].append([])),
    )  # fmt: skip
    later = small(hour="2026-11-23T03:00:00Z")
    yield make("liabilities of another hour", 20, HONEST, "leaves", unchecked=AFTER_LEAVES, files=liabilities(later))
    relabelled = liabilities(later, lambda plan: plan.update(snapshot=HONEST.snapshot))
    yield make("liabilities of another hour under this one's name", 20, HONEST, "trees", "statements", files=relabelled)
    yield from unreadable_cases()


def unreadable_cases() -> Iterator[BundleCase]:
    made = liabilities(HONEST)
    index = json.loads(made["liabilities/index.json"])

    def case(name: str, attack: int, path: str, data: bytes) -> BundleCase:
        files = {f"liabilities/{path}": data}
        return make(name, attack, HONEST, "accounts", unchecked=UNREADABLE, files=files)

    def indexed(name: str, attack: int, **changes: Any) -> BundleCase:
        return case(name, attack, "index.json", canonical({**index, **changes}) + b"\n")

    amounts = made["liabilities/tree-00000-amounts.bin"]
    yield case("amounts cut short", 36, "tree-00000-amounts.bin", amounts[:-1])
    yield case("amounts with a byte more", 36, "tree-00000-amounts.bin", amounts + b"\0")
    yield case("ids with a byte more", 36, "accounts.bin", made["liabilities/accounts.bin"] + b"\0")
    yield case("an id of 4 GB", 4, "accounts.bin", u32(2**32 - 1) + made["liabilities/accounts.bin"][4:])
    owner = made["liabilities/tree-00000-accounts.bin"]
    yield case("a leaf of an account that is not there", 7, "tree-00000-accounts.bin", u32(2**32 - 1) + owner[4:])
    lines = made["liabilities/tree-00000-lines.bin"]
    yield case("lines out of order", 34, "tree-00000-lines.bin", lines[44:88] + lines[:44] + lines[88:])
    yield case("a line of a slot that is not there", 7, "tree-00000-lines.bin", b"\xff" * 8 + lines[8:])
    yield case("a file too many among the liabilities", 36, "notes.txt", b"x")
    yield case("an index that is written loosely", 34, "index.json", json.dumps(index).encode() + b"\n")
    yield indexed("four billion accounts", 4, accounts=2**32 - 1)
    yield indexed("an index of another format", 12, format="tallystick/liabilities/2")
    yield indexed("an index with another key", 13, root="00" * 32)
    yield indexed("subaccounts twice", 34, subaccounts=[*index["subaccounts"], index["subaccounts"][-1]])
    yield indexed("accounts as truth", 34, accounts=True)
    yield indexed("trees as null", 34, trees=None)
    yield indexed("subaccounts as numbers", 34, subaccounts=[1, 2])


def manifest_cases() -> Iterator[BundleCase]:
    def listing(name: str, attack: int, change: Callable[[dict[str, Any]], object]) -> BundleCase:
        return make(name, attack, HONEST, "manifest", listing=change)

    first = "entries"
    yield listing("manifest of another attestation", 20, lambda s: s.update(attestation="00" * 32))
    yield listing("manifest of another snapshot", 20, other_snapshot)
    yield listing("manifest with another root", 8, lambda s: s.update(root="00" * 32))
    yield listing("manifest with a count too many", 10, lambda s: s.update(count=s["count"] + 1))
    yield listing("manifest with its last entry twice", 6, lambda s: s[first].append(s[first][-1]))
    yield listing("manifest out of order", 10, lambda s: s[first].reverse())
    yield listing("manifest without an entry", 36, lambda s: s[first].pop())
    yield listing("manifest without entries", 36, lambda s: s.update(entries=[], count=0))
    yield listing("manifest with a key more", 13, lambda s: s.update(note="x"))
    yield listing("manifest of another format", 12, lambda s: s.update(format="tallystick/manifest/2"))
    yield listing("manifest with an entry of another position", 10, lambda s: s[first][1].update(position=0))
    yield listing("manifest with a position as truth", 34, lambda s: s[first][1].update(position=True))
    yield listing("manifest with a path upwards", 36, lambda s: s[first][0].update(path="../attestation.json"))
    yield listing("manifest with a path from the top", 36, lambda s: s[first][0].update(path="/attestation.json"))
    yield listing("manifest with a private count too many", 10, lambda s: s["private"][0].update(count=99))
    yield listing("manifest with another private root", 36, lambda s: s["private"][0].update(root="00" * 32))
    yield listing("manifest with an unknown private folder", 36, lambda s: s["private"][0].update(folder="secret"))
    yield listing("manifest without its private folder", 36, lambda s: s.update(private=[]))
    yield listing("manifest with its private folder twice", 34, lambda s: s["private"].append(s["private"][0]))
    yield listing("manifest with private folders out of order", 34, disordered)
    yield make("manifest by another key", 13, HONEST, "manifest", manifest_signer="stranger")
    yield make(
        "manifest under another key", 13, HONEST, "manifest", manifest_signer="stranger",
        listing=lambda s: s.update(key=public_hex("stranger")),
    )  # fmt: skip
    missed = small(kind="missed", sequence=1)
    yield make("manifest with a count as truth", 34, missed, "manifest", listing=lambda s: s.update(count=True))


def other_snapshot(statement: dict[str, Any]) -> None:
    statement["snapshot"] = "demo.exchange/2026-11-23T03:00:00Z/0"
    for entry in statement["entries"]:
        entry["snapshot"] = statement["snapshot"]


def disordered(statement: dict[str, Any]) -> None:
    """Three folders of which only the first is where it should be."""
    row = statement["private"][0]
    statement["private"] = [row, {**row, "folder": "replay"}, {**row, "folder": "proofs"}]


def transit_cases() -> Iterator[BundleCase]:
    """Changed after signing."""
    evidence = "reserves/evidence.json"
    yield edited("an unlisted file", 36, lambda f: f.update({"notes.txt": b"x"}), "manifest")
    yield edited("an unlisted file in a folder", 36, lambda f: f.update({"reserves/more.json": b"x"}), "manifest")
    yield edited("a hidden file", 36, lambda f: f.update({".hidden": b"x"}), "manifest")
    yield edited("a file with an odd name", 36, lambda f: f.update({"a b": b"x"}), "manifest")
    yield edited("an unlisted private folder", 36, lambda f: f.update({"replay/log": b"x"}), "manifest")
    yield edited("another evidence", 36, lambda f: f.update({evidence: EVIDENCE_OTHER}), "manifest", "evidence",
                 unchecked=("balances", "double"))  # fmt: skip
    yield edited("evidence removed", 36, lambda f: f.pop(evidence), "manifest",
                 unchecked=("evidence", "balances", "double"))  # fmt: skip
    yield edited("manifest removed", 36, lambda f: f.pop("manifest.json"), "manifest")
    yield edited(
        "manifest written loosely", 34, lambda f: f.update({"manifest.json": b" " + f["manifest.json"]}), "manifest"
    )
    salts = "liabilities/tree-00000-salts.bin"
    yield edited("another salt", 36, lambda f: f.update({salts: bytes(len(f[salts]))}), "manifest", "trees")
    yield edited("a file of the liabilities removed", 36, lambda f: f.pop(salts), "manifest", "accounts",
                 unchecked=UNREADABLE)  # fmt: skip
    yield edited("attestation removed", 36, lambda f: f.pop("attestation.json"), "form")
    cut = lambda f: f.update({"attestation.json": f["attestation.json"][:-1]})  # noqa: E731 (beside the other edits)
    yield edited("attestation without its line feed", 34, cut, "form")
    broken = lambda f: f.update({"attestation.json": unsigned(f["attestation.json"])})  # noqa: E731 (as above)
    yield edited("attestation with another signature", 33, broken, "signature")
    honest = edited("x", 36, lambda f: None)
    yield replace(honest, name="another key", attack=13, key=public_hex("stranger"), failed=frozenset({"signature"}))
    outside = ("../outside", "../../outside")
    for name, place, target in (
        ("a link to a file of the bundle", "copy.json", "attestation.json"),
        ("a link to a file outside", "copy.json", outside[0]),
        ("a link to a folder outside", "more", ".."),
        ("a link that leads nowhere", "copy.json", "nothing"),
        ("a link in the liabilities", "liabilities/copy", "index.json"),
    ):
        inside = place.startswith("liabilities/")
        failed = {"manifest", "accounts"} if inside else {"manifest"}
        unchecked = honest.unchecked | (UNREADABLE if inside else frozenset())
        yield replace(honest, name=name, links=((place, target),), failed=frozenset(failed), unchecked=unchecked)


EVIDENCE_OTHER = canonical({"evm": {}, "format": "tallystick/reserves/1"}) + b"\n"


def unsigned(data: bytes) -> bytes:
    document = json.loads(data)
    document["signature"] = "11" * 64
    return canonical(document) + b"\n"


def failed_cases() -> Iterator[BundleCase]:
    """A failed hour that says too little, or too much."""
    failed = small(kind="missed", sequence=1, has_failed=True)
    balances = small(has_log=True, ledger_sections=True)

    def change(name: str, value: object) -> Callable[[dict[str, Any]], None]:
        return lambda sections: sections["failed"].update({name: value})

    for name, edit in (
        ("a failed hour without its log", change("ledger", None)),
        ("a failed hour without words", change("detail", "")),
        ("a failed hour with an odd code", change("code", "Root")),
        ("a failed hour with a root", change("root", "00" * 32)),
        ("a failed hour with a zero-sum report", lambda s: s.update({"zero-sum": balances.zero_sum_section()})),
        ("a failed hour with movements", lambda s: s.update({"in-flight": balances.in_flight_section()})),
        ("a failed hour with unread reserves", lambda s: s.update(unread=balances.unread_section())),
        ("a failed hour that was not missed", lambda s: s.pop("missed")),
    ):
        yield make(name, 35, failed, "form", change=edit)


def reserve_cases() -> Iterator[BundleCase]:
    """Rows that need no chain to be refused."""
    bare = type("Bare", (Audited,), {"evidence": None})(PLAIN_THREE, {BTC: 8}, optional_sections=False)
    rest = ("balances", "double")
    yield make("no evidence is offered", 0, bare, unchecked=rest)
    yield make("rows said to be proven without evidence", 30, bare, "evidence", unchecked=rest, change=as_proven)
    yield make("rows said to be proven that the evidence lacks", 30, HONEST, "evidence", change=as_proven)
    spare = {"reserves/evidence.json": Audited.evidence or b""}
    yield make("evidence that is not bound", 36, bare, "evidence", unchecked=rest, files=spare)

    def twin(**changes: str) -> Callable[[dict[str, Any]], None]:
        """Half of a claimed row again, under another spelling of its address or chain."""

        def change(sections: dict[str, Any]) -> None:
            rows = sections["reserves"]["rows"]
            row = next(row for row in rows if row["chain"] == "eip155:1" and int(row["balance"]) > 1)
            row["address"] = "0x" + "ab" * 20
            again = {**row, **changes}
            again["balance"] = str(int(row["balance"]) // 2)
            row["balance"] = str(int(row["balance"]) - int(again["balance"]))
            rows.append(again)
            tree = next(tree for tree in sections["snapshot"]["trees"] if tree["asset"] == again["asset"])
            if again["chain"] != row["chain"]:
                tree["reserves"].append({"chain": again["chain"], "contract": "native"})
            tree["reserves"].sort(key=lambda entry: (entry["chain"], entry["contract"]))
            order = ("entity", "asset", "chain", "contract", "address")
            rows.sort(key=lambda each: [each[name] for name in order])

        return change

    for name, changes in (
        ("in capitals", {"address": "0x" + "AB" * 20}),
        ("in mixed case", {"address": "0x" + "aB" * 20}),
        ("without its prefix", {"address": "ab" * 20}),
        ("with a capital prefix", {"address": "0X" + "ab" * 20}),
        ("with a space", {"address": "0x" + "ab" * 20 + " "}),
        ("on a chain with a leading zero", {"chain": "eip155:01"}),
    ):
        one = Audited(PLAIN_THREE[:1], {BTC: 8}, optional_sections=False)
        yield make(f"one address {name}", 25, one, "double", change=twin(**changes))


def as_proven(sections: dict[str, Any]) -> None:
    """Says of the first row that a state proof and a signature stand behind it."""
    row = sections["reserves"]["rows"][0]
    total = next(
        t for t in sections["reserves"]["totals"] if (t["entity"], t["asset"]) == (row["entity"], row["asset"])
    )
    row.update(evidence="state-proof")
    assert total["claims"] != "0"


def bundle_cases() -> list[BundleCase]:
    """Every case, with its verdict."""
    required = {"form", "signature", "manifest", *LIABILITIES, "evidence", "balances"}
    cases = []
    for case in (
        *good_cases(), *lie_cases(), *folder_cases(), *manifest_cases(), *transit_cases(), *reserve_cases(),
        *failed_cases(),
    ):  # fmt: skip
        results = case.checks
        is_open = any(result == "unchecked" and name in required for name, result in results.items())
        verdict = "invalid" if "fail" in results.values() else "unchecked" if is_open else "valid"
        cases.append(replace(case, verdict=verdict))
    assert SCALES and len({case.name for case in cases}) == len(cases)
    return cases


def emit() -> Files:
    """One file a case: its own files, and the name of the case whose other files it has."""
    files: Files = {}
    base = next(case for case in bundle_cases() if case.name == "honest")
    for case in bundle_cases():
        shared = {} if case is base or case.name == "honest" else base.files
        own = {path: data for path, data in case.files.items() if shared.get(path) != data}
        files[f"bundle/{slug(case.name)}.json"] = pretty(
            {
                "attack": reference(case.attack),
                "checks": case.checks,
                "files": packed(own),
                "key": case.key,
                "links": dict(case.links),
                "name": case.name,
                "of": "honest" if shared else None,
                "without": sorted(shared.keys() - case.files.keys()),
                "verdict": case.verdict,
            }
        )
    return files
