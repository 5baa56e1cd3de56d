"""Users' money in trust: PSA 63-11(1), CAO 26."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.jfsa.terms import J12, Section, U, V, business_days, row
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["MONEY_CURE", "RULES"]

MONEY_CURE: Final = business_days(2)
_PARTS = {"section": Section.MONEY}
_CUT: Final = (
    "The number of days was not seen in the order's text: the page was cut, and rules for currency firms read so."
)

RULES: Final[tuple[Rule, ...]] = (
    row(
        "JP-CM-01", "Users' money is in trust in full",
        "What users have handed over in money is held in trust with a trust company, in full, in each currency.",
        "PSA 63-11(1); CAO 26", "cao-26", V, Primitive.CLIENT_MONEY,
        inputs={"held": "jfsa.trust.balance", "owed": "client_money.owed"},
        parameters={"ratio": Parameter(Fraction(1))},
        frequency="each business day", evidence="the trust company's certificate of balance", consequence=J12,
        clocks={"make the trust good (JP-CM-02)": MONEY_CURE},
        note="The clock of the make-good is unverified. Money in bank accounts that are no trust does not count.",
        **_PARTS,
    ),
    row(
        "JP-CM-01b", "The trust's terms",
        "The trustee is a trust company, users are the beneficiaries of the principal, and an agent of the "
        "beneficiaries (a lawyer, CPA or the like) is appointed.",
        "PSA 63-11(1); CAO 26", "cao-26", V, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.trusts"}, parameters={"least": Parameter(Fraction(1), "contracts")},
        must=(
            Condition("is_trust_company", "is", "true"), Condition("users_are_beneficiaries", "is", "true"),
            Condition("agent", "present"),
        ),
        frequency="on change", evidence="trust contracts", consequence=J12, **_PARTS,
    ),
    row(
        "JP-CM-02", "A shortfall of the trust is made good in two business days",
        "Where the trust is short, it is made good within two business days.",
        "CAO 26", "cao-26", U, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.shortfalls"}, parameters={"cure": Parameter(MONEY_CURE, status=U)},
        where=(Condition("subject", "is", "money"),), must=(Condition("cured", "in time", "@cure", since="found"),),
        frequency="each business day", evidence="log of shortfalls", note=_CUT, **_PARTS,
    ),
)  # fmt: skip
"""In the order of the act."""
