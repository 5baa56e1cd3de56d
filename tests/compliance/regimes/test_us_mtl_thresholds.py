"""The US numbers at their edges: hand-worked vectors, and under, exact, over for every threshold and clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.evaluate import evaluate_rule
from compliance.formulas import FORMULAS, Lacking
from compliance.regimes.us_mtl import RULES
from compliance.regimes.us_mtl.rules_call_report import DUE
from compliance.regimes.us_mtl.rules_prudential import CAPPED, COMBINED, TIERS, UNCAPPED
from compliance.rules import Scope
from compliance.state_formulas import OVER, in_unit, permissible_counts
from compliance.verdicts import Result
from tests.compliance.regimes.sample_us_mtl import (
    AS_OF,
    CASE,
    CASH,
    GOOD,
    LARGE,
    REPORT,
    STATES,
    TRANSFER,
    WITHDRAWAL,
    amount,
    firm,
    rows,
)

SECOND = timedelta(seconds=1)
CENT = Fraction(1, 100)


def judged(rule_id, changes=None, as_of=AS_OF):
    rule = RULES.find(rule_id, as_of.date())
    assert rule is not None
    scope = ""
    if rule.scope is Scope.STATE:
        scope = next(state for state in STATES if rule.states is None or rule.states.bind(state, as_of.date()))
    return evaluate_rule(rule, firm(changes, as_of), scope)


def result(rule_id, changes=None, as_of=AS_OF):
    return judged(rule_id, changes, as_of).result.value


# Hand-worked vectors of the reference.


@pytest.mark.parametrize(
    ("assets", "required"),
    [
        (1_000_000, 100_000),
        (50_000_000, 1_500_000),
        (100_000_000, 3_000_000),
        (400_000_000, 9_000_000),
        (1_000_000_000, 21_000_000),
        (2_000_000_000, 26_000_000),
        # Each side of where the floor of 100,000 ends: 3 % of 3,333,333.33.
        (3_333_333, 100_000),
        (3_333_334, Fraction(10_000_002, 100)),
    ],
)
@pytest.mark.parametrize("rule", ["US-TNW-01", "US-TNW-02"])
def test_vector_tangible_net_worth(rule, assets, required):
    for over, expected in ((-CENT, "fail"), (0, "pass"), (CENT, "pass")):
        changes = {
            "us.finance.assets": Fraction(assets), "us.finance.liabilities": Fraction(assets - required - over),
            "us.finance.intangibles": Fraction(0), "us.intangibles.virtual": (),
        }  # fmt: skip
        assert result(rule, changes) == expected, (assets, over)


@pytest.mark.parametrize(
    ("adtl", "required"),
    [(42_000, 100_000), (320_000, 320_000), (900_000, 500_000), (100_000, 100_000), (100_001, 100_001),
     (499_999, 499_999), (500_000, 500_000), (500_001, 500_000)],
)  # fmt: skip
def test_vector_bond(adtl, required):
    for bond, expected in ((required - 1, "fail"), (required, "pass"), (required + 1, "pass")):
        changes = {"us.adtl.bond": {"USD": amount(adtl)}, "us.bond": amount(bond)}
        assert result("US-BOND-01", changes) == expected


@pytest.mark.parametrize(("per_mille", "required"), [(99, 500_000), (100, 500_000), (101, 100_000)])
def test_vector_bond_is_relieved_over_ten_per_cent(per_mille, required):
    """Tangible net worth of 10.1 % of assets relieves; 10 % exactly does not."""
    assets = 50_000_000
    changes = {
        "us.finance.assets": amount(assets), "us.finance.intangibles": amount(0),
        "us.finance.liabilities": assets - Fraction(per_mille, 1000) * assets, "us.adtl.bond": {"USD": amount(900_000)},
    }  # fmt: skip
    for bond, expected in ((required - 1, "fail"), (required, "pass"), (required + 1, "pass")):
        assert result("US-BOND-01", {**changes, "us.bond": amount(bond)}) == expected


def test_bond_counts_every_currency_or_lacks_a_rate():
    money = {"us.adtl.bond": {"USD": amount(100_000), "EUR": amount(100_000)}, "us.bond": amount(209_999)}
    assert result("US-BOND-01", money) == "fail"
    assert result("US-BOND-01", {**money, "us.bond": amount(210_000)}) == "pass"
    lacking = judged("US-BOND-01", {**money, "us.rates": {}})
    assert lacking.result is Result.INSUFFICIENT and lacking.missing == ("a rate of EUR in USD",)


# Permissible investments.


def investment(kind, value, obligor=None, pledged=0, number=1):
    return {"id": f"{kind} {number}", "kind": kind, "value": value, "pledged": pledged, "obligor": obligor,
            "statutory_trust": True}  # fmt: skip


def holds(*investments):
    return {"us.permissible": rows("us.permissible", *investments), "us.rates": {}}


@pytest.mark.parametrize("rule", ["US-PI-01", "US-PI-04"])
@pytest.mark.parametrize("kind", UNCAPPED)
def test_what_is_uncapped_counts_whole(rule, kind):
    for owed, expected in ((1001, "fail"), (1000, "pass"), (999, "pass")):
        changes = {**holds(investment(kind, 1100, pledged=100)), "client_money.owed": {"USD": amount(owed)}}
        assert result(rule, changes) == expected


@pytest.mark.parametrize(("kind", "share", "single"), CAPPED)
def test_caps_of_each_kind(kind, share, single):
    """1,000 in all. Spread over enough obligors the kind counts up to its share; by one obligor, up to his."""
    for value in (1000 * share - 1, 1000 * share, 1000 * share + 1):
        parts = [investment(kind, int(value) // 10, f"o{n}", number=n) for n in range(9)]
        parts.append(investment(kind, int(value) - 9 * (int(value) // 10), "o9", number=9))
        changes = holds(investment("cash", 1000 - int(value)), *parts)
        counted = 1000 - value + min(value, 1000 * share)
        for owed, expected in ((counted, "pass"), (counted + 1, "fail")):
            assert result("US-PI-04", {**changes, "client_money.owed": {"USD": Fraction(owed)}}) == expected, value
    if single == "none":
        return
    for value in (1000 * single - 1, 1000 * single, 1000 * single + 1):
        changes = holds(investment("cash", 1000 - int(value)), investment(kind, int(value), "one"))
        counted = 1000 - value + min(value, 1000 * single)
        for owed, expected in ((counted, "pass"), (counted + 1, "fail")):
            assert result("US-PI-04", {**changes, "client_money.owed": {"USD": Fraction(owed)}}) == expected, value


@pytest.mark.parametrize(("together", "over"), [(499, 0), (500, 0), (501, 1)])
def test_the_combined_cap_at_its_edge(together, over):
    parts = [investment(kind, 84 if n < together - 83 * 6 else 83, kind) for n, kind in enumerate(COMBINED)]
    assert sum(part["value"] for part in parts) == together
    rule = RULES.find("US-PI-04", AS_OF.date())
    counts = permissible_counts(
        {name: each.value for name, each in rule.parameters.items()},
        {"investments": rows("us.permissible", investment("cash", 1000 - together), *parts)},
    )
    assert -counts.get(OVER, Fraction(0)) == over and sum(counts.values()) == 1000 - over


@given(st.lists(st.tuples(st.sampled_from([*UNCAPPED, *(row[0] for row in CAPPED), "art"]), st.integers(0, 10**9),
                          st.sampled_from("abc")), max_size=12))  # fmt: skip
def test_caps_never_add_and_what_has_no_kind_never_counts(found):
    records = rows("us.permissible", *(investment(*each, number=n) for n, each in enumerate(found)))
    sums = [
        FORMULAS["permissible"]({name: each.value for name, each in RULES.find(rule, AS_OF.date()).parameters.items()},
                                {"investments": records}).amount
        for rule in ("US-PI-01", "US-PI-04")
    ]  # fmt: skip
    assert 0 <= sums[1] <= sums[0] == sum(value for kind, value, _ in found if kind != "art")


def test_obligations_are_of_every_currency():
    owed = {"client_money.owed": {"USD": amount(9_890_000), "EUR": amount(100_000)}}
    assert result("US-PI-01", {**owed, "us.rates": {"EUR": amount("1.1")}}) == "pass"
    assert result("US-PI-01", {**owed, "us.rates": {"EUR": amount("1.10001")}}) == "fail"
    with pytest.raises(Lacking, match="a rate of JPY in USD"):
        in_unit({"unit": "USD"}, {"owed": {"JPY": Fraction(1)}}, "owed")
    assert in_unit({"unit": "USD"}, {"owed": {"JPY": Fraction(0)}}, "owed") == 0


def test_guidance_leaves_in_what_a_debt_in_the_same_asset_matches():
    worth = {"us.finance.assets": amount(50_000_000), "us.finance.liabilities": amount(47_800_000),
             "us.finance.intangibles": amount(1_000_000)}  # fmt: skip
    assert result("US-TNW-01", worth) == "fail"
    for owed, expected in ((299_999, "fail"), (300_000, "pass"), (300_001, "pass")):
        matched = {"us.intangibles.virtual": rows("us.intangibles.virtual",
                                                  {"asset": "BTC", "value": 600_000, "owed": owed})}  # fmt: skip
        assert result("US-TNW-02", {**worth, **matched}) == expected
    # What is matched is never more than was taken off.
    large = {"us.intangibles.virtual": rows("us.intangibles.virtual", {"asset": "BTC", "value": 10**9, "owed": 10**9})}
    assert judged("US-TNW-02", {**worth, **large}).measured == "2200000 USD"


# Thresholds of amounts.


@pytest.mark.parametrize(
    ("rule", "fact", "sample", "field", "limit", "is_caught_exact", "broken"),
    [
        ("US-SAR-01", "cases", CASE, "amount_usd", 2000, True, {"filed": datetime(2026, 10, 3, tzinfo=UTC)}),
        ("US-CTR-01", "us.cash_days", CASH, "amount", 10_000, False, {"filed_at": None}),
        ("US-TR-01", "transfers", TRANSFER, "value_usd", 3000, True, {"complete": False}),
        ("NY-AML-01", "us.ny.vc_days", LARGE, "value", 10_000, False, {"noticed_at": None}),
    ],
)
def test_thresholds_by_their_comparators(rule, fact, sample, field, limit, is_caught_exact, broken):
    for value, is_caught in ((limit - 1, False), (limit, is_caught_exact), (limit + 1, True)):
        changes = {fact: rows(fact, {**sample, field: value, **broken})}
        assert result(rule, changes) == ("fail" if is_caught else "pass"), value


def test_an_amount_that_is_not_known_is_no_pass():
    assert result("US-SAR-01", {"cases": rows("cases", {**CASE, "amount_usd": None})}) == "insufficient data"
    assert result("US-TR-01", {"transfers": rows("transfers", {**TRANSFER, "value_usd": None})}) == "insufficient data"


@pytest.mark.parametrize("rule", ["US-VC-01", "US-VC-02", "NY-CUS-01", "CA-01"])
def test_units_in_kind_at_their_edge(rule):
    quantum = Fraction(1, 10**8)
    for held, expected in ((1 - quantum, "fail"), (Fraction(1), "pass"), (1 + quantum, "pass")):
        # A surplus of ETH worth any sum does not help.
        changes = {"reserves.client": {"BTC": held, "ETH": amount(10**6)}, "claims.state": {"BTC": amount(1)}}
        assert result(rule, changes) == expected
    for held, expected in ((1 - quantum, "fail"), (Fraction(1), "pass"), (1 + quantum, "pass")):
        assert result("US-VC-01.2", {"reserves.client": {"BTC": held}, "claims": {"BTC": amount(1)}}) == expected


def test_new_yorks_capital_at_its_edge():
    for capital, expected in ((2_499_999, "fail"), (2_500_000, "pass"), (2_500_001, "pass")):
        verdict = judged("NY-CAP-01", {"us.ny.capital": amount(capital)})
        assert verdict.result.value == expected
        if expected == "fail":
            # 23:00 on 30 September in New York: told before that day ends there.
            assert [each.due for each in verdict.deadlines] == [datetime(2026, 10, 1, 3, 59, 59, 999_999, tzinfo=UTC)]


# Clocks.


@pytest.mark.parametrize(
    ("rule", "fact", "sample", "since", "done", "begun", "last"),
    [
        # 30 calendar days, to their end in New York.
        ("US-SAR-01", "cases", CASE, "detected", "filed", datetime(2026, 8, 1, 12, tzinfo=UTC),
         datetime(2026, 9, 1, 3, 59, 59, 999_999, tzinfo=UTC)),
        # 15 calendar days from a day: 1 September is New York's, not the evening before.
        ("US-CTR-01", "us.cash_days", CASH, "day", "filed_at", date(2026, 9, 1),
         datetime(2026, 9, 17, 3, 59, 59, 999_999, tzinfo=UTC)),
        # Ten federal business days over Labor Day, 7 September 2026.
        ("US-OFAC-01", "us.ofac.reports", {"id": "1", "kind": "blocked"}, "acted_at", "reported_at",
         datetime(2026, 9, 1, 12, tzinfo=UTC), datetime(2026, 9, 17, 3, 59, 59, 999_999, tzinfo=UTC)),
        ("NY-AML-01", "us.ny.vc_days", LARGE, "reached", "noticed_at", datetime(2026, 9, 1, 12, tzinfo=UTC),
         datetime(2026, 9, 2, 12, tzinfo=UTC)),
        ("NY-REP-01.3", "us.ny.notices", {"id": "1", "subject": "law"}, "detected", "sent",
         datetime(2026, 9, 2, 3, tzinfo=UTC), datetime(2026, 9, 2, 3, 59, 59, 999_999, tzinfo=UTC)),
        ("US-AML-ST", "withdrawals", WITHDRAWAL, "requested", "done", datetime(2026, 9, 1, 12, tzinfo=UTC),
         datetime(2026, 9, 12, 3, 59, 59, 999_999, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_clocks_end_with_their_day_in_new_york(rule, fact, sample, since, done, begun, last):
    for moment, expected in ((last - SECOND, "pass"), (last, "pass"), (last + SECOND, "fail")):
        changes = {fact: rows(fact, {**sample, since: begun, done: moment})}
        assert result(rule, changes) == expected, moment
    # What is not done yet is in time for as long as the clock runs.
    for now, expected in ((last, "pass"), (last + SECOND, "fail")):
        assert result(rule, {fact: rows(fact, {**sample, since: begun, done: None})}, now) == expected


@pytest.mark.parametrize(
    ("rule", "fact", "end", "due"),
    [
        ("NY-REP-01", "us.ny.filings.quarterly", date(2026, 6, 30), date(2026, 8, 14)),
        ("NY-REP-01.2", "us.ny.filings.annual", date(2025, 12, 31), date(2026, 4, 30)),
        ("US-TAX-01", "us.tax.1099da", date(2025, 12, 31), date(2026, 3, 31)),
        ("US-TAX-01.2", "us.tax.1099da.sent", date(2025, 12, 31), date(2026, 2, 17)),
        ("US-OFAC-01.3", "us.ofac.annual", date(2025, 12, 31), date(2026, 9, 30)),
        *(("US-CR-01", "us.filings.msbcr", date.fromisoformat(f"{2025 if end == '12-31' else 2026}-{end}"),
           date.fromisoformat(f"2026-{due}")) for end, due in DUE),
    ],
)  # fmt: skip
def test_filings_at_the_edge_of_their_day(rule, fact, end, due):
    midnight = datetime(due.year, due.month, due.day, tzinfo=UTC) + timedelta(days=1, hours=5)
    last = midnight.replace(hour=5 if due.month < 3 or due.month > 10 else 4) - timedelta(microseconds=1)
    sample = GOOD[fact][0] if fact != "us.filings.msbcr" else rows(fact, REPORT)[0]
    # The third quarter's report is due in November: asked at the end of the year.
    now = AS_OF if end < date(2026, 9, 1) else datetime(2026, 12, 31, 12, tzinfo=UTC)
    for moment, expected in ((last - SECOND, "pass"), (last, "pass"), (last + SECOND, "fail")):
        found = judged(rule, {fact: ({**sample, "period_end": end, "filed_at": moment},)}, max(now, moment))
        assert [line.result.value for line in found.lines if line.key == end.isoformat()] == [expected], moment


def test_registration_is_renewed_by_the_end_of_its_second_year():
    last = datetime(2027, 1, 1, 4, 59, 59, 999_999, tzinfo=UTC)
    for now, expected in ((last - SECOND, "pass"), (last, "pass"), (last + SECOND, "fail")):
        assert result("US-REG-01", {"us.fincen.period_before": date(2024, 12, 31)}, now) == expected
    assert judged("US-REG-01").warning == "due in 92 days"


@pytest.mark.parametrize(("rule", "years"), [("US-REC-01", 5), ("US-OFAC-01.4", 10), ("NY-REC-01", 7), ("CA-04", 5)])
def test_retention_at_its_years(rule, years):
    for kept, expected in ((years - 1, "fail"), (years, "pass"), (years + 1, "pass")):
        changes = {"retention": tuple({**row, "keeps_years": amount(kept)} for row in GOOD["retention"])}
        assert result(rule, changes) == expected


def test_detectors_run_within_a_day_and_alerts_are_decided():
    def runs(**changes):
        return {"detectors": tuple({**row, **changes} for row in GOOD["detectors"])}

    day = timedelta(hours=24)
    for rule in ("US-SAR-01.2", "US-STR-01", "NY-AML-01.2"):
        for ran, expected in ((AS_OF - day + SECOND, "pass"), (AS_OF - day, "pass"), (AS_OF - day - SECOND, "fail")):
            assert result(rule, runs(ran_at=ran)) == expected
    # Wednesday 30 September 2026 is the fifth business day after the 23rd, and the first after the 29th.
    for rule, edge in (("US-STR-01", 23), ("NY-AML-01.2", 29)):
        for opened, expected in ((edge + 1, "pass"), (edge, "pass"), (edge - 1, "fail")):
            alert = runs(oldest_open=datetime(2026, 9, opened, 12, tzinfo=UTC))
            assert result(rule, alert) == expected, (rule, opened)


def test_fewer_records_than_could_show_anything_lack_data():
    for rule, fact in (
        ("US-PI-02", "us.permissible"), ("US-PI-03", "us.permissible"), ("US-CR-02", "us.filings.msbcr"),
        ("US-CR-08", "prices"), ("US-OFAC-01.2", "screening"), ("NY-REC-01.2", "record_fields"),
        ("CA-03", "us.licences"), ("US-TAX-01.3", "us.tax.1099da"),
    ):  # fmt: skip
        assert result(rule, {fact: ()}) == "insufficient data", rule


def test_states_filed_at_their_number():
    for filed, expected in ((4, "fail"), (5, "pass"), (6, "pass")):
        assert result(
            "US-CR-02", {"us.filings.msbcr": rows("us.filings.msbcr", {**REPORT, "states_filed": filed})}
        ) == (expected)
    assert TIERS[-1][0] == "none"
