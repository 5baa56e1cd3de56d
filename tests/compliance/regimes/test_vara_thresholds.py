"""Dubai's numbers at their edges: hand-worked vectors, and under, exact, over for every threshold; versions and "
"clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from compliance.evaluate import evaluate, evaluate_rule
from compliance.facts import FactKind
from compliance.regimes.vara import RULES
from compliance.regimes.vara.facts import FACTS
from compliance.regimes.vara.rules_prudential import CAPITAL
from compliance.rules import Comparator, Parameter
from compliance.verdicts import Result
from tests.compliance.regimes.sample_vara import (
    ABROAD,
    AS_OF,
    CASE,
    GOOD,
    MARGIN,
    RECEIPT,
    TRANSFER_IN,
    TRANSFER_OUT,
    UNHOSTED,
    WITHDRAWAL,
    amount,
    at,
    firm,
    record,
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


def capital(activity, custodian, overheads, paid_up):
    return {
        "vara.activities": frozenset({activity}), "vara.custodian_licensed": custodian,
        "vara.overheads.fixed": amount(overheads), "vara.capital.paid_up": amount(paid_up),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("custodian", "overheads", "required"), [(False, 8_000_000, 2_000_000), (True, 4_000_000, 800_000)]
)
def test_vector_capital_of_an_exchange(custodian, overheads, required):
    for paid_up, expected in ((required - 1, "fail"), (required, "pass"), (required + 1, "pass")):
        assert result("VARA-CAP-01", capital("exchange", custodian, overheads, paid_up)) == expected


def test_vector_net_liquid_assets():
    alone = {"vara.liabilities.current": amount(0), "vara.exposure.in_liabilities": amount(0)}
    for liquid, expected in ((1_199_999, "fail"), (1_200_000, "pass"), (1_200_001, "pass")):
        assert result("VARA-CAP-02", {**alone, "vara.liquid_assets": amount(liquid)}) == expected


def test_vector_a_surplus_in_another_asset_does_not_count():
    verdict = judged("VARA-RES-01", {"reserves.client": {"BTC": amount("99.9"), "ETH": amount(9999)},
                                     "claims": {"BTC": amount(100), "ETH": amount(1)}})  # fmt: skip
    assert verdict.result is Result.FAIL
    assert [(line.key, line.margin) for line in verdict.lines if line.result is Result.FAIL] == [("BTC", "-0.1 BTC")]


def test_vector_a_transfer_of_exactly_3500_is_not_caught_by_exceeding_and_is_by_equal_or_exceeding():
    exact = {"transfers": rows("transfers", {**TRANSFER_OUT, "value_aed": 3500, "complete": False})}
    assert result("VARA-TR-01", exact) == "pass"
    rule = RULES.find("VARA-TR-01", AS_OF.date())
    other = replace(rule, parameters={**rule.parameters, "comparator": Parameter(Comparator.AT_LEAST)})
    assert evaluate_rule(other, firm(exact)).result is Result.FAIL


# Under, exact, over.


@pytest.mark.parametrize("row", CAPITAL, ids=lambda row: f"{row[0]}-{row[1]}")
def test_capital_of_every_activity_by_fixed_amount_and_by_share(row):
    activity, custodian, fixed, share = row
    low = 0 if share == 0 else fixed / share / 2
    for overheads in (low, fixed / share * 2) if share else (low,):
        required = max(fixed, share * overheads)
        for paid_up, expected in ((required - QUANTUM, "fail"), (required, "pass"), (required + QUANTUM, "pass")):
            changes = capital(activity, custodian == "yes", 0, 0)
            changes |= {"vara.overheads.fixed": Fraction(overheads), "vara.capital.paid_up": Fraction(paid_up)}
            assert result("VARA-CAP-01", changes) == expected, (row, overheads, paid_up)


def test_several_activities_hold_the_amount_of_each():
    two = {**capital("exchange", False, 0, 2_100_000), "vara.activities": frozenset({"exchange", "custody"})}
    assert result("VARA-CAP-01", two) == "pass"
    assert result("VARA-CAP-01", {**two, "vara.capital.paid_up": amount(2_099_999)}) == "fail"


AMOUNTS = [
    ("VARA-RES-01", 100, lambda number: {"reserves.client": {"BTC": number}, "claims": {"BTC": amount(100)}}),
    ("VARA-CM-04", 100, lambda number: {"client_money.held": {"AED": number},
    "client_money.owed": {"AED": amount(100)}}),
    ("VARA-CAP-02", 3_700_000, lambda number: {"vara.liquid_assets": number}),
    (
        "VARA-CAP-02b", 1_200_000,
        lambda number: {"vara.net_liquid_days": tuple(
            {**row, "net_liquid_assets": number} for row in GOOD["vara.net_liquid_days"]
        )},
    ),
    ("VARA-SEG-04", 3, lambda number: {"vara.proceeds": (
        {**record("vara.proceeds", id="1", asset="ETH", received=3), "credited": number},
    )}),
    ("VARA-MG-03", 1_900_000, lambda number: {"vara.exposure.total": number}),
    ("VARA-LB-01", 9, lambda number: {"vara.lending.available": {"BTC": number}}),
    ("VARA-LB-01b", 100, lambda number: {"vara.lending.collateral": (
        {**record("vara.lending.collateral", id="1", agreed=100), "posted": number},
    )}),
    ("VARA-FR-01", 100, lambda number: {"vara.frva.reserves": {"AED": number}}),
    ("VARA-CU-01c", 1, lambda number: {"vara.custody.independent_directors": number}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "exact", "change"), AMOUNTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_floors(rule, exact, change):
    for number, expected in ((exact - QUANTUM, "fail"), (Fraction(exact), "pass"), (exact + QUANTUM, "pass")):
        assert result(rule, change(number)) == expected, number


CEILINGS = [
    ("VARA-MG-02", 100, lambda number: {"margin.accounts": ({**record("margin.accounts", **MARGIN),
    "credit": number},)}),
    ("VARA-FR-01c", 90, lambda number: {"vara.frva.holdings": (
        record("vara.frva.holdings", id="1", instrument="debt", in_reference_currency=True, days_left=number),
    )}),
    ("VARA-FR-01d", 7, lambda number: {"vara.frva.holdings": (
        record("vara.frva.holdings", id="1", instrument="repo", in_reference_currency=True, days_left=number),
    )}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "exact", "change"), CEILINGS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_ceilings(rule, exact, change):
    for number, expected in ((exact - QUANTUM, "pass"), (Fraction(exact), "pass"), (exact + QUANTUM, "fail")):
        assert result(rule, change(number)) == expected, number


@pytest.mark.parametrize("rule", ["VARA-REC-01", "VARA-AML-REC", "VARA-REC-02"])
def test_records_are_kept_for_eight_years(rule):
    for years, expected in ((amount("7.99"), "fail"), (amount(8), "pass"), (amount("8.01"), "pass"), (None, "pass")):
        kept = tuple({**row, "keeps_years": years} for row in GOOD["retention"])
        assert result(rule, {"retention": kept}) == expected, years


@pytest.mark.parametrize(
    ("rule", "row", "flag"),
    [("VARA-TR-01", TRANSFER_OUT, "complete"), ("VARA-TR-02", TRANSFER_IN, "credited_before_complete")],
)
def test_transfers_over_3500_dirhams(rule, row, flag):
    wrong = not row[flag]
    for value, expected in ((amount("3499.99"), "pass"), (amount(3500), "pass"), (amount("3500.01"), "fail")):
        assert result(rule, {"transfers": rows("transfers", {**row, "value_aed": value, flag: wrong})}) == expected
    assert (
        result(rule, {"transfers": rows("transfers", {**row, "value_aed": None, flag: wrong})}) == "insufficient data"
    )


def test_unhosted_wallets_over_3500_dirhams():
    for value, expected in ((amount("3499.99"), "pass"), (amount(3500), "pass"), (amount("3500.01"), "fail")):
        row = {**UNHOSTED, "value_aed": value, "ownership_proof": None}
        assert result("VARA-TR-03c", {"transfers": rows("transfers", row)}) == expected


def edge(fact, row, field, since, limit):
    """A record done a second before, at, and a second after its limit."""
    return [
        ({fact: rows(fact, {**row, field: moment})}, expected)
        for moment, expected in ((limit - SECOND, "pass"), (limit, "pass"), (limit + SECOND, "fail"))
    ]


END_OF_2_SEPTEMBER = datetime(2026, 9, 2, 19, 59, 59, 999_999, tzinfo=UTC)
END_OF_12_SEPTEMBER = datetime(2026, 9, 12, 19, 59, 59, 999_999, tzinfo=UTC)
FOUND = {"id": "1", "found": at(9, 2, 8), "shortfall": False, "material": False}
NOTICE = {"id": "1", "subject": "capital", "detected": at(9, 2, 8)}
IN_TIME = [
    # One calendar day from 1 September, 12:00 in Dubai, ends with the second there.
    ("VARA-CM-02", edge("vara.client_money.receipts", RECEIPT, "paid_in", "received", END_OF_2_SEPTEMBER)),
    ("VARA-CM-03b", edge("vara.client_money.receipts", ABROAD, "move_started", "received", at(9, 2, 8))),
    ("VARA-CM-05b", edge("vara.client_money.differences", FOUND, "resolved", "found", END_OF_2_SEPTEMBER)),
    (
        "VARA-CM-05c",
        edge("vara.client_money.differences", {**FOUND, "material": True}, "notified", "found", END_OF_2_SEPTEMBER),
    ),
    ("VARA-CAP-04", edge("vara.notices", NOTICE, "sent", "detected", END_OF_2_SEPTEMBER)),
    ("VARA-AML-01", edge("cases", {**CASE, "kind": "money laundering"}, "filed", "detected", END_OF_12_SEPTEMBER)),
    ("VARA-EX-01", edge("cases", {**CASE, "kind": "market abuse"}, "filed", "detected", END_OF_12_SEPTEMBER)),
    ("VARA-AML-02", edge("vara.fiu_requests", {"id": "1", "asked": at(9, 1, 8)}, "answered", "asked", at(9, 3, 8))),
    ("VARA-LB-02", edge("withdrawals", WITHDRAWAL, "done", "requested", at(9, 21, 8))),
]


@pytest.mark.parametrize(("rule", "cases"), IN_TIME, ids=lambda value: value if isinstance(value, str) else "")
def test_clocks_at_their_last_moment(rule, cases):
    for changes, expected in cases:
        assert result(rule, changes) == expected


def test_what_is_not_done_yet_is_in_time_while_its_clock_runs():
    open_one = {
        "withdrawals": rows("withdrawals", {**WITHDRAWAL, "requested": AS_OF - timedelta(hours=24), "done": None})
    }
    assert result("VARA-LB-02", open_one) == "pass"
    assert result("VARA-LB-02", open_one, AS_OF + SECOND) == "fail"


def test_dismissed_cases_need_no_report():
    assert result("VARA-AML-01", {"cases": rows("cases", {**CASE, "kind": "money laundering", "filed": None,
                                                          "state": "dismissed"})}) == "pass"  # fmt: skip


@pytest.mark.parametrize(
    ("last", "expected"), [(date(2026, 3, 29), "fail"), (date(2026, 3, 30), "pass"), (date(2026, 3, 31), "pass")]
)
def test_the_reserve_audit_is_at_most_six_months_old(last, expected):
    verdict = judged("VARA-RES-03", {"vara.reserve_audit.last": last})
    assert verdict.result.value == expected and (expected == "fail" or verdict.warning)


@pytest.mark.parametrize(
    ("quarter", "expected"),
    [
        (date(2026, 6, 30), "fail"),  # before the audit
        (date(2026, 9, 30), "pass"),
        (date(2026, 12, 31), "fail"),  # not the next one
    ],
)
def test_the_audits_report_goes_into_the_next_quarter(quarter, expected):
    audit = {"id": "1", "done_on": date(2026, 7, 10), "auditor": "A", "independent": True, "quarter": quarter}
    assert result("VARA-RES-03b", {"vara.reserve_audits": rows("vara.reserve_audits", audit)}) == expected


@pytest.mark.parametrize("rule", ["VARA-CM-06", "VARA-CM-07", "VARA-MG-06b"])
def test_client_statements_within_25_days(rule):
    fact = "vara.margin.statements" if rule == "VARA-MG-06b" else "statements.monthly"
    # The 25th day after 31 August is 25 September, which ends in Dubai at 20:00 UTC.
    last = datetime(2026, 9, 25, 19, 59, 59, 999_999, tzinfo=UTC)
    for moment, expected in ((last - SECOND, "pass"), (last, "pass"), (last + SECOND, "fail")):
        changed = {fact: (GOOD[fact][0], {**GOOD[fact][1], "prepared_at": moment})}
        assert result(rule, changed) == expected


def test_cover_runs_to_its_last_day():
    for day, expected in ((date(2026, 9, 29), "fail"), (date(2026, 9, 30), "pass"), (date(2026, 10, 1), "pass")):
        policies = tuple({**row, "until": day} for row in GOOD["vara.insurance"])
        assert result("VARA-CAP-03b", {"vara.insurance": policies}) == expected


def test_due_diligence_runs_to_its_last_day():
    for day, expected in ((date(2026, 9, 4), "fail"), (date(2026, 9, 5), "pass"), (date(2026, 9, 6), "pass")):
        row = {**TRANSFER_OUT, "due_diligence_until": day}
        assert result("VARA-TR-03", {"transfers": rows("transfers", row)}) == expected


def test_a_demonstration_is_given_by_its_day():
    for day, expected in ((date(2026, 8, 14), "pass"), (date(2026, 8, 15), "pass"), (date(2026, 8, 16), "fail")):
        changed = tuple({**row, "answered": day} for row in GOOD["vara.por_requests"])
        assert result("VARA-POR-01", {"vara.por_requests": changed}) == expected


@pytest.mark.parametrize(
    ("rule", "fact", "end", "last"),
    [
        ("VARA-REP-DUE-M", "vara.filings.monthly", date(2026, 8, 31), (9, 30)),
        ("VARA-REP-DUE-Q", "vara.filings.quarterly", date(2026, 6, 30), (7, 30)),
        ("VARA-REP-DUE-A", "vara.filings.annual", date(2025, 12, 31), (4, 30)),
        ("VARA-FR-01e", "vara.frva.audits", date(2026, 8, 31), (9, 30)),
    ],
)
def test_submissions_at_the_edge_of_their_placeholder_clocks(rule, fact, end, last):
    limit = datetime(2026, *last, 19, 59, 59, 999_999, tzinfo=UTC)
    since = date(end.year, end.month, 1) if rule != "VARA-REP-DUE-A" else date(2025, 1, 1)
    since = date(2026, 4, 1) if rule == "VARA-REP-DUE-Q" else since
    sample = GOOD[fact][0]
    later = AS_OF + timedelta(days=1)
    for moment, expected in ((limit - SECOND, "pass"), (limit, "pass"), (limit + SECOND, "fail")):
        filed = {fact: ({**sample, "period_end": end, "filed_at": moment},), "business.since": since}
        found = judged(rule, filed, later)
        assert [line.result.value for line in found.lines if line.key == end.isoformat()] == [expected]


def test_margin_comes_before_the_fill_and_the_warning_before_the_breach():
    moment = at(9, 10, 8)
    for paid, expected in ((moment - SECOND, "pass"), (moment, "fail"), (moment + SECOND, "fail")):
        orders = tuple({**row, "initial_margin_paid": paid, "filled": moment} for row in GOOD["vara.margin.orders"])
        assert result("VARA-MG-05", {"vara.margin.orders": orders}) == expected
        row = {**MARGIN, "warned": paid, "breached": moment}
        assert result("VARA-MG-06", {"margin.accounts": rows("margin.accounts", row)}) == expected


def test_detectors_run_within_a_day_and_alerts_are_decided_in_five_business_days():
    def runs(**changes):
        return {"detectors": tuple({**row, **changes} for row in GOOD["detectors"])}

    day = timedelta(hours=24)
    for ran, expected in ((AS_OF - day + SECOND, "pass"), (AS_OF - day, "pass"), (AS_OF - day - SECOND, "fail")):
        assert result("VARA-EX-01b", runs(ran_at=ran)) == expected
    # Wednesday 30 September 2026 is the fifth business day after Wednesday the 23rd.
    for opened, expected in ((at(9, 24), "pass"), (at(9, 23), "pass"), (at(9, 22, 19), "fail")):
        assert result("VARA-EX-01b", runs(oldest_open=opened)) == expected


def test_days_of_a_window_are_all_there():
    found = judged("VARA-RES-02")
    assert found.line_count == 31 and found.lines[0].key == "2026-08-30"
    missing = tuple(row for row in GOOD["reconciliations"] if row["day"] != date(2026, 9, 14))
    assert result("VARA-RES-02", {"reconciliations": missing}) == "fail"
    # A reconciliation of money is none of reserve assets.
    other = tuple({**row, "kind": "money"} for row in GOOD["reconciliations"])
    assert result("VARA-RES-02", {"reconciliations": other}) == "fail"


def test_fewer_records_than_could_show_anything_lack_data():
    for rule, fact in (
        ("VARA-CM-01", "bank_accounts"), ("VARA-SEG-01b", "wallets"), ("VARA-REP-M", "vara.filings.monthly"),
        ("VARA-SEG-05", "vara.control_scope"), ("VARA-REC-01b", "record_fields"),
    ):  # fmt: skip
        assert result(rule, {fact: ()}) == "insufficient data", rule


# Versions, clocks, and words.


def test_versions_follow_each_other():
    before, after = date(2025, 5, 18), date(2025, 5, 19)
    assert RULES.find("VARA-SEG-02", before).version == "2023-02-07"
    assert RULES.find("VARA-SEG-02", after).version == "2025-05-19"
    assert RULES.find("VARA-SEG-01b", before) is None and RULES.find("VARA-SEG-01b", after) is not None
    assert RULES.in_force(date(2023, 2, 6)) == () and RULES.in_force(date(2023, 2, 7))


def test_the_label_is_asked_for_from_its_day_in_dubai():
    unlabelled = {"wallets": tuple({**row, "label": "Cold"} for row in GOOD["wallets"])}
    evening = datetime(2025, 5, 18, 19, 59, tzinfo=UTC)
    for moment, expected in ((evening, False), (evening + timedelta(minutes=1), True)):
        found = {each.rule: each.result for each in evaluate(RULES, firm(unlabelled, moment), zone="AE")}
        assert (found.get("VARA-SEG-01b") is Result.FAIL) is expected


def test_a_breach_is_told_of_before_the_day_ends_in_dubai():
    short = {"reserves.client": {"BTC": amount(1)}, "claims": {"BTC": amount(2)}}
    verdict = judged("VARA-RES-01", short)
    assert [(each.what, each.due) for each in verdict.deadlines] == [
        ("tell VARA (VARA-CAP-04)", datetime(2026, 9, 30, 19, 59, 59, 999_999, tzinfo=UTC))
    ]
    # An hour later it is the first of October there.
    later = judged("VARA-RES-01", short, AS_OF + timedelta(hours=1))
    assert later.deadlines[0].due == datetime(2026, 10, 1, 19, 59, 59, 999_999, tzinfo=UTC)


def test_a_mistyped_activity_is_refused_and_not_free_of_capital():
    kind: FactKind = next(kind for kind in FACTS if kind.name == "vara.activities")
    assert kind.problem(frozenset({"exchange"})) is None
    assert "knows no exchnage" in str(kind.problem(frozenset({"exchnage"})))
