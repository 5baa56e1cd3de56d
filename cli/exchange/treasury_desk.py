"""The treasury of a running exchange: a thread for every chain and one for the banks, beside the thread of the engine.

Nobody waits for a chain but its own thread. Whatever a thread asks of the engine, and every command it gives, is done
in the engine's thread between two of its batches (`_Calls`), so that the engine never sees two at once. A chain that
cannot be followed is told of, once for each new trouble, and tried again every second from the state on the disk; an
alarm is told again every minute while it stands. What a verb asks of a chain waits its turn in that chain's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from itertools import count
from typing import Any, Final, NamedTuple, TypeVar, cast

from cli.exchange.banks import BankTreasury
from cli.exchange.config import BankConfig, ChainConfig
from cli.exchange.reconciling import AgesFile, old_differences, reconciliation_document, write_whole
from cli.exchange.running import RunningExchange
from cli.exchange.treasury import ChainTreasury, HouseRefused, TreasuryOptions, TreasurySecrets, house_submit
from ledger.commands import AssignAddress, Command, SendWithdrawal
from ledger.errors import CheckFailed, InputError, TallystickError
from ledger.log import AppendFailed
from ledger.treasury.books import EngineBooks
from ledger.treasury.courier import Trouble
from ledger.treasury.deposits import BANK_CHAIN
from ledger.treasury.protocols import TransferGate
from ledger.treasury.reconcile import Flight, Holding, Reading, Reconciliation, reconcile
from por.reserves.bank import BankAccount, creditor_reference
from por.reserves.evm.rpc import Connect, Endpoint, connect_http
from por.reserves.evm.wallet import GasPolicy

__all__ = ["TreasuryDesk"]

T = TypeVar("T")
TURN_SECONDS: Final = 1.0
ALARM_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 60.0
"""After so long a payment that the engine refused is signed and given again."""
READING_SECONDS: Final = 45.0
"""How long a reconciliation waits for a chain; a verb waits a minute for its answer."""
LEVEL_TRIES: Final = 3


class _Stopped(Exception):
    """The exchange is ending; the thread that hears it ends too."""


class _Calls:
    """Carries out work of other threads in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, failed: Callable[[BaseException], None]) -> None:
        self._loop, self._failed = loop, failed
        self.is_stopped = False

    def __call__(self, work: Callable[[], T]) -> T:
        if self.is_stopped:
            raise _Stopped
        done: Future[T] = Future()
        try:
            self._loop.call_soon_threadsafe(self._do, work, done)
        except RuntimeError:  # the loop is closed
            raise _Stopped from None
        return done.result()

    def _do(self, work: Callable[[], T], done: Future[T]) -> None:
        if self.is_stopped:
            done.set_exception(_Stopped())
            return
        try:
            done.set_result(work())
        except (AppendFailed, HouseRefused) as error:
            done.set_exception(error)
        except BaseException as error:
            # Whether a command is in the log only opening it again can tell.
            done.set_exception(_Stopped())
            self._failed(error)


class _Afar:
    """`EngineBooks` as another thread has it: each question is answered in the engine's thread.

    But for `wallet`, which is asked for every payment in every block and looks one key up in one dictionary: that can
    be done beside the engine's thread.
    """

    def __init__(self, books: EngineBooks, call: _Calls) -> None:
        self._books, self._call = books, call
        self.wallet = books.wallet

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._books, name)
        return lambda *words: self._call(partial(method, *words))


class Seen(NamedTuple):
    """What one chain, or the banks, have for a reconciliation; `holdings` are the books of the same moment."""

    holdings: list[Holding]
    flights: list[Flight]
    readings: list[Reading]


