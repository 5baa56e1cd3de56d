"""What a signature on a command covers, and the command that those bytes parse to. Pure. Spec: docs/spec/door.md.

Rules:
1. The command is what the signed bytes parse to, and nothing beside them.
2. Bytes have one reading: canonical JSON, or an API string whose parts are sorted, plain and never repeated.
3. Signed bytes carry their time and hold for a stated window around it; the same bytes of one key are taken once.
4. `received_us` is given by the caller: the same bytes at the same time are judged alike when the log is replayed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from ledger.canonical import Digest, Json, Tag, canonical, parse, tagged_hash
from ledger.errors import FormatError
from ledger.keys import LABEL_COMMAND, SigningKey, verify_message, verify_signature
from ledger.log.record import Micros, Scheme, Signed

__all__ = [
    "API_BATCH_INSTRUCTION",
    "API_BATCH_MAX",
    "COMMAND_WINDOW_US",
    "FUTURE_US_MAX",
    "WINDOW_MS_DEFAULT",
    "WINDOW_MS_MAX",
    "Command",
    "Instruction",
    "Request",
    "api_string",
    "command_bytes",
    "parse_api",
    "parse_command",
    "parse_request",
    "request_id",
    "sign_api",
    "sign_command",
    "time_problem",
    "verify_one",
]

WINDOW_MS_DEFAULT: Final = 5_000
WINDOW_MS_MAX: Final = 60_000
COMMAND_WINDOW_US: Final = 60_000_000
"""A `tallystick/command/1` holds for a minute after its `nonce`."""
FUTURE_US_MAX: Final = 1_000_000
"""How far a client's clock may be ahead of ours."""
API_BATCH_INSTRUCTION: Final = "orderExecute"
API_BATCH_MAX: Final = 50
API_BYTES_MAX: Final = 64 * 1024
VALUE_BYTES_MAX: Final = 512

Command: TypeAlias = "Mapping[str, Json]"

_INSTRUCTION: Final = re.compile(r"[a-z][A-Za-z0-9]{0,63}\Z")
_PARAMETER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
# Printable ASCII without what would need quoting: white space, quotes, backslash, percent, ampersand, equals sign.
_VALUE: Final = re.compile(r"[!#$(-<>-\[\]-~]{1,512}\Z")
_TIMESTAMP: Final = re.compile(r"[1-9][0-9]{0,14}\Z")
_WINDOW: Final = re.compile(r"[1-9][0-9]{0,4}\Z")
_TYPE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z")
_RESERVED: Final = frozenset({"instruction", "timestamp", "window"})


class Instruction(NamedTuple):
    """One instruction of an API string; parameters as text, in their order."""

    name: str
    parameters: Mapping[str, str]


class Request(NamedTuple):
    """What signed bytes say: one command or several instructions, and when they hold."""

    scheme: Scheme
    command: Command | None
    """Of the schemes SESSION and COMMAND."""
    instructions: tuple[Instruction, ...]
    """Of the scheme API."""
    issued_us: Micros
    expires_us: Micros

    @property
    def names(self) -> tuple[str, ...]:
        """The types of the commands, for whoever decides what a key may do."""
        if self.command is None:
            return tuple(instruction.name for instruction in self.instructions)
        kind = self.command["type"]
        assert isinstance(kind, str)
        return (kind,)


def parse_request(scheme: Scheme, signed: bytes, exchange: str) -> Request:
    """The request that signed bytes are; raises FormatError saying what is wrong with them."""
    if scheme is Scheme.API:
        return parse_api(signed)
    return parse_command(signed, exchange, scheme)


# --- tallystick/command/1 ----------------------------------------------------------------------------------------


def parse_command(signed: bytes, exchange: str, scheme: Scheme = Scheme.COMMAND) -> Request:
    """Read canonical JSON: an object with `exchange`, `type` and `nonce` (microseconds); raises FormatError."""
    command = parse(signed)
    if not isinstance(command, dict):
        raise FormatError("a command is an object")
    kind, nonce = command.get("type"), command.get("nonce")
    if command.get("exchange") != exchange:
        raise FormatError("the command is for another exchange")
    if not isinstance(kind, str) or not _TYPE.match(kind):
        raise FormatError("the command has no type")
    if type(nonce) is not int or nonce == 0:
        raise FormatError("the command's nonce is not a time in microseconds")
    return Request(scheme, MappingProxyType(command), (), Micros(nonce), Micros(nonce + COMMAND_WINDOW_US))


def command_bytes(exchange: str, kind: str, nonce_us: int, fields: Mapping[str, Json]) -> bytes:
    """The canonical bytes of a command."""
    return canonical({**fields, "exchange": exchange, "nonce": nonce_us, "type": kind})


