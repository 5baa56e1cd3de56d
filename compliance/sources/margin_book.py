"""The wallets that trade on margin at a log position: what each is owed and owes, its positions, its health.

A wallet is a subaccount with a debt or a derivative position. Claims and debts are the ledger's at the cut; a position
is its last event, its basis moved to the mark by the last settlement after that. Open orders are left out: facts are of
what a wallet holds, and not of what it may still come to hold. Health is the engine's own function over these, with the
parameters in force. Values are in the unit of account. Where a price or a mark is lacking a wallet has no health, and
what needs it is not stated.

Cost: one pass over the events of positions up to the cut, and one over the store's balances.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from sqlalchemy import text
from sqlmodel import Session

from compliance.sources.books import Customer
from compliance.sources.in_force import InForce
from compliance.sources.listed_markets import ListedMarket
from compliance.sources.margin_terms import ONE, terms_at
from compliance.sources.marks import last_mark
from compliance.sources.prices import PriceBook
from compliance.sources.stored import documents
from ledger.commands.customers import CLIENT_CLASSES
from ledger.commands.margin import Permission
from ledger.margin.permissions import Permissions
from ledger.margin.risk import AccountView, AssetLine, Health, PositionLine, assess
from ledger.margin.settings import DEFAULT_SETTINGS
from ledger.margin.terms import Terms
from ledger.store.snapshot import StoreSnapshot

__all__ = ["Assess", "Held", "MarginBook", "Wallet", "is_offered", "read_margin"]

Place: TypeAlias = tuple[str, str]
"""Account and subaccount."""
Assess: TypeAlias = Callable[[AccountView, Terms, Mapping[str, int], Mapping[str, int]], Health | None]
_LEVERAGED: Final = ("spot-margin", "perpetual", "dated", "borrowing")
"""Products that a leverage is permitted for; the engine takes the greatest."""
NOBODY: Final = Customer("retail", "", "customer")
"""Of whom nothing is known counts as who is protected most."""


class Held(NamedTuple):
    """A position: signed steps, its basis in quanta of the quote asset, the log position of its last event."""

    market: str
    size: int
    basis: int
    since: int


@dataclass(slots=True)
class Wallet:
    """Quanta by asset; `positions` with a size alone."""

    claims: dict[str, int] = field(default_factory=dict)
    debts: dict[str, int] = field(default_factory=dict)
    positions: list[Held] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MarginBook:
    """Everything at the cut. `marks` in ticks; `health` in 10^-18 of the unit of account, None where not known."""

    position: int
    entity: str
    scales: Mapping[str, int]
    markets: Mapping[str, ListedMarket]
    marks: Mapping[str, int]
    in_force: InForce
    prices: PriceBook | None
    customers: Mapping[str, Customer]
    wallets: Mapping[Place, Wallet]
    health: Mapping[Place, Health | None]
    settings: Mapping[Place, tuple[list[int], list[int]]]
    permissions: tuple[list[int], list[Permissions]]

    def customer(self, account: str) -> Customer:
        """What a customer is at the cut."""
        return self.customers.get(account, NOBODY)

    def is_of(self, account: str) -> bool:
        """Whether an account is of the entity; one that nobody opened is of none."""
        return account in self.customers

    def value(self, asset: str, quanta: int) -> Fraction | None:
        """Units of account of quanta of an asset; None without a price."""
        if self.prices is None:
            return None
        return self.prices.value({asset: Fraction(quanta, 10 ** self.scales[asset])}, self.prices.unit)

    def notional(self, held: Held) -> Fraction | None:
        """A position at its mark, units of account."""
        mark, market = self.marks.get(held.market), self.markets[held.market]
        return None if mark is None else self.value(market.quote, abs(held.size) * mark * market.unit_quanta)

    def cross(self, currency: str) -> Fraction | None:
        """Units of account for one unit of a currency; None without a price."""
        if self.prices is None:
            return None
        return Fraction(1) if currency == self.prices.unit else self.prices.currencies.get(currency) or None

    def leverage(self, place: Place, position: int) -> int:
        """The limit that acted on a subaccount after the command at a position, times; one for all products."""
        customer = self.customer(place[0])
        tables = self.permissions
        at = bisect_right(tables[0], position)
        client_class = CLIENT_CLASSES.index(customer.client_class) + 1
        permitted = 1
        for product in _LEVERAGED if at else ():
            of_product = tables[1][at - 1].lookup(self.entity, product, customer.domicile, client_class)
            permitted = max(permitted, of_product[1])
        positions, settings = self.settings.get(place, ([], []))
        chosen = bisect_right(positions, position)
        own = settings[chosen - 1] if chosen else DEFAULT_SETTINGS.leverage
        most = int(self.in_force.value("margin.leverage_max", "", position))
        return max(min(own, permitted, most), 1)

    def is_known(self, places: Iterable[Place]) -> bool:
        """Whether every one of some wallets has a health."""
        return all(self.health.get(place) is not None for place in places)


def is_offered(session: Session, position: int) -> bool:
    """Whether the exchange had said to whom margin is permitted, or anybody had traded on it, by a position."""
    kinds = ("permissions-set", "position-moved", "lending-moved")
    return any(next(documents(session, kind, last=position), None) is not None for kind in kinds)


def read_margin(
    store: StoreSnapshot,
    position: int,
    entity: str,
    markets: Mapping[str, ListedMarket],
    scales: Mapping[str, int],
    in_force: InForce,
    prices: PriceBook | None,
    customers: Mapping[str, Customer],
    judge: Assess = assess,
) -> MarginBook:
    """The wallets of an entity. `customers`: those of the entity, at the position. `judge`: the engine's function."""
    session = store.session
    wallets = _wallets(store, position, entity, customers)
    needed = {held.market for wallet in wallets.values() for held in wallet.positions}
    found_marks = {market: last_mark(session, market, position) for market in sorted(needed)}
    marks = {market: mark for market, mark in found_marks.items() if mark is not None}
    settled = _settled(session, needed, position)
    for wallet in wallets.values():
        wallet.positions = [_moved(held, settled, markets) for held in wallet.positions]
    assets = {asset for wallet in wallets.values() for asset in (*wallet.claims, *wallet.debts)}
    # Profit is paid in the settlement asset, which a wallet may hold none of.
    assets |= {markets[name].quote for name in needed}
    derivatives = [market for name, market in markets.items() if name in needed]
    terms = terms_at(in_force, position, scales, derivatives, assets)
    found = MarginBook(
        position, entity, scales, markets, marks, in_force, prices, customers, wallets, {},
        _dated_by(session, position, "wallet-settings-set", "leverage"), _permissions(session, position, entity),
    )  # fmt: skip
    quoted = _quoted(prices)
    health = {place: judge(_view(found, place), terms, quoted, marks) for place in sorted(wallets)}
    assert isinstance(found.health, dict), "filled once, here"
    found.health.update(health)
    return found


