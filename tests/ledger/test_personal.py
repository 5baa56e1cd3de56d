"""Personal data apart from the log: sealed, bound, and gone when its key is erased."""

from __future__ import annotations

import pytest

from ledger.errors import CheckFailed, InputError
from ledger.personal import SLOT_BYTES, Bound, Erased, PersonalStore

MASTER = bytes(range(32))


def test_what_is_stored_is_read_again_also_after_a_restart(tmp_path):
    with PersonalStore(tmp_path, MASTER) as store:
        bounds = {c: store.put(c, "name", f"I am {c}".encode()) for c in ("alice", "bob")}
    with PersonalStore(tmp_path, MASTER) as store:
        for customer, bound in bounds.items():
            assert store.get(customer, bound, "name") == f"I am {customer}".encode()


def test_nothing_readable_is_on_the_disk(tmp_path):
    with PersonalStore(tmp_path, MASTER) as store:
        store.put("alice@example.org", "travel_rule", b"Alice Liddell, Oxford")
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"alice", b"Liddell", b"travel_rule", MASTER):
        assert secret not in everything


def test_the_same_data_of_two_customers_or_twice_of_one_gives_nothing_in_common(tmp_path):
    with PersonalStore(tmp_path, MASTER) as store:
        bounds = [store.put(customer, "name", b"same") for customer in ("alice", "alice", "bob")]
    assert len({bound.id for bound in bounds}) == len({bound.binding for bound in bounds}) == 3


def test_data_is_its_customers_its_kinds_and_its_ids_only(tmp_path):
    with PersonalStore(tmp_path, MASTER) as store:
        one, other = store.put("alice", "name", b"Alice"), store.put("alice", "name", b"Alicia")
        store.put("bob", "name", b"Bob")
        for customer, bound, kind in (
            ("bob", one, "name"),
            ("alice", one, "address"),
            ("alice", Bound(one.id, other.binding), "name"),
            ("alice", Bound(other.id, one.binding), "name"),
            ("alice", Bound(bytes(16), one.binding), "name"),
        ):
            with pytest.raises(CheckFailed):
                store.get(customer, bound, kind)


def test_an_erased_customer_is_gone_for_good_and_others_stay(tmp_path):
    with PersonalStore(tmp_path, MASTER) as store:
        alice, bob = store.put("alice", "name", b"Alice"), store.put("bob", "name", b"Bob")
        before = (tmp_path / "keys").read_bytes()
        store.erase("alice")
        after = (tmp_path / "keys").read_bytes()
        assert after == bytes(SLOT_BYTES) + before[SLOT_BYTES:]
    with PersonalStore(tmp_path, MASTER) as store:
        with pytest.raises(Erased):
            store.get("alice", alice, "name")
        with pytest.raises(Erased):
            store.erase("alice")
        assert store.get("bob", bob, "name") == b"Bob"
        again = store.put("alice", "name", b"Alice")
        assert store.get("alice", again, "name") == b"Alice"
        with pytest.raises(CheckFailed):
            store.get("alice", alice, "name")


def test_another_master_key_is_refused(tmp_path):
    with PersonalStore(tmp_path, MASTER) as store:
        store.put("alice", "name", b"Alice")
    with pytest.raises(InputError, match="master key"):
        PersonalStore(tmp_path, bytes(32))


def test_a_key_whose_writing_was_cut_short_is_passed_over(tmp_path):
    with PersonalStore(tmp_path, MASTER) as store:
        alice = store.put("alice", "name", b"Alice")
    with (tmp_path / "keys").open("ab") as file:
        file.write(b"half")
    with PersonalStore(tmp_path, MASTER) as store:
        bob = store.put("bob", "name", b"Bob")
    with PersonalStore(tmp_path, MASTER) as store:
        assert store.get("alice", alice, "name") == b"Alice"
        assert store.get("bob", bob, "name") == b"Bob"
