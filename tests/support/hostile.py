"""Well-formed commands of every kind over a small exchange, chosen to break it: boundary values, ids in and out of use.

A `Hostile` gives commands through `Engine.apply_given`, as the log does, and checks after each what must always hold.
"""

from __future__ import annotations

import random
from typing import Any

from ledger.commands import REQUIREMENTS
from ledger.commands.codecs import MICROS_MAX, QUANTITY_MAX
from ledger.commands.customers import CLIENT_CLASSES, CONSENTS, RELATIONS
from ledger.commands.listing import MARKET_STATES
from ledger.commands.margin import PRODUCTS
from ledger.engine import HOUR_MICROS, Engine, Given
from ledger.events import Event
from ledger.log.record import Scheme
from ledger.parameters import PARAMETERS
from ledger.signatures import api_string, command_bytes, parse_request
from tests.support.hostile_wallet import (
    ACCOUNTS,
    ASSETS,
    DERIVATIVES,
    KEYS,
    MARKETS,
    POOR,
    PRICED,
    START,
    WORDS,
    WalletFields,
    opening,
    permission,
)
from tests.support.signed import EXCHANGE, GENESIS, OPERATORS, SERVICE, customer_key

__all__ = ["ACCOUNTS", "Hostile"]


class Hostile(WalletFields):
    """An engine begun at genesis, and a seeded stream of commands given to it."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.engine = Engine.begin(GENESIS)
        self.twin: Engine | None = None
        """Another engine that is given the same, if there is one."""
        self.time_us = START
        self.sequence = 0
        self.order_ids: list[int] = []
        self.stages: set[str] = set()
        """What of margin has happened: stages of liquidations, kinds of lending, rounds."""

        self.ring_keys = [key.public for key in (*OPERATORS, SERVICE)]

    # Giving.

    def give(self, scheme: Scheme, signed: bytes, keys: tuple[bytes, ...], source: str = "") -> list[Event]:
        """One command, as the log gives it."""
        self.sequence += 1
        given = Given(parse_request(scheme, signed, EXCHANGE), keys, self.time_us, source)
        facts = self.engine.apply_given(self.sequence, self.time_us, given)
        if self.twin is not None:
            twin = self.twin.apply_given(self.sequence, self.time_us, given)
            assert twin == facts, [pair for pair in zip(twin, facts, strict=False) if pair[0] != pair[1]][:2]
        for fact in facts:
            self.stages.add(
                " ".join(
                    (type(fact).__name__, *(str(getattr(fact, n, "")) for n in ("stage", "kind", "cause")))
                ).strip()
            )
            report = getattr(fact, "order", None) or getattr(fact, "order_id", None)
            if isinstance(report, int):
                self.order_ids.append(report)
        return facts

    def command(self, kind: str, fields: dict[str, Any], keys: tuple[bytes, ...], **more: Any) -> list[Event]:
        """One command of ours."""
        return self.give(
            more.pop("scheme", Scheme.COMMAND), command_bytes(EXCHANGE, kind, self.time_us, fields), keys, **more
        )

    def nonsense(self) -> Given:
        """A command that nobody may give: time passes and nothing else happens."""
        signed = command_bytes(EXCHANGE, "no-such-command", self.time_us, {})
        return Given(parse_request(Scheme.COMMAND, signed, EXCHANGE), (), self.time_us)

    def open(self) -> Hostile:
        """Assets, markets, accounts with keys and money; most of what the stream needs to get anywhere."""
        two = tuple(key.public for key in OPERATORS)
        for asset, scale in zip(ASSETS, (8, 2, 18, 0, 38), strict=True):
            codes = dict.fromkeys(("dti", "isin", "cfi"), "")
            fields = {"asset": asset, "scale": scale, "chain": "c", "contract": "native", **codes}
            self.command("list-asset", fields, two)
        for market, base, quote, tick, step in (
            ("BTC_USD", "BTC", "USD", "100", "1000000"),
            ("ETH_USD", "ETH", "USD", "1", str(10**18)),
            ("DUST_HUGE", "DUST", "HUGE", "1", "1"),
            ("BTC_ETH", "BTC", "ETH", str(10**10), "100"),
        ):
            pair = {"base": base, "quote": quote, "market": market}
            self.command(
                "list-market",
                {**pair, "tick": tick, "step": step, "quantity_min": "1", "quantity_max": str(10**9)},
                two,
            )
            self.command("open-market", {"market": market, "reason": "r", "state": "open"}, two)
        for market, kind, base, tick, step, expires in (
            ("BTC_PERP", "perpetual", "BTC", "100", "1000000", None),
            ("ETH_FUT", "dated", "ETH", "1", str(10**18), START + 4 * HOUR_MICROS),
        ):
            fields = {"base": base, "expires": expires, "kind": kind, "market": market, "quote": "USD", "tick": tick}
            if self.engine.parameters.value("margin.settlement_asset") != "USD":
                self.command("set-parameters", opening(("margin.settlement_asset",)), two)
            self.command(
                "list-derivative", {**fields, "step": step, "quantity_min": "1", "quantity_max": str(10**9)}, two
            )
            self.command("open-market", {"market": market, "reason": "r", "state": "open"}, two)
        self.command("set-parameters", opening(()), two)
        rows = [permission(product) for product in PRODUCTS]
        self.command("set-permissions", {"entity": "main", "reason": "r", "rows": rows}, two)
        for number, account in enumerate(ACCOUNTS[:-1]):
            referrer = ACCOUNTS[0] if number else None
            self.command("open-account", self._account(account, referrer), (SERVICE.public,))
            self.command(
                "keys.register",
                {
                    **self._registration(customer_key(account).public),
                    "owner": account,
                    "permissions": ["read", "trade", "withdraw"],
                    "role": "customer",
                    "expires": None,
                },
                (SERVICE.public, customer_key(account).public),
            )
            self._begin_margin(account)
        feed = {"crosses": [], "published": self.time_us, "unit": "USD"}
        prices = [{"asset": "BTC", "price": str(10 * 10**18)}, {"asset": "ETH", "price": str(10**17)}]
        self.command("feed-prices", {**feed, "prices": prices}, (SERVICE.public,))
        plain = {**dict.fromkeys(("expires", "oco_group", "quote_quantity", "trigger", "trigger_by", "trigger_price"))}
        plain |= {"bound": False, "client_id": 0, "kind": "limit", "market": "BTC_PERP", "post_only": False}
        plain |= {"self_trade": "reject-taker", "time_in_force": "gtc"}
        for account, side, price, quantity in (
            (ACCOUNTS[0], "bid", "9", "400"), (ACCOUNTS[1], "ask", "11", "400"),
            (POOR[0], "bid", "11", "200"), (POOR[1], "ask", "9", "200"), (POOR[2], "ask", "9", "90"),
        ):  # fmt: skip
            order = {**plain, "price": price, "quantity": quantity, "side": side}
            fields = {"account": account, "orders": [order], "subaccount": ""}
            self.command("place-orders", fields, (customer_key(account).public,))
        return self

    def _begin_margin(self, account: str) -> None:
        """Money, a consent and settings: what is needed to get anywhere with margin."""
        mine, is_poor = (customer_key(account).public,), account in POOR
        for asset in ("BTC", "USD") if is_poor else ASSETS:
            amount = {"BTC": 10**7, "USD": 200}[asset] if is_poor else 10**16
            deposit = self._deposit(account, asset, amount) | ({"subaccount": ""} if is_poor else {})
            self.command("credit-deposit", deposit, (SERVICE.public,))
        consent = {"account": account, "consent": "lending", "given": True, "text": "0" * 64}
        self.command("set-consent", consent, mine)
        flags = {"auto_borrow": True, "auto_lend": not is_poor, "auto_repay": True}
        settings = {"account": account, "leverage": 20 if is_poor else 5, "subaccount": "", **flags}
        self.command("set-wallet-settings", settings, mine)

    # The stream.

    def step(self) -> tuple[str, list[Event]]:
        """One command of any kind; what it was and the facts."""
        draw = self.draw
        self.time_us += draw.choice([0, 0, 0, 1, 1, 1000, 10**6, 10**7] * 4 + [HOUR_MICROS])
        choice = draw.random()
        if choice < 0.12:
            return self._key_command()
        if choice < 0.22:
            return self._api()
        kinds = [kind.TYPE for kind in REQUIREMENTS]
        often = ["place-orders"] * 18 + ["amend-order"] * 4 + ["cancel"] * 2 + ["tick"] * 7 + ["feed-prices"] * 8
        kind = draw.choice([*kinds, *often, "set-wallet-settings", "lend", "borrow", "redeem", "start-strategy"])
        if kind in ("fail-hour", "halt-market", "block-account", "set-permissions") and draw.random() < 0.8:
            kind = "place-orders"
        make = getattr(self, "_make_" + kind.replace("-", "_"), None)
        fields = self._make_of_names(kind) if make is None else make()
        scheme = Scheme.COMMAND
        source = draw.choice(["", "s1", "s2"])
        if draw.random() < 0.2:
            scheme, keys = Scheme.SESSION, ()
        else:
            keys = self._signers(kind, fields)
        return kind, self.command(kind, fields, keys, scheme=scheme, source=source)

    def _signers(self, kind: str, fields: dict[str, Any]) -> tuple[bytes, ...]:
        draw = self.draw
        if draw.random() < 0.05:
            return tuple(draw.sample(self.ring_keys, draw.randint(0, 3)))
        need = next(need for each, need in REQUIREMENTS.items() if kind == each.TYPE)
        holding = [
            entry for key in self.ring_keys if (entry := self.engine.keys.ring.get(key)) and entry.holds(self.time_us)
        ]
        operators = {entry.owner: entry.key for entry in holding if entry.role == "operator"}
        if need.two_operators:
            return tuple(operators.values())[:2]
        if "operator" in need.roles:
            return tuple(operators.values())[:1]
        if "service" in need.roles:
            return (SERVICE.public,)
        mine = [entry.key for entry in holding if entry.owner == fields.get("account") and entry.permissions & 2]
        return (draw.choice(mine),) if mine else (customer_key(str(fields.get("account"))).public,)

    def _key_command(self) -> tuple[str, list[Event]]:
        draw = self.draw
        kind = draw.choice(["keys.register", "keys.rotate", "keys.revoke"])
        pool = [*KEYS, *self.ring_keys] if draw.random() < 0.3 else KEYS
        key, new = draw.choice(pool), draw.choice(KEYS)
        if kind == "keys.register":
            fields = self._registration(new)
            newcomers = (new,)
        elif kind == "keys.rotate":
            fields, newcomers = {"key": key.hex(), "new": new.hex()}, (new,)
        else:
            fields, newcomers = {"key": key.hex()}, ()
        if draw.random() < 0.1:
            fields[draw.choice(["role", "owner", "new", "account", "key", "expires"])] = draw.choice(
                [[], "", {}, 0, new.hex(), None]
            )
        if draw.random() < 0.5:
            signers: tuple[bytes, ...] = tuple(key.public for key in OPERATORS)
        else:
            signers = (draw.choice([*self.ring_keys, customer_key(draw.choice(ACCOUNTS)).public]),)
        self.ring_keys.append(new)
        given = [*dict.fromkeys((*signers, *newcomers))]
        return kind, self.command(
            kind, fields, tuple(given), scheme=draw.choice([Scheme.COMMAND] * 9 + [Scheme.SESSION])
        )

    def _registration(self, key: bytes) -> dict[str, Any]:
        draw = self.draw
        return {
            "expires": draw.choice([None, 0, self.time_us, self.time_us + 1, self.time_us + 10**7, MICROS_MAX]),
            "key": key.hex(),
            "owner": draw.choice([*ACCOUNTS, "operator-1", "operator-2", "operator-3", "house", "x" * 65]),
            "permissions": draw.choice([[], ["read"], ["trade"], ["read", "trade", "withdraw"], ["time"], ["fly"]]),
            "role": draw.choice(["customer", "session", "operator", "service"]),
        }

    def _api(self) -> tuple[str, list[Event]]:
        draw = self.draw
        numbers = [
            "0",
            "1",
            "0.01",
            "123.45",
            "9" * 38,
            "0." + "0" * 37 + "1",
            "1e5",
            "-1",
            str(QUANTITY_MAX),
            "9" * 512,
        ]
        name = draw.choice(
            ["orderExecute", "orderExecute", "orderCancel", "orderCancelAll", "withdraw", "borrowLendExecute"]
        )
        if name == "orderExecute":
            options: dict[str, list[str]] = {
                "clientId": ["0", "4294967295", "4294967296"],
                "postOnly": ["true", "false", "yes"],
                "price": numbers,
                "quantity": numbers,
                "quoteQuantity": numbers,
                "selfTradePrevention": ["RejectTaker", "RejectBoth", "Allow", "x"],
                "timeInForce": ["GTC", "IOC", "FOK", "GTT"],
                "triggerBy": ["LastPrice", "MarkPrice", "IndexPrice"],
                "triggerPrice": numbers,
                "triggerType": ["Stop", "TakeProfit"],
            }
            instructions = []
            for _ in range(draw.choice([1, 1, 2, 50])):
                fields = {
                    "orderType": draw.choice(["Limit", "Market"]),
                    "side": draw.choice(["Bid", "Ask"]),
                    "symbol": draw.choice(MARKETS),
                }
                fields |= {key: draw.choice(values) for key, values in options.items() if draw.random() < 0.4}
                instructions.append((name, fields))
        elif name == "withdraw":
            fields = {
                "address": "a",
                "clientId": draw.choice(["0" * 32, f"{draw.randrange(9):032x}", "zz"]),
                "quantity": draw.choice(numbers),
                "symbol": draw.choice(ASSETS),
            }
            instructions = [(name, fields)]
        else:
            instructions = [
                (
                    name,
                    {"orderId": draw.choice(["0", *map(str, self.order_ids[-3:]), str(QUANTITY_MAX)])}
                    if name != "orderCancelAll"
                    else {"symbol": draw.choice(MARKETS)},
                )
            ]
        signed = api_string(instructions, self.time_us // 1000)
        return "api " + name, self.give(Scheme.API, signed, (draw.choice([customer_key(a).public for a in ACCOUNTS]),))

    # Fields of each kind.

    def _account(self, account: str, referrer: str | None) -> dict[str, Any]:
        draw = self.draw
        kind, data, identity = draw.choice([("assigned", None, None), ("email", "0" * 32, "1" * 64)])
        return {
            "account": account,
            "client_class": draw.choice(CLIENT_CLASSES),
            "data": data,
            "domicile": "JP",
            "entity": "main",
            "identity": identity,
            "kind": kind,
            "referrer": referrer,
            "relation": draw.choice(RELATIONS),
        }

    def _deposit(self, account: str, asset: str, amount: int) -> dict[str, Any]:
        draw = self.draw
        evidence = draw.choice(["e", "\u00e9" * 200, "\U0001f4b0" * 64, "x" * 1000]) + str(draw.randrange(10**6))
        return {
            "account": account,
            "amount": str(amount),
            "asset": asset,
            "evidence": evidence[-1000:],
            "subaccount": self._sub(),
            "wallet": draw.choice(WORDS),
        }

    def _market(self) -> str:
        return self.draw.choice([*MARKETS, "NONE"])

    def _make_of_names(self, kind: str) -> dict[str, Any]:
        """Fields of the treasury's commands, each by its name."""
        draw = self.draw
        by_name: dict[str, Any] = {
            "account": draw.choice([self._who(), None])
            if kind in ("assign-address", "assign-receipt")
            else self._who(),
            "address": draw.choice(["0xaa", "0xbb", "RF18"]),
            "amount": self._amount(),
            "asset": draw.choice([*ASSETS, "NONE"]),
            "chain": draw.choice(["c", "offchain:bank", "none"]),
            "chain_nonce": draw.choice(["0", "1", str(QUANTITY_MAX)]),
            "destination": draw.choice(["0xaa", "d", "out"]),
            "direction": draw.choice(["deposits", "withdrawals"] if kind.endswith("transfers") else ["in", "out"]),
            "dust": draw.choice(["0", "1", "9" * 37]),
            "evidence": draw.choice(["e", "f"]) + str(draw.randrange(20)),
            "move": f"{draw.randrange(4):032x}",
            "network_fee": draw.choice([None, {"amount": self._amount(), "asset": draw.choice(ASSETS), "dust": "1"}]),
            "reason": "r",
            "reference": "case",
            "request": f"{draw.randrange(9):032x}",
            "required": draw.random() < 0.5,
            "sender": draw.choice(["", "0xkey"]),
            "source": draw.choice(WORDS),
            "subaccount": self._sub(),
            "target": draw.choice(WORDS),
            "transaction": draw.choice(["ab", "cd"]),
            "wallet": draw.choice([*WORDS, None]) if kind == "assign-address" else draw.choice(WORDS),
        }
        if kind in ("assign-address", "assign-receipt") and draw.random() < 0.5:
            by_name["account"] = None
        if kind == "receive-deposit":
            by_name |= {"address": draw.choice(["", "0xaa", "0xbb"]), "amount": draw.choice(["0", self._amount()])}
        return {name: by_name[name] for name in next(each for each in REQUIREMENTS if kind == each.TYPE).CODECS}

    def _make_open_account(self) -> dict[str, Any]:
        draw = self.draw
        fields = self._account(self._who(), draw.choice([*ACCOUNTS, "f" * 32]))
        return fields | draw.choice([{}, {"entity": "other"}, {"data": None}, {"kind": "assigned"}, {"referrer": None}])

    def _make_set_customer(self) -> dict[str, Any]:
        draw = self.draw
        return {
            "account": self._who(),
            "client_class": draw.choice(CLIENT_CLASSES),
            "domicile": "US-CA",
            "relation": draw.choice(RELATIONS),
        }

    def _make_set_consent(self) -> dict[str, Any]:
        return {
            "account": self._who(),
            "consent": self.draw.choice(CONSENTS),
            "given": self.draw.random() < 0.5,
            "text": "0" * 64,
        }

    def _make_block_account(self) -> dict[str, Any]:
        return {"account": self._who(), "blocked": self.draw.random() < 0.3, "reason": "r"}

    def _make_list_asset(self) -> dict[str, Any]:
        draw = self.draw
        return {
            "asset": draw.choice([*ASSETS, "NEW" + str(draw.randrange(4))]),
            "scale": draw.choice([0, 18, 38, 39, 2**32 - 1]),
            "chain": draw.choice(["", "c"]),
            "contract": draw.choice(["", "native"]),
            "dti": draw.choice(["", "X" * 9]),
            "isin": draw.choice(["", "US0378331005", "zz"]),
            "cfi": draw.choice(["", "ESVUFR"]),
        }

    def _make_set_asset_facts(self) -> dict[str, Any]:
        return {key: value for key, value in self._make_list_asset().items() if key != "scale"}

    def _make_set_wallet(self) -> dict[str, Any]:
        draw = self.draw
        return {
            "wallet": draw.choice(WORDS),
            "entity": "main",
            "owner": draw.choice(["client", "own", "guarantee"]),
            "custodian": draw.choice(["online", "offline", "custodian"]),
            "chain": draw.choice(["", "c"]),
        }

    def _make_halt_market(self) -> dict[str, Any]:
        draw = self.draw
        state = draw.choice(MARKET_STATES[1:4])
        if draw.random() < 0.1:
            state = draw.choice(MARKET_STATES[1:])
        return {"market": draw.choice([None, *MARKETS]), "reason": "r", "state": state}

    def _make_open_market(self) -> dict[str, Any]:
        draw = self.draw
        return {
            "market": draw.choice([None, None, *MARKETS]),
            "reason": "r",
            "state": draw.choice(["open", "open", *MARKET_STATES[:-1]]),
        }

    def _make_set_parameters(self) -> dict[str, Any]:
        changes = [self._parameter() for _ in range(self.draw.choice([1, 1, 2, 5]))]
        return {"changes": changes, "reason": "r"}

    def _parameter(self) -> dict[str, Any]:
        draw = self.draw
        name = draw.choice([*PARAMETERS])
        scopes = {"exchange": "", "market": draw.choice(MARKETS), "asset": draw.choice(ASSETS)}
        scope = scopes.get(PARAMETERS[name].scope.value, draw.choice([*PARAMETERS]))
        if draw.random() < 0.1:
            scope = draw.choice(["", *MARKETS, *ASSETS, *PARAMETERS])

        def whole() -> str:
            return str(draw.choice([0, 1, 2, 60, 3600, 500_000, 10**6, 2 * 10**6, 10**9, 2**53, QUANTITY_MAX, -1]))

        words = ["EUR", "USD", "BTC", "open", "repay-only", "closed"]
        value: Any = draw.choice(
            [whole(), whole(), [whole(), whole()], draw.choice(words), [["0", whole(), whole()]], ["x"]]
        )
        if draw.random() < 0.4:
            value = PARAMETERS[name].kind.write(PARAMETERS[name].default)
        if name == "fees.tiers" and draw.random() < 0.7:
            tiers = [["5", "-500", "500"]], [], [["7", "0", "0"]]
            first = draw.choice([["800", "1000"], ["0", "0"], ["1000000", "1000000"], ["-1000000", "1000000"]])
            value = [["0", *first], *draw.choice(tiers)]
        if name == "prices.unit_of_account" and draw.random() < 0.9:
            value = "USD"
        return {"name": name, "scope": scope, "value": value}

    def _make_cancel_parameter_change(self) -> dict[str, Any]:
        return {"change": self.draw.choice([0, 1, 2, 3, 2**32 - 1]), "reason": "r"}

    def _make_feed_prices(self) -> dict[str, Any]:
        draw = self.draw

        def price() -> str:
            return str(draw.choice([1, 10**18, 10**18 + 10**15, 10**36 - 1, draw.randrange(10**16, 10**20)]))

        if draw.random() < 0.8:
            likely = {"BTC": draw.randint(60, 140) * 10**17, "ETH": draw.randint(60, 140) * 10**15}
            lines = [{"asset": asset, "price": str(likely[asset])} for asset in draw.choice([PRICED, PRICED, ("BTC",)])]
            return {"crosses": [], "prices": lines, "published": self.time_us, "unit": "USD"}
        prices = [{"asset": asset, "price": price()} for asset in draw.sample([*ASSETS, "NONE"], draw.randint(0, 4))]
        crosses = [
            {"currency": name, "price": price()} for name in draw.sample(["JPY", "EUR", "USD"], draw.randint(0, 2))
        ]
        return {
            "crosses": crosses,
            "prices": prices,
            "published": draw.choice([0, self.time_us, self.time_us - 1, MICROS_MAX]),
            "unit": draw.choice(["USD", "USD", "EUR"]),
        }

    def _make_place_orders(self) -> dict[str, Any]:
        draw = self.draw
        orders = [self._order() for _ in range(draw.choice([1, 1, 1, 2, 3, 100]))]
        if len(orders) == 2 and draw.random() < 0.8:
            for order in orders:
                order |= {
                    "market": orders[0]["market"],
                    "oco_group": 7,
                    "kind": "limit",
                    "quote_quantity": None,
                    "time_in_force": "gtc",
                }
            if draw.random() < 0.6:
                orders[1] |= {
                    "trigger": "stop",
                    "trigger_price": "5",
                    "trigger_by": "last",
                    "side": orders[0]["side"],
                    "quantity": orders[0]["quantity"],
                }
        return {"account": self._who(), "orders": orders, "subaccount": self._sub()}

    def _order(self) -> dict[str, Any]:
        draw = self.draw

        def small() -> str:
            return str(draw.choice([1, 2, 3, 5, 8, 9, 10, 11, 12, 100]))

        edge = [None, "1", str(QUANTITY_MAX), str(10**9), str(10**9 + 1), str(2**62)]
        limit = draw.random() < 0.8
        order: dict[str, Any] = {
            "bound": draw.random() < 0.3,
            "client_id": draw.choice([0, 2**32 - 1]),
            "expires": None,
            "kind": "limit" if limit else "market",
            "market": draw.choice([*MARKETS[:6], *DERIVATIVES, "BTC_USD"]) if draw.random() < 0.998 else "NONE",
            "oco_group": None,
            "post_only": draw.random() < 0.1,
            "price": small() if limit or draw.random() < 0.3 else None,
            "quantity": small(),
            "quote_quantity": None,
            "self_trade": draw.choice(["reject-taker", "reject-maker", "reject-both", "allow"]),
            "side": draw.choice(["bid", "ask"]),
            "time_in_force": draw.choice(["gtc"] * 5 + ["ioc", "fok"]) if limit else "ioc",
            "trigger": None,
            "trigger_by": None,
            "trigger_price": None,
        }
        if draw.random() < 0.15:
            order |= {
                "trigger": draw.choice(["stop", "take-profit"]),
                "trigger_price": small(),
                "trigger_by": draw.choice([None, "last", "mark", "index"]),
            }
        if draw.random() < 0.1:
            order |= {
                "time_in_force": "gtt",
                "expires": draw.choice([0, 1, self.time_us, self.time_us + 1, self.time_us + 10**7, MICROS_MAX]),
            }
        if draw.random() < 0.1:
            order |= {
                "quantity": None,
                "quote_quantity": draw.choice(["1", "1000", "100000", str(QUANTITY_MAX), str(10**15)]),
            }
        if draw.random() < 0.1:
            names = ["price", "quantity", "quote_quantity", *(["trigger_price"] if order["trigger"] else [])]
            order[draw.choice(names)] = draw.choice(edge)
        if draw.random() < 0.003:
            order |= {"oco_group": draw.choice([0, 1, 2**32 - 1])}
        # What is as usual is left out.
        if draw.random() < 0.3:
            order["margin"] = True
        if draw.random() < (0.15 if order["market"] in DERIVATIVES else 0.002):
            order["reduce_only"] = True
            if order["trigger"] is not None and draw.random() < 0.5:
                order["whole_position"] = True
        return order

    def _id(self) -> int:
        draw = self.draw
        return draw.choice([*(self.order_ids[-40:] or [4097])] * 3 + [1, 4095, 4096, 4097, QUANTITY_MAX])

    def _make_cancel(self) -> dict[str, Any]:
        return {
            "account": self._who(),
            "orders": [str(self._id()) for _ in range(self.draw.choice([1, 2, 100]))],
            "subaccount": self._sub(),
        }

    def _make_cancel_all(self) -> dict[str, Any]:
        return {
            "account": self._who(),
            "block": self.draw.random() < 0.3,
            "market": self.draw.choice([None, None, *MARKETS]),
            "subaccount": self._sub(),
        }

    def _make_unblock(self) -> dict[str, Any]:
        return {"account": self._who(), "subaccount": self._sub()}

    def _make_amend_order(self) -> dict[str, Any]:
        draw = self.draw

        def number() -> str:
            return str(draw.choice([1, 2, 5, 9, 10, 11, 100, 10**9, QUANTITY_MAX]))

        order = self._id()
        room = self.engine.orders._by_number.get(order % 4096)
        account, subaccount = self._who(), self._sub()
        hold = None if room is None else room.funds.holds.get(order)
        if hold is not None and draw.random() < 0.9:
            account, subaccount = self.engine.orders.shared.purse.owner(hold[0])
        return {
            "account": account,
            "order": str(order),
            "price": number(),
            "quantity": number(),
            "subaccount": subaccount,
        }

    def _make_end_session(self) -> dict[str, Any]:
        return {"session": self.draw.choice(["", "s1", "s2", "s3"])}

    def _make_move(self) -> dict[str, Any]:
        return {
            "account": self._who(),
            "amount": self._amount(),
            "asset": self.draw.choice([*ASSETS, "NONE"]),
            "source": self._sub(),
            "target": self._sub(),
        }

    def _make_credit_deposit(self) -> dict[str, Any]:
        return self._deposit(self._who(), self.draw.choice([*ASSETS, "NONE"]), int(self._amount()))

    def _evidence(self) -> str:
        known = list(self.engine.deposits.deposits)
        return self.draw.choice([*known[-20:], "none"])

    def _make_reverse_deposit(self) -> dict[str, Any]:
        return {"evidence": self._evidence(), "reason": "r"}

    def _request(self) -> str:
        return f"{self.draw.randrange(12):032x}"

    def _make_correct_books(self) -> dict[str, Any]:
        draw = self.draw
        return {
            "amount": self._amount(),
            "asset": draw.choice(ASSETS),
            "reason": "r",
            "reference": draw.choice(["f", "\U0001f4b0" * 64]),
            "source": draw.choice([None, *ACCOUNTS]),
            "target": draw.choice([None, *ACCOUNTS]),
        }

    def _make_tick(self) -> dict[str, Any]:
        return {}

    def _make_cut_hour(self) -> dict[str, Any]:
        now = self.time_us // HOUR_MICROS * HOUR_MICROS
        return {"hour": self.draw.choice([0, 1, now, now - HOUR_MICROS, now + HOUR_MICROS, MICROS_MAX])}

    def _make_fail_hour(self) -> dict[str, Any]:
        return {"code": "rows"} if self.draw.random() < 0.05 else {"code": "x"}
