"""The desk of the one wallet: settings, what is permitted, positions, and whether a wallet can stand what it wants.

A wallet is a subaccount's: its claims and debts in the ledger, its positions here, and the open orders in the books. It
is judged from scratch at the prices of now by `ledger.margin.risk.assess`; nothing of a judgement is kept, so nothing
can be stale. What a derivative trade owes its sides (profit, fees, funding) is `due` until a settlement posts it
(`ledger.desks.settlement`), and counts in equity at once. Source: exchange.md section 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import Command, SetPermissions, SetWalletSettings
from ledger.commands.margin import Permission
from ledger.desks.base import Desk, Handler, Refusal, Shared
from ledger.desks.lending import LendingDesk
from ledger.events import PermissionsSet, PositionMoved, WalletSettingsSet
from ledger.journal import AccountCode, ReasonCode, debt_key
from ledger.margin.parameters import SETTLEMENT_ASSET
from ledger.margin.permissions import Permissions
from ledger.margin.positions import Positions
from ledger.margin.risk import AccountView, AssetLine, Health, PositionLine, assess
from ledger.margin.settings import DEFAULT_SETTINGS, WalletSettings
from ledger.margin.terms import AssetTerms, Haircut, MarginFunction, MarketTerms, Terms
from ledger.markets.perpetual import PerpetualFunds
from ledger.markets.spot_margin import MarginSpotFunds
from ledger.prices import UNIT_PRICE
from ledger.trading.fees import split_fee
from ledger.trading.market import PPM
from ledger.trading.reports import Reason

__all__ = ["DUE_REASONS", "Derivative", "MarginDesk"]

_NOT_PERMITTED, _LIQUIDATING = int(Reason.NOT_PERMITTED), int(Reason.ACCOUNT_LIQUIDATING)
_NO_PRICE, _NEGATIVE, _MARGIN = int(Reason.NO_VALID_PRICE), int(Reason.NEGATIVE_EQUITY), int(Reason.INSUFFICIENT_MARGIN)
_FUNDS, _LENT_OUT = int(Reason.INSUFFICIENT_FUNDS), int(Reason.LENT_OUT)
_BORROWABLE = int(Reason.INSUFFICIENT_BORROWABLE_QUANTITY)
_OPEN_INTEREST, _POSITION = int(Reason.OPEN_INTEREST_LIMIT), int(Reason.POSITION_LIMIT)
_LEVERAGED: Final = ("spot-margin", "perpetual", "dated", "borrowing")

DUE_REASONS: Final = (
    ReasonCode.SETTLEMENT,
    ReasonCode.FUNDING,
    ReasonCode.FEE,
    ReasonCode.REBATE,
    ReasonCode.REFERRAL,
    ReasonCode.LIQUIDATION_FEE,
    ReasonCode.INSURANCE,
    ReasonCode.LIQUIDATION,
)
"""Why something is due to a wallet, or from it, in the order in which it is posted."""


@dataclass(slots=True)
class Derivative:
    """A derivative market beside its book. `mark` in ticks is what wallets are judged by and settled at."""

    symbol: str
    kind: str
    base: str
    expires: int | None
    unit: int
    funds: PerpetualFunds
    positions: Positions
    mark: int | None = None


class MarginDesk(Desk):
    """Judges wallets, and keeps positions and what is due. Implements `ledger.markets.wallet.Wallet`."""

    NAME: ClassVar[str] = "margin"

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.settings_of: dict[int, WalletSettings] = {}
        self.permissions = Permissions({})
        self.markets: dict[str, Derivative] = {}
        self.spot: list[MarginSpotFunds] = []
        """The funds of all spot markets, in the order of listing."""
        self.due: dict[ReasonCode, dict[int, int]] = {reason: {} for reason in DUE_REASONS}
        """Quanta of the settlement asset by reason and payer, that the next settlement posts."""
        self.house_due: dict[ReasonCode, int] = dict.fromkeys(DUE_REASONS, 0)
        """The other side of `due`, which is the house's: for each reason both sum to zero."""
        self.liquidating: dict[int, None] = {}
        self.touched: dict[int, None] = {}
        """Wallets that traded, borrowed or let something leave since liquidation looked at them."""
        self.lending: LendingDesk
        self._known: dict[int, dict[str, list[int]]] = {}
        self._debts: list[tuple[int, int]] = []
        """Every account of a debt that was opened, with its payer."""
        self._learned = 0
        self._terms: Terms | None = None
        shared.parameters.watch(self._parameter_changed)

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {SetPermissions: self._set_permissions, SetWalletSettings: self._set_settings}

    # What is in force.

    def settings(self, payer: int) -> WalletSettings:
        """How a wallet behaves."""
        return self.settings_of.get(payer, DEFAULT_SETTINGS)

    def permits(self, payer: int, product: str) -> bool:
        """Whether the table permits a product to the wallet's owner now."""
        return self.permits_account(self.shared.purse.owner(payer)[0], product)

    def permits_account(self, account: str, product: str) -> bool:
        """The same of an account, whose wallet may not have been used yet."""
        return self._permitted(account, product)[0]

    def _permitted(self, account: str, product: str) -> tuple[bool, int]:
        shared = self.shared
        facts = shared.registry.customer(account, shared.time_us)
        if facts is None:
            return False, 1
        return self.permissions.lookup(shared.entity, product, facts.domicile, facts.customer_class)

    def leverage(self, payer: int) -> int:
        """The most leverage that a wallet may use: the owner's own limit and what the table permits."""
        own, shared = self.settings(payer).leverage, self.shared
        if own <= 1:
            return 1
        facts = shared.registry.customer(shared.purse.owner(payer)[0], shared.time_us)
        if facts is None:
            return 1
        lookup, permitted = self.permissions.lookup, 1
        for product in _LEVERAGED:
            leverage = lookup(shared.entity, product, facts.domicile, facts.customer_class)[1]
            if leverage > permitted:
                permitted = leverage
        return own if own < permitted else permitted

    @property
    def settlement_asset(self) -> str:
        """The asset in which profit, fees and funding are paid."""
        asset: str = self.shared.parameters.value(SETTLEMENT_ASSET)
        return asset

    def terms(self) -> Terms:
        """Everything that wallets are judged by, as in force."""
        if self._terms is None or len(self._terms.assets) != len(self.shared.assets):
            value, assets, markets = self.shared.parameters.value, self.shared.assets, self.markets
            self._terms = Terms(
                self.settlement_asset,
                {asset: self._asset_terms(asset) for asset in assets},
                {
                    name: MarketTerms(
                        market.unit,
                        MarginFunction(value("perpetual.initial", name), value("perpetual.initial_factor", name)),
                        MarginFunction(
                            value("perpetual.maintenance", name), value("perpetual.maintenance_factor", name)
                        ),
                    )
                    for name, market in markets.items()
                },
                value("margin.leverage_max"),
                value("margin.stop"),
                value("margin.backstop_divisor"),
                value("margin.backstop_offset"),
            )
        return self._terms

    def _asset_terms(self, asset: str) -> AssetTerms:
        value = self.shared.parameters.value
        return AssetTerms(
            self.shared.assets[asset],
            Haircut(
                value("collateral.weight", asset),
                value("collateral.base", asset),
                value("collateral.penalty", asset),
                value("collateral.limit", asset),
            ),
            MarginFunction(value("borrowing.initial", asset), value("borrowing.initial_factor", asset)),
            MarginFunction(value("borrowing.maintenance", asset), value("borrowing.maintenance_factor", asset)),
        )

    def _parameter_changed(self, name: str, _scope: str) -> None:
        if name.startswith(("margin.", "collateral.", "borrowing.", "perpetual.")):
            self._terms = None

    def forget_terms(self) -> None:
        """A market was listed."""
        self._terms = None

    def marks(self) -> dict[str, int]:
        """The valid marks, in ticks."""
        return {name: market.mark for name, market in self.markets.items() if market.mark is not None}

    # Settings and permissions.

    def _set_permissions(self, command: SetPermissions) -> None:
        if command.entity != self.shared.entity:
            raise Refusal("another-entity")
        self.permissions = Permissions({**self.permissions.tables, command.entity: command.rows})
        rows = tuple((r.country, r.client_class, r.product, r.allowed, r.leverage) for r in command.rows)
        self.lending.permissions_changed()
        self.shared.events.append(PermissionsSet(command.entity, rows, command.reason))

    def _set_settings(self, command: SetWalletSettings) -> None:
        shared = self.shared
        shared.account(command.account)
        if not 1 <= command.leverage <= 100:
            raise Refusal("leverage-out-of-range")
        new = WalletSettings(command.leverage, command.auto_lend, command.auto_borrow, command.auto_repay)
        payer = shared.payer(command.account, command.subaccount)
        before = self.settings_of.get(payer, DEFAULT_SETTINGS)
        if new.leverage < before.leverage:
            health = self.health(self.view(payer)._replace(leverage=new.leverage)) if self.is_exposed(payer) else None
            if self.is_exposed(payer) and (health is None or health.equity < health.initial):
                raise Refusal("more-risk-than-that")
        self.settings_of[payer] = new
        if new == DEFAULT_SETTINGS:
            del self.settings_of[payer]
        self.lending.settings_changed(payer)
        shared.events.append(WalletSettingsSet(command.account, command.subaccount, *new))

    # The wallet.

    def _accounts(self, payer: int) -> dict[str, list[int]]:
        """The ledger's accounts of a payer by asset: claim, debt to the pool, debt to the exchange; -1 for none."""
        ledger = self.shared.ledger
        if self._learned < len(ledger):
            find = self.shared.purse.find
            places = {AccountCode.CLAIM: 0, AccountCode.DEBT: 1, AccountCode.DEBT_TO_HOUSE: 2}
            for index in range(self._learned, len(ledger)):
                key = ledger.key(index)
                place = places.get(key.code)
                if place is not None:
                    owner = find(key.owner, key.subaccount)
                    assert owner, "a customer's account is opened for a payer"
                    self._known.setdefault(owner, {}).setdefault(key.asset, [-1, -1, -1])[place] = index
                    if place:
                        self._debts.append((index, owner))
            self._learned = len(ledger)
        return self._known.get(payer, {})

    def touch(self, payer: int) -> None:
        """See `Wallet.touch`."""
        if self.is_exposed(payer):
            self.touched[payer] = None

    def is_exposed(self, payer: int) -> bool:
        """See `Wallet.is_exposed`."""
        ledger, accounts = self.shared.ledger, self._accounts(payer)
        if not (self.permissions.tables or self.markets or self._debts):
            return False  # nobody here can be: every cash order asks this
        for _, debt, house in accounts.values():
            if (debt >= 0 and ledger.owed(debt)) or (house >= 0 and ledger.owed(house)):
                return True
        return self.has_derivatives(payer) or any(
            (payer, side) in funds.potential for funds in self.spot for side in (0, 1)
        )

    def has_derivatives(self, payer: int) -> bool:
        """Whether a payer has a position, an order that could make one, or something due."""
        for market in self.markets.values():
            if payer in market.funds.open or market.positions.get(payer) != (0, 0):
                return True
        return any(payer in each for each in self.due.values())

    def debts(self, payer: int) -> dict[str, int]:
        """What a payer owes by asset, to pools and to the exchange together, where it is anything."""
        ledger, found = self.shared.ledger, {}
        for asset, (_, debt, house) in self._accounts(payer).items():
            owes = (ledger.owed(debt) if debt >= 0 else 0) + (ledger.owed(house) if house >= 0 else 0)
            if owes:
                found[asset] = owes
        return found

    def debtors(self) -> set[int]:
        """Every payer that owes anything."""
        self._accounts(0)
        owed = self.shared.ledger.owed
        return {payer for index, payer in self._debts if owed(index)}

    def held(self, payer: int) -> tuple[str, ...]:
        """The assets that a wallet ever had or owed."""
        return tuple(self._accounts(payer))

    def own(self, payer: int, asset: str) -> int:
        """What of an asset a wallet could give away now: what is free, and what is lent."""
        claim = self._accounts(payer).get(asset, [-1])[0]
        return 0 if claim < 0 else self.shared.ledger.available(claim) + self.lending.lent(payer, asset)

    def by_weight(self, payer: int, *, every: bool = False) -> list[str]:
        """A wallet's assets but the settlement asset, highest weight first, then the most value: what is sold first.

        `every`: with assets that count nothing and the settlement asset, last.
        """
        value, prices, ranked = self.shared.parameters.value, self.shared.prices, []
        for asset in self._accounts(payer):
            own, price = self.own(payer, asset), prices.get(asset)
            if own and price is not None and (every or asset != self.settlement_asset):
                weight = value("collateral.weight", asset)
                worth = own * price // 10 ** self.shared.assets[asset]
                ranked.append((asset == self.settlement_asset, -weight, -worth, asset))
        return [asset for *_, asset in sorted(ranked)]

    def due_to(self, payer: int) -> int:
        """What the next settlement gives to a payer, or takes, quanta."""
        return sum(each[payer] for each in self.due.values() if payer in each)

    def view(self, payer: int) -> AccountView:
        """All of a wallet that counts, as it is now."""
        lines = tuple(self._line(payer, asset, three) for asset, three in self._accounts(payer).items())
        return AccountView(lines, self._positions(payer), self.due_to(payer), self.leverage(payer))

    def _line(self, payer: int, asset: str, three: list[int]) -> AssetLine:
        ledger = self.shared.ledger
        claim, debt, house = three
        owed = ledger.owed(claim) - self.shared.leaving.get(claim, 0) if claim >= 0 else 0
        owes = (ledger.owed(debt) if debt >= 0 else 0) + (ledger.owed(house) if house >= 0 else 0)
        return AssetLine(asset, owed, owes, self._potential(payer, asset, claim))

    def _potential(self, payer: int, asset: str, claim: int, more: int = 0) -> int:
        """What margin orders may have to borrow of an asset beyond what the wallet has."""
        asked = more
        for funds in self.spot:
            if funds.potential:
                if funds.market.quote == asset:
                    asked += funds.potential.get((payer, 0), 0)
                elif funds.market.base == asset:
                    asked += funds.potential.get((payer, 1), 0)
        if not asked:
            return 0
        there = self.shared.ledger.available(claim) + self.lending.lent(payer, asset) if claim >= 0 else 0
        return max(0, asked - there)

    def _positions(self, payer: int) -> tuple[PositionLine, ...]:
        lines = []
        for name, market in self.markets.items():
            size, basis = market.positions.get(payer)
            bids, asks = market.funds.open.get(payer, (0, 0))
            if size or basis or bids or asks:
                lines.append(PositionLine(name, size, basis, bids, asks))
        return tuple(lines)

    def health(self, view: AccountView) -> Health | None:
        """What a wallet is worth and must hold, at the prices of now; None where one that it needs is not there."""
        return assess(view, self.terms(), self.shared.prices, self.marks())

    def health_of(self, payer: int) -> Health | None:
        """The same of a payer's wallet as it is."""
        return self.health(self.view(payer))

    def _allows(self, before: AccountView, after: AccountView) -> int:
        """Whether a wallet may become another one: it has the initial margin then, or is no worse off than before."""
        then = self.health(after)
        if then is None:
            return _NO_PRICE
        if then.equity >= then.initial:
            return 0
        now = self.health(before)
        if now is not None and then.equity - then.initial >= now.equity - now.initial:
            return 0
        return _NEGATIVE if then.equity < 0 else _MARGIN

    # What funds of markets ask.

    def may_trade(self, payer: int, product: str) -> int:
        """See `Wallet.may_trade`."""
        if payer in self.liquidating:
            return _LIQUIDATING
        return 0 if self.permits(payer, product) else _NOT_PERMITTED

    def may_add(self, payer: int, market: str, side: int, steps: int) -> int:
        """See `Wallet.may_add`."""
        shared, there = self.shared, self.markets[market]
        before = self.view(payer)
        line = _line_of(before, market)
        after = line._replace(bids=line.bids + steps) if side == 0 else line._replace(asks=line.asks + steps)
        if _worst(after) > _worst(line):
            if there.positions.longs + steps > shared.parameters.value("perpetual.open_interest_max", market):
                return _OPEN_INTEREST
            refused = self._over_position_limit(before, after)
            if refused:
                return refused
        return self._allows(before, _with_position(before, after))

    def _over_position_limit(self, view: AccountView, changed: PositionLine) -> int:
        """Whether the weighed notional of all positions would pass the limit of a subaccount."""
        value, total = self.shared.parameters.value, 0
        price = self.shared.prices.get(self.settlement_asset)
        if price is None:
            return _NO_PRICE
        for line in (*(each for each in view.positions if each.market != changed.market), changed):
            market = self.markets[line.market]
            if market.mark is None:
                return _NO_PRICE
            total += _worst(line) * market.mark * market.unit * value("perpetual.position_weight", line.market)
        scale = self.shared.assets[self.settlement_asset]
        limit = value("margin.position_max") * UNIT_PRICE * PPM * 10**scale
        return _POSITION if total * price > limit else 0

    def may_fill(self, payer: int, market: str, side: int, steps: int, value: int, fee: int) -> int:
        """See `Wallet.may_fill`."""
        before = self.view(payer)
        line = _line_of(before, market)
        sign = -1 if side else 1
        size = line.size + sign * steps
        if (line.size > 0) == (size > 0) and abs(size) < abs(line.size):
            return 0  # less of the same position is always taken
        after = line._replace(
            size=size,
            basis=line.basis + sign * value,
            bids=max(0, line.bids - steps) if side == 0 else line.bids,
            asks=max(0, line.asks - steps) if side else line.asks,
        )
        return self._allows(before, _with_position(before, after)._replace(unsettled=before.unsettled - fee))

    def filled(self, market: str, buyer: int, seller: int, steps: int, price: int, fees: tuple[int, int]) -> None:
        """See `Wallet.filled`."""
        there = self.markets[market]
        there.positions.trade(buyer, seller, steps, price * steps * there.unit)
        self.touched[buyer] = self.touched[seller] = None
        buyer_fee, seller_fee = fees
        self._charge(buyer, buyer_fee, seller_fee)
        self._charge(seller, seller_fee, buyer_fee)
        for payer, change, fee in ((buyer, steps, buyer_fee), (seller, -steps, seller_fee)):
            self.state_position(market, payer, change, price, fee, "trade")

    def state_position(self, market: str, payer: int, change: int, price: int, fee: int, cause: str) -> None:
        """Say what a position is after a change."""
        position = self.markets[market].positions.get(payer)
        owner = self.shared.purse.owner(payer)
        self.shared.events.append(PositionMoved(market, *owner, *position, change, price, fee, cause))

    def _charge(self, payer: int, fee: int, other: int) -> None:
        if fee > 0:
            self.owe(ReasonCode.FEE, payer, -fee)
        elif fee < 0:
            self.owe(ReasonCode.REBATE, payer, -fee)
        referrer, share_ppm = self.shared.purse.referrers.get(payer, (0, 0))
        split = split_fee(fee + min(other, 0), share_ppm)
        if split.referrer_quanta:
            # What the division leaves stays with the fees: no dust account is needed for less than a quantum.
            self.owe(ReasonCode.REFERRAL, referrer, split.referrer_quanta)

    def owe(self, reason: ReasonCode, payer: int, quanta: int) -> None:
        """Have the next settlement give so much to a payer, or take it, against the house."""
        self.owe_many(reason, ((payer, quanta),))
        self.house_due[reason] -= quanta

    def owe_many(self, reason: ReasonCode, amounts: Iterable[tuple[int, int]]) -> None:
        """The same for many, whose other side somebody else accounts for."""
        due = self.due[reason]
        if not due:
            due.update((payer, quanta) for payer, quanta in amounts if quanta)
            return
        for payer, quanta in amounts:
            left = due.get(payer, 0) + quanta
            if left:
                due[payer] = left
            else:
                due.pop(payer, None)

    # Spot margin, borrowing and leaving.

    def may_owe_more(self, payer: int, gives: str, quanta: int) -> int:
        """See `Wallet.may_owe_more`."""
        before = self.view(payer)
        line = _asset_of(before, gives)
        claim = self._accounts(payer).get(gives, [-1])[0]
        potential = self._potential(payer, gives, claim, quanta)
        if potential == line.potential:
            return 0
        if not self.settings(payer).auto_borrow:
            return _FUNDS
        if not self.permits(payer, "borrowing"):
            return _NOT_PERMITTED
        return self._allows(before, _with_asset(before, line._replace(potential=potential)))

    def may_spend(self, payer: int, gives: str, paid: int, takes: str, received: int) -> int:
        """See `Wallet.may_spend`. What other cash orders hold counts as gone, because they may all be filled."""
        before = self.view(payer)
        ledger, worst = self.shared.ledger, before
        for asset, (claim, _, _) in self._accounts(payer).items():
            if claim >= 0:
                held = ledger.balance(claim).debits_pending - self.lending.lent(payer, asset)
                held -= self.shared.leaving.get(claim, 0)
                if held:
                    line = _asset_of(worst, asset)
                    worst = _with_asset(worst, line._replace(claim=line.claim - held))
        line = _asset_of(worst, gives)
        after = _with_asset(worst, line._replace(claim=max(0, line.claim - paid)))
        line = _asset_of(after, takes)
        return self._allows(worst, _with_asset(after, line._replace(claim=line.claim + received)))

    def may_exchange(self, payer: int, gives: str, paid: int, takes: str, received: int, is_system: bool) -> int:
        """See `Wallet.may_exchange`."""
        lending, before = self.lending, self.view(payer)
        claim = self._accounts(payer).get(gives, [-1])[0]
        free = self.shared.ledger.available(claim) if claim >= 0 else 0
        missing, borrowed = max(0, paid - free), 0
        if missing:
            lent = lending.lent(payer, gives)
            if lending.redeemable(payer, gives, bypass=is_system) < min(lent, missing):
                return _LENT_OUT
            borrowed = missing - min(lent, missing)
        if borrowed:
            if is_system or not self.settings(payer).auto_borrow:
                return _FUNDS
            if lending.borrowable(payer, gives) < borrowed:
                return _BORROWABLE
        if is_system:
            return 0
        line = _asset_of(before, gives)
        after = _with_asset(
            before,
            line._replace(
                claim=line.claim + borrowed - paid, debt=line.debt + borrowed, potential=max(0, line.potential - paid)
            ),
        )
        line = _asset_of(after, takes)
        return self._allows(before, _with_asset(after, line._replace(claim=line.claim + received)))

    def may_owe(self, payer: int, asset: str, amount: int) -> int:
        """Whether a wallet may borrow so much and keep it: a trading `Reason`, 0 for yes."""
        if payer in self.liquidating:
            return _LIQUIDATING
        before = self.view(payer)
        line = _asset_of(before, asset)
        return self._allows(
            before, _with_asset(before, line._replace(claim=line.claim + amount, debt=line.debt + amount))
        )

    def may_leave(self, payer: int, asset: str, amount: int) -> int:
        """Whether so much of an asset may leave a wallet: a trading `Reason`, 0 for yes."""
        if payer in self.liquidating:
            return _LIQUIDATING
        if not self.is_exposed(payer):
            return 0
        before = self.view(payer)
        line = _asset_of(before, asset)
        return self._allows(before, _with_asset(before, line._replace(claim=line.claim - amount)))

    def prepare(self, payer: int, asset: str) -> None:
        """See `Wallet.prepare`."""
        shared = self.shared
        owner, subaccount = shared.purse.owner(payer)
        shared.purse.claim(payer, asset)
        shared.ledger.open(debt_key(owner, asset, subaccount, shared.entity))
        shared.house(AccountCode.INTEREST_SHARE, asset)

    def fund(self, payer: int, asset: str, quanta: int) -> None:
        """See `Wallet.fund`."""
        claim = self.shared.purse.claim(payer, asset)
        missing = quanta - self.shared.ledger.available(claim)
        if missing <= 0:
            return
        part = min(self.lending.lent(payer, asset), missing)
        refused = 0
        if part:
            refused = self.lending.redeem(payer, asset, part, "trade", bypass=payer in self.liquidating)
        if missing > part and not refused:
            refused = self.lending.borrow(payer, asset, missing - part, "trade")
        assert not refused, "what was judged can be redeemed and borrowed"

    # The state.

    def document(self) -> Json:
        """Settings, the table of what is permitted, positions and marks by market, what is due, who is liquidated."""
        rows: list[Json] = [
            [entity, [[r.country, r.client_class, r.product, r.allowed, r.leverage] for r in table]]
            for entity, table in sorted(self.permissions.tables.items())
        ]
        return {
            "due": [
                [int(reason), [[payer, str(quanta)] for payer, quanta in sorted(due.items())]]
                for reason, due in self.due.items()
            ],
            "house_due": [[int(reason), str(quanta)] for reason, quanta in self.house_due.items()],
            "liquidating": [*sorted(self.liquidating)],
            "markets": [
                [name, str(market.mark or 0), market.positions.to_state()] for name, market in self.markets.items()
            ],
            "permissions": rows,
            "settings": [[payer, *settings] for payer, settings in sorted(self.settings_of.items())],
            "touched": [*sorted(self.touched)],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`. The desk of orders has listed the markets before."""
        for reason, due in document["due"]:
            self.due[ReasonCode(reason)] = {payer: int(quanta) for payer, quanta in due}
        self.house_due = {ReasonCode(reason): int(quanta) for reason, quanta in document["house_due"]}
        self.liquidating = dict.fromkeys(document["liquidating"])
        for name, mark, positions in document["markets"]:
            market = self.markets[name]
            market.mark = int(mark) or None
            market.positions.fill(positions)
        self.permissions = Permissions(
            {entity: tuple(Permission(*row) for row in table) for entity, table in document["permissions"]}
        )
        self.settings_of = {payer: WalletSettings(*settings) for payer, *settings in document["settings"]}
        self.touched = dict.fromkeys(document["touched"])


def _worst(line: PositionLine) -> int:
    """Steps of a position with the open orders of its worse side."""
    return max(abs(line.size + line.bids), abs(line.size - line.asks))


def _line_of(view: AccountView, market: str) -> PositionLine:
    return next((line for line in view.positions if line.market == market), PositionLine(market, 0, 0))


def _asset_of(view: AccountView, asset: str) -> AssetLine:
    return next((line for line in view.assets if line.asset == asset), AssetLine(asset, 0, 0))


def _with_position(view: AccountView, changed: PositionLine) -> AccountView:
    return view._replace(positions=(*(each for each in view.positions if each.market != changed.market), changed))


def _with_asset(view: AccountView, changed: AssetLine) -> AccountView:
    return view._replace(assets=(*(each for each in view.assets if each.asset != changed.asset), changed))
