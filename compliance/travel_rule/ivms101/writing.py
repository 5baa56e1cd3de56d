"""Payload -> JSON, in the names of the payload's own version. `read_payload` gives the same payload back."""

from __future__ import annotations

from typing import Any

from compliance.travel_rule.ivms101.datatypes import Version
from compliance.travel_rule.ivms101.model import Component, Payload, elements_of
from ledger.canonical import Json
from ledger.errors import FormatError

__all__ = ["payload_document"]


def payload_document(payload: Payload) -> dict[str, Json]:
    """The JSON object of a payload; raises FormatError where an attribute is set that its version does not have."""
    return _object(payload, payload.version)


def _object(component: Component, version: Version) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for attribute, element in elements_of(type(component)):
        value, name = getattr(component, attribute), element.names.get(version)
        if value is None or value == ():
            continue
        if name is None:
            raise FormatError(f"{component.NAME} has no {attribute} in version {version}")
        plain = [_value(each, version) for each in value] if element.is_list else _value(value, version)
        found[name] = plain if element.inside is None else {element.inside: plain}
    return found


def _value(value: Any, version: Version) -> Json:
    return _object(value, version) if isinstance(value, Component) else value
