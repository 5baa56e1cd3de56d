"""The desk of lending: pools, who lends into them and borrows from them, and the hour's interest.

What is lent is a standing hold (reason LEND) on the lender's claim, so that nothing else can spend it; it is redeemed
by giving the hold back. A debt to a pool and a debt to the exchange are accounts of their own. Nobody lends and borrows
one asset. Lending is on by default where the table permits it and the customer's dated consent stands; a sweep lends
what is free after each settlement, and repays debts first.

Interest is charged in advance: a borrow pays for the rest of its hour at once, and each full hour every debt pays for
the hour to come, at a rate that utilisation then gives. What was collected and charged goes to the lenders, less the
house's share, in one mass posting for each pool. Source: exchange.md section 1; docs/decisions/wallet.md.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import Borrow, Command, Lend, Redeem, RepayDebt
from ledger.desks.base import Desk, Handler, Refusal, Shared
from ledger.events import InterestAccrued, LendingMoved, PoolStated
from ledger.journal import (
    AccountCode,
    MassPosting,
    ReasonCode,
    Result,
    claim_key,
    debt_key,
    house_debt_key,
)
from ledger.lending.accrual import charges, shares, split_pot
from ledger.lending.curve import RATE_UNIT, Curve, interest_ceil
from ledger.lending.pool import Pool, PoolTerms
from ledger.margin.settings import DEFAULT_SETTINGS, WalletSettings
from ledger.registry import ConsentKind
from ledger.trading.reports import Reason

__all__ = ["LendingDesk"]

_HOUR_US: Final = 3_600_000_000
_HOURS_A_YEAR: Final = 365 * 24
_LENT_OUT, _LIMIT = int(Reason.LENT_OUT), int(Reason.BORROW_LIMIT)
_BORROWABLE, _FUNDS = int(Reason.INSUFFICIENT_BORROWABLE_QUANTITY), int(Reason.INSUFFICIENT_FUNDS)
_REDEEM_FIRST, _NOT_PERMITTED = int(Reason.BORROW_REQUIRES_LEND_REDEEM), int(Reason.NOT_PERMITTED)


class LendingDesk(Desk):
    """Keeps the pools. `settings`, `permits` and `may_owe` are the desk of the wallet's."""

    NAME: ClassVar[str] = "lending"

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.settings: Callable[[int], WalletSettings] = lambda payer: DEFAULT_SETTINGS
        self.permits: Callable[[int, str], bool] = lambda payer, product: False
        self.may_owe: Callable[[int, str, int], int] = lambda payer, asset, amount: 0
        self.pools: dict[str, Pool] = {}
        self._holds: dict[int, int] = {}
        """The hold of what is lent, by claim; it follows from the ledger."""
        self._noted: dict[int, None] = {}
        """Claims that a sweep has not looked at since they changed."""
        self._later: dict[int, None] = {}
        """Claims to look at again in the next round: what is lent could not be redeemed whole."""
        self._freed: dict[int, None] = {}
        """Claims where a hold gave something back since the last round, as when an order ended."""
        self._terms: dict[str, PoolTerms] = {}
        shared.parameters.watch(self._parameter_changed)
        shared.customer_changed = self._customer_changed

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {Lend: self._lend, Redeem: self._redeem, Borrow: self._borrow, RepayDebt: self._repay}

    # Pools.

    @property
    def is_active(self) -> bool:
        """Whether there is any pool: one that was ever opened by parameters stays."""
        return bool(self.pools)

    def _parameter_changed(self, name: str, scope: str) -> None:
        if name.startswith("lending."):
            self._terms.pop(scope, None)
            if name == "lending.state" and self.terms(scope).state != "closed":
                self._make_pool(scope)
                self._note_all(scope)

    def _make_pool(self, asset: str) -> Pool:
        """The pool of an asset, made unless it is there. From the first one on, what holds give back is followed."""
        self.shared.ledger.follow_freed()
        return self.pools.setdefault(asset, Pool())

    def _note_all(self, asset: str) -> None:
        """Have the next sweep look at everybody in an asset."""
        for _, claim in self.shared.ledger.accounts_in(self.shared.entity, asset, (AccountCode.CLAIM,)):
            self._noted[claim] = None

    def permissions_changed(self) -> None:
        """What is permitted to whom is something else: the next sweep looks at everybody."""
        for asset in self.pools:
            self._note_all(asset)

    def _customer_changed(self, account: str) -> None:
        """What is known of a customer, or their consent, is something else: the next sweep looks at all of theirs."""
        if not self.pools:
            return
        purse = self.shared.purse
        payers = purse.payers_of(account) if purse.subaccounts(account) else [purse.find(account, "")]
        for payer in filter(None, payers):
            self.settings_changed(payer)

    def terms(self, asset: str) -> PoolTerms:
        """What is in force for a pool."""
        terms = self._terms.get(asset)
        if terms is None:
            value = self.shared.parameters.value

            def get(name: str) -> Any:
                return value(f"lending.{name}", asset)

            curve = Curve(get("rate_base"), get("rate_at_optimal"), get("rate_at_full"), get("optimal"))
            terms = self._terms[asset] = PoolTerms(
                get("state"), curve, get("share"), get("utilisation_max"), get("throttle_from"), get("throttle_step"),
                get("lent_max"), get("borrowed_max"), get("borrower_max"), get("step"),
            )  # fmt: skip
        return terms

    def pool(self, asset: str) -> Pool:
        """A pool; an empty one where there is none. Reading it changes nothing."""
        return self.pools.get(asset) or Pool()

    def pass_time(self) -> None:
        """Bring the throttles to the time of the command."""
        for asset, pool in self.pools.items():
            pool.move_bound(self.shared.time_us, self.terms(asset))

    # Whose.

    def _find(self, key: Callable[..., Any], payer: int, asset: str) -> int | None:
        account, subaccount = self.shared.purse.owner(payer)
        return self.shared.ledger.find(key(account, asset, subaccount, self.shared.entity))

    def _owed(self, key: Callable[..., Any], payer: int, asset: str) -> int:
        found = self._find(key, payer, asset)
        return 0 if found is None else self.shared.ledger.owed(found)

    def lent(self, payer: int, asset: str) -> int:
        """What a wallet has lent, quanta."""
        claim = self._find(claim_key, payer, asset)
        return 0 if claim is None else self._lent_of(claim)

    def _lent_of(self, claim: int) -> int:
        hold = self._holds.get(claim)
        pending = None if hold is None else self.shared.ledger.pending(hold)
        return 0 if pending is None else pending.amount

    def debt(self, payer: int, asset: str) -> int:
        """What a wallet owes the pool."""
        return self._owed(debt_key, payer, asset)

    def house_debt(self, payer: int, asset: str) -> int:
        """What a wallet owes the exchange itself."""
        return self._owed(house_debt_key, payer, asset)

    def redeemable(self, payer: int, asset: str, *, bypass: bool = False) -> int:
        """How much of what it has lent a wallet could have back now."""
        lent = self.lent(payer, asset)
        return min(lent, self.pool(asset).redeemable(bypass=bypass)) if lent else 0

    def borrowable(self, payer: int, asset: str, *, bypass: bool = False) -> int:
        """How much more a wallet could borrow by the pool's limits and its own cap, with the interest that it pays."""
        terms, pool = self.terms(asset), self.pool(asset)
        room = min(pool.borrowable(terms, bypass=bypass), terms.borrower_max - self.debt(payer, asset))
        return max(0, room - self._entry_interest(pool, max(room, 0)))

    def may_lend(self, payer: int) -> bool:
        """Whether a wallet's owner may lend: the table permits it and a dated consent stands."""
        shared = self.shared
        account, _ = shared.purse.owner(payer)
        return self.permits(payer, "lending") and shared.registry.consents_to(
            account, ConsentKind.LENDING, shared.time_us
        )

    # Movements. Each is judged by its caller but for the pool's own limits.

    def redeem(self, payer: int, asset: str, amount: int, cause: str, *, bypass: bool = False) -> int:
        """Have `amount` of what is lent free again. A trading `Reason`, 0 if done; if not, nothing changed."""
        if not amount:
            return 0
        if self.redeemable(payer, asset, bypass=bypass) < amount:
            return _LENT_OUT
        claim = self._find(claim_key, payer, asset)
        assert claim is not None, "who has lent has a claim"
        pool = self.pools[asset]
        if amount == self._lent_of(claim):
            result = self.shared.ledger.release(self._holds.pop(claim))
        else:
            result = self.shared.ledger.release(self._holds[claim], amount)
        assert result is Result.OK, "what is lent is held"
        pool.lent -= amount
        assert pool.borrowed <= pool.lent or not pool.borrowed, "what is borrowed is lent by somebody"
        self._say(payer, asset, "redeem", amount, cause)
        return 0

    def lend(self, payer: int, asset: str, amount: int, cause: str) -> None:
        """Lend a free amount that the pool takes."""
        claim = self.shared.purse.claim(payer, asset)
        pool = self.pools[asset]
        hold = self._holds.get(claim)
        if hold is None:
            made = self.shared.ledger.hold(claim, amount, ReasonCode.LEND)
            assert made > 0, "what is free can be lent"
            self._holds[claim] = made
        else:
            result = self.shared.ledger.raise_hold(hold, amount)
            assert result is Result.OK, "what is free can be lent"
        pool.lent += amount
        self._say(payer, asset, "lend", amount, cause)

    def _entry_interest(self, pool: Pool, amount: int) -> int:
        """What a borrow pays at once for what is left of the hour that was accrued last: exchange.md 1.2.

        Between an hour's end and its accrual nothing is left of it: the accrual to come charges the new debt in full.
        """
        left = pool.hour_us + _HOUR_US - self.shared.time_us if pool.hour_us >= 0 else 0
        return interest_ceil(amount, pool.rate, max(0, left))

    def borrow(self, payer: int, asset: str, amount: int, cause: str, *, bypass: bool = False) -> int:
        """Borrow from the pool. A trading `Reason`, 0 if done; if not, nothing changed. Margin is the caller's."""
        if self.lent(payer, asset):
            return _REDEEM_FIRST
        terms, pool = self.terms(asset), self.pool(asset)
        interest = self._entry_interest(pool, amount)
        if pool.borrowable(terms, bypass=bypass) < amount + interest:
            return _BORROWABLE
        if self.debt(payer, asset) + amount + interest > terms.borrower_max:
            return _LIMIT
        shared = self.shared
        account, subaccount = shared.purse.owner(payer)
        debt = shared.ledger.open(debt_key(account, asset, subaccount, shared.entity))
        claim, price = shared.purse.claim(payer, asset), shared.prices.get(asset)
        shared.require(shared.ledger.post(debt, claim, amount, ReasonCode.BORROW, cause, price))
        if interest:
            house = shared.house(AccountCode.INTEREST_SHARE, asset)
            shared.require(shared.ledger.post(debt, house, interest, ReasonCode.INTEREST, cause, price))
        pool.borrowed += amount + interest
        pool.collected += interest
        assert pool.borrowed <= pool.lent, "what is borrowed is lent by somebody"
        self._say(payer, asset, "borrow", amount, cause, interest)
        return 0

    def borrow_from_house(self, payer: int, asset: str, amount: int, cause: str) -> None:
        """What no pool lends and must be paid is owed to the exchange from now on, listed apart."""
        shared = self.shared
        account, subaccount = shared.purse.owner(payer)
        debt = shared.ledger.open(house_debt_key(account, asset, subaccount, shared.entity))
        claim = shared.purse.claim(payer, asset)
        shared.require(shared.ledger.post(debt, claim, amount, ReasonCode.BORROW, cause, shared.prices.get(asset)))
        self._make_pool(asset).house_debt += amount
        self._say(payer, asset, "house-debt", amount, cause)

    def repay(self, payer: int, asset: str, amount: int, cause: str) -> int:
        """Pay debts out of what is free, to the exchange first; gives what was paid."""
        ledger, claim = self.shared.ledger, self._find(claim_key, payer, asset)
        left = 0 if claim is None else min(amount, ledger.available(claim))
        paid = 0
        for key in (house_debt_key, debt_key):
            debt = self._find(key, payer, asset)
            part = 0 if debt is None else min(left, ledger.owed(debt))
            if part:
                assert claim is not None and debt is not None, "both are there"
                price = self.shared.prices.get(asset)
                self.shared.require(ledger.post(claim, debt, part, ReasonCode.REPAY, cause, price))
                self.repaid(asset, part, to_house=key is house_debt_key)
                left, paid = left - part, paid + part
        if paid:
            self._say(payer, asset, "repay", paid, cause)
        return paid

    def repaid(self, asset: str, amount: int, *, to_house: bool) -> None:
        """A debt fell by `amount`; whoever posts it says so."""
        pool = self.pools.get(asset)
        if pool is None:
            return  # what is owed for a receipt that went away, where nothing was ever lent
        if to_house:
            pool.house_debt = max(0, pool.house_debt - amount)
        else:
            pool.borrowed -= amount
            assert pool.borrowed >= 0, "no more is repaid than was borrowed"

    def free_up(self, claim: int, amount: int, cause: str = "order") -> int:
        """Have `amount` of a claim free, redeeming what is missing. A trading `Reason`, 0 if done."""
        missing = amount - self.shared.ledger.available(claim)
        if missing <= 0:
            return 0
        if claim not in self._holds or self._lent_of(claim) < missing:
            return _FUNDS
        key = self.shared.ledger.key(claim)
        return self.redeem(self.shared.purse.find(key.owner, key.subaccount), key.asset, missing, cause)

    def _say(self, payer: int, asset: str, kind: str, amount: int, cause: str, interest: int = 0) -> None:
        owner = self.shared.purse.owner(payer)
        self.shared.events.append(LendingMoved(*owner, asset, kind, amount, cause, interest))

    # Commands.

    def _payer(self, command: Lend | Redeem | Borrow) -> int:
        """The wallet of a command, 0 where it was never used: it has nothing to lend or to borrow against."""
        self.shared.account(command.account)
        self.shared.scale(command.asset)
        if command.asset not in self.pools:
            raise Refusal("no-pool")
        return self.shared.purse.find(command.account, command.subaccount)

    def _lend(self, command: Lend) -> None:
        payer = self._payer(command)
        # Not `require_free`, which would redeem what is lent so that it can be lent again.
        claim = self._find(claim_key, payer, command.asset) if payer else None
        if claim is None or self.shared.ledger.available(claim) < command.amount:
            raise Refusal("exceeds-credits")
        if not self.may_lend(payer):
            raise Refusal("not-permitted")
        if self.debt(payer, command.asset) or self.house_debt(payer, command.asset):
            raise Refusal("lend-requires-borrow-repay")
        if self.pool(command.asset).lendable(self.terms(command.asset)) < command.amount:
            raise Refusal("lend-limit")
        if not self.shared.ledger.may_hold(claim, command.amount):
            raise Refusal("debit-account-frozen")
        self.lend(payer, command.asset, command.amount, "manual")

    def _redeem(self, command: Redeem) -> None:
        payer = self._payer(command)
        if payer and self.settings(payer).auto_lend and self.may_lend(payer):
            raise Refusal("auto-lend-is-on")
        if not payer or self.lent(payer, command.asset) < command.amount:
            raise Refusal("more-than-is-lent")
        self._refuse(self.redeem(payer, command.asset, command.amount, "manual"))

    def _borrow(self, command: Borrow) -> None:
        payer = self._payer(command)
        if not payer:
            raise Refusal("insufficient-margin")
        if not self.permits(payer, "borrowing"):
            raise Refusal("not-permitted")
        self._refuse(self.may_owe(payer, command.asset, command.amount))
        self._refuse(self.borrow(payer, command.asset, command.amount, "manual"))

    def _repay(self, command: RepayDebt) -> None:
        shared = self.shared
        shared.account(command.account)
        shared.scale(command.asset)
        payer = shared.purse.find(command.account, command.subaccount)
        owes = payer and self.debt(payer, command.asset) + self.house_debt(payer, command.asset)
        if not owes or owes < command.amount:
            raise Refusal("more-than-the-debt")
        shared.require_free(command.account, command.subaccount, command.asset, command.amount)
        paid = self.repay(payer, command.asset, command.amount, "manual")
        assert paid == command.amount, "it is free, and owed"

    @staticmethod
    def _refuse(reason: int) -> None:
        if reason:
            raise Refusal(Reason(reason).name.lower().replace("_", "-"))

    # The sweep.

    def note(self, claim: int) -> None:
        """A claim's posted balance moved: the next sweep looks at it."""
        self._noted[claim] = None

    def settings_changed(self, payer: int) -> None:
        """What a wallet wants or may do is something else: the next sweep looks at all of it."""
        for asset in self.pools:
            claim = self._find(claim_key, payer, asset)
            if claim is not None:
                self._noted[claim] = None

    @property
    def unswept(self) -> int:
        """Claims that a sweep has still to look at."""
        if self.pools:
            self._take_freed()
        return len(self._noted.keys() | self._freed.keys()) if self._freed else len(self._noted)

    def sweep(self, count: int) -> bool:
        """Repay and lend what is free in up to `count` claims that changed; whether any are left in this round."""
        if self.pools:
            self._take_freed()
            self._noted.update(self._freed)
            self._freed = {}
        for claim in [*islice(self._noted, count)]:
            del self._noted[claim]
            key = self.shared.ledger.key(claim)
            if key.code is AccountCode.CLAIM and key.asset in self.pools:
                self._sweep_one(claim, self.shared.purse.find(key.owner, key.subaccount), key.asset)
        if self._noted:
            return True
        self._noted, self._later = self._later, {}
        return False

    def _take_freed(self) -> None:
        """Learn where holds gave something back. Apart from the noted, so that their order tells nothing of when."""
        self._freed.update(dict.fromkeys(self.shared.ledger.drain_freed()))

    def _sweep_one(self, claim: int, payer: int, asset: str) -> None:
        settings, ledger = self.settings(payer), self.shared.ledger
        owes = self.debt(payer, asset) + self.house_debt(payer, asset)
        if owes:
            if settings.auto_repay and ledger.may_hold(claim, 1):
                owes -= self.repay(payer, asset, owes, "auto")
            if owes:
                return
        lent = self._lent_of(claim)
        if not self.may_lend(payer):
            if lent:
                part = self.redeemable(payer, asset)
                self.redeem(payer, asset, part, "auto")
                if part < lent:
                    self._later[claim] = None  # the rest when borrowers have repaid
            return
        if settings.auto_lend:
            terms, pool = self.terms(asset), self.pools[asset]
            free = min(ledger.available(claim), pool.lendable(terms))
            if free >= terms.step and ledger.may_hold(claim, free):
                self.lend(payer, asset, free, "auto")

    # The hour.

    def accrue_hour(self, hour_us: int) -> None:
        """Charge every debt for the hour to come and for hours that were missed, and pay the lenders."""
        for asset, pool in self.pools.items():
            if hour_us > pool.hour_us:
                self._accrue(asset, pool, hour_us)

    def _accrue(self, asset: str, pool: Pool, hour_us: int) -> None:
        shared, ledger, terms = self.shared, self.shared.ledger, self.terms(asset)
        pool.move_bound(shared.time_us, terms)  # before interest raises utilisation, so that no past minute counts
        missed = (hour_us - pool.hour_us) // _HOUR_US - 1 if pool.hour_us >= 0 else 0
        last, pool.rate = pool.rate, terms.curve.rate(pool.borrowed, pool.lent)
        pool.hour_us = hour_us
        numerator, denominator = last * missed + pool.rate, RATE_UNIT * _HOURS_A_YEAR
        debts, house_debts, lenders, lent = self._holdings(asset)
        assert sum(lent) == pool.lent, "what is lent is what is held for it"
        assert sum(amount for _, amount in debts) == pool.borrowed, "what is borrowed is what is owed to the pool"
        charged = charges([amount for _, amount in debts], numerator, denominator)
        to_house = charges([amount for _, amount in house_debts], numerator, denominator)
        pot = pool.collected + sum(charged)
        for_lenders, share = split_pot(pot, terms.share_ppm) if pool.lent else (0, pot)
        paid = shares(lent, for_lenders, pool.lent)
        dust = for_lenders - sum(paid)
        lines = dict(zip(lenders, paid, strict=True))
        lines.update((account, -amount) for (account, _), amount in zip(debts, charged, strict=True))
        lines.update((account, -amount) for (account, _), amount in zip(house_debts, to_house, strict=True))
        lines[shared.house(AccountCode.INTEREST_SHARE, asset)] = share + sum(to_house) - pool.collected
        lines[shared.house(AccountCode.DUST, asset)] = dust
        accounts = tuple(sorted(account for account, amount in lines.items() if amount))
        if accounts:
            amounts = tuple(lines[account] for account in accounts)
            mass = MassPosting(ReasonCode.INTEREST, accounts, amounts, 0, shared.prices.get(asset))
            shared.require(ledger.post_mass(mass))
            shared.events.append(
                InterestAccrued(
                    asset, hour_us, sum(charged) + sum(to_house) + pool.collected, sum(paid), share + sum(to_house),
                    dust, pool.rate, len(lenders), len(debts) + len(house_debts),
                )
            )  # fmt: skip
        pool.borrowed += sum(charged)
        pool.house_debt = sum(amount for _, amount in house_debts) + sum(to_house)
        pool.collected = 0
        lend_rate = pool.rate * pool.borrowed * (10**6 - terms.share_ppm) // (pool.lent * 10**6) if pool.lent else 0
        shared.events.append(
            PoolStated(
                asset, pool.lent, pool.borrowed, pool.house_debt, pool.rate, lend_rate, self.pool(asset).bound_ppm
            )
        )

    def _holdings(self, asset: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]], list[int], list[int]]:
        """Debts to the pool and to the exchange with their accounts; the lenders' claims and what each has lent."""
        ledger, entity = self.shared.ledger, self.shared.entity
        debts: dict[AccountCode, list[tuple[int, int]]] = {AccountCode.DEBT: [], AccountCode.DEBT_TO_HOUSE: []}
        for code, index in ledger.accounts_in(entity, asset, tuple(debts)):
            owed = ledger.owed(index)
            if owed:
                debts[code].append((index, owed))
        lenders = sorted(claim for claim in self._holds if ledger.key(claim).asset == asset)
        return debts[AccountCode.DEBT], debts[AccountCode.DEBT_TO_HOUSE], lenders, [*map(self._lent_of, lenders)]

    # The state.

    def document(self) -> Json:
        """Pools by asset, and the claims that a sweep has not looked at, in the order of their change."""
        if self.pools:
            self._take_freed()
        return {
            "freed": [*self._freed],
            "later": [*self._later],
            "noted": [*self._noted],
            "pools": [
                [
                    asset, str(pool.lent), str(pool.borrowed), str(pool.house_debt), str(pool.rate),
                    str(pool.collected), pool.bound_ppm, pool.minute + 1, pool.hour_us + 1,
                ]
                for asset, pool in self.pools.items()
            ],
        }  # fmt: skip

    def restore(self, document: Any) -> None:
        """See `Desk.restore`. What is lent is found again among the ledger's holds."""
        self._noted, self._later = dict.fromkeys(document["noted"]), dict.fromkeys(document["later"])
        self._freed = dict.fromkeys(document["freed"])
        if document["pools"]:
            self.shared.ledger.follow_freed()
        for asset, lent, borrowed, house, rate, collected, bound, minute, hour in document["pools"]:
            self.pools[asset] = Pool(
                int(lent), int(borrowed), int(house), int(rate), int(collected), bound, minute - 1, hour - 1
            )
        self._holds = {
            pending.debit: hold
            for hold, pending in self.shared.ledger.standing_holds().items()
            if pending.reason == ReasonCode.LEND
        }
