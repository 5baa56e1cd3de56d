"""What can be wrong with a store. Each says what the operator does; none names a balance, a row or a password."""

from __future__ import annotations

from ledger.errors import CheckFailed, TallystickError

__all__ = ["StoreAhead", "StoreDiffers", "StoreError", "StoreNewer", "StoreOutOfStep", "StoreUnusable"]


class StoreError(TallystickError):
    """Root of everything that the store raises on purpose."""


class StoreAhead(StoreError, CheckFailed):
    """The store holds commands that the log does not: the log lost its end, and no command may be taken until it is
    restored from its second copy."""


class StoreDiffers(StoreError, CheckFailed):
    """The store follows another history than the one it is shown. Rebuild it from the log."""


class StoreNewer(StoreError):
    """A newer version of the program wrote this store, or an upgrade is due that a reader may not make."""


class StoreOutOfStep(StoreError):
    """A batch does not begin where the store ends. Read the store's head and go on from there."""


class StoreUnusable(StoreError):
    """The database cannot be reached, read or written. What a batch had begun is undone; open the store again."""
