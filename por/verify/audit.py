"""The auditor's whole check of one bundle, and of a run of them. Pure over files: no network, no secret, no clock.

In: a bundle's folder, the reader's key, and what else the reader brings. Out: a `BundleAudit` with one line for every
check, and the figures behind them. What was not handed over is *unchecked*; what contradicts itself is *fail*.
Required: form, signature, manifest, accounts, leaves, trees, sums, statements, evidence, balances; for a missed hour
the first three. docs/spec/verification.md says what each means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ledger.errors import CheckFailed, FormatError
from ledger.keys import verify_signature
from por.attestation import coverage_text, fingerprint
from por.files import read_document
from por.liabilities.folder import FOLDER, Columns, read_folder
from por.liabilities.kernels import Kernel
from por.liabilities.rebuild import Progress
from por.manifest import MANIFEST_NAME, check_files, read_manifest
from por.snapshot import SnapshotId
from por.verify import standalone
from por.verify.chain import ChainReport, Link, check_chain
from por.verify.lending import LENDING_CHECKS, check_lending
from por.verify.liabilities import LIABILITY_CHECKS, check_liabilities
from por.verify.reserves import RESERVE_CHECKS, ReserveReader, ReserveView, RowView, check_reserves
from por.verify.standalone import Check, Malformed, ReaderKey

__all__ = ["AFTER_SIGNATURE", "AuditReport", "BundleAudit", "Reader", "audit_bundle", "report_of", "strict_signature"]

_REQUIRED = frozenset({"form", "signature", "manifest", *LIABILITY_CHECKS, "evidence", "balances"})
AFTER_SIGNATURE = ("manifest", *LIABILITY_CHECKS, *RESERVE_CHECKS, "books", "net", "sections", "replay", "same-root")


@dataclass(frozen=True, slots=True)
class Reader:
    """What the person who checks brings: the exchange's key and, for chains, what they know of their own."""

    key: ReaderKey | None
    reserves: ReserveReader
    kernel: Kernel


@dataclass(slots=True)
class BundleAudit:
    """One bundle's checks and figures."""

    name: str
    checks: list[Check] = field(default_factory=list)
    kind: str | None = None
    snapshot: str | None = None
    sequence: int | None = None
    digest: str | None = None
    key: str | None = None
    link: Link | None = None
    trees: list[dict[str, Any]] = field(default_factory=list)
    reserves: ReserveView | None = None
    sections: Mapping[str, Any] = field(default_factory=dict)
    is_signed: bool = False

    def add(self, name: str, result: str, assurance: str | None, detail: str) -> None:
        """Add a line; an assurance stands only behind a pass, and is *claimed* where anyone may have signed."""
        if assurance is not None and name != "form" and not self.is_signed:
            assurance = "claimed"
        self.checks.append(Check(name, result, name in _REQUIRED, assurance if result == "pass" else None, detail))

    @property
    def verdict(self) -> str:
        return _verdict(self.checks)

    def as_json(self) -> dict[str, Any]:
        return {
            "checks": [check._asdict() for check in self.checks],
            "digest": self.digest,
            "blocks": [] if self.reserves is None else [dict(block) for block in self.reserves.blocks],
            "disclosures": list(self.sections.get("snapshot", {}).get("disclosures", [])),
            "fingerprint": None if self.digest is None else fingerprint(bytes.fromhex(self.digest)),
            "kind": self.kind,
            "name": self.name,
            "notes": [] if self.reserves is None else list(self.reserves.notes),
            "reserves": [] if self.reserves is None else [_row_json(row) for row in self.reserves.rows],
            "sequence": self.sequence,
            "snapshot": self.snapshot,
            "trees": self.trees,
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True)
class AuditReport:
    """A run of bundles and the chain that they form."""

    bundles: Sequence[BundleAudit]
    chain: ChainReport

    @property
    def chain_check(self) -> Check:
        found = [*self.chain.failures, *self.chain.missing, *self.chain.notes]
        detail = "; ".join(found) if found else f"{len(self.bundles)} statements, each naming the one before it"
        result = self.chain.result
        return Check("chain", result, False, "proven" if result == "pass" else None, detail)

    @property
    def verdict(self) -> str:
        return _verdict([check for bundle in self.bundles for check in bundle.checks] + [self.chain_check])

    def as_json(self) -> dict[str, Any]:
        return {
            "bundles": [bundle.as_json() for bundle in self.bundles],
            "checks": [check._asdict() for bundle in self.bundles for check in bundle.checks]
            + [self.chain_check._asdict()],
            "forks": [list(pair) for pair in self.chain.forks],
            "verdict": self.verdict,
        }


