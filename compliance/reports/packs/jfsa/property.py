"""The quarterly report's own parts: money and trust, quantities per asset, the 5 % share, guarantee, shortfalls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Final

from compliance.calendars import calendar
from compliance.facts import Amounts
from compliance.regimes.jfsa import RULES
from compliance.regimes.jfsa.rules_crypto import CRYPTO_CURE
from compliance.regimes.jfsa.rules_money import MONEY_CURE
from compliance.reports.document import Block
from compliance.reports.packs.blocks import named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.jfsa.values import Edition

__all__ = ["audits_block", "property_blocks"]

_ZERO: Final = Fraction(0)


def property_blocks(seen: Edition) -> list[Block]:
    """Money, crypto, share outside the safe method, guarantee, shortfalls, third parties."""
    return [
        _money(seen),
        seen.listed(
            "contracts",
            "jfsa.trusts",
            "trust-contracts",
            (
                ("trustee", "trustee", "text", 22),
                ("is_trust_company", "trust_company", "text", 12),
                ("users_are_beneficiaries", "beneficiaries", "text", 16),
                ("agent", "agent", "text", 18),
                ("certificate", "certificate", "text", 18),
            ),
            ("JP-CM-01b",),
        ),
        _crypto(seen),
        seen.listed(
            "custodians",
            "jfsa.custodians",
            "custodians",
            (
                ("custodian", "name", "text", 24),
                ("separate", "separate", "text", 14),
                ("attributable", "attributable", "text", 18),
                ("confirmed_on", "confirmed", "text", 12),
            ),
            ("JP-SEG-01c",),
        ),
        _share(seen),
        _guarantee(seen),
        _shortfalls(seen),
    ]


def _money(seen: Edition) -> Block:
    owed, held = seen.amounts("client_money.owed"), seen.amounts("jfsa.trust.balance")
    heading, rules = seen.word("money"), ("JP-CM-01",)
    lacking = _lacking(seen, ("client_money.owed", owed), ("jfsa.trust.balance", held))
    columns = seen.columns(
        ("currency", "text", 10), ("owed_money", "number", 22), ("trust", "number", 22), ("difference", "number", 20),
        ("answer", "status", 14),
    )  # fmt: skip
    rows = [
        (name, *_pair(seen, owed, held, name))
        for name in sorted({*(owed or {}), *(held or {})})
    ]  # fmt: skip
    table = named("users-money", heading, columns, rows) if rows else None
    return Block(heading, 2, (seen.word("money_note"), *lacking), table, rules=rules)


def _pair(seen: Edition, owed: Amounts | None, held: Amounts | None, name: str) -> tuple[str, str, str, str]:
    """Owed, held, difference and answer of one asset or currency; unknown where one side is."""
    first = None if owed is None else owed.get(name, _ZERO)
    second = None if held is None else held.get(name, _ZERO)
    if first is None or second is None:
        return seen.figure(first), seen.figure(second), "—", "insufficient data"
    return units(first), units(second), units(second - first), "pass" if second >= first else "fail"


def _lacking(seen: Edition, *facts: tuple[str, object]) -> tuple[str, ...]:
    return tuple(seen.word("unknown_note").format(name=name) for name, value in facts if value is None)


def _prices(seen: Edition) -> dict[str, Fraction]:
    """Reference prices in yen."""
    found: dict[str, Fraction] = {}
    for row in seen.records("prices") or ():
        if row["currency"] == "JPY" and isinstance(row["price"], Fraction):
            found[str(row["asset"])] = row["price"]
    return found


def _crypto(seen: Edition) -> Block:
    names = ("claims", "reserves.client", "reserves.client.offline", "reserves.client.hot", "reserves.client.custodian")
    found = {name: seen.amounts(name) for name in names}
    prices, heading = _prices(seen), seen.word("crypto")
    columns = (
        *seen.columns(("asset", "text", 9), ("required", "number", 17), ("kept", "number", 17)),
        *seen.columns(("offline", "number", 16), ("hot", "number", 15), ("custodian", "number", 12)),
        *seen.columns(("difference", "number", 15), ("answer", "status", 12), ("price", "number", 13)),
        *seen.columns(("value", "number", 20)),
    )
    rows = []
    for asset in sorted({asset for each in found.values() if each for asset in each}):
        owed, kept, difference, answer = _pair(seen, found["claims"], found["reserves.client"], asset)
        parts = [_of(seen, found[name], asset) for name in names[2:]]
        held, price = found["reserves.client"], prices.get(asset)
        value = None if price is None or held is None else held.get(asset, _ZERO) * price
        rows.append((asset, owed, kept, *parts, difference, answer, seen.figure(price), seen.figure(value)))
    table = named("users-crypto", heading, columns, rows) if rows else None
    lacking = _lacking(seen, *((name, value) for name, value in found.items()))
    return Block(
        heading, 2, (seen.word("crypto_note"), *lacking), table, rules=("JP-SEG-02", "JP-SEG-01", "JP-SEG-01b")
    )


def _of(seen: Edition, found: Amounts | None, asset: str) -> str:
    return seen.figure(None if found is None else found.get(asset, _ZERO))


def _share(seen: Edition) -> Block:
    hot, whole = (_yen(seen.amounts(name)) for name in ("values.client.hot", "values.client"))
    heading, rules = seen.word("cold"), ("JP-COLD-01", "JP-COLD-02")
    if hot is None or whole is None:
        return Block(heading, 2, (seen.word("cold_note"), seen.word("no_value")), rules=rules)
    row = RULES.find("JP-COLD-01", seen.data.end)
    limit = Fraction(5, 100) if row is None else row.parameters["limit"].value
    assert isinstance(limit, Fraction)
    columns = seen.columns(
        ("hot_value", "number", 24), ("all_value", "number", 24), ("limit_value", "number", 20),
        ("share", "number", 12),
        ("answer", "status", 12),
    )  # fmt: skip
    # Cut off, never rounded: 5.0001 % is not shown as 5 %; the answer is by the exact figures.
    share = f"{int(hot * 10**6 / whole) / 10**4:.4f} %" if whole else "—"
    answer = "pass" if hot <= limit * whole else "fail"
    rows = [(units(hot), units(whole), units(limit * whole), share, answer)]
    return Block(heading, 2, (seen.word("cold_note"),), named("hot-share", heading, columns, rows), rules=rules)


def _yen(values: Amounts | None) -> Fraction | None:
    return None if values is None else values.get("JPY")


def _guarantee(seen: Edition) -> Block:
    hot, held = seen.amounts("reserves.client.hot"), seen.amounts("reserves.guarantee")
    own, heading = seen.amounts("reserves.own"), seen.word("guarantee")
    columns = seen.columns(
        ("asset", "text", 10), ("hot", "number", 18), ("guarantee_units", "number", 20), ("difference", "number", 18),
        ("answer", "status", 14), ("own", "number", 18),
    )  # fmt: skip
    rows = [
        (asset, *_pair(seen, hot, held, asset), _of(seen, own, asset))
        for asset in sorted({*(hot or {}), *(held or {}), *(own or {})})
    ]
    table = named("guarantee", heading, columns, rows) if rows else None
    lacking = _lacking(seen, ("reserves.client.hot", hot), ("reserves.guarantee", held), ("reserves.own", own))
    return Block(
        heading, 2, (seen.word("guarantee_note"), *lacking), table, rules=("JP-GUAR-01", "JP-GUAR-01b")
    )  # fmt: skip


def _shortfalls(seen: Edition) -> Block:
    found, heading = seen.records("jfsa.shortfalls"), seen.word("shortfalls")
    rules, note = ("JP-CM-02", "JP-SEG-03"), seen.word("shortfalls_note")
    if found is None:
        return Block(heading, 2, (note, seen.word("unknown_note").format(name="jfsa.shortfalls")), rules=rules)
    if not found:
        return Block(heading, 2, (seen.word("none"),), rules=rules)
    columns = seen.columns(
        ("no", "text", 8), ("subject", "text", 12), ("of_what", "text", 12), ("units", "number", 18),
        ("found", "text", 18),
        ("due", "text", 14), ("cured", "text", 18),
    )  # fmt: skip
    return Block(heading, 2, (note,), named("shortfalls", heading, columns, _shortfall_rows(seen)), rules=rules)


def _shortfall_rows(seen: Edition) -> Iterator[tuple[str, ...]]:
    for row in seen.records("jfsa.shortfalls") or ():
        moment = row["found"]
        assert isinstance(moment, datetime)
        clock = MONEY_CURE if row["subject"] == "money" else CRYPTO_CURE
        due = clock.due_day(calendar(clock.calendar).day_of(moment)).isoformat()
        cured = seen.word("open") if row["cured"] is None else seen.cell(row["cured"])
        yield (
            seen.cell(row["id"]), seen.cell(row["subject"]), seen.cell(row["asset"]), seen.cell(row["units"]),
            seen.cell(moment), due, cured,
        )  # fmt: skip


def audits_block(seen: Edition) -> Block:
    """The two audits, by whom and when."""
    return seen.listed(
        "audits",
        "jfsa.audits",
        "separate-management",
        (
            ("subject", "subject", "text", 16),
            ("done_on", "done_on", "text", 14),
            ("auditor", "auditor", "text", 26),
            ("cpa", "cpa", "text", 18),
            ("barred", "barred", "text", 12),
        ),
        ("JP-AUD-01", "JP-AUD-01b", "JP-AUD-02", "JP-AUD-02b"),
        level=2,
    )
