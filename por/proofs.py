"""Inclusion proofs from rebuilt trees: one on demand, or all of them in one indexed container. Format: proof.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ledger.canonical import Json, Tag, base64_text, canonical_file, from_hex, tagged_hash, u64
from ledger.errors import FormatError, InputError
from ledger.identity import ID_KINDS
from por.liabilities.folder import Columns
from por.liabilities.kernels import Kernel, ProofLines, ProofPlan, ProofTree, lp, proof_names, unpack_amount
from por.liabilities.rebuild import Progress, Rebuilt

__all__ = ["CONTAINER_MAGIC", "find_account", "make_proof", "proof_name", "read_container", "write_container"]

FORMAT = "tallystick/proof/1"
CONTAINER_MAGIC = b"tallystick/proofs/1\n"
_ENTRY = np.dtype([("name", "u1", (32,)), ("offset", ">u8"), ("length", ">u8")])
_INDEX_ENTRY = _ENTRY.itemsize
assert _INDEX_ENTRY == 48


def proof_name(account_salt: bytes) -> str:
    """The name under which a proof is stored: it tells nothing and changes each hour."""
    assert len(account_salt) == 32
    return tagged_hash(Tag.PROOF_NAME, account_salt).hex()


def find_account(rebuilt: Rebuilt, account: str, kind: str | None = None) -> int:
    """Slot of an account in the account tree; raises InputError if it has no balance in this snapshot."""
    columns = rebuilt.columns
    kinds = [kind] if kind else ["assigned", "email", "key"]
    whole = columns.identities.tobytes()
    for name in kinds:
        needle = lp(name.encode()) + lp(account.encode())
        at = whole.find(needle)
        while at >= 0:
            slot = int(columns.offsets.searchsorted(at))
            if int(columns.offsets[slot]) == at and int(columns.offsets[slot + 1]) == at + len(needle):
                return slot
            at = whole.find(needle, at + 1)
    raise InputError("account", "has no balance in this snapshot", "Check the id; upper and lower case differ.")


def make_proof(rebuilt: Rebuilt, slot: int, attestation: bytes) -> bytes:
    """The proof file of the account at a slot; `attestation` is the digest it belongs to."""
    columns = rebuilt.columns
    kind, _ = columns.identity(slot)
    begin, end = int(rebuilt.bounds[slot]), int(rebuilt.bounds[slot + 1])
    leaves: list[Json] = [_leaf(rebuilt, int(row)) for row in rebuilt.rows[begin:end]]
    account: Json = {
        "path": base64_text(rebuilt.accounts.path(slot)),
        "salt": columns.account_salts[slot].tobytes().hex(),
        "slot": slot,
    }
    return canonical_file(
        {
            "account": account,
            "attestation": attestation.hex(),
            "format": FORMAT,
            "kind": kind,
            "leaves": leaves,
            "snapshot": columns.snapshot,
        }
    )


def _leaf(rebuilt: Rebuilt, row: int) -> Json:
    number = max(n for n, first in enumerate(rebuilt.first) if first <= row and rebuilt.trees[n].count)
    tree, slot = rebuilt.columns.trees[number], row - rebuilt.first[number]
    claim, debt = unpack_amount(tree.amounts[slot].tobytes())
    return {
        "asset": tree.asset,
        "claim": str(claim),
        "debt": str(debt),
        "entity": tree.entity,
        "lines": _lines(rebuilt, row),
        "path": base64_text(rebuilt.trees[number].path(slot)),
        "salt": tree.salts[slot].tobytes().hex(),
        "slot": slot,
    }


def _lines(rebuilt: Rebuilt, row: int) -> list[Json]:
    """The lines of a leaf; none where it has its main line alone (docs/spec/proof.md)."""
    lines = rebuilt.lines
    if lines is None:
        return []
    result: list[Json] = []
    for at in range(int(lines.offsets[row]), int(lines.offsets[row + 1])):
        line_claim, line_debt = unpack_amount(lines.amounts[at].tobytes())
        name = lines.names.entries[int(lines.subaccount[at])][4:].decode()
        result.append({"claim": str(line_claim), "debt": str(line_debt), "subaccount": name})
    return [] if len(result) == 1 and name == "" else result


def container_plan(rebuilt: Rebuilt, attestation: bytes) -> ProofPlan:
    """What a kernel writes every proof from, account by account in the order of their slots."""
    columns, first, everyone = rebuilt.columns, rebuilt.first, rebuilt.columns.account_count
    trees = columns.trees
    sizes = [levels.count for levels in rebuilt.trees]
    slots = np.arange(sum(sizes), dtype=np.uint64) - np.repeat(np.array(first, np.uint64), sizes)
    lines = rebuilt.lines
    names = () if lines is None else tuple(entry[4:].decode() for entry in lines.names.entries)
    return ProofPlan(
        columns.snapshot,
        attestation,
        ID_KINDS,
        _kinds(columns),
        ProofTree("", "", rebuilt.accounts, columns.account_salts),
        np.arange(everyone, dtype=np.uint64),
        rebuilt.bounds,
        rebuilt.rows,
        tuple(ProofTree(t.entity, t.asset, nodes, t.salts) for t, nodes in zip(trees, rebuilt.trees, strict=True)),
        np.repeat(np.arange(len(trees), dtype=np.uint32), sizes),
        slots,
        np.concatenate([np.empty((0, 32), np.uint8), *(tree.amounts for tree in trees)]),
        None if lines is None else ProofLines(lines.offsets, lines.subaccount, lines.amounts, names),
    )


def _kinds(columns: Columns) -> NDArray[np.uint8]:
    """The kind of each account's id, as a position in `ID_KINDS`; no two of them are of one length."""
    sizes = columns.identities[columns.offsets[:-1].astype(np.int64) + 3]
    numbers = np.zeros(256, np.uint8)
    for number, kind in enumerate(ID_KINDS):
        numbers[len(kind)] = number
    assert len({len(kind) for kind in ID_KINDS}) == len(ID_KINDS)
    return numbers[sizes]


