"""The cut and one block of each chain: reserves read for the hour, or stated as unread.

In: chains with their reserves, the hour, how long to wait. Out: signed rows and evidence for what was read, and rows of
nothing for what was not. The block is not chosen: por.reserves.evm.collect takes the last whose time is not after the
cut, shown by its child's header, and waits for its finality. A chain that cannot be read in time is *unread*: it counts
nothing, and no older reading stands for it. Only where the operator allows it an earlier, final block is read instead;
its rows are claimed, without evidence, and the skew is disclosed.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

from ledger.assets import AssetTable
from ledger.canonical import Json
from ledger.errors import InputErrors
from por.attestation import ReserveRow
from por.hour.sections import UnreadReserve
from por.reserves.evm import Expectation, LayoutTable, RowResult, verify_evidence
from por.reserves.evm.collect import Waiting, assemble, collect
from por.reserves.evm.errors import BlockNotFinal, ChainError, CutoffNotReached
from por.reserves.evm.hexes import to_hex
from por.reserves.evm.plan import ChainConfig, ControlItem, EvmReserve
from por.reserves.evm.rpc import Connect, Endpoint, connect_http
from por.snapshot import SnapshotId, control_periods, to_seconds

__all__ = ["ChainPlan", "Paired", "pair", "signed_row"]


@dataclass(frozen=True, slots=True)
class ChainPlan:
    """One chain, what is held on it, and the proofs of control."""

    config: ChainConfig
    reserves: Sequence[EvmReserve]
    controls: Sequence[ControlItem] = ()


class Paired(NamedTuple):
    """What the hour signs of its chains; `problems` are for the operator: what stood in the way, chain by chain."""

    rows: list[ReserveRow]
    evidence: dict[str, Json] | None
    unread: list[UnreadReserve]
    disclosures: list[tuple[str, str]]
    problems: list[str]


class _Taken(NamedTuple):
    evidence: dict[str, Any] | None
    other: dict[str, Any] | None
    problem: str
    reason: str


def signed_row(row: RowResult, scheme: str, scale: int) -> ReserveRow:
    """A judged row as it is signed: in quanta, rounded down, with no more assurance than our own verifier gives it."""
    is_call = any(check.name == "pinned-call" for check in row.checks)
    evidence = "state-proof" if row.assurance_given_block == "proven" else "pinned-call" if is_call else "claim"
    balance = row.balance * 10**scale // 10**row.decimals
    return ReserveRow(row.entity, row.asset, row.chain, row.contract, row.address, balance, row.label, scheme, evidence)


def pair(
    plans: Sequence[ChainPlan],
    snapshot: SnapshotId,
    *,
    assets: AssetTable,
    layouts: LayoutTable,
    waiting: Waiting,
    connect: Connect = connect_http,
    may_take_other_block: bool = False,
) -> Paired:
    """Read every chain at its block, all at the same time; each waits at most as long as `waiting` says. Never raises
    for what endpoints or the reserve list do: that chain's reserves are unread then."""
    cutoff = to_seconds(snapshot.hour)
    expected = Expectation(snapshot.exchange, frozenset(control_periods(snapshot.hour).values()))

    def take(plan: ChainPlan) -> _Taken:
        found: _Taken
        try:
            one = _collect(plan, cutoff, layouts, expected, waiting, connect)
            found = _Taken(one, None, "", "")
        except (BlockNotFinal, CutoffNotReached) as problem:
            other = _other_block(plan, cutoff, layouts, expected, connect) if may_take_other_block else None
            found = _Taken(None, other, str(problem), problem.verdict)
        except ChainError as problem:
            found = _Taken(None, None, str(problem), problem.verdict)
        except InputErrors as problem:
            found = _Taken(None, None, str(problem), "reserve-list")
        return found

    with ThreadPoolExecutor(max(len(plans), 1)) as pool:
        taken = list(pool.map(take, plans))
    result = Paired([], None, [], [], [])
    for plan, found in zip(plans, taken, strict=True):
        if found.problem:
            result.problems.append(f"{plan.config.chain}: {found.problem}")
        if found.other is not None:
            _add_other_block(result, found.other, cutoff, layouts, expected, assets)
        elif found.evidence is None:
            result.unread.extend(_unread(plan, found.reason))
    chains = [found.evidence for found in taken if found.evidence is not None]
    if not chains:
        return result
    evidence = assemble(chains)
    result.rows.extend(_judged(evidence, cutoff, layouts, expected, assets))
    return result._replace(evidence=evidence)


def _collect(
    plan: ChainPlan,
    cutoff: int,
    layouts: LayoutTable,
    expected: Expectation,
    waiting: Waiting,
    connect: Connect,
) -> dict[str, Any]:
    return collect(
        plan.config,
        cutoff,
        plan.reserves,
        layouts=layouts,
        expected=expected,
        controls=plan.controls,
        connect=connect,
        waiting=waiting,
    )


def _judged(
    evidence: dict[str, Any], cutoff: int, layouts: LayoutTable, expected: Expectation, assets: AssetTable
) -> list[ReserveRow]:
    judged = verify_evidence(evidence, cutoff=cutoff, layouts=layouts, expected=expected)
    schemes = {(chain.chain, control.address): control.scheme for chain in judged.chains for control in chain.controls}
    return [
        signed_row(row, schemes.get((row.chain, row.address), "none"), assets[row.asset].scale) for row in judged.rows
    ]


def _other_block(
    plan: ChainPlan, cutoff: int, layouts: LayoutTable, expected: Expectation, connect: Connect
) -> dict[str, Any] | None:
    """Evidence at the block below the newest final one; None where that cannot be had either."""
    try:
        final = Endpoint("endpoint-1", plan.config.rpc[0], connect).header(plan.config.finality)
        if final is None or final.timestamp > cutoff:
            return None
        return _collect(plan, final.timestamp - 1, layouts, expected, Waiting(timeout_seconds=0.0), connect)
    except (ChainError, InputErrors):
        return None


def _add_other_block(
    result: Paired,
    chain: dict[str, Any],
    cutoff: int,
    layouts: LayoutTable,
    expected: Expectation,
    assets: AssetTable,
) -> None:
    """Rows of another block than the cut's: claimed, with the skew stated and no evidence of it bound."""
    for row in _judged(assemble([chain]), chain["cutoff"], layouts, expected, assets):
        result.rows.append(ReserveRow(*row.order(), row.balance, row.label, "none", "claim"))
    skew = cutoff - chain["block_time"]
    text = f"{chain['chain']}: read at block {chain['block_number']}, {skew} seconds before the cut-off"
    result.disclosures.append(("block-skew", text))


def _unread(plan: ChainPlan, reason: str) -> list[UnreadReserve]:
    return [
        UnreadReserve(
            reserve.entity,
            reserve.asset,
            reserve.chain,
            "native" if reserve.contract is None else to_hex(reserve.contract),
            to_hex(reserve.address),
            reserve.label,
            reason,
        )
        for reserve in plan.reserves
    ]
