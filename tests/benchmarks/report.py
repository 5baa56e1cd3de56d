"""Tables from the JSON lines of a run.

    python -m tests.benchmarks.report results.jsonl > table.md
    python -m tests.benchmarks.report --into docs/benchmarks.md results.jsonl

Markdown on standard output: the machine, the hashing limit, every measurement beside its aim, the packages measured
in the same run. Several files are joined; of two lines about the same thing the later one counts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["AIMS", "aim_of", "main", "markdown", "text_table"]

Record = dict[str, Any]
Row = Sequence[str]

MARK = "<!-- The tables below come from `python -m tests.benchmarks.report`. -->"
MILLION = 1_000_000
AIM_ACCOUNTS = 900_000
"""The aims are for a million accounts; smaller runs show no aim."""

# Name and kind of kernel -> seconds of one run, or of one item where the aim speaks of one proof.
AIMS: dict[tuple[str, str], tuple[float, str]] = {
    ("build", "c"): (1.5, "run"),
    ("build", "numpy"): (12.0, "run"),
    ("update", "c"): (0.05, "run"),
    ("update", "numpy"): (0.2, "run"),
    ("verify", ""): (0.0005, "item"),
    ("verify-browser", ""): (0.005, "item"),
    ("audit", "c"): (5.0, "run"),
    ("audit", "numpy"): (25.0, "run"),
}
BULK_PER_SECOND_AIM = 100_000
BULK_ACCOUNTS = 90_000
MEMORY_AIM_BYTES = 3_000_000_000
MEMORY_AIM_CASES = frozenset({"build", "audit"})
PROOF_NODES_AIM_BYTES = 8 * 1024
PROOF_FILE_AIM_BYTES = 12 * 1024


def _kind(kernel: str | None) -> str:
    return "" if kernel is None else "c" if kernel.startswith("c-") else kernel


def aim_of(record: Record) -> tuple[str, bool] | None:
    """The aim in words, and whether the median meets it; None where no aim was set."""
    accounts, seconds = record.get("accounts") or 0, record["seconds"]["median"]
    if record["name"] == "bulk" and _kind(record["kernel"]) == "c" and accounts >= BULK_ACCOUNTS:
        rate = record["items"] / seconds
        return f"over {BULK_PER_SECOND_AIM:,} a second", rate > BULK_PER_SECOND_AIM
    if not AIM_ACCOUNTS <= accounts < 2 * MILLION:
        return None
    if record["name"] == "proof":
        sizes = record["sizes"]
        fine = sizes["nodes_bytes_max"] < PROOF_NODES_AIM_BYTES and sizes["file_bytes_max"] < PROOF_FILE_AIM_BYTES
        return "8 KB of nodes, 12 KB as a file", fine
    aim = AIMS.get((record["name"], _kind(record["kernel"])))
    if aim is None:
        return None
    limit, unit = aim
    fine = (seconds / record["items"] if unit == "item" else seconds) < limit
    words = f"under {duration(limit)}"
    if record["name"] in MEMORY_AIM_CASES:
        return f"{words}, 3 GB", fine and record["peak_rss_bytes"] < MEMORY_AIM_BYTES
    return words, fine


def duration(seconds: float) -> str:
    """Seconds in the unit that a person would take, three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            value = seconds / size
            return f"{value:.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def amount_of_bytes(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def latest(records: Iterable[Record]) -> list[Record]:
    """Of several records about the same thing the last one, in the order in which things first appear."""
    kept: dict[tuple[Any, ...], Record] = {}
    for record in records:
        fields = ("name", "kernel", "accounts", "assets", "engine", "peer", "leaves")
        kept[tuple(record.get(field) for field in fields)] = record
    return list(kept.values())


def _measured(records: Sequence[Record]) -> tuple[Row, list[Row]]:
    head = (
        "what",
        "accounts",
        "assets",
        "kernel",
        "median",
        "min..max",
        "processor",
        "one item",
        "times the hash limit",
        "peak",
    )
    rows: list[Row] = []
    for record in records:
        if record["name"] == "hash-limit" or record["name"].startswith("peer-"):
            continue
        seconds = record["seconds"]
        ratio = next(iter(record.get("ratio_to_hash_limit", {}).values()), None)
        busy = record.get("cpu_seconds")
        item = duration(seconds["median"] / record["items"]) if record["items"] > 1 else ""
        aim = aim_of(record)
        rows.append(
            (
                *(record["name"], f"{record['accounts']:,}", str(record["assets"]), record["kernel"] or "any"),
                *(duration(seconds["median"]), f"{duration(seconds['min'])}..{duration(seconds['max'])}"),
                *("" if busy is None else duration(busy), item),
                *("" if ratio is None else f"{ratio:.2f}", amount_of_bytes(record.get("peak_rss_bytes"))),
                "" if aim is None else f"{aim[0]}: {'met' if aim[1] else 'MISSED'}",
            )
        )
    return (*head, "aim"), rows


