"""Under, exact and over for every number in the EU's rules, and the vectors that were worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction as F

import pytest

from compliance.calendars import Clock
from compliance.evaluate import evaluate_rule
from compliance.formulas import FORMULAS
from compliance.regimes import rule_set
from compliance.regimes.eu.rules_capital import K_FACTORS, MICA_CLASSES
from compliance.regimes.eu.rules_conduct import CFD_LIMITS
from compliance.verdicts import Result
from tests.compliance.regimes.sample_eu import GOOD, NOW, at, facts, rows
from tests.compliance.regimes.test_eu import FAST, RULES, changed, judge, retained, rule_of

US = timedelta(microseconds=1)
END_29_DEC = datetime(2026, 12, 29, 22, 59, 59, 999_999, tzinfo=UTC)
END_28_DEC = END_29_DEC - timedelta(days=1)
THURSDAY = at("2026-12-24T10:00")
"""Christmas Eve; the next day of TARGET is Monday the 28th."""


def placed(moment):
    return {
        "eu.client_funds.placements": rows("id currency amount received placed", ("r", "EUR", F(1), THURSDAY, moment))
    }


def incident(**fields):
    return changed("eu.incidents", **fields)


def aged(name, day):
    return {name: day}


def retail(equity):
    return {"eu.cfd.accounts": rows("id equity required_margin closed", ("m", F(equity), F(5_000), None))}


def opened(kind, notional, margin):
    return {"eu.cfd.openings": rows("id class notional margin", ("c", kind, F(notional), F(margin)))}


def member(orders, trades, ordered=1, traded=1):
    return {
        "order_to_trade": rows(
            "id member market orders trades ordered traded",
            ("m", "m", "B", F(orders), F(trades), F(ordered), F(traded)),
        )
    }


def transfer(value, proof=None):
    found = {**GOOD["transfers"][0], "value_eur": F(value), "ownership_proof": proof}
    return {"transfers": (found,)}


def ran(ago, oldest=NOW - timedelta(hours=1)):
    return {"detectors": tuple({**row, "ran_at": NOW - ago, "oldest_open": oldest} for row in GOOD["detectors"])}


def yearly(name):
    """A day of a year and a day ago, of a year ago, and of a day less."""
    return (aged(name, date(2025, 12, 30)), aged(name, date(2025, 12, 31)), aged(name, date(2026, 1, 1)))


def settled(moment):
    return changed("eu.settlements", settled=moment)


PASS, FAIL = Result.PASS, Result.FAIL
UP = (FAIL, PASS, PASS)
"""A least amount: under it fails."""
DOWN = (PASS, PASS, FAIL)
"""A most: over it fails."""
TRIPLETS = [
    # Amounts.
    (
        "EU-SEG-01.2",
        *({"reserves.client": {"BTC": F(units), "ETH": F(2000)}} for units in ("99.99999999", 100, "100.00000001")),
        UP,
    ),
    (
        "EU-SAF-01.2",
        *({"reserves.client": {"BTC": F(units), "ETH": F(2000)}} for units in ("99.99999999", 100, "100.00000001")),
        UP,
    ),
    (
        "EU-SEG-02",
        *(
            {"client_money.held": {"EUR": F(held), "USD": F(200_000)}}
            for held in ("4999999.99", 5_000_000, "5000000.01")
        ),
        UP,
    ),
    ("EU-SAF-02.2", *({"eu.client_funds.group": F(part)} for part in ("999999.99", 1_000_000, "1000000.01")), DOWN),
    ("EU-CUS-03.3", *(changed("eu.losses", made_good_eur=F(paid)) for paid in ("4999.99", 5_000, "5000.01")), UP),
    ("EU-CAP-01", *({"eu.safeguards": F(held)} for held in ("299999.99", 300_000, "300000.01")), UP),
    ("EU-IFR-01", *({"eu.own_funds": F(held)} for held in (299_999, 300_000, 300_001)), UP),
    # Margin.
    ("EU-CFD-01", *(opened("crypto", 10_000, margin) for margin in ("4999.99", 5_000, "5000.01")), UP),
    ("EU-CFD-02", *(retail(equity) for equity in (2_499, 2_500, 2_501)), UP),
    ("EU-CFD-03", *(changed("eu.cfd.accounts", 1, equity=F(equity)) for equity in ("-0.01", 0, "0.01")), UP),
    ("EU-CFD-03.2", *(changed("eu.cfd.losers", shown=F(shown)) for shown in ("71.1", "71.2", "71.3")), UP),
    # Counts.
    ("EU-VEN-02.2", *({"eu.monitoring_delay_ms": F(delay)} for delay in (4_999, 5_000, 5_001)), DOWN),
    ("EU-ALG-01.2", *({"eu.algo.alert_delay_ms": F(delay)} for delay in (4_999, 5_000, 5_001)), DOWN),
    ("EU-VEN-04", *(member(orders, 100) for orders in (5_099, 5_100, 5_101)), DOWN),
    ("EU-VEN-04.2", *(member(500, 500, ordered, 10) for ordered in ("1009.9", 1_010, "1010.1")), DOWN),
    # Members with few orders are not looked at: 100 are few, 101 are not.
    ("EU-VEN-04", *(member(orders, 0) for orders in (99, 100, 101)), DOWN),
    ("EU-CLK-01", *(changed("eu.clocks", divergence_us=F(us)) for us in (999, 1_000, 1_001)), DOWN),
    ("EU-CLK-01", *(changed("eu.clocks", granularity_us=F(us)) for us in (999, 1_000, 1_001)), DOWN),
    ("EU-CLK-01.2", *({**FAST, **changed("eu.clocks", divergence_us=F(us))} for us in (99, 100, 101)), DOWN),
    (
        "EU-CLK-01.2",
        *({**FAST, **changed("eu.clocks", divergence_us=F(9), granularity_us=F(us))} for us in ("0.5", 1, 2)),
        DOWN,
    ),
    ("EU-TFR-02", *(transfer(value) for value in ("999.99", 1_000, "1000.01")), DOWN),
    (
        "EU-TFR-03.2",
        *({"eu.tfr.failures": rows("id failures steps reported", ("v", F(n), None, None))} for n in (2, 3, 4)),
        (PASS, FAIL, FAIL),
    ),
    # Years that records are kept.
    ("EU-OR-01.3", *(retained("order", keeps_years=F(years)) for years in (4, 5, 6)), UP),
    ("EU-REC-01.2", *(retained("costs", keeps_years=F(years)) for years in (4, 5, 6)), UP),
    ("EU-RK-02", *(retained("consent", keeps_years=F(years)) for years in (4, 5, 6)), UP),
    ("EU-RK-02.2", *(retained("trade", keeps_years=F(years)) for years in (4, 5, 6)), UP),
    ("EU-RK-02.3", *(retained("reconciliation", keeps_years=F(years)) for years in (4, 5, 6)), UP),
    # How old the last one may be.
    ("EU-SAF-04", *yearly("eu.safeguarding.audited"), UP),
    ("EU-CAP-01.2", *yearly("eu.capital.reviewed"), UP),
    ("EU-ALG-01.3", *yearly("eu.algo.self_assessed"), UP),
    (
        "EU-RK-01",
        *({"archive.verified": at(day)} for day in ("2026-12-28T22:59", "2026-12-28T23:00", "2026-12-29T10:00")),
        UP,
    ),
    ("EU-MA-01.3", *(ran(timedelta(hours=24) + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-MA-01.4", *(ran(timedelta(hours=24) + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-MA-01", *(ran(timedelta(hours=24) + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-MAR-01", *(ran(timedelta(hours=24) + off) for off in (-US, 0 * US, US)), DOWN),
    # An open alert: five days of TARGET back from Thursday the 31st is Wednesday the 23rd, because the 25th is none.
    (
        "EU-MA-01",
        *(ran(timedelta(0), at(day)) for day in ("2026-12-22T22:00", "2026-12-22T23:00", "2026-12-24T12:00")),
        UP,
    ),
    # Deadlines, on the calendar of TARGET.
    ("EU-SEG-02.2", placed(END_28_DEC - US), placed(END_28_DEC), placed(END_28_DEC + US), DOWN),
    ("EU-TX-01", *(changed("eu.transaction_reports", complete=END_28_DEC + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-STM-02", *(changed("eu.depreciations", told=END_28_DEC + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-MA-01.2", *(changed("cases", detected=THURSDAY, filed=END_29_DEC + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-MAR-01.2", *(changed("cases", detected=THURSDAY, filed=END_29_DEC + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-EBA-01", *(changed("eu.emt_reports", sent=date(2026, 10, day)) for day in (19, 20, 21)), DOWN),
    ("EU-PLT-01.2", *(settled(at("2026-12-30T23:00") + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-PLT-01.3", *(changed("eu.settlements", 1, settled=END_29_DEC + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-DORA-01", *(incident(initial=at("2026-11-10T16:00") + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-DORA-01.2", *(incident(initial=at("2026-11-11T08:00") + off) for off in (-US, 0 * US, US)), DOWN),
    ("EU-DORA-01.3", *(incident(intermediate=at("2026-11-13T15:30") + off) for off in (-US, 0 * US, US)), DOWN),
    (
        "EU-DORA-01.4",
        *(incident(final=datetime(2026, 12, 13, 22, 59, 59, 999_999, tzinfo=UTC) + off) for off in (-US, 0 * US, US)),
        DOWN,
    ),
]


MONTHS = [
    (
        "EU-BX-01",
        *(aged("eu.best_execution.reviewed", date(2026, 9, day)) for day in (29, 30)),
        aged("eu.best_execution.reviewed", date(2026, 10, 1)),
        UP,
    ),
    (
        "EU-CFD-03.3",
        *(aged("eu.cfd.disclosed", date(2026, 9, day)) for day in (29, 30)),
        aged("eu.cfd.disclosed", date(2026, 10, 1)),
        UP,
    ),
    (
        "EU-TX-03",
        *(
            aged("eu.transaction_reports.reconciled", day)
            for day in (date(2026, 11, 29), date(2026, 11, 30), date(2026, 12, 1))
        ),
        UP,
    ),
    (
        "EU-RK-01.2",
        *({"archive.drilled": at(day)} for day in ("2026-09-29T21:59", "2026-09-29T22:00", "2026-10-01T00:00")),
        UP,
    ),
]
"""Judged a day earlier, because three months before the 31st there is no such day."""


@pytest.mark.parametrize(("rule_id", "under", "exact", "over", "results"), MONTHS)
def test_under_exact_and_over_in_months(rule_id, under, exact, over, results):
    as_of = NOW - timedelta(days=1)
    assert tuple(judge(rule_id, changes, as_of=as_of).result for changes in (under, exact, over)) == results


@pytest.mark.parametrize(("rule_id", "under", "exact", "over", "results"), TRIPLETS)
def test_under_exact_and_over(rule_id, under, exact, over, results):
    assert tuple(judge(rule_id, changes).result for changes in (under, exact, over)) == results


def test_every_number_has_its_triplet():
    """A rule with a number, a clock or a table of numbers is in the list, or in one of the tests beside it."""
    elsewhere = set(
        "EU-SAF-01 EU-STM-01 EU-CUS-02 EU-TAX-01 EU-VEN-01 EU-VEN-02 EU-VEN-03.2 EU-ALG-01 EU-OR-01 EU-VEN-02.3 "
        "EU-PLT-01.4 EU-TFR-01".split()
    )
    plain = {"least", "warn_days", "warn_below"}
    for rule in RULES.rules:
        numbers = {
            name
            for name, each in rule.parameters.items()
            if name not in plain and isinstance(each.value, F | Clock | tuple) and not _texts(each.value)
        }
        assert not numbers or rule.id in elsewhere | {each[0] for each in (*TRIPLETS, *MONTHS)}, (rule.id, numbers)


def _texts(value) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, str) for each in value)


# The rest of the numbers: nothing at all is allowed, so that there is no exact and under.


@pytest.mark.parametrize(
    ("rule_id", "name"),
    [("EU-OR-01", "orders.gaps"), ("EU-VEN-02.3", "eu.orders.beyond_limits"), ("EU-PLT-01.4", "eu.house_trades")],
)
def test_none_is_allowed(rule_id, name):
    assert judge(rule_id, {name: F(0)}).result is PASS
    assert judge(rule_id, {name: F(1)}).result is FAIL


@pytest.mark.parametrize("rule_id", ["EU-VEN-01", "EU-VEN-02", "EU-VEN-03.2", "EU-ALG-01"])
@pytest.mark.parametrize(
    ("day", "result"), [(date(2025, 12, 30), FAIL), (date(2025, 12, 31), PASS), (date(2026, 1, 1), PASS)]
)
def test_controls_are_tested_within_a_year(rule_id, day, result):
    tested = tuple({**row, "tested_on": day} for row in GOOD["controls"])
    assert judge(rule_id, {"controls": tested}).result is result


@pytest.mark.parametrize("rule_id", ["EU-STM-01", "EU-CUS-02"])
@pytest.mark.parametrize(
    ("made", "result"),
    [("2026-10-30T22:59:59", PASS), ("2026-10-30T23:00:00", FAIL), ("2026-10-30T22:59:59.999999", PASS)],
)
def test_statements_are_ready_within_a_month(rule_id, made, result):
    assert judge(rule_id, changed("statements.quarterly", 3, prepared_at=at(made))).result is result


@pytest.mark.parametrize(
    ("filed", "result"),
    [
        ("2027-01-31T22:59:59.999999", PASS),
        ("2027-01-31T23:00", FAIL),
        ("2027-01-30T12:00", PASS),
    ],
)
def test_the_dac8_file_is_due_at_the_end_of_january(filed, result):
    filings = {"eu.dac8.filings": rows("period_end filed_at", (date(2026, 12, 31), at(filed)))}
    assert judge("EU-TAX-01", filings, as_of=at("2027-02-10T12:00")).result is result


def test_the_dac8_file_is_announced_before_it_is_due():
    verdict = judge("EU-TAX-01", as_of=at("2027-01-15T12:00"))
    assert verdict.result is PASS and verdict.warning == "due in 16 days"
    assert judge("EU-TAX-01", as_of=at("2027-02-01T12:00")).result is FAIL


@pytest.mark.parametrize(
    ("day", "result"),
    [
        (date(2026, 11, 30), PASS),
        (date(2026, 12, 1), FAIL),
        (date(2026, 12, 2), FAIL),
        (date(2026, 12, 30), FAIL),
        (date(2026, 12, 31), PASS),
    ],
)
def test_reconciliations_are_looked_at_for_thirty_days(day, result):
    """The thirty days up to yesterday, the 30th, begin on 1 December; today's is not owed before the day is over."""
    kept = tuple(row for row in GOOD["reconciliations"] if row["day"] != day)
    assert len(kept) < len(GOOD["reconciliations"])
    assert judge("EU-SAF-01", {"reconciliations": kept}).result is result


