"""Snapshot ids and hours at the edges of what can be written."""

from __future__ import annotations

import pytest

from ledger.errors import FormatError
from por.snapshot import SnapshotId, next_hour, time_text, to_seconds
from por.verify import standalone


@pytest.mark.parametrize("revision", [10**9 - 1, 10**9, 2**53 - 1])
def test_an_audit_stopped_at_a_revision_that_its_own_form_check_had_passed(revision: int) -> None:
    text = f"demo.exchange/2026-11-23T02:00:00Z/{revision}"
    assert standalone.snapshot_parts(text) == ("demo.exchange", "2026-11-23T02:00:00Z", revision)
    assert str(SnapshotId.parse(text)) == text


def test_a_revision_over_the_largest_integer_is_refused_by_both() -> None:
    text = f"demo.exchange/2026-11-23T02:00:00Z/{2**53}"
    assert standalone.snapshot_parts(text) is None
    with pytest.raises(FormatError):
        SnapshotId.parse(text)


def test_early_years_keep_their_four_digits() -> None:
    assert next_hour("0999-12-31T23:00:00Z") == "1000-01-01T00:00:00Z"
    assert time_text(to_seconds("0001-01-01T00:00:00Z")) == "0001-01-01T00:00:00Z"


def test_there_is_no_hour_after_the_last_one() -> None:
    with pytest.raises(FormatError, match="no hour after"):
        next_hour("9999-12-31T23:00:00Z")
