"""The XML message of CARF and DAC8: OECD CARF XML schema 1.5, one message to one authority, users one by one.

A message is checked by the official XSD beside this file (`schemas/`, with its source and licence in NOTICE) once it is
written; where that is not there, the message and its manifest carry the mark *schema not verified*. A block of
`RelevantTransactions` has one kind of one asset, as the schema wants it. Streaming; the same figures give the same
bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from compliance.tax.carf import CarfFigures, Key
from compliance.tax.people import Address, Person, Tin
from compliance.transactions.identifiers import decimal_text, round_half_up

__all__ = ["CARF", "CHECKED", "MARK", "Message", "Provider", "carf_chunks", "official_schema"]

MARK: Final = "schema not verified"
CHECKED: Final = "checked by CARFXML_v1.5.xsd, see manifest.json"
CARF: Final = "urn:oecd:ties:carf:v1"
STF: Final = "urn:oecd:ties:carfstf:v5"
_UNITS_DECIMALS: Final = 20
NEXUS: Final = ("CARF901", "CARF902", "CARF903", "CARF904", "CARF905", "CARF906", "CARF907")
"""Tax residence, incorporation, management, place of business, branch, authorisation, remote services."""


def official_schema() -> Path | None:
    """The main XSD, where it was installed beside this file."""
    path = Path(__file__).with_name("schemas") / "CARFXML_v1.5.xsd"
    return path if path.is_file() else None


class Provider(NamedTuple):
    """The reporting crypto-asset service provider. `nexus` is a code of `NEXUS`."""

    name: str
    lei: str
    tin: str
    country: str
    address: Address
    nexus: str = "CARF901"


class Message(NamedTuple):
    """Of a message: between whom (ISO 3166), its id, its year, when it was made (`...Z`), in which currency.

    `indicator`: CARF701 new, CARF702 corrected, CARF703 nothing to report.
    """

    transmitting: str
    receiving: str
    message_id: str
    year: int
    created: str
    currency: str
    indicator: str = "CARF701"
    is_test: bool = False


def _element(name: str, text: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{escape(text)}</{name}>" if text else ""


def _wrapped(name: str, *parts: str) -> str:
    return f"<{name}>{''.join(parts)}</{name}>"


def _address(address: Address) -> str:
    return _wrapped(
        "Address",
        _element("CountryCode", address.country),
        _wrapped(
            "AddressFix",
            _element("Street", address.street),
            _element("PostCode", address.post_code),
            _element("City", address.city),
        ),
    )


def _tins(tins: Iterable[Tin]) -> str:
    return "".join(_element("TIN", tin.value, f" issuedBy={quoteattr(tin.country)}") for tin in tins)


def _residences(countries: Iterable[str]) -> str:
    return "".join(_element("ResCountryCode", country) for country in countries)


def _individual(person: Person) -> str:
    return _wrapped(
        "Individual",
        _residences(person.residences),
        _tins(person.tins),
        _wrapped("Name", _element("FirstName", person.first_name), _element("LastName", person.last_name)),
        _address(person.address),
        _wrapped("BirthInfo", _element("BirthDate", person.birth_date)),
    )


def _entity(residences: Iterable[str], tins: Iterable[Tin], lei: str, name: str, address: Address) -> str:
    identifier = _element("IN", lei, ' INType="LEI"')
    return _wrapped(
        "Entity", _residences(residences), _tins(tins), identifier, _element("Name", name), _address(address)
    )


def _doc_spec(message: Message, reference: str) -> str:
    indicator = "OECD11" if message.is_test else "OECD1"
    return _wrapped("DocSpec", _element("stf:DocTypeIndic", indicator), _element("stf:DocRefId", reference))


def amount_text(value: Fraction) -> str:
    """An amount with two decimals, half up."""
    units = round_half_up(value, 2)
    return f"{'-' if units < 0 else ''}{abs(units) // 100}.{abs(units) % 100:02d}"


def _kind(key: Key, figures: CarfFigures, currency: str) -> str:
    code = _element("TransferType", key.code) if key.code else ""
    count = "" if key.kind == "TransferWallet" else _element("NumberofTransactions", str(figures.count))
    amount = _element("Amount", amount_text(figures.amount), f" currCode={quoteattr(currency)}")
    units = _element("NumberofUnits", decimal_text(figures.units, _UNITS_DECIMALS))
    return _wrapped(key.kind, code, count, amount, units)


def _user(person: Person, rows: Iterable[tuple[Key, CarfFigures]], message: Message, names: dict[str, str]) -> str:
    if person.kind == "entity":
        identity = _entity(person.residences, person.tins, "", person.name, person.address)
    else:
        identity = _individual(person)
    controlling = "".join(
        _wrapped("ControllingPerson", _individual(one), _element("CtrlgPersonType", one.type))
        for one in person.controlling
    )
    blocks: dict[tuple[str, str], list[str]] = {}
    account = ""
    for key, figures in rows:
        account = key.account
        blocks.setdefault((key.asset, key.kind), []).append(_kind(key, figures, message.currency))
    transactions = "".join(
        _wrapped("RelevantTransactions", _element("CryptoAsset", names.get(asset, asset)), *kinds)
        for (asset, _), kinds in blocks.items()
    )
    reference = f"{message.transmitting}{message.year}-{message.message_id}-{account}"
    return _wrapped(
        "CryptoUsers", _wrapped("UserID", identity), controlling, transactions, _doc_spec(message, reference)
    )


def carf_chunks(
    message: Message,
    provider: Provider,
    users: Iterable[tuple[Person, list[tuple[Key, CarfFigures]]]],
    names: dict[str, str],
    mark: str = MARK,
) -> Iterator[str]:
    """The message piece by piece. `users`: each with their rows, all valued and certified. `names` of assets.

    `mark`: what a comment in it says of its schema.
    """
    specification = _wrapped(
        "MessageSpec",
        _element("SendingEntityIN", provider.lei or provider.tin),
        _element("TransmittingCountry", message.transmitting),
        _element("ReceivingCountry", message.receiving),
        "<MessageType>CARF</MessageType>",
        _element("MessageRefId", f"{message.transmitting}{message.year}{message.receiving}{message.message_id}"),
        _element("MessageTypeIndic", message.indicator),
        _element("ReportingPeriod", f"{message.year}-12-31"),
        _element("Timestamp", message.created.removesuffix("Z")),
    )
    identity = _entity(
        (provider.country,), (Tin(provider.tin, provider.country),), provider.lei, provider.name, provider.address
    )
    reference = f"{message.transmitting}{message.year}-{message.message_id}"
    rcasp = _wrapped(
        "RCASP",
        _wrapped("RCASP_ID", identity),
        _element("Nexus", provider.nexus),
        _doc_spec(message, reference),
    )
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<!-- CARF XML schema 1.5; {mark} -->\n"
        f'<CARF_OECD xmlns="{CARF}" xmlns:stf="{STF}" version="1.5">\n{specification}\n<CARFBody>\n{rcasp}\n'
    )
    for person, rows in users:
        yield _user(person, rows, message, names) + "\n"
    yield "</CARFBody>\n</CARF_OECD>\n"
