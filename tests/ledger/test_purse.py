"""Spot orders on the real ledger: the same balances as a purse of dictionaries, every hold a pending transfer."""

from __future__ import annotations

import random

import pytest

from ledger.journal import AccountCode, EntryKind, Ledger, ReasonCode, claim_key
from ledger.journal.chart import house_key
from ledger.purse import LedgerPurse
from ledger.trading.book import FastBook
from ledger.trading.fees import FeeRates, split_fee
from ledger.trading.holds import HANDLE, HELD, SpotFunds
from ledger.trading.orders import NewOrder
from tests.support.trading import NAMES, Twins, random_command, rates_of, small_market


class Venue:
    """The fast book over a purse on the ledger, with everything that it ever entered."""

    def __init__(self, quanta: int) -> None:
        self.ledger = Ledger()
        self.market = small_market()
        self.purse = LedgerPurse(self.ledger, "main")
        self.command = 0
        self.history: list[object] = []
        self.begin()
        for name, payer in NAMES.items():
            assert self.purse.payer(name, "") == payer
        for asset in ("BASE", "QUOTE"):
            wallet = self.ledger.open(house_key(AccountCode.CUSTODY_WALLET, asset, "wallet"))
            for payer in NAMES.values():
                assert not self.ledger.post(wallet, self.purse.claim(payer, asset), quanta, ReasonCode.DEPOSIT)
        self.funds = SpotFunds(self.market, rates_of, self.purse)
        self.book = FastBook(self.market, self.funds)

    def begin(self) -> None:
        self.command += 1
        self.ledger.begin(self.command, 1_000_000 + self.command)

    def do(self, name: str, *arguments: object) -> list[tuple[int, ...]]:
        self.begin()
        self.book.reports.clear()
        getattr(self.book, name)(*arguments)
        self.history += self.ledger.drain_entries()
        return [tuple(map(int, row)) for row in self.book.reports]

    def check(self) -> None:
        """The ledger agrees with itself and its history, and every hold with its order."""
        assert self.ledger.check(self.history) == []
        assert self.purse.holds == {e[HANDLE]: e[HELD] for e in self.funds.holds.values() if e[HELD]}

    def restore(self) -> None:
        """Write everything down and go on with what was read."""
        self.book.reports.clear()
        self.history += self.ledger.drain_entries()
        self.funds.traded.clear()
        purse, funds, book = self.purse.to_state(), self.funds.to_state(), self.book.to_state()
        self.ledger = Ledger.restore(self.ledger.checkpoint())
        self.purse = LedgerPurse.from_state(self.ledger, "main", purse)
        self.funds = SpotFunds.from_state(self.market, rates_of, self.purse, funds)
        self.book = FastBook.from_state(self.market, self.funds, book)

    def posted(self, payer: int, asset: str) -> int:
        return self.ledger.balance(self.purse.claim(payer, asset)).posted_credit


@pytest.mark.parametrize("seed", range(4))
def test_the_ledger_gives_the_balances_of_the_plain_purse_and_survives_restarts(seed: int) -> None:
    draw, quanta = random.Random(seed), 10**9 if seed % 2 else 300_000
    twins, venue = Twins(quanta=quanta), Venue(quanta)
    for step in range(600):
        name, arguments = random_command(draw, 1 + 5 * step, twins.live())
        assert venue.do(name, *arguments) == twins.do(name, *arguments), (name, arguments)
        if step % 40 == 39:
            venue.check()
            plain = twins.money[0][1]
            for payer in NAMES.values():
                for asset in ("BASE", "QUOTE"):
                    assert venue.posted(payer, asset) == plain.free[payer, asset] + plain.held[payer, asset]
                    assert venue.ledger.available(venue.purse.claim(payer, asset)) == plain.free[payer, asset]
        if step % 97 == 96:
            venue.restore()
    venue.do("cancel_market")
    venue.do("set_state", 0)
    venue.check()


