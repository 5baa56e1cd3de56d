"""What the proofs of one snapshot are written from, and two writers in Python: one by document, one by text.

In: the arrays of a forest. Out: proof files, byte for byte as docs/spec/proof.md has them. Cost in Python: 0.1 ms for
a proof of six leaves, most of it collecting 110 siblings; the compiled kernel needs about 10 us.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from struct import iter_unpack
from typing import Final

import numpy as np
import numpy.typing as npt

from ledger.canonical import Json, Tag
from por.liabilities.kernels.arrays import U32, U64, Blob, Bytes2D, Levels, require_bytes, unpack_amount

__all__ = ["PROOFS_AT_ONCE", "ProofLines", "ProofPlan", "ProofTree", "proof_document", "proof_names", "proof_text"]


PROOFS_AT_ONCE: Final = 4096
"""Proofs that the kernels in Python give at a time: some 40 MB."""


@dataclass(frozen=True)
class ProofTree:
    """One tree and the salts of its slots, u8[n, 32]; entity and asset are empty for the account tree."""

    entity: str
    asset: str
    levels: Levels
    salts: Bytes2D

    def __post_init__(self) -> None:
        require_bytes(self.salts, self.levels.count, 32, "salts")


@dataclass(frozen=True)
class ProofLines:
    """Subaccount lines of each leaf row; see `por.liabilities.forest.Lines`. `names` are the subaccounts themselves."""

    offsets: U64
    subaccount: U32
    amounts: Bytes2D
    names: tuple[str, ...]


@dataclass(frozen=True)
class ProofPlan:
    """Everything the proofs of one snapshot show.

    `attestation` is the digest of the attestation, 32 bytes. Account i (of the account tree, in its own numbering) has
    the kind of id `kinds[kind[i]]` (kind u8[a]), stands at `account_slots[i]` (u64[a]) of `account_tree`, and has the
    leaves `rows[offsets[i]:offsets[i + 1]]` (u64[a + 1]; u64[m]), rising by tree; columns as in `statement_hashes`.
    """

    snapshot_id: str
    attestation: bytes
    kinds: tuple[str, ...]
    kind: npt.NDArray[np.uint8]
    account_tree: ProofTree
    account_slots: U64
    offsets: U64
    rows: U64
    trees: tuple[ProofTree, ...]
    leaf_tree: U32
    leaf_slot: U64
    leaf_amounts: Bytes2D
    lines: ProofLines | None = None

    def __post_init__(self) -> None:
        if len(self.attestation) != 32:
            raise ValueError("the digest of an attestation has 32 bytes")
        if any(len(kind) > 16 or not kind.isascii() or not kind.isalpha() for kind in self.kinds):
            raise ValueError("a kind of id is a short word")

    @property
    def count(self) -> int:
        """Number of accounts."""
        return self.offsets.size - 1

    @cached_property
    def opening(self) -> tuple[str, str, str]:
        """The text that is the same in every proof: before the account, after it, and behind the leaves."""
        middle = f',"attestation":"{self.attestation.hex()}","format":"tallystick/proof/1","kind":"'
        return '{"account":{', middle, f'],"snapshot":{quoted(self.snapshot_id)}}}\n'

    @cached_property
    def leaf_texts(self) -> tuple[tuple[str, str], ...]:
        """The text before the claim and behind the debt of a leaf, for each tree."""
        return tuple(
            (f'{{"asset":{quoted(tree.asset)},"claim":"', f'","entity":{quoted(tree.entity)},"lines":[')
            for tree in self.trees
        )

    @cached_property
    def quoted_names(self) -> tuple[str, ...]:
        """Subaccounts as JSON strings."""
        return tuple(map(quoted, self.lines.names)) if self.lines else ()

    def lines_of(self, row: int) -> list[tuple[int, Bytes2D]]:
        """(number of the subaccount's name, amounts) of each line of a leaf row; none for the main one alone."""
        if self.lines is None:
            return []
        between = range(int(self.lines.offsets[row]), int(self.lines.offsets[row + 1]))
        if len(between) == 1 and not self.lines.names[int(self.lines.subaccount[between[0]])]:
            return []
        return [(int(self.lines.subaccount[line]), self.lines.amounts[line]) for line in between]

    def rows_of(self, account: int) -> list[int]:
        """Leaf rows of an account."""
        rows: list[int] = self.rows[int(self.offsets[account]) : int(self.offsets[account + 1])].tolist()
        return rows


def quoted(text: str) -> str:
    """A JSON string in its canonical spelling."""
    return json.dumps(text, ensure_ascii=False)


def proof_names(plan: ProofPlan) -> Blob:
    """The name of each account's proof, `H(10, account salt)`, 32 bytes each (docs/spec/proof.md)."""
    salts = np.ascontiguousarray(plan.account_tree.salts[plan.account_slots])
    tag = bytes([Tag.PROOF_NAME])
    names = b"".join([sha256(salt + tag).digest() for (salt,) in iter_unpack("32s", salts.data)])
    return Blob(np.frombuffer(names, dtype=np.uint8), np.arange(plan.count + 1, dtype=np.uint64) * np.uint64(32))


def proof_document(plan: ProofPlan, account: int) -> Json:
    """One proof as a document, for the canonical encoder."""

    def place(tree: ProofTree, slot: int) -> dict[str, Json]:
        path = b64encode(tree.levels.path(slot)).decode()
        return {"path": path, "salt": tree.salts[slot].tobytes().hex(), "slot": slot}

    def amounts(row: Bytes2D) -> dict[str, Json]:
        claim, debt = unpack_amount(row.tobytes())
        return {"claim": str(claim), "debt": str(debt)}

    leaves: list[Json] = []
    subaccounts = plan.lines.names if plan.lines else ()
    for row in plan.rows_of(account):
        tree = plan.trees[int(plan.leaf_tree[row])]
        lines: list[Json] = [
            {**amounts(values), "subaccount": subaccounts[name]} for name, values in plan.lines_of(row)
        ]
        names: dict[str, Json] = {"asset": tree.asset, "entity": tree.entity, "lines": lines}
        leaves.append({**names, **amounts(plan.leaf_amounts[row]), **place(tree, int(plan.leaf_slot[row]))})
    return {
        "account": place(plan.account_tree, int(plan.account_slots[account])),
        "attestation": plan.attestation.hex(),
        "format": "tallystick/proof/1",
        "kind": plan.kinds[int(plan.kind[account])],
        "leaves": leaves,
        "snapshot": plan.snapshot_id,
    }


def proof_text(plan: ProofPlan, account: int) -> str:
    """The same proof written straight as text."""

    def place(tree: ProofTree, slot: int) -> str:
        path = b64encode(tree.levels.path(slot)).decode()
        return f'"path":"{path}","salt":"{tree.salts[slot].tobytes().hex()}","slot":{slot}}}'

    def amounts(row: Bytes2D) -> str:
        claim, debt = unpack_amount(row.tobytes())
        return f'{claim}","debt":"{debt}'

    leaves = []
    for row in plan.rows_of(account):
        head, middle = plan.leaf_texts[int(plan.leaf_tree[row])]
        lines = [
            f'{{"claim":"{amounts(values)}","subaccount":{plan.quoted_names[name]}}}'
            for name, values in plan.lines_of(row)
        ]
        own = place(plan.trees[int(plan.leaf_tree[row])], int(plan.leaf_slot[row]))
        leaves.append(f"{head}{amounts(plan.leaf_amounts[row])}{middle}{','.join(lines)}],{own}")
    begin, before_kind, end = plan.opening
    account_place = place(plan.account_tree, int(plan.account_slots[account]))
    kind = plan.kinds[int(plan.kind[account])]
    return f'{begin}{account_place}{before_kind}{kind}","leaves":[{",".join(leaves)}{end}'
