"""All detectors over a log: alerts, what could not run and why, and which log positions were read.

`run_detectors(log, inputs, parameters)` is a pure function of its arguments; the order and the size of the log's
batches do not matter. The result is one canonical JSON document; its hash is what a fact cites as evidence.
Cost: one pass over the markets, one market in memory at a time, about 25 s for ten million events on two cores
(`tests/benchmarks/surveillance.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import polars as pl

from compliance.surveillance.alerts import NOT_YET, Alert, NotRun, Span
from compliance.surveillance.detectors import aml_links, aml_money, ma_orders, ma_others, ma_prices, ma_trades
from compliance.surveillance.frames import Make, MarketFrames, with_cluster
from compliance.surveillance.inputs import HOUSE_RELATIONS, Inputs
from compliance.surveillance.log import EventLog
from compliance.surveillance.parameters import DAY_US, STATUS, SurveillanceParameters
from ledger.canonical import canonical

__all__ = ["DETECTORS", "MODEL_VERSION", "SurveillanceResult", "run_detectors"]

LEFT_OUT: Final = "nothing: it was left out as asked"
MODEL_VERSION: Final = 1
"""Counts up with every change that gives other alerts for the same log and thresholds."""

DETECTORS: Final = tuple([f"AML-{n:02d}" for n in range(1, 9)] + [f"MA-{n:02d}" for n in range(1, 13)])
_ON_MARKETS: Final[tuple[tuple[str, Callable[[MarketFrames, Any, Make], Iterable[Alert]]], ...]] = (
    ("MA-01", ma_trades.wash_trades),
    ("MA-02", ma_trades.circular_trades),
    ("MA-03", ma_orders.layering),
    ("MA-04", ma_orders.quote_stuffing),
    ("MA-05", ma_prices.momentum_ignition),
    ("MA-06", ma_prices.marked_prices),
    ("MA-06", ma_prices.marked_triggers),
    ("MA-07", ma_prices.ramping),
    ("MA-08", ma_trades.painted_tape),
    ("MA-09", ma_others.insider_trades),
    ("MA-10", ma_others.front_running),
    ("MA-11", ma_orders.wide_spreads),
    ("MA-12", ma_orders.defended_levels),
)
_MARKET_NAMES: Final = sorted({detector for detector, _ in _ON_MARKETS})
STEPS_MAX: Final = 2**62
"""Of all orders of a market together: sums of them are made in 64 bits."""


@dataclass(frozen=True, slots=True)
class SurveillanceResult:
    """What one run found. `spans`: the log positions that were read; more than one means that positions are missing."""

    alerts: tuple[Alert, ...]
    not_run: tuple[NotRun, ...]
    spans: tuple[Span, ...]
    order_events: int
    money_events: int
    parameters: SurveillanceParameters

    @property
    def gaps(self) -> list[Span]:
        """The positions between the first and the last one read that were not."""
        pairs = zip(self.spans, self.spans[1:], strict=False)
        return [Span(before.last + 1, after.first - 1) for before, after in pairs]

    @property
    def ran(self) -> list[str]:
        """The detectors that ran, with all their parts or some."""
        whole = {each.detector for each in self.not_run if not each.part}
        return [detector for detector in DETECTORS if detector not in whole]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "format": "surveillance-result/1",
            "alerts": [{"id": alert.id, **alert.document()} for alert in self.alerts],
            "coverage": {
                "gaps": [list(span) for span in self.gaps],
                "money_events": self.money_events,
                "order_events": self.order_events,
                "spans": [list(span) for span in self.spans],
            },
            "model_version": MODEL_VERSION,
            "not_run": [each.document() for each in self.not_run],
            "parameters": {"status": STATUS, "values": self.parameters.document()},
            "ran": self.ran,
        }

    def data(self) -> bytes:
        """The canonical bytes of the document."""
        return canonical(self.document())

    def hash(self) -> str:
        """Their SHA-256, hex: what a fact cites as evidence."""
        return hashlib.sha256(self.data()).hexdigest()


def run_detectors(
    log: EventLog,
    inputs: Inputs | None = None,
    parameters: SurveillanceParameters | None = None,
    only: Collection[str] = DETECTORS,
) -> SurveillanceResult:
    """Run every detector that has its inputs; each that has not is named, and so is each left out by `only`."""
    assert set(only) <= set(DETECTORS), "detectors are known by their names"
    inputs, parameters = inputs or Inputs(), parameters or SurveillanceParameters()
    money = with_cluster(log.money(), inputs, "account", "cluster")
    missing = [*_missing(inputs, parameters), *_missing_in_log(log, money, inputs, parameters)]
    missing += [NotRun(detector, LEFT_OUT) for detector in DETECTORS if detector not in only]
    skipped = {each.detector for each in missing if not each.part}
    gathered = _Gathered(money)
    alerts: list[Alert] = []
    for market in log.markets:
        frames = MarketFrames(market, log.market(market), inputs)
        gathered.add(frames, parameters)
        if frames.steps_total >= STEPS_MAX:
            missing += [NotRun(name, "sums of quantities below 2^62 steps", market) for name in _MARKET_NAMES]
            continue
        for detector, find in _ON_MARKETS:
            if detector not in skipped:
                alerts += find(frames, _record(parameters, detector), _maker(parameters, detector))
    alerts += _on_money(gathered, inputs, parameters, skipped)
    alerts.sort(key=lambda alert: (alert.detector, alert.market or "", alert.first, alert.last, alert.id))
    return SurveillanceResult(
        tuple(alerts), tuple(missing), tuple(log.spans), gathered.order_events, money.height, parameters
    )


def _record(parameters: SurveillanceParameters, detector: str) -> Any:
    return getattr(parameters, detector.lower().replace("-", "_"))


def _maker(parameters: SurveillanceParameters, detector: str) -> Make:
    return partial(Alert.of, detector, MODEL_VERSION, parameters.hash_of(detector))


class _Gathered:
    """What the account detectors need of the markets, kept small: days of activity, some accounts' fills."""

    def __init__(self, money: pl.DataFrame) -> None:
        self.money, self.order_events = money, 0
        self._movers = aml_money.movers(money)
        self._traded: list[pl.DataFrame] = []
        self._days = [_days_of(money)]
        self._coin_trades: list[pl.DataFrame] = []

    def add(self, m: MarketFrames, parameters: SurveillanceParameters) -> None:
        """Take what one market says."""
        self.order_events += m.size
        # An expiry or a trigger is no act of the account's.
        self._days.append(_days_of(m.events.filter(~pl.col("kind").is_in([7, 10]))))
        fills = m.fills.filter(pl.col("account").is_in(self._movers) & pl.col("value").is_not_null())
        self._traded.append(fills.select("cluster", "time", "value"))
        facts = (m.inputs.markets or {}).get(m.market)
        if facts is not None and not facts.base_is_fiat and not facts.quote_is_fiat:
            offset = parameters.aml_08.day_offset_us
            self._coin_trades.append(
                m.fills.filter(pl.col("value").is_not_null())
                .group_by("account", "cluster", ((pl.col("time") + offset) // DAY_US).alias("day"))
                .agg(*_COIN_TRADE_SUMS)
            )

    @property
    def traded(self) -> pl.DataFrame:
        """The fills of whoever moved money in and out."""
        empty = self.money.select("cluster", "time", "value").clear()
        return pl.concat([empty, *self._traded]).sort("cluster", "time")

    @property
    def activity(self) -> pl.DataFrame:
        """The first and last time of each account and day."""
        return pl.concat(self._days)

    @property
    def coin_trades(self) -> pl.DataFrame:
        """The value of coin-to-coin fills by account and day."""
        empty = self.money.clear().group_by("account", "cluster", (pl.col("time") // DAY_US).alias("day"))
        return pl.concat([empty.agg(*_COIN_TRADE_SUMS), *self._coin_trades])


_COIN_TRADE_SUMS: Final = (
    pl.col("value").cast(pl.Int128).sum(),
    pl.col("sequence").min().alias("first"),
    pl.col("sequence").max().alias("last"),
    pl.col("time").min().alias("start"),
    pl.col("time").max().alias("end"),
)


def _days_of(events: pl.DataFrame) -> pl.DataFrame:
    days = events.group_by("account", pl.col("time") // DAY_US).agg(
        pl.col("time").min().alias("first"), pl.col("time").max().alias("last")
    )
    return days.drop("time").drop_nulls("account")


def _on_money(
    gathered: _Gathered, inputs: Inputs, parameters: SurveillanceParameters, skipped: set[str]
) -> Iterator[Alert]:
    money, p, make = gathered.money, parameters, partial(_maker, parameters)
    if not money.height and not gathered.order_events:
        return
    runs: dict[str, Callable[[], Iterable[Alert]]] = {
        "AML-01": lambda: aml_money.structuring(money, inputs, p.aml_01, make("AML-01")),
        "AML-02": lambda: aml_money.rapid_in_out(money, gathered.traded, p.aml_02, make("AML-02")),
        "AML-03": lambda: aml_links.fan_in_out(money, p.aml_03, make("AML-03")),
        "AML-04": lambda: aml_money.dormancy_breaks(money, gathered.activity, inputs, p.aml_04, make("AML-04")),
        "AML-05": lambda: aml_money.round_trips(money, gathered.traded, p.aml_05, make("AML-05")),
        "AML-06": lambda: aml_links.shared_instruments(money, inputs, p.aml_06, make("AML-06")),
        "AML-07": lambda: aml_links.tainted_exposure(money, inputs, p.aml_07, make("AML-07")),
        "AML-08": lambda: aml_money.large_coin_days(
            money, gathered.coin_trades, inputs, p.aml_08, make("AML-08")
        ),
    }  # fmt: skip
    for detector, run in runs.items():
        if detector not in skipped:
            yield from run()


def _missing(inputs: Inputs, parameters: SurveillanceParameters) -> Iterator[NotRun]:
    """What no input was given for."""
    for limit in parameters.aml_01.limits:
        if limit.currency not in inputs.rates:
            yield NotRun("AML-01", f"a rate of {limit.currency}", f"limit of {limit.amount} {limit.currency}")
    if inputs.devices is None:
        yield NotRun("AML-06", "devices of accounts", "devices")
    if inputs.tagged_addresses is None:
        yield NotRun("AML-07", "tagged addresses")
    elif inputs.chain_transfers is None and parameters.aml_07.hops_max > 1:
        yield NotRun("AML-07", "transfers between addresses on the chain", "more than one hop")
    if inputs.fiat_assets is None or inputs.markets is None:
        yield NotRun("AML-08", "which assets and markets are of coins")
    elif parameters.aml_08.limit.currency not in inputs.rates:
        yield NotRun("AML-08", f"a rate of {parameters.aml_08.limit.currency}")
    if inputs.fixings is None:
        yield NotRun("MA-06", "times of index and reference fixings", "fixings other than the daily close")
    yield NotRun("MA-06", NOT_YET, "benefit in derivatives")
    if inputs.announcements is None:
        yield NotRun("MA-09", "times of announcements")
    elif inputs.accounts is None:
        yield NotRun("MA-09", "relations of accounts", "lower threshold for staff and affiliates")
    if inputs.accounts is None or not inputs.are_owners_known:
        for detector in ("MA-01", "MA-02", "MA-08"):
            yield NotRun(detector, "beneficial owners of accounts", "accounts of one owner under several names")
    if inputs.accounts is None:
        yield NotRun("MA-10", "relations of accounts")
    elif not inputs.accounts_with(HOUSE_RELATIONS):
        yield NotRun("MA-10", "an account of the house, an affiliate or staff")
    if inputs.obligations is None:
        yield NotRun("MA-11", "duties of market makers")
    if inputs.levels is None:
        yield NotRun("MA-12", "strikes and liquidation prices")


def _missing_in_log(
    log: EventLog, money: pl.DataFrame, inputs: Inputs, parameters: SurveillanceParameters
) -> Iterator[NotRun]:
    """What the log itself does not say."""
    unpriced = money.filter(pl.col("value").is_null())
    for asset, count in sorted(unpriced.group_by("asset").len().rows()):
        for detector in ("AML-01", "AML-02", "AML-05", "AML-07", "AML-08"):
            yield NotRun(detector, f"a price of {asset}", f"{count} movements of {asset}")
    for kinds, word in ((aml_money.INFLOW, "senders of deposits"), (aml_money.OUTFLOW, "addresses of withdrawals")):
        flows = money.filter(pl.col("kind").is_in(kinds))
        unknown = flows["address"].null_count()
        if unknown:
            for detector in ("AML-03", "AML-07", *(("AML-06",) if kinds == aml_money.OUTFLOW else ())):
                yield NotRun(detector, word, f"{unknown} of {flows.height} movements")
    if inputs.last_activity is None and not _is_long(log, money, parameters.aml_04.silence_us):
        yield NotRun("AML-04", "a log as long as the silence, or the last activity before it")


def _is_long(log: EventLog, money: pl.DataFrame, silence_us: int) -> bool:
    ends = [(money["time"].min(), money["time"].max())] if money.height else []
    for market in log.markets:
        ends.append(log.times(market))
    if not ends:
        return False
    first, last = min(start for start, _ in ends), max(end for _, end in ends)  # type: ignore[type-var]  # integers
    return int(last) - int(first) >= silence_us  # type: ignore[arg-type]  # integers
