"""The store as a follower of a venue: what the venue applied becomes a batch of the store."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from ledger.canonical import Digest
from ledger.log import Head, Sequence64
from ledger.store.batch import StoreBatch, StoredCommand
from ledger.store.store import Store
from ledger.venue import Applied, Follower

__all__ = ["batch_of", "store_follower"]


def batch_of(batches: Sequence[Applied], previous: Head) -> StoreBatch:
    """One batch of the store for several that were applied one after the other; the first came after `previous`."""
    return StoreBatch(
        previous,
        [command for applied in batches for command in _commands(applied)],
        list(chain.from_iterable(applied.rows for applied in batches)),
        batches[0].first_account,
        list(chain.from_iterable(applied.accounts for applied in batches)),
    )


def _commands(applied: Applied) -> list[StoredCommand]:
    parts = zip(applied.records, applied.givens, applied.acting, applied.events, strict=True)
    return [StoredCommand(record, given.request.names[0], acting, events) for record, given, acting, events in parts]


def store_follower(store: Store, genesis: Digest) -> Follower:
    """The follower that keeps `store` level with a venue; give it to `Venue.open`.

    The venue compares the store's position and hash with its log before it hands anything on.
    """

    def take(applied: Applied) -> None:
        store.write(batch_of([applied], store.head or Head(Sequence64(0), genesis)))

    head = store.head
    if head is None:
        return Follower(0, take, None, "the store")
    return Follower(int(head.sequence), take, head.hash, "the store")
