"""What was done to the facts of an exchange, to its folder and to the verbs, once with success. Named after it."""

from __future__ import annotations

import errno
import gzip
import json
import shlex
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace

import pytest

from cli import travel_rule_node
from cli.common import run
from cli.exchange import aside
from cli.exchange.aside import Aside
from cli.exchange.judging import JudgeJob, LogCheck, judge_hours, load_register, register_path, results_of
from cli.exchange.reading import reading
from cli.main import cli
from cli.report import _log_fact
from compliance.facts import Assurance, Evidence, Fact, Source
from compliance.gathering import ATTESTED_MAX, HourSource, _merged, _reconciled, gather, wallet_book
from compliance.pack_input import _coverage, within
from compliance.regimes import REGIMES, catalogue
from compliance.register import Statement as FirmStatement
from compliance.reports.pack import evidence_of
from compliance.reports.packs.evidence import _origins
from compliance.sources.attested import Statement
from compliance.sources.chain import bundles_in, read_chain
from ledger.commands import ReceiveDeposit, RejectWithdrawal, RequestWithdrawal, SetWallet
from ledger.errors import InputError
from tests.cli.exchange.test_hours import HOUR_US, KEYS, PEOPLE, WORDS, Day

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """Three hours: a receipt of nobody and two withdrawals in the first, of which one ends in the third, whose wallet
    is the firm's own by then; and a fourth hour that was missed.
    """
    day = Day(tmp_path_factory.mktemp("exchange"))
    config = day.folder / "tallystick.toml"
    config.write_text(config.read_text().replace("rules = []", f"rules = {json.dumps(list(REGIMES))}"))
    day.begin()
    day.give(SetWallet("wallet-1", "main", "client", "offline", "bip122:main"), *day.operators)
    day.give(ReceiveDeposit("bip122:main", "", "wallet-1", "BTC", 5, 0, "of nobody"), day.secrets.service)
    for number in (0, 1):
        request = f"{number + 10:032x}"
        day.give(RequestWithdrawal(PEOPLE[number], "", "BTC", 1000, "an-address", request), KEYS[number])
    day.next_hour()
    day.trade()
    day.next_hour()
    day.give(SetWallet("wallet-1", "main", "own", "offline", "bip122:main"), *day.operators)
    day.give(RejectWithdrawal(f"{11:032x}", "a test"), day.operators[0])
    day.trade()
    day.next_hour()
    day.clock.now += 2 * HOUR_US
    day.exchange.hours.state_missed(day.clock.now, "a test")
    day.exchange.close()
    return day


def source_of(store, day, count=3, **more):
    chain = read_chain(bundles_in(day.config.hours)[:count], None)
    return HourSource("main", chain, load_register(day.config, catalogue(), store), store, **more)


def rows(facts, name):
    fact = facts.find(name)
    assert fact is not None, name
    return {row["id"]: row for row in fact.value}


def test_what_stayed_open_for_longer_than_the_period_was_forgotten(exchange):
    with reading(exchange.config) as store:
        facts = gather(source_of(store, exchange, period=HOUR), catalogue())
    deposits, withdrawals = rows(facts, "deposits"), rows(facts, "withdrawals")
    assert [row["credited"] for row in deposits.values()] == [None]
    assert withdrawals[f"{10:032x}"]["state"] == "held" and withdrawals[f"{10:032x}"]["done"] is None
    ended = withdrawals[f"{11:032x}"]
    assert ended["state"] == "failed" and ended["done"] - ended["requested"] > HOUR
    assert len(withdrawals) == 2 and ended["units"] == Fraction(1000, 10**8)


def test_what_was_asked_for_later_is_no_fact_of_an_earlier_hour(exchange):
    with reading(exchange.config) as store:
        first = gather(source_of(store, exchange, 1), catalogue())
        third = gather(source_of(store, exchange, 3), catalogue())
    assert {row["state"] for row in rows(first, "withdrawals").values()} == {"held"}
    # The long period and the short one say the same of what both see.
    assert rows(third, "withdrawals")[f"{11:032x}"]["state"] == "failed"


