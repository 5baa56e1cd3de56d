"""Facts from the store that follows the log, as of the log position of an hour's cut.

Customers are told by class, place and relation; claims by US state; deposits, withdrawals and charges over a period;
orders against trades over the last day. Counted in the database or in columns, so that a million accounts take seconds.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session, select

from compliance.facts import Assurance, Evidence, Fact, Record, Value
from compliance.sources.attested import is_currency
from compliance.sources.counted import Charge, Counts, Span
from compliance.sources.movements import deposits, withdrawals
from compliance.sources.stored import documents
from ledger.errors import InputError
from ledger.journal import ReasonCode
from ledger.store import history
from ledger.store.schema import BookRow
from ledger.store.snapshot import StoreSnapshot

__all__ = ["Customer", "book_facts", "customers_of", "read_customers", "span_of"]

CHARGES: Final = frozenset(
    {
        ReasonCode.FEE, ReasonCode.WITHDRAWAL_FEE, ReasonCode.INTEREST, ReasonCode.LIQUIDATION_FEE,
        ReasonCode.NETWORK_FEE, ReasonCode.DUST, ReasonCode.TAX, ReasonCode.FUNDING,
    }
)  # fmt: skip
"""Reasons for which a customer's money may become the house's; every other one is listed and not excused."""
MEMBERS_MAX: Final = 5_000
"""So many members' orders against trades a fact has before only those that decide are kept."""


class Customer(NamedTuple):
    """What a customer is at a position."""

    client_class: str
    domicile: str
    relation: str


@dataclass(frozen=True, slots=True)
class _Reader:
    """The store at one position."""

    store: StoreSnapshot
    position: int
    scales: Mapping[str, int]

    @property
    def session(self) -> Session:
        return self.store.session

    def units(self, asset: str, quanta: int) -> Fraction:
        return Fraction(quanta, 10 ** self.scales[asset])


def _micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def span_of(store: StoreSnapshot, position: int, cut: datetime, period: timedelta) -> Span:
    """The log positions of a period up to a cut, and of its last day; raises InputError for a store that is behind."""
    if position > store.position.sequence:
        words = f"has followed the log to {store.position.sequence:,} only, and the hour was cut at {position:,}"
        raise InputError("the store", words, "Start the exchange, or wait until its store has caught up.")
    first = history.position_at(store.session, _micros(cut - period)) + 1
    return Span(first, history.position_at(store.session, _micros(cut - timedelta(days=1))) + 1, position)


def book_facts(
    store: StoreSnapshot,
    span: Span,
    cut: datetime,
    states: Collection[str],
    customers: Mapping[str, Customer],
    counting: Future[Counts],
) -> list[Fact]:
    """The facts of a span at a cut. `states`: those that figures are wanted of. `customers`: those of that position.

    What the database counts beside (`counting`) is asked for last.
    """
    first, _, position = span
    listed = history.events(store.session, "asset-listed", last=position)
    scales = {event.document["asset"]: int(event.document["scale"]) for event in listed}
    reader = _Reader(store, position, scales)
    command = history.command_at(store.session, position)
    digest = command.hash.hex() if command is not None else ""
    evidence = (Evidence("command log", f"position {position}", digest),)
    values: dict[str, Value] = {
        "customers": _customers(customers),
        "deposits": tuple(deposits(reader.session, first, position, scales)),
        "withdrawals": tuple(withdrawals(reader.session, first, position, scales)),
    }
    by_state = _by_state(reader, customers, states)
    counts = counting.result()
    values["postings.to_own"] = tuple(_to_own(reader, counts.charges))
    values["order_to_trade"] = tuple(_order_to_trade(counts))
    found = [Fact(name, value, cut, Assurance.CLAIMED, evidence) for name, value in values.items()]
    for state, (claims, money) in by_state.items():
        found.append(Fact("claims.state", claims, cut, Assurance.CLAIMED, evidence, state))
        found.append(Fact("outstanding.state", money, cut, Assurance.CLAIMED, evidence, state))
    return found


# Customers, and what is owed by state.


def read_customers(session: Session, position: int) -> dict[str, Customer]:
    """Every customer's account at a log position, with what they were then."""
    found: dict[str, Customer] = {}
    # A million documents differ in the account at their beginning and in little else.
    known: dict[str, Customer | None] = {}
    for kind in ("account-opened", "customer-set"):
        for _, account, document in documents(session, kind, last=position):
            start = f'{{"account":"{account}"'
            rest = document[len(start) :] if document.startswith(start) else document
            if rest not in known:
                facts = json.loads(document)
                is_stated = "client_class" in facts
                known[rest] = (
                    Customer(facts["client_class"], facts["domicile"], facts["relation"]) if is_stated else None
                )
            customer = known[rest]
            if customer is not None:
                assert account is not None, "a customer's event has the account"
                found[account] = customer
    return found


_ENTITY: Final = re.compile(r'"entity": ?"([^"]*)"')


