"""California: Digital Financial Assets Law, from 1 July 2026."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.regimes.us_mtl.rules_kind import KIND
from compliance.regimes.us_mtl.states import states_of
from compliance.regimes.us_mtl.terms import U4, S, Section, U, V, row
from compliance.rules import Condition, Parameter, Primitive, Rule, Scope

__all__ = ["CA_CLASSES", "RULES"]

_SINCE: Final = date(2026, 7, 1)
_CA = "US-CA"
_3503 = "https://www.lawserver.com/law/state/california/ca-codes/california_financial_code_3503"
_LICENCE = "https://legalclarity.org/california-digital-financial-assets-law/"
_DIGEST = "https://leginfo.legislature.ca.gov/faces/billNavClient.xhtml?bill_id=202120220AB2269"
_PARTS = {"section": Section.CALIFORNIA, "consequence": U4, "version": "2026-07-01", "effective_from": _SINCE}
_BY_STATE = {**_PARTS, "scope": Scope.STATE}
CA_CLASSES: Final = ("trade", "order", "general_ledger", "customer_ledger", "reconciliation", "client_statement")

RULES: Final[tuple[Rule, ...]] = (
    row(
        "CA-01", "Control of each type for all entitlements",
        "Of each type of digital asset enough is controlled at all times for the aggregate entitlements of all "
        "persons; were it short, they would share that type in proportion, whenever each became entitled.",
        "Cal. Fin. Code 3503(a)", _3503, V, Primitive.COVERAGE,
        inputs=KIND, states=states_of("CA-01", _CA), frequency="at all times",
        evidence="signed statement of the hour; claims by state",
        note="The pack shows for each asset that is short what each unit of a claim would get; who gets what is "
        "computed by compliance.shortfall. US-VC-01.2 asks for the same over all customers.",
        **_BY_STATE,
    ),
    row(
        "CA-02", "Customers' assets are held for them, apart",
        "Digital assets under control are held for the persons entitled to them; no address has the firm's own beside "
        "them.",
        "Cal. Fin. Code 3503(b)", _3503, V, Primitive.COMPLETENESS,
        inputs={"none": "wallets.mixed"}, parameters={"key": Parameter("address")}, states=states_of("CA-02", _CA),
        frequency="continuous", evidence="register of wallets in the statement", **_BY_STATE,
    ),
    row(
        "CA-02.2", "They do not become the firm's property",
        "Nothing passes from a customer to the house but a fee or another charge.",
        "Cal. Fin. Code 3503(b)", _3503, V, Primitive.COMPLETENESS,
        inputs={"records": "postings.to_own"}, must=(Condition("is_charge", "is", "true"),),
        states=states_of("CA-02.2", _CA), frequency="continuous", evidence="postings of the ledger", **_BY_STATE,
    ),
    row(
        "CA-03", "A licence, an application or an exemption",
        "Who serves Californians is licensed, has applied, or is exempt.",
        "Cal. Fin. Code 3201", _LICENCE, S, Primitive.COMPLETENESS,
        inputs={"records": "us.licences"},
        parameters={
            "kind": Parameter("digital financial assets"), "state": Parameter(_CA),
            "standing": Parameter(("licensed", "applied", "exempt")), "least": Parameter(Fraction(1), "licences"),
        },
        where=(Condition("state", "is", "@state"), Condition("kind", "is", "@kind")),
        must=(Condition("status", "in", "@standing"),),
        applies=(Condition("us.served.states", "contains", _CA),),
        frequency="continuous", evidence="licence or application",
        note="Activity under 50,000 dollars a year may be exempt; whether it is, the firm states.", **_PARTS,
    ),
    row(
        "CA-04", "Records for five years",
        "Records of each activity are kept for five years, a general ledger of every month among them.",
        "Digital Financial Assets Law, records", _DIGEST, U, Primitive.RETENTION,
        inputs={"records": "retention"},
        parameters={"years": Parameter(tuple((name, Fraction(5)) for name in CA_CLASSES), "years", status=U)},
        states=states_of("CA-04", _CA), frequency="continuous", evidence="archive, its chain and its restore drill",
        note="Five years were seen in the digest of a bill that came before it and was not signed.", **_BY_STATE,
    ),
)  # fmt: skip
"""In the order of the law."""
