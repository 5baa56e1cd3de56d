"""Items drawn by the seed and looked at one by one: leaves and reserve rows of a bundle, and ids that must be there.

A leaf is checked as its customer would check it: its proof is made from the rebuilt trees and given to the verifier
that customers run, which recomputes the commitment, the inclusion and the statement from the id alone. A fault of the
bundle is a result; it never raises for one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from compliance.procedures.outcomes import LeafSample, Outcome, RowSample, unperformed
from compliance.procedures.sampling import draw
from ledger.errors import CheckFailed, FormatError
from por.files import read_document
from por.liabilities.folder import FOLDER, Columns, read_folder
from por.liabilities.kernels import AmountOverflow, Kernel, unpack_amount
from por.liabilities.rebuild import Rebuilt, rebuild
from por.proofs import make_proof
from por.verify.audit import BundleAudit
from por.verify.standalone import AttestationResult, ReaderKey, check_attestation, check_proof

__all__ = ["Leaves", "check_included", "read_leaves", "sample_leaves", "sample_rows"]


_BASIS = frozenset({"form", "signature", "accounts", "leaves"})
"""Without these there are no trees whose leaves could be followed."""


class Leaves(NamedTuple):
    """A bundle's leaves, built up again, and its attestation as the customers' verifier reads it."""

    rebuilt: Rebuilt
    attestation: AttestationResult

    @property
    def is_signed(self) -> bool:
        return self.attestation.signature[0] == "pass"


def read_leaves(bundle: Path, audit: BundleAudit, key: ReaderKey | None, kernel: Kernel) -> Leaves | str:
    """The leaves of a bundle, or why there are none."""
    if "snapshot" not in audit.sections:
        return "the statement has no balances"
    failed = [check.name for check in audit.checks if check.name in _BASIS and check.result == "fail"]
    if failed:
        return f"not reached, because {' and '.join(failed)} failed"
    if not (bundle / FOLDER).is_dir():
        return "liabilities/ was not handed over"
    try:
        columns = read_folder(bundle / FOLDER)
        trees = audit.sections["snapshot"]["trees"]
        if [(tree.entity, tree.asset) for tree in columns.trees] != [(row["entity"], row["asset"]) for row in trees]:
            return "liabilities/ has other trees than were signed"
        rebuilt = rebuild(columns, [row["scale"] for row in trees], kernel)
        attestation = check_attestation(read_document(bundle / "attestation.json"), key)
    except (AmountOverflow, CheckFailed, FormatError, OSError, UnicodeDecodeError) as problem:
        return f"the leaves cannot be built up again: {problem}"
    assert attestation.problem is None, "an attestation that the audit read has a form"
    return Leaves(rebuilt, attestation)


def sample_leaves(label: str, leaves: Leaves, seed: str, count: int) -> tuple[Outcome, list[LeafSample]]:
    """The leaves drawn of a bundle, each given to the customers' verifier."""
    trees = leaves.rebuilt.columns.trees
    total = sum(len(tree.accounts) for tree in trees)
    digest = bytes.fromhex(leaves.attestation.digest)
    found = [_leaf(label, leaves, place) for place in draw(seed, digest, "leaves", total, count)]
    wrong = [
        f"leaf {each.place} ({each.entity}/{each.asset}): {each.detail}" for each in found if each.result != "pass"
    ]
    if not found:
        return unperformed("sample-leaves", label, "there is no leaf to draw, or none was asked for"), []
    detail = f"{len(found)} of {total:,} leaves drawn; {len(found) - len(wrong)} agree with their own proof"
    return _outcome("sample-leaves", label, detail, wrong, leaves.is_signed), found


