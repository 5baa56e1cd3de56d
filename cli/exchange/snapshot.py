"""What is owed now, for an auditor on the spot: trees of the store's position, unsigned and outside the chain.

Salts and order are this snapshot's own, drawn for it and never used again, so that nothing in it links to an hour that
was attested. It is no statement: it has no number and no signature, and the chain of hours does not know it. The folder
names accounts and balances: it is for who asked, not for the public.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import click

from cli.common import emit_json, json_option, passphrase, progress
from cli.exchange.config import Config
from cli.exchange.giving import folder_option
from cli.exchange.reading import asset_scales, reading
from cli.exchange.vault import HouseSecrets
from ledger.assets import format_amount
from ledger.canonical import Json, canonical_file
from ledger.errors import InputError
from ledger.personal import Bound, Erased, PersonalStore
from ledger.store import history
from ledger.store.snapshot import StoreSnapshot
from por.bundle import whole_or_nothing
from por.hour.balances import AccountRow, BalanceRow, CutBalances, books_by_slot, sort_balances
from por.liabilities.folder import FOLDER, write_folder
from por.liabilities.forest import Lines, present_accounts, rebuild_from_slots
from por.liabilities.kept import kept_with_salts, read_kept
from por.liabilities.kernels import pack_names, select
from por.liabilities.live import LiveForest
from por.liabilities.opened import open_hour
from por.liabilities.rebuild import columns_of
from por.snapshot import SnapshotId, time_text

__all__ = ["snapshot"]

FORMAT = "tallystick/snapshot/1"


@click.command()
@folder_option
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder that does not exist yet."
)
@json_option
def snapshot(folder: Path, out: Path, as_json: bool) -> int:
    """Write what is owed now into a folder: every account's leaf, the trees' roots and sums; unsigned."""
    if out.exists():
        raise InputError(str(out), "exists", "Name a folder that does not.")
    config = Config.load(folder)
    secrets = HouseSecrets.load(config.secrets, passphrase("The passphrase of the keys"))
    with progress(not as_json) as bar, reading(config) as store:
        bar("trees", 0, 0)
        document = _write(config, secrets, store, out)
        bar("trees", 1, 1)
    if as_json:
        emit_json(document)
        return 0
    trees: Any = document["trees"]
    for tree in trees:
        claims, debts = (format_amount(int(tree[name]), tree["scale"]) for name in ("claims", "debts"))
        click.echo(f"  {tree['asset']}: {tree['leaves']:,} leaves, claims {claims}, debts {debts}")
    click.echo(f"log position {document['position']}, unsigned, outside the chain of hours: {out}")
    return 0


def _write(config: Config, secrets: HouseSecrets, store: StoreSnapshot, out: Path) -> dict[str, Json]:
    """The folder, whole or not at all; what stands in its snapshot.json."""
    scales, position = asset_scales(store.session), store.position
    names = tuple((config.entity, asset, scale) for asset, scale in sorted(scales.items()))
    rows = [BalanceRow(r.entity, r.owner, r.subaccount, r.asset, r.claim, r.debt) for r in store.rows()]
    balances = CutBalances.collect(names, _accounts(config, secrets, store), rows)
    ordered, kernel = sort_balances(balances), select()
    name = str(SnapshotId(config.exchange, time_text(int(time.time()) // 3600 * 3600)))
    master = os.urandom(32)
    leaves = (ordered.leaf_tree, ordered.leaf_account, ordered.leaf_amounts)
    opened = open_hour(name, master, position.sequence, names, *leaves, balances.identities, kernel)
    with tempfile.TemporaryDirectory() as place:
        live = LiveForest(name, master, names, kernel)
        live.adopt(opened)
        live.write_kept(Path(place) / "hour", position.sequence)
        kept = read_kept(Path(place) / "hour")
    books = books_by_slot(balances, ordered, kept)
    count = int(present_accounts(books.leaf_account, kept.identities.count).sum())
    subaccounts = pack_names((each,) for each in books.subaccounts)
    lines = Lines(books.leaf_line_offsets, books.line_subaccount, books.line_amounts, subaccounts)
    slots, columns = kept_with_salts(kept, master, count), (books.leaf_tree, books.leaf_account, books.leaf_amounts)
    forest = rebuild_from_slots(name, slots, list(names), *columns, kept.identities, kernel, lines)
    document: dict[str, Json] = {
        "accounts": {"count": forest.accounts.count, "root": forest.accounts.root.hex()},
        "exchange": config.exchange,
        "format": FORMAT,
        "head": position.hash.hex(),
        "position": position.sequence,
        "snapshot": name,
        "time": time_text(position.applied_micros // 1_000_000),
        "trees": [
            {
                "asset": tree.asset,
                "claims": str(tree.claims),
                "debts": str(tree.debts),
                "entity": tree.entity,
                "leaves": tree.count,
                "root": tree.root.hex(),
                "scale": tree.scale,
            }
            for tree in forest.trees
        ],
    }
    with whole_or_nothing(out) as part:
        write_folder(part / FOLDER, columns_of(forest, *columns[1:], kept.identities, lines, books.subaccounts))
        (part / "snapshot.json").write_bytes(canonical_file(document))
    return document


def _accounts(config: Config, secrets: HouseSecrets, store: StoreSnapshot) -> Iterator[AccountRow]:
    """Every account in the order of the log, with its leaf's id and what it is to the exchange."""
    relations = {}
    for event in history.events(store.session, "customer-set"):
        relations[event.account] = event.document["relation"]
    with closing(PersonalStore(config.personal, secrets.master)) as personal:
        for event in history.events(store.session, "account-opened"):
            account, opened = str(event.account), event.document
            kind, identity = "assigned", account
            if opened["data"] is not None:
                bound = Bound(bytes.fromhex(opened["data"]), bytes.fromhex(opened["identity"]))
                with suppress(Erased):  # what was erased is nobody's own id any more
                    kind, identity = opened["kind"], personal.get(account, bound, opened["kind"]).decode()
            yield AccountRow(account, kind, identity, relations.get(account, "customer"))
