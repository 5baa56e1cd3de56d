"""What a detector says: an alert with everything that is needed to look again, or that it could not run, and why.

All figures are integers: quantities in steps, prices in ticks, values in millionths of the unit of account, shares in
ppm. So a result has one canonical form, and two runs over the same log are the same bytes. In documents features are
text, decimal where they are numbers: they may be negative or wide, which the canonical form has no numbers for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from ledger.canonical import canonical

__all__ = ["IDS_MAX", "NOT_YET", "PPM", "Alert", "NotRun", "Span", "score_of"]

NOT_YET: Final = "positions in perpetuals and options, which are not available yet"
PPM: Final = 1_000_000
SCORE_MAX: Final = 10**15
IDS_MAX: Final = 500
"""So many ids of each kind stand in an alert; how many there are is a feature, and the window leads to the rest."""


class Span(NamedTuple):
    """Log positions from `first` to `last` that were read, every one."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class NotRun:
    """A detector, or a part of it, that had no input. Never the same as no alert."""

    detector: str
    missing: str
    part: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Alert:
    """One finding. `events`: log positions; `first` and `last`: what to replay; `score`: ppm of the main threshold.

    A score of 1,000,000 is exactly at the threshold of the detector's main feature. Times in microseconds.
    """

    detector: str
    version: int
    parameters: str
    accounts: tuple[str, ...]
    market: str | None
    start_us: int
    end_us: int
    orders: tuple[int, ...]
    trades: tuple[int, ...]
    events: tuple[int, ...]
    features: tuple[tuple[str, int | str], ...]
    score: int
    first: int
    last: int

    def __post_init__(self) -> None:
        assert self.accounts, "an alert is about somebody"
        assert self.start_us <= self.end_us and self.first <= self.last, "a window has a beginning and an end"
        assert list(self.accounts) == sorted(set(self.accounts)), "accounts stand once, in their order"

    @property
    def id(self) -> str:
        """The SHA-256 of the alert's document."""
        return hashlib.sha256(canonical(self.document())).hexdigest()

    def feature(self, name: str) -> int | str:
        """One feature by its name; raises KeyError."""
        return dict(self.features)[name]

    def document(self) -> dict[str, Any]:
        """As JSON; `format` names the form for whoever hashes it."""
        return {
            "format": "surveillance-alert/1",
            "accounts": list(self.accounts),
            "detector": self.detector,
            "events": list(self.events),
            "features": {name: str(value) for name, value in self.features},
            "market": self.market,
            "orders": list(self.orders),
            "parameters": self.parameters,
            "replay": {"first": self.first, "last": self.last},
            "score": self.score,
            "trades": list(self.trades),
            "version": self.version,
            "window": {"end": self.end_us, "start": self.start_us},
        }

    @classmethod
    def of(
        cls,
        detector: str,
        version: int,
        parameters: str,
        *,
        accounts: Iterable[str],
        market: str | None,
        window: tuple[int, int],
        events: Iterable[int],
        features: Mapping[str, int | str],
        score: int,
        orders: Iterable[int] = (),
        trades: Iterable[int] = (),
    ) -> Alert:
        """An alert whose replay window is that of its events; ids beyond `IDS_MAX` are counted and left out."""
        order_ids, trade_ids, positions = (sorted(set(ids)) for ids in (orders, trades, events))
        counted = {"orders_total": len(order_ids), "trades_total": len(trade_ids)}
        return cls(
            detector, version, parameters, tuple(sorted(set(accounts))), market, *window,
            tuple(order_ids[:IDS_MAX]), tuple(trade_ids[:IDS_MAX]), tuple(positions[:IDS_MAX]),
            tuple(sorted({**features, **counted}.items())), score, positions[0], positions[-1],
        )  # fmt: skip


def score_of(measured: int, threshold: int) -> int:
    """How far a feature is over its threshold, in ppm: 1,000,000 at the threshold; floor, at most 10^15."""
    return min(measured * PPM // max(threshold, 1), SCORE_MAX)
