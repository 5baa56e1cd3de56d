"""A payload in the other version. What the other version cannot say is refused, with its path, and never cut off.

2020 -> 2023: a party's account numbers become each of its persons' own. 2023 -> 2020: the persons' account numbers
become the party's, each once; texts must fit the narrower alphabet of 2020. An institution's own account numbers have
no place in 2020 and are refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from compliance.travel_rule.ivms101.datatypes import Version
from compliance.travel_rule.ivms101.model import Metadata, Party, Payload
from compliance.travel_rule.ivms101.reading import read_payload
from compliance.travel_rule.ivms101.writing import payload_document
from ledger.errors import FormatError, InputError

__all__ = ["convert"]

Side = TypeVar("Side", bound=Party)


def convert(payload: Payload, version: Version, source: str = "the payload") -> Payload:
    """The same facts by another version; raises InputErrors for texts that the other version does not allow."""
    if payload.version is version:
        return payload
    move = _to_persons if version is Version.V2023 else _to_party
    transliterations = () if payload.metadata is None else payload.metadata.transliterations
    metadata = Metadata(
        transliterations=transliterations, payload_version=version.value if version is Version.V2023 else None
    )
    made = replace(
        payload,
        originator=move(payload.originator),
        beneficiary=move(payload.beneficiary),
        metadata=None if metadata == Metadata() else metadata,
    )
    # Read again: the texts must be of the other version's alphabet and length.
    try:
        document = payload_document(made)
    except FormatError as error:
        raise InputError(source, str(error), "Send it in version 101.2023.") from None
    return read_payload(document, source, version)


def _to_persons(party: Side) -> Side:
    return replace(party, accounts=(), persons=tuple(replace(each, accounts=party.accounts) for each in party.persons))


def _to_party(party: Side) -> Side:
    return replace(
        party, accounts=party.all_accounts, persons=tuple(replace(each, accounts=()) for each in party.persons)
    )
