"""EU transaction reports of the venue's trades (MiFIR article 26, RTS 22): rows of the annex's fields, as texts.

Only markets that the reference data name as financial instruments are reported; the others are counted. Who reports:
- two clients of the firm: one report by the firm, buyer and seller both clients, capacity AOTC (ESMA/2016/1521, S);
- a member that does not report for itself (MiFIR 26(5)): one by the venue for it, under the member's LEI.

A correction is a cancellation and a new report with the same reference. A row that fails its lint goes into the table
and into the list of exceptions, never into the file that is sent, and the counts of both add up to the trades.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from anyascii import anyascii

from compliance.calendars import calendar
from compliance.transactions.identifiers import decimal_text, micros_text
from compliance.transactions.records import TradeRecord, TradeSide
from compliance.transactions.reference import Client, Reference
from compliance.transactions.rts22_fields import Finding, lint
from ledger.log.record import Capacity, TraderKind

__all__ = ["Report", "ReportRow", "cancellation", "changes", "due_at", "rows_of"]

Report: TypeAlias = dict[str, str]
"""A report's fields by key; a field that is empty is not there."""
DUE_CALENDAR: Final = "TARGET"
DUE_BUSINESS_DAYS: Final = 1
"""MiFIR 26(1): no later than the close of the following working day. Status V (compliance.md EU-TX-01)."""
_QUANTITY_DECIMALS: Final = 17
_PRICE_DECIMALS: Final = 13
_SIDES: Final = (("buyer", "B"), ("seller", "S"))


class ReportRow(NamedTuple):
    """One report, its lint, and the trade it is of. `due`: the last moment that is in time, UTC."""

    report: Report
    findings: tuple[Finding, ...]
    market: str
    trade_id: int
    due: datetime

    @property
    def is_clean(self) -> bool:
        return not self.findings


def due_at(traded_us: int) -> datetime:
    """Until when a trade is to be reported."""
    return _due(calendar(DUE_CALENDAR).day_of(datetime.fromtimestamp(traded_us // 1_000_000, UTC)))


@cache
def _due(day: date) -> datetime:
    days = calendar(DUE_CALENDAR)
    return days.end_of(days.add_business_days(day, DUE_BUSINESS_DAYS))


def rows_of(trades: Iterable[TradeRecord], reference: Reference) -> Iterator[ReportRow]:
    """The reports of trades, in their order; none of a market that is not reportable."""
    for trade in trades:
        if reference.instrument(trade.market.symbol).reportable:
            for report in _reports(trade, reference):
                yield ReportRow(report, tuple(lint(report)), trade.market.symbol, trade.trade_id, due_at(trade.time_us))


def _reports(trade: TradeRecord, reference: Reference) -> Iterator[Report]:
    common = _common(trade, reference)
    clients = {name: reference.client(getattr(trade, name).account) for name, _ in _SIDES}
    for name, _ in _SIDES:
        common |= _party(name, clients[name])
    members = [(name, letter) for name, letter in _SIDES if clients[name].member]
    for name, letter in members:
        side: TradeSide = getattr(trade, name)
        yield _filled(
            common,
            reference=common["reference"] + letter,
            executing_entity=clients[name].lei,
            investment_firm="false",
            capacity=_capacity(side),
            executor=_executor(side),
        )
    if len(members) < len(_SIDES):
        firm = reference.firm
        yield _filled(
            common,
            reference=common["reference"] + "C",
            executing_entity=firm.lei,
            investment_firm=str(firm.investment_firm).lower(),
            capacity=Capacity.AOTC.name,
            executor="NORE",
        )


def _filled(common: Report, **more: str) -> Report:
    return {key: text for key, text in {**common, **more}.items() if text}


def _common(trade: TradeRecord, reference: Reference) -> Report:
    market, firm = trade.market, reference.firm
    code = re.sub(r"[^A-Z0-9]", "", market.symbol.upper())
    return {
        "status": "NEWT",
        "reference": f"{code}{trade.trade_id:012d}",
        "venue_transaction": f"{code}{trade.trade_id}",
        "submitting_entity": firm.sender or firm.lei,
        "transmission": "false",
        "traded_at": micros_text(trade.time_us),
        "quantity": decimal_text(Fraction(trade.base_quanta, 10**market.base_scale), _QUANTITY_DECIMALS),
        "price": decimal_text(trade.unit_price, _PRICE_DECIMALS),
        "price_currency": reference.asset(market.quote).currency,
        "venue": firm.mic,
        "membership_country": firm.country,
        "instrument": reference.instrument(market.symbol).isin,
        "financing": "false",
    }


def _party(side: str, client: Client) -> Report:
    if client.lei:
        return {side: client.lei}
    return {
        side: client.identifier,
        f"{side}_first_names": _name(client.first_names),
        f"{side}_surname": _name(client.surname),
        f"{side}_birth_date": client.birth_date,
    }


def _name(text: str) -> str:
    return anyascii(text).upper().strip()


def _capacity(side: TradeSide) -> str:
    capacity = Capacity.NONE if side.terms is None else side.terms.capacity
    return "" if capacity is Capacity.NONE else capacity.name


def _executor(side: TradeSide) -> str:
    """Who decided: an algorithm by its id; anybody else outside the firm (NORE)."""
    if side.terms is not None and side.terms.trader_kind is TraderKind.ALGORITHM:
        return f"ALGO:{side.terms.trader}"
    return "NORE"


# Corrections.


def cancellation(report: Mapping[str, str]) -> Report:
    """What takes a report back: its identification alone."""
    kept = ("reference", "executing_entity", "submitting_entity")
    return {"status": "CANC", **{key: report[key] for key in kept if key in report}}


def changes(before: Iterable[Report], now: Iterable[Report]) -> Iterator[Report]:
    """What to send so that `now` stands where `before` stood: CANC and NEWT for what differs, CANC for what is gone.

    Reports are told apart by executing entity and reference. Memory: the reports of `before`.
    """
    sent = {_identity(report): report for report in before}
    for report in now:
        old = sent.pop(_identity(report), None)
        if old == report:
            continue
        if old is not None:
            yield cancellation(old)
        yield report
    yield from (cancellation(old) for old in sent.values())


def _identity(report: Mapping[str, str]) -> tuple[str, str]:
    return report.get("executing_entity", ""), report.get("reference", "")
