"""What a pack of agreed-upon procedures is made from: plain data, whoever gathered it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from compliance.procedures.perform import Performed
from compliance.reports.document import EvidenceItem

__all__ = ["BundleLine", "ProceduresInput"]


@dataclass(frozen=True, slots=True)
class BundleLine:
    """A bundle as it was handed over; what could not be read of it is empty."""

    label: str
    kind: str
    snapshot: str
    digest: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ProceduresInput:
    """See the module. `start`, `end`: the days of the statements handed over. `command`: what was typed, endpoints
    left out. `evidence`: every file of every bundle, its name beginning with the bundle's label."""

    exchange: str
    entities: tuple[str, ...]
    key: str
    seed: str
    start: date
    end: date
    prepared: datetime
    bundles: tuple[BundleLine, ...]
    performed: Performed
    evidence: tuple[EvidenceItem, ...]
    command: str
    engine: str = ""

    def __post_init__(self) -> None:
        assert self.bundles and self.start <= self.end and self.seed, "a run has a bundle, days and a seed"
        labels = {each.label for each in self.bundles}
        assert all(outcome.bundle in {*labels, ""} for outcome in self.performed.outcomes), "outcomes of these bundles"
