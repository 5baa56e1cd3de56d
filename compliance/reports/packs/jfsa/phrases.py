"""The words of verdicts in Japanese: what the predicates say, pattern by pattern, and fixed labels.

`tests/compliance/regimes/test_jfsa_pack.py` makes every verdict of every rule and finds English that is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from compliance.regimes.jfsa import RULES
from compliance.regimes.jfsa.terms import J1, J12

__all__ = ["CONSEQUENCES_JA", "LABELS_JA", "WORDS_JA", "phrase"]

_J1: Final = "J1:業務改善命令(資金決済法第63条の16、二次資料で確認)、登録の取消し又は業務停止(同法第63条の17)。"
_J12: Final = (
    _J1 + "J2:分別管理義務違反に対する刑事罰(金額は原文未確認)。"
    "利用者は分別管理された財産について優先弁済を受ける権利を有します(同法第63条の19の2)。"
)
_BY_START: Final = (
    (J12, _J12),
    (J1, _J1),
    ("Sanctions of the association", "協会による処分(原文未確認)。"),
    ("Refusal or revocation", "登録の拒否又は取消し(原文未確認)。"),
    ("Orders under the APTCP", "犯罪収益移転防止法に基づく命令。命令違反に対する刑事罰(二次資料)。"),
    ("Administrative measures", "犯罪収益移転防止法に基づく行政上の措置(二次資料)。"),
    ("Criminal penalties", "刑事罰(原文未確認)。" + _J1),
)  # fmt: skip


def _consequence(text: str) -> str:
    return next(japanese for english, japanese in _BY_START if text.startswith(english))


CONSEQUENCES_JA: Final[Mapping[str, str]] = {rule.consequence: _consequence(rule.consequence) for rule in RULES.rules}
"""By the English text of the row."""

WORDS_JA: Final[Mapping[str, str]] = {
    "make the trust good (JP-CM-02)": "信託の不足額を補う(JP-CM-02)",
    "make the quantity good (JP-SEG-03)": "暗号資産の不足を補う(JP-SEG-03)",
}
"""What a breach makes due."""

LABELS_JA: Final[Mapping[str, str]] = {
    "trade records": "取引記録", "general ledger": "総勘定元帳", "customer ledger": "顧客勘定元帳",
    "users' money": "利用者の金銭の額の記録", "trust property": "信託財産の額の記録",
    "users' crypto quantity": "利用者の暗号資産の数量の記録", "guarantee quantity": "履行保証暗号資産の数量の記録",
    "audit of segregation": "分別管理監査の結果に関する記録",
    "audit of guarantee": "履行保証暗号資産分別管理監査の結果に関する記録",
    "type I financial instruments business registration": "第一種金融商品取引業の登録",
    "money": "金銭", "crypto": "暗号資産", "segregation": "分別管理", "guarantee": "履行保証", "client": "利用者",
    "own": "自己", "offline": "非接続", "online": "常時接続", "custodian": "第三者", "individual": "個人",
    "corporate": "法人", "money laundering": "資金洗浄", "dismissed": "却下", "assets": "資産", "out": "送付",
    "quarter": "四半期", "month": "月", "year": "事業年度", "the day after": "期間経過の翌日", "parts": "合計",
    "address": "アドレス", "period_end": "期末", "day": "営業日",
    "fiscal 2027": "2027年度", "attestation": "表明", "restatement": "訂正表明", "missed": "欠測",
    "signed message": "署名", "trade journal": "取引日記帳", "trade": "取引の記録", "general_ledger": "総勘定元帳",
    "customer_ledger": "顧客勘定元帳",
    "client_money_day": "金銭の額(営業日別)", "trust_property_day": "信託財産の額(営業日別)",
    "client_asset_day": "暗号資産の数量(営業日別)", "guarantee_day": "履行保証暗号資産の数量(営業日別)",
    "segregation_audit": "監査の結果の記録", "kyc": "確認記録",
    "trade journal/date": "年月日", "trade journal/time": "時刻",
    "trade journal/user_name": "利用者の氏名", "trade journal/own_or_agency": "自己又は媒介等の別",
    "trade journal/side": "売付け・買付け・交換の別",
    "trade journal/asset": "暗号資産の名称", "trade journal/quantity": "数量",
    "trade journal/unit_price": "単価", "trade journal/amount": "金額",
    "trade journal/other_asset": "交換の相手方の暗号資産", "trade journal/counterparty": "相手方",
    "trade journal/fee": "手数料",
    "trade journal/fee_asset": "手数料の通貨等",
}  # fmt: skip
"""Keys and values of records that are the toolkit's own words."""

