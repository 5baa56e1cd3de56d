"""What of Japan's rules nothing here decides, and why; every report lists it."""

from __future__ import annotations

from typing import Final

from compliance.regimes.jfsa.terms import REGIME
from compliance.rules import NotCovered

__all__ = ["NOT_COVERED"]


def _row(rule_id: str, citation: str, requirement: str, reason: str) -> NotCovered:
    return NotCovered(rule_id, REGIME, citation, requirement, reason)


NOT_COVERED: Final[tuple[NotCovered, ...]] = (
    _row(
        "JP-N-FIEA", "Bill moving crypto-assets to the FIEA",
        "insider trading, disclosure, liability reserve, administrative fines",
        "Not law as far as was read: approved by the cabinet on 10 April 2026 and expected for fiscal 2027 (secondary "
        "sources); its passage is unverified. The rows here rest on the PSA; own funds, hot value and losses are shown "
        "for information.",
    ),
    _row(
        "JP-N-FORM", "CAO 38, Form 13", "the official form of the quarterly report",
        "The form itself was not read: the pack has its content as the order lists it, and claims no conformity.",
    ),
    _row(
        "JP-N-JVCEA", "JVCEA self-regulation",
        "templates of monthly data, price surveillance, listing, handling of leaks",
        "Templates and most rules of the association are not public; only that a month was filed is looked at.",
    ),
    _row(
        "JP-N-MIN", "PSA 63-11(2), second sentence", "only the minimum needed is outside the safe method",
        "What a service needs is for people to judge; the 5 % limit is tested.",
    ),
    _row(
        "JP-N-AUDR", "CAO 28", "the standard by which separate management is audited",
        "The auditor's own work; the standard that the Commissioner designates was not read. The check list is laid "
        "out after an older guideline (JICPA 4461) as procedures for the practitioner.",
    ),
    _row(
        "JP-N-INFO", "PSA 63-10 (article unverified)", "explanations to users, advertising, fees, conflicts",
        "About texts and conduct towards users, which no ledger shows.",
    ),
    _row(
        "JP-N-SYS", "PSA 63-8 (article unverified); FSA guideline",
        "information security, system risk, outsourcing, governance",
        "About systems and people; controls of the engine are shown elsewhere.",
    ),
    _row(
        "JP-N-LIST", "PSA 63-6 (article unverified)", "notice of crypto-assets handled and of changes",
        "Notices and the association's list of assets are not in the ledger.",
    ),
    _row(
        "JP-N-KYC", "APTCP 4 (article unverified)", "verification of clients at opening and at transfers",
        "The files are the firm's; only how long records are kept is judged.",
    ),
    _row(
        "JP-N-NEED", "PSA 63-11-2", "which crypto-assets may stand for another as guarantee",
        "Same kind and quantity is tested; exceptions, if any, were not read.",
    ),
)  # fmt: skip
"""In the order of the acts."""
