"""What an attestation states of the exchange's own ledger (docs/spec/attestation.md sections 3 and 11 to 14).

Builders only: amounts in quanta, signed where a house account may be below zero. Checked by por.verify.standalone
before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from ledger.canonical import Json

__all__ = [
    "FAILURE_CODES",
    "BookSides",
    "InFlight",
    "LedgerFacts",
    "UnreadReserve",
    "ZeroSumRow",
    "book_sides",
    "failed_section",
    "in_flight_section",
    "unread_section",
    "zero_sum_section",
]

FAILURE_CODES: Final = ("root", "rows", "sums", "trees", "self-check", "zero-sum")
"""Which assertion of an hour failed. Readers take any code; these are the ones that `por.hour.close` writes.

root: a live tree has another root than its rebuild. rows: a balance has no slot in its live tree. sums: a tree has
other sums than the ledger's customer accounts. trees: the ledger has a book without a tree. self-check: our own
verifier refuses what was made. zero-sum: a line of the ledger's report does not sum to zero.
"""

TreeKey = tuple[str, str]


class LedgerFacts(NamedTuple):
    """Where the log stood at the cut: position, head hash, state hash, rule set, parameters' hash (hashes 32 bytes)."""

    position: int
    head: bytes
    state: bytes
    ruleset: int
    parameters: bytes

    def to_json(self) -> dict[str, Json]:
        return {
            "head": self.head.hex(),
            "parameters": self.parameters.hex(),
            "position": self.position,
            "ruleset": self.ruleset,
            "state": self.state.hex(),
        }


class ZeroSumRow(NamedTuple):
    """One line of the ledger's zero-sum report: entity and asset, each column in its normal direction, quanta."""

    entity: str
    asset: str
    custody: int = 0
    in_transit: int = 0
    debts: int = 0
    receivables: int = 0
    due_from: int = 0
    claims: int = 0
    receipts_uncredited: int = 0
    house: int = 0
    due_to: int = 0

    @property
    def difference(self) -> int:
        left = self.custody + self.in_transit + self.debts + self.receivables + self.due_from
        return left - self.claims - self.receipts_uncredited - self.house - self.due_to


class InFlight(NamedTuple):
    """A movement between a reserve address and the outside that only one side had recorded at the cut.

    `direction` is that of the coins, seen from the exchange; `recorded` names who had it: the `chain` at its block, or
    the `ledger` at the cut. So the reserves stand above the ledger's custody by what came in on the chain or left in
    the ledger, and below it by the other two. Movements of one transaction, direction and side are one row.
    """

    entity: str
    asset: str
    chain: str
    transaction: str
    direction: Literal["in", "out"]
    recorded: Literal["chain", "ledger"]
    amount: int

    @property
    def effect(self) -> int:
        """Reserves less custody, as far as this movement explains it."""
        return self.amount if (self.direction == "in") == (self.recorded == "chain") else -self.amount


class UnreadReserve(NamedTuple):
    """A reserve address that could not be read for this hour: it counts nothing, and no older balance stands for it."""

    entity: str
    asset: str
    chain: str
    contract: str
    address: str
    label: str
    reason: str


class BookSides(NamedTuple):
    """A zero-sum row as the section `books` has room for it, where nothing is below zero."""

    in_transit: int
    receivables: int
    house: int


def book_sides(row: ZeroSumRow) -> BookSides:
    """The lines of outside books that a ledger's row gives; what is below zero stands on the other side.

    Receipts not yet credited and what is due to other entities are owed, so they are part of `house` here; the section
    `zero-sum` has them in lines of their own.
    """
    left = [row.receivables, row.due_from]
    right = [row.house, row.receipts_uncredited, row.due_to]
    receivables = sum(max(value, 0) for value in left) + sum(max(-value, 0) for value in right)
    house = sum(max(value, 0) for value in right) + sum(max(-value, 0) for value in [*left, row.in_transit])
    return BookSides(max(row.in_transit, 0), receivables, house)


def zero_sum_section(rows: Sequence[ZeroSumRow]) -> dict[str, Json]:
    """The section `zero-sum`; rows in the order of the trees."""
    texts = ("asset", "entity")
    return {
        "rows": [
            {name: value if name in texts else str(value) for name, value in row._asdict().items()} for row in rows
        ]
    }


def in_flight_section(
    rows: Sequence[InFlight], zero_sum: Sequence[ZeroSumRow], reserves: Sequence[int]
) -> dict[str, Json]:
    """The section `in-flight`; `reserves` is the sum of each tree's reserve rows, in the order of `zero_sum`."""
    effects: dict[TreeKey, int] = {}
    for movement in rows:
        key = (movement.entity, movement.asset)
        effects[key] = effects.get(key, 0) + movement.effect
    ordered = sorted(rows, key=lambda row: tuple(row)[:6])
    totals: list[Json] = []
    for line, held in zip(zero_sum, reserves, strict=True):
        effect = effects.get((line.entity, line.asset), 0)
        totals.append(
            {
                "asset": line.asset,
                "custody": str(line.custody),
                "difference": str(held - line.custody - effect),
                "entity": line.entity,
                "in_flight": str(effect),
                "reserves": str(held),
            }
        )
    return {"rows": [{**row._asdict(), "amount": str(row.amount)} for row in ordered], "totals": totals}


def unread_section(rows: Sequence[UnreadReserve]) -> dict[str, Json]:
    """The section `unread`."""
    return {"rows": [dict(row._asdict()) for row in sorted(rows, key=lambda row: tuple(row)[:5])]}


def failed_section(code: str, detail: str, ledger: Mapping[str, Json]) -> dict[str, Json]:
    """The section `failed` of a missed hour; `detail` names no customer and no amount."""
    return {"code": code, "detail": detail, "ledger": dict(ledger)}
