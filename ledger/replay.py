"""Signed bytes that were taken and whose window is still open, so that they are taken once. Pure.

Time comes from the caller and never goes back, so that a replay of the log refuses what the door refused. What is
remembered is bounded by the longest window: a bucket of one second goes when its second is over.
"""

from __future__ import annotations

from ledger.canonical import u64

__all__ = ["ReplayCache"]

BUCKET_US = 1_000_000


class ReplayCache:
    """Identities of requests by the second in which they expire."""

    def __init__(self) -> None:
        self._expiry: dict[bytes, int] = {}
        self._buckets: dict[int, list[bytes]] = {}
        self._now_us = 0
        self._oldest = 0

    def __len__(self) -> int:
        return len(self._expiry)

    @property
    def now_us(self) -> int:
        """The latest time that was given."""
        return self._now_us

    def advance(self, now_us: int) -> None:
        """Forget what expired before `now_us`, which never goes back."""
        assert now_us >= self._now_us, "received times never go back"
        self._now_us = now_us
        second = now_us // BUCKET_US
        if second - self._oldest > len(self._buckets):
            over = sorted(bucket for bucket in self._buckets if bucket < second)
        else:
            over = [bucket for bucket in range(self._oldest, second) if bucket in self._buckets]
        for bucket in over:
            for identity in self._buckets.pop(bucket):
                self._expiry.pop(identity, None)
        self._oldest = second

    def admit(self, identity: bytes, expires_us: int) -> bool:
        """Take an identity that holds until `expires_us`; False if it was taken already."""
        assert expires_us >= self._now_us, "a request that is over is refused before it comes here"
        if identity in self._expiry:
            return False
        bucket = expires_us // BUCKET_US
        self._expiry[identity] = bucket
        self._buckets.setdefault(bucket, []).append(identity)
        return True

    def forget(self, identity: bytes) -> None:
        """Give back an identity whose command was not logged after all."""
        bucket = self._expiry.pop(identity)
        self._buckets[bucket].remove(identity)

    def state_bytes(self) -> bytes:
        """Everything that is remembered, in one spelling, for a state hash: u64 second and identity, sorted."""
        return b"".join(sorted(u64(bucket) + identity for identity, bucket in self._expiry.items()))
