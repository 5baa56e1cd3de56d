"""What a pack was given, by name: facts in their shapes, rules and verdicts. None where something is not known."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from compliance.facts import Amounts, Record, Value, decimal_text
from compliance.reports.inputs import PackInput
from compliance.rules import Rule
from compliance.verdicts import Verdict

__all__ = [
    "amounts_of",
    "flag_of",
    "names_of",
    "number_of",
    "percent",
    "records_of",
    "rule_in_force",
    "verdict_of",
]


def _value(data: PackInput, name: str, state: str) -> Value | None:
    fact = data.facts.find(name, state)
    return None if fact is None else fact.value


def records_of(data: PackInput, name: str, state: str = "") -> tuple[Record, ...] | None:
    """The records of a fact."""
    value = _value(data, name, state)
    assert value is None or isinstance(value, tuple), f"{name} is records"
    return value


def amounts_of(data: PackInput, name: str, state: str = "") -> Amounts | None:
    """The amounts of a fact."""
    value = _value(data, name, state)
    assert value is None or isinstance(value, Mapping), f"{name} is amounts"
    return value


def number_of(data: PackInput, name: str, state: str = "") -> Fraction | None:
    """The number of a fact."""
    value = _value(data, name, state)
    assert value is None or isinstance(value, Fraction), f"{name} is a number"
    return value


def names_of(data: PackInput, name: str, state: str = "") -> frozenset[str] | None:
    """The names of a fact."""
    value = _value(data, name, state)
    assert value is None or isinstance(value, frozenset), f"{name} is names"
    return value


def flag_of(data: PackInput, name: str, state: str = "") -> bool | None:
    """The flag of a fact."""
    value = _value(data, name, state)
    assert value is None or isinstance(value, bool), f"{name} is a flag"
    return value


def rule_in_force(data: PackInput, rule_id: str) -> Rule | None:
    """The version of a rule on the last day of the period."""
    return data.rules.find(rule_id, data.end)


def verdict_of(data: PackInput, rule_id: str, state: str | None = None) -> Verdict | None:
    """The verdict of a rule at the end of the period, of a state or (None) its first one."""
    found = (each for each in data.verdicts if each.rule == rule_id and state in (None, each.scope))
    return next(found, None)


def percent(share: Fraction) -> str:
    """A share in per cent, exact where it ends, else cut off after four decimals."""
    exact = decimal_text(share * 100)
    return exact if "/" not in exact and len(exact) <= 8 else decimal_text(Fraction(int(share * 10**6), 10**4))
