"""The formulas of the wallet in exact integers. Values are 10^-18 of the unit of account.

Each is rounded once, at its end: what counts for the account down, what it must hold up. A square root is an integer
root of the value itself, so that sqrt(value / 10^18) is known to 10^-9.
"""

from __future__ import annotations

from math import isqrt
from typing import Final

from ledger.margin.terms import Haircut, MarginFunction
from ledger.trading.market import PPM

__all__ = ["backstop_level", "collateral_value", "debt_value", "requirement", "stop_level", "value_ceil"]

UNIT: Final = 10**18
E9: Final = 10**9
_ROOT: Final = 10**9
"""sqrt(UNIT): the integer root of a value is in 10^-9 of the root of a unit."""
_ROOT_BITS: Final = 64


def _root_ceil(value: int) -> int:
    root = isqrt(value)
    return root if root * root == value else root + 1


def value_ceil(quanta: int, scale: int, price: int) -> int:
    """What `quanta` are worth, rounded up."""
    value: int = -(-quanta * price // 10**scale)
    return value


def collateral_value(value: int, haircut: Haircut) -> int:
    """What of a value counts as collateral: w(x) x with w(x) = min(weight, base / (1 + penalty sqrt(x))).

    exchange.md 2.4. With x counted up to `limit`. x / (1 + k sqrt(x)) rises with x, so more never counts less; so that
    rounding keeps that, the root is taken to 2^-64. Where x grows by one, the result grows by at least 1/2x of itself
    before it is rounded, and the root, rounded up, takes at most 2^-64 / sqrt(x) of it: less than that up to 2^124.
    """
    weight, base, penalty, limit = haircut
    if not weight or value <= 0:
        return 0
    counted = min(value, limit * UNIT)
    assert counted < 2**124, "a limit is below 2^62 units"
    flat = counted * weight // PPM
    if not base:
        return flat
    # base / PPM * x / (1 + penalty/10^9 * root/10^9), one division; the root up, so that less counts.
    one = E9 * _ROOT << _ROOT_BITS
    curved = counted * base * one // (PPM * (one + penalty * _root_ceil(counted << 2 * _ROOT_BITS)))
    return min(flat, curved)


def requirement(notional: int, function: MarginFunction) -> int:
    """n max(base, factor sqrt(n)), rounded up: exchange.md 2.2."""
    base, factor = function
    flat = -(-notional * base // PPM)
    if not factor:
        return flat
    root = isqrt(notional)
    if root * root != notional:
        root += 1
    rooted = -(-notional * factor * root // UNIT)
    return rooted if rooted > flat else flat


def debt_value(quanta: int, scale: int, price: int) -> int:
    """What a debt counts: its full value, rounded up."""
    return value_ceil(quanta, scale, price)


def stop_level(maintenance: int, initial: int, stop_ppm: int) -> int:
    """Where liquidation stops: between maintenance and initial (ledger.md 4, liquidation end), rounded up."""
    return maintenance + -(-max(0, initial - maintenance) * stop_ppm // PPM)


def backstop_level(maintenance: int, exposure: int, divisor: int, offset_ppm: int) -> int:
    """Below this equity positions go to the backstop: max(MMF / divisor, MMF - offset) times exposure.

    exchange.md 2.3 (ACMF), rounded down: the book gets the benefit of the doubt.
    """
    return max(maintenance // divisor, maintenance - exposure * offset_ppm // PPM)
