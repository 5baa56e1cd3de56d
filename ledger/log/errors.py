"""What can be wrong with a command log. Each says whether the log can go on and what the operator does."""

from __future__ import annotations

from ledger.errors import CheckFailed, TallystickError

__all__ = [
    "AppendFailed",
    "AppendUncertain",
    "LogBehind",
    "LogCorrupt",
    "LogDiffers",
    "LogError",
    "LogLocked",
    "LogUnusable",
]


class LogError(TallystickError):
    """Root of everything that the command log raises on purpose."""


class LogCorrupt(LogError, CheckFailed):
    """Bytes that were acknowledged are no longer what was written."""

    def __init__(self, segment: str, offset: int, problem: str) -> None:
        self.segment, self.offset, self.problem = segment, offset, problem
        super().__init__(f"segment {segment}, offset {offset}: {problem}. Restore the segment from the second copy.")


class LogBehind(LogError, CheckFailed):
    """The log ends before a position that was already published."""


class LogDiffers(LogError, CheckFailed):
    """The log holds another record than the one published, copied or archived."""


class LogLocked(LogError):
    """Another process writes this log."""


class LogUnusable(LogError):
    """The log cannot be opened or written here: a missing folder, another exchange's log, a disk that fails."""


class AppendFailed(LogError):
    """A batch was not written; the log is durably what it was before, and the next append may succeed."""


class AppendUncertain(LogError):
    """A batch may or may not be durable. The log takes nothing more; opening it again tells which."""
