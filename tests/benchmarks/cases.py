"""What is measured. Each case takes prepared data, times the code that the project ships, and yields partial records.

A partial record has `name`, `measures` (in words), `items` (how many of the thing one run handles), `runs` (seconds of
each) and, where hashing is the bulk of the work, `blocks` (blocks of SHA-256 that no other code could avoid).
"""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ledger.keys import SigningKey
from por.attestation import SnapshotFacts, TreeRow, section_hash, sign_attestation, snapshot_section, statement_digest
from por.attestation import reserves_section as make_reserves_section
from por.liabilities import forest
from por.liabilities.folder import read_folder, write_folder
from por.liabilities.kernels import U64, Bytes2D, Kernel, select
from por.liabilities.rebuild import Rebuilt, columns_of, rebuild
from por.proofs import make_proof, write_container
from por.snapshot import SnapshotId
from por.verify import standalone
from por.verify.liabilities import check_liabilities
from tests.benchmarks import browser, workload
from tests.benchmarks.workload import MASTER, Workload

__all__ = ["CASES", "Given", "prepare"]

CHANGED_LEAVES = 20_000
SAMPLE_PROOFS = 500
BULK_ACCOUNTS_MAX = 100_000
"""Proofs of more accounts fill a disk (11 GB for a million), so the container is written up to this many."""

RUN_SECONDS_MAX = 6.0
"""A case that has run twice and this long is not run again, whatever the number of repeats."""

SNAPSHOT = SnapshotId(workload.EXCHANGE, workload.SNAPSHOT_HOUR)
KEY = SigningKey(bytes(range(1, 33)))
LIABILITIES = "liabilities"

Partial = dict[str, Any]


@dataclass(frozen=True)
class Given:
    """Where the prepared data lie, with which kernel and how often to run."""

    folder: Path
    kernel: Kernel
    repeat: int

    def snapshot(self) -> dict[str, Any]:
        """The signed snapshot section."""
        document = standalone.read_attestation(self.attestation())
        section: dict[str, Any] = document["sections"]["snapshot"]
        return section

    def attestation(self) -> bytes:
        return (self.folder / "attestation.json").read_bytes()

    def digest(self) -> bytes:
        return statement_digest(standalone.read_attestation(self.attestation())["statement"])

    def rebuilt(self) -> Rebuilt:
        """The trees of the prepared folder, by the fastest kernel there is: what comes before what is measured."""
        columns = read_folder(self.folder / LIABILITIES)
        return rebuild(columns, [6] * len(columns.trees), select())


class Clock:
    """Collects the runs of a case: seconds on the wall, and of processor time over all threads and the kernel."""

    def __init__(self) -> None:
        self.runs: list[float] = []
        self.cpu: list[float] = []

    def run(self, work: Callable[[], object]) -> None:
        """Time one run; what it gives is let go before the next begins."""
        cpu, start = time.process_time(), time.perf_counter()
        result = work()
        self.runs.append(time.perf_counter() - start)
        self.cpu.append(time.process_time() - cpu)
        del result

    @property
    def times(self) -> Partial:
        return {"runs": self.runs, "cpu": self.cpu}


def repeated(repeat: int, work: Callable[[], object]) -> Partial:
    """The times of up to `repeat` runs."""
    clock = Clock()
    while len(clock.runs) < repeat and (len(clock.runs) < 2 or sum(clock.runs) < RUN_SECONDS_MAX):
        clock.run(work)
    return clock.times


def prepare(folder: Path, accounts: int, assets: int) -> None:
    """Write the workload, the auditor's folder and the signed attestation that the cases start from."""
    workload.save(folder, workload.generate(accounts, assets))
    made = workload.load(folder, in_memory=False)
    built = build_forest(made, select())
    columns = columns_of(built, made.leaf_account, made.leaf_amounts, made.identities, None, ())
    write_folder(folder / LIABILITIES, columns)
    rows = tree_rows(built)
    facts = SnapshotFacts(built.accounts.count, built.accounts.root, None)
    sections = {
        "reserves": make_reserves_section(rows, []),
        "snapshot": snapshot_section(SNAPSHOT, rows, facts, None),
    }
    attestation = sign_attestation("attestation", SNAPSHOT, sections, None, KEY, [])
    (folder / "attestation.json").write_bytes(attestation)


