"""The local socket against clients that mean it no good: what one sends stops nothing and costs what it may."""

from __future__ import annotations

import asyncio
import json
import sys
from types import SimpleNamespace

import pytest

from cli.exchange import server as module
from cli.exchange.server import ENDPOINT, ExchangeServer
from cli.exchange.wire import FRAME_BYTES_MAX, Kind, encode_submission, frame, split_frames
from ledger.door import Fault, Refused, Submission
from ledger.errors import InputError
from ledger.log.record import Scheme


class Exchange:
    """A server over a venue that remembers what it was given and refuses all of it."""

    def __init__(self):
        self.batches, self.sessions, self.ended = [], set(), []
        orders = SimpleNamespace(has_session=lambda source: source in self.sessions)
        venue = SimpleNamespace(engine=SimpleNamespace(orders=orders))
        self.server = ExchangeServer(venue, self.submit, lambda: 1, self.ask, self.end_session)

    def submit(self, submissions):
        self.batches.append(list(submissions))
        return [Refused(each, Fault.MALFORMED) for each in submissions]

    def end_session(self, source):
        self.sessions.discard(source)
        self.ended.append(source)
        return Submission(Scheme.COMMAND, b"end " + source.encode())

    @staticmethod
    def ask(name, question):
        if name == "refuse":
            raise InputError("file", "what", "remedy")
        if name == "full":
            raise OSError(28, "No space left on device")
        return {"time": lambda: 1, "depth": lambda market: market.lower()}[name](**question)


