"""Text on a printed page: how wide it is, and where its lines break, for Latin and for Japanese."""

from __future__ import annotations

import unicodedata
from typing import Any

__all__ = ["Measure"]

REFERENCE_SIZE = 100.0
NO_START = frozenset("、。，．・：；？！ー々〜）］｝」』】〉》”’,.:;!?)]}%ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
"""What does not begin a line."""
NO_END = frozenset("（［｛「『【〈《“‘([{")
"""What does not end one."""


class Measure:
    """Widths in millimetres for one family of a document's fonts; each character is asked for once."""

    def __init__(self, pdf: Any, family: str) -> None:
        self.pdf, self.family = pdf, family
        self._widths: dict[str, dict[str, float]] = {"": {}, "B": {}}

    def width(self, text: str, size: float, style: str = "") -> float:
        """The width of a text on one line at a size in points."""
        known = self._widths[style]
        try:
            return sum([known[each] for each in text]) * size
        except KeyError:
            self._learn(text, style)
            return sum([known[each] for each in text]) * size

    def _learn(self, text: str, style: str) -> None:
        pdf, known = self.pdf, self._widths[style]
        before = pdf.font_style, pdf.font_size_pt
        pdf.set_font(self.family, style, REFERENCE_SIZE)
        for each in set(text) - known.keys():
            known[each] = pdf.get_string_width(each) / REFERENCE_SIZE
        if before[1]:
            pdf.set_font(self.family, *before)

    def wrap(self, text: str, width: float, size: float, style: str = "") -> list[str]:
        """The text in lines no wider than `width`: parted at spaces and around Japanese characters, else anywhere."""
        if self.width(text, size, style) <= width:
            return [text]
        known = self._widths[style]
        lines: list[str] = []
        line, used = "", 0.0
        # Where the line may be parted, newest last: lengths of its beginning.
        breaks: list[int] = []
        for each in text:
            wide = known[each] * size
            if used + wide > width and line:
                if each == " ":
                    lines.append(line)
                    line, used, breaks = "", 0.0, []
                    continue
                cut = _last_break(breaks, line, each)
                lines.append(line[:cut].rstrip(" "))
                line = line[cut:].lstrip(" ")
                used, breaks = sum([known[one] for one in line]) * size, []
            if line and _is_wide(each):
                breaks.append(len(line))
            line += each
            used += wide
            if each in " -/" or _is_wide(each):
                breaks.append(len(line))
        return [*lines, line] if line else lines


def _is_wide(character: str) -> bool:
    return character > "ᄀ" and unicodedata.east_asian_width(character) in "WF"


def _last_break(breaks: list[int], line: str, following: str) -> int:
    """The last place where the line may be parted before `following`; its whole length where there is none."""
    for at in reversed(breaks):
        after = line[at] if at < len(line) else following
        if at and after not in NO_START and line[at - 1] not in NO_END:
            return at
    return len(line)
