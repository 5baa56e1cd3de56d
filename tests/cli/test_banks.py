"""Statements into the log: once, in order, over a crash between log and file; payouts end by their debit."""

from __future__ import annotations

import pytest

from cli.exchange.banks import BankTreasury
from ledger.commands import AssignAddress, AssignReceipt, RequestWithdrawal, SendWithdrawal
from ledger.errors import InputErrors
from ledger.treasury.books import EngineBooks
from ledger.treasury.deposits import payment_reference
from ledger.treasury.dust import quantum
from ledger.treasury.reconcile import reconcile
from por.reserves.bank import BankAccount, creditor_reference
from tests.por.reserves.test_bank import IBAN, detail, document, entry, statement
from tests.support.treasury import BANK, PEOPLE, Treasury

WHO = PEOPLE[0]
CODE = creditor_reference(b"secret", 1, 0)
ACCOUNTS = {IBAN: BankAccount("bank-1", "EUR", "USD", 2)}
REQUEST = "f" * 32


class World:
    def __init__(self, folder):
        self.books, self.folder = Treasury().open(), folder
        self.books.give(AssignAddress(WHO, "", BANK, CODE, None))
        self.restart()

    def restart(self):
        submit = self.books.refusal
        self.banks = BankTreasury(EngineBooks(self.books.engine), submit, ACCOUNTS, self.folder / "banks.json")

    def take(self, rows, opening, closing, name):
        return self.banks.take(document(statement(rows, opening, closing, name)), "bank.xml")

    def unexplained(self):
        holdings = [each for each in EngineBooks(self.books.engine).holdings() if each.asset == "USD"]
        done = reconcile(self.books.engine.time_us, holdings, [], self.banks.readings({"USD": 2}))
        return [line.unexplained for line in done.differences]


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.books.check()


def test_a_payment_with_a_reference_is_credited_and_one_without_waits(world):
    rows = entry("100.00", details=[detail(text=CODE)], reference="a") + entry("7.50", reference="b")
    assert world.take(rows, "0", "107.50", "S1") == []
    assert world.books.claim(WHO, "USD") == (10_000, 0) and world.unexplained() == []
    held = [key for key, each in world.books.engine.deposits.deposits.items() if each.state == "held"]
    world.books.give(AssignReceipt(held[0], WHO, "", "they called"))
    assert world.books.claim(WHO, "USD") == (10_750, 0)


def test_a_statement_is_taken_once_whenever_the_process_ends(world):
    rows = entry("100.00", details=[detail(text=CODE)])
    assert world.take(rows, "0", "100", "S1") == []
    world.restart()
    with pytest.raises(InputErrors, match="taken before"):
        world.take(rows, "0", "100", "S1")
    (world.folder / "banks.json").unlink()  # as if the process had ended between the log and the file
    world.restart()
    assert world.take(rows, "0", "100", "S1") == []
    assert world.books.claim(WHO, "USD") == (10_000, 0)
    world.restart()
    assert world.take(entry("1", details=[detail(text=CODE)], reference="z"), "100", "101", "S2") == []
    assert world.books.claim(WHO, "USD") == (10_100, 0)


def test_a_payout_ends_by_the_debit_that_names_it_and_other_debits_are_told(world):
    world.take(entry("100.00", details=[detail(text=CODE)]), "0", "100", "S1")
    assert world.books.refusal(RequestWithdrawal(WHO, "", "USD", 4_000, "account-7", REQUEST)) is None
    assert world.books.refusal(SendWithdrawal(REQUEST, "bank-1", "", None, b"<pain.001/>".hex())) is None
    rows = entry("40.00", "DBIT", reference="p", details=[detail(end_to_end=payment_reference(REQUEST))])
    rows += entry("1.25", "DBIT", reference="q", details=[detail(text="account charges")])
    troubles = world.take(rows, "100", "58.75", "S2")
    assert [trouble.problem for trouble in troubles] == ["it names nothing that is known"]
    assert world.books.engine.withdrawals.withdrawals[REQUEST].state == "settled"
    assert world.books.claim(WHO, "USD") == (6_000, 0)
    assert world.unexplained() == [-125 * quantum(2)], "the charges, until somebody books them"


def test_an_account_without_a_statement_is_unread(world):
    assert world.unexplained() == [None]