def _view(book: MarginBook, place: Place) -> AccountView:
    wallet = book.wallets[place]
    lines = [
        AssetLine(asset, wallet.claims.get(asset, 0), wallet.debts.get(asset, 0))
        for asset in sorted({*wallet.claims, *wallet.debts})
    ]
    positions = tuple(PositionLine(held.market, held.size, held.basis) for held in wallet.positions)
    return AccountView(tuple(lines), positions, 0, book.leverage(place, book.position))


def _quoted(prices: PriceBook | None) -> dict[str, int]:
    """Prices as the engine has them: 10^-18 of the unit of account, the unit itself among them."""
    if prices is None:
        return {}
    found = {asset: price * ONE for asset, price in (*prices.currencies.items(), *prices.assets.items())}
    assert all(price.denominator == 1 for price in found.values()), "reference prices are whole"
    return {asset: int(price) for asset, price in found.items()} | {prices.unit: ONE}


# What each wallet has.


def _wallets(
    store: StoreSnapshot, position: int, entity: str, customers: Mapping[str, Customer]
) -> dict[Place, Wallet]:
    found: dict[Place, Wallet] = {}
    for place, held in _positions(store.session, position):
        if held.size and place[0] in customers:
            found.setdefault(place, Wallet()).positions.append(held)
    columns = store.columns(position)
    trees = {at for at, tree in enumerate(columns.trees) if tree[0] == entity}
    # Of a million lines only those of wallets on margin are read one by one.
    owes = np.flatnonzero(columns.amounts[:, 16:].any(axis=1))
    for row in owes.tolist():
        if int(columns.tree[row]) in trees:
            place = (columns.owners[columns.owner[row]], columns.subaccounts[columns.subaccount[row]])
            found.setdefault(place, Wallet())
    owners = {owner: at for at, owner in enumerate(columns.owners)}
    wanted = np.array(sorted(owners[account] for account, _ in found if account in owners), np.int64)
    for row in np.flatnonzero(np.isin(columns.owner, wanted)).tolist():
        place = (columns.owners[columns.owner[row]], columns.subaccounts[columns.subaccount[row]])
        if place not in found or int(columns.tree[row]) not in trees:
            continue
        asset = columns.trees[columns.tree[row]][1]
        claim, debt = (int.from_bytes(half.tobytes(), "big") for half in np.split(columns.amounts[row], 2))
        for amounts, quanta in ((found[place].claims, claim), (found[place].debts, debt)):
            if quanta:
                amounts[asset] = quanta
    return found


