"""For whoever reports taxes: lots, Form 1099-DA rows, CARF and DAC8 messages, from the exchange's store and its log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from cli.common import read_input
from cli.exchange.words import read_time, second_text
from cli.transactions import Opened, opened, say, with_period
from compliance.tax.carf import CarfTable, Original
from compliance.tax.carf_xml import Message, Provider, official_schema
from compliance.tax.files import write_1099_da, write_carf, write_lots
from compliance.tax.form_1099_da import Aggregates
from compliance.tax.lots import Method
from compliance.tax.movements import Departure, LotLedger
from compliance.tax.people import Address, Person, read_people
from compliance.tax.valuation import PriceBoard, prices_before
from compliance.transactions.reader import PRICES, TRADES, TRANSFERS
from compliance.transactions.records import TransferRecord
from ledger.errors import InputError
from ledger.journal import AccountCode
from ledger.store import history
from ledger.store.listed import price_unit

__all__ = ["tax"]

_WANTED: Final = (TRADES, TRANSFERS, PRICES)
US: Final = "US"

people_option = click.option(
    "--people",
    "people_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What clients certified (JSON, from the personal store); who is missing is listed in the exceptions.",
)


@click.group()
def tax() -> None:
    """Tax files: CARF and DAC8, Form 1099-DA, lots with their basis."""


def _money(found: Opened) -> dict[str, str]:
    return {name: asset.currency for name, asset in found.reference.assets.items() if asset.currency}


def _board(found: Opened, currency: str) -> PriceBoard:
    return PriceBoard(currency, price_unit(found.store.session) or currency, _money(found))


def _names(found: Opened) -> dict[str, str]:
    return {name: asset.short_name for name, asset in found.reference.assets.items() if asset.short_name}


@contextmanager
def _lots(
    folder: Path, start: str, end: str, reference_path: Path | None, method: str, choices: Path | None, currency: str
) -> Iterator[tuple[Opened, LotLedger, Iterator[Departure], int]]:
    """The lots from the log's beginning: what is open, the ledger of lots, what leaves, and the period's first time."""
    with opened(folder, start, end, reference_path) as found:
        ledger = LotLedger(_board(found, currency), Method(method), _chooser(choices))
        records = found.fresh(1, 0, with_terms=False).records(1, found.span.last, _WANTED)
        yield found, ledger, ledger.departures(records), read_time(start, "--from")


def _chooser(path: Path | None) -> Callable[[str, str, str], list[int]] | None:
    """The lots that customers named: `{ACCOUNT: {ASSET: {REFERENCE: [LOT, ...]}}}`."""
    if path is None:
        return None
    try:
        chosen = json.loads(read_input(path, "choice of lots"))
        table = {
            (account, asset, reference): [int(lot) for lot in lots]
            for account, assets in chosen.items()
            for asset, references in assets.items()
            for reference, lots in references.items()
        }
    except (ValueError, TypeError, AttributeError):
        remedy = "Write account, asset and reference in braces, and the numbers of lots in brackets."
        raise InputError(str(path), "is no choice of lots", remedy) from None
    return lambda account, asset, reference: table.get((account, asset, reference), [])


method_option = click.option(
    "--method", type=click.Choice([method.value for method in Method]), default="fifo", help="Which lots leave first."
)
choices_option = click.option(
    "--lots", "choices", type=click.Path(dir_okay=False, path_type=Path), help="The lots that customers named (JSON)."
)


@tax.command()
@with_period
@method_option
@choices_option
@click.option("--currency", default="USD", help="In which basis and proceeds are stated (ISO 4217).")
def lots(
    folder: Path,
    start: str,
    end: str,
    out: Path,
    reference_path: Path | None,
    as_json: bool,
    method: str,
    choices: Path | None,
    currency: str,
) -> int:
    """Every lot at the end of a period and what left in it; 1 if the lots are not what the ledger owes."""
    with _lots(folder, start, end, reference_path, method, choices, currency) as (found, ledger, leaving, start_us):
        document = write_lots(out, found.span, ledger, leaving, start_us, found.reader.scales, _holdings(found))
    return say(document, out, as_json) or int(document["mismatches"]["count"] > 0)


def _holdings(found: Opened) -> Iterator[tuple[tuple[str, str], int]]:
    """What is owed at the end, by account and asset over all subaccounts."""
    session, sums = found.store.session, Counter[tuple[str, str]]()
    for number, balance in history.balances_at(session, found.span.last):
        key = history.account_key(session, number)
        if key.code is AccountCode.CLAIM:
            sums[key.owner, key.asset] += balance.posted_credit
    yield from sums.items()


@tax.command("1099-da")
@with_period
@people_option
@method_option
@choices_option
@click.option("--stablecoin", "stablecoins", multiple=True, help="An asset that is summed by the optional method.")
@click.option("--everyone", is_flag=True, help="Also clients who are not domiciled in the United States.")
def form_1099_da(
    folder: Path,
    start: str,
    end: str,
    out: Path,
    reference_path: Path | None,
    as_json: bool,
    people_path: Path | None,
    method: str,
    choices: Path | None,
    stablecoins: tuple[str, ...],
    everyone: bool,
) -> int:
    """Rows of Form 1099-DA for the disposals of a period by clients domiciled in the United States at its end."""
    people = {} if people_path is None else read_people(people_path)
    with _lots(folder, start, end, reference_path, method, choices, "USD") as (found, _, leaving, start_us):
        wanted = None if everyone else _domiciled(found, US)
        elsewhere: Counter[str] = Counter()

        def rows() -> Iterator[Departure]:
            for each in leaving:
                if each.time_us < start_us:
                    continue
                if wanted is None or each.account in wanted:
                    yield each
                else:
                    elsewhere[each.account] += each.is_disposal

        totals = Aggregates(stablecoins, _money(found))
        document = write_1099_da(out, found.span, rows(), people, found.dtis, _names(found), totals, elsewhere)
    return say(document, out, as_json)


def _domiciled(found: Opened, country: str) -> set[str]:
    """The accounts whose domicile is in a country, as the log has it at the period's end."""
    domiciles = {
        str(event.account): event.document["domicile"]
        for event in history.events(found.store.session, "customer-set", 1, found.span.last)
    }
    return {account for account, domicile in domiciles.items() if domicile[:2] == country}


