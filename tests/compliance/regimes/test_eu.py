"""Every rule of the EU: it passes, it fails, it lacks each fact that it asks for, and it binds only whom it binds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction as F
from itertools import pairwise

import pytest

from compliance.calendars import Clock
from compliance.evaluate import evaluate, evaluate_rule
from compliance.regimes import ZONES, catalogue, rule_set
from compliance.regimes.eu.rules_reports import REPORT_RULES
from compliance.regimes.eu.terms import ACTS, TEXTS
from compliance.rules import Status
from compliance.verdicts import Result
from tests.compliance.regimes.sample_eu import END, GOOD, NOW, at, facts

RULES = rule_set("eu")
FAST = {"eu.gateway_latency_us": F(900)}
"""What makes a rule apply that the sample's firm is not bound by."""
APPLIES = {"EU-CLK-01.2": FAST}


def changed(name: str, place: int = 0, /, **fields):
    """The sample's records of a fact with fields of one changed."""
    found = [dict(row) for row in GOOD[name]]
    assert set(fields) <= set(found[place]), "the fields are of the kind"
    found[place].update(fields)
    return {name: tuple(found)}


def control(name: str, **fields):
    """The sample's controls with one changed."""
    place = next(place for place, row in enumerate(GOOD["controls"]) if row["name"] == name)
    return changed("controls", place, **{"in_place": False, **fields})


def lacking(record: str):
    place = next(place for place, row in enumerate(GOOD["record_fields"]) if row["record"] == record)
    return changed("record_fields", place, lacking=F(1))


def retained(name: str, **fields):
    place = next(place for place, row in enumerate(GOOD["retention"]) if row["class"] == name)
    return changed("retention", place, **{"keeps_years": F(4), **fields})


def detector(name: str, **fields):
    place = next(place for place, row in enumerate(GOOD["detectors"]) if row["detector"] == name)
    return changed("detectors", place, **fields)