@pytest.mark.parametrize("day", [date(2026, 12, 25), date(2026, 12, 26), date(2026, 12, 27)])
def test_no_reconciliation_is_asked_for_on_a_day_that_is_none(day):
    assert all(row["day"] != day for row in GOOD["reconciliations"])


# What has not been done yet is in time for as long as its clock runs.


@pytest.mark.parametrize(
    ("rule_id", "changes", "last"),
    [
        ("EU-SEG-02.2", placed(None), END_28_DEC),
        ("EU-TX-01", changed("eu.transaction_reports", complete=None), END_28_DEC),
        ("EU-MA-01.2", changed("cases", detected=THURSDAY, filed=None), END_29_DEC),
        ("EU-DORA-01", incident(initial=None), at("2026-11-10T16:00")),
        ("EU-DORA-01.3", incident(intermediate=None), at("2026-11-13T15:30")),
    ],
)
def test_what_is_pending_fails_when_its_clock_has_run_out(rule_id, changes, last):
    found = tuple(judge(rule_id, changes, as_of=last + off).result for off in (-US, 0 * US, US))
    assert found == DOWN


def test_a_report_that_waits_for_an_earlier_one_is_not_judged_before_it():
    nothing = incident(classified=None, initial=None, intermediate=None, final=None)
    assert judge("EU-DORA-01", nothing).result is PASS
    assert judge("EU-DORA-01.2", nothing).result is FAIL


