"""The state of the ledger as canonical bytes, and back.

Integers are unsigned and big-endian as docs/spec/encoding.md section 1 has them; accounts stand in the order of their
indices, holds in the order of their making, ids rising. The same state has the same bytes whatever happened before.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ledger.canonical import lp, u32, u64, u128
from ledger.errors import FormatError
from ledger.journal.chart import AccountCode, AccountFlag, AccountKey
from ledger.journal.transfers import Transfer

if TYPE_CHECKING:
    from ledger.journal.ledger import Ledger

__all__ = ["read_state", "state_sections"]

FORMAT = 1
_CODES = {int(code): code for code in AccountCode}
_FLAGS = sum(AccountFlag)
_COUNTERS = struct.Struct(">B9Q")
"""Flags, the four counters as high and low halves, and the version."""
_NONE = 2**128 - 1
"""Stands for an absent price or account."""


def state_sections(ledger: Ledger) -> dict[str, bytes]:
    """The parts of the state's bytes, in their order."""
    return {
        "head": _head(ledger),
        "accounts": _accounts(ledger),
        "pending": _pendings(ledger),
        "ids": _ids(ledger),
    }


def _head(ledger: Ledger) -> bytes:
    numbers = (ledger._sequence, ledger._command, ledger._now_micros, ledger._id_floor_millis)
    return bytes((FORMAT,)) + b"".join(map(u64, numbers))


def _accounts(ledger: Ledger) -> bytes:
    # One buffer, because millions of small parts are another gigabyte.
    found = bytearray(u32(len(ledger._keys)))
    for key, flags, state in zip(ledger._key_bytes, ledger._flags, ledger._state, strict=True):
        a, b, c, d, version = state
        number = ((a << 128 | b) << 128 | c) << 128 | d
        found += key + (flags << 576 | number << 64 | version).to_bytes(73, "big")
    return bytes(found)


def _pendings(ledger: Ledger) -> bytes:
    holds = ledger.standing_holds()
    parts = [u32(len(holds))]
    for id, hold in holds.items():
        parts.append(u128(id) + u32(hold.debit) + u32(hold.credit) + u128(hold.amount) + bytes((hold.reason,)))
        parts.append(u64(hold.expires_micros) + u64(hold.sequence) + lp(hold.reference))
    return b"".join(parts)


def _ids(ledger: Ledger) -> bytes:
    parts = [u32(len(ledger._seen))]
    parts += [_transfer_bytes(ledger._seen[id]) for id in sorted(ledger._seen)]
    for table in (ledger._failed, ledger._ended):
        parts.append(u32(len(table)))
        parts += [u128(id) + bytes((table[id],)) for id in sorted(table)]
    return b"".join(parts)


def _transfer_bytes(transfer: Transfer) -> bytes:
    id, debit, credit, amount, reason, value_micros, price, reference, flags, pending_id, timeout = transfer
    accounts = u32(debit & 0xFFFFFFFF) + u32(credit & 0xFFFFFFFF)
    fixed = u128(id) + accounts + u128(amount) + bytes((reason,)) + u64(value_micros)
    return (
        fixed
        + u128(_NONE if price is None else price)
        + lp(reference)
        + bytes((flags,))
        + u128(pending_id)
        + u64(timeout)
    )


class _Reader:
    """Takes bytes off the front; what is short or left over is refused."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self._texts: dict[bytes, str] = {}
        """Names stand again and again: one object for each."""

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        taken = self.data[self.at : self.at + size]
        if len(taken) != size:
            raise FormatError("the ledger's checkpoint is cut short")
        self.at += size
        return taken

    def text(self) -> str:
        data = self.take(self.number(4))
        found = self._texts.get(data)
        if found is None:
            try:
                found = self._texts[data] = data.decode()
            except UnicodeDecodeError:
                raise FormatError("a name in the ledger's checkpoint is not UTF-8") from None
        return found

    def account(self) -> int:
        number = self.number(4)
        return -1 if number == 0xFFFFFFFF else number


def read_state(ledger: Ledger, data: bytes) -> Ledger:
    """Fill an empty ledger from its state's bytes. Raises FormatError unless they are exactly one state."""
    reader = _Reader(data)
    if reader.number(1) != FORMAT:
        raise FormatError("the ledger's checkpoint has a format that is not known")
    ledger._sequence, ledger._command, ledger._now_micros, ledger._id_floor_millis = (reader.number(8) for _ in "1234")
    for _ in range(reader.number(4)):
        _read_account(ledger, reader)
    for _ in range(reader.number(4)):
        _read_pending(ledger, reader)
    for _ in range(reader.number(4)):
        transfer = _read_transfer(reader)
        ledger._seen[transfer.id] = transfer
    for table in (ledger._failed, ledger._ended):
        for _ in range(reader.number(4)):
            id = reader.number(16)
            table[id] = reader.number(1)
    ledger._expiries.sort()
    if reader.at != len(data) or ledger.state_bytes() != data:
        raise FormatError("the ledger's checkpoint is not in its one canonical form")
    problems = ledger.check()
    if problems:
        raise FormatError(f"the ledger's checkpoint contradicts itself: {problems[0]}")
    return ledger


def _read_account(ledger: Ledger, reader: _Reader) -> None:
    entity, code = reader.text(), reader.number(1)
    if code not in _CODES:
        raise FormatError("the ledger's checkpoint has an account code that is not known")
    key = AccountKey(entity, _CODES[code], reader.text(), reader.text(), reader.text())
    if key.problem is not None or key in ledger._index:
        raise FormatError("the ledger's checkpoint has an account that cannot be")
    flags, *halves, version = _COUNTERS.unpack(reader.take(_COUNTERS.size))
    if flags & ~_FLAGS:
        raise FormatError("the ledger's checkpoint has an account with flags that are not known")
    one, two, three, four = (high << 64 | low for high, low in zip(halves[::2], halves[1::2], strict=True))
    before = len(ledger)
    account = ledger.open(key)
    if account != before:
        raise FormatError("the ledger's checkpoint opens a book without its HELD account")
    ledger._flags[account] = flags
    ledger._state[account] = (one, two, three, four, version)


def _read_pending(ledger: Ledger, reader: _Reader) -> None:
    id, debit, credit, amount = reader.number(16), reader.number(4), reader.number(4), reader.number(16)
    reason, expires, sequence = reader.number(1), reader.number(8), reader.number(8)
    if max(debit, credit) >= len(ledger):
        raise FormatError("the ledger's checkpoint holds an account that is not there")
    ledger._pending[id] = (debit, credit, amount, reason, expires, sequence, reader.text())
    if expires:
        ledger._expiries.append((expires, sequence, id))


def _read_transfer(reader: _Reader) -> Transfer:
    id, debit, credit, amount = reader.number(16), reader.account(), reader.account(), reader.number(16)
    reason, value_micros, price = reader.number(1), reader.number(8), reader.number(16)
    reference, flags, pending_id, timeout = reader.text(), reader.number(1), reader.number(16), reader.number(8)
    price_or_none = None if price == _NONE else price
    return Transfer(
        id, debit, credit, amount, reason, value_micros, price_or_none, reference, flags, pending_id, timeout
    )
