"""camt.053: read exactly in both shapes of its versions, refused with every problem and its line, silent on names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.assets import format_amount
from ledger.errors import InputErrors
from ledger.treasury.deposits import payment_reference
from por.reserves.bank import BankAccount, creditor_reference, is_creditor_reference, read_statements

IBAN = "DE89370400440532013000"
ACCOUNTS = {IBAN: BankAccount("bank-1", "EUR", "EUR", 2), "12345": BankAccount("bank-2", "JPY", "JPY", 0)}
CODE = creditor_reference(b"secret", 1, 0)
NAME = "Erika Mustermann"


def entry(amount="100.00", side="CRDT", status="BOOK", version="02", reference="R1", details=None, more="", ccy="EUR"):
    shown = status if version == "02" else f"<Cd>{status}</Cd>"
    bank = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    inside = "".join(details or [])
    return f"""
   <Ntry>
    <Amt Ccy="{ccy}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{more}<Sts>{shown}</Sts>
    <BookgDt><Dt>2026-11-25</Dt></BookgDt><ValDt><DtTm>2026-11-25T10:00:00</DtTm></ValDt>{bank}
    <NtryDtls>{inside}</NtryDtls>
   </Ntry>"""


def detail(text="", structured="", end_to_end="NOTPROVIDED", amount="", version="02"):
    paid = f'<Amt Ccy="EUR">{amount}</Amt>' if amount else ""
    if amount and version == "02":
        paid = f"<AmtDtls><TxAmt>{paid}</TxAmt></AmtDtls>"
    strd = f"<Strd><CdtrRefInf><Ref>{structured}</Ref></CdtrRefInf></Strd>" if structured else ""
    return f"""<TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>{paid}
     <RltdPties><Dbtr><Nm>{NAME}</Nm></Dbtr><DbtrAcct><Id><IBAN>FR7630006000011234567890189</IBAN></Id></DbtrAcct>
     </RltdPties><RmtInf><Ustrd>{text}</Ustrd>{strd}</RmtInf></TxDtls>"""


def balance(code, amount, side="CRDT", ccy="EUR"):
    return f"""<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{ccy}">{amount}</Amt>
    <CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2026-11-25</Dt></Dt></Bal>"""


def statement(
    entries="", opening="0", closing="0", name="S1", account=f"<IBAN>{IBAN}</IBAN>", ccy="EUR", balances=None
):
    both = balances or balance("OPBD", opening, ccy=ccy) + balance("CLBD", closing, ccy=ccy)
    return f"""
  <Stmt><Id>{name}</Id><Acct><Id>{account}</Id></Acct>{both}{entries}
  </Stmt>"""


def document(statements, version="02"):
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{space}">
 <BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>{statements}
 </BkToCstmrStmt>
</Document>"""
    return text.encode()


def read(statements, version="02", previous=None):
    return read_statements(document(statements, version), "bank.xml", ACCOUNTS, previous)


def problems(data, previous=None):
    with pytest.raises(InputErrors) as caught:
        read_statements(data, "bank.xml", ACCOUNTS, previous)
    return [(problem.row, problem.problem) for problem in caught.value.problems]


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_booked_payment_is_read_with_its_reference_and_nobodys_name(version):
    spaced = " ".join(CODE[i : i + 4] for i in range(0, 16, 4)).lower()
    rows = entry(version=version, details=[detail(text=f"deposit {spaced} thanks", version=version)])
    (found,) = read(statement(rows, "10.50", "110.50"), version)
    assert (found.wallet, found.opening, found.closing, found.closed) == ("bank-1", 1050, 11050, "2026-11-25")
    (line,) = found.lines
    assert (line.amount, line.is_credit, line.references) == (10_000, True, (CODE,))
    assert (line.booked, line.value, line.is_reversal) == ("2026-11-25", "2026-11-25", False)
    assert NAME not in repr(found) and "FR76" not in repr(found) and IBAN not in repr(found)
    assert line.evidence.startswith("camt.053/bank-1/")


@pytest.mark.parametrize("where", ["structured", "end_to_end", "text"])
def test_a_reference_is_found_wherever_it_stands(where):
    rows = entry(details=[detail(**{where: CODE})])
    assert read(statement(rows, "0", "100"))[0].lines[0].references == (CODE,)


