"""Lines of the call report from the log: once for the firm and each state, at prices of the moment, none invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from compliance.regimes import catalogue
from compliance.sources.activity import activity_facts, dated_places
from compliance.tax.valuation import PriceBoard
from compliance.transactions.reader import PRICES, TRADES, TRANSFERS, RecordReader
from compliance.transactions.records import PriceRecord, TradeRecord, TradeSide, TransferRecord
from ledger.commands import SetCustomer
from ledger.journal import ReasonCode
from ledger.store import history
from tests.compliance.transactions.conftest import opened
from tests.support.traded import ALICE, BOB, CAROL, small_day

NOW = datetime(2026, 10, 1, 3, tzinfo=UTC)
UNIT = 10**18


@dataclass(frozen=True)
class Market:
    """What a trade tells of its market here."""

    base: str
    quote: str
    quote_scale: int = 2
    step_quanta: int = 1

    def notional_quanta(self, price: int, quantity: int) -> int:
        return price * quantity


def side(account: str) -> TradeSide:
    return TradeSide(1, account, None, 0, False, 0, None)


def trade(base: str, quote: str, cents: int, buyer: str, seller: str, position: int = 5) -> TradeRecord:
    return TradeRecord(position, 1, 0, Market(base, quote), 1, cents, 1, side(buyer), side(seller))  # type: ignore[arg-type]  # a market for tests


def sent(asset: str, quanta: int, account: str, price: int | None, reason=ReasonCode.WITHDRAWAL) -> TransferRecord:
    return TransferRecord(5, 1, 0, account, "main", asset, 8, quanta, 0, reason, "", "", None, price)


def prices(**names: int) -> PriceRecord:
    return PriceRecord(1, 0, "USD", tuple((name, price * UNIT) for name, price in names.items()), ())


PLACES = {"ann": "US-TX", "bob": "US-TX", "cy": "US-NY", "dee": "AE"}


def lines(*records, states=("US-NY", "US-TX"), places=PLACES):
    board = PriceBoard("USD", "USD", {"USD": "USD", "EUR": "EUR"})
    found = activity_facts(records, board, lambda account, _: places.get(account, ""), states, NOW)
    assert all(catalogue()[each.name].problem(each.value) is None for each in found)
    return {each.scope: each.value for each in found}


def test_a_trade_counts_once_for_the_firm_and_once_for_each_state_of_a_side():
    found = lines(trade("BTC", "USD", 10_050, "ann", "bob"), trade("BTC", "USD", 200, "ann", "cy"),
                  trade("BTC", "USD", 100, "dee", "dee"))  # fmt: skip
    assert (found[""]["TA280"], found[""]["TA290"]) == (3, Fraction("103.5"))
    assert (found["US-TX"]["ST280"], found["US-TX"]["ST290"]) == (2, Fraction("102.5"))
    assert (found["US-NY"]["ST280"], found["US-NY"]["ST290"]) == (1, 2)


def test_virtual_for_virtual_is_valued_at_the_price_in_force():
    found = lines(prices(ETH=3000), trade("BTC", "ETH", 150, "ann", "cy"), prices(ETH=4000),
                  trade("BTC", "ETH", 100, "ann", "cy"))  # fmt: skip
    assert (found[""]["TA240"], found[""]["TA250"]) == (2, 4500 + 4000) and found[""]["TA280"] == 0


def test_without_a_price_the_number_stands_and_the_value_is_left_out():
    found = lines(trade("BTC", "ETH", 150, "ann", "ann"), prices(ETH=1), trade("BTC", "ETH", 100, "ann", "cy"))
    assert found[""]["TA240"] == 2 and "TA250" not in found[""] and "ST250" not in found["US-TX"]
    assert found["US-NY"]["ST250"] == 1 and found[""]["TA290"] == 0


def test_money_other_than_dollars_and_deposits_are_of_no_line():
    found = lines(
        trade("BTC", "EUR", 100, "ann", "bob"), trade("EUR", "USD", 100, "ann", "bob"), sent("USD", -5, "ann", None),
        sent("BTC", 5, "ann", UNIT), sent("BTC", -5, "ann", UNIT, ReasonCode.WITHDRAWAL_FEE),
    )  # fmt: skip
    assert set(found[""].values()) == {0} and len(found[""]) == 6


def test_what_is_sent_out_has_the_price_of_its_entry():
    found = lines(sent("BTC", -(10**8), "cy", 90_000 * UNIT), sent("BTC", -(10**7), "ann", 80_000 * UNIT))
    assert (found[""]["TA320"], found[""]["TA330"]) == (2, 98_000)
    assert (found["US-NY"]["ST320"], found["US-NY"]["ST330"]) == (1, 90_000)


@given(st.lists(st.tuples(st.integers(1, 10**9), st.sampled_from(sorted(PLACES)), st.sampled_from(sorted(PLACES)))))
def test_no_state_has_more_than_the_firm(found):
    sums = lines(*(trade("BTC", "USD", *each) for each in found))
    assert sums[""]["TA280"] == len(found) and sums[""]["TA290"] == Fraction(sum(each[0] for each in found), 100)
    for state in ("US-TX", "US-NY"):
        of = [each for each in found if state in (PLACES[each[1]], PLACES[each[2]])]
        assert sums[state]["ST280"] == len(of) and sums[state]["ST290"] == Fraction(sum(each[0] for each in of), 100)


def test_a_day_of_a_real_exchange(day):
    """Three trades for 20,400, 31,200 and 2,600 dollars, and one bitcoin sent out."""
    board = PriceBoard("USD", "USD", {"USD": "USD"})
    records = RecordReader(day.session).records(1, day.last, (TRADES, TRANSFERS, PRICES))
    places = {ALICE: "US-TX", BOB: "US-NY", CAROL: "US-WA"}
    firm, texas = activity_facts(records, board, lambda account, _: places[account], ("US-TX",), NOW)
    assert (firm.value["TA280"], firm.value["TA290"], firm.value["TA320"]) == (3, 54_200, 1)
    assert texas.scope == "US-TX" and texas.value["ST320"] == 1 and texas.value["ST290"] <= firm.value["TA290"]


def test_places_are_dated(tmp_path):
    """The ledger's own history: who moves is counted where they lived when it happened."""
    house = small_day(tmp_path)
    house.give(SetCustomer(ALICE, "retail", "US-TX", "customer"))
    with opened(house) as read:
        place = dated_places(read.session, read.last)
        moved = max(event.sequence for event in history.events(read.session, "customer-set"))
        assert (place(ALICE, moved - 1), place(ALICE, moved), place(ALICE, read.last)) == ("DE", "US-TX", "US-TX")
        assert place(BOB, read.last) == "FR" and place("nobody", read.last) == "" and place(ALICE, 0) == ""
        assert dated_places(read.session, moved - 1)(ALICE, read.last) == "DE"
