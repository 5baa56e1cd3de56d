"""Evaluations kept hour by hour: each names the digest of the one before it and is signed. Spec: compliance.md.

    results/HOUR.json.gz     the record: rule sets, digest of the facts, every verdict; signature
    results/HOUR.facts.gz    the facts that it was made from, so that anyone can evaluate again

Gzip here only saves room: digests are of the canonical JSON inside.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from compliance.calendars import source
from compliance.facts import Assurance, Evidence, Fact, Facts, moment_text, value_of_json
from compliance.locking import keep_name
from compliance.reports.inputs import Evaluated
from compliance.rules import RuleSet
from compliance.verdicts import Deadline, Line, Result, Verdict
from ledger.canonical import Digest, Json, Tag, canonical, from_hex, parse, tagged_hash
from ledger.errors import FormatError, InputError
from ledger.keys import SigningKey, verify_signature

__all__ = ["FORMAT", "LABEL", "Evaluation", "Results", "facts_digest", "verdict_of_json"]

FORMAT: Final = "tallystick/compliance/1"
LABEL: Final = "tallystick/compliance/1"
_REMEDY: Final = "Restore the folder from a backup; a record is never changed."
_BYTES_MAX: Final = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation as it is kept. `attestation`: digest of the hour's statement, hex; empty where there is none."""

    sequence: int
    entity: str
    as_of: datetime
    attestation: str
    facts: str
    """Digest of the facts, hex."""
    sets: tuple[tuple[str, str, str], ...]
    """Regime, version and hash of each rule set."""
    verdicts: tuple[Verdict, ...]
    calendars: str
    previous: str
    digest: str
    key: bytes

    def of(self, regime: str) -> tuple[Verdict, ...]:
        """The verdicts of one regime."""
        return tuple(verdict for verdict in self.verdicts if verdict.regime == regime)


def facts_digest(facts: Facts) -> Digest:
    """SHA-256 of the facts' canonical JSON, under its own tag."""
    return tagged_hash(Tag.COMPLIANCE_FACTS, canonical(facts.to_json()))


