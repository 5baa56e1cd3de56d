"""Bank statements in ISO 20022 camt.053: closing balances for the reserves, and booked payments as facts for the log.

Read are versions 001.02 to 001.13, in the two shapes that they have (status as a text, or as a code in an element).
Rules, each tested by name:

1. The file is UTF-8 XML without a document type: entities are refused before any parser sees them.
2. Every account is one that the operator named. Its IBAN is looked up and forgotten; no name, address or free text of
   a payment leaves this module. What leaves are references in the form that the exchange gives out.
3. Amounts are read exactly. Only entries of status BOOK move anything; the others are counted.
4. Opening, plus the booked credits, less the booked debits, is the closing balance; and the opening is the closing of
   the statement before. A statement that came already is refused by its id, one that leaves a gap by its opening.
5. The identity of a payment is the bank's own reference with account, dates, amount and side; where the bank gives no
   reference, the statement and the place in it. Two payments of one identity in a file are refused.
6. A batch becomes one line for each of its transactions if their amounts add up to it, else one line without reference.

Everything that is wrong with a file is told at once, each with its line. What a statement shows is *attested* by the
bank at most; that the file is the bank's own is for the channel that it came by.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lxml import etree

from ledger.assets import AmountError, parse_amount
from ledger.canonical import canonical, lp, u64
from ledger.errors import InputErrors, InputProblem

__all__ = ["BankAccount", "BankLine", "BankStatement", "creditor_reference", "is_creditor_reference", "read_statements"]

STATEMENT_BYTES_MAX = 64 * 1024 * 1024
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(0[2-9]|1[0-3])\Z")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(T.*)?\Z")
_REFERENCE = re.compile(r"(?=(RF[0-9]{14}))")
_TEXTS = ("RmtInf/Strd/CdtrRefInf/Ref", "Refs/EndToEndId", "RmtInf/Ustrd")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account as the exchange knows it: `wallet` is its name in the ledger, `scale` the quantum of its asset."""

    wallet: str
    currency: str
    asset: str
    scale: int


class BankLine(NamedTuple):
    """One booked payment. `amount` in quanta, positive; `is_reversal`: it takes back an earlier one.

    `references` are the creditor references found in it that are of the exchange's form; the rest of the text is gone.
    """

    evidence: str
    wallet: str
    asset: str
    amount: int
    is_credit: bool
    is_reversal: bool
    booked: str
    value: str
    references: tuple[str, ...]
    row: int


@dataclass(frozen=True, slots=True)
class BankStatement:
    """One statement: balances in quanta, negative for an overdraft; `not_booked` entries are announced only."""

    wallet: str
    asset: str
    identifier: str
    opening: int
    closing: int
    closed: str
    lines: tuple[BankLine, ...]
    not_booked: int


# References that customers write into their transfers.


def creditor_reference(secret: bytes, account: int, subaccount: int, attempt: int = 0) -> str:
    """A structured creditor reference (ISO 11649): RF, two check digits and twelve digits that tell nothing.

    `attempt` gives another one where the log has the first for somebody else.
    """
    text = lp("tallystick bank reference") + u64(account) + u64(subaccount) + u64(attempt)
    number = int.from_bytes(hmac.digest(secret, text, "sha256"), "big") % 10**12
    return f"RF{98 - int(f'{number:012}271500') % 97:02}{number:012}"


def is_creditor_reference(text: str) -> bool:
    """Whether a text is of the exchange's form and its check digits hold."""
    return re.fullmatch(r"RF[0-9]{14}", text) is not None and int(text[4:] + "2715" + text[2:4]) % 97 == 1


# Reading.


def read_statements(
    data: bytes, file: str, accounts: Mapping[str, BankAccount], previous: Mapping[str, BankStatement] | None = None
) -> list[BankStatement]:
    """The statements of one file, in its order. `accounts` by IBAN or other id; `previous`: each wallet's last one.

    Raises InputErrors with everything that is wrong, each with its line.
    """
    reader = _Reader(file, accounts, dict(previous or {}))
    statements = reader.read(data)
    if reader.problems:
        raise InputErrors(reader.problems)
    return statements


class _Bad(Exception):
    """A part that cannot be read further; its problem is noted."""


