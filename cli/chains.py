"""For operators: what a reserve address must sign for a period, and where a token keeps its balances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from cli.keys import read_previous
from cli.operator import exchange_of
from ledger.errors import FormatError, InputError
from por.attestation import statement_digest
from por.reserves.evm import Challenge, challenge_text, challenge_typed_data
from por.reserves.evm.discover import discover_layout, layout_toml
from por.reserves.evm.hexes import parse_address, to_hex
from por.reserves.evm.rpc import Endpoint, connect_http
from por.reserves.lists import read_reserve_list
from por.snapshot import SnapshotId, control_periods, to_seconds

__all__ = ["challenge", "layout"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--reserves", required=True, type=_FILE, help="The reserve list (TOML).")
@click.option("--hour", required=True, help="An hour in the period, YYYY-MM-DDTHH:00:00Z.")
@click.option("--period", type=click.Choice(["hour", "day", "month"]), default="day", show_default=True)
@click.option(
    "--previous",
    type=click.Path(path_type=Path),
    help="The newest bundle or attestation, to be named in it: so nothing was signed earlier. Needed except at first.",
)
@click.option(
    "--keys",
    "keys_folder",
    default="keys",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    envvar="TALLYSTICK_KEYS",
    help="Your keys.",
)
@click.option("--out", required=True, type=_FILE, help="A JSON file with a challenge for each address.")
def challenge(reserves: Path, hour: str, period: str, previous: Path | None, keys_folder: Path, out: Path) -> int:
    """Write the texts that the keys of reserve addresses must sign for this period.

    Put each signature into its entry, and name the file as `signatures` in the reserve list.
    """
    exchange = exchange_of(keys_folder)
    try:
        snapshot = SnapshotId(exchange, hour)
    except FormatError as problem:
        raise InputError("--hour", str(problem), "Write a full hour like 2026-11-23T02:00:00Z.") from None
    listed = read_reserve_list(reserves, needs_signatures=False)
    digest = bytes(32) if previous is None else statement_digest(read_previous(previous)["statement"])
    entries = []
    for config in listed.chains:
        endpoint = Endpoint("endpoint-1", config.rpc[0], connect_http)
        endpoint.check_chain(config.chain)
        block = endpoint.header(config.finality)
        if block is None:
            raise InputError(config.chain, f"has no {config.finality} block yet", "Wait, or name another finality.")
        for (chain, address), scheme in listed.schemes.items():
            if chain != config.chain or scheme == "none":
                continue
            expires = _period_end(snapshot.hour, period) + 86_400
            name = control_periods(snapshot.hour)[period]
            item = Challenge(exchange, chain, address, name, block.number, block.hash, expires, digest)
            entry: dict[str, Any] = {
                "address": to_hex(address),
                "chain": chain,
                "challenge": challenge_text(item),
                "scheme": scheme,
                "signature": "",
            }
            entries.append((entry, challenge_typed_data(item) if scheme == "eip712" else None))
    if out.exists():
        raise InputError(str(out), "exists", "Name a new file; signatures in it would be lost.")
    out.write_text(json.dumps([entry for entry, _ in entries], indent=2) + "\n", encoding="utf-8")
    # One owner often holds the same address on several chains, so the chain stands in the name too.
    typed = {f"{entry['chain']}:{entry['address']}": data for entry, data in entries if data is not None}
    if typed:
        beside = out.with_suffix(".typed.json")
        beside.write_text(json.dumps(typed, indent=2) + "\n", encoding="utf-8")
        click.echo(f"typed data for EIP-712 wallets: {beside}")
    click.echo(f"{len(entries)} challenges: {out}")
    return 0


def _period_end(hour: str, period: str) -> int:
    start = to_seconds(hour)
    if period == "hour":
        return start + 3600
    if period == "day":
        return to_seconds(hour[:10] + "T00:00:00Z") + 86_400
    year, month = int(hour[:4]), int(hour[5:7])
    year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return to_seconds(f"{year:04d}-{month:02d}-01T00:00:00Z")


@click.command()
@click.argument("chain")
@click.argument("contract")
@click.argument("asset")
@click.option("--rpc", required=True, metavar="URL", help="An endpoint of the chain.")
@click.option("--holder", "holders", multiple=True, required=True, help="Two or more unrelated holders' addresses.")
@click.option("--decimals", required=True, type=click.IntRange(0, 77), help="The token's decimals.")
def layout(chain: str, contract: str, asset: str, rpc: str, holders: tuple[str, ...], decimals: int) -> int:
    """Look for the slot where a token keeps its balances, and print an entry for a layouts file.

    An operator's aid: it proves nothing to an auditor, who decides for themselves which layout to trust.
    """
    try:
        token = parse_address(contract, "the contract")
        parsed = [parse_address(holder, "a holder") for holder in holders]
    except FormatError as problem:
        raise InputError(chain, str(problem), "Copy the address again.") from None
    endpoint = Endpoint("endpoint-1", rpc, connect_http)
    endpoint.check_chain(chain)
    click.echo(layout_toml(discover_layout(endpoint, chain, token, parsed, asset=asset, decimals=decimals)))
    return 0
