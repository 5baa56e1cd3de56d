"""Judge EVM reserve evidence, offline: pure functions over the document and what the reader brings. No network.

The rules:
1. Nothing that the evidence restates is used: block hash, number and time are recomputed from the header, balances
   from proofs, storage keys from holder and layout. A restatement that differs is a failure.
2. The cut-off comes from the reader, and so do layouts, code hashes, and which coin or token a contract is.
3. "The block is on the named chain and final" passes when the reader's own hash of the block, or of its child, or the
   reader's own endpoint, says so; fails when they say otherwise; and is unchecked without them. Until it passes every
   row is claimed, and `assurance_given_block` says what it would be.
4. The block is the last whose time is not after the cut-off; its child's header shows it. Where it is not, rows are
   claimed. The child's header proves this only if the reader pins the child too (its hash, or an endpoint): without
   that the exchange could have picked an older block and invented its child, so every row is claimed until then too.
5. A row is proven by an account proof (native coin) or by account and storage proof under the *reader's* layout; a
   layout that only the evidence states, or code that differs from the layout's, leaves it claimed. A pinned call is
   claimed, and attested once the reader's endpoint repeats it for a contract that the reader knows.
6. Control is judged in control.py, against the exchange, periods and digests that the reader expects.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from por.reserves.evm.control import Expectation, verify_control
from por.reserves.evm.errors import RlpError
from por.reserves.evm.evidence import ChainEvidence, ControlEvidence, read_evidence
from por.reserves.evm.header import Header, decode_header
from por.reserves.evm.hexes import to_hex
from por.reserves.evm.layouts import LayoutTable
from por.reserves.evm.results import ChainResult, Check, ControlResult, EvmResult, ReaderView
from por.reserves.evm.rows import RowContext, judge_row
from por.reserves.evm.state import ProvenState, prove_state

__all__ = ["verify_evidence"]

_NO_CONTROL = Check("control", "unchecked", "claimed", "no proof of control is given")


def verify_evidence(
    document: object,
    *,
    cutoff: int,
    layouts: LayoutTable,
    expected: Expectation,
    block_hashes: Mapping[str, Collection[bytes]] | None = None,
    views: Mapping[str, ReaderView] | None = None,
) -> EvmResult:
    """Judge an evidence document.

    `cutoff` in Unix seconds, from the signed attestation. `block_hashes` has, by CAIP-2 chain, the reader's own hash of
    the block or of its child, or both. `views` has what `recheck` brought from the reader's own endpoints.
    Raises FormatError where the document is not in its one form; everything else is a failed or unchecked check. A
    chain named by `block_hashes` or `views` that the evidence lacks is the caller's to report.
    """
    hashes, seen = block_hashes or {}, views or {}
    chains = tuple(
        _judge_chain(
            chain, _Reader(cutoff, layouts, expected, tuple(hashes.get(chain.chain, ())), seen.get(chain.chain))
        )
        for chain in read_evidence(document)
    )
    return EvmResult(chains, _disclosures(chains))


@dataclass(frozen=True, slots=True)
class _Reader:
    """What the reader brings for one chain."""

    cutoff: int
    layouts: LayoutTable
    expected: Expectation
    hashes: tuple[bytes, ...]
    view: ReaderView | None


@dataclass(frozen=True, slots=True)
class _Block:
    """The snapshot's block with its checks; `header` None where it cannot be read. `is_pinned`: its child too."""

    header: Header | None
    checks: tuple[Check, ...]
    is_pinned: bool
    is_cutoff_block: bool


def _judge_chain(evidence: ChainEvidence, reader: _Reader) -> ChainResult:
    block = _judge_block(evidence, reader)
    state = ProvenState({}, {}, {})
    checks = list(block.checks)
    if block.header is not None:
        state = prove_state(block.header.state_root, evidence.nodes, evidence.accounts)
        checks.append(_judge_proofs(state))
    controls = tuple(_judge_control(control, evidence, reader, state) for control in evidence.controls)
    control_of = {result.address: result.check for result in controls}
    context = RowContext(
        chain=evidence.chain,
        state=state,
        layouts=reader.layouts,
        view=reader.view,
        has_header=block.header is not None and all(check.result != "fail" for check in block.checks),
        is_pinned=block.is_pinned,
        is_cutoff_block=block.is_cutoff_block,
    )
    return ChainResult(
        chain=evidence.chain,
        block_hash=to_hex(block.header.hash if block.header else evidence.block_hash),
        block_number=block.header.number if block.header else evidence.block_number,
        block_time=block.header.timestamp if block.header else evidence.block_time,
        skew_seconds=reader.cutoff - (block.header.timestamp if block.header else evidence.block_time),
        checks=tuple(checks),
        rows=tuple(judge_row(row, context, control_of.get(to_hex(row.address), _NO_CONTROL)) for row in evidence.rows),
        controls=controls,
    )


def _judge_proofs(state: ProvenState) -> Check:
    if state.problems:
        address, problem = sorted(state.problems.items())[0]
        return Check(
            "proofs", "fail", "proven", f"{len(state.problems)} proofs fail; first {to_hex(address)}: {problem}"
        )
    counts = f"{len(state.accounts)} accounts and {len(state.words)} storage words"
    return Check("proofs", "pass", "proven", f"{counts} are proven under the block's state root")


