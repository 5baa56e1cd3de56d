"""OFAC's SDN_ADVANCED.XML and CONS_ADVANCED.XML: `Sanctions`, parties described by numbers that other parts explain.

The reference values name the kinds of features, aliases, documents, countries; locations and documents stand apart and
are joined by id; SanctionsEntries say list, programmes and the day of listing. A number that nothing explains is a
problem where matching rests on it: a party's kind, a wallet's currency, a document's owner.
Source: the Advanced Sanctions Data Model as the file itself and public copies of it show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from compliance.screening.countries import country_code
from compliance.screening.loaders.ofac_words import wallet_currency
from compliance.screening.loaders.reading import ListFile, Loaded, Refusals, birth_of, is_number, iso_day, texts
from compliance.screening.parties import BirthDate, Identifier, ListedName, ListedParty, NameQuality, PartyKind, Wallet

__all__ = ["load_advanced_xml"]

_SUBTYPES: Final = {"vessel": PartyKind.VESSEL, "aircraft": PartyKind.AIRCRAFT}
_TYPES: Final = {"individual": PartyKind.PERSON, "entity": PartyKind.ENTITY}


def load_advanced_xml(list_id: str, file: ListFile) -> Loaded:
    """Read the list; raises InputErrors with everything that is wrong, each with its line."""
    reader = _Reader(list_id, Refusals(file.name))
    loaded = reader.read(reader.refusals.xml(file.data))
    reader.refusals.check()
    return loaded


@dataclass
class _Reader:
    """One reading of one file."""

    list_id: str
    refusals: Refusals
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    party_types: dict[str, str] = field(default_factory=dict)
    locations: dict[str, tuple[str, str]] = field(default_factory=dict)
    documents: dict[str, list[Identifier]] = field(default_factory=dict)
    programmes: dict[str, list[str]] = field(default_factory=dict)
    listed: dict[str, list[str]] = field(default_factory=dict)

    def read(self, root: Any) -> Loaded:
        published = self._date(root.find("{*}DateOfIssue"))
        if not published:
            self.refusals.refuse(root.sourceline, "the list has no DateOfIssue")
        self._read_values(root)
        self._read_locations(root)
        self._read_documents(root)
        self._read_entries(root)
        parties: dict[str, ListedParty] = {}
        for element in root.findall("{*}DistinctParties/{*}DistinctParty"):
            party = self._party(element)
            if party is None:
                continue
            if party.party_id in parties:
                self.refusals.refuse(element.sourceline, f"party {party.party_id} stands in the list twice")
            parties[party.party_id] = party
        if not parties and not self.refusals.problems:
            self.refusals.refuse(root.sourceline, "the list has no parties")
        if self.documents and not self.refusals.problems:
            identity = next(iter(self.documents))
            self.refusals.refuse(
                root.sourceline, f"a document belongs to identity {identity}, which is not in the list"
            )
        return Loaded(self.list_id, published, tuple(parties.values()))

    def _read_values(self, root: Any) -> None:
        for group in root.findall("{*}ReferenceValueSets/*"):
            for each in group:
                name = each.tag.rpartition("}")[2]
                text = each.get("ISO2") or " ".join((each.text or "").split())
                self.values.setdefault(name, {})[each.get("ID", "")] = text
                if name == "PartySubType":
                    self.party_types[each.get("ID", "")] = each.get("PartyTypeID", "")

    def _read_locations(self, root: Any) -> None:
        for each in root.findall("{*}Locations/{*}Location"):
            country = each.find("{*}LocationCountry")
            code = "" if country is None else self.values.get("Country", {}).get(country.get("CountryID", ""), "")
            parts = texts(each, "LocationPart/LocationPartValue/Value")
            self.locations[each.get("ID", "")] = (country_code(code), ", ".join(parts))

    def _read_documents(self, root: Any) -> None:
        for each in root.findall("{*}IDRegDocuments/{*}IDRegDocument"):
            number = " ".join(texts(each, "IDRegistrationNo"))
            kind = self.values.get("IDRegDocType", {}).get(each.get("IDRegDocTypeID", ""))
            issuer = each.find("{*}IssuedBy")
            issued = each.get("IssuedBy-CountryID") or ("" if issuer is None else issuer.get("CountryID", ""))
            country = country_code(self.values.get("Country", {}).get(issued, ""))
            if kind is None or not each.get("IdentityID"):
                self.refusals.refuse(each.sourceline, "a document has no known kind or belongs to nobody")
            elif number:
                self.documents.setdefault(each.get("IdentityID"), []).append(Identifier(kind, number, country))

    def _read_entries(self, root: Any) -> None:
        for each in root.findall("{*}SanctionsEntries/{*}SanctionsEntry"):
            profile = each.get("ProfileID", "")
            days = [self._date(date) for date in each.findall("{*}EntryEvent/{*}Date")]
            self.listed.setdefault(profile, []).extend(day for day in days if day)
            for measure in each.findall("{*}SanctionsMeasure"):
                if self.values.get("SanctionsType", {}).get(measure.get("SanctionsTypeID", "")) == "Program":
                    self.programmes.setdefault(profile, []).extend(texts(measure, "Comment"))

    # A party.

    def _party(self, element: Any) -> ListedParty | None:
        identity, profiles = element.get("FixedRef", ""), element.findall("{*}Profile")
        if not identity or len(profiles) != 1:
            self.refusals.refuse(element.sourceline, "the party has no FixedRef or not one profile")
            return None
        profile = profiles[0]
        kind, names, documents = self._kind(profile), [], []
        for each in profile.findall("{*}Identity"):
            names += self._names(each)
            documents += self.documents.pop(each.get("ID", ""), [])
        names.sort(key=lambda name: name.quality is not NameQuality.PRIMARY)
        if kind is None or not names:
            self.refusals.refuse(element.sourceline, f"party {identity} is of no known kind or has no name")
            return None
        said: dict[str, list[Any]] = {"births": [], "places": [], "nations": [], "wallets": [], "documents": []}
        # The file puts features inside the profile; a few readers' copies put them beside it.
        for feature in [*profile.findall("{*}Feature"), *element.findall("{*}Feature")]:
            self._feature(feature, said)
        profile_id = profile.get("ID", identity)
        return ListedParty(
            list_id=self.list_id,
            party_id=identity,
            kind=kind,
            names=tuple(dict.fromkeys(names)),
            births=tuple(dict.fromkeys(said["births"])),
            birthplaces=tuple(dict.fromkeys(said["places"])),
            nationalities=tuple(dict.fromkeys(said["nations"])),
            documents=tuple(dict.fromkeys([*documents, *said["documents"]])),
            wallets=tuple(dict.fromkeys(said["wallets"])),
            programmes=tuple(dict.fromkeys(self.programmes.get(profile_id, []))),
            listed=min(self.listed.get(profile_id, []), default=""),
            updated=max(self.listed.get(profile_id, []), default=""),
        )

    def _kind(self, profile: Any) -> PartyKind | None:
        subtype = profile.get("PartySubTypeID", "")
        word = self.values.get("PartySubType", {}).get(subtype, "").casefold()
        of_type = self.values.get("PartyType", {}).get(self.party_types.get(subtype, ""), "").casefold()
        return _SUBTYPES.get(word) or _TYPES.get(of_type)

    def _names(self, identity: Any) -> list[ListedName]:
        found = []
        for alias in identity.findall("{*}Alias"):
            for each in alias.findall("{*}DocumentedName"):
                text = " ".join(texts(each, "DocumentedNamePart/NamePartValue"))
                if not text:
                    self.refusals.refuse(each.sourceline, "a name is empty")
                elif not any("a" <= letter.casefold() <= "z" for letter in text):
                    found.append(ListedName(text, NameQuality.SCRIPT))
                elif alias.get("LowQuality") == "true":
                    found.append(ListedName(text, NameQuality.WEAK))
                else:
                    is_primary = alias.get("Primary") == "true" and identity.get("Primary") == "true"
                    found.append(ListedName(text, NameQuality.PRIMARY if is_primary else NameQuality.STRONG))
        return found

    def _feature(self, feature: Any, said: dict[str, list[Any]]) -> None:
        kind = self.values.get("FeatureType", {}).get(feature.get("FeatureTypeID", ""))
        row = feature.sourceline
        if kind is None:
            self.refusals.refuse(row, f"feature type {feature.get('FeatureTypeID')} is not among the reference values")
            return
        details = texts(feature, "FeatureVersion/VersionDetail")
        places = [self.locations.get(each.get("LocationID", ""), ("", ""))
                  for each in feature.findall("{*}FeatureVersion/{*}VersionLocation")]  # fmt: skip
        if currency := wallet_currency(kind):
            if not details:
                self.refusals.refuse(row, "a wallet has no address")
            said["wallets"] += [Wallet(currency, text) for text in details]
        elif kind == "Birthdate":
            said["births"] += [self._period(each) for each in feature.findall("{*}FeatureVersion/{*}DatePeriod")]
        elif kind == "Place of Birth":
            said["places"] += [*details, *(", ".join(filter(None, (place, code))) for code, place in places)]
        elif kind in ("Nationality Country", "Citizenship Country", "Nationality of Registration"):
            said["nations"] += [code or country_code(place) for code, place in places if code or place]
        elif kind in ("SWIFT/BIC", "MMSI", "Vessel Call Sign", "Aircraft Tail Number", "Legal Entity Number"):
            said["documents"] += [Identifier(kind, text, "") for text in details]

    # Dates.

    @staticmethod
    def _date(element: Any) -> str:
        if element is None:
            return ""
        year, month, day = ("".join(texts(element, part)) for part in ("Year", "Month", "Day"))
        if not (is_number(year) and is_number(month) and is_number(day)):
            return ""
        return iso_day(f"{int(year):04}-{int(month):02}-{int(day):02}")

    def _period(self, period: Any) -> BirthDate:
        """A birth date from the start's first to the end's last day, as far as either says day and month."""
        ends = []
        for path in (("Start/From",), ("End/To", "End/From", "Start/To", "Start/From")):
            found = [
                each for step in path for each in period.findall("/".join("{*}" + part for part in step.split("/")))
            ]
            ends.append(found[0] if found else None)
        if ends[0] is None or ends[1] is None:
            return BirthDate("", "", "")
        first, last = (self._words(end) for end in ends)
        start = period.find("{*}Start")
        is_circa = start is not None and start.get("Approximate") == "true"
        born = birth_of(first if first == last else f"{first} to {last}")
        return birth_of(f"circa {born.earliest} to {born.latest}") if is_circa and born.earliest else born

    @staticmethod
    def _words(element: Any) -> str:
        months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
        year, month, day = ("".join(texts(element, part)) for part in ("Year", "Month", "Day"))
        named = months[int(month) - 1] if is_number(month) and 1 <= int(month) <= 12 else ""
        return " ".join(part for part in (day if named else "", named, year) if part)
