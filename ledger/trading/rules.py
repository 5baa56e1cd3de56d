"""The checks of an order before it meets the book, and the bands. Pure functions that both books share.

Precedence, first to last: the account's kill switch; the market's state; a known order id; the order's form; its price
(or its trigger); its quantity; its notional; its expiry; the number of open orders; the limit band. Then, by the book:
post-only, fill-or-kill and liquidity, and at last the funds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ledger.trading.market import PPM, Market, MarketState
from ledger.trading.orders import NewOrder, OrderType, Side, TimeInForce, TriggerKind
from ledger.trading.reports import Reason

# Plain integers: an enum's member costs a look-up more, and orders with a trigger or a quote budget pass here.
_LIMIT, _GTC, _IOC = int(OrderType.LIMIT), int(TimeInForce.GTC), int(TimeInForce.IOC)

__all__ = [
    "Bound",
    "band_allows",
    "bound_refusal",
    "form_refusal",
    "impact_limit",
    "limit_refusal",
    "state_refusal",
    "tightest",
    "value_refusal",
]


class Bound(NamedTuple):
    """Prices in ticks, both inclusive, between which takers may trade, 0 for none, and the reason beyond them.

    One with the reason `DISCOVERY_BAND` is also a limit order's at its entry. Source: exchange.md 5.3.
    """

    price_min: int
    price_max: int
    reason: int


def state_refusal(state: int, order: NewOrder) -> Reason:
    """Why a market in `state` takes no such order, or NONE. A trigger that waits is judged when it fires."""
    if state == MarketState.OPEN:
        return Reason.NONE
    if state == MarketState.CLOSED:
        return Reason.MARKET_CLOSED
    if state == MarketState.CANCEL_ONLY:
        return Reason.CANCEL_ONLY_MODE
    if order.trigger_kind != TriggerKind.NONE:
        return Reason.NONE
    if state == MarketState.AUCTION:
        rests = order.order_type == OrderType.LIMIT and order.time_in_force == TimeInForce.GTC
        return Reason.NONE if rests else Reason.CIRCUIT_BREAKER
    if state == MarketState.LIMIT_ONLY:
        return Reason.LIMIT_ONLY_MODE if order.order_type == OrderType.MARKET else Reason.NONE
    return Reason.NONE if order.post_only else Reason.POST_ONLY_MODE


def form_refusal(market: Market, order: NewOrder, time_us: int) -> int:
    """Why the order is malformed in itself, or NONE."""
    if not _well_formed(order):
        return Reason.INVALID_ORDER
    if order.trigger_kind and not market.price_min <= order.trigger_price <= market.price_max:
        return Reason.INVALID_TRIGGER
    if order.order_type == _LIMIT:
        reason = limit_refusal(market, order.price, order.quantity)
    else:
        reason = _market_order_refusal(market, order)
    if not reason and order.expires_us and order.expires_us <= time_us:
        return Reason.INVALID_EXPIRY
    return reason


def _well_formed(order: NewOrder) -> bool:
    """Whether the fields go together; that each is of its own range was checked at the door (`orders.in_range`)."""
    is_limit, by_trigger = order.order_type == _LIMIT, order.trigger_kind != 0
    lasting = is_limit and order.time_in_force == _GTC
    return (
        (by_trigger or (order.trigger_price == 0 and order.trigger_by == 0))
        and (lasting or not order.post_only)
        and (lasting or by_trigger or not order.expires_us)
        and (is_limit or order.time_in_force != _GTC)
        and (not order.quote_quanta or (not is_limit and order.time_in_force == _IOC and order.quantity == 0))
    )


def limit_refusal(market: Market, price: int, quantity: int) -> int:
    """Why no limit order may have this price and quantity, or NONE."""
    if not market.price_min <= price <= market.price_max:
        return Reason.INVALID_PRICE
    if not market.quantity_min <= quantity <= market.quantity_max:
        return Reason.INVALID_QUANTITY
    notional = price * quantity * market.unit_quanta
    if notional < market.notional_min_quanta:
        return Reason.MIN_NOTIONAL
    if quantity > market.order_volume_max:
        return Reason.ORDER_VOLUME_MAX
    return Reason.ORDER_VALUE_MAX if notional > market.order_value_max_quanta else 0


def value_refusal(market: Market, order: NewOrder, best_opposite: int) -> int:
    """Why a market order is worth too much, or 0: at the worst price that it names, else at the best one there is."""
    value = order.quote_quanta or (order.price or best_opposite) * order.quantity * market.unit_quanta
    return Reason.ORDER_VALUE_MAX if value > market.order_value_max_quanta else 0


def _market_order_refusal(market: Market, order: NewOrder) -> int:
    if order.price and not market.price_min <= order.price <= market.price_max:
        return Reason.INVALID_PRICE
    if order.quote_quanta:
        return Reason.MIN_NOTIONAL if order.quote_quanta < market.notional_min_quanta else 0
    if not market.quantity_min <= order.quantity <= market.quantity_max:
        return Reason.INVALID_QUANTITY
    return Reason.ORDER_VOLUME_MAX if order.quantity > market.order_volume_max else 0


def band_allows(market: Market, price: int, best_bid: int, best_ask: int, last: int) -> bool:
    """Whether a limit price lies inside the band around the active price, the median of best bid, best ask and last.

    0 stands for a price that is absent. Of two prices the median is their mean, kept doubled so that it stays exact;
    of none there is no band. Both bounds are inclusive.
    """
    if not (market.limit_band_down_ppm or market.limit_band_up_ppm):
        return True
    known = sorted(value for value in (best_bid, best_ask, last) if value)
    if not known:
        return True
    doubled = known[0] + known[1] if len(known) == 2 else 2 * known[len(known) // 2]
    if market.limit_band_up_ppm and 2 * price * PPM > doubled * market.limit_band_up_ppm:
        return False
    return 2 * price * PPM >= doubled * market.limit_band_down_ppm


def bound_refusal(bounds: Iterable[Bound], price: int) -> int:
    """Why no limit order may have this price: the discovery band holds at entry already; 0 if it may."""
    for low, high, reason in bounds:
        if reason == Reason.DISCOVERY_BAND and (price < low or (high and price > high)):
            return reason
    return 0


def tightest(bounds: Iterable[Bound], side: int) -> tuple[int, int]:
    """The price that stops a taker of `side` first, and its reason: of equal ones the first; (0, 0) for none."""
    price = reason = 0
    for low, high, why in bounds:
        bound = low if side else high
        if bound and (not price or (bound > price if side else bound < price)):
            price, reason = bound, why
    return price, reason


def impact_limit(market: Market, taker_side: int, best_opposite: int) -> int:
    """The last price, inclusive, to which a taker may sweep from `best_opposite`; 0 for no limit."""
    if taker_side == Side.BID:
        return best_opposite * market.impact_up_ppm // PPM
    return -(-best_opposite * market.impact_down_ppm // PPM)
