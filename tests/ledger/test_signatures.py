"""The two signature schemes: what bytes say, for how long, and that they have one reading."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import canonical
from ledger.errors import FormatError
from ledger.keys import LABEL_COMMAND, SigningKey, verify_message
from ledger.log.record import Scheme, Signed
from ledger.replay import ReplayCache
from ledger.signatures import (
    COMMAND_WINDOW_US,
    FUTURE_US_MAX,
    api_string,
    command_bytes,
    parse_api,
    parse_command,
    sign_api,
    sign_command,
    time_problem,
    verify_one,
)

KEY, OTHER = SigningKey(bytes(range(32))), SigningKey(bytes(32))
T = 1_700_000_000_000
ORDER = {"symbol": "SOL_USDC", "side": "Bid", "price": "20.5", "quantity": "1", "postOnly": "true"}
ORDER_TEXT = "postOnly=true&price=20.5&quantity=1&side=Bid&symbol=SOL_USDC"


def test_the_api_string_is_the_one_of_the_specification():
    assert api_string([("orderExecute", ORDER)], T) == (
        f"instruction=orderExecute&{ORDER_TEXT}&timestamp={T}&window=5000".encode()
    )
    two = f"instruction=orderExecute&{ORDER_TEXT}&instruction=orderExecute&{ORDER_TEXT}&timestamp={T}&window=60000"
    assert api_string([("orderExecute", ORDER)] * 2, T, 60000) == two.encode()
    assert [(i.name, dict(i.parameters)) for i in parse_api(two.encode()).instructions] == [("orderExecute", ORDER)] * 2
    bare = parse_api(f"instruction=subscribe&timestamp={T}&window=5000".encode())
    assert bare.names == ("subscribe",)
    assert (bare.issued_us, bare.expires_us) == (T * 1000, (T + 5000) * 1000)


END = f"&timestamp={T}&window=5000"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "instruction=orderCancel",
        f"timestamp={T}&window=5000",
        f"a=1&instruction=orderCancel{END}",
        f"instruction=orderCancel&b=1&a=1{END}",
        f"instruction=orderCancel&a=1&a=1{END}",
        f"instruction=orderCancel&a={END}",
        f"instruction=orderCancel&a=1=2{END}",
        f"instruction=orderCancel&a=%20{END}",
        f"instruction=orderCancel&a= 1{END}",
        f'instruction=orderCancel&a="1"{END}',
        f"instruction=orderCancel&&a=1{END}",
        f"instruction=orderCancel&a=é{END}",
        f"instruction=orderCancel&a=1\n{END}",
        f"instruction=orderCancel&timestamp=1{END}",
        f"instruction=orderCancel&window=1{END}",
        f"instruction=orderCancel&1a=1{END}",
        f"instruction={END}",
        f"instruction=orderCancel&window=5000&timestamp={T}",
        f"instruction=orderCancel&timestamp=0{T}&window=5000",
        f"instruction=orderCancel&timestamp=+{T}&window=5000",
        f"instruction=orderCancel&timestamp={T}&window=05000",
        f"instruction=orderCancel&timestamp={T}&window=0",
        f"instruction=orderCancel&timestamp={T}&window=60001",
        f"instruction=orderCancel&timestamp={T}&window=5000&",
        f"instruction=orderCancel&timestamp={T}&window=5000\n",
        f"instruction=orderCancel&a={'x' * 513}{END}",
        f"instruction=orderCancel&instruction=orderCancel{END}",
        f"instruction=orderExecute&instruction=withdraw{END}",
        "&".join(["instruction=orderExecute"] * 51) + END,
    ],
)
def test_a_string_written_otherwise_is_refused(text):
    with pytest.raises(FormatError):
        parse_api(text.encode())


@given(st.binary(max_size=80) | st.text("instruction=&aZ0.timestamp=window", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused_and_nothing_else(data):
    for read in (parse_api, lambda d: parse_command(d, "x.test")):
        with suppress(FormatError):
            read(data)


names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda n: n not in {"instruction", "timestamp", "window"}
)
values = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"%&'=\\"), min_size=1)


@given(st.dictionaries(names, values, max_size=5), st.integers(1, 10**14), st.integers(1, 60000))
def test_what_is_written_is_what_is_read(parameters, timestamp, window):
    request = parse_api(api_string([("orderCancel", parameters)], timestamp, window))
    assert [(i.name, dict(i.parameters)) for i in request.instructions] == [("orderCancel", parameters)]


def test_a_command_is_canonical_json_for_this_exchange_with_type_and_nonce():
    signed = command_bytes("x.test", "order.place", 5, {"account": "a-1"})
    assert signed == b'{"account":"a-1","exchange":"x.test","nonce":5,"type":"order.place"}'
    request = parse_command(signed, "x.test")
    assert request.command is not None
    assert request.names == ("order.place",)
    assert request.expires_us == 5 + COMMAND_WINDOW_US
    good = {"exchange": "x.test", "nonce": 5, "type": "order.place"}
    for bad in (
        canonical(good | {"exchange": "y.test"}),
        canonical(good | {"nonce": "5"}),
        canonical(good | {"nonce": 0}),
        canonical(good | {"nonce": True}),
        canonical(good | {"type": "Order"}),
        canonical([good]),
        b" " + canonical(good),
    ):
        with pytest.raises(FormatError):
            parse_command(bad, "x.test")


def test_a_signature_holds_for_its_bytes_key_and_scheme_only():
    command, text = command_bytes("x.test", "order.place", 5, {}), api_string([("orderCancel", {})], T)
    for scheme, signed, signature in (
        (Scheme.COMMAND, command, sign_command(KEY, command)),
        (Scheme.API, text, sign_api(KEY, text)),
    ):
        assert verify_one(scheme, signed, signature)
        assert not verify_one(scheme, signed + b" ", signature)
        assert not verify_one(scheme, signed, Signed(OTHER.public, signature.signature))
        other = Scheme.API if scheme is Scheme.COMMAND else Scheme.COMMAND
        assert not verify_one(other, signed, signature)


def test_a_raw_message_cannot_pass_for_a_labelled_one():
    digest = bytes(32)
    labelled = LABEL_COMMAND.encode() + b"\0" + digest
    signature = KEY.sign(LABEL_COMMAND, digest)
    assert verify_message(KEY.public, labelled, signature)
    assert not verify_one(Scheme.API, labelled, Signed(KEY.public, signature))
    with pytest.raises(ValueError, match="look like"):
        KEY.sign_message(labelled)


def test_a_request_holds_from_a_second_before_its_time_to_the_end_of_its_window():
    request = parse_api(api_string([("orderCancel", {})], T, 1))
    start, end = T * 1000, T * 1000 + 1000
    assert time_problem(request, start - FUTURE_US_MAX - 1) == "early"
    assert time_problem(request, start - FUTURE_US_MAX) is None
    assert time_problem(request, end) is None
    assert time_problem(request, end + 1) == "late"


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3_000_000), st.integers(0, 2_000_000)), max_size=60))
def test_what_is_remembered_is_bounded_and_forgets_nothing_that_still_holds(steps):
    cache, now, model = ReplayCache(), 1_700_000_000_000_000, {}
    for name, window, pause in steps:
        now += pause
        cache.advance(now)
        expires = now + window
        held = {n: e for n, e in model.items() if e >= now}
        admitted = cache.admit(bytes([name]), expires)
        if name in held:
            assert not admitted
        if admitted:
            model[name] = expires
        assert all(expiry >= now - 1_000_000 for expiry in (model[int(n[0])] for n in cache._expiry))
