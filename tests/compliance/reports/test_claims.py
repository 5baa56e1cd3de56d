"""What a document of ours must not call itself, and what it may still name."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from cli import statement_texts
from compliance.reports import texts
from compliance.reports.chart import Chart, Series
from compliance.reports.claims import Strength, check_claims, claims_in
from compliance.reports.csv_ import document_csvs
from compliance.reports.document import Block, Document, Table
from compliance.reports.html import render_html
from compliance.reports.pdf import render_pdf
from ledger.errors import InputError
from tests.compliance.reports.sample import sample_document

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "text",
    [
        "Audited reserves",
        "AUDITED",
        "These figures are audited",
        "The exchange is solvent",
        "Proof of solvency",
        "Assured by our own checks",
        "Certified coverage",
        "Client assets are fully backed",
        "監査済みの準備資産",
        "支払能力があることの証明",
        "当社が保証します",
    ],
)
def test_claims_are_found_in_titles_and_headings(text: str) -> None:
    assert claims_in(text) and claims_in(text, Strength.TITLE)


@pytest.mark.parametrize(
    "text",
    [
        "Management assertion and evidence pack, unaudited",
        "Unaudited figures",
        "un-audited",
        "These figures are not audited",
        "They have never been audited",
        "Not yet audited",
        "The auditor's letter",
        "Audit report attached",
        "Reserve audit pack",
        "Audited financial statements, attached",
        "Statements audited by an independent auditor",
        "Last audit",
        "Auditor independence",
        "経営者による表明及び証拠資料集(未監査)",
        "監査報告書(添付)",
        "履行保証暗号資産",
        "保証するものではありません",
        "分別管理監査",
    ],
)
def test_names_and_denials_pass_as_headings(text: str) -> None:
    assert claims_in(text) == ()


@pytest.mark.parametrize(
    "text", ["Audit report", "Auditor's report", "Assurance report", "Certificate of reserves", "監査報告書"]
)
def test_a_title_is_not_even_the_name_of_a_practitioners_report(text: str) -> None:
    assert claims_in(text, Strength.TITLE) and not claims_in(text)


def test_every_table_of_words_and_every_template_is_clean() -> None:
    for table in (texts.ENGLISH, texts.JAPANESE, statement_texts.ENGLISH):
        for name, text in table.items():
            strength = Strength.TITLE if name.endswith("title") else Strength.HEADING
            assert claims_in(text, strength) == (), name
    found = sorted((ROOT / "templates").glob("document*.j2"))
    assert len(found) == 2
    for path in found:
        assert claims_in(re.sub(r"\{[{%#].*?[}%#]\}", " ", path.read_text(encoding="utf-8"))) == (), path.name


def _changed(**change: object) -> Document:
    return dataclasses.replace(sample_document(rows=2, hours=30), **change)  # type: ignore[arg-type]  # fields of a test


def _block(**fields: object) -> Document:
    return _changed(blocks=(Block(**({"heading": "Fine", "level": 2} | fields)),))  # type: ignore[arg-type]  # fields of a test


CLAIM = "Our audited reserves"


@pytest.mark.parametrize(
    "document",
    [
        _changed(title="Audit report"),
        _block(heading=CLAIM),
        _block(table=Table(CLAIM, sample_document(rows=1).tables[0].columns, ())),
        _block(charts=(Chart("line", CLAIM, "d", (), (Series("s", ()),)),)),
        _block(charts=(Chart("line", "c", CLAIM, (), (Series("s", ()),)),)),
    ],
)
def test_every_renderer_refuses_a_document_that_claims(document: Document) -> None:
    for render in (check_claims, render_html, render_pdf, lambda one: document_csvs(one, "Place")):
        with pytest.raises(InputError, match="unaudited"):
            render(document)


def test_words_of_others_in_cells_facts_and_names_are_left_alone() -> None:
    document = _changed(subtitle="Assured Solvent Markets Ltd", facts=(("Legal entity", "Audited Assets Ltd"),))
    check_claims(document)
    assert "Assured Solvent Markets Ltd" in render_html(document)
