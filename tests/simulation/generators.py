"""What honest clients, operators and services send: a table of generators, one or more for every type of command.

A generator gives what somebody would send now, as the bytes that they sign; it may well be refused (too large, too
late, an order that is gone). To add a command, write a function and put it in `HONEST` with its weight.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, NamedTuple

from ledger.commands import (
    AddDestination,
    AdjustCustody,
    AmendOrder,
    ApproveWithdrawal,
    ApproveWithdrawalByTwo,
    AssignAddress,
    AssignReceipt,
    Borrow,
    Cancel,
    CancelAll,
    CancelParameterChange,
    CancelStrategy,
    Command,
    CorrectBooks,
    CreditDeposit,
    EndSession,
    FailCustodyMove,
    FailHour,
    FailWithdrawal,
    FeedPrices,
    FundInsurance,
    Lend,
    ListAsset,
    ListDerivative,
    ListMarket,
    MoveBetweenSubaccounts,
    MoveCustody,
    NewOrder,
    OpenAccount,
    OpenMarket,
    PauseTransfers,
    PlaceOrders,
    QuoteConversion,
    ReceiveDeposit,
    Redeem,
    RejectWithdrawal,
    RemoveDestination,
    RepayDebt,
    ReplaceTransaction,
    RequestWithdrawal,
    RequireDestinations,
    ResumeTransfers,
    ReverseDeposit,
    SendWithdrawal,
    SetBackstop,
    SetConsent,
    SetParameters,
    SetPermissions,
    SettleCustodyMove,
    SettleWithdrawal,
    SetWalletSettings,
    StartStrategy,
    Tick,
    Unblock,
)
from ledger.commands.margin import PRODUCTS, Permission
from ledger.commands.parameters import NewValue
from ledger.commands.prices import AssetPrice, CurrencyPrice
from ledger.door import Submission
from tests.simulation.house_generators import (
    asset_facts,
    block,
    change_house_keys,
    change_keys,
    consent,
    customer_facts,
    halt,
    list_something,
    open_account,
    registration,
    tick,
    wallet,
)
from tests.simulation.world import ASSETS, DERIVATIVES, HOUR_US, MARKETS, START, Person, World

__all__ = ["HONEST", "Generator", "an_order", "listings", "open_account", "registration", "some"]

SUBACCOUNTS = ("", "", "", "", "bot", "savings")
SESSIONS = tuple(f"session-{number}" for number in range(8))
POOLS = ("USD", "BTC", "ETH")
OPENING: tuple[tuple[str, str, Any], ...] = (
    *((f"prices.{name}", asset, value) for asset in ("BTC", "ETH") for name, value in (
        ("sources_min", "1"), ("jump", "1000000"), ("staleness", "3600"))),
    *(("collateral.weight", asset, value) for asset, value in (
        ("USD", "1000000"), ("BTC", "900000"), ("ETH", "800000"))),
    *(("lending.state", asset, "open") for asset in POOLS),
    *(("perpetual.mark_cap", market, "0") for market in DERIVATIVES),
    *(("perpetual.mark_bound", market, "1000000") for market in DERIVATIVES),
)  # fmt: skip
"""Parameters of the beginning: one feed is enough, its prices may jump, and marks follow at once."""
HUGE = (2**31, 2**53 - 1, 2**53, 2**62, 2**63 - 1)


class Generator(NamedTuple):
    """How often, and what: one or more submissions that are sent together."""

    weight: int
    make: Callable[[World], Sequence[Submission]]


# Orders.


def an_order(world: World, **changes: Any) -> NewOrder:
    """Mostly one that a market takes, near its middle; now and then one that it does not."""
    rng = world.rng
    market = rng.choice([*world.listed_markets, *world.listed_derivatives])
    market = changes.get("market", market)
    middle = (MARKETS.get(market) or DERIVATIVES[market]).middle
    price = max(1, middle + rng.randint(-12, 12))
    fields: dict[str, Any] = {
        "market": market,
        "side": rng.choice(("bid", "ask")),
        "kind": "limit",
        "client_id": rng.randrange(2**32),
        "quantity": rng.choice((1, 2, 5, 10, 40, 200)),
        "quote_quantity": None,
        "price": price,
        "time_in_force": rng.choice(("gtc", "gtc", "gtc", "gtc", "ioc", "fok")),
        "expires": None,
        "post_only": False,
        "self_trade": rng.choice(("reject-taker", "reject-maker", "reject-both", "allow")),
        "trigger": None,
        "trigger_price": None,
        "trigger_by": None,
        "oco_group": None,
        "bound": rng.random() < 0.1,
        "margin": rng.random() < 0.2,
        "reduce_only": market in DERIVATIVES and rng.random() < 0.1,
    }
    shape = rng.random()
    if shape < 0.08:
        fields |= {"kind": "market", "price": None, "time_in_force": "ioc"}
    elif shape < 0.14:
        fields |= {"kind": "market", "price": None, "time_in_force": "ioc", "quantity": None}
        fields |= {"quote_quantity": rng.choice((1, 999, 10**4, 10**6, 10**9))}
    elif shape < 0.22:
        fields |= {"time_in_force": "gtt", "expires": world.now_us + rng.choice((1, 10**6, 10**8, 4 * 10**9))}
    elif shape < 0.30:
        fields |= {"time_in_force": "gtc", "post_only": True}
    elif shape < 0.36:
        fields |= _trigger(world, price)
        fields["whole_position"] = fields["reduce_only"] and rng.random() < 0.5
    elif shape < 0.38:
        fields |= {rng.choice(("price", "quantity")): rng.choice(HUGE)}
    elif shape < 0.40:
        fields |= {"expires": world.now_us + 5, "post_only": True, "time_in_force": rng.choice(("fok", "gtt"))}
    return NewOrder(**(fields | changes))


def _trigger(world: World, price: int) -> dict[str, Any]:
    return {
        "time_in_force": "gtc",
        "trigger": world.rng.choice(("stop", "take-profit")),
        "trigger_price": max(1, price + world.rng.randint(-6, 6)),
        "trigger_by": world.rng.choice(("last", "last", "mark", "index")),
    }


def place(world: World) -> list[Submission]:
    """One order or a few."""
    person, rng = world.someone(), world.rng
    orders = tuple(an_order(world) for _ in range(rng.choice((1, 1, 1, 1, 2, 5))))
    command = PlaceOrders(person.account, rng.choice(SUBACCOUNTS), orders)
    source = rng.choice(SESSIONS)
    if rng.random() < 0.3:
        return [world.by_session(person, command, source)]
    return [world.by(person, command, source)]


def place_pair(world: World) -> list[Submission]:
    """Two orders of which one cancels the other."""
    person = world.someone()
    market = world.rng.choice(world.listed_markets)
    price = MARKETS[market].middle
    plain = {"market": market, "side": "ask", "quantity": 5, "quote_quantity": None, "kind": "limit"}
    plain |= {"oco_group": 7, "time_in_force": "gtc", "expires": None, "post_only": False, "price": price}
    legs = (
        an_order(world, **plain, trigger="take-profit", trigger_price=price + 4, trigger_by="last"),
        an_order(world, **plain, trigger="stop", trigger_price=max(1, price - 4), trigger_by="last"),
    )
    return [world.by(person, PlaceOrders(person.account, "", legs))]


def _an_order_of(world: World, person: Person) -> int:
    if person.orders and world.rng.random() < 0.9:
        return world.rng.choice(person.orders)
    return world.rng.choice((1, 4097, 2**40, 2**63 - 1))


def cancel(world: World) -> list[Submission]:
    """Orders that may be gone already, and now and then one that never was."""
    person = world.someone()
    orders = tuple(_an_order_of(world, person) for _ in range(world.rng.choice((1, 1, 1, 3))))
    return [world.by(person, Cancel(person.account, world.rng.choice(SUBACCOUNTS), orders))]


def cancel_all(world: World) -> list[Submission]:
    """In one market, in all, or with a block; what is blocked is unblocked soon."""
    person, rng = world.someone(), world.rng
    if rng.random() < 0.3:
        blocking = CancelAll(person.account, "", None, True)
        return [world.by(person, blocking), world.by(person, Unblock(person.account, ""))]
    market = rng.choice((None, *world.listed_markets))
    return [world.by(person, CancelAll(person.account, rng.choice(SUBACCOUNTS), market, False))]


def amend(world: World) -> list[Submission]:
    """Another price or quantity, at times one that cannot be."""
    person, rng = world.someone(), world.rng
    price = max(1, MARKETS[rng.choice(world.listed_markets)].middle + rng.randint(-10, 10))
    quantity = rng.choice((1, 3, 30, 500, *HUGE[:2], HUGE[-1]))
    order = _an_order_of(world, person)
    return [world.by(person, AmendOrder(person.account, rng.choice(SUBACCOUNTS), order, price, quantity))]


def end_session(world: World) -> list[Submission]:
    """A session that went away."""
    return [world.by_service(EndSession(world.rng.choice(SESSIONS)))]


def api(world: World) -> list[Submission]:
    """Instructions in an API string: orders, cancels, a withdrawal."""
    person, rng = world.someone(), world.rng
    market = rng.choice(["BTC_USD", "ETH_USD"])
    kind = rng.random()
    if kind < 0.6:
        instructions = [("orderExecute", _api_order(world, market)) for _ in range(rng.choice((1, 1, 3)))]
    elif kind < 0.75 and person.orders:
        instructions = [("orderCancel", {"orderId": str(rng.choice(person.orders))})]
    elif kind < 0.85:
        instructions = [("orderCancelAll", {"symbol": market})]
    else:
        withdrawal = {"address": "somewhere", "clientId": world.new_id("withdrawal"), "quantity": "0.01"}
        instructions = [("withdraw", {**withdrawal, "symbol": rng.choice(("BTC", "ETH", "USD", "NONE"))})]
    return [world.by_api(person.keys[0], instructions)]


def _api_order(world: World, market: str) -> dict[str, str]:
    price = MARKETS[market].middle + world.rng.randint(-8, 8)
    unit, step = (100, "0.005") if market == "BTC_USD" else (1, "0.05")
    return {
        "orderType": "Limit",
        "price": str(price * unit),
        "quantity": world.rng.choice((step, "1", "0.0000001")),
        "side": world.rng.choice(("Bid", "Ask")),
        "symbol": market,
        "timeInForce": world.rng.choice(("GTC", "IOC")),
    }


# Money.


def deposit(world: World) -> list[Submission]:
    """Seen on a chain; at times seen twice, by evidence that is known already."""
    person, rng = world.someone(), world.rng
    asset = rng.choice(world.listed_assets)
    scale, chain = ASSETS[asset]
    amount = rng.choice((1, 10**scale, 5 * 10**scale, 10 ** (scale + 2)))
    if rng.random() < 0.01:
        amount = rng.choice(HUGE)
    evidence = world.evidence(chain) if rng.random() < 0.9 or not world.deposits else rng.choice([*world.deposits])
    command = CreditDeposit(
        person.account, rng.choice(SUBACCOUNTS), asset, min(amount, 2**63 - 1), rng.choice(world.wallets), evidence
    )
    return [world.by_service(command)]


def reverse(world: World) -> list[Submission]:
    """A credited deposit is gone from its chain."""
    known = [*world.deposits]
    evidence = world.rng.choice(known) if known and world.rng.random() < 0.95 else "never seen"
    return [world.by_service(ReverseDeposit(evidence, "reorganisation"))]


def withdraw(world: World) -> list[Submission]:
    """What a customer may have, and at times more."""
    person, rng = world.someone(), world.rng
    asset = rng.choice(world.listed_assets)
    unit = 10 ** ASSETS[asset][0]
    amount = rng.choice((1, max(1, unit // 10), unit, *HUGE[-1:]))
    request = world.new_id("withdrawal")
    if world.withdrawals and rng.random() < 0.05:
        request = rng.choice([*world.withdrawals])
    command = RequestWithdrawal(person.account, rng.choice(SUBACCOUNTS), asset, min(amount, 2**63 - 1), "to", request)
    return [world.by(person, command)]


def move_withdrawal(world: World) -> list[Submission]:
    """The next step of one withdrawal, or one that is not its next."""
    rng, known = world.rng, world.withdrawals
    open_ones = [request for request, state in known.items() if state in ("held", "approved", "sent")]
    if not open_ones:
        return []
    request = rng.choice(open_ones) if rng.random() < 0.95 else rng.choice([*known])
    wallet, operator = rng.choice(world.wallets), world.operators[0]
    fail = world.by_service(FailWithdrawal(request, "the chain refused it", "a reorganisation", None))
    approve = world.signed(ApproveWithdrawal(request), operator)
    steps = {
        "held": (approve, approve, world.by_operators(ApproveWithdrawalByTwo(request)), fail),
        "approved": (
            *[
                world.by_service(SendWithdrawal(request, wallet, *world.chain_sender(wallet), "ab" * length))
                for length in (1, 50, 200)
            ],
            world.signed(RejectWithdrawal(request, "suspicious"), operator),
        ),
        "sent": (
            world.by_service(SettleWithdrawal(request, world.evidence("transaction"), None)),
            world.by_service(ReplaceTransaction(request, world.sent_nonces.get(request, 7), "cd" * 40)),
            fail,
        ),
    }
    state = known[request] if rng.random() < 0.95 else "sent"
    return [rng.choice(steps.get(state, steps["sent"]))]


def move_custody(world: World) -> list[Submission]:
    """Between the exchange's wallets, to its end in one way or the other."""
    rng = world.rng
    if world.custody_moves and rng.random() < 0.6:
        name = rng.choice(world.custody_moves)
        end = rng.choice((SettleCustodyMove, SettleCustodyMove, FailCustodyMove))
        return [world.by_service(end(name, world.evidence("transaction"), None))]
    asset = rng.choice(world.listed_assets)
    source, target = rng.choice(world.wallets), rng.choice(world.wallets)
    amount = rng.choice((1, 10 ** ASSETS[asset][0], HUGE[-1]))
    sent = (*world.chain_sender(source), "ef" * 30)
    return [world.by_service(MoveCustody(world.new_id("custody"), source, target, asset, amount, 0, *sent))]


