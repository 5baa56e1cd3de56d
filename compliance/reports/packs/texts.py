"""The fixed words of the packs' shared parts, English and Japanese, beside those of `compliance.reports.texts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from compliance.reports.document import Texts
from compliance.reports.texts import LANGUAGES as FRAME

__all__ = ["ENGLISH", "JAPANESE", "words"]

ENGLISH: Final[Mapping[str, str]] = {
    "pack_period": "Period",
    "pack_period_value": "{start} to {end}, both days whole ({calendar})",
    "judged_at": "Judged at (UTC)",
    "facts_known": "Facts known at (UTC)",
    "engine": "Made with",
    "title_long": "{title} · {report}",
    # verdicts
    "verdicts_intro": (
        "One line for each rule in force at the end of the period. Measured and required are as the rule counts them; "
        "the margin is what is left until a breach. What each rule asks, and what it rests on, stands under "
        "“Procedures and findings”; what lacks data under “Missing data”."
    ),
    "section_of": "{section}",
    "section_none": "General",
    "attention_more": "{count} more rules lack data; what they lack stands under “Missing data”.",
    "requirement": "What the rule asks",
    "failing": "Lines that fail: {rule}",
    "lines_shown": "{shown} of {count} lines; the first are those that fail.",
    "line": "Line",
    "by_section": "Rules by section and answer",
    "section": "Section",
    # deadlines and warnings
    "deadlines": "Breaches and what they make due",
    "deadlines_none": "Nothing fails that sets a clock running.",
    "due": "Due (UTC)",
    "what_due": "What is due",
    "clock": "Clock",
    "since": "Fails since (UTC)",
    "consequence": "Consequence of a breach",
    "early": "Early warnings",
    "early_none": "No rule that passes is near its limit.",
    "warning": "Warning",
    # coverage
    "coverage": "Coverage of what is owed, asset by asset",
    "coverage_intro": (
        "Units held for customers against units owed to them, gross: what customers owe is not set off, and a surplus "
        "in one asset covers no other. A ratio is cut off, never rounded up."
    ),
    "coverage_table": "Coverage at {moment}",
    "coverage_none": "No hour of the period has a statement of what is held and owed.",
    "asset": "Asset",
    "owed": "Owed (units)",
    "held": "Held (units)",
    "difference": "Held less owed (units)",
    "ratio": "Held / owed (%)",
    "lowest": "Lowest of the period (%)",
    "lowest_at": "at (UTC)",
    "answer": "Covered",
    "coverage_hours": "{count} hours of the period: {kinds}.",
    "coverage_chart": "Coverage over the period",
    "coverage_chart_words": (
        "Lines over the hours of the period: the lowest ratio of any asset, and the assets that came lowest, in per "
        "cent of what is owed. {below} of {count} hours have an asset under 100 %."
    ),
    "coverage_lines": "Held by owed in per cent, hour by hour",
    "coverage_lowest": "Lowest of all assets",
    "coverage_full": "all that is owed",
    "window": "Before and after the end of the period",
    "window_intro": (
        "The same ratio from {before} days before the end of the period to {after} days after it, as far as hours are "
        "known. One moment alone could have been prepared for."
    ),
    "window_lines": "Lowest of all assets in per cent, hour by hour",
    "window_words": "A line of the lowest ratio of any asset around the end of the period, which is marked.",
    "window_end": "end of the period",
    "window_none": "No hour near the end of the period is known.",
    "window_no_after": "No hour after the end of the period is known yet; make the pack again later to see it.",
    "books": "The ledger's own balance, asset by asset",
    "books_intro": (
        "What the books say of each asset in units: custody + in transit + debts + receivables + due from others of "
        "the group = claims + receipts not yet credited + house + due to others of the group."
    ),
    "books_custody": "Custody",
    "books_in_transit": "In transit",
    "books_debts": "Debts",
    "books_receivables": "Receivables",
    "books_due_from": "Due from",
    "books_due_to": "Due to",
    "books_claims": "Claims",
    "books_receipts_uncredited": "Receipts not yet credited",
    "books_house": "House",
    "books_none": "The ledger's balance of the period's end was not given.",
    "evaluations": "Evaluations in the period",
    "evaluations_intro": (
        "{count} evaluations were made in the period. Shown: the first, the last, and each in which more rules failed "
        "than in the one before."
    ),
    "evaluations_none": "No evaluation of the period is kept.",
    "moment": "Moment (UTC)",
    "record_hash": "SHA-256 of the record",
    # missing
    "missing_data": "Missing data",
    "missing_intro": (
        "These rules could not be judged. That is not a pass. Each line names what is missing, and who gives it how."
    ),
    "missing_none": "Every rule that applies had the data to judge it.",
    "missing_what": "What is missing",
    "missing_meaning": "What that is",
    "missing_who": "Who gives it",
    "missing_how": "How",
    "missing_record": "said of a record, not of a whole fact",
    "who_firm": "the firm",
    "who_attestation": "the hourly statement",
    "who_ledger": "the ledger and its log",
    "who_surveillance": "surveillance",
    "who_travel_rule": "the travel rule's log",
    "who_screening": "screening",
    "who_retention": "the archive",
    "how_firm": "tallystick facts set {name}",
    "how_attestation": "tallystick run (the next hour's statement)",
    "how_ledger": "from the log by itself; not given for this period",
    "how_surveillance": "from the detectors over the order log",
    "how_travel_rule": "from the travel rule's message log",
    "how_screening": "from the screening log",
    "how_retention": "from the archive of records",
    # facts
    "facts_used": "Facts and where they come from",
    "facts_intro": (
        "Every fact that was known at the end of the period, with the moment it is of and how far it is shown."
    ),
    "fact": "Fact",
    "value": "Value",
    "as_of": "As of (UTC)",
    "origin": "From",
    "shown": "Shown",
    "value_records": "{count} records",
    "value_amounts": "{count}: {first}",
    "value_names": "{count}: {first}",
    # procedures
    "procedures": "Procedures and findings",
    "procedures_intro": (
        "What was done for each rule, exactly, and what it found. No opinion is drawn from it. Facts are named as in "
        "the table of facts; evidence by the start of its hash, as in the appendix."
    ),
    "procedure_of": "{requirement} [{citation}; text {status}; version {version}] {how} Facts: {inputs}.",
    "procedure_left_out": "{requirement} [{citation}; text {status}] Nothing was tested.",
    "procedure_parameters": " Parameters: {parameters}.",
    "procedure_applies": " Applies where {conditions}.",
    "procedure_where": " Counted where {conditions}.",
    "procedure_must": " Each must: {conditions}.",
    "how_coverage": "Compared units held with units owed, each asset by itself.",
    "how_client_money": "Compared the money held for clients with the money owed to them, each currency by itself.",
    "how_share": "Held the part against its limit as a share of the whole.",
    "how_guarantee": "Compared the guarantee with what it guarantees, each asset by itself, and looked for mixing.",
    "how_age": "Compared the time of the last one, or each day's record, with the time allowed.",
    "how_floor": "Computed the required figure and compared what is held with it.",
    "how_leverage": "Held each record's exposure against its limit.",
    "how_completeness": "Tested each record, one by one.",
    "how_retention_rule": "Compared how long each class of records is kept with how long it must be.",
    "how_statements": "Compared, for each period, clients with statements prepared, and when.",
    "how_deadline": "Compared, for each period, the moment of filing with the day it was due.",
    "how_controls": "Looked for each control in what is stated of controls.",
    "how_surveillance_rule": "Looked for each detector's last run and its open alerts.",
    "finding_pass": "Measured: {measured}. Required: {required}. Margin: {margin}.",
    "finding_fail": "Measured: {measured}. Required: {required}. Margin: {margin}.",
    "finding_missing": "Not judged: {missing} missing.",
    "finding_na": "Not applicable: {note}",
    "exception_line": "{key}: {measured}; required {required}{margin}",
    "exceptions_more": "and {count} more",
    # wallets
    "wallets": "Wallets",
    "wallets_intro": "{count} addresses; the register of wallets as the statement at the end of the period knows it.",
    "wallets_none": "The register of wallets is not known.",
    "wallet": "Wallet",
    "address": "Address",
    "chain": "Chain",
    "owner": "Held for",
    "custody": "Custody",
    "label": "Label",
    "control": "Control shown by",
    # attachments
    "attachments": "Documents of others",
    "attachments_intro": "These are not ours. They are in the pack as they were received, or named as missing.",
    "attachment": "Document",
    "attachment_file": "File",
    "attachment_state": "State",
    "attached": "attached",
    "not_attached": "missing",
    # not covered
    "not_covered_intro": "Parts of the regime that this pack says nothing about, and why.",
    "none_here": "None.",
    # sign-off
    "sign_statement": "I have read this pack and what it does not cover.",
    # the rules' texts
    "sources": "Rules, texts and status",
    "sources_intro": (
        "How far each rule's text was read: verified in the regulator's own or an official text, secondary, or "
        "unverified. A verdict by an unverified rule shows what the rule would say if its text is as noted."
    ),
    "version": "Version",
    "read_at": "Read on",
    "source": "Source",
    "parameters": "Parameters",
}
"""English."""

JAPANESE: Final[Mapping[str, str]] = {
    "pack_period": "対象期間",
    "pack_period_value": "{start} から {end} まで(両日を含む、暦:{calendar})",
    "judged_at": "判定時点(UTC)",
    "facts_known": "事実の確定時点(UTC)",
    "engine": "作成ソフトウェア",
    "title_long": "{title} · {report}",
    "verdicts_intro": (
        "期末に有効な規則ごとに一行を示します。測定値と要求値は各規則の計算方法によります。差は不適合に至るまでの余裕です。"
        "規則の内容と根拠は「手続と所見」に、データ不足は「不足しているデータ」に示します。"
    ),
    "section_of": "{section}",
    "section_none": "全般",
    "attention_more": "ほか{count}件の規則でデータが不足しています。「不足しているデータ」を参照してください。",
    "requirement": "規則の要求",
    "failing": "不適合の内訳:{rule}",
    "lines_shown": "{count}行のうち{shown}行。不適合の行を先に示します。",
    "line": "項目",
    "by_section": "章別・判定別の規則数",
    "section": "章",
    "deadlines": "不適合とその期限",
    "deadlines_none": "期限の進行を伴う不適合はありません。",
    "due": "期限(UTC)",
    "what_due": "行うべきこと",
    "clock": "期間",
    "since": "不適合の開始(UTC)",
    "consequence": "違反の効果",
    "early": "早期警告",
    "early_none": "適合している規則のうち限度に近いものはありません。",
    "warning": "警告",
    "coverage": "資産ごとの債務に対する保有割合",
    "coverage_intro": (
        "利用者のために保有する数量と、利用者に対する債務の数量を総額で比較します。利用者の債務とは相殺せず、"
        "ある資産の余剰が他の資産の不足を補うことはありません。割合は切り捨てとし、切り上げません。"
    ),
    "coverage_table": "{moment} 時点の保有割合",
    "coverage_none": "期間中に、保有数量と債務数量の記録がある時刻はありません。",
    "asset": "資産",
    "owed": "債務(数量)",
    "held": "保有(数量)",
    "difference": "保有-債務(数量)",
    "ratio": "保有/債務(%)",
    "lowest": "期間中の最低(%)",
    "lowest_at": "時刻(UTC)",
    "answer": "判定",
    "coverage_hours": "期間中の{count}時刻:{kinds}。",
    "coverage_chart": "期間中の保有割合の推移",
    "coverage_chart_words": (
        "期間中の各時刻について、全資産中の最低の割合と、最も低かった資産の割合を、債務に対する百分率で示す折れ線です。"
        "{count}時刻のうち{below}時刻で、いずれかの資産が100%を下回っています。"
    ),
    "coverage_lines": "時刻ごとの保有/債務(百分率)",
    "coverage_lowest": "全資産の最低",
    "coverage_full": "債務の全額",
    "window": "期末前後の推移",
    "window_intro": (
        "期末の{before}日前から{after}日後まで、判明している時刻について同じ割合を示します。"
        "一時点の数値は、その時だけ整えることができるためです。"
    ),
    "window_lines": "時刻ごとの全資産中の最低(百分率)",
    "window_words": "期末前後の全資産中の最低の割合を示す折れ線です。期末に印を付けています。",
    "window_end": "期末",
    "window_none": "期末の前後で判明している時刻はありません。",
    "window_no_after": "期末より後の時刻はまだ判明していません。後日、本資料集を作成し直すと表示されます。",
    "books": "資産ごとの帳簿残高",
    "books_intro": (
        "帳簿上の数量です。保管+移動中+利用者の債務+未収+グループ内の債権="
        "利用者への債務+未計上の受入+自己+グループ内の債務。"
    ),
    "books_custody": "保管",
    "books_in_transit": "移動中",
    "books_debts": "利用者の債務",
    "books_receivables": "未収",
    "books_due_from": "グループ内の債権",
    "books_due_to": "グループ内の債務",
    "books_claims": "利用者への債務",
    "books_receipts_uncredited": "未計上の受入",
    "books_house": "自己",
    "books_none": "期末の帳簿残高は提供されていません。",
    "evaluations": "期間中の判定",
    "evaluations_intro": (
        "期間中に{count}回の判定を行いました。最初、最後、及び不適合の数が直前より増えた回を示します。"
    ),
    "evaluations_none": "期間中の判定の記録はありません。",
    "moment": "時点(UTC)",
    "record_hash": "記録のSHA-256",
    "missing_data": "不足しているデータ",
    "missing_intro": (
        "次の規則は判定できませんでした。これは適合を意味しません。不足しているもの、提供者、提供方法を示します。"
    ),
    "missing_none": "適用される規則はすべて、判定に必要なデータがありました。",
    "missing_what": "不足しているもの",
    "missing_meaning": "内容",
    "missing_who": "提供者",
    "missing_how": "提供方法",
    "missing_record": "事実全体ではなく、個別の記録に関するもの",
    "who_firm": "法人",
    "who_attestation": "毎時の表明",
    "who_ledger": "帳簿とその記録",
    "who_surveillance": "取引監視",
    "who_travel_rule": "トラベルルールの記録",
    "who_screening": "スクリーニング",
    "who_retention": "保存記録",
    "how_firm": "tallystick facts set {name}",
    "how_attestation": "tallystick run(次の時刻の表明)",
    "how_ledger": "記録から自動的に得られますが、この期間については提供されていません",
    "how_surveillance": "注文記録に対する検知機能から",
    "how_travel_rule": "トラベルルールの通信記録から",
    "how_screening": "スクリーニングの記録から",
    "how_retention": "保存記録から",
    "facts_used": "事実とその由来",
    "facts_intro": "期末に判明していたすべての事実、その時点、及びどこまで示されているかを記載します。",
    "fact": "事実",
    "value": "値",
    "as_of": "時点(UTC)",
    "origin": "由来",
    "shown": "確度",
    "value_records": "{count}件の記録",
    "value_amounts": "{count}件の金額:{first}",
    "value_names": "{count}件:{first}",
    "procedures": "手続と所見",
    "procedures_intro": (
        "規則ごとに、実施した手続と、その結果を正確に示します。意見は表明しません。事実の名称は事実の表に、"
        "証拠はハッシュ値の先頭により付録に対応します。"
    ),
    "procedure_of": "{requirement} [{citation};原文:{status};版:{version}] {how} 事実:{inputs}。",
    "procedure_left_out": "{requirement} [{citation};原文:{status}] 検査は行っていません。",
    "procedure_parameters": " パラメーター:{parameters}。",
    "procedure_applies": " 適用条件:{conditions}。",
    "procedure_where": " 対象:{conditions}。",
    "procedure_must": " 各記録の条件:{conditions}。",
    "how_coverage": "資産ごとに、保有数量と債務数量を比較しました。",
    "how_client_money": "通貨ごとに、利用者のために保有する金銭と債務を比較しました。",
    "how_share": "全体に対する割合を限度と比較しました。",
    "how_guarantee": "資産ごとに、保証の数量と保証すべき数量を比較し、混在の有無を調べました。",
    "how_age": "最後に行われた時点、又は各日の記録を、許容される期間と比較しました。",
    "how_floor": "必要額を計算し、保有額と比較しました。",
    "how_leverage": "各記録のエクスポージャーを限度と比較しました。",
    "how_completeness": "各記録を一件ずつ調べました。",
    "how_retention_rule": "記録の種類ごとに、保存期間を必要な期間と比較しました。",
    "how_statements": "期間ごとに、利用者数と作成済みの報告書数、及び作成時点を比較しました。",
    "how_deadline": "期間ごとに、提出時点を期限と比較しました。",
    "how_controls": "各統制について、記載の有無を調べました。",
    "how_surveillance_rule": "各検知機能の最後の実行と、未処理の警告を調べました。",
    "finding_pass": "測定値:{measured}。要求値:{required}。差:{margin}。",
    "finding_fail": "測定値:{measured}。要求値:{required}。差:{margin}。",
    "finding_missing": "判定していません。不足:{missing}。",
    "finding_na": "対象外:{note}",
    "exception_line": "{key}:{measured};要求 {required}{margin}",
    "exceptions_more": "ほか{count}件",
    "wallets": "ウォレット",
    "wallets_intro": "{count}件のアドレス。期末の表明に基づくウォレット台帳です。",
    "wallets_none": "ウォレット台帳は判明していません。",
    "wallet": "ウォレット",
    "address": "アドレス",
    "chain": "チェーン",
    "owner": "保有の目的",
    "custody": "保管",
    "label": "名称",
    "control": "支配の確認方法",
    "attachments": "第三者の書面",
    "attachments_intro": "当方が作成したものではありません。受領したまま添付し、又は不足として示します。",
    "attachment": "書面",
    "attachment_file": "ファイル",
    "attachment_state": "状態",
    "attached": "添付",
    "not_attached": "不足",
    "not_covered_intro": "本資料集が対象としない事項とその理由です。",
    "none_here": "該当なし。",
    "sign_statement": "本資料集及びその対象外の事項を確認しました。",
    "sources": "規則、原文及び確認状況",
    "sources_intro": (
        "各規則の原文をどこまで確認したかを示します(公的な原文で確認、二次資料、未確認)。原文未確認の規則による判定は、"
        "原文が記載のとおりである場合の判定です。"
    ),
    "version": "版",
    "read_at": "確認日",
    "source": "出典",
    "parameters": "パラメーター",
}
"""Japanese."""

_LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "ja": JAPANESE}


def words(language: str = "en", *more: Texts) -> Texts:
    """The words of a language: the frame's, the packs' and a regime's own, the later ones first."""
    assert language in _LANGUAGES, f"no language {language}"
    found: dict[str, str] = dict(FRAME[language])
    for table in (_LANGUAGES[language], *more):
        found |= table
    return found
