"""Chains of small signed attestations for tests of what reads many: no trees, no chain client, quick to make.

A statement is built by the project's own builders and signed by the small exchange's key; `write_hour` puts it into a
bundle's folder with its manifest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.canonical import Json
from ledger.keys import SigningKey
from por.attestation import (
    Predecessor,
    ReserveRow,
    SnapshotFacts,
    TreeRow,
    coverage_text,
    reserves_section,
    sign_attestation,
    snapshot_section,
    statement_digest,
)
from por.manifest import MANIFEST_NAME, build_manifest
from por.snapshot import SnapshotId, time_text, to_seconds
from por.verify.standalone import read_attestation
from tests.support.small import EXCHANGE, KEY

FIRST = to_seconds("2026-10-30T00:00:00Z")


@dataclass
class Chain:
    """Writes statements one after another; `before` is the newest, `bundles` what was written."""

    folder: Path
    key: SigningKey = KEY
    exchange: str = EXCHANGE
    before: Predecessor | None = None
    hour: int = FIRST
    bundles: list[Path] = field(default_factory=list)
    disclosures: Sequence[tuple[str, str]] = ()
    label: str = "vault 1"

    def state(
        self,
        held: dict[str, int] | None = None,
        *,
        kind: str = "attestation",
        reason: str = "the disk was full",
        restates: tuple[bytes, str, int] | None = None,
        advance: bool = True,
        **change: Any,
    ) -> Path:
        """The next statement. `held` is reserves by asset in quanta; `restates` is (digest, hour, revision)."""
        hour, revision = (restates[1], restates[2]) if restates else (time_text(self.hour), 0)
        snapshot = SnapshotId(self.exchange, hour, revision)
        sections: dict[str, Json] = {}
        if kind == "missed":
            sections["missed"] = {"reason": reason}
        else:
            sections |= self._figures(snapshot, held or {"BTC": 110_000_000})
        if restates:
            kind = "restatement"
            sections["restatement"] = {"reason": reason, "restates": restates[0].hex()}
        sections |= change
        data = sign_attestation(kind, snapshot, sections, self.before, self.key, ())
        document = read_attestation(data)
        digest, sequence = statement_digest(document["statement"]), document["statement"]["sequence"]
        if advance:
            self.before = Predecessor(digest, sequence, ())
            self.hour += 0 if restates else 3600
        bundle = self.folder / f"{hour.replace(':', '')}-r{revision}-{digest.hex()[:6]}"
        bundle.mkdir(parents=True)
        (bundle / "attestation.json").write_bytes(data)
        (bundle / MANIFEST_NAME).write_bytes(build_manifest(bundle, str(snapshot), sequence, digest, self.key))
        self.bundles.append(bundle)
        return bundle

    def _figures(self, snapshot: SnapshotId, held: dict[str, int]) -> dict[str, Json]:
        scales = {"BTC": 8, "ETH": 9, "USDC": 6}
        trees = [
            TreeRow("main", asset, scales.get(asset, 8), 10**8, 5, 3, bytes([7]) * 32, (("offchain:bank", "native"),))
            for asset in sorted(held)
        ]
        rows = [
            ReserveRow("main", asset, "offchain:bank", "native", "vault 1", amount, self.label, "none", "claim")
            for asset, amount in sorted(held.items())
        ]
        previous = None if self.before is None else self.before.digest
        facts = SnapshotFacts(3, bytes([9]) * 32, None, self.disclosures)
        return {
            "reserves": reserves_section(trees, rows),
            "snapshot": snapshot_section(snapshot, trees, facts, previous),
        }


def digest_of(bundle: Path) -> bytes:
    """The digest of a bundle's statement."""
    return statement_digest(read_attestation((bundle / "attestation.json").read_bytes())["statement"])


__all__ = ["FIRST", "Chain", "coverage_text", "digest_of"]
