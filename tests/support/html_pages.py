"""A strict reader of our own pages: what is opened is closed, nothing stands twice, words without style sheets."""

from __future__ import annotations

import re
from html.parser import HTMLParser

__all__ = ["HOSTILE", "PROMISES", "Page"]

VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})
# Shapes of SVG close themselves.
SHAPES = frozenset({"rect", "line", "circle", "path"})
PROMISES = re.compile(r"\b(audited|assured|solven\w*|insolven\w*|guarantee\w*|certif\w*|safe)\b", re.IGNORECASE)
"""Words that promise more than a check of evidence finds."""
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}{0}&amp;</style></title>"


class Page(HTMLParser):
    """Reads a page strictly: everything that is opened is closed, in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute stands twice in {tag}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SHAPES
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]
