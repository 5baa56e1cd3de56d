"""Every row of Japan's rules passes on a firm in order, fails on one thing wrong, and lacks data without its fact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from compliance.evaluate import evaluate, evaluate_rule
from compliance.facts import Source, Value
from compliance.regimes import catalogue
from compliance.regimes.jfsa import RULES
from compliance.regimes.jfsa.facts import FACTS
from compliance.regimes.jfsa.rules_books import JOURNAL_FIELDS
from compliance.rules import Rule, Scope, Status
from compliance.transactions.journals import BOOKS
from compliance.verdicts import Result
from tests.compliance.regimes.sample_jfsa import (
    AS_OF,
    CASE,
    GOOD,
    POSITION,
    QUARTERLY,
    SHORT_CRYPTO,
    SHORT_MONEY,
    TRADE,
    TRANSFER,
    amount,
    at,
    firm,
    rows,
)  # fmt: skip

Changes = Mapping[str, "Value | None"]


def first(name: str, **changes) -> Changes:
    """The firm's own records of a fact, the first of them changed."""
    value = GOOD[name]
    assert isinstance(value, tuple)
    return {name: ({**value[0], **changes}, *value[1:])}


def last(name: str, **changes) -> Changes:
    """The last of them changed."""
    value = GOOD[name]
    assert isinstance(value, tuple)
    return {name: (*value[:-1], {**value[-1], **changes})}


def one(name: str, row: Mapping, **changes) -> Changes:
    """One record, changed."""
    return {name: rows(name, {**row, **changes})}


MIXED = {"wallets.mixed": rows("wallets.mixed", {"address": "bc1q", "reason": "client and own"})}
CORPORATE = {**TRADE, "person": "corporate"}

FAILS: Mapping[str, Changes] = {
    "JP-CM-01": {"jfsa.trust.balance": {"JPY": amount(1_199_999_999)}},
    "JP-CM-01b": first("jfsa.trusts", agent=None),
    "JP-CM-02": one("jfsa.shortfalls", SHORT_MONEY, cured=None),
    "JP-SEG-01": MIXED,
    "JP-SEG-01b": first("jfsa.books.crypto", users_total=amount(99)),
    "JP-SEG-01c": first("jfsa.custodians", attributable=False),
    # A surplus of ETH helps nothing.
    "JP-SEG-02": {"reserves.client": {"BTC": amount("99.9"), "ETH": amount(9999)}},
    "JP-SEG-02b": last("jfsa.books.crypto", kept=None),
    "JP-SEG-02c": last("reconciliations", unexplained=amount(1)),
    "JP-SEG-03": one("jfsa.shortfalls", SHORT_CRYPTO, cured=None),
    "JP-COLD-01": {"values.client.hot": {"JPY": amount(100_000_001)}},
    "JP-COLD-02": first("jfsa.safe_wallets", always_connected=True),
    "JP-GUAR-01": {"reserves.guarantee": {"BTC": amount("3.99"), "ETH": amount(65)}},
    "JP-GUAR-01b": {
        "wallets": tuple(
            {**row, "custody": "online"}
            for row in GOOD["wallets"]  # type: ignore[union-attr]  # records
        )
    },
    "JP-AUD-01": {"jfsa.audit.segregation.last": date(2025, 9, 1)},
    "JP-AUD-01b": first("jfsa.audits", cpa=False),
    "JP-AUD-02": {"jfsa.audit.guarantee.last": date(2025, 9, 1)},
    "JP-AUD-02b": last("jfsa.audits", barred=True),
    "JP-BK-01": first("jfsa.books.kept", in_place=False),
    "JP-BK-01b": last("jfsa.books.money", trust_property=None),
    "JP-BK-01c": last("jfsa.books.crypto", guarantee=None),
    "JP-BK-02": first("retention", keeps_years=amount(9)),
    "JP-BK-03": first("jfsa.books.places", in_japan=False),
    "JP-BK-04": first("record_fields", lacking=amount(1)),
    "JP-RP-Q": {"jfsa.filings.quarterly": ()},
    "JP-RP-Qb": one("jfsa.filings.quarterly", QUARTERLY, trust_certificate=False),
    "JP-RP-Qc": {"jfsa.filings.accounts": ()},
    "JP-RP-A": {"business.since": date(2025, 4, 1)},
    "JP-RP-M": {"jfsa.filings.jvcea": ()},
    "JP-CAP-01": {"jfsa.capital": amount(9_999_999)},
    "JP-CAP-01b": {"finance.total_assets": amount(7_999_999_999)},
    "JP-MARG-01": one("jfsa.margin.trades", TRADE, deposit=499_999),
    "JP-MARG-02": one("jfsa.margin.trades", CORPORATE, risk_ratio=amount("0.4"), deposit=399_999),
    "JP-MARG-02b": one("jfsa.margin.trades", CORPORATE, deposit=499_999),
    "JP-MARG-02c": last("jfsa.risk_ratios", set_on=date(2026, 9, 20)),
    "JP-MARG-03": first("jfsa.loss_cuts", liquidated=None),
    "JP-DER-01": one("jfsa.derivatives", POSITION, margin=999_999),
    "JP-DER-01b": one("jfsa.derivatives", POSITION, person="corporate", risk_ratio=amount("0.51")),
    "JP-DER-01c": first("jfsa.controls", in_place=False),
    "JP-TR-01": one("transfers", TRANSFER, complete=False),
    "JP-AML-01": one("cases", CASE, filed=None),
    "JP-AML-01b": last("retention", keeps_years=amount(6)),
    "JP-MA-01": first("detectors", complete=False),
}
NEED = {"JP-CM-01": "client_money.owed", "JP-GUAR-01": "reserves.client.hot", "JP-COLD-01": "values.client"}
"""Which fact is taken away, where the first of a rule's inputs is not the one."""


