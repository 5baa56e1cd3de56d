"""The XML file of EU transaction reports: an ISO 20022 `auth.016.001.01` document in a `head.003` envelope with a
`head.001` header, in the order of elements that ESMA's usage guideline has.

The official XSD (ESMA `auth.016.001.01_ESMAUG_Reporting_1.1.0.xsd`) is not part of this project, so every file carries
the mark *schema not verified*; `validate` checks one against an XSD that its user has. Only reports whose lint is clean
may be written. Streaming: one report at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from compliance.transactions.identifiers import lei_problem
from ledger.errors import InputError

__all__ = ["AUTH_016", "UNVERIFIED", "Header", "report_xml", "validate", "xml_chunks"]

UNVERIFIED: Final = "schema not verified"
HEAD_003: Final = "urn:iso:std:iso:20022:tech:xsd:head.003.001.01"
HEAD_001: Final = "urn:iso:std:iso:20022:tech:xsd:head.001.001.01"
AUTH_016: Final = "urn:iso:std:iso:20022:tech:xsd:auth.016.001.01"


class Header(NamedTuple):
    """Of a file: from whom, to whom (ISO 3166 code of the authority), its id, when it was made (`...Z`, seconds)."""

    sender: str
    receiver: str
    message_id: str
    created: str


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""


def _wrapped(name: str, *parts: str) -> str:
    inside = "".join(parts)
    return f"<{name}>{inside}</{name}>" if inside else ""


def _organisation(name: str, code: str) -> str:
    return f"<{name}><OrgId><Id><OrgId><Othr><Id>{escape(code)}</Id></Othr></OrgId></Id></OrgId></{name}>"


def _identifier(code: str) -> str:
    """A person's identifier: its country with a concatenation (CONCAT) or a national number (NIDN)."""
    kind = "<Prtry>CONCAT</Prtry>" if "#" in code or _is_concat(code) else "<Cd>NIDN</Cd>"
    return f"<Othr><Id>{escape(code)}</Id><SchmeNm>{kind}</SchmeNm></Othr>"


def _is_concat(code: str) -> bool:
    return len(code) == 20 and code[2:10].isdigit() and code[10:].isalpha()


def _party(name: str, report: Mapping[str, str], side: str) -> str:
    code = report[side]
    if lei_problem(code) is None:
        owner = _element("LEI", code)
    else:
        owner = _wrapped(
            "Prsn",
            _element("FrstNm", report[f"{side}_first_names"]),
            _element("Nm", report[f"{side}_surname"]),
            _element("BirthDt", report[f"{side}_birth_date"]),
            _identifier(code),
        )
    branch = _element("CtryOfBrnch", report.get(f"{side}_branch", ""))
    return f"<{name}><AcctOwnr><Id>{owner}</Id>{branch}</AcctOwnr></{name}>"


def _price(report: Mapping[str, str]) -> str:
    text = report["price"]
    sign = "<Sgn>false</Sgn>" if text.startswith("-") else ""
    currency = escape(report.get("price_currency", ""))
    return f'<Pric><Pric><MntryVal><Amt Ccy="{currency}">{text.lstrip("-")}</Amt>{sign}</MntryVal></Pric></Pric>'


def _transaction(report: Mapping[str, str]) -> str:
    return _wrapped(
        "Tx",
        _element("TradDt", report["traded_at"]),
        _element("TradgCpcty", report["capacity"]),
        f"<Qty><Unit>{report['quantity']}</Unit></Qty>",
        _element("DerivNtnlChng", report.get("notional_change", "")),
        _price(report),
        _element("NetAmt", report.get("net_amount", "")),
        _element("TradVn", report["venue"]),
        _element("CtryOfBrnch", report.get("membership_country", "")),
        _element("TradPlcMtchgId", report.get("venue_transaction", "")),
    )


def _decision(name: str, code: str) -> str:
    if not code:
        return ""
    if code == "NORE":
        return f"<{name}><Clnt>NORE</Clnt></{name}>"
    if code.startswith("ALGO:"):
        return f"<{name}>{_element('Algo', code.removeprefix('ALGO:'))}</{name}>"
    return f"<{name}><Prsn>{_element('CtryOfBrnch', code[:2])}{_identifier(code)}</Prsn></{name}>"


def report_xml(report: Mapping[str, str]) -> str:
    """One report or cancellation as its `Tx` element; the report's lint is clean."""
    identity = (_element("TxId", report["reference"]), _element("ExctgPty", report["executing_entity"]))
    if report["status"] == "CANC":
        return _wrapped("Tx", _wrapped("Cxl", *identity, _element("SubmitgPty", report["submitting_entity"])))
    return _wrapped(
        "Tx",
        _wrapped(
            "New",
            *identity,
            _element("InvstmtPtyInd", report["investment_firm"]),
            _element("SubmitgPty", report["submitting_entity"]),
            _party("Buyr", report, "buyer"),
            _party("Sellr", report, "seller"),
            _wrapped("OrdrTrnsmssn", _element("TrnsmssnInd", report["transmission"])),
            _transaction(report),
            _wrapped("FinInstrm", _element("Id", report["instrument"])),
            _decision("InvstmtDcsnPrsn", report.get("decider", "")),
            _decision("ExctgPrsn", report["executor"]),
            _wrapped("AddtlAttrbts", _element("SctiesFincgTxInd", report["financing"])),
        ),
    )


def xml_chunks(header: Header, reports: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """The file piece by piece: its texts joined are one document, ending with a new line."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<!-- {UNVERIFIED}: made after RTS 22 and the names of ESMA's usage guideline, without its XSD -->\n"
        f'<BizData xmlns="{HEAD_003}">\n'
        f'<Hdr><AppHdr xmlns="{HEAD_001}">{_organisation("Fr", header.sender)}{_organisation("To", header.receiver)}'
        f"{_element('BizMsgIdr', header.message_id)}<MsgDefIdr>auth.016.001.01</MsgDefIdr>"
        f"{_element('CreDt', header.created)}</AppHdr></Hdr>\n"
        f'<Pyld><Document xmlns="{AUTH_016}"><FinInstrmRptgTxRpt>\n'
    )
    for report in reports:
        yield report_xml(report) + "\n"
    yield "</FinInstrmRptgTxRpt></Document></Pyld>\n</BizData>\n"


def validate(document: Path, schema: Path, whole: str) -> list[str]:
    """What an XSD finds wrong in a file, as lines; raises InputError for a file that is no schema.

    Streaming: elements called `whole` (in braces its namespace) are let go of once they are read. Reading may stop at
    the first element that does not hold.
    """
    from lxml import etree

    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        checker = etree.XMLSchema(etree.parse(str(schema), parser))
    except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise InputError(str(schema), f"is no XML schema that can be read ({error})", "Name the main XSD.") from None
    events = etree.iterparse(str(document), ("end",), schema=checker, no_network=True, resolve_entities=False)
    try:
        for _, element in events:
            if element.tag == whole:
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        # The log of this reading alone: the exception's own has what earlier readings of the process found.
        return [f"line {entry.line}: {entry.message}" for entry in events.error_log] or [str(error)]
    return []
