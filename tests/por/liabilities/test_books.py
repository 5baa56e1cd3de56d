"""Books read from CSV: the columns that come out, and every kind of bad row with its place and remedy."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.assets import AssetTable
from ledger.errors import InputErrors
from ledger.identity import ID_KINDS
from por.liabilities import books as books_module
from por.liabilities.books import RELATIONS, Books, read_books
from por.liabilities.intake import csv_source
from por.liabilities.intake.problems import PROBLEMS_KEPT_MAX

ASSETS = AssetTable.from_toml(
    b"[assets.BTC]\nscale=8\n[assets.ETH]\nscale=18\n[assets.USD]\nscale=2\nmax_supply='1000'\n", "assets.toml"
)

Row = tuple[str, str, str, str, str, int, int]
"""Entity, asset, kind, id, subaccount, claim, debt."""


def twin_rows(books: Books) -> list[Row]:
    """The lines of books as plain tuples, in their order."""
    amounts = [bytes(row) for row in books.line_amounts]
    return [
        (
            *books.trees[tree],
            ID_KINDS[books.account_kind[account]],
            books.account_id(account),
            books.subaccounts[subaccount],
            int.from_bytes(amount[:16]),
            int.from_bytes(amount[16:]),
        )
        for tree, account, subaccount, amount in zip(
            books.line_tree.tolist(),
            books.line_account.tolist(),
            books.line_subaccount.tolist(),
            amounts,
            strict=True,
        )
    ]


def read(tmp_path: Path, text: str | bytes, assets: AssetTable = ASSETS) -> Books:
    path = tmp_path / "books.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_books(path, "csv", assets)


def refused(tmp_path: Path, text: str | bytes, assets: AssetTable = ASSETS) -> list[tuple[int | None, str | None, str]]:
    """Row, column and problem of everything that is refused; every one has a remedy and names the file."""
    with pytest.raises(InputErrors) as raised:
        read(tmp_path, text, assets)
    for problem in raised.value.problems:
        assert problem.remedy and problem.file == str(tmp_path / "books.csv")
    assert list(tmp_path.iterdir()) == [tmp_path / "books.csv"], "nothing is written"
    return [(problem.row, problem.column, problem.problem) for problem in raised.value.problems]


FULL = """claim,debt,account,asset,subaccount,kind,entity,relation
1.5,0,bob,BTC,,,,
2,0.25,alice@example.com,BTC,trading,email,main,staff
0.00000001,0,alice@example.com,BTC,,email,,staff
0,0,carol,BTC,,,,
7,0,bob,ETH,,assigned,eu,customer
0,3,alice@example.com,BTC,hedge,email,main,staff
"""


def test_all_columns_are_read_in_any_order(tmp_path: Path) -> None:
    books = read(tmp_path, FULL)
    assert books.trees == (("eu", "ETH"), ("main", "BTC"), ("main", "ETH"), ("main", "USD"))
    assert books.subaccounts == ("", "hedge", "trading")
    alice = "alice@example.com"
    assert twin_rows(books) == [
        ("eu", "ETH", "assigned", "bob", "", 7 * 10**18, 0),
        ("main", "BTC", "assigned", "bob", "", 150_000_000, 0),
        ("main", "BTC", "email", alice, "", 1, 0),
        ("main", "BTC", "email", alice, "hedge", 0, 300_000_000),
        ("main", "BTC", "email", alice, "trading", 200_000_000, 25_000_000),
    ]
    assert [books.account_id(account) for account in range(len(books))] == ["bob", alice]
    assert [RELATIONS[code] for code in books.account_relation] == ["customer", "staff"]
    assert books.zero_accounts == 1 and books.rows_read == 6
    assert books.leaf_tree.tolist() == [0, 1, 1] and books.leaf_account.tolist() == [0, 0, 1]
    assert books.leaf_line_offsets.tolist() == [0, 1, 2, 5]
    assert books.tree_leaf_offsets.tolist() == [0, 1, 3, 3, 3]
    assert int.from_bytes(bytes(books.leaf_amounts[2, :16])) == 200_000_001
    assert int.from_bytes(bytes(books.leaf_amounts[2, 16:])) == 325_000_000
    assert books.sources[0].sha256 == hashlib.sha256(FULL.encode()).hexdigest()
    assert books.sources[0].description == "books.csv"


def test_columns_have_the_types_that_trees_need(tmp_path: Path) -> None:
    books = read(tmp_path, FULL)
    assert {
        name: str(getattr(books, name).dtype) for name in books.__slots__ if hasattr(getattr(books, name), "dtype")
    } == {
        "account_offsets": "uint64",
        "account_kind": "uint8",
        "account_relation": "uint8",
        "line_tree": "uint32",
        "line_account": "uint32",
        "line_subaccount": "uint32",
        "line_amounts": "uint8",
        "leaf_tree": "uint32",
        "leaf_account": "uint32",
        "leaf_amounts": "uint8",
        "leaf_line_offsets": "uint64",
        "tree_leaf_offsets": "uint64",
    }


@pytest.mark.parametrize(
    "text",
    [
        "account,asset,claim\nbob,BTC,1\n",
        "account,asset,claim\nbob,BTC,1",
        "account,asset,claim\r\nbob,BTC,1\r\n",
        "account,asset,claim\rbob,BTC,1\r",
        "\ufeffaccount,asset,claim\nbob,BTC,1\n",
        '"account","asset","claim"\n"bob","BTC","1"\n',
        'account,asset,claim\n"bob",BTC,1\n',
        "\n\naccount,asset,claim\n\nbob,BTC,1\n\n",
        "account,asset,claim,debt\nbob,BTC,1.000000000000,0\n",
    ],
)
def test_every_lawful_spelling_of_a_file_gives_the_same_books(tmp_path: Path, text: str) -> None:
    assert twin_rows(read(tmp_path, text)) == [("main", "BTC", "assigned", "bob", "", 10**8, 0)]


def test_ids_beyond_ascii_and_with_commas_and_quotes_are_kept_exactly(tmp_path: Path) -> None:
    books = read(tmp_path, 'account,asset,claim\n\u5c71\u7530 \u592a\u90ce,BTC,1\n"a,""b""",BTC,2\nZo\u00eb,BTC,3\n')
    assert [books.account_id(account) for account in range(3)] == ["\u5c71\u7530 \u592a\u90ce", 'a,"b"', "Zo\u00eb"]


