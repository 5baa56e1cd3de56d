"""A pack's input in Japanese: the same rules, verdicts and facts, with their words translated for documents.

Figures, ids, names of facts and hashes stay as they are. What has no translation here stays in English and is seen;
nothing is dropped. The pack's data (pack.json) are made from the untouched input.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

from compliance.calendars import Clock
from compliance.facts import Fact, Facts
from compliance.primitives.view import View, described
from compliance.regimes.jfsa import RULES
from compliance.reports.inputs import PackInput
from compliance.reports.packs.jfsa.facts_ja import FACTS_JA, FIELDS_JA, PARAMETERS_JA
from compliance.reports.packs.jfsa.phrases import CONSEQUENCES_JA, LABELS_JA, WORDS_JA, phrase
from compliance.reports.packs.jfsa.rules_ja import NOT_COVERED_JA, RULES_JA, SECTIONS_JA
from compliance.reports.packs.procedures import parameter_text
from compliance.reports.texts import JAPANESE
from compliance.rules import Condition, NotCovered, Parameter, Rule
from compliance.verdicts import Line, Verdict

__all__ = ["citation_ja", "in_japanese"]

_NEVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""A view needs a moment; conditions are only worded here and never held against it."""
_CITED: Final[tuple[tuple[str, str], ...]] = (
    (r"PSA (\d+)-(\d+)-(\d+)\((\d+)\)", r"資金決済法第\1条の\2の\3第\4項"),
    (r"PSA (\d+)-(\d+)-(\d+)", r"資金決済法第\1条の\2の\3"),
    (r"PSA (\d+)-(\d+)\((\d+)\)", r"資金決済法第\1条の\2第\3項"),
    (r"PSA (\d+)-(\d+)", r"資金決済法第\1条の\2"),
    (r"FIB CAO (\d+)", r"金融商品取引業等に関する内閣府令第\1条"),
    (r"CAO (\d+)\((\d+)\)", r"暗号資産府令第\1条第\2項"),
    (r"CAO (\d+)", r"暗号資産府令第\1条"),
    (r"FIEA (\d+)-(\d+) to \d+-(\d+)", r"金融商品取引法第\1条の\2から第\1条の\3まで"),
    (r"FIEA", "金融商品取引法"),
    (r"APTCP (\d+)-(\d+)", r"犯罪収益移転防止法第\1条の\2"),
    (r"APTCP (\d+), (\d+)", r"犯罪収益移転防止法第\1条・第\2条"),
    (r"APTCP (\d+)", r"犯罪収益移転防止法第\1条"),
    (r" items? (\d+), (\d+)", r"第\1号・第\2号"),
    (r" item (\d+)", r"第\1号"),
    (r", second sentence", "後段"),
    (r", proviso", "ただし書"),
    (r", Form (\d+)", r"・別紙様式第\1号"),
    (r"Bill moving crypto-assets to the 金融商品取引法", "暗号資産を金融商品取引法へ移す法律案"),
    (r"\(article unverified\)", "(条番号未確認)"),
    (r"FSA notice", "金融庁告示"),
    (r"FSA guideline", "事務ガイドライン"),
    (r"JVCEA self-regulation", "JVCEA自主規制規則"),
    (r"JVCEA rules", "JVCEA規則"),
    (r"practice", "実務"),
    (r"; ", "、"),
)


def citation_ja(citation: str) -> str:
    """A citation as it is written in Japanese: `PSA 63-11(2)` is 資金決済法第63条の11第2項."""
    for pattern, words in _CITED:
        citation = re.sub(pattern, words, citation)
    return citation


def in_japanese(data: PackInput) -> PackInput:
    """The input with Japanese words. Verdicts keep their rule and version, by which their row is found."""
    rules = {(rule.id, rule.version): rule for rule in data.rules.rules}
    catalogue = {
        name: replace(kind, meaning=FACTS_JA.get(name, kind.meaning)) for name, kind in data.facts.catalogue.items()
    }
    row_set = replace(
        data.rules,
        name="日本・資金決済法に基づく規則集(当方による要約)",
        rules=tuple(_rule(rule) for rule in data.rules.rules),
        not_covered=tuple(_left_out(each) for each in data.rules.not_covered),
    )
    return replace(
        data,
        rules=row_set,
        verdicts=tuple(_verdict(each, rules[each.rule, each.version]) for each in data.verdicts),
        facts=Facts(data.facts.entity, data.facts.as_of, catalogue, [_fact(each) for each in data.facts]),
        coverage=tuple(each._replace(kind=LABELS_JA.get(each.kind, each.kind)) for each in data.coverage),
    )


def _fact(fact: Fact) -> Fact:
    """A fact as it is, but for the words of the register of wallets."""
    if fact.name != "wallets":
        return fact
    assert isinstance(fact.value, tuple), "wallets are records"
    rows = tuple(
        {name: LABELS_JA.get(str(value), value) if name in _LABELLED else value for name, value in row.items()}
        for row in fact.value
    )
    return replace(fact, value=rows)


