"""The thirteen predicates that decide every rule: pure functions from a `View` to an `Outcome`.

A view holds the facts that a rule's inputs name, by role, all of them there but those of roles that end in `?`. Each
predicate's docstring lists its roles and parameters; `PRIMITIVES` finds it by the rule's word for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from compliance.primitives.controls import controls, surveillance
from compliance.primitives.quantities import coverage, floor, guarantee, share
from compliance.primitives.records import completeness, leverage
from compliance.primitives.times import age, deadline, retention, statements
from compliance.primitives.view import View
from compliance.rules import Primitive
from compliance.verdicts import Outcome

__all__ = ["PRIMITIVES", "View"]

PRIMITIVES: Final[Mapping[Primitive, Callable[[View], Outcome]]] = {
    Primitive.COVERAGE: coverage,
    Primitive.CLIENT_MONEY: coverage,
    Primitive.SHARE: share,
    Primitive.GUARANTEE: guarantee,
    Primitive.AGE: age,
    Primitive.FLOOR: floor,
    Primitive.LEVERAGE: leverage,
    Primitive.COMPLETENESS: completeness,
    Primitive.RETENTION: retention,
    Primitive.STATEMENTS: statements,
    Primitive.DEADLINE: deadline,
    Primitive.CONTROLS: controls,
    Primitive.SURVEILLANCE: surveillance,
}
