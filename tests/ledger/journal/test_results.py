"""Every named result, in a table: what was there, what was asked, what the answer is, and what the counters are then.

One line is one transfer: id, debit, credit, amount, then flags and fields, then `-> RESULT`. Linked lines go in one
batch with the line that ends their chain. `at N` moves time, `a = dp d cp c` states the four counters. Accounts: w the
wallet, a and b claims, d a debt, h the book's HELD, f fees, all of USDC; x a claim in BTC, o one of another entity, n
none. The wallet has put 100 into a.
"""

from __future__ import annotations

import pytest

from ledger.journal import (
    AccountCode,
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

START = 1_790_000_000_000_000
MAX = 2**127 - 1
WORDS = {"MAX": MAX, "MAX+1": MAX + 1, "T": 2**63 - 1}

CASES = {
    "a transfer": "1 a b 60 -> OK\n a = 0 60 0 100\n b = 0 0 0 60",
    "the limit: under": "1 a b 99 -> OK",
    "the limit: exact": "1 a b 100 -> OK\n a = 0 100 0 100",
    "the limit: over": "1 a b 101 -> EXCEEDS_CREDITS\n a = 0 0 0 100",
    "a hold counts against": "1 a b 60 pending -> OK\n 2 a b 41 -> EXCEEDS_CREDITS\n a = 60 0 0 100",
    "an incoming hold does not count for": "1 a b 60 pending -> OK\n 2 b a 1 -> EXCEEDS_CREDITS\n b = 0 0 60 0",
    "posted in part": "1 a b 60 pending -> OK\n 2 - - 20 post of=1 -> OK\n a = 0 20 0 100\n b = 0 0 0 20",
    "posted whole": "1 a b 60 pending -> OK\n 2 - - 0 post of=1 -> OK\n a = 0 60 0 100",
    "void": "1 a b 60 pending -> OK\n 2 - - 0 void of=1 -> OK\n a = 0 0 0 100\n b = 0 0 0 0",
    "a chain": "1 a b 60 linked -> OK\n 2 b a 10 -> OK\n a = 0 60 0 110",
    "a broken chain": (
        "1 a b 60 linked -> LINKED_EVENT_FAILED\n 2 a b 60 linked -> EXCEEDS_CREDITS\n"
        " 3 b a 1 -> LINKED_EVENT_FAILED\n a = 0 0 0 100\n"
        " 4 a b 1 -> OK\n 1 a b 60 -> OK\n 2 a b 60 -> ID_ALREADY_FAILED"
    ),
    "an open chain": (
        "1 a b 60 linked -> LINKED_EVENT_FAILED\n 2 a b 1 linked -> LINKED_EVENT_CHAIN_OPEN\n a = 0 0 0 100"
    ),
    "a chain takes back the end of a hold": (
        "1 a b 60 pending -> OK\n 2 - - 0 void of=1 linked -> LINKED_EVENT_FAILED\n 3 b a 1 -> EXCEEDS_CREDITS\n"
        " a = 60 0 0 100\n 4 - - 0 post of=1 -> OK"
    ),
    "no id": "id=0 a b 1 -> ID_MUST_NOT_BE_ZERO",
    "the largest id": "id=340282366920938463463374607431768211455 a b 1 -> ID_MUST_NOT_BE_MAX",
    "an id without time": "id=7 a b 1 -> ID_MUST_CARRY_TIME",
    "an old id": "forget 1\n 1 a b 1 -> ID_TOO_OLD",
    "an id of tomorrow": "id=future a b 1 -> ID_TIME_AHEAD",
    "again": "1 a b 1 -> OK\n 1 a b 1 -> EXISTS\n a = 0 1 0 100",
    "again with other flags": "1 a b 1 -> OK\n 1 a b 1 pending -> EXISTS_WITH_DIFFERENT_FLAGS",
    "again with another hold": (
        "1 a b 1 pending -> OK\n 2 a b 1 pending -> OK\n 3 - - 0 post of=1 -> OK\n"
        " 3 - - 0 post of=2 -> EXISTS_WITH_DIFFERENT_PENDING_ID"
    ),
    "again with another timeout": (
        "1 a b 1 pending timeout=5 -> OK\n 1 a b 1 pending timeout=6 -> EXISTS_WITH_DIFFERENT_TIMEOUT"
    ),
    "again from another": "1 a b 1 -> OK\n 1 f b 1 -> EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT",
    "again to another": "1 a b 1 -> OK\n 1 a f 1 -> EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT",
    "again with more": "1 a b 1 -> OK\n 1 a b 2 -> EXISTS_WITH_DIFFERENT_AMOUNT",
    "again for another reason": "1 a b 1 -> OK\n 1 a b 1 reason=2 -> EXISTS_WITH_DIFFERENT_REASON",
    "again with another date": "1 a b 1 -> OK\n 1 a b 1 value=5 -> EXISTS_WITH_DIFFERENT_VALUE_TIME",
    "again at another price": "1 a b 1 price=1 -> OK\n 1 a b 1 price=2 -> EXISTS_WITH_DIFFERENT_PRICE",
    "again with another reference": "1 a b 1 -> OK\n 1 a b 1 reference=z -> EXISTS_WITH_DIFFERENT_REFERENCE",
    "failed for good": "1 b a 1 -> EXCEEDS_CREDITS\n 2 a b 5 -> OK\n 1 b a 1 -> ID_ALREADY_FAILED",
    "a wrong form burns nothing": "1 a b 0 -> AMOUNT_MUST_NOT_BE_ZERO\n 1 a b 1 -> OK",
    "a flag of another version": "1 a b 1 raw=64 -> FLAGS_ARE_UNKNOWN",
    "post and void": "1 - - 0 post void of=9 -> FLAGS_ARE_MUTUALLY_EXCLUSIVE",
    "post and hold": "1 - - 0 post pending of=9 -> FLAGS_ARE_MUTUALLY_EXCLUSIVE",
    "too large": "1 a b MAX+1 -> AMOUNT_OUT_OF_RANGE",
    "below zero": "1 a b -1 -> AMOUNT_OUT_OF_RANGE",
    "no reason": "1 a b 1 reason=0 -> REASON_UNKNOWN",
    "no such date": "1 a b 1 value=-1 -> VALUE_TIME_OUT_OF_RANGE",
    "no such price": "1 a b 1 price=-1 -> PRICE_OUT_OF_RANGE",
    "a reference at its limit": "1 a b 1 reference=" + "r" * 128 + " -> OK",
    "a long reference": "1 a b 1 reference=" + "é" * 65 + " -> REFERENCE_TOO_LONG",
    "a timeout without hold": "1 a b 1 timeout=5 -> TIMEOUT_RESERVED_FOR_PENDING",
    "a timeout below zero": "1 a b 1 pending timeout=-5 -> TIMEOUT_OUT_OF_RANGE",
    "a hold that is not ended": "1 a b 1 of=9 -> PENDING_ID_MUST_BE_ZERO",
    "the end of no hold": "1 - - 0 post -> PENDING_ID_MUST_NOT_BE_ZERO",
    "the end of itself": "1 - - 0 post of=1 -> PENDING_ID_MUST_BE_DIFFERENT",
    "to itself": "1 a a 1 -> ACCOUNTS_MUST_BE_DIFFERENT",
    "no such hold": "1 - - 0 post of=9 -> PENDING_TRANSFER_NOT_FOUND\n 1 - - 0 post of=9 -> ID_ALREADY_FAILED",
    "the end of a transfer": "1 a b 1 -> OK\n 2 - - 0 post of=1 -> PENDING_TRANSFER_NOT_PENDING",
    "posted twice": (
        "1 a b 1 pending -> OK\n 2 - - 0 post of=1 -> OK\n 3 - - 0 post of=1 -> PENDING_TRANSFER_ALREADY_POSTED"
    ),
    "void, then posted": (
        "1 a b 1 pending -> OK\n 2 - - 0 void of=1 -> OK\n 3 - - 0 post of=1 -> PENDING_TRANSFER_ALREADY_VOIDED"
    ),
    "a hold before its end": "1 a b 1 pending timeout=5 -> OK\n at 4\n 2 - - 0 post of=1 -> OK",
    "a hold at its end": "1 a b 1 pending timeout=5 -> OK\n at 5\n 2 - - 0 post of=1 -> PENDING_TRANSFER_EXPIRED",
    "a hold after its end": (
        "1 a b 1 pending timeout=5 -> OK\n at 6\n expire\n a = 0 0 0 100\n"
        " 2 - - 0 void of=1 -> PENDING_TRANSFER_EXPIRED"
    ),
    "a hold of another": (
        "1 a b 1 pending -> OK\n 2 f b 0 post of=1 -> PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT\n"
        " 3 a f 0 post of=1 -> PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT\n"
        " 4 a b 0 post of=1 reason=2 -> PENDING_TRANSFER_HAS_DIFFERENT_REASON\n"
        " 5 a b 0 post of=1 reason=19 -> OK"
    ),
    "void in part": "1 a b 3 pending -> OK\n 2 - - 2 void of=1 -> PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT",
    "more than was held": "1 a b 3 pending -> OK\n 2 - - 4 post of=1 -> EXCEEDS_PENDING_TRANSFER_AMOUNT",
    "from nobody": "1 n b 1 -> DEBIT_ACCOUNT_NOT_FOUND\n 1 n b 1 -> ID_ALREADY_FAILED",
    "to nobody": "1 a n 1 -> CREDIT_ACCOUNT_NOT_FOUND",
    "a hold against nobody": "1 a - 1 pending -> CREDIT_ACCOUNT_NOT_FOUND",
    "across entities": "1 a o 1 -> ACCOUNTS_MUST_HAVE_THE_SAME_ENTITY",
    "across assets": "1 a x 1 -> ACCOUNTS_MUST_HAVE_THE_SAME_ASSET",
    "from a closed account": "close b\n 1 b a 1 -> DEBIT_ACCOUNT_CLOSED",
    "to a closed account": "close b\n 1 a b 1 -> CREDIT_ACCOUNT_CLOSED",
    "from a frozen account": "freeze a\n 1 a b 1 -> DEBIT_ACCOUNT_FROZEN\n 2 w a 1 -> OK\n thaw a\n 3 a b 1 -> OK",
    "a frozen hold still ends": "1 a b 5 pending -> OK\n freeze a\n 2 - - 2 post of=1 -> OK\n a = 0 2 0 100",
    "from HELD": "1 h b 1 -> DEBIT_ACCOUNT_TAKES_HOLDS_ONLY",
    "a hold on HELD": "1 h b 1 pending -> DEBIT_ACCOUNT_TAKES_HOLDS_ONLY",
    "to HELD": "1 a h 1 -> CREDIT_ACCOUNT_TAKES_HOLDS_ONLY",
    "a hold against HELD": "1 a h 1 pending -> OK\n 2 - - 1 post of=1 -> CREDIT_ACCOUNT_TAKES_HOLDS_ONLY",
    "debits at their limit": "1 f b MAX -> OK\n f = 0 MAX 0 0\n 2 f a 1 -> OVERFLOWS_DEBITS",
    "credits at their limit": "1 f b MAX -> OK\n 2 w b 1 -> OVERFLOWS_CREDITS",
    "counters cross 2^63": "1 f b 9223372036854775807 -> OK\n 2 f b 2 -> OK\n b = 0 0 0 9223372036854775809",
    "no end of time": "1 a b 1 pending timeout=T -> OVERFLOWS_TIMEOUT",
    "a debt repaid: exact": "1 d a 7 -> OK\n 2 a d 7 -> OK\n d = 0 7 0 7",
    "a debt repaid: over": "1 d a 7 -> OK\n 2 a d 8 -> EXCEEDS_DEBITS",
    "sweep what is there": (
        "1 a b 500 balancing_debit -> OK\n a = 0 100 0 100\n 2 a b 1 balancing_debit -> EXCEEDS_CREDITS"
    ),
    "sweep beside a hold": "1 a b 30 pending -> OK\n 2 a b 500 balancing_debit -> OK\n a = 30 70 0 100",
    "repay what is owed": (
        "1 d a 7 -> OK\n 2 a d 50 balancing_credit -> OK\n a = 0 7 0 107\n 3 a d 1 balancing_credit -> EXCEEDS_DEBITS"
    ),
    "both balances": "1 d b 7 -> OK\n 2 b d 50 balancing_debit balancing_credit -> OK\n b = 0 7 0 7",
    "sweep from nobody": "1 n b 1 balancing_debit -> DEBIT_ACCOUNT_NOT_FOUND",
    "sweep from a frozen account": "freeze b\n 1 b a 1 balancing_debit -> DEBIT_ACCOUNT_FROZEN",
    "the lowest number wins": (
        "freeze b\n close d\n 1 b d 0 timeout=5 -> AMOUNT_MUST_NOT_BE_ZERO\n 2 b d 1 -> CREDIT_ACCOUNT_CLOSED"
    ),
    "close with a balance": "close a -> ACCOUNT_HAS_BALANCE",
    "close under a hold": "1 f b 5 pending -> OK\n close b -> ACCOUNT_HAS_PENDING",
    "mass: a posting": "mass a:-5 b:3 f:2 -> OK\n a = 0 5 0 100\n f = 0 0 0 2",
    "mass: nothing": "mass -> MASS_POSTING_EMPTY",
    "mass: a zero": "mass a:0 b:0 -> MASS_POSTING_EMPTY",
    "mass: out of order": "mass b:1 a:-1 -> MASS_POSTING_OUT_OF_ORDER",
    "mass: not zero": "mass a:-1 b:2 -> MASS_POSTING_NOT_ZERO_SUM",
    "mass: one without means": "mass a:1 b:-1 -> EXCEEDS_CREDITS\n a = 0 0 0 100",
    "mass: a frozen account takes part": "freeze a\n mass a:-1 b:1 -> OK",
    "mass: to nobody": "mass a:-1 n:1 -> CREDIT_ACCOUNT_NOT_FOUND",
    "mass: across assets": "mass a:-1 x:1 -> ACCOUNTS_MUST_HAVE_THE_SAME_ASSET",
}


class Table:
    """Reads the lines of a case and holds the ledger to them."""

    def __init__(self):
        self.ledger = Ledger()
        self.ledger.begin(1, START)
        keys = {
            "w": house_key(AccountCode.CUSTODY_WALLET, "USDC", "wallet"),
            "a": claim_key("ann", "USDC"),
            "b": claim_key("bob", "USDC"),
            "d": debt_key("ann", "USDC"),
            "f": house_key(AccountCode.FEES, "USDC"),
            "h": house_key(AccountCode.HELD, "USDC"),
            "x": claim_key("ann", "BTC"),
            "o": claim_key("ann", "USDC", entity="other"),
        }
        self.accounts = {"n": 99, "-": -1, **{name: self.ledger.open(key) for name, key in keys.items()}}
        assert not self.ledger.post(self.accounts["w"], self.accounts["a"], 100, ReasonCode.DEPOSIT)
        self.history = self.ledger.drain_entries()
        self.batch, self.expected, self.results = [], [], set()

    def run(self, text):
        for line in map(str.strip, text.split("\n")):
            request, _, answer = line.partition(" -> ")
            words = request.split()
            if words[0] in self.accounts and words[1:2] == ["="]:
                counters = tuple(WORDS.get(word) or int(word) for word in words[2:])
                assert tuple(self.ledger.balance(self.accounts[words[0]])[:4]) == counters, line
            elif hasattr(self, f"do_{words[0]}"):
                self.answer(getattr(self, f"do_{words[0]}")(*words[1:]), answer or "OK")
            else:
                self.transfer(words, answer)
        self.flush()
        self.history += self.ledger.drain_entries()
        assert self.ledger.check(self.history) == []
        assert Ledger.restore(self.ledger.checkpoint()).state_bytes() == self.ledger.state_bytes()

    def answer(self, result, name):
        assert result in (Result[name], None), f"{result!r} instead of {name}"
        self.results.add(Result[name])

    def transfer(self, words, answer):
        id, debit, credit, amount, *rest = words
        fields, flags = {}, 0
        for word in rest:
            name, _, value = word.partition("=")
            if not value:
                name = {"post": "post_pending", "void": "void_pending"}.get(name, name)
                flags |= TransferFlag[name.upper()]
            elif name == "raw":
                flags |= int(value)
            else:
                key = {"of": "pending_id", "timeout": "timeout_micros", "value": "value_micros"}.get(name, name)
                fields[key] = value if name == "reference" else WORDS.get(value) or int(value)
        if "pending_id" in fields:
            fields["pending_id"] = make_id(START, fields["pending_id"])
        ends = flags & (TransferFlag.POST_PENDING | TransferFlag.VOID_PENDING)
        fields.setdefault("reason", 0 if ends else int(ReasonCode.TRANSFER))
        number = WORDS.get(amount) or int(amount)
        self.batch.append(
            Transfer(self.id(id), self.accounts[debit], self.accounts[credit], number, flags=int(flags), **fields)
        )
        self.expected.append(answer)
        if not flags & TransferFlag.LINKED:
            self.flush()

    @staticmethod
    def id(word):
        if word == "id=future":
            return make_id(START + 3_600_001_000, 1)
        return int(word[3:]) if word.startswith("id=") else make_id(START, int(word))

    def flush(self):
        results = self.ledger.apply(self.batch)
        assert [result.name for result in results] == self.expected
        self.results |= set(results)
        self.batch, self.expected = [], []

    def do_at(self, micros):
        self.ledger.begin(2, START + int(micros))

    def do_expire(self):
        self.ledger.expire()

    def do_forget(self, after):
        self.ledger.forget(START // 1000 + int(after))

    def do_close(self, name):
        return self.ledger.close(self.accounts[name])

    def do_freeze(self, name):
        self.ledger.freeze(self.accounts[name])

    def do_thaw(self, name):
        self.ledger.thaw(self.accounts[name])

    def do_mass(self, *lines):
        pairs = [line.split(":") for line in lines]
        accounts = tuple(self.accounts[name] for name, _ in pairs)
        return self.ledger.post_mass(
            MassPosting(ReasonCode.INTEREST, accounts, tuple(int(amount) for _, amount in pairs))
        )


@pytest.mark.parametrize("case", CASES)
def test_the_answer(case):
    Table().run(CASES[case])


def test_every_result_is_reached():
    reached = set()
    for text in CASES.values():
        table = Table()
        table.run(text)
        reached |= table.results
    assert set(Result) - reached == set()


def test_the_precedence_has_no_gap_and_no_result_is_without_its_number():
    assert [int(result) for result in Result] == list(range(len(Result)))
