"""What is sent about customers, keys and listings, and the clock: a part of the table in `generators`."""

from __future__ import annotations

from typing import Any

from ledger.commands import (
    BlockAccount,
    CreditDeposit,
    HaltMarket,
    ListAsset,
    ListMarket,
    OpenAccount,
    OpenMarket,
    SetAssetFacts,
    SetConsent,
    SetCustomer,
    SetWallet,
    Tick,
)
from ledger.commands.customers import CLIENT_CLASSES, CONSENTS, RELATIONS
from ledger.commands.listing import MARKET_STATES
from ledger.door import Submission
from ledger.keys import SigningKey
from tests.simulation.world import ASSETS, MARKETS, Person, World

__all__ = [
    "asset_facts",
    "block",
    "change_house_keys",
    "change_keys",
    "consent",
    "customer_facts",
    "halt",
    "list_something",
    "open_account",
    "registration",
    "tick",
    "wallet",
]


# Customers and keys.


def open_account(world: World) -> list[Submission]:
    """A newcomer with a first key and some money; at times an account that is open already."""
    rng = world.rng
    person = world.new_person() if rng.random() < 0.95 or not world.opened else world.someone()
    kind = rng.choice(("assigned", "email"))
    data, identity = (None, None) if kind == "assigned" else (world.new_id("data"), world.new_id("identity") * 2)
    referrer = None  # a referrer's share is in no fact but the balance, and the plain twin would not know it
    facts = (rng.choice(CLIENT_CLASSES), rng.choice(("JP", "US-NY", "AE")), rng.choice(RELATIONS))
    account = OpenAccount(person.account, "main", kind, data, identity, *facts, referrer)
    deposits = [
        CreditDeposit(
            person.account, "", asset, rng.randint(1, 9) * 10 ** ASSETS[asset][0], "wallet-1", world.evidence("first")
        )
        for asset in world.listed_assets
    ]
    if "USD" in world.listed_assets:
        usd = CreditDeposit(person.account, "", "USD", 10**7 + 1, "wallet-1", world.evidence("first"))
        deposits.append(usd)
    return [world.by_service(account), registration(world, person), *map(world.by_service, deposits)]


def registration(world: World, person: Person) -> Submission:
    """The first key of an account, by the service that opened it."""
    return world.signed_document(_registration(person.account, person.keys[0]), world.service, person.keys[0])


def _registration(owner: str, key: SigningKey, role: str = "customer", expires: int | None = None) -> dict[str, Any]:
    permissions = {"customer": ["read", "trade", "withdraw"], "session": ["read", "trade"]}.get(role, [])
    fields: dict[str, Any] = {"type": "keys.register", "expires": expires, "key": key.public.hex(), "owner": owner}
    return {**fields, "permissions": permissions, "role": role}


def change_keys(world: World) -> list[Submission]:
    """A customer registers, rotates or revokes a key of their own."""
    person, rng = world.someone(), world.rng
    signer, kind = person.keys[0], rng.random()
    if kind < 0.4 and len(person.keys) < 4:
        role = rng.choice(("customer", "session"))
        expires = world.now_us + rng.choice((10**6, 10**9, 10**10)) if role == "session" or kind < 0.05 else None
        new = world.new_key(person)
        return [world.signed_document(_registration(person.account, new, role, expires), signer, new)]
    if kind < 0.7:
        old, new = rng.choice(person.keys), world.new_key(person)
        document = {"type": "keys.rotate", "key": old.public.hex(), "new": new.public.hex()}
        return [world.signed_document(document, signer, new)]
    ended = rng.choice(person.keys[1:] or person.keys)
    if len(person.keys) == 1:
        return []
    return [world.signed_document({"type": "keys.revoke", "key": ended.public.hex()}, signer)]


def change_house_keys(world: World) -> list[Submission]:
    """Two operators rotate the service's key or one of their own, or take a third operator in and out."""
    rng, number = world.rng, world.count()
    operators = world.operators[:2]
    new = SigningKey(number.to_bytes(32, "big"))
    world.known_keys[new.public] = new
    kind = rng.random()
    if kind < 0.3 and len(world.operators) < 4:
        document = _registration(f"operator-{number}", new, "operator")
        return [world.signed_document(document, *operators, new)]
    if kind < 0.5 and len(world.operators) > 2:
        document = {"type": "keys.revoke", "key": world.operators[-1].public.hex()}
        return [world.signed_document(document, *operators)]
    old = rng.choice((world.service, operators[0]))
    document = {"type": "keys.rotate", "key": old.public.hex(), "new": new.public.hex()}
    return [world.signed_document(document, *operators, new)]


def customer_facts(world: World) -> list[Submission]:
    """Another class or domicile."""
    rng = world.rng
    facts = (rng.choice(CLIENT_CLASSES), rng.choice(("JP", "FR", "US-CA")), rng.choice(RELATIONS))
    return [world.by_service(SetCustomer(world.someone().account, *facts))]


def consent(world: World) -> list[Submission]:
    """A customer agrees, or no longer does."""
    person, rng = world.someone(), world.rng
    text = world.new_id("text") * 2
    return [world.by(person, SetConsent(person.account, rng.choice(CONSENTS), rng.random() < 0.7, text))]


def block(world: World) -> list[Submission]:
    """An operator's kill switch, lifted at once or later by chance."""
    account = world.someone().account
    blocked = world.rng.random() < 0.4
    return [world.signed(BlockAccount(account, blocked, "a reason"), world.operators[0])]


# The house.


def list_something(world: World) -> list[Submission]:
    """The next asset or market, or one that is there already."""
    rng = world.rng
    name, (scale, chain) = rng.choice([*ASSETS.items()])
    if name not in world.listed_assets or rng.random() < 0.3:
        return [world.by_operators(ListAsset(name, scale, chain, "native", "", "", ""))]
    symbol, shape = rng.choice([*MARKETS.items()])
    market = ListMarket(symbol, shape.base, shape.quote, shape.tick, shape.step, 1, 10**6)
    opened = OpenMarket(symbol, "open", "opening")
    return [world.by_operators(market), world.by_operators(opened)]


def asset_facts(world: World) -> list[Submission]:
    """Other master data."""
    asset = world.rng.choice(world.listed_assets)
    return [
        world.by_operators(SetAssetFacts(asset, ASSETS[asset][1], world.rng.choice(("native", "0xab")), "", "", ""))
    ]


def wallet(world: World) -> list[Submission]:
    """What a wallet is."""
    rng = world.rng
    owner, custodian = rng.choice(("client", "own", "guarantee")), rng.choice(("online", "offline", "custodian"))
    return [world.by_operators(SetWallet(rng.choice(world.wallets), "main", owner, custodian, "eip155:1"))]


def halt(world: World) -> list[Submission]:
    """A market or the venue is halted in some degree, and mostly opened again at once."""
    rng = world.rng
    market = rng.choice((None, *world.listed_markets))
    halted = world.signed(HaltMarket(market, rng.choice(MARKET_STATES[1:]), "a halt"), world.operators[0])
    again = [world.by_operators(OpenMarket(each, "open", "over")) for each in (market, None)]
    return [halted] if rng.random() < 0.2 else [halted, *again]


def tick(world: World) -> list[Submission]:
    """Time passes."""
    return [world.by_service(Tick())]