def _verdict(checks: Sequence[Check]) -> str:
    if any(check.result == "fail" for check in checks):
        return "invalid"
    return "unchecked" if any(check.required and check.result != "pass" for check in checks) else "valid"


def _row_json(row: RowView) -> dict[str, Any]:
    return {name: getattr(row, name) for name in RowView.__dataclass_fields__} | {"balance": str(row.balance)}


def strict_signature(key: bytes, message: bytes, signature: bytes) -> bool:
    """The strict rule through the `cryptography` package; the message is `label ‖ 00 ‖ digest`."""
    label, _, digest = message.partition(b"\0")
    return verify_signature(key, label.decode("ascii"), digest, signature)


def report_of(audits: Sequence[BundleAudit]) -> AuditReport:
    """Put audited bundles together and check the chain over all of them."""
    return AuditReport(audits, check_chain([audit.link for audit in audits if audit.link is not None]))


def audit_bundle(bundle: Path, reader: Reader, progress: Progress | None = None) -> BundleAudit:
    """Audit one bundle; never raises for what is in it. OSError is left for files that cannot be read at all."""
    audit = BundleAudit(bundle.name)
    document = _check_form(bundle, audit)
    if document is None or not _check_signature(document, reader, audit):
        reached = "not reached, because form or signature failed"
        for name in AFTER_SIGNATURE:
            audit.add(name, "unchecked", None, reached)
        return audit
    report = progress or (lambda stage, done, total: None)
    report("files", 0, 0)
    _check_manifest(bundle, audit)
    report("files", 1, 1)
    if audit.kind == "missed":
        _check_missed(document["sections"], audit)
        return audit
    columns = _check_liabilities(bundle, document, reader, audit, progress)
    _check_reserves(bundle, document, reader, audit)
    _check_figures(document, audit, columns)
    return audit


def _check_form(bundle: Path, audit: BundleAudit) -> dict[str, Any] | None:
    try:
        data = read_document(bundle / "attestation.json")
    except OSError:
        audit.add("form", "fail", None, "attestation.json is missing, or no file that can be read")
        audit.add("signature", "unchecked", None, "not reached, because form failed")
        return None
    try:
        document = standalone.read_attestation(data)
    except Malformed as problem:
        audit.add("form", "fail", None, f"attestation{problem}")
        audit.add("signature", "unchecked", None, "not reached, because form failed")
        return None
    statement = document["statement"]
    audit.kind, audit.snapshot, audit.sequence = statement["kind"], statement["snapshot"], statement["sequence"]
    audit.key, audit.sections = statement["key"], document["sections"]
    audit.add("form", "pass", "proven", f"{audit.kind} {audit.sequence} for {audit.snapshot}")
    return document


def _check_signature(document: dict[str, Any], reader: Reader, audit: BundleAudit) -> bool:
    result, detail, digest = standalone.check_signature(document, reader.key, strict_signature)
    audit.digest, audit.is_signed = digest.hex(), result == "pass"
    audit.add("signature", result, "proven", detail)
    if result == "pass":
        statement, sections = document["statement"], document["sections"]
        audit.link = Link(
            source=audit.name,
            digest=audit.digest,
            sequence=statement["sequence"],
            previous=statement["previous"],
            kind=statement["kind"],
            snapshot=SnapshotId.parse(statement["snapshot"]),
            restates=sections.get("restatement", {}).get("restates"),
            rotations=tuple(sections["keys"]["rotations"]),
            failure=sections.get("failed", {}).get("code"),
        )
    return result != "fail"


