"""What clients certified of themselves for tax: one JSON file made from the personal store, and kept like it.

    {ACCOUNT: {"kind": "individual", "first_name", "last_name", "birth_date", "residences": ["DE"],
               "tins": [{"value", "country"}], "address": {"country", "city", "street", "post_code"}},
     ACCOUNT: {"kind": "entity", "name", ..., "controlling": [{"type": "CARF801", ...as an individual}]}}

Strict: a field that is not known is an error. A field that is missing is none: whoever needs it lists it (`missing`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from ledger.errors import InputError, InputErrors, InputProblem

__all__ = ["Address", "Person", "Tin", "missing", "read_people"]

_TEXTS: Final = ("kind", "first_name", "last_name", "name", "birth_date", "type", "email")
_ADDRESS: Final = ("country", "city", "street", "post_code")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Tin(NamedTuple):
    """A tax identification number and the country that issued it."""

    value: str
    country: str


class Address(NamedTuple):
    """Where somebody lives or is registered; empty where it is not known."""

    country: str = ""
    city: str = ""
    street: str = ""
    post_code: str = ""


NOWHERE: Final = Address()


@dataclass(frozen=True, slots=True)
class Person:
    """One client, or one who controls a client; `type` is the code of how (CARF801 to CARF813)."""

    kind: str = "individual"
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    birth_date: str = ""
    type: str = ""
    email: str = ""
    residences: tuple[str, ...] = ()
    tins: tuple[Tin, ...] = ()
    address: Address = NOWHERE
    controlling: tuple[Person, ...] = ()

    @property
    def full_name(self) -> str:
        return self.name if self.kind == "entity" else f"{self.first_name} {self.last_name}".strip()


def missing(person: Person | None) -> tuple[str, ...]:
    """What a person's certification lacks for a report; `certification` where there is none at all."""
    if person is None:
        return ("certification",)
    needed: dict[str, object] = {
        "residences": person.residences,
        "tins": person.tins,
        "address.country": person.address.country,
        "address.city": person.address.city,
    }
    if person.kind == "entity":
        needed["name"] = person.name
    else:
        needed |= {"birth_date": person.birth_date, "first_name": person.first_name, "last_name": person.last_name}
    lacking = [name for name, value in needed.items() if not value]
    for number, one in enumerate(person.controlling):
        lacking += [f"controlling.{number}.{name}" for name in missing(one)]
        if not one.type:
            lacking.append(f"controlling.{number}.type")
    return tuple(sorted(lacking))


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[InputProblem] = []

    def _refuse(self, place: str, what: str, remedy: str) -> None:
        self.problems.append(InputProblem(self.file, f"{place} {what}", remedy))

    def _text(self, place: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        self._refuse(place, "is no text", "Write it in quotes.")
        return ""

    def _matched(self, place: str, text: str, pattern: re.Pattern[str], what: str) -> str:
        if text and not pattern.fullmatch(text):
            self._refuse(place, f"is no {what}", f"Write a {what}.")
        return text

    def _list(self, place: str, value: Any) -> list[Any]:
        if isinstance(value, list):
            return value
        self._refuse(place, "is no list", "Write it in brackets.")
        return []

    def person(self, place: str, given: Any, *, is_outer: bool = True) -> Person:
        """One person."""
        if not isinstance(given, dict):
            self._refuse(place, "is no object", "Write it in braces.")
            return Person()
        known = {*_TEXTS, "residences", "tins", "address", "controlling"}
        for name in given.keys() - known:
            self._refuse(f"{place}.{name}", "is no field that is known", f"Known: {', '.join(sorted(known))}.")
        texts = {name: self._text(f"{place}.{name}", given[name]) for name in _TEXTS if name in given}
        self._matched(f"{place}.birth_date", texts.get("birth_date", ""), _DAY, "date as YYYY-MM-DD")
        if texts.get("kind", "individual") not in ("individual", "entity"):
            self._refuse(f"{place}.kind", "is neither individual nor entity", "Write one of the two.")
        residences = [
            self._matched(
                f"{place}.residences", self._text(f"{place}.residences", each), _COUNTRY, "country of two letters"
            )
            for each in self._list(f"{place}.residences", given.get("residences", []))
        ]
        inner = self._list(f"{place}.controlling", given.get("controlling", [])) if is_outer else []
        return Person(
            **texts,
            residences=tuple(residences),
            tins=tuple(self._tin(f"{place}.tins", each) for each in self._list(f"{place}.tins", given.get("tins", []))),
            address=self._address(f"{place}.address", given.get("address", {})),
            controlling=tuple(
                self.person(f"{place}.controlling.{number}", each, is_outer=False) for number, each in enumerate(inner)
            ),
        )

    def _tin(self, place: str, given: Any) -> Tin:
        if not isinstance(given, dict) or given.keys() != {"value", "country"}:
            self._refuse(place, "is no number with its country", 'Write {"value": ..., "country": ...}.')
            return Tin("", "")
        country = self._matched(place, self._text(place, given["country"]), _COUNTRY, "country of two letters")
        return Tin(self._text(place, given["value"]), country)

    def _address(self, place: str, given: Any) -> Address:
        if not isinstance(given, dict) or not given.keys() <= set(_ADDRESS):
            self._refuse(place, "is no address", f"Fields: {', '.join(_ADDRESS)}.")
            return Address()
        address = Address(**{name: self._text(f"{place}.{name}", value) for name, value in given.items()})
        self._matched(f"{place}.country", address.country, _COUNTRY, "country of two letters")
        return address


def read_people(path: Path) -> Mapping[str, Person]:
    """The certifications in a file, by account; raises InputErrors with every problem."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})", "Name the file of certifications.") from None
    except ValueError as error:
        raise InputError(str(path), f"is no JSON ({error})", "Mend it where it says.") from None
    if not isinstance(document, dict):
        raise InputError(str(path), "is no object", "Write accounts and what each certified in braces.")
    reader = _Reader(str(path))
    people = {account: reader.person(account, given) for account, given in document.items()}
    if reader.problems:
        raise InputErrors(reader.problems)
    return people
