"""A fraud being caught: an exchange publishes half of what it owes, by handing out a forged sibling.

Where a tree's node hashes only the total of its children, an exchange can tell the left half of its customers that the
right half is owed nothing, and the right half the same about the left: each path adds up to the published total. Here
each child's own sums are hashed, so one signed root fits one story only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from cli.common import console
from ledger.canonical import Json, Tag, base64_text, canonical_file, from_base64, parse_file, tagged_hash
from ledger.keys import SigningKey, key_file
from por.attestation import (
    SnapshotFacts,
    TreeRow,
    reserves_section,
    sign_attestation,
    snapshot_section,
    statement_digest,
)
from por.liabilities.folder import Columns
from por.liabilities.forest import Forest, asset_root, build
from por.liabilities.kernels import pack_amounts, pack_identities, select
from por.liabilities.rebuild import Rebuilt, columns_of, rebuild
from por.proofs import make_proof
from por.snapshot import SnapshotId
from por.verify import standalone

__all__ = ["show"]

CUSTOMERS = tuple(f"{name}@example.com" for name in ("ann", "ben", "cho", "dee", "eli", "fay", "gus", "hal"))
OWED = 10
# A play exchange's secret, the same for everybody, so that the documentation can say who stands where.
SECRET = b"the secret that all may know 32b"
SNAPSHOT = SnapshotId("honest-looking.exchange", "2026-01-01T00:00:00Z")


def show(out: Path) -> int:
    """Build the fraud in `out`, let every customer check, and print who catches it. Always exit status 0."""
    key, kernel = SigningKey(SECRET), select()
    count = len(CUSTOMERS)
    identities = pack_identities("email", CUSTOMERS)
    amounts = pack_amounts([(OWED, 0)] * count)
    accounts = np.arange(count, dtype=np.uint32)
    trees = [("main", "BTC", 0)]
    forest = build(str(SNAPSHOT), SECRET, trees, np.zeros(count, np.uint32), accounts, amounts, identities, kernel)
    rebuilt = rebuild(columns_of(forest, accounts, amounts, identities, None, ("",)), [0], kernel)
    attestation, forged = _dishonest_attestation(rebuilt, forest, key)
    out.mkdir(parents=True)
    (out / "attestation.json").write_bytes(attestation)
    (out / "exchange-key.json").write_bytes(key_file(SNAPSHOT.exchange, key.public))
    say = console().print
    say(f"An exchange owes {count} customers {OWED} BTC each: {count * OWED} BTC.")
    say(f"It signs a total of {count * OWED // 2} BTC, and hands out paths in which the other half is owed nothing.\n")
    caught = _let_everybody_check(out, rebuilt.columns, rebuilt, attestation, forged, key)
    say(f"\n{len(caught)} of {count} customers see that the signed root does not hold their money.")
    say("The root binds one story. Under hashes that bind only a total, all of them would have seen VALID.\n")
    first, account = caught[0], rebuilt.columns.identity(caught[0])[1]
    click.echo(f"Try it: tallystick verify {out / f'proof-{first}.json'} --attestation {out / 'attestation.json'} \\")
    click.echo(f"            --key {out / 'exchange-key.json'} --account {account}")
    return 0


def _dishonest_attestation(rebuilt: Rebuilt, forest: Forest, key: SigningKey) -> tuple[bytes, bytes]:
    """The signed lie: the right half of the tree is presented with the sum 0. Gives it and the forged sibling."""
    left, right = rebuilt.trees[0].level(2)[0].tobytes(), rebuilt.trees[0].level(2)[1].tobytes()
    forged = right[:32] + bytes(32)
    top = tagged_hash(Tag.NODE, left + forged) + left[32:]
    count = len(CUSTOMERS)
    root = asset_root(str(SNAPSHOT), ("main", "BTC", 0), count, top)
    tree = TreeRow("main", "BTC", 0, count * OWED // 2, 0, count, root)
    facts = SnapshotFacts(forest.accounts.count, forest.accounts.root, None)
    snapshot = snapshot_section(SNAPSHOT, [tree], facts, None)
    sections: dict[str, Json] = {"reserves": reserves_section([tree], []), "snapshot": snapshot}
    return sign_attestation("attestation", SNAPSHOT, sections, None, key, []), forged


def _let_everybody_check(
    out: Path, columns: Columns, rebuilt: Rebuilt, attestation: bytes, forged: bytes, key: SigningKey
) -> list[int]:
    """Print each customer's answer; gives the places of those who catch the lie."""
    checked = standalone.check_attestation(attestation, standalone.read_key(key.public.hex()))
    digest = statement_digest(standalone.read_attestation(attestation)["statement"])
    caught = []
    for slot in range(columns.account_count):
        proof = _forge(make_proof(rebuilt, slot, digest), forged)
        (out / f"proof-{slot}.json").write_bytes(proof)
        account = columns.identity(slot)[1]
        report = standalone.check_proof(proof, checked, account)
        failed = ", ".join(check.name for check in report.checks if check.result == "fail")
        if report.verdict == "invalid":
            caught.append(slot)
        console().print(f"  {account:16} {report.verdict.upper():8} {failed}", markup=False)
    return caught


def _forge(proof: bytes, forged: bytes) -> bytes:
    """The left half gets the forged sibling; to the right half the exchange says that the left is owed nothing."""
    document: Any = parse_file(proof)
    leaf = document["leaves"][0]
    path = bytearray(from_base64(leaf["path"]))
    path[128:192] = forged if leaf["slot"] < len(CUSTOMERS) // 2 else bytes(path[128:160]) + bytes(32)
    leaf["path"] = base64_text(bytes(path))
    return canonical_file(document)
