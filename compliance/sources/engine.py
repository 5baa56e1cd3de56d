"""What the embedded engine is and is not: controls it runs, how it settles, who trades on it.

The table of controls is of this version of the engine; where each is described and tested is its reference. When the
firm has tested one in its own operation, it says so in its register, and that row stands in the place of this one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

from sqlmodel import Session

from compliance.facts import Assurance, Evidence, Fact, Record
from compliance.sources.counted import Fills
from ledger.store import history

__all__ = ["CONTROLS", "engine_facts"]

CONTROLS: Final[tuple[tuple[str, bool, str], ...]] = (
    ("halt-market", True, "docs/guides/exchange.md section 8; ledger/desks/listing.py"),
    ("cancel-all", True, "docs/guides/exchange.md section 8; ledger/desks/customers.py"),
    ("kill-switch", True, "docs/guides/exchange.md section 8: `accounts block`, `cancel-all`"),
    ("suspend-access", True, "docs/guides/exchange.md section 8: `accounts block`"),
    ("cancel-trades", False, "a trade is undone by hand, with two operators' correction; there is no command for it"),
    ("orders-per-second-limit", False, "the door has none per member"),
    ("volatility-halt", False, "arrives with price protection"),
    ("halt-parameters-versioned", True, "docs/spec/parameters.md: every change is a command of the log"),
    ("pre-trade-controls", False, "quantities are limited; prices and values are not yet"),
    ("gateway-balance", False, "one gateway"),
    ("price-collar", False, "arrives with price protection"),
    ("max-order-value", False, "arrives with price protection"),
    ("max-order-volume", True, "docs/decisions/trading-rules.md: a market's greatest quantity"),
    ("intraday-limits", False, "a market's greatest quantity is fixed at its listing"),
    ("override-by-order", True, "there is none: what is beyond a limit is rejected always"),
    ("non-discretionary-execution", True, "docs/decisions/trading-rules.md: price, then time"),
    ("clear-error-rejection", False, "arrives with price protection"),
    ("settlement-rules", True, "docs/spec/engine.md: a fill is posted with the command that made it"),
)
"""Name, whether it is in place, and where to look."""


def engine_facts(
    session: Session, position: int, cut: datetime, house: Collection[str], fills: Iterable[Fills]
) -> list[Fact]:
    """The facts at a cut; `house`: accounts of the firm's own and of those close to it; `fills`: of the last day."""
    command = history.command_at(session, position)
    evidence = (Evidence("command log", f"position {position}", "" if command is None else command.hash.hex()),)
    own, settled = 0, dict[str, int]()
    for row in fills:
        own += row.fills if row.account in house else 0
        settled[row.market] = max(settled.get(row.market, 0), row.newest)
    found: list[tuple[str, Fraction | frozenset[str] | tuple[Record, ...]]] = [
        ("controls", tuple(_controls())),
        ("fees.rewarding_cancels", frozenset()),
        ("eu.house_trades", Fraction(own)),
        ("eu.orders.beyond_limits", Fraction(0)),
        ("eu.overrides", ()),
        ("eu.settlements", tuple(_settlements(session, settled))),
    ]
    return [Fact(name, value, cut, Assurance.CLAIMED, evidence) for name, value in found]


def _controls() -> Iterator[Record]:
    for name, is_in_place, reference in CONTROLS:
        yield {"name": name, "in_place": is_in_place, "tested_on": None, "reference": reference}


def _settlements(session: Session, newest: dict[str, int]) -> Iterator[Record]:
    """A fill is final with its command: the last one of each market in the day stands for all."""
    for market, sequence in sorted(newest.items()):
        command = history.command_at(session, sequence)
        assert command is not None, "a fill has its command"
        moment = datetime.fromtimestamp(command.applied_micros // 1_000_000, UTC)
        yield {"id": f"{market} {moment.date()}", "traded": moment, "settled": moment, "on_chain": False}
