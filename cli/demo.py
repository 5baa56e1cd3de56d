"""For newcomers: `demo` runs two hours of a proof of reserves on this machine, or shows a fraud being caught.

Everything is real but the money: a local chain, deployed tokens, signed challenges, and the same commands that an
operator, a customer and an auditor use; each is printed as it is run.
"""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from cli import demo_browser, demo_day, demo_fraud
from cli.common import console
from cli.demo_steps import chain, say, tallystick
from cli.keys import PUBLIC_NAME, read_previous
from ledger.assets import AssetTable, format_amount
from ledger.errors import InputError, TallystickError
from por.attestation import statement_digest
from por.liabilities.books import read_books
from por.liabilities.folder import FOLDER, read_folder
from por.liabilities.kernels import select, unpack_amount
from por.liabilities.rebuild import rebuild
from por.proofs import make_proof
from por.reserves.evm.devnode import DevNode, development_key
from por.reserves.evm.discover import layout_toml
from por.reserves.evm.hexes import checksum_address
from por.reserves.evm.layouts import Layout, erc7201_slot
from por.snapshot import time_text

__all__ = ["demo"]

EXCHANGE = "demo.exchange"
PASSPHRASE = "demo"
GENERATED_CUSTOMERS = 200

# name, scale, price, haircut, units to hold, contract, layout order, layout base slot, bits
_TOKENS = (
    ("BTC", 8, "65100.22", "0.95", 101_000, "DevVyperToken", "vyper", 8, 256),
    ("BNB", 8, "610.23", "0.9", 94_000, "DevPackedToken", "solidity", 0, 255),
    ("SHIB", 8, "0.00001797", "0.5", 95_500, "DevNamespacedToken", "solidity", None, 256),
)
_ETH = ("ETH", 9, "3620.56", "0.95", 97_000)


@dataclass(frozen=True, slots=True)
class Wallet:
    """A reserve address of the demo: who can sign for it, and how it shows that."""

    label: str
    control: str
    owner: bytes
    address: bytes


@click.command()
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new folder.")
@click.option("--sample", type=click.Path(file_okay=False, path_type=Path), help="Published balances, wide format.")
@click.option("--fraud", is_flag=True, help="Show an exchange that hides half of its debts, and who notices.")
@click.option(
    "--hours",
    type=click.IntRange(0, 24),
    default=24,
    show_default=True,
    help="Hours of the day; 0 for none.",
)
def demo(out: Path, sample: Path | None, fraud: bool, hours: int) -> int:
    """Run a proof of reserves on this machine: two hours of outside books, and a day of an exchange of our own.

    The first shows what outside books get: chain, wallets, two hours, proofs, checks, findings. The second is the
    embedded exchange: deposits, a market, an attestation every hour, a crash and a recovery, and every check of a day.
    """
    if out.exists():
        raise InputError(str(out), "exists", "Name a new folder.")
    if fraud:
        return demo_fraud.show(out)
    os.environ["TALLYSTICK_PASSPHRASE"] = PASSPHRASE
    started = time.monotonic()
    out.mkdir(parents=True)
    os.environ["TALLYSTICK_CONFIG_DIR"] = str(out / "reader")
    say("An exchange makes its keys. Customers and auditors get the public one.")
    tallystick("keys", "new", EXCHANGE, "--out", str(out / "keys"))
    shutil.copyfile(out / "keys" / PUBLIC_NAME, out / PUBLIC_NAME)
    balances = _write_balances(out, sample)
    _write_assets(out)
    attested = _hours()
    with chain(attested[0] - 1800) as node:
        wallets = _fund(node, out)
        bundles: list[Path] = []
        for number, hour in enumerate(attested):
            bundles.append(_prove_hour(out, node, wallets, balances[number], hour, bundles))
        customers = _write_proofs(out, bundles[-1])
        _verify(out, customers, bundles[-1])
        _audit(out, node, bundles)
    _write_index(out, bundles, customers)
    day = demo_day.show(out / "day", hours) if hours else []
    _say_end(out, time.monotonic() - started, day)
    return 0


