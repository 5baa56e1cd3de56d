"""The reader on the real engine: every fact of the log becomes its row, however it is read; and a wash is found."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import polars as pl
import pytest

from compliance.surveillance.alerts import Span
from compliance.surveillance.events import EventKind, MoneyKind
from compliance.surveillance.log import EventLog, EventWriter
from compliance.surveillance.reader import facts_of, read_log
from compliance.surveillance.runner import run_detectors
from ledger import events as facts
from ledger.canonical import parse
from ledger.commands import (
    AmendOrder,
    Cancel,
    FeedPrices,
    MoveBetweenSubaccounts,
    OpenAccount,
    PlaceOrders,
    RequestWithdrawal,
    Tick,
    read_command,
)
from ledger.commands.prices import AssetPrice, CurrencyPrice
from ledger.engine import Engine
from ledger.log.record import Record
from ledger.playback import replay
from ledger.trading.reports import Kind
from tests.ledger.test_engine import MARKET, PEOPLE, START, Exchange, order
from tests.simulation.run import Settings, Simulation
from tests.simulation.world import GENESIS as SIMULATED
from tests.support.signed import GENESIS, entry_of, first_key_entry

ANN, BOB, CID, DAN = PEOPLE
PRICES = FeedPrices(
    START, "USD", (AssetPrice("BTC", 5_000 * 10**18),), (CurrencyPrice("AED", 272_294 * 10**12),)
)  # fmt: skip
SECOND = 1_000_000
LOCK_US = 2 * 86_400 * SECOND + SECOND


def entries() -> list:
    """A small exchange: prices, a real market, Ann and Bob who trade with each other, all reports once."""
    exchange = Exchange().open()
    exchange.set("prices.sources_min", "BTC", "1")
    exchange.set("prices.staleness", "BTC", "86400")
    exchange.give(Tick(), LOCK_US)
    exchange.give(replace(PRICES, published=exchange.commands[-1][0]), giver="house")
    exchange.give(MoveBetweenSubaccounts(BOB, "", "bot", "USD", 10**7))
    for turn in range(6):
        exchange.give(PlaceOrders(ANN, "", (order("ask", 7, 50),)), 60 * SECOND)
        exchange.give(PlaceOrders(BOB, "bot", (order("bid", 7, 50),)), SECOND)
        exchange.give(PlaceOrders(CID, "", (order("ask", 3, 53 + turn % 2), order("bid", 2, 47))), SECOND)
    exchange.give(PlaceOrders(DAN, "", (order("bid", 4, 48),)), SECOND)
    placed = [
        e for e in exchange.give(PlaceOrders(DAN, "", (order("bid", 5, 47),))) if isinstance(e, facts.OrderPlaced)
    ]
    exchange.give(AmendOrder(DAN, "", placed[0].order, 46, 9), SECOND)
    exchange.give(Cancel(DAN, "", (placed[0].order,)), SECOND)
    stop = order(
        "bid", 2, None, kind="market", time_in_force="ioc", trigger="stop", trigger_price=53, trigger_by="last"
    )
    exchange.give(PlaceOrders(DAN, "", (stop,)), SECOND)
    exchange.give(PlaceOrders(DAN, "", (order("bid", 1, 53, time_in_force="ioc"),)), SECOND)
    exchange.give(PlaceOrders(DAN, "", (order("bid", 5, 47, time_in_force="fok"),)), SECOND)
    exchange.give(PlaceOrders(DAN, "", (order("bid", 5, 54, post_only=True),)), SECOND)
    exchange.give(PlaceOrders(DAN, "poor", (order("bid", 5, 47),)), SECOND)
    exchange.give(RequestWithdrawal(CID, "", "BTC", 10**7, "bc1-elsewhere", "a" * 32), SECOND)
    found = []
    for time_us, data in exchange.commands:
        command = read_command(parse(data))
        found.append(entry_of(command, time_us, source="session-1" if isinstance(command, PlaceOrders) else ""))
        if isinstance(command, OpenAccount):
            found.append(first_key_entry(command, time_us))
    return found


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return [Record(number, entry, bytes(32)) for number, entry in enumerate(entries(), start=1)]


def read(records, folder, engine=None, **options) -> tuple[EventLog, Engine]:
    engine = engine or Engine.begin(GENESIS)
    read_log(records, engine, EventWriter(folder), **options)
    return EventLog.open(folder), engine


def rows_of(log: EventLog) -> list[dict]:
    return pl.concat([log.market(name) for name in log.markets]).sort("sequence", "place").to_dicts()


EXPECTED = {
    Kind.ACCEPTED: EventKind.ACCEPTED, Kind.RESTED: EventKind.RESTED, Kind.CANCELLED: EventKind.CANCELLED,
    Kind.EXPIRED: EventKind.EXPIRED, Kind.AMENDED: EventKind.AMENDED, Kind.PENDING: EventKind.PENDING,
    Kind.TRIGGERED: EventKind.TRIGGERED, Kind.REJECTED: EventKind.REJECTED,
}  # fmt: skip


def counted(all_facts) -> Counter:
    """How many rows of each kind the engine's facts ask for."""
    count: Counter = Counter()
    for events in all_facts:
        for event in events:
            if isinstance(event, facts.OrderPlaced):
                count[EventKind.PLACED] += 1
            elif isinstance(event, facts.OrderReport) and event.row[0] == Kind.TRADED:
                count[EventKind.TRADED_MAKER] += 1
                count[EventKind.TRADED_TAKER] += 1
            elif isinstance(event, facts.OrderReport):
                count[EXPECTED[Kind(event.row[0])]] += 1
    return count


