"""A customer's statement: exact, whole, the same in HTML and PDF, and text that stays text in all three."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import re
import subprocess
import sys
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.statement_data import AssetLines, Consent, Hold, InclusionLeaf, Movement, StatementData, Subaccount
from cli.statement_pdf import render_pdf
from cli.statement_render import document_of, render_csv, render_html
from compliance.reports import pdf
from compliance.reports.document import amount_text, csv_cell
from ledger.errors import InputError
from tests.support.html_pages import HOSTILE, PROMISES, Page
from tests.support.statements import KEY, movements, typical

ROOT = Path(__file__).resolve().parents[2]
EXACT = Context(prec=100)
HOSTILE_CELLS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", " =1", "＝1", "\n=1")


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def pdf_text(data: bytes) -> str:
    """The text of a PDF's pages, white space reduced."""
    pypdfium2: Any = pytest.importorskip("pypdfium2") if os.environ.get("CI") is None else __import__("pypdfium2")
    pages = pypdfium2.PdfDocument(data)
    return re.sub(r"\s+", " ", " ".join(page.get_textpage().get_text_range() for page in pages))


def one_asset(scale: int, opening: int, amounts: list[int], **fields: object) -> StatementData:
    made = movements(opening, [("2026-10-03T00:00:00Z", "trade", "r", amount, None, None) for amount in amounts])
    closing = made[-1].balance_after if made else opening
    lines = AssetLines("XYZ", scale, opening, closing, made)
    return typical(**{"subaccounts": (Subaccount("", (lines,)),), "inclusion": None} | fields)


@pytest.mark.parametrize("scale", [0, 1, 2, 8, 18, 37, 38])
@pytest.mark.parametrize("quanta", [0, 1, -1, 10, -100, 2**63, 2**127 - 1, -(2**127 - 1)])
def test_amounts_are_exact_at_every_scale(scale: int, quanta: int) -> None:
    shown = amount_text(quanta, scale)
    assert EXACT.create_decimal(shown.replace(",", "")) == EXACT.scaleb(Decimal(quanta), -scale)
    assert re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})*(\.[0-9]+)?", shown)
    assert shown.count(".") == (0 if scale == 0 else 1)


@settings(max_examples=50)
@given(st.integers(0, 38), st.integers(0, 2**126), st.lists(st.integers(0, 2**100), max_size=5))
def test_html_and_csv_carry_every_amount_to_the_last_digit(scale: int, opening: int, amounts: list[int]) -> None:
    data = one_asset(scale, opening, amounts)
    found = [row for row in rows_of(render_csv(data)) if row["asset"] == "XYZ"]
    lines = data.subaccounts[0].assets[0]
    expected = [lines.opening, *(movement.balance_after for movement in lines.movements), lines.closing]
    assert [EXACT.create_decimal(row["balance_after"]) for row in found] == [
        EXACT.scaleb(Decimal(value), -scale) for value in expected
    ]
    text = Page(render_html(data)).text
    assert all(amount_text(movement.amount, scale) in text for movement in lines.movements)
    assert amount_text(lines.closing, scale) in text


def test_every_section_of_the_statement_is_in_html_and_pdf_alike() -> None:
    data = typical()
    document = document_of(data)
    page, printed = Page(render_html(data)).text, pdf_text(render_pdf(data))
    squeezed = re.sub(r"[\s\ufffe\u00ad-]+", "", printed)
    for block in document.blocks:
        assert block.heading in page and re.sub(r"[\s-]+", "", block.heading) in squeezed
        texts = [*block.paragraphs, *block.after]
        texts += [] if block.table is None else [cell for row in block.table.rows for cell in row]
        for text in texts:
            assert text in page
            assert re.sub(r"[\s-]+", "", text).replace("…", "") in squeezed.replace("…", "").replace("⋯", ""), text
    for words in ("session key " + KEY + ", in your place", "service key " + KEY + ", in your place", "still valid"):
        assert words in page
    assert "苦情は当社のコンプライアンス担当へ。" in printed
    assert "d164-9d13-aad4-956f-fb18-958c-0803-40da" in page


def test_what_an_own_key_signed_is_not_marked() -> None:
    marked = [row["signed_role"] for row in rows_of(render_csv(typical())) if row["signed_in_your_place"] == "yes"]
    assert sorted(set(marked)) == ["service", "session"]
    assert f"order key {KEY} " in Page(render_html(typical())).text


def test_nothing_to_say_is_said() -> None:
    empty = typical(subaccounts=(), open_orders=(), positions=(), keys=(), consents=(), inclusion=None, disclaimers=())
    for text in (Page(render_html(empty)).text, pdf_text(render_pdf(empty))):
        assert "Nothing was owed and nothing moved." in text and "None is registered." in text
        assert "No attestation is named here." in text
    assert {row["line"] for row in rows_of(render_csv(empty))} == {"fact"}


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    source = render_html(typical())
    page = Page(source)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none'; style-src 'sha256-") and "://" not in source
    for tag, attributes in page.tags:
        assert tag not in ("script", "img", "link", "iframe", "object", "embed", "form", "base")
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes)
    assert len(page.all("table")) == len([table for table in page.all("table") if table.get("aria-labelledby") in ids])
    assert all(cell.get("scope") == "col" for cell in page.all("th"))


