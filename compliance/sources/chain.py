"""The chain of hourly statements read from bundles: each one's form, signature and place in the chain is checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from compliance.sources.attested import Statement
from ledger.errors import InputError
from ledger.keys import verify_message
from por.verify.standalone import Malformed, ReaderKey, check_signature, read_attestation

__all__ = ["ATTESTATION", "bundles_in", "read_chain", "read_period", "read_statement"]

ATTESTATION = "attestation.json"


def bundles_in(folder: Path) -> list[Path]:
    """The bundles in a folder of hours, oldest first; one that is being written begins with a point."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and (path / ATTESTATION).is_file())


def read_statement(bundle: Path, key: ReaderKey | None) -> Statement:
    """One bundle's signed statement; raises InputError where its form, or its signature under the key, does not hold.

    Without a key the signature is held against the statement's own: anyone could have made it.
    """
    path = bundle / ATTESTATION
    try:
        document = read_attestation(path.read_bytes())
    except (OSError, Malformed) as problem:
        raise InputError(str(path), f"is no attestation ({problem})", "Restore the bundle.") from None
    result, detail, digest = check_signature(document, key, verify_message)
    if result == "fail":
        raise InputError(str(path), detail, "Give the exchange's own key, or restore the bundle.")
    return Statement(document, digest.hex(), f"{bundle.name}/{ATTESTATION}")


def read_chain(bundles: Sequence[Path], key: ReaderKey | None) -> list[Statement]:
    """The statements of bundles that follow each other; raises InputError where one is missing between them.

    A restatement stands in its place in the chain, after the hour it restates.
    """
    found: list[Statement] = []
    for bundle in bundles:
        statement = read_statement(bundle, key)
        if found and statement.document["statement"]["previous"] != found[-1].digest:
            raise InputError(str(bundle), "does not follow the statement before it", "Give every bundle of the period.")
        found.append(statement)
    return found


_NAME: Final = "%Y-%m-%dT%H%M%SZ"


def read_period(bundles: Sequence[Path], key: ReaderKey | None, first: datetime, last: datetime) -> list[Statement]:
    """The statements of the hours from `first` to `last`, and the newest before them, as `read_chain` reads them all.

    An exchange names each bundle by its hour, so that of years of hours only the period's are read; where a name is
    anything else, or not that of the hour inside, every bundle is read. `bundles` rise by name.
    """
    low, high = (f"{each.astimezone(UTC):{_NAME}}" for each in (first, last))
    if all(_is_hour(bundle.name) for bundle in bundles):
        before = [bundle for bundle in bundles if bundle.name < low]
        chosen = [*before[-1:], *(bundle for bundle in bundles if low <= bundle.name <= high)]
        found = read_chain(chosen, key)
        if all(f"{each.hour:{_NAME}}" == bundle.name for each, bundle in zip(found, chosen, strict=True)):
            return found
    return read_chain(bundles, key)


def _is_hour(name: str) -> bool:
    try:
        return f"{datetime.strptime(name, _NAME):{_NAME}}" == name
    except ValueError:
        return False
