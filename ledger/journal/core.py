"""The accounts and their counters, and the movements that the engine makes in process.

`post`, `hold`, `release`, `post_pending` and `post_mass` are the only places where a counter changes. Each checks
everything first, changes then, and leaves one row. A refusal changes nothing at all.

What it must cost: a posting reads and writes two states and makes one row, under 0.9 us in CPython on one core. Hence
states and rows are plain tuples in lists; `Balance` and `Entry` are made of them when somebody reads.
"""

from __future__ import annotations

import heapq
from itertools import islice, pairwise
from operator import lt
from typing import Final

from ledger.journal.accounts import ABSENT, Accounts
from ledger.journal.chart import NO_ACCOUNT, AccountFlag
from ledger.journal.transfers import (
    COUNTER_MAX,
    OWN_ID_MAX,
    EntryKind,
    MassEntry,
    MassPosting,
    PendingRow,
    Result,
    State,
)

__all__ = ["Core"]

_NO_OVERDRAFT: Final = int(AccountFlag.DEBITS_MUST_NOT_EXCEED_CREDITS)
_NO_OVERPAYMENT: Final = int(AccountFlag.CREDITS_MUST_NOT_EXCEED_DEBITS)
_CLOSED: Final = int(AccountFlag.CLOSED)
_FROZEN: Final = int(AccountFlag.FROZEN)
_HOLDS_ONLY: Final = int(AccountFlag.PENDING_ONLY)
_CLOSED_OR_HOLDS: Final = _CLOSED | _HOLDS_ONLY
_NO_DEBIT: Final = _CLOSED | _FROZEN | _HOLDS_ONLY
_POST: Final = int(EntryKind.POST)
_HOLD: Final = int(EntryKind.HOLD)
_POST_PENDING: Final = int(EntryKind.POST_PENDING)
_VOID: Final = int(EntryKind.VOID)
_OK: Final = Result.OK
_MANY: Final = 64
"""Lines from which on a mass posting is first tried as a whole."""
_ENDS: Final[dict[int, Result]] = {
    EntryKind.POST_PENDING: Result.PENDING_TRANSFER_ALREADY_POSTED,
    EntryKind.VOID: Result.PENDING_TRANSFER_ALREADY_VOIDED,
    EntryKind.EXPIRE: Result.PENDING_TRANSFER_EXPIRED,
}


