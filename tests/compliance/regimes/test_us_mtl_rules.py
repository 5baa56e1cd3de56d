"""Every row of the US rules passes on a firm in order, fails on one thing wrong, and lacks data without its fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from compliance.evaluate import evaluate, evaluate_rule
from compliance.facts import Facts, Value
from compliance.regimes.us_mtl import RULES
from compliance.regimes.us_mtl.states import LAWS, states_of
from compliance.rules import Rule, RuleSet, Scope, States, Status
from compliance.verdicts import Result
from tests.compliance.regimes.sample_us_mtl import (
    AS_OF,
    CASE,
    CASH,
    CATALOGUE,
    FOURTH,
    GOOD,
    GOOD_STATES,
    INVESTMENTS,
    LARGE,
    REPORT,
    STATES,
    TRANSFER,
    WITHDRAWAL,
    amount,
    firm,
    record,
    rows,
)

Changes = Mapping[str, "Value | None"]
LATER = datetime(2027, 4, 1, 3, tzinfo=UTC)
"""When the rows of the tax year 2026 are in force."""
EARLIER = datetime(2024, 6, 1, 12, tzinfo=UTC)


def first(name: str, **changes) -> Changes:
    """The firm's own records of a fact, the first of them changed."""
    value = GOOD[name]
    assert isinstance(value, tuple)
    return {name: ({**value[0], **changes}, *value[1:])}


def one(name: str, row: dict, **changes) -> Changes:
    """One record, changed."""
    return {name: rows(name, {**row, **changes})}


SHORT = {"claims.state": {"BTC": amount(96), "ETH": amount(1)}}
LENT = {
    "encumbrances": rows("encumbrances", {"id": "1", "asset": "BTC", "units": 1, "licence": "l", "in_wallets": True})
}
MIXED = {"wallets.mixed": rows("wallets.mixed", {"address": "bc1q", "reason": "client and own"})}
ART = rows("us.permissible", {**INVESTMENTS[0], "kind": "art"})

