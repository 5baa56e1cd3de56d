"""Proof that a customer owns or controls a self-hosted wallet, by the strict signatures that reserves are proven with.

The rules:
1. A challenge names exchange, account, chain, address, period, an expiry and a nonce that the exchange drew for it. The
   text says that it is about a customer's own wallet: a signature under it can never pass as control of a reserve,
   nor one of a reserve as this.
2. The exchange builds the text itself, out of what it asked for. A signature over any other text proves nothing.
3. It must be signed by its expiry, which is at most `CHALLENGE_SECONDS_MAX` after it was made. A proof holds for the
   time that the firm's policy gives it, `PROOF_SECONDS_MAX` at most.
4. EIP-191 and EIP-712 signatures are *proven*. A contract wallet's answer (EIP-1271) from the exchange's own endpoint
   is *attested*. An instructed transfer (the customer moves an amount that the exchange chose from the address to
   their deposit address, in time) is *attested* by the exchange's own view of the chain. What a customer only declares
   is kept as *claimed* and is never a proof.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from eth_account.messages import SignableMessage, encode_defunct, encode_typed_data

from ledger.canonical import Digest, Json, Tag, canonical, tagged_hash
from ledger.errors import FormatError
from por.reserves.evm.control import message_digest, recover_message_signer
from por.reserves.evm.hexes import checksum_address, parse_address, parse_caip2
from por.reserves.evm.results import Assurance

__all__ = [
    "CHALLENGE_SECONDS_MAX",
    "PROOF_SECONDS_MAX",
    "InstructedTransfer",
    "ObservedTransfer",
    "OwnershipChallenge",
    "OwnershipProof",
    "challenge_text",
    "challenge_typed_data",
    "declared",
    "verify_instructed",
    "verify_signature",
    "wallet_digest",
]

CHALLENGE_SECONDS_MAX: Final = 7 * 86_400
PROOF_SECONDS_MAX: Final = 366 * 86_400

Scheme = Literal["eip191", "eip712", "eip1271"]
Kind = Literal["eip191", "eip712", "eip1271", "instructed-transfer", "declared"]

_TITLE: Final = "Tallystick proof of wallet ownership, version 1"
_PLEDGE: Final = "I own or control this wallet and use it myself. It is no wallet of the exchange named above."
_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z:._+-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class OwnershipChallenge:
    """What a customer signs. `address` 20 bytes, `nonce` 32; `made` and `expires` in Unix seconds."""

    exchange: str
    account: str
    chain: str
    address: bytes
    period: str
    made: int
    expires: int
    nonce: bytes

    def __post_init__(self) -> None:
        parse_caip2(self.chain, "the challenge's chain")
        if not all(_WORD.match(each) for each in (self.exchange, self.account, self.period)):
            raise FormatError("the challenge's exchange, account or period is no plain word of at most 64 characters")
        if (len(self.address), len(self.nonce)) != (20, 32):
            raise FormatError("the challenge's address or nonce has a wrong length")
        if not 0 <= self.made < self.expires <= self.made + CHALLENGE_SECONDS_MAX:
            raise FormatError("the challenge does not expire within a week after it was made")

    @property
    def lines(self) -> dict[str, str]:
        """What it says, by name."""
        return {
            "exchange": self.exchange,
            "account": self.account,
            "chain": self.chain,
            "address": checksum_address(self.address),
            "period": self.period,
            "made": str(self.made),
            "expires": str(self.expires),
            "nonce": f"0x{self.nonce.hex()}",
        }


@dataclass(frozen=True, slots=True)
class InstructedTransfer:
    """What a customer was told to move, in the chain's smallest unit, from their wallet to their deposit address."""

    exchange: str
    account: str
    chain: str
    address: str
    deposit_address: str
    contract: str
    units: int
    made: int
    expires: int


class ObservedTransfer(NamedTuple):
    """What the exchange's own endpoint has of a confirmed transfer."""

    chain: str
    transaction: str
    sender: str
    recipient: str
    contract: str
    units: int
    time: int


@dataclass(frozen=True, slots=True)
class OwnershipProof:
    """A wallet is a customer's, shown by `kind` with `assurance`, from `made` until `valid_until` (Unix seconds).

    `evidence` says what was shown: the challenge and signature, or the transfer. Its id binds all of it.
    """

    account: str
    chain: str
    address: str
    kind: Kind
    assurance: Assurance
    made: int
    valid_until: int
    evidence: Mapping[str, str]

    def document(self) -> dict[str, Json]:
        """Its canonical JSON."""
        return {
            "account": self.account,
            "address": self.address,
            "assurance": self.assurance,
            "chain": self.chain,
            "evidence": dict(self.evidence),
            "kind": self.kind,
            "made": self.made,
            "valid_until": self.valid_until,
        }

    @property
    def id(self) -> Digest:
        """H(52, its canonical JSON)."""
        return tagged_hash(Tag.TRAVEL_OWNERSHIP, canonical(self.document()))

    @property
    def is_proof(self) -> bool:
        """Whether it is more than a declaration."""
        return self.assurance != "claimed"


