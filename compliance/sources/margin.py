"""Accounts on margin: who they are, what they are lent, against what; their orders; loss cuts. For VARA and Japan.

An account is a client, with all its subaccounts. It is listed where it has a debt or a derivative position at the cut,
or was given credit, traded derivatives or was liquidated in the period. What is lent comes from a pool, and so from
other clients, or from the exchange; a derivative order is funded by the client's own equity. Nobody is warned by the
engine: `warned` is empty until the firm says when it did (a record of the same id in its register).

Japan's rules tell individuals from corporates, and the registry does not: an eligible counterparty counts as a
corporate, and everybody else as an individual, whose limits are the stricter ones. A deposit is the wallet's equity,
shared over what it backs in proportion to value.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from fractions import Fraction
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

from compliance.facts import Record
from compliance.sources.attested import is_currency
from compliance.sources.counted import Span
from compliance.sources.deciding import deciding
from compliance.sources.liquidations import Liquidation
from compliance.sources.margin_book import MarginBook, Place
from compliance.sources.margin_terms import ONE
from compliance.sources.movements import moment_of
from compliance.sources.pools import Borrow, Pool, consents
from compliance.sources.stored import documents, timed
from ledger.store import history

__all__ = ["CLASSES", "Financed", "backed_in_yen", "financed_by", "loss_cuts", "margin_accounts", "margin_orders"]

CLASSES: Final = {
    "retail": "RETAIL",
    "qualified": "QUALIFIED",
    "professional": "PROFESSIONAL",
    "eligible-counterparty": "INSTITUTIONAL",
}
"""A client's class in the registry, in VARA's words; it has none for a professional client, whom no rule lets in."""
_FILLS: Final = text(
    "SELECT DISTINCT market, order_id FROM event WHERE sequence = :at AND kind = 'order-report' AND account = :account "
    "AND document LIKE '[3,%' ORDER BY market, order_id"
)
_FIRST_FILLS: Final = text(
    "SELECT order_id, min(sequence) AS filled FROM event WHERE kind = 'order-report' AND document LIKE '[3,%' "
    "AND market = :market AND sequence >= :first AND sequence <= :last GROUP BY order_id ORDER BY order_id"
)


class Financed:
    """Spot fills that credit paid for: the assets bought so, by account, and of each order who gave the credit."""

    def __init__(self) -> None:
        self.assets: dict[str, set[str]] = {}
        self.orders: dict[int, tuple[Borrow, int]] = {}


def financed_by(session: Session, book: MarginBook, given: Iterable[Borrow]) -> Financed:
    """The fills of each credit that a trade took. Credit of a pool stands before that of the exchange for an order."""
    found = Financed()
    for each in given:
        if each.cause not in ("trade", "order") or not book.is_of(each.account):
            continue
        for name, order in session.connection().execute(_FILLS, {"at": each.sequence, "account": each.account}):
            market = book.markets[name]
            if each.asset not in (market.base, market.quote):
                continue
            bought = market.base if each.asset == market.quote else market.quote
            found.assets.setdefault(each.account, set()).add(bought)
            before = found.orders.get(order)
            if before is None or each.kind == "borrow":
                found.orders[order] = each, each.sequence if before is None else before[1]
    return found


# Accounts.


def margin_accounts(
    book: MarginBook,
    pools: Mapping[str, Pool],
    active: Iterable[str],
    cut: Sequence[Liquidation],
    financed: Financed,
    tokens: frozenset[str],
) -> tuple[Record, ...] | None:
    """The records of `margin.accounts`, values in the unit of account; None where one of them is not known.

    `active`: accounts with credit or trades on margin in the period; `cut`: their liquidations; `tokens`: fiat-
    referenced tokens that the firm states to be eligible collateral.
    """
    funds = _funds(book, pools)
    accounts = {*active, *(each.account for each in cut), *(account for account, _ in book.wallets)}
    places: dict[str, list[Place]] = {}
    for place in sorted(book.wallets):
        places.setdefault(place[0], []).append(place)
    rows: list[Record] = []
    for account in sorted(account for account in accounts if book.is_of(account)):
        figures = _figures(book, places.get(account, []))
        if figures is None or funds is None:
            return None
        exposure, equity, credit = figures
        begun = [each for each in cut if each.account == account]
        ended = [each.ended for each in begun]
        rows.append(
            {
                "id": account, "client_class": CLASSES[book.customer(account).client_class],
                "exposure": exposure, "equity": equity, "credit": credit, "margin_funds": funds, "warned": None,
                "breached": moment_of(min(each.started for each in begun)) if begun else None,
                "closed": moment_of(max(each or 0 for each in ended)) if begun and None not in ended else None,
                "collateral_allowed": _is_allowed(
                    book, places.get(account, []), tokens | financed.assets.get(account, set())
                ),
            }
        )  # fmt: skip
    questions = (
        lambda row: row["client_class"] in ("QUALIFIED", "INSTITUTIONAL"),
        lambda row: -row["credit"],
        lambda row: row["collateral_allowed"],
        lambda row: row["breached"] is None,
    )
    return deciding(rows, questions)


def _funds(book: MarginBook, pools: Mapping[str, Pool]) -> Fraction | None:
    """All funds for margin trading: what is lent to the pools, and what the exchange itself has lent out."""
    values = [book.value(pool.asset, pool.lent + pool.house_debt) for pool in pools.values()]
    known = [value for value in values if value is not None]
    return sum(known, Fraction(0)) if len(known) == len(values) else None


def _figures(book: MarginBook, places: Iterable[Place]) -> tuple[Fraction, Fraction, Fraction] | None:
    """Exposure, equity and credit over an account's wallets."""
    exposure = equity = credit = Fraction(0)
    for place in places:
        health = book.health[place]
        parts = [book.value(asset, quanta) for asset, quanta in book.wallets[place].debts.items()]
        sizes = [book.notional(held) for held in book.wallets[place].positions]
        if health is None or None in parts or None in sizes:
            return None
        owed = sum((part for part in parts if part is not None), Fraction(0))
        credit += owed
        exposure += owed + sum((size for size in sizes if size is not None), Fraction(0))
        equity += Fraction(health.equity, ONE)
    return exposure, equity, credit


