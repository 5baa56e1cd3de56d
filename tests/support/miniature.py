"""A miniature exchange: tiny signed attestations and proofs, built straight from docs/spec and from nothing else.

It shares no code with the packages, so that tests and conformance vectors compare two readings of the specification.
Everything is deterministic: keys, salts and leaf orders come from hashes of their names.
To forge, either pass `change` (it edits a document before it is hashed and signed) or override a method of
`Miniature` (`leaf_node`, `inner_node`, `levels`, `commitment`...): an exchange that lies in its tree.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Line = tuple[str, int, int]  # subaccount, claim, debt
TreeName = tuple[str, str]  # entity, asset
Change = Callable[[dict[str, Any]], object]

MAX = 2**128 - 1


def tagged_hash(tag: int, message: bytes) -> bytes:
    return hashlib.sha256(message + bytes([tag])).digest()


def lp(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(4, "big") + data


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


def u128(value: int) -> bytes:
    return value.to_bytes(16, "big")


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def signing_key(name: str) -> Ed25519PrivateKey:
    """A private key that everyone can derive from its name: for tests only."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"miniature key " + name.encode()).digest())


def public_hex(name: str) -> str:
    return signing_key(name).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def sign(name: str, label: str, digest: bytes) -> str:
    return signing_key(name).sign(label.encode() + b"\0" + digest).hex()


LEDGER = {"head": "11" * 32, "parameters": "22" * 32, "position": 9, "ruleset": 1, "state": "33" * 32}


def rotation(old: str, new: str, sequence: int, exchange: str = "demo.exchange") -> dict[str, Any]:
    """A rotation from the key named `old` to the one named `new`, signed by both."""
    signed = {
        "exchange": exchange,
        "format": "tallystick/rotation/1",
        "from": public_hex(old),
        "sequence": sequence,
        "to": public_hex(new),
    }
    digest = tagged_hash(0x0F, canonical(signed))
    return {
        **signed,
        "signature_from": sign(old, "tallystick/rotation/1", digest),
        "signature_to": sign(new, "tallystick/rotation/1", digest),
    }


def key_file(name: str, rotations: Sequence[dict[str, Any]] = (), exchange: str = "demo.exchange") -> bytes:
    document = {
        "exchange": exchange,
        "format": "tallystick/key/1",
        "key": public_hex(name),
        "rotations": list(rotations),
    }
    return canonical(document) + b"\n"


def path_of(levels: Sequence[Sequence[bytes]], slot: int) -> bytes:
    """The siblings of a slot, from the leaves up (trees.md section 3)."""
    path = b""
    for level in levels[:-1]:
        if not (slot % 2 == 0 and slot == len(level) - 1):
            path += level[slot ^ 1]
        slot //= 2
    return path


@dataclass(frozen=True)
class Holder:
    """A customer: the kind of their id, the id, and the subaccount lines of each tree they are in."""

    kind: str
    account: str
    balances: Mapping[TreeName, Sequence[Line]]


HOLDERS = (
    Holder(
        "email",
        "alice@example.com",
        {
            ("main", "BTC"): [("", 28_734_246_996, 0), ("trading", 5, 14_367_123_498)],
            ("main", "ETH"): [("", 1, 0)],
            ("main", "USDC"): [("", 0, 7_000_000), ("日本", 2**64, 0), ("𐐷", 12, 1)],
            ("second", "BTC"): [("", 100_000_000, 0)],
        },
    ),
    Holder("assigned", "1000000002", {("main", "BTC"): [("", 3, 0)], ("main", "USDC"): [("", 10**12, 0)]}),
    Holder("key", "ed25519:" + "7f" * 32, {("main", "BTC"): [("cold", 2**63, 2**63)], ("second", "BTC"): [("", 1, 0)]}),
    Holder("email", "Zoë@example.com", {("main", "BTC"): [("", 9, 9)], ("main", "USDC"): [("", 1, 0)]}),
    Holder("email", "日本語 の名前@example.jp", {("main", "BTC"): [("", 0, 1)]}),
)
SCALES: Mapping[TreeName, int] = {
    ("main", "BTC"): 8,
    ("main", "ETH"): 9,
    ("main", "USDC"): 6,
    ("main", "XRP"): 0,
    ("second", "BTC"): 8,
}
RESERVES = ({"chain": "eip155:1", "contract": "native"}, {"chain": "offchain:bank", "contract": "native"})


