"""The operator's reserve list: a TOML file of chains, addresses and statements, read with every error at once.

    [chains."eip155:1"]
    rpc = ["https://…", "env:SECOND_RPC"]     # "env:NAME" takes a URL that holds a key from the environment
    finality = "finalized"                    # or "safe", "latest"

    [[reserve]]
    chain = "eip155:1"
    address = "0x…"                           # EIP-55 or all lower case
    asset = "USDC"
    contract = "0x…"                          # "native", the default, is the chain's own coin
    entity = "main"
    label = "cold 1"
    control = "eip191"                        # or "eip712", "eip1271", "none"
    decimals = 6                              # only for tokens that no layouts file knows

    [[reserve]]
    kind = "statement"                        # a bank's or custodian's balance: only ever claimed
    asset = "USD"
    amount = "1250000.00"
    institution = "First Example Bank"
    as_of = "2026-11-22"

    [[book]]                                  # what the books hold beside claims and debts; all but asset optional
    asset = "USD"
    entity = "main"
    in_transit = "1000.00"
    receivables = "0"
    house = "50000.00"

`signatures = "FILE"` at the top names a JSON list of {"address", "chain", "challenge", "scheme", "signature"}, where
`challenge` is the whole text that `tallystick challenge` wrote (it carries the fields of a signed EIP-712 document
too) and `signature` is 0x and hexadecimal. An entry may carry `challenge` and `signature` itself instead.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ledger.errors import FormatError, InputErrors, InputProblem
from por.reserves.evm.control import parse_challenge_text
from por.reserves.evm.hexes import from_hex, parse_address, parse_caip2, to_hex
from por.reserves.evm.plan import ChainConfig, ControlItem, EvmReserve

__all__ = ["BookEntry", "ReserveList", "StatementReserve", "read_reserve_list"]

_CHAIN_KEYS = {"rpc", "finality"}
_EVM_KEYS = {"kind", "chain", "address", "asset", "contract", "entity", "label", "control", "decimals"}
_EVM_KEYS |= {"challenge", "signature"}
_STATEMENT_KEYS = {"kind", "asset", "amount", "institution", "as_of", "entity", "label", "document"}
_BOOK_KEYS = {"asset", "entity", "in_transit", "receivables", "house"}
_SIGNATURE_KEYS = {"address", "chain", "challenge", "scheme", "signature"}
_SCHEMES = ("eip191", "eip712", "eip1271", "none")
_FINALITY = ("finalized", "safe", "latest")
_ASSET = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}\Z")
_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,30})?\Z")


@dataclass(frozen=True, slots=True)
class StatementReserve:
    """A balance that an institution states: `amount` a decimal string in whole units of the asset. Only claimed."""

    asset: str
    amount: str
    institution: str
    as_of: date
    entity: str = "main"
    label: str = ""
    document: str | None = None


@dataclass(frozen=True, slots=True)
class BookEntry:
    """What the operator's books hold of an asset beside claims and debts: decimal strings; `house` may be unstated."""

    asset: str
    entity: str = "main"
    in_transit: str = "0"
    receivables: str = "0"
    house: str | None = None


@dataclass(frozen=True, slots=True)
class ReserveList:
    """A read list. `schemes` says by (chain, address) how each address shows control, "none" among the answers."""

    chains: tuple[ChainConfig, ...]
    reserves: tuple[EvmReserve, ...]
    statements: tuple[StatementReserve, ...]
    controls: tuple[ControlItem, ...]
    schemes: Mapping[tuple[str, bytes], str] = field(default_factory=dict)
    books: tuple[BookEntry, ...] = ()


def read_reserve_list(
    path: Path, *, needs_signatures: bool = True, environment: Mapping[str, str] | None = None
) -> ReserveList:
    """Read a reserve list. Raises InputErrors with all that is wrong in it and in its signatures.

    `needs_signatures` false reads no signatures, as when the challenges are yet to be written. `environment` is where
    "env:NAME" is looked up; the process's own by default.
    """
    return _Reader(path, needs_signatures, os.environ if environment is None else environment).read()


