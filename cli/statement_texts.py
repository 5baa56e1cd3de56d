"""Every word of a customer's statement, in one place, so that a second language is a second table beside this one."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ENGLISH"]

ENGLISH: Mapping[str, str] = {
    "language": "en",
    "skip": "To the figures",
    "title": "Account statement",
    "account": "Account",
    "exchange": "Exchange",
    "entity": "Legal entity",
    "period": "Period (UTC)",
    "period_value": "{start} up to {end}",
    "prepared": "Prepared (UTC)",
    "page": "page",
    "main": "Main account",
    "subaccount": "Subaccount {name}",
    "where": "Subaccount",
    "summary": "At a glance",
    "summary_note": (
        "What the exchange owes you (claims) and what you owe it (debts) are two accounts and are never set off "
        "against each other here. A held amount is part of the closing claim: it is owed to you and set aside."
    ),
    "asset": "Asset",
    "opening": "Opening",
    "credits": "In",
    "debits": "Out",
    "closing": "Closing",
    "held": "Of it held",
    "debt": "Debt, closing",
    "no_assets": "Nothing was owed and nothing moved.",
    "claims_of": "{asset}: what is owed to you",
    "debts_of": "{asset}: what you owe",
    "holds_of": "{asset}: held at the end of the period",
    "time": "Time (UTC)",
    "reason": "Reason",
    "reference": "Reference",
    "amount": "Amount",
    "price": "Price",
    "balance": "Balance after",
    "signed": "Signed by",
    "signed_own": "{role} key {key}",
    "signed_for": "{role} key {key}, in your place",
    "signed_none": "no instruction of yours",
    "signed_note": (
        "“In your place” marks what a session or a service signed for you with its own key. Compare it with the "
        "list of keys below."
    ),
    "no_movements": "Nothing moved in this period; the balance stayed at {balance}.",
    "opening_row": "opening balance",
    "closing_row": "closing balance",
    "orders": "Open orders at the end of the period",
    "no_orders": "None.",
    "market": "Market",
    "order": "Order",
    "side": "Side",
    "kind": "Kind",
    "quantity": "Quantity",
    "filled": "Filled",
    "limit": "Price",
    "placed": "Placed (UTC)",
    "positions": "Positions at the end of the period",
    "positions_note": "A position and its unposted profit or loss are no claim, and no part of the balances above.",
    "basis": "Stands at",
    "mark": "Mark",
    "unsettled": "Not settled",
    "no_mark": "not stated",
    "no_positions": "None.",
    "keys": "Keys that could sign for this account",
    "keys_note": "A key that you do not know is a reason to write to the exchange at once.",
    "no_keys": "None is registered.",
    "key": "Key",
    "role": "Role",
    "permissions": "May",
    "since": "Since (UTC)",
    "until": "Until (UTC)",
    "still": "still valid",
    "consents": "Consents",
    "consents_note": "The hash is of the text that you agreed to: ask for the text and compare.",
    "no_consents": "None is recorded.",
    "subject": "Subject",
    "text_hash": "SHA-256 of the text",
    "given": "Given (UTC)",
    "withdrawn": "Withdrawn (UTC)",
    "not_withdrawn": "in force",
    "inclusion": "How to check this against what was published",
    "inclusion_text": (
        "The hour {hour} is attested in statement number {sequence} of the exchange's chain. Its fingerprint is "
        "{fingerprint}: compare it with other customers. At that cut-off the exchange's published totals must hold "
        "these amounts for you, all subaccounts together:"
    ),
    "inclusion_how": (
        "Ask for your proof file of that hour, and check it with the exchange's verification page, or with the command "
        "“tallystick verify PROOF --attestation FILE --key FILE”, or with the single file standalone.py. You type your "
        "own id; nothing is sent anywhere. If the proof does not hold, or its amounts are others than these, this "
        "statement and the proof together are evidence: keep both."
    ),
    "inclusion_none": (
        "No attestation is named here. Once the hour in which the period ends is attested, ask for the statement again."
    ),
    "claim": "Claim",
    "leaf_debt": "Debt",
    "limits": "What this statement is",
    "limit_books": (
        "It is drawn from the exchange's own books, by the exchange. A statement alone shows what the exchange says; "
        "the check above shows whether it said the same in public."
    ),
    "limit_reserves": "It says what is owed, not what is held against it. That stands on the exchange's public pages.",
    "limit_prices": "Prices are those of the transactions. No balance is valued, and nothing here is advice.",
    "limit_exact": "Amounts are exact to the last digit and not rounded.",
    "disclaimers": "Notes of the exchange",
    "none": "none",
}
"""The words of the statement in English."""
