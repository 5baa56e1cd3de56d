"""JSON -> Payload. Everything wrong is told at once, each with its path, as in `originator.originatorPersons[0].name`.

Refused: unknown and missing elements, elements of the other version, a single value where a list belongs and the
reverse, empty lists, null, floats, duplicate keys, codes in other letters than the standard's own.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple, NoReturn, TypeVar

from compliance.travel_rule.ivms101.datatypes import Datatype, Version
from compliance.travel_rule.ivms101.model import Component, Element, Payload, Person, elements_of
from ledger.canonical import is_too_deep
from ledger.errors import FormatError, InputErrors, InputProblem

__all__ = ["PAYLOAD_BYTES_MAX", "Problem", "load_json", "read_payload", "refuse"]

PAYLOAD_BYTES_MAX = 256 * 1024
LIST_MAX = 1_000
"""More than this of one element is refused unread; the standard names no bound."""
SHOWN_MAX = 40

Kind = TypeVar("Kind", bound=Component)


class Problem(NamedTuple):
    """One thing wrong at one place; `rule` is the standard's constraint (C1 to C12), or `form`."""

    path: str
    rule: str
    what: str


def refuse(source: str, problems: list[Problem]) -> NoReturn:
    """Raise InputErrors for what is wrong with a payload."""
    remedy = "Correct it by IVMS101."
    raise InputErrors(
        [InputProblem(source, f"{each.what} ({each.rule})", remedy, column=each.path) for each in problems]
    )


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("a key stands twice in one object")
    return found


def _no_number(text: str) -> NoReturn:
    raise FormatError(f"a number is written {text[:20]!r}")


def load_json(data: bytes, source: str) -> Any:
    """Read JSON strictly, in any spelling: no duplicate keys, no floats. Raises InputErrors."""
    try:
        if len(data) > PAYLOAD_BYTES_MAX or is_too_deep(data):
            raise FormatError("is too large or nested too deep")
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except (FormatError, UnicodeDecodeError, ValueError, RecursionError) as error:
        what = str(error) if isinstance(error, FormatError) else "is no JSON in UTF-8"
        raise InputErrors([InputProblem(source, what, "Give one JSON object.")]) from None


class _Reader:
    """Reads by one version and gathers every problem."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.problems: list[Problem] = []

    def say(self, path: str, what: str, rule: str = "form") -> None:
        self.problems.append(Problem(path or "the payload", rule, what))

    def component(self, kind: type[Kind], given: Any, path: str) -> Kind | None:
        """One component; None where anything in it is wrong, which has been told then."""
        if not isinstance(given, dict):
            self.say(path, f"is no object ({kind.NAME})")
            return None
        before = len(self.problems)
        known: set[str] = set()
        values: dict[str, Any] = {}
        for attribute, element in elements_of(kind):
            name = element.names.get(self.version)
            if name is None:
                continue
            written = [each for each in (name, *element.aliases) if each in given]
            known.update((name, *element.aliases))
            place = f"{path}.{name}" if path else name
            if len(written) > 1:
                self.say(place, f"stands twice, as {' and '.join(written)}")
            elif written:
                place = f"{path}.{written[0]}" if path else written[0]
                values[attribute] = self.element(element, given[written[0]], place)
            elif element.least:
                self.say(place, "is missing")
        for name in sorted(given.keys() - known):
            self.say(f"{path}.{name[:SHOWN_MAX]}" if path else name[:SHOWN_MAX], f"is no element of {kind.NAME}")
        if kind is Person and ("naturalPerson" in given) == ("legalPerson" in given):
            self.say(path, "is not exactly one of naturalPerson and legalPerson")
        return kind(**values) if len(self.problems) == before else None

    def element(self, element: Element, given: Any, path: str) -> Any:
        """The value of one element, with the wrapper or the list that it stands in."""
        if element.inside is not None:
            if not isinstance(given, dict) or set(given) != {element.inside}:
                self.say(path, f"is no object with {element.inside} alone")
                return None
            given, path = given[element.inside], f"{path}.{element.inside}"
        if not element.is_list:
            return self.value(element, given, path)
        if not isinstance(given, list) or not given:
            self.say(path, "is no list with something in it")
            return ()
        most = LIST_MAX if element.most is None else element.most
        if len(given) > most:
            self.say(path, f"has more than {most}")
            return ()
        return tuple(self.value(element, each, f"{path}[{at}]") for at, each in enumerate(given))

    def value(self, element: Element, given: Any, path: str) -> Any:
        """One value of an element."""
        if not isinstance(element.kind, Datatype):
            return self.component(element.kind, given, path)
        what = element.kind.problem(given, self.version)
        if what is not None:
            self.say(path, what, "C3" if element.kind.name == "CountryCode" and isinstance(given, str) else "form")
        return given


def _version_of(given: Any) -> Version:
    metadata = given.get("payloadMetadata") if isinstance(given, dict) else None
    said = metadata.get("payloadVersion") if isinstance(metadata, dict) else None
    return Version.V2023 if said == Version.V2023 else Version.V2020


def read_payload(given: Any, source: str, version: Version | None = None) -> Payload:
    """The payload of a JSON document (as `load_json` gives it); raises InputErrors with every problem.

    The version is what the payload says of itself, 2020 where it says nothing; `version` demands one.
    """
    said = _version_of(given)
    reader = _Reader(said)
    if version is not None and version is not said:
        reader.say("payloadMetadata.payloadVersion", f"the payload is of version {said}, and {version} is wanted")
        refuse(source, reader.problems)
    payload = reader.component(Payload, given, "")
    if reader.problems or payload is None:
        refuse(source, reader.problems)
    return payload
