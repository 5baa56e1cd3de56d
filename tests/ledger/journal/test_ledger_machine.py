"""The ledger under any sequence of steps: six invariants after each one, and the plain ledger beside it.

Conservation; no component below zero; the derived identity; overdraft safety; hold accounting; and a refusal leaves
the state as it was, to the byte. What a refused client-made transfer may change is its own id, which is burnt.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.journal import (
    CHART,
    STICKY_RESULTS,
    AccountCode,
    AccountFlag,
    AccountKind,
    Ledger,
    MassPosting,
    ReasonCode,
    Result,
    Transfer,
    TransferFlag,
    claim_key,
    debt_key,
    house_key,
    make_id,
)
from tests.support.naive_ledger import NaiveLedger

START = 1_790_000_000_000_000
KEYS = [
    *(claim_key(who, asset) for asset in ("BTC", "USDC") for who in ("ann", "bob", "cyd")),
    debt_key("ann", "USDC"),
    debt_key("bob", "USDC"),
    claim_key("ann", "USDC", entity="other"),
    *(house_key(AccountCode.CUSTODY_WALLET, asset, "w") for asset in ("BTC", "USDC")),
    house_key(AccountCode.FEES, "USDC"),
    house_key(AccountCode.DUST, "USDC"),
    house_key(AccountCode.IN_TRANSIT, "USDC"),
    house_key(AccountCode.OTHER, "USDC", entity="other"),
]
ACCOUNTS = st.integers(0, len(KEYS) + 3)
AMOUNTS = st.integers(1, 50) | st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64, 2**126, 2**127 - 1])
FLAGS = st.sampled_from([0, 0, 2, 16, 18]).map(TransferFlag)


class LedgerMachine(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.ledger, self.naive = Ledger(), NaiveLedger()
        self.history = []
        self.refused = None
        self.numbers = 0
        self.sent = []
        self.holds = [2**90]
        self.command = 1
        self.ledger.begin(1, START)
        self.naive.now = START
        for key in KEYS:
            self.ledger.open(key)
        self.naive.keys = [self.ledger.key(account) for account in range(len(self.ledger))]
        self.naive.flags = [self.ledger.flags(account) for account in range(len(self.ledger))]
        for wallet, claim in self.deposits():
            assert self.ledger.post(wallet, claim, 1000, ReasonCode.DEPOSIT) == self.naive.post(wallet, claim, 1000)
        self.note()

    def deposits(self):
        find = self.ledger.find
        for asset in ("BTC", "USDC"):
            wallet = find(house_key(AccountCode.CUSTODY_WALLET, asset, "w"))
            yield from ((wallet, find(claim_key(who, asset))) for who in ("ann", "bob"))

    def note(self):
        self.history += self.ledger.drain_entries()
        self.sections = self.ledger.state_sections()

    def settle(self, result, *, ids=False):
        """Compare what was refused with what was there before."""
        if result:
            now = self.ledger.state_sections()
            for name in ("head", "accounts", "pending") + (() if ids else ("ids",)):
                assert now[name] == self.sections[name], f"a refusal changed {name}"
            assert self.ledger.drain_entries() == []
        self.note()

    @rule(debit=ACCOUNTS, credit=ACCOUNTS, amount=AMOUNTS)
    def post(self, debit, credit, amount):
        result = self.ledger.post(debit, credit, amount, ReasonCode.TRADE)
        assert result == self.naive.post(debit, credit, amount)
        self.settle(result)

    @rule(wallet=st.sampled_from([0, 1]), amount=AMOUNTS)
    def deposit(self, wallet, amount):
        """Large amounts get in this way, so that counters cross 2^63 and meet 2^127."""
        wallet, claim = list(self.deposits())[wallet * 2]
        result = self.ledger.post(wallet, claim, amount, ReasonCode.DEPOSIT)
        assert result == self.naive.post(wallet, claim, amount)
        self.settle(result)

    @rule(debit=ACCOUNTS, amount=AMOUNTS, credit=st.just(-1) | ACCOUNTS, wait=st.sampled_from([0, 0, 5, 9]))
    def hold(self, debit, amount, credit, wait):
        expires = self.naive.now + wait if wait else 0
        held = self.ledger.hold(debit, amount, ReasonCode.ORDER_HOLD, "", credit, expires)
        assert held == self.naive.hold(debit, amount, ReasonCode.ORDER_HOLD, credit, expires)
        if held > 0:
            self.holds.append(held)
        self.settle(held < 0)

    @rule(data=st.data(), amount=st.just(0) | AMOUNTS)
    def release(self, data, amount):
        hold = data.draw(st.sampled_from(self.holds))
        result = self.ledger.release(hold, amount)
        assert result == self.naive.release(hold, amount)
        self.settle(result)

    @rule(
        data=st.data(), amount=st.just(0) | AMOUNTS, credit=st.just(-1) | ACCOUNTS, keep=st.booleans(),
        freed=st.sampled_from([0, 0, 1, 9]),
    )  # fmt: skip
    def post_pending(self, data, amount, credit, keep, freed):
        hold = data.draw(st.sampled_from(self.holds))
        result = self.ledger.post_pending(hold, amount, credit, keep=keep, freed=freed)
        assert result == self.naive.post_pending(hold, amount, credit, keep, freed)
        self.settle(result)

    @rule(pairs=st.dictionaries(st.integers(0, len(KEYS) + 2), st.integers(-30, 30), min_size=1, max_size=5))
    def mass(self, pairs):
        accounts = tuple(sorted(pairs))
        amounts = [pairs[account] for account in accounts]
        amounts[-1] -= sum(amounts)
        mass = MassPosting(ReasonCode.INTEREST, accounts, tuple(amounts))
        result = self.ledger.post_mass(mass)
        assert result == self.naive.post_mass(mass)
        self.settle(result)

    @rule(step=st.integers(0, 6))
    def time_passes(self, step):
        self.command += 1
        self.naive.now += step
        self.ledger.begin(self.command, self.naive.now)
        self.note()

    @rule()
    def expire(self):
        assert self.ledger.expire() == self.naive.expire()
        self.note()

    @rule(
        rows=st.lists(
            st.tuples(ACCOUNTS, ACCOUNTS, AMOUNTS, FLAGS, st.booleans(), st.sampled_from([0, 7])),
            min_size=1,
            max_size=4,
        )
    )
    def transfers(self, rows):
        batch = []
        for debit, credit, amount, flags, linked, timeout in rows:
            self.numbers += 1
            debit, credit, amount = min(debit, len(KEYS) + 2), min(credit, len(KEYS) + 2), amount or 1
            credit = credit if credit != debit else (credit + 1) % len(KEYS)
            flags |= TransferFlag.LINKED if linked else 0
            timeout = timeout if flags & TransferFlag.PENDING else 0
            id = make_id(START, self.numbers)
            batch.append(
                Transfer(id, debit, credit, amount, ReasonCode.TRANSFER, flags=int(flags), timeout_micros=timeout)
            )
        self.send(batch)

    @rule(data=st.data(), void=st.booleans(), amount=st.just(0) | AMOUNTS)
    def end_hold(self, data, void, amount):
        self.numbers += 1
        flags = TransferFlag.VOID_PENDING if void else TransferFlag.POST_PENDING
        pending = data.draw(st.sampled_from(self.holds))
        id = make_id(START, self.numbers)
        self.send([Transfer(id, -1, -1, 0 if void else amount, 0, flags=int(flags), pending_id=pending)])

    def send(self, batch):
        results = self.ledger.apply(batch)
        assert results == self.naive.apply(batch)
        self.sent += batch
        self.holds += [transfer.id for transfer in batch]
        if all(results):
            burnt = any(result in STICKY_RESULTS for result in results)
            self.settle(True, ids=burnt)
        self.note()

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), more=st.integers(0, 1))
    def send_again(self, data, more):
        transfer = data.draw(st.sampled_from(self.sent))
        if transfer.flags & TransferFlag.LINKED or transfer.amount == 0:
            return
        results = self.ledger.apply([transfer._replace(amount=transfer.amount - more or transfer.amount)])
        naive = self.naive.apply([transfer._replace(amount=transfer.amount - more or transfer.amount)])
        assert results == naive
        self.note()

    @rule(account=st.integers(0, len(KEYS) + 2), what=st.sampled_from(["freeze", "thaw", "close"]))
    def set_flags(self, account, what):
        result = getattr(self.ledger, what)(account)
        self.naive.flags[account] = self.ledger.flags(account)
        if what == "close" and not result:
            assert self.naive.counter(account, 0) == self.naive.counter(account, 2) == 0
        self.note()

    @invariant()
    def conservation(self):
        assert all(line.difference == 0 for line in self.ledger.zero_sum_report())

    @invariant()
    def components_are_never_negative(self):
        for account in range(len(self.ledger)):
            assert min(self.ledger.balance(account)) >= 0

    @invariant()
    def derived_identity(self):
        """Counters are the sums of the plain ledger's moves, and follow from the rows."""
        for account in range(len(self.ledger)):
            assert tuple(self.ledger.balance(account)[:4]) == self.naive.counters(account)
        assert self.ledger.check(self.history) == []
        assert self.ledger.sequence == self.naive.sequence == len(self.history)

    @invariant()
    def overdraft_safety(self):
        for account in range(len(self.ledger)):
            kind = CHART[self.ledger.key(account).code].kind
            if kind is AccountKind.CLAIM:
                assert self.ledger.available(account) >= 0
            elif kind is AccountKind.DEBT:
                assert self.ledger.owed(account) >= 0

    @invariant()
    def hold_accounting(self):
        for account in range(len(self.ledger)):
            held = sum(hold.left for hold in self.naive.holds.values() if hold.debit == account)
            assert self.ledger.balance(account).debits_pending == held
            if AccountFlag.PENDING_ONLY in self.ledger.flags(account):
                assert self.ledger.balance(account).credits_posted == 0

    def teardown(self):
        """A checkpoint gives the same ledger, and the same next step."""
        if not hasattr(self, "ledger"):
            return
        again = Ledger.restore(self.ledger.checkpoint())
        assert again.state_hash() == self.ledger.state_hash()
        for ledger in (again, self.ledger):
            ledger.begin(self.command + 1, self.naive.now + 100)
            ledger.expire()
        assert again.drain_entries() == self.ledger.drain_entries()
        assert again.state_bytes() == self.ledger.state_bytes()


LedgerMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
TestLedgerMachine = LedgerMachine.TestCase


def test_the_results_that_burn_an_id_are_refusals():
    assert Result.OK not in STICKY_RESULTS
