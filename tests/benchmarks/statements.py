"""How fast clients' statements and transaction-level files are made from a store: one JSON line for each case.

    python -m tests.benchmarks.statements [--accounts N] [--orders N] [--processes P] [--pdf N] [--directory DIR]

The store and the log are written first, by the real venue, outside the clock: N customers with a deposit of each of
two assets, then orders drawn at random around one price, one to a command; most trade. `statements`: a run over the
month for all customers, as CSV, as HTML and as both, and as PDF for `--pdf` of them; the shared pass over store and log
is counted, and so is what it takes processes to begin. `read`: records a second, not written: trades alone, orders with
their terms from the log, transfers. Then each file by its verb, written to disk: EU reports (trades), order-book
records, the trade journal of Japan and the US book (rows), lots (departures), 1099-DA (rows), CARF (figures).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from cli import tax, transactions
from cli.common import run
from cli.exchange import all_statements
from cli.exchange.all_statements import Run, write_all
from cli.exchange.giving import now_us
from cli.exchange.words import read_time
from compliance.transactions.reader import ORDERS, TRADES, TRANSFERS
from ledger.commands import CreditDeposit, OpenAccount, PlaceOrders
from ledger.door import Submission
from ledger.log import Door
from tests.support.signed import entry_of, first_key_entry
from tests.support.traded import TradedExchange, order

BATCH = 200
MONTH = ("2026-09-01", "2026-10-01")
PERIOD = ("--from", MONTH[0], "--to", MONTH[1])


def state(**figures: object) -> None:
    """Print one line."""
    print(json.dumps(figures), flush=True)


def fill(folder: Path, accounts: int, orders: int) -> None:
    """Write the exchange."""
    house, rng = TradedExchange(folder).open(people=(), domiciles=()), random.Random(1)
    house.price("BTC", 50_000, EUR=1_250_000)
    people = [f"{number:032x}" for number in range(1, accounts + 1)]
    waiting: list[Submission] = []

    def give(entry) -> None:
        waiting.append(Submission(entry.scheme, entry.signed, entry.signatures, Door(source="bench")))
        house.now_us += 1
        if len(waiting) >= BATCH:
            flush()

    def flush() -> None:
        house._submit(waiting, [])
        waiting.clear()

    for number, who in enumerate(people):
        account = OpenAccount(who, "main", "assigned", None, None, "retail", "DE", "customer", None)
        give(entry_of(account, house.now_us))
        give(first_key_entry(account, house.now_us))
        for asset, amount, wallet in (("BTC", 10**10, "hot"), ("USD", 10**11, "bank")):
            give(entry_of(CreditDeposit(who, "", asset, amount, wallet, f"{asset} {number}"), house.now_us))
    flush()
    for _ in range(orders):
        placed = order(rng.choice(("bid", "ask")), rng.randint(1, 50), rng.randint(495, 505))
        give(entry_of(PlaceOrders(rng.choice(people), "", (placed,)), house.now_us))
    flush()
    house.close()


@contextmanager
def clocked(name: str, **more: object):
    """State how long something took; it adds `items`."""
    found: dict[str, int] = {}
    start, cpu = time.perf_counter(), time.process_time()
    yield found
    seconds = time.perf_counter() - start
    state(
        name=name, seconds=round(seconds, 3), per_second=round(found["items"] / seconds, 1),
        by_processor_time=round(found["items"] / max(time.process_time() - cpu, 1e-9), 1), **found, **more,
    )  # fmt: skip


def quiet(stage: str, done: int, total: int) -> None:
    """No bar."""


def statements(folder: Path, out: Path, accounts: int, processes: int, pdf: int) -> None:
    """A run for everybody, and some as PDF."""
    edges = (read_time(MONTH[0], ""), read_time(MONTH[1], ""))
    for forms in (("csv",), ("html",), ("html", "csv")):
        plan = Run(folder, out / "-".join(forms), *edges, forms)
        with clocked("statements", forms=forms, processes=processes) as found:
            index = write_all(plan, now_us, quiet, processes)
            found["items"] = index["prepared"]
            assert index["prepared"] == index["expected"] == accounts
    if pdf:
        limited(folder, out / "pdf", edges, pdf)


def limited(folder: Path, out: Path, edges: tuple[int, int], pdf: int) -> None:
    """The first customers' statements as PDF, in this process."""
    real = all_statements.build

    def fewer(*arguments) -> int:
        return min(real(*arguments), pdf)

    all_statements.build = fewer
    all_statements.AT_ONCE, before = pdf, all_statements.AT_ONCE
    with clocked("statements", forms=("pdf",), processes=1) as found:
        found["items"] = write_all(Run(folder, out, *edges, ("pdf",)), now_us, quiet, 1)["prepared"]
    all_statements.build, all_statements.AT_ONCE = real, before


