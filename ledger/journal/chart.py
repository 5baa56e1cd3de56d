"""The chart of accounts: which codes there are, what each is in the zero-sum report, and which limits it is born with.

Claims are what is owed to customers, free and held alike: a hold is the pending counter of the claim. Debts are what
customers owe and are never netted against claims. For each entity and asset

    custody + in transit + debts + receivables + due from  =  claims + receipts uncredited + house + due to

holds after every entry, because both accounts of an entry stand in one book (entity, asset).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

from ledger.assets import ASSET_NAME
from ledger.canonical import lp
from ledger.identity import ENTITY_DEFAULT, account_id_problem, entity_problem, subaccount_problem

__all__ = [
    "CHART",
    "CUSTOMER_CODES",
    "NO_ACCOUNT",
    "AccountCode",
    "AccountFlag",
    "AccountKey",
    "AccountKind",
    "ChartRow",
    "claim_key",
    "debt_key",
    "house_debt_key",
    "house_key",
]

NO_ACCOUNT: Final = -1
"""Stands where an account index would and names none."""


class AccountCode(IntEnum):
    """What an account is for. The numbers are part of the log's format and never change."""

    CLAIM = 10
    DEBT = 20
    DEBT_TO_HOUSE = 21
    FEES = 30
    INTEREST_SHARE = 31
    DUST = 32
    INSURANCE = 33
    OTHER = 34
    CUSTODY_WALLET = 40
    CUSTODY_BANK = 41
    IN_TRANSIT = 50
    RECEIPTS_UNCREDITED = 51
    DUE_FROM = 60
    DUE_TO = 61
    EXCHANGE_RECEIVABLE = 70
    SETTLEMENT = 71
    HELD = 90


class AccountKind(IntEnum):
    """The line of the zero-sum report in which an account is counted."""

    CLAIM = 1
    RECEIPT = 2
    HOUSE = 3
    DUE_TO = 4
    DEBT = 5
    CUSTODY = 6
    IN_TRANSIT = 7
    DUE_FROM = 8
    RECEIVABLE = 9
    CONTRA = 10


class AccountFlag(IntFlag):
    """Limits and states of an account.

    FROZEN: new debits and holds are refused; credits, mass postings and the end of existing holds pass.
    CLOSED: everything is refused. PENDING_ONLY: holds may stand against it, and nothing else ever happens to it.
    """

    NONE = 0
    DEBITS_MUST_NOT_EXCEED_CREDITS = 1
    CREDITS_MUST_NOT_EXCEED_DEBITS = 2
    CLOSED = 4
    FROZEN = 8
    PENDING_ONLY = 16


class ChartRow(NamedTuple):
    """What the chart says of one code.

    `credit_balance`: the balance is credits less debits, else debits less credits. `owner`: what the owner field of the
    key names, empty if it stays empty. `flags`: limits that every account of the code has and keeps.
    """

    kind: AccountKind
    credit_balance: bool
    owner: str
    flags: AccountFlag


_NO_OVERDRAFT: Final = AccountFlag.DEBITS_MUST_NOT_EXCEED_CREDITS
_NO_OVERPAYMENT: Final = AccountFlag.CREDITS_MUST_NOT_EXCEED_DEBITS

