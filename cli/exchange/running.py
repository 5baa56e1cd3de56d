"""A running exchange: the venue with everything that follows it, and what the clock asks of it.

The order of a start: configuration, secrets, followers (where each stands), then the venue, which brings all of them to
the head of the log. The house's own commands are signed by its service key, like everybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final

from cli.exchange.config import Config
from cli.exchange.signing import signed
from cli.exchange.vault import HouseSecrets
from ledger.commands import Command, EndSession, Tick
from ledger.door import Refused, Submission
from ledger.errors import CheckFailed
from ledger.events import Refused as EngineRefused
from ledger.venue import Answer, Follower, Venue

__all__ = ["HOUR_US", "RunningExchange"]

HOUR_US: Final = 3_600_000_000
DEPTH_LEVELS: Final = 20


class RunningExchange:
    """See the module. `now` gives microseconds since 1970 and is the only clock."""

    def __init__(
        self, config: Config, secrets: HouseSecrets, now: Callable[[], int], followers: Iterable[Follower] = ()
    ) -> None:
        self.config, self.secrets, self.now = config, secrets, now
        self.venue = Venue.open(config.paths, config.genesis(), tuple(followers), config.options())
        self._last_nonce = 0

    # The house's own commands.

    def nonce(self) -> int:
        """A time that no other command of the house has."""
        self._last_nonce = max(self._last_nonce + 1, self.now())
        return self._last_nonce

    def house(self, command: Command) -> Submission:
        """A command of the house, signed."""
        return signed(self.config.exchange, command, self.nonce(), [self.secrets.service])

    def give(self, command: Command) -> Answer:
        """Submit one command of the house; raises CheckFailed if door or engine refuse it."""
        [answer] = self.venue.submit([self.house(command)], self.now())
        if isinstance(answer, Refused):
            raise CheckFailed(f"the door refused a command of the house: {answer.reason.value} {answer.detail}")
        refusal = next((event.reason for event in answer.events if isinstance(event, EngineRefused)), None)
        if refusal is not None:
            raise CheckFailed(f"the engine refused a command of the house: {refusal}")
        return answer

    def tick(self) -> None:
        """Let time pass, so that what is due ends although nobody gives a command."""
        self.give(Tick())

    def end_session(self, source: str) -> Submission:
        """The command that ends a session."""
        return self.house(EndSession(source))

    # Questions.

    def answer(self, name: str, question: dict[str, Any]) -> Any:
        """What the local socket may ask."""
        readers: dict[str, Callable[..., Any]] = {"status": self._status, "depth": self._depth, "time": self._time}
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
            "time": venue.engine.time_us,
            "venue": venue.engine.venue_state,
        }

    def _depth(self, market: str, levels: int = DEPTH_LEVELS) -> Any:
        book = self.venue.engine.orders.rooms[market].book
        return {"asks": book.depth(1, levels), "bids": book.depth(0, levels), "market": market}

    def close(self) -> None:
        """Close the venue."""
        self.venue.close()

    def __enter__(self) -> RunningExchange:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
