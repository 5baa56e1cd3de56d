"""The page of an audit's findings: nothing left out, nothing let in, nothing said that was not found."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from cli.audit_page import Origin, render_audit, shown_command
from cli.audit_words import remedy
from por.verify.audit import AFTER_SIGNATURE
from tests.support import audit_reports as made
from tests.support.html_pages import HOSTILE, PROMISES, Page

REPORTS: dict[str, Callable[[], dict[str, Any]]] = {
    "typical": made.typical,
    "fork": made.run_with_a_fork,
    "many": made.many_assets,
    "nothing": lambda: made.report(made.bundle()),
    "no reserves": lambda: made.report(made.bundle(trees=[made.tree("BTC", 5)])),
    "unreadable": lambda: made.report(made.bundle(sequence=None, lines=[made.check("form", "fail", "missing")])),
}


def _render(report: dict[str, Any], command: str = "tallystick audit hour-02 --key exchange.json") -> str:
    return render_audit(report, command=command, generated_from=Origin("0.1.0", key="ab" * 32))


@pytest.fixture(params=REPORTS)
def report(request: pytest.FixtureRequest) -> dict[str, Any]:
    return REPORTS[request.param]()


def test_every_check_of_the_report_is_on_the_page_with_its_result(report: dict[str, Any]) -> None:
    text = Page(_render(report)).text
    for check in report["checks"]:
        assert check["name"] in text
        assert check["detail"] in text
    tiles = {word: text.count(f"{word} ") for word in ("proven", "attested", "claimed", "unchecked", "failed")}
    assert all(tiles.values())


def test_the_counts_are_of_the_whole_run() -> None:
    report = made.run_with_a_fork()
    expected = Counter(check["assurance"] or check["result"] for check in report["checks"])
    page = _render(report)
    for outcome in ("proven", "attested", "claimed", "unchecked", "fail"):
        tile = re.search(rf'<li class="tile {outcome}(?: zero)?"><strong>(\d+)</strong>', page)
        assert tile is not None and int(tile[1]) == expected[outcome]


def test_the_page_is_well_formed_and_its_links_lead_somewhere(report: dict[str, Any]) -> None:
    page = Page(_render(report))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {str(link["href"]) for link in page.all("a")}
    assert targets <= {f"#{target}" for target in ids}
    for _, attributes in page.tags:
        for target in str(attributes.get("aria-labelledby") or "").split():
            assert target in ids


def test_tables_and_drawings_can_be_read_without_eyes(report: dict[str, Any]) -> None:
    source = _render(report)
    page = Page(source)
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    for drawing in re.findall(r"<svg [^>]*>.*?(?=<svg |</svg>)", source, re.DOTALL):
        if 'role="img"' in drawing:
            assert "<title" in drawing and "<desc" in drawing
        else:
            assert "aria-hidden" in drawing or 'class="cut"' in drawing
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_policy_lets_in_the_one_style_sheet_and_nothing_else(report: dict[str, Any]) -> None:
    source = _render(report)
    page = Page(source)
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    styles = re.findall(r"<style>(.*?)</style>", source, re.DOTALL)
    assert len(styles) == 1
    digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_the_page_runs_nothing_and_loads_nothing(report: dict[str, Any]) -> None:
    for tag, attributes in Page(_render(report)).tags:
        assert tag not in ("script", "img", "link", "iframe", "object", "embed", "form", "foreignobject", "use", "base")
        assert not any(name.startswith("on") or name in ("src", "style", "xlink:href") for name in attributes)
        assert str(attributes.get("href") or "#").startswith("#")


def test_the_page_says_no_word_that_promises_more_than_was_found(report: dict[str, Any]) -> None:
    page = Page(_render(report))
    assert PROMISES.findall(page.text) == []
    assert f"The evidence is {report['verdict']}" in page.text
    assert "Findings on evidence bundle" in page.text


def test_the_same_findings_give_the_same_bytes(report: dict[str, Any]) -> None:
    before = copy.deepcopy(report)
    first = _render(report)
    assert report == before
    assert _render(json.loads(json.dumps(report, sort_keys=True))) == first


def _poisoned(value: Any) -> Any:
    """The report with hostile text in every place that an exchange, or the name of a folder, can fill."""
    if isinstance(value, list):
        return [_poisoned(item) for item in value]
    if isinstance(value, dict):
        free = ("detail", "label", "address", "contract", "chain", "code", "asset", "entity", "control", "evidence")
        return {
            key: HOSTILE if key in free and item != "small-tree" else _poisoned(item) for key, item in value.items()
        }
    return value


def test_hostile_text_stays_text() -> None:
    report = _poisoned(made.typical())
    report["bundles"][0]["name"] = HOSTILE
    source = _render(report, command=f"tallystick audit '{HOSTILE.replace(chr(39), '')}'")
    clean = Page(_render(made.typical()))
    page = Page(source)
    assert "<script" not in source and "<img" not in source and source.count("</style>") == 1
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in clean.tags}
    assert {name for _, attributes in page.tags for name in attributes} <= {
        name for _, attributes in clean.tags for name in attributes
    }
    assert HOSTILE in "".join(page.words)


def test_text_that_turns_the_line_around_is_written_out() -> None:
    report = made.typical()
    report["bundles"][0]["reserves"][0]["label"] = "cold\u202egnp.exe\x00\u2028"
    source = _render(report)
    assert "cold\\u{202e}gnp.exe\\u{0}\\u{2028}" in source
    assert not set("\u202e\x00\u2028") & set(source)
    source.encode("utf-8")


def test_an_endpoint_of_the_reader_is_not_published() -> None:
    arguments = ["tallystick", "audit", "b", "--rpc", "eip155:1=https://node.example/key?a=b", "--rpc=eip155:10=x=y"]
    assert shown_command(arguments) == "tallystick audit b --rpc eip155:1=URL --rpc=eip155:10=URL"
    source = _render(made.typical(), command="tallystick audit b --rpc 'eip155:1=https://node.example/key?a=b'")
    assert "node.example" not in source and "--rpc eip155:1=URL" in source


def test_figures_are_the_ones_of_the_report_rounded_against_the_exchange() -> None:
    tree = made.tree("ETH", 10**12 + 1, held=(10**11 + 99, 0, 9 * 10**11), scale=9, debts=1)
    text = Page(_render(made.report(made.bundle(trees=[tree])))).text
    assert "ETH 1,000 1,000.0001 0.0001 1,000.0000 100.00% 0.0000 excess" in text
    assert "ETH 100.0000 0.0000 900.0000 10.00%" in text
    assert "ETH 1,000.000000001 0.000000001 100.000000099 0.000000000 900.000000000" in text


@pytest.mark.parametrize(
    ("held", "coverage", "difference"),
    [
        (99_999_999, "99.99%", "0.0001 shortfall"),
        (100_000_000, "100.00%", "0.0000 excess"),
        (100_000_001, "100.00%", "0.0000 excess"),
    ],
)
def test_one_quantum_too_little_shows(held: int, coverage: str, difference: str) -> None:
    text = Page(_render(made.report(made.bundle(trees=[made.tree("BTC", 10**8, held=(held, 0, 0))])))).text
    assert f"{coverage} {difference}" in text
    assert ("less than is owed" in text) == (held < 10**8)


def test_valid_evidence_of_too_little_is_never_read_as_enough() -> None:
    text = Page(_render(made.report(made.bundle(trees=[made.tree("BTC", 100, held=(0, 0, 50))])))).text
    assert "not about whether there is enough. Of 1 asset with something owed, 1 is short" in text


def test_with_the_block_unchecked_the_page_says_what_it_would_be_worth_and_how_to_get_there() -> None:
    source = _render(made.typical())
    assert re.findall(r'"bar proven"[^>]*height="18"', source) == [], "nothing is proven yet"
    assert len(re.findall(r'"bar proven"[^>]*height="7"', source)) == 3
    text = Page(source).text
    assert "Why two bars?" in text and "97.71% once the block is confirmed" in text
    assert "For this bundle: --block eip155:1=HASH" in text


def test_what_only_the_exchange_calls_proven_is_named() -> None:
    tree = made.tree("SHIB", 100, held=(0, 0, 100))
    assert "calls more proven" not in _render(made.report(made.bundle(trees=[tree])))
    tree["stated"]["proven"] = "1"
    text = Page(_render(made.report(made.bundle(trees=[tree])))).text
    assert "The exchange calls more proven than this audit can , even with the block confirmed, in SHIB." in text


def test_with_every_block_confirmed_there_is_one_bar_an_asset() -> None:
    source = _render(made.report(made.bundle(trees=[made.tree("ETH", 100, held=(100, 0, 0))])))
    assert "Why two bars?" not in source


def test_claims_that_were_not_added_up_again_are_said_to_be_the_signed_figure_only() -> None:
    trees = [made.tree("ETH", 100, held=(100, 0, 0))]
    for result, words in (
        ("pass", "was added up again here from every leaf"),
        ("unchecked", "is the signed figure only"),
        ("fail", "it does not agree with the leaves"),
    ):
        text = Page(_render(made.report(made.bundle(trees=trees, lines=made.checks(sums=result))))).text
        assert words in text


def test_a_run_shows_its_fork_its_gaps_and_its_missed_hours() -> None:
    text = Page(_render(made.run_with_a_fork())).text
    assert "Two signed statements with one number: hour-07 and hour-07-b" in text
    assert text.count(" fork ") >= 3
    assert "statements 0 to 2 not handed over" in text and "statements 6 to 8 not handed over" in text
    assert "This hour was missed." in text and "disk full" in text
    assert "Findings on evidence bundles hour-05 to hour-09 (6 bundles)" in text


def test_the_fingerprint_stands_in_groups_to_compare() -> None:
    source = _render(made.typical())
    groups = re.findall(r"<code>([0-9a-f]{4})</code>", source)
    assert "-".join(groups) == made.typical()["bundles"][0]["fingerprint"]


def test_small_trees_are_named_with_their_number_of_leaves() -> None:
    assert "DAI : 41 leaves" in Page(_render(made.typical())).text


def test_every_check_that_an_audit_makes_has_words_and_a_remedy() -> None:
    for name in ("form", "signature", "missed", "failed", "zero-sum", "in-flight", "unread", "chain", *AFTER_SIGNATURE):
        report = made.report(made.bundle(lines=[made.check(name, "unchecked")]))
        assert "no words for" not in _render(report)
        assert len(remedy(name, {}, {}, ())) > 20


def test_a_check_that_the_page_has_no_words_for_is_still_shown() -> None:
    text = Page(_render(made.report(made.bundle(lines=[made.check("witnesses", "unchecked", "two of three")])))).text
    assert "A check that this page has no words for." in text and "witnesses" in text and "two of three" in text


@pytest.mark.parametrize(
    ("results", "name", "words"),
    [
        ({"form": "fail"}, "trees", "Comes after form"),
        ({"leaves": "fail"}, "trees", "Comes after leaves"),
        ({"evidence": "unchecked"}, "balances", "reserves/evidence.json"),
        ({"evidence": "fail"}, "block", "Comes after evidence"),
        ({}, "trees", "liabilities/"),
        ({}, "signature", "--key"),
    ],
)
def test_a_remedy_names_what_stands_in_the_way(results: dict[str, str], name: str, words: str) -> None:
    assert words in remedy(name, results, {}, ())
