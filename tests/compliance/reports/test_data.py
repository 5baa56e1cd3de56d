"""A pack as CSV and JSON: exact, whole, of the published schema, and no text in it becomes a formula."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.facts import Evidence, Facts
from compliance.reports.csv_ import chart_csv, document_csvs, table_csv
from compliance.reports.document import Column, Table, amount_text, number_text, plain_amount
from compliance.reports.inputs import PackInput
from compliance.reports.json_ import pack_json, pack_schema
from compliance.reports.pack import PackData, PackHeader, cover_of, evidence_of
from compliance.reports.texts import ENGLISH, JAPANESE
from compliance.verdicts import Result, Verdict
from ledger.canonical import parse_file
from tests.compliance.reports.sample import (
    AS_OF,
    digest,
    sample_blocks,
    sample_data,
    sample_document,
    sample_pack,
    sample_rules,
    sample_verdicts,
)

BLOCKS = sample_blocks(rows=8, hours=60)
DATA = sample_pack(BLOCKS)
HOSTILE_CELLS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", " =1", "＝1", "\n=1")


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


@given(st.integers(-(10**30), 10**30), st.integers(0, 38))
def test_figures_lose_their_commas_and_nothing_else(quanta: int, scale: int) -> None:
    shown = number_text(amount_text(quanta, scale))
    assert "," not in shown
    whole, _, part = shown.partition(".")
    assert f"{whole}.{part}".rstrip("0").rstrip(".") == plain_amount(quanta, scale)
    [_, [cell]] = rows_of(table_csv(Table("t", (Column("n", "number"),), ((amount_text(quanta, scale),),))))
    assert cell == shown


@pytest.mark.parametrize("text", ["1,2", "12,34", "1,234,5", "none", "1,234 USD", "1e5", "٣"])
def test_what_is_no_figure_stays_as_it_is(text: str) -> None:
    assert number_text(text) == text


@pytest.mark.parametrize("text", HOSTILE_CELLS)
@pytest.mark.parametrize("kind", ["text", "code", "number", "rule"])
def test_no_cell_of_a_csv_begins_a_formula(text: str, kind: str) -> None:
    data = table_csv(Table("t", (Column(text, kind), Column("n", "number")), ((text, "-1,000.50"),)))
    head, row = rows_of(data)
    assert row[1] == "-1000.50"
    for cell in (head[0], row[0]):
        is_figure = kind == "number" and re.fullmatch(r"-?[0-9.]+", cell)
        assert is_figure or not cell.lstrip(" ").startswith(("=", "+", "-", "@", "＝", "\t", "\r", "\n"))


def test_every_table_and_chart_has_a_file_with_every_row() -> None:
    document = sample_document(rows=8, hours=60, blocks=BLOCKS)
    files = document_csvs(document, "Place")
    assert len(files) == len(document.tables) + len(document.charts) and list(files) == sorted(files)
    assert {"01-verdicts.csv", "02-table.csv", "03-coverage-btc.csv"} <= set(files)
    for data in files.values():
        assert data.endswith(b"\r\n") and b"\n" not in data.replace(b"\r\n", b"")
        assert len({len(row) for row in rows_of(data)}) == 1
    head, *rows = rows_of(files["03-coverage-btc.csv"])
    assert head == ["Place", "Coverage (%)"] and len(rows) == 60
    wallets = next(data for name, data in files.items() if name.endswith("wallets.csv"))
    assert [row[2] for row in rows_of(wallets)][1:5] == ["proven", "attested", "claimed", "unchecked"]


def test_words_of_statuses_are_the_same_in_every_language() -> None:
    english, japanese = (sample_document(texts, blocks=BLOCKS) for texts in (ENGLISH, JAPANESE))
    left, right = (rows_of(document_csvs(each, "p")["01-verdicts.csv"]) for each in (english, japanese))
    assert [row[2] for row in left[1:]] == [row[2] for row in right[1:]] and left[0] != right[0]


def test_a_chart_that_nobody_can_draw_whole_is_whole_as_csv() -> None:
    chart = sample_document(hours=744).charts[0]
    rows = rows_of(chart_csv(chart, "Hour"))
    assert len(rows) == 745 and rows[501] == ["2026-10-21 20:00", ""]


# JSON


def test_the_json_is_canonical_of_the_schema_and_the_same_twice() -> None:
    data = pack_json(DATA)
    document = parse_file(data)
    assert pack_json(sample_pack(sample_blocks(rows=8, hours=60))) == data
    jsonschema.Draft202012Validator.check_schema(pack_schema())
    jsonschema.validate(document, pack_schema())
    assert isinstance(document, dict)
    assert document["verdict"] == "fail" and document["unaudited"] is True
    assert document["counts"] == {"pass": 2, "fail": 1, "not_applicable": 1, "insufficient_data": 1}
    assert len(document["verdicts"]) == 5 and len(document["tables"]) == len(DATA.tables)  # type: ignore[arg-type]  # lists


def test_figures_in_json_are_texts_without_commas_and_gaps_are_null() -> None:
    document = json.loads(pack_json(sample_data((), sample_document(hours=744).charts)))
    values = document["charts"][0]["series"][0]["values"]
    assert values[500] is None and values[0] == "101.08" and document["charts"][0]["reference"] == "100.00"
    table = next(table for table in json.loads(pack_json(DATA))["tables"] if table["name"] == "wallets")
    assert table["rows"][0][3] == "123456.78901234" and table["rows"][2][4] == "-0.00000005"


BREAKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a kind of its own": lambda d: d.update(kind="report"),
    "not unaudited": lambda d: d.update(unaudited=False),
    "a field more": lambda d: d.update(extra=1),
    "no rule set": lambda d: d.pop("rule_set"),
    "a hash too short": lambda d: d["rule_set"].update(hash="ab"),
    "a verdict of no kind": lambda d: d["verdicts"][0].update(result="perhaps"),
    "a number": lambda d: d["charts"][0]["series"][0]["values"].__setitem__(0, 1.5),
    "a time without zone": lambda d: d.update(prepared="2026-11-02T08:00:00"),
    "missing data unnamed": lambda d: d["verdicts"][2].update(missing=[]),
    "a pass that lacks data": lambda d: d["verdicts"][1].update(missing=["x"]),
    "an empty table": lambda d: d["tables"][0].update(columns=[]),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_schema_refuses(name: str) -> None:
    document = copy.deepcopy(json.loads(pack_json(DATA)))
    BREAKS[name](document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, pack_schema())


# The pack as data


def test_the_cover_counts_and_names_the_data() -> None:
    cover = sample_document(blocks=()).cover
    assert cover is not None and cover.verdict == "fail" and cover.warnings == 1
    hashes = [value for _, value in cover.hashes]
    assert hashes == [sample_rules().hash().hex(), sha256(pack_json(sample_pack(()))).hexdigest()]
    assert cover_of((), ENGLISH).verdict == "not applicable"
    assert cover_of(sample_verdicts()[1:2], JAPANESE).statement == JAPANESE["said_pass"]


def test_every_piece_of_evidence_is_there_once_by_name() -> None:
    names = [item.name for item in DATA.all_evidence]
    assert names == ["hours/2026-10-31T23/attestation.json", "log/segment-000812.log", "register line 12"]


def test_a_verdict_of_another_rule_set_is_refused() -> None:
    stranger = Verdict("OTHER-1", "1", "sample", "", AS_OF, Result.PASS)
    with pytest.raises(AssertionError, match="a rule of the set"):
        PackData(DATA.header, sample_rules(), (stranger,))


def test_evidence_in_a_file_gets_a_command_and_a_name_cannot_add_to_it() -> None:
    places = ("a/b.json", "log position 12", "a b; rm -rf x.json", "-x.json")
    found = list(evidence_of(Evidence("file", place, digest(place)) for place in places))
    assert [item.command for item in found] == ["sha256sum a/b.json", "", "", ""]


def test_the_header_of_a_pack_comes_from_its_input() -> None:
    given_ = PackInput(
        exchange="example.exchange",
        entity="main",
        rules=sample_rules(),
        start=date(2026, 10, 1),
        end=date(2026, 10, 31),
        prepared=datetime(2026, 11, 2, 8, tzinfo=UTC),
        facts=Facts("main", AS_OF, {}, ()),
        verdicts=sample_verdicts(),
    )
    header = PackHeader.of(given_, "sample-monthly")
    assert (header.start, header.end, header.prepared) == ("2026-10-01", "2026-10-31", "2026-11-02T08:00:00Z")
    with pytest.raises(AssertionError):
        PackHeader("r", "r", "e", "e", "2026-10-02", "2026-10-01", "2026-11-02T08:00:00Z")
