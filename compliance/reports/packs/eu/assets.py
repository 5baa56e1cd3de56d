"""Clients' assets and funds: what moved to the firm, what is mixed, what is lent, what is placed with banks."""

from __future__ import annotations

from fractions import Fraction

from compliance.calendars import Clock
from compliance.facts import Record
from compliance.reports.document import Block, Texts, columns_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.coverage import units
from compliance.reports.packs.eu.common import amounts_of, cell, records_of, rule_in_force, table_block
from compliance.reports.packs.period import minute_text

__all__ = ["funds_blocks", "segregation_blocks"]


def segregation_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """What moved from clients to the firm, mixed addresses, encumbrances and losses."""
    return [_moves(data, texts), _mixed(data, texts), _encumbrances(data, texts), _losses(data, texts)]


def _moves(data: PackInput, texts: Texts) -> Block:
    found = records_of(data, "postings.to_own")
    rows = None
    if found is not None:
        sums: dict[tuple[str, str, bool], tuple[int, Fraction]] = {}
        for row in found:
            asset, reason, is_charge, amount = row["asset"], row["reason"], row["is_charge"], row["units"]
            assert isinstance(asset, str) and isinstance(reason, str) and isinstance(is_charge, bool)
            assert isinstance(amount, Fraction)
            count, total = sums.get((asset, reason, is_charge), (0, Fraction(0)))
            sums[asset, reason, is_charge] = count + 1, total + amount
        rows = [
            (asset, reason, cell(is_charge), f"{count:,}", units(total), "pass" if is_charge else "fail")
            for (asset, reason, is_charge), (count, total) in sorted(
                sums.items(), key=lambda each: (each[0][2], each[0])
            )
        ]
    columns = columns_of(
        texts,
        ("c_asset", "text", 10),
        ("c_reason", "text", 34),
        ("c_charge", "text", 12),
        ("c_count", "number", 10),
        ("c_units", "number", 20),
        ("result", "status", 12),
    )
    return table_block(
        texts["eu_segregation"], 2, ("EU-SEG-01",), columns, rows, texts,
        name="moves-to-own", facts=("postings.to_own",), intro=texts["eu_segregation_intro"],
    )  # fmt: skip


def _mixed(data: PackInput, texts: Texts) -> Block:
    found = records_of(data, "wallets.mixed")
    rows = None if found is None else [(cell(row["address"]), cell(row["reason"]), "fail") for row in found]
    columns = columns_of(texts, ("address", "code", 40), ("c_reason", "text", 40), ("result", "status", 12))
    return table_block(
        texts["eu_mixed"], 3, ("EU-CUS-03", "EU-CUS-03.2"), columns, rows, texts,
        name="mixed-addresses", facts=("wallets.mixed",), intro=texts["eu_mixed_intro"],
    )  # fmt: skip


def _encumbrances(data: PackInput, texts: Texts) -> Block:
    found = records_of(data, "encumbrances")
    fields = ("id", "asset", "units", "consent", "licence", "in_wallets")
    rows = None if found is None else [tuple(cell(row[name]) for name in fields) for row in found]
    columns = columns_of(
        texts,
        ("c_id", "code", 14),
        ("c_asset", "text", 10),
        ("c_units", "number", 18),
        ("c_consent", "code", 18),
        ("c_reference", "code", 18),
        ("c_in_wallets", "text", 12),
    )
    return table_block(
        texts["eu_encumbrances"], 3, ("EU-SEG-01.2", "EU-SAF-03"), columns, rows, texts,
        name="encumbrances", facts=("encumbrances",), intro=texts["eu_encumbrances_intro"],
    )  # fmt: skip


def _losses(data: PackInput, texts: Texts) -> Block:
    found = records_of(data, "eu.losses")
    fields = ("id", "asset", "units", "lost_at", "value_eur", "made_good_eur")
    rows = None if found is None else [tuple(cell(row[name]) for name in fields) for row in found]
    columns = columns_of(
        texts,
        ("c_id", "code", 14),
        ("c_asset", "text", 10),
        ("c_units", "number", 18),
        ("c_when", "text", 16),
        ("c_value", "number", 18),
        ("c_made_good", "number", 18),
    )
    return table_block(
        texts["eu_losses"], 3, ("EU-CUS-03.3",), columns, rows, texts, name="losses", facts=("eu.losses",)
    )


