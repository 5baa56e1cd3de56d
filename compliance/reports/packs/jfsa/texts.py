"""The words of Japan's packs, Japanese and English, beside those that all packs share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ATTACHED", "ENGLISH", "JAPANESE"]

JAPANESE: Final[Mapping[str, str]] = {
    "jfsa_quarterly": "利用者財産の管理に関する報告書(四半期)記載事項資料",
    "jfsa_check": "分別管理に係る手続チェックリスト(業務実施者用)",
    "jfsa_books": "法定帳簿書類(営業日別)",
    "jfsa_form": "様式",
    "jfsa_form_value": "別紙様式第13号の記載事項に沿った構成(様式自体は未確認、準拠を主張しません)",
    "jfsa_form_check": "日本公認会計士協会 専門業務実務指針4461(平成29年)の構成を参考とした一覧",
    "jfsa_form_books": "暗号資産府令第33条第1項の各号",
    "jfsa_basis": "根拠法",
    "jfsa_basis_value": "資金決済に関する法律(金融商品取引法への移行は「法改正の動向」に記載)",
    "jfsa_items": "記載事項と所在",
    "jfsa_items_note": "府令第38条に基づく報告書の内容を、当方の番号で示します。「所在」は本資料中の見出しです。",
    "jfsa_no": "番号",
    "jfsa_item": "記載事項",
    "jfsa_asset": "暗号資産",
    "jfsa_of_what": "暗号資産・通貨",
    "jfsa_where": "所在",
    "jfsa_state": "状態",
    "jfsa_given": "あり",
    "jfsa_missing": "不足",
    "jfsa_unknown": "未申告",
    "jfsa_unknown_note": "事実「{name}」が申告されていません。「tallystick facts set {name}」で申告します。",
    "jfsa_none": "該当なしと申告されています。",
    "jfsa_key": "主な数値",
    "jfsa_money": "利用者の金銭と信託",
    "jfsa_money_note": "期末時点。通貨ごとに比較し、ある通貨の余剰を他の通貨の不足に充てません。",
    "jfsa_currency": "通貨",
    "jfsa_owed_money": "利用者の金銭の額",
    "jfsa_trust": "信託財産の額",
    "jfsa_difference": "差額",
    "jfsa_answer": "判定",
    "jfsa_contracts": "利用者区分管理信託契約",
    "jfsa_trustee": "受託者",
    "jfsa_trust_company": "信託会社等",
    "jfsa_beneficiaries": "利用者が元本受益者",
    "jfsa_agent": "受益者代理人",
    "jfsa_certificate": "残高証明書",
    "jfsa_crypto": "利用者の暗号資産の数量",
    "jfsa_crypto_note": (
        "期末時点、暗号資産の種類ごとの数量です。必要量は利用者に対する債務の総額、管理量は利用者のために管理して"
        "いる数量です。"
    ),
    "jfsa_required": "区分管理必要量",
    "jfsa_kept": "管理量",
    "jfsa_offline": "安全な方法(非接続)",
    "jfsa_hot": "安全な方法以外",
    "jfsa_custodian": "第三者による管理",
    "jfsa_value": "管理量の円換算額",
    "jfsa_price": "単価(円)",
    "jfsa_cold": "安全な方法以外で管理する割合",
    "jfsa_cold_note": (
        "全種類を合わせた円換算額による一つの判定です(限度5%)。単価は記録上の基準価格で、日々の割合は各日の価格の記録が"
        "ある場合にのみ計算できます。ここでは期末を示します。"
    ),
    "jfsa_hot_value": "安全な方法以外で管理する暗号資産の価額(円)",
    "jfsa_all_value": "利用者の暗号資産全体の価額(円)",
    "jfsa_limit_value": "限度額(円)",
    "jfsa_share": "割合",
    "jfsa_no_value": "円による価額がないため、割合を計算できません。",
    "jfsa_guarantee": "履行保証暗号資産",
    "jfsa_guarantee_note": "安全な方法以外で管理する数量と同種同量以上であることを、種類ごとに比較します。",
    "jfsa_guarantee_units": "履行保証暗号資産の数量",
    "jfsa_own": "その他の自己の暗号資産",
    "jfsa_shortfalls": "不足の記録",
    "jfsa_shortfalls_note": "期限は2営業日(金銭)、5営業日(暗号資産)として計算しています。日数は原文未確認です。",
    "jfsa_subject": "対象",
    "jfsa_units": "数量又は金額",
    "jfsa_found": "判明(UTC)",
    "jfsa_due": "期限(日本)",
    "jfsa_cured": "解消(UTC)",
    "jfsa_open": "未解消",
    "jfsa_custodians": "管理を委ねた第三者",
    "jfsa_name": "名称",
    "jfsa_separate": "明確な区分",
    "jfsa_attributable": "利用者ごとの即時判別",
    "jfsa_confirmed": "確認日",
    "jfsa_audits": "分別管理監査等の実施状況",
    "jfsa_auditor": "実施者",
    "jfsa_done_on": "実施日",
    "jfsa_cpa": "公認会計士又は監査法人",
    "jfsa_barred": "欠格事由",
    "jfsa_yes": "はい",
    "jfsa_no_word": "いいえ",
    "jfsa_watch": "法改正の動向と責任準備金の参考指標",
    "jfsa_watch_note": (
        "本資料の判定は資金決済法によります。次の事項は参考であり、判定に用いていません。必要額は定められておらず"
        "、過不足は"
        "示しません。"
    ),
    "jfsa_when": "時期",
    "jfsa_step": "事項",
    "jfsa_own_funds": "損失に充てることのできる自己資金:{value}",
    "jfsa_hot_reserve": "安全な方法以外で管理する暗号資産の価額:{value}",
    "jfsa_losses": "申告された損失の合計:{value}",
    "jfsa_ratio_reserve": "自己資金/上記の価額:{value}",
    "jfsa_yen": "{value}円",
    # check list
    "jfsa_check_intro": (
        "分別管理監査に際して業務実施者と合意する手続の候補です。「結果」欄は業務実施者が記入します。当方はいずれ"
        "の手続も業務"
        "実施者として実施しておらず、結論を述べません。「当方の判定」は参考です。"
    ),
    "jfsa_check_point": "確認の要点",
    "jfsa_check_item": "チェック項目",
    "jfsa_rule": "規則",
    "jfsa_ours": "当方の判定",
    "jfsa_result": "結果(業務実施者が記入)",
    "jfsa_by_hand": "本資料外",
    "jfsa_no_verdict": "判定なし",
    "jfsa_confirm": "確認状の送付先",
    "jfsa_confirm_note": "業務実施者が直接確認する相手方です。",
    "jfsa_party": "相手方",
    "jfsa_confirm_what": "確認する事項",
    "jfsa_confirm_trust": "信託財産の額、契約条件、受益者代理人",
    "jfsa_confirm_custody": "利用者の暗号資産の数量、区分の状況",
    "jfsa_slots": "業務実施者の書面",
    "jfsa_slots_note": (
        "業務契約書、独立性に関する書面、実施結果報告書及び経営者確認書は、提供された場合に添付します。未提供の間"
        "は本欄を空欄とします。"
    ),
    # books
    "jfsa_books_index": "九つの帳簿書類と保存期間",
    "jfsa_books_index_note": (
        "保存期間は帳簿の閉鎖の日から計算します。閉鎖の日は事業年度の末日とし、事業年度の最初の月の申告がない場合"
        "は空欄とします。"
        "第2号、第7号及び項目の順序は推定です。"
    ),
    "jfsa_book": "帳簿書類",
    "jfsa_book_file": "ファイル",
    "jfsa_rows": "行数",
    "jfsa_years": "保存(年)",
    "jfsa_closed": "閉鎖の日",
    "jfsa_until": "保存期限",
    "jfsa_book_4_5": "第4号・第5号 利用者の金銭の額及び信託財産の額",
    "jfsa_book_6_7": "第6号・第7号 暗号資産の数量及び履行保証暗号資産の数量",
    "jfsa_book_8_9": "第8号・第9号 監査の結果に関する記録",
    "jfsa_books_note": "「申告」は法人の記録、「毎時の表明」は署名された表明のうち当日最後のものから得た数量です。",
    "jfsa_books_apart": (
        "第1号から第3号まで(取引記録・取引日記帳、総勘定元帳、顧客勘定元帳)は件数が多いため、別ファイルとして添付"
        "します。"
    ),
    "jfsa_day": "営業日",
    "jfsa_from": "由来",
    "jfsa_from_firm": "申告",
    "jfsa_from_chain": "毎時の表明",
    "jfsa_no_record": "記録なし",
    "jfsa_days_found": "対象期間の営業日{count}日のうち、記録のない日:{missing}日。",
    "jfsa_journal": "取引日記帳の記載事項",
    "jfsa_field": "記載事項",
    "jfsa_records": "記録数",
    "jfsa_lacking": "欠く件数",
    # limits
    "jfsa_limit_form": (
        "様式第13号その他の公式の様式は確認していません。本資料は報告書そのものではなく、その作成に用いる資料です。"
    ),
    "jfsa_limit_once": (
        "数量は表示した時点のものです。その間の借入れ、その後の利用、帳簿外の資産及び債務については何も示しません。"
    ),
    "jfsa_limit_days": (
        "日数(2営業日、5営業日)、資本金、事業報告書の期限等は原文未確認です。該当する規則に表示しています。"
    ),
    "jfsa_limit_accounts": "貸借対照表及び損益計算書は法人が作成したものを添付し、内容は確認していません。",
    "jfsa_limit_check": "本一覧は監査の基準ではありません。手続の十分性は業務実施者が判断します。",
    "jfsa_role_president": "代表取締役",
    "jfsa_role_officer": "利用者財産の管理に係る責任者",
    "jfsa_role_compliance": "法令遵守責任者",
    "jfsa_role_practitioner": "独立業務実施者(書面添付、又は空欄)",
    "jfsa_language": "English version: {name}",
}
"""Japanese."""

ENGLISH: Final[Mapping[str, str]] = {
    "jfsa_quarterly": "Report on the management of users' property (利用者財産の管理に関する報告書), quarterly content",
    "jfsa_check": "Check list of procedures on separate management (分別管理), for the practitioner",
    "jfsa_books": "Statutory books (法定帳簿書類) by business day",
    "jfsa_form": "Form",
    "jfsa_form_value": (
        "content of Form 13 (別紙様式第13号); the form itself was not read, and no conformity is claimed"
    ),
    "jfsa_form_check": "list laid out after JICPA practice guideline 4461 (専門業務実務指針4461, 2017)",
    "jfsa_form_books": "items of CAO 33(1)",
    "jfsa_basis": "Regime basis",
    "jfsa_basis_value": "PSA (資金決済法); the move to the FIEA is under “Coming law”",
    "jfsa_items": "Items of the report and where they stand",
    "jfsa_items_note": "The content of the report of CAO 38, numbered by us. “Where” names a heading of this document.",
    "jfsa_no": "No.",
    "jfsa_item": "Item",
    "jfsa_asset": "Asset",
    "jfsa_of_what": "Asset or currency",
    "jfsa_where": "Where",
    "jfsa_state": "State",
    "jfsa_given": "given",
    "jfsa_missing": "missing",
    "jfsa_unknown": "not stated",
    "jfsa_unknown_note": "The fact {name} is not stated: tallystick facts set {name}.",
    "jfsa_none": "Stated that there is none.",
    "jfsa_key": "Key figures",
    "jfsa_money": "Users' money and its trust",
    "jfsa_money_note": "At the end of the period, each currency by itself; a surplus in one covers no other.",
    "jfsa_currency": "Currency",
    "jfsa_owed_money": "Users' money",
    "jfsa_trust": "Trust property",
    "jfsa_difference": "Difference",
    "jfsa_answer": "Answer",
    "jfsa_contracts": "Trust contracts (利用者区分管理信託)",
    "jfsa_trustee": "Trustee",
    "jfsa_trust_company": "Trust company",
    "jfsa_beneficiaries": "Users are beneficiaries",
    "jfsa_agent": "Beneficiaries' agent",
    "jfsa_certificate": "Balance letter",
    "jfsa_crypto": "Quantities of users' crypto-assets",
    "jfsa_crypto_note": (
        "At the end of the period, per asset in units. Required is all that users are owed, gross; kept is what "
        "is held "
        "for them."
    ),
    "jfsa_required": "Required",
    "jfsa_kept": "Kept",
    "jfsa_offline": "Safe method (offline)",
    "jfsa_hot": "Outside it (hot)",
    "jfsa_custodian": "Third parties",
    "jfsa_value": "Value kept (JPY)",
    "jfsa_price": "Price (JPY)",
    "jfsa_cold": "Share outside the safe method",
    "jfsa_cold_note": (
        "One test over the value in yen of all assets together (limit 5 %). Prices are the reference prices of "
        "the log; "
        "the ratio of a day can be computed only with that day's prices. Shown is the end of the period."
    ),
    "jfsa_hot_value": "Value outside the safe method (JPY)",
    "jfsa_all_value": "Value of all users' crypto (JPY)",
    "jfsa_limit_value": "Limit (JPY)",
    "jfsa_share": "Share",
    "jfsa_no_value": "There is no value in yen, so no share can be computed.",
    "jfsa_guarantee": "Guarantee crypto-assets (履行保証暗号資産)",
    "jfsa_guarantee_note": "At least the quantity that is outside the safe method, each asset by itself.",
    "jfsa_guarantee_units": "Guarantee (units)",
    "jfsa_own": "Other own (units)",
    "jfsa_shortfalls": "Log of shortfalls",
    "jfsa_shortfalls_note": "Due: two business days (money), five (crypto). The numbers of days are unverified.",
    "jfsa_subject": "Of",
    "jfsa_units": "Units",
    "jfsa_found": "Found (UTC)",
    "jfsa_due": "Due (Japan)",
    "jfsa_cured": "Made good (UTC)",
    "jfsa_open": "open",
    "jfsa_custodians": "Third parties that keep users' crypto",
    "jfsa_name": "Name",
    "jfsa_separate": "Clearly apart",
    "jfsa_attributable": "Each user's part known",
    "jfsa_confirmed": "Confirmed on",
    "jfsa_audits": "State of the two audits",
    "jfsa_auditor": "By",
    "jfsa_done_on": "Done on",
    "jfsa_cpa": "CPA or audit firm",
    "jfsa_barred": "Barred",
    "jfsa_yes": "yes",
    "jfsa_no_word": "no",
    "jfsa_watch": "Coming law, and the metric of a liability reserve",
    "jfsa_watch_note": (
        "The verdicts here rest on the PSA. What follows is for information and no verdict uses it; no requirement is "
        "set yet, so nothing is said of too much or too little."
    ),
    "jfsa_when": "When",
    "jfsa_step": "Step",
    "jfsa_own_funds": "Own funds at hand for losses: {value}",
    "jfsa_hot_reserve": "Value outside the safe method: {value}",
    "jfsa_losses": "Losses stated, in all: {value}",
    "jfsa_ratio_reserve": "Own funds by that value: {value}",
    "jfsa_yen": "JPY {value}",
    "jfsa_check_intro": (
        "Candidates for procedures that the practitioner and the firm agree on for the audit of separate "
        "management. The "
        "column “Result” is the practitioner's to fill. None of them was performed here as a practitioner, and no "
        "conclusion is drawn; our own verdict stands beside for reference."
    ),
    "jfsa_check_point": "Points",
    "jfsa_check_item": "Check item",
    "jfsa_rule": "Rules",
    "jfsa_ours": "Our verdict",
    "jfsa_result": "Result (practitioner)",
    "jfsa_by_hand": "outside this pack",
    "jfsa_no_verdict": "no verdict",
    "jfsa_confirm": "Confirmations",
    "jfsa_confirm_note": "Whom the practitioner asks directly.",
    "jfsa_party": "Party",
    "jfsa_confirm_what": "Of what",
    "jfsa_confirm_trust": "trust property, terms, beneficiaries' agent",
    "jfsa_confirm_custody": "quantities of users' crypto, and how they are kept apart",
    "jfsa_slots": "The practitioner's letters",
    "jfsa_slots_note": (
        "Engagement letter, statement of independence, report of findings and management's letter stand here once they "
        "are given; until then this is left open."
    ),
    "jfsa_books_index": "The nine books and how long they are kept",
    "jfsa_books_index_note": (
        "Years count from the day on which the book is closed, here the last day of the business year; empty where its "
        "first month is not stated. Items 2 and 7 and the order are inferred."
    ),
    "jfsa_book": "Book",
    "jfsa_book_file": "File",
    "jfsa_rows": "Rows",
    "jfsa_years": "Years",
    "jfsa_closed": "Closed on",
    "jfsa_until": "Keep until",
    "jfsa_book_4_5": "Items 4 and 5: users' money and trust property",
    "jfsa_book_6_7": "Items 6 and 7: crypto quantities and guarantee",
    "jfsa_book_8_9": "Items 8 and 9: results of the two audits",
    "jfsa_books_note": "“stated” is the firm's own record; “hourly statement” is from the day's last signed statement.",
    "jfsa_books_apart": (
        "Items 1 to 3 (trade records with the trade journal 取引日記帳, general ledger, customer ledger) have "
        "many rows and are "
        "files of their own, attached."
    ),
    "jfsa_day": "Business day",
    "jfsa_from": "From",
    "jfsa_from_firm": "stated",
    "jfsa_from_chain": "hourly statement",
    "jfsa_no_record": "no record",
    "jfsa_days_found": "Business days in the period: {count}; without a record: {missing}.",
    "jfsa_journal": "Fields of the trade journal (取引日記帳)",
    "jfsa_field": "Field",
    "jfsa_records": "Records",
    "jfsa_lacking": "Lacking",
    "jfsa_limit_form": (
        "Form 13 and the other official forms were not read. This is material for the report, and not the report "
        "itself."
    ),
    "jfsa_limit_once": (
        "Quantities are of the moments shown. Nothing is said of borrowings in between, of later use, or of assets and "
        "debts outside the ledger."
    ),
    "jfsa_limit_days": (
        "Two and five business days, the capital, the term of the annual report and others are unverified; the rules "
        "concerned say so."
    ),
    "jfsa_limit_accounts": (
        "Balance sheet and profit and loss are the firm's own, attached as given, and not looked into."
    ),
    "jfsa_limit_check": "This list is no standard of audit. Whether procedures suffice is for the practitioner to say.",
    "jfsa_role_president": "Representative director (代表取締役)",
    "jfsa_role_officer": "Officer in charge of users' property",
    "jfsa_role_compliance": "Compliance officer",
    "jfsa_role_practitioner": "Independent practitioner (letter attached, or left open)",
    "jfsa_language": "日本語版:{name}",
}
"""English."""

ATTACHED: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "quarterly": {
        "balance-sheet": ("貸借対照表(第1号、2か月以内)", "Balance sheet (CAO 38(2) item 1, within two months)"),
        "profit-and-loss": ("損益計算書(第1号、2か月以内)", "Profit and loss (CAO 38(2) item 1, within two months)"),
        "trust-certificate": ("信託会社等の残高証明書(第2号)", "Trust's letter of balance (CAO 38(2) item 2)"),
        "crypto-printouts": ("暗号資産の残高を証明するもの(第3号)", "Print-outs of crypto balances (CAO 38(2) item 3)"),
        "guarantee-printouts": (
            "履行保証暗号資産の残高を証明するもの(第4号)", "Print-outs of guarantee balances (CAO 38(2) item 4)",
        ),
        "segregation-audit": (
            "分別管理監査の直近の報告書の写し(第5号)", "Latest report on separate management, copy (CAO 38(2) item 5)",
        ),
        "guarantee-audit": (
            "履行保証暗号資産分別管理監査の直近の報告書の写し(第6号)",
            "Latest report on guarantee crypto, copy (CAO 38(2) item 6)",
        ),
    },
    "segregation-check": {
        "engagement-letter": ("業務契約書", "Engagement letter"),
        "independence-statement": ("独立性に関する書面", "Statement of independence"),
        "practitioner-report": ("実施結果報告書", "Practitioner's report of findings"),
        "management-letter": ("経営者確認書", "Management's letter"),
        "confirmations": ("確認状の回答", "Answers to confirmations"),
    },
    "books": {
        "trade-records": ("取引記録(第1号)", "Trade records (item 1)"),
        "trade-journal": ("取引日記帳(府令第34条)", "Trade journal (CAO 34)"),
        "general-ledger": ("総勘定元帳(第2号)", "General ledger (item 2)"),
        "customer-ledger": ("顧客勘定元帳(第3号)", "Customer ledger (item 3)"),
    },
}  # fmt: skip
"""Documents of others by the stem of their file: Japanese, English."""
