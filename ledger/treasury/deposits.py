"""Which command a receipt becomes. Pure: a fact and what the log knows in, a command out.

A chain's receipt that arrived by one of the exchange's own moves is no deposit. One that is gone is a reversal. A bank
line with one known reference is a deposit under it, or the end of the withdrawal that was sent under it; a line that
says nothing is a receipt for nobody. Money that left a bank under no reference, and reversals by the bank, give no
command: the reconciliation lists them, and operators book them by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from dataclasses import replace
from typing import NamedTuple

from ledger.canonical import lp
from ledger.commands import ReceiveDeposit, ReverseDeposit, SettleWithdrawal
from ledger.treasury.protocols import BankPayment, ChainReceipt, Coin

__all__ = ["BANK_CHAIN", "Payout", "bank_command", "held_back", "payment_reference", "receipt_command"]

_NO_REFERENCE = ""  # no address is empty, so that this is nobody's
_HELD = "held:"  # nor does one on a chain that is followed begin so

BANK_CHAIN = "offchain:bank"
"""The chain under which bank references are assigned and bank accounts registered."""


def receipt_command(
    receipt: ChainReceipt,
    coins: Mapping[tuple[str, str], Coin],
    wallets: Mapping[tuple[str, str], str | None],
    own: Container[str],
) -> ReceiveDeposit | ReverseDeposit | None:
    """The command of a receipt; None where nothing is to be booked.

    `coins` by chain and contract; `wallets` by chain and address, as the log assigned them; `own`: hashes of the
    transactions of the exchange's moves. A receipt in a contract or at an address that is not there is a fault of
    whoever watched, and asserts.
    """
    if receipt.transaction in own:
        return None
    if receipt.is_gone:
        return ReverseDeposit(receipt.evidence, "its block was replaced")
    coin = coins[receipt.chain, receipt.contract]
    wallet = wallets[receipt.chain, receipt.address]
    assert wallet is not None, "an address on a chain belongs to a wallet"
    amount, dust = coin.portion(receipt.units)
    return ReceiveDeposit(receipt.chain, receipt.address, wallet, coin.asset, amount, dust, receipt.evidence)


def held_back(command: ReceiveDeposit) -> ReceiveDeposit:
    """The same receipt, owed to nobody yet: two operators assign it to its customer when what it waits for is there.

    Its address is marked, so that it is nobody's to the engine and stays legible in the log.
    """
    return replace(command, address=f"{_HELD}{command.address}")


class Payout(NamedTuple):
    """A withdrawal that a bank was told to pay, in quanta."""

    request: str
    wallet: str
    asset: str
    amount: int


def bank_command(payment: BankPayment, sent: Mapping[str, Payout]) -> ReceiveDeposit | SettleWithdrawal | None:
    """The command of a booked bank line. `sent`: withdrawals on their way by `payment_reference`.

    A debit ends one only if account and amount are the withdrawal's own.
    """
    if payment.is_reversal:
        return None
    if not payment.is_credit:
        said = (payment.wallet, payment.asset, payment.amount)
        named = [sent[reference] for reference in payment.references if reference in sent]
        if len(named) != 1 or named[0][1:] != said:
            return None
        return SettleWithdrawal(named[0].request, payment.evidence, None)
    reference = payment.references[0] if len(payment.references) == 1 else _NO_REFERENCE
    return ReceiveDeposit(BANK_CHAIN, reference, payment.wallet, payment.asset, payment.amount, 0, payment.evidence)


def payment_reference(request: str) -> str:
    """The creditor reference (ISO 11649) under which a withdrawal is paid out by a bank, made of its request's id."""
    number = int.from_bytes(hashlib.sha256(lp("tallystick bank payment") + lp(request)).digest(), "big") % 10**12
    return f"RF{98 - int(f'{number:012}271500') % 97:02}{number:012}"
