# ruff: noqa: E501 -- elements of the official formats stand on their lines as the files have them
"""The official formats: what is read of each, and what is refused, with its line."""

from __future__ import annotations

import re
from random import Random

import pytest

from compliance.screening.lists import read_lists
from compliance.screening.loaders import ListFile, load_files
from compliance.screening.loaders.reading import birth_of, iso_day
from compliance.screening.parties import BirthDate, Identifier, ListedParty, NameQuality, PartyKind, Wallet
from ledger.errors import InputErrors
from tests.compliance.screening import samples
from tests.compliance.screening.samples import ETH, XBT


def load(*files: ListFile) -> tuple[str, str, dict[str, ListedParty]]:
    ((loaded, group),) = load_files(files)
    assert group == tuple(files)
    return loaded.list_id, loaded.published, {party.party_id: party for party in loaded.parties}


def problems(*files: ListFile) -> str:
    with pytest.raises(InputErrors) as raised:
        load_files(files)
    return str(raised.value)


def test_sdn_xml_with_every_field() -> None:
    list_id, published, parties = load(samples.sdn_xml())
    assert (list_id, published, sorted(parties)) == ("OFAC-SDN", "2026-11-24", ["90001", "90002", "90003"])
    person = parties["90001"]
    assert person.kind is PartyKind.PERSON
    assert [(name.text, name.quality) for name in person.names] == [
        ("VANTERPOOLE, Oskar Immanuel", NameQuality.PRIMARY),
        ("VANDERPOL, Oskar", NameQuality.STRONG),
        ("GREYHERON", NameQuality.WEAK),
    ]
    assert person.births == (
        BirthDate("1969-03-14", "1969-03-14", "14 Mar 1969"),
        BirthDate("1970-01-01", "1972-12-31", "circa 1971"),
    )
    assert person.nationalities == ("IR",) and person.birthplaces == ("Nowhere Bay",)
    assert person.documents == (Identifier("Passport", "QX 550-1172", "IR"),)
    assert person.wallets == (Wallet("ETH", ETH),) and person.programmes == ("CYBER2", "DPRK3")
    firm = parties["90002"]
    assert firm.wallets == (Wallet("XBT", XBT),)
    assert firm.documents == (Identifier("Legal Entity Number", "5299EXAMPLE000000017", ""),)
    assert parties["90003"].kind is PartyKind.VESSEL


def test_the_csv_set_gives_what_the_xml_gives_and_goes_on_in_the_comments() -> None:
    list_id, published, parties = load(*samples.sdn_csv_set())
    _, _, of_xml = load(samples.sdn_xml())
    assert (list_id, published) == ("OFAC-SDN", "")
    person, other = parties["90001"], of_xml["90001"]
    assert person.wallets == (Wallet("ETH", ETH), Wallet("XBT", XBT))
    for field in ("kind", "names", "births", "birthplaces", "nationalities", "documents", "programmes"):
        assert getattr(person, field) == getattr(other, field), field
    assert parties["90003"].documents == of_xml["90003"].documents


def test_the_advanced_file_joins_its_parts() -> None:
    list_id, published, parties = load(ListFile("SDN_ADVANCED.XML", samples.ADVANCED_XML.encode()))
    _, _, of_xml = load(samples.sdn_xml())
    person, other = parties["90001"], of_xml["90001"]
    assert (list_id, published) == ("OFAC-SDN", "2026-11-24")
    assert [(name.text, name.quality) for name in person.names] == [
        ("VANTERPOOLE Oskar Immanuel", NameQuality.PRIMARY),
        ("GREYHERON", NameQuality.WEAK),
        ("Вантерпуль Оскар", NameQuality.SCRIPT),
    ]
    assert [birth[:2] for birth in person.births] == [birth[:2] for birth in other.births]
    assert person.wallets == (Wallet("ETH", ETH), Wallet("XBT", XBT))
    assert (person.documents, person.nationalities) == (other.documents, other.nationalities)
    assert person.listed == "2024-03-05" and person.programmes == ("CYBER2",)
    assert [parties[key].kind for key in ("90002", "90003")] == [PartyKind.ENTITY, PartyKind.VESSEL]


