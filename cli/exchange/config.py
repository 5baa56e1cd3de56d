"""The one commented file that configures an exchange's folder, and where each thing in the folder is.

Strict: a setting that is not known, or of the wrong type, is an error that names file, setting and remedy. Secrets are
never in this file: they stand encrypted in a folder of their own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.exchange.config_treasury import CHAIN_TABLE, BankConfig, ChainConfig, read_banks, read_chains
from compliance.regimes import REGIMES
from ledger.errors import InputError, InputErrors, InputProblem
from ledger.genesis import Genesis
from ledger.log import LogOptions, MirrorPolicy
from ledger.venue import VenueOptions, VenuePaths

__all__ = ["CONFIG_NAME", "TEMPLATE", "BankConfig", "ChainConfig", "Config", "write_template"]

CONFIG_NAME: Final = "tallystick.toml"

TEMPLATE: Final = """\
# One exchange in one folder. Paths are relative to this file. Secrets are not here: see [secrets].

[exchange]
name = "{name}"                   # as in every snapshot id; never changes
entity = "{entity}"                         # the legal entity whose books these are

[secrets]
folder = "secrets"                      # keys and the master secret, encrypted; keep copies apart

[log]
segment_megabytes = 256                 # a log file is closed at this size and can then be archived
second_copy = ""                        # a folder on another disk; empty for none
second_copy_policy = "sync"             # sync: acknowledged when durable on both; async: a lost disk costs the rest

[store]
url = ""                                # empty: SQLite in this folder; else an SQLAlchemy URL, postgresql+psycopg://...

[door]
listen = "127.0.0.1"                    # the local socket; nothing else is listened on
port = 0                                # 0: any free port; it is written into endpoint.json
threads = 2                             # that check signatures

[hour]
finality_seconds = 1800                 # how long an hour waits for its blocks to be final before it is signed without
reserves = ""                           # the reserve list (TOML) of the addresses that count; empty: none yet
layouts = []                            # token layouts of your own (TOML)
site = "site"                           # the public page is written here each hour; empty for none
rules = ["vara", "jfsa", "us-mtl", "eu"]  # whose rules are evaluated after each hour; empty for none

# One table for each bank account, under its wallet's name in the ledger.
# [banks.bank-1]
# asset = "USD"
# currency = "USD"                      # as the bank writes it
# account = "bank-1.iban"               # a file in the folder of secrets; its one line is the account's number

# One table for each chain that deposits come from and withdrawals go to, whose two secrets
# `tallystick treasury keys CHAIN` makes.
"""


@dataclass(frozen=True, slots=True)
class Config:
    """What `tallystick.toml` says, with paths made whole."""

    folder: Path
    exchange: str
    entity: str
    secrets: Path
    segment_megabytes: int
    second_copy: Path | None
    second_copy_policy: MirrorPolicy
    store_url: str
    listen: str
    port: int
    threads: int
    finality_seconds: int
    reserves: Path | None
    layouts: tuple[Path, ...]
    site: Path | None
    rules: tuple[str, ...]
    chains: tuple[ChainConfig, ...]
    banks: tuple[BankConfig, ...] = ()

    @property
    def paths(self) -> VenuePaths:
        """Where the venue keeps its own."""
        return VenuePaths(self.folder)

    @property
    def hours(self) -> Path:
        """The folder with one bundle an hour."""
        return self.folder / "hours"

    @property
    def trees(self) -> Path:
        """What the live trees keep of an hour."""
        return self.folder / "trees"

    @property
    def personal(self) -> Path:
        """The store of personal data."""
        return self.folder / "personal"

    @property
    def treasury(self) -> Path:
        """What the treasury keeps beside the log: how far each chain and bank was followed, and old differences."""
        return self.folder / "treasury"

    def watched(self, chain: ChainConfig) -> Path:
        """How far a chain was followed."""
        return self.treasury / f"watch-{chain.file_name}.json"

    def options(self, **more: Any) -> VenueOptions:
        """How the venue is run."""
        log = LogOptions(self.segment_megabytes * 1024 * 1024, self.second_copy, self.second_copy_policy)
        return VenueOptions(log, self.threads, **more)

    def genesis(self) -> Genesis:
        """The genesis document; raises InputError where it is not there or is another exchange's."""
        genesis = self.paths.read_genesis()
        if (genesis.exchange, genesis.entity) != (self.exchange, self.entity):
            raise InputError(
                str(self.folder / CONFIG_NAME), "names another exchange than the genesis document", "Restore the file."
            )
        return genesis

    @classmethod
    def load(cls, folder: Path) -> Config:
        """Read the configuration of an exchange's folder; raises InputErrors with every problem."""
        path = folder / CONFIG_NAME
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError:
            raise InputError(
                str(path), "is not there", "Name an exchange's folder, or make one with `tallystick init`."
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(str(path), f"is no TOML file ({error})", "Mend the line that it names.") from None
        reader = _Reader(path, data)
        config = reader.config()
        if reader.problems:
            raise InputErrors(reader.problems)
        return config


_KNOWN: Final[Mapping[str, Mapping[str, type]]] = {
    "exchange": {"name": str, "entity": str},
    "secrets": {"folder": str},
    "log": {"segment_megabytes": int, "second_copy": str, "second_copy_policy": str},
    "store": {"url": str},
    "door": {"listen": str, "port": int, "threads": int},
    "hour": {"finality_seconds": int, "reserves": str, "layouts": list, "site": str, "rules": list},
}
_DEFAULTS: Final[Mapping[str, Any]] = {
    "secrets.folder": "secrets",
    "log.segment_megabytes": 256,
    "log.second_copy": "",
    "log.second_copy_policy": "sync",
    "store.url": "",
    "door.listen": "127.0.0.1",
    "door.port": 0,
    "door.threads": 2,
    "hour.finality_seconds": 1800,
    "hour.reserves": "",
    "hour.layouts": [],
    "hour.site": "site",
    "hour.rules": list(REGIMES),
}
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "log.segment_megabytes": (1, 4096),
    "door.port": (0, 65_535),
    "door.threads": (1, 64),
}


