"""The public pages: from signed files alone, nothing left out, nothing let in, the same bytes for the same files."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from ledger.errors import InputError
from ledger.keys import SigningKey
from por.manifest import build_manifest
from por.site import publish as publishing
from por.site.texts import ENGLISH
from por.site.write import SiteWritten, write_site
from por.verify.audit import audit_bundle
from tests.support.chains import Chain, digest_of
from tests.support.html_pages import HOSTILE, PROMISES, Page
from tests.support.small import KEY, predecessor, small_audit, small_bundle

OUR_KEY = KEY.public.hex().encode()


def write(folder: Path, chain: Chain, **options: object) -> SiteWritten:
    return write_site(folder, options.pop("bundles", chain.bundles), options.pop("key", OUR_KEY), **options)  # type: ignore[arg-type]  # tests pass what they like


def pages_of(folder: Path) -> dict[str, str]:
    """Every page but the verifier's, which has a script of its own and tests of its own."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.html")}
    return {name: path.read_text(encoding="utf-8") for name, path in sorted(found.items()) if name != "verify.html"}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def index(folder: Path) -> str:
    return Page((folder / "index.html").read_text(encoding="utf-8")).text


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """Four hours over the end of a month: one short, one missed, one restated."""
    chain = Chain(tmp_path / "bundles", disclosures=[("staking", "No ETH is staked.")])
    chain.hour += 46 * 3600
    first = chain.state({"BTC": 110_000_000, "ETH": 95_123_456})
    chain.state(kind="missed")
    chain.state()
    chain.state({"BTC": 120_000_000, "ETH": 99_999_999})
    chain.state({"BTC": 100_000_000, "ETH": 99}, restates=(digest_of(first), "2026-10-31T22:00:00Z", 1), reason="late")
    return chain


def test_every_page_is_well_formed_and_every_link_leads_to_something(tmp_path: Path, chain: Chain) -> None:
    out = tmp_path / "site"
    write(out, chain)
    pages = pages_of(out)
    assert len(pages) == 1 + 2 + 5
    for name, source in pages.items():
        page = Page(source)
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        for link in page.all("a"):
            target = str(link["href"])
            if target.startswith("#"):
                assert target[1:] in ids
            else:
                assert (out / name).parent.joinpath(target).resolve().is_relative_to(out.resolve())
                assert (out / name).parent.joinpath(target).is_file(), target
        for _, attributes in page.tags:
            for target in str(attributes.get("aria-labelledby") or "").split():
                assert target in ids


def test_pages_can_be_read_without_eyes(tmp_path: Path, chain: Chain) -> None:
    write(tmp_path / "site", chain)
    for source in pages_of(tmp_path / "site").values():
        page = Page(source)
        assert len(page.all("table")) == len(page.all("caption"))
        assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
        for drawing in re.findall(r'<svg [^>]*role="img".*?</svg>', source, re.DOTALL):
            assert "<title" in drawing and "<desc" in drawing
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert page.all("html") == [{"lang": "en"}]