def test_a_header_alone_is_empty_books_and_states_every_tree(tmp_path: Path) -> None:
    books = read(tmp_path, "account,asset,claim\n")
    assert len(books) == 0 and books.rows_read == 0 and len(books.line_tree) == 0
    assert books.trees == (("main", "BTC"), ("main", "ETH"), ("main", "USD"))
    assert books.tree_leaf_offsets.tolist() == [0, 0, 0, 0] and books.leaf_line_offsets.tolist() == [0]


def test_where_every_leaf_has_one_line_both_are_one_array(tmp_path: Path) -> None:
    books = read(tmp_path, "account,asset,claim\nb,BTC,1\na,BTC,2\n")
    assert books.leaf_amounts is books.line_amounts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, None, "there is no header that names the columns")]),
        ("bob,BTC,1\n", [(1, None, "there is no header that names the columns")]),
        ("account,asset\nbob,BTC\n", [(1, "claim", "this column is missing")]),
        ("account,asset,claim,claim\n", [(1, "claim", "the header names this column twice")]),
        ("account,asset,claim,balance\n", [(1, "balance", "this column is not known")]),
        ("account,asset,Claim\n", [(1, "claim", "this column is missing"), (1, "Claim", "this column is not known")]),
        ("account,asset,claim,\n", [(1, "", "this column is not known")]),
    ],
)
def test_a_bad_header_is_the_problem(tmp_path: Path, text: str, expected: list[tuple[int, str | None, str]]) -> None:
    assert refused(tmp_path, text) == expected


HEADER = "account,asset,claim,debt,subaccount,kind,entity,relation\n"

