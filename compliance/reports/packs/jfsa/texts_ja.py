"""The words of Japan's packs in Japanese; the same names stand in `texts_en.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["JAPANESE"]

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
