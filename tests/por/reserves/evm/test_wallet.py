"""Keys, signatures and numbers of the hot wallet, without a chain; with one: tests/ledger/treasury/test_chain.py."""

from __future__ import annotations

import pytest
from eth_account.hdaccount import seed_from_mnemonic
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError
from por.reserves.evm import rlp
from por.reserves.evm.deposit_keys import NUMBER_MAX, DepositKeys
from por.reserves.evm.devnode import development_key
from por.reserves.evm.errors import RpcRefused
from por.reserves.evm.wallet import (
    Broadcaster,
    Fees,
    FeesTooHigh,
    GasPolicy,
    HotWallet,
    Payment,
    read_signed,
)

CHAIN = "eip155:31337"
POLICY = GasPolicy(fee_max=100 * 10**9)
TO, TOKEN = b"\x11" * 20, b"\x22" * 20
FEES = Fees(2 * 10**9, 10**9)
addresses = st.binary(min_size=20, max_size=20)
payments = st.one_of(
    st.builds(Payment, addresses, st.integers(0, 2**96), st.just(b"")),
    st.builds(Payment, addresses, st.integers(0, 2**256 - 1), addresses.filter(any)),
)


def hot(number=1, chain=CHAIN):
    return HotWallet(development_key(number), chain, POLICY)


@settings(max_examples=50)
@given(payment=payments, nonce=st.integers(0, 2**32), tip=st.integers(1, 10**9))
def test_signed_bytes_say_what_was_asked_and_are_the_same_again(payment, nonce, tip):
    fees = Fees(10**9 + tip, tip)
    signed = hot().sign(payment, nonce, fees)
    assert hot().sign(payment, nonce, fees).raw == signed.raw
    assert read_signed(signed.raw) == signed
    assert (signed.payment, signed.nonce, signed.fees, signed.chain) == (payment, nonce, fees, CHAIN)
    assert signed.sender == hot().address


def test_a_replacement_keeps_the_nonce_and_outbids():
    sent = hot().sign(Payment(TO, 5, TOKEN), 3, FEES)
    faster, back = hot().replacement(sent), hot().replacement(sent, cancel=True)
    assert faster.nonce == back.nonce == 3
    assert faster.payment == sent.payment and not faster.is_cancellation
    assert back.is_cancellation and back.payment == Payment(hot().address, 0)
    for each in (faster, back):
        assert each.fees.max_fee * 10 >= sent.fees.max_fee * 11
        assert each.fees.priority_fee * 10 >= sent.fees.priority_fee * 11
    with pytest.raises(AssertionError):
        hot(2).replacement(sent)


def test_fees_stop_at_the_policys_limit():
    policy = GasPolicy(fee_max=50, priority_fee=10)
    assert policy.fees(20) == Fees(50, 10)
    assert policy.fees(40) == Fees(50, 10), "base fee and tip are exactly the limit"
    with pytest.raises(FeesTooHigh):
        policy.fees(41)
    assert policy.fees(19) == Fees(48, 10)
    with pytest.raises(FeesTooHigh):
        policy.replacement(Fees(50, 10))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: b"\x01" + raw[1:],
        lambda raw: raw[:-1],
        lambda raw: raw + b"\0",
        lambda raw: b"\x02" + rlp.encode([b""] * 11),
        lambda raw: b"\x02" + rlp.encode([*rlp.decode(raw[1:])[:8], [b"\x01"], *rlp.decode(raw[1:])[9:]]),
        lambda raw: b"\x02" + rlp.encode([*rlp.decode(raw[1:])[:10], b"", b""]),
    ],
)
def test_other_bytes_are_refused(spoil):
    with pytest.raises(FormatError):
        read_signed(spoil(hot().sign(Payment(TO, 5), 3, FEES).raw))


def test_a_call_that_is_no_payment_is_refused():
    fields = rlp.decode(hot().sign(Payment(TO, 5, TOKEN), 3, FEES).raw[1:])
    fields[7] = b"\x09\x5e\xa7\xb3" + fields[7][4:]  # approve(address,uint256)
    with pytest.raises(FormatError, match="something else than paying"):
        read_signed(b"\x02" + rlp.encode(fields))


class Node:
    """An endpoint that refuses what is sent and says what it knows."""

    name = "node"

    def __init__(self, known):
        self.known = known

    def ask(self, method, params):
        if method == "eth_sendRawTransaction":
            raise RpcRefused("node refuses: nonce too low")
        return self.known


def test_sending_again_is_no_error_only_where_the_node_has_it():
    raw = hot().sign(Payment(TO, 5), 3, FEES).raw
    Broadcaster(Node({"hash": "0x"}), 1).broadcast(raw)
    with pytest.raises(RpcRefused):
        Broadcaster(Node(None), 1).broadcast(raw)


# Deposit addresses.


def test_derivation_is_bip32s_published_vector():
    """BIP-32, test vector 1, chain m/0': a hardened step of our library is the standard's."""
    from eth_account.hdaccount.deterministic import HDPath

    key = HDPath("m/0'").derive(bytes.fromhex("000102030405060708090a0b0c0d0e0f"))
    assert key.hex() == "edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea"


def test_the_development_chains_published_account_is_found():
    from eth_account.hdaccount.deterministic import HDPath

    seed = seed_from_mnemonic("test test test test test test test test test test test junk", "")
    key = HDPath("m/44'/60'/0'/0/0").derive(seed)
    assert HotWallet(key, CHAIN, POLICY).address.hex() == "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"


def test_addresses_are_each_their_own_and_the_same_again():
    keys = DepositKeys(b"\x07" * 32)
    found = {keys.address(account, sub) for account in range(8) for sub in range(4)}
    assert len(found) == 32
    assert DepositKeys(b"\x07" * 32).address(3, 1) == keys.address(3, 1)
    assert DepositKeys(b"\x08" * 32).address(3, 1) != keys.address(3, 1)
    assert HotWallet(keys.key(3, 1), CHAIN, POLICY).address == keys.address(3, 1)
    keys.address(NUMBER_MAX, NUMBER_MAX)
    for account, sub in ((NUMBER_MAX + 1, 0), (-1, 0), (0, NUMBER_MAX + 1)):
        with pytest.raises(AssertionError):
            keys.key(account, sub)
    with pytest.raises(AssertionError):
        DepositKeys(b"\x07" * 15)
