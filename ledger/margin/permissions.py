"""The table of what is permitted: which products, to whom, and up to which leverage. What no row allows is not.

Of the rows for a product that fit, the most particular counts: one that names country and class before one that names
the country, then the class, then nobody. A part of a country (US-NY) is more particular than the country.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ledger.commands.customers import CLIENT_CLASSES
from ledger.commands.margin import Permission

__all__ = ["Permissions"]

_NONE: Final = (False, 1)


class Permissions:
    """The tables by entity."""

    def __init__(self, tables: Mapping[str, Sequence[Permission]]) -> None:
        self.tables = {entity: tuple(rows) for entity, rows in tables.items()}
        self._rows: dict[tuple[str, str, str | None, str | None], tuple[bool, int]] = {}
        self._found: dict[tuple[str, str, str, int], tuple[bool, int]] = {}
        """What was looked up, by what was asked: there are few countries and classes."""
        for entity, rows in self.tables.items():
            for row in rows:
                place = (entity, row.product, row.country, row.client_class)
                # Of two rows that say the same of the same people the stricter one counts.
                known = self._rows.get(place, (True, row.leverage))
                self._rows[place] = (known[0] and row.allowed, min(known[1], row.leverage))

    def lookup(self, entity: str, product: str, country: str, client_class: int) -> tuple[bool, int]:
        """Whether a product is permitted to customers of a country and class (`CustomerClass`), and the leverage."""
        asked = (entity, product, country, client_class)
        found = self._found.get(asked)
        if found is None:
            found = self._found[asked] = self._look_up(entity, product, country, client_class)
        return found

    def _look_up(self, entity: str, product: str, country: str, client_class: int) -> tuple[bool, int]:
        if not self._rows:
            return _NONE
        word = CLIENT_CLASSES[client_class - 1]
        for place in dict.fromkeys((country, country.split("-")[0], None)):
            for kind in (word, None):
                found = self._rows.get((entity, product, place, kind))
                if found is not None:
                    return (found[0], max(1, found[1])) if found[0] else _NONE
        return _NONE
