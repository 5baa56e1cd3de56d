"""IVMS101: what is read is written again, everything loose is refused with its path, each constraint bites."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.travel_rule.ivms101.constraints import check_payload
from compliance.travel_rule.ivms101.convert import convert
from compliance.travel_rule.ivms101.datatypes import COUNTRIES, Version, lei_is_valid
from compliance.travel_rule.ivms101.reading import load_json, read_payload
from compliance.travel_rule.ivms101.schema import payload_schema
from compliance.travel_rule.ivms101.writing import payload_document
from ledger.errors import InputErrors
from tests.compliance.travel_rule.payloads import LEI, alice, documents, wu

TODAY = date(2026, 11, 30)
SCHEMAS = Path(__file__).resolve().parents[3] / "docs" / "spec" / "schemas"
VALIDATORS = {version: jsonschema.Draft202012Validator(payload_schema(version)) for version in Version}
relaxed = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def broken(document: Any) -> list[tuple[str, str]]:
    """Path and rule of everything that is wrong, in form or by the constraints."""
    try:
        payload = read_payload(document, "x.json")
    except InputErrors as error:
        return [(each.column or "", each.problem.rsplit("(", 1)[1][:-1]) for each in error.problems]
    return [(each.path, each.rule) for each in check_payload(payload, TODAY)]


def at(document: Any, *path: str | int) -> Any:
    for step in path:
        document = document[step]
    return document


PERSON = ("originator", "originatorPerson", 0, "naturalPerson")
LEGAL = ("originatingVASP", "originatingVASP", "legalPerson")


@pytest.mark.parametrize("document", [alice(), wu()])
def test_two_written_payloads_hold_in_model_and_schema(document):
    payload = read_payload(document, "x.json")
    assert check_payload(payload, TODAY) == ()
    assert payload_document(payload) == document
    assert list(VALIDATORS[payload.version].iter_errors(document)) == []
    other = Version.V2020 if payload.version is Version.V2023 else Version.V2023
    assert list(VALIDATORS[other].iter_errors(document)), "the other version's schema refuses it"


@pytest.mark.parametrize("version", list(Version))
@relaxed
@given(data=st.data())
def test_any_payload_is_written_as_it_was_read_and_its_schema_agrees(version, data):
    document = data.draw(documents(version))
    payload = read_payload(document, "x.json")
    assert payload.version is version
    written = payload_document(payload)
    assert written == document and read_payload(json.loads(json.dumps(written)), "x.json") == payload
    # What a schema cannot say: dates, check digits, counts of intermediaries.
    said = {each.rule for each in check_payload(payload, TODAY)} - {"C2", "C12"}
    lei_form = all("no LEI" not in each.what for each in check_payload(payload, TODAY))
    if lei_form:
        assert bool(said) == bool(list(VALIDATORS[version].iter_errors(document))), said


@relaxed
@given(documents(Version.V2020))
def test_from_2020_to_2023_and_back_nothing_is_lost(document):
    payload = read_payload(document, "x.json")
    for side in (payload.originator, payload.beneficiary):
        assert side.all_accounts == tuple(dict.fromkeys(side.accounts))
    later = convert(payload, Version.V2023)
    assert later.version is Version.V2023 and later.originator.accounts == ()
    assert later.originator.all_accounts == payload.originator.all_accounts
    back = convert(later, Version.V2020)
    first, second = payload_document(payload), payload_document(back)
    for each in (first, second):
        for side in ("originator", "beneficiary"):
            each[side]["accountNumber"] = sorted(set(each[side].get("accountNumber", [])))  # type: ignore[index,call-overload,union-attr] # by its form
        each.pop("payloadMetadata", None)
    assert first == second


def test_what_2020_cannot_say_is_refused_and_not_cut_off():
    document = alice()
    assert convert(read_payload(document, "x"), Version.V2020).originator.accounts == ("77140219",)
    at(document, *PERSON)["customerIdentification"] = "no. 7"
    with pytest.raises(InputErrors) as refused:
        convert(read_payload(document, "x"), Version.V2020, "x")
    assert [each.column for each in refused.value.problems] == [
        "originator.originatorPersons[0].naturalPerson.customerIdentification"
    ]
    document = alice()
    at(document, "originatingVASP", "originatingVASP")["accountNumber"] = ["9"]
    with pytest.raises(InputErrors, match="no accounts in version 101"):
        convert(read_payload(document, "x"), Version.V2020, "x")


@pytest.mark.parametrize("version", list(Version))
def test_the_published_schemas_are_the_generated_ones(version):
    published = (SCHEMAS / f"ivms101-{version.value}.schema.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator.check_schema(payload_schema(version))
    assert published == json.dumps(payload_schema(version), indent=2) + "\n"


FORMS: list[tuple[str, Any, str]] = [
    ("a list where one belongs", lambda d: at(d, *PERSON).update(name=[at(d, *PERSON)["name"]]), ".name"),
    ("one where a list belongs", lambda d: at(d, *PERSON, "name").update(
        nameIdentifier=at(d, *PERSON, "name", "nameIdentifier", 0)), ".nameIdentifier"),
    ("an empty list", lambda d: at(d, *PERSON, "name").update(nameIdentifier=[]), ".nameIdentifier"),
    ("null", lambda d: at(d, *PERSON).update(customerIdentification=None), ".customerIdentification"),
    ("a number for a text", lambda d: at(d, *PERSON).update(customerIdentification=7), ".customerIdentification"),
    ("an empty text", lambda d: at(d, *PERSON).update(customerIdentification=""), ".customerIdentification"),
    ("too long a text", lambda d: at(d, *PERSON).update(customerIdentification="x" * 51), ".customerIdentification"),
    ("a line feed", lambda d: at(d, *PERSON).update(customerIdentification="x\n"), ".customerIdentification"),
    ("letters beyond ASCII", lambda d: at(d, *PERSON).update(customerIdentification="é"), ".customerIdentification"),
    ("an unknown element", lambda d: at(d, *PERSON).update(shoeSize="44"), ".shoeSize"),
    ("the other version's element", lambda d: at(d, *PERSON, "name", "nameIdentifier", 0).update(
        nameIdentifierType="LEGL"), ".nameIdentifierType"),
    ("a missing element", lambda d: at(d, *PERSON).pop("name"), ".name"),
    ("a code in small letters", lambda d: at(d, *PERSON, "geographicAddress", 0).update(addressType="geog"),
     ".addressType"),
    ("one element under two names", lambda d: at(d, *PERSON).update(customerNumber="7"), ".customerIdentification"),
    ("both kinds of person", lambda d: at(d, *PERSON[:3]).update(legalPerson=at(d, *LEGAL)), "originatorPerson[0]"),
    ("no kind of person", lambda d: at(d, *PERSON[:3]).pop("naturalPerson"), "originatorPerson[0]"),
    ("nothing in a wrapper", lambda d: d.update(beneficiaryVASP={}), "beneficiaryVASP"),
    ("no parties", lambda d: d.pop("beneficiary"), "beneficiary"),
    ("eight address lines", lambda d: at(d, *PERSON, "geographicAddress", 0).update(addressLine=["x"] * 8),
     ".addressLine"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "spoil", "where"), FORMS, ids=[each[0] for each in FORMS])
def test_loose_forms_are_refused_with_their_path_and_by_the_schema(what, spoil, where):
    document = alice()
    spoil(document)
    [(path, rule), *_] = broken(document)
    assert path.endswith(where) and rule == "form"
    assert list(VALIDATORS[Version.V2023].iter_errors(document))


def _legal_originator(document: Any, **more: Any) -> None:
    name = at(document, *LEGAL)["name"]
    document["originator"]["originatorPerson"] = [{"legalPerson": {"name": name, **more}}]


CONSTRAINTS: list[tuple[str, Any]] = [
    ("C1", lambda d: [at(d, *PERSON).pop(name) for name in ("geographicAddress", "customerIdentification")]),
    ("C2", lambda d: at(d, *PERSON).update(
        dateAndPlaceOfBirth={"dateOfBirth": "2026-11-30", "placeOfBirth": "Ur"})),
    ("C2", lambda d: at(d, *PERSON).update(
        dateAndPlaceOfBirth={"dateOfBirth": "2001-02-30", "placeOfBirth": "Ur"})),
    ("C3", lambda d: at(d, *PERSON, "geographicAddress", 0).update(country="XK")),
    ("C3", lambda d: at(d, *PERSON).update(countryOfResidence="gb")),
    ("C4", _legal_originator),
    ("C4", lambda d: _legal_originator(d, geographicAddress=[
        {"addressType": "BIZZ", "addressLine": ["1 Road"], "townName": "Ur", "country": "IQ"}])),
    ("C5", lambda d: at(d, *LEGAL, "name", "nameIdentifier", 0).update(legalPersonNameIdentifierType="TRAD")),
    ("C6", lambda d: at(d, *PERSON, "name", "nameIdentifier", 0).update(naturalPersonNameIdentifierType="ALIA")),
    ("C7", lambda d: at(d, *LEGAL).update(nationalIdentification={
        "nationalIdentifier": "1", "nationalIdentifierType": "CCPT", "registrationAuthority": "RA000001"})),
    ("C8", lambda d: [at(d, *PERSON, "geographicAddress", 0).pop(n) for n in ("buildingNumber", "buildingName")]),
    ("C9", lambda d: at(d, *LEGAL, "nationalIdentification").update(countryOfIssue="AE")),
    ("C9", lambda d: at(d, *LEGAL, "nationalIdentification").update(registrationAuthority="RA000001")),
    ("C9", lambda d: at(d, *LEGAL, "nationalIdentification").update(nationalIdentifierType="TXID")),
    ("C11", lambda d: at(d, *LEGAL, "nationalIdentification").update(nationalIdentifier=LEI[:-1] + "5")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "spoil"), CONSTRAINTS)
def test_every_constraint_bites_alone(rule, spoil):
    document = alice()
    spoil(document)
    assert [found for _, found in broken(document)] == [rule]
    if rule not in ("C2", "C11"):
        assert list(VALIDATORS[Version.V2023].iter_errors(document))


def test_boundaries_of_the_constraints():
    document = alice()
    at(document, *PERSON)["dateAndPlaceOfBirth"] = {"dateOfBirth": "2026-11-29", "placeOfBirth": "Ur"}
    assert broken(document) == [], "born yesterday"
    at(document, *PERSON, "geographicAddress", 0).pop("buildingNumber")
    assert broken(document) == [], "a building's name is enough"
    address = at(document, *PERSON, "geographicAddress", 0)
    address.pop("streetName")
    address["addressLine"] = ["24 Lantern Row"]
    assert broken(document) == [], "an address line is enough"
    address["country"] = "XX"
    assert broken(document) == [], "an unknown state"
    _legal_originator(document, customerIdentification="7")
    assert broken(document) == []


def test_intermediaries_count_from_nought_without_a_gap():
    document = wu()
    path = at(document, "transferPath", "transferPath")
    path.append({**path[0], "sequence": 2})
    assert broken(document) == [("transferPath.transferPath[1].sequence", "C12")]
    path[1]["sequence"] = 1
    assert broken(document) == []


def test_a_registration_authority_is_looked_up_where_there_is_a_list():
    payload = read_payload(wu(), "x")
    assert check_payload(payload, TODAY, frozenset({"RA000412"})) == ()
    [problem] = check_payload(payload, TODAY, frozenset({"RA000001"}))
    assert problem.rule == "C10" and problem.path.endswith("nationalIdentification.registrationAuthority")


def test_the_2020_alphabet_is_narrower_and_its_second_name_is_read():
    document = wu()
    person = at(document, "originator", "originatorPersons", 0, "naturalPerson")
    person["customerNumber"] = "446"
    assert read_payload(document, "x").originator.persons[0].person.customer_identification == "446"
    person["customerNumber"] = "4-46"
    assert broken(document) == [("originator.originatorPersons[0].naturalPerson.customerNumber", "form")]


def test_a_demanded_version_and_a_version_that_is_none():
    with pytest.raises(InputErrors, match=r"101\.2023 is wanted"):
        read_payload(wu(), "x", Version.V2023)
    document = wu()
    document["payloadMetadata"]["payloadVersion"] = "101"
    assert read_payload(document, "x", Version.V2020).version is Version.V2020
    document["payloadMetadata"]["payloadVersion"] = "102"
    assert broken(document) == [("payloadMetadata.payloadVersion", "form")]


@pytest.mark.parametrize(
    "data",
    [b"{", b'{"a":1,"a":2}', b'{"a":1.5}', b'{"a":NaN}', b"\xff", b"[" * 100, b" " * 300_000],
)
def test_json_that_is_not_strict_is_refused_before_it_is_read(data):
    with pytest.raises(InputErrors, match=r"x\.json"):
        load_json(data, "x.json")
    assert load_json(b' {"a": [1]} ', "x.json") == {"a": [1]}, "any spelling of strict JSON is read"


def test_check_digits_and_countries():
    assert lei_is_valid(LEI) and not lei_is_valid(LEI.lower()) and not lei_is_valid("3M5E1GQKGL17HI8CPN20")
    assert len(COUNTRIES) == 249 and "XX" not in COUNTRIES
