"""The list of cheats that docs/cheats.md shows: each is a test that plays it, and says what caught it.

A test is decorated with what the exchange does, by what it is caught, and what does not catch it. It runs the cheat and
its honest twin and returns everything that caught the one and left the other alone; that must be what it is said to be.
`python -m tests.compliance.cheats.table` writes the table again.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[3] / "docs" / "cheats.md"
BEGIN, END = "<!-- made by the tests: begin -->", "<!-- made by the tests: end -->"


@dataclass(frozen=True)
class Cheat:
    """One row. `by`: rule ids, `audit NAME`, `procedure NUMBER`, `detector ID`, or another part by its name."""

    name: str
    does: str
    by: tuple[str, ...]
    not_by: str
    test: str


MODULES = ("test_bundles", "test_rules", "test_records")
CHEATS: list[Cheat] = []


def cheat(name: str, does: str, by: Iterable[str], not_by: str) -> Callable[[Any], Any]:
    """Put a test on the list, and hold it to what the list says of it."""
    caught = tuple(by)
    assert caught and not_by and len(set(caught)) == len(caught)

    def decorate(test: Callable[..., Iterable[str]]) -> Any:
        assert all(each.name != name for each in CHEATS), "each cheat once"
        CHEATS.append(Cheat(name, does, caught, not_by, f"{test.__module__.rpartition('.')[2]}.{test.__name__}"))

        @functools.wraps(test)
        def run(*arguments: Any, **named: Any) -> None:
            found = list(test(*arguments, **named))
            assert sorted(found) == sorted(caught), "the list says what the test has shown"

        return run

    return decorate


UNCAUGHT: tuple[tuple[str, str, str], ...] = (
    (
        "Leaves a customer out, of books kept outside, whom nobody looks for",
        (
            "Sums, roots and statements are of the leaves there are. Only the customer's own look, a practitioner's "
            "list of ids, or the replay of a log can miss somebody."
        ),
        "Customers who check; accounts opened unseen, looked for with `--include`.",
    ),
    (
        "Borrows coins for the whole period",
        "Neighbouring hours show what was there for an hour. What stays for the period looks like reserves.",
        "Inspection of loans and pledges; a longer period; the firm's signed register, which is then false.",
    ),
    (
        "Has somebody else's keys sign the challenge",
        "A signature shows that a key answered. Whose the coins are, and who else has the key, no signature shows.",
        "Transfers on instruction, confirmations by custodians.",
    ),
    (
        "Pledges coins by a contract on paper and states none",
        "`encumbrances` is the firm's own signed word. Missing, the rules lack data; false, they pass.",
        "The signed register makes the false statement provable later.",
    ),
    (
        "Agrees with a custodian or bank that confirms what is not there",
        "An attested balance is the third party's word, and is shown as attested, never as proven.",
        "A practitioner's own confirmation.",
    ),
    (
        "Never logs a deposit that arrived",
        (
            "What is not in the log is in no replay. Coins that stand above the ledger appear as an unexplained "
            "difference in the asset; a deposit that was moved off at once does not."
        ),
        "The customer who is not credited.",
    ),
    (
        "Shows one statement to some readers and another to others, who never compare",
        "Each is whole by itself. The check `same-root` stays unchecked until two readers compare fingerprints.",
        "Comparing fingerprints; witnesses; a public log of them.",
    ),
    (
        "Fixes the seed of a practitioner's samples before it signs",
        "A statement can be made again until the draw falls well.",
        "A seed that nobody could know then; a larger sample; the checks over every leaf, which need no sample.",
    ),
    (
        "Trades against itself through people whose link nobody states",
        (
            "Owners are the firm's knowledge. Without them each account stands for itself; rings that leave nobody a "
            "position are still found."
        ),
        "Shared instruments, chain analysis, a supervisor's data over several venues.",
    ),
    (
        "Makes its register and its chain of evaluations again from the start, with its own key and its own clock",
        (
            "Both are signed by the exchange alone, and the time at which something was entered is its own. A chain "
            "shows a change to whoever has an older head of it, and to nobody else."
        ),
        "A time stamp of an authority over the archive's day root; auditors and supervisors who keep heads.",
    ),
    (
        "Owes to people who are no customers of the bundle",
        "Loans, taxes, suppliers and other firms are not in a proof of reserves.",
        "Accounts and a balance sheet that others have looked at.",
    ),
    (
        "States a false fact from the start, with no document",
        (
            "A fact of the firm is its word and is shown as claimed. The register fixes what was said and when, not "
            "that it is true."
        ),
        "Attested facts with a document; supervisors who ask.",
    ),
)
"""What it does, why nothing here catches it, and who or what could."""


def rows() -> str:
    """Both tables as Markdown."""
    lines = [
        BEGIN,
        "",
        f"## Caught: {len(CHEATS)}",
        "",
        "| cheat | what it does | caught by | what does not catch it | test |",
    ]
    lines.append("| --- | --- | --- | --- | --- |")
    for each in ordered():
        by = ", ".join(f"`{name}`" for name in each.by)
        lines.append(f"| {each.name} | {each.does} | {by} | {each.not_by} | `{each.test}` |")
    lines += [
        "",
        f"## Not caught, and why: {len(UNCAUGHT)}",
        "",
        "| cheat | why nothing here catches it | what could |",
    ]
    lines.append("| --- | --- | --- |")
    lines += [f"| {what} | {why} | {who} |" for what, why, who in UNCAUGHT]
    return "\n".join([*lines, "", END])


def document(text: str) -> str:
    """The page with its tables made again."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + rows() + after


def load() -> None:
    """Every module that has cheats, in the order of the table."""
    for name in MODULES:
        importlib.import_module(f"tests.compliance.cheats.{name}")


def ordered() -> list[Cheat]:
    """The list by file, and in each as it is written there."""
    return sorted(CHEATS, key=lambda each: MODULES.index(each.test.partition(".")[0]))


if __name__ == "__main__":
    from tests.compliance.cheats import table

    table.load()
    table.DOCUMENT.write_text(table.document(table.DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
