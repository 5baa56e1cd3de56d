"""What was verified once, so that hour n+1 costs one hour's verification and not all of them.

One line a file that was judged: key, facts, detail, parted by tabs. The key hashes everything that the judgement rests
on (files, reader's key, layouts, the statements before it, this program's own code), so a line is either right or not
found; a torn or altered line is not found. The cache is a convenience of the writer and no part of what is published:
without it the same pages come out, later. It only grows; remove it to begin anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ledger.errors import FormatError
from por.site.facts import Hour

__all__ = ["Cache", "hash_of", "program_digest"]

_FORMAT = "tallystick/site-cache/1"


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


class Cache:
    """Lines by key; `peeks`: sequence and digest by a file's SHA-256; `pages`: what each page was made from."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lines: dict[str, tuple[str, str]] = {}
        self.peeks: dict[str, tuple[int, str] | None] = {}
        self.pages: dict[str, str] = {}
        self._fresh: list[str] = []
        self._load()

    def _load(self) -> None:
        if self.path is None or not self.path.is_file():
            return
        for line in self.path.read_text(encoding="ascii", errors="replace").split("\n"):
            parts = line.split("\t")
            # The last field is a hash of the others: a line that was torn off or altered is no line.
            if len(parts) != 5 or parts[0] != _FORMAT or hash_of(*parts[1:4]) != parts[4]:
                continue
            if parts[1].startswith("page:"):
                self.pages[parts[1][5:]] = parts[2]
            elif parts[1].startswith("peek:"):
                self.peeks[parts[1][5:]] = tuple(found) if (found := json.loads(parts[2])) else None
            else:
                self.lines[parts[1]] = (parts[2], parts[3])

    def find(self, key: str) -> tuple[Hour, str] | None:
        """Facts and detail under a key."""
        found = self.lines.get(key)
        if found is None:
            return None
        try:
            return Hour.from_json(json.loads(found[0])), found[1]
        except (ValueError, FormatError):
            return None

    def keep(self, key: str, hour: Hour, detail: str) -> None:
        self._add(key, json.dumps(hour.to_json(), sort_keys=True, separators=(",", ":")), detail)

    def keep_peek(self, file: str, found: tuple[int, str] | None) -> None:
        self.peeks[file] = found
        self._add(f"peek:{file}", json.dumps(found), "")

    def _add(self, key: str, facts: str, detail: str) -> None:
        self._fresh.append("\t".join((_FORMAT, key, facts, detail, hash_of(key, facts, detail))))

    def keep_page(self, path: str, made_from: str) -> None:
        """Note what a page was made from, so that it is not written again while that stays the same."""
        if self.pages.get(path) != made_from:
            self.pages[path] = made_from
            self._add(f"page:{path}", made_from, "")

    def save(self) -> None:
        """Append what is new."""
        if self.path is None or not self._fresh:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="ascii", newline="") as file:
            # A line feed first, in case the last run was cut off in the middle of a line.
            file.write("\n" + "\n".join(self._fresh) + "\n")
        self._fresh.clear()
