"""Japan's numbers at their edges: hand-worked vectors, and under, exact, over for every threshold; versions, clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.evaluate import evaluate, evaluate_rule
from compliance.regimes.jfsa import RULES
from compliance.regimes.jfsa.facts import FACTS
from compliance.regimes.jfsa.rules_books import KEPT_YEARS
from compliance.regimes.jfsa.watch import liability_reserve
from compliance.rules import Clock, Comparator, Parameter
from compliance.verdicts import Result
from tests.compliance.regimes.sample_jfsa import (
    AS_OF,
    CASE,
    GOOD,
    POSITION,
    SHORT_CRYPTO,
    SHORT_MONEY,
    TRADE,
    TRANSFER,
    amount,
    at,
    firm,
    rows,
)  # fmt: skip

SECOND = timedelta(seconds=1)
QUANTUM = Fraction(1, 10**8)


def judged(rule_id, changes=None, as_of=AS_OF):
    rule = RULES.find(rule_id, as_of.date())
    assert rule is not None
    return evaluate_rule(rule, firm(changes, as_of))


def result(rule_id, changes=None, as_of=AS_OF):
    return judged(rule_id, changes, as_of).result.value


# Hand-worked vectors of the reference.


def test_vector_five_per_cent_and_one_yen():
    whole = {"values.client": {"JPY": amount(10_000_000_000)}}
    for hot, expected in ((499_999_999, "pass"), (500_000_000, "pass"), (500_000_001, "fail")):
        assert result("JP-COLD-01", {**whole, "values.client.hot": {"JPY": amount(hot)}}) == expected
    verdict = judged("JP-COLD-01", {**whole, "values.client.hot": {"JPY": amount(500_000_001)}})
    assert verdict.margin == "-1 JPY" and verdict.deadlines == ()


def test_vector_a_guarantee_mixed_with_other_own_crypto_fails():
    held = {"reserves.client.hot": {"BTC": amount("12.5")}, "reserves.guarantee": {"BTC": amount("12.5")}}
    assert result("JP-GUAR-01", held) == "pass"
    mixed = rows("wallets.mixed", {"address": "bc1qshared", "reason": "guarantee and own"})
    verdict = judged("JP-GUAR-01", {**held, "wallets.mixed": mixed})
    assert verdict.result is Result.FAIL and verdict.lines[0].key == "bc1qshared"


def test_vector_an_individual_needs_half():
    for deposit, expected in ((499_999, "fail"), (500_000, "pass"), (500_001, "pass")):
        assert result(
            "JP-MARG-01", {"jfsa.margin.trades": rows("jfsa.margin.trades", {**TRADE, "deposit": deposit})}
        ) == (expected)


# Under, exact, over.


def trade(**changes):
    return lambda number: {
        "jfsa.margin.trades": ({**rows("jfsa.margin.trades", TRADE)[0], **changes, "deposit": number},)
    }


def position(person, ratio=None):
    base = rows("jfsa.derivatives", POSITION)[0]
    return lambda number: {"jfsa.derivatives": ({**base, "person": person, "risk_ratio": ratio, "margin": number},)}


FLOORS = [
    ("JP-CM-01", 100, lambda number: {"jfsa.trust.balance": {"JPY": number},
    "client_money.owed": {"JPY": amount(100)}}),
    ("JP-SEG-02", 100, lambda number: {"reserves.client": {"BTC": number}, "claims": {"BTC": amount(100)}}),
    (
        "JP-GUAR-01", 4,
        lambda number: {"reserves.guarantee": {"BTC": number}, "reserves.client.hot": {"BTC": amount(4)}},
    ),
    ("JP-CAP-01", 10_000_000, lambda number: {"jfsa.capital": number}),
    ("JP-CAP-01b", 8_000_000_000, lambda number: {"finance.total_assets": number}),
    ("JP-MARG-01", 500_000, trade()),
    ("JP-MARG-02", 400_000, trade(person="corporate", risk_ratio=amount("0.4"))),
    ("JP-MARG-02b", 500_000, trade(person="corporate")),
    ("JP-DER-01", 1_000_000, position("individual")),
    ("JP-DER-01b", 800_000, position("corporate", amount("0.4"))),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "exact", "change"), FLOORS, ids=lambda value: value if isinstance(value, str) else "")
def test_floors(rule, exact, change):
    for number, expected in ((exact - QUANTUM, "fail"), (Fraction(exact), "pass"), (exact + QUANTUM, "pass")):
        assert result(rule, change(number)) == expected, number


def test_each_user_is_in_the_sum_exactly():
    for total, expected in ((100 - QUANTUM, "fail"), (Fraction(100), "pass"), (100 + QUANTUM, "fail")):
        books = tuple({**row, "users_total": total} for row in GOOD["jfsa.books.crypto"])
        assert result("JP-SEG-01b", {"jfsa.books.crypto": books}) == expected


@pytest.mark.parametrize(("name", "years"), [*KEPT_YEARS, ("kyc", Fraction(7))], ids=str)
def test_retention_of_each_book(name, years):
    rule = "JP-AML-01b" if name == "kyc" else "JP-BK-02"
    for kept, expected in ((years - QUANTUM, "fail"), (years, "pass"), (years + QUANTUM, "pass"), (None, "pass")):
        found = tuple({**row, "keeps_years": kept} if row["class"] == name else row for row in GOOD["retention"])
        assert result(rule, {"retention": found}) == expected, kept


def edge(fact, row, field, limit):
    """A record done a second before, at, and a second after its limit."""
    return [
        ({fact: rows(fact, {**row, field: moment})}, expected)
        for moment, expected in ((limit - SECOND, "pass"), (limit, "pass"), (limit + SECOND, "fail"))
    ]


def end_in_japan(month, day):
    """The last microsecond of a day of 2026 there."""
    return datetime(2026, month, day, 14, 59, 59, 999_999, tzinfo=UTC)


# Saturday to Wednesday, 19 to 23 September 2026: a weekend, Respect for the Aged Day, a day between two holidays, and
# the equinox. Friday 18 September plus two business days is Friday the 25th, plus five Wednesday the 30th.
FRIDAY = at(9, 18, 3)
IN_TIME = [
    ("JP-CM-02", edge("jfsa.shortfalls", {**SHORT_MONEY, "found": FRIDAY}, "cured", end_in_japan(9, 25))),
    ("JP-SEG-03", edge("jfsa.shortfalls", {**SHORT_CRYPTO, "found": FRIDAY}, "cured", end_in_japan(9, 30))),
    ("JP-AML-01", edge("cases", {**CASE, "detected": FRIDAY}, "filed", end_in_japan(9, 30))),
    (
        "JP-MARG-03",
        edge("jfsa.loss_cuts", {"id": "1", "triggered": at(9, 8, 3), "agreed": True}, "liquidated", at(9, 8, 4)),
    ),
]


@pytest.mark.parametrize(("rule", "cases"), IN_TIME, ids=lambda value: value if isinstance(value, str) else "")
def test_clocks_at_their_last_moment(rule, cases):
    for changes, expected in cases:
        assert result(rule, changes) == expected


def test_a_breach_sets_the_clock_on_japans_calendar():
    short = {"jfsa.trust.balance": {"JPY": amount(0)}}
    verdict = judged("JP-CM-01", short, FRIDAY)
    assert [(each.what, each.due) for each in verdict.deadlines] == [
        ("make the trust good (JP-CM-02)", end_in_japan(9, 25))
    ]
    verdict = judged("JP-SEG-02", {"reserves.client": {}}, FRIDAY)
    assert [each.due for each in verdict.deadlines] == [end_in_japan(9, 30)]
    # Thursday the 24th ends there at 15:00 UTC.
    thursday = datetime(2026, 9, 24, 14, 59, tzinfo=UTC)
    for moment, day in ((thursday, 28), (thursday + timedelta(minutes=1), 29)):
        assert judged("JP-CM-01", short, moment).deadlines[0].due == end_in_japan(9, day)


@pytest.mark.parametrize("rule", ["JP-AUD-01", "JP-AUD-02"])
def test_audits_are_at_most_a_year_old(rule):
    fact = "jfsa.audit.segregation.last" if rule == "JP-AUD-01" else "jfsa.audit.guarantee.last"
    for last, expected in ((date(2025, 9, 29), "fail"), (date(2025, 9, 30), "pass"), (date(2025, 10, 1), "pass")):
        assert result(rule, {fact: last}) == expected
    for last, warned in ((date(2025, 11, 28), True), (date(2025, 11, 29), False)):
        assert bool(judged(rule, {fact: last}).warning) is warned


FILINGS = [
    ("JP-RP-Q", "jfsa.filings.quarterly", date(2026, 6, 30), datetime(2026, 7, 31)),
    ("JP-RP-Qc", "jfsa.filings.accounts", date(2026, 6, 30), datetime(2026, 8, 31)),
    ("JP-RP-M", "jfsa.filings.jvcea", date(2026, 8, 31), datetime(2026, 9, 30)),
    ("JP-RP-A", "jfsa.filings.annual", date(2026, 3, 31), datetime(2026, 6, 30)),
]


@pytest.mark.parametrize(
    ("rule", "fact", "end", "day"), FILINGS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_reports_at_the_last_moment_of_their_day(rule, fact, end, day):
    limit = end_in_japan(day.month, day.day)
    later = datetime(2026, 10, 2, tzinfo=UTC)
    for moment, expected in ((limit - SECOND, "pass"), (limit, "pass"), (limit + SECOND, "fail"), (None, "fail")):
        row = rows("jfsa.filings.annual", {"period_end": end, "filed_at": moment})[0]
        whole = {**(GOOD[fact][0] if GOOD[fact] else {}), **row}
        found = judged(rule, {fact: (whole,), "business.since": date(2025, 7, 1)}, later)
        assert [line.result.value for line in found.lines if line.key == end.isoformat()] == [expected]


def test_quarters_are_those_of_the_business_year():
    since = {"business.since": date(2026, 1, 1), "jfsa.filings.quarterly": ()}
    for month, ends in (
        (4, ["2026-03-31", "2026-06-30"]), (1, ["2026-03-31", "2026-06-30"]),
        (2, ["2026-01-31", "2026-04-30", "2026-07-31"]),
        (12, ["2026-02-28", "2026-05-31", "2026-08-31"]),
    ):  # fmt: skip
        found = judged("JP-RP-Q", {**since, "jfsa.year.first_month": str(month)})
        assert sorted(line.key for line in found.lines) == ends


def test_business_years_end_where_the_firm_says():
    since = {"business.since": date(2025, 1, 1), "jfsa.filings.annual": ()}
    for month, end in ((4, "2026-03-31"), (1, "2025-12-31"), (7, "2026-06-30")):
        found = judged("JP-RP-A", {**since, "jfsa.year.first_month": str(month)})
        assert max(line.key for line in found.lines) == end


def test_a_term_counts_from_the_day_after():
    # One month from 1 October ends on the 31st; from 1 January to the end of February it is two.
    december = datetime(2026, 12, 31, 12, tzinfo=UTC)
    found = judged("JP-RP-Q", {"jfsa.filings.quarterly": ()}, december)
    assert {line.key: line.required for line in found.lines}["2026-09-30"] == "filed by 2026-10-31"
    march = datetime(2027, 2, 1, 12, tzinfo=UTC)
    found = judged("JP-RP-Qc", {"jfsa.filings.accounts": ()}, march)
    assert {line.key: line.required for line in found.lines}["2026-12-31"] == "filed by 2027-02-28"


def test_ratios_are_set_again_within_a_week():
    for day, expected in ((date(2026, 9, 22), "fail"), (date(2026, 9, 23), "pass"), (date(2026, 9, 24), "pass")):
        ratio = {"id": "1", "asset": "BTC", "ratio": amount("0.4"), "set_on": day}
        assert result("JP-MARG-02c", {"jfsa.risk_ratios": rows("jfsa.risk_ratios", ratio)}) == expected


def test_the_travel_rules_threshold_is_a_parameter():
    def incomplete(value):
        return {"transfers": rows("transfers", {**TRANSFER, "value_jpy": value, "complete": False})}

    # None is set: a transfer of any worth counts.
    for value in (0, 1, 100_000):
        assert result("JP-TR-01", incomplete(value)) == "fail"
    rule = RULES.find("JP-TR-01", AS_OF.date())
    other = replace(
        rule, parameters={"threshold": Parameter(amount(100_000), "JPY"), "comparator": Parameter(Comparator.AT_LEAST)}
    )
    for value, expected in ((99_999, Result.PASS), (100_000, Result.FAIL), (100_001, Result.FAIL)):
        assert evaluate_rule(other, firm(incomplete(value))).result is expected


def test_detectors_run_within_a_day_and_alerts_are_decided_in_five_business_days():
    def runs(**changes):
        return {"detectors": tuple({**row, **changes} for row in GOOD["detectors"])}

    day = timedelta(hours=24)
    for ran, expected in ((AS_OF - day + SECOND, "pass"), (AS_OF - day, "pass"), (AS_OF - day - SECOND, "fail")):
        assert result("JP-MA-01", runs(ran_at=ran)) == expected
    # Friday 18 September is five business days before Wednesday the 30th; Thursday the 17th is six.
    for opened, expected in ((at(9, 18, 3), "pass"), (at(9, 17, 3), "fail")):
        assert result("JP-MA-01", runs(oldest_open=opened)) == expected


@pytest.mark.parametrize(
    ("rule", "fact", "window"),
    [
        ("JP-SEG-02b", "jfsa.books.crypto", 31),
        ("JP-SEG-02c", "reconciliations", 31),
        ("JP-BK-01b", "jfsa.books.money", 92),
        ("JP-BK-01c", "jfsa.books.crypto", 92),
    ],
)
def test_each_business_day_of_the_window_has_its_record(rule, fact, window):
    yesterday = date(2026, 9, 29)
    business = [row["day"] for row in GOOD[fact]]
    inside = min(day for day in business if day > yesterday - timedelta(days=window))
    outside = max(day for day in business if day <= yesterday - timedelta(days=window))
    for day, expected in ((inside, "fail"), (yesterday, "fail"), (outside, "pass")):
        without = tuple(row for row in GOOD[fact] if row["day"] != day)
        assert result(rule, {fact: without}) == expected, day
    # Holidays need none: Tuesday 22 September lies between two of them.
    assert date(2026, 9, 22) not in business


# Versions and clocks.


def test_before_the_text_that_was_read_nothing_is_judged():
    assert RULES.in_force(date(2023, 5, 31)) == ()
    assert [rule.id for rule in RULES.in_force(date(2023, 6, 1))] == ["JP-TR-01"]
    assert len(RULES.in_force(date(2024, 3, 31))) == 1 and len(RULES.in_force(date(2024, 4, 1))) == len(RULES.rules)


def test_the_day_of_a_rule_is_japans():
    evening = datetime(2024, 3, 31, 14, 59, tzinfo=UTC)
    for moment, count in ((evening, 1), (evening + timedelta(minutes=1), len(RULES.rules))):
        assert len(evaluate(RULES, firm(None, moment), zone="JP")) == count


def test_the_psa_stays_in_force_while_no_day_of_the_coming_law_is_known():
    assert len(RULES.in_force(date(2027, 6, 1))) == len(RULES.rules)
    assert any(each.id == "JP-N-FIEA" for each in RULES.not_covered)


def test_every_clock_is_counted_in_japan():
    for rule in RULES.rules:
        found = [each.value for each in rule.parameters.values() if isinstance(each.value, Clock)]
        for clock in (*found, *rule.clocks.values()):
            assert clock.calendar == "JP" or clock.unit.value == "hours", rule.id


def test_the_liability_reserve_is_information():
    found = liability_reserve(firm())
    assert (found.own_funds, found.hot_value, found.losses) == (amount(120_000_000), amount(60_000_000), amount(0))
    assert found.share_of_hot == 2
    bare = liability_reserve(firm({"jfsa.own_funds": None, "values.client.hot": None, "jfsa.losses": None}))
    assert bare == (None, None, None) and bare.share_of_hot is None
    loss = {"id": "1", "day": date(2026, 1, 5), "cause": "leak", "value_jpy": 70}
    assert liability_reserve(firm({"jfsa.losses": rows("jfsa.losses", loss, {**loss, "id": "2"})})).losses == 140


@given(hot=st.integers(0, 10**12), cold=st.integers(0, 10**12))
def test_the_share_as_plain_arithmetic(hot, cold):
    changes = {"values.client.hot": {"JPY": Fraction(hot)}, "values.client": {"JPY": Fraction(hot + cold)}}
    assert (result("JP-COLD-01", changes) == "pass") is (hot * 100 <= 5 * (hot + cold))


@given(hot=st.dictionaries(st.sampled_from("ABC"), st.integers(0, 50)),
       held=st.dictionaries(st.sampled_from("ABC"), st.integers(0, 50)))  # fmt: skip
def test_the_guarantee_is_per_asset(hot, held):
    changes = {
        "reserves.client.hot": {name: Fraction(units) for name, units in hot.items()},
        "reserves.guarantee": {name: Fraction(units) for name, units in held.items()},
    }
    covered = all(held.get(name, 0) >= units for name, units in hot.items())
    assert (result("JP-GUAR-01", changes) == "pass") is covered


def test_a_month_that_is_none_is_refused():
    kind = next(kind for kind in FACTS if kind.name == "jfsa.year.first_month")
    assert kind.problem("4") is None and kind.problem("12") is None
    assert kind.problem("13") and kind.problem("0") and kind.problem("April")
