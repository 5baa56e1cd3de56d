"""The evidence document: its one JSON form, read strictly into values. docs/spec/reserves-evm.md describes every byte.

Nothing here is believed; `verify.py` decides. Reading only makes sure that there is exactly one meaning: unknown,
missing or repeated entries, loose hexadecimal and wrong orders are refused with the path of the offending entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from ledger.errors import FormatError
from por.reserves.evm.hexes import from_hex, parse_caip2, parse_decimal

__all__ = [
    "FORMAT",
    "SCHEMES",
    "AccountProof",
    "ChainEvidence",
    "ChallengeFields",
    "ControlEvidence",
    "EndpointClaim",
    "Row",
    "StatedLayout",
    "read_evidence",
]

FORMAT = "tallystick/evm-reserves/1"
SCHEMES = ("eip191", "eip712", "eip1271", "none")
METHODS = ("native", "slot", "call")
FINALITY_RULES = ("finalized", "safe", "latest")
ENTRIES_MAX = 200_000
SIGNATURE_BYTES_MAX = 1 << 14

T = TypeVar("T")
Key = TypeVar("Key", int, bytes, tuple[bytes, bytes])


@dataclass(frozen=True, slots=True)
class EndpointClaim:
    """What the operator says that one endpoint said of the block."""

    name: str
    block_hash: bytes
    final_number: int


@dataclass(frozen=True, slots=True)
class AccountProof:
    """Proof nodes of one account and of slots in its storage, each proof as indices into the chain's node list."""

    address: bytes
    proof: tuple[int, ...]
    slots: tuple[tuple[bytes, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class StatedLayout:
    """The layout that the operator used; a reader who has none of their own can only follow it as a claim."""

    order: str
    base_slot: int
    shift: int
    bits: int


@dataclass(frozen=True, slots=True)
class Row:
    """One reserve: what `address` (20 bytes) holds of `asset`; `contract` None for the chain's own coin.

    `balance` is the operator's figure in the smallest unit on the chain, kept to be compared and never used.
    """

    address: bytes
    asset: str
    balance: int
    contract: bytes | None
    decimals: int
    entity: str
    label: str
    layout: StatedLayout | None
    method: str


@dataclass(frozen=True, slots=True)
class ChallengeFields:
    """What a verifier cannot know of a challenge and takes from the evidence; the rest it supplies itself."""

    block_hash: bytes
    block_number: int
    digest: bytes
    expires: int
    period: str


@dataclass(frozen=True, slots=True)
class ControlEvidence:
    """How control of one address is shown; `challenge` is None and `signature` empty exactly when scheme is "none"."""

    address: bytes
    challenge: ChallengeFields | None
    scheme: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class ChainEvidence:
    """One chain's evidence. `block` and `child` are header RLP; times are Unix seconds."""

    chain: str
    cutoff: int
    block: bytes
    block_hash: bytes
    block_number: int
    block_time: int
    child: bytes | None
    finality: str
    endpoints: tuple[EndpointClaim, ...]
    nodes: tuple[bytes, ...]
    accounts: tuple[AccountProof, ...]
    rows: tuple[Row, ...]
    controls: tuple[ControlEvidence, ...]


def read_evidence(document: object) -> tuple[ChainEvidence, ...]:
    """Read an evidence document. Raises FormatError with the path of the first entry that is not in the one form."""
    fields = _fields(document, "evidence", {"format", "chains"})
    if fields["format"] != FORMAT:
        raise FormatError(f"evidence.format is not {FORMAT}")
    chains = _list(fields["chains"], "evidence.chains", _chain)
    _rising([parse_caip2(chain.chain, "chain") for chain in chains], "evidence.chains")
    return chains


def _chain(value: object, path: str) -> ChainEvidence:
    names = set(ChainEvidence.__dataclass_fields__)
    fields = _fields(value, path, names)
    parse_caip2(fields["chain"], f"{path}.chain")
    child = fields["child"]
    evidence = ChainEvidence(
        chain=_text(fields["chain"], f"{path}.chain"),
        cutoff=_int(fields["cutoff"], f"{path}.cutoff"),
        block=from_hex(fields["block"], None, f"{path}.block"),
        block_hash=from_hex(fields["block_hash"], 32, f"{path}.block_hash"),
        block_number=_int(fields["block_number"], f"{path}.block_number"),
        block_time=_int(fields["block_time"], f"{path}.block_time"),
        child=None if child is None else from_hex(child, None, f"{path}.child"),
        finality=_one_of(fields["finality"], f"{path}.finality", FINALITY_RULES),
        endpoints=_list(fields["endpoints"], f"{path}.endpoints", _endpoint),
        nodes=_list(fields["nodes"], f"{path}.nodes", lambda node, where: from_hex(node, None, where)),
        accounts=_list(fields["accounts"], f"{path}.accounts", _account),
        rows=_list(fields["rows"], f"{path}.rows", _row),
        controls=_list(fields["controls"], f"{path}.controls", _control),
    )
    _check_order(evidence, path)
    return evidence


def _check_order(evidence: ChainEvidence, path: str) -> None:
    """One order for everything, so that nothing can be said twice: an address listed twice is refused here."""
    if not evidence.rows:
        raise FormatError(f"{path}.rows is empty")
    _rising([account.address for account in evidence.accounts], f"{path}.accounts")
    _rising([(row.address, row.contract or b"") for row in evidence.rows], f"{path}.rows")
    _rising([control.address for control in evidence.controls], f"{path}.controls")
    if len(set(evidence.nodes)) != len(evidence.nodes):
        raise FormatError(f"{path}.nodes holds one node twice")
    used = {index for account in evidence.accounts for index in account.proof}
    used |= {index for account in evidence.accounts for _, proof in account.slots for index in proof}
    if used != set(range(len(evidence.nodes))):
        raise FormatError(f"{path}.nodes and the proofs' indices do not cover each other")


def _endpoint(value: object, path: str) -> EndpointClaim:
    fields = _fields(value, path, {"name", "block_hash", "final_number"})
    return EndpointClaim(
        name=_text(fields["name"], f"{path}.name"),
        block_hash=from_hex(fields["block_hash"], 32, f"{path}.block_hash"),
        final_number=_int(fields["final_number"], f"{path}.final_number"),
    )


def _account(value: object, path: str) -> AccountProof:
    fields = _fields(value, path, {"address", "proof", "slots"})
    slots = _list(fields["slots"], f"{path}.slots", _slot)
    _rising([key for key, _ in slots], f"{path}.slots")
    address = from_hex(fields["address"], 20, f"{path}.address")
    return AccountProof(address, _list(fields["proof"], f"{path}.proof", _int), slots)


def _slot(value: object, path: str) -> tuple[bytes, tuple[int, ...]]:
    fields = _fields(value, path, {"key", "proof"})
    return from_hex(fields["key"], 32, f"{path}.key"), _list(fields["proof"], f"{path}.proof", _int)


def _row(value: object, path: str) -> Row:
    fields = _fields(value, path, set(Row.__dataclass_fields__))
    method = _one_of(fields["method"], f"{path}.method", METHODS)
    contract, layout = fields["contract"], fields["layout"]
    if (contract == "native") != (method == "native"):
        raise FormatError(f'{path}.method is "native" exactly where contract is')
    if (layout is not None) != (method == "slot"):
        raise FormatError(f'{path}.layout is given exactly where method is "slot"')
    decimals = _int(fields["decimals"], f"{path}.decimals")
    if decimals > 77:
        raise FormatError(f"{path}.decimals is beyond 77")
    return Row(
        address=from_hex(fields["address"], 20, f"{path}.address"),
        asset=_text(fields["asset"], f"{path}.asset"),
        balance=parse_decimal(fields["balance"], f"{path}.balance"),
        contract=None if contract == "native" else from_hex(contract, 20, f"{path}.contract"),
        decimals=decimals,
        entity=_text(fields["entity"], f"{path}.entity"),
        label=_text(fields["label"], f"{path}.label", may_be_empty=True),
        layout=None if layout is None else _layout(layout, f"{path}.layout"),
        method=method,
    )


def _layout(value: object, path: str) -> StatedLayout:
    fields = _fields(value, path, {"order", "base_slot", "shift", "bits"})
    shift, bits = _int(fields["shift"], f"{path}.shift"), _int(fields["bits"], f"{path}.bits")
    if bits == 0 or shift + bits > 256:
        raise FormatError(f"{path}: shift and bits do not lie inside a word")
    base_slot = from_hex(fields["base_slot"], 32, f"{path}.base_slot")
    order = _one_of(fields["order"], f"{path}.order", ("solidity", "vyper"))
    return StatedLayout(order, int.from_bytes(base_slot, "big"), shift, bits)


def _control(value: object, path: str) -> ControlEvidence:
    fields = _fields(value, path, {"address", "challenge", "scheme", "signature"})
    scheme = _one_of(fields["scheme"], f"{path}.scheme", SCHEMES)
    signature = from_hex(fields["signature"], None, f"{path}.signature")
    challenge = fields["challenge"]
    if (scheme == "none") != (challenge is None) or (scheme == "none" and signature):
        raise FormatError(f'{path} has a challenge and a signature exactly where scheme is not "none"')
    if len(signature) > SIGNATURE_BYTES_MAX:
        raise FormatError(f"{path}.signature is longer than {SIGNATURE_BYTES_MAX} bytes")
    return ControlEvidence(
        address=from_hex(fields["address"], 20, f"{path}.address"),
        challenge=None if challenge is None else _challenge(challenge, f"{path}.challenge"),
        scheme=scheme,
        signature=signature,
    )


def _challenge(value: object, path: str) -> ChallengeFields:
    fields = _fields(value, path, set(ChallengeFields.__dataclass_fields__))
    return ChallengeFields(
        block_hash=from_hex(fields["block_hash"], 32, f"{path}.block_hash"),
        block_number=_int(fields["block_number"], f"{path}.block_number"),
        digest=from_hex(fields["digest"], 32, f"{path}.digest"),
        expires=_int(fields["expires"], f"{path}.expires"),
        period=_text(fields["period"], f"{path}.period"),
    )


def _fields(value: object, path: str, names: set[str]) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise FormatError(f"{path} is not an object")
    if value.keys() != names:
        odd = sorted(str(name) for name in value.keys() ^ names)
        raise FormatError(f"{path} has missing or unknown fields: {', '.join(odd)}")
    return value


def _list(value: object, path: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
    if not isinstance(value, list | tuple):
        raise FormatError(f"{path} is not a list")
    if len(value) > ENTRIES_MAX:
        raise FormatError(f"{path} has more than {ENTRIES_MAX} entries")
    return tuple(read(entry, f"{path}[{index}]") for index, entry in enumerate(value))


def _rising(keys: list[Key], path: str) -> None:
    for before, after in pairwise(keys):
        if not before < after:
            raise FormatError(f"{path} is not in strictly rising order, so an entry may stand twice")


def _int(value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise FormatError(f"{path} is not a whole number from 0 to 2**53")
    return value


def _text(value: object, path: str, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable() or value != value.strip():
        raise FormatError(f"{path} is not one line of printable text without outer spaces")
    if not value and not may_be_empty:
        raise FormatError(f"{path} is empty")
    return value


def _one_of(value: object, path: str, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise FormatError(f"{path} is not one of {', '.join(choices)}")
    return value
