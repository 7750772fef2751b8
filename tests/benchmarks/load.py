"""Slack, as far as the bot's speed is concerned, in a process of its own.

`python -m tests.benchmarks.load [CORE]` prints its Web API's address. Each line on standard input
is a volley (JSON: where the bot is, what is typed, one after the other or all at once); each is
answered with how long every acknowledgement took. It posts signed slash commands over connections
that are open already, as Slack keeps them, and takes late answers at response addresses.

It spends as little as it can between the bytes and the clock: requests are built and signed before
the first is sent, and the time is taken as the last byte of an acknowledgement comes in.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import count

from aiohttp import web

from bot.demo.slack import AIKO, DEFAULT_CHANNELS
from bot.demo.slack.courier import encode, signed_headers
from bot.demo.slack.payloads import slash_command
from bot.demo.slack.workspace import TEAM

SECRET = "a-secret-of-the-benchmark"
ACK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Volley:
    """Slash commands for the bot at `port`; `late` awaits as many answers after the fact."""

    port: int
    texts: list[str]
    at_once: bool
    late: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """Seconds to each acknowledgement, what the acknowledgements hold, seconds to the late ones."""

    seconds: list[float]
    bodies: list[str]
    late_seconds: list[float] = field(default_factory=list)


class _Line(asyncio.Protocol):
    """One kept connection: a request goes out, the time is taken when its answer is complete."""

    def __init__(self) -> None:
        self._received = b""
        self._done: asyncio.Future[tuple[float, bytes]] | None = None
        self._needed: int | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, request: bytes) -> "asyncio.Future[tuple[float, bytes]]":
        assert self._transport is not None
        self._received, self._needed = b"", None
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._done

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._needed is None:
            head, found, _ = self._received.partition(b"\r\n\r\n")
            if not found:
                return
            lengths = [
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ]
            self._needed = len(head) + 4 + lengths[0]
        if len(self._received) >= self._needed and self._done is not None:
            now = asyncio.get_running_loop().time()
            if not self._done.done():
                self._done.set_result((now, self._received))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(exc or ConnectionResetError("the bot hung up"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Slack:
    """The Web API's `auth.test`, and response addresses."""

    def __init__(self) -> None:
        self.base = ""
        self.late: list[float] = []
        self.all_late = asyncio.Event()
        self.awaited = 0

    async def api(self, _request: web.Request) -> web.Response:
        said = {"ok": True, "team": "T", "user": "tlscheck", "team_id": TEAM, "user_id": "U1"}
        return web.json_response(said | {"bot_id": "B1", "url": "https://t.example/"})

    async def respond(self, request: web.Request) -> web.Response:
        await request.read()
        self.late.append(asyncio.get_running_loop().time())
        if len(self.late) >= self.awaited:
            self.all_late.set()
        return web.Response(text="ok")

    def expect(self, number: int) -> None:
        self.late, self.awaited = [], number
        self.all_late.clear()


def _request(slack: _Slack, number: int, text: str) -> bytes:
    payload = slash_command(
        AIKO,
        DEFAULT_CHANNELS[0],
        "/tlscheck",
        text,
        response_url=f"{slack.base}late/{number}",
        trigger_id=f"{os.getpid()}.{number}",
    )
    body, content_type = encode("slash_commands", payload)
    headers = {
        "Host": "bot.example",
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        **signed_headers(SECRET, body, datetime.now(UTC)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /slack/events HTTP/1.1\r\n{head}\r\n".encode() + body


async def _fire(slack: _Slack, volley: Volley, numbers: "count[int]") -> Heard:
    loop = asyncio.get_running_loop()
    slack.expect(volley.late)
    requests = [_request(slack, next(numbers), text) for text in volley.texts]
    lines = [
        (await loop.create_connection(_Line, "127.0.0.1", volley.port))[1]
        for _ in (requests if volley.at_once else requests[:1])
    ]
    heard: list[tuple[float, bytes]] = []
    seconds: list[float] = []
    try:
        begun = loop.time()
        if volley.at_once:
            waiting = [line.send(one) for line, one in zip(lines, requests, strict=True)]
            async with asyncio.timeout(ACK_SECONDS):
                heard = list(await asyncio.gather(*waiting))
            seconds = [at - begun for at, _ in heard]
        else:
            for one in requests:
                sent = loop.time()
                async with asyncio.timeout(ACK_SECONDS):
                    heard.append(await lines[0].send(one))
                seconds.append(heard[-1][0] - sent)
        if volley.late:
            async with asyncio.timeout(60):
                await slack.all_late.wait()
    finally:
        for line in lines:
            line.close()
    return Heard(seconds, _bodies(heard), [at - begun for at in slack.late])


def _bodies(heard: Sequence[tuple[float, bytes]]) -> list[str]:
    """The text of each acknowledgement; raises for one that is not 200."""
    bodies = []
    for _, answer in heard:
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            msg = f"not acknowledged: {head[:100]!r}"
            raise RuntimeError(msg)
        bodies.append(str(json.loads(body)["text"]) if body else "")
    return bodies


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    slack = _Slack()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", slack.api)
    app.router.add_post("/late/{number}", slack.respond)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        slack.base = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        print(json.dumps({"api": f"{slack.base}api/"}), flush=True)
        asked = asyncio.StreamReader(limit=2**24)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
        numbers = count()
        while line := await asked.readline():
            heard = await _fire(slack, Volley(**json.loads(line)), numbers)
            print(json.dumps(asdict(heard)), flush=True)
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.sched_setaffinity(0, {int(sys.argv[1])})
    asyncio.run(_serve())
