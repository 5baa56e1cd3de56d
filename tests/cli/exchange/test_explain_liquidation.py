"""Why a wallet was liquidated: computed again from the store, and what does not follow is named."""

from __future__ import annotations

import json

import pytest

from cli.common import run
from cli.exchange.config import write_template
from cli.exchange.explain import Stated, checks_of, explain_liquidation, losses_of
from ledger.commands import FundInsurance, HaltMarket, OpenMarket
from ledger.events import LiquidationMoved
from ledger.margin.explain import read_view, view_document
from ledger.store import Store
from tests.support.wallet import PERPETUAL, USDC, name
from tests.support.wallet_store import StoredWallet

FREE = [("perpetual.mark_cap", PERPETUAL, "0"), ("perpetual.mark_bound", PERPETUAL, "0")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Ada is reduced on the book, and later deleveraged; Cid is never touched."""
    made = tmp_path_factory.mktemp("exchange")
    world = StoredWallet(values=FREE)
    for who in range(1, 6):
        world.settings(who, 20, lend=False)
    world.deposit(1, USDC=3_000)
    world.deposit(2, USDC=200_000)
    world.deposit(5, USDC=2_000_000)
    world.give(FundInsurance("USDC", 100 * USDC, False, "own money"))
    world.trade(1, 2, 10_000, 50_000)
    world.tick()
    world.order(5, "bid", 20_000, 48_200)
    world.prices(BTC=48_050)
    world.tick()
    for _ in range(12):
        world.tick(1)
    world.cancel_all(5)
    world.give(HaltMarket(PERPETUAL, "cancel-only", "no trade"))
    world.prices(BTC=44_000)
    world.tick()
    world.give(OpenMarket(PERPETUAL, "open", "again"))
    world.tick()
    write_template(made, "wallet.exchange", "main")
    with Store.open(f"sqlite:///{made}/store.sqlite") as store:
        world.write(store)
    return made


def asked(capsys, folder, *words, status=0):
    assert run(explain_liquidation, (name(1), "--folder", str(folder), "--json", *words)) == status
    return json.loads(capsys.readouterr().out)


def test_every_check_of_both_liquidations_holds(capsys, folder):
    newest = asked(capsys, folder)
    first = asked(capsys, folder, "--number", "1")
    assert (newest["liquidation"], first["liquidation"]) == (2, 1)
    for document in (newest, first):
        assert document["verdict"] == "valid"
        assert {check["result"] for check in document["checks"]} == {"pass"}
        names = {check["name"] for check in document["checks"]}
        assert {"judgement", "trigger", "stated prices", "stated marks", "stated positions", "first sale"} <= names
        assert read_view(document["view"]).health().equity == int(document["steps"][0]["equity"])
    assert first["losses"] == {} and [s["stage"] for s in first["steps"]].count("book") > 1
    assert set(newest["losses"]) == {"insurance", f"deleveraged:{name(2)}"}


def test_it_is_shown_for_people(capsys, folder):
    assert run(explain_liquidation, (name(1), "--folder", str(folder))) == 0
    text = capsys.readouterr().out
    for word in ("Liquidation 2", "maintenance", "deleveraged", "The wallet as it was judged", "Losses", "trigger"):
        assert word in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((name(3),), "was never liquidated here"),
        ((name(99),), "is no account here"),
        ((name(1), "--number", "7"), "is none of this account"),
    ],
)
def test_what_is_not_there_is_told_plainly(capsys, folder, words, told):
    assert run(explain_liquidation, (*words, "--folder", str(folder))) == 2
    assert told in capsys.readouterr().err


def test_a_folder_without_a_store_is_told_plainly(capsys, tmp_path):
    write_template(tmp_path, "wallet.exchange", "main")
    assert run(explain_liquidation, (name(1), "--folder", str(tmp_path))) == 2
    assert "cannot be read" in capsys.readouterr().err


# What does not follow.


@pytest.fixture(scope="module")
def stated_steps(folder):
    from cli.exchange.config import Config
    from cli.exchange.explain import _stated
    from cli.exchange.reading import account_events, reading

    with reading(Config.load(folder)) as store:
        steps = account_events(store.session, "liquidation-moved", name(1))
        steps = [step for step in steps if step["liquidation"] == 1]
        return steps, _stated(store.session, steps[0])


def failing(steps, stated):
    return {check["name"] for check in checks_of(steps, stated)[0] if check["result"] == "fail"}


def changed(steps, number, **fields):
    return [{**step, **fields} if place == number else step for place, step in enumerate(steps)]


def test_each_check_can_fail(stated_steps):
    steps, stated = stated_steps
    judged = read_view(steps[0]["view"])
    assert failing(steps, stated) == set()
    book = next(n for n, step in enumerate(steps) if step["stage"] == "book")
    assert failing(changed(steps, 0, view="{}"), stated) == {"view"}
    assert failing(changed(steps, 0, equity=steps[0]["equity"] + 1), stated) == {"judgement"}
    assert failing(changed(steps, 0, stage="cancelled"), stated) == {"begin"}
    dear = {**judged.prices, "USDC": judged.prices["USDC"] - 1}
    assert "stated prices" in failing(steps, stated._replace(prices=dear))
    assert failing(steps, stated._replace(prices={})) == {"stated prices"}
    assert failing(steps, stated._replace(marks={PERPETUAL: 1})) == {"stated marks"}
    assert failing(steps, stated._replace(sizes={})) == {"stated positions"}
    assert failing(steps, stated._replace(sizes={**stated.sizes, "SOL_PERP": 1})) == {"stated positions"}
    assert failing(changed(steps, book, quantity=-steps[book]["quantity"]), stated) >= {"steps"}
    assert failing(changed(steps, book, amount=steps[book]["amount"] * 9 // 10), stated) == {"first sale"}
    assert failing(changed(steps, book, fee=steps[book]["amount"] + 1), stated) == {"fees", "first sale"}
    assert failing(changed(steps, book, bearer="house", amount=0), stated) >= {"bearers"}
    assert failing(changed(steps, len(steps) - 1, equity=-1), stated) == {"end"}
    healthy = judged.view._replace(unsettled=judged.view.unsettled + 10**12)
    view = view_document(healthy, judged.terms, judged.prices, judged.marks)
    assert {"judgement", "trigger"} <= failing(changed(steps, 0, view=view), stated)
    blind = view_document(judged.view, judged.terms, {}, {})
    assert "prices" in failing(changed(steps, 0, view=blind), stated)


def test_losses_are_summed_by_bearer():
    steps = [{"bearer": b, "amount": a} for b, a in (("house", 3), ("", 9), ("insurance", 2), ("house", 4))]
    assert losses_of(steps) == {"house": "7", "insurance": "2"}
    assert LiquidationMoved._fields[-2] == "bearer" and Stated({}, {}, {}) == ({}, {}, {})