def write_container(
    path: Path, rebuilt: Rebuilt, attestation: bytes, kernel: Kernel, progress: Progress | None = None
) -> None:
    """Write every proof into one new container file, complete or not at all; each as `make_proof` would.

    Some 10 us a proof with the C kernel and 0.1 ms without; a proof of six leaves in trees of 300,000 has 11 KB.
    """
    report = progress or (lambda stage, done, total: None)
    count = rebuilt.columns.account_count
    plan = container_plan(rebuilt, attestation)
    sizes = [np.empty(0, np.uint64)]
    part = path.with_name(path.name + ".part")
    with part.open("xb") as file:
        file.write(CONTAINER_MAGIC + u64(count) + bytes(_INDEX_ENTRY * count))
        start = file.tell()
        done = 0
        with ThreadPoolExecutor(1) as disk:
            flushed = disk.submit(int)
            for proofs in kernel.proof_stream(plan):
                file.write(proofs.data.data)
                if (
                    flushed.done()
                ):  # While proofs are made the disk takes what is there, so that little waits at the end.
                    flushed = disk.submit(_flush, file)
                sizes.append(np.diff(proofs.offsets))
                done += proofs.count
                report("proofs", done, count)
            flushed.result()
        file.seek(len(CONTAINER_MAGIC) + 8)
        file.write(_index(plan, start, np.concatenate(sizes)))
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def _flush(file: BinaryIO) -> int:
    os.fsync(file.fileno())
    return 0


def _index(plan: ProofPlan, start: int, sizes: NDArray[np.uint64]) -> bytes:
    """Entries rising by name, for proofs of these sizes that lie one behind the other from `start` on."""
    entries = np.empty(sizes.size, _ENTRY)
    entries["name"] = proof_names(plan).data.reshape(-1, 32)
    entries["offset"] = np.uint64(start) + np.cumsum(sizes) - sizes
    entries["length"] = sizes
    words = entries["name"].copy().view(">u8").astype(np.uint64)
    return entries[np.lexsort(words.T[::-1])].tobytes()


def read_container(file: BinaryIO, name: str) -> bytes:
    """One proof's bytes by its name; raises FormatError for a broken container and InputError for no such name."""
    head = file.read(len(CONTAINER_MAGIC) + 8)
    if len(head) != len(CONTAINER_MAGIC) + 8 or not head.startswith(CONTAINER_MAGIC):
        raise FormatError("not a container of proofs")
    count, wanted = int.from_bytes(head[-8:], "big"), from_hex(name, 32)
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        file.seek(len(head) + _INDEX_ENTRY * middle)
        entry = file.read(_INDEX_ENTRY)
        if len(entry) != _INDEX_ENTRY:
            raise FormatError("the container's index is cut short")
        if entry[:32] == wanted:
            return _read_proof(file, int.from_bytes(entry[32:40], "big"), int.from_bytes(entry[40:], "big"))
        low, high = (middle + 1, high) if entry[:32] < wanted else (low, middle)
    raise InputError("proof", "is not in this container", "Check the name, and that the hour is the right one.")


def _read_proof(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    proof = file.read(length)
    if len(proof) != length or not proof.endswith(b"\n"):
        raise FormatError("the container is cut short")
    return proof


def container_names(file: BinaryIO) -> Iterator[str]:
    """The names in a container, in order."""
    head = file.read(len(CONTAINER_MAGIC) + 8)
    for _ in range(int.from_bytes(head[-8:], "big")):
        yield file.read(_INDEX_ENTRY)[:32].hex()
