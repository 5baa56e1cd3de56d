"""The operator's verbs against a real process: what each answers in JSON, and that bad input is told plainly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.assets import parse_amount
from ledger.canonical import canonical_file
from ledger.keys import SigningKey, load_secret
from por.liabilities.folder import FOLDER, read_folder
from por.liabilities.kernels import select
from por.liabilities.rebuild import rebuild
from tests.support.exchange_process import EXCHANGE, PASSPHRASE, ExchangeFolder


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """An exchange that runs, with an open market, two customers and one trade between them."""
    made = ExchangeFolder(tmp_path_factory.mktemp("exchange") / "house").make().start()
    try:
        made.open_market()
        made.ann, made.ann_key = made.customer("ann", BTC="5")
        made.ben, made.ben_key = made.customer("ben", USD="1000")
        made.sold = made.ask(
            "order", "place", "BTC-USD", "sell", "--account", made.ann, "--key", made.ann_key,
            "--quantity", "1", "--price", "100",
        )  # fmt: skip
        made.bought = made.ask(
            "order", "place", "BTC-USD", "buy", "--account", made.ben, "--key", made.ben_key,
            "--quantity", "0.5", "--price", "101",
        )  # fmt: skip
        made.settle()
        yield made
    finally:
        made.stop()


def shape(value):
    """A document with every text, number and flag replaced by its kind; the first of a list stands for all."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None if value is None else type(value).__name__


def test_orders_say_what_became_of_them(exchange):
    sold, bought = exchange.sold, exchange.bought
    [number] = sold["orders"]
    assert [report["kind"] for report in sold["reports"]] == ["accepted", "rested"]
    assert sold["reports"][1] == {"kind": "rested", "order": number, "price": "100", "quantity": "1"}
    [_, traded] = bought["reports"]
    assert traded == {
        "fee": "0.05", "kind": "traded", "maker": number, "order": bought["orders"][0], "price": "100",
        "quantity": "0.5", "trade": 1,
    }  # fmt: skip


def test_an_account_is_shown_with_balances_keys_and_orders(exchange):
    document = exchange.ask("accounts", "show", exchange.ann)
    assert shape(document) == {
        "account": "str",
        "balances": [
            {"asset": "str", "claim": "str", "debt": "str", "free": "str", "held": "str", "subaccount": "str"}
        ],
        "blocked": "bool",
        "client_class": "str",
        "consents": [],
        "domicile": "str",
        "keys": [
            {
                "ended": None, "expires": None, "key": "str", "owner": "str", "permissions": ["str"],
                "registered": "int", "role": "str",
            }
        ],
        "kind": "str",
        "opened_at": "int",
        "orders": [
            {
                "filled": "str", "left": "str", "market": "str", "order": "int", "placed_at": "int", "price": "str",
                "reason": None, "state": "str",
            }
        ],
        "position": "int",
        "relation": "str",
    }  # fmt: skip
    assert document["balances"] == [
        {"asset": "BTC", "claim": "4.5", "debt": "0", "free": "4", "held": "0.5", "subaccount": ""},
        {"asset": "USD", "claim": "49.96", "debt": "0", "free": "49.96", "held": "0", "subaccount": ""},
    ]
    [order] = document["orders"]
    assert (order["state"], order["filled"], order["left"], order["price"]) == ("open", "0.5", "0.5", "100")
    key = SigningKey(load_secret_of(exchange.ann_key)).public.hex()
    assert [each["key"] for each in document["keys"]] == [key]
    assert exchange.ann in exchange.call("accounts", "show", exchange.ann).out


def load_secret_of(path):
    return load_secret(Path(path), "signing", PASSPHRASE)


def test_accounts_are_listed_newest_last_and_as_many_as_asked(exchange):
    document = exchange.ask("accounts", "list")
    assert [row["account"] for row in document["accounts"]][:2] == [exchange.ann, exchange.ben]
    assert shape(document["accounts"][:1]) == [
        {
            "account": "str", "blocked": "bool", "client_class": "str", "data": None, "domicile": "str",
            "entity": "str", "identity": None, "kind": "str", "opened_at": "int", "relation": "str",
        }
    ]  # fmt: skip
    assert len(exchange.ask("accounts", "list", "--limit", "1")["accounts"]) == 1


