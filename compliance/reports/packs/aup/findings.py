"""Each procedure with what it found over all bundles; what was not performed is never shown as done."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from compliance.procedures.outcomes import RUN, Outcome
from compliance.reports.document import EvidenceItem, Procedure
from compliance.reports.packs.aup.catalogue import PROCEDURES, Wording
from por.pages import plain

__all__ = ["EXCEPTION", "NONE_FOUND", "UNPERFORMED", "Found", "findings", "procedure_of"]

EXCEPTION, NONE_FOUND, UNPERFORMED = "exception", "no exception", "unchecked"
"""The three words that a procedure's result is shown by; `unchecked` is said to mean *not performed*."""
AGREED: Final = "Agreed, and not performed or not for every bundle: "
NAMED_MAX: Final = 4
_WORTH: Final[Mapping[str, str]] = {
    "proven": "recomputed here",
    "attested": "a third party's signed word",
    "claimed": "the exchange's word",
}


class Found(NamedTuple):
    """A procedure over all bundles: `open` are (bundle, reason) where it was not performed."""

    wording: Wording
    status: str
    finding: str
    exceptions: tuple[str, ...]
    open: tuple[tuple[str, str], ...]


def findings(outcomes: Iterable[Outcome]) -> tuple[Found, ...]:
    """One for each procedure of the catalogue, in its order. Every outcome must belong to one."""
    by_key: dict[str, list[Outcome]] = {wording.key: [] for wording in PROCEDURES}
    for outcome in outcomes:
        # A check that the catalogue does not know is a defect to be seen at once, never a finding that is left out.
        assert outcome.procedure in by_key, f"{outcome.procedure} has a place in the catalogue"
        by_key[outcome.procedure].append(outcome)
    return tuple(_found(wording, by_key[wording.key]) for wording in PROCEDURES)


def _found(wording: Wording, outcomes: Sequence[Outcome]) -> Found:
    failed = [each for each in outcomes if each.result == "fail"]
    done = [each for each in outcomes if each.result == "pass"]
    undone = [each for each in outcomes if each.result == "unchecked"]
    open_ = tuple((each.bundle or "all", each.detail) for each in undone)
    if not outcomes:
        return Found(wording, UNPERFORMED, f"Not performed: {wording.absent}.", (), (("all", wording.absent),))
    exceptions = tuple(_named(each, text) for each in failed for text in (each.exceptions or (each.detail,)))
    if failed:
        words = f"{_count(len(exceptions), 'exception')}, listed below"
        if len(outcomes) > 1:
            words += f": {len(failed)} of {len(outcomes)} bundles have one"
        told = [each for each in failed if tuple(each.exceptions) not in ((), (each.detail,))]
        return Found(wording, EXCEPTION, f"{words}. {_told(told)}".rstrip(), exceptions, open_)
    if undone:
        words = "Not performed"
        if done:
            words = f"Performed for {len(done)} of {len(outcomes)} bundles without exception, not for the others"
        return Found(wording, UNPERFORMED, f"{words}. {_told(undone)}", (), open_)
    return Found(wording, NONE_FOUND, f"No exception. {_told(done)}{_worth(done)}", (), ())


def _named(outcome: Outcome, text: str) -> str:
    return text if outcome.bundle == RUN else f"{outcome.bundle}: {text}"


def _told(outcomes: Sequence[Outcome]) -> str:
    """What was found, once for all bundles where it is the same; for many different ones the last."""
    details = list(dict.fromkeys(each.detail for each in outcomes))
    if not details:
        return ""
    if len(details) == 1:
        return _sentence(details[0][:1].upper() + details[0][1:])
    last = outcomes[-1]
    return f"{_sentence(_named(last, last.detail))} ({len(outcomes)} bundles, each in the table of outcomes)"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _worth(done: Sequence[Outcome]) -> str:
    """How far what was found is shown: the exchange's own word is never passed off as recomputed."""
    kinds = Counter(each.assurance or "claimed" for each in done)
    if not kinds:
        return ""
    if len(kinds) == 1:
        return f" Rests on: {_WORTH[next(iter(kinds))]}."
    return " Rests on: " + ", ".join(f"{_WORTH[kind]} ({kinds[kind]} bundles)" for kind in sorted(kinds)) + "."


def procedure_of(found: Found, files: Sequence[EvidenceItem]) -> Procedure:
    """As it is shown. `files`: every file handed over, of which those that the procedure read are named with hashes."""
    read = [item for item in files if any(_inside(item.name, start) for start in found.wording.files)]
    named = [f"{item.name} {item.sha256}" for item in read[:NAMED_MAX]]
    if len(read) > NAMED_MAX:
        named.append(f"{len(read) - NAMED_MAX} more, in the appendix")
    return Procedure(
        found.wording.number,
        found.wording.words if found.status != UNPERFORMED else f"{AGREED}{found.wording.words}",
        plain(found.finding),
        found.status,
        exceptions=tuple(plain(text) for text in found.exceptions),
        evidence=tuple(plain(name) for name in named) if found.status != UNPERFORMED else (),
    )


def _inside(name: str, start: str) -> bool:
    _, _, path = name.partition("/")
    return path == start or (start.endswith("/") and path.startswith(start))


def _count(number: int, word: str) -> str:
    assert re.fullmatch("[a-z]+", word)
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