def adjust(world: World) -> list[Submission]:
    """Books follow a wallet by hand."""
    rng = world.rng
    asset, way = rng.choice(world.listed_assets), rng.choice(("in", "in", "out"))
    amount = rng.choice((1, 10 ** ASSETS[asset][0]))
    return [world.by_operators(AdjustCustody(rng.choice(world.wallets), asset, way, amount, 0, "capital", "case"))]


def repay(world: World) -> list[Submission]:
    """Of a debt, by somebody who may have none."""
    owing = [pair for pair in world.indebted if pair[0] in world.people]
    if not owing:
        return []
    account, asset = world.rng.choice(owing)
    amount = world.rng.choice((1, 10 ** ASSETS[asset][0], HUGE[-1]))
    return [world.by(world.people[account], RepayDebt(account, "", asset, amount))]


def receive(world: World) -> list[Submission]:
    """An address is assigned, or something arrives at one, known or not."""
    rng = world.rng
    if rng.random() < 0.3 or not world.addresses:
        account = rng.choice((None, world.someone().account, world.someone().account))
        wallet = rng.choice((None, *world.wallets)) if account else world.wallets[0]
        return [world.by_service(AssignAddress(account, "", "eip155:1", world.evidence("0xaddress"), wallet))]
    address = rng.choice(("0xnobody", *world.addresses))
    asset, evidence = rng.choice(world.listed_assets), world.evidence("receipt")
    amount = rng.choice((1, 10 ** ASSETS[asset][0]))
    return [world.by_service(ReceiveDeposit("eip155:1", address, world.wallets[0], asset, amount, 0, evidence))]


