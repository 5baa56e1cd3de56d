"""Drafts of three reports out of one case: a STOR (EU), a SAR (US, FinCEN), a market-abuse notice (Dubai, VARA).

A draft has what the case knows, field by field, and says of each other field that a person must fill it in. It is never
a filing: a person reads it, completes it, and files it where the authority wants it. Clocks run from detection, which
is the opening of the case; they are arguments with the rule they come from.

Fields. STOR: the six sections of the annex of Delegated Regulation (EU) 2016/957, as read in copies of the template
(secondary); crypto-assets under MiCA use the template of (EU) 2025/885, taken to have the same sections (unverified).
SAR: the parts of FinCEN Form 111 (secondary); item numbers change between versions and are not given. VARA: Exchange
Services Rulebook III.B, what VARA-EX-01 names (verified); VARA publishes no form for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from compliance.calendars import Clock, Unit
from compliance.reports.document import Block, Column, Document, SignOff, table_of
from compliance.surveillance.alerts import Alert
from compliance.surveillance.case import Case

__all__ = [
    "SAR_CLOCK",
    "STOR_CLOCK",
    "TITLES",
    "VARA_CLOCK",
    "Draft",
    "DraftClock",
    "Firm",
    "sar",
    "stor",
    "vara_notice",
]

BY_PERSON: Final = "[to be completed by a person]"
NOTHING_FILED: Final = "A draft. Nothing was filed; a person reads, completes and files it."


class DraftClock(NamedTuple):
    """By when it must be filed after detection; without a clock the rule says *without delay*."""

    rule: str
    citation: str
    clock: Clock | None
    status: str

    def due(self, detected: datetime) -> str:
        """The last moment, as text."""
        return "without delay" if self.clock is None else _moment(self.clock.due(detected))


STOR_CLOCK: Final = DraftClock("EU-MAR-01", "MAR 16; (EU) 2016/957; MiCA 92, (EU) 2025/885", None, "verified")
FORMS: Final[Mapping[str, str]] = {
    "stor": "sections of the annex of (EU) 2016/957: secondary; that (EU) 2025/885 has the same: unverified",
    "sar": "parts of FinCEN Form 111: secondary; item numbers are left out",
    "vara-notice": "what Exchange Services Rulebook III.B names: verified; VARA publishes no form",
}
"""How far the fields of each draft were read in the authority's own text."""
SAR_CLOCK: Final = DraftClock(
    "US-SAR-01", "31 CFR 1022.320", Clock(30, Unit.CALENDAR_DAYS, "US"), "verified; the amount of USD 2,000 unverified"
)
VARA_CLOCK: Final = DraftClock("VARA-EX-01", "VARA Exchange Services Rulebook III.B", None, "verified")

TITLES: Final[Mapping[str, str]] = {
    "AML-01": "amounts kept under a reporting limit", "AML-02": "money in and out without trading",
    "AML-03": "many counterparties within a day", "AML-04": "a dormant account emptied",
    "AML-05": "repeated conversion through the exchange", "AML-06": "one instrument shared by unrelated clients",
    "AML-07": "transfers near tagged addresses", "AML-08": "large coin-to-coin value in a day",
    "MA-01": "trades with oneself (wash trades)", "MA-02": "circular trading", "MA-03": "layering or spoofing",
    "MA-04": "quote stuffing", "MA-05": "momentum ignition", "MA-06": "marking a close, fixing or trigger",
    "MA-07": "ramping, pump and dump", "MA-08": "painting the tape", "MA-09": "trading before an announcement",
    "MA-10": "trading ahead of client orders", "MA-11": "excessive spread of a market maker",
    "MA-12": "defence of a price level",
}  # fmt: skip
"""What each detector looks for, for people."""

_SAR_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "AML-01": ("Structuring", "transactions below a reporting threshold"),
    "AML-02": ("Money laundering", "transaction out of pattern for customer"),
    "AML-03": ("Money laundering", "multiple senders or receivers"),
    "AML-04": ("Money laundering", "transaction out of pattern for customer"),
    "AML-05": ("Money laundering", "exchange of currencies without apparent purpose"),
    "AML-06": ("Money laundering", "suspicious use of multiple accounts"),
    "AML-07": ("Money laundering", "suspicion concerning the source of funds"),
    "AML-08": ("Other suspicious activities", "large virtual currency activity within a day"),
    "MA-01": ("Securities, futures, options", "wash trading"),
    "MA-09": ("Securities, futures, options", "insider trading"),
}
_MARKET: Final = ("Securities, futures, options", "market manipulation")


@dataclass(frozen=True, slots=True)
class Firm:
    """Who would file; empty is left to a person."""

    name: str = ""
    legal_form: str = ""
    lei: str = ""
    address: str = ""
    capacity: str = "operator of a trading platform"
    contact: str = ""
    licence: str = ""


class Draft(NamedTuple):
    """The same draft for people and for programs."""

    document: Document
    data: dict[str, Any]


Section = tuple[str, Sequence[tuple[str, str]]]


