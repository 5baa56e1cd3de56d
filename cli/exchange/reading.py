"""What the reading verbs ask of the store: accounts, balances, keys, consents, orders, assets and markets.

The store is read as of one moment, by any process, while the exchange runs or not; it may be a little behind the log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlmodel import Session

from cli.exchange.config import Config
from ledger.errors import InputError
from ledger.journal import AccountCode
from ledger.store import history
from ledger.store.errors import StoreOutOfStep, StoreUnusable
from ledger.store.snapshot import StoreSnapshot, open_at
from ledger.trading.reports import Kind, Reason

__all__ = [
    "Owed",
    "account_events",
    "account_rows",
    "asset_scales",
    "balances_of",
    "consent_documents",
    "find_opened",
    "key_documents",
    "market_documents",
    "order_documents",
    "reading",
]

_KEYS: Final = "KeyChanged"
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
    for event in history.events(session, "AccountOpened"):
        if event.account == account:
            return {"opened_at": event.sequence, **event.document}
    raise InputError(account[:64], "is no account here", "See `tallystick accounts list`.")


def account_rows(session: Session, limit: int) -> list[dict[str, Any]]:
    """The accounts in the order of opening, the newest `limit` of them, with what each is now."""
    newest = deque(history.events(session, "AccountOpened"), maxlen=limit)
    rows = {str(event.account): {"opened_at": event.sequence, **event.document} for event in newest}
    for event in history.events(session, "CustomerSet"):
        if event.account in rows:
            rows[event.account].update(event.document)
    for event in history.events(session, "AccountBlocked"):
        if event.account in rows:
            rows[event.account]["blocked"] = event.document["blocked"]
    return [{"blocked": False, **row} for row in rows.values()]


def account_events(session: Session, kind: str, account: str) -> list[dict[str, Any]]:
    """The documents of an account's events of one kind, with their positions."""
    return [
        {"position": event.sequence, **event.document}
        for event in history.events(session, kind)
        if event.account == account
    ]


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
        if key.code not in (AccountCode.CLAIM, AccountCode.DEBT) or not balance.version:
            continue
        place = (key.subaccount, key.asset)
        owed = found.get(place, Owed(*place, 0, 0, 0))
        if key.code is AccountCode.CLAIM:
            owed = owed._replace(claim=balance.posted_credit, held=balance.debits_pending)
        else:
            owed = owed._replace(debt=balance.posted_debit)
        found[place] = owed
    return [found[place] for place in sorted(found)]


def key_documents(session: Session, account: str) -> list[dict[str, Any]]:
    """The keys that ever could sign for an account, each as it is now, in the order of registration."""
    keys: dict[str, dict[str, Any]] = {}
    for event in history.events(session, _KEYS):
        if event.document["owner"] == account and event.document["role"] in ("customer", "session"):
            keys[event.document["key"]] = event.document
    return list(keys.values())


def consent_documents(session: Session, account: str) -> list[dict[str, Any]]:
    """What an account agreed to and when, each giving and withdrawing in its order; times in microseconds."""
    documents = account_events(session, "ConsentSet", account)
    for document in documents:
        command = history.command_at(session, document["position"])
        assert command is not None, "an event has its command"
        document["time"] = command.applied_micros
    return documents


def order_documents(session: Session, account: str, limit: int, last: int | None = None) -> list[dict[str, Any]]:
    """The newest `limit` orders of an account and what became of each by a position."""
    newest = deque(history.orders_of(session, account, 1, last), maxlen=limit)
    return [order_document(session, order.order_id, order.command, last) for order in newest]


def order_document(session: Session, order_id: int, command: int, last: int | None = None) -> dict[str, Any]:
    """An order's market, state, price in ticks and steps left, as its reports leave it."""
    document: dict[str, Any] = {
        "command": command, "filled": 0, "left": 0, "market": None, "order": order_id, "price": None, "reason": None,
        "state": "accepted",
    }  # fmt: skip
    for event in history.events_of_order(session, order_id):
        if last is not None and event.sequence > last:
            break
        document["market"] = event.market
        _follow(document, order_id, event.document)
    return document


def _follow(document: dict[str, Any], order_id: int, row: list[int]) -> None:
    kind = Kind(row[0])
    document["state"] = _WORDS[kind]
    if kind in (Kind.RESTED, Kind.AMENDED):
        document["price"], document["left"] = row[2], row[3]
    elif kind is Kind.TRADED:
        is_maker = row[2] == order_id
        document["filled"] += row[5]
        document["left"] = row[7] if is_maker else row[8]
        document["state"] = "open" if document["left"] and is_maker else "filled" if not document["left"] else "traded"
    elif kind in (Kind.CANCELLED, Kind.EXPIRED):
        document["left"], document["reason"] = row[2], Reason(row[3]).label
    elif kind is Kind.REJECTED:
        document["reason"] = Reason(row[2]).label


# What is listed.


def asset_scales(session: Session) -> dict[str, int]:
    """The scale of each asset."""
    return {event.document["asset"]: event.document["scale"] for event in history.events(session, "AssetListed")}


def market_documents(session: Session) -> dict[str, dict[str, Any]]:
    """Each market as it was listed; tick and step in quanta."""
    return {event.document["market"]: event.document for event in history.events(session, "MarketListed")}
