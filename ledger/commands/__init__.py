"""Every instruction that the exchange accepts, typed. A command is what its signed bytes parse to, and nothing else.

In JSON a command is an object with a `type` and the fields of its class: amounts, prices and quantities as decimal
strings of integers, ids as lower-case hex, times as integers of microseconds. Reading is strict: an unknown, missing or
loosely written field refuses the command at the door. Who may give which command is in `REQUIREMENTS`. Commands about
keys are not here: the key ring reads them itself (`ledger.keyring`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.authority import API_POLICY, Policy, Requirement
from ledger.canonical import Json
from ledger.commands.codecs import Command, read_fields, write_fields
from ledger.commands.customers import BlockAccount, OpenAccount, SetConsent, SetCustomer
from ledger.commands.hours import CutHour, FailHour, Tick
from ledger.commands.listing import HaltMarket, ListAsset, ListMarket, OpenMarket, SetAssetFacts, SetWallet
from ledger.commands.margin import (
    Borrow,
    CancelStrategy,
    FundInsurance,
    Lend,
    ListDerivative,
    QuoteConversion,
    Redeem,
    SetBackstop,
    SetPermissions,
    SetWalletSettings,
    StartStrategy,
)
from ledger.commands.money import CorrectBooks, MoveBetweenSubaccounts, RepayDebt
from ledger.commands.orders import AmendOrder, Cancel, CancelAll, EndSession, NewOrder, PlaceOrders, Unblock
from ledger.commands.parameters import CancelParameterChange, SetParameters
from ledger.commands.prices import FeedPrices
from ledger.commands.treasury import (
    AddDestination,
    AdjustCustody,
    ApproveWithdrawal,
    ApproveWithdrawalByTwo,
    AssignAddress,
    AssignReceipt,
    CreditDeposit,
    FailCustodyMove,
    FailWithdrawal,
    MoveCustody,
    NetworkFee,
    PauseTransfers,
    ReceiveDeposit,
    RejectWithdrawal,
    RemoveDestination,
    ReplaceTransaction,
    RequestWithdrawal,
    RequireDestinations,
    ResumeTransfers,
    ReverseDeposit,
    SendWithdrawal,
    SettleCustodyMove,
    SettleWithdrawal,
)
from ledger.errors import FormatError
from ledger.keyring import Permission, Role

__all__ = [
    "POLICY",
    "REQUIREMENTS",
    "AddDestination",
    "AdjustCustody",
    "AmendOrder",
    "ApproveWithdrawal",
    "ApproveWithdrawalByTwo",
    "AssignAddress",
    "AssignReceipt",
    "BlockAccount",
    "Borrow",
    "Cancel",
    "CancelAll",
    "CancelParameterChange",
    "CancelStrategy",
    "Command",
    "CorrectBooks",
    "CreditDeposit",
    "CutHour",
    "EndSession",
    "FailCustodyMove",
    "FailHour",
    "FailWithdrawal",
    "FeedPrices",
    "FundInsurance",
    "HaltMarket",
    "Lend",
    "ListAsset",
    "ListDerivative",
    "ListMarket",
    "MoveBetweenSubaccounts",
    "MoveCustody",
    "NetworkFee",
    "NewOrder",
    "OpenAccount",
    "OpenMarket",
    "PauseTransfers",
    "PlaceOrders",
    "QuoteConversion",
    "ReceiveDeposit",
    "Redeem",
    "RejectWithdrawal",
    "RemoveDestination",
    "RepayDebt",
    "ReplaceTransaction",
    "RequestWithdrawal",
    "RequireDestinations",
    "ResumeTransfers",
    "ReverseDeposit",
    "SendWithdrawal",
    "SetAssetFacts",
    "SetBackstop",
    "SetConsent",
    "SetCustomer",
    "SetParameters",
    "SetPermissions",
    "SetWallet",
    "SetWalletSettings",
    "SettleCustodyMove",
    "SettleWithdrawal",
    "StartStrategy",
    "Tick",
    "Unblock",
    "command_document",
    "read_command",
]

_CUSTOMER: Final = frozenset({Role.CUSTOMER, Role.SESSION})
_TRADES: Final = Requirement(_CUSTOMER, Permission.TRADE)
_WITHDRAWS: Final = Requirement(frozenset({Role.CUSTOMER}), Permission.WITHDRAW)
_TREASURY: Final = Requirement(frozenset({Role.SERVICE}), Permission.DEPOSITS)
_FEEDS: Final = Requirement(frozenset({Role.SERVICE}), Permission.PRICES)
_CLOCK: Final = Requirement(frozenset({Role.SERVICE}), Permission.TIME)
_ACCOUNTS: Final = Requirement(frozenset({Role.SERVICE}), Permission.ACCOUNTS)
_OPERATOR: Final = Requirement(frozenset({Role.OPERATOR}))
_TWO_OPERATORS: Final = Requirement(two_operators=True)

REQUIREMENTS: Final[Mapping[type[Command], Requirement]] = {
    OpenAccount: _ACCOUNTS,
    SetCustomer: _ACCOUNTS,
    SetConsent: _WITHDRAWS,
    BlockAccount: _OPERATOR,
    ListAsset: _TWO_OPERATORS,
    SetAssetFacts: _TWO_OPERATORS,
    SetWallet: _TWO_OPERATORS,
    ListMarket: _TWO_OPERATORS,
    HaltMarket: _OPERATOR,
    OpenMarket: _TWO_OPERATORS,
    SetParameters: _TWO_OPERATORS,
    CancelParameterChange: _TWO_OPERATORS,
    FeedPrices: _FEEDS,
    PlaceOrders: _TRADES,
    Cancel: _TRADES,
    CancelAll: _TRADES,
    Unblock: _TRADES,
    AmendOrder: _TRADES,
    EndSession: _CLOCK,
    MoveBetweenSubaccounts: _TRADES,
    RepayDebt: _TRADES,
    AssignAddress: _TREASURY,
    ReceiveDeposit: _TREASURY,
    CreditDeposit: _TREASURY,
    ReverseDeposit: _TREASURY,
    AssignReceipt: _TWO_OPERATORS,
    PauseTransfers: _OPERATOR,
    ResumeTransfers: _TWO_OPERATORS,
    AddDestination: _WITHDRAWS,
    RemoveDestination: _WITHDRAWS,
    RequireDestinations: _WITHDRAWS,
    RequestWithdrawal: _WITHDRAWS,
    ApproveWithdrawal: _OPERATOR,
    ApproveWithdrawalByTwo: _TWO_OPERATORS,
    RejectWithdrawal: _OPERATOR,
    SendWithdrawal: _TREASURY,
    ReplaceTransaction: _TREASURY,
    SettleWithdrawal: _TREASURY,
    FailWithdrawal: _TREASURY,
    MoveCustody: _TREASURY,
    SettleCustodyMove: _TREASURY,
    FailCustodyMove: _TREASURY,
    AdjustCustody: _TWO_OPERATORS,
    CorrectBooks: _TWO_OPERATORS,
    ListDerivative: _TWO_OPERATORS,
    SetPermissions: _TWO_OPERATORS,
    SetWalletSettings: _TRADES,
    Lend: _TRADES,
    Redeem: _TRADES,
    Borrow: _TRADES,
    FundInsurance: _TWO_OPERATORS,
    SetBackstop: _TRADES,
    QuoteConversion: _TRADES,
    StartStrategy: _TRADES,
    CancelStrategy: _TRADES,
    Tick: _CLOCK,
    CutHour: _CLOCK,
    FailHour: _CLOCK,
}
"""Who may give which command."""

POLICY: Final[Policy] = MappingProxyType({**API_POLICY, **{kind.TYPE: need for kind, need in REQUIREMENTS.items()}})
"""The same by the words in which commands and API instructions name themselves, for door and engine."""

_TYPES: Final[Mapping[str, type[Command]]] = {kind.TYPE: kind for kind in REQUIREMENTS}
_ENVELOPE: Final = ("type", "exchange", "nonce")


def read_command(document: Json | Mapping[str, Json]) -> Command:
    """The command that a JSON object spells, bare or in its signed envelope; raises FormatError naming the field."""
    if not isinstance(document, Mapping) or not isinstance(document.get("type"), str):
        raise FormatError("a command is an object with a type")
    kind = _TYPES.get(str(document["type"]))
    if kind is None:
        raise FormatError("a command of an unknown type")
    command = read_fields(kind, document, _ENVELOPE if "nonce" in document else ("type",))
    assert isinstance(command, Command)
    return command


def command_document(command: Command) -> dict[str, Json]:
    """The JSON object of a command; `read_command` gives the same command back."""
    return {"type": command.TYPE, **write_fields(command)}