class _Reader:
    """One reading; collects problems instead of stopping at the first."""

    def __init__(self, path: Path, needs_signatures: bool, environment: Mapping[str, str]) -> None:
        self._path = path
        self._needs_signatures = needs_signatures
        self._environment = environment
        self._problems: list[InputProblem] = []
        self._lines: list[int] = []
        self._reserves: dict[tuple[str, bytes, bytes | None], EvmReserve] = {}
        self._statements: list[StatementReserve] = []
        self._schemes: dict[tuple[str, bytes], str] = {}
        self._controls: dict[tuple[str, bytes], ControlItem] = {}

    def read(self) -> ReserveList:
        try:
            text = self._path.read_text(encoding="utf-8")
            document = tomllib.loads(text)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            problem = InputProblem(str(self._path), f"cannot be read as TOML: {error}", "Give a UTF-8 TOML file")
            raise InputErrors([problem]) from error
        self._lines = [n for n, line in enumerate(text.splitlines(), 1) if line.strip().startswith("[[reserve]]")]
        for key in sorted(document.keys() - {"book", "chains", "reserve", "signatures"}):
            self._note(f"has an unknown section {key}", "Remove it, or correct its name")
        chains = self._read_chains(document.get("chains", {}))
        entries = document.get("reserve", [])
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            self._note("lists no reserves", "Add at least one [[reserve]] entry")
            entries = []
        for index, entry in enumerate(entries):
            self._read_entry(entry, self._lines[index] if index < len(self._lines) else None, chains)
        books = self._read_books(document.get("book", []))
        self._read_signatures(document.get("signatures"))
        self._check_signed()
        if self._problems:
            raise InputErrors(self._problems)
        used = {reserve.chain for reserve in self._reserves.values()}
        return ReserveList(
            chains=tuple(config for name, config in chains.items() if config is not None and name in used),
            reserves=tuple(self._reserves.values()),
            statements=tuple(self._statements),
            controls=tuple(self._controls.values()),
            schemes=dict(self._schemes),
            books=books,
        )

    def _note(self, problem: str, remedy: str, row: int | None = None, column: str | None = None) -> None:
        self._problems.append(InputProblem(str(self._path), problem, remedy, row=row, column=column))

    def _read_chains(self, table: object) -> dict[str, ChainConfig | None]:
        """Every chain by name, None for one that has a problem, so that its reserves are not reported for it too."""
        chains: dict[str, ChainConfig | None] = {}
        for name, given in table.items() if isinstance(table, dict) else ():
            before = len(self._problems)
            try:
                parse_caip2(name, "the chain")
            except FormatError as error:
                self._note(str(error), 'Name chains like "eip155:1"', column=f"chains.{name}")
            entry: Mapping[str, object] = given if isinstance(given, dict) else {}
            if entry is not given or entry.keys() - _CHAIN_KEYS:
                self._note("has something beside rpc and finality", "Remove it", column=f"chains.{name}")
            urls = self._urls(name, entry.get("rpc"))
            finality = entry.get("finality", "finalized")
            if finality not in _FINALITY:
                self._note(f"finality is not {', '.join(_FINALITY)}", "Choose one", column=f"chains.{name}.finality")
            is_good = len(self._problems) == before
            chains[name] = ChainConfig(name, urls, str(finality)) if is_good else None
        return chains

    def _urls(self, chain: str, given: object) -> tuple[str, ...]:
        column = f"chains.{chain}.rpc"
        if not isinstance(given, list) or not given or not all(isinstance(url, str) for url in given):
            self._note(
                "names no endpoint", 'Give rpc = ["https://…"]; two operators are better than one', column=column
            )
            return ()
        urls = []
        for url in given:
            resolved = self._environment.get(url[4:], "") if url.startswith("env:") else url
            if not resolved.startswith(("http://", "https://")):
                what = f"the environment variable {url[4:]}" if url.startswith("env:") else "an endpoint"
                self._note(f"{what} is no http or https URL", "Give the endpoint's full URL", column=column)
            urls.append(resolved)
        if len(set(urls)) != len(urls):
            self._note("names one endpoint twice, which agrees with itself only", "Remove the second", column=column)
        return tuple(urls)

    def _read_entry(
        self, entry: Mapping[str, object], row: int | None, chains: Mapping[str, ChainConfig | None]
    ) -> None:
        kind = entry.get("kind", "chain")
        if kind not in ("chain", "statement"):
            self._note("kind is neither chain nor statement", "Leave it out for a chain's address", row, "kind")
            return
        known = _STATEMENT_KEYS if kind == "statement" else _EVM_KEYS
        for key in sorted(entry.keys() - known):
            self._note(f"an entry of this kind has no {key}", "Remove it, or correct its name", row, key)
        if kind == "statement":
            self._read_statement(entry, row)
        else:
            self._read_reserve(entry, row, chains)

    def _read_reserve(
        self, entry: Mapping[str, object], row: int | None, chains: Mapping[str, ChainConfig | None]
    ) -> None:
        before = len(self._problems)
        chain = self._text(entry, "chain", row)
        if chain and chain not in chains:
            self._note(f"there is no [chains] entry for {chain}", f'Add [chains."{chain}"] with rpc', row, "chain")
        asset = self._asset(entry, row)
        address = self._address(entry.get("address"), row, "address")
        native = entry.get("contract", "native") == "native"
        contract = None if native else self._address(entry["contract"], row, "contract")
        decimals = entry.get("decimals")
        if decimals is not None and (not isinstance(decimals, int) or not 0 <= decimals <= 77):
            self._note("decimals is not a whole number from 0 to 77", "Give the token's decimals", row, "decimals")
        scheme = entry.get("control", "none")
        if scheme not in _SCHEMES:
            self._note(f"control is not one of {', '.join(_SCHEMES)}", "Choose one", row, "control")
        entity, label = self._text(entry, "entity", row, "main"), self._text(entry, "label", row, "")
        if len(self._problems) > before:
            return
        assert address is not None and (native or contract is not None) and isinstance(scheme, str)
        assert decimals is None or isinstance(decimals, int)
        reserve = EvmReserve(chain, address, asset, contract, entity, label, decimals)
        key = (chain, address, contract)
        if key in self._reserves:
            what = f"{to_hex(address)} is counted already for this contract on {chain}"
            self._note(what, "Remove one of the two entries", row, "address")
            return
        self._reserves[key] = reserve
        self._join_scheme(chain, address, scheme, row, is_stated="control" in entry)
        if self._needs_signatures and ("challenge" in entry or "signature" in entry):
            given = {"chain": chain, "address": to_hex(address), "scheme": scheme}
            given |= {"challenge": str(entry.get("challenge", "")), "signature": str(entry.get("signature", ""))}
            self._read_signature(given, str(self._path), row)

    def _join_scheme(self, chain: str, address: bytes, scheme: str, row: int | None, *, is_stated: bool) -> None:
        """An address with several assets shows control once; its entries may not name different ways."""
        known = self._schemes.get((chain, address))
        if known is not None and known != "none" and is_stated and scheme != known:
            self._note(f"another entry of this address says {known}", "Say the same in both", row, "control")
        elif known is None or (known == "none" and is_stated):
            self._schemes[chain, address] = scheme

    def _read_statement(self, entry: Mapping[str, object], row: int | None) -> None:
        before = len(self._problems)
        asset, institution = self._asset(entry, row), self._text(entry, "institution", row)
        amount = entry.get("amount")
        if not isinstance(amount, str) or not _AMOUNT.match(amount):
            self._note("amount is no decimal number in quotes", 'Write it like "1250000.00"', row, "amount")
        as_of = entry.get("as_of")
        try:
            day = as_of if type(as_of) is date else date.fromisoformat(str(as_of))
        except ValueError:
            self._note("as_of is no date", "Write it like 2026-11-22", row, "as_of")
            return
        entity, label = self._text(entry, "entity", row, "main"), self._text(entry, "label", row, "")
        document = self._text(entry, "document", row, "") or None
        if len(self._problems) == before:
            self._statements.append(StatementReserve(asset, str(amount), institution, day, entity, label, document))

    def _read_books(self, entries: object) -> tuple[BookEntry, ...]:
        books: dict[tuple[str, str], BookEntry] = {}
        for number, entry in enumerate(entries if isinstance(entries, list) else [entries], start=1):
            where = f"book {number}"
            if not isinstance(entry, dict) or entry.keys() - _BOOK_KEYS:
                known = ", ".join(sorted(_BOOK_KEYS))
                self._note("a [[book]] has other entries than its own", f"Use {known}", column=where)
                continue
            amounts = {key: entry[key] for key in ("in_transit", "receivables", "house") if key in entry}
            for key, value in amounts.items():
                if not isinstance(value, str) or not _AMOUNT.match(value):
                    self._note(f"{key} is no decimal number in quotes", 'Write it like "1250.00"', column=where)
            asset, entity = self._asset(entry, None), self._text(entry, "entity", None, "main")
            if (entity, asset) in books:
                self._note(f"a second [[book]] of {entity}/{asset}", "Keep one", column=where)
            books[entity, asset] = BookEntry(asset, entity, **amounts)
        return tuple(books.values())

    def _read_signatures(self, name: object) -> None:
        if name is None or not self._needs_signatures:
            return
        if not isinstance(name, str):
            self._note("signatures is no file name", "Name a JSON file", column="signatures")
            return
        path = self._path.parent / name
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            kind = type(error).__name__
            self._note(f"{name} cannot be read as JSON ({kind})", "Name the signed challenges", column="signatures")
            return
        if not isinstance(entries, list):
            self._problems.append(InputProblem(str(path), "is no list", "Give a list of signed challenges"))
            return
        for number, entry in enumerate(entries, start=1):
            self._read_signature(entry, str(path), number)

    def _read_signature(self, entry: object, file: str, row: int | None) -> None:
        """Take one signed challenge. `row` is the entry's number in a JSON list, its line in the TOML file."""

        def note(problem: str, remedy: str) -> None:
            self._problems.append(InputProblem(file, problem, remedy, row=row, column="signature"))

        if not isinstance(entry, Mapping) or entry.keys() != _SIGNATURE_KEYS:
            note("has not exactly the fields " + ", ".join(sorted(_SIGNATURE_KEYS)), "Give all of them")
            return
        try:
            challenge = parse_challenge_text(str(entry["challenge"]))
            signature = from_hex(str(entry["signature"]).lower(), None, "the signature")
            address = parse_address(entry["address"], "the address")
        except FormatError as error:
            note(str(error), "Use the challenge as it was written, and the signature as the wallet gave it")
            return
        key = (challenge.chain, challenge.address)
        if key != (entry["chain"], address):
            note("the challenge is of another chain or address", "Put each signature to its own challenge")
        elif key not in self._schemes:
            note("no reserve has this chain and address", "Remove the signature or list the reserve")
        elif entry["scheme"] != self._schemes[key] or entry["scheme"] == "none":
            note(f"the list says {self._schemes[key]} for this address", "Say the same in both")
        elif key in self._controls:
            note("there is a signature for this address already", "Keep the newest")
        elif not signature:
            note("the signature is empty", "Have the challenge signed")
        else:
            self._controls[key] = ControlItem(challenge, str(entry["scheme"]), signature)

    def _check_signed(self) -> None:
        if not self._needs_signatures or self._problems:
            return
        for (chain, address), scheme in self._schemes.items():
            if scheme != "none" and (chain, address) not in self._controls:
                what = f"{chain} {to_hex(address)} has no signature and says {scheme}"
                self._note(what, 'Sign its challenge, or say control = "none"', column="control")

    def _text(self, entry: Mapping[str, object], key: str, row: int | None, default: str | None = None) -> str:
        value = entry.get(key, default)
        is_line = isinstance(value, str) and value.isprintable() and value == value.strip() and len(value) <= 200
        if not is_line or (value == "" and default != ""):
            self._note(f"{key} is no line of text", f"Give {key} in quotes", row, key)
            return ""
        return str(value)

    def _asset(self, entry: Mapping[str, object], row: int | None) -> str:
        value = entry.get("asset")
        if not isinstance(value, str) or not _ASSET.match(value):
            self._note("asset is no asset name", "Use A-Z 0-9 . _ -, as in the liabilities", row, "asset")
            return ""
        return value

    def _address(self, value: object, row: int | None, column: str) -> bytes | None:
        try:
            return parse_address(value, column)
        except FormatError as error:
            self._note(str(error), "Copy the address again", row, column)
            return None
