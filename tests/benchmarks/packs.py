"""What a quarter's report packs and an hour's evaluation cost an exchange of N accounts: one JSON line for each.

    python -m tests.benchmarks.packs [--accounts N] [--regime R ...] [--minutes M] [--folder F] [--profile]

Workload (packs_data.py): N customers with six balances each over 20 assets, one of them dollars, a key and a deposit
address each, in eight places, four of them US states. 4,392 hourly statements of half a year, signed and chained, with
20 trees, 57 reserve addresses and the ledger's report. In the quarter of 2,208 hours: N/2 deposits; N/4 withdrawals of
four steps; prices every M minutes (1); 2 N fills of four entries (trades and fees, no order events); on its last day N
orders, half of them filled; an evaluation of every hour kept. After it two days with N/20 fills, because packs are
asked for later. Not built: order events of earlier days, which no pack reads, the log, and the other rooms.

`packs-build` is not measured but stated. `packs-hour`: `judge_hours` of the quarter's last hour, as `run` does it.
`packs-pack`, each regime in a process of its own: what `tallystick report` does, in parts: `input` (statements,
evaluations, store; facts and verdicts), `pack` (documents), and each form as it is written. Seconds by the clock
and of the processor; peak memory of the process. Client statements and transaction-level files are no part of it.
"""

from __future__ import annotations

import argparse
import cProfile
import gzip
import json
import multiprocessing
import os
import pstats
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cli.common import run
from cli.exchange.config import Config
from cli.exchange.judging import JudgeJob, judge, judge_hours, load_register, reader_key, results_of
from cli.exchange.reading import reading
from cli.exchange.vault import HouseSecrets
from cli.main import cli
from cli.report import _embedded, _pack
from compliance.facts import moment_text
from compliance.gathering import HourSource, gather
from compliance.regimes import REGIMES, catalogue, rule_set
from compliance.reports.write import write_pack
from compliance.results import LABEL
from compliance.sources.chain import bundles_in, read_chain
from ledger.canonical import Tag, canonical, tagged_hash
from tests.benchmarks.packs_data import END, HOUR, QUARTER, WORDS, Workload, begin_folder

FIRM: Final = """
"business.since" = 2020-01-01
"licences.us.states" = ["US-CA", "US-NY", "US-TX", "US-WA"]
"client_money.held" = { USD = "1000000000000" }
"vara.activities" = ["exchange", "lending", "custody"]
"""
PERIOD: Final = ("2026-07-01", "2026-09-30")
KINDS: Final = {"vara": "quarterly", "eu": None, "jfsa": None, "us-mtl": None}
PARTS: Final = ("html", "pdf", "csv")


