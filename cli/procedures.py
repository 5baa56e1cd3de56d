"""For practitioners: `procedures` performs agreed-upon procedures on bundles and writes the findings as a pack."""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from cli import known_keys
from cli.audit_page import shown_command
from cli.auditor import run_audit, shared_options
from cli.common import console, emit_json, json_option, read_input
from cli.exchange.giving import now_us
from compliance.procedures.perform import Asked, Handed, perform
from compliance.procedures.sampling import SEED_BYTES_MAX
from compliance.reports.document import EvidenceItem
from compliance.reports.packs.aup import pack
from compliance.reports.packs.aup.findings import EXCEPTION, UNPERFORMED, findings
from compliance.reports.packs.aup.inputs import BundleLine, ProceduresInput
from compliance.reports.write import FORMS, write_pack
from ledger.errors import InputError
from por.attestation import fingerprint
from por.liabilities.kernels import select
from por.pages import plain
from por.snapshot import SnapshotId
from por.verify.audit import AuditReport
from por.verify.standalone import ReaderKey

__all__ = ["procedures"]

DRAWN = 25
_COUNT = click.IntRange(0, 100_000)


@click.command()
@shared_options
@click.option("--seed", required=True, help="The text that samples are drawn by; fix and publish it beforehand.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new folder.")
@click.option("--statement-samples", default=DRAWN, show_default=True, type=_COUNT, help="Leaves drawn of each bundle.")
@click.option("--reserve-samples", default=DRAWN, show_default=True, type=_COUNT, help="Reserve rows drawn of each.")
@click.option(
    "--movement-samples", default=DRAWN, show_default=True, type=_COUNT, help="Deposits and withdrawals of each."
)
@click.option(
    "--include",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Account ids that must be among the leaves, one a line: your own accounts, or ones drawn elsewhere.",
)
@click.option(
    "--format", "forms", multiple=True, type=click.Choice(sorted(FORMS)), help="Repeat; all if none is given."
)
@json_option
def procedures(
    bundles: tuple[Path, ...], key: str | None, block: tuple[str, ...], rpc: tuple[str, ...],
    layouts: tuple[Path, ...], replay: bool, seed: str, out: Path, statement_samples: int, reserve_samples: int,
    movement_samples: int, include: Path | None, forms: tuple[str, ...], as_json: bool,
) -> int:  # fmt: skip
    """Perform agreed-upon procedures on bundles: findings, samples by a published seed, every exception.

    Works from bundles and the exchange's public key alone. Gives findings, and no opinion on them.
    Exit status: 1 if there is an exception, else 2 if a procedure was not performed, else 0; the pack is written.
    """
    _check_seed(seed)
    included = () if include is None else _ids(include)
    _check_out(out)
    if key is None:
        raise InputError("--key", "was not given", "Give the exchange's public key file, from a source of your own.")
    reader_key = known_keys.load_key(key)
    report = run_audit(bundles, reader_key, block, rpc, layouts, replay=replay, quiet=as_json)
    asked = Asked(seed, reader_key, select(), statement_samples, reserve_samples, movement_samples, included)
    given = _input(bundles, report, asked)
    made = pack(given)
    written = write_pack(out, made.documents, made.data, made.extra_files, forms=forms or FORMS)
    found = findings(given.performed.outcomes)
    counts = Counter(each.status for each in found)
    if as_json:
        emit_json(
            {
                "counts": dict(counts),
                "exceptions": [[each.wording.number, text] for each in found for text in each.exceptions],
                "files": [file.path for file in written.files],
                "manifest": written.manifest_sha256,
                "procedures": {each.wording.key: each.status for each in found},
            }
        )
    else:
        words = {UNPERFORMED: "not performed, or not for every bundle"}
        console().print(", ".join(f"{number} {words.get(name, name)}" for name, number in counts.items()), markup=False)
        click.echo(f"open {out / 'index.html'}; {len(written.files)} files, manifest {written.manifest_sha256[:16]}")
    return 1 if counts[EXCEPTION] else 2 if counts[UNPERFORMED] else 0


def _check_seed(seed: str) -> None:
    if not seed.strip() or len(seed.encode("utf-8", "surrogatepass")) > SEED_BYTES_MAX or not seed.isprintable():
        remedy = f"Give a text of at most {SEED_BYTES_MAX} bytes that can be read out, such as a published block hash."
        raise InputError("--seed", "is empty, too long, or holds what cannot be seen", remedy)


def _check_out(out: Path) -> None:
    """Before work that takes long; writing asks again."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(str(out), "is not empty", "Name a folder that does not exist; a pack is never overwritten.")


def _ids(path: Path) -> tuple[str, ...]:
    try:
        text = read_input(path, "ids").decode()
    except UnicodeDecodeError:
        raise InputError(str(path), "is no text in UTF-8", "Write one account id a line.") from None
    lines = [line.rstrip("\r") for line in text.split("\n")]
    ids = tuple(dict.fromkeys(line for line in lines if line.strip()))
    if not ids:
        raise InputError(str(path), "names no id", "Write one account id a line.")
    return ids


def _input(bundles: Sequence[Path], report: AuditReport, asked: Asked) -> ProceduresInput:
    handed = [
        Handed(label, path, audit) for label, path, audit in zip(_labels(bundles), bundles, report.bundles, strict=True)
    ]
    snapshots = [SnapshotId.parse(audit.snapshot) for audit in report.bundles if audit.snapshot is not None]
    if not snapshots:
        remedy = "Name folders that hold an attestation.json in its form; `tallystick audit` says what is wrong."
        raise InputError(str(bundles[0]), "no bundle has a statement that can be read", remedy)
    days = sorted(datetime.fromisoformat(each.hour).date() for each in snapshots)
    trees = [tree for audit in report.bundles for tree in audit.trees]
    command = ["tallystick", *map(str, click.get_current_context().find_root().obj)]
    return ProceduresInput(
        exchange=", ".join(sorted({each.exchange for each in snapshots})),
        entities=tuple(sorted({tree["entity"] for tree in trees})),
        key=_key_text(asked.key),
        seed=asked.seed,
        start=days[0],
        end=days[-1],
        prepared=datetime.fromtimestamp(now_us() // 1_000_000, UTC),
        bundles=tuple(_line(each) for each in handed),
        performed=perform(handed, report, asked),
        evidence=tuple(item for each in handed for item in _files(each)),
        command=plain(shown_command(command)),
        engine=f"tallystick {version('tallystick')}",
    )


def _key_text(key: ReaderKey | None) -> str:
    return "" if key is None else key.key


def _labels(bundles: Sequence[Path]) -> list[str]:
    """The folders' names; numbered where two are called alike."""
    names = [path.resolve().name for path in bundles]
    alike = {name for name, count in Counter(names).items() if count > 1}
    return [f"{number:03d}-{name}" if alike else name for number, name in enumerate(names, 1)]


def _line(handed: Handed) -> BundleLine:
    audit = handed.audit
    digest = audit.digest or ""
    mark = fingerprint(bytes.fromhex(digest)) if digest else ""
    return BundleLine(handed.label, audit.kind or "not readable", audit.snapshot or "", digest, mark)


def _files(handed: Handed) -> list[EvidenceItem]:
    """Every plain file of a bundle with its hash; a link is not followed, and what cannot be read is the audit's."""
    found = []
    for path in sorted(handed.folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            continue
        inside = path.relative_to(handed.folder).as_posix()
        name = plain(f"{handed.label}/{inside}")
        found.append(EvidenceItem(name, digest, "file of a bundle", f"sha256sum {shlex.quote(name)}"))
    return found
