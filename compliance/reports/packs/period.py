"""A pack's period and rules, as the blocks ask for them: when it ends, and which rule a verdict is of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from compliance.calendars import calendar
from compliance.facts import moment_text
from compliance.regimes import ZONES
from compliance.reports.document import time_text
from compliance.reports.inputs import PackInput
from compliance.rules import Rule
from compliance.verdicts import Verdict

__all__ = [
    "end_of",
    "minute_text",
    "readable",
    "rule_of",
    "sections",
    "shown_moment",
    "start_of",
    "verdict_name",
    "zone_of",
]

_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?Z")
_LONG: Final = re.compile(r"(?<![\w.,-])-?\d{5,}(?![\w,-])")


def readable(text: str) -> str:
    """A verdict's figures as people read them: thousands parted, moments to the minute; nothing is rounded."""
    shorter = _MOMENT.sub(r"\1 \2", text)
    return _LONG.sub(lambda found: f"{int(found.group()):,}", shorter)


def zone_of(data: PackInput) -> str:
    """The calendar of the pack's regime."""
    return ZONES.get(data.rules.regime, "ALL")


def start_of(data: PackInput) -> datetime:
    """The first moment of the period, UTC."""
    days = calendar(zone_of(data))
    return datetime(data.start.year, data.start.month, data.start.day, tzinfo=days.zone)


def end_of(data: PackInput) -> datetime:
    """The last moment of the period, UTC."""
    return calendar(zone_of(data)).end_of(data.end)


def rule_of(data: PackInput, verdict: Verdict) -> Rule:
    """The version of the rule that a verdict is of; raises AssertionError where the set has none."""
    for rule in data.rules.rules:
        if (rule.id, rule.version) == (verdict.rule, verdict.version):
            return rule
    raise AssertionError(f"{verdict.rule} of version {verdict.version} is no rule of {data.rules.name}")


def sections(data: PackInput) -> Iterator[tuple[str, list[tuple[Rule, Verdict]]]]:
    """The verdicts by their rules' sections, in the order in which the set names them first."""
    found: dict[str, list[tuple[Rule, Verdict]]] = {}
    for verdict in data.verdicts:
        rule = rule_of(data, verdict)
        found.setdefault(rule.section, []).append((rule, verdict))
    yield from found.items()


def verdict_name(verdict: Verdict) -> str:
    """A verdict's rule and scope: `US-TNW-01 US-NY`."""
    return f"{verdict.rule} {verdict.scope}".rstrip()


def shown_moment(moment: datetime) -> str:
    """A moment as tables show it, UTC."""
    return time_text(moment_text(moment))


def minute_text(moment: datetime) -> str:
    """A moment to the minute it is in, UTC: deadlines end with the last moment of a minute."""
    return shown_moment(moment)[:16]