def test_an_email_address_is_kept_apart_and_bound(exchange):
    opened = exchange.ask(
        "accounts", "open", "--kind", "email", "--id", "cleo@example.com", "--domicile", "US-NY", "--relation", "staff"
    )
    assert set(opened) == {"account", "key", "position"} and opened["key"] is None
    exchange.settle()
    [row] = [row for row in exchange.ask("accounts", "list")["accounts"] if row["account"] == opened["account"]]
    assert (row["kind"], row["relation"], len(row["data"]), len(row["identity"])) == ("email", "staff", 32, 64)
    for path in (exchange.folder / "log").glob("*.seg"):
        assert b"cleo@" not in path.read_bytes(), "the log holds no personal data"
    assert b"cleo@" not in (exchange.folder / "personal/data.sqlite").read_bytes()


def test_a_key_is_registered_by_the_customer_without_handing_it_over(exchange, tmp_path):
    account = exchange.ask("accounts", "open", "--domicile", "JP")["account"]
    key, request = str(tmp_path / "key.json"), str(tmp_path / "request.json")
    public = exchange.ask("accounts", "key", "new", "--out", key)["key"]
    exchange.call("accounts", "key", "request", account, "--exchange", EXCHANGE, "--key", key, "--out", request)
    assert exchange.ask("accounts", "register", "--request", request)["key"] == public
    said = exchange.call("accounts", "register", "--request", request, status=2)
    assert "refused" in said.err
    second = str(tmp_path / "second.json")
    exchange.call("accounts", "key", "new", "--out", second)
    said = exchange.call("accounts", "register", account, "--key", second, status=2)
    assert "two_operators_needed" in said.err, "a service registers the first key alone"
    more = ("--signed-by", key, "--permission", "read")
    exchange.call("accounts", "register", account, "--key", second, *more)
    exchange.settle()
    keys = exchange.ask("accounts", "show", account)["keys"]
    assert [each["permissions"] for each in keys] == [["read", "trade", "withdraw"], ["read"]]


def test_a_request_that_is_forged_or_none_registers_nothing(exchange, tmp_path):
    account = exchange.ask("accounts", "open", "--domicile", "JP")["account"]
    key, request = str(tmp_path / "key.json"), tmp_path / "request.json"
    exchange.call("accounts", "key", "new", "--out", key)
    exchange.call("accounts", "key", "request", account, "--exchange", EXCHANGE, "--key", key, "--out", str(request))
    document = json.loads(request.read_text())
    words = ("accounts", "register", "--request", str(request))
    for change, told in (
        ({"signature": document["signature"][:64] + "00" * 32}, "bad_signature"),
        ({"signature": "00"}, "is no key request"),
        ({"format": "another"}, "is no key request"),
        ({"signed": 7}, "is no key request"),
        ({"signed": document["signed"].replace(account, "f" * 32)}, "bad_signature"),
    ):
        request.write_text(json.dumps({**document, **change}))
        assert told in exchange.call(*words, status=2).err
    request.write_text("[]")
    assert "is no key request" in exchange.call(*words, status=2).err
    request.write_text(json.dumps(document))
    exchange.call(*words)


def test_an_account_whose_key_is_taken_is_named_all_the_same(exchange):
    said = exchange.call("accounts", "open", "--domicile", "JP", "--key", exchange.ann_key, status=2)
    account = said.err.removeprefix("error: ").split(":")[0]
    assert "is open, but its key was not registered" in said.err and "key" in said.err
    exchange.settle()
    assert exchange.ask("accounts", "show", account)["keys"] == []


def test_consents_are_signed_by_the_customer_and_dated(exchange, tmp_path):
    text = tmp_path / "terms.txt"
    text.write_text("the terms")
    words = ("accounts", "consent", exchange.ben, "lending", "--text", str(text), "--key", exchange.ben_key)
    given = exchange.ask(*words)
    assert shape(given) == {"account": "str", "consent": "str", "given": "bool", "position": "int", "text": "str"}
    exchange.call(*words, "--withdraw")
    exchange.settle()
    consents = exchange.ask("accounts", "show", exchange.ben)["consents"]
    assert [(each["consent"], each["given"]) for each in consents] == [("lending", True), ("lending", False)]
    other = ("accounts", "consent", exchange.ben, "lending", "--text", str(text), "--key", exchange.ann_key)
    assert "not_the_owner" in exchange.call(*other, status=2).err


