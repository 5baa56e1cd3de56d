"""What the verbs share that change a running exchange: its folder, signed commands over its socket, and plain refusals.

A verb never opens the log of an exchange: what changes goes over the socket of the process that runs, and where none
runs the verb says so. A key's passphrase comes from TALLYSTICK_PASSPHRASE or is asked for each file.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

import click
from rich.table import Table
from rich.text import Text

from cli.common import console, emit_json, passphrase, shown
from cli.exchange.client import ExchangeClient
from cli.exchange.config import Config
from cli.exchange.signing import signed_document
from cli.exchange.vault import SERVICE_NAME
from ledger.assets import AmountError, parse_amount
from ledger.canonical import Json
from ledger.commands import Command, command_document
from ledger.commands.codecs import read_fields
from ledger.door import Submission
from ledger.errors import FormatError, InputError
from ledger.keys import SigningKey, load_secret

__all__ = [
    "Giver",
    "amount_of",
    "folder_option",
    "load_key",
    "make",
    "now_us",
    "one_operator",
    "operators_option",
    "rows_table",
    "say",
    "service_key",
    "two_operators",
]

Kind = TypeVar("Kind", bound=Command)

folder_option = click.option(
    "--folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    envvar="TALLYSTICK_FOLDER",
    help="The exchange's folder.",
)
operators_option = click.option(
    "--operator",
    "operators",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="An operator's key file; give it twice where two operators must sign.",
)

_REMEDIES: Final[Mapping[str, str]] = {
    "account-exists": "Open it under another id.",
    "asset-exists": "An asset is listed once, its scale for ever.",
    "early": "Set this machine's clock right.",
    "exceeds-credits": "There is not so much free: deposit first, or give a smaller amount.",
    "key-ended": "Sign with a key that is still valid.",
    "key-used": "A key is registered once: make another.",
    "late": "Set this machine's clock right.",
    "market-exists": "A market is listed once.",
    "market-refused": "Tick times step must be whole quanta of the quote asset, and the least not over the most.",
    "no-permission": "Sign with a key that has the permission.",
    "not-for-role": "Sign with a key of the right kind: operator, service or customer.",
    "not-the-owner": "Sign with a key of this account.",
    "not-logged": "See the exchange's disk; nothing was taken.",
    "replayed": "It was taken already.",
    "two-operators-needed": "Give --operator twice, for two operators' keys; a customer's own key changes the others.",
    "unknown-account": "See `tallystick accounts list`.",
    "unknown-asset": "List it first: `tallystick market list-asset`.",
    "unknown-market": "List it first: `tallystick market list`.",
    "unknown-key": "Sign with a key that is registered here.",
}


def now_us() -> int:
    """Microseconds since 1970, of this machine's clock."""
    return time.time_ns() // 1000


class Giver:
    """A connection to the exchange that runs in a folder, through which signed commands are given."""

    def __init__(self, folder: Path) -> None:
        """Raises InputError where none runs."""
        self.config = Config.load(folder)
        self._client = ExchangeClient(folder)
        self._last_nonce = 0

    def nonce(self) -> int:
        """A time that no other command of this connection has."""
        self._last_nonce = max(self._last_nonce + 1, now_us())
        return self._last_nonce

    def give(self, command: Command, keys: Sequence[SigningKey]) -> dict[str, Any]:
        """Give a command; what became of it, with `events`. Raises InputError if door or engine refuse it."""
        return self.give_document(command_document(command), keys)

    def give_document(self, document: Mapping[str, Json], keys: Sequence[SigningKey]) -> dict[str, Any]:
        """The same for a command that is a JSON object, such as those about keys."""
        return self.submit(signed_document(self.config.exchange, document, self.nonce(), keys), str(document["type"]))

    def submit(self, submission: Submission, what: str) -> dict[str, Any]:
        """Give what is signed already."""
        [answer] = self._client.submit([submission])
        refusal = answer.get("refused") or next(
            (event["reason"] for event in answer.get("events", ()) if event["event"] == "refused"), None
        )
        if refusal is not None:
            detail = f" ({answer['detail']})" if answer.get("detail") else ""
            remedy = _REMEDIES.get(refusal.replace("_", "-"), "Nothing was changed; see docs/guides/exchange.md.")
            raise InputError(what, f"was refused: {refusal}{detail}", remedy)
        assert isinstance(answer, dict), "an answer is an object"
        return answer

    def ask(self, name: str, **more: Any) -> Any:
        """The answer to a question."""
        return self._client.ask(name, **more)

    def scale(self, asset: str) -> int:
        """The scale of an asset; raises InputError for one that is not listed."""
        scales = self.ask("status")["assets"]
        if asset not in scales:
            raise InputError(asset, "is not listed", _REMEDIES["unknown-asset"])
        return int(scales[asset])

    def __enter__(self) -> Giver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def make(kind: type[Kind], /, **fields: Any) -> Kind:
    """A command of those fields, in the form that JSON has them; raises InputError naming the field that is wrong."""
    try:
        command = read_fields(kind, fields, ())
    except FormatError as error:
        raise InputError(kind.TYPE, str(error), "Correct it; nothing was given.") from None
    assert isinstance(command, kind)
    return command


def amount_of(text: str, scale: int, what: str) -> str:
    """The quanta of a decimal amount above zero, as commands spell them; raises InputError."""
    try:
        quanta = parse_amount(text, scale)
    except AmountError as error:
        remedy = f"Write it as a decimal number with at most {scale} decimals."
        raise InputError(what, str(error.reason), remedy) from None
    if quanta == 0:
        raise InputError(what, "is zero", "Give an amount above zero.")
    return str(int(quanta))


def load_key(path: Path) -> SigningKey:
    """A signing key from its encrypted file; raises InputError."""
    return SigningKey(load_secret(path, "signing", passphrase(f"The passphrase of {path}")))


def service_key(config: Config) -> SigningKey:
    """The house's service key."""
    return load_key(config.secrets / SERVICE_NAME)


def one_operator(paths: Sequence[Path]) -> list[SigningKey]:
    """One operator's key; raises InputError if several are given, because too many signers are refused."""
    if len(paths) != 1:
        raise InputError("--operator", "is given more than once", "One operator signs this.")
    return [load_key(paths[0])]


def two_operators(paths: Sequence[Path]) -> list[SigningKey]:
    """Two operators' keys; raises InputError unless two different files are given."""
    if len(set(paths)) != 2 or len(paths) != 2:
        raise InputError("--operator", "is not two different key files", "Give it twice: two operators must sign.")
    return [load_key(path) for path in paths]


# Saying.


def say(as_json: bool, document: Mapping[str, Any], text: str) -> int:
    """One JSON document, or one line for people."""
    if as_json:
        emit_json(document)
    else:
        click.echo(shown(text))
    return 0


def rows_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]], numbers: Sequence[str] = ()) -> None:
    """Print a table for people; columns named in `numbers` stand to the right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading in numbers else "left")
    for row in rows:
        table.add_row(*(Text(shown(str(cell))) for cell in row))
    console().print(table)
