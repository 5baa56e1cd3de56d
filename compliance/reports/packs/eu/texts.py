"""The words of the European Union's pack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["DETECTOR_NAMES", "ENGLISH", "SERVICE_NAMES"]

SERVICE_NAMES: Final[Mapping[str, str]] = {
    "execution": "execution of orders (class 1)",
    "placing": "placing (class 1)",
    "transfer": "transfer services (class 1)",
    "reception": "reception and transmission of orders (class 1)",
    "advice": "advice (class 1)",
    "portfolio": "portfolio management (class 1)",
    "custody": "custody and administration (class 2)",
    "exchange": "exchange for funds or other crypto-assets (class 2)",
    "platform": "operation of a trading platform (class 3)",
}
DETECTOR_NAMES: Final[Mapping[str, str]] = {
    "MA-01": "self-trades and wash trades",
    "MA-02": "circular trading",
    "MA-03": "layering and spoofing",
    "MA-04": "quote stuffing",
    "MA-05": "momentum ignition",
    "MA-06": "marking a close, reference price or trigger",
    "MA-07": "ramping, pump and dump",
    "MA-08": "painting the tape",
    "MA-09": "trading before announcements",
    "MA-10": "front-running of clients' orders",
    "MA-11": "excessive spread of a market maker",
    "MA-12": "defence of a price beside options or loans",
}

ENGLISH: Final[Mapping[str, str]] = {
    "eu_report": "EU quarterly pack",
    "eu_lacking": (
        "Not known: {facts}. Rules that bind the firm and rest on it lack data; “Missing data” says who gives it, and "
        "how."
    ),
    "eu_nothing": "There is none in the period ({facts}).",
    "eu_cut": "{shown} of {count} rows; quarterly-figures.json has up to 10,000.",
    "eu_licences": "Authorisations (as stated)",
    "eu_services": "MiCA services (as stated)",
    "eu_key": "Key figures",
    "eu_key_note": "A dash stands where a figure is not known; nothing is filled in.",
    "eu_segregation": "Segregation of clients' crypto-assets",
    "eu_segregation_intro": (
        "What moved from clients to the firm in the period, by reason. Only fees and charges may; anything else is own "
        "use of clients' assets."
    ),
    "eu_mixed": "Addresses that hold for more than one owner",
    "eu_mixed_intro": "Every reserve address of the statement was compared with its owner in the ledger.",
    "eu_encumbrances": "Clients' units lent, pledged or staked",
    "eu_encumbrances_intro": "Units without references of consent and licence count as a shortfall of coverage.",
    "eu_funds": "Clients' funds",
    "eu_funds_intro": "Each currency by itself: what is owed to clients beside what accounts for clients' funds hold.",
    "eu_placements": "Placement of clients' funds",
    "eu_placements_intro": (
        "{count} receipts: {placed} placed, {late} of them after the end of the next business day of TARGET, {waiting} "
        "waiting. Listed are those that were late or wait."
    ),
    "eu_accounts": "Accounts for clients' funds",
    "eu_losses": "Losses of clients' crypto-assets",
    "eu_capital": "Prudential safeguards (MiCA annex IV)",
    "eu_capital_intro": (
        "The minimum is that of the highest class of the services that the firm provides; a quarter of last "
        "year's fixed "
        "overheads counts if it is more."
    ),
    "eu_ifr": "Own funds of an investment firm (K-factors)",
    "eu_ifr_intro": (
        "K-factors as far as they can be computed from averages: average times coefficient. The others are "
        "stated by the "
        "firm. The requirement is the highest of the three lines in bold."
    ),
    "eu_otr": "Order-to-trade ratios",
    "eu_otr_intro": (
        "For each member and market in the last session: orders over transactions, less one, by number and by volume, "
        "highest first. Where there was no transaction there is no ratio. The venue's own limits: {number} by number, "
        "{volume} by volume."
    ),
    "eu_records": "Record keeping matrix",
    "eu_records_intro": (
        "For each class of records: the years that each rule asks, and what the archive says. A class that nothing is "
        "known of lacks data."
    ),
    "eu_integrity": "Integrity of records",
    "eu_statements": "Register of client statements",
    "eu_statements_intro": "Statements for each quarter, by the register kept with their hashes.",
    "eu_depreciations": "Falls of leveraged positions by a tenth",
    "eu_detectors": "Surveillance for market abuse",
    "eu_detectors_intro": "Each detector, its last run over the log of orders, and the state of its alerts.",
    "eu_cases": "Cases and suspicious transaction and order reports",
    "eu_transfers": "Travel rule: transfers of the period",
    "eu_transfers_intro": (
        "What a transfer needs is counted here; below are the transfers that lack something. The threshold for "
        "self-hosted addresses is {comparator} EUR {threshold}."
    ),
    "eu_transfer_exceptions": "Transfers that lack something",
    "eu_failures": "Counterparties that failed to send complete data",
    "eu_incidents": "ICT incidents and their clocks",
    "eu_incidents_intro": (
        "For each incident the four terms, each from its own beginning: {anchors}. Incidents that are not major "
        "have no "
        "term. Times in UTC."
    ),
    "eu_cfd": "Margin and CFDs",
    "eu_cfd_intro": (
        "From the exchange's own log: each trade by which a retail client opened or enlarged a position in a perpetual "
        "contract or dated future, with the margin that was asked for it; accounts with the equity that the engine "
        "judged them by. Every one counts as a CFD on crypto-assets. Falls by a tenth are the firm's own statement."
    ),
    "eu_cfd_accounts": "Accounts of retail clients with CFDs",
    "eu_separate": "separate file",
    "eu_tax": "DAC8: state of the yearly file",
    "eu_tax_intro": "Reportable business since {since}. The day of filing is national: {due} is the parameter "
    "used here.",
    "eu_files": "Transaction-level files",
    "eu_files_intro": (
        "Files with one line for each transaction or order are separate from this pack. Each is named with its "
        "hash, so "
        "that the file that was handed in can be told from any other. A schema that is not official or was not at hand "
        "is marked as not verified."
    ),
    "eu_reports": "Transaction reports by day",
    "eu_reports_intro": "Listed are the days that are not complete, were late, or have open rejections; {count} "
    "days in all.",
    "eu_acts": "Acts cited",
    "eu_acts_intro": "Citations use these short names; art. is an article, arts. several.",
    "eu_calendar": "Deadlines after the end of the period",
    "eu_calendar_intro": (
        "Made from the rules' own clocks and periods, on the calendar of TARGET; holidays by {source}. "
        "Authorities' own "
        "holidays are not in it."
    ),
    "eu_admissions": "White papers and data for issuers",
    "eu_limit_licence": (
        "Which rules bind the firm follows from what the firm itself says of its licences, services and activities."
    ),
    "eu_limit_schema": (
        "No official schema of MiCA order-book records and none of ESMA's for transaction reports was at hand: layouts "
        "are ours, fields are held against the annexes, and every file says so."
    ),
    "eu_limit_days": "Business days are TARGET's; national holidays and authorities' cut-off hours are not in them.",
    "eu_limit_ratio": (
        "EU law sets no reserve ratio: coverage is our test of segregation and of no own use, in units of each asset."
    ),
    "eu_limit_margin": (
        "Whether a perpetual contract is a CFD for the authority is not judged here; open orders are not in the margin "
        "of accounts, and who lost money is counted from fills, fees and funding of the last 365 days."
    ),
    "eu_limit_values": (
        "Amounts in euro are the firm's own statements or the travel rule's valuations, each at one recorded price."
    ),
    # columns
    "c_act": "Short name",
    "c_act_title": "Act",
    "c_reason": "Reason",
    "c_charge": "Fee or charge",
    "c_count": "Count",
    "c_units": "Units",
    "c_reference": "Reference",
    "c_consent": "Consent",
    "c_in_wallets": "In wallets",
    "c_currency": "Currency",
    "c_amount": "Amount",
    "c_received": "Received (UTC)",
    "c_placed": "Placed (UTC)",
    "c_due": "Due (UTC)",
    "c_state": "State",
    "c_id": "Reference",
    "c_place": "Place",
    "c_separate": "Apart from own",
    "c_agreement": "Agreement",
    "c_value": "Value (EUR)",
    "c_made_good": "Made good (EUR)",
    "c_when": "When (UTC)",
    "c_service": "Service",
    "c_minimum": "Minimum (EUR)",
    "c_provided": "Provided",
    "c_line": "Line",
    "c_average": "Average (EUR)",
    "c_coefficient": "Coefficient (%)",
    "c_requirement": "Requirement (EUR)",
    "c_member": "Member",
    "c_market": "Market",
    "c_orders": "Orders",
    "c_trades": "Trades",
    "c_ratio_number": "Ratio by number",
    "c_ordered": "Ordered (units)",
    "c_traded": "Traded (units)",
    "c_ratio_volume": "Ratio by volume",
    "c_class": "Class of records",
    "c_asked": "Years asked, by rule",
    "c_keeps": "Kept (years)",
    "c_gaps": "Gaps",
    "c_first": "From",
    "c_period": "Period to",
    "c_clients": "Clients",
    "c_prepared": "Prepared",
    "c_ready": "Ready (UTC)",
    "c_detector": "Detector",
    "c_pattern": "Pattern",
    "c_ran": "Last run (UTC)",
    "c_whole": "Whole log",
    "c_alerts": "Alerts",
    "c_open": "Open",
    "c_oldest": "Oldest open (UTC)",
    "c_kind": "Kind",
    "c_detected": "Found (UTC)",
    "c_filed": "Filed (UTC)",
    "c_what": "What was counted",
    "c_lacks": "Lacks",
    "c_direction": "Way",
    "c_counterparty": "Counterparty",
    "c_failures": "Failures",
    "c_steps": "Steps taken",
    "c_reported": "Reported (UTC)",
    "c_incident": "Incident",
    "c_term": "Term",
    "c_from": "Counted from (UTC)",
    "c_done": "Done (UTC)",
    "c_file": "File",
    "c_days": "Days",
    "c_records": "Records",
    "c_problems": "Problems",
    "c_schema": "Schema and its state",
    "c_sha": "SHA-256",
    "c_day": "Day",
    "c_transactions": "Transactions",
    "c_reported_count": "Reported",
    "c_rejected": "Open rejections",
    "c_complete": "Complete (UTC)",
    "c_duty": "What is due",
    "c_asset": "Asset",
    "c_paper": "White paper or exemption",
    "c_exposure": "Notional or equity",
    "c_margin": "Margin",
}
"""English; the pack has no other language."""
