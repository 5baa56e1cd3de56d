"""What the close of an hour reads, in the process that closes it: balances from the store, reserves from the chains.

Functions of a module, because a job is sent to another process. The store may have gone on: then the balances at the
cut are looked up in its history, which takes longer and gives the same.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from cli.auditor import read_layout_files
from cli.exchange.flights import Flights, FlightsAt, read_flights
from cli.exchange.trees import COLUMNS, LOG_ID_BYTES, read_columns
from ledger.assets import AssetTable
from ledger.canonical import lp
from ledger.checkpoints import Checkpoints
from ledger.errors import CheckFailed
from ledger.genesis import Genesis
from ledger.identity import ID_KINDS
from ledger.log import Head, LogReader, OsFiles, Sequence64
from ledger.log.extract import write_extract
from ledger.store.errors import StoreOutOfStep
from ledger.store.snapshot import open_at
from por.hour.balances import CutBalances
from por.hour.close import CutFacts, Reserves
from por.hour.pairing import ChainPlan, pair
from por.hour.sections import ZeroSumRow
from por.liabilities.forest import TreeName
from por.liabilities.kept import read_kept
from por.liabilities.kernels import Blob
from por.reserves.evm.collect import Waiting
from por.reserves.lists import read_reserve_list

__all__ = ["BalancesAt", "CutAt", "ReservesAt", "complete", "read_balances", "read_reserves"]

CHECKPOINT_SECONDS_MAX: Final = 600.0
POLL_SECONDS: Final = 0.02


class BalancesAt(NamedTuple):
    """Where the balances at a cut are: the store, the position, the hour's folder, the trees of the cut.

    `opened` is a file that is made when the store need not wait any more.
    """

    url: str
    position: int
    folder: Path
    trees: tuple[TreeName, ...]
    opened: Path


def read_balances(where: BalancesAt) -> CutBalances:
    """Balances at the cut, with the accounts as the hour's folder keeps them."""
    try:
        snapshot = open_at(where.url, where.position)
    except StoreOutOfStep:
        snapshot = open_at(where.url)
    with snapshot:
        where.opened.touch()
        columns = snapshot.columns(where.position)
    log_ids, relations = read_columns(where.folder / COLUMNS)
    account_of = _numbers(columns.owners, log_ids)
    places = {name[:2]: place for place, name in enumerate(where.trees)}
    tree_of = np.array([places[name] for name in columns.trees], np.uint32)
    names = tuple(sorted({"", *columns.subaccounts}, key=str.encode))
    subaccount_of = np.array([names.index(name) for name in columns.subaccounts], np.uint32)
    words = np.ascontiguousarray(columns.amounts).view(">u8").reshape(-1, 4)
    # More than 63 bits fails the hour by name (por.hour.balances); the high halves must not be lost before it.
    low = [np.where(words[:, high] != 0, np.uint64(2**64 - 1), words[:, high + 1]).astype(np.uint64) for high in (0, 2)]
    count = len(relations)
    kind, ids = _split(read_kept(where.folder).identities)
    return CutBalances(
        where.trees,
        tree_of[columns.tree] if len(tree_of) else columns.tree,
        account_of[columns.owner] if len(account_of) else columns.owner,
        subaccount_of[columns.subaccount] if len(subaccount_of) else columns.subaccount,
        low[0],
        low[1],
        names,
        Blob(
            np.frombuffer(log_ids.hex().encode(), np.uint8),
            np.arange(count + 1, dtype=np.uint64) * np.uint64(2 * LOG_ID_BYTES),
        ),
        kind,
        ids,
        np.frombuffer(relations, np.uint8),
    )


def _numbers(owners: Sequence[str], log_ids: bytes) -> npt.NDArray[np.uint32]:
    """The account number of each owner, whose id is hex; raises CheckFailed for one that the trees do not know."""
    text = f"S{LOG_ID_BYTES}"
    known, asked = np.frombuffer(log_ids, text), np.frombuffer(bytes.fromhex("".join(owners)), text)
    order = np.argsort(known, kind="stable")
    places = np.searchsorted(known, asked, sorter=order)
    if places.size and (int(places.max()) == known.size or not bool((known[order[places]] == asked).all())):
        raise CheckFailed("the store has a balance of an account that the live trees do not know")
    found: npt.NDArray[np.uint32] = order[places].astype(np.uint32)
    return found


