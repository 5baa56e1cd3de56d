"""Sums of 128-bit columns over runs of rows: a customer's lines to their leaf, a tree's leaves to its totals.

Amounts are u8[n, 32]: claim and debt, 16 bytes each, big-endian, as the leaf hashes them. Claims are added to claims
and debts to debts, each addition checked. Cost to meet: 6 million lines in well under a second, and nothing at all
where every leaf has one line.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["AMOUNTS_WIDTH", "sum_runs"]

AMOUNTS_WIDTH: Final = 32
_LIMBS: Final = 4  # of 32 bits, in each of claim and debt
_LIMB_BITS: Final = np.uint64(32)
_LIMB_MASK: Final = np.uint64(0xFFFF_FFFF)


def sum_runs(
    amounts: NDArray[np.uint8], offsets: NDArray[np.uint64], *, limit_bits: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Sum rows offsets[i] to offsets[i + 1] of `amounts` (u8[n, 32]) for each i: u8[m, 32] and bool[m, 2].

    The second result says for claim and debt whether the sum is 2^limit_bits or more (127 or 128); such a sum is not
    to be used. `offsets` is u64[m + 1], rising strictly from 0 to n. Where m = n the amounts are returned as they are.
    """
    assert limit_bits in (127, 128), "leaves stay below 2^127 and sums of a tree below 2^128"
    assert amounts.ndim == 2 and amounts.shape[1] == AMOUNTS_WIDTH and amounts.dtype == np.uint8
    assert int(offsets[0]) == 0 and int(offsets[-1]) == len(amounts), "the runs cover every row"
    assert len(amounts) < 2**32, "a sum of 32-bit limbs fits 64 bits"
    runs = len(offsets) - 1
    if runs == len(amounts):
        high_bit = amounts[:, ::16] >= 128
        return amounts, high_bit if limit_bits == 127 else np.zeros((runs, 2), np.bool_)
    starts = offsets[:-1].astype(np.intp)
    assert bool((starts[1:] > starts[:-1]).all()), "no run is empty"
    limbs = np.ascontiguousarray(amounts).view(">u4")
    sums = np.empty((runs, 2 * _LIMBS), dtype=">u4")
    too_large = np.zeros((runs, 2), np.bool_)
    for side in range(2):
        carry = np.zeros(runs, np.uint64)
        for limb in reversed(range(side * _LIMBS, (side + 1) * _LIMBS)):
            total = np.add.reduceat(limbs[:, limb].astype(np.uint64), starts) + carry
            sums[:, limb] = total & _LIMB_MASK
            carry = total >> _LIMB_BITS
        too_large[:, side] = carry > 0
        if limit_bits == 127:
            too_large[:, side] |= sums[:, side * _LIMBS] >= 2**31
    return sums.view(np.uint8), too_large
