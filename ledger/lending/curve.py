"""What borrowing costs: a curve over utilisation with a kink, gentle below the optimum and steep above it.

Rates are in 10^-9 a year, rounded up once. Source: exchange.md 1.1.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ledger.trading.market import PPM

__all__ = ["RATE_UNIT", "YEAR_US", "Curve", "interest_ceil"]

RATE_UNIT: Final = 10**9
YEAR_US: Final = 365 * 24 * 3_600_000_000
"""exchange.md 1.2: hourly = principal * APR / 365 / 24."""
_PPM_RATE: Final = RATE_UNIT // PPM


class Curve(NamedTuple):
    """Yearly rates at no utilisation, at the optimum and at all lent out, and the optimum; all in ppm."""

    base_ppm: int
    at_optimal_ppm: int
    at_full_ppm: int
    optimal_ppm: int

    def rate(self, borrowed: int, lent: int) -> int:
        """The rate that borrowers pay at a utilisation of borrowed over lent; above one it stays as at one."""
        base, middle, top, optimal = self
        if borrowed <= 0 or lent <= 0:
            return base * _PPM_RATE
        borrowed = min(borrowed, lent)
        # All over lent: u = borrowed / lent, the kink at optimal / PPM.
        if borrowed * PPM <= optimal * lent:
            return -(-_PPM_RATE * (base * optimal * lent + (middle - base) * borrowed * PPM) // (optimal * lent))
        over, width = borrowed * PPM - optimal * lent, (PPM - optimal) * lent
        return -(-_PPM_RATE * (middle * width + (top - middle) * over) // width)


def interest_ceil(principal: int, rate: int, micros: int) -> int:
    """Simple interest on quanta for a time, rounded up: what is owed is never less than was agreed."""
    return -(-principal * rate * micros // (RATE_UNIT * YEAR_US))
