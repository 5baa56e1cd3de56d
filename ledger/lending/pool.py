"""One pool: what is lent and borrowed, and how much more may be, by cross-multiplied limits.

Utilisation is borrowed over lent. No borrow and no redemption may bring it above the throttle's bound; the bound stands
at `throttle_from`, rises by `throttle_step` for each full minute while utilisation is at least that, never above
`utilisation_max`, and falls back when utilisation does. Liquidations and settlements pass the throttle, and never the
point where all that is lent is borrowed: coins of somebody who did not lend are never lent. Source: exchange.md 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.lending.curve import Curve
from ledger.trading.market import PPM

__all__ = ["MINUTE_US", "Pool", "PoolTerms"]

MINUTE_US: Final = 60_000_000


class PoolTerms(NamedTuple):
    """What is in force for a pool: parameters of `ledger.lending.parameters`."""

    state: str
    curve: Curve
    share_ppm: int
    utilisation_max_ppm: int
    throttle_from_ppm: int
    throttle_step_ppm: int
    lent_max: int
    borrowed_max: int
    borrower_max: int
    step: int


@dataclass(slots=True)
class Pool:
    """A pool's state, quanta. `house_debt`: owed to the exchange because the pool did not lend; it is no part of it.

    `rate`: in force until the next hour, 10^-9 a year. `collected`: entry interest that the next hour distributes.
    """

    lent: int = 0
    borrowed: int = 0
    house_debt: int = 0
    rate: int = 0
    collected: int = 0
    bound_ppm: int = 0
    minute: int = -1
    hour_us: int = -1

    def move_bound(self, now_us: int, terms: PoolTerms) -> None:
        """Bring the throttle's bound to a time."""
        minute = now_us // MINUTE_US
        low, high = min(terms.throttle_from_ppm, terms.utilisation_max_ppm), terms.utilisation_max_ppm
        if self.minute < 0 or self.borrowed * PPM < low * self.lent or not self.borrowed:
            self.bound_ppm = low
        else:
            passed = minute - self.minute
            self.bound_ppm = min(high, max(low, self.bound_ppm) + passed * terms.throttle_step_ppm)
        self.minute = minute

    def borrowable(self, terms: PoolTerms, *, bypass: bool) -> int:
        """How much more may be borrowed, after `move_bound`."""
        if terms.state != "open":
            return 0
        limit = self.lent if bypass else self.lent * self.bound_ppm // PPM
        return max(0, min(limit, terms.borrowed_max) - self.borrowed)

    def redeemable(self, *, bypass: bool) -> int:
        """How much of what is lent may be taken out, after `move_bound`."""
        if not self.borrowed:
            return self.lent
        if bypass:
            return max(0, self.lent - self.borrowed)
        return max(0, self.lent - -(-self.borrowed * PPM // self.bound_ppm)) if self.bound_ppm else 0

    def lendable(self, terms: PoolTerms) -> int:
        """How much more may be lent."""
        return max(0, terms.lent_max - self.lent) if terms.state == "open" else 0
