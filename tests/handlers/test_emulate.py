"""The same flows against a Slack that nobody here wrote: npm's `emulate`.

It knows the Web API, not slash commands or buttons (those are signed and sent by the test), and it
checks no blocks. Reading back goes through the synchronous client: `emulate` does not route the
asynchronous one's GET requests.
"""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from pydantic import SecretStr
from slack_sdk import WebClient

from bot.demo.lab import open_lab
from bot.demo.slack.courier import signed_headers
from bot.demo.vantages import lab_vantage
from bot.settings import load_settings
from bot.texts import phrase_report
from handlers.serve import Serving, serve
from tests.handlers.waiting import until

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TOKEN = "test_token_admin"
NODE = shutil.which("node")
EMULATE = Path(__file__).parents[2] / ".venv/node/node_modules/emulate/dist/index.js"

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(
        NODE is None or not EMULATE.exists(),
        reason="needs Node.js and npm's emulate (.ci/run installs it into .venv/node)",
    ),
]


@dataclass(frozen=True)
class Emulated:
    """The bot at work on emulate's Slack."""

    slack: WebClient
    slack_url: str
    events_url: str
    channel: str

    async def send(self, form: dict[str, str]) -> Any:
        """Deliver a signed form as Slack would; the acknowledgement's JSON, or its text."""
        body = urlencode(form).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                self.events_url,
                data=body,
                headers=headers | signed_headers(SECRET, body, datetime.now(UTC)),
            ) as answer,
        ):
            assert answer.status == 200
            text = await answer.text()
        return json.loads(text) if text.startswith("{") else text

    async def shared(self) -> list[dict[str, Any]]:
        """The messages with blocks that stand in the channel."""
        history = await asyncio.to_thread(self.slack.conversations_history, channel=self.channel)
        return [one for one in history["messages"] if one.get("blocks")]


async def _up_or_gone(program: asyncio.subprocess.Process, url: str) -> bool:
    if program.returncode is not None:
        return True
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status < 500
    except aiohttp.ClientError:
        return False


async def _start() -> tuple[asyncio.subprocess.Process, str] | None:
    """Start emulate; None when somebody else took its port before it could."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert NODE is not None
    program = await asyncio.create_subprocess_exec(
        NODE,
        str(EMULATE),
        "start",
        "--service",
        "slack",
        "--port",
        str(port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert program.stdout is not None
    async with asyncio.timeout(60):
        # It says its address once it is up; the end of its words means that it is gone.
        while line := await program.stdout.readline():
            if str(port).encode() in line and b"http" in line:
                break
        else:
            await program.wait()
            return None
    url = f"http://127.0.0.1:{port}"
    await until(lambda: _up_or_gone(program, url), 30)
    return (program, url) if program.returncode is None else None


@asynccontextmanager
async def _emulate() -> AsyncIterator[str]:
    # It takes no port 0, and the one that was free may be taken a moment later.
    started = None
    for _ in range(5):
        started = started or await _start()
    assert started is not None, "emulate did not start"
    program, url = started
    try:
        yield url
    finally:
        program.terminate()
        await program.wait()


@pytest.fixture
async def emulated(redis_url: str) -> AsyncIterator[Emulated]:
    """The real bot over HTTP, the lab, and emulate."""
    async with open_lab() as lab, _emulate() as url:
        slack = WebClient(TOKEN, base_url=f"{url}/api/")
        listed = await asyncio.to_thread(slack.conversations_list)
        settings = load_settings(
            _env_file=None,
            slack_bot_token=SecretStr(TOKEN),
            slack_signing_secret=SecretStr(SECRET),
            slack_app_token=None,
            slack_api_url=f"{url}/api/",
            redis_url=SecretStr(redis_url),
            port=0,
            tlscheck_allow_networks=" ".join(lab.networks),
        )
        stop = asyncio.Event()
        started: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
        bot = asyncio.create_task(
            serve(
                settings,
                open_vantage=lab_vantage(lab),
                phrase=phrase_report,
                stop=stop,
                started=started.set_result,
                host="127.0.0.1",
            )
        )
        try:
            async with asyncio.timeout(30):
                serving = await started
            yield Emulated(
                slack,
                url,
                f"http://127.0.0.1:{serving.port}/slack/events",
                str(listed["channels"][0]["id"]),
            )
        finally:
            stop.set()
            await bot


def _command(emulated: Emulated, text: str) -> dict[str, str]:
    return {
        "token": "x",
        "team_id": "T000000001",
        "team_domain": "emulate",
        "channel_id": emulated.channel,
        "channel_name": "general",
        "user_id": "U000000001",
        "user_name": "admin",
        "command": "/tlscheck",
        "text": text,
        "api_app_id": "A1",
        "response_url": f"{emulated.slack_url}/services/T000000001/B000000001/X000000001",
        "trigger_id": "1.2.3",
    }


def _press(emulated: Emulated, answer: dict[str, Any], action_id: str) -> dict[str, str]:
    buttons = [
        element
        for block in answer["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    pressed = next(one for one in buttons if one["action_id"] == action_id)
    payload = {
        "type": "block_actions",
        "team": {"id": "T000000001", "domain": "emulate"},
        "user": {"id": "U000000001", "name": "admin", "team_id": "T000000001"},
        "api_app_id": "A1",
        "token": "x",
        "container": {
            "type": "message",
            "message_ts": "1.0001",
            "channel_id": emulated.channel,
            "is_ephemeral": True,
        },
        "trigger_id": f"4.5.{action_id}",
        "channel": {"id": emulated.channel, "name": "general"},
        "state": {"values": {}},
        "response_url": f"{emulated.slack_url}/services/T000000001/B000000001/X000000001",
        "actions": [
            {
                "type": "button",
                "action_id": action_id,
                "block_id": "b",
                "value": pressed.get("value", ""),
                "text": pressed["text"],
                "action_ts": "1.0002",
            }
        ],
    }
    return {"payload": json.dumps(payload)}


async def test_an_answer_is_shared_into_the_channel(emulated: Emulated) -> None:
    """The command is answered in its acknowledgement; Share posts it through chat.postMessage."""
    answer = await emulated.send(_command(emulated, "missing-intermediate.lab.test"))
    assert answer["response_type"] == "ephemeral"
    assert "does not send its intermediate certificate" in answer["text"]
    await emulated.send(_press(emulated, answer, "tlscheck_share"))
    await until(emulated.shared)
    shared = await emulated.shared()
    assert "missing-intermediate.lab.test" in json.dumps(shared[0])
    assert len(shared) == 1
    # The same press, delivered once more, posts nothing more.
    await emulated.send(_press(emulated, answer, "tlscheck_share"))
    assert len(await emulated.shared()) == 1
