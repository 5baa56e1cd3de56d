"""The fixed words of report packs, English and Japanese: cover, verdicts, headings, limits. Data fill the braces."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ENGLISH", "JAPANESE", "LANGUAGES"]

ENGLISH: Mapping[str, str] = {
    "language": "en",
    "skip": "To the findings",
    "page": "page",
    "title": "Management assertion and evidence pack, unaudited",
    "index_title": "Files of this pack, unaudited",
    "contents": "Contents",
    "rules": "Rules",
    "rules_on_page": "Rules on this page: {rules}",
    "rules_more": "{rules} and {count} more",
    # cover
    "verdict": "Verdict",
    "counts": "Rules by answer",
    "warnings": "Passes near their limit: {count}",
    "status_pass": "pass",
    "status_fail": "fail",
    "status_not_applicable": "not applicable",
    "status_insufficient_data": "insufficient data",
    "status_near_the_limit": "near the limit",
    "status_exception": "exception",
    "status_no_exception": "no exception",
    "status_proven": "proven",
    "status_attested": "attested",
    "status_claimed": "claimed",
    "status_unchecked": "unchecked",
    "status_verified": "verified",
    "status_secondary": "secondary",
    "status_unverified": "unverified",
    "said_pass": "Every rule that applies and can be judged from the evidence passes.",
    "said_fail": "At least one rule fails. What fails stands first below.",
    "said_insufficient_data": "No rule fails, but at least one lacks the data to judge it. That is not a pass.",
    "said_not_applicable": "No rule of this set applies to this entity in this period.",
    # facts
    "regime": "Regime",
    "report": "Report",
    "entity": "Legal entity",
    "exchange": "Exchange",
    "period": "Period",
    "period_value": "{start} to {end}, both days included",
    "prepared": "Prepared (UTC)",
    "rule_set": "Rule set",
    "rule_set_value": "{name}, version {version}",
    "rule_set_hash": "SHA-256 of the rule set",
    "data_hash": "SHA-256 of the pack's data (pack.json)",
    # blocks
    "verdicts": "What each rule says",
    "lines": "What the rules found, line by line",
    "line": "Line",
    "attention": "Look at this first",
    "attention_none": "No rule fails, none lacks data, and none is near its limit.",
    "rule": "Rule",
    "scope": "Scope",
    "result": "Answer",
    "measured": "Measured",
    "required": "Required",
    "margin": "Margin",
    "citation": "Citation",
    "text_status": "Text",
    "note": "Note",
    "missing": "lacks {names}",
    "deadline": "{what} due {due} ({clock})",
    "not_covered": "Rules not covered here",
    "reason": "Why",
    "none": "None.",
    "no_rows": "There is nothing to list.",
    # charts
    "figures": "The figures",
    "chart_place": "Place",
    "chart_steps": "{count} places are drawn as {shown} steps, each at its lowest value; the CSV file has every one.",
    "chart_bars": "Drawn are the {shown} lowest of {count}; the CSV file has every one.",
    "chart_cut": "What is above the end of the axis is drawn at its end; the figures are exact.",
    "chart_gaps": "{count} of {all} values are not known; there the drawing is broken.",
    # procedures
    "procedure": "Procedure",
    "finding": "Finding",
    "exceptions": "Exceptions",
    "rests_on": "Rests on",
    # limits
    "limits": "What this pack is, and what it is not",
    "limit_assertion": (
        "It is the assertion of the entity's own management, drawn from its own records, with the evidence beside it. "
        "No independent practitioner has examined it; letters of practitioners stand in it only as attachments."
    ),
    "limit_scope": "It answers the rules that it lists, for the period and the entity that it names, and no others.",
    "limit_missing": "What could not be judged is shown as insufficient data, and never counted as a pass.",
    "limit_rules": (
        "Rules are summaries in our own words, in the version named on the cover. The regulator's text is what counts; "
        "rules whose text was not read are marked unverified."
    ),
    "limit_hash": (
        "A hash shows that a file is the one named here, not that what it says is true. What was proven, attested by "
        "others or only claimed is said at each figure that has an origin."
    ),
    # sign-off
    "sign_off": "Sign-off",
    "sign_role": "Role",
    "sign_name": "Name",
    "sign_date": "Date",
    "sign_signature": "Signature",
    # evidence
    "evidence": "Appendix: evidence and how to check it again",
    "evidence_how": (
        "Each line is a piece of evidence with its SHA-256: of a file its bytes, of a signed statement or a record of "
        "a chain what docs/spec/encoding.md section 2 hashes. The commands print the same hash, or check the piece, on "
        "a machine of your own; run them in the folder that holds the evidence."
    ),
    "evidence_none": "No evidence is named.",
    "evidence_name": "Evidence",
    "evidence_hash": "SHA-256",
    "evidence_check": "Check again with",
    # index
    "files": "Files",
    "files_note": (
        "manifest.json has the same list for machines. A file whose hash differs is not the one of this pack."
    ),
    "file": "File",
    "bytes": "Bytes",
    "index_check": "Check all of them",
    "index_check_how": "In the pack's folder: sha256sum --check SHA256SUMS",
}
"""The words of packs in English."""

JAPANESE: Mapping[str, str] = {
    "language": "ja",
    "skip": "所見へ移動",
    "page": "ページ",
    "title": "経営者による表明及び証拠資料集（未監査）",
    "index_title": "本資料集のファイル一覧（未監査）",
    "contents": "目次",
    "rules": "規則",
    "rules_on_page": "本ページの規則：{rules}",
    "rules_more": "{rules} ほか{count}件",
    "verdict": "判定",
    "counts": "判定別の規則数",
    "warnings": "適合のうち{count}件は限度に近い水準にあります",
    "status_pass": "適合",
    "status_fail": "不適合",
    "status_not_applicable": "対象外",
    "status_insufficient_data": "データ不足",
    "status_near_the_limit": "限度に接近",
    "status_exception": "例外あり",
    "status_no_exception": "例外なし",
    "status_proven": "証明済",
    "status_attested": "第三者確認",
    "status_claimed": "自己申告",
    "status_unchecked": "未確認",
    "status_verified": "原文確認",
    "status_secondary": "二次資料",
    "status_unverified": "原文未確認",
    "said_pass": "適用され、かつ証拠により判定できる規則は、すべて適合しています。",
    "said_fail": "少なくとも一つの規則が不適合です。不適合の項目を最初に示します。",
    "said_insufficient_data": (
        "不適合の規則はありませんが、判定に必要なデータが不足する規則があります。これは適合を意味しません。"
    ),
    "said_not_applicable": "この期間にこの法人へ適用される規則はありません。",
    "regime": "制度",
    "report": "報告書",
    "entity": "法人",
    "exchange": "交換業者",
    "period": "対象期間",
    "period_value": "{start} から {end} まで（両日を含む）",
    "prepared": "作成日時（UTC）",
    "rule_set": "規則集",
    "rule_set_value": "{name}、第{version}版",
    "rule_set_hash": "規則集のSHA-256",
    "data_hash": "本資料集のデータ（pack.json）のSHA-256",
    "verdicts": "規則ごとの判定",
    "lines": "規則ごとの内訳",
    "line": "項目",
    "attention": "最初に確認すべき事項",
    "attention_none": "不適合、データ不足、限度への接近はいずれもありません。",
    "rule": "規則",
    "scope": "範囲",
    "result": "判定",
    "measured": "測定値",
    "required": "要求値",
    "margin": "差",
    "citation": "根拠条文",
    "text_status": "原文",
    "note": "注記",
    "missing": "不足：{names}",
    "deadline": "{what} 期限 {due}（{clock}）",
    "not_covered": "本資料集が対象としない規則",
    "reason": "理由",
    "none": "該当なし。",
    "no_rows": "記載すべき事項はありません。",
    "figures": "数値",
    "chart_place": "時点・項目",
    "chart_steps": "{count}件を{shown}段階で描き、各段階の最小値を示します。全件はCSVファイルにあります。",
    "chart_bars": "{count}件のうち値の小さい{shown}件を描いています。全件はCSVファイルにあります。",
    "chart_cut": "軸の上端を超える値は上端に描いています。数値は正確です。",
    "chart_gaps": "{all}件のうち{count}件は値が不明であり、その箇所で線が途切れます。",
    "procedure": "手続",
    "finding": "所見",
    "exceptions": "例外事項",
    "rests_on": "根拠資料",
    "limits": "本資料集の性格と限界",
    "limit_assertion": (
        "本資料集は、法人の経営者が自らの記録に基づいて行う表明に証拠を添えたものです。独立した実務者による検証は"
        "受けていません。実務者の書面は添付資料としてのみ含まれます。"
    ),
    "limit_scope": "記載した規則について、記載した期間と法人に限って回答するものです。",
    "limit_missing": "判定できなかったものはデータ不足と表示し、適合には数えません。",
    "limit_rules": (
        "規則は当方の言葉による要約であり、表紙に記載した版によります。効力を持つのは規制当局の原文です。"
        "原文を確認していない規則にはその旨を表示します。"
    ),
    "limit_hash": (
        "ハッシュ値は、ファイルがここに記載されたものと同一であることを示すにとどまり、内容の真実性を示すものではありません。"
        "証明済、第三者確認、自己申告の別は、由来のある数値ごとに示します。"
    ),
    "sign_off": "署名欄",
    "sign_role": "役職",
    "sign_name": "氏名",
    "sign_date": "日付",
    "sign_signature": "署名",
    "evidence": "付録：証拠と再確認の方法",
    "evidence_how": (
        "各行は一つの証拠とそのSHA-256です（ファイルはその内容、署名された報告及び連鎖の記録は "
        "docs/spec/encoding.md 第2節の規定による）。コマンドは、お手元の環境で"
        "同じハッシュ値を表示するか、証拠を検査します。"
        "証拠のあるフォルダーで実行してください。"
    ),
    "evidence_none": "証拠の記載はありません。",
    "evidence_name": "証拠",
    "evidence_hash": "SHA-256",
    "evidence_check": "再確認の方法",
    "files": "ファイル",
    "files_note": "manifest.json に同じ一覧があります。ハッシュ値が異なるファイルは本資料集のものではありません。",
    "file": "ファイル",
    "bytes": "バイト数",
    "index_check": "全ファイルの確認",
    "index_check_how": "資料集のフォルダーで実行：sha256sum --check SHA256SUMS",
}
"""The words of packs in Japanese."""

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "ja": JAPANESE}
"""The tables by language."""
