"""What the rules ask of a period's transfers, out of the log of messages: one plain record a transfer and regime.

What the log cannot know, when the ledger credited a deposit, the caller brings from the ledger's own history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from compliance.travel_rule.log import Record

__all__ = ["TransferFact", "travel_rule_facts"]


class TransferFact(NamedTuple):
    """One transfer under one regime. Times are Unix seconds; `value` is in `currency`, None where there was no price.

    `required`: the regime asked for information. `is_complete`: by the newest decision nothing was missing.
    `completed_at`: when that was first decided, None if it was not. `held_before_credit`: a deposit that the regime
    holds was not credited before it was complete; None where nothing had to be held, or the ledger's side is unknown.
    `ownership_proof`: the proof's id. `evidence`: hashes of the log's records that say all this.
    """

    subject: str
    regime: str
    direction: str
    customer: str
    asset: str
    decided_at: int
    currency: str
    value: Fraction | None
    price: Fraction | None
    price_source: str | None
    price_time: int | None
    rules: tuple[str, ...]
    required: bool
    missing: tuple[str, ...]
    is_complete: bool
    completed_at: int | None
    held_before_credit: bool | None
    self_hosted: bool | None
    ownership_needed: bool
    ownership_proof: str | None
    counterparty: str | None
    due_diligence_until: int | None
    linked: tuple[str, ...]
    notes: tuple[str, ...]
    evidence: tuple[bytes, ...]


def travel_rule_facts(
    records: Iterable[Record],
    begins: int,
    ends: int,
    credited: Mapping[str, int] | None = None,
) -> list[TransferFact]:
    """The transfers first decided in `begins` <= time < `ends`, in that order, as they stood before `ends`.

    `credited`: when the ledger credited each deposit, by its evidence, of those that it has; None where the caller does
    not know the ledger's side.
    """
    found: dict[tuple[str, str], list[tuple[Record, Mapping[str, Any]]]] = {}
    for record in records:
        if record.kind == "decided" and record.time < ends:
            for each in record.body["regimes"]:
                found.setdefault((record.body["subject"], each["regime"]), []).append((record, each))
    return [_fact(decisions, credited) for decisions in found.values() if begins <= decisions[0][0].time]


def _fact(decisions: list[tuple[Record, Mapping[str, Any]]], credited: Mapping[str, int] | None) -> TransferFact:
    record, newest = decisions[-1]
    body = record.body
    completed = next((each.time for each, said in decisions if not said["missing"]), None)
    was_held = any(said["hold"] for _, said in decisions)
    held = None
    if was_held and body["direction"] == "in" and credited is not None:
        at = credited.get(body["subject"])
        held = at is None or (completed is not None and completed <= at)
    return TransferFact(
        subject=body["subject"],
        regime=newest["regime"],
        direction=body["direction"],
        customer=body["customer"],
        asset=body["asset"],
        decided_at=decisions[0][0].time,
        currency=newest["currency"],
        value=_fraction(newest["value"]),
        price=_fraction(newest["price"]),
        price_source=newest["price_source"],
        price_time=newest["price_time"],
        rules=tuple(newest["rules"]),
        required=newest["required"],
        missing=tuple(newest["missing"]),
        is_complete=not newest["missing"],
        completed_at=completed,
        held_before_credit=held,
        self_hosted=body["self_hosted"],
        ownership_needed=newest["ownership_needed"],
        ownership_proof=body["ownership_proof"],
        counterparty=body["counterparty"],
        due_diligence_until=body["due_diligence_until"],
        linked=tuple(newest["linked"]),
        notes=tuple(newest["notes"]),
        evidence=tuple(each.hash for each, _ in decisions),
    )


def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
