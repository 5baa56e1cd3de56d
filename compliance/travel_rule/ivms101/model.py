"""The components of IVMS101 as frozen dataclasses, one model for both versions.

Each attribute carries its `Element`: the name that it has in each version (none: the version lacks it), how often it
may stand, and what it is. Readers, writers and schemas walk these tables, so that they cannot disagree. What may stand
once is None where absent, what may stand often is a tuple.

What differs by version: a natural person's name type (`nameIdentifierType`, `naturalPersonNameIdentifierType`); account
numbers belong to the party in 2020 and to each person in 2023; the alphabet and length of texts; 2023 names its version
in the payload. The 2020 text calls one element both `customerIdentification` and `customerNumber`: the first is
written, either is read.
"""

# The calls in the class bodies below make dataclass fields, as `field` itself does:
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, TypeAlias

from compliance.travel_rule.ivms101 import datatypes as kinds
from compliance.travel_rule.ivms101.datatypes import Datatype, Version

__all__ = [
    "Address",
    "Beneficiary",
    "Birth",
    "Component",
    "Element",
    "Intermediary",
    "LegalName",
    "LegalNameId",
    "LegalPerson",
    "LocalLegalNameId",
    "LocalNaturalNameId",
    "Metadata",
    "NationalIdentification",
    "NaturalName",
    "NaturalNameId",
    "NaturalPerson",
    "Originator",
    "Party",
    "Payload",
    "Person",
    "elements_of",
]


class Component:
    """A group of elements of the standard."""

    NAME: ClassVar[str]
    __slots__ = ()


Kind: TypeAlias = "Datatype | type[Component]"


class Element(NamedTuple):
    """How an attribute stands in JSON. `most` is None for any number; `inside` is the one member of a wrapping object.

    `aliases`: other names of the same element that are read and never written.
    """

    kind: Kind
    names: Mapping[Version, str]
    least: int
    most: int | None
    inside: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def is_list(self) -> bool:
        """Whether it stands in a list."""
        return self.most != 1


def _both(name: str) -> dict[Version, str]:
    return dict.fromkeys(Version, name)


def _one(kind: Kind, name: str) -> Any:
    """Exactly one."""
    return field(metadata={"element": Element(kind, _both(name), 1, 1)})


def _maybe(kind: Kind, name: str, inside: str | None = None, aliases: tuple[str, ...] = ()) -> Any:
    """One or none."""
    return field(default=None, metadata={"element": Element(kind, _both(name), 0, 1, inside, aliases)})


def _many(kind: Kind, names: str | dict[Version, str], least: int = 0, most: int | None = None) -> Any:
    """A list; one that must have something has no default."""
    named = _both(names) if isinstance(names, str) else names
    shape = {"element": Element(kind, named, least, most)}
    return field(metadata=shape) if least else field(default=(), metadata=shape)


def elements_of(kind: type[Component]) -> list[tuple[str, Element]]:
    """The attributes of a component with their elements, in the standard's order."""
    return [(each.name, each.metadata["element"]) for each in fields(kind)]  # type: ignore[arg-type]  # all are


