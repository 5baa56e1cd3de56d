"""What trades and transfers do to lots: the small day worked by hand, crypto against crypto, and the ledger's sums."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from compliance.tax.lots import Method
from compliance.tax.movements import LotLedger
from compliance.tax.valuation import PriceBoard, prices_before
from compliance.transactions.reader import PRICES, TRADES, TRANSFERS, RecordReader
from compliance.transactions.records import PriceRecord, TradeRecord, TradeSide, TransferRecord
from ledger.journal import AccountCode, ReasonCode
from ledger.store import history
from ledger.store.snapshot import open_at
from ledger.trading.market import Market
from tests.support.traded import ALICE, BOB, CAROL

MONEY = {"USD": "USD"}
WANTED = (TRADES, TRANSFERS, PRICES)
CENT = 10**16
T0 = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z, from which on lots are covered."""


def ledger_of(currency="USD", **more):
    return LotLedger(PriceBoard(currency, "USD", MONEY), **more)


def test_the_small_day_by_hand(day):
    ledger = ledger_of()
    left = list(ledger.departures(RecordReader(day.session).records(1, day.last, WANTED)))
    told = [(each.account, each.kind, each.part.quanta, each.proceeds, each.part.basis) for each in left]
    assert told == [
        (ALICE, "sale", 4 * 10**7, 20_400, None),
        (ALICE, "sale", 6 * 10**7, 31_200, None),
        # 2,600.00 less the fee of 2.60; basis 0.05/0.4 of 20,400.00 with the fee of 20.40
        (BOB, "sale", 5 * 10**6, Fraction("2597.40"), Fraction("2552.55")),
        (ALICE, "fee", 10_000, Fraction("5.50"), None),
        (ALICE, "withdrawal", 10**8, None, None),
        (CAROL, "deposit reversal", 10**7, None, None),
    ]
    lots = {
        (account, lot.number): (lot.quanta, lot.basis, lot.covered)
        for (account, _), book in ledger.books.items()
        for lot in book
    }
    assert lots == {
        (ALICE, 1): (99_990_000, None, False),
        (BOB, 1): (35_000_000, Fraction("17867.85"), True),
        (CAROL, 2): (60_000_000, Fraction("31231.20"), True),
        (CAROL, 3): (5_000_000, Fraction(2_600), True),
    }
    assert ledger.unvalued == 0


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("number", [0, 1])
def test_the_lots_are_what_is_owed_and_basis_is_conserved(random_days, number, method):
    with open_at(random_days[number].url) as snapshot:
        session, last = snapshot.session, snapshot.position.sequence
        ledger = ledger_of(method=method)
        records = list(RecordReader(session).records(1, last, WANTED))
        left = list(ledger.departures(records))
        owed = Counter()
        for index, balance in history.balances_at(session, last):
            key = history.account_key(session, index)
            if key.code is AccountCode.CLAIM and key.asset == "BTC":
                owed[key.owner] += balance.posted_credit
        assert {account: book.quanta for (account, _), book in ledger.books.items()} == owed
        bought = sum(
            Fraction(trade.quote_quanta + trade.buyer.fee_quanta, 100)
            for trade in records
            if isinstance(trade, TradeRecord) and trade.buyer.account != trade.seller.account
        )
        remaining = sum(lot.basis or 0 for book in ledger.books.values() for lot in book)
        assert bought == remaining + sum(each.part.basis or 0 for each in left) and bought > 0


PAIR = Market("ETH-USDC", "ETH", "USDC", 2, 2, 1, 2, 100, price_max=1, quantity_max=1)


def side(account, fee=0, is_maker=False):
    return TradeSide(1, account, None, fee, is_maker, 0, None)


def trade(buyer, seller, price, quantity, number=1, market=PAIR, time_us=T0):
    return TradeRecord(number, 0, time_us, market, number, price, quantity, buyer, seller)


def deposit(account, asset, quanta, reason=ReasonCode.DEPOSIT, time_us=T0, counterparty="custody wallet:hot"):
    return TransferRecord(1, 1, time_us, account, "", asset, 2, quanta, 0, reason, "d", counterparty, None, None)


def prices(**assets):
    return PriceRecord(1, 0, "USD", tuple((name, price) for name, price in assets.items()), ())


def test_crypto_against_crypto_is_a_disposal_of_both_at_the_value_of_the_quote():
    """ann buys 2 ETH of ben for 200.00 USDC at 0.99 USD; each pays 1.00 USDC."""
    ledger = ledger_of()
    begin = [prices(USDC=99 * CENT), deposit("ben", "ETH", 200), deposit("ann", "USDC", 30_000)]
    left = list(ledger.departures([*begin, trade(side("ann", 100), side("ben", 100, True), 10_000, 2)]))
    sold, paid = left
    # ben: 200 - 1 = 199 USDC, worth 197.01; ann: gives 201 USDC for what is worth 198.00.
    assert (sold.account, sold.asset, sold.kind, sold.proceeds) == ("ben", "ETH", "exchange", Fraction("197.01"))
    assert (paid.account, paid.asset, paid.part.quanta, paid.proceeds) == ("ann", "USDC", 20_100, 198)
    assert (sold.received, paid.received, paid.fee) == ("USDC", "ETH", Fraction("0.99"))
    [ben], [ann] = list(ledger.books["ben", "USDC"]), list(ledger.books["ann", "ETH"])
    assert (ben.quanta, ben.basis, ann.quanta, ann.basis) == (19_900, Fraction("197.01"), 200, 198)


