"""One fill of two orders, settled out of their holds in one call: the hottest movement of the exchange, written out.

`settle_fill` leaves the rows and the state that the single movements of `_settle_by_steps` leave, which a test
compares: the buyer's quote to the seller, the fee or rebate of each, the seller's base to the buyer. What the buyer's
hold no longer needs is given back in the first of these entries. A fill is never refused: what it moves was held, and
a fee is below what it is taken from. So the orders of an account that was frozen since are filled while they stand.
"""

from __future__ import annotations

from typing import Final

from ledger.journal.chart import AccountFlag
from ledger.journal.core import Core, make_pending
from ledger.journal.transfers import COUNTER_MAX, OWN_ID_MAX, EntryKind, ReasonCode, Result

__all__ = ["Fills"]

_SHUT: Final = int(AccountFlag.CLOSED | AccountFlag.PENDING_ONLY)
_FROZEN: Final = int(AccountFlag.FROZEN)
_POST: Final = int(EntryKind.POST)
_POST_PENDING: Final = int(EntryKind.POST_PENDING)
_TRADE: Final = int(ReasonCode.TRADE)
_FEE: Final = int(ReasonCode.FEE)
_REBATE: Final = int(ReasonCode.REBATE)


class Fills(Core):
    """`Core` with the settlement of fills."""

    def settle_fill(
        self,
        holds: tuple[int, int],
        buyer_base: int,
        seller_quote: int,
        house: int,
        base_quanta: int,
        quote_quanta: int,
        buyer_fee: int,
        seller_fee: int,
        freed: int,
    ) -> None:
        """Settle a fill out of the holds of two orders, the buyer's and the seller's.

        `buyer_base`, `seller_quote`: the claims that are credited. `house`: the fee account in quote. Fees are quote
        quanta, negative for a rebate, which the house pays. `freed`: what the buyer's hold gives back beside.
        """
        buyer_hold, seller_hold = holds
        states, pending = self._state, self._pending
        buyer, contra, held, hold_reason, expires, hold_sequence, buyer_reference = pending[buyer_hold]
        paid = quote_quanta + buyer_fee if buyer_fee < 0 else quote_quanta
        if self._undo is not None or buyer == seller_quote or not paid or expires:
            self._settle_by_steps(
                holds, buyer_base, seller_quote, house, base_quanta, (quote_quanta, buyer_fee, seller_fee, freed)
            )
            return
        reference = f"{buyer_reference}/{pending[seller_hold][6]}"
        rows, command, now, sequence = self._rows, self._command, self._now_micros, self._sequence + 1
        b_pending, b_posted, b_in, b_credits, b_version = states[buyer]
        s_pending, s_posted, s_in, s_credits, s_version = states[seller_quote]
        x_out, x_debits, x_pending, x_posted, x_version = states[contra]
        gone = paid + freed
        held -= gone
        b_pending, b_posted, b_version = b_pending - gone, b_posted + paid, b_version + 1
        s_credits, s_version = s_credits + paid, s_version + 1
        x_pending, x_version = x_pending - gone, x_version + 1
        b_state = (b_pending, b_posted, b_in, b_credits, b_version)
        s_state = (s_pending, s_posted, s_in, s_credits, s_version)
        x_state = (x_out, x_debits, x_pending, x_posted, x_version)
        rows.append((sequence, command, _POST_PENDING, sequence, buyer_hold, buyer, seller_quote, paid, freed, _TRADE,
                     now, now, 0, None, reference, 0, contra, b_state, s_state, x_state))  # fmt: skip
        h_out, h_debits, h_in, h_credits, h_version = h_state = states[house]
        if buyer_fee > 0:
            sequence, held = sequence + 1, held - buyer_fee
            h_credits, h_version = h_credits + buyer_fee, h_version + 1
            b_state = (b_pending - buyer_fee, b_posted + buyer_fee, b_in, b_credits, b_version + 1)
            x_state = (x_out, x_debits, x_pending - buyer_fee, x_posted, x_version + 1)
            h_state = (h_out, h_debits, h_in, h_credits, h_version)
            rows.append((sequence, command, _POST_PENDING, sequence, buyer_hold, buyer, house, buyer_fee, 0, _FEE,
                         now, now, 0, None, reference, 0, contra, b_state, h_state, x_state))  # fmt: skip
        for fee in (buyer_fee if buyer_fee < 0 else 0, seller_fee):
            if fee:
                sequence, h_version, s_version = sequence + 1, h_version + 1, s_version + 1
                if fee > 0:
                    h_credits, s_posted = h_credits + fee, s_posted + fee
                else:
                    h_debits, s_credits = h_debits - fee, s_credits - fee
                h_state = (h_out, h_debits, h_in, h_credits, h_version)
                s_state = (s_pending, s_posted, s_in, s_credits, s_version)
                way = (seller_quote, house, fee, _FEE) if fee > 0 else (house, seller_quote, -fee, _REBATE)
                after = (s_state, h_state) if fee > 0 else (h_state, s_state)
                rows.append((sequence, command, _POST, 0, *way, 0, now, None, reference, 0, *after))
        assert held >= 0 and b_state[0] >= 0, "a fill is within its hold"
        assert s_in + s_credits <= COUNTER_MAX >= h_in + h_credits and h_debits <= COUNTER_MAX, "counters have room"
        states[buyer], states[seller_quote], states[house], states[contra] = b_state, s_state, h_state, x_state
        self._sequence = sequence
        if held:
            pending[buyer_hold] = make_pending((buyer, contra, held, hold_reason, 0, hold_sequence, buyer_reference))
        else:
            del pending[buyer_hold]
        self._deliver(seller_hold, buyer_base, base_quanta, reference, (buyer, seller_quote, house))

    def _deliver(self, hold: int, credit: int, amount: int, reference: str, accounts: tuple[int, int, int]) -> None:
        """The other half of a fill: base out of the seller's hold. `accounts`: those of the half in quote."""
        states, books, flags = self._state, self._book, self._flags
        buyer, seller_quote, house = accounts
        seller, contra, held, hold_reason, expires, hold_sequence, hold_reference = self._pending[hold]
        assert books[seller] == books[credit] and books[buyer] == books[seller_quote] == books[house], "one book a leg"
        assert not (flags[credit] | flags[seller_quote] | flags[house]) & _SHUT, "what is credited is open"
        held -= amount
        g_pending, g_posted, g_in, g_credits, g_version = states[seller]
        r_pending, r_posted, r_in, r_credits, r_version = states[credit]
        x_out, x_debits, x_pending, x_posted, x_version = states[contra]
        r_credits += amount
        g_pending -= amount
        assert not expires and held >= 0 <= g_pending and r_in + r_credits <= COUNTER_MAX, "a fill is within its hold"
        states[seller] = debit_after = (g_pending, g_posted + amount, g_in, g_credits, g_version + 1)
        states[credit] = credit_after = (r_pending, r_posted, r_in, r_credits, r_version + 1)
        states[contra] = contra_after = (x_out, x_debits, x_pending - amount, x_posted, x_version + 1)
        self._sequence = sequence = self._sequence + 1
        now = self._now_micros
        self._rows.append((sequence, self._command, _POST_PENDING, sequence, hold, seller, credit, amount, 0, _TRADE,
                           now, now, 0, None, reference, 0, contra, debit_after, credit_after, contra_after))  # fmt: skip
        if held:
            pending = (seller, contra, held, hold_reason, 0, hold_sequence, hold_reference)
            self._pending[hold] = make_pending(pending)
        else:
            del self._pending[hold]

    def _settle_by_steps(
        self,
        holds: tuple[int, int],
        buyer_base: int,
        seller_quote: int,
        house: int,
        base_quanta: int,
        quote: tuple[int, int, int, int],
    ) -> None:
        """`settle_fill` in single movements: inside a chain, or where both orders are of one account.

        There each asset goes from a claim to itself: what was held is free again, and the fees are posted.
        """
        buyer_hold, seller_hold = holds
        quanta, buyer_fee, seller_fee, freed = quote
        bid, ask = self._pending[buyer_hold], self._pending[seller_hold]
        reference, paid, charged = f"{bid.reference}/{ask.reference}", quanta + min(buyer_fee, 0), max(buyer_fee, 0)
        frozen = self._flags[seller_quote] & _FROZEN
        self._flags[seller_quote] &= ~_FROZEN  # its fee is part of the fill
        if bid.debit == seller_quote:
            results = [self._release_some(buyer_hold, paid + freed), self._release_some(seller_hold, base_quanta)]
        else:
            results = [self._pay(buyer_hold, paid, seller_quote, _TRADE, reference, freed)]
        results += [
            self._pay(buyer_hold, charged, house, _FEE, reference),
            self._post_some(house, seller_quote, -min(buyer_fee, 0), _REBATE, reference),
            self._post_some(seller_quote, house, max(seller_fee, 0), _FEE, reference),
            self._post_some(house, seller_quote, -min(seller_fee, 0), _REBATE, reference),
        ]
        if bid.debit != seller_quote:
            results.append(self._pay(seller_hold, base_quanta, buyer_base, _TRADE, reference))
        self._flags[seller_quote] |= frozen
        assert not any(results), "what is held can be posted, and a fee is below what it is taken from"

    def _pay(self, hold: int, amount: int, credit: int, reason: int, reference: str, freed: int = 0) -> Result:
        if not amount:
            return self._release_some(hold, freed)
        return self.post_pending(hold, amount, credit, reason, reference, keep=True, freed=freed)

    def _post_some(self, debit: int, credit: int, amount: int, reason: int, reference: str) -> Result:
        return self.post(debit, credit, amount, reason, reference) if amount else Result.OK

    def _release_some(self, hold: int, amount: int) -> Result:
        return self.release(hold, amount) if amount else Result.OK
