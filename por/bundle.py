"""One hour's evidence as one folder: trees built, statement signed, files written, all or nothing. Spec: bundle.md.

In: books, reserve rows with their evidence, the exchange's secrets; for an hour of the embedded exchange also its kept
slots and what its ledger states. Out: a folder that appears under its name only when it is whole. What is signed was
built twice before, and is checked by the code that customers run before anybody sees it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ledger.assets import AssetTable
from ledger.canonical import Digest, Json, Tag, canonical_file, tagged_hash
from ledger.errors import CheckFailed, InputError
from ledger.identity import ID_KINDS
from ledger.keys import SigningKey
from por.attestation import (
    EVIDENCE_FORMAT,
    Predecessor,
    ReserveRow,
    SnapshotFacts,
    TreeRow,
    reserve_totals,
    reserves_section,
    sign_attestation,
    snapshot_section,
    statement_digest,
)
from por.hour.lending import lending_problem, lending_sections, markets_problem
from por.hour.sections import (
    InFlight,
    LedgerFacts,
    UnreadReserve,
    ZeroSumRow,
    failed_section,
    in_flight_section,
    unread_section,
    zero_sum_section,
)
from por.liabilities.books import RELATIONS, Books
from por.liabilities.folder import FOLDER, write_folder
from por.liabilities.forest import Forest, Kept, build, rebuild_from_slots
from por.liabilities.forest import Lines as LeafLines
from por.liabilities.kernels import Blob, Kernel, join_identities, pack_names, unpack_amount, with_lengths
from por.liabilities.net import DebtLine, Price, net_rows, net_section
from por.liabilities.rebuild import Progress, columns_of, rebuild, taken
from por.manifest import MANIFEST_NAME, build_manifest
from por.proofs import make_proof, write_container
from por.snapshot import SnapshotId
from por.verify import standalone

__all__ = [
    "REPLAY",
    "BookFigures",
    "Built",
    "BundleInput",
    "HourInput",
    "Written",
    "build_trees",
    "write_bundle",
    "write_failed",
    "write_missed",
]

REPLAY = "replay"
LOG_ACCOUNTS = "accounts.bin"


@dataclass(frozen=True, slots=True)
class BookFigures:
    """What outside books state of one entity and asset beside claims and debts, in quanta; `house` may be unstated."""

    in_transit: int = 0
    receivables: int = 0
    house: int | None = None


@dataclass(frozen=True, slots=True)
class HourInput:
    """What an hour of the embedded exchange has beside outside books.

    `kept` are the slots of the live trees in the order of the leaf rows, and `identities` those that the hour opened
    with. `zero_sum` has a row for each tree, in order. `replay` names the files of `replay/` and where to copy each
    from; `log_ids` are the accounts' ids in the log.
    """

    ledger: LedgerFacts
    kept: Kept
    identities: Blob
    log_ids: Blob
    zero_sum: Sequence[ZeroSumRow]
    in_flight: Sequence[InFlight] = ()
    unread: Sequence[UnreadReserve] = ()
    lending: Mapping[str, Any] | None = None
    """The engine's facts of lending and of markets (ledger.margin.stated), None where it has neither."""
    replay: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BundleInput:
    """Everything that one hour's bundle is made from. `master` (32 bytes) is the secret behind salts and orders."""

    snapshot: SnapshotId
    books: Books
    assets: AssetTable
    reserve_rows: Sequence[ReserveRow]
    evm_evidence: dict[str, Json] | None
    previous: Predecessor | None
    key: SigningKey
    master: bytes
    kernel: Kernel
    rotations: Sequence[Json] = ()
    figures: dict[tuple[str, str], BookFigures] = field(default_factory=dict)
    disclosures: Sequence[tuple[str, str]] = ()
    restates: tuple[bytes, str] | None = None
    all_proofs: bool = False
    hour: HourInput | None = None


class Built(NamedTuple):
    """The trees of one bundle and what they were built from beside the books."""

    identities: Blob
    lines: LeafLines | None
    forest: Forest


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    path: Path
    digest: bytes
    trees: Sequence[TreeRow]
    accounts: int


