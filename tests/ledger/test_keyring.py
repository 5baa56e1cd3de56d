"""The key ring and who may sign what."""

from __future__ import annotations

import pytest

from ledger.authority import API_POLICY, Authority, Denial, Requirement, judge, session_owner
from ledger.errors import FormatError
from ledger.keyring import ACCOUNT_KEYS_MAX, At, KeyEntry, KeyResult, Keyring, Permission, Role
from ledger.log.record import Scheme
from ledger.signatures import api_string, command_bytes, parse_api, parse_command

NOW = 1_700_000_000_000_000
X = "x.test"
ALL = Permission.READ | Permission.TRADE | Permission.WITHDRAW


def key(name: str) -> bytes:
    return name.encode().ljust(32, b"\0")


def entry(name: str, role: Role, owner: str, permissions: Permission = Permission.NONE, **more) -> KeyEntry:
    return KeyEntry(key(name), role, owner, permissions, At(0, 0), **more)


def ring() -> Keyring:
    new = Keyring()
    for one in (
        entry("op-a", Role.OPERATOR, "a"),
        entry("op-a2", Role.OPERATOR, "a"),
        entry("op-b", Role.OPERATOR, "b"),
        entry("alice", Role.CUSTOMER, "alice", ALL),
        entry("reader", Role.CUSTOMER, "alice", Permission.READ),
        entry("bob", Role.CUSTOMER, "bob", ALL),
        entry("desk", Role.SESSION, "alice", Permission.READ | Permission.TRADE, expires_us=NOW + 10),
        entry("chain", Role.SERVICE, "watcher", Permission.DEPOSITS),
        entry("onboarding", Role.SERVICE, "onboarding", Permission.ACCOUNTS),
    ):
        assert new.register(one) is KeyResult.OK
    return new


POLICY = {
    **API_POLICY,
    "order.place": Requirement(frozenset({Role.CUSTOMER, Role.SESSION}), Permission.TRADE),
    "withdraw.request": Requirement(frozenset({Role.CUSTOMER}), Permission.WITHDRAW),
    "correction": Requirement(two_operators=True),
    "halt": Requirement(frozenset({Role.OPERATOR})),
    "deposit.seen": Requirement(frozenset({Role.SERVICE}), Permission.DEPOSITS),
    "price.feed": Requirement(frozenset({Role.SERVICE}), Permission.PRICES),
}


def judged(kind: str, *keys: str, time_us: int = NOW, **fields):
    if kind == "order.place":
        fields.setdefault("account", "alice")
    request = parse_command(command_bytes(X, kind, NOW, fields), X)
    verdict = judge(ring(), POLICY, request, tuple(map(key, keys)), time_us)
    return verdict.owner if isinstance(verdict, Authority) else verdict


def register(name: str, owner: str, permissions: list[str], role: str = "customer", **more):
    fields = {"key": key(name).hex(), "owner": owner, "permissions": permissions, "role": role, "expires": None}
    return {**fields, **more}


@pytest.mark.parametrize(
    ("kind", "keys", "answer"),
    [
        ("order.place", ["alice"], "alice"),
        ("order.place", ["desk"], "alice"),
        ("order.place", ["reader"], Denial.NO_PERMISSION),
        ("order.place", ["op-a"], Denial.NOT_FOR_ROLE),
        ("order.place", ["nobody"], Denial.UNKNOWN_KEY),
        ("order.place", [], Denial.NO_SIGNATURE),
        ("order.place", ["alice", "bob"], Denial.TOO_MANY_SIGNERS),
        ("order.place", ["op-a", "op-b"], Denial.TOO_MANY_SIGNERS),
        ("withdraw.request", ["desk"], Denial.NOT_FOR_ROLE),
        ("correction", ["op-a", "op-b"], ""),
        ("correction", ["op-a"], Denial.TWO_OPERATORS_NEEDED),
        ("correction", ["op-a", "op-a"], Denial.SAME_KEY_TWICE),
        ("correction", ["op-a", "op-a2"], Denial.TWO_OPERATORS_NEEDED),
        ("correction", ["op-a", "alice"], Denial.TWO_OPERATORS_NEEDED),
        ("halt", ["op-a"], "a"),
        ("deposit.seen", ["chain"], "watcher"),
        ("price.feed", ["chain"], Denial.NO_PERMISSION),
        ("nonsense", ["alice"], Denial.UNKNOWN_TYPE),
    ],
)
def test_a_command_is_its_signers_to_give_or_not(kind, keys, answer):
    assert judged(kind, *keys) == answer


