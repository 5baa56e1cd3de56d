"""Every parameter of the exchange in one table, what is in force, and how long a change of it must wait.

Rules:
1. A parameter has a scope: the exchange, one market, one asset, or one parameter (its lock). What was never set has the
   table's default; there is no other source of a value.
2. A change that loosens waits out the parameter's lock as it stood when the change was given; a change of a lock waits
   out the lock itself. A change that loosens on one side and tightens on the other waits as a whole.
3. A change that tightens acts at once, but where the parameter asks for notice.
4. While the exchange has no account there is nobody to protect, and nothing waits.
5. A new parameter is one line of the table; desks read `value(name, scope)` when they need it, or `watch` it.

Source: DESIGN.md "The log and the hour"; defaults name their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from ledger.canonical import Digest, Json, Tag, canonical, tagged_hash
from ledger.errors import FormatError
from ledger.lending import parameters as lending
from ledger.margin import parameters as margin
from ledger.markets import parameters as markets
from ledger.parameter_kinds import Kind, Looser, Parameter, Range, Scope, Tiers, Value, Whole, Word
from ledger.trading.fees import FeeTier
from ledger.trading.market import PPM, PRICE_TICKS_MAX, QUANTITY_STEPS_MAX

__all__ = [
    "LOCK",
    "PARAMETERS",
    "SECOND_MICROS",
    "UNIT_OF_ACCOUNT",
    "Change",
    "Kind",
    "Looser",
    "Parameter",
    "Parameters",
    "Range",
    "Scope",
    "Tiers",
    "Value",
    "Whole",
    "Word",
]

SECOND_MICROS: Final = 1_000_000
LOCK: Final = "parameters.lock"
UNIT_OF_ACCOUNT: Final = "prices.unit_of_account"
_DAY_S: Final = 86_400
_RATE: Final = Whole(0, PPM)
_QUANTA_MAX: Final = 2**63 - 1
_QUANTA: Final = Whole(0, _QUANTA_MAX)
_UP_TO: Final = Whole(PPM, 1_000 * PPM)
_SPOT_TIERS: Final = (FeeTier(0, 800, 1_000), FeeTier(100_000, 700, 900))

_TABLE: Final = (
    Parameter(LOCK, Scope.PARAMETER, Whole(3_600, 90 * _DAY_S), "seconds", 2 * _DAY_S, Looser.DOWN, "own choice"),
    Parameter(
        UNIT_OF_ACCOUNT, Scope.EXCHANGE, Word("[A-Z]{3}"), "ISO 4217 code", "USD", Looser.EITHER, "exchange.md 7.4"
    ),
    Parameter("fees.tiers", Scope.EXCHANGE, Tiers(), "units, ppm, ppm", _SPOT_TIERS, Looser.EITHER, "exchange.md 7.4"),
    Parameter("fees.referrer_share", Scope.EXCHANGE, _RATE, "ppm", 100_000, Looser.EITHER, "exchange.md 7.4"),
    Parameter(
        "market.price",
        Scope.MARKET,
        Range(Whole(1, PRICE_TICKS_MAX), Whole(1, PRICE_TICKS_MAX)),
        "ticks",
        (1, PRICE_TICKS_MAX),
        Looser.WIDER,
        "the whole grid; the bands bound it",
    ),
    Parameter(
        "market.quantity",
        Scope.MARKET,
        Range(Whole(1, QUANTITY_STEPS_MAX), Whole(1, QUANTITY_STEPS_MAX)),
        "steps",
        (1, 1),
        Looser.WIDER,
        "the listing says it",
    ),
    Parameter(
        "market.limit_band",
        Scope.MARKET,
        Range(_RATE, _UP_TO),
        "ppm of the active price",
        (750_000, 1_250_000),
        Looser.WIDER,
        "exchange.md 5.3",
    ),
    Parameter(
        "market.impact_band",
        Scope.MARKET,
        Range(_RATE, _UP_TO),
        "ppm of the best price",
        (970_000, 1_030_000),
        Looser.WIDER,
        "exchange.md 5.3",
    ),
    Parameter(
        "market.notional_min",
        Scope.MARKET,
        Whole(1, 2**63 - 1),
        "quanta of the quote asset",
        1,
        Looser.DOWN,
        "exchange.md 5.3",
    ),
    Parameter(
        "market.open_orders_max",
        Scope.MARKET,
        Whole(1, 100_000),
        "orders of a subaccount",
        1_000,
        Looser.UP,
        "own choice",
    ),
    Parameter("prices.staleness", Scope.ASSET, Whole(1, _DAY_S), "seconds", 60, Looser.UP, "exchange.md 5.1, 11"),
    Parameter("prices.sources_min", Scope.ASSET, Whole(1, 20), "feeds", 2, Looser.DOWN, "exchange.md 5.1, 11"),
    Parameter("prices.jump", Scope.ASSET, _RATE, "ppm of the feed's last price", 50_000, Looser.UP, "exchange.md 11"),
    Parameter(
        "prices.cap",
        Scope.ASSET,
        _RATE,
        "ppm of the reference for each second; 0 for none",
        0,
        Looser.EITHER,
        "exchange.md 5.2",
    ),
    Parameter("prices.spread", Scope.ASSET, _RATE, "ppm of the median", 10_000, Looser.UP, "exchange.md 5.1"),
    Parameter("crosses.staleness", Scope.EXCHANGE, Whole(1, 7 * _DAY_S), "seconds", 3 * _DAY_S, Looser.UP, "a weekend"),
    Parameter("crosses.sources_min", Scope.EXCHANGE, Whole(1, 20), "feeds", 1, Looser.DOWN, "own choice"),
    Parameter(
        "crosses.jump", Scope.EXCHANGE, _RATE, "ppm of the feed's last price", 50_000, Looser.UP, "exchange.md 11"
    ),
    Parameter("crosses.spread", Scope.EXCHANGE, _RATE, "ppm of the median", 10_000, Looser.UP, "exchange.md 5.1"),
    Parameter("withdrawals.fee", Scope.ASSET, _QUANTA, "quanta", 0, Looser.UP, "a higher fee is news to customers"),
    Parameter("withdrawals.minimum", Scope.ASSET, Whole(1, _QUANTA_MAX), "quanta", 1, Looser.DOWN, "own choice"),
    Parameter("withdrawals.one_operator_from", Scope.ASSET, _QUANTA, "quanta", 0, Looser.UP, "own choice: all of them"),
    Parameter("withdrawals.two_operators_from", Scope.ASSET, _QUANTA, "quanta", _QUANTA_MAX, Looser.UP, "own choice"),
    Parameter(
        "withdrawals.daily_limit", Scope.ASSET, _QUANTA, "quanta of a customer", _QUANTA_MAX, Looser.UP, "own choice"
    ),
    Parameter("withdrawals.listed_only", Scope.ASSET, Whole(0, 1), "1 for yes", 0, Looser.DOWN, "exchange.md 7.5"),
    Parameter(
        "withdrawals.destination_delay",
        Scope.EXCHANGE,
        Whole(3_600, 90 * _DAY_S),
        "seconds",
        _DAY_S,
        Looser.DOWN,
        "exchange.md 7.5",
    ),
)

PARAMETERS: Final[Mapping[str, Parameter]] = MappingProxyType(
    {entry.name: entry for entry in (*_TABLE, *lending.PARAMETERS, *margin.PARAMETERS, *markets.PARAMETERS)}
)
"""The table by name."""


class Change(NamedTuple):
    """A value for one parameter in one scope."""

    name: str
    scope: str
    value: Value


Guard: TypeAlias = Callable[[str, Mapping[str, Value]], str | None]
"""Why a scope is not there, or may not have these values beside the others in force; None if it may."""
Watcher: TypeAlias = Callable[[str, str], None]
"""Told the name and the scope of a value that has changed."""


class Parameters:
    """What is in force. The desk of parameters changes it; desks that own scopes guard them."""

    def __init__(self, table: Mapping[str, Parameter] = PARAMETERS) -> None:
        self.table = table
        self.guards: dict[Scope, Guard] = {
            Scope.EXCHANGE: lambda scope, _: "wrong-scope" if scope else None,
            Scope.PARAMETER: lambda scope, _: None if scope in table and scope != LOCK else "wrong-scope",
        }
        self._set: dict[tuple[str, str], Value] = {}
        self._watchers: list[Watcher] = []

    def value(self, name: str, scope: str = "") -> Value:
        """The value in force; the table's default where none was set."""
        found = self._set.get((name, scope))
        return self.table[name].default if found is None else found

    def watch(self, watcher: Watcher) -> None:
        """Have `watcher` told of every value that changes."""
        self._watchers.append(watcher)

    def read(self, name: str, scope: str, given: Any) -> Change:
        """What is given for a parameter, as a change; raises FormatError with the reason's code."""
        entry = self.table.get(name)
        if entry is None:
            raise FormatError("unknown-parameter")
        problem = self.guards[entry.scope](scope, {})
        if problem is not None:
            raise FormatError(problem)
        return Change(name, scope, entry.kind.read(given))

    def problem(self, changes: Sequence[Change]) -> str | None:
        """Why the scopes may not have all of these values at once, or None."""
        places: dict[tuple[Scope, str], dict[str, Value]] = {}
        for name, scope, value in changes:
            places.setdefault((self.table[name].scope, scope), {})[name] = value
        for (kind, scope), values in places.items():
            problem = self.guards[kind](scope, values)
            if problem is not None:
                return problem
        return None

    def wait_us(self, change: Change) -> int:
        """Microseconds that a change has to wait, as things stand now."""
        entry, old = self.table[change.name], self.value(change.name, change.scope)
        if change.value == old:
            return 0
        seconds = entry.notice_s
        if entry.looser.loosens(old, change.value):
            seconds = self.value(LOCK, change.scope if change.name == LOCK else change.name)
        return int(seconds) * SECOND_MICROS

    def begin(self, name: str, scope: str, value: Value) -> None:
        """The first value in a scope that is being listed; nobody is told."""
        assert (name, scope) not in self._set, "a listing begins once"
        self._set[name, scope] = value

    def put(self, changes: Sequence[Change]) -> None:
        """Put values in force that have no problem, all of them, and then tell the watchers of each."""
        for name, scope, value in changes:
            self._set[name, scope] = value
        for name, scope, _ in changes:
            for watcher in self._watchers:
                watcher(name, scope)

    def json(self, change: Change) -> Json:
        """A change's value as it stands in JSON."""
        return self.table[change.name].kind.write(change.value)

    def document(self) -> dict[str, Json]:
        """Everything in force: the defaults by name, and what was set, by name and scope."""
        return {
            "defaults": {name: entry.kind.write(entry.default) for name, entry in self.table.items()},
            "set": [
                [name, scope, self.table[name].kind.write(value)] for (name, scope), value in sorted(self._set.items())
            ],
        }

    def hash(self) -> Digest:
        """H(3b, canonical JSON of `document`)."""
        return tagged_hash(Tag.ENGINE_PARAMETERS, canonical(self.document()))

    def restore(self, document: Any) -> None:
        """Take what was set from `document`; watchers read it when they are restored themselves."""
        assert not self._set, "a state is taken into an empty one"
        for name, scope, value in document["set"]:
            self._set[name, scope] = self.table[name].kind.read(frozen(value))


def frozen(given: Json) -> Any:
    """Lists as tuples, all the way down: how a value is given to `Kind.read`."""
    return tuple(map(frozen, given)) if isinstance(given, list) else given