def challenge_text(challenge: OwnershipChallenge) -> str:
    """The text to sign under EIP-191: ten lines, each ended by one line feed except the last."""
    return "\n".join((_TITLE, *(f"{name}: {value}" for name, value in challenge.lines.items()), _PLEDGE))


def challenge_typed_data(challenge: OwnershipChallenge) -> dict[str, Any]:
    """The EIP-712 document to sign; the domain binds the chain id, and the primary type is of this proof alone."""
    types = {"address": ("wallet", "address"), "made": ("made", "uint256"), "expires": ("expires", "uint256")}
    types |= {"nonce": ("nonce", "bytes32")}
    members, message = [], {}
    for name, value in challenge.lines.items():
        member, kind = types.get(name, (name, "string"))
        members.append({"name": member, "type": kind})
        message[member] = int(value) if kind == "uint256" else value
    domain = [("name", "string"), ("version", "string"), ("chainId", "uint256")]
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in domain],
            "ProofOfWalletOwnership": members,
        },
        "primaryType": "ProofOfWalletOwnership",
        "domain": {"name": "Tallystick", "version": "1", "chainId": parse_caip2(challenge.chain, "chain")},
        "message": message,
    }


def _signable(challenge: OwnershipChallenge, scheme: Scheme) -> SignableMessage:
    if scheme == "eip712":
        return encode_typed_data(full_message=challenge_typed_data(challenge))
    return encode_defunct(text=challenge_text(challenge))


def wallet_digest(challenge: OwnershipChallenge) -> bytes:
    """What a contract wallet is asked about (EIP-1271)."""
    return message_digest(_signable(challenge, "eip1271"))


def verify_signature(
    challenge: OwnershipChallenge,
    scheme: Scheme,
    signature: bytes,
    now: int,
    valid_seconds: int,
    wallet_accepts: bool | None = None,
) -> OwnershipProof:
    """The proof that a signature gives; raises FormatError that says why it gives none.

    `wallet_accepts`: what the contract wallet answered the exchange's own endpoint, for EIP-1271.
    """
    if not challenge.made <= now <= challenge.expires:
        raise FormatError("the challenge has expired, or was not made yet")
    if scheme == "eip1271":
        if wallet_accepts is None:
            raise FormatError("a contract wallet's answer needs the exchange's own endpoint")
        if not wallet_accepts:
            raise FormatError("the contract wallet refuses the signature")
    elif recover_message_signer(_signable(challenge, scheme), signature) != challenge.address:
        raise FormatError("another key made the signature, or it is over another challenge")
    evidence = {**challenge.lines, "signature": f"0x{signature.hex()}"}
    assurance: Assurance = "attested" if scheme == "eip1271" else "proven"
    address = f"0x{challenge.address.hex()}"
    return _proof(challenge.account, challenge.chain, address, scheme, assurance, now, valid_seconds, evidence)


def verify_instructed(
    instructed: InstructedTransfer, observed: ObservedTransfer, now: int, valid_seconds: int
) -> OwnershipProof:
    """The proof that an instructed transfer gives; raises FormatError that says why it gives none."""
    asked = (instructed.chain, instructed.address, instructed.deposit_address, instructed.contract, instructed.units)
    if (observed.chain, observed.sender, observed.recipient, observed.contract, observed.units) != asked:
        raise FormatError("the transfer is not the one that was asked for")
    if not instructed.made <= observed.time <= instructed.expires:
        raise FormatError("the transfer was not made in the time that was given")
    if instructed.expires > instructed.made + CHALLENGE_SECONDS_MAX or instructed.units <= 0:
        raise FormatError("the instruction is for no amount, or for more than a week")
    evidence = {
        "contract": observed.contract,
        "deposit_address": instructed.deposit_address,
        "transaction": observed.transaction,
        "units": str(observed.units),
    }
    kind: Kind = "instructed-transfer"
    where = (instructed.account, instructed.chain, instructed.address)
    return _proof(*where, kind, "attested", now, valid_seconds, evidence)


def declared(account: str, chain: str, address: str, now: int, valid_seconds: int) -> OwnershipProof:
    """What a customer only says; kept, and never a proof."""
    return _proof(account, chain, address, "declared", "claimed", now, valid_seconds, {})


def _proof(
    account: str,
    chain: str,
    address: str,
    kind: Kind,
    assurance: Assurance,
    now: int,
    valid_seconds: int,
    evidence: Mapping[str, str],
) -> OwnershipProof:
    if not 0 < valid_seconds <= PROOF_SECONDS_MAX:
        raise FormatError("a proof of ownership holds for more than nothing and at most 366 days")
    if chain.startswith("eip155:"):
        address = f"0x{parse_address(address, 'the wallet').hex()}"
    return OwnershipProof(account, chain, address, kind, assurance, now, now + valid_seconds, evidence)