def _leaf(label: str, leaves: Leaves, place: int) -> LeafSample:
    rebuilt = leaves.rebuilt
    number = max(
        n for n, first in enumerate(rebuilt.first) if first <= place and len(rebuilt.columns.trees[n].accounts)
    )
    tree, slot = rebuilt.columns.trees[number], place - rebuilt.first[number]
    owner = int(tree.accounts[slot])
    kind, account = rebuilt.columns.identity(owner)
    claim, debt = unpack_amount(tree.amounts[slot].tobytes())
    proof = make_proof(rebuilt, owner, bytes.fromhex(leaves.attestation.digest))
    report = check_proof(proof, leaves.attestation, account)
    wrong = [f"{check.name}: {check.detail}" for check in report.checks if check.result == "fail"]
    stated = [(balance.claim, balance.debt) for balance in report.balances if _is_of(balance, tree.entity, tree.asset)]
    if not wrong and len(stated) != 1:
        wrong.append("the proof does not state this leaf once")
    scale = leaves.attestation.trees[tree.entity, tree.asset].scale
    return LeafSample(
        label, place, tree.entity, tree.asset, kind, account, claim, debt, scale,
        "fail" if wrong else "pass", "; ".join(wrong) or "commitment, inclusion and statement recomputed",
    )  # fmt: skip


def _is_of(balance: Any, entity: str, asset: str) -> bool:
    return (balance.entity, balance.asset) == (entity, asset)


def check_included(label: str, leaves: Leaves, wanted: Sequence[str]) -> Outcome:
    """Whether each of the ids that the practitioner brings has a balance among the leaves."""
    if not wanted:
        return unperformed("included", label, "no file of ids was given (--include)")
    missing = sorted(set(wanted) - set(_owners(leaves.rebuilt.columns, frozenset(wanted))))
    detail = f"{len(set(wanted)) - len(missing)} of {len(set(wanted))} ids that must be there have a leaf"
    return _outcome("included", label, detail, [f"{each} has no leaf" for each in missing], leaves.is_signed)


def _owners(columns: Columns, wanted: Collection[str]) -> Iterator[str]:
    """Those of the ids that own a leaf: an account that is listed and owns none is not included."""
    owning = np.zeros(columns.account_count, np.bool_)
    for tree in columns.trees:
        owning[tree.accounts] = True
    for slot in np.flatnonzero(owning).tolist():
        account = columns.identity(slot)[1]
        if account in wanted:
            yield account


def sample_rows(label: str, audit: BundleAudit, seed: str, count: int) -> tuple[Outcome, list[RowSample]]:
    """The signed reserve rows drawn of a bundle, beside what their evidence gives."""
    if audit.digest is None or audit.reserves is None or "reserves" not in audit.sections:
        return unperformed("sample-reserves", label, "the statement has no reserve rows that were reached"), []
    signed: Sequence[Mapping[str, Any]] = audit.sections["reserves"]["rows"]
    views = audit.reserves.rows
    assert len(views) == len(signed), "the audit has a row for each signed row"
    scales = {(tree["entity"], tree["asset"]): tree["scale"] for tree in audit.sections["snapshot"]["trees"]}
    found = []
    for place in draw(seed, bytes.fromhex(audit.digest), "reserves", len(signed), count):
        row, view = signed[place], views[place]
        differs = int(row["balance"]) != view.balance
        detail = "the evidence gives another balance" if differs else _row_words(view.assurance)
        scale = scales[view.entity, view.asset]
        found.append(
            RowSample(
                label, place, view.entity, view.asset, view.chain, view.address, int(row["balance"]), view.balance,
                scale, view.control, view.evidence, view.assurance, "fail" if differs else "pass", detail,
            )
        )  # fmt: skip
    if not found:
        return unperformed("sample-reserves", label, "there is no reserve row to draw, or none was asked for"), []
    wrong = [
        f"row {each.place} ({each.asset} at {each.address}): {each.detail}" for each in found if each.result == "fail"
    ]
    shown = sum(each.assurance != "claimed" for each in found)
    detail = f"{len(found)} of {len(signed)} rows drawn; {shown} shown by more than the exchange's word"
    outcome = _outcome("sample-reserves", label, detail, wrong, audit.is_signed)
    return (outcome if shown == len(found) else outcome._replace(assurance=None if wrong else "claimed")), found


def _row_words(assurance: str) -> str:
    return {
        "proven": "recomputed from its proof, with control shown",
        "attested": "a third party's signed statement",
        "claimed": "the exchange's word; nothing of its own to compare it with",
    }[assurance]


def _outcome(procedure: str, label: str, detail: str, wrong: list[str], is_signed: bool) -> Outcome:
    if wrong:
        return Outcome(procedure, label, "fail", None, detail, wrong)
    return Outcome(procedure, label, "pass", "proven" if is_signed else "claimed", detail)