def _hours() -> tuple[int, int]:
    """The last two full hours, Unix seconds."""
    last = int(time.time()) // 3600 * 3600
    return last - 3600, last


def _write_balances(out: Path, sample: Path | None) -> list[list[str]]:
    """Balance arguments for each hour: the published sample or a generated book, then the same after some trades."""
    folder = out / "balances"
    folder.mkdir()
    found = sorted(sample.glob("sample_users*.csv")) if sample is not None else []
    if found:
        say(f"Balances: {len(found)} files that another exchange published, in its own wide format.")
        copies = [Path(shutil.copyfile(path, folder / path.name)) for path in found]
        first = [word for path in copies for word in ("--balances", str(path))] + ["--format", "binance"]
    else:
        say(f"Balances: a generated book of {GENERATED_CUSTOMERS} customers.")
        _write_book(folder / "hour-1.csv", _generated_rows())
        first = ["--balances", str(folder / "hour-1.csv")]
    _write_assets(out)
    paths = found or [folder / "hour-1.csv"]
    books = read_books(paths, "binance" if found else "csv", AssetTable.load(out / "assets.toml"))
    rows = []
    offsets = books.account_offsets.tolist()
    scales = {"BTC": 8, "ETH": 9, "BNB": 8, "SHIB": 8}
    for line in range(len(books.line_tree)):
        account = int(books.line_account[line])
        claim, debt = unpack_amount(books.line_amounts[line].tobytes())
        asset = books.trees[int(books.line_tree[line])][1]
        name = books.account_blob[offsets[account] : offsets[account + 1]].decode()
        # Between the hours every seventh line is paid down by a tenth; the exchange's reserves stay as they are.
        claim -= claim // 10 if line % 7 == 0 else 0
        scale = scales[asset]
        kind = "assigned" if found else "email"
        rows.append((name, kind, asset, format_amount(claim, scale), format_amount(debt, scale)))
    _write_book(folder / "hour-2.csv", rows)
    return [first, ["--balances", str(folder / "hour-2.csv")]]


def _generated_rows() -> Iterator[tuple[str, str, str, str, str]]:
    """A book of the published one's shape: four assets each, some debts; the same at every run."""
    for number in range(GENERATED_CUSTOMERS):
        for place, asset in enumerate(("BTC", "ETH", "BNB", "SHIB")):
            units = (number * 7919 + place * 104_729) % 900
            debt = units // 3 if (number + place) % 5 == 0 else 0
            yield f"customer{number}@example.com", "email", asset, f"{units}.{number % 100:02d}", str(debt)


def _write_book(path: Path, rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("account", "kind", "asset", "claim", "debt"))
        writer.writerows(rows)


def _write_assets(out: Path) -> None:
    lines = []
    for name, scale, price, haircut in [_ETH[:4], *(token[:4] for token in _TOKENS)]:
        lines += [f"[assets.{name}]", f"scale = {scale}", f'price = "{price}"', f'haircut = "{haircut}"', ""]
    (out / "assets.toml").write_text("\n".join(lines), encoding="utf-8")


