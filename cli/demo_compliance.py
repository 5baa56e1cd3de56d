"""The demo's last part: what a compliance officer does with the simulated day, and what each regime would be handed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from cli.demo_steps import say, tallystick
from compliance.regimes import REGIMES
from ledger.errors import TallystickError

__all__ = ["show"]

EXPLAINED = "JP-COLD-01"
"""A rule that the day breaks: everything that its customers own is under keys that are online."""


def show(folder: Path, bundles: Sequence[Path]) -> list[str]:
    """Search the day's log, archive it, show verdicts and write the four packs; gives lines for the demo's end."""
    where = ["--folder", str(folder)]
    say("A compliance officer searches the day's orders and money for abuse. What lacks input is named as not run.")
    tables = _write_tables(folder)
    tallystick("surveil", "run", "--tables", str(tables), *where, quiet=True)
    say("The day's records go into the archive: a chain, and one signed root for the day.")
    day = _day_of(bundles[0])
    tallystick("archive", "new", *where, quiet=True)
    tallystick("archive", "day", day.isoformat(), *where, expect=(0, 2), quiet=True)
    say("After each hour the rules of four regimes were held against it. Some fail, and many lack data: it says which.")
    tallystick("compliance", "status", *where, expect=1, quiet=True)
    tallystick("compliance", "explain", EXPLAINED, *where, expect=1, quiet=True)
    say("Each regime's pack is written: HTML, PDF, CSV and JSON, with every verdict, its rule and its evidence.")
    reports = folder / "reports"
    for regime in REGIMES:
        out = reports / regime
        options = ["--from", (day - timedelta(days=1)).isoformat(), "--out", str(out)]
        tallystick("report", regime, *where, *options, expect=(1, 2), quiet=True)
        _require(out)
    say("An auditor draws samples by a published seed, and gets procedures and findings from the bundles alone.")
    key = str(folder / "secrets" / "exchange-key.json")
    paths = [str(path) for path in bundles[-3:]]
    words = ["--key", key, "--seed", "a seed that was published before", "--layouts", str(folder / "layouts.toml")]
    tallystick("procedures", *paths, *words, "--out", str(reports / "procedures"), expect=(0, 1, 2), quiet=True)
    return [
        f"filed    {reports}: the packs of {', '.join(REGIMES)} and an auditor's procedures; open each index.html",
        f"why      tallystick compliance explain {EXPLAINED} --folder {folder}",
    ]


def _write_tables(folder: Path) -> Path:
    """What the firm knows beside the log: who owns which account, and that nothing was fixed or announced that day."""
    people = json.loads((folder / "people.json").read_bytes())
    document = {
        "announcements": [],
        "clusters": {person["account"]: name for name, person in people.items()},
        "fixings": [],
        "levels": [],
        "obligations": [],
        "tagged_addresses": {},
    }
    path = folder / "surveillance-tables.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def _day_of(bundle: Path) -> date:
    """The UTC day of a bundle's hour."""
    statement = json.loads((bundle / "attestation.json").read_bytes())["statement"]
    return datetime.fromisoformat(statement["snapshot"].split("/")[1]).date()


def _require(out: Path) -> None:
    """A pack that cannot be opened is none."""
    pages, prints = list(out.glob("*.html")), list(out.glob("*.pdf"))
    if not (out / "index.html").is_file() or len(pages) < 2 or not prints:
        raise TallystickError(f"the demo expected a pack as HTML and PDF in {out}")
