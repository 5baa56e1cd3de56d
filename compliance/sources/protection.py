"""Price protection as it acted: halts by the circuit breaker, and orders beyond a limit that were let in after all.

A halt is one that the engine called by itself. Its reference price is that of the last trade before the command that
halted the market, or of a market without trades its last mark; its parameters are those of the breaker, each with the
log position that put it in force.

An order is beyond a limit where what of it rested, or one fill of it, has more steps than `market.order_volume_max` or
the upper end of `market.quantity`, or more value than `market.order_value_max`, as in force at that command. Bands move
with the market and are not replayed here: replay of the log does it. Where no market had such a limit nothing is said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import text
from sqlmodel import Session

from compliance.facts import Record
from compliance.sources.counted import Span
from compliance.sources.in_force import InForce
from compliance.sources.listed_markets import ListedMarket
from compliance.sources.marks import last_mark
from compliance.sources.movements import moment_of
from compliance.sources.stored import timed
from ledger.parameters import PARAMETERS
from ledger.trading.market import QUANTITY_STEPS_MAX
from ledger.trading.reports import Kind

__all__ = ["beyond_limits", "halts"]

_BREAKER: Final = ("market.breaker_move", "market.breaker_window")
_VALUE_MAX: Final = PARAMETERS["market.order_value_max"].default
_LAST_TRADE: Final = text(
    "SELECT document FROM event WHERE kind = 'order-report' AND market = :market AND side = 0 "
    "AND document LIKE '[3,%' AND sequence < :before ORDER BY sequence DESC, place DESC LIMIT 1"
)
_NUMBER: Final = {
    "sqlite": "CAST(json_extract(document, '$[{at}]') AS INTEGER)",
    "postgresql": "CAST(CAST(document AS json) ->> {at} AS numeric)",
}
_PRICE_AT: Final = {Kind.RESTED: 2, Kind.TRADED: 4}
"""Where a report has its price; its quantity follows."""


def halts(
    session: Session, first: int, last: int, in_force: InForce, markets: Mapping[str, ListedMarket]
) -> Iterator[Record]:
    """Halts that began in the positions, oldest first; one that goes on has no end."""
    ends: dict[str, list[tuple[int, int]]] = {}
    for event in timed(session, "auction-held", first, last):
        ends.setdefault(json.loads(event.document)["market"], []).append((event.sequence, event.micros))
    for event in timed(session, "market-halted", first, last):
        facts = json.loads(event.document)
        market = facts["market"]
        ended = next((micros for sequence, micros in ends.get(market, []) if sequence >= event.sequence), None)
        window = in_force.value("market.breaker_window", market, event.sequence)
        yield {
            "id": f"{market} at {event.sequence}", "market": market, "began": moment_of(event.micros),
            "ended": None if ended is None else moment_of(ended),
            "reason": f"circuit breaker: a move of {facts['move']} ppm within {window} s",
            "reference_price": _last_price(session, markets[market], event.sequence),
            "parameters": _parameters(in_force, market, event.sequence),
        }  # fmt: skip


def _last_price(session: Session, market: ListedMarket, before: int) -> Fraction | None:
    document = session.connection().execute(_LAST_TRADE, {"market": market.market, "before": before}).scalar()
    if document is not None:
        return market.price(json.loads(document)[_PRICE_AT[Kind.TRADED]])
    mark = last_mark(session, market.market, before - 1)
    return None if mark is None else market.price(mark)


def _parameters(in_force: InForce, market: str, position: int) -> str | None:
    """The breaker's parameters with their version; None where it was switched off, which halts nothing."""
    if not in_force.value("market.breaker_move", market, position):
        return None
    words = []
    for name in _BREAKER:
        since = in_force.since(name, market, position)
        version = f"of command {since}" if since else "by default"
        words.append(f"{name} {in_force.value(name, market, position)} {version}")
    return ", ".join(words)


def beyond_limits(
    session: Session, span: Span, in_force: InForce, markets: Mapping[str, ListedMarket]
) -> Fraction | None:
    """How many orders of the last day are beyond a limit; None where no market had a limit of size."""
    orders: set[int] = set()
    has_limit = False
    for market in markets.values():
        for first, last, steps_max, value_max in _intervals(in_force, market.market, span):
            if steps_max >= QUANTITY_STEPS_MAX and value_max >= _VALUE_MAX:
                continue
            has_limit = True
            for kind in _PRICE_AT:
                for order, row in _large(session, kind, market, (first, last), steps_max, value_max):
                    price, steps = row[_PRICE_AT[kind] : _PRICE_AT[kind] + 2]
                    if steps > steps_max or price * steps * market.unit_quanta > value_max:
                        orders.add(order)
    return Fraction(len(orders)) if has_limit else None


def _intervals(in_force: InForce, market: str, span: Span) -> Iterator[tuple[int, int, int, int]]:
    """First and last position, greatest steps and greatest value of each stretch of the day without a change."""
    names = ("market.order_volume_max", "market.quantity", "market.order_value_max")
    starts = {low for name in names for low, _, _ in in_force.changes(name, market, span.day, span.last)}
    rising = sorted(starts)
    for low, high in zip(rising, [*(each - 1 for each in rising[1:]), span.last], strict=True):
        volume = in_force.value("market.order_volume_max", market, low)
        if in_force.since("market.quantity", market, low):
            volume = min(volume, in_force.value("market.quantity", market, low)[1])
        yield low, high, volume, in_force.value("market.order_value_max", market, low)


def _large(
    session: Session, kind: Kind, market: ListedMarket, span: tuple[int, int], steps_max: int, value_max: int
) -> Iterator[tuple[int, list[int]]]:
    """Orders and reports that may be beyond: the database's own numbers are floats where they are wide."""
    connection = session.connection()
    place, number = _PRICE_AT[kind], _NUMBER[connection.dialect.name]
    price, steps = number.format(at=place), number.format(at=place + 1)
    query = text(
        "SELECT order_id, document FROM event WHERE kind = 'order-report' AND market = :market "
        f"AND document LIKE '[{int(kind)},%' AND sequence >= :first AND sequence <= :last "
        f"AND ({steps} > :steps OR {price} * 1.0 * {steps} >= :value)"
    )
    values: dict[str, Any] = {
        "market": market.market, "first": span[0], "last": span[1], "steps": steps_max,
        "value": 0.999 * (value_max // market.unit_quanta),
    }  # fmt: skip
    for order, document in connection.execute(query, values):
        yield int(order), json.loads(document)
