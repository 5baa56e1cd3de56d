"""The EU's pack: byte for byte as it is kept, every answer told, nothing claimed, nothing filled in."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.evaluate import evaluate
from compliance.facts import Facts
from compliance.regimes import catalogue, rule_set
from compliance.reports.claims import check_claims, claims_in
from compliance.reports.html import render_html
from compliance.reports.packs.eu import FIGURES, KINDS, pack
from compliance.reports.packs.eu.common import ROWS_SHOWN
from compliance.reports.packs.eu.markets import otr_of
from compliance.reports.packs.eu.texts import DETECTOR_NAMES, ENGLISH, SERVICE_NAMES
from compliance.verdicts import Result
from tests.compliance.regimes.guide import table_of_facts
from tests.compliance.regimes.sample_eu import GOLDEN, NOW, golden, rows, sample
from tests.compliance.regimes.sample_eu import KINDS as CATALOGUE

GUIDE = Path(__file__).parents[3] / "docs/guides/reports-eu.md"
MADE = pack(sample())
DOCUMENT = MADE.documents["quarterly"]


def table(name, document=DOCUMENT):
    return next(table.rows for table in document.tables if table.name == name)


def block(heading, document=DOCUMENT):
    return next(block for block in document.blocks if block.heading == heading)


@pytest.mark.parametrize("name", sorted(golden()))
def test_the_pack_is_byte_for_byte_as_it_is_kept(name):
    """After a change that is meant: python -m tests.compliance.regimes.sample_eu, and read the difference."""
    assert (GOLDEN / name).read_bytes() == golden()[name]


def test_the_pack_claims_nothing():
    check_claims(DOCUMENT)
    assert all(not claims_in(text) for text in (*ENGLISH.values(), *SERVICE_NAMES.values(), *DETECTOR_NAMES.values()))
    assert DOCUMENT.title == "Management assertion and evidence pack, unaudited"


def test_every_verdict_is_shown_with_its_rule_citation_and_status():
    shown = {row[0]: row for each in DOCUMENT.tables if each.name.startswith("verdicts-") for row in each.rows}
    rules = rule_set("eu")
    for verdict in sample().verdicts:
        rule = rules.find(verdict.rule, NOW.date())
        assert rule is not None
        row = shown[verdict.rule]
        assert (
            rule.title in row[1] and rule.citation in row[1] and {rule.status.value, verdict.result.value} <= set(row)
        )


def test_blocks_of_the_regime_name_the_rules_that_they_bear_on():
    known = {rule.id for rule in rule_set("eu").rules}
    bound = {rule for block in DOCUMENT.blocks for rule in block.rules}
    assert bound <= known
    # Every rule is named beside some table of figures, not only in the tables of verdicts.
    assert {
        "EU-SEG-01",
        "EU-CAP-01",
        "EU-VEN-04",
        "EU-RK-02",
        "EU-CUS-02",
        "EU-MA-01",
        "EU-TFR-02",
        "EU-DORA-01",
    } <= bound


def test_what_fails_and_what_lacks_stands_first():
    attention = table("attention")
    failing = {row[1] for row in attention if row[0] == "fail"}
    assert failing == {"EU-SEG-02.2", "EU-STM-01", "EU-CUS-02", "EU-VEN-04", "EU-VEN-04.2", "EU-TFR-02"}
    lacking = {row[1] for row in attention if row[0] == "insufficient data"}
    assert lacking == {"EU-SAF-04", "EU-IFR-01", "EU-RK-01.2", "EU-BX-01", "EU-MAR-01", "EU-MA-01"}
    missing = {row[1]: row[4] for row in table("missing-data")}
    assert missing["eu.ifr.averages"] == "tallystick facts set eu.ifr.averages"


def test_the_tables_say_what_the_rules_say():
    """The blocks judge rows by themselves where a rule judges records; both must come to the same."""
    answers = {verdict.rule: verdict.result for verdict in sample().verdicts}
    for name, rule_id in (
        ("client-funds", "EU-SEG-02"),
        ("placements", "EU-SEG-02.2"),
        ("statements", "EU-CUS-02"),
        ("order-to-trade", "EU-VEN-04"),
        ("record-matrix", "EU-RK-02"),
        ("transfers", "EU-TFR-02"),
        ("cases", "EU-MA-01.2"),
        ("transaction-report-days", "EU-TX-01"),
        ("moves-to-own", "EU-SEG-01"),
        ("admissions", "EU-WP-01"),
        ("incidents", "EU-DORA-01"),
    ):
        has_failure = any("fail" in row for row in table(name))
        assert has_failure == (answers[rule_id] is Result.FAIL), name


def test_capital_is_shown_line_by_line():
    found = table("capital-annex-iv")
    assert found[-3:-1] == (
        ("25 % of fixed overheads of 1,200,000", "300,000", "", ""),
        ("required", "300,000", "", ""),
    )
    assert found[-1] == ("held", "310,000", "10,000 over what is required", "pass")
    assert ("operation of a trading platform (class 3)", "150,000", "yes", "") in found
    lacking = block("Own funds of an investment firm (K-factors)")
    assert lacking.table is None and "eu.ifr.averages" in lacking.paragraphs[-1]


def test_k_factors_are_shown_where_they_are_known():
    data = sample()
    known = replace(data, facts=Facts(data.entity, NOW, CATALOGUE, _all_facts()))
    document = pack(known).documents["quarterly"]
    found = table("capital-k-factors", document)
    assert ("K-ASA", "100,000,000", "0.04", "40,000", "") in found
    assert found[-2][3] == "300,000" and found[-1][-1] == "pass"


def _all_facts():
    from tests.compliance.regimes.sample_eu import facts

    return list(facts())


def test_orders_over_transactions_are_ranked_and_never_rounded_down():
    found = table("order-to-trade")
    assert [row[0] for row in found] == ["m4", "m3", "m1", "m2"]
    assert found[1][4:8] == ("74", "5,210.5", "40.25", "128.46")
    assert found[0][4] == "—" and found[0][-1] == "fail" and found[-1][-1] == "not applicable"


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**4))
def test_the_ratio_is_above_its_limit_exactly_where_the_rule_fails(orders, trades, limit):
    """The plain twin of `orders <= (limit + 1) x trades`."""
    ratio = otr_of(F(orders), F(trades))
    assert (ratio is None) == (trades == 0)
    if ratio is not None:
        assert (ratio > limit) == (orders > (limit + 1) * trades)


def test_incidents_have_their_four_terms():
    found = [row for row in table("incidents") if row[0] == "i3"]
    assert [(row[1], row[4], row[6]) for row in found] == [
        ("initial notification (classification)", "2026-12-31 22:30", "pass"),
        ("initial notification (awareness)", "2027-01-01 16:00", "pass"),
        ("intermediate report", "—", "not applicable"),
        ("final report", "—", "not applicable"),
    ]


def test_the_calendar_is_made_from_the_rules():
    found = {row[1]: row[0] for row in table("calendar")}
    # 1 January is a holiday of TARGET and a Friday: the next business day is Monday the 4th.
    assert found["EU-TX-01"] == "2027-01-04 22:59"
    assert found["EU-CUS-02"] == "2027-01-31 22:59" and found["EU-TAX-01"] == "2027-01-31 22:59"
    assert found["EU-CAP-01.2"] == "2027-06-30 21:59"
    # The open incident of the last evening.
    assert found["EU-DORA-01"] == "2026-12-31 22:30" and found["EU-DORA-01.2"] == "2027-01-01 16:00"
    assert [row[0] for row in table("calendar")] == sorted(row[0] for row in table("calendar"))


def test_transaction_level_files_are_named_with_hash_and_schema():
    data = sample()
    [first, second] = table("transaction-files")
    assert first[0] == "ob-2026Q4" and first[1] == "separate file" and first[4] == "90,211"
    assert first[6].endswith("schema not verified") and len(first[7]) == 64
    there = pack(replace(data, attachments={"tx-2026Q4": Path("tx.xml")}))
    assert table("transaction-files", there.documents["quarterly"])[1][1] == "attached"
    assert there.notes["tx-2026Q4"] == "transaction reports: auth.016.001.01; schema not verified"
    assert there.extra_files["tx-2026Q4"] == Path("tx.xml") and second[0] == "tx-2026Q4"


def test_a_firm_that_stated_nothing_has_a_pack_without_a_single_pass():
    data = sample()
    rules = rule_set("eu")
    nothing = Facts(data.entity, NOW, catalogue(), [])
    empty = replace(
        data,
        facts=nothing,
        verdicts=tuple(evaluate(rules, nothing, zone="TARGET")),
        coverage=(),
        books=(),
        evaluations=(),
    )
    document = pack(empty).documents["quarterly"]
    assert document.cover is not None and document.cover.verdict == "insufficient data"
    own = {"capital-annex-iv", "client-funds", "order-to-trade", "record-matrix", "transfers", "incidents", "dac8"}
    assert not own & {table.name for table in document.tables}
    assert all("pass" not in row for each in document.tables for row in each.rows)


def test_long_tables_are_cut_and_say_so():
    data = sample()
    names = "id member market orders trades ordered traded"
    many = rows(names, *((f"m{n}", f"m{n}", "B", F(n), F(1), F(1), F(1)) for n in range(ROWS_SHOWN + 1)))
    kept = [fact for fact in data.facts if fact.name != "order_to_trade"]
    fact = next(fact for fact in data.facts if fact.name == "order_to_trade")
    long = replace(data, facts=Facts(data.entity, NOW, data.facts.catalogue, [*kept, replace(fact, value=many)]))
    document = pack(long).documents["quarterly"]
    assert len(table("order-to-trade", document)) == ROWS_SHOWN
    assert "200 of 201 rows" in block("Order-to-trade ratios", document).after[0]
    figures = json.loads(pack(long).files[FIGURES])
    [whole] = [each for each in figures["facts"] if each["name"] == "order_to_trade"]
    assert len(whole["value"]["records"]) == ROWS_SHOWN + 1


def test_there_is_one_kind_and_the_page_can_be_made():
    assert KINDS == ("quarterly",) and set(MADE.documents) == {"quarterly"}
    with pytest.raises(AssertionError, match="no EU pack"):
        pack(sample(), "weekly")
    page = render_html(DOCUMENT, "To the findings")
    assert "EU-CAP-01" in page and "insufficient data" in page


def test_the_guide_lists_every_fact_that_the_firm_states():
    """To write it again: python -m tests.compliance.regimes.guide"""
    assert table_of_facts("eu") in GUIDE.read_text(encoding="utf-8")