_PATTERNS: Final[tuple[tuple[str, str], ...]] = (
    # Clocks.
    (r"(\d+) business days? \(JP\)", r"\1営業日(日本)"),
    (r"(\d+) calendar days? \(JP\)", r"\1暦日(日本)"),
    (r"(\d+) months? \(JP\)", r"\1か月(日本)"),
    (r"(\d+) years? \(JP\)", r"\1年(日本)"),
    (r"(\d+) hours?", r"\1時間"),
    # Coverage and shares.
    (r"(\d+) of (\d+) assets covered", r"\2種類のうち\1種類を充足"),
    (r"at least (\S+) unit held for each unit owed, in each asset by itself",
     r"種類ごとに、債務1単位につき\1単位以上を保有"),
    (r"a reserve of this asset could not be read", "この資産の残高を確認できませんでした"),
    (r"units lent out without consent and licence references are a shortfall",
     "同意及び許可の記録のない貸付けは不足として扱います"),
    (r"units pledged without consent and licence references count as not held",
     "同意及び許可の記録のない担保差入れは保有に算入しません"),
    (r"units lent out with consent and licence references count as held",
     "同意及び許可の記録のある貸付けは保有に算入します"),
    (r"<= (\S+ %) of (.+), (\S+ JPY)", r"\2の\1(\3)以下"),
    (r"(\d+) addresses are not apart", r"\1アドレスが区分されていません"),
    (r"apart from everything else", "他のすべてから区分されていること"),
    (r"client and own", "利用者と自己"),
    (r": no value in JPY", ":円による価額がありません"),
    # Records.
    (r"(\d+) of (\d+) records of days in order", r"\2件の日次記録のうち\1件が適正"),
    (r"(\d+) of (\d+) records in order", r"\2件のうち\1件が適正"),
    (r"(\d+) of (\d+) within the limit", r"\2件のうち\1件が限度内"),
    (r"deposit (\S+) risk ratio x value", r"保証金 \1 リスク想定比率×取引額"),
    (r"deposit (\S+) (\S+) x value", r"保証金 \1 \2×取引額"),
    (r"notional (\S+) (\S+) x margin", r"想定元本 \1 \2×証拠金"),
    (r"margin (\S+) risk ratio x notional", r"証拠金 \1 リスク想定比率×想定元本"),
    (r"risk_ratio is not known", "リスク想定比率が不明"),
    (r"(\S+): (\d+) records of .+, at least (\S+) needed", r"\1:該当する記録が\2件(\3件以上必要)"),
    (r"it is not known whether it counts: .*", "対象となるかどうか判りません"),
    (r"there is one", "該当あり"),
    (r"(\d+) found", r"\1件"),
    (r"(\d+) too many", r"\1件超過"),
    (r"\bnone\b", "なし"),
    (r"\bin order\b", "適正"),
    (r"(\d+) fail\b", r"不適合\1件"),
    (r"(\d+) records\b", r"\1件の記録"),
    # Time.
    (r"each business day \(JP\) since (\S+)", r"\1以降の各営業日(日本)"),
    (r"done on the day", "当日に実施"),
    (r"^nothing$", "記録なし"),
    (r"^address (.+); reason (.+)$", r"アドレス \1、理由 \2"),
    (r"\bdone\b", "実施"),
    (r"last on (\S+)", r"直近 \1"),
    (r"overdue since (\S+)", r"期限超過(期限 \1)"),
    (r"\boverdue\b", "期限超過"),
    (r"within (\S+ %) of a breach: (\S+ %) of what is required is left", r"不適合まで\1未満:残り\2"),
    (r"due in (\d+) days", r"期限まで\1日"),
    (r"within (\S+)", r"\1以内"),
    (r"until (\S+)", r"\1まで"),
    (r"(\d+) of (\d+) periods in time", r"\2期間のうち\1期間が期限内"),
    (r"each quarter filed when due", "四半期ごとに期限内に提出"),
    (r"each year filed when due", "事業年度ごとに期限内に提出"),
    (r"each month filed when due", "毎月期限内に提出"),
    (r"no period has ended yet: nothing was due", "終了した期間がまだないため、提出期限は到来していません"),
    (r"not yet filed", "未提出(期限前)"),
    (r"not filed", "未提出"),
    (r"filed by (\S+)", r"\1までに提出"),
    (r"filed (\S+)", r"提出 \1"),
    (r"(\d+) days left", r"残り\1日"),
    (r"(\d+) of (\d+) classes kept", r"\2種類のうち\1種類を保存"),
    (r"each class for its time, without gaps", "種類ごとに必要な期間、欠落なく保存"),
    (r"kept (\S+) years, without gaps", r"\1年間、欠落なく保存"),
    (r"without end, (\S+) gaps", r"無期限、欠落\1件"),
    (r"(\S+) years, (\S+) gaps", r"\1年、欠落\2件"),
    (r"nothing is known of this class", "この種類の記録について情報がありません"),
    # Controls and surveillance.
    (r"(\d+) of (\d+) controls in place", r"\2項目のうち\1項目が整備済み"),
    (r"each control in place", "各項目が整備されていること"),
    (r"in place: yes, tested: (\S+)", r"整備:はい、確認日:\1"),
    (r"in place: no, tested: (\S+)", r"整備:いいえ、確認日:\1"),
    (r"\bin place\b", "整備されていること"),
    (r"nothing is stated of this control", "この項目について申告がありません"),
    (r"(\d+) of (\d+) detectors 適正", r"\2機能のうち\1機能が適正"),
    (r"run (\S+)以内 over a log without gaps; alerts decided (\S+)以内",
     r"欠落のない記録に対し\1以内に実行、警告は\2以内に処理"),
    (r"this detector has not run: it lacks input", "この検知機能は入力がなく、実行されていません"),
    (r"ran (\S+), (\S+) alerts, (\S+) open, oldest (\S+)", r"実行 \1、警告\2件、未処理\3件、最古 \4"),
    (r"applies where ", "適用条件:"),
    (r" and (?=[^ -~])", "、かつ"),
)  # fmt: skip
_COMPILED: Final = tuple((re.compile(pattern), words) for pattern, words in _PATTERNS)


@lru_cache(4096)
def phrase(text: str) -> str:
    """A text of a verdict in Japanese; figures and names stay."""
    if text in LABELS_JA:
        return LABELS_JA[text]
    name, colon, rest = text.partition(": ")
    if colon and name in LABELS_JA:
        # What a line lacks is said after its own name.
        return f"{LABELS_JA[name]}:{phrase(rest)}"
    for pattern, words in _COMPILED:
        text = pattern.sub(words, text)
    return text
