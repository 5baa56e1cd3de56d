"""What the embedded engine is and is not: controls it runs, halts, how it settles, who trades on it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction

from sqlmodel import Session

from compliance.facts import Assurance, Evidence, Fact, Record
from compliance.sources.counted import Fills, Span
from compliance.sources.in_force import InForce
from compliance.sources.listed_markets import ListedMarket
from compliance.sources.protection import beyond_limits, halts
from compliance.sources.venue_controls import controls_of, markets_in_use
from ledger.store import history

__all__ = ["engine_facts"]


def engine_facts(
    session: Session,
    span: Span,
    cut: datetime,
    house: Collection[str],
    fills: Iterable[Fills],
    in_force: InForce,
    markets: Mapping[str, ListedMarket],
) -> list[Fact]:
    """The facts at a cut; `house`: accounts of the firm's own and of those close to it; `fills`: of the last day."""
    position = span.last
    command = history.command_at(session, position)
    evidence = (Evidence("command log", f"position {position}", "" if command is None else command.hash.hex()),)
    own, settled = 0, dict[str, int]()
    for row in fills:
        own += row.fills if row.account in house else 0
        settled[row.market] = max(settled.get(row.market, 0), row.newest)
    found: list[tuple[str, Fraction | frozenset[str] | tuple[Record, ...]]] = [
        ("controls", tuple(controls_of(in_force, markets_in_use(session, position), position))),
        ("fees.rewarding_cancels", frozenset()),
        ("eu.house_trades", Fraction(own)),
        # The engine takes no order past a limit at anybody's word.
        ("eu.overrides", ()),
        ("eu.settlements", tuple(_settlements(session, settled))),
    ]
    halted = tuple(halts(session, span.first, position, in_force, markets))
    if halted or any(in_force.value("market.breaker_move", market, position) for market in markets):
        # Where no breaker is in force, that nothing was halted says nothing.
        found.append(("eu.halts", halted))
    beyond = beyond_limits(session, span, in_force, markets)
    if beyond is not None:
        found.append(("eu.orders.beyond_limits", beyond))
    return [Fact(name, value, cut, Assurance.CLAIMED, evidence) for name, value in found]


def _settlements(session: Session, newest: dict[str, int]) -> Iterator[Record]:
    """A fill is final with its command: the last one of each market in the day stands for all."""
    for market, sequence in sorted(newest.items()):
        command = history.command_at(session, sequence)
        assert command is not None, "a fill has its command"
        moment = datetime.fromtimestamp(command.applied_micros // 1_000_000, UTC)
        yield {"id": f"{market} {moment.date()}", "traded": moment, "settled": moment, "on_chain": False}