OLD = date(2025, 12, 30)
FAILS = {
    "EU-SEG-01": changed("postings.to_own", reason="loan", is_charge=False),
    "EU-SEG-01.2": {"reserves.client": {"BTC": F("99.9"), "ETH": F(9_000)}},
    "EU-SEG-02": {"client_money.held": {"EUR": F(9_000_000), "USD": F("199999.99")}},
    "EU-SEG-02.2": changed("eu.client_funds.placements", placed=at("2026-12-28T23:00")),
    "EU-SEG-02.3": changed("eu.client_fund_accounts", place="third-country bank"),
    "EU-CUS-01": lacking("position"),
    "EU-CUS-01.2": control("custody policy"),
    "EU-CUS-02": changed("statements.quarterly", 3, prepared=F(899)),
    "EU-CUS-03": changed("wallets", owner=None),
    "EU-CUS-03.2": {"wallets.mixed": ({"address": "bc1q", "reason": "clients and own"},)},
    "EU-CUS-03.3": changed("eu.losses", made_good_eur=F(4_999)),
    "EU-SAF-01": changed("reconciliations", -3, unexplained=F(1)),
    "EU-SAF-01.2": {"reserves.client": {"BTC": F(100)}},
    "EU-SAF-02": changed("eu.client_fund_accounts", separate=False),
    "EU-SAF-02.2": {"eu.client_funds.group": F("1000000.01")},
    "EU-SAF-03": changed("encumbrances", consent=None),
    "EU-SAF-04": {"eu.safeguarding.audited": OLD},
    "EU-CAP-01": {"eu.safeguards": F(299_999)},
    "EU-CAP-01.2": {"eu.capital.reviewed": OLD},
    "EU-IFR-01": {"eu.own_funds": F(109_999)},
    "EU-STM-01": changed("statements.quarterly", 3, prepared=F(0)),
    "EU-STM-02": changed("eu.depreciations", told=at("2026-12-28T23:30")),
    "EU-CFD-01": changed("eu.cfd.openings", margin=F(4_999)),
    "EU-CFD-02": changed("eu.cfd.accounts", equity=F(2_499)),
    "EU-CFD-03": changed("eu.cfd.accounts", 1, equity=F(-1)),
    "EU-CFD-03.2": changed("eu.cfd.losers", shown=F(71)),
    "EU-CFD-03.3": {"eu.cfd.disclosed": date(2026, 9, 29)},
    "EU-CFD-03.4": control("no incentives for CFDs"),
    "EU-MAR-01": detector("MA-03", complete=False),
    "EU-MAR-01.2": changed("cases", filed=at("2026-12-24T15:00")),
    "EU-MA-01": detector("MA-01", oldest_open=NOW - timedelta(days=20)),
    "EU-MA-01.2": changed("cases", 1, detected=at("2026-12-24T09:00")),
    "EU-MA-01.3": detector("MA-11", ran_at=NOW - timedelta(days=2)),
    "EU-MA-01.4": detector("MA-12", ran_at=NOW - timedelta(days=2)),
    "EU-WP-01": changed("eu.admissions", white_paper_or_exemption=None),
    "EU-EBA-01": changed("eu.emt_reports", sent=date(2026, 10, 21)),
    "EU-TX-01": changed("eu.transaction_reports", complete=at("2026-12-28T23:30")),
    "EU-TX-01.2": changed("eu.transaction_reports", reported=F(811)),
    "EU-TX-02": lacking("transaction-report"),
    "EU-TX-03": {"eu.transaction_reports.reconciled": date(2026, 11, 29)},
    "EU-TX-03.2": changed("eu.transaction_reports", rejected_open=F(1)),
    "EU-TX-03.3": changed("eu.files", 0, problems=F(1)),
    "EU-OR-01": {"orders.gaps": F(1)},
    "EU-OR-01.2": lacking("order-event"),
    "EU-OR-01.3": retained("order"),
    "EU-OB-01": lacking("order-book-record"),
    "EU-OB-01.2": changed("eu.files", 1, problems=F(1)),
    "EU-OB-02": lacking("asset"),
    "EU-REC-01": lacking("order-decision"),
    "EU-REC-01.2": retained("communication"),
    "EU-RK-01": {"log.whole": False},
    "EU-RK-01.2": {"archive.drilled": at("2026-09-29T20:00")},
    "EU-RK-02": retained("consent", gaps=F(1), keeps_years=F(5)),
    "EU-RK-02.2": retained("trade"),
    "EU-RK-02.3": retained("client_asset_day"),
    "EU-RK-02.4": lacking("algorithm"),
    "EU-CLK-01": changed("eu.clocks", divergence_us=F(1_001)),
    "EU-CLK-01.2": {**FAST, **changed("eu.clocks", divergence_us=F(101))},
    "EU-VEN-01": control("kill switch"),
    "EU-VEN-02": control("price collar", in_place=True, tested_on=OLD),
    "EU-VEN-02.2": {"eu.monitoring_delay_ms": F(5_001)},
    "EU-VEN-02.3": {"eu.orders.beyond_limits": F(1)},
    "EU-VEN-02.4": changed("eu.overrides", authorised_by=None),
    "EU-VEN-03": changed("eu.halts", parameters=None),
    "EU-VEN-03.2": control("halt parameters kept by version"),
    "EU-VEN-04": changed("order_to_trade", trades=F(98)),
    "EU-VEN-04.2": changed("order_to_trade", traded=F("3.9")),
    "EU-ALG-01": control("algorithms: throttle of repeated executions"),
    "EU-ALG-01.2": {"eu.algo.alert_delay_ms": F(5_001)},
    "EU-ALG-01.3": {"eu.algo.self_assessed": OLD},
    "EU-BX-01": {"eu.best_execution.reviewed": date(2026, 9, 29)},
    "EU-PLT-01": control("rejection of clearly wrong orders"),
    "EU-PLT-01.2": changed("eu.settlements", settled=at("2026-12-30T23:01")),
    "EU-PLT-01.3": changed("eu.settlements", 1, settled=at("2026-12-29T23:00")),
    "EU-PLT-01.4": {"eu.house_trades": F(1)},
    "EU-TRN-01": control("public post-trade data"),
    "EU-TRN-01.2": control("public data in ISO 20022"),
    "EU-TFR-01": changed("transfers", 2, complete=False),
    "EU-TFR-02": changed("transfers", 0, ownership_proof=None),
    "EU-TFR-02.2": changed("transfers", 1, value_eur=None),
    "EU-TFR-03": changed("transfers", 2, credited_before_complete=True),
    "EU-TFR-03.2": changed("eu.tfr.failures", 0, reported=None),
    "EU-DORA-01": changed("eu.incidents", initial=at("2026-11-10T16:00:01")),
    "EU-DORA-01.2": changed("eu.incidents", aware=at("2026-11-09T15:00")),
    "EU-DORA-01.3": changed("eu.incidents", intermediate=at("2026-11-13T15:30:01")),
    "EU-DORA-01.4": changed("eu.incidents", final=at("2026-12-13T23:00")),
    "EU-TAX-01": {"eu.dac8.since": date(2025, 12, 1)},
    "EU-TAX-01.2": lacking("carf"),
}
"""For every rule one change of the sample that breaks it."""


def rule_of(rule_id: str, day: date = END):
    found = RULES.find(rule_id, day)
    assert found is not None, f"{rule_id} is in force"
    return found


