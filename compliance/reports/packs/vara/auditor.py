"""Material for the independent auditor of reserve assets: assertion, scope, items in flight, procedures to perform."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from compliance.reports.document import Block, Procedure, Texts, columns_of
from compliance.reports.inputs import CoveragePoint, PackInput
from compliance.reports.packs.blocks import named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.period import end_of, minute_text, start_of
from compliance.reports.packs.vara.values import amounts, cell, names, records

__all__ = ["AUDIT_RULES", "assertion_block", "flight_block", "prices_block", "scope_block", "suggested_block"]

AUDIT_RULES: Final = ("VARA-RES-01", "VARA-RES-03", "VARA-POR-01", "VARA-SEG-05")
_AUDIT: Final = "tallystick audit BUNDLE... --key exchange-key.json"
SUGGESTED: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    (
        "Compute liabilities again from the leaves up: every commitment, sum and root, against the signed statement.",
        _AUDIT, ("VARA-RES-01", "VARA-POR-01"),
    ),
    (
        ("Execute the exchange's log again in a fresh engine and compare position, state and each leaf with what was "
        "signed; look for hours that are missing or taken twice."),
        f"{_AUDIT} --replay", ("VARA-RES-01",),
    ),
    (
        "Read the balance of each address in scope at the block of the cut-off from a node of the practitioner's own.",
        f"{_AUDIT} --rpc eip155:1=URL", ("VARA-RES-01",),
    ),
    (
        "Check the proof of control of each address: the signed message, or a transfer on instruction.", _AUDIT,
        ("VARA-SEG-05",),
    ),
    (
        ("Draw customers by a seed that both sides know from the firm's systems, not from the bundle, and look for "
        "each in the liabilities with its balance; open an account of the practitioner's own and look for it too."),
        "", ("VARA-RES-01", "VARA-SEG-05"),
    ),
    ("Trace deposits and withdrawals on both sides of the cut-off to the ledger and the chain.", "", ("VARA-RES-01",)),
    (
        ("Inspect loans, pledges and stakes of client units, and borrowings before and after the cut-off, with "
        "consents and licences."),
        "", ("VARA-SEG-03",),
    ),
    ("Ask third-party custodians and banks for confirmations directly.", "", ("VARA-RES-01", "VARA-CM-04")),
    (
        "Compare the register of wallets with addresses that move together with them and are not in it.", "",
        ("VARA-SEG-01", "VARA-SEG-05"),
    ),
    ("Test daily reconciliations of the period: existence, preparer and approver, ageing of differences.", "",
     ("VARA-RES-02",)),
)  # fmt: skip
"""What to do, the command for it if the bundle suffices, and the rules it bears on."""


def _cut(data: PackInput) -> CoveragePoint | None:
    """The last hour of the period with a statement of what is owed."""
    first, last = start_of(data), end_of(data)
    inside = [point for point in data.coverage if first <= point.hour <= last and point.owed]
    return inside[-1] if inside else None


def assertion_block(data: PackInput, texts: Texts) -> Block:
    """What management asserts, at which moment."""
    cut = _cut(data)
    moment = minute_text(cut.hour if cut is not None else data.facts.as_of)
    words = texts["vara_assertion_text"].format(entity=data.entity, moment=moment)
    return Block(texts["vara_assertion"], 2, (words,), rules=AUDIT_RULES)


def scope_block(data: PackInput, texts: Texts) -> Block:
    """What is in scope, the cut-off, and what is outside."""
    return Block(texts["vara_scope"], 2, items=tuple(_scope(data, texts)), rules=("VARA-SEG-05", "VARA-POR-01"))


def _scope(data: PackInput, texts: Texts) -> Iterator[str]:
    yield texts["vara_scope_entity"].format(entity=data.entity, exchange=data.exchange)
    cut = _cut(data)
    if cut is None:
        yield texts["vara_scope_no_cut"]
    else:
        yield texts["vara_scope_cut"].format(hour=minute_text(cut.hour), digest=cut.digest)
    owed = amounts(data, "claims") or {}
    yield texts["vara_scope_assets"].format(assets=", ".join(sorted(owed)) or texts["vara_unknown"])
    yield texts["vara_scope_products"]
    unread = names(data, "reserves.unread")
    if unread is None or unread:
        shown = ", ".join(sorted(unread or ())) or texts["vara_unknown"]
        yield texts["vara_scope_unread"].format(assets=shown)
    holders = records(data, "vara.control_scope")
    listed = ", ".join(f"{row['id']} ({row['basis']})" for row in holders or ()) or texts["vara_unknown"]
    yield texts["vara_scope_holders"].format(holders=listed)
    yield texts["vara_scope_not"]


def prices_block(data: PackInput, texts: Texts) -> Block:
    """The prices that values rest on; coverage rests on none."""
    found, heading = records(data, "prices"), texts["vara_prices"]
    if not found:
        return Block(heading, 3, (texts["vara_prices_none"],))
    columns = columns_of(
        texts,
        ("asset", "text", 12),
        ("vara_price", "number", 20),
        ("vara_price_at", "text", 20),
        ("vara_price_source", "text", 28),
    )
    rows = [
        (
            cell(row["asset"], texts), f"{cell(row['price'], texts)} {row['currency']}", cell(row["at"], texts),
            cell(row["source"], texts),
        )
        for row in found
    ]  # fmt: skip
    return Block(heading, 3, (), named("prices", heading, columns, rows))


def flight_block(data: PackInput, texts: Texts) -> Block:
    """What is under way or owed by clients, asset by asset, where there is any."""
    heading = texts["vara_flight"]
    if not data.books:
        return Block(heading, 2, (texts["vara_flight_none"],), rules=("VARA-RES-01",))
    lines = ("in_transit", "receipts_uncredited", "debts", "receivables")
    columns = columns_of(texts, ("asset", "text", 12), *((f"books_{line}", "number", 18) for line in lines))
    rows = [
        (book.asset, *(units(book.lines.get(line, Fraction(0))) for line in lines))
        for book in data.books
        if any(book.lines.get(line) for line in lines)
    ]
    if not rows:
        return Block(heading, 2, (texts["vara_flight_note"], texts["none_here"]), rules=("VARA-RES-01",))
    table = named("in-flight", heading, columns, rows)
    return Block(heading, 2, (texts["vara_flight_note"],), table, rules=("VARA-RES-01",))


def suggested_block(texts: Texts) -> Block:
    """Procedures for the practitioner, none of which was performed here."""
    procedures = tuple(
        Procedure(
            f"A.{place}",
            what,
            texts["vara_to_do"].format(command=command) if command else texts["vara_by_hand"],
            "unchecked",
            rules,
        )
        for place, (what, command, rules) in enumerate(SUGGESTED, 1)
    )
    return Block(texts["vara_suggested"], 2, (texts["vara_suggested_note"],), procedures=procedures)
