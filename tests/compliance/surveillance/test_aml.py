"""The money detectors at their boundaries, on a few movements each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compliance.surveillance.events import MONEY_SCHEMA, MoneyKind, money_frame
from compliance.surveillance.inputs import AccountFacts, ChainTransfer, Inputs
from compliance.surveillance.log import EventLog
from compliance.surveillance.parameters import (
    DAY_US,
    HOUR_US,
    Limit,
    Structuring,
    SurveillanceParameters,
    TaintedExposure,
)
from compliance.surveillance.runner import run_detectors

IN, OUT = int(MoneyKind.DEPOSIT), int(MoneyKind.WITHDRAWAL_REQUESTED)
MILLION = 10**6
START = 20_000 * DAY_US
USD = {"USD": MILLION, "AED": 272_294, "EUR": 1_080_000}


def moves(*rows: tuple) -> EventLog:
    """Movements: (kind, account, time after the start, value in whole units, and other fields)."""
    frame = money_frame(
        [
            {
                "sequence": place, "place": 0, "time": START + after, "kind": kind, "account": account, "asset": "USD",
                "amount": int(value * MILLION), "quanta": str(value), "value": int(value * MILLION), "balance": 0,
                "chain": "c", "reference": f"r{place}", **(more[0] if more else {}),
            }
            for place, (kind, account, after, value, *more) in enumerate(rows, start=1)
        ]
    )  # fmt: skip
    assert frame.schema == MONEY_SCHEMA
    return EventLog.of_frames([], [frame])


def found(detector: str, log: EventLog, inputs: Inputs | None = None, parameters=None) -> list:
    given = inputs or Inputs(rates=USD)
    return list(run_detectors(log, given, parameters, only={detector}).alerts)


ONE_LIMIT = replace(SurveillanceParameters(), aml_01=Structuring(limits=(Limit(10_000, "USD", "a test's"),)))


@pytest.mark.parametrize(
    ("value", "is_near"),
    [(7_999.999999, False), (8_000, True), (8_000.000001, True), (9_999.999999, True), (10_000, False)],
)
def test_structuring_is_from_eighty_per_cent_up_to_and_without_the_limit(value, is_near) -> None:
    log = moves(*[(IN, "a", day * HOUR_US, value) for day in range(3)])
    assert bool(found("AML-01", log, parameters=ONE_LIMIT)) is is_near


@pytest.mark.parametrize(("apart", "days"), [(DAY_US // 2, 1), (DAY_US // 2 + 1, 3), (7 * DAY_US // 2, 7)])
def test_structuring_names_the_least_window_that_holds_three(apart, days) -> None:
    log = moves(*[(IN, "a", number * apart, 9_000) for number in range(3)])
    [alert] = found("AML-01", log, parameters=ONE_LIMIT)
    assert alert.feature("window_days") == days and alert.events == (1, 2, 3)


def test_structuring_needs_three_in_seven_days_of_one_person_in_one_direction() -> None:
    beyond = moves(*[(IN, "a", number * (7 * DAY_US // 2 + 1), 9_000) for number in range(3)])
    two = moves((IN, "a", 0, 9_000), (IN, "a", 1, 9_000), (OUT, "a", 2, 9_000), (IN, "b", 3, 9_000))
    assert not found("AML-01", beyond, parameters=ONE_LIMIT) and not found("AML-01", two, parameters=ONE_LIMIT)
    family = Inputs(rates=USD, accounts={"a": AccountFacts("f"), "b": AccountFacts("f")})
    [alert] = found("AML-01", two, family, ONE_LIMIT)
    assert alert.accounts == ("a", "b")


def test_a_limit_in_another_currency_is_taken_at_its_rate() -> None:
    parameters = replace(ONE_LIMIT, aml_01=Structuring(limits=(Limit(3_500, "AED", "a test's"),)))
    under, at = 3_500 * 0.272294 - 0.000001, 3_500 * 0.272294
    for value, count in ((under, 1), (at, 0)):
        log = moves(*[(IN, "a", number, round(value, 6)) for number in range(3)])
        assert len(found("AML-01", log, parameters=parameters)) == count


@pytest.mark.parametrize(("after", "is_found"), [(DAY_US - 1, True), (DAY_US, True), (DAY_US + 1, False)])
def test_what_leaves_within_a_day_leaves_rapidly(after, is_found) -> None:
    log = moves((IN, "a", 0, 6_000), (OUT, "a", after, 6_000))
    assert bool(found("AML-02", log)) is is_found


@pytest.mark.parametrize(
    ("silence", "is_found"), [(180 * DAY_US - 1, False), (180 * DAY_US, True), (181 * DAY_US, True)]
)
def test_half_a_year_of_silence_is_dormancy(silence, is_found) -> None:
    log = moves((IN, "a", 0, 100), (IN, "b", 181 * DAY_US, 1), (OUT, "a", silence, 80, {"balance": 100 * MILLION}))
    assert bool(found("AML-04", log)) is is_found


def test_dormancy_may_begin_before_the_log_where_somebody_knows_of_it() -> None:
    log = moves((OUT, "a", 0, 90, {"balance": 100 * MILLION}))
    result = run_detectors(log, Inputs(), only={"AML-04"})
    assert "AML-04" not in result.ran and not result.alerts
    [alert] = found("AML-04", log, Inputs(last_activity={"a": START - 180 * DAY_US}))
    assert alert.feature("out_share_ppm") == 900_000
    assert not found("AML-04", log, Inputs(last_activity={"a": START - 180 * DAY_US + 1}))


@pytest.mark.parametrize(("clients", "is_found"), [(2, False), (3, True), (4, True)])
def test_an_address_of_three_strangers_is_shared(clients, is_found) -> None:
    rows = [(OUT, f"c{n}", n, 10, {"address": "one"}) for n in range(clients)]
    assert bool(found("AML-06", moves(*rows), Inputs(devices={}))) is is_found
    family = Inputs(devices={}, accounts={f"c{n}": AccountFacts("f") for n in range(clients)})
    assert not found("AML-06", moves(*rows), family)


def test_a_device_of_three_strangers_is_shared() -> None:
    log = moves(*[(IN, f"c{n}", n, 10) for n in range(3)])
    devices = {f"c{n}": frozenset({"phone", f"other-{n}"}) for n in range(3)}
    [alert] = found("AML-06", log, Inputs(devices=devices))
    assert (alert.feature("kind"), alert.feature("instrument")) == ("device", "phone")
    del devices["c2"]
    assert not found("AML-06", log, Inputs(devices=devices))


@pytest.mark.parametrize(("hops_max", "is_found"), [(1, False), (2, False), (3, True), (4, True)])
def test_hops_are_counted_from_the_person(hops_max, is_found) -> None:
    inputs = Inputs(
        tagged_addresses={"mixer": "mixer"},
        chain_transfers=(ChainTransfer("mixer", "x"), ChainTransfer("x", "y")),
    )
    parameters = replace(SurveillanceParameters(), aml_07=TaintedExposure(hops_max=hops_max))
    alerts = found("AML-07", moves((IN, "a", 0, 10, {"address": "y"})), inputs, parameters)
    assert bool(alerts) is is_found
    if is_found:
        assert alerts[0].feature("hops_least") == 3


@pytest.mark.parametrize(("clean", "is_found"), [(901, False), (900, True), (899, True)])
def test_a_tenth_is_tainted(clean, is_found) -> None:
    log = moves((IN, "a", 0, 100, {"address": "mixer"}), (IN, "a", 1, clean, {"address": "bank"}))
    assert bool(found("AML-07", log, Inputs(tagged_addresses={"mixer": "m"}, chain_transfers=()))) is is_found


@pytest.mark.parametrize(("value", "is_found"), [(9_999.999999, False), (10_000, False), (10_000.000001, True)])
def test_a_large_coin_day_is_more_than_ten_thousand(value, is_found) -> None:
    inputs = Inputs(
        rates=USD, fiat_assets=frozenset({"USD"}), markets={},
        accounts={"ny": AccountFacts("ny", domicile="US-NY"), "jp": AccountFacts("jp", domicile="JP")},
    )  # fmt: skip
    for account in ("ny", "jp", "unknown"):
        log = moves((IN, account, 0, value, {"asset": "BTC"}), (IN, account, 1, 50_000))
        alerts = found("AML-08", log, inputs)
        assert bool(alerts) is (is_found and account != "jp")
        if alerts:
            assert alerts[0].feature("due_us") == START + 2 * DAY_US


@pytest.mark.parametrize(("count", "is_found"), [(7, False), (8, True), (9, True)])
def test_eight_senders_in_a_day_are_many_after_quiet_weeks(count, is_found) -> None:
    quiet = [(IN, "a", day * 5 * DAY_US, 10, {"address": "bank"}) for day in range(6)]
    burst = [(IN, "a", 40 * DAY_US + n * HOUR_US, 10, {"address": f"s{n}"}) for n in range(count)]
    assert bool(found("AML-03", moves(*quiet, *burst))) is is_found


def test_a_merchant_has_many_senders_every_day() -> None:
    daily = [
        (IN, "shop", day * DAY_US + n * HOUR_US, 10, {"address": f"buyer-{day}-{n}"})
        for day in range(40)
        for n in range(10 + day % 3)
    ]
    assert not found("AML-03", moves(*daily))


@pytest.mark.parametrize(("count", "is_found"), [(19, False), (20, True)])
def test_who_is_new_has_a_threshold_of_their_own(count, is_found) -> None:
    rows = [(IN, "new", n * HOUR_US, 10, {"address": f"s{n}"}) for n in range(count)]
    assert bool(found("AML-03", moves(*rows))) is is_found