def test_an_order_has_one_hold_and_an_amendment_that_needs_more_makes_it_anew() -> None:
    venue = Venue(10**6)
    venue.do("place", NewOrder(1, 1, 1, 0, price=100, quantity=5))
    venue.do("amend", 1, 1, 101, 6)
    venue.check()
    kinds = [row.kind for row in venue.history[-2:]]
    assert kinds == [EntryKind.VOID, EntryKind.HOLD]
    assert len(venue.purse.holds) == 1


def test_one_account_may_trade_with_itself_and_pays_its_fees_alone() -> None:
    venue = Venue(10**6)
    venue.do("place", NewOrder(1, 1, 1, 1, price=100, quantity=5))
    reports = venue.do("place", NewOrder(2, 1, 1, 0, price=101, quantity=5, self_trade=3))
    venue.check()
    fees = sum(reports[1][-2:])
    assert fees > 0
    assert (venue.posted(1, "BASE"), venue.posted(1, "QUOTE")) == (10**6, 10**6 - fees)


def test_orders_of_a_frozen_account_are_filled_and_new_ones_have_no_funds() -> None:
    venue = Venue(10**6)
    venue.do("place", NewOrder(1, 1, 1, 1, price=100, quantity=5))
    for asset in ("BASE", "QUOTE"):
        venue.ledger.freeze(venue.purse.claim(1, asset))
    assert venue.do("place", NewOrder(2, 2, 2, 0, price=100, quantity=5))[1][0] == 3
    assert venue.do("place", NewOrder(3, 1, 1, 1, price=100, quantity=5)) == [(9, 3, 40)]
    venue.check()


def test_an_ask_for_less_quote_than_a_step_brings_holds_nothing() -> None:
    venue = Venue(10**6)
    venue.do("place", NewOrder(1, 2, 2, 0, price=100, quantity=5))
    order = NewOrder(2, 1, 1, 1, order_type=1, time_in_force=1, quote_quanta=9_999)
    assert venue.do("place", order) == [(1, 2), (5, 2, 0, 37)]
    venue.check()


@pytest.mark.parametrize("share_ppm", [1, 333_333, 1_000_000])
def test_a_referrer_gets_a_share_of_what_the_house_keeps(share_ppm: int) -> None:
    venue = Venue(10**6)
    referrer = venue.purse.payer("rachel", "")
    venue.purse.refer(1, referrer, share_ppm)
    venue.restore()
    # bob makes with a rebate of 200 ppm, alice takes for 1000 ppm: 50000 quanta of notional.
    venue.do("place", NewOrder(1, 2, 2, 1, price=100, quantity=5))
    venue.do("place", NewOrder(2, 1, 1, 0, price=100, quantity=5))
    split = split_fee(50 - 10, share_ppm)
    assert venue.posted(referrer, "QUOTE") == split.referrer_quanta
    house = {code: venue.ledger.find(house_key(code, "QUOTE", entity="main")) for code in (30, 32)}
    dust = house[AccountCode.DUST]
    assert (venue.ledger.owed(dust) if dust is not None else 0) == split.dust_quanta
    assert venue.ledger.owed(house[AccountCode.FEES]) == split.house_quanta
    reasons = [row.reason for row in venue.history if row.reason in (ReasonCode.REFERRAL, ReasonCode.DUST)]
    assert reasons == [ReasonCode.REFERRAL] * bool(split.referrer_quanta) + [ReasonCode.DUST] * split.dust_quanta
    venue.check()
    venue.purse.refer(1, referrer, 0)
    assert venue.purse.to_state()["referrers"] == []


def test_a_fill_that_leaves_the_house_nothing_leaves_the_referrer_nothing() -> None:
    venue = Venue(10**6)
    venue.funds._rates = lambda payer: FeeRates(-1000, 1000)
    referrer = venue.purse.payer("rachel", "")
    venue.purse.refer(1, referrer, 500_000)
    venue.do("place", NewOrder(1, 2, 2, 1, price=100, quantity=5))
    venue.do("place", NewOrder(2, 1, 1, 0, price=100, quantity=5))
    assert venue.ledger.find(claim_key("rachel", "QUOTE", "", "main")) is None
    venue.check()
