"""What the exchange asked of wallets at a log position: terms by which an account is judged, and margin of an opening.

Terms are those of `ledger.margin.risk.assess`, read from the parameters in force; the margin of one position is
notional x max(base, factor x sqrt(notional), 1 / leverage), rounded down, so that no record shows more than was asked.
Source: exchange.md section 2.2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from math import isqrt
from typing import Final, NamedTuple

from compliance.sources.in_force import InForce
from compliance.sources.listed_markets import ListedMarket
from ledger.margin.parameters import SETTLEMENT_ASSET
from ledger.margin.terms import AssetTerms, Haircut, MarginFunction, MarketTerms, Terms
from ledger.trading.market import PPM

__all__ = ["PermissionRow", "initial_margin", "leverage_of", "permitted_leverage", "terms_at"]

_NANO: Final = 10**9


class PermissionRow(NamedTuple):
    """A row of the table of what is permitted, as the event has it."""

    country: str | None
    client_class: str | None
    product: str
    allowed: bool
    leverage: int


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
    """What a position of a notional (units of account) is asked for, rounded down; `leverage` in times."""
    root = Fraction(isqrt(int(notional * _NANO * _NANO)), _NANO)
    share = max(Fraction(function.base_ppm, PPM), Fraction(function.factor_e9, _NANO) * root, Fraction(1, leverage))
    return notional * share


def permitted_leverage(rows: Sequence[PermissionRow], domicile: str, client_class: str, product: str) -> int:
    """The leverage that the most particular row which fits allows, country before class; 1 where none allows any."""
    fitting = [
        row
        for row in rows
        if row.product == product
        and row.country in (None, domicile, domicile.partition("-")[0])
        and row.client_class in (None, client_class)
    ]
    best = max(fitting, key=lambda row: _particular(row, domicile), default=None)
    return max(best.leverage, 1) if best is not None and best.allowed else 1


def _particular(row: PermissionRow, domicile: str) -> tuple[bool, bool, bool]:
    return row.country == domicile, row.country is not None, row.client_class is not None


def leverage_of(own: int, permitted: int, most: int) -> int:
    """The limit that acts on a subaccount: its own, what is permitted, and what the exchange allows anybody."""
    return max(min(own, permitted, most), 1)
