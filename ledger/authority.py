"""Who may give which command: a pure judgement over the key ring, made at the door and again when the log is replayed.

Rules:
1. Every key of an envelope is on the ring and holds, except a key that the command itself registers.
2. A command that moves money by hand, or changes parameters or keys of others, is signed by two different operators.
3. A key that is registered or takes another's place signs too, so that nobody registers a key that they do not hold.
4. A customer's key gives no other key more than it has itself, nor for longer.
5. A session speaks only for the owner of the key that opened it, and never withdraws or touches keys.
6. A customer's command is about the account that owns the key.
7. A service that opens accounts registers the first key of an account, and none after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from ledger.errors import FormatError
from ledger.keyring import (
    At,
    KeyEntry,
    Keyring,
    Permission,
    Role,
    read_registration,
    read_successor,
    read_target,
    require_fields,
)
from ledger.log.record import Scheme
from ledger.signatures import Request

__all__ = ["API_POLICY", "KEY_COMMANDS", "Authority", "Denial", "Policy", "Requirement", "judge", "session_owner"]

KEY_COMMANDS: Final = frozenset({"keys.register", "keys.rotate", "keys.revoke"})


class Denial(StrEnum):
    """Why a command is not its signers' to give, in the order in which reasons are looked for."""

    UNKNOWN_TYPE = "unknown_type"
    NO_SIGNATURE = "no_signature"
    SAME_KEY_TWICE = "same_key_twice"
    UNKNOWN_KEY = "unknown_key"
    KEY_ENDED = "key_ended"
    MALFORMED_KEY_COMMAND = "malformed_key_command"
    NO_POSSESSION = "no_possession"
    TWO_OPERATORS_NEEDED = "two_operators_needed"
    TOO_MANY_SIGNERS = "too_many_signers"
    NOT_FOR_ROLE = "not_for_role"
    NO_PERMISSION = "no_permission"
    NOT_THE_OWNER = "not_the_owner"


class Requirement(NamedTuple):
    """What one type of command asks of its signers."""

    roles: frozenset[Role] = frozenset()
    permission: Permission = Permission.NONE
    two_operators: bool = False


Policy = Mapping[str, Requirement]

_CUSTOMER: Final = frozenset({Role.CUSTOMER, Role.SESSION})
_TRADE: Final = Requirement(_CUSTOMER, Permission.TRADE)
API_POLICY: Final[Policy] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "accountUpdate borrowLendExecute convertDust orderCancel orderCancelAll orderExecute quoteAccept "
                "quoteSubmit rfqCancel rfqRefresh rfqSubmit strategyCancel strategyCancelAll strategyCreate vaultMint "
                "vaultRedeemCancel vaultRedeemRequest"
            ).split(),
            _TRADE,
        ),
        "withdraw": Requirement(frozenset({Role.CUSTOMER}), Permission.WITHDRAW),
        "subscribe": Requirement(_CUSTOMER, Permission.READ),
    }
)
"""Instructions of the API that a log or a session needs a signature for."""


class Authority(NamedTuple):
    """Who gives a command: the owner of the key that acts, or nobody in particular for two operators."""

    role: Role
    owner: str
    scope: bytes
    """Within this, the same signed bytes are taken once."""


def judge(ring: Keyring, policy: Policy, request: Request, keys: tuple[bytes, ...], time_us: int) -> Authority | Denial:
    """Whether the signers of a request may give it at a time. The signatures themselves are checked elsewhere."""
    if request.scheme is Scheme.SESSION:
        return Denial.NO_SIGNATURE
    if not all(name in policy or name in KEY_COMMANDS for name in request.names):
        return Denial.UNKNOWN_TYPE
    if not keys:
        return Denial.NO_SIGNATURE
    if len(set(keys)) != len(keys):
        return Denial.SAME_KEY_TWICE
    is_key_command = any(name in KEY_COMMANDS for name in request.names)
    try:
        newcomer = _newcomer(request, time_us) if is_key_command else None
        signers = _signers(ring, keys, newcomer, time_us)
        if isinstance(signers, Denial):
            return signers
        if newcomer is not None and newcomer not in keys:
            return Denial.NO_POSSESSION
        operators = {signer.owner for signer in signers if signer.role is Role.OPERATOR}
        if len(operators) >= 2 and len(signers) == 2:
            return _judge_operators(policy, request, is_key_command)
        if is_key_command:
            return _judge_own_keys(ring, request, signers, time_us)
    except FormatError:
        return Denial.MALFORMED_KEY_COMMAND
    return _judge_single(policy, request, signers)


def _newcomer(request: Request, time_us: int) -> bytes | None:
    """The key that a command brings onto the ring; raises FormatError."""
    command = request.command
    if command is None or request.scheme is not Scheme.COMMAND:
        raise FormatError("keys are changed by signed commands")
    require_fields(command)
    read_target(command)
    if command["type"] == "keys.register":
        return read_registration(command, At(0, time_us)).key
    return read_successor(command) if command["type"] == "keys.rotate" else None