_NAMES: Final = re.compile(r'"(market|subaccount)": ?"([^"]*)"')


def _positions(session: Session, last: int) -> Iterator[tuple[Place, Held]]:
    """Every position by its last event. Only last ones are parsed."""
    newest: dict[tuple[str | None, frozenset[tuple[str, str]]], tuple[int, str]] = {}
    for sequence, account, document in documents(session, "position-moved", last=last):
        newest[account, frozenset(_NAMES.findall(document))] = sequence, document
    for sequence, document in newest.values():
        event = json.loads(document)
        held = Held(event["market"], int(event["size"]), int(event["basis"]), sequence)
        yield (event["account"], event["subaccount"]), held


def _moved(held: Held, settled: Mapping[str, tuple[int, int]], markets: Mapping[str, ListedMarket]) -> Held:
    """A position with its basis as the last settlement after its own event left it."""
    sequence, mark = settled.get(held.market, (0, 0))
    if sequence <= held.since:
        return held
    return held._replace(basis=held.size * mark * markets[held.market].unit_quanta)


_SETTLED_MAX: Final = 20_000
"""A market that none of so many settlements had a mark for has its bases of its own events."""
_BACKWARDS: Final = text(
    "SELECT sequence, document FROM event WHERE kind = 'settlement-started' AND order_id IS NULL "
    "AND sequence <= :last ORDER BY sequence DESC, place DESC"
)


def _settled(session: Session, markets: Collection[str], last: int) -> dict[str, tuple[int, int]]:
    """Each market's last settlement: log position and mark."""
    found: dict[str, tuple[int, int]] = {}
    rows: Iterator[Any] = iter(session.connection().execute(_BACKWARDS, {"last": last}))
    for count, (sequence, document) in enumerate(rows):
        if count >= _SETTLED_MAX or set(markets) <= set(found):
            break
        for market, mark in json.loads(document)["marks"]:
            found.setdefault(market, (int(sequence), int(mark)))
    return found


def _dated_by(session: Session, last: int, kind: str, name: str) -> dict[Place, tuple[list[int], list[int]]]:
    found: dict[Place, tuple[list[int], list[int]]] = {}
    for sequence, _, document in documents(session, kind, last=last):
        event = json.loads(document)
        positions, values = found.setdefault((event["account"], event["subaccount"]), ([], []))
        positions.append(sequence)
        values.append(int(event[name]))
    return found


def _permissions(session: Session, last: int, entity: str) -> tuple[list[int], list[Permissions]]:
    positions: list[int] = []
    tables: list[Permissions] = []
    for sequence, _, document in documents(session, "permissions-set", last=last):
        event = json.loads(document)
        if event["entity"] == entity:
            positions.append(sequence)
            tables.append(Permissions({entity: [Permission(*row) for row in event["rows"]]}))
    return positions, tables
