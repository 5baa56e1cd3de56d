"""Plain twins of what the detectors compute with joins: loops over rows, with no thought for speed."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import polars as pl

from compliance.surveillance.events import EventKind
from compliance.surveillance.parameters import Layering, Wash

__all__ = ["plain_layers", "plain_orders", "plain_quotes", "plain_wash"]

Rows = list[dict[str, Any]]


def plain_orders(events: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """What became of each order: its fields when placed, when it rested and ended, and how much was filled."""
    found: dict[int, dict[str, Any]] = {}
    for row in events.to_dicts():
        kind = row["kind"]
        if kind == EventKind.PLACED:
            found[row["order"]] = {
                "account": row["account"], "side": row["side"], "quantity": row["quantity"], "price": row["price"],
                "placed": row["time"], "placed_at": row["sequence"], "rested": None, "ended": None, "ended_at": None,
                "by_user": False, "filled": 0,
            }  # fmt: skip
            continue
        order = found[row["order"]]
        if kind == EventKind.RESTED:
            order["rested"] = row["time"]
        elif kind in (EventKind.TRADED_MAKER, EventKind.TRADED_TAKER):
            order["filled"] += row["quantity"]
            if order["filled"] == order["quantity"]:
                order["ended"], order["ended_at"] = row["time"], row["sequence"]
        elif kind in (EventKind.CANCELLED, EventKind.EXPIRED):
            order["ended"], order["ended_at"] = row["time"], row["sequence"]
            order["by_user"] = kind == EventKind.CANCELLED and row["reason"] in (1, 2)
    return found


def plain_layers(events: pl.DataFrame, p: Layering) -> set[tuple[str, int, int, int]]:
    """Episodes of MA-03 before their ratio is asked: (account, own filled order, layered, opposite)."""
    orders, rows = plain_orders(events), events.to_dicts()
    fills = [row for row in rows if row["kind"] in (EventKind.TRADED_MAKER, EventKind.TRADED_TAKER)]
    layered: dict[tuple[str, int], int] = defaultdict(int)
    times: dict[tuple[str, int], tuple[int, int, int]] = {}
    for order in orders.values():
        few = order["filled"] * 10**6 <= order["quantity"] * p.filled_share_max_ppm
        if not (order["by_user"] and few and order["ended"] - order["placed"] <= p.lookback_us + p.cancel_within_us):
            continue
        own = [
            row for row in fills
            if row["account"] == order["account"] and row["side"] == -order["side"]
            and row["sequence"] <= order["ended_at"]
        ]  # fmt: skip
        if not own:
            continue
        last = own[-1]
        soon = order["ended"] - last["time"] <= p.cancel_within_us
        if last["sequence"] > order["placed_at"] and soon and last["time"] - order["placed"] <= p.lookback_us:
            key = (order["account"], last["order"])
            layered[key] += order["quantity"] - order["filled"]
            before = times.get(key, (0, 0, 0))
            times[key] = max(before, (last["sequence"], last["time"], last["side"]))
    found = set()
    for (account, fill_order), quantity in layered.items():
        at, time, side = times[account, fill_order]
        filled = sum(row["quantity"] for row in fills if row["order"] == fill_order and row["account"] == account)
        beside = sum(
            order["quantity"] for order in orders.values()
            if order["account"] == account and order["side"] == side
            and order["placed_at"] <= at and order["placed"] >= time - p.lookback_us
        )  # fmt: skip
        found.add((account, fill_order, quantity, max(filled, beside)))
    return found


def plain_quotes(events: pl.DataFrame, account: str, moments: list[int]) -> list[tuple[int | None, int | None]]:
    """An account's best own bid and ask at moments: what rested by then and had not ended."""
    orders = [order for order in plain_orders(events).values() if order["account"] == account]
    found = []
    for moment in moments:
        live = [
            order for order in orders
            if order["rested"] is not None and order["rested"] <= moment
            and (order["ended"] is None or order["ended"] > moment)
        ]  # fmt: skip
        bids = [order["price"] for order in live if order["side"] == 1]
        asks = [order["price"] for order in live if order["side"] == -1]
        found.append((max(bids, default=None), min(asks, default=None)))
    return found


def plain_wash(events: pl.DataFrame, owners: dict[str, str], p: Wash) -> set[tuple[str, int, int, int]]:
    """(owner, window, self volume, own share in ppm) of what MA-01 must say."""
    own: dict[tuple[str, int], list[int]] = defaultdict(list)
    volume: dict[tuple[str, int], int] = defaultdict(int)
    for row in events.to_dicts():
        if row["kind"] not in (EventKind.TRADED_MAKER, EventKind.TRADED_TAKER):
            continue
        window = row["time"] // p.window_us
        one, other = (owners.get(row[name], row[name]) for name in ("account", "counterparty"))
        volume[one, window] += row["quantity"]
        if one == other and row["kind"] == EventKind.TRADED_TAKER:
            own[one, window].append(row["quantity"])
    return {
        (owner, window, sum(fills), 2 * sum(fills) * 10**6 // volume[owner, window])
        for (owner, window), fills in own.items()
        if len(fills) >= p.trades_min and 2 * sum(fills) * 10**6 >= volume[owner, window] * p.own_share_ppm
    }
