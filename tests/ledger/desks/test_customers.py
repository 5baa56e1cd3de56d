"""Accounts, consents, wallets and asset master data: dated by the command that set them, and restored as they were."""

from __future__ import annotations

import pytest

from ledger.commands import (
    BlockAccount,
    ListAsset,
    OpenAccount,
    SetAssetFacts,
    SetConsent,
    SetCustomer,
    SetWallet,
)
from ledger.errors import FormatError
from ledger.events import AccountBlocked, AccountOpened, ConsentSet, CustomerSet, WalletSet
from ledger.registry import ConsentKind, Custodian, CustomerClass, Registry, Relation, WalletOwner
from tests.ledger.test_engine import PEOPLE, Exchange, refusals

TEXT = "a" * 64


@pytest.fixture
def exchange():
    return Exchange().open()


def test_what_a_customer_is_is_dated_and_never_overwritten(exchange):
    events = exchange.give(SetCustomer(PEOPLE[0], "professional", "US-NY", "staff"))
    assert events == [CustomerSet(PEOPLE[0], "professional", "US-NY", "staff")]
    registry, now = exchange.engine.registry, exchange.engine.time_us
    before, after = registry.customer(PEOPLE[0], now - 1), registry.customer(PEOPLE[0], now)
    assert (before.customer_class, before.domicile, before.relation) == (CustomerClass.RETAIL, "JP", Relation.CUSTOMER)
    assert (after.customer_class, after.domicile, after.relation) == (
        CustomerClass.PROFESSIONAL, "US-NY", Relation.STAFF,
    )  # fmt: skip


def test_silence_is_no_consent_and_a_consent_can_be_withdrawn(exchange):
    registry = exchange.engine.registry
    assert not registry.consents_to(PEOPLE[0], ConsentKind.LENDING, exchange.engine.time_us)
    assert exchange.give(SetConsent(PEOPLE[0], "lending", True, TEXT)) == [ConsentSet(PEOPLE[0], "lending", True, TEXT)]
    given_at = exchange.engine.time_us
    exchange.give(SetConsent(PEOPLE[0], "lending", False, TEXT))
    assert registry.consents_to(PEOPLE[0], ConsentKind.LENDING, given_at)
    assert not registry.consents_to(PEOPLE[0], ConsentKind.LENDING, exchange.engine.time_us)
    assert refusals(exchange.give(SetConsent("9" * 32, "lending", True, TEXT))) == ["unknown-account"]


def test_wallets_say_whose_and_how_kept(exchange):
    event = WalletSet("cold-1", "main", "client", "offline", "eip155:1")
    assert exchange.give(SetWallet("cold-1", "main", "client", "offline", "eip155:1")) == [event]
    facts = exchange.engine.registry.wallet("cold-1", exchange.engine.time_us)
    assert (facts.owner, facts.custodian, facts.chain) == (WalletOwner.CLIENT, Custodian.OFFLINE, "eip155:1")
    assert refusals(exchange.give(SetWallet("w", "main", "own", "online", ""))) == ["wallet-without-a-chain"]


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        (("eip155:1", "0xabc", "4H95J0R2X", "US0378331005", "ESVUFR"), []),
        (("eip155:1", "0xabc", "4H95J0R2X", "US0378331006", ""), ["asset-facts-malformed"]),
        (("", "0xabc", "", "", ""), ["asset-facts-malformed"]),
        (("", "", "", "", "esvufr"), ["asset-facts-malformed"]),
    ],
)
def test_master_data_are_checked_and_dated(exchange, codes, reason):
    assert refusals(exchange.give(SetAssetFacts("BTC", *codes))) == reason
    assert refusals(exchange.give(ListAsset("NEW", 2, *codes))) == reason
    chain = exchange.engine.registry.asset("BTC", exchange.engine.time_us).chain
    assert chain == ("bip122:main" if reason else "eip155:1")
    assert refusals(exchange.give(SetAssetFacts("NONE", *codes))) == ["unknown-asset"]


@pytest.mark.parametrize(
    ("kind", "data", "identity", "reason"),
    [
        ("assigned", None, None, None),
        ("email", "1" * 32, "2" * 64, None),
        ("assigned", "1" * 32, "2" * 64, "identity-and-kind-do-not-fit"),
        ("email", None, None, "identity-and-kind-do-not-fit"),
        ("email", "1" * 32, None, "identity-and-kind-do-not-fit"),
    ],
)
def test_an_id_of_the_customers_own_is_kept_elsewhere_and_bound(exchange, kind, data, identity, reason):
    account = OpenAccount("9" * 32, "main", kind, data, identity, "retail", "DE", "customer", None)
    events = exchange.give(account)
    assert refusals(events) == ([] if reason is None else [reason])
    if reason is None:
        assert events[0] == AccountOpened("9" * 32, "main", kind, data, identity)


def test_a_referrer_is_a_customer(exchange):
    account = OpenAccount("9" * 32, "main", "assigned", None, None, "retail", "DE", "customer", "8" * 32)
    assert refusals(exchange.give(account)) == ["unknown-account"]


def test_the_registry_is_read_back_from_its_bytes(exchange):
    exchange.give(SetCustomer(PEOPLE[0], "professional", "US-NY", "staff"))
    exchange.give(SetConsent(PEOPLE[1], "margin", True, TEXT))
    exchange.give(SetWallet("cold-1", "main", "client", "offline", "eip155:1"))
    data = exchange.engine.registry.state_bytes()
    assert Registry.from_state_bytes(data).state_bytes() == data
    for damaged in (data[:-1], data + b"\0", b""):
        with pytest.raises(FormatError):
            Registry.from_state_bytes(damaged)


def test_a_block_by_an_operator_is_a_fact_with_its_reason(exchange):
    events = exchange.give(BlockAccount(PEOPLE[0], True, "a court order"))
    assert events == [AccountBlocked(PEOPLE[0], True, "a court order")]
    assert exchange.give(BlockAccount(PEOPLE[0], False, "lifted")) == [AccountBlocked(PEOPLE[0], False, "lifted")]
