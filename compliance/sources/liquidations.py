"""Liquidations as the engine stated them, step by step, put together by their number."""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple

from sqlmodel import Session

from compliance.sources.stored import timed

__all__ = ["Liquidation", "liquidations"]


class Liquidation(NamedTuple):
    """Times in microseconds, values in 10^-18 of the unit of account; `ended` is None while it goes on.

    `equity`: as of the newest step, which of an ended one is the equity that is left. `initial`: as of the first.
    """

    number: int
    account: str
    subaccount: str
    started: int
    position: int
    ended: int | None
    equity: int
    initial: int


_STAGE: Final = re.compile(r'"stage": ?"(\w+)"')
_NUMBER: Final = re.compile(r'"liquidation": ?(\d+)')


def liquidations(session: Session, first: int, last: int) -> list[Liquidation]:
    """Those that began, went on or ended in the positions, by their number; steps between are not parsed."""
    found: dict[int, Liquidation] = {}
    newest: dict[int, tuple[int, int, str]] = {}
    for event in timed(session, "liquidation-moved", 1, last):
        stage, number = _STAGE.search(event.document), _NUMBER.search(event.document)
        assert stage is not None and number is not None, "a step names its stage and its liquidation"
        at = int(number[1])
        newest[at] = event.sequence, event.micros, event.document
        if stage[1] == "started":
            facts = json.loads(event.document)
            found[at] = Liquidation(
                at, facts["account"], facts["subaccount"], event.micros, event.sequence, None, int(facts["equity"]),
                int(facts["initial"]),
            )  # fmt: skip
    whole = []
    for at, each in sorted(found.items()):
        sequence, micros, document = newest[at]
        facts = json.loads(document)
        ended = micros if facts["stage"] == "ended" else None
        if ended is None or sequence >= first:
            whole.append(each._replace(ended=ended, equity=int(facts["equity"])))
    return whole
