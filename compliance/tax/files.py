"""Writes lots, 1099-DA rows and CARF messages into a folder, each with its exceptions and a manifest.

Counts in a manifest add up: what was reported and what was held back is what there was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from compliance.reports.document import csv_cell
from compliance.tax.carf import CarfFigures, CarfTable, Key
from compliance.tax.carf_xml import CARF, CHECKED, MARK, Message, Provider, amount_text, carf_chunks
from compliance.tax.form_1099_da import COLUMNS, AggregateRow, Aggregates, cents, form_rows
from compliance.tax.movements import Departure, LotLedger
from compliance.tax.parameters import carf_due, parameters_json
from compliance.tax.people import Person, missing
from compliance.transactions.files import Span, csv_table, json_line, private_file, write_manifest
from compliance.transactions.identifiers import decimal_text, micros_text
from compliance.transactions.rts22_xml import validate

__all__ = ["write_1099_da", "write_carf", "write_lots"]

_DECIMALS: Final = 38
_MISMATCHES_SHOWN: Final = 100


def exact_text(value: Fraction | None) -> str:
    """A fraction as a decimal where it ends, else as `a/b`; empty for None."""
    if value is None:
        return ""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return decimal_text(value, _DECIMALS) if rest == 1 else f"{value.numerator}/{value.denominator}"


# Lots.

_LOTS: Final = ("account", "asset", "lot", "acquired", "units", "basis", "covered", "source", "reference")
_DEPARTURES: Final = ("account", "asset", "lot", "acquired", "left", "units", "kind", "proceeds", "basis", "covered",
                      "received", "fee", "reference")  # fmt: skip


def write_lots(
    out: Path,
    span: Span,
    ledger: LotLedger,
    departures: Iterable[Departure],
    start_us: int,
    scales: Mapping[str, int],
    holdings: Iterable[tuple[tuple[str, str], int]],
) -> dict[str, Any]:
    """`lots.csv`: what is left at the end. `departures.csv`: what left within the period, exact figures.

    `departures` are all from the log's beginning; `holdings` what the ledger says is owed, by account and asset,
    against which the lots are checked to the quantum.
    """
    out.mkdir(parents=True, exist_ok=True)
    left = 0
    with private_file(out / "departures.csv") as file:
        table = csv_table(file, _DEPARTURES)
        for departure in departures:
            if departure.time_us >= start_us:
                left += 1
                table.writerow(_departure_row(departure))
    with private_file(out / "lots.csv") as file:
        table = csv_table(file, _LOTS)
        lots = 0
        for (account, asset), book in sorted(ledger.books.items()):
            for lot in book:
                lots += 1
                units = decimal_text(Fraction(lot.quanta, 10 ** scales[asset]), scales[asset])
                table.writerow(
                    dict(zip(_LOTS, (account, asset, lot.number, micros_text(lot.acquired_us), units,
                         exact_text(lot.basis), "yes" if lot.covered else "no", lot.source, csv_cell(lot.reference)),
                         strict=True))
                )  # fmt: skip
    mismatches = list(_mismatches(ledger, holdings))
    return write_manifest(
        out, span, ("departures.csv", "lots.csv"), currency=ledger.board.currency, method=ledger.method.value,
        departures=left, lots=lots, unvalued=ledger.unvalued, parameters=parameters_json(),
        mismatches={"count": len(mismatches), "first": mismatches[:_MISMATCHES_SHOWN]},
    )  # fmt: skip


def _departure_row(departure: Departure) -> dict[str, str]:
    part = departure.part
    return {
        "account": departure.account,
        "asset": departure.asset,
        "lot": str(part.lot),
        "acquired": micros_text(part.acquired_us),
        "left": micros_text(departure.time_us),
        "units": decimal_text(Fraction(part.quanta, 10**departure.scale), departure.scale),
        "kind": departure.kind,
        "proceeds": exact_text(departure.proceeds),
        "basis": exact_text(part.basis),
        "covered": "yes" if part.covered else "no",
        "received": departure.received,
        "fee": exact_text(departure.fee),
        "reference": csv_cell(departure.reference),
    }


def _mismatches(ledger: LotLedger, holdings: Iterable[tuple[tuple[str, str], int]]) -> Iterator[dict[str, str]]:
    """Where the lots of an account are not what is owed to it."""
    seen = set()
    for (account, asset), quanta in holdings:
        if asset in ledger.board.money:
            continue
        seen.add((account, asset))
        book = ledger.books.get((account, asset))
        found = 0 if book is None else book.quanta
        if found != quanta:
            yield {"account": account, "asset": asset, "lots": str(found), "owed": str(quanta)}
    for (account, asset), book in ledger.books.items():
        if (account, asset) not in seen and book.quanta:
            yield {"account": account, "asset": asset, "lots": str(book.quanta), "owed": "0"}


# Form 1099-DA.

_AGGREGATES: Final = ("account", "name", "tin", "1a_code", "1b_asset", "1c_units", "1f_proceeds", "transactions",
                      "designated", "below_de_minimis")  # fmt: skip


def write_1099_da(
    out: Path,
    span: Span,
    departures: Iterable[Departure],
    people: Mapping[str, Person],
    dtis: Mapping[str, str],
    names: Mapping[str, str],
    aggregates: Aggregates,
    elsewhere: Mapping[str, int],
) -> dict[str, Any]:
    """`1099-da.csv` and `.jsonl` with every disposal, `stablecoins.csv` with sums where that method is chosen,
    `exceptions.csv` with rows that cannot be filed as they are, and why.

    `elsewhere`: disposals of clients who are not domiciled in the United States, by account, once `departures` are
    used up; they are counted and no rows.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows = held = 0
    transfers = 0

    def disposals() -> Iterator[Departure]:
        nonlocal transfers
        for departure in departures:
            transfers += not departure.is_disposal
            yield departure

    with ExitStack() as stack:
        table = csv_table(stack.enter_context(private_file(out / "1099-da.csv")), COLUMNS)
        lines = stack.enter_context(private_file(out / "1099-da.jsonl"))
        exceptions = csv_table(
            stack.enter_context(private_file(out / "exceptions.csv")), ("row", "account", "reference", "problem")
        )
        sums = csv_table(stack.enter_context(private_file(out / "stablecoins.csv")), _AGGREGATES)
        for number, row in enumerate(form_rows(aggregates.passing(disposals()), dtis, names), start=1):
            rows = number
            account = row.cells["account"]
            person = people.get(account)
            cells = {**row.cells, **_owner(person)}
            table.writerow({**cells, "name": csv_cell(cells["name"]), "reference": csv_cell(cells["reference"])})
            lines.write(json_line({name: text for name, text in cells.items() if text}))
            problems = [*row.problems, *_lacking(person)]
            held += bool(problems)
            for problem in problems:
                exceptions.writerow(
                    {"row": number, "account": account, "reference": csv_cell(cells["reference"]), "problem": problem}
                )
        summed = aggregates.rows()
        _write_sums(sums, exceptions, summed, people, dtis, names)
    written = ("1099-da.csv", "1099-da.jsonl", "stablecoins.csv", "exceptions.csv")
    counts = {"rows": rows, "rows_with_exceptions": held, "stablecoin_rows": len(summed), "not_disposals": transfers}
    counts["disposals_elsewhere"] = sum(elsewhere.values())
    return write_manifest(out, span, written, counts=counts, currency="USD", parameters=parameters_json())


