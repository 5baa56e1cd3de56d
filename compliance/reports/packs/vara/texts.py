"""Words of Dubai's packs: filings, parts, statements and the auditor's material. English, the language of the "
"filing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ATTACHED_AUDIT", "ATTACHED_MONTHLY", "ATTACHED_QUARTERLY", "WORDS"]

WORDS: Final[Mapping[str, str]] = {
    "vara_monthly": "VARA monthly submission (CRM I.H.1)",
    "vara_quarterly": "VARA quarterly submission (CRM I.H.2)",
    "vara_financial": "Statement of compliance with financial requirements (CRM I.H.2.b)",
    "vara_reserves": "Reserve assets statement (Company VI.E; CRM I.H.2.b)",
    "vara_audit": "Reserve assets: material for the independent auditor (Company VI.E.3; CRM V)",
    "vara_form": "Form",
    "vara_form_value": "own layout: no public schema of VARA was found, no conformity is claimed",
    # parts
    "vara_parts": "Parts of this submission",
    "vara_parts_note": "What the rule lists, where it stands in this pack, and whether it is there.",
    "vara_letter": "Rule",
    "vara_part": "Part",
    "vara_where": "Where",
    "vara_state": "State",
    "vara_given": "given",
    "vara_missing": "missing",
    "vara_here": "in this document: {heading}",
    "vara_file": "file {name}",
    "vara_lacks_file": "attach a file called {name}",
    "vara_lacks_fact": "tallystick facts set {name}",
    # key figures
    "vara_key": "Key figures",
    "vara_assets_covered": "Assets covered in full",
    "vara_lowest": "Lowest coverage of the period",
    "vara_capital": "Paid-up capital, held against required",
    "vara_liquid": "Net liquid assets, held against required",
    "vara_hot": "Crime cover beside client assets in hot wallets",
    "vara_wallets": "Wallet addresses",
    "vara_unknown": "not known",
    "vara_clock": "Last independent audit of reserve assets",
    # e, f, g
    "vara_wallets_heading": "Addresses of all wallets (I.H.1.e)",
    "vara_group": "Group entities that invest in virtual assets (I.H.1.f)",
    "vara_group_records": "Transactions with group entities that invest (I.H.1.f)",
    "vara_related": "Transactions with related parties (I.H.1.g)",
    "vara_none_stated": "The firm states that there are none.",
    "vara_not_stated": "Nothing is stated: tallystick facts set {name}",
    # financial requirements
    "vara_requirements": "Financial requirements, one by one",
    "vara_requirements_note": (
        "Each requirement with the rule that judges it. What lacks data is not met for the purpose of this statement."
    ),
    "vara_requirement": "Requirement",
    "vara_capital_table": "Paid-up capital, activity by activity",
    "vara_capital_note": (
        "For each activity of the licence the higher of a fixed amount and a share of fixed yearly overheads; several "
        "are added up (the sentence that says so was cut where it was read)."
    ),
    "vara_activity": "Activity",
    "vara_fixed": "Fixed amount (AED)",
    "vara_share": "Share of overheads",
    "vara_by_share": "By share (AED)",
    "vara_higher": "Required (AED)",
    "vara_total": "Total",
    "vara_capital_unknown": "The activities, the overheads or the custodian are not stated.",
    "vara_nla": "Net liquid assets",
    "vara_nla_line": "Line",
    "vara_amount": "AED",
    "vara_nla_liquid": "Eligible liquid assets",
    "vara_nla_current": "less current liabilities",
    "vara_nla_exposure": "less agreed part of operational exposure",
    "vara_nla_net": "Net liquid assets",
    "vara_nla_required": "Required: {factor} times monthly operating expenses",
    "vara_nla_surplus": "Surplus (shortfall below zero)",
    "vara_nla_unknown": "Liquid assets, liabilities or expenses are not stated.",
    "vara_insurance": "Insurance",
    "vara_insurance_unknown": "No policy is stated.",
    "vara_policy": "Policy",
    "vara_policy_number": "Reference",
    "vara_until": "Until",
    "vara_cover": "Cover (AED)",
    # reserves
    "vara_holdings": "Reserve assets, asset by asset",
    "vara_holdings_note": (
        "Units, gross. What clients owe is listed and not set off; own assets are listed and cover nothing. Each asset "
        "by itself, wrapped and bridged tokens as assets of their own."
    ),
    "vara_hot_units": "Hot",
    "vara_cold_units": "Offline",
    "vara_custodian_units": "Custodian",
    "vara_own_units": "Own, apart",
    "vara_debts_units": "Owed by clients",
    "vara_holdings_unknown": "What is owed and held is not known: no signed statement stands at the end of the period.",
    "vara_encumbered": "Client units lent out, pledged or staked",
    "vara_units": "Units",
    "vara_consent": "Consent",
    "vara_licence": "Licence",
    "vara_place": "Still in wallets",
    "vara_reconciled": "Daily reconciliations of the period",
    "vara_reconciled_note": "{days} days of the period have a reconciliation of reserve assets; {open} leave something "
    "open.",
    "vara_reconciled_unknown": "No reconciliation is known.",
    "vara_day": "Day",
    "vara_differences": "Differences",
    "vara_unexplained": "Unexplained",
    # auditor
    "vara_assertion": "Management's assertion",
    "vara_assertion_text": (
        "The management of {entity} asserts that at {moment} UTC it held, for each virtual asset, the units shown as "
        "held, under its control and for its clients, and owed its clients the units shown as owed; and that nothing "
        "that it owes clients is left out. The assertion is management's own and unaudited; it is complete only with "
        "the signatures below."
    ),
    "vara_scope": "Scope, cut-off and exclusions",
    "vara_scope_entity": "Legal entity: {entity}; exchange: {exchange}.",
    "vara_scope_cut": "Cut-off: the signed statement of {hour} UTC, with SHA-256 {digest}.",
    "vara_scope_no_cut": "Cut-off: no signed statement stands at the end of the period.",
    "vara_scope_assets": "Assets: {assets}; each as its own, wrapped tokens too.",
    "vara_scope_products": (
        "Products: every balance of the ledger that is owed to a client, spot, collateral, withdrawals not yet final "
        "and proceeds; fees due to the firm are not client assets."
    ),
    "vara_scope_unread": "Not counted because a reserve was not read, or is of an owner not known: {assets}.",
    "vara_scope_holders": "Held or controlled otherwise, as the firm states: {holders}.",
    "vara_scope_not": (
        "Outside: assets that no address, account or ledger named here holds; claims against the firm that its ledger "
        "does not hold; what was borrowed for the moment, unless the window shows it."
    ),
    "vara_prices": "Prices used for values (not for coverage)",
    "vara_price": "Price",
    "vara_price_at": "At (UTC)",
    "vara_price_source": "Source",
    "vara_prices_none": "No price was used: coverage is in units.",
    "vara_flight": "Items in flight and debts at the cut-off",
    "vara_flight_note": "From the ledger's own balance: what is under way between wallets, not yet credited, or owed "
    "by clients.",
    "vara_flight_none": "The ledger's balance was not given.",
    "vara_suggested": "Procedures the practitioner may perform",
    "vara_suggested_note": (
        "What the bundle lets anyone do again, with the command for it. They are suggestions: the practitioner and the "
        "firm agree on procedures, and the findings are the practitioner's. None of them has been performed here."
    ),
    "vara_to_do": "Not performed here: for the practitioner. Run: {command}",
    "vara_by_hand": "Not performed here: for the practitioner, from sources outside the bundle.",
    "vara_slots": "For the practitioner",
    "vara_slots_note": (
        "Letter, statement of independence and date of the practitioner stand here once they are given; until then "
        "this material is what its title says."
    ),
    # limits
    "vara_limit_form": (
        "No public form or schema of VARA's returns was found. The parts follow the list in the rulebook; one table "
        "maps them to paths of the JSON file, so that a form can be met once it is known."
    ),
    "vara_limit_version": (
        "Texts of 7 February 2023, with those of 19 May 2025 where a difference was seen. That other rows are the same "
        "in the later text was not checked line by line. Due days of submissions were not seen in any text."
    ),
    "vara_limit_accounts": (
        "Balance sheet, profit and loss, income and cash flow are the firm's own accounts, attached as given; nothing "
        "here checks them, and figures from them are marked as claimed."
    ),
    "vara_limit_once": (
        "Coverage is of the hours shown. It says nothing of what was borrowed in between, of later use, or of assets "
        "and claims outside the ledger."
    ),
    "vara_limit_audit": (
        "A proof of reserves is not an audit of statements. Whether the procedures suffice for Company VI.E.3 is for "
        "the auditor and VARA to say."
    ),
    "role_ceo": "Chief executive",
    "role_cfo": "Chief financial officer",
    "role_co": "Compliance officer",
    "role_ri": "Responsible individual",
    "role_practitioner": "Independent practitioner (letter attached, or left open)",
}
"""By name; data fill the braces."""

ATTACHED_MONTHLY: Final[Mapping[str, str]] = {
    "balance-sheet": "Balance sheet (I.H.1.a)",
    "off-balance-sheet": "List of off-balance-sheet items (I.H.1.a)",
    "profit-and-loss": "Statement of profit and loss (I.H.1.b)",
    "income-statement": "Income statement (I.H.1.c)",
    "cash-flow": "Cash flow statement (I.H.1.d)",
}
ATTACHED_QUARTERLY: Final[Mapping[str, str]] = {
    "board-minutes": "Minutes of the board and its committees (I.H.2.a)",
    "projections": "Financial projections and strategic plans (I.H.2.c)",
    "risk-exposure": "Risk exposure report to the board (I.H.2.d, I.D.4)",
    "reserve-audit-report": "Report of the six-monthly audit of reserve assets, when due (Company VI.E.3)",
}
ATTACHED_AUDIT: Final[Mapping[str, str]] = {
    "engagement-letter": "Engagement letter with agreed procedures",
    "independence-statement": "Practitioner's statement of independence",
    "practitioner-letter": "Practitioner's letter",
    "custodian-confirmations": "Confirmations of third-party custodians",
}
"""Documents of others by the stem of their file."""