def assign_receipt(world: World) -> list[Submission]:
    """What nobody was credited for finds somebody, or becomes the house's."""
    if not world.receipts:
        return []
    account = world.rng.choice((None, world.someone().account))
    return [world.by_operators(AssignReceipt(world.rng.choice([*world.receipts]), account, "", "found"))]


def pause(world: World) -> list[Submission]:
    """An asset's transfers stop, and mostly go on at once."""
    rng = world.rng
    asset, direction = rng.choice(world.listed_assets), rng.choice(("deposits", "withdrawals"))
    paused = world.signed(PauseTransfers(asset, direction, "a fork"), world.operators[0])
    return [paused, world.by_operators(ResumeTransfers(asset, direction, "over"))][: rng.choice((1, 2, 2, 2))]


def destinations(world: World) -> list[Submission]:
    """A customer's list of where withdrawals may go."""
    person, rng = world.someone(), world.rng
    place = (person.account, rng.choice(("eip155:1", "bip122:main")), rng.choice(("to", "elsewhere")))
    commands: tuple[Command, ...] = (
        AddDestination(*place),
        RemoveDestination(*place),
        RequireDestinations(person.account, rng.random() < 0.2),
    )
    return [world.by(person, rng.choice(commands))]


# Parameters and prices.


def parameters(world: World) -> list[Submission]:
    """What tightens acts at once, what loosens is scheduled, and some of it is cancelled."""
    rng = world.rng
    if world.scheduled and rng.random() < 0.4:
        return [world.by_operators(CancelParameterChange(rng.choice(world.scheduled), "reconsidered"))]
    asset, market = rng.choice(world.listed_assets), rng.choice(world.listed_markets)
    unpriced = "USD" if asset in ("BTC", "ETH") else asset  # margin needs the others
    change = rng.choice(
        (
            NewValue("withdrawals.fee", asset, str(rng.choice((0, 1, 5)))),
            NewValue("withdrawals.minimum", asset, str(rng.choice((1, 2)))),
            NewValue("withdrawals.two_operators_from", asset, str(rng.choice((10**6, 2**60)))),
            NewValue("prices.staleness", unpriced, str(rng.choice((30, 60, 120)))),
            NewValue("prices.sources_min", unpriced, str(rng.choice((1, 2)))),
            NewValue("market.notional_min", market, str(rng.choice((0, 5)))),
            NewValue("market.open_orders_max", market, str(rng.choice((20, 200, 1_000)))),
            NewValue("no.such_parameter", "", "1"),
        )
    )
    return [world.by_operators(SetParameters((change,), "a reason"))]