def _limits(records: Sequence[Record]) -> tuple[Row, list[Row]]:
    rows: list[Row] = []
    for record in records:
        if record["name"] == "hash-limit":
            rate = record["items"] / record["seconds"]["median"]
            rows.append((record["engine"], f"{rate / 1e6:.2f} million a second", record["measures"]))
    return ("engine", "messages of 129 bytes", "how"), rows


def _peers(records: Sequence[Record]) -> tuple[Row, list[Row]]:
    found: dict[tuple[str, int], Record] = {}
    for record in records:
        if record["name"].startswith("peer-"):
            row = found.setdefault((record["peer"], record["leaves"]), {"scope": record["scope"]})
            row[record["name"]] = duration(record["seconds"]["median"] / record["items"])
    return ("package", "leaves", "build", "one proof", "one check", "its tree"), [
        (peer, f"{leaves:,}", row["peer-build"], row["peer-proof"], row["peer-verify"], row["scope"])
        for (peer, leaves), row in found.items()
    ]


def _sizes(records: Sequence[Record]) -> tuple[Row, list[Row]]:
    rows: list[Row] = []
    for record in records:
        if record["name"] == "proof":
            sizes = record["sizes"]
            numbers = [f"{sizes[name]:,}" for name in ("nodes_bytes_mean", "nodes_bytes_max")]
            numbers += [f"{sizes[name]:,}" for name in ("file_bytes_mean", "file_bytes_max")]
            rows.append((f"{record['accounts']:,}", str(record["assets"]), *numbers))
    return ("accounts", "assets", "bytes of nodes, mean", "largest", "bytes of the file, mean", "largest"), rows


TABLES: tuple[tuple[str, Callable[[Sequence[Record]], tuple[Row, list[Row]]]], ...] = (
    ("Hashing limit", _limits),
    ("Measured", _measured),
    ("Size of a proof", _sizes),
    ("Packages measured in the same run, one tree of as many leaves", _peers),
)


def _aligned(head: Row, rows: Sequence[Row]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    )


def text_table(records: Iterable[Record]) -> str:
    """The tables for a terminal."""
    known = latest(records)
    parts = [(title, *table(known)) for title, table in TABLES]
    return "\n\n".join(f"{title}\n{_aligned(head, rows)}" for title, head, rows in parts if rows)


def markdown(records: Iterable[Record]) -> str:
    """The tables for docs/benchmarks.md."""
    known = latest(records)
    parts = []
    if known:
        machine = known[-1]["machine"]
        facts = (
            f"{machine['processor']}, {machine['cores']} cores, {amount_of_bytes(machine['memory_bytes'])} of memory, "
            f"{machine['system']}, Python {machine['python']}, NumPy {machine['numpy']}; load when the run began: "
            f"{machine['load_at_start']}"
        )
        parts.append(f"Machine: {facts}.")
    for title, table in TABLES:
        head, rows = table(known)
        if rows:
            lines = [head, ["---"] * len(head), *rows]
            parts.append(f"### {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts) + "\n"


def main(files: Sequence[str]) -> int:
    """Print Markdown for the JSON lines of these files, or put it behind the mark in a page; 2 without a file."""
    page = Path(files[1]) if len(files) > 2 and files[0] == "--into" else None
    files = files[2:] if page else files
    if not files:
        print("usage: python -m tests.benchmarks.report results.jsonl ...", file=sys.stderr)
        return 2
    text = [line for file in files for line in Path(file).read_text(encoding="utf-8").splitlines() if line.strip()]
    tables = markdown(json.loads(line) for line in text)
    if page is None:
        print(tables, end="")
    else:
        kept, mark, _ = page.read_text(encoding="utf-8").partition(MARK)
        assert mark, "the page has the mark behind which the tables stand"
        page.write_text(f"{kept}{mark}\n\n{tables}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