class Core(Accounts):
    """What moves quanta, in process: the same checks and the same rows for the engine and for clients."""

    def post(
        self,
        debit: int,
        credit: int,
        amount: int,
        reason: int,
        reference: str = "",
        price: int | None = None,
        value_micros: int = 0,
        id: int = 0,
        flags: int = 0,
    ) -> Result:
        """Move `amount` quanta from `debit` to `credit` at once. Returns OK or the refusal."""
        if not (amount > 0 <= debit != credit >= 0):
            return self._refusal(debit, credit, amount)
        states = self._state
        flags_of, books = self._flags, self._book
        try:
            debit_before = states[debit]
            credit_before = states[credit]
        except IndexError:
            return self._refusal(debit, credit, amount)
        debit_flags = flags_of[debit]
        credit_flags = flags_of[credit]
        if books[debit] != books[credit] or debit_flags & _NO_DEBIT or credit_flags & _CLOSED_OR_HOLDS:
            return self._refusal(debit, credit, amount)
        d_pending, d_posted, d_in, d_credits, d_version = debit_before
        c_out, c_debits, c_pending, c_posted, c_version = credit_before
        d_posted += amount
        c_posted += amount
        d_total = d_pending + d_posted
        c_total = c_pending + c_posted
        if (
            d_total > COUNTER_MAX
            or c_total > COUNTER_MAX
            or (debit_flags & _NO_OVERDRAFT and d_total > d_credits)
            or (credit_flags & _NO_OVERPAYMENT and c_total > c_debits)
        ):
            return self._refusal(debit, credit, amount)
        if self._undo is not None:
            self._undo += ((states, debit, debit_before), (states, credit, credit_before))
        states[debit] = debit_after = (d_pending, d_posted, d_in, d_credits, d_version + 1)
        states[credit] = credit_after = (c_out, c_debits, c_pending, c_posted, c_version + 1)
        self._sequence = sequence = self._sequence + 1
        # Plain integers only (+reason), so that the collector soon stops looking at the row.
        row = (sequence, self._command, _POST, id, debit, credit, amount, +reason, value_micros, self._now_micros,
               price, reference, flags, debit_after, credit_after)  # fmt: skip
        self._rows.append(row)
        return _OK

    def hold(
        self,
        debit: int,
        amount: int,
        reason: int,
        reference: str = "",
        credit: int = NO_ACCOUNT,
        expires_micros: int = 0,
        price: int | None = None,
        value_micros: int = 0,
        id: int = 0,
        flags: int = 0,
    ) -> int:
        """Hold `amount` quanta of `debit` for a later posting, against `credit` or the book's HELD account.

        Returns the id of the hold, above zero, or a refusal as minus its `Result`.
        """
        states, flags_of, books = self._state, self._flags, self._book
        if credit == NO_ACCOUNT and 0 <= debit < len(states):
            credit = self._held[books[debit]]
        if not (amount > 0 <= debit != credit >= 0 and debit < len(states) > credit):
            return -self._refusal(debit, credit, amount, hold=True)
        debit_before = states[debit]
        credit_before = states[credit]
        d_pending, d_posted, d_in, d_credits, d_version = debit_before
        c_out, c_debits, c_pending, c_posted, c_version = credit_before
        d_pending += amount
        c_pending += amount
        d_total = d_pending + d_posted
        debit_flags = flags_of[debit]
        credit_flags = flags_of[credit]
        if (
            books[debit] != books[credit]
            or debit_flags & _NO_DEBIT
            or credit_flags & _CLOSED
            or d_total > COUNTER_MAX
            or c_pending + c_posted > COUNTER_MAX
            or (debit_flags & _NO_OVERDRAFT and d_total > d_credits)
            or (credit_flags & _NO_OVERPAYMENT and c_pending + c_posted > c_debits)
        ):
            return -self._refusal(debit, credit, amount, hold=True)
        now = self._now_micros
        assert expires_micros == 0 or expires_micros > now, "a hold ends after it begins"
        self._sequence = sequence = self._sequence + 1
        id = id or sequence
        if self._undo is None:
            self._pending[id] = (debit, credit, amount, +reason, expires_micros, sequence, reference)
        else:
            self._undo += ((states, debit, debit_before), (states, credit, credit_before))
            self._set(self._pending, id, (debit, credit, amount, +reason, expires_micros, sequence, reference))
        states[debit] = debit_after = (d_pending, d_posted, d_in, d_credits, d_version + 1)
        states[credit] = credit_after = (c_out, c_debits, c_pending, c_posted, c_version + 1)
        if expires_micros:
            heapq.heappush(self._expiries, (expires_micros, sequence, id))
        self._rows.append(
            (sequence, self._command, _HOLD, id, 0, debit, credit, amount, 0, +reason, value_micros or now,
             now, expires_micros, price, reference, flags, -1, debit_after, credit_after, None)
        )  # fmt: skip
        return id

    def raise_hold(self, pending_id: int, amount: int) -> Result:
        """Hold `amount` quanta more under a hold that stands; refused as `hold` would be. The row has the hold's id."""
        pending = self._pending.get(pending_id)
        if pending is None:
            return self._no_pending(pending_id)
        debit, credit, held, reason, expires, made, reference = pending
        if expires and expires <= self._now_micros:
            return Result.PENDING_TRANSFER_EXPIRED
        refusal = self._refusal(debit, credit, amount, hold=True)
        if refusal:
            return refusal
        states = self._state
        d_pending, d_posted, d_in, d_credits, d_version = debit_before = states[debit]
        c_out, c_debits, c_pending, c_posted, c_version = credit_before = states[credit]
        if self._undo is not None:
            self._undo += ((states, debit, debit_before), (states, credit, credit_before))
        states[debit] = debit_after = (d_pending + amount, d_posted, d_in, d_credits, d_version + 1)
        states[credit] = credit_after = (c_out, c_debits, c_pending + amount, c_posted, c_version + 1)
        self._set(self._pending, pending_id, (debit, credit, held + amount, reason, expires, made, reference))
        self._sequence = sequence = self._sequence + 1
        now = self._now_micros
        self._rows.append(
            (sequence, self._command, _HOLD, pending_id, 0, debit, credit, amount, 0, reason, now,
             now, expires, None, reference, 0, -1, debit_after, credit_after, None)
        )  # fmt: skip
        return _OK

    def may_hold(self, debit: int, amount: int) -> bool:
        """Whether `hold` would take this much more against the book's HELD account now."""
        return not self._refusal(debit, self._held[self._book[debit]], amount, hold=True)

    def release(self, pending_id: int, amount: int = 0, id: int = 0, flags: int = 0) -> Result:
        """Give back `amount` quanta of a hold, or all that is left for zero; the rest of it stands."""
        pending = self._pending.get(pending_id)
        if pending is None:
            return self._no_pending(pending_id)
        _, _, held, _, expires, _, _ = pending
        if expires and expires <= self._now_micros:
            return Result.PENDING_TRANSFER_EXPIRED
        if not 0 <= amount <= held:
            return Result.EXCEEDS_PENDING_TRANSFER_AMOUNT
        self._give_back(_VOID, pending_id, pending, amount or held, id, flags)
        return _OK

    def _give_back(
        self, kind: int, pending_id: int, pending: PendingRow, amount: int, id: int = 0, flags: int = 0
    ) -> None:
        """The one way in which a hold loses quanta without a posting."""
        states = self._state
        debit, credit, held, reason, _, _, reference = pending
        d_pending, d_posted, d_in, d_credits, d_version = debit_before = states[debit]
        c_out, c_debits, c_pending, c_posted, c_version = credit_before = states[credit]
        assert amount <= d_pending and amount <= c_pending, "a hold stands in both pending counters"
        if self._undo is not None:
            self._undo += ((states, debit, debit_before), (states, credit, credit_before))
        states[debit] = debit_after = (d_pending - amount, d_posted, d_in, d_credits, d_version + 1)
        states[credit] = credit_after = (c_out, c_debits, c_pending - amount, c_posted, c_version + 1)
        if self._undo is None and held == amount and pending_id <= OWN_ID_MAX:
            del self._pending[pending_id]
        else:
            self._keep_or_end(pending_id, pending, held - amount, kind)
        self._sequence = sequence = self._sequence + 1
        now = self._now_micros
        self._rows.append(
            (sequence, self._command, kind, id or sequence, pending_id, debit, credit, 0, amount, reason,
             now, now, 0, None, reference, flags, -1, debit_after, credit_after, None)
        )  # fmt: skip

    def _keep_or_end(self, pending_id: int, pending: PendingRow, left: int, kind: int) -> None:
        """Note what is left of a hold, or how it ended if a client may ask."""
        if left:
            self._set(self._pending, pending_id, (*pending[:2], left, *pending[3:]))
            return
        self._set(self._pending, pending_id, ABSENT)
        if pending_id > OWN_ID_MAX:
            self._set(self._ended, pending_id, kind)

    def _no_pending(self, pending_id: int) -> Result:
        """Why there is no hold of that id any more."""
        return _ENDS.get(self._ended.get(pending_id, 0), Result.PENDING_TRANSFER_NOT_FOUND)

    def post_pending(
        self,
        pending_id: int,
        amount: int = 0,
        credit: int = NO_ACCOUNT,
        reason: int = 0,
        reference: str = "",
        price: int | None = None,
        value_micros: int = 0,
        keep: bool = False,
        freed: int = 0,
        id: int = 0,
        flags: int = 0,
    ) -> Result:
        """Post `amount` quanta of a hold, or all that is left for zero, to `credit` or to the account it stood against.

        The rest is released in the same entry. With `keep` it stands on, so that an order's hold is filled in parts,
        but for `freed` quanta that are released.
        """
        pending = self._pending.get(pending_id)
        if pending is None:
            return self._no_pending(pending_id)
        debit, contra, held, hold_reason, expires, _, hold_reference = pending
        if expires and expires <= self._now_micros:
            return Result.PENDING_TRANSFER_EXPIRED
        amount = amount or held
        released = freed if keep else held - amount
        if amount < 0 or released < 0 or amount + released > held:
            return Result.EXCEEDS_PENDING_TRANSFER_AMOUNT
        if credit == NO_ACCOUNT:
            credit = contra
        result = self._refusal_to_settle(debit, credit, contra, amount)
        if result:
            return result
        after = self._move_held(debit, credit, contra, amount, released)
        self._keep_or_end(pending_id, pending, held - amount - released, _POST_PENDING)
        self._sequence = sequence = self._sequence + 1
        now = self._now_micros
        self._rows.append(
            (sequence, self._command, _POST_PENDING, id or sequence, pending_id, debit, credit, amount,
             released, +reason or hold_reason, value_micros or now, now, 0, price, reference or hold_reference, flags,
             -1 if contra == credit else contra, *after)
        )  # fmt: skip
        return _OK

    def _refusal_to_settle(self, debit: int, credit: int, contra: int, amount: int) -> Result:
        """Why a held amount cannot be posted to `credit`. The debit side was checked when it was held."""
        if not 0 <= credit < len(self._state):
            return Result.CREDIT_ACCOUNT_NOT_FOUND
        if debit == credit:
            return Result.ACCOUNTS_MUST_BE_DIFFERENT
        if self._book[debit] != self._book[credit]:
            return self._refusal(debit, credit, amount)
        flags = self._flags[credit]
        if flags & _CLOSED:
            return Result.CREDIT_ACCOUNT_CLOSED
        if flags & _HOLDS_ONLY:
            return Result.CREDIT_ACCOUNT_TAKES_HOLDS_ONLY
        if credit != contra:
            _, debits, pending, posted, _ = self._state[credit]
            if pending + posted + amount > COUNTER_MAX:
                return Result.OVERFLOWS_CREDITS
            if flags & _NO_OVERPAYMENT and pending + posted + amount > debits:
                return Result.EXCEEDS_DEBITS
        return _OK

    def _move_held(
        self, debit: int, credit: int, contra: int, amount: int, released: int
    ) -> tuple[State, State, State | None]:
        """Take `amount + released` out of the pending counters and post `amount`; the states after, in row order."""
        states = self._state
        undo = self._undo
        gone = amount + released
        d_pending, d_posted, d_in, d_credits, d_version = debit_before = states[debit]
        c_out, c_debits, c_pending, c_posted, c_version = credit_before = states[credit]
        assert gone <= d_pending, "what is held stands in the pending counter"
        if undo is not None:
            undo.append((states, debit, debit_before))
            undo.append((states, credit, credit_before))
        states[debit] = debit_after = (d_pending - gone, d_posted + amount, d_in, d_credits, d_version + 1)
        if credit == contra:
            c_pending -= gone
            contra_after = None
        else:
            x_out, x_debits, x_pending, x_posted, x_version = contra_before = states[contra]
            assert gone <= x_pending, "what is held stands in both pending counters"
            if undo is not None:
                undo.append((states, contra, contra_before))
            states[contra] = contra_after = (x_out, x_debits, x_pending - gone, x_posted, x_version + 1)
        assert c_pending >= 0, "a pending counter is never negative"
        states[credit] = credit_after = (c_out, c_debits, c_pending, c_posted + amount, c_version + 1)
        return debit_after, credit_after, contra_after

    def expire(self, limit: int = 0) -> list[int]:
        """End the holds whose time has come, in the order of expiry and then of making; their ids.

        With `limit`, at most so many, so that a slice of the work is bounded; an empty list means that none is left.
        """
        assert self._undo is None, "holds expire between chains"
        ended: list[int] = []
        heap = self._expiries
        while heap and heap[0][0] <= self._now_micros and (limit == 0 or len(ended) < limit):
            expires, sequence, pending_id = heapq.heappop(heap)
            pending = self._pending.get(pending_id)
            if pending is not None and pending[4:6] == (expires, sequence):
                self._give_back(int(EntryKind.EXPIRE), pending_id, pending, pending[2])
                ended.append(pending_id)
        return ended

    def post_mass(self, mass: MassPosting) -> Result:
        """Apply one command's posting to many accounts, whole or not at all. Frozen accounts take part."""
        after = self._mass_after_many(mass) if len(mass.accounts) >= _MANY else None
        if after is None:
            result, after = self._mass_after(mass)
            if result:
                return result
        states = self._state
        if self._undo is not None:
            self._undo += [(states, account, states[account]) for account in mass.accounts]
        for account, state in zip(mass.accounts, after, strict=True):
            states[account] = state
        self._sequence += 1
        now = self._now_micros
        entity, asset = self._books[self._book[mass.accounts[0]]]
        self._rows.append(
            MassEntry(
                self._sequence, self._command, EntryKind.MASS, entity, asset, mass.reason, mass.accounts, mass.amounts,
                mass.value_micros or now, now, mass.price, mass.reference, tuple(after),
            )
        )  # fmt: skip
        return _OK

    def _mass_after_many(self, mass: MassPosting) -> list[State] | None:
        """The states after a mass posting that nothing refuses; None leaves the word to `_mass_after`.

        What it must cost: no call a line, so that millions of lines take about half a microsecond each.
        """
        accounts, amounts, states = mass.accounts, mass.amounts, self._state
        rising = len(accounts) == len(amounts) and all(map(lt, accounts, islice(accounts, 1, None)))
        if not (rising and accounts[0] >= 0 and accounts[-1] < len(states)) or 0 in amounts or sum(amounts) != 0:
            return None
        flags = [*map(self._flags.__getitem__, accounts)]
        one_book = len({*map(self._book.__getitem__, accounts)}) == 1
        if not one_book or any(each & _CLOSED_OR_HOLDS for each in {*flags}):
            return None
        after = [
            (out, debits, into, credits + amount, version + 1)
            if amount > 0
            else (out, debits - amount, into, credits, version + 1)
            for (out, debits, into, credits, version), amount in zip(
                map(states.__getitem__, accounts), amounts, strict=True
            )
        ]
        is_refused = any(
            (into + credits > COUNTER_MAX or (flag & _NO_OVERPAYMENT and into + credits > debits))
            if amount > 0
            else (out + debits > COUNTER_MAX or (flag & _NO_OVERDRAFT and out + debits > credits))
            for (out, debits, into, credits, _), amount, flag in zip(after, amounts, flags, strict=True)
        )
        return None if is_refused else after

    def _mass_after(self, mass: MassPosting) -> tuple[Result, list[State]]:
        """The states after a mass posting, or the refusal of the lowest number over all its accounts."""
        accounts, amounts = mass.accounts, mass.amounts
        if not accounts or len(accounts) != len(amounts) or 0 in amounts:
            return Result.MASS_POSTING_EMPTY, []
        if any(left >= right for left, right in pairwise(accounts)):
            return Result.MASS_POSTING_OUT_OF_ORDER, []
        if sum(amounts) != 0:
            return Result.MASS_POSTING_NOT_ZERO_SUM, []
        worst = 0
        after: list[State] = []
        book = self._book[accounts[0]] if 0 <= accounts[0] < len(self._state) else NO_ACCOUNT
        for account, amount in zip(accounts, amounts, strict=True):
            result = self._mass_refusal(account, amount, book)
            if result:
                worst = min(worst or result, result)
            if not worst:
                out, debits, into, credits, version = self._state[account]
                if amount > 0:
                    after.append((out, debits, into, credits + amount, version + 1))
                else:
                    after.append((out, debits - amount, into, credits, version + 1))
        return Result(worst), after

    def _mass_refusal(self, account: int, amount: int, book: int) -> Result:
        """Why one line of a mass posting cannot be applied."""
        if not 0 <= account < len(self._state):
            return Result.CREDIT_ACCOUNT_NOT_FOUND if amount > 0 else Result.DEBIT_ACCOUNT_NOT_FOUND
        if self._book[account] != book:
            same = self._books[self._book[account]][0] == self._books[book][0] if book >= 0 else True
            return Result.ACCOUNTS_MUST_HAVE_THE_SAME_ASSET if same else Result.ACCOUNTS_MUST_HAVE_THE_SAME_ENTITY
        flags = self._flags[account]
        out, debits, into, credits, _ = self._state[account]
        if amount > 0:
            if flags & _CLOSED:
                return Result.CREDIT_ACCOUNT_CLOSED
            if flags & _HOLDS_ONLY:
                return Result.CREDIT_ACCOUNT_TAKES_HOLDS_ONLY
            if into + credits + amount > COUNTER_MAX:
                return Result.OVERFLOWS_CREDITS
            return Result.EXCEEDS_DEBITS if flags & _NO_OVERPAYMENT and into + credits + amount > debits else _OK
        if flags & _CLOSED:
            return Result.DEBIT_ACCOUNT_CLOSED
        if flags & _HOLDS_ONLY:
            return Result.DEBIT_ACCOUNT_TAKES_HOLDS_ONLY
        if out + debits - amount > COUNTER_MAX:
            return Result.OVERFLOWS_DEBITS
        return Result.EXCEEDS_CREDITS if flags & _NO_OVERDRAFT and out + debits - amount > credits else _OK

    def _refusal(self, debit: int, credit: int, amount: int, hold: bool = False) -> Result:
        """Why a new movement cannot be made, all reasons in their precedence; OK if none holds."""
        if amount == 0:
            return Result.AMOUNT_MUST_NOT_BE_ZERO
        if not 0 < amount <= COUNTER_MAX:
            return Result.AMOUNT_OUT_OF_RANGE
        if debit == credit:
            return Result.ACCOUNTS_MUST_BE_DIFFERENT
        count = len(self._state)
        if not 0 <= debit < count:
            return Result.DEBIT_ACCOUNT_NOT_FOUND
        if not 0 <= credit < count:
            return Result.CREDIT_ACCOUNT_NOT_FOUND
        debit_book, credit_book = self._books[self._book[debit]], self._books[self._book[credit]]
        if debit_book != credit_book:
            same = debit_book[0] == credit_book[0]
            return Result.ACCOUNTS_MUST_HAVE_THE_SAME_ASSET if same else Result.ACCOUNTS_MUST_HAVE_THE_SAME_ENTITY
        result = self._refusal_by_flags(self._flags[debit], self._flags[credit], hold)
        return result or self._refusal_by_counters(debit, credit, amount)

    @staticmethod
    def _refusal_by_flags(debit_flags: int, credit_flags: int, hold: bool) -> Result:
        if debit_flags & _CLOSED:
            return Result.DEBIT_ACCOUNT_CLOSED
        if credit_flags & _CLOSED:
            return Result.CREDIT_ACCOUNT_CLOSED
        if debit_flags & _FROZEN:
            return Result.DEBIT_ACCOUNT_FROZEN
        if debit_flags & _HOLDS_ONLY:
            return Result.DEBIT_ACCOUNT_TAKES_HOLDS_ONLY
        if credit_flags & _HOLDS_ONLY and not hold:
            return Result.CREDIT_ACCOUNT_TAKES_HOLDS_ONLY
        return _OK

    def _refusal_by_counters(self, debit: int, credit: int, amount: int) -> Result:
        d_pending, d_posted, _, d_credits, _ = self._state[debit]
        _, c_debits, c_pending, c_posted, _ = self._state[credit]
        debits = d_pending + d_posted + amount
        credits = c_pending + c_posted + amount
        if debits > COUNTER_MAX:
            return Result.OVERFLOWS_DEBITS
        if credits > COUNTER_MAX:
            return Result.OVERFLOWS_CREDITS
        if self._flags[debit] & _NO_OVERDRAFT and debits > d_credits:
            return Result.EXCEEDS_CREDITS
        if self._flags[credit] & _NO_OVERPAYMENT and credits > c_debits:
            return Result.EXCEEDS_DEBITS
        return _OK
