"""The restore drill: an archive copied to another place, and everything in the copy checked and counted again.

1. Segments, days, objects and archive.json are copied byte for byte, the sealed keys as one moment of their database.
   The file that makes personal data readable is copied only with the master secret, and is overwritten and removed from
   the copy at the end whatever happened: no copy may outlive an erasure.
2. The copy is verified as any archive is: chain, days, stamps, objects, and with the master secret that sealed
   documents open.
3. The index that the copy gives is compared with the source's: lines, head, documents, corrections, disposals, holds.
The report is a line of the source's own chain, so that a rule can ask when the last drill was and how it ended.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from compliance.retention.archive import ARCHIVE_NAME, Loaded, load
from compliance.retention.records import Drill
from compliance.retention.sealing import Vault
from compliance.retention.timestamps import TrustedCertificates
from compliance.retention.verifying import Finding, verify_archive
from ledger.errors import InputError

__all__ = ["restore_drill"]

PROBLEMS_KEPT: Final = 20
PROBLEM_CHARACTERS: Final = 300
_FOLDERS: Final = ("segments", "days", "objects")
_NEVER_CHECKED: Final = "a drill without certificates leaves the time stamps unchecked"


def restore_drill(
    source: Path, target: Path, trusted: TrustedCertificates | None = None, master: bytes | None = None
) -> Drill:
    """Copy an archive into the new folder `target`, check the copy, and report; raises InputError.

    Time stamps are part of a drill that passes once a day was closed; without certificates it fails and says so.
    """
    before = load(source)
    copied_bytes = _copy(source, target, master is not None)
    try:
        findings, after = _verify_copy(target, trusted, master)
    finally:
        _forget_keys(target)
    problems = [f"{each.name}: {problem}" for each in findings for problem in each.problems]
    if trusted is None and before.view.closed:
        problems.append(_NEVER_CHECKED)
    if after is not None:
        problems += _differences(before, after)
    unreadable = next((len(each.problems) for each in findings if each.name == "sealed"), 0)
    kept = tuple(problem[:PROBLEM_CHARACTERS] for problem in problems[:PROBLEMS_KEPT])
    return Drill(
        result="fail" if problems else "pass",
        records=0 if after is None else len(after.entries),
        objects=sum(1 for _ in before.objects.names()) if after is None else sum(1 for _ in after.objects.names()),
        bytes=copied_bytes,
        days=0 if after is None else len(after.view.closed),
        stamps=sum(1 for _ in (target / "days").glob("*.tsr")),
        unreadable=unreadable,
        head=(before if after is None else after).view.link.hash.hex(),
        problems=kept,
    )


def _copy(source: Path, target: Path, with_keys: bool) -> int:
    """Everything that a restore needs; how many bytes."""
    if target.exists():
        raise InputError(str(target), "exists", "Name a folder that is not there yet; nothing is overwritten.")
    target.mkdir(parents=True, mode=0o700)
    shutil.copy2(source / ARCHIVE_NAME, target / ARCHIVE_NAME)
    for name in _FOLDERS:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns(".*"))
    personal = source / "personal"
    if (personal / "data.sqlite").is_file():
        (target / "personal").mkdir(mode=0o700)
        with (
            closing(sqlite3.connect(personal / "data.sqlite", timeout=60)) as old,
            closing(sqlite3.connect(target / "personal" / "data.sqlite")) as new,
        ):
            old.backup(new)
        if with_keys:
            shutil.copy2(personal / "keys", target / "personal" / "keys")
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def _verify_copy(
    target: Path, trusted: TrustedCertificates | None, master: bytes | None
) -> tuple[list[Finding], Loaded | None]:
    if master is None:
        return verify_archive(target, trusted=trusted)
    with Vault(target / "personal", master) as vault:
        return verify_archive(target, trusted=trusted, vault=vault)


def _forget_keys(target: Path) -> None:
    """Overwrite and remove the copied keys."""
    path = target / "personal" / "keys"
    if not path.exists():
        return
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(bytes(size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _differences(before: Loaded, after: Loaded) -> list[str]:
    """Where the index of the copy is not that of the source."""
    pairs = {
        "the head": (before.view.link, after.view.link),
        "the lines": ([each.hash for each in before.entries], [each.hash for each in after.entries]),
        "the documents": (before.view.documents, after.view.documents),
        "the corrections": (before.view.superseded, after.view.superseded),
        "the disposals": ((before.view.deleted, before.view.erased), (after.view.deleted, after.view.erased)),
        "the holds": (before.view.holds, after.view.holds),
        "the objects": (list(before.objects.names()), list(after.objects.names())),
        "the segments": ([s.size for s in before.segments], [s.size for s in after.segments]),
    }
    return [f"index: {what} differ in the copy" for what, (old, new) in pairs.items() if old != new]
