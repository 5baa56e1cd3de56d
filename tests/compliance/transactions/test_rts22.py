"""EU transaction reports: every field's lint, who reports, corrections, deadlines, reconciliation, and the XML."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from compliance.transactions.records import TradeRecord
from compliance.transactions.reference import read_reference
from compliance.transactions.rts22 import cancellation, changes, due_at, rows_of
from compliance.transactions.rts22_fields import FIELDS, lint
from compliance.transactions.rts22_reconcile import OUTCOMES, Sent, reconcile, summary
from compliance.transactions.rts22_xml import AUTH_016, Header, report_xml, validate, xml_chunks
from ledger.errors import InputError, InputErrors
from tests.compliance.transactions.conftest import REFERENCE
from tests.support.traded import ALICE, BOB

GOOD = {
    "status": "NEWT", "reference": "T1", "executing_entity": "529900T8BM49AURSDO55", "investment_firm": "true",
    "submitting_entity": "529900T8BM49AURSDO55", "buyer": "HWUPKR0MPOU8FGXBT394", "seller": "DE19800113ALLICLUNE#",
    "seller_first_names": "ALLICE", "seller_surname": "VON DER LUNE", "seller_birth_date": "1980-01-13",
    "transmission": "false", "traded_at": "2026-09-01T00:00:00.000022Z", "capacity": "AOTC", "quantity": "0.4",
    "price": "51000", "price_currency": "USD", "venue": "XTAL", "instrument": "US0378331005", "executor": "NORE",
    "financing": "false",
}  # fmt: skip


def found(**changed):
    report = {key: text for key, text in {**GOOD, **changed}.items() if text is not None}
    return [(finding.number, finding.key) for finding in lint(report)]


def test_a_good_report_has_no_finding_and_the_annex_has_65_fields():
    assert not lint(GOOD)
    assert [field.number for field in FIELDS] == list(range(1, 66))
    assert len({field.key for field in FIELDS}) == 65


@pytest.mark.parametrize("key", [field.key for field in FIELDS if field.need == "mandatory"])
def test_a_mandatory_field_that_is_missing_is_named(key):
    number = next(field.number for field in FIELDS if field.key == key)
    assert (number, key) in found(**{key: None})


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("status", "AMND"),
        ("reference", "t-1"),
        ("reference", "A" * 53),
        ("executing_entity", "529900T8BM49AURSDO56"),
        ("investment_firm", "yes"),
        ("buyer", "12345"),
        ("seller_birth_date", "1980-02-30"),
        ("traded_at", "2026-09-01T00:00:00Z"),
        ("traded_at", "2026-13-01T00:00:00.000000Z"),
        ("traded_at", "2026-09-01 00:00:00.000000Z"),
        ("capacity", "AGENT"),
        ("quantity", "0,4"),
        ("quantity", "4e1"),
        ("quantity", "0.40"),
        ("quantity", "1234567890123456789"),
        ("price", "0.12345678901234"),
        ("price", "+1"),
        ("price_currency", "usd"),
        ("venue", "XTA"),
        ("instrument", "US0378331006"),
        ("classification", "XSVUFR"),
        ("executor", "SOMEBODY!"),
        ("financing", "0"),
        ("short_selling", "LONG"),
        ("option_type", "CALL"),
        ("strike_price", "5"),
    ],
)
def test_a_field_in_another_form_is_named(key, bad):
    assert key in [name for _, name in found(**{key: bad})]


def test_rules_between_fields():
    assert (18, "seller_first_names") in found(seller_first_names=None)
    assert (9, "buyer_first_names") in found(buyer_first_names="BOB")
    assert (16, "seller") in found(seller=GOOD["buyer"], seller_first_names=None, seller_surname=None)
    assert (0, "shoe_size") in found(shoe_size="44")


@given(st.sampled_from([field.key for field in FIELDS]), st.text(max_size=30))
def test_no_text_breaks_the_lint(key, text):
    lint({**GOOD, key: text})


def trades(day):
    return [record for record in day.records(("trades", "orders")) if isinstance(record, TradeRecord)]


@pytest.fixture(scope="module")
def reference(reference_file):
    return read_reference(reference_file)


def test_two_clients_are_one_report_of_the_firm(day, reference):
    rows = list(rows_of(trades(day), reference))
    assert [row.is_clean for row in rows] == [True] * 3
    report = rows[0].report
    assert report["reference"] == "BTCUSD000000000001C" and report["capacity"] == "AOTC"
    assert (report["buyer"], report["seller"]) == ("HWUPKR0MPOU8FGXBT394", "DE19800113ALLICLUNE#")
    assert (report["quantity"], report["price"], report["price_currency"]) == ("0.4", "51000", "USD")
    assert {key: GOOD[key] for key in ("traded_at", "venue", "instrument")}.items() <= report.items()


def changed_reference(tmp_path, **sections):
    path = tmp_path / "reference.json"
    path.write_text(json.dumps({**REFERENCE, **sections}))
    return read_reference(path)


def test_a_member_has_a_report_of_its_own_and_needs_a_capacity(day, tmp_path):
    member = {**REFERENCE["clients"][BOB], "member": True}
    reference = changed_reference(tmp_path, clients={**REFERENCE["clients"], BOB: member})
    rows = list(rows_of(trades(day)[:1], reference))
    assert [row.report["reference"][-1] for row in rows] == ["B", "C"]
    assert rows[0].report["executing_entity"] == "HWUPKR0MPOU8FGXBT394"
    assert rows[0].report["investment_firm"] == "false"
    assert [finding.key for finding in rows[0].findings] == ["capacity"] and rows[1].is_clean


def test_what_is_no_financial_instrument_is_not_reported(day, tmp_path):
    assert not list(rows_of(trades(day), changed_reference(tmp_path, instruments={})))


def test_who_is_not_certified_is_an_exception_and_still_a_row(day, tmp_path):
    clients = {who: each for who, each in REFERENCE["clients"].items() if who != ALICE}
    rows = list(rows_of(trades(day), changed_reference(tmp_path, clients=clients)))
    assert len(rows) == 3 and [row.is_clean for row in rows] == [False, False, True]
    assert [finding.key for finding in rows[0].findings] == ["seller"]


@pytest.mark.parametrize(
    ("traded", "due"),
    [  # TARGET: 2026-04-03 Good Friday, 04-06 Easter Monday, 2026-05-01, 12-25 and 12-26 closed; Brussels' midnight
        ("2026-09-01T10:00:00", "2026-09-02T21:59:59"),
        ("2026-09-01T21:59:59", "2026-09-02T21:59:59"),
        ("2026-09-01T22:00:00", "2026-09-03T21:59:59"),
        ("2026-09-04T10:00:00", "2026-09-07T21:59:59"),
        ("2026-09-05T10:00:00", "2026-09-07T21:59:59"),
        ("2026-04-02T10:00:00", "2026-04-07T21:59:59"),
        ("2026-12-24T10:00:00", "2026-12-28T22:59:59"),
    ],
)
def test_due_by_the_close_of_the_next_working_day(traded, due):
    micros = int(datetime.fromisoformat(traded).replace(tzinfo=UTC).timestamp()) * 10**6
    assert due_at(micros).strftime("%Y-%m-%dT%H:%M:%S") == due


def test_a_correction_is_a_cancellation_and_a_new_report():
    other, gone, new = {**GOOD, "price": "51001"}, {**GOOD, "reference": "T2"}, {**GOOD, "reference": "T3"}
    sent = list(changes([GOOD, gone], [other, new]))
    assert sent == [cancellation(GOOD), other, new, cancellation(gone)]
    assert cancellation(GOOD).keys() == {"status", "reference", "executing_entity", "submitting_entity"}
    assert not any(lint(each) for each in sent)
    assert list(changes([GOOD], [GOOD])) == []
    assert lint({**cancellation(GOOD), "price": "1"})


def test_reconciliation_knows_every_outcome(day, reference, tmp_path):
    rows = list(rows_of(trades(day), reference))
    late = int(rows[0].due.timestamp() + 1) * 10**6
    first, second, third = (row.report for row in rows)

    def outcomes(sent, rows=rows):
        return [each.outcome for each in reconcile(rows, sent)]

    on_time = [Sent(first, 0, "accepted"), Sent(second, 0, "rejected"), Sent(third, 0, None)]
    assert outcomes(on_time) == ["matched", "rejected", "unanswered"]
    assert outcomes([Sent(first, late, "accepted"), Sent({**second, "price": "1"}, 0, "accepted")]) == [
        "late", "differs", "missing",
    ]  # fmt: skip
    assert outcomes([Sent({**first, "reference": "NOBODY"}, 0, "accepted")])[-1] == "extra"
    assert outcomes([*on_time, Sent(cancellation(first), 0, "accepted")])[0] == "missing"
    held = list(rows_of(trades(day), changed_reference(tmp_path, clients={})))
    assert set(outcomes([], held)) == {"not reportable yet"}
    assert set(summary(reconcile(rows, on_time))) == set(OUTCOMES)
    edge = Sent(first, int(rows[0].due.timestamp() * 10**6), "accepted")
    assert outcomes([edge, *on_time[1:]])[0] == "matched", "the last microsecond is in time"


def test_the_xml_is_well_formed_escaped_and_marked(day, reference):
    header = Header("529900T8BM49AURSDO55", "DE", "m-1", "2026-09-02T00:00:00Z")
    reports = [row.report for row in rows_of(trades(day), reference)]
    text = "".join(xml_chunks(header, [*reports, cancellation(reports[0]), {**GOOD, "seller_surname": "A<B&C"}]))
    assert "<!-- schema not verified" in text
    tree = etree.fromstring(text.encode())
    spaces = {"a": AUTH_016}
    assert tree.xpath("count(//a:FinInstrmRptgTxRpt/a:Tx/a:New)", namespaces=spaces) == 4
    assert tree.xpath("//a:Cxl/a:TxId/text()", namespaces=spaces) == ["BTCUSD000000000001C"]
    assert tree.xpath("string(//a:Nm[contains(., '<')])", namespaces=spaces) == "A<B&C"
    names = [etree.QName(each).localname for each in tree.find(f".//{{{AUTH_016}}}New")]
    assert names == [
        "TxId", "ExctgPty", "InvstmtPtyInd", "SubmitgPty", "Buyr", "Sellr", "OrdrTrnsmssn", "Tx", "FinInstrm",
        "ExctgPrsn", "AddtlAttrbts",
    ]  # fmt: skip


def test_persons_algorithms_and_negative_prices():
    text = report_xml({**GOOD, "price": "-1.5", "executor": "ALGO:bot-7", "decider": "DE12345", "buyer_branch": "FR"})
    assert '<Amt Ccy="USD">1.5</Amt><Sgn>false</Sgn>' in text and "<Algo>bot-7</Algo>" in text
    assert "<Id>DE12345</Id><SchmeNm><Cd>NIDN</Cd></SchmeNm>" in text and "<CtryOfBrnch>FR</CtryOfBrnch>" in text


def test_a_schema_that_the_user_has_is_checked_by(tmp_path):
    schema = tmp_path / "small.xsd"
    schema.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="Tx" type="xs:int"/></xs:schema>'
    )
    document = tmp_path / "document.xml"
    document.write_text("<Tx>5</Tx>")
    assert validate(document, schema, "Tx") == []
    document.write_text("<Tx>five</Tx>")
    [found] = validate(document, schema, "Tx")
    assert "'five' is not a valid value" in found
    document.write_text("<Tx>six</Tx>")
    assert "'six'" in validate(document, schema, "Tx")[0], "what was found before is not found again"
    schema.write_text("<no schema")
    with pytest.raises(InputError, match="no XML schema"):
        validate(document, schema, "Tx")


def test_reference_data_that_are_wrong_are_all_named(tmp_path):
    path = tmp_path / "reference.json"
    path.write_text(json.dumps({"firm": {"lei": 5, "shoe": ""}, "clients": [], "extra": 1, "assets": {"USD": "USD"}}))
    with pytest.raises(InputErrors) as raised:
        read_reference(path)
    assert len(raised.value.problems) == 5
    for bad in ("[1]", "{"):
        path.write_text(bad)
        with pytest.raises(InputErrors):
            read_reference(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_reference(tmp_path / "nothing.json")
