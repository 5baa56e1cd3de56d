"""A customer's statement from plain data: one document, shown as HTML here and as PDF in `statement_pdf`, and as CSV.

HTML and PDF show the same `Document`, so neither can say less than the other. The CSV has every line with exact
decimals and no separators of thousands (RFC 4180: commas, quotes doubled, CRLF, a header line); a text in it that a
spreadsheet would take for a formula is opened with an apostrophe. The same data give the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from cli.statement_data import DECIMAL, AssetLines, Movement, StatementData, Subaccount
from cli.statement_texts import ENGLISH
from compliance.reports import html
from compliance.reports.document import (
    Block,
    Document,
    Table,
    Texts,
    amount_text,
    columns_of,
    csv_cell,
    plain_amount,
    table_of,
    time_text,
)
from por.pages import plain

__all__ = ["document_of", "render_csv", "render_html"]

CSV_COLUMNS = (
    "line,subaccount,asset,time,reason,reference,amount,balance_after,price,price_asset,signed_role,signed_key,"
    "signed_in_your_place,market,side,kind,quantity,filled,permissions,since,until,detail"
).split(",")


# The document


def document_of(data: StatementData, texts: Texts = ENGLISH) -> Document:
    """The statement as it is shown, every word and figure as text."""
    return Document(
        language=texts["language"],
        title=texts["title"],
        subtitle=f"{data.exchange} · {data.entity}",
        facts=(
            (texts["account"], plain(data.account)),
            (texts["exchange"], data.exchange),
            (texts["entity"], data.entity),
            (texts["period"], texts["period_value"].format(start=time_text(data.start), end=time_text(data.end))),
            (texts["prepared"], time_text(data.prepared)),
        ),
        blocks=tuple(_blocks(data, texts)),
        prepared=data.prepared,
        footer=f"{texts['title']} · {data.exchange} · {plain(data.account)} · {data.start[:10]} – {data.end[:10]}",
    )


def _blocks(data: StatementData, texts: Texts) -> Iterator[Block]:
    yield _summary(data, texts)
    for subaccount in data.subaccounts:
        yield from _subaccount(subaccount, texts)
    yield _orders(data, texts)
    yield _positions(data, texts)
    yield _keys(data, texts)
    yield _consents(data, texts)
    yield _inclusion(data, texts)
    limits = tuple(texts[name] for name in ("limit_books", "limit_reserves", "limit_prices", "limit_exact"))
    yield Block(texts["limits"], 2, limits)
    if data.disclaimers:
        yield Block(texts["disclaimers"], 2, tuple(plain(text) for text in data.disclaimers))


def _name(subaccount: str, texts: Texts) -> str:
    return texts["subaccount"].format(name=plain(subaccount)) if subaccount else texts["main"]


def _summary(data: StatementData, texts: Texts) -> Block:
    number = ("opening", "credits", "debits", "closing", "held", "debt")
    columns = columns_of(texts, ("where", "text", 12), ("asset", "text", 8), *((name, "number", 13) for name in number))
    rows = []
    for subaccount in data.subaccounts:
        for lines in subaccount.assets:
            moved_in = sum(movement.amount for movement in lines.movements if movement.amount > 0)
            moved_out = sum(movement.amount for movement in lines.movements if movement.amount < 0)
            figures = (lines.opening, moved_in, moved_out, lines.closing, lines.held, lines.debt_closing)
            rows.append(
                [_name(subaccount.name, texts), lines.asset, *(amount_text(value, lines.scale) for value in figures)]
            )
    if not rows:
        return Block(texts["summary"], 2, (texts["no_assets"],))
    return Block(texts["summary"], 2, (), table_of(texts["summary"], columns, rows), (texts["summary_note"],))


def _subaccount(subaccount: Subaccount, texts: Texts) -> Iterator[Block]:
    marked = any(
        movement.is_signed_for_customer
        for lines in subaccount.assets
        for movement in (*lines.movements, *lines.debt_movements)
    )
    yield Block(_name(subaccount.name, texts), 2, (texts["signed_note"],) if marked else ())
    for lines in subaccount.assets:
        yield _movements(lines, texts)
        if lines.holds:
            columns = columns_of(texts, ("reason", "text", 20), ("reference", "code", 30), ("amount", "number", 20))
            rows = [(hold.reason, hold.reference, amount_text(hold.amount, lines.scale)) for hold in lines.holds]
            heading = texts["holds_of"].format(asset=lines.asset)
            yield Block(heading, 3, (), table_of(heading, columns, rows))
        if lines.debt_movements or lines.debt_opening:
            yield _movements(lines, texts, is_debt=True)


def _movements(lines: AssetLines, texts: Texts, is_debt: bool = False) -> Block:
    opening, closing = (lines.debt_opening, lines.debt_closing) if is_debt else (lines.opening, lines.closing)
    movements = lines.debt_movements if is_debt else lines.movements
    heading = texts["debts_of" if is_debt else "claims_of"].format(asset=lines.asset)
    if not movements:
        return Block(heading, 3, (texts["no_movements"].format(balance=amount_text(closing, lines.scale)),))
    columns = columns_of(
        texts,
        ("time", "text", 17),
        ("reason", "text", 14),
        ("reference", "code", 18),
        ("amount", "number", 15),
        ("price", "number", 13),
        ("balance", "number", 15),
        ("signed", "text", 16),
    )
    rows = [("", texts["opening_row"], "", "", "", amount_text(opening, lines.scale), "")]
    for movement in movements:
        price = "" if movement.price is None else f"{movement.price} {movement.price_asset or ''}".strip()
        rows.append(
            (
                time_text(movement.time),
                movement.reason,
                movement.reference,
                amount_text(movement.amount, lines.scale),
                price,
                amount_text(movement.balance_after, lines.scale),
                _signed_by(movement, texts),
            )
        )
    rows.append(("", texts["closing_row"], "", "", "", amount_text(closing, lines.scale), ""))
    table = table_of(heading, columns, rows)
    sums = frozenset({0, len(rows) - 1})
    return Block(heading, 3, (), Table(table.caption, table.columns, table.rows, sums))


def _signed_by(movement: Movement, texts: Texts) -> str:
    if movement.signed_role is None:
        return texts["signed_none"]
    words = texts["signed_for" if movement.is_signed_for_customer else "signed_own"]
    return words.format(role=movement.signed_role, key=movement.signed_key)


def _orders(data: StatementData, texts: Texts) -> Block:
    if not data.open_orders:
        return Block(texts["orders"], 2, (texts["no_orders"],))
    columns = columns_of(
        texts,
        ("where", "text", 13),
        ("market", "text", 12),
        ("order", "code", 14),
        ("side", "text", 7),
        ("kind", "text", 9),
        ("quantity", "number", 13),
        ("filled", "number", 12),
        ("limit", "number", 12),
        ("placed", "text", 17),
    )
    rows = [
        (
            _name(order.subaccount, texts),
            order.market,
            order.order,
            order.side,
            order.kind,
            amount_text(order.quantity, order.scale),
            amount_text(order.filled, order.scale),
            order.price or texts["none"],
            time_text(order.placed),
        )
        for order in data.open_orders
    ]
    return Block(texts["orders"], 2, (), table_of(texts["orders"], columns, rows))


def _positions(data: StatementData, texts: Texts) -> Block:
    if not data.positions:
        return Block(texts["positions"], 2, (texts["no_positions"],))
    columns = columns_of(
        texts,
        ("where", "text", 20),
        ("market", "text", 20),
        ("quantity", "number", 20),
        ("basis", "number", 20),
        ("mark", "number", 20),
        ("unsettled", "number", 20),
    )
    rows = [
        (
            _name(position.subaccount, texts),
            position.market,
            amount_text(position.quantity, position.scale),
            *(
                texts["no_mark"]
                if value is None
                else f"{amount_text(value, position.settles_scale)} {position.settles}"
                for value in (position.basis, position.mark, position.profit)
            ),
        )
        for position in data.positions
    ]
    return Block(texts["positions"], 2, (texts["positions_note"],), table_of(texts["positions"], columns, rows))


def _keys(data: StatementData, texts: Texts) -> Block:
    if not data.keys:
        return Block(texts["keys"], 2, (texts["no_keys"],))
    columns = columns_of(
        texts,
        ("key", "code", 30),
        ("role", "text", 12),
        ("permissions", "text", 22),
        ("since", "text", 18),
        ("until", "text", 18),
    )
    rows = [
        (
            key.key,
            key.role,
            ", ".join(key.permissions) or texts["none"],
            time_text(key.since),
            time_text(key.until or texts["still"]),
        )
        for key in data.keys
    ]
    return Block(texts["keys"], 2, (texts["keys_note"],), table_of(texts["keys"], columns, rows))


def _consents(data: StatementData, texts: Texts) -> Block:
    if not data.consents:
        return Block(texts["consents"], 2, (texts["no_consents"],))
    columns = columns_of(
        texts, ("subject", "text", 20), ("text_hash", "code", 44), ("given", "text", 18), ("withdrawn", "text", 18)
    )
    rows = [
        (
            consent.subject,
            consent.text_sha256,
            time_text(consent.given),
            time_text(consent.withdrawn or texts["not_withdrawn"]),
        )
        for consent in data.consents
    ]
    return Block(texts["consents"], 2, (texts["consents_note"],), table_of(texts["consents"], columns, rows))


def _inclusion(data: StatementData, texts: Texts) -> Block:
    found = data.inclusion
    if found is None:
        return Block(texts["inclusion"], 2, (texts["inclusion_none"],))
    columns = columns_of(texts, ("asset", "text", 12), ("claim", "number", 30), ("leaf_debt", "number", 30))
    rows = [
        (leaf.asset, amount_text(leaf.claim, leaf.scale), amount_text(leaf.debt, leaf.scale)) for leaf in found.leaves
    ]
    words = texts["inclusion_text"].format(
        hour=found.hour, sequence=f"{found.sequence:,}", fingerprint=found.fingerprint
    )
    table = table_of(texts["inclusion"], columns, rows)
    return Block(texts["inclusion"], 2, (words,), table, (texts["inclusion_how"],))


# HTML


def render_html(data: StatementData, texts: Texts = ENGLISH) -> str:
    """One self-contained page: no script, nothing from outside, readable on a phone and on paper."""
    return html.render_html(document_of(data, texts), texts["skip"])


# CSV


def render_csv(data: StatementData) -> bytes:
    """Every line of the statement, UTF-8; the column `line` says what a row is. Amounts are exact and unquoted."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(CSV_COLUMNS)
    for line in _csv_lines(data):
        assert set(line) <= set(CSV_COLUMNS)
        writer.writerow([_cell(name, line.get(name, "")) for name in CSV_COLUMNS])
    return buffer.getvalue().encode("utf-8")


