"""What a sweep of the lending desk learns of: consents, pools, ended orders, frozen claims."""

from __future__ import annotations

import pytest

from ledger.commands import (
    Borrow,
    CancelAll,
    Command,
    Lend,
    SetConsent,
    SetCustomer,
    SetParameters,
    SetWalletSettings,
    Tick,
)
from ledger.commands.parameters import NewValue
from ledger.engine import Engine
from ledger.journal import AccountCode, Ledger, ReasonCode, claim_key, house_key
from tests.support import wallet
from tests.support.signed import GENESIS
from tests.support.wallet import SPOT, USDC, WalletExchange, name

TEXT = "00" * 32
LENT = 1_000_000 * USDC


def consent(who: int, given: bool) -> SetConsent:
    return SetConsent(name(who), "lending", given, TEXT)


def lent(world: WalletExchange, who: int, asset: str = "USDC") -> int:
    return world.engine.lending.lent(world.payer(who), asset)


def claim(world: WalletExchange, who: int) -> int:
    found = world.engine.ledger.find(claim_key(name(who), "USDC"))
    assert found is not None
    return found


@pytest.fixture
def world() -> WalletExchange:
    """Ada (1) has bitcoin and may borrow; Cyd (3) lends a million dollars."""
    world = WalletExchange(4, checked=False)
    world.settings(1, lend=False, repay=False)
    world.settings(3)
    world.deposit(1, BTC=10)
    world.deposit(3, USDC=1_000_000)
    world.tick()
    assert lent(world, 3) == LENT
    return world


def test_a_consent_withdrawn_is_heeded_though_no_balance_moves(world):
    world.give(consent(3, False))
    world.tick()
    assert lent(world, 3) == 0
    world.give(consent(3, True))
    world.tick()
    assert lent(world, 3) == LENT


