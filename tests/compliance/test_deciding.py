"""Of very many members those that decide: no limit and no floor can tell them from all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compliance.sources.books import _deciding, _Member

MEMBERS = st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 30), st.integers(0, 30)), max_size=25)


def members(rows):
    return [_Member(f"m{place}", market, orders, trades) for place, (market, orders, trades) in enumerate(rows)]


@given(MEMBERS, st.integers(0, 10), st.integers(0, 30), st.integers(1, 8))
def test_a_rule_fails_of_those_kept_if_and_only_if_it_fails_of_all(rows, most, floor, limit):
    found = members(rows)
    kept = _deciding(found, most)

    def fails(some):
        return any(each.orders > floor and each.orders > limit * each.trades for each in some)

    assert set(kept) <= set(found)
    assert fails(kept) == fails(found)
    assert len(kept) == len(found) or len(kept) >= min(most, len(found))


def test_few_are_all_kept_in_their_order():
    found = members([("A", 3, 1), ("B", 9, 0), ("A", 1, 1)])
    assert _deciding(found, 3) == found and _deciding(found, 2) == [found[1], found[0], found[2]]
    assert _deciding(members([("A", 9, 0), ("A", 5, 1), ("A", 4, 2)]), 1)[1:] == [_Member("m1", "A", 5, 1)]
