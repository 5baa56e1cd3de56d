"""The check of the lock: a lock that says less than pyproject.toml, or says where packages come from, is refused."""

from __future__ import annotations

from tests.lint.environment import check_lock

HASH = " \\\n    --hash=sha256:" + "0" * 64 + "\n"
PROJECT = {"dependencies": ["click>=8.1"], "dev": ["pytest>=8"]}


def test_a_lock_that_pins_everything_with_hashes_passes() -> None:
    assert list(check_lock(f"click==8.2.0{HASH}pytest==9.0.0{HASH}", PROJECT)) == []


def test_a_missing_and_an_old_pin_are_named() -> None:
    problems = list(check_lock(f"click==7.0{HASH}", PROJECT))
    assert [problem.split(" (")[0] for problem in problems] == [
        "requirements.lock does not pin click>=8.1",
        "requirements.lock does not pin pytest>=8",
    ]


def test_a_pin_without_a_hash_is_named() -> None:
    assert "requirements.lock: click has no hash" in check_lock(f"click==8.2.0\npytest==9.0.0{HASH}", PROJECT)


def test_a_lock_that_names_a_place_is_refused() -> None:
    lock = f"--extra-index-url https://example.test/simple\nclick==8.2.0{HASH}"
    assert "requirements.lock names the place that packages come from" in next(check_lock(lock, PROJECT))
