"""IVMS101 payloads for the tests: two written by hand after the standard's business examples, and any number drawn."""

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
                                "primaryIdentifier": "Smith",
                                "secondaryIdentifier": "Dr Alice",
                                "naturalPersonNameIdentifierType": "LEGL",
                            }
                        ]
                    },
                    "geographicAddress": [
                        {
                            "addressType": "GEOG",
                            "streetName": "Potential Street",
                            "buildingNumber": "24",
                            "buildingName": "Weathering Views",
                            "postcode": "91765",
                            "townName": "Walnut",
                            "countrySubDivision": "California",
                            "country": "US",
                        }
                    ],
                    "customerIdentification": "1002390",
                },
                "accountNumber": ["10023909"],
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
                                "primaryIdentifier": "Barnes",
                                "secondaryIdentifier": "Robert",
                                "naturalPersonNameIdentifierType": "LEGL",
                            }
                        ]
                    }
                },
                "accountNumber": ["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"],
            }
        ]
    },
    "originatingVASP": {
        "originatingVASP": {
            "legalPerson": {
                "name": {"nameIdentifier": [{"legalPersonName": "VASP A", "legalPersonNameIdentifierType": "LEGL"}]},
                "nationalIdentification": {"nationalIdentifier": LEI, "nationalIdentifierType": "LEIX"},
            }
        }
    },
    "payloadMetadata": {"payloadVersion": "101.2023"},
}
"""Example 1 of the 2023 text, with an LEI whose check digits hold."""

WU: dict[str, Any] = {
    "originator": {
        "originatorPersons": [
            {
                "naturalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {
                                "primaryIdentifier": "Wu",
                                "secondaryIdentifier": "Xinli",
                                "nameIdentifierType": "LEGL",
                            }
                        ],
                        "localNameIdentifier": [
                            {
                                "primaryIdentifier": "吴",
                                "secondaryIdentifier": "信利",
                                "nameIdentifierType": "LEGL",
                            }
                        ],
                    },
                    "nationalIdentification": {
                        "nationalIdentifier": "446005",
                        "nationalIdentifierType": "RAID",
                        "registrationAuthority": "RA000553",
                    },
                    "countryOfResidence": "TZ",
                }
            }
        ],
        "accountNumber": ["00010190"],
    },
    "beneficiary": {
        "beneficiaryPersons": [
            {
                "legalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {"legalPersonName": "ABC Limited", "legalPersonNameIdentifierType": "LEGL"},
                            {"legalPersonName": "CBA Trading", "legalPersonNameIdentifierType": "TRAD"},
                        ]
                    }
                }
            }
        ],
        "accountNumber": ["00010190CBATRAD"],
    },
    "transferPath": {
        "transferPath": [
            {
                "intermediaryVASP": {
                    "legalPerson": {
                        "name": {
                            "nameIdentifier": [{"legalPersonName": "VASP E", "legalPersonNameIdentifierType": "LEGL"}]
                        }
                    }
                },
                "sequence": 0,
            }
        ]
    },
    "payloadMetadata": {"transliterationMethod": ["hani"]},
}
"""Example 2, by the 2020 text."""


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
