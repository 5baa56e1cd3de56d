"""Cheats with time and records: dating back, claiming later, loosening, erasing, changing what was decided."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from cli.replay_audit import _compare, _Reached
from compliance.evaluate import evaluate, evaluate_rule
from compliance.facts import Facts
from compliance.regimes import catalogue, rule_set
from compliance.register import Register, Statement
from compliance.results import Results
from compliance.retention.archive import Archive
from compliance.retention.clock_table import CLOCKS
from compliance.retention.disposal import delete_records
from compliance.rules import Parameter, RuleSet
from ledger import events
from ledger.canonical import Digest
from ledger.commands import CutHour, Tick
from ledger.engine import RULE_SET
from ledger.errors import InputError
from ledger.keys import SigningKey
from ledger.log import Head
from ledger.log.record import Sequence64
from tests.compliance.cheats.table import cheat
from tests.compliance.regimes.sample_vara import AS_OF, GOOD, every_day, firm, rows
from tests.compliance.retention.conftest import ANN, BEN, make, micros
from tests.compliance.retention.conftest import document as archived
from tests.ledger.test_engine import MARKET, START, Exchange
from tests.ledger.test_parameters import LOCK_US

KEY = SigningKey(bytes(range(32)))
DAY = timedelta(days=1)
"""Facts of the firm are looked at on the day itself and later."""


def stated(folder, *entries):
    """A register with entries of (fact, value, valid from, known at)."""
    kinds = catalogue()
    register = Register.load(folder / "facts.jsonl", "main", kinds, {KEY.public})
    for name, value, valid_from, known_at in entries:
        register = register.append([Statement(name, value, valid_from)], known_at, KEY, kinds)
    return register


def judged(register, rule_id, as_of, known):
    """A rule's answer on a moment, from what the register knew at another; the rest of the firm is in order."""
    names = {entry.statement.fact for entry in register.entries}
    others = list(firm(dict.fromkeys(names), as_of))
    facts = Facts("main", as_of, catalogue(), [*others, *register.facts(as_of, known)])
    rule = rule_set("vara").find(rule_id, as_of.date())
    assert rule is not None
    return evaluate_rule(rule, facts).result.value


@cheat(
    "Backdates a reconciliation",
    "Did none for a fortnight, and later enters that it did one every day.",
    ("VARA-RES-02", "the signed register", "the chain of evaluations"),
    "A judgement by what is known today: the entry reads as though it had been there.",
)
def test_a_reconciliation_is_backdated(tmp_path):
    done = every_day("reconciliations", kind="assets", differences=0, unexplained=0)
    late, early = AS_OF + 10 * DAY, AS_OF - 100 * DAY
    lazy = tuple(each for each in done if each["day"] < date(2026, 9, 15))
    honest = stated(tmp_path / "honest", ("reconciliations", done, early, AS_OF))
    cheating = stated(
        tmp_path / "cheat", ("reconciliations", lazy, early, AS_OF), ("reconciliations", done, early + DAY, late)
    )
    assert judged(honest, "VARA-RES-02", AS_OF, AS_OF) == "pass"
    assert judged(cheating, "VARA-RES-02", AS_OF, late) == "pass", "by what is known later nothing shows"
    if judged(cheating, "VARA-RES-02", AS_OF, AS_OF) == "fail":
        yield "VARA-RES-02"
    assert [entry.known_at for entry in cheating.entries] == [AS_OF, late]
    with pytest.raises(AssertionError, match="entered later"):
        stated(tmp_path / "back", ("reconciliations", lazy, early, late), ("reconciliations", done, early, AS_OF))
    yield "the signed register"
    yield from _kept_result_stands(tmp_path / "kept", {"reconciliations": lazy}, "VARA-RES-02")


def keep(folder, *hours, begin=AS_OF):
    """Evaluations of hours that follow each other, kept; each hour's changes to a firm in order."""
    results, chosen = Results(folder, firm({}).entity), rule_set("vara")
    for number, changes in enumerate(hours):
        facts = firm(changes, begin + number * timedelta(hours=1))
        results.add(facts, [chosen], evaluate(chosen, facts), "cd" * 32, KEY)
    return results


def _kept_result_stands(folder, changes, rule_id, begin=AS_OF):
    """What failed then is in the chain as a failure, whatever is entered later."""
    honest = keep(folder / "honest", {}, {}, begin=begin)
    assert {v.result.value for each in honest.chain() for v in each.verdicts if v.rule == rule_id} == {"pass"}
    chain = list(keep(folder / "cheat", changes, {}, begin=begin).chain())
    found = [next(v.result.value for v in each.verdicts if v.rule == rule_id) for each in chain]
    if found == ["fail", "pass"]:
        yield "the chain of evaluations"


