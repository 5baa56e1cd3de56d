"""What one procedure found in one bundle, or over all of them; and the samples behind it. Plain data.

`result` is that of a check: pass (no exception), fail (an exception), unchecked (not performed, or not to the end).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["RUN", "CutRow", "LeafSample", "MovementSample", "Outcome", "RowSample", "WindowPoint", "unperformed"]

RUN = ""
"""The bundle's label where a procedure is over the whole run."""


class Outcome(NamedTuple):
    """`procedure` is the key of a procedure, `bundle` the label of a bundle or RUN; the detail says what was found."""

    procedure: str
    bundle: str
    result: str
    assurance: str | None
    detail: str
    exceptions: Sequence[str] = ()


def unperformed(procedure: str, bundle: str, why: str) -> Outcome:
    """A procedure that was not performed, with the reason."""
    return Outcome(procedure, bundle, "unchecked", None, why)


class LeafSample(NamedTuple):
    """A leaf that was drawn; amounts in quanta. `place` is its number over all trees of its bundle."""

    bundle: str
    place: int
    entity: str
    asset: str
    kind: str
    account: str
    claim: int
    debt: int
    scale: int
    result: str
    detail: str


class RowSample(NamedTuple):
    """A reserve row that was drawn: what was signed of it, what its evidence gives, in quanta."""

    bundle: str
    place: int
    entity: str
    asset: str
    chain: str
    address: str
    signed: int
    recomputed: int
    scale: int
    control: str
    evidence: str
    assurance: str
    result: str
    detail: str


class MovementSample(NamedTuple):
    """A deposit or withdrawal command that was drawn; `about` is what it names (receipt, request, transaction)."""

    bundle: str
    place: int
    sequence: int
    command: str
    about: str
    digest: str
    result: str
    detail: str


class CutRow(NamedTuple):
    """Commands around an hour's cut: `where` is `last before`, `the cut` or `first after`; time in microseconds."""

    bundle: str
    where: str
    sequence: int
    command: str
    applied_us: int
    digest: str


class WindowPoint(NamedTuple):
    """One tree at one hour, in quanta: what its reserve rows add up to for this reader, and what is owed, gross."""

    bundle: str
    hour: str
    entity: str
    asset: str
    scale: int
    held: int
    claims: int
