"""What a hostile or a tired firm once got a pass or a longer deadline for. Each test is named after what it did."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from compliance.calendars import Clock, Unit
from compliance.evaluate import evaluate, evaluate_rule
from compliance.facts import Assurance, Fact, FactKind, Facts, Shape, Source
from compliance.firm_values import read_value
from compliance.primitives.view import View, holds
from compliance.regimes import REGIMES, catalogue, rule_set
from compliance.reports.packs.coverage import coverage_blocks
from compliance.reports.packs.texts import ENGLISH as TEXTS
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule, Status
from compliance.verdicts import Result
from tests.compliance.regimes import sample_vara

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
"""A Wednesday."""
DAY, MOMENT, NUMBER, TEXT, FLAG = Shape.DAY, Shape.MOMENT, Shape.NUMBER, Shape.TEXT, Shape.FLAG


def kind(name, shape, fields=None):
    return FactKind(name, shape, Source.FIRM, name, fields=fields)


KINDS = {
    each.name: each
    for each in (
        kind("last", DAY),
        kind("last.moment", MOMENT),
        kind("since", DAY),
        kind("days", Shape.RECORDS, {"day": DAY, "unexplained": NUMBER}),
        kind("filings", Shape.RECORDS, {"period_end": DAY, "filed_at?": MOMENT}),
        kind(
            "statements",
            Shape.RECORDS,
            {"period_end": DAY, "expected": NUMBER, "prepared": NUMBER, "prepared_at?": MOMENT},
        ),
        kind("controls", Shape.RECORDS, {"name": TEXT, "in_place": FLAG, "tested_on?": DAY, "reference?": TEXT}),
        kind(
            "detectors",
            Shape.RECORDS,
            {
                "detector": TEXT, "ran_at?": MOMENT, "complete": FLAG, "alerts": NUMBER, "open": NUMBER,
                "oldest_open?": MOMENT,
            },
        ),
        kind("held", Shape.AMOUNTS),
        kind("owed", Shape.AMOUNTS),
        kind(
            "encumbrances",
            Shape.RECORDS,
            {"asset": TEXT, "units": NUMBER, "consent?": TEXT, "licence?": TEXT, "in_wallets": FLAG},
        ),
        kind("part", NUMBER),
        kind("whole", NUMBER),
        kind("base", NUMBER),
        kind("capital", NUMBER),
        kind("records", Shape.RECORDS, {"id": TEXT, "value?": NUMBER, "limit?": NUMBER, "done?": DAY}),
    )
}  # fmt: skip


def rule(primitive, inputs, parameters=None, **more):
    return Rule(
        "T-1", "test", "a rule", "something holds", "article 1", "1", date(2020, 1, 1), Status.VERIFIED, primitive,
        inputs, "test", {name: Parameter(value) for name, value in (parameters or {}).items()}, **more,
    )  # fmt: skip


def verdict(judged, before=None, at=NOW, /, **values):
    names = {name.replace("__", "."): value for name, value in values.items()}
    found = [Fact(name, value, at, Assurance.CLAIMED) for name, value in names.items()]
    return evaluate_rule(judged, Facts("main", at, KINDS, found), "", before)


def result(judged, /, **values):
    return verdict(judged, **values).result


# Days that are still to come.

AGE = rule(Primitive.AGE, {"last": "last"}, {"most": Clock(1, Unit.YEARS)})
AGE_MOMENT = rule(Primitive.AGE, {"last": "last.moment"}, {"most": Clock(1, Unit.YEARS)})


def test_an_audit_dated_ten_years_ahead_passed_for_eleven_years():
    assert result(AGE, last=date(2036, 1, 1)) is Result.INSUFFICIENT
    assert result(AGE_MOMENT, last__moment=NOW + timedelta(microseconds=1)) is Result.INSUFFICIENT
    assert result(AGE_MOMENT, last__moment=NOW) is Result.PASS


def test_what_was_done_today_in_the_east_is_not_of_tomorrow():
    assert result(AGE, last=date(2026, 11, 26)) is Result.PASS  # it is that day in Kiribati
    assert result(AGE, last=date(2026, 11, 27)) is Result.INSUFFICIENT


EACH_DAY = rule(
    Primitive.AGE,
    {"days": "days", "since": "since"},
    {"calendar": "TARGET", "window": Fraction(7)},
    must=(Condition("unexplained", "is", "0"),),
)
FILED = rule(
    Primitive.DEADLINE,
    {"filings": "filings", "since": "since"},
    {"period": "month", "due": Clock(30, Unit.CALENDAR_DAYS)},
)
STATED = rule(
    Primitive.STATEMENTS,
    {"statements": "statements", "since": "since"},
    {"period": "month", "due": Clock(30, Unit.CALENDAR_DAYS)},
)


@pytest.mark.parametrize(("judged", "name"), [(EACH_DAY, "days"), (FILED, "filings"), (STATED, "statements")])
def test_a_business_that_begins_in_2099_passed_everything_that_is_due_by_the_day(judged, name):
    assert result(judged, since=date(2099, 1, 1), **{name: ()}) is Result.INSUFFICIENT
    assert result(judged, since=NOW.date(), **{name: ()}) is Result.PASS  # nothing was due yet, and it says so
    assert "nothing was due" in verdict(judged, since=NOW.date(), **{name: ()}).note


def week(*more):
    days = [date(2026, 11, day) for day in (18, 19, 20, 23, 24)]
    return (*({"day": day, "unexplained": Fraction(0)} for day in days), *more)


def test_a_hole_that_was_found_on_a_saturday_was_passed_over():
    saturday = {"day": date(2026, 11, 21), "unexplained": Fraction(3)}
    assert result(EACH_DAY, since=date(2026, 1, 1), days=week()) is Result.PASS
    assert result(EACH_DAY, since=date(2026, 1, 1), days=week(saturday)) is Result.FAIL


def filing(*moments):
    return tuple({"period_end": date(2026, 9, 30), "filed_at": each} for each in moments)


LATE, EARLY = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 10, 20, tzinfo=UTC)
SINCE = date(2026, 9, 1)


def september(outcome):
    return next(line.result for line in outcome.lines if line.key == "2026-09-30")


def test_a_filing_that_is_planned_was_counted_as_filed():
    at = datetime(2026, 10, 30, 12, tzinfo=UTC)
    later = verdict(FILED, None, at + timedelta(days=1), since=SINCE, filings=filing(at + timedelta(days=2)))
    assert september(later) is Result.FAIL
    before = verdict(FILED, None, at, since=SINCE, filings=filing(at + timedelta(hours=1)))
    assert september(before) is Result.PASS and before.warning


@pytest.mark.parametrize("order", [(EARLY, LATE), (LATE, EARLY), (EARLY, None)])
def test_a_later_row_for_a_period_hid_the_filing_that_was_in_time(order):
    assert september(verdict(FILED, since=SINCE, filings=filing(*order))) is Result.PASS
    assert september(verdict(FILED, since=SINCE, filings=filing(LATE, None))) is Result.FAIL


def stated(at, expected=3, prepared=3):
    return (
        {
            "period_end": date(2026, 10, 31), "expected": Fraction(expected), "prepared": Fraction(prepared),
            "prepared_at": at,
        },
    )  # fmt: skip


def test_statements_prepared_tomorrow_passed_and_those_without_a_moment_failed_before_they_were_due():
    october = date(2026, 10, 1)
    assert result(STATED, since=october, statements=stated(EARLY)) is Result.PASS
    tomorrow = verdict(STATED, since=october, statements=stated(NOW + timedelta(days=1)))
    assert tomorrow.lines[0].margin == "5 days left"
    assert verdict(STATED, since=october, statements=stated(None, 0, 0)).lines[0].margin == "5 days left"
    overdue = datetime(2026, 12, 5, tzinfo=UTC)
    assert verdict(STATED, None, overdue, since=october, statements=stated(None)).result is Result.FAIL
    assert result(STATED, since=october, statements=stated(EARLY, -1, 0)) is Result.PASS  # five days left, no more
    assert verdict(STATED, None, overdue, since=october, statements=stated(EARLY, -1, 0)).result is Result.FAIL


def test_a_control_tested_next_year_was_fresh_until_then():
    tested = rule(Primitive.CONTROLS, {"records": "controls"}, {"required": ("x",), "tested": Clock(1, Unit.YEARS)})

    def at(day):
        row = {"name": "x", "in_place": True, "tested_on": day, "reference": None}
        return result(tested, controls=(row,))

    assert at(date(2027, 11, 1)) is Result.FAIL and at(None) is Result.FAIL
    assert at(date(2025, 11, 25)) is Result.PASS and at(date(2025, 11, 24)) is Result.FAIL


def test_open_alerts_of_no_known_age_were_young():
    hour = Clock(24, Unit.HOURS)
    run = rule(Primitive.SURVEILLANCE, {"records": "detectors"}, {"required": ("W",), "every": hour, "decide": hour})

    def at(count, oldest):
        row = {
            "detector": "W", "ran_at": NOW, "complete": True, "alerts": Fraction(9), "open": Fraction(count),
            "oldest_open": oldest,
        }  # fmt: skip
        return result(run, detectors=(row,))

    assert at(0, None) is Result.PASS and at(1, NOW) is Result.PASS and at(1, None) is Result.FAIL


# Breaches and their clocks.


def test_one_missed_hour_gave_a_breach_a_new_deadline():
    clocks = {"tell the regulator": Clock(24, Unit.HOURS)}
    judged = rule(Primitive.COVERAGE, {"held": "held", "owed": "owed"}, clocks=clocks)
    short = {"held": {"BTC": Fraction(1)}, "owed": {"BTC": Fraction(2)}}
    hours = [NOW + timedelta(hours=each) for each in range(4)]
    first = verdict(judged, None, hours[0], **short)
    missed = verdict(judged, first, hours[1], held=short["held"])
    again = verdict(judged, missed, hours[2], **short)
    assert missed.result is Result.INSUFFICIENT and missed.deadlines == first.deadlines
    assert again.since == first.since and again.deadlines == first.deadlines
    mended = verdict(judged, again, hours[3], held={"BTC": Fraction(2)}, owed={"BTC": Fraction(2)})
    assert mended.since is None and not mended.deadlines
    assert verdict(judged, mended, hours[3], held=short["held"]).since is None


def test_a_day_too_late_in_new_york_was_in_time():
    clock = Clock(1, Unit.CALENDAR_DAYS, "US")
    judged = rule(Primitive.COMPLETENESS, {"records": "records"}, {"due": clock}, must=(Condition("id", "present"),))
    view = View(judged, {}, NOW)

    def in_time(left, since):
        row = {"left": left, "since": since}
        return [holds(Condition("left", word, "@due", "since"), row, view) for word in ("within", "in time")]

    noon = datetime(2026, 3, 2, 17, tzinfo=UTC)
    assert in_time(date(2026, 3, 3), noon) == [True, True]
    assert in_time(date(2026, 3, 4), noon) == [False, False]
    assert in_time(date(2026, 3, 3), date(2026, 3, 2)) == [True, True]
    assert in_time(date(2026, 3, 4), date(2026, 3, 2)) == [False, False]
    # A moment: until the end of the day in New York, which is five hours after that of London.
    assert in_time(datetime(2026, 3, 4, 4, 59, 59, 999999, tzinfo=UTC), date(2026, 3, 2)) == [True, True]
    assert in_time(datetime(2026, 3, 4, 5, tzinfo=UTC), date(2026, 3, 2)) == [False, False]


def test_a_month_from_the_first_ended_in_the_month_before():
    clock = Clock(1, Unit.MONTHS, "US")
    judged = rule(Primitive.COMPLETENESS, {"records": "records"}, {"due": clock}, must=(Condition("id", "present"),))
    view = View(judged, {}, NOW)
    row = {"left": date(2026, 4, 1), "since": date(2026, 3, 1)}
    assert holds(Condition("left", "within", "@due", "since"), row, view)
    assert not holds(Condition("left", "within", "@due", "since"), {**row, "left": date(2026, 4, 2)}, view)


# Figures below nothing.


def test_a_pledge_of_less_than_nothing_filled_a_hole():
    judged = rule(Primitive.COVERAGE, {"held": "held", "owed": "owed", "encumbrances?": "encumbrances"})
    row = {"asset": "BTC", "units": Fraction(-5), "consent": None, "licence": None, "in_wallets": True}
    units = {"held": {"BTC": Fraction(5)}, "owed": {"BTC": Fraction(10)}}
    assert result(judged, encumbrances=(row,), **units) is Result.FAIL


def test_less_than_nothing_owed_was_covered():
    judged = rule(Primitive.COVERAGE, {"held": "held", "owed": "owed"})
    assert result(judged, held={}, owed={"BTC": Fraction(-1)}) is Result.INSUFFICIENT
    assert result(judged, held={}, owed={"BTC": Fraction(-1), "ETH": Fraction(1)}) is Result.FAIL


def test_a_part_below_nothing_was_within_its_share():
    judged = rule(Primitive.SHARE, {"part": "part", "whole": "whole"}, {"limit": Fraction(1, 10)})
    assert result(judged, part=Fraction(-1), whole=Fraction(10)) is Result.INSUFFICIENT
    floor = replace(judged, parameters={**judged.parameters, "comparator": Parameter(Comparator.AT_LEAST)})
    assert result(floor, part=Fraction(-1), whole=Fraction(-20)) is Result.INSUFFICIENT
    assert result(judged, part=Fraction(0), whole=Fraction(0)) is Result.PASS


def test_overheads_below_nothing_lowered_the_floor():
    judged = rule(
        Primitive.FLOOR, {"measured": "capital", "base": "base"}, {"formula": "multiple", "factor": Fraction(6, 5)}
    )
    assert result(judged, capital=Fraction(0), base=Fraction(-1)) is Result.INSUFFICIENT
    assert result(judged, capital=Fraction(-1), base=Fraction(0)) is Result.FAIL
    assert result(judged, capital=Fraction(0), base=Fraction(0)) is Result.PASS


def test_a_record_whose_limit_nobody_knows_was_left_out():
    judged = rule(
        Primitive.COMPLETENESS,
        {"records": "records"},
        must=(Condition("done", "present"),),
        where=(Condition("value", ">", ".limit"),),
    )
    row = {"id": "1", "value": Fraction(5), "limit": None, "done": None}
    assert result(judged, records=(row,)) is Result.INSUFFICIENT
    assert result(judged, records=({**row, "limit": Fraction(5)},)) is Result.PASS
    assert result(judged, records=({**row, "limit": Fraction(4)},)) is Result.FAIL


# Words.


@pytest.mark.parametrize("name", ["eu.licences", "eu.services", "eu.activities", "vara.activities"])
def test_a_licence_with_a_slip_of_the_pen_made_every_rule_not_applicable(name):
    with pytest.raises(ValueError, match="choose from"):
        read_value(catalogue()[name], ["Mica"])
    assert read_value(catalogue()[name], list(catalogue()[name].choices)) == frozenset(catalogue()[name].choices)


def test_every_word_that_decides_whether_a_rule_applies_is_one_that_can_be_stated():
    for regime in REGIMES:
        for judged in rule_set(regime).rules:
            for condition in judged.applies:
                stated = catalogue()[condition.left]
                if condition.operator == "contains":
                    assert condition.right in stated.choices, f"{judged.id}: {condition}"


# The table of coverage and the verdict on it.


def test_pledged_units_were_covered_in_the_table_and_not_by_the_rule():
    data = sample_vara.sample()
    pledge = {
        "id": "p", "asset": "ETH", "units": Fraction(50), "consent": None, "licence": None, "in_wallets": True,
    }  # fmt: skip
    facts = data.facts.with_facts(Fact("encumbrances", (pledge,), data.facts.as_of, Assurance.CLAIMED))
    point = data.coverage[-1]._replace(
        hour=data.facts.as_of, owed=facts.find("claims").value, held=facts.find("reserves.client").value
    )
    pledged = replace(
        data, facts=facts, coverage=(point,), verdicts=tuple(evaluate(data.rules, facts, zone="AE"))
    )  # fmt: skip

    def answers(given):
        return {row[0]: row[5] for row in coverage_blocks(given, TEXTS)[0].table.rows}

    assert point.held["ETH"] >= point.owed["ETH"]
    assert answers(replace(data, coverage=(point,)))["ETH"] == "pass" and answers(pledged)["ETH"] == "fail"
