"""Which wallets to judge again when prices move: kept in buckets by the smallest move that could pass their trigger.

A move of m means that every price and mark is within the factors 1 / (1 + m) and 1 + m of what it was. Let C be the
collateral that counts, L the liabilities, P the profit, E the exposure and R the maintenance requirement. Then

    C falls by at most m C         (x w(x) grows no faster than x, and limits only flatten it)
    L rises by at most m L
    P falls by at most m |P| + m (1 + m) E    (the settlement asset's price, then the marks at that price)
    R rises by at most ((1 + m)^3 - 1) R      (a notional has two prices in it, and a requirement the power 3/2)

and for m <= 1/2 these sum to at most m (C + L + |P| + 1.5 E + 4.75 R). So a wallet with equity - R of at least
m (C + L + |P| + 2 E + 5 R) is not below its maintenance after the move: it need not be judged. What is proven for one
move holds for several, because factors multiply: a wallet judged after a move of m from the reference prices, and safe
up to t from there, is safe up to (1 + t) / (1 + m) - 1 from the reference. Source: issue 5 point 6.

What it must cost: looking up is one step for each bucket of powers of two, and none for wallets that are far away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ledger.canonical import Json
from ledger.margin.risk import Health
from ledger.trading.market import PPM

__all__ = ["FAR_PPM", "Watch", "move_ppm", "safe_ppm"]

FAR_PPM: Final = PPM // 2
"""The bound holds up to here: after a greater move everybody is judged."""
_BUCKETS: Final = FAR_PPM.bit_length() + 1
_ROUNDING: Final = 10**6
"""10^-18 of a unit: more than the roundings of all lines of a wallet together."""


def move_ppm(before: Mapping[str, int], now: Mapping[str, int]) -> int:
    """The greatest move of any price that is in both, in ppm, rounded up; the same up and down."""
    most = PPM
    for name, price in now.items():
        old = before.get(name)
        if old is not None and old != price:
            low, high = (old, price) if old < price else (price, old)
            most = max(most, -(-high * PPM // low))
    return most - PPM


def safe_ppm(health: Health) -> int:
    """Up to which move a wallet cannot pass its trigger, in ppm, rounded down; 0 for one that may be at it."""
    room = health.equity - health.maintenance - _ROUNDING
    if room <= 0:
        return 0
    acted_on = health.collateral + health.liabilities + abs(health.profit)
    acted_on += 2 * health.exposure + 5 * health.maintenance
    return min(FAR_PPM, room * PPM // acted_on)


class Watch:
    """Payers by bucket. What stands in bucket b is safe up to a move of 2^(b-1) ppm; in bucket 0 up to none."""

    def __init__(self) -> None:
        self._buckets: list[dict[int, None]] = [{} for _ in range(_BUCKETS)]
        self._of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._of)

    def put(self, payer: int, health: Health | None, moved_ppm: int = 0) -> None:
        """A wallet was judged, when prices had moved by `moved_ppm` from the reference.

        One without valid prices is judged at every move.
        """
        self.drop(payer)
        safe = 0
        if health is not None:
            safe = max(0, (PPM + safe_ppm(health)) * PPM // (PPM + moved_ppm) - PPM)
        bucket = safe.bit_length()
        self._of[payer] = bucket
        self._buckets[bucket][payer] = None

    def drop(self, payer: int) -> None:
        """A wallet has nothing any more that could be liquidated."""
        bucket = self._of.pop(payer, None)
        if bucket is not None:
            del self._buckets[bucket][payer]

    def doubt(self) -> None:
        """What wallets are judged by has changed: all are judged at the next move."""
        for payer in sorted(self._of):
            self.put(payer, None)

    def near(self, moved_ppm: int) -> list[int]:
        """The wallets that may have passed their trigger by a move from the reference, by rising payer."""
        if moved_ppm >= FAR_PPM:
            return sorted(self._of)
        found: list[int] = []
        for bucket, payers in enumerate(self._buckets):
            if bucket and 1 << (bucket - 1) >= moved_ppm:
                break
            found += payers
        return sorted(found)

    def to_state(self) -> list[Json]:
        """Payers by bucket."""
        return [[*sorted(payers)] for payers in self._buckets]

    def fill(self, document: Any) -> None:
        """Take the buckets that `to_state` described."""
        for bucket, payers in enumerate(document):
            for payer in payers:
                self._of[payer] = bucket
                self._buckets[bucket][payer] = None
