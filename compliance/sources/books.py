"""Facts from the store that follows the log, as of the log position of an hour's cut.

Customers are told by class, place and relation; claims by US state; deposits, withdrawals and charges over a period;
orders against trades over the last day. Counted in the database or in columns, so that a million accounts take seconds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import text
from sqlmodel import Session, col, select

from compliance.facts import Assurance, Evidence, Fact, Record, Value
from compliance.sources.attested import is_currency
from ledger.errors import InputError
from ledger.journal import AccountCode, ReasonCode
from ledger.store import history
from ledger.store.schema import EventRow
from ledger.store.snapshot import StoreSnapshot

__all__ = ["Customer", "book_facts", "read_customers"]

HOUSE_CODES: Final = (AccountCode.FEES, AccountCode.INTEREST_SHARE, AccountCode.DUST, AccountCode.OTHER)
CHARGES: Final = frozenset(
    {
        ReasonCode.FEE, ReasonCode.WITHDRAWAL_FEE, ReasonCode.INTEREST, ReasonCode.LIQUIDATION_FEE,
        ReasonCode.NETWORK_FEE, ReasonCode.DUST, ReasonCode.TAX, ReasonCode.FUNDING,
    }
)  # fmt: skip
"""Reasons for which a customer's money may become the house's; every other one is listed and not excused."""
_RECORDS_MAX: Final = 100_000


class Customer(NamedTuple):
    """What a customer is at a position."""

    client_class: str
    domicile: str
    relation: str


@dataclass(frozen=True, slots=True)
class _Reader:
    """The store at one position, and the position a period earlier."""

    store: StoreSnapshot
    position: int
    first: int
    scales: Mapping[str, int]

    @property
    def session(self) -> Session:
        return self.store.session

    def units(self, asset: str, quanta: int) -> Fraction:
        return Fraction(quanta, 10 ** self.scales[asset])

    def moment(self, sequence: int) -> datetime:
        command = history.command_at(self.session, sequence)
        assert command is not None, "an event has its command"
        return _moment(command.applied_micros)


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // 1_000_000, UTC) + timedelta(microseconds=micros % 1_000_000)


def _micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def book_facts(
    store: StoreSnapshot,
    position: int,
    cut: datetime,
    period: timedelta,
    states: Collection[str],
    customers: Mapping[str, Customer],
) -> list[Fact]:
    """The facts at a cut; `period` reaches back from it. `states`: those that figures are wanted of.
    `customers`: those of that position.

    Raises InputError where the store is behind the position.
    """
    if position > store.position.sequence:
        words = f"has followed the log to {store.position.sequence:,} only, and the hour was cut at {position:,}"
        raise InputError("the store", words, "Start the exchange, or wait until its store has caught up.")
    first = history.position_at(store.session, _micros(cut - period)) + 1
    listed = history.events(store.session, "asset-listed", last=position)
    scales = {event.document["asset"]: int(event.document["scale"]) for event in listed}
    reader = _Reader(store, position, first, scales)
    command = history.command_at(store.session, position)
    digest = command.hash.hex() if command is not None else ""
    evidence = (Evidence("command log", f"position {position}", digest),)
    values: dict[str, Value] = {
        "customers": _customers(customers),
        "postings.to_own": tuple(_to_own(reader)),
        "order_to_trade": tuple(_order_to_trade(reader, cut)),
    }
    for name, rows in (("deposits", _deposits), ("withdrawals", _withdrawals)):
        with suppress(_TooManyError):
            values[name] = tuple(rows(reader))
    found = [Fact(name, value, cut, Assurance.CLAIMED, evidence) for name, value in values.items()]
    for state, (claims, money) in _by_state(reader, customers, states).items():
        found.append(Fact("claims.state", claims, cut, Assurance.CLAIMED, evidence, state))
        found.append(Fact("outstanding.state", money, cut, Assurance.CLAIMED, evidence, state))
    return found


# Customers, and what is owed by state.


def read_customers(session: Session, position: int) -> dict[str, Customer]:
    """Every customer's account at a log position, with what they were then."""
    found: dict[str, Customer] = {}
    for kind in ("account-opened", "customer-set"):
        query = select(EventRow.account, EventRow.document).where(
            EventRow.kind == kind, col(EventRow.order_id).is_(None), col(EventRow.sequence) <= position
        )
        order = query.order_by(col(EventRow.sequence), col(EventRow.place))
        for account, document in history.stream(session, order):
            facts = json.loads(document)
            if "client_class" in facts:
                found[account] = Customer(facts["client_class"], facts["domicile"], facts["relation"])
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
    residents = {account: each.domicile for account, each in customers.items() if each.domicile.startswith("US-")}
    sums: dict[tuple[str, str], int] = {}
    if residents:
        columns = reader.store.columns(reader.position)
        place = np.array([*(residents.get(owner, "") for owner in columns.owners)], dtype=object)
        rows = np.flatnonzero(np.array([bool(each) for each in place], dtype=bool)[columns.owner])
        for row in rows.tolist():
            asset = columns.trees[int(columns.tree[row])][1]
            claim = int.from_bytes(columns.amounts[row, :16].tobytes(), "big")
            key = (place[int(columns.owner[row])], asset)
            sums[key] = sums.get(key, 0) + claim
    found: dict[str, tuple[dict[str, Fraction], dict[str, Fraction]]] = {state: ({}, {}) for state in sorted(states)}
    for (state, asset), quanta in sorted(sums.items()):
        amounts = found.setdefault(state, ({}, {}))[1 if is_currency(asset) else 0]
        amounts[asset] = reader.units(asset, quanta)
    return found


