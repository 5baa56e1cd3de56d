"""Parameters of the exchange, changed by two operators."""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import CODE, SMALL, TEXT, VALUE, WORD, Command, Fields, field_as, list_of, record_of, shape

__all__ = ["CancelParameterChange", "NewValue", "SetParameters"]


@shape
class NewValue(Fields):
    """A value for one parameter; `scope` is a market, an asset, a parameter (for its lock), or empty."""

    name: str = field_as(WORD)
    scope: str = field_as(CODE)
    value: object = field_as(VALUE)


@shape
class SetParameters(Command):
    """What tightens acts at once; what loosens is scheduled, and acts when its lock is over."""

    TYPE: ClassVar[str] = "set-parameters"
    changes: tuple[NewValue, ...] = field_as(list_of(record_of(NewValue)))
    reason: str = field_as(TEXT)


@shape
class CancelParameterChange(Command):
    """A scheduled change will not happen; `change` is the number under which it was scheduled."""

    TYPE: ClassVar[str] = "cancel-parameter-change"
    change: int = field_as(SMALL)
    reason: str = field_as(TEXT)
