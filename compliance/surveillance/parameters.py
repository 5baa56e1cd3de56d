"""The thresholds of every detector, by name. Engineering defaults, not law, but where a field says otherwise.

Times in microseconds, shares in ppm, values in millionths of the unit of account. An alert names the hash of the record
it was found with, so that a threshold cannot be moved behind an alert. Source of the patterns: reference compliance.md
sections 5.3 and 5.4. A threshold is reached at its value ("at least"), but where a field says "more than".
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, NamedTuple

from ledger.canonical import Json, canonical

__all__ = [
    "DAY_US",
    "HOUR_US",
    "MINUTE_US",
    "SECOND_US",
    "STATUS",
    "Limit",
    "SurveillanceParameters",
]

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
STATUS: Final = "engineering default, not law"


class Limit(NamedTuple):
    """An amount of a currency under which reports are dodged, whole units, and what it comes from."""

    amount: int
    currency: str
    source: str


@dataclass(frozen=True, slots=True)
class Structuring:
    """AML-01. Amounts from `near_ppm` of a limit up to and without it, `count_min` of them in a window."""

    windows_us: tuple[int, ...] = (DAY_US, 3 * DAY_US, 7 * DAY_US)
    near_ppm: int = 800_000
    count_min: int = 3
    limits: tuple[Limit, ...] = (
        Limit(10_000, "USD", "31 CFR 1010.311 currency transaction report; V"),
        Limit(3_000, "USD", "31 CFR 1010.410 travel rule; V"),
        Limit(3_500, "AED", "VARA travel rule, comparator disputed; S"),
        Limit(1_000, "EUR", "TFR 2023/1113 self-hosted check; V"),
    )


@dataclass(frozen=True, slots=True)
class RapidInOut:
    """AML-02. Of what came in, how much left within the window, with at most so much traded for each unit in."""

    window_us: int = DAY_US
    inflow_min: int = 5_000_000_000
    out_share_ppm: int = 900_000
    traded_share_max_ppm: int = 100_000


@dataclass(frozen=True, slots=True)
class FanInOut:
    """AML-03. Distinct counterparties in a day against the same person's days before.

    Who has fewer than `baseline_days_min` days has no baseline: `counterparties_min_new` alone is asked of them.
    """

    window_us: int = DAY_US
    baseline_days: int = 30
    baseline_days_min: int = 7
    counterparties_min_new: int = 20
    z_min_ppm: int = 4_000_000
    counterparties_min: int = 8


@dataclass(frozen=True, slots=True)
class Dormancy:
    """AML-04. No activity for so long, then so much of a balance out within the window."""

    silence_us: int = 180 * DAY_US
    window_us: int = DAY_US
    out_share_ppm: int = 800_000


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """AML-05. Deposit, conversion and withdrawal of the same value in another asset, repeated."""

    trip_us: int = 2 * HOUR_US
    value_tolerance_ppm: int = 20_000
    converted_share_ppm: int = 500_000
    repeat_window_us: int = 7 * DAY_US
    trips_min: int = 3


@dataclass(frozen=True, slots=True)
class SharedInstruments:
    """AML-06. One withdrawal address or device with so many unrelated clients."""

    clients_min: int = 3


@dataclass(frozen=True, slots=True)
class TaintedExposure:
    """AML-07. Steps to a tagged address, and the share of a person's transfers that is so near."""

    hops_max: int = 2
    share_min_ppm: int = 100_000


@dataclass(frozen=True, slots=True)
class LargeCoinDay:
    """AML-08. Coin-to-coin value of a person in a day, more than the limit (23 NYCRR 200.15; wording unverified).

    `domiciles`: whom it concerns; a person whose domicile is not known is counted in. `clock_us`: notice after the day.
    """

    limit: Limit = field(
        default_factory=lambda: Limit(10_000, "USD", "23 NYCRR 200.15, notice within 24 hours; unverified wording")
    )
    day_offset_us: int = 0
    with_transfers: bool = True
    domiciles: tuple[str, ...] = ("US-NY",)
    clock_us: int = DAY_US


@dataclass(frozen=True, slots=True)
class Wash:
    """MA-01. Fills with oneself as a share of one's own volume, and their least number."""

    window_us: int = DAY_US
    trades_min: int = 3
    own_share_ppm: int = 100_000


@dataclass(frozen=True, slots=True)
class Circular:
    """MA-02. Rings of members that end where they began, and trade for the most part with each other."""

    window_us: int = HOUR_US
    net_share_max_ppm: int = 50_000
    edge_share_ppm: int = 300_000
    internal_share_ppm: int = 500_000
    members_min: int = 2
    trades_min: int = 6


@dataclass(frozen=True, slots=True)
class Layering:
    """MA-03. Resting volume, all but unfilled, placed before one's own opposite fill and cancelled soon after it.

    `ratio_ppm`: that volume over the larger of the fill and what was placed on the fill's side in the same time.
    """

    lookback_us: int = 30 * SECOND_US
    cancel_within_us: int = 10 * SECOND_US
    ratio_ppm: int = 4_000_000
    filled_share_max_ppm: int = 100_000
    episodes_min: int = 2
    episode_window_us: int = HOUR_US


@dataclass(frozen=True, slots=True)
class QuoteStuffing:
    """MA-04. Messages in a second, their z among all members' seconds, order-to-trade ratio, life of orders."""

    rate_min: int = 40
    z_min_ppm: int = 4_000_000
    order_to_trade_min: int = 50
    life_median_max_us: int = 500_000
    window_us: int = HOUR_US