def test_what_borrowers_have_is_redeemed_when_they_repay(world):
    world.give(Borrow(name(1), "", "USDC", LENT // 2))
    world.give(consent(3, False))
    world.tick()
    pool = world.engine.lending.pool("USDC")
    assert lent(world, 3) == pool.lent == -(-pool.borrowed * 10**6 // pool.bound_ppm)
    world.give(SetWalletSettings(name(1), "", 10, False, True, True))
    world.tick()
    world.tick()
    assert world.owes(1) == (0, 0) and lent(world, 3) == 0


def test_another_country_is_heeded_too(world):
    asked: list[int] = []
    world.engine.lending.settings_changed = asked.append
    world.give(SetCustomer(name(3), "retail", "FR", "customer"))
    assert asked == [world.payer(3)]


def test_a_change_of_what_is_permitted_looks_at_everybody(world):
    world.engine.lending.permits = lambda payer, product: False
    world.tick()
    assert lent(world, 3) == LENT
    world.engine.lending.permissions_changed()
    world.tick()
    assert lent(world, 3) == 0


def test_a_pool_that_opens_takes_what_was_there_before(monkeypatch):
    values = tuple(value for value in wallet.VALUES if value[:2] != ("lending.state", "USDC"))
    monkeypatch.setattr(wallet, "VALUES", values)
    world = WalletExchange(2, checked=False)
    world.settings(1)
    world.deposit(1, USDC=500)
    world.tick()
    world.give(SetParameters((NewValue("lending.state", "USDC", "open"),), "small"))
    world.tick()
    assert lent(world, 1) == 0, "it opens when the change takes effect"
    world.tick(49 * 3_600)
    assert lent(world, 1) == 500 * USDC


def test_what_an_order_held_is_lent_again_when_it_ends(world):
    world.order(3, "bid", 10_000, 40_000, SPOT)
    held = LENT - lent(world, 3)
    assert held >= 40_000 * USDC
    world.tick()
    assert lent(world, 3) == LENT - held, "what an order holds is not free"
    assert world.engine.lending.unswept == 0
    world.cancel_all(3)
    assert world.engine.lending.unswept == 1, "a round has to know how much work is left"
    world.tick()
    assert lent(world, 3) == LENT and world.engine.lending.unswept == 0


def test_a_refused_loan_redeems_nothing(world):
    def books() -> dict[str, bytes]:
        """All of the ledger but the number of the command."""
        sections = world.engine.ledger.state_sections()
        return {part: sections[part] for part in ("accounts", "pending")}

    before = books()
    world.give(Lend(name(3), "", "USDC", 1), refused="exceeds-credits")
    assert books() == before
    world.give(consent(3, False))
    world.give(Lend(name(3), "", "USDC", 1_000), refused="exceeds-credits")
    assert books() == before and lent(world, 3) == LENT


def test_a_frozen_claim_stops_no_round(world):
    ledger = world.engine.ledger
    world.give(Borrow(name(1), "", "USDC", 1_000))
    world.give(SetWalletSettings(name(1), "", 10, False, True, True))
    world.deposit(2, USDC=100)
    world.settings(2)
    for who in (1, 2):
        ledger.freeze(claim(world, who))
    world.tick()
    assert world.owes(1)[0] == 1_000 and lent(world, 2) == 0
    world.give(Lend(name(2), "", "USDC", 1), refused="debit-account-frozen")


def test_interest_that_lifts_utilisation_to_the_throttle_does_not_open_it(world):
    world.cut()
    pool = world.engine.lending.pools["USDC"]
    world.give(Borrow(name(1), "", "USDC", pool.lent * 92 // 100 - 10_000))
    assert pool.borrowed * 100 < pool.lent * 92
    world.cut()
    assert pool.borrowed * 100 > pool.lent * 92
    assert pool.bound_ppm == 920_000, "the minutes before stood below it"


@pytest.mark.parametrize("looks", [False, True])
def test_the_order_of_what_is_looked_at_does_not_tell_when_a_state_was_written(world, looks):
    """Ended orders and moved balances in turn, with states written between or not; restored, it goes on the same."""
    world.settings(4)
    world.deposit(4, USDC=1_000)
    world.tick()
    world.order(4, "bid", 100, 40_000, SPOT)  # its hold is what is redeemed first, and its balance moves last
    world.order(3, "bid", 10_000, 40_000, SPOT)
    engine = world.engine
    commands: list[Command] = [CancelAll(name(4), "", None, False), consent(2, True), consent(3, True)]
    commands.append(CancelAll(name(3), "", None, False))
    for command in commands:
        world.give(command)
        if looks:
            engine.sections()
    plain = world.replayed()
    assert plain.state_hash() == engine.state_hash()
    again = Engine.restore(GENESIS._replace(exchange="wallet.exchange", entity="main"), engine.sections())
    assert again.state_hash() == engine.state_hash()
    for each in (engine, again, plain):
        each.apply(each.sequence + 1, world.now + 60_000_000, Tick())
    assert again.state_hash() == engine.state_hash() == plain.state_hash()
    assert lent(world, 3) == LENT and lent(world, 4) == 1_000 * USDC


def test_a_ledger_remembers_what_holds_gave_back_once_it_is_asked_to():
    ledger = Ledger()
    ledger.begin(1, wallet.START)
    source = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "wallet"))
    ann, bob = (ledger.open(claim_key(who, "USDC")) for who in ("ann", "bob"))
    for who in (ann, bob):
        assert not ledger.post(source, who, 100, ReasonCode.DEPOSIT)

    def held(who: int, expires: int = 0) -> int:
        return ledger.hold(who, 10, ReasonCode.ORDER_HOLD, expires_micros=expires)

    with pytest.raises(AssertionError, match="asked to follow"):
        ledger.drain_freed()
    assert not ledger.release(held(ann))
    ledger.follow_freed()
    assert ledger.drain_freed() == [], "what was before nobody asked for"
    held(ann)
    held(bob, wallet.START + 1)
    assert not ledger.post_pending(held(ann), credit=bob)
    assert ledger.drain_freed() == [], "a hold that stands or is posted gives nothing back"
    assert not ledger.release(held(ann), 1)
    ledger.drain_rows()
    ledger.begin(2, wallet.START + 1)
    ledger.expire()
    assert ledger.drain_freed() == [ann, bob], "also from rows that were drained"
    assert ledger.drain_freed() == []
