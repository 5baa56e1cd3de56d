"""IVMS101 payloads for the tests: two written by hand, about nobody who lives, and any number drawn."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from compliance.travel_rule.ivms101.datatypes import Datatype, Version
from compliance.travel_rule.ivms101.model import Component, Element, Payload, elements_of

LEI = "HWUPKR0MPOU8FGXBT394"

ALICE: dict[str, Any] = {
    "originator": {
        "originatorPerson": [
            {
                "naturalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {
                                "primaryIdentifier": "Hatter",
                                "secondaryIdentifier": "Miriam",
                                "naturalPersonNameIdentifierType": "LEGL",
                            }
                        ]
                    },
                    "geographicAddress": [
                        {
                            "addressType": "GEOG",
                            "streetName": "Lantern Row",
                            "buildingNumber": "24",
                            "buildingName": "Mill House",
                            "postcode": "40213",
                            "townName": "Ostwick",
                            "countrySubDivision": "Nordland",
                            "country": "NO",
                        }
                    ],
                    "customerIdentification": "7714021",
                },
                "accountNumber": ["77140219"],
            }
        ]
    },
    "beneficiary": {
        "beneficiaryPerson": [
            {
                "naturalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {
                                "primaryIdentifier": "Quill",
                                "secondaryIdentifier": "Oskar",
                                "naturalPersonNameIdentifierType": "LEGL",
                            }
                        ]
                    }
                },
                "accountNumber": ["1QuiLLTestAddress7f3a9c"],
            }
        ]
    },
    "originatingVASP": {
        "originatingVASP": {
            "legalPerson": {
                "name": {
                    "nameIdentifier": [{"legalPersonName": "Alpha Exchange", "legalPersonNameIdentifierType": "LEGL"}]
                },
                "nationalIdentification": {"nationalIdentifier": LEI, "nationalIdentifierType": "LEIX"},
            }
        }
    },
    "payloadMetadata": {"payloadVersion": "101.2023"},
}
"""By the 2023 text: from one person to another, sent by an institution with an LEI."""

WU: dict[str, Any] = {
    "originator": {
        "originatorPersons": [
            {
                "naturalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {
                                "primaryIdentifier": "Sato",
                                "secondaryIdentifier": "Hana",
                                "nameIdentifierType": "LEGL",
                            }
                        ],
                        "localNameIdentifier": [
                            {
                                "primaryIdentifier": "佐藤",
                                "secondaryIdentifier": "花",
                                "nameIdentifierType": "LEGL",
                            }
                        ],
                    },
                    "nationalIdentification": {
                        "nationalIdentifier": "903177",
                        "nationalIdentifierType": "RAID",
                        "registrationAuthority": "RA000412",
                    },
                    "countryOfResidence": "JP",
                }
            }
        ],
        "accountNumber": ["55500"],
    },
    "beneficiary": {
        "beneficiaryPersons": [
            {
                "legalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {"legalPersonName": "Kite Works Ltd", "legalPersonNameIdentifierType": "LEGL"},
                            {"legalPersonName": "Kite", "legalPersonNameIdentifierType": "TRAD"},
                        ]
                    }
                }
            }
        ],
        "accountNumber": ["55500KITE"],
    },
    "transferPath": {
        "transferPath": [
            {
                "intermediaryVASP": {
                    "legalPerson": {
                        "name": {
                            "nameIdentifier": [
                                {"legalPersonName": "Relay House", "legalPersonNameIdentifierType": "LEGL"}
                            ]
                        }
                    }
                },
                "sequence": 0,
            }
        ]
    },
    "payloadMetadata": {"transliterationMethod": ["hani"]},
}
"""By the 2020 text: to a company, through another institution, with a name in its own script."""


def alice() -> dict[str, Any]:
    """A copy that a test may spoil."""
    return copy.deepcopy(ALICE)


def wu() -> dict[str, Any]:
    """A copy that a test may spoil."""
    return copy.deepcopy(WU)


def _datatype(kind: Datatype, version: Version) -> st.SearchStrategy[Any]:
    if kind.is_number:
        return st.integers(0, 3)
    if kind.codes:
        return st.sampled_from(kind.codes)
    if kind.name == "Date":
        return st.dates().map(lambda day: day.isoformat())
    if kind.name == "LocalMax100Text":
        return st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=100)
    return st.from_regex(kind.pattern(version), fullmatch=True)


@st.composite
def _component(draw: st.DrawFn, kind: type[Component], version: Version) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _, element in elements_of(kind):
        name = element.names.get(version)
        if name is None or not (element.least or draw(st.booleans())):
            continue
        found[name] = draw(_element(element, version))
    if kind.NAME == "Person":
        for name in ("naturalPerson", "legalPerson"):
            found.pop(name, None)
        name = draw(st.sampled_from(["naturalPerson", "legalPerson"]))
        wanted = next(each for _, each in elements_of(kind) if each.names[version] == name)
        found[name] = draw(_element(wanted, version))
    if kind.NAME == "IVMS101":
        metadata = found.setdefault("payloadMetadata", {})
        metadata.pop("payloadVersion", None)
        if version is Version.V2023:
            metadata["payloadVersion"] = "101.2023"
    return found


def _element(element: Element, version: Version) -> st.SearchStrategy[Any]:
    one = _datatype(element.kind, version) if isinstance(element.kind, Datatype) else _component(element.kind, version)
    if element.is_list:
        one = st.lists(one, min_size=1, max_size=2)
    if element.inside is None:
        return one
    return one.map(lambda value: {element.inside: value})


def documents(version: Version) -> st.SearchStrategy[dict[str, Any]]:
    """Payloads of the right form; their constraints need not hold."""
    return _component(Payload, version)