# Vectors worked out by hand.


def test_vector_cap_01_platform():
    verdict = judge("EU-CAP-01", {"eu.services": frozenset({"platform"}), "eu.safeguards": F(300_000)})
    assert verdict.result is PASS and verdict.required == ">= 300000 EUR = max(150000; 300000)"
    # A pass at the very limit comes with a warning.
    assert "within 10 % of a breach" in verdict.warning


@pytest.mark.parametrize(("service", "minimum"), MICA_CLASSES)
def test_the_minimum_of_each_service(service, minimum):
    given = {"eu.services": frozenset({service, "advice"}), "eu.fixed_overheads": F(0)}
    for short, result in ((1, FAIL), (0, PASS), (-1, PASS)):
        assert judge("EU-CAP-01", {**given, "eu.safeguards": minimum - short}).result is result


def test_a_service_that_is_not_known_counts_as_the_highest_class():
    nothing = {"eu.services": frozenset(), "eu.fixed_overheads": F(0), "eu.safeguards": F(149_999)}
    verdict = judge("EU-CAP-01", nothing)
    assert verdict.result is FAIL and "not of the table" in verdict.required
    # A word that is no service cannot be stated; should the table ever lack one that can, the highest counts.
    parameters = {"classes": (("advice", F(50_000)), ("platform", F(150_000))), "share": F(1, 4)}
    required = FORMULAS["class-or-share"](parameters, {"class": frozenset({"mining"}), "overheads": F(0)})
    assert required.amount == 150_000 and "not of the table" in required.working


