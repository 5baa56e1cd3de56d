"""The positions of one derivative market: signed steps, what they stand at, and what a mark makes of them.

Every fill adds its steps to one side and takes them from the other, and its price times steps likewise, so sizes and
bases each sum to zero over all accounts; profit = size * mark * unit - basis therefore does so too, to the quantum and
at any mark. Settling a market moves each basis to the mark and gives every account its profit: nothing is rounded.

Cost: a fill four list writes; settling 100,000 positions 30 to 46 ms of one core, most of it making Python integers.
Source: exchange.md sections 2.3 and 3; DESIGN.md "What is owed": a position enters no tree.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from ledger.canonical import Json

try:
    import numpy as np
except ImportError:
    IS_PLAIN = True  # a replay needs nothing that is not in Python: it takes the plain way, to the same numbers
else:
    IS_PLAIN = False

__all__ = ["BASIS_MAX", "Position", "Positions", "holders"]

BASIS_MAX: Final = 2**62
"""No position is ever worth more quanta than this, at any price of the market: 63 bits hold every profit."""


class Position(NamedTuple):
    """Signed `size` in steps; `basis` in quanta of the settlement asset."""

    size: int
    basis: int


_NONE: Final = Position(0, 0)


class Positions:
    """Positions by payer. `longs` is the open interest in steps, of one side."""

    def __init__(self) -> None:
        self.longs = 0
        self._slots: dict[int, int] = {}
        self._payers = array("q")
        self._sizes = array("q")
        self._bases = array("q")

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[tuple[int, Position]]:
        """Payers with their positions, by rising payer; those that have neither size nor basis are left out."""
        for payer in sorted(self._slots):
            found = self.get(payer)
            if found != _NONE:
                yield payer, found

    def payers(self) -> np.ndarray:
        """Who has a size or a basis, in no order of meaning; not for a replay without NumPy."""
        sizes, bases, payers = (np.array(each, np.int64) for each in (self._sizes, self._bases, self._payers))
        found: np.ndarray = payers[(sizes != 0) | (bases != 0)]
        return found

    def against(self, size: int) -> list[tuple[int, int]]:
        """Payers and sizes of the other sign than `size`, by rising payer."""
        if IS_PLAIN:
            rows = zip(self._payers, self._sizes, strict=True)
            return sorted((payer, each) for payer, each in rows if each and (each > 0) != (size > 0))
        sizes, payers = np.array(self._sizes, np.int64), np.array(self._payers, np.int64)
        there = np.flatnonzero(sizes < 0 if size > 0 else sizes > 0)
        return sorted(zip(payers[there].tolist(), sizes[there].tolist(), strict=True))

    def get(self, payer: int) -> Position:
        """A payer's position; of nothing where there is none."""
        slot = self._slots.get(payer)
        return _NONE if slot is None else Position(self._sizes[slot], self._bases[slot])

    def size(self, payer: int) -> int:
        """Signed steps."""
        slot = self._slots.get(payer)
        return 0 if slot is None else self._sizes[slot]

    def trade(self, buyer: int, seller: int, steps: int, value: int) -> None:
        """`steps` at a price that makes them worth `value` quanta go from the seller to the buyer.

        Both may be one payer, whose order allowed it: then nothing moves.
        """
        assert steps > 0, "a trade is of something"
        self._move(buyer, steps, value)
        self._move(seller, -steps, -value)

    def _move(self, payer: int, steps: int, value: int) -> None:
        slot = self._slots.get(payer)
        if slot is None:
            slot = self._slots[payer] = len(self._payers)
            self._payers.append(payer)
            self._sizes.append(0)
            self._bases.append(0)
        old = self._sizes[slot]
        new = old + steps
        self.longs += max(new, 0) - max(old, 0)
        self._sizes[slot] = new
        self._bases[slot] += value

    def settle(self, price: int) -> list[tuple[int, int]]:
        """Move every basis to `price` (quanta of one step) and give what each account's profit is, where it is not 0.

        The profits sum to zero exactly.
        """
        if not self._payers:
            return []
        if IS_PLAIN:
            return self._settle_plainly(price)
        sizes, bases = np.frombuffer(self._sizes, np.int64), np.frombuffer(self._bases, np.int64)
        largest = max(int(sizes.max()), -int(sizes.min()))
        assert largest * price < BASIS_MAX, "a position's value fits 62 bits"
        values = sizes * np.int64(price)
        profits = values - bases
        bases[:] = values
        moved = np.flatnonzero(profits)
        payers = np.frombuffer(self._payers, np.int64)[moved].tolist()
        amounts = profits[moved].tolist()
        assert sum(amounts) == 0, "a market's profits sum to zero"
        return list(zip(payers, amounts, strict=True))

    def _settle_plainly(self, price: int) -> list[tuple[int, int]]:
        moved: list[tuple[int, int]] = []
        for slot, payer in enumerate(self._payers):
            value = self._sizes[slot] * price
            assert abs(value) < BASIS_MAX, "a position's value fits 62 bits"
            if value != self._bases[slot]:
                moved.append((payer, value - self._bases[slot]))
                self._bases[slot] = value
        assert sum(amount for _, amount in moved) == 0, "a market's profits sum to zero"
        return moved

    def arrays(self) -> tuple[list[int], list[int]]:
        """Payers and sizes of all that have a size, by rising payer."""
        rows = sorted((payer, self._sizes[slot]) for payer, slot in self._slots.items() if self._sizes[slot])
        return [payer for payer, _ in rows], [size for _, size in rows]

    def close_all(self) -> None:
        """Take every size away after the last settlement of a market that expired; nobody has anything left to gain."""
        assert all(self._bases[slot] == basis for slot, basis in enumerate(self._bases)), (
            "a market is settled before it ends"
        )
        for slot in range(len(self._sizes)):
            self._sizes[slot] = self._bases[slot] = 0
        self.longs = 0

    def check(self) -> None:
        """Assert that longs equal shorts and that bases sum to zero."""
        assert sum(self._sizes) == 0 == sum(self._bases), "longs and shorts are equal, and so is what they stand at"
        assert self.longs == sum(size for size in self._sizes if size > 0), "open interest is the sum of longs"

    def to_state(self) -> list[Json]:
        """Canonical JSON: payer, size and basis as texts, by rising payer."""
        return [[payer, str(each.size), str(each.basis)] for payer, each in self]

    def fill(self, document: Any) -> None:
        """Take the positions that `to_state` described; there are none yet."""
        assert not self._slots, "only an empty market is filled"
        for payer, size, basis in document:
            self._move(payer, int(size), int(basis))
        self.check()


def holders(markets: Iterable[Positions], others: Iterable[int]) -> list[int]:
    """Everybody with a position in any of these markets, and the others, by rising payer, each once."""
    if IS_PLAIN:
        return sorted({*others, *(payer for market in markets for payer, _ in market)})
    found: list[int] = np.unique(
        np.concatenate([np.array([*others], np.int64), *(each.payers() for each in markets)])
    ).tolist()
    return found