def test_a_file_named_cons_is_the_list_of_non_sdn_parties() -> None:
    list_id, _, _ = load(ListFile("CONS_ADVANCED.XML", samples.ADVANCED_XML.encode()))
    assert list_id == "OFAC-NONSDN"


def test_un_xml_with_every_field() -> None:
    list_id, published, parties = load(samples.un_xml())
    assert (list_id, published, sorted(parties)) == ("UN", "2026-11-27", ["7900001", "7900002"])
    person = parties["7900001"]
    assert [name.quality.value for name in person.names] == ["primary", "script", "strong", "weak"]
    assert person.names[0].text == "MURTADA AL-KHAYALI ZARQUN"
    assert [birth[:2] for birth in person.births] == [
        ("1975-06-02", "1975-06-02"), ("1974-01-01", "1976-12-31"), ("1976-01-01", "1978-12-31"),
    ]  # fmt: skip
    assert person.nationalities == ("SY",) and person.documents == (Identifier("Passport", "N00000417", "SY"),)
    assert (person.listed, person.updated) == ("2014-09-23", "2020-11-02")
    assert [name.text for name in parties["7900002"].names] == ["SALTMARSH RELIEF FOUNDATION", "Saltmarsh Fund"]


def test_eu_xml_and_csv_give_the_same_person() -> None:
    list_id, published, parties = load(samples.eu_xml())
    assert (list_id, published, sorted(parties)) == ("EU", "2026-11-26", ["9001", "9002"])
    person = parties["9001"]
    assert [name.quality.value for name in person.names] == ["primary", "script", "weak"]
    assert person.nationalities == ("RU",) and person.births[1][:2] == ("1960-01-01", "1962-12-31")
    csv_id, csv_published, csv_parties = load(ListFile("eu.csv", samples.EU_CSV.encode()))
    other = csv_parties["9001"]
    assert (csv_id, csv_published) == ("EU", "2026-11-26")
    for field in ("kind", "nationalities", "documents", "programmes", "listed", "updated"):
        assert getattr(person, field) == getattr(other, field), field
    assert person.names[:2] == other.names and person.births[:1] == other.births
    assert csv_parties["9002"].kind is PartyKind.ENTITY


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("10 Dec 1948", ("1948-12-10", "1948-12-10")),
        ("Dec 1948", ("1948-12-01", "1948-12-31")),
        ("1948", ("1948-01-01", "1948-12-31")),
        ("circa 1948", ("1947-01-01", "1949-12-31")),
        ("1961 to 1963", ("1961-01-01", "1963-12-31")),
        ("1948-12-10", ("1948-12-10", "1948-12-10")),
        ("Summer 1962", ("", "")),
        ("1963 to 1961", ("", "")),
        ("45 Foo 1948", ("", "")),
    ],
)
def test_birth_dates_in_words(words: str, expected: tuple[str, str]) -> None:
    assert birth_of(words)[:2] == expected
    assert birth_of(words).text == words


def test_a_day_that_does_not_exist_is_none() -> None:
    assert iso_day("2026-02-30") == "" and iso_day("02/30/2026") == "" and iso_day("11/24/2026") == "2026-11-24"


