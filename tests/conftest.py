"""What every test shares: Hypothesis profiles, and fixtures for parts that a machine may lack."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.browser import find_chromium
from tests.support.postgres import PostgresServer, find_postgres

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# A shared machine is slow at times, so no deadline; a failure prints what reproduces it; CI tries the same examples
# each time, so that a red run is red for its change and not by chance.
settings.register_profile("local", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("long", deadline=None, print_blob=True, max_examples=20_000)
settings.load_profile("ci" if IN_CI else "local")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The Chromium executable. Without one the test is skipped, and in CI it fails."""
    found = find_chromium()
    if found is None:
        reason = "no Chromium on this machine: run python tests/setup_parts.py parts"
        if IN_CI:
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server; without the programs the test is skipped, and in CI it fails."""
    programs = find_postgres()
    if programs is None:
        reason = "no PostgreSQL on this machine: run python tests/setup_parts.py parts"
        if IN_CI:
            pytest.fail(reason)
        pytest.skip(reason)
    with PostgresServer(programs) as server:
        yield server
