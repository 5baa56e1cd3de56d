"""Sanctions screening: official list files and customers in, a chained log of screenings, hits and decisions out.

    loaders/     files of OFAC, the UN and the EU, strict at the door     -> parties.ListedParty
    lists        a set of lists with hashes; what changed between two     -> ListSet, ListDelta
    names        a name in the form it is compared in                     wallets: an address in that form
    index        which names are worth comparing; exact numbers and wallets
    scoring      how alike two names are, and what birth dates change     matching: one subject against one index
    records      the log: screenings, decisions, sets of lists
    occasions    onboarding, list change, transfer, looking back          facts: what the rules are told
    tables       customers and past transfers from CSV                    report: the facts as a document

Two laws. Nothing here clears anybody: a hit is open until a named reviewer decides. And the log holds no personal data:
random ids and keyed hashes of what was screened. There is no clock and no chance: times, keys and ids are arguments.
What it finds and misses is measured in docs/screening.md. Imports por and ledger; never cli.
"""

from __future__ import annotations

from compliance.screening.facts import OFAC_REPORT, ReportClock, ScreeningFacts, screening_fact, screening_facts
from compliance.screening.lists import ListDelta, ListSet, SanctionsList, compare, read_lists
from compliance.screening.loaders import ListFile
from compliance.screening.matching import Hit, ScreeningParameters, ScreeningResult, screen
from compliance.screening.occasions import Screener, Touched, Transfer
from compliance.screening.parties import ListedParty, PartyKind, Subject
from compliance.screening.records import Decision, Occasion, Record, ScreeningLog, Verdict, subject_hash

__all__ = [
    "OFAC_REPORT",
    "Decision",
    "Hit",
    "ListDelta",
    "ListFile",
    "ListSet",
    "ListedParty",
    "Occasion",
    "PartyKind",
    "Record",
    "ReportClock",
    "SanctionsList",
    "Screener",
    "ScreeningFacts",
    "ScreeningLog",
    "ScreeningParameters",
    "ScreeningResult",
    "Subject",
    "Touched",
    "Transfer",
    "Verdict",
    "compare",
    "read_lists",
    "screen",
    "screening_fact",
    "screening_facts",
    "subject_hash",
]