def customers_of(
    session: Session, position: int, entity: str, customers: Mapping[str, Customer]
) -> Mapping[str, Customer]:
    """Those of an entity among customers at a position; nothing is read again where all are of one."""
    if set(session.exec(select(BookRow.entity).distinct())) <= {entity}:
        return customers
    found: dict[str, Customer] = {}
    for _, account, document in documents(session, "account-opened", last=position):
        stated = _ENTITY.search(document)
        assert account is not None and stated is not None, "an account is opened with an entity"
        if stated[1] == entity and account in customers:
            found[account] = customers[account]
    return found


def _customers(customers: Mapping[str, Customer]) -> tuple[Record, ...]:
    counts = Counter(customers.values())
    return tuple(
        {
            "id": f"{each.client_class} {each.domicile} {each.relation}", "client_class": each.client_class,
            "domicile": each.domicile, "relation": each.relation, "count": Fraction(count),
        }
        for each, count in sorted(counts.items())
    )  # fmt: skip


def _by_state(
    reader: _Reader, customers: Mapping[str, Customer], states: Collection[str]
) -> dict[str, tuple[dict[str, Fraction], dict[str, Fraction]]]:
    """Claims of each US state's residents: virtual assets, and money; by where each lives at the position."""
    sums: dict[tuple[str, str], int] = {}
    places = sorted({each.domicile for each in customers.values() if each.domicile.startswith("US-")})
    if places:
        columns = reader.store.columns(reader.position)
        number = {place: at for at, place in enumerate(places)}
        nowhere = Customer("", "", "")
        lives = np.fromiter(
            (number.get(customers.get(owner, nowhere).domicile, -1) for owner in columns.owners),
            np.int64,
            len(columns.owners),
        )
        place = lives[columns.owner]
        rows = np.flatnonzero(place >= 0)
        key = place[rows] * len(columns.trees) + columns.tree[rows]
        for group, claim in _sums(key, columns.amounts[rows, :16]).items():
            at, tree = divmod(group, len(columns.trees))
            asset = columns.trees[tree][1]
            sums[places[at], asset] = sums.get((places[at], asset), 0) + claim
    found: dict[str, tuple[dict[str, Fraction], dict[str, Fraction]]] = {state: ({}, {}) for state in sorted(states)}
    for (state, asset), quanta in sorted(sums.items()):
        amounts = found.setdefault(state, ({}, {}))[1 if is_currency(asset) else 0]
        amounts[asset] = reader.units(asset, quanta)
    return found


def _sums(key: NDArray[np.int64], amounts: NDArray[np.uint8]) -> dict[int, int]:
    """The exact sums by key of big-endian numbers of 16 bytes: in columns of 32 bits, which 2^32 rows do not fill."""
    if not len(key):
        return {}
    order = np.argsort(key, kind="stable")
    rising = key[order]
    starts = np.flatnonzero(np.diff(rising, prepend=rising[0] - 1))
    words = np.ascontiguousarray(amounts[order]).view(">u4").astype(np.uint64)
    totals = np.add.reduceat(words, starts, axis=0).tolist()
    return {
        int(group): sum(word << (32 * (3 - at)) for at, word in enumerate(words))
        for group, words in zip(rising[starts].tolist(), totals, strict=True)
    }


# Movements of the period.


def _to_own(reader: _Reader, charges: Iterable[Charge]) -> Iterator[Record]:
    """What went from customers to the house in the period, by asset and reason."""
    for charge in charges:
        reason = ReasonCode(charge.reason)
        yield {
            "id": f"{charge.asset} {reason.name.lower()} ({charge.entries} entries)", "asset": charge.asset,
            "units": reader.units(charge.asset, charge.quanta), "reason": reason.name.lower().replace("_", " "),
            "is_charge": reason in CHARGES, "reference": f"newest: entry {charge.newest}",
        }  # fmt: skip


# Orders against trades.


class _Member(NamedTuple):
    """How many orders a member placed in a market, and how many fills they had."""

    account: str
    market: str
    orders: int
    trades: int


def _order_to_trade(counts: Counts) -> Iterator[Record]:
    """Orders and fills of each member in each market over the day before the cut; quantities are not counted here.

    Of very many members those that decide are left: see `_deciding`.
    """
    trades = {(each.account, each.market): each.fills for each in counts.fills}
    found = [
        _Member(account, market, orders, trades.get((account, market), 0)) for account, market, orders in counts.placed
    ]
    for account, market, placed, filled in _deciding(found, MEMBERS_MAX):
        orders, fills = Fraction(placed), Fraction(filled)
        yield {
            "id": f"{account} {market}", "member": account, "market": market, "orders": orders, "trades": fills,
            "ordered": orders, "traded": fills,
        }  # fmt: skip


def _deciding(found: list[_Member], most: int) -> list[_Member]:
    """All members; or of more than `most` those with most orders, and each of the others that no other one exceeds.

    One exceeds another in the same market with at least as many orders and at most as many trades. Whatever the limit
    of the ratio, and however many orders it takes to count, who breaks it is exceeded only by those who break it too:
    so a rule fails of these members if and only if it fails of all.
    """
    if len(found) <= most:
        return found
    order = sorted(found, key=lambda each: (-each.orders, each.trades, each.account, each.market))
    kept, fewest = order[:most], dict[str, int]()
    for each in order[most:]:
        if each.trades < fewest.get(each.market, each.trades + 1):
            fewest[each.market] = each.trades
            kept.append(each)
    return kept
