"""Rules as data: what a regulator asks, where it says so, from when to when, and which primitive decides it.

A rule is one row: nothing in it computes. Its parameters carry their own source where it differs from the rule's. Two
rows of one id are versions of one rule, in force one after the other; a report is judged by those in force on its day
and prints the set's name and hash. Statuses say how far the text was read: verified in the regulator's own or an
official text, known from a secondary source, or not confirmed in any text that was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from compliance.calendars import Clock
from compliance.facts import decimal_text
from ledger.canonical import Digest, Json, Tag, canonical, tagged_hash

__all__ = [
    "Comparator",
    "Condition",
    "NotCovered",
    "Parameter",
    "ParameterValue",
    "Primitive",
    "Rule",
    "RuleSet",
    "Scope",
    "States",
    "Status",
]


class Status(StrEnum):
    """How far a rule's text, or a parameter's number, was read."""

    VERIFIED = "verified"
    SECONDARY = "secondary"
    UNVERIFIED = "unverified"


class Primitive(StrEnum):
    """The thirteen predicates (`compliance/primitives`). Several rules of several regimes are one predicate each."""

    COVERAGE = "P1 coverage per asset"
    CLIENT_MONEY = "P2 client money"
    SHARE = "P3 share of a whole"
    GUARANTEE = "P4 guarantee"
    AGE = "P5 age of the last"
    FLOOR = "P6 floor"
    LEVERAGE = "P7 leverage and limits"
    COMPLETENESS = "P8 completeness of records"
    RETENTION = "P9 retention"
    STATEMENTS = "P10 client statements"
    DEADLINE = "P11 filing deadline"
    CONTROLS = "P12 controls"
    SURVEILLANCE = "P13 surveillance"


class Scope(StrEnum):
    """For what a rule has one verdict: the entity, or each US state that it is licensed in."""

    ENTITY = "entity"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class States:
    """Whose law a rule by state is. `only`: of these states alone (empty: of every one); `never`: states whose law left
    it out or has its own in its place; `since`: states in which it began later than on the rule's first day.
    """

    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    since: Mapping[str, date] = field(default_factory=dict)

    def bind(self, state: str, day: date) -> bool:
        """Whether a licensee of a state is bound on a day."""
        is_meant = (not self.only or state in self.only) and state not in self.never
        return is_meant and (state not in self.since or self.since[state] <= day)

    def to_json(self) -> Json:
        """For hashes."""
        return {
            "never": [*self.never],
            "only": [*self.only],
            "since": [[state, day.isoformat()] for state, day in sorted(self.since.items())],
        }


class Comparator(StrEnum):
    """How a measured figure is held against a limit; regulators differ in it, so it is a parameter."""

    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="

    def holds(self, left: Fraction, right: Fraction) -> bool:
        """Whether `left` stands in this relation to `right`."""
        match self:
            case Comparator.LESS:
                return left < right
            case Comparator.AT_MOST:
                return left <= right
            case Comparator.MORE:
                return left > right
            case Comparator.AT_LEAST:
                return left >= right


ParameterValue: TypeAlias = (
    "Fraction | str | Comparator | Clock | tuple[str, ...] | tuple[tuple[Fraction | str, ...], ...]"
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number or list that a rule rests on. `status` and `source` only where they are not the rule's own."""

    value: ParameterValue
    unit: str = ""
    status: Status | None = None
    source: str = ""

    def to_json(self) -> Json:
        """For hashes and reports."""
        return {
            "source": self.source,
            "status": None if self.status is None else self.status.value,
            "unit": self.unit,
            "value": _parameter_json(self.value),
        }


def _parameter_json(value: ParameterValue | tuple[Fraction | str, ...]) -> Json:
    if isinstance(value, Fraction):
        return decimal_text(value)
    if isinstance(value, tuple):
        return [_parameter_json(each) for each in value]
    return str(value)


