"""From what was handed over to what may be downloaded: each bundle's public files are copied, and the copy is audited.

The audit is of the copy, so what the pages say of an hour is what any reader finds in what they download. A file whose
form or signature fails is listed with what failed, and is no download: nobody stands behind what is in it. Where the
manifest fails, the statement and the manifest are downloads, and nothing else is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from ledger.canonical import Json, canonical
from ledger.errors import CheckFailed, FormatError
from por.files import plain_size, read_document
from por.liabilities.kernels import select
from por.manifest import MANIFEST_NAME, PRIVATE_FOLDERS, read_manifest
from por.pages import plain
from por.reserves.evm.layouts import LayoutTable
from por.site.cache import Cache, Detail, hash_of
from por.site.facts import Hour, hour_of
from por.snapshot import SnapshotId
from por.verify.audit import BundleAudit, Reader, audit_bundle
from por.verify.reserves import ReserveReader
from por.verify.standalone import Malformed, ReaderKey, check_signature, read_attestation

__all__ = ["ATTESTATION_NAME", "HOURS", "folder_name", "publish"]

ATTESTATION_NAME = "attestation.json"
HOURS = "hours"
PART = ".part-"


@dataclass(frozen=True, slots=True)
class Source:
    """What was handed over: a bundle's folder, or one attestation alone.

    `file` and `beside` are the SHA-256 of attestation.json and manifest.json in hex, empty where one cannot be read.
    `data` and `manifest` are their bytes, None also where they are not held: a year of them is a lot of memory.
    """

    name: str
    path: Path
    folder: Path
    is_lone: bool
    file: str
    beside: str
    data: bytes | None = None
    manifest: bytes | None = None

    def light(self) -> Source:
        """The same without the bytes."""
        return replace(self, data=None, manifest=None)


def read_source(path: Path) -> Source:
    """Read the two small files of a bundle; a file that is no plain one counts as not readable."""
    folder = path if path.is_dir() else path.parent
    data = _read(path / ATTESTATION_NAME if path.is_dir() else path)
    manifest = _read(folder / MANIFEST_NAME) if path.is_dir() or path.name == ATTESTATION_NAME else None
    is_lone = not path.is_dir() and manifest is None
    # The name of the folder and no more: where it lies on the operator's machine is nobody's business.
    name = path.resolve().name if path.is_dir() or is_lone else folder.resolve().name
    return Source(plain(name), path, folder, is_lone, _sha256(data), _sha256(manifest), data, manifest)


def _sha256(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()


def _read(path: Path) -> bytes | None:
    try:
        return read_document(path)
    except OSError:
        return None


def publish(
    out: Path, paths: Sequence[Path], key: ReaderKey, layouts: LayoutTable, cache: Cache, program: str
) -> list[tuple[Hour, Detail]]:
    """Judge every file once, copy what is signed under `out`, and give (facts, detail), by number and digest."""
    for part in out.glob(f"{PART}*"):
        shutil.rmtree(part, ignore_errors=True)  # left by a run that was cut off
    context = hash_of(program, canonical(_key_json(key)), repr(layouts))
    peeked: list[tuple[Source, tuple[int, str] | None]] = []
    for path in paths:
        source = read_source(path)
        peeked.append((source.light(), _peek(source, cache)))
    peeked.sort(key=lambda pair: (*(pair[1] or (2**63, "")), pair[0].file, pair[0].is_lone, pair[0].name))
    found: list[tuple[Hour, Detail]] = []
    earlier = hash_of("")
    before: set[str] = set()
    for _, group in groupby(peeked, key=lambda pair: None if pair[1] is None else pair[1][0]):
        batch = list(group)
        for light, _ in batch:
            known = cache.find(_line(context, earlier, light))
            if known is None or not _is_there(out, known[0]):
                # What a proof of control may name is a statement before this one: a later hour changes nothing.
                reader = Reader(key, ReserveReader(layouts, statements=frozenset(before)), select())
                source = read_source(light.path)
                hour, detail = _judge(out, source, reader)
                known = hour, cache.keep(_line(context, earlier, source), hour, detail)
            found.append(known)
        digests = {peek[1] for _, peek in batch if peek is not None}
        before |= digests
        earlier = hash_of(earlier, *sorted(digests))
    best = _without_repeats(found)
    _remove_unused(out, found, best)
    return best


def _line(context: str, earlier: str, source: Source) -> str:
    """Under what a judgement is kept: everything that it rests on."""
    return hash_of(context, earlier, source.name, source.file, source.beside, str(source.is_lone))


def _is_there(out: Path, hour: Hour) -> bool:
    """Whether an hour's downloads still lie where they were put, by name and size."""
    try:
        return all(plain_size(out / str(hour.folder) / name) == size for name, size in hour.files)
    except OSError:
        return False


