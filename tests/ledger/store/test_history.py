"""Every answer about the past against a plain twin that kept everything, at every position."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.journal import AccountCode, AccountKind, EntryKind, MassEntry, MassPosting, ReasonCode, claim_key, house_key
from ledger.journal.chart import CHART
from ledger.store import Store, batch, fsck, history, open_at
from ledger.store.mass import find, pack, unpack
from ledger.store.snapshot import LiabilityRow
from tests.support.stored import Exchange, random_exchange

BOTH = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


def touched(entry, account):
    """The state of an account after an entry, as the entry notes it; None if it is not the entry's."""
    if isinstance(entry, MassEntry):
        return entry.after[entry.accounts.index(account)] if account in entry.accounts else None
    sides = {entry.debit: entry.debit_after, entry.credit: entry.credit_after}
    return sides.get(account, entry.contra_after if account == entry.contra else None)


def check_balances(session, exchange):
    accounts = len(exchange.ledger)
    for position, states in enumerate(exchange.states):
        expected = states + [(0, 0, 0, 0, 0)] * (accounts - len(states))
        assert [history.balance_at(session, account, position) for account in range(accounts)] == expected
        moved = {account: state for account, state in enumerate(states) if state.version}
        assert dict(history.balances_at(session, position)) == moved
    assert [history.balance_at(session, account) for account in range(accounts)] == exchange.states[-1]
    assert dict(history.balances_at(session)) == moved


def check_statements(session, exchange, ranges):
    for account in range(len(exchange.ledger)):
        for first, last in ranges:
            statement = history.statement(session, account, first, last)
            lines = list(statement.lines)
            expected = [
                (entry, touched(entry, account))
                for entry in exchange.entries
                if first <= entry.command <= last and touched(entry, account) is not None
            ]
            assert [(line.sequence, line.after) for line in lines] == [(entry.sequence, s) for entry, s in expected]
            for line, (entry, _) in zip(lines, expected, strict=True):
                assert (line.command, line.kind, line.reason) == (entry.command, entry.kind, entry.reason)
                assert (line.value_micros, line.posted_micros) == (entry.value_micros, entry.posted_micros)
                assert (line.price, line.reference) == (entry.price, entry.reference)
            opening, closing = statement.opening, statement.closing
            assert opening.posted_credit + sum(line.posted for line in lines) == closing.posted_credit
            assert opening.debits_pending + sum(line.held for line in lines) == closing.debits_pending


