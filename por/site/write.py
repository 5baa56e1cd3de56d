"""Write the public pages: judge what was handed over, put it in order, render what has changed.

    index.html            the newest hour, coverage over time, what stands out, how to check
    YYYY-MM.html, .csv    every statement of a month, and its figures
    hours/YYYY-MM/...     one page a statement, beside the folder of its downloads
    verify.html, standalone.py, exchange-key.json (or .txt)

What it costs: every file's two small documents are read and hashed each time; what was judged before is not judged
again (cache.py); pages whose content is the same are not rendered again. A page is replaced whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from ledger.assets import format_amount
from ledger.errors import InputError
from por.pages import render_page
from por.reserves.evm.layouts import LayoutTable, shipped_layouts
from por.site.cache import Cache, Detail, hash_of, program_digest
from por.site.facts import Hour
from por.site.publish import publish
from por.site.texts import ENGLISH
from por.site.timeline import Timeline
from por.site.views import hour_page, index_page, month_page, page_of, stands_beside
from por.verify import page as verifier_page
from por.verify.standalone import KeyUnreadable, ReaderKey, read_key

__all__ = ["SiteWritten", "write_site"]

STYLES = ("base.css", "site.css")
CSV_COLUMNS = (
    "hour,revision,number,kind,verdict,entity,asset,scale,holders,claims,debts,"
    "proven_given_block,attested,claimed,coverage,coverage_proven_given_block"
)


@dataclass(frozen=True, slots=True)
class SiteWritten:
    """What was written: `pages` that changed (addresses below the folder), and what the index says."""

    pages: tuple[str, ...]
    signed: int
    invalid: int
    verdict: str
    newest: str | None


def write_site(
    out: Path,
    attestations: Sequence[Path],
    key: bytes,
    *,
    layouts: LayoutTable | None = None,
    cache: Path | None = None,
    recheck: bool = False,
    texts: Mapping[str, str] = ENGLISH,
) -> SiteWritten:
    """Write or bring up to date the public pages of one exchange under `out`.

    `attestations` are folders of bundles, or single attestation.json files, in any order: the whole chain each time.
    `key` is the exchange's public key file, or 64 hex digits. `layouts` are token layouts (the shipped ones if None).
    `cache` is a file beside the pages and not among them; without it, or with `recheck`, everything is judged again.
    `texts` are the words of the pages (texts.py). Nothing that was published before is removed.
    Never raises for what is in an attestation; raises InputError for a key that cannot be read or nothing to show.
    """
    reader_key = _read_key(key)
    if not attestations:
        raise InputError(str(out), "there is no statement to show", "Name at least one bundle.")
    if recheck and cache is not None:
        cache.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    store, program = Cache(cache), program_digest()
    table = shipped_layouts() if layouts is None else layouts
    found = publish(out, attestations, reader_key, table, store, program)
    store.save()
    details = {hour.digest: detail for hour, detail in found if hour.is_signed}
    line = Timeline.of([hour for hour, _ in found])
    writer = _Writer(out, store, program, line, details, _exchange(reader_key, line, texts), texts)
    writer.write_all(key, reader_key)
    store.save()
    files_seen = [*line.signed, *line.unsigned]
    newest = line.newest
    return SiteWritten(
        tuple(writer.written),
        len(line.signed),
        sum(hour.verdict == "invalid" for hour in files_seen),
        line.verdict,
        None if newest is None or newest.id is None else newest.id.hour,
    )


def _read_key(key: bytes) -> ReaderKey:
    try:
        return read_key(key)
    except KeyUnreadable as problem:
        raise InputError("key", str(problem), "Give the exchange's key file, or 64 hex digits.") from None


def _exchange(key: ReaderKey, line: Timeline, texts: Mapping[str, str]) -> str:
    """The exchange's name: the key file's, else the newest statement's."""
    if key.exchange is not None:
        return key.exchange
    return line.signed[-1].id.exchange if line.signed and line.signed[-1].id is not None else texts["unknown"]


