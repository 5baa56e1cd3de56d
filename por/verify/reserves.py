"""The auditor's check of what is held: the exchange's reserve rows against their evidence, and what a reader can hold.

In: the signed sections, the bytes of reserves/evidence.json, and what the reader brings (block hashes, answers of their
own endpoints, token layouts). Out: checks, and each row with two assurances: the one that stands for this reader, and
the one that would stand once they confirm the block.
evidence  the file is the one whose digest is signed, in its one form, and holds one row for each signed row and no more
balances  every balance recomputed from its proof is the signed one, in quanta and rounded down
control   every proof of control that is given holds, for this exchange and period, and names a known statement
block     the blocks are on the chains they are said to be on, and final: only the reader's own word settles it
cutoff    each block is the last one not after the cut-off
double    no address is counted twice
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ledger.canonical import Tag, parse_file, tagged_hash
from ledger.errors import FormatError
from por.attestation import EVIDENCE_FORMAT
from por.reserves.evm.control import Expectation
from por.reserves.evm.evidence import read_evidence
from por.reserves.evm.hexes import to_hex
from por.reserves.evm.layouts import LayoutTable
from por.reserves.evm.results import EvmResult, ReaderView, RowResult
from por.reserves.evm.verify import verify_evidence
from por.snapshot import control_periods, to_seconds

__all__ = ["RESERVE_CHECKS", "ReserveView", "RowView", "check_reserves"]

RESERVE_CHECKS = ("evidence", "balances", "control", "block", "cutoff", "double")
_EVM = re.compile(r"eip155:[0-9]+\Z")

Finding = tuple[str, str, str | None, str]
"""(name, result, assurance, detail)."""


@dataclass(frozen=True, slots=True)
class RowView:
    """One signed reserve row as this reader can hold it. `balance` in quanta."""

    entity: str
    asset: str
    chain: str
    contract: str
    address: str
    label: str
    control: str
    evidence: str
    balance: int
    assurance: str
    assurance_given_block: str


@dataclass(frozen=True, slots=True)
class ReserveView:
    """Checks and rows; `notes` are for people."""

    findings: tuple[Finding, ...]
    rows: tuple[RowView, ...] = ()
    notes: tuple[str, ...] = ()
    blocks: tuple[dict[str, Any], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class ReserveReader:
    """What the reader brings of their own; `statements` are digests, in hex, of all attestations handed over."""

    layouts: LayoutTable
    block_hashes: Mapping[str, frozenset[bytes]] = field(default_factory=dict)
    views: Mapping[str, ReaderView] = field(default_factory=dict)
    statements: frozenset[str] = frozenset()


def check_reserves(sections: Mapping[str, Any], evidence: bytes | None, reader: ReserveReader) -> ReserveView:
    """Check the signed reserve rows against their evidence; `evidence` None when the file was not handed over."""
    snapshot, rows = sections["snapshot"], sections["reserves"]["rows"]
    if snapshot["reserves"] is None:
        return _without_evidence(rows, evidence)
    if evidence is None:
        detail = "reserves/evidence.json was not handed over"
        return ReserveView(tuple((name, "unchecked", None, detail) for name in RESERVE_CHECKS), _claimed(rows))
    try:
        result, early = _judge(snapshot, evidence, reader)
    except FormatError as problem:
        rest = tuple((name, "unchecked", None, "the evidence fails") for name in RESERVE_CHECKS[1:])
        return ReserveView((("evidence", "fail", None, str(problem)), *rest), _claimed(rows))
    views, problems = _match(snapshot, rows, result, early)
    findings = (
        _evidence_finding(problems["evidence"], len(rows)),
        _balance_finding(problems, result),
        _control_finding(result, rows, views, early),
        _chain_finding("block", result, reader),
        _chain_finding("cutoff", result, reader),
        _double_finding(rows, result),
    )
    blocks = tuple(
        {"chain": c.chain, "hash": c.block_hash, "number": c.block_number, "skew_seconds": c.skew_seconds}
        for c in result.chains
    )
    return ReserveView(findings, tuple(views), result.disclosures, blocks)


def _without_evidence(rows: list[dict[str, Any]], evidence: bytes | None) -> ReserveView:
    if evidence is not None:
        first: Finding = (
            "evidence",
            "fail",
            None,
            "the bundle holds reserve evidence that the attestation does not bind",
        )
    elif any(row["evidence"] == "state-proof" for row in rows):
        first = ("evidence", "fail", None, "rows are said to be proven and no evidence is bound")
    else:
        first = ("evidence", "pass", "claimed", f"no evidence is offered: {len(rows)} rows are the exchange's word")
    rest = tuple((name, "unchecked", None, "no evidence is offered") for name in RESERVE_CHECKS[1:])
    return ReserveView((first, *rest), _claimed(rows))


def _claimed(rows: list[dict[str, Any]]) -> tuple[RowView, ...]:
    return tuple(_view(row, int(row["balance"]), "claimed", "claimed") for row in rows)


def _view(row: Mapping[str, Any], balance: int, assurance: str, given_block: str) -> RowView:
    names = ("entity", "asset", "chain", "contract", "address", "label", "control", "evidence")
    return RowView(
        **{name: row[name] for name in names}, balance=balance, assurance=assurance, assurance_given_block=given_block
    )


Early = frozenset[tuple[str, str]]
"""Chain and address of the proofs of control that could have been signed at any time before."""


def _judge(snapshot: Mapping[str, Any], evidence: bytes, reader: ReserveReader) -> tuple[EvmResult, Early]:
    if tagged_hash(Tag.RESERVE_EVIDENCE, evidence).hex() != snapshot["reserves"]:
        raise FormatError("the evidence is not the file whose digest is signed")
    document = parse_file(evidence)
    if not isinstance(document, dict) or set(document) != {"evm", "format"} or document["format"] != EVIDENCE_FORMAT:
        raise FormatError("the evidence has other keys or another format")
    result = verify_evidence(
        document["evm"],
        cutoff=to_seconds(snapshot["cutoff"]),
        layouts=reader.layouts,
        expected=Expectation(snapshot["exchange"], frozenset(control_periods(snapshot["cutoff"]).values())),
        block_hashes=reader.block_hashes,
        views=reader.views,
    )
    return result, _early_controls(snapshot, document["evm"], reader)


def _early_controls(snapshot: Mapping[str, Any], evm: object, reader: ReserveReader) -> Early:
    """A challenge that names an earlier statement cannot be older than that; one that names none says nothing.

    The statements are the one before this (none before the first, where the digest is zero) and those handed over.
    """
    known = reader.statements | {snapshot["previous"] or bytes(32).hex()}
    return frozenset(
        (chain.chain, to_hex(control.address))
        for chain in read_evidence(evm)
        for control in chain.controls
        if control.challenge is not None and control.challenge.digest.hex() not in known
    )


def _match(
    snapshot: Mapping[str, Any], rows: list[dict[str, Any]], result: EvmResult, early: Early
) -> tuple[list[RowView], dict[str, list[str]]]:
    """Pair every signed row that evidence can speak for with its judged row."""
    scales = {(tree["entity"], tree["asset"]): tree["scale"] for tree in snapshot["trees"]}
    judged = {(r.entity, r.asset, r.chain, r.contract, r.address): r for r in result.rows}
    problems: dict[str, list[str]] = {"evidence": [], "balances": [], "open": []}
    views = []
    for row in rows:
        key = (row["entity"], row["asset"], row["chain"], row["contract"], row["address"])
        where = f"{row['asset']} at {row['address']} on {row['chain']}"
        found = judged.pop(key, None)
        if found is None or not _EVM.match(row["chain"]):
            if row["evidence"] in ("state-proof", "pinned-call"):
                problems["evidence"].append(f"{where} has no evidence")
            views.append(_view(row, int(row["balance"]), "claimed", "claimed"))
            continue
        quanta = found.balance * 10 ** scales[(row["entity"], row["asset"])] // 10**found.decimals
        if quanta != int(row["balance"]):
            problems["balances"].append(f"{where}: {row['balance']} is signed and the evidence gives {quanta}")
        if found.result == "fail":
            failed = next(check for check in found.checks if check.result == "fail")
            problems["balances"].append(f"{where}: {failed.detail}")
        elif row["evidence"] == "state-proof":  # a failure above says already that nothing stands under it
            if not _has_account_proof(found):
                problems["evidence"].append(f"{where} is said to be proven and the evidence is weaker")
            elif not _is_recomputed(found):
                problems["open"].append(f"{where} is said to be proven, and the slot of your layout is not shown")
        views.append(_with_control(_view(row, quanta, found.assurance, found.assurance_given_block), found, early))
    problems["evidence"] += [f"{key[1]} at {key[4]} is in the evidence and not signed" for key in judged]
    return views, problems


def _has_account_proof(row: RowResult) -> bool:
    """The evidence proves the holder's account, or the token's. A failed proof is the check `balances`' to report."""
    return any(check.name == "account-proof" and check.result != "unchecked" for check in row.checks)


