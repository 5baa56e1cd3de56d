"""The exchange as a state machine: apply(sequence, time, command) -> events; nothing else decides.

Pure: no clock, no randomness, no float, no input or output. The same commands give the same events and the same state
hash on any machine. A command that is refused moves nothing and says why. One engine is one legal entity.

The order inside a command is fixed: time first (holds and orders that are due end), then the command, then the balances
that moved, as absolute figures. Rules are numbered by `RULE_SET`; a change that alters any result is a new number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.canonical import Digest, Json, Tag, canonical, tagged_hash
from ledger.commands import (
    AmendOrder,
    Cancel,
    CancelAll,
    Command,
    CorrectBooks,
    CreditDeposit,
    CutHour,
    FailWithdrawal,
    ListAsset,
    ListMarket,
    MoveBetweenSubaccounts,
    NewOrder,
    OpenAccount,
    PlaceOrders,
    RequestWithdrawal,
    ReverseDeposit,
    SendWithdrawal,
    SetMarketState,
    SettleWithdrawal,
    Tick,
)
from ledger.events import (
    AccountOpened,
    AssetListed,
    BalanceChanged,
    DepositCredited,
    DepositReversed,
    Event,
    HourCut,
    MarketListed,
    MarketStateSet,
    OrderReport,
    Refused,
    WithdrawalMoved,
)
from ledger.journal import AccountCode, Ledger, ReasonCode, Result, claim_key, debt_key, house_key
from ledger.purse import LedgerPurse
from ledger.trading import orders
from ledger.trading.book import FastBook
from ledger.trading.fees import FeeRates
from ledger.trading.holds import SpotFunds
from ledger.trading.market import Market, MarketRefused, MarketState
from ledger.trading.orders import OrderType, SelfTrade, Side, TimeInForce, TriggerBy, TriggerKind

__all__ = ["DEFAULT_FEES", "HANDLED", "HOUR_MICROS", "RULE_SET", "Engine"]

RULE_SET: Final = 1
HOUR_MICROS: Final = 3_600_000_000
DEFAULT_FEES: Final = FeeRates(200, 500)

_STATES: Final = {
    "open": MarketState.OPEN,
    "post-only": MarketState.POST_ONLY,
    "limit-only": MarketState.LIMIT_ONLY,
    "cancel-only": MarketState.CANCEL_ONLY,
    "closed": MarketState.CLOSED,
}
_TIME_IN_FORCE: Final = {
    "gtc": TimeInForce.GTC,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
    "gtt": TimeInForce.GTC,
}
_SELF_TRADE: Final = {
    "reject-taker": SelfTrade.REJECT_TAKER,
    "reject-maker": SelfTrade.REJECT_MAKER,
    "reject-both": SelfTrade.REJECT_BOTH,
    "allow": SelfTrade.ALLOW,
}


class _Refusal(Exception):
    """Raised by a handler before it has changed anything."""


@dataclass(slots=True)
class _Account:
    number: int
    entity: str


@dataclass(slots=True)
class _Room:
    """One market: its book and the funds behind it."""

    market: Market
    book: FastBook


@dataclass(slots=True)
class _Deposit:
    account: str
    subaccount: str
    asset: str
    amount: int
    wallet: str
    reversed: bool = False


@dataclass(slots=True)
class _Withdrawal:
    account: str
    subaccount: str
    asset: str
    amount: int
    fee: int
    hold: int
    state: str = "held"
    wallet: str = ""
    transaction: str = ""


@dataclass(slots=True)
class _Totals:
    """What is owed to one customer in one asset, and by them, kept by difference."""

    claim: int = 0
    debt: int = 0


@dataclass(slots=True)
class Engine:
    """The state, and `apply`, which is the only way to change it."""

    exchange: str
    entity: str = "main"
    fees: FeeRates = DEFAULT_FEES
    sequence: int = 0
    time_us: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    _accounts: dict[str, _Account] = field(default_factory=dict)
    _assets: dict[str, int] = field(default_factory=dict)
    _rooms: dict[str, _Room] = field(default_factory=dict)
    _deposits: dict[str, _Deposit] = field(default_factory=dict)
    _withdrawals: dict[str, _Withdrawal] = field(default_factory=dict)
    _orders: dict[int, str] = field(default_factory=dict)
    _last_order: int = 0
    _hour: int = -1
    _seen: dict[int, int] = field(default_factory=dict)
    _totals: dict[tuple[str, str], _Totals] = field(default_factory=dict)
    _purse: LedgerPurse = field(init=False)

    def __post_init__(self) -> None:
        self._purse = LedgerPurse(self.ledger, self.entity)

    def apply(self, sequence: int, time_us: int, command: Command) -> list[Event]:
        """Apply one command at a log position and time (microseconds, never falling); gives the facts."""
        assert sequence == self.sequence + 1, "commands are applied in the log's order, each once"
        assert time_us >= self.time_us, "time does not run backwards"
        self.sequence, self.time_us = sequence, time_us
        self.ledger.begin(sequence, time_us)
        events: list[Event] = []
        self._pass_time(events)
        is_refused = False
        try:
            _HANDLERS[type(command)](self, command, events)
        except _Refusal as refusal:
            is_refused = True
            events.append(Refused(str(refusal)))
        self._state_balances(events)
        if isinstance(command, CutHour) and not is_refused:
            events.append(HourCut(command.hour, self.state_hash().hex()))
        return events

    # Time and balances: the same after every command.

    def _pass_time(self, events: list[Event]) -> None:
        for name, room in self._rooms.items():
            self._purse.trade_in(room.market.base, room.market.quote)
            room.book.expire(self.time_us)
            self._collect(name, room, events)
        self.ledger.expire()

    def _collect(self, name: str, room: _Room, events: list[Event]) -> None:
        events.extend(OrderReport(name, row) for row in room.book.reports)
        room.book.reports.clear()

    def _state_balances(self, events: list[Event]) -> None:
        moved: dict[tuple[str, str], None] = {}
        for index in self.ledger.drain_changes():
            key, owed = self.ledger.key(index), self.ledger.owed(index)
            totals = self._totals.setdefault((key.owner, key.asset), _Totals())
            difference = owed - self._seen.get(index, 0)
            self._seen[index] = owed
            if key.code is AccountCode.CLAIM:
                totals.claim += difference
            else:
                totals.debt += difference
            moved[key.owner, key.asset] = None
        for account, asset in moved:
            totals = self._totals[account, asset]
            assert totals.claim >= 0 and totals.debt >= 0, "what is owed is never negative"
            events.append(BalanceChanged(self.entity, account, asset, totals.claim, totals.debt))

    def balances(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Claim and debt by customer and asset, where either is not zero: what the liabilities trees hold."""
        return {key: (t.claim, t.debt) for key, t in self._totals.items() if t.claim or t.debt}

    # Listings and accounts.

    def _open_account(self, command: OpenAccount, events: list[Event]) -> None:
        if command.account in self._accounts:
            raise _Refusal("account-exists")
        if command.entity != self.entity:
            raise _Refusal("another-entity")
        self._accounts[command.account] = _Account(len(self._accounts) + 1, command.entity)
        events.append(AccountOpened(command.account, command.entity))

    def _list_asset(self, command: ListAsset, events: list[Event]) -> None:
        if command.asset in self._assets:
            raise _Refusal("asset-exists")
        if command.scale > 38:
            raise _Refusal("scale-too-large")
        self._assets[command.asset] = command.scale
        events.append(AssetListed(command.asset, command.scale))

    def _list_market(self, command: ListMarket, events: list[Event]) -> None:
        if command.market in self._rooms:
            raise _Refusal("market-exists")
        if command.base not in self._assets or command.quote not in self._assets:
            raise _Refusal("unknown-asset")
        base_scale, quote_scale = self._assets[command.base], self._assets[command.quote]
        try:
            market = Market(
                command.market,
                command.base,
                command.quote,
                base_scale,
                quote_scale,
                command.tick,
                quote_scale,
                command.step,
                quantity_min=command.quantity_min,
                quantity_max=command.quantity_max,
            )
        except MarketRefused as refused:
            raise _Refusal(f"market-refused: {refused}") from None
        funds = SpotFunds(market, lambda _payer: self.fees, self._purse)
        room = _Room(market, FastBook(market, funds))
        room.book.set_state(MarketState.CLOSED)
        room.book.reports.clear()
        self._rooms[command.market] = room
        events.append(MarketListed(command.market))

    def _set_market_state(self, command: SetMarketState, events: list[Event]) -> None:
        if command.state not in _STATES:
            raise _Refusal("state-not-for-spot")
        names = list(self._rooms) if command.market is None else [command.market]
        if any(name not in self._rooms for name in names):
            raise _Refusal("unknown-market")
        for name in names:
            room = self._room(name)
            room.book.set_state(_STATES[command.state])
            self._collect(name, room, events)
            events.append(MarketStateSet(name, command.state))

    # Orders.

    def _room(self, name: str) -> _Room:
        room = self._rooms.get(name)
        if room is None:
            raise _Refusal("unknown-market")
        self._purse.trade_in(room.market.base, room.market.quote)
        return room

    def _payer(self, account: str, subaccount: str) -> int:
        if account not in self._accounts:
            raise _Refusal("unknown-account")
        return self._purse.payer(account, subaccount)

    def _place_orders(self, command: PlaceOrders, events: list[Event]) -> None:
        payer = self._payer(command.account, command.subaccount)
        owner = self._accounts[command.account].number
        if any(order.market not in self._rooms for order in command.orders):
            raise _Refusal("unknown-market")
        for order in command.orders:
            room = self._room(order.market)
            self._last_order += 1
            row = _order_row(self._last_order, payer, owner, order)
            if not orders.in_range(row):
                events.append(Refused("order-out-of-range"))
                continue
            self._orders[self._last_order] = order.market
            room.book.place(row)
            self._collect(order.market, room, events)

    def _cancel(self, command: Cancel, events: list[Event]) -> None:
        payer = self._payer(command.account, command.subaccount)
        for order_id in command.orders:
            name = self._orders.get(order_id)
            if name is None:
                events.append(Refused("unknown-order"))
                continue
            room = self._room(name)
            room.book.cancel(order_id, payer)
            self._collect(name, room, events)

    def _cancel_all(self, command: CancelAll, events: list[Event]) -> None:
        payer = self._payer(command.account, command.subaccount)
        if command.market is not None and command.market not in self._rooms:
            raise _Refusal("unknown-market")
        for name in list(self._rooms) if command.market is None else [command.market]:
            room = self._room(name)
            if command.block:
                room.book.kill(payer)
            else:
                room.book.cancel_all(payer)
            self._collect(name, room, events)

    def _amend(self, command: AmendOrder, events: list[Event]) -> None:
        payer = self._payer(command.account, command.subaccount)
        name = self._orders.get(command.order)
        if name is None:
            raise _Refusal("unknown-order")
        if command.price is None or command.quantity is None:
            raise _Refusal("amend-needs-price-and-quantity")
        room = self._room(name)
        room.book.amend(command.order, payer, command.price, command.quantity)
        self._collect(name, room, events)

    # Money in, across and out.

    def _require(self, result: Result) -> None:
        if result is not Result.OK:
            raise _Refusal(result.name.lower().replace("_", "-"))

    def _known(self, account: str, asset: str) -> None:
        if account not in self._accounts:
            raise _Refusal("unknown-account")
        if asset not in self._assets:
            raise _Refusal("unknown-asset")

    def _claim(self, account: str, subaccount: str, asset: str) -> int:
        return self._purse.claim(self._purse.payer(account, subaccount), asset)

    def _custody(self, wallet: str, asset: str) -> int:
        return self.ledger.open(house_key(AccountCode.CUSTODY_WALLET, asset, wallet, self.entity))

    def _in_transit(self, asset: str) -> int:
        return self.ledger.open(house_key(AccountCode.IN_TRANSIT, asset, entity=self.entity))

    def _move(self, command: MoveBetweenSubaccounts, events: list[Event]) -> None:
        self._known(command.account, command.asset)
        source = self._claim(command.account, command.source, command.asset)
        target = self._claim(command.account, command.target, command.asset)
        self._require(self.ledger.post(source, target, command.amount, ReasonCode.TRANSFER))

    def _credit_deposit(self, command: CreditDeposit, events: list[Event]) -> None:
        self._known(command.account, command.asset)
        if command.evidence in self._deposits:
            raise _Refusal("deposit-exists")
        claim = self._claim(command.account, command.subaccount, command.asset)
        custody = self._custody(command.wallet, command.asset)
        self._require(self.ledger.post(custody, claim, command.amount, ReasonCode.DEPOSIT, command.evidence[:64]))
        self._deposits[command.evidence] = _Deposit(
            command.account, command.subaccount, command.asset, command.amount, command.wallet
        )
        events.append(DepositCredited(command.evidence, command.account, command.asset, command.amount))

    def _reverse_deposit(self, command: ReverseDeposit, events: list[Event]) -> None:
        deposit = self._deposits.get(command.evidence)
        if deposit is None or deposit.reversed:
            raise _Refusal("unknown-deposit")
        claim = self._claim(deposit.account, deposit.subaccount, deposit.asset)
        custody = self._custody(deposit.wallet, deposit.asset)
        if self.ledger.owed(custody) < deposit.amount:
            raise _Refusal("custody-is-short")
        free = min(self.ledger.available(claim), deposit.amount)
        spent = deposit.amount - free
        debt = self.ledger.open(debt_key(deposit.account, deposit.asset, deposit.subaccount, self.entity))
        for debit, amount in ((claim, free), (debt, spent)):
            if amount:
                result = self.ledger.post(debit, custody, amount, ReasonCode.DEPOSIT_REVERSAL, command.evidence[:64])
                assert result is Result.OK, "what is free, and a debt, can be posted"
        deposit.reversed = True
        events.append(DepositReversed(command.evidence, deposit.account, deposit.asset, spent))

    def _request_withdrawal(self, command: RequestWithdrawal, events: list[Event]) -> None:
        self._known(command.account, command.asset)
        if command.request in self._withdrawals:
            raise _Refusal("withdrawal-exists")
        claim = self._claim(command.account, command.subaccount, command.asset)
        total, transit = command.amount + command.fee, self._in_transit(command.asset)
        hold = self.ledger.hold(claim, total, ReasonCode.WITHDRAWAL, command.request, transit)
        if hold < 0:
            raise _Refusal(Result(-hold).name.lower().replace("_", "-"))
        self._withdrawals[command.request] = _Withdrawal(
            command.account, command.subaccount, command.asset, command.amount, command.fee, hold
        )
        events.append(WithdrawalMoved(command.request, "held"))

    def _withdrawal(self, request: str, *states: str) -> _Withdrawal:
        withdrawal = self._withdrawals.get(request)
        if withdrawal is None:
            raise _Refusal("unknown-withdrawal")
        if withdrawal.state not in states:
            raise _Refusal(f"withdrawal-is-{withdrawal.state}")
        return withdrawal

    def _send_withdrawal(self, command: SendWithdrawal, events: list[Event]) -> None:
        """The signed transaction is in the log now, before anybody broadcasts it; custody leaves towards transit."""
        withdrawal = self._withdrawal(command.request, "held")
        transit, custody = self._in_transit(withdrawal.asset), self._custody(command.wallet, withdrawal.asset)
        self._require(self.ledger.post(transit, custody, withdrawal.amount, ReasonCode.CUSTODY_MOVE, command.request))
        withdrawal.state, withdrawal.wallet, withdrawal.transaction = "sent", command.wallet, command.transaction
        events.append(WithdrawalMoved(command.request, "sent"))

    def _settle_withdrawal(self, command: SettleWithdrawal, events: list[Event]) -> None:
        withdrawal = self._withdrawal(command.request, "sent")
        transit, fees = self._in_transit(withdrawal.asset), self._purse.fees(withdrawal.asset)
        ledger, reference = self.ledger, command.request
        if withdrawal.fee:
            result = ledger.post_pending(
                withdrawal.hold, withdrawal.fee, fees, ReasonCode.WITHDRAWAL_FEE, reference, keep=True
            )
            assert result is Result.OK, "a held fee can be posted"
        result = ledger.post_pending(withdrawal.hold, withdrawal.amount, transit, ReasonCode.WITHDRAWAL, reference)
        assert result is Result.OK, "a held withdrawal can be posted"
        withdrawal.state = "settled"
        events.append(WithdrawalMoved(command.request, "settled"))

    def _fail_withdrawal(self, command: FailWithdrawal, events: list[Event]) -> None:
        withdrawal = self._withdrawal(command.request, "held", "sent")
        if withdrawal.state == "sent":
            transit, custody = self._in_transit(withdrawal.asset), self._custody(withdrawal.wallet, withdrawal.asset)
            self._require(
                self.ledger.post(custody, transit, withdrawal.amount, ReasonCode.CUSTODY_MOVE, command.request)
            )
        result = self.ledger.release(withdrawal.hold)
        assert result is Result.OK, "a held withdrawal can be released"
        withdrawal.state = "failed"
        events.append(WithdrawalMoved(command.request, "failed"))

    def _correct(self, command: CorrectBooks, events: list[Event]) -> None:
        """A contra-entry between customers, or between a customer and the house (None)."""
        if command.asset not in self._assets:
            raise _Refusal("unknown-asset")
        ends = []
        for account in (command.source, command.target):
            if account is not None and account not in self._accounts:
                raise _Refusal("unknown-account")
            house = house_key(AccountCode.OTHER, command.asset, entity=self.entity)
            key = house if account is None else claim_key(account, command.asset, "", self.entity)
            ends.append(self._claim(account, "", command.asset) if account is not None else self.ledger.open(key))
        reference = command.reference[:64]
        self._require(self.ledger.post(ends[0], ends[1], command.amount, ReasonCode.CORRECTION, reference))

    def _tick(self, command: Tick, events: list[Event]) -> None:
        """Time has passed already."""

    def _cut_hour(self, command: CutHour, events: list[Event]) -> None:
        if command.hour % HOUR_MICROS or command.hour > self.time_us:
            raise _Refusal("no-full-hour-that-is-over")
        if self._hour >= 0 and command.hour != self._hour + HOUR_MICROS:
            raise _Refusal("hour-does-not-follow")
        self._hour = command.hour

    # The state.

    def state_hash(self) -> Digest:
        """One hash over everything that decides what the engine does next."""
        books = {name: room.book.state_digest().hex() for name, room in self._rooms.items()}
        document: dict[str, Json] = {
            "accounts": {account: [a.number, a.entity] for account, a in self._accounts.items()},
            "assets": dict(self._assets),
            "books": dict(books),
            "deposits": [
                [key, d.account, d.subaccount, d.asset, str(d.amount), d.wallet, d.reversed]
                for key, d in sorted(self._deposits.items())
            ],
            "entity": self.entity,
            "exchange": self.exchange,
            "fees": [str(rate) for rate in self.fees],
            "hour": self._hour + 1,
            "last_order": self._last_order,
            "ledger": self.ledger.state_hash().hex(),
            "rule_set": RULE_SET,
            "sequence": self.sequence,
            "time": self.time_us,
            "withdrawals": [[key, w.state, w.hold, w.transaction] for key, w in sorted(self._withdrawals.items())],
        }
        return tagged_hash(Tag.ENGINE_STATE, canonical(document))


