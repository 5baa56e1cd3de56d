"""What the exchange asked of wallets at a log position: terms by which an account is judged, and margin of an opening.

Terms are those of `ledger.margin.risk.assess`, read from the parameters in force; the margin of one position is
notional x max(base, factor x sqrt(notional), 1 / leverage). Source: exchange.md section 2.2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import Final

from compliance.sources.in_force import InForce
from compliance.sources.listed_markets import ListedMarket
from ledger.margin.formulas import requirement
from ledger.margin.parameters import SETTLEMENT_ASSET
from ledger.margin.terms import AssetTerms, Haircut, MarginFunction, MarketTerms, Terms

__all__ = ["ONE", "initial_margin", "terms_at"]

ONE: Final = 10**18
"""Values of the engine for one unit of account."""


def terms_at(
    in_force: InForce,
    position: int,
    scales: Mapping[str, int],
    markets: Iterable[ListedMarket],
    assets: Collection[str],
) -> Terms:
    """The terms of some assets and derivative markets after the command at a position."""

    def value(name: str, scope: str = "") -> int:
        return int(in_force.value(name, scope, position))

    def function(name: str, scope: str) -> MarginFunction:
        return MarginFunction(value(name, scope), value(f"{name}_factor", scope))

    return Terms(
        settlement=str(in_force.value(SETTLEMENT_ASSET, "", position)),
        assets={
            asset: AssetTerms(
                scales[asset],
                Haircut(*(value(f"collateral.{part}", asset) for part in ("weight", "base", "penalty", "limit"))),
                function("borrowing.initial", asset),
                function("borrowing.maintenance", asset),
            )
            for asset in sorted(assets)
        },
        markets={
            market.market: MarketTerms(
                market.unit_quanta,
                function("perpetual.initial", market.market),
                function("perpetual.maintenance", market.market),
            )
            for market in markets
        },
        leverage_max=value("margin.leverage_max"),
        stop_ppm=value("margin.stop"),
        backstop_divisor=value("margin.backstop_divisor"),
        backstop_offset_ppm=value("margin.backstop_offset"),
    )


def initial_margin(notional: Fraction, function: MarginFunction, leverage: int) -> Fraction:
    """What a position of a notional (units of account) is asked for, by the engine's function; `leverage` in times."""
    return max(Fraction(requirement(int(notional * ONE), function), ONE), notional / leverage)
