"""What hostile commands and the simulation found in the desks of the one wallet; each test says what it did."""

from __future__ import annotations

from ledger.commands import (
    Borrow,
    CorrectBooks,
    FundInsurance,
    Lend,
    ListAsset,
    ListDerivative,
    MoveBetweenSubaccounts,
    OpenMarket,
    Redeem,
    SetBackstop,
    SetConsent,
    SetParameters,
    SetPermissions,
    Tick,
)
from ledger.commands.parameters import NewValue
from ledger.desks.base import SUBACCOUNTS_MAX
from ledger.engine import Engine
from ledger.events import ParameterSet, PositionMoved, Refused
from ledger.journal import AccountCode, house_key
from ledger.lending import accrual
from ledger.margin import funding, positions
from ledger.margin.positions import Positions
from tests.support.wallet import HOUR, PERPETUAL, START, USDC, WalletExchange, name


def test_a_trade_with_oneself_moved_a_position_and_stopped_the_engine():
    world = WalletExchange(2)
    world.deposit(1, USDC=10_000)
    world.order(1, "ask", 10, 50_000, self_trade="allow")
    world.order(1, "bid", 10, 50_000, self_trade="allow")
    assert [(event.size, event.basis) for event in world.found(PositionMoved)] == [(0, 0)] * 2
    world.tick()
    assert world.size(1) == 0 and world.owed(1) < 10_000 * USDC, "both fees are paid"


def test_refused_commands_named_subaccounts():
    world = WalletExchange(2)
    world.deposit(1, USDC=10_000)
    before = world.engine.sections()["desk.orders"]
    world.give(Borrow(name(1), "new", "BTC", 1), refused="insufficient-margin")
    world.give(Lend(name(1), "new", "BTC", 1), refused="exceeds-credits")
    world.give(Redeem(name(1), "new", "BTC", 1), refused="more-than-is-lent")
    assert world.engine.sections()["desk.orders"] == before


def test_a_backstop_that_is_not_permitted_named_a_subaccount():
    world = WalletExchange(2)
    table = world.engine.margin.permissions.tables["main"]
    world.give(SetPermissions("main", tuple(row for row in table if row.product == "lending"), "no perpetuals"))
    before = world.engine.sections()["desk.orders"]
    world.give(SetBackstop(name(1), "new", PERPETUAL, 5, 0, 0), refused="not-permitted")
    assert world.engine.sections()["desk.orders"] == before


def lender(world):
    world.deposit(1, USDC=1_000)
    world.settings(1)
    world.tick()
    assert world.engine.lending.lent(world.payer(1), "USDC") == 1_000 * USDC


def test_a_lend_that_was_refused_redeemed_what_was_lent():
    world = WalletExchange(2)
    lender(world)
    world.give(SetConsent(name(1), "lending", False, "00" * 32))
    world.give(Lend(name(1), "", "USDC", 5), refused="exceeds-credits")
    assert world.engine.lending.lent(world.payer(1), "USDC") == 1_000 * USDC


def test_a_move_that_was_refused_redeemed_what_was_lent():
    world = WalletExchange(2)
    lender(world)
    for number in range(SUBACCOUNTS_MAX):
        world.engine._shared.purse.payer(name(1), f"n{number}")
    world.give(MoveBetweenSubaccounts(name(1), "", "one-more", "USDC", 5), refused="too-many-subaccounts")
    assert world.engine.lending.lent(world.payer(1), "USDC") == 1_000 * USDC


def test_a_look_at_a_pool_moved_its_throttle():
    world = WalletExchange(2)
    lender(world)
    world.deposit(2, BTC=1)
    world.give(Borrow(name(2), "", "USDC", 920 * USDC))
    world.wait(600)
    world.give(Tick())
    before = world.engine.sections()["desk.lending"]
    world.engine._shared.time_us += HOUR
    world.engine.lending.pool("USDC")
    assert world.engine.sections()["desk.lending"] == before