def _check_manifest(bundle: Path, audit: BundleAudit) -> None:
    try:
        data = read_document(bundle / MANIFEST_NAME)
    except OSError:
        audit.add("manifest", "fail", None, "manifest.json is missing, or no file that can be read")
        return
    try:
        manifest = read_manifest(data)
        if manifest.key.hex() != audit.key:
            raise CheckFailed("the manifest is signed by another key than the attestation")
        named = (manifest.attestation, manifest.sequence, manifest.snapshot)
        if named != (audit.digest, audit.sequence, audit.snapshot):
            raise CheckFailed("the manifest is of another attestation")
        results = check_files(bundle, manifest)
    except (CheckFailed, FormatError) as problem:
        audit.add("manifest", "fail", None, str(problem))
        return
    absent = [folder for folder, result in results.items() if result == "unchecked"]
    detail = f"{len(manifest.entries)} public files" + "".join(f", {name}/" for name in results if name != "public")
    audit.add("manifest", "pass", "proven", detail + (f"; not handed over: {', '.join(absent)}" if absent else ""))


def _check_liabilities(
    bundle: Path, document: dict[str, Any], reader: Reader, audit: BundleAudit, progress: Progress | None
) -> Columns | None:
    """The five checks; the columns, where they are those that were signed."""
    folder = bundle / FOLDER
    if not folder.is_dir():
        for name in LIABILITY_CHECKS:
            audit.add(name, "unchecked", None, "liabilities/ was not handed over")
        return None
    report = progress or (lambda stage, done, total: None)
    report("reading leaves", 0, 0)
    try:
        columns = read_folder(folder)
    except (CheckFailed, FormatError) as problem:
        audit.add(LIABILITY_CHECKS[0], "fail", None, str(problem))
        for name in LIABILITY_CHECKS[1:]:
            audit.add(name, "unchecked", None, "the leaves cannot be read")
        return None
    report("reading leaves", 1, 1)
    findings, _ = check_liabilities(columns, document["sections"]["snapshot"], reader.kernel, progress)
    for name, result, detail in findings:
        audit.add(name, result, "proven", detail)
    return columns if all(result == "pass" for _, result, _ in findings) else None


def _check_reserves(bundle: Path, document: dict[str, Any], reader: Reader, audit: BundleAudit) -> None:
    path = bundle / "reserves" / "evidence.json"
    evidence = read_document(path) if path.is_file() else None
    view = check_reserves(document["sections"], evidence, reader.reserves)
    if not audit.is_signed:
        view = replace(
            view, rows=tuple(replace(row, assurance="claimed", assurance_given_block="claimed") for row in view.rows)
        )
    audit.reserves = view
    unread = document["sections"].get("unread", {}).get("rows", [])
    for name, result, assurance, detail in audit.reserves.findings:
        if name == "balances" and result == "pass" and unread:
            result, detail = "unchecked", f"{len(unread)} reserves could not be read at this hour; {detail}"
        audit.add(name, result, assurance, detail)
    audit.trees = _tree_figures(document["sections"], audit.reserves.rows)


def _tree_figures(sections: Mapping[str, Any], rows: Sequence[RowView]) -> list[dict[str, Any]]:
    """Per tree: what is owed, what is stated, what this reader can hold, and would with the block confirmed."""
    figures = []
    for tree, total in zip(sections["snapshot"]["trees"], sections["reserves"]["totals"], strict=True):
        mine = [row for row in rows if (row.entity, row.asset) == (tree["entity"], tree["asset"])]
        held, given = ({"proven": 0, "attested": 0, "claimed": 0} for _ in range(2))
        for row in mine:
            held[row.assurance] += row.balance
            given[row.assurance_given_block] += row.balance
        claims = int(tree["claims"])
        figures.append(
            {
                "asset": tree["asset"],
                "claims": tree["claims"],
                "coverage": coverage_text(sum(held.values()), claims),
                "coverage_proven": coverage_text(held["proven"], claims),
                "coverage_proven_given_block": coverage_text(given["proven"], claims),
                "debts": tree["debts"],
                "entity": tree["entity"],
                "leaves": tree["leaves"],
                "reserves": {name: str(value) for name, value in held.items()},
                "reserves_given_block": {name: str(value) for name, value in given.items()},
                "scale": tree["scale"],
                "stated": {name: total[name] for name in ("proven", "attested", "claimed", "coverage")},
            }
        )
    return figures


