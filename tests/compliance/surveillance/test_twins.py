"""The joins and group-bys against plain loops, on random little markets."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.surveillance.alerts import Alert
from compliance.surveillance.detectors.ma_orders import _layered, wide_spreads
from compliance.surveillance.detectors.ma_trades import strong_components, wash_trades
from compliance.surveillance.frames import MarketFrames
from compliance.surveillance.inputs import AccountFacts, Inputs, Obligation
from compliance.surveillance.parameters import Layering, Wash, WideSpread
from tests.compliance.surveillance.plain import plain_layers, plain_orders, plain_quotes, plain_wash
from tests.compliance.surveillance.tape import Tape

MARKET = "X_USD"
NAMES = ("ann", "bob", "cid")
MAKE = partial(Alert.of, "MA-01", 1, "hash")
ACTION = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(("rest", "rest", "take", "cancel")),
    st.sampled_from((1, -1)),
    st.integers(95, 105),
    st.integers(1, 9),
    st.integers(0, 6_000_000),
)


def tape_of(actions) -> Tape:
    """A market in which they did that."""
    tape = Tape()
    tape.now = 10**12
    for name, what, side, price, quantity, wait in actions:
        tape.now += wait
        if what == "cancel":
            own = [order for order, standing in tape.standing.items() if standing.account == name]
            if own:
                tape.cancel(own[quantity % len(own)])
        else:
            tape.place(MARKET, name, side, price, quantity, ioc=what == "take")
    return tape


def frames_of(tape: Tape, inputs: Inputs | None = None) -> MarketFrames:
    return MarketFrames(MARKET, tape.orders_frame(), inputs or Inputs())


@given(st.lists(ACTION, min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_orders_are_what_became_of_them(actions) -> None:
    frames = frames_of(tape_of(actions))
    plain = plain_orders(frames.events) if frames.events.height else {}
    found = {row["order"]: row for row in frames.orders.to_dicts()}
    assert found.keys() == plain.keys()
    for order, row in plain.items():
        assert {name: found[order][name] for name in row} == row


@given(st.lists(ACTION, min_size=20, max_size=80))
@settings(max_examples=80, deadline=None)
def test_layers_are_those_of_plain_loops(actions) -> None:
    frames = frames_of(tape_of(actions))
    p = replace(Layering(), ratio_ppm=1, filled_share_max_ppm=300_000)
    if not frames.events.height:
        return
    rows = _layered(frames, p).to_dicts()
    found = {(row["cluster"], row["fill_order"], row["layered"], row["opposite"]) for row in rows}
    assert found == {each for each in plain_layers(frames.events, p) if each[2] > 0}


@given(st.lists(ACTION, min_size=1, max_size=60), st.integers(1, 60_000))
@settings(max_examples=60, deadline=None)
def test_spreads_are_those_of_every_moment(actions, spread_max) -> None:
    tape = tape_of(actions)
    if not tape.rows:
        return
    p = WideSpread(sample_us=1_000_000, samples_min=1, breach_share_ppm=0)
    start, end = 10**12, tape.now + 5_000_000
    inputs = Inputs(obligations=(Obligation("ann", MARKET, spread_max, start, end),))
    frames = frames_of(tape, inputs)
    first, last = -(-start // p.sample_us), (min(end, frames.last_time + 1) - 1) // p.sample_us
    alerts = list(wide_spreads(frames, p, MAKE))
    if last < first:
        assert not alerts
        return
    moments = [sample * p.sample_us for sample in range(first, last + 1)]
    quotes = plain_quotes(frames.events, "ann", moments)
    both = [(bid, ask) for bid, ask in quotes if bid is not None and ask is not None]
    wide = [(bid, ask) for bid, ask in both if 2 * (ask - bid) * 10**6 > (ask + bid) * spread_max]
    [alert] = alerts
    assert alert.feature("samples") == len(moments)
    assert alert.feature("samples_wide") == len(wide)
    assert alert.feature("samples_one_sided") == len(moments) - len(both)


@given(st.lists(ACTION, min_size=20, max_size=80), st.integers(1, 3), st.integers(1, 10**6))
@settings(max_examples=60, deadline=None)
def test_wash_trades_are_those_of_plain_loops(actions, trades_min, share) -> None:
    owners = {"ann": "family", "bob": "family"}
    inputs = Inputs(accounts={name: AccountFacts(owner) for name, owner in owners.items()})
    frames = frames_of(tape_of(actions), inputs)
    p = Wash(window_us=60_000_000, trades_min=trades_min, own_share_ppm=share)
    found = {
        (a.feature("owner"), a.start_us // p.window_us, a.feature("self_volume"), a.feature("own_share_ppm"))
        for a in wash_trades(frames, p, MAKE)
    }
    assert found == plain_wash(frames.events, owners, p)


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_strong_components_are_those_that_reach_each_other(pairs) -> None:
    edges: dict[str, set[str]] = {}
    for one, other in pairs:
        edges.setdefault(str(one), set()).add(str(other))

    def reached(start: str) -> set[str]:
        seen, rest = set(), [start]
        while rest:
            for following in edges.get(rest.pop(), ()):
                if following not in seen:
                    seen.add(following)
                    rest.append(following)
        return seen

    nodes = {str(node) for pair in pairs for node in pair}
    expected = {frozenset({node} | {o for o in nodes if o in reached(node) and node in reached(o)}) for node in nodes}
    assert {frozenset(each) for each in strong_components(edges)} == {each for each in expected if len(each) > 1}
