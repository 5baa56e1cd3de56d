"""The UN Security Council's consolidated list: `CONSOLIDATED_LIST` with individuals and entities.

Source: the Council's own XML schema of that list (sc-sanctions.xsd), as public copies of the file show it. A name is in
up to four parts; an alias has the quality Good, Low, or for entities none; LISTED_ON is required.
"""

from __future__ import annotations

from typing import Any

from compliance.screening.countries import country_code
from compliance.screening.loaders.reading import (
    ListFile,
    Loaded,
    Refusals,
    birth_of,
    birth_range,
    is_number,
    iso_day,
    texts,
)
from compliance.screening.parties import BirthDate, Identifier, ListedName, ListedParty, NameQuality, PartyKind

__all__ = ["load_un_xml"]

LIST_ID = "UN"
_QUALITIES = {"good": NameQuality.STRONG, "low": NameQuality.WEAK, "a.k.a.": NameQuality.STRONG,
              "f.k.a.": NameQuality.STRONG}  # fmt: skip


def load_un_xml(file: ListFile) -> Loaded:
    """Read the list; raises InputErrors with everything that is wrong, each with its line."""
    refusals = Refusals(file.name)
    root = refusals.xml(file.data)
    published = refusals.day(root.sourceline, root.get("dateGenerated", ""), "dateGenerated")
    if not published:
        refusals.refuse(root.sourceline, "the list does not say when it was generated")
    parties: dict[str, ListedParty] = {}
    for path, kind in (("INDIVIDUALS/INDIVIDUAL", PartyKind.PERSON), ("ENTITIES/ENTITY", PartyKind.ENTITY)):
        for element in root.findall("/".join("{*}" + step for step in path.split("/"))):
            party = _party(refusals, element, kind)
            if party is None:
                continue
            if party.party_id in parties:
                refusals.refuse(element.sourceline, f"DATAID {party.party_id} stands in the list twice")
            parties[party.party_id] = party
    if not parties and not refusals.problems:
        refusals.refuse(root.sourceline, "the list has no entries")
    refusals.check()
    return Loaded(LIST_ID, published, tuple(parties.values()))


def _party(refusals: Refusals, element: Any, kind: PartyKind) -> ListedParty | None:
    row = int(element.sourceline)
    identity = "".join(texts(element, "DATAID"))
    parts = [text for part in ("FIRST", "SECOND", "THIRD", "FOURTH") for text in texts(element, f"{part}_NAME")]
    if not is_number(identity) or not parts:
        refusals.refuse(row, "the entry has no DATAID or no name")
        return None
    listed = refusals.day(row, "".join(texts(element, "LISTED_ON")), "LISTED_ON")
    if not listed:
        refusals.refuse(row, f"entry {identity} does not say when it was listed")
    prefix = "INDIVIDUAL" if kind is PartyKind.PERSON else "ENTITY"
    return ListedParty(
        list_id=LIST_ID,
        party_id=identity,
        kind=kind,
        names=_names(element, " ".join(parts), prefix),
        births=tuple(birth for each in element.findall("{*}INDIVIDUAL_DATE_OF_BIRTH") if (birth := _birth(each))),
        birthplaces=_places(element),
        nationalities=tuple(country_code(text) for text in texts(element, "NATIONALITY/VALUE")),
        documents=tuple(_documents(element)),
        programmes=tuple(texts(element, "UN_LIST_TYPE")),
        listed=listed,
        updated=max((iso_day(text) for text in texts(element, "LAST_DAY_UPDATED/VALUE")), default=""),
    )


def _names(element: Any, primary: str, prefix: str) -> tuple[ListedName, ...]:
    names = [ListedName(primary, NameQuality.PRIMARY)]
    names += [ListedName(text, NameQuality.SCRIPT) for text in texts(element, "NAME_ORIGINAL_SCRIPT")]
    for alias in element.findall(f"{{*}}{prefix}_ALIAS"):
        quality = _QUALITIES.get("".join(texts(alias, "QUALITY")).casefold(), NameQuality.WEAK)
        names += [ListedName(text, quality) for text in texts(alias, "ALIAS_NAME")]
    return tuple(dict.fromkeys(names))


def _birth(element: Any) -> BirthDate | None:
    said = {step: "".join(texts(element, step)) for step in ("DATE", "YEAR", "FROM_YEAR", "TO_YEAR", "NOTE")}
    years = said["FROM_YEAR"], said["TO_YEAR"]
    if said["DATE"]:
        return birth_of(said["DATE"])
    if all(is_number(year) for year in years):
        return birth_range(int(years[0]), int(years[1]), f"{years[0]} to {years[1]}")
    words = said["YEAR"] or said["NOTE"]
    if not words:
        return None
    is_circa = "".join(texts(element, "TYPE_OF_DATE")).casefold().startswith("approx")
    return birth_of(f"circa {words}" if is_circa else words)


def _places(element: Any) -> tuple[str, ...]:
    places = []
    for place in element.findall("{*}INDIVIDUAL_PLACE_OF_BIRTH"):
        parts = [text for step in ("CITY", "STATE_PROVINCE", "COUNTRY") for text in texts(place, step)]
        places += [", ".join(parts)] if parts else []
    return tuple(places)


def _documents(element: Any) -> list[Identifier]:
    found = []
    for document in element.findall("{*}INDIVIDUAL_DOCUMENT"):
        kinds = texts(document, "TYPE_OF_DOCUMENT") + texts(document, "TYPE_OF_DOCUMENT2")
        countries = texts(document, "ISSUING_COUNTRY") + texts(document, "COUNTRY_OF_ISSUE")
        country = country_code(countries[0]) if countries else ""
        found += [Identifier(", ".join(kinds), number, country) for number in texts(document, "NUMBER")]
    return found
