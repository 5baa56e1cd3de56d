"""The reconciliation: what explains a difference, what does not, and how old it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.treasury.reconcile import HOUR_MICROS, Flight, Holding, Reading, reconcile

NOW = 500_000 * HOUR_MICROS


def one(books=0, actual=0, flights=(), ages=None, now=NOW):
    return reconcile(now, [Holding("hot", "ETH", books)], flights, [Reading("hot", "ETH", actual, "block 1")], ages)


def test_books_and_chain_agree():
    done = one(5, 5)
    assert done.differences == () and done.ages == {}
    assert done.lines[0].is_explained and done.lines[0].since_us is None


def test_what_is_in_flight_explains():
    flights = [
        Flight("hot", "ETH", "sent", 10, "r"),
        Flight("hot", "ETH", "gas", -3, "r"),
        Flight("hot", "ETH", "seen", 2, "e"),
    ]
    done = one(5, 14, flights)
    assert done.differences == () and done.lines[0].in_flight == 9
    assert set(done.flights) == set(flights)
    assert one(5, 13, flights).differences[0].unexplained == -1


def test_a_difference_grows_old_as_long_as_it_has_its_sign():
    first = one(5, 4)
    assert [(line.unexplained, line.hours, line.since_us) for line in first.differences] == [(-1, 0, NOW)]
    second = one(5, 2, ages=first.ages, now=NOW + 3 * HOUR_MICROS - 1)
    assert [(line.unexplained, line.hours) for line in second.differences] == [(-3, 2)]
    third = one(5, 2, ages=second.ages, now=NOW + 3 * HOUR_MICROS)
    assert [line.hours for line in third.differences] == [3]
    other = one(5, 6, ages=third.ages, now=NOW + 4 * HOUR_MICROS)
    assert [(line.unexplained, line.hours) for line in other.differences] == [(1, 0)], "a surplus is another trouble"
    gone = one(5, 5, ages=other.ages, now=NOW + 5 * HOUR_MICROS)
    assert gone.ages == {}
    assert one(5, 6, ages=gone.ages, now=NOW + 6 * HOUR_MICROS).differences[0].hours == 0


def test_what_cannot_be_read_is_never_zero_and_keeps_its_age():
    first = one(5, 4)
    unread = one(5, None, ages=first.ages, now=NOW + HOUR_MICROS)
    assert [(line.unexplained, line.hours, line.actual) for line in unread.differences] == [(None, 1, None)]
    again = one(5, 4, ages=unread.ages, now=NOW + 2 * HOUR_MICROS)
    assert [line.hours for line in again.differences] == [2]
    new = reconcile(NOW, [Holding("cold", "BTC", 0)], [], [])
    assert [(line.wallet, line.at) for line in new.differences] == [("cold", "unread")]


def test_a_wallet_that_only_the_chain_knows_is_listed_and_the_oldest_stands_first():
    old = {("a", "X"): one(5, 4).ages["hot", "ETH"]}
    readings = [Reading("a", "X", -1, "b"), Reading("b", "Y", 7, "b")]
    done = reconcile(NOW + HOUR_MICROS, [], [], readings, old)
    assert [(line.wallet, line.hours, line.unexplained) for line in done.differences] == [("a", 1, -1), ("b", 0, 7)]


amounts = st.integers(-(10**40), 10**40)
names = st.sampled_from(["hot", "cold"])


@given(
    st.lists(st.builds(Holding, names, st.just("ETH"), amounts)),
    st.lists(st.builds(Flight, names, st.just("ETH"), st.sampled_from(["sent", "gas"]), amounts, st.just("r"))),
    amounts,
    amounts,
)
def test_every_unit_is_accounted_for(holdings, flights, hot, cold):
    readings = [Reading("hot", "ETH", hot, "b"), Reading("cold", "ETH", cold, "b")]
    done = reconcile(NOW, holdings, flights, readings)
    for line in done.lines:
        assert line.actual == line.books + line.in_flight + line.unexplained
    assert sum(line.books for line in done.lines) == sum(each.units for each in holdings)
    assert sum(line.in_flight for line in done.lines) == sum(each.units for each in flights)
