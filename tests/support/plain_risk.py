"""A plain, slow, obvious risk calculator: the formulas of exchange.md section 2 in rational numbers.

Roots are irrational, so every figure is a bracket (low, high) that holds the true number; a bracket is exact where no
root takes part. Values are in units of account, not in 10^-18. Written from the formulas, not from the code it judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isqrt
from typing import NamedTuple

from ledger.margin.risk import AccountView
from ledger.margin.terms import Haircut, MarginFunction, Terms

Bracket = tuple[Fraction, Fraction]
FINE = 10**30
ZERO: Bracket = (Fraction(0), Fraction(0))


def root(value: Fraction) -> Bracket:
    """Two numbers 10^-30 apart with the root between them, by exact comparison."""
    low = isqrt(value.numerator * FINE * FINE // value.denominator)
    bounds = Fraction(low, FINE), Fraction(low + 1, FINE)
    assert bounds[0] ** 2 <= value < bounds[1] ** 2
    return bounds


def add(*many: Bracket) -> Bracket:
    return sum((each[0] for each in many), Fraction(0)), sum((each[1] for each in many), Fraction(0))


def counted(value: Fraction, haircut: Haircut) -> Bracket:
    """exchange.md 2.4: the value up to the limit, times min(weight, base / (1 + penalty sqrt(value)))."""
    value = min(value, Fraction(haircut.limit))
    weight = Fraction(haircut.weight_ppm, 10**6)
    if value <= 0 or not haircut.base_ppm:
        return (max(value, Fraction(0)) * weight,) * 2
    low, high = root(value)
    base, penalty = Fraction(haircut.base_ppm, 10**6), Fraction(haircut.penalty_e9, 10**9)
    return value * min(weight, base / (1 + penalty * high)), value * min(weight, base / (1 + penalty * low))


def required(notional: Fraction, function: MarginFunction) -> Bracket:
    """exchange.md 2.2: n max(base, factor sqrt(n))."""
    low, high = root(notional)
    base, factor = Fraction(function.base_ppm, 10**6), Fraction(function.factor_e9, 10**9)
    return notional * max(base, factor * low), notional * max(base, factor * high)


class Plain(NamedTuple):
    collateral: Bracket
    profit: Fraction
    liabilities: Fraction
    exposure: Fraction
    initial: Bracket
    maintenance: Bracket
    stop: Bracket
    backstop: Bracket


def judge(view: AccountView, terms: Terms, prices: Mapping[str, int], marks: Mapping[str, int]) -> Plain:
    """exchange.md 2.3, where every price is there."""

    def worth(quanta: int, asset: str) -> Fraction:
        return Fraction(quanta, 10 ** terms.assets[asset].scale) * Fraction(prices[asset], 10**18)

    collateral = add(
        *(counted(worth(line.claim, line.asset), terms.assets[line.asset].haircut) for line in view.assets)
    )
    liabilities = sum((worth(line.debt, line.asset) for line in view.assets), Fraction(0))
    profit = worth(view.unsettled, terms.settlement) + sum(
        worth(line.size * marks[line.market] * terms.markets[line.market].unit_quanta - line.basis, terms.settlement)
        for line in view.positions
    )
    with_orders: list[tuple[Fraction, MarginFunction]] = []
    bare: list[tuple[Fraction, MarginFunction, MarginFunction]] = []
    for line in view.assets:
        by = terms.assets[line.asset]
        with_orders.append((worth(line.debt + line.potential, line.asset), by.initial))
        bare.append((worth(line.debt, line.asset), by.initial, by.maintenance))
    for position in view.positions:
        market = terms.markets[position.market]
        one = worth(marks[position.market] * market.unit_quanta, terms.settlement)
        worst = max(abs(position.size), abs(position.size + position.bids), abs(position.size - position.asks))
        with_orders.append((worst * one, market.initial))
        bare.append((abs(position.size) * one, market.initial, market.maintenance))
    times = min(view.leverage, terms.leverage_max)
    exposure = sum((notional for notional, _ in with_orders), Fraction(0))
    bare_exposure = sum((notional for notional, _, _ in bare), Fraction(0))
    initial = at_least(add(*(required(*each) for each in with_orders)), exposure / times)
    bare_initial = at_least(add(*(required(notional, by) for notional, by, _ in bare)), bare_exposure / times)
    maintenance = add(*(required(notional, by) for notional, _, by in bare))
    part = Fraction(terms.stop_ppm, 10**6)
    # Liquidation never stops before it began: where initial is below maintenance, at maintenance.
    stop = tuple(m + max(Fraction(0), i - m) * part for m, i in zip(maintenance, bare_initial, strict=True))
    offset = bare_exposure * Fraction(terms.backstop_offset_ppm, 10**6)
    backstop = tuple(max(m / terms.backstop_divisor, m - offset) for m in maintenance)
    return Plain(
        collateral, profit, liabilities, exposure, initial, maintenance, (stop[0], stop[1]), (backstop[0], backstop[1])
    )


def at_least(bracket: Bracket, floor: Fraction) -> Bracket:
    return max(bracket[0], floor), max(bracket[1], floor)