def test_vector_cfd_01_and_02():
    assert judge("EU-CFD-01", opened("crypto", 10_000, 5_000)).result is PASS
    assert judge("EU-CFD-02", retail(2_499)).result is FAIL


@pytest.mark.parametrize(("kind", "limit"), CFD_LIMITS)
def test_leverage_of_each_class(kind, limit):
    margin = F(30_000) / limit
    for off, result in ((F(-1, 100), FAIL), (F(0), PASS), (F(1, 100), PASS)):
        assert judge("EU-CFD-01", opened(kind, 30_000, margin + off)).result is result


def test_a_class_of_cfd_that_is_not_known_fails():
    assert judge("EU-CFD-01", opened("weather", 1, 1_000)).result is FAIL


def test_vector_tr_01_the_comparator_is_more_than():
    """As EUR: exactly the threshold is not caught."""
    rule = rule_of("EU-TFR-02")
    assert str(rule.parameters["comparator"].value) == ">"
    assert judge("EU-TFR-02", transfer(1_000)).result is PASS
    assert judge("EU-TFR-02", transfer("1000.01")).result is FAIL
    assert judge("EU-TFR-02", transfer("1000.01", "proof")).result is PASS


# K-factors.


@pytest.mark.parametrize(("name", "coefficient"), K_FACTORS)
def test_each_k_factor_has_its_coefficient(name, coefficient):
    given = {"eu.ifr.averages": {name: F(10**10)}, "eu.ifr.other_factors": F(0)}
    exact = coefficient * 10**10
    for off, result in ((-1, FAIL), (0, PASS), (1, PASS)):
        assert judge("EU-IFR-01", {**given, "eu.own_funds": exact + off}).result is result


