"""The parameters of margin, settlement and liquidation. Defaults: exchange.md section 11, or as named."""

from __future__ import annotations

from typing import Final

from ledger.parameter_kinds import Looser, Parameter, Scope, Whole, Word
from ledger.trading.market import PPM

__all__ = ["PARAMETERS", "SETTLEMENT_ASSET"]

_PPM: Final = Whole(0, PPM)
_FACTOR: Final = Whole(0, 10**12)
_VALUE: Final = Whole(0, 2**62)
_DAY_S: Final = 86_400
_WEEK_S: Final = 7 * _DAY_S
SETTLEMENT_ASSET: Final = "margin.settlement_asset"

_ACCOUNT: Final = (
    Parameter(
        SETTLEMENT_ASSET, Scope.EXCHANGE, Word("[A-Z0-9][A-Z0-9._-]{0,31}"), "asset", "USDC", Looser.EITHER, "DESIGN.md"
    ),
    Parameter("margin.settlement_every", Scope.EXCHANGE, Whole(1, 3_600), "seconds", 10, Looser.EITHER, "DESIGN.md"),
    Parameter("margin.leverage_max", Scope.EXCHANGE, Whole(1, 100), "times", 20, Looser.UP, "exchange.md 2.1"),
    Parameter(
        "margin.stop",
        Scope.EXCHANGE,
        _PPM,
        "ppm of the way from maintenance to initial",
        500_000,
        Looser.EITHER,
        "ledger.md 4: liquidation end",
    ),
    Parameter(
        "margin.backstop_divisor",
        Scope.EXCHANGE,
        Whole(1, 100),
        "of maintenance",
        2,
        Looser.EITHER,
        "exchange.md 2.3, 11",
    ),
    Parameter(
        "margin.backstop_offset",
        Scope.EXCHANGE,
        _PPM,
        "ppm below maintenance",
        60_000,
        Looser.EITHER,
        "exchange.md 2.3, 11",
    ),
    Parameter(
        "margin.grace",
        Scope.EXCHANGE,
        Whole(0, 3_600),
        "seconds after an outage",
        60,
        Looser.EITHER,
        "DESIGN.md: no liquidation until a stated grace has passed",
    ),
    Parameter(
        "margin.position_max",
        Scope.EXCHANGE,
        _VALUE,
        "units of account, of a subaccount",
        10**9,
        Looser.UP,
        "exchange.md 2.1",
    ),
    Parameter(
        "liquidation.step", Scope.EXCHANGE, Whole(1, PPM), "ppm of a position", 100_000, Looser.EITHER, "exchange.md 6"
    ),
    Parameter(
        "liquidation.fee", Scope.EXCHANGE, Whole(0, 100_000), "ppm of a fill", 10_000, Looser.UP, "exchange.md 6"
    ),
    Parameter(
        "liquidation.every", Scope.EXCHANGE, Whole(1, 600), "seconds between steps", 1, Looser.EITHER, "exchange.md 11"
    ),
    Parameter(
        "liquidation.backstop_fee",
        Scope.EXCHANGE,
        _PPM,
        "ppm of what equity is left, the fund's",
        200_000,
        Looser.UP,
        "exchange.md 6",
    ),
    Parameter(
        "conversion.quote_time",
        Scope.EXCHANGE,
        Whole(0, 600),
        "seconds for makers' quotes",
        5,
        Looser.EITHER,
        "exchange.md 7.3",
    ),
    Parameter(
        "conversion.discount", Scope.EXCHANGE, _PPM, "ppm below the index at most", 20_000, Looser.UP, "own choice"
    ),
)
_ASSET: Final = (
    Parameter(
        "collateral.weight", Scope.ASSET, _PPM, "ppm of value", 0, Looser.UP, "exchange.md 2.4; none until set", _DAY_S
    ),
    Parameter(
        "collateral.base",
        Scope.ASSET,
        Whole(0, 100 * PPM),
        "ppm; 0 for no curve",
        0,
        Looser.EITHER,
        "exchange.md 2.4, 11",
        _DAY_S,
    ),
    Parameter(
        "collateral.penalty",
        Scope.ASSET,
        _FACTOR,
        "10^-9 for one root of a unit",
        0,
        Looser.DOWN,
        "exchange.md 2.4, 11",
        _DAY_S,
    ),
    Parameter(
        "collateral.limit",
        Scope.ASSET,
        _VALUE,
        "units of account that count, of a subaccount",
        2**62,
        Looser.UP,
        "own choice",
        _DAY_S,
    ),
    Parameter(
        "collateral.issued",
        Scope.ASSET,
        Whole(0, 1),
        "1 where the exchange issues the asset itself",
        0,
        Looser.DOWN,
        "DESIGN.md: assets the exchange issues count nothing",
        _DAY_S,
    ),
    Parameter("borrowing.initial", Scope.ASSET, _PPM, "ppm of the debt", 100_000, Looser.DOWN, "exchange.md 1.3, 2.2"),
    Parameter(
        "borrowing.initial_factor",
        Scope.ASSET,
        _FACTOR,
        "10^-9 for one root of a unit",
        60_000,
        Looser.DOWN,
        "exchange.md 11; ledger.md 4: 6e-5",
    ),
    Parameter(
        "borrowing.maintenance", Scope.ASSET, _PPM, "ppm of the debt", 50_000, Looser.DOWN, "exchange.md 2.2", _DAY_S
    ),
    Parameter(
        "borrowing.maintenance_factor",
        Scope.ASSET,
        _FACTOR,
        "10^-9 for one root of a unit",
        30_000,
        Looser.DOWN,
        "exchange.md 11",
        _DAY_S,
    ),
)
_MARKET: Final = (
    Parameter("perpetual.initial", Scope.MARKET, _PPM, "ppm of notional", 50_000, Looser.DOWN, "exchange.md 2.2"),
    Parameter(
        "perpetual.initial_factor",
        Scope.MARKET,
        _FACTOR,
        "10^-9 for one root of a unit",
        60_000,
        Looser.DOWN,
        "exchange.md 11; ledger.md 4: 6e-5",
    ),
    Parameter(
        "perpetual.maintenance", Scope.MARKET, _PPM, "ppm of notional", 25_000, Looser.DOWN, "exchange.md 2.2", _DAY_S
    ),
    Parameter(
        "perpetual.maintenance_factor",
        Scope.MARKET,
        _FACTOR,
        "10^-9 for one root of a unit",
        30_000,
        Looser.DOWN,
        "exchange.md 11",
        _DAY_S,
    ),
    Parameter(
        "perpetual.open_interest_max",
        Scope.MARKET,
        Whole(0, 2**53 - 1),
        "steps, of one side",
        2**53 - 1,
        Looser.UP,
        "exchange.md 7.2",
    ),
    Parameter(
        "perpetual.position_weight",
        Scope.MARKET,
        Whole(0, 100 * PPM),
        "ppm in the position limit",
        PPM,
        Looser.DOWN,
        "exchange.md 7.2",
    ),
    Parameter(
        "perpetual.funding_bound",
        Scope.MARKET,
        Whole(0, 100_000),
        "ppm an hour, either way",
        15_000,
        Looser.UP,
        "exchange.md 4",
    ),
    Parameter(
        "perpetual.mark_bound",
        Scope.MARKET,
        _PPM,
        "ppm of the index, either way",
        50_000,
        Looser.UP,
        "exchange.md 5.2, 11",
    ),
    Parameter(
        "perpetual.mark_cap",
        Scope.MARKET,
        _PPM,
        "ppm an update, either way; 0 for none",
        5_000,
        Looser.UP,
        "exchange.md 5.2",
    ),
    Parameter("perpetual.premium_time", Scope.MARKET, Whole(1, 3_600), "seconds", 300, Looser.EITHER, "DESIGN.md"),
)
PARAMETERS: Final = _ACCOUNT + _ASSET + _MARKET
"""Rows of `ledger.parameters`. Maintenance requirements that rise act only after notice (DESIGN.md)."""
