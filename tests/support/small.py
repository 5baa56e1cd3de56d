"""A small exchange for tests: a balance file, an asset file, keys, and the bundle that they make. No chain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.assets import AssetTable
from ledger.keys import SigningKey
from por.attestation import Predecessor, ReserveRow, statement_digest
from por.bundle import BundleInput, Written, write_bundle
from por.liabilities.books import read_books
from por.liabilities.kernels import Kernel, select
from por.reserves.evm import LayoutTable
from por.snapshot import SnapshotId
from por.verify.audit import BundleAudit, Reader, audit_bundle
from por.verify.reserves import ReserveReader
from por.verify.standalone import read_attestation, read_key

EXCHANGE = "small.exchange"
KEY = SigningKey(b"small exchange signing key 32 by")
MASTER = b"small exchange master secret 32b"
HOUR = "2026-11-20T02:00:00Z"

ASSETS = """
[assets.BTC]
scale = 8
price = "60000"
haircut = "0.9"

[assets.ETH]
scale = 9
price = "3000"
haircut = "0.8"

[assets.XRP]
scale = 6
"""

BALANCES = """\
account,kind,subaccount,asset,claim,debt
ann@example.com,email,,BTC,1.5,0
ann@example.com,email,bot,BTC,0.25,0.1
ann@example.com,email,,ETH,10,0
ben@example.com,email,,BTC,0,2
ben@example.com,email,,ETH,40,0
1001,assigned,trading,ETH,0.000000001,0
"""

BANK = ReserveRow("main", "BTC", "offchain:bank", "native", "vault 1", 3 * 10**8, "vault", "none", "claim")


def write_inputs(folder: Path, balances: str = BALANCES, assets: str = ASSETS) -> tuple[Path, Path]:
    """The balance file and the asset file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "balances.csv").write_text(balances, encoding="utf-8")
    (folder / "assets.toml").write_text(assets, encoding="utf-8")
    return folder / "balances.csv", folder / "assets.toml"


def small_input(folder: Path, balances: str = BALANCES, **changes: Any) -> BundleInput:
    """What a small bundle is made from; `changes` replace fields."""
    balance_file, asset_file = write_inputs(folder, balances)
    assets = AssetTable.load(asset_file)
    given: dict[str, Any] = {
        "snapshot": SnapshotId(EXCHANGE, HOUR),
        "books": read_books(balance_file, "csv", assets),
        "assets": assets,
        "reserve_rows": [BANK],
        "evm_evidence": None,
        "previous": None,
        "key": KEY,
        "master": MASTER,
        "kernel": select(),
    }
    return BundleInput(**given | changes)


def small_bundle(folder: Path, name: str = "bundle", **changes: Any) -> Written:
    """A small bundle under `folder / name`."""
    return write_bundle(folder / name, small_input(folder / "inputs", **changes))


def predecessor(bundle: Path) -> Predecessor:
    """What the next statement must know of a bundle's."""
    document = read_attestation((bundle / "attestation.json").read_bytes())
    rotations = document["sections"]["keys"]["rotations"]
    return Predecessor(statement_digest(document["statement"]), document["statement"]["sequence"], rotations)


def small_audit(bundle: Path, key: SigningKey | None = KEY, kernel: Kernel | None = None) -> BundleAudit:
    """Audit a bundle as a reader who has the exchange's key and nothing else."""
    reader_key = None if key is None else read_key(key.public.hex())
    return audit_bundle(bundle, Reader(reader_key, ReserveReader(LayoutTable()), kernel or select()))


def results(audit: BundleAudit, names: Sequence[str] | None = None) -> dict[str, str]:
    """Result by name of check."""
    return {check.name: check.result for check in audit.checks if names is None or check.name in names}
