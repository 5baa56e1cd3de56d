"""Parameters as they were at any log position, from the events that set them. What was never set has its default.

The quantities of a market's listing are no event: where nobody set them later their default stands here.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from sqlmodel import Session

from compliance.sources.stored import documents
from ledger.parameters import PARAMETERS, Value, frozen

__all__ = ["InForce", "read_in_force"]

Dated = tuple[list[int], list[Value]]


class InForce:
    """What was in force. Raises KeyError for a parameter that the table does not have."""

    def __init__(self, changes: Mapping[tuple[str, str], Dated]) -> None:
        self._changes = changes

    def value(self, name: str, scope: str = "", position: int | None = None) -> Value:
        """The value after the command at a position; without one, the newest that was read."""
        default = PARAMETERS[name].default
        positions, values = self._changes.get((name, scope), ([], []))
        place = len(values) if position is None else bisect_right(positions, position)
        return values[place - 1] if place else default

    def since(self, name: str, scope: str = "", position: int | None = None) -> int:
        """The log position of the command that put that value in force; 0 for a default."""
        positions, _ = self._changes.get((name, scope), ([], []))
        place = len(positions) if position is None else bisect_right(positions, position)
        return positions[place - 1] if place else 0

    def changes(self, name: str, scope: str, first: int, last: int) -> Sequence[tuple[int, int, Value]]:
        """The values in force in positions `first` to `last`, each with the first and last position it held at."""
        positions, _ = self._changes.get((name, scope), ([], []))
        starts = [first, *sorted({each for each in positions if first < each <= last})]
        ends = [*(each - 1 for each in starts[1:]), last]
        return [(low, high, self.value(name, scope, low)) for low, high in zip(starts, ends, strict=True)]


def read_in_force(session: Session, last: int) -> InForce:
    """Every change up to a log position."""
    found: dict[tuple[str, str], Dated] = {}
    for position, _, document in documents(session, "parameter-set", last=last):
        event = json.loads(document)
        entry = PARAMETERS.get(event["name"])
        # A parameter that this version no longer has says nothing to it.
        if entry is not None:
            positions, values = found.setdefault((event["name"], event["scope"]), ([], []))
            positions.append(position)
            values.append(entry.kind.read(frozen(json.loads(event["value"]))))
    return InForce(found)