def _write_sums(
    sums: Any,
    exceptions: Any,
    totals: Iterable[AggregateRow],
    people: Mapping[str, Person],
    dtis: Mapping[str, str],
    names: Mapping[str, str],
) -> None:
    for total in totals:
        person = people.get(total.account)
        cells = {
            "account": total.account,
            **_owner(person),
            "1a_code": dtis.get(total.asset, ""),
            "1b_asset": names.get(total.asset, total.asset),
            "1c_units": decimal_text(Fraction(total.quanta, 10**total.scale), total.scale),
            "1f_proceeds": cents(total.proceeds),
            "transactions": str(total.transactions),
            "designated": "yes" if total.designated else "no",
            "below_de_minimis": "yes" if total.below_de_minimis else "no",
        }
        sums.writerow({**cells, "name": csv_cell(cells["name"])})
        for problem in (*_lacking(person), *(["1f: no price at that time"] if total.unvalued else [])):
            exceptions.writerow(
                {"row": "", "account": total.account, "reference": f"stablecoin {total.asset}", "problem": problem}
            )


def _owner(person: Person | None) -> dict[str, str]:
    tins = () if person is None else person.tins
    tin = next((each.value for each in tins if each.country == "US"), "")
    return {"name": "" if person is None else person.full_name, "tin": tin}


