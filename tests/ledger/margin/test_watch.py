"""The watch: whoever has passed the trigger is among those that are judged again, whatever the moves."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.margin.risk import AccountView, AssetLine, Health, PositionLine, assess
from ledger.margin.terms import AssetTerms, Haircut, MarginFunction, MarketTerms, Terms
from ledger.margin.watch import FAR_PPM, Watch, move_ppm, safe_ppm
from ledger.trading.market import PPM

UNIT = 10**18
SCALES = {"USDC": 6, "BTC": 8, "SOL": 9}
MARKETS = {"BTC_PERP": 100, "SOL_PERP": 100}
PRICES = {"USDC": UNIT, "BTC": 50_000 * UNIT, "SOL": 100 * UNIT, "BTC_PERP": 50_000, "SOL_PERP": 10_000}


def terms_of(random: Random) -> Terms:
    """Terms as they may be: weights to the full, curves or none, requirements from nothing to a half and beyond."""

    def function() -> MarginFunction:
        return MarginFunction(random.choice([0, 25_000, 100_000, 500_000]), random.choice([0, 30_000, 10**6]))

    def haircut() -> Haircut:
        curve = random.choice([(0, 0), (1_100_000, 30_000), (1_000_000, 10**6)])
        return Haircut(random.choice([PPM, 900_000, 300_000]), *curve, random.choice([10**9, 50_000]))

    assets = {name: AssetTerms(scale, haircut(), function(), function()) for name, scale in SCALES.items()}
    markets = {name: MarketTerms(unit, function(), function()) for name, unit in MARKETS.items()}
    return Terms("USDC", assets, markets, 20, 500_000, 2, 60_000)


def judged(view: AccountView, terms: Terms, now: dict[str, int]) -> Health:
    health = assess(view, terms, {name: now[name] for name in SCALES}, {name: now[name] for name in MARKETS})
    assert health is not None
    return health


def wallet(random: Random, terms: Terms) -> AccountView:
    """A wallet that owes or has positions, a little or far above its trigger."""
    values = {name: random.choice([0, 0, random.randrange(1, 10**6)]) for name in (*SCALES, "debt", *MARKETS)}
    owed = random.choice([*SCALES])
    lines = tuple(
        AssetLine(name, values[name] * UNIT * 10**scale // PRICES[name],
                  values["debt"] * UNIT * 10**scale // PRICES[name] if name == owed else 0)
        for name, scale in SCALES.items()
    )  # fmt: skip
    positions = []
    for name, unit in MARKETS.items():
        size = random.choice([-1, 1]) * values[name] * 10**6 // (PRICES[name] * unit)
        if size:
            positions.append(PositionLine(name, size, size * PRICES[name] * unit))
    bare = judged(AccountView(lines, tuple(positions), 0, 20), terms, PRICES)
    gross = bare.collateral + bare.liabilities + bare.exposure + bare.maintenance
    lacking = bare.maintenance + gross * random.choice([0, 10, 1_000, 30_000, 200_000, 600_000]) // PPM - bare.equity
    unsettled = -(-lacking * 10**6 // UNIT) if lacking > 0 or random.random() < 0.8 else 0
    return AccountView(lines, tuple(positions), unsettled, 20)


def by_factor(prices: dict[str, int], most_ppm: int) -> list[tuple[int, int]]:
    """The least and the greatest of each price after such a move."""
    return [(-(-p * PPM // (PPM + most_ppm)), p * (PPM + most_ppm) // PPM) for p in prices.values()]


def corners(prices: dict[str, int], most_ppm: int) -> list[dict[str, int]]:
    """Every price moved by all of it, each way."""
    return [dict(zip(prices, each, strict=True)) for each in product(*by_factor(prices, most_ppm))]


@pytest.mark.parametrize("seed", range(4))
def test_no_move_within_the_safe_one_passes_the_trigger(seed: int) -> None:
    random, near = Random(seed), 0
    for _ in range(250):
        terms = terms_of(random)
        view = wallet(random, terms)
        health = judged(view, terms, PRICES)
        assert health.equity >= health.maintenance
        safe = safe_ppm(health)
        assert 0 <= safe <= FAR_PPM
        for now in corners(PRICES, safe):
            after = judged(view, terms, now)
            assert after.equity >= after.maintenance
        near += any(after.equity < after.maintenance for after in (
            judged(view, terms, now) for now in corners(PRICES, 3 * safe + 3)))  # fmt: skip
    assert near > 100, "the bound is near enough to be of use, and these wallets are near enough to show it"


def test_who_is_not_judged_has_not_passed_the_trigger_after_any_number_of_moves() -> None:
    random, passed, left = Random(5), 0, 0
    for _ in range(300):
        terms, watch, now = terms_of(random), Watch(), PRICES
        wallets = [wallet(random, terms) for _ in range(6)]
        for payer, view in enumerate(wallets):
            watch.put(payer, judged(view, terms, now))
        for _ in range(4):
            now = random.choice(corners(now, random.choice([300, 3_000, 30_000, 90_000, 250_000])))
            move = move_ppm(PRICES, now)
            found = watch.near(move)
            for payer, view in enumerate(wallets):
                health = judged(view, terms, now)
                if payer in found:
                    passed += health.equity < health.maintenance
                    watch.put(payer, health, move)
                else:
                    left += 1
                    assert health.equity >= health.maintenance
    assert passed > 300 and left > 300


@given(st.dictionaries(st.sampled_from("abc"), st.integers(1, 10**30)), st.data())
def test_a_move_is_the_same_up_and_down_and_never_too_small(before: dict[str, int], data: st.DataObject) -> None:
    now = {name: data.draw(st.integers(1, 10**30)) for name in before}
    move = move_ppm(before, now)
    assert move == move_ppm(now, before)
    for name, price in before.items():
        assert now[name] * PPM <= price * (PPM + move) and price * PPM <= now[name] * (PPM + move)


def test_a_move_is_rounded_up() -> None:
    assert move_ppm({"a": 3}, {"a": 2}) == 500_000 == move_ppm({"a": 2}, {"a": 3})
    assert move_ppm({"a": 10**12}, {"a": 10**12 + 1}) == 1
    assert move_ppm({"a": 5}, {"a": 5, "b": 7}) == 0


def test_what_is_safe_up_to_a_move_is_left_alone_up_to_it_and_judged_beyond() -> None:
    watch, collateral = Watch(), 10**24
    maintenance = collateral * (10**7 - 10_244) // (10**7 + 5 * 10_244)
    health = Health(collateral, 0, 0, 0, 0, maintenance, 0, 0)
    assert safe_ppm(health) == 1_024
    watch.put(1, health)
    assert (watch.near(1_023), watch.near(1_024), watch.near(1_025)) == ([], [], [1])
    watch.put(2, None)
    assert watch.near(0) == [2] and watch.near(FAR_PPM) == [1, 2]
    for payer in (1, 2, 2):
        watch.drop(payer)
    assert watch.near(PPM) == [] and not len(watch)


def test_the_watch_is_restored_as_it_was() -> None:
    watch, other = Watch(), Watch()
    none, some = MarginFunction(0, 0), MarginFunction(25_000, 0)
    assets = {name: AssetTerms(scale, Haircut(PPM, 0, 0, 10**9), none, none) for name, scale in SCALES.items()}
    terms = Terms("USDC", assets, {n: MarketTerms(u, some, some) for n, u in MARKETS.items()}, 20, 0, 2, 0)
    position = PositionLine("BTC_PERP", 1_000, 5_000 * 10**6)
    for payer in range(40):
        view = AccountView((AssetLine("USDC", payer * 10**8, 0),), (position,), 0, 20)
        watch.put(payer, judged(view, terms, PRICES))
    other.fill(watch.to_state())
    assert other.to_state() == watch.to_state()
    for move in (0, 1, 1_000, 50_000, 200_000, PPM):
        assert other.near(move) == watch.near(move)
    assert 0 < len(watch.near(50_000)) < 40
    watch.doubt()
    assert watch.near(0) == [*range(40)]