def test_a_store_behind_the_hour_was_an_error_of_the_program(exchange):
    with reading(exchange.config) as store:
        behind = source_of(store, exchange)
        document = json.loads(json.dumps(dict(behind.chain[-1].document)))
        document["sections"]["snapshot"]["ledger"]["position"] = store.position.sequence + 1
        later = replace(behind, chain=[*behind.chain[:-1], behind.chain[-1]._replace(document=document)])
        with pytest.raises(InputError, match="followed the log"):
            gather(later, catalogue())


# Whose the wallets were, hour by hour.


def statement(hour, position, kind="attestation", asset="BTC", balance="100000000", totals=()):
    time = datetime(2026, 6, 1, hour, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    tree = {"asset": asset, "claims": "50000000", "debts": "0", "entity": "main", "scale": 8}
    reserve = {
        "address": "bc1qx", "asset": asset, "balance": balance, "chain": "bip122:main", "control": "none",
        "entity": "main", "evidence": "third-party", "label": "wallet-1",
    }  # fmt: skip
    sections = {
        "in-flight": {"totals": list(totals)},
        "reserves": {"rows": [reserve]},
        "snapshot": {"ledger": {"position": position}, "trees": [tree]},
    }
    found = {"statement": {"kind": kind, "snapshot": f"hour.test/{time}/0"}, "sections": sections}
    if kind == "missed":
        found["sections"] = {}
    return Statement(found, f"{hour:064x}", f"{hour}")


def test_a_wallet_that_is_the_firms_own_now_emptied_the_hours_before(exchange):
    with reading(exchange.config) as store:
        real = source_of(store, exchange)
        positions = [each.snapshot["ledger"]["position"] for each in real.chain]
        chain = [statement(hour, position) for hour, position in enumerate(positions, 1)]
        points = list(_coverage(replace(real, chain=chain)))
        assert [point.held.get("BTC", 0) for point in points] == [1, 1, 0]
        # A missed hour at the end says nothing of wallets, and takes away nothing that was known before it.
        points = list(_coverage(replace(real, chain=[*chain[:2], statement(4, 0, "missed")])))
        assert [point.held.get("BTC", 0) for point in points] == [1, 1, 0] and not points[-1].owed
        book = wallet_book(replace(real, chain=[chain[0], statement(4, 0, "missed")]), [])
        assert book.find("bip122:main", "", "wallet-1").owner == "client"


def test_a_restatement_of_an_early_hour_was_the_end_of_the_period():
    chain = [statement(1, 1), statement(3, 3), statement(2, 2, "restatement")]
    found = within(chain, "vara", date(2026, 6, 1), date(2026, 6, 1))
    assert [each.hour.hour for each in found] == [1, 2, 3]
    again = [*chain, statement(3, 3, "restatement")]
    assert within(again, "vara", date(2026, 6, 1), date(2026, 6, 1))[-1].kind == "restatement"


def test_another_entitys_hole_was_ours():
    def total(entity, difference):
        return {"asset": "BTC", "difference": difference, "entity": entity}

    chain = [statement(1, 1, totals=[total("main", "0"), total("other", "-500")])]
    [fact] = _reconciled(chain, "main")
    assert fact.value[0]["unexplained"] == 0
    [fact] = _reconciled([statement(1, 1, totals=[total("main", "-500")])], "main")
    assert fact.value[0]["unexplained"] == 1
    assert _reconciled([statement(1, 1, totals=[total("other", "0")])], "main") == []


def test_a_banks_letter_of_years_ago_said_what_is_held_now():
    now = datetime(2026, 6, 1, tzinfo=UTC)

    def held(amount, at, assurance):
        return Fact("client_money.held", {"AED": Fraction(amount)}, at, assurance)

    ledger = held(1, now, Assurance.CLAIMED)
    for age, amount in ((ATTESTED_MAX, 2), (ATTESTED_MAX + timedelta(microseconds=1), 1)):
        [fact] = _merged([ledger], [held(2, now - age, Assurance.ATTESTED)], now)
        assert fact.value == {"AED": amount}


# The log, the results, and the verbs.


def judged(day):
    return judge_hours(JudgeJob(day.folder, day.secrets.signing))


def said(capsys, *words, status=2):
    capsys.readouterr()
    found = run(cli, [str(word) for word in words])
    heard = capsys.readouterr()
    assert found == status, heard.err + heard.out
    assert "Traceback" not in heard.err and "internal error" not in heard.err
    return heard.err if status == 2 else heard.out


def test_hours_are_judged_on_after_facts_were_lost_and_records_damaged(exchange, capsys, monkeypatch):
    monkeypatch.setenv("TALLYSTICK_PASSPHRASE", WORDS)
    assert len(judged(exchange)) >= 4
    results = results_of(exchange.config)
    records, facts = (sorted(results.folder.glob(f"*.{kind}.gz")) for kind in ("json", "facts"))
    # A process was killed before the last record, whose facts are there; and the facts of the one before were lost.
    whole, lost = records[-1].read_bytes(), facts[-2].read_bytes()
    records[-1].unlink()
    facts[-2].unlink()
    assert len(judged(exchange)) == 1 and records[-1].read_bytes() == whole
    said(capsys, "compliance", "explain", "VARA-RES-01", "--folder", exchange.folder, "--at", facts[-2].name[:10])
    facts[-2].write_bytes(lost)
    # A record that is not to be unpacked is an error in words.
    records[-1].write_bytes(gzip.compress(b"{}")[:-3])
    for verb in (("status",), ("history",), ("explain", "VARA-RES-01")):
        said(capsys, "compliance", *verb, "--folder", exchange.folder)
    records[-1].write_bytes(whole)
    assert not judged(exchange)


def test_the_log_was_whole_up_to_a_restatement_without_being_read(exchange):
    chain = read_chain(bundles_in(exchange.config.hours)[:3], None)
    check = LogCheck(exchange.config, False)
    check.skip(chain[1])  # nobody has read it before: nothing is skipped
    assert check._done == 0 and check.to(chain[2]).value is True
    # And where nothing is new, what is signed is still held against the log.
    document = json.loads(json.dumps(dict(chain[2].document)))
    document["sections"]["snapshot"]["ledger"]["head"] = "ab" * 32
    assert check.to(chain[2]).value is True
    assert check.to(chain[2]._replace(document=document)).value is False


def test_who_attested_commanded_the_terminal(exchange, capsys):
    kinds = catalogue()
    path = register_path(exchange.config)
    before = path.read_bytes() if path.exists() else None
    with reading(exchange.config) as store:
        register = load_register(exchange.config, kinds, store)
    since = datetime(2020, 1, 1, tzinfo=UTC)
    hostile = FirmStatement(
        "vara.reserve_audit.last", date(2026, 1, 1), since, document="ab" * 32, attested_by="\x1b]0;gone\x07[red]"
    )
    register.append([hostile], since, exchange.operators[0], kinds)
    results = results_of(exchange.config)
    for each in results.folder.glob("*"):
        each.unlink()
    judged(exchange)
    for verb in (("explain", "VARA-RES-02"), ("status", "--all")):
        capsys.readouterr()
        run(cli, ["compliance", *verb, "--folder", str(exchange.folder)])
        heard = capsys.readouterr()
        assert "\x1b]" not in heard.out and "\x07" not in heard.out and "internal" not in heard.err
    path.unlink() if before is None else path.write_bytes(before)


@pytest.mark.parametrize(
    "words",
    [
        ("--to", "9999-12-31"), ("--from", "0001-01-01", "--to", "0001-01-02"), ("--from", "9999-12-31"),
        ("--from", "2026-02-30"), ("--attach", "x"), ("--attach", "../../x=/etc/hostname"),
        ("--attach", "a=/etc/hostname", "--attach", "a=/etc/hosts"), ("--attach", "a=/nowhere/at/all"),
        ("--kind", "../x"),
    ],
)  # fmt: skip
def test_a_pack_of_words_that_mean_nothing_is_refused_in_words(exchange, capsys, tmp_path, words):
    said(capsys, "report", "vara", "--folder", exchange.folder, "--out", tmp_path / "x", "--format", "html", *words)
    assert not list(tmp_path.iterdir())


def test_an_entity_that_does_not_exist_had_a_pack(exchange, capsys, tmp_path):
    key = exchange.folder / "secrets" / "exchange-key.json"
    words = ["--bundle", exchange.config.hours, "--key", key, "--out", tmp_path / "x", "--format", "html"]
    assert "Choose from main" in said(capsys, "report", "vara", *words, "--entity", "mian")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "0001-01-01", "soon"])
