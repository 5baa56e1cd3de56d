"""Control of an address: what the challenge must say, and every signature that must not pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, InputError
from por.reserves.evm import (
    Challenge,
    Check,
    ControlItem,
    EvmReserve,
    Expectation,
    ReaderView,
    challenge_text,
    challenge_typed_data,
    parse_challenge_text,
    signed_digest,
    verify_control,
    verify_evidence,
)
from por.reserves.evm.control import LIFETIME_SECONDS_MAX
from por.reserves.evm.devnode import DevNode, development_key
from por.reserves.evm.evidence import ControlEvidence
from por.reserves.evm.header import header_from_rpc
from por.reserves.evm.recheck import recheck
from tests.chain.node import CUTOFF, any_chain, pass_cutoff, table, take
from tests.por.reserves.evm.conftest import owner_address

KEY = development_key(1)
ADDRESS = owner_address()
EXPECTED = Expectation("Example Exchange", frozenset({"2023-11-14T23"}), frozenset({b"\xdd" * 32}))
SNAPSHOT = {"cutoff": CUTOFF, "block_number": 50, "block_hash": b"\xbb" * 32}
GOOD = Challenge(
    exchange="Example Exchange",
    chain="eip155:1",
    address=ADDRESS,
    period="2023-11-14T23",
    block_number=40,
    block_hash=b"\xaa" * 32,
    expires=CUTOFF + 3_600,
    digest=b"\xdd" * 32,
)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def sign(challenge: Challenge, scheme: str, key: bytes = KEY) -> bytes:
    if scheme == "eip712":
        message = encode_typed_data(full_message=challenge_typed_data(challenge))
    else:
        message = encode_defunct(text=challenge_text(challenge))
    return bytes(Account.sign_message(message, key).signature)


def judge(
    challenge: Challenge,
    scheme: str = "eip191",
    signature: bytes | None = None,
    *,
    view: ReaderView | None = None,
    expected: Expectation = EXPECTED,
    chain: str = "eip155:1",
    address: bytes = ADDRESS,
) -> Check:
    made = sign(challenge, scheme) if signature is None else signature
    control = ControlEvidence(address, challenge.fields, scheme, made)
    return verify_control(control, chain, expected, view=view, **SNAPSHOT)  # type: ignore[arg-type]  # three kinds of value


@pytest.mark.parametrize("scheme", ["eip191", "eip712"])
def test_a_fresh_challenge_signed_by_the_key_is_proven(scheme: str) -> None:
    check = judge(GOOD, scheme)
    assert (check.result, check.assurance) == ("pass", "proven")
    assert "unchecked" in check.detail, "that the challenge's block is on the chain is not known offline"


def test_digests_are_those_that_wallets_sign() -> None:
    signed = Account.sign_message(encode_defunct(text=challenge_text(GOOD)), KEY)
    assert signed_digest(GOOD, "eip191") == signed_digest(GOOD, "eip1271") == bytes(signed.message_hash)
    typed = Account.sign_typed_data(KEY, full_message=challenge_typed_data(GOOD))
    assert signed_digest(GOOD, "eip712") == bytes(typed.message_hash)


@pytest.mark.parametrize("scheme", ["eip191", "eip712"])
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exchange": "Other Exchange"}, "another key"),
        ({"chain": "eip155:10"}, "another key"),
        ({"address": b"\x99" * 20}, "another key"),
        ({"period": "2023-11-14T22"}, "not asked for"),
        ({"digest": b"\xcc" * 32}, "digest"),
        ({"expires": CUTOFF - 1}, "expired"),
        ({"expires": CUTOFF + LIFETIME_SECONDS_MAX + 1}, "future"),
        ({"block_number": 51}, "above"),
        ({"block_number": 50}, "another block"),
    ],
)
def test_a_challenge_for_something_else_is_refused(changes: dict[str, Any], why: str, scheme: str) -> None:
    check = judge(replace(GOOD, **changes), scheme)
    assert check.result == "fail"
    assert why in check.detail


def test_the_boundaries_of_expiry_and_block() -> None:
    for expires in (CUTOFF, CUTOFF + LIFETIME_SECONDS_MAX):
        assert judge(replace(GOOD, expires=expires)).result == "pass"
    assert judge(replace(GOOD, block_number=50, block_hash=b"\xbb" * 32)).result == "pass"


def test_last_months_signature_and_a_constant_text_are_refused() -> None:
    old = sign(replace(GOOD, period="2023-10-14T23"), "eip191")
    assert judge(GOOD, signature=old).result == "fail"
    constant = Account.sign_message(encode_defunct(text="I am an Example Exchange address"), KEY).signature
    assert judge(GOOD, signature=bytes(constant)).result == "fail"


def test_another_key_and_another_scheme_are_refused() -> None:
    assert judge(GOOD, signature=sign(GOOD, "eip191", development_key(2))).result == "fail"
    assert judge(GOOD, "eip712", sign(GOOD, "eip191")).result == "fail"
    assert judge(GOOD, "eip191", sign(GOOD, "eip712")).result == "fail"


def test_malleable_and_misshapen_signatures_are_refused() -> None:
    good = sign(GOOD, "eip191")
    r, s, v = good[:32], int.from_bytes(good[32:64], "big"), good[64]
    high = r + (ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    assert Account.recover_message(encode_defunct(text=challenge_text(GOOD)), signature=high) is not None
    low_v = good[:64] + bytes([v - 27])
    zero, over = bytes(32), ORDER.to_bytes(32, "big")
    bad = [high, low_v, good[:64], good + b"\0", b"", good[:64] + b"\x25", zero + good[32:], over + good[32:]]
    bad += [r + zero + good[64:], r + over + good[64:], b"\xff" * 65, b"\x01" * 64 + b"\x1b"]
    for signature in bad:
        assert judge(GOOD, signature=signature).result == "fail"


@given(st.binary(min_size=64, max_size=64), st.sampled_from([27, 28]))
def test_no_bytes_crash_the_check(numbers: bytes, v: int) -> None:
    assert judge(GOOD, signature=numbers + bytes([v])).result == "fail"
    low = numbers[:32] + b"\0" + numbers[33:]
    assert judge(GOOD, signature=low + bytes([v])).result == "fail"


def test_the_readers_endpoint_knows_the_challenges_block() -> None:
    known = ReaderView(b"", b"", True, challenge_blocks={40: GOOD.block_hash})
    assert "is on the chain" in judge(GOOD, view=known).detail
    for other in (b"\x01" * 32, None):
        assert judge(GOOD, view=replace(known, challenge_blocks={40: other})).result == "fail"


def test_no_proof_of_control_is_never_a_pass() -> None:
    control = ControlEvidence(ADDRESS, None, "none", b"")
    assert verify_control(control, "eip155:1", EXPECTED, view=None, **SNAPSHOT).result == "unchecked"  # type: ignore[arg-type]  # three kinds of value


def test_a_challenges_text_reads_back_and_in_one_form_only() -> None:
    text = challenge_text(GOOD)
    assert parse_challenge_text(text) == GOOD
    changed = [
        text + "\n",
        text.replace("block: 40", "block: 040"),
        text.replace("eip155:1", "eip155:01"),
        text.replace("digest: 0xd", "digest: 0xD"),
        text.replace("version 1", "version 2"),
        text.replace("exchange: ", "exchange:  "),
        text.replace("\n", "\r\n"),
        text.lower(),
        "\n".join(reversed(text.split("\n"))),
        "",
    ]
    for other in changed:
        with pytest.raises(FormatError):
            parse_challenge_text(other)


@pytest.mark.parametrize(
    "changes",
    [
        {"exchange": "A\nB"},
        {"exchange": ""},
        {"exchange": " A"},
        {"exchange": "e\u0301"},
        {"period": "a b"},
        {"digest": b""},
    ],
)
def test_fields_that_could_carry_another_line_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        replace(GOOD, **changes)


@dataclass(frozen=True)
class Stage:
    node: DevNode
    wallet: bytes
    challenge: Challenge


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A chain past its cut-off with a wallet of the first key, and a challenge that names one of its blocks."""
    with any_chain() as node:
        wallet = node.deploy("DevWallet", ADDRESS)
        node.fund(wallet, 10**18)
        recent = header_from_rpc(node.rpc("eth_getBlockByNumber", "latest", False))
        pass_cutoff(node)
        yield Stage(
            node,
            wallet,
            replace(GOOD, chain=node.chain, block_number=recent.number, block_hash=recent.hash),
        )