def in_force() -> tuple[Rule, ...]:
    return RULES.in_force(AS_OF.date())


def test_no_rule_is_forgotten():
    assert {rule.id for rule in RULES.rules} == set(FAILS)


@pytest.mark.parametrize("rule", in_force(), ids=lambda rule: rule.id)
def test_a_firm_in_order_passes(rule):
    verdict = evaluate_rule(rule, firm())
    assert verdict.result is Result.PASS, (verdict.lines[:2], verdict.missing, verdict.measured)
    assert verdict.evidence and verdict.parameters


@pytest.mark.parametrize("rule", in_force(), ids=lambda rule: rule.id)
def test_one_thing_wrong_fails(rule):
    verdict = evaluate_rule(rule, firm(FAILS[rule.id]))
    assert verdict.result is Result.FAIL
    assert len(verdict.deadlines) == len(rule.clocks) and rule.consequence


@pytest.mark.parametrize("rule", in_force(), ids=lambda rule: rule.id)
def test_without_its_fact_a_rule_lacks_data(rule):
    names = {NEED.get(rule.id, next(iter(rule.inputs.values()))), *(each.left for each in rule.applies)}
    for name in names:
        verdict = evaluate_rule(rule, firm({name: None}))
        assert verdict.result is Result.INSUFFICIENT and name in verdict.missing


def test_nothing_known_is_never_a_pass():
    found = evaluate(RULES, firm(dict.fromkeys(GOOD)), zone="JP")
    assert {verdict.result for verdict in found} == {Result.INSUFFICIENT} and len(found) == len(RULES.rules)


def test_margin_and_derivatives_do_not_apply_where_they_are_not_offered():
    without = firm({"jfsa.margin_offered": False, "jfsa.derivatives_offered": False})
    found = {each.rule for each in evaluate(RULES, without, zone="JP") if each.result is Result.NOT_APPLICABLE}
    assert found == {rule.id for rule in RULES.rules if rule.applies}


def test_empty_lists_are_no_pass_where_something_must_be_there():
    needed = ("jfsa.trusts", "jfsa.safe_wallets", "jfsa.audits", "jfsa.books.places", "jfsa.books.kept",
              "jfsa.filings.quarterly", "record_fields", "retention", "detectors")  # fmt: skip
    for name in needed:
        found = evaluate(RULES, firm({name: ()}), zone="JP")
        asking = [each for each in found if name in _inputs(each.rule)]
        assert asking and all(each.result is not Result.PASS for each in asking), name