def _split(identities: Blob) -> tuple[npt.NDArray[np.uint8], Blob]:
    """The kinds of ids, as places in ID_KINDS, and the ids, out of `lp(kind) ‖ lp(id)` for each account."""
    data, offsets = identities.data, identities.offsets.astype(np.int64)
    first = offsets[:-1]
    kind = np.full(first.size, len(ID_KINDS), np.uint8)
    heads = np.zeros(first.size, np.int64)
    for place, name in enumerate(ID_KINDS):
        prefix = np.frombuffer(lp(name), np.uint8)
        rows = np.flatnonzero(offsets[1:] - first >= prefix.size)
        for at, byte in enumerate(prefix.tolist()):
            rows = rows[data[first[rows] + at] == byte]
        kind[rows], heads[rows] = place, prefix.size + 4
    if bool((kind == len(ID_KINDS)).any()):
        raise CheckFailed("an account's identity is of no kind that is known")
    # Counted up where a head begins and down where it ends: what is left at zero are the ids.
    steps = np.zeros(data.size + 1, np.int8)
    steps[first] = 1
    steps[first + heads] -= 1
    ids = data[np.cumsum(steps[:-1], dtype=np.int8) == 0]
    sizes = offsets[1:] - first - heads
    return kind, Blob(ids, np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint64))


class CutAt(NamedTuple):
    """Where what the cut left behind it comes to stand: its checkpoint and report, and the log up to it.

    `before` is the position of the checkpoint from which the bundle's replay begins, `extract` the file that is made
    for it.
    """

    checkpoints: Path
    log: Path
    genesis: Genesis
    before: int
    position: int
    extract: Path


def complete(where: CutAt, facts: CutFacts) -> CutFacts:
    """The facts with state hash, parameters and zero-sum report, which a child of the exchange is still writing.

    Writes the bundle's part of the log meanwhile. Raises CheckFailed if the checkpoint does not come.
    """
    _extract(where)
    checkpoints = Checkpoints(where.checkpoints, where.genesis, OsFiles())
    until = time.monotonic() + CHECKPOINT_SECONDS_MAX
    while where.position not in checkpoints.positions():
        if time.monotonic() > until:
            raise CheckFailed("the checkpoint of the cut did not come")
        time.sleep(POLL_SECONDS)
    report = checkpoints.report(where.position)
    ledger = facts.ledger._replace(
        state=checkpoints.state_at(where.position), parameters=bytes.fromhex(str(report["parameters"]))
    )
    zero_sum = [ZeroSumRow(*row[:2], *map(int, row[2:])) for row in report["zero_sum"]]
    return replace(facts, ledger=ledger, zero_sum=zero_sum, lending=report.get("lending"))


def _extract(where: CutAt) -> None:
    """Write the log between the two checkpoints, for who replays the hour."""
    genesis, before = where.genesis, where.before
    log = LogReader(where.log, genesis.exchange, genesis.hash)
    hash_before = log.hash_at(before)
    if hash_before is None:
        raise CheckFailed(f"the hash of record {before} is in an archived segment")
    where.extract.unlink(missing_ok=True)
    records = log.records(before + 1, where.position)
    write_extract(where.extract, genesis.exchange, genesis.hash, Head(Sequence64(before), hash_before), records)


class ReservesAt(NamedTuple):
    """Where the reserves are told: the reserve list, token layouts, and how long to wait for a chain's finality.

    `flights`: where what is between ledger and chains is told, if the treasury follows any.
    """

    listed: Path | None
    layouts: tuple[Path, ...]
    assets: AssetTable
    wait_seconds: int
    flights: FlightsAt | None = None


def read_reserves(where: ReservesAt, facts: CutFacts) -> Reserves:
    """Every chain of the list at the block of the cut; what cannot be read is unread."""
    if where.listed is None:
        return Reserves(disclosures=[("no-reserves", "the exchange has named no reserve addresses yet")])
    listed = read_reserve_list(where.listed)
    plans = [
        ChainPlan(
            config,
            [reserve for reserve in listed.reserves if reserve.chain == config.chain],
            [control for control in listed.controls if control.challenge.chain == config.chain],
        )
        for config in listed.chains
    ]
    paired = pair(
        plans,
        facts.snapshot,
        assets=where.assets,
        layouts=read_layout_files(where.layouts),
        waiting=Waiting(timeout_seconds=where.wait_seconds),
    )
    chains: Any = [] if paired.evidence is None else paired.evidence["chains"]
    blocks = {each["chain"]: int(each["block_number"]) for each in chains}
    flights = Flights([], []) if where.flights is None else read_flights(where.flights, facts, blocks)
    disclosures = list(paired.disclosures)
    if flights.problems:
        disclosures.append(("in-flight-unread", "what was in flight at the cut could not be asked of every chain"))
    problems = [*paired.problems, *flights.problems]
    return Reserves(paired.rows, paired.evidence, paired.unread, flights.rows, disclosures, problems)
