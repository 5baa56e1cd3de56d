"""Lines of the MSB Call Report that the ledger itself gives: trades of customers and transmissions, firm and by state.

In: records of the log (`compliance.transactions`), oldest first, with the prices before them taken by the board. Out:
`us.activity.company` and `us.activity.state`: numbers and US dollar values, as lines of form version 4.

    TA240, TA250  trades of virtual for virtual currency between customers (facilitated)
    TA280, TA290  trades of virtual currency for US dollars between customers (facilitated)
    TA320, TA330  virtual currency sent out for customers

A trade is counted once for the firm, and once for each state in which a side lived when it was made. A value is at the
reference price in force at that moment; where one was missing the value's line is left out, not made smaller. Trades
against money other than US dollars are of no line. Lines TA180 to TA230 (the firm's own exchange) and TA300, TA310
(stored value) are not seen here: the firm states them.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Final

from sqlmodel import Session, col, select

from compliance.facts import Assurance, Evidence, Fact
from compliance.sources.attested import is_currency
from compliance.tax.valuation import PriceBoard
from compliance.transactions.records import PriceRecord, Record, TradeRecord, TransferRecord
from ledger.journal import ReasonCode
from ledger.store import history
from ledger.store.schema import EventRow

__all__ = ["LINES", "Place", "activity_facts", "dated_places"]

Place = Callable[[str, int], str]
"""Where an account's customer lived at a log position, as `US-NY`; empty: not known."""
LINES: Final = (("240", "250"), ("280", "290"), ("320", "330"))
"""Number and value of each kind: virtual for virtual, virtual for dollars, sent out."""
_DOLLAR: Final = "USD"
_VIRTUAL, _DOLLARS, _SENT = LINES


class _Sums:
    """The lines of the firm, or of a state. A value that is None makes its line unknown for good."""

    def __init__(self) -> None:
        self.lines: dict[str, Fraction | None] = {line: Fraction(0) for pair in LINES for line in pair}

    def add(self, kind: tuple[str, str], value: Fraction | None) -> None:
        number, amount = kind
        self.lines[number] = (self.lines[number] or Fraction(0)) + 1
        before = self.lines[amount]
        self.lines[amount] = None if value is None or before is None else before + value

    def named(self, prefix: str) -> dict[str, Fraction]:
        return {f"{prefix}{line}": value for line, value in self.lines.items() if value is not None}


def activity_facts(
    records: Iterable[Record],
    board: PriceBoard,
    place: Place,
    states: Collection[str],
    as_of: datetime,
    evidence: tuple[Evidence, ...] = (),
) -> list[Fact]:
    """The facts of a period: of the firm, and of each of `states`, zeros too. `board` states values in US dollars."""
    assert board.currency == _DOLLAR, "the form is in US dollars"
    firm, by_state = _Sums(), {state: _Sums() for state in sorted(states)}
    for record in records:
        if isinstance(record, PriceRecord):
            board.take(record)
            continue
        found = _counted(record, board)
        if found is None:
            continue
        kind, value, accounts = found
        firm.add(kind, value)
        for state in {place(account, record.position) for account in accounts} & set(by_state):
            by_state[state].add(kind, value)
    facts = [Fact("us.activity.company", firm.named("TA"), as_of, Assurance.CLAIMED, evidence)]
    for state, sums in by_state.items():
        facts.append(Fact("us.activity.state", sums.named("ST"), as_of, Assurance.CLAIMED, evidence, state))
    return facts


def _counted(record: Record, board: PriceBoard) -> tuple[tuple[str, str], Fraction | None, tuple[str, ...]] | None:
    """The lines of a record, its value in dollars, and whose it is; None for one of no line."""
    if isinstance(record, TradeRecord):
        market = record.market
        if is_currency(market.base) or (is_currency(market.quote) and market.quote != _DOLLAR):
            return None
        quote = Fraction(record.quote_quanta, 10**market.quote_scale)
        kind = _DOLLARS if market.quote == _DOLLAR else _VIRTUAL
        value = quote if market.quote == _DOLLAR else board.value(market.quote, quote)
        return kind, value, (record.buyer.account, record.seller.account)
    if isinstance(record, TransferRecord):
        if record.reason is not ReasonCode.WITHDRAWAL or record.quanta >= 0 or is_currency(record.asset):
            return None
        units = Fraction(-record.quanta, 10**record.scale)
        return _SENT, board.value_at(record.asset, units, record.price), (record.account,)
    return None


def dated_places(session: Session, last: int) -> Place:
    """Where each customer lived, by the ledger's own dated history up to a log position."""
    found: dict[str, tuple[list[int], list[str]]] = {}
    query = select(EventRow.account, EventRow.sequence, EventRow.document).where(
        col(EventRow.kind).in_(("account-opened", "customer-set")),
        col(EventRow.order_id).is_(None),
        col(EventRow.sequence) <= last,
    )
    for account, sequence, document in history.stream(
        session, query.order_by(col(EventRow.sequence), col(EventRow.place))
    ):
        facts: Mapping[str, str] = json.loads(document)
        if "domicile" in facts:
            positions, places = found.setdefault(account, ([], []))
            positions.append(sequence)
            places.append(facts["domicile"])

    def place(account: str, position: int) -> str:
        positions, places = found.get(account, ([], []))
        at = bisect_right(positions, position)
        return places[at - 1] if at else ""

    return place