def _is_allowed(book: MarginBook, places: Iterable[Place], eligible: Set[str]) -> bool:
    """Whether all that counts as collateral is financed itself, a currency, or an eligible token."""
    allowed, counted = set(eligible), set[str]()
    for place in places:
        wallet = book.wallets[place]
        allowed |= {*wallet.debts, *(book.markets[held.market].base for held in wallet.positions)}
        counted |= {
            asset for asset in wallet.claims if book.in_force.value("collateral.weight", asset, book.position) > 0
        }
    return all(asset in allowed or is_currency(asset) for asset in counted)


# Orders.


def margin_orders(session: Session, book: MarginBook, span: Span, financed: Financed) -> tuple[Record, ...]:
    """The records of `vara.margin.orders`: orders with a fill on margin in the period.

    The margin was paid with the account's newest deposit before the order was placed: the engine takes no order whose
    margin is not there. The main subaccount is where clients' cash is, so that margin has an account of its own only in
    another one.
    """
    filled = {order: sequence for order, (_, sequence) in financed.orders.items()}
    funders = {
        order: "another client" if each.kind == "borrow" else "firm" for order, (each, _) in financed.orders.items()
    }
    for market in book.markets.values():
        if market.kind != "spot":
            values = {"market": market.market, "first": span.first, "last": span.last}
            filled |= {int(order): int(at) for order, at in session.connection().execute(_FIRST_FILLS, values)}
    paid = _deposits(session, span.last)
    rows: list[Record] = []
    for order, at in sorted(filled.items()):
        placed = next((each for each in history.events_of_order(session, order) if each.kind == "order-placed"), None)
        assert placed is not None, "a fill's order was placed"
        account = str(placed.account)
        if not book.is_of(account):
            continue
        positions, times = paid.get(account, ([], []))
        before = bisect_left(positions, placed.sequence)
        rows.append(
            {
                "id": f"order {order}", "account": account, "separate_account": placed.document["subaccount"] != "",
                "funded_by": funders.get(order, "client"),
                "initial_margin_paid": moment_of(times[before - 1]) if before else None,
                "filled": moment_of(_micros(session, at)),
            }
        )  # fmt: skip
    questions = (
        lambda row: row["separate_account"],
        lambda row: row["funded_by"] != "another client",
        lambda row: row["initial_margin_paid"] is not None and row["initial_margin_paid"] < row["filled"],
    )
    return deciding(rows, questions)


