"""Against clients and news: MA-09 trading before an announcement, MA-10 front-running of client orders.

Cost: MA-09 one group-by over the fills before each announcement; MA-10 one merge by position for each house owner.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from compliance.surveillance.alerts import PPM, Alert, score_of
from compliance.surveillance.frames import Ids, Make, MarketFrames
from compliance.surveillance.inputs import HOUSE_RELATIONS, INSIDE_RELATIONS, Announcement
from compliance.surveillance.parameters import FrontRunning, Insider

__all__ = ["front_running", "insider_trades"]


def insider_trades(m: MarketFrames, p: Insider, make: Make) -> Iterator[Alert]:
    """MA-09: profit from before the news to after it, far above that of the others who traded then.

    Profit: what was bought less what was paid, at the mean price after the news; spreads are median absolute deviations
    of all owners who traded before the news. Insiders (staff, affiliates, the news' own list) have a lower threshold.
    """
    for news in sorted(news for news in m.inputs.announcements or () if news.market == m.market):
        yield from _before(m, p, make, news)


def _before(m: MarketFrames, p: Insider, make: Make, news: Announcement) -> Iterator[Alert]:
    early = m.fills_within(news.time_us - p.before_us, news.time_us)
    late = m.trades_within(news.time_us, news.time_us + p.after_us)
    if not late.height or not early.height:
        return
    quantity, notional = int(late["quantity"].sum()), _notional(late)
    after = notional // quantity
    price, steps = pl.col("price").cast(pl.Int128), m.signed().cast(pl.Int128)
    owners = early.group_by("cluster").agg(
        (steps * (after - price)).sum().alias("profit"),
        m.signed().sum().alias("net"),
        pl.col("quantity").sum().alias("gross"),
        (price * pl.col("quantity").cast(pl.Int128)).sum().alias("paid"),
    )
    profits = sorted(int(profit) for profit in owners["profit"])
    if len(profits) < p.controls_min:
        return
    median = profits[(len(profits) - 1) // 2]
    spread = max(sorted(abs(profit - median) for profit in profits)[(len(profits) - 1) // 2], 1)
    inside = m.inputs.accounts_with(INSIDE_RELATIONS) | news.insiders
    inside_owners = {m.inputs.cluster(account) for account in inside}
    for row in owners.sort("cluster").to_dicts():
        is_inside = row["cluster"] in inside_owners
        needed = p.spreads_min_insider if is_inside else p.spreads_min
        profit, paid = int(row["profit"]), int(row["paid"])
        is_one_way = abs(row["net"]) * PPM >= row["gross"] * p.one_way_ppm
        if profit - median < needed * spread or profit * PPM < paid * p.return_min_ppm or not is_one_way:
            continue
        own = early.filter(pl.col("cluster") == row["cluster"])
        yield make(
            **Ids.of(own).fields(),
            market=m.market,
            window=(int(own["time"][0]), news.time_us),
            features={
                "is_insider": "yes" if is_inside else "no",
                "news": news.kind,
                "news_time_us": news.time_us,
                "net_quantity": row["net"],
                "owner": row["cluster"],
                "price_after": after,
                "return_ppm": profit * PPM // paid,
                "spreads": (profit - median) // spread,
            },
            score=score_of((profit - median) // spread, needed),
        )


def _notional(rows: pl.DataFrame) -> int:
    product = pl.col("price").cast(pl.Int128) * pl.col("quantity").cast(pl.Int128)
    return int(rows.select(product.sum()).item())


def front_running(m: MarketFrames, p: FrontRunning, make: Make) -> Iterator[Alert]:
    """MA-10: a linked owner's aggressive fill within moments before a large client order, the client filled at worse.

    Counted for each owner and window; once may be chance. Linked: house, affiliates and staff.
    """
    linked = m.inputs.accounts_with(HOUSE_RELATIONS)
    owners = sorted({m.inputs.cluster(account) for account in linked})
    own_fills = m.trades.filter(pl.col("cluster").is_in(owners))
    if not own_fills.height:
        return
    paid = m.trades.group_by("order").agg(
        (pl.col("price").cast(pl.Int128) * pl.col("quantity").cast(pl.Int128)).sum().alias("paid"),
        pl.col("quantity").sum().alias("bought"),
    )
    large = (
        m.orders.filter(
            (pl.col("quantity") >= max(m.median_order, 1) * p.large_multiple) & ~pl.col("cluster").is_in(owners)
        )
        .join(paid, on="order")
        .select("order", "account", "side", "placed", "placed_at", "paid", "bought", "quantity")
        .sort("placed_at")
    )
    for owner in owners:
        fills = own_fills.filter(pl.col("cluster") == owner).select(
            "side", pl.col("sequence").alias("ahead_at"), pl.col("time").alias("ahead"),
            pl.col("price").alias("ahead_price"), pl.col("trade").alias("ahead_trade"),
            pl.col("order").alias("ahead_order"), pl.col("account").alias("ahead_account"),
        )  # fmt: skip
        pairs = large.join_asof(
            fills, left_on="placed_at", right_on="ahead_at", by="side", strategy="backward", coalesce=False,
            allow_exact_matches=False, check_sortedness=False,
        ).filter(
            (pl.col("placed") - pl.col("ahead") <= p.ahead_us)
            # Worse than the fill ahead: (paid / bought - ahead) has the sign of the side.
            & ((pl.col("paid") - pl.col("ahead_price").cast(pl.Int128) * pl.col("bought").cast(pl.Int128))
               * pl.col("side").cast(pl.Int128) > 0)
        ).unique("ahead_order", keep="first", maintain_order=True)  # fmt: skip
        windows = pairs.with_columns((pl.col("placed") // p.window_us).alias("window"))
        for (window,), rows in sorted(windows.partition_by("window", as_dict=True).items(), key=lambda pair: pair[0]):
            if rows.height < p.repeats_min:
                continue
            yield make(
                accounts=rows["ahead_account"].unique().to_list(),
                market=m.market,
                window=(int(rows["ahead"].min() or 0), int(rows["placed"].max() or 0)),  # type: ignore[arg-type]  # integers
                orders=[*rows["ahead_order"].to_list(), *rows["order"].to_list()],
                trades=rows["ahead_trade"].to_list(),
                events=[*rows["ahead_at"].to_list(), *rows["placed_at"].to_list()],
                features={
                    "client_accounts": rows["account"].n_unique(),
                    "client_quantity": int(rows["quantity"].sum()),
                    "microseconds_ahead_least": int((rows["placed"] - rows["ahead"]).min() or 0),  # type: ignore[arg-type]  # integers
                    "occasions": rows.height,
                    "owner": owner,
                    "window": int(window),
                },
                score=score_of(rows.height, p.repeats_min),
            )
