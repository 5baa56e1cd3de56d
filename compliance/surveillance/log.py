"""An order log as tables: in memory, or as Parquet files by market in a folder, and which positions it was read from.

Batches come in any order and any size; what is asked of the log is sorted by position, so that detectors see the same
rows however the log was cut. One market is in memory at a time; the money events, which are few, as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

import polars as pl

from compliance.surveillance.alerts import Span
from compliance.surveillance.events import MONEY_SCHEMA, ORDER_SCHEMA
from ledger.errors import InputError

__all__ = ["EventLog", "EventWriter", "join_spans"]

_ORDERS: Final = "orders"
_MONEY: Final = "money"
_SPANS: Final = "spans"
_KEY: Final = ("sequence", "place")


def join_spans(spans: Iterable[Span]) -> list[Span]:
    """The same positions in as few spans as can be, rising."""
    joined: list[Span] = []
    for span in sorted(spans):
        assert span.first <= span.last, "a span has a position"
        if joined and span.first <= joined[-1].last + 1:
            joined[-1] = Span(joined[-1].first, max(joined[-1].last, span.last))
        else:
            joined.append(span)
    return joined


class EventLog:
    """What the detectors read. Parts are frames or Parquet files."""

    def __init__(
        self,
        orders: dict[str, list[pl.DataFrame | Path]],
        money: list[pl.DataFrame | Path],
        spans: Iterable[Span],
    ) -> None:
        self._orders, self._money = orders, money
        self.spans = join_spans(spans)

    @classmethod
    def of_frames(
        cls, orders: Sequence[pl.DataFrame], money: Sequence[pl.DataFrame] = (), spans: Sequence[Span] | None = None
    ) -> EventLog:
        """A log in memory; without `spans` each frame is taken to hold all positions from its first to its last."""
        by_market: dict[str, list[pl.DataFrame | Path]] = {}
        for frame in orders:
            for (name,), part in frame.partition_by("market", as_dict=True).items():
                by_market.setdefault(str(name), []).append(part)
        if spans is None:
            ends = [frame.select(pl.col("sequence").min().alias("a"), pl.col("sequence").max().alias("b")).row(0)
                    for frame in (*orders, *money) if frame.height]  # fmt: skip
            spans = [Span(min(first for first, _ in ends), max(last for _, last in ends))] if ends else []
        return cls(by_market, list(money), spans)

    @classmethod
    def open(cls, folder: Path) -> EventLog:
        """The log that an `EventWriter` left; raises InputError where there is none."""
        spans = [Span(*json.loads(line)) for path in sorted(folder.glob(f"{_SPANS}/*.json"))
                 for line in path.read_text(encoding="utf-8").splitlines()]  # fmt: skip
        if not spans:
            raise InputError(str(folder), "holds no order events", "Name the folder that the events were written to.")
        orders: dict[str, list[pl.DataFrame | Path]] = {}
        for path in sorted(folder.glob(f"{_ORDERS}/*/*.parquet")):
            orders.setdefault(unquote(path.parent.name), []).append(path)
        return cls(orders, sorted(folder.glob(f"{_MONEY}/*.parquet")), spans)

    @property
    def markets(self) -> list[str]:
        """Every market that has an event, sorted."""
        return sorted(self._orders)

    def market(self, name: str) -> pl.DataFrame:
        """The events of one market by position."""
        return _collected(self._orders.get(name, []), ORDER_SCHEMA)

    def times(self, name: str) -> tuple[int, int]:
        """The first and the last time in a market that has events."""
        scans = [pl.scan_parquet(part) if isinstance(part, Path) else part.lazy() for part in self._orders[name]]
        times = pl.concat([scan.select("time") for scan in scans])
        first, last = times.select(pl.col("time").min().alias("a"), pl.col("time").max().alias("b")).collect().row(0)
        return int(first), int(last)

    def money(self) -> pl.DataFrame:
        """All money events by position."""
        return _collected(self._money, MONEY_SCHEMA)


def _collected(parts: Sequence[pl.DataFrame | Path], schema: pl.Schema) -> pl.DataFrame:
    if not parts:
        return pl.DataFrame(schema=schema)
    scans = [pl.scan_parquet(part) if isinstance(part, Path) else part.lazy() for part in parts]
    joined = pl.concat(scans).collect()
    assert joined.schema == schema, "every part has the one schema"
    if joined.select(pl.struct(_KEY).is_sorted()).item() if joined.height > 1 else True:
        return joined
    return joined.sort(_KEY)


class EventWriter:
    """Writes batches of events into a folder, by market. A batch is never changed once it is written."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        for name in (_ORDERS, _MONEY, _SPANS):
            (folder / name).mkdir(parents=True, exist_ok=True)
        if any((folder / _SPANS).iterdir()):
            raise InputError(str(folder), "already holds order events", "Name an empty folder.")

    def add(self, span: Span, orders: pl.DataFrame, money: pl.DataFrame) -> None:
        """Write one batch: all that positions `span` caused."""
        assert orders.schema == ORDER_SCHEMA and money.schema == MONEY_SCHEMA, "a batch has the schema of the tables"
        self._count += 1
        name = f"{self._count:08d}"
        for (market,), part in orders.partition_by("market", as_dict=True).items():
            folder = self._folder / _ORDERS / quote(str(market), safe="")
            folder.mkdir(exist_ok=True)
            part.write_parquet(folder / f"{name}.parquet", compression="zstd", statistics=False)
        if money.height:
            money.write_parquet(self._folder / _MONEY / f"{name}.parquet", compression="zstd", statistics=False)
        # Last, so that a span never speaks of rows that are not there.
        (self._folder / _SPANS / f"{name}.json").write_text(json.dumps(list(span)) + "\n", encoding="utf-8")