def test_a_reference_with_wrong_check_digits_is_none():
    wrong = CODE[:2] + f"{(int(CODE[2:4]) + 1) % 100:02}" + CODE[4:]
    assert read(statement(entry(details=[detail(text=wrong)]), "0", "100"))[0].lines[0].references == ()


def test_debits_reversals_and_what_is_not_booked():
    rows = entry("30.00", "DBIT", reference="a") + entry("5", "CRDT", reference="b", more="<RvslInd>true</RvslInd>")
    rows += entry("99", status="PDNG", reference="c")
    (found,) = read(statement(rows, "100", "75"))
    assert [(line.amount, line.is_credit, line.is_reversal) for line in found.lines] == [
        (3000, False, False),
        (500, True, True),
    ]
    assert found.not_booked == 1


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_batch_is_one_line_for_each_transaction_where_their_amounts_add_up(version):
    other = creditor_reference(b"secret", 2, 0)
    parts = [
        detail(text=CODE, amount="60.00", version=version),
        detail(text=other, amount="40.00", version=version),
    ]
    rows = entry(version=version, details=parts)
    (found,) = read(statement(rows, "0", "100"), version)
    assert [(line.amount, line.references) for line in found.lines] == [(6000, (CODE,)), (4000, (other,))]
    assert len({line.evidence for line in found.lines}) == 2
    short = [detail(text=CODE, amount="60.00"), detail(text=other, amount="39.99")]
    (found,) = read(statement(entry(details=short), "0", "100"))
    assert [(line.amount, line.references) for line in found.lines] == [(10_000, ())]


def test_an_overdraft_is_negative_and_an_account_may_have_another_id():
    rows = entry("500", "DBIT", ccy="JPY")
    both = balance("PRCD", "100", ccy="JPY") + balance("CLBD", "400", "DBIT", ccy="JPY")
    (found,) = read(statement(rows, account="<Othr><Id>12345</Id></Othr>", balances=both))
    assert (found.wallet, found.opening, found.closing) == ("bank-2", 100, -400)


@given(st.lists(st.tuples(st.integers(0, 10**12), st.booleans()), max_size=8), st.integers(0, 10**12))
def test_every_cent_is_read_and_the_balance_must_follow(payments, opening):
    rows = "".join(
        entry(format_amount(cents, 2), "CRDT" if credit else "DBIT", reference=f"r{n}")
        for n, (cents, credit) in enumerate(payments)
    )
    closing = opening + sum(cents if credit else -cents for cents, credit in payments)
    side = "CRDT" if closing >= 0 else "DBIT"
    both = balance("OPBD", format_amount(opening, 2)) + balance("CLBD", format_amount(abs(closing), 2), side)
    (found,) = read(statement(rows, balances=both))
    assert [line.amount for line in found.lines] == [cents for cents, _ in payments if cents]
    off = balance("OPBD", format_amount(opening + 1, 2)) + balance("CLBD", format_amount(abs(closing), 2), side)
    assert "closing balance" in problems(document(statement(rows, balances=off)))[0][1]


def test_statements_follow_each_other():
    (first,) = read(statement(entry(), "0", "100"))
    before = {"bank-1": first}
    assert problems(document(statement("", "100", "100")), before) == [(4, "the statement was taken before")]
    (later,) = read(statement("", "100", "100", name="S2"), previous=before)
    assert later.opening == first.closing
    gap = problems(document(statement("", "99.99", "99.99", name="S2")), before)
    assert [problem for _, problem in gap] == ["the opening balance is not the last closing balance"]
    both = statement("", "0", "0", name="S1") + statement("", "1", "1", name="S2")
    assert "not the last closing" in problems(document(both))[0][1]


