"""What the ledger tells others: rows, changes, reports, bytes; and rounding that loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.journal import (
    AccountCode,
    EntryKind,
    Ledger,
    MassPosting,
    ReasonCode,
    claim_key,
    div_ceil,
    div_floor,
    group_difference,
    house_key,
    mul_div_ceil,
    mul_div_floor,
    split_floor,
)

NOW = 1_790_000_000_000_000


@pytest.fixture
def ledger():
    ledger = Ledger()
    ledger.begin(7, NOW)
    wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "w"))
    for name in ("ann", "bob"):
        assert not ledger.post(wallet, ledger.open(claim_key(name, "USDC")), 100, ReasonCode.DEPOSIT)
    return ledger


def accounts(ledger):
    return (ledger.find(claim_key("ann", "USDC")), ledger.find(claim_key("bob", "USDC")))


def test_an_orders_hold_is_filled_in_parts_and_the_rest_released(ledger):
    ann, bob = accounts(ledger)
    ledger.drain_rows()
    hold = ledger.hold(ann, 90, ReasonCode.ORDER_HOLD, "order 1")
    assert not ledger.post_pending(hold, 40, bob, ReasonCode.TRADE, keep=True)
    assert not ledger.post_pending(hold, 30, bob, ReasonCode.TRADE)
    assert [(entry.kind, entry.amount, entry.released) for entry in ledger.drain_entries()] == [
        (EntryKind.HOLD, 90, 0),
        (EntryKind.POST_PENDING, 40, 0),
        (EntryKind.POST_PENDING, 30, 20),
    ]
    assert ledger.pending(hold) is None
    assert (ledger.available(ann), ledger.owed(bob)) == (30, 170)


def test_only_what_is_owed_shows_as_a_change(ledger):
    ann, bob = accounts(ledger)
    assert ledger.drain_changes() == [ann, bob]
    hold = ledger.hold(ann, 5, ReasonCode.ORDER_HOLD)
    assert ledger.drain_changes() == []
    assert not ledger.post_pending(hold, 5, bob)
    ledger.drain_rows()  # the store may drain first
    assert not ledger.post_mass(MassPosting(ReasonCode.INTEREST, (ann, bob), (-1, 1)))
    assert ledger.drain_changes() == [ann, bob]
    assert ledger.drain_changes() == []


def test_a_chain_that_is_rolled_back_leaves_nothing(ledger):
    ann, bob = accounts(ledger)
    ledger.drain_rows()
    old = ledger.hold(ann, 10, ReasonCode.ORDER_HOLD, expires_micros=NOW + 5)
    before = ledger.state_bytes()
    ledger.begin_chain()
    assert not ledger.post(ann, bob, 5, ReasonCode.TRADE)
    assert ledger.hold(bob, 50, ReasonCode.ORDER_HOLD, expires_micros=NOW + 1) > 0
    assert not ledger.post_pending(old, 4, bob, keep=True)
    assert not ledger.post_mass(MassPosting(ReasonCode.INTEREST, (ann, bob), (-1, 1)))
    assert not ledger.release(old)
    ledger.rollback_chain()
    assert ledger.state_bytes() == before
    assert len(ledger.drain_rows()) == 1
    again = ledger.hold(bob, 1, ReasonCode.ORDER_HOLD, expires_micros=NOW + 9)
    ledger.begin(8, NOW + 6)
    assert ledger.expire() == [old], "the id of a hold that was rolled back is given out again with its own expiry"
    ledger.begin(9, NOW + 9)
    assert ledger.expire() == [again]


def test_a_mass_entry_expands_for_one_account(ledger):
    ann, bob = accounts(ledger)
    dust = ledger.open(house_key(AccountCode.DUST, "USDC"))
    ledger.drain_rows()
    assert not ledger.post_mass(MassPosting(ReasonCode.INTEREST, (ann, bob, dust), (-7, 6, 1)))
    (entry,) = ledger.drain_entries()
    assert [entry.expand(account) for account in (ann, bob, dust, 0, 99)] == [-7, 6, 1, 0, 0]


def test_expiry_can_be_sliced(ledger):
    ann, _ = accounts(ledger)
    holds = [ledger.hold(ann, 1, ReasonCode.ORDER_HOLD, expires_micros=NOW + 9 - number) for number in range(4)]
    ledger.begin(8, NOW + 10)
    assert ledger.expire(3) + ledger.expire(3) + ledger.expire(3) == holds[::-1]
    assert ledger.available(ann) == 100


def test_entities_that_owe_each_other_are_compared(ledger):
    due_from = ledger.open(house_key(AccountCode.DUE_FROM, "USDC", "other"))
    due_to = ledger.open(house_key(AccountCode.DUE_TO, "USDC", "main", entity="other"))
    wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "w"))
    theirs = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "v", entity="other"))
    assert not ledger.post(due_from, wallet, 5, ReasonCode.INTER_ENTITY)
    assert group_difference(ledger) == {("main", "other", "USDC"): 5}
    assert not ledger.post(theirs, due_to, 5, ReasonCode.INTER_ENTITY)
    assert group_difference(ledger) == {}
    main, other = ledger.zero_sum_report()
    assert (main.custody, main.due_from, main.claims, main.difference) == (195, 5, 200, 0)
    assert (other.custody, other.due_to, other.difference) == (5, 5, 0)


def test_a_history_with_a_changed_row_is_found(ledger):
    history = ledger.drain_entries()
    assert ledger.check(history) == []
    assert ledger.check([history[0]._replace(amount=99), history[1]])
    assert ledger.check(history[:1])
    assert ledger.check(history[1:])


@pytest.mark.parametrize("place", range(0, 400, 13))
def test_a_checkpoint_with_a_changed_byte_is_refused_or_is_another_state(ledger, place):
    ledger.hold(accounts(ledger)[0], 5, ReasonCode.ORDER_HOLD, expires_micros=NOW + 5)
    ledger.drain_rows()
    checkpoint = bytearray(ledger.checkpoint())
    place %= len(checkpoint)
    checkpoint[place] ^= 1
    try:
        again = Ledger.restore(bytes(checkpoint))
    except FormatError:
        return
    assert again.state_bytes() == bytes(checkpoint) != ledger.state_bytes()


def test_a_checkpoint_cut_short_or_too_long_is_refused(ledger):
    ledger.drain_rows()
    checkpoint = ledger.checkpoint()
    for size in range(len(checkpoint)):
        with pytest.raises(FormatError):
            Ledger.restore(checkpoint[:size])
    with pytest.raises(FormatError):
        Ledger.restore(checkpoint + b"\0")


def test_time_does_not_run_backwards(ledger):
    with pytest.raises(AssertionError, match="backwards"):
        ledger.begin(8, NOW - 1)


@given(st.integers(-(2**130), 2**130), st.integers(1, 2**70))
def test_floor_and_ceil_stand_one_apart_unless_exact(numerator, denominator):
    low, high = div_floor(numerator, denominator), div_ceil(numerator, denominator)
    assert low * denominator <= numerator <= high * denominator
    assert high - low == (numerator % denominator != 0)


@given(st.integers(0, 2**80), st.integers(0, 2**40), st.integers(1, 2**40))
def test_a_product_is_rounded_once(amount, multiplier, denominator):
    assert mul_div_floor(amount, multiplier, denominator) == amount * multiplier // denominator
    assert 0 <= mul_div_ceil(amount, multiplier, denominator) - mul_div_floor(amount, multiplier, denominator) <= 1


@given(st.integers(0, 2**80), st.lists(st.integers(0, 2**30), min_size=1).filter(any))
def test_what_is_shared_out_and_the_dust_are_the_whole(amount, weights):
    parts, dust = split_floor(amount, tuple(weights))
    assert sum(parts) + dust == amount
    assert 0 <= dust < len(weights)