@pytest.mark.parametrize(
    ("fields", "keys", "answer"),
    [
        (register("new", "alice", ["read", "trade"]), ["alice", "new"], "alice"),
        (register("new", "alice", ["read", "trade"]), ["alice"], Denial.NO_POSSESSION),
        (register("new", "bob", ["read"]), ["alice", "new"], Denial.NOT_THE_OWNER),
        (register("new", "alice", ["trade"]), ["reader", "new"], Denial.NO_PERMISSION),
        (register("new", "c", [], "operator"), ["alice", "new"], Denial.TWO_OPERATORS_NEEDED),
        (register("new", "c", [], "operator"), ["op-a", "new"], Denial.TWO_OPERATORS_NEEDED),
        (register("new", "c", [], "operator"), ["op-a", "op-b", "new"], ""),
        (register("new", "c", [], "operator"), ["op-a", "op-b"], Denial.NO_POSSESSION),
        (register("new", "carol", ["read"]), ["op-a", "op-b", "new"], ""),
        (register("new", "carol", ["read"]), ["onboarding", "new"], "onboarding"),
        (register("new", "carol", ["read"]), ["onboarding"], Denial.NO_POSSESSION),
        (register("new", "carol", ["read"]), ["chain", "new"], Denial.TWO_OPERATORS_NEEDED),
        (register("new", "alice", ["read"]), ["onboarding", "new"], Denial.TWO_OPERATORS_NEEDED),
        (register("new", "alice", ["fly"]), ["alice", "new"], Denial.MALFORMED_KEY_COMMAND),
    ],
)
def test_a_key_is_registered_by_its_owner_or_two_operators_and_signs_itself(fields, keys, answer):
    assert judged("keys.register", *keys, **fields) == answer


def test_keys_are_revoked_and_rotated_by_their_owner_or_two_operators():
    alice, new = key("alice").hex(), key("new").hex()
    assert judged("keys.revoke", "alice", key=key("desk").hex()) == "alice"
    assert judged("keys.revoke", "reader", key=alice) is Denial.NO_PERMISSION
    assert judged("keys.revoke", "bob", key=alice) is Denial.NOT_THE_OWNER
    assert judged("keys.revoke", "op-a", key=alice) is Denial.TWO_OPERATORS_NEEDED
    assert judged("keys.revoke", "op-a", "op-b", key=alice) == ""
    assert judged("keys.rotate", "alice", "new", key=alice, new=new) == "alice"
    assert judged("keys.rotate", "alice", key=alice, new=new) is Denial.NO_POSSESSION


def test_an_ended_or_expired_key_signs_nothing_from_that_time_on():
    assert judged("order.place", "desk", time_us=NOW + 9) == "alice"
    assert judged("order.place", "desk", time_us=NOW + 10) is Denial.KEY_ENDED
    keys = ring()
    assert keys.revoke(key("alice"), At(7, NOW)) is KeyResult.OK
    request = parse_command(command_bytes(X, "order.place", NOW, {"account": "alice"}), X)
    assert isinstance(judge(keys, POLICY, request, (key("alice"),), NOW - 1), Authority)
    assert judge(keys, POLICY, request, (key("alice"),), NOW) is Denial.KEY_ENDED