@dataclass
class Miniature:
    """One snapshot of a tiny exchange, its attestation and its proofs."""

    holders: Sequence[Holder] = HOLDERS
    scales: Mapping[TreeName, int] = field(default_factory=lambda: SCALES)
    exchange: str = "demo.exchange"
    hour: str = "2026-11-23T02:00:00Z"
    revision: int = 0
    sequence: int = 0
    has_log: bool = False
    previous: str | None = None
    kind: str = "attestation"
    signer: str = "first"
    rotations: Sequence[dict[str, Any]] = ()
    optional_sections: bool = True
    ledger_sections: bool = False
    has_failed: bool = False

    def __post_init__(self) -> None:
        if self.sequence and self.previous is None:
            self.previous = hashlib.sha256(b"the one before").hexdigest()
        self.slots = {tree: self._order(tree) for tree in self.scales}
        self.trees = {tree: self.levels([self.leaf_node(tree, n) for n in order]) for tree, order in self.slots.items()}
        self.account_order = self._shuffled(("", ""), list(range(len(self.holders))))
        self.account_levels = self.levels([self.account_leaf(n) for n in self.account_order], self.account_node)

    # What the exchange does, one method for each line of trees.md: override to lie.

    @property
    def snapshot(self) -> str:
        return f"{self.exchange}/{self.hour}/{self.revision}"

    def salt(self, tree: TreeName, holder: int) -> bytes:
        return hashlib.sha256(repr(("salt", self.snapshot, tree, holder)).encode()).digest()

    def sums(self, tree: TreeName, holder: int) -> tuple[int, int]:
        lines = self.holders[holder].balances[tree]
        return sum(line[1] for line in lines), sum(line[2] for line in lines)

    def commitment(self, tree: TreeName, holder: int) -> bytes:
        context = tagged_hash(0x03, lp(self.snapshot) + lp(tree[0]) + lp(tree[1]))
        who = self.holders[holder]
        return tagged_hash(0x04, context + self.salt(tree, holder) + lp(who.kind) + lp(who.account))

    def leaf_node(self, tree: TreeName, holder: int) -> bytes:
        claim, debt = self.sums(tree, holder)
        sums = u128(claim) + u128(debt)
        return tagged_hash(0x00, self.commitment(tree, holder) + sums) + sums

    def inner_node(self, left: bytes, right: bytes) -> bytes:
        claims = int.from_bytes(left[32:48], "big") + int.from_bytes(right[32:48], "big")
        debts = int.from_bytes(left[48:], "big") + int.from_bytes(right[48:], "big")
        return tagged_hash(0x01, left + right) + u128(claims) + u128(debts)

    def levels(self, nodes: list[bytes], join: Callable[[bytes, bytes], bytes] | None = None) -> list[list[bytes]]:
        """Every level from the leaves to the top; an odd node is promoted. No nodes make no level."""
        join = join or self.inner_node
        levels = [nodes] if nodes else []
        while levels and len(levels[-1]) > 1:
            below = levels[-1]
            above = [join(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)]
            levels.append(above + ([below[-1]] if len(below) % 2 else []))
        return levels

    def asset_root(self, tree: TreeName) -> bytes:
        names = lp(self.snapshot) + lp(tree[0]) + lp(tree[1])
        return tagged_hash(0x02, names + bytes([self.scales[tree]]) + u64(len(self.slots[tree])) + self.top(tree))

    def top(self, tree: TreeName) -> bytes:
        return self.trees[tree][-1][0] if self.trees[tree] else bytes(64)

    def statement_bytes(self, holder: int) -> bytes:
        balances = self.holders[holder].balances
        parts = [u32(len(balances))]
        for tree in sorted(balances):
            claim, debt = self.sums(tree, holder)
            slot = self.slots[tree].index(holder)
            lines = sorted(balances[tree], key=lambda line: line[0].encode())
            parts += [lp(tree[0]), lp(tree[1]), u64(slot), u128(claim), u128(debt), u32(len(lines))]
            parts += [lp(name) + u128(line_claim) + u128(line_debt) for name, line_claim, line_debt in lines]
        return b"".join(parts)

    def account_leaf(self, holder: int) -> bytes:
        who, context = self.holders[holder], tagged_hash(0x11, lp(self.snapshot))
        statement = tagged_hash(0x08, self.statement_bytes(holder))
        return tagged_hash(0x05, context + self.salt(("", ""), holder) + lp(who.kind) + lp(who.account) + statement)

    def account_node(self, left: bytes, right: bytes) -> bytes:
        return tagged_hash(0x06, left + right)

    def account_root(self) -> bytes:
        top = self.account_levels[-1][0] if self.account_levels else bytes(32)
        return tagged_hash(0x07, lp(self.snapshot) + u64(len(self.holders)) + top)

    def _order(self, tree: TreeName) -> list[int]:
        return self._shuffled(tree, [n for n, holder in enumerate(self.holders) if tree in holder.balances])

    def _shuffled(self, tree: TreeName, holders: list[int]) -> list[int]:
        return sorted(holders, key=lambda n: hashlib.sha256(repr(("order", self.snapshot, tree, n)).encode()).digest())

    # Documents

    def claims_and_debts(self, tree: TreeName) -> tuple[int, int]:
        top = self.top(tree)
        return int.from_bytes(top[32:48], "big"), int.from_bytes(top[48:], "big")

    def snapshot_section(self) -> dict[str, Any]:
        trees, disclosures = [], []
        for entity, asset in sorted(self.scales):
            tree = (entity, asset)
            claims, debts = self.claims_and_debts(tree)
            leaves = len(self.slots[tree])
            if 0 < leaves < 100:
                disclosures.append({"code": "small-tree", "detail": f"{entity}/{asset}"})
            trees.append(
                {
                    "asset": asset,
                    "claims": str(claims),
                    "debts": str(debts),
                    "entity": entity,
                    "leaves": leaves,
                    "reserves": [dict(entry) for entry in RESERVES],
                    "root": self.asset_root(tree).hex(),
                    "scale": self.scales[tree],
                }
            )
        return {
            "accounts": {"count": len(self.holders), "root": self.account_root().hex()},
            "cutoff": self.hour,
            "disclosures": disclosures,
            "exchange": self.exchange,
            "ledger": LEDGER if self.has_log else None,
            "previous": self.previous,
            "reserves": hashlib.sha256(b"evidence").hexdigest(),
            "snapshot": self.snapshot,
            "trees": trees,
        }

    def reserves_section(self) -> dict[str, Any]:
        """Half of the claims on chain and proven, a tenth there without control, the rest in a bank's statement."""
        rows, totals = [], []
        for tree in sorted(self.scales):
            claims, _ = self.claims_and_debts(tree)
            proven, claimed = claims // 2, claims // 10
            attested = claims - proven - claimed
            common = {"asset": tree[1], "chain": "eip155:1", "contract": "native", "entity": tree[0]}
            rows += [
                {**common, "address": "0x" + "11" * 20, "balance": str(proven), "control": "eip191"}
                | {"evidence": "state-proof", "label": "cold"},
                {**common, "address": "0x" + "22" * 20, "balance": str(claimed), "control": "none"}
                | {"evidence": "state-proof", "label": ""},
                {**common, "address": "demo", "balance": str(attested), "chain": "offchain:bank", "control": "none"}
                | {"evidence": "third-party", "label": "bank"},
            ]
            ratio, proven_ratio = (f"{n * 10**6 // claims:07d}" if claims else "" for n in (claims, proven))
            totals.append(
                {
                    "asset": tree[1],
                    "attested": str(attested),
                    "claimed": str(claimed),
                    "claims": str(claims),
                    "coverage": f"{ratio[:-6]}.{ratio[-6:]}" if claims else None,
                    "coverage_proven": f"{proven_ratio[:-6]}.{proven_ratio[-6:]}" if claims else None,
                    "entity": tree[0],
                    "proven": str(proven),
                }
            )
        return {"rows": rows, "totals": totals}

    def books_section(self) -> dict[str, Any]:
        rows = []
        totals = self.reserves_section()["totals"]
        for tree, total in zip(sorted(self.scales), totals, strict=True):
            claims, debts = self.claims_and_debts(tree)
            custody = sum(int(total[part]) for part in ("proven", "attested", "claimed"))
            parts = {
                "custody": custody,
                "debts": debts,
                "deficit": max(claims - custody - debts, 0),
                "excess": max(custody + debts - claims, 0),
                "in_transit": 3,
                "receivables": 4,
            }
            rows.append(
                {name: str(value) for name, value in parts.items()}
                | {"asset": tree[1], "claims": str(claims), "entity": tree[0], "house": "7"}
            )
        return {"rows": rows}

    def zero_sum_section(self) -> dict[str, Any]:
        """Custody is what the chain had less what came in and was not booked, and 6 quanta that nobody can explain."""
        rows = []
        for tree, total in zip(sorted(self.scales), self.reserves_section()["totals"], strict=True):
            claims, debts = self.claims_and_debts(tree)
            reserves = sum(int(total[part]) for part in ("proven", "attested", "claimed"))
            parts = {"custody": reserves - 6, "in_transit": -3, "debts": debts, "receivables": 4, "due_from": 5}
            owed = {"claims": claims, "receipts_uncredited": 2, "due_to": 1}
            house = sum(parts.values()) - sum(owed.values())
            amounts = {**parts, **owed, "house": house}
            rows.append({name: str(value) for name, value in amounts.items()} | {"asset": tree[1], "entity": tree[0]})
        return {"rows": rows}

    def in_flight_section(self) -> dict[str, Any]:
        """One movement of each kind in the first tree: 10 - 20 - 30 + 44 is 4."""
        first, totals = min(self.scales), []
        rows = [
            {
                "amount": amount,
                "asset": first[1],
                "chain": "eip155:1",
                "direction": direction,
                "entity": first[0],
                "recorded": recorded,
                "transaction": "0x" + "ab" * 32,
            }
            for direction, recorded, amount in (
                ("in", "chain", "10"),
                ("in", "ledger", "30"),
                ("out", "chain", "20"),
                ("out", "ledger", "44"),
            )
        ]
        for tree, total in zip(sorted(self.scales), self.reserves_section()["totals"], strict=True):
            reserves = sum(int(total[part]) for part in ("proven", "attested", "claimed"))
            in_flight = 4 if tree == first else 0
            amounts = {"custody": reserves - 6, "difference": 6 - in_flight, "in_flight": in_flight}
            row = {name: str(value) for name, value in amounts.items()}
            totals.append(row | {"asset": tree[1], "entity": tree[0], "reserves": str(reserves)})
        return {"rows": rows, "totals": totals}

    def unread_section(self) -> dict[str, Any]:
        entity, asset = min(self.scales)
        row = {"address": "0x" + "33" * 20, "asset": asset, "chain": "eip155:1", "contract": "native"}
        return {"rows": [row | {"entity": entity, "label": "cold 2", "reason": "endpoint-unreachable"}]}

    def net_section(self) -> dict[str, Any]:
        rows = []
        for tree in sorted(self.scales):
            claims, debts = self.claims_and_debts(tree)
            counted = min(claims, debts)
            amounts = {"claims": claims, "counted_debts": counted, "net_claims": claims - counted}
            rows.append(
                {name: str(value) for name, value in amounts.items()}
                | {"asset": tree[1], "entity": tree[0], "over_collateral_count": 1, "over_collateral_sum": "0"}
                | {"related_count": 0, "related_sum": "0"}
            )
        return {"prices": [{"asset": "BTC", "haircut": "0.05", "price": "104000.5"}], "rows": rows}

    def sections(self) -> dict[str, Any]:
        keys: dict[str, Any] = {"rotations": list(self.rotations)}
        if self.kind == "missed":
            failed = {"code": "root", "detail": "main/BTC: another root", "ledger": LEDGER}
            missed = {"keys": keys, "missed": {"reason": "the engine was down"}}
            return missed | ({"failed": failed} if self.has_failed else {})
        sections = {"keys": keys, "reserves": self.reserves_section(), "snapshot": self.snapshot_section()}
        if self.optional_sections:
            sections |= {"books": self.books_section(), "net": self.net_section()}
        if self.ledger_sections:
            sections |= {
                "in-flight": self.in_flight_section(),
                "unread": self.unread_section(),
                "zero-sum": self.zero_sum_section(),
            }
        if self.kind == "restatement":
            sections["restatement"] = {"reason": "a deposit was missing", "restates": "ab" * 32}
        return sections

    def attestation_document(
        self, change: Change | None = None, late_change: Change | None = None, unsigned_change: Change | None = None
    ) -> dict[str, Any]:
        """The signed document. `change` edits the sections before they are hashed, `late_change` the whole document
        before it is signed, `unsigned_change` after that."""
        sections = copy.deepcopy(self.sections())
        if change:
            change(sections)
        hashes = {name: tagged_hash(0x09, lp(name) + canonical(section)).hex() for name, section in sections.items()}
        statement = {
            "format": "tallystick/attestation/1",
            "key": public_hex(self.signer),
            "kind": self.kind,
            "previous": self.previous,
            "sections": hashes,
            "sequence": self.sequence,
            "snapshot": self.snapshot,
        }
        document = {"sections": sections, "signature": "", "statement": statement}
        if late_change:
            late_change(document)
        digest = tagged_hash(0x0A, canonical(document["statement"]))
        document["signature"] = sign(self.signer, "tallystick/attestation/1", digest)
        if unsigned_change:
            unsigned_change(document)
        return document

    def attestation(self, **changes: Change) -> bytes:
        return canonical(self.attestation_document(**changes)) + b"\n"

    def proof_document(self, holder: int = 0, attestation: dict[str, Any] | None = None) -> dict[str, Any]:
        """The proof of one holder under an attestation of this snapshot (the plain one unless given)."""
        who, account_slot = self.holders[holder], self.account_order.index(holder)
        statement = (attestation or self.attestation_document())["statement"]
        leaves = []
        for tree in sorted(who.balances):
            slot, (claim, debt) = self.slots[tree].index(holder), self.sums(tree, holder)
            lines = sorted(who.balances[tree], key=lambda line: line[0].encode())
            leaves.append(
                {
                    "asset": tree[1],
                    "claim": str(claim),
                    "debt": str(debt),
                    "entity": tree[0],
                    "lines": []
                    if len(lines) == 1 and lines[0][0] == ""
                    else [{"claim": str(c), "debt": str(d), "subaccount": name} for name, c, d in lines],
                    "path": base64.b64encode(path_of(self.trees[tree], slot)).decode(),
                    "salt": self.salt(tree, holder).hex(),
                    "slot": slot,
                }
            )
        return {
            "account": {
                "path": base64.b64encode(path_of(self.account_levels, account_slot)).decode(),
                "salt": self.salt(("", ""), holder).hex(),
                "slot": account_slot,
            },
            "attestation": tagged_hash(0x0A, canonical(statement)).hex(),
            "format": "tallystick/proof/1",
            "kind": who.kind,
            "leaves": leaves,
            "snapshot": self.snapshot,
        }

    def proof(self, holder: int = 0, change: Change | None = None, attestation: dict[str, Any] | None = None) -> bytes:
        """The proof's file; `change` edits the document before it is written."""
        document = self.proof_document(holder, attestation)
        if change:
            change(document)
        return canonical(document) + b"\n"
