"""The one form in which a book's state is hashed, so that two books of different build can be compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["OrderState", "digest_state"]


class OrderState(NamedTuple):
    """A resting order as far as it decides what happens next."""

    order_id: int
    account: int
    owner: int
    side: int
    price: int
    quantity: int
    remaining: int
    session: int
    expires_us: int
    self_trade: int
    post_only: int
    oco_partner: int


def digest_state(
    bids: Iterable[OrderState],
    asks: Iterable[OrderState],
    pending: Iterable[tuple[int, ...]],
    killed: Iterable[int],
    numbers: tuple[int, ...],
) -> bytes:
    """SHA-256 over the orders of each side in priority order, triggers as they came, accounts by number, and `numbers`.

    The bytes are the decimal numbers with separators of their own for each nesting, so no two states share them.
    """
    parts = (bids, asks, pending, ((account,) for account in killed), (numbers,))
    text = "|".join(";".join(",".join(map(str, map(int, row))) for row in part) for part in parts)
    return hashlib.sha256(b"tallystick book 1|" + text.encode()).digest()
