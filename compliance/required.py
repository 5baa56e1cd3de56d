"""What formulas share: a required figure with its working, what a formula lacks, and numbers by name."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from compliance.facts import Value
from compliance.rules import ParameterValue

__all__ = ["Inputs", "Lacking", "Parameters", "Required", "number"]

Parameters = Mapping[str, ParameterValue]
Inputs = Mapping[str, Value]


class Required(NamedTuple):
    """A required figure and how it came about."""

    amount: Fraction
    working: str


class Lacking(Exception):
    """What a formula would need and a fact that is there does not hold, in words: the rule is *insufficient data*."""

    def __init__(self, *what: str) -> None:
        super().__init__("; ".join(what))
        self.what = what


def number(values: Mapping[str, object], name: str) -> Fraction:
    """The number of a name; raises AssertionError where it is something else."""
    value = values[name]
    assert isinstance(value, Fraction), f"{name} is a number"
    return value
