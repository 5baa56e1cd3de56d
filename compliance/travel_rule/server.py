"""A node over HTTP, small and for reference: one path takes messages, one function brings them there.

`POST /travel-rule/1` with a message's bytes is answered by 200 and the answering message, 204 where there is nothing to
answer, or a refusal: 4xx with `{"refused": CODE}`, unsigned, for people to read. The messages are signed and sealed by
themselves; where institutions are far apart put TLS in front, or give an `ssl.SSLContext`. It listens on loopback
unless it is told otherwise.
"""

from __future__ import annotations

import json
import re
import ssl
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final

from compliance.travel_rule.messages import MESSAGE_BYTES_MAX, MessageRefused
from compliance.travel_rule.node import Node
from ledger.errors import InputError, TallystickError

__all__ = ["PATH", "TravelRuleServer", "deliver"]

PATH: Final = "/travel-rule/1"
SOCKET_SECONDS: Final = 15.0
POLL_SECONDS: Final = 0.05
"""How long `stop` waits for the server to notice."""
STATUS: Final = {
    "wrong-recipient": 421,
    "unknown-sender": 403,
    "wrong-key": 403,
    "bad-signature": 403,
    "replayed": 409,
    "out-of-turn": 409,
}
"""By refusal; any other is 400."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that goes away is no trouble of ours; anything else is a defect and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class TravelRuleServer:
    """Serves one node in a thread of its own, one message at a time; `now` reads the clock (Unix seconds)."""

    def __init__(
        self,
        node: Node,
        now: Callable[[], int],
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Raises InputError where the address cannot be listened on."""
        lock = threading.Lock()

        def take(data: bytes) -> bytes | None:
            with lock:
                return node.receive(data, now())

        try:
            self._server = _Server((host, port), _handler(take))
        except OSError as error:
            raise InputError(f"{host}:{port}", f"cannot be listened on ({error.strerror})", "Name another.") from None
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'http' if tls is None else 'https'}://{host}:{self._server.server_address[1]}{PATH}"
        serve = partial(self._server.serve_forever, poll_interval=POLL_SECONDS)
        self._thread = threading.Thread(target=serve, name="travel rule", daemon=True)

    def start(self) -> TravelRuleServer:
        """Begin to take messages."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(SOCKET_SECONDS)

    def __enter__(self) -> TravelRuleServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _handler(take: Callable[[bytes], bytes | None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = SOCKET_SECONDS
        server_version = "tallystick"
        sys_version = ""

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != PATH:
                return self._refuse(404, "no-such-path")
            # A length of more digits is refused unread: to read it as a number costs time.
            if not re.fullmatch("[0-9]{1,9}", length) or int(length) > MESSAGE_BYTES_MAX:
                return self._refuse(413, "too-large")
            try:
                answer = take(self.rfile.read(int(length)))
            except MessageRefused as refused:
                return self._refuse(STATUS.get(refused.code, 400), refused.code)
            except (TallystickError, OSError):
                return self._refuse(503, "not-now")  # what is wrong here is nobody else's to read
            return self._answer(200 if answer else 204, "application/json", answer or b"")

        def _refuse(self, status: int, code: str) -> None:
            self._answer(status, "application/json", json.dumps({"refused": code}).encode())

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.close_connection = True
            self.send_response(status)
            self.send_header("Connection", "close")
            if body:
                self.send_header("Content-Type", kind)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing of who asked is written anywhere."""

    return Handler


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        """A register's URL is where messages go, and nowhere else."""


def deliver(url: str, data: bytes, tls: ssl.SSLContext | None = None) -> bytes | None:
    """Bring a message to an institution; its answer's bytes, None where it has none.

    Raises MessageRefused with the code of a refusal, InputError where nobody answers.
    """
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({}), _NoRedirect()]
    if tls is not None:
        handlers.append(urllib.request.HTTPSHandler(context=tls))
    question = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.build_opener(*handlers).open(question, timeout=SOCKET_SECONDS) as answer:
            body: bytes = answer.read(MESSAGE_BYTES_MAX + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise MessageRefused(_code(error.read(1_000)), f"HTTP status {error.code}") from None
    except (OSError, ValueError) as error:
        remedy = "Check the counterparty's address in the register, and that it runs."
        raise InputError(url, f"cannot be reached ({getattr(error, 'reason', error)})", remedy) from None
    if len(body) > MESSAGE_BYTES_MAX:
        raise MessageRefused("malformed", "the answer is too large")
    return body or None


def _code(body: bytes) -> str:
    try:
        code = json.loads(body)["refused"]
    except (ValueError, TypeError, KeyError):
        return "not-a-node"
    return code if isinstance(code, str) and code.isascii() and len(code) < 40 else "not-a-node"
