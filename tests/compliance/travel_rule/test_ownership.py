"""Proofs that a wallet is a customer's: real signatures, every field of the challenge, expiry, instructed transfers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from compliance.travel_rule.ownership import (
    CHALLENGE_SECONDS_MAX,
    PROOF_SECONDS_MAX,
    InstructedTransfer,
    ObservedTransfer,
    OwnershipChallenge,
    challenge_text,
    challenge_typed_data,
    declared,
    verify_instructed,
    verify_signature,
    wallet_digest,
)
from ledger.errors import FormatError
from por.reserves.evm.control import Challenge
from por.reserves.evm.control import challenge_text as reserve_text
from por.reserves.evm.devnode import development_key
from por.reserves.evm.hexes import keccak256

NOW, DAY = 1_780_000_000, 86_400
KEY = Account.from_key(development_key(3))
ADDRESS = bytes.fromhex(KEY.address[2:])
CHALLENGE = OwnershipChallenge("alpha.exchange", "a" * 32, "eip155:1", ADDRESS, "2026-05", NOW, NOW + DAY, b"\x07" * 32)


def sign(challenge: OwnershipChallenge, scheme: str) -> bytes:
    message = (
        encode_typed_data(full_message=challenge_typed_data(challenge))
        if scheme == "eip712"
        else encode_defunct(text=challenge_text(challenge))
    )
    return bytes(Account.sign_message(message, development_key(3)).signature)


@pytest.mark.parametrize("scheme", ["eip191", "eip712"])
def test_a_signature_over_the_challenge_is_a_proof_until_its_end(scheme):
    proof = verify_signature(CHALLENGE, scheme, sign(CHALLENGE, scheme), NOW + DAY, 90 * DAY)
    assert (proof.kind, proof.assurance, proof.is_proof) == (scheme, "proven", True)
    assert proof.valid_until == NOW + 91 * DAY and proof.address == KEY.address.lower()
    other = verify_signature(CHALLENGE, scheme, sign(CHALLENGE, scheme), NOW + DAY - 1, 90 * DAY)
    assert proof.id != other.id, "the id binds the time too"


@pytest.mark.parametrize("scheme", ["eip191", "eip712"])
@pytest.mark.parametrize(
    "change",
    [
        {"exchange": "beta.exchange"}, {"account": "b" * 32}, {"chain": "eip155:5"}, {"period": "2026-06"},
        {"made": NOW - 1}, {"expires": NOW + DAY + 1}, {"nonce": b"\x08" * 32}, {"address": b"\x01" * 20},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_signature_over_any_other_challenge_proves_nothing(scheme, change):
    signature = sign(CHALLENGE, scheme)
    with pytest.raises(FormatError, match="another"):
        verify_signature(replace(CHALLENGE, **change), scheme, signature, NOW, DAY)


def test_schemes_do_not_pass_for_each_other_and_forms_are_strict():
    signature = sign(CHALLENGE, "eip191")
    with pytest.raises(FormatError, match="another"):
        verify_signature(CHALLENGE, "eip712", signature, NOW, DAY)
    for bad in (b"", signature[:-1], signature[:64] + b"\x00", bytes(65)):
        with pytest.raises(FormatError):
            verify_signature(CHALLENGE, "eip191", bad, NOW, DAY)


@pytest.mark.parametrize("now", [NOW - 1, NOW + DAY + 1])
def test_an_expired_challenge_proves_nothing(now):
    with pytest.raises(FormatError, match="expired"):
        verify_signature(CHALLENGE, "eip191", sign(CHALLENGE, "eip191"), now, DAY)


def test_neither_text_passes_for_the_other():
    """A customer's signature must never make their wallet a reserve of the exchange."""
    reserve = Challenge("alpha.exchange", "eip155:1", ADDRESS, "2026-05", 1, b"\x01" * 32, NOW + DAY, b"\x07" * 32)
    signed = bytes(Account.sign_message(encode_defunct(text=reserve_text(reserve)), development_key(3)).signature)
    with pytest.raises(FormatError, match="another"):
        verify_signature(CHALLENGE, "eip191", signed, NOW, DAY)
    assert reserve_text(reserve).split("\n")[0] != challenge_text(CHALLENGE).split("\n")[0]


def test_a_contract_wallet_is_asked_by_the_exchanges_own_endpoint():
    with pytest.raises(FormatError, match="own endpoint"):
        verify_signature(CHALLENGE, "eip1271", b"any", NOW, DAY)
    with pytest.raises(FormatError, match="refuses"):
        verify_signature(CHALLENGE, "eip1271", b"any", NOW, DAY, wallet_accepts=False)
    proof = verify_signature(CHALLENGE, "eip1271", b"any", NOW, DAY, wallet_accepts=True)
    assert proof.assurance == "attested"
    text = challenge_text(CHALLENGE).encode()
    assert wallet_digest(CHALLENGE) == keccak256(b"\x19Ethereum Signed Message:\n%d" % len(text) + text)


@pytest.mark.parametrize(
    "change",
    [
        {"exchange": "a b"}, {"account": ""}, {"period": "x" * 65}, {"expires": NOW}, {"nonce": b"\x07"},
        {"expires": NOW + CHALLENGE_SECONDS_MAX + 1}, {"address": b""}, {"chain": "bip122:0"},
    ],
    ids=str,
)  # fmt: skip
def test_challenges_are_bounded(change):
    with pytest.raises(FormatError):
        replace(CHALLENGE, **change)
    assert replace(CHALLENGE, expires=NOW + CHALLENGE_SECONDS_MAX).expires


@pytest.mark.parametrize("seconds", [0, PROOF_SECONDS_MAX + 1])
def test_a_proof_holds_for_a_time_within_bounds(seconds):
    with pytest.raises(FormatError, match="366"):
        verify_signature(CHALLENGE, "eip191", sign(CHALLENGE, "eip191"), NOW, seconds)


TO = "0x" + "0b" * 20
INSTRUCTED = InstructedTransfer(
    "alpha", "a" * 32, "eip155:1", KEY.address.lower(), TO, "native", 31_337, NOW, NOW + DAY
)
SEEN = ObservedTransfer("eip155:1", "0xaa", KEY.address.lower(), TO, "native", 31_337, NOW + DAY)


def test_an_instructed_transfer_is_attested_and_bound_to_its_transaction():
    proof = verify_instructed(INSTRUCTED, SEEN, NOW + 2 * DAY, 30 * DAY)
    assert (proof.kind, proof.assurance) == ("instructed-transfer", "attested")
    assert proof.evidence["transaction"] == "0xaa" and proof.valid_until == NOW + 32 * DAY


@pytest.mark.parametrize(
    "change",
    [
        {"chain": "eip155:5"}, {"sender": TO}, {"recipient": KEY.address.lower()}, {"contract": "0xcc"},
        {"units": 31_336}, {"time": NOW - 1}, {"time": NOW + DAY + 1},
    ],
    ids=str,
)  # fmt: skip
def test_any_other_transfer_proves_nothing(change):
    with pytest.raises(FormatError):
        verify_instructed(INSTRUCTED, SEEN._replace(**change), NOW, DAY)


def test_a_declaration_is_kept_and_is_no_proof():
    said = declared("a" * 32, "bip122:000000000019d6689c085ae165831e93", "bc1qexample", NOW, DAY)
    assert (said.assurance, said.is_proof) == ("claimed", False)
