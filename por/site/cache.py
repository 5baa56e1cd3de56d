"""What was verified once, so that hour n+1 costs one hour's verification and not all of them.

One line a file that was judged: key, facts, detail, parted by tabs, and a hash of the three. The key hashes everything
that the judgement rests on (files, reader's key, layouts, the statements before it, this program's own code), so a line
is either right or not found; a torn or altered line is not found. Details stay in the file until a page is written
from them: a year of them would fill a small machine's memory.

The cache is a convenience of the writer and no part of what is published: without it the same pages come out, later.
It only grows; remove it to begin anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from ledger.errors import FormatError
from por.site.facts import Hour

__all__ = ["Cache", "Detail", "hash_of", "program_digest"]

_FORMAT = "tallystick/site-cache/1"
KEPT_AT_ONCE = 200
"""Lines that are held back before they are written: what a run that is cut off has to do again at the most."""


def hash_of(*parts: str | bytes) -> str:
    """SHA-256 over parts with their lengths, in hex."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def program_digest() -> str:
    """A digest of the code and templates that judge and write: an update of either begins anew."""
    sources: list[str | bytes] = []
    for package, endings in (("por", (".py", ".toml")), ("ledger", (".py",)), ("templates", (".j2", ".css", ".js"))):
        for name, data in _walk(files(package), endings):
            sources += [f"{package}/{name}", data]
    return hash_of(*sources)


def _walk(folder: Traversable, endings: tuple[str, ...], prefix: str = "") -> Iterable[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _walk(entry, endings, f"{prefix}{entry.name}/")
        elif entry.name.endswith(endings):
            yield prefix + entry.name, entry.read_bytes()


@dataclass(slots=True)
class Detail:
    """Everything that is known of one file beside its facts: JSON text, in memory or still in the cache's file."""

    digest: str
    text: str | None
    path: Path | None = None
    start: int = 0
    size: int = 0

    def read(self) -> dict[str, Any]:
        """The detail; read from the file where it is not in memory."""
        text = self.text
        if text is None:
            assert self.path is not None
            with self.path.open("rb") as file:
                file.seek(self.start)
                text = file.read(self.size).decode("ascii")
        found: dict[str, Any] = json.loads(text)
        return found


class Cache:
    """Lines by key; `peeks`: sequence and digest by a file's SHA-256; `pages`: what each page was made from."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lines: dict[str, tuple[str, Detail]] = {}
        self.peeks: dict[str, tuple[int, str] | None] = {}
        self.pages: dict[str, str] = {}
        self._fresh: list[tuple[str, str, Detail]] = []
        if path is not None and path.is_file():
            self._load(path)

    def _load(self, path: Path) -> None:
        start = 0
        with path.open("rb") as file:
            for raw in file:
                parts = raw.rstrip(b"\n").split(b"\t")
                # The last field is a hash of the others: a line that was torn off or altered is no line.
                if len(parts) == 5 and parts[0] == _FORMAT.encode() and hash_of(*parts[1:4]).encode() == parts[4]:
                    key, facts = parts[1].decode("ascii"), parts[2].decode("ascii")
                    at = start + len(parts[0]) + len(parts[1]) + len(parts[2]) + 3
                    self._place(key, facts, Detail(parts[4].decode("ascii"), None, path, at, len(parts[3])))
                start += len(raw)

    def _place(self, key: str, facts: str, detail: Detail) -> None:
        kind, _, name = key.partition(":")
        if kind == "page":
            self.pages[name] = facts
        elif kind == "peek":
            found = json.loads(facts)
            self.peeks[name] = (found[0], found[1]) if found else None
        else:
            self.lines[name] = (facts, detail)

    def find(self, key: str) -> tuple[Hour, Detail] | None:
        """Facts and detail under a key."""
        found = self.lines.get(key)
        if found is None:
            return None
        try:
            return Hour.from_json(json.loads(found[0])), found[1]
        except (ValueError, FormatError):
            return None

    def keep(self, key: str, hour: Hour, detail: str) -> Detail:
        """Keep a judgement; gives its detail."""
        return self._add(f"file:{key}", json.dumps(hour.to_json(), sort_keys=True, separators=(",", ":")), detail)

    def keep_peek(self, file: str, found: tuple[int, str] | None) -> None:
        """Keep what a file states as its number and digest; None where its form fails."""
        self.peeks[file] = found
        self._add(f"peek:{file}", json.dumps(found), "")

    def keep_page(self, path: str, made_from: str) -> None:
        """Note what a page was made from, so that it is not written again while that stays the same."""
        if self.pages.get(path) != made_from:
            self.pages[path] = made_from
            self._add(f"page:{path}", made_from, "")

    def _add(self, key: str, facts: str, text: str) -> Detail:
        detail = Detail(hash_of(key, facts, text), text)
        if self.path is not None:
            self._fresh.append((key, facts, detail))
            if len(self._fresh) >= KEPT_AT_ONCE:
                self.save()
        return detail

    def save(self) -> None:
        """Append what is new; from then on its details are in the file."""
        if self.path is None or not self._fresh:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            # A line feed first, in case the last run was cut off in the middle of a line.
            start = file.tell() + file.write(b"\n")
            for key, facts, detail in self._fresh:
                assert detail.text is not None
                head = f"{_FORMAT}\t{key}\t{facts}\t".encode("ascii")
                body = detail.text.encode("ascii")
                detail.path, detail.start, detail.size, detail.text = self.path, start + len(head), len(body), None
                start += file.write(head + body + f"\t{detail.digest}\n".encode("ascii"))
        self._fresh.clear()
