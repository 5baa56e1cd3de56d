"""The JSON Schema (draft 2020-12) of a version, made of the same tables that read and write.

It says form and, of the constraints, all that a schema can say: C1, C3 to C9 and the form of C11. Not said: dates in
the past (C2), lists of registration authorities (C10), check digits, and the count of intermediaries (C12).
Published as docs/spec/schemas/ivms101-*.schema.json.
"""

from __future__ import annotations

from typing import Any

from compliance.travel_rule.ivms101.constraints import LEGAL_IDENTIFIERS
from compliance.travel_rule.ivms101.datatypes import Datatype, Version
from compliance.travel_rule.ivms101.model import (
    Component,
    Element,
    LegalName,
    LegalPerson,
    Metadata,
    NaturalName,
    NaturalPerson,
    Originator,
    Payload,
    Person,
    elements_of,
)

__all__ = ["payload_schema"]

_END = "$(?!\\n)"
"""The end of the text: in some dialects of patterns a line feed may follow `$`."""
_LEI = f"^[0-9A-Z]{{18}}[0-9]{{2}}{_END}"


def payload_schema(version: Version) -> dict[str, Any]:
    """The schema of a payload of one version."""
    definitions: dict[str, Any] = {}
    _define(Payload, version, definitions)
    root = definitions.pop(Payload.NAME)
    if version is Version.V2023:
        root["required"].append("payloadMetadata")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"IVMS101 payload, version {version.value}, as Tallystick writes and reads it",
        **root,
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }


def _define(kind: type[Component], version: Version, into: dict[str, Any]) -> dict[str, str]:
    if kind.NAME not in into:
        into[kind.NAME] = {}  # taken, before what it is made of asks for it again
        properties, required = {}, []
        for _, element in elements_of(kind):
            name = element.names.get(version)
            if name is None:
                continue
            properties[name] = _element(element, version, into)
            properties.update(dict.fromkeys(element.aliases, properties[name]))
            if element.least:
                required.append(name)
        made = {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
        into[kind.NAME] = {**made, **_more(kind, version)}
    return {"$ref": f"#/$defs/{kind.NAME}"}


def _element(element: Element, version: Version, into: dict[str, Any]) -> dict[str, Any]:
    one = (
        _datatype(element.kind, version) if isinstance(element.kind, Datatype) else _define(element.kind, version, into)
    )
    found: dict[str, Any] = one
    if element.is_list:
        found = {"type": "array", "items": one, "minItems": 1}
        if element.most is not None:
            found["maxItems"] = element.most
    if element.inside is None:
        return found
    inside = {element.inside: found}
    return {"type": "object", "additionalProperties": False, "properties": inside, "required": [element.inside]}


def _datatype(kind: Datatype, version: Version) -> dict[str, Any]:
    if kind.is_number:
        return {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
    if kind.codes:
        return {"enum": list(kind.codes)}
    return {"type": "string", "pattern": f"^{kind.pattern(version)}{_END}"}


def _has_one_of(*names: str) -> dict[str, Any]:
    return {"anyOf": [{"required": [name]} for name in names]}


def _more(kind: type[Component], version: Version) -> dict[str, Any]:
    """What the constraints ask of a component beyond its elements."""
    if kind is NaturalName or kind is LegalName:
        name = "legalPersonNameIdentifierType"
        if kind is NaturalName:
            name = "nameIdentifierType" if version is Version.V2020 else "naturalPersonNameIdentifierType"
        legal = {"type": "object", "required": [name], "properties": {name: {"const": "LEGL"}}}
        return {"allOf": [{"properties": {"nameIdentifier": {"contains": legal}}}]}
    if kind is Metadata:
        wanted = {"properties": {"payloadVersion": {"const": version.value}}}
        return {"allOf": [{**wanted, "required": ["payloadVersion"]} if version is Version.V2023 else wanted]}
    if kind is Person:
        return {"oneOf": [{"required": ["naturalPerson"]}, {"required": ["legalPerson"]}]}
    if kind is NaturalPerson or kind is LegalPerson:
        rules: list[dict[str, Any]] = [{"not": {"required": ["customerIdentification", "customerNumber"]}}]
        if kind is LegalPerson:
            rules.append({"properties": {"nationalIdentification": _legal_identification()}})
        return {"allOf": rules}
    if kind.NAME == "Address":
        street = {"required": ["streetName"], **_has_one_of("buildingName", "buildingNumber")}
        return {"anyOf": [{"required": ["addressLine"]}, street]}
    return {"allOf": [_originator(version)]} if kind is Originator else {}


def _legal_identification() -> dict[str, Any]:
    lei = {"properties": {"nationalIdentifierType": {"const": "LEIX"}}}
    return {
        "properties": {"nationalIdentifierType": {"enum": sorted(LEGAL_IDENTIFIERS)}, "countryOfIssue": False},
        "if": lei,
        "then": {"properties": {"nationalIdentifier": {"pattern": _LEI}, "registrationAuthority": False}},
        "else": {"required": ["registrationAuthority"]},
    }


def _originator(version: Version) -> dict[str, Any]:
    known = ("nationalIdentification", "customerIdentification", "customerNumber")
    natural = _has_one_of(*known, "geographicAddress", "dateAndPlaceOfBirth")
    geographic = {"type": "object", "properties": {"addressType": {"const": "GEOG"}}}
    placed = {"required": ["geographicAddress"], "properties": {"geographicAddress": {"contains": geographic}}}
    legal = {"anyOf": [placed, *_has_one_of(*known)["anyOf"]]}
    person = {"properties": {"naturalPerson": natural, "legalPerson": legal}}
    name = "originatorPersons" if version is Version.V2020 else "originatorPerson"
    return {"properties": {name: {"items": person}}}
