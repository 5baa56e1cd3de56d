"""What a rule may ask about: measured quantities, each with its evidence, for one legal entity at one moment.

A fact has a name from the catalogue (`compliance/catalogue.py`), which says its shape and unit, and a scope: a US state
for figures that are kept by state, else none. Facts are dated: a `Facts` holds what was true at its moment as far as it
was known then. A fact that is not there is *missing*, and what needs it is *insufficient data*; nothing here has a
default. Numbers are exact fractions; times have a time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from ledger.canonical import Json, canonical

__all__ = [
    "Amounts",
    "Assurance",
    "Evidence",
    "Fact",
    "FactKind",
    "Facts",
    "Record",
    "Scalar",
    "Shape",
    "Source",
    "Value",
    "decimal_text",
    "moment_text",
    "records_kind",
    "value_json",
    "value_of_json",
]

Scalar: TypeAlias = "Fraction | str | bool | date | datetime | None"
Record: TypeAlias = Mapping[str, Scalar]
Amounts: TypeAlias = Mapping[str, Fraction]
Value: TypeAlias = "Fraction | str | bool | date | datetime | frozenset[str] | Amounts | tuple[Record, ...]"


class Shape(StrEnum):
    """What a fact's value is. `AMOUNTS`: a number for each asset, currency or class. `RECORDS`: rows of fields."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    DAY = "day"
    MOMENT = "moment"
    NAMES = "names"
    AMOUNTS = "amounts"
    RECORDS = "records"


class Source(StrEnum):
    """Who gives a fact: the signed statement of an hour, the ledger and its log, a room of compliance, or the firm."""

    ATTESTATION = "attestation"
    LEDGER = "ledger"
    SURVEILLANCE = "surveillance"
    TRAVEL_RULE = "travel rule"
    SCREENING = "screening"
    RETENTION = "retention"
    FIRM = "firm"


class Assurance(StrEnum):
    """How far a fact is shown: proven by evidence anyone can check, attested by a third party, or only claimed."""

    PROVEN = "proven"
    ATTESTED = "attested"
    CLAIMED = "claimed"


class Evidence(NamedTuple):
    """Where a fact can be checked: what it is, where it stands (a path in the bundle, a log position), its SHA-256."""

    kind: str
    place: str
    digest: str


@dataclass(frozen=True, slots=True)
class FactKind:
    """A name of the catalogue. `fields` are the columns of records by shape; a field that may be empty ends in `?`.

    `by_state`: the fact is kept for each US state, and only there a rule for a state looks for it. `choices`: the only
    texts that a fact of the shape text or names may hold, where not every word has a meaning.
    """

    name: str
    shape: Shape
    source: Source
    meaning: str
    unit: str = ""
    fields: Mapping[str, Shape] | None = None
    by_state: bool = False
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert not self.choices or self.shape in (Shape.TEXT, Shape.NAMES), f"{self.name}: only words are chosen from"
        assert (self.fields is not None) == (self.shape is Shape.RECORDS), f"{self.name}: records have fields"

    def problem(self, value: Value) -> str | None:
        """Why this is no value of the kind, or None."""
        if not _is(self.shape, value):
            return f"{self.name} is of the shape {self.shape}"
        if self.choices:
            held = value if isinstance(value, frozenset) else frozenset({str(value)})
            odd = ", ".join(sorted(held - set(self.choices)))
            return f"{self.name} knows no {odd}: choose from {', '.join(self.choices)}" if odd else None
        if self.shape is not Shape.RECORDS:
            return None
        assert isinstance(value, tuple) and self.fields is not None
        optional = {name.removesuffix("?"): name.endswith("?") for name in self.fields}
        shapes = {name.removesuffix("?"): shape for name, shape in self.fields.items()}
        for place, row in enumerate(value, 1):
            if set(row) != set(shapes):
                odd = ", ".join(sorted(set(row) ^ set(shapes)))
                return f"row {place} of {self.name} lacks, or has too much: {odd}"
            for name, field in row.items():
                is_right = optional[name] if field is None else _is(shapes[name], field)
                if not is_right:
                    return f"row {place} of {self.name}: {name} is of the shape {shapes[name]}"
        return None


def records_kind(
    name: str, source: Source, meaning: str, fields: Mapping[str, Shape], *, by_state: bool = False
) -> FactKind:
    """A kind of records by its fields; one written `name_` may be empty."""
    columns = {each[:-1] + "?" if each.endswith("_") else each: shape for each, shape in fields.items()}
    return FactKind(name, Shape.RECORDS, source, meaning, fields=columns, by_state=by_state)


