"""What of these rules nothing here decides, and why; every report lists it."""

from __future__ import annotations

from typing import Final

from compliance.regimes.us_mtl.terms import REGIME
from compliance.rules import NotCovered

__all__ = ["NOT_COVERED"]


def _row(rule_id: str, citation: str, requirement: str, reason: str) -> NotCovered:
    return NotCovered(rule_id, REGIME, citation, requirement, reason)


NOT_COVERED: Final[tuple[NotCovered, ...]] = (
    _row(
        "US-N-STATES", "laws of the other states", "licensing, prudential and conduct rules of each state",
        "Five states were looked at, each in part; of every other one the model act stands in, and none of its text "
        "was read. States drop and change parts of it.",
    ),
    _row(
        "US-N-MTMA", "MTMA, articles on control, delegates, examination, receipts, disclosures",
        "changes of control, authorised delegates, receipts and refunds",
        "About persons, contracts and papers that no ledger, statement or order log shows.",
    ),
    _row(
        "US-N-CRIV", "MSB Call Report IV(b)", "which states ask for destination countries by state",
        "Adoption of this section by states was not found; rows that the firm states with a state are written.",
    ),
    _row(
        "US-N-CRPDF", "MSB Call Report, supporting documents", "documents attached to other lines",
        "They are uploaded on the portal; the XML form has no place for them.",
    ),
    _row(
        "US-N-PROG", "31 CFR 1022.210", "anti-money-laundering programme, officer, training, independent review",
        "About people and papers.",
    ),
    _row(
        "US-N-EFILE", "BSA E-Filing", "SAR and CTR as batch files, corrections, and continuing activity",
        "Surveillance makes drafts of cases; the batch formats are not written here, and people file.",
    ),
    _row(
        "US-N-CASH", "31 CFR 1010.311", "cash of one person on one day, from the cash desk",
        "The exchange's ledger handles no cash; the firm states its cash days.",
    ),
    _row(
        "US-N-TAXROW", "Form 1099-DA, each box; backup withholding; optional methods",
        "rows of each disposal, stablecoins and NFTs in aggregate, withholding",
        "The tax room makes the rows from lots; here only counts of them and days of filing are judged.",
    ),
    _row(
        "NY-N-INACTIVE", "23 NYCRR 200.12", "records of inactive accounts, five years after they are abandoned",
        "The archive has a clock for it; which accounts are abandoned is by the state's law of unclaimed property.",
    ),
    _row(
        "NY-N-TRUST", "23 NYCRR 200.9(a)", "a bond or trust account as the superintendent sets",
        "The amount and form are by order, and the text was not read.",
    ),
    _row(
        "NY-N-OTHER", "23 NYCRR 200.10, .11, .13, .16 to .20; coin listing guidance",
        "material changes, cybersecurity, continuity, advertising, consumer protection, complaints, listing of coins",
        "About decisions, systems and texts.",
    ),
    _row(
        "CA-N-OTHER", "DFAL 3101 and following", "disclosures, kiosks, stablecoins, listing certification, fees",
        "About documents and services that the exchange here does not offer; the text was read in section 3503 alone.",
    ),
)  # fmt: skip
"""In the order of the reference."""
