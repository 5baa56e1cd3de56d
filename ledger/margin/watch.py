"""Which wallets to judge again when prices move: kept in buckets by their distance to the trigger.

The distance is (equity - maintenance) over everything that prices act on (collateral, exposure, liabilities), in ppm. A
move of m ppm in all prices at once changes equity by at most m of that sum, and requirements, which grow at most with
the power 3/2 of a price, by at most 2 m of theirs while m is below one half. So a wallet further away than 3 m cannot
have passed its trigger, and is left alone. Buckets are powers of two, so looking up is one step for each.
Source: issue 5 point 6.
"""

from __future__ import annotations

from typing import Any, Final

from ledger.canonical import Json
from ledger.margin.risk import Health
from ledger.trading.market import PPM

__all__ = ["MOVE_FACTOR", "Watch", "distance_ppm"]

MOVE_FACTOR: Final = 3
_BUCKETS: Final = 32


def distance_ppm(health: Health) -> int:
    """The distance to the trigger in ppm; 0 where it is reached."""
    gross = health.collateral + health.exposure + health.liabilities + abs(health.profit)
    room = health.equity - health.maintenance
    return 0 if room < 0 or not gross else room * PPM // gross


class Watch:
    """Payers by bucket. What stands in bucket b has a distance of at least 2^(b-1) ppm; in bucket 0 anything."""

    def __init__(self) -> None:
        self._buckets: list[dict[int, None]] = [{} for _ in range(_BUCKETS)]
        self._of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._of)

    def put(self, payer: int, health: Health | None) -> None:
        """A wallet was judged; one without valid prices is judged at every move."""
        self.drop(payer)
        bucket = 0 if health is None else min(distance_ppm(health).bit_length(), _BUCKETS - 1)
        self._of[payer] = bucket
        self._buckets[bucket][payer] = None

    def drop(self, payer: int) -> None:
        """A wallet has nothing any more that could be liquidated."""
        bucket = self._of.pop(payer, None)
        if bucket is not None:
            del self._buckets[bucket][payer]

    def near(self, move_ppm: int) -> list[int]:
        """The wallets that may have passed their trigger by a move since they were judged, by rising payer."""
        if 2 * move_ppm >= PPM:
            return sorted(self._of)
        reach = MOVE_FACTOR * (move_ppm + 1)  # what is below a ppm counts as one
        found: list[int] = []
        for bucket, payers in enumerate(self._buckets):
            if bucket and 1 << (bucket - 1) > reach:
                break
            found += payers
        return sorted(found)

    def to_state(self) -> list[Json]:
        """Payers by bucket, in the order in which they were put there."""
        return [[*payers] for payers in self._buckets]

    def fill(self, document: Any) -> None:
        """Take the buckets that `to_state` described."""
        for bucket, payers in enumerate(document):
            for payer in payers:
                self._of[payer] = bucket
                self._buckets[bucket][payer] = None