def _lacking(person: Person | None) -> list[str]:
    owner = _owner(person)
    return [f"the payee's {name} is not certified" for name in ("name", "tin") if not owner[name]]


# CARF and DAC8.

_FIGURES: Final = ("account", "asset", "kind", "code", "transactions", "amount", "currency", "units", "unvalued",
                   "reported")  # fmt: skip


def write_carf(
    out: Path,
    span: Span,
    table: CarfTable,
    message: Message,
    provider: Provider,
    people: Mapping[str, Person],
    names: dict[str, str],
    *,
    jurisdictions: Collection[str] = (),
    schema: Path | None = None,
) -> dict[str, Any]:
    """`carf.csv`: every figure. `carf.xml`: the users who are certified, valued and resident in `jurisdictions` (all
    where none is given). `exceptions.csv`: what is not in the message, and why."""
    out.mkdir(parents=True, exist_ok=True)
    rows = table.rows()
    users = [(account, list(group)) for account, group in groupby(rows, key=lambda row: row[0].account)]
    problems = {account: _user_problems(people.get(account), figures, jurisdictions) for account, figures in users}
    reported = [(people[account], figures) for account, figures in users if not problems[account]]
    if not reported:
        message = message._replace(indicator="CARF703")
    with private_file(out / "carf.csv") as file:
        _write_figures(csv_table(file, _FIGURES), rows, message, problems)
    with private_file(out / "exceptions.csv") as file:
        held = csv_table(file, ("account", "asset", "position", "reference", "problem"))
        for account, found in problems.items():
            for problem in found:
                held.writerow({"account": account, "problem": problem})
        for exception in table.exceptions:
            held.writerow({**exception._asdict(), "reference": csv_cell(exception.reference)})
    with private_file(out / "carf.xml") as file:
        mark = MARK if schema is None else CHECKED
        file.writelines(carf_chunks(message, provider, reported, names, mark))
    checked: dict[str, Any] = {"mark": MARK}
    if schema is not None:
        checked = {
            "mark": "schema checked",
            "schema_findings": validate(out / "carf.xml", schema, f"{{{CARF}}}CryptoUsers"),
            "schema_sha256": hashlib.sha256(schema.read_bytes()).hexdigest(),
        }
    counts = {
        "users": len(users),
        "users_reported": len(reported),
        "users_held_back": len(users) - len(reported),
        "figures": len(rows),
        "other_exceptions": len(table.exceptions),
    }
    return write_manifest(
        out, span, ("carf.csv", "carf.xml", "exceptions.csv"), counts=counts, currency=message.currency,
        due=carf_due(message.year).isoformat(), indicator=message.indicator, parameters=parameters_json(), **checked,
    )  # fmt: skip


def _write_figures(
    table: Any, rows: Iterable[tuple[Key, CarfFigures]], message: Message, problems: Mapping[str, list[str]]
) -> None:
    for key, figures in rows:
        table.writerow(
            {
                **key._asdict(),
                "transactions": figures.count,
                "amount": amount_text(figures.amount),
                "currency": message.currency,
                "units": decimal_text(figures.units, 20),
                "unvalued": figures.unvalued,
                "reported": "no" if problems[key.account] else "yes",
            }
        )


def _user_problems(
    person: Person | None, rows: Iterable[tuple[Key, CarfFigures]], jurisdictions: Collection[str]
) -> list[str]:
    problems = [f"not certified: {name}" for name in missing(person)]
    unvalued = sum(figures.unvalued for _, figures in rows)
    if unvalued:
        problems.append(f"without a price: {unvalued} transactions")
    if person is not None and person.residences and jurisdictions and not set(person.residences) & set(jurisdictions):
        problems.append("resident in no reportable jurisdiction")
    return problems
