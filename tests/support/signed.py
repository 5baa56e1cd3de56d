"""Signed commands for tests: the keys of a small exchange, and each command under the signatures that it needs."""

from __future__ import annotations

import hashlib

from ledger.commands import REQUIREMENTS, Command, OpenAccount, command_document
from ledger.genesis import Genesis
from ledger.keyring import Permission, Role
from ledger.keys import SigningKey
from ledger.log.record import Door, Entry, Scheme
from ledger.signatures import command_bytes, sign_command

__all__ = ["EXCHANGE", "GENESIS", "OPERATORS", "SERVICE", "customer_key", "entry_of", "first_key_entry", "signers_of"]

EXCHANGE = "small.exchange"
OPERATORS = (SigningKey(b"1" * 32), SigningKey(b"2" * 32))
SERVICE = SigningKey(b"3" * 32)
SERVICE_MAY = Permission.DEPOSITS | Permission.PRICES | Permission.TIME | Permission.ACCOUNTS
GENESIS = Genesis(
    EXCHANGE,
    "main",
    1_700_000_000_000_000,
    1,
    (
        (OPERATORS[0].public, Role.OPERATOR, "operator-1", Permission.NONE),
        (OPERATORS[1].public, Role.OPERATOR, "operator-2", Permission.NONE),
        (SERVICE.public, Role.SERVICE, "house", SERVICE_MAY),
    ),
)


def customer_key(account: str) -> SigningKey:
    """The key of a customer: made of the account's id, so that tests need no table."""
    return SigningKey(hashlib.sha256(account.encode()).digest())


def signers_of(command: Command) -> tuple[SigningKey, ...]:
    """The keys that a command needs."""
    need = REQUIREMENTS[type(command)]
    if need.two_operators:
        return OPERATORS
    if Role.OPERATOR in need.roles:
        return OPERATORS[:1]
    if Role.SERVICE in need.roles:
        return (SERVICE,)
    return (customer_key(command.account),)


def entry_of(command: Command, time_us: int, *, source: str = "") -> Entry:
    """A log entry of the command, signed as it must be, received and applied at one time."""
    document = command_document(command)
    kind = str(document.pop("type"))
    signed = command_bytes(EXCHANGE, kind, time_us, document)
    signatures = tuple(sign_command(key, signed) for key in signers_of(command))
    return Entry(time_us, time_us, Scheme.COMMAND, signatures, signed, Door(source=source))


def first_key_entry(command: OpenAccount, time_us: int) -> Entry:
    """The registration of the first key of an account, by the service that opened it."""
    key = customer_key(command.account)
    fields = {
        "expires": None,
        "key": key.public.hex(),
        "owner": command.account,
        "permissions": ["read", "trade", "withdraw"],
        "role": "customer",
    }
    signed = command_bytes(EXCHANGE, "keys.register", time_us, fields)
    return Entry(time_us, time_us, Scheme.COMMAND, (sign_command(SERVICE, signed), sign_command(key, signed)), signed)
