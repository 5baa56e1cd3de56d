"""What the funds of margin markets ask of the wallet behind an order. Implemented by `ledger.desks.margin`."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Wallet"]


class Wallet(Protocol):
    """The wallets of all payers. Every answer is a trading `Reason`, 0 for yes, and changes nothing but where said."""

    def may_trade(self, payer: int, product: str) -> int:
        """Whether the payer may have an order of a product at all: permitted, not being liquidated."""

    def may_add(self, payer: int, market: str, side: int, steps: int) -> int:
        """Whether `steps` more of open orders of a side fit: margin, position limit, open interest."""

    def may_fill(self, payer: int, market: str, side: int, steps: int, value: int, fee: int) -> int:
        """Whether a fill of a derivative order, worth `value` quanta, leaves the payer as it must be."""

    def filled(self, market: str, buyer: int, seller: int, steps: int, price: int, fees: tuple[int, int]) -> None:
        """Carry out a fill of a derivative market: positions, and fees (of buyer and seller) that the tick posts."""

    def may_owe_more(self, payer: int, gives: str, quanta: int) -> int:
        """Whether a margin order of a spot market that may have to pay `quanta` of an asset fits the payer's margin."""

    def touch(self, payer: int) -> None:
        """A wallet holds something else than before: liquidation judges it at the next price, if it is exposed."""

    def is_exposed(self, payer: int) -> bool:
        """Whether the payer has a position, a debt or an open margin order: then what is spent is judged too."""

    def may_spend(self, payer: int, gives: str, paid: int, takes: str, received: int) -> int:
        """Whether an exposed payer can change `paid` quanta of one asset into `received` of another one."""

    def may_exchange(self, payer: int, gives: str, paid: int, takes: str, received: int, is_system: bool) -> int:
        """Whether the payer can give `paid` quanta out of what is free, lent or can be borrowed, and stand it."""

    def prepare(self, payer: int, asset: str) -> None:
        """Open every account that `fund` may post to."""

    def fund(self, payer: int, asset: str, quanta: int) -> None:
        """Have so much of an asset free: redeem and borrow what is missing. `may_exchange` said that it can be."""
