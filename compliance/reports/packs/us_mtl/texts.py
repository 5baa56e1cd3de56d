"""Words of the US packs. English, the language of the filings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["WORDS"]

WORDS: Final[Mapping[str, str]] = {
    "us_call_report": "NMLS MSB Call Report, form version 4",
    "us_state_exam": "State examination: holdings, net worth, bond, liability by state",
    "us_federal": "FinCEN, sanctions and Form 1099-DA",
    "us_form": "Form",
    "us_form_value": "element order of form version 4; schema not verified, no conformity is claimed",
    "us_states": "Licensed states (as stated)",
    "us_lacking": (
        "Not known: {facts}. Rules that bind the firm and rest on it lack data; “Missing data” says who gives it, and "
        "how."
    ),
    "us_nothing": "There is none in the period ({facts}).",
    "us_cut": "{shown} of {count} rows.",
    # key figures
    "us_key": "Key figures",
    "us_key_note": "US dollars where nothing else is said. A dash: not known.",
    # checks
    "us_checks": "Checks of the file",
    "us_checks_intro": (
        "What was looked for in the figures before the files were written. The files are made whatever came of it; the "
        "comment at the top of the XML file repeats which fields are not known."
    ),
    "us_values": "Section {section}: {name}",
    "us_values_intro": (
        "As in msb-call-report.xml and msb-call-report.csv. The firm's own line comes first, then what ledger and "
        "registers give, then zero for an activity that is not carried out. A field that is not known stands as zero "
        "in the files, because the form asks for every field. Totals are not in the files: the portal adds them up."
    ),
    "us_state_values": "Section II(b): transactions by state",
    "us_state_values_intro": (
        "Lines of each state that are not zero, or not known; the CSV file has every one. By where each customer lives "
        "on the day. ST362 is ST360 less ST361."
    ),
    "us_notes": "Explanatory notes",
    "us_destinations": "Section IV: destination countries",
    "us_destinations_intro": "Asked for with the fourth quarter alone, for the whole calendar year.",
    # prudential
    "us_permissible": "Permissible investments by kind",
    "us_permissible_intro": (
        "Market value less what is pledged, and what counts of it: before caps (US-PI-01) and after them (US-PI-04). "
        "The shares of the caps were not read in a text."
    ),
    "us_worth": "Tangible net worth",
    "us_worth_intro": (
        "Twice: with all intangibles taken off, and with virtual currency left in as far as a debt in the same "
        "currency matches it. The requirement is by tiers of total assets."
    ),
    "us_bond": "Average daily liability and surety bond, state by state",
    "us_bond_intro": (
        "ADTL is the sum of what was outstanding at each day's end, by calendar days; over the quarter for ST361, over "
        "the last three months for the bond. A state with a missing day has no average: what was not seen is not "
        "filled in."
    ),
    "us_daily": "Outstanding to each state's customers, day by day",
    "us_daily_words": "Lines over the days of the quarter for the states with the largest averages, in US dollars.",
    # states
    "us_grouped": (
        "A rule has a verdict for each licensed state. Those that say the same in several states stand on one line, "
        "which names them; the counts of the cover and the matrix of rules by state have each by itself."
    ),
    "us_matrix": "Rules by state",
    "us_matrix_intro": (
        "There is no one answer for the United States. Each column is a licensed state; a blank is a rule that is not "
        "that state's."
    ),
    "us_laws": "How the states' laws differ, as far as they were read",
    "us_laws_intro": (
        "Each part that was looked at. Of every other section, and of every other state, the model act is assumed, and "
        "nothing of the state's own text was read."
    ),
    "us_kind": "Virtual currency in kind, state by state",
    "us_kind_intro": (
        "Units owed to the state's residents against all units that are held for customers, and against the units that "
        "are left for them when all customers are counted: the state's part of what is owed, of what is held."
    ),
    "us_shortfall": "If an asset were divided today",
    "us_shortfall_intro": (
        "Of an asset that is short, each unit of a claim gets held / owed, whenever its holder became entitled. Each "
        "account gets the whole quanta of its exact share; quanta that are left go one by one to the largest "
        "remainders, ties by the account's name, so that all that is held is given out."
    ),
    "us_shortfall_none": "No asset is short: each claim would be met in full.",
    # federal
    "us_sar": "Suspicious activity: cases and reports",
    "us_ctr": "Currency: days over the threshold",
    "us_transfers": "Transmittals over the threshold",
    "us_ofac": "Blocked and rejected property",
    "us_tax": "Forms 1099-DA",
    "us_vc_days": "Large days of virtual currency (New York)",
    "us_reference": "References to filings; the filings themselves are made on the authorities' own systems.",
    "us_prices": "Prices behind US dollar values",
    # limits
    "us_limit_states": (
        "States differ, and five were looked at in part: a verdict for another state is by the model act, whose "
        "adoption there was not looked up."
    ),
    "us_limit_schema": (
        "The XML file was not held against a copy of the schema from the regulator; what it calls for was known from "
        "public notes. Hold it against the current schema before it is uploaded."
    ),
    "us_limit_accounts": "Lines of the accounts are the firm's own; nothing here has seen its general ledger.",
    "us_limit_caps": "The caps of permissible investments, several days and several thresholds are unverified.",
    "us_limit_residents": "Customers count where the ledger says that they live; whether that is so is not tested.",
    "role_ceo": "Chief executive officer",
    "role_cfo": "Chief financial officer",
    "role_co": "Compliance officer (BSA)",
}
"""By name."""
