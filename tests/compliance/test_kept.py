"""The average daily liability from kept evaluations: the last two hours of New York's day, and no day is filled in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.facts import Assurance, Fact, Facts
from compliance.regimes import catalogue
from compliance.results import Evaluation, Results
from compliance.sources.kept import adtl_facts, end_of_days, quarter_of, three_months_to
from ledger.keys import SigningKey

KINDS = catalogue()
NEW_YORK = ZoneInfo("America/New_York")


def at(day: date, hour: int = 23) -> datetime:
    """An hour of a day in New York."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=NEW_YORK).astimezone(UTC)


def evaluation(as_of: datetime) -> Evaluation:
    return Evaluation(0, "main", as_of, "", "", (), (), "", "", f"{int(as_of.timestamp()):064x}", b"")


def kept(day: date, hour: int = 23, **states: dict[str, int]) -> tuple[Evaluation, Facts]:
    """An evaluation with what was outstanding in each state."""
    as_of = at(day, hour)
    facts = [
        Fact("outstanding.state", {c: Fraction(a) for c, a in amounts.items()}, as_of, Assurance.CLAIMED, (),
             name.replace("_", "-"))
        for name, amounts in states.items()
    ]  # fmt: skip
    return evaluation(as_of), Facts("main", as_of, KINDS, facts)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]


def found(facts: list[Fact], name: str, state: str):
    return next((each.value for each in facts if (each.name, each.scope) == (name, state)), None)


START, END = date(2026, 7, 1), date(2026, 9, 30)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 10**9), min_size=92, max_size=92))
def test_the_average_is_the_sum_by_calendar_days(amounts):
    rows = [kept(day, US_TX={"USD": amount}) for day, amount in zip(days(START, END), amounts, strict=True)]
    facts = adtl_facts(rows, at(END))
    expected = {"USD": Fraction(sum(amounts), 92)}
    assert found(facts, "us.adtl", "US-TX") == expected == found(facts, "us.adtl.bond", "US-TX")
    assert found(facts, "us.adtl.missing", "US-TX") == frozenset()
    assert [row["amount"] for row in found(facts, "us.adtl.days", "US-TX")] == amounts
    assert all(not KINDS[each.name].problem(each.value) for each in facts)


def test_a_missing_day_is_named_and_no_average_is_made():
    gap = date(2026, 8, 3)
    rows = [kept(day, US_TX={"USD": 10}) for day in days(START, END) if day != gap]
    facts = adtl_facts(rows, at(END))
    assert found(facts, "us.adtl.missing", "US-TX") == frozenset({"2026-08-03"})
    assert found(facts, "us.adtl", "US-TX") is None and found(facts, "us.adtl.bond", "US-TX") is None
    assert len(found(facts, "us.adtl.days", "US-TX")) == 91


@pytest.mark.parametrize(("hour", "is_seen"), [(21, False), (22, True), (23, True)])
def test_only_the_last_two_hours_of_a_day_show_its_end(hour, is_seen):
    rows = [kept(day, US_TX={"USD": 10}) for day in days(START, END) if day != END] + [
        kept(END, hour, US_TX={"USD": 10})
    ]
    facts = adtl_facts(rows, at(END))
    assert (found(facts, "us.adtl", "US-TX") is not None) is is_seen


def test_a_day_is_new_yorks_and_the_last_evaluation_of_it_counts():
    # 02:00 UTC on 2 July is 22:00 on 1 July in New York.
    early, late = kept(START, 22, US_TX={"USD": 10}), kept(START, 23, US_TX={"USD": 30})
    assert early[0].as_of == datetime(2026, 7, 2, 2, tzinfo=UTC)
    for rows in ([early, late], [late, early]):
        assert found(adtl_facts(rows, at(START)), "us.adtl", "US-TX") == {"USD": 30}
    # What came after the moment of judgement is not seen.
    assert found(adtl_facts([early, late], at(START, 22)), "us.adtl", "US-TX") == {"USD": 10}


def test_today_counts_when_it_is_nearly_over():
    rows = [kept(day, US_TX={"USD": 10}) for day in days(START, date(2026, 7, 3))]
    noon = adtl_facts(rows, at(date(2026, 7, 4), 12))
    assert found(noon, "us.adtl", "US-TX") == {"USD": 10}
    night = adtl_facts(rows, at(date(2026, 7, 4), 23))
    assert found(night, "us.adtl.missing", "US-TX") == frozenset({"2026-07-04"})


