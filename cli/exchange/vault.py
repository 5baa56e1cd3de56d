"""The secrets of an exchange's folder: who signs what, each in an encrypted file of its own.

The house needs three of them to run: the key that signs attestations, the master secret behind salts and orders, and
the service key that gives the commands of the clock and the treasury. The operators' keys are for their owners to
take away; nothing here needs them but the verbs that an operator gives. Each chain that the treasury follows has two
more: the seed of its deposit addresses and the key of its hot wallet.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from cli.exchange.config_treasury import ChainConfig
from cli.keys import KEY_NAME, MASTER_NAME, PUBLIC_NAME, load_rotations, load_signing_key
from ledger.errors import InputError
from ledger.genesis import Genesis
from ledger.keyring import Permission, Role
from ledger.keys import SigningKey, key_file, load_secret, new_secret, save_secret

__all__ = [
    "OPERATOR_NAMES",
    "SERVICE_NAME",
    "HouseSecrets",
    "TreasurySecrets",
    "load_operator",
    "load_treasury_secrets",
    "make_secrets",
    "make_treasury_secrets",
]

SERVICE_NAME: Final = "service-key.json"
OPERATOR_NAMES: Final = ("operator-1.json", "operator-2.json")
CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1 (SEC 2, section 2.4.1): a chain's key is below it."""
_HOUSE: Final = Permission.DEPOSITS | Permission.PRICES | Permission.TIME | Permission.ACCOUNTS


class HouseSecrets(NamedTuple):
    """What a running exchange holds in memory."""

    signing: SigningKey
    master: bytes
    service: SigningKey
    rotations: Sequence[Any]

    @classmethod
    def load(cls, folder: Path, words: str) -> HouseSecrets:
        """Open them; raises InputError."""
        return cls(
            load_signing_key(folder, words),
            load_secret(folder / MASTER_NAME, "master", words),
            SigningKey(load_secret(folder / SERVICE_NAME, "signing", words)),
            load_rotations(folder),
        )


def make_secrets(folder: Path, exchange: str, entity: str, created_us: int, words: str) -> Genesis:
    """Make every secret of a new exchange, and the genesis document that names their public keys."""
    names = (KEY_NAME, MASTER_NAME, PUBLIC_NAME, SERVICE_NAME, *OPERATOR_NAMES)
    for name in names:
        if (folder / name).exists():
            raise InputError(str(folder / name), "exists", "Name another folder; keys are never overwritten.")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = {name: SigningKey(new_secret()) for name in (KEY_NAME, SERVICE_NAME, *OPERATOR_NAMES)}
    for name, key in made.items():
        save_secret(folder / name, "signing", key.seed, words)
    save_secret(folder / MASTER_NAME, "master", new_secret(), words)
    (folder / PUBLIC_NAME).write_bytes(key_file(exchange, made[KEY_NAME].public))
    operators = [
        (made[name].public, Role.OPERATOR, name.removesuffix(".json"), Permission.NONE) for name in OPERATOR_NAMES
    ]
    return Genesis(
        exchange, entity, created_us, 1, (*operators, (made[SERVICE_NAME].public, Role.SERVICE, "house", _HOUSE))
    )


class TreasurySecrets(NamedTuple):
    """The seed of the deposit addresses (16 to 64 bytes) and the hot wallet's key (32)."""

    seed: bytes
    hot: bytes


def _treasury_files(folder: Path, chain: ChainConfig) -> tuple[Path, Path]:
    return folder / f"deposit-seed-{chain.file_name}.json", folder / f"hot-key-{chain.file_name}.json"


def make_treasury_secrets(folder: Path, chain: ChainConfig, words: str) -> tuple[Path, Path]:
    """Make a chain's two secrets; their files. Raises InputError where one is there: keys are never overwritten."""
    seed, hot = _treasury_files(folder, chain)
    for path in (seed, hot):
        if path.exists():
            raise InputError(str(path), "exists", "Keys are never overwritten; move it away first.")
    save_secret(seed, "deposit-seed", new_secret(), words)
    key = new_secret()
    while not 0 < int.from_bytes(key, "big") < CURVE_ORDER:
        key = new_secret()
    save_secret(hot, "hot-key", key, words)
    return seed, hot


def load_treasury_secrets(folder: Path, chain: ChainConfig, words: str) -> TreasurySecrets:
    """Open a chain's two secrets; raises InputError."""
    seed, hot = _treasury_files(folder, chain)
    for path in (seed, hot):
        if not path.exists():
            raise InputError(str(path), "is not there", f"Make it with `tallystick treasury keys {chain.chain}`.")
    return TreasurySecrets(load_secret(seed, "deposit-seed", words), load_secret(hot, "hot-key", words))


def load_operator(path: Path, words: str) -> SigningKey:
    """An operator's key; raises InputError."""
    return SigningKey(load_secret(path, "signing", words))
