"""The words of Japan's packs in English; the same names stand in `texts_ja.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ENGLISH"]

ENGLISH: Final[Mapping[str, str]] = {
    "jfsa_quarterly": "Report on the management of users' property (利用者財産の管理に関する報告書), quarterly content",
    "jfsa_check": "Check list of procedures on separate management (分別管理), for the practitioner",
    "jfsa_books": "Statutory books (法定帳簿書類) by business day",
    "jfsa_form": "Form",
    "jfsa_form_value": (
        "content of Form 13 (別紙様式第13号); the form itself was not read, and no conformity is claimed"
    ),
    "jfsa_form_check": "list laid out after JICPA practice guideline 4461 (専門業務実務指針4461, 2017)",
    "jfsa_form_books": "items of CAO 33(1)",
    "jfsa_basis": "Regime basis",
    "jfsa_basis_value": "PSA (資金決済法); the move to the FIEA is under “Coming law”",
    "jfsa_items": "Items of the report and where they stand",
    "jfsa_items_note": "The content of the report of CAO 38, numbered by us. “Where” names a heading of this document.",
    "jfsa_no": "No.",
    "jfsa_item": "Item",
    "jfsa_asset": "Asset",
    "jfsa_of_what": "Asset or currency",
    "jfsa_where": "Where",
    "jfsa_state": "State",
    "jfsa_given": "given",
    "jfsa_missing": "missing",
    "jfsa_unknown": "not stated",
    "jfsa_unknown_note": "The fact {name} is not stated: tallystick facts set {name}.",
    "jfsa_none": "Stated that there is none.",
    "jfsa_key": "Key figures",
    "jfsa_money": "Users' money and its trust",
    "jfsa_money_note": "At the end of the period, each currency by itself; a surplus in one covers no other.",
    "jfsa_currency": "Currency",
    "jfsa_owed_money": "Users' money",
    "jfsa_trust": "Trust property",
    "jfsa_difference": "Difference",
    "jfsa_answer": "Answer",
    "jfsa_contracts": "Trust contracts (利用者区分管理信託)",
    "jfsa_trustee": "Trustee",
    "jfsa_trust_company": "Trust company",
    "jfsa_beneficiaries": "Users are beneficiaries",
    "jfsa_agent": "Beneficiaries' agent",
    "jfsa_certificate": "Balance letter",
    "jfsa_crypto": "Quantities of users' crypto-assets",
    "jfsa_crypto_note": (
        "At the end of the period, per asset in units. Required is all that users are owed, gross; kept is what "
        "is held "
        "for them."
    ),
    "jfsa_required": "Required",
    "jfsa_kept": "Kept",
    "jfsa_offline": "Safe method (offline)",
    "jfsa_hot": "Outside it (hot)",
    "jfsa_custodian": "Third parties",
    "jfsa_value": "Value kept (JPY)",
    "jfsa_price": "Price (JPY)",
    "jfsa_cold": "Share outside the safe method",
    "jfsa_cold_note": (
        "One test over the value in yen of all assets together (limit 5 %). Prices are the reference prices of "
        "the log; "
        "the ratio of a day can be computed only with that day's prices. Shown is the end of the period."
    ),
    "jfsa_hot_value": "Value outside the safe method (JPY)",
    "jfsa_all_value": "Value of all users' crypto (JPY)",
    "jfsa_limit_value": "Limit (JPY)",
    "jfsa_share": "Share",
    "jfsa_no_value": "There is no value in yen, so no share can be computed.",
    "jfsa_guarantee": "Guarantee crypto-assets (履行保証暗号資産)",
    "jfsa_guarantee_note": "At least the quantity that is outside the safe method, each asset by itself.",
    "jfsa_guarantee_units": "Guarantee (units)",
    "jfsa_own": "Other own (units)",
    "jfsa_shortfalls": "Log of shortfalls",
    "jfsa_shortfalls_note": "Due: two business days (money), five (crypto). The numbers of days are unverified.",
    "jfsa_subject": "Of",
    "jfsa_units": "Units",
    "jfsa_found": "Found (UTC)",
    "jfsa_due": "Due (Japan)",
    "jfsa_cured": "Made good (UTC)",
    "jfsa_open": "open",
    "jfsa_custodians": "Third parties that keep users' crypto",
    "jfsa_name": "Name",
    "jfsa_separate": "Clearly apart",
    "jfsa_attributable": "Each user's part known",
    "jfsa_confirmed": "Confirmed on",
    "jfsa_audits": "State of the two audits",
    "jfsa_auditor": "By",
    "jfsa_done_on": "Done on",
    "jfsa_cpa": "CPA or audit firm",
    "jfsa_barred": "Barred",
    "jfsa_yes": "yes",
    "jfsa_no_word": "no",
    "jfsa_watch": "Coming law, and the metric of a liability reserve",
    "jfsa_watch_note": (
        "The verdicts here rest on the PSA. What follows is for information and no verdict uses it; no requirement is "
        "set yet, so nothing is said of too much or too little."
    ),
    "jfsa_when": "When",
    "jfsa_step": "Step",
    "jfsa_own_funds": "Own funds at hand for losses: {value}",
    "jfsa_hot_reserve": "Value outside the safe method: {value}",
    "jfsa_losses": "Losses stated, in all: {value}",
    "jfsa_ratio_reserve": "Own funds by that value: {value}",
    "jfsa_yen": "JPY {value}",
    "jfsa_check_intro": (
        "Candidates for procedures that the practitioner and the firm agree on for the audit of separate "
        "management. The "
        "column “Result” is the practitioner's to fill. None of them was performed here as a practitioner, and no "
        "conclusion is drawn; our own verdict stands beside for reference."
    ),
    "jfsa_check_point": "Points",
    "jfsa_check_item": "Check item",
    "jfsa_rule": "Rules",
    "jfsa_ours": "Our verdict",
    "jfsa_result": "Result (practitioner)",
    "jfsa_by_hand": "outside this pack",
    "jfsa_no_verdict": "no verdict",
    "jfsa_confirm": "Confirmations",
    "jfsa_confirm_note": "Whom the practitioner asks directly.",
    "jfsa_party": "Party",
    "jfsa_confirm_what": "Of what",
    "jfsa_confirm_trust": "trust property, terms, beneficiaries' agent",
    "jfsa_confirm_custody": "quantities of users' crypto, and how they are kept apart",
    "jfsa_slots": "The practitioner's letters",
    "jfsa_slots_note": (
        "Engagement letter, statement of independence, report of findings and management's letter stand here once they "
        "are given; until then this is left open."
    ),
    "jfsa_books_index": "The nine books and how long they are kept",
    "jfsa_books_index_note": (
        "Years count from the day on which the book is closed, here the last day of the business year; empty where its "
        "first month is not stated. Items 2 and 7 and the order are inferred."
    ),
    "jfsa_book": "Book",
    "jfsa_book_file": "File",
    "jfsa_rows": "Rows",
    "jfsa_years": "Years",
    "jfsa_closed": "Closed on",
    "jfsa_until": "Keep until",
    "jfsa_book_4_5": "Items 4 and 5: users' money and trust property",
    "jfsa_book_6_7": "Items 6 and 7: crypto quantities and guarantee",
    "jfsa_book_8_9": "Items 8 and 9: results of the two audits",
    "jfsa_books_note": "“stated” is the firm's own record; “hourly statement” is from the day's last signed statement.",
    "jfsa_books_apart": (
        "Items 1 to 3 (trade records with the trade journal 取引日記帳, general ledger, customer ledger) have "
        "many rows and are "
        "files of their own, attached."
    ),
    "jfsa_day": "Business day",
    "jfsa_from": "From",
    "jfsa_from_firm": "stated",
    "jfsa_from_chain": "hourly statement",
    "jfsa_no_record": "no record",
    "jfsa_days_found": "Business days in the period: {count}; without a record: {missing}.",
    "jfsa_journal": "Fields of the trade journal (取引日記帳)",
    "jfsa_field": "Field",
    "jfsa_records": "Records",
    "jfsa_lacking": "Lacking",
    "jfsa_limit_form": (
        "Form 13 and the other official forms were not read. This is material for the report, and not the report "
        "itself."
    ),
    "jfsa_limit_once": (
        "Quantities are of the moments shown. Nothing is said of borrowings in between, of later use, or of assets and "
        "debts outside the ledger."
    ),
    "jfsa_limit_days": (
        "Two and five business days, the capital, the term of the annual report and others are unverified; the rules "
        "concerned say so."
    ),
    "jfsa_limit_accounts": (
        "Balance sheet and profit and loss are the firm's own, attached as given, and not looked into."
    ),
    "jfsa_limit_check": "This list is no standard of audit. Whether procedures suffice is for the practitioner to say.",
    "jfsa_role_president": "Representative director (代表取締役)",
    "jfsa_role_officer": "Officer in charge of users' property",
    "jfsa_role_compliance": "Compliance officer",
    "jfsa_role_practitioner": "Independent practitioner (letter attached, or left open)",
    "jfsa_language": "日本語版:{name}",
}
"""English."""
