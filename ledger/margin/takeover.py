"""Who takes a position that the book cannot close, at which price, and in which order others are deleveraged.

Prices are ticks, sizes signed steps, amounts quanta of the settlement asset; `unit` is the quanta of a tick times step.
Source: exchange.md 6 and 11 for the defaults; what is decided here is in docs/decisions/wallet.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ledger.trading.market import PPM

__all__ = ["Backstop", "Ranked", "assignment_price", "bankruptcy_price", "queue"]


@dataclass(slots=True)
class Backstop:
    """A provider's word for one market: `capacity` steps left, `discount` ppm asked, `first_loss` quanta left."""

    payer: int
    order: int
    capacity: int
    discount_ppm: int
    first_loss: int


class Ranked(NamedTuple):
    """A position that may be deleveraged: `leverage_ppm` is its wallet's exposure over its equity."""

    payer: int
    size: int
    leverage_ppm: int


def bankruptcy_price(size: int, mark: int, unit: int, equity: int) -> int:
    """The price at which closing all of a position leaves an equity of zero, to the tick that favours the account.

    `equity` in quanta at the mark. A long with equity to lose goes down from the mark, a short up; at least one tick.
    """
    value = abs(size) * unit
    if size > 0:
        return max(1, mark - equity // value)  # rounded up: the account keeps what a tick leaves
    return max(1, mark + equity // value)


def assignment_price(size: int, mark: int, unit: int, equity: int, backstop: Backstop, steps: int) -> int:
    """What a provider pays for `steps` of a position: the mark less its discount, against the account.

    Never below the bankruptcy price while there is equity. Where there is none the provider takes it at the mark, and
    better than that as far as its own first loss goes.
    """
    if equity >= 0:
        moved = mark * backstop.discount_ppm // PPM
        limit = bankruptcy_price(size, mark, unit, equity)
        return max(mark - moved, limit) if size > 0 else min(mark + moved, limit)
    better = min(backstop.first_loss, -equity) // (steps * unit)
    return mark + better if size > 0 else max(1, mark - better)


def queue(positions: Iterable[Ranked], opposite_of: int) -> list[Ranked]:
    """The positions against a size of this sign, the highest leverage first, then the larger, then the older payer.

    Profit is paid every ten seconds, so no position carries any that a rank could weigh: leverage alone decides.
    """
    against = [each for each in positions if each.size and (each.size > 0) != (opposite_of > 0)]
    return sorted(against, key=lambda each: (-each.leverage_ppm, -abs(each.size), each.payer))
