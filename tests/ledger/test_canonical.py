"""Limits of canonical JSON, each under, at and over."""

from __future__ import annotations

import pytest

from ledger.canonical import DEPTH_MAX, Json, canonical, parse
from ledger.errors import FormatError
from por.verify import standalone


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
