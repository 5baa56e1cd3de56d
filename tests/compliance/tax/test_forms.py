"""1099-DA rows, CARF figures and messages, and who certified what."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from lxml import etree

from compliance.tax.carf import CarfTable, Key
from compliance.tax.carf_xml import CARF, STF, Message, Provider, carf_chunks, official_schema
from compliance.tax.form_1099_da import NFT_CODE, Aggregates, cents, form_rows, is_long_term
from compliance.tax.lots import Part
from compliance.tax.movements import Departure
from compliance.tax.parameters import PARAMETERS, carf_due, covered_from, parameters_json
from compliance.tax.people import Address, Person, Tin, missing, read_people
from compliance.tax.valuation import PriceBoard
from compliance.transactions.records import PriceRecord
from compliance.transactions.rts22_xml import validate
from ledger.errors import InputError, InputErrors
from ledger.journal import ReasonCode
from tests.compliance.tax.test_movements import PAIR, T0, deposit, prices, side, trade

DAY_US = 86_400 * 10**6


def departure(proceeds, basis, quanta=100, asset="ETH", kind="sale", received="USD", account="ann", reference="r"):
    part = Part(1, T0, quanta, basis, basis is not None, "trade", "")
    return Departure(account, asset, 2, T0 + DAY_US, kind, reference, part, proceeds, received, Fraction(1, 3))


def rows(*departures, dtis={"ETH": "D5RG2FHH0"}):  # noqa: B006 - never changed
    return list(form_rows(departures, dtis, {"ETH": "Ether"}))


def test_a_row_box_by_box():
    [row] = rows(departure(Fraction("1.005"), Fraction("0.334999")))
    assert not row.problems
    assert {key: row.cells[key] for key in row.cells if key[0] == "1"} == {
        "1a_code": "D5RG2FHH0", "1b_asset": "Ether", "1c_units": "1", "1d_acquired": "2026-01-01",
        "1e_sold": "2026-01-02", "1f_proceeds": "1.01", "1g_basis": "0.33",
    }  # fmt: skip
    assert (row.cells["gain"], row.cells["term"], row.cells["noncovered"]) == ("0.67", "short", "no")
    assert row.cells["fee"] == "0.33"


@pytest.mark.parametrize(
    ("changed", "dtis", "problem"),
    [
        ({"proceeds": None}, {"ETH": "D5RG2FHH0"}, "1f: no price"),
        ({}, {}, "1a: the asset has no DTI"),
        ({}, {"ETH": "ETH"}, "1a: the asset has no DTI"),
    ],
)
def test_what_cannot_be_filed_is_named_and_still_a_row(changed, dtis, problem):
    [row] = rows(departure(**{"proceeds": Fraction(1), "basis": Fraction(1), **changed}), dtis=dtis)
    assert len(row.problems) == 1 and row.problems[0].startswith(problem)


def test_unknown_basis_is_noncovered_and_dates_are_left_open():
    [row] = rows(departure(Fraction(5), None), dtis={"ETH": NFT_CODE})
    assert not row.problems
    assert (row.cells["noncovered"], row.cells["1g_basis"], row.cells["1d_acquired"], row.cells["gain"]) == (
        "yes",
        "",
        "",
        "",
    )
    assert not rows(departure(Fraction(5), None, kind="withdrawal")), "what is no disposal is no row"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (Fraction(0), "0.00"), (Fraction("0.005"), "0.01"), (Fraction("0.0049"), "0.00"),
     (Fraction("-0.005"), "-0.01"), (Fraction(1234567), "1234567.00")],
)  # fmt: skip
def test_cents(value, text):
    assert cents(value) == text


def micros(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**6


@pytest.mark.parametrize(
    ("acquired", "sold", "is_long"),
    [("2026-03-05", "2027-03-05", False), ("2026-03-05", "2027-03-06", True),
     ("2026-03-05T23:59:59", "2027-03-06", True),
     ("2028-02-29", "2029-02-28", False), ("2028-02-29", "2029-03-01", True)],
)  # fmt: skip
def test_more_than_a_year(acquired, sold, is_long):
    assert is_long_term(micros(acquired), micros(sold)) is is_long


@pytest.mark.parametrize(("last", "below"), [("3999.99", True), ("4000.00", True), ("4000.01", False)])
def test_stablecoins_in_sums_and_their_de_minimis(last, below):
    totals = Aggregates(["USDC"], ["USD"])
    stable = [
        departure(Fraction(3_000), Fraction(1), asset="USDC", reference="a"),
        departure(Fraction(3_000), Fraction(1), asset="USDC", reference="a"),
        departure(Fraction(last), Fraction(1), asset="USDC", reference="b"),
        departure(Fraction(9), None, asset="USDC", received="ETH", reference="c"),
    ]
    passed = list(totals.passing([stable[0], stable[1], departure(Fraction(1), None), *stable[2:]]))
    assert [each.asset for each in passed] == ["ETH"]
    other, designated = sorted(totals.rows(), key=lambda row: row.designated)
    assert (designated.transactions, designated.quanta, designated.below_de_minimis) == (2, 300, below)
    assert (other.transactions, other.proceeds, other.below_de_minimis) == (1, 9, False)


def test_a_sum_without_a_price_is_never_below():
    totals = Aggregates(["USDC"], ["USD"])
    assert not list(totals.passing([departure(None, None, asset="USDC")]))
    [row] = totals.rows()
    assert row.unvalued == 1 and not row.below_de_minimis


def test_parameters_are_dated_and_have_a_status():
    assert carf_due(2026) == date(2027, 1, 31) and covered_from() == date(2026, 1, 1)
    assert all(dated.parameter.status is not None and dated.parameter.source for dated in PARAMETERS.values())
    assert parameters_json().keys() == PARAMETERS.keys()


# CARF.


def table(*records, currency="USD", original=lambda transfer: None, providers=()):
    found = CarfTable(PriceBoard(currency, "USD", {"USD": "USD"}), original, providers)
    for record in records:
        found.take(record)
    return found


def test_crypto_against_crypto_counts_for_both_users_in_both_assets():
    found = table(prices(USDC=99 * 10**16), trade(side("ann", 100), side("ben", 100), 10_000, 2))
    told = {(*key[:3], figures.amount, figures.units, figures.count) for key, figures in found.rows()}
    value = Fraction("198.00")  # without the fees
    assert told == {
        ("ann", "ETH", "CryptoToCryptoIn", value, 2, 1),
        ("ann", "USDC", "CryptoToCryptoOut", value, 200, 1),
        ("ben", "ETH", "CryptoToCryptoOut", value, 2, 1),
        ("ben", "USDC", "CryptoToCryptoIn", value, 200, 1),
    }


def moved(quanta, reason, destination=None, price=None):
    return deposit("ann", "ETH", quanta, reason)._replace(destination=destination, price=price)


@pytest.mark.parametrize(
    ("quanta", "reason", "destination", "expected"),
    [
        (100, ReasonCode.DEPOSIT, None, [("CryptoTransferIn", "CARF509")]),
        (100, ReasonCode.REFERRAL, None, [("CryptoTransferIn", "CARF508")]),
        (100, ReasonCode.INTEREST, None, [("CryptoTransferIn", "CARF504")]),
        (-100, ReasonCode.WITHDRAWAL, "0xabc", [("CryptoTransferOut", "CARF606"), ("TransferWallet", "")]),
        (-100, ReasonCode.WITHDRAWAL, "0xother", [("CryptoTransferOut", "CARF601")]),
        (-100, ReasonCode.WITHDRAWAL_FEE, None, [("CryptoTransferOut", "CARF605")]),
        (-100, ReasonCode.CORRECTION, None, [("CryptoTransferOut", "CARF605")]),
    ],
)
def test_transfers_by_reason(quanta, reason, destination, expected):
    found = table(moved(quanta, reason, destination, price=10**18), providers=["0xother"])
    assert [(key.kind, key.code) for key, _ in found.rows()] == expected
    assert all((figures.amount, figures.units) == (1, 1) for _, figures in found.rows())


def test_without_a_price_it_is_counted_apart_and_never_at_zero():
    [(_, figures)] = table(moved(100, ReasonCode.DEPOSIT)).rows()
    assert (figures.amount, figures.units, figures.count, figures.unvalued) == (0, 1, 1, 1)


def test_a_reversal_takes_back_what_it_added_or_is_an_exception():
    first = moved(100, ReasonCode.DEPOSIT, price=10**18)
    back = moved(-100, ReasonCode.DEPOSIT_REVERSAL)
    assert not table(first, back, original=lambda transfer: first).rows()
    found = table(first, back)
    assert [figures.count for _, figures in found.rows()] == [1] and len(found.exceptions) == 1
    assert len(table(first, back._replace(quanta=-50), original=lambda transfer: first).exceptions) == 1


def test_moves_within_an_account_and_trades_with_oneself_are_nothing():
    move = moved(100, ReasonCode.TRANSFER)._replace(counterparty="customer:ann")
    assert not table(move, trade(side("ann"), side("ann"), 10_000, 2)).rows()


def test_a_trade_is_valued_by_its_base_where_the_quote_has_no_price():
    found = table(
        PriceRecord(1, 0, "USD", (("ETH", 10**18),), ()), trade(side("ann"), side("ben"), 10_000, 2, market=PAIR)
    )
    assert {figures.amount for _, figures in found.rows()} == {2}


ANN = Person(
    first_name="Ann", last_name="O<Neil", birth_date="1980-01-02", residences=("DE", "FR"),
    tins=(Tin("123", "DE"),), address=Address("DE", "Köln", "Dom & Co 1"),
)  # fmt: skip


def test_the_message_holds_by_the_schema_and_is_escaped(tmp_path):
    provider = Provider("Tally GmbH", "529900T8BM49AURSDO55", "99/9", "DE", Address("DE", "Berlin"))
    message = Message("DE", "DE", "m1", 2026, "2027-01-05T00:00:00Z", "EUR", is_test=True)
    chief = replace(ANN, type="CARF801")
    firm = Person("entity", name="Firm", residences=("DE",), tins=ANN.tins, address=ANN.address, controlling=(chief,))
    figures = table(moved(-100, ReasonCode.WITHDRAWAL, "0xabc", 10**18), prices(USDC=10**18),
                    trade(side("ann"), side("ben"), 10_000, 2)).rows()  # fmt: skip
    mine = [row for row in figures if row[0].account == "ann"]
    text = "".join(carf_chunks(message, provider, [(ANN, mine), (firm, mine)], {"ETH": "Ether"}))
    assert "schema not verified -->" in text
    tree = etree.fromstring(text.encode())
    spaces = {"c": CARF, "s": STF}
    user = tree.find(".//c:CryptoUsers", spaces)
    path = tmp_path / "carf.xml"
    path.write_text(text)
    assert validate(path, official_schema(), f"{{{CARF}}}CryptoUsers") == []
    path.write_text(text.replace("<BirthDate>1980-01-02</BirthDate>", "", 1))
    assert "BirthInfo" in validate(path, official_schema(), f"{{{CARF}}}CryptoUsers")[0]
    kinds = [[etree.QName(each).localname for each in block][1:] for block in user[1:-1]]
    assert kinds == [["CryptoToCryptoIn"], ["CryptoTransferOut"], ["TransferWallet"], ["CryptoToCryptoOut"]]
    assert user.findtext("c:RelevantTransactions/c:CryptoAsset", namespaces=spaces) == "Ether"
    assert {each.text for each in tree.iterfind(".//s:DocTypeIndic", spaces)} == {"OECD11"}
    references = [each.text for each in tree.iterfind(".//s:DocRefId", spaces)]
    assert references[0] == "DE2026-m1"
    assert [etree.QName(each).localname for each in tree.findall(".//c:CryptoUsers", spaces)[1]][:2] == [
        "UserID",
        "ControllingPerson",
    ]


def test_rows_come_by_user_asset_and_the_schemas_order():
    found = table(moved(-100, ReasonCode.WITHDRAWAL, "0x", 10**18), moved(100, ReasonCode.DEPOSIT, price=10**18))
    assert [key.kind for key, _ in found.rows()] == ["CryptoTransferIn", "CryptoTransferOut", "TransferWallet"]
    assert found.rows()[0][0] == Key("ann", "ETH", "CryptoTransferIn", "CARF509")


# People.


def test_what_a_certification_lacks():
    assert missing(None) == ("certification",) and missing(ANN) == ()
    assert missing(Person()) == (
        "address.city", "address.country", "birth_date", "first_name", "last_name", "residences", "tins",
    )  # fmt: skip
    firm = Person("entity", controlling=(ANN,))
    assert "name" in missing(firm) and "controlling.0.type" in missing(firm) and "birth_date" not in missing(firm)


def test_certifications_that_are_wrong_are_all_named(tmp_path):
    path = tmp_path / "people.json"
    good = {"kind": "individual", "residences": ["DE"], "tins": [{"value": "1", "country": "DE"}]}
    path.write_text(json.dumps({"a": good}))
    assert read_people(path)["a"].tins == (Tin("1", "DE"),)
    path.write_text(
        json.dumps({"a": {**good, "shoe": 1, "kind": "robot", "birth_date": "1.1.1980", "residences": ["Germany"],
                          "tins": ["1"], "address": {"planet": "x"}, "first_name": 5}, "b": []})
    )  # fmt: skip
    with pytest.raises(InputErrors) as raised:
        read_people(path)
    assert len(raised.value.problems) == 8
    for bad in ("[]", "{"):
        path.write_text(bad)
        with pytest.raises(InputError):
            read_people(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_people(tmp_path / "nobody.json")


def test_without_the_official_schema_the_mark_is_set(tmp_path, monkeypatch):
    from compliance.tax import files
    from compliance.transactions.files import Span

    arguments = (
        Span("x", "2026-01-01", "2027-01-01", 1, 2), table(moved(100, ReasonCode.DEPOSIT, price=10**18)),
        Message("DE", "DE", "m1", 2026, "2027-01-05T00:00:00Z", "EUR"),
        Provider("T", "", "9", "DE", ANN.address), {"ann": ANN}, {},
    )  # fmt: skip
    document = files.write_carf(tmp_path / "without", *arguments)
    assert document["mark"] == "schema not verified" and "schema_findings" not in document
    assert "schema not verified" in (tmp_path / "without" / "carf.xml").read_text()
    document = files.write_carf(tmp_path / "with", *arguments, schema=official_schema())
    assert document["mark"] == "schema checked" and document["schema_findings"] == []
    assert "not verified" not in (tmp_path / "with" / "carf.xml").read_text()