class _Worker:
    """One thread with its own queue of work."""

    def __init__(self, name: str, desk: TreasuryDesk) -> None:
        self._desk = desk
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"treasury {name}", daemon=True)
        self.books = cast(EngineBooks, _Afar(EngineBooks(desk.running.venue.engine), desk.call))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for its end; a thread that waits for a chain is left to it."""
        self._thread.join(seconds)

    def ask(self, work: Callable[[], T]) -> Future[T]:
        """Have something done in this thread."""
        answer: Future[T] = Future()
        self._work.put((work, answer))
        return answer

    def turn(self) -> None:
        """What is done again and again."""

    def _run(self) -> None:
        try:
            while not self._desk.call.is_stopped:
                self.turn()
                self._serve(time.monotonic() + TURN_SECONDS)
        except _Stopped:
            return
        except BaseException as error:
            self._desk.fail(error)

    def _serve(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0 and not self._desk.call.is_stopped:
            try:
                work, answer = self._work.get(timeout=left)
            except queue.Empty:
                return
            try:
                answer.set_result(work())
            except (TallystickError, OSError) as error:
                answer.set_exception(error)
            except BaseException:
                answer.set_exception(_Stopped())
                raise


class ChainWorker(_Worker):
    """Follows one chain."""

    def __init__(self, config: ChainConfig, secrets: TreasurySecrets, desk: TreasuryDesk) -> None:
        super().__init__(config.chain, desk)
        self.config, self._secrets = config, secrets
        self._made: ChainTreasury | None = None
        self._listed: list[tuple[str, int, str]] = []
        self._refused: dict[str, tuple[float, str]] = {}
        self._alarmed = 0.0
        self.troubles: tuple[Trouble, ...] = ()
        """What stands in the way now; replaced as a whole, so that any thread may read it."""
        self.head: int | None = None
        self.hot: str | None = None
        """The hot wallet's address, once it is known."""

    def _submit(self, command: Command) -> str | None:
        """To the log. A payment that was refused is not given again at once: each try would be another record."""
        if not isinstance(command, SendWithdrawal):
            return self._desk.submit(command)
        at, reason = self._refused.get(command.request, (0.0, ""))
        if reason and time.monotonic() - at < AGAIN_SECONDS:
            return reason
        refused = self._desk.submit(command)
        self._refused.pop(command.request, None)
        if refused is not None:
            self._refused[command.request] = (time.monotonic(), refused)
        return refused

    def treasury(self) -> ChainTreasury:
        """The chain's treasury, made anew after trouble and when what is listed has changed. Raises TallystickError."""
        config, listed = self.config, self.books.listed(self.config.chain)
        if self._made is not None and listed == self._listed:
            return self._made
        self._made = None
        for wallet in (config.deposits, config.hot):
            if not self.books.is_wallet(wallet):
                remedy = f"`tallystick treasury wallet {wallet} --chain {config.chain}`"
                raise InputError(wallet, "is not registered as a wallet yet", remedy)
        endpoint = Endpoint(f"the node of {config.chain}", config.url(), self._desk.connect)
        policy = GasPolicy(config.fee_max, config.priority_fee, config.gas_coin, config.gas_token)
        options = TreasuryOptions(
            config.chain,
            config.coin,
            config.confirmations,
            policy,
            self._desk.running.config.watched(config),
            config.first_block,
            config.deposits,
            config.hot,
        )
        engine = self._desk.running.venue.engine
        made = ChainTreasury(engine, self._submit, endpoint, self._secrets, options, self.books, self._desk.gate)
        made.register_hot()
        self.hot = made.hot.sender
        self._made, self._listed = made, listed
        return made

    def turn(self) -> None:
        """See `ChainTreasury.poll`."""
        try:
            treasury = self.treasury()
            self.say(treasury.poll())
            for each in treasury.news:
                self._desk.notices.append(f"{self.config.chain}: {each.request}: {each.problem}")
            treasury.news.clear()
            self.head = None if treasury.watcher.state.head is None else treasury.watcher.state.head[0]
        except (TallystickError, OSError) as error:
            # The state on the disk is behind the log and never ahead: what was read and not given is read again.
            self._made = None
            self.say([Trouble(self.config.chain, str(error))])

    def say(self, troubles: list[Trouble]) -> None:
        """Tell of what is new, and of alarms again and again."""
        before, self.troubles = self.troubles, tuple(troubles)
        again = time.monotonic() - self._alarmed > ALARM_SECONDS
        for trouble in troubles:
            if trouble not in before or (trouble.is_alarm and again):
                word = "ALARM: " if trouble.is_alarm else ""
                self._desk.notices.append(f"{word}{self.config.chain}: {trouble.request}: {trouble.problem}")
        if again and any(trouble.is_alarm for trouble in troubles):
            self._alarmed = time.monotonic()
        if before and not troubles:
            self._desk.notices.append(f"{self.config.chain}: nothing stands in the way any more")

    def seen(self) -> Seen:
        """Books and chain at one block that both have been followed to. A chain that cannot be read is unread."""
        try:
            for _ in range(LEVEL_TRIES):
                self.turn()
                treasury = self.treasury()
                flights, readings = treasury.reconciliation()
                wallets = {reading.wallet for reading in readings}
                holdings = [each for each in self.books.holdings() if each.wallet in wallets]
                if treasury.read_at == self.head:
                    break
        except (TallystickError, OSError):
            names, assets = (self.config.deposits, self.config.hot), self.books.listed(self.config.chain)
            readings = [Reading(name, asset, None, "unread") for name in names for asset, *_ in assets]
            return Seen([each for each in self.books.holdings() if each.wallet in names], [], readings)
        return Seen(holdings, flights, readings)


