"""The firm's register: facts that only the firm knows, each dated, signed, and never overwritten. Spec: compliance.md.

One file of lines, each the canonical JSON of an entry that names the digest of the one before it and is signed with a
key of the exchange. A fact holds from its day until a later one of its name and scope; what was recorded later does not
change what was known before (`known`). An entry may name a document by its SHA-256, and who attests it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from compliance.catalogue import STATES
from compliance.facts import Assurance, Evidence, Fact, FactKind, Source, Value, moment_text, value_json, value_of_json
from compliance.locking import keep_name, locked
from ledger.canonical import Digest, Json, Tag, canonical, from_hex, parse, tagged_hash
from ledger.errors import FormatError, InputError
from ledger.keys import SigningKey, verify_signature

__all__ = ["FIRST", "FORMAT", "LABEL", "Entry", "Register", "Statement"]

FORMAT: Final = "tallystick/firm-fact/1"
LABEL: Final = "tallystick/firm-fact/1"
FIRST: Final = "0" * 64
_KEYS: Final = frozenset(
    (
        "attested_by document entity fact format key known_at note previous scope sequence signature valid_from value"
    ).split()
)
_REMEDY: Final = "Restore the file from a backup; an entry is corrected by a later one and never changed."


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be entered. `document`: the SHA-256 of a file that shows it, hex, or empty."""

    fact: str
    value: Value
    valid_from: datetime
    scope: str = ""
    document: str = ""
    attested_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement as it stands in the register."""

    sequence: int
    statement: Statement
    entity: str
    known_at: datetime
    key: bytes
    digest: str


class Register:
    """A register that was read and whose every line holds."""

    def __init__(
        self,
        path: Path,
        entity: str,
        entries: tuple[Entry, ...],
        keys: Collection[bytes] = (),
        ends: Mapping[bytes, datetime] | None = None,
    ) -> None:
        self.path, self.entity, self.entries = path, entity, entries
        self.keys, self.ends = frozenset(keys), dict(ends or {})

    @classmethod
    def load(
        cls,
        path: Path,
        entity: str,
        catalogue: Mapping[str, FactKind],
        keys: Collection[bytes],
        ends: Mapping[bytes, datetime] | None = None,
    ) -> Register:
        """Read it, an absent file as an empty one. `keys`: those that may sign; `ends`: from when on one of them no
        longer may. Raises InputError with the row.
        """
        ends = ends or {}
        if not path.exists():
            return cls(path, entity, (), keys, ends)
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            raise InputError(str(path), "its last line is not whole", _REMEDY, row=data.count(b"\n") + 1)
        entries: list[Entry] = []
        for row, line in enumerate(data.splitlines(), 1):
            try:
                entry = _read(line, entries[-1] if entries else None, entity, catalogue, keys)
                if entry.key in ends and entry.known_at >= ends[entry.key]:
                    raise FormatError("it is signed by a key that had ended")
                entries.append(entry)
            except (FormatError, ValueError) as error:
                raise InputError(str(path), str(error), _REMEDY, row=row) from None
            except (KeyError, TypeError, ArithmeticError):
                raise InputError(str(path), "is not in its form", _REMEDY, row=row) from None
        return cls(path, entity, tuple(entries), keys, ends)

    def append(
        self, statements: Iterable[Statement], known_at: datetime, key: SigningKey, catalogue: Mapping[str, FactKind]
    ) -> Register:
        """Enter statements, all or none, durable; gives the register with them. Times do not run backwards.

        Raises InputError for a key that may not sign, or no longer: nothing is written that could not be read again;
        and where somebody else has entered something since this was read.
        """
        ended = self.ends.get(key.public)
        if key.public not in self.keys or (ended is not None and known_at >= ended):
            words = "may not sign the firm's facts" if ended is None else "may no longer sign the firm's facts"
            raise InputError("the key", words, "Sign with an operator's key of this exchange.")
        entries, lines = list(self.entries), []
        assert not entries or entries[-1].known_at <= known_at, "what is known later is entered later"
        for statement in statements:
            problem = _problem(statement, catalogue)
            assert problem is None, problem
            document = _document(statement, entries[-1] if entries else None, self.entity, known_at, key.public)
            digest = tagged_hash(Tag.FIRM_FACT, canonical(document))
            line = canonical({**document, "signature": key.sign(LABEL, digest).hex()})
            entries.append(_read(line, entries[-1] if entries else None, self.entity, catalogue, {key.public}))
            lines.append(line + b"\n")
        with locked(self.path.with_name(f".{self.path.name}.lock")):
            before = self.path.read_bytes() if self.path.exists() else b""
            self._require_last(before)
            part = self.path.with_name(f".{self.path.name}.part")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(before + b"".join(lines))
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
            keep_name(self.path)
        return Register(self.path, self.entity, tuple(entries), self.keys, self.ends)

    def _require_last(self, data: bytes) -> None:
        """That the file still ends where this was read to: of two who enter at once, one begins again."""
        lines = data.splitlines()
        last = self.entries[-1].digest if self.entries else None
        if len(lines) != len(self.entries) or (last is not None and _digest_of(lines[-1]) != last):
            raise InputError(
                str(self.path), "was written by somebody else meanwhile", "Give the command again: nothing was entered."
            )

    def facts(self, as_of: datetime, known: datetime | None = None) -> list[Fact]:
        """What held at a moment, as far as it was known at another (now, if not given); names and scopes once each."""
        found: dict[tuple[str, str], Entry] = {}
        for entry in self.entries:
            statement = entry.statement
            if statement.valid_from > as_of or (known is not None and entry.known_at > known):
                continue
            place = (statement.fact, statement.scope)
            before = found.get(place)
            if before is None or before.statement.valid_from <= statement.valid_from:
                found[place] = entry
        return [_fact(entry) for entry in found.values()]


def _digest_of(line: bytes) -> str:
    document = parse(line)
    assert isinstance(document, dict)
    return tagged_hash(
        Tag.FIRM_FACT, canonical({name: each for name, each in document.items() if name != "signature"})
    ).hex()


def _problem(statement: Statement, catalogue: Mapping[str, FactKind]) -> str | None:
    """Why a statement cannot be entered, or None."""
    kind = catalogue.get(statement.fact)
    if kind is None:
        return f"there is no fact {statement.fact[:60]!r}"
    if kind.source is Source.ATTESTATION:
        return f"{kind.name} comes from the signed statement of the hour and cannot be stated"
    if kind.by_state != bool(statement.scope):
        return f"{kind.name} " + ("is stated for one US state each" if kind.by_state else "has no scope")
    states = catalogue[STATES].choices if STATES in catalogue else ()
    if statement.scope and states and statement.scope not in states:
        return f"{statement.scope[:20]!r} is no US state; they are written as US-NY"
    return kind.problem(statement.value)


def _document(
    statement: Statement, before: Entry | None, entity: str, known_at: datetime, key: bytes
) -> dict[str, Json]:
    return {
        "attested_by": statement.attested_by,
        "document": statement.document,
        "entity": entity,
        "fact": statement.fact,
        "format": FORMAT,
        "key": key.hex(),
        "known_at": moment_text(known_at),
        "note": statement.note,
        "previous": FIRST if before is None else before.digest,
        "scope": statement.scope,
        "sequence": 0 if before is None else before.sequence + 1,
        "valid_from": moment_text(statement.valid_from),
        "value": value_json(statement.value),
    }


def _read(
    line: bytes, before: Entry | None, entity: str, catalogue: Mapping[str, FactKind], keys: Collection[bytes]
) -> Entry:
    document = parse(line)
    if not isinstance(document, dict) or set(document) != _KEYS or document["format"] != FORMAT:
        raise FormatError("this is no entry of a firm's register")
    signature = from_hex(document.pop("signature"), 64)
    key = from_hex(document["key"], 32)
    digest = tagged_hash(Tag.FIRM_FACT, canonical(document))
    if key not in keys:
        raise FormatError("it is signed by a key that may not")
    if not verify_signature(key, LABEL, digest, signature):
        raise FormatError("its signature does not hold")
    texts = {name: value for name, value in document.items() if isinstance(value, str)}
    value = value_of_json(document["value"])
    if value is None:
        raise FormatError("it states nothing")
    valid_from, known_at = (datetime.fromisoformat(texts[name]) for name in ("valid_from", "known_at"))
    statement = Statement(
        texts["fact"], value, valid_from.astimezone(UTC), texts["scope"], texts["document"], texts["attested_by"],
        texts["note"],
    )  # fmt: skip
    problem = _problem(statement, catalogue)
    if problem is not None:
        raise FormatError(problem)
    if document != _document(statement, before, entity, known_at, key):
        raise FormatError("it does not follow the entry before it, or is another entity's")
    if before is not None and known_at < before.known_at:
        raise FormatError("it was known before the entry before it")
    return Entry(int(str(document["sequence"])), statement, entity, known_at, key, Digest(digest).hex())


def _fact(entry: Entry) -> Fact:
    statement = entry.statement
    evidence = [Evidence("firm's register", f"entry {entry.sequence}", entry.digest)]
    if statement.document:
        evidence.append(Evidence(f"document of {statement.attested_by or 'the firm'}", "", statement.document))
    is_attested = bool(statement.attested_by and statement.document)
    assurance = Assurance.ATTESTED if is_attested else Assurance.CLAIMED
    return Fact(statement.fact, statement.value, statement.valid_from, assurance, tuple(evidence), statement.scope)
