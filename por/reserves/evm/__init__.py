"""Ethereum and its kin: headers, tries, balances by EIP-1186 proofs, and control by EIP-191, EIP-712 and EIP-1271.

Two halves with one document between them (docs/spec/reserves-evm.md). The verifier is pure functions: `verify` with
`header`, `trie`, `rlp`, `state`, `rows`, `layouts`, `control`; it opens no connection and imports no web3, and its
names are exported here. The operator's half needs endpoints: `collect` takes evidence, `recheck` asks a reader's own
endpoint, `discover` looks for a token's layout, `devnode` runs a local chain; import those modules by name.
"""

from __future__ import annotations

from por.reserves.evm.control import (
    Challenge,
    Expectation,
    challenge_text,
    challenge_typed_data,
    parse_challenge_text,
    recover_signer,
    signed_digest,
    verify_control,
)
from por.reserves.evm.errors import ChainError
from por.reserves.evm.evidence import FORMAT, read_evidence
from por.reserves.evm.layouts import Layout, LayoutTable, read_layouts, shipped_layouts
from por.reserves.evm.plan import ChainConfig, ControlItem, EvmReserve
from por.reserves.evm.results import ChainResult, Check, ControlResult, EvmResult, ReaderView, RowResult
from por.reserves.evm.verify import verify_evidence

__all__ = [
    "FORMAT",
    "ChainConfig",
    "ChainError",
    "ChainResult",
    "Challenge",
    "Check",
    "ControlItem",
    "ControlResult",
    "EvmReserve",
    "EvmResult",
    "Expectation",
    "Layout",
    "LayoutTable",
    "ReaderView",
    "RowResult",
    "challenge_text",
    "challenge_typed_data",
    "parse_challenge_text",
    "read_evidence",
    "read_layouts",
    "recover_signer",
    "shipped_layouts",
    "signed_digest",
    "verify_control",
    "verify_evidence",
]