def stor(case: Case, firm: Firm, prepared: datetime, clock: DraftClock = STOR_CLOCK) -> Draft:
    """A suspicious transaction and order report, not yet filed."""
    first, last = case.replay
    is_insider = any(alert.detector in ("MA-09", "MA-10") for alert in case.alerts)
    sections: list[Section] = [
        ("1. Entity or person submitting", [
            ("Natural person in charge", ""), ("Position", ""), ("Reporting entity", firm.name),
            ("Legal form", firm.legal_form), ("LEI (ISO 17442)", firm.lei), ("Address", firm.address),
            ("Acting capacity", firm.capacity), ("Trading activity and instruments", "spot crypto-assets"),
            ("Relationship with the suspected person", "client of the platform"), ("Contact", firm.contact),
        ]),
        ("2. Transactions and orders", [
            ("Instruments", _markets(case) or "see the annex of alerts"),
            ("Identifier code (ISIN or DTI) and CFI", ""), ("Date and time", _window(case)),
            ("Trading venue", firm.name), ("Location (country)", ""),
            ("Orders", _ids(case, "orders")),
            ("Transactions", _ids(case, "trades")),
            ("Log positions to replay", f"{first} to {last}"),
        ]),
        ("3. Nature of the suspicion", [
            ("Kind", "insider dealing" if is_insider else "market manipulation"),
            ("Reasons", _reasons(case)),
        ]),
        ("4. Person whose orders or transactions give rise to it", [
            ("Account numbers", ", ".join(case.accounts)), ("Name", ""), ("Date of birth", ""),
            ("National identification number or LEI", ""), ("Address", ""), ("Occupation, connection to issuer", ""),
        ]),
        ("5. Additional information", [
            ("Others involved", ""), ("Previous suspicions", ""), ("Notes of the case", _notes(case)),
        ]),
        ("6. Documentation attached", [
            ("Case file", f"case {case.id}, SHA-256 chain ends in {case.head}"),
            ("Alerts", ", ".join(alert.id for alert in case.alerts)),
        ]),
    ]  # fmt: skip
    return _draft("stor", "Suspicious transaction and order report", case, sections, prepared, clock)


def sar(case: Case, firm: Firm, prepared: datetime, clock: DraftClock = SAR_CLOCK, total_usd: str = "") -> Draft:
    """A suspicious activity report of FinCEN: the fields by part, and the narrative. `total_usd` as text, if known."""
    kinds = sorted({_SAR_KINDS.get(alert.detector, _MARKET) for alert in case.alerts})
    sections: list[Section] = [
        ("Part I. Subject information", [
            ("Account numbers", ", ".join(case.accounts)), ("Name or legal name", ""),
            ("Identification (TIN, form)", ""),
            ("Address", ""), ("Date of birth", ""), ("Occupation or business", ""),
            ("Relationship to the institution", "customer"),
        ]),
        ("Part II. Suspicious activity information", [
            ("Total amount involved (USD)", total_usd), ("Date or date range", _window(case)),
            ("Cumulative amount", ""),
            *(("Category", f"{kind}: {subtype}") for kind, subtype in kinds),
            ("Product types", "virtual currency"), ("Instrument or payment mechanism", "virtual currency"),
            ("IP addresses", ""), ("Wallet addresses", ""),
        ]),
        ("Part III. Financial institution where activity occurred", [
            ("Name", firm.name), ("Primary regulator", ""), ("Address", firm.address), ("Loss to institution", ""),
        ]),
        ("Part IV. Filing institution contact", [
            ("Name", firm.name), ("Contact office", firm.contact), ("Date filed", ""),
        ]),
        ("Part V. Narrative", [("Narrative", _narrative(case))]),
    ]  # fmt: skip
    return _draft("sar", "FinCEN suspicious activity report", case, sections, prepared, clock)


def vara_notice(case: Case, firm: Firm, prepared: datetime, clock: DraftClock = VARA_CLOCK) -> Draft:
    """A notice of suspected market abuse to VARA: what the rule names, positions and inventory to be added."""
    first, last = case.replay
    sections: list[Section] = [
        ("1. Licensee", [
            ("Name", firm.name), ("Licence", firm.licence), ("Address", firm.address), ("Contact", firm.contact),
        ]),
        ("2. Suspected market abuse", [
            ("Patterns", "; ".join(sorted({_title(alert) for alert in case.alerts}))),
            ("Markets", _markets(case) or "none: movements of money"),
            ("Period", _window(case)), ("Facts", _reasons(case)),
        ]),
        ("3. Persons", [("Accounts", ", ".join(case.accounts)), ("Names and identification", "")]),
        ("4. What the rule asks for", [
            ("Positions, OTC derivatives and physical included", ""), ("Inventory", ""), ("Limits changed", ""),
            ("Margin calls", ""), ("Actions taken", _notes(case)),
        ]),
        ("5. Surveillance data to be shared", [
            ("Orders", _ids(case, "orders")),
            ("Trades", _ids(case, "trades")),
            ("Log positions to replay", f"{first} to {last}"),
            ("Case file", f"case {case.id}, SHA-256 chain ends in {case.head}"),
        ]),
    ]  # fmt: skip
    return _draft("vara-notice", "Notice of suspected market abuse", case, sections, prepared, clock)


