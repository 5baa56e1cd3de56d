"""Retail clients' derivatives as the EU's rules on CFDs ask for them: openings, accounts, and who lost money.

Every perpetual contract and dated future counts, as one on crypto-assets, whose limit is the strictest. Retail is who
the registry says so at the cut. An account is a subaccount: margin is by it. Money is in euro at the reference rate of
the cut; without one nothing is said.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from sqlmodel import Session

from compliance.facts import Record
from compliance.sources.counted import Span
from compliance.sources.deciding import deciding
from compliance.sources.liquidations import Liquidation
from compliance.sources.margin import place_text
from compliance.sources.margin_book import MarginBook, Place
from compliance.sources.margin_terms import ONE, initial_margin
from compliance.sources.marks import last_mark
from compliance.sources.movements import moment_of
from compliance.sources.stored import documents
from ledger.margin.terms import MarginFunction

__all__ = ["CFD_CLASS", "cfd_accounts", "cfd_openings", "results_of", "share_of_losers"]

CFD_CLASS: Final = "crypto"
_EURO: Final = "EUR"


def is_retail(book: MarginBook, account: str) -> bool:
    """Whether an account of the entity is a retail client's."""
    return book.is_of(account) and book.customer(account).client_class == "retail"


def _required(book: MarginBook, place: Place, market: str, notional: Fraction, position: int) -> Fraction:
    """The initial margin that a position was asked for after the command at a log position, units of account."""
    function = MarginFunction(
        book.in_force.value("perpetual.initial", market, position),
        book.in_force.value("perpetual.initial_factor", market, position),
    )
    return initial_margin(notional, function, book.leverage(place, position))


def cfd_openings(session: Session, book: MarginBook, span: Span) -> tuple[Record, ...] | None:
    """Trades of the period by which retail clients opened or enlarged a position, with the margin asked for that part.

    The requirement is that of the whole position as it then stood, in proportion to the part.
    """
    cross = book.cross(_EURO)
    if cross is None:
        return None
    rows: list[Record] = []
    for sequence, account, document in documents(session, "position-moved", span.first, last=span.last):
        if account is None or not is_retail(book, account):
            continue
        event = json.loads(document)
        size, change, market = int(event["size"]), int(event["size_change"]), book.markets[event["market"]]
        opened = min(abs(size), abs(change)) if size * change > 0 else 0
        if event["cause"] != "trade" or not opened:
            continue
        price = int(event["price"]) * market.unit_quanta
        notional, whole = book.value(market.quote, opened * price), book.value(market.quote, abs(size) * price)
        if notional is None or whole is None:
            return None
        place = (event["account"], event["subaccount"])
        margin = _required(book, place, event["market"], whole, sequence) * Fraction(opened, abs(size))
        rows.append(
            {
                "id": f"{place_text(place)} {event['market']} at {sequence}", "class": CFD_CLASS,
                "notional": notional / cross, "margin": margin / cross,
            }
        )  # fmt: skip
    return deciding(rows, (lambda row: row["margin"] / row["notional"] if row["notional"] else Fraction(1),))  # type: ignore[operator]  # numbers


def cfd_accounts(book: MarginBook, cut: Sequence[Liquidation]) -> tuple[Record, ...] | None:
    """Retail subaccounts with a derivative position at the cut, and the liquidations that ended in the period.

    Of a liquidation that ended the equity is what its last step left.
    """
    cross = book.cross(_EURO)
    if cross is None:
        return None
    rows: list[Record] = []
    for place, wallet in sorted(book.wallets.items()):
        if not wallet.positions or not is_retail(book, place[0]):
            continue
        health, required = book.health[place], Fraction(0)
        for held in wallet.positions:
            notional = book.notional(held)
            if notional is None:
                return None
            required += _required(book, place, held.market, notional, book.position)
        if health is None:
            return None
        equity = Fraction(health.equity, ONE)
        rows.append(_account(place_text(place), equity / cross, required / cross, None))
    for each in cut:
        if each.ended is not None and is_retail(book, each.account):
            name = f"{place_text((each.account, each.subaccount))} liquidation {each.number}"
            equity, required = Fraction(each.equity, ONE), Fraction(each.initial, ONE)
            rows.append(_account(name, equity / cross, required / cross, each.ended))
    return deciding(
        rows,
        (
            lambda row: (row["closed"] is not None, row["equity"] - row["required_margin"] / 2),  # type: ignore[operator]  # numbers
            lambda row: (row["closed"] is None, row["equity"]),
        ),
    )


