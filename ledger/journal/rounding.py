"""Rounding with a name: every division of money says which way it goes, and nothing is divided in any other way.

In the books rounding is against the customer: credits and what the customer receives use `div_floor`, debits and what
the customer owes use `div_ceil`; what is left over is posted to the DUST account of the same entity and asset, by
`split_floor`, so that it never vanishes. In published figures it is against the exchange. Source: DESIGN.md, law 3.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Split", "div_ceil", "div_floor", "mul_div_ceil", "mul_div_floor", "split_floor"]


class Split(NamedTuple):
    """Parts of one amount, and the dust that their rounding left; parts and dust add up to the amount."""

    parts: tuple[int, ...]
    dust: int


def div_floor(numerator: int, denominator: int) -> int:
    """The greatest integer not above numerator/denominator; the denominator is positive, the numerator any sign."""
    assert denominator > 0, "money is divided by a positive number"
    return numerator // denominator


def div_ceil(numerator: int, denominator: int) -> int:
    """The least integer not below numerator/denominator; the denominator is positive, the numerator any sign."""
    assert denominator > 0, "money is divided by a positive number"
    return -(-numerator // denominator)


def mul_div_floor(amount: int, multiplier: int, denominator: int) -> int:
    """amount * multiplier / denominator, rounded down once, at the end."""
    return div_floor(amount * multiplier, denominator)


def mul_div_ceil(amount: int, multiplier: int, denominator: int) -> int:
    """amount * multiplier / denominator, rounded up once, at the end."""
    return div_ceil(amount * multiplier, denominator)


def split_floor(amount: int, weights: tuple[int, ...]) -> Split:
    """`amount` (quanta, not negative) shared by weight, each part rounded down; the rest is dust.

    The dust is less than one quantum for each part. Weights are not negative and at least one is positive.
    """
    assert amount >= 0 and all(weight >= 0 for weight in weights), "amounts and weights are not negative"
    total = sum(weights)
    parts = tuple(mul_div_floor(amount, weight, total) for weight in weights)
    dust = amount - sum(parts)
    assert 0 <= dust < max(len(weights), 1), "dust is less than one quantum a part"
    return Split(parts, dust)
