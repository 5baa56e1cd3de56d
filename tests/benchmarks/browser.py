"""The verification page's script in a real Chromium, timed inside the page, where there is one."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from por.verify.page import render
from tests.browser import find_chromium

__all__ = ["verify_seconds"]

ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")

_LOOP = """async ({ proofs, attestation, key, accounts, repeat }) => {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const checked = await tallystick.checkAttestation(bytes(attestation), tallystick.readKey(key), crypto.subtle);
  const files = proofs.map(bytes);
  const seconds = [];
  for (let run = 0; run < repeat + 1; run += 1) {
    const start = performance.now();
    for (let at = 0; at < files.length; at += 1) {
      const report = tallystick.checkProof(files[at], checked, accounts[at]);
      if (report.verdict !== "valid") throw new Error(JSON.stringify(report));
    }
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds.slice(1);
}"""


def verify_seconds(
    folder: Path, proofs: Sequence[bytes], attestation: bytes, key: str, accounts: Sequence[str], repeat: int
) -> list[float] | None:
    """Seconds of each run over all proofs, after one run that warms the engine up; None without a Chromium."""
    chromium = find_chromium()
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    page_file = folder / "verify.html"
    page_file.write_text(render(), encoding="utf-8")
    texts = [base64.b64encode(proof).decode() for proof in proofs]
    given = {"proofs": texts, "attestation": base64.b64encode(attestation).decode(), "key": key}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        page = browser.new_page()
        page.goto(page_file.as_uri())
        seconds: list[float] = page.evaluate(_LOOP, {**given, "accounts": list(accounts), "repeat": repeat})
        browser.close()
    return seconds
