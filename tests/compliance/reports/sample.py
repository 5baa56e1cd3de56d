"""A made-up pack that shows every block: for the tests of the renderers, and for looking at.

    python -m tests.compliance.reports.sample DIR

writes it, in English and Japanese, as a pack.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from compliance.facts import Evidence
from compliance.reports.chart import Chart, Series
from compliance.reports.document import (
    Block,
    Column,
    Document,
    EvidenceItem,
    Procedure,
    SignOff,
    Table,
    Texts,
    amount_text,
    columns_of,
    table_of,
)
from compliance.reports.json_ import pack_json
from compliance.reports.pack import PackData, PackHeader, cover_of
from compliance.reports.texts import ENGLISH, JAPANESE
from compliance.reports.write import write_pack
from compliance.rules import NotCovered, Primitive, Rule, RuleSet, Status
from compliance.verdicts import Deadline, Line, Result, Verdict

__all__ = ["sample_charts", "sample_data", "sample_document", "sample_pack"]

AS_OF = datetime(2026, 10, 31, 23, tzinfo=UTC)
JAPANESE_NOTE = (
    "本資料は、利用者財産の管理状況を資産ごとの数量で示すものです。金額への換算は行っていません。「充足率」は保有数量を"
    "債務数量で除した値であり、端数は切り捨てています。対象期間中に一時間の欠測があり、欠測として表示しています。"
)


def digest(name: str) -> str:
    """A hash that is one, of nothing in particular."""
    return sha256(name.encode()).hexdigest()


def _hour(at: int) -> str:
    return f"{datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=at):%Y-%m-%d %H:%M}"


SNAPSHOT = 348
"""An hour for which dollars are borrowed."""
MISSED = 500


def _coverage(asset: str, hours: int, percent: Callable[[int], int]) -> Chart:
    """Coverage of one asset in hundredths of a per cent, with an hour missed."""
    values = tuple(None if at == MISSED else percent(at) for at in range(hours))
    return Chart(
        kind="line",
        caption=f"{asset}: coverage over the period",
        description=f"Held over owed in units of {asset}, hour by hour.",
        places=tuple(_hour(at) for at in range(hours)),
        series=(Series("Coverage", values),),
        unit="%",
        scale=2,
        reference=100_00,
        reference_name="100 % of what is owed",
        name=f"coverage-{asset.lower()}",
    )


def _window() -> Chart:
    """Two days around the snapshot: money borrowed for that hour is a step up and a step down."""
    hours = range(SNAPSHOT - 24, SNAPSHOT + 25)
    held = tuple(4_000_000 + 900 * at + (2_500_000 if at == SNAPSHOT else 0) for at in hours)
    return Chart(
        kind="window",
        caption="USDC: before and after the snapshot",
        description="Units held and owed; a holding for that hour alone shows as a step.",
        places=tuple(_hour(at) for at in hours),
        series=(Series("Held", held), Series("Owed", (4_300_000,) * len(hours))),
        unit="USDC",
        mark=24,
        mark_name=f"snapshot {_hour(SNAPSHOT)}",
        name="window-usdc",
    )


def _bars() -> tuple[Chart, Chart]:
    coverage = Chart(
        kind="bars",
        caption="Coverage of each asset at the end",
        description="Held over owed, in units, for each asset; a surplus in one covers no other.",
        places=("BTC", "DUST", "ETH", "USDC"),
        series=(Series("Coverage", (101_09, 700_000_00, 100_00, 108_57)),),
        unit="%",
        scale=2,
        reference=100_00,
        reference_name="100 % of what is owed",
        name="coverage-at-end",
    )
    orders = Chart(
        kind="bars",
        caption="Orders and trades by market",
        description="Thousands of orders, trades, cancels and refusals in each of three markets.",
        places=("BTC-USDC", "ETH-USDC", "A market with a name that is far too long for its place"),
        series=(
            Series("Orders", (412, 300, 5)),
            Series("Trades", (120, 90, None)),
            Series("Cancels", (290, 200, 5)),
            Series("Refusals", (2, 1, 0)),
        ),
        unit="k",
        name="orders",
    )
    return coverage, orders


def sample_charts(hours: int = 744) -> tuple[Chart, ...]:
    """A month of hours: bitcoin with a dip, one asset far above, one just covered, one that rises through 100 %."""
    return (
        _coverage("BTC", hours, lambda at: 101_08 + at % 3 - (242 if 300 <= at < 312 else 0)),
        _coverage("DUST", hours, lambda at: 700_000_00),
        _coverage("ETH", hours, lambda at: 100_00 + at % 3 * 12),
        _coverage("USDC", hours, lambda at: 93_02 + at * 209 // 100),
    )


def _rule(number: int, title: str, requirement: str, citation: str, status: Status = Status.VERIFIED) -> Rule:
    return Rule(
        id=f"SAMPLE-RES-{number:02}",
        regime="sample",
        title=title,
        requirement=requirement,
        citation=citation,
        version="1",
        effective_from=date(2026, 1, 1),
        status=status,
        primitive=Primitive.COVERAGE,
        inputs={"held": "held", "owed": "owed"},
        source="https://example.invalid/rulebook",
    )


def sample_rules() -> RuleSet:
    """Five rules of a regime that does not exist, and one that is not covered."""
    rules = (
        _rule(1, "Reserves", "Reserves of each asset cover what is owed of it.", "Sample Code 4.1"),
        _rule(2, "Reconciliation", "Books and chains are compared every day.", "Sample Code 4.2"),
        _rule(3, "Audit", "An independent examination every six months.", "Sample Code 4.3", Status.SECONDARY),
        _rule(4, "Capital", "Paid-in capital of at least one million.", "Sample Code 2.1(a)(iii)", Status.UNVERIFIED),
        _rule(5, "Lending", "Client assets are lent with consent only.", "Sample Code 6"),
    )
    left_out = NotCovered(
        "SAMPLE-GOV-01", "sample", "Sample Code 1.1", "The board meets.", "Nothing here sees a board."
    )
    return RuleSet("sample", "Sample regime", "2026-10-01", rules, (left_out,))


def sample_verdicts() -> tuple[Verdict, ...]:
    """All four answers, a warning, deadlines and lines."""
    attestation = (Evidence("attestation", "hours/2026-10-31T23/attestation.json", digest("attestation")),)

    def verdict(number: int, result: Result, **fields: object) -> Verdict:
        return Verdict(f"SAMPLE-RES-{number:02}", "1", "sample", "", AS_OF, result, **fields)  # type: ignore[arg-type]  # fields of a test

    lines = (
        Line("USDC", Result.FAIL, "4,187,400 USDC", "4,300,000 USDC", "-112,600 USDC", "until 2026-10-14 13:00"),
        Line("BTC", Result.PASS, "1,041.4 BTC", "1,030 BTC", "11.4 BTC"),
    )
    return (
        verdict(
            1,
            Result.FAIL,
            measured="0.9765 of what is owed",
            required="at least 1 in every asset",
            margin="-25 BTC",
            note="for twelve hours from 2026-10-13 12:00",
            lines=lines,
            line_count=1_204,
            evidence=attestation,
            since=AS_OF - timedelta(hours=3),
            deadlines=(Deadline("notice to the regulator", AS_OF + timedelta(days=1), "1 calendar day"),),
        ),
        verdict(2, Result.PASS, measured="31 of 31 days", required="every day", evidence=attestation),
        verdict(3, Result.INSUFFICIENT, required="183 days at most", missing=("audit.last", "audit.independence")),
        verdict(
            4,
            Result.PASS,
            measured="1,004,000 USD",
            required=">= 1,000,000 USD",
            margin="4,000 USD",
            warning="0.4 % above the limit",
            evidence=(Evidence("register", "register line 12", digest("register")),),
        ),
        verdict(5, Result.NOT_APPLICABLE, note="no lending in the period"),
    )


def sample_data(tables: tuple[Table, ...] = (), charts: tuple[Chart, ...] = ()) -> PackData:
    """The pack as data."""
    header = PackHeader(
        regime="sample",
        report="sample-monthly",
        exchange="example.exchange",
        entity="Example Exchange FZE / 例示取引所株式会社",
        start="2026-10-01",
        end="2026-10-31",
        prepared="2026-11-02T08:00:00Z",
    )
    own = EvidenceItem(
        "log/segment-000812.log", digest("log"), "command log", "tallystick audit BUNDLE --key KEY --replay"
    )
    return PackData(header, sample_rules(), sample_verdicts(), tables, charts, (own,))


def _holdings(rows: int) -> Table:
    columns = (
        Column("Asset", "text", 8),
        Column("Wallet address", "code", 30),
        Column("Control", "status", 12),
        Column("Held", "number", 20),
        Column("Owed", "number", 20),
        Column("Rule", "rule", 14),
    )
    found = [
        (
            ("BTC", "ETH", "USDC")[at % 3],
            digest(f"wallet {at}")[:40],
            ("proven", "attested", "claimed", "unchecked")[at % 4],
            amount_text(12_345_678_901_234 * (at + 1), 8),
            amount_text(-5 if at == 2 else 98_765_432 * at, 8),
            f"SAMPLE-RES-{at % 5 + 1:02}",
        )
        for at in range(rows)
    ]
    found.append(("", "", "", amount_text(10**18, 8), amount_text(10**17, 8), ""))
    return Table("Wallets of the period", columns, tuple(found), frozenset({rows}), name="wallets")


PROCEDURES = Block(
    "Procedures and findings",
    2,
    ("Performed by the management on its own records.",),
    procedures=(
        Procedure(
            "3.1",
            "Recomputed every hour's liabilities from the log; compared each root with the published one.",
            "743 of 743 roots are equal. One hour was missed, and is stated as missed.",
            "no exception",
            ("SAMPLE-RES-01",),
            (),
            ("log/segment-000812.log",),
        ),
        Procedure(
            "3.2",
            "Drew 25 withdrawals with the published seed and traced each to its transaction on chain.",
            "24 of 25 were found.",
            "exception",
            ("SAMPLE-RES-02",),
            ("Withdrawal w-2026-000118: its transaction is in no block. 該当する取引は見つかりません。",),
        ),
    ),
)
JAPANESE_BLOCK = Block(
    "対象期間の注記",
    2,
    (JAPANESE_NOTE,),
    Table(
        "資産別の内訳",
        (
            Column("資産"),
            Column("保有数量", "number", 20),
            Column("判定", "status", 14),
            Column("備考", "text", 40),
        ),
        (
            ("ビットコイン", "1,041.40", "pass", "分別管理されている受託暗号資産。"),
            (
                "ステーブルコイン",
                "4,668,700.00",
                "insufficient data",
                "信託会社の残高証明書は添付資料を参照してください。",
            ),
        ),
    ),
)


def sample_blocks(rows: int = 60, hours: int = 744) -> tuple[Block, ...]:
    """One block of each kind."""
    charts = sample_charts(hours)
    long_word = "0x" + "5c31ab" * 30
    return (
        Block("Coverage, asset by asset", 2, ("In units of each asset.",), charts=charts, rules=("SAMPLE-RES-01",)),
        Block("Before and after the snapshot", 2, charts=(_window(),)),
        Block("At the end", 3, charts=_bars()),
        Block("Wallets", 2, ("Every address of the period.",), _holdings(rows), ("Figures are exact.",)),
        Block("Complaints", 3, (), Table("Complaints", (Column("Received"), Column("Subject", "text", 30)), ())),
        Block(
            "A wide table",
            3,
            (f"A word that no line holds: {long_word}.",),
            Table(
                "Many columns",
                tuple(Column(f"Figure {at}", "number") for at in range(12)),
                tuple(tuple(amount_text(7**at * 10**row, 4) for at in range(12)) for row in range(4)),
            ),
        ),
        PROCEDURES,
        JAPANESE_BLOCK,
    )


def sample_document(
    texts: Texts = ENGLISH,
    rows: int = 60,
    hours: int = 744,
    blocks: tuple[Block, ...] | None = None,
    data: PackData | None = None,
) -> Document:
    """The document of the sample in one language. `data` is the pack's, where it is not that of these blocks."""
    shown = sample_blocks(rows, hours) if blocks is None else blocks
    data = sample_pack(shown) if data is None else data
    header, rules = data.header, data.rules
    hashes = (
        (texts["rule_set_hash"], rules.hash().hex()),
        (texts["data_hash"], sha256(pack_json(data)).hexdigest()),
    )
    return Document(
        language=texts["language"],
        title=texts["title"],
        subtitle=f"Sample monthly pack · {header.entity}",
        facts=(
            (texts["entity"], header.entity),
            (texts["period"], texts["period_value"].format(start=header.start, end=header.end)),
            (texts["rule_set"], texts["rule_set_value"].format(name=rules.name, version=rules.version)),
        ),
        blocks=(*_verdict_blocks(data, texts), *shown, *_last_blocks(data, texts)),
        prepared=header.prepared,
        footer=f"{texts['title']} · {header.entity} · Sample monthly pack · {header.start} – {header.end}",
        cover=cover_of(data.verdicts, texts, hashes),
        contents=True,
    )


