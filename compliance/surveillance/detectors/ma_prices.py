"""Who moved the price: MA-05 momentum ignition, MA-06 marking a close or a trigger, MA-07 ramping.

Cost: bursts and bars are one group-by over the trades each; what passes the price filter is looked at one by one, by
binary search in the trades.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from compliance.surveillance.alerts import PPM, Alert, score_of
from compliance.surveillance.events import EventKind
from compliance.surveillance.frames import Ids, Make, MarketFrames, bounded_groups
from compliance.surveillance.inputs import Fixing
from compliance.surveillance.parameters import SECOND_US, Ignition, Marking, Ramping

__all__ = ["marked_prices", "marked_triggers", "momentum_ignition", "ramping"]


def momentum_ignition(m: MarketFrames, p: Ignition, make: Make) -> Iterator[Alert]:
    """MA-05: a burst of one owner's aggressive fills moves the price by sigmas, and passive fills take the other side.

    The move is to the furthest fill of the burst. Sigma: of price changes between buckets of this log, in ppm.
    """
    square, cells = _variance_parts(m, p.bucket_us)
    if cells < 2:
        return
    is_new = (pl.col("time").diff().over("cluster", "side") > p.gap_us).fill_null(value=True)
    bursts = (
        m.trades.filter(pl.col("before").is_not_null())
        .with_columns(is_new.cum_sum().over("cluster", "side").alias("burst"))
        .group_by("cluster", "side", "burst")
        .agg(
            pl.col("time").first().alias("start"), pl.col("time").last().alias("end"),
            pl.col("sequence").first().alias("first"), pl.col("sequence").last().alias("last"),
            pl.col("before").first(),
            pl.col("price").min().alias("low"), pl.col("price").max().alias("high"), pl.col("quantity").sum(),
            pl.len().alias("fills"),
        )
        .with_columns(pl.when(pl.col("side") > 0).then("high").otherwise("low").alias("after"))
        .with_columns(((pl.col("after") - pl.col("before")) * pl.col("side").cast(pl.Int64)).alias("move"))
        .filter((pl.col("fills") >= p.fills_min) & (pl.col("quantity") >= m.median_order * p.large_multiple))
        .filter(pl.col("move").cast(pl.Int128) * PPM >= pl.col("before").cast(pl.Int128) * p.move_min_ppm)
    )  # fmt: skip
    for row in bursts.sort("first", "cluster").to_dicts():
        move_ppm = row["move"] * PPM // row["before"]
        # move >= k sigma, with sigma^2 = square / cells, both in ppm; k in ppm.
        if (move_ppm * PPM) ** 2 * cells < p.sigma_min_ppm**2 * square:
            continue
        around = m.trades_within(row["start"], row["end"] + 1)
        if row["quantity"] * PPM < int(around["quantity"].sum()) * p.burst_share_ppm:
            continue
        is_own = pl.col("cluster") == row["cluster"]
        unwound = m.fills_within(row["end"], row["end"] + p.unwind_us + 1).filter(
            is_own & (pl.col("kind") == EventKind.TRADED_MAKER) & (pl.col("side") == -row["side"])
            & (pl.col("sequence") > row["last"])
        )  # fmt: skip
        quantity = int(unwound["quantity"].sum())
        if quantity * PPM < row["quantity"] * p.unwind_share_ppm or not quantity:
            continue
        own = pl.concat([around.filter(is_own & (pl.col("side") == row["side"])).drop("before"), unwound])
        yield make(
            **Ids.of(own).fields(),
            market=m.market,
            window=(row["start"], int(unwound["time"][-1])),
            features={
                "burst_quantity": row["quantity"],
                "move_ppm": move_ppm,
                "owner": row["cluster"],
                "price_after": row["after"],
                "price_before": row["before"],
                "unwound_quantity": quantity,
            },
            score=score_of(move_ppm, p.move_min_ppm),
        )


def _variance_parts(m: MarketFrames, bucket_us: int) -> tuple[int, int]:
    """The sum of squares of price changes in ppm between buckets that traded, and how many there are."""
    closes = m.trades.group_by(pl.col("time") // bucket_us, maintain_order=True).agg(pl.col("price").last())
    price = pl.col("price").cast(pl.Int128)
    changes = closes.select(((price - price.shift(1)) * PPM // price.shift(1)).alias("change")).drop_nulls()
    square = changes.select((pl.col("change") * pl.col("change")).sum()).item()
    return int(square or 0), changes.height


class _Move(NamedTuple):
    """A price before a window, at its end, and the furthest back towards the first that it came afterwards."""

    before: int
    at: int
    after: int

    @property
    def ppm(self) -> int:
        """How far it went, with its sign."""
        return (abs(self.at - self.before) * PPM // self.before) * (1 if self.at >= self.before else -1)

    @property
    def reversal_ppm(self) -> int:
        """How much of it was undone."""
        way = self.at - self.before
        return 0 if way == 0 else max((self.at - self.after) * PPM // way, 0)


def _move(m: MarketFrames, start_us: int, end_us: int, reversal_us: int) -> _Move | None:
    """The move of a window `[start, end)`; None where the log has no price on a side of it."""
    before, at = m.price_before(start_us), m.price_before(end_us)
    later = m.trades_within(end_us, end_us + reversal_us)
    if before is None or at is None or not later.height:
        return None
    return _Move(before, at, int(later["price"][-1]))


def marked_prices(m: MarketFrames, p: Marking, make: Make) -> Iterator[Alert]:
    """MA-06, the part of closes and fixings: a large share of the last minutes' aggressive volume, a move, a reversal.

    Fixings: the input's, and the market's daily close where `close_period_us` is not zero.
    """
    for fixing in _fixings(m, p):
        start = fixing.time_us - p.window_us
        move = _move(m, start, fixing.time_us, p.reversal_us)
        if move is None or abs(move.ppm) < p.move_min_ppm or move.reversal_ppm < p.reversal_ppm:
            continue
        side = 1 if move.ppm > 0 else -1
        rows = m.trades_within(start, fixing.time_us)
        yield from _movers(m, make, rows, side, p.share_ppm, move, {"fixing": fixing.kind})


def _fixings(m: MarketFrames, p: Marking) -> list[Fixing]:
    fixings = [fixing for fixing in m.inputs.fixings or () if fixing.market == m.market]
    if p.close_period_us and m.trades.height:
        first, last = int(m.trades["time"][0]), int(m.trades["time"][-1])
        period = p.close_period_us
        fixings += [
            Fixing(m.market, day * period, "daily close") for day in range(first // period + 1, last // period + 1)
        ]
    return sorted(set(fixings))


def _movers(
    m: MarketFrames, make: Make, rows: pl.DataFrame, side: int, share_ppm: int, move: _Move, named: dict[str, int | str]
) -> Iterator[Alert]:
    """The owners with a large share of a window's volume whose aggressive fills go the way of the move."""
    total = int(rows["quantity"].sum())
    own = rows.filter(pl.col("side") == side).group_by("cluster").agg(pl.col("quantity").sum())
    for row in own.sort("cluster").to_dicts():
        share = row["quantity"] * PPM
        if share < total * share_ppm:
            continue
        mine = rows.filter((pl.col("cluster") == row["cluster"]) & (pl.col("side") == side))
        yield make(
            **Ids.of(mine).fields(),
            market=m.market,
            window=(int(mine["time"][0]), int(mine["time"][-1])),
            features={
                **named,
                "move_ppm": move.ppm,
                "owner": row["cluster"],
                "price_after": move.after,
                "price_at": move.at,
                "price_before": move.before,
                "reversal_ppm": move.reversal_ppm,
                "volume_share_ppm": share // total,
            },
            score=score_of(share // total, share_ppm),
        )


def marked_triggers(m: MarketFrames, p: Marking, make: Make) -> Iterator[Alert]:
    """MA-06, the part of triggers: somebody else's orders were triggered by a move of one owner's, and it went back.

    Triggers within a second are one occasion.
    """
    triggered = m.of_kind(EventKind.TRIGGERED).select("time", "cluster", "order", "sequence", "market")
    for group in bounded_groups(triggered.to_dicts(), "market", "time", SECOND_US):
        time, owners = group[0]["time"], {row["cluster"] for row in group}
        start = time - p.trigger_window_us
        move = _move(m, start, time + 1, p.reversal_us)
        if move is None or abs(move.ppm) < p.move_min_ppm or move.reversal_ppm < p.reversal_ppm:
            continue
        rows = m.trades_within(start, time + 1)
        side = 1 if move.ppm > 0 else -1
        # What the triggered orders did themselves is no cause of the trigger.
        rows = rows.filter(~pl.col("order").is_in([row["order"] for row in group]))
        named: dict[str, int | str] = {"fixing": "trigger", "triggered_orders": len(group)}
        for alert in _movers(m, make, rows, side, p.trigger_share_ppm, move, named):
            if owners != {alert.feature("owner")}:
                yield alert


def ramping(m: MarketFrames, p: Ramping, make: Make) -> Iterator[Alert]:
    """MA-07: the price rose much within a few bars, few owners had bought before and in it, and those sold into it."""
    bars = m.trades.group_by((pl.col("time") // p.bar_us).alias("bar"), maintain_order=True).agg(
        pl.col("price").last().alias("close"),
        ((pl.col("price").cast(pl.Int128) * pl.col("quantity").cast(pl.Int128)).sum()
         // pl.col("quantity").cast(pl.Int128).sum()).cast(pl.Int64).alias("mean"),
    )  # fmt: skip
    # The volume-weighted mean of a bar: one print at a strange price is no rise.
    rows = [{"bar": bar, "mean": mean, "market": m.market} for bar, _, mean in bars.rows()]
    rises: list[dict[str, Any]] = []
    low = 0
    for place, row in enumerate(rows):
        while rows[low]["bar"] < row["bar"] - p.rise_bars:
            low += 1
        base = min(rows[low : place + 1], key=lambda each: int(each["mean"]))
        if row["mean"] * PPM >= base["mean"] * (PPM + p.rise_ppm):
            rises.append({**row, "base": base})
    for group in bounded_groups(rises, "market", "bar", p.rise_bars):
        yield from _distributors(m, p, make, group)


def _distributors(m: MarketFrames, p: Ramping, make: Make, group: list[dict[str, Any]]) -> Iterator[Alert]:
    start = group[0]["base"]["bar"] * p.bar_us
    # Who sells as soon as the price is up distributes; who bought until then accumulated.
    turn, peak = group[0]["bar"] * p.bar_us, max(row["mean"] for row in group)
    early, late = m.fills_within(start - p.before_us, turn), m.fills_within(turn, turn + p.after_us)
    bought = early.group_by("cluster").agg(m.signed().sum().alias("net")).filter(pl.col("net") > 0)
    total = int(bought["net"].sum())
    if not total:
        return
    hhi = sum((int(net) * PPM // total) ** 2 for net in bought["net"]) // PPM
    if hhi < p.hhi_min_ppm:
        return
    for row in bought.sort("cluster").to_dicts():
        if row["net"] * PPM < total * p.holder_share_ppm:
            continue
        is_own = pl.col("cluster") == row["cluster"]
        sold = -int(late.filter(is_own).select(m.signed().sum()).item() or 0)
        if sold * PPM < row["net"] * p.distributed_ppm:
            continue
        own = pl.concat([early.filter(is_own), late.filter(is_own)])
        yield make(
            **Ids.of(own).fields(),
            market=m.market,
            window=(int(own["time"][0]), int(own["time"][-1])),
            features={
                "accumulated": row["net"],
                "buyers_hhi_ppm": hhi,
                "distributed": sold,
                "holder_share_ppm": row["net"] * PPM // total,
                "owner": row["cluster"],
                "price_base": group[0]["base"]["mean"],
                "price_peak": peak,
                "rise_ppm": (peak - group[0]["base"]["mean"]) * PPM // group[0]["base"]["mean"],
            },
            score=score_of((peak - group[0]["base"]["mean"]) * PPM // group[0]["base"]["mean"], p.rise_ppm),
        )
