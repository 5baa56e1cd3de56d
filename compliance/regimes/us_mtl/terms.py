"""What the rows of this regime share: sections, what a breach can bring, clocks, and `row`."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from compliance.calendars import Clock, Unit
from compliance.rules import Condition, Primitive, Rule, Status

__all__ = [
    "MSB",
    "MTMA",
    "MTMA_SINCE",
    "OFAC",
    "REGIME",
    "TAX",
    "U1",
    "U2",
    "U3",
    "U4",
    "S",
    "Section",
    "U",
    "V",
    "business_days",
    "days",
    "hours",
    "row",
    "years",
]  # fmt: skip

REGIME: Final = "us-mtl"
V, S, U = Status.VERIFIED, Status.SECONDARY, Status.UNVERIFIED
MTMA: Final = "MTMA"
"""The model act of the state supervisors; each state enacts it, or parts of it, under numbers of its own."""
MTMA_SINCE: Final = date(2023, 7, 1)
"""The first of the adoptions in `states.py`; those that came later stand there with their own day."""

U1: Final = (
    "By the state: an order of its supervisor, a fine for each day, suspension or revocation of the licence. Amounts "
    "differ by state and were not read."
)
U2: Final = "Civil and criminal penalties of the Bank Secrecy Act."
U3: Final = "Enforcement by the New York Department of Financial Services."
U4: Final = (
    "Civil penalties of California's Digital Financial Assets Law (unverified: up to USD 20,000 a day for a licensee, "
    "USD 100,000 a day without a licence)."
)
OFAC: Final = "Penalties by strict liability: without fault, for each violation."
TAX: Final = "Penalties for returns and statements that are late or wrong, 26 USC 6721 and 6722."
MSB: Final = (Condition("us.msb", "is", "true"),)


class Section:
    """The parts of the reports, in their order."""

    PRUDENTIAL = "Permissible investments, net worth and bond"
    LIKE_KIND = "Virtual currency in kind"
    CALL_REPORT = "NMLS MSB Call Report"
    FEDERAL = "FinCEN and records"
    OFAC = "Sanctions (OFAC)"
    TAX = "Form 1099-DA"
    NEW_YORK = "New York (23 NYCRR 200)"
    CALIFORNIA = "California (DFAL)"


def days(count: int) -> Clock:
    """Calendar days, each ending in New York."""
    return Clock(count, Unit.CALENDAR_DAYS, "US")


def business_days(count: int) -> Clock:
    """Federal business days."""
    return Clock(count, Unit.BUSINESS_DAYS, "US")


def hours(count: int) -> Clock:
    """Hours, through every day."""
    return Clock(count, Unit.HOURS)


def years(count: int) -> Clock:
    """Years, each day ending in New York."""
    return Clock(count, Unit.YEARS, "US")


def row(
    rule_id: str,
    title: str,
    requirement: str,
    citation: str,
    source: str,
    status: Status,
    primitive: Primitive,
    **more: Any,
) -> Rule:
    """A row of the regime; `source` is an address. The other fields are those of `Rule`."""
    return Rule(
        id=rule_id,
        regime=REGIME,
        title=title,
        requirement=requirement,
        citation=citation,
        status=status,
        primitive=primitive,
        source=source,
        **{"version": MTMA, "effective_from": MTMA_SINCE, **more},
    )
