"""Fees in parts per million of the notional, in quote, exact.

A fee accrues on the whole order and is rounded once: after each fill the order has been charged the ceiling of what
accrued so far. Customers so pay rounded up and receive rebates rounded down, an order of many small fills pays no more
than one of a single fill, and a hold of the greatest fee always suffices. What the referrer's share leaves as a
fraction goes to the house's dust account by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ledger.trading.market import PPM, MarketRefused

__all__ = ["FeeRates", "FeeSchedule", "FeeSplit", "FeeTier", "charged_quanta", "div_ceil", "split_fee"]


def div_ceil(numerator: int, denominator: int) -> int:
    """The least integer not below the quotient; of a negative one, towards zero."""
    return -(-numerator // denominator)


class FeeRates(NamedTuple):
    """What an account pays as maker and as taker, ppm of the notional; a negative maker rate is a rebate."""

    maker_ppm: int
    taker_ppm: int


class FeeTier(NamedTuple):
    """Rates from a volume on; `volume_min` is in whatever unit the schedule's volume is measured in."""

    volume_min: int
    maker_ppm: int
    taker_ppm: int


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Tiers by rising volume, the first from 0. No rebate is above the least taker fee, so the house never pays net.

    Raises MarketRefused.
    """

    tiers: tuple[FeeTier, ...]
    referrer_share_ppm: int = 0

    def __post_init__(self) -> None:
        volumes = [tier.volume_min for tier in self.tiers]
        rules = (
            (bool(self.tiers) and volumes[:1] == [0], "the first fee tier does not start at volume 0"),
            (volumes == sorted(set(volumes)), "fee tiers do not rise by volume"),
            (all(0 <= tier.taker_ppm <= PPM for tier in self.tiers), "a taker fee is outside 0 to 1"),
            (all(tier.maker_ppm <= PPM for tier in self.tiers), "a maker fee is above 1"),
            (
                min((tier.maker_ppm for tier in self.tiers), default=0)
                + min((tier.taker_ppm for tier in self.tiers), default=0)
                >= 0,
                "a maker's rebate is above the least taker fee",
            ),
            (0 <= self.referrer_share_ppm <= PPM, "the referrer's share is outside 0 to 1"),
        )
        problems = [problem for holds, problem in rules if not holds]
        if problems:
            raise MarketRefused(problems)

    def rates(self, volume: int) -> FeeRates:
        """The rates of an account with this volume: those of the last tier that it reaches."""
        assert volume >= 0, "a volume has no sign"
        reached = [tier for tier in self.tiers if tier.volume_min <= volume]
        return FeeRates(reached[-1].maker_ppm, reached[-1].taker_ppm)


def charged_quanta(fee_numerator: int) -> int:
    """Quanta charged in all for an accrued fee of `fee_numerator` ppm-quanta: rounded up, against the customer."""
    return div_ceil(fee_numerator, PPM)


class FeeSplit(NamedTuple):
    """Where one charged fee goes. The three sum to the fee."""

    house_quanta: int
    referrer_quanta: int
    dust_quanta: int


def split_fee(net_fee_quanta: int, referrer_share_ppm: int) -> FeeSplit:
    """Split what a fill left the house after its rebate. A referrer shares in a gain and never in a loss."""
    if net_fee_quanta <= 0 or not referrer_share_ppm:
        return FeeSplit(net_fee_quanta, 0, 0)
    referrer: int = net_fee_quanta * referrer_share_ppm // PPM
    house: int = net_fee_quanta * (PPM - referrer_share_ppm) // PPM
    return FeeSplit(house, referrer, net_fee_quanta - house - referrer)
