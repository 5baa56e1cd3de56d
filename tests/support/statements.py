"""Made-up statements for the tests of their renderers, and for looking at."""

from __future__ import annotations

from cli.statement_data import (
    AssetLines,
    Consent,
    Hold,
    InclusionLeaf,
    InclusionReference,
    Movement,
    OpenOrder,
    Position,
    RegisteredKey,
    StatementData,
    Subaccount,
)

KEY = "9f2c51d0a7e34b8c"


def movements(opening: int, changes: list[tuple[str, str, str, int, str | None, str | None]]) -> tuple[Movement, ...]:
    """Movements that lead from one balance to the next; a change is (time, reason, reference, amount, price, role)."""
    found, balance = [], opening
    for time, reason, reference, amount, price, role in changes:
        balance += amount
        asset = None if price is None else "USDC"
        key = None if role is None else KEY
        found.append(Movement(time, reason, reference, amount, balance, price, asset, role, key))
    return tuple(found)


def _month() -> tuple[tuple[Movement, ...], tuple[Movement, ...], tuple[Movement, ...]]:
    """Bitcoin, dollars and a loan of the month."""
    btc = movements(
        150_000_000,
        [
            ("2026-10-03T08:12:44.120331Z", "deposit", "eip155:1/0x5c31…/0", 25_000_000, None, None),
            ("2026-10-07T14:01:09.000412Z", "trade", "fill 88121-2", -40_000_000, "65100.22", "order"),
            ("2026-10-07T14:01:09.000412Z", "fee", "fill 88121-2", -40_000, None, "order"),
            ("2026-10-19T23:59:59.999999Z", "trade", "fill 90007-1", 1_234_567, "64012.5", "session"),
        ],
    )
    usdc = movements(
        0,
        [
            ("2026-10-07T14:01:09.000412Z", "trade", "fill 88121-2", 26_040_088_000, "65100.22", "order"),
            ("2026-10-19T23:59:59.999999Z", "trade", "fill 90007-1", -790_277_196, "64012.5", "session"),
            ("2026-10-28T10:00:00.000000Z", "withdrawal", "w-2026-000118", -20_000_000_000, None, "withdrawal"),
        ],
    )
    loan = movements(
        0,
        [
            ("2026-10-20T00:00:02.000000Z", "borrow", "loan 17", 2_000_000_000, None, "service"),
            ("2026-10-31T23:00:00.000000Z", "interest", "loan 17, 2026-10", 3_287_672, None, None),
        ],
    )
    return btc, usdc, loan


def typical(**change: object) -> StatementData:
    """A month of a customer with two subaccounts, trades, a loan, orders and three keys; keywords replace fields."""
    btc, usdc, loan = _month()
    fields: dict[str, object] = {
        "exchange": "example.exchange",
        "entity": "main",
        "account": "ann@example.com",
        "start": "2026-10-01T00:00:00Z",
        "end": "2026-11-01T00:00:00Z",
        "prepared": "2026-11-01T00:20:00Z",
        "subaccounts": (
            Subaccount(
                "",
                (
                    AssetLines(
                        "BTC", 8, 150_000_000, btc[-1].balance_after, btc, (Hold("order", "90311", 50_000_000),)
                    ),
                    AssetLines("ETH", 18, 1, 1),
                    AssetLines("USDC", 6, 0, usdc[-1].balance_after, usdc),
                ),
            ),
            Subaccount(
                "bot",
                (AssetLines("USDC", 6, 0, 0, debt_closing=loan[-1].balance_after, debt_movements=loan),),
            ),
        ),
        "open_orders": (
            OpenOrder(
                "", "BTC-USDC", "90311", "sell", "limit", 75_000_000, 25_000_000, 8, "71000", "2026-10-30T09:00:00Z"
            ),
        ),
        "positions": (Position("bot", "BTC-PERP", -12_000, 4),),
        "keys": (
            RegisteredKey(KEY, "order", ("trade", "cancel"), "2026-01-11T10:22:05Z"),
            RegisteredKey("a0" * 32, "session", ("trade",), "2026-10-19T20:00:00Z", "2026-10-20T20:00:00Z"),
            RegisteredKey("b1" * 32, "withdrawal", (), "2026-01-11T10:25:41Z"),
        ),
        "consents": (Consent("lending of idle assets", "c2" * 32, "2026-01-11T10:30:00Z"),),
        "inclusion": InclusionReference(
            "2026-11-01T00:00:00Z",
            7_320,
            "d164-9d13-aad4-956f-fb18-958c-0803-40da",
            (
                InclusionLeaf("BTC", 8, btc[-1].balance_after, 0),
                InclusionLeaf("ETH", 18, 1, 0),
                InclusionLeaf("USDC", 6, usdc[-1].balance_after, loan[-1].balance_after),
            ),
        ),
        "disclaimers": ("Complaints go to the compliance officer. 苦情は当社のコンプライアンス担当へ。",),
    }
    return StatementData(**fields | change)  # type: ignore[arg-type]  # the tests replace single fields
