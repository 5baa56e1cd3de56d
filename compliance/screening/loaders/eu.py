"""The European Union's consolidated financial sanctions list, version 1.1, as XML and as CSV.

XML: `export` in the namespace http://eu.europa.ec/fpi/fsd/export, everything in attributes of `sanctionEntity` and its
children. CSV: semicolons, one header row, one row for each name, address, birth date or document of an entity, joined
by Entity_LogicalId. Source: the Commission's files of version 1.1 as public copies and readers of them show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from compliance.screening.countries import country_code, is_country_code
from compliance.screening.loaders.reading import (
    ListFile,
    Loaded,
    Refusals,
    birth_of,
    birth_range,
    is_number,
    iso_day,
    local,
)
from compliance.screening.parties import BirthDate, Identifier, ListedName, ListedParty, NameQuality, PartyKind

__all__ = ["EU_NAMESPACE", "load_eu_csv", "load_eu_xml"]

LIST_ID: Final = "EU"
EU_NAMESPACE: Final = "http://eu.europa.ec/fpi/fsd/export"
_KINDS: Final = {"person": PartyKind.PERSON, "p": PartyKind.PERSON, "enterprise": PartyKind.ENTITY,
                 "entity": PartyKind.ENTITY, "e": PartyKind.ENTITY}  # fmt: skip
_COLUMNS: Final = ("fileGenerationDate", "Entity_LogicalId", "NameAlias_WholeName")
# The columns of the CSV file that hold what the attributes of the XML file hold.
_CSV_BIRTH: Final = {
    "birthdate": "BirthDate_BirthDate", "year": "BirthDate_Year", "monthOfYear": "BirthDate_Month",
    "dayOfMonth": "BirthDate_Day", "circa": "BirthDate_Circa", "yearRangeFrom": "BirthDate_YearRangeFrom",
    "yearRangeTo": "BirthDate_YearRangeTo", "city": "BirthDate_City", "place": "BirthDate_Place",
    "countryDescription": "BirthDate_CountryDescription",
}  # fmt: skip


def load_eu_xml(file: ListFile) -> Loaded:
    """Read the XML file; raises InputErrors with everything that is wrong, each with its line."""
    refusals = Refusals(file.name)
    root = refusals.xml(file.data)
    published = refusals.day(root.sourceline, root.get("generationDate", ""), "generationDate")
    if not published:
        refusals.refuse(root.sourceline, "the list does not say when it was generated")
    parties: dict[str, ListedParty] = {}
    for element in root.findall(f"{{{EU_NAMESPACE}}}sanctionEntity"):
        party = _xml_party(refusals, element)
        if party is None:
            continue
        if party.party_id in parties:
            refusals.refuse(element.sourceline, f"logicalId {party.party_id} stands in the list twice")
        parties[party.party_id] = party
    if not parties and not refusals.problems:
        refusals.refuse(root.sourceline, "the list has no entries")
    refusals.check()
    return Loaded(LIST_ID, published, tuple(parties.values()))


def _xml_party(refusals: Refusals, element: Any) -> ListedParty | None:
    row = int(element.sourceline)
    parts: dict[str, list[Any]] = {}
    for child in element:
        parts.setdefault(local(child), []).append(child)
    subject = parts.get("subjectType", [None])[0]
    codes = [] if subject is None else [subject.get("code", ""), subject.get("classificationCode", "")]
    kind = next((_KINDS[code.casefold()] for code in codes if code.casefold() in _KINDS), None)
    names = _names((each.get("wholeName", ""), each.get("strong", "true")) for each in parts.get("nameAlias", []))
    identity = element.get("logicalId", "")
    if not identity or kind is None or not names:
        refusals.refuse(row, "the entity has no logicalId, no known subjectType or no name")
        return None
    for birth in parts.get("birthdate", []):
        refusals.day(birth.sourceline, birth.get("birthdate", ""), "birthdate")
    regulations = parts.get("regulation", [])
    return _party(
        identity,
        kind,
        names,
        births=[each.attrib for each in parts.get("birthdate", [])],
        nationalities=[each.get("countryIso2Code", "") for each in parts.get("citizenship", [])],
        documents=[
            (
                each.get("identificationTypeDescription", "") or each.get("identificationTypeCode", ""),
                each.get("number", "") or each.get("latinNumber", ""),
                each.get("countryIso2Code", ""),
            )
            for each in parts.get("identification", [])
        ],
        programmes=[each.get("programme", "") for each in regulations],
        listed=refusals.day(row, element.get("designationDate", ""), "designationDate"),
        updated=max((iso_day(each.get("publicationDate", "")) for each in regulations), default=""),
    )


def load_eu_csv(file: ListFile) -> Loaded:
    """Read the CSV file; raises InputErrors with everything that is wrong, each with its row."""
    refusals = Refusals(file.name)
    rows = refusals.rows(file.data, ";")
    header = next(rows, (1, []))[1]
    missing = [column for column in _COLUMNS if column not in header]
    if missing or not {"Entity_SubjectType", "Entity_SubjectType_ClassificationCode"} & set(header):
        refusals.refuse(1, f"the header has no column {', '.join(missing) or 'Entity_SubjectType'}")
    refusals.check()
    groups: dict[str, list[tuple[int, dict[str, str]]]] = {}
    published = ""
    for line, row in rows:
        if len(row) != len(header):
            refusals.refuse(line, f"the row has {len(row)} fields and the header {len(header)}")
            continue
        said = dict(zip(header, (field.strip() for field in row), strict=True))
        if not said["Entity_LogicalId"]:
            refusals.refuse(line, "the row names no entity", column="Entity_LogicalId")
            continue
        published = max(published, _european_day(refusals, line, said["fileGenerationDate"]))
        groups.setdefault(said["Entity_LogicalId"], []).append((line, said))
    parties = [party for group in groups.items() if (party := _csv_party(refusals, *group)) is not None]
    if not groups and not refusals.problems:
        refusals.refuse(1, "the list has no entries")
    refusals.check()
    return Loaded(LIST_ID, published, tuple(parties))


def _csv_party(refusals: Refusals, identity: str, rows: list[tuple[int, dict[str, str]]]) -> ListedParty | None:
    first_line, first = rows[0]
    codes = (first.get("Entity_SubjectType", ""), first.get("Entity_SubjectType_ClassificationCode", ""))
    kind = next((_KINDS[code.casefold()] for code in codes if code.casefold() in _KINDS), None)
    names = _names((said["NameAlias_WholeName"], said.get("NameAlias_Strong", "true")) for _, said in rows)
    if kind is None or not names:
        refusals.refuse(first_line, f"entity {identity} has no known subject type or no name")
        return None
    births = [{key: said.get(column, "") for key, column in _CSV_BIRTH.items()} for _, said in rows]
    for (line, _), birth in zip(rows, births, strict=True):
        birth["birthdate"] = _european_day(refusals, line, birth["birthdate"])
    return _party(
        identity,
        kind,
        names,
        births=births,
        nationalities=[said.get("Citizenship_CountryIso2Code", "") for _, said in rows],
        documents=[
            (
                said.get("Identification_TypeDescription", "") or said.get("Identification_TypeCode", ""),
                said.get("Identification_Number", "") or said.get("Identification_LatinNumber", ""),
                said.get("Identification_CountryIso2Code", ""),
            )
            for _, said in rows
        ],
        programmes=[said.get("Entity_Regulation_Programme", "") for _, said in rows],
        listed=_european_day(refusals, first_line, first.get("Entity_DesignationDate", "")),
        updated=max(_european_day(refusals, line, said.get("Entity_Regulation_PublicationDate", ""))
                    for line, said in rows),
    )  # fmt: skip


def _european_day(refusals: Refusals, line: int, text: str) -> str:
    """A day written DD/MM/YYYY or in ISO form; a problem where it is neither."""
    parts = text.split("/")
    iso = "-".join(reversed(parts)) if len(parts) == 3 else text
    return refusals.day(line, iso, "a date")


def _names(given: Iterable[tuple[str, str]]) -> tuple[ListedName, ...]:
    names: dict[str, NameQuality] = {}
    for text, strong in given:
        text = " ".join(text.split())
        if not text or text in names:
            continue
        if not names:
            names[text] = NameQuality.PRIMARY
        elif strong.casefold() == "false":
            names[text] = NameQuality.WEAK
        else:
            latin = any("a" <= letter.casefold() <= "z" for letter in text)
            names[text] = NameQuality.STRONG if latin else NameQuality.SCRIPT
    return tuple(ListedName(text, quality) for text, quality in names.items())


def _birth(said: Mapping[str, str]) -> BirthDate | None:
    circa = "circa " if said.get("circa", "").casefold() == "true" else ""
    if day := iso_day(said.get("birthdate", "")):
        return birth_of(circa + day)
    years = said.get("yearRangeFrom", ""), said.get("yearRangeTo", "")
    if all(is_number(year) and year != "0" for year in years):
        return birth_range(int(years[0]), int(years[1]), f"{years[0]} to {years[1]}")
    year = said.get("year", "")
    return birth_of(circa + year) if year not in ("", "0") else None


def _party(
    identity: str,
    kind: PartyKind,
    names: tuple[ListedName, ...],
    *,
    births: Iterable[Mapping[str, str]],
    nationalities: Iterable[str],
    documents: Iterable[tuple[str, str, str]],
    programmes: Iterable[str],
    listed: str,
    updated: str,
) -> ListedParty:
    births = list(births)
    places = (
        ", ".join(text for key in ("city", "place", "countryDescription") if (text := said.get(key, "").strip()))
        for said in births
    )
    codes = (country_code(code) for code in nationalities)
    return ListedParty(
        list_id=LIST_ID,
        party_id=identity,
        kind=kind,
        names=names,
        births=tuple(dict.fromkeys(birth for said in births if (birth := _birth(said)))),
        birthplaces=tuple(dict.fromkeys(place for place in places if place)),
        # "00" is the file's word for a country that is not known.
        nationalities=tuple(dict.fromkeys(code for code in codes if is_country_code(code))),
        documents=tuple(
            dict.fromkeys(
                Identifier(words.strip(), number.strip(), country_code(country) if country != "00" else "")
                for words, number, country in documents
                if number.strip()
            )
        ),
        programmes=tuple(dict.fromkeys(text for text in programmes if text)),
        listed=listed,
        updated=updated,
    )