@dataclass(frozen=True, slots=True)
class Condition:
    """`left operator right` over the fields of a record, or over facts by name where a rule asks whether it applies.

    `left` is a field's or fact's name. `right`: a literal text, a number as decimal text, `true`, `false`, a parameter
    (`@name`) or, in records, another field (`.name`). Operators:
    `is`, `is not`, `<`, `<=`, `>`, `>=`, `present` and `absent` (right is empty), `in` (a parameter's texts, or a
    literal of texts parted by commas), `contains` (names, or a text), and `within` / `not within`: the moment or day
    `left` is no later than the clock `right` (a parameter) allows after the field named by `since`. `in time` is as
    `within`, and what has not been done yet (an empty `left`) is in time for as long as the clock runs. `by`: `left`,
    or now where it is empty, is no later than the moment or the end of the day in the field `right`. A field that is
    empty fails every other operator but `absent` and `is not`. A comparing operator may be a parameter too
    (`@comparator`), and `@today` is the day of judgement, UTC.
    """

    left: str
    operator: str
    right: str = ""
    since: str = ""

    def to_json(self) -> Json:
        """For hashes."""
        return [self.left, self.operator, self.right, self.since]

    def __str__(self) -> str:
        words = [self.left, self.operator.lstrip("@"), self.right.lstrip("@.")]
        return " ".join(word for word in words if word) + (f" after {self.since}" if self.since else "")


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of one rule. `inputs` names the fact for each role of the primitive; a role that ends in `?` may be
    missing. `applies` are conditions over facts, all of which must hold, else the rule is *not applicable*.
    `clocks`: what a breach sets running, by what is then due. `read_at`: when the text was read.
    """

    id: str
    regime: str
    title: str
    requirement: str
    citation: str
    version: str
    effective_from: date
    status: Status
    primitive: Primitive
    inputs: Mapping[str, str]
    source: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    applies: tuple[Condition, ...] = ()
    must: tuple[Condition, ...] = ()
    """For primitives over records: what must hold of each."""
    where: tuple[Condition, ...] = ()
    """For primitives over records: which ones count."""
    scope: Scope = Scope.ENTITY
    states: States | None = None
    """Of a rule by state: in which states it holds; None: in each one in the same way."""
    effective_to: date | None = None
    frequency: str = ""
    section: str = ""
    """The part of the regime's report in which it stands."""
    evidence: str = ""
    consequence: str = ""
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    read_at: date = date(2026, 11, 22)
    note: str = ""

    def __post_init__(self) -> None:
        assert self.effective_to is None or self.effective_from <= self.effective_to, f"{self.id}: a version has a time"
        assert self.citation and self.requirement and self.source, f"{self.id}: a rule is cited"
        assert self.states is None or self.scope is Scope.STATE, f"{self.id}: states are of a rule by state"

    def is_in_force(self, day: date) -> bool:
        """Whether this version is the one of a day; the last day counts."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)

    def to_json(self) -> dict[str, Json]:
        """Everything that a verdict can rest on; what the set's hash covers."""
        return {
            "applies": [each.to_json() for each in self.applies],
            "citation": self.citation,
            "clocks": [[name, str(clock)] for name, clock in sorted(self.clocks.items())],
            "consequence": self.consequence,
            "effective_from": self.effective_from.isoformat(),
            "effective_to": None if self.effective_to is None else self.effective_to.isoformat(),
            "evidence": self.evidence,
            "frequency": self.frequency,
            "id": self.id,
            "inputs": [[role, name] for role, name in sorted(self.inputs.items())],
            "must": [each.to_json() for each in self.must],
            "note": self.note,
            "parameters": {name: each.to_json() for name, each in self.parameters.items()},
            "primitive": self.primitive.value,
            "read_at": self.read_at.isoformat(),
            "regime": self.regime,
            "requirement": self.requirement,
            "scope": self.scope.value,
            "section": self.section,
            "source": self.source,
            # Only where there are any, so that the hashes of other regimes' sets stay as they are.
            **({} if self.states is None else {"states": self.states.to_json()}),
            "status": self.status.value,
            "title": self.title,
            "version": self.version,
            "where": [each.to_json() for each in self.where],
        }

    def parameters_hash(self) -> Digest:
        """SHA-256 of the parameters, which a verdict states."""
        document: Json = {name: each.to_json() for name, each in self.parameters.items()}
        return tagged_hash(Tag.COMPLIANCE_PARAMETERS, canonical(document))


@dataclass(frozen=True, slots=True)
class NotCovered:
    """A rule of the regime that this toolkit does not decide, and why; reports list it."""

    id: str
    regime: str
    citation: str
    requirement: str
    reason: str


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A regime's rules. `version` is raised with every change of any row; the hash says which rows they were."""

    regime: str
    name: str
    version: str
    rules: tuple[Rule, ...]
    not_covered: tuple[NotCovered, ...] = ()
    licence: str = ""
    """The fact that says whether the entity is licensed under this regime."""

    def __post_init__(self) -> None:
        for rule in self.rules:
            assert rule.regime == self.regime, f"{rule.id} is of another regime"
        for left, right in _pairs(self.rules):
            overlap = left.effective_to is None or left.effective_to >= right.effective_from
            assert not (left.id == right.id and overlap), f"{left.id}: versions in force at one time"

    def in_force(self, day: date) -> tuple[Rule, ...]:
        """The rules of a day."""
        return tuple(rule for rule in self.rules if rule.is_in_force(day))

    def find(self, rule_id: str, day: date) -> Rule | None:
        """A rule as it is on a day."""
        return next((rule for rule in self.in_force(day) if rule.id == rule_id), None)

    def hash(self) -> Digest:
        """SHA-256 of every row, under its own tag (docs/spec/encoding.md section 2)."""
        document: Json = {
            "name": self.name,
            "regime": self.regime,
            "rules": [rule.to_json() for rule in self.rules],
            "version": self.version,
        }
        return tagged_hash(Tag.COMPLIANCE_RULES, canonical(document))


def _pairs(rules: Iterable[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Versions of one rule that follow each other."""
    ordered = sorted(rules, key=lambda rule: (rule.id, rule.effective_from))
    yield from pairwise(ordered)
