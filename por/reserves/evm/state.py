"""Accounts and storage words, proven down from a state root; the only reader of a chain's proof nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from por.reserves.evm import rlp
from por.reserves.evm.errors import ProofError, RlpError
from por.reserves.evm.evidence import AccountProof
from por.reserves.evm.hexes import keccak256
from por.reserves.evm.trie import EMPTY_ROOT, prove_value

__all__ = ["EMPTY_CODE_HASH", "Account", "ProvenState", "prove_account", "prove_slot", "prove_state"]

EMPTY_CODE_HASH = keccak256(b"")


@dataclass(frozen=True, slots=True)
class Account:
    """What the state holds of one address; an address that the state does not hold is `ABSENT`. Balance in wei."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


ABSENT = Account(0, 0, EMPTY_ROOT, EMPTY_CODE_HASH)


@dataclass(frozen=True, slots=True)
class ProvenState:
    """All accounts and words that proofs showed, and for each address whose proof failed, why."""

    accounts: Mapping[bytes, Account]
    words: Mapping[tuple[bytes, bytes], int]
    problems: Mapping[bytes, str]


def prove_account(state_root: bytes, address: bytes, proof: Sequence[bytes]) -> Account:
    """The account of `address` (20 bytes) under a state root. Raises ProofError."""
    value = prove_value(state_root, keccak256(address), proof)
    if value is None:
        return ABSENT
    try:
        fields = rlp.decode_flat(value)
        if [len(field) for field in fields[2:]] != [32, 32]:
            raise RlpError("an account is nonce, balance, storage root and code hash")
        return Account(rlp.decode_integer(fields[0], 64), rlp.decode_integer(fields[1]), fields[2], fields[3])
    except RlpError as error:
        raise ProofError(f"the proof leads to something that is no account: {error}") from error


def prove_slot(storage_root: bytes, key: bytes, proof: Sequence[bytes]) -> int:
    """The word at slot `key` (32 bytes) under a storage root, nought where absent. Raises ProofError."""
    value = prove_value(storage_root, keccak256(key), proof)
    if value is None:
        return 0
    try:
        word = rlp.decode(value, max_depth=0)
        if not isinstance(word, bytes) or not word:
            raise RlpError("a storage word is a number above nought")
        return rlp.decode_integer(word)
    except RlpError as error:
        raise ProofError(f"the proof leads to something that is no storage word: {error}") from error


def prove_state(state_root: bytes, nodes: Sequence[bytes], proofs: Sequence[AccountProof]) -> ProvenState:
    """Check every proof; an address with any failing proof gives nothing but its problem."""
    accounts: dict[bytes, Account] = {}
    words: dict[tuple[bytes, bytes], int] = {}
    problems: dict[bytes, str] = {}
    for given in proofs:
        try:
            account = prove_account(state_root, given.address, [nodes[index] for index in given.proof])
            found = {
                (given.address, key): prove_slot(account.storage_root, key, [nodes[index] for index in proof])
                for key, proof in given.slots
            }
        except ProofError as error:
            problems[given.address] = str(error)
            continue
        accounts[given.address] = account
        words.update(found)
    return ProvenState(accounts, words, problems)
