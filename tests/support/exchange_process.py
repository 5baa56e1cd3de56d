"""A real exchange in a process of its own, for tests: made, started, asked, stopped, killed."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from cli.common import run
from cli.exchange.client import ExchangeClient
from cli.main import cli
from ledger.keys import SigningKey
from por.attestation import sign_attestation
from por.snapshot import SnapshotId
from tests.support.folders import quiet

__all__ = ["EXCHANGE", "PASSPHRASE", "ExchangeFolder", "Said", "attestation_of", "patched"]

EXCHANGE = "small.exchange"
PASSPHRASE = "a passphrase for tests"
ROOT = Path(__file__).resolve().parent.parent.parent
VECTOR = ROOT / "tests/conformance/vectors/proof/an-hour-of-the-exchanges-own-ledger/attestation.json"
START_SECONDS = 60


class Said(NamedTuple):
    """What a verb wrote to standard output and to standard error."""

    out: str
    err: str


@contextmanager
def patched(environment: Mapping[str, str]) -> Iterator[None]:
    """Another environment for a while."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class ExchangeFolder:
    """A folder with an exchange in it, and the process that runs it, if one does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "NO_COLOR": "1",
            "PYTHONPATH": str(ROOT),
            "TALLYSTICK_FOLDER": str(folder),
            "TALLYSTICK_PASSPHRASE": PASSPHRASE,
        }
        self.process: subprocess.Popen[str] | None = None

    def call(self, *words: str, status: int = 0) -> Said:
        """Run a verb in this process; it must end with `status`, and with no defect of ours."""
        out, err = io.StringIO(), io.StringIO()
        with patched(self.environment), redirect_stdout(out), redirect_stderr(err):
            found = run(cli, words)
        said = Said(out.getvalue(), err.getvalue())
        assert found == status, f"{' '.join(words)}: status {found}, not {status}: {said.out}{said.err}"
        assert "Traceback" not in said.err and "internal error" not in said.err, said.err
        return said

    def ask(self, *words: str, status: int = 0) -> Any:
        """The JSON document of a verb."""
        return json.loads(self.call(*words, "--json", status=status).out)

    def make(self) -> ExchangeFolder:
        """`tallystick init`."""
        self.call("init", EXCHANGE, "--folder", str(self.folder))
        quiet(self.folder)
        return self

    def start(self) -> ExchangeFolder:
        """`tallystick run`, until it listens."""
        endpoint = self.folder / "endpoint.json"
        endpoint.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from cli.main import main; main()", "run"],
            env=self.environment,
            cwd=self.folder.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not endpoint.exists():
            if self.process.poll() is not None:
                raise AssertionError(f"the exchange did not start: {self.process.communicate()[0]}")
            assert time.monotonic() < deadline, "the exchange does not listen"
            time.sleep(0.02)
        return self

    def stop(self) -> str:
        """Ask it to stop; what it said. It must end well."""
        said, status = self._end(signal.SIGTERM)
        assert status == 0, f"status {status}: {said}"
        return said

    def kill(self) -> None:
        """Kill it without a word."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> tuple[str, int]:
        assert self.process is not None, "an exchange runs"
        process, self.process = self.process, None
        process.send_signal(how)
        said, _ = process.communicate(timeout=START_SECONDS)
        return said, process.returncode

    def settle(self) -> int:
        """Wait until the store has everything that is in the log; the log position."""
        deadline = time.monotonic() + START_SECONDS
        with ExchangeClient(self.folder) as client:
            while True:
                status = client.ask("status")
                if status["store"] == status["position"]:
                    return int(status["position"])
                assert time.monotonic() < deadline, "the store does not come level"
                time.sleep(0.01)

    @property
    def operators(self) -> list[str]:
        """The options that name both operators' keys."""
        return [
            word for number in (1, 2) for word in ("--operator", str(self.folder / f"secrets/operator-{number}.json"))
        ]

    @property
    def operator(self) -> list[str]:
        """The option that names one."""
        return self.operators[:2]

    def open_market(self) -> None:
        """Two assets and a market that is open."""
        self.call("market", "list-asset", "BTC", "--scale", "8", *self.operators)
        self.call("market", "list-asset", "USD", "--scale", "2", *self.operators)
        grid = ("--base", "BTC", "--quote", "USD", "--tick", "1", "--step", "0.01", "--most", "100")
        self.call("market", "list", "BTC-USD", *grid, *self.operators)
        self.call("market", "open", "BTC-USD", *self.operators)

    def customer(self, name: str, **funds: str) -> tuple[str, str]:
        """An account with a key, and money that the house gave it: the account's id and the key's file."""
        key = str(self.folder.parent / f"{name}.json")
        self.call("accounts", "key", "new", "--out", key)
        account = self.ask("accounts", "open", "--domicile", "JP", "--key", key)["account"]
        for asset, amount in funds.items():
            more = ("--reason", "test", "--reference", "opening")
            self.call("correct", "--to", account, "--asset", asset, "--amount", amount, *more, *self.operators)
        return account, key


def attestation_of(
    hour: str,
    position: int,
    head: bytes,
    state: bytes,
    parameters: bytes,
    ruleset: int = 1,
    exchange: str = EXCHANGE,
) -> bytes:
    """The attestation of an hour of an exchange's own ledger that states this position: a vector's, signed again."""
    document = json.loads(VECTOR.read_bytes())
    sections = document["sections"]
    sections.pop("keys")
    snapshot = SnapshotId(exchange, hour)
    facts = {"head": head.hex(), "parameters": parameters.hex(), "position": position, "ruleset": ruleset}
    sections["snapshot"] |= {
        "snapshot": str(snapshot),
        "cutoff": hour,
        "exchange": exchange,
        "ledger": {**facts, "state": state.hex()},
    }
    return sign_attestation("attestation", snapshot, sections, None, SigningKey(b"9" * 32), [])
