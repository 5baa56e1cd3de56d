"""Dated attributes: what was true at a time stays what was true at that time."""

from __future__ import annotations

import pytest

from ledger.registry import (
    AssetFacts,
    Consent,
    ConsentKind,
    Custodian,
    CustomerClass,
    CustomerFacts,
    Registry,
    Relation,
    WalletFacts,
    WalletOwner,
)

RETAIL = CustomerFacts("main", CustomerClass.RETAIL, "AE")
STAFF = RETAIL._replace(relation=Relation.STAFF)


def test_each_time_has_its_own_answer():
    registry = Registry()
    registry.set_customer("c1", 10, RETAIL)
    registry.set_customer("c1", 20, STAFF)
    answers = [registry.customer("c1", time) for time in (9, 10, 19, 20, 99)]
    assert answers == [None, RETAIL, RETAIL, STAFF, STAFF]
    assert registry.customer("c2", 99) is None


def test_what_is_set_again_at_the_same_time_replaces():
    registry = Registry()
    registry.set_customer("c1", 10, RETAIL)
    registry.set_customer("c1", 10, STAFF)
    assert registry.customer("c1", 10) == STAFF


def test_dates_do_not_run_backwards():
    registry = Registry()
    registry.set_wallet("w", 10, WalletFacts("main", WalletOwner.CLIENT, Custodian.OFFLINE, "eip155:1"))
    with pytest.raises(AssertionError, match="order of their dates"):
        registry.set_wallet("w", 9, WalletFacts("main", WalletOwner.OWN, Custodian.ONLINE, "eip155:1"))


def test_a_consent_is_given_withdrawn_and_never_assumed():
    registry = Registry()
    registry.set_customer("c1", 0, RETAIL)
    assert not registry.consents_to("c1", ConsentKind.LENDING, 5)
    registry.set_consent("c1", ConsentKind.LENDING, 10, Consent(True, b"h" * 32))
    registry.set_consent("c1", ConsentKind.LENDING, 20, Consent(False, b"h" * 32))
    assert [registry.consents_to("c1", ConsentKind.LENDING, time) for time in (9, 10, 19, 20)] == [0, 1, 1, 0]
    with pytest.raises(AssertionError, match="known"):
        registry.set_consent("c9", ConsentKind.LENDING, 10, Consent(True, b"h" * 32))


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (AssetFacts(isin="US0378331005"), None),
        (AssetFacts(isin="US0378331006"), "check digit"),
        (AssetFacts(dti="4H95J0R2X"), None),
        (AssetFacts(dti="4H95J0R2A"), "DTI"),
        (AssetFacts(cfi="ESVUFR"), None),
        (AssetFacts(cfi="ESV"), "CFI"),
        (AssetFacts(contract="0x1"), "chain"),
        (RETAIL._replace(domicile="US-NY"), None),
        (RETAIL._replace(domicile="usa"), "3166"),
        (Consent(True, b"short"), "32 bytes"),
    ],
)
def test_forms_of_codes(facts, problem):
    assert facts.problem is None if problem is None else problem in facts.problem


def test_the_same_facts_have_the_same_bytes_whatever_their_order():
    one, two = Registry(), Registry()
    for registry, names in ((one, ("a", "b")), (two, ("b", "a"))):
        for name in names:
            registry.set_customer(name, 1, RETAIL)
        registry.set_asset("BTC", 1, AssetFacts(dti="4H95J0R2X"))
    assert one.state_hash() == two.state_hash()
    two.set_asset("BTC", 2, AssetFacts())
    assert one.state_bytes() != two.state_bytes()
