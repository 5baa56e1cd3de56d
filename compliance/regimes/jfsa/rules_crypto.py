"""Users' crypto-assets: apart and attributable, 95 % by the safe method, the rest guaranteed: PSA 63-11(2), 63-11-2."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.jfsa.terms import J1, J12, S, Section, U, V, business_days, row
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule

__all__ = ["CRYPTO_CURE", "RULES"]

CRYPTO_CURE: Final = business_days(5)
_PARTS = {"section": Section.CRYPTO, "consequence": J12}

RULES: Final[tuple[Rule, ...]] = (
    row(
        "JP-SEG-01", "Users' crypto in addresses apart from own crypto",
        "Users' crypto-assets are clearly apart from the firm's own: no address holds for both.",
        "PSA 63-11(2); CAO 27(1)", "cao-27", V, Primitive.COMPLETENESS,
        inputs={"none": "wallets.mixed"}, parameters={"key": Parameter("address")},
        frequency="continuous", evidence="register of wallets in the signed statement", **_PARTS,
    ),
    row(
        "JP-SEG-01b", "Each user's quantity is known at once",
        "Each user's part can be told at once from the books: the quantities of all users add up to the quantity that "
        "is to be kept apart.",
        "PSA 63-11(2); CAO 27(1)", "cao-27", V, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.books.crypto"},
        parameters={"key": Parameter("day"), "least": Parameter(Fraction(1), "rows")},
        must=(Condition("users_total", "is", ".required"),),
        frequency="continuous", evidence="ledger of quantities per user; the liability tree of the statement", **_PARTS,
    ),
    row(
        "JP-SEG-01c", "Third-party custodians do the same",
        "A third party that keeps users' crypto keeps it clearly apart, with each user's part known at once.",
        "CAO 27(1)", "cao-27", V, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.custodians"},
        must=(Condition("separate", "is", "true"), Condition("attributable", "is", "true")),
        frequency="on change", evidence="custody contracts and confirmations", **_PARTS,
    ),
    row(
        "JP-SEG-02", "Same kind and quantity as owed to users",
        "Of each crypto-asset at least the quantity that users are owed is kept apart for them; another asset covers "
        "nothing.",
        "CAO 27; practice", "https://zelos.co.jp/crypt-bussiness-content", S, Primitive.COVERAGE,
        inputs={
            "held": "reserves.client", "owed": "claims", "encumbrances?": "encumbrances", "unread?": "reserves.unread",
        },
        parameters={"ratio": Parameter(Fraction(1))},
        frequency="each business day", evidence="signed statement of the hour against chain and custodians",
        clocks={"make the quantity good (JP-SEG-03)": CRYPTO_CURE},
        note="That the comparison is daily is from a secondary source. The clock of the make-good is unverified.",
        **_PARTS,
    ),
    row(
        "JP-SEG-02b", "Quantities computed and recorded each business day",
        "Each business day the quantities to be kept apart and those kept are computed and recorded.",
        "CAO 27; CAO 33(1) items 6, 7", "https://zelos.co.jp/crypt-bussiness-content", S, Primitive.AGE,
        inputs={"days": "jfsa.books.crypto", "since": "business.since"},
        parameters={"calendar": Parameter("JP"), "window": Parameter(Fraction(31), "days")},
        must=(Condition("required", "present"), Condition("kept", "present")),
        frequency="each business day", evidence="daily record (a statutory book, JP-BK-01)", **_PARTS,
    ),
    row(
        "JP-SEG-02c", "Compared with chain and custodian each business day",
        "Each business day the books are compared with chain and custodians, and what differs is explained.",
        "CAO 27; practice", "https://zelos.co.jp/crypt-bussiness-content", S, Primitive.AGE,
        inputs={"days": "reconciliations", "since": "business.since"},
        parameters={"calendar": Parameter("JP"), "window": Parameter(Fraction(31), "days")},
        where=(Condition("kind", "is", "assets"),), must=(Condition("unexplained", "is", "0"),),
        frequency="each business day", evidence="log of reconciliations",
        note="Days of the log are of the UTC calendar, those of the rule Japan's.", **_PARTS,
    ),
    row(
        "JP-SEG-03", "A shortfall of crypto is made good in five business days",
        "Where the quantity kept apart is short, it is made good within five business days.",
        "CAO 27; JVCEA rules", "https://jvcea.or.jp/", U, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.shortfalls"}, parameters={"cure": Parameter(CRYPTO_CURE, status=U)},
        where=(Condition("subject", "is", "crypto"),), must=(Condition("cured", "in time", "@cure", since="found"),),
        frequency="event", evidence="log of shortfalls", section=Section.CRYPTO, consequence=J1,
        note="The number of days was not found in the stored text of the order.",
    ),
    row(
        "JP-COLD-01", "At most 5 % outside the safe method",
        "Outside the safe method is only what the service needs, and its value in yen is at most 5 % of the value of "
        "all users' crypto: one test over all assets together.",
        "PSA 63-11(2), second sentence; CAO 27(2)", "cao-27", V, Primitive.SHARE,
        inputs={"part": "values.client.hot", "whole": "values.client"},
        parameters={
            "limit": Parameter(Fraction(5, 100), "JPY"), "comparator": Parameter(Comparator.AT_MOST),
            "currency": Parameter("JPY"), "warn_below": Parameter(Fraction(10, 100)),
        },
        frequency="continuous; at least each business day and on price shocks", evidence="daily table of ratios",
        note="Whether only the minimum needed is outside is for people to judge; the 5 % is tested.", **_PARTS,
    ),
    row(
        "JP-COLD-02", "The safe method is off the net",
        "The safe method records keys on a device that is not always connected to the internet, or by an equal "
        "technical measure, and that is shown.",
        "CAO 27(3)", "cao-27", U, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.safe_wallets"}, parameters={"least": Parameter(Fraction(1), "addresses")},
        must=(Condition("always_connected", "is", "false"), Condition("evidence", "present")),
        frequency="continuous", evidence="register of wallets", section=Section.CRYPTO, consequence=J1,
        note="The wording is known from notes on the amendment and was not read.",
    ),
    row(
        "JP-GUAR-01", "Own crypto of the same kind and quantity as the hot part",
        "Own crypto-assets of the same kind and quantity as the users' part outside the safe method are held as "
        "guarantee, apart from other own crypto-assets.",
        "PSA 63-11-2(1)", "psa", V, Primitive.GUARANTEE,
        inputs={"held": "reserves.guarantee", "owed": "reserves.client.hot", "mixed": "wallets.mixed"},
        parameters={"ratio": Parameter(Fraction(1))},
        frequency="continuous", evidence="register of guarantee wallets in the signed statement", **_PARTS,
    ),
    row(
        "JP-GUAR-01b", "Guarantee crypto by the safe method",
        "Guarantee crypto-assets are kept by the safe method themselves.",
        "PSA 63-11-2(1)", "psa", V, Primitive.COMPLETENESS,
        # Where nobody states whose wallets are, there is no sum of the guarantee, and the rule lacks data.
        inputs={"records": "wallets", "known": "reserves.guarantee"}, parameters={"key": Parameter("address")},
        where=(Condition("owner", "is", "guarantee"),), must=(Condition("custody", "is", "offline"),),
        frequency="continuous", evidence="register of guarantee wallets in the signed statement", **_PARTS,
    ),
)  # fmt: skip
"""In the order of the act."""
