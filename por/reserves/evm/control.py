"""Proof that somebody controls an address: fresh challenges, and strict checks of the signatures over them.

The rules:
1. A challenge names exchange, chain, address, period, a recent block, an expiry and a digest of the caller's choice
   (the fingerprint of the attestation before it, so that nothing can be signed ahead of time).
2. The verifier builds the text itself, out of what it expects (exchange, chain, address) and what only the signer
   could choose (block, expiry) or what it allows (periods, digests). A signature over any other text proves nothing.
3. Periods not asked for, expiries before the cut-off or more than `LIFETIME_SECONDS_MAX` after it, and blocks above the
   snapshot's are refused; so are a challenge block at the snapshot's height with another hash, and a block that the
   reader's own endpoint does not have.
4. EIP-191 and EIP-712 signatures are 65 bytes, r and s in range, s in the lower half, v 27 or 28.
5. An EIP-1271 answer comes from the wallet's code: offline it is *claimed*, from the reader's endpoint *attested*.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_defunct, encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from ledger.errors import FormatError
from por.reserves.evm.evidence import ChallengeFields, ControlEvidence
from por.reserves.evm.hexes import checksum_address, from_hex, keccak256, parse_address, parse_caip2, to_hex
from por.reserves.evm.results import Check, ReaderView

__all__ = [
    "LIFETIME_SECONDS_MAX",
    "MAGIC_1271",
    "Challenge",
    "Expectation",
    "challenge_text",
    "challenge_typed_data",
    "message_digest",
    "parse_challenge_text",
    "recover_message_signer",
    "recover_signer",
    "signed_digest",
    "verify_control",
]

LIFETIME_SECONDS_MAX = 120 * 86_400
MAGIC_1271 = bytes.fromhex("1626ba7e")

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_TITLE = "Tallystick proof of control, version 1"
_PLEDGE = "The exchange named above controls this address. This signature is only for the period named above."
_PERIOD = re.compile(r"[0-9A-Za-z][0-9A-Za-z:._+-]{0,63}\Z")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,15})\Z")


@dataclass(frozen=True, slots=True)
class Challenge:
    """All that a challenge says. `address` 20 bytes, `block_hash` and `digest` 32, `expires` in Unix seconds."""

    exchange: str
    chain: str
    address: bytes
    period: str
    block_number: int
    block_hash: bytes
    expires: int
    digest: bytes

    def __post_init__(self) -> None:
        parse_caip2(self.chain, "the challenge's chain")
        is_line = bool(self.exchange) and self.exchange.isprintable() and self.exchange == self.exchange.strip()
        if not is_line or len(self.exchange) > 64 or unicodedata.normalize("NFC", self.exchange) != self.exchange:
            raise FormatError("the challenge's exchange is not one line of at most 64 NFC characters")
        if not _PERIOD.match(self.period):
            raise FormatError("the challenge's period is not of the characters 0-9 A-Z a-z : . _ + -")
        if not (0 <= self.block_number < 2**53 and 0 <= self.expires < 2**53):
            raise FormatError("the challenge's block number or expiry is out of range")
        if (len(self.address), len(self.block_hash), len(self.digest)) != (20, 32, 32):
            raise FormatError("the challenge's address, block hash or digest has a wrong length")

    @property
    def fields(self) -> ChallengeFields:
        """What evidence keeps of it."""
        return ChallengeFields(self.block_hash, self.block_number, self.digest, self.expires, self.period)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the reader demands of challenges: the exchange's name, the periods, and the digests (None: any)."""

    exchange: str
    periods: frozenset[str]
    digests: frozenset[bytes] | None = None