FAILS: Mapping[str, Changes] = {
    "US-PI-01": {"client_money.owed": {"USD": amount(10_000_001)}},
    "US-PI-02": first("us.permissible", statutory_trust=False),
    "US-PI-03": {"us.permissible": ART},
    "US-PI-04": {"client_money.owed": {"USD": amount(10_000_001)}},
    "US-TNW-01": {"us.finance.liabilities": amount(48_000_000)},
    "US-TNW-02": {"us.finance.liabilities": amount(48_500_000)},
    "US-BOND-01": {"us.bond": amount(99_999)},
    "US-ADTL-01": {"us.adtl.missing": frozenset({"2026-08-03"})},
    "US-AML-ST": one("withdrawals", WITHDRAWAL, requested=datetime(2026, 9, 1, tzinfo=UTC), done=None),
    "US-VC-01": SHORT,
    "US-VC-01.2": {"claims": {"BTC": amount(96)}},
    "US-VC-02": SHORT,
    "US-CR-01": {"us.filings.msbcr": rows("us.filings.msbcr", {**REPORT, "filed_at": None})},
    "US-CR-02": one("us.filings.msbcr", REPORT, states_filed=4),
    "US-CR-02.2": one("us.filings.msbcr", FOURTH, destinations=False),
    "US-CR-03": one("us.filings.msbcr", REPORT, together=False),
    "US-CR-04": one("us.filings.msbcr", REPORT, form_version="v3"),
    "US-CR-05": one("us.filings.msbcr", REPORT, invalid_values=1),
    "US-CR-06": one("us.filings.msbcr", REPORT, missing_fields=1),
    "US-CR-07": one("us.filings.msbcr", REPORT, missing_notes=1),
    "US-CR-08": first("prices", price=amount(0)),
    "US-CR-09": one("us.filings.msbcr", REPORT, licensee_level=False),
    "US-SAR-01": one("cases", CASE, filed=datetime(2026, 10, 2, 5, tzinfo=UTC)),
    "US-SAR-01.2": {"detectors": tuple({**row, "complete": False} for row in GOOD["detectors"])},  # type: ignore[union-attr]  # records
    "US-CTR-01": one("us.cash_days", CASH, filed_at=None),
    "US-STR-01": first("detectors", complete=False),
    "US-TR-01": one("transfers", TRANSFER, complete=False),
    "US-REC-01": first("retention", keeps_years=amount(4)),
    "US-REG-01": {"us.fincen.period_before": date(2023, 12, 31)},
    "US-OFAC-01": first("us.ofac.reports", reported_at=None),
    "US-OFAC-01.2": first("screening", open_hits=amount(1)),
    "US-OFAC-01.3": first("us.ofac.annual", filed_at=datetime(2026, 10, 1, 5, tzinfo=UTC)),
    "US-OFAC-01.4": first("retention", gaps=amount(1)),
    "US-TAX-01": {"us.tax.1099da": ()},
    "US-TAX-01.2": {"us.tax.1099da.sent": ()},
    "US-TAX-01.3": first("us.tax.1099da", without_dti=amount(1)),
    "NY-CAP-01": {"us.ny.capital": amount(2_499_999)},
    "NY-CUS-01": SHORT,
    "NY-CUS-02": MIXED,
    "NY-CUS-02.2": LENT,
    "NY-CUS-02.3": first("us.controls", in_place=False),
    "NY-REC-01": first("retention", keeps_years=amount(6)),
    "NY-REC-01.2": first("record_fields", lacking=amount(1)),
    "NY-REP-01": {"us.ny.filings.quarterly": ()},
    "NY-REP-01.2": {"us.ny.filings.annual": ()},
    "NY-REP-01.3": first("us.ny.notices", sent=None),
    "NY-AML-01": one("us.ny.vc_days", LARGE, noticed_at=None),
    "NY-AML-01.2": {"detectors": tuple({**row, "complete": False} for row in GOOD["detectors"])},  # type: ignore[union-attr]  # records
    "CA-01": SHORT,
    "CA-02": MIXED,
    "CA-02.2": first("postings.to_own", is_charge=False),
    "CA-03": {
        "us.licences": rows(
            "us.licences", {"id": "l3", "state": "US-CA", "kind": "digital financial assets", "status": "none"}
        )
    },
    "CA-04": first("retention", gaps=amount(1)),
}
NEED = {"US-BOND-01": "us.adtl.bond", "US-PI-01": "client_money.owed"}
"""Which fact is taken away, where the first of a rule's inputs is not the one."""


def moment(rule: Rule) -> datetime:
    """A moment at which a version is in force."""
    if rule.is_in_force(AS_OF.date()):
        return AS_OF
    return LATER if rule.effective_from > AS_OF.date() else EARLIER


def facts(rule: Rule, changes: Changes | None = None):
    """The firm as it is when the version is in force: of other days the records of days are not there."""
    return firm(changes, moment(rule))


def scope(rule: Rule) -> str:
    """A state that the rule binds."""
    if rule.scope is Scope.ENTITY:
        return ""
    return next(state for state in STATES if rule.states is None or rule.states.bind(state, moment(rule).date()))


def test_no_rule_is_forgotten():
    assert {rule.id for rule in RULES.rules} == set(FAILS)


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: f"{rule.id}-{rule.version}")
def test_a_firm_in_order_passes(rule):
    verdict = evaluate_rule(rule, facts(rule), scope(rule))
    assert verdict.result is Result.PASS, (verdict.lines[:2], verdict.missing, verdict.measured, verdict.note)
    assert verdict.evidence and verdict.parameters and verdict.scope == scope(rule)


