"""Trading systems under MiFID II: clocks, controls of a venue and of an algorithmic trader, order-to-trade ratios."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.regimes.eu.terms import (
    E1,
    LEAST,
    MIFID_FROM,
    VENUE,
    S,
    U,
    V,
    activity,
    months,
    row,
    years,
)  # fmt: skip
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule

__all__ = ["ALGO_CONTROLS", "LIMIT_CONTROLS", "VENUE_CONTROLS", "VENUE_RULES"]

_SECTION: Final = "Trading systems"
_OTR: Final = "Order-to-trade ratios"
_VENUE: Final = {"effective_from": MIFID_FROM, "section": _SECTION, "consequence": E1, "applies": (VENUE,)}
_CLOCKS_NEW: Final = date(2025, 11, 23)
"""Twenty days after Regulation (EU) 2025/1155 was published; the day its articles on clocks apply was not read."""
_TESTED: Final = Parameter(years(1), "", U, "ours: the articles ask for tests and give no interval")

VENUE_CONTROLS: Final = (
    "orders per second limited by member",
    "volatility halt",
    "pre-trade controls",
    "suspension of access",
    "kill switch",
    "cancellation of trades",
    "balanced gateways",
    "published policies",
)
"""RTS 7 article 18(1) to (3), one by one."""
LIMIT_CONTROLS: Final = (
    "price collar",
    "greatest order value",
    "greatest order volume",
    "limits set anew during the day",
    "override for named orders only",
)
"""RTS 7 article 20(1) and (2)."""
ALGO_CONTROLS: Final = (
    "algorithms: kill switch",
    "algorithms: price collar",
    "algorithms: greatest order value",
    "algorithms: greatest order volume",
    "algorithms: greatest message rate",
    "algorithms: throttle of repeated executions",
)
"""RTS 6 articles 12 and 15."""


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
        "RTS 25 annex, table 1",
        "rts25",
        MIFID_FROM,
        date(2025, 11, 22),
        "The limits were read in a secondary source. Repealed by Regulation (EU) 2025/1155.",
    ),
    *_clock_rules(
        "2025/1155",
        "RTS 2025/1155 arts. 11 to 14",
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
        "RTS 7 art. 18",
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
        "RTS 7 art. 20(1)-(2)",
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
        "RTS 7 art. 20(2)(b)",
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
        "RTS 7 art. 20(2)(c)",
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
        "RTS 7 art. 20(2)(d)",
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
        "RTS 7 art. 19(3)",
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
        "RTS 7 art. 19(1)-(3)",
        "rts7-19",
        V,
        Primitive.CONTROLS,
        **_VENUE,
        inputs={"records": "controls"},
        parameters={"required": Parameter(("volatility halt", "halt parameters kept by version")), "tested": _TESTED},
        frequency="continuous",
        evidence="test reports, history of parameters",
    ),
    *(
        row(
            rule_id,
            title,
            "No member's ratio of unexecuted orders to transactions is above the venue's limit, in any instrument.",
            "RTS 9 art. 3(1)-(2)",
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
        "RTS 6 arts. 12 and 15",
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
        "RTS 6 art. 16",
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
        "RTS 6 art. 9",
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
        "MiFID II art. 27",
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
)