# Movements of the period.


def _deposits(reader: _Reader) -> Iterator[Record]:
    """Deposits that were credited in the period, and all that are not credited yet, however old; `received` is when the
    ledger first had them.
    """
    assigned = {event.reference for event in history.events(reader.session, "receipt-assigned", last=reader.position)}
    credited = history.events(reader.session, "deposit-credited", reader.first, reader.position)
    for event in _bounded(credited):
        yield _deposit(reader, event, reader.moment(event.sequence))
    if assigned:
        for event in _bounded(history.events(reader.session, "receipt-assigned", reader.first, reader.position)):
            if event.document["account"] is not None:
                held = next(history.events_of_reference(reader.session, str(event.reference)), event)
                yield _deposit(reader, event, reader.moment(held.sequence))
    held_back = history.events(reader.session, "receipt-held", last=reader.position)
    for event in _bounded(each for each in held_back if each.reference not in assigned):
        yield {**_deposit(reader, event, reader.moment(event.sequence)), "credited": None}


def _deposit(reader: _Reader, event: history.StoredEvent, received: datetime) -> Record:
    facts = event.document
    return {
        "id": str(facts["evidence"]), "account": str(facts.get("account") or "nobody yet"), "asset": facts["asset"],
        "units": reader.units(facts["asset"], int(facts["amount"])), "received": received,
        "credited": reader.moment(event.sequence), "is_money": is_currency(facts["asset"]),
    }  # fmt: skip


def _withdrawals(reader: _Reader) -> Iterator[Record]:
    """Withdrawals that were asked for in the period, moved in it, or are still open, and how far each is."""
    requests: dict[str, dict[str, Any]] = {}
    for row in reader.session.connection().execute(_OPEN, {"first": reader.first, "last": reader.position}):
        event = next(history.events_of_reference(reader.session, str(row.reference)))
        requests[event.document["request"]] = _request(reader, event)
    for event in _bounded(history.events(reader.session, "withdrawal-moved", reader.first, reader.position)):
        facts, moment = event.document, reader.moment(event.sequence)
        found = requests.get(facts["request"])
        if facts["state"] == "held":
            requests[facts["request"]] = _request(reader, event)
            continue
        if found is None:
            first = next(history.events_of_reference(reader.session, str(event.reference)))
            found = requests[facts["request"]] = _request(reader, first)
        found["state"] = facts["state"]
        found["done"] = moment if facts["state"] in _FINAL else None
    yield from requests.values()


_FINAL: Final = ("settled", "failed", "rejected")
_OPEN: Final = text(
    "SELECT reference FROM event WHERE kind = 'withdrawal-moved' AND order_id IS NULL AND sequence < :first "
    "EXCEPT SELECT reference FROM event WHERE kind = 'withdrawal-moved' AND order_id IS NULL AND sequence <= :last "
    """AND (document LIKE '%"settled"%' OR document LIKE '%"failed"%' OR document LIKE '%"rejected"%') """
    "ORDER BY reference"
)
"""Requests of before the period that nothing has ended (`_FINAL`); what ended in the period comes by that event."""


