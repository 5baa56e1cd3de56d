"""What came and what left: AML-01 structuring, 02 rapid in-out, 04 dormancy, 05 round trip, 08 large coin day.

A person is a beneficial owner (`cluster`). In: money events with `cluster`, and what the markets gave of some accounts.
Cost: money events are few beside order events; those that pass a filter are walked in Python.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise

import polars as pl

from compliance.surveillance.alerts import PPM, Alert, score_of
from compliance.surveillance.events import MoneyKind
from compliance.surveillance.frames import Make, bounded_groups
from compliance.surveillance.inputs import Inputs
from compliance.surveillance.parameters import Dormancy, LargeCoinDay, Limit, RapidInOut, RoundTrip, Structuring

__all__ = [
    "INFLOW",
    "OUTFLOW",
    "dormancy_breaks",
    "large_coin_days",
    "movers",
    "rapid_in_out",
    "round_trips",
    "structuring",
]

INFLOW = (int(MoneyKind.DEPOSIT),)
OUTFLOW = (int(MoneyKind.WITHDRAWAL_REQUESTED),)
"""A withdrawal counts when it is asked for: the intent is the customer's then, whatever becomes of it."""
_WAYS = (INFLOW, OUTFLOW)


def _of(money: pl.DataFrame, kinds: tuple[int, ...]) -> pl.DataFrame:
    return money.filter(pl.col("kind").is_in(kinds))


def limit_value(limit: Limit, inputs: Inputs) -> int | None:
    """A limit in millionths of the unit of account; None without a rate."""
    rate = inputs.rates.get(limit.currency)
    return None if rate is None else limit.amount * rate


def structuring(money: pl.DataFrame, inputs: Inputs, p: Structuring, make: Make) -> Iterator[Alert]:
    """AML-01: several amounts just under a limit within a window, together at least the limit, one way.

    The least of the windows that catches is named; occasions that run into each other are one alert.
    """
    for limit in p.limits:
        value = limit_value(limit, inputs)
        if value is None:
            continue
        near = pl.col("value").cast(pl.Int128)
        is_near = (near * PPM >= value * p.near_ppm) & (near < value)
        for word, kinds in (("in", INFLOW), ("out", OUTFLOW)):
            rows = _of(money, kinds).filter(is_near).sort("sequence", "place").to_dicts()
            for group in bounded_groups(rows, "cluster", "time", max(p.windows_us)):
                found = _least_window([row["time"] for row in group], p)
                total = sum(row["value"] for row in group)
                if found is None or total < value:
                    continue
                yield make(
                    accounts={row["account"] for row in group},
                    market=None,
                    window=(group[0]["time"], group[-1]["time"]),
                    events=[row["sequence"] for row in group],
                    features={
                        "amounts": len(group),
                        "direction": word,
                        "limit": f"{limit.amount} {limit.currency}",
                        "total_value": total,
                        "window_days": found // (86_400 * PPM),
                    },
                    score=score_of(len(group), p.count_min),
                )


def _least_window(times: list[int], p: Structuring) -> int | None:
    """The shortest window that holds enough of the times, which rise."""
    spans = [last - first for first, last in zip(times, times[p.count_min - 1 :], strict=False)]
    return next((window for window in sorted(p.windows_us) if spans and min(spans) <= window), None)


def movers(money: pl.DataFrame) -> list[str]:
    """The accounts of persons with money in and out: of theirs alone the markets must say what they traded."""
    both = set(_of(money, INFLOW)["cluster"]) & set(_of(money, OUTFLOW)["cluster"])
    return sorted(set(money.filter(pl.col("cluster").is_in(sorted(both)))["account"]))


