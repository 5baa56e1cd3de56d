"""The web page in a real browser, opened from disk: the same answers as the standalone verifier, and no way out."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from por.verify import standalone
from por.verify.page import render
from tests.support.miniature import key_file, public_hex
from tests.support.proof_cases import ALICE, PLAIN, Case, all_cases, invented_debts

pytestmark = pytest.mark.browser

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-quic"
).split()
CASES = all_cases()
VERIFY = """(cases) => Promise.all(cases.map((one) => {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const { key, account, forceFallback } = one;
  const [proof, attestation] = [bytes(one.proof), bytes(one.attestation)];
  return tallystick.verify({ proof, attestation, key, account, forceFallback });
}))"""


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "verify.html").write_text(render(), encoding="utf-8")
    (folder / "download (1)").write_bytes(PLAIN.proof())
    (folder / "x.txt").write_bytes(PLAIN.attestation())
    (folder / "k").write_bytes(key_file("first"))
    (folder / "holiday.json").write_bytes(b"{}")
    return folder


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    yield from opened(browser, folder, "en-US")


def opened(browser: Browser, folder: Path, locale: str) -> Iterator[Page]:
    context = browser.new_context(locale=locale)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((folder / "verify.html").as_uri())
    yield page
    context.close()
    assert errors == []


def case_json(case: Case, force_fallback: bool) -> dict[str, Any]:
    texts = {name: base64.b64encode(getattr(case, name)).decode() for name in ("proof", "attestation")}
    return {**texts, "key": case.key, "account": case.account, "forceFallback": force_fallback}


def expected(case: Case) -> dict[str, Any]:
    key = None if case.key is None else standalone.read_key(case.key)
    attestation = standalone.check_attestation(case.attestation, key)
    report: dict[str, Any] = json.loads(
        json.dumps(standalone.check_proof(case.proof, attestation, case.account).as_json())
    )
    return report


@pytest.mark.parametrize("force_fallback", [False, True], ids=["browser's own cryptography", "fallback"])
def test_every_case_gets_the_report_of_the_standalone_verifier(page: Page, force_fallback: bool) -> None:
    reports = page.evaluate(VERIFY, [case_json(case, force_fallback) for case in CASES])
    differing = [case.name for case, report in zip(CASES, reports, strict=True) if report != expected(case)]
    assert differing == []


def test_a_net_figure_of_more_debts_than_there_are_is_refused(page: Page) -> None:
    [report] = page.evaluate(VERIFY, [case_json(invented_debts(), False)])
    assert report == expected(invented_debts())


def test_an_unreadable_key_is_unchecked_and_no_accusation(page: Page) -> None:
    case = {**case_json(CASES[0], False), "key": "not a key"}
    [report] = page.evaluate(VERIFY, [case])
    assert (report["verdict"], report["checks"]) == ("unchecked", [])


def test_hashes_and_signatures_agree_with_python_at_block_boundaries(page: Page) -> None:
    for size in (0, 1, 55, 56, 63, 64, 65, 111, 112, 119, 127, 128, 129, 1000):
        message = bytes(range(256)) * 4
        script = "([name, data]) => Array.from(tallystick[name](Uint8Array.from(data)))"
        for name in ("sha256", "sha512"):
            found = page.evaluate(script, [name, list(message[:size])])
            assert bytes(found) == hashlib.new(name, message[:size]).digest()


def test_files_from_the_picker_are_known_by_content_and_checked(page: Page, folder: Path) -> None:
    page.set_input_files("#picker", [folder / "x.txt", folder / "download (1)"])
    page.wait_for_selector("[data-slot=attestation].full")
    page.get_by_label("Your account id").fill(ALICE)
    page.get_by_label("public key").fill(public_hex("first"))
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict.valid")
    shown = page.inner_text("#result")
    fingerprint = standalone.check_attestation(PLAIN.attestation(), None).fingerprint
    assert fingerprint is not None
    assert page.locator(".fingerprint li").all_inner_texts() == fingerprint.split("-")
    assert "287.34247001" in shown
    assert "What was not checked" in shown
    for word in ("solvent", "audited"):
        assert word not in page.content().lower()


def test_dropped_files_are_taken(page: Page, folder: Path) -> None:
    dropped = [base64.b64encode((folder / name).read_bytes()).decode() for name in ("download (1)", "x.txt", "k")]
    page.evaluate(
        """(contents) => {
          const transfer = new DataTransfer();
          const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
          for (const content of contents) transfer.items.add(new File([bytes(content)], "a"));
          document.getElementById("drop").dispatchEvent(
            new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        dropped,
    )
    page.wait_for_selector("[data-slot=key].full")
    page.fill("#account", ALICE)
    page.click("#check")
    page.wait_for_selector(".verdict.valid")


def test_a_wrong_id_and_a_strange_file_are_explained(page: Page, folder: Path) -> None:
    page.set_input_files("#picker", [folder / name for name in ("x.txt", "download (1)", "k", "holiday.json")])
    page.wait_for_selector("[data-slot=key].full")
    assert "holiday.json" in page.inner_text("#notice")
    page.fill("#account", "bob@example.com")
    page.click("#check")
    page.wait_for_selector(".verdict.invalid")
    assert "typed your id" in page.inner_text(".verdict")


def test_a_check_without_files_asks_for_them(page: Page) -> None:
    page.click("#check")
    assert "Choose the proof" in page.inner_text("#notice")


def test_the_language_follows_the_browser_and_the_switch(browser: Browser, folder: Path) -> None:
    for page in opened(browser, folder, "ja-JP"):
        assert page.locator("html").get_attribute("lang") == "ja"
        assert "確かめる" in page.inner_text("h1")
        page.set_input_files("#picker", [folder / name for name in ("x.txt", "download (1)", "k")])
        page.wait_for_selector("[data-slot=key].full")
        page.fill("#account", ALICE)
        page.click("#check")
        page.wait_for_selector(".verdict.valid")
        assert "有効" in page.inner_text(".verdict")
        page.get_by_role("button", name="English").click()
        assert page.locator("html").get_attribute("lang") == "en"
        assert "Valid" in page.inner_text(".verdict")
        assert page.locator("[data-language=en]").get_attribute("aria-pressed") == "true"


def test_both_languages_say_the_same_things() -> None:
    english, japanese = render().split("const TEXTS = {")[1].split("const state")[0].split("\n  ja: {")
    names = [re.findall(r'^ +"?([a-zA-Z-]+)"?:', part, re.MULTILINE)[-50:] for part in (english, japanese)]
    assert names[0] == names[1]
    assert len(names[0]) > 40


def test_the_policy_blocks_every_way_out(page: Page) -> None:
    blocked = page.evaluate(
        """async () => {
          const outcomes = {};
          const events = [];
          document.addEventListener("securitypolicyviolation", (event) => events.push(event.effectiveDirective));
          const attempt = async (name, action) => {
            try { await action(); outcomes[name] = "done"; } catch (error) { outcomes[name] = error.name; }
          };
          await attempt("fetch", () => fetch("http://127.0.0.1:9/"));
          await attempt("data", () => fetch("data:text/plain,x"));
          await attempt("markup", () => { document.body.innerHTML = "<p>"; });
          const image = new Image();
          image.src = "http://127.0.0.1:9/x.png";
          const script = document.createElement("script");
          await attempt("script", () => { script.text = "globalThis.ran = true"; });
          document.body.append(image, script);
          await new Promise((done) => setTimeout(done, 200));
          return { ...outcomes, events, ran: globalThis.ran === true };
        }"""
    )
    assert {blocked[name] for name in ("fetch", "data", "markup", "script")} == {"TypeError"}
    assert {"connect-src", "img-src"} <= set(blocked["events"])
    assert blocked["ran"] is False


def test_the_page_is_one_file_without_outside_references() -> None:
    html = render()
    assert html == render()
    assert not re.search(r"(?:src|href|action)\s*=\s*[\"']", html.split("<script>")[0])
    assert "http://" not in html
    assert "https://" not in html
    assert "innerHTML" not in html
    assert not re.search(r"\sstyle=|\son\w+=", html.split("<script>")[0])
    assert "default-src 'none'" in html


def test_a_proof_takes_under_5_ms_in_the_browser(page: Page) -> None:
    case = case_json(CASES[0], False)
    median = page.evaluate(
        """async ({ proof, attestation, key, account }) => {
          const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
          const checked = await tallystick.checkAttestation(bytes(attestation), tallystick.readKey(key), null);
          const times = [];
          for (let i = 0; i < 60; i++) {
            const start = performance.now();
            tallystick.checkProof(bytes(proof), checked, account);
            times.push(performance.now() - start);
          }
          return times.sort((one, two) => one - two)[30];
        }""",
        case,
    )
    assert median < 5
