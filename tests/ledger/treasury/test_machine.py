"""Any stream of treasury commands: the books stay whole after each, and agree with a plain twin that counts exactly.

The twin knows no accounts and no holds: for each customer and asset one exact number (what came in for them, less what
was taken back, less what left), for each wallet one exact number. Amounts are in 10^-38, so that nothing is rounded.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger import events as facts
from ledger.canonical import canonical
from ledger.commands import (
    AdjustCustody,
    ApproveWithdrawal,
    ApproveWithdrawalByTwo,
    AssignReceipt,
    FailCustodyMove,
    FailWithdrawal,
    MoveBetweenSubaccounts,
    MoveCustody,
    NetworkFee,
    PauseTransfers,
    ReceiveDeposit,
    RejectWithdrawal,
    RepayDebt,
    RequestWithdrawal,
    ResumeTransfers,
    ReverseDeposit,
    SendWithdrawal,
    SettleCustodyMove,
    SettleWithdrawal,
    Tick,
)
from ledger.journal import AccountCode
from ledger.parameters import LOCK, PARAMETERS
from ledger.treasury.dust import quantum
from tests.support.treasury import CHAIN, PEOPLE, Treasury, address_of, limits, same_after_restart

ONE = quantum(9)
people = st.sampled_from(PEOPLE)
asset = "ETH"
LOCK_US = PARAMETERS[LOCK].default * 10**6
amounts = st.integers(0, 50)
# Boundaries of the quantum among them: nothing, the least, half, and one less than a whole.
dusts = st.sampled_from([0, 1, ONE // 2, ONE - 1])
fees = st.one_of(st.none(), st.builds(NetworkFee, st.just(asset), st.integers(0, 3), dusts))
wallets = st.sampled_from(["deposits", "hot"])
directions = st.sampled_from(["deposits", "withdrawals"])


COMMANDS = (
    "AdjustCustody AssignReceipt FailCustodyMove FailWithdrawal MoveBetweenSubaccounts MoveCustody ReceiveDeposit "
    "RejectWithdrawal RepayDebt RequestWithdrawal ReverseDeposit SendWithdrawal SettleCustodyMove SettleWithdrawal"
).split()


class Money(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.books = Treasury()
        self.number = 0
        self.receipts, self.requests, self.moves = [], [], []
        self.owed = defaultdict(int)
        self.held = defaultdict(int)
        self.nobodys = self.house = self.moving = 0
        self.counts = Counter()

    @initialize()
    def begin(self):
        self.books.open()
        self.books.capital(asset, 100)
        self.held["hot"] += 100 * ONE
        self.house += 100 * ONE
        for number in range(len(PEOPLE)):
            self.receive(number, 60, ONE // 2)
        self.tour()

    def tour(self):
        """Every command is carried out once in every stream, so that what follows meets all of them."""
        self.pay_out(PEOPLE[0], 5, "hot", NetworkFee(asset, 0, 1))
        self.spend_and_lose(1, 10)
        self.receive(3, 4, ONE - 1)
        self.give_receipt(self.waiting()[0], PEOPLE[2])
        for reject in (True, False):
            self.ask(PEOPLE[0], 2)
            self.end(self.requests[-1], None, "receipt", reject)
        for fails in (True, False):
            self.move(False, 3, 1)
            self.come(self.moves[-1], None, fails)
        self.adjust("hot", True, 1, 0)
        assert not [kind for kind in COMMANDS if not self.counts[kind, True]]

    def new(self):
        self.number += 1
        return f"{self.number:032x}"

    def give(self, command):
        """The refusal, or None; a refusal leaves every byte of the state as it was but the log's position and time."""
        before = self.sections()
        refusal = self.books.refusal(command)
        self.counts[type(command).__name__, refusal is None] += 1
        if refusal is not None:
            assert self.sections() == before
        return refusal

    def custody(self, wallet):
        """The quanta of a wallet's account."""
        return {name: quanta for name, held, quanta, _ in self.books.engine.custody.holdings() if held == asset}[wallet]

    def sections(self):
        return {name: data for name, data in self.books.engine.sections().items() if not name.endswith("head")}

    # Deposits.

    @rule(number=st.integers(0, 3), amount=amounts, dust=dusts)
    def receive(self, number, amount, dust):
        evidence = self.new()
        if self.give(ReceiveDeposit(CHAIN, address_of(number), "deposits", asset, amount, dust, evidence)) is None:
            exact = amount * ONE + dust
            self.held["deposits"] += exact
            deposit = self.books.engine.deposits.deposits[evidence]
            if deposit.state == "held":
                self.nobodys += exact
            else:
                assert deposit.account == PEOPLE[number]
                self.owed[deposit.account] += exact
            self.receipts.append([evidence, exact])

    @precondition(lambda self: self.receipts)
    @rule(data=st.data())
    def take_back(self, data):
        self.reverse(*data.draw(st.sampled_from(self.receipts)))

    def reverse(self, evidence, exact):
        deposit = self.books.engine.deposits.deposits[evidence]
        state, account = deposit.state, deposit.account
        before = self.books.exact("deposits", asset)
        if self.give(ReverseDeposit(evidence, "gone")) is None:
            assert state != "reversed"
            # What the books of the wallet do not have is the house's until somebody writes it off by hand.
            short = self.books.exact("deposits", asset) - (before - exact)
            assert short >= 0 and (short == 0 or self.custody("deposits") == 0)
            self.held["deposits"] -= exact - short
            self.house += short
            if state == "held":
                self.nobodys -= exact
            elif state == "capital":
                self.house -= exact
            else:
                self.owed[account] -= exact

    def waiting(self):
        deposits = self.books.engine.deposits.deposits
        return [receipt for receipt in self.receipts if deposits[receipt[0]].state == "held"]

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), account=st.one_of(st.none(), people))
    def assign(self, data, account):
        self.give_receipt(data.draw(st.sampled_from(self.waiting())), account)

    def give_receipt(self, receipt, account):
        evidence, exact = receipt
        if self.give(AssignReceipt(evidence, account, "", "case")) is None:
            self.nobodys -= exact
            if account is None:
                self.house += exact
            else:
                self.owed[account] += exact

    @rule(kind=st.sampled_from([PauseTransfers, ResumeTransfers, ResumeTransfers]), direction=directions)
    def pause(self, kind, direction):
        self.give(kind(asset, direction, "test"))

    # Customers' own.

    @rule(account=people, amount=st.integers(1, 40), back=st.booleans())
    def shift(self, account, amount, back):
        ends = ("bot", "") if back else ("", "bot")
        self.give(MoveBetweenSubaccounts(account, *ends, asset, amount))

    @rule(account=people, off=st.sampled_from([0, 0, 1]))
    def repay(self, account, off):
        _, debt = self.books.claim(account, asset)
        self.give(RepayDebt(account, "", asset, debt + off or 1))

    @rule(number=st.integers(0, 2), amount=st.integers(1, 40))
    def spend_and_lose(self, number, amount):
        """A receipt is moved away, reversed, and the customer pays for it."""
        self.receive(number, amount, 1)
        evidence, exact = self.receipts[-1]
        everything = max(1, self.books.claim(PEOPLE[number], asset)[0])
        self.shift(PEOPLE[number], everything, False)
        self.reverse(evidence, exact)
        self.shift(PEOPLE[number], everything, True)
        self.repay(PEOPLE[number], 0)

    # Withdrawals.

    @rule(
        fee=st.integers(0, 3),
        one=st.sampled_from([5, 2**63 - 1]),
        two=st.sampled_from([20, 2**63 - 1]),
        after=st.sampled_from([1, LOCK_US]),
    )
    def set_policy(self, fee, one, two, after):
        command = limits(asset, fee=fee, one_operator_from=one, two_operators_from=two, daily_limit=60)
        assert self.give(command) is None
        assert self.books.refusal(Tick(), after) is None

    @rule(account=people, amount=st.integers(1, 25))
    def ask(self, account, amount):
        request = self.new()
        if self.give(RequestWithdrawal(account, "", asset, amount, "0x" + "cd" * 20, request)) is None:
            self.requests.append(request)

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), kind=st.sampled_from([ApproveWithdrawal, ApproveWithdrawalByTwo]))
    def approve(self, data, kind):
        self.give(kind(data.draw(st.sampled_from(self.requests))))

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), wallet=wallets, off=st.sampled_from([0, 0, 0, 1, -1]))
    def send(self, data, wallet, off):
        self.hand_over(data.draw(st.sampled_from(self.requests)), wallet, off)

    def hand_over(self, request, wallet, off):
        nonce = (self.books.engine.custody.next_nonce(wallet, "0xaa") or 0) + off
        before = self.books.engine.withdrawals.withdrawals[request].state
        if nonce >= 0 and self.give(SendWithdrawal(request, wallet, "0xaa", nonce, "ab")) is None:
            assert before in ("held", "approved")
            amount = self.books.engine.withdrawals.withdrawals[request].amount * ONE
            self.held[wallet] -= amount
            self.moving += amount

    def pay(self, wallet, fee):
        exact = 0 if fee is None else fee.amount * ONE + fee.dust
        self.held[wallet] -= exact
        self.house -= exact

    @rule(account=people, amount=st.integers(1, 25), wallet=wallets, fee=fees)
    def pay_out(self, account, amount, wallet, fee):
        """All the way, as far as the rules of the moment let it."""
        before = len(self.requests)
        self.ask(account, amount)
        if len(self.requests) > before:
            request = self.requests[-1]
            self.give(ApproveWithdrawalByTwo(request))
            self.hand_over(request, wallet, 0)
            self.finish(request, fee)

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), fee=fees)
    def settle(self, data, fee):
        self.finish(data.draw(st.sampled_from(self.requests)), fee)

    def finish(self, request, fee):
        if self.give(SettleWithdrawal(request, "evidence", fee)) is None:
            done = self.books.engine.withdrawals.withdrawals[request]
            self.moving -= done.amount * ONE
            self.owed[done.account] -= (done.amount + done.fee) * ONE
            self.house += done.fee * ONE
            self.pay(done.wallet, fee)

    @precondition(lambda self: self.books.engine.withdrawals.open_requests())
    @rule(data=st.data(), fee=fees, evidence=st.sampled_from([None, "receipt"]), reject=st.booleans())
    def fail(self, data, fee, evidence, reject):
        self.end(data.draw(st.sampled_from(self.books.engine.withdrawals.open_requests())), fee, evidence, reject)

    def end(self, request, fee, evidence, reject):
        before = self.books.engine.withdrawals.withdrawals[request].state
        command = RejectWithdrawal(request, "r") if reject else FailWithdrawal(request, "r", evidence, fee)
        if self.give(command) is None and before == "sent":
            done = self.books.engine.withdrawals.withdrawals[request]
            assert evidence is not None and not reject
            self.moving -= done.amount * ONE
            self.held[done.wallet] += done.amount * ONE
            self.pay(done.wallet, fee)

    # The exchange's own.

    @rule(back=st.booleans(), amount=amounts, dust=dusts)
    def move(self, back, amount, dust):
        name, ends = self.new(), ("hot", "deposits") if back else ("deposits", "hot")
        nonce = self.books.engine.custody.next_nonce(ends[0], "0xbb") or 0
        if self.give(MoveCustody(name, *ends, asset, amount, dust, "0xbb", nonce, "ab")) is None:
            self.held[ends[0]] -= amount * ONE + dust
            self.moving += amount * ONE + dust
            self.moves.append(name)

    @precondition(lambda self: self.moves)
    @rule(data=st.data(), fee=fees, fails=st.booleans())
    def arrive(self, data, fee, fails):
        self.come(data.draw(st.sampled_from(self.moves)), fee, fails)

    def come(self, name, fee, fails):
        kind = FailCustodyMove if fails else SettleCustodyMove
        if self.give(kind(name, "evidence", fee)) is None:
            move = self.books.engine.custody.moves[name]
            exact = move.amount * ONE + move.dust
            self.moving -= exact
            self.held[move.source if fails else move.target] += exact
            self.pay(move.source, fee)

    @rule(wallet=wallets, inward=st.booleans(), amount=amounts, dust=dusts)
    def adjust(self, wallet, inward, amount, dust):
        direction = "in" if inward else "out"
        if self.give(AdjustCustody(wallet, asset, direction, amount, dust, "r", "x")) is None:
            exact = (amount * ONE + dust) * (1 if inward else -1)
            self.held[wallet] += exact
            self.house += exact

    # What holds after each.

    @invariant()
    def the_books_are_whole(self):
        if self.books.commands:
            self.books.check()

    @invariant()
    def the_twin_agrees(self):
        engine, dust = self.books.engine, self.books.engine.custody.dust
        for person in PEOPLE:
            claim, debt = self.books.claim(person, asset)
            below = sum(amount for (account, _, _), amount in dust.owed.items() if account == person)
            assert (claim - debt) * ONE + below == self.owed[person]
        for wallet in ("deposits", "hot"):
            assert self.books.exact(wallet, asset) == self.held[wallet]
        sums = self.books.sums(asset)
        assert sums[AccountCode.RECEIPTS_UNCREDITED] * ONE + dust.uncredited.get(asset, 0) == self.nobodys
        house = sums[AccountCode.OTHER] + sums[AccountCode.FEES]
        assert house * ONE + dust.house.get(asset, 0) == self.house
        assert sums[AccountCode.IN_TRANSIT] * ONE + dust.transit.get(asset, 0) == self.moving
        assert not any(isinstance(event, facts.BalanceChanged) and event.claim < 0 for event in self.books.events)
        assert canonical(engine.withdrawals.document())

    def teardown(self):
        if self.books.commands:
            same_after_restart(self.books.engine)
            assert self.books.replayed().state_hash() == self.books.engine.state_hash()


Money.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestMoney = Money.TestCase