class _Reader:
    """One reading of one file: gathers problems and returns what could be read."""

    def __init__(self, file: str, accounts: Mapping[str, BankAccount], previous: dict[str, BankStatement]) -> None:
        self.file, self.accounts, self.previous = file, accounts, previous
        self.problems: list[InputProblem] = []
        self._identities: set[str] = set()

    def refuse(self, at: Any, problem: str, remedy: str) -> None:
        row = None if at is None else int(at.sourceline)
        self.problems.append(InputProblem(self.file, problem, remedy, row=row))

    def read(self, data: bytes) -> list[BankStatement]:
        root = self._parse(data)
        if root is None:
            return []
        found = []
        statements = root.findall("{*}BkToCstmrStmt/{*}Stmt")
        if not statements:
            self.refuse(root, "the file has no statement", "Ask the bank for camt.053, not camt.052 or camt.054")
        for element in statements:
            try:
                statement = self._statement(element)
            except _Bad:
                continue
            self.previous[statement.wallet] = statement
            found.append(statement)
        return found

    def _parse(self, data: bytes) -> Any:
        remedy = "Get the file from the bank again"
        if len(data) > STATEMENT_BYTES_MAX:
            self.refuse(None, "the file is larger than 64 MiB", "Ask the bank for one file a day")
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.refuse(None, "the file is not UTF-8", remedy)
            return None
        if "<!DOCTYPE" in text or "<!ENTITY" in text or "\0" in text:
            self.refuse(None, "the file declares a document type or entities", "No bank does that: refuse the file")
            return None
        parser = etree.XMLParser(
            resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True,
            remove_pis=True, encoding="utf-8",
        )  # fmt: skip
        try:
            root = etree.fromstring(text.encode(), parser)
        except etree.XMLSyntaxError as error:
            self.problems.append(InputProblem(self.file, "this is not XML", remedy, row=error.lineno))
            return None
        name = etree.QName(root)
        if name.localname != "Document" or not _NAMESPACE.match(name.namespace or ""):
            self.refuse(root, "this is no camt.053.001.02 to .13", "Ask the bank for camt.053.001.08")
            return None
        return root

    def _statement(self, element: Any) -> BankStatement:
        account = self._account(element)
        identifier = self._text(element, "Id", "the statement has no id")
        opening_element = self._balance(element, "OPBD", "PRCD")
        closing_element = self._balance(element, "CLBD")
        opening = self._signed(opening_element, account)
        closing = self._signed(closing_element, account)
        lines: list[BankLine] = []
        not_booked, moved, is_whole = 0, 0, True
        for position, entry in enumerate(element.findall("{*}Ntry")):
            try:
                if self._status(entry) != "BOOK":
                    not_booked += 1
                    continue
                moved += self._signed(entry, account)
                lines += self._lines(entry, account, identifier, position)
            except _Bad:
                is_whole = False
        if is_whole and opening + moved != closing:
            self.refuse(
                closing_element,
                "opening balance and booked entries do not give the closing balance",
                "Ask the bank for the whole statement",
            )
        self._check_order(element, account.wallet, identifier, opening_element, opening)
        closed = self._date(closing_element, "Dt")
        return BankStatement(
            account.wallet, account.asset, identifier, opening, closing, closed, tuple(lines), not_booked
        )

    def _account(self, element: Any) -> BankAccount:
        identity = self._find(element, "Acct/Id/IBAN")
        identity = self._find(element, "Acct/Id/Othr/Id") if identity is None else identity
        known = None if identity is None else self.accounts.get("".join((identity.text or "").split()))
        if known is None:
            at = element if identity is None else identity
            self.refuse(at, "the account is not one that is configured", "Name the account in the configuration")
            raise _Bad
        return known

    def _check_order(self, element: Any, wallet: str, identifier: str, at: Any, opening: int) -> None:
        before = self.previous.get(wallet)
        if before is None:
            return
        if before.identifier == identifier:
            self.refuse(element, "the statement was taken before", "Give only statements that are new")
        elif before.closing != opening:
            self.refuse(at, "the opening balance is not the last closing balance", "Give the statements in between")

    # An entry.

    def _status(self, entry: Any) -> str:
        code = self._find(entry, "Sts/Cd")
        status = self._find(entry, "Sts") if code is None else code
        text = "" if status is None else (status.text or "").strip()
        if text not in ("BOOK", "PDNG", "INFO", "FUTR"):
            self.refuse(entry, "the entry has no status that is known", "Ask the bank what the entry is")
            raise _Bad
        return text

    def _lines(self, entry: Any, account: BankAccount, identifier: str, position: int) -> Iterator[BankLine]:
        total = self._signed(entry, account)
        is_credit = total > 0
        details = entry.findall("{*}NtryDtls/{*}TxDtls")
        parts = self._parts(entry, details, account, abs(total), is_credit)
        bank_reference = self._plain(entry, "AcctSvcrRef")
        dates = self._date(entry, "BookgDt"), self._date(entry, "ValDt")
        reversal = self._plain(entry, "RvslInd") in ("true", "1")
        for index, (amount, detail) in enumerate(parts):
            if not amount:
                continue  # some banks book notices as entries of nothing
            own = bank_reference or (self._plain(detail, "Refs/AcctSvcrRef") if detail is not None else "")
            place = [own, str(index)] if own else [identifier, str(position), str(index)]
            side = "credit" if is_credit else "debit"
            identity = canonical([account.wallet, account.currency, str(amount), side, *dates, *place])
            evidence = f"camt.053/{account.wallet}/{hashlib.sha256(identity).hexdigest()}"
            if evidence in self._identities:
                self.refuse(entry, "the payment stands in the file twice", "Ask the bank which one is right")
                continue
            self._identities.add(evidence)
            texts = [] if detail is None else self._texts(detail)
            yield BankLine(
                evidence, account.wallet, account.asset, amount, is_credit, reversal, dates[0], dates[1],
                _references(texts), int(entry.sourceline),
            )  # fmt: skip

    def _parts(
        self, entry: Any, details: Sequence[Any], account: BankAccount, total: int, is_credit: bool
    ) -> list[tuple[int, Any]]:
        """The transactions of an entry with their amounts, or the entry alone where they do not add up to it."""
        if len(details) < 2:
            return [(total, details[0] if details else None)]
        amounts: list[int] = []
        for detail in details:
            element = self._find(detail, "Amt")
            element = self._find(detail, "AmtDtls/TxAmt/Amt") if element is None else element
            side = self._plain(detail, "CdtDbtInd")
            if element is None or side not in ("", "CRDT" if is_credit else "DBIT"):
                return [(total, None)]
            amounts.append(self._quanta(element, account))
        return list(zip(amounts, details, strict=True)) if sum(amounts) == total else [(total, None)]

    @staticmethod
    def _texts(detail: Any) -> list[str]:
        paths = ["/".join("{*}" + step for step in path.split("/")) for path in _TEXTS]
        return [element.text or "" for path in paths for element in detail.findall(path)]

    # Fields.

    @staticmethod
    def _find(element: Any, path: str) -> Any:
        return element.find("/".join("{*}" + step for step in path.split("/")))

    def _plain(self, element: Any, path: str) -> str:
        found = self._find(element, path)
        return "" if found is None else (found.text or "").strip()

    def _text(self, element: Any, path: str, problem: str) -> str:
        text = self._plain(element, path)
        if not text:
            self.refuse(element, problem, "Ask the bank for a complete file")
            raise _Bad
        return text

    def _date(self, element: Any, path: str) -> str:
        """The day of a date or time; an empty text where there is none, which only a value date may be."""
        text = self._plain(element, f"{path}/Dt") or self._plain(element, f"{path}/DtTm")
        found = _DATE.match(text)
        if found is None and (text or path != "ValDt"):
            self.refuse(element, f"{path} is no date", "Ask the bank for a complete file")
            raise _Bad
        return found[1] if found else ""

    def _balance(self, element: Any, *codes: str) -> Any:
        for code in codes:
            for balance in element.findall("{*}Bal"):
                if self._plain(balance, "Tp/CdOrPrtry/Cd") == code:
                    return balance
        self.refuse(element, f"the statement has no balance {codes[0]}", "Ask the bank for whole days in one statement")
        raise _Bad

    def _signed(self, element: Any, account: BankAccount) -> int:
        """The amount of a balance or entry: positive for credit."""
        side = self._plain(element, "CdtDbtInd")
        found = self._find(element, "Amt")
        if side not in ("CRDT", "DBIT") or found is None:
            self.refuse(element, "an amount or its side is missing", "Ask the bank for a complete file")
            raise _Bad
        quanta = self._quanta(found, account)
        return quanta if side == "CRDT" else -quanta

    def _quanta(self, element: Any, account: BankAccount) -> int:
        if element.get("Ccy") != account.currency:
            self.refuse(element, "the currency is not the account's", "Configure the account with its own currency")
            raise _Bad
        try:
            return int(parse_amount((element.text or "").strip(), account.scale))
        except AmountError as error:
            self.refuse(element, str(error.reason), error.reason.remedy)
            raise _Bad from None


def _references(texts: Sequence[str]) -> tuple[str, ...]:
    """The creditor references in the texts, however they are spaced, each once and in order."""
    found: dict[str, None] = {}
    for text in texts:
        squeezed = "".join(character for character in text.upper() if character.isalnum())
        found.update({m[1]: None for m in _REFERENCE.finditer(squeezed) if is_creditor_reference(m[1])})
    return tuple(found)