def _account(name: str, equity: Fraction, required: Fraction, ended: int | None) -> Record:
    return {
        "id": name, "equity": equity, "required_margin": required,
        "closed": None if ended is None else moment_of(ended),
    }  # fmt: skip


# Who lost money.


@dataclass(slots=True)
class _Result:
    """A position's way through the window: signed steps, quanta won so far, and the funding index it stands at."""

    size: int = 0
    won: Fraction = Fraction(0)
    index: Fraction = Fraction(0)
    is_active: bool = False


_RATE: Final = 10**12


def share_of_losers(session: Session, book: MarginBook, first: int) -> Fraction | None:
    """The share of retail accounts, in per cent, that lost money on derivatives from a log position up to the cut.

    None where no retail account had a position, or a mark is lacking.
    """
    totals = results_of(session, book, first)
    if not totals:
        return None
    return Fraction(100 * sum(total < 0 for total in totals.values()), len(totals))


def results_of(session: Session, book: MarginBook, first: int) -> dict[Place, Fraction] | None:
    """What each retail account won on derivatives from a log position up to the cut, units of the quote asset.

    What fills brought and cost, less fees and funding, with what is open at its mark; what was open before counts from
    the mark then. None where a mark is lacking.
    """
    results: dict[tuple[str, str, str], _Result] = {}
    indices: dict[str, Fraction] = {}
    for sequence, event in _moves(session, book.position):
        name = event["market"]
        market = book.markets[name]
        if "rate" in event:
            # A long pays rate x mark x unit for each step; a short receives it.
            paid = Fraction(int(event["rate"]) * int(event["mark"]) * market.unit_quanta, _RATE)
            indices[name] = indices.get(name, Fraction(0)) + (paid if sequence >= first else 0)
            continue
        if not is_retail(book, event["account"]):
            continue
        found = results.setdefault((name, event["account"], event["subaccount"]), _Result())
        if sequence >= first:
            if not found.is_active and found.size and not _begin(session, market.unit_quanta, name, found, first):
                return None
            found.is_active = True
            index = indices.get(name, Fraction(0))
            found.won -= found.size * (index - found.index)
            found.index = index
            found.won -= int(event["size_change"]) * int(event["price"]) * market.unit_quanta + int(event["fee"])
        found.size = int(event["size"])
    totals: dict[Place, Fraction] = {}
    for (name, account, subaccount), found in results.items():
        market, mark = book.markets[name], book.marks.get(name)
        if not found.is_active and not found.size:
            continue
        if not found.is_active and not _begin(session, market.unit_quanta, name, found, first):
            return None
        if found.size and mark is None:
            return None
        found.won -= found.size * (indices.get(name, Fraction(0)) - found.index)
        worth = found.size * (mark or 0) * market.unit_quanta
        total = (found.won + worth) / 10**market.quote_scale
        totals[account, subaccount] = totals.get((account, subaccount), Fraction(0)) + total
    return totals


def _begin(session: Session, unit_quanta: int, market: str, found: _Result, first: int) -> bool:
    """Let a position of before the window stand at the mark then; whether there was one."""
    mark = last_mark(session, market, first - 1)
    if mark is None:
        return False
    found.won -= found.size * mark * unit_quanta
    return True


def _moves(session: Session, last: int) -> Iterator[tuple[int, Any]]:
    """Moves of positions and fundings, in the order of the log."""
    # Fundings are few and read at once: one session has one reading of a server's cursor at a time.
    funded = [*documents(session, "funding-set", last=last)]
    moved = documents(session, "position-moved", last=last)
    for sequence, _, document in heapq.merge(funded, moved, key=lambda row: row[0]):
        yield sequence, json.loads(document)
