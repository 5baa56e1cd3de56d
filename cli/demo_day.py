"""The demo's day: an exchange of our own for 24 hours, killed in the middle, audited and replayed at its end."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import click

from cli import demo_compliance
from cli.common import console
from cli.demo_steps import chain, document, say, tallystick
from cli.exchange.day import HALF
from cli.exchange.day_wallet import PERPETUAL
from cli.keys import PUBLIC_NAME
from ledger.errors import TallystickError
from por.reserves.evm.devnode import DevNode

__all__ = ["show"]

KILL_AFTER_SECONDS = 0.4
"""How long the process goes on trading in the middle of its hour before it is killed."""


def show(folder: Path, hours: int) -> list[str]:
    """Play the day into a new folder and check everything in it; gives lines for the end of the demo."""
    begin = int(time.time()) // 3600 * 3600 - (hours + 1) * 3600 + 60
    say(f"A day of an exchange of our own: {hours} hours, one attestation each; time runs as fast as it can.")
    click.echo(
        "Fifteen customers deposit on a local chain, three of them make markets, the others take; all is signed."
    )
    with chain(begin - 60) as node:
        middle = hours // 2
        _play(folder, node, hours, begin, middle)
        bundles = sorted(path for path in (folder / "hours").iterdir() if path.is_dir())
        if len(bundles) != hours:
            raise TallystickError(f"the demo expected {hours} hours and saw {len(bundles)}")
        _check(folder, node, bundles)
    filed = demo_compliance.show(folder, bundles)
    return [
        f"a day    {hours} hours, one crash, replayed from the log to the same roots: {folder / 'findings.html'}",
        f"public   {folder / 'site' / 'index.html'}: coverage over the day, from the signed files alone",
        f"yours    {folder / 'statement'}: one customer's statement, and {folder / 'proof.json'}: their proof",
        *filed,
    ]


def _play(folder: Path, node: DevNode, hours: int, begin: int, middle: int) -> None:
    """The process of the day; killed in the middle of an hour, and started again on the same folder."""
    command = [sys.executable, "-m", "cli.exchange.day", str(folder), node.url, "--hours", str(hours)]
    command += ["--begin", str(begin), "--pause-at", str(middle)]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None, "its words are wanted"
    killed = False
    for line in first.stdout:
        if line.strip() == HALF:
            time.sleep(KILL_AFTER_SECONDS)
            first.kill()
            killed = True
            break
        _tell(line)
    first.wait()
    if not killed:
        raise TallystickError("the day ended before its crash; its own words above say why")
    say("In the middle of an hour the process is killed, while it trades. It starts again on the same folder.")
    second = subprocess.run(command[:-2], check=False, capture_output=True, text=True)
    for line in second.stdout.splitlines():
        _tell(line)
    if second.returncode:
        raise TallystickError(f"the day did not go on after the crash: {second.stderr.strip()[-500:]}")


def _tell(line: str) -> None:
    if line.startswith(("hour ", "log ")):
        console().print(line.strip(), markup=False, highlight=False, style="dim")


def _check(folder: Path, node: DevNode, bundles: list[Path]) -> None:
    """Everything that an auditor, an operator and a customer can do with a day."""
    key, paths = ["--key", str(folder / "secrets" / PUBLIC_NAME)], [str(path) for path in bundles]
    say("An auditor checks every hour and executes the exchange's own log again, to every signed root.")
    options = ["--layouts", str(folder / "layouts.toml"), "--rpc", f"{node.chain}={node.url}"]
    page = folder / "findings.html"
    tallystick("audit", *paths, *key, *options, "--replay", "--html", str(page), quiet=True)
    say("The operator executes the whole log again, and holds store, log and checkpoints against each other.")
    tallystick("replay", "--folder", str(folder), "--from-genesis")
    tallystick("fsck", "--folder", str(folder))
    people = json.loads((folder / "people.json").read_bytes())
    ada = people["ada"]
    _show_wallets(folder, people)
    say("A customer makes sure of their own: a proof of the last hour, and a statement of the day.")
    proof, last = folder / "proof.json", bundles[-1]
    tallystick("proof", str(last), "--account", ada["id"], "--out", str(proof))
    attestation = ["--attestation", str(last / "attestation.json")]
    tallystick("verify", str(proof), *attestation, *key, "--account", ada["id"])
    tallystick("statement", ada["account"], "--folder", str(folder), "--out", str(folder / "statement"))
    shutil.copyfile(str(files("por.verify").joinpath("standalone.py")), folder / "standalone.py")


def _show_wallets(folder: Path, people: Mapping[str, Mapping[str, str]]) -> None:
    """What became of three wallets: two that fell in the crash, and one that kept its coins and owes dollars."""
    where = ["--folder", str(folder)]
    say("In the hour of the crash two wallets were liquidated. Why is computed again from what the exchange stated.")
    stages: set[str] = set()
    for name in ("ida", "jon"):
        account = people[name]["account"]
        tallystick("explain-liquidation", account, *where, quiet=name == "jon")
        stages |= {step["stage"] for step in document("explain-liquidation", account, *where)["steps"]}
    if not {"book", "backstop", "ended"} <= stages:
        raise TallystickError("the demo expected liquidations on the book and by a backstop provider")
    hana = people["hana"]["account"]
    say("Hana had coins alone and lost on a position: her coins were not sold, and she owes dollars to the pool.")
    tallystick("accounts", "show", hana, *where)
    shown = document("accounts", "show", hana, *where)
    owned = {each["asset"]: each for each in shown["balances"] if each["subaccount"] == ""}
    # What she withdrew of her ether she asked for herself; what was sold would be an order in a spot market.
    sold = [each for each in shown["orders"] if each["market"] != PERPETUAL]
    if sold or Decimal(owned["BTC"]["claim"]) < 1 or not Decimal(owned["USDC"]["debt"]):
        raise TallystickError("the demo expected a borrower whose coins were not sold")