@dataclass(frozen=True, slots=True, kw_only=True)
class NaturalNameId(Component):
    """A natural person's name in Latin letters; `name_type` is ALIA, BIRT, MAID, LEGL or MISC."""

    NAME: ClassVar[str] = "NaturalPersonNameID"
    primary: str = _one(kinds.TEXT_100, "primaryIdentifier")
    secondary: str | None = _maybe(kinds.TEXT_100, "secondaryIdentifier")
    name_type: str = field(
        metadata={
            "element": Element(
                kinds.NATURAL_NAME_TYPE,
                {Version.V2020: "nameIdentifierType", Version.V2023: "naturalPersonNameIdentifierType"},
                1,
                1,
            )
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalNaturalNameId(Component):
    """A natural person's name in the letters of their own script, or as it is spoken."""

    NAME: ClassVar[str] = "LocalNaturalPersonNameID"
    primary: str = _one(kinds.LOCAL_100, "primaryIdentifier")
    secondary: str | None = _maybe(kinds.LOCAL_100, "secondaryIdentifier")
    name_type: str = _one(kinds.NATURAL_NAME_TYPE, "nameIdentifierType")


@dataclass(frozen=True, slots=True, kw_only=True)
class NaturalName(Component):
    """All names of a natural person."""

    NAME: ClassVar[str] = "NaturalPersonName"
    names: tuple[NaturalNameId, ...] = _many(NaturalNameId, "nameIdentifier", 1)
    local: tuple[LocalNaturalNameId, ...] = _many(LocalNaturalNameId, "localNameIdentifier")
    phonetic: tuple[LocalNaturalNameId, ...] = _many(LocalNaturalNameId, "phoneticNameIdentifier")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalNameId(Component):
    """A legal person's name in Latin letters; `name_type` is LEGL, SHRT or TRAD."""

    NAME: ClassVar[str] = "LegalPersonNameID"
    name: str = _one(kinds.TEXT_100, "legalPersonName")
    name_type: str = _one(kinds.LEGAL_NAME_TYPE, "legalPersonNameIdentifierType")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLegalNameId(Component):
    """A legal person's name in the letters of its own script, or as it is spoken."""

    NAME: ClassVar[str] = "LocalLegalPersonNameID"
    name: str = _one(kinds.LOCAL_100, "legalPersonName")
    name_type: str = _one(kinds.LEGAL_NAME_TYPE, "legalPersonNameIdentifierType")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalName(Component):
    """All names of a legal person."""

    NAME: ClassVar[str] = "LegalPersonName"
    names: tuple[LegalNameId, ...] = _many(LegalNameId, "nameIdentifier", 1)
    local: tuple[LocalLegalNameId, ...] = _many(LocalLegalNameId, "localNameIdentifier")
    phonetic: tuple[LocalLegalNameId, ...] = _many(LocalLegalNameId, "phoneticNameIdentifier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address(Component):
    """A postal address; `address_type` is HOME, BIZZ or GEOG."""

    NAME: ClassVar[str] = "Address"
    address_type: str = _one(kinds.ADDRESS_TYPE, "addressType")
    department: str | None = _maybe(kinds.TEXT_50, "department")
    sub_department: str | None = _maybe(kinds.TEXT_70, "subDepartment")
    street: str | None = _maybe(kinds.TEXT_70, "streetName")
    building_number: str | None = _maybe(kinds.TEXT_16, "buildingNumber")
    building_name: str | None = _maybe(kinds.TEXT_35, "buildingName")
    floor: str | None = _maybe(kinds.TEXT_70, "floor")
    post_box: str | None = _maybe(kinds.TEXT_16, "postBox")
    room: str | None = _maybe(kinds.TEXT_70, "room")
    postcode: str | None = _maybe(kinds.TEXT_16, "postcode")
    town: str = _one(kinds.TEXT_35, "townName")
    town_location: str | None = _maybe(kinds.TEXT_35, "townLocationName")
    district: str | None = _maybe(kinds.TEXT_35, "districtName")
    subdivision: str | None = _maybe(kinds.TEXT_35, "countrySubDivision")
    lines: tuple[str, ...] = _many(kinds.TEXT_70, "addressLine", 0, 7)
    country: str = _one(kinds.COUNTRY, "country")


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalIdentification(Component):
    """A number that a state or a registry gave."""

    NAME: ClassVar[str] = "NationalIdentification"
    identifier: str = _one(kinds.TEXT_35, "nationalIdentifier")
    identifier_type: str = _one(kinds.IDENTIFIER_TYPE, "nationalIdentifierType")
    country_of_issue: str | None = _maybe(kinds.COUNTRY, "countryOfIssue")
    registration_authority: str | None = _maybe(kinds.REGISTRATION_AUTHORITY, "registrationAuthority")


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth(Component):
    """Date (YYYY-MM-DD) and place of birth."""

    NAME: ClassVar[str] = "DateAndPlaceOfBirth"
    date: str = _one(kinds.DATE, "dateOfBirth")
    place: str = _one(kinds.TEXT_70, "placeOfBirth")


@dataclass(frozen=True, slots=True, kw_only=True)
class NaturalPerson(Component):
    """One human being."""

    NAME: ClassVar[str] = "NaturalPerson"
    name: NaturalName = _one(NaturalName, "name")
    addresses: tuple[Address, ...] = _many(Address, "geographicAddress")
    national_identification: NationalIdentification | None = _maybe(NationalIdentification, "nationalIdentification")
    customer_identification: str | None = _maybe(kinds.TEXT_50, "customerIdentification", aliases=("customerNumber",))
    birth: Birth | None = _maybe(Birth, "dateAndPlaceOfBirth")
    country_of_residence: str | None = _maybe(kinds.COUNTRY, "countryOfResidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalPerson(Component):
    """Any other person: a company, a foundation, a partnership."""

    NAME: ClassVar[str] = "LegalPerson"
    name: LegalName = _one(LegalName, "name")
    addresses: tuple[Address, ...] = _many(Address, "geographicAddress")
    customer_identification: str | None = _maybe(kinds.TEXT_50, "customerIdentification", aliases=("customerNumber",))
    national_identification: NationalIdentification | None = _maybe(NationalIdentification, "nationalIdentification")
    country_of_registration: str | None = _maybe(kinds.COUNTRY, "countryOfRegistration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Component):
    """A natural or a legal person, exactly one of the two; `accounts` stand here since 2023."""

    NAME: ClassVar[str] = "Person"
    natural: NaturalPerson | None = _maybe(NaturalPerson, "naturalPerson")
    legal: LegalPerson | None = _maybe(LegalPerson, "legalPerson")
    accounts: tuple[str, ...] = _many(kinds.ACCOUNT, {Version.V2023: "accountNumber"})

    @property
    def person(self) -> NaturalPerson | LegalPerson:
        """Whichever it is."""
        found = self.natural or self.legal
        assert found is not None, "a person that was read is one of the two"
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Party(Component):
    """One side of a transfer; `accounts` stand here in 2020."""

    persons: tuple[Person, ...]
    accounts: tuple[str, ...] = ()

    @property
    def all_accounts(self) -> tuple[str, ...]:
        """The account numbers of the party in either version, each once."""
        found = [*self.accounts, *(account for person in self.persons for account in person.accounts)]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Originator(Party):
    """Who sends."""

    NAME: ClassVar[str] = "Originator"
    persons: tuple[Person, ...] = _many(
        Person, {Version.V2020: "originatorPersons", Version.V2023: "originatorPerson"}, 1
    )
    accounts: tuple[str, ...] = _many(kinds.ACCOUNT, {Version.V2020: "accountNumber"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneficiary(Party):
    """Who receives."""

    NAME: ClassVar[str] = "Beneficiary"
    persons: tuple[Person, ...] = _many(
        Person, {Version.V2020: "beneficiaryPersons", Version.V2023: "beneficiaryPerson"}, 1
    )
    accounts: tuple[str, ...] = _many(kinds.ACCOUNT, {Version.V2020: "accountNumber"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intermediary(Component):
    """An institution that passes a transfer on; `sequence` counts from 0 in the order of passing."""

    NAME: ClassVar[str] = "IntermediaryVASP"
    vasp: Person = _one(Person, "intermediaryVASP")
    sequence: int = _one(kinds.SEQUENCE, "sequence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata(Component):
    """How the payload is written. `payload_version` is required in 2023; in 2020 it may say 101."""

    NAME: ClassVar[str] = "PayloadMetadata"
    transliterations: tuple[str, ...] = _many(kinds.TRANSLITERATION, "transliterationMethod")
    payload_version: str | None = _maybe(kinds.PAYLOAD_VERSION, "payloadVersion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload(Component):
    """What one institution tells another of a transfer's parties."""

    NAME: ClassVar[str] = "IVMS101"
    originator: Originator = _one(Originator, "originator")
    beneficiary: Beneficiary = _one(Beneficiary, "beneficiary")
    originating_vasp: Person | None = _maybe(Person, "originatingVASP", "originatingVASP")
    beneficiary_vasp: Person | None = _maybe(Person, "beneficiaryVASP", "beneficiaryVASP")
    transfer_path: tuple[Intermediary, ...] = field(
        default=(),
        metadata={"element": Element(Intermediary, _both("transferPath"), 0, None, "transferPath")},
    )
    metadata: Metadata | None = _maybe(Metadata, "payloadMetadata")

    @property
    def version(self) -> Version:
        """The version that it is written by: 2020 unless it says otherwise."""
        said = None if self.metadata is None else self.metadata.payload_version
        return Version.V2020 if said is None else Version(said)
