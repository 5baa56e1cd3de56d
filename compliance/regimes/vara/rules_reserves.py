"""Reserve assets, proof of reserves, and how client assets are held: Company VI.E and CRM V."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.vara.terms import (
    AT_ONCE,
    F2,
    F3,
    SINCE_2025,
    TEXT_2025,
    UNTIL_2025,
    Section,
    V,
    months,
    none,
    row,
)  # fmt: skip
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["RULES"]

_RESERVES = "rulebook/e-reserve-assets"
_PART_V, _PART_V_2025 = "entiresection/158", "entiresection/160"
_PARTS = {"section": Section.RESERVES}

RULES: Final[tuple[Rule, ...]] = (
    row(
        "VARA-RES-01", "Reserve assets of 100 %, in kind",
        "Reserve assets cover all that is owed to clients over all activities, one for one, each virtual asset by "
        "units of itself; value in another asset covers nothing.",
        "Company VI.E.1-2", _RESERVES, V, Primitive.COVERAGE,
        inputs={
            "held": "reserves.client", "owed": "claims", "encumbrances?": "encumbrances", "unread?": "reserves.unread",
        },
        parameters={"ratio": Parameter(Fraction(1))},
        frequency="at all times", evidence="signed statement of the hour; quarterly statement (CRM I.H.2.b)",
        consequence=F3, clocks={"tell VARA (VARA-CAP-04)": AT_ONCE},
        note="That VARA is told at once is unverified, and so is its clock.", **_PARTS,
    ),
    row(
        "VARA-RES-02", "Daily reconciliation of reserve assets",
        "Every day the reserve assets are reconciled with what is owed, asset by asset, and what differs is explained.",
        "Company VI.E.3", _RESERVES, V, Primitive.AGE,
        inputs={"days": "reconciliations", "since": "business.since"},
        parameters={"calendar": Parameter("ALL"), "window": Parameter(Fraction(31), "days")},
        where=(Condition("kind", "is", "assets"),), must=(Condition("unexplained", "is", "0"),),
        frequency="daily", evidence="reconciliation log, kept 8 years", consequence=F3, **_PARTS,
    ),
    row(
        "VARA-RES-03", "Independent audit of reserve assets every six months",
        "An independent third party audits the reserve assets at least every six months.",
        "Company VI.E.3", _RESERVES, V, Primitive.AGE,
        inputs={"last": "vara.reserve_audit.last"},
        parameters={"most": Parameter(months(6)), "warn_days": Parameter(Fraction(30), "days")},
        frequency="every six months", evidence="the auditor's report", consequence=F3, **_PARTS,
    ),
    row(
        "VARA-RES-03b", "The audit's report goes into the next quarterly filing",
        "Each audit is by an independent third party, and its report is submitted with the next quarterly filing.",
        "Company VI.E.3", _RESERVES, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.reserve_audits"},
        parameters={"next": Parameter(months(3)), "least": Parameter(Fraction(1), "audits")},
        must=(
            Condition("independent", "is", "true"),
            Condition("quarter", ">=", ".done_on"),
            Condition("quarter", "within", "@next", since="done_on"),
        ),
        frequency="every six months", evidence="the auditor's report, attached to the quarterly pack", consequence=F3,
        note="The next quarter's end is at most three months after the audit.", **_PARTS,
    ),
    row(
        "VARA-POR-01", "Proof of reserves as VARA asks",
        "Beyond the reserve assets themselves, whatever demonstration VARA asks for is given, that reserves cover all "
        "liabilities of client assets, over all clients and products.",
        "CRM Part V, Proof of Reserves", "rulebook/b-proof-reserves", V, Primitive.COMPLETENESS,
        inputs={"records": "vara.por_requests"},
        must=(
            Condition("answered", "by", ".due"),
            Condition("all_clients_and_products", "is not", "false"),
        ),
        frequency="on request, at licensing", evidence="the bundle by its digest", consequence=F2,
        note="The letter of this section may have moved from B to C in the text of 2025 (unverified). No format is "
        "set.",
        **_PARTS,
    ),
    row(
        "VARA-SEG-01", "Client wallets apart from own wallets",
        "Client assets are held in wallets apart from the firm's own assets: no address stands for both.",
        "CRM V.A.3 (2025: V.B.3)", _PART_V, V, Primitive.COMPLETENESS,
        inputs=none("wallets.mixed"), parameters={"key": Parameter("address")},
        frequency="at all times", evidence="register of wallets in the signed statement", consequence=F2, **_PARTS,
    ),
    row(
        "VARA-SEG-01b", "Client wallets are labelled",
        "In the books and records every wallet with client assets carries the label “Client VA Wallet”.",
        "CRM V.B.3 (2025)", _PART_V_2025, V, Primitive.COMPLETENESS,
        inputs={"records": "wallets"},
        parameters={
            "label": Parameter("Client VA Wallet"), "key": Parameter("address"),
            "least": Parameter(Fraction(1), "wallets"),
        },
        where=(Condition("owner", "is", "client"),), must=(Condition("label", "contains", "@label"),),
        version=TEXT_2025, effective_from=SINCE_2025,
        frequency="at all times", evidence="register of wallets in the signed statement", consequence=F2, **_PARTS,
    ),
    row(
        "VARA-SEG-02", "Client assets are not the firm's",
        "Client assets are neither assets nor deposit liabilities of the firm: nothing passes from a client to the "
        "house but a fee, an expense or a charge.",
        "CRM V.A.2", _PART_V, V, Primitive.COMPLETENESS,
        inputs={"records": "postings.to_own"}, must=(Condition("is_charge", "is", "true"),),
        effective_to=UNTIL_2025,
        frequency="continuous", evidence="postings of the ledger", consequence=F2, **_PARTS,
    ),
    row(
        "VARA-SEG-02", "Client assets are not the firm's, nor of its estate",
        "Client assets are neither assets nor deposit liabilities of the firm and stay outside its estate: nothing "
        "passes from a client to the house but a fee, an expense or a charge.",
        "CRM V.B.2 (2025)", _PART_V_2025, V, Primitive.COMPLETENESS,
        inputs={"records": "postings.to_own"}, must=(Condition("is_charge", "is", "true"),),
        version=TEXT_2025, effective_from=SINCE_2025,
        frequency="continuous", evidence="postings of the ledger", consequence=F2, **_PARTS,
    ),
    row(
        "VARA-SEG-03", "No use of client assets without consent and licence",
        "Client assets are held one for one. They are lent, pledged or staked only with the client's explicit prior "
        "consent and under a licence for that activity.",
        "CRM V.A.4 (2025: V.B.4)", _PART_V, V, Primitive.COMPLETENESS,
        inputs={"records": "encumbrances"},
        must=(Condition("consent", "present"), Condition("licence", "present")),
        frequency="continuous", evidence="register of encumbrances", consequence=F2, clocks={"tell VARA": AT_ONCE},
        **_PARTS,
    ),
    row(
        "VARA-SEG-04", "Proceeds belong to the client",
        "Airdrops, staking gains and the like accrue to the client, unless agreed otherwise or under a cut-off that "
        "was disclosed and accepted.",
        "CRM V.A.5 (2025: V.B.5)", "rulebook/treatment-client-vas", V, Primitive.COMPLETENESS,
        inputs={"records": "vara.proceeds"},
        where=(Condition("waiver", "absent"),), must=(Condition("credited", ">=", ".received"),),
        frequency="each event", evidence="client statement", consequence=F2, **_PARTS,
    ),
    row(
        "VARA-SEG-05", "Whatever is held or controlled is counted",
        "Client assets count wherever they are held or controlled: in own wallets, in the firm's name, by entities it "
        "controls, or by keys it has. Fees due to the firm are not client assets.",
        "CRM V, definition", _PART_V, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.control_scope"},
        parameters={"least": Parameter(Fraction(1), "holders")},
        must=(Condition("in_statement", "is", "true"),),
        frequency="each statement", evidence="scope note in the proof of reserves", consequence=F2, **_PARTS,
    ),
)  # fmt: skip
"""In the order of the rulebooks."""