BAD_ROWS = [
    ("a,BTC,-1,0,,,,", "claim", "the amount is negative"),
    ("a,BTC,1,-1,,,,", "debt", "the amount is negative"),
    ("a,BTC,NaN,0,,,,", "claim", "the amount is NaN or infinite"),
    ("a,BTC,1,Infinity,,,,", "debt", "the amount is NaN or infinite"),
    ("a,BTC,1e5,0,,,,", "claim", "the amount is written with an exponent"),
    ("a,BTC,1.123456789,0,,,,", "claim", "the amount has more decimals than the asset's scale, 8"),
    ("a,BTC,,0,,,,", "claim", "the amount is empty"),
    ("a,BTC,1,,,,,", "debt", "the amount is empty"),
    ("a,BTC, 1,0,,,,", "claim", "the amount holds white space"),
    ("a,BTC,+1,0,,,,", "claim", "the amount has a plus sign"),
    ("a,BTC,01,0,,,,", "claim", "the amount begins with a needless zero"),
    ("a,BTC,.5,0,,,,", "claim", "the amount has no digit before or after its point"),
    ("a,BTC,\u0661,0,,,,", "claim", "the amount is not a decimal number"),
    (
        "a,BTC,1701411834604692317316873037158.84105728,0,,,,",
        "claim",
        "the amount is over the limit of 2^127 - 1 quanta",
    ),
    ("a,USD,1000.01,0,,,,", "claim", "the amount is over the limit: it is above the asset's max_supply"),
    ("a,DOGE,1,0,,,,", "asset", "the asset is not in the assets file"),
    ("a,btc,1,0,,,,", "asset", "the asset is not in the assets file"),
    ("a,,1,0,,,,", "asset", "the asset is empty"),
    (",BTC,1,0,,,,", "account", "the name is empty"),
    (" a,BTC,1,0,,,,", "account", "the name begins with white space"),
    ("a ,BTC,1,0,,,,", "account", "the name ends with white space"),
    ("a\tb,BTC,1,0,,,,", "account", "the name holds a control character"),
    ("a\x00,BTC,1,0,,,,", "account", "the name holds a control character"),
    ("a\u200b,BTC,1,0,,,,", "account", "the name holds an invisible character"),
    ("a\u0308,BTC,1,0,,,,", "account", "the name is not in Unicode normal form C"),
    ("a" * 257 + ",BTC,1,0,,,,", "account", "the name is too long"),
    ("a,BTC,1,0,s\x1f,,,", "subaccount", "the name holds a control character"),
    ("a,BTC,1,0," + "s" * 65 + ",,,", "subaccount", "the name is too long"),
    ("a,BTC,1,0,,phone,,", "kind", "the kind of id is not on the list"),
    ("a,BTC,1,0,,,EU,", "entity", "the entity is not in the form of an entity name"),
    ("a,BTC,1,0,,,,friend", "relation", "the relation is not on the list"),
    ("a,BTC,1", None, "the row has too few columns: 3, and the header has 8"),
    ("a,BTC,1,0,,,,,", None, "the row has too many columns: 9, and the header has 8"),
    ('"a"b,BTC,1,0,,,,', None, "the row is not well-formed CSV (',' expected after '\"')"),
]


@pytest.mark.parametrize(("row", "column", "problem"), BAD_ROWS, ids=[ascii(row[:24]) for row, _, _ in BAD_ROWS])
@pytest.mark.parametrize("quoted", [False, True])
def test_a_bad_row_is_named_with_its_place(
    tmp_path: Path, row: str, column: str | None, problem: str, quoted: bool
) -> None:
    first = '"good",BTC,1,0,,,,\n' if quoted else "good,BTC,1,0,,,,\n"
    text = f"{HEADER}{first}{row}\nlast,BTC,1,0,,,,\n"
    assert refused(tmp_path, text) == [(3, column, problem)]


def test_all_bad_rows_are_reported_at_once_in_the_order_of_their_rows(tmp_path: Path) -> None:
    rows = [
        row.replace("a,", f"a{number},", 1) if row.startswith("a,") else row
        for number, (row, _, _) in enumerate(BAD_ROWS)
    ]
    found = refused(tmp_path, HEADER + "".join(f"{row}\n" for row in rows))
    assert found == [(number, column, problem) for number, (_, column, problem) in enumerate(BAD_ROWS, start=2)]


