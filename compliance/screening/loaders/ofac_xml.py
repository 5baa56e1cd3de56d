"""OFAC's SDN.XML and CONSOLIDATED.XML: `sdnList`, whose head says when it was published and how many entries it has.

The count is checked: a file that was cut short and closed by a helpful tool does not pass. Aliases are of category
strong or weak; `Digital Currency Address - ETH` is a kind of identifier. Source: OFAC's schema of these files.
"""

from __future__ import annotations

from typing import Any, Final

from compliance.screening.countries import country_code
from compliance.screening.loaders.ofac_words import read_remarks, wallet_currency
from compliance.screening.loaders.reading import ListFile, Loaded, Refusals, birth_of, is_number, texts
from compliance.screening.parties import Identifier, ListedName, ListedParty, NameQuality, PartyKind, Wallet

__all__ = ["load_sdn_xml"]

_KINDS: Final = {"individual": PartyKind.PERSON, "entity": PartyKind.ENTITY, "vessel": PartyKind.VESSEL,
                 "aircraft": PartyKind.AIRCRAFT}  # fmt: skip


def load_sdn_xml(list_id: str, file: ListFile) -> Loaded:
    """Read the list; raises InputErrors with everything that is wrong, each with its line."""
    refusals = Refusals(file.name)
    root = refusals.xml(file.data)
    # The misspelling is the file's own.
    published = refusals.day(root.sourceline, "".join(texts(root, "publshInformation/Publish_Date")), "Publish_Date")
    count = "".join(texts(root, "publshInformation/Record_Count"))
    entries = root.findall("{*}sdnEntry")
    if not published or not is_number(count):
        refusals.refuse(root.sourceline, "the list does not say when it was published and how many entries it has")
    elif int(count) != len(entries) or not entries:
        refusals.refuse(root.sourceline, f"the list says that it has {count} entries, and has {len(entries)}")
    parties: dict[str, ListedParty] = {}
    for element in entries:
        party = _party(list_id, refusals, element)
        if party is None:
            continue
        if party.party_id in parties:
            refusals.refuse(element.sourceline, f"uid {party.party_id} stands in the list twice")
        parties[party.party_id] = party
    refusals.check()
    return Loaded(list_id, published, tuple(parties.values()))


def _name(element: Any) -> str:
    return ", ".join(text for part in ("lastName", "firstName") for text in texts(element, part))


def _party(list_id: str, refusals: Refusals, element: Any) -> ListedParty | None:
    row = int(element.sourceline)
    identity, kind, name = "".join(texts(element, "uid")), "".join(texts(element, "sdnType")).casefold(), _name(element)
    if not is_number(identity) or kind not in _KINDS or not name:
        refusals.refuse(row, "the entry has no uid, no known sdnType or no name")
        return None
    names = [ListedName(name, NameQuality.PRIMARY)]
    for alias in element.findall("{*}akaList/{*}aka"):
        quality = NameQuality.WEAK if "weak" in texts(alias, "category") else NameQuality.STRONG
        if text := _name(alias):
            names.append(ListedName(text, quality))
        else:
            refusals.refuse(alias.sourceline, f"an alias of entry {identity} has no name")
    documents, wallets = _identifiers(refusals, element, identity)
    said = read_remarks("".join(texts(element, "remarks")))
    nations = texts(element, "nationalityList/nationality/country") + texts(
        element, "citizenshipList/citizenship/country"
    )
    births = tuple(birth_of(text) for text in texts(element, "dateOfBirthList/dateOfBirthItem/dateOfBirth"))
    return ListedParty(
        list_id=list_id,
        party_id=identity,
        kind=_KINDS[kind],
        names=tuple(dict.fromkeys([*names, *said.aliases])),
        births=births or said.births,
        birthplaces=tuple(texts(element, "placeOfBirthList/placeOfBirthItem/placeOfBirth")) or said.birthplaces,
        nationalities=tuple(dict.fromkeys(country_code(text) for text in nations)) or said.nationalities,
        documents=tuple(dict.fromkeys([*documents, *said.documents])),
        wallets=tuple(dict.fromkeys([*wallets, *said.wallets])),
        programmes=tuple(texts(element, "programList/program")),
    )


def _identifiers(refusals: Refusals, element: Any, identity: str) -> tuple[list[Identifier], list[Wallet]]:
    documents: list[Identifier] = []
    wallets: list[Wallet] = []
    for each in element.findall("{*}idList/{*}id"):
        kind, number = "".join(texts(each, "idType")), "".join(texts(each, "idNumber"))
        country = country_code("".join(texts(each, "idCountry")))
        if currency := wallet_currency(kind):
            if number:
                wallets.append(Wallet(currency, number))
            else:
                refusals.refuse(each.sourceline, f"a wallet of entry {identity} has no address")
        elif number:  # "Gender" and the like have their word in another field
            documents.append(Identifier(kind, number, country))
    return documents, wallets
