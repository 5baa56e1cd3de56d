"""What a client must not get away with: a table of forgeries, each of which door or engine refuses.

A forgery is made of an honest submission or from nothing; None where it cannot be made of this one.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from ledger.commands import CorrectBooks, CreditDeposit, HaltMarket, MoveBetweenSubaccounts, RequestWithdrawal, Tick
from ledger.door import Submission
from ledger.keys import SigningKey
from ledger.log.record import Scheme, Signed
from ledger.signatures import sign_api, sign_command
from tests.simulation.world import World, derived_key

__all__ = ["HOSTILE", "Forgery"]

Forgery = Callable[[World, Submission], Submission | None]


def _sign(key: SigningKey, scheme: Scheme, data: bytes) -> Signed:
    return sign_api(key, data) if scheme is Scheme.API else sign_command(key, data)


def _again(world: World, honest: Submission, data: bytes) -> Submission | None:
    """Other bytes under good signatures of the same keys."""
    keys = [world.known_keys.get(signed.key) for signed in honest.signatures]
    if not keys or data == honest.signed:
        return None
    return honest._replace(
        signed=data, signatures=tuple(_sign(key, honest.scheme, data) for key in keys if key is not None)
    )


def _document(honest: Submission) -> dict[str, object] | None:
    return json.loads(honest.signed) if honest.scheme is Scheme.COMMAND else None


def _compact(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def _changed(
    world: World, honest: Submission, document: dict[str, object] | None, **fields: object
) -> Submission | None:
    """The same command with other fields, signed again."""
    return None if document is None else _again(world, honest, _compact({**document, **fields}))


def flipped_signature(world: World, honest: Submission) -> Submission | None:
    """One bit of a signature is another."""
    if not honest.signatures:
        return None
    first, *rest = honest.signatures
    place = world.rng.randrange(64)
    changed = bytearray(first.signature)
    changed[place] ^= 1 << world.rng.randrange(8)
    return honest._replace(signatures=(Signed(first.key, bytes(changed)), *rest))


def empty_signature(world: World, honest: Submission) -> Submission | None:
    """Zeros: a point of small order."""
    if not honest.signatures:
        return None
    return honest._replace(signatures=tuple(Signed(signed.key, bytes(64)) for signed in honest.signatures))


def signature_of_other_bytes(world: World, honest: Submission) -> Submission | None:
    """A true signature of the same key, over something else."""
    if honest.scheme is not Scheme.COMMAND:
        return None
    other = world.by_service(Tick())
    keys = [world.known_keys[signed.key] for signed in honest.signatures if signed.key in world.known_keys]
    return honest._replace(signatures=tuple(sign_command(key, other.signed) for key in keys))


def bytes_changed_after_signing(world: World, honest: Submission) -> Submission | None:
    """One byte of what was signed is another."""
    if not honest.signatures:
        return None
    changed = bytearray(honest.signed)
    changed[world.rng.randrange(len(changed))] ^= 1
    return honest._replace(signed=bytes(changed))


def unknown_key(world: World, honest: Submission) -> Submission | None:
    """A stranger signs."""
    key = derived_key("stranger", world.count())
    return honest._replace(signatures=(_sign(key, honest.scheme, honest.signed),)) if honest.signatures else None


def ended_key(world: World, honest: Submission) -> Submission | None:
    """A key that was rotated or revoked signs what its owner may well want."""
    ended = [(person, key) for person in world.people.values() for key in person.ended]
    if not ended:
        return None
    person, key = world.rng.choice(ended)
    return world.signed(MoveBetweenSubaccounts(person.account, "", "bot", "USD", 1), key)


def another_account(world: World, honest: Submission) -> Submission | None:
    """One customer signs for another."""
    victim, thief = world.someone(), world.someone()
    if victim is thief:
        return None
    command = RequestWithdrawal(victim.account, "", "USD", 1, "thief", world.new_id("theft"))
    return world.signed(command, thief.keys[0])


def another_exchange(world: World, honest: Submission) -> Submission | None:
    """Bytes that were signed for another exchange."""
    document = _document(honest)
    return _changed(world, honest, document, exchange="another.exchange")


def unknown_field(world: World, honest: Submission) -> Submission | None:
    """A field that the command does not have."""
    document = _document(honest)
    if document is None or str(document["type"]).startswith("keys."):
        return None
    return _again(world, honest, _compact({**document, "zzz": 1}))


def missing_field(world: World, honest: Submission) -> Submission | None:
    """A field of the command is not there."""
    document = _document(honest)
    fields = [] if document is None else sorted(document.keys() - {"expires"})
    if document is None or str(document["type"]).startswith("keys."):
        return None
    document.pop(world.rng.choice(fields))
    return _again(world, honest, _compact(document))


def loose_json(world: World, honest: Submission) -> Submission | None:
    """The same object, spelled otherwise."""
    if honest.scheme is not Scheme.COMMAND:
        return None
    data = honest.signed
    spellings = (
        data + b" ",
        b" " + data,
        data.replace(b",", b", ", 1),
        data[:-1],
        data[:-1] + b',"type":"tick"}',
        b"[" + data + b"]",
        data.replace(b'"nonce":', b'"nonce":0.', 1),
        b"\xff" + data,
        b"",
        b"null",
        b"[" * 30_000,
    )
    return _again(world, honest, world.rng.choice(spellings))


def loose_api_string(world: World, honest: Submission) -> Submission | None:
    """An API string in another order, with something twice, or with more than ASCII."""
    person = world.someone()
    tail = f"&timestamp={world.now_us // 1000}&window=5000".encode()
    spellings = (
        b"instruction=orderCancelAll&symbol=BTC_USD&symbol=BTC_USD" + tail,
        b"instruction=orderExecute&side=Bid&price=1&orderType=Limit&quantity=1&symbol=BTC_USD" + tail,
        b"instruction=orderCancelAll&symbol=BTC%5fUSD" + tail,
        b"instruction=orderCancelAll" + tail[: len(tail) // 2],
        b"instruction=orderCancelAll&instruction=orderCancelAll" + tail,
        b"instruction=noSuchThing" + tail,
        "instruction=orderCancelAll&symbol=é".encode() + tail,
        b"instruction=orderCancelAll&symbol=NONE" + tail,
        b"&" * 1_000 + tail,
    )
    data = world.rng.choice(spellings)
    return Submission(Scheme.API, data, (sign_api(person.keys[0], data),))


def too_long(world: World, honest: Submission) -> Submission | None:
    """More than 64 KiB."""
    document = _document(honest)
    return _changed(world, honest, document, zzz="z" * 70_000)


def early_or_late(world: World, honest: Submission) -> Submission | None:
    """Signed for a time that is not now."""
    document = _document(honest)
    shift = world.rng.choice((2_000_000, 10**9, -80_000_000, -(10**12)))
    return _changed(world, honest, document, nonce=world.now_us + shift)


def one_operator(world: World, honest: Submission) -> Submission | None:
    """One operator alone, or one of them twice, moves money by hand."""
    command = CorrectBooks(None, world.someone().account, "USD", 10**6, "for myself", "none")
    return world.signed(command, *world.operators[:1] * world.rng.choice((1, 2)))


def customer_as_house(world: World, honest: Submission) -> Submission | None:
    """A customer gives what only the house gives."""
    person = world.someone()
    commands = (
        CreditDeposit(person.account, "", "USD", 10**9, "wallet-1", world.evidence("invented")),
        HaltMarket(None, "closed", "spite"),
        Tick(),
    )
    return world.signed(world.rng.choice(commands), person.keys[0])


def service_as_customer(world: World, honest: Submission) -> Submission | None:
    """The service takes a customer's money."""
    command = RequestWithdrawal(world.someone().account, "", "USD", 1, "inside-job", world.new_id("theft"))
    return world.by_service(command)


