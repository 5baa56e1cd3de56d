"""A pack's data as one JSON document, in the canonical spelling; `schemas/pack.schema.json` says what stands where.

Amounts are decimal texts, never numbers. The SHA-256 of these bytes is on the cover of the pack's document.
"""

from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files
from typing import Any

from compliance.reports.chart import Chart, figure_text
from compliance.reports.document import EvidenceItem, Table, number_text
from compliance.reports.pack import PackData
from compliance.reports.status import RESULTS, overall
from compliance.verdicts import Verdict
from ledger.canonical import Json, canonical_file

__all__ = ["FORMAT", "KIND", "pack_json", "pack_schema", "table_json"]

KIND = "compliance-pack"
FORMAT = 1


def pack_json(data: PackData) -> bytes:
    """The bytes of pack.json."""
    found = Counter(verdict.result.value for verdict in data.verdicts)
    header = data.header
    counts: dict[str, Json] = {result.replace(" ", "_"): found[result] for result in RESULTS}
    evidence: list[Json] = [_evidence(item) for item in data.all_evidence]
    document: Json = {
        "charts": [_chart(chart) for chart in data.charts],
        "counts": counts,
        "entity": header.entity,
        "evidence": evidence,
        "exchange": header.exchange,
        "format": FORMAT,
        "kind": KIND,
        "not_covered": [
            {"citation": each.citation, "reason": each.reason, "requirement": each.requirement, "rule": each.id}
            for each in data.rules.not_covered
        ],
        "period": {"end": header.end, "start": header.start},
        "prepared": header.prepared,
        "regime": header.regime,
        "report": header.report,
        "rule_set": {"hash": data.rules.hash().hex(), "name": data.rules.name, "version": data.rules.version},
        "tables": [table_json(table) for table in data.tables],
        "unaudited": True,
        "verdict": overall(found),
        "verdicts": [_verdict(data, verdict) for verdict in data.verdicts],
    }
    return canonical_file(document)


def _verdict(data: PackData, verdict: Verdict) -> Json:
    rule = data.rule(verdict)
    added: dict[str, Json] = {"citation": rule.citation, "text_status": rule.status.value, "title": rule.title}
    return verdict.to_json() | added


def table_json(table: Table) -> Json:
    """A table; figures of number columns without commas between thousands."""
    numbers = [column.kind == "number" for column in table.columns]
    rows: list[Json] = [
        [number_text(text) if number else text for text, number in zip(row, numbers, strict=True)] for row in table.rows
    ]
    columns: list[Json] = [{"kind": column.kind, "name": column.name} for column in table.columns]
    return {"caption": table.caption, "columns": columns, "name": table.name, "rows": rows}


def _chart(chart: Chart) -> Json:
    def value(at: int | None) -> Json:
        return None if at is None else number_text(figure_text(at, chart, unit=False))

    series: list[Json] = [{"name": one.name, "values": [value(at) for at in one.values]} for one in chart.series]
    return {
        "caption": chart.caption,
        "chart": chart.kind,
        "mark": None if chart.mark is None else chart.places[chart.mark],
        "name": chart.name,
        "places": [*chart.places],
        "reference": value(chart.reference),
        "series": series,
        "unit": chart.unit,
    }


def _evidence(item: EvidenceItem) -> Json:
    return {"command": item.command, "name": item.name, "sha256": item.sha256, "what": item.what}


def pack_schema() -> dict[str, Any]:
    """The published JSON Schema of pack.json."""
    text = files("compliance.reports").joinpath("schemas", "pack.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