def _draft(
    name: str, title: str, case: Case, sections: Sequence[Section], prepared: datetime, clock: DraftClock
) -> Draft:
    assert prepared.tzinfo is not None, "a moment has a time zone"
    detected = datetime.fromtimestamp(case.opened_us // 1_000_000, UTC)
    facts = (
        ("Case", case.id),
        ("Detected", _moment(detected)),
        ("To be filed", clock.due(detected)),
        ("Rule", f"{clock.rule}: {clock.citation} ({clock.status})"),
        ("Fields", FORMS[name]),
        ("Status of this paper", NOTHING_FILED),
    )
    filled = [(heading, [(field, value or BY_PERSON) for field, value in fields]) for heading, fields in sections]
    columns = (Column("Field", weight=22), Column("Draft", weight=78))
    blocks = [Block(heading, 2, table=table_of(heading, columns, fields)) for heading, fields in filled]
    blocks.append(_alerts_block(case))
    blocks.append(Block("Sign-off", 2, sign_offs=(SignOff("Prepared by"), SignOff("Approved by"))))
    document = Document(
        language="en",
        title=f"{title} (draft)",
        subtitle=f"Case {case.id}",
        facts=facts,
        blocks=tuple(blocks),
        prepared=_moment(prepared),
        footer=f"{title} (draft) · case {case.id} · confidential",
    )
    data: dict[str, Any] = {
        "alerts": [alert.document() for alert in case.alerts],
        "case": case.id,
        "detected": _moment(detected),
        "due": clock.due(detected),
        "fields_read_in": FORMS[name],
        "format": f"surveillance-draft-{name}/1",
        "head": case.head,
        "is_filed": False,
        "prepared": _moment(prepared),
        "rule": clock.rule,
        "sections": [
            {"fields": [{"name": field, "value": value or None} for field, value in fields], "heading": heading}
            for heading, fields in sections
        ],
    }
    return Draft(document, data)


def _alerts_block(case: Case) -> Block:
    columns = (
        Column("Alert", weight=18), Column("Detector", "code", 8), Column("Features", weight=44),
        Column("Replay", "code", 14), Column("Parameters", "code", 16),
    )  # fmt: skip
    rows = [
        (
            _title(alert), alert.detector, ", ".join(f"{name} {value}" for name, value in alert.features),
            f"{alert.first} to {alert.last}", alert.parameters[:16],
        )
        for alert in case.alerts
    ]  # fmt: skip
    note = (
        "Shares and scores in ppm, prices in ticks, quantities in steps, values in millionths of the unit of account."
    )
    return Block("Annex: alerts", 2, table=table_of("Alerts", columns, rows), after=(note,))


def _title(alert: Alert) -> str:
    return TITLES[alert.detector]


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(micros: int) -> str:
    return _moment(datetime.fromtimestamp(micros // 1_000_000, UTC))


def _window(case: Case) -> str:
    return f"{_time(min(a.start_us for a in case.alerts))} to {_time(max(a.end_us for a in case.alerts))}"


def _markets(case: Case) -> str:
    return ", ".join(sorted({alert.market for alert in case.alerts if alert.market}))


def _ids(case: Case, kind: str) -> str:
    """The ids of orders or trades in the alerts; where an alert holds only some of its own, that is said."""
    found = sorted({each for alert in case.alerts for each in getattr(alert, kind)})
    is_cut = any(int(alert.feature(f"{kind}_total")) > len(getattr(alert, kind)) for alert in case.alerts)
    more = " (not all: the others follow from the replay of the positions named here)" if is_cut else ""
    return (", ".join(map(str, found)) or "none") + more


def _reasons(case: Case) -> str:
    lines = []
    for alert in case.alerts:
        figures = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in alert.features)
        place = f" on {alert.market}" if alert.market else ""
        lines.append(f"{alert.detector}, {_title(alert)}{place}, {_time(alert.start_us)}: {figures}.")
    return " ".join(lines)


def _notes(case: Case) -> str:
    return " ".join(f"[{_time(n.time_us)}, {n.author}, {n.kind}] {n.text}".strip() for n in case.notes)


def _narrative(case: Case) -> str:
    """Who, what, when, where, why and how, as far as the case knows them."""
    what = "; ".join(sorted({_title(alert) for alert in case.alerts}))
    markets = _markets(case)
    where = f"in the markets {markets}" if markets else "in deposits and withdrawals"
    first, last = case.replay
    return (
        f"The institution's surveillance found {what}, {where}, from {_window(case)}. "
        f"The activity concerns the accounts {', '.join(case.accounts)}. {_reasons(case)} "
        f"The record of the case: {_notes(case)} "
        f"Supporting documentation: log positions {first} to {last} and case file {case.id}, kept by the institution."
    )
