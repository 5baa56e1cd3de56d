"""Finds the Chromium that drives the browser tests. Standard library only: the set-up script uses it too."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_RECORD = Path(__file__).resolve().parent.parent / ".cache" / "chromium.path"


def find_chromium() -> Path | None:
    """The browser's executable: the one on PATH, else the one that the set-up script recorded, else None."""
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    if CHROMIUM_RECORD.is_file():
        recorded = Path(CHROMIUM_RECORD.read_text(encoding="utf-8").strip())
        if recorded.is_file() and os.access(recorded, os.X_OK):
            return recorded
    return None
