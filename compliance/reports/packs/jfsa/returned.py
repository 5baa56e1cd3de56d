"""The quarterly report's items as data: each at its number, with its source, and missing where it is missing."""

from __future__ import annotations

from typing import Final

from compliance.facts import value_json
from compliance.reports.inputs import PackInput
from compliance.reports.packs.blocks import attached
from compliance.reports.packs.jfsa.quarterly import ITEMS, Item
from compliance.verdicts import Result
from ledger.canonical import Json, canonical_file

__all__ = ["CONFORMITY", "FORMAT", "KIND", "return_json"]

KIND: Final = "jfsa-return"
FORMAT: Final = 1
CONFORMITY: Final = "none claimed: the official form was not read"


def return_json(data: PackInput) -> bytes:
    """The bytes of jfsa-quarterly.json (schemas/jfsa-return.schema.json)."""
    return canonical_file(
        {
            "conformity": CONFORMITY,
            "entity": data.entity,
            "entries": [_entry(data, item) for item in ITEMS],
            "format": FORMAT,
            "kind": KIND,
            "period": {"end": data.end.isoformat(), "start": data.start.isoformat()},
            "regime_basis": "PSA",
            "rule_set_hash": data.rules.hash().hex(),
            "unaudited": True,
        }
    )


def _entry(data: PackInput, item: Item) -> Json:
    value = _value(data, item)
    return {
        "item": item.number, "name": item.english, "name_ja": item.japanese, "source": item.source,
        "state": "missing" if value is None else "given", "value": value,
    }  # fmt: skip


def _value(data: PackInput, item: Item) -> Json:
    """The value; None where it is missing."""
    sort, _, name = item.source.partition(":")
    if sort == "attachment":
        return attached(data, name) or None
    if sort == "fact":
        fact = data.facts.find(name)
        return None if fact is None else value_json(fact.value)
    verdict = next((each for each in data.verdicts if each.rule == name), None)
    if verdict is None or verdict.result is Result.INSUFFICIENT:
        return None
    return {"measured": verdict.measured, "required": verdict.required, "result": verdict.result.value}
