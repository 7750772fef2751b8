"""The program as it is run, with a real check of a server that hangs."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from bot.demo.slack.server import open_slack
from bot.demo.slack.workspace import AIKO
from tests.diagnosis.test_aia import raw_server
from tests.handlers.conftest import APP_TOKEN, BOT_TOKEN, SECRET
from tests.handlers.owed.town import CHANNEL
from tests.handlers.waiting import until

PROMISED_SECONDS = 30.0


@asynccontextmanager
async def serving(
    api_url: str, redis_url: str
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """`tlscheck serve`, ready; its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "serve",
        stderr=asyncio.subprocess.PIPE,
        env={
            "PATH": os.environ["PATH"],
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": api_url,
            "REDIS_URL": redis_url,
            "PORT": "0",
            "TLSCHECK_ALLOW_NETWORKS": "127.0.0.0/8",
            "TLSCHECK_LOG": "json",
        },
    )
    assert process.stderr is not None
    try:
        port = 0
        async with asyncio.timeout(60):
            while not port:
                line = await process.stderr.readline()
                assert line
                port = json.loads(line).get("port", 0)
        reading = asyncio.create_task(process.stderr.read())
        # For each of IPv4 and IPv6 any free port was taken; the first is named.
        yield f"http://localhost:{port}/slack/events", process
        reading.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_the_promise(redis_url: str) -> None:
    """Killed in the middle of a handshake; the other one's answer is there within 30 s."""
    told = asyncio.Event()

    async def hang(writer: asyncio.StreamWriter) -> None:
        await told.wait()
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()

    async with (
        raw_server(hang) as (port, visits),
        open_slack(signing_secret=SECRET, bot_token=BOT_TOKEN, app_token=APP_TOKEN) as slack,
        serving(slack.api_url, redis_url) as (url, one),
        serving(slack.api_url, redis_url),
    ):
        slack.events_url = url
        asked = await slack.command(AIKO, CHANNEL, f"127.0.0.1:{port} --timeout 60")
        assert asked.message is not None
        assert "Checking" in asked.message.text
        await until(lambda: visits)
        one.kill()
        await one.wait()
        seen, since = len(visits), monotonic()
        await until(lambda: len(visits) > seen, PROMISED_SECONDS)
        told.set()
        answer = "Something other than TLS answers"
        await until(
            lambda: answer in str(slack.messages(CHANNEL, AIKO)),
            PROMISED_SECONDS - (monotonic() - since),
        )
        answers = [one for one in slack.messages(CHANNEL, AIKO) if answer in str(one.blocks)]
        assert len(answers) == 1