def reading(folder: Path, reference: Path) -> None:
    """Records alone, not written."""
    wants = {"read trades": (TRADES,), "read orders with terms": (ORDERS,), "read transfers": (TRANSFERS,)}
    for name, want in wants.items():
        with transactions.opened(folder, *MONTH, reference) as opened:
            reader = opened.reader if ORDERS in want else opened.fresh(1, 0, with_terms=False)
            with clocked(name) as found:
                found["items"] = sum(1 for _ in reader.records(opened.span.first, opened.span.last, want))


def files(folder: Path, out: Path, firm: dict[str, Path]) -> None:
    """Each file by its verb, with the number of its rows."""
    reference = ("--reference", str(firm["reference"]))
    year = ("--from", "2026-01-01", "--to", "2027-01-01")
    cases: dict[str, tuple[object, tuple[str, ...], Callable[[dict], int]]] = {
        "eu": (transactions.transactions, ("eu", *PERIOD), lambda made: made["counts"]["trades"]),
        "orderbook": (transactions.transactions, ("orderbook", *PERIOD), lambda made: made["records"]),
        "jp": (transactions.transactions, ("jp", *PERIOD), lambda made: made["completeness"]["rows"]),
        "us": (transactions.transactions, ("us", *PERIOD), lambda made: made["completeness"]["rows"]),
        "lots": (tax.tax, ("lots", *year), lambda made: made["departures"]),
        "1099-da": (tax.tax, ("1099-da", *year, "--everyone"), lambda made: made["counts"]["rows"]),
        "carf": (tax.tax, ("carf", *year, "--provider", str(firm["provider"])), lambda made: made["counts"]["figures"]),
    }
    for name, (group, words, rows) in cases.items():
        with clocked(name) as found:
            with redirect_stdout(sys.stderr):  # a verb names its files
                assert run(group, (*words, "--folder", str(folder), "--out", str(out / name), *reference)) == 0
            found["items"] = rows(json.loads((out / name / "manifest.json").read_text()))


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--pdf", type=int, default=20)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        folder, out = Path(name) / "exchange", Path(name) / "out"
        out.mkdir()
        began = time.perf_counter()
        fill(folder, options.accounts, options.orders)
        state(
            name="workload",
            accounts=options.accounts,
            orders=options.orders,
            seconds=round(time.perf_counter() - began, 1),
        )
        firm = {key: Path(name) / f"{key}.json" for key in ("reference", "provider")}
        client = {"country": "DE", "first_names": "Ann", "surname": "Other", "birth_date": "1980-01-01"}
        firm["reference"].write_text(
            json.dumps(
                {
                    "firm": {"lei": "529900T8BM49AURSDO55", "mic": "XTAL", "country": "DE", "authority": "DE"},
                    "clients": {
                        f"{n:032x}": {**client, "national_id": f"{n:08}"} for n in range(1, options.accounts + 1)
                    },
                    "instruments": {"BTC_USD": {"reportable": True, "isin": "US0378331005"}},
                }
            )
        )
        address = {"country": "DE", "city": "Berlin"}
        firm["provider"].write_text(
            json.dumps({"name": "T", "lei": "", "tin": "1", "country": "DE", "address": address})
        )
        reading(folder, firm["reference"])
        files(folder, out / "files", firm)
        statements(folder, out, options.accounts, options.processes, options.pdf)


if __name__ == "__main__":
    main()