class Results:
    """The folder of one entity's evaluations. `keys`: those that may have signed them; None: any, of whom nothing is
    known.
    """

    def __init__(self, folder: Path, entity: str, keys: Collection[bytes] | None = None) -> None:
        self.folder, self.entity = folder, entity
        self.keys = None if keys is None else frozenset(keys)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("*.json.gz")) if self.folder.is_dir() else []

    def last(self) -> Evaluation | None:
        """The newest evaluation; raises InputError if its record does not hold by itself."""
        paths = self._paths()
        return self._load(paths[-1]) if paths else None

    def _load(self, path: Path) -> Evaluation:
        found = _load(path, self.entity)
        if self.keys is not None and found.key not in self.keys:
            raise InputError(str(path), "is signed by a key that is not the exchange's", _REMEDY)
        return found

    def at(self, moment: datetime) -> Evaluation | None:
        """The newest evaluation at or before a moment."""
        name = _name(moment)
        paths = [path for path in self._paths() if path.name.split(".")[0] <= name]
        return self._load(paths[-1]) if paths else None

    def between(self, first: datetime, last: datetime) -> Iterator[Evaluation]:
        """The evaluations of a period, oldest first."""
        low, high = _name(first), _name(last)
        for path in self._paths():
            if low <= path.name.split(".")[0] <= high:
                yield self._load(path)

    def moments(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """The hours of a period that were evaluated, oldest first; no record is read."""
        low, high = _name(first), _name(last)
        for path in self._paths():
            name = path.name.split(".")[0]
            if low <= name <= high:
                yield datetime.strptime(name, _NAME).replace(tzinfo=UTC)

    def evaluated(self, regime: str, first: datetime, last: datetime) -> Iterator[Evaluated]:
        """How a regime's rules came out in each evaluation of a period, oldest first; signatures are checked.

        No verdict is built, because a quarter has hundreds of thousands. Raises InputError as `between` does.
        """
        low, high = _name(first), _name(last)
        for path in self._paths():
            if low <= path.name.split(".")[0] <= high:
                found = _counted(path, self.entity, self.keys, regime)
                if found is None:
                    whole = self._load(path)
                    results = Counter(verdict.result for verdict in whole.of(regime))
                    found = Evaluated(whole.as_of, {result: results[result] for result in Result}, whole.digest)
                yield found

    def chain(self) -> Iterator[Evaluation]:
        """Every evaluation, oldest first; raises InputError where one does not follow the one before it."""
        before: Evaluation | None = None
        for path in self._paths():
            found = self._load(path)
            expected = (0, "0" * 64) if before is None else (before.sequence + 1, before.digest)
            if (found.sequence, found.previous) != expected or (before and found.as_of <= before.as_of):
                raise InputError(str(path), "does not follow the record before it", _REMEDY)
            yield found
            before = found

    def add(
        self, facts: Facts, sets: Sequence[RuleSet], verdicts: Sequence[Verdict], attestation: str, key: SigningKey
    ) -> Evaluation:
        """Keep an evaluation, durable, with the facts it was made from; the facts first."""
        assert self.keys is None or key.public in self.keys, "nothing is kept that could not be read again"
        before = self.last()
        assert facts.entity == self.entity, "the facts are this entity's"
        assert before is None or before.as_of < facts.as_of, "evaluations follow each other in time"
        document: dict[str, Json] = {
            "as_of": moment_text(facts.as_of),
            "attestation": attestation,
            "calendars": source(),
            "entity": self.entity,
            "facts": facts_digest(facts).hex(),
            "format": FORMAT,
            "key": key.public.hex(),
            "previous": "0" * 64 if before is None else before.digest,
            "sequence": 0 if before is None else before.sequence + 1,
            "sets": [[each.regime, each.version, each.hash().hex()] for each in sets],
            "verdicts": [verdict.to_json() for verdict in verdicts],
        }
        digest = tagged_hash(Tag.COMPLIANCE_RESULTS, canonical(document))
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = _name(facts.as_of)
        _write(self.folder / f"{name}.facts.gz", canonical(facts.to_json()))
        path = self.folder / f"{name}.json.gz"
        _write(path, canonical({**document, "signature": key.sign(LABEL, digest).hex()}))
        return self._load(path)

    def facts(self, evaluation: Evaluation, catalogue: Any) -> Facts:
        """The facts of an evaluation; raises InputError if they are not those that its record names."""
        path = self.folder / f"{_name(evaluation.as_of)}.facts.gz"
        try:
            rows = parse(_unpacked(path), _BYTES_MAX)
            assert isinstance(rows, list), "facts are a list"
            facts = Facts(self.entity, evaluation.as_of, catalogue, [_fact_of_json(row) for row in rows])
        except _UNREADABLE as error:
            raise InputError(str(path), f"cannot be read ({type(error).__name__})", _REMEDY) from None
        if facts_digest(facts).hex() != evaluation.facts:
            raise InputError(str(path), "holds other facts than the record names", _REMEDY)
        return facts


_NAME: Final = "%Y-%m-%dT%H%M%SZ"


def _name(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_NAME)


_UNREADABLE: Final = (
    OSError, EOFError, zlib.error, FormatError, ValueError, LookupError, TypeError, ArithmeticError, AssertionError,
)  # fmt: skip
"""Whatever bytes that are no record, or no facts, can lead to."""


def _unpacked(path: Path) -> bytes:
    """What is in a file, never more than `_BYTES_MAX` of it; raises ValueError for one that holds more."""
    with gzip.open(path) as file:
        data = file.read(_BYTES_MAX + 1)
    if len(data) > _BYTES_MAX:
        raise ValueError("too long")
    return data


def _write(path: Path, data: bytes) -> None:
    """A private file under its name, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(gzip.compress(data, 6, mtime=0))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    keep_name(path)


def _load(path: Path, entity: str) -> Evaluation:
    try:
        document = parse(_unpacked(path), _BYTES_MAX)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise FormatError("this is no record of an evaluation")
        found = _evaluation(document)
    except _UNREADABLE as error:
        words = str(error) if isinstance(error, FormatError) else "is not in its form"
        raise InputError(str(path), words, _REMEDY) from None
    if found.entity != entity:
        raise InputError(str(path), "is another entity's", _REMEDY)
    return found


_SIGNATURE: Final = re.compile(rb',"signature":"([0-9a-f]{128})"(?=,"verdicts":)')


def _counted(path: Path, entity: str, keys: Collection[bytes] | None, regime: str) -> Evaluated | None:
    """One record's counts; None where anything is wrong with it, which reading it in full says.

    The bytes around the signature are what was signed, and so need not be written again.
    """
    try:
        data = gzip.decompress(path.read_bytes())
        found = [*_SIGNATURE.finditer(data)]
        if len(found) != 1 or len(data) > _BYTES_MAX:
            return None
        start, end = found[0].span()
        document = json.loads(data)
        key = from_hex(document["key"], 32)
        digest = tagged_hash(Tag.COMPLIANCE_RESULTS, data[:start] + data[end:])
        is_right = document["format"] == FORMAT and document["entity"] == entity and (keys is None or key in keys)
        if not is_right or not verify_signature(key, LABEL, digest, from_hex(found[0][1].decode(), 64)):
            return None
        mine = Counter(row["result"] for row in document["verdicts"] if row["regime"] == regime)
        counts = {result: mine[result.value] for result in Result}
        return Evaluated(_moment(document["as_of"]), counts, digest.hex())
    except (OSError, EOFError, FormatError, ValueError, KeyError, TypeError):
        return None


def _evaluation(document: dict[str, Json]) -> Evaluation:
    signature, key = from_hex(document.pop("signature"), 64), from_hex(document["key"], 32)
    digest = tagged_hash(Tag.COMPLIANCE_RESULTS, canonical(document))
    if not verify_signature(key, LABEL, digest, signature):
        raise FormatError("its signature does not hold")
    texts: dict[str, Any] = document
    return Evaluation(
        texts["sequence"], texts["entity"], _moment(texts["as_of"]), texts["attestation"], texts["facts"],
        tuple((regime, version, digest) for regime, version, digest in texts["sets"]),
        tuple(verdict_of_json(each) for each in texts["verdicts"]), texts["calendars"], texts["previous"],
        digest.hex(), key,
    )  # fmt: skip


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def verdict_of_json(row: dict[str, Any]) -> Verdict:
    """The verdict of `Verdict.to_json`'s document; raises KeyError, ValueError or AssertionError for anything else."""
    return Verdict(
        row["rule"], row["version"], row["regime"], row["scope"], _moment(row["as_of"]), Result(row["result"]),
        row["measured"], row["required"], row["margin"], row["note"], row["warning"], tuple(row["missing"]),
        tuple(_line_of_json(each) for each in row["lines"]), row["line_count"],
        tuple(Evidence(**each) for each in row["evidence"]), row["parameters"],
        None if row["since"] is None else _moment(row["since"]),
        tuple(Deadline(each["what"], _moment(each["due"]), each["clock"]) for each in row["deadlines"]),
    )  # fmt: skip


def _line_of_json(row: dict[str, Any]) -> Line:
    return Line(**{**row, "result": Result(row["result"])})


def _fact_of_json(row: Json) -> Fact:
    assert isinstance(row, dict)
    texts: dict[str, Any] = row
    value = value_of_json(row["value"])
    assert value is not None
    evidence = tuple(Evidence(**each) for each in texts["evidence"])
    return Fact(texts["name"], value, _moment(texts["as_of"]), Assurance(texts["assurance"]), evidence, texts["scope"])
