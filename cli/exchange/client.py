"""A client of a running exchange on this machine: commands and questions over its local socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from cli.exchange.server import ENDPOINT
from cli.exchange.wire import ANSWER_BYTES_MAX, Kind, encode_submission, frame, split_frames
from ledger.door import Submission
from ledger.errors import InputError

__all__ = ["ExchangeClient"]


class ExchangeClient:
    """One connection. `submit` sends any number of commands at once and gives their answers in order."""

    def __init__(self, folder: Path, timeout: float = 60.0) -> None:
        """Connect to the exchange that runs in a folder; raises InputError where none does."""
        try:
            endpoint = json.loads((folder / ENDPOINT).read_bytes())
            self._socket = socket.create_connection((endpoint["host"], endpoint["port"]), timeout)
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(str(folder), "no exchange runs here", "Start it with `tallystick run`.") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._data = bytearray()
        self._last = 0
        self._folder = folder
        self._send([(Kind.TOKEN, endpoint["token"].encode())])

    def submit(self, submissions: Sequence[Submission]) -> list[Any]:
        """Each command's answer: `sequence`, `applied` and `events`, or `refused` and `detail`."""
        return self._ask([(Kind.COMMAND, encode_submission(each)) for each in submissions])

    def login(self, submission: Submission) -> Any:
        """Open a session by a signed `subscribe`."""
        return self._ask([(Kind.LOGIN, encode_submission(submission))])[0]

    def ask(self, name: str, **more: Any) -> Any:
        """The answer to a question; raises InputError for one that there is not."""
        answer = self._ask([(Kind.QUESTION, json.dumps({"ask": name, **more}).encode())])[0]
        if isinstance(answer, dict) and "error" in answer:
            raise InputError(str(self._folder), str(answer["error"]), "See `tallystick --help`.")
        return answer

    def _send(self, bodies: Sequence[tuple[Kind, bytes]]) -> list[int]:
        numbers = list(range(self._last + 1, self._last + 1 + len(bodies)))
        self._last += len(bodies)
        data = b"".join(frame(n, kind, content) for n, (kind, content) in zip(numbers, bodies, strict=True))
        self._socket.sendall(data)
        return numbers

    def _ask(self, bodies: Sequence[tuple[Kind, bytes]]) -> list[Any]:
        try:
            numbers = self._send(bodies)
            answers: dict[int, Any] = {}
            while len(answers) < len(numbers):
                data = self._socket.recv(1 << 20)
                if not data:
                    raise ConnectionError
                self._data += data
                answers.update(
                    (each.number, json.loads(each.content)) for each in split_frames(self._data, ANSWER_BYTES_MAX)
                )
        except OSError:
            raise InputError(str(self._folder), "the exchange went away", "Start it again, then ask again.") from None
        return [answers[number] for number in numbers]

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> ExchangeClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
