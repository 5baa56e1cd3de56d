"""Every word of the public pages, in one place, so that a second language is a second table beside this one.

Names in braces are filled in by the views; what is filled in is escaped when it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ENGLISH"]

ENGLISH: Mapping[str, str] = {
    "language": "en",
    "skip": "To the figures",
    "kicker": "Tallystick · what an exchange owes and holds, from its signed files alone",
    "title": "{exchange}: what is owed and what is held",
    "month_title": "{exchange}: statements of {month}",
    "hour_title": "{exchange}: {hour}",
    "unknown": "An exchange whose name no file shows",
    "navigation": "On this page",
    "pages": "Pages",
    "home": "All hours",
    # verdicts
    "files_are": "The public files are",
    "verdict_valid": "valid",
    "verdict_invalid": "invalid",
    "verdict_unchecked": "unchecked",
    "verdict_rule": (
        "Invalid if any check of a public file fails; unchecked if its form, signature, manifest, reserve evidence or "
        "balances could not be checked; else valid. That is about the files, not about whether there is enough, and "
        "not about the leaves, which are private: each customer checks their own."
    ),
    "run_valid": "Every statement is signed by the exchange's key, and each names the one before it without a gap.",
    "run_invalid": "Something contradicts itself. What it is stands under “Look at this first”.",
    "run_unchecked": "Nothing contradicts itself, but not everything could be checked. What is missing stands below.",
    "run_nothing": "There is no statement that holds, so there are no figures.",
    # facts
    "exchange": "Exchange",
    "newest": "Newest hour with figures",
    "newest_note": "Cut-off in UTC. This page has no clock: if this is hours ago when you read it, hours are overdue.",
    "statement": "Statement",
    "statement_value": "{kind}, number {sequence}, revision {revision}",
    "counts": "Statements",
    "counts_value": "{signed} signed, {missed} missed, {restated} restated, {invalid} invalid",
    "cutoff": "Cut-off",
    "fingerprint": "Fingerprint",
    "fingerprint_note": (
        "Read these eight groups to somebody else who has this exchange's statement for the same hour. If one group "
        "differs, you were given different statements, and both files together show it. Whether everybody got the "
        "same one, no page of one exchange can know."
    ),
    # attention
    "attention": "Look at this first",
    "all_good": "Nothing stands out: no invalid file, no fork, no gap, no missed hour, nothing short.",
    "more": "and {count} more: see the months",
    "a_file": "file that does not verify",
    "a_statement": "statement with a failed check",
    "a_chain": "chain",
    "a_missing": "not handed over",
    "a_missed": "missed hour",
    "a_restated": "restatement",
    "a_short": "less than is owed",
    "a_old": "newest statement has no figures",
    "file_text": "{source} (SHA-256 {file}), said to be {said}: {failed}.",
    "file_unread": "no statement that can be read",
    "statement_text": "{label}: failed {failed}.",
    "missed_text": "{hour} is attested as {kind}. The exchange's reason: “{reason}”",
    "restated_text": "{hour} was stated again, as revision {revision}, number {sequence}. The reason given: “{reason}”",
    "restated_none": "none",
    "short_text": "{asset}: {coverage} of gross claims in the newest hour, even with everything counted.",
    "old_text": "Number {sequence}, for {hour}, is {kind}. The figures below are of {shown}.",
    # figures
    "figures": "Owed and held at the newest hour",
    "figures_of_hour": "Owed and held at the cut-off",
    "figures_caption": "What is owed and what is held",
    "asset": "Asset",
    "of_entity": "of",
    "holders": "Holders",
    "claims": "Gross claims",
    "debts": "Debts of customers",
    "proven": "Proven given the block",
    "proven_short": "proven",
    "attested": "Attested",
    "claimed": "Claimed",
    "reserves": "All reserves",
    "coverage": "Coverage",
    "coverage_proven": "Coverage, proven given the block",
    "stated_proven": "Called proven by the exchange",
    "nothing_owed": "nothing owed",
    "figures_note": (
        "Claims and debts are rounded up, reserves and coverage down: always against the exchange. Coverage is all "
        "reserves over gross claims; what customers owe is shown beside it and never taken off. A holder is one "
        "customer in one asset."
    ),
    "proven_note": (
        "Proven given the block: recomputed from the published state proofs and control signatures when this page was "
        "written. Whether that block is on the chain you mean no file of the exchange can show: look its "
        "hash up yourself, and audit the hour's downloads with it. Attested: a signed statement of a third party. "
        "Claimed: the exchange's word."
    ),
    "overstated": "The exchange calls more proven than its evidence shows here, in: {assets}.",
    "bars_caption": (
        "Reserves against gross claims. The line at 100% is everything owed; debts of customers are not taken off it."
    ),
    "bars_100": "100%: what is owed",
    "bar_title": "Coverage of {asset}",
    "bar_text": "{asset}: all reserves are {coverage} of gross claims; those proven given the block are {proven}.",
    "bar_nothing": "{asset}: nothing is owed, so there is no coverage to draw.",
    "bars_cut": "A bar that ends in an arrow goes on beyond {end}; the figure beside it is the whole.",
    # over time
    "over_time": "Coverage over time",
    "over_time_note": (
        "One step is {hours}; where that is more than one hour the lowest of them is drawn, so that nothing short is "
        "averaged away. An hour without figures breaks the line. A restated hour is drawn by its newest revision. "
        "Forked hours are not drawn: there is no telling which statement to believe."
    ),
    "one_hour": "one hour",
    "several_hours": "{count} hours",
    "line_all": "all reserves",
    "line_proven": "proven alone, given the block",
    "chart_title": "Coverage of {asset} over time",
    "chart_text": (
        "{asset}, {first} to {last}: coverage with everything between {lowest} and {highest}, {newest} at the last "
        "hour with figures; proven alone between {proven_lowest} and {proven_highest}."
    ),
    "chart_cut": "what goes on above the axis is drawn at its top",
    "mark_invalid": "invalid",
    "mark_fork": "fork",
    "mark_gap": "no statement",
    "mark_missed": "missed",
    "mark_restated": "restated",
    "time_caption": "Coverage over time in figures, rounded down",
    "last": "At the last hour",
    "lowest": "Lowest",
    "lowest_at": "At (UTC)",
    "highest": "Highest",
    "proven_lowest": "Lowest, proven alone",
    "proven_last": "Last, proven alone",
    # lists
    "latest": "The latest statements",
    "months": "By month",
    "months_caption": "Every month, with what was stated in it",
    "month": "Month",
    "list_caption": "Statements in the order of their numbers, newest first",
    "number": "Number",
    "hour": "Cut-off (UTC)",
    "kind": "Kind",
    "verdict": "Verdict",
    "lowest_coverage": "Lowest coverage",
    "downloads": "Downloads",
    "revision": "revision {revision}",
    "kind_attestation": "attestation",
    "kind_restatement": "restatement",
    "kind_missed": "missed",
    "gap_numbers": "Numbers {first} to {last} were not handed over",
    "gap_number": "Number {first} was not handed over",
    "gap_hours": "No statement for the hours from {first} to {last}",
    "gap_hour": "No statement for the hour {first}",
    "restates": "restates number {sequence}",
    "restated_by": "restated by number {sequence}",
    "not_download": "none: nobody stands behind what is in it",
    "month_files": "figures of this month as CSV",
    "unplaced": "Files that do not verify",
    "unplaced_note": (
        "Handed over and left out of every figure. They are listed so that nothing disappears; they are no downloads, "
        "because the exchange's key does not stand behind what is in them."
    ),
    "unplaced_caption": "Files that do not verify",
    "file": "File",
    "said": "Said to be",
    "problem": "What failed",
    # one hour
    "missed_box": "The exchange signed that it made no statement of balances for this hour. Its reason: “{reason}”",
    "restates_box": "This is a restatement of number {sequence}. The reason given: “{reason}” Both statements stand.",
    "restates_unknown": "This is a restatement of a statement that was not handed over. The reason given: “{reason}”",
    "restated_box": "This hour was stated again, as number {sequence}. Both statements stand.",
    "fork_box": "This statement is one side of a fork: another one carries its number. Keep both files.",
    "checks": "What was checked",
    "checks_caption": "Checks of this hour's public files",
    "check": "Check",
    "result": "Result",
    "found": "What was found",
    "assurance": "Assurance",
    "rows": "Reserves, row by row",
    "rows_caption": "Every reserve address",
    "rows_note": "Labels are the exchange's own words. Assurance is what a row is worth once its block is confirmed.",
    "address": "Address and label",
    "chain": "Chain and contract",
    "balance": "Balance",
    "evidence": "Evidence",
    "control": "Control",
    "no_rows": "The exchange states no reserve address.",
    "blocks": "Blocks",
    "blocks_caption": "The blocks that balances were read at",
    "block": "Block",
    "block_hash": "Hash to look up",
    "books": "The books beside it",
    "books_note": (
        "The exchange's word: custody + in transit + debts + receivables + deficit = claims + house + excess, to the "
        "last digit."
    ),
    "books_caption": "Where the books stand",
    "custody": "Custody",
    "in_transit": "In transit",
    "receivables": "Receivables",
    "house": "House",
    "deficit": "Deficit",
    "excess": "Excess",
    "not_stated": "not stated",
    "net": "Net of debts: claimed, never proven",
    "net_note": (
        "At prices and haircuts that the exchange sets, a debt counts only up to its collateral. The gross figure "
        "stands beside it, no verdict rests on this one, and it says nothing of what debtors will pay."
    ),
    "net_caption": "Gross claims, debts that count, and what is left",
    "counted": "Debts that count",
    "net_claims": "Net of them",
    "lending": "Lending: what customers owe",
    "lending_caption": "Gross coverage, debts, and the figure net of them that the exchange claims",
    "lending_note": (
        "Coverage is gross: debts are no reserves. The net figure is claimed by the exchange at its own prices and "
        "haircuts; it counts a debt only up to its collateral, and no verdict rests on it. Insurance stands apart and "
        "counts in neither."
    ),
    "gross_coverage": "Coverage, gross",
    "net_coverage_claimed": "Net of debts, claimed",
    "debts_to_pools": "Owed to pools",
    "debts_to_exchange": "Owed to the exchange",
    "lent": "Lent",
    "insurance": "Insurance, apart",
    "over_collateral": "Above collateral",
    "over_collateral_value": "{sum} of {count}",
    "related": "Debts of staff, affiliates, house and vaults: none counts",
    "relation": "Whose",
    "creditor": "Owed to",
    "amount": "Amount",
    "markets": "Derivative markets",
    "markets_caption": "Open interest in steps, mark in ticks, and profit not settled in quanta",
    "market": "Market",
    "long": "Long",
    "short": "Short",
    "mark": "Mark",
    "no_mark": "no valid mark, not settled; last {last}",
    "unsettled": "Not settled",
    "funding_rate": "Funding of the hour, 10^-12",
    "log": "The exchange's own log",
    "log_note": "For an auditor's replay: the log up to this position gives the balances of this hour.",
    "log_position": "Position",
    "log_head": "Head of the log",
    "log_state": "State of the engine",
    "log_rules": "Rule set",
    "log_parameters": "Parameters",
    "disclosures": "What the exchange discloses",
    "disclosures_note": "In its own words; nothing here was checked.",
    "exact": "To the last digit",
    "exact_caption": "Amounts to the last digit, not rounded",
    "digest": "Digest",
    "previous": "Names as the one before it",
    "none": "none",
    # downloads and checking
    "get": "Downloads for checking",
    "get_page": "the page that checks a proof in your browser; works from disk, offline",
    "get_program": "the program that does the same: one Python file, nothing to install",
    "get_key": "the exchange's public key, as the writer of these pages had it",
    "key_note": (
        "A key on the same page as what it signed shows nothing by itself. Take it from a second place, or keep the "
        "one from your first check."
    ),
    "key": "Key",
    "how": "How to check it yourself",
    "how_customer": "You are a customer.",
    "how_customer_text": (
        "Get your proof file from the exchange. Open the page below, give it the proof, the statement of the same "
        "hour and the key, and type your own id. Or run, offline:"
    ),
    "how_auditor": "You check reserves.",
    "how_auditor_text": (
        "Download an hour's files into one folder under their names, look up the hash of the block's child where you "
        "trust it, and run:"
    ),
    "how_pages": "You doubt these pages.",
    "how_pages_text": (
        "They are made from the downloads alone, without a clock and without a hand. Whoever writes them again from "
        "the same files gets the same bytes."
    ),
    "how_fork": "You compare.",
    "how_fork_text": (
        "Compare fingerprints with others, by a way that the exchange does not control. Two statements with one number "
        "are proof that two stories were told."
    ),
    "limits": "What none of this shows",
    "limits_left_out": "Who was left out.",
    "limits_left_out_text": (
        "A total holds the claims that are in it. That nobody's claim was left out shows only when many customers "
        "check: if one leaf in a hundred is wrong, 459 random checks find it with 99% probability."
    ),
    "limits_moment": "More than one moment.",
    "limits_moment_text": (
        "Reserves are shown at the cut-off. What was borrowed for that moment, or pledged elsewhere, no chain can tell."
    ),
    "limits_block": "That a block is real.",
    "limits_block_text": (
        "A balance is proven given its block's hash. That the block is on the chain you mean is for you to look up."
    ),
    "limits_root": "That everybody sees the same.",
    "limits_root_text": "There is no public log yet. The fingerprint is there to be compared.",
    "limits_bank": "Banks.",
    "limits_bank_text": "What is held off a chain is attested by a third party or claimed, and never proven here.",
    "limits_private": "Full privacy.",
    "limits_private_text": (
        "A proof shows its holder one neighbour's exact amount, without a name, and leaf counts are public. Assets "
        "with fewer than 100 holders are named in the disclosures."
    ),
    "limits_opinion": "An opinion.",
    "limits_opinion_text": "These pages are arithmetic over signed files. Nobody's judgement is in them.",
    "footer": (
        "Written from signed files alone, without a clock: the same files give the same pages, byte for byte. The "
        "pages load nothing and run nothing."
    ),
}
"""The words of the pages in English."""
