"""What a process that holds millions of balances tells Python and the system about its memory, so that nothing waits.

Neither changes what anything means; where the system has no such calls, nothing is done.
"""

from __future__ import annotations

import ctypes
import gc
import re
import sys
from pathlib import Path
from typing import Final

__all__ = ["settle_memory", "use_large_pages"]

YOUNG: Final = (5_000, 10, 1_000_000)
"""Thresholds of the collector of garbage: fifty thousand objects are looked through in a few milliseconds."""
LARGE_BYTES_MIN: Final = 512 * 1024 * 1024
"""Below so much memory a fork takes a few milliseconds whatever the pages are."""
_PAGE: Final = 2 * 1024 * 1024
_ADVISE_HUGE, _COLLAPSE = 14, 25
_ANONYMOUS: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p [0-9a-f]+ 00:00 0 *(?:\[heap\])?$")


def settle_memory() -> None:
    """Tell the collector of garbage that what there is stays, and to look through young objects alone.

    Looking through a million accounts takes it seconds, in which no command is taken. Nothing of a venue is a cycle
    that has to be found; what is let go later is freed by its count all the same.
    """
    gc.freeze()
    gc.set_threshold(*YOUNG)


def use_large_pages() -> int:
    """Ask Linux to keep the memory that there is in pages of 2 MiB; how many bytes were asked for.

    A cut forks a child that writes the checkpoint, and a fork copies the table of pages: 20 ms a gigabyte with small
    ones, 2 ms with large ones. Takes about two seconds a gigabyte, once.
    """
    maps = Path("/proc/self/maps")
    if not sys.platform.startswith("linux") or not maps.exists():
        return 0
    spans = [
        (int(found[1], 16), int(found[2], 16))
        for found in map(_ANONYMOUS.match, maps.read_text().splitlines())
        if found
    ]
    spans = [(-(-first // _PAGE) * _PAGE, end // _PAGE * _PAGE) for first, end in spans if end - first >= 2 * _PAGE]
    total = sum(end - first for first, end in spans)
    if total < LARGE_BYTES_MIN:
        return 0
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for first, end in spans:
        # An answer of no is no error: the pages stay small and the fork takes longer.
        if advise(first, end - first, _ADVISE_HUGE) == 0:
            advise(first, end - first, _COLLAPSE)
    return total
