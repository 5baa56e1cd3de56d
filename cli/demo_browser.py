"""The demo's third customer: the web page in a real browser where there is one, else a word on how to open it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ledger.errors import TallystickError

__all__ = ["check"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-quic")
_CALL = """async ([proof, attestation, key, account]) => {
  const bytes = (text) => new TextEncoder().encode(text);
  const report = await globalThis.tallystick.verify(
    {proof: bytes(proof), attestation: bytes(attestation), key, account, forceFallback: false});
  return JSON.stringify(report);
}"""


def check(out: Path, customer: dict[str, str], key: str) -> str:
    """Check one proof in the page; gives a line for the story. Raises TallystickError if the page disagrees."""
    page_file = out / "verify.html"
    browser = next((path for path in map(shutil.which, _BROWSERS) if path), None)
    by_hand = f"Open {page_file} and drop {out / customer['proof']} and {out / customer['attestation']} on it."
    try:
        from playwright.sync_api import sync_playwright  # a development tool: users have their own browser
    except ImportError:
        return by_hand
    if browser is None:
        return by_hand
    texts = [(out / customer[name]).read_text(encoding="utf-8") for name in ("proof", "attestation")]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=list(_FLAGS))
        page = chromium.new_page()
        page.goto(page_file.resolve().as_uri())
        answer = page.evaluate(_CALL, [*texts, Path(key).read_text(encoding="utf-8"), customer["account"]])
        chromium.close()
    verdict = json.loads(answer)["verdict"]
    if verdict != "valid":
        raise TallystickError(f"the demo expected the page to find the proof valid and it says {verdict}")
    return f"{Path(browser).name} says: {verdict.upper()}"
