"""What the exchange asks of a wallet: haircuts, margin functions and limits, as plain integers read from parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["AssetTerms", "Haircut", "MarginFunction", "MarketTerms", "Terms"]


class Haircut(NamedTuple):
    """How much of an asset's value counts: `weight_ppm`, or less for much of it where `base_ppm` is not 0.

    w(x) = min(weight, base / (1 + penalty * sqrt(x))), x the value in units of account, penalty in 10^-9 for one root
    of a unit. Source: exchange.md 2.4. `limit`: units of account that count at most.
    """

    weight_ppm: int
    base_ppm: int
    penalty_e9: int
    limit: int


class MarginFunction(NamedTuple):
    """max(base, factor * sqrt(n)), n the notional in units of account; base in ppm, factor in 10^-9.

    Source: exchange.md 2.2.
    """

    base_ppm: int
    factor_e9: int


class AssetTerms(NamedTuple):
    """An asset as collateral and as debt; `scale` of its quantum."""

    scale: int
    haircut: Haircut
    initial: MarginFunction
    maintenance: MarginFunction


class MarketTerms(NamedTuple):
    """A derivative market: `unit_quanta` of the settlement asset for one tick times one step, and its requirements."""

    unit_quanta: int
    initial: MarginFunction
    maintenance: MarginFunction


class Terms(NamedTuple):
    """Everything in force that an account is judged by. `settlement`: the asset in which profit is paid.

    `stop_ppm`: the level at which liquidation stops, in ppm of the way from maintenance to initial.
    """

    settlement: str
    assets: Mapping[str, AssetTerms]
    markets: Mapping[str, MarketTerms]
    leverage_max: int
    stop_ppm: int
    backstop_divisor: int
    backstop_offset_ppm: int
