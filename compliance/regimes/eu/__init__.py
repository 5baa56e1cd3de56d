"""The European Union's rules: MiFID II and MiFIR for financial instruments, MiCA for crypto-assets, and beside them the
transfer of funds regulation, DORA and DAC8. Rows only; ids are those of the project's rule table, and a further test of
the same row has the id with `.2`, `.3` behind it.

`facts.py` holds what only this regime asks, `terms.py` what its rows share, `averages.py` the means that K-factors rest
on. What does not bind an entity is *not applicable* by what the entity says of its licences, services and activities.
"""

from __future__ import annotations

from typing import Final

from compliance.regimes.eu.rules_abuse import ABUSE_RULES
from compliance.regimes.eu.rules_capital import CAPITAL_RULES
from compliance.regimes.eu.rules_conduct import CONDUCT_RULES
from compliance.regimes.eu.rules_holdings import MIFID_RULES
from compliance.regimes.eu.rules_keeping import KEEPING_RULES
from compliance.regimes.eu.rules_platform import PLATFORM_RULES
from compliance.regimes.eu.rules_records import RECORD_RULES
from compliance.regimes.eu.rules_reports import REPORT_RULES
from compliance.regimes.eu.rules_safeguarding import MICA_RULES
from compliance.regimes.eu.rules_venue import VENUE_RULES
from compliance.regimes.eu.terms import REGIME
from compliance.rules import NotCovered, RuleSet

__all__ = ["RULES"]

_NOT_COVERED: Final = (
    NotCovered(
        "EU-WP-01.x",
        REGIME,
        "MiCA arts. 6, 19 and 51",
        "A white paper is valid iXBRL under ESMA's closed taxonomy.",
        "It is the issuer's document; no ledger or log bears on it. That one is on record is EU-WP-01.",
    ),
    NotCovered(
        "EU-BX-01.x",
        REGIME,
        "MiFID II art. 27",
        "The best possible result is obtained for the client.",
        "It needs prices of other venues; whether the firm reviews its execution is EU-BX-01.",
    ),
    NotCovered(
        "EU-CUS-02.x",
        REGIME,
        "MiCA art. 75(5)",
        "A statement of position is given when a client asks for it.",
        "The text gives no days, so that there is nothing to hold a request against.",
    ),
    NotCovered(
        "EU-DORA-01.x",
        REGIME,
        "RTS 2024/1772",
        "An incident is classified as major by the regulation's thresholds.",
        "Clients affected, spread and losses are judged by people; the firm states the class, and clocks run from it.",
    ),
    NotCovered(
        "EU-IFR-01.x",
        REGIME,
        "IFR arts. 21 to 32",
        "K-NPR, K-CMG, K-TCD and K-CON.",
        "They rest on positions and counterparties of the firm's own book; the firm states their sum.",
    ),
    NotCovered(
        "EU-MA-01.x",
        REGIME,
        "RTS 2025/885",
        "Market abuse through how a distributed ledger works: order of transactions, blocks, consensus.",
        "It needs a feed of what waits for a block on each chain, which is not read here.",
    ),
)

RULES: Final = RuleSet(
    regime=REGIME,
    name="EU: MiFID II, MiFIR, MiCA, transfers of funds, DORA, DAC8",
    version="2026-11-30",
    rules=(
        *MICA_RULES,
        *MIFID_RULES,
        *CAPITAL_RULES,
        *CONDUCT_RULES,
        *ABUSE_RULES,
        *RECORD_RULES,
        *KEEPING_RULES,
        *VENUE_RULES,
        *PLATFORM_RULES,
        *REPORT_RULES,
    ),
    not_covered=_NOT_COVERED,
    licence="eu.licences",
)