def _fund(node: DevNode, out: Path) -> list[Wallet]:
    """Deploy the tokens, fund the wallets, and write the layouts that this demo's readers trust."""
    say("Tokens are deployed; two key wallets and one contract wallet are funded.")
    owners = [development_key(number) for number in range(3)]
    addresses = [bytes.fromhex(Account.from_key(key).address[2:]) for key in owners]
    contract_wallet = node.deploy("DevWallet", addresses[2])
    wallets = [
        Wallet("hot", "eip191", owners[0], addresses[0]),
        Wallet("cold", "eip712", owners[1], addresses[1]),
        Wallet("contract wallet", "eip1271", owners[2], contract_wallet),
    ]
    entries = ['format = "tallystick/evm-layouts/1"\n']
    entries.append(f'[[native]]\nchain = "{node.chain}"\nasset = "ETH"\ndecimals = 18\n')
    reserves: list[tuple[Wallet, str, bytes | None]] = []
    for share, wallet in ((70, wallets[0]), (30, wallets[1])):
        node.fund(wallet.address, _ETH[4] * share // 100 * 10**18)
        reserves.append((wallet, "ETH", None))
    for name, scale, _, _, units, contract, order, slot, bits in _TOKENS:
        token = node.deploy(contract, f"Demo {name}", name, scale)
        base = erc7201_slot("openzeppelin.storage.ERC20") if slot is None else slot
        entries.append(layout_toml(Layout(node.chain, token, name, scale, order, base, 0, bits)))
        holders = wallets if name == "BNB" else wallets[:2]
        for wallet in holders:
            part = 10 if wallet is wallets[2] else 60 if wallet is wallets[0] else 40 if len(holders) == 2 else 30
            node.transact(token, contract, "mint", wallet.address, units * part * 10**scale // 100)
            reserves.append((wallet, name, token))
    (out / "layouts.toml").write_text("\n".join(entries), encoding="utf-8")
    _write_reserves(out, node, reserves)
    node.mine(blocks=3)
    return wallets


def _write_reserves(out: Path, node: DevNode, reserves: Sequence[tuple[Wallet, str, bytes | None]]) -> None:
    """One reserve list for each hour, because each hour has its own signatures."""
    lines = [f'[chains."{node.chain}"]', f'rpc = ["{node.url}"]', ""]
    for wallet, asset, contract in reserves:
        lines += ["[[reserve]]", f'chain = "{node.chain}"', f'address = "{checksum_address(wallet.address)}"']
        lines += [f'asset = "{asset}"', f'control = "{wallet.control}"', f'label = "{wallet.label}"']
        lines += [f'contract = "{checksum_address(contract)}"', ""] if contract is not None else [""]
    for number in (1, 2):
        text = "\n".join([f'signatures = "challenges-{number}.json"', "", *lines])
        (out / f"reserves-{number}.toml").write_text(text, encoding="utf-8")


def _prove_hour(
    out: Path, node: DevNode, wallets: Sequence[Wallet], balances: Sequence[str], hour: int, before: Sequence[Path]
) -> Path:
    number, text = len(before) + 1, time_text(hour)
    say(f"Hour {number}: fresh challenges are signed by the reserve keys, the hour passes, and it is attested.")
    link = ["--previous", str(before[-1])] if before else []
    reserves, challenges = out / f"reserves-{number}.toml", out / f"challenges-{number}.json"
    common = ["--keys", str(out / "keys"), "--reserves", str(reserves)]
    tallystick("challenge", *common, *link, "--hour", text, "--period", "hour", "--out", str(challenges))
    _sign(challenges, wallets)
    node.mine(timestamp=hour - 12)
    node.mine(timestamp=hour + 12)
    node.mine(blocks=3)
    bundle = out / "bundles" / text.replace(":", "")
    chain = link or ["--first"]
    arguments = [*balances, "--assets", str(out / "assets.toml"), *common, *chain]
    arguments += ["--hour", text, "--layouts", str(out / "layouts.toml"), "--out", str(bundle)]
    tallystick("prove", *arguments, "--all-proofs")
    return bundle


def _sign(challenges: Path, wallets: Sequence[Wallet]) -> None:
    """What each wallet's owner does: read the challenge, sign it, and put the signature into the file."""
    owners = {"0x" + wallet.address.hex(): wallet.owner for wallet in wallets}
    entries = json.loads(challenges.read_text(encoding="utf-8"))
    typed_file = challenges.with_suffix(".typed.json")
    typed: dict[str, Any] = json.loads(typed_file.read_text(encoding="utf-8")) if typed_file.exists() else {}
    for entry in entries:
        address = entry["address"]
        is_typed = entry["scheme"] == "eip712"
        data = typed[f"{entry['chain']}:{address}"] if is_typed else None
        message = encode_typed_data(full_message=data) if is_typed else encode_defunct(text=entry["challenge"])
        entry["signature"] = "0x" + bytes(Account.sign_message(message, owners[address]).signature).hex()
    challenges.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def _write_proofs(out: Path, bundle: Path) -> list[dict[str, str]]:
    """Every customer's proof of the last hour, one file each, under names that tell nothing."""
    document = read_previous(bundle)
    scales = [tree["scale"] for tree in document["sections"]["snapshot"]["trees"]]
    rebuilt = rebuild(read_folder(bundle / FOLDER), scales, select())
    digest = statement_digest(document["statement"])
    folder = out / "customers"
    folder.mkdir()
    customers = []
    for slot in range(rebuilt.columns.account_count):
        _, account = rebuilt.columns.identity(slot)
        path = folder / f"proof-{slot:04d}.json"
        path.write_bytes(make_proof(rebuilt, slot, digest))
        attestation = (bundle / "attestation.json").relative_to(out).as_posix()
        proof = path.relative_to(out).as_posix()
        customers.append({"account": account, "attestation": attestation, "proof": proof})
    customers.sort(key=lambda customer: customer["account"])
    say(f"Every one of {len(customers)} customers gets a proof file: {folder}")
    return customers


def _verify(out: Path, customers: Sequence[dict[str, str]], bundle: Path) -> None:
    """Customers check: by the command, by the single file, by the page; and one types an id that is not theirs."""
    key = str(out / PUBLIC_NAME)
    one, two, three = customers[0], customers[len(customers) // 2], customers[-1]
    say("A customer checks with the command.")
    common = ["--attestation", str(bundle / "attestation.json")]
    tallystick("verify", str(out / one["proof"]), *common, "--key", key, "--account", one["account"])
    say("Another one checks with one Python file that needs nothing installed.")
    single = out / "standalone.py"
    single.write_bytes(files("por.verify").joinpath("standalone.py").read_bytes())
    arguments = [str(out / two["proof"]), *common, "--key", key, "--account", two["account"]]
    console().print("$ python standalone.py " + shlex.join(arguments), style="cyan", markup=False, highlight=False)
    finished = subprocess.run(
        [sys.executable, "-I", str(single), *arguments], check=False, capture_output=True, text=True, timeout=60
    )
    click.echo(finished.stdout.strip().splitlines()[-1])
    if finished.returncode != 0:
        raise TallystickError("the demo expected the single file to find the proof valid")
    say("A third one checks with the web page, which works from disk.")
    tallystick("verify-page", "--out", str(out / "verify.html"))
    click.echo(demo_browser.check(out, three, key))
    say("Somebody shows that proof as their own, with another id: it does not hold.")
    tallystick("verify", str(out / one["proof"]), *common, "--account", two["account"], expect=1)


def _audit(out: Path, node: DevNode, bundles: Sequence[Path]) -> None:
    paths, key = [str(bundle) for bundle in bundles], ["--key", str(out / PUBLIC_NAME)]
    layouts = ["--layouts", str(out / "layouts.toml")]
    say("An auditor checks both hours with an endpoint of their own, and keeps the findings as a page.")
    rpc = ["--rpc", f"{node.chain}={node.url}", "--html", str(out / "findings.html")]
    tallystick("audit", *paths, *key, *layouts, *rpc)


def _write_index(out: Path, bundles: Sequence[Path], customers: Sequence[dict[str, str]]) -> None:
    index = {
        "bundles": [bundle.relative_to(out).as_posix() for bundle in bundles],
        "customers": list(customers),
        "key": PUBLIC_NAME,
        "layouts": "layouts.toml",
    }
    (out / "demo.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _say_end(out: Path, seconds: float, day: Sequence[str]) -> None:
    say(f"What was shown, in {seconds:.0f} seconds")
    for line in (
        "owed      every customer's balance is in a signed total, and each of them can check it alone, offline",
        "held      balances proven down from block headers, and control shown by signatures over fresh challenges",
        "chained   two hours, the second naming the first; a gap or a fork would be invalid",
        "not shown that nobody was left out who never checks, or that reserves were not borrowed: see the README",
        f"open      {out / 'findings.html'} and {out / 'verify.html'}",
        f"go on     {out / 'demo.json'} names every file",
        *day,
    ):
        click.echo(line)
