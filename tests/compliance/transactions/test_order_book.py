"""Order-book records: by our schema, without a gap, with the event that it was; and the ratios over the same events."""

from __future__ import annotations

import json
from fractions import Fraction
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from compliance.transactions.order_book import EVENT_TYPES, BookNumbers, event_type, records_of
from compliance.transactions.order_trade_ratio import RatioCounter, RatioRow
from compliance.transactions.reader import ORDERS
from compliance.transactions.reference import read_reference
from ledger.store.snapshot import open_at
from ledger.trading.reports import Kind, Reason
from tests.compliance.transactions.conftest import Read
from tests.support.traded import ALICE, BOB, CAROL

SCHEMA = Draft202012Validator(
    json.loads(files("compliance.transactions").joinpath("order_book_schema.json").read_text())
)
DTIS = {"BTC": "4H95J0R2X"}


@pytest.fixture(scope="module")
def reference(reference_file):
    return read_reference(reference_file)


def test_the_schema_is_one():
    SCHEMA.check_schema(SCHEMA.schema)


def test_the_small_day(day, reference):
    found = list(records_of(day.records((ORDERS,)), reference, BookNumbers(), DTIS))
    told = [(each["OrdrIdData"]["OrdrId"], each["OrdrIdData"]["EvtTp"]) for each in found]
    assert told == [
        ("4097", "NEWO"), ("8193", "NEWO"), ("8193", "FILL"), ("4097", "PARF"), ("4097", "REME"), ("12289", "NEWO"),
        ("12289", "PARF"), ("4097", "FILL"), ("16385", "NEWO"), ("16385", "CAME"), ("20481", "NEWO"), ("20481", "PARF"),
        ("12289", "PARF"), ("20481", "EXPI"), ("24577", "REMO"), ("28673", "NEWO"),
    ]  # fmt: skip
    assert [each["OrdrIdData"]["SeqNb"] for each in found] == list(range(1, 17))
    waiting = found[-1]["OrdrData"]
    assert waiting["InstrData"]["OrdrVldtySts"] == "INAC" and waiting["OrdrPrics"]["StopPric"] == "50000"
    assert found[-1]["OrdrData"]["OrdrClssfctn"]["OrdrTp"] == "STOP"
    assert found[3]["OrdrData"]["TxData"] == {
        "TxPric": "51000", "TraddQty": "0.4", "PssvOrAggrssvInd": "PASV", "TxId": "BTCUSD1",
    }  # fmt: skip


@pytest.mark.parametrize("number", [0, 1])
def test_every_record_holds_by_the_schema_and_numbers_go_on_from_file_to_file(random_days, reference, number):
    with open_at(random_days[number].url) as snapshot:
        read = Read(random_days[number], snapshot)
        whole = list(records_of(read.records((ORDERS,)), reference, BookNumbers(), DTIS))
        assert [each["OrdrIdData"]["SeqNb"] for each in whole] == list(range(1, len(whole) + 1))
        for record in whole:
            SCHEMA.validate(record)
        edge = read.last // 2
        numbers = BookNumbers()
        first = list(records_of(read.records((ORDERS,), 1, edge), reference, numbers, DTIS))
        skipped = BookNumbers()
        skipped.skip(read.records((ORDERS,), 1, edge))
        assert skipped.last == numbers.last and skipped.refused_instructions == 0
        assert first + list(records_of(read.records((ORDERS,), edge + 1), reference, skipped, DTIS)) == whole
        codes = {each["OrdrIdData"]["EvtTp"] for each in whole}
        assert codes <= set(EVENT_TYPES) and {"NEWO", "REME", "PARF", "FILL", "EXPI", "TRIG"} <= codes


@pytest.mark.parametrize("field", ["SeqNb", "EvtTp", "OrdrBookId", "TmStmp"])
def test_a_record_without_what_it_needs_does_not_hold(day, reference, field):
    record = next(records_of(day.records((ORDERS,)), reference, BookNumbers(), DTIS))
    del record["OrdrIdData"][field]
    assert not SCHEMA.is_valid(record)


def cancelled(day, reason):
    event = next(event for event in day.records((ORDERS,)) if event.kind is Kind.CANCELLED)
    return event_type(event._replace(row=(*event.row[:3], int(reason))))


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.USER_REQUEST, "CAME"),
        (Reason.CANCEL_ALL, "CAME"),
        (Reason.OCO_PARTNER, "CAME"),
        (Reason.KILL_SWITCH, "CAMO"),
        (Reason.OPERATOR, "CAMO"),
        (Reason.SELF_TRADE_PREVENTION, "CAMO"),
    ],
)
def test_who_ended_an_order(day, reason, code):
    assert cancelled(day, reason) == code


def test_an_instruction_that_was_refused_is_counted_and_no_record(day):
    event = next(event for event in day.records((ORDERS,)) if event.kind is Kind.REJECTED)
    numbers = BookNumbers()
    assert numbers.take(event) == (1, "REMO")
    assert numbers.take(event._replace(is_first=False)) is None
    assert numbers.refused_instructions == 1 and numbers.last["BTC_USD"] == 1


# Order-to-trade ratios.


def rows_of(day, **weights):
    counter = RatioCounter(**weights)
    for event in day.records((ORDERS,)):
        counter.count(event)
    return {row.account: row for row in counter.rows()}


def test_the_ratios_of_the_small_day(day):
    rows = rows_of(day)
    # Alice: new 1.0, changed twice 0.6, new 0.1 = 2.3 BTC in 4 orders; traded 1.0 in 2.
    assert rows[ALICE] == RatioRow(ALICE, "BTC_USD", 4, 230_000_000, 2, 100_000_000)
    assert (rows[ALICE].by_number, rows[ALICE].by_volume) == (1, Fraction(13, 10))
    # Bob: new 0.4, new and cancelled 0.1 each, and 0.05 by quote = 0.65 in 4 orders; traded 0.45 in 2.
    assert (rows[BOB].by_number, rows[BOB].by_volume) == (1, Fraction(4, 9))
    assert rows[CAROL].by_number == Fraction(-1, 2)
    assert rows_of(day, weights={"NEWO": 1})[ALICE].orders == 2


@pytest.mark.parametrize(("limit", "over"), [(Fraction(99, 100), True), (1, False), (2, False)])
def test_a_limit_is_passed_by_more_than_it(limit, over):
    assert RatioRow("a", "m", 4, 10, 2, 10).is_over(Fraction(limit), Fraction(100)) is over


def test_orders_without_a_trade_have_no_ratio_and_are_over():
    row = RatioRow("a", "m", 1, 10, 0, 0)
    assert row.by_number is None and row.by_volume is None and row.is_over(Fraction(10**9), Fraction(10**9))
    assert not RatioRow("a", "m", 0, 0, 0, 0).is_over(Fraction(0), Fraction(0))
