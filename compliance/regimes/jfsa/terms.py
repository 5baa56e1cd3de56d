"""What the rows of this regime share: texts, what a breach can bring, sections, clocks, and `row`."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from compliance.calendars import Clock, Unit
from compliance.rules import Primitive, Rule, Status

__all__ = [
    "BASIS",
    "J1",
    "J12",
    "REGIME",
    "SINCE",
    "S",
    "Section",
    "U",
    "V",
    "business_days",
    "hours",
    "months",
    "row",
    "years",
]  # fmt: skip

REGIME: Final = "jfsa"
BASIS: Final = "PSA"
"""The act that the rows rest on (`regime_basis`). A row of the coming law would have FIEA, and its own first day."""
V, S, U = Status.VERIFIED, Status.SECONDARY, Status.UNVERIFIED
SINCE: Final = date(2024, 4, 1)
"""The order's text was read as in force on this day; how earlier days were ruled is not said here."""
_TEXT: Final = f"{BASIS} 2024-04-01"
_MIRROR: Final = "https://iuris.jp/"
_ORDER: Final = _MIRROR + "暗号資産交換業者に関する内閣府令-"
_PAGES: Final = {
    "psa": _MIRROR,
    "psa-63-11": _MIRROR + "資金決済に関する法律-第六十三条の十一-利用者財産の管理/jpn/a/79319",
    "cao": _MIRROR,
    "cao-25": _ORDER + "第二十五条-暗号資産信用取引に関する特則/jpn/a/35307",
    "cao-26": _ORDER + "第二十六条-利用者の金銭の管理/jpn/a/35308",
    "cao-27": _ORDER + "第二十七条-利用者の暗号資産の管理/jpn/a/35309",
    "cao-33": _ORDER + "第三章-監督/jpn/c/1577",
    "cao-38": _ORDER + "第三十八条-利用者財産の管理に関する報告書/jpn/a/35320",
}
"""The mirror of statutes in which the act, and Cabinet Office Order No. 7 of 2017, were read."""

J1: Final = (
    "J1: business improvement order (PSA 63-16; seen in a secondary source), suspension or revocation of the "
    "registration (PSA 63-17)."
)
J12: Final = (
    J1 + " J2: criminal penalties for breach of segregation, whose amounts are unverified. Users have a preferential "
    "claim over segregated assets (PSA 63-19-2)."
)


class Section:
    """The parts of the reports, in their order."""

    MONEY = "Users' money"
    CRYPTO = "Users' crypto-assets"
    AUDIT = "Audits of separate management"
    BOOKS = "Statutory books"
    REPORTS = "Reports"
    CAPITAL = "Capital"
    MARGIN = "Margin and derivatives"
    CONDUCT = "Transfers, suspicion and unfair acts"


def business_days(count: int) -> Clock:
    """Business days of Japan."""
    return Clock(count, Unit.BUSINESS_DAYS, "JP")


def months(count: int) -> Clock:
    """Months, each day ending in Japan."""
    return Clock(count, Unit.MONTHS, "JP")


def years(count: int) -> Clock:
    """Years, each day ending in Japan."""
    return Clock(count, Unit.YEARS, "JP")


def hours(count: int) -> Clock:
    """Hours, through every day."""
    return Clock(count, Unit.HOURS)


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
    """A row of the regime. `page`: a name of `_PAGES`, or a whole address. The other fields are those of `Rule`."""
    return Rule(
        id=rule_id,
        regime=REGIME,
        title=title,
        requirement=requirement,
        citation=citation,
        status=status,
        primitive=primitive,
        source=_PAGES.get(page, page),
        **{"version": _TEXT, "effective_from": SINCE, "consequence": J1, **more},
    )