def _poisoned(value: Any, text: str) -> Any:
    """The statement with `text` in every place that takes free text."""
    if isinstance(value, tuple):
        return tuple(_poisoned(item, text) for item in value)
    if not dataclasses.is_dataclass(value):
        return value
    free = ("account", "reason", "reference", "signed_role", "signed_key", "market", "order", "side", "kind", "key")
    free += ("role", "subject", "text_sha256", "price_asset", "disclaimers", "permissions")
    fields = {}
    for field in dataclasses.fields(value):
        old = getattr(value, field.name)
        if field.name in free and old is not None:
            fields[field.name] = (text,) if isinstance(old, tuple) else text
        else:
            fields[field.name] = _poisoned(old, text)
    return dataclasses.replace(value, **fields)


def test_hostile_text_stays_text_on_the_page() -> None:
    source = render_html(_poisoned(typical(), HOSTILE + "\u202e\x00"))
    clean, page = Page(render_html(typical())), Page(source)
    assert "<script" not in source and "<img" not in source and source.count("</style>") == 1
    assert not set("\u202e\x00") & set(source)
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in clean.tags}
    assert "".join(page.words).count(HOSTILE) > 20


def test_hostile_text_stays_text_in_the_pdf() -> None:
    data = render_pdf(_poisoned(typical(), HOSTILE + "\u202e\U0001f600"))
    assert not re.search(rb"/(JavaScript|JS|URI|Launch|EmbeddedFile|Annots)\b", data)
    squeezed = re.sub(r"\s+", "", pdf_text(data))
    assert "\\u{202e}\\u{1f600}" in squeezed and "{{7*7}}" in squeezed


@pytest.mark.parametrize("text", HOSTILE_CELLS)
def test_no_cell_of_the_csv_begins_a_formula(text: str) -> None:
    data = render_csv(_poisoned(typical(), text))
    for row in csv.reader(io.StringIO(data.decode("utf-8"), newline="")):
        for cell in row:
            is_figure = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell)
            assert is_figure or not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "\t", "\r"))
    assert csv_cell("a=b") == "a=b" and csv_cell("") == ""


def test_a_text_that_looks_like_a_negative_number_is_marked_and_a_figure_is_not() -> None:
    row = next(r for r in rows_of(render_csv(_poisoned(typical(), "-12"))) if r["line"] == "movement")
    assert row["reason"] == "'-12" and row["amount"] == "0.25"
    assert any(r["amount"] == "-0.4" for r in rows_of(render_csv(typical())))


def test_the_csv_is_rfc_4180() -> None:
    data = render_csv(_poisoned(typical(), 'a,"b"'))
    assert data.endswith(b"\r\n") and b"\n" not in data.replace(b"\r\n", b"")
    lines = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    assert len({len(line) for line in lines}) == 1
    assert b'"a,""b"""' in data


def test_the_same_data_give_the_same_bytes_in_another_process() -> None:
    program = (
        "import hashlib\nfrom tests.support.statements import typical\nfrom cli.statement_pdf import render_pdf\n"
        "from cli.statement_render import render_csv, render_html\nd = typical()\n"
        "print(*(hashlib.sha256(b).hexdigest() for b in (render_pdf(d), render_html(d).encode(), render_csv(d))))"
    )
    found = set()
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT)}
        made = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        )
        found.add(made.stdout)
    assert len(found) == 1


def test_the_pdf_is_made_for_archives() -> None:
    data = render_pdf(typical())
    assert data.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>" in data
    assert data.count(b"2026-11-01T00:20:00+00:00") == 3
    assert not re.search(rb"D:20[0-9]{12}", data), "no time but the statement's own"


def test_without_the_extra_a_person_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    pdf.library.cache_clear()
    with pytest.raises(InputError, match=r"tallystick\[pdf\]"):
        render_pdf(typical())
    pdf.library.cache_clear()


def test_no_word_promises_more_than_the_books_say() -> None:
    assert PROMISES.findall(Page(render_html(typical())).text) == []
    assert PROMISES.findall(pdf_text(render_pdf(typical()))) == []


@pytest.mark.parametrize(
    "broken",
    [
        lambda: AssetLines("BTC", 8, 1, 2),
        lambda: AssetLines("BTC", 39, 1, 1),
        lambda: AssetLines("BTC", 8, 5, 5, holds=(Hold("order", "1", 6),)),
        lambda: AssetLines("BTC", 8, 0, 2, (Movement("t", "r", "x", 1, 2),)),
        lambda: AssetLines("BTC", 8, 0, 0, debt_opening=0, debt_closing=1),
        lambda: Movement("t", "r", "x", -1, -1),
        lambda: Movement("t", "r", "x", 1, 1, price="-5"),
        lambda: Movement("t", "r", "x", 1, 1, price="5\n"),
        lambda: Movement("t", "r", "x", 1, 1, signed_role="session"),
        lambda: Hold("order", "1", 0),
        lambda: typical(start="2026-11-01T00:00:00Z"),
        lambda: typical(inclusion=dataclasses.replace(typical().inclusion, leaves=(InclusionLeaf("BTC", 8, 1, 0),))),  # type: ignore[type-var]  # it has one
    ],
)
def test_a_statement_that_does_not_add_up_is_never_made(broken: Any) -> None:
    with pytest.raises(AssertionError):
        broken()


def test_a_consent_that_was_withdrawn_says_when() -> None:
    data = typical(consents=(Consent("lending", "ab" * 32, "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"),))
    assert "2026-02-02 00:00:00" in Page(render_html(data)).text