def _verdict_blocks(data: PackData, texts: Texts) -> Iterator[Block]:
    columns = columns_of(texts, ("rule", "rule", 16), ("citation", "text", 15), ("result", "status", 14))
    columns += columns_of(texts, ("measured", "text", 15), ("required", "text", 15), ("text_status", "status", 11))
    rows = [
        (each.rule, data.rule(each).citation, each.result.value, each.measured, each.required, data.rule(each).status)
        for each in data.verdicts
    ]
    table = table_of(texts["verdicts"], columns, rows)
    yield Block(texts["verdicts"], 2, ("Every verdict.",), Table(table.caption, columns, table.rows, name="verdicts"))
    near = [(each.rule, "near the limit", each.warning) for each in data.verdicts if each.warning]
    columns = columns_of(texts, ("rule", "rule", 16), ("result", "status", 14), ("note", "text", 40))
    yield Block(texts["attention"], 3, (), table_of(texts["attention"], columns, near))


def _last_blocks(data: PackData, texts: Texts) -> Iterator[Block]:
    limits = tuple(texts["limit_" + name] for name in ("assertion", "scope", "missing", "rules", "hash"))
    yield Block(texts["limits"], 2, items=(*limits, "The regime of this sample does not exist."))
    signs = (
        SignOff("Chief Compliance Officer", statement="I have read this pack, and it is what our records say."),
        SignOff("代表取締役", "山田 太郎", "2026-11-02"),
    )
    yield Block(texts["sign_off"], 2, sign_offs=signs)
    yield Block(texts["evidence"], 2, (texts["evidence_how"],), evidence=data.all_evidence)


def sample_pack(blocks: tuple[Block, ...]) -> PackData:
    """The data of the sample with what its blocks show."""
    tables = tuple(block.table for block in blocks if block.table is not None)
    return sample_data(tables, tuple(chart for block in blocks for chart in block.charts))


def main() -> None:
    """Write the sample."""
    blocks = sample_blocks()
    data = sample_pack(blocks)
    documents = {"pack": sample_document(ENGLISH, blocks=blocks), "pack-ja": sample_document(JAPANESE, data=data)}
    written = write_pack(Path(sys.argv[1]), documents, data)
    print(f"{written.out}: {len(written.files)} files, manifest {written.manifest_sha256}")


if __name__ == "__main__":
    main()
