"""One fill of two orders, settled out of their holds in one call: the hottest movement of the exchange, written out.

`settle_fill` leaves the rows and the state that the single movements of `_settle_by_steps` leave, which a test
compares: the buyer's quote to the seller, the fee or rebate of each, the seller's base to the buyer. What the buyer's
hold no longer needs is given back in the first of these entries. A fill is never refused: what it moves was held, and
a fee is below what it is taken from. So the orders of an account that was frozen since are filled while they stand.
"""

from __future__ import annotations

from typing import Final

from ledger.journal.chart import AccountFlag
from ledger.journal.core import Core
from ledger.journal.transfers import COUNTER_MAX, EntryKind, Pending, ReasonCode, Result

__all__ = ["Fills"]

_FROZEN: Final = int(AccountFlag.FROZEN)
_SHUT: Final = int(AccountFlag.CLOSED | AccountFlag.PENDING_ONLY)
_POST: Final = int(EntryKind.POST)
_POST_PENDING: Final = int(EntryKind.POST_PENDING)
_TRADE: Final = int(ReasonCode.TRADE)
_FEE: Final = int(ReasonCode.FEE)
_REBATE: Final = int(ReasonCode.REBATE)


class Fills(Core):
    """`Core` with the settlement of fills."""

    def __init__(self) -> None:
        super().__init__()
        self._base_price: int | None = None
        self._quote_price: int | None = None

    def price_fills(self, base: int | None, quote: int | None) -> None:
        """The reference prices that the rows of the next fills carry (`Transfer.price`), of the two assets traded."""
        self._base_price, self._quote_price = base, quote

    def settle_fill(
        self, house: int, buyer_hold: int, seller_hold: int, buyer_base: int, seller_quote: int, base_quanta: int,
        quote_quanta: int, buyer_fee: int, seller_fee: int, freed: int,
    ) -> None:  # fmt: skip
        """Settle a fill out of the holds of two orders.

        `house`: the fee account in quote. `buyer_base`, `seller_quote`: the claims that are credited. Fees are quote
        quanta, negative for a rebate, which the house pays. `freed`: what the buyer's hold gives back beside.
        """
        states, pending = self._state, self._pending
        buyer, contra, held, hold_reason, expires, hold_sequence, buyer_reference = pending[buyer_hold]
        paid = quote_quanta + buyer_fee if buyer_fee < 0 else quote_quanta
        if self._undo is not None or buyer == seller_quote or not paid or expires:
            self._settle_by_steps(house, buyer_hold, seller_hold, buyer_base, seller_quote, base_quanta,
                                  (quote_quanta, buyer_fee, seller_fee, freed))  # fmt: skip
            return
        reference, price = buyer_reference + "/" + pending[seller_hold][6], self._quote_price
        append, command, now, sequence = self._rows.append, self._command, self._now_micros, self._sequence + 1
        b_pending, b_posted, b_in, b_credits, b_version = states[buyer]
        s_pending, s_posted, s_in, s_credits, s_version = states[seller_quote]
        x_out, x_debits, x_pending, x_posted, x_version = states[contra]
        h_out, h_debits, h_in, h_credits, h_version = h_state = states[house]
        gone = paid + freed
        held -= gone
        b_pending -= gone
        x_pending -= gone
        b_posted += paid
        s_credits += paid
        s_version += 1
        b_state = (b_pending, b_posted, b_in, b_credits, b_version + 1)
        s_state = (s_pending, s_posted, s_in, s_credits, s_version)
        x_state = (x_out, x_debits, x_pending, x_posted, x_version + 1)
        append((sequence, command, _POST_PENDING, sequence, buyer_hold, buyer, seller_quote, paid, freed, _TRADE, now,
                now, 0, price, reference, 0, contra, b_state, s_state, x_state))  # fmt: skip
        if buyer_fee > 0:
            sequence, held = sequence + 1, held - buyer_fee
            h_version, h_credits = h_version + 1, h_credits + buyer_fee
            b_state = (b_pending - buyer_fee, b_posted + buyer_fee, b_in, b_credits, b_version + 2)
            x_state = (x_out, x_debits, x_pending - buyer_fee, x_posted, x_version + 2)
            h_state = (h_out, h_debits, h_in, h_credits, h_version)
            append((sequence, command, _POST_PENDING, sequence, buyer_hold, buyer, house, buyer_fee, 0, _FEE, now, now,
                    0, price, reference, 0, contra, b_state, h_state, x_state))  # fmt: skip
        for fee in (seller_fee,) if buyer_fee >= 0 else (buyer_fee, seller_fee):
            if not fee:
                continue
            sequence += 1
            h_version += 1
            s_version += 1
            if fee > 0:
                h_credits += fee
                s_state = (s_pending, s_posted + fee, s_in, s_credits, s_version)
                h_state = (h_out, h_debits, h_in, h_credits, h_version)
                append((sequence, command, _POST, 0, seller_quote, house, fee, _FEE, 0, now, price, reference, 0,
                        s_state, h_state))  # fmt: skip
            else:
                s_credits -= fee
                h_debits -= fee
                s_state = (s_pending, s_posted, s_in, s_credits, s_version)
                h_state = (h_out, h_debits, h_in, h_credits, h_version)
                append((sequence, command, _POST, 0, house, seller_quote, -fee, _REBATE, 0, now, price, reference, 0,
                        h_state, s_state))  # fmt: skip
        books, shut = self._book, (self._flags[seller_quote] | self._flags[house]) & _SHUT
        assert books[buyer] == books[seller_quote] == books[house] and not shut, "open accounts of one book"
        assert held >= 0 <= b_pending and s_in + s_credits <= COUNTER_MAX >= h_credits | h_debits, "within the hold"
        states[buyer], states[seller_quote], states[house], states[contra] = b_state, s_state, h_state, x_state
        if held:
            pending[buyer_hold] = (buyer, contra, held, hold_reason, 0, hold_sequence, buyer_reference)
        else:
            del pending[buyer_hold]
        self._deliver(sequence + 1, seller_hold, buyer_base, base_quanta, reference)

    def _deliver(self, sequence: int, hold: int, credit: int, amount: int, reference: str) -> None:
        """The other half of a fill: base out of the seller's hold."""
        states = self._state
        seller, contra, held, hold_reason, expires, hold_sequence, hold_reference = self._pending[hold]
        g_pending, g_posted, g_in, g_credits, g_version = states[seller]
        r_pending, r_posted, r_in, r_credits, r_version = states[credit]
        x_out, x_debits, x_pending, x_posted, x_version = states[contra]
        held -= amount
        r_credits += amount
        g_pending -= amount
        assert not expires and held >= 0 <= g_pending and r_in + r_credits <= COUNTER_MAX, "within the hold"
        assert self._book[seller] == self._book[credit] and not self._flags[credit] & _SHUT, "open, and of one book"
        states[seller] = debit_after = (g_pending, g_posted + amount, g_in, g_credits, g_version + 1)
        states[credit] = credit_after = (r_pending, r_posted, r_in, r_credits, r_version + 1)
        states[contra] = contra_after = (x_out, x_debits, x_pending - amount, x_posted, x_version + 1)
        self._sequence = sequence
        now = self._now_micros
        self._rows.append(
            (sequence, self._command, _POST_PENDING, sequence, hold, seller, credit, amount, 0, _TRADE, now, now, 0,
             self._base_price, reference, 0, contra, debit_after, credit_after, contra_after)
        )  # fmt: skip
        if held:
            self._pending[hold] = (seller, contra, held, hold_reason, 0, hold_sequence, hold_reference)
        else:
            del self._pending[hold]

    def _settle_by_steps(
        self, house: int, buyer_hold: int, seller_hold: int, buyer_base: int, seller_quote: int, base_quanta: int,
        quote: tuple[int, int, int, int],
    ) -> None:  # fmt: skip
        """`settle_fill` in single movements: inside a chain, or where both orders are of one account.

        There each asset goes from a claim to itself: what was held is free again, and the fees are posted.
        """
        quanta, buyer_fee, seller_fee, freed = quote
        bid, ask = Pending._make(self._pending[buyer_hold]), Pending._make(self._pending[seller_hold])
        reference, paid, charged = f"{bid.reference}/{ask.reference}", quanta + min(buyer_fee, 0), max(buyer_fee, 0)
        frozen = self._flags[seller_quote] & _FROZEN
        self._flags[seller_quote] &= ~_FROZEN  # its fee is part of the fill
        if bid.debit == seller_quote:
            results = [self._release_some(buyer_hold, paid + freed), self._release_some(seller_hold, base_quanta)]
        else:
            results = [self._pay(buyer_hold, paid, seller_quote, _TRADE, reference, self._quote_price, freed)]
        price = self._quote_price
        results += [
            self._pay(buyer_hold, charged, house, _FEE, reference, price),
            self._post_some(house, seller_quote, -min(buyer_fee, 0), _REBATE, reference),
            self._post_some(seller_quote, house, max(seller_fee, 0), _FEE, reference),
            self._post_some(house, seller_quote, -min(seller_fee, 0), _REBATE, reference),
        ]
        if bid.debit != seller_quote:
            results.append(self._pay(seller_hold, base_quanta, buyer_base, _TRADE, reference, self._base_price))
        self._flags[seller_quote] |= frozen
        assert not any(results), "what is held can be posted, and a fee is below what it is taken from"

    def _pay(
        self, hold: int, amount: int, credit: int, reason: int, reference: str, price: int | None, freed: int = 0
    ) -> Result:
        if not amount:
            return self._release_some(hold, freed)
        return self.post_pending(hold, amount, credit, reason, reference, price, keep=True, freed=freed)

    def _post_some(self, debit: int, credit: int, amount: int, reason: int, reference: str) -> Result:
        return self.post(debit, credit, amount, reason, reference, self._quote_price) if amount else Result.OK

    def _release_some(self, hold: int, amount: int) -> Result:
        return self.release(hold, amount) if amount else Result.OK
