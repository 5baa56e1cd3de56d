"""Thresholds under, at and over; fields, holds, wallets and counterparties of each regime; the table itself."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.travel_rule.assess import Information, Linked, Transfer, Valuation, assess
from compliance.travel_rule.fields import FIELDS, present_fields
from compliance.travel_rule.ivms101.reading import read_payload
from compliance.travel_rule.regimes import REGIMES, Comparator, Direction, Options, Status, Threshold, regime_terms
from tests.compliance.travel_rule.payloads import alice

IN, OUT = Direction.IN, Direction.OUT
NOW = 1_780_000_000  # 2026-05-28
VARA = frozenset(
    "originator.name originator.account originator.address originator.verified "
    "beneficiary.name beneficiary.account".split()
)
DAY = 86_400


def transfer(currency: str, value: str, direction: Direction = OUT, **more) -> Transfer:
    """One coin worth `value`, from or to an institution that is known, unless `more` says otherwise."""
    given = {"counterparty": "beta.exchange", "self_hosted": False, **more}
    price = Valuation(currency, Fraction(value), "test board", NOW)
    return Transfer("t", direction, "c", "BTC", 10**8, 8, "x:1", "addr", NOW, valuations={currency: price}, **given)


def known(present=VARA, **more) -> Information:
    return Information(frozenset(present), due_diligence_until=NOW + DAY, **more)


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(("value", "required"), [("3499.99", False), ("3500.00", False), ("3500.01", True)])
def test_vara_catches_what_exceeds_3500_and_not_3500_itself(value, required, direction):
    decision = assess(transfer("AED", value, direction), known(()), "vara")
    assert decision.required is required and decision.hold is required
    assert bool(decision.missing) is required and decision.value == Fraction(value)
    assert assess(transfer("AED", value, direction), known(), "vara").is_complete


def test_the_comparator_of_vara_is_a_parameter_because_sources_differ():
    exact = transfer("AED", "3500.00")
    assert not assess(exact, known(()), "vara").required
    assert assess(exact, known(()), "vara", options=Options(comparator=Comparator.AT_LEAST)).required
    assert not assess(transfer("AED", "3499.99"), known(()), "vara", options=Options(Comparator.AT_LEAST)).required


@pytest.mark.parametrize(("value", "required"), [("2999.99", False), ("3000.00", True), ("3000.01", True)])
def test_the_us_catches_3000_itself_and_holds_nothing(value, required):
    decision = assess(transfer("USD", value), known(()), "us-mtl")
    assert decision.required is required and not decision.hold
    assert set(decision.missing) == (
        {"originator.name", "originator.address", "transfer.amount", "transfer.date", "beneficiary.institution"}
        if required
        else set()
    )


@pytest.mark.parametrize("value", ["0.01", "1000000"])
def test_japan_and_the_eu_catch_every_amount(value):
    assert assess(transfer("JPY", value), known(()), "jfsa").required
    for direction in Direction:
        decision = assess(transfer("EUR", value, direction), known(()), "eu")
        assert decision.required and decision.hold


@pytest.mark.parametrize("regime_and_currency", [("eu", "EUR", "1000"), ("vara", "AED", "3500")])
def test_a_self_hosted_wallet_needs_a_proof_over_the_threshold_and_not_at_it(regime_and_currency):
    regime, currency, threshold = regime_and_currency
    for more, needed in ((Fraction(-1, 100), False), (Fraction(0), False), (Fraction(1, 100), True)):
        wallet = transfer(currency, str(Fraction(threshold) + more), counterparty=None, self_hosted=True)
        decision = assess(wallet, known(FIELDS), regime)
        assert decision.ownership_needed is needed and decision.hold is needed
        assert ("ownership-proof" in decision.missing) is needed
        proven = assess(wallet, known(FIELDS, ownership=("p", NOW)), regime)
        assert proven.is_complete and proven.ownership_proof == "p", "valid through its last second"
        late = assess(wallet, known(FIELDS, ownership=("p", NOW - 1)), regime)
        assert late.ownership_proof is None and ("ownership-proof.expired" in late.missing) is needed


def test_vara_needs_due_diligence_of_every_institution_whatever_the_amount():
    small = transfer("AED", "1")
    assert assess(small, Information(), "vara").missing == ("counterparty.due-diligence",)
    assert assess(small, Information(due_diligence_until=NOW - 1), "vara").missing == (
        "counterparty.due-diligence.expired",
    )
    assert assess(small, Information(due_diligence_until=NOW), "vara").is_complete
    unnamed = transfer("AED", "1", counterparty=None, self_hosted=False)
    assert assess(unnamed, Information(), "vara").missing == ("counterparty.name",)


def test_a_small_deposit_of_nobody_knows_whom_is_noted_and_a_large_one_waits():
    small = transfer("AED", "3500", IN, counterparty=None, self_hosted=None)
    decision = assess(small, Information(), "vara")
    assert decision.is_complete and decision.notes == ("nobody knows whose the other side is",)
    large = transfer("AED", "3500.01", IN, counterparty=None, self_hosted=None)
    decision = assess(large, Information(), "vara")
    assert decision.hold and "counterparty.kind" in decision.missing


def test_without_a_price_the_threshold_counts_as_reached():
    decision = assess(transfer("USD", "1"), known(()), "vara")
    assert decision.value is None and decision.required and decision.hold
    assert decision.notes == ("no price in AED: the threshold counts as reached",)


def test_the_eu_takes_one_of_two_ways_to_say_who_the_originator_is():
    base = {"originator.name", "originator.account", "beneficiary.name", "beneficiary.account"}
    one = transfer("EUR", "5")
    [missing] = assess(one, known(base), "eu").missing
    assert missing == "originator.address+originator.document+originator.customer-number or originator.birth"
    assert assess(one, known(base | {"originator.birth"}), "eu").is_complete
    papers = {"originator.address", "originator.document", "originator.customer-number"}
    assert assess(one, known(base | papers), "eu").is_complete
    for left_out in papers:
        assert not assess(one, known(base | papers - {left_out}), "eu").is_complete
    assert assess(one, known(base | papers, held=frozenset({"originator.lei"})), "eu").missing == ("originator.lei",)


@pytest.mark.parametrize("left_out", sorted(VARA))
def test_each_field_of_vara_is_missed_alone(left_out):
    decision = assess(transfer("AED", "3501"), known(VARA - {left_out}), "vara")
    assert decision.missing == (left_out,) and decision.hold
    inbound = assess(transfer("AED", "3501", IN), known(VARA - {left_out}), "vara")
    # Whether the originator was verified is for the originating institution to say.
    assert inbound.missing == (() if left_out == "originator.verified" else (left_out,))


def test_japan_asks_of_institutions_in_designated_jurisdictions_alone():
    assert not assess(transfer("JPY", "5", designated=False), known(()), "jfsa").required
    assert assess(transfer("JPY", "5", designated=True), known(()), "jfsa").required
    assert assess(transfer("JPY", "5"), known(()), "jfsa").required, "unknown is not no"
    assert not assess(transfer("JPY", "5", counterparty=None, self_hosted=True), known(()), "jfsa").required
    assert not assess(transfer("JPY", "5"), known(()), "jfsa", date(2023, 5, 31)).required
    assert assess(transfer("JPY", "5"), known(()), "jfsa", date(2023, 6, 1)).required


@pytest.mark.parametrize(("value", "required"), [("99999", False), ("100000", True), ("100001", True)])
def test_a_threshold_of_japan_is_a_parameter_because_sources_differ(value, required):
    options = Options(thresholds=(("JP-TR-01", Threshold(Fraction(100_000), "JPY", Comparator.AT_LEAST)),))
    assert assess(transfer("JPY", value), known(()), "jfsa", options=options).required is required


def test_linked_transfers_count_together_where_the_firm_says_so():
    here = transfer("AED", "1500.01")
    earlier = [
        Linked("a", OUT, "c", "addr", NOW - DAY, Fraction(1000)),
        Linked("b", OUT, "c", "addr", NOW, Fraction(1000)),
        Linked("too-old", OUT, "c", "addr", NOW - DAY - 1, Fraction(9)),
        Linked("other-way", IN, "c", "addr", NOW, Fraction(9)),
        Linked("other-customer", OUT, "d", "addr", NOW, Fraction(9)),
        Linked("other-address", OUT, "c", "addr2", NOW, Fraction(9)),
        Linked("later", OUT, "c", "addr", NOW + 1, Fraction(9)),
        Linked("t", OUT, "c", "addr", NOW, Fraction(9)),
    ]
    assert not assess(here, known(()), "vara", earlier=earlier).required
    linked = assess(here, known(()), "vara", options=Options(linked_seconds=DAY), earlier=earlier)
    assert linked.required and linked.linked == ("a", "b") and linked.value == Fraction("3500.01")


def test_a_firm_may_hold_what_its_regime_does_not():
    one = transfer("USD", "3000")
    assert not assess(one, known(()), "us-mtl").hold
    assert assess(one, known(()), "us-mtl", options=Options(hold_always=True)).hold


def test_an_anonymity_enhanced_asset_is_noted():
    assert assess(transfer("AED", "1", is_anonymous=True), known(), "vara").notes


@given(st.integers(0, 10**12), st.fractions(0, 10**6), st.integers(0, 12))
def test_the_value_is_exact_and_decides_alone(quanta, price, scale):
    valuation = Valuation("AED", price, "any", NOW)
    one = Transfer("t", OUT, "c", "X", quanta, scale, "x:1", "a", NOW, "b", False, valuations={"AED": valuation})
    decision = assess(one, known(()), "vara")
    assert decision.value == Fraction(quanta) * price / 10**scale
    assert decision.required is (quanta * price > 3500 * 10**scale)


def test_the_table_is_cited_dated_and_says_how_far_it_is_confirmed():
    for regime in REGIMES.values():
        for each in regime.provisions:
            assert each.citation and each.source and isinstance(each.status, Status)
            assert each.threshold is None or each.threshold.currency == regime.currency
            for required in each.required:
                assert {name for fields in required.alternatives for name in fields} <= FIELDS
    unverified = {each.rule for regime in REGIMES.values() for each in regime.provisions if each.status != "V"}
    assert unverified == {"JP-TR-01", "VARA-TR-03"}
    assert str(regime_terms("us-mtl").provisions[0].threshold) == ">= USD 3000"


def test_fields_of_a_payload():
    expected = {"originator.name", "originator.address", "originator.customer-number", "originator.account"}
    expected |= {"originator.institution", "beneficiary.name", "beneficiary.account"}
    assert present_fields(read_payload(alice(), "x")) == expected
    two = alice()
    two["originator"]["originatorPerson"].append(two["beneficiary"]["beneficiaryPerson"][0])
    assert present_fields(read_payload(two, "x")) == expected - {"originator.address", "originator.customer-number"}