@cheat(
    "Files late and dates it back",
    "Files a month's report ten days late and enters the last good day as the day of filing.",
    ("VARA-REP-DUE-M", "the signed register", "the chain of evaluations"),
    "The date inside the fact: it is the firm's word. A regulator's receipt, attached, would say another.",
)
def test_a_filing_is_dated_back(tmp_path):
    filings = GOOD["vara.filings.monthly"]
    early, late = AS_OF - 100 * DAY, AS_OF + 10 * DAY
    honest = stated(tmp_path / "honest", ("vara.filings.monthly", filings, early, AS_OF - DAY))
    cheating = stated(
        tmp_path / "cheat",
        ("vara.filings.monthly", filings[:1], early, AS_OF - DAY),
        ("vara.filings.monthly", filings, early + DAY, late),
    )
    due = AS_OF + DAY  # the last day for August is over
    assert judged(honest, "VARA-REP-DUE-M", due, due) == "pass"
    assert judged(cheating, "VARA-REP-DUE-M", due, late) == "pass"
    if judged(cheating, "VARA-REP-DUE-M", due, due) == "fail":
        yield "VARA-REP-DUE-M"
    entry = cheating.entries[-1]
    filed = max(row["filed_at"] for row in entry.statement.value)
    if entry.known_at - filed > DAY:
        yield "the signed register"
    yield from _kept_result_stands(tmp_path / "kept", {"vara.filings.monthly": filings[:1]}, "VARA-REP-DUE-M", due)


@cheat(
    "Claims a licence after the breach",
    "Lends under no licence, and enters later a reference that is said to have been valid all along.",
    ("VARA-SEG-03", "the signed register", "the chain of evaluations"),
    "A judgement by what is known today, where the licence is as old as it is said to be.",
)
def test_a_licence_is_claimed_later(tmp_path):
    lent = {"id": "1", "asset": "BTC", "units": 1, "in_wallets": True, "consent": "terms 4"}
    without, licensed = (rows("encumbrances", {**lent, "licence": licence}) for licence in (None, "licence 9"))
    early, late = AS_OF - 30 * DAY, AS_OF + 5 * DAY
    honest = stated(tmp_path / "honest", ("encumbrances", licensed, early, early))
    cheating = stated(
        tmp_path / "cheat", ("encumbrances", without, early, early), ("encumbrances", licensed, early, late)
    )
    assert judged(honest, "VARA-SEG-03", AS_OF, AS_OF) == "pass"
    assert judged(cheating, "VARA-SEG-03", AS_OF, late) == "pass"
    if judged(cheating, "VARA-SEG-03", AS_OF, AS_OF) == "fail":
        yield "VARA-SEG-03"
    if cheating.entries[-1].known_at == late > cheating.entries[-1].statement.valid_from:
        yield "the signed register"
    yield from _kept_result_stands(tmp_path / "kept", {"encumbrances": without}, "VARA-SEG-03")


@cheat(
    "Changes an entry of its register",
    "Writes another figure over one that it signed, or takes a line out.",
    ("the signed register",),
    "Whoever holds no copy, where every later line and signature is made again with the same key: compare heads.",
)
def test_an_entry_is_changed(tmp_path):
    early = AS_OF - 30 * DAY
    register = stated(
        tmp_path,
        ("finance.fixed_overheads", Fraction(100), early, early),
        ("finance.fixed_overheads", Fraction(200), early + DAY, early + DAY),
    )
    data = register.path.read_bytes()

    def load():
        return Register.load(register.path, "main", catalogue(), {KEY.public})

    assert len(load().entries) == 2
    for changed in (data.replace(b"200", b"900"), data.split(b"\n", 1)[1]):
        assert changed != data
        register.path.write_bytes(changed)
        with pytest.raises(InputError):
            load()
    yield "the signed register"


