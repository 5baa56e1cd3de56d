"""The hour's comparison of books, chains and banks: as a private file beside the hour, and since when a difference is.

Amounts are exact decimals of the asset's unit, with a sign. The file names wallets and movements and is no part of the
public bundle. What is kept from hour to hour are the times at which differences were first seen.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cli.exchange.words import time_text
from ledger.assets import SCALE_MAX, format_amount
from ledger.treasury.reconcile import Aged, Line, Reconciliation

__all__ = ["Ages", "AgesFile", "exact_text", "old_differences", "reconciliation_document", "write_whole"]

_FORMAT: Final = "tallystick/reconciliation/1"
_AGES: Final = "tallystick/reconciliation-ages/1"
Ages = Mapping[tuple[str, str], Aged]


def exact_text(units: int) -> str:
    """10^-38 of an asset's unit as a decimal number."""
    return f"{'-' if units < 0 else ''}{format_amount(abs(units), SCALE_MAX)}"


def _row(line: Line) -> dict[str, Any]:
    return {
        "actual": None if line.actual is None else exact_text(line.actual),
        "asset": line.asset,
        "at": line.at,
        "books": exact_text(line.books),
        "hours": line.hours,
        "in_flight": exact_text(line.in_flight),
        "since": None if line.since_us is None else time_text(line.since_us),
        "unexplained": None if line.unexplained is None else exact_text(line.unexplained),
        "wallet": line.wallet,
    }


def reconciliation_document(done: Reconciliation, time_us: int, position: int) -> dict[str, Any]:
    """What the verb prints and the hour's file holds: all lines, and the movements that explain them."""
    return {
        "differences": [[line.wallet, line.asset] for line in done.differences],
        "flights": [{**flight._asdict(), "units": exact_text(flight.units)} for flight in done.flights],
        "format": _FORMAT,
        "lines": [_row(line) for line in done.lines],
        "position": position,
        "time": time_text(time_us),
    }


def old_differences(done: Reconciliation) -> list[str]:
    """Every difference that is an hour old or more, in words."""
    return [
        f"{line.wallet}: {_what(line)} for {line.hours} {'hour' if line.hours == 1 else 'hours'}"
        for line in done.differences
        if line.hours >= 1
    ]


def _what(line: Line) -> str:
    if line.unexplained is None:
        return f"{line.asset} could not be read"
    word = "more" if line.unexplained > 0 else "less"
    return f"{exact_text(abs(line.unexplained))} {line.asset} {word} than the books explain"


class AgesFile:
    """Since when each difference is, kept over restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Ages:
        """Nothing where there is no file."""
        if not self._path.exists():
            return {}
        document = json.loads(self._path.read_bytes())
        return {(wallet, asset): Aged(sign, since) for wallet, asset, sign, since in document["ages"]}

    def write(self, ages: Ages) -> None:
        """Keep them."""
        rows = [[*key, aged.sign, aged.since_us] for key, aged in sorted(ages.items())]
        write_whole(self._path, {"ages": rows, "format": _AGES})


def write_whole(path: Path, document: Any) -> None:
    """A private file under its name, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
