"""The standard's constraints C1 to C12 over a payload that was read. Source: section 5.2.1.2 of both versions.

C1   an originator who is a natural person has an address, a customer or national identification, or a birth
C2   a date of birth is before today, and a date that exists
C3   countries are on the list (judged when the payload is read)
C4   an originator who is a legal person has a GEOG address, or a customer or national identification
C5   a legal person has a name of type LEGL;  C6  and so has a natural person
C7   a legal person's national identifier is RAID, MISC, LEIX or TXID
C8   an address has an address line, or a street with a building's name or number
C9   a legal person's identification has no country of issue, and a registration authority unless it is an LEI
C10  a registration authority is on GLEIF's list, which the caller gives; without the list its form alone is judged
C11  an LEI has its form and, beyond the standard, check digits that hold (ISO 17442)
C12  intermediaries count 0, 1, 2 ...
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import date

from compliance.travel_rule.ivms101.datatypes import Version, lei_is_valid
from compliance.travel_rule.ivms101.model import (
    Address,
    LegalPerson,
    NationalIdentification,
    NaturalPerson,
    Payload,
    Person,
)
from compliance.travel_rule.ivms101.reading import Problem

__all__ = ["LEGAL_IDENTIFIERS", "check_payload"]

LEGAL_IDENTIFIERS = frozenset({"RAID", "MISC", "LEIX", "TXID"})


def check_payload(
    payload: Payload, today: date, registration_authorities: Set[str] | None = None
) -> tuple[Problem, ...]:
    """Every constraint that a payload breaks, in the order of its elements; empty where it breaks none."""
    return tuple(_payload(payload, today, registration_authorities))


def _payload(payload: Payload, today: date, authorities: Set[str] | None) -> Iterator[Problem]:
    suffix = "s" if payload.version is Version.V2020 else ""
    for side, party in (("originator", payload.originator), ("beneficiary", payload.beneficiary)):
        for at, person in enumerate(party.persons):
            path = f"{side}.{side}Person{suffix}[{at}]"
            yield from _person(person, path, today, authorities)
            if side == "originator":
                yield from _originator(person, path)
    for name, vasp in (("originatingVASP", payload.originating_vasp), ("beneficiaryVASP", payload.beneficiary_vasp)):
        if vasp is not None:
            yield from _person(vasp, f"{name}.{name}", today, authorities)
    for at, each in enumerate(payload.transfer_path):
        path = f"transferPath.transferPath[{at}]"
        if each.sequence != at:
            yield Problem(f"{path}.sequence", "C12", f"is {each.sequence} and must be {at}")
        yield from _person(each.vasp, f"{path}.intermediaryVASP", today, authorities)


def _originator(person: Person, path: str) -> Iterator[Problem]:
    who = person.person
    known = who.national_identification is not None or who.customer_identification is not None
    if isinstance(who, NaturalPerson):
        if not known and not who.addresses and who.birth is None:
            yield Problem(f"{path}.naturalPerson", "C1", "has no address, identification or birth")
    elif not known and all(each.address_type != "GEOG" for each in who.addresses):
        yield Problem(f"{path}.legalPerson", "C4", "has no GEOG address and no identification")


def _person(person: Person, path: str, today: date, authorities: Set[str] | None) -> Iterator[Problem]:
    who = person.person
    rule, path = ("C6", f"{path}.naturalPerson") if isinstance(who, NaturalPerson) else ("C5", f"{path}.legalPerson")
    if all(each.name_type != "LEGL" for each in who.name.names):
        yield Problem(f"{path}.name.nameIdentifier", rule, "has no name of type LEGL")
    for at, address in enumerate(who.addresses):
        yield from _address(address, f"{path}.geographicAddress[{at}]")
    if isinstance(who, NaturalPerson) and who.birth is not None:
        try:
            is_past = date.fromisoformat(who.birth.date) < today
        except ValueError:
            yield Problem(f"{path}.dateAndPlaceOfBirth.dateOfBirth", "C2", "is no date that exists")
        else:
            if not is_past:
                yield Problem(f"{path}.dateAndPlaceOfBirth.dateOfBirth", "C2", f"is not before {today}")
    if who.national_identification is not None:
        yield from _identification(who, who.national_identification, f"{path}.nationalIdentification", authorities)


def _address(address: Address, path: str) -> Iterator[Problem]:
    has_building = address.building_name is not None or address.building_number is not None
    if not address.lines and (address.street is None or not has_building):
        yield Problem(path, "C8", "has no address line, and no street with a building's name or number")


def _identification(
    who: NaturalPerson | LegalPerson, given: NationalIdentification, path: str, authorities: Set[str] | None
) -> Iterator[Problem]:
    authority, is_lei = given.registration_authority, given.identifier_type == "LEIX"
    if authority is not None and authorities is not None and authority not in authorities:
        yield Problem(f"{path}.registrationAuthority", "C10", "is not on the list of registration authorities")
    if isinstance(who, NaturalPerson):
        return
    if given.identifier_type not in LEGAL_IDENTIFIERS:
        yield Problem(f"{path}.nationalIdentifierType", "C7", "is none that a legal person has")
    if given.country_of_issue is not None:
        yield Problem(f"{path}.countryOfIssue", "C9", "stands at a legal person")
    if is_lei and authority is not None:
        yield Problem(f"{path}.registrationAuthority", "C9", "stands beside an LEI")
    if not is_lei and authority is None:
        yield Problem(f"{path}.registrationAuthority", "C9", "is missing at a legal person without LEI")
    if is_lei and not lei_is_valid(given.identifier):
        yield Problem(f"{path}.nationalIdentifier", "C11", "is no LEI, or its check digits do not hold")
