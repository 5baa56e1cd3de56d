"""Every row of Dubai's rules passes on a firm in order, fails on one thing wrong, and lacks data without its fact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from compliance.evaluate import evaluate, evaluate_rule
from compliance.facts import Value
from compliance.regimes.vara import RULES
from compliance.rules import Rule, Status
from compliance.verdicts import Result
from tests.compliance.regimes.sample_vara import (
    ABROAD,
    ANNUAL,
    AS_OF,
    CASE,
    GOOD,
    MARGIN,
    QUARTERLY,
    RECEIPT,
    TRANSFER_IN,
    TRANSFER_OUT,
    UNHOSTED,
    WALLET,
    WITHDRAWAL,
    amount,
    at,
    every_day,
    firm,
    record,
    rows,
)  # fmt: skip

Changes = Mapping[str, "Value | None"]


def first(name: str, **changes) -> Changes:
    """The firm's own records of a fact, the first of them changed."""
    value = GOOD[name]
    assert isinstance(value, tuple)
    return {name: ({**value[0], **changes}, *value[1:])}


def one(name: str, row: dict, **changes) -> Changes:
    """One record, changed."""
    return {name: rows(name, {**row, **changes})}


LENT = {"encumbrances": rows("encumbrances", {"id": "1", "asset": "BTC", "units": 1, "in_wallets": True})}
NO_MARGIN = {"vara.margin_licensed": False}

# What makes each rule fail; where a rule passes on the firm only after a change, that is in PASSES.
FAILS: Mapping[str, Changes] = {
    # A surplus of ETH worth 5 BTC helps nothing (vector VARA-RES-01).
    "VARA-RES-01": {
        "claims": {"BTC": amount(100), "ETH": amount(2000)},
        "reserves.client": {"BTC": amount("99.9"), "ETH": amount(2125)},
    },
    "VARA-RES-02": {"reconciliations": every_day("reconciliations", kind="assets", differences=1, unexplained=1)},
    "VARA-RES-03": {"vara.reserve_audit.last": date(2026, 3, 1)},
    "VARA-RES-03b": first("vara.reserve_audits", quarter=None),
    "VARA-POR-01": first("vara.por_requests", answered=None),
    "VARA-SEG-01": {"wallets.mixed": rows("wallets.mixed", {"address": "bc1q", "reason": "client and own"})},
    "VARA-SEG-01b": one("wallets", WALLET, label="Cold 1"),
    "VARA-SEG-02": first("postings.to_own", is_charge=False),
    "VARA-SEG-03": LENT,
    "VARA-SEG-04": first("vara.proceeds", credited=amount(2)),
    "VARA-SEG-05": first("vara.control_scope", in_statement=False),
    "VARA-CM-01": first("bank_accounts", title="Example Exchange FZE"),
    "VARA-CM-02": one("vara.client_money.receipts", RECEIPT, paid_in=at(9, 3)),
    "VARA-CM-03": one("vara.client_money.receipts", RECEIPT, bank_country="GB"),
    "VARA-CM-03b": one("vara.client_money.receipts", ABROAD, move_started=None),
    "VARA-CM-04": {"client_money.held": {"AED": amount(999_999)}},
    "VARA-CM-04b": {"vara.client_money.workpapers": ()},
    "VARA-CM-05": first("vara.client_money.workpapers", approved_by="A"),
    "VARA-CM-05b": first("vara.client_money.differences", resolved=None),
    "VARA-CM-05c": first("vara.client_money.differences", resolved=None, material=True),
    "VARA-CM-06": first("statements.monthly", prepared=amount(499)),
    "VARA-CM-07": first("statements.monthly", prepared_at=None),
    "VARA-CAP-01": {"vara.capital.paid_up": amount(1)},
    "VARA-CAP-02": {"vara.liquid_assets": amount(3_699_999)},
    "VARA-CAP-02b": {"vara.net_liquid_days": ()},
    "VARA-CAP-03": first("vara.insurance", in_place=False),
    "VARA-CAP-03b": first("vara.insurance", until=date(2026, 9, 29)),
    "VARA-CAP-04": first("vara.notices", sent=None),
    "VARA-RPT-01": {"vara.exposure_days": every_day("vara.exposure_days", own=3, margin_funds=0, other=0, total=2)},
    "VARA-REP-M": first("vara.filings.monthly", wallets_listed=amount(1)),
    "VARA-REP-Q": one("vara.filings.quarterly", QUARTERLY, risk_exposure=False),
    "VARA-REP-Qb": one("vara.filings.quarterly", QUARTERLY, audit_attached=False),
    "VARA-REP-A": one("vara.filings.annual", ANNUAL, certification=False),
    "VARA-REP-DUE-M": {"vara.filings.monthly": ()},
    "VARA-REP-DUE-Q": {"business.since": date(2026, 1, 1), "vara.filings.quarterly": ()},
    "VARA-REP-DUE-A": {"business.since": date(2025, 1, 1), "vara.filings.annual": ()},
    "VARA-REC-01": first("retention", keeps_years=amount(7)),
    "VARA-REC-01b": first("record_fields", lacking=amount(1)),
    "VARA-AML-REC": first("retention", gaps=amount(1)),
    "VARA-REC-02": {"retention": (record("retention", **{"class": "lending"}, keeps_years=7, gaps=0),)},
    "VARA-TR-01": one("transfers", TRANSFER_OUT, complete=False),
    "VARA-TR-02": one("transfers", TRANSFER_IN, credited_before_complete=True),
    "VARA-TR-03": one("transfers", TRANSFER_OUT, due_diligence_until=None),
    "VARA-TR-03b": first("vara.controls", in_place=False),
    "VARA-TR-03c": one("transfers", UNHOSTED, ownership_proof=None),
    "VARA-AML-01": one("cases", CASE, kind="money laundering", filed=None),
    "VARA-AML-02": first("vara.fiu_requests", answered=at(9, 3, 9)),
    "VARA-MG-01": one("margin.accounts", MARGIN, client_class="RETAIL"),
    "VARA-MG-01b": NO_MARGIN,
    "VARA-MG-02": one("margin.accounts", MARGIN, credit=101),
    "VARA-MG-03": {"vara.exposure.total": amount(1_899_999)},
    "VARA-MG-04": one("margin.accounts", MARGIN, collateral_allowed=False),
    "VARA-MG-05": first("vara.margin.orders", funded_by="another client"),
    "VARA-MG-06": one("margin.accounts", MARGIN, warned=at(9, 10, 9)),
    "VARA-MG-06b": {"vara.margin.statements": ()},
    "VARA-MG-07": first("vara.margin.approvals", approval=None),
    "VARA-EX-01": one("cases", CASE, kind="market abuse", filed=None),
    "VARA-EX-01b": first("detectors", complete=False),
    "VARA-EX-02": {"fees.rewarding_cancels": frozenset({"BTC-AED rebate on cancel"})},
    "VARA-EX-03": first("controls", in_place=False),
    "VARA-EX-03b": {
        "vara.controls": tuple(
            {**row, "in_place": False}
            for row in GOOD["vara.controls"]  # type: ignore[union-attr]  # records
        )
    },
    "VARA-LB-01": {"vara.lending.available": {"BTC": amount("8.99")}},
    "VARA-LB-01b": first("vara.lending.collateral", posted=amount(99)),
    "VARA-LB-02": one("withdrawals", WITHDRAWAL, done=None),
    "VARA-CU-01": one("withdrawals", WITHDRAWAL, instructed=False),
    "VARA-CU-01b": {
        "vara.controls": (record("vara.controls", name="separate legal entity for custody", in_place=False),)
    },
    "VARA-CU-01c": {"vara.custody.independent_directors": amount(0)},
    "VARA-CU-02": first("vara.collateral_wallets", instruction=None),
    "VARA-CU-03": LENT,
    "VARA-FR-01": {"vara.frva.reserves": {"AED": amount("99.99")}},
    "VARA-FR-01b": first("vara.frva.holdings", instrument="equity"),
    "VARA-FR-01c": first("vara.frva.holdings", days_left=amount(91)),
    "VARA-FR-01d": one("vara.frva.holdings", {"id": "1", "instrument": "repo", "in_reference_currency": True}),
    "VARA-FR-01e": {"vara.frva.audits": ()},
    "VARA-FR-01f": first("vara.frva.audits", independent=False),
}
PASSES: Mapping[str, Changes] = {"VARA-MG-01b": {**NO_MARGIN, "margin.accounts": ()}}
NEED = {
    # Which fact is taken away, where the first of a rule's inputs is not the one.
    "VARA-RES-01": "claims",
    "VARA-CM-04": "client_money.held",
}