def feed(world: World) -> list[Submission]:
    """Prices of the service's feed, at times stale or far from the last."""
    rng = world.rng
    move = rng.choice((rng.randint(98, 102), rng.randint(85, 115), rng.choice((50, 150))))
    prices = tuple(
        AssetPrice(asset, MARKETS[market].middle * unit * 10**16 * move)
        for asset, market, unit in (("BTC", "BTC_USD", 100), ("ETH", "ETH_USD", 1))
    )
    published = world.now_us - rng.choice((0, 0, 0, 10**6, 10**9))
    return [world.by_service(FeedPrices(published, "USD", prices, (CurrencyPrice("EUR", 11 * 10**17),)))]


def fail_hour(world: World) -> list[Submission]:
    """An assertion of an hour failed: the venue stops, and two operators open it again."""
    failed = world.by_service(FailHour("roots-differ"))
    return [failed, world.by_operators(OpenMarket(None, "open", "looked into"))]


def move(world: World) -> list[Submission]:
    """Between a customer's own subaccounts, at times more than there is or from one to itself."""
    person, rng = world.someone(), world.rng
    asset = rng.choice(world.listed_assets)
    amount = rng.choice((1, 10 ** ASSETS[asset][0], 2**63 - 1))
    source, target = rng.choice(SUBACCOUNTS), rng.choice(("", "bot", "savings"))
    command = MoveBetweenSubaccounts(person.account, source, target, asset, min(amount, 2**63 - 1))
    return [world.by_session(person, command, "session-1") if rng.random() < 0.2 else world.by(person, command)]


