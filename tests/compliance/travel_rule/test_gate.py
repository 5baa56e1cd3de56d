"""What the treasury is told: held until complete, once for each conversation, with one price, written once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from compliance.travel_rule.assess import Valuation
from compliance.travel_rule.conversation import Transaction
from compliance.travel_rule.counterparties import DueDiligence, Register
from compliance.travel_rule.facts import travel_rule_facts
from compliance.travel_rule.gate import TravelRuleGate
from compliance.travel_rule.log import read_log
from compliance.travel_rule.ownership import declared, verify_signature
from compliance.travel_rule.regimes import NO_OPTIONS, REGIMES, Options
from ledger.treasury.protocols import Arrival, Coin, Departure
from tests.compliance.travel_rule.institutions import (
    ADDRESS,
    ALICE,
    ALPHA,
    BETA,
    BOB,
    CHAIN,
    NOW,
    TERMS,
    TRANSFER,
    Pair,
    counterparty,
)
from tests.compliance.travel_rule.test_ownership import CHALLENGE, KEY, sign

ETH = Coin("ETH", 9, CHAIN, "native", 18)
GWEI = 10**9
TX, EVIDENCE = "0x" + "aa" * 32, "eip155:31337/0xaa/0/0xbb"
WALLET = KEY.address.lower()
DAY = 86_400
OWN = frozenset({"name", "address", "birth", "verified"})


class Gates:
    """Two institutions with a gate each, and a price in AED and EUR that the test sets for both."""

    def __init__(self, folder: Path, *regimes: str, options: Options = NO_OPTIONS) -> None:
        self.pair = Pair(folder)
        self.price: Fraction | None = Fraction(10_000)
        self.asked = 0
        chosen = [REGIMES[name] for name in regimes or ("vara",)]

        def made(node: Any) -> TravelRuleGate:
            return TravelRuleGate(
                node.log, lambda: node.register, chosen, self.price_of, lambda: self.pair.now, self.fields, options
            )

        self.make = made
        self.alpha, self.beta = made(self.pair.alpha), made(self.pair.beta)

    def price_of(self, asset: str, currency: str) -> Valuation | None:
        self.asked += 1
        return None if self.price is None else Valuation(currency, self.price, "board", self.pair.now)

    def fields(self, customer: str) -> frozenset[str]:
        return OWN

    def notify(self, transaction: str = TX, transfer: str = TRANSFER) -> None:
        notice = self.pair.alpha.notice(transfer, BETA.name, Transaction(CHAIN, transaction), self.pair.now)
        self.pair.alpha.receive(self.pair.beta.receive(notice, self.pair.now), self.pair.now)


def everything(evidence: str) -> bool:
    return True


def arrival(evidence: str = EVIDENCE, quanta: int = 3 * GWEI // 2, transaction: str = TX, **more: Any) -> Arrival:
    row = Arrival(evidence, transaction, ADDRESS, BOB, "", ETH, quanta, 0)
    return row._replace(**more)


def departure(request: str = TRANSFER, quanta: int = 3 * GWEI // 2, **more: Any) -> Departure:
    return Departure(request, ALICE, ADDRESS, ETH, quanta)._replace(**more)


@pytest.fixture
def gates(tmp_path) -> Gates:
    return Gates(tmp_path)


def decisions(gate: Any) -> list[Any]:
    return [each for each in gate._log.records if each.kind == "decided"]


def test_a_deposit_whose_data_came_first_is_let_through(gates):
    gates.pair.ask()
    gates.notify()
    assert gates.beta.arriving(arrival()) is None
    [record] = decisions(gates.beta)
    [vara] = record.body["regimes"]
    assert (vara["value"], vara["price"], vara["price_source"], vara["price_time"]) == ("15000", "10000", "board", NOW)
    assert record.body["counterparty"] == ALPHA.name and not record.body["was_held"]
    assert gates.beta.held(everything) == []


def test_a_deposit_without_data_is_held_until_they_come_and_two_operators_release_it(gates):
    reason = gates.beta.arriving(arrival())
    assert reason is not None and reason.startswith("the travel rule: ") and "Hatter" not in reason
    [held] = gates.beta.held(everything)
    assert (held.evidence, held.account) == (EVIDENCE, BOB) and "originator.name" in held.missing
    gates.pair.ask()
    assert gates.beta.held(everything)[0].missing, "accepted, but nobody said yet that it is this transaction"
    gates.pair.now += 60
    gates.notify()
    assert [each.missing for each in gates.beta.held(everything)] == [()]
    assert gates.beta.held(lambda evidence: False) == [], "the ledger has credited it"
    [fact] = travel_rule_facts(read_log(gates.beta._log.path), 0, NOW + DAY, {EVIDENCE: NOW + 61})
    assert fact.required and fact.is_complete and fact.completed_at == NOW + 60 and fact.held_before_credit is True
    assert fact.value == 15_000 and fact.currency == "AED" and fact.counterparty == ALPHA.name
    assert len(fact.evidence) == 2
    [early] = travel_rule_facts(gates.beta._log.records, 0, NOW + DAY, {EVIDENCE: NOW + 59})
    assert early.held_before_credit is False, "credited before it was complete"
    [before] = travel_rule_facts(gates.beta._log.records, 0, NOW + 60, {})
    assert not before.is_complete and before.held_before_credit is True and before.missing
    [unknown] = travel_rule_facts(gates.beta._log.records, 0, NOW + DAY)
    assert unknown.held_before_credit is None
    assert travel_rule_facts(gates.beta._log.records, NOW + 1, NOW + DAY) == []


@pytest.mark.parametrize(("price", "held"), [("6999.99", False), ("7000", False), ("7000.01", True)])
def test_the_threshold_at_the_gate(tmp_path, price, held):
    gates = Gates(tmp_path)
    gates.price = Fraction(price)
    assert (gates.beta.arriving(arrival(quanta=GWEI // 2)) is not None) is held


@pytest.mark.parametrize(
    "other",
    [
        {"quanta": 3 * GWEI // 2 - 1},
        {"dust": 1},
        {"address": "0x" + "0d" * 20},
        {"account": ALICE},
        {"transaction": "0x" + "ab" * 32},
        {"coin": Coin("ETH", 9, "eip155:1", "native", 18)},
        {"coin": Coin("ETH", 9, CHAIN, "0x" + "01" * 20, 18)},
    ],
    ids=str,
)
def test_data_of_another_transfer_open_nothing(gates, other):
    gates.pair.ask()
    gates.notify()
    assert gates.beta.arriving(arrival(**other)) is not None


def test_the_data_of_one_transfer_open_one_deposit(gates):
    gates.pair.ask()
    gates.notify()
    assert gates.beta.arriving(arrival()) is None
    assert gates.beta.arriving(arrival(evidence="another output of the transaction")) is not None
    assert gates.beta.arriving(arrival()) is None, "asked again"
    again = gates.make(gates.pair.beta)
    assert again.arriving(arrival()) is None and len(again.held(everything)) == 1, "and after a restart"


def test_the_price_is_of_when_it_was_first_seen_and_nothing_is_written_while_nothing_changes(gates):
    assert gates.alpha.leaving(departure()) is not None
    asked, position = gates.asked, len(gates.alpha._log.records)
    gates.price = Fraction(1)
    for _ in range(3):
        gates.pair.now += DAY
        assert gates.alpha.leaving(departure()) is not None
    assert gates.make(gates.pair.alpha).leaving(departure()) is not None, "also after a restart"
    assert (gates.asked, len(gates.alpha._log.records)) == (asked, position)


def test_without_a_price_it_waits_until_there_is_one(gates):
    gates.price = None
    assert gates.beta.arriving(arrival(quanta=1)) is not None
    assert decisions(gates.beta)[0].body["regimes"][0]["value"] is None
    gates.price = Fraction(10_000)
    assert gates.beta.held(everything)[0].missing == (), "worth a fraction of a fils"


def test_a_withdrawal_waits_until_the_other_side_accepts(gates):
    assert gates.alpha.leaving(departure()) is not None
    gates.pair.request()
    assert gates.alpha.leaving(departure()) is not None, "asked, not answered"
    gates.pair.ask()
    assert gates.alpha.leaving(departure()) is None
    assert gates.alpha.leaving(departure(request="8" * 32)) is not None, "another request"
    for other in ({"quanta": GWEI}, {"destination": "0x" + "0d" * 20}, {"account": BOB}):
        assert gates.alpha.leaving(departure(**other)) is not None, other
    assert gates.alpha.held(everything) == [], "a withdrawal is no deposit"


def test_a_withdrawal_waits_for_a_customer_who_was_not_verified(tmp_path):
    gates = Gates(tmp_path)
    gates.fields = lambda customer: frozenset()
    alpha = TravelRuleGate(
        gates.pair.alpha.log, lambda: gates.pair.alpha.register, [REGIMES["vara"]], gates.price_of, lambda: NOW
    )
    gates.pair.ask(verified=False)
    assert alpha.leaving(departure()) == "the travel rule: originator.verified missing"
    gates.pair.ask(verified=True)
    assert alpha.leaving(departure()) is None


def test_due_diligence_that_ended_closes_the_gate_again(tmp_path):
    gates = Gates(tmp_path)
    gates.pair.ask()
    assert gates.alpha.leaving(departure()) is None
    gates.pair.now = NOW + 400 * DAY
    assert gates.alpha.leaving(departure()) == "the travel rule: counterparty.due-diligence.expired missing"
    period = DueDiligence(date(2026, 5, 28), date(2027, 10, 10), "second look")
    gates.pair.alpha.register = Register((counterparty(BETA, period),))
    assert gates.alpha.leaving(departure()) is None


@pytest.mark.parametrize("regime", ["vara", "eu"])
def test_a_self_hosted_wallet_opens_with_a_proof_and_closes_when_it_ends(tmp_path, regime):
    gates = Gates(tmp_path, regime)
    node, out = gates.pair.alpha, departure(destination=KEY.address)
    assert gates.alpha.leaving(out) is not None
    node.declare(ALICE, CHAIN, TRANSFER, KEY.address, NOW)
    assert "ownership-proof" in (gates.alpha.leaving(out) or "")
    node.keep_proof(declared(ALICE, CHAIN, WALLET, NOW, DAY), NOW)
    assert gates.alpha.leaving(out) is not None, "a declaration is no proof"
    challenge = replace(CHALLENGE, account=ALICE, chain=CHAIN)
    proof = verify_signature(challenge, "eip712", sign(challenge, "eip712"), NOW, 30 * DAY)
    node.keep_proof(replace(proof, account=BOB), NOW)
    assert gates.alpha.leaving(out) is not None, "another customer's"
    node.keep_proof(proof, NOW)
    assert gates.alpha.leaving(out) is None
    [fact] = travel_rule_facts(node.log.records, 0, NOW + DAY)
    assert fact.self_hosted is True and fact.ownership_proof == proof.id.hex() and fact.ownership_needed
    gates.pair.now = proof.valid_until + 1
    assert gates.alpha.leaving(out) == "the travel rule: " + ("beneficiary.name, ownership-proof.expired missing")


def test_a_declared_destination_must_be_the_withdrawals_own(gates):
    gates.pair.alpha.declare(ALICE, CHAIN, TRANSFER, "0x" + "0d" * 20, NOW)
    assert "counterparty.kind" in (gates.alpha.leaving(departure(destination=KEY.address)) or "")


def test_a_deposit_from_an_own_wallet_must_have_been_seen_to_come_from_there(gates):
    node, now = gates.pair.beta, NOW
    challenge = replace(CHALLENGE, account=BOB, chain=CHAIN)
    node.keep_proof(verify_signature(challenge, "eip191", sign(challenge, "eip191"), now, 30 * DAY), now)
    node.declare(BOB, CHAIN, TX, WALLET, now)
    assert "counterparty.kind" in (gates.beta.arriving(arrival()) or "")
    node.declare(BOB, CHAIN, TX, WALLET, now, observed=True)
    assert gates.beta.held(everything)[0].missing == ()
    other = arrival(evidence="other", transaction="0x" + "ab" * 32)
    assert gates.beta.arriving(other) is not None, "declared for one transaction, not for all"


def test_every_regime_that_is_named_must_let_it_through(tmp_path):
    gates = Gates(tmp_path, "vara", "eu")
    gates.price = Fraction(1)
    gates.pair.ask()
    reason = gates.alpha.leaving(departure())
    assert reason is None, "the firm's own records have the birth that the EU asks for"
    one = gates.beta.arriving(arrival(quanta=1))
    assert one is not None and "originator.name" in one, "too small for VARA, and not for the EU"
    subjects = {(each.regime, each.is_complete) for each in travel_rule_facts(gates.beta._log.records, 0, NOW + 1)}
    assert subjects == {("vara", True), ("eu", False)}


def test_linked_deposits_are_added_up_where_the_firm_says_so(tmp_path):
    gates = Gates(tmp_path, options=Options(linked_seconds=DAY))
    gates.price = Fraction(2_000)
    assert gates.beta.arriving(arrival("one", GWEI)) is None
    reason = gates.beta.arriving(arrival("two", GWEI))
    assert reason is not None
    [_, fact] = travel_rule_facts(gates.beta._log.records, 0, NOW + DAY)
    assert fact.value == 4_000 and fact.linked == ("one",)
    gates.pair.now += DAY + 1
    assert gates.beta.arriving(arrival("three", GWEI)) is None


def test_what_another_process_writes_is_seen(tmp_path):
    gates = Gates(tmp_path)
    assert gates.beta.arriving(arrival()) is not None
    other = Pair(tmp_path)  # the node's server is a process of its own
    assert other.ask(terms=TERMS) == "accepted"
    notice = other.alpha.notice(TRANSFER, BETA.name, Transaction(CHAIN, TX), NOW)
    other.beta.receive(notice, NOW)
    assert gates.beta.held(everything)[0].missing == ()
