"""The public pages in a real browser: from disk, on a phone's width, in the dark, with nothing refused or loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from por.site.write import write_site
from tests.support.chains import Chain, digest_of
from tests.support.small import KEY

pytestmark = pytest.mark.browser
CONTRAST_MIN = 4.5
CONTRASTS = """() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = (color) => {
    const [r, g, b] = color.match(/[0-9.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!color.endsWith(", 0)")) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const element of document.querySelectorAll("p, td, th, dt, dd, li, h1, h2, h3, a, span, strong, code")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const [one, two] = [light(getComputedStyle(element).color), light(ground(element))];
    found.push([(Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05), element.textContent.trim().slice(0, 60)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    chain = Chain(folder / "bundles", disclosures=[("staking", "No ETH is staked.")])
    first = chain.state({"BTC": 99_000_000, "ETH": 140_000_000, "USDC": 400_000_000})
    chain.state(kind="missed")
    chain.hour += 3600
    chain.state({"BTC": 130_000_000, "ETH": 90_000_000, "USDC": 1})
    chain.state(restates=(digest_of(first), "2026-10-30T00:00:00Z", 1))
    chain.state(advance=False)
    chain.state({"BTC": 5})
    broken = folder / "bundles" / "broken"
    broken.mkdir()
    (broken / "attestation.json").write_bytes(b"{}")
    write_site(folder / "out", [*chain.bundles, broken], KEY.public.hex().encode())
    return folder / "out"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_opens_from_disk_and_is_readable(chromium: Path, site: Path, scheme: str) -> None:
    files = [path for path in sorted(site.rglob("*.html")) if path.name != "verify.html"]
    assert len(files) == 8
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        for file in files:
            page.goto(file.as_uri())
            _check(page)
        browser.close()
    assert said == [] and asked == [file.as_uri() for file in files]


def _check(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= 360"), "nothing but a table scrolls sideways"
    for contrast, text in page.evaluate(CONTRASTS):
        assert contrast >= CONTRAST_MIN, f"{text} has a contrast of {contrast:.2f}"
    for width, height in page.evaluate(
        "[...document.querySelectorAll('svg[role=img]')].map((d) => [d.clientWidth, d.clientHeight])"
    ):
        assert width > 200 and height > 20
