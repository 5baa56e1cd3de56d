"""Things not yet done, too few records, limits that a firm sets for itself, and what was found broken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.calendars import Clock, Unit
from compliance.catalogue import SHARED, by_name
from compliance.evaluate import evaluate_rule
from compliance.facts import Assurance, Fact, Facts
from compliance.formulas import FORMULAS
from compliance.primitives.view import View, described, due_of, holds
from compliance.rules import Condition, Parameter, Primitive, Rule, RuleSet, Status
from compliance.verdicts import Result

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KINDS = by_name(SHARED)


def facts(**values):
    named = {name.replace("__", "."): value for name, value in values.items()}
    return Facts("main", NOW, KINDS, [Fact(name, value, NOW, Assurance.CLAIMED) for name, value in named.items()])


def rule(primitive, inputs, **more):
    return Rule(
        "T-1", "test", "a rule", "something holds", "article 1", "1", date(2020, 1, 1), Status.VERIFIED, primitive,
        inputs, "test", **more,
    )  # fmt: skip


FILED = rule(
    Primitive.COMPLETENESS,
    {"records": "cases"},
    must=(Condition("filed", "in time", "@due", "detected"),),
    parameters={"due": Parameter(Clock(2, Unit.HOURS))},
)


def case(detected, filed):
    return {"id": "1", "kind": "a", "detected": detected, "filed": filed, "amount_usd": None, "state": "open"}


@given(st.integers(-9, 9), st.one_of(st.none(), st.integers(-9, 9)))
def test_in_time_is_within_or_still_running(begun, done):
    """The plain twin: what is not done is judged as though it were done now."""
    detected, filed = NOW + timedelta(hours=begun), None if done is None else NOW + timedelta(hours=done)
    verdict = evaluate_rule(FILED, facts(cases=(case(detected, filed),)))
    assert (verdict.result is Result.PASS) == ((0 if done is None else done) <= begun + 2)


@pytest.mark.parametrize(("count", "result"), [(0, "insufficient data"), (1, "pass"), (2, "pass")])
def test_fewer_records_than_the_least_lack_data(count, result):
    least = rule(
        Primitive.COMPLETENESS,
        {"records": "cases"},
        must=(Condition("kind", "is", "a"),),
        parameters={"least": Parameter(F(1))},
    )
    verdict = evaluate_rule(least, facts(cases=tuple(case(NOW, None) for _ in range(count))))
    assert verdict.result.value == result and (not verdict.missing or verdict.missing[0].startswith("cases"))


OTR = rule(
    Primitive.LEVERAGE,
    {"records": "order_to_trade", "limit": "finance.intangibles"},
    parameters={"exposure": Parameter("orders"), "base": Parameter("trades"), "offset": Parameter(F(1))},
)


@pytest.mark.parametrize(("orders", "result"), [(59, Result.PASS), (60, Result.PASS), (61, Result.FAIL)])
def test_a_limit_can_be_the_firms_own_fact(orders, result):
    row = {
        "id": "m",
        "member": "m",
        "market": "B",
        "orders": F(orders),
        "trades": F(10),
        "ordered": F(1),
        "traded": F(1),
    }
    assert evaluate_rule(OTR, facts(order_to_trade=(row,), finance__intangibles=F(5))).result is result
    assert evaluate_rule(OTR, facts(order_to_trade=(row,))).missing == ("finance.intangibles",)


@pytest.mark.parametrize(("whole", "result"), [(True, Result.PASS), (False, Result.FAIL), (None, Result.INSUFFICIENT)])
def test_what_was_verified_lately_was_also_found_whole(whole, result):
    verified = rule(
        Primitive.AGE,
        {"last": "archive.verified", "whole": "log.whole"},
        parameters={"most": Parameter(Clock(1, Unit.CALENDAR_DAYS))},
    )
    known = {} if whole is None else {"log__whole": whole}
    assert evaluate_rule(verified, facts(archive__verified=NOW, **known)).result is result


def test_a_set_with_optional_roles_and_spelled_out_clocks_has_a_hash():
    clocked = rule(
        Primitive.COVERAGE,
        {"held": "reserves.client", "owed": "claims", "unread?": "reserves.unread"},
        clocks={"tell the authority, in writing": Clock(4, Unit.HOURS)},
    )
    other = rule(Primitive.COVERAGE, {"held": "reserves.client", "owed": "claims"}, clocks=clocked.clocks)
    assert RuleSet("test", "t", "1", (clocked,)).hash() != RuleSet("test", "t", "1", (other,)).hash()


@given(
    st.dictionaries(st.sampled_from("ABC"), st.integers(0, 10**9).map(F)), st.integers(0, 10**6), st.integers(0, 10**7)
)
def test_k_factors_are_the_highest_of_three(averages, other, overheads):
    parameters = {
        "classes": (("x", F(75_000)),),
        "share": F(1, 4),
        "factors": (("A", F(1, 1000)), ("B", F(4, 1000)), ("C", F(1, 10_000))),
    }
    inputs = {"class": "x", "overheads": F(overheads), "averages": averages, "other": F(other)}
    total = sum((dict(parameters["factors"])[name] * value for name, value in averages.items()), F(other))
    assert FORMULAS["k-factors"](parameters, inputs).amount == max(F(75_000), F(overheads, 4), total)


# Days on a clock's own calendar, long lists, and formulas that lack or measure.


def test_a_day_is_counted_on_the_clocks_own_calendar():
    """1 September and two days end with 3 September in New York, though UTC's 1 September begins there on 31 August."""
    condition = Condition("done", "in time", "@due", "day")
    counted = rule(Primitive.COMPLETENESS, {"records": "cases"}, parameters={
        "due": Parameter(Clock(2, Unit.CALENDAR_DAYS, "US")), "hours": Parameter(Clock(2, Unit.HOURS))})  # fmt: skip
    view, last = View(counted, {}, NOW), datetime(2026, 9, 4, 3, 59, 59, 999_999, tzinfo=UTC)
    for done, is_in_time in ((last, True), (last + timedelta(microseconds=1), False)):
        row = {"day": date(2026, 9, 1), "done": done}
        assert holds(condition, row, view) is is_in_time
        assert holds(Condition("done", "within", "@due", "day"), row, view) is is_in_time
    assert due_of(Clock(2, Unit.HOURS), date(2026, 9, 1)) == datetime(2026, 9, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(("count", "words"), [(16, "t15"), (17, "t7 and 9 more")])
def test_a_very_long_list_is_said_in_short(count, words):
    names = tuple(f"t{number}" for number in range(count))
    listed = rule(Primitive.COMPLETENESS, {"records": "cases"}, parameters={"names": Parameter(names)})
    assert described(Condition("kind", "in", "@names"), View(listed, {}, NOW)).endswith(words)


def test_a_floor_may_measure_by_a_formula_and_lack_what_a_formula_lacks():
    parameters = {
        "formula": Parameter("constant"), "measure": Parameter("obligations"), "unit": Parameter("USD"),
        "floor": Parameter(F(10)),
    }  # fmt: skip
    floor = rule(Primitive.FLOOR, {"owed": "client_money.owed"}, parameters=parameters)
    for owed, result in ((F(9), Result.FAIL), (F(10), Result.PASS), (F(11), Result.PASS)):
        verdict = evaluate_rule(floor, facts(client_money__owed={"USD": owed}))
        assert verdict.result is result and verdict.measured == f"{owed} USD"
    lacking = evaluate_rule(floor, facts(client_money__owed={"JPY": F(1)}))
    assert lacking.result is Result.INSUFFICIENT and lacking.missing == ("a rate of JPY in USD",)
