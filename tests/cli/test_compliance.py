"""Rules over a real exchange: facts against the engine, evaluations kept in a chain, the verbs, and a pack."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from datetime import timedelta
from fractions import Fraction

import pytest

from cli.common import run
from cli.exchange.judging import JudgeJob, judge_hours, load_register, results_of
from cli.exchange.reading import reading
from cli.main import cli
from compliance.gathering import HourSource, gather, wallet_book
from compliance.regimes import REGIMES, catalogue
from compliance.results import Results
from compliance.sources.attested import attested_facts, coverage_points
from compliance.sources.chain import bundles_in, read_chain, read_period
from compliance.sources.wallets import WalletBook
from compliance.verdicts import Result
from ledger.commands import SetCustomer, SetWallet
from ledger.errors import InputError
from tests.cli.exchange.test_hours import KEYS, PEOPLE, WORDS, Day

FIRM = """
"business.since" = 1970-01-01
"licences.us.states" = ["US-NY", "US-WA"]
"client_money.held" = { USD = "5000000" }
"finance.fixed_overheads" = "8000000"
"""


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """An exchange that was attested for three hours, closed; with two of four customers in New York from hour two."""
    day = Day(tmp_path_factory.mktemp("exchange"))
    config = day.folder / "tallystick.toml"
    text = config.read_text()
    config.write_text(text.replace("rules = []", f"rules = {json.dumps(list(REGIMES))}"))
    day.begin()
    day.give(SetWallet("wallet-1", "main", "client", "offline", "bip122:main"), *day.operators)
    bundles = []
    for hour in range(3):
        if hour == 1:
            for number in (0, 1):
                moved = SetCustomer(PEOPLE[number], "retail", "US-NY", "customer")
                day.give(moved, day.secrets.service)
        day.trade()
        bundles.append(day.next_hour())
    day.exchange.close()
    return day


def facts_of(day, hours=3):
    kinds = catalogue()
    with reading(day.config) as store:
        chain = read_chain(bundles_in(day.config.hours)[:hours], None)
        source = HourSource("main", chain, load_register(day.config, kinds, store), store)
        return gather(source, kinds)


def value(facts, name, scope=""):
    fact = facts.find(name, scope)
    assert fact is not None, name
    return fact.value


def test_what_is_owed_is_what_the_engine_owes(exchange):
    facts = facts_of(exchange)
    owed = Counter()
    for (_, asset), (claim, _) in exchange.exchange.venue.engine.balances().items():
        owed[asset] += claim
    assert value(facts, "claims") == {"BTC": Fraction(owed["BTC"], 10**8)}
    assert value(facts, "client_money.owed") == {"USD": Fraction(owed["USD"], 100)}


def test_customers_are_counted_where_they_lived_at_the_hour(exchange):
    def places(facts):
        return {row["domicile"]: row["count"] for row in value(facts, "customers")}

    assert places(facts_of(exchange, 1)) == {"JP": 4}
    assert places(facts_of(exchange, 3)) == {"JP": 2, "US-NY": 2}


def test_what_a_states_residents_are_owed_is_the_sum_of_their_balances(exchange):
    facts = facts_of(exchange)
    balances = exchange.exchange.venue.engine.balances()
    for asset, name, scale in (("BTC", "claims.state", 8), ("USD", "outstanding.state", 2)):
        owed = sum(balances[account, asset][0] for account in PEOPLE[:2])
        assert value(facts, name, "US-NY") == {asset: Fraction(owed, 10**scale)}
    assert facts.find("claims.state", "US-WA") is None  # nobody says yet that the firm is licensed there


def test_deposits_and_orders_of_the_period(exchange):
    facts = facts_of(exchange)
    deposits = value(facts, "deposits")
    assert len(deposits) == 8 and all(row["received"] == row["credited"] for row in deposits)
    assert {row["is_money"] for row in deposits if row["asset"] == "USD"} == {True}
    orders = sum(row["orders"] for row in value(facts, "order_to_trade"))
    assert orders == 18
    charges = value(facts, "postings.to_own")
    assert all(row["is_charge"] for row in charges)


def test_facts_of_an_hour_are_the_same_whenever_they_are_gathered(exchange):
    # The store is three hours on; the first hour's facts are those of its own log position.
    first = facts_of(exchange, 1)
    assert len(value(first, "deposits")) == 8
    assert sum(row["orders"] for row in value(first, "order_to_trade")) == 6
    assert first.as_of == facts_of(exchange).as_of - timedelta(hours=2)


def judged(day):
    return judge_hours(JudgeJob(day.folder, day.secrets.signing))


def call(capsys, *words, status=None):
    capsys.readouterr()
    found = run(cli, list(words))
    said = capsys.readouterr()
    assert status is None or found == status, said.err + said.out
    return said.out


def test_every_hour_is_evaluated_once_and_the_verbs_show_it(exchange, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TALLYSTICK_PASSPHRASE", WORDS)
    folder = ["--folder", str(exchange.folder)]
    call(capsys, "compliance", "status", *folder, status=2)  # nothing is evaluated yet
    firm = tmp_path / "firm.toml"
    firm.write_text(FIRM)
    operator = str(exchange.folder / "secrets" / "operator-1.json")
    entered = call(
        capsys,
        "facts",
        "import",
        str(firm),
        *folder,
        "--from",
        "1970-01-01",
        "--operator",
        operator,
        "--json",
        status=0,
    )
    assert json.loads(entered)["entries"] == 4
    again = call(
        capsys,
        "facts",
        "import",
        str(firm),
        *folder,
        "--from",
        "1970-01-01",
        "--operator",
        operator,
        "--json",
        status=0,
    )
    assert json.loads(again)["entered"] == []
    assert len(judged(exchange)) == 3 and not judged(exchange)
    chain = list(results_of(exchange.config).chain())
    assert [each.sequence for each in chain] == [0, 1, 2]
    assert {each.result for each in chain[-1].verdicts} >= {Result.INSUFFICIENT}
    status = json.loads(call(capsys, "compliance", "status", *folder, "--json"))
    assert status["digest"] == chain[-1].digest and {each["regime"] for each in status["sets"]} == set(REGIMES)
    history = json.loads(call(capsys, "compliance", "history", *folder, "--json", status=0))
    assert history["records"] == 3
    explained = json.loads(call(capsys, "compliance", "explain", "VARA-RES-01", *folder, "--json"))
    assert explained["rule"]["citation"] and explained["verdicts"][0]["rule"] == "VARA-RES-01"
    assert "fact" in call(capsys, "compliance", "explain", "VARA-RES-01", *folder)
    call(capsys, "compliance", "explain", "VARA-NONE", *folder, status=2)
    listed = json.loads(call(capsys, "facts", "list", *folder, "--json", status=0))
    assert {fact["name"] for fact in listed["facts"]} >= {"business.since", "licences.us.states"}


def test_a_pack_is_written_whole_and_says_what_it_lacks(exchange, capsys, tmp_path):
    out = tmp_path / "pack"
    folder = ["--folder", str(exchange.folder)]
    said = call(capsys, "report", "vara", *folder, "--out", str(out), "--format", "html", "--json")
    document = json.loads(said)
    assert document["counts"]["insufficient data"] > 0
    page = (out / "monthly.html").read_text()
    assert "unaudited" in page and "VARA-RES-01" in page
    call(capsys, "report", "vara", *folder, "--out", str(out), status=2)  # never over another pack
    call(capsys, "report", "vara", *folder, "--out", str(tmp_path / "x"), "--kind", "yearly", status=2)
    call(capsys, "report", "vara", *folder, "--out", str(tmp_path / "x"), "--from", "tomorrow", status=2)
    call(capsys, "report", "vara", *folder, "--out", str(tmp_path / "x"), "--to", "1999-01-01", status=2)
    call(capsys, "report", "vara", "--out", str(tmp_path / "x"), status=2)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("kind", ["call-report", "state-exam", "federal"])
def test_us_packs_are_written_from_a_folder(exchange, capsys, tmp_path, kind):
    """Of an exchange that said little of the United States: everything is there, and a draft calls itself one."""
    out = tmp_path / kind
    words = ["--folder", str(exchange.folder), "--kind", kind, "--format", "html", "--out", str(out), "--json"]
    document = json.loads(call(capsys, "report", "us-mtl", *words))
    assert document["counts"]["insufficient data"] > 0
    assert "unaudited" in (out / f"{kind}.html").read_text()
    if kind == "call-report":
        assert "schema not verified" in document["notes"]["msb-call-report.xml"]
        assert "draft, not for filing" in (out / "msb-call-report.xml").read_text()


def test_a_pack_is_made_from_bundles_alone(exchange, capsys, tmp_path):
    firm = tmp_path / "firm.toml"
    firm.write_text(FIRM)
    key = str(exchange.folder / "secrets" / "exchange-key.json")
    words = ["--bundle", str(exchange.config.hours), "--key", key, "--facts", str(firm), "--format", "html"]
    call(capsys, "report", "vara", *words, "--out", str(tmp_path / "pack"))
    assert "Management assertion" in (tmp_path / "pack" / "monthly.html").read_text()
    call(capsys, "report", "vara", *words[:2], "--out", str(tmp_path / "x"), status=2)  # without a key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("business.since = 2026-01-01\n", "no fact that is known"),
        ('"business.since" = "yesterday"\n', "row 1"),
        ('\n"finance.fixed_overheads" = 0.5\n', "row 2"),
        ('"claims" = { BTC = "1" }\n', "signed statement"),
        ('"business.since" =\n', "no TOML file"),
    ],
)
def test_a_bad_file_of_facts_is_refused_whole(exchange, capsys, monkeypatch, tmp_path, text, words):
    monkeypatch.setenv("TALLYSTICK_PASSPHRASE", WORDS)
    path = tmp_path / "firm.toml"
    path.write_text(text)
    register = exchange.folder / "compliance" / "firm-facts.jsonl"
    before = register.read_bytes() if register.exists() else b""
    operator = str(exchange.folder / "secrets" / "operator-1.json")
    capsys.readouterr()
    status = run(
        cli,
        [
            "facts",
            "import",
            str(path),
            "--folder",
            str(exchange.folder),
            "--from",
            "2026-01-01",
            "--operator",
            operator,
        ],
    )
    assert status == 2 and words in capsys.readouterr().err
    assert (register.read_bytes() if register.exists() else b"") == before


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["finance.total_assets", '"1000.5"'], 0),
        (["finance.total_assets", "1000.5"], 2),
        (["finance.total_assets", "'"], 2),
        (["claims", "{ BTC = 1 }"], 2),
        (["no.such", "1"], 2),
        (["outstanding.state", "{ USD = 1 }"], 2),
        (["outstanding.state", "{ USD = 1 }", "--state", "US-WY"], 0),
        (["finance.total_assets", "1", "--state", "US-WY"], 2),
        (["finance.total_assets", "1", "--attested-by", "a bank"], 2),
    ],
)
def test_one_fact_is_set(exchange, capsys, monkeypatch, words, status):
    monkeypatch.setenv("TALLYSTICK_PASSPHRASE", WORDS)
    operator = str(exchange.folder / "secrets" / "operator-2.json")
    more = ["--folder", str(exchange.folder), "--from", "1970-01-01", "--operator", operator]
    call(capsys, "facts", "set", *words, *more, status=status)


def test_only_operators_sign_facts(exchange, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TALLYSTICK_PASSPHRASE", WORDS)
    path = tmp_path / "firm.toml"
    path.write_text('"finance.currency" = "EUR"\n')
    service = str(exchange.folder / "secrets" / "service-key.json")
    words = ["--folder", str(exchange.folder), "--from", "2026-01-01", "--operator", service]
    call(capsys, "facts", "import", str(path), *words, status=2)
    assert facts_of(exchange)  # and the register still reads


def test_a_statement_under_another_key_is_refused(exchange):
    from por.verify.standalone import ReaderKey

    other = ReaderKey(KEYS[0].public.hex(), None, ())
    with pytest.raises(InputError, match="another key"):
        read_chain(bundles_in(exchange.config.hours), other)
    with pytest.raises(InputError, match="does not follow"):
        read_chain(bundles_in(exchange.config.hours)[::2], None)


def test_counts_of_evaluations_are_those_of_their_verdicts(exchange, tmp_path):
    judged(exchange)
    results = results_of(exchange.config)
    whole = list(results.chain())
    first, last = whole[0].as_of, whole[-1].as_of
    for regime in REGIMES:
        expected = [(each.as_of, Counter(verdict.result for verdict in each.of(regime)), each.digest) for each in whole]
        found = list(results.evaluated(regime, first, last))
        assert [(each.moment, Counter(each.counts), each.digest) for each in found] == expected
    assert [each.moment for each in results.evaluated("vara", first, first)] == [first]
    # A record that was changed is refused, in the same words as when it is read in full.
    copy = Results(tmp_path / "results", "main")
    shutil.copytree(results.folder, copy.folder)
    path = min(copy.folder.glob("*.json.gz"))
    data = gzip.decompress(path.read_bytes())
    for changed in (
        data.replace(b'"pass"', b'"fail"', 1),
        data.replace(b'"entity":"main"', b'"entity":"else"'),
        data[1:],
    ):
        path.write_bytes(gzip.compress(changed))
        with pytest.raises(InputError) as counted:
            list(copy.evaluated("vara", first, last))
        with pytest.raises(InputError) as read:
            list(copy.between(first, last))
        assert str(counted.value) == str(read.value)
    stranger = Results(results.folder, "main", {bytes(32)})
    with pytest.raises(InputError):
        list(stranger.evaluated("vara", first, last))


def test_of_a_period_the_same_statements_are_read_as_of_the_whole_chain(exchange, tmp_path):
    bundles = bundles_in(exchange.config.hours)
    chain = read_chain(bundles, None)
    for first in range(3):
        for last in range(first, 3):
            begin, end = chain[first].hour, chain[last].hour
            assert read_period(bundles, None, begin, end) == chain[max(first - 1, 0) : last + 1]
    renamed = tmp_path / "any name"
    shutil.copytree(exchange.config.hours, tmp_path / "hours")
    (tmp_path / "hours" / bundles[0].name).rename(renamed)
    assert len(read_period([renamed, *bundles[1:]], None, chain[2].hour, chain[2].hour)) == 3


def test_coverage_is_that_of_the_facts(exchange):
    chain = read_chain(bundles_in(exchange.config.hours), None)
    with reading(exchange.config) as store:
        register = load_register(exchange.config, catalogue(), store)
        book = wallet_book(HourSource("main", chain, register, store), [])
    for wallets in (book, WalletBook()):
        for at, point in enumerate(coverage_points(chain, "main", wallets), start=1):
            facts = {fact.name: fact.value for fact in attested_facts(chain[:at], "main", wallets)}
            assert (point.owed, point.held) == (facts["claims"], facts.get("reserves.client", {}))