@contextmanager
def whole_or_nothing(out: Path) -> Iterator[Path]:
    """A folder beside `out` that becomes `out` when the block ends well, and vanishes when it does not."""
    if out.exists():
        raise InputError(str(out), "exists", "Name a folder that does not; a bundle is never overwritten.")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield part
        part.chmod(0o755)
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def build_trees(given: BundleInput) -> Built:
    """Every tree of the books: with slots and salts drawn afresh, or with those that the hour kept."""
    books, snapshot, hour = given.books, str(given.snapshot), given.hour
    names = [(entity, asset, given.assets[asset].scale) for entity, asset in books.trees]
    columns = (books.leaf_tree, books.leaf_account, books.leaf_amounts)
    lines = _lines(books)
    if hour is None:
        identities = join_identities(ID_KINDS, books.account_kind, books.account_blob, books.account_offsets)
        forest = build(snapshot, given.master, names, *columns, identities, given.kernel, lines)
    else:
        identities = hour.identities
        forest = rebuild_from_slots(snapshot, hour.kept, names, *columns, identities, given.kernel, lines)
    return Built(identities, lines, forest)


def write_bundle(
    out: Path, given: BundleInput, progress: Progress | None = None, built: Built | None = None
) -> Written:
    """Build and write one bundle; raises InputErrors for what does not fit together, and then writes nothing.

    `built` are the trees, where they were built already; CheckFailed where what was made does not stand up.
    """
    report = progress or (lambda stage, done, total: None)
    books = given.books
    _check_rows_have_trees(given)
    report("trees", 0, 3)
    identities, lines, forest = built or build_trees(given)
    report("trees", 1, 3)
    columns = columns_of(forest, books.leaf_account, books.leaf_amounts, identities, lines, books.subaccounts)
    trees = _tree_rows(given, forest)
    _check_movements_have_chains(given, trees)
    with whole_or_nothing(out) as folder:
        write_folder(folder / FOLDER, columns)
        report("trees", 2, 3)
        rebuilt = rebuild(columns, [tree.scale for tree in forest.trees], given.kernel)
        # Refused without asserts, because this holds for what is published under `python -O` too.
        if rebuilt.roots != tuple(tree.root for tree in forest.trees) or rebuilt.account_root != forest.accounts.root:
            raise CheckFailed("the columns do not give the roots that were to be signed; nothing is written")
        evidence = _write_evidence(folder, given)
        data = _sign(given, _sections(given, forest, trees, evidence))
        (folder / "attestation.json").write_bytes(data)
        digest = statement_digest(standalone.read_attestation(data)["statement"])
        report("trees", 3, 3)
        attestation = standalone.check_attestation(data, standalone.read_key(given.key.public.hex()))
        for slot in _sample(columns.account_count):
            proof = make_proof(rebuilt, slot, digest)
            answer = standalone.check_proof(proof, attestation, columns.identity(slot)[1])
            if answer.verdict != "valid":
                raise CheckFailed("our own verifier does not accept a proof of this bundle; nothing is written")
        if given.all_proofs:
            (folder / "proofs").mkdir(mode=0o700)
            write_container(folder / "proofs" / "proofs.bin", rebuilt, digest, given.kernel, progress)
        if given.hour is not None:
            _write_replay(folder / REPLAY, given.hour, forest)
        sequence = 0 if given.previous is None else given.previous.sequence + 1
        _write_manifest(folder, str(given.snapshot), sequence, digest, given.key)
    return Written(out, digest, trees, columns.account_count)


def _write_replay(folder: Path, hour: HourInput, forest: Forest) -> None:
    """The auditor's means to run the log again: copies of the files given, and which account has which id there."""
    assert LOG_ACCOUNTS not in hour.replay, "this name is the list of accounts"
    folder.mkdir(mode=0o700)
    by_slot = forest.accounts.accounts[np.argsort(forest.accounts.slots)]
    with_lengths(taken(hour.log_ids, by_slot.astype(np.int64))).data.tofile(folder / LOG_ACCOUNTS)
    for name, source in hour.replay.items():
        shutil.copyfile(source, folder / name)


def write_failed(
    out: Path,
    snapshot: SnapshotId,
    failure: tuple[str, str],
    ledger: LedgerFacts,
    previous: Predecessor | None,
    key: SigningKey,
    rotations: Sequence[Json],
) -> bytes:
    """Write the bundle of an hour whose own assertion failed: code and detail, no root. Gives the digest."""
    code, detail = failure
    sections: dict[str, Json] = {
        "failed": failed_section(code, detail[:1_000], ledger.to_json()),
        "missed": {"reason": f"an assertion of the exchange's own failed: {code}"},
    }
    return _write_without_balances(out, snapshot, sections, previous, key, rotations)