def _is_recomputed(row: RowResult) -> bool:
    """The balance itself came out of a proof, and is not the operator's figure: there may be none for its slot."""
    decisive = "account-proof" if row.contract == "native" else "storage-proof"
    return any(check.name == decisive and check.result == "pass" for check in row.checks)


def _with_control(view: RowView, row: RowResult, early: Early) -> RowView:
    """A balance is only as well held as the control of its address is shown, for this period."""
    ranks = ("claimed", "attested", "proven")
    is_shown = row.control.result == "pass" and (row.chain, row.address) not in early
    control = row.control.assurance if is_shown else "claimed"
    return replace(
        view,
        assurance=min(view.assurance, control, key=ranks.index),
        assurance_given_block=min(view.assurance_given_block, control, key=ranks.index),
    )


def _evidence_finding(problems: list[str], count: int) -> Finding:
    if problems:
        return ("evidence", "fail", None, _first(problems))
    return ("evidence", "pass", "proven", f"the signed evidence, in its one form, for {count} rows")


def _balance_finding(problems: dict[str, list[str]], result: EvmResult) -> Finding:
    broken = [c.detail for chain in result.chains for c in chain.checks if c.result == "fail" and c.name in _STRUCTURE]
    wrong = broken + problems["balances"]
    if wrong:
        return ("balances", "fail", None, _first(wrong))
    if problems["open"]:
        return ("balances", "unchecked", None, _first(problems["open"]))
    recomputed = [row for row in result.rows if _is_recomputed(row)]
    detail = f"{len(recomputed)} of {len(result.rows)} balances recomputed from state proofs"
    said = sum(1 for row in recomputed if any(c.result == "unchecked" and c.name in _KNOWLEDGE for c in row.checks))
    if said:
        detail += f"; for {said} of them only the evidence says what the contract or the slot is"
    return ("balances", "pass", "claimed" if said or not recomputed else "proven", detail)


