"""Trading systems: clocks, controls of a venue and of an algorithmic trader, order-to-trade ratios, MiCA platforms."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.calendars import Clock, Unit
from compliance.regimes.eu.terms import (
    E1,
    E3,
    LEAST,
    MICA,
    MICA_FROM,
    MIFID_FROM,
    PLATFORM,
    TARGET,
    VENUE,
    S,
    U,
    V,
    activity,
    hours,
    months,
    row,
    years,
)  # fmt: skip
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule

__all__ = ["ALGO_CONTROLS", "PLATFORM_CONTROLS", "VENUE_CONTROLS", "VENUE_RULES"]

_SECTION: Final = "Trading systems"
_OTR: Final = "Order-to-trade ratios"
_VENUE: Final = {"effective_from": MIFID_FROM, "section": _SECTION, "consequence": E1, "applies": (VENUE,)}
_PLATFORM: Final = {"effective_from": MICA_FROM, "section": _SECTION, "consequence": E3, "applies": PLATFORM}
_CLOCKS_NEW: Final = date(2025, 11, 23)
"""Twenty days after Regulation (EU) 2025/1155 was published; the day its articles on clocks apply was not read."""
_TESTED: Final = Parameter(years(1), "", U, "ours: the articles ask for tests and give no interval")

VENUE_CONTROLS: Final = (
    "orders-per-second-limit",
    "volatility-halt",
    "pre-trade-controls",
    "suspend-access",
    "kill-switch",
    "cancel-trades",
    "gateway-balance",
    "published-policies",
)
"""RTS 7 article 18(1) to (3), one by one."""
LIMIT_CONTROLS: Final = ("price-collar", "max-order-value", "max-order-volume", "intraday-limits", "override-by-order")
"""RTS 7 article 20(1) and (2)."""
ALGO_CONTROLS: Final = (
    "algo-kill-switch",
    "algo-price-collar",
    "algo-max-order-value",
    "algo-max-order-volume",
    "algo-max-messages",
    "algo-repeat-throttle",
)
"""RTS 6 articles 12 and 15."""
PLATFORM_CONTROLS: Final = (
    "non-discretionary-execution",
    "liquidity-thresholds",
    "suspension-rules",
    "settlement-rules",
    "pre-trade-controls",
    "clear-error-rejection",
    "published-rules",
)
"""MiCA article 76(1) and (7)."""


def _clock_rules(version: str, citation: str, text: str, first: date, last: date | None, note: str) -> tuple[Rule, ...]:
    """Divergence from UTC and granularity, for slow and for fast systems."""
    found = []
    for suffix, operator, what, divergence, granularity in (
        ("", ">", "above", Fraction(1000), Fraction(1000)),
        (".2", "<=", "of at most", Fraction(100), Fraction(1)),
    ):
        found.append(
            row(
                f"EU-CLK-01{suffix}",
                f"Clocks of a venue with a latency {what} a millisecond",
                "No business clock is further from UTC than the limit, and time stamps are as fine as the limit.",
                citation,
                text,
                S if version == "2017/574" else U,
                Primitive.COMPLETENESS,
                version=version,
                effective_from=first,
                effective_to=last,
                section=_SECTION,
                consequence=E1,
                applies=(VENUE, Condition("eu.gateway_latency_us", operator, "1000")),
                inputs={"records": "eu.clocks"},
                must=(
                    Condition("divergence_us", "<=", "@divergence"),
                    Condition("granularity_us", "<=", "@granularity"),
                ),
                parameters={
                    "divergence": Parameter(divergence, "microseconds"),
                    "granularity": Parameter(granularity, "microseconds"),
                    "least": LEAST,
                },
                frequency="continuous",
                evidence="log of clock comparisons, traceable to UTC",
                note=note,
            )
        )
    return tuple(found)


VENUE_RULES: Final[tuple[Rule, ...]] = (
    *_clock_rules(
        "2017/574",
        "Delegated Regulation (EU) 2017/574 (RTS 25) annex, table 1",
        "rts25",
        MIFID_FROM,
        date(2025, 11, 22),
        "The limits were read in a secondary source. Repealed by Regulation (EU) 2025/1155.",
    ),
    *_clock_rules(
        "2025/1155",
        "Delegated Regulation (EU) 2025/1155 articles 11 to 14",
        "rts25-new",
        _CLOCKS_NEW,
        None,
        "The act was found and its annex was not read: the limits of 2017/574 are carried on, and its day of "
        "application "
        "is taken to be its entry into force.",
    ),
    row(
        "EU-VEN-01",
        "Controls against disorderly trading",
        "Order-rate limits by member, a volatility mechanism, pre-trade controls, suspension of access, a kill switch, "
        "cancellation of trades, balanced gateways and published policies are in place and tested.",
        "Delegated Regulation (EU) 2017/584 (RTS 7) article 18",
        "rts7-18",
        V,
        Primitive.CONTROLS,
        **_VENUE,
        inputs={"records": "controls"},
        parameters={"required": Parameter(VENUE_CONTROLS), "tested": _TESTED},
        frequency="continuous",
        evidence="policies, and the test of each control",
    ),
    row(
        "EU-VEN-02",
        "Price collars and greatest order sizes",
        "For each instrument a price collar, a greatest value and a greatest volume, which can be set anew during the "
        "day and set aside only for named orders.",
        "Delegated Regulation (EU) 2017/584 (RTS 7) article 20(1)-(2)",
        "rts7-20",
        V,
        Primitive.CONTROLS,
        **_VENUE,
        inputs={"records": "controls"},
        parameters={"required": Parameter(LIMIT_CONTROLS), "tested": _TESTED},
        frequency="each order",
        evidence="limits by market, log of rejected orders",
    ),
    row(
        "EU-VEN-02.2",
        "Monitoring within five seconds",
        "Pre-trade controls are monitored with a delay of at most five seconds.",
        "Delegated Regulation (EU) 2017/584 (RTS 7) article 20(2)(b)",
        "rts7-20",
        V,
        Primitive.FLOOR,
        **_VENUE,
        inputs={"measured": "eu.monitoring_delay_ms"},
        parameters={
            "floor": Parameter(Fraction(5000), "ms"),
            "comparator": Parameter(Comparator.AT_MOST),
            "unit": Parameter("ms"),
        },
        frequency="continuous",
        evidence="longest delay measured in the period",
    ),
    row(
        "EU-VEN-02.3",
        "Orders beyond a limit are rejected",
        "No order beyond a limit was accepted without an authorised override.",
        "Delegated Regulation (EU) 2017/584 (RTS 7) article 20(2)(c)",
        "rts7-20",
        V,
        Primitive.FLOOR,
        **_VENUE,
        inputs={"measured": "eu.orders.beyond_limits"},
        parameters={
            "floor": Parameter(Fraction(0), "orders"),
            "comparator": Parameter(Comparator.AT_MOST),
            "unit": Parameter("orders"),
        },
        frequency="each order",
        evidence="log of orders replayed against the limits in force",
    ),
    row(
        "EU-VEN-02.4",
        "Overrides are for named orders, and end",
        "Each override names its order, who authorised it and when it ends.",
        "Delegated Regulation (EU) 2017/584 (RTS 7) article 20(2)(d)",
        "rts7-20",
        V,
        Primitive.COMPLETENESS,
        **_VENUE,
        inputs={"records": "eu.overrides"},
        must=(Condition("order", "present"), Condition("authorised_by", "present"), Condition("until", "present")),
        frequency="each override",
        evidence="record of overrides",
    ),
    row(
        "EU-VEN-03",
        "Halts are on record with their parameters",
        "Each halt has its reason, its reference price and the version of the parameters that called it.",
        "Delegated Regulation (EU) 2017/584 (RTS 7) article 19(3)",
        "rts7-19",
        V,
        Primitive.COMPLETENESS,
        **_VENUE,
        inputs={"records": "eu.halts"},
        must=(
            Condition("reason", "present"),
            Condition("reference_price", "present"),
            Condition("parameters", "present"),
        ),
        frequency="each halt",
        evidence="register of halts",
    ),
    row(
        "EU-VEN-03.2",
        "The volatility mechanism runs and is tested",
        "Trading can be halted by itself at all times; the mechanism is tested, and changes of its parameters "
        "are kept.",
        "Delegated Regulation (EU) 2017/584 (RTS 7) article 19(1)-(3)",
        "rts7-19",
        V,
        Primitive.CONTROLS,
        **_VENUE,
        inputs={"records": "controls"},
        parameters={"required": Parameter(("volatility-halt", "halt-parameters-versioned")), "tested": _TESTED},
        frequency="continuous",
        evidence="test reports, history of parameters",
    ),
    *(
        row(
            rule_id,
            title,
            "No member's ratio of unexecuted orders to transactions is above the venue's limit, in any instrument.",
            "Delegated Regulation (EU) 2017/566 (RTS 9) article 3(1)-(2)",
            "rts9",
            V,
            Primitive.LEVERAGE,
            **{**_VENUE, "section": _OTR},
            inputs={"records": "order_to_trade", "limit": limit},
            where=(Condition("orders", ">", "@ignored"),),
            parameters={
                "exposure": Parameter(orders),
                "base": Parameter(trades),
                "offset": Parameter(Fraction(1), "", None, "the ratio is orders over transactions, less one"),
                "comparator": Parameter(Comparator.AT_MOST),
                "ignored": Parameter(
                    Fraction(100),
                    "orders in the session",
                    U,
                    "ours: with fewer the ratio says nothing; the text has no such floor",
                ),
            },
            frequency="each session",
            evidence="messages and fills counted from the log of orders",
            note="The limit is the venue's own. Orders are counted as the annex says, one to each message kind; "
            "messages after an auction's uncrossing, a lost connection or a kill switch are left out.",
        )
        for rule_id, title, orders, trades, limit in (
            ("EU-VEN-04", "Order-to-trade ratio by number", "orders", "trades", "eu.otr.number_max"),
            ("EU-VEN-04.2", "Order-to-trade ratio by volume", "ordered", "traded", "eu.otr.volume_max"),
        )
    ),
    row(
        "EU-ALG-01",
        "Controls of an algorithmic trader",
        "Own algorithms have a kill switch, price collars, greatest values, volumes and message rates, and a "
        "throttle of "
        "repeated executions.",
        "Delegated Regulation (EU) 2017/589 (RTS 6) articles 12 and 15",
        "rts6",
        U,
        Primitive.CONTROLS,
        **{**_VENUE, "applies": (activity("algorithmic-trading"),)},
        inputs={"records": "controls"},
        parameters={"required": Parameter(ALGO_CONTROLS), "tested": _TESTED},
        frequency="continuous",
        evidence="policies and tests",
        note="Only the articles' titles were read.",
    ),
    row(
        "EU-ALG-01.2",
        "Alerts on own algorithms within five seconds",
        "Alerts come within five seconds of the event.",
        "Delegated Regulation (EU) 2017/589 (RTS 6) article 16",
        "rts6",
        U,
        Primitive.FLOOR,
        **{**_VENUE, "applies": (activity("algorithmic-trading"),)},
        inputs={"measured": "eu.algo.alert_delay_ms"},
        parameters={
            "floor": Parameter(Fraction(5000), "ms"),
            "comparator": Parameter(Comparator.AT_MOST),
            "unit": Parameter("ms"),
        },
        frequency="continuous",
        evidence="longest delay measured in the period",
    ),
    row(
        "EU-ALG-01.3",
        "Yearly self-assessment of algorithmic trading",
        "The self-assessment and validation is made every year.",
        "Delegated Regulation (EU) 2017/589 (RTS 6) article 9",
        "rts6",
        U,
        Primitive.AGE,
        **{**_VENUE, "applies": (activity("algorithmic-trading"),)},
        inputs={"last": "eu.algo.self_assessed"},
        parameters={"most": Parameter(years(1)), "warn_days": Parameter(Fraction(60), "days", U, "ours")},
        frequency="annual",
        evidence="the report",
    ),
    row(
        "EU-BX-01",
        "Quality of execution is reviewed",
        "The firm monitors how well it executes clients' orders.",
        "Directive 2014/65/EU article 27",
        "mifid",
        U,
        Primitive.AGE,
        **{**_VENUE, "applies": (Condition("eu.licences", "contains", "mifid-firm"),)},
        inputs={"last": "eu.best_execution.reviewed"},
        parameters={"most": Parameter(months(3), "", U, "ours: the article was not read")},
        frequency="quarterly",
        evidence="analysis of slippage against reference prices",
        note="The public reports of RTS 27 and 28 are said to have been dropped; this is the firm's own review.",
    ),
    row(
        "EU-PLT-01",
        "Operating rules of a platform",
        "Execution without discretion, liquidity thresholds, rules of suspension and settlement, rejection of orders "
        "beyond limits or clearly wrong, and rules that are public.",
        "Regulation (EU) 2023/1114 article 76(1) and (7)",
        "mica-76",
        V,
        Primitive.CONTROLS,
        **_PLATFORM,
        inputs={"records": "controls"},
        parameters={"required": Parameter(PLATFORM_CONTROLS)},
        frequency="continuous",
        evidence="operating rules and the test of each control",
    ),
    row(
        "EU-PLT-01.2",
        "Settlement on chain within 24 hours",
        "Final settlement of a trade that settles on a ledger of others begins within 24 hours.",
        "Regulation (EU) 2023/1114 article 76(12)",
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
        "Regulation (EU) 2023/1114 article 76(12)",
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
        "Regulation (EU) 2023/1114 article 76(5)",
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
        "Regulation (EU) 2023/1114 article 76(9)-(10)",
        "mica",
        S,
        Primitive.CONTROLS,
        **_PLATFORM,
        inputs={"records": "controls"},
        parameters={"required": Parameter(("pre-trade-data-public", "post-trade-data-public"))},
        frequency="continuous",
        evidence="the public feed",
    ),
    row(
        "EU-TRN-01.2",
        "Public data in standard messages",
        "Public data is offered as the standard messages of ISO 20022.",
        "Delegated Regulation (EU) 2025/417 (number unverified)",
        "mica",
        S,
        Primitive.CONTROLS,
        **{**_PLATFORM, "effective_from": date(2025, 11, 28)},
        inputs={"records": "controls"},
        parameters={"required": Parameter(("transparency-iso-20022",))},
        frequency="continuous",
        evidence="a sample of the feed",
        note="The messages are said to have been ready from 2025-11-28.",
    ),
)
assert all(rule.applies for rule in VENUE_RULES) and MICA in PLATFORM, "each rule says whom it binds"
