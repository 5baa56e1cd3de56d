"""A made-up pack that shows every block: for the tests of the renderers, and for looking at.

    python -m tests.compliance.reports.sample DIR

writes it, in English and Japanese, as a pack.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

from compliance.facts import Evidence
from compliance.reports.chart import Chart, Series
from compliance.reports.coverage import coverage_bars, coverage_charts, window_chart
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
)
from compliance.reports.inputs import CoveragePoint
from compliance.reports.json_ import pack_json
from compliance.reports.pack import PackData, PackHeader, pack_document
from compliance.reports.texts import ENGLISH, JAPANESE
from compliance.reports.write import write_pack
from compliance.rules import NotCovered, Primitive, Rule, RuleSet, Status
from compliance.verdicts import Deadline, Line, Result, Verdict

__all__ = ["sample_data", "sample_document", "sample_points"]

SNAPSHOT = datetime(2026, 10, 15, 12, tzinfo=UTC)
AS_OF = datetime(2026, 10, 31, 23, tzinfo=UTC)
JAPANESE_NOTE = (
    "本資料は、利用者財産の管理状況を資産ごとの数量で示すものです。金額への換算は行っていません。「充足率」は保有数量を"
    "債務数量で除した値であり、端数は切り捨てています。対象期間中に一時間の欠測があり、欠測として表示しています。"
)


def digest(name: str) -> str:
    """A hash that is one, of nothing in particular."""
    return sha256(name.encode()).hexdigest()


def sample_points(hours: int = 744) -> tuple[CoveragePoint, ...]:
    """A month of hours: bitcoin with a dip, dollars borrowed for the snapshot, one hour missed, a new asset short."""
    start = datetime(2026, 10, 1, tzinfo=UTC)
    found = []
    for at in range(hours):
        hour = start + timedelta(hours=at)
        bitcoin = Fraction(10_412 + at % 7, 10) - (Fraction(25) if 300 <= at < 312 else 0)
        dollars = Fraction(4_000_000 + 900 * at) + (2_500_000 if hour == SNAPSHOT else 0)
        owed = {"BTC": Fraction(1_030), "USDC": Fraction(4_300_000), "ETH": Fraction(812), "DUST": Fraction(1, 1000)}
        held = {"BTC": bitcoin, "USDC": dollars, "ETH": Fraction(812) + at % 3, "DUST": Fraction(7)}
        if at == 500:
            found.append(CoveragePoint(hour, "missed", {}, {}, ""))
        else:
            found.append(CoveragePoint(hour, "attestation", held, owed, digest(f"hour {at}")))
    return tuple(found)


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


def sample_blocks(rows: int = 60, hours: int = 744, texts: Texts = ENGLISH) -> tuple[Block, ...]:
    """One block of each kind."""
    points = sample_points(hours)
    window = [point for point in sample_points() if abs(point.hour - SNAPSHOT) <= timedelta(hours=24)]
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
    charts = coverage_charts(points, texts)
    long_word = "0x" + "5c31ab" * 30
    return (
        Block("Coverage, asset by asset", 2, ("In units of each asset.",), charts=charts, rules=("SAMPLE-RES-01",)),
        Block("Before and after the snapshot", 2, charts=(window_chart(window, "USDC", SNAPSHOT, texts, scale=0),)),
        Block("At the end", 3, charts=(coverage_bars(points[-1], texts), orders)),
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
    shown = sample_blocks(rows, hours, texts) if blocks is None else blocks
    data = sample_pack(shown) if data is None else data
    signs = (
        SignOff("Chief Compliance Officer", statement="I have read this pack, and it is what our records say."),
        SignOff("代表取締役", "山田 太郎", "2026-11-02"),
    )
    return pack_document(
        data,
        texts,
        sha256(pack_json(data)).hexdigest(),
        shown,
        signs,
        report_name="Sample monthly pack",
        limits=("The regime of this sample does not exist.",),
    )


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