NUMBERS = frozenset({"amount", "balance_after", "price", "quantity", "filled"})


def _cell(name: str, text: str) -> str:
    if name in NUMBERS and text:
        # A figure's minus is its sign: it is checked to be nothing but a number, and stays one.
        assert DECIMAL.match(text.removeprefix("-"))
        return text
    return csv_cell(text)


def _csv_lines(data: StatementData) -> Iterator[dict[str, str]]:
    start = {"exchange": data.exchange, "entity": data.entity, "account": data.account, "start": data.start}
    start |= {"end": data.end, "prepared": data.prepared}
    for name, value in start.items():
        yield {"line": "fact", "kind": name, "detail": value}
    for subaccount in data.subaccounts:
        for lines in subaccount.assets:
            yield from _csv_asset(subaccount.name, lines)
    for order in data.open_orders:
        yield {
            "line": "open-order",
            "subaccount": order.subaccount,
            "market": order.market,
            "reference": order.order,
            "side": order.side,
            "kind": order.kind,
            "quantity": plain_amount(order.quantity, order.scale),
            "filled": plain_amount(order.filled, order.scale),
            "price": order.price or "",
            "time": order.placed,
        }
    for position in data.positions:
        quantity = plain_amount(position.quantity, position.scale)
        row = {"line": "position", "subaccount": position.subaccount, "market": position.market, "quantity": quantity}
        stated = (("stands at", position.basis), ("mark", position.mark), ("not settled", position.profit))
        words = [f"{name} {plain_amount(value, position.settles_scale)}" for name, value in stated if value is not None]
        yield row | {"detail": "; ".join([*words, position.settles])} if words else row
    for key in data.keys:
        yield {
            "line": "key",
            "reference": key.key,
            "kind": key.role,
            "permissions": " ".join(key.permissions),
            "since": key.since,
            "until": key.until or "",
        }
    for consent in data.consents:
        yield {
            "line": "consent",
            "detail": consent.subject,
            "reference": consent.text_sha256,
            "since": consent.given,
            "until": consent.withdrawn or "",
        }
    yield from _csv_inclusion(data)
    for text in data.disclaimers:
        yield {"line": "note", "detail": text}


