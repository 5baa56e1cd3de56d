"""The local socket of a running exchange: every command that arrived while the disk was busy goes into the next batch.

One thread does everything: it reads sockets, hands what has gathered to the venue as one batch, and answers when the
batch is durable. A client that reads no answers is cut off; a client that goes away ends its session, and the orders
bound to it with it. What a client may cost is bounded: connections, time to say the token, commands that wait, and the
bytes of a batch, which must stay below what the log takes at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from cli.exchange.wire import Frame, Kind, decode_submission, frame, require_length, split_frames
from ledger.canonical import is_too_deep
from ledger.door import Accepted, Refused, Submission
from ledger.errors import FormatError, TallystickError
from ledger.events import event_document
from ledger.log import AppendFailed
from ledger.log.record import Scheme
from ledger.venue import Answer, Venue

__all__ = ["BATCH_MAX", "ENDPOINT", "ExchangeServer"]

BATCH_MAX: Final = 8_000
BATCH_BYTES_MAX: Final = 16 * 1024 * 1024
"""A quarter of what the log takes as one batch; a command is 64 KiB at most."""
WAITING_MAX: Final = 4 * BATCH_MAX
WAITING_BYTES_MAX: Final = 4 * BATCH_BYTES_MAX
"""What waits beyond one of the two is refused as busy, and its client may send it again."""
CONNECTIONS_MAX: Final = 1_000
TOKEN_SECONDS: Final = 10.0
TOKEN_FRAME_BYTES_MAX: Final = 256
RECORD_BYTES: Final = 1_024
"""What a command costs beside its signed bytes, signatures and metadata included, at the most."""
ENDPOINT: Final = "endpoint.json"
UNREAD_BYTES_MAX: Final = 64 * 1024 * 1024


class _Connection(asyncio.Protocol):
    def __init__(self, server: ExchangeServer) -> None:
        self._server = server
        self._data = bytearray()
        self.is_known = False
        self.session_key = b""
        self.source = secrets.token_hex(8)
        self.transport: asyncio.Transport
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self._server.connected(self):
            self._deadline = asyncio.get_running_loop().call_later(TOKEN_SECONDS, self._give_up)
        else:
            transport.abort()

    def _give_up(self) -> None:
        if not self.is_known:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self._data += data
        try:
            if not self.is_known and len(self._data) >= 4:
                require_length(self._data, TOKEN_FRAME_BYTES_MAX)
            for each in split_frames(self._data):
                if self.transport.is_closing():
                    break
                self._server.take(self, each)
        except FormatError:
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._server.disconnected(self)

    def answer(self, number: int, document: Any) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(frame(number, Kind.ANSWER, json.dumps(document, separators=(",", ":")).encode()))
        if self.transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
            self.transport.abort()


class ExchangeServer:
    """Serves a venue. `now` gives microseconds; `ask` answers questions; `end_session` ends one by its source."""

    def __init__(
        self,
        venue: Venue,
        submit: Callable[[Sequence[Submission]], list[Answer | Refused]],
        now: Callable[[], int],
        ask: Callable[[str, dict[str, Any]], Any],
        end_session: Callable[[str], Submission],
    ) -> None:
        self._venue, self._submit, self._now = venue, submit, now
        self._ask, self._end_session = ask, end_session
        self._token = secrets.token_hex(32)
        self._waiting: deque[tuple[_Connection | None, int, Submission]] = deque()
        self._waiting_bytes = 0
        self._is_scheduled = False
        self._connections: set[_Connection] = set()
        self._gone: list[str] = []
        """Sources of connections that are gone; what was bound to them ends when all that they sent is taken."""
        self._server: asyncio.Server
        self.failure: BaseException | None = None
        self.stopped = asyncio.Event()

    async def start(self, folder: Path, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen, and write where and under which token into a file that the owner alone may read.

        Sessions that the log still has are those of a process that was killed: they end first.
        """
        desk: Any = self._venue.engine.orders.document()
        for source, *_ in desk["sessions"]:
            self._gone.append(source)
        self._schedule()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        address = self._server.sockets[0].getsockname()
        part = folder / f".{ENDPOINT}.part"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"host": address[0], "port": address[1], "process": os.getpid(), "token": self._token}, file)
        part.replace(folder / ENDPOINT)

    async def stop(self) -> None:
        """Listen no more, take what has arrived, answer it, and close every connection."""
        self._server.close()
        while self._waiting and self.failure is None:
            self.work()
        for connection in list(self._connections):
            connection.transport.close()

    # Connections.

    def connected(self, connection: _Connection) -> bool:
        """Whether one more connection is taken."""
        if len(self._connections) >= CONNECTIONS_MAX:
            return False
        self._connections.add(connection)
        return True

    def disconnected(self, connection: _Connection) -> None:
        """A connection is gone, and with it its session."""
        self._connections.discard(connection)
        if connection.is_known:
            self._gone.append(connection.source)
            self._schedule()

    # Taking.

    def take(self, connection: _Connection, received: Frame) -> None:
        """One frame of one connection."""
        if not connection.is_known:
            connection.is_known = received.kind == Kind.TOKEN and secrets.compare_digest(
                received.content, self._token.encode()
            )
            if not connection.is_known:
                connection.transport.abort()
            return
        if received.kind == Kind.QUESTION:
            self._answer(connection, received.number, self._question(received.content))
            return
        if received.kind not in (Kind.COMMAND, Kind.LOGIN):
            raise FormatError("a frame of no kind that is known")
        submission = decode_submission(received.content, connection.source, connection.session_key)
        if received.kind == Kind.LOGIN:
            connection.answer(received.number, self._login(connection, submission))
            return
        self._enqueue(connection, received.number, submission)

    def _enqueue(self, connection: _Connection | None, number: int, submission: Submission) -> None:
        size = RECORD_BYTES + len(submission.signed)
        is_full = len(self._waiting) >= WAITING_MAX or self._waiting_bytes + size > WAITING_BYTES_MAX
        if is_full and connection is not None:
            connection.answer(number, {"refused": "busy"})
            return
        self._waiting.append((connection, number, submission))
        self._waiting_bytes += size
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self.work)

    def _end_sessions(self) -> None:
        """End what was bound to connections that are gone, by commands of the house; nothing where nothing was."""
        gone, self._gone = self._gone, []
        for source in gone:
            if self._venue.engine.orders.has_session(source):
                self._enqueue(None, 0, self._end_session(source))

    def _take_batch(self) -> list[tuple[_Connection | None, int, Submission]]:
        batch: list[tuple[_Connection | None, int, Submission]] = []
        size = 0
        while self._waiting and len(batch) < BATCH_MAX and size < BATCH_BYTES_MAX:
            batch.append(self._waiting.popleft())
            size += RECORD_BYTES + len(batch[-1][2].signed)
        self._waiting_bytes -= size
        return batch

    def _question(self, content: bytes) -> Any:
        try:
            # Reading recurses on the stack of the process, and a library may have lifted the limit on that.
            if is_too_deep(content):
                raise ValueError("nested too deep")
            question = json.loads(content)
            return self._ask(str(question.pop("ask")), question)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return {"error": f"no such question ({type(error).__name__}: {str(error)[:200]})"}
        except TallystickError as error:
            return {"error": str(error)[:200]}
        except OSError as error:
            return {"error": f"it cannot be kept ({error.strerror or type(error).__name__})"}

    def _answer(self, connection: _Connection, number: int, answer: Any) -> None:
        """Answer a question; what another thread has to look up is answered when it is there."""
        if not isinstance(answer, Future):
            connection.answer(number, answer)
            return
        loop = asyncio.get_running_loop()

        def there(done: Future[Any]) -> None:
            error = done.exception()
            document = done.result() if error is None else {"error": str(error) or "the exchange is stopping"}
            with contextlib.suppress(RuntimeError):  # the loop is closed, and the connection with it
                loop.call_soon_threadsafe(connection.answer, number, document)

        answer.add_done_callback(there)

    def _login(self, connection: _Connection, submission: Submission) -> Any:
        outcome = self._venue.door.check(submission, self._now())
        if isinstance(outcome, Refused) or submission.scheme is not Scheme.API:
            return {"refused": outcome.reason.value if isinstance(outcome, Refused) else "not-a-login"}
        assert isinstance(outcome, Accepted)
        if outcome.request.names != ("subscribe",):
            return {"refused": "not-a-login"}
        connection.session_key = submission.signatures[0].key
        return {"session": connection.source}

    def work(self) -> None:
        """Hand what has gathered to the venue, one batch after the other, and answer."""
        self._is_scheduled = False
        if self.failure is not None:
            return
        if self._gone and not self._waiting:
            self._end_sessions()
        batch = self._take_batch()
        if not batch:
            return
        try:
            answers = self._submit([submission for _, _, submission in batch])
        except AppendFailed:
            for connection, number, _ in batch:
                if connection is not None:
                    connection.answer(number, {"refused": "not-logged"})
        except BaseException as error:
            # Whether the batch is in the log only opening it again can tell: nobody is answered.
            self.failure = error
            self.stopped.set()
            return
        else:
            for (connection, number, _), answer in zip(batch, answers, strict=True):
                if connection is not None:
                    connection.answer(number, answer_document(answer))
        if self._waiting or self._gone:
            self._schedule()


def answer_document(answer: Answer | Refused) -> Any:
    """What a client is told."""
    if isinstance(answer, Refused):
        return {"detail": answer.detail, "refused": answer.reason.value}
    return {
        "applied": answer.applied_us,
        "events": [event_document(event) for event in answer.events],
        "sequence": answer.sequence,
    }