def _signers(ring: Keyring, keys: tuple[bytes, ...], newcomer: bytes | None, time_us: int) -> list[KeyEntry] | Denial:
    signers: list[KeyEntry] = []
    for key in keys:
        entry = ring.get(key)
        if key == newcomer:
            continue
        if entry is None:
            return Denial.UNKNOWN_KEY
        if not entry.holds(time_us):
            return Denial.KEY_ENDED
        signers.append(entry)
    return signers


def _judge_operators(policy: Policy, request: Request, is_key_command: bool) -> Authority | Denial:
    if not is_key_command and not all(policy[name].two_operators for name in request.names):
        return Denial.TOO_MANY_SIGNERS
    # One scope for all operators: the same bytes under another pair of signatures are the same command.
    return Authority(Role.OPERATOR, "", b"operators")


def _judge_own_keys(ring: Keyring, request: Request, signers: list[KeyEntry], time_us: int) -> Authority | Denial:
    """A customer's key changes keys of the same customer, none of which may do more than itself."""
    if len(signers) == 1 and _is_first_key(ring, request, signers[0], time_us):
        return _authority(signers[0], request)
    if len(signers) != 1 or signers[0].role is not Role.CUSTOMER:
        return Denial.TWO_OPERATORS_NEEDED
    signer, command = signers[0], request.command
    assert command is not None
    if command["type"] == "keys.register":
        target: KeyEntry | None = read_registration(command, At(0, time_us))
    else:
        target = ring.get(read_target(command))
    if target is None:
        return Denial.UNKNOWN_KEY
    if target.role not in _CUSTOMER:
        return Denial.TWO_OPERATORS_NEEDED
    if target.owner != signer.owner:
        return Denial.NOT_THE_OWNER
    if target.permissions & ~signer.permissions:
        return Denial.NO_PERMISSION
    if command["type"] != "keys.revoke" and _outlives(target, signer):
        return Denial.NO_PERMISSION
    return _authority(signer, request)


def _outlives(target: KeyEntry, signer: KeyEntry) -> bool:
    """Whether one key holds longer than another."""
    if signer.expires_us is None:
        return False
    return target.expires_us is None or target.expires_us > signer.expires_us


def _is_first_key(ring: Keyring, request: Request, signer: KeyEntry, time_us: int) -> bool:
    """Whether a service that opens accounts registers a customer's key where the owner has none yet."""
    command = request.command
    if command is None or command["type"] != "keys.register" or not signer.permissions & Permission.ACCOUNTS:
        return False
    target = read_registration(command, At(0, time_us))
    return target.role is Role.CUSTOMER and not ring.of_owner(Role.CUSTOMER, target.owner)


def _judge_single(policy: Policy, request: Request, signers: list[KeyEntry]) -> Authority | Denial:
    requirements = [policy[name] for name in request.names]
    if any(requirement.two_operators for requirement in requirements):
        return Denial.TWO_OPERATORS_NEEDED
    if len(signers) != 1:
        return Denial.TOO_MANY_SIGNERS
    (signer,) = signers
    for requirement in requirements:
        if signer.role not in requirement.roles:
            return Denial.NOT_FOR_ROLE
        if requirement.permission & ~signer.permissions:
            return Denial.NO_PERMISSION
    if signer.role in _CUSTOMER and request.command is not None and request.command.get("account") != signer.owner:
        return Denial.NOT_THE_OWNER
    return _authority(signer, request)


def _authority(signer: KeyEntry, request: Request) -> Authority:
    # An API string names no account: it is its key's. A command of ours is its owner's, whichever key signed it.
    if request.scheme is Scheme.API:
        return Authority(signer.role, signer.owner, b"key:" + signer.key)
    return Authority(signer.role, signer.owner, f"{signer.role}:{signer.owner}".encode())


def session_owner(
    ring: Keyring, policy: Policy, request: Request, session_key: bytes, time_us: int
) -> Authority | Denial:
    """Whether a session that a key opened may give an unsigned command: of its own account, trading only."""
    if request.command is None or not all(name in policy for name in request.names):
        return Denial.UNKNOWN_TYPE
    entry = ring.get(session_key)
    if entry is None:
        return Denial.UNKNOWN_KEY
    if not entry.holds(time_us):
        return Denial.KEY_ENDED
    if policy[request.names[0]].permission & Permission.WITHDRAW:
        return Denial.NO_SIGNATURE
    verdict = _judge_single(policy, request, [entry])
    return verdict if isinstance(verdict, Denial) or entry.role in _CUSTOMER else Denial.NOT_THE_OWNER
