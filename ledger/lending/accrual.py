"""One hour's interest of a pool, for all borrowers and lenders at once, in whole quanta.

Each borrower is charged the ceiling of their interest and each lender is paid the floor of their part; what is left is
dust. Vectors of NumPy integers with products of 128 bits in limbs; where a number does not fit them, Python's own. A
plain twin stands in the tests. Cost: 150 to 200 ns a holding. Source: exchange.md 1.2; law 3 of the house.
"""

from __future__ import annotations

from collections.abc import Sequence

from ledger.trading.market import PPM

try:
    import numpy as np
except ImportError:
    IS_PLAIN = True  # a replay needs nothing that is not in Python: it takes the plain way, to the same numbers
else:
    IS_PLAIN = False

__all__ = ["charges", "shares", "split_pot"]


def charges(debts: Sequence[int], numerator: int, denominator: int) -> list[int]:
    """ceil(debt * numerator / denominator) of each."""
    return _scaled(debts, numerator, denominator, up=True)


def shares(lent: Sequence[int], pot: int, total: int) -> list[int]:
    """floor(lent * pot / total) of each; their sum is at most the pot."""
    return _scaled(lent, pot, total, up=False) if total else [0] * len(lent)


def split_pot(pot: int, share_ppm: int) -> tuple[int, int]:
    """What of a pot is the lenders', rounded down, and what the house's."""
    lenders = pot * (PPM - share_ppm) // PPM
    return lenders, pot - lenders


def _scaled(amounts: Sequence[int], numerator: int, denominator: int, *, up: bool) -> list[int]:
    """amount * numerator / denominator of each, rounded as asked.

    With a reciprocal of 64 bits below the binary point the quotient is off by one at most, and is put right by the
    exact remainder modulo 2^64: amounts and quotients below 2^62, so that remainders of a denominator below 2^62 are
    unambiguous.
    """
    count = len(amounts)
    if (
        IS_PLAIN
        or count < 64
        or not numerator
        or max(amounts) * numerator // denominator >= 2**62
        or max(amounts) >= 2**62
    ):
        if up:
            return [-(-amount * numerator // denominator) for amount in amounts]
        return [amount * numerator // denominator for amount in amounts]
    # Numerator and denominator are brought below 2^62 exactly where they can be; else Python does it.
    if denominator >= 2**62 or numerator >= 2**62:
        if up:
            return [-(-amount * numerator // denominator) for amount in amounts]
        return [amount * numerator // denominator for amount in amounts]
    values = np.array(amounts, np.uint64)
    whole, fraction = divmod(numerator, denominator)
    # amount * fraction / denominator < amount: one 64 by 64 bit product with fraction * 2^64 / denominator.
    reciprocal = (fraction << 64) // denominator
    quotient = _high_product(values, reciprocal)
    remainder = values * np.uint64(fraction) - quotient * np.uint64(denominator)  # modulo 2^64: exact, it is small
    over = (remainder // np.uint64(denominator)).astype(np.uint64)
    quotient += over
    remainder -= over * np.uint64(denominator)
    if up:
        quotient += (remainder > 0).astype(np.uint64)
    quotient += values * np.uint64(whole)
    result: list[int] = quotient.tolist()
    return result


def _high_product(values: np.ndarray, factor: int) -> np.ndarray:
    """The upper 64 bits of each value times a factor below 2^64."""
    limb, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    high, low = np.uint64(factor >> 32), np.uint64(factor & 0xFFFFFFFF)
    top, bottom = values >> limb, values & mask
    middle = top * low + ((bottom * low) >> limb)
    # top * low < 2^64 - 2^33, so that adding 32 bits does not overflow; the other middle product is added by halves.
    other = bottom * high
    carry = ((middle & mask) + (other & mask)) >> limb
    product: np.ndarray = top * high + (middle >> limb) + (other >> limb) + carry
    return product
