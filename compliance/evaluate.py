"""A rule set held against facts: one verdict for each rule and scope. Pure; what came before is an argument.

Order: the rule's conditions of applicability (a fact that they lack is missing data), then the facts of its inputs
(every missing one is named), then its primitive. A warning is given while a rule still passes: by headroom where the
parameter `warn_below` (a share of what is required; default 2 %) is not reached, by time where fewer days are left than
`warn_days` (default 7). What fails sets the rule's clocks running, from the moment since when it has failed. A moment
that lacks data is no end of a breach: its clocks run on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from compliance.calendars import calendar
from compliance.catalogue import STATES
from compliance.facts import Evidence, Facts, Value, decimal_text
from compliance.primitives import PRIMITIVES, View
from compliance.primitives.view import holds
from compliance.rules import Rule, RuleSet, Scope
from compliance.verdicts import LINES_KEPT, Deadline, Outcome, Result, Verdict

__all__ = ["STATES", "evaluate", "evaluate_rule"]

_WARN_BELOW: Final = Fraction(2, 100)
_WARN_DAYS: Final = Fraction(7)


def evaluate(rules: RuleSet, facts: Facts, before: Iterable[Verdict] = (), zone: str = "ALL") -> list[Verdict]:
    """The verdicts of the rules in force on the day of the facts (in the calendar `zone`), in the set's order.

    `before` are the verdicts of the last evaluation, from which a breach has its beginning.
    """
    earlier = {verdict.place: verdict for verdict in before}
    day = calendar(zone).day_of(facts.as_of)
    found: list[Verdict] = []
    for rule in rules.in_force(day):
        scopes = _scopes(rule, facts, day)
        found += [evaluate_rule(rule, facts, scope, earlier.get((rule.id, scope))) for scope in scopes]
    assert len({verdict.place for verdict in found}) == len(found), "one verdict for each rule and scope"
    return found


def _scopes(rule: Rule, facts: Facts, day: date) -> Sequence[str]:
    if rule.scope is Scope.ENTITY:
        return [""]
    states = facts.find(STATES)
    # Without a list of states there is one verdict, without a state, that says so.
    if states is None or not states.value:
        return [""]
    assert isinstance(states.value, frozenset), "states are names"
    bound = [state for state in sorted(states.value) if rule.states is None or rule.states.bind(state, day)]
    # Where it is the law of no state of the licences, one verdict says so.
    return bound or [""]


def evaluate_rule(rule: Rule, facts: Facts, scope: str = "", before: Verdict | None = None) -> Verdict:
    """The verdict of one rule in one scope."""
    wanted = list(rule.inputs.values()) + [each.left for each in rule.applies]
    if rule.scope is Scope.STATE:
        wanted.append(STATES)
    evidence = _evidence(facts, wanted, scope)
    lacking = _applicability(rule, facts, scope)
    if lacking is None:
        return _verdict(
            rule, scope, facts.as_of, Outcome(Result.NOT_APPLICABLE, "", "", note=_reason(rule)), evidence, before
        )
    missing = list(lacking)
    values: dict[str, Value] = {}
    for role, name in rule.inputs.items():
        fact = facts.find(name, scope)
        if fact is not None:
            values[role] = fact.value
        elif not role.endswith("?"):
            missing.append(name)
    if missing:
        outcome = Outcome(Result.INSUFFICIENT, "", "", missing=tuple(dict.fromkeys(missing)))
    else:
        outcome = PRIMITIVES[rule.primitive](View(rule, values, facts.as_of))
    return _verdict(rule, scope, facts.as_of, outcome, evidence, before)


def _applicability(rule: Rule, facts: Facts, scope: str) -> tuple[str, ...] | None:
    """The facts that are missing to say whether a rule applies (empty: it does); None: it does not."""
    missing = []
    if rule.scope is Scope.STATE:
        states = facts.find(STATES)
        if states is None:
            missing.append(STATES)
        elif not states.value or scope == "":
            return None
    for condition in rule.applies:
        fact = facts.find(condition.left, scope)
        if fact is None:
            missing.append(condition.left)
        elif not holds(condition, {condition.left: fact.value}, View(rule, {}, facts.as_of)):
            return None
    return tuple(missing)


def _reason(rule: Rule) -> str:
    conditions: list[str] = [str(each) for each in rule.applies]
    if rule.scope is Scope.STATE:
        only = () if rule.states is None else rule.states.only
        conditions.append(f"a licence in {' or '.join(only)}" if only else "a licence in a US state")
    return "applies where " + " and ".join(conditions)


def _evidence(facts: Facts, names: Iterable[str], scope: str) -> tuple[Evidence, ...]:
    """The evidence of every fact that a rule looked at, each once."""
    found: dict[Evidence, None] = {}
    for name in names:
        fact = facts.find(name, scope)
        if fact is not None:
            found.update(dict.fromkeys(fact.evidence))
    return tuple(found)


def _verdict(
    rule: Rule, scope: str, as_of: datetime, outcome: Outcome, evidence: tuple[Evidence, ...], before: Verdict | None
) -> Verdict:
    since = None
    if outcome.result in (Result.FAIL, Result.INSUFFICIENT) and before is not None:
        # What could not be seen meanwhile is not mended by that: else one missed hour would set back every deadline.
        since = before.since
    if outcome.result is Result.FAIL and since is None:
        since = as_of
    deadlines = tuple(_deadlines(rule, since)) if since is not None else ()
    return Verdict(
        rule.id, rule.version, rule.regime, scope, as_of, outcome.result, outcome.measured, outcome.required,
        outcome.margin, outcome.note, _warning(rule, outcome), outcome.missing, outcome.lines[:LINES_KEPT],
        len(outcome.lines), evidence, rule.parameters_hash().hex(), since, deadlines,
    )  # fmt: skip


def _deadlines(rule: Rule, since: datetime) -> Iterator[Deadline]:
    for what, clock in sorted(rule.clocks.items()):
        yield Deadline(what, clock.due(since), str(clock))


def _warning(rule: Rule, outcome: Outcome) -> str:
    """What to say before a breach; empty where there is nothing."""
    if outcome.result is not Result.PASS:
        return ""
    below, days = _number(rule, "warn_below", _WARN_BELOW), _number(rule, "warn_days", _WARN_DAYS)
    if outcome.headroom is not None and outcome.headroom < below:
        share = decimal_text(Fraction(int(outcome.headroom * 10**6), 10**4))
        return f"within {decimal_text(below * 100)} % of a breach: {share} % of what is required is left"
    if outcome.days_left is not None and outcome.days_left < days:
        return f"due in {outcome.days_left} days"
    return ""


def _number(rule: Rule, name: str, default: Fraction) -> Fraction:
    parameter = rule.parameters.get(name)
    if parameter is None:
        return default
    assert isinstance(parameter.value, Fraction), f"{rule.id}: {name} is a number"
    return parameter.value