@BOTH
@given(seed=st.integers(0, 2**32), commands=st.integers(1, 25), largest=st.sampled_from([1000, 2**62, 2**70, 2**125]))
def test_every_answer_is_the_twins_at_every_position(database, seed, commands, largest):
    with patch.object(batch, "BLOCK_BITS", 2), patch.object(history, "BLOCK_BITS", 2):
        exchange = random_exchange(seed, commands, largest)
        place = database.new()
        with Store.open(*place) as store:
            for made in exchange.batches:
                store.write(made)
            with store.session() as session:
                assert list(history.entries(session)) == exchange.entries
                for position in range(1, commands + 1):
                    expected = [entry for entry in exchange.entries if entry.command == position]
                    assert list(history.entries_of(session, position)) == expected
                check_balances(session, exchange)
                check_statements(session, exchange, [(1, commands), (commands // 3 + 1, max(2 * commands // 3, 1))])
                for micros in {time + shift for time in exchange.times[1:] for shift in (-1, 0, 1)}:
                    expected_position = max(n for n, time in enumerate(exchange.times) if time <= micros)
                    assert history.position_at(session, micros) == expected_position
                assert fsck(session, exchange.records) == []
        check_snapshot(place, exchange)


def check_snapshot(place, exchange):
    ledger = exchange.ledger
    owed = {}
    for account in range(len(ledger)):
        key, amount = ledger.key(account), ledger.owed(account)
        kind = CHART[key.code].kind
        if kind in (AccountKind.CLAIM, AccountKind.DEBT) and amount:
            line = owed.setdefault((key.entity, key.asset, key.owner, key.subaccount), [0, 0])
            line[kind is AccountKind.DEBT] += amount
    with open_at(place[0], exchange.head.sequence, place[1]) as snapshot:
        rows = [(row.entity, row.asset, row.owner, row.subaccount, [row.claim, row.debt]) for row in snapshot.rows()]
        assert rows == [(*name, owed[name]) for name in sorted(owed)]
        assert snapshot.position.head == exchange.head
        columns = snapshot.columns()
        assert set(columns.owners) == {row[2] for row in rows} and list(columns.owners) == sorted(columns.owners)
        for position, states in enumerate(exchange.states):
            assert list(snapshot.columns(position).rows()) == owed_at(ledger, states)


def owed_at(ledger, states):
    """The lines of an earlier position, by the states that the accounts had then."""
    lines = {}
    for account, state in enumerate(states):
        key = ledger.key(account)
        kind = CHART[key.code].kind
        if kind in (AccountKind.CLAIM, AccountKind.DEBT) and state.posted_credit:
            line = lines.setdefault((key.entity, key.owner, key.subaccount, key.asset), [0, 0])
            line[kind is AccountKind.DEBT] += abs(state.posted_credit)
    order = sorted(lines, key=lambda name: (name[0], name[3], name[1], name[2]))
    return [LiabilityRow(*name, *lines[name]) for name in order]


def test_a_mass_posting_is_one_row_of_which_any_account_is_read(database):
    exchange = Exchange()
    names = [f"customer-{number}" for number in range(300)]

    def open_all(ledger):
        wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "hot-1"))
        for name in names:
            ledger.post(wallet, ledger.open(claim_key(name, "USDC")), 1_000, ReasonCode.DEPOSIT)

    def accrue(ledger):
        fees = ledger.open(house_key(AccountCode.FEES, "USDC"))
        claims = [ledger.find(claim_key(name, "USDC")) for name in names[::2]]
        lines = sorted([*((claim, 1 + claim % 7) for claim in claims), (fees, -sum(1 + c % 7 for c in claims))])
        accounts, amounts = zip(*lines, strict=True)
        assert not ledger.post_mass(MassPosting(ReasonCode.INTEREST, accounts, amounts, reference="hour-1"))

    for work in (open_all, accrue, lambda ledger: None, accrue):
        exchange.command(work)
        exchange.batch()
    with database.open() as store:
        for made in exchange.batches:
            store.write(made)
        with store.session() as session:
            assert list(history.entries(session)) == exchange.entries
            assert sum(entry.kind is EntryKind.MASS for entry in history.entries(session)) == 2
            check_balances(session, exchange)
            even, odd = (history.find_account(session, claim_key(name, "USDC")) for name in names[:2])
            lines = list(history.statement(session, even, 2).lines)
            assert [(line.posted, line.reference) for line in lines] == [(1 + even % 7, "hour-1")] * 2
            assert list(history.statement(session, odd, 2).lines) == []
            assert fsck(session) == []


@pytest.mark.parametrize("amount", [1, 2**63 - 1001, 2**63, 2**100])
def test_packed_columns_give_back_what_was_packed(amount):
    exchange = Exchange()

    def work(ledger):
        fees = ledger.open(house_key(AccountCode.FEES, "USDC"))
        claims = [ledger.open(claim_key(name, "USDC")) for name in ("alice", "bob")]
        assert not ledger.post_mass(MassPosting(ReasonCode.INTEREST, (fees, *claims), (-amount - 1, amount, 1)))

    exchange.command(work)
    (entry,) = exchange.entries
    packed = pack(entry)
    assert packed.width == (8 if amount < 2**63 - 1 else 16)
    lines = list(zip(entry.accounts, entry.amounts, entry.after, strict=True))
    assert list(unpack(packed)) == lines
    assert [find(packed, account) for account in range(5)] == [
        next(((change, after) for number, change, after in lines if number == account), None) for account in range(5)
    ]


def test_a_missing_movement_does_not_pass_as_a_statement(database):
    exchange = Exchange()

    def work(ledger):
        wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "BTC", "hot-1"))
        ledger.post(wallet, ledger.open(claim_key("alice", "BTC")), 5, ReasonCode.DEPOSIT)

    for _ in range(3):
        exchange.command(work)
    exchange.batch()
    with database.open() as store:
        store.write(exchange.batches[0])
        with store.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM entry WHERE sequence = 2")
        with store.session() as session, pytest.raises(AssertionError, match="no movement is missing"):
            list(history.statement(session, history.find_account(session, claim_key("alice", "BTC"))).lines)
