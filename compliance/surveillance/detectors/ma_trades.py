"""Who traded with whom: MA-01 wash trades, MA-02 circular trading, MA-08 painting the tape.

Cost: one group-by over the fills each; the graph of MA-02 is walked in Python over the few pairs that pass its filters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from compliance.surveillance.alerts import PPM, Alert, score_of
from compliance.surveillance.events import Side
from compliance.surveillance.frames import Ids, Make, MarketFrames, at_least, at_most
from compliance.surveillance.parameters import Circular, Painting, Wash

__all__ = ["circular_trades", "painted_tape", "strong_components", "wash_trades"]

_SIDES = {int(Side.BID): "bid", int(Side.ASK): "ask"}


def wash_trades(m: MarketFrames, p: Wash, make: Make) -> Iterator[Alert]:
    """MA-01: both sides of a fill have one beneficial owner.

    Features: self volume and its share of the owner's (fills counted once) and of the market's volume.
    """
    window = (pl.col("time") // p.window_us).alias("window")
    own_trades = m.trades.filter(pl.col("cluster") == pl.col("counter_cluster")).with_columns(window)
    if not own_trades.height:
        return
    own = own_trades.group_by("window", "cluster").agg(pl.col("quantity").sum().alias("own"), pl.len().alias("count"))
    all_fills = m.fills.select("cluster", "quantity", window)
    volume = all_fills.group_by("window", "cluster").agg(pl.col("quantity").sum().alias("filled"))
    market = m.trades.select("quantity", window).group_by("window").agg(pl.col("quantity").sum().alias("market"))
    found = (
        own.join(volume, on=["window", "cluster"])
        .join(market, on="window")
        # Each fill with oneself stands twice among one's own fills.
        .filter((pl.col("count") >= p.trades_min) & at_least(pl.col("own") * 2, pl.col("filled"), p.own_share_ppm))
    )
    for row in found.sort("window", "cluster").to_dicts():
        rows = own_trades.filter((pl.col("window") == row["window"]) & (pl.col("cluster") == row["cluster"]))
        ids = Ids.of(rows)
        makers = rows["counterparty"].unique().to_list()
        yield make(
            accounts=[*ids.accounts, *makers],
            market=m.market,
            window=(rows["time"][0], rows["time"][-1]),
            orders=[*ids.orders, *rows["counter_order"].unique().to_list()],
            trades=ids.trades,
            events=ids.events,
            features={
                "owner": row["cluster"],
                "own_share_ppm": 2 * row["own"] * PPM // row["filled"],
                "self_trades": row["count"],
                "self_volume": row["own"],
                "wash_share_ppm": row["own"] * PPM // row["market"],
            },
            score=score_of(2 * row["own"] * PPM // row["filled"], p.own_share_ppm),
        )


def strong_components(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of a directed graph, each sorted, those of one node left out (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in sorted(edges):
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = []

        def enter(node: str, work: list[tuple[str, Iterator[str]]] = work) -> None:
            index[node] = low[node] = len(index)
            stack.append(node)
            on_stack.add(node)
            work.append((node, iter(sorted(edges.get(node, ())))))

        enter(root)
        while work:
            node, following = work[-1]
            step = next((each for each in following if each not in index or each in on_stack), None)
            if step is not None and step not in index:
                enter(step)
            elif step is not None:
                low[node] = min(low[node], index[step])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    place = stack.index(node)
                    members, stack[place:] = stack[place:], []
                    on_stack.difference_update(members)
                    if len(members) > 1:
                        found.append(sorted(members))
    return sorted(found)


def circular_trades(m: MarketFrames, p: Circular, make: Make) -> Iterator[Alert]:
    """MA-02: members whose position hardly changed, who sold and bought for the most part within their ring.

    Only strong pairs make the graph: a pair's volume is a good part of what the seller sold and the buyer bought.
    """
    is_bid = pl.col("side") == Side.BID
    flows = m.trades.filter(pl.col("cluster") != pl.col("counter_cluster")).select(
        "quantity",
        (pl.col("time") // p.window_us).alias("window"),
        pl.when(is_bid).then("counter_cluster").otherwise("cluster").alias("seller"),
        pl.when(is_bid).then("cluster").otherwise("counter_cluster").alias("buyer"),
    )
    edges = flows.group_by("window", "seller", "buyer").agg(pl.col("quantity").sum(), pl.len().alias("count"))
    sold = edges.group_by("window", pl.col("seller").alias("member")).agg(pl.col("quantity").sum().alias("sold"))
    bought = edges.group_by("window", pl.col("buyer").alias("member")).agg(pl.col("quantity").sum().alias("bought"))
    flat = sold.join(bought, on=["window", "member"]).filter(
        at_most((pl.col("sold") - pl.col("bought")).abs(), pl.col("sold") + pl.col("bought"), p.net_share_max_ppm)
    )
    strong = (
        edges.join(flat.rename({"member": "seller", "sold": "seller_sold", "bought": "seller_bought"}),
                   on=["window", "seller"])
        .join(flat.rename({"member": "buyer", "sold": "buyer_sold", "bought": "buyer_bought"}),
              on=["window", "buyer"])
        .filter(
            at_least(pl.col("quantity"), pl.col("seller_sold"), p.edge_share_ppm)
            & at_least(pl.col("quantity"), pl.col("buyer_bought"), p.edge_share_ppm)
        )
    )  # fmt: skip
    by_window: dict[int, list[dict[str, Any]]] = {}
    for row in strong.to_dicts():
        by_window.setdefault(row["window"], []).append(row)
    for window in sorted(by_window):
        yield from _rings(m, p, make, window, by_window[window])


def _rings(m: MarketFrames, p: Circular, make: Make, window: int, rows: list[dict[str, Any]]) -> Iterator[Alert]:
    graph: dict[str, set[str]] = {}
    gross: dict[str, int] = {}
    net: dict[str, int] = {}
    for row in rows:
        graph.setdefault(row["seller"], set()).add(row["buyer"])
        for role in ("seller", "buyer"):
            sold, bought = row[f"{role}_sold"], row[f"{role}_bought"]
            gross[row[role]], net[row[role]] = sold + bought, abs(sold - bought)
    for ring in strong_components(graph):
        members = set(ring)
        inside = [row for row in rows if row["seller"] in members and row["buyer"] in members]
        volume, count = sum(row["quantity"] for row in inside), sum(row["count"] for row in inside)
        total = sum(gross[member] for member in ring)
        is_inside = 2 * volume * PPM >= total * p.internal_share_ppm
        if len(ring) < p.members_min or count < p.trades_min or not is_inside:
            continue
        trades = m.trades_within(window * p.window_us, (window + 1) * p.window_us)
        both = pl.col("cluster").is_in(ring) & pl.col("counter_cluster").is_in(ring)
        trades = trades.filter(both & (pl.col("cluster") != pl.col("counter_cluster")))
        ids = Ids.of(trades)
        yield make(
            accounts=[*ids.accounts, *trades["counterparty"].unique().to_list()],
            market=m.market,
            window=(trades["time"][0], trades["time"][-1]),
            orders=[*ids.orders, *trades["counter_order"].unique().to_list()],
            trades=ids.trades,
            events=ids.events,
            features={
                "internal_share_ppm": 2 * volume * PPM // total,
                "members": len(ring),
                "net_share_ppm": sum(net[member] for member in ring) * PPM // total,
                "ring_trades": count,
                "ring_volume": volume,
            },
            score=score_of(2 * volume * PPM // total, p.internal_share_ppm),
        )


def painted_tape(m: MarketFrames, p: Painting, make: Make) -> Iterator[Alert]:
    """MA-08: one owner's aggressive prints of one side, many and small, each mostly beyond the one before.

    Without an aim for inventory: over all the owner's fills of the window, what is left is a small part of the volume.
    """
    window = (pl.col("time") // p.window_us).alias("window")
    key = ["window", "cluster"]
    prints = m.trades.with_columns(window).with_columns(
        ((pl.col("price") - pl.col("price").shift(1).over("window", "cluster", "side")) * pl.col("side").cast(pl.Int64))
        .alias("step")
    )  # fmt: skip
    runs = (
        prints.group_by("window", "cluster", "side")
        .agg(
            pl.len().alias("count"),
            (pl.col("step") > 0).sum().alias("beyond"),
            pl.col("quantity").quantile(0.5, "lower").cast(pl.Int64).alias("median"),
            pl.col("price").first().alias("price_first"),
            pl.col("price").last().alias("price_last"),
        )
        .filter(pl.col("count") >= p.prints_min)
        .filter(at_least(pl.col("beyond"), pl.col("count") - 1, p.one_way_share_ppm))
    )
    if not runs.height:
        return
    median = int(m.trades["quantity"].quantile(0.5, "lower") or 0)
    fills = m.fills.with_columns(window)
    inventory = fills.group_by(key).agg(m.signed().sum().abs().alias("net"), pl.col("quantity").sum().alias("gross"))
    runs = runs.join(inventory, on=key).filter(
        at_most(pl.col("median"), pl.lit(median), p.small_ppm)
        & at_most(pl.col("net"), pl.col("gross"), p.net_share_max_ppm)
    )
    for row in runs.sort("window", "cluster", "side").to_dicts():
        rows = fills.filter((pl.col("window") == row["window"]) & (pl.col("cluster") == row["cluster"]))
        yield make(
            **Ids.of(rows).fields(),
            market=m.market,
            window=(rows["time"][0], rows["time"][-1]),
            features={
                "direction": _SIDES.get(row["side"], "unknown"),
                "median_print": row["median"],
                "net_share_ppm": row["net"] * PPM // row["gross"],
                "one_way_share_ppm": row["beyond"] * PPM // max(row["count"] - 1, 1),
                "owner": row["cluster"],
                "price_first": row["price_first"],
                "price_last": row["price_last"],
                "prints": row["count"],
            },
            score=score_of(row["count"], p.prints_min),
        )