def judge(rule_id: str, changes=None, without=(), as_of: datetime = NOW):
    return evaluate_rule(rule_of(rule_id, as_of.date()), facts(changes, without, as_of))


def test_no_rule_is_forgotten():
    assert {rule.id for rule in RULES.rules} == set(FAILS)


def test_no_row_of_the_rule_table_is_forgotten():
    wanted = """EU-TX-01 EU-TX-02 EU-TX-03 EU-OR-01 EU-CLK-01 EU-VEN-01 EU-VEN-02 EU-VEN-03 EU-VEN-04 EU-ALG-01
        EU-SAF-01 EU-SAF-02 EU-SAF-03 EU-SAF-04 EU-STM-01 EU-STM-02 EU-REC-01 EU-CFD-01 EU-CFD-02 EU-CFD-03
        EU-BX-01 EU-IFR-01
        EU-MAR-01 EU-CAP-01 EU-SEG-01 EU-SEG-02 EU-CUS-01 EU-CUS-02 EU-CUS-03 EU-PLT-01 EU-OB-01 EU-OB-02 EU-TRN-01
        EU-RK-01 EU-RK-02 EU-MA-01 EU-WP-01 EU-EBA-01 EU-TFR-01 EU-TFR-02 EU-TFR-03 EU-DORA-01 EU-TAX-01""".split()
    assert {rule.id for rule in RULES.rules if "." not in rule.id} == set(wanted)


@pytest.mark.parametrize("rule_id", FAILS)
def test_a_rule_passes_and_fails(rule_id):
    assert judge(rule_id, APPLIES.get(rule_id)).result is Result.PASS
    failed = judge(rule_id, FAILS[rule_id])
    assert failed.result is Result.FAIL and failed.since == NOW
    assert failed.lines or failed.margin, "a failure says what failed"
    # The evidence of what was looked at comes with the verdict.
    assert failed.evidence and failed.parameters


@pytest.mark.parametrize("rule_id", FAILS)
def test_a_rule_lacks_each_fact_that_it_asks_for(rule_id):
    rule = rule_of(rule_id)
    wanted = {name for role, name in rule.inputs.items() if not role.endswith("?")}
    for name in sorted(wanted | {each.left for each in rule.applies}):
        verdict = judge(rule_id, APPLIES.get(rule_id), (name,))
        assert verdict.result is Result.INSUFFICIENT and name in verdict.missing, name
    assert set(judge(rule_id, None, tuple(GOOD)).missing) >= wanted


@pytest.mark.parametrize("rule_id", FAILS)
def test_a_rule_binds_nobody_without_licences_and_activities(rule_id):
    nobody = {"eu.licences": frozenset(), "eu.services": frozenset(), "eu.activities": frozenset()}
    verdict = judge(rule_id, {**FAILS[rule_id], **nobody})
    assert verdict.result is Result.NOT_APPLICABLE and verdict.note


def test_a_rule_says_where_it_stands_and_what_a_breach_brings():
    for rule in RULES.rules:
        assert rule.source.startswith("https://") and rule.source in TEXTS.values(), rule.id
        assert rule.section and rule.frequency and rule.evidence and rule.consequence and rule.applies, rule.id
        assert rule.read_at <= date(2026, 11, 30)
        for name, parameter in rule.parameters.items():
            if parameter.status is not None and parameter.status is not Status.VERIFIED:
                assert parameter.source, f"{rule.id} {name}: what is not verified says whose number it is"
    assert {each.id.split(".")[0] for each in RULES.not_covered} <= {rule.id for rule in RULES.rules}
    assert RULES.licence in catalogue() and ZONES["eu"] == "TARGET"


def test_facts_that_nobody_gives_are_not_asked_for_and_all_facts_are_used():
    asked = {name for rule in RULES.rules for name in (*rule.inputs.values(), *(each.left for each in rule.applies))}
    own = {name for name in catalogue() if name.startswith("eu.")}
    assert asked <= set(catalogue()) and own <= asked


def test_an_evaluation_is_of_all_rules_in_force():
    found = evaluate(RULES, facts(), zone=ZONES["eu"])
    assert {verdict.rule for verdict in found} == set(FAILS)
    assert {verdict.result for verdict in found} == {Result.PASS, Result.NOT_APPLICABLE}
    assert evaluate(RULES, facts(None, tuple(GOOD)), zone=ZONES["eu"]) != []
    lacking_all = evaluate(RULES, facts(None, tuple(GOOD)), zone=ZONES["eu"])
    assert {verdict.result for verdict in lacking_all} == {Result.INSUFFICIENT}


