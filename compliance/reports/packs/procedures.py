"""What was done for each rule, exactly, and what it found; and how far each rule's text was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from compliance.facts import decimal_text
from compliance.primitives.view import View, described
from compliance.reports.document import Block, Procedure, Table, Texts, columns_of, table_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.period import readable, rule_of, sections, verdict_name
from compliance.rules import Comparator, Parameter, ParameterValue, Primitive, Rule
from compliance.verdicts import Line, Result, Verdict
from por.pages import plain

__all__ = ["parameter_text", "procedures_block", "sources_block"]

EXCEPTIONS_SHOWN: Final = 20
_HOW: Final[Mapping[Primitive, str]] = {
    Primitive.COVERAGE: "how_coverage",
    Primitive.CLIENT_MONEY: "how_client_money",
    Primitive.SHARE: "how_share",
    Primitive.GUARANTEE: "how_guarantee",
    Primitive.AGE: "how_age",
    Primitive.FLOOR: "how_floor",
    Primitive.LEVERAGE: "how_leverage",
    Primitive.COMPLETENESS: "how_completeness",
    Primitive.RETENTION: "how_retention_rule",
    Primitive.STATEMENTS: "how_statements",
    Primitive.DEADLINE: "how_deadline",
    Primitive.CONTROLS: "how_controls",
    Primitive.SURVEILLANCE: "how_surveillance_rule",
}
_STATUS: Final = {
    Result.PASS: "no exception",
    Result.FAIL: "exception",
    Result.NOT_APPLICABLE: "not applicable",
    Result.INSUFFICIENT: "insufficient data",
}


def procedures_block(data: PackInput, texts: Texts) -> Block:
    """One procedure for each verdict, numbered by section: `2.3` is the third of the second section."""
    found = []
    for chapter, (_, pairs) in enumerate(sections(data), 1):
        for place, (rule, verdict) in enumerate(pairs, 1):
            found.append(_procedure(f"{chapter}.{place}", rule, verdict, texts))
    return Block(texts["procedures"], 2, (texts["procedures_intro"],), procedures=tuple(found))


def _procedure(number: str, rule: Rule, verdict: Verdict, texts: Texts) -> Procedure:
    if verdict.result is Result.NOT_APPLICABLE:
        return _left_out(number, rule, verdict, texts)
    words = texts["procedure_of"].format(
        requirement=rule.requirement,
        citation=rule.citation,
        status=texts["status_" + rule.status.value],
        version=rule.version,
        how=texts[_HOW[rule.primitive]],
        inputs=", ".join(rule.inputs.values()),
    )
    if rule.parameters:
        shown = "; ".join(f"{name} {parameter_text(each)}" for name, each in rule.parameters.items())
        words += texts["procedure_parameters"].format(parameters=shown)
    view = View(rule, {}, verdict.as_of)
    for name, conditions in (("applies", rule.applies), ("where", rule.where), ("must", rule.must)):
        if conditions:
            # Conditions of applicability are about facts, whose names are said as they are.
            told = [str(each) if name == "applies" else described(each, view) for each in conditions]
            words += texts[f"procedure_{name}"].format(conditions="; ".join(told))
    digests = tuple(dict.fromkeys(each.digest[:16] for each in verdict.evidence if each.digest))
    return Procedure(
        number,
        plain(f"{verdict_name(verdict)}: {words}"),
        plain(_finding(verdict, texts)),
        _STATUS[verdict.result],
        (rule.id,),
        tuple(plain(each) for each in _exceptions(verdict, texts)),
        digests,
    )


def _left_out(number: str, rule: Rule, verdict: Verdict, texts: Texts) -> Procedure:
    """A rule that does not apply, in short."""
    words = texts["procedure_left_out"].format(
        requirement=rule.requirement, citation=rule.citation, status=texts["status_" + rule.status.value]
    )
    finding = plain(_finding(verdict, texts))
    return Procedure(number, plain(f"{verdict_name(verdict)}: {words}"), finding, _STATUS[verdict.result], (rule.id,))


def _finding(verdict: Verdict, texts: Texts) -> str:
    if verdict.result is Result.INSUFFICIENT:
        return texts["finding_missing"].format(missing=", ".join(verdict.missing))
    if verdict.result is Result.NOT_APPLICABLE:
        return texts["finding_na"].format(note=verdict.note)
    name = "finding_pass" if verdict.result is Result.PASS else "finding_fail"
    figures = (verdict.measured, verdict.required, verdict.margin)
    measured, required, margin = (readable(each) or "—" for each in figures)
    return texts[name].format(measured=measured, required=required, margin=margin) + (
        f" {verdict.note}" if verdict.note else ""
    )


def _exceptions(verdict: Verdict, texts: Texts) -> list[str]:
    failing = [line for line in verdict.lines if line.result is Result.FAIL]
    found = [_exception(line, texts) for line in failing[:EXCEPTIONS_SHOWN]]
    if len(failing) > EXCEPTIONS_SHOWN:
        found.append(texts["exceptions_more"].format(count=len(failing) - EXCEPTIONS_SHOWN))
    return found


def _exception(line: Line, texts: Texts) -> str:
    margin = f" ({readable(line.margin)})" if line.margin else ""
    measured, required = readable(line.measured), readable(line.required)
    return texts["exception_line"].format(key=line.key, measured=measured, required=required, margin=margin)


def parameter_text(parameter: Parameter) -> str:
    """A parameter as text, with its unit, and its status where that is not the rule's."""
    words = f"{_value_text(parameter.value)} {parameter.unit}".rstrip()
    return words + (f" [{parameter.status.value}]" if parameter.status is not None else "")


def _value_text(value: ParameterValue) -> str:
    if isinstance(value, tuple):
        return ", ".join(_row_text(each) for each in value)
    return _row_text(value)


def _row_text(value: object) -> str:
    if isinstance(value, tuple):
        return "(" + " / ".join(_row_text(each) for each in value) + ")"
    if hasattr(value, "denominator"):
        return decimal_text(value)  # type: ignore[arg-type]  # what has a denominator here is a fraction
    return value.value if isinstance(value, Comparator) else str(value)


def sources_block(data: PackInput, texts: Texts) -> Block:
    """Each rule's citation, version, status, where and when its text was read, and what was noted of it."""
    columns = columns_of(
        texts,
        ("rule", "rule", 16),
        ("citation", "text", 18),
        ("version", "text", 12),
        ("text_status", "status", 12),
        ("source", "text", 30),
        ("read_at", "text", 11),
        ("note", "text", 30),
    )
    rules = dict.fromkeys(rule_of(data, verdict).id for verdict in data.verdicts)
    by_id = {rule.id: rule for rule in (rule_of(data, verdict) for verdict in data.verdicts)}
    rows = [
        (each, rule.citation, rule.version, rule.status.value, rule.source, rule.read_at.isoformat(), rule.note)
        for each, rule in ((each, by_id[each]) for each in rules)
    ]
    table = table_of(texts["sources"], columns, rows)
    named = Table(table.caption, table.columns, table.rows, name="rule-sources")
    return Block(texts["sources"], 2, (texts["sources_intro"],), named)