DOCTYPE = '<!DOCTYPE sdnList [<!ENTITY x "y">]>'


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (samples.sdn_xml(samples.SDN_XML.replace("<sdnList", DOCTYPE + "<sdnList", 1)), "SDN.XML: the file declares a document type"),
        (samples.un_xml(samples.UN_XML.replace("<CONSOLIDATED_LIST", "<!DOCTYPE a><CONSOLIDATED_LIST", 1)), "declares a document type"),
        (samples.eu_xml(samples.EU_XML.replace("<export", "<!DOCTYPE a><export", 1)), "declares a document type"),
        (samples.sdn_xml(samples.SDN_XML[:-40]), "this is not XML"),
        (ListFile("SDN.XML", samples.SDN_XML.encode("utf-16")), "is no sanctions list"),
        (ListFile("SDN.XML", samples.SDN_XML.replace("Nowhere", "Nö").encode("latin-1")), "not UTF-8"),
        (samples.sdn_xml(samples.SDN_XML.replace("<Record_Count>3", "<Record_Count>4")), "says that it has 4 entries, and has 3"),
        (samples.sdn_xml(samples.SDN_XML.replace("11/24/2026", "24/11/2026")), "Publish_Date is no date"),
        (samples.sdn_xml(samples.SDN_XML.replace("90002</uid>", "90001</uid>")), "row 21: uid 90001 stands in the list twice"),
        (samples.sdn_xml(samples.SDN_XML.replace("<sdnType>Vessel", "<sdnType>Submarine")), "row 26: the entry has no uid, no known sdnType"),
        (samples.sdn_xml(samples.SDN_XML.replace("<lastName>GREYHERON</lastName>", "")), "row 14: an alias of entry 90001 has no name"),
        (samples.sdn_xml(samples.SDN_XML.replace(f"<idNumber>{ETH}</idNumber>", "<idNumber/>")), "row 9: a wallet of entry 90001 has no address"),
        (samples.un_xml(samples.UN_XML.replace(' dateGenerated="2026-11-27T00:00:09.554Z"', "")), "does not say when it was generated"),
        (samples.un_xml(samples.UN_XML.replace("<LISTED_ON>2014-09-23", "<LISTED_ON>2014-13-23")), "row 4: LISTED_ON is no date"),
        (samples.un_xml(samples.UN_XML.replace("<DATAID>7900001", "<DATAID>x")), "row 4: the entry has no DATAID or no name"),
        (samples.un_xml(samples.UN_XML.replace("7900002", "7900001")), "DATAID 7900001 stands in the list twice"),
        (samples.eu_xml(samples.EU_XML.replace('code="enterprise" classificationCode="E"', 'code="ship"')), "row 15: the entity has no logicalId"),
        (samples.eu_xml(samples.EU_XML.replace('birthdate="1961-11-09"', 'birthdate="1961-11-39"')), "row 11: birthdate is no date"),
        (samples.eu_xml(samples.EU_XML.replace('logicalId="9002"', 'logicalId="9001"')), "logicalId 9001 stands in the list twice"),
        (samples.eu_xml(samples.EU_XML.replace("http://eu.europa.ec/fpi/fsd/export", "urn:other")), "the list has no entries"),
        (ListFile("eu.csv", samples.EU_CSV.replace("26/11/2026;9002", "26/11/2026;").encode()), "row 7"),
        (ListFile("eu.csv", samples.EU_CSV.replace("NameAlias_WholeName", "Name").encode()), "row 1: the header has no column NameAlias_WholeName"),
        (ListFile("eu.csv", samples.EU_CSV.replace("09/11/1961", "31/31/1961").encode()), "row 4: a date is no date"),
        (ListFile("eu.csv", samples.EU_CSV.replace('"Ploverfield', '"Plover"field').encode()), "row 7: this is not CSV"),
        (ListFile("x.xml", b"<html><body/></html>"), "row 1: this is XML of another kind: html"),
        (ListFile("x.xml", b"<html><body></html>"), "this is not XML"),
        (ListFile("x.txt", b"hello"), "this is no sanctions list that is known here"),
        (ListFile("SDN_ADVANCED.XML", samples.ADVANCED_XML.replace('FeatureTypeID="344"', 'FeatureTypeID="999"').encode()), "feature type 999"),
        (ListFile("SDN_ADVANCED.XML", samples.ADVANCED_XML.replace('IdentityID="91"', 'IdentityID="77"').encode()), "identity 77, which is not in the list"),
        (ListFile("SDN_ADVANCED.XML", samples.ADVANCED_XML.replace('PartySubTypeID="3"', 'PartySubTypeID="8"').encode()), "party 90002 is of no known kind"),
        (ListFile("SDN_ADVANCED.XML", samples.ADVANCED_XML.replace("<Year>2026", "<Year>").encode()), "no DateOfIssue"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused_with_its_line(file: ListFile, expected: str) -> None:
    assert expected in problems(file)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"sdn": samples.SDN_CSV.replace(',"BRINE PETREL","vessel"', ',"BRINE PETREL","balloon"')}, "sdn.csv, row 3: the entry is of kind 'balloon'"),
        ({"sdn": samples.SDN_CSV.replace("90002,", "90001,")}, "sdn.csv, row 2: entry 90001 stands in the file twice"),
        ({"sdn": samples.SDN_CSV.replace('"IRAN",-0- ,-0- ,-0- ', '"IRAN",-0- ,-0- ')}, "sdn.csv, row 2: the row has 11 fields instead of 12"),
        ({"alt": '1,1,"aka","NOBODY",-0- \n'}, "alt.csv, row 1: entry 1 is not in sdn.csv"),
        ({"alt": '90001,1,"aka",-0- ,-0- \n'}, "alt.csv, row 1: the alias has no name"),
        ({"add": "x,1,-0- ,-0- ,-0- ,-0- \n"}, "add.csv, row 1: the entry's number is 'x'"),
        ({"sdn_comments": '90001,"unclosed\n'}, "sdn_comments.csv"),
    ],
)  # fmt: skip
def test_a_malformed_csv_set_is_refused_with_its_row(changed: dict[str, str], expected: str) -> None:
    assert expected in problems(*samples.sdn_csv_set(**changed))


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_a_csv_set_that_lacks_a_file_is_refused(missing: int) -> None:
    files = samples.sdn_csv_set()
    gone = files.pop(missing).name
    assert f"{gone} is missing beside it" in problems(*files)


