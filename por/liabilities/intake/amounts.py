"""Columns of decimal text to columns of 128-bit integers, a batch at a time.

`ledger.assets.parse_amount` is the rule; the vectorised path takes only texts of the plain form with at most 19 digits
and hands every other one to it, so both give the same number or the same refusal. Cost to meet: 6 million rows of claim
and debt in a few seconds, hence no Python call per plain amount.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.assets import AmountError, AmountReason, parse_amount

__all__ = ["Quanta128", "parse_amounts"]

U64 = NDArray[np.uint64]

DIGITS_FAST_MAX: Final = 19  # 10^19 < 2^64
POWER_FAST_MAX: Final = 19  # 10^19 * 10^19 < 2^127
_POWERS: Final = np.array([10**k for k in range(POWER_FAST_MAX + 1)], dtype=np.uint64)
_LOW32: Final = np.uint64(0xFFFF_FFFF)
_SHIFT32: Final = np.uint64(32)
_ZERO, _POINT, _TEN = np.uint8(48), np.uint8(46), np.uint8(10)


class Quanta128(NamedTuple):
    """A column of amounts in quanta: high and low 64 bits, each u64[n]."""

    high: U64
    low: U64


def parse_amounts(
    texts: Sequence[str], scales: NDArray[np.int64], refuse: Callable[[int, AmountReason], None]
) -> Quanta128:
    """Amounts of `texts` in quanta of 10^-scales[i]; a refused one counts 0 and is told to `refuse` with its index.

    `texts` and `scales` have the same length n; 0 <= scale <= 38.
    """
    assert len(texts) == len(scales), "every amount has its scale"
    if texts[:1] == ["0"] and texts.count("0") == len(texts):  # a column without debts
        return Quanta128(np.zeros(len(texts), np.uint64), np.zeros(len(texts), np.uint64))
    try:
        blob = "".join(texts).encode("ascii")
    except UnicodeEncodeError:
        amounts = Quanta128(np.zeros(len(texts), np.uint64), np.zeros(len(texts), np.uint64))
        slow = np.arange(len(texts))
    else:
        amounts, slow = _parse_plain(blob, np.fromiter(map(len, texts), np.int64, len(texts)), scales)
    for index in slow.tolist():
        try:
            quanta = parse_amount(texts[index], int(scales[index]))
        except AmountError as error:
            refuse(index, error.reason)
        else:
            amounts.high[index], amounts.low[index] = quanta >> 64, quanta & 0xFFFF_FFFF_FFFF_FFFF
    return amounts


def _parse_plain(
    blob: bytes, lengths: NDArray[np.int64], scales: NDArray[np.int64]
) -> tuple[Quanta128, NDArray[np.intp]]:
    """Read the plain amounts of `blob`, which holds all texts end to end; return them and the indices left over."""
    width = min(int(lengths.max(initial=0)), DIGITS_FAST_MAX + 1)
    characters = np.frombuffer(blob + bytes(width + 1), dtype=np.uint8)
    starts = np.cumsum(lengths) - lengths
    value = np.zeros(len(lengths), np.uint64)
    point_at = np.full(len(lengths), -1, np.int64)
    plain = (lengths > 0) & (lengths <= DIGITS_FAST_MAX + 1)
    ten = np.uint64(10)
    for position in range(width):
        character = characters[starts + position]
        inside = lengths > position
        digit = character - _ZERO  # wraps around for whatever stands before "0"
        is_digit = inside & (digit < _TEN)
        is_point = inside & (character == _POINT)
        plain &= is_digit | ~inside | (is_point & (point_at < 0))
        value = np.where(is_digit, value * ten + digit, value)
        point_at[is_point] = position
    decimals = np.where(point_at < 0, 0, lengths - 1 - point_at)
    whole_digits = np.where(point_at < 0, lengths, point_at)
    power = scales - decimals
    plain &= (whole_digits > 0) & ((point_at < 0) | (decimals > 0))
    plain &= (whole_digits + decimals <= DIGITS_FAST_MAX) & (power >= 0) & (power <= POWER_FAST_MAX)
    plain &= (whole_digits == 1) | (characters[starts] != _ZERO)
    value[~plain] = 0
    amounts = _multiply(value, _POWERS[np.where(plain, power, 0)])
    return amounts, np.flatnonzero(~plain)


def _multiply(left: U64, right: U64) -> Quanta128:
    """The 128-bit products of two u64 columns, by 32-bit halves; exact."""
    left_high, left_low = left >> _SHIFT32, left & _LOW32
    right_high, right_low = right >> _SHIFT32, right & _LOW32
    low = left_low * right_low
    middle = left_high * right_low + (low >> _SHIFT32)  # at most (2^32-1)^2 + 2^32-1 < 2^64
    middle_2 = left_low * right_high + (middle & _LOW32)
    high = left_high * right_high + (middle >> _SHIFT32) + (middle_2 >> _SHIFT32)
    return Quanta128(high, (middle_2 << _SHIFT32) | (low & _LOW32))