def test_a_time_out_of_all_time_is_refused_in_words(exchange, capsys, at):
    for verb in (("status",), ("explain", "VARA-RES-01")):
        if at.startswith("9999"):
            said(capsys, "compliance", *verb, "--folder", exchange.folder, "--at", at)
        else:
            said(capsys, "compliance", *verb, "--folder", exchange.folder, "--at", at)


def test_no_process_for_the_rules_stopped_trading(monkeypatch):
    class Full:
        def Process(self, **more):  # the name of multiprocessing's own
            return self

        def start(self):
            raise OSError(errno.ENOMEM, "no memory")

    monkeypatch.setattr(aside, "get_context", lambda kind: Full())
    beside = Aside("rules", print, "a job", "the rules could not be evaluated")
    beside.ask()
    assert beside.work() == "the rules could not be evaluated"
    assert beside.work() is None  # once, and not with every turn of the loop
    beside.ask()
    assert beside.finish() == ["the rules could not be evaluated"]


# Packs.


def test_the_command_beside_a_hash_printed_another_one(exchange, capsys):
    key = exchange.folder / "secrets" / "exchange-key.json"
    [statement] = read_chain(bundles_in(exchange.config.hours)[:1], None)
    found = list(evidence_of([Evidence("attestation", statement.place, statement.digest)]))
    program, verb, folder, _, _, as_json = shlex.split(found[0].command)
    assert (program, verb, as_json) == ("tallystick", "audit", "--json")
    capsys.readouterr()
    run(cli, [verb, str(exchange.config.hours / folder), "--key", str(key), as_json])
    assert found[0].sha256 in capsys.readouterr().out
    # The head of a chain is no file's hash, and no command says so.
    log = Evidence("screening log", "screening/log.jsonl", "ab" * 32)
    file = Evidence("firm's file", "firm.toml", "cd" * 32)
    assert [each.command for each in evidence_of([log, file])] == ["", "sha256sum firm.toml"]


