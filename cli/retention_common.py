"""What the verbs of the archive share: where it is, opening it for writing, days, and secrets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import click

from cli.common import passphrase
from cli.exchange.config import Config
from cli.exchange.words import time_text
from cli.keys import MASTER_NAME
from compliance.retention.archive import Archive
from compliance.retention.records import Entry, micros_day
from compliance.retention.sealing import Vault
from compliance.retention.timestamps import TrustedCertificates
from ledger.errors import CheckFailed, InputError
from ledger.keys import load_secret

__all__ = [
    "archive_option",
    "certificates_option",
    "day_of",
    "line_of",
    "load_master",
    "opened",
    "place_of",
    "subject_of",
    "trusted_by",
]

FOLDER: Final = "archive"

archive_option = click.option(
    "--archive", "at", type=click.Path(file_okay=False, path_type=Path), help="The archive, if it is elsewhere."
)
certificates_option = click.option(
    "--tsa-certificate",
    "certificates",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Certificates of the time stamp authority that you trust (PEM), its root among them.",
)


def place_of(folder: Path | None, at: Path | None) -> Path:
    if at is not None:
        return at
    if folder is None:
        raise InputError("--folder", "is not given", "Name the exchange's folder, or the archive with --archive.")
    return folder / FOLDER


@contextmanager
def opened(folder: Path, at: Path | None) -> Iterator[Archive]:
    """The archive for writing; a rule that forbids a line is told as an input that is wrong."""
    place = place_of(folder, at)
    try:
        with Archive(place) as store:
            yield store
    except CheckFailed as error:
        raise InputError(str(place), str(error).rstrip("."), "Nothing was written for it.") from None


def trusted_by(certificates: Sequence[Path]) -> TrustedCertificates | None:
    return TrustedCertificates.read(certificates) if certificates else None


def load_master(config: Config, words: str) -> bytes:
    return load_secret(config.secrets / MASTER_NAME, "master", words)


def day_of(text: str | None, now: int, what: str) -> date:
    """A day, or yesterday, UTC."""
    if text is None:
        return micros_day(now) - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(what, "is no day", "Write 2026-11-22.") from None


def line_of(entry: Entry) -> dict[str, Any]:
    return {"hash": entry.hash.hex(), "line": entry.sequence, "recorded": time_text(entry.recorded)}


def subject_of(folder: Path, store: Archive, customer: str) -> str:
    """A customer's pseudonym."""
    config = Config.load(folder)
    with Vault(store.folder / "personal", load_master(config, passphrase("The passphrase of the keys"))) as vault:
        return vault.subject(customer)