def test_pages_load_nothing_and_run_nothing(tmp_path: Path, chain: Chain) -> None:
    write(tmp_path / "site", chain)
    for source in pages_of(tmp_path / "site").values():
        page = Page(source)
        policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
        styles = re.findall(r"<style>(.*?)</style>", source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
        assert len(styles) == 1
        assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        assert "://" not in source and "//" not in re.sub(r"<style>.*?</style>", "", source, flags=re.DOTALL)
        for tag, attributes in page.tags:
            assert tag not in ("script", "img", "link", "iframe", "object", "embed", "form", "foreignobject", "base")
            assert not any(name.startswith("on") or name in ("src", "style", "xlink:href") for name in attributes)


def test_what_is_said_is_what_was_signed(tmp_path: Path, chain: Chain) -> None:
    written = write(tmp_path / "site", chain)
    assert (written.signed, written.invalid, written.newest) == (5, 0, "2026-11-01T01:00:00Z")
    text = index(tmp_path / "site")
    # Gross claims of 1 BTC, debts rounded up, reserves and coverage down; 0.99999999 is not 100%.
    assert "BTC 3 1.0000 0.0001 0.0000 0.0000 1.2000 1.2000 120.00% 0.00%" in text
    assert "ETH 3 0.1000 0.0001 0.0000 0.0000 0.0999 0.0999 99.99% 0.00%" in text
    assert "less than is owed ETH: 99.99% of gross claims" in text
    assert "missed hour 2026-10-31T23:00:00Z is attested as missed" in text and "“the disk was full”" in text
    assert (
        "restatement 2026-10-31T22:00:00Z was stated again, as revision 1, number 4. The reason given: “late”" in text
    )
    # Over time the restated hour stands at its newest revision: 99 quanta of 10^8.
    assert "ETH 99.99% 0.00% 2026-10-31T22:00:00Z 99.99%" in text
    assert "5 signed, 1 missed, 1 restated, 0 invalid" in text


def test_the_pages_have_their_parts_in_their_order(tmp_path: Path, chain: Chain) -> None:
    write(tmp_path / "site", chain)
    pages = pages_of(tmp_path / "site")
    parts = {name: [str(head["id"]) for head in Page(source).all("h2")] for name, source in pages.items()}
    assert parts.pop("index.html") == ["attention", "figures", "over-time", "latest", "how", "limits"]
    assert parts.pop("2026-10.html") == parts.pop("2026-11.html") == ["over-time", "statements"]
    missed = ["fingerprint", "checks"]
    full = ["figures", *missed, "rows", "disclosures", "exact"]
    assert sorted(map(len, parts.values())) == [2, 6, 6, 6, 6] and all(p in (missed, full) for p in parts.values())


def test_another_language_is_another_table_of_words(tmp_path: Path, chain: Chain) -> None:
    words = {name: f"[{text}]" for name, text in ENGLISH.items()} | {"language": "ja"}
    write(tmp_path / "site", chain, cache=tmp_path / "cache")
    write(tmp_path / "site", chain, cache=tmp_path / "cache", texts=words)
    for source in pages_of(tmp_path / "site").values():
        page = Page(source)
        assert page.all("html") == [{"lang": "ja"}]
        heads = re.findall(r"<h[1-3][^>]*>(.*?)</h[1-3]>|<th scope=\"col\">(.*?)</th>", source, re.DOTALL)
        assert all("[" in "".join(found) or "<span" in found[0] for found in heads), heads


def test_months_hold_every_statement_and_every_figure(tmp_path: Path, chain: Chain) -> None:
    write(tmp_path / "site", chain)
    october = Page((tmp_path / "site" / "2026-10.html").read_text()).text
    assert "restated by number 4" in october and "restates number 0" in october
    rows = (tmp_path / "site" / "2026-10.csv").read_bytes().decode().split("\r\n")
    assert len({row.count(",") for row in rows[:-1]}) == 1 and rows[-1] == ""
    assert (
        "2026-10-31T22:00:00Z,0,0,attestation,unchecked,main,ETH,9,3,0.1,0.000000005,0,0,0.095123456,0.951234,0.000000"
        in rows
    )
    assert "2026-10-31T23:00:00Z,0,1,missed,valid,,,,,,,,,,," in rows
    assert (
        "2026-10-31T22:00:00Z,1,4,restatement,unchecked,main,ETH,9,3,0.1,0.000000005,0,0,0.000000099,0.000000,0.000000"
        in rows
    )


def test_a_tampered_attestation_is_listed_as_invalid_and_is_no_download(tmp_path: Path, chain: Chain) -> None:
    path = chain.bundles[3] / "attestation.json"
    path.write_bytes(path.read_bytes().replace(b'"balance":"120000000"', b'"balance":"920000000"'))
    written = write(tmp_path / "site", chain)
    assert (written.verdict, written.invalid, written.newest) == ("invalid", 1, "2026-11-01T00:00:00Z")
    text = index(tmp_path / "site")
    assert f"file that does not verify {chain.bundles[3].name} (SHA-256 " in text and ": form." in text
    assert "The public files are invalid" in text
    assert "Number 3 was not handed over" in text
    assert len(list((tmp_path / "site").rglob("attestation.json"))) == 4
    assert not any(b"920000000" in data for data in bytes_of(tmp_path / "site").values())


@pytest.mark.parametrize("what", ["signature", "key"])
def test_what_the_key_does_not_stand_behind_is_nobodys(tmp_path: Path, chain: Chain, what: str) -> None:
    key = OUR_KEY
    if what == "key":
        key = SigningKey(b"another exchange's signing key..").public.hex().encode()
    else:
        for bundle in chain.bundles:
            document = json.loads((bundle / "attestation.json").read_bytes())
            document["signature"] = document["signature"][:-2] + "00"
            text = json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"
            (bundle / "attestation.json").write_text(text)
    written = write(tmp_path / "site", chain, key=key)
    assert (written.signed, written.invalid, written.verdict, written.newest) == (0, 5, "invalid", None)
    text = index(tmp_path / "site")
    assert "attestation 3 (small.exchange/2026-11-01T01:00:00Z/0)" in text
    assert "There is no statement that holds, so there are no figures." in text
    assert list((tmp_path / "site").rglob("attestation.json")) == []
    # It may have been a secret key that was given by mistake.
    assert not any(key in data for data in bytes_of(tmp_path / "site").values())


def test_gaps_of_numbers_and_of_hours_are_rows(tmp_path: Path, chain: Chain) -> None:
    chain.hour += 2 * 3600
    chain.state()
    without = [bundle for bundle in chain.bundles if bundle != chain.bundles[2]]
    assert write(tmp_path / "site", chain, bundles=without).verdict == "invalid"
    text = index(tmp_path / "site")
    assert "Number 2 was not handed over" in text
    assert "No statement for the hours from 2026-11-01T02:00:00Z to 2026-11-01T03:00:00Z" in text
    assert "not handed over statements 2 to 2 were not handed over" in text and "chain gap: statement 5" in text
    start = write_site(tmp_path / "tail", chain.bundles[3:4], OUR_KEY)
    assert start.verdict == "unchecked" and "Numbers 0 to 2 were not handed over" in index(tmp_path / "tail")


def test_a_fork_shows_both_sides_and_draws_neither(tmp_path: Path, chain: Chain) -> None:
    other = chain.state({"BTC": 1}, advance=False)
    mine = chain.state({"BTC": 300_000_000})
    written = write(tmp_path / "site", chain)
    assert written.verdict == "invalid" and written.newest == "2026-11-01T01:00:00Z"
    text = index(tmp_path / "site")
    assert "chain fork: statement 5" in text
    for bundle in (other, mine):
        copies = [
            p for p in (tmp_path / "site").rglob("attestation.json") if p.read_bytes() == (bundle / p.name).read_bytes()
        ]
        assert len(copies) == 1
        assert (
            "one side of a fork" in Page(copies[0].parent.with_name(copies[0].parent.name + ".html").read_text()).text
        )
    assert "300.00%" not in re.sub(r"The latest statements.*", "", text)


def test_a_manifest_that_fails_leaves_the_statement_and_takes_the_rest(tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path).path
    (bundle / "extra.txt").write_text("not listed")
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    manifest["signature"] = "00" * 64
    (bundle / "manifest.json").write_text(json.dumps(manifest, sort_keys=True, separators=(",", ":")) + "\n")
    assert write_site(tmp_path / "site", [bundle], OUR_KEY).invalid == 1
    text = index(tmp_path / "site")
    assert "statement with a failed check" in text and "failed manifest" in text
    names = {path.name for path in (tmp_path / "site" / "hours").rglob("*") if path.is_file()}
    assert {"attestation.json", "manifest.json"} < names and "extra.txt" not in names


def test_private_folders_stay_private_and_the_page_says_what_an_audit_says(tmp_path: Path) -> None:
    bundle = small_bundle(tmp_path).path
    write_site(tmp_path / "site", [bundle], OUR_KEY)
    (copy,) = [path.parent for path in (tmp_path / "site").rglob("attestation.json")]
    assert {path.name for path in copy.iterdir()} == {"attestation.json", "manifest.json"}
    page = Page(copy.with_name(copy.name + ".html").read_text()).text
    for check in small_audit(copy).checks:
        assert f"{check.name} {check.result}" in page and check.detail in page
    assert "Net of debts: claimed, never proven" in page or "net unchecked" in page
    assert "XRP: nothing is owed" in page


def test_a_private_file_is_not_copied_even_where_a_manifest_lists_it_as_public(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = small_bundle(tmp_path).path
    monkeypatch.setattr("por.manifest.PRIVATE_FOLDERS", ())
    document = json.loads((bundle / "attestation.json").read_bytes())
    listing = build_manifest(bundle, document["statement"]["snapshot"], 0, digest_of(bundle), KEY)
    monkeypatch.undo()
    assert b"liabilities/accounts.bin" in listing
    (bundle / "manifest.json").write_bytes(listing)
    assert write_site(tmp_path / "site", [bundle], OUR_KEY).invalid == 1
    assert not any(b"ann@example.com" in data for data in bytes_of(tmp_path / "site").values())


def test_a_lone_attestation_is_unchecked_where_its_manifest_is_missing(tmp_path: Path, chain: Chain) -> None:
    lone = tmp_path / "one.json"
    shutil.copyfile(chain.bundles[0] / "attestation.json", lone)
    written = write_site(tmp_path / "site", [lone], OUR_KEY)
    assert (written.signed, written.invalid, written.verdict) == (1, 0, "unchecked")
    # Named by its file in a bundle, it comes with the bundle; the better copy of one statement is the one listed.
    both = [lone, chain.bundles[0] / "attestation.json"]
    assert write_site(tmp_path / "both", both, OUR_KEY).signed == 1
    assert {path.name for path in next((tmp_path / "both").rglob("attestation.json")).parent.iterdir()} == {
        "attestation.json",
        "manifest.json",
    }


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff\xfe", b'{"sections":{}}\n', b"[" * 100_000])
def test_what_cannot_be_read_is_listed(tmp_path: Path, chain: Chain, content: bytes | None) -> None:
    broken = chain.bundles[0] / "attestation.json"
    broken.unlink()
    if content is not None:
        broken.write_bytes(content)
    written = write(tmp_path / "site", chain)
    assert (written.signed, written.invalid) == (4, 1)
    assert "no statement that can be read: form." in index(tmp_path / "site")


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    bad = HOSTILE + "\u202egnp.exe\x00"
    chain = Chain(tmp_path / "bundles", disclosures=[(HOSTILE, bad)], label=bad)
    first = chain.state()
    chain.state(kind="missed", reason=bad)
    chain.state(restates=(digest_of(first), "2026-10-30T00:00:00Z", 1), reason=bad)
    odd = tmp_path / "bundles" / "<script>alert(1)<%2Fscript>\u202e"
    odd.mkdir()
    (odd / "attestation.json").write_bytes(b"{}")
    write(tmp_path / "site", chain, bundles=[*chain.bundles, odd])
    clean = Chain(tmp_path / "clean", disclosures=[("a", "b")])
    start = clean.state()
    clean.state(kind="missed")
    clean.state(restates=(digest_of(start), "2026-10-30T00:00:00Z", 1))
    empty = tmp_path / "clean" / "odd"
    empty.mkdir()
    write(tmp_path / "clean-site", clean, bundles=[*clean.bundles, empty])
    known = [Page(source) for source in pages_of(tmp_path / "clean-site").values()]
    seen = ""
    for source in pages_of(tmp_path / "site").values():
        assert "<script" not in source and "<img" not in source and source.count("</style>") == 1
        assert not set("\u202e\x00") & set(source)
        page = Page(source)
        seen += "".join(page.words)
        assert {tag for tag, _ in page.tags} <= {tag for one in known for tag, _ in one.tags}
        names = {name for one in known for _, attributes in one.tags for name in attributes}
        assert {name for _, attributes in page.tags for name in attributes} <= names
    assert seen.count(HOSTILE) >= 8 and "\\u{202e}gnp.exe\\u{0}" in seen


def test_no_page_promises_more_than_was_found(tmp_path: Path, chain: Chain) -> None:
    write(tmp_path / "site", chain)
    for source in pages_of(tmp_path / "site").values():
        assert PROMISES.findall(Page(source).text) == []
        assert str(tmp_path) not in source


def test_the_same_files_give_the_same_bytes_in_any_order_with_and_without_a_cache(tmp_path: Path, chain: Chain) -> None:
    write(tmp_path / "one", chain)
    write(tmp_path / "two", chain, bundles=chain.bundles[::-1], cache=tmp_path / "cache")
    for number in range(1, len(chain.bundles) + 1):
        write(tmp_path / "grown", chain, bundles=chain.bundles[:number], cache=tmp_path / "grown-cache")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two") == bytes_of(tmp_path / "grown")


def test_one_more_hour_costs_one_verification_and_the_pages_that_change(
    tmp_path: Path, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(publishing, "audit_bundle", lambda *given: seen.append(given[0]) or audit_bundle(*given))
    write(tmp_path / "site", chain, cache=tmp_path / "cache")
    assert len(seen) == 5
    assert write(tmp_path / "site", chain, cache=tmp_path / "cache").pages == () and len(seen) == 5
    chain.state()
    pages = write(tmp_path / "site", chain, cache=tmp_path / "cache").pages
    assert len(seen) == 6
    assert len(pages) == 4 and {"2026-11.html", "2026-11.csv", "index.html"} < set(pages)
    write(tmp_path / "site", chain, cache=tmp_path / "cache", recheck=True)
    assert len(seen) == 12


def test_a_cache_is_never_believed_about_other_bytes_or_another_key(tmp_path: Path, chain: Chain) -> None:
    cache = tmp_path / "cache"
    assert write(tmp_path / "site", chain, cache=cache).invalid == 0
    other = SigningKey(b"another exchange's signing key..").public.hex().encode()
    assert write(tmp_path / "other", chain, key=other, cache=cache).invalid == 5
    lines = cache.read_text().replace('"verdict":"unchecked"', '"verdict":"valid"')
    cache.write_text(lines[: len(lines) // 2])
    path = chain.bundles[3] / "attestation.json"
    path.write_bytes(path.read_bytes().replace(b'"sequence":3', b'"sequence":9'))
    written = write(tmp_path / "site", chain, cache=cache)
    assert written.invalid == 1
    assert "valid 1" not in index(tmp_path / "site")


def test_a_second_exchange_under_the_same_key_is_a_contradiction(tmp_path: Path, chain: Chain) -> None:
    stranger = Chain(tmp_path / "stranger", exchange="other.exchange")
    stranger.state()
    assert write(tmp_path / "site", chain, bundles=[*chain.bundles, *stranger.bundles]).verdict == "invalid"
    assert "more than one exchange" in index(tmp_path / "site")


def test_a_key_that_cannot_be_read_and_nothing_to_show_are_the_operators_to_mend(tmp_path: Path, chain: Chain) -> None:
    with pytest.raises(InputError, match="key file"):
        write(tmp_path / "site", chain, key=b"no key")
    with pytest.raises(InputError, match="no statement"):
        write_site(tmp_path / "site", [], OUR_KEY)


def test_one_statement_with_other_files_beside_it_is_listed_by_the_copy_that_holds(tmp_path: Path) -> None:
    good = small_bundle(tmp_path).path
    bad = tmp_path / "copy"
    shutil.copytree(good, bad)
    (bad / "manifest.json").write_bytes(b"{}")
    for order in ([good, bad], [bad, good]):
        written = write_site(tmp_path / "site", order, OUR_KEY, cache=tmp_path / "cache")
        assert (written.signed, written.invalid) == (1, 0)
        assert len(list((tmp_path / "site").rglob("attestation.json"))) == 1
    assert write_site(tmp_path / "site", [bad], OUR_KEY, cache=tmp_path / "cache").invalid == 1


def test_a_real_chain_of_bundles(tmp_path: Path) -> None:
    from por.bundle import write_missed
    from por.snapshot import SnapshotId
    from tests.support.small import EXCHANGE

    first = small_bundle(tmp_path).path
    missed = tmp_path / "missed"
    write_missed(missed, SnapshotId(EXCHANGE, "2026-11-20T03:00:00Z"), "no disk", predecessor(first), KEY, ())
    written = write_site(tmp_path / "site", [first, missed], OUR_KEY)
    assert written.signed == 2 and written.invalid == 0
    assert "Number 1, for 2026-11-20T03:00:00Z, is missed." in index(tmp_path / "site")


def test_balances_with_state_proofs_are_proven_given_their_block(tmp_path: Path) -> None:
    from cli.auditor import read_layout_files
    from tests.conformance.test_reserves import cases, evidence, layout_files, write_bundle

    case = next(c for c in cases() if c["attack"].startswith("0: good") and c["proven_rows"])
    files = layout_files(case, tmp_path)
    bundle = write_bundle(tmp_path / "bundle", case["attestation"].encode(), evidence(case))
    table = read_layout_files(files)
    written = write_site(tmp_path / "site", [bundle], case["key"].encode(), layouts=table)
    assert written.invalid == 0
    (copy,) = [path.parent for path in (tmp_path / "site").rglob("attestation.json")]
    assert (copy / "reserves" / "evidence.json").read_bytes() == evidence(case)
    page = Page(copy.with_name(copy.name + ".html").read_text())
    assert "state-proof eip" in page.text and "block unchecked" in page.text and "balances pass" in page.text
    proven = [float(found) for found in re.findall(r"proven ([0-9.]+)%", page.text)]
    assert proven and max(proven) > 0
    # One byte of a proof: the evidence is not the signed one, and nothing is proven any more.
    path = bundle / "reserves" / "evidence.json"
    path.write_bytes(path.read_bytes().replace(b'"block_number":', b'"block_numbar":'))
    assert write_site(tmp_path / "site-2", [bundle], case["key"].encode(), layouts=table).invalid == 1