_STRUCTURE = ("header", "proofs")
_KNOWLEDGE = ("asset", "layout")


def _control_finding(result: EvmResult, rows: list[dict[str, Any]], views: list[RowView], early: Early) -> Finding:
    schemes = {
        (control.chain, control.address): control.scheme for chain in result.chains for control in chain.controls
    }
    for row in rows:
        shown = schemes.get((row["chain"], row["address"]), "none")
        if row["control"] != shown:
            return ("control", "fail", None, f"{row['address']}: {row['control']} is signed and {shown} is shown")
    checks = [control.check for chain in result.chains for control in chain.controls if control.scheme != "none"]
    failed = [check.detail for check in checks if check.result == "fail"]
    if failed:
        return ("control", "fail", None, _first(failed))
    if not checks:
        return ("control", "unchecked", None, "no proof of control is given")
    held = sum(1 for check in checks if check.result == "pass")
    without = sum(1 for view in views if view.control == "none")
    detail = f"{held} of {len(checks)} proofs of control hold for this period; {without} rows have none"
    if early:
        detail += f"; {len(early)} name no statement that you handed over, so they may have been signed long before"
    if held < len(checks) or early:
        return ("control", "unchecked", None, detail)
    return ("control", "pass", min((c.assurance for c in checks), key=("claimed", "attested", "proven").index), detail)


def _chain_finding(name: str, result: EvmResult, reader: ReserveReader) -> Finding:
    checks = [(chain.chain, check) for chain in result.chains for check in chain.checks if check.name == name]
    unknown = (set(reader.block_hashes) | set(reader.views)) - {chain.chain for chain in result.chains}
    if unknown:
        return (name, "fail", None, f"the evidence has no chain {min(unknown)}, which the reader asked about")
    for wanted in ("fail", "unchecked"):
        details = [f"{chain}: {check.detail}" for chain, check in checks if check.result == wanted]
        if details:
            return (name, wanted, None, _first(details))
    if not checks:
        return (name, "unchecked", None, "no chain is in the evidence")
    return (name, "pass", "proven", "; ".join(f"{chain}: {check.detail}" for chain, check in checks))


def _double_finding(rows: list[dict[str, Any]], result: EvmResult) -> Finding:
    """One address and contract counts once, under whatever entity, asset or spelling."""
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        chain, contract, address = row["chain"], row["contract"], row["address"]
        if _EVM.match(chain):
            chain, contract, address = f"eip155:{chain[7:].lstrip('0')}", _plain_hex(contract), _plain_hex(address)
        if (chain, contract, address) in seen:
            return ("double", "fail", None, f"{row['address']} on {row['chain']} is counted twice")
        seen.add((chain, contract, address))
    if result.disclosures:
        return ("double", "unchecked", None, result.disclosures[0])
    return ("double", "pass", "proven", f"{len(rows)} rows, none counted twice in this bundle")


def _plain_hex(text: str) -> str:
    """An address or contract as its digits alone, however a row spells it: case, prefix and spaces say nothing."""
    return "".join(text.split()).lower().removeprefix("0x")


def _first(problems: list[str]) -> str:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return problems[0] + more