def test_records_of_nothing_show_nothing():
    for rule_id, name in (
        ("EU-SEG-02.3", "eu.client_fund_accounts"),
        ("EU-CUS-03", "wallets"),
        ("EU-TX-02", "record_fields"),
        ("EU-OB-01.2", "eu.files"),
        ("EU-CLK-01", "eu.clocks"),
        ("EU-CFD-03.2", "eu.cfd.losers"),
        ("EU-WP-01", "eu.admissions"),
    ):
        verdict = judge(rule_id, {name: ()})
        assert verdict.result is Result.INSUFFICIENT and name in verdict.missing[0]


def test_a_control_or_detector_or_class_that_nothing_is_said_of_lacks_data():
    for rule_id, name, key in (
        ("EU-VEN-01", "controls", "kill switch"),
        ("EU-MA-01", "detectors", "MA-07"),
        ("EU-RK-02", "retention", "agreement"),
    ):
        kept = tuple(row for row in GOOD[name] if key not in row.values())
        assert len(kept) == len(GOOD[name]) - 1
        verdict = judge(rule_id, {name: kept})
        assert verdict.result is Result.INSUFFICIENT and key in verdict.missing[0]


# Versions by date.


@pytest.mark.parametrize(
    ("rule_id", "day", "version"),
    [
        ("EU-CFD-01", date(2018, 7, 31), None),
        ("EU-CFD-01", date(2018, 8, 1), "ESMA"),
        ("EU-CFD-01", date(2019, 7, 31), "ESMA"),
        ("EU-CFD-01", date(2019, 8, 1), "national"),
        ("EU-CLK-01", date(2018, 1, 2), None),
        ("EU-CLK-01", date(2025, 11, 22), "2017/574"),
        ("EU-CLK-01", date(2025, 11, 23), "2025/1155"),
        ("EU-CLK-01.2", date(2025, 11, 22), "2017/574"),
        ("EU-CLK-01.2", date(2025, 11, 23), "2025/1155"),
        ("EU-SEG-01", date(2024, 12, 29), None),
        ("EU-SEG-01", date(2024, 12, 30), "1"),
        ("EU-OB-01", date(2025, 4, 2), None),
        ("EU-OB-01", date(2025, 4, 3), "1"),
        ("EU-TRN-01.2", date(2025, 11, 27), None),
        ("EU-TRN-01.2", date(2025, 11, 28), "1"),
        ("EU-DORA-01", date(2025, 1, 16), None),
        ("EU-DORA-01", date(2025, 1, 17), "1"),
        ("EU-TAX-01", date(2025, 12, 31), None),
        ("EU-TAX-01", date(2026, 1, 1), "1"),
        ("EU-IFR-01", date(2021, 6, 25), None),
        ("EU-IFR-01", date(2021, 6, 26), "1"),
    ],
)
def test_the_version_of_a_day(rule_id, day, version):
    found = RULES.find(rule_id, day)
    assert (found and found.version) == version


@pytest.mark.parametrize(("rule_id", "day"), [("EU-CFD-01", date(2019, 7, 1)), ("EU-CLK-01", date(2025, 11, 1))])
def test_old_versions_pass_and_fail_too(rule_id, day):
    then = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    assert judge(rule_id, as_of=then).result is Result.PASS
    assert judge(rule_id, FAILS[rule_id], as_of=then).result is Result.FAIL


def test_versions_of_one_rule_follow_each_other_without_a_gap():
    ordered = sorted(RULES.rules, key=lambda rule: (rule.id, rule.effective_from))
    for left, right in pairwise(ordered):
        if left.id == right.id:
            assert left.effective_to is not None and left.effective_to + timedelta(days=1) == right.effective_from


def test_the_anchor_of_a_term_is_a_parameter():
    found = [rule for rule in REPORT_RULES if "anchor" in rule.parameters]
    assert len(found) == 4
    for rule in found:
        assert {each.since for each in rule.must} == {rule.parameters["anchor"].value}


def test_citations_are_by_the_names_of_the_table_of_acts():
    names = [name for name, _ in ACTS]
    for each in (*RULES.rules, *RULES.not_covered):
        assert "ESMA Decision" in each.citation or any(each.citation.startswith(name) for name in names), each.citation
    for name in names:
        assert any(name in each.citation for each in (*RULES.rules, *RULES.not_covered)), name


def test_every_clock_counts_on_the_european_calendar_or_in_hours():
    for rule in RULES.rules:
        clocks = [each.value for each in rule.parameters.values() if isinstance(each.value, Clock)]
        for clock in (*clocks, *rule.clocks.values()):
            assert clock.calendar == "TARGET" or clock.unit.value == "hours", rule.id


def test_a_shortfall_sets_the_clock_of_a_notification_running():
    verdict = judge("EU-SEG-01.2", FAILS["EU-SEG-01.2"])
    assert [each.due for each in verdict.deadlines] == [NOW + timedelta(hours=24)]
