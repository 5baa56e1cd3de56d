"""What the reading verbs ask of the store: accounts, balances, keys, consents, orders, assets and markets.

The store is read as of one moment, by any process, while the exchange runs or not; it may be a little behind the log.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlmodel import Session, col, select

from cli.exchange.config import Config
from ledger.assets import format_amount
from ledger.errors import InputError
from ledger.journal import CUSTOMER_CODES, AccountCode
from ledger.store import history
from ledger.store.errors import StoreOutOfStep, StoreUnusable
from ledger.store.listed import asset_scales, markets, price_unit
from ledger.store.schema import EventRow
from ledger.store.snapshot import StoreSnapshot, open_at
from ledger.trading.market import Market
from ledger.trading.reports import Kind, Reason

__all__ = [
    "Owed",
    "account_events",
    "account_rows",
    "asset_scales",
    "balances_of",
    "consent_documents",
    "document_of",
    "find_opened",
    "follow_order",
    "fresh_order",
    "key_documents",
    "last_stated",
    "latest_keys",
    "markets",
    "order_documents",
    "price_unit",
    "reading",
]

_PLACED: Final = "placed"
_WORDS: Final = {
    Kind.ACCEPTED: "accepted",
    Kind.RESTED: "open",
    Kind.TRADED: "traded",
    Kind.CANCELLED: "cancelled",
    Kind.EXPIRED: "expired",
    Kind.AMENDED: "open",
    Kind.PENDING: "waits for its trigger",
    Kind.TRIGGERED: "triggered",
    Kind.REJECTED: "rejected",
}


@contextmanager
def reading(config: Config) -> Iterator[StoreSnapshot]:
    """The store as it is now; raises InputError where there is none yet."""
    try:
        snapshot = open_at(config.store_url)
    except (StoreUnusable, StoreOutOfStep) as error:
        remedy = "Start the exchange once with `tallystick run`, or make it with `tallystick fsck --rebuild`."
        raise InputError(f"the store of {config.folder}", f"cannot be read ({error})", remedy) from None
    with snapshot:
        yield snapshot


# Customers.


def find_opened(session: Session, account: str) -> dict[str, Any]:
    """How an account was opened; raises InputError for one that never was."""
    for document in account_events(session, "account-opened", account):
        return {"opened_at": document.pop("position"), **document}
    raise InputError(account[:64], "is no account here", "See `tallystick accounts list`.")


def account_rows(session: Session, limit: int) -> list[dict[str, Any]]:
    """The accounts in the order of opening, the newest `limit` of them, with what each is now."""
    newest = deque(history.events(session, "account-opened"), maxlen=limit)
    rows = {str(event.account): {"opened_at": event.sequence, **event.document} for event in newest}
    for event in history.events(session, "customer-set"):
        if event.account in rows:
            rows[event.account].update(event.document)
    for event in history.events(session, "account-blocked"):
        if event.account in rows:
            rows[event.account]["blocked"] = event.document["blocked"]
    return [{"blocked": False, **row} for row in rows.values()]


def account_events(session: Session, kind: str, account: str, last: int | None = None) -> list[dict[str, Any]]:
    """The documents of an account's events of one kind, other than of orders, with their positions."""
    query = select(EventRow).where(EventRow.kind == kind, EventRow.account == account, col(EventRow.order_id).is_(None))
    if last is not None:
        query = query.where(EventRow.sequence <= last)
    rows = session.exec(query.order_by(col(EventRow.sequence), col(EventRow.place)))
    return [{"position": row.sequence, **document_of(row)} for row in rows]


def last_stated(
    session: Session, kind: str, before: tuple[int, int], account: str | None = None
) -> Iterator[dict[str, Any]]:
    """The documents of one kind that were stated before an event, the newest first.

    `before`: the event's position in the log, and its place among the events there.
    """
    sequence, place = before
    query = select(EventRow).where(EventRow.kind == kind, col(EventRow.sequence) <= sequence)
    if account is not None:
        query = query.where(EventRow.account == account)
    order = (col(EventRow.sequence).desc(), col(EventRow.place).desc())
    for row in history.stream(session, query.order_by(*order)):
        if (row.sequence, row.place) < (sequence, place):
            yield document_of(row)


