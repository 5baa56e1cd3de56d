"""Who takes a position that the book cannot close, at which price, and in which order others are deleveraged.

Prices are ticks, sizes signed steps, amounts quanta of the settlement asset; `unit` is the quanta of a tick times step.
Source: exchange.md 6 and 11 for the defaults; what is decided here is in docs/decisions/wallet.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ledger.trading.market import PPM

__all__ = ["Backstop", "Ranked", "assignment_price", "bankruptcy_price", "equity_behind", "queue", "worst_price"]


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


def equity_behind(equity: int, exposure: int, notional: int) -> int:
    """The part of a wallet's equity that stands behind so much of its exposure, rounded down; 0 where there is none.

    `notional` in quanta gives quanta. What a step that closes it may lose: then equity over exposure does not fall.
    """
    return max(0, equity) * notional // exposure if exposure else 0


def worst_price(side: int, reference: int, steps: int, unit: int, may_lose: int, taker_ppm: int) -> int:
    """The worst price at which `steps` lose at most `may_lose` quanta against a reference price, with their fee.

    Sides are 0 to buy and 1 to sell. Selling at p loses V (reference - p) + V p fee, V = steps * unit; buying at p
    V (p - reference) + V p fee. One quantum is left for the fee's rounding. Below 1 where there is no such price.
    """
    volume, lose = steps * unit, max(0, may_lose - 1)
    if side:
        return max(1, -(-(reference * volume - lose) * PPM // (volume * (PPM - taker_ppm))))
    return (reference * volume + lose) * PPM // (volume * (PPM + taker_ppm))


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
