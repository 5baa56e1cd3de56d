"""The core of the room: predicates, evaluation, conditions, calendars and values, each at its boundary."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.calendars import Clock, Unit, add_months, calendar, parse_clock, quarter_end
from compliance.catalogue import SHARED, by_name
from compliance.evaluate import evaluate, evaluate_rule
from compliance.facts import Assurance, Fact, Facts, decimal_text, value_json, value_of_json
from compliance.rules import Condition, Parameter, Primitive, Rule, RuleSet, Scope, Status
from compliance.verdicts import Result, figure

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KINDS = by_name(SHARED)


def facts(**values):
    names = {name.replace("__", "."): value for name, value in values.items()}
    return Facts("main", NOW, KINDS, [Fact(name, value, NOW, Assurance.CLAIMED) for name, value in names.items()])


def rule(primitive, inputs, **more):
    base = {
        "id": "T-1", "regime": "test", "title": "a rule", "requirement": "something holds", "citation": "article 1",
        "version": "1", "effective_from": date(2020, 1, 1), "status": Status.VERIFIED, "source": "test",
    }  # fmt: skip
    return Rule(primitive=primitive, inputs=inputs, **{**base, **more})


COVERAGE = rule(Primitive.COVERAGE, {"held": "reserves.client", "owed": "claims", "encumbrances?": "encumbrances"})


def one(units: str) -> dict[str, Fraction]:
    return {"BTC": Fraction(units), "ETH": Fraction(50)}


@pytest.mark.parametrize(("held", "result"), [("99.99999999", "fail"), ("100", "pass"), ("100.00000001", "pass")])
def test_coverage_is_judged_in_units_of_each_asset(held, result):
    verdict = evaluate_rule(
        COVERAGE, facts(reserves__client=one(held), claims={"BTC": Fraction(100), "ETH": Fraction(1)})
    )
    assert verdict.result.value == result
    if result == "fail":
        assert verdict.lines[0].margin == "-0.00000001 BTC"


def test_an_asset_that_is_owed_and_not_held_at_all_fails():
    verdict = evaluate_rule(COVERAGE, facts(reserves__client={}, claims={"BTC": Fraction(1)}))
    assert verdict.result is Result.FAIL


def lent(consent, licence, in_wallets):
    return (
        {
            "id": "1",
            "asset": "BTC",
            "units": Fraction(10),
            "consent": consent,
            "licence": licence,
            "in_wallets": in_wallets,
        },
    )


@pytest.mark.parametrize(
    ("rows", "held", "result"),
    [
        (lent("c", "l", True), "100", "pass"),
        (lent(None, "l", True), "100", "fail"),
        (lent("c", None, True), "109", "fail"),
        (lent(None, None, True), "110", "pass"),
        (lent("c", "l", False), "90", "pass"),
        (lent("c", None, False), "90", "fail"),
    ],
)
def test_lent_out_units_need_consent_and_licence(rows, held, result):
    given_facts = facts(reserves__client=one(held), claims={"BTC": Fraction(100)}, encumbrances=rows)
    assert evaluate_rule(COVERAGE, given_facts).result.value == result


def test_what_could_not_be_read_is_no_shortfall_and_no_pass():
    unread = rule(Primitive.COVERAGE, {"held": "reserves.client", "owed": "claims", "unread?": "reserves.unread"})
    verdict = evaluate_rule(
        unread, facts(reserves__client={}, claims={"BTC": Fraction(1)}, reserves__unread=frozenset({"BTC"}))
    )
    assert verdict.result is Result.INSUFFICIENT and verdict.missing


def test_missing_facts_are_all_named_and_never_a_pass():
    verdict = evaluate_rule(COVERAGE, facts())
    assert verdict.result is Result.INSUFFICIENT and verdict.missing == ("reserves.client", "claims")


def test_a_rule_that_does_not_apply_says_when_it_would():
    narrow = rule(Primitive.COVERAGE, COVERAGE.inputs, applies=(Condition("licences.us.states", "contains", "US-NY"),))
    verdict = evaluate_rule(narrow, facts(licences__us__states=frozenset({"US-WA"})))
    assert verdict.result is Result.NOT_APPLICABLE and "US-NY" in verdict.note
    assert evaluate_rule(narrow, facts()).missing == ("licences.us.states", "reserves.client", "claims")


def test_a_rule_by_state_has_a_verdict_for_each_state():
    by_state = rule(Primitive.COVERAGE, {"held": "reserves.client", "owed": "claims.state"}, scope=Scope.STATE)
    given_facts = Facts(
        "main",
        NOW,
        KINDS,
        [
            Fact("licences.us.states", frozenset({"US-WA", "US-NY"}), NOW, Assurance.CLAIMED),
            Fact("reserves.client", {"BTC": Fraction(5)}, NOW, Assurance.PROVEN),
            Fact("claims.state", {"BTC": Fraction(6)}, NOW, Assurance.PROVEN, scope="US-NY"),
        ],
    )
    found = {each.scope: each.result for each in evaluate(RuleSet("test", "t", "1", (by_state,)), given_facts)}
    assert found == {"US-NY": Result.FAIL, "US-WA": Result.INSUFFICIENT}


SHARE = rule(
    Primitive.SHARE,
    {"part": "finance.intangibles", "whole": "finance.total_assets"},
    parameters={"limit": Parameter(Fraction(5, 100), "JPY")},
)


@pytest.mark.parametrize(
    ("part", "result", "margin"),
    [(500_000_001, "fail", "-1 JPY"), (500_000_000, "pass", "0 JPY"), (499_999_999, "pass", "1 JPY")],
)
def test_share_of_a_whole(part, result, margin):
    verdict = evaluate_rule(SHARE, facts(finance__intangibles=Fraction(part), finance__total_assets=Fraction(10**10)))
    assert (verdict.result.value, verdict.margin) == (result, margin)
    assert bool(verdict.warning) == (result == "pass")


def test_the_clock_of_a_breach_runs_from_its_beginning():
    clocked = rule(
        Primitive.SHARE, SHARE.inputs, parameters=SHARE.parameters, clocks={"cure": Clock(2, Unit.BUSINESS_DAYS, "JP")}
    )
    bad = facts(finance__intangibles=Fraction(6), finance__total_assets=Fraction(100))
    first = evaluate_rule(clocked, bad)
    later = Facts("main", NOW + timedelta(days=1), KINDS, list(bad))
    second = evaluate_rule(clocked, later, before=first)
    assert first.since == second.since == NOW
    assert first.deadlines == second.deadlines
    # Wednesday 25 November 2026, 21:00 in Tokyo: two business days later is Friday the 27th, to its end there.
    assert first.deadlines[0].due == datetime(2026, 11, 27, 14, 59, 59, 999_999, tzinfo=UTC)
    good = evaluate_rule(
        clocked, facts(finance__intangibles=Fraction(1), finance__total_assets=Fraction(100)), before=second
    )
    assert good.since is None and not good.deadlines


AGE = rule(Primitive.AGE, {"last": "business.since"}, parameters={"most": Parameter(Clock(6, Unit.MONTHS))})


@pytest.mark.parametrize(
    ("day", "result"), [(date(2026, 5, 24), "fail"), (date(2026, 5, 25), "pass"), (date(2026, 5, 26), "pass")]
)
def test_age_of_the_last(day, result):
    assert evaluate_rule(AGE, facts(business__since=day)).result.value == result


DAILY = rule(
    Primitive.AGE,
    {"days": "reconciliations", "since": "business.since"},
    parameters={"calendar": Parameter("AE"), "window": Parameter(Fraction(5))},
    must=(Condition("unexplained", "is", "0"),),
)


def reconciled(*days, unexplained=0):
    return tuple(
        {
            "day": day,
            "kind": "assets",
            "differences": Fraction(0),
            "unexplained": Fraction(unexplained),
            "prepared_by": None,
            "approved_by": None,
        }
        for day in days
    )


def test_each_business_day_has_its_record():
    # 20 to 24 November 2026 is Friday to Tuesday; the weekend in Dubai is Saturday and Sunday.
    days = [date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 24)]
    start = date(2026, 1, 1)
    assert evaluate_rule(DAILY, facts(reconciliations=reconciled(*days), business__since=start)).result is Result.PASS
    short = facts(reconciliations=reconciled(*days[1:]), business__since=start)
    assert evaluate_rule(DAILY, short).result is Result.FAIL
    odd = facts(reconciliations=reconciled(*days, unexplained=1), business__since=start)
    assert evaluate_rule(DAILY, odd).result is Result.FAIL
    young = facts(reconciliations=reconciled(days[2]), business__since=days[2])
    assert evaluate_rule(DAILY, young).result is Result.PASS


@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        ("JP", date(2026, 11, 23), False),  # Labour Thanksgiving Day
        ("US", date(2026, 11, 26), False),  # Thanksgiving
        ("TARGET", date(2026, 12, 25), False),
        ("TARGET", date(2026, 12, 24), True),
        ("AE", date(2026, 12, 2), False),  # National Day
        ("AE", date(2021, 11, 26), False),  # a Friday, while the weekend was Friday and Saturday
        ("AE", date(2022, 11, 25), True),  # a Friday after it moved
        ("US-MA", date(2026, 4, 20), False),  # Patriots' Day
        ("US", date(2026, 4, 20), True),
    ],
)
def test_business_days(name, day, expected):
    assert calendar(name).is_business_day(day) is expected


def test_months_end_where_the_month_does():
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2023, 12, 31), 2) == date(2024, 2, 29)
    assert quarter_end(date(2026, 11, 25)) == date(2026, 12, 31)


@given(st.integers(0, 40), st.sampled_from(Unit), st.sampled_from(["ALL", "JP", "US-NY", "TARGET"]))
def test_a_clock_reads_its_own_text(count, unit, name):
    clock = Clock(count, unit, name)
    assert parse_clock(str(clock)) == clock


@given(st.dates(date(2023, 1, 1), date(2027, 1, 1)), st.integers(0, 30), st.sampled_from(["AE", "JP", "US", "TARGET"]))
def test_business_days_are_counted_one_by_one(day, count, name):
    days = calendar(name)
    end = days.add_business_days(day, count)
    assert days.is_business_day(end)
    between = days.business_days(day + timedelta(days=1), end)
    assert len(between) == count or (count == 0 and end >= day)


@given(
    st.one_of(
        st.fractions(),
        st.text(min_size=1),
        st.booleans(),
        st.dates(),
        st.datetimes(timezones=st.just(UTC)),
        st.frozensets(st.text()),
        st.dictionaries(st.text(min_size=1), st.fractions(), min_size=1),
        st.lists(st.dictionaries(st.sampled_from(["a", "b"]), st.one_of(st.none(), st.dates(), st.text()))).map(tuple),
    )
)
def test_values_come_back_from_their_json(value):
    assert value_of_json(value_json(value)) == value


@given(st.fractions())
def test_decimal_text_is_exact(number):
    assert Fraction(decimal_text(number)) == number


def test_rule_versions_do_not_overlap():
    first = rule(Primitive.SHARE, SHARE.inputs, parameters=SHARE.parameters, effective_to=date(2026, 11, 24))
    second = rule(
        Primitive.SHARE,
        SHARE.inputs,
        parameters={"limit": Parameter(Fraction(1, 2))},
        effective_from=date(2026, 11, 25),
    )
    rules = RuleSet("test", "t", "1", (first, second))
    assert rules.find("T-1", date(2026, 11, 24)) is first and rules.find("T-1", date(2026, 11, 25)) is second
    with pytest.raises(AssertionError, match="versions in force"):
        RuleSet("test", "t", "1", (first, rule(Primitive.SHARE, SHARE.inputs, effective_from=date(2026, 11, 24))))
    assert rules.hash() != RuleSet("test", "t", "1", (second,)).hash()


def test_a_rule_sets_hash_covers_roles_that_may_be_missing_and_clocks_in_words():
    whole = rule(Primitive.COVERAGE, COVERAGE.inputs, clocks={"tell the regulator": Clock(1, Unit.HOURS)})
    without = rule(Primitive.COVERAGE, COVERAGE.inputs)
    assert RuleSet("test", "t", "1", (whole,)).hash() != RuleSet("test", "t", "1", (without,)).hash()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(1, 3), "0.33333333…"),
        (Fraction(-200, 3), "-66.66666666…"),
        (Fraction(1, 8), "0.125"),
        (Fraction(7), "7"),
    ],
)
def test_a_figure_is_exact_or_says_that_it_is_cut_off(number, text):
    assert figure(number) == text and figure(number, "JPY") == f"{text} JPY"