class Parts:
    """Seconds of each part, by the clock and of the processor."""

    def __init__(self, is_profiled: bool = False) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self.is_profiled = is_profiled

    def __call__(self, name: str, work: Callable[[], Any]) -> Any:
        profile = cProfile.Profile()
        start, cpu = time.perf_counter(), _cpu()
        if self.is_profiled:
            result = profile.runcall(work)
            pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(45)
        else:
            result = work()
        self.seconds[name] = round(time.perf_counter() - start, 2)
        self.cpu[name] = round(_cpu() - cpu, 2)
        return result

    def record(self, name: str, **more: Any) -> dict[str, Any]:
        """What is printed."""
        total = {"seconds": round(sum(self.seconds.values()), 2), "cpu_seconds": round(sum(self.cpu.values()), 2)}
        peak = {"peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
        parts = {"parts": self.seconds, "parts_cpu": self.cpu}
        return {"name": name, **more, **total, **parts, **peak, "load": round(os.getloadavg()[0], 2)}


def _cpu() -> float:
    """Of this process and of those that it started and has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def keep_evaluations(folder: Path) -> None:
    """Evaluations of all hours of the quarter but its last, which is left to be measured: one, under each hour."""
    config = Config.load(folder)
    secrets = HouseSecrets.load(config.secrets, WORDS)
    firm = folder / "firm.toml"
    firm.write_text(FIRM)
    os.environ["TALLYSTICK_PASSPHRASE"] = WORDS
    operator = str(folder / "secrets" / "operator-1.json")
    words = ["facts", "import", str(firm), "--folder", str(folder), "--from", "2026-01-01", "--operator", operator]
    assert run(cli, words) == 0
    kinds = catalogue()
    with reading(config) as store:
        chain = read_chain(bundles_in(config.hours)[:-1][-24:], reader_key(config))
        source = HourSource(config.entity, chain, load_register(config, kinds, store), store)
        facts = gather(source, kinds)
    verdicts = judge(facts, REGIMES, ())
    results = results_of(config)
    sets = [rule_set(regime) for regime in REGIMES]
    results.add(facts, sets, verdicts, chain[-1].digest, secrets.signing)
    [path] = results.folder.glob("*.json.gz")
    document = json.loads(gzip.decompress(path.read_bytes()))
    del document["signature"]
    path.unlink()
    [first] = results.folder.glob("*.facts.gz")
    facts_file = first.rename(results.folder / "kept-facts")
    previous = "0" * 64
    for sequence, hour in enumerate(range(QUARTER + HOUR, END, HOUR)):
        moment = datetime.fromtimestamp(hour, UTC)
        document.update(as_of=moment_text(moment), previous=previous, sequence=sequence)
        digest = tagged_hash(Tag.COMPLIANCE_RESULTS, canonical(document))
        data = canonical({**document, "signature": secrets.signing.sign(LABEL, digest).hex()})
        name = f"{moment:%Y-%m-%dT%H%M%SZ}.json.gz"
        (results.folder / name).write_bytes(gzip.compress(data, 1, mtime=0))
        (results.folder / name.replace(".json.gz", ".facts.gz")).hardlink_to(facts_file)
        previous = digest.hex()
    facts_file.unlink()


def measure_hour(folder: Path, is_profiled: bool, out: Any) -> None:
    """One evaluation, in a process of its own."""
    parts = Parts(is_profiled)
    config = Config.load(folder)
    key = HouseSecrets.load(config.secrets, WORDS).signing
    found = parts("evaluation", lambda: judge_hours(JudgeJob(folder, key)))
    assert len(found) == 1, len(found)
    kept = results_of(config).folder
    newest = max(kept.glob("*.facts.gz")).stat().st_size, max(kept.glob("*.json.gz")).stat().st_size
    out.put(parts.record("packs-hour", facts_bytes=newest[0], record_bytes=newest[1]))


def measure_pack(folder: Path, regime: str, out_folder: Path, is_profiled: bool, out: Any) -> None:
    """One pack, in a process of its own."""
    parts = Parts(is_profiled)
    given = parts("input", lambda: _embedded(regime, folder, PERIOD, {}))
    made = parts("pack", lambda: _pack(regime, KINDS[regime], given))
    for form in PARTS:
        place = out_folder / form

        def write(form: str = form, place: Path = place) -> None:
            write_pack(place, made.documents, made.data, made.extra_files, forms=(form,))

        parts(form, write)
    counts = {result.value: count for result, count in given.counts().items()}
    size = sum(path.stat().st_size for path in out_folder.rglob("*") if path.is_file())
    more = {"regime": regime, "counts": counts, "hours": len(given.coverage), "evaluations": len(given.evaluations)}
    out.put(parts.record("packs-pack", **more, pack_bytes=size, aim_seconds=60))


def in_process(work: Callable[..., None], *arguments: Any) -> dict[str, Any]:
    """What a function puts into its last argument, from a new process."""
    context = multiprocessing.get_context("spawn")
    out = context.SimpleQueue()
    process = context.Process(target=work, args=(*arguments, out))
    process.start()
    process.join()
    assert process.exitcode == 0, process.exitcode
    found: dict[str, Any] = out.get()
    return found


def has_pack(regime: str) -> bool:
    """Whether the regime has packs."""
    return find_spec(f"compliance.reports.packs.{regime.replace('-', '_')}") is not None


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description="A quarter's packs, and an hour's evaluation.")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--minutes", type=int, default=1, help="between events of prices")
    parser.add_argument("--regime", action="append", choices=REGIMES, help="repeat; all that have packs without it")
    parser.add_argument("--folder", type=Path, help="keep the built exchange here, and use it again")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    given = parser.parse_args(arguments)
    scratch = Path(tempfile.mkdtemp(prefix="tallystick-packs-"))
    folder = given.folder or scratch / "exchange"
    try:
        if not folder.exists():
            start = time.perf_counter()
            begin_folder(folder, Workload(given.accounts, given.minutes))
            keep_evaluations(folder)
            taken, size = round(time.perf_counter() - start, 1), (folder / "store.sqlite").stat().st_size
            print(json.dumps({"name": "packs-build", "seconds": taken, "store_bytes": size}), flush=True)
        common = {"accounts": given.accounts}
        kept = results_of(Config.load(folder)).folder
        for path in (kept / f"2026-10-01T000000Z{end}" for end in (".json.gz", ".facts.gz")):
            path.unlink(missing_ok=True)
        print(json.dumps({**common, **in_process(measure_hour, folder, given.profile)}), flush=True)
        for regime in given.regime or [each for each in REGIMES if has_pack(each)]:
            found = in_process(measure_pack, folder, regime, scratch / regime, given.profile)
            print(json.dumps({**common, **found}), flush=True)
    finally:
        shutil.rmtree(scratch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
