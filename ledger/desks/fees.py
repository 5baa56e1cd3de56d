"""The desk of fees: what each account's next orders are charged, by its volume of 30 days.

The volume that counts in an hour is what the account traded, as maker and as taker, on this UTC day before the hour
began and on the 29 days before it, in 10^-18 of the unit of account. Each fill counts at the reference price that the
quote asset has then, rounded down; where it has none the fill does not count. A tier holds for orders entered in the
hour; an order keeps the rates of its entry. Source: exchange.md section 7.4 and docs/decisions/trading-rules.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import Command
from ledger.desks.base import Desk, Handler, Shared
from ledger.parameters import UNIT_OF_ACCOUNT
from ledger.prices import UNIT_PRICE, value_floor
from ledger.trading.fees import FeeRates, FeeSchedule

__all__ = ["VOLUME_DAYS", "FeesDesk"]

VOLUME_DAYS: Final = 30
_HOUR_MICROS: Final = 3_600_000_000
_HOURS: Final = 24


@dataclass(slots=True)
class _Volume:
    """What an account traded: `recent` in `hour`, and before that hour in `days`. Days and hours since 1970."""

    hour: int
    recent: int = 0
    days: dict[int, int] = field(default_factory=dict)


class FeesDesk(Desk):
    """Counts volumes and says rates; it has no commands of its own."""

    NAME: ClassVar[str] = "fees"

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._volumes: dict[str, _Volume] = {}
        self._schedule = FeeSchedule(shared.parameters.value("fees.tiers"))
        # Rates by payer in one hour; they follow from the rest.
        self._known: dict[int, FeeRates] = {}
        self._known_hour = 0
        shared.parameters.watch(self._parameter_changed)

    def handlers(self) -> dict[type[Command], Handler]:
        """None."""
        return {}

    def rates(self, payer: int) -> FeeRates:
        """What a payer's next orders are charged."""
        hour = self.shared.time_us // _HOUR_MICROS
        if hour != self._known_hour:
            self._known_hour = hour
            self._known.clear()
        known = self._known.get(payer)
        if known is None:
            account, _ = self.shared.purse.owner(payer)
            known = self._known[payer] = self._schedule.rates(self.volume(account) // UNIT_PRICE)
        return known

    def volume(self, account: str) -> int:
        """The volume that counts in this hour, 10^-18 of the unit of account. Changes nothing."""
        known = self._volumes.get(account)
        if known is None:
            return 0
        hour = self.shared.time_us // _HOUR_MICROS
        oldest = hour // _HOURS - VOLUME_DAYS + 1
        recent = known.recent if known.hour < hour and known.hour // _HOURS >= oldest else 0
        return recent + sum(amount for day, amount in known.days.items() if day >= oldest)

    def count(self, payer: int, asset: str, quanta: int) -> None:
        """A payer traded `quanta` of a quote asset."""
        price = self.shared.prices.get(asset)
        if price is None:
            return
        account, _ = self.shared.purse.owner(payer)
        hour = self.shared.time_us // _HOUR_MICROS
        volume = self._volumes.get(account)
        if volume is None:
            volume = self._volumes[account] = _Volume(hour)
        elif volume.hour != hour:
            day, oldest = volume.hour // _HOURS, hour // _HOURS - VOLUME_DAYS + 1
            volume.days[day] = volume.days.get(day, 0) + volume.recent
            volume.days = {day: amount for day, amount in volume.days.items() if day >= oldest}
            volume.hour, volume.recent = hour, 0
        volume.recent += value_floor(quanta, self.shared.assets[asset], price)

    def _parameter_changed(self, name: str, _scope: str) -> None:
        if name == "fees.tiers":
            self._schedule = FeeSchedule(self.shared.parameters.value(name))
            self._known.clear()
        elif name == UNIT_OF_ACCOUNT:
            # What was counted in the old unit says nothing in the new one.
            self._volumes.clear()
            self._known.clear()

    # The state.

    def document(self) -> Json:
        """Of each account the hour, what it traded in it, and its days before."""
        return {
            "volumes": [
                [
                    account,
                    each.hour,
                    str(each.recent),
                    [[day, str(amount)] for day, amount in sorted(each.days.items())],
                ]
                for account, each in sorted(self._volumes.items())
            ]
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        self._schedule = FeeSchedule(self.shared.parameters.value("fees.tiers"))
        for account, hour, recent, days in document["volumes"]:
            self._volumes[account] = _Volume(hour, int(recent), {day: int(amount) for day, amount in days})