class _Writer:
    """Renders pages, and only those whose content may have changed."""

    def __init__(
        self,
        out: Path,
        cache: Cache,
        program: str,
        line: Timeline,
        details: dict[str | None, Detail],
        exchange: str,
        texts: Mapping[str, str],
    ) -> None:
        self.out, self.cache, self.texts = out, cache, texts
        self.program = hash_of(program, *(f"{name}={words}" for name, words in sorted(texts.items())))
        self.line, self.details, self.exchange = line, details, exchange
        self.written: list[str] = []

    def write_all(self, key: bytes, reader_key: ReaderKey) -> None:
        key_file = "exchange-key.txt" if reader_key.exchange is None else "exchange-key.json"
        if self.line.signed:
            # A key that no statement is signed by is not published: it could be anything, a secret one too.
            self._put(key_file, key)
        self._put("standalone.py", files("por.verify").joinpath("standalone.py").read_bytes())
        self._put("verify.html", verifier_page.render().encode())
        for hour in self.line.signed:
            self._hour(hour)
        for month in self.line.months():
            self._month(month)
        newest = self.line.newest
        detail = None if newest is None else self._detail(newest)
        context = index_page(self.line, detail, self.texts, self.exchange)
        shown_key = reader_key.key if self.line.signed else None
        self._put("index.html", self._render("site_index.html.j2", context, key=shown_key, key_file=key_file))

    def _detail(self, hour: Hour) -> dict[str, Any]:
        return self.details[hour.digest].read()

    def _render(self, template: str, context: dict[str, Any], **more: Any) -> bytes:
        return render_page(template, styles=STYLES, **context, **more).encode()

    def _hour(self, hour: Hour) -> None:
        beside = stands_beside(self.line, hour)
        made_from = hash_of(self.program, self.exchange, self.details[hour.digest].digest, beside)
        if not self._is_current(page_of(hour), made_from):
            context = hour_page(self.line, hour, self._detail(hour), self.texts, self.exchange)
            self._put(page_of(hour), self._render("site_hour.html.j2", context), made_from)

    def _month(self, month: str) -> None:
        hours = self.line.of_month(month)
        parts = [
            f"{self.details[hour.digest].digest}{stands_beside(self.line, hour)}{self.line.gaps.get(str(hour.digest))}"
            for hour in hours
        ]
        made_from = hash_of(self.program, self.exchange, *parts)
        if not self._is_current(f"{month}.html", made_from):
            context = month_page(self.line, month, self.texts, self.exchange)
            self._put(f"{month}.html", self._render("site_month.html.j2", context), made_from)
        if not self._is_current(f"{month}.csv", made_from):
            lines = [CSV_COLUMNS, *(row for hour in hours for row in _csv_rows(hour, self._detail(hour)))]
            self._put(f"{month}.csv", "".join(f"{row}\r\n" for row in lines).encode(), made_from)

    def _is_current(self, path: str, made_from: str) -> bool:
        """Whether a page that was made from the same still lies there whole."""
        noted, _, size = self.cache.pages.get(path, "").partition(" ")
        target = self.out / path
        return noted == made_from and target.is_file() and str(target.stat().st_size) == size

    def _put(self, path: str, data: bytes, made_from: str | None = None) -> None:
        """Replace a file whole, if its bytes are others than they were."""
        target = self.out / path
        if not target.is_file() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            part.write_bytes(data)
            os.replace(part, target)
            self.written.append(path)
        if made_from is not None:
            self.cache.keep_page(path, f"{made_from} {len(data)}")


def _csv_rows(hour: Hour, detail: dict[str, Any]) -> list[str]:
    """One line a tree: names are of narrow alphabets and amounts exact decimals, so that no cell needs quoting."""
    assert hour.id is not None
    start = f"{hour.id.hour},{hour.id.revision},{hour.sequence},{hour.kind},{hour.verdict}"
    if not detail.get("trees"):
        return [start + "," * (CSV_COLUMNS.count(",") - start.count(","))]
    rows = []
    for tree in detail["trees"]:
        reserves = tree["reserves_given_block"]
        amounts = [tree["claims"], tree["debts"], reserves["proven"], reserves["attested"], reserves["claimed"]]
        cells = [tree["entity"], tree["asset"], str(tree["scale"]), str(tree["leaves"])]
        cells += [format_amount(int(amount), tree["scale"]) for amount in amounts]
        cells += [tree["coverage"] or "", tree["coverage_proven_given_block"] or ""]
        rows.append(",".join((start, *cells)))
    return rows