def _micros(session: Session, position: int) -> int:
    command = history.command_at(session, position)
    assert command is not None, "an event has its command"
    return command.applied_micros


def _deposits(session: Session, last: int) -> dict[str, tuple[list[int], list[int]]]:
    """Log positions and times of each account's deposits."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    accounts = {
        sequence: account
        for kind in ("deposit-credited", "receipt-assigned")
        for sequence, account, _ in documents(session, kind, last=last)
    }
    for kind in ("deposit-credited", "receipt-assigned"):
        for event in timed(session, kind, 1, last):
            positions, times = found.setdefault(str(accounts[event.sequence]), ([], []))
            positions.append(event.sequence)
            times.append(event.micros)
    return {account: _rising(*dated) for account, dated in found.items()}


def _rising(positions: list[int], times: list[int]) -> tuple[list[int], list[int]]:
    order = sorted(range(len(positions)), key=positions.__getitem__)
    return [positions[at] for at in order], [times[at] for at in order]


# Japan.


def backed_in_yen(book: MarginBook, ratios: Mapping[str, Fraction], *, derivatives: bool) -> tuple[Record, ...] | None:
    """Debts (`jfsa.margin.trades`), or positions (`jfsa.derivatives`), with their part of the equity that backs them.

    `ratios`: the risk assumption ratio of each asset that the firm states. None where a value in yen is not known.
    """
    cross = book.cross("JPY")
    if cross is None or not book.is_known(book.wallets):
        return None
    rows: list[Record] = []
    for place, wallet in sorted(book.wallets.items()):
        health = book.health[place]
        assert health is not None, "asked for before"
        debts = [(asset, asset, book.value(asset, quanta)) for asset, quanta in sorted(wallet.debts.items())]
        positions = [(held.market, book.markets[held.market].base, book.notional(held)) for held in wallet.positions]
        if any(value is None for _, _, value in (*debts, *positions)):
            return None
        whole = sum((value or Fraction(0) for _, _, value in (*debts, *positions)), Fraction(0))
        is_corporate = book.customer(place[0]).client_class == "eligible-counterparty"
        names = ("notional", "margin") if derivatives else ("value", "deposit")
        for what, asset, value in positions if derivatives else debts:
            assert value is not None, "asked for above"
            part = Fraction(health.equity, ONE) * value / whole if whole else Fraction(0)
            rows.append(
                {
                    "id": f"{place_text(place)} {what}", "person": "corporate" if is_corporate else "individual",
                    "asset": asset, names[0]: value / cross, names[1]: part / cross, "risk_ratio": ratios.get(asset),
                }
            )  # fmt: skip
    return deciding(rows, (lambda row: _cover(row, names, "individual"), lambda row: _cover(row, names, "corporate")))


def _cover(row: Record, names: tuple[str, str], person: str) -> tuple[bool, bool, Fraction]:
    """How much of what is asked is there, the least first; of a ratio that is not known the half is asked."""
    value, deposit, ratio = row[names[0]], row[names[1]], row["risk_ratio"]
    assert isinstance(value, Fraction) and isinstance(deposit, Fraction), "values are numbers"
    asked = value * (ratio if isinstance(ratio, Fraction) and person == "corporate" else Fraction(1, 2))
    return row["person"] != person, ratio is not None, deposit / asked if asked else Fraction(10**9)


def place_text(place: Place) -> str:
    """A wallet for readers."""
    return f"{place[0]}/{place[1]}" if place[1] else place[0]


def loss_cuts(session: Session, book: MarginBook, cut: Sequence[Liquidation]) -> Iterator[Record]:
    """The records of `jfsa.loss_cuts`; agreed where the client's consent to margin stood when it began."""
    said = consents(session, "margin", book.position)
    for each in cut:
        if book.is_of(each.account):
            before = [given for sequence, given, _ in said.get(each.account, ()) if sequence < each.position]
            yield {
                "id": f"liquidation {each.number} of {place_text((each.account, each.subaccount))}",
                "triggered": moment_of(each.started),
                "liquidated": None if each.ended is None else moment_of(each.ended),
                "agreed": bool(before) and before[-1],
            }
