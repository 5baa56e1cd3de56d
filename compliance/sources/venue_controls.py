"""Which controls the embedded engine has in place at a cut: those it always runs, and those its parameters switch on.

A control of prices, values, volumes or volatility is in place only where the parameters in force make it act in every
market that is not closed (in every market, where all are closed). A venue without markets has none of them. Names are
the words of the rules that ask (`compliance/regimes`). When the firm has tested a control in its own operation, its
register says so beside: a control is in place if neither denies it, and was tested when the later one says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from sqlmodel import Session

from compliance.facts import Record
from compliance.sources.in_force import InForce
from compliance.sources.stored import documents
from ledger.parameters import LOCK, PARAMETERS, Value
from ledger.trading.market import PPM, QUANTITY_STEPS_MAX

__all__ = ["ALWAYS", "BY_MARKET", "controls_of", "markets_in_use"]

ALWAYS: Final[tuple[tuple[str, bool, str], ...]] = (
    ("halt-market", True, "docs/guides/exchange.md section 8; ledger/desks/listing.py"),
    ("cancel-all", True, "docs/guides/exchange.md section 8; ledger/desks/customers.py"),
    ("kill switch", True, "docs/guides/exchange.md section 8: `accounts block`, `cancel-all`"),
    ("suspension of access", True, "docs/guides/exchange.md section 8: `accounts block`"),
    ("cancellation of trades", False, "a trade is undone by hand, with two operators' correction; no command does it"),
    ("orders per second limited by member", False, "the door has no limit per member"),
    ("halt parameters kept by version", True, "docs/spec/parameters.md: every change is a command of the log"),
    ("balanced gateways", False, "one gateway"),
    ("override for named orders only", True, "there is none: what is beyond a limit is rejected always"),
    ("execution without discretion", True, "docs/decisions/trading-rules.md: price, then time"),
    ("rules of settlement", True, "docs/spec/engine.md: a fill is posted with the command that made it"),
)
"""What no parameter switches: name, whether it is in place, and where to look."""

_VALUE_MAX: Final = PARAMETERS["market.order_value_max"].default
_BAND_MAX: Final = 1_000 * PPM
_DAY_S: Final = 86_400

Acts = Callable[[InForce, str, int], bool]


def _collar(in_force: InForce, market: str, position: int) -> bool:
    """Limit prices are bounded on both sides."""
    low, high = in_force.value("market.limit_band", market, position)
    return bool(low > 0 and high < _BAND_MAX)


def _sized(in_force: InForce, market: str, position: int) -> bool:
    """A greatest quantity of an order below the greatest there can be, by its own limit or the market's range."""
    _, largest = in_force.value("market.quantity", market, position)
    is_ranged = in_force.since("market.quantity", market, position) > 0 and largest < QUANTITY_STEPS_MAX
    return bool(is_ranged or in_force.value("market.order_volume_max", market, position) < QUANTITY_STEPS_MAX)


def _valued(in_force: InForce, market: str, position: int) -> bool:
    return bool(in_force.value("market.order_value_max", market, position) < _VALUE_MAX)


def _halted(in_force: InForce, market: str, position: int) -> bool:
    return bool(in_force.value("market.breaker_move", market, position) > 0)


def _all_limits(in_force: InForce, market: str, position: int) -> bool:
    return all(acts(in_force, market, position) for acts in (_collar, _valued, _sized))


BY_MARKET: Final[Mapping[str, tuple[Acts, str]]] = {
    "price collar": (_collar, "market.limit_band"),
    "greatest order value": (_valued, "market.order_value_max"),
    "greatest order volume": (_sized, "market.order_volume_max, market.quantity"),
    "pre-trade controls": (_all_limits, "market.limit_band, market.order_value_max, market.order_volume_max"),
    "rejection of clearly wrong orders": (_collar, "market.limit_band"),
    "volatility halt": (_halted, "market.breaker_move"),
}
"""What parameters of each market switch on: whether it acts there, and by which parameters."""

_RESET: Final = ("market.limit_band", "market.order_value_max", "market.order_volume_max")


def markets_in_use(session: Session, position: int) -> tuple[str, ...]:
    """The markets that are not closed at a position; where all are, every one."""
    states: dict[str, str] = {}
    for kind in ("market-listed", "derivative-listed"):
        for _, _, document in documents(session, kind, last=position):
            states[json.loads(document)["market"]] = "closed"
    for _, _, document in documents(session, "market-state-set", last=position):
        event = json.loads(document)
        if event["market"] is not None:
            states[event["market"]] = event["state"]
    in_use = [market for market, state in states.items() if state != "closed"]
    return tuple(sorted(in_use or states))


def controls_of(in_force: InForce, markets: Collection[str], position: int) -> Iterator[Record]:
    """The records of the fact `controls`; `markets` as in `markets_in_use`."""
    for name, is_in_place, reference in ALWAYS:
        yield _control(name, is_in_place, reference)
    for name, (acts, parameters) in BY_MARKET.items():
        without = [market for market in markets if not acts(in_force, market, position)]
        where = f"not in {', '.join(without)}" if without else f"in {len(markets)} markets"
        yield _control(name, bool(markets) and not without, f"{parameters}, as in force at {position}: {where}")
    locks: dict[str, Value] = {name: in_force.value(LOCK, name, position) for name in _RESET}
    slow = [f"{name} waits {seconds} s" for name, seconds in locks.items() if seconds >= _DAY_S]
    words = "; ".join(slow) or "within the day"
    yield _control("limits set anew during the day", not slow, f"a tighter limit acts at once, a wider one: {words}")


def _control(name: str, is_in_place: bool, reference: str) -> Record:
    return {"name": name, "in_place": is_in_place, "tested_on": None, "reference": reference}
