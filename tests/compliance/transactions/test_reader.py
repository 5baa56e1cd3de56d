"""One pass over the store: nothing is missed, an edge anywhere changes nothing, and the sums are the ledger's."""

from __future__ import annotations

from collections import Counter

import pytest

from compliance.transactions.reader import ORDERS, PRICES, TRADES, TRANSFERS, RecordReader
from compliance.transactions.records import OrderEventRecord, PriceRecord, TradeRecord, TransferRecord
from ledger.journal import AccountCode, ReasonCode
from ledger.store import history
from ledger.store.snapshot import open_at
from ledger.trading.reports import Kind
from tests.compliance.transactions.conftest import Read
from tests.support.traded import ALICE, BOB, CAROL, DAVE

ALL = (TRADES, ORDERS, TRANSFERS, PRICES)


def kinds(records):
    return Counter(type(record).__name__ for record in records)


def test_the_small_day_as_it_was_written(day):
    records = day.records(ALL)
    assert kinds(records) == {"TradeRecord": 3, "OrderEventRecord": 21, "TransferRecord": 10, "PriceRecord": 3}
    assert [record.position for record in records] == sorted(record.position for record in records)
    first, second, third = (record for record in records if isinstance(record, TradeRecord))
    assert (first.buyer.account, first.seller.account, first.price, first.quantity) == (BOB, ALICE, 510, 400)
    assert (first.base_quanta, first.quote_quanta, first.unit_price) == (4 * 10**7, 2_040_000, 51_000)
    assert (first.buyer.fee_quanta, first.seller.fee_quanta, first.seller.is_maker) == (2_040, 0, True)
    assert first.taker is first.buyer and third.taker is third.seller
    assert (second.buyer.account, second.buyer.terms.quantity, second.buyer.remaining_steps) == (CAROL, 700, 100)
    assert (third.buyer.account, third.seller.account, third.seller.terms.quote_quantity) == (CAROL, BOB, 260_000)


def test_transfers_say_what_where_and_why(day):
    transfers = [record for record in day.records((TRANSFERS,)) if isinstance(record, TransferRecord)]
    told = [(each.account, each.kind, each.asset, each.quanta, each.counterparty) for each in transfers]
    assert told[0] == (ALICE, "deposit", "BTC", 3 * 10**8, "custody wallet:hot")
    assert (ALICE, "withdrawal", "BTC", -(10**8), "in transit") in told
    assert (ALICE, "withdrawal fee", "BTC", -10_000, "fees") in told
    assert (CAROL, "deposit reversal", "BTC", -(10**7), "custody wallet:hot") in told
    assert (DAVE, "correction", "USD", 12_345, "other") in told
    moves = [each for each in transfers if each.reason is ReasonCode.TRANSFER]
    assert [(each.subaccount, each.quanta) for each in moves] == [("", -5 * 10**7), ("cold", 5 * 10**7)]
    [withdrawal] = [each for each in transfers if each.kind == "withdrawal"]
    assert withdrawal.destination == "bc1qdestination" and withdrawal.price == 55_000 * 10**18


def test_without_terms_the_log_is_not_asked_and_says_nothing(day):
    records = list(RecordReader(day.session).records(1, day.last, ALL))
    assert len(records) == len(day.records(ALL))
    assert all(record.terms is None for record in records if isinstance(record, OrderEventRecord))
    trades = list(RecordReader(day.session).records(1, day.last, (TRADES,)))
    assert [trade.trade_id for trade in trades] == [1, 2, 3] and trades[0].buyer.subaccount is None


def test_what_is_left_of_an_order_and_its_place_in_the_queue(day):
    events = [record for record in day.records((ORDERS,)) if record.order_id == 4097]
    told = [(event.kind, event.remaining_steps, event.limit_price) for event in events]
    assert told == [
        (Kind.ACCEPTED, 1000, 510),
        (Kind.RESTED, 1000, 510),
        (Kind.TRADED, 600, 510),
        (Kind.AMENDED, 600, 520),
        (Kind.RESTED, 600, 520),
        (Kind.TRADED, 0, 520),
    ]
    assert events[2].priority_us == events[1].time_us and events[5].priority_us == events[3].time_us
    assert [event.is_first for event in events] == [True] + [False] * 5


@pytest.mark.parametrize("number", [0, 1])
def test_a_period_that_begins_anywhere_gives_the_same_records(random_days, number):
    house = random_days[number]
    with open_at(house.url) as snapshot:
        read = Read(house, snapshot)
        whole = read.records(ALL)
        for edge in range(1, read.last, 17):
            assert read.records(ALL, 1, edge) + read.records(ALL, edge + 1, read.last) == whole


@pytest.mark.parametrize("number", [0, 1])
def test_trades_and_transfers_are_all_that_moved_a_balance(random_days, number):
    house = random_days[number]
    with open_at(house.url) as snapshot:
        read = Read(house, snapshot)
        sums = Counter()
        for record in read.records((TRADES, TRANSFERS)):
            if isinstance(record, TransferRecord):
                sums[record.account, record.asset] += record.quanta
                continue
            market = record.market
            sums[record.buyer.account, market.base] += record.base_quanta
            sums[record.seller.account, market.base] -= record.base_quanta
            sums[record.seller.account, market.quote] += record.quote_quanta - record.seller.fee_quanta
            sums[record.buyer.account, market.quote] -= record.quote_quanta + record.buyer.fee_quanta
        owed = Counter()
        for index, balance in history.balances_at(read.session, read.last):
            key = history.account_key(read.session, index)
            if key.code is AccountCode.CLAIM:
                owed[key.owner, key.asset] += balance.posted_credit
        assert +sums == +owed and not -sums


def test_no_more_orders_are_kept_than_are_live(random_days):
    house = random_days[0]
    with open_at(house.url) as snapshot:
        read = Read(house, snapshot)
        reader = read.reader()
        resting, most = set(), 0
        for event in reader.records(1, read.last, (ORDERS,)):
            ended = event.kind in (Kind.CANCELLED, Kind.EXPIRED) or (
                event.kind is Kind.TRADED
                and not event.remaining_steps
                and not (event.terms and event.terms.quote_quantity)
            )
            (resting.discard if ended or (event.kind is Kind.REJECTED and event.is_first) else resting.add)(
                event.order_id
            )
            most = max(most, len(resting))
            assert reader.live_orders <= len(resting) + 3  # those of the command that is being read
        assert most > 10


def test_prices_are_those_of_the_feed(day):
    prices = [record for record in day.records((PRICES,)) if isinstance(record, PriceRecord)]
    assert [dict(each.assets)["BTC"] // 10**18 for each in prices] == [50_000, 60_000, 55_000]
    assert prices[0].unit == "USD" and dict(prices[0].currencies)["EUR"] == 1_250_000 * 10**12