# CARF and DAC8.


@tax.command()
@with_period
@people_option
@click.option("--provider", "provider_path", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="The reporting provider: name, lei, tin, country, address, nexus (JSON).")  # fmt: skip
@click.option("--currency", default="EUR", help="In which amounts are stated (ISO 4217).")
@click.option("--jurisdiction", "jurisdictions", multiple=True, help="A reportable jurisdiction; all if none is given.")
@click.option(
    "--known", type=click.Path(dir_okay=False, path_type=Path), help="Destinations of other providers, one a line."
)
@click.option("--message-id", default="1", help="What tells this message from the year's others.")
@click.option("--test-data", is_flag=True, help="Mark the message as test data.")
@click.option(
    "--schema",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another XSD to check by; the OECD's own, which comes with this, if none is given.",
)
def carf(
    folder: Path,
    start: str,
    end: str,
    out: Path,
    reference_path: Path | None,
    as_json: bool,
    people_path: Path | None,
    provider_path: Path,
    currency: str,
    jurisdictions: tuple[str, ...],
    known: Path | None,
    message_id: str,
    test_data: bool,
    schema: Path | None,
) -> int:
    """The CARF or DAC8 message of a year, every figure as a table, and who could not be reported."""
    people: dict[str, Person] = {} if people_path is None else dict(read_people(people_path))
    provider = _provider(provider_path)
    others = [] if known is None else read_input(known, "list of destinations").decode().split()
    with opened(folder, start, end, reference_path) as found:
        board, span = _board(found, currency), found.span
        wanted = [f"asset:{name}" for name in found.reader.scales if name not in board.money]
        wanted += [f"currency:{name}" for name in {currency, *board.money.values()} - {board.unit}]
        for record in prices_before(found.store.session, span.first, wanted):
            board.take(record)
        table = CarfTable(board, _original(found), others)
        for each in found.reader.records(span.first, span.last, _WANTED):
            table.take(each)
        made = second_text(read_time(end, "--to"))
        message = Message(
            provider.country, provider.country, message_id, int(start[:4]), made, currency, is_test=test_data
        )
        document = write_carf(
            out,
            span,
            table,
            message,
            provider,
            people,
            _names(found),
            jurisdictions=jurisdictions,
            schema=schema or official_schema(),
        )
    return say(document, out, as_json) or int(bool(document.get("schema_findings")))


def _original(found: Opened) -> Original:
    """Finds the deposit that a reversal takes back, within the period."""
    reader = found.fresh(1, 0, with_terms=False)

    def original(reversal: TransferRecord) -> TransferRecord | None:
        for event in history.events_of_reference(found.store.session, reversal.reference):
            if event.kind not in ("deposit-credited", "receipt-assigned") or event.sequence < found.span.first:
                continue
            for record in reader.records(event.sequence, event.sequence, (TRANSFERS,)):
                if isinstance(record, TransferRecord) and record.account == reversal.account and record.quanta > 0:
                    return record
        return None

    return original


def _provider(path: Path) -> Provider:
    """The provider's own data; raises InputError."""
    try:
        given: dict[str, Any] = json.loads(read_input(path, "provider's data"))
        address = Address(**given.pop("address"))
        provider = Provider(**given, address=address)
    except (ValueError, TypeError, KeyError, AttributeError):
        remedy = "Write name, lei, tin, country, nexus and an address of country, city, street and post_code."
        raise InputError(str(path), "does not describe the provider", remedy) from None
    return provider
