"""The door in front of a real log: what goes in, what is refused and recorded, and what is taken once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.authority import API_POLICY, Denial, Requirement
from ledger.canonical import parse_file
from ledger.door import Accepted, CommandDoor, Fault, RefusalLog, Refused, Submission
from ledger.keyring import At, KeyEntry, Keyring, Permission, Role
from ledger.keys import SigningKey
from ledger.log import CommandLog, Door, OnBehalf, Scheme, Signed, genesis_hash
from ledger.signatures import COMMAND_WINDOW_US, api_string, command_bytes, sign_api, sign_command, verify_one

X = "door.test"
GENESIS = genesis_hash(X, b"{}")
NOW = 1_700_000_000_000_000
ALICE, BOB, OP_A, OP_B, OP_C = (SigningKey(bytes([n]) * 32) for n in range(1, 6))
POLICY = {
    **API_POLICY,
    "order.place": Requirement(frozenset({Role.CUSTOMER, Role.SESSION}), Permission.TRADE),
    "correction": Requirement(two_operators=True),
}


def ring() -> Keyring:
    keys = Keyring()
    for key, role, owner in ((ALICE, Role.CUSTOMER, "alice"), (BOB, Role.CUSTOMER, "bob")):
        keys.register(KeyEntry(key.public, role, owner, Permission.READ | Permission.TRADE, At(0, 0)))
    for key, owner in ((OP_A, "a"), (OP_B, "b"), (OP_C, "c")):
        keys.register(KeyEntry(key.public, Role.OPERATOR, owner, Permission.NONE, At(0, 0)))
    return keys


def api(key: SigningKey = ALICE, at_us: int = NOW, **parameters: str) -> Submission:
    signed = api_string([("orderExecute", parameters)], at_us // 1000)
    return Submission(Scheme.API, signed, (sign_api(key, signed),), Door("key-1"))


def command(*keys: SigningKey, kind: str = "order.place", nonce: int = NOW, **fields) -> Submission:
    owner = {ALICE.public: "alice", BOB.public: "bob"}.get(keys[0].public) if keys else None
    if owner is not None:
        fields.setdefault("account", owner)
    signed = command_bytes(X, kind, nonce, fields)
    return Submission(Scheme.COMMAND, signed, tuple(sign_command(key, signed) for key in keys))


def session(account: str, key: SigningKey = ALICE, nonce: int = NOW) -> Submission:
    signed = command_bytes(X, "order.place", nonce, {"account": account})
    return Submission(Scheme.SESSION, signed, (), Door("session-9"), key.public)


class Exchange:
    """A door that appends to a log in a folder."""

    def __init__(self, directory: Path, threads: int = 2) -> None:
        self.log = CommandLog.open(directory / "log", X, GENESIS)
        self.refusals = RefusalLog(directory / "refusals")
        self.failure: Exception | None = None
        self.door = CommandDoor(X, ring(), POLICY, self.commit, refusals=self.refusals, threads=threads)
        self.door.restore(self.log.records())

    def commit(self, accepted):
        if self.failure is not None:
            raise self.failure
        return self.log.append([one.entry(one.received_us + 1) for one in accepted])

    def answers(self, *submissions: Submission, at_us: int = NOW) -> list[object]:
        outcomes, _ = self.door.submit(submissions, at_us)
        return [True if isinstance(outcome, Accepted) else outcome.reason for outcome in outcomes]

    def close(self) -> None:
        self.door.close()
        self.log.close()


@pytest.fixture
def exchange(tmp_path):
    one = Exchange(tmp_path)
    yield one
    one.close()


def test_what_holds_is_logged_in_order_with_the_bytes_that_were_signed(exchange):
    submissions = [api(a="1"), command(ALICE, n=1), session("alice"), command(OP_A, OP_B, kind="correction")]
    outcomes, records = exchange.door.submit(submissions, NOW)
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [record.entry.signed for record in records] == [submission.signed for submission in submissions]
    assert [record.sequence for record in records] == [1, 2, 3, 4]
    for record, submission in zip(exchange.log.records(), submissions, strict=True):
        entry = record.entry
        assert (entry.received_us, entry.applied_us) == (NOW, NOW + 1)
        assert entry.signatures == submission.signatures
        assert all(verify_one(entry.scheme, entry.signed, signature) for signature in entry.signatures)
        assert entry.door.on_behalf is (OnBehalf.SESSION if entry.scheme is Scheme.SESSION else OnBehalf.SELF)


def test_each_fault_has_its_name_and_stands_beside_the_log(exchange, tmp_path):
    good = api(a="1")
    forged = good._replace(signatures=(Signed(ALICE.public, sign_api(BOB, good.signed).signature),))
    cases = [
        (Submission(Scheme.API, b"nonsense"), Fault.MALFORMED),
        (Submission(Scheme.API, bytes(70_000)), Fault.MALFORMED),
        (api(at_us=NOW - 5_001_000), Fault.LATE),
        (api(at_us=NOW + 1_001_000), Fault.EARLY),
        (forged, Fault.BAD_SIGNATURE),
        (api(SigningKey(bytes([99]) * 32)), Denial.UNKNOWN_KEY),
        (command(OP_A, kind="correction"), Denial.TWO_OPERATORS_NEEDED),
        (session("bob"), Denial.NOT_THE_OWNER),
        (session("alice", OP_A), Denial.NOT_FOR_ROLE),
        (command(ALICE, account="bob"), Denial.NOT_THE_OWNER),
        (good, True),
        (good, Fault.REPLAYED),
    ]
    assert exchange.answers(*(submission for submission, _ in cases)) == [answer for _, answer in cases]
    assert exchange.log.head.sequence == 1
    exchange.refusals.close()
    (path,) = (tmp_path / "refusals").iterdir()
    lines = [parse_file(line) for line in path.read_bytes().splitlines(keepends=True)]
    assert [line["reason"] for line in lines] == [str(answer) for _, answer in cases if answer is not True]
    assert lines[-1]["keys"] == [ALICE.public.hex()]
    assert lines[-1]["signed"] == good.signed.decode()


def test_the_same_bytes_are_taken_once_in_their_window_and_never_after_it(exchange):
    first = api(a="1")
    assert exchange.answers(first, at_us=NOW) == [True]
    for later in (0, 1, 4_999_999, 5_000_000):
        assert exchange.answers(first, at_us=NOW + later) == [Fault.REPLAYED]
    assert exchange.answers(first, at_us=NOW + 5_000_001) == [Fault.LATE]


def test_the_same_string_of_two_keys_is_two_commands_and_one_of_two_operator_pairs_is_one(exchange):
    assert exchange.answers(api(ALICE, a="1"), api(BOB, a="1")) == [True, True]
    assert exchange.answers(command(OP_A, OP_B, kind="correction"), command(OP_C, OP_A, kind="correction")) == [
        True,
        Fault.REPLAYED,
    ]


def test_a_restart_remembers_what_the_log_took(tmp_path):
    taken = [api(a="1"), command(ALICE), session("alice", nonce=NOW + 1), command(OP_A, OP_B, kind="correction")]
    one = Exchange(tmp_path)
    assert one.answers(*taken) == [True] * 4
    one.close()
    two = Exchange(tmp_path)
    assert two.answers(*taken, at_us=NOW + 10) == [Fault.REPLAYED] * 4
    assert two.answers(command(ALICE), at_us=NOW + COMMAND_WINDOW_US + 1) == [Fault.LATE]
    two.close()


def test_what_was_not_logged_was_not_taken(exchange):
    exchange.failure = OSError("the disk is full")
    with pytest.raises(OSError, match="full"):
        exchange.door.submit([api(a="1")], NOW)
    exchange.failure = None
    assert exchange.answers(api(a="1")) == [True]


def test_a_clock_that_goes_back_is_held(exchange):
    assert exchange.answers(api(a="1"), at_us=NOW + 100) == [True]
    outcomes, _ = exchange.door.submit([api(a="2")], NOW - 100)
    assert isinstance(outcomes[0], Accepted)
    assert outcomes[0].received_us == NOW + 100


def test_refusals_that_cannot_be_written_hide_nothing_that_was_accepted(exchange):
    exchange.refusals.write = lambda *_: (_ for _ in ()).throw(OSError("full"))
    assert exchange.answers(api(a="1"), Submission(Scheme.API, b"x")) == [True, Fault.MALFORMED]
    assert exchange.door.refusals_problem == "refusals are not being recorded (full)"


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_neither_outcome_nor_order(tmp_path, threads):
    submissions = [api(ALICE if n % 3 else SigningKey(bytes([99]) * 32), n=str(n)) for n in range(300)]
    one = Exchange(tmp_path / str(threads), threads)
    assert one.answers(*submissions) == [True if n % 3 else Denial.UNKNOWN_KEY for n in range(300)]
    assert [record.entry.signed for record in one.log.records()] == [
        submission.signed for n, submission in enumerate(submissions) if n % 3
    ]
    one.close()


def test_refusals_go_on_in_a_new_file_at_a_size_and_after_a_restart(tmp_path):
    refused = [Refused(Submission(Scheme.API, b"x" * 500), Fault.MALFORMED)] * 3
    for _ in range(2):
        log = RefusalLog(tmp_path, file_bytes=5000)
        for _ in range(2):
            log.write(refused, NOW)
        log.close()
    assert [path.name for path in sorted(tmp_path.iterdir())] == [f"refusals-{n:08d}.jsonl" for n in range(2)]
    assert sum(len(path.read_bytes().splitlines()) for path in tmp_path.iterdir()) == 12


def test_a_session_that_sends_signatures_is_refused_and_stops_nothing(exchange):
    plain = session("alice")
    signed = plain._replace(signatures=(sign_command(ALICE, plain.signed),))
    assert exchange.answers(signed) == [Fault.MALFORMED]
    assert exchange.answers(plain) == [True]
