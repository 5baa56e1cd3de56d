"""The books against the chains and the banks, per wallet and asset: explained, or aged and listed.

Pure. For one wallet and asset, in 10^-38 of the asset's unit, so that nothing is rounded:

    actual  =  books  +  seen and not credited  +  sent and not confirmed  +  unexplained

`books` is the custody account with its part below the quantum. A payment that the log has signed leaves the custody
account at once and the chain later, so until it confirms the chain has more than the books; a receipt that waits for
confirmations likewise. What is left is a difference: positive is a surplus nobody is credited for, negative is missing.
A difference keeps the time at which it was first seen as long as it has the same sign; one that shrinks or grows is
still the same trouble. A wallet that could not be read is *unread*: its difference keeps its age and is never zero.

The item list is what the attestation's in-flight section states; `ages` is carried from hour to hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = ["Aged", "Flight", "Holding", "Line", "Reading", "Reconciliation", "reconcile"]

HOUR_MICROS: Final = 3_600_000_000


class Holding(NamedTuple):
    """What the books have in a wallet; negative only by what is below the quantum."""

    wallet: str
    asset: str
    units: int


class Flight(NamedTuple):
    """One movement that books and chain see at different times; `units` is what the chain has more than the books.

    `kind`: `seen` (a receipt that is not credited yet), `sent` (a payment that is signed and has not left), `arriving`
    (a move between wallets that has arrived and is not booked there) or `gas` (what the chain took and is not booked;
    negative). `reference`: evidence, request or move.
    """

    wallet: str
    asset: str
    kind: str
    units: int
    reference: str


class Reading(NamedTuple):
    """What a chain at a block, or a bank at a close, says. `at` names the block or the day; None units: unread."""

    wallet: str
    asset: str
    units: int | None
    at: str


class Aged(NamedTuple):
    """A difference that stands: its sign, and since when (microseconds)."""

    sign: int
    since_us: int


@dataclass(frozen=True, slots=True)
class Line:
    """One wallet and asset. `unexplained` is None where it could not be read; `hours` since it was first seen."""

    wallet: str
    asset: str
    books: int
    actual: int | None
    in_flight: int
    unexplained: int | None
    since_us: int | None
    hours: int
    at: str

    @property
    def is_explained(self) -> bool:
        """Whether books and outside agree once the movements in flight are counted."""
        return self.unexplained == 0


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All lines by wallet and asset, the flights behind them, and what the next hour is given as `ages`."""

    lines: tuple[Line, ...]
    flights: tuple[Flight, ...]
    ages: Mapping[tuple[str, str], Aged]

    @property
    def differences(self) -> tuple[Line, ...]:
        """What is not explained, the oldest first."""
        found = [line for line in self.lines if not line.is_explained]
        return tuple(sorted(found, key=lambda line: (-line.hours, line.wallet, line.asset)))


def reconcile(
    now_us: int,
    holdings: Iterable[Holding],
    flights: Iterable[Flight],
    readings: Iterable[Reading],
    ages: Mapping[tuple[str, str], Aged] | None = None,
) -> Reconciliation:
    """Compare; every wallet and asset that any of the three names gets a line. A wallet is read at most once."""
    books: dict[tuple[str, str], int] = {}
    for holding in holdings:
        key = holding.wallet, holding.asset
        books[key] = books.get(key, 0) + holding.units
    moving: dict[tuple[str, str], int] = {}
    listed = tuple(sorted(flights))
    for flight in listed:
        key = flight.wallet, flight.asset
        moving[key] = moving.get(key, 0) + flight.units
    read: dict[tuple[str, str], Reading] = {}
    for reading in readings:
        assert (reading.wallet, reading.asset) not in read, "a wallet is read once"
        read[reading.wallet, reading.asset] = reading
    before = dict(ages or {})
    lines, after = [], {}
    for key in sorted(books.keys() | moving.keys() | read.keys()):
        line, aged = _line(key, now_us, books.get(key, 0), moving.get(key, 0), read.get(key), before.get(key))
        lines.append(line)
        if aged is not None:
            after[key] = aged
    return Reconciliation(tuple(lines), listed, after)


def _line(
    key: tuple[str, str], now_us: int, books: int, moving: int, reading: Reading | None, before: Aged | None
) -> tuple[Line, Aged | None]:
    wallet, asset = key
    actual, at = (None, "unread") if reading is None else (reading.units, reading.at)
    if actual is None:
        aged = before or Aged(0, now_us)
        return Line(wallet, asset, books, None, moving, None, aged.since_us, _hours(aged, now_us), at), aged
    unexplained = actual - books - moving
    if unexplained == 0:
        return Line(wallet, asset, books, actual, moving, 0, None, 0, at), None
    sign = 1 if unexplained > 0 else -1
    same = before is not None and before.sign in (sign, 0)
    aged = Aged(sign, before.since_us if before is not None and same else now_us)
    return Line(wallet, asset, books, actual, moving, unexplained, aged.since_us, _hours(aged, now_us), at), aged


def _hours(aged: Aged, now_us: int) -> int:
    assert now_us >= aged.since_us, "a difference is not older than it was"
    return (now_us - aged.since_us) // HOUR_MICROS