@pytest.mark.parametrize(
    ("name", "minimum"), [("own-account", 750_000), ("other", 150_000), ("no-client-money", 75_000)]
)
def test_the_permanent_minimum_of_each_class(name, minimum):
    given = {"eu.ifr.class": name, "eu.ifr.averages": {}, "eu.ifr.other_factors": F(0), "eu.fixed_overheads": F(0)}
    for off, result in ((-1, FAIL), (0, PASS), (1, PASS)):
        assert judge("EU-IFR-01", {**given, "eu.own_funds": F(minimum + off)}).result is result


def test_k_factors_add_up_with_what_is_stated():
    # 5,000,000 x 0.4 % + 100,000,000 x 0.04 % + 20,000,000 x 0.1 % + 30,000 = 110,000; a quarter of 200,000 is less.
    given = {"eu.fixed_overheads": F(200_000), "eu.ifr.class": "no-client-money"}
    for off, result in ((-1, FAIL), (0, PASS), (1, PASS)):
        assert judge("EU-IFR-01", {**given, "eu.own_funds": F(110_000 + off)}).result is result


def test_a_k_factor_that_is_not_known_counts_with_the_highest_coefficient():
    given = {"eu.ifr.averages": {"K-NEW": F(10**9)}, "eu.own_funds": F(4_999_999)}
    assert judge("EU-IFR-01", given).result is FAIL


# Warnings before a breach.


@pytest.mark.parametrize(("held", "warned"), [("329999.99", True), (330_000, False), (330_001, False)])
def test_capital_warns_ten_per_cent_above_the_floor(held, warned):
    assert bool(judge("EU-CAP-01", {"eu.safeguards": F(held)}).warning) is warned


@pytest.mark.parametrize(("day", "warned"), [(date(2026, 2, 27), True), (date(2026, 3, 2), False)])
def test_yearly_reviews_are_announced_sixty_days_before(day, warned):
    assert bool(judge("EU-CAP-01.2", {"eu.capital.reviewed": day}).warning) is warned


def test_a_breach_keeps_its_beginning():
    rule = rule_set("eu").find("EU-SEG-01.2", NOW.date())
    short = {"reserves.client": {"BTC": F(1)}}
    first = evaluate_rule(rule, facts(short))
    later = evaluate_rule(rule, facts(short, as_of=NOW + timedelta(hours=3)), before=first)
    assert later.since == NOW and later.deadlines == first.deadlines