def _parameter(parameter: Parameter) -> Parameter:
    """A parameter as a text, for documents."""
    if isinstance(parameter.value, Clock):
        text = phrase(str(parameter.value))
    elif isinstance(parameter.value, tuple):
        rows = [row if isinstance(row, tuple) else (row,) for row in parameter.value]
        text = "、".join("/".join(_word(each) for each in row) for row in rows)
    else:
        text = _word(parameter_text(Parameter(parameter.value)))
    unit = _UNITS.get(parameter.unit, parameter.unit)
    status = "" if parameter.status is None else f"[{JAPANESE['status_' + parameter.status.value]}]"
    return Parameter(f"{text}{unit}{status}")


def _word(value: object) -> str:
    """A word or a number of a parameter."""
    text = parameter_text(Parameter(value)) if isinstance(value, Fraction) else str(value)
    tables = ((LABELS_JA, text), (FIELDS_JA, text), (LABELS_JA, f"trade journal/{text}"))
    return next((table[name] for table, name in tables if name in table), text)


_LABELLED: Final = ("owner", "custody", "control")
_UNITS: Final = {
    "days": "日", "years": "年", "JPY": "円", "contracts": "契約", "rows": "行", "addresses": "アドレス",
    "audits": "監査", "places": "か所", "reports": "報告書", "fields": "項目",
}  # fmt: skip


def _left_out(row: NotCovered) -> NotCovered:
    requirement, reason = NOT_COVERED_JA[row.id]
    return replace(row, citation=citation_ja(row.citation), requirement=requirement, reason=reason)


def _rule(rule: Rule) -> Rule:
    words = RULES_JA[rule.id]
    view = View(rule, {}, _NEVER)
    return replace(
        rule,
        title=words.title,
        requirement=words.requirement,
        note=words.note,
        section=SECTIONS_JA[rule.section],
        citation=citation_ja(rule.citation),
        consequence=CONSEQUENCES_JA[rule.consequence],
        parameters={PARAMETERS_JA[name]: _parameter(each) for name, each in rule.parameters.items()},
        **{  # type: ignore[arg-type]  # each of the three is a tuple of conditions
            name: tuple(Condition(_condition(each, view), "") for each in getattr(rule, name))
            for name in ("applies", "where", "must")
        },
    )


def _verdict(verdict: Verdict, rule: Rule) -> Verdict:
    view = View(rule, {}, verdict.as_of)
    # Conditions as the verdict words them, by which they are found in its texts; the longest first.
    told = {described(each, view): _condition(each, view) for each in (*rule.must, *rule.where)}
    told |= {str(each): _condition(each, view) for each in rule.applies}

    def words(text: str) -> str:
        for english in sorted(told, key=len, reverse=True):
            text = text.replace(english, told[english])
        return phrase(text)

    def line(each: Line) -> Line:
        return replace(
            each, key=LABELS_JA.get(each.key, each.key), measured=words(_fields(each.measured)),
            required=words(each.required), margin=words(each.margin), note=words(each.note),
        )  # fmt: skip

    return replace(
        verdict,
        measured=words(verdict.measured),
        required=words(verdict.required),
        margin=words(verdict.margin),
        note=words(verdict.note),
        warning=words(verdict.warning),
        missing=tuple(words(each) for each in verdict.missing),
        lines=tuple(line(each) for each in verdict.lines),
        deadlines=tuple(
            replace(each, what=WORDS_JA.get(each.what, each.what), clock=phrase(each.clock))
            for each in verdict.deadlines
        ),
    )


_FIELD: Final = re.compile(r"(?<![\w.])([a-z_]+) is ([^;]+)")


def _fields(text: str) -> str:
    """`cured is —; ...`, as lines say what they found, with the fields' names in Japanese."""

    def shown(match: re.Match[str]) -> str:
        name, value = match.groups()
        return f"{FIELDS_JA[name]}:{_value(value)}" if name in FIELDS_JA else match.group()

    return _FIELD.sub(shown, text)


def _value(text: str) -> str:
    return {"true": "はい", "yes": "はい", "false": "いいえ", "no": "いいえ"}.get(text, LABELS_JA.get(text, text))


def _condition(condition: Condition, view: View) -> str:
    """A condition in Japanese."""
    name = FIELDS_JA.get(condition.left, condition.left)
    right = condition.right
    if right.startswith("."):
        other = FIELDS_JA.get(right[1:], right[1:])
    elif right.startswith("@") and isinstance(view.rule.parameters[right[1:]].value, Clock):
        other = phrase(str(view.rule.parameters[right[1:]].value))
    elif right.startswith("@"):
        other = ""
    else:
        other = _value(right)
    match condition.operator:
        case "present":
            return f"{name}の記載があること"
        case "absent":
            return f"{name}の記載がないこと"
        case "is":
            return f"{name}が「{other}」であること" if not right.startswith(".") else f"{name}が{other}と等しいこと"
        case "is not":
            return f"{name}が「{other}」でないこと"
        case "in time":
            return f"{FIELDS_JA.get(condition.since, condition.since)}から{other}以内に{name}があること"
        case "in":
            return f"{name}が定められたもののいずれかであること"
        case _:
            return described(condition, view).replace(condition.left.replace("_", " "), name)


assert set(RULES_JA) == {rule.id for rule in RULES.rules}, "each row has its words in Japanese"
