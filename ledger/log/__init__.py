"""The command log, the truth of the exchange: append-only, hash-chained, durable before anything is acknowledged.

What flows in: batches of signed commands with their times and the door's metadata. What flows out: records in order,
the head that attestations publish. This is the one part of the engine's side that touches a disk, and it does so only
through `Files`. It knows nothing of what a command means; nothing that trades may be imported here.
"""

from ledger.log.archive import Archive, ArchivedSegment, archive_segments, read_archive, remove_archived, verify_archive
from ledger.log.command_log import SEGMENT_BYTES, CommandLog, LogOptions, LogReader, Recovery
from ledger.log.errors import (
    AppendFailed,
    AppendUncertain,
    LogBehind,
    LogCorrupt,
    LogDiffers,
    LogError,
    LogLocked,
    LogUnusable,
)
from ledger.log.files import Files, OsFiles
from ledger.log.mirror import MirrorPolicy
from ledger.log.record import (
    Capacity,
    Door,
    Entry,
    Head,
    Micros,
    OnBehalf,
    Record,
    Scheme,
    Sequence64,
    Signed,
    TraderKind,
    genesis_hash,
)
from ledger.log.volume import Cut

__all__ = [
    "SEGMENT_BYTES",
    "AppendFailed",
    "AppendUncertain",
    "Archive",
    "ArchivedSegment",
    "Capacity",
    "CommandLog",
    "Cut",
    "Door",
    "Entry",
    "Files",
    "Head",
    "LogBehind",
    "LogCorrupt",
    "LogDiffers",
    "LogError",
    "LogLocked",
    "LogOptions",
    "LogReader",
    "LogUnusable",
    "Micros",
    "MirrorPolicy",
    "OnBehalf",
    "OsFiles",
    "Record",
    "Recovery",
    "Scheme",
    "Sequence64",
    "Signed",
    "TraderKind",
    "archive_segments",
    "genesis_hash",
    "read_archive",
    "remove_archived",
    "verify_archive",
]
