"""The check list for the audit of separate management: procedures for the practitioner, none of them performed here.

Laid out as the agreed-upon-procedures guideline is (general, money, crypto, safe method, guarantee, books, filings),
in our own words. The result of each item is the practitioner's to fill in; our verdict stands beside for reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from compliance.reports.document import Block, Column
from compliance.reports.packs import blocks
from compliance.reports.packs.blocks import named
from compliance.reports.packs.jfsa.property import audits_block, property_blocks
from compliance.reports.packs.jfsa.quarterly import wanted
from compliance.reports.packs.jfsa.values import Edition

__all__ = ["CHAPTERS", "CheckItem", "check_blocks"]


_AUDIT: Final = "tallystick audit BUNDLE... --key exchange-key.json"


class CheckItem(NamedTuple):
    """An item: what is checked and its points, Japanese and English, and the rules it bears on."""

    item: tuple[str, str]
    points: tuple[str, str]
    rules: tuple[str, ...] = ()


CHAPTERS: Final[tuple[tuple[tuple[str, str], tuple[CheckItem, ...]], ...]] = (
    (
        ("Ⅰ 全般的事項", "I General"),
        (
            CheckItem(
                ("分別管理に関する社内規則及び職務分掌", "Internal rules on separate management, and who does what"),
                (
                    "規則の承認記録、職務分掌表、改定の履歴を閲覧する。",
                    "Inspect approvals, the table of duties, and changes.",
                ),
            ),
            CheckItem(
                ("内部監査の実施", "Internal audit"),
                ("計画、結果及び改善の記録を閲覧する。", "Inspect plan, results and follow-up."),
            ),
            CheckItem(
                ("各営業日の計算と記録", "Computation and record of each business day"),
                (
                    "抽出した営業日について、必要量の計算表と元帳を突合し、作成者及び承認者を確かめる。",
                    "For sampled days agree the computation to the ledgers, and see preparer and approver.",
                ),
                ("JP-SEG-02b", "JP-SEG-02c"),
            ),
            CheckItem(
                ("不足が生じた場合の対処", "What is done on a shortfall"),
                (
                    "不足の記録を閲覧し、判明日、期限及び解消日を確かめる。",
                    "Inspect the log: day found, day due, day cured.",
                ),
                ("JP-CM-02", "JP-SEG-03"),
            ),
        ),
    ),
    (
        ("Ⅱ 金銭の分別管理", "II Users' money"),
        (
            CheckItem(
                ("利用者ごとの金銭残高の合計と総勘定元帳の一致", "Sum over users agrees with the general ledger"),
                (
                    "基準日の利用者別残高を合計し、元帳残高と突合する。",
                    "Add up balances per user at the date and agree.",
                ),
                ("JP-CM-01",),
            ),
            CheckItem(
                ("信託財産の額", "Trust property"),
                (
                    "信託会社等に確認状を送付し、回答と信託財産の額を突合する。",
                    "Confirm with the trust company, and agree its answer.",
                ),
                ("JP-CM-01",),
            ),
            CheckItem(
                ("信託契約の要件", "Terms of the trust"),
                (
                    "契約書で受託者、元本受益者、受益者代理人を確かめる。",
                    "Read trustee, beneficiaries and agent in the contract.",
                ),
                ("JP-CM-01b",),
            ),
        ),
    ),
    (
        ("Ⅲ 利用者の暗号資産の分別管理", "III Users' crypto-assets"),
        (
            CheckItem(
                ("利用者ごとの数量の合計と必要量の一致", "Sum over users agrees with the required quantity"),
                (
                    f"利用者別数量を合計し、必要量及び負債ツリーの合計と突合する。({_AUDIT})",
                    f"Add up quantities per user; agree with the required quantity and the liability tree. ({_AUDIT})",
                ),
                ("JP-SEG-01b",),
            ),
            CheckItem(
                ("アドレスの残高", "Balance of addresses"),
                (
                    "全アドレスについて、業務実施者のノードで基準日のブロックの残高を照会する。",
                    "Read each address at the block of the date from a node of the practitioner's own.",
                ),
                ("JP-SEG-02",),
            ),
            CheckItem(
                ("アドレスの支配", "Control of addresses"),
                ("署名又は指図による移転を検証する。", "Check signatures, or transfers on instruction."),
                ("JP-SEG-01",),
            ),
            CheckItem(
                ("自己の暗号資産との区分", "Apart from own crypto"),
                (
                    "ウォレット台帳を閲覧し、自己のアドレスとの重複を調べる。",
                    "Compare the register with own addresses.",
                ),
                ("JP-SEG-01",),
            ),
            CheckItem(
                ("第三者による管理", "Third-party custody"),
                ("管理契約を閲覧し、第三者に確認状を送付する。", "Inspect contracts and send confirmations."),
                ("JP-SEG-01c",),
            ),
        ),
    ),
    (
        ("Ⅳ 安全な方法による管理", "IV Safe method"),
        (
            CheckItem(
                ("円換算額による割合(5%)", "Share by value in yen (5 %)"),
                ("単価の出所を確かめ、割合を再計算する。", "See where prices are from, and compute the share again."),
                ("JP-COLD-01",),
            ),
            CheckItem(
                ("常時接続していない機器", "Device off the net"),
                (
                    "機器を観察し、鍵の生成及び署名の手順書と記録を閲覧する。",
                    "Observe the device; inspect procedures and records.",
                ),
                ("JP-COLD-02",),
            ),
        ),
    ),
    (
        ("Ⅴ 履行保証暗号資産", "V Guarantee crypto-assets"),
        (
            CheckItem(
                ("同種同量以上の保有", "Same kind and quantity"),
                ("種類ごとに、安全な方法以外の数量と比較する。", "Compare with the quantity outside, per asset."),
                ("JP-GUAR-01",),
            ),
            CheckItem(
                ("他の自己の暗号資産との区分及び安全な方法", "Apart from other own crypto, and by the safe method"),
                ("アドレスごとに用途及び保管方法を確かめる。", "See use and custody of each address."),
                ("JP-GUAR-01", "JP-GUAR-01b"),
            ),
        ),
    ),
    (
        ("Ⅵ 帳簿書類", "VI Books"),
        (
            CheckItem(
                ("九つの帳簿書類の作成", "The nine books"),
                ("抽出した営業日について各帳簿を閲覧する。", "Inspect each book for sampled days."),
                ("JP-BK-01", "JP-BK-01b", "JP-BK-01c"),
            ),
            CheckItem(
                ("取引日記帳の記載事項", "Fields of the trade journal"),
                ("取引を抽出し、記載事項の有無を調べる。", "Sample trades and look for each field."),
                ("JP-BK-04",),
            ),
            CheckItem(
                ("保存期間及び国内保存", "Retention, and in Japan"),
                ("保存期間の設定及び保存場所を確かめる。", "See periods set and places."),
                ("JP-BK-02", "JP-BK-03"),
            ),
        ),
    ),
    (
        ("Ⅶ 監査及び報告", "VII Audits and filings"),
        (
            CheckItem(
                ("前回の監査の日及び実施者", "Last audits and by whom"),
                ("報告書の写しを閲覧する。", "Inspect copies of the reports."),
                ("JP-AUD-01", "JP-AUD-01b", "JP-AUD-02", "JP-AUD-02b"),
            ),
            CheckItem(
                ("四半期の報告書の提出及び添付書類", "Quarterly reports and attachments"),
                ("受付の記録及び添付書類を閲覧する。", "Inspect receipts and attachments."),
                ("JP-RP-Q", "JP-RP-Qb", "JP-RP-Qc"),
            ),
        ),
    ),
)
"""Chapters in order: heading (Japanese, English) and items. Points that end in a command work from a bundle alone."""


def check_blocks(seen: Edition) -> list[Block]:
    """The list with its blank results, whom to confirm with, the figures it is about, and the letters."""
    data, texts = seen.data, seen.texts
    return [
        Block(seen.word("check"), 2, (seen.word("check_intro"),)),
        *_chapters(seen),
        _confirmations(seen),
        Block(seen.word("slots"), 2, (seen.word("slots_note"),)),
        blocks.attachments_block(data, wanted(seen, "segregation-check"), texts),
        blocks.attention_block(data, texts),
        *property_blocks(seen),
        audits_block(seen),
        blocks.wallets_block(data, texts, ("JP-SEG-01", "JP-COLD-02", "JP-GUAR-01b")),
        *blocks.coverage_blocks(data, texts, ("JP-SEG-02",)),
        *blocks.verdict_blocks(data, texts),
        blocks.deadlines_block(data, texts),
    ]


def _chapters(seen: Edition) -> Iterator[Block]:
    columns = (
        *seen.columns(("no", "text", 7), ("check_item", "text", 24), ("check_point", "text", 36)),
        *seen.columns(("rule", "text", 14), ("ours", "text", 14), ("result", "text", 22)),
    )
    for number, (heading, items) in enumerate(CHAPTERS, 1):
        rows = [
            (
                f"{number}.{place}", seen.pick(*each.item), seen.pick(*each.points), ", ".join(each.rules) or "—",
                _ours(seen, each), "",
            )
            for place, each in enumerate(items, 1)
        ]  # fmt: skip
        title = seen.pick(*heading)
        rules = tuple(dict.fromkeys(rule for each in items for rule in each.rules))
        yield Block(title, 2, (), named(f"check-{number}", title, columns, rows), rules=rules)


def _ours(seen: Edition, item: CheckItem) -> str:
    """Our verdicts of an item's rules: one word where all are alike, and outside this pack where there is no rule."""
    found = {rule: _answer(seen, rule) for rule in item.rules}
    if len(set(found.values())) > 1:
        return ", ".join(f"{rule} {word}" for rule, word in found.items())
    return next(iter(found.values()), seen.word("by_hand"))


def _answer(seen: Edition, rule: str) -> str:
    """A rule's answer in words."""
    result = seen.result_of(rule)
    return seen.texts["status_" + result.replace(" ", "_")] if result else seen.word("no_verdict")


def _confirmations(seen: Edition) -> Block:
    heading = seen.word("confirm")
    rows = [
        *((str(row["trustee"]), seen.word("confirm_trust")) for row in seen.records("jfsa.trusts") or ()),
        *((str(row["custodian"]), seen.word("confirm_custody")) for row in seen.records("jfsa.custodians") or ()),
    ]
    lacking = tuple(
        seen.word("unknown_note").format(name=name)
        for name in ("jfsa.trusts", "jfsa.custodians")
        if seen.records(name) is None
    )
    columns: tuple[Column, ...] = (*seen.columns(("party", "text", 30), ("confirm_what", "text", 50)),)
    table = named("confirmations", heading, columns, rows) if rows else None
    return Block(heading, 2, (seen.word("confirm_note"), *lacking), table, rules=("JP-CM-01", "JP-SEG-01c"))
