"""Lots: units acquired at one time for one basis, and which of them leave when units leave. Exact; no clock, no prices.

Rules:
1. An acquisition makes one lot. Its basis is None where nobody here knows it (a deposit); such a lot is noncovered.
2. Units leave out of lots in the order of the method; the part of a lot that leaves takes its share of the basis with
   it, exactly: what was acquired = what left + what is left, in units and in basis.
3. No more can leave than is there: the ledger refuses it before, and here it is a broken invariant.
4. FIFO by time of acquisition, then by number. LIFO the reverse. HIFO by basis of a unit, unknown basis last, then
   FIFO. Specific identification: the lots that the customer named, in their order, then FIFO.

Cost: a departure takes time in the lots that it uses, plus, under HIFO and LIFO, in the lots that are there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

__all__ = ["Lot", "LotBook", "Method", "Part"]


class Method(StrEnum):
    """Which lots leave first."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    SPECIFIC = "specific"


@dataclass(slots=True)
class Lot:
    """Units that are left of one acquisition, and the basis that is left with them, in the reporting currency."""

    number: int
    acquired_us: int
    quanta: int
    basis: Fraction | None
    covered: bool
    source: str
    reference: str

    @property
    def unit_basis(self) -> Fraction:
        """Basis of a quantum; -1 where it is unknown."""
        return Fraction(-1) if self.basis is None else self.basis / self.quanta


class Part(NamedTuple):
    """What left of one lot."""

    lot: int
    acquired_us: int
    quanta: int
    basis: Fraction | None
    covered: bool
    source: str
    reference: str


class LotBook:
    """The lots of one owner in one asset."""

    def __init__(self, method: Method = Method.FIFO) -> None:
        self.method = method
        self._lots: deque[Lot] = deque()
        self._last = 0

    def __iter__(self) -> Iterator[Lot]:
        """The lots that are left, oldest first."""
        return iter(self._lots)

    @property
    def quanta(self) -> int:
        """Units that are left."""
        return sum(lot.quanta for lot in self._lots)

    def acquire(
        self,
        time_us: int,
        quanta: int,
        basis: Fraction | None,
        source: str,
        reference: str = "",
        *,
        covered: bool = False,
    ) -> int:
        """A new lot; its number. `basis` of all its units."""
        assert quanta > 0 and (basis is None or basis >= 0), "a lot has units, and a basis is what was given"
        assert not self._lots or self._lots[-1].acquired_us <= time_us, "acquisitions come in the order of the log"
        assert not covered or basis is not None, "a covered lot has a basis"
        self._last += 1
        self._lots.append(Lot(self._last, time_us, quanta, basis, covered, source, reference))
        return self._last

    def release(self, quanta: int, chosen: Sequence[int] = ()) -> list[Part]:
        """Let units leave; the parts of lots that they are. `chosen`: numbers of lots, before the method's order."""
        assert quanta > 0, "something leaves"
        parts: list[Part] = []
        for lot in self._order(chosen):
            if not quanta:
                break
            taken = min(lot.quanta, quanta)
            quanta -= taken
            parts.append(self._take(lot, taken))
        assert not quanta, "no more leaves than is there"
        while self._lots and not self._lots[0].quanta:
            self._lots.popleft()
        if chosen or self.method in (Method.LIFO, Method.HIFO):
            self._lots = deque(lot for lot in self._lots if lot.quanta)
        return parts

    def _take(self, lot: Lot, quanta: int) -> Part:
        basis = None if lot.basis is None else lot.basis * Fraction(quanta, lot.quanta)
        part = Part(lot.number, lot.acquired_us, quanta, basis, lot.covered, lot.source, lot.reference)
        lot.quanta -= quanta
        if lot.basis is not None and basis is not None:
            lot.basis -= basis
        return part

    def _order(self, chosen: Sequence[int]) -> Iterator[Lot]:
        named = {lot.number: lot for lot in self._lots if lot.number in chosen} if chosen else {}
        yield from (named[number] for number in dict.fromkeys(chosen) if number in named)
        if self.method is Method.HIFO:
            others = [lot for lot in self._lots if lot.number not in named]
            yield from sorted(others, key=lambda lot: (-lot.unit_basis, lot.number))
            return
        ordered = reversed(self._lots) if self.method is Method.LIFO else iter(self._lots)
        yield from (lot for lot in ordered if lot.number not in named)

    def of_reference(self, reference: str) -> list[int]:
        """The lots that came in under a reference (a deposit's evidence)."""
        return [lot.number for lot in self._lots if lot.reference == reference]
