"""Every table and chart of a document as a CSV file (RFC 4180: UTF-8, CRLF, a header line).

Figures of number columns lose the commas between thousands and nothing else. Every other text that a spreadsheet would
take for a formula is opened with an apostrophe (`document.csv_cell`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from compliance.reports.chart import Chart, chart_figures
from compliance.reports.claims import check_claims
from compliance.reports.document import Document, Table, csv_cell, number_text

__all__ = ["chart_csv", "document_csvs", "file_stem", "table_csv"]

PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")


def _cell(text: str, is_number: bool) -> str:
    shown = number_text(text) if is_number else text
    # A figure's minus is its sign: it is checked to be nothing but a number, and stays one.
    return shown if is_number and PLAIN_NUMBER.match(shown) else csv_cell(shown)


def _write(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode("utf-8")


def table_csv(table: Table) -> bytes:
    """A table. Words of status columns stay those of `status.STATUSES`, in every language."""
    numbers = [column.kind == "number" for column in table.columns]
    header = [csv_cell(column.name) for column in table.columns]
    return _write(
        header, ([_cell(text, number) for text, number in zip(row, numbers, strict=True)] for row in table.rows)
    )


def chart_csv(chart: Chart, place_name: str) -> bytes:
    """A chart's figures, every one, with the unit in the heading."""
    unit = f" ({chart.unit})" if chart.unit else ""
    header = [csv_cell(place_name), *(csv_cell(series.name + unit) for series in chart.series)]
    return _write(
        header, ([csv_cell(row[0]), *(_cell(text, True) for text in row[1:])] for row in chart_figures(chart))
    )


def file_stem(number: int, name: str, kind: str) -> str:
    """`03-coverage`: the number keeps the order of the document."""
    return f"{number:02}-{name or kind}"


def document_csvs(document: Document, place_name: str) -> dict[str, bytes]:
    """Every table and chart of the document by file name, in order; `place_name` heads the places of charts.

    Raises InputError where title or headings claim an audit.
    """
    check_claims(document)
    found: dict[str, bytes] = {}
    for block in document.blocks:
        if block.table is not None:
            found[file_stem(len(found) + 1, block.table.name, "table") + ".csv"] = table_csv(block.table)
        for chart in block.charts:
            found[file_stem(len(found) + 1, chart.name, "chart") + ".csv"] = chart_csv(chart, place_name)
    return found