def build_forest(made: Workload, kernel: Kernel) -> forest.Forest:
    columns = (made.leaf_tree, made.leaf_account, made.leaf_amounts, made.identities)
    return forest.build(str(SNAPSHOT), MASTER, made.trees, *columns, kernel)


def tree_rows(built: forest.Forest) -> list[TreeRow]:
    return [TreeRow(t.entity, t.asset, t.scale, t.claims, t.debts, t.count, t.root) for t in built.trees]


def snapshot_root(built: forest.Forest) -> bytes:
    facts = SnapshotFacts(built.accounts.count, built.accounts.root, None)
    return section_hash("snapshot", snapshot_section(SNAPSHOT, tree_rows(built), facts, None))


def blocks_of(message_bytes: int) -> int:
    """Blocks of SHA-256 of one message."""
    return (message_bytes + 8) // 64 + 1


def build_blocks(made: Workload) -> int:
    """Blocks of a whole build: commitments, leaves and nodes of all trees; statements, leaves and nodes of accounts."""
    identity = int(made.identities.offsets[1])
    lines = [8 + 4 + len(asset) + 8 + 32 + 4 + 4 + 32 for _, asset, _ in made.trees]
    statement = 5 + workload.HOLDINGS * (sum(lines) // len(lines))
    leaf = blocks_of(65 + identity) + blocks_of(65) + blocks_of(129)
    account = blocks_of(statement) + blocks_of(97 + identity) + blocks_of(65)
    return made.leaves * leaf + made.accounts * account


def case_build(given: Given) -> Iterator[Partial]:
    made = workload.load(given.folder)
    times = repeated(given.repeat, lambda: snapshot_root(build_forest(made, given.kernel)))
    what = "arrays to snapshot root: salts, orders, asset trees, statements, account tree, snapshot section"
    yield {"name": "build", "measures": what, "items": 1, **times, "blocks": build_blocks(made)}


def case_update(given: Given) -> Iterator[Partial]:
    made = workload.load(given.folder)
    built = build_forest(made, select())
    random = np.random.default_rng(7)
    count = min(CHANGED_LEAVES, made.leaves)
    clock = Clock()
    for number in range(given.repeat + 1):
        rows = np.sort(random.choice(made.leaves, count, replace=False)).astype(np.uint64)
        amounts = np.zeros((count, 32), np.uint8)
        amounts[:, :16] = workload.random_amounts(random, count)
        work = partial(reroot, made, built, rows, amounts, given.kernel)
        if number:
            clock.run(work)
        else:
            work()  # warms up
    what = f"{count:,} changed leaves: commitments, leaves, the nodes above them, roots of the asset trees"
    yield {"name": "update", "measures": what, "items": count, **clock.times}


def reroot(made: Workload, built: forest.Forest, rows: U64, amounts: Bytes2D, kernel: Kernel) -> list[bytes]:
    """New amounts for some leaf rows (rising); gives the roots of all asset trees."""
    firsts = [tree.first_row for tree in built.trees] + [made.leaves]
    cuts = np.searchsorted(rows, np.array(firsts, np.uint64)).tolist()
    roots = []
    for tree, (first, end) in zip(built.trees, pairwise(cuts), strict=True):
        chosen = rows[first:end]
        slots = built.leaf_slot[chosen]
        owners = made.leaf_account[chosen]
        leaves = kernel.leaves(tree.context, tree.salts[slots], owners, made.identities, amounts[first:end])
        kernel.update(tree.levels, slots, leaves)
        name = (tree.entity, tree.asset, tree.scale)
        roots.append(forest.asset_root(built.snapshot_id, name, tree.count, tree.levels.top))
    return roots


def sample_slots(accounts: int) -> list[int]:
    """Account slots spread evenly; slots are shuffled already."""
    count = min(SAMPLE_PROOFS, accounts)
    return [number * accounts // count for number in range(count)]


def case_proof(given: Given) -> Iterator[Partial]:
    rebuilt, digest = given.rebuilt(), given.digest()
    slots = sample_slots(rebuilt.columns.account_count)
    proofs = [make_proof(rebuilt, slot, digest) for slot in slots]
    times = repeated(given.repeat, lambda: [make_proof(rebuilt, slot, digest) for slot in slots])
    hashes = [node_bytes(proof) for proof in proofs]
    sizes = {
        "file_bytes_mean": sum(map(len, proofs)) // len(proofs),
        "file_bytes_max": max(map(len, proofs)),
        "nodes_bytes_mean": sum(hashes) // len(hashes),
        "nodes_bytes_max": max(hashes),
    }
    what = "one proof file on demand from trees in memory, one thread"
    yield {"name": "proof", "measures": what, "items": len(slots), **times, "sizes": sizes}


def node_bytes(proof: bytes) -> int:
    """Bytes of hashes and sums in a proof: every sibling of its paths."""
    document = json.loads(proof)
    paths = [document["account"]["path"], *(leaf["path"] for leaf in document["leaves"])]
    return sum(len(b64decode(path)) for path in paths)


def _some_proofs(given: Given) -> tuple[list[bytes], list[str]]:
    rebuilt, digest = given.rebuilt(), given.digest()
    slots = sample_slots(rebuilt.columns.account_count)
    return [make_proof(rebuilt, slot, digest) for slot in slots], [rebuilt.columns.identity(slot)[1] for slot in slots]


def case_verify(given: Given) -> Iterator[Partial]:
    proofs, ids = _some_proofs(given)
    data, key = given.attestation(), standalone.read_key(KEY.public.hex())
    attestation = standalone.check_attestation(data, key)
    assert all(standalone.check_proof(p, attestation, i).verdict == "valid" for p, i in zip(proofs, ids, strict=True))

    def verify_all() -> None:
        for proof, account in zip(proofs, ids, strict=True):
            standalone.check_proof(proof, attestation, account)

    what = "one proof by the standalone file, pure Python, the attestation's signature checked before"
    times = repeated(given.repeat, verify_all)
    yield {"name": "verify", "measures": what, "items": len(proofs), **times}
    times = repeated(given.repeat, lambda: standalone.check_attestation(data, key))
    what = "the attestation: form, sections and Ed25519 signature, pure Python"
    yield {"name": "verify-attestation", "measures": what, "items": 1, **times}


def case_browser(given: Given) -> Iterator[Partial]:
    proofs, ids = _some_proofs(given)
    times = browser.verify_seconds(given.folder, proofs, given.attestation(), KEY.public.hex(), ids, given.repeat)
    if times is not None:
        what = "one proof by the web page's script in Chromium, the attestation's signature checked before"
        yield {"name": "verify-browser", "measures": what, "items": len(proofs), "runs": times}


def case_bulk(given: Given) -> Iterator[Partial]:
    count = given.snapshot()["accounts"]["count"]
    if count > BULK_ACCOUNTS_MAX:
        return
    rebuilt, digest = given.rebuilt(), given.digest()
    path = given.folder / "proofs.bin"
    clock = Clock()
    for _ in range(given.repeat):
        clock.run(lambda: write_container(path, rebuilt, digest, given.kernel))
        size = path.stat().st_size
        path.unlink()
    what = "every proof into one indexed container on disk, written through to it"
    yield {"name": "bulk", "measures": what, "items": count, **clock.times, "sizes": {"container_bytes": size}}


def case_audit(given: Given) -> Iterator[Partial]:
    snapshot = given.snapshot()
    times = repeated(given.repeat, lambda: read_folder(given.folder / LIABILITIES))
    yield {"name": "load", "measures": "the auditor's folder read and its form checked", "items": 1, **times}
    columns = read_folder(given.folder / LIABILITIES)

    def audit() -> None:
        findings, _ = check_liabilities(columns, snapshot, given.kernel)
        assert all(result == "pass" for _, result, _ in findings), findings

    times = repeated(given.repeat, audit)
    what = "the five checks of what is owed, from loaded leaves: ids, leaves, every root, sums, statements"
    blocks = build_blocks(workload.load(given.folder, in_memory=False))
    yield {"name": "audit", "measures": what, "items": 1, **times, "blocks": blocks}


CASES: dict[str, Callable[[Given], Iterator[Partial]]] = {
    "build": case_build,
    "update": case_update,
    "proof": case_proof,
    "bulk": case_bulk,
    "verify": case_verify,
    "browser": case_browser,
    "audit": case_audit,
}
