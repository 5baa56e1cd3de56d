"""The coded words for what is known of a transfer's parties, and which of them a payload holds.

The words stand in decisions and in the log, so that neither holds a name. A field of a side is present only if every
person of that side has it; an account number is the side's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from compliance.travel_rule.ivms101.model import LegalPerson, NaturalPerson, Party, Payload

__all__ = ["FIELDS", "present_fields"]

_Who = NaturalPerson | LegalPerson

_OF_PERSON: Final[dict[str, Callable[[_Who], bool]]] = {
    "name": lambda who: any(each.name_type == "LEGL" for each in who.name.names),
    "address": lambda who: bool(who.addresses),
    "document": lambda who: who.national_identification is not None,
    "customer-number": lambda who: who.customer_identification is not None,
    "birth": lambda who: isinstance(who, NaturalPerson) and who.birth is not None,
    "lei": lambda who: (
        who.national_identification is not None and who.national_identification.identifier_type == "LEIX"
    ),
}

FIELDS: Final = frozenset(
    f"{side}.{name}" for side in ("originator", "beneficiary") for name in (*_OF_PERSON, "account", "institution")
) | {"originator.verified", "transfer.amount", "transfer.date", "transfer.instructions"}
"""Every word. `originator.verified` is the firm's own statement about its customer; the `transfer` words are what the
transfer itself says."""


def present_fields(payload: Payload) -> frozenset[str]:
    """The words for what a payload holds."""
    found = _party("originator", payload.originator) | _party("beneficiary", payload.beneficiary)
    if payload.originating_vasp is not None:
        found.add("originator.institution")
    if payload.beneficiary_vasp is not None:
        found.add("beneficiary.institution")
    assert found <= FIELDS
    return frozenset(found)


def _party(side: str, party: Party) -> set[str]:
    found = {
        f"{side}.{name}"
        for name, has in _OF_PERSON.items()
        if party.persons and all(has(each.person) for each in party.persons)
    }
    return found | ({f"{side}.account"} if party.all_accounts else set())