def test_every_instruction_of_a_batch_is_the_keys_to_give():
    request = parse_api(api_string([("orderExecute", {"a": "1"})] * 2, NOW // 1000))
    assert isinstance(judge(ring(), POLICY, request, (key("alice"),), NOW), Authority)
    assert judge(ring(), POLICY, request, (key("reader"),), NOW) is Denial.NO_PERMISSION
    keys_by_api = parse_api(api_string([("withdraw", {})], NOW // 1000))
    assert judge(ring(), POLICY, keys_by_api, (key("desk"),), NOW) is Denial.NOT_FOR_ROLE


def test_a_session_trades_for_its_own_account_only():
    def answer(kind: str, account: str, session_key: str = "alice"):
        request = parse_command(command_bytes(X, kind, NOW, {"account": account}), X, Scheme.SESSION)
        verdict = session_owner(ring(), POLICY, request, key(session_key), NOW)
        return verdict.owner if isinstance(verdict, Authority) else verdict

    assert answer("order.place", "alice") == "alice"
    assert answer("order.place", "bob") is Denial.NOT_THE_OWNER
    assert answer("withdraw.request", "alice") is Denial.NO_SIGNATURE
    assert answer("keys.register", "alice") is Denial.UNKNOWN_TYPE
    assert answer("order.place", "alice", "nobody") is Denial.UNKNOWN_KEY
    assert answer("correction", "alice", "op-a") is Denial.TWO_OPERATORS_NEEDED


def test_a_key_enters_once_and_what_is_refused_changes_nothing():
    keys = ring()
    before = keys.state_bytes()
    for refused, reason in (
        (entry("alice", Role.CUSTOMER, "mallory", ALL), KeyResult.KEY_USED),
        (entry("n", Role.CUSTOMER, "", ALL), KeyResult.OWNER_FORM),
        (entry("n", Role.CUSTOMER, "m", Permission.PRICES), KeyResult.PERMISSIONS_NOT_OF_ROLE),
        (entry("n", Role.OPERATOR, "m", Permission.TRADE), KeyResult.PERMISSIONS_NOT_OF_ROLE),
        (entry("n", Role.SESSION, "m", Permission.TRADE), KeyResult.EXPIRY_MISSING),
        (entry("n", Role.CUSTOMER, "m", ALL, expires_us=0), KeyResult.EXPIRY_PAST),
    ):
        assert keys.register(refused) is reason
    assert keys.rotate(key("nobody"), key("n"), At(1, NOW)) is KeyResult.KEY_UNKNOWN
    assert keys.rotate(key("alice"), key("bob"), At(1, NOW)) is KeyResult.KEY_USED
    assert keys.state_bytes() == before
    assert keys.revoke(key("alice"), At(1, NOW)) is KeyResult.OK
    assert keys.revoke(key("alice"), At(2, NOW)) is KeyResult.KEY_ENDED
    assert keys.register(entry("alice", Role.CUSTOMER, "alice", ALL)) is KeyResult.KEY_USED


def test_two_operators_always_stay():
    keys = ring()
    assert keys.revoke(key("op-a"), At(1, NOW)) is KeyResult.OK
    before = keys.digest()
    assert keys.revoke(key("op-b"), At(2, NOW)) is KeyResult.LAST_OPERATORS
    assert keys.revoke(key("op-a2"), At(2, NOW)) is KeyResult.LAST_OPERATORS
    assert keys.digest() == before
    assert keys.rotate(key("op-b"), key("op-b2"), At(3, NOW)) is KeyResult.OK
    assert keys.operators(NOW) == ["a", "b"]


def test_two_operators_whose_keys_expire_do_not_let_the_last_others_go():
    keys = ring()
    for name in ("op-c", "op-d"):
        assert keys.register(entry(name, Role.OPERATOR, name, expires_us=NOW + 10)) is KeyResult.OK
    assert keys.revoke(key("op-b"), At(1, NOW)) is KeyResult.LAST_OPERATORS
    assert keys.register(entry("op-e", Role.OPERATOR, "e")) is KeyResult.OK
    assert keys.revoke(key("op-b"), At(2, NOW)) is KeyResult.OK


def test_an_account_has_so_many_keys_and_no_more():
    keys = ring()
    for number in range(ACCOUNT_KEYS_MAX - 1):
        assert keys.register(entry(f"k{number}", Role.CUSTOMER, "bob")) is KeyResult.OK
    before = keys.state_bytes()
    assert keys.register(entry("more", Role.CUSTOMER, "bob")) is KeyResult.TOO_MANY_KEYS
    assert keys.rotate(key("k0"), key("more"), At(1, NOW)) is KeyResult.TOO_MANY_KEYS
    assert keys.state_bytes() == before
    assert keys.revoke(key("k0"), At(1, NOW)) is KeyResult.OK


def test_a_key_that_expires_gives_itself_no_longer_life():
    keys = ring()
    for name, expires_us in (("bot", NOW + 100), ("later", NOW + 101)):
        keys.register(entry(name, Role.CUSTOMER, "alice", Permission.TRADE, expires_us=expires_us))

    def answer(kind, *signers, **fields):
        request = parse_command(command_bytes(X, kind, NOW, fields), X)
        verdict = judge(keys, POLICY, request, tuple(map(key, signers)), NOW)
        return verdict if isinstance(verdict, Denial) else verdict.owner

    for expires, judged_so in ((None, Denial.NO_PERMISSION), (NOW + 101, Denial.NO_PERMISSION), (NOW + 100, "alice")):
        assert (
            answer("keys.register", "bot", "new", **register("new", "alice", ["trade"], expires=expires)) == judged_so
        )
    new = key("new").hex()
    assert answer("keys.rotate", "bot", "new", key=key("later").hex(), new=new) is Denial.NO_PERMISSION
    assert answer("keys.rotate", "bot", "new", key=key("bot").hex(), new=new) == "alice"
    assert answer("keys.revoke", "bot", key=key("later").hex()) == "alice"


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("keys.rotate", {"role": []}),
        ("keys.rotate", {"role": "customer", "owner": []}),
        ("keys.revoke", {"new": "no hex"}),
        ("keys.revoke", {"new": key("nobody").hex()}),
        ("keys.revoke", {"account": "bob"}),
    ],
)
def test_a_command_about_keys_says_nothing_beside_what_it_is_about(kind, more):
    fields = {"key": key("alice").hex()}
    signers = ["alice"]
    if kind == "keys.rotate":
        fields, signers = fields | {"new": key("new").hex()}, ["alice", "new"]
    assert judged(kind, *signers, **fields) == "alice"
    assert judged(kind, *signers, **fields, **more) is Denial.MALFORMED_KEY_COMMAND
    with pytest.raises(FormatError):
        ring().apply({"type": kind, **fields, **more}, At(1, NOW))


def test_commands_change_the_ring_and_its_life_is_dated():
    keys = ring()
    command = register("new", "alice", ["read", "trade"]) | {"type": "keys.register"}
    assert keys.apply(command, At(9, NOW)) is KeyResult.OK
    rotate = {"type": "keys.rotate", "key": key("new").hex(), "new": key("newer").hex()}
    assert keys.apply(rotate, At(10, NOW + 5)) is KeyResult.OK
    old, new = keys.get(key("new")), keys.get(key("newer"))
    assert old is not None
    assert new is not None
    assert (old.registered, old.ended, old.successor) == (At(9, NOW), At(10, NOW + 5), key("newer"))
    assert (new.owner, new.permissions) == ("alice", Permission.READ | Permission.TRADE)
    assert [e.key for e in keys.of_owner(Role.CUSTOMER, "alice")][-2:] == [key("new"), key("newer")]
    again = keys.copy()
    assert again.apply({"type": "keys.revoke", "key": key("newer").hex()}, At(11, NOW + 6)) is KeyResult.OK
    assert again.digest() != keys.digest()
    with pytest.raises(FormatError):
        keys.apply({"type": "order.place"}, At(12, NOW))


def test_the_same_bytes_have_one_scope_whichever_operators_sign():
    request = parse_command(command_bytes(X, "correction", NOW, {}), X)
    one = judge(ring(), POLICY, request, (key("op-a"), key("op-b")), NOW)
    other = judge(ring(), POLICY, request, (key("op-b"), key("op-a2")), NOW)
    assert isinstance(one, Authority)
    assert isinstance(other, Authority)
    assert one.scope == other.scope