@cheat(
    "Changes the rule set after the fact",
    "Loosens a rule's number, and says that the breach of last week was none.",
    ("the chain of evaluations", "the hash of the rule set"),
    "The new verdict by itself: under the new number it is right.",
)
def test_the_rule_set_is_changed_later(tmp_path):
    rules = rule_set("vara")
    short = {"reserves.client": {"BTC": Fraction("99.9"), "ETH": Fraction(2100), "USDT": Fraction(5_000_000)}}
    kept = keep(tmp_path, short)
    evaluation = kept.last()
    assert evaluation is not None
    facts = kept.facts(evaluation, firm({}).catalogue)
    again = {each.rule: each.result.value for each in evaluate(rules, facts)}
    assert again["VARA-RES-01"] == "fail" and tuple(evaluate(rules, facts)) == evaluation.verdicts
    loose = RuleSet(
        rules.regime, rules.name, rules.version,
        tuple(
            replace(rule, parameters={**rule.parameters, "ratio": Parameter(Fraction(9, 10))})
            if rule.id == "VARA-RES-01" else rule
            for rule in rules.rules
        ),
        rules.not_covered, rules.licence,
    )  # fmt: skip
    assert {each.rule: each.result.value for each in evaluate(loose, facts)}["VARA-RES-01"] == "pass"
    assert evaluation.sets[0][2] == rules.hash().hex()
    if loose.hash() != rules.hash():
        yield "the hash of the rule set"
    path = next(tmp_path.glob("*.json.gz"))
    data = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(data.replace(rules.hash().hex().encode(), loose.hash().hex().encode())))
    with pytest.raises(InputError):
        list(kept.chain())
    yield "the chain of evaluations"


@cheat(
    "Takes a bad evaluation out of the chain",
    "Deletes the hour at which a rule failed.",
    ("the chain of evaluations",),
    "The last evaluation alone. The newest one cut off, with nothing after it, is missed by its hour.",
)
def test_an_evaluation_is_taken_out(tmp_path):
    kept = keep(tmp_path, {}, {"reserves.unread": frozenset({"BTC"})}, {})
    assert len(list(kept.chain())) == 3
    sorted(tmp_path.glob("*.json.gz"))[1].unlink()
    with pytest.raises(InputError, match="does not follow"):
        list(kept.chain())
    yield "the chain of evaluations"


@cheat(
    "Erases records before their time",
    "Deletes trades that it must keep for eight years, with the signatures of two operators.",
    ("the archive",),
    "Somebody who deletes files on the disk: the archive's own check then misses them, see retention.",
)
def test_records_are_erased_early(tmp_path):
    noon = micros("2026-11-20T12:00")
    with Archive(make(tmp_path / "archive")) as archive:
        archive.append(archived(archive, "a"), noon)

        def erase(when):
            delete_records(archive, CLOCKS, [1], "period over", "policy 3", (ANN, BEN), when)

        with pytest.raises(InputError, match="kept until 2034-11-20"):
            erase(micros("2034-11-20T23:59"))
        erase(micros("2034-11-21"))  # the honest twin, a minute later
    yield "the archive"


@cheat(
    "Loosens a limit without its lock",
    "Lets a market take larger orders at once, for somebody who waits for it.",
    ("the engine", "audit replay"),
    "Operators' signatures: they are right. What tightens acts at once, and may.",
)
def test_a_parameter_is_loosened_at_once():
    exchange = Exchange().open()
    name, tight, loose = "market.open_orders_max", "10", "2000"
    exchange.set(name, MARKET, tight)
    signed = exchange.engine.parameters.hash()
    assert exchange.engine.parameters.value(name, MARKET) == 10, "what tightens acts at once"
    happened = exchange.set(name, MARKET, loose)
    assert [type(event) for event in happened] == [events.ParameterScheduled]
    exchange.give(Tick(), after_us=LOCK_US - 1_000)
    if exchange.engine.parameters.value(name, MARKET) == 10:
        yield "the engine"
    assert exchange.engine.parameters.hash() == signed
    # The hour is cut. An operator's engine that skipped the lock signs other parameters than a replay of the log gives.
    exchange.give(CutHour(START))
    engine = exchange.engine
    position = len(exchange.commands)
    reached = _Reached(Head(Sequence64(position), Digest(b"h" * 32)), START, START - 1)
    honest = {
        "head": (b"h" * 32).hex(),
        "parameters": engine.parameters.hash().hex(),
        "position": position,
        "ruleset": RULE_SET,
        "state": engine.state_hash().hex(),
    }
    assert _compare(engine, reached, honest, START // 10**6).result == "pass"
    loosened = Exchange().open()
    loosened.set(name, MARKET, tight)
    loosened.set(name, MARKET, loose)
    loosened.give(Tick(), after_us=LOCK_US)
    assert loosened.engine.parameters.value(name, MARKET) == 2000, "who waits may"
    cheating = _compare(
        engine, reached, {**honest, "parameters": loosened.engine.parameters.hash().hex()}, START // 10**6
    )
    if cheating.result == "fail" and "parameters" in cheating.detail:
        yield "audit replay"