CHART: Final[dict[AccountCode, ChartRow]] = {
    AccountCode.CLAIM: ChartRow(AccountKind.CLAIM, True, "customer account", _NO_OVERDRAFT),
    AccountCode.DEBT: ChartRow(AccountKind.DEBT, False, "customer account", _NO_OVERPAYMENT),
    AccountCode.DEBT_TO_HOUSE: ChartRow(AccountKind.DEBT, False, "customer account", _NO_OVERPAYMENT),
    AccountCode.FEES: ChartRow(AccountKind.HOUSE, True, "", AccountFlag.NONE),
    AccountCode.INTEREST_SHARE: ChartRow(AccountKind.HOUSE, True, "", AccountFlag.NONE),
    AccountCode.DUST: ChartRow(AccountKind.HOUSE, True, "", AccountFlag.NONE),
    AccountCode.INSURANCE: ChartRow(AccountKind.HOUSE, True, "", _NO_OVERDRAFT),
    AccountCode.OTHER: ChartRow(AccountKind.HOUSE, True, "", AccountFlag.NONE),
    AccountCode.CUSTODY_WALLET: ChartRow(AccountKind.CUSTODY, False, "reserve wallet", _NO_OVERPAYMENT),
    AccountCode.CUSTODY_BANK: ChartRow(AccountKind.CUSTODY, False, "bank account", _NO_OVERPAYMENT),
    AccountCode.IN_TRANSIT: ChartRow(AccountKind.IN_TRANSIT, False, "", AccountFlag.NONE),
    AccountCode.RECEIPTS_UNCREDITED: ChartRow(AccountKind.RECEIPT, True, "", _NO_OVERDRAFT),
    AccountCode.DUE_FROM: ChartRow(AccountKind.DUE_FROM, False, "other entity", AccountFlag.NONE),
    AccountCode.DUE_TO: ChartRow(AccountKind.DUE_TO, True, "other entity", AccountFlag.NONE),
    AccountCode.EXCHANGE_RECEIVABLE: ChartRow(AccountKind.RECEIVABLE, False, "", _NO_OVERPAYMENT),
    AccountCode.SETTLEMENT: ChartRow(AccountKind.HOUSE, True, "", AccountFlag.NONE),
    AccountCode.HELD: ChartRow(AccountKind.CONTRA, True, "", AccountFlag.PENDING_ONLY),
}

assert set(CHART) == set(AccountCode), "the chart has a row for every code"

CUSTOMER_CODES: Final = frozenset({AccountCode.CLAIM, AccountCode.DEBT, AccountCode.DEBT_TO_HOUSE})
"""What stands for a customer: the claim and the debts. A debt to a pool and one to the exchange are both debts."""


class AccountKey(NamedTuple):
    """The immutable identity of an account. `owner` and `subaccount` are empty where the chart names none."""

    entity: str
    code: AccountCode
    owner: str
    subaccount: str
    asset: str

    def to_bytes(self) -> bytes:
        """The canonical bytes of the identity: lp(entity), u8 code, lp(owner), lp(subaccount), lp(asset)."""
        code = bytes((self.code,))
        return lp(self.entity) + code + lp(self.owner) + lp(self.subaccount) + lp(self.asset)

    @property
    def problem(self) -> str | None:
        """Why this is no account, in words without names or ids; None if it is one."""
        row = CHART[self.code]
        customer = row.owner == "customer account"
        if entity_problem(self.entity) is not None:
            return "the entity is not in the form of an entity name"
        if ASSET_NAME.fullmatch(self.asset) is None:
            return "the asset is not in the form of an asset name"
        if bool(self.owner) != bool(row.owner):
            return "the owner is given exactly where the chart names one"
        if row.owner and account_id_problem(self.owner) is not None:
            return "the owner is not in the form of an account id"
        if self.subaccount and (not customer or subaccount_problem(self.subaccount) is not None):
            return "the subaccount belongs to customers and has the form of one"
        return None


def claim_key(owner: str, asset: str, subaccount: str = "", entity: str = ENTITY_DEFAULT) -> AccountKey:
    """The key of what is owed to a customer's subaccount in an asset."""
    return AccountKey(entity, AccountCode.CLAIM, owner, subaccount, asset)


def debt_key(owner: str, asset: str, subaccount: str = "", entity: str = ENTITY_DEFAULT) -> AccountKey:
    """The key of what a customer's subaccount owes in an asset."""
    return AccountKey(entity, AccountCode.DEBT, owner, subaccount, asset)


def house_debt_key(owner: str, asset: str, subaccount: str = "", entity: str = ENTITY_DEFAULT) -> AccountKey:
    """The key of what a subaccount owes the exchange itself, because no pool lent it: listed apart from other debts."""
    return AccountKey(entity, AccountCode.DEBT_TO_HOUSE, owner, subaccount, asset)


def house_key(code: AccountCode, asset: str, owner: str = "", entity: str = ENTITY_DEFAULT) -> AccountKey:
    """The key of an account that is no customer's: house, custody, in transit, due to and from."""
    return AccountKey(entity, code, owner, "", asset)
