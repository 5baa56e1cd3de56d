"""The parameters that protect prices in a market. Defaults are those of exchange.md section 5.3 or named otherwise."""

from __future__ import annotations

from typing import Final

from ledger.parameter_kinds import Looser, Parameter, Range, Scope, Whole
from ledger.trading.market import PPM, QUANTITY_STEPS_MAX

__all__ = ["PARAMETERS"]

_UP_TO: Final = Whole(PPM, 1_000 * PPM)

PARAMETERS: Final = (
    Parameter(
        "market.mean_mark_band",
        Scope.MARKET,
        Range(Whole(0, PPM), _UP_TO),
        "ppm of the 5-minute mean mark",
        (900_000, 1_150_000),
        Looser.WIDER,
        "exchange.md 5.3",
    ),
    Parameter(
        "market.premium_tolerance",
        Scope.MARKET,
        Whole(0, PPM),
        "ppm beyond the 5-minute mean premium; 0: none",
        0,
        Looser.EITHER,
        "exchange.md 5.3",
    ),
    Parameter(
        "market.discovery_band",
        Scope.MARKET,
        Range(Whole(0, PPM), Whole(0, 1_000 * PPM)),
        "ppm of the index; 0 and 0: none",
        (0, 0),
        Looser.EITHER,
        "exchange.md 5.3",
    ),
    Parameter(
        "market.order_value_max",
        Scope.MARKET,
        Whole(1, 2**63 - 1),
        "quanta of the quote asset",
        2**63 - 1,
        Looser.UP,
        "compliance.md: maximum order value",
    ),
    Parameter(
        "market.order_volume_max",
        Scope.MARKET,
        Whole(1, QUANTITY_STEPS_MAX),
        "steps",
        QUANTITY_STEPS_MAX,
        Looser.UP,
        "compliance.md: maximum order volume",
    ),
    Parameter(
        "market.breaker_move",
        Scope.MARKET,
        Whole(0, PPM),
        "ppm within the window; 0 for none",
        0,
        Looser.EITHER,
        "compliance.md: trading halts",
    ),
    Parameter("market.breaker_window", Scope.MARKET, Whole(1, 86_400), "seconds", 300, Looser.EITHER, "own choice"),
    Parameter("market.auction_time", Scope.MARKET, Whole(1, 86_400), "seconds", 120, Looser.EITHER, "own choice"),
)
"""Rows of `ledger.parameters`."""
