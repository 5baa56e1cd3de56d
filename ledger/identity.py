"""What may name an account, a subaccount and a legal entity: one rule for the doors and for all verifiers.

A commitment hashes the bytes of the id, so two texts that look alike must never both be ids: hidden characters, outer
spaces and forms other than NFC are refused, not repaired. Source: docs/spec/encoding.md section 4. A reason is found in
the order in which `IdReason` lists them, so that every verifier names the same one.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final

__all__ = [
    "ACCOUNT_ID_BYTES_MAX",
    "ENTITY_DEFAULT",
    "ID_KINDS",
    "ID_KIND_DEFAULT",
    "SUBACCOUNT_BYTES_MAX",
    "IdReason",
    "account_id_problem",
    "entity_problem",
    "id_kind_problem",
    "subaccount_problem",
]

ACCOUNT_ID_BYTES_MAX: Final = 256
SUBACCOUNT_BYTES_MAX: Final = 64

ID_KINDS: Final = ("email", "key", "assigned")
"""The closed list of kinds of id; a column of codes holds the position in this list."""

ID_KIND_DEFAULT: Final = "assigned"
ENTITY_DEFAULT: Final = "main"


class IdReason(StrEnum):
    """Why a text is no id, in the order in which the reasons are looked for; the value is the problem in words."""

    EMPTY = "the name is empty"
    SURROGATE = "the name holds half a surrogate pair, which is no text"
    TOO_LONG = "the name is too long"
    CONTROL = "the name holds a control character"
    INVISIBLE = "the name holds an invisible character"
    NONCHARACTER = "the name holds a code point that is no character"
    LEADING_SPACE = "the name begins with white space"
    TRAILING_SPACE = "the name ends with white space"
    NOT_NFC = "the name is not in Unicode normal form C"
    UNKNOWN_KIND = "the kind of id is not on the list"
    ENTITY_FORM = "the entity is not in the form of an entity name"

    @property
    def remedy(self) -> str:
        """What the owner of the input does about it."""
        return _REMEDIES[self]


_REMEDIES: Final = {
    IdReason.EMPTY: "Give every row its account id",
    IdReason.SURROGATE: "Write the text as UTF-8",
    IdReason.TOO_LONG: (
        f"Use at most {ACCOUNT_ID_BYTES_MAX} bytes of UTF-8 for an account id, {SUBACCOUNT_BYTES_MAX} for a subaccount"
    ),
    IdReason.CONTROL: "Remove tabs, line breaks and other characters of U+0000-001F and U+007F-009F",
    IdReason.INVISIBLE: "Remove zero-width, soft-hyphen, direction, line-separator and tag characters",
    IdReason.NONCHARACTER: "Remove U+FDD0-FDEF and every code point that ends in FFFE or FFFF",
    IdReason.LEADING_SPACE: "Remove the white space before the name",
    IdReason.TRAILING_SPACE: "Remove the white space after the name",
    IdReason.NOT_NFC: "Normalise the text to NFC where it is exported",
    IdReason.UNKNOWN_KIND: f"Write one of {', '.join(ID_KINDS)}, or leave it empty for {ID_KIND_DEFAULT}",
    IdReason.ENTITY_FORM: "Use 1 to 32 of a-z, 0-9, point and hyphen, the first one a letter or digit",
}

# Most ids are printable ASCII with no outer space: this one test lets them through without the long way.
_PLAIN: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_CONTROL: Final = re.compile("[\u0000-\u001f\u007f-\u009f]")
_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_NONCHARACTER: Final = re.compile(
    "[\ufdd0-\ufdef" + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17)) + "]"
)
_OUTER_SPACE: Final = frozenset("\u0020\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))
_ENTITY: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}")


def account_id_problem(text: str) -> IdReason | None:
    """Why `text` is no account id, or None if it is one. Exact: upper and lower case differ, nothing is trimmed."""
    return _name_problem(text, ACCOUNT_ID_BYTES_MAX)


def subaccount_problem(text: str) -> IdReason | None:
    """Why `text` names no subaccount, or None; the empty name is the main subaccount."""
    return None if text == "" else _name_problem(text, SUBACCOUNT_BYTES_MAX)


def id_kind_problem(text: str) -> IdReason | None:
    """Why `text` is no kind of id, or None if it is on the closed list `ID_KINDS`."""
    return None if text in ID_KINDS else IdReason.UNKNOWN_KIND


def entity_problem(text: str) -> IdReason | None:
    """Why `text` names no legal entity, or None if it does."""
    return None if _ENTITY.fullmatch(text) else IdReason.ENTITY_FORM


def _name_problem(text: str, bytes_max: int) -> IdReason | None:
    """The rule that account ids and subaccounts share."""
    assert bytes_max > 0
    if len(text) <= bytes_max and _PLAIN.fullmatch(text):
        return None
    if not text:
        return IdReason.EMPTY
    if _SURROGATE.search(text):
        return IdReason.SURROGATE
    if len(text.encode()) > bytes_max:
        return IdReason.TOO_LONG
    for pattern, reason in (
        (_CONTROL, IdReason.CONTROL),
        (_INVISIBLE, IdReason.INVISIBLE),
        (_NONCHARACTER, IdReason.NONCHARACTER),
    ):
        if pattern.search(text):
            return reason
    if text[0] in _OUTER_SPACE:
        return IdReason.LEADING_SPACE
    if text[-1] in _OUTER_SPACE:
        return IdReason.TRAILING_SPACE
    return None if unicodedata.is_normalized("NFC", text) else IdReason.NOT_NFC
