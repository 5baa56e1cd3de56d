"""The log as facts of the catalogue, and what the rules of the regimes then say of a period."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest

from cli.exchange.reading import reading
from compliance.evaluate import evaluate_rule
from compliance.facts import Fact, Facts
from compliance.regimes import catalogue, rule_set
from compliance.travel_rule.regimes import REGIMES
from compliance.travel_rule.room import credited_times, room_facts, undecided
from tests.compliance.travel_rule.institutions import ALPHA, BETA, NOW
from tests.compliance.travel_rule.payloads import alice
from tests.compliance.travel_rule.test_gate import DAY, EVIDENCE, GWEI, Gates, arrival, departure

END = NOW + DAY


def facts(gate: Any, credited: dict[str, int] | None = None, regime: str | None = "vara") -> list[Fact]:
    return room_facts(gate._log.records, 0, END, credited or {}, regime)


def verdict(rule: str, found: list[Fact], regime: str = "vara") -> str:
    """What one rule says of the facts alone."""
    moment = datetime.fromtimestamp(END, UTC)
    known = rule_set(regime).find(rule, moment.date())
    applies = [each.left for each in known.applies]
    kinds = catalogue()
    more = [Fact(name, _yes(known, name), moment, found[0].assurance) for name in applies]
    return evaluate_rule(known, Facts("main", moment, kinds, [*found, *more])).result.value


def _yes(rule: Any, name: str) -> Any:
    """A value with which a rule applies."""
    [condition] = [each for each in rule.applies if each.left == name]
    return frozenset({condition.right}) if condition.right not in ("true", "false") else condition.right == "true"


def test_a_period_in_which_everything_was_held_and_told_passes(tmp_path):
    gates = Gates(tmp_path)
    gates.pair.ask()
    assert gates.alpha.leaving(departure()) is None
    assert gates.beta.arriving(arrival()) is not None
    gates.pair.now += 60
    gates.notify()
    [held] = gates.beta.held(lambda evidence: True)
    assert held.missing == ()
    found = facts(gates.beta, {EVIDENCE: NOW + 90})
    [row] = found[0].value
    assert row["value_aed"] == Fraction(15_000) and row["value_eur"] is None
    assert (row["complete"], row["credited_before_complete"], row["counterparty"]) == (True, False, ALPHA.name)
    for rule in ("VARA-TR-01", "VARA-TR-02", "VARA-TR-03"):
        assert verdict(rule, found) == "pass", rule
        assert verdict(rule, facts(gates.alpha)) == "pass", rule


def test_what_was_credited_too_early_or_sent_incomplete_fails(tmp_path):
    gates = Gates(tmp_path)
    gates.beta.arriving(arrival())
    early = facts(gates.beta, {EVIDENCE: NOW + 1})
    assert verdict("VARA-TR-02", early) == "fail"
    assert verdict("VARA-TR-02", facts(gates.beta)) == "pass", "incomplete, and not credited"
    gates.alpha.leaving(departure())
    assert verdict("VARA-TR-01", facts(gates.alpha)) == "fail"
    assert verdict("VARA-TR-03", facts(gates.alpha)) != "pass", "nobody was looked into"


def test_the_same_log_under_the_eus_rules(tmp_path):
    gates = Gates(tmp_path, "vara", "eu")
    gates.price = Fraction(1)
    gates.beta.arriving(arrival(quanta=GWEI))
    [eu] = facts(gates.beta, regime="eu")[0].value
    [vara] = facts(gates.beta, regime="vara")[0].value
    [both] = facts(gates.beta, regime=None)[0].value
    assert (eu["complete"], vara["complete"], both["complete"]) == (False, True, False)
    assert eu["value_eur"] == eu["value_aed"] == 1


def test_who_fails_to_send_complete_data_is_counted(tmp_path):
    gates = Gates(tmp_path)
    document = alice()
    del document["originator"]["originatorPerson"][0]["naturalPerson"]["geographicAddress"]
    for number in range(3):
        gates.pair.ask(document, transfer=f"{number:032x}")
    gates.pair.ask(transfer="f" * 32)
    [row] = facts(gates.beta)[1].value
    assert (row["id"], row["failures"]) == (ALPHA.name, 3)
    assert facts(gates.alpha)[1].value == (), "whom we failed counts us, not them"
    assert BETA.name != ALPHA.name


def test_a_deposit_that_passed_the_gate_by_is_found(tmp_path):
    gates = Gates(tmp_path)
    gates.beta.arriving(arrival())
    credited = {EVIDENCE: NOW, "another": NOW, "before": 5, "after": END}
    assert undecided(gates.beta._log.records, credited, NOW, END) == ["another"]


@pytest.mark.chain
def test_when_the_ledger_credited_a_deposit_is_read_from_its_store(tmp_path):
    from por.reserves.evm.devnode import start_devnode
    from tests.chain.node import require_anvil
    from tests.cli.exchange.test_flights import BEGIN, World

    require_anvil()
    with start_devnode(timestamp=BEGIN) as node:
        world = World(tmp_path, node)
        world.running.close()
        with reading(world.config) as snapshot:
            found = credited_times(snapshot.session)
        states = {key: each.state for key, each in world.engine.deposits.deposits.items()}
    assert set(found) == {key for key, state in states.items() if state == "credited"} and found
    assert all(BEGIN <= at <= world.now // 1_000_000 for at in found.values())


def test_the_gates_thresholds_are_those_of_the_rules():
    compared = set()
    for name, regime in REGIMES.items():
        for ours in regime.provisions:
            known = rule_set(name).find(ours.rule, datetime.fromtimestamp(END, UTC).date())
            if known is None or ours.threshold is None or "threshold" not in known.parameters:
                continue
            threshold, comparator = known.parameters["threshold"], known.parameters["comparator"].value
            assert (ours.threshold.amount, ours.threshold.currency) == (threshold.value, threshold.unit), ours.rule
            assert ours.threshold.comparator.value == comparator.value, ours.rule
            compared.add(ours.rule)
    assert compared >= {"VARA-TR-01", "VARA-TR-02", "EU-TFR-02"}