def correct(world: World) -> list[Submission]:
    """By hand, between customers or with the house."""
    rng = world.rng
    parties: list[str | None] = [world.someone().account, rng.choice((None, world.someone().account))]
    rng.shuffle(parties)
    source, target = parties
    command = CorrectBooks(
        source, target, rng.choice(world.listed_assets), rng.choice((1, 777, 10**18)), "a mistake", "case"
    )
    return [world.by_operators(command)]


# The one wallet.


def wallet_settings(world: World) -> list[Submission]:
    """How a wallet behaves, at times as no wallet may."""
    person, rng = world.someone(), world.rng
    flags = [rng.random() < 0.7 for _ in range(3)]
    leverage = rng.choice((1, 5, 10, 20, 20, 0, 101))
    return [world.by(person, SetWalletSettings(person.account, rng.choice(SUBACCOUNTS), leverage, *flags))]


def lend(world: World) -> list[Submission]:
    """By somebody who has agreed, or not; at times more than there is."""
    person, rng = world.someone(), world.rng
    asset = rng.choice(POOLS)
    amount = rng.choice((1, 10 ** ASSETS[asset][0], HUGE[-1]))
    agreed = world.by(person, SetConsent(person.account, "lending", True, world.new_id("text") * 2))
    lending = world.by(person, Lend(person.account, rng.choice(SUBACCOUNTS), asset, amount))
    return [agreed, lending] if rng.random() < 0.7 else [lending]


