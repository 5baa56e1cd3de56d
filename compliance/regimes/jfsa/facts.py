"""Facts that this regime alone asks for."""

from __future__ import annotations

from typing import Final

from compliance.facts import FactKind

__all__ = ["FACTS"]

FACTS: Final[tuple[FactKind, ...]] = ()