def write_missed(
    out: Path, snapshot: SnapshotId, reason: str, previous: Predecessor, key: SigningKey, rotations: Sequence[Json]
) -> bytes:
    """Write the bundle of an hour that was missed: it says so, and invents nothing. Gives the digest."""
    return _write_without_balances(out, snapshot, {"missed": {"reason": reason}}, previous, key, rotations)


def _write_without_balances(
    out: Path,
    snapshot: SnapshotId,
    sections: Mapping[str, Json],
    previous: Predecessor | None,
    key: SigningKey,
    rotations: Sequence[Json],
) -> bytes:
    data = sign_attestation("missed", snapshot, sections, previous, key, rotations)
    document = standalone.read_attestation(data)
    digest = statement_digest(document["statement"])
    with whole_or_nothing(out) as folder:
        (folder / "attestation.json").write_bytes(data)
        _write_manifest(folder, str(snapshot), document["statement"]["sequence"], digest, key)
    return digest


def _sample(count: int) -> list[int]:
    """A few slots to check before publishing: first, last and middle."""
    return sorted({0, count // 2, count - 1}) if count else []


def _lines(books: Books) -> LeafLines | None:
    """None where every leaf is one line of the main subaccount."""
    if books.subaccounts == ("",) and len(books.line_tree) == len(books.leaf_tree):
        return None
    names = pack_names((name,) for name in books.subaccounts)
    return LeafLines(books.leaf_line_offsets, books.line_subaccount, books.line_amounts, names)


def _reserves_of(given: BundleInput) -> list[ReserveRow | UnreadReserve]:
    """Every reserve of the hour, read or not."""
    return [*given.reserve_rows, *(() if given.hour is None else given.hour.unread)]


def _check_rows_have_trees(given: BundleInput) -> None:
    known = set(given.books.trees)
    for row in _reserves_of(given):
        if (row.entity, row.asset) not in known:
            remedy = "Name an asset of the asset file, and an entity that the balances use."
            raise InputError(row.address, f"holds {row.asset} for {row.entity}, which owes none", remedy)


def _check_movements_have_chains(given: BundleInput, trees: Sequence[TreeRow]) -> None:
    counted = {(tree.entity, tree.asset, chain) for tree in trees for chain, _ in tree.reserves}
    for row in () if given.hour is None else given.hour.in_flight:
        if (row.entity, row.asset, row.chain) not in counted:
            what = f"is a movement of {row.asset} for {row.entity} on {row.chain}, where it has no reserve"
            raise InputError(row.transaction, what, "Name the chain among the asset's reserves.")


def _tree_rows(given: BundleInput, forest: Forest) -> list[TreeRow]:
    rows = []
    for tree in forest.trees:
        counted = {(reserve.chain, reserve.contract) for reserve in given.assets[tree.asset].reserves}
        counted |= {
            (row.chain, row.contract)
            for row in _reserves_of(given)
            if (row.entity, row.asset) == (tree.entity, tree.asset)
        }
        rows.append(
            TreeRow(
                tree.entity,
                tree.asset,
                tree.scale,
                tree.claims,
                tree.debts,
                tree.count,
                tree.root,
                tuple(sorted(counted)),
            )
        )
    return rows


def _write_evidence(folder: Path, given: BundleInput) -> Digest | None:
    if given.evm_evidence is None:
        return None
    data = canonical_file({"evm": given.evm_evidence, "format": EVIDENCE_FORMAT})
    (folder / "reserves").mkdir()
    (folder / "reserves" / "evidence.json").write_bytes(data)
    return tagged_hash(Tag.RESERVE_EVIDENCE, data)


def _sections(given: BundleInput, forest: Forest, trees: Sequence[TreeRow], evidence: Digest | None) -> dict[str, Json]:
    hour = given.hour
    ledger = None if hour is None else hour.ledger.to_json()
    facts = SnapshotFacts(forest.accounts.count, forest.accounts.root, evidence, given.disclosures, ledger)
    previous = None if given.previous is None else given.previous.digest
    sections: dict[str, Json] = {
        "books": _books_section(given, trees),
        "reserves": reserves_section(trees, given.reserve_rows),
        "snapshot": snapshot_section(given.snapshot, trees, facts, previous),
    }
    if hour is not None:
        held = [total.custody for total in reserve_totals(trees, given.reserve_rows)]
        sections["zero-sum"] = zero_sum_section(hour.zero_sum)
        sections["in-flight"] = in_flight_section(hour.in_flight, hour.zero_sum, held)
        if hour.unread:
            sections["unread"] = unread_section(hour.unread)
        if hour.lending is not None:
            sections |= lending_sections(hour.lending, trees, reserve_totals(trees, given.reserve_rows))
            problem = lending_problem(sections) or markets_problem(sections)
            if problem is not None:
                raise CheckFailed(f"what is stated of lending does not hold: {problem}")
    net = _net_section(given, trees)
    if net is not None:
        sections["net"] = net
    if given.restates is not None:
        digest, reason = given.restates
        sections["restatement"] = {"reason": reason, "restates": digest.hex()}
    return sections


def _sign(given: BundleInput, sections: dict[str, Json]) -> bytes:
    kind = "attestation" if given.restates is None else "restatement"
    return sign_attestation(kind, given.snapshot, sections, given.previous, given.key, given.rotations)


def _books_section(given: BundleInput, trees: Sequence[TreeRow]) -> dict[str, Json]:
    rows: list[Json] = []
    for tree, total in zip(trees, reserve_totals(trees, given.reserve_rows), strict=True):
        figures = given.figures.get((tree.entity, tree.asset), BookFigures())
        have = total.custody + figures.in_transit + tree.debts + figures.receivables
        owed = tree.claims + (figures.house or 0)
        rows.append(
            {
                "asset": tree.asset,
                "claims": str(tree.claims),
                "custody": str(total.custody),
                "debts": str(tree.debts),
                "deficit": str(max(owed - have, 0)),
                "entity": tree.entity,
                "excess": str(max(have - owed, 0)),
                "house": None if figures.house is None else str(figures.house),
                "in_transit": str(figures.in_transit),
                "receivables": str(figures.receivables),
            }
        )
    return {"rows": rows}


def _net_section(given: BundleInput, trees: Sequence[TreeRow]) -> dict[str, Json] | None:
    """The *claimed* figure net of debts, where there are debts and every asset with debts has a price."""
    prices: dict[str, Price] = {}
    for tree in trees:
        asset = given.assets[tree.asset]
        if asset.price is not None:
            prices[tree.asset] = Price(tree.asset, asset.price, asset.haircut or "0", asset.scale, asset.self_issued)
    if not prices or not any(tree.debts for tree in trees):
        return None
    rows = net_rows(_debt_groups(given.books), [prices.get(tree.asset) for tree in trees])
    return net_section([(t.entity, t.asset, t.claims) for t in trees], rows, list(prices.values()))


def _debt_groups(books: Books) -> Iterator[list[DebtLine]]:
    """Lines by entity, account and subaccount, for the groups that have a debt."""
    entities = {entity: number for number, entity in enumerate(sorted({entity for entity, _ in books.trees}))}
    entity = np.array([entities[name] for name, _ in books.trees], np.uint32)[books.line_tree]
    order = np.lexsort((books.line_subaccount, books.line_account, entity))
    keys = np.stack([entity[order], books.line_account[order], books.line_subaccount[order]])
    starts = np.flatnonzero(np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0))) if len(order) else order[:0]
    has_debt = np.logical_or.reduceat(books.line_amounts[order, 16:].any(axis=1), starts) if len(order) else starts
    ends = np.append(starts[1:], len(order))
    customer = RELATIONS.index("customer")
    for start, end in zip(starts[has_debt].tolist(), ends[has_debt].tolist(), strict=True):
        group = []
        for line in order[start:end].tolist():
            claim, debt = unpack_amount(books.line_amounts[line].tobytes())
            related = int(books.account_relation[books.line_account[line]]) != customer
            group.append(DebtLine(int(books.line_tree[line]), claim, debt, related))
        yield group


def _write_manifest(folder: Path, snapshot: str, sequence: int, digest: bytes, key: SigningKey) -> None:
    data = build_manifest(folder, snapshot, sequence, digest, key)
    with (folder / MANIFEST_NAME).open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
