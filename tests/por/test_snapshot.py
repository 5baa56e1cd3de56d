"""Snapshot ids and hours."""

from __future__ import annotations

import pytest

from ledger.errors import FormatError
from por.snapshot import SnapshotId, control_periods, next_hour, time_text, to_seconds
from por.verify import standalone


def test_an_id_is_read_back():
    snapshot = SnapshotId("small.exchange", "2026-11-23T02:00:00Z", 3)
    assert SnapshotId.parse(str(snapshot)) == snapshot


@pytest.mark.parametrize(
    "text",
    [
        "small.exchange/2026-11-23T02:00:00Z",
        "small.exchange/2026-11-23T02:00:00Z/01",
        "small.exchange/2026-11-23T02:00:00Z/-1",
        "small.exchange/2026-11-23T02:00:00Z/0/0",
        "Small/2026-11-23T02:00:00Z/0",
        "/2026-11-23T02:00:00Z/0",
        "small.exchange/2026-11-23T02:30:00Z/0",
        "small.exchange/2026-02-30T02:00:00Z/0",
        "small.exchange/2026-11-23 02:00:00Z/0",
        "small.exchange/2026-11-23T24:00:00Z/0",
        "small.exchange/２026-11-23T02:00:00Z/0",
    ],
)
def test_loose_ids_are_refused(text):
    with pytest.raises(FormatError):
        SnapshotId.parse(text)


def test_hours_cross_days_and_years():
    assert next_hour("2026-12-31T23:00:00Z") == "2027-01-01T00:00:00Z"
    assert time_text(to_seconds("2028-02-29T23:00:00Z")) == "2028-02-29T23:00:00Z"


def test_the_periods_of_an_hour():
    assert set(control_periods("2026-11-23T02:00:00Z").values()) == {"2026-11-23T02:00:00Z", "2026-11-23", "2026-11"}


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
