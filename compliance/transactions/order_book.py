"""Order-book records of the EU (MiCA 76(15)-(16), Reg. (EU) 2025/416; MiFIR 25(2), RTS 24): every event of every order,
as JSON with the field names of ISO 20022 `auth.113.001.01`, one record a line, numbered without a gap in each book.

Derived: the authority's own JSON schema was not to be had, so every file says *derived, official schema not verified*;
ours is `order_book_schema.json` beside this file. Fields of the annex that are not among the names of `auth.113` (DTI)
stand under `Dti`.

Rules:
1. One record for each order and event; a fill gives one for each of its two orders, the taker's first.
2. A new order is NEWO (one that waits for its trigger, NEWO with INAC); refused, REMO. That it rests then, is no event.
3. A member's change of price or quantity is REME; their cancellation CAME; the venue's own CAMO; an end by time or by
   the order's own terms EXPI. PARF and FILL are the executions.
4. An order that can be executed at once is LMTO, whatever its price; one that waits for its trigger is STOP.
5. An instruction that was refused and left its order as it was is counted and no record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from compliance.transactions.identifiers import decimal_text, micros_text
from compliance.transactions.records import OrderEventRecord, OrderTerms
from compliance.transactions.reference import Reference
from ledger.log.record import Capacity, TraderKind
from ledger.trading.reports import Kind, Reason

__all__ = ["EVENT_TYPES", "MARK", "BookNumbers", "event_type", "records_of"]

MARK: Final = "derived, official schema not verified"
EVENT_TYPES: Final = (
    "NEWO",
    "TRIG",
    "REME",
    "REMA",
    "REMH",
    "CHME",
    "CHMO",
    "CAME",
    "CAMO",
    "REMO",
    "EXPI",
    "PARF",
    "FILL",
)
"""RTS 24 annex, field 21 (status S). REMA, REMH, CHME and CHMO never happen here: the venue changes no order."""
_BY_MEMBER: Final = frozenset(
    {Reason.USER_REQUEST, Reason.CANCEL_ALL, Reason.AMENDED_TO_FILLED, Reason.OCO_PARTNER, Reason.SESSION_CLOSED}
)
"""Reasons that the member gave: themselves, or as the terms of the order (a pair, bound to its session)."""
_DECIMALS: Final = 17
_PRICE_DECIMALS: Final = 13
_VALIDITY: Final = {"gtc": "GTCV", "ioc": "IOCV", "fok": "FOKV", "gtt": "GTTV"}
_SELF_TRADE: Final = {"reject-taker": True, "reject-maker": True, "reject-both": True, "allow": False}


def event_type(event: OrderEventRecord) -> str | None:
    """The code of an event, or None for one that is no record."""
    kind = event.kind
    if kind is Kind.TRADED:
        by_quote = event.terms is not None and event.terms.quote_quantity is not None and event.side == 0
        return "FILL" if not event.remaining_steps and not by_quote else "PARF"
    if kind is Kind.REJECTED:
        return "REMO" if event.is_first else None
    if kind is Kind.CANCELLED:
        return "CAME" if Reason(event.row[3]) in _BY_MEMBER else "CAMO"
    return {Kind.ACCEPTED: "NEWO", Kind.TRIGGERED: "TRIG", Kind.AMENDED: "REME", Kind.EXPIRED: "EXPI"}.get(kind)


class BookNumbers:
    """The numbers of each book's records, from where an earlier file ended; and what was no record."""

    def __init__(self, last: Mapping[str, int] | None = None) -> None:
        """`last`: the number of each book's last record before these."""
        self.last: Counter[str] = Counter(last or {})
        self.refused_instructions = 0

    def take(self, event: OrderEventRecord) -> tuple[int, str] | None:
        """The number and code of an event's record; None for one that is none."""
        code = event_type(event)
        if code is None:
            self.refused_instructions += event.kind is Kind.REJECTED
            return None
        self.last[event.market.symbol] += 1
        return self.last[event.market.symbol], code

    def skip(self, events: Iterable[OrderEventRecord]) -> None:
        """Count the records of an earlier part of the log."""
        for event in events:
            self.take(event)
        self.refused_instructions = 0