class Client:
    """A connection that sends what it likes."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.data = reader, writer, bytearray()

    async def answers(self, count):
        found = []
        while len(found) < count:
            data = await asyncio.wait_for(self.reader.read(1 << 20), 10)
            if not data:
                return found
            self.data += data
            found += [json.loads(each.content) for each in split_frames(self.data)]
        return found

    async def is_cut_off(self):
        try:
            return await asyncio.wait_for(self.reader.read(1), 10) == b""
        except ConnectionError:
            return True


def serve(tmp_path, scenario):
    """Run a scenario against a server of its own."""

    async def main():
        exchange = Exchange()
        await exchange.server.start(tmp_path)
        endpoint = json.loads((tmp_path / ENDPOINT).read_bytes())

        async def connect(*, token=True):
            client = Client(*await asyncio.open_connection(endpoint["host"], endpoint["port"]))
            if token:
                client.writer.write(frame(0, Kind.TOKEN, endpoint["token"].encode()))
            return client

        await scenario(exchange, connect)
        assert exchange.server.failure is None
        client = await connect()
        client.writer.write(frame(1, Kind.QUESTION, b'{"ask":"time"}'))
        assert await client.answers(1) == [1], "whatever was sent, the next is served"
        await asyncio.wait_for(exchange.server.stop(), 10)
        assert await client.is_cut_off(), "a server that stops waits for nobody"

    asyncio.run(main())


def command(number=1, size=10):
    return frame(number, Kind.COMMAND, encode_submission(Submission(Scheme.API, b"x" * size)))


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"\0\0\0\x08" + bytes(8),
        (FRAME_BYTES_MAX + 1).to_bytes(4, "big"),
        frame(1, Kind.ANSWER, b""),
        b"\0\0\0\x09" + bytes(8) + b"\x63",
        frame(1, Kind.COMMAND, b""),
        frame(1, Kind.COMMAND, b"\x63\x00"),
        frame(1, Kind.COMMAND, b"\x02\xff"),
        frame(1, Kind.COMMAND, b"\x02\x00\xff\xff\xff\xff"),
        frame(1, Kind.LOGIN, b"\x00"),
    ],
)
def test_frames_that_are_none_end_their_connection_alone(tmp_path, sent):
    async def scenario(exchange, connect):
        client, other = await connect(), await connect()
        client.writer.write(sent)
        assert await client.is_cut_off()
        other.writer.write(command())
        assert await other.answers(1)

    serve(tmp_path, scenario)


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"[]",
        b"1",
        b'"time"',
        b"null",
        b"{}",
        b'{"ask":"nothing"}',
        b'{"ask":["time"]}',
        b'{"ask":"time","more":1}',
        b'{"ask":"depth","market":7}',
        b'{"ask":"depth"}',
        b'{"ask":"refuse"}',
        b'{"ask":"full"}',
        b"[" * 100_000,
        b'{"ask":' * 100_000,
        b"\xff",
    ],
)
def test_questions_of_any_form_are_answered(tmp_path, question):
    async def scenario(exchange, connect):
        client = await connect()
        client.writer.write(frame(1, Kind.QUESTION, question))
        [answer] = await client.answers(1)
        assert "error" in answer

    serve(tmp_path, scenario)


def test_a_question_nested_deep_kills_no_process_whose_libraries_lifted_the_limit(tmp_path):
    limit = sys.getrecursionlimit()

    async def scenario(exchange, connect):
        sys.setrecursionlimit(10**6)
        try:
            client = await connect()
            client.writer.write(frame(1, Kind.QUESTION, b"[" * 1_000_000))
            assert "nested too deep" in (await client.answers(1))[0]["error"]
        finally:
            sys.setrecursionlimit(limit)

    serve(tmp_path, scenario)


def test_a_wrong_token_is_one_guess_and_a_long_one_is_not_read(tmp_path):
    async def scenario(exchange, connect):
        token = exchange.server._token.encode()
        guessing = await connect(token=False)
        right = frame(0, Kind.TOKEN, token) + frame(1, Kind.QUESTION, b'{"ask":"time"}')
        guessing.writer.write(frame(0, Kind.TOKEN, b"0" * 64) + right)
        assert await guessing.answers(1) == []
        long = await connect(token=False)
        long.writer.write(FRAME_BYTES_MAX.to_bytes(4, "big"))
        assert await long.is_cut_off()

    serve(tmp_path, scenario)


def test_who_says_no_token_is_cut_off_and_there_are_so_many_connections(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TOKEN_SECONDS", 0.2)
    monkeypatch.setattr(module, "CONNECTIONS_MAX", 3)

    async def scenario(exchange, connect):
        silent = [await connect(token=False) for _ in range(3)]
        assert await (await connect()).is_cut_off()
        assert all([await client.is_cut_off() for client in silent])

    serve(tmp_path, scenario)


def test_a_batch_stays_below_what_the_log_takes_and_a_flood_is_told_busy(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BATCH_BYTES_MAX", 10_000)
    monkeypatch.setattr(module, "WAITING_BYTES_MAX", 40_000)

    async def scenario(exchange, connect):
        clients = [await connect() for _ in range(4)]
        for client in clients:
            client.writer.write(b"".join(command(number, 2_000) for number in range(20)))
        answers = [await client.answers(20) for client in clients]
        reasons = {answer["refused"] for mine in answers for answer in mine}
        assert reasons <= {"busy", "malformed"}
        assert sum(map(len, exchange.batches)) == sum(a["refused"] == "malformed" for mine in answers for a in mine)
        assert max(sum(len(each.signed) + 1_024 for each in batch) for batch in exchange.batches) <= 10_000 + 3_024

    serve(tmp_path, scenario)


def test_what_was_bound_to_a_connection_ends_with_it_and_others_leave_nothing_in_the_log(tmp_path):
    async def scenario(exchange, connect):
        bound, other = await connect(), await connect()
        for client in (bound, other):
            client.writer.write(command())
            await client.answers(1)
        source = exchange.batches[0][0].door.source
        exchange.sessions.add(source)
        for client in (bound, other):
            client.writer.close()
        for _ in range(100):
            await asyncio.sleep(0.01)
            if len(exchange.batches) == 3:
                break
        assert exchange.ended == [source]
        await asyncio.sleep(0.05)
        assert len(exchange.batches) == 3, "a connection that bound nothing costs no command"

    serve(tmp_path, scenario)


def test_a_client_that_goes_away_unanswered_and_one_that_reads_nothing_hold_nobody_up(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "UNREAD_BYTES_MAX", 100_000)

    async def scenario(exchange, connect):
        gone, deaf = await connect(), await connect()
        gone.writer.write(command() * 50)
        await gone.writer.drain()
        gone.writer.transport.abort()
        deaf.writer.transport.pause_reading()
        question = frame(1, Kind.QUESTION, json.dumps({"ask": "depth", "market": "X" * 100_000}).encode())
        try:
            for _ in range(400):
                deaf.writer.write(question)
                await asyncio.wait_for(deaf.writer.drain(), 5)
        except (ConnectionError, TimeoutError):
            pass
        for _ in range(200):
            if len(exchange.server._connections) == 0:
                break
            await asyncio.sleep(0.01)
        assert not exchange.server._connections

    serve(tmp_path, scenario)