ASKED_AFTER = {"US-OFAC-01.3": datetime(2026, 10, 1, 6, tzinfo=UTC)}
"""What is filed after the moment of judgement is not filed yet: a late filing is judged when it is there."""


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: f"{rule.id}-{rule.version}")
def test_one_thing_wrong_fails(rule):
    given = facts(rule, FAILS[rule.id])
    if rule.id in ASKED_AFTER:
        given = Facts(given.entity, ASKED_AFTER[rule.id], given.catalogue, list(given))
    verdict = evaluate_rule(rule, given, scope(rule))
    assert verdict.result is Result.FAIL and rule.consequence


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: f"{rule.id}-{rule.version}")
def test_without_its_fact_a_rule_lacks_data(rule):
    name = NEED.get(rule.id, next(iter(rule.inputs.values())))
    verdict = evaluate_rule(rule, facts(rule, {name: None}), scope(rule))
    assert verdict.result is Result.INSUFFICIENT and name in verdict.missing


def test_nothing_known_is_never_a_pass():
    found = evaluate(RULES, firm(dict.fromkeys((*GOOD, *GOOD_STATES))), zone="US")
    assert {verdict.result for verdict in found} == {Result.INSUFFICIENT}


def test_who_is_no_money_services_business_and_has_no_licence_is_not_bound():
    free = {"us.msb": False, "licences.us.states": frozenset(), "us.served.states": frozenset()}
    found = evaluate(RULES, firm(free), zone="US")
    assert {verdict.result for verdict in found} == {Result.NOT_APPLICABLE}


# One verdict for each state, and states' differences.


def by_state(rule_id: str, changes: Changes | None = None, as_of: datetime = AS_OF) -> dict[str, str]:
    found = evaluate(RULES, firm(changes, as_of), zone="US")
    return {each.scope: each.result.value for each in found if each.rule == rule_id}


def test_each_licensed_state_has_a_verdict_and_no_other_has():
    assert set(by_state("US-TNW-01")) == set(STATES)
    assert set(by_state("US-TNW-01", {"licences.us.states": frozenset({"US-TX", "US-OH"})})) == {"US-OH", "US-TX"}


def test_states_ask_for_kind_each_by_its_own_rule():
    assert by_state("US-VC-01") == {"US-SD": "pass", "US-WA": "pass"}
    assert by_state("NY-CUS-01") == {"US-NY": "pass"} and by_state("CA-01") == {"US-CA": "pass"}
    # Texas has no table for the optional article: it is judged as though it had it.
    assert by_state("US-VC-02") == {"US-TX": "pass"}
    one_of = {each: rule for rule in ("US-VC-01", "US-VC-02", "NY-CUS-01", "CA-01") for each in by_state(rule)}
    assert set(one_of) == set(STATES)


def test_a_rule_of_another_state_does_not_apply():
    [verdict] = [
        each
        for each in evaluate(RULES, firm({"licences.us.states": frozenset({"US-TX"})}), zone="US")
        if each.rule == "NY-CAP-01"
    ]
    assert verdict.result is Result.NOT_APPLICABLE and verdict.scope == "" and "US-NY" in verdict.note


def test_a_shortfall_is_of_the_state_whose_residents_it_touches():
    facts = firm()
    texas = next(each for each in facts if (each.name, each.scope) == ("claims.state", "US-TX"))
    # 96 BTC of Texans against 95 that are held.
    short = facts.with_facts(replace(texas, value={"BTC": amount(96)}))
    found = {each.scope: each.result for each in evaluate(RULES, short, zone="US") if each.rule.startswith("US-VC-02")}
    assert found == {"US-TX": Result.FAIL}
    assert {each.result for each in evaluate(RULES, short, zone="US") if each.rule == "US-VC-01"} == {Result.PASS}


def test_units_are_counted_once_over_all_states():
    """60 in each of two states against 95: each state alone is covered, all of them are not."""
    claims = {"claims.state": {"BTC": amount(60)}, "claims": {"BTC": amount(300)}}
    assert set(by_state("US-VC-01", claims).values()) == {"pass"}
    assert set(by_state("US-VC-01.2", claims).values()) == {"fail"}


