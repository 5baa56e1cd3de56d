"""Everything that an archive's reader can check, check by check. Reads files, changes nothing.

1. chain: every byte of every segment hashes into the next line, every line obeys the rules of view.py, no torn tail.
2. days: every closed day has its statement, which follows from the chain, names the one before it, and is signed by
   the key in force (and by one that the reader knows, where they name keys). No statement stands without its close.
3. stamps: every closed day has a time stamp over its root under certificates that the reader trusts, and was not
   closed by a clock that was ahead of it: such a clock could pass the end of a period that had not passed.
4. objects: every living document is there and is what the chain says; what an order took away is gone.
5. sealed: with the master secret, every living sealed document opens, and none that was erased does.
6. references: with the folder they are in, files that were only referenced are what they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from compliance.retention.archive import Loaded, load, statements
from compliance.retention.days import DayStatement, make_statement
from compliance.retention.objects import CHUNK_BYTES
from compliance.retention.records import Document, Referenced, Sealed
from compliance.retention.sealing import Vault
from compliance.retention.timestamps import Stamp, TrustedCertificates, check_stamp
from ledger.errors import CheckFailed, FormatError, TallystickError
from por.files import plain_size

__all__ = ["Finding", "check_objects", "check_references", "check_stamps", "file_digest", "verify_archive"]

CLOCK_SKEW_US: Final = 300_000_000
"""How far the clock that closes days may be ahead of the one that stamps."""
CHECKS: Final = ("chain", "days", "stamps", "objects", "sealed", "references")


class Finding(NamedTuple):
    """One check: its problems, or what was found in order; `is_checked` False where something to check with lacks."""

    name: str
    problems: tuple[str, ...]
    good: str
    is_checked: bool = True

    @property
    def holds(self) -> bool:
        """Whether it was checked and nothing is wrong."""
        return self.is_checked and not self.problems


def verify_archive(
    folder: Path,
    *,
    keys: Collection[bytes] | None = None,
    trusted: TrustedCertificates | None = None,
    vault: Vault | None = None,
    base: Path | None = None,
) -> tuple[list[Finding], Loaded | None]:
    """Every check of an archive, and the archive where its chain holds; raises InputError for what is none.

    `keys`: public keys that the reader accepts under statements. `base`: where referenced paths begin.
    """
    try:
        loaded = load(folder)
    except CheckFailed as error:
        rest = [Finding(name, (), "the chain has to be whole first", False) for name in CHECKS[1:]]
        return [Finding("chain", (str(error),), ""), *rest], None
    torn = () if loaded.torn is None else (f"{loaded.torn} Or run `tallystick archive day`, which cuts it.",)
    findings = [
        Finding("chain", torn, f"{len(loaded.entries)} lines in {len(loaded.segments)} segments"),
        _gathered("days", lambda: check_days(loaded, keys), "closed days signed"),
        check_stamps_finding(loaded, trusted),
        _gathered("objects", lambda: check_objects(loaded), "documents are what the chain says"),
    ]
    if vault is None:
        findings.append(Finding("sealed", (), "the master secret is needed to open sealed documents", False))
    else:
        findings.append(_gathered("sealed", lambda: check_sealed(loaded, vault), "sealed documents open, erased none"))
    if base is None:
        findings.append(Finding("references", (), "the folder of the referenced files is needed", False))
    else:
        findings.append(_gathered("references", lambda: check_references(loaded, base), "referenced files are there"))
    return findings, loaded


def _gathered(name: str, check: Callable[[], Iterator[str | None]], good: str) -> Finding:
    """Run a check that yields None for what holds and words for what does not."""
    results = list(check())
    problems = tuple(each for each in results if each is not None)
    return Finding(name, problems, f"{len(results)} {good}")


def check_days(loaded: Loaded, keys: Collection[bytes] | None = None) -> Iterator[str | None]:
    """Check 2; a line for each day."""
    signed: dict[str, DayStatement] = {}
    names = {path.stem for path in (loaded.folder / "days").glob("*.json")}
    closed = {day.isoformat() for _, day in loaded.view.closed}
    for name in sorted(names - closed):
        yield f"{name}: a statement of a day that the chain does not close"
    try:
        signed = {path.stem: statement for path, statement in statements(loaded.folder)}
    except (CheckFailed, FormatError) as error:
        yield str(error)
        return
    previous: bytes = loaded.genesis.hash
    for close, day in loaded.view.closed:
        found, name = signed.get(day.isoformat()), day.isoformat()
        key = loaded.view.day_keys[close]
        made = make_statement(loaded.view.archive, loaded.lines_of_day(close), previous, key)
        previous = made.digest
        if found is None:
            yield f"{name}: the day is closed and has no signed statement"
        elif found != made:
            yield f"{name}: the statement is not the one that follows from the chain"
        elif keys is not None and found.key not in keys:
            yield f"{name}: signed by {found.key.hex()[:16]}, which is none of the reader's keys"
        else:
            yield None


def check_stamps(loaded: Loaded, trusted: TrustedCertificates) -> Iterator[tuple[str, Stamp | str]]:
    """Check 3: for each closed day its stamp, or why there is none that holds."""
    previous: bytes = loaded.genesis.hash
    for close, day in loaded.view.closed:
        key = loaded.view.day_keys[close]
        made = make_statement(loaded.view.archive, loaded.lines_of_day(close), previous, key)
        previous, name = made.digest, day.isoformat()
        path = loaded.folder / "days" / f"{name}.tsr"
        if not path.is_file():
            yield name, "the day has no time stamp"
            continue
        try:
            stamp = check_stamp(path.read_bytes(), made.root, trusted)
        except CheckFailed as error:
            yield name, str(error)
            continue
        is_ahead = stamp.time < made.made - CLOCK_SKEW_US
        yield name, "the day was closed by a clock that was ahead of the time stamp's" if is_ahead else stamp


def check_stamps_finding(loaded: Loaded, trusted: TrustedCertificates | None) -> Finding:
    """Check 3 as one finding."""
    if trusted is None:
        return Finding("stamps", (), "certificates of the time stamp authority are needed", False)
    results = list(check_stamps(loaded, trusted))
    problems = tuple(f"{day}: {found}" for day, found in results if isinstance(found, str))
    return Finding("stamps", problems, f"{len(results)} days stamped")


def _living(loaded: Loaded) -> Iterator[tuple[int, Document]]:
    for record, document in loaded.view.documents.items():
        if not loaded.view.is_disposed(record):
            yield record, document


def check_objects(loaded: Loaded) -> Iterator[str | None]:
    """Check 4. Objects that no line names are left by a crash before their line was written, and are no problem."""
    objects, living = loaded.objects, set()
    for record, document in _living(loaded):
        payload = document.payload
        if isinstance(payload, Referenced):
            continue
        living.add(payload.sha256)
        try:
            size = len(objects.get(payload.sha256))
        except FileNotFoundError:
            yield f"record {record}: its document is not there"
        except CheckFailed as error:
            yield f"record {record}: {error}"
        else:
            yield None if size == payload.size else f"record {record}: its document has another size"
    for record, document in loaded.view.documents.items():
        payload = document.payload
        if isinstance(payload, Referenced) or payload.sha256 in living or not loaded.view.is_disposed(record):
            continue
        if objects.path(payload.sha256).exists():
            yield f"record {record}: an order took its document away, and it is still there"


def check_sealed(loaded: Loaded, vault: Vault) -> Iterator[str | None]:
    """Check 5."""
    for record, document in loaded.view.documents.items():
        payload, subject = document.payload, document.subject
        if not isinstance(payload, Sealed) or subject is None:
            continue
        is_gone = loaded.view.is_disposed(record)
        try:
            vault.open(subject, payload, loaded.objects)
        except (TallystickError, FileNotFoundError) as error:
            yield None if is_gone else f"record {record}: cannot be read ({type(error).__name__}: {error})"
        else:
            yield f"record {record}: was taken away and can still be read" if is_gone else None


def file_digest(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size of a plain file; raises OSError."""
    plain_size(path)
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while data := file.read(CHUNK_BYTES):
            digest.update(data)
        return digest.hexdigest(), file.tell()


def check_references(loaded: Loaded, base: Path) -> Iterator[str | None]:
    """Check 6, of records that nothing corrects: what was corrected is another file now."""
    for record, document in _living(loaded):
        payload = document.payload
        if not isinstance(payload, Referenced) or record in loaded.view.superseded:
            continue
        try:
            found = file_digest(base / payload.path)
        except OSError as error:
            yield f"record {record}: {payload.path} cannot be read ({error.strerror})"
            continue
        same = found == (payload.sha256, payload.size)
        yield None if same else f"record {record}: {payload.path} is not what it was when it was archived"
