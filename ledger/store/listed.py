"""What is listed, as the store has it: the scales of assets, how each market spells prices and quantities, the unit of
account. What the store lacks (codes of assets) only the log has."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlmodel import Session, col, select

from ledger.store import history
from ledger.store.schema import EventRow
from ledger.trading.market import Market

__all__ = ["asset_scales", "derivatives", "markets", "price_unit"]


def asset_scales(session: Session) -> dict[str, int]:
    """The scale of each asset."""
    return {event.document["asset"]: event.document["scale"] for event in history.events(session, "asset-listed")}


def markets(session: Session, scales: Mapping[str, int]) -> dict[str, Market]:
    """How each market, spot or derivative, spells prices and quantities; its own limits are not known here."""
    found = {}
    for event in (*history.events(session, "market-listed"), *history.events(session, "derivative-listed")):
        base, quote = event.document["base"], event.document["quote"]
        tick, step = event.document["tick"], event.document["step"]
        name, quote_scale = event.document["market"], scales[quote]
        found[name] = Market(
            name, base, quote, scales[base], quote_scale, tick, quote_scale, step, price_max=1, quantity_max=1
        )
    return found


def derivatives(session: Session) -> frozenset[str]:
    """The markets whose fills move positions and no assets."""
    return frozenset(str(event.document["market"]) for event in history.events(session, "derivative-listed"))


def price_unit(session: Session) -> str | None:
    """What reference prices are stated in; None while no feed has stated any."""
    query = select(EventRow).where(EventRow.kind == "prices-set", col(EventRow.order_id).is_(None))
    row = session.exec(query.order_by(col(EventRow.sequence).desc()).limit(1)).first()
    return None if row is None else str(json.loads(row.document)["unit"])
