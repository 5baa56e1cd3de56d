"""The tables of the configuration that say which chains and banks the treasury follows, and how.

What is secret is not here: a chain's seed and hot key are encrypted in the folder of secrets, a bank account's number
stands alone in a file of that folder, which the table names. A node's URL that holds a key is taken from the
environment ("env:NAME").
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger.errors import InputError

__all__ = ["CHAIN_TABLE", "BankConfig", "ChainConfig", "read_banks", "read_chains"]

GWEI: Final = 1_000_000_000
_CHAIN: Final = re.compile(r"eip155:[1-9][0-9]{0,17}\Z")
_ASSET: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}\Z")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_URL: Final = re.compile(r"(https?://\S+|env:[A-Za-z_][A-Za-z0-9_]*)\Z")
_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z")

CHAIN_TABLE: Final = """\
[chains."{chain}"]
rpc = "{rpc}"         # your own node; "env:NAME" takes a URL that holds a key from the environment
coin = "ETH"                            # the asset that the chain's own coin is
confirmations = 12                      # blocks, its own counted, until a deposit is credited or a payment is settled
first_block = 0                         # where following begins; nothing below it is seen
deposits = "deposits"                   # the wallets' names in the ledger
hot = "hot"
fee_max_gwei = 200                      # nothing is sent while a unit of gas costs more
priority_fee_gwei = 1                   # of that for the block's maker
gas_coin = 21000                        # gas for a payment of the coin, and of a token
gas_token = 120000
"""
"""A chain's table with its defaults, as the template shows it and `init --chain` writes it."""


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """A chain that the treasury follows. `fee_max` and `priority_fee` in wei for a unit of gas."""

    chain: str
    rpc: str
    confirmations: int
    coin: str = "ETH"
    first_block: int = 0
    deposits: str = "deposits"
    hot: str = "hot"
    fee_max: int = 200 * GWEI
    priority_fee: int = GWEI
    gas_coin: int = 21_000
    gas_token: int = 120_000

    @property
    def file_name(self) -> str:
        """The chain's name as a part of file names."""
        return self.chain.replace(":", "-")

    def url(self) -> str:
        """The node's URL; raises InputError where the environment does not have it."""
        if not self.rpc.startswith("env:"):
            return self.rpc
        found = os.environ.get(self.rpc[4:], "")
        if not found.startswith(("http://", "https://")):
            raise InputError(f"the environment variable {self.rpc[4:]}", "is no http or https URL", "Set it.")
        return found


@dataclass(frozen=True, slots=True)
class BankConfig:
    """A bank account: its wallet's name in the ledger, the asset, the bank's currency, and the file with its number."""

    name: str
    asset: str
    currency: str
    account: str


Refuse = Callable[[str, str, str], None]
"""Takes place, problem and remedy."""


class _Table:
    """One table under reading: names what is wrong, and goes on."""

    def __init__(self, place: str, given: object, refuse: Refuse, known: frozenset[str]) -> None:
        self._place, self._refuse = place, refuse
        self._given: Mapping[str, Any] = given if isinstance(given, dict) else {}
        if self._given is not given:
            refuse(place, "is no table", "Write it as in the template.")
        for name in sorted(self._given.keys() - known):
            refuse(f"{place} {name}", "is no setting that is known", "Remove it, or correct its name.")

    def text(self, name: str, default: str | None, form: re.Pattern[str], remedy: str) -> str:
        """A text of a form."""
        value = self._given.get(name, default)
        if not isinstance(value, str) or not form.match(value):
            self._refuse(f"{self._place} {name}", "is missing or out of form", remedy)
            return default or ""
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within bounds."""
        value = self._given.get(name, default)
        if type(value) is not int or not low <= value <= high:
            self._refuse(f"{self._place} {name}", "is out of its range", f"Give a whole number from {low} to {high}.")
            return default
        return value


_CHAIN_NAMES: Final = frozenset(
    {"rpc", "coin", "confirmations", "first_block", "deposits", "hot", "fee_max_gwei", "priority_fee_gwei"}
    | {"gas_coin", "gas_token"}
)
_BANK_NAMES: Final = frozenset({"asset", "currency", "account"})


def read_chains(tables: object, refuse: Refuse) -> list[ChainConfig]:
    """Every `[chains."..."]` table; all that is wrong goes to `refuse`."""
    found: list[ChainConfig] = []
    for chain, given in _tables("chains", tables, refuse):
        place = f'[chains."{chain}"]'
        if not _CHAIN.match(chain):
            refuse(place, "is no chain that can be followed", "Name it as eip155: and its number.")
        table = _Table(place, given, refuse, _CHAIN_NAMES)
        word = "Write 1 to 64 of a-z, 0-9, point, hyphen and underscore."
        config = ChainConfig(
            chain,
            table.text("rpc", None, _URL, "Give the node's http or https URL, or env:NAME."),
            table.number("confirmations", 12, 1, 256),
            table.text("coin", "ETH", _ASSET, "Name the asset as it is listed."),
            table.number("first_block", 0, 0, 2**53),
            table.text("deposits", "deposits", _WORD, word),
            table.text("hot", "hot", _WORD, word),
            table.number("fee_max_gwei", 200, 1, 10**6) * GWEI,
            table.number("priority_fee_gwei", 1, 0, 10**6) * GWEI,
            table.number("gas_coin", 21_000, 21_000, 10**8),
            table.number("gas_token", 120_000, 21_000, 10**8),
        )
        if config.deposits == config.hot:
            refuse(place, "names one wallet for deposits and for hot", "Give two wallets.")
        for other in found:
            if {config.deposits, config.hot} & {other.deposits, other.hot}:
                refuse(place, f"names a wallet of {other.chain}", "Give each chain wallets of its own.")
        if config.priority_fee > config.fee_max:
            refuse(place, "has priority_fee_gwei above fee_max_gwei", "Lower it.")
        found.append(config)
    return found


def read_banks(tables: object, refuse: Refuse) -> list[BankConfig]:
    """Every `[banks.NAME]` table; all that is wrong goes to `refuse`."""
    found: list[BankConfig] = []
    for name, given in _tables("banks", tables, refuse):
        place = f"[banks.{name}]"
        if not _WORD.match(name):
            refuse(place, "is no name of a wallet", "Write 1 to 64 of a-z, 0-9, point, hyphen and underscore.")
        table = _Table(place, given, refuse, _BANK_NAMES)
        asset = table.text("asset", None, _ASSET, "Name the asset as it is listed.")
        found.append(
            BankConfig(
                name,
                asset,
                table.text("currency", asset or "USD", _CURRENCY, "Give the three letters that the bank writes."),
                table.text("account", None, _FILE, "Name the file in the folder of secrets with the account's number."),
            )
        )
    return found


def _tables(name: str, tables: object, refuse: Refuse) -> list[tuple[str, object]]:
    if not isinstance(tables, dict):
        refuse(f"[{name}]", "is no table", "Write it as in the template.")
        return []
    return list(tables.items())
