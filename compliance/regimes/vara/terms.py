"""What the rows of this regime share: where the texts stand, what a breach can bring, sections, clocks, and `row`."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from compliance.calendars import Clock, Unit
from compliance.rules import Condition, Primitive, Rule, Status

__all__ = [
    "AT_ONCE",
    "F1",
    "F2",
    "F3",
    "MARGIN",
    "READ_AGAIN",
    "REGIME",
    "SINCE",
    "SINCE_2025",
    "TEXT_2023",
    "TEXT_2025",
    "UNTIL_2025",
    "S",
    "Section",
    "U",
    "V",
    "activity",
    "days",
    "hours",
    "months",
    "none",
    "row",
]  # fmt: skip

REGIME: Final = "vara"
V, S, U = Status.VERIFIED, Status.SECONDARY, Status.UNVERIFIED
TEXT_2023, TEXT_2025 = "2023-02-07", "2025-05-19"
"""Versions of the rulebooks. A row of the first that has no later one stands in the second as far as was seen."""
SINCE: Final = date(2023, 2, 7)
UNTIL_2025: Final = date(2025, 5, 18)
SINCE_2025: Final = date(2025, 5, 19)
"""The date of the second text. A time to adapt to it was not read of, and none is granted here."""
READ_AGAIN: Final = date(2026, 11, 30)

_MORE: Final = (
    " Also: suspension or revocation of the licence, orders to stop, fines on responsible individuals; unpaid fines "
    "grow by 1 % a month (secondary source)."
)
F1: Final = "Fines for breaches of anti-money-laundering rules are set by federal and local law." + _MORE
F2: Final = (
    "For each violation, a company up to the highest of AED 50 million, 15 % of yearly revenue, or 300 % of the gain "
    "or the loss avoided; an individual up to the higher of AED 20 million or 200 %." + _MORE
)
F3: Final = (
    "By the table of 2023, a company up to AED 20 million, 5 % of revenue, or 200 % of the gain, an individual up to "
    "AED 8 million; today's amounts are unverified." + _MORE
)


class Section:
    """The parts of the reports, in their order."""

    RESERVES = "Reserves and client assets"
    MONEY = "Client money"
    PRUDENTIAL = "Capital and prudential"
    REPORTING = "Reporting and records"
    TRANSFERS = "Travel rule and suspicion"
    TRADING = "Trading and margin"
    SERVICES = "Lending, custody and issuance"


def days(count: int) -> Clock:
    """Calendar days, each ending in Dubai."""
    return Clock(count, Unit.CALENDAR_DAYS, "AE")


def hours(count: int) -> Clock:
    """Hours, through every day."""
    return Clock(count, Unit.HOURS)


def months(count: int) -> Clock:
    """Months, each day ending in Dubai."""
    return Clock(count, Unit.MONTHS, "AE")


AT_ONCE: Final = days(0)
"""`At once` and `immediately` have no number in the texts. Read here as: before that day ends in Dubai."""
MARGIN: Final = (Condition("vara.margin_licensed", "is", "true"),)


def activity(name: str) -> tuple[Condition, ...]:
    """Binds those whose licence names an activity."""
    return (Condition("vara.activities", "contains", name),)


def none(fact: str) -> dict[str, str]:
    """Inputs of a rule by which there may be no record of a fact."""
    return {"none": fact}


def row(
    rule_id: str,
    title: str,
    requirement: str,
    citation: str,
    page: str,
    status: Status,
    primitive: Primitive,
    **more: Any,
) -> Rule:
    """A row of the regime. `page`: where the text stands on the regulator's site, or a whole address of another.

    The other fields are those of `Rule`; without a version it is one of 2023 that still holds.
    """
    return Rule(
        id=rule_id,
        regime=REGIME,
        title=title,
        requirement=requirement,
        citation=citation,
        status=status,
        primitive=primitive,
        source=page if page.startswith("https:") else f"https://rulebooks.vara.ae/{page}",
        **{"version": TEXT_2023, "effective_from": SINCE, **more},
    )