class _Reader:
    """Gathers every problem of one file."""

    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self._path, self._data = path, data
        self.problems: list[InputProblem] = []

    def _refuse(self, place: str, what: str, remedy: str) -> None:
        self.problems.append(InputProblem(str(self._path), f"{place} {what}", remedy))

    def _value(self, table: str, name: str) -> Any:
        place = f"{table}.{name}"
        section = self._data.get(table, {})
        value = section.get(name, _DEFAULTS.get(place)) if isinstance(section, dict) else None
        kind = _KNOWN[table][name]
        if not isinstance(value, kind) or isinstance(value, bool):
            self._refuse(place, "is missing or of the wrong kind", f"Give it {_KINDS[kind]}.")
            return kind()
        low, high = _RANGES.get(place, (0, 2**31))
        if isinstance(value, int) and not low <= value <= high:
            self._refuse(place, "is out of its range", f"Give it a value from {low} to {high}.")
        return value

    def _path_or_none(self, table: str, name: str) -> Path | None:
        text = self._value(table, name)
        return self._path.parent / text if text else None

    def config(self) -> Config:
        """What the file says; problems are in `problems`."""
        for table, section in self._data.items():
            if table in ("banks", "chains"):
                continue
            names = section if isinstance(section, dict) else {}
            if table not in _KNOWN:
                self._refuse(f"[{table}]", "is no table that is known", "Remove it, or correct its name.")
                continue
            for name in names:
                if name not in _KNOWN[table]:
                    self._refuse(f"{table}.{name}", "is no setting that is known", "Remove it, or correct its name.")
        policy = self._value("log", "second_copy_policy")
        if policy not in ("sync", "async"):
            self._refuse("log.second_copy_policy", "is neither sync nor async", "Write one of the two.")
            policy = "sync"
        layouts, rules = self._value("hour", "layouts"), self._value("hour", "rules")
        for each in rules:
            if each not in REGIMES:
                self._refuse("hour.rules", "names a regime that is not known", f"Choose from {', '.join(REGIMES)}.")
        parent = self._path.parent
        return Config(
            folder=parent,
            exchange=self._value("exchange", "name"),
            entity=self._value("exchange", "entity"),
            secrets=parent / self._value("secrets", "folder"),
            segment_megabytes=self._value("log", "segment_megabytes"),
            second_copy=self._path_or_none("log", "second_copy"),
            second_copy_policy=MirrorPolicy.SYNC if policy == "sync" else MirrorPolicy.ASYNC,
            store_url=self._value("store", "url") or f"sqlite:///{parent / 'store.sqlite'}",
            listen=self._value("door", "listen"),
            port=self._value("door", "port"),
            threads=self._value("door", "threads"),
            finality_seconds=self._value("hour", "finality_seconds"),
            reserves=self._path_or_none("hour", "reserves"),
            layouts=tuple(parent / str(each) for each in layouts),
            site=self._path_or_none("hour", "site"),
            rules=tuple(each for each in REGIMES if each in rules),
            chains=tuple(read_chains(self._data.get("chains", {}), self._refuse)),
            banks=tuple(read_banks(self._data.get("banks", {}), self._refuse)),
        )


_KINDS: Final = {str: "a text", int: "a whole number", list: "a list"}


def write_template(folder: Path, name: str, entity: str, chain: str = "", rpc: str = "") -> None:
    """Write the commented configuration of a new exchange; with a chain's table, or one that is commented out."""
    table = CHAIN_TABLE.format(chain=chain or "eip155:1", rpc=rpc or "http://127.0.0.1:8545")
    if not chain:
        table = "".join(f"# {line}\n" for line in table.splitlines())
    text = TEMPLATE.format(name=name, entity=entity) + table
    (folder / CONFIG_NAME).write_text(text, encoding="utf-8")
