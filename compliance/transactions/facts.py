"""What rules may ask of transaction-level files: rows for facts of the catalogue, from manifests and counts.

`order_to_trade` (EU-VEN-04): orders and trades by member and market. `eu.transaction_reports` (EU-TX-01, EU-TX-03.2):
by day, how many transactions there were, how many are accepted, how many stand rejected, and since when all are in.
`record_fields` (JP-BK-04 and the like): of each field that a book needs, how many rows lack it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from compliance.calendars import calendar
from compliance.facts import Record
from compliance.transactions.journals import BOOKS
from compliance.transactions.order_trade_ratio import RatioRow
from compliance.transactions.rts22 import DUE_CALENDAR, ReportRow
from compliance.transactions.rts22_reconcile import Sent

__all__ = ["field_facts", "ratio_facts", "report_facts"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def ratio_facts(rows: Iterable[RatioRow], scales: Mapping[str, int]) -> list[Record]:
    """Rows of `order_to_trade`; volumes in whole units. `scales`: of each market's base asset."""
    return [
        {
            "id": f"{row.account}/{row.market}",
            "member": row.account,
            "market": row.market,
            "orders": Fraction(row.orders),
            "trades": Fraction(row.trades),
            "ordered": Fraction(row.order_quanta, 10 ** scales[row.market]),
            "traded": Fraction(row.traded_quanta, 10 ** scales[row.market]),
        }
        for row in rows
    ]


def field_facts(record: str, manifest: Mapping[str, Any]) -> list[Record]:
    """Rows of `record_fields` from the manifest of a book; `record` is what rules call such a record."""
    completeness = manifest["completeness"]
    return [
        {
            "id": f"{record}/{field}",
            "record": record,
            "field": field,
            "records": Fraction(completeness["rows"]),
            "lacking": Fraction(completeness["missing"].get(field, 0)),
        }
        for field in sorted(BOOKS[completeness["book"]].needed)
    ]


def report_facts(rows: Iterable[ReportRow], sent: Iterable[Sent]) -> list[Record]:
    """Rows of `eu.transaction_reports`, by day of trading on the authority's calendar.

    `transactions` counts the reports that the day's trades need. A day is complete when all of them are accepted, and
    since the last of them was sent.
    """
    last: dict[tuple[str, str], Sent] = {}
    for each in sent:
        last[each.report.get("executing_entity", ""), each.report.get("reference", "")] = each
    days: dict[date, list[Sent | None]] = defaultdict(list)
    zone = calendar(DUE_CALENDAR)
    for row in rows:
        day = zone.day_of(datetime.fromisoformat(row.report["traded_at"]))
        days[day].append(last.get((row.report.get("executing_entity", ""), row.report["reference"])))
    return [_day(day, found) for day, found in sorted(days.items())]


def _day(day: date, found: list[Sent | None]) -> Record:
    live = [each for each in found if each is not None and each.report.get("status") != "CANC"]
    accepted = [each for each in live if each.answer == "accepted"]
    complete = None
    if len(accepted) == len(found):
        complete = _EPOCH + timedelta(microseconds=max(each.sent_us for each in accepted))
    return {
        "id": day.isoformat(),
        "day": day,
        "transactions": Fraction(len(found)),
        "reported": Fraction(len(accepted)),
        "rejected_open": Fraction(sum(each.answer == "rejected" for each in live)),
        "complete": complete,
    }
