"""The hour of a running exchange: cut, closed in another process, stated, audited; and what a restart finds."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from cli.common import run
from cli.exchange.config import Config, write_template
from cli.exchange.hours import LATE_MAX_SECONDS
from cli.exchange.running import RunningExchange
from cli.exchange.signing import signed, signed_document
from cli.exchange.statements import LAST_STATEMENT
from cli.exchange.vault import OPERATOR_NAMES, HouseSecrets, load_operator, make_secrets
from cli.keys import read_previous
from cli.main import cli
from cli.replay_audit import _compare, _Reached, replay_checks, signed_ledgers
from ledger.canonical import Digest
from ledger.commands import CreditDeposit, CutHour, ListAsset, ListMarket, OpenAccount, OpenMarket, PlaceOrders, Tick
from ledger.engine import RULE_SET, Engine
from ledger.errors import InputError
from ledger.keys import SigningKey
from ledger.log import Door, Head, Sequence64
from por.liabilities.kernels import select
from tests.ledger.test_engine import order
from tests.support.folders import quiet

WORDS = "a passphrase"
HOUR_US = 3_600_000_000
BEGIN = 495_000 * HOUR_US + 600_000_000
PEOPLE = [f"{number:032x}" for number in range(1, 6)]
KEYS = [SigningKey(bytes([number]) * 32) for number in range(1, 6)]
MARKET = "BTC_USD"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> int:
        self.now += 1
        return self.now


class Day:
    """An exchange in a folder whose time a test moves, closed and opened again at will."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock()
        genesis = make_secrets(folder / "secrets", "hour.test", "main", BEGIN, WORDS)
        (folder / "genesis.json").write_bytes(genesis.to_file())
        write_template(folder, "hour.test", "main")
        quiet(folder)
        self.secrets = HouseSecrets.load(folder / "secrets", WORDS)
        self.operators = [load_operator(folder / "secrets" / name, WORDS) for name in OPERATOR_NAMES]
        self.config = Config.load(folder)
        self.exchange = self.opened()

    def opened(self) -> RunningExchange:
        return RunningExchange(self.config, self.secrets, self.clock, threaded=False)

    def restart(self) -> None:
        self.exchange.close()
        self.exchange = self.opened()

    def give(self, command, *keys):
        [answer] = self.exchange.submit([signed("hour.test", command, self.clock(), keys)])
        assert not [e for e in getattr(answer, "events", [answer]) if "Refused" in type(e).__name__], answer
        return answer

    def begin(self) -> None:
        two = self.operators
        for asset, chain in (("BTC", "bip122:main"), ("USD", "offchain:bank")):
            self.give(ListAsset(asset, 8 if asset == "BTC" else 2, chain, "native", "", "", ""), *two)
        self.give(ListMarket(MARKET, "BTC", "USD", 10_000, 100_000, 1, 10**6), *two)
        self.give(OpenMarket(MARKET, "open", "opening"), *two)
        for number in range(4):
            self.join(number)

    def join(self, number: int) -> None:
        account, key = PEOPLE[number], KEYS[number]
        self.give(
            OpenAccount(account, "main", "assigned", None, None, "retail", "JP", "customer", None),
            self.secrets.service,
        )
        register = {
            "expires": None,
            "key": key.public.hex(),
            "owner": account,
            "permissions": ["read", "trade", "withdraw"],
            "role": "customer",
            "type": "keys.register",
        }
        self.exchange.submit([signed_document("hour.test", register, self.clock(), [self.secrets.service, key])])
        for asset, amount in (("BTC", 10**9), ("USD", 10**8)):
            deposit = CreditDeposit(account, "", asset, amount, "wallet-1", f"{asset} of {number}")
            self.give(deposit, self.secrets.service)

    def trade(self, turns: int = 6) -> None:
        for turn in range(turns):
            side = ("bid", "ask")[turn % 2]
            self.give(PlaceOrders(PEOPLE[turn % 4], "", (order(side, 5 + turn, 10),)), KEYS[turn % 4])

    def to_hour(self) -> None:
        """The clock reaches the end of the live hour."""
        self.clock.now = (self.clock.now // HOUR_US + 1) * HOUR_US

    def next_hour(self) -> Path:
        self.to_hour()
        self.exchange.keep_hours()
        self.exchange.hours.finish()
        return self.exchange.hours.bundles()[-1]


@pytest.fixture
def day(tmp_path):
    day = Day(tmp_path)
    day.begin()
    yield day
    day.exchange.close()


def audited(day, bundles, capsys, *options):
    """What the command says of bundles: exit status, and result by check."""
    key = str(day.folder / "secrets" / "exchange-key.json")
    capsys.readouterr()
    status = run(cli, ["audit", *map(str, bundles), "--key", key, "--json", *options])
    report = json.loads(capsys.readouterr().out)
    return status, [(check["name"], check["result"]) for check in report["checks"]]


REPLAYED = ("replay-start", "replay", "replay-balances", "replay-trees", "replay-statements")


def test_three_hours_are_stated_in_a_chain_and_hold_what_the_ledger_owes(day):
    bundles = []
    for number in range(3):
        day.trade()
        if number == 1:
            day.join(4)
        bundles.append(day.next_hour())
    documents = [read_previous(bundle) for bundle in bundles]
    assert [each["statement"]["sequence"] for each in documents] == [0, 1, 2]
    assert [each["statement"]["kind"] for each in documents] == ["attestation"] * 3
    engine = day.exchange.venue.engine
    for asset, tree in zip(("BTC", "USD"), documents[-1]["sections"]["snapshot"]["trees"], strict=True):
        claims = sum(claim for (_, name), (claim, _) in engine.balances().items() if name == asset)
        assert (tree["asset"], tree["claims"]) == (asset, str(claims))
    ledger = documents[-1]["sections"]["snapshot"]["ledger"]
    assert ledger["position"] == int(day.exchange.venue.log.head.sequence)
    assert ledger["state"] == engine.state_hash().hex()


def test_an_auditor_replays_the_log_to_every_signed_root(day, capsys):
    bundles = []
    for _ in range(2):
        day.trade()
        bundles.append(day.next_hour())
    status, checks = audited(day, bundles, capsys, "--replay")
    assert [result for name, result in checks if name in REPLAYED] == ["pass"] * 10
    assert not [name for name, result in checks if result == "fail"]
    # This exchange names no reserves, so their balances stay unchecked.
    assert status == 2 and dict(checks)["balances"] == "unchecked"
    # The second hour alone: its beginning is only the exchange's word.
    status, checks = audited(day, bundles[1:], capsys, "--replay")
    assert (dict(checks)["replay-start"], dict(checks)["replay"]) == ("unchecked", "pass")
    assert dict(audited(day, bundles[1:], capsys)[1])["replay"] == "unchecked"


@pytest.mark.parametrize("name", ["log.bin", "checkpoint.bin", "genesis.json", "accounts.bin"])
def test_a_changed_byte_of_the_replay_folder_is_found(day, capsys, name):
    bundles = []
    for _ in range(2):
        day.trade()
        bundles.append(day.next_hour())
    path = bundles[1] / "replay" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    status, checks = audited(day, bundles, capsys, "--replay")
    assert status == 1
    assert [pair for pair in checks if pair[0] in ("manifest", *REPLAYED) and pair[1] == "fail"]


def test_a_restart_inside_an_hour_goes_on_to_the_same_root(day):
    day.next_hour()
    day.trade()
    day.restart()
    day.trade()
    day.exchange.hours.trees.forest.refresh()
    live = [day.exchange.hours.trees.forest.root(n) for n in range(2)]
    day.restart()
    day.exchange.hours.trees.forest.refresh()
    assert [day.exchange.hours.trees.forest.root(n) for n in range(2)] == live
    assert read_previous(day.next_hour())["statement"]["sequence"] == 1


def test_a_restart_between_cut_and_statement_states_the_hour(day):
    day.trade()
    day.to_hour()
    day.exchange.keep_hours()
    day.restart()
    day.trade()
    day.exchange.hours.finish()
    [bundle] = day.exchange.hours.bundles()
    assert read_previous(bundle)["statement"]["kind"] == "attestation"
    assert read_previous(day.next_hour())["statement"]["sequence"] == 1


def test_an_hour_slept_through_is_missed_and_never_invented(day):
    first = day.next_hour()
    day.trade()
    day.exchange.close()
    day.clock.now += 3 * HOUR_US
    day.exchange = day.opened()
    day.exchange.keep_hours()
    day.trade()
    last = day.next_hour()
    kinds = [read_previous(bundle)["statement"]["kind"] for bundle in day.exchange.hours.bundles()]
    assert kinds == ["attestation", "missed", "missed", "missed", "attestation"]
    assert first != last


@pytest.mark.parametrize(("late", "kind"), [(LATE_MAX_SECONDS, "attestation"), (LATE_MAX_SECONDS + 1, "missed")])
def test_a_cut_may_be_so_late_and_no_later(day, late, kind):
    day.next_hour()
    day.trade()
    day.exchange.close()
    day.to_hour()
    day.clock.now += late * 1_000_000
    day.exchange = day.opened()
    day.give(Tick(), day.secrets.service)
    day.exchange.hours.finish()
    assert read_previous(day.exchange.hours.bundles()[-1])["statement"]["kind"] == kind


def test_a_command_after_the_hour_finds_it_cut(day):
    day.trade()
    before = int(day.exchange.venue.log.head.sequence)
    day.to_hour()
    day.trade(1)
    day.exchange.hours.finish()
    [bundle] = day.exchange.hours.bundles()
    assert read_previous(bundle)["sections"]["snapshot"]["ledger"]["position"] == before + 1


def test_hostile_replay_folders_are_answered_and_never_a_traceback(day, capsys):
    """Pipes, other files and a log that goes on: every one is an answer, and none of them a pass."""
    bundles = []
    for _ in range(2):
        day.trade()
        bundles.append(day.next_hour())
    folder = bundles[1] / "replay"
    folder.chmod(0o700)
    whole = {name: (folder / name).read_bytes() for name in ("log.bin", "checkpoint.bin", "genesis.json")}

    def answer(**changes):
        for name, data in {**whole, **{key.replace("_", "."): value for key, value in changes.items()}}.items():
            (folder / name).unlink(missing_ok=True)
            if data is None:
                os.mkfifo(folder / name)
            elif isinstance(data, bytes):
                (folder / name).write_bytes(data)
        checks = dict(audited(day, bundles[1:], capsys, "--replay")[1])
        return checks["replay-start"], checks["replay"]

    assert answer() == ("unchecked", "pass")
    for name in ("log_bin", "checkpoint_bin", "genesis_json"):
        assert answer(**{name: None}) == ("unchecked", "unchecked"), "a pipe is not waited for"
        assert answer(**{name: b""})[1] != "pass"
        assert answer(**{name: whole["log.bin"][:4_000]})[1] == "fail"
    line, _, rest = whole["checkpoint.bin"].partition(b"\n")
    header = json.loads(line)
    for sections in (None, {}, [["a", 2**53 - 1]], [*header["sections"], header["sections"][0]]):
        forged = json.dumps({**header, "sections": sections}, sort_keys=True, separators=(",", ":")).encode()
        assert answer(checkpoint_bin=forged + b"\n" + rest)[1] == "fail"
    # Back at genesis, the log of the second hour begins nowhere.
    assert answer(checkpoint_bin=b"")[1] == "fail"


def test_a_log_that_is_not_the_one_of_another_statement_fails(day):
    day.trade()
    bundle = day.next_hour()
    kernel = select(None)
    signed_there = signed_ledgers([bundle])
    assert [check.result for check in replay_checks(bundle, signed_there, kernel)][:2] == ["pass", "pass"]
    forged = {2: {**next(iter(signed_there.values())), "position": 2, "head": "00" * 32}}
    _, replayed, *_ = replay_checks(bundle, forged, kernel)
    assert (replayed.name, replayed.result) == ("replay", "fail") and "another statement" in replayed.detail


def test_a_position_that_is_no_cut_of_the_hour_is_no_replay_of_it():
    hour = BEGIN // HOUR_US * HOUR_US
    for end, words in (
        (_Reached(Head(Sequence64(3), Digest(bytes(32))), -1, hour - 1), "not the cut"),
        (_Reached(Head(Sequence64(3), Digest(bytes(32))), hour - HOUR_US, hour - HOUR_US - 1), "not the cut"),
        (_Reached(Head(Sequence64(3), Digest(bytes(32))), hour, hour), "before the cut"),
        (_Reached(Head(Sequence64(3), Digest(bytes(32))), hour, hour - 1), "leads to the signed state"),
    ):
        engine = Engine("hour.test")
        ledger = {
            "head": "00" * 32,
            "parameters": engine.parameters.hash().hex(),
            "position": 3,
            "ruleset": RULE_SET,
            "state": engine.state_hash().hex(),
        }
        assert words in _compare(engine, end, ledger, hour // 1_000_000).detail


def refused(day):
    with pytest.raises(InputError) as problem:
        day.opened()
    return str(problem.value)


def test_statements_that_are_gone_are_not_made_a_second_time(day):
    day.trade()
    day.next_hour()
    newest = day.next_hour()
    day.exchange.close()
    away = day.folder / "away"
    newest.rename(away)
    assert "lacks the statement" in refused(day)
    shutil.copytree(day.config.hours, day.folder / "first")
    shutil.rmtree(day.config.hours)
    assert "lacks the statement" in refused(day)
    (day.folder / LAST_STATEMENT).unlink()
    shutil.rmtree(day.config.trees)
    assert "the log has hours that were cut" in refused(day)
    shutil.rmtree(day.config.hours)
    (day.folder / "first").rename(day.config.hours)
    away.rename(newest)
    day.exchange = day.opened()
    assert read_previous(day.next_hour())["statement"]["sequence"] == 2


def test_trees_that_are_gone_are_made_again_from_the_log(day):
    day.trade()
    day.next_hour()
    day.trade()
    day.to_hour()
    day.exchange.keep_hours()
    day.exchange.close()
    shutil.rmtree(day.config.trees)
    day.exchange = day.opened()
    day.trade(2)
    day.exchange.hours.finish()
    kinds = [read_previous(bundle)["statement"]["kind"] for bundle in day.exchange.hours.bundles()]
    assert kinds == ["attestation", "attestation"]
    assert read_previous(day.next_hour())["statement"]["sequence"] == 2


def test_a_damaged_checkpoint_is_made_again_before_its_hour_is_stated(day):
    day.trade()
    day.to_hour()
    day.exchange.keep_hours()
    day.exchange.venue.checkpoints.wait()
    [position] = day.exchange.venue.checkpoints.positions()
    path = day.exchange.venue.checkpoints.path(position)
    day.exchange.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    day.exchange = day.opened()
    assert path.read_bytes() == whole
    day.exchange.hours.finish()
    assert read_previous(day.exchange.hours.bundles()[-1])["statement"]["kind"] == "attestation"


def test_a_command_that_slipped_in_after_the_hour_makes_it_missed(day):
    day.next_hour()
    day.to_hour()
    # As a process would that read the clock again after it had asked for the hour.
    day.exchange.venue.submit([day.exchange.house(Tick())], day.clock())
    day.exchange.keep_hours(day.clock.now - HOUR_US)
    assert len(day.exchange.hours.bundles()) == 1, "a clock that went back states nothing"
    day.exchange.keep_hours()
    kinds = [read_previous(bundle)["statement"]["kind"] for bundle in day.exchange.hours.bundles()]
    assert kinds == ["attestation", "missed"]


def test_an_hour_that_ends_while_a_batch_arrives_is_cut_before_the_batch_or_after_it(day):
    """The clock moves over the end of the hour at any reading: never a command of the next hour before the cut."""
    for reading in range(1, 5):
        day.clock.now = (day.clock.now // HOUR_US + 1) * HOUR_US - reading
        command = signed("hour.test", Tick(), day.clock.now - 1_000, [day.secrets.service])
        day.exchange.submit([command])
        day.exchange.keep_hours()
        day.exchange.hours.finish()
        assert day.exchange.hours.trees.forest.is_cut is False
    kinds = {read_previous(bundle)["statement"]["kind"] for bundle in day.exchange.hours.bundles()}
    assert kinds == {"attestation"}


def test_orders_bound_to_a_session_do_not_outlive_the_process(day):
    place = signed("hour.test", PlaceOrders(PEOPLE[0], "", (order(bound=True),)), day.clock(), [KEYS[0]])
    day.exchange.submit([place._replace(door=Door(source="gone"))])
    assert day.exchange.venue.engine.orders.sessions == ["gone"]
    day.restart()
    day.exchange.keep_hours()
    assert day.exchange.venue.engine.orders.sessions == []
    assert not day.exchange.venue.engine.orders.rooms[MARKET].funds.holds


def test_a_service_that_cuts_a_missed_hour_in_the_log_stops_nothing(day):
    day.next_hour()
    missed = (day.clock.now // HOUR_US + 1) * HOUR_US
    day.exchange.close()
    day.clock.now += 2 * HOUR_US
    day.exchange = day.opened()
    day.give(CutHour(missed), day.secrets.service)
    day.restart()
    day.trade(2)
    day.next_hour()
    kinds = [read_previous(bundle)["statement"]["kind"] for bundle in day.exchange.hours.bundles()]
    assert kinds == ["attestation", "missed", "missed", "attestation"]
