"""A rehearsed day of an exchange: one process that plays its hours on a development chain, and may be killed anywhere.

    python -m cli.exchange.day FOLDER URL --hours 24 [--pause-at HOUR]

Time is the script's own: it is kept beside the log before each step, so that a process that starts again goes on where
the last one was. Everything else is what a real exchange does: signed commands through the door, deposits seen on the
chain, withdrawals signed into the log before they are sent, an hour cut and closed in a process of its own. With
`--pause-at` it says `HALF` in the middle of that hour and goes on trading, for somebody to kill it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from eth_account import Account
from eth_account.messages import encode_defunct

from cli.chains import challenge
from cli.exchange.config import CONFIG_NAME, Config, write_template
from cli.exchange.day_firm import enter_firm
from cli.exchange.day_wallet import APART, CRASH_HOUR, PERPETUAL, DayWallet
from cli.exchange.rehearsal import Customer, Rehearsal, RehearsedMarket
from cli.exchange.running import RunningExchange
from cli.exchange.signing import signed, signed_document
from cli.exchange.treasury import ChainTreasury, TreasuryOptions, TreasurySecrets
from cli.exchange.vault import OPERATOR_NAMES, HouseSecrets, load_operator, make_secrets
from ledger.canonical import Json
from ledger.commands import (
    AddDestination,
    ApproveWithdrawal,
    AssignReceipt,
    CancelAll,
    Command,
    FeedPrices,
    ListAsset,
    ListMarket,
    OpenAccount,
    OpenMarket,
    RequestWithdrawal,
    SetParameters,
    SetWallet,
)
from ledger.commands.parameters import NewValue
from ledger.commands.prices import AssetPrice, CurrencyPrice
from ledger.door import Refused, Submission
from ledger.errors import CheckFailed
from ledger.events import Refused as EngineRefused
from ledger.keys import SigningKey
from ledger.venue import Answer
from por.reserves.evm.devnode import DevNode, development_key
from por.reserves.evm.discover import layout_toml
from por.reserves.evm.hexes import checksum_address, from_hex
from por.reserves.evm.layouts import Layout
from por.reserves.evm.rpc import Endpoint, connect_http
from por.reserves.evm.wallet import GasPolicy
from por.snapshot import time_text, to_seconds

__all__ = ["EXCHANGE", "PASSPHRASE", "RehearsedDay", "main"]

EXCHANGE: Final = "day.exchange"
PASSPHRASE: Final = "demo"
SEED: Final = 20
HOT_KEY: Final = development_key(20)
OUTSIDE: Final = "0x" + "77" * 20
HALF: Final = "HALF"

MAKERS: Final = ("maya", "milo", "mina")
TAKERS: Final = ("ada", "ben", "cleo", "dan", "eva", "finn", "gus", "hana", "ida", "jon", "kai", "lea")
MOMENTS: Final = (300, 900, 1500, 2100, 2700, 3300)
"""Seconds of an hour at which the market moves."""

# name, scale, units of a maker's deposit, of a taker's, price
_TOKENS: Final = (("BTC", 8, 20, 1, 60_000), ("USDC", 6, 3_000_000, 40_000, 1))
_ETH: Final = ("ETH", 9, 300, 8, 3_000)
_CROSSES: Final = tuple(
    CurrencyPrice(name, price * 10**12) for name, price in (("AED", 272_294), ("EUR", 1_080_000), ("JPY", 6_500))
)


class RehearsedDay:
    """See the module. `node` is a development chain that runs already."""

    def __init__(self, folder: Path, node: DevNode) -> None:
        self.folder, self.node = folder, node
        self._clock_file = folder / "clock.json"
        self.now_us = json.loads(self._clock_file.read_bytes())["micros"] if self._clock_file.exists() else 0
        self.exchange: RunningExchange
        self.treasury: ChainTreasury
        self._operators: list[SigningKey] = []
        self.wallet = DayWallet(lambda: self.people, self._by, self._by_two)
        self._hours = 24

    # Time.

    def clock(self) -> int:
        """The script's time, never the same twice."""
        self.now_us += 1
        return self.now_us

    def _set_time(self, seconds: int) -> None:
        self.now_us = max(self.now_us, seconds * 1_000_000)
        part = self._clock_file.with_suffix(".part")
        part.write_text(json.dumps({"micros": self.now_us + 1_000_000}), encoding="utf-8")
        part.replace(self._clock_file)

    # Setting up.

    def found(self, begin: int) -> None:
        """Make the exchange's folder, its tokens on the chain, its listings and its customers; `begin` in seconds."""
        self.folder.mkdir(parents=True)
        self._set_time(begin)
        genesis = make_secrets(self.folder / "secrets", EXCHANGE, "main", self.clock(), PASSPHRASE)
        (self.folder / "genesis.json").write_bytes(genesis.to_file())
        write_template(self.folder, EXCHANGE, "main")
        config = self.folder / CONFIG_NAME
        text = config.read_text(encoding="utf-8")
        for old, new in (
            ('reserves = ""', 'reserves = "reserves.toml"'),
            ("layouts = []", 'layouts = ["layouts.toml"]'),
            ("finality_seconds = 1800", "finality_seconds = 20"),
        ):
            assert old in text, "the template has these settings"
            text = text.replace(old, new)
        config.write_text(text, encoding="utf-8")
        self._deploy()
        self._write_reserves([])
        self._open()
        self._list()
        self._treasury()
        self.treasury.register_hot()
        self._people()
        self._fund()
        self.wallet.open(MAKERS, TAKERS)
        enter_firm(self.exchange.config, datetime.fromtimestamp(begin, UTC), self._operators[0])

    def _deploy(self) -> None:
        entries = ['format = "tallystick/evm-layouts/1"\n']
        entries.append(f'[[native]]\nchain = "{self.node.chain}"\nasset = "ETH"\ndecimals = 18\n')
        tokens = {}
        for name, scale, *_ in _TOKENS:
            token = self.node.deploy("DevVyperToken", f"Day {name}", name, scale)
            entries.append(layout_toml(Layout(self.node.chain, token, name, scale, "vyper", 8, 0, 256)))
            tokens[name] = "0x" + token.hex()
        (self.folder / "layouts.toml").write_text("\n".join(entries), encoding="utf-8")
        (self.folder / "tokens.json").write_text(json.dumps(tokens), encoding="utf-8")

    @property
    def _tokens(self) -> dict[str, str]:
        tokens: dict[str, str] = json.loads((self.folder / "tokens.json").read_bytes())
        return tokens

    def _list(self) -> None:
        chain = self.node.chain
        self._by_two(ListAsset("ETH", 9, chain, "native", "", "", ""))
        for name, scale, *_ in _TOKENS:
            self._by_two(ListAsset(name, scale, chain, self._tokens[name], "", "", ""))
        for wallet in ("deposits", "hot"):
            self._by_two(SetWallet(wallet, "main", "client", "online", chain))
        sources = tuple(NewValue("prices.sources_min", name, "1") for name in ("BTC", "ETH", "USDC"))
        policy = tuple(NewValue("withdrawals.one_operator_from", name, "1000000000") for name in ("ETH",))
        # The day's feed speaks every ten minutes, and not every second: its prices must last until the hour.
        lasting = tuple(NewValue("prices.staleness", name, "900") for name in ("BTC", "ETH", "USDC"))
        self._by_two(SetParameters((*sources, *policy, *lasting), "a day with one feed of prices"))
        self._by_two(ListMarket("ETH_USDC", "ETH", "USDC", 10_000, 10**6, 1, 10**9))
        self._by_two(ListMarket("BTC_USDC", "BTC", "USDC", 100_000, 10**4, 1, 10**9))
        for market in ("ETH_USDC", "BTC_USDC"):
            self._by_two(OpenMarket(market, "open", "the day begins"))
        self.wallet.list()

    def _people(self) -> None:
        """Accounts under random ids; each customer's e-mail stands in the store of personal data."""
        people = {}
        for number, name in enumerate((*MAKERS, *TAKERS), start=1):
            account, key = f"{SEED:016x}{number:016x}", SigningKey(bytes([SEED, number]) * 16)
            bound = self.exchange.personal.put(account, "email", f"{name}@example.com".encode())
            relation = "house" if name in MAKERS[:1] else "customer"
            opened = OpenAccount(
                account, "main", "email", bound.id.hex(), bound.binding.hex(), "retail", "JP", relation, None
            )
            self._by_house(opened)
            register: dict[str, Json] = {
                "expires": None,
                "key": key.public.hex(),
                "owner": account,
                "permissions": ["read", "trade", "withdraw"],
                "role": "customer",
                "type": "keys.register",
            }
            self._take(signed_document(EXCHANGE, register, self.clock(), [self.exchange.secrets.service, key]))
            people[name] = {
                "account": account,
                "address": self.treasury.new_address(account),
                "id": f"{name}@example.com",
            }
        (self.folder / "people.json").write_text(json.dumps(people, indent=2), encoding="utf-8")

    @property
    def people(self) -> dict[str, Customer]:
        """The customers by name."""
        entries = json.loads((self.folder / "people.json").read_bytes())
        return {
            name: Customer(name, entry["account"], SigningKey(bytes([SEED, number]) * 16))
            for number, (name, entry) in enumerate(entries.items(), start=1)
        }

    def _fund(self) -> None:
        """Everybody sends coins and tokens to their deposit address; the house fills its hot wallet for gas."""
        entries = json.loads((self.folder / "people.json").read_bytes())
        for name, entry in entries.items():
            address, is_maker = from_hex(entry["address"], 20, "address"), name in MAKERS
            self.node.fund(address, (_ETH[2] if is_maker else _ETH[3]) * 10**18)
            for token, scale, maker, taker, _ in _TOKENS:
                units = (maker if is_maker else taker) * 10**scale
                self.node.transact(from_hex(self._tokens[token], 20, "token"), "DevVyperToken", "mint", address, units)
        self.node.fund(from_hex(self.treasury.hot.sender, 20, "address"), 50 * 10**18)
        self.node.mine(blocks=3)
        self._poll()
        deposits = self.exchange.venue.engine.deposits.deposits
        for evidence in [key for key, each in deposits.items() if each.state == "held"]:
            self._by_two(AssignReceipt(evidence, None, "", "the house's own coin, for gas"))
        addresses = [entry["address"] for entry in entries.values()]
        self._sweep(addresses)
        self._write_reserves([self.treasury.hot.sender, *addresses])

    def _sweep(self, addresses: Sequence[str]) -> None:
        """Move what was deposited into the hot wallet, whose key signs for the reserves; tokens while there is gas."""
        for asset in (*self._tokens, "ETH"):
            for address in addresses:
                trouble = self.treasury.sweep(address, asset)
                if trouble is not None:
                    raise CheckFailed(f"{trouble.request}: {trouble.problem}")
            self.node.mine(blocks=2)
            self._poll()

    def _write_reserves(self, addresses: Sequence[str]) -> None:
        lines = [
            'signatures = "challenges.json"',
            "",
            f'[chains."{self.node.chain}"]',
            f'rpc = ["{self.node.url}"]',
            "",
        ]
        for number, address in enumerate(addresses):
            label = "hot wallet" if number == 0 else "deposit address"
            control = "eip191" if number == 0 else "none"
            # Deposit addresses were swept: what is left there is coin that was kept for gas.
            for asset, contract in (("ETH", None), *(self._tokens.items() if number == 0 else ())):
                lines += ["[[reserve]]", f'chain = "{self.node.chain}"']
                lines += [f'address = "{checksum_address(from_hex(address, 20, "address"))}"', f'asset = "{asset}"']
                lines += [f'control = "{control}"', f'label = "{label}"']
                if contract is not None:
                    lines.append(f'contract = "{checksum_address(from_hex(contract, 20, "contract"))}"')
                lines.append("")
        (self.folder / "reserves.toml").write_text("\n".join(lines), encoding="utf-8")
        if not (self.folder / "challenges.json").exists():
            (self.folder / "challenges.json").write_text("[]\n", encoding="utf-8")

    # Starting, and starting again.

    def _open(self) -> None:
        config = Config.load(self.folder)
        secrets = HouseSecrets.load(config.secrets, PASSPHRASE)
        self._operators = [load_operator(config.secrets / name, PASSPHRASE) for name in OPERATOR_NAMES]
        self.exchange = RunningExchange(config, secrets, self.clock, threaded=False)
        self.now_us = max(self.now_us, self.exchange.venue.engine.time_us)

    def _treasury(self) -> None:
        endpoint = Endpoint("day", self.node.url, connect_http)
        options = TreasuryOptions(self.node.chain, "ETH", 1, GasPolicy(10**12), self.folder / "watch.json")
        keys = TreasurySecrets(b"the seed of a rehearsed day's deposit addresses", HOT_KEY)
        self.treasury = ChainTreasury(self.exchange.venue.engine, self._submit, endpoint, keys, options)

    def resume(self) -> None:
        """Open the folder as it is."""
        self._open()
        self._treasury()

    # Giving.

    def _submit(self, command: Command) -> str | None:
        return _refusal(self._take_any(self.exchange.house(command)))

    def _take_any(self, submission: Submission) -> Answer:
        [answer] = self.exchange.submit([submission])
        if isinstance(answer, Refused):
            raise CheckFailed(f"the door refused a command of the day: {answer.reason.value} {answer.detail}")
        return answer

    def _take(self, submission: Submission) -> None:
        refusal = _refusal(self._take_any(submission))
        if refusal is not None:
            raise CheckFailed(f"the engine refused a command of the day: {refusal}")

    def _by_two(self, command: Command) -> None:
        self._take(signed(EXCHANGE, command, self.clock(), self._operators))

    def _by_house(self, command: Command) -> None:
        self._take(self.exchange.house(command))

    def _by(self, customer: Customer, command: Command) -> str | None:
        return _refusal(self._take_any(signed(EXCHANGE, command, self.clock(), [customer.key])))

    def _poll(self) -> None:
        for trouble in self.treasury.poll():
            if trouble.is_alarm:
                raise CheckFailed(f"{trouble.request}: {trouble.problem}")

    # Playing.

    def play(self, hours: int, pause_at: int | None) -> Iterator[str]:
        """Play until so many hours are stated; gives a line for each thing that a person wants to hear."""
        self._hours = hours
        while (done := len(self.exchange.hours.bundles())) < hours:
            hour = to_seconds(self.exchange.hours.hour)
            yield from self._hour(hour, done, done == pause_at)
            yield self._close(hour)

    def _hour(self, end: int, number: int, is_paused: bool) -> Iterator[str]:
        start = end - 3600
        people = self.people
        rehearsal = Rehearsal(
            EXCHANGE,
            [people[name] for name in MAKERS],
            [people[name] for name in TAKERS if name not in APART],
            [
                RehearsedMarket("ETH_USDC", 300_000 + 200 * number, 5, 2_000),
                RehearsedMarket("BTC_USDC", 600_000 - 300 * number, 8, 500),
                RehearsedMarket(PERPETUAL, 600_000 - 300 * number, 8, 200),
            ],
            SEED * 1_000 + number,
        )
        for moment in MOMENTS:
            if start + moment <= self.now_us // 1_000_000:
                continue  # played before the process was stopped
            self._set_time(start + moment)
            self.node.mine(timestamp=max(start + moment, self.node.time() + 1))
            self._feed(rehearsal)
            if moment == MOMENTS[0] or is_paused:
                for customer in people.values():
                    self._by(customer, CancelAll(customer.account, "", None, False))
            if moment == MOMENTS[2]:
                self._withdraw(people[TAKERS[number % len(TAKERS)]], number)
            self._poll()
            rehearsal.hear(self.exchange.submit(rehearsal.moment(self.clock())))
            self._wallet_moment(rehearsal, start, moment, number)
            self.exchange.hours.work()
            if is_paused and moment == MOMENTS[2]:
                yield HALF
                for extra in range(200):
                    self._set_time(start + moment + extra // 2)
                    rehearsal.hear(self.exchange.submit(rehearsal.moment(self.clock())))

    def _feed(self, rehearsal: Rehearsal) -> None:
        """One feed of prices, from where the markets are."""
        ether, bitcoin = (market.middle for market in rehearsal.markets[:2])
        prices = (
            AssetPrice("BTC", bitcoin * 10**17),
            AssetPrice("ETH", ether * 10**16),
            AssetPrice("USDC", 10**18),
        )
        self._by_house(FeedPrices(self.clock(), "USD", prices, _CROSSES))

    def _wallet_moment(self, rehearsal: Rehearsal, start: int, moment: int, number: int) -> None:
        """Settlements after a moment; positions of the story at the first one of an hour; the crash in its hour."""
        bitcoin, perpetual = rehearsal.markets[1:3]
        crash = number == min(CRASH_HOUR, self._hours - 1)
        if moment == MOMENTS[0] and (number == 0 or crash):
            self._settle(start + moment, 1)  # so that dollars are lent before anybody borrows some
            self.wallet.enter(MAKERS[2], perpetual.middle, crash=crash)
        self._settle(start + moment + 10, 3)
        if crash and moment == MOMENTS[3]:
            # Six percent in a minute: first with the makers' bids at the new price, then without any.
            for fall in range(1, 7):
                bitcoin.middle = perpetual.middle = bitcoin.middle * 99 // 100
                self._feed(rehearsal)
                if fall == 5:
                    for name in MAKERS:
                        maker = self.people[name]
                        self._by(maker, CancelAll(maker.account, "", PERPETUAL, False))
                elif fall < 5:
                    rehearsal.hear(self.exchange.submit(rehearsal.moment(self.clock())))
                self._settle(start + moment + 30 + 40 * fall, 4)

    def _settle(self, seconds: int, times: int) -> None:
        """Let ten seconds pass so many times, and what is due be done."""
        for _ in range(times):
            seconds += 10
            self._set_time(seconds)
            while self.exchange.venue.engine.due_us <= self.now_us:
                self.exchange.tick()

    def _withdraw(self, customer: Customer, number: int) -> None:
        """A customer takes 0.05 ETH out; one operator approves it, and the chain has it before the hour is over."""
        request = f"{SEED:016x}{number + 1:016x}"
        self._by(customer, AddDestination(customer.account, self.node.chain, OUTSIDE))
        refused = self._by(customer, RequestWithdrawal(customer.account, "", "ETH", 5 * 10**7, OUTSIDE, request))
        if refused is None:
            withdrawal = self.exchange.venue.engine.withdrawals.withdrawals[request]
            if withdrawal.state not in ("approved", "sent"):
                self._take_any(signed(EXCHANGE, ApproveWithdrawal(request), self.clock(), self._operators[:1]))
        self._poll()
        self.node.mine(blocks=2)
        self._poll()

    def _close(self, hour: int) -> str:
        """The last block before the hour, fresh signatures of the reserve key, the hour, its child and finality."""
        if self.node.time() < hour - 12:
            self.node.mine(timestamp=hour - 12)
        self._poll()
        self._sign(hour)
        self.node.mine(timestamp=max(hour + 12, self.node.time() + 1))
        self.node.mine(blocks=3)
        self._set_time(hour)
        self.exchange.keep_hours()
        self.exchange.hours.finish()
        notices, self.exchange.hours.notices = self.exchange.hours.notices, []
        return "; ".join(notices) or f"hour {time_text(hour)} was stated before"

    def _sign(self, hour: int) -> None:
        """What the owner of the hot wallet does each hour: read the challenge, sign it."""
        path = self.folder / "challenges.json"
        path.unlink(missing_ok=True)
        bundles = self.exchange.hours.bundles()
        assert challenge.callback is not None, "a verb has a function behind it"
        challenge.callback(
            self.folder / "reserves.toml",
            time_text(hour),
            "hour",
            bundles[-1] if bundles else None,
            self.folder / "secrets",
            path,
        )
        entries: list[dict[str, Any]] = json.loads(path.read_bytes())
        for entry in entries:
            message = encode_defunct(text=entry["challenge"])
            entry["signature"] = "0x" + bytes(Account.sign_message(message, HOT_KEY).signature).hex()
        path.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def _refusal(answer: Answer) -> str | None:
    return next((event.reason for event in answer.events if isinstance(event, EngineRefused)), None)


def main(arguments: Sequence[str] | None = None) -> int:
    """The process of a day."""
    parser = argparse.ArgumentParser(prog="python -m cli.exchange.day")
    parser.add_argument("folder", type=Path)
    parser.add_argument("url")
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--begin", type=int, required=True)
    parser.add_argument("--pause-at", type=int)
    options = parser.parse_args(arguments)
    with DevNode(options.url, connect_http, lambda: None) as node:
        day = RehearsedDay(options.folder, node)
        if (options.folder / "people.json").exists():
            day.resume()
        else:
            day.found(options.begin)
        print(f"log position {day.exchange.venue.log.head.sequence}", flush=True)
        with day.exchange:
            for line in day.play(options.hours, options.pause_at):
                print(line, flush=True)
            day.exchange.hours.finish_asides()
            for notice in day.exchange.hours.notices:
                print(notice, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
