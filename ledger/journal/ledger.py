"""The ledger: batches of client-made transfers on top of the movements of `Core` and `Fills`.

A transfer is applied once: the id with all its fields is remembered until `forget`, sent again it `EXISTS`, and an id
whose transfer was refused for the state of its moment never succeeds later. Ids older than what was forgotten are
refused, so that what is remembered stays bounded. A chain of linked transfers is applied whole or not at all; sent
again, its first transfer `EXISTS` and the others say LINKED_EVENT_FAILED.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ledger.canonical import Digest, Tag, tagged_hash
from ledger.journal.chart import NO_ACCOUNT
from ledger.journal.fills import Fills
from ledger.journal.report import ZeroSumLine, check_history, check_now, zero_sum
from ledger.journal.state import read_state, state_sections
from ledger.journal.transfers import (
    COUNTER_MAX,
    ID_AHEAD_MILLIS_MAX,
    ID_TIME_SHIFT,
    OWN_ID_MAX,
    REFERENCE_BYTES_MAX,
    STICKY_RESULTS,
    TIME_MICROS_MAX,
    Entry,
    MassEntry,
    Pending,
    ReasonCode,
    Result,
    Transfer,
    TransferFlag,
)

__all__ = ["Ledger"]

_LINKED: Final = int(TransferFlag.LINKED)
_PENDING: Final = int(TransferFlag.PENDING)
_POST: Final = int(TransferFlag.POST_PENDING)
_VOID: Final = int(TransferFlag.VOID_PENDING)
_ENDS_HOLD: Final = _POST | _VOID
_BALANCING_DEBIT: Final = int(TransferFlag.BALANCING_DEBIT)
_BALANCING_CREDIT: Final = int(TransferFlag.BALANCING_CREDIT)
_BALANCING: Final = _BALANCING_DEBIT | _BALANCING_CREDIT
_KNOWN_FLAGS: Final = sum(TransferFlag)
_REASONS: Final = frozenset(int(reason) for reason in ReasonCode)
_ID_MAX: Final = 2**128 - 1

_DIFFERENCES: Final = (
    ("flags", Result.EXISTS_WITH_DIFFERENT_FLAGS),
    ("pending_id", Result.EXISTS_WITH_DIFFERENT_PENDING_ID),
    ("timeout_micros", Result.EXISTS_WITH_DIFFERENT_TIMEOUT),
    ("debit", Result.EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT),
    ("credit", Result.EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT),
    ("amount", Result.EXISTS_WITH_DIFFERENT_AMOUNT),
    ("reason", Result.EXISTS_WITH_DIFFERENT_REASON),
    ("value_micros", Result.EXISTS_WITH_DIFFERENT_VALUE_TIME),
    ("price", Result.EXISTS_WITH_DIFFERENT_PRICE),
    ("reference", Result.EXISTS_WITH_DIFFERENT_REFERENCE),
)


class Ledger(Fills):
    """Accounts, holds, remembered ids, and every way in which they change."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[int, Transfer] = {}
        self._failed: dict[int, int] = {}
        self._id_floor_millis = 0

    # Applying.

    def apply(self, batch: Sequence[Transfer]) -> list[Result]:
        """Apply transfers in order, at the time and for the command that `begin` gave; one result for each."""
        assert self._undo is None, "a batch is applied between chains"
        results: list[Result] = []
        start = 0
        while start < len(batch):
            if not batch[start].flags & _LINKED:
                results.append(self._apply_one(batch[start]))
                start += 1
                continue
            end = start
            while end < len(batch) and batch[end].flags & _LINKED:
                end += 1
            results += self._apply_chain(batch[start : end + 1], is_open=end == len(batch))
            start = end + 1
        assert len(results) == len(batch) and self._undo is None, "every transfer has its answer, every chain its end"
        return results

    def _apply_chain(self, chain: Sequence[Transfer], is_open: bool) -> list[Result]:
        """Apply linked transfers, all or none. The one that failed says why, the others that they were linked."""
        results = [Result.LINKED_EVENT_FAILED] * len(chain)
        if is_open:
            results[-1] = Result.LINKED_EVENT_CHAIN_OPEN
            return results
        self.begin_chain()
        for position, transfer in enumerate(chain):
            result = self._apply_one(transfer)
            if result:
                self.rollback_chain()
                results[position] = result
                if result in STICKY_RESULTS:
                    self._failed[transfer.id] = int(result)
                return results
        self.commit_chain()
        return [Result.OK] * len(chain)

    def _apply_one(self, transfer: Transfer) -> Result:
        """Apply one transfer and remember its id."""
        id, debit, credit, amount, reason, value_micros, price, reference, flags, pending_id, timeout = transfer
        floor = self._id_floor_millis
        now_millis = self._now_micros // 1000
        if id > OWN_ID_MAX and floor <= id >> ID_TIME_SHIFT <= now_millis + ID_AHEAD_MILLIS_MAX and id < _ID_MAX:
            seen = self._seen.get(id)
            if seen is not None:
                return self._existing(transfer, seen)
            if id in self._failed:
                return Result.ID_ALREADY_FAILED
        else:
            return self._id_refusal(id)
        if flags or pending_id or timeout or value_micros or price is not None or reference or reason not in _REASONS:
            result = self._form_refusal(transfer)
            if result:
                return result
        if flags & ~_LINKED:
            result = self._apply_flagged(transfer)
        else:
            result = self.post(debit, credit, amount, reason, reference, price, value_micros, id, flags)
        if not result:
            if self._undo is None:
                self._seen[id] = transfer
            else:
                self._set(self._seen, id, transfer)
        elif result in STICKY_RESULTS:
            self._set(self._failed, id, int(result))
        return result

    def _id_refusal(self, id: int) -> Result:
        if id == 0:
            return Result.ID_MUST_NOT_BE_ZERO
        if id == _ID_MAX:
            return Result.ID_MUST_NOT_BE_MAX
        if not OWN_ID_MAX < id < _ID_MAX:
            return Result.ID_MUST_CARRY_TIME
        return Result.ID_TOO_OLD if id >> ID_TIME_SHIFT < self._id_floor_millis else Result.ID_TIME_AHEAD

    @staticmethod
    def _existing(transfer: Transfer, seen: Transfer) -> Result:
        if transfer == seen:
            return Result.EXISTS
        return next(result for field, result in _DIFFERENCES if getattr(transfer, field) != getattr(seen, field))

    @staticmethod
    def _form_refusal(transfer: Transfer) -> Result:
        """What is wrong with a transfer whatever the state of the ledger."""
        id, debit, credit, amount, reason, value_micros, price, reference, flags, pending_id, timeout_micros = transfer
        ends_hold = flags & _ENDS_HOLD
        if flags & ~_KNOWN_FLAGS:
            return Result.FLAGS_ARE_UNKNOWN
        if (ends_hold and flags & (_PENDING | _BALANCING)) or ends_hold == _ENDS_HOLD:
            return Result.FLAGS_ARE_MUTUALLY_EXCLUSIVE
        if amount == 0 and not ends_hold:
            return Result.AMOUNT_MUST_NOT_BE_ZERO
        if not 0 <= amount <= COUNTER_MAX:
            return Result.AMOUNT_OUT_OF_RANGE
        if reason not in _REASONS and not (ends_hold and reason == 0):
            return Result.REASON_UNKNOWN
        if not 0 <= value_micros <= TIME_MICROS_MAX:
            return Result.VALUE_TIME_OUT_OF_RANGE
        if price is not None and not 0 <= price <= COUNTER_MAX:
            return Result.PRICE_OUT_OF_RANGE
        if reference and len(reference.encode()) > REFERENCE_BYTES_MAX:
            return Result.REFERENCE_TOO_LONG
        if timeout_micros:
            if not flags & _PENDING:
                return Result.TIMEOUT_RESERVED_FOR_PENDING
            if not 0 < timeout_micros <= TIME_MICROS_MAX:
                return Result.TIMEOUT_OUT_OF_RANGE
        if pending_id and not ends_hold:
            return Result.PENDING_ID_MUST_BE_ZERO
        if ends_hold and not 0 < pending_id <= _ID_MAX:
            return Result.PENDING_ID_MUST_NOT_BE_ZERO
        if ends_hold and pending_id == id:
            return Result.PENDING_ID_MUST_BE_DIFFERENT
        if debit == credit and not (ends_hold and debit == NO_ACCOUNT):
            return Result.ACCOUNTS_MUST_BE_DIFFERENT
        return Result.OK

    def _apply_flagged(self, transfer: Transfer) -> Result:
        """A hold, the end of one, or a balancing transfer."""
        id, debit, credit, amount, reason, value_micros, price, reference, flags, _, timeout = transfer
        if flags & _ENDS_HOLD:
            return self._end_hold(transfer)
        if flags & _BALANCING:
            result, amount = self._balanced(debit, credit, amount, flags)
            if result:
                return result
        if not flags & _PENDING:
            return self.post(debit, credit, amount, reason, reference, price, value_micros, id, flags)
        expires = self._now_micros + timeout if timeout else 0
        if expires > TIME_MICROS_MAX:
            refusal = self._refusal(debit, credit, amount, hold=True)
            return min(refusal or Result.OVERFLOWS_TIMEOUT, Result.OVERFLOWS_TIMEOUT)
        if credit == NO_ACCOUNT:
            return Result.CREDIT_ACCOUNT_NOT_FOUND
        held = self.hold(debit, amount, reason, reference, credit, expires, price, value_micros, id, flags)
        return Result.OK if held > 0 else Result(-held)

    def _balanced(self, debit: int, credit: int, amount: int, flags: int) -> tuple[Result, int]:
        """The refusal and the amount that the balancing accounts leave; of accounts that are not there, as it was."""
        count = len(self._state)
        if not (0 <= debit < count and 0 <= credit < count):
            return Result.OK, amount
        room = amount
        exceeds = Result.OK
        if flags & _BALANCING_CREDIT:
            _, debits, pending, posted, _ = self._state[credit]
            room = min(room, debits - pending - posted)
            exceeds = Result.EXCEEDS_DEBITS if room <= 0 else exceeds
        if flags & _BALANCING_DEBIT:
            pending, posted, _, credits, _ = self._state[debit]
            room = min(room, credits - pending - posted)
            exceeds = Result.EXCEEDS_CREDITS if credits - pending - posted <= 0 else exceeds
        if exceeds:
            refusal = self._refusal(debit, credit, 1, hold=bool(flags & _PENDING))
            return min(refusal or exceeds, exceeds), amount
        return Result.OK, room

    def _end_hold(self, transfer: Transfer) -> Result:
        """Post or void the hold that a transfer names, as far as its other fields agree with the hold."""
        id, _, _, amount, reason, value_micros, price, reference, flags, pending_id, _ = transfer
        pending = self.pending(pending_id)
        if pending is None:
            seen = self._seen.get(pending_id)
            if seen is not None and not seen.flags & _PENDING:
                return Result.PENDING_TRANSFER_NOT_PENDING
            return self._no_pending(pending_id)
        result = self._hold_difference(transfer, pending)
        if result:
            return result
        if flags & _VOID:
            return self.release(pending_id, 0, id, flags)
        return self.post_pending(
            pending_id, amount, NO_ACCOUNT, reason, reference, price, value_micros, id=id, flags=flags
        )

    def _hold_difference(self, transfer: Transfer, pending: Pending) -> Result:
        if pending.expires_micros and pending.expires_micros <= self._now_micros:
            return Result.PENDING_TRANSFER_EXPIRED
        if transfer.debit not in (NO_ACCOUNT, pending.debit):
            return Result.PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT
        if transfer.credit not in (NO_ACCOUNT, pending.credit):
            return Result.PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT
        if transfer.reason not in (0, pending.reason):
            return Result.PENDING_TRANSFER_HAS_DIFFERENT_REASON
        if transfer.flags & _VOID and transfer.amount not in (0, pending.amount):
            return Result.PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT
        if transfer.amount > pending.amount:
            return Result.EXCEEDS_PENDING_TRANSFER_AMOUNT
        return Result.OK

    def forget(self, before_millis: int) -> None:
        """Drop what is remembered of ids older than this Unix time; from now on such ids are refused.

        Holds stand as long as they stand, however old they are.
        """
        assert self._undo is None, "ids are forgotten between chains"
        self._id_floor_millis = floor = max(self._id_floor_millis, before_millis)
        self._seen = {id: seen for id, seen in self._seen.items() if id >> ID_TIME_SHIFT >= floor}
        self._failed = {id: result for id, result in self._failed.items() if id >> ID_TIME_SHIFT >= floor}
        self._ended = {id: kind for id, kind in self._ended.items() if id >> ID_TIME_SHIFT >= floor}

    # The state as bytes.

    def state_sections(self) -> dict[str, bytes]:
        """The canonical bytes of the state in parts: head, accounts, pending, ids."""
        return state_sections(self)

    def state_bytes(self) -> bytes:
        """The canonical bytes of everything that decides what the ledger does next."""
        return b"".join(self.state_sections().values())

    def state_hash(self) -> Digest:
        """SHA-256 of the state under its own tag (docs/spec/encoding.md section 2)."""
        return tagged_hash(Tag.JOURNAL_STATE, self.state_bytes())

    def checkpoint(self) -> bytes:
        """What `restore` makes the same ledger of: the state's bytes. Rows must be drained first."""
        assert not self._rows, "rows are stored before a checkpoint is taken"
        return self.state_bytes()

    @classmethod
    def restore(cls, checkpoint: bytes) -> Ledger:
        """The ledger of a checkpoint. Raises FormatError if the bytes are not exactly one."""
        return read_state(cls(), checkpoint)

    # Proving itself.

    def check(self, history: Iterable[Entry | MassEntry] | None = None) -> list[str]:
        """Everything that is wrong with the ledger, in words; an empty list if nothing is.

        With `history`, all entries since the first, the counters are also recomputed from them.
        """
        problems = check_now(self)
        if history is not None:
            problems += check_history(self, history)
        return problems

    def zero_sum_report(self) -> list[ZeroSumLine]:
        """For each entity and asset the sums of every kind of account, and their difference, which is zero."""
        return zero_sum(self)
