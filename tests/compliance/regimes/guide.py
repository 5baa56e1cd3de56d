"""The table of facts that a firm states under a regime, for the regime's guide; made from the catalogue.

    python -m tests.compliance.regimes.guide eu

prints it.
"""

from __future__ import annotations

import sys

from compliance.facts import Shape, Source
from compliance.regimes import catalogue, rule_set


def table_of_facts(regime: str) -> str:
    """Markdown: name, shape, meaning, and the rules that ask for it."""
    asked: dict[str, list[str]] = {}
    for rule in rule_set(regime).rules:
        for name in dict.fromkeys((*rule.inputs.values(), *(each.left for each in rule.applies))):
            if rule.id not in asked.setdefault(name, []):
                asked[name].append(rule.id)
    lines = ["| fact | shape | meaning | asked by |", "| --- | --- | --- | --- |"]
    for name, kind in catalogue().items():
        if kind.source is not Source.FIRM or name not in asked:
            continue
        shape = kind.shape.value + (f", {kind.unit}" if kind.unit else "")
        if kind.shape is Shape.RECORDS:
            assert kind.fields is not None
            shape = "records: " + ", ".join(kind.fields)
        rules = asked[name]
        shown = ", ".join(rules[:3]) + (f" and {len(rules) - 3} more" if len(rules) > 3 else "")
        lines.append(f"| `{name}` | {shape} | {kind.meaning} | {shown} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table_of_facts(sys.argv[1]), end="")
