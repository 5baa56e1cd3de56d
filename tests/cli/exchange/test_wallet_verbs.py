"""The wallet's verbs against a real process: settings, permissions, loans, the fund, and what a wallet could do."""

from __future__ import annotations

import json

import pytest

from tests.support.exchange_process import ExchangeFolder

ROWS = [
    {"allowed": True, "client_class": None, "country": None, "leverage": 20, "product": product}
    for product in ("spot-margin", "perpetual", "lending", "borrowing")
]


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """An exchange with dollars as the settlement asset, a perpetual market, and one customer."""
    made = ExchangeFolder(tmp_path_factory.mktemp("wallet") / "house").make().start()
    try:
        for asset, scale in (("BTC", "8"), ("USDC", "6")):
            made.call("market", "list-asset", asset, "--scale", scale, *made.operators)
        grid = ("--base", "BTC", "--quote", "USDC", "--tick", "1", "--step", "0.001", "--most", "100")
        made.call("market", "list", "BTC-PERP", *grid, "--kind", "perpetual", *made.operators)
        made.call("market", "open", "BTC-PERP", *made.operators)
        made.ann, made.ann_key = made.customer("ann", USDC="10000")
        table = tmp_path_factory.mktemp("table") / "table.json"
        table.write_text(json.dumps(ROWS))
        made.call("wallet", "permit", str(table), "--reason", "test", *made.operators)
        yield made
    finally:
        made.stop()


def test_the_table_of_what_is_permitted_takes_two_and_is_read_strictly(exchange, tmp_path):
    table = tmp_path / "table.json"
    table.write_text(json.dumps(ROWS))
    found = exchange.ask("wallet", "permit", str(table), "--reason", "test", *exchange.operators)
    assert found["rows"] == 4
    table.write_text("{")
    assert (
        "is no JSON"
        in exchange.call("wallet", "permit", str(table), "--reason", "test", *exchange.operators, status=2).err
    )
    table.write_text(json.dumps([{**ROWS[0], "product": "roulette"}]))
    exchange.call("wallet", "permit", str(table), "--reason", "test", *exchange.operators, status=2)


def test_a_wallet_is_set_and_shown_with_what_it_could_do(exchange):
    exchange.ask("wallet", "set", exchange.ann, "--leverage", "5", "--key", exchange.ann_key)
    shown = exchange.ask("wallet", "show", exchange.ann)
    assert shown["settings"] == {"auto_borrow": True, "auto_lend": True, "auto_repay": True, "leverage": 5}
    assert [line["asset"] for line in shown["assets"]] == ["USDC"]
    assert shown["could"]["assets"]["USDC"]["withdraw"] == str(10_000 * 10**6)
    assert set(shown["could"]["markets"]) == {"BTC-PERP"}
    assert "Assets" in exchange.call("wallet", "show", exchange.ann).out


def test_what_no_pool_takes_is_refused_plainly(exchange):
    said = exchange.call("wallet", "move", "borrow", exchange.ann, "USDC", "5", "--key", exchange.ann_key, status=2)
    assert "no-pool" in said.err
    said = exchange.call("wallet", "show", "00" * 16, status=2)
    assert "no wallet" in said.err
    said = exchange.call("market", "list", "X", "--base", "BTC", "--quote", "USDC", "--tick", "1", "--step", "1",
                         "--most", "5", "--expires", "2030-01-01T00:00:00Z", *exchange.operators, status=2)  # fmt: skip
    assert "dated" in said.err


def test_the_fund_and_a_provider(exchange):
    found = exchange.ask("wallet", "insurance", "USDC", "500", "--reason", "own money", *exchange.operators)
    assert found["amount"] == "500"
    found = exchange.ask(
        "wallet", "backstop", exchange.ann, "BTC-PERP", "--capacity", "100", "--discount", "5000",
        "--first-loss", "50", "--key", exchange.ann_key,
    )  # fmt: skip
    assert found["market"] == "BTC-PERP"
    said = exchange.call(
        "wallet", "insurance", "USDC", "900", "--withdraw", "--reason", "back", *exchange.operators, status=2
    )
    assert "more-than-the-fund" in said.err


def test_an_order_in_the_perpetual_without_a_price_is_refused_with_the_reason(exchange):
    said = exchange.call(
        "order", "place", "BTC-PERP", "buy", "--account", exchange.ann, "--key", exchange.ann_key, "--quantity", "0.01",
        "--price", "50000", status=2,
    )  # fmt: skip
    assert "NoValidPrice" in said.err


def test_a_quantity_in_parts_begins_and_ends(exchange):
    who = ("--account", exchange.ann, "--key", exchange.ann_key)
    begun = exchange.ask(
        "order", "twap", "BTC-PERP", "buy", *who, "--quantity", "1", "--parts", "5", "--every", "3600",
        "--slippage", "1000",
    )  # fmt: skip
    ended = exchange.ask("order", "twap-cancel", str(begun["strategy"]), *who)
    assert ended["strategy"] == str(begun["strategy"])
    said = exchange.call("order", "twap-cancel", str(begun["strategy"]), *who, status=2)
    assert "unknown-strategy" in said.err


def test_a_stop_waits_for_the_mark_and_a_malformed_one_is_told(exchange):
    who = ("--account", exchange.ann, "--key", exchange.ann_key)
    stop = ("--trigger", "stop", "--trigger-by", "mark", "--reduce-only", "--whole-position", "--quantity", "0.001")
    placed = exchange.ask("order", "place", "BTC-PERP", "sell", *who, *stop, "--trigger-price", "40000")
    assert [report["kind"] for report in placed["reports"]] == ["accepted", "pending"]
    said = exchange.call("order", "place", "BTC-PERP", "sell", *who, *stop, "--trigger-price", "0.5", status=2)
    assert "--trigger-price" in said.err


def test_an_offer_for_a_conversion_that_is_not_there_is_refused(exchange):
    said = exchange.call("wallet", "quote", exchange.ann, "7", "100", "--key", exchange.ann_key, status=2)
    assert "unknown-conversion" in said.err