def test_several_problems_of_one_row_are_all_named(tmp_path: Path) -> None:
    found = refused(tmp_path, HEADER + ",DOGE,-1,NaN,\t,x,X,x\n")
    columns = ["account", "asset", "claim", "debt", "entity", "kind", "relation", "subaccount"]
    assert sorted(str(column) for _, column, _ in found) == columns


def test_a_negative_claim_is_sent_to_the_debts_and_a_negative_debt_to_the_claims(tmp_path: Path) -> None:
    with pytest.raises(InputErrors) as raised:
        read(tmp_path, "account,asset,claim,debt\na,BTC,-1,0\nb,BTC,0,-1\n")
    assert "debt column" in raised.value.problems[0].remedy
    assert "claim column" in raised.value.problems[1].remedy


def test_no_message_repeats_an_id_or_an_amount(tmp_path: Path) -> None:
    secret = "s3cret-person"
    rows = [f"{secret},BTC,-77123", f"{secret},BTC,-77123", f"{secret},{secret},77123.123456789", f"{secret}\t,BTC,1"]
    text = "\n".join(["account,asset,claim", *rows])
    with pytest.raises(InputErrors) as raised:
        read(tmp_path, text)
    assert secret not in str(raised.value) and "77123" not in str(raised.value)


def test_a_duplicate_names_both_rows_even_where_it_is_zero(tmp_path: Path) -> None:
    text = "account,asset,claim,subaccount\na,BTC,1,\nb,BTC,1,\na,ETH,1,\na,BTC,1,x\na,BTC,0,\na,BTC,5,\n"
    same = "the same account, subaccount, entity and asset as row"
    assert refused(tmp_path, text) == [(6, "account", f"{same} 2"), (7, "account", f"{same} 6")]


def test_a_duplicate_across_files_names_the_other_file(tmp_path: Path) -> None:
    for name, row in (("one.csv", "a,BTC,1"), ("two.csv", "b,BTC,1\na,BTC,1")):
        (tmp_path / name).write_text(f"account,asset,claim\n{row}\n")
    with pytest.raises(InputErrors) as raised:
        read_books([tmp_path / "one.csv", tmp_path / "two.csv"], "csv", ASSETS)
    (problem,) = raised.value.problems
    assert problem.file.endswith("two.csv") and problem.row == 3 and problem.problem.endswith("one.csv")