def test_a_withdrawal_from_an_empty_fund_opened_accounts():
    world = WalletExchange(1)
    count = len(world.engine.ledger)
    world.give(FundInsurance("SOL", 1, True, "back"), refused="more-than-the-fund")
    assert len(world.engine.ledger) == count
    assert world.engine.ledger.find(house_key(AccountCode.INSURANCE, "SOL")) is None


def test_an_asset_that_was_listed_later_stopped_the_judging_of_who_has_it():
    world = WalletExchange(2)
    world.deposit(1, USDC=1_000)
    assert world.health(1) is not None
    world.give(ListAsset("NEW", 0, "eip155:1", "native", "", "", ""))
    values = (("prices.sources_min", "1"), ("prices.staleness", "86400"))
    for parameter, value in values:
        world.give(SetParameters((NewValue(parameter, "NEW", value),), "new"))
    world.wait(200_000)
    world.prices(BTC=50_000, SOL=100, USDC=1, NEW=3)
    world.give(CorrectBooks(None, name(1), "NEW", 5, "small", "from nowhere"))
    assert world.health(1) is not None


def test_another_settlement_asset_was_taken_while_something_was_due_in_the_old_one():
    world = WalletExchange(1)
    change = SetParameters((NewValue("margin.settlement_asset", "", "BTC"),), "another")
    world.give(change, refused="settlement-asset-in-use")
    unlisted = SetParameters((NewValue("margin.settlement_asset", "", "NONE"),), "another")
    world.give(unlisted, refused="unknown-asset")


def test_a_pool_without_a_settlement_asset_could_not_be_liquidated():
    engine = Engine("small.exchange")
    opened = SetParameters((NewValue("lending.state", "USD", "open"),), "open")
    engine.apply(1, START, ListAsset("USD", 2, "offchain:bank", "native", "", "", ""))
    assert engine.apply(2, START, opened) == [Refused("no-settlement-asset")]
    chosen = SetParameters((NewValue("margin.settlement_asset", "", "USD"),), "chosen")
    assert [type(event) for event in engine.apply(3, START, chosen)] == [ParameterSet]
    assert [type(event) for event in engine.apply(4, START, opened)] == [ParameterSet]


def test_a_position_that_expired_was_stated_as_if_it_stood():
    world = WalletExchange(2)
    expires = (world.now // HOUR + 1) * HOUR
    world.give(ListDerivative("BTC_DATED", "dated", "BTC", "USDC", 10**6, 10_000, 1, 10**6, expires))
    world.give(OpenMarket("BTC_DATED", "open", "small"))
    world.deposit(1, USDC=100_000)
    world.deposit(2, USDC=100_000)
    world.prices(BTC=50_000, SOL=100, USDC=1)
    world.trade(1, 2, 100, 50_000, "BTC_DATED")
    world.cut()
    ended = [event for event in world.found(PositionMoved) if event.cause == "expiry"]
    assert [(event.size, event.basis, abs(event.size_change)) for event in ended] == [(0, 0, 100)] * 2


def test_a_replay_without_numpy_reaches_the_same_numbers(monkeypatch):
    def numbers():
        market = Positions()
        for buyer in range(1, 90):
            market.trade(buyer, buyer % 7 + 90, buyer, buyer * 77)
        settled = market.settle(91)
        paid = funding.payments([7, -3, 10**9, -(10**9)], 10**8 + 1, -1_234_567_891)
        charged = accrual.charges([*range(1, 10**6, 9_999)], 12_345_678, 10**9 * 8_760)
        return settled, market.to_state(), paid, charged

    fast = numbers()
    for module in (positions, funding, accrual):
        monkeypatch.setattr(module, "IS_PLAIN", True)
    assert numbers() == fast


def test_a_refused_command_left_its_time_in_the_desk_of_liquidation():
    world = WalletExchange(1)
    before = world.engine.sections()
    world.give(Lend(name(1), "", "BTC", 1), refused="exceeds-credits")
    after = world.engine.sections()
    assert [each for each in after if after[each] != before[each]] == ["head", "ledger.head"]
