"""Bundles of a miniature exchange, from docs/spec/bundle.md and manifest.md and from no code of the packages.

A bundle is a dictionary from paths to bytes. Everything is signed again after a change, unless a case says otherwise:
the exchange lies, and nobody tampers on the way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from tests.support.miniature import (
    Miniature,
    TreeName,
    canonical,
    lp,
    public_hex,
    sign,
    tagged_hash,
    u32,
    u64,
    u128,
)

__all__ = ["EMPTY_EVIDENCE", "Audited", "bundle", "entries", "leaf", "liabilities", "manifest", "merkle", "path_in"]

Files = dict[str, bytes]
EMPTY_EVIDENCE = canonical(
    {"evm": {"chains": [], "format": "tallystick/evm-reserves/1"}, "format": "tallystick/reserves/1"}
)
PRIVATE = ("liabilities", "proofs", "replay")


class Audited(Miniature):
    """A miniature whose reserves are claims and bank statements, so that its evidence is complete without a chain."""

    evidence: bytes | None = EMPTY_EVIDENCE + b"\n"

    def snapshot_section(self) -> dict[str, Any]:
        section = super().snapshot_section()
        section["reserves"] = None if self.evidence is None else tagged_hash(0x0B, self.evidence).hex()
        return section

    def reserves_section(self) -> dict[str, Any]:
        section = super().reserves_section()
        for row in section["rows"]:
            if row["evidence"] == "state-proof":
                row.update(control="none", evidence="claim")
        for total in section["totals"]:
            claimed = int(total["proven"]) + int(total["claimed"])
            total.update(proven="0", claimed=str(claimed))
            total["coverage_proven"] = None if total["claims"] == "0" else "0.000000"
        for number, row in enumerate(section["rows"]):  # one address counts once
            row["address"] = row["address"] if row["chain"] != "eip155:1" else f"0x{number:040x}"
            row["address"] = f"demo {number}" if row["chain"] == "offchain:bank" else row["address"]
        return section


def liabilities(exchange: Miniature, change: Callable[[dict[str, Any]], object] | None = None) -> Files:
    """The auditor's folder; `change` edits the index and the lines by tree before they are written."""
    accounts = exchange.account_order
    names = sorted({name for who in exchange.holders for lines in who.balances.values() for name, _, _ in lines})
    names.sort(key=str.encode)
    plan: dict[str, Any] = {"trees": [], "lines": [], "subaccounts": names, "snapshot": exchange.snapshot}
    for tree in sorted(exchange.scales):
        order = exchange.slots[tree]
        lines = [line for slot, who in enumerate(order) for line in _lines(exchange, tree, slot, who)]
        plan["trees"].append((tree, [(accounts.index(who), who) for who in order]))
        plan["lines"].append(lines)
    plan["accounts"] = [(exchange.holders[who], exchange.salt(("", ""), who)) for who in accounts]
    if change:
        change(plan)
    return _written(exchange, plan)


def _lines(exchange: Miniature, tree: TreeName, slot: int, who: int) -> list[tuple[int, str, int, int]]:
    lines = sorted(exchange.holders[who].balances[tree], key=lambda line: line[0].encode())
    if len(lines) == 1 and lines[0][0] == "":
        return []
    return [(slot, *line) for line in lines]


def _written(exchange: Miniature, plan: dict[str, Any]) -> Files:
    names = plan["subaccounts"]
    rows = [
        {"asset": tree[1], "entity": tree[0], "leaves": len(leaves), "lines": len(lines)}
        for (tree, leaves), lines in zip(plan["trees"], plan["lines"], strict=True)
    ]
    index = {
        "accounts": len(plan["accounts"]),
        "format": "tallystick/liabilities/1",
        "snapshot": plan["snapshot"],
        "subaccounts": names,
        "trees": rows,
    }
    files = {
        "liabilities/account-salts.bin": b"".join(salt for _, salt in plan["accounts"]),
        "liabilities/accounts.bin": b"".join(lp(who.kind) + lp(who.account) for who, _ in plan["accounts"]),
        "liabilities/index.json": canonical(index) + b"\n",
    }
    for number, ((tree, leaves), lines) in enumerate(zip(plan["trees"], plan["lines"], strict=True)):
        stem = f"liabilities/tree-{number:05d}"
        sums = [exchange.sums(tree, who) for _, who in leaves]
        files[f"{stem}-accounts.bin"] = b"".join(u32(account) for account, _ in leaves)
        files[f"{stem}-amounts.bin"] = b"".join(u128(claim) + u128(debt) for claim, debt in sums)
        files[f"{stem}-lines.bin"] = b"".join(
            u64(slot) + u32(names.index(name)) + u128(claim) + u128(debt) for slot, name, claim, debt in lines
        )
        files[f"{stem}-salts.bin"] = b"".join(exchange.salt(tree, who) for _, who in leaves)
    return files