def _judge_control(
    control: ControlEvidence, evidence: ChainEvidence, reader: _Reader, state: ProvenState
) -> ControlResult:
    check = verify_control(
        control,
        evidence.chain,
        reader.expected,
        cutoff=reader.cutoff,
        block_number=evidence.block_number,
        block_hash=evidence.block_hash,
        view=reader.view,
    )
    if control.scheme == "eip1271" and check.result != "fail":
        account = state.accounts.get(control.address)
        shown = "not shown" if account is None else f"{to_hex(account.code_hash)} at the block"
        check = check._replace(detail=f"{check.detail}; code hash {shown}")
    return ControlResult(evidence.chain, to_hex(control.address), control.scheme, check)


def _judge_block(evidence: ChainEvidence, reader: _Reader) -> _Block:
    try:
        header = decode_header(evidence.block)
        child = None if evidence.child is None else decode_header(evidence.child)
    except RlpError as error:
        return _Block(None, (Check("header", "fail", "proven", str(error)),), False, False)
    stated = (evidence.block_hash, evidence.block_number, evidence.block_time)
    if stated != (header.hash, header.number, header.timestamp):
        detail = "hash, number or time differ from what the header gives"
        return _Block(None, (Check("header", "fail", "proven", detail),), False, False)
    if child is not None and (child.parent_hash, child.number) != (header.hash, header.number + 1):
        detail = "the child's header does not follow the block's"
        return _Block(None, (Check("header", "fail", "proven", detail),), False, False)
    form = Check("header", "pass", "proven", f"block {header.number} hashes to {to_hex(header.hash)}")
    pinned = _judge_pin(header, child, reader)
    cutoff, is_cutoff_block = _judge_cutoff(evidence, header, child, reader)
    is_pinned = pinned.result == cutoff.result == "pass"
    return _Block(header, (form, pinned, cutoff), is_pinned, is_cutoff_block)


def _judge_pin(header: Header, child: Header | None, reader: _Reader) -> Check:
    """Rule 3: does the reader say that this block is on the named chain and final?"""
    ours = {header.hash} | ({child.hash} if child else set())
    if any(given not in ours for given in reader.hashes):
        return Check("block", "fail", "proven", "the reader's hash is of another block")
    view = reader.view
    if view is not None:
        if view.block_hash != header.hash:
            return Check("block", "fail", "proven", "the reader's endpoint has another block at this height")
        if child is not None and view.child_hash != child.hash:
            return Check("block", "fail", "proven", "the reader's endpoint has another child of this block")
        if not view.is_final and not reader.hashes:
            return Check("block", "unchecked", "claimed", "the reader's endpoint has the block, not yet final")
        return Check("block", "pass", "proven", "the reader's endpoint has the block and holds it final")
    if reader.hashes:
        return Check("block", "pass", "proven", "the block is the one whose hash the reader gave")
    return Check("block", "unchecked", "claimed", "that the block is on the named chain and final is only said")


def _judge_cutoff(evidence: ChainEvidence, header: Header, child: Header | None, reader: _Reader) -> tuple[Check, bool]:
    """Rule 4: is this the last block whose time is not after the cut-off? And may rows stand on it?"""
    skew = reader.cutoff - header.timestamp
    if evidence.cutoff != reader.cutoff:
        return Check(
            "cutoff", "fail", "proven", f"evidence is of the cut-off {evidence.cutoff}, not of this one"
        ), False
    if skew < 0:
        return Check("cutoff", "unchecked", "claimed", f"the block is {-skew} s after the cut-off"), False
    if child is None:
        detail = f"no child's header is given; the block is {skew} s before the cut-off"
        return Check("cutoff", "unchecked", "claimed", detail), False
    if child.timestamp <= reader.cutoff:
        detail = f"a later block is not after the cut-off; this one is {skew} s before it"
        return Check("cutoff", "unchecked", "claimed", detail), False
    is_child_pinned = child.hash in reader.hashes or (
        reader.view is not None and reader.view.child_hash == child.hash and reader.view.block_hash == header.hash
    )
    detail = f"the block is {skew} s before the cut-off and its child {child.timestamp - reader.cutoff} s after it"
    if is_child_pinned:
        return Check("cutoff", "pass", "proven", detail), True
    return Check("cutoff", "unchecked", "claimed", f"{detail}; that this child is on the chain is only said"), True


def _disclosures(chains: tuple[ChainResult, ...]) -> tuple[str, ...]:
    """Notes on coins that may be counted twice: a wrapped token beside what it stands for."""
    rows = [row for chain in chains for row in chain.rows]
    assets = {row.asset for row in rows if row.wraps is None}
    notes = []
    for row in rows:
        if row.wraps is None:
            continue
        where = f"{row.chain} {row.contract} at {row.address}"
        beside = f", and {row.wraps} itself is counted too" if row.wraps in assets else ""
        notes.append(f"{where} is a token that stands for {row.wraps}: its issuer must hold the {row.wraps}{beside}")
    return tuple(notes)
