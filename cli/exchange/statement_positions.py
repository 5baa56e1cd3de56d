"""A customer's positions at a period's end, with what they stand at, the mark and the profit not settled yet.

From the events of the store: the newest `position-moved` of each market and subaccount, and the newest
`settlement-started` after it that had a mark for the market: a settlement moves what a position stands at to its mark.
Exact at an hour's cut, where no settlement is under way. What the newest settlement left out has no valid mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import Session, col, select

from cli.exchange import reading
from cli.statement_data import Position
from ledger.store import history
from ledger.store.schema import EventRow

__all__ = ["lent_of", "positions_of", "positions_stated"]


def positions_stated(
    session: Session, moves: Iterable[Mapping[str, Any]], scales: Mapping[str, int], last: int
) -> tuple[Position, ...]:
    """The positions at log position `last`; `moves` are the account's `position-moved` documents up to there."""
    newest = {(each["subaccount"], each["market"]): each for each in moves}
    standing = [each for each in newest.values() if int(each["size"])]
    if not standing:
        return ()
    listed = {row.document["market"]: row.document for row in history.events(session, "derivative-listed", 1, last)}
    first = min(int(each["position"]) for each in standing)
    query = select(EventRow).where(EventRow.kind == "settlement-started", col(EventRow.sequence) >= first)
    query = query.where(col(EventRow.sequence) <= last).order_by(col(EventRow.sequence).desc())
    settled: dict[str, tuple[int, int]] = {}
    current: set[str] | None = None
    wanted = {str(each["market"]) for each in standing}
    for row in session.exec(query):
        marks = {str(market): int(mark) for market, mark in reading.document_of(row)["marks"]}
        current = set(marks) if current is None else current
        for market, mark in marks.items():
            settled.setdefault(market, (row.sequence, mark))
        if wanted <= settled.keys():
            break
    return positions_of(standing, listed, scales, settled, current or set())


def positions_of(
    standing: Iterable[Mapping[str, Any]],
    listed: Mapping[str, Mapping[str, Any]],
    scales: Mapping[str, int],
    settled: Mapping[str, tuple[int, int]],
    current: set[str],
) -> tuple[Position, ...]:
    """Positions by subaccount and market. `settled`: where and at which mark each market was settled last.

    `current`: the markets that the newest settlement had a valid mark for.
    """
    found = []
    for each in standing:
        name = str(each["market"])
        market, size, basis = listed[name], int(each["size"]), int(each["basis"])
        scale = scales[market["base"]]
        unit = int(market["tick"]) * int(market["step"]) // 10**scale
        sequence, mark = settled.get(name, (-1, 0))
        if sequence > int(each["position"]):
            basis = size * mark * unit
        is_marked = name in current
        found.append(
            Position(
                str(each["subaccount"]),
                name,
                size * int(market["step"]),
                scale,
                str(market["quote"]),
                scales[market["quote"]],
                basis,
                mark * int(market["tick"]) if is_marked else None,
                size * mark * unit - basis if is_marked else None,
            )
        )
    return tuple(sorted(found, key=lambda position: (position.subaccount, position.market)))


def lent_of(moves: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """What is lent by subaccount and asset, quanta, from an account's `lending-moved` documents."""
    found: dict[tuple[str, str], int] = {}
    for each in moves:
        sign = {"lend": 1, "redeem": -1}.get(str(each["kind"]), 0)
        key = (str(each["subaccount"]), str(each["asset"]))
        found[key] = found.get(key, 0) + sign * int(each["amount"])
    return {key: amount for key, amount in found.items() if amount > 0}
