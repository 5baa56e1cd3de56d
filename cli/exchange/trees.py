"""The live trees as a follower of the venue: every fact that changes what is owed, in the order of the log.

What an account's leaf is committed to is known here: the id that the exchange assigned, or the customer's own out of
the store of personal data. Beside the trees two columns by account number are kept for the hour's close: the account's
id in the log and its relation to the exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ledger.canonical import lp
from ledger.events import AccountOpened, AssetListed, BalanceChanged, CustomerSet, HourCut
from ledger.venue import Applied
from por.liabilities.books import RELATIONS
from por.liabilities.forest import TreeName
from por.liabilities.kept import read_kept
from por.liabilities.kernels import Kernel
from por.liabilities.live import SLICE, HourRoots, LiveForest
from por.liabilities.opened import OpenedHour

__all__ = ["COLUMNS", "TreesFollower", "read_columns"]

COLUMNS: Final = "accounts"
"""Folder with the two columns, beside an hour's trees."""
LOG_ID_BYTES: Final = 16


class TreesFollower:
    """See the module. `cut` is called with the hour and the log position when an hour has been cut."""

    def __init__(
        self,
        entity: str,
        master: bytes,
        kernel: Kernel,
        identity_of: Callable[[AccountOpened], tuple[str, str]],
        cut: Callable[[int, Applied], None],
    ) -> None:
        self._entity, self._master, self._kernel = entity, master, kernel
        self._identity_of, self._cut = identity_of, cut
        self._numbers: dict[str, int] = {}
        self._log_ids, self._relations = bytearray(), bytearray()
        self.forest: LiveForest

    def begin(self, snapshot_id: str) -> None:
        """Begin with an hour that opens with nothing: every change of the log is a newcomer's."""
        self.forest = LiveForest(snapshot_id, self._master, [], self._kernel)

    def resume(self, opened: OpenedHour, columns: Path) -> None:
        """Begin with an hour that was drawn before; every change after its position will be handed over."""
        self.forest = LiveForest(opened.snapshot_id, self._master, [], self._kernel)
        self.forest.adopt(opened)
        self._read(columns)

    def wait_for(self, snapshot_id: str, names: Sequence[TreeName], columns: Path) -> None:
        """Begin after a cut whose next hour is still to be drawn; changes after the cut wait for `forest.adopt`."""
        self.forest = LiveForest(snapshot_id, self._master, names, self._kernel)
        self._read(columns)
        for identity in read_kept(columns.parent).identities.entries:
            self.forest.add_account(identity)
        self.forest.is_cut = True

    def _read(self, columns: Path) -> None:
        log_ids, relations = read_columns(columns)
        self._log_ids, self._relations = bytearray(log_ids), bytearray(relations)
        ids = [log_ids[at : at + LOG_ID_BYTES].hex() for at in range(0, len(log_ids), LOG_ID_BYTES)]
        self._numbers = {account: number for number, account in enumerate(ids)}

    def take(self, applied: Applied) -> None:
        """One batch. A cut ends its batch, so everything before it is in."""
        for events in applied.events:
            for event in events:
                kind = type(event)
                if kind is BalanceChanged:
                    self._change(event)  # type: ignore[arg-type]  # its type was asked the fast way
                elif kind is AccountOpened:
                    self._open(event)  # type: ignore[arg-type]  # as above
                elif isinstance(event, CustomerSet):
                    self._relations[self._numbers[event.account]] = RELATIONS.index(event.relation)
                elif isinstance(event, AssetListed):
                    if self.forest.number(self._entity, event.asset) is None:
                        self.forest.add_tree((self._entity, event.asset, event.scale))
                elif isinstance(event, HourCut):
                    self._cut(event.hour, applied)

    def _change(self, event: BalanceChanged) -> None:
        tree = self.forest.number(event.entity, event.asset)
        assert tree is not None, "an asset is listed before anybody has any"
        self.forest.change(tree, self._numbers[event.account], event.claim, event.debt)

    def _open(self, event: AccountOpened) -> None:
        kind, identity = self._identity_of(event)
        self._numbers[event.account] = self.forest.add_account(lp(kind) + lp(identity))
        self._log_ids += bytes.fromhex(event.account)
        self._relations.append(0)

    def work(self) -> int:
        """Bring a slice of the changes into the trees; how many are still to come."""
        return self.forest.refresh(SLICE)

    def cut(self, position: int) -> tuple[HourRoots, Callable[[Path], None]]:
        """The trees at the cut, and what keeps slots and columns of this moment in the hour's folder."""
        self.forest.refresh()
        roots, write_slots = self.forest.end_hour(position)
        write_columns = self._columns()

        def write(folder: Path) -> None:
            write_slots(folder)
            write_columns(folder)

        return roots, write

    def number(self, account: str) -> int:
        """The number of an account by its id in the log."""
        return self._numbers[account]

    def write_columns(self, folder: Path) -> None:
        """Keep the columns by account number in an hour's folder."""
        self._columns()(folder)

    def _columns(self) -> Callable[[Path], None]:
        """What writes the columns of this moment."""
        columns = (("log-ids.bin", bytes(self._log_ids)), ("relations.bin", bytes(self._relations)))

        def write(folder: Path) -> None:
            part = folder / COLUMNS
            part.mkdir(exist_ok=True, mode=0o700)
            for name, data in columns:
                (part / name).write_bytes(data)

        return write


def read_columns(folder: Path) -> tuple[bytes, bytes]:
    """The ids in the log, 16 bytes an account, and the relations, one byte an account."""
    return (folder / "log-ids.bin").read_bytes(), (folder / "relations.bin").read_bytes()