def _command_digest(signed: bytes) -> Digest:
    return tagged_hash(Tag.COMMAND, signed)


def sign_command(key: SigningKey, signed: bytes) -> Signed:
    """A signature on a command's bytes."""
    return Signed(key.public, key.sign(LABEL_COMMAND, _command_digest(signed)))


# --- the API string ----------------------------------------------------------------------------------------------


def api_string(
    instructions: Sequence[tuple[str, Mapping[str, str]]], timestamp_ms: int, window_ms: int = WINDOW_MS_DEFAULT
) -> bytes:
    """The string that a client signs; raises FormatError for what has no such string."""
    parts = [
        "&".join((f"instruction={name}", *(f"{key}={parameters[key]}" for key in sorted(parameters))))
        for name, parameters in instructions
    ]
    text = "&".join((*parts, f"timestamp={timestamp_ms}", f"window={window_ms}"))
    try:
        signed = text.encode("ascii")
    except UnicodeEncodeError:
        raise FormatError("an API string is ASCII") from None
    parse_api(signed)
    return signed


def parse_api(signed: bytes) -> Request:
    """Read an API string; raises FormatError unless it is the one string of its instructions, time and window."""
    if len(signed) > API_BYTES_MAX:
        raise FormatError("an API string is at most 64 KiB")
    try:
        pairs = [part.split("=") for part in signed.decode("ascii").split("&")]
    except UnicodeDecodeError:
        raise FormatError("an API string is ASCII") from None
    if any(len(pair) != 2 for pair in pairs):
        raise FormatError("an API string is name=value joined by &")
    if len(pairs) < 3 or pairs[-2][0] != "timestamp" or pairs[-1][0] != "window" or pairs[0][0] != "instruction":
        raise FormatError("an API string begins with instruction and ends with timestamp and window")
    timestamp, window = pairs[-2][1], pairs[-1][1]
    if not _TIMESTAMP.match(timestamp):
        raise FormatError("the timestamp is not a time in milliseconds")
    if not _WINDOW.match(window) or int(window) > WINDOW_MS_MAX:
        raise FormatError(f"the window is not 1 to {WINDOW_MS_MAX} milliseconds")
    issued_us = int(timestamp) * 1000
    instructions = _instructions(pairs[:-2])
    return Request(Scheme.API, None, instructions, Micros(issued_us), Micros(issued_us + int(window) * 1000))


def _instructions(pairs: list[list[str]]) -> tuple[Instruction, ...]:
    found: list[tuple[str, dict[str, str]]] = []
    before = ""
    for name, value in pairs:
        if name == "instruction":
            if not _INSTRUCTION.match(value):
                raise FormatError("an instruction has no such name")
            found.append((value, {}))
            before = ""
            continue
        if name in _RESERVED or not _PARAMETER.match(name):
            raise FormatError("a parameter has no such name")
        if name <= before:
            raise FormatError("parameters are sorted by name, each once")
        if not _VALUE.match(value):
            raise FormatError("a value is 1 to 512 plain characters")
        found[-1][1][name] = value
        before = name
    if len(found) > 1 and any(name != API_BATCH_INSTRUCTION for name, _ in found):
        raise FormatError(f"only {API_BATCH_INSTRUCTION} comes in batches")
    if len(found) > API_BATCH_MAX:
        raise FormatError(f"a batch has at most {API_BATCH_MAX} orders")
    return tuple(Instruction(name, MappingProxyType(parameters)) for name, parameters in found)


def sign_api(key: SigningKey, signed: bytes) -> Signed:
    """A signature on an API string."""
    return Signed(key.public, key.sign_message(signed))


# --- judging -----------------------------------------------------------------------------------------------------


def verify_one(scheme: Scheme, signed: bytes, signature: Signed) -> bool:
    """Whether one signature holds over the bytes, by the strict rule of encoding.md section 5."""
    assert scheme is not Scheme.SESSION, "a session signs nothing"
    if scheme is Scheme.API:
        # Our own labelled messages never begin so; a key of either scheme cannot be used for the other.
        return signed.startswith(b"instruction=") and verify_message(signature.key, signed, signature.signature)
    return verify_signature(signature.key, LABEL_COMMAND, _command_digest(signed), signature.signature)


def time_problem(request: Request, received_us: int) -> str | None:
    """Why the request does not hold at this time: `early` or `late`; None if it does."""
    if request.issued_us > received_us + FUTURE_US_MAX:
        return "early"
    if received_us > request.expires_us:
        return "late"
    return None


def request_id(scope: bytes, signed: bytes) -> bytes:
    """What is remembered of a request so that it is taken once within its scope: 16 bytes over both.

    It is compared only with others inside one window, and never published, so half a hash is enough.
    """
    return hashlib.sha256(len(scope).to_bytes(4, "big") + scope + signed).digest()[:16]
