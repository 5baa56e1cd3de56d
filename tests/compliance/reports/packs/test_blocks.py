"""The shared parts of packs: every answer is said, evidence is listed once, ratios are never rounded up."""

from __future__ import annotations

import hashlib
from datetime import date
from fractions import Fraction
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.reports.claims import check_claims, claims_in
from compliance.reports.json_ import pack_json
from compliance.reports.packs import blocks
from compliance.reports.packs.coverage import coverage_blocks, lowest_of, ratio_of, units
from compliance.reports.packs.evidence import evidence_items
from compliance.reports.packs.pack import Part, assemble
from compliance.reports.packs.period import readable
from compliance.reports.packs.texts import ENGLISH, JAPANESE, words
from compliance.reports.texts import LANGUAGES
from tests.compliance.reports.packs.sample import sample


def made(language="en", **changes):
    data, texts = sample(**changes), words(language)
    parts = [
        blocks.attention_block(data, texts), *blocks.verdict_blocks(data, texts), blocks.deadlines_block(data, texts),
        blocks.early_block(data, texts), *blocks.coverage_blocks(data, texts, ("T-COVER",)),
        blocks.books_block(data, texts), blocks.wallets_block(data, texts), blocks.evaluations_block(data, texts),
        blocks.attachments_block(data, {"auditor": "the auditor's letter"}, texts),
        *blocks.standard(data, texts, ("Compliance officer",), ("a limit of the regime",)),
    ]  # fmt: skip
    return blocks.document(data, "A monthly report", parts, texts)


def rows(document, name):
    return next(table.rows for table in document.tables if table.name == name)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_document_of_all_parts_claims_nothing_and_has_every_word(language):
    document = made(language)
    check_claims(document)
    assert document.language == language and document.cover is not None
    assert dict(document.cover.counts) == {"pass": 1, "fail": 1, "not applicable": 1, "insufficient data": 1}
    assert document.cover.warnings == 1


def test_each_answer_is_told_where_a_reader_looks_for_it():
    document = made()
    assert [row[:2] for row in rows(document, "attention")] == [
        ("fail", "T-COVER"), ("near the limit", "T-FLOOR"), ("insufficient data", "T-MISSING"),
    ]  # fmt: skip
    assert rows(document, "missing-data") == (
        (
            "T-MISSING", "finance.intangibles", "intangible assets of the last accounts", "the firm",
            "tallystick facts set finance.intangibles",
        ),
    )  # fmt: skip
    # 30 November in London is 1 December in Dubai: the day after ends on the second there.
    assert rows(document, "deadlines")[0][:3] == ("2026-12-02 19:59", "T-COVER", "tell the regulator")
    assert rows(document, "lines-t-cover") == (("BTC", "fail", "9.5 BTC", "10 BTC", "-0.5 BTC", ""),)
    assert [row[0] for row in rows(document, "by-section")] == ["Reserves", "Prudential", "General"]
    assert rows(document, "not-covered")[0][0] == "T-BOARD"
    assert rows(document, "attachments") == (("the auditor's letter", "auditor", "missing"),)


def test_every_verdict_has_its_procedure_and_finding():
    [block] = [block for block in made().blocks if block.procedures]
    assert [each.status for each in block.procedures] == [
        "exception", "no exception", "insufficient data", "not applicable",
    ]  # fmt: skip
    assert block.procedures[0].exceptions == ("BTC: 9.5 BTC; required 10 BTC (-0.5 BTC)",)
    assert "floor 100 AED [unverified]" in block.procedures[1].procedure
    assert block.procedures[0].evidence == ("ab" * 8,)


def test_evidence_is_listed_once_with_how_to_check_it():
    items = list(evidence_items(sample()))
    assert [(item.sha256[:2], item.command) for item in items] == [
        ("ab", "tallystick audit bundles/2026-11-30T23 --key exchange-key.json --json"), ("cd", ""),
    ]  # fmt: skip


def test_the_window_marks_the_last_hour_of_the_period_and_says_when_nothing_follows():
    window = coverage_blocks(sample(end=date(2026, 11, 28)), words())[-1]
    chart = window.charts[0]
    assert chart.places[chart.mark] == "2026-11-28 23:00" and chart.places[-1] == "2026-11-30 23:00"
    assert words()["window_no_after"] not in window.paragraphs
    assert words()["window_no_after"] in coverage_blocks(sample(), words())[-1].paragraphs


def test_without_hours_there_is_no_chart_and_it_is_said():
    [block] = coverage_blocks(sample(coverage=()), words())
    assert not block.charts and words()["coverage_none"] in block.paragraphs


@pytest.mark.parametrize(("held", "ratio"), [("99.999", 99_99), ("100", 100_00), ("100.001", 100_00)])
def test_a_ratio_is_cut_off(held, ratio):
    assert ratio_of(Fraction(held), Fraction(100)) == ratio


@given(st.fractions(min_value=0, max_value=10**9), st.fractions(min_value=0, max_value=10**9))
def test_a_ratio_is_never_above_what_is_held(held, owed):
    ratio = ratio_of(held, owed)
    assert (ratio is None) == (owed == 0)
    if ratio is not None:
        assert ratio * owed <= held * 10_000 < (ratio + 1) * owed


def test_the_lowest_asset_is_the_hours_ratio():
    assert lowest_of(sample().coverage[50]) == 97_50


@pytest.mark.parametrize(("amount", "text"), [("-1234567.5", "-1,234,567.5"), ("0", "0"), ("1000", "1,000")])
def test_units_are_exact(amount, text):
    assert units(Fraction(amount)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("30000000 AED", "30,000,000 AED"),
        (">= 2000000.5 = max(1500000; -2000000)", ">= 2,000,000.5 = max(1,500,000; -2,000,000)"),
        ("until 2026-10-10T19:59:59.999999Z", "until 2026-10-10 19:59"),
        ("0.00000001 BTC, 1234, 00000abc, 2026-09-30, a12345", "0.00000001 BTC, 1234, 00000abc, 2026-09-30, a12345"),
    ],
)
def test_figures_are_readable_and_not_rounded(text, shown):
    assert readable(text) == shown


def test_both_languages_have_the_same_words_and_blanks():
    assert ENGLISH.keys() == JAPANESE.keys()

    def blanks(text):
        return {field for _, field, _, _ in Formatter().parse(text) if field}

    for name, text in ENGLISH.items():
        assert blanks(text) == blanks(JAPANESE[name]), name
        assert not claims_in(text) and not claims_in(JAPANESE[name])


def test_a_word_of_the_frame_is_not_said_otherwise_here():
    for language, own in (("en", ENGLISH), ("ja", JAPANESE)):
        for name in own.keys() & LANGUAGES[language].keys():
            assert own[name] == LANGUAGES[language][name], name


def assembled(**files):
    data, texts = sample(), words()
    parts = {"monthly": Part("A monthly report", blocks.standard(data, texts, ("Director",)))}
    return assemble(data, "monthly", "a pack", parts, texts, **files)


def test_a_pack_has_the_hash_of_its_data_on_its_cover():
    pack = assembled()
    digest = hashlib.sha256(pack_json(pack.data)).hexdigest()
    assert digest in [each for _, each in pack.documents["monthly"].cover.hashes]
    assert pack.data.header.report == "test-monthly"


def test_a_pack_keeps_its_files_inside():
    assembled(files={"return.json": b"{}"}, notes={"return.json": "no schema"})
    with pytest.raises(AssertionError, match="inside"):
        assembled(files={"../return.json": b"{}"})
    with pytest.raises(AssertionError, match="note"):
        assembled(notes={"return.json": "no schema"})
