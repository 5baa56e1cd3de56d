"""What the close of an hour reads, in the process that closes it: balances from the store, reserves from the chains.

Functions of a module, because a job is sent to another process. The store may have gone on: then the balances at the
cut are looked up in its history, which takes longer and gives the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cli.auditor import read_layout_files
from cli.exchange.flights import Flights, FlightsAt, read_flights
from cli.exchange.trees import COLUMNS, LOG_ID_BYTES, read_columns
from ledger.assets import AssetTable
from ledger.identity import ID_KINDS
from ledger.journal import AccountCode
from ledger.store import history
from ledger.store.errors import StoreOutOfStep
from ledger.store.snapshot import open_at
from por.hour.balances import AccountRow, BalanceRow, CutBalances
from por.hour.close import CutFacts, Reserves
from por.hour.pairing import ChainPlan, pair
from por.liabilities.books import RELATIONS
from por.liabilities.forest import TreeName
from por.liabilities.kept import read_kept
from por.liabilities.kernels import Blob
from por.reserves.evm.collect import Waiting
from por.reserves.lists import read_reserve_list

__all__ = ["BalancesAt", "ReservesAt", "read_balances", "read_reserves"]


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
        with open_at(where.url, where.position) as snapshot:
            where.opened.touch()
            columns = snapshot.columns()
    except StoreOutOfStep:
        where.opened.touch()
        return _from_history(where)
    log_ids, _ = read_columns(where.folder / COLUMNS)
    numbers = {log_ids[at : at + LOG_ID_BYTES].hex(): at // LOG_ID_BYTES for at in range(0, len(log_ids), LOG_ID_BYTES)}
    places = {name[:2]: place for place, name in enumerate(where.trees)}
    tree_of = np.array([places[name] for name in columns.trees], np.uint32)
    account_of = np.array([numbers[owner] for owner in columns.owners], np.uint32)
    names = tuple(sorted({"", *columns.subaccounts}, key=str.encode))
    subaccount_of = np.array([names.index(name) for name in columns.subaccounts], np.uint32)
    words = np.ascontiguousarray(columns.amounts).view(">u8").reshape(-1, 4)
    # More than 63 bits fails the hour by name (por.hour.balances); the high halves must not be lost before it.
    low = [np.where(words[:, high] != 0, np.uint64(2**64 - 1), words[:, high + 1]).astype(np.uint64) for high in (0, 2)]
    who = _accounts(where.folder)
    return CutBalances(
        where.trees,
        tree_of[columns.tree] if len(tree_of) else columns.tree,
        account_of[columns.owner] if len(account_of) else columns.owner,
        subaccount_of[columns.subaccount] if len(subaccount_of) else columns.subaccount,
        low[0],
        low[1],
        names,
        Blob.pack([row.log_id.encode() for row in who]),
        np.array([ID_KINDS.index(row.kind) for row in who], np.uint8),
        Blob.pack([row.id.encode() for row in who]),
        np.array([RELATIONS.index(row.relation) for row in who], np.uint8),
    )


def _from_history(where: BalancesAt) -> CutBalances:
    """The same out of the store's history, where it has gone on past the cut."""
    with open_at(where.url) as snapshot:
        rows: dict[tuple[str, str, str, str], list[int]] = {}
        for index, balance in history.balances_at(snapshot.session, where.position):
            key = history.account_key(snapshot.session, index)
            if key.code in (AccountCode.CLAIM, AccountCode.DEBT):
                amounts = rows.setdefault((key.entity, key.owner, key.subaccount, key.asset), [0, 0])
                if key.code is AccountCode.CLAIM:
                    amounts[0] += balance.posted_credit
                else:
                    amounts[1] += balance.posted_debit
    found = [BalanceRow(*name, *amounts) for name, amounts in rows.items() if any(amounts)]
    return CutBalances.collect(where.trees, _accounts(where.folder), found)


def _accounts(folder: Path) -> list[AccountRow]:
    """Every account in the order of the log."""
    log_ids, relations = read_columns(folder / COLUMNS)
    identities = read_kept(folder).identities.entries
    return [
        AccountRow(log_ids[LOG_ID_BYTES * n : LOG_ID_BYTES * (n + 1)].hex(), *_identity(entry), RELATIONS[relations[n]])
        for n, entry in enumerate(identities)
    ]


def _identity(entry: bytes) -> tuple[str, str]:
    kind = 4 + int.from_bytes(entry[:4], "big")
    return entry[4:kind].decode(), entry[kind + 4 :].decode()


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