class BankWorker(_Worker):
    """Takes the banks' statements."""

    def __init__(self, configs: tuple[BankConfig, ...], desk: TreasuryDesk) -> None:
        super().__init__("banks", desk)
        secrets = desk.running.config.secrets
        self._accounts = {_account_number(secrets / each.account): each for each in configs}
        if len(self._accounts) != len(configs):
            raise InputError("[banks]", "has two accounts of one number", "Give each its own.")

    def banks(self) -> BankTreasury:
        """Accounts of listed assets. Raises TallystickError."""
        scales = self.books.scales()
        accounts = {
            number: BankAccount(each.name, each.currency, each.asset, scales[each.asset])
            for number, each in self._accounts.items()
            if each.asset in scales
        }
        state = self._desk.running.config.treasury / "banks.json"
        return BankTreasury(self.books, self._desk.submit, accounts, state)

    def add(self, path: str) -> list[Trouble]:
        """See `BankTreasury.take`."""
        with open(path, "rb") as file:
            data = file.read()
        return self.banks().take(data, path)

    def reference(self, account: str, subaccount: str) -> dict[str, str]:
        """A new reference under which a customer pays in, in the log by now. Raises TallystickError."""
        number = self.books.account_number(account)
        if number is None:
            raise InputError(account[:64], "is no account here", "See `tallystick accounts list`.")
        secret = self._desk.running.secrets.master
        codes = (creditor_reference(secret, number, 0, attempt) for attempt in count())
        code = next(code for code in codes if not self.books.is_assigned(BANK_CHAIN, code))
        refused = self._desk.submit(AssignAddress(account, subaccount, BANK_CHAIN, code, None))
        if refused is not None:
            raise CheckFailed(f"the engine assigns no reference: {refused}")
        return {"reference": code}

    def seen(self) -> Seen:
        """The closing balances."""
        readings = self.banks().readings(self.books.scales())
        wallets = {reading.wallet for reading in readings}
        return Seen([each for each in self.books.holdings() if each.wallet in wallets], [], readings)


def _account_number(path: Any) -> str:
    try:
        number = "".join(path.read_text(encoding="ascii").split())
    except (OSError, UnicodeDecodeError):
        raise InputError(str(path), "cannot be read", "Write the account's number into it, in one line.") from None
    if not number.isalnum():
        raise InputError(str(path), "holds no account number", "Write the account's number into it, in one line.")
    return number


