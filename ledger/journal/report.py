"""The ledger against itself: the zero-sum report, and the checks of `Ledger.check`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ledger.journal.chart import CHART, AccountCode, AccountFlag, AccountKind
from ledger.journal.transfers import COUNTER_MAX, Entry, EntryKind, MassEntry, State

if TYPE_CHECKING:
    from ledger.journal.ledger import Ledger

__all__ = ["ZeroSumLine", "check_history", "check_now", "group_difference", "zero_sum"]


class ZeroSumLine(NamedTuple):
    """One entity and asset, quanta, each in its normal direction. House accounts may be below zero.

    `held` is the part of the claims under holds. `difference` is left side less right side, and zero.
    """

    entity: str
    asset: str
    custody: int
    in_transit: int
    debts: int
    receivables: int
    due_from: int
    claims: int
    receipts_uncredited: int
    house: int
    due_to: int
    held: int

    @property
    def difference(self) -> int:
        """Custody, in transit, debts, receivables and due from, less claims, receipts, house and due to."""
        left = self.custody + self.in_transit + self.debts + self.receivables + self.due_from
        return left - self.claims - self.receipts_uncredited - self.house - self.due_to


def zero_sum(ledger: Ledger) -> list[ZeroSumLine]:
    """A line for each book, in the order of entity and asset."""
    sums = [dict.fromkeys(AccountKind, 0) for _ in ledger.books]
    held = [0] * len(sums)
    rows = {code: CHART[code] for code in AccountCode}
    for key, book, (pending, debits, _, credits, _) in zip(ledger._keys, ledger._book, ledger._state, strict=True):
        kind, credit_balance, _, _ = rows[key.code]
        sums[book][kind] += credits - debits if credit_balance else debits - credits
        if kind is AccountKind.CLAIM:
            held[book] += pending
    lines = [
        _line(book, kinds, held[number]) for number, (book, kinds) in enumerate(zip(ledger.books, sums, strict=True))
    ]
    return sorted(lines, key=lambda line: (line.entity, line.asset))


def _line(book: tuple[str, str], kinds: dict[AccountKind, int], held: int) -> ZeroSumLine:
    return ZeroSumLine(
        entity=book[0],
        asset=book[1],
        custody=kinds[AccountKind.CUSTODY],
        in_transit=kinds[AccountKind.IN_TRANSIT],
        debts=kinds[AccountKind.DEBT],
        receivables=kinds[AccountKind.RECEIVABLE],
        due_from=kinds[AccountKind.DUE_FROM],
        claims=kinds[AccountKind.CLAIM],
        receipts_uncredited=kinds[AccountKind.RECEIPT],
        house=kinds[AccountKind.HOUSE],
        due_to=kinds[AccountKind.DUE_TO],
        held=held,
    )


def group_difference(ledger: Ledger) -> dict[tuple[str, str, str], int]:
    """Where two entities disagree: (creditor, debtor, asset) to due from less due to, quanta; empty if they agree."""
    differences: dict[tuple[str, str, str], int] = {}
    for account in range(len(ledger)):
        key = ledger.key(account)
        if key.code is AccountCode.DUE_FROM:
            pair, sign = (key.entity, key.owner, key.asset), 1
        elif key.code is AccountCode.DUE_TO:
            pair, sign = (key.owner, key.entity, key.asset), -1
        else:
            continue
        differences[pair] = differences.get(pair, 0) + sign * ledger.owed(account)
    return {pair: amount for pair, amount in differences.items() if amount}


def check_now(ledger: Ledger) -> list[str]:
    """What is wrong with the state as it stands. Names no customer and no amount."""
    problems: list[str] = []
    books = len(ledger.books)
    totals = [[0, 0, 0, 0] for _ in range(books)]
    for account, state in enumerate(ledger._state):
        problems += _account_problems(ledger, account, state)
        total = totals[ledger._book[account]]
        for counter in range(4):
            total[counter] += state[counter]
    for (entity, asset), (out, debits, into, credits) in zip(ledger.books, totals, strict=True):
        if debits != credits:
            problems.append(f"{entity}/{asset}: posted debits and credits differ")
        if out != into:
            problems.append(f"{entity}/{asset}: pending debits and credits differ")
    problems += [f"{line.entity}/{line.asset}: not zero-sum" for line in zero_sum(ledger) if line.difference]
    return problems + _pending_problems(ledger)


def _account_problems(ledger: Ledger, account: int, state: State) -> list[str]:
    out, debits, into, credits, version = state
    flags = AccountFlag(ledger._flags[account])
    checks = (
        (min(state) < 0, "a counter below zero"),
        (out + debits > COUNTER_MAX or into + credits > COUNTER_MAX, "a counter above its limit"),
        (flags & AccountFlag.DEBITS_MUST_NOT_EXCEED_CREDITS and out + debits > credits, "more debits than credits"),
        (flags & AccountFlag.CREDITS_MUST_NOT_EXCEED_DEBITS and into + credits > debits, "more credits than debits"),
        (flags & AccountFlag.PENDING_ONLY and (debits or credits), "postings where only holds may stand"),
        (flags & AccountFlag.CLOSED and (debits != credits or out or into), "a balance although it is closed"),
        (version == 0 and any(state), "counters that moved without a version"),
        (CHART[ledger._keys[account].code].flags & ~flags, "lost a limit of the chart"),
    )
    return [f"account {account}: {problem}" for wrong, problem in checks if wrong]


def _pending_problems(ledger: Ledger) -> list[str]:
    """Whether the holds that stand are exactly what the pending counters say."""
    out = [0] * len(ledger)
    into = [0] * len(ledger)
    problems = []
    for hold in ledger.standing_holds().values():
        out[hold.debit] += hold.amount
        into[hold.credit] += hold.amount
        if hold.amount <= 0 or hold.sequence > ledger.sequence:
            problems.append(f"hold of entry {hold.sequence}: it cannot be")
    for account, state in enumerate(ledger._state):
        if (out[account], into[account]) != (state[0], state[2]):
            problems.append(f"account {account}: its holds do not add up to its pending counters")
    return problems


def check_history(ledger: Ledger, history: Iterable[Entry | MassEntry]) -> list[str]:
    """Whether all entries since the first add up, row by row, to every state they note and to the state that is."""
    states: dict[int, State] = {}
    problems: list[str] = []
    sequence = 0
    for entry in history:
        sequence += 1
        if entry.sequence != sequence:
            problems.append(f"entry {entry.sequence} stands where {sequence} should")
            sequence = entry.sequence
        for account, change, noted in _changes(entry):
            before = states.get(account, (0, 0, 0, 0, 0))
            after = states[account] = tuple(map(int.__add__, before, change))  # type: ignore[assignment]  # five of five
            if after != noted:
                problems.append(f"entry {entry.sequence}: the state noted for account {account} does not follow")
    if sequence != ledger.sequence:
        problems.append("the history does not reach the newest entry")
    for account, state in enumerate(ledger._state):
        if states.get(account, (0, 0, 0, 0, 0)) != state:
            problems.append(f"account {account}: its counters are not the sum of its entries")
    return problems


def _changes(entry: Entry | MassEntry) -> list[tuple[int, State, State | None]]:
    """What one entry adds to each account, beside the state that it notes."""
    if isinstance(entry, MassEntry):
        return [
            (account, (0, max(-amount, 0), 0, max(amount, 0), 1), after)
            for account, amount, after in zip(entry.accounts, entry.amounts, entry.after, strict=True)
        ]
    amount, gone = entry.amount, entry.amount + entry.released
    debit, credit = (entry.debit, entry.debit_after), (entry.credit, entry.credit_after)
    if entry.kind is EntryKind.POST:
        return [(debit[0], (0, amount, 0, 0, 1), debit[1]), (credit[0], (0, 0, 0, amount, 1), credit[1])]
    if entry.kind is EntryKind.HOLD:
        return [(debit[0], (amount, 0, 0, 0, 1), debit[1]), (credit[0], (0, 0, amount, 0, 1), credit[1])]
    if entry.kind is not EntryKind.POST_PENDING:
        return [(debit[0], (-gone, 0, 0, 0, 1), debit[1]), (credit[0], (0, 0, -gone, 0, 1), credit[1])]
    posted: tuple[int, State, State | None] = (debit[0], (-gone, amount, 0, 0, 1), debit[1])
    if entry.contra_after is None:
        return [posted, (credit[0], (0, 0, -gone, amount, 1), credit[1])]
    return [
        posted,
        (credit[0], (0, 0, 0, amount, 1), credit[1]),
        (entry.contra, (0, 0, -gone, 0, 1), entry.contra_after),
    ]
