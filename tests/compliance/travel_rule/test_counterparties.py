"""The register: what is read, what of it was valid when, and every problem told at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from compliance.travel_rule.counterparties import read_register
from ledger.errors import InputError, InputErrors

GOOD = """\
[[counterparty]]
name = "beta.exchange"
key = "KEY"
seal_key = "SEAL"
url = "https://beta.example:8443/travel-rule/1"
jurisdiction = "AE"
designated = true

[[counterparty.due_diligence]]
from = 2025-01-01
until = 2025-12-31
reference = "file 7"

[[counterparty.due_diligence]]
from = 2026-03-01
until = 2027-02-28
reference = "file 7, second look"
""".replace("KEY", "ab" * 32).replace("SEAL", "cd" * 32)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_what_was_valid_when(tmp_path):
    path = tmp_path / "counterparties.toml"
    path.write_text(GOOD)
    one = read_register(path).named("beta.exchange")
    first, second = at("2025-12-31T23:59:59"), at("2027-02-28T23:59:59")
    assert one.due_diligence_until(at("2024-12-31T23:59:59")) is None
    assert one.due_diligence_until(at("2025-01-01T00:00:00")) == first
    assert one.due_diligence_until(at("2026-02-28T23:59:59")) == first, "expired by then"
    assert one.due_diligence_until(at("2026-03-01T00:00:00")) == second
    assert one.designated is True and one.jurisdiction == "AE"
    with pytest.raises(InputError, match="gamma"):
        read_register(path).named("gamma")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("beta.exchange", "Beta", "name"),
        ("ab" * 32, "ab", "key"),
        ("cd" * 32, "ab" * 32, "repeats"),
        ("https://", "ftp://", "url"),
        ('"AE"', '"XK"', "jurisdiction"),
        ("true", '"yes"', "designated"),
        ("2025-12-31", "2024-12-31", "later one second"),
        ("2025-12-31", '"2025-12-31"', "later one second"),
        ('reference = "file 7"\n', "", "exactly from"),
        ("designated", "shoe_size = 1\ndesignated", "shoe_size"),
        ("[[counterparty]]", "[[bank]]\n[[counterparty]]", "beside"),
        ("name =", "name", "TOML"),
        ('"file 7"', '""', "reference"),
    ],
)
def test_problems_are_told_with_their_place(tmp_path, old, new, where):
    path = tmp_path / "counterparties.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InputErrors, match=where):
        read_register(path)


def test_a_name_stands_once_and_every_problem_is_told(tmp_path):
    path = tmp_path / "counterparties.toml"
    path.write_text(GOOD + GOOD)
    with pytest.raises(InputErrors) as refused:
        read_register(path)
    assert len(refused.value.problems) == 3
    with pytest.raises(InputError, match="cannot be read"):
        read_register(tmp_path / "none.toml")
