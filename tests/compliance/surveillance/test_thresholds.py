"""Every detector finds its culprit, and each main threshold has its triplet: under, exact, over.

The culprit's own figure is read from the alert; the threshold is then set just under it, at it, and just over it. Where
a threshold is a maximum, the order turns round.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import pytest

from compliance.surveillance.alerts import Alert
from compliance.surveillance.inputs import Inputs
from compliance.surveillance.log import EventLog
from compliance.surveillance.parameters import SurveillanceParameters
from compliance.surveillance.runner import DETECTORS, run_detectors
from tests.compliance.surveillance.culprits import Culprit
from tests.compliance.surveillance.market import MAIN
from tests.compliance.surveillance.measure import guilty_world

DEFAULT = SurveillanceParameters()


class Guilty(NamedTuple):
    """A world with the culprits of one detector alone."""

    log: EventLog
    inputs: Inputs
    culprits: tuple[Culprit, ...]


@cache
def world_of(seed: int) -> tuple[EventLog, Inputs, tuple[Culprit, ...], tuple[Alert, ...]]:
    """A world with all culprits, and what all detectors say of it."""
    world, culprits = guilty_world(seed)
    log, inputs = world.tape.log(), world.inputs()
    return log, inputs, tuple(culprits), run_detectors(log, inputs).alerts


@cache
def guilty(detector: str, inside: str = "") -> Guilty:
    """The first world in which the detector's culprits are found, none being evasive; cut down to their markets.

    `inside`: of MA-09 alone, whether the culprit is an insider.
    """
    for seed in range(1, 20):
        log, inputs, culprits, alerts = world_of(seed)
        known = tuple(culprit for culprit in culprits if culprit.detector == detector)
        found = [alert for alert in alerts if alert.detector == detector]
        found = [alert for alert in found if any(culprit.accounts & set(alert.accounts) for culprit in known)]
        named = frozenset().union(*(alert.accounts for alert in found))
        is_wanted = not inside or any(alert.feature("is_insider") == inside for alert in found)
        if is_wanted and all(not culprit.evasive and culprit.accounts & named for culprit in known):
            markets = {alert.market for alert in found if alert.market} or {MAIN}
            frames = [log.market(market) for market in sorted(markets)]
            return Guilty(EventLog.of_frames(frames, [log.money()]), inputs, known)
    raise AssertionError("no world has such a culprit")


def field_of(detector: str) -> str:
    return detector.lower().replace("-", "_")


def alerts_with(detector: str, inside: str = "", **changes: int) -> list:
    """The detector's alerts on its culprits, with some of its thresholds changed."""
    case = guilty(detector, inside)
    name = field_of(detector)
    parameters = replace(DEFAULT, **{name: replace(getattr(DEFAULT, name), **changes)})
    result = run_detectors(case.log, case.inputs, parameters, only={detector})
    accounts = frozenset().union(*(culprit.accounts for culprit in case.culprits))
    return [alert for alert in result.alerts if accounts & set(alert.accounts)]


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_culprit_is_found(detector: str) -> None:
    case = guilty(detector)
    alerts = run_detectors(case.log, case.inputs, only={detector}).alerts
    assert all(alert.detector == detector for alert in alerts)
    for culprit in case.culprits:
        assert any(culprit.accounts & set(alert.accounts) for alert in alerts)


AT_LEAST = [
    ("MA-01", "own_share_ppm", "own_share_ppm", {}),
    ("MA-01", "trades_min", "self_trades", {}),
    ("MA-02", "internal_share_ppm", "internal_share_ppm", {}),
    ("MA-02", "trades_min", "ring_trades", {}),
    ("MA-02", "members_min", "members", {}),
    ("MA-03", "ratio_ppm", "ratio_ppm", {"episodes_min": 1}),
    ("MA-03", "episodes_min", "episodes", {}),
    ("MA-04", "rate_min", "peak_per_second", {}),
    ("MA-04", "order_to_trade_min", "order_to_trade", {}),
    ("MA-05", "move_min_ppm", "move_ppm", {}),
    ("MA-06", "share_ppm", "volume_share_ppm", {"trigger_share_ppm": 2_000_000}),
    ("MA-06", "trigger_share_ppm", "volume_share_ppm", {"close_period_us": 0}),
    ("MA-06", "reversal_ppm", "reversal_ppm", {"trigger_share_ppm": 2_000_000}),
    ("MA-07", "hhi_min_ppm", "buyers_hhi_ppm", {}),
    ("MA-07", "holder_share_ppm", "holder_share_ppm", {}),
    ("MA-08", "prints_min", "prints", {}),
    ("MA-08", "one_way_share_ppm", "one_way_share_ppm", {}),
    ("MA-10", "repeats_min", "occasions", {}),
    ("MA-11", "breach_share_ppm", "breach_share_ppm", {}),
    ("MA-11", "samples_min", "samples", {}),
    ("MA-12", "orders_min", "orders", {}),
    ("AML-02", "out_share_ppm", "out_share_ppm", {}),
    ("AML-02", "inflow_min", "inflow_value", {}),
    ("AML-03", "counterparties_min", "counterparties", {}),
    ("AML-04", "out_share_ppm", "out_share_ppm", {}),
    ("AML-05", "trips_min", "trips", {}),
    ("AML-06", "clients_min", "clients", {}),
    ("AML-07", "share_min_ppm", "tainted_share_ppm", {}),
]


@pytest.mark.parametrize(("detector", "threshold", "feature", "beside"), AT_LEAST)
def test_a_minimum_is_reached_at_its_value(detector: str, threshold: str, feature: str, beside: dict[str, int]) -> None:
    [alert, *_] = sorted(alerts_with(detector, **beside), key=lambda alert: -abs(int(alert.feature(feature))))
    value = abs(int(alert.feature(feature)))
    assert alerts_with(detector, **beside, **{threshold: value - 1})
    assert alerts_with(detector, **beside, **{threshold: value})
    assert not alerts_with(detector, **beside, **{threshold: value + 1})


@pytest.mark.parametrize(("inside", "own"), [("yes", "spreads_min_insider"), ("no", "spreads_min")])
def test_the_spreads_of_an_outsider_and_of_an_insider_have_their_own_minimum(inside: str, own: str) -> None:
    [alert] = alerts_with("MA-09", inside)
    value = int(alert.feature("spreads"))
    [other] = {"spreads_min", "spreads_min_insider"} - {own}
    assert alerts_with("MA-09", inside, **{own: value - 1}) and alerts_with("MA-09", inside, **{own: value})
    assert not alerts_with("MA-09", inside, **{own: value + 1})
    assert alerts_with("MA-09", inside, **{other: value + 1})


def test_the_life_of_stuffed_orders_is_a_maximum() -> None:
    value = int(alerts_with("MA-04")[0].feature("life_median_us"))
    assert alerts_with("MA-04", life_median_max_us=value + 1) and alerts_with("MA-04", life_median_max_us=value)
    assert not alerts_with("MA-04", life_median_max_us=value - 1)


def test_the_z_of_messages_is_a_minimum() -> None:
    value = int(alerts_with("MA-04")[0].feature("z_ppm"))
    assert alerts_with("MA-04", z_min_ppm=value - 1)
    assert alerts_with("MA-04", z_min_ppm=value) and not alerts_with("MA-04", z_min_ppm=value + 1)


def test_nothing_left_and_nothing_traded_meet_a_maximum_of_zero() -> None:
    assert int(alerts_with("MA-08")[0].feature("net_share_ppm")) == 0 and alerts_with("MA-08", net_share_max_ppm=0)
    assert alerts_with("AML-02", traded_share_max_ppm=0)
