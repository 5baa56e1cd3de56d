"""What stood in the book and went: MA-03 layering, MA-04 quote stuffing, MA-11 wide spreads, MA-12 defended levels.

Cost: MA-03 is two merges in the order of positions (a cancelled order against its owner's last opposite fill), linear
in orders; MA-04 one group-by over messages by second; MA-11 asks only who has a duty, MA-12 only large orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt
from typing import Any

import polars as pl

from compliance.surveillance.alerts import PPM, Alert, score_of
from compliance.surveillance.events import EventKind, Side
from compliance.surveillance.frames import BY_USER, Ids, Make, MarketFrames, at_least, at_most, bounded_groups
from compliance.surveillance.inputs import Obligation
from compliance.surveillance.parameters import SECOND_US, Defence, Layering, QuoteStuffing, WideSpread

__all__ = ["defended_levels", "layering", "quote_stuffing", "wide_spreads"]


def layering(m: MarketFrames, p: Layering, make: Make) -> Iterator[Alert]:
    """MA-03: large resting orders opposite to one's own fill, all but unfilled, gone soon after it, again and again.

    An amendment away from the touch is not seen as a cancel. Features also say how far from the last trade they stood.
    """
    episodes = _layered(m, p)
    for group in bounded_groups(episodes.to_dicts(), "cluster", "fill_time", p.episode_window_us):
        if len(group) < p.episodes_min:
            continue
        best = max(group, key=lambda row: (row["layered"] * PPM // row["opposite"], -row["fill_at"]))
        ratio = best["layered"] * PPM // best["opposite"]
        orders = sorted({order for row in group for order in (*row["layers"], row["fill_order"])})
        yield make(
            accounts=sorted({name for row in group for name in row["accounts"]}),
            market=m.market,
            window=(min(row["placed"] for row in group), max(row["ended"] for row in group)),
            orders=orders,
            trades=sorted({trade for row in group for trade in row["trades"]}),
            events=sorted({at for row in group for at in (row["placed_at"], row["fill_at"], row["ended_at"])}),
            features={
                "distance_ticks_mean": best["distance"] // len(best["layers"]),
                "episodes": len(group),
                "fill_quantity": best["fill_quantity"],
                "imbalance_ppm": best["layered"] * PPM // (best["layered"] + best["opposite"]),
                "layered_quantity": best["layered"],
                "layers": len(best["layers"]),
                "owner": best["cluster"],
                "ratio_ppm": ratio,
                "seconds_to_cancel": (best["ended"] - best["fill_time"]) // SECOND_US,
            },
            score=score_of(ratio, p.ratio_ppm),
        )


def _layered(m: MarketFrames, p: Layering) -> pl.DataFrame:
    """Episodes: for each own fill, the orders opposite to it that were there before it and gone soon after it."""
    layers = (
        m.orders.filter(
            pl.col("by_user")
            & (pl.col("ended") - pl.col("placed") <= p.lookback_us + p.cancel_within_us)
            & at_most(pl.col("filled"), pl.col("quantity"), p.filled_share_max_ppm)
        )
        .select(
            "cluster", "account", "order", "price", "placed", "placed_at", "ended", "ended_at",
            (-pl.col("side")).alias("side"), (pl.col("quantity") - pl.col("filled")).alias("left"),
        )
        .sort("ended_at")
    )  # fmt: skip
    fills = m.fills.select(
        "cluster", "side", "trade", pl.col("sequence").alias("fill_at"), pl.col("time").alias("fill_time"),
        pl.col("order").alias("fill_order"), pl.col("price").alias("fill_price"),
    )  # fmt: skip
    matched = layers.join_asof(
        fills, left_on="ended_at", right_on="fill_at", by=["cluster", "side"], strategy="backward",
        coalesce=False, check_sortedness=False,
    ).filter(
        (pl.col("fill_at") > pl.col("placed_at"))
        & (pl.col("ended") - pl.col("fill_time") <= p.cancel_within_us)
        & (pl.col("fill_time") - pl.col("placed") <= p.lookback_us)
    )  # fmt: skip
    grouped = matched.group_by("cluster", "side", "fill_order").agg(
        pl.col("left").sum().alias("layered"),
        pl.col("order").alias("layers"),
        pl.col("account").unique().alias("accounts"),
        pl.col("trade").unique().alias("trades"),
        (pl.col("price") - pl.col("fill_price")).abs().sum().alias("distance"),
        pl.col("placed").min(), pl.col("placed_at").min(), pl.col("ended").max(), pl.col("ended_at").max(),
        pl.col("fill_at").max(), pl.col("fill_time").max(),
    )  # fmt: skip
    sizes = m.fills.group_by("cluster", pl.col("order").alias("fill_order")).agg(
        pl.col("quantity").sum().alias("fill_quantity")
    )
    grouped = _placed_beside(m, p, grouped.join(sizes, on=["cluster", "fill_order"]).sort("fill_at"))
    grouped = grouped.with_columns(pl.max_horizontal("fill_quantity", "beside").alias("opposite"))
    return grouped.filter(at_least(pl.col("layered"), pl.col("opposite"), p.ratio_ppm))


def _placed_beside(m: MarketFrames, p: Layering, grouped: pl.DataFrame) -> pl.DataFrame:
    """With `beside`: what the owner placed on the fill's own side in the look-back up to the fill.

    A market maker places about as much on both sides, and is none of this.
    """
    placed = m.orders.select(
        "cluster", "side", "placed", "placed_at",
        pl.col("quantity").fill_null(0).cum_sum().over("cluster", "side").alias("total"),
    )  # fmt: skip
    upto = grouped.join_asof(
        placed.select("cluster", "side", "placed_at", "total"), left_on="fill_at", right_on="placed_at",
        by=["cluster", "side"], strategy="backward", suffix="_upto", check_sortedness=False,
    )  # fmt: skip
    upto = upto.with_columns((pl.col("fill_time") - p.lookback_us).alias("since")).sort("since", "fill_at")
    before = upto.join_asof(
        placed.select("cluster", "side", pl.col("placed").alias("since"), pl.col("total").alias("total_before")),
        on="since", by=["cluster", "side"], strategy="backward", allow_exact_matches=False, check_sortedness=False,
    )  # fmt: skip
    return before.with_columns(
        (pl.col("total").fill_null(0) - pl.col("total_before").fill_null(0)).clip(lower_bound=0).alias("beside")
    )


def quote_stuffing(m: MarketFrames, p: QuoteStuffing, make: Make) -> Iterator[Alert]:
    """MA-04: seconds in which an owner sends far more messages than members' seconds hold, for orders that hardly live.

    Messages: placed, amended, cancelled by their owner. z over all seconds of all members of the market that have any.
    """
    is_message = pl.col("kind").is_in([int(EventKind.PLACED), int(EventKind.AMENDED)]) | (
        (pl.col("kind") == EventKind.CANCELLED) & pl.col("reason").is_in(BY_USER)
    )
    messages = m.events.filter(is_message).select(
        "cluster", (pl.col("time") // SECOND_US).alias("second"), (pl.col("time") // p.window_us).alias("window")
    )
    seconds = messages.group_by("cluster", "second").agg(pl.len().cast(pl.Int64).alias("count"))
    total, square, cells = seconds.select(
        pl.col("count").sum(), (pl.col("count") ** 2).sum().alias("square"), pl.len().alias("cells")
    ).row(0)
    hot = [
        row
        for row in seconds.filter(pl.col("count") >= p.rate_min).to_dicts()
        if _z_reached(row["count"], total, square, cells, p.z_min_ppm)
    ]
    if not hot:
        return
    windows: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in hot:
        windows.setdefault((row["cluster"], row["second"] * SECOND_US // p.window_us), []).append(row)
    for (owner, window), rows in sorted(windows.items()):
        start, end = window * p.window_us, (window + 1) * p.window_us
        inside = (pl.col("cluster") == owner) & pl.col("time").is_between(start, end, closed="left")
        events = m.events.filter(inside & is_message)
        fills = m.fills_within(start, end).filter(pl.col("cluster") == owner).height
        lives = m.orders.filter(
            (pl.col("cluster") == owner) & pl.col("by_user") & pl.col("placed").is_between(start, end, closed="left")
        ).select(pl.col("ended") - pl.col("placed"))
        median = lives.to_series().quantile(0.5, "lower")
        ratio = events.height // max(fills, 1)
        if ratio < p.order_to_trade_min or median is None or int(median) > p.life_median_max_us:
            continue
        peak = max(row["count"] for row in rows)
        in_hot = events.filter((pl.col("time") // SECOND_US).is_in([row["second"] for row in rows]))
        yield make(
            **Ids.of(in_hot).fields(),
            market=m.market,
            window=(in_hot["time"][0], in_hot["time"][-1]),
            features={
                "hot_seconds": len(rows),
                "life_median_us": int(median),
                "messages": events.height,
                "order_to_trade": ratio,
                "owner": owner,
                "peak_per_second": peak,
                "z_ppm": _z_ppm(peak, total, square, cells),
            },
            score=score_of(peak, p.rate_min),
        )


def _z_reached(count: int, total: int, square: int, cells: int, z_ppm: int) -> bool:
    """Whether a cell is at least z standard deviations above the mean; exact, in integers."""
    above, spread = count * cells - total, square * cells - total * total
    return above > 0 and (above * PPM) ** 2 >= z_ppm * z_ppm * spread


def _z_ppm(count: int, total: int, square: int, cells: int) -> int:
    """The largest z that is reached, ppm."""
    above, spread = count * cells - total, square * cells - total * total
    return isqrt((above * PPM) ** 2 // max(spread, 1))


def wide_spreads(m: MarketFrames, p: WideSpread, make: Make) -> Iterator[Alert]:
    """MA-11: a market maker under a duty whose best own quotes, at sampled moments, are too far apart or missing."""
    duties = [duty for duty in m.inputs.obligations or () if duty.market == m.market]
    for duty in sorted(duties):
        yield from _duty(m, p, make, duty)


def _duty(m: MarketFrames, p: WideSpread, make: Make, duty: Obligation) -> Iterator[Alert]:
    first = -(-duty.start_us // p.sample_us)
    last = (min(duty.end_us, m.last_time + 1) - 1) // p.sample_us
    count = last - first + 1
    if count < p.samples_min:
        return
    covers = (
        m.orders.filter((pl.col("account") == duty.account) & pl.col("rested").is_not_null())
        .with_columns(
            (-(-pl.col("rested") // p.sample_us)).clip(lower_bound=first).alias("from"),
            # An order that ends at the moment is gone then.
            ((pl.col("ended").fill_null(duty.end_us + p.sample_us) - 1) // p.sample_us)
            .clip(upper_bound=last)
            .alias("to"),
        )
        .filter(pl.col("to") >= pl.col("from"))
        .with_columns(pl.int_ranges("from", pl.col("to") + 1).alias("sample"))
        .explode("sample", empty_as_null=False, keep_nulls=False)
    )
    bids = covers.filter(pl.col("side") == Side.BID).group_by("sample").agg(pl.col("price").max().alias("bid"))
    asks = covers.filter(pl.col("side") == Side.ASK).group_by("sample").agg(pl.col("price").min().alias("ask"))
    quoted = bids.join(asks, on="sample")
    # spread / mid = 2 (ask - bid) / (ask + bid)
    spread, mid = (pl.col("ask") - pl.col("bid")) * 2, pl.col("ask") + pl.col("bid")
    met = quoted.filter(at_most(spread, mid, duty.spread_max_ppm)).height
    breaches = count - met
    if breaches * PPM < count * p.breach_share_ppm:
        return
    own = m.events.filter(
        (pl.col("account") == duty.account) & pl.col("time").is_between(duty.start_us, duty.end_us, closed="left")
    )
    at = own if own.height else m.events
    yield make(
        accounts=[duty.account],
        market=m.market,
        window=(first * p.sample_us, last * p.sample_us),
        orders=own["order"].unique().to_list(),
        events=[at["sequence"][0], at["sequence"][-1]],
        features={
            "breach_share_ppm": breaches * PPM // count,
            "samples": count,
            "samples_one_sided": count - quoted.height,
            "samples_wide": quoted.height - met,
            "spread_max_ppm": duty.spread_max_ppm,
        },
        score=score_of(breaches * PPM // count, p.breach_share_ppm),
    )


def defended_levels(m: MarketFrames, p: Defence, make: Make) -> Iterator[Alert]:
    """MA-12: large bids just at a level again and again (a floor), or asks (a ceiling), while the market is near it."""
    large = m.orders.filter(pl.col("quantity") >= max(m.median_order, 1) * p.large_multiple)
    for level in sorted(level for level in m.inputs.levels or () if level.market == m.market):
        price = pl.lit(level.price)
        near = m.trades_within(level.start_us, level.end_us).filter(
            at_most((pl.col("price") - level.price).abs(), price, p.near_ppm)
        )
        near_windows = set((near["time"] // p.window_us).unique().to_list())
        at_level = (
            large.filter(
                pl.col("placed").is_between(level.start_us, level.end_us, closed="left")
                & at_most((pl.col("price") - level.price).abs(), price, p.tolerance_ppm)
            )
            .with_columns((pl.col("placed") // p.window_us).alias("window"))
            .sort("placed_at", "place")
        )
        for (window, owner, side), rows in sorted(
            at_level.partition_by("window", "cluster", "side", as_dict=True).items(), key=lambda pair: str(pair[0])
        ):
            if rows.height < p.orders_min or window not in near_windows or side == Side.UNKNOWN:
                continue
            yield make(
                accounts=rows["account"].unique().to_list(),
                market=m.market,
                window=(rows["placed"][0], rows["placed"][-1]),
                orders=rows["order"].to_list(),
                events=rows["placed_at"].to_list(),
                features={
                    "kind": level.kind,
                    "level_price": level.price,
                    "orders": rows.height,
                    "owner": str(owner),
                    "pattern": "floor" if side == Side.BID else "ceiling",
                    "quantity": int(rows["quantity"].sum()),
                },
                score=score_of(rows.height, p.orders_min),
            )
