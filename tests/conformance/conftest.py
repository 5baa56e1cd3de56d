"""What the runners share: the cases read from disk, and one browser for all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from por.verify.page import render
from tests.conformance.cases import VECTORS

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-quic"
).split()
Evaluate = Callable[[str, Any], Any]


def table(name: str) -> Any:
    """One of the committed files."""
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def in_page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evaluate]:
    """Runs JavaScript in the customer's page, opened from disk in a real browser. One test module uses it: two sessions
    of playwright at a time do not work in one process."""
    from playwright.sync_api import sync_playwright

    file = tmp_path_factory.mktemp("page") / "verify.html"
    file.write_text(render(), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(file.as_uri())
        yield page.evaluate
        browser.close()
    assert errors == []
