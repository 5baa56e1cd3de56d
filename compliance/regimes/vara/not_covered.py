"""What of Dubai's rules nothing here decides, and why; every report lists it."""

from __future__ import annotations

from typing import Final

from compliance.regimes.vara.terms import REGIME
from compliance.rules import NotCovered

__all__ = ["NOT_COVERED"]


def _row(rule_id: str, citation: str, requirement: str, reason: str) -> NotCovered:
    return NotCovered(rule_id, REGIME, citation, requirement, reason)


NOT_COVERED: Final[tuple[NotCovered, ...]] = (
    _row(
        "VARA-N-FORMS", "CRM I.H", "the form in which returns are submitted",
        "No public schema of VARA's returns was found: the pack is structured by the rule's own list, with a mapping "
        "that one table holds, and claims no conformity.",
    ),
    _row(
        "VARA-N-GOV", "Company I to V", "board, responsible individuals, governance, outsourcing, disclosure",
        "About people and decisions that no ledger, statement or order log shows.",
    ),
    _row(
        "VARA-N-TECH", "Technology and Information Rulebook", "cybersecurity, keys and wallets, testing, personal data",
        "About systems and their tests; only proofs of control of addresses are seen here.",
    ),
    _row(
        "VARA-N-OWN", "Market Conduct VII.A", "no active investing of the firm's own or its group's portfolio",
        "VARA judges by frequency, volume and nature; own wallets and group entities are listed in the monthly pack, "
        "and no verdict is given.",
    ),
    _row(
        "VARA-N-COND", "Market Conduct I to VI", "marketing, client agreements, complaints, suitability, "
        "market offences",
        "About texts and conduct towards clients; surveillance finds signs of market offences, and people judge them.",
    ),
    _row(
        "VARA-N-WALLET", "Custody III.B.3", "each custody client's assets in wallets of that client only",
        "The ledger here holds clients' assets in common wallets and tells clients apart in its books; a custodian "
        "that keeps wallets by client shows this from its own register.",
    ),
    _row(
        "VARA-N-INS", "Company VI.D", "insurance adequate to the business, and what the licence stipulates",
        "Adequacy is VARA's judgement; the pack shows cover beside the value in hot wallets.",
    ),
    _row(
        "VARA-N-CAPF", "Company VI.B.3", "forms in which paid-up capital may be held",
        "The text was not read; the amount is judged, its form is not.",
    ),
    _row(
        "VARA-N-AUDR", "Company VI.E.3; CRM IV, V", "what an auditor must test and report",
        "The auditor's own work. The reserve audit pack gives the material, and names what it cannot show.",
    ),
    _row(
        "VARA-N-LINK", "CRM III.G", "linked transfers added up for the travel rule",
        "Only a secondary page has it. Surveillance looks for structuring under the threshold.",
    ),
    _row(
        "VARA-N-SANC", "CRM III", "sanctions screening against lists of the UAE and the United Nations",
        "Screening is a room of its own and reports its own results; no row of this regime has a formula for it.",
    ),
    _row(
        "VARA-N-GOAML", "CRM III.F.4", "reports on the goAML platform",
        "A draft of the case is made; filing is by people on that platform.",
    ),
    _row(
        "VARA-N-LEV", "Exchange IV", "a cap of leverage in numbers",
        "No number was found in the text; approved rates are the firm's own and VARA's (VARA-MG-07).",
    ),
    _row(
        "VARA-N-ISS", "Issuance Rulebook", "white papers, approvals, redemption, capital of issuers, "
        "asset-referenced tokens",
        "About documents and contracts; only backing, tenor and audits of fiat-referenced tokens are judged.",
    ),
    _row(
        "VARA-N-OTH", "Advisory, Broker-Dealer, VA Management, Transfer and Settlement Rulebooks",
        "rules for activities that the exchange here does not carry out", "Nothing in its ledger or log bears on them.",
    ),
)  # fmt: skip
"""In the order of the rulebooks."""