def test_before_the_first_day_of_business_nothing_was_owed():
    rows = [kept(day, US_TX={"USD": 92}) for day in days(date(2026, 9, 1), END)]
    facts = adtl_facts(rows, at(END), since=date(2026, 9, 1))
    assert found(facts, "us.adtl", "US-TX") == {"USD": 30} and found(facts, "us.adtl.missing", "US-TX") == frozenset()
    assert len(found(adtl_facts(rows, at(END)), "us.adtl.missing", "US-TX")) == 62


def test_a_state_without_residents_on_a_day_had_nothing_outstanding():
    first, second = date(2026, 7, 1), date(2026, 7, 2)
    rows = [kept(first, US_TX={"USD": 10}), kept(second, US_TX={"EUR": 4}, US_WA={"USD": 8})]
    facts = adtl_facts(rows, at(second))
    assert found(facts, "us.adtl", "US-TX") == {"EUR": 2, "USD": 5} and found(facts, "us.adtl", "US-WA") == {"USD": 4}
    # An evaluation that did not see the ledger shows no day.
    blind = adtl_facts([kept(first), kept(second, US_TX={"USD": 10})], at(second))
    assert found(blind, "us.adtl.missing", "US-TX") == frozenset({"2026-07-01"})
    assert adtl_facts([], at(second)) == [] and adtl_facts([kept(first)], at(second)) == []


def test_the_bond_looks_back_three_months_over_the_quarters_edge():
    last = date(2026, 7, 10)
    rows = [kept(day, US_TX={"USD": 100 if day < START else 10}) for day in days(date(2026, 4, 11), last)]
    facts = adtl_facts(rows, at(last))
    assert found(facts, "us.adtl", "US-TX") == {"USD": 10}
    assert found(facts, "us.adtl.bond", "US-TX") == {"USD": Fraction(81 * 100 + 10 * 10, 91)}


@pytest.mark.parametrize(
    ("last", "first"),
    [
        (date(2026, 9, 30), date(2026, 7, 1)),
        (date(2026, 6, 30), date(2026, 4, 1)),
        (date(2026, 2, 28), date(2025, 12, 1)),
        (date(2026, 1, 15), date(2025, 10, 16)),
        (date(2026, 5, 30), date(2026, 3, 1)),
    ],
)
def test_three_months(last, first):
    assert three_months_to(last) == first


def test_quarters_and_ends_of_days():
    assert quarter_of(date(2026, 12, 31)) == date(2026, 10, 1) and quarter_of(date(2026, 1, 1)) == date(2026, 1, 1)
    hours = [evaluation(at(START, hour)) for hour in (3, 9, 23)] + [evaluation(at(END, 5))]
    assert [each.as_of for each in end_of_days(hours)] == [at(START, 23), at(END, 5)]
    assert list(end_of_days([])) == []


def test_kept_evaluations_are_read_back_and_give_the_figures(tmp_path):
    """As an exchange does it: evaluations kept hour by hour, one of each day read again with its facts."""
    results, key = Results(tmp_path / "results", "main"), SigningKey(b"\1" * 32)
    for day in days(START, date(2026, 7, 4)):
        for hour in (9, 22, 23):
            _, facts = kept(day, hour, US_TX={"USD": 100 * day.day + hour})
            results.add(facts, [], [], "", key)
    ends = list(end_of_days(results.between(at(START, 0), at(date(2026, 7, 4)))))
    assert [each.as_of for each in ends] == [at(day) for day in days(START, date(2026, 7, 4))]
    found_facts = adtl_facts(((each, results.facts(each, KINDS)) for each in ends), at(date(2026, 7, 4)))
    assert found(found_facts, "us.adtl", "US-TX") == {"USD": 273}


def test_evidence_names_the_evaluations_of_the_period():
    facts = adtl_facts([kept(day, US_TX={"USD": 1}) for day in days(START, END)], at(END))
    adtl = next(each for each in facts if each.name == "us.adtl")
    assert len(adtl.evidence) == 92 and adtl.evidence[0].place == "results/2026-07-02T030000Z.json.gz"
    with pytest.raises(AssertionError, match="its own facts"):
        adtl_facts([(evaluation(at(END)), kept(START, US_TX={"USD": 1})[1])], at(END))