def rapid_in_out(money: pl.DataFrame, traded: pl.DataFrame, p: RapidInOut, make: Make) -> Iterator[Alert]:
    """AML-02: from a deposit on, most of what came in within the window left in it, with little trading.

    `traded`: fills of the persons concerned (`cluster`, `time`, `value`).
    """
    flows = money.filter(pl.col("kind").is_in([*INFLOW, *OUTFLOW]) & pl.col("value").is_not_null())
    found: dict[str, int] = {}
    for (owner,), rows in sorted(flows.partition_by("cluster", as_dict=True).items(), key=lambda pair: str(pair[0])):
        events = rows.sort("sequence", "place").to_dicts()
        fills: pl.DataFrame | None = None
        times = [event["time"] for event in events]
        came, left = ([0, *accumulate(e["value"] if e["kind"] in kinds else 0 for e in events)] for kinds in _WAYS)
        for place, event in enumerate(events):
            if event["kind"] not in INFLOW or event["time"] <= found.get(str(owner), -1):
                continue
            end = event["time"] + p.window_us
            stop = bisect_right(times, end)
            inflow, outflow = came[stop] - came[place], left[stop] - left[place]
            if inflow < p.inflow_min or outflow * PPM < inflow * p.out_share_ppm:
                continue
            # Asked for where the money has spoken: most people's fills are never looked at.
            fills = traded.filter(pl.col("cluster") == owner) if fills is None else fills
            within = fills.filter(pl.col("time").is_between(event["time"], end))
            value = int(within["value"].cast(pl.Int128).sum())
            if value * PPM > inflow * p.traded_share_max_ppm:
                continue
            found[str(owner)] = end
            inside = events[place:stop]
            yield make(
                accounts={each["account"] for each in inside},
                market=None,
                window=(event["time"], inside[-1]["time"]),
                events=[each["sequence"] for each in inside],
                features={
                    "inflow_value": inflow,
                    "out_share_ppm": outflow * PPM // inflow,
                    "outflow_value": outflow,
                    "traded_share_ppm": value * PPM // inflow,
                },
                score=score_of(outflow * PPM // inflow, p.out_share_ppm),
            )


def dormancy_breaks(
    money: pl.DataFrame, activity: pl.DataFrame, inputs: Inputs, p: Dormancy, make: Make
) -> Iterator[Alert]:
    """AML-04: nothing for a long time, then most of a balance out.

    `activity`: the first and last time of each account and day on which it did anything (`account`, `first`, `last`).
    """
    spans: dict[str, list[tuple[int, int]]] = {}
    for account, since, until in activity.select("account", "first", "last").iter_rows():
        spans.setdefault(account, []).append((since, until))
    for account, time in (inputs.last_activity or {}).items():
        spans.setdefault(account, []).append((time, time))
    woken: dict[str, list[int]] = {}
    for account, times in spans.items():
        times.sort()
        for (_, last), (first, _) in pairwise(times):
            if first - last >= p.silence_us:
                woken.setdefault(account, []).append(first)
    outflows = _of(money, OUTFLOW).filter(pl.col("account").is_in(sorted(woken)) & (pl.col("balance") > 0))
    for (account, asset), rows in sorted(
        outflows.partition_by("account", "asset", as_dict=True).items(), key=lambda pair: tuple(map(str, pair[0]))
    ):
        for time in woken[str(account)]:
            inside = rows.filter(pl.col("time").is_between(time, time + p.window_us)).sort("sequence", "place")
            if not inside.height:
                continue
            out, balance = int(inside["amount"].cast(pl.Int128).sum()), int(inside["balance"][0])
            if out * PPM < balance * p.out_share_ppm:
                continue
            yield make(
                accounts=[str(account)],
                market=None,
                window=(time, int(inside["time"][-1])),
                events=inside["sequence"].to_list(),
                features={
                    "asset": str(asset),
                    "balance": balance,
                    "out_share_ppm": out * PPM // balance,
                    "outflow": out,
                    "woke_us": time,
                },
                score=score_of(out * PPM // balance, p.out_share_ppm),
            )


def round_trips(money: pl.DataFrame, traded: pl.DataFrame, p: RoundTrip, make: Make) -> Iterator[Alert]:
    """AML-05: in with one asset, converted, out with another at the same value, several times."""
    flows = money.filter(pl.col("kind").is_in([*INFLOW, *OUTFLOW]) & pl.col("value").is_not_null())
    trips: list[dict[str, object]] = []
    for (owner,), rows in flows.partition_by("cluster", as_dict=True).items():
        events = rows.sort("sequence", "place").to_dicts()
        used: set[tuple[int, int]] = set()
        fills: pl.DataFrame | None = None
        for place, event in enumerate(events):
            if event["kind"] not in INFLOW:
                continue
            end, value = event["time"] + p.trip_us, event["value"]
            for later in events[place + 1 :]:
                key = (later["sequence"], later["place"])
                if later["time"] > end:
                    break
                is_same = abs(later["value"] - value) * PPM <= value * p.value_tolerance_ppm
                if later["kind"] in INFLOW or later["asset"] == event["asset"] or key in used or not is_same:
                    continue
                fills = traded.filter(pl.col("cluster") == owner) if fills is None else fills
                between = fills.filter(pl.col("time").is_between(event["time"], later["time"]))
                if int(between["value"].cast(pl.Int128).sum()) * PPM < value * p.converted_share_ppm:
                    continue
                used.add(key)
                trips.append({"owner": str(owner), "time": event["time"], "in": event, "out": later, "value": value})
                break
    for group in bounded_groups(trips, "owner", "time", p.repeat_window_us):
        if len(group) < p.trips_min:
            continue
        ends = [trip[end] for trip in group for end in ("in", "out")]
        yield make(
            accounts={end["account"] for end in ends},
            market=None,
            window=(min(end["time"] for end in ends), max(end["time"] for end in ends)),
            events=[end["sequence"] for end in ends],
            features={
                "from_assets": ",".join(sorted({trip["in"]["asset"] for trip in group})),
                "to_assets": ",".join(sorted({trip["out"]["asset"] for trip in group})),
                "trips": len(group),
                "value": sum(trip["value"] for trip in group),
            },
            score=score_of(len(group), p.trips_min),
        )


def large_coin_days(
    money: pl.DataFrame, coin_trades: pl.DataFrame, inputs: Inputs, p: LargeCoinDay, make: Make
) -> Iterator[Alert]:
    """AML-08: a person's coin-to-coin value of a day is more than the limit.

    `coin_trades`: by account and day, the value of fills in markets of two coins (`account`, `cluster`, `day`, `value`,
    `first`, `last`, `start`, `end`). With transfers: coin deposits and withdrawals count as well.
    """
    value = limit_value(p.limit, inputs)
    assert value is not None and inputs.fiat_assets is not None, "the runner asks for both first"
    day = ((pl.col("time") + p.day_offset_us) // (86_400 * PPM)).alias("day")
    parts = [coin_trades.with_columns(pl.col("value").cast(pl.Int128))]
    if p.with_transfers:
        coins = money.filter(
            pl.col("kind").is_in([*INFLOW, *OUTFLOW])
            & ~pl.col("asset").is_in(sorted(inputs.fiat_assets))
            & pl.col("value").is_not_null()
        )
        parts.append(
            coins.group_by("account", "cluster", day).agg(
                pl.col("value").cast(pl.Int128).sum(),
                pl.col("sequence").min().alias("first"), pl.col("sequence").max().alias("last"),
                pl.col("time").min().alias("start"), pl.col("time").max().alias("end"),
            )
        )  # fmt: skip
    if p.domiciles:
        known = [name for name, facts in (inputs.accounts or {}).items() if facts.domicile not in ("", *p.domiciles)]
        parts = [part.filter(~pl.col("account").is_in(known)) for part in parts]
    days = (
        pl.concat(parts)
        .group_by("cluster", "day")
        .agg(
            pl.col("account").unique(), pl.col("value").sum(), pl.col("first").min(), pl.col("last").max(),
            pl.col("start").min(), pl.col("end").max(),
        )
        .filter(pl.col("value") > value)
    )  # fmt: skip
    for row in days.sort("day", "cluster").to_dicts():
        day_end = (row["day"] + 1) * 86_400 * PPM - p.day_offset_us
        yield make(
            accounts=row["account"],
            market=None,
            window=(row["start"], row["end"]),
            events=[row["first"], row["last"]],
            features={"due_us": day_end + p.clock_us, "owner": row["cluster"], "value": int(row["value"])},
            score=score_of(int(row["value"]), value),
        )
