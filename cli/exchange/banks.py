"""Bank statements for a running exchange: each taken once and in its order, its payments given to the log.

The last statement of every account is kept in one file, which is written after its payments are in the log. A crash
between the two lets the statement be given again: every payment in it is refused as taken, and nothing is doubled.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ledger.canonical import Json, canonical_file, parse_file
from ledger.commands import Command
from ledger.errors import FormatError
from ledger.treasury.books import EngineBooks
from ledger.treasury.courier import Trouble
from ledger.treasury.deposits import bank_command
from ledger.treasury.dust import quantum
from ledger.treasury.reconcile import Reading
from por.reserves.bank import BankAccount, BankStatement, read_statements

__all__ = ["BankTreasury"]

_FORMAT = "tallystick/bank-statements/1"


class BankTreasury:
    """`accounts` by IBAN or other id; `state`: the file with each account's last statement."""

    def __init__(
        self,
        books: EngineBooks,
        submit: Callable[[Command], str | None],
        accounts: Mapping[str, BankAccount],
        state: Path,
    ) -> None:
        self._books, self._submit, self._accounts, self._path = books, submit, accounts, state
        self.last = self._read()

    def take(self, data: bytes, file: str) -> list[Trouble]:
        """Give a file's payments to the log; what was not booked and why. Raises InputErrors, and then nothing was.

        A line that becomes no command (money that left without a reference, a reversal by the bank) is told as well.
        """
        troubles = []
        for statement in read_statements(data, file, self._accounts, self.last):
            for line in statement.lines:
                command = bank_command(line, self._books.bank_payments())
                refused = "it names nothing that is known" if command is None else self._submit(command)
                if refused is not None and refused != "deposit-exists":
                    troubles.append(Trouble(line.evidence, refused))
            self.last[statement.wallet] = statement
        self._write()
        return troubles

    def readings(self, scales: Mapping[str, int]) -> list[Reading]:
        """The closing balances for the reconciliation, in 10^-38; an account without a statement is unread."""
        found = []
        for account in self._accounts.values():
            last = self.last.get(account.wallet)
            units = None if last is None else last.closing * quantum(scales[account.asset])
            found.append(Reading(account.wallet, account.asset, units, "unread" if last is None else last.closed))
        return found

    def _write(self) -> None:
        rows: list[Json] = [
            [s.wallet, s.asset, s.identifier, str(s.opening), str(s.closing), s.closed]
            for _, s in sorted(self.last.items())
        ]
        beside = self._path.with_name(self._path.name + ".new")
        with beside.open("wb") as file:
            file.write(canonical_file({"format": _FORMAT, "statements": rows}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self._path)

    def _read(self) -> dict[str, BankStatement]:
        if not self._path.exists():
            return {}
        document: Any = parse_file(self._path.read_bytes())
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            raise FormatError("not the statements that this version keeps")
        return {
            wallet: BankStatement(wallet, asset, identifier, int(opening), int(closing), closed, (), 0)
            for wallet, asset, identifier, opening, closing, closed in document["statements"]
        }