def test_a_pack_lacked_what_the_hour_itself_had_found(exchange, capsys, tmp_path):
    judged(exchange)
    capsys.readouterr()
    words = ["report", "eu", "--folder", str(exchange.folder), "--out", str(tmp_path / "pack"), "--format", "html"]
    run(cli, [*words, "--to", second(exchange).date().isoformat(), "--json"])
    assert json.loads(capsys.readouterr().out)["counts"]
    facts = _log_fact(exchange.config, second(exchange))
    assert [fact.value for fact in facts] == [True]
    assert _log_fact(exchange.config, second(exchange) + timedelta(minutes=1)) == []


def second(day):
    return read_chain(bundles_in(day.config.hours)[:2], None)[-1].hour


def test_the_firms_word_was_shown_as_the_ledgers():
    kind = catalogue()["client_money.held"]
    now = datetime(2026, 6, 1, tzinfo=UTC)

    def origins(*words):
        evidence = tuple(Evidence(word, "", "ab" * 32) for word in words)
        return _origins(Fact(kind.name, {}, now, Assurance.CLAIMED, evidence), kind)

    assert origins("attestation") == [Source.LEDGER] and origins() == [Source.LEDGER]
    assert origins("firm's register", "document of a bank") == [Source.FIRM]
    assert origins("command log", "firm's register") == [Source.LEDGER, Source.FIRM]


def test_the_other_institutions_reason_commanded_the_terminal(capsys, monkeypatch):
    found = SimpleNamespace(
        missing=(), reason="\x1b[2Jno", state="rejected", counterparty="x", customer="c", is_originating=True,
        terms=None, transaction=None, transfer="t",
    )  # fmt: skip
    node = SimpleNamespace(
        register=SimpleNamespace(named=lambda to: SimpleNamespace(url="")), conversation=lambda to, transfer: found
    )
    monkeypatch.setattr(travel_rule_node, "deliver", lambda url, data: None)
    assert travel_rule_node._exchange_of_messages(node, "x", b"", "t", False) == 1
    assert "\x1b" not in capsys.readouterr().out
