"""The exchange's command log as a bundle hands it over: deposits and withdrawals drawn, and the commands at the cut.

`replay/log.bin` holds the commands from the checkpoint to the cut, so the first command after a cut is the first of
the next bundle's log. Reading checks each record's place in the hash chain; whether the engine took a command is the
replay's to say (cli.replay_audit), not asked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from compliance.procedures.outcomes import CutRow, MovementSample, Outcome, unperformed
from compliance.procedures.sampling import draw
from ledger.errors import CheckFailed, FormatError
from ledger.log.extract import read_extract
from ledger.log.record import Record, SegmentHeader
from ledger.playback import check_entry, given_of
from por.bundle import REPLAY
from por.files import plain_size
from por.snapshot import SnapshotId, to_seconds
from por.verify.audit import BundleAudit

__all__ = ["MOVEMENTS", "LogView", "check_cut", "read_log", "sample_movements"]

MOVEMENTS: Final = frozenset(
    (
        "receive-deposit credit-deposit reverse-deposit assign-receipt request-withdrawal send-withdrawal "
        "settle-withdrawal fail-withdrawal reject-withdrawal"
    ).split()
)
CUT: Final = "cut-hour"
_RECEIPTS: Final = frozenset({"receive-deposit", "credit-deposit"})


class LogView(NamedTuple):
    """What procedures need of one bundle's log: its beginning, its last two commands, its movements."""

    header: SegmentHeader
    first: CutRow | None
    before: CutRow | None
    last: CutRow | None
    movements: Sequence[tuple[Record, Mapping[str, Any]]]


def read_log(label: str, bundle: Path, audit: BundleAudit) -> LogView | str:
    """The log of a bundle, or why there is none."""
    if any(check.name in ("form", "signature") and check.result == "fail" for check in audit.checks):
        return "not reached, because form or signature failed"
    if audit.sections.get("snapshot", {}).get("ledger") is None:
        return "no command log stands behind this statement"
    path = bundle / REPLAY / "log.bin"
    if not path.is_file() or path.is_symlink():
        return "the folder replay/ was not handed over"
    try:
        plain_size(path)
        header, records = read_extract(path)
        exchange = str(audit.snapshot).partition("/")[0]
        first = before = last = None
        movements = []
        for record, command in _commands(records, exchange):
            before, last = last, _row(label, "the cut", record, command)
            first = first or last
            if command["type"] in MOVEMENTS:
                movements.append((record, command))
    except (FormatError, CheckFailed, OSError, LookupError, TypeError, ValueError) as problem:
        return f"the log cannot be read: {problem}"
    return LogView(header, first, before and before._replace(where="last before"), last, movements)


def _commands(records: Iterator[Record], exchange: str) -> Iterator[tuple[Record, Mapping[str, Any]]]:
    for record in records:
        command = given_of(record.entry, exchange).request.command
        yield record, {"type": "key request"} if command is None else command


def _row(label: str, where: str, record: Record, command: Mapping[str, Any]) -> CutRow:
    return CutRow(
        label, where, int(record.sequence), str(command["type"]), int(record.entry.applied_us), record.hash.hex()
    )


def check_cut(label: str, audit: BundleAudit, view: LogView, following: LogView | None) -> tuple[Outcome, list[CutRow]]:
    """The last command before the cut, the cut, and the first command after it, if the next log was handed over."""
    ledger = audit.sections["snapshot"]["ledger"]
    hour_us = to_seconds(SnapshotId.parse(str(audit.snapshot)).hour) * 1_000_000
    rows = [row for row in (view.before, view.last) if row is not None]
    wrong = []
    if view.last is None:
        wrong.append("the log holds no command")
    else:
        if (view.last.sequence, view.last.digest) != (int(ledger["position"]), ledger["head"]):
            wrong.append("the log does not end at the signed position and head")
        if view.last.command != CUT:
            wrong.append(f"the last command is {view.last.command} and no cut")
        if view.last.applied_us < hour_us:
            wrong.append("the cut was applied before the hour")
    if view.before is not None and view.before.applied_us >= hour_us:
        wrong.append(f"command {view.before.sequence} before the cut was applied in the next hour")
    words = "the first command after the cut was not handed over: it is in the next hour's replay/"
    if following is not None:
        if (following.header.first_sequence, following.header.previous_hash.hex()) != (
            int(ledger["position"]) + 1,
            ledger["head"],
        ):
            wrong.append("the next hour's log does not begin at the signed head")
        if following.first is None:
            words = "the next hour's log holds no command"
        else:
            rows.append(following.first._replace(bundle=label, where="first after"))
            words = f"the first after it is command {following.first.sequence}"
            if following.first.applied_us < hour_us:
                wrong.append(f"command {following.first.sequence} after the cut was applied before the hour ended")
    last = "none" if view.before is None else f"command {view.before.sequence} ({view.before.command})"
    detail = f"cut at position {ledger['position']}; the last before it: {last}; {words}"
    if wrong:
        return Outcome("around-cut", label, "fail", None, detail, wrong), rows
    if following is None:
        return unperformed("around-cut", label, detail), rows
    return Outcome("around-cut", label, "pass", "proven", detail), rows


def sample_movements(
    label: str, audit: BundleAudit, view: LogView, seed: str, count: int, receipts: Mapping[str, int]
) -> tuple[Outcome, list[MovementSample]]:
    """The deposits and withdrawals drawn from a log. `receipts`: how often each receipt stands in all logs given."""
    assert audit.digest is not None
    digest, total = bytes.fromhex(audit.digest), len(view.movements)
    places = draw(seed, digest, "movements", total, count)
    if not places:
        why = "no deposit or withdrawal is in the log, or none was asked for"
        return unperformed("sample-movements", label, why), []
    exchange = str(audit.snapshot).partition("/")[0]
    found = [_movement(label, place, *view.movements[place], exchange, receipts) for place in places]
    wrong = [f"command {each.sequence} ({each.command}): {each.detail}" for each in found if each.result == "fail"]
    detail = f"{len(found)} of {total:,} deposits and withdrawals drawn; {len(found) - len(wrong)} without exception"
    if wrong:
        return Outcome("sample-movements", label, "fail", None, detail, wrong), found
    return Outcome("sample-movements", label, "pass", "proven", detail), found


def _movement(
    label: str, place: int, record: Record, command: Mapping[str, Any], exchange: str, receipts: Mapping[str, int]
) -> MovementSample:
    kind, about = str(command["type"]), about_of(command)
    wrong = []
    try:
        check_entry(record, given_of(record.entry, exchange))
    except (CheckFailed, FormatError) as problem:
        wrong.append(str(problem))
    if kind in _RECEIPTS and receipts.get(about, 0) > 1:
        wrong.append("the same receipt stands in the logs more than once")
    detail = "; ".join(wrong) or "in the hash chain, signed, inside its window, and stated once"
    return MovementSample(
        label, place, int(record.sequence), kind, about, record.hash.hex(), "fail" if wrong else "pass", detail
    )


def about_of(command: Mapping[str, Any]) -> str:
    """What a movement names: the receipt's evidence, or the request."""
    return str(command.get("evidence") or command.get("request") or "")[:200]


def receipts_in(views: Sequence[LogView]) -> dict[str, int]:
    """How often each receipt is credited in the logs; a log handed over twice counts once."""
    found: dict[str, dict[str, None]] = {}
    for view in views:
        for record, command in view.movements:
            if command["type"] in _RECEIPTS:
                found.setdefault(about_of(command), {})[record.hash.hex()] = None
    return {name: len(hashes) for name, hashes in found.items()}