def session_of_nobody(world: World, honest: Submission) -> Submission | None:
    """Unsigned bytes over a connection on which nobody logged in."""
    person = world.someone()
    move = world.by_session(person, MoveBetweenSubaccounts(person.account, "", "bot", "USD", 1), "session-1")
    return move._replace(session_key=b"")


def session_for_another(world: World, honest: Submission) -> Submission | None:
    """A session speaks for another account, or withdraws."""
    victim, thief = world.someone(), world.someone()
    if victim is thief:
        command = RequestWithdrawal(victim.account, "", "USD", 1, "unsigned", world.new_id("theft"))
        return world.by_session(victim, command, "session-1")
    moved = world.by_session(victim, MoveBetweenSubaccounts(victim.account, "", "bot", "USD", 1), "session-1")
    return moved._replace(session_key=thief.keys[0].public)


def other_scheme(world: World, honest: Submission) -> Submission | None:
    """Bytes of one scheme handed in as the other."""
    if honest.scheme is Scheme.SESSION:
        return None
    return honest._replace(scheme=Scheme.API if honest.scheme is Scheme.COMMAND else Scheme.COMMAND)


HOSTILE: dict[str, Forgery] = {
    forgery.__name__.replace("_", "-"): forgery
    for forgery in (
        flipped_signature,
        signature_of_other_bytes,
        bytes_changed_after_signing,
        unknown_key,
        ended_key,
        another_account,
        another_exchange,
        unknown_field,
        missing_field,
        loose_json,
        loose_api_string,
        too_long,
        early_or_late,
        one_operator,
        customer_as_house,
        service_as_customer,
        session_of_nobody,
        session_for_another,
        other_scheme,
        empty_signature,
    )
}