def _inputs(rule_id: str) -> set[str]:
    rule = RULES.find(rule_id, AS_OF.date())
    assert rule is not None
    return set(rule.inputs.values())


def test_a_value_in_another_currency_is_no_value_in_yen():
    verdict = evaluate_rule(rule_of("JP-COLD-01"), firm({"values.client": {"USD": amount(1)}}))
    assert verdict.result is Result.INSUFFICIENT and verdict.missing == ("values.client: no value in JPY",)


def rule_of(rule_id: str) -> Rule:
    rule = RULES.find(rule_id, AS_OF.date())
    assert rule is not None
    return rule


def test_a_corporate_position_without_a_ratio_lacks_data():
    position = one("jfsa.derivatives", POSITION, person="corporate")
    assert evaluate_rule(rule_of("JP-DER-01b"), firm(position)).result is Result.INSUFFICIENT


def test_a_transfer_without_a_value_lacks_data():
    verdict = evaluate_rule(rule_of("JP-TR-01"), firm(one("transfers", TRANSFER, value_jpy=None)))
    assert verdict.result is Result.INSUFFICIENT


def test_transfers_to_self_hosted_wallets_and_incoming_ones_are_not_counted():
    for change in ({"self_hosted": True}, {"direction": "in"}):
        found = evaluate_rule(rule_of("JP-TR-01"), firm(one("transfers", TRANSFER, complete=False, **change)))
        assert found.result is Result.PASS


def test_every_row_is_cited_and_says_how_far_its_text_was_read():
    for rule in RULES.rules:
        assert rule.source.startswith("https://") and rule.frequency and rule.section and rule.evidence, rule.id
        assert rule.scope is Scope.ENTITY
        assert rule.version.startswith("APTCP" if rule.id == "JP-TR-01" else "PSA 2024-04-01"), rule.id
        if rule.status is not Status.VERIFIED:
            assert rule.note or rule.status is Status.SECONDARY, f"{rule.id}: says what was not seen"
    assert all(each.regime == "jfsa" and each.reason for each in RULES.not_covered)


def test_every_input_is_a_fact_and_every_fact_is_asked_for():
    known, asked = catalogue(), set()
    for rule in RULES.rules:
        for name in [*rule.inputs.values(), *(each.left for each in rule.applies)]:
            assert name in known, (rule.id, name)
            asked.add(name)
    shown_only = {"jfsa.own_funds", "jfsa.losses"}
    assert {kind.name for kind in FACTS} - asked == shown_only
    assert all(kind.source is Source.FIRM for kind in FACTS)


def test_a_shortfall_in_one_currency_is_not_made_up_by_another():
    changes = {
        "client_money.owed": {"JPY": amount(1), "USD": amount(1)},
        "jfsa.trust.balance": {"JPY": amount(10**9)},
    }
    assert evaluate_rule(rule_of("JP-CM-01"), firm(changes)).result is Result.FAIL


def test_open_shortfalls_are_in_time_while_the_clock_runs():
    for rule, row, days in (("JP-CM-02", SHORT_MONEY, 2), ("JP-SEG-03", SHORT_CRYPTO, 5)):
        # 30 September 2026 is a Wednesday; Monday to Wednesday of the week before are holidays.
        found = {2: at(9, 28, 0), 5: at(9, 18, 0)}[days]
        changes = one("jfsa.shortfalls", row, found=found, cured=None)
        assert evaluate_rule(rule_of(rule), firm(changes)).result is Result.PASS


def test_the_trade_journals_fields_are_those_that_the_book_is_made_with():
    assert set(JOURNAL_FIELDS) == BOOKS["jp"].needed and BOOKS["jp"].rule == "JP-BK-04"


def test_wallets_of_unknown_owners_show_no_guarantee_in_order():
    unknown = {"wallets": tuple({**row, "owner": None} for row in GOOD["wallets"]), "reserves.guarantee": None}
    assert evaluate_rule(rule_of("JP-GUAR-01b"), firm(unknown)).result is Result.INSUFFICIENT
