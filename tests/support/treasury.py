"""An engine with wallets, assets and customers for the tests of money in and out, each command through its bytes."""

from __future__ import annotations

from typing import Any

from ledger import events as facts
from ledger.canonical import canonical, parse
from ledger.commands import (
    AdjustCustody,
    AssignAddress,
    Command,
    ListAsset,
    OpenAccount,
    SetParameters,
    SetWallet,
    command_document,
    read_command,
)
from ledger.commands.parameters import NewValue
from ledger.engine import HOUR_MICROS, Engine
from ledger.journal import CUSTOMER_CODES, AccountCode
from ledger.treasury.dust import quantum

PEOPLE = [f"{number:032x}" for number in range(1, 4)]
START = 500_000 * HOUR_MICROS
CHAIN = "eip155:31337"
BANK = "offchain:bank"
TOKEN = "0x" + "70" * 20
REFERENCE = "RF18539007547034"


def address_of(number: int) -> str:
    """A deposit address of the tests."""
    return f"0x{number + 1:040x}"


def limits(asset: str, **values: int) -> SetParameters:
    """What two operators set of an asset's withdrawals."""
    changes = [NewValue(f"withdrawals.{name}", asset, str(value)) for name, value in values.items()]
    return SetParameters(tuple(changes), "test")


class Treasury:
    """An engine and the commands it was given; ETH in 10^-9, USDC and USD in 10^-6 and 10^-2."""

    def __init__(self, chain: str = CHAIN, token: str = TOKEN) -> None:
        self.chain, self.token = chain, token
        self.commands: list[tuple[int, bytes]] = []
        self.engine = Engine("small.exchange")
        self.events: list[facts.Event] = []

    def give(self, command: Command, after_us: int = 1) -> list[facts.Event]:
        """Apply what the command's bytes say."""
        time_us = (self.commands[-1][0] if self.commands else START) + after_us
        data = canonical(command_document(command))
        self.commands.append((time_us, data))
        self.events = self.engine.apply(len(self.commands), time_us, read_command(parse(data)))
        return self.events

    def refusal(self, command: Command, after_us: int = 1) -> str | None:
        """The refusal's code, or None."""
        found = [event.reason for event in self.give(command, after_us) if isinstance(event, facts.Refused)]
        return found[0] if found else None

    def open(self, addresses: bool = True) -> Treasury:
        """Two assets on the chain, one at a bank, three wallets, three customers with addresses of their own."""
        self.give(ListAsset("ETH", 9, self.chain, "native", "", "", ""))
        self.give(ListAsset("USDC", 6, self.chain, self.token, "", "", ""))
        self.give(ListAsset("USD", 2, BANK, "", "", "", ""))
        for wallet, chain in (("deposits", self.chain), ("hot", self.chain), ("bank-1", BANK)):
            self.give(SetWallet(wallet, "main", "client", "online", chain))
        for asset in ("ETH", "USDC", "USD"):  # before the first account nothing waits out a lock
            self.give(limits(asset, one_operator_from=2**63 - 1))
        for number, person in enumerate(PEOPLE):
            row = (person, "main", "email", f"{number:032x}", f"{number:064x}", "retail", "JP", "customer", None)
            self.give(OpenAccount(*row))
            if addresses:
                self.give(AssignAddress(person, "", self.chain, address_of(number), "deposits"))
        self.give(AssignAddress(PEOPLE[0], "", BANK, REFERENCE, None))
        return self

    def capital(self, asset: str, amount: int, wallet: str = "hot") -> None:
        """The house pays into a wallet."""
        assert self.refusal(AdjustCustody(wallet, asset, "in", amount, 0, "capital", "test")) is None

    def replayed(self) -> Engine:
        """A second engine over the same commands, read back from their bytes."""
        engine = Engine("small.exchange")
        for sequence, (time_us, data) in enumerate(self.commands, start=1):
            engine.apply(sequence, time_us, read_command(parse(data)))
        return engine

    def claim(self, account: str, asset: str) -> tuple[int, int]:
        """What is owed to a customer, and what they owe, in quanta."""
        return self.engine.balances().get((account, asset), (0, 0))

    def sums(self, asset: str) -> dict[AccountCode, int]:
        """The balance of every kind of account in an asset."""
        ledger, found = self.engine.ledger, dict.fromkeys(AccountCode, 0)
        for index in range(len(ledger)):
            key = ledger.key(index)
            if key.asset == asset:
                found[key.code] += ledger.owed(index)
        return found

    def exact(self, wallet: str, asset: str) -> int:
        """What the books have in a wallet, in 10^-38."""
        for name, held, quanta, dust in self.engine.custody.holdings():
            if (name, held) == (wallet, asset):
                return quanta * quantum(self.engine.assets[asset]) + dust
        return 0

    def check(self) -> None:
        """Every invariant of the books, in quanta and below them."""
        engine = self.engine
        assert engine.ledger.check() == []
        assert all(line.difference == 0 for line in engine.ledger.zero_sum_report())
        owed: dict[tuple[str, str], list[int]] = {}
        for index in range(len(engine.ledger)):
            key = engine.ledger.key(index)
            if key.code in CUSTOMER_CODES:
                amounts = owed.setdefault((key.owner, key.asset), [0, 0])
                amounts[key.code is not AccountCode.CLAIM] += engine.ledger.owed(index)
        assert {key: tuple(pair) for key, pair in owed.items() if any(pair)} == engine.balances()
        dust = engine.custody.dust
        for asset, scale in engine.assets.items():
            assert dust.difference(asset) == 0
            one = quantum(scale)
            assert all(0 < amount < one for (_, _, name), amount in dust.owed.items() if name == asset)
            assert 0 <= dust.house.get(asset, 0) < one


def same_after_restart(engine: Engine) -> None:
    """Each desk of the treasury, made again of its document, says the same document."""
    for desk in (engine.custody, engine.deposits, engine.withdrawals):
        document: Any = parse(canonical(desk.document()))
        others = {"custody": (), "deposits": (engine.custody,), "withdrawals": (engine.custody, engine.deposits)}
        again = type(desk)(engine._shared, *others[desk.NAME])
        again.restore(document)
        assert again.document() == document
