"""The store: a database that follows the log and answers about the past. SQLite by default, PostgreSQL by URL.

What flows in: what the engine made of each batch of the log (`StoreBatch`), after it was durable there. What flows out:
balances at a position or time, statements, entries, orders, events (`ledger.store.history`), and a snapshot of what is
owed for the hour. It decides nothing, is never ahead of the log and can be made again from it.

    with Store.open("sqlite:///store.db") as store:
        store.write(batch)
        with store.session() as session:
            history.balance_at(session, account, position)
"""

from ledger.store.batch import StoreBatch, StoredCommand
from ledger.store.errors import StoreAhead, StoreDiffers, StoreError, StoreNewer, StoreOutOfStep, StoreUnusable
from ledger.store.follow import store_follower
from ledger.store.fsck import fsck
from ledger.store.rebuild import rebuild
from ledger.store.snapshot import LiabilityColumns, LiabilityRow, StoreSnapshot, open_at
from ledger.store.store import Position, Store

__all__ = [
    "LiabilityColumns",
    "LiabilityRow",
    "Position",
    "Store",
    "StoreAhead",
    "StoreBatch",
    "StoreDiffers",
    "StoreError",
    "StoreNewer",
    "StoreOutOfStep",
    "StoreSnapshot",
    "StoreUnusable",
    "StoredCommand",
    "fsck",
    "open_at",
    "rebuild",
    "store_follower",
]