def test_the_identity_of_a_payment_is_the_banks_reference_and_outlives_the_statement():
    one = read(statement(entry(), "0", "100", name="S1"))[0].lines[0]
    two = read(statement(entry(reference="R0") + entry(), "0", "200", name="S9"))[0].lines[1]
    assert one.evidence == two.evidence
    twice = problems(document(statement(entry() + entry(), "0", "200")))
    assert [problem for _, problem in twice] == ["the payment stands in the file twice"]
    without = read(statement(entry(reference="") + entry(reference=""), "0", "200"))[0].lines
    assert without[0].evidence != without[1].evidence, "two equal payments without a reference are two"
    for change in ({"amount": "100.01"}, {"side": "DBIT"}, {"reference": "R2"}):
        amount, side = change.get("amount", "100.00"), change.get("side", "CRDT")
        both = balance("OPBD", "500") + balance("CLBD", "400" if side == "DBIT" else format_amount(
            50_000 + int(amount.replace(".", "")), 2))  # fmt: skip
        other = read(statement(entry(**change), balances=both))[0].lines[0]
        assert other.evidence != one.evidence


def test_every_problem_is_told_at_once_with_its_line():
    rows = entry("1e2", reference="a") + entry("-5", reference="b") + entry(status="????", reference="c")
    rows += entry(ccy="USD", reference="d") + entry("1.005", reference="e")
    found = problems(document(statement(rows, "0", "100")))
    assert [problem for _, problem in found] == [
        "the amount is written with an exponent",
        "the amount is negative",
        "the entry has no status that is known",
        "the currency is not the account's",
        "the amount has more decimals than the asset's scale",
    ]
    lines = document(statement(rows, "0", "100")).decode().splitlines()
    assert "1e2" in lines[found[0][0] - 1] and "1.005" in lines[found[4][0] - 1]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">&b;</Document>"""
OUTSIDE = b"""<!DOCTYPE d SYSTEM "file:///etc/passwd"><Document/>"""


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (BOMB, "the file declares a document type or entities"),
        (OUTSIDE, "the file declares a document type or entities"),
        (document("").decode().encode("utf-16"), "the file is not UTF-8"),
        (b"\xff\xfe<", "the file is not UTF-8"),
        (b"", "this is not XML"),
        (b"<Document", "this is not XML"),
        (b"<" + b"a" * 10, "this is not XML"),
        (document("", "01"), "this is no camt.053.001.02 to .13"),
        (document("", "14"), "this is no camt.053.001.02 to .13"),
        (document("").replace(b"camt.053", b"camt.052"), "this is no camt.053.001.02 to .13"),
        (document(""), "the file has no statement"),
        (document(statement(account="<IBAN>GB00</IBAN>")), "the account is not one that is configured"),
        (document(statement(balances=balance("OPBD", "0"))), "the statement has no balance CLBD"),
        (document(statement(balances=balance("CLBD", "0"))), "the statement has no balance OPBD"),
        (document(statement(name="")), "the statement has no id"),
        (document(statement(ccy="USD")), "the currency is not the account's"),
        (document(statement(entry().replace("2026-11-25<", "25.11.2026<"), "0", "100")), "BookgDt is no date"),
        (document(statement(entry(side="BOTH"), "0", "100")), "an amount or its side is missing"),
    ],
)
def test_what_is_no_statement_is_refused(data, problem):
    assert problem in [found for _, found in problems(data)]


def test_deep_nesting_is_refused_and_not_followed():
    deep = document("<a>" * 100_000 + "</a>" * 100_000)
    assert problems(deep)[0][1] == "this is not XML"


@given(st.binary(min_size=8, max_size=64), st.integers(0, 2**31), st.integers(0, 2**31))
def test_references_hold_their_check_digits_and_no_other_two_do(secret, account, subaccount):
    code = creditor_reference(secret, account, subaccount)
    assert is_creditor_reference(code) and creditor_reference(secret, account, subaccount) == code
    others = [f"RF{digits:02}{code[4:]}" for digits in range(2, 99)]
    assert [other for other in others if is_creditor_reference(other)] == [code]
    assert creditor_reference(secret, account, subaccount, 1) != code


def test_the_standards_own_example_holds():
    """ISO 11649's often quoted example RF18 5390 0754 7034 has our length."""
    assert is_creditor_reference("RF18539007547034")
    assert not is_creditor_reference("RF19539007547034")
    assert not is_creditor_reference("RF1853900754703")


def test_payouts_have_references_of_the_same_form():
    assert is_creditor_reference(payment_reference("f" * 32))
    assert payment_reference("f" * 32) != payment_reference("e" * 32)
