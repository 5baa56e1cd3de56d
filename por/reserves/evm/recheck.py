"""The reader's own endpoint: what turns *unchecked* into an answer. The collector uses the same to check itself.

Brings what only a live chain can say: the block and its child at their heights, finality, the blocks that challenges
name, balances that are calls, and EIP-1271 answers. `verify.py` compares; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping

from ledger.errors import FormatError
from por.reserves.evm.control import Challenge, signed_digest
from por.reserves.evm.evidence import ChainEvidence, ControlEvidence, read_evidence
from por.reserves.evm.header import Header
from por.reserves.evm.layouts import LayoutTable
from por.reserves.evm.results import ReaderView
from por.reserves.evm.rpc import Connect, Endpoint, connect_http

__all__ = ["recheck", "view_chain"]


def recheck(
    document: object,
    rpc: Mapping[str, str],
    *,
    exchange: str,
    layouts: LayoutTable,
    finality: str = "finalized",
    connect: Connect = connect_http,
) -> dict[str, ReaderView]:
    """Ask the reader's endpoints (URL by CAIP-2 chain) about an evidence document; chains without a URL are left out.

    `exchange` is the reader's name of the exchange, for the EIP-1271 digests; `finality` is the block tag that the
    reader holds final ("finalized", "safe" or "latest"), whatever the evidence says. The result is for
    `verify_evidence`.
    Raises ChainError where an endpoint is unreachable or of another chain, FormatError for a document out of form.
    """
    views: dict[str, ReaderView] = {}
    for chain in read_evidence(document):
        if chain.chain in rpc:
            endpoint = Endpoint("the reader's endpoint", rpc[chain.chain], connect)
            endpoint.check_chain(chain.chain)
            views[chain.chain] = view_chain(chain, endpoint, exchange=exchange, layouts=layouts, finality=finality)
    return views


def view_chain(
    evidence: ChainEvidence, endpoint: Endpoint, *, exchange: str, layouts: LayoutTable, finality: str
) -> ReaderView:
    """What one endpoint says about one chain's evidence. Raises ChainError."""
    block = endpoint.header(evidence.block_number)
    child = endpoint.header(evidence.block_number + 1)
    is_ours = block is not None and block.hash == evidence.block_hash
    final = endpoint.header(finality)
    view = ReaderView(
        block_hash=None if block is None else block.hash,
        child_hash=None if child is None else child.hash,
        is_final=final is not None and final.number >= evidence.block_number + (evidence.child is not None),
        challenge_blocks=_challenge_blocks(evidence, endpoint),
    )
    if block is None or not is_ours:
        return view  # the evidence is of another chain than this endpoint's, so its calls mean nothing here
    return ReaderView(
        block_hash=view.block_hash,
        child_hash=view.child_hash,
        is_final=view.is_final,
        calls=_calls(evidence, endpoint, block, layouts),
        wallets=_wallets(evidence, endpoint, block, exchange),
        challenge_blocks=view.challenge_blocks,
    )


def _challenge_blocks(evidence: ChainEvidence, endpoint: Endpoint) -> dict[int, bytes | None]:
    numbers = {control.challenge.block_number for control in evidence.controls if control.challenge is not None}
    headers = {number: endpoint.header(number) for number in sorted(numbers)}
    return {number: None if header is None else header.hash for number, header in headers.items()}


def _calls(
    evidence: ChainEvidence, endpoint: Endpoint, block: Header, layouts: LayoutTable
) -> dict[tuple[bytes, bytes], int | None]:
    calls: dict[tuple[bytes, bytes], int | None] = {}
    for row in evidence.rows:
        if row.contract is None:
            continue
        layout = layouts.find(evidence.chain, row.contract)
        if row.method == "call" or (layout is not None and layout.order == "call"):
            calls[row.contract, row.address] = endpoint.balance_of(row.contract, row.address, block)
    return calls


def _wallets(
    evidence: ChainEvidence, endpoint: Endpoint, block: Header, exchange: str
) -> dict[tuple[bytes, bytes, bytes], bool]:
    answers: dict[tuple[bytes, bytes, bytes], bool] = {}
    for control in evidence.controls:
        digest = _digest(control, evidence.chain, exchange)
        if control.scheme == "eip1271" and digest is not None:
            answer = endpoint.is_valid_signature(control.address, digest, control.signature, block)
            answers[control.address, digest, control.signature] = answer
    return answers


def _digest(control: ControlEvidence, chain: str, exchange: str) -> bytes | None:
    """The digest to ask a wallet about; None for a challenge that has no text, which the verifier refuses anyway."""
    fields = control.challenge
    if fields is None:
        return None
    try:
        challenge = Challenge(
            exchange,
            chain,
            control.address,
            fields.period,
            fields.block_number,
            fields.block_hash,
            fields.expires,
            fields.digest,
        )
    except FormatError:
        return None
    return signed_digest(challenge, "eip1271")