def _check_missed(sections: Mapping[str, Any], audit: BundleAudit) -> None:
    audit.add("missed", "pass", "claimed", sections["missed"]["reason"])
    if "failed" in sections:
        failed = sections["failed"]
        detail = (
            f"{failed['code']}: {failed['detail']}; no root was signed at log position {failed['ledger']['position']}"
        )
        audit.add("failed", "unchecked", None, detail)


def _check_ledger_figures(sections: Mapping[str, Any], audit: BundleAudit) -> None:
    """What only an hour of the embedded exchange states; their arithmetic is part of `form`."""
    if "zero-sum" in sections:
        uncredited = [row["asset"] for row in sections["zero-sum"]["rows"] if row["receipts_uncredited"] != "0"]
        detail = "the ledger's report sums to zero in every asset, with the claims and debts of the trees"
        detail += f"; receipts not yet credited in {', '.join(uncredited)}" if uncredited else ""
        audit.add("zero-sum", "pass", "claimed", detail)
    if "in-flight" in sections:
        section = sections["in-flight"]
        apart = [f"{row['difference']} {row['asset']}" for row in section["totals"] if row["difference"] != "0"]
        detail = f"{len(section['rows'])} transactions between the ledger and the chains"
        detail += f"; what they do not explain, in quanta: {', '.join(apart)}" if apart else "; they explain all of it"
        audit.add("in-flight", "pass", "claimed", detail)
    if "unread" in sections:
        rows = sections["unread"]["rows"]
        reasons = "; ".join(sorted({f"{row['chain']}: {row['reason']}" for row in rows}))
        audit.add("unread", "unchecked", None, f"{len(rows)} reserves could not be read and count nothing; {reasons}")


def _check_figures(document: dict[str, Any], audit: BundleAudit, columns: Columns | None) -> None:
    sections = document["sections"]
    if "books" in sections:
        gaps = [row for row in sections["books"]["rows"] if row["deficit"] != "0"]
        detail = "custody, in transit, debts and receivables set against claims and house"
        if gaps:
            detail += f"; deficit in {', '.join(row['asset'] for row in gaps)}"
        audit.add("books", "pass", "claimed", detail)
    else:
        audit.add("books", "unchecked", None, "the exchange states no books beside its reserves")
    _check_ledger_figures(sections, audit)
    for finding in check_lending(sections, columns):
        audit.add(*finding)
    if "net" in sections:
        audit.add(
            "net", "pass", "claimed", "a figure net of debts is stated; it rests on the exchange's prices and word"
        )
    else:
        audit.add("net", "unchecked", None, "no figure net of debts is stated")
    unknown = sorted(set(sections) - standalone.SECTION_FORMS.keys() - set(LENDING_CHECKS))
    if unknown:
        audit.add("sections", "unchecked", None, f"not known to this verifier: {', '.join(unknown)}")
    else:
        audit.add("sections", "pass", "proven", "every section is known")
    if sections["snapshot"]["ledger"] is None:
        audit.add("replay", "unchecked", None, "the books are kept outside: there is no command log to replay")
    else:
        audit.add("replay", "unchecked", None, "no command log was replayed")
    assert audit.digest is not None
    audit.add("same-root", "unchecked", None, f"compare with other people: {fingerprint(bytes.fromhex(audit.digest))}")