def _request(reader: _Reader, event: history.StoredEvent) -> dict[str, Any]:
    """A withdrawal as its first event has it. The request is a command that the customer's own key signed; the door
    takes no other.
    """
    facts = event.document
    return {
        "id": facts["request"], "account": facts["account"], "asset": facts["asset"],
        "requested": reader.moment(event.sequence), "units": reader.units(facts["asset"], int(facts["amount"])),
        "done": None, "state": facts["state"], "instructed": True,
    }  # fmt: skip


def _bounded(events: Iterator[history.StoredEvent]) -> Iterator[history.StoredEvent]:
    """Not more than a fact can carry; raises _TooManyError for a period with more."""
    for count, event in enumerate(events):
        if count >= _RECORDS_MAX:
            raise _TooManyError
        yield event


class _TooManyError(Exception):
    """A fact carries at most `_RECORDS_MAX` records; one that would need more is left out, and named as missing."""


_TO_OWN: Final = text(
    "SELECT book.asset AS asset, entry.reason AS reason, count(*) AS entries, "
    "sum(CASE WHEN entry.amount IS NULL THEN 0 ELSE entry.amount END) AS amount, max(entry.sequence) AS newest "
    "FROM entry JOIN account AS debit ON debit.number = entry.debit "
    "JOIN account AS credit ON credit.number = entry.credit "
    "JOIN book ON book.number = debit.book "
    "WHERE entry.command >= :first AND entry.command <= :last AND debit.code = :claim "
    f"AND credit.code IN ({', '.join(str(int(code)) for code in HOUSE_CODES)}) "
    "GROUP BY book.asset, entry.reason ORDER BY book.asset, entry.reason"
)


def _to_own(reader: _Reader) -> Iterator[Record]:
    """What went from customers to the house in the period, by asset and reason."""
    low, high = _entries(reader)
    values = {"first": reader.first, "last": reader.position, "claim": int(AccountCode.CLAIM)}
    if low > high:
        return
    for row in reader.session.connection().execute(_TO_OWN, values):
        reason = ReasonCode(row.reason)
        yield {
            "id": f"{row.asset} {reason.name.lower()} ({row.entries} entries)", "asset": row.asset,
            "units": reader.units(row.asset, int(row.amount)), "reason": reason.name.lower().replace("_", " "),
            "is_charge": reason in CHARGES, "reference": f"newest: entry {row.newest}",
        }  # fmt: skip


def _entries(reader: _Reader) -> tuple[int, int]:
    """Numbers of the first and last entry of the period."""
    before = history.command_at(reader.session, reader.first - 1) if reader.first > 1 else None
    last = history.command_at(reader.session, reader.position)
    return (0 if before is None else before.entries) + 1, 0 if last is None else last.entries


# Orders against trades.

_PLACED: Final = text(
    "SELECT account, market, count(*) AS orders FROM event WHERE kind = 'order-placed' AND sequence >= :first "
    "AND sequence <= :last AND block >= :block GROUP BY account, market"
)
_TRADES: Final = text(
    "SELECT account, market, count(*) AS trades FROM event WHERE kind = 'order-report' AND document LIKE '[3,%' "
    "AND sequence >= :first AND sequence <= :last AND block >= :block GROUP BY account, market"
)


def _order_to_trade(reader: _Reader, cut: datetime) -> Iterator[Record]:
    """Orders and fills of each member in each market over the day before the cut; quantities are not counted here."""
    first = history.position_at(reader.session, _micros(cut - timedelta(days=1))) + 1
    values = {"first": first, "last": reader.position, "block": first >> 16}
    run = reader.session.connection().execute
    trades = {(row.account, row.market): row.trades for row in run(_TRADES, values)}
    for row in run(_PLACED, values):
        count = trades.get((row.account, row.market), 0)
        yield {
            "id": f"{row.account} {row.market}", "member": row.account, "market": row.market,
            "orders": Fraction(row.orders), "trades": Fraction(count), "ordered": Fraction(row.orders),
            "traded": Fraction(count),
        }  # fmt: skip
