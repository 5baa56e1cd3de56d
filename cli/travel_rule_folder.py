"""The folder of an institution's side of the travel rule: settings, register, customers, secrets, log and vault.

    travel_rule.toml      name, regimes, options, where the node listens
    counterparties.toml   the register (compliance/travel_rule/counterparties.py)
    customers.toml        what the firm has verified of each customer, in coded words; addresses beyond the exchange's
    secrets/              the signing key and the vault's master secret, encrypted
    log.jsonl, personal/  the log, and the personal data apart from it

It stands as `travel-rule` in an exchange's folder; there `tallystick run` finds it and asks its gate. Alone it is a
node without an exchange.
"""

from __future__ import annotations

import os
import re
import time
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
from sqlmodel import Session

from compliance.facts import Fact
from compliance.travel_rule.assess import Valuation
from compliance.travel_rule.counterparties import Register, read_register
from compliance.travel_rule.fields import FIELDS
from compliance.travel_rule.gate import TravelRuleGate
from compliance.travel_rule.log import MessageLog, PersonalVault, read_log
from compliance.travel_rule.messages import Identity
from compliance.travel_rule.node import Directory, Node, Policy, wanted_fields
from compliance.travel_rule.regimes import REGIMES, Comparator, Options, Regime
from compliance.travel_rule.room import credited_times, room_facts
from ledger.errors import InputError
from ledger.keys import SigningKey, load_secret, new_secret, save_secret
from ledger.treasury.books import EngineBooks
from por.snapshot import EXCHANGE

__all__ = [
    "FOLDER_NAME",
    "Settings",
    "gate_of",
    "make_folder",
    "node_folder",
    "open_log",
    "open_node",
    "rooms_of",
    "unix_now",
]

FOLDER_NAME: Final = "travel-rule"
SETTINGS, REGISTER, CUSTOMERS = "travel_rule.toml", "counterparties.toml", "customers.toml"
KEY, MASTER = "signing-key.json", "vault-master.json"
OWN_WORDS: Final = frozenset(word.split(".")[1] for word in FIELDS if word.startswith("originator."))

TEMPLATE: Final = """\
# The travel rule of one institution. Strict: a setting that is not known is refused.
name = "{name}"
regimes = ["vara"]            # of: {regimes}; a transfer waits if any of them says so
listen = "127.0.0.1"
port = 8700

[options]
comparator = ""               # ">" or ">=" in place of the regimes' own; empty: theirs
linked_seconds = 0            # transfers of a customer with one address within this time count as one; 0: not
hold_always = false           # what is incomplete waits, also where the regime does not ask for it
"""
REGISTER_TEMPLATE: Final = "# One [[counterparty]] for each institution: see docs/guides/travel-rule.md.\n"
CUSTOMERS_TEMPLATE: Final = """\
# What you have verified of each customer, by account id; words: {words}.
# [0123456789abcdef0123456789abcdef]
# verified = ["name", "address", "verified"]
# addresses = ["eip155:1/0x..."]        # only of a node without an exchange
"""
_ADDRESS = re.compile(r"[a-z0-9-]{3,8}:[A-Za-z0-9_-]{1,32}/[A-Za-z0-9._:%-]{1,128}\Z")


node_folder = click.option(
    "--folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    envvar="TALLYSTICK_TRAVEL_RULE",
    help="The travel-rule folder: `travel-rule` in the exchange's own.",
)


def unix_now() -> int:
    """Seconds since 1970, of this machine's clock."""
    return int(time.time())


class Settings(NamedTuple):
    """What `travel_rule.toml` says."""

    folder: Path
    name: str
    regimes: tuple[Regime, ...]
    listen: str
    port: int
    options: Options

    @property
    def register(self) -> Register:
        """The register as it stands. Raises InputErrors."""
        return read_register(self.folder / REGISTER)

    @classmethod
    def load(cls, folder: Path) -> Settings:
        """Read a folder's settings; raises InputError."""
        path = folder / SETTINGS
        given = _toml(path)
        options = given.pop("options", {})
        names, known = {"name", "regimes", "listen", "port"}, {"comparator", "linked_seconds", "hold_always"}
        if given.keys() != names or not isinstance(options, dict) or options.keys() != known:
            raise InputError(str(path), "has not exactly the settings of the template", "Restore the template.")
        comparator, seconds = options["comparator"], options["linked_seconds"]
        problems = {
            "name": not isinstance(given["name"], str) or not EXCHANGE.match(given["name"]),
            "regimes": not isinstance(given["regimes"], list) or not {*given["regimes"]} <= REGIMES.keys(),
            "listen": not isinstance(given["listen"], str),
            "port": type(given["port"]) is not int or not 0 <= given["port"] < 65_536,
            "options.comparator": comparator not in ("", *Comparator),
            "options.linked_seconds": type(seconds) is not int or not 0 <= seconds <= 366 * 86_400,
            "options.hold_always": not isinstance(options["hold_always"], bool),
        }  # fmt: skip
        for name, is_wrong in problems.items():
            if is_wrong:
                raise InputError(f"{path}, {name}", "is out of form", "Write it as in the template.")
        if not given["regimes"]:
            raise InputError(f"{path}, regimes", "names none", "Name one at least, or remove the folder.")
        chosen = Options(
            comparator=Comparator(comparator) if comparator else None,
            linked_seconds=seconds,
            hold_always=options["hold_always"],
        )
        regimes = tuple(REGIMES[each] for each in dict.fromkeys(given["regimes"]))
        return cls(folder, given["name"], regimes, given["listen"], given["port"], chosen)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        remedy = "Make the folder with `tallystick travel-rule init`."
        raise InputError(str(path), f"cannot be read ({error.strerror})", remedy) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(str(path), f"is no TOML file ({error})", "Mend the line that it names.") from None


