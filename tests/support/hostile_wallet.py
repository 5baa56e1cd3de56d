"""The small world of hostile commands, and the fields of those about the one wallet."""

from __future__ import annotations

import random
from typing import Any

from ledger.commands.codecs import MICROS_MAX, QUANTITY_MAX
from ledger.commands.customers import CLIENT_CLASSES
from ledger.commands.margin import PRODUCTS
from ledger.engine import HOUR_MICROS, Engine

__all__ = [
    "ACCOUNTS",
    "ASSETS",
    "DERIVATIVES",
    "KEYS",
    "MARKETS",
    "POOR",
    "PRICED",
    "START",
    "WORDS",
    "WalletFields",
    "opening",
    "permission",
]

ACCOUNTS = [f"{number:032x}" for number in range(1, 9)]
POOR = ACCOUNTS[4:7]
"""They have little and trade with margin, so that prices that move end in liquidations."""
ASSETS = ("BTC", "USD", "ETH", "DUST", "HUGE")
MARKETS = ("BTC_USD", "ETH_USD", "DUST_HUGE", "BTC_ETH", "BTC_PERP", "ETH_FUT", "ODD")
DERIVATIVES = ("BTC_PERP", "ETH_FUT")
PRICED = ("BTC", "ETH")
OPENING: tuple[tuple[str, str, Any], ...] = (
    ("margin.settlement_asset", "", "USD"),
    *((f"prices.{name}", asset, value) for asset in PRICED for name, value in (
        ("sources_min", "1"), ("jump", "1000000"), ("staleness", "86400"))),
    *(("collateral.weight", asset, value) for asset, value in (
        ("USD", "1000000"), ("BTC", "900000"), ("ETH", "800000"))),
    *(("lending.state", asset, "open") for asset in ("USD", "BTC", "ETH")),
    *((f"perpetual.{name}", market, value) for market in DERIVATIVES for name, value in (
        ("mark_cap", "0"), ("mark_bound", "1000000"))),
    *((f"market.{name}", market, ("0", "1000000000")) for market in ("BTC_USD", "ETH_USD", *DERIVATIVES) for name in (
        "limit_band", "impact_band")),
)  # fmt: skip
"""Parameters of the beginning: no price waits for a second feed, and no band stands in the way."""
WORDS = ("w", "wallet-1", "wallet-2")
START = 500_000 * HOUR_MICROS
KEYS = [bytes([number]) * 32 for number in range(64, 80)]