def _is(shape: Shape, value: object) -> bool:
    """Whether a value has a shape; texts are not empty, moments have a time zone."""
    match shape:
        case Shape.NUMBER:
            return isinstance(value, Fraction)
        case Shape.TEXT:
            return isinstance(value, str) and value != ""
        case Shape.FLAG:
            return isinstance(value, bool)
        case Shape.DAY:
            return isinstance(value, date) and not isinstance(value, datetime)
        case Shape.MOMENT:
            return isinstance(value, datetime) and value.tzinfo is not None
        case Shape.NAMES:
            return isinstance(value, frozenset) and all(isinstance(each, str) for each in value)
        case Shape.AMOUNTS:
            return isinstance(value, Mapping) and all(isinstance(each, Fraction) for each in value.values())
        case Shape.RECORDS:
            return isinstance(value, tuple) and all(isinstance(each, Mapping) for each in value)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. `as_of`: the moment that it is of, which may be before the one at which it is used."""

    name: str
    value: Value
    as_of: datetime
    assurance: Assurance
    evidence: tuple[Evidence, ...] = ()
    scope: str = ""

    def to_json(self) -> dict[str, Json]:
        """For documents, hashed and kept."""
        return {
            "as_of": moment_text(self.as_of),
            "assurance": self.assurance.value,
            "evidence": [dict(each._asdict()) for each in self.evidence],
            "name": self.name,
            "scope": self.scope,
            "value": value_json(self.value),
        }


class Facts:
    """The facts of one entity at one moment. Raises AssertionError for a fact that its kind does not allow."""

    def __init__(self, entity: str, as_of: datetime, catalogue: Mapping[str, FactKind], facts: Iterable[Fact]) -> None:
        assert as_of.tzinfo is not None, "a moment has a time zone"
        self.entity, self.as_of, self.catalogue = entity, as_of.astimezone(UTC), catalogue
        self._facts: dict[tuple[str, str], Fact] = {}
        for fact in facts:
            kind = catalogue.get(fact.name)
            assert kind is not None, f"the catalogue has no fact {fact.name}"
            problem = kind.problem(fact.value)
            assert problem is None, problem
            assert (fact.scope != "") == kind.by_state, f"{fact.name}: a fact by state has a state, and no other has"
            assert (fact.name, fact.scope) not in self._facts, f"{fact.name} is stated twice"
            self._facts[fact.name, fact.scope] = fact

    def find(self, name: str, scope: str = "") -> Fact | None:
        """The fact of a name, for rules of a scope (a US state, or none)."""
        kind = self.catalogue.get(name)
        assert kind is not None, f"the catalogue has no fact {name}"
        return self._facts.get((name, scope if kind.by_state else ""))

    def with_facts(self, *facts: Fact) -> Facts:
        """The same facts with some put in the place of their like, or added."""
        replaced = {(fact.name, fact.scope) for fact in facts}
        kept = [fact for place, fact in self._facts.items() if place not in replaced]
        return Facts(self.entity, self.as_of, self.catalogue, [*kept, *facts])

    def without(self, *names: str) -> Facts:
        """The same facts but those of some names."""
        return Facts(self.entity, self.as_of, self.catalogue, [fact for fact in self if fact.name not in names])

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts[place] for place in sorted(self._facts))

    def to_json(self) -> list[Json]:
        """Every fact, in order of name and scope; what an evaluation was made from."""
        return [fact.to_json() for fact in self]


# Values as text.


def decimal_text(number: Fraction, places: int = 30) -> str:
    """A fraction as decimal text: exact where it ends within `places`, else as `numerator/denominator`."""
    denominator = number.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1:
        return f"{number.numerator}/{number.denominator}"
    scale = 0
    while (number * 10**scale).denominator != 1:
        scale += 1
    if scale > places:
        return f"{number.numerator}/{number.denominator}"
    digits = str(abs(number.numerator * 10**scale // number.denominator)).rjust(scale + 1, "0")
    sign = "-" if number < 0 else ""
    return sign + (digits if scale == 0 else f"{digits[:-scale]}.{digits[-scale:]}")


def moment_text(moment: datetime) -> str:
    """A moment as text in UTC, with microseconds where it has any."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds" if utc.microsecond else "seconds") + "Z"


def value_json(value: Value | Scalar) -> Json:
    """A value as canonical JSON: one object whose only key names the shape."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Fraction):
        return {"number": decimal_text(value)}
    if isinstance(value, datetime):
        return {"moment": moment_text(value)}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, str):
        return value
    if isinstance(value, frozenset):
        return {"names": [*sorted(value)]}
    if isinstance(value, tuple):
        return {"records": [{name: value_json(field) for name, field in sorted(row.items())} for row in value]}
    return {"amounts": [[name, decimal_text(amount)] for name, amount in sorted(value.items())]}


def value_of_json(document: Json) -> Value | Scalar:
    """The value of `value_json`'s document; raises ValueError for anything else."""
    if document is None or isinstance(document, bool | str):
        return document
    if not isinstance(document, dict) or len(document) != 1:
        raise ValueError("a value is a text, true, false, or one object with one key")
    [(shape, inner)] = document.items()
    match shape, inner:
        case "number", str():
            return Fraction(inner)
        case "moment", str():
            moment = datetime.fromisoformat(inner)
            if moment.tzinfo is None:
                raise ValueError("a moment ends in Z or has an offset")
            return moment.astimezone(UTC)
        case "day", str():
            return date.fromisoformat(inner)
        case "names", list():
            if not all(isinstance(each, str) for each in inner):
                raise ValueError("names are texts")
            return frozenset(str(each) for each in inner)
        case "amounts", list():
            return {str(name): Fraction(str(amount)) for name, amount in _pairs(inner)}
        case "records", list():
            rows = []
            for row in inner:
                if not isinstance(row, dict):
                    raise ValueError("a record is an object")
                rows.append({name: _scalar(value_of_json(field)) for name, field in row.items()})
            return tuple(rows)
    raise ValueError(f"{canonical(document)[:80]!r} is no value")


def _pairs(rows: list[Json]) -> Iterator[tuple[Json, Json]]:
    for row in rows:
        if not isinstance(row, list) or len(row) != 2:
            raise ValueError("an amount is a pair of name and number")
        yield row[0], row[1]


def _scalar(value: Value | Scalar) -> Scalar:
    if isinstance(value, frozenset | tuple | Mapping):
        raise ValueError("a field of a record is one value")
    return value