def challenge_text(challenge: Challenge) -> str:
    """The text to sign under EIP-191: nine lines, each ended by one line feed except the last."""
    return "\n".join(
        (
            _TITLE,
            f"exchange: {challenge.exchange}",
            f"chain: {challenge.chain}",
            f"address: {checksum_address(challenge.address)}",
            f"period: {challenge.period}",
            f"block: {challenge.block_number} {to_hex(challenge.block_hash)}",
            f"expires: {challenge.expires}",
            f"digest: {to_hex(challenge.digest)}",
            _PLEDGE,
        )
    )


def parse_challenge_text(text: str) -> Challenge:
    """Read a challenge's text back; only what `challenge_text` writes is accepted. Raises FormatError."""
    lines = text.split("\n")
    names = ("exchange", "chain", "address", "period", "block", "expires", "digest")
    if len(lines) != len(names) + 2:
        raise FormatError("a challenge has nine lines")
    values: dict[str, str] = {}
    for name, line in zip(names, lines[1:-1], strict=True):
        if not line.startswith(f"{name}: "):
            raise FormatError(f"the challenge lacks its line {name}")
        values[name] = line[len(name) + 2 :]
    number, _, block_hash = values["block"].partition(" ")
    if not _DECIMAL.match(number) or not _DECIMAL.match(values["expires"]):
        raise FormatError("the challenge's block number or expiry is not a canonical decimal number")
    challenge = Challenge(
        exchange=values["exchange"],
        chain=values["chain"],
        address=parse_address(values["address"], "the challenge's address"),
        period=values["period"],
        block_number=int(number),
        block_hash=from_hex(block_hash, 32, "the challenge's block hash"),
        expires=int(values["expires"]),
        digest=from_hex(values["digest"], 32, "the challenge's digest"),
    )
    if challenge_text(challenge) != text:
        raise FormatError("the text is not the one form of its challenge")
    return challenge


def challenge_typed_data(challenge: Challenge) -> dict[str, Any]:
    """The EIP-712 document to sign (`eth_signTypedData_v4`); the domain binds the chain id. JSON-serialisable."""
    types = ["exchange string", "chain string", "account address", "period string", "blockNumber uint256"]
    types += ["blockHash bytes32", "expires uint256", "digest bytes32"]
    domain = ["name string", "version string", "chainId uint256"]
    members = {
        name: [dict(zip(("name", "type"), entry.split(), strict=True)) for entry in entries]
        for name, entries in (("EIP712Domain", domain), ("ProofOfControl", types))
    }
    return {
        "types": members,
        "primaryType": "ProofOfControl",
        "domain": {"name": "Tallystick", "version": "1", "chainId": parse_caip2(challenge.chain, "chain")},
        "message": {
            "exchange": challenge.exchange,
            "chain": challenge.chain,
            "account": checksum_address(challenge.address),
            "period": challenge.period,
            "blockNumber": challenge.block_number,
            "blockHash": to_hex(challenge.block_hash),
            "expires": challenge.expires,
            "digest": to_hex(challenge.digest),
        },
    }


def _signable(challenge: Challenge, scheme: str) -> SignableMessage:
    if scheme == "eip712":
        return encode_typed_data(full_message=challenge_typed_data(challenge))
    assert scheme in ("eip191", "eip1271")
    return encode_defunct(text=challenge_text(challenge))


def signed_digest(challenge: Challenge, scheme: str) -> bytes:
    """The 32 bytes that are signed, or that an EIP-1271 wallet is asked about."""
    return message_digest(_signable(challenge, scheme))


def message_digest(message: SignableMessage) -> bytes:
    """The 32 bytes that a signature over an EIP-191 or EIP-712 message covers."""
    return keccak256(b"\x19" + message.version + message.header + message.body)


def recover_signer(challenge: Challenge, scheme: str, signature: bytes) -> bytes:
    """The address whose key made the signature. Raises FormatError for a signature out of the one strict form."""
    return recover_message_signer(_signable(challenge, scheme), signature)


