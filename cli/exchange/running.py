"""A running exchange: the venue with everything that follows it, and what the clock asks of it.

The order of a start: configuration, secrets, followers (where each stands; the store is always one), then the venue,
which brings all of them to the head of the log. The house's own commands are signed by its service key, like
everybody's. Personal data are written here alone, whoever asks for it, so that their store has one writer.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final

from cli.exchange.config import Config
from cli.exchange.hours import HourKeeper
from cli.exchange.memory import settle_memory, use_large_pages
from cli.exchange.signing import signed
from cli.exchange.store_follower import StoreFollower
from cli.exchange.vault import HouseSecrets
from ledger.commands import Command, CutHour, EndSession, FailHour, Tick
from ledger.desks.what_if import wallet_document
from ledger.door import Refused, Submission
from ledger.errors import CheckFailed, InputError
from ledger.events import AccountOpened
from ledger.events import Refused as EngineRefused
from ledger.personal import Bound, Erased, PersonalStore
from ledger.store.store import Store
from ledger.venue import Answer, Follower, FollowerAhead, FollowerDiffers, Venue

__all__ = ["HOUR_US", "RunningExchange"]

HOUR_US: Final = 3_600_000_000
DEPTH_LEVELS: Final = 20
DEPTH_LEVELS_MAX: Final = 1_000
AHEAD_REMEDY: Final = "Restore the log from its second copy or a backup."
STORE_AHEAD_REMEDY: Final = (
    f"{AHEAD_REMEDY} Only if this log is the whole one, make the store again with `tallystick fsck --rebuild`."
)
DIFFERS_REMEDY: Final = "If this log is the right one, make the store again with `tallystick fsck --rebuild`."


class RunningExchange:
    """See the module. `now` gives microseconds since 1970 and is the only clock."""

    def __init__(
        self,
        config: Config,
        secrets: HouseSecrets,
        now: Callable[[], int],
        followers: Iterable[Follower] = (),
        *,
        threaded: bool = True,
        kernel: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """`threaded` False writes the store where batches are applied; `progress` is told how far opening is.

        Raises InputError for a store that this log did not make, and the errors of `Venue.open` and `Store.open`.
        """
        self.config, self.secrets, self.now = config, secrets, now
        self.on_failure: Callable[[], object] | None = None
        self.questions: dict[str, Callable[..., Any]] = {}
        """What else the local socket may ask: whoever joins in puts theirs here."""
        self.status_of: dict[str, Callable[[], Any]] = {}
        """What else the status says, by name."""
        self._last_nonce = 0
        genesis = config.genesis()
        # Nothing that opening makes is garbage: the collector would look through all of it again and again.
        gc.disable()
        with ExitStack() as opened:
            opened.callback(gc.enable)
            store = Store.open(config.store_url)
            self.store = StoreFollower(store, genesis.hash, threaded=threaded, on_failure=self._store_failed)
            opened.callback(self.store.close)
            self.personal = opened.enter_context(PersonalStore(config.personal, secrets.master))
            self.hours = HourKeeper(config, secrets, now(), self._identity, kernel=kernel)
            opened.callback(self.hours.close)
            options = config.options(progress=progress, expected=self.hours.published())
            # The trees first: when the store has written a cut, the hour's keeper knows of it (`has_read`).
            followed = (self.hours.follower(), self.store.follower(), *followers)
            try:
                self.venue = Venue.open(config.paths, genesis, followed, options)
            except FollowerAhead as error:
                remedy = STORE_AHEAD_REMEDY if error.follower == self.store.follower().name else AHEAD_REMEDY
                raise InputError(str(config.paths.log), str(error), remedy) from None
            except FollowerDiffers as error:
                raise InputError(str(config.paths.log), str(error), DIFFERS_REMEDY) from None
            opened.callback(self.venue.close)
            self.hours.attach(self.venue)
            # No connection outlives the process: what was bound to one ends before anything else is taken.
            self._left_open = self.venue.engine.orders.sessions[::-1]
            self.store.wait()
            self.store.may_pass = self.hours.has_read
            settle_memory()
            use_large_pages()
            gc.enable()
            self._opened = opened.pop_all()

    def _store_failed(self) -> None:
        if self.on_failure is not None:
            self.on_failure()

    def check(self) -> None:
        """Raise what stopped a follower that writes on its own."""
        if self.store.failure is not None:
            raise self.store.failure

    def _identity(self, opened: AccountOpened) -> tuple[str, str]:
        """The kind and id that a customer's leaf is committed to: their own, unless it was erased."""
        if opened.data is None or opened.identity is None:
            return "assigned", opened.account
        bound = Bound(bytes.fromhex(opened.data), bytes.fromhex(opened.identity))
        try:
            return opened.kind, self.personal.get(opened.account, bound, opened.kind).decode()
        except Erased:
            return "assigned", opened.account

    # Taking, and the hour.

    def submit(self, submissions: Sequence[Submission]) -> list[Answer | Refused]:
        """Take a batch of anybody's commands; an hour that is over is cut before it."""
        # One reading of the clock for both: between two an hour could end, and the batch slip in before its cut.
        now = self.now()
        self.keep_hours(now)
        return self.venue.submit(submissions, now)

    def keep_hours(self, now: int | None = None) -> None:
        """Cut the hour that is over at a time, or state it as missed; and a slice of what follows the cuts."""
        now = self.now() if now is None else now
        hours = self.hours
        hour = hours.due(now)
        if hour is not None:
            self.give(CutHour(hour), now)
        elif hours.is_missed(now):
            stated = hours.state_missed(now, "the exchange was not running at the end of this hour")
            hours.notices.append(f"hours that were missed: {', '.join(stated) or 'none that had begun to be attested'}")
        hours.work()
        if hours.failed is not None:
            failed, hours.failed = hours.failed, None
            self.give(FailHour(failed.code), now)
        while self._left_open:
            if self.venue.engine.orders.has_session(self._left_open[-1]):
                self.give(EndSession(self._left_open[-1]), now)
            self._left_open.pop()

    # The house's own commands.

    def nonce(self) -> int:
        """A time that no other command of the house has."""
        self._last_nonce = max(self._last_nonce + 1, self.now())
        return self._last_nonce

    def house(self, command: Command) -> Submission:
        """A command of the house, signed."""
        return signed(self.config.exchange, command, self.nonce(), [self.secrets.service])

    def give(self, command: Command, now: int | None = None) -> Answer:
        """Submit one command of the house; raises CheckFailed if door or engine refuse it."""
        [answer] = self.venue.submit([self.house(command)], self.now() if now is None else now)
        if isinstance(answer, Refused):
            raise CheckFailed(f"the door refused a command of the house: {answer.reason.value} {answer.detail}")
        refusal = next((event.reason for event in answer.events if isinstance(event, EngineRefused)), None)
        if refusal is not None:
            raise CheckFailed(f"the engine refused a command of the house: {refusal}")
        return answer

    def tick(self) -> None:
        """If something is due by time alone, let time pass, so that it ends although nobody gives a command."""
        now = self.now()
        self.keep_hours(now)
        if self.venue.engine.due_us <= now:
            self.give(Tick(), now)

    def end_session(self, source: str) -> Submission:
        """The command that ends a session."""
        return self.house(EndSession(source))

    # Questions.

    def answer(self, name: str, question: dict[str, Any]) -> Any:
        """What the local socket may ask; a Future where the answer comes from another thread."""
        readers: dict[str, Callable[..., Any]] = {
            "depth": self._depth,
            "keep": self._keep,
            "markets": self._markets,
            "status": self._status,
            "time": self._time,
            "wallet": self._wallet,
            **self.questions,
        }
        return readers[name](**question)

    def _time(self) -> Any:
        return {"micros": self.now()}

    def _status(self) -> Any:
        venue = self.venue
        return {
            "assets": venue.engine.assets,
            "entity": self.config.entity,
            "exchange": self.config.exchange,
            "head": venue.log.head.hash.hex(),
            "markets": {name: room.state for name, room in venue.engine.orders.rooms.items()},
            "position": int(venue.log.head.sequence),
            "second_copy": venue.log.mirror_problem or "ok",
            "store": self.store.position,
            "time": venue.engine.time_us,
            "venue": venue.engine.venue_state,
            **{name: say() for name, say in self.status_of.items()},
        }

    def _depth(self, market: str, levels: int = DEPTH_LEVELS) -> Any:
        book = self.venue.engine.orders.rooms[market].book
        levels = min(levels, DEPTH_LEVELS_MAX)
        return {"asks": book.depth(1, levels), "bids": book.depth(0, levels), "market": market}

    def _markets(self) -> Any:
        """What a client needs to spell prices and quantities."""
        return {
            name: {
                "base": room.market.base,
                "base_scale": room.market.base_scale,
                "quantity_max": room.market.quantity_max,
                "quantity_min": room.market.quantity_min,
                "quote": room.market.quote,
                "quote_scale": room.market.quote_scale,
                "state": room.state,
                "step": room.market.step_quanta,
                "tick": room.market.tick_units,
                "tick_decimals": room.market.tick_decimals,
            }
            for name, room in self.venue.engine.orders.rooms.items()
        }

    def _wallet(self, account: str, subaccount: str = "") -> Any:
        """What a wallet is worth and could do now; None for one that was never used."""
        return wallet_document(self.venue.engine.margin, account, subaccount)

    def _keep(self, account: str, kind: str, value: str) -> Any:
        """Keep a piece of personal data, durable; what the log may hold of it."""
        try:
            bound = self.personal.put(account, kind, value.encode())
        except sqlite3.Error as error:
            raise OSError(str(error)) from None
        return {"data": bound.id.hex(), "identity": bound.binding.hex()}

    def close(self) -> None:
        """Close the venue, write what the store lacks, and close everything else; raises what stopped the store."""
        self._opened.close()

    def __enter__(self) -> RunningExchange:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
