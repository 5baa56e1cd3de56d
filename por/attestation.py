"""The hourly statement: its sections, its digest, its signature. Format: docs/spec/attestation.md.

Builders only. What they build is checked by the same code that a customer runs (por.verify.standalone) before it
leaves this module, so nothing is signed that our own verifier would refuse. Published ratios are rounded down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ledger.canonical import Digest, Json, Tag, canonical, canonical_file, lp, tagged_hash
from ledger.keys import LABEL_ATTESTATION, SigningKey
from por.snapshot import SnapshotId

__all__ = [
    "EVIDENCE_FORMAT",
    "EVIDENCE_KINDS",
    "SMALL_TREE",
    "Predecessor",
    "ReserveRow",
    "ReserveTotal",
    "SnapshotFacts",
    "TreeRow",
    "coverage_text",
    "fingerprint",
    "reserve_totals",
    "reserves_section",
    "section_hash",
    "sign_attestation",
    "snapshot_section",
    "statement_digest",
]

SMALL_TREE = 100
"""Trees with fewer leaves than this are named in the disclosures: a neighbour's amount says more there."""

EVIDENCE_FORMAT = "tallystick/reserves/1"
"""The format of reserves/evidence.json; here, because who writes it needs nothing of what checks it."""

EVIDENCE_KINDS = ("state-proof", "pinned-call", "third-party", "claim")
OWN_KEY_SCHEMES = ("eip191", "eip712")
COVERAGE_PLACES = 6


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One tree as the snapshot section lists it. `claims` and `debts` in quanta; `root` 32 bytes."""

    entity: str
    asset: str
    scale: int
    claims: int
    debts: int
    leaves: int
    root: bytes
    reserves: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Json]:
        return {
            "asset": self.asset,
            "claims": str(self.claims),
            "debts": str(self.debts),
            "entity": self.entity,
            "leaves": self.leaves,
            "reserves": [{"chain": chain, "contract": contract} for chain, contract in sorted(set(self.reserves))],
            "root": self.root.hex(),
            "scale": self.scale,
        }


@dataclass(frozen=True, slots=True)
class ReserveRow:
    """One reserve address in one asset. `balance` in quanta, rounded down; `evidence` one of EVIDENCE_KINDS."""

    entity: str
    asset: str
    chain: str
    contract: str
    address: str
    balance: int
    label: str
    control: str
    evidence: str

    @property
    def assurance(self) -> str:
        """Under which total the row counts (attestation.md section 4)."""
        if self.evidence == "state-proof" and self.control in OWN_KEY_SCHEMES:
            return "proven"
        return "attested" if self.evidence == "third-party" else "claimed"

    def order(self) -> tuple[str, str, str, str, str]:
        return (self.entity, self.asset, self.chain, self.contract, self.address)

    def to_json(self) -> dict[str, Json]:
        return {
            "address": self.address,
            "asset": self.asset,
            "balance": str(self.balance),
            "chain": self.chain,
            "contract": self.contract,
            "control": self.control,
            "entity": self.entity,
            "evidence": self.evidence,
            "label": self.label,
        }


@dataclass(frozen=True, slots=True)
class ReserveTotal:
    """Reserves of one tree by assurance, in quanta, beside its gross claims."""

    entity: str
    asset: str
    claims: int
    proven: int = 0
    attested: int = 0
    claimed: int = 0

    @property
    def custody(self) -> int:
        return self.proven + self.attested + self.claimed

    def to_json(self) -> dict[str, Json]:
        return {
            "asset": self.asset,
            "attested": str(self.attested),
            "claimed": str(self.claimed),
            "claims": str(self.claims),
            "coverage": coverage_text(self.custody, self.claims),
            "coverage_proven": coverage_text(self.proven, self.claims),
            "entity": self.entity,
            "proven": str(self.proven),
        }


def coverage_text(reserves: int, claims: int) -> str | None:
    """Reserves over gross claims with six digits after the point, rounded down (against the exchange)."""
    assert reserves >= 0 and claims >= 0
    if claims == 0:
        return None
    whole, part = divmod(reserves * 10**COVERAGE_PLACES // claims, 10**COVERAGE_PLACES)
    return f"{whole}.{part:0{COVERAGE_PLACES}d}"


def reserve_totals(trees: Sequence[TreeRow], rows: Sequence[ReserveRow]) -> list[ReserveTotal]:
    """Sum the rows by tree and assurance, in the order of the trees."""
    sums: dict[tuple[str, str], dict[str, int]] = {
        (tree.entity, tree.asset): {"proven": 0, "attested": 0, "claimed": 0} for tree in trees
    }
    for row in rows:
        sums[(row.entity, row.asset)][row.assurance] += row.balance
    return [ReserveTotal(tree.entity, tree.asset, tree.claims, **sums[(tree.entity, tree.asset)]) for tree in trees]


def reserves_section(trees: Sequence[TreeRow], rows: Sequence[ReserveRow]) -> dict[str, Json]:
    """The section `reserves` (attestation.md section 4)."""
    ordered = sorted(rows, key=ReserveRow.order)
    assert len({row.order() for row in ordered}) == len(ordered), "one row an address, asset and contract"
    return {
        "rows": [row.to_json() for row in ordered],
        "totals": [total.to_json() for total in reserve_totals(trees, rows)],
    }


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What the snapshot section binds besides the trees; see attestation.md section 3."""

    account_count: int
    account_root: bytes
    evidence_digest: bytes | None
    disclosures: Sequence[tuple[str, str]] = ()
    ledger: Mapping[str, Json] | None = None


