"""The travel rule and reports of suspicion: CRM III.F and III.G."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from compliance.regimes.vara.terms import AT_ONCE, F1, READ_AGAIN, S, Section, U, V, hours, row
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule

__all__ = ["RULES", "TRAVEL"]

_TRAVEL, _SUSPICION = "rulebook/g-fatf-travel-rule", "rulebook/f-suspicious-transaction-monitoring-and-reporting"
_DATA_SET = "https://github.com/cogentic-co/crypto-travel-rules/blob/main/data/jurisdictions/AE.json"
_PARTS = {"section": Section.TRANSFERS, "consequence": F1}

TRAVEL: Final = {
    "threshold": Parameter(Fraction(3500), "AED"),
    "comparator": Parameter(Comparator.MORE),
}
"""`Exceeding` AED 3,500, as the rulebook has it; a vendor's page reads `equal or exceeding`, and adds linked ones."""
_COUNTED = Condition("value_aed", "@comparator", "@threshold")
_READINGS = (
    "The rulebook says “exceeding”. A secondary page reads “equal or exceeding” and adds linked transfers: comparator "
    "and threshold are parameters, linked transfers are not added up here."
)

RULES: Final[tuple[Rule, ...]] = (
    row(
        "VARA-TR-01", "Travel rule before sending",
        "Before a transfer worth more than AED 3,500 the originator's verified name, account or wallet and address, "
        "and the beneficiary's name and account or wallet, are held.",
        "CRM III.G.1, G.3-4", _TRAVEL, V, Primitive.COMPLETENESS,
        inputs={"records": "transfers"}, parameters=TRAVEL,
        where=(Condition("direction", "is", "out"), _COUNTED), must=(Condition("complete", "is", "true"),),
        frequency="each transfer", evidence="travel rule log (IVMS101)", note=_READINGS, **_PARTS,
    ),
    row(
        "VARA-TR-02", "Travel rule before credit",
        "Of a transfer worth more than AED 3,500 that comes in, the client has no access to the units until the "
        "required originator's and accurate beneficiary's data are held.",
        "CRM III.G.2", _TRAVEL, V, Primitive.COMPLETENESS,
        inputs={"records": "transfers"}, parameters=TRAVEL,
        where=(Condition("direction", "is", "in"), _COUNTED),
        must=(Condition("credited_before_complete", "is", "false"),),
        frequency="each deposit", evidence="log of holds", note=_READINGS, **_PARTS,
    ),
    row(
        "VARA-TR-03", "Due diligence on counterparties",
        "Each counterparty firm has been looked into, by risk, before the first transfer with it, and is so still.",
        "CRM III.G.5", _TRAVEL, V, Primitive.COMPLETENESS,
        inputs={"records": "transfers"},
        where=(Condition("self_hosted", "is", "false"),), must=(Condition("at", "by", ".due_diligence_until"),),
        frequency="each transfer", evidence="register of due diligence",
        note="A circular of February 2026 on the travel rule is cited by one page of low quality: unverified.",
        **_PARTS,
    ),
    row(
        "VARA-TR-03b", "Policies for unhosted wallets and anonymity",
        "There are policies for transfers with unhosted wallets and for anonymity-enhanced transfers.",
        "CRM III.G.6", _TRAVEL, V, Primitive.CONTROLS,
        inputs={"records": "vara.controls"},
        parameters={"required": Parameter(("policy for unhosted wallets", "policy for anonymity-enhanced transfers"))},
        frequency="continuous", evidence="the policies", **_PARTS,
    ),
    row(
        "VARA-TR-03c", "Who owns an unhosted wallet",
        "Of a transfer worth more than AED 3,500 with an unhosted wallet, its ownership is verified.",
        "CRM III.G.6, as a data set reads it", _DATA_SET, S, Primitive.COMPLETENESS,
        inputs={"records": "transfers"},
        parameters={name: replace(each, status=S) for name, each in TRAVEL.items()},
        where=(Condition("self_hosted", "is", "true"), _COUNTED), must=(Condition("ownership_proof", "present"),),
        frequency="each transfer", evidence="proof of control of the wallet",
        note="The rulebook asks for a policy; that it is verified above this amount stands in a secondary source "
        "alone.",
        **_PARTS,
    ),
    row(
        "VARA-AML-01", "Suspicious transactions are reported at once",
        "On suspicion the MLRO reports immediately to the UAE FIU and to VARA, on the goAML platform.",
        "CRM III.F.3.a, F.4", _SUSPICION, V, Primitive.COMPLETENESS,
        inputs={"records": "cases"}, parameters={"most": Parameter(AT_ONCE, status=U)},
        where=(Condition("kind", "is", "money laundering"), Condition("state", "is not", "dismissed")),
        must=(Condition("filed", "in time", "@most", since="detected"),),
        frequency="each event", evidence="acknowledgement of goAML", read_at=READ_AGAIN,
        note="“Immediately” has no number; read here as before the day ends in Dubai. The report itself is filed by "
        "people: no goAML file is made here.", **_PARTS,
    ),
    row(
        "VARA-AML-02", "Questions of the FIU within 48 hours",
        "Questions of the UAE FIU or VARA on suspicious transactions are answered promptly, within 48 hours.",
        "CRM III.F.3.b", _SUSPICION, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.fiu_requests"}, parameters={"most": Parameter(hours(48))},
        must=(Condition("answered", "in time", "@most", since="asked"),),
        frequency="each event", evidence="correspondence", read_at=READ_AGAIN, **_PARTS,
    ),
)  # fmt: skip
"""In the order of the rulebook."""
