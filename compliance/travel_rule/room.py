"""The log of messages as facts of the catalogue: `transfers` and `eu.tfr.failures`, for the rules of the regimes.

`complete` is about information alone: due diligence and proofs of ownership have fields of their own, and rules of
their own. What the rules cannot judge is not invented: a transfer without a price has no value, and a deposit that the
ledger credited without asking the gate is in `undecided`, for whoever wires to tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

from sqlmodel import Session

from compliance.facts import Assurance, Evidence, Fact
from compliance.facts import Record as Row
from compliance.travel_rule.facts import TransferFact, travel_rule_facts
from compliance.travel_rule.log import Record
from ledger.store import history

__all__ = ["credited_times", "room_facts", "undecided"]

_NOT_INFORMATION: Final = ("ownership-proof", "counterparty.due-diligence")


def credited_times(session: Session, last: int | None = None) -> dict[str, int]:
    """When the ledger credited each deposit to a customer, in Unix seconds by its evidence, up to a log position."""
    found = {}
    for kind in ("deposit-credited", "receipt-assigned"):
        for event in history.events(session, kind, 1, last):
            if event.document.get("account") is not None:
                command = history.command_at(session, event.sequence)
                assert command is not None, "an event stands at a command"
                found[str(event.document["evidence"])] = command.applied_micros // 1_000_000
    return found


def undecided(records: Iterable[Record], credited: Mapping[str, int], begins: int, ends: int) -> list[str]:
    """Deposits credited in `begins` <= time < `ends` of which the log has no decision: the gate was not asked."""
    known = {record.body["subject"] for record in records if record.kind == "decided"}
    return [evidence for evidence, at in credited.items() if begins <= at < ends and evidence not in known]


def room_facts(
    records: Sequence[Record],
    begins: int,
    ends: int,
    credited: Mapping[str, int],
    regime: str | None = None,
) -> list[Fact]:
    """The facts of a period, Unix seconds. `regime`: by whose asking a transfer is complete; None: by all that judged.

    `credited`: see `credited_times`. `records` are those of a log that was read and holds.
    """
    at = datetime.fromtimestamp(ends, UTC)
    head = next((each.hash.hex() for each in reversed(records) if each.time < ends), "")
    evidence = (Evidence("travel rule log", "travel-rule/log.jsonl", head),)
    grouped: dict[str, list[TransferFact]] = {}
    for each in travel_rule_facts(records, begins, ends, credited):
        grouped.setdefault(each.subject, []).append(each)
    rows: tuple[Row, ...] = tuple(_row(transfer, regime) for transfer in grouped.values())
    failures = Counter(
        record.body["counterparty"]
        for record in records
        if begins <= record.time < ends and record.kind == "sent" and record.body["kind"] == "more-information"
    )
    # What the firm did about it, and when it reported it, only the firm knows.
    failed: tuple[Row, ...] = tuple(
        {"id": name, "failures": Fraction(count), "steps": None, "reported": None}
        for name, count in sorted(failures.items())
    )
    return [
        Fact("transfers", rows, at, Assurance.CLAIMED, evidence),
        Fact("eu.tfr.failures", failed, at, Assurance.CLAIMED, evidence),
    ]


def _row(transfer: Sequence[TransferFact], regime: str | None) -> Row:
    """One transfer, which has one fact for each regime that judged it."""
    first = transfer[0]
    asked = [each for each in transfer if regime in (None, each.regime)] or list(transfer)
    values = {each.currency.lower(): each.value for each in transfer}
    kind = "self-hosted" if first.self_hosted else "unknown"
    until = first.due_diligence_until
    return {
        "id": first.subject,
        "direction": first.direction,
        "at": datetime.fromtimestamp(first.decided_at, UTC),
        **{f"value_{each}": values.get(each) for each in ("aed", "eur", "usd", "jpy")},
        "counterparty": first.counterparty or kind,
        "self_hosted": bool(first.self_hosted),
        "complete": not any(_is_information(name) for each in asked for name in each.missing),
        "credited_before_complete": any(each.held_before_credit is False for each in asked),
        "ownership_proof": first.ownership_proof,
        "due_diligence_until": None if until is None else datetime.fromtimestamp(until, UTC).date(),
    }


def _is_information(name: str) -> bool:
    return not name.startswith(_NOT_INFORMATION)