def snapshot_section(
    snapshot: SnapshotId, trees: Sequence[TreeRow], facts: SnapshotFacts, previous: bytes | None
) -> dict[str, Json]:
    """The section `snapshot`; its hash is the snapshot root."""
    order = [(tree.entity.encode(), tree.asset.encode()) for tree in trees]
    assert all(left < right for left, right in pairwise(order)), "trees rise strictly"
    disclosures = {(code, detail) for code, detail in facts.disclosures}
    disclosures |= {("small-tree", f"{tree.entity}/{tree.asset}") for tree in trees if 0 < tree.leaves < SMALL_TREE}
    return {
        "accounts": {"count": facts.account_count, "root": facts.account_root.hex()},
        "cutoff": snapshot.hour,
        "disclosures": [
            {"code": code, "detail": detail}
            for code, detail in sorted(disclosures, key=lambda item: (item[0].encode(), item[1].encode()))
        ],
        "exchange": snapshot.exchange,
        "ledger": None if facts.ledger is None else dict(facts.ledger),
        "previous": None if previous is None else previous.hex(),
        "reserves": None if facts.evidence_digest is None else facts.evidence_digest.hex(),
        "snapshot": str(snapshot),
        "trees": [tree.to_json() for tree in trees],
    }


def section_hash(name: str, section: Json) -> Digest:
    """What the signed statement binds of a section."""
    return tagged_hash(Tag.SECTION, lp(name) + canonical(section))


def statement_digest(statement: Json) -> Digest:
    """The attestation's digest: what is signed, and what the next one names as its predecessor."""
    return tagged_hash(Tag.ATTESTATION, canonical(statement))


def fingerprint(digest: bytes) -> str:
    """For people to compare: 128 bits in eight groups of four digits."""
    text = digest[:16].hex()
    return "-".join(text[at : at + 4] for at in range(0, 32, 4))


@dataclass(frozen=True, slots=True)
class Predecessor:
    """What an attestation must know of the one before it, and of the keys so far."""

    digest: bytes
    sequence: int
    rotations: Sequence[Json] = field(default=())


def sign_attestation(
    kind: str,
    snapshot: SnapshotId,
    sections: Mapping[str, Json],
    previous: Predecessor | None,
    key: SigningKey,
    rotations: Sequence[Json],
) -> bytes:
    """Bind the sections, sign, and give the file's bytes. `kind` as in attestation.md section 1."""
    bound: dict[str, Json] = {**sections, "keys": {"rotations": list(rotations)}}
    statement: dict[str, Json] = {
        "format": LABEL_ATTESTATION,
        "key": key.public.hex(),
        "kind": kind,
        "previous": None if previous is None else previous.digest.hex(),
        "sections": {name: section_hash(name, section).hex() for name, section in bound.items()},
        "sequence": 0 if previous is None else previous.sequence + 1,
        "snapshot": str(snapshot),
    }
    signature = key.sign(LABEL_ATTESTATION, statement_digest(statement))
    return canonical_file({"sections": bound, "signature": signature.hex(), "statement": statement})