class Owed(NamedTuple):
    """What is owed to a customer's subaccount in an asset, the part of it under holds, and what they owe, quanta."""

    subaccount: str
    asset: str
    claim: int
    held: int
    debt: int


def balances_of(session: Session, account: str, position: int | None = None) -> list[Owed]:
    """An account's claims and debts that ever moved, by subaccount and asset, at a position or now."""
    found: dict[tuple[str, str], Owed] = {}
    for index, key in history.accounts_of(session, account):
        balance = history.balance_at(session, index, position)
        if key.code not in CUSTOMER_CODES or not balance.version:
            continue
        place = (key.subaccount, key.asset)
        owed = found.get(place, Owed(*place, 0, 0, 0))
        if key.code is AccountCode.CLAIM:
            owed = owed._replace(claim=balance.posted_credit, held=balance.debits_pending)
        else:
            owed = owed._replace(debt=owed.debt + balance.posted_debit)
        found[place] = owed
    return [found[place] for place in sorted(found)]


def key_documents(session: Session, account: str, last: int | None = None) -> list[dict[str, Any]]:
    """The keys that ever could sign for an account, each as it was at a position or is now, as they were registered."""
    return latest_keys(account_events(session, "key-changed", account, last))


def latest_keys(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same from the events that changed keys, in their order."""
    keys: dict[str, dict[str, Any]] = {}
    for document in documents:
        keys[document["key"]] = {name: value for name, value in document.items() if name != "position"}
    return list(keys.values())


def consent_documents(session: Session, account: str) -> list[dict[str, Any]]:
    """What an account agreed to and when, each giving and withdrawing in its order; times in microseconds."""
    documents = account_events(session, "consent-set", account)
    for document in documents:
        command = history.command_at(session, document["position"])
        assert command is not None, "an event has its command"
        document["time"] = command.applied_micros
    return documents


def order_documents(session: Session, account: str, limit: int) -> list[dict[str, Any]]:
    """The newest `limit` orders of an account and what became of each; prices and quantities as decimals."""
    rules = markets(session, asset_scales(session))
    newest = deque(history.orders_of(session, account), maxlen=limit)
    documents = []
    for order in newest:
        state = fresh_order(order.order_id, None)
        for event in history.events_of_order(session, order.order_id):
            state["market"] = event.market
            if event.kind == "order-report":
                follow_order(state, event.document)
        documents.append({"placed_at": order.command, **_spelt(state, rules)})
    return documents


def _spelt(state: dict[str, Any], rules: Mapping[str, Market]) -> dict[str, Any]:
    market = rules.get(state["market"])
    if market is None:
        return state
    quantities = {name: format_amount(state[name] * market.step_quanta, market.base_scale) for name in _QUANTITIES}
    price = state["price"]
    spelt = None if price is None else format_amount(price * market.tick_units, market.tick_decimals)
    return {**state, **quantities, "price": spelt}


_QUANTITIES: Final = ("filled", "left")


def fresh_order(order_id: int, market: str | None) -> dict[str, Any]:
    """An order of which nothing was reported yet; quantities in steps, price in ticks."""
    return {
        "filled": 0, "left": 0, "market": market, "order": order_id, "price": None, "reason": None, "state": _PLACED,
    }  # fmt: skip


def follow_order(state: dict[str, Any], row: Sequence[int]) -> None:
    """Bring an order's state forward by one report of its book."""
    kind = Kind(row[0])
    if kind is Kind.REJECTED and state["state"] != _PLACED:
        return  # An instruction about the order was rejected, and the order is as it was.
    state["state"] = _WORDS[kind]
    if kind in (Kind.RESTED, Kind.AMENDED):
        state["price"], state["left"] = row[2], row[3]
    elif kind is Kind.TRADED:
        is_maker = row[2] == state["order"]
        state["filled"] += row[5]
        state["left"] = row[7] if is_maker else row[8]
        state["state"] = "filled" if not state["left"] else "open" if is_maker else "traded"
    elif kind in (Kind.CANCELLED, Kind.EXPIRED):
        state["left"], state["reason"] = row[2], Reason(row[3]).label
    elif kind is Kind.REJECTED:
        state["reason"] = Reason(row[2]).label


def document_of(row: EventRow) -> dict[str, Any]:
    """The fields of a stored event."""
    document: dict[str, Any] = json.loads(row.document)
    return document
