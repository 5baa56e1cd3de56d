"""The plain ledger: the specification that `ledger.journal` is compared with. Slow, and meant to be obviously right.

Balances are not kept: every counter is the sum of all moves, each time that somebody asks. A chain works on a copy.
Refusals are gathered, all that hold, and the one with the lowest number is the answer.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from ledger.journal import (
    COUNTER_MAX,
    NO_ACCOUNT,
    STICKY_RESULTS,
    TIME_MICROS_MAX,
    AccountCode,
    AccountFlag,
    AccountKey,
    MassPosting,
    ReasonCode,
    Result,
    Transfer,
    TransferFlag,
)

DP, DEBITS, CP, CREDITS = range(4)
HOLDING, CLEAR, ENDS = TransferFlag.PENDING, TransferFlag.VOID_PENDING, (
    TransferFlag.POST_PENDING | TransferFlag.VOID_PENDING
)  # fmt: skip


@dataclass
class Hold:
    debit: int
    credit: int
    left: int
    reason: int
    expires: int
    order: int


@dataclass
class NaiveLedger:
    """Accounts by index as in the real one; `moves` are (account, counter, amount)."""

    keys: list[AccountKey] = field(default_factory=list)
    flags: list[AccountFlag] = field(default_factory=list)
    moves: list[tuple[int, int, int]] = field(default_factory=list)
    holds: dict[int, Hold] = field(default_factory=dict)
    ends: dict[int, Result] = field(default_factory=dict)
    seen: dict[int, Transfer] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    sequence: int = 0
    now: int = 0

    def counter(self, account, counter):
        return sum(amount for who, which, amount in self.moves if (who, which) == (account, counter))

    def counters(self, account):
        return tuple(self.counter(account, which) for which in range(4))

    def held_account(self, account):
        key = self.keys[account]
        return self.keys.index(AccountKey(key.entity, AccountCode.HELD, "", "", key.asset))

    # Refusals.

    def reasons_against(self, debit, credit, amount, *, hold=False):
        """Everything that speaks against a new movement."""
        found = []
        if amount == 0:
            found.append(Result.AMOUNT_MUST_NOT_BE_ZERO)
        if not 0 <= amount <= COUNTER_MAX:
            found.append(Result.AMOUNT_OUT_OF_RANGE)
        if debit == credit:
            found.append(Result.ACCOUNTS_MUST_BE_DIFFERENT)
        there = [0 <= account < len(self.keys) for account in (debit, credit)]
        if not there[0]:
            found.append(Result.DEBIT_ACCOUNT_NOT_FOUND)
        if not there[1]:
            found.append(Result.CREDIT_ACCOUNT_NOT_FOUND)
        if all(there):
            one, two = self.keys[debit], self.keys[credit]
            if one.entity != two.entity:
                found.append(Result.ACCOUNTS_MUST_HAVE_THE_SAME_ENTITY)
            if one.asset != two.asset:
                found.append(Result.ACCOUNTS_MUST_HAVE_THE_SAME_ASSET)
            found += self.debit_reasons(debit, amount)
            found += self.credit_reasons(credit, amount, hold)
        return found

    def debit_reasons(self, account, amount, mass=False):
        flags, total = self.flags[account], self.counter(account, DP) + self.counter(account, DEBITS) + amount
        if AccountFlag.CLOSED in flags:
            yield Result.DEBIT_ACCOUNT_CLOSED
        if AccountFlag.FROZEN in flags and not mass:
            yield Result.DEBIT_ACCOUNT_FROZEN
        if AccountFlag.PENDING_ONLY in flags:
            yield Result.DEBIT_ACCOUNT_TAKES_HOLDS_ONLY
        if total > COUNTER_MAX:
            yield Result.OVERFLOWS_DEBITS
        if AccountFlag.DEBITS_MUST_NOT_EXCEED_CREDITS in flags and total > self.counter(account, CREDITS):
            yield Result.EXCEEDS_CREDITS

    def credit_reasons(self, account, amount, hold=False):
        flags, total = self.flags[account], self.counter(account, CP) + self.counter(account, CREDITS) + amount
        if AccountFlag.CLOSED in flags:
            yield Result.CREDIT_ACCOUNT_CLOSED
        if AccountFlag.PENDING_ONLY in flags and not hold:
            yield Result.CREDIT_ACCOUNT_TAKES_HOLDS_ONLY
        if total > COUNTER_MAX:
            yield Result.OVERFLOWS_CREDITS
        if AccountFlag.CREDITS_MUST_NOT_EXCEED_DEBITS in flags and total > self.counter(account, DEBITS):
            yield Result.EXCEEDS_DEBITS

    # Movements.

    def post(self, debit, credit, amount):
        found = self.reasons_against(debit, credit, amount)
        if found:
            return min(found)
        self.sequence += 1
        self.moves += [(debit, DEBITS, amount), (credit, CREDITS, amount)]
        return Result.OK

    def hold(self, debit, amount, reason, credit=NO_ACCOUNT, expires=0, id=0):
        if credit == NO_ACCOUNT and 0 <= debit < len(self.keys):
            credit = self.held_account(debit)
        found = self.reasons_against(debit, credit, amount, hold=True)
        if found:
            return -min(found)
        self.sequence += 1
        self.moves += [(debit, DP, amount), (credit, CP, amount)]
        self.holds[id or self.sequence] = Hold(debit, credit, amount, reason, expires, self.sequence)
        return id or self.sequence

    def end(self, id, result):
        if self.holds[id].left == 0:
            del self.holds[id]
            if id >= 2**80:
                self.ends[id] = result

    def free(self, id, amount, result=Result.PENDING_TRANSFER_ALREADY_VOIDED):
        hold = self.holds[id]
        self.sequence += 1
        self.moves += [(hold.debit, DP, -amount), (hold.credit, CP, -amount)]
        hold.left -= amount
        self.end(id, result)

    def gone(self, id, amount):
        """Why a hold cannot give `amount`."""
        if id not in self.holds:
            return self.ends.get(id, Result.PENDING_TRANSFER_NOT_FOUND)
        if 0 < self.holds[id].expires <= self.now:
            return Result.PENDING_TRANSFER_EXPIRED
        return Result.OK if 0 <= amount <= self.holds[id].left else Result.EXCEEDS_PENDING_TRANSFER_AMOUNT

    def release(self, id, amount=0):
        result = self.gone(id, amount)
        if result == Result.OK:
            self.free(id, amount or self.holds[id].left)
        return result

    def post_pending(self, id, amount=0, credit=NO_ACCOUNT, keep=False, freed=0):
        freed = freed if keep else 0
        result = self.gone(id, (amount or self.holds[id].left if id in self.holds else amount) + freed)
        if result != Result.OK:
            return result
        hold = self.holds[id]
        amount = amount or hold.left
        credit = hold.credit if credit == NO_ACCOUNT else credit
        if not 0 <= credit < len(self.keys):
            return Result.CREDIT_ACCOUNT_NOT_FOUND
        # A hold that is posted to another account is released there and posted here; the limit sees only the latter.
        counted = 0 if credit == hold.credit else amount
        found = list(self.credit_reasons(credit, counted))
        one, two = self.keys[hold.debit], self.keys[credit]
        found += [Result.ACCOUNTS_MUST_BE_DIFFERENT] if hold.debit == credit else []
        found += [Result.ACCOUNTS_MUST_HAVE_THE_SAME_ENTITY] if one.entity != two.entity else []
        found += [Result.ACCOUNTS_MUST_HAVE_THE_SAME_ASSET] if one.asset != two.asset else []
        if found:
            return min(found)
        gone = amount + freed if keep else hold.left
        self.sequence += 1
        self.moves += [(hold.debit, DP, -gone), (hold.credit, CP, -gone)]
        self.moves += [(hold.debit, DEBITS, amount), (credit, CREDITS, amount)]
        hold.left -= gone
        self.end(id, Result.PENDING_TRANSFER_ALREADY_POSTED)
        return Result.OK

    def expire(self):
        due = [id for id, hold in self.holds.items() if 0 < hold.expires <= self.now]
        due.sort(key=lambda id: (self.holds[id].expires, self.holds[id].order))
        for id in due:
            self.free(id, self.holds[id].left, Result.PENDING_TRANSFER_EXPIRED)
        return due

    def post_mass(self, mass: MassPosting):
        pairs = list(zip(mass.accounts, mass.amounts, strict=True))
        if not pairs or 0 in mass.amounts:
            return Result.MASS_POSTING_EMPTY
        if list(mass.accounts) != sorted(set(mass.accounts)):
            return Result.MASS_POSTING_OUT_OF_ORDER
        if sum(mass.amounts):
            return Result.MASS_POSTING_NOT_ZERO_SUM
        found = []
        first = self.keys[pairs[0][0]]
        for account, amount in pairs:
            key = self.keys[account]
            if key.entity != first.entity:
                found.append(Result.ACCOUNTS_MUST_HAVE_THE_SAME_ENTITY)
            elif key.asset != first.asset:
                found.append(Result.ACCOUNTS_MUST_HAVE_THE_SAME_ASSET)
            else:
                reasons = self.credit_reasons(account, amount) if amount > 0 else ()
                found += reasons or (self.debit_reasons(account, -amount, mass=True) if amount < 0 else ())
        if found:
            return min(found)
        self.sequence += 1
        self.moves += [(account, CREDITS if amount > 0 else DEBITS, abs(amount)) for account, amount in pairs]
        return Result.OK

    # Client-made transfers, as far as the state machine makes them: their form is right.

    def apply(self, batch):
        results, chain = [], []
        for transfer in batch:
            chain.append(transfer)
            if not transfer.flags & TransferFlag.LINKED:
                results += self.apply_chain(chain)
                chain = []
        if chain:
            results += [Result.LINKED_EVENT_FAILED] * (len(chain) - 1) + [Result.LINKED_EVENT_CHAIN_OPEN]
        return results

    def apply_chain(self, chain):
        before = copy.deepcopy(self.__dict__)
        for position, transfer in enumerate(chain):
            result = self.apply_one(transfer)
            if result != Result.OK:
                if len(chain) > 1:
                    self.__dict__.update(before)
                if result in STICKY_RESULTS:
                    self.failed.add(transfer.id)
                results = [Result.LINKED_EVENT_FAILED] * len(chain)
                results[position] = result
                return results
        return [Result.OK] * len(chain)

    def apply_one(self, transfer):
        if transfer.id in self.seen:
            same = transfer == self.seen[transfer.id]
            return Result.EXISTS if same else Result.EXISTS_WITH_DIFFERENT_AMOUNT
        if transfer.id in self.failed:
            return Result.ID_ALREADY_FAILED
        assert transfer.reason in list(ReasonCode) or transfer.flags & ENDS
        result = self.make(transfer)
        if result == Result.OK:
            self.seen[transfer.id] = transfer
        return result

    def make(self, transfer):
        id, debit, credit, amount, reason, _, _, _, flags, pending_id, timeout = transfer
        if flags & ENDS:
            seen = self.seen.get(pending_id)
            if seen is not None and not seen.flags & HOLDING:
                return Result.PENDING_TRANSFER_NOT_PENDING
            return self.release(pending_id) if flags & CLEAR else self.post_pending(pending_id, amount)
        if flags & TransferFlag.BALANCING_DEBIT:
            dp, debits, _, credits = self.counters(debit)
            room = credits - dp - debits
            if room <= 0:
                against = self.reasons_against(debit, credit, 1, hold=bool(flags & HOLDING))
                return min([*against, Result.EXCEEDS_CREDITS])
            amount = min(amount, room)
        if flags & HOLDING:
            expires = self.now + timeout if timeout else 0
            assert expires <= TIME_MICROS_MAX
            return Result(max(0, -self.hold(debit, amount, reason, credit, expires, id)))
        return self.post(debit, credit, amount)