class Customers(NamedTuple):
    """What `customers.toml` says, by account."""

    verified: Mapping[str, frozenset[str]]
    addresses: Mapping[tuple[str, str], str]

    @classmethod
    def load(cls, folder: Path) -> Customers:
        """Read it; raises InputError naming the customer."""
        path = folder / CUSTOMERS
        verified, addresses = {}, {}
        for account, given in _toml(path).items():
            words, places = (
                given.get(name, []) if isinstance(given, dict) else None for name in ("verified", "addresses")
            )
            if words is None or places is None or set(given) - {"verified", "addresses"}:
                raise InputError(f"{path}, {account}", "is no table of verified and addresses", "See the file's head.")
            if not isinstance(words, list) or not set(words) <= OWN_WORDS:
                known = ", ".join(sorted(OWN_WORDS))
                raise InputError(f"{path}, {account}", "verifies something unknown", f"Choose from: {known}.")
            if not all(isinstance(each, str) and _ADDRESS.match(each) for each in places):
                raise InputError(f"{path}, {account}", "has an address out of form", "Write CHAIN/ADDRESS.")
            verified[account] = frozenset(words)
            for place in places:
                chain, address = place.split("/", 1)
                addresses[chain, address.lower() if chain.startswith("eip155:") else address] = account
        return cls(verified, addresses)


def make_folder(folder: Path, name: str, words: str) -> None:
    """A new folder, its secrets encrypted under a passphrase. Raises InputError where there is one already."""
    if not EXCHANGE.match(name):
        raise InputError(name[:80], "is no name of an institution", "Use 1 to 64 of a-z, 0-9, point and hyphen.")
    if (folder / SETTINGS).exists():
        raise InputError(str(folder), "is such a folder already", "Name another; keys are never overwritten.")
    (folder / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    save_secret(folder / "secrets" / KEY, "signing", new_secret(), words)
    save_secret(folder / "secrets" / MASTER, "master", new_secret(), words)
    (folder / REGISTER).write_text(REGISTER_TEMPLATE, encoding="utf-8")
    (folder / CUSTOMERS).write_text(CUSTOMERS_TEMPLATE.format(words=", ".join(sorted(OWN_WORDS))), encoding="utf-8")
    text = TEMPLATE.format(name=name, regimes=", ".join(sorted(REGIMES)))
    (folder / SETTINGS).write_text(text, encoding="utf-8")


def open_log(settings: Settings, now: int) -> MessageLog:
    """The folder's log, begun where there is none."""
    return MessageLog(settings.folder / "log.jsonl", settings.name, now)


def open_node(settings: Settings, words: str, now: int, exchange_customer: Callable[[str, str], str | None]) -> Node:
    """The institution's node. `exchange_customer`: whose an address is by the exchange's own books."""
    secrets = settings.folder / "secrets"
    identity = Identity(settings.name, SigningKey(load_secret(secrets / KEY, "signing", words)))
    vault = PersonalVault(settings.folder / "personal", load_secret(secrets / MASTER, "master", words))

    def customer(chain: str, address: str) -> str | None:
        return Customers.load(settings.folder).addresses.get((chain, address)) or exchange_customer(chain, address)

    policy = Policy(wanted_fields(*settings.regimes))
    log = open_log(settings, now)
    return Node(identity, settings.register, log, vault, os.urandom, Directory(customer), policy)


def gate_of(exchange_folder: Path, books: EngineBooks, now: Callable[[], int], opened: int) -> TravelRuleGate | None:
    """The gate of an exchange that has a folder for the travel rule; None for one that has none.

    `now`: Unix seconds, as the threads ask that the gate is for; `opened`: the time of now. Prices are the engine's
    reference prices of the moment. Raises InputErrors.
    """
    folder = exchange_folder / FOLDER_NAME
    if not folder.exists():
        return None
    settings = Settings.load(folder)
    settings.register, Customers.load(folder)  # told now what is wrong, and not at the first deposit

    def price(asset: str, currency: str) -> Valuation | None:
        found = books.price(asset, currency)
        if found is None:
            return None
        worth, cross, position = found
        return Valuation(currency, Fraction(worth, cross), f"engine reference price at log position {position}", now())

    def verified(account: str) -> frozenset[str]:
        return Customers.load(folder).verified.get(account, frozenset())

    log = open_log(settings, opened)
    return TravelRuleGate(log, lambda: settings.register, settings.regimes, price, now, verified, settings.options)


def rooms_of(exchange_folder: Path, session: Session, position: int, ends: datetime, period: timedelta) -> list[Fact]:
    """The facts of the travel rule for an evaluation at `ends`, as of a log position; none without the folder.

    Raises InputError, or CheckFailed for a log that does not hold.
    """
    folder = exchange_folder / FOLDER_NAME
    if not (folder / "log.jsonl").exists():
        return []
    settings, at = Settings.load(folder), int(ends.timestamp())
    begins = at - int(period.total_seconds())
    regime = settings.regimes[0].name if len(settings.regimes) == 1 else None
    return room_facts(read_log(folder / "log.jsonl"), begins, at, credited_times(session, position), regime)
