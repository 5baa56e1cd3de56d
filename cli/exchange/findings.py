"""How the checking verbs of an exchange conclude: checks, one verdict, one exit status, as everywhere in the house."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli.common import EXIT, checks_table, console, emit_json
from por.verify.standalone import Check

__all__ = ["PROBLEMS_SHOWN", "conclude", "found", "unchecked", "verdict_of"]

PROBLEMS_SHOWN = 10


def found(name: str, problems: Sequence[str], good: str, *, required: bool = True) -> Check:
    """A check that passes where no problem was found; of many problems the first few are named."""
    if not problems:
        return Check(name, "pass", required, "proven", good)
    more = f"; and {len(problems) - PROBLEMS_SHOWN} more" if len(problems) > PROBLEMS_SHOWN else ""
    return Check(name, "fail", required, None, "; ".join(problems[:PROBLEMS_SHOWN]) + more)


def unchecked(name: str, why: str, *, required: bool = False) -> Check:
    """A check that could not be made."""
    return Check(name, "unchecked", required, None, why)


def verdict_of(checks: Sequence[Check]) -> str:
    """`invalid` if any fails, else `unchecked` if a required one could not be made, else `valid`."""
    if any(check.result == "fail" for check in checks):
        return "invalid"
    return "unchecked" if any(check.required and check.result != "pass" for check in checks) else "valid"


def conclude(checks: Sequence[Check], as_json: bool, **facts: Any) -> int:
    """Print the checks and the verdict, and give the exit status."""
    verdict = verdict_of(checks)
    documents = [check._asdict() for check in checks]
    if as_json:
        emit_json({"checks": documents, "verdict": verdict, **facts})
    else:
        out = console()
        out.print(checks_table(documents))
        out.print(f"\n{verdict.upper()}", markup=False)
    return EXIT[verdict]
