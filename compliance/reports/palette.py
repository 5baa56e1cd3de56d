"""The colours of printed pages: those that templates/base.css prints with."""

from __future__ import annotations

__all__ = ["GROUND", "GROUNDS", "INK", "LINE", "PAPER", "QUIET", "TONES", "Colour"]

Colour = tuple[int, int, int]
INK: Colour = (29, 35, 39)
QUIET: Colour = (91, 101, 108)
LINE: Colour = (200, 197, 189)
GROUND: Colour = (244, 242, 237)
PAPER: Colour = (255, 255, 255)
TONES: dict[str, Colour] = {
    "proven": (31, 122, 85),
    "attested": (43, 98, 184),
    "claimed": (125, 86, 0),
    "unchecked": (75, 79, 100),
    "fail": (163, 21, 14),
}
"""What a status is written in, by its tone."""
GROUNDS: dict[str, Colour] = {
    "proven": (226, 242, 234),
    "attested": (228, 236, 249),
    "claimed": (250, 240, 217),
    "unchecked": (236, 236, 242),
    "fail": (251, 230, 228),
}
"""What it stands on."""
