"""A market's parameters: the grid of prices and quantities, limits, bands and states; and the refusal to list it.

The notional of one tick times one step must be a whole number of quote quanta, so that price times quantity is exact
for ever. A market where it is not is refused at listing; there is no rounding of a notional anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from operator import attrgetter

from ledger.assets import ASSET_NAME, SCALE_MAX, AmountError, parse_amount
from ledger.errors import TallystickError

__all__ = ["PPM", "Market", "MarketRefused", "MarketState"]

PPM = 1_000_000
PRICE_TICKS_MAX = 2**53 - 1
QUANTITY_STEPS_MAX = 2**53 - 1
NOTIONAL_QUANTA_MAX = 2**126


class MarketRefused(TallystickError):
    """The parameters contradict each other or the grid is not exact; every problem is named at once."""

    def __init__(self, problems: list[str]) -> None:
        assert problems, "a refusal names its problems"
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


class MarketState(IntEnum):
    """What a market takes: everything; cancels alone; no market orders; orders that rest alone; nothing at all; or
    limit orders that rest, crossed or not, until the auction that ends this state (`Book.uncross`).
    """

    OPEN = 0
    CANCEL_ONLY = 1
    LIMIT_ONLY = 2
    POST_ONLY = 3
    CLOSED = 4
    AUCTION = 5


@dataclass(frozen=True, slots=True)
class Market:
    """One spot market. Prices in ticks, quantities in steps, notionals in quote quanta, multipliers in ppm.

    `tick_units` and `tick_decimals`: the tick is tick_units * 10^-tick_decimals quote per base. `step_quanta`: base
    quanta in a step. `limit_band_*_ppm`: bounds of a limit price against the active price, 0 for none.
    `impact_up_ppm` and `impact_down_ppm`: how far a taker may sweep from the best price, 0 for none.
    `order_value_max_quanta` and `order_volume_max`: the most that one order may be, beside the grid's own limits.
    Source: reference exchange.md section 5.3. Raises MarketRefused.
    """

    symbol: str
    base: str
    quote: str
    base_scale: int
    quote_scale: int
    tick_units: int
    tick_decimals: int
    step_quanta: int
    price_min: int = 1
    price_max: int = PRICE_TICKS_MAX
    quantity_min: int = 1
    quantity_max: int = QUANTITY_STEPS_MAX
    notional_min_quanta: int = 1
    limit_band_down_ppm: int = 0
    limit_band_up_ppm: int = 0
    impact_down_ppm: int = 0
    impact_up_ppm: int = 0
    open_orders_max: int = 1_000
    order_value_max_quanta: int = NOTIONAL_QUANTA_MAX
    order_volume_max: int = QUANTITY_STEPS_MAX
    unit_quanta: int = field(init=False)
    """Quote quanta of one tick times one step, exactly."""

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise MarketRefused(problems)
        numerator, denominator = self._unit_ratio()
        object.__setattr__(self, "unit_quanta", numerator // denominator)  # frozen: derived once, asked often

    def _problems(self) -> list[str]:
        rules = (
            (
                bool(ASSET_NAME.fullmatch(self.base) and ASSET_NAME.fullmatch(self.quote)),
                "an asset's name is malformed",
            ),
            (self.base != self.quote, "base and quote are one asset"),
            (0 <= self.base_scale <= SCALE_MAX and 0 <= self.quote_scale <= SCALE_MAX, "a scale is outside 0 to 38"),
            (self.tick_units > 0 and 0 <= self.tick_decimals <= SCALE_MAX, "the tick is not positive"),
            (self.step_quanta > 0, "the step is not positive"),
            (0 < self.price_min <= self.price_max <= PRICE_TICKS_MAX, "the price limits are not in order"),
            (0 < self.quantity_min <= self.quantity_max <= QUANTITY_STEPS_MAX, "the quantity limits are not in order"),
            (self.notional_min_quanta > 0, "the least notional is not positive"),
            (self.open_orders_max > 0, "no open order is allowed"),
            (self.order_value_max_quanta > 0 < self.order_volume_max, "no order is small enough"),
            (0 <= self.limit_band_down_ppm <= PPM, "the limit band's lower multiplier is not in 0 to 1"),
            (
                self.limit_band_up_ppm == 0 or self.limit_band_up_ppm >= PPM,
                "the limit band's upper multiplier is below 1",
            ),
            (0 <= self.impact_down_ppm <= PPM, "the impact band's lower multiplier is not in 0 to 1"),
            (self.impact_up_ppm == 0 or self.impact_up_ppm >= PPM, "the impact band's upper multiplier is below 1"),
        )
        problems = [problem for holds, problem in rules if not holds]
        if problems:
            return problems
        numerator, denominator = self._unit_ratio()
        if numerator % denominator:
            problems.append("tick times step is not a whole number of quote quanta: take a coarser tick or step")
        elif self.price_max * self.quantity_max * (numerator // denominator) > NOTIONAL_QUANTA_MAX:
            problems.append("the largest order's notional is over 2^126 quanta: lower its price or quantity limit")
        return problems

    def _unit_ratio(self) -> tuple[int, int]:
        return (
            self.tick_units * self.step_quanta * 10**self.quote_scale,
            10 ** (self.tick_decimals + self.base_scale),
        )

    def same_grid(self, other: Market) -> bool:
        """Whether a price or a quantity of one market means the same in the other."""
        return _GRID(self) == _GRID(other)

    def notional_quanta(self, price: int, quantity: int) -> int:
        """Quote quanta of `quantity` steps at `price` ticks, exactly."""
        return price * quantity * self.unit_quanta

    def parse_price(self, text: str) -> int | None:
        """Ticks of a decimal price, or None where it is no price on the grid (InvalidPrice)."""
        return _on_grid(text, self.tick_decimals, self.tick_units)

    def parse_quantity(self, text: str) -> int | None:
        """Steps of a decimal base quantity, or None where it is off the grid (InvalidQuantity)."""
        return _on_grid(text, self.base_scale, self.step_quanta)


_GRID = attrgetter("symbol", "base", "quote", "base_scale", "quote_scale", "tick_units", "tick_decimals", "step_quanta")


def _on_grid(text: str, scale: int, unit: int) -> int | None:
    try:
        amount = parse_amount(text, scale)
    except AmountError:
        return None
    return amount // unit if amount % unit == 0 else None
