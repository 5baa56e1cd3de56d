"""The whole: batches do not matter, what could not run or was not read is named, and nothing is cut off unsaid."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random

import polars as pl
import pytest

from compliance.surveillance import require_tables
from compliance.surveillance.alerts import IDS_MAX, NOT_YET, Alert, Span, score_of
from compliance.surveillance.events import order_frame
from compliance.surveillance.inputs import Inputs
from compliance.surveillance.log import EventLog, EventWriter, join_spans
from compliance.surveillance.runner import DETECTORS, LEFT_OUT, run_detectors
from ledger.canonical import canonical, parse
from ledger.errors import InputError
from tests.compliance.surveillance.measure import guilty_world, measure
from tests.compliance.surveillance.tape import Tape

FLOORS = {
    "AML-01": (100, 100), "AML-02": (100, 100), "AML-03": (100, 90), "AML-04": (100, 100), "AML-05": (100, 100),
    "AML-06": (100, 100), "AML-07": (100, 100), "AML-08": (100, 100), "MA-01": (100, 60), "MA-02": (80, 90),
    "MA-03": (100, 80), "MA-04": (100, 100), "MA-05": (60, 90), "MA-06": (80, 70), "MA-07": (100, 90),
    "MA-08": (80, 90), "MA-09": (50, 90), "MA-10": (100, 90), "MA-11": (100, 90), "MA-12": (100, 90),
}  # fmt: skip
"""Recall of those who are not evasive and precision, per cent, that the short form must not fall below."""


@pytest.fixture(scope="module")
def world():
    return guilty_world(2)[0]


@pytest.fixture(scope="module")
def result(world):
    return run_detectors(world.tape.log(), world.inputs())


def test_precision_and_recall_do_not_fall() -> None:
    scores = measure(range(101, 106))
    assert scores.keys() == FLOORS.keys()
    fallen = {
        name: (score.recall_ppm, score.precision_ppm)
        for name, score in scores.items()
        if score.recall_ppm < FLOORS[name][0] * 10_000 or score.precision_ppm < FLOORS[name][1] * 10_000
    }
    assert not fallen


def test_the_same_seed_is_the_same_world_and_the_same_result(world, result) -> None:
    again = guilty_world(2)[0]
    assert again.tape.rows == world.tape.rows and again.tape.money_rows == world.tape.money_rows
    assert run_detectors(again.tape.log(), again.inputs()).data() == result.data()


def test_however_the_log_is_cut_the_result_is_the_same(world, result, tmp_path) -> None:
    rng = Random(5)
    orders, money = world.tape.orders_frame(), world.tape.money_frame()
    last = world.tape.sequence
    cuts = [0, *sorted(rng.sample(range(1, last), 7)), last]
    spans = [Span(low + 1, high) for low, high in pairwise(cuts)]
    rng.shuffle(spans)
    parts = []
    for span in spans:
        inside = pl.col("sequence").is_between(*span)
        # Rows of one batch in any order, too.
        parts.append((span, orders.filter(inside).sample(fraction=1.0, shuffle=True, seed=3), money.filter(inside)))
    in_memory = EventLog.of_frames([part[1] for part in parts], [part[2] for part in parts], spans)
    assert run_detectors(in_memory, world.inputs()).data() == result.data()
    writer = EventWriter(tmp_path)
    for span, some_orders, some_money in parts:
        writer.add(span, some_orders, some_money)
    on_disk = run_detectors(EventLog.open(tmp_path), world.inputs())
    assert on_disk.hash() == result.hash() and on_disk.spans == (Span(1, last),) and not on_disk.gaps


def test_positions_that_were_not_read_are_named(world) -> None:
    orders = world.tape.orders_frame()
    log = EventLog.of_frames([orders.head(10)], spans=[Span(50, 60), Span(1, 20), Span(18, 30)])
    result = run_detectors(log)
    assert result.spans == (Span(1, 30), Span(50, 60)) and result.gaps == [Span(31, 49)]
    assert result.document()["coverage"]["gaps"] == [[31, 49]]


def test_spans_join_where_they_touch() -> None:
    assert join_spans([Span(5, 6), Span(1, 4), Span(9, 9)]) == [Span(1, 6), Span(9, 9)]


def test_nothing_given_is_not_nothing_found(world) -> None:
    bare = run_detectors(world.tape.log())
    whole = {each.detector for each in bare.not_run if not each.part}
    assert whole == {"AML-07", "AML-08", "MA-09", "MA-10", "MA-11", "MA-12"}
    assert not {alert.detector for alert in bare.alerts} & whole
    assert set(bare.ran) == set(DETECTORS) - whole
    partly = {(each.detector, each.part) for each in bare.not_run if each.part}
    assert ("AML-06", "devices") in partly and ("AML-01", "limit of 3500 AED") in partly
    assert ("MA-06", "benefit in derivatives") in partly
    assert any(each.missing == NOT_YET for each in bare.not_run)


def test_an_empty_table_is_a_look_that_found_nothing() -> None:
    given = Inputs(tagged_addresses={}, chain_transfers=(), announcements=(), obligations=(), levels=(), accounts={})
    result = run_detectors(EventLog.of_frames([], []), given)
    whole = {each.detector for each in result.not_run if not each.part}
    assert whole == {"AML-04", "AML-08", "MA-10"} and not result.alerts


def test_what_is_left_out_is_named(world) -> None:
    result = run_detectors(world.tape.log(), world.inputs(), only={"MA-01"})
    assert result.ran == ["MA-01"]
    assert {each.detector for each in result.not_run if each.missing == LEFT_OUT} == set(DETECTORS) - {"MA-01"}


def test_the_result_is_canonical_and_names_its_thresholds(result) -> None:
    document = parse(result.data())
    assert canonical(document) == result.data() and document["format"] == "surveillance-result/1"
    assert document["parameters"]["status"] == "engineering default, not law"
    assert set(document["parameters"]["values"]) == set(DETECTORS)
    for alert in document["alerts"]:
        assert alert["parameters"] == result.parameters.hash_of(alert["detector"])
        assert alert["replay"]["first"] <= min(alert["events"]) <= max(alert["events"]) <= alert["replay"]["last"]
    assert json.loads(result.data())["coverage"]["gaps"] == []


def test_every_alert_leads_into_the_log(world, result) -> None:
    orders, trades = world.tape.orders_frame(), {}
    for market, part in orders.partition_by("market", as_dict=True).items():
        trades[market[0]] = set(part["trade"].drop_nulls())
    known, owners = set(orders["order"]), {}
    for order, account in orders.select("order", "account").unique().iter_rows():
        owners[order] = account
    for alert in result.alerts:
        assert set(alert.orders) <= known
        if alert.detector not in ("MA-10",):  # names the client's orders beside the house's
            assert {owners[order] for order in alert.orders} <= set(alert.accounts)
        if alert.market:
            assert set(alert.trades) <= trades[alert.market]


def test_an_instruction_about_no_order_is_nobodys_and_is_counted() -> None:
    rows = [
        {"sequence": n, "place": 0, "time": n, "market": "X_USD", "kind": kind, "order": 99, "side": 0, "reason": 16}
        for n, kind in enumerate([11] * 60 + [1] * 60 + [6] * 60, start=1)
    ]
    result = run_detectors(EventLog.of_frames([order_frame(rows)]), Inputs(accounts={}))
    assert result.order_events == 180 and not result.alerts


def test_prices_at_the_end_of_their_range_are_figures_like_others() -> None:
    tape = Tape()
    for number in range(8):
        tape.now = 10**12 + number * 30 * 10**6
        price = 2**53 - 1 if number % 2 else 1
        tape.place("X_USD", "ann", -1, price, 5)
        tape.place("X_USD", "bob", 1, price, 5, ioc=True)
    frame = tape.orders_frame()
    assert run_detectors(EventLog.of_frames([frame])).order_events == frame.height


def test_ids_beyond_the_limit_are_counted() -> None:
    many = range(1, IDS_MAX + 101)
    alert = Alert.of(
        "MA-01", 1, "h", accounts=["b", "a", "b"], market="m", window=(1, 2), events=many, orders=many, trades=[],
        features={"x": -1}, score=score_of(3, 2),
    )  # fmt: skip
    assert len(alert.orders) == IDS_MAX and alert.feature("orders_total") == IDS_MAX + 100
    assert (alert.first, alert.last, alert.score) == (1, IDS_MAX + 100, 1_500_000) and alert.accounts == ("a", "b")
    assert alert.document()["features"]["x"] == "-1"


def test_a_folder_is_written_once_and_read_only_where_there_is_one(tmp_path, world) -> None:
    with pytest.raises(InputError, match="holds no order events"):
        EventLog.open(tmp_path)
    writer = EventWriter(tmp_path / "log")
    writer.add(Span(1, 1), world.tape.orders_frame().head(0), world.tape.money_frame().head(0))
    with pytest.raises(InputError, match="already holds"):
        EventWriter(tmp_path / "log")


def test_without_the_extra_the_remedy_is_said(monkeypatch) -> None:
    require_tables()
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(InputError, match="surveillance"):
        require_tables()
