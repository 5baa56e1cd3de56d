"""docs/cheats.md says what the tests show, and every catcher that it names exists."""

from __future__ import annotations

import re

from compliance.regimes import REGIMES, rule_set
from compliance.reports.packs.aup.catalogue import PROCEDURES
from compliance.surveillance.runner import DETECTORS
from por.hour.replay import REPLAY_CHECKS
from por.verify.audit import AFTER_SIGNATURE
from tests.compliance.cheats import table

OTHERS = {
    "the customer's own check", "the intake of balances", "the signed register", "the chain of evaluations",
    "the hash of the rule set", "the archive", "the engine",
}  # fmt: skip


def test_the_page_has_the_tables_of_the_tests():
    table.load()
    text = table.DOCUMENT.read_text(encoding="utf-8")
    assert table.document(text) == text, "write it again: python -m tests.compliance.cheats.table"


def test_there_are_more_than_fifteen_and_each_catcher_is_one():
    table.load()
    assert len(table.CHEATS) >= 15 and len({each.test for each in table.CHEATS}) == len(table.CHEATS)
    rules = {rule.id for regime in REGIMES for rule in rule_set(regime).rules}
    audit = {"form", "signature", "chain", *AFTER_SIGNATURE, *REPLAY_CHECKS}
    known = rules | OTHERS | {f"audit {name}" for name in audit} | {f"detector {name}" for name in DETECTORS}
    known |= {f"procedure {each.number}" for each in PROCEDURES}
    for each in table.CHEATS:
        assert set(each.by) <= known, (each.name, set(each.by) - known)


def test_no_cell_breaks_the_table():
    for line in table.rows().splitlines():
        assert not line.startswith("|") or len(re.findall(r"(?<!\\)\|", line)) in (4, 6), line
