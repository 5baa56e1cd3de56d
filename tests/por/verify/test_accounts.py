"""The fast way to check an auditor's ids agrees with the exact one: on good ids, on bad ones, and on twins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import CheckFailed
from ledger.identity import ID_KINDS
from por.liabilities.kernels import Blob, lp
from por.verify import accounts
from por.verify.accounts import check_each_identity, check_identities

PLAIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12).map(str.encode)
ANY_TEXT = st.text(max_size=6).map(lambda text: text.encode(errors="surrogatepass"))
IDS = st.one_of(PLAIN, ANY_TEXT, st.binary(max_size=5), st.sampled_from([b"x" * 256, b"x" * 257]))
KINDS = st.one_of(st.sampled_from(ID_KINDS).map(str.encode), st.sampled_from([b"", b"phone", b"keys"]))


def record(kind: bytes, account: bytes) -> bytes:
    return lp(kind) + lp(account)


def verdict(check: object, entries: list[bytes]) -> str | None:
    try:
        check(Blob.pack(entries))  # type: ignore[operator]  # one of the two functions under test
    except CheckFailed as failure:
        return str(failure)
    return None


@given(st.lists(st.tuples(KINDS, IDS), max_size=12))
def test_both_ways_say_the_same_of_any_ids(pairs: list[tuple[bytes, bytes]]) -> None:
    entries = [record(kind, account) for kind, account in pairs]
    assert verdict(check_identities, entries) == verdict(check_each_identity, entries)


@given(st.lists(st.tuples(st.sampled_from(ID_KINDS), st.text("ab", min_size=1, max_size=3)), max_size=9))
def test_twins_are_found_whatever_their_kinds(pairs: list[tuple[str, str]]) -> None:
    names = [account for _, account in pairs]
    entries = [record(kind.encode(), account.encode()) for kind, account in pairs]
    assert (verdict(check_identities, entries) is None) == (len(set(names)) == len(names))


def test_plain_ids_never_take_the_exact_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(identities: Blob) -> None:
        raise AssertionError("not needed")

    monkeypatch.setattr(accounts, "check_each_identity", refuse)
    entries = [record(ID_KINDS[n % 3].encode(), f"customer {n}".encode()) for n in range(3000)]
    check_identities(Blob.pack([*entries, record(b"email", "Zoë@example.com".encode())]))


def test_ids_that_differ_in_one_place_have_different_hashes() -> None:
    """A weak hash would send honest files the slow way: digits at the end of two words once cancelled out."""
    ids = [f"{a:07d}{b}{c:07d}{d}".encode() for a in (0, 1) for b in range(10) for c in (0, 1) for d in range(10)]
    table = Blob.pack(ids).data.reshape(len(ids), -1)
    assert len(set(accounts._hash(table).tolist())) == len(ids)


def test_the_first_bad_account_is_named() -> None:
    good = record(b"email", b"ann@example.com")
    assert verdict(check_identities, [good, record(b"key", b" x")]) == (
        "account 1 has an id that breaks the rules: the name begins with white space"
    )
    assert verdict(check_identities, [good, record(b"key", b"\xff")]) == "account 1 has an id that is not UTF-8"
    assert verdict(check_identities, [record(b"phone", b"1"), good]) == "account 0 has a kind of id that is not known"
    twin = record(b"assigned", b"ann@example.com")
    assert verdict(check_identities, [good, twin]) == "account 1 has an id that another account has too"


def test_the_check_goes_on_over_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "CHUNK_ROWS", 4)
    entries = [record(b"assigned", b"%04d" % number) for number in range(30)]
    assert verdict(check_identities, entries) is None
    assert verdict(check_identities, [*entries, entries[3]]) == "account 30 has an id that another account has too"
    assert verdict(check_identities, [*entries[:9], record(b"assigned", b"\x07abc"), *entries[9:]]) == (
        "account 9 has an id that breaks the rules: the name holds a control character"
    )
