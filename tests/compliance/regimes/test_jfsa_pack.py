"""Japan's packs: golden documents in two languages, the books by business day, and no English left in Japanese ones."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from compliance.catalogue import SHARED
from compliance.evaluate import evaluate
from compliance.facts import Source
from compliance.regimes.jfsa import RULES
from compliance.regimes.jfsa.facts import FACTS
from compliance.reports.claims import check_claims, claims_in
from compliance.reports.html import render_html
from compliance.reports.json_ import pack_json, pack_schema
from compliance.reports.packs.jfsa import KINDS, pack
from compliance.reports.packs.jfsa.facts_ja import FACTS_JA
from compliance.reports.packs.jfsa.japanese import citation_ja, in_japanese
from compliance.reports.packs.jfsa.rules_ja import NOT_COVERED_JA, RULES_JA
from compliance.reports.packs.jfsa.texts import ENGLISH, JAPANESE
from compliance.reports.write import write_pack
from compliance.verdicts import Result
from tests.compliance.regimes.guide import table_of_facts
from tests.compliance.regimes.sample_jfsa import (
    CHANGES,
    GOLDEN,
    GOOD,
    amount,
    firm,
    golden,
    rows,
    sample,
)  # fmt: skip
from tests.compliance.regimes.test_jfsa_rules import FAILS

ASCII_WORD = re.compile(r"(?<![\w./-])[A-Za-z]{3,}(?![\w./])")


@pytest.mark.parametrize("kind", KINDS)
def test_the_documents_are_the_golden_ones(kind):
    made, kept = golden(kind), (GOLDEN / f"jfsa-{kind}.json").read_bytes()
    assert made == kept, "make them again: python -m tests.compliance.regimes.sample_jfsa"


def table(document, name):
    return next(table.rows for table in document.tables if table.name == name)


def schema(name):
    return json.loads(files("compliance.reports").joinpath("schemas", f"{name}.schema.json").read_text("utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_pack_claims_nothing_and_is_in_two_languages(kind):
    made = pack(sample(), kind)
    assert list(made.documents) == [kind, f"{kind}-en"]
    japanese, english = made.documents.values()
    assert (japanese.language, english.language) == ("ja", "en")
    assert "未監査" in japanese.title and "unaudited" in english.title
    for document in (japanese, english):
        check_claims(document)
        assert document.cover.verdict == "fail"
        assert document.cover.hashes[0][1] == RULES.hash().hex(), "the hash is of the rules as they are, in English"
    assert japanese.cover.counts == english.cover.counts
    shapes = [[(each.name, len(each.rows), len(each.columns)) for each in one.tables] for one in (japanese, english)]
    assert shapes[0] == shapes[1]
    jsonschema.validate(json.loads(pack_json(made.data)), pack_schema())


def test_words_claim_nothing_and_are_the_same_in_both_languages():
    assert set(JAPANESE) == set(ENGLISH)
    for words in (JAPANESE, ENGLISH):
        for name, text in words.items():
            assert not claims_in(text), name
    for name in JAPANESE:
        braces = [sorted(re.findall(r"\{\w+\}", words[name])) for words in (JAPANESE, ENGLISH)]
        assert braces[0] == braces[1], name


def test_every_row_and_every_fact_has_its_japanese_words():
    assert set(RULES_JA) == {rule.id for rule in RULES.rules}
    assert set(NOT_COVERED_JA) == {each.id for each in RULES.not_covered}
    for rule in RULES.rules:
        words = RULES_JA[rule.id]
        assert words.title and words.requirement.endswith("。")
        assert not rule.note or words.note, f"{rule.id}: its note is said in Japanese too"
    asked = {name for rule in RULES.rules for name in rule.inputs.values()} | {kind.name for kind in FACTS}
    assert set(FACTS_JA) == asked and asked <= {kind.name for kind in (*SHARED, *FACTS)}


def test_citations_are_japanese():
    for each in (*RULES.rules, *RULES.not_covered):
        assert not re.search("[A-Za-z]", citation_ja(each.citation).replace("JVCEA", "")), each.citation
    assert citation_ja("PSA 63-11(2); CAO 27(1)") == "資金決済法第63条の11第2項、暗号資産府令第27条第1項"


def cases():
    yield firm()
    yield firm(CHANGES)
    yield firm(dict.fromkeys(GOOD))
    yield from (firm(changes) for changes in FAILS.values())
    for name, value in GOOD.items():
        if value and isinstance(value, tuple):
            yield firm({name: ()})
    yield firm({"values.client": {"USD": amount(1)}, "reserves.unread": frozenset({"BTC"}), "reserves.client": {}})
    lent = {"id": "1", "asset": "BTC", "units": 1, "in_wallets": False}
    for changes in ({}, {"in_wallets": True}, {"consent": "c", "licence": "l"}):
        yield firm({"encumbrances": rows("encumbrances", {**lent, **changes})})
    yield firm({"retention": tuple({**row, "keeps_years": None} for row in GOOD["retention"])})


def test_no_english_is_left_in_japanese_verdicts():
    seen = 0
    names = {kind.name for kind in (*SHARED, *FACTS)}
    for facts in cases():
        verdicts = tuple(evaluate(RULES, facts, zone="JP"))
        for verdict in in_japanese(replace(sample(), facts=facts, verdicts=verdicts)).verdicts:
            texts = [verdict.measured, verdict.required, verdict.margin, verdict.note, verdict.warning]
            texts += [text for text in verdict.missing if text.partition(":")[0] not in names]
            texts += [text for each in verdict.deadlines for text in (each.what, each.clock)]
            texts += [text for line in verdict.lines for text in (line.measured, line.required, line.margin, line.note)]
            for text in texts:
                left = set(ASCII_WORD.findall(text)) - {"BTC", "ETH", "XRP", "JPY", "USD"}
                assert not left, (verdict.rule, text)
                seen += 1
    assert seen > 10_000


def test_the_report_lists_its_items_and_what_is_missing():
    made = pack(sample())
    states = {row[0]: row[3] for row in table(made.documents["quarterly-en"], "report-items")}
    assert (
        states["1"] == "given" and states["13"] == "given" and states["15"] == "missing" and states["16"] == "missing"
    )
    returned = json.loads(made.files["jfsa-quarterly.json"])
    jsonschema.validate(returned, schema("jfsa-return"))
    assert [each["state"] for each in returned["entries"]] == list(states.values())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**returned, "conformity": "Form 13"}, schema("jfsa-return"))


def test_the_figures_of_the_report():
    document = pack(sample()).documents["quarterly"]
    assert table(document, "users-money")[1] == ("USD", "20,000", "0", "-20,000", "fail")
    crypto = {row[0]: row for row in table(document, "users-crypto")}
    assert crypto["BTC"][1:] == ("100", "99.75", "80", "4.75", "15", "-0.25", "fail", "17,000,000", "1,695,750,000")
    assert table(document, "hot-share") == (("158,000,000", "3,220,000,000", "161,000,000", "4.9068 %", "pass"),)
    guarantee = {row[0]: row for row in table(document, "guarantee")}
    assert guarantee["BTC"][1:] == ("4.75", "4.5", "-0.25", "fail", "7")
    # Found on Friday 25 September in Japan: five business days end on 2 October.
    assert table(document, "shortfalls")[1][5:] == ("2026-10-02", "未解消")


def test_a_share_is_cut_and_never_rounded_into_a_pass():
    changes = {**CHANGES, "values.client": {"JPY": amount(10**10)}, "values.client.hot": {"JPY": amount(500_000_001)}}
    facts = firm(changes)
    given = replace(sample(), facts=facts, verdicts=tuple(evaluate(RULES, facts, zone="JP")))
    row = table(pack(given).documents["quarterly"], "hot-share")[0]
    assert row[3:] == ("5.0000 %", "fail")


def test_the_check_list_leaves_results_to_the_practitioner():
    made = pack(sample(), "segregation-check")
    for document in made.documents.values():
        rows = [row for each in document.tables if each.name.startswith("check-") for row in each.rows]
        assert len(rows) == 21 and all(row[-1] == "" for row in rows)
        ids = {rule for row in rows for rule in row[3].split(", ") if rule != "—"}
        assert ids <= {rule.id for rule in RULES.rules}
    roles = [each.role for block in document.blocks for each in block.sign_offs]
    assert any("practitioner" in role for role in roles)


def test_every_verdict_of_the_quarter_has_its_procedure_and_source():
    data = sample()
    for document in pack(data).documents.values():
        shown = {row[0] for each in document.tables if each.name.startswith("verdicts-") for row in each.rows}
        procedures = {rule for block in document.blocks for each in block.procedures for rule in each.rules}
        sources = {row[0] for row in table(document, "rule-sources")}
        assert shown == procedures == sources == {verdict.rule for verdict in data.verdicts}
        assert {item.sha256 for block in document.blocks for item in block.evidence} >= {
            each.digest for verdict in data.verdicts for each in verdict.evidence
        }


def test_the_books_have_every_business_day_and_their_clocks():
    made = pack(sample(start=date(2026, 9, 14)), "books")
    books = json.loads(made.files["jfsa-books.json"])
    jsonschema.validate(books, schema("jfsa-books"))
    days = sorted({row["day"] for row in books["crypto_days"]})
    # The 21st to the 23rd are holidays.
    assert days == [f"2026-09-{day}" for day in (14, 15, 16, 17, 18, 24, 25, 28, 29, 30)]
    assert [row["day"] for row in books["money_days"]] == days
    assert books["money_days"][-1] == {"day": "2026-09-30", "trust_property": None, "users_money": None}
    origins = {row["day"]: row["origin"] for row in books["crypto_days"]}
    assert origins["2026-09-24"] == "hourly statement" and origins["2026-09-25"] == "stated"
    clocks = [(each["item"], each["years"], each["keep_until"]) for each in books["books"]]
    assert clocks == [
        *((item, "10", "2037-03-31") for item in (1, 2, 3)),
        (4, "7", "2034-03-31"),
        *((item, "5", "2032-03-31") for item in (5, 6, 7, 8, 9)),
    ]
    assert b"2026-09-24,ETH" in made.files["books/6-7-crypto.csv"]


def test_a_day_without_any_record_is_a_row_that_says_so():
    bare = replace(sample(), facts=firm({**CHANGES, "jfsa.books.crypto": None}), coverage=())
    document = pack(bare, "books").documents["books-en"]
    found = table(document, "book-crypto")
    assert len(found) == 61 and {row[-1] for row in found} == {"no record"}


def test_a_pack_of_nothing_known_is_made_and_says_so():
    data = sample()
    facts = firm(dict.fromkeys(GOOD)).without(*CHANGES)
    empty = replace(data, facts=facts, verdicts=(), coverage=(), books=(), evaluations=(), evidence=(), attachments={})
    for kind in KINDS:
        for document in pack(empty, kind).documents.values():
            assert render_html(document) and document.cover.verdict == "not applicable"


def test_a_pack_on_disk_has_its_files_and_attachment(tmp_path):
    letter = tmp_path / "trust-certificate.pdf"
    letter.write_bytes(b"%PDF-1.4")
    attached = {"attachments/trust-certificate.pdf": letter}
    made = pack(replace(sample(), attachments=attached), "books")
    written = write_pack(tmp_path / "out", made.documents, made.data, made.extra_files, forms=("html",))
    names = {file.path for file in written.files}
    assert {
        "books.html",
        "books-en.html",
        "jfsa-books.json",
        "books/6-7-crypto.csv",
        "attachments/trust-certificate.pdf",
    } <= names
    page = (tmp_path / "out" / "books.html").read_text(encoding="utf-8")
    assert 'lang="ja"' in page and "九つの帳簿書類" in page
    assert all(each.result is not Result.PASS for each in sample().verdicts if each.missing)


GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "reports-jfsa.md"


def test_the_guide_lists_every_fact_that_a_firm_states():
    text, wanted = GUIDE.read_text(encoding="utf-8"), table_of_facts("jfsa")
    assert wanted in text, "put the table into the guide: python -m tests.compliance.regimes.guide jfsa"
    named = {kind.name for kind in FACTS if kind.source is Source.FIRM}
    assert all(f"`{name}`" in text for name in named)