def test_an_operator_blocks_and_lifts(exchange):
    account, key = exchange.customer("dora", USD="10")
    few = ("--quantity", "0.01", "--price", "90")
    buy = ("order", "place", "BTC-USD", "buy", "--account", account, "--key", key, *few)
    exchange.call(*buy)
    blocked = exchange.ask("accounts", "block", account, "--reason", "a court order", *exchange.operator)
    assert shape(blocked) == {"account": "str", "blocked": "bool", "position": "int"}
    exchange.settle()
    shown = exchange.ask("accounts", "show", account)
    assert shown["blocked"] and shown["orders"][0]["state"] == "cancelled"
    assert "account-blocked" in exchange.call(*buy, status=2).err
    exchange.call("accounts", "unblock", account, "--reason", "lifted", *exchange.operator)
    [number] = exchange.ask(*buy)["orders"]
    cancelled = exchange.ask("order", "cancel", str(number), "--account", account, "--key", key)
    assert [report["kind"] for report in cancelled["reports"]] == ["cancelled"]
    again = exchange.call("order", "cancel", str(number), "--account", account, "--key", key, status=2)
    assert "UnknownOrder" in again.err


def test_a_market_is_shown_with_its_book(exchange):
    document = exchange.ask("market", "show", "BTC-USD")
    assert document["asks"] == [{"price": "100", "quantity": "0.5"}] and document["bids"] == []
    assert set(document) == {"asks", "bids", "market", "position", "state", "venue"}
    every = exchange.ask("market", "show")
    assert every["assets"] == {"BTC": 8, "USD": 2}
    assert set(every["markets"]["BTC-USD"]) == {
        "base", "base_scale", "quantity_max", "quantity_min", "quote", "quote_scale", "state", "step", "tick",
        "tick_decimals",
    }  # fmt: skip
    assert "100" in exchange.call("market", "show", "BTC-USD").out


def test_one_operator_halts_and_two_open(exchange):
    buy = ("order", "place", "BTC-USD", "buy", "--account", exchange.ben, "--key", exchange.ben_key)
    few = ("--quantity", "0.01", "--price", "90")
    for market in ([], ["--market", "BTC-USD"]):
        halted = exchange.ask("halt", "cancel-only", "--reason", "a drill", *market, *exchange.operator)
        assert shape(halted) == {"market": "str" if market else None, "position": "int", "state": "str"}
        assert "CancelOnlyMode" in exchange.call(*buy, *few, status=2).err
        again = ["market", "open", *market[1:]]
        assert "two operators" in exchange.call(*again, *exchange.operator, status=2).err
        exchange.call(*again, "--state", "post-only", *exchange.operators)
        assert "not-looser" in exchange.call(*again, "--state", "cancel-only", *exchange.operators, status=2).err
        exchange.call(*again, *exchange.operators)
        [number] = exchange.ask(*buy, *few)["orders"]
        exchange.call("order", "cancel", str(number), *buy[4:])


def test_corrections_need_two_operators_and_a_reason(exchange):
    words = ("correct", "--to", exchange.ben, "--asset", "USD", "--amount", "0.01", "--reason", "r", "--reference", "t")
    document = exchange.ask(*words, *exchange.operators)
    assert shape(document) == {"amount": "str", "asset": "str", "from": None, "position": "int", "to": "str"}
    assert "two different" in exchange.call(*words, *exchange.operator, status=2).err
    assert "two different" in exchange.call(*words, *exchange.operator, *exchange.operator, status=2).err
    too_much = ("correct", "--from", exchange.ben, "--asset", "USD", "--amount", "1000000")
    said = exchange.call(*too_much, "--reason", "r", "--reference", "t", *exchange.operators, status=2)
    assert "exceeds-credits" in said.err


def test_a_statement_in_three_forms(exchange, tmp_path):
    document = exchange.ask("statement", exchange.ann, "--out", str(tmp_path / "out"))
    assert shape(document) == {"account": "str", "end": "str", "files": ["str"], "position": "int", "start": "str"}
    made = {path.suffix: path for path in (tmp_path / "out").iterdir()}
    assert sorted(map(str, made.values())) == sorted(document["files"])
    assert made[".pdf"].read_bytes().startswith(b"%PDF-")
    assert all(path.stat().st_mode & 0o077 == 0 for path in made.values()), "for one customer's eyes"
    lines = [line.split(",") for line in made[".csv"].read_text().splitlines()]
    movements = [(line[2], line[4], line[6], line[7]) for line in lines if line[0] == "movement"]
    assert movements == [
        ("BTC", "correction", "5", "5"),
        ("BTC", "trade", "-0.5", "4.5"),
        ("USD", "trade", "50", "50"),
        ("USD", "fee", "-0.04", "49.96"),
    ]
    [order] = [line for line in lines if line[0] == "open-order"]
    assert order[13:18] == ["BTC-USD", "sell", "limit", "1", "0.5"]
    assert exchange.ann in made[".html"].read_text()


