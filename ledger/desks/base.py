"""What all desks share: the ledger, who and what there is, the time, and the facts of the command at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeAlias

from ledger.canonical import Json
from ledger.commands import Command
from ledger.events import Event
from ledger.journal import NEVER_MICROS, AccountCode, Ledger, Result, claim_key, house_key
from ledger.parameters import Parameters
from ledger.purse import LedgerPurse
from ledger.registry import Registry
from ledger.trading.reports import Reason

__all__ = ["NEVER_US", "SUBACCOUNTS_MAX", "Account", "Desk", "Handler", "Refusal", "Shared"]

NEVER_US: Final = NEVER_MICROS
"""Later than any time there is."""
SUBACCOUNTS_MAX: Final = 100
"""So many an account may use beside its main one: each is kept for ever, and naming one costs nothing."""


class Refusal(Exception):
    """Raised by a handler before it has changed anything; the text is the reason's code."""


@dataclass(slots=True)
class Account:
    """A customer's account. `number` counts from 1; `identity` is (kind, data id, binding) of its leaf's id."""

    number: int
    identity: tuple[str, str | None, str | None]
    referrer: str | None = None
    blocked: bool = False


@dataclass(slots=True)
class Shared:
    """The state that more than one desk reads. The desk in brackets is the only one that writes it."""

    exchange: str
    entity: str
    ledger: Ledger = field(default_factory=Ledger)
    registry: Registry = field(default_factory=Registry)
    sequence: int = 0
    time_us: int = 0
    giver: str = ""
    """Who gave the command at hand: the owner of the key that signed it; empty for two operators (engine)."""
    events: list[Event] = field(default_factory=list)
    parameters: Parameters = field(default_factory=Parameters)
    """Every parameter and what is in force (parameters)."""
    accounts: dict[str, Account] = field(default_factory=dict)
    """By id (customers)."""
    assets: dict[str, int] = field(default_factory=dict)
    """Scale by name (listing)."""
    prices: dict[str, int] = field(default_factory=dict)
    """Reference price of one unit in the unit of account, 10^-18, by asset; absent where none is valid (prices)."""
    crosses: dict[str, int] = field(default_factory=dict)
    """The same for currencies: the price of one unit of each in the unit of account (prices)."""
    venue_state: str = "open"
    """One of `MARKET_STATES` (listing)."""
    leaving: dict[int, int] = field(default_factory=dict)
    """Quanta on their way out by claim; they are owed until they are gone, and no collateral any more (withdrawals)."""
    may_leave: Callable[[int, str, int], int] = lambda payer, asset, amount: 0
    """Whether so much of an asset may leave a payer's wallet: a trading `Reason`, 0 for yes (margin)."""
    free_up: Callable[[int, int], int] = lambda claim, amount: int(Reason.INSUFFICIENT_FUNDS)
    """Redeem what a claim lacks of an amount: a trading `Reason`, 0 if it is free then (lending)."""
    customer_changed: Callable[[str], None] = lambda account: None
    """Told when what is known of a customer, or what they consent to, is something else (lending)."""
    settles: Callable[[], bool] = lambda: False
    """Whether anything here is settled: there is a derivative market or a pool (settlement)."""
    purse: LedgerPurse = field(init=False)

    def __post_init__(self) -> None:
        self.purse = self._purse()

    def _purse(self) -> LedgerPurse:
        return LedgerPurse(self.ledger, self.entity, self._free_up)

    def _free_up(self, claim: int, amount: int) -> int:
        return self.free_up(claim, amount)  # whoever that is when it is asked

    def take_ledger(self, ledger: Ledger) -> None:
        """Stand on a restored ledger, with a purse of its own."""
        self.ledger = ledger
        self.purse = self._purse()

    def account(self, account: str) -> Account:
        """A customer's account; refuses one that is not there."""
        found = self.accounts.get(account)
        if found is None:
            raise Refusal("unknown-account")
        return found

    def scale(self, asset: str) -> int:
        """The scale of an asset; refuses one that is not listed."""
        scale = self.assets.get(asset)
        if scale is None:
            raise Refusal("unknown-asset")
        return scale

    def payer(self, account: str, subaccount: str) -> int:
        """The number of an account's subaccount; refuses a new one where the account has as many as it may."""
        self.require_subaccount(account, subaccount)
        return self.purse.payer(account, subaccount)

    def require_subaccount(self, account: str, subaccount: str) -> None:
        """Refuse what `payer` would refuse, and name nothing for it."""
        purse = self.purse
        if subaccount and not purse.find(account, subaccount) and purse.subaccounts(account) >= SUBACCOUNTS_MAX:
            raise Refusal("too-many-subaccounts")

    def claim(self, account: str, subaccount: str, asset: str) -> int:
        """The ledger's claim account of a customer, opened on first use; ask what may be refused before."""
        return self.purse.claim(self.payer(account, subaccount), asset)

    def require_leave(self, account: str, subaccount: str, asset: str, amount: int) -> None:
        """Refuse what a wallet needs for its positions and debts."""
        payer = self.purse.find(account, subaccount)
        refused = self.may_leave(payer, asset, amount) if payer else 0
        if refused:
            raise Refusal(Reason(refused).name.lower().replace("_", "-"))

    def require_free(self, account: str, subaccount: str, asset: str, amount: int) -> None:
        """Refuse what a customer has not got free and cannot redeem, and open nothing for it.

        What is lent is redeemed here, so it is asked last: nothing may be refused after it.
        """
        found = self.ledger.find(claim_key(account, asset, subaccount, self.entity))
        if found is not None and self.ledger.available(found) >= amount:
            return
        refused = Reason.INSUFFICIENT_FUNDS if found is None else self.free_up(found, amount)
        if refused == Reason.LENT_OUT:
            raise Refusal("lent-out")
        if refused:
            raise Refusal("exceeds-credits")

    def house(self, code: AccountCode, asset: str, owner: str = "") -> int:
        """An account of the house, opened on first use."""
        return self.ledger.open(house_key(code, asset, owner, self.entity))

    def require(self, result: Result) -> None:
        """Refuse what the ledger refused."""
        if result is not Result.OK:
            raise Refusal(result.name.lower().replace("_", "-"))


Handler: TypeAlias = Callable[[Any], None]


class Desk:
    """One desk. `NAME` is its section in the state; `handlers` are what it does for each type of command."""

    NAME: ClassVar[str]

    def __init__(self, shared: Shared) -> None:
        self.shared = shared

    def handlers(self) -> dict[type[Command], Handler]:
        """What this desk does for each type of command."""
        raise AssertionError("every desk has its own")

    @property
    def due_us(self) -> int:
        """When `pass_time` has something to do next, if no command comes; `NEVER_US` where that is at no known time.

        Never later than the truth; it may be earlier, and then `pass_time` at that time moves it on.
        """
        return NEVER_US

    def pass_time(self) -> None:
        """Do what is due at `shared.time_us`, before the command is looked at."""

    def document(self) -> Json:
        """Everything of this desk that decides what it does next."""
        raise AssertionError("every desk has its own")

    def restore(self, document: Any) -> None:
        """Take the state of `document` into a desk that has none yet; it is bound by the state hash."""
        raise AssertionError("every desk has its own")
