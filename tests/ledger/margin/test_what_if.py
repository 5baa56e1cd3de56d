"""What an engine says that a wallet could do is exactly what it then takes, and what the plain twin says."""

from __future__ import annotations

from ledger.commands import Borrow, RequestWithdrawal
from ledger.desks.what_if import wallet_document, what_if
from tests.support.wallet import BTC, PERPETUAL, USDC, WalletExchange, name
from tests.support.what_could import max_borrow, max_order


def exposed() -> WalletExchange:
    """Ada (1) has a coin, some dollars and a position; Cyd (3) lends dollars."""
    world = WalletExchange()
    for who in (1, 2, 3):
        world.settings(who, lend=who == 3)
    world.deposit(3, USDC=1_000_000)
    world.deposit(1, BTC=1, USDC=2_000)
    world.deposit(2, USDC=200_000)
    world.tick()
    world.trade(1, 2, 5_000, 50_000)
    world.tick()
    return world


def test_the_largest_order_is_taken_and_one_step_more_is_not() -> None:
    world = exposed()
    margin, payer = world.engine.margin, world.payer(1)
    most = int(what_if(margin, payer)["markets"][PERPETUAL]["buy"])  # type: ignore[call-overload,index]  # as it is made
    asked = (margin.view(payer), margin.terms(), world.engine.prices, margin.marks())
    assert most == max_order(*asked, PERPETUAL, is_bid=True)
    world.order(1, "bid", most + 1, 49_000)
    assert not margin.markets[PERPETUAL].funds.open
    world.order(1, "bid", most, 49_000)
    assert margin.markets[PERPETUAL].funds.open[payer] == [most, 0]


def test_the_largest_loan_is_given_and_a_quantum_more_is_not() -> None:
    world = exposed()
    margin, payer = world.engine.margin, world.payer(1)
    most = int(what_if(margin, payer)["assets"]["USDC"]["borrow"])  # type: ignore[call-overload,index]  # as it is made
    asked = (margin.view(payer), margin.terms(), world.engine.prices, margin.marks())
    assert most == max_borrow(*asked, "USDC")
    world.give(Borrow(name(1), "", "USDC", most + 1), refused="insufficient-margin")
    world.give(Borrow(name(1), "", "USDC", most))


def test_the_largest_withdrawal_is_taken_and_a_quantum_more_is_not() -> None:
    world = exposed()
    most = int(what_if(world.engine.margin, world.payer(1))["assets"]["BTC"]["withdraw"])  # type: ignore[call-overload,index]  # as it is made
    assert 0 < most < BTC
    destination = "0x" + "11" * 20
    asked = RequestWithdrawal(name(1), "", "BTC", most + 1, destination, "ab" * 16)
    world.give(asked, refused="insufficient-margin")
    world.give(RequestWithdrawal(name(1), "", "BTC", most, destination, "ab" * 16))


def test_a_wallet_says_what_of_its_equity_is_locked() -> None:
    world = exposed()
    document = wallet_document(world.engine.margin, name(1), "")
    assert document is not None
    health = document["health"]
    assert isinstance(health, dict)
    assert int(str(health["equity"])) == int(str(health["locked"])) + int(str(health["available"]))
    assert int(str(health["locked"])) > 0
    assert wallet_document(world.engine.margin, name(6), "") is None
    assert world.owes(1) == (0, 0) and world.owed(1) < 2_000 * USDC