class TreasuryDesk:
    """See the module. Made and stopped in the loop's thread; `connect` reaches the nodes.

    `gate`: asked before a customer's receipt is credited or a withdrawal is signed; each chain's thread asks it.
    `notices` are for the operator. `failure` is what stopped the engine under a command of ours.
    """

    def __init__(
        self,
        running: RunningExchange,
        secrets: Mapping[str, TreasurySecrets],
        connect: Connect = connect_http,
        gate: TransferGate | None = None,
    ) -> None:
        """Raises InputError for a bank account whose number cannot be read."""
        self.running, self.connect, self.gate = running, connect, gate
        self.call = _Calls(asyncio.get_running_loop(), self.fail)
        self.notices: deque[str] = deque()
        self.failure: BaseException | None = None
        self.on_failure: Callable[[], object] = lambda: None
        self._give = house_submit(running)
        config = running.config
        if config.chains or config.banks:
            config.treasury.mkdir(mode=0o700, exist_ok=True)
        self._ages = AgesFile(config.treasury / "ages.json")
        self.old: list[str] = []
        """Differences of the last hour that are older than an hour, in words."""
        self.chains = {each.chain: ChainWorker(each, secrets[each.chain], self) for each in config.chains}
        self.banks = BankWorker(config.banks, self) if config.banks else None
        self._hours = _Worker("hours", self)
        self.books = self._hours.books
        """The engine, as any thread but the loop's may ask it."""
        self.workers: list[_Worker] = [*self.chains.values(), self._hours, *([self.banks] if self.banks else [])]

    def start(self) -> None:
        """Begin to follow, and to answer."""
        running = self.running
        if self.chains or self.banks:
            running.hours.on_cut = self._hour_is_cut
        running.status_of["treasury"] = self._status
        running.questions.update(
            {
                "treasury-add-statement": self._add_statement,
                "treasury-address": self._address,
                "treasury-fuel": self._fuel,
                "treasury-held": lambda: self._hours.ask(self._held),
                "treasury-pending": self._pending,
                "treasury-reconcile": lambda: self._hours.ask(self._reconciled_now),
                "treasury-reference": self._reference,
                "treasury-replace": self._replace,
                "treasury-sweep": self._sweep,
            }
        )
        for worker in self.workers:
            worker.start()

    def stop(self) -> None:
        """Give no more commands; threads that wait for a chain are left behind."""
        self.call.is_stopped = True

    def fail(self, error: BaseException) -> None:
        """Something is broken that nobody here can mend: the exchange stops."""
        self.failure = self.failure or error
        self.call.is_stopped = True
        with contextlib.suppress(RuntimeError):  # the loop may be closed
            self.on_failure()

    def submit(self, command: Command) -> str | None:
        """A command of the house, from any thread."""
        return self.call(lambda: self._give(command))

    def now(self) -> int:
        """The exchange's time in Unix seconds, for any thread but the loop's."""
        return self.call(self.running.now) // 1_000_000

    # The hour.

    def _hour_is_cut(self, hour: str, name: str) -> None:
        self._hours.ask(lambda: self._keep_hour(hour, name))

    def _keep_hour(self, hour: str, name: str) -> None:
        done, document = self._reconciled()
        self.old = old_differences(done)
        self.notices.extend(f"ALARM: {text}" for text in self.old)
        path = self.running.config.hours / f"{name}.reconciliation.json"
        try:
            self._ages.write(done.ages)
            write_whole(path, {"hour": hour, **document})
        except OSError as error:
            self.notices.append(f"the reconciliation of {hour} could not be written ({error.strerror})")

    def _reconciled_now(self) -> dict[str, Any]:
        return self._reconciled()[1]

    def _reconciled(self) -> tuple[Reconciliation, dict[str, Any]]:
        """Every chain and bank at the same time; one that gives no answer in time is unread."""
        asked: list[Future[Seen]] = [worker.ask(worker.seen) for worker in self.chains.values()]
        if self.banks is not None:
            asked.append(self.banks.ask(self.banks.seen))
        until = time.monotonic() + READING_SECONDS
        holdings: dict[tuple[str, str], Holding] = {}
        flights: list[Flight] = []
        readings: list[Reading] = []
        for answer in asked:
            try:
                seen = answer.result(max(until - time.monotonic(), 0.0))
            except (TallystickError, OSError, TimeoutError):
                continue
            holdings |= {(each.wallet, each.asset): each for each in seen.holdings}
            flights += seen.flights
            readings += seen.readings
        rest = self.call(lambda: EngineBooks(self.running.venue.engine).holdings())
        holdings = {(each.wallet, each.asset): each for each in rest} | holdings
        now, position = self.call(lambda: (self.running.now(), self.running.venue.engine.sequence))
        done = reconcile(now, holdings.values(), flights, readings, self._ages.read())
        return done, reconciliation_document(done, now, position)

    # Questions; each is asked in the loop's thread, and those of a chain are answered in that chain's.

    def _chain(self, chain: str | None) -> ChainWorker:
        if chain is None and len(self.chains) == 1:
            [chain] = self.chains
        if chain not in self.chains:
            known = ", ".join(self.chains) or "none is configured"
            raise InputError(chain or "--chain", "is no chain that is followed", f"Name one of: {known}.")
        return self.chains[chain]

    def _status(self) -> Any:
        return {
            "chains": {
                name: {
                    "alarms": [f"{each.request}: {each.problem}" for each in worker.troubles if each.is_alarm],
                    "head": worker.head,
                    "hot": worker.hot,
                    "troubles": [f"{each.request}: {each.problem}" for each in worker.troubles if not each.is_alarm],
                }
                for name, worker in self.chains.items()
            },
            "differences": list(self.old),
        }

    def _pending(self) -> Any:
        """Withdrawals that have not ended, and what keeps each."""
        desk, scales = self.running.venue.engine.withdrawals, self.running.venue.engine.assets
        rows = []
        for request in desk.open_requests():
            each = desk.withdrawals[request]
            keeps = None if each.state == "sent" else desk.why_not(request)
            needed = desk.policy(each.asset).approvals(each.amount)
            rows.append(
                {
                    "account": each.account, "amount": str(each.amount), "approvals": each.granted,
                    "approvals_needed": needed, "asset": each.asset, "destination": each.destination,
                    "fee": str(each.fee), "keeps": keeps, "request": request, "scale": scales[each.asset],
                    "state": each.state,
                }
            )  # fmt: skip
        return rows

    def _held(self) -> Any:
        """Receipts that the gate keeps back; never in the loop's thread, which the gate may have to ask."""
        if self.gate is None:
            return []
        return [{**each._asdict(), "missing": [*each.missing]} for each in self.gate.held(self.books.is_uncredited)]

    def _address(self, account: str, subaccount: str, chain: str | None) -> Any:
        worker = self._chain(chain)
        return worker.ask(
            lambda: {
                "address": worker.treasury().new_address(account, subaccount),
                "chain": worker.config.chain,
            }
        )

    def _sweep(self, address: str, asset: str, chain: str | None) -> Any:
        worker = self._chain(chain)
        return worker.ask(lambda: _told(worker.treasury().sweep(address, _listed(worker, asset))))

    def _fuel(self, address: str, units: str, chain: str | None) -> Any:
        worker = self._chain(chain)
        amount = int(units)
        return worker.ask(lambda: _told(worker.treasury().fuel(address, amount)))

    def _replace(self, request: str, cancel: bool, chain: str | None) -> Any:
        worker = self._chain(chain)
        return worker.ask(lambda: _told(worker.treasury().replace(request, cancel=cancel)))

    def _bank(self) -> BankWorker:
        if self.banks is None:
            raise InputError("[banks]", "has no account", "Add one to the configuration and start again.")
        return self.banks

    def _reference(self, account: str, subaccount: str) -> Any:
        banks = self._bank()
        return banks.ask(lambda: banks.reference(account, subaccount))

    def _add_statement(self, path: str) -> Any:
        banks = self._bank()
        return banks.ask(lambda: {"troubles": [[each.request, each.problem] for each in banks.add(path)]})


def _listed(worker: ChainWorker, asset: str) -> str:
    if asset not in worker.treasury().coins:
        raise InputError(asset, f"is not listed on {worker.config.chain}", "See `tallystick market show`.")
    return asset


def _told(trouble: Trouble | None) -> dict[str, Any]:
    return {"trouble": None if trouble is None else trouble.problem}
