"""Mass postings of many lines: tried as a whole, with the results of the way that goes line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal import (
    AccountCode,
    Ledger,
    MassPosting,
    ReasonCode,
    Result,
    claim_key,
    core,
    debt_key,
    entry_of,
    house_key,
)
from ledger.journal.chart import AccountFlag

COUNT = 80


def funded() -> Ledger:
    """HELD, a wallet, claims of 100 each, then debts of 50 each, and dust; all of one book."""
    ledger = Ledger()
    ledger.begin(1, 1_790_000_000_000_000)
    wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "wallet"))
    claims = [ledger.open(claim_key(f"c{number}", "USDC")) for number in range(COUNT)]
    debts = [ledger.open(debt_key(f"d{number}", "USDC")) for number in range(COUNT)]
    ledger.open(house_key(AccountCode.DUST, "USDC"))
    for claim, debt in zip(claims, debts, strict=True):
        assert not ledger.post(wallet, claim, 100, ReasonCode.DEPOSIT)
        assert not ledger.post(debt, claim, 50, ReasonCode.BORROW)
    return ledger


def line_by_line(mass: MassPosting, prepare: list[tuple[int, AccountFlag]], patch: pytest.MonkeyPatch) -> object:
    """Result and state without the fast way."""
    with patch.context() as context:
        context.setattr(core, "_MANY", 10**9)
        return posted(mass, prepare)


def posted(mass: MassPosting, prepare: list[tuple[int, AccountFlag]]) -> object:
    """Result, state and rows after a mass posting, with flags set before it."""
    ledger = funded()
    for account, flag in prepare:
        ledger._flags[account] |= int(flag)
    result = ledger.post_mass(mass)
    return result, ledger.state_bytes(), [*map(entry_of, ledger.drain_rows())]


@given(
    amounts=st.lists(st.integers(-160, 160), min_size=2 * COUNT, max_size=2 * COUNT),
    small=st.booleans(),
    flags=st.lists(
        st.tuples(st.integers(2, 2 * COUNT), st.sampled_from([AccountFlag.CLOSED, AccountFlag.FROZEN])), max_size=2
    ),
    twist=st.sampled_from(["none", "none", "order", "sum", "missing", "zero", "negative index"]),
)
def test_same_results_as_line_by_line(amounts, small, flags, twist):
    amounts = [amount // 4 or 1 for amount in amounts] if small else [amount or 1 for amount in amounts]
    accounts = [*range(2, 2 + len(amounts)), 2 + len(amounts)]
    amounts = [*amounts, -sum(amounts) or 1]
    if twist == "order":
        accounts[3], accounts[4] = accounts[4], accounts[3]
    elif twist == "sum":
        amounts[0] += 1
    elif twist == "missing":
        accounts[-1] += 5
    elif twist == "zero":
        amounts[1] = 0
    elif twist == "negative index":
        accounts[0] = -1
    mass = MassPosting(ReasonCode.INTEREST, tuple(accounts), tuple(amounts))
    with pytest.MonkeyPatch.context() as patch:
        assert posted(mass, flags) == line_by_line(mass, flags, patch)


def test_a_good_posting_goes_the_fast_way_and_a_refused_one_does_not():
    ledger = funded()
    accounts = (*range(2, 2 + COUNT), 2 + 2 * COUNT)
    good = MassPosting(ReasonCode.INTEREST, accounts, (*[1] * COUNT, -COUNT))
    assert ledger._mass_after_many(good) is not None
    for taken, refused in ((149, False), (150, False), (151, True)):
        mass = MassPosting(ReasonCode.INTEREST, accounts, (*[-taken] * COUNT, taken * COUNT))
        assert (ledger._mass_after_many(mass) is None) is refused
        assert (ledger._mass_after(mass)[0] == Result.EXCEEDS_CREDITS) is refused
    assert ledger.post_mass(good) is Result.OK
    assert ledger.check() == []


def test_a_hold_that_is_raised_keeps_its_id_and_is_refused_as_a_hold():
    ledger = funded()
    hold = ledger.hold(2, 100, ReasonCode.LEND)
    before = ledger.state_bytes()
    assert ledger.raise_hold(hold, 51) is Result.EXCEEDS_CREDITS
    assert ledger.raise_hold(hold, 0) is Result.AMOUNT_MUST_NOT_BE_ZERO
    assert ledger.raise_hold(hold + 1, 1) is Result.PENDING_TRANSFER_NOT_FOUND
    assert ledger.state_bytes() == before
    assert ledger.raise_hold(hold, 50) is Result.OK
    pending = ledger.pending(hold)
    assert pending is not None and pending.amount == 150 and ledger.available(2) == 0
    assert ledger.check([*map(entry_of, ledger.drain_rows())]) == []
    assert Ledger.restore(ledger.checkpoint()).state_hash() == ledger.state_hash()
    assert ledger.release(hold) is Result.OK and ledger.available(2) == 150
