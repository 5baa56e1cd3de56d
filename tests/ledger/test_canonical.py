"""The canonical encoding: one spelling for each value, and everything else refused."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import (
    AMOUNT_MAX,
    DEPTH_MAX,
    Json,
    Tag,
    amount,
    base64_text,
    canonical,
    canonical_file,
    from_base64,
    from_hex,
    lp,
    parse,
    parse_file,
    tagged_hash,
    u128,
)
from ledger.errors import FormatError
from por.verify import standalone

KEYS = st.from_regex(r"[A-Za-z0-9@_.:-]{1,12}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_encoded_is_read_back(value):
    assert parse(canonical(value)) == value
    assert parse_file(canonical_file(value)) == value


@given(VALUES)
def test_the_standalone_verifier_encodes_alike(value):
    assert standalone.canonical(value) == canonical(value)


@given(VALUES, st.data())
def test_another_spelling_of_the_same_value_is_refused(value, data):
    loose = data.draw(st.sampled_from([{"indent": 1}, {"ensure_ascii": True}, {"separators": (", ", ": ")}]))
    text = json.dumps(value, **{"ensure_ascii": False, **loose}).encode()
    if text != canonical(value):
        with pytest.raises(FormatError):
            parse(text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b"1.0",
        b"1e3",
        b"-1",
        b"-0",
        b"01",
        b"9007199254740992",
        b"NaN",
        b"Infinity",
        b" 1",
        b"1 ",
        b"\xef\xbb\xbf1",
        b'"\\u00e9"',
        b'"\\ud800"',
        b'"\\/"',
        b'"\t"',
        b'"\xff"',
        b'{"":1}',
        b'{"a b":1}',
        b"",
        b"[1,]",
        b"[" * 5000,
        b"[" * 40 + b"]" * 40,
    ],
)
def test_loose_documents_are_refused_by_both_readers(text):
    with pytest.raises(FormatError):
        parse(text)
    with pytest.raises(standalone.Malformed):
        standalone.parse_file(text + b"\n")


@pytest.mark.parametrize("data", [b"1", b"1\n\n", b"1\r\n", b"\n1\n", b""])
def test_a_file_ends_in_exactly_one_line_feed(data):
    with pytest.raises(FormatError):
        parse_file(data)


@pytest.mark.parametrize("value", [1.5, {1: 2}, {"a": {1, 2}}, b"x", 2**53, -1, {"a" * 65: 1}, "\ud800"])
def test_what_has_no_canonical_form_is_not_encoded(value):
    with pytest.raises((FormatError, UnicodeEncodeError, TypeError)):
        canonical(value)


def test_amounts_at_their_limit():
    assert amount(str(AMOUNT_MAX - 1)) == AMOUNT_MAX - 1
    assert amount(str(AMOUNT_MAX)) == AMOUNT_MAX
    with pytest.raises(FormatError):
        amount(str(AMOUNT_MAX + 1))


@pytest.mark.parametrize("text", ["", "-1", "+1", "01", "1.0", " 1", "1 ", "1e5", "-0", "\u0661", 5, None, "9" * 40])
def test_loose_amounts_are_refused(text):
    with pytest.raises(FormatError):
        amount(text)


@given(st.binary(max_size=40))
def test_hex_and_base64_have_one_spelling(data):
    assert from_hex(data.hex(), len(data)) == data
    assert from_base64(base64_text(data)) == data


@pytest.mark.parametrize("text", ["AB", "a", "0x", "zz", None, 1])
def test_loose_hex_is_refused(text):
    with pytest.raises(FormatError):
        from_hex(text, 1)


@pytest.mark.parametrize("text", ["QQ", "QR==", "Q Q=", "QQ==\n", "é", None, "-_=="])
def test_loose_base64_is_refused(text):
    with pytest.raises(FormatError):
        from_base64(text)


def test_tags_are_all_different_and_end_the_message():
    assert len({tag.value for tag in Tag}) == len(Tag)
    assert tagged_hash(Tag.LEAF, b"") != tagged_hash(Tag.NODE, b"")
    assert standalone.tagged_hash(b"\x08", b"m") == tagged_hash(Tag.STATEMENT, b"m")


def test_primitives():
    assert lp("é") == b"\0\0\0\2\xc3\xa9"
    assert u128(1) == bytes(15) + b"\1"
    with pytest.raises(OverflowError):
        u128(2**128)


@pytest.mark.parametrize("inner", [b"", b"1"])
def test_33_empty_lists_in_one_another_were_read_here_and_refused_by_the_standalone_file(inner: bytes) -> None:
    for depth in (DEPTH_MAX - 1, DEPTH_MAX):
        data = b"[" * depth + inner + b"]" * depth
        assert canonical(parse(data)) == data
        assert standalone.canonical(standalone.parse_file(data + b"\n")) == data
    over = b"[" * (DEPTH_MAX + 1) + inner + b"]" * (DEPTH_MAX + 1)
    with pytest.raises(FormatError):
        parse(over)
    with pytest.raises(standalone.Malformed):
        standalone.parse_file(over + b"\n")


def test_objects_count_as_lists_do() -> None:
    value: Json = {}
    for _ in range(DEPTH_MAX - 1):
        value = {"a": value}
    assert parse(canonical(value)) == value
    with pytest.raises(FormatError):
        canonical([value])


def test_a_bomb_of_brackets_ended_the_process():
    """Under a high recursion limit the JSON reader of the standard library ran out of stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        for bomb in (b"[" * 10**6, b'{"a":' * 10**6, b'["[[[",' + b"[" * 10**6):
            with pytest.raises(FormatError):
                parse(bomb)
            with pytest.raises(standalone.Malformed):
                standalone.parse_file(bomb + b"\n")
    finally:
        sys.setrecursionlimit(before)


def test_brackets_in_strings_are_no_nesting():
    value = ["[" * 2000 + '\\"' + "{" * 2000] * 3
    assert parse(canonical(value)) == value
    assert standalone.parse_file(canonical_file(value)) == value
