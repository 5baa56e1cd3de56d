"""Figures that only US rules ask for: average daily liability by state, and the lines of the call report.

The averages come from what earlier evaluations kept, a day at a time; the lines from the log's own trades and payments,
read once for a report. A firm without a licence in a US state pays for neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from cli.exchange.reading import price_unit
from compliance.calendars import calendar
from compliance.evaluate import STATES
from compliance.facts import Fact, FactKind, Facts
from compliance.results import Evaluation, Results
from compliance.sources.activity import activity_facts, dated_places
from compliance.sources.kept import adtl_facts, end_of_days
from compliance.tax.valuation import PriceBoard, prices_before
from compliance.transactions.reader import PRICES, TRADES, TRANSFERS, RecordReader
from ledger.store import history
from ledger.store.snapshot import StoreSnapshot

__all__ = ["activity", "averages"]

KEPT: Final = timedelta(days=95)
"""Three months and a few days: how far back the averages reach."""
DOLLAR: Final = "USD"


def _states(firm: Iterable[Fact]) -> frozenset[str]:
    for fact in firm:
        if fact.name == STATES:
            assert isinstance(fact.value, frozenset)
            return fact.value
    return frozenset()


def _since(firm: Iterable[Fact]) -> date | None:
    for fact in firm:
        if fact.name == "business.since":
            assert isinstance(fact.value, date)
            return fact.value
    return None


def averages(results: Results, kinds: Mapping[str, FactKind], hour: datetime, firm: list[Fact]) -> list[Fact]:
    """The average daily liability of each state as of an hour, from the last evaluation kept of each day."""
    if not _states(firm):
        return []

    def kept() -> Iterator[tuple[Evaluation, Facts]]:
        days = calendar("US")
        ends = {days.day_of(moment): moment for moment in results.moments(hour - KEPT, hour)}
        found = [each for moment in ends.values() if (each := results.at(moment)) is not None]
        for each in end_of_days(found):
            yield each, results.facts(each, kinds)

    return adtl_facts(kept(), hour, _since(firm))


def activity(store: StoreSnapshot, begin: datetime, end: datetime, firm: list[Fact]) -> list[Fact]:
    """The lines of the call report that the log gives, of a period that ends with an hour."""
    states, session = _states(firm), store.session
    first = history.position_at(session, int(begin.timestamp()) * 1_000_000) + 1
    last = history.position_at(session, int(end.timestamp()) * 1_000_000)
    if not states or last < first:
        return []
    listed = {event.document["asset"] for event in history.events(session, "asset-listed", last=last)}
    board = PriceBoard(DOLLAR, price_unit(session) or DOLLAR, {DOLLAR: DOLLAR})
    wanted = [f"asset:{name}" for name in sorted(listed - {DOLLAR})]
    wanted += [] if board.unit == DOLLAR else [f"currency:{DOLLAR}"]
    for record in prices_before(session, first, wanted):
        board.take(record)
    records = RecordReader(session).records(first, last, (TRADES, TRANSFERS, PRICES))
    return activity_facts(records, board, dated_places(session, last), states, end)
