"""Policy, dust, coins, and which command a fact becomes: the pure rules one by one."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.commands import ReceiveDeposit, ReverseDeposit, SettleWithdrawal
from ledger.treasury.deposits import BANK_CHAIN, Payout, bank_command, receipt_command
from ledger.treasury.dust import DustBook, quantum
from ledger.treasury.policy import WithdrawalPolicy, place
from ledger.treasury.protocols import Coin

NEVER = 2**63 - 1


@pytest.mark.parametrize(("amount", "needed"), [(1, 0), (9, 0), (10, 1), (19, 1), (20, 2), (21, 2)])
def test_approvals_begin_exactly_at_their_amounts(amount, needed):
    assert WithdrawalPolicy(0, 1, 10, 20, NEVER, False).approvals(amount) == needed
    assert WithdrawalPolicy(0, 1, NEVER, NEVER, NEVER, False).approvals(amount) == 0
    assert WithdrawalPolicy(0, 1, NEVER, 20, NEVER, False).approvals(amount) == (2 if amount >= 20 else 0)


def test_only_evm_addresses_forget_their_case():
    assert place("eip155:1", "0xAbC") == place("eip155:1", "0xabc")
    assert place("solana:x", "AbC") != place("solana:x", "abc")
    assert place("eip155:1", "0xabc") != place("eip155:10", "0xabc")


@given(st.integers(0, 38), st.integers(0, 38), st.integers(0, 2**256))
def test_a_coins_units_are_split_exactly_and_put_together_again(scale, decimals, units):
    coin = Coin("ETH", scale, "eip155:1", "native", decimals)
    amount, dust = coin.portion(units)
    assert amount * quantum(scale) + dust == coin.exact(units) and 0 <= dust < quantum(scale)
    back = coin.units(amount)
    if decimals >= scale:
        assert back is not None and coin.exact(back) == amount * quantum(scale)
    elif back is not None:
        assert coin.portion(back) == (amount, 0)


def test_a_quantum_finer_than_the_chain_is_not_rounded():
    assert Coin("USDC", 8, "eip155:1", "native", 6).units(99) is None
    assert Coin("USDC", 8, "eip155:1", "native", 6).units(100) == 1


@given(st.lists(st.integers(-(10**30), 10**30)))
def test_dust_fills_quanta_and_loses_nothing(moves):
    book, filled, one = DustBook(), 0, 10**29
    for move in moves:
        expected = book.owed_fills(("a", "", "ETH"), move, one)
        got = book.fill_owed(("a", "", "ETH"), move, one)
        assert got == expected
        filled += got
        assert 0 <= book.owed.get(("a", "", "ETH"), 0) < one
    assert filled * one + book.owed.get(("a", "", "ETH"), 0) == sum(moves)


# Facts to commands.


class Fact(NamedTuple):
    evidence: str = "e"
    chain: str = "eip155:1"
    transaction: str = "0xt"
    address: str = "0xa"
    contract: str = "native"
    units: int = 10**18 + 1
    is_gone: bool = False


COINS = {("eip155:1", "native"): Coin("ETH", 9, "eip155:1", "native", 18)}
WALLETS = {("eip155:1", "0xa"): "deposits"}


def test_a_receipt_becomes_a_deposit_in_quanta_and_dust():
    assert receipt_command(Fact(), COINS, WALLETS, ()) == ReceiveDeposit(
        "eip155:1", "0xa", "deposits", "ETH", 10**9, 10**20, "e"
    )


def test_one_that_is_gone_is_taken_back_and_a_move_of_our_own_is_nothing():
    assert receipt_command(Fact(is_gone=True), COINS, WALLETS, ()) == ReverseDeposit("e", "its block was replaced")
    assert receipt_command(Fact(), COINS, WALLETS, {"0xt"}) is None
    assert receipt_command(Fact(is_gone=True), COINS, WALLETS, {"0xt"}) is None


class Line(NamedTuple):
    references: tuple[str, ...] = ()
    is_credit: bool = True
    is_reversal: bool = False
    evidence: str = "camt"
    wallet: str = "bank-1"
    asset: str = "EUR"
    amount: int = 5


def test_a_bank_line_goes_by_its_one_reference():
    assert bank_command(Line(("RF1",)), {}) == ReceiveDeposit(BANK_CHAIN, "RF1", "bank-1", "EUR", 5, 0, "camt")
    for unclear in ((), ("RF1", "RF2")):
        assert bank_command(Line(unclear), {}) == ReceiveDeposit(BANK_CHAIN, "", "bank-1", "EUR", 5, 0, "camt")


def test_a_debit_ends_the_one_withdrawal_that_it_names():
    sent = {"RF1": Payout("a" * 32, "bank-1", "EUR", 5), "RF2": Payout("b" * 32, "bank-1", "EUR", 5)}
    assert bank_command(Line(("RF1",), False), sent) == SettleWithdrawal("a" * 32, "camt", None)
    assert bank_command(Line(("RF1", "RF2"), False), sent) is None
    assert bank_command(Line((), False), sent) is None
    assert bank_command(Line(("RF1",), False, True), sent) is None
    for other in ({"amount": 4}, {"amount": 6}, {"wallet": "bank-2"}, {"asset": "USD"}):
        assert bank_command(Line(("RF1",), False)._replace(**other), sent) is None
    assert bank_command(Line(("RF1",), True, True), sent) is None
