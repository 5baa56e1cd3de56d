"""Through which addresses: AML-03 fan-in and fan-out, AML-06 shared instruments, AML-07 tagged addresses.

Cost: money events only; the graph of addresses is as large as the chain analysis that was given.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from compliance.surveillance.alerts import PPM, Alert, score_of
from compliance.surveillance.detectors.aml_money import INFLOW, OUTFLOW
from compliance.surveillance.frames import Make
from compliance.surveillance.inputs import ChainTransfer, Inputs
from compliance.surveillance.parameters import DAY_US, FanInOut, SharedInstruments, TaintedExposure

__all__ = ["fan_in_out", "hops_to_tags", "shared_instruments", "tainted_exposure"]


def fan_in_out(money: pl.DataFrame, p: FanInOut, make: Make) -> Iterator[Alert]:
    """AML-03: far more distinct addresses within a day than on the same person's days before, in or out.

    The baseline is the distinct addresses of each of the days before, from the person's first movement on, quiet days
    counted as zero. One alert for each run of days.
    """
    since = dict(money.group_by("cluster").agg(pl.col("time").min() // DAY_US).rows())
    known = money.filter(pl.col("address").is_not_null())
    for word, kinds in (("in", INFLOW), ("out", OUTFLOW)):
        flows = known.filter(pl.col("kind").is_in(kinds))
        busy = flows.group_by("cluster").agg(pl.col("address").n_unique()).filter(
            pl.col("address") >= p.counterparties_min
        )  # fmt: skip
        for owner in sorted(busy["cluster"].to_list()):
            events = flows.filter(pl.col("cluster") == owner).sort("sequence", "place").to_dicts()
            yield from _fans(events, word, since[owner], p, make)


def _fans(events: list[dict[str, Any]], word: str, since: int, p: FanInOut, make: Make) -> Iterator[Alert]:
    by_day: dict[int, set[str]] = {}
    for event in events:
        by_day.setdefault(event["time"] // DAY_US, set()).add(event["address"])
    quiet_until, stop = -1, 0
    seen: Counter[str] = Counter()
    for place, event in enumerate(events):
        if place:
            seen[events[place - 1]["address"]] -= 1
            if not seen[events[place - 1]["address"]]:
                del seen[events[place - 1]["address"]]
        while stop < len(events) and events[stop]["time"] < event["time"] + p.window_us:
            seen[events[stop]["address"]] += 1
            stop += 1
        if event["time"] <= quiet_until:
            continue
        count = len(seen)
        day = event["time"] // DAY_US
        baseline = [len(by_day.get(each, ())) for each in range(max(day - p.baseline_days, since), day)]
        if len(baseline) < p.baseline_days_min:
            if count < p.counterparties_min_new:
                continue
        elif count < p.counterparties_min or not _is_beyond(count, baseline, p.z_min_ppm):
            continue
        quiet_until = event["time"] + p.window_us
        inside = events[place:stop]
        yield make(
            accounts={each["account"] for each in inside},
            market=None,
            window=(event["time"], inside[-1]["time"]),
            events=[each["sequence"] for each in inside],
            features={
                "baseline_mean_ppm": sum(baseline) * PPM // max(len(baseline), 1),
                "counterparties": count,
                "direction": word,
            },
            score=score_of(count, p.counterparties_min),
        )


def _is_beyond(count: int, baseline: list[int], z_ppm: int) -> bool:
    """Whether count is z spreads above the mean of the baseline; exact, in integers.

    The variance is at least one, and at least the mean, as that of any count of independent arrivals is.
    """
    days = max(len(baseline), 1)
    above = count * days - sum(baseline)
    observed = sum(each * each for each in baseline) * days - sum(baseline) ** 2
    variance = max(observed, sum(baseline) * days, days * days)
    return above > 0 and (above * PPM) ** 2 >= z_ppm * z_ppm * variance


def shared_instruments(money: pl.DataFrame, inputs: Inputs, p: SharedInstruments, make: Make) -> Iterator[Alert]:
    """AML-06: one withdrawal address, or one device, with several clients who have no owner in common."""
    out = money.filter(pl.col("kind").is_in(OUTFLOW) & pl.col("address").is_not_null())
    used = out.group_by("address").agg(
        pl.col("cluster").n_unique().alias("clients"), pl.col("account").unique(), pl.col("sequence"),
        pl.col("time").min().alias("start"), pl.col("time").max().alias("end"),
    )  # fmt: skip
    for row in used.filter(pl.col("clients") >= p.clients_min).sort("address").to_dicts():
        yield make(
            accounts=row["account"],
            market=None,
            window=(row["start"], row["end"]),
            events=row["sequence"],
            features={"clients": row["clients"], "instrument": row["address"], "kind": "withdrawal address"},
            score=score_of(row["clients"], p.clients_min),
        )
    seen: dict[str, set[str]] = {}
    for account, devices in (inputs.devices or {}).items():
        for device in devices:
            seen.setdefault(device, set()).add(account)
    for device, accounts in sorted(seen.items()):
        clients = {inputs.cluster(account) for account in accounts}
        rows = money.filter(pl.col("account").is_in(sorted(accounts)))
        if len(clients) < p.clients_min or not rows.height:
            continue
        yield make(
            accounts=accounts,
            market=None,
            window=(int(rows["time"].min() or 0), int(rows["time"].max() or 0)),  # type: ignore[arg-type]  # integers
            events=rows["sequence"].to_list(),
            features={"clients": len(clients), "instrument": device, "kind": "device"},
            score=score_of(len(clients), p.clients_min),
        )


def hops_to_tags(
    tagged: Mapping[str, str], transfers: Iterable[ChainTransfer], hops_max: int
) -> dict[str, tuple[int, str]]:
    """Each address within so many hops of a tagged one, either way, with its hops and the tag. A tagged one is at 0."""
    beside: dict[str, set[str]] = {}
    for source, target in transfers:
        beside.setdefault(source, set()).add(target)
        beside.setdefault(target, set()).add(source)
    found = {address: (0, tag) for address, tag in sorted(tagged.items())}
    queue = deque(sorted(found))
    while queue:
        address = queue.popleft()
        hops, tag = found[address]
        if hops < hops_max:
            for following in sorted(beside.get(address, ())):
                if following not in found:
                    found[following] = (hops + 1, tag)
                    queue.append(following)
    return found


def tainted_exposure(money: pl.DataFrame, inputs: Inputs, p: TaintedExposure, make: Make) -> Iterator[Alert]:
    """AML-07: a share of a person's transfers by value is within hops of tagged addresses.

    Hops: an own counterparty that is tagged is at one hop. Transfers without an address count in the whole.
    """
    assert inputs.tagged_addresses is not None, "the runner asks for them first"
    near = hops_to_tags(inputs.tagged_addresses, inputs.chain_transfers or (), p.hops_max - 1)
    hops = pl.DataFrame(
        {
            "address": list(near),
            "hops": [steps + 1 for steps, _ in near.values()],
            "tag": [t for _, t in near.values()],
        },
        schema={"address": pl.String, "hops": pl.Int64, "tag": pl.String},
    )
    flows = money.filter(pl.col("kind").is_in([*INFLOW, *OUTFLOW]) & pl.col("value").is_not_null())
    flows = flows.join(hops, on="address", how="left", maintain_order="left")
    totals = flows.group_by("cluster").agg(
        pl.col("value").cast(pl.Int128).sum().alias("total"),
        pl.col("value").cast(pl.Int128).filter(pl.col("hops").is_not_null()).sum().alias("tainted"),
        pl.col("hops").min(),
    )
    for row in totals.filter(pl.col("hops").is_not_null()).sort("cluster").to_dicts():
        if row["tainted"] * PPM < row["total"] * p.share_min_ppm:
            continue
        own = flows.filter((pl.col("cluster") == row["cluster"]) & pl.col("hops").is_not_null())
        yield make(
            accounts=own["account"].unique().to_list(),
            market=None,
            window=(int(own["time"][0]), int(own["time"][-1])),
            events=own["sequence"].to_list(),
            features={
                "hops_least": row["hops"],
                "tags": ",".join(sorted(set(own["tag"]))),
                "tainted_share_ppm": row["tainted"] * PPM // max(row["total"], 1),
                "tainted_value": row["tainted"],
            },
            score=score_of(row["tainted"] * PPM // max(row["total"], 1), p.share_min_ppm),
        )