def test_every_fact_of_an_order_is_a_row(records, tmp_path) -> None:
    log, engine = read(records, tmp_path)
    again = Engine.begin(GENESIS)
    assert Counter(EventKind(row["kind"]) for row in rows_of(log)) == counted(
        events for _, events in replay(records, again, check_signatures=False)
    )
    assert set(EventKind) == {EventKind(row["kind"]) for row in rows_of(log)}, "the scenario has every kind"
    assert engine.state_hash() == again.state_hash() and log.spans == [Span(1, len(records))]


def test_rows_say_whose_which_side_and_what_it_was_worth(records, tmp_path) -> None:
    log, _ = read(records, tmp_path)
    rows = rows_of(log)
    taken = next(row for row in rows if row["kind"] == EventKind.TRADED_TAKER)
    made = next(row for row in rows if row["kind"] == EventKind.TRADED_MAKER)
    assert (taken["account"], taken["subaccount"], taken["trader"], taken["side"]) == (BOB, "bot", "session-1", 1)
    assert (made["account"], made["side"], made["counterparty"]) == (ANN, -1, BOB)
    assert made["counter_order"] == taken["order"] and made["trade"] == taken["trade"] == 1
    # 7 steps of 0.001 BTC at 50 ticks of 100 USD.
    assert taken["price"] == 50 and taken["quantity"] == 7 and taken["value"] == made["value"] == 35 * 10**6
    assert not [row for row in rows if row["account"] is None or row["side"] == 0]
    pending = next(row for row in rows if row["kind"] == EventKind.PENDING)
    assert pending["price"] == 53 and pending["side"] == 1 and pending["account"] == DAN


def test_money_has_its_value_its_balance_and_its_address(records, tmp_path) -> None:
    senders = {"usd deposit 0": "bank-of-ann"}
    log, _ = read(records, tmp_path, senders=senders)
    money = log.money().to_dicts()
    deposits = [row for row in money if row["kind"] == MoneyKind.DEPOSIT]
    assert len(deposits) == 8 and {row["address"] for row in deposits} == {None, "bank-of-ann"}
    dollars = next(row for row in deposits if row["asset"] == "USD")
    assert (dollars["amount"], dollars["quanta"], dollars["balance"]) == (10**12, "100000000", 0)
    [withdrawal] = [row for row in money if row["kind"] == MoneyKind.WITHDRAWAL_REQUESTED]
    assert withdrawal["address"] == "bc1-elsewhere" and withdrawal["value"] == 500 * 10**6
    assert withdrawal["amount"] == 10**5 and withdrawal["balance"] == 9_997_000  # three steps were sold


def test_however_small_the_batches_the_rows_are_the_same(records, tmp_path) -> None:
    whole, _ = read(records, tmp_path / "whole")
    parts, _ = read(records, tmp_path / "parts", batch_rows=5)
    assert rows_of(parts) == rows_of(whole) and parts.spans == whole.spans
    assert parts.money().equals(whole.money())


def test_a_period_is_a_part_of_the_whole(records, tmp_path) -> None:
    whole, _ = read(records, tmp_path / "whole")
    middle, _ = read(records, tmp_path / "middle", first=25, last=33, batch_rows=3)
    assert middle.spans == [Span(25, 33)]
    assert rows_of(middle) == [row for row in rows_of(whole) if 25 <= row["sequence"] <= 33]


def test_a_restored_engine_knows_whose_the_open_orders_are(records, tmp_path) -> None:
    cut = len(records) - 9
    engine = Engine.begin(GENESIS)
    for _ in replay(records[:cut], engine, check_signatures=False):
        pass
    restored = Engine.restore(GENESIS, engine.sections())
    late, _ = read(records[cut:], tmp_path / "late", restored)
    whole, _ = read(records, tmp_path / "whole")
    # The session is the command's own, and is not kept in a checkpoint.
    drop = ("trader",)
    expected = [row for row in rows_of(whole) if row["sequence"] > cut]
    assert [{k: v for k, v in row.items() if k not in drop} for row in rows_of(late)] == [
        {k: v for k, v in row.items() if k not in drop} for row in expected
    ]


def test_a_wash_on_the_real_exchange_is_found_by_who_owns_the_accounts(records, tmp_path) -> None:
    log, engine = read(records, tmp_path)
    known = facts_of(engine)
    assert known.accounts is not None and known.accounts[ANN].relation == "customer"
    assert known.fiat_assets == {"USD"} and known.markets is not None and known.markets[MARKET].quote_is_fiat
    assert known.rates["AED"] == 272_294 and known.rates["BTC"] == 5_000 * 10**6
    blind = run_detectors(log, known)
    assert not [a for a in blind.alerts if a.detector == "MA-01"]
    assert "MA-01" in {each.detector for each in blind.not_run}, "nobody has said who owns the accounts"
    [alert] = [
        a for a in run_detectors(log, facts_of(engine, {ANN: "family", BOB: "family"})).alerts if a.detector == "MA-01"
    ]
    assert set(alert.accounts) == {ANN, BOB} and alert.feature("self_trades") == 6
    assert "MA-01" not in {each.detector for each in run_detectors(log, facts_of(engine, {})).not_run}
    assert alert.feature("own_share_ppm") == 1_000_000 and alert.feature("self_volume") == 42


def test_a_simulated_day_with_faults_and_forgers_is_read_whole(tmp_path) -> None:
    simulation = Simulation(Settings(seed=11, hours=1, accounts=20, steps=30))
    simulation.run()
    exchange = simulation.exchange
    engine = Engine.begin(SIMULATED)
    log, _ = read(exchange.records, tmp_path, engine, batch_rows=100)
    assert Counter(EventKind(row["kind"]) for row in rows_of(log)) == counted(exchange.facts)
    assert log.spans == [Span(1, len(exchange.records))]
    assert run_detectors(log, facts_of(engine)).spans == (Span(1, len(exchange.records)),)