def records_of(
    events: Iterable[OrderEventRecord], reference: Reference, numbers: BookNumbers, dtis: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The records of events in their order. `dtis`: each asset's DTI, as listed."""
    for event in events:
        taken = numbers.take(event)
        if taken is not None:
            yield _record(event, *taken, reference, dtis)


def _record(
    event: OrderEventRecord, number: int, code: str, reference: Reference, dtis: Mapping[str, str]
) -> dict[str, Any]:
    market, terms = event.market, event.terms
    instrument = reference.instrument(market.symbol)
    names = {"Base": dtis.get(market.base, ""), "Quote": dtis.get(market.quote, "")}
    identification = {
        "OrdrBookId": market.symbol,
        "SeqNb": number,
        "Prty": _some(TmStmp=_time(event.priority_us)),
        "TmStmp": micros_text(event.time_us),
        "TradVn": reference.firm.mic,
        "FinInstrm": _some(Id=instrument.isin, Dti=_some(**names)),
        "OrdrId": str(event.order_id),
        "DtOfRct": _time(None if terms is None else terms.received_us),
        "VldtyPrd": None if terms is None else _VALIDITY[terms.time_in_force],
        "VldtyDtTm": _time(None if terms is None else terms.expires_us),
        "EvtTp": code,
    }
    return _some(
        OrdrIdData=_some(**identification),
        OrdrData=_some(**_order_data(event, code, reference)),
        SchmeMrk=MARK,
        LogPos=event.position,
    )


def _order_data(event: OrderEventRecord, code: str, reference: Reference) -> dict[str, Any]:
    terms, market = event.terms, event.market
    client = reference.client(event.account)
    data: dict[str, Any] = {
        "SubmitgNtty": client.lei or reference.firm.lei,
        "ClntId": client.identifier,
        "AcctId": event.account,
    }
    if terms is not None:
        data |= {
            "ExctgPrsn": _person(terms),
            "TradgCpcty": "" if terms.capacity is Capacity.NONE else terms.capacity.name,
            "OrdrClssfctn": {
                "OrdrTp": "LMTO" if terms.trigger is None else "STOP",
                "OrdrTpClssfctn": terms.kind if terms.trigger is None else f"{terms.trigger} {terms.kind}",
            },
        }
    data["OrdrPrics"] = _some(
        LmtPric=_price(event, event.limit_price if terms is None or terms.kind == "limit" else None),
        StopPric=_price(event, None if terms is None else terms.trigger_price),
    )
    data["InstrData"] = _instruction(event)
    if event.kind is Kind.TRADED:
        data["TxData"] = {
            "TxPric": _price(event, event.row[4]),
            "TraddQty": _quantity(event, event.row[5]),
            "PssvOrAggrssvInd": "PASV" if event.side else "AGRE",
            "TxId": f"{market.symbol}{event.row[1]}".replace("_", ""),
        }
    return data


def _instruction(event: OrderEventRecord) -> dict[str, Any]:
    terms = event.terms
    if terms is None:
        return _some(RmngQty=_quantity(event, event.remaining_steps))
    waits = terms.trigger is not None and event.priority_us is None and event.kind is Kind.ACCEPTED
    by_quote = terms.quote_quantity is not None
    quote = Fraction(terms.quote_quantity or 0, 10**event.market.quote_scale)
    return _some(
        BuySellInd="BUYI" if terms.side == "buy" else "SELL",
        OrdrVldtySts="INAC" if waits else "ACTI",
        InitlQty=None if by_quote else _quantity(event, terms.quantity or 0),
        InitlQtyInQt=decimal_text(quote, _DECIMALS) if by_quote else None,
        RmngQty=None if by_quote else _quantity(event, event.remaining_steps),
        PssvOnlyInd=terms.post_only,
        SlfExctnPrvntn=_SELF_TRADE[terms.self_trade],
    )


def _person(terms: OrderTerms) -> dict[str, str]:
    if terms.trader_kind is TraderKind.ALGORITHM:
        return {"Algo": terms.trader}
    return {"Prsn": terms.trader} if terms.trader_kind is TraderKind.PERSON else {"Clnt": "NORE"}


def _time(micros: int | None) -> str | None:
    return None if micros is None else micros_text(micros)


def _price(event: OrderEventRecord, ticks: int | None) -> str | None:
    if ticks is None:
        return None
    market = event.market
    return decimal_text(Fraction(ticks * market.tick_units, 10**market.tick_decimals), _PRICE_DECIMALS)


def _quantity(event: OrderEventRecord, steps: int) -> str:
    return decimal_text(Fraction(steps * event.market.step_quanta, 10**event.market.base_scale), _DECIMALS)


def _some(**fields: Any) -> dict[str, Any]:
    """The fields that are there."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", {})}
