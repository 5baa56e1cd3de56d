"""A book that was written and restored goes on exactly as one that was not, and so does the money behind it."""

from __future__ import annotations

import copy
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import canonical, parse
from ledger.errors import FormatError
from ledger.trading.book import FastBook
from ledger.trading.holds import SpotFunds
from ledger.trading.orders import NewOrder
from tests.ledger.trading.test_differential import BANDS
from tests.support.trading import DictPurse, Twins, random_command, rates_of, small_market


def restored(twins: Twins) -> tuple[FastBook, SpotFunds, DictPurse]:
    """The fast book of the twins through canonical bytes, on a copy of its purse."""
    book, (funds, purse) = twins.books[1], twins.money[1]
    book.reports.clear()
    funds.traded.clear()
    document = parse(canonical({"book": book.to_state(), "funds": funds.to_state()}))
    purse = copy.deepcopy(purse)
    funds = type(funds).from_state(twins.market, rates_of, purse, document["funds"])
    again = FastBook.from_state(twins.market, funds, document["book"])
    assert again.state_digest() == book.state_digest()
    assert (again.to_state(), funds.to_state()) == (document["book"], document["funds"])
    return again, funds, purse


@given(
    seed=st.integers(0, 2**63), before=st.integers(0, 120), after=st.integers(1, 60), rich=st.booleans(),
    banded=st.booleans(), fickle=st.booleans(),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_a_restored_book_goes_on_as_the_one_that_was_written(
    seed: int, before: int, after: int, rich: bool, banded: bool, fickle: bool
) -> None:
    draw = random.Random(seed)
    twins = Twins(small_market(**(BANDS if banded else {})), quanta=10**9 if rich else 60_000, fickle=fickle)
    for step in range(before):
        twins.do(*_flat(random_command(draw, 1 + 5 * step, twins.live())))
    book, funds, purse = restored(twins)
    for step in range(before, before + after):
        name, arguments = random_command(draw, 1 + 5 * step, twins.live())
        book.reports.clear()
        getattr(book, name)(*arguments)
        assert [tuple(map(int, row)) for row in book.reports] == twins.do(name, *arguments)
        assert book.state_digest() == twins.books[0].state_digest()
    assert funds.holds == twins.money[1][0].holds
    assert {place: held for place, held in purse.held.items() if held} == {
        place: held for place, held in twins.money[1][1].held.items() if held
    }


def _flat(command: tuple[str, tuple[object, ...]]) -> tuple[object, ...]:
    return (command[0], *command[1])


def test_a_deep_level_is_restored_in_its_order() -> None:
    market = small_market()
    book = FastBook(market)
    for number in range(1, 100):
        book.place(NewOrder(number, number, number, 0, price=100, quantity=1 + number % 3))
    book.reports.clear()
    again = FastBook.from_state(market, None, book.to_state())
    for each in (book, again):
        each.place(NewOrder(200, 200, 200, 1, price=100, quantity=90))
    assert book.reports == again.reports
    assert len(book.reports) > 40


def test_reports_that_nobody_took_stop_a_checkpoint() -> None:
    book = FastBook(small_market())
    book.place(NewOrder(1, 1, 1, 0, price=100, quantity=1))
    with pytest.raises(AssertionError, match="taken before"):
        book.to_state()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bids", ["1,1,1,0,100,5,5,0,0,0,0"]),
        ("bids", ["1,1,1,0,100,5,6,0,0,0,0,0"]),
        ("bids", ["1,1,1,0,0,5,5,0,0,0,0,0"]),
        ("bids", ["1,1,1,0,100,5,05,0,0,0,0,0"]),
        ("bids", ["1,1,1,1,100,5,5,0,0,0,0,0"]),
        ("bids", ["1,1,1,0,100,5,5,0,0,0,0,0", "1,1,1,0,99,5,5,0,0,0,0,0"]),
        ("bids", ["1,1,1,0,99,5,5,0,0,0,0,0", "2,1,1,0,100,5,5,0,0,0,0,0"]),
        ("bids", "1"),
        ("killed", ["2", "1"]),
        ("pending", ["3,1,1,0,0,100,5,0,0,0,0,0,0,0,0,0,0"]),
        ("numbers", "0,0,0,0,0,0,0,0,0"),
        ("numbers", ""),
        ("more", []),
    ],
)
def test_a_document_that_no_book_wrote_is_refused(field: str, value: object) -> None:
    market = small_market()
    document = FastBook(market).to_state()
    FastBook.from_state(market, None, document)
    with pytest.raises(FormatError):
        FastBook.from_state(market, None, document | {field: value})


def test_a_hold_that_is_not_what_its_order_requires_is_refused() -> None:
    twins = Twins()
    twins.do("place", NewOrder(1, 1, 1, 0, price=100, quantity=5))
    assert not twins.money[1][0].traded
    rows = twins.money[1][0].to_state()
    SpotFunds.from_state(twins.market, rates_of, DictPurse(), rows)
    fields = rows[0].split(",")
    fields[11] = str(int(fields[11]) + 1)
    with pytest.raises(FormatError, match="not what its order requires"):
        SpotFunds.from_state(twins.market, rates_of, DictPurse(), [",".join(fields)])