def _csv_asset(subaccount: str, lines: AssetLines) -> Iterator[dict[str, str]]:
    common = {"subaccount": subaccount, "asset": lines.asset}

    def sums(line: str, quanta: int) -> dict[str, str]:
        return {"line": line, **common, "balance_after": plain_amount(quanta, lines.scale)}

    for prefix, opening, movements, closing in (
        ("", lines.opening, lines.movements, lines.closing),
        ("debt-", lines.debt_opening, lines.debt_movements, lines.debt_closing),
    ):
        if prefix and not movements and not opening:
            continue
        yield sums(f"{prefix}opening", opening)
        for movement in movements:
            yield {
                "line": f"{prefix}movement",
                **common,
                "time": movement.time,
                "reason": movement.reason,
                "reference": movement.reference,
                "amount": plain_amount(movement.amount, lines.scale),
                "balance_after": plain_amount(movement.balance_after, lines.scale),
                "price": movement.price or "",
                "price_asset": movement.price_asset or "",
                "signed_role": movement.signed_role or "",
                "signed_key": movement.signed_key or "",
                "signed_in_your_place": "yes" if movement.is_signed_for_customer else "",
            }
        yield sums(f"{prefix}closing", closing)
        for hold in () if prefix else lines.holds:
            amount = plain_amount(hold.amount, lines.scale)
            yield {"line": "hold", **common, "reason": hold.reason, "reference": hold.reference, "amount": amount}


def _csv_inclusion(data: StatementData) -> Iterator[dict[str, str]]:
    if data.inclusion is None:
        return
    named = data.inclusion
    yield {"line": "attestation", "time": named.hour, "reference": named.fingerprint, "detail": str(named.sequence)}
    for leaf in named.leaves:
        for line, quanta in (("leaf-claim", leaf.claim), ("leaf-debt", leaf.debt)):
            amount = plain_amount(quanta, leaf.scale)
            yield {"line": line, "asset": leaf.asset, "time": named.hour, "balance_after": amount}
