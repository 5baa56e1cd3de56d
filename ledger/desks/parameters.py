"""The desk of parameters: two operators change them, and what loosens waits. The rules are in `ledger.parameters`.

A command's changes are checked together and refused together. Those that act at once do; the others are scheduled under
a number, one for each time of effect. Scheduled changes act before the first command at or after their time, by rising
time and then number, in force in the order in which they were given. One that is not possible any more lapses.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from ledger.canonical import Json, canonical
from ledger.commands import CancelParameterChange, Command, SetParameters
from ledger.desks.base import NEVER_US, Desk, Handler, Refusal, Shared
from ledger.errors import FormatError
from ledger.events import ParameterChangeEnded, ParameterScheduled, ParameterSet
from ledger.margin.parameters import SETTLEMENT_ASSET
from ledger.parameters import Change, Scope, Value, frozen

__all__ = ["ParametersDesk"]


class _Scheduled(NamedTuple):
    effective_us: int
    number: int
    changes: tuple[Change, ...]


class ParametersDesk(Desk):
    """Changes `shared.parameters`."""

    NAME: ClassVar[str] = "parameters"

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._scheduled: list[_Scheduled] = []
        self._last = 0
        shared.parameters.guards[Scope.EXCHANGE] = self._exchange_problem
        shared.parameters.guards[Scope.ASSET] = self._asset_problem

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {SetParameters: self._set, CancelParameterChange: self._cancel}

    def _exchange_problem(self, scope: str, values: Mapping[str, Value]) -> str | None:
        """See `ledger.parameters.Guard`. What is due in one asset cannot be posted in another one."""
        asset = values.get(SETTLEMENT_ASSET)
        if scope:
            return "wrong-scope"
        if asset is not None and asset not in self.shared.assets:
            return "unknown-asset"
        if asset is not None and asset != self.shared.parameters.value(SETTLEMENT_ASSET) and self.shared.settles():
            return "settlement-asset-in-use"
        return None

    def _asset_problem(self, asset: str, values: Mapping[str, Value]) -> str | None:
        """See `ledger.parameters.Guard`. Who may owe something may be liquidated, and that needs a settlement asset."""
        if asset not in self.shared.assets:
            return "unknown-asset"
        opens = values.get("lending.state", "closed") != "closed"
        if opens and self.shared.parameters.value(SETTLEMENT_ASSET) not in self.shared.assets:
            return "no-settlement-asset"
        return None

    @property
    def due_us(self) -> int:
        """When the next change takes effect."""
        return self._scheduled[0].effective_us if self._scheduled else NEVER_US

    def pass_time(self) -> None:
        """Put in force what is due."""
        while self._scheduled and self._scheduled[0].effective_us <= self.shared.time_us:
            due = self._scheduled.pop(0)
            problem = self.shared.parameters.problem(due.changes)
            if problem is None:
                self._put(due.changes, due.number)
            else:
                self.shared.events.append(ParameterChangeEnded(due.number, problem))

    def _set(self, command: SetParameters) -> None:
        shared, parameters = self.shared, self.shared.parameters
        try:
            changes = [parameters.read(each.name, each.scope, each.value) for each in command.changes]
        except FormatError as error:
            raise Refusal(str(error)) from None
        if len({(change.name, change.scope) for change in changes}) != len(changes):
            raise Refusal("named-twice")
        # How long each waits is judged by what stood before the command: a lock that it changes counts from the next.
        waits: dict[int, list[Change]] = {}
        for change in changes:
            waits.setdefault(parameters.wait_us(change) if shared.accounts else 0, []).append(change)
        at_once = waits.pop(0, [])
        problem = parameters.problem(changes) or parameters.problem(at_once)
        if problem is not None:
            raise Refusal(problem)
        self._put(at_once, 0)
        for wait_us, waiting in sorted(waits.items()):
            self._last += 1
            insort(self._scheduled, _Scheduled(shared.time_us + wait_us, self._last, tuple(waiting)))
            for change in waiting:
                shared.events.append(
                    ParameterScheduled(
                        self._last, shared.time_us + wait_us, change.name, change.scope, self._text(change)
                    )
                )

    def _put(self, changes: list[Change] | tuple[Change, ...], number: int) -> None:
        for change in changes:
            self.shared.events.append(ParameterSet(change.name, change.scope, self._text(change), number))
        self.shared.parameters.put(changes)

    def _text(self, change: Change) -> str:
        return canonical(self.shared.parameters.json(change)).decode()

    def _cancel(self, command: CancelParameterChange) -> None:
        found = [each for each in self._scheduled if each.number == command.change]
        if not found:
            raise Refusal("unknown-change")
        self._scheduled.remove(found[0])
        self.shared.events.append(ParameterChangeEnded(command.change, "cancelled"))

    # The state.

    def document(self) -> Json:
        """What is in force, what is scheduled, and the last number given."""
        json = self.shared.parameters.json
        return {
            "in_force": self.shared.parameters.document(),
            "last": self._last,
            "scheduled": [
                [each.effective_us, each.number, [[*change[:2], json(change)] for change in each.changes]]
                for each in self._scheduled
            ],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        parameters = self.shared.parameters
        parameters.restore(document["in_force"])
        self._last = document["last"]
        for effective_us, number, changes in document["scheduled"]:
            read = (
                Change(name, scope, parameters.table[name].kind.read(frozen(value))) for name, scope, value in changes
            )
            self._scheduled.append(_Scheduled(effective_us, number, tuple(read)))