def recover_message_signer(message: SignableMessage, signature: bytes) -> bytes:
    """The same for any EIP-191 or EIP-712 message, by rule 4. Raises FormatError."""
    if len(signature) != 65:
        raise FormatError(f"the signature is {len(signature)} bytes long and must be 65")
    r, s, v = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"), signature[64]
    if v not in (27, 28):
        raise FormatError(f"the signature's v is {v} and must be 27 or 28")
    if not (0 < r < _ORDER and 0 < s < _ORDER):
        raise FormatError("the signature's r or s is out of range")
    if s > _ORDER // 2:
        raise FormatError("the signature's s lies in the upper half")
    try:
        signer = Account.recover_message(message, signature=signature)
    except (BadSignature, ValidationError) as error:
        raise FormatError("no key can have made the signature") from error
    return bytes.fromhex(str(signer)[2:])


def verify_control(
    control: ControlEvidence,
    chain: str,
    expected: Expectation,
    *,
    cutoff: int,
    block_number: int,
    block_hash: bytes,
    view: ReaderView | None = None,
) -> Check:
    """Judge one address's proof of control against the rules above; `block_…` are the snapshot's. Never raises."""
    if control.challenge is None:
        return Check("control", "unchecked", "claimed", "no proof of control is given")
    fields = control.challenge
    try:
        _check_fields(fields, expected, cutoff, block_number, block_hash)
        challenge = Challenge(
            exchange=expected.exchange,
            chain=chain,
            address=control.address,
            period=fields.period,
            block_number=fields.block_number,
            block_hash=fields.block_hash,
            expires=fields.expires,
            digest=fields.digest,
        )
        on_chain = _challenge_block(fields, view)
        if control.scheme == "eip1271":
            return _verify_wallet(control, signed_digest(challenge, "eip1271"), view)
        signer = recover_signer(challenge, control.scheme, control.signature)
    except FormatError as error:
        return Check("control", "fail", "claimed", str(error))
    if signer != control.address:
        return Check("control", "fail", "claimed", "another key made the signature, or it is over another challenge")
    return Check("control", "pass", "proven", f"{control.scheme} over the challenge of {fields.period}; {on_chain}")


def _check_fields(
    fields: ChallengeFields, expected: Expectation, cutoff: int, block_number: int, block_hash: bytes
) -> None:
    if fields.period not in expected.periods:
        raise FormatError(f"the challenge is of the period {fields.period}, which is not asked for")
    if expected.digests is not None and fields.digest not in expected.digests:
        raise FormatError("the challenge's digest is not one that is asked for")
    if fields.expires < cutoff:
        raise FormatError("the challenge expired before the cut-off")
    if fields.expires > cutoff + LIFETIME_SECONDS_MAX:
        raise FormatError("the challenge expires too far in the future to be fresh")
    if fields.block_number > block_number:
        raise FormatError("the challenge names a block above the snapshot's")
    if fields.block_number == block_number and fields.block_hash != block_hash:
        raise FormatError("the challenge names another block at the snapshot's height")


def _challenge_block(fields: ChallengeFields, view: ReaderView | None) -> str:
    """What is known of the challenge's block. Raises FormatError where the reader's endpoint has another."""
    if view is None or fields.block_number not in view.challenge_blocks:
        return "that its block is on the chain is unchecked"
    if view.challenge_blocks[fields.block_number] != fields.block_hash:
        raise FormatError("the challenge names a block that the reader's endpoint does not have")
    return "its block is on the chain"


def _verify_wallet(control: ControlEvidence, digest: bytes, view: ReaderView | None) -> Check:
    answers: Mapping[tuple[bytes, bytes, bytes], bool] = {} if view is None else view.wallets
    answer = answers.get((control.address, digest, control.signature))
    if answer is None:
        return Check("control", "unchecked", "claimed", "a contract wallet's answer needs the reader's own endpoint")
    if not answer:
        return Check("control", "fail", "claimed", "the contract wallet refuses the signature at the snapshot's block")
    return Check("control", "pass", "attested", "the contract wallet accepts the signature at the snapshot's block")