@pytest.mark.chain
def test_a_contract_wallet_is_a_claim_offline_and_attested_by_the_readers_endpoint(stage: Stage) -> None:
    node, layouts = stage.node, table(stage.node)
    challenge = replace(stage.challenge, address=stage.wallet)
    item = ControlItem(challenge, "eip1271", sign(challenge, "eip191"))
    reserves = [EvmReserve(node.chain, stage.wallet, "ETH")]
    document = take(node, reserves, layouts, expected=EXPECTED, controls=[item])
    settings: dict[str, Any] = {"cutoff": CUTOFF, "layouts": layouts, "expected": EXPECTED}
    control = verify_evidence(document, **settings).chains[0].controls[0]
    assert (control.check.result, control.check.assurance) == ("unchecked", "claimed")
    assert "code hash 0x" in control.check.detail
    urls = {node.chain: node.url}
    views = recheck(document, urls, exchange="Example Exchange", layouts=layouts, connect=node.connect)
    control = verify_evidence(document, views=views, **settings).chains[0].controls[0]
    assert (control.check.result, control.check.assurance) == ("pass", "attested")


@pytest.mark.chain
@pytest.mark.parametrize("scheme", ["eip191", "eip712"])
def test_a_key_shows_control_in_collected_evidence(stage: Stage, scheme: str) -> None:
    node, layouts, challenge = stage.node, table(stage.node), stage.challenge
    item = ControlItem(challenge, scheme, sign(challenge, scheme))
    reserves = [EvmReserve(node.chain, ADDRESS, "ETH")]
    document = take(node, reserves, layouts, expected=EXPECTED, controls=[item])
    result = verify_evidence(document, cutoff=CUTOFF, layouts=layouts, expected=EXPECTED)
    assert result.rows[0].control.result == "pass"


@pytest.mark.chain
@pytest.mark.parametrize("wrong", ["wallet's owner", "block", "no wallet"])
def test_the_collector_refuses_a_proof_of_control_that_would_not_stand(stage: Stage, wrong: str) -> None:
    node, challenge, scheme, key = stage.node, replace(stage.challenge, address=stage.wallet), "eip1271", KEY
    if wrong == "wallet's owner":
        key = development_key(2)
    elif wrong == "block":
        challenge = replace(challenge, block_hash=b"\x01" * 32)
    else:
        challenge = replace(challenge, address=b"\x44" * 20)
    item = ControlItem(challenge, scheme, sign(challenge, "eip191", key))
    reserves = [EvmReserve(node.chain, challenge.address, "ETH")]
    with pytest.raises(InputError, match="challenge"):
        take(node, reserves, table(node), expected=EXPECTED, controls=[item])