def _order_row(order_id: int, payer: int, owner: int, order: NewOrder) -> orders.OrderRow:
    """The book's form of an order."""
    side = Side.BID if order.side == "bid" else Side.ASK
    trigger = TriggerKind.NONE if order.trigger_price is None else TriggerKind.STOP
    by = {"last": TriggerBy.LAST, "mark": TriggerBy.MARK, "index": TriggerBy.INDEX}[order.trigger_by or "last"]
    return (
        order_id,
        payer,
        owner,
        int(side),
        int(OrderType.LIMIT if order.kind == "limit" else OrderType.MARKET),
        order.price or 0,
        order.quantity or 0,
        int(_TIME_IN_FORCE[order.time_in_force]),
        int(order.post_only),
        int(_SELF_TRADE[order.self_trade]),
        0,
        order.expires or 0,
        order.quote_quantity or 0,
        int(trigger),
        int(by),
        order.trigger_price or 0,
        0,
    )


_HANDLERS: Final[dict[type[Command], Callable[[Engine, Any, list[Event]], None]]] = {
    OpenAccount: Engine._open_account,
    ListAsset: Engine._list_asset,
    ListMarket: Engine._list_market,
    SetMarketState: Engine._set_market_state,
    PlaceOrders: Engine._place_orders,
    Cancel: Engine._cancel,
    CancelAll: Engine._cancel_all,
    AmendOrder: Engine._amend,
    MoveBetweenSubaccounts: Engine._move,
    CreditDeposit: Engine._credit_deposit,
    ReverseDeposit: Engine._reverse_deposit,
    RequestWithdrawal: Engine._request_withdrawal,
    SendWithdrawal: Engine._send_withdrawal,
    SettleWithdrawal: Engine._settle_withdrawal,
    FailWithdrawal: Engine._fail_withdrawal,
    CorrectBooks: Engine._correct,
    Tick: Engine._tick,
    CutHour: Engine._cut_hour,
}
HANDLED: Final = frozenset(_HANDLERS)
"""Every command that the engine carries out."""