class WalletFields:
    """Draws fields; `Hostile` gives it an engine and a time."""

    draw: random.Random
    engine: Engine
    time_us: int

    def _sub(self) -> str:
        return self.draw.choice([""] * 12 + ["a", "b", f"n{self.draw.randrange(50)}"])

    def _who(self) -> str:
        return self.draw.choice([*ACCOUNTS[:-1] * 6, ACCOUNTS[-1], "f" * 32])

    def _amount(self) -> str:
        draw = self.draw
        return str(draw.choice([1, 2, 1000, 10**8, 10**15, 10**16, 2**62, QUANTITY_MAX, draw.randrange(1, 10**10)]))

    def _make_list_market(self) -> dict[str, Any]:
        draw = self.draw

        def number() -> str:
            return str(draw.choice([1, 10, 10**8, 10**18, QUANTITY_MAX]))

        return {
            "market": draw.choice(MARKETS),
            "base": draw.choice(ASSETS),
            "quote": draw.choice([*ASSETS, "NONE"]),
            "tick": number(),
            "step": number(),
            "quantity_min": number(),
            "quantity_max": number(),
        }

    # The one wallet.

    def _whose(self) -> dict[str, Any]:
        return {"account": self.draw.choice([self._who(), self._who(), *POOR]), "subaccount": self._sub()}

    def _make_list_derivative(self) -> dict[str, Any]:
        draw = self.draw
        kind = draw.choice(["perpetual", "dated"])
        now = self.time_us // HOUR_MICROS * HOUR_MICROS
        hours = [now + HOUR_MICROS, now + 2 * HOUR_MICROS, now, 1, MICROS_MAX]
        fields = {
            **self._make_list_market(),
            "expires": draw.choice(hours) if draw.random() < 0.1 or kind == "dated" else None,
            "kind": kind,
        }
        if draw.random() < 0.5:
            fields |= {"market": "ODD", "base": "BTC", "quote": "USD", "tick": "100", "step": "1000000"}
            fields |= {"quantity_min": "1", "quantity_max": str(10**9)}
        return fields

    def _make_set_permissions(self) -> dict[str, Any]:
        draw = self.draw
        rows = [permission(product) for product in PRODUCTS]
        for _ in range(draw.choice([0, 1, 1, 3])):
            row = permission(draw.choice(PRODUCTS))
            row |= {"country": draw.choice([None, "JP", "US", "US-CA"]), "allowed": draw.random() < 0.5}
            row |= {"client_class": draw.choice([None, *CLIENT_CLASSES]), "leverage": draw.choice([0, 1, 5, 2**32 - 1])}
            rows.append(row)
        return {
            "entity": draw.choice(["main"] * 9 + ["other"]),
            "reason": "r",
            "rows": rows[-draw.choice([100, 100, 2]) :],
        }

    def _make_set_wallet_settings(self) -> dict[str, Any]:
        draw = self.draw
        flags = {name: draw.random() < 0.6 for name in ("auto_borrow", "auto_lend", "auto_repay")}
        return {**self._whose(), "leverage": draw.choice([0, 1, 2, 5, 10, 20, 100, 101, 2**32 - 1]), **flags}

    def _make_lend(self) -> dict[str, Any]:
        amount = self.draw.choice(["1", "50", "1000", str(10**6), self._amount()])
        return {**self._whose(), "amount": amount, "asset": self.draw.choice([*ASSETS[:3] * 3, *ASSETS, "NONE"])}

    _make_redeem = _make_borrow = _make_lend

    def _make_fund_insurance(self) -> dict[str, Any]:
        draw = self.draw
        fields = {
            "amount": draw.choice(["1", "20", "1000", self._amount()]),
            "asset": draw.choice([*ASSETS, "USD", "NONE"]),
        }
        return {**fields, "reason": draw.choice(["r", "\U0001f4b0" * 64, "x" * 1000]), "withdraw": draw.random() < 0.3}

    def _make_set_backstop(self) -> dict[str, Any]:
        draw = self.draw
        return {
            **self._whose(),
            "capacity": draw.choice(["0", "1", "10", "1000", str(10**9), str(QUANTITY_MAX)]),
            "discount": draw.choice([0, 1, 10_000, 10**6, 10**6 + 1, 2**32 - 1]),
            "first_loss": draw.choice(["0", "1", "100", str(QUANTITY_MAX)]),
            "market": draw.choice([*DERIVATIVES * 3, *MARKETS, "NONE"]),
        }

    def _make_quote_conversion(self) -> dict[str, Any]:
        draw = self.draw
        known = [*self.engine.conversion.open]
        number = draw.choice([*known * 5, 1, 2, QUANTITY_MAX])
        return {**self._whose(), "amount": draw.choice(["1", "10", "1000", self._amount()]), "conversion": str(number)}

    def _make_start_strategy(self) -> dict[str, Any]:
        draw = self.draw
        return {
            **self._whose(),
            "client_id": draw.choice([0, 2**32 - 1]),
            "every": draw.choice([0, 1, 10, 60, 2**32 - 1]),
            "margin": draw.random() < 0.5,
            "market": draw.choice([*MARKETS[:2] * 2, *DERIVATIVES * 3, *MARKETS, "NONE"]),
            "parts": draw.choice([0, 1, 2, 5, 1000, 1001, 2**32 - 1]),
            "quantity": draw.choice(["1", "7", "100", "5000", str(10**9), str(QUANTITY_MAX)]),
            "reduce_only": draw.random() < 0.2,
            "side": draw.choice(["bid", "ask"]),
            "slippage": draw.choice([0, 1, 100_000, 10**6, 10**6 + 1, 2**32 - 1]),
        }

    def _make_cancel_strategy(self) -> dict[str, Any]:
        draw, running = self.draw, self.engine.strategies.running
        number = draw.choice([*running, 1, QUANTITY_MAX])
        whose = self._whose()
        if number in running and draw.random() < 0.8:
            account, subaccount = self.engine.orders.shared.purse.owner(running[number].payer)
            whose = {"account": account, "subaccount": subaccount}
        return {**whose, "strategy": str(number)}


def permission(product: str) -> dict[str, Any]:
    return {"allowed": True, "client_class": None, "country": None, "leverage": 20, "product": product}


def opening(names: tuple[str, ...]) -> dict[str, Any]:
    """The parameters of the beginning, or those of these names alone."""
    changes = [
        {"name": name, "scope": scope, "value": [*value] if isinstance(value, tuple) else value}
        for name, scope, value in OPENING
        if not names or name in names
    ]
    return {"changes": changes, "reason": "r"}
