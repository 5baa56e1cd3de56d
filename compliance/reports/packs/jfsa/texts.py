"""The words of Japan's packs, Japanese and English, beside those that all packs share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from compliance.reports.packs.jfsa.texts_en import ENGLISH
from compliance.reports.packs.jfsa.texts_ja import JAPANESE

__all__ = ["ATTACHED", "ENGLISH", "JAPANESE"]

ATTACHED: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "quarterly": {
        "balance-sheet": ("貸借対照表(第1号、2か月以内)", "Balance sheet (CAO 38(2) item 1, within two months)"),
        "profit-and-loss": ("損益計算書(第1号、2か月以内)", "Profit and loss (CAO 38(2) item 1, within two months)"),
        "trust-certificate": ("信託会社等の残高証明書(第2号)", "Trust's letter of balance (CAO 38(2) item 2)"),
        "crypto-printouts": ("暗号資産の残高を証明するもの(第3号)", "Print-outs of crypto balances (CAO 38(2) item 3)"),
        "guarantee-printouts": (
            "履行保証暗号資産の残高を証明するもの(第4号)", "Print-outs of guarantee balances (CAO 38(2) item 4)",
        ),
        "segregation-audit": (
            "分別管理監査の直近の報告書の写し(第5号)", "Latest report on separate management, copy (CAO 38(2) item 5)",
        ),
        "guarantee-audit": (
            "履行保証暗号資産分別管理監査の直近の報告書の写し(第6号)",
            "Latest report on guarantee crypto, copy (CAO 38(2) item 6)",
        ),
    },
    "segregation-check": {
        "engagement-letter": ("業務契約書", "Engagement letter"),
        "independence-statement": ("独立性に関する書面", "Statement of independence"),
        "practitioner-report": ("実施結果報告書", "Practitioner's report of findings"),
        "management-letter": ("経営者確認書", "Management's letter"),
        "confirmations": ("確認状の回答", "Answers to confirmations"),
    },
    "books": {
        "trade-records": ("取引記録(第1号)", "Trade records (item 1)"),
        "trade-journal": ("取引日記帳(府令第34条)", "Trade journal (CAO 34)"),
        "general-ledger": ("総勘定元帳(第2号)", "General ledger (item 2)"),
        "customer-ledger": ("顧客勘定元帳(第3号)", "Customer ledger (item 3)"),
    },
}  # fmt: skip
"""Documents of others by the stem of their file: Japanese, English."""