def redeem(world: World) -> list[Submission]:
    """Of what is lent: while lending is automatic it is refused, so that is mostly ended first."""
    person, rng = world.someone(), world.rng
    asset = rng.choice(POOLS)
    ended = world.by(person, SetWalletSettings(person.account, "", 10, False, True, True))
    again = world.by(person, Redeem(person.account, "", asset, rng.choice((1, 10 ** ASSETS[asset][0], HUGE[-1]))))
    return [ended, again] if rng.random() < 0.8 else [again]


def borrow(world: World) -> list[Submission]:
    """Against what there is, or more than that."""
    person, rng = world.someone(), world.rng
    asset = rng.choice(POOLS)
    amount = rng.choice((1, max(1, 10 ** ASSETS[asset][0] // 10), HUGE[-1]))
    return [world.by(person, Borrow(person.account, rng.choice(SUBACCOUNTS), asset, amount))]


def insurance(world: World) -> list[Submission]:
    """The house's money into the fund, and back."""
    rng = world.rng
    command = FundInsurance(rng.choice(POOLS), rng.choice((1, 10**5)), rng.random() < 0.3, "a reason")
    return [world.by_operators(command)]


def backstop(world: World) -> list[Submission]:
    """Somebody stands ready to take over, for a price."""
    person, rng = world.someone(), world.rng
    market = rng.choice((*DERIVATIVES, "BTC_USD"))
    words = (rng.choice((0, 5, 1_000)), rng.choice((0, 10_000, 10**6 + 1)), rng.choice((0, 10**4)))
    return [world.by(person, SetBackstop(person.account, "", market, *words))]


def conversion(world: World) -> list[Submission]:
    """Time passes, and a maker answers to what is offered then, or was before."""
    person, rng = world.someone(), world.rng
    known = rng.choice([*world.conversions, world.conversions_begun + 1])
    numbers = dict.fromkeys((*(world.conversions_begun + more for more in range(1, 5)), known))
    quotes = [QuoteConversion(person.account, "", each, rng.choice((10, 10**5, 10**6, 4 * 10**6))) for each in numbers]
    return [world.by_service(Tick()), *(world.by(person, each) for each in quotes)]


def strategy(world: World) -> list[Submission]:
    """One begins, or one that runs is ended."""
    person, rng = world.someone(), world.rng
    if world.strategies and rng.random() < 0.5:
        number = rng.choice([*world.strategies])
        account, subaccount = world.strategies[number]
        return [world.by(world.people[account], CancelStrategy(account, subaccount, number))]
    market = rng.choice([*world.listed_markets, *world.listed_derivatives])
    numbers = (rng.choice((10, 100)), rng.choice((1, 3, 2_000)), rng.choice((1, 60)), rng.choice((0, 50_000)))
    flags = (rng.random() < 0.3, market in DERIVATIVES and rng.random() < 0.2)
    side = rng.choice(("bid", "ask"))
    return [world.by(person, StartStrategy(person.account, rng.choice(SUBACCOUNTS), market, side, 7, *numbers, *flags))]


def gamble(world: World) -> list[Submission]:
    """A newcomer with coins alone takes as much as can be had, and the price goes one way or the other.

    What is lost has to be owed to the exchange, so that collateral is converted; and if it is too much, liquidated.
    """
    rng, person, other = world.rng, world.new_person(), world.someone()
    world.guests.add(person.account)
    opened = OpenAccount(person.account, "main", "assigned", None, None, "retail", "JP", "customer", None)
    coins = CreditDeposit(person.account, "", "BTC", 2 * 10**5, "wallet-1", world.evidence("first"))
    middle, side = MARKETS["BTC_USD"].middle, rng.choice(("bid", "ask"))
    plain = {"market": "BTC_PERP", "kind": "limit", "quote_quantity": None, "expires": None, "post_only": False}
    plain |= {"quantity": rng.choice((8, 20, 35)), "price": middle, "reduce_only": False, "bound": False}
    plain |= dict.fromkeys(("trigger", "trigger_price", "trigger_by"))
    plain |= {"whole_position": False, "self_trade": "reject-maker"}
    resting = an_order(world, **plain, side="ask" if side == "bid" else "bid", time_in_force="gtc")
    taking = an_order(world, **plain, side=side, time_in_force="ioc")
    prices = [AssetPrice("BTC", middle * 10**18 * percent) for percent in (100, 92 if side == "bid" else 108)]
    feeds = [FeedPrices(world.now_us + number, "USD", (price,), ()) for number, price in enumerate(prices, start=-1)]
    settings = SetWalletSettings(person.account, "", 20, False, rng.random() < 0.3, True)
    return [
        *map(world.by_service, (opened, coins, feeds[0])),
        registration(world, person),
        world.by(person, settings),
        world.by(other, PlaceOrders(other.account, "", (resting,))),
        world.by(person, PlaceOrders(person.account, "", (taking,))),
        world.by_service(feeds[1]),
        world.by_service(Tick()),
    ]


def permissions(world: World) -> list[Submission]:
    """The table is given again, at times with a row that takes something from somebody, for a moment."""
    everything = permission_rows()
    row = Permission("FR", None, world.rng.choice(PRODUCTS), False, 1)
    tables = [(*everything, row), everything] if world.rng.random() < 0.5 else [everything]
    return [world.by_operators(SetPermissions("main", rows, "a reason")) for rows in tables]


def permission_rows() -> tuple[Permission, ...]:
    """Everything to everybody."""
    return tuple(Permission(None, None, product, True, 20) for product in PRODUCTS)


def list_derivative(world: World) -> list[Submission]:
    """One that is there already, or one that cannot be."""
    shape = DERIVATIVES["BTC_PERP"]
    expires = world.rng.choice((None, world.now_us))
    command = ListDerivative(
        "BTC_PERP", "dated" if expires else "perpetual", shape.base, shape.quote, shape.tick, shape.step, 1, 10**6,
        expires,
    )  # fmt: skip
    return [world.by_operators(command)]


HONEST: dict[str, Generator] = {
    "place": Generator(300, place),
    "place-pair": Generator(15, place_pair),
    "cancel": Generator(60, cancel),
    "cancel-all": Generator(15, cancel_all),
    "amend": Generator(40, amend),
    "end-session": Generator(6, end_session),
    "api": Generator(60, api),
    "deposit": Generator(40, deposit),
    "reverse": Generator(8, reverse),
    "withdraw": Generator(25, withdraw),
    "move-withdrawal": Generator(30, move_withdrawal),
    "move-custody": Generator(12, move_custody),
    "adjust": Generator(5, adjust),
    "repay": Generator(8, repay),
    "receive": Generator(15, receive),
    "assign-receipt": Generator(5, assign_receipt),
    "pause": Generator(3, pause),
    "destinations": Generator(8, destinations),
    "parameters": Generator(6, parameters),
    "feed": Generator(8, feed),
    "fail-hour": Generator(1, fail_hour),
    "move": Generator(25, move),
    "correct": Generator(6, correct),
    "open-account": Generator(6, open_account),
    "change-keys": Generator(12, change_keys),
    "change-house-keys": Generator(3, change_house_keys),
    "customer-facts": Generator(5, customer_facts),
    "consent": Generator(8, consent),
    "block": Generator(5, block),
    "list": Generator(4, list_something),
    "asset-facts": Generator(2, asset_facts),
    "wallet": Generator(3, wallet),
    "halt": Generator(3, halt),
    "tick": Generator(12, tick),
    "wallet-settings": Generator(10, wallet_settings),
    "lend": Generator(15, lend),
    "redeem": Generator(6, redeem),
    "borrow": Generator(15, borrow),
    "insurance": Generator(3, insurance),
    "backstop": Generator(4, backstop),
    "conversion": Generator(12, conversion),
    "strategy": Generator(6, strategy),
    "gamble": Generator(8, gamble),
    "permissions": Generator(2, permissions),
    "list-derivative": Generator(1, list_derivative),
}


def some(world: World, without: Container[str] = ()) -> Sequence[Submission]:
    """What one of the generators makes, by their weights."""
    names = [name for name in HONEST if name not in without]
    [name] = world.rng.choices(names, [HONEST[name].weight for name in names])
    return HONEST[name].make(world)


def listings(world: World) -> list[Submission]:
    """What an exchange begins with: three assets, their pools and prices, spot and derivative markets."""
    first = [world.by_operators(ListAsset(name, *ASSETS[name], "native", "", "", "")) for name in ("USD", "BTC", "ETH")]
    for symbol in ("BTC_USD", "ETH_USD", "ETH_BTC"):
        shape = MARKETS[symbol]
        market = ListMarket(symbol, shape.base, shape.quote, shape.tick, shape.step, 1, 10**6)
        first.append(world.by_operators(market))
        first.append(world.by_operators(OpenMarket(symbol, "open", "opening")))
    first.append(world.by_operators(SetParameters((NewValue("margin.settlement_asset", "", "USD"),), "opening")))
    for symbol, kind, expires in (("BTC_PERP", "perpetual", None), ("ETH_DATED", "dated", START + HOUR_US)):
        shape = DERIVATIVES[symbol]
        grid = (shape.base, shape.quote, shape.tick, shape.step, 1, 10**6)
        first.append(world.by_operators(ListDerivative(symbol, kind, *grid, expires)))
        first.append(world.by_operators(OpenMarket(symbol, "open", "opening")))
    values = tuple(NewValue(*each) for each in OPENING)
    first.append(world.by_operators(SetParameters(values, "opening")))
    first.append(world.by_operators(SetPermissions("main", permission_rows(), "opening")))
    return first