def funds_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Clients' funds by currency, their placement, and the accounts that hold them."""
    return [_funds(data, texts), _placements(data, texts), _accounts(data, texts)]


def _funds(data: PackInput, texts: Texts) -> Block:
    owed, held = amounts_of(data, "client_money.owed"), amounts_of(data, "client_money.held")
    rows = None
    if owed is not None and held is not None:
        rows = []
        for currency in sorted({*owed, *held}):
            need, have = owed.get(currency, Fraction(0)), held.get(currency, Fraction(0))
            answer = "pass" if have >= need else "fail"
            rows.append((currency, units(need), units(have), units(have - need), answer if need else "not applicable"))
    columns = columns_of(
        texts,
        ("c_currency", "text", 12),
        ("owed", "number", 24),
        ("held", "number", 24),
        ("difference", "number", 24),
        ("answer", "status", 14),
    )
    return table_block(
        texts["eu_funds"], 2, ("EU-SEG-02",), columns, rows, texts,
        name="client-funds", facts=("client_money.owed", "client_money.held"), intro=texts["eu_funds_intro"],
    )  # fmt: skip


def _placements(data: PackInput, texts: Texts) -> Block:
    rules = ("EU-SEG-02.2",)
    found, rule = records_of(data, "eu.client_funds.placements"), rule_in_force(data, rules[0])
    columns = columns_of(
        texts,
        ("c_id", "code", 18),
        ("c_currency", "text", 10),
        ("c_amount", "number", 18),
        ("c_received", "text", 16),
        ("c_due", "text", 16),
        ("c_placed", "text", 16),
        ("result", "status", 12),
    )
    rows, intro = None, ""
    if found is not None and rule is not None:
        clock = rule.parameters["due"].value
        assert isinstance(clock, Clock), "placement has a clock"
        judged = [(row, *_placement(data, row, clock)) for row in found]
        waiting = sum(row["placed"] is None for row in found)
        late = sum(result == "fail" and row["placed"] is not None for row, _, result in judged)
        intro = texts["eu_placements_intro"].format(
            count=f"{len(found):,}", placed=f"{len(found) - waiting:,}", late=f"{late:,}", waiting=f"{waiting:,}"
        )
        rows = [
            (
                cell(row["id"]),
                cell(row["currency"]),
                cell(row["amount"]),
                cell(row["received"]),
                due,
                cell(row["placed"]),
                result,
            )
            for row, due, result in judged
            if result == "fail" or row["placed"] is None
        ]
    return table_block(
        texts["eu_placements"], 3, rules, columns, rows, texts,
        name="placements", facts=("eu.client_funds.placements",), intro=intro,
    )  # fmt: skip


def _placement(data: PackInput, row: Record, clock: Clock) -> tuple[str, str]:
    """When a receipt is due, and whether it is in time."""
    received, placed = row["received"], row["placed"] or data.facts.as_of
    due = clock.due(received)  # type: ignore[arg-type]  # a moment, by its kind
    return minute_text(due), "pass" if placed <= due else "fail"  # type: ignore[operator]  # a moment, by its kind


def _accounts(data: PackInput, texts: Texts) -> Block:
    found = records_of(data, "eu.client_fund_accounts")
    fields = ("id", "place", "separate", "agreement")
    rows = None if found is None else [tuple(cell(row[name]) for name in fields) for row in found]
    columns = columns_of(
        texts, ("c_id", "code", 24), ("c_place", "text", 30), ("c_separate", "text", 16), ("c_agreement", "code", 24)
    )
    return table_block(
        texts["eu_accounts"], 3, ("EU-SEG-02.3", "EU-SAF-02"), columns, rows, texts,
        name="client-fund-accounts", facts=("eu.client_fund_accounts",),
    )  # fmt: skip
