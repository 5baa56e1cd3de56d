"""The US packs: golden documents, the call report's files, and that pages say by which rule, on what evidence."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.evaluate import evaluate
from compliance.facts import Facts
from compliance.regimes import catalogue
from compliance.regimes.us_mtl import RULES
from compliance.regimes.us_mtl.rules_prudential import CAPPED, UNCAPPED
from compliance.reports.claims import check_claims, claims_in
from compliance.reports.html import render_html
from compliance.reports.json_ import pack_json, pack_schema
from compliance.reports.packs.us_mtl import KINDS, pack
from compliance.reports.packs.us_mtl.by_state import grouped
from compliance.reports.packs.us_mtl.figures import _KIND_LINES, company_figures, state_figures, total
from compliance.reports.packs.us_mtl.filing import CSV_FILE, XML_FILE, call_report_xml, filing_of, text_of
from compliance.reports.packs.us_mtl.form import (
    ASSETS,
    COMPANY,
    EQUITY,
    INCOME,
    INVESTMENTS,
    NOTED,
    STATE,
    TOTALS,
    Field,
    Kind,
)
from compliance.reports.packs.us_mtl.sections import checks, missing_notes
from compliance.reports.packs.us_mtl.texts import WORDS
from compliance.reports.write import write_pack
from compliance.verdicts import Result
from ledger.errors import InputError
from tests.compliance.regimes.guide import table_of_facts
from tests.compliance.regimes.sample_us_mtl import (
    AS_OF,
    CHANGES,
    GOLDEN,
    STATES,
    amount,
    golden,
    record,
    rows,
    sample,
)

MADE = {kind: pack(sample(), kind) for kind in KINDS}
GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "reports-us-mtl.md"


@pytest.mark.parametrize("kind", KINDS)
def test_the_documents_are_the_golden_ones(kind):
    made, kept = golden(kind), (GOLDEN / f"us-mtl-{kind}.json").read_bytes()
    assert made == kept, "make them again: python -m tests.compliance.regimes.sample_us_mtl"


def table(document, name):
    return next(table.rows for table in document.tables if table.name == name)


def report(changes=None):
    return filing_of(sample(changes))


def xml(filing):
    return ElementTree.fromstring(call_report_xml(filing))


@pytest.mark.parametrize("kind", KINDS)
def test_a_pack_claims_nothing_and_matches_its_schema(kind):
    for document in MADE[kind].documents.values():
        check_claims(document)
        assert "unaudited" in document.title and render_html(document)
    jsonschema.validate(json.loads(pack_json(MADE[kind].data)), pack_schema())
    assert all(not claims_in(text) for text in WORDS.values())


@pytest.mark.parametrize("kind", ["call-report", "state-exam"])
def test_every_verdict_is_shown_with_its_procedure_and_source(kind):
    document, data = MADE[kind].documents[kind], sample()
    shown = {row[0].split(" ")[0] for each in document.tables if each.name.startswith("verdicts-") for row in each.rows}
    procedures = {rule for block in document.blocks for each in block.procedures for rule in each.rules}
    sources = {row[0] for row in table(document, "rule-sources")}
    assert shown == procedures == sources == {verdict.rule for verdict in data.verdicts}
    assert dict(document.cover.counts)["fail"] == data.counts()[Result.FAIL]
    evidence = {item.sha256 for block in document.blocks for item in block.evidence}
    assert evidence >= {each.digest for verdict in data.verdicts for each in verdict.evidence}


def test_states_that_say_the_same_stand_together_and_none_is_lost():
    data = sample()
    found = grouped(data)
    names = {"all states": STATES, "": ("",)}
    parted = [
        (each.rule, state)
        for each in found.verdicts
        for state in names.get(each.scope) or (f"US-{code}" for code in each.scope.split(" "))
    ]
    assert sorted(parted) == sorted(each.place for each in data.verdicts) and len(found.verdicts) < len(data.verdicts)
    bonds = {each.scope: each.result.value for each in found.verdicts if each.rule == "US-BOND-01"}
    assert bonds["TX"] == "fail" and bonds["WA"] == "insufficient data"


# The call report.


def test_every_field_is_there_in_order_zeros_too():
    root = xml(report())
    assert dict(root.attrib) == {"year": "2026", "formVersion": "v4", "periodType": "MSBQ3"}
    condition = [each.tag for each in root.find("Msbcrfc").iter() if re.match(r"FC\d+$", each.tag)]
    assert condition == [field.code for field in (*ASSETS, *EQUITY, *INCOME)]
    for path, fields in (
        ("Msbcrta/TransactionsCompanyWideSection", COMPANY), ("Msbcrpi/PermissibleInvestmentsSection", INVESTMENTS),
    ):  # fmt: skip
        assert [each.tag for each in root.find(path)] == [field.code for field in fields]
    assert [each.get("stateCode") for each in root.findall("Msbcrst")] == ["CA", "NY", "SD", "TX", "WA"]
    for state in root.findall("Msbcrst"):
        assert [each.tag for each in state.find("TransactionsStateSpecificSection")] == [each.code for each in STATE]
    assert [each.tag for each in root] == ["Msbcrfc", "Msbcrta", *["Msbcrst"] * 5, "Msbcrpi"]


def test_values_come_from_the_firm_the_ledger_and_what_is_not_carried_out():
    figures = company_figures(sample())
    assert figures["FC10"].value == 6_000_000 and figures["FC10"].origin == "us.msbcr.lines"
    # 9,000,000 dollars and 100,000 euros at 1.1.
    assert figures["PI120"].value == figures["FC200"].value == 9_110_000
    assert figures["PI72"].value == figures["PI70"].value == 1_900_000 and figures["PI21"].value == 0
    assert figures["TA70"].value == 0 and figures["TA70"].origin == "no payment-instruments"
    assert figures["FC410"].value is None and figures["PI130"].value is None
    # Two of the day's own figures differ: the firm's stands, and the other is told.
    assert figures["FC230"].value == 35_000_000 and figures["FC230"].other == "values.claims gives 11,160,000"
    assert total(figures, "FC160") == 50_000_000 == 45_000_000 + 5_000_000
    assert total(figures, "FC280") == 45_000_000


def test_the_ledgers_own_activity_stands_where_the_firm_states_no_line():
    ledger = {"us.activity.company": {"TA240": amount(9_100), "TA330": amount(16_000_000)}}
    ledger["us.activity.state"] = {"ST320": amount(7), "ST330": amount(700)}
    data = sample(ledger)
    figures = company_figures(data)
    assert figures["TA240"].other == "" and figures["TA330"].other == "us.activity.company gives 16,000,000"
    assert figures["TA330"].value == 17_000_000
    texas = state_figures(data, "US-TX")
    assert (texas["ST320"].value, texas["ST320"].origin) == (7, "us.activity.state")
    assert texas["ST180"].value is None and "ST320 US-TX" not in filing_of(data).unknown


def test_dollars_are_whole_and_halves_go_up():
    root = xml(report())
    assert root.find(".//TA290").text == "88200000" and root.find(".//PI140").text == "11088001"
    assert root.find(".//TA140").text == "0.00"


def test_what_is_not_known_is_told_at_the_top_and_in_the_notes():
    text = MADE["call-report"].files[XML_FILE].decode()
    head = text.partition("<MsbcrFiling")[0]
    assert "schema not verified" in head and "draft, not for filing" in head
    assert "FC410" in head and "ST361 US-WA" in head and "ST361 US-CA" not in head
    notes = MADE["call-report"].notes
    assert "schema not verified" in notes[XML_FILE] and "Draft, not for filing" in notes[XML_FILE]
    assert "not the upload form" in notes[CSV_FILE]


def complete():
    """Lines for every field, so that nothing is unknown."""
    lines = {field.code: amount(1) for field in (*ASSETS, *EQUITY, *INCOME, *COMPANY, *INVESTMENTS)}
    return {"us.msbcr.lines": lines, "us.msbcr.state_lines": {field.code: amount(0) for field in STATE}}


def test_a_report_that_is_complete_is_no_draft():
    made = pack(sample(complete()))
    assert b"draft" not in made.files[XML_FILE] and "Draft" not in made.notes[XML_FILE]
    assert b"schema not verified" in made.files[XML_FILE]


def test_notes_stand_with_their_fields():
    root = xml(report())
    assert root.find("Msbcrfc/LiabilitiesAndEquity/FC240NOTE").text == "Accrued expenses and taxes."
    texas = next(each for each in root.findall("Msbcrst") if each.get("stateCode") == "TX")
    assert texas.find("ExplanatoryNotesSection/STNOTE_1").text == "Licensed since October 2025."
    assert sum(1 for each in root.iter() if each.tag.startswith("STNOTE")) == 1
    # An empty note would take away what stands on the portal.
    assert all(each.text for each in root.iter() if "NOTE_1" in each.tag or each.tag.endswith("NOTE"))


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [("x" * 4000, False), ("x" * 4001, True), ("a & b", False), ("a < b", True), ("a > b", True), ("5 %", True)],
)
def test_notes_keep_to_their_type(text, is_refused):
    changes = {"us.msbcr.notes": rows("us.msbcr.notes", {"field": "TANOTE_1", "text": text})}
    if is_refused:
        with pytest.raises(InputError, match="4,000 characters"):
            report(changes)
    else:
        assert xml(report(changes)).find(".//TANOTE_1").text == text


def test_a_note_of_no_field_is_refused():
    with pytest.raises(InputError, match="FC10NOTE"):
        report({"us.msbcr.notes": rows("us.msbcr.notes", {"field": "FC10NOTE", "text": "a"})})


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Kind.DOLLAR, "-1.5", "-1"), (Kind.DOLLAR, "9999999999999", "9999999999999"),
        (Kind.DOLLAR, "9999999999999.5", None),
        (Kind.POSITIVE, "-0.01", None), (Kind.POSITIVE, "0", "0"), (Kind.POSITIVE, "0.5", "1"),
        (Kind.COUNT, "1.5", None), (Kind.COUNT, "-1", None), (Kind.COUNT, "12", "12"),
        (Kind.HUNDREDTH, "2.005", "2.01"), (Kind.HUNDREDTH, "0", "0.00"),
    ],
)  # fmt: skip
def test_values_keep_to_their_types(kind, value, expected):
    field = Field("X", kind, "")
    if expected is None:
        with pytest.raises(InputError, match="line X"):
            text_of(field, amount(value))
    else:
        assert text_of(field, amount(value)) == expected


@given(st.fractions(-(10**12), 10**12))
def test_a_whole_dollar_is_half_a_dollar_away_at_most(value):
    whole = Fraction(text_of(Field("X", Kind.DOLLAR, ""), value))
    assert abs(whole - value) <= Fraction(1, 2) and whole.denominator == 1


def test_destinations_stand_in_the_fourth_quarter_alone():
    to = rows(
        "us.msbcr.destinations",
        {"id": "1", "country": "CA", "amount": 5, "count": 2}, {"id": "2", "country": "GB", "amount": 7, "count": 1},
        {"id": "3", "country": "CA", "state": "US-TX", "amount": 5, "count": 2},
    )  # fmt: skip
    assert xml(report({"us.msbcr.destinations": to})).find("Msbcrtda") is None
    data = replace(sample({"us.msbcr.destinations": to}), start=date(2026, 10, 1), end=date(2026, 12, 31))
    root = xml(filing_of(data))
    assert root.get("periodType") == "MSBQ4" and [each.text for each in root.iter("TDA")] == ["CA", "GB"]
    assert [each.text for each in root.iter("TDA_1")] == ["5", "7"]
    assert root.find("Msbcrtdb").get("stateCode") == "TX" and [each.text for each in root.iter("TDB_2")] == ["2"]
    assert [each.tag for each in root][-2:] == ["Msbcrtda", "Msbcrtdb"]
    with pytest.raises(InputError, match="two letters"):
        filing_of(replace(data, facts=sample({"us.msbcr.destinations": rows(
            "us.msbcr.destinations", {"id": "1", "country": "Canada", "amount": 5, "count": 2})}).facts))  # fmt: skip


def test_the_csv_has_the_same_fields_and_values():
    filing = report()
    found = list(csv.DictReader(io.StringIO(MADE["call-report"].files[CSV_FILE].decode())))
    root = xml(filing)
    values = {(row["field"], row["state"]): row["value"] for row in found if row["section"] != "notes"}
    for state in root.findall("Msbcrst"):
        for each in state.find("TransactionsStateSpecificSection"):
            assert values[each.tag, f"US-{state.get('stateCode')}"] == each.text
    for path in ("Msbcrta/TransactionsCompanyWideSection", "Msbcrpi/PermissibleInvestmentsSection"):
        assert all(values[each.tag, ""] == each.text for each in root.find(path))
    assert len(values) == len(ASSETS) + len(EQUITY) + len(INCOME) + len(COMPANY) + len(INVESTMENTS) + 5 * len(STATE)


def found_checks(data):
    return {what: (found, status) for what, found, status in checks(data, filing_of(data))}


def test_checks_find_what_is_wrong():
    good = found_checks(sample(complete()))
    assert good["every field has a figure that is known"][1] == "no exception"
    data = sample()
    found = found_checks(data)
    assert found["every field has a figure that is known"][1] == "insufficient data"
    assert "FC230" in found["the firm's lines say what ledger and registers say"][0]
    month = replace(data, start=date(2026, 9, 1))
    assert found["the period is a calendar quarter"][1] == "no exception"
    assert found_checks(month)["the period is a calendar quarter"][1] == "exception"
    lines = CHANGES["us.msbcr.lines"]
    more = found_checks(sample({"us.msbcr.lines": {**lines, "TA20": amount(449_999), "FC11": amount(1)}}))
    assert "ST20 450,000 over TA20 449,999" in more["states do not add up to more than the firm"][0]
    assert more["each line that the firm states is one of the form"][0] == "FC11"
    other = found_checks(sample({"us.msbcr.lines": {**lines, "FC200": amount(1)}}))
    assert other["the transmission liability of section III is that of section I"][1] == "exception"


@pytest.mark.parametrize(("other", "wanted"), [(99, False), (100, False), (101, True)])
def test_a_large_line_of_others_wants_a_note(other, wanted):
    """Over half of the subtotal: 100 of 200 is not, 101 of 201 is."""
    data = sample({"us.msbcr.lines": {"FC10": amount(100), "FC100": amount(other)}})
    assert ("FC100" in dict(missing_notes(data, filing_of(data)))) is wanted
    noted = rows("us.msbcr.notes", {"field": "FC100NOTE", "text": "prepaid"})
    explained = sample({"us.msbcr.lines": {"FC10": amount(100), "FC100": amount(other)}, "us.msbcr.notes": noted})
    assert not missing_notes(explained, filing_of(explained))


def test_the_form_is_whole():
    codes = [field.code for field in (*ASSETS, *EQUITY, *INCOME, *COMPANY, *INVESTMENTS, *STATE)]
    assert len(codes) == len(set(codes)) and set(NOTED) <= set(codes)
    assert {part for _, parts in TOTALS.values() for part in parts} <= {*codes, *TOTALS}
    kinds = {kind for code, each in _KIND_LINES.items() for kind in each}
    # A bond over the liability is a line of the states, ST362; every other kind has a line.
    assert kinds == {*UNCAPPED, *(row[0] for row in CAPPED)} - {"excess-bond"}


# By state.


def test_the_matrix_has_each_rule_in_each_state():
    document = MADE["state-exam"].documents["state-exam"]
    shown = {row[0]: row[3:] for row in table(document, "by-state-1")}
    answers = {each.place: each.result.value for each in sample().verdicts}
    for rule, row in shown.items():
        assert row == tuple(answers.get((rule, state), "") for state in STATES)
    assert shown["US-VC-02"] == ("", "", "", "pass", "")


def test_many_states_stand_in_several_tables():
    data = sample()
    many = frozenset(f"US-{code}" for code in "AL AK AZ AR CO CT DE".split())
    facts = Facts(
        data.entity, AS_OF, catalogue(),
        [replace(each, value=many) if each.name == "licences.us.states" else each for each in data.facts],
    )  # fmt: skip
    verdicts = tuple(evaluate(RULES, facts, zone="US"))
    document = pack(replace(data, facts=facts, verdicts=verdicts), "state-exam").documents["state-exam"]
    assert len(table(document, "by-state-1")[0]) == 9 and len(table(document, "by-state-2")[0]) == 4
    laws = [row for row in table(document, "state-laws") if row[0] == "US-CO"]
    assert laws == [("US-CO", "", "not looked up: the model act is assumed", "unverified", "", "")]


def test_a_shortfall_is_divided_in_proportion():
    document = MADE["state-exam"].documents["state-exam"]
    found = {row[1]: row[2:] for row in table(document, "shortfall")}
    assert found["all customers"] == ("0.98 (98 %)", "90", "88.2", "1.8")
    assert found["US-CA"] == ("0.98 (98 %)", "30", "29.4", "0.6")
    assert {row[0] for row in table(document, "shortfall")} == {"BTC"}
    whole = pack(sample({"reserves.client": {"BTC": amount(90), "ETH": amount(1020)}}), "state-exam")
    words = {block.heading: block.paragraphs for block in whole.documents["state-exam"].blocks}
    assert WORDS["us_shortfall_none"] in words[WORDS["us_shortfall"]]


def test_figures_of_the_tables_are_those_of_the_verdicts():
    document, data = MADE["call-report"].documents["call-report"], sample()
    verdicts = {each.place: each for each in data.verdicts}
    last = table(document, "permissible-investments")[-1]
    for place, rule in ((4, "US-PI-01"), (5, "US-PI-04")):
        assert f"{last[place].replace(',', '')} USD" == verdicts[rule, "US-TX"].margin
    worth = {row[0]: row[1:] for row in table(document, "tangible-net-worth")}["tangible net worth"]
    for place, rule in enumerate(("US-TNW-01", "US-TNW-02")):
        assert f"{worth[place].replace(',', '')} USD" == verdicts[rule, "US-TX"].measured
    bonds = {row[0]: row for row in table(document, "bond-by-state")}
    assert bonds["US-SD"][5] == "58,000" and bonds["US-WA"][6] == "2026-08-03, 2026-08-04"
    for state in STATES:
        assert bonds[state][-1] == verdicts["US-BOND-01", state].result.value
    art = {row[0]: row for row in table(document, "permissible-investments")}["art"]
    assert art[3] == "of no permitted kind" and art[4:] == ("0", "0")


def test_federal_references_answer_as_their_rules_do():
    document, data = MADE["federal"].documents["federal"], sample()
    answers = {each.rule: each.result.value for each in data.verdicts}
    for name, rule in (
        ("sar-references", "US-SAR-01"), ("ctr-references", "US-CTR-01"), ("ofac-references", "US-OFAC-01"),
        ("ny-large-days", "NY-AML-01"),
    ):  # fmt: skip
        assert ("fail" in {row[-1] for row in table(document, name)}) == (answers[rule] == "fail"), name
    # 1 September is New York's day: 15 days later ends on 17 September, UTC.
    assert table(document, "ctr-references")[0][5] == "2026-09-17 03:59"
    assert {each.rule for each in data.verdicts if each.rule.startswith("US-TAX")} <= {
        row[0] for each in document.tables if each.name.startswith("verdicts-") for row in each.rows
    }
    assert sum(count for _, count in document.cover.counts) == 16


@pytest.mark.parametrize("kind", KINDS)
def test_a_firm_that_stated_nothing_has_a_pack_without_a_single_pass(kind):
    data = sample()
    nothing = Facts(data.entity, AS_OF, catalogue(), [])
    empty = replace(
        data, facts=nothing, verdicts=tuple(evaluate(RULES, nothing, zone="US")), coverage=(), books=(), evaluations=(),
        attachments={},
    )  # fmt: skip
    document = pack(empty, kind).documents[kind]
    assert document.cover.verdict == "insufficient data" and render_html(document)
    assert all("pass" not in row for each in document.tables for row in each.rows)


def test_kinds_and_regimes_are_checked():
    assert KINDS[0] == "call-report"
    with pytest.raises(AssertionError, match="a pack of this regime"):
        pack(sample(), "weekly")
    assert record("us.msbcr.notes", field="TANOTE_1", text="a")["state"] is None


def test_a_pack_on_disk_has_its_files(tmp_path):
    made = pack(replace(sample(), attachments={}))
    written = write_pack(tmp_path / "out", made.documents, made.data, made.extra_files, forms=("html", "csv"))
    names = {file.path for file in written.files}
    assert {"call-report.html", "pack.json", XML_FILE, CSV_FILE} <= names
    page = (tmp_path / "out" / "call-report.html").read_text(encoding="utf-8")
    assert all(verdict.rule in page for verdict in sample().verdicts)


def test_the_guide_lists_every_fact_that_a_firm_states():
    """To make the table: python -m tests.compliance.regimes.guide us-mtl"""
    assert table_of_facts("us-mtl") in GUIDE.read_text(encoding="utf-8")
