"""What is known of one file that was handed over, after the verifier's own code has judged it.

`Hour` is what lists and charts need of it, small, because a year has 8,760; `detail` is everything else, as JSON text,
read only where that hour's own page or figures are written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from ledger.errors import FormatError
from por.snapshot import SnapshotId
from por.verify.audit import BundleAudit
from por.verify.chain import Link

__all__ = ["REQUIRED", "Cover", "Hour", "coverage_ppm", "hour_of", "public_verdict"]

REQUIRED = ("form", "signature", "manifest", "evidence", "balances")
"""What must pass before the public files of an hour are called valid. Leaves are private: a public page has none."""
PPM = 10**6


class Cover(NamedTuple):
    """One tree's coverage in millionths, rounded down; None where nothing is owed. `proven` is given the block."""

    entity: str
    asset: str
    coverage: int | None
    proven: int | None


@dataclass(frozen=True, slots=True)
class Hour:
    """One file as it was judged. `is_signed`: the exchange stands behind it. `folder`, `files`: downloads, by size.

    `file` is the SHA-256 of attestation.json in hex, empty where it could not be read; `source` names what was handed
    over. What stands in an unsigned file is nobody's word: of it only number, hour and failures are kept.
    """

    source: str
    file: str
    verdict: str
    is_signed: bool
    failed: tuple[str, ...]
    digest: str | None = None
    sequence: int | None = None
    kind: str | None = None
    snapshot: str | None = None
    previous: str | None = None
    restates: str | None = None
    rotations: tuple[Any, ...] = ()
    reason: str | None = None
    folder: str | None = None
    files: tuple[tuple[str, int], ...] = ()
    covers: tuple[Cover, ...] = ()

    @property
    def id(self) -> SnapshotId | None:
        """The snapshot that the file says it is for, where that could be read."""
        return None if self.snapshot is None else _parsed(self.snapshot)

    @property
    def label(self) -> str:
        """How messages about the chain name this statement: the same on any machine, and no path of one."""
        assert self.digest is not None and self.id is not None
        return f"statement {self.sequence} ({self.id.hour}, revision {self.id.revision}, {self.digest[:8]})"

    @property
    def link(self) -> Link:
        """The statement as the chain sees it."""
        assert self.is_signed and self.digest is not None and self.sequence is not None and self.kind is not None
        assert self.id is not None
        return Link(
            self.label, self.digest, self.sequence, self.previous, self.kind, self.id, self.restates, self.rotations
        )

    def to_json(self) -> dict[str, Any]:
        # Not asdict alone: it would copy every rotation of every hour.
        covers = [cover._asdict() for cover in self.covers]
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"covers": covers}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Hour:
        """Read back what `to_json` gave and JSON kept; raises FormatError for anything else."""
        try:
            fields = dict(document)
            fields["covers"] = tuple(Cover(**cover) for cover in fields["covers"])
            fields["files"] = tuple((name, size) for name, size in fields["files"])
            fields["failed"], fields["rotations"] = tuple(fields["failed"]), tuple(fields["rotations"])
            return cls(**fields)
        except (TypeError, KeyError, ValueError) as problem:
            raise FormatError("a cached line has other fields") from problem


@cache
def _parsed(snapshot: str) -> SnapshotId:
    return SnapshotId.parse(snapshot)


def coverage_ppm(text: str | None) -> int | None:
    """A coverage in its six digits (attestation.md section 4) as millionths."""
    if text is None:
        return None
    whole, _, part = text.partition(".")
    assert len(part) == 6
    return int(whole) * PPM + int(part)


def public_verdict(audit: BundleAudit) -> str:
    """The verdict on the public files: verification.md's rule, with what is required of public files alone."""
    if any(check.result == "fail" for check in audit.checks):
        return "invalid"
    open_ = any(check.name in REQUIRED and check.result != "pass" for check in audit.checks)
    return "unchecked" if open_ else "valid"


def hour_of(
    audit: BundleAudit, source: str, file: str, folder: str | None, files: tuple[tuple[str, int], ...]
) -> tuple[Hour, str]:
    """The facts of an audited file, and its detail as JSON text."""
    link = audit.link
    sections = audit.sections if link is not None else {}
    reason = sections.get(audit.kind or "", {}).get("reason")
    hour = Hour(
        source=source,
        file=file,
        verdict=public_verdict(audit),
        is_signed=link is not None,
        failed=tuple(check.name for check in audit.checks if check.result == "fail"),
        digest=audit.digest if link is not None else None,
        sequence=audit.sequence,
        kind=audit.kind,
        snapshot=audit.snapshot,
        previous=None if link is None else link.previous,
        restates=None if link is None else link.restates,
        rotations=() if link is None else link.rotations,
        reason=reason if reason is not None else sections.get("restatement", {}).get("reason"),
        folder=folder,
        files=files,
        covers=tuple(
            Cover(
                tree["entity"],
                tree["asset"],
                coverage_ppm(tree["coverage"]),
                coverage_ppm(tree["coverage_proven_given_block"]),
            )
            for tree in (audit.trees if link is not None else ())
        ),
    )
    return hour, json.dumps(_detail(audit), ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _detail(audit: BundleAudit) -> dict[str, Any]:
    found: dict[str, Any] = {"checks": [check._asdict() for check in audit.checks]}
    if audit.link is None:
        return found
    report, sections = audit.as_json(), audit.sections
    return found | {
        "blocks": report["blocks"],
        "books": sections.get("books", {}).get("rows", []),
        "disclosures": report["disclosures"],
        "lending": sections.get("lending", {}),
        "markets": sections.get("markets", {}).get("rows", []),
        "ledger": sections.get("snapshot", {}).get("ledger"),
        "net": sections.get("net", {}).get("rows", []),
        "rows": report["reserves"],
        "trees": report["trees"],
    }
