"""Figures of the facts as the packs show them; a fact that is not there is None, and the pages say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from compliance.facts import Amounts, Record, Scalar
from compliance.primitives.view import shown
from compliance.reports.document import Texts
from compliance.reports.inputs import PackInput
from compliance.reports.packs.coverage import units
from compliance.reports.packs.period import shown_moment
from compliance.verdicts import Verdict

__all__ = ["amounts", "cell", "flag", "names", "number", "records", "verdict_of"]


def number(data: PackInput, name: str) -> Fraction | None:
    """A number."""
    fact = data.facts.find(name)
    if fact is None:
        return None
    assert isinstance(fact.value, Fraction), f"{name} is a number"
    return fact.value


def amounts(data: PackInput, name: str) -> Amounts | None:
    """A number for each name."""
    fact = data.facts.find(name)
    if fact is None:
        return None
    assert isinstance(fact.value, Mapping), f"{name} is amounts"
    return fact.value


def records(data: PackInput, name: str) -> Sequence[Record] | None:
    """Records."""
    fact = data.facts.find(name)
    if fact is None:
        return None
    assert isinstance(fact.value, tuple), f"{name} is records"
    return fact.value


def names(data: PackInput, name: str) -> frozenset[str] | None:
    """Names."""
    fact = data.facts.find(name)
    if fact is None:
        return None
    assert isinstance(fact.value, frozenset), f"{name} is names"
    return fact.value


def flag(data: PackInput, name: str) -> bool | None:
    """A flag."""
    fact = data.facts.find(name)
    if fact is None:
        return None
    assert isinstance(fact.value, bool), f"{name} is a flag"
    return fact.value


def verdict_of(data: PackInput, rule_id: str) -> Verdict | None:
    """The verdict of a rule."""
    return next((verdict for verdict in data.verdicts if verdict.rule == rule_id), None)


def cell(value: Scalar, texts: Texts) -> str:
    """A field of a record for a table."""
    if value is None:
        return texts["vara_unknown"]
    if isinstance(value, Fraction):
        return units(value)
    return shown_moment(value) if isinstance(value, datetime) else shown(value)
