"""What the treasury asks of a chain's and a bank's client, and the words in which they answer. por's satisfy these.

Addresses, contracts and hashes are text in the form of their chain; amounts are the chain's smallest unit, of which a
`Coin` says what it is in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from ledger.assets import SCALE_MAX
from ledger.treasury.dust import quantum

__all__ = [
    "Arrival",
    "BankPayment",
    "ChainReceipt",
    "ChainWallet",
    "Coin",
    "Departure",
    "HeldBack",
    "PaymentInclusion",
    "PaymentOutcome",
    "Portion",
    "TransferGate",
]


class Portion(NamedTuple):
    """An amount in the ledger's words: quanta, and what is below one in 10^-38 of the asset's unit."""

    amount: int
    dust: int


class Coin(NamedTuple):
    """An asset on a chain: `contract` or "native"; the chain counts in 10^-decimals, the ledger in 10^-scale."""

    asset: str
    scale: int
    chain: str
    contract: str
    decimals: int

    def exact(self, units: int) -> int:
        """The chain's units in 10^-38 of the asset's unit."""
        assert 0 <= self.decimals <= SCALE_MAX, "an asset with finer units cannot be listed"
        return units * int(10 ** (SCALE_MAX - self.decimals))

    def portion(self, units: int) -> Portion:
        """The chain's units in the ledger's words."""
        return Portion(*divmod(self.exact(units), quantum(self.scale)))

    def units(self, amount: int) -> int | None:
        """Quanta in the chain's units; None where the quantum is finer than they are and does not fill them."""
        units, rest = divmod(amount * quantum(self.scale), int(10 ** (SCALE_MAX - self.decimals)))
        return None if rest else units


class ChainReceipt(Protocol):
    """A payment to an address that was watched, confirmed, or gone from the chain after it had been stated."""

    @property
    def evidence(self) -> str:
        """Chain, transaction, log index and block: the receipt's identity."""

    @property
    def chain(self) -> str:
        """The chain in CAIP-2 form."""

    @property
    def transaction(self) -> str:
        """The transaction's hash."""

    @property
    def address(self) -> str:
        """Where it arrived."""

    @property
    def contract(self) -> str:
        """The token's contract, or "native"."""

    @property
    def units(self) -> int:
        """How much, in the chain's smallest unit."""

    @property
    def is_gone(self) -> bool:
        """Whether this takes a receipt back that was stated before."""


class BankPayment(Protocol):
    """A booked payment of a bank statement, in quanta."""

    @property
    def evidence(self) -> str:
        """The payment's identity."""

    @property
    def wallet(self) -> str:
        """The bank account's name in the ledger."""

    @property
    def asset(self) -> str:
        """The asset that the currency is."""

    @property
    def amount(self) -> int:
        """How much, in quanta."""

    @property
    def is_credit(self) -> bool:
        """Whether it came in."""

    @property
    def is_reversal(self) -> bool:
        """Whether it takes an earlier payment back."""

    @property
    def references(self) -> tuple[str, ...]:
        """The references of the exchange's form that were found in it."""


class PaymentOutcome(Protocol):
    """What became of what was signed for one payment."""

    @property
    def kind(self) -> str:
        """`in-flight`, `settled`, `reverted`, `cancelled` or `displaced`."""

    @property
    def evidence(self) -> str:
        """Chain, transaction and block of a final outcome."""

    @property
    def fee(self) -> int:
        """What the chain took, in its coin's smallest unit."""

    @property
    def is_seen(self) -> bool:
        """Whether the chain's client has one of the transactions."""


class PaymentInclusion(Protocol):
    """What a chain has of a payment at a block."""

    @property
    def is_paid(self) -> bool:
        """Whether it moved what it says."""

    @property
    def fee(self) -> int:
        """What the chain took, in its coin's smallest unit."""


class ChainWallet(Protocol):
    """A key of the exchange's on one chain, and the way to that chain. All but `sender` may raise TallystickError."""

    sender: str

    def problem(self, destination: str) -> str | None:
        """Why nothing can ever be paid to a destination; None if it can."""

    def first_nonce(self) -> int:
        """The number of the first transaction that the log will hold for this key."""

    def pay(self, destination: str, contract: str, units: int, nonce: int) -> bytes:
        """Sign a payment; nothing is sent."""

    def replacement(self, raw: bytes, *, cancel: bool) -> bytes:
        """Sign another transaction of the same nonce, for more gas or to call the payment back; nothing is sent."""

    def broadcast(self, raw: bytes) -> None:
        """Send signed bytes; again is no error."""

    def outcome(self, raws: Sequence[bytes]) -> PaymentOutcome:
        """What became of one payment, given all that was signed for it."""

    def included(self, raws: Sequence[bytes], block: int) -> PaymentInclusion | None:
        """What the chain has of it up to a block."""

    def transaction(self, raw: bytes) -> str:
        """The hash that the chain knows signed bytes by."""


class Arrival(NamedTuple):
    """A confirmed receipt at a customer's address, before it is booked; `amount` in quanta of the coin's scale."""

    evidence: str
    transaction: str
    address: str
    account: str
    subaccount: str
    coin: Coin
    amount: int
    dust: int


class Departure(NamedTuple):
    """A customer's withdrawal, before it is signed; `amount` in quanta of the coin's scale."""

    request: str
    account: str
    destination: str
    coin: Coin
    amount: int


class HeldBack(NamedTuple):
    """A receipt that is owed and not credited; `missing`: what it waits for now, in coded words; nothing at the end."""

    evidence: str
    account: str
    subaccount: str
    asset: str
    missing: tuple[str, ...]


class TransferGate(Protocol):
    """Who says whether a customer's transfer may go on: the rules of a regime, which the ledger does not know.

    It gives no command. What is not let through stands where the ledger already has a place for it: a receipt in the
    line of receipts that are not credited yet, a withdrawal among those that are held. Both may raise TallystickError.
    """

    def arriving(self, arrival: Arrival) -> str | None:
        """Why a receipt is not to be credited yet; None lets it be."""

    def leaving(self, departure: Departure) -> str | None:
        """Why a withdrawal is not to be sent yet; None lets it go. Asked again and again while it waits."""

    def held(self, is_held: Callable[[str], bool]) -> Sequence[HeldBack]:
        """Receipts that were not let through, of those that the ledger holds still, in the order of holding."""
