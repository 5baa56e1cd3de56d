"""The mark of a market at a log position."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

__all__ = ["last_mark"]

_MARK: Final = text(
    "SELECT document FROM event WHERE kind = 'mark-set' AND order_id IS NULL AND market = :market "
    "AND sequence <= :last ORDER BY sequence DESC, place DESC LIMIT 1"
)


def last_mark(session: Session, market: str, last: int) -> int | None:
    """Ticks; None where no mark was set by then, or none was valid."""
    document = session.connection().execute(_MARK, {"market": market, "last": last}).scalar()
    mark = None if document is None else json.loads(document)["mark"]
    return None if mark is None else int(mark)