def test_what_has_no_price_is_kept_and_counted():
    ledger = ledger_of()
    begin = [deposit("ben", "ETH", 200), deposit("ann", "USDC", 30_000)]
    left = list(ledger.departures([*begin, trade(side("ann"), side("ben", 0, True), 10_000, 2)]))
    assert [each.proceeds for each in left] == [None, None] and ledger.unvalued == 4
    assert not any(lot.covered for book in ledger.books.values() for lot in book)


def test_a_trade_with_oneself_moves_its_fees_alone():
    ledger = ledger_of()
    begin = [prices(USDC=100 * CENT), deposit("ann", "ETH", 200), deposit("ann", "USDC", 30_000)]
    left = list(ledger.departures([*begin, trade(side("ann", 100), side("ann", -50, True), 10_000, 2)]))
    assert [(each.kind, each.asset, each.part.quanta, each.proceeds) for each in left] == [("fee", "USDC", 100, 1)]
    assert ledger.books["ann", "USDC"].quanta == 29_950 and ledger.books["ann", "ETH"].quanta == 200


@pytest.mark.parametrize(("time_us", "covered"), [(T0 - 1, False), (T0, True), (T0 + 1, True)])
def test_covered_from_the_first_moment_of_2026(time_us, covered):
    market = Market("ETH-USD", "ETH", "USD", 2, 2, 1, 2, 100, price_max=1, quantity_max=1)
    ledger = ledger_of()
    begin = deposit("ben", "ETH", 200, time_us=time_us)
    list(ledger.departures([begin, trade(side("ann"), side("ben"), 10_000, 2, market=market, time_us=time_us)]))
    assert [lot.covered for lot in ledger.books["ann", "ETH"]] == [covered]


def test_income_has_its_value_as_basis_and_a_correction_none():
    ledger = ledger_of()
    records = [prices(ETH=200 * 10**18), deposit("ann", "ETH", 100, ReasonCode.REFERRAL),
               deposit("ann", "ETH", 100, ReasonCode.CORRECTION), deposit("ann", "USD", 100)]  # fmt: skip
    assert not list(ledger.departures(records))
    assert [(lot.basis, lot.covered) for lot in ledger.books["ann", "ETH"]] == [(200, False), (None, False)]
    assert set(ledger.books) == {("ann", "ETH")}, "money has no lots"


def test_a_customer_chooses_lots():
    chosen = {("ann", "ETH", "d"): [2]}
    ledger = ledger_of(choose=lambda *key: chosen.get(key, []), method=Method.SPECIFIC)
    records = [deposit("ann", "ETH", 100), deposit("ann", "ETH", 100, time_us=T0 + 1),
               deposit("ann", "ETH", -50, ReasonCode.WITHDRAWAL, T0 + 2)]  # fmt: skip
    [left] = ledger.departures(records)
    assert left.part.lot == 2 and not left.is_disposal


# Prices.


def test_values_in_other_currencies_and_without_prices():
    board = PriceBoard("EUR", "USD", {"USD": "USD", "EUR": "EUR"})
    assert board.value("BTC", Fraction(1)) is None and board.value("EUR", Fraction(7)) == 7
    board.take(PriceRecord(1, 0, "USD", (("BTC", 50_000 * 10**18),), ()))
    assert board.value("BTC", Fraction(1)) is None, "no cross"
    board.take(PriceRecord(2, 0, "USD", (), (("EUR", 125 * CENT),)))
    assert board.value("BTC", Fraction(1)) == 40_000 and board.value("USD", Fraction(5)) == 4
    assert board.value_at("BTC", Fraction(1), 60_000 * 10**18) == 48_000
    board.take(PriceRecord(3, 0, "USD", (("BTC", None),), ()))
    assert board.value("BTC", Fraction(1)) is None
    board.take(PriceRecord(4, 0, "GBP", (("BTC", 10**18),), ()))
    assert board.value("USD", Fraction(5)) is None, "another unit of account forgets everything"


def test_prices_before_a_position_are_the_last_of_each_name(day):
    found = prices_before(day.session, 24, {"asset:BTC", "currency:EUR"})
    assert [(record.position, dict(record.assets)["BTC"] // 10**18) for record in found] == [(16, 50_000)]
    found = prices_before(day.session, day.last, {"asset:BTC", "currency:EUR", "asset:NONE"})
    board = PriceBoard("EUR", "USD", MONEY)
    for record in found:
        board.take(record)
    assert board.value("BTC", Fraction(1)) == 44_000 and prices_before(day.session, 10, {"asset:BTC"}) == []