def test_a_statement_marks_who_signed(exchange, tmp_path):
    """The taker's own order caused the trade; the maker's side of it was caused by somebody else's."""
    exchange.call("statement", exchange.ben, "--out", str(tmp_path), "--format", "csv")
    [path] = tmp_path.iterdir()
    lines = [line.split(",") for line in path.read_text().splitlines()]
    [trade] = [line for line in lines if line[0] == "movement" and line[4] == "trade" and line[2] == "BTC"]
    assert trade[10:12] == ["customer", SigningKey(load_secret_of(exchange.ben_key)).public.hex()]


BAD = [
    (["accounts", "show", "f" * 32], "is no account here"),
    (["accounts", "open", "--domicile", "Japan"], "domicile"),
    (["accounts", "open", "--domicile", "JP", "--kind", "email"], "--id"),
    (["accounts", "open", "--domicile", "JP", "--id", "x"], "--id"),
    (["accounts", "open", "--domicile", "JP", "--kind", "email", "--id", " x"], "white space"),
    (["accounts", "open", "--domicile", "JP", "--referrer", "f" * 32], "unknown-account"),
    (["accounts", "open", "--domicile", "JP", "--key", "nowhere.json"], "nowhere.json"),
    (["accounts", "register", "--key", "nowhere.json"], "ACCOUNT"),
    (["accounts", "register", "f" * 32], "--request"),
    (["accounts", "register", "--request", "nowhere.json"], "nowhere.json"),
    (["market", "show", "ETH-USD"], "is no market here"),
    (["statement", "f" * 32, "--out", "out"], "is no account here"),
    (["replay", "--to", "1000000"], "behind the log's end"),
]


@pytest.mark.parametrize(("words", "told"), BAD, ids=lambda value: "-".join(value) if isinstance(value, list) else "")
def test_bad_input_is_told_plainly(exchange, words, told):
    said = exchange.call(*words, status=2)
    assert told in said.err and "error: " in said.err
    document = exchange.ask(*words, status=2)
    assert document["verdict"] == "unchecked" and told in document["error"]


BAD_OF_ANN = [
    (["--quantity", "0.001", "--price", "100"], "is no multiple of 0.01"),
    (["--quantity", "1", "--price", "0.5"], "is no multiple of 1"),
    (["--quantity", "1e1", "--price", "1"], "--quantity"),
    (["--quantity", "0", "--price", "1"], "--quantity"),
    (["--quantity", "100", "--price", "101"], "InsufficientFunds"),
    (["--quantity", "101", "--price", "101"], "InvalidQuantity"),
    (["--quantity", "1", "--price", "100", "--time-in-force", "fok", "--post-only"], "rejected"),
]


@pytest.mark.parametrize(("words", "told"), BAD_OF_ANN)
def test_orders_that_no_book_takes_are_told_plainly(exchange, words, told):
    place = ("order", "place", "BTC-USD", "sell", "--account", exchange.ann, "--key", exchange.ann_key)
    assert told in exchange.call(*place, *words, status=2).err


BAD_OF_OPERATORS = [
    (["market", "list-asset", "BTC", "--scale", "8"], "asset-exists"),
    (["market", "list-asset", "btc", "--scale", "8"], "not an asset"),
    (["market", "list-asset", "XRP", "--scale", "-1"], "scale"),
    (["market", "list-asset", "XRP", "--scale", "39"], "scale-too-large"),
    (["market", "list", "BTC-USD", "--base", "BTC", "--quote", "USD", "--tick", "1", "--step", "0.01", "--most", "1"],
     "market-exists"),
    (["market", "list", "A-B", "--base", "DOGE", "--quote", "USD", "--tick", "1", "--step", "1", "--most", "1"],
     "is not listed"),
    (["market", "list", "A-B", "--base", "BTC", "--quote", "USD", "--tick", "0.001", "--step", "1", "--most", "1"],
     "more decimals"),
    (["market", "list", "A-B", "--base", "BTC", "--quote", "USD", "--tick", "1", "--step", "0.01", "--most", "0.001"],
     "no multiple"),
    (["market", "list", "A-B", "--base", "BTC", "--quote", "USD", "--tick", "0.01", "--step", "0.01", "--most", "1"],
     "market-refused"),
    (["market", "open", "A-B"], "unknown-market"),
    (["correct", "--asset", "USD", "--amount", "1", "--reason", "r", "--reference", "t"], "are the same"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "told"), BAD_OF_OPERATORS)