@dataclass(frozen=True, slots=True)
class Ignition:
    """MA-05. An aggressive burst that moves the price by so many sigma, then passive fills the other way.

    `large_multiple`: the burst over the market's median order.
    """

    gap_us: int = 2 * SECOND_US
    bucket_us: int = 10 * SECOND_US
    sigma_min_ppm: int = 4_000_000
    move_min_ppm: int = 3_000
    fills_min: int = 3
    large_multiple: int = 5
    burst_share_ppm: int = 500_000
    unwind_us: int = 2 * MINUTE_US
    unwind_share_ppm: int = 500_000


@dataclass(frozen=True, slots=True)
class Marking:
    """MA-06. One member's share of the aggressive volume before a fixing or a trigger, a move, and its reversal."""

    close_period_us: int = DAY_US
    window_us: int = 5 * MINUTE_US
    trigger_window_us: int = 10 * SECOND_US
    share_ppm: int = 300_000
    trigger_share_ppm: int = 500_000
    move_min_ppm: int = 5_000
    reversal_ppm: int = 500_000
    reversal_us: int = 15 * MINUTE_US


@dataclass(frozen=True, slots=True)
class Ramping:
    """MA-07. Price up within a window, few buyers, and early holders who sell into it."""

    bar_us: int = HOUR_US
    rise_bars: int = 6
    rise_ppm: int = 250_000
    hhi_min_ppm: int = 150_000
    before_us: int = DAY_US
    after_us: int = DAY_US
    holder_share_ppm: int = 200_000
    distributed_ppm: int = 500_000


@dataclass(frozen=True, slots=True)
class Painting:
    """MA-08. Many small aggressive prints at prices that move one way, by one owner who ends with no more than before.

    `small_ppm`: the median print over the market's.
    """

    window_us: int = 10 * MINUTE_US
    prints_min: int = 20
    small_ppm: int = 500_000
    one_way_share_ppm: int = 800_000
    net_share_max_ppm: int = 300_000


@dataclass(frozen=True, slots=True)
class Insider:
    """MA-09. Profit from before an announcement to after it, in spreads (median deviations) of the controls'."""

    before_us: int = DAY_US
    after_us: int = HOUR_US
    spreads_min: int = 6
    spreads_min_insider: int = 3
    return_min_ppm: int = 20_000
    one_way_ppm: int = 800_000
    controls_min: int = 5


@dataclass(frozen=True, slots=True)
class FrontRunning:
    """MA-10. House or linked aggressive fills just before a large client order of the same side, at a better price."""

    ahead_us: int = 2 * SECOND_US
    large_multiple: int = 10
    repeats_min: int = 3
    window_us: int = DAY_US


@dataclass(frozen=True, slots=True)
class WideSpread:
    """MA-11. Share of sampled moments at which a market maker's own spread was wider than the duty, or had one side.

    "More than" the duty is wide; the duty itself is met.
    """

    sample_us: int = MINUTE_US
    samples_min: int = 30
    breach_share_ppm: int = 100_000


@dataclass(frozen=True, slots=True)
class Defence:
    """MA-12. Large orders again and again at one level that matters to an option or a loan, with the market near it."""

    tolerance_ppm: int = 1_000
    near_ppm: int = 10_000
    large_multiple: int = 10
    orders_min: int = 5
    window_us: int = DAY_US


@dataclass(frozen=True, slots=True)
class SurveillanceParameters:
    """One record for each detector."""

    aml_01: Structuring = field(default_factory=Structuring)
    aml_02: RapidInOut = field(default_factory=RapidInOut)
    aml_03: FanInOut = field(default_factory=FanInOut)
    aml_04: Dormancy = field(default_factory=Dormancy)
    aml_05: RoundTrip = field(default_factory=RoundTrip)
    aml_06: SharedInstruments = field(default_factory=SharedInstruments)
    aml_07: TaintedExposure = field(default_factory=TaintedExposure)
    aml_08: LargeCoinDay = field(default_factory=LargeCoinDay)
    ma_01: Wash = field(default_factory=Wash)
    ma_02: Circular = field(default_factory=Circular)
    ma_03: Layering = field(default_factory=Layering)
    ma_04: QuoteStuffing = field(default_factory=QuoteStuffing)
    ma_05: Ignition = field(default_factory=Ignition)
    ma_06: Marking = field(default_factory=Marking)
    ma_07: Ramping = field(default_factory=Ramping)
    ma_08: Painting = field(default_factory=Painting)
    ma_09: Insider = field(default_factory=Insider)
    ma_10: FrontRunning = field(default_factory=FrontRunning)
    ma_11: WideSpread = field(default_factory=WideSpread)
    ma_12: Defence = field(default_factory=Defence)

    def document(self) -> dict[str, Any]:
        """As JSON, by detector."""
        return {each.name.upper().replace("_", "-"): _plain(asdict(getattr(self, each.name))) for each in fields(self)}

    def hash_of(self, detector: str) -> str:
        """The SHA-256 of one detector's record, hex; `detector` such as `MA-01`."""
        document: dict[str, Json] = {
            "detector": detector,
            "format": "surveillance-parameters/1",
            "parameters": self.document()[detector],
        }
        return hashlib.sha256(canonical(document)).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value
