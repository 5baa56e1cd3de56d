"""The rule for names: every set at its boundaries, under, exact and over, and the order of the reasons."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.identity import (
    IdReason,
    account_id_problem,
    entity_problem,
    id_kind_problem,
    subaccount_problem,
)

RANGES = [
    (0x00, 0x1F, IdReason.CONTROL),
    (0x7F, 0x9F, IdReason.CONTROL),
    (0xAD, 0xAD, IdReason.INVISIBLE),
    (0x61C, 0x61C, IdReason.INVISIBLE),
    (0x180E, 0x180E, IdReason.INVISIBLE),
    (0x200B, 0x200F, IdReason.INVISIBLE),
    (0x2028, 0x202E, IdReason.INVISIBLE),
    (0x2060, 0x2069, IdReason.INVISIBLE),
    (0xFEFF, 0xFEFF, IdReason.INVISIBLE),
    (0xFFF9, 0xFFFB, IdReason.INVISIBLE),
    (0xE0000, 0xE007F, IdReason.INVISIBLE),
    (0xD800, 0xDFFF, IdReason.SURROGATE),
    (0xFDD0, 0xFDEF, IdReason.NONCHARACTER),
    *((plane << 16 | 0xFFFE, plane << 16 | 0xFFFF, IdReason.NONCHARACTER) for plane in range(17)),
]
OUTER_SPACES = [0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000]


def _reason_of(code: int) -> IdReason | None:
    return next((reason for low, high, reason in RANGES if low <= code <= high), None)


def test_every_code_point_is_judged_as_the_sets_say() -> None:
    for code in range(0x110000):
        character = chr(code)
        expected = _reason_of(code)
        if expected is None and not unicodedata.is_normalized("NFC", f"a{character}a"):
            expected = IdReason.NOT_NFC
        assert account_id_problem(f"a{character}a") is expected, hex(code)


@pytest.mark.parametrize("code", OUTER_SPACES, ids=hex)
def test_white_space_is_refused_at_either_end_and_kept_inside(code: int) -> None:
    space = chr(code)
    assert account_id_problem(f"{space}a") is IdReason.LEADING_SPACE
    assert account_id_problem(f"a{space}") is IdReason.TRAILING_SPACE
    assert account_id_problem(space) is IdReason.LEADING_SPACE
    if unicodedata.is_normalized("NFC", space):
        assert account_id_problem(f"a{space}a") is None


@pytest.mark.parametrize("code", [0x1FFF, 0x200B, 0x2027, 0x2030, 0x2FFF, 0x3001], ids=hex)
def test_the_neighbours_of_white_space_are_no_white_space(code: int) -> None:
    assert account_id_problem(chr(code)) not in (IdReason.LEADING_SPACE, IdReason.TRAILING_SPACE)


@pytest.mark.parametrize("letter", ["a", "\u00e9", "\u20ac", "\U0001d11e"])
def test_length_is_counted_in_bytes_of_utf8(letter: str) -> None:
    size = len(letter.encode())
    fill = "a" * (256 % size) + letter * (256 // size)
    assert len(fill.encode()) == 256
    assert account_id_problem(fill[:-1]) is None
    assert account_id_problem(fill) is None
    assert account_id_problem(fill + "a") is IdReason.TOO_LONG
    assert subaccount_problem("b" * 63) is None and subaccount_problem("b" * 64) is None
    assert subaccount_problem("b" * 65) is IdReason.TOO_LONG


def test_only_a_subaccount_may_be_empty() -> None:
    assert account_id_problem("") is IdReason.EMPTY
    assert subaccount_problem("") is None
    assert entity_problem("") is IdReason.ENTITY_FORM


def test_forms_other_than_nfc_are_refused() -> None:
    assert account_id_problem("Zoe\u0308") is IdReason.NOT_NFC
    assert account_id_problem("Zo\u00eb") is None
    assert account_id_problem("\u212b") is IdReason.NOT_NFC


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\ud800" + "a" * 300, IdReason.SURROGATE),
        ("\x00" + "a" * 300, IdReason.TOO_LONG),
        (" \u200b\x00", IdReason.CONTROL),
        (" \ufffe\u200b", IdReason.INVISIBLE),
        (" \ufffe", IdReason.NONCHARACTER),
        (" a\u0308 ", IdReason.LEADING_SPACE),
        ("a\u0308 ", IdReason.TRAILING_SPACE),
        ("a\u0308", IdReason.NOT_NFC),
    ],
)
def test_of_several_reasons_the_first_of_the_list_is_named(text: str, reason: IdReason) -> None:
    assert account_id_problem(text) is reason


@pytest.mark.parametrize("entity", ["main", "a", "0", "eu.example", "a-b", "a" * 32])
def test_entities_of_the_alphabet_pass(entity: str) -> None:
    assert entity_problem(entity) is None


@pytest.mark.parametrize("entity", ["Main", ".a", "-a", "a_b", "a" * 33, "a\n", "\u00e4"])
def test_other_entities_are_refused(entity: str) -> None:
    assert entity_problem(entity) is IdReason.ENTITY_FORM


def test_the_list_of_kinds_is_closed() -> None:
    assert all(id_kind_problem(kind) is None for kind in ("email", "key", "assigned"))
    assert all(id_kind_problem(kind) is IdReason.UNKNOWN_KIND for kind in ("", "Email", "phone"))


def test_every_reason_has_words_and_a_remedy() -> None:
    assert all(reason.remedy for reason in IdReason)
    assert len(set(map(str, IdReason))) == len(IdReason)


@given(st.text(max_size=20))
def test_what_passes_is_exactly_what_a_plain_reading_of_the_rule_passes(text: str) -> None:
    plain = (
        1 <= len(text.encode("utf-8", "surrogatepass")) <= 256
        and all(_reason_of(ord(character)) is None for character in text)
        and ord(text[0]) not in OUTER_SPACES
        and ord(text[-1]) not in OUTER_SPACES
        and unicodedata.normalize("NFC", text) == text
    )
    assert (account_id_problem(text) is None) == plain