def entries(files: Files, folder: str | None, snapshot: str) -> list[dict[str, Any]]:
    """Entries of the public files, or of one private folder."""
    chosen = [path for path in sorted(files) if path != "manifest.json"]
    if folder is None:
        chosen = [path for path in chosen if path.split("/")[0] not in PRIVATE]
    else:
        chosen = [path for path in chosen if path.startswith(f"{folder}/")]
    return [
        {
            "path": path,
            "position": position,
            "sha256": hashlib.sha256(files[path]).hexdigest(),
            "size": len(files[path]),
            "snapshot": snapshot,
        }
        for position, path in enumerate(chosen)
    ]


def leaf(entry: dict[str, Any]) -> bytes:
    return tagged_hash(0x0C, canonical(entry))


def levels(nodes: Sequence[bytes]) -> list[list[bytes]]:
    found = [list(nodes)]
    while len(found[-1]) > 1:
        below = found[-1]
        above = [hashlib.sha256(below[n] + below[n + 1]).digest() for n in range(0, len(below) - 1, 2)]
        found.append(above + below[len(below) - len(below) % 2 :])
    return found


def merkle(nodes: Sequence[bytes]) -> bytes:
    return levels(nodes)[-1][0]


def path_in(nodes: Sequence[bytes], position: int) -> list[dict[str, str]]:
    """The steps of a receipt from a leaf to the root."""
    steps = []
    for level in levels(nodes)[:-1]:
        if position % 2:
            steps.append({"left": level[position - 1].hex()})
        elif position != len(level) - 1:
            steps.append({"right": level[position + 1].hex()})
        position //= 2
    return steps


def statement_of(files: Files, exchange: Miniature, digest: bytes) -> dict[str, Any]:
    public = entries(files, None, exchange.snapshot)
    private = []
    for folder in PRIVATE:
        inside = entries(files, folder, exchange.snapshot)
        if inside:
            root = tagged_hash(0x12, merkle([leaf(entry) for entry in inside]) + u64(len(inside)))
            private.append({"count": len(inside), "folder": folder, "root": root.hex()})
    return {
        "attestation": digest.hex(),
        "count": len(public),
        "entries": public,
        "format": "tallystick/manifest/1",
        "key": public_hex(exchange.signer),
        "private": private,
        "root": tagged_hash(0x0D, merkle([leaf(entry) for entry in public]) + u64(len(public))).hex(),
        "sequence": exchange.sequence,
        "snapshot": exchange.snapshot,
    }


def manifest(
    files: Files,
    exchange: Miniature,
    digest: bytes,
    change: Callable[[dict[str, Any]], object] | None = None,
    signer: str | None = None,
) -> bytes:
    """The signed manifest of these files; `change` edits its statement before it is signed."""
    statement = statement_of(files, exchange, digest)
    if change:
        change(statement)
    signature = sign(signer or exchange.signer, "tallystick/manifest/1", tagged_hash(0x0E, canonical(statement)))
    return canonical({"signature": signature, "statement": statement}) + b"\n"


def bundle(
    exchange: Miniature,
    *,
    private: bool = True,
    change: Callable[[dict[str, Any]], object] | None = None,
    late_change: Callable[[dict[str, Any]], object] | None = None,
    folder: Callable[[dict[str, Any]], object] | None = None,
    files: Files | None = None,
    listing: Callable[[dict[str, Any]], object] | None = None,
    manifest_signer: str | None = None,
) -> Files:
    """A whole bundle. `change` edits the sections, `late_change` the attestation before it is signed, `folder` the
    plan of the liabilities, `files` adds or replaces files before the manifest, `listing` edits the manifest."""
    changes = {"change": change, "late_change": late_change}
    document = exchange.attestation_document(**{name: edit for name, edit in changes.items() if edit})
    made = {"attestation.json": canonical(document) + b"\n"}
    if exchange.kind != "missed":
        if private:
            made |= liabilities(exchange, folder)
        evidence = getattr(exchange, "evidence", None)
        if evidence is not None:
            made["reserves/evidence.json"] = evidence
    made |= files or {}
    digest = tagged_hash(0x0A, canonical(document["statement"]))
    made["manifest.json"] = manifest(made, exchange, digest, listing, manifest_signer)
    return made