def test_what_operators_may_not_do_is_told_plainly(exchange, words, told):
    assert told in exchange.call(*words, *exchange.operators, status=2).err


def test_a_wrong_period_of_a_statement_is_told(exchange, tmp_path):
    words = ("statement", exchange.ann, "--out", str(tmp_path / "never"))
    for period, told in (
        (["--from", "yesterday"], "is no time"),
        (["--from", "2026-01-02", "--to", "2026-01-02"], "is not before the end"),
        (["--to", "2999-01-01"], "is not over yet"),
        (["--to", "2026-01-01T00:00:00.5Z"], "no full second"),
    ):
        assert told in exchange.call(*words, *period, status=2).err
    assert not (tmp_path / "never").exists()


def test_the_words_of_a_passphrase_that_does_not_open_are_never_shown(exchange, monkeypatch):
    monkeypatch.setitem(exchange.environment, "TALLYSTICK_PASSPHRASE", "hunter2")
    said = exchange.call("accounts", "open", "--domicile", "JP", status=2)
    assert "does not open it" in said.err and "hunter2" not in said.err


def test_a_snapshot_of_what_is_owed_now_is_no_statement(exchange, tmp_path):
    exchange.settle()
    document = exchange.ask("snapshot", "--out", str(tmp_path / "now"))
    assert canonical_file(document) == (tmp_path / "now/snapshot.json").read_bytes()
    assert not {"number", "signatures"} & set(document)
    forest = rebuild(read_folder(tmp_path / "now" / FOLDER), [tree["scale"] for tree in document["trees"]], select())
    trees = {tree["asset"]: tree for tree in document["trees"]}
    assert [root.hex() for root in forest.roots] == [tree["root"] for tree in document["trees"]]
    owed = dict.fromkeys(trees, 0)
    for account in (exchange.ann, exchange.ben):
        for line in exchange.ask("accounts", "show", account)["balances"]:
            owed[line["asset"]] += parse_amount(line["claim"], trees[line["asset"]]["scale"])
    assert owed["BTC"] == int(trees["BTC"]["claims"]) and owed["USD"] <= int(trees["USD"]["claims"])
    said = exchange.call("snapshot", "--out", str(tmp_path / "now"), status=2)
    assert "exists" in said.err


def test_fsck_and_replay_of_a_running_exchange(exchange):
    exchange.settle()
    checked = exchange.ask("fsck")
    assert checked["verdict"] == "valid"
    assert set(checked) == {"checks", "head", "position", "rebuilt", "verdict"}
    names = ["log", "checkpoints", "hours", "second-copy", "store"]
    assert [check["name"] for check in checked["checks"]] == names
    replayed = exchange.ask("replay", "--from-genesis")
    assert replayed["verdict"] == "valid"
    assert set(replayed) == {
        "checks", "commands", "commands_per_second", "first", "last", "signatures", "state", "verdict",
    }  # fmt: skip
    assert replayed["commands"] == replayed["last"] >= checked["position"]
    assert replayed["signatures"] > replayed["commands"]
    less = exchange.ask("replay", "--from-genesis", "--to", "5", "--without-signatures", status=2)
    assert (less["verdict"], less["last"], less["signatures"]) == ("unchecked", 5, 0)
    assert "is running" in exchange.call("fsck", "--rebuild", status=2).err


def test_a_second_process_does_not_run_the_same_exchange(exchange):
    said = exchange.call("run", status=2)
    assert "another process writes this log" in said.err


def test_a_folder_without_an_exchange_is_told(exchange, tmp_path, monkeypatch):
    monkeypatch.setitem(exchange.environment, "TALLYSTICK_FOLDER", str(tmp_path))
    for words in (["accounts", "list"], ["fsck"], ["replay"], ["backup", str(tmp_path / "out")], ["run"]):
        assert "is not there" in exchange.call(*words, status=2).err
    made = ExchangeFolder(tmp_path / "made").make()
    assert "no exchange runs here" in made.call("market", "show", status=2).err
    assert "Start the exchange once" in made.call("accounts", "list", status=2).err
    assert made.ask("replay")["commands"] == 0
