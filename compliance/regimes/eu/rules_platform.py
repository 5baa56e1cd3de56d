"""Platforms for crypto-assets: MiCA article 76, from operating rules to public data."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.calendars import Clock, Unit
from compliance.regimes.eu.terms import E3, MICA_FROM, PLATFORM, TARGET, S, U, V, hours, row
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule

__all__ = ["PLATFORM_CONTROLS", "PLATFORM_RULES"]

_SECTION: Final = "Trading systems"
_PLATFORM: Final = {"effective_from": MICA_FROM, "section": _SECTION, "consequence": E3, "applies": PLATFORM}

PLATFORM_CONTROLS: Final = (
    "execution without discretion",
    "liquidity thresholds",
    "rules of suspension",
    "rules of settlement",
    "pre-trade controls",
    "rejection of clearly wrong orders",
    "published operating rules",
)
"""MiCA article 76(1) and (7)."""

PLATFORM_RULES: Final[tuple[Rule, ...]] = (
    row(
        "EU-PLT-01",
        "Operating rules of a platform",
        "Execution without discretion, liquidity thresholds, rules of suspension and settlement, rejection of orders "
        "beyond limits or clearly wrong, and rules that are public.",
        "MiCA art. 76(1) and (7)",
        "mica-76",
        V,
        Primitive.CONTROLS,
        **_PLATFORM,
        inputs={"records": "controls"},
        parameters={"required": Parameter(PLATFORM_CONTROLS)},
        frequency="continuous",
        evidence="operating rules and the test of each control",
        note="Paragraph 7 was not read.",
    ),
    row(
        "EU-PLT-01.2",
        "Settlement on chain within 24 hours",
        "Final settlement of a trade that settles on a ledger of others begins within 24 hours.",
        "MiCA art. 76(12)",
        "mica-76",
        U,
        Primitive.COMPLETENESS,
        **_PLATFORM,
        inputs={"records": "eu.settlements"},
        where=(Condition("on_chain", "is", "true"),),
        must=(Condition("settled", "in time", "@within", "traded"),),
        parameters={"within": Parameter(hours(24))},
        frequency="continuous",
        evidence="of each market and day, the trade that took longest",
        note="The paragraph was not read.",
    ),
    row(
        "EU-PLT-01.3",
        "Settlement in the books on the same day",
        "A trade that settles in the platform's own books is settled on the day of the trade.",
        "MiCA art. 76(12)",
        "mica-76",
        U,
        Primitive.COMPLETENESS,
        **_PLATFORM,
        inputs={"records": "eu.settlements"},
        where=(Condition("on_chain", "is", "false"),),
        must=(Condition("settled", "in time", "@within", "traded"),),
        parameters={"within": Parameter(Clock(0, Unit.CALENDAR_DAYS, TARGET))},
        frequency="continuous",
        evidence="of each market and day, the trade that took longest",
        note="The paragraph was not read. A day ends in Brussels here.",
    ),
    row(
        "EU-PLT-01.4",
        "No own-account dealing on the own platform",
        "The operator does not trade for its own account on its platform.",
        "MiCA art. 76(5)",
        "mica-76",
        S,
        Primitive.FLOOR,
        **_PLATFORM,
        inputs={"measured": "eu.house_trades"},
        parameters={
            "floor": Parameter(Fraction(0), "trades"),
            "comparator": Parameter(Comparator.AT_MOST),
            "unit": Parameter("trades"),
        },
        frequency="continuous",
        evidence="trades of accounts whose owner is the operator",
        note="Matched principal trading with clients' consent is said to be allowed; such trades are not in the count.",
    ),
    row(
        "EU-TRN-01",
        "Pre-trade and post-trade data are public",
        "Bids, offers and depth are public while the platform trades, and so are price, volume and time of trades.",
        "MiCA art. 76(9)-(10)",
        "mica",
        S,
        Primitive.CONTROLS,
        **_PLATFORM,
        inputs={"records": "controls"},
        parameters={"required": Parameter(("public pre-trade data", "public post-trade data"))},
        frequency="continuous",
        evidence="the public feed",
    ),
    row(
        "EU-TRN-01.2",
        "Public data in standard messages",
        "Public data is offered as the standard messages of ISO 20022.",
        "RTS 2025/417 (number unverified)",
        "mica",
        S,
        Primitive.CONTROLS,
        **{**_PLATFORM, "effective_from": date(2025, 11, 28)},
        inputs={"records": "controls"},
        parameters={"required": Parameter(("public data in ISO 20022",))},
        frequency="continuous",
        evidence="a sample of the feed",
        note="The messages are said to have been ready from 2025-11-28.",
    ),
)