def test_several_files_make_one_set_of_books(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("account,asset,claim\na,BTC,1\nb,BTC,2\n")
    (tmp_path / "two.csv").write_text("asset,claim,account,debt\nETH,1,b,3\n")
    books = read_books([tmp_path / "one.csv", tmp_path / "two.csv"], "csv", ASSETS)
    assert [row[1:4:2] + row[5:] for row in twin_rows(books)] == [
        ("BTC", "a", 10**8, 0),
        ("BTC", "b", 2 * 10**8, 0),
        ("ETH", "b", 10**18, 3 * 10**18),
    ]
    assert [source.rows_read for source in books.sources] == [2, 1]


def test_one_file_named_twice_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    read(tmp_path, "account,asset,claim\n")
    with pytest.raises(InputErrors, match="named twice"):
        read_books([tmp_path / "books.csv", tmp_path / "." / "books.csv"], "csv", ASSETS)
    with pytest.raises(InputErrors, match="cannot be read"):
        read_books(tmp_path / "absent.csv", "csv", ASSETS)
    with pytest.raises(InputErrors, match="cannot be read"):
        read_books(tmp_path, "csv", ASSETS)


def test_an_id_has_one_kind_and_an_account_one_relation(tmp_path: Path) -> None:
    rows = ["a,BTC,1,email,staff", "b,BTC,1,,", "a,ETH,1,key,house", "b,ETH,1,assigned,customer"]
    text = "\n".join(["account,asset,claim,kind,relation", *rows])
    assert refused(tmp_path, text) == [
        (4, "kind", "the same id stands under another kind too"),
        (4, "relation", "the account has another relation too"),
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_wrong_encoding_is_named_with_its_byte(tmp_path: Path, ending: str, mark: bytes) -> None:
    lines = ["account,asset,claim", "\u00e9t\u00e9,BTC,1", "Zo@,BTC,1", "b,BTC,1@"]
    data = mark + ending.join(lines).encode().replace(b"@", b"\xeb")
    found = refused(tmp_path, data)
    first = data.index(b"\xeb")
    second = data.index(b"\xeb", first + 1)
    assert found == [
        (3, "account", f"byte {first} of the file is not UTF-8"),
        (4, "claim", f"byte {second} of the file is not UTF-8"),
    ]


def test_utf16_is_named_as_such(tmp_path: Path) -> None:
    ((row, _, problem),) = refused(tmp_path, "account,asset,claim\na,BTC,1\n".encode("utf-16"))
    assert row == 1 and "UTF-16" in problem


def test_rows_are_counted_as_lines_after_a_line_break_inside_quotes(tmp_path: Path) -> None:
    text = 'account,asset,claim\n"a\nb\r\nc",BTC,1\n\nd,BTC,-1\n"e"x,BTC,1\nf,BTC,-1\n'
    found = refused(tmp_path, text)
    assert [(row, column) for row, column, _ in found] == [(2, "account"), (6, "claim"), (7, None), (8, "claim")]


def test_a_quote_never_closed_is_a_problem_of_its_row(tmp_path: Path) -> None:
    ((row, _, problem),) = refused(tmp_path, 'account,asset,claim\na,BTC,1\n"b,BTC,1\nc,BTC,1\n')
    assert row == 3 and problem.startswith("the row is not well-formed CSV")


def test_problems_are_kept_to_a_thousand_and_all_are_counted(tmp_path: Path) -> None:
    count = PROBLEMS_KEPT_MAX + 5
    found = refused(tmp_path, "account,asset,claim\n" + "".join(f"u{number},BTC,-1\n" for number in range(count)))
    assert len(found) == PROBLEMS_KEPT_MAX + 1 and found[-1][2] == "and 5 more problems"
    exactly = refused(tmp_path, "account,asset,claim\n" + "".join(f"u{number},BTC,-1\n" for number in range(count - 5)))
    assert len(exactly) == PROBLEMS_KEPT_MAX


def _btc(quanta: int) -> str:
    return f"{quanta // 10**8}.{quanta % 10**8:08d}"


@pytest.mark.parametrize("side", ["claim", "debt"])
@pytest.mark.parametrize(("excess", "good"), [(-1, True), (0, True), (1, False)])
def test_the_sum_of_an_accounts_lines_has_the_same_limit(tmp_path: Path, side: str, excess: int, good: bool) -> None:
    amounts = [_btc(2**126), _btc(2**126 - 1 + excess)]
    rows = [
        f"a,BTC,{amount if side == 'claim' else 0},{amount if side == 'debt' else 0},s{place}"
        for place, amount in enumerate(amounts)
    ]
    text = "account,asset,claim,debt,subaccount\n" + "\n".join(rows)
    if good:
        books = read(tmp_path, text)
        at = slice(0, 16) if side == "claim" else slice(16, 32)
        assert int.from_bytes(bytes(books.leaf_amounts[0, at])) == 2**127 - 1 + excess
    else:
        ((row, column, problem),) = refused(tmp_path, text)
        assert (row, column) == (3, side) and "add up to more than the limit" in problem


def test_the_sum_of_a_tree_stays_below_the_wires_limit(tmp_path: Path) -> None:
    half = _btc(2**127 - 1)
    books = read(tmp_path, f"account,asset,claim\na,BTC,{half}\nb,BTC,{half}\nc,BTC,{_btc(1)}\n")
    assert sum(row[5] for row in twin_rows(books)) == 2**128 - 1
    found = refused(tmp_path, f"account,asset,claim\na,BTC,{half}\nb,BTC,{half}\nc,BTC,{_btc(2)}\n")
    assert found == [(None, None, "the claims of entity main in BTC add up to 2^128 quanta or more")]


@pytest.mark.parametrize(("claim", "good"), [("999.99", True), ("1000", True), ("1000.01", False)])
def test_max_supply_is_exact(tmp_path: Path, claim: str, good: bool) -> None:
    text = f"account,asset,claim\na,USD,{claim}\n"
    if good:
        assert len(read(tmp_path, text)) == 1
    else:
        assert refused(tmp_path, text)[0][:2] == (2, "claim")


ACCOUNTS = ["alice", "bob", "Zo\u00eb", "d e", 'q"x', "f,g"]
ROWS = st.dictionaries(
    st.tuples(
        st.sampled_from(ACCOUNTS),
        st.sampled_from(["", "x", "\u00e9"]),
        st.sampled_from(["main", "eu", "a.b"]),
        st.sampled_from(["BTC", "ETH"]),
    ),
    st.tuples(*[st.one_of(st.just(0), st.integers(0, 2**64 + 5), st.integers(0, 2**120))] * 2),
    max_size=40,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(rows=ROWS, block=st.sampled_from([1, 7, 64, 1 << 19]))
def test_books_are_what_a_plain_dictionary_makes_of_the_rows(
    tmp_path: Path, rows: dict[tuple[str, str, str, str], tuple[int, int]], block: int
) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if set(text) & set('",') else text

    decimals = {"BTC": 8, "ETH": 18}
    lines = ["account,subaccount,entity,asset,claim,debt"]
    leaves: dict[tuple[str, str, str], list[int]] = {}
    for (account, subaccount, entity, asset), amounts in rows.items():
        scale = decimals[asset]
        texts = [f"{amount // 10**scale}.{amount % 10**scale:0{scale}d}" for amount in amounts]
        lines.append(",".join([quoted(account), subaccount, entity, asset, *texts]))
        if any(amounts):
            leaf = leaves.setdefault((entity, asset, account), [0, 0, 0])
            leaf[0] += amounts[0]
            leaf[1] += amounts[1]
            leaf[2] += 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_source, "BLOCK_CHARACTERS", block)
        patch.setattr(csv_source, "BATCH_ROWS", max(1, block // 8))
        books = read(tmp_path, "\n".join(lines) + "\n")
    counts = np.diff(books.leaf_line_offsets.astype(np.int64)).tolist()
    made = {
        (*books.trees[tree], books.account_id(account)): [
            int.from_bytes(bytes(amounts[:16])),
            int.from_bytes(bytes(amounts[16:])),
            count,
        ]
        for tree, account, amounts, count in zip(
            books.leaf_tree.tolist(), books.leaf_account.tolist(), books.leaf_amounts, counts, strict=True
        )
    }
    assert made == leaves
    expected = sorted(
        (entity, asset, account, sub, *amounts)
        for (account, sub, entity, asset), amounts in rows.items()
        if any(amounts)
    )
    assert sorted((row[0], row[1], *row[3:]) for row in twin_rows(books)) == expected
    order = list(
        zip(books.line_tree.tolist(), books.line_account.tolist(), books.line_subaccount.tolist(), strict=True)
    )
    assert order == sorted(set(order))
    seen = list(dict.fromkeys(account for (account, *_), amounts in rows.items()))
    with_lines = {account for (account, *_), amounts in rows.items() if any(amounts)}
    assert [books.account_id(account) for account in range(len(books))] == [name for name in seen if name in with_lines]
    assert books.zero_accounts == len(seen) - len(with_lines)


def test_memory_grows_with_lines_and_not_with_the_text_of_the_file(tmp_path: Path) -> None:
    names = [f"{number:0250d}" for number in range(50)]

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        with path.open("w") as file:
            file.write("account,asset,claim,subaccount\n")
            zeros = "0" * 60
            file.writelines(f"{names[row % 50]},BTC,{row}.5{zeros},{row // 50:060d}\n" for row in range(rows))
        assert path.stat().st_size > 380 * rows
        tracemalloc.start()
        read_books(path, "csv", ASSETS)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(60_000) - peak(20_000) < 200 * 40_000


def test_every_public_name_is_there() -> None:
    assert all(hasattr(books_module, name) for name in books_module.__all__)
