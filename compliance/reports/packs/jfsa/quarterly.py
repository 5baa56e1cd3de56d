"""The quarterly report on the management of users' property: its items, key figures, and the whole document."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

from compliance.facts import decimal_text
from compliance.regimes.jfsa.watch import STEPS, liability_reserve
from compliance.reports.document import Block, Column
from compliance.reports.packs import blocks
from compliance.reports.packs.blocks import attached, named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.jfsa.property import audits_block, property_blocks
from compliance.reports.packs.jfsa.texts import ATTACHED
from compliance.reports.packs.jfsa.values import Edition
from compliance.reports.packs.period import readable
from compliance.verdicts import Result, Verdict

__all__ = ["ITEMS", "Item", "measured", "quarterly_blocks", "wanted", "watch_block"]


class Item(NamedTuple):
    """An item of the report: number, Japanese, English, what gives it (`fact:NAME`, `attachment:STEM`, `rule:ID`), and
    the heading that shows it (the name of a text)."""

    number: str
    japanese: str
    english: str
    source: str
    heading: str


ITEMS: Final = (
    Item("1", "利用者の金銭の額", "users' money", "fact:client_money.owed", "jfsa_money"),
    Item("2", "信託財産の額", "trust property", "fact:jfsa.trust.balance", "jfsa_money"),
    Item("3", "利用者区分管理信託契約", "trust contracts", "fact:jfsa.trusts", "jfsa_contracts"),
    Item("4", "利用者の暗号資産の数量", "quantities of users' crypto", "fact:claims", "jfsa_crypto"),
    Item("5", "管理している暗号資産の数量", "quantities kept for users", "fact:reserves.client", "jfsa_crypto"),
    Item(
        "6", "安全な方法による管理の数量", "quantities kept by the safe method", "fact:reserves.client.offline",
        "jfsa_crypto"
    ),
    Item("7", "安全な方法以外による管理の数量", "quantities outside it", "fact:reserves.client.hot", "jfsa_crypto"),
    Item("8", "円換算額による割合", "share by value in yen", "rule:JP-COLD-01", "jfsa_cold"),
    Item("9", "第三者による管理の状況", "third-party custody", "fact:jfsa.custodians", "jfsa_custodians"),
    Item("10", "履行保証暗号資産の数量", "guarantee crypto-assets", "fact:reserves.guarantee", "jfsa_guarantee"),
    Item("11", "不足の発生と解消", "shortfalls and their cure", "fact:jfsa.shortfalls", "jfsa_shortfalls"),
    Item("12", "分別管理監査等の状況", "state of the two audits", "fact:jfsa.audits", "jfsa_audits"),
    Item("13", "信託会社等の残高証明書", "trust's letter of balance", "attachment:trust-certificate", "attachments"),
    Item("14", "暗号資産の残高を証明するもの", "print-outs of balances", "attachment:crypto-printouts", "attachments"),
    Item(
        "15", "履行保証暗号資産の残高を証明するもの", "print-outs of the guarantee", "attachment:guarantee-printouts",
        "attachments",
    ),
    Item(
        "16", "分別管理監査の報告書の写し", "report on separate management", "attachment:segregation-audit",
        "attachments",
    ),
    Item(
        "17", "履行保証暗号資産分別管理監査の報告書の写し", "report on guarantee crypto", "attachment:guarantee-audit",
        "attachments",
    ),
    Item("18", "貸借対照表", "balance sheet", "attachment:balance-sheet", "attachments"),
    Item("19", "損益計算書", "profit and loss", "attachment:profit-and-loss", "attachments"),
)  # fmt: skip
"""The content of Form 13 as the order lists it and as practice shows it; numbers are ours."""


def is_given(seen: Edition, item: Item) -> bool:
    """Whether an item of the report is there."""
    sort, _, name = item.source.partition(":")
    if sort == "fact":
        return seen.data.facts.find(name) is not None
    if sort == "attachment":
        return bool(attached(seen.data, name))
    found = _verdict(seen, name)
    return found is not None and found.result is not Result.INSUFFICIENT


def wanted(seen: Edition, kind: str) -> dict[str, str]:
    """The documents of others that a kind asks for, in the edition's language."""
    return {stem: seen.pick(*words) for stem, words in ATTACHED[kind].items()}


