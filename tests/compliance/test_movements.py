"""Movements as records: all of few, and of very many the slowest and a count that no verdict can be wrong by."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.calendars import Clock, Unit
from compliance.evaluate import evaluate_rule
from compliance.facts import Assurance, Fact, Facts
from compliance.regimes import catalogue, rule_set
from compliance.rules import Condition, Parameter
from compliance.sources.movements import _Moved, _parted, _records, _withdrawal
from compliance.verdicts import Result

KINDS = catalogue()
END = datetime(2026, 10, 1, tzinfo=UTC)
HOUR_US = 3_600_000_000
BASE = int(END.timestamp()) * 1_000_000 - 90 * 24 * HOUR_US
SCALES = {"BTC": 8, "ETH": 18}


@st.composite
def moved(draw):
    """Some withdrawals of two assets, done or not, around the limit of a day."""
    found = []
    for number in range(draw(st.integers(0, 14))):
        begun = BASE + draw(st.integers(0, 3 * 24)) * HOUR_US
        took = draw(st.none() | st.sampled_from([0, 1, HOUR_US, 23 * HOUR_US, 24 * HOUR_US, 24 * HOUR_US + 1, 10**12]))
        state = "sent" if took is None else draw(st.sampled_from(["settled", "failed"]))
        asset = draw(st.sampled_from(sorted(SCALES)))
        found.append(_Moved(f"w{number}", "a", asset, number + 1, begun, None if took is None else begun + took, state))
    return found


def verdict(records, clock):
    rule = next(rule for rule in rule_set("vara").rules if rule.id == "VARA-LB-02")
    rule = replace(rule, applies=(), parameters={"most": Parameter(clock)})
    fact = Fact("withdrawals", records, END, Assurance.CLAIMED)
    return evaluate_rule(rule, Facts("main", END, KINDS, [fact]))


@given(moved(), st.integers(0, 6))
def test_nothing_is_lost_and_the_slowest_stand_alone(found, most):
    alone, groups = _parted(found, most)
    others = [each for group in groups.values() for each in group]
    assert sorted([*alone, *others]) == sorted(found)
    assert alone == [each for each in found if each in alone]
    assert len(alone) <= max(most, 0) or not groups
    waits = [float("inf") if each.done is None else each.done - each.begun for each in alone]
    rest = [float("inf") if each.done is None else each.done - each.begun for each in others]
    assert not rest or not waits or min(waits) >= max(rest)
    assert all(len({(each.asset, each.state) for each in group}) == 1 for group in groups.values())


@given(moved(), st.integers(0, 6))
def test_records_of_several_have_their_units_and_number(found, most):
    records = tuple(_records(found, SCALES, _withdrawal, most))
    assert KINDS["withdrawals"].problem(records) is None
    for asset, scale in SCALES.items():
        whole = sum(Fraction(each.quanta, 10**scale) for each in found if each.asset == asset)
        assert sum(row["units"] for row in records if row["asset"] == asset) == whole
    assert sum(row["count"] or 1 for row in records) == len(found)


@given(moved(), st.integers(0, 6))
def test_a_rule_of_hours_says_the_same_of_a_count_as_of_each(found, most):
    each = verdict(tuple(_records(found, SCALES, _withdrawal, 10**6)), Clock(24, Unit.HOURS))
    counted = verdict(tuple(_records(found, SCALES, _withdrawal, most)), Clock(24, Unit.HOURS))
    assert each.result is counted.result
    if each.result is Result.PASS:
        assert each.measured == counted.measured
    elif not counted.measured.startswith("at least"):
        assert (each.measured, each.margin) == (counted.measured, counted.margin)


@given(moved(), st.integers(0, 6), st.sampled_from([0, 1, 2, 10]), st.sampled_from(["ALL", "JP", "US"]))
def test_a_rule_of_days_is_never_wrong_of_a_count(found, most, days, zone):
    for unit in (Unit.CALENDAR_DAYS, Unit.BUSINESS_DAYS):
        each = verdict(tuple(_records(found, SCALES, _withdrawal, 10**6)), Clock(days, unit, zone))
        counted = verdict(tuple(_records(found, SCALES, _withdrawal, most)), Clock(days, unit, zone))
        assert counted.result in (each.result, Result.INSUFFICIENT)


def many(count, took_hours):
    return [
        _Moved(f"w{n}", "a", "BTC", 1, BASE + n, BASE + n + int(took_hours * HOUR_US), "settled") for n in range(count)
    ]


@pytest.mark.parametrize(("count", "records"), [(4_999, 4_999), (5_000, 5_000), (5_001, 5_001), (7_000, 5_001)])
def test_a_fact_has_so_many_records_and_no_more(count, records):
    found = tuple(_records(many(count, 1), SCALES, _withdrawal))
    assert len(found) == records
    assert verdict(found, Clock(24, Unit.HOURS)).measured == f"{count} of {count} records in order"


def test_of_a_group_that_is_late_at_least_so_many_are_right():
    found = [*many(3, 25), *many(4, 26)]
    records = tuple(_records(found, SCALES, _withdrawal, 4))
    late = verdict(records, Clock(24, Unit.HOURS))
    assert late.result is Result.FAIL and late.measured == "at least 0 of 7 records in order"
    assert late.margin == "at least 5 fail"


def test_a_rule_that_asks_each_one_lacks_data_of_several():
    rule = next(rule for rule in rule_set("vara").rules if rule.id == "VARA-LB-02")
    rule = replace(rule, applies=(), must=(Condition("units", "<", "1"),))
    records = tuple(_records(many(9, 1), SCALES, _withdrawal, 4))
    fact = Fact("withdrawals", records, END, Assurance.CLAIMED)
    assert evaluate_rule(rule, Facts("main", END, KINDS, [fact])).result is Result.INSUFFICIENT
    assert END - timedelta(days=90) == datetime.fromtimestamp(BASE // 10**6, UTC)