def test_everything_that_is_wrong_with_all_files_is_told_at_once_and_nothing_is_loaded() -> None:
    told = problems(
        samples.sdn_xml(samples.SDN_XML.replace("<Record_Count>3", "<Record_Count>4")),
        samples.un_xml(samples.UN_XML.replace("7900002", "7900001")),
        samples.eu_xml(),
    )
    assert "SDN.XML" in told and "consolidated.xml" in told


def test_a_list_in_two_formats_is_refused() -> None:
    assert "OFAC-SDN was given twice" in problems(samples.sdn_xml(), *samples.sdn_csv_set())


def refusal(files: list[ListFile]) -> str:
    """Why files are refused, or nothing where they are read."""
    try:
        read_lists(files, samples.RETRIEVED)
    except InputErrors as error:
        return str(error)
    return ""


MUTATED = (
    ("SDN.XML", samples.SDN_XML), ("SDN_ADVANCED.XML", samples.ADVANCED_XML), ("consolidated.xml", samples.UN_XML),
    ("eu.xml", samples.EU_XML), ("eu.csv", samples.EU_CSV),
)  # fmt: skip


@pytest.mark.parametrize(("name", "text"), MUTATED)
def test_a_spoiled_file_is_read_or_refused_and_nothing_else(name: str, text: str) -> None:
    """Numbers, attributes and texts put in another's place, and pieces cut out: 150 of each file, from one seed."""
    random = Random(name)
    for _ in range(150):
        places = list(re.finditer(r'[0-9]+|"[^"]*"|>[^<]+<', text))
        place = random.choice(places)
        ends = place[0][0] if not place[0][0].isdigit() else "", place[0][-1] if not place[0][-1].isdigit() else ""
        put = ends[0] + random.choice(("", "x", "-1", "99999999", "²", "٣", "é", "0")) + ends[1]
        spoiled = text[: place.start()] + put + text[place.end() :]
        if random.random() < 0.3:
            start = random.randrange(len(text))
            spoiled = text[:start] + text[start + random.randrange(1, 60) :]
        told = refusal([ListFile(name, spoiled.encode())])
        assert not told or told.startswith(name)


def test_a_spoiled_csv_set_is_read_or_refused_and_nothing_else() -> None:
    random = Random(1)
    texts = {
        "sdn": samples.SDN_CSV,
        "alt": samples.ALT_CSV,
        "add": samples.ADD_CSV,
        "sdn_comments": samples.COMMENTS_CSV,
    }
    for _ in range(300):
        name = random.choice(list(texts))
        start = random.randrange(len(texts[name]))
        put = random.choice(("", '"', ",", "²", "\n", ";", "-0-"))
        spoiled = texts[name][:start] + put + texts[name][start + random.randrange(20) :]
        told = refusal(samples.sdn_csv_set(**{name: spoiled}))
        assert not told or ".csv" in told
