"""For operators: the exchange's own secrets. `keys new` makes them, `keys rotate` replaces the signing key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from cli.common import passphrase, read_input
from ledger.canonical import canonical_file
from ledger.errors import FormatError, InputError
from ledger.keys import SigningKey, key_file, load_secret, new_secret, rotation, save_secret
from por.snapshot import EXCHANGE
from por.verify.standalone import Malformed, read_attestation

__all__ = ["KEY_NAME", "MASTER_NAME", "PUBLIC_NAME", "keys", "load_rotations", "load_signing_key", "read_previous"]

KEY_NAME, MASTER_NAME, PUBLIC_NAME = "signing-key.json", "master-secret.json", "exchange-key.json"


@click.group()
def keys() -> None:
    """Make and rotate the exchange's keys. Secrets are written encrypted, readable by their owner only."""


@keys.command("new")
@click.argument("exchange")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder for the keys.")
def new(exchange: str, out: Path) -> int:
    """Make a signing key and a master secret for EXCHANGE, and the public key file for its customers."""
    if not EXCHANGE.match(exchange):
        raise InputError(exchange[:80], "is no name of an exchange", "Use 1 to 64 of a-z, 0-9, point and hyphen.")
    words = passphrase("A passphrase for the keys", confirm=True)
    out.mkdir(parents=True, exist_ok=True)
    for name in (KEY_NAME, MASTER_NAME, PUBLIC_NAME):
        if (out / name).exists():
            raise InputError(str(out / name), "exists", "Name another folder; keys are never overwritten.")
    key = SigningKey(new_secret())
    save_secret(out / KEY_NAME, "signing", key.seed, words)
    save_secret(out / MASTER_NAME, "master", new_secret(), words)
    (out / PUBLIC_NAME).write_bytes(key_file(exchange, key.public))
    click.echo(f"public key of {exchange}: {key.public.hex()}\nfor customers and auditors: {out / PUBLIC_NAME}")
    click.echo(f"secret, keep and copy safely: {out / KEY_NAME}, {out / MASTER_NAME}")
    return 0


@keys.command("rotate")
@click.option("--keys", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="The keys now.")
@click.option("--previous", required=True, type=click.Path(path_type=Path), help="The newest attestation or bundle.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder for the new keys."
)
def rotate(folder: Path, previous: Path, out: Path) -> int:
    """Make a new signing key that both keys vouch for. The next attestation after PREVIOUS is the first it signs."""
    words = passphrase("The passphrase of the keys")
    document = read_previous(previous)
    old = load_signing_key(folder, words)
    exchange = str(document["statement"]["snapshot"]).split("/", 1)[0]
    if document["statement"]["key"] != old.public.hex():
        raise InputError(str(previous), "is signed by another key than these", "Name the newest attestation and key.")
    rotations = list(document["sections"]["keys"]["rotations"])
    fresh = SigningKey(new_secret())
    rotations.append(rotation(exchange, old, fresh, document["statement"]["sequence"] + 1))
    out.mkdir(parents=True, exist_ok=True)
    save_secret(out / KEY_NAME, "signing", fresh.seed, words)
    save_secret(out / MASTER_NAME, "master", load_secret(folder / MASTER_NAME, "master", words), words)
    (out / PUBLIC_NAME).write_bytes(key_file(exchange, fresh.public, rotations))
    click.echo(f"new public key of {exchange}: {fresh.public.hex()}, from statement {rotations[-1]['sequence']} on")
    return 0


def read_previous(path: Path) -> dict[str, Any]:
    """The attestation in a file or a bundle; raises InputError."""
    file = path / "attestation.json" if path.is_dir() else path
    try:
        return read_attestation(read_input(file, "previous attestation"))
    except Malformed as problem:
        raise InputError(
            str(file), f"is no attestation{problem}", "Name the newest attestation of this exchange."
        ) from None


def load_signing_key(folder: Path, words: str) -> SigningKey:
    """The signing key of a keys folder."""
    return SigningKey(load_secret(folder / KEY_NAME, "signing", words))


def load_rotations(folder: Path) -> list[Any]:
    """The rotations that the keys folder's public file lists; raises InputError."""
    data = read_input(folder / PUBLIC_NAME, "public key")
    try:
        document = json.loads(data)
        rotations = document["rotations"]
        if not isinstance(rotations, list) or canonical_file(document) != data:
            raise FormatError("not canonical")
    except (ValueError, KeyError, TypeError, FormatError):
        raise InputError(str(folder / PUBLIC_NAME), "is no key file", "Restore the one that `keys` wrote.") from None
    return rotations