def _key_json(key: ReaderKey) -> Json:
    return {"exchange": key.exchange, "key": key.key, "rotations": list(key.rotations)}


def _peek(source: Source, cache: Cache) -> tuple[int, str] | None:
    """Number and digest that a file states, before anything about it is judged; None where its form fails."""
    if source.data is None:
        return None
    file = source.file
    if file not in cache.peeks:
        try:
            document = read_attestation(source.data)
        except Malformed:
            cache.keep_peek(file, None)
        else:
            digest = check_signature(document, None, lambda key, message, signature: True)[2]
            cache.keep_peek(file, (document["statement"]["sequence"], digest.hex()))
    return cache.peeks[file]


def _without_repeats(found: Sequence[tuple[Hour, Detail]]) -> list[tuple[Hour, Detail]]:
    """One statement handed over twice is listed once, by the copy that holds best."""
    best: dict[str, tuple[Hour, Detail]] = {}
    rank = {"valid": 0, "unchecked": 1, "invalid": 2}
    for number, (hour, detail) in enumerate(found):
        name = hour.digest if hour.is_signed and hour.digest is not None else f"file {number}"
        if name not in best or rank[hour.verdict] < rank[best[name][0].verdict]:
            best[name] = (hour, detail)
    return list(best.values())


def _remove_unused(out: Path, found: Sequence[tuple[Hour, Detail]], best: Sequence[tuple[Hour, Detail]]) -> None:
    """Downloads of copies that are not the one listed."""
    used = {hour.folder for hour, _ in best}
    for hour, _ in found:
        if hour.folder is not None and hour.folder not in used:
            shutil.rmtree(out / hour.folder, ignore_errors=True)


def folder_name(snapshot: SnapshotId, digest: str, content: str) -> str:
    """Where an hour's downloads are, below the pages: month, day and hour, revision, digest and content by their start.

    By content too, because one statement can be handed over with other files beside it.
    """
    day, _, time = snapshot.hour.partition("T")
    return f"{HOURS}/{day[:7]}/{day[8:]}T{time[:2]}-r{snapshot.revision}-{digest[:8]}-{content[:8]}"


def _judge(out: Path, source: Source, reader: Reader) -> tuple[Hour, str]:
    """Copy, audit the copy, and keep of it what may be downloaded."""
    part = Path(tempfile.mkdtemp(prefix=PART, dir=out))
    try:
        _copy_public(source, part)
        audit = audit_bundle(part, reader)
        if source.is_lone:
            _open_manifest(audit)
        folder: str | None = None
        kept: tuple[tuple[str, int], ...] = ()
        if audit.link is not None and audit.digest is not None:
            if any(check.name == "manifest" and check.result == "fail" for check in audit.checks):
                _keep_only(part, {ATTESTATION_NAME, MANIFEST_NAME})
            names = sorted(path.relative_to(part).as_posix() for path in part.rglob("*") if path.is_file())
            kept = tuple((name, plain_size(part / name)) for name in names)
            content = hash_of(*(piece for name in names for piece in (name, (part / name).read_bytes())))
            folder = folder_name(audit.link.snapshot, audit.digest, content)
            shutil.rmtree(out / folder, ignore_errors=True)
            (out / folder).parent.mkdir(parents=True, exist_ok=True)
            part.chmod(0o755)
            part.rename(out / folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return hour_of(audit, source.name, source.file, folder, kept)


def _copy_public(source: Source, part: Path) -> None:
    """The files that the manifest lists, and no other; what cannot be copied the audit then misses."""
    if source.data is not None:
        (part / ATTESTATION_NAME).write_bytes(source.data)
    if source.manifest is None:
        return
    (part / MANIFEST_NAME).write_bytes(source.manifest)
    try:
        entries = read_manifest(source.manifest).entries
    except (FormatError, CheckFailed):
        return
    for entry in entries:
        path = str(entry["path"])
        if path in (ATTESTATION_NAME, MANIFEST_NAME) or path.split("/")[0] in PRIVATE_FOLDERS:
            continue
        try:
            # Not longer than the signed size, so that a file put in its place cannot fill the disk.
            if plain_size(source.folder / path) > int(entry["size"]):
                continue
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.folder / path, part / path, follow_symlinks=False)
        except OSError:
            continue


def _keep_only(part: Path, names: set[str]) -> None:
    for entry in os.scandir(part):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        elif entry.name not in names:
            os.unlink(entry.path)


def _open_manifest(audit: BundleAudit) -> None:
    """An attestation that was handed over alone has no manifest to fail: that check stays unchecked."""
    detail = "the attestation was handed over alone, without its manifest"
    for place, check in enumerate(audit.checks):
        if check.name == "manifest":
            audit.checks[place] = check._replace(result="unchecked", assurance=None, detail=detail)
