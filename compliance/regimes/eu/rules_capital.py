"""Own funds: MiCA article 67 with annex IV, and the investment firms' regulation (EU) 2019/2033."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.regimes.eu.terms import E1, E3, FIRM, MICA, MICA_FROM, S, U, V, row, years
from compliance.rules import Comparator, Parameter, Primitive, Rule

__all__ = ["CAPITAL_RULES", "K_FACTORS", "MICA_CLASSES"]

_SECTION: Final = "Capital"

MICA_CLASSES: Final = (
    ("execution", Fraction(50_000)),
    ("placing", Fraction(50_000)),
    ("transfer", Fraction(50_000)),
    ("reception", Fraction(50_000)),
    ("advice", Fraction(50_000)),
    ("portfolio", Fraction(50_000)),
    ("custody", Fraction(125_000)),
    ("exchange", Fraction(125_000)),
    ("platform", Fraction(150_000)),
)
"""Annex IV by service: class 1, class 2 (custody, exchange), class 3 (operating a platform)."""
K_FACTORS: Final = (
    ("AUM", Fraction(2, 10_000)),
    ("CMH-segregated", Fraction(4, 1_000)),
    ("CMH-other", Fraction(5, 1_000)),
    ("ASA", Fraction(4, 10_000)),
    ("COH-cash", Fraction(1, 1_000)),
    ("COH-derivatives", Fraction(1, 10_000)),
    ("DTF-cash", Fraction(1, 1_000)),
    ("DTF-derivatives", Fraction(1, 10_000)),
)
"""Coefficients of IFR article 15(2), table 1."""

CAPITAL_RULES: Final[tuple[Rule, ...]] = (
    row(
        "EU-CAP-01",
        "Prudential safeguards of a service provider",
        "CET1 own funds or insurance of at least the minimum of the class of its services, and of at least a "
        "quarter of "
        "last year's fixed overheads.",
        "MiCA art. 67 and annex IV",
        "mica-67",
        V,
        Primitive.FLOOR,
        effective_from=MICA_FROM,
        section=_SECTION,
        consequence=E3,
        applies=(MICA,),
        inputs={"measured": "eu.safeguards", "class": "eu.services", "overheads": "eu.fixed_overheads"},
        parameters={
            "formula": Parameter("class-or-share"),
            "classes": Parameter(MICA_CLASSES, "EUR"),
            "share": Parameter(Fraction(1, 4), "of last year's fixed overheads"),
            "comparator": Parameter(Comparator.AT_LEAST),
            "unit": Parameter("EUR"),
            "warn_below": Parameter(Fraction(10, 100), "of what is required", U, "ours"),
        },
        frequency="at all times, reviewed yearly",
        evidence="own-funds statement and insurance policy, as the firm states them",
        note="Credit institutions and investment firms that notify under article 60 hold capital under their "
        "own regime.",
    ),
    row(
        "EU-CAP-01.2",
        "Safeguards reviewed every year",
        "The amount is reviewed each year, with the fixed overheads of the year before.",
        "MiCA art. 67(2)",
        "mica-67",
        V,
        Primitive.AGE,
        effective_from=MICA_FROM,
        section=_SECTION,
        consequence=E3,
        applies=(MICA,),
        inputs={"last": "eu.capital.reviewed"},
        parameters={"most": Parameter(years(1)), "warn_days": Parameter(Fraction(60), "days", U, "ours")},
        frequency="annual",
        evidence="minutes of the review",
    ),
    row(
        "EU-IFR-01",
        "Own funds of an investment firm",
        "Own funds of at least the permanent minimum, a quarter of fixed overheads, and the sum of the K-factors.",
        "IFR arts. 11, 13 to 15",
        "ifr",
        V,
        Primitive.FLOOR,
        effective_from=date(2021, 6, 26),
        section=_SECTION,
        consequence=E1,
        applies=(FIRM,),
        inputs={
            "measured": "eu.own_funds",
            "class": "eu.ifr.class",
            "overheads": "eu.fixed_overheads",
            "averages": "eu.ifr.averages",
            "other": "eu.ifr.other_factors",
        },
        parameters={
            "formula": Parameter("k-factors"),
            "classes": Parameter(
                (
                    ("own-account", Fraction(750_000)),
                    ("other", Fraction(150_000)),
                    ("no-client-money", Fraction(75_000)),
                ),
                "EUR",
                S,
                "Directive (EU) 2019/2034 article 9, as commentaries give it",
            ),
            "share": Parameter(Fraction(1, 4), "of last year's fixed overheads", S, "as commentaries give article 13"),
            "factors": Parameter(K_FACTORS, "of the average"),
            "comparator": Parameter(Comparator.AT_LEAST),
            "unit": Parameter("EUR"),
            "warn_below": Parameter(Fraction(10, 100), "of what is required", U, "ours"),
        },
        frequency="daily",
        evidence="own-funds statement; averages of clients' money, assets and orders",
        note="K-NPR, K-CMG, K-TCD and K-CON are not computed here: the firm states their sum.",
    ),
)
