"""Dubai's packs: the golden documents, the mapped return, and that each page says by which rule, on what evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from compliance.facts import Source
from compliance.regimes import rule_set
from compliance.regimes.vara.facts import FACTS
from compliance.reports.claims import check_claims, claims_in
from compliance.reports.html import render_html
from compliance.reports.json_ import pack_json, pack_schema
from compliance.reports.packs.vara import KINDS, pack
from compliance.reports.packs.vara.mapping import MAPPING
from compliance.reports.packs.vara.texts import WORDS
from compliance.reports.write import write_pack
from compliance.verdicts import Result
from tests.compliance.regimes.guide import table_of_facts
from tests.compliance.regimes.sample_vara import CHANGES, GOLDEN, amount, firm, golden, sample


@pytest.mark.parametrize("kind", KINDS)
def test_the_documents_are_the_golden_ones(kind):
    made, kept = golden(kind), (GOLDEN / f"vara-{kind}.json").read_bytes()
    assert made == kept, "make them again: python -m tests.compliance.regimes.sample_vara"


def table(document, name):
    return next(table.rows for table in document.tables if table.name == name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pack_claims_nothing_and_matches_its_schemas(kind):
    made = pack(sample(), kind)
    for document in made.documents.values():
        check_claims(document)
        assert "unaudited" in document.title
    jsonschema.validate(json.loads(pack_json(made.data)), pack_schema())
    schema = json.loads(files("compliance.reports").joinpath("schemas", "vara-return.schema.json").read_text())
    returned = json.loads(made.files[f"vara-{kind}.json"])
    jsonschema.validate(returned, schema)
    assert [each["path"] for each in returned["entries"]] == [entry.path for entry in MAPPING[kind]]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**returned, "conformity": "VARA form 1"}, schema)
    assert "no public schema" in made.notes[f"vara-{kind}.json"]


def test_words_claim_nothing():
    for name, text in WORDS.items():
        assert not claims_in(text), name


def test_every_verdict_is_shown_with_its_procedure_and_source():
    data = sample()
    for kind, name in (("monthly", "monthly"), ("quarterly", "quarterly")):
        document = pack(data, kind).documents[name]
        shown = {row[0] for each in document.tables if each.name.startswith("verdicts-") for row in each.rows}
        procedures = {rule for block in document.blocks for each in block.procedures for rule in each.rules}
        sources = {row[0] for row in table(document, "rule-sources")}
        ids = {verdict.rule for verdict in data.verdicts}
        assert shown == procedures == sources == ids
        assert {item.sha256 for block in document.blocks for item in block.evidence} >= {
            each.digest for verdict in data.verdicts for each in verdict.evidence
        }


def test_the_month_lists_its_seven_parts_and_what_is_missing():
    document = pack(sample(), "monthly").documents["monthly"]
    states = {row[1]: row[3] for row in table(document, "parts")}
    assert states["balance sheet"] == "given" and states["cash flow statement"] == "missing"
    assert {row[0] for row in table(document, "parts")} >= {f"CRM I.H.1.{letter}" for letter in "abcdefg"}
    assert len(table(document, "wallets")) == 9
    assert table(document, "group-transactions")[0][1] == "Example Treasury Ltd"
    assert table(document, "missing-data") == (
        (
            "VARA-CAP-02", "vara.expenses.monthly", "operating expenses of a month", "the firm",
            "tallystick facts set vara.expenses.monthly",
        ),
    )  # fmt: skip


def test_what_is_not_stated_is_said_and_what_is_none_too():
    words = {block.heading: block.paragraphs for block in pack(sample(), "monthly").documents["monthly"].blocks}
    assert words[WORDS["vara_related"]] == (WORDS["vara_none_stated"],)
    bare = replace(sample(), facts=sample().facts.without("vara.related_party_transactions", "wallets"))
    words = {block.heading: block.paragraphs for block in pack(bare, "monthly").documents["monthly"].blocks}
    assert "facts set vara.related_party_transactions" in words[WORDS["vara_related"]][0]


def test_the_quarter_has_its_statements():
    made = pack(sample(), "quarterly")
    assert set(made.documents) == {"quarterly", "financial-requirements", "reserve-assets"}
    capital = table(made.documents["financial-requirements"], "paid-up-capital")
    assert capital == (("exchange", "1,500,000", "25 %", "2,000,000", "2,000,000"), ("Total", "", "", "", "2,000,000"))
    reserves = {row[0]: row for row in table(made.documents["reserve-assets"], "reserve-assets")}
    assert reserves["BTC"][1:5] == ("100", "99.75", "-0.25", "fail")
    assert made.documents["reserve-assets"].cover.verdict == "fail"
    # A statement counts its own rules alone.
    assert sum(count for _, count in made.documents["reserve-assets"].cover.counts) == 4


def test_net_liquid_assets_are_worked_out():
    known = replace(sample(), facts=firm({**CHANGES, "vara.expenses.monthly": amount(1_000_000)}))
    rows = table(pack(known, "quarterly").documents["financial-requirements"], "net-liquid-assets")
    assert [row[1] for row in rows] == ["6,000,000", "2,000,000", "500,000", "3,500,000", "1,200,000", "2,300,000"]


def test_the_auditor_gets_scope_cut_off_and_procedures_that_nobody_has_performed():
    document = pack(sample(), "reserve-audit").documents["reserve-audit"]
    scope = next(block.items for block in document.blocks if block.heading == WORDS["vara_scope"])
    assert any("2026-09-30 12:00" in item and f"{191:064x}" in item for item in scope)
    suggested = [each for block in document.blocks for each in block.procedures if each.number.startswith("A.")]
    assert suggested and {each.status for each in suggested} == {"unchecked"}
    assert table(document, "in-flight") == (("ETH", "0", "0.5", "0", "0"), ("USDT", "0", "0", "1,200.5", "0"))


def test_a_pack_of_nothing_known_is_made_and_says_so():
    data = sample()
    facts = firm(dict.fromkeys([fact.name for fact in data.facts]))
    empty = replace(data, facts=facts, verdicts=(), coverage=(), books=(), evaluations=(), evidence=(), attachments={})
    for kind in KINDS:
        for document in pack(empty, kind).documents.values():
            assert render_html(document) and document.cover.verdict == "not applicable"


def test_a_pack_on_disk_has_its_return_and_attachment(tmp_path):
    letter = tmp_path / "balance-sheet.pdf"
    letter.write_bytes(b"%PDF-1.4")
    made = pack(replace(sample(start=date(2026, 9, 1)), attachments={"attachments/balance-sheet.pdf": letter}))
    written = write_pack(tmp_path / "out", made.documents, made.data, made.extra_files, forms=("html", "csv"))
    names = {file.path for file in written.files}
    assert {"monthly.html", "pack.json", "vara-monthly.json", "attachments/balance-sheet.pdf"} <= names
    page = (tmp_path / "out" / "monthly.html").read_text(encoding="utf-8")
    for verdict in sample().verdicts:
        assert verdict.rule in page
    assert all(each.result is not Result.PASS for each in sample().verdicts if each.missing)


def test_the_guide_lists_every_fact_that_a_firm_states():
    """After a change that is meant: python -m tests.compliance.regimes.guide vara, and put it into the guide."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "guides" / "reports-vara.md").read_text(encoding="utf-8")
    assert table_of_facts("vara") in text
    asked = {name for rule in rule_set("vara").rules for name in rule.inputs.values()}
    only_in_packs = [kind.name for kind in FACTS if kind.source is Source.FIRM and kind.name not in asked]
    unnamed = [name for name in only_in_packs if f"`{name}`" not in text]
    assert not unnamed, "facts that only the packs show are named in the guide's text"