def test_adoption_dates_decide_state_by_state():
    """Texas has the model act from 1 September 2023, South Dakota's part from 1 July."""
    before, after = datetime(2023, 8, 31, 12, tzinfo=UTC), datetime(2023, 9, 1, 12, tzinfo=UTC)
    assert "US-TX" not in by_state("US-PI-01", as_of=before) and "US-TX" in by_state("US-PI-01", as_of=after)
    assert "US-NY" in by_state("US-PI-01", as_of=before)
    # The day is New York's: at 03:00 UTC on 1 September it is still August there.
    assert "US-TX" not in by_state("US-PI-01", as_of=datetime(2023, 9, 1, 3, tzinfo=UTC))


def test_california_begins_on_1_july_2026():
    assert by_state("CA-01", as_of=datetime(2026, 7, 1, 3, tzinfo=UTC)) == {}
    assert by_state("CA-01", as_of=datetime(2026, 7, 1, 12, tzinfo=UTC)) == {"US-CA": "pass"}


def test_versions_follow_each_other():
    assert RULES.find("US-OFAC-01.4", date(2025, 3, 11)).version == "31 CFR 501"
    assert RULES.find("US-OFAC-01.4", date(2025, 3, 12)).version == "2025"
    assert RULES.find("US-TAX-01.3", date(2026, 12, 31)).version == "2025"
    assert RULES.find("US-TAX-01.3", date(2027, 1, 1)).version == "2026"
    covered = first("us.tax.1099da", covered_without_basis=amount(1))
    for as_of, result in ((AS_OF, "pass"), (LATER, "fail")):
        assert by_state("US-TAX-01.3", covered, as_of) == {"": result}
    seven = first("retention", keeps_years=amount(7))
    assert by_state("US-OFAC-01.4", seven) == {"": "fail"}
    assert by_state("US-OFAC-01.4", seven, datetime(2025, 3, 11, 12, tzinfo=UTC)) == {"": "pass"}


def test_the_states_table_names_rules_and_their_standing():
    ids = {rule.id for rule in RULES.rules}
    for state, law in LAWS.items():
        assert state in STATES and law.law and set(law.parts) <= ids
    assert states_of("US-VC-02") == States((), ("US-CA", "US-NY", "US-SD", "US-WA"), {})
    assert states_of("US-PI-01").since == {"US-TX": date(2023, 9, 1)}


def test_states_are_in_the_hash():
    rule = RULES.find("US-VC-01", AS_OF.date())
    other = replace(rule, states=States(("US-WA",)))
    sets = [RuleSet("us-mtl", "n", "1", (each,)).hash() for each in (rule, other, replace(rule, states=None))]
    assert len(set(sets)) == 3
    with pytest.raises(AssertionError, match="states are of a rule by state"):
        replace(rule, scope=Scope.ENTITY)


def test_every_row_is_cited_and_says_how_far_its_text_was_read():
    for rule in RULES.rules:
        assert rule.source.startswith("https://") and rule.frequency and rule.section and rule.evidence, rule.id
        if rule.status is Status.UNVERIFIED:
            assert rule.note, f"{rule.id}: what is unverified says what was not seen"
    assert all(each.regime == "us-mtl" and each.reason for each in RULES.not_covered)


def test_every_input_is_a_fact_of_the_catalogue():
    for rule in RULES.rules:
        for name in [*rule.inputs.values(), *(each.left for each in rule.applies)]:
            assert name in CATALOGUE, (rule.id, name)


def test_a_state_without_a_currency_rate_lacks_it_by_name():
    rule = RULES.find("US-PI-01", AS_OF.date())
    verdict = evaluate_rule(rule, firm({"us.rates": None}), "US-TX")
    assert verdict.result is Result.INSUFFICIENT and verdict.missing == ("a rate of EUR in USD",)
    assert record("us.permissible", id="x", kind="cash", value=1, pledged=0, statutory_trust=True)["obligor"] is None