def in_force() -> tuple[Rule, ...]:
    return RULES.in_force(AS_OF.date())


def test_no_rule_is_forgotten():
    assert {rule.id for rule in RULES.rules} == set(FAILS)


@pytest.mark.parametrize("rule", in_force(), ids=lambda rule: rule.id)
def test_a_firm_in_order_passes(rule):
    verdict = evaluate_rule(rule, firm(PASSES.get(rule.id)))
    assert verdict.result is Result.PASS, (verdict.lines[:2], verdict.missing, verdict.measured)
    assert verdict.evidence and verdict.parameters


@pytest.mark.parametrize("rule", in_force(), ids=lambda rule: rule.id)
def test_one_thing_wrong_fails(rule):
    verdict = evaluate_rule(rule, firm(FAILS[rule.id]))
    assert verdict.result is Result.FAIL
    assert len(verdict.deadlines) == len(rule.clocks) and rule.consequence


@pytest.mark.parametrize("rule", in_force(), ids=lambda rule: rule.id)
def test_without_its_fact_a_rule_lacks_data(rule):
    name = NEED.get(rule.id, next(iter(rule.inputs.values())))
    verdict = evaluate_rule(rule, firm({**PASSES.get(rule.id, {}), name: None}))
    assert verdict.result is Result.INSUFFICIENT and name in verdict.missing


def test_nothing_known_is_never_a_pass():
    found = evaluate(RULES, firm(dict.fromkeys(GOOD)), zone="AE")
    assert {verdict.result for verdict in found} == {Result.INSUFFICIENT}


def test_rules_of_an_activity_do_not_apply_without_it():
    small = firm({"vara.activities": frozenset({"advisory"}), **NO_MARGIN})
    found = {verdict.rule for verdict in evaluate(RULES, small, zone="AE") if verdict.result is Result.NOT_APPLICABLE}
    conditioned = {rule.id for rule in in_force() if rule.applies} - {"VARA-CAP-01", "VARA-MG-01b"}
    assert found == conditioned


def test_every_row_is_cited_and_says_how_far_its_text_was_read():
    for rule in RULES.rules:
        assert rule.source.startswith("https://") and rule.frequency and rule.section and rule.evidence, rule.id
        if rule.status is Status.UNVERIFIED:
            assert rule.note, f"{rule.id}: what is unverified says what was not seen"
    assert all(each.regime == "vara" and each.reason for each in RULES.not_covered)
    assert RULES.hash() == RULES.hash()


def test_every_input_is_a_fact_of_the_catalogue():
    catalogue = firm().catalogue
    for rule in RULES.rules:
        for name in [*rule.inputs.values(), *(each.left for each in rule.applies)]:
            assert name in catalogue, (rule.id, name)
