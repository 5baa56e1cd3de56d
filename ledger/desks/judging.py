"""Whom to judge, by which prices, and whether anything may be done about it: what liquidation rests on.

    prices moved -> near their trigger, or took risk since -> judged now, a bounded number in one command
    a settlement is posted -> every wallet with a position or a debt -> judged in slices

Positions and debts need a price that is valid now: without one a wallet is not judged. Collateral whose feed fell
silent is valued at the last price there was. Counting it as nothing would liquidate everybody who holds it because a
feed failed; not judging would make a grain of it a shield. Nobody is liquidated until a grace has passed after an
outage: after 60 seconds without any command for all, after 60 seconds without a valid price for the wallets that need
it. Source: issue 5 point 6; DESIGN.md "The log and the hour".
"""

from __future__ import annotations

from typing import Any, Final

from ledger.canonical import Json
from ledger.desks.base import Shared
from ledger.desks.margin import MarginDesk
from ledger.margin.explain import view_document
from ledger.margin.positions import holders
from ledger.margin.risk import AccountView, Health, assess
from ledger.margin.watch import Watch, move_ppm
from ledger.parameters import SECOND_MICROS, UNIT_OF_ACCOUNT

__all__ = ["OUTAGE_US", "Judging"]

OUTAGE_US: Final = 60 * SECOND_MICROS
"""Without any command, or without a price, for longer than this there was an outage."""
_JUDGED_BY: Final = ("margin.", "collateral.", "borrowing.", "perpetual.")


class Judging:
    """Keeps the watch, the last known prices, and who must be spared for how long."""

    def __init__(self, shared: Shared, margin: MarginDesk) -> None:
        self._shared, self._margin = shared, margin
        self.watch = Watch()
        self.queue: list[int] = []
        """Whom the round of a settlement has still to judge."""
        self.urgent: dict[int, None] = {}
        """Whom a move of prices asks to judge, beyond what one command may do."""
        self._known: dict[str, int] = {}
        self._reference: dict[str, int] = {}
        self._moved = (-1, 0)
        self._blind: dict[int, tuple[int, int]] = {}
        """Wallets that could not be judged: since when, and until when they are spared (0 while they still cannot)."""
        self.grace_until = 0
        self._seen_us = 0
        shared.parameters.watch(self._parameter_changed)

    def _parameter_changed(self, name: str, _scope: str) -> None:
        if name == UNIT_OF_ACCOUNT:
            self._known.clear()  # what was said in another unit says nothing
        if name == UNIT_OF_ACCOUNT or name.startswith(_JUDGED_BY):
            self.watch.doubt()

    # Time and prices.

    def pass_time(self) -> None:
        """Notice that there was an outage."""
        now = self._shared.time_us
        if self._seen_us and now - self._seen_us > OUTAGE_US:
            self.grace_until = now + self._grace_us
        self._seen_us = now

    @property
    def _grace_us(self) -> int:
        return int(self._shared.parameters.value("margin.grace")) * SECOND_MICROS

    def learn_prices(self) -> None:
        """Prices have changed."""
        self._known.update(self._shared.prices)

    def known_price(self, asset: str) -> int:
        """The last price of an asset; 0 if it never had one."""
        return self._known.get(asset, 0)

    def _now(self) -> dict[str, int]:
        return {**self._known, **{f"mark {name}": mark for name, mark in self._margin.marks().items()}}

    # Whom.

    def begin_round(self) -> int:
        """Every wallet that could be liquidated is to be judged; moves are measured from now on. How many they are."""
        margin = self._margin
        self.queue = holders((market.positions for market in margin.markets.values()), margin.debtors())
        self._reference = self._now()
        self._moved = (self._shared.sequence, 0)
        margin.touched.clear()
        return len(self.queue)

    def _moved_ppm(self) -> int:
        """How far prices are from where the round began; computed once in a command."""
        if self._moved[0] != self._shared.sequence:
            self._moved = (self._shared.sequence, move_ppm(self._reference, self._now()))
        return self._moved[1]

    def near(self) -> list[int]:
        """Whom to judge because prices moved: who may have passed the trigger, or has done anything since judged."""
        touched = self._margin.touched
        self._moved = (-1, 0)
        found = sorted({*self.watch.near(self._moved_ppm()), *touched})
        touched.clear()
        return found

    # Judging.

    def _sighted(self, view: AccountView) -> bool:
        """Whether there is a valid price for all that a wallet owes and all that moves what it has."""
        prices = self._shared.prices
        if (view.positions or view.unsettled) and self._margin.settlement_asset not in prices:
            return False
        return all(line.asset in prices for line in view.assets if line.debt or line.potential)

    def health(self, payer: int) -> Health | None:
        """A wallet as liquidation sees it; None where it cannot be judged."""
        margin = self._margin
        view = margin.view(payer)
        if not self._sighted(view):
            return None
        return assess(view, margin.terms(), self._known, margin.marks())

    def document_of(self, payer: int) -> str:
        """What `health` is made of, for whoever computes it again."""
        margin = self._margin
        return view_document(margin.view(payer), margin.terms(), self._known, margin.marks())

    def judge(self, payer: int) -> Health | None:
        """Judge a wallet and remember how far it is from its trigger, and for how long it could not be judged."""
        health = self.health(payer)
        self._note_sight(payer, health)
        self.watch.put(payer, health, self._moved_ppm())
        return health

    def see(self, payer: int) -> Health | None:
        """The same for a wallet that is being liquidated: it is not watched. None also while it is to be spared."""
        health = self.health(payer)
        self._note_sight(payer, health)
        return health if self.may_act(payer) else None

    def forget(self, payer: int) -> None:
        """A wallet has nothing any more that could be liquidated."""
        self.watch.drop(payer)
        self._blind.pop(payer, None)

    def _note_sight(self, payer: int, health: Health | None) -> None:
        now = self._shared.time_us
        found = self._blind.get(payer)
        if health is None:
            if found is None or found[1]:
                self._blind[payer] = (now, 0)
        elif found is not None:
            since, until = found
            if not until and now - since > OUTAGE_US:
                self._blind[payer] = (since, now + self._grace_us)
            elif now >= until:
                del self._blind[payer]

    def may_act(self, payer: int) -> bool:
        """Whether no outage is too near."""
        return self._shared.time_us >= self.grace_until and payer not in self._blind

    # The state.

    def document(self) -> Json:
        """The watch with its reference, prices as last known, queues, and who is spared."""
        return {
            "blind": [[payer, *each] for payer, each in sorted(self._blind.items())],
            "grace": self.grace_until,
            "known": _texts(self._known),
            "queue": [*self.queue],
            "reference": _texts(self._reference),
            "urgent": [*self.urgent],
            "watch": self.watch.to_state(),
        }

    def restore(self, document: Any) -> None:
        """Take what `document` described."""
        self._blind = {payer: (since, until) for payer, since, until in document["blind"]}
        self.grace_until, self._seen_us = document["grace"], self._shared.time_us
        self._known = {name: int(price) for name, price in document["known"]}
        self._reference = {name: int(price) for name, price in document["reference"]}
        self.queue, self.urgent = [*document["queue"]], dict.fromkeys(document["urgent"])
        self.watch.fill(document["watch"])


def _texts(prices: dict[str, int]) -> list[Json]:
    return [[name, str(price)] for name, price in sorted(prices.items())]
