"""A little language for orders and books, a purse of plain dictionaries, and a seeded stream of every kind of command.

    bid 100 @ 10.5 alice gtc            a limit order: side, quantity, price, account, then its options
    ask 3 @ market bob                  a market order; `ask 50q @ market bob` names quote instead
    bid 1 @ 11 alice stop last 10.8     a trigger; `take mark 9.5` likewise

Options: gtc ioc fok post, reject-maker reject-both allow, session=N, until=MICROSECONDS, owner=NAME, slip=PRICE.
An order's id is its number in the scenario, from 1. Prices have one decimal (a tick of 0.1) and quantities are whole.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence

from ledger.trading.book import FastBook
from ledger.trading.book_naive import NaiveBook
from ledger.trading.fees import FeeRates
from ledger.trading.holds import ACCOUNT, BY_QUOTE, HELD, SIDE, SpotFunds
from ledger.trading.market import Market, MarketState
from ledger.trading.orders import NewOrder, OrderType, SelfTrade, Side, TimeInForce, TriggerBy, TriggerKind
from ledger.trading.reports import (
    Accepted,
    Amended,
    Cancelled,
    Expired,
    Pending,
    Reason,
    Rejected,
    Rested,
    Traded,
    Triggered,
    read_report,
)
from ledger.trading.rules import Bound

NAMES = {"alice": 1, "bob": 2, "carol": 3, "dave": 4}
RATES = {1: FeeRates(800, 1000), 2: FeeRates(-200, 900), 3: FeeRates(0, 250), 4: FeeRates(333, 777)}
OPTIONS = {
    "gtc": {"time_in_force": TimeInForce.GTC},
    "ioc": {"time_in_force": TimeInForce.IOC},
    "fok": {"time_in_force": TimeInForce.FOK},
    "post": {"post_only": 1},
    "reject-maker": {"self_trade": SelfTrade.REJECT_MAKER},
    "reject-both": {"self_trade": SelfTrade.REJECT_BOTH},
    "allow": {"self_trade": SelfTrade.ALLOW},
}
HOUSE = 0
BOUNDS = [
    Bound(95, 105, Reason.MEAN_MARK_BAND),
    Bound(0, 104, Reason.MEAN_PREMIUM_BAND),
    Bound(97, 0, Reason.DISCOVERY_BAND),
    Bound(94, 106, Reason.DISCOVERY_BAND),
    Bound(96, 103, Reason.PRICE_OUT_OF_BOUNDS),
]
ASSETS = ("QUOTE", "BASE")  # what an order of a side gives


def small_market(**changes: int) -> Market:
    """A tick of 0.1, a step of 1 and 3 decimals of quote: one tick times one step is 100 quanta."""
    numbers = {"base_scale": 0, "quote_scale": 3, "tick_units": 1, "tick_decimals": 1, "step_quanta": 1}
    return Market("BASE_QUOTE", "BASE", "QUOTE", **{**numbers, **changes})


class DictPurse:
    """Balances in two dictionaries, free and held, by account and asset; the house takes the fees. Its own till.

    A hold's handle is its order's id, so that it can be restored beside its orders.
    """

    def __init__(self) -> None:
        self.free: dict[tuple[int, str], int] = defaultdict(int)
        self.held: dict[tuple[int, str], int] = defaultdict(int)
        self.places: dict[int, tuple[int, str]] = {}

    def till(self, base: str, quote: str) -> DictPurse:
        assert (base, quote) == ("BASE", "QUOTE")
        return self

    def hold(self, order_id: int, account: int, side: int, quanta: int) -> int:
        assert quanta > 0
        asset = ASSETS[side]
        if self.free[account, asset] < quanta:
            return 0
        self.free[account, asset] -= quanta
        self.held[account, asset] += quanta
        self.places[order_id] = (account, asset)
        return order_id

    def raise_hold(self, handle: int, order_id: int, account: int, side: int, quanta: int) -> int:
        assert handle == order_id
        return self.hold(order_id, account, side, quanta)

    def release(self, handle: int, quanta: int) -> None:
        place = self.places[handle]
        assert 0 < quanta <= self.held[place]
        self.held[place] -= quanta
        self.free[place] += quanta

    shared = ()

    def credit(self, account: int, side: int) -> int:
        assert side in (0, 1)
        return account

    def settle(
        self, bid: int, ask: int, buyer: int, seller: int, base_quanta: int, quote_quanta: int, buyer_fee: int,
        seller_fee: int, freed: int,
    ) -> None:  # fmt: skip
        assert bid != ask and freed >= 0
        self.held[buyer, "QUOTE"] -= quote_quanta + buyer_fee + freed
        self.held[seller, "BASE"] -= base_quanta
        assert self.held[buyer, "QUOTE"] >= 0 and self.held[seller, "BASE"] >= 0
        self.free[buyer, "BASE"] += base_quanta
        self.free[buyer, "QUOTE"] += freed
        self.free[seller, "QUOTE"] += quote_quanta - seller_fee
        self.free[HOUSE, "QUOTE"] += buyer_fee + seller_fee

    def total(self, asset: str) -> int:
        """All there is of an asset, whoever has it."""
        return sum(amount for table in (self.free, self.held) for (_, name), amount in table.items() if name == asset)


class FickleFunds(SpotFunds):
    """Funds that let no maker trade whose id and price fall together, as margin may refuse one at any time.

    Of other ids, prices and quantities that fall together it is the taker that margin refuses.
    """

    checks_makers = True

    def check_maker(self, order_id: int, price: int, quantity: int) -> int:
        if (order_id + price + quantity) % 13 == 0:
            return -Reason.POSITION_LIMIT
        return Reason.INSUFFICIENT_MARGIN if (order_id + price) % 5 == 0 else 0


def funded(market: Market, quanta: int = 10**9, kind: type[SpotFunds] = SpotFunds) -> tuple[SpotFunds, DictPurse]:
    """Funds with `quanta` of both assets for each named account."""
    purse = DictPurse()
    for account in NAMES.values():
        purse.free[account, "BASE"] = purse.free[account, "QUOTE"] = quanta
    return kind(market, rates_of, purse), purse


def rates_of(account: int) -> FeeRates:
    """What each named account pays; others trade for nothing."""
    return RATES.get(account, FeeRates(0, 0))


def check_holds(funds: SpotFunds, purse: DictPurse) -> None:
    """Every hold is exactly what its open order requires, and the purse holds nothing else."""
    owed: dict[tuple[int, str], int] = defaultdict(int)
    for entry in funds.holds.values():
        if not entry[BY_QUOTE]:
            assert entry[HELD] == funds.required(entry)
        owed[entry[ACCOUNT], "BASE" if entry[SIDE] else "QUOTE"] += entry[HELD]
    assert {key: held for key, held in purse.held.items() if held} == {key: held for key, held in owed.items() if held}


def parse_order(text: str, order_id: int, market: Market) -> NewOrder:
    """Read one order of the little language."""
    side, quantity, at, price, account, *options = text.split()
    assert at == "@", text
    fields: dict[str, int] = {"side": Side[side.upper()], "account": NAMES[account], "owner": NAMES[account]}
    fields |= {"quote_quanta": int(quantity[:-1])} if quantity.endswith("q") else {"quantity": int(quantity)}
    if price == "market":
        fields |= {"order_type": OrderType.MARKET, "time_in_force": TimeInForce.IOC}
    else:
        fields["price"] = _ticks(price, market)
    words = iter(options)
    for word in words:
        if word in ("stop", "take"):
            kind = TriggerKind.STOP if word == "stop" else TriggerKind.TAKE_PROFIT
            fields |= {"trigger_kind": kind, "trigger_by": TriggerBy[next(words).upper()]}
            fields["trigger_price"] = _ticks(next(words), market)
        elif "=" in word:
            fields |= _named_option(*word.split("="), market)
        else:
            fields |= OPTIONS[word]
    return NewOrder(order_id, **fields)


def _named_option(name: str, value: str, market: Market) -> dict[str, int]:
    if name == "owner":
        return {"owner": NAMES[value]}
    if name == "slip":
        return {"price": _ticks(value, market)}
    return {{"until": "expires_us", "session": "session", "oco": "oco_partner"}[name]: int(value)}


def _ticks(text: str, market: Market) -> int:
    ticks = market.parse_price(text)
    assert ticks is not None, f"{text} is off the grid"
    return ticks


def show(row: Sequence[int], market: Market) -> str:
    """One report in words; prices as decimals."""
    price = price_text
    match read_report(tuple(row)):
        case Accepted(_, order):
            return f"{order} accepted"
        case Rested(_, order, ticks, quantity):
            return f"{order} rests {quantity} @ {price(ticks)}"
        case Traded() as t:
            return f"{t.taker_id} takes {t.quantity} @ {price(t.price)} from {t.maker_id}"
        case Cancelled(_, order, quantity, reason):
            return f"{order} cancelled {quantity} {Reason(reason).label}"
        case Expired(_, order, quantity, reason):
            return f"{order} expired {quantity} {Reason(reason).label}"
        case Amended(_, order, ticks, quantity, kept):
            return f"{order} amended {quantity} @ {price(ticks)} {'keeps' if kept else 'requeued'}"
        case Pending(_, order, ticks):
            return f"{order} pending {price(ticks)}"
        case Triggered(_, order, ticks):
            return f"{order} triggered {price(ticks)}"
        case Rejected(_, order, reason):
            return f"{order} rejected {Reason(reason).label}"
    raise AssertionError(row)


class Twins:
    """The plain book and the fast one, each with its own funds, on the same commands; every step must agree."""

    def __init__(
        self, market: Market | None = None, quanta: int = 10**9, *, with_funds: bool = True, fickle: bool = False
    ) -> None:
        self.market = market or small_market()
        self.money = [funded(self.market, quanta, FickleFunds if fickle else SpotFunds) for _ in range(2)]
        funds = [pair[0] if with_funds else None for pair in self.money]
        self.books = (NaiveBook(self.market, funds[0]), FastBook(self.market, funds[1]))
        self.totals = {asset: self.money[0][1].total(asset) for asset in ("BASE", "QUOTE")}

    def do(self, name: str, *arguments: object) -> list[tuple[int, ...]]:
        """Give both books one command; their reports."""
        answers: list[object] = []
        for book in self.books:
            book.reports.clear()
            answers.append(getattr(book, name)(*arguments))
        assert answers[0] == answers[1], f"{name}{arguments}: {answers}"
        plain, fast = ([tuple(map(int, row)) for row in book.reports] for book in self.books)
        assert plain == fast, f"{name}{arguments}: {plain} and {fast}"
        return plain

    def live(self) -> list[int]:
        """Orders that rest or wait, by id."""
        return [order.order_id for order in self.books[0]._all_orders()]

    def check(self) -> None:
        """Both books have one state, both purses one balance, every hold is exact, and nothing was made or lost."""
        assert self.books[0].state_digest() == self.books[1].state_digest()
        for side in (0, 1):
            assert self.books[0].depth(side, 5) == self.books[1].depth(side, 5)
        plain, fast = (pair[1] for pair in self.money)
        for table in ("free", "held"):
            left, right = (
                {key: value for key, value in getattr(purse, table).items() if value} for purse in (plain, fast)
            )
            assert left == right
        for funds, purse in self.money:
            check_holds(funds, purse)
            assert {asset: purse.total(asset) for asset in self.totals} == self.totals


class Scenario:
    """Plays a text of commands through both books and compares the reports that the text expects.

    Beside orders: cancel N NAME, amend N NAME PRICE QUANTITY, pair ORDER & ORDER, cancel-all NAME [bid|ask],
    close-session NAME N, kill NAME, revive NAME, cancel-market, expire US, state NAME, mark P, index P, uncross,
    bounds P P [REASON] (one more of them),
    `again N ORDER` for an id used before. A line that begins with `=` holds the reports of the command above it; a
    line `bids Q@P ...` or `asks ...` the book.
    """

    def __init__(self, market: Market, quanta: int = 10**9, *, fickle: bool = False) -> None:
        self.market = market
        self.twins = Twins(market, quanta, fickle=fickle)
        self.bounds: list[Bound] = []
        self.placed = 0

    def play(self, text: str) -> None:
        shown: list[str] = []
        joined = re.sub(r"\n\s*\+", ";", text)  # a line of reports may go on in the next, after a plus
        for line in filter(None, (line.strip() for line in joined.splitlines())):
            verb, _, rest = line.partition(" ")
            if verb == "=":
                assert shown == [part.strip() for part in rest.split(";") if part.strip()], line
            elif verb in ("bids", "asks"):
                levels = self.twins.books[1].depth(int(verb == "asks"), 9)
                assert [f"{quantity}@{price_text(price)}" for price, quantity in levels] == rest.split(), line
            else:
                shown = [show(row, self.market) for row in self._command(verb, rest, line)]
                self.twins.check()

    def _order(self, text: str) -> NewOrder:
        self.placed += 1
        return parse_order(text, self.placed, self.market)

    def _command(self, verb: str, rest: str, line: str) -> list[tuple[int, ...]]:
        do, words = self.twins.do, rest.split()
        if verb in ("bid", "ask"):
            return do("place", self._order(line))
        if verb == "again":
            return do("place", parse_order(" ".join(words[1:]), int(words[0]), self.market))
        if verb == "pair":
            first, second = (self._order(text.strip()) for text in rest.split("&"))
            first = first._replace(oco_partner=second.order_id)
            return do("place_pair", first, second._replace(oco_partner=first.order_id))
        if verb == "cancel":
            return do("cancel", int(words[0]), NAMES[words[1]])
        if verb == "amend":
            price = _ticks(words[2], self.market)
            return do("amend", int(words[0]), NAMES[words[1]], price, int(words[3]))
        if verb == "cancel-all":
            return do("cancel_all", NAMES[words[0]], Side[words[1].upper()] if words[1:] else -1)
        if verb == "close-session":
            return do("cancel_all", NAMES[words[0]], -1, int(words[1]))
        if verb in ("kill", "revive"):
            return do(verb, NAMES[rest])
        if verb in ("mark", "index"):
            return do("set_reference", TriggerBy[verb.upper()], _ticks(rest, self.market))
        if verb == "bounds":
            low, high, *reason = words
            named = Reason[reason[0].upper().replace("-", "_")] if reason else Reason.PRICE_OUT_OF_BOUNDS
            self.bounds.append(Bound(_ticks(low, self.market), _ticks(high, self.market), named))
            return do("protect", self.bounds)
        if verb == "uncross":
            return do("uncross")
        if verb == "state":
            return do("set_state", MarketState[rest.upper().replace("-", "_")])
        return do({"expire": "expire", "cancel-market": "cancel_market"}[verb], *map(int, words))


def price_text(ticks: int) -> str:
    """A price as the little language writes it."""
    whole, tenth = divmod(ticks, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)


def random_command(draw: random.Random, number: int, live: Sequence[int]) -> tuple[str, tuple[object, ...]]:
    """One command of any kind, near the price of 100 ticks; `live` are orders that can be cancelled or amended.

    Ids are `number` and `number + 4`, and an order's account is its id modulo 4, plus 1.
    """
    kind = draw.random()
    account = number % 4 + 1
    if kind < 0.62:
        return "place", (random_order(draw, number if draw.random() < 0.99 else max(1, number - 8), account),)
    if kind < 0.66:
        first = random_order(draw, number, account)._replace(oco_partner=number + 4, time_in_force=0)
        second = random_order(draw, number + 4, account)._replace(oco_partner=number, time_in_force=0)
        return "place_pair", (first, second)
    chosen = draw.choice(live) if live and draw.random() < 0.95 else number
    account = chosen % 4 + 1 if draw.random() < 0.97 else 1
    if kind < 0.76:
        return "cancel", (chosen, account)
    if kind < 0.94:
        return "amend", (chosen, account, draw.randint(92, 108), draw.randint(1, 24))
    rare: list[tuple[str, tuple[object, ...]]] = [
        ("cancel_all", (account, draw.randint(-1, 1), draw.randint(0, 2))),
        ("kill", (account,)) if draw.random() < 0.2 else ("revive", (account,)),
        ("revive", (1,)),
        ("revive", (2,)),
        ("expire", (number * 10,)),
        ("set_state", (draw.choice([1, 2, 3, 4, 5, 5, 5]),)) if draw.random() < 0.4 else ("set_state", (0,)),
        ("set_state", (0,)),
        ("set_reference", (draw.randint(1, 2), draw.randint(92, 108))),
        ("protect", (draw.choices(BOUNDS, k=draw.randint(0, 3)),)),
        ("protect", ((),)),
        ("uncross", ()),
        ("cancel_market", ()) if draw.random() < 0.1 else ("set_state", (0,)),
    ]
    return draw.choice(rare)


def random_order(draw: random.Random, number: int, account: int) -> NewOrder:
    """An order of any kind, mostly well formed."""
    order = NewOrder(
        number,
        account,
        draw.choice([account, account, 1]),
        draw.randint(0, 1),
        price=draw.randint(92, 108),
        quantity=draw.randint(1, 20),
        time_in_force=draw.choice([0, 0, 0, 1, 2]),
        post_only=int(draw.random() < 0.1),
        self_trade=draw.randint(0, 3),
        session=draw.randint(0, 2),
    )
    kind = draw.random()
    if kind < 0.12:
        order = order._replace(order_type=1, price=draw.choice([0, 0, order.price]), time_in_force=draw.randint(1, 2))
        if draw.random() < 0.5:
            order = order._replace(quantity=0, quote_quanta=draw.randint(100, 200_000), time_in_force=1)
    elif kind < 0.2:
        order = order._replace(expires_us=number * 10 + draw.randint(-20, 400))
    if draw.random() < 0.12:
        trigger = draw.randint(94, 106)
        order = order._replace(trigger_kind=draw.randint(1, 2), trigger_by=draw.randint(0, 2), trigger_price=trigger)
    return order