def quarterly_blocks(seen: Edition) -> list[Block]:
    """What stands between cover and the parts that every document ends with."""
    return [
        blocks.attention_block(seen.data, seen.texts),
        _items(seen),
        _key(seen),
        *property_blocks(seen),
        audits_block(seen),
        blocks.attachments_block(seen.data, wanted(seen, "quarterly"), seen.texts),
        *measured(seen),
        watch_block(seen),
    ]


def measured(seen: Edition) -> list[Block]:
    """Coverage over the period, the books' balance, verdicts, deadlines, warnings, evaluations."""
    data, texts = seen.data, seen.texts
    return [
        *blocks.coverage_blocks(data, texts, ("JP-SEG-02",)),
        blocks.books_block(data, texts),
        blocks.wallets_block(data, texts, ("JP-SEG-01", "JP-COLD-02", "JP-GUAR-01b")),
        *blocks.verdict_blocks(data, texts),
        blocks.deadlines_block(data, texts),
        blocks.early_block(data, texts),
        blocks.evaluations_block(data, texts),
    ]


def _items(seen: Edition) -> Block:
    columns = seen.columns(("no", "text", 8), ("item", "text", 40), ("where", "text", 40), ("state", "text", 12))
    rows = [
        (
            item.number,
            f"{item.japanese}" if seen.is_japanese else f"{item.english} ({item.japanese})",
            seen.texts[item.heading],
            seen.word("given" if is_given(seen, item) else "missing"),
        )
        for item in ITEMS
    ]
    table = named("report-items", seen.word("items"), columns, rows)
    return Block(seen.word("items"), 2, (seen.word("items_note"),), table, rules=("JP-RP-Q", "JP-RP-Qb"))


def _verdict(seen: Edition, rule_id: str) -> Verdict | None:
    return next((each for each in seen.data.verdicts if each.rule == rule_id), None)


def _key(seen: Edition) -> Block:
    rules = ("JP-CM-01", "JP-SEG-02", "JP-COLD-01", "JP-GUAR-01", "JP-AUD-01", "JP-AUD-02", "JP-RP-Q")
    titles = {rule.id: rule.title for rule in seen.data.rules.in_force(seen.data.end)}
    rows = []
    for rule_id in rules:
        verdict = _verdict(seen, rule_id)
        figure = "" if verdict is None else readable(verdict.measured)
        rows.append((titles.get(rule_id, rule_id), figure or seen.word("unknown"), rule_id))
    return blocks.key_figures(seen.word("key"), rows, seen.texts)


def watch_block(seen: Edition) -> Block:
    """The coming law, and own funds against hot value and losses, for information."""
    found, word = liability_reserve(seen.data.facts), seen.word

    def yen(value: Fraction | None) -> str:
        return word("unknown") if value is None else word("yen").format(value=units(value))

    share = found.share_of_hot
    ratio = word("unknown") if share is None else f"{decimal_text(Fraction(int(share * 10**4), 100))} %"
    items = (
        word("own_funds").format(value=yen(found.own_funds)),
        word("hot_reserve").format(value=yen(found.hot_value)),
        word("losses").format(value=yen(found.losses)),
        word("ratio_reserve").format(value=ratio),
    )
    columns = (
        *seen.columns(("when", "text", 14), ("step", "text", 50)),
        Column(seen.texts["text_status"], "status", 12),
        Column(seen.texts["source"], "text", 24),
    )
    rows = [
        (seen.label(each.when), seen.pick(each.what_ja, each.what), each.status.value, each.source) for each in STEPS
    ]
    table = named("coming-law", word("watch"), columns, rows)
    return Block(word("watch"), 2, (word("watch_note"),), table, items=items)
