"""Starting, being asked how it goes, refusing what is not from Slack, and ending."""

import asyncio
import json
import os
import signal
import socket
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from pydantic import SecretStr

from bot.demo.slack.courier import signed_headers
from bot.demo.slack.workspace import AIKO
from bot.settings import Settings, SettingsError
from handlers.serve import serve
from handlers.slack import limits
from tests.handlers.conftest import SECRET, Run, Running
from tests.handlers.waiting import until

CHANNEL = "incident-shop"
FORM = "application/x-www-form-urlencoded"


async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """POST, and the status that came back."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers={"Content-Type": FORM} | headers) as answer,
    ):
        return answer.status


async def get(url: str) -> tuple[int, Any]:
    """GET, and status with JSON."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.json()


async def test_an_unsigned_request_is_refused(run: Run) -> None:
    """401, and nothing is checked."""
    async with run() as bot:
        body = b"command=%2Ftlscheck&text=shop.example.jp&user_id=U1&team_id=T0STANDIN"
        url = f"{bot.url}slack/events"
        wrong = signed_headers("another secret", body, datetime.now(UTC))
        stale = signed_headers(
            SECRET, body, datetime.now(UTC) - timedelta(seconds=limits.SIGNATURE_SECONDS + 1)
        )
        early = signed_headers(
            SECRET, body, datetime.now(UTC) + timedelta(seconds=limits.SIGNATURE_SECONDS + 10)
        )
        fresh = signed_headers(SECRET, body, datetime.now(UTC))
        assert await post(url, body, {}) == 401
        assert await post(url, body, wrong) == 401
        assert await post(url, body, stale) == 401
        assert await post(url, body, early) == 401
        assert await post(url, body + b"&x=1", fresh) == 401
        assert bot.vantage.asked == []
        assert await post(url, body, fresh) == 200
        assert len(bot.vantage.asked) == 1


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"x" * (300 * 1024), FORM, 413),
        (b"\xff\xfe", FORM, 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 401),
        (b"payload=%7B", FORM, 400),
        (b"", FORM, 401),
    ],
    ids=["large", "no text", "no JSON", "a list", "no payload", "nothing"],
)
async def test_a_malformed_request_is_refused_quietly(
    run: Run, body: bytes, content_type: str, status: int
) -> None:
    """No server error, whatever comes in."""
    async with run() as bot:
        answered = await post(f"{bot.url}slack/events", body, {"Content-Type": content_type})
        assert answered in {status, 401, 400}
        assert answered == status or status != 413


async def test_a_signed_request_that_nobody_hears_is_404(run: Run) -> None:
    """An action of another version, or an event."""
    async with run() as bot:
        body = json.dumps({"type": "event_callback", "event": {"type": "team_join"}}).encode()
        headers = signed_headers(SECRET, body, datetime.now(UTC))
        headers["Content-Type"] = "application/json"
        assert await post(f"{bot.url}slack/events", body, headers) == 404


async def test_the_doors_answer(bot: Running) -> None:
    """Alive, ready, and numbers; in Socket Mode as well."""
    assert await get(f"{bot.url}healthz") == (200, {"alive": True})

    async def ready() -> bool:
        return await get(f"{bot.url}readyz") == (200, {"ready": True, "problems": {}})

    await until(ready)
    await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
    numbers = await bot.numbers()
    assert 'tlscheck_slack_ack_seconds_count{kind="command"} 1.0' in numbers
    assert 'tlscheck_slack_answers_total{way="ack"} 1.0' in numbers


async def test_readyz_says_what_is_wrong(run: Run) -> None:
    """Redis away is named, and checks still run."""
    async with run(redis_url="redis://127.0.0.1:1/0") as bot:
        status, body = await get(f"{bot.url}readyz")
        assert status == 503
        assert list(body["problems"]) == ["redis"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slack_bot_token": None}, "^SLACK_BOT_TOKEN is not set"),
        ({"slack_signing_secret": None}, "^SLACK_APP_TOKEN is not set"),
        ({"slack_bot_token": SecretStr("xoxb-wrong")}, "^SLACK_BOT_TOKEN: .*invalid_auth"),
        ({"slack_app_token": SecretStr("xapp-wrong")}, "^SLACK_APP_TOKEN: .*(invalid_auth|not_al)"),
        ({"slack_bot_token": SecretStr("xoxb-")}, "^SLACK_BOT_TOKEN is not a bot token"),
        ({"slack_bot_token": SecretStr("xapp-1-swapped")}, "^SLACK_BOT_TOKEN is not a bot token"),
        ({"slack_app_token": SecretStr("xapp-")}, "^SLACK_APP_TOKEN is not an app-level token"),
        ({"slack_app_token": SecretStr("xoxb-1")}, "^SLACK_APP_TOKEN is not an app-level token"),
        ({"redis_url": "nonsense"}, "^REDIS_URL: it is no address of a Redis server"),
    ],
)
async def test_a_missing_or_wrong_setting_ends_the_start_by_name(
    run: Run, changes: dict[str, Any], said: str
) -> None:
    """One line that names it."""
    with pytest.raises(SettingsError, match=said) as raised:
        async with run(**changes):
            pass
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/json"])
@pytest.mark.parametrize("status", [200, 404])
async def test_what_is_not_slack_is_waited_out(
    content_type: str, status: int, redis_url: str
) -> None:
    """A proxy's page in place of Slack's answer: the bot is not ready, says so, and still ends."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<p>hello", content_type=content_type, status=status)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    settings = Settings(
        _env_file=None,
        slack_bot_token=SecretStr("xoxb-1"),
        slack_signing_secret=SecretStr(SECRET),
        slack_api_url=f"http://127.0.0.1:{runner.addresses[0][1]}/api/",
        redis_url=SecretStr(redis_url),
        port=0,
    )
    stop = asyncio.Event()
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(serve(settings, stop=stop, host="127.0.0.1"))
        await until(lambda: task.done() or any("Slack is not" in one["event"] for one in logs))
        stop.set()
        await task
    await runner.cleanup()


async def test_a_port_in_use_is_said_in_one_line(run: Run) -> None:
    """PORT is named."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match=r"^PORT: .* in use"):
            async with run(port=taken.getsockname()[1]):
                pass


async def test_what_was_begun_is_finished_at_the_end(run: Run) -> None:
    """A late answer still reaches its asker when the program is asked to stop."""
    async with run(patience=0.0, drain_seconds=20.0) as bot:
        bot.vantage.gate.clear()
        await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
        bot.stop.set()
        turned_away = await bot.slack.command(AIKO, CHANNEL, "other.example.jp")
        assert turned_away.message is not None
        assert "being restarted" in turned_away.message.text
        bot.vantage.gate.set()
        await bot.task
        assert "does not send its intermediate" in str(bot.slack.messages(CHANNEL, AIKO))


async def test_what_cannot_be_finished_is_said(run: Run) -> None:
    """After the bound the check is given up, and its asker is told."""
    async with run(patience=0.0, drain_seconds=0.1) as bot:
        bot.vantage.gate.clear()
        await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
        bot.stop.set()
        await bot.task
        assert "being restarted" in bot.slack.messages(CHANNEL, AIKO)[-1].text
        assert bot.vantage.cancelled == 1


async def test_a_replaced_socket_loses_no_command(run: Run) -> None:
    """Slack refreshes connections; commands before and after are answered."""
    async with run(via="socket") as bot:
        assert (await bot.slack.command(AIKO, CHANNEL, "a.example.jp")).outcome == "ok"
        await bot.slack.socket.refresh()
        await bot.slack.wait_for(lambda: bot.slack.socket.num_connections >= 1)
        assert (await bot.slack.command(AIKO, CHANNEL, "b.example.jp")).outcome == "ok"


async def test_a_cut_socket_is_replaced_soon(run: Run) -> None:
    """A connection that the network cut is not waited for until the next ping."""
    async with run(via="socket") as bot:
        bot.slack.events_url = None
        await bot.slack.socket.drop()
        await bot.slack.wait_for(lambda: bot.slack.socket.num_connections >= 1, timeout=8)
        assert (await bot.slack.command(AIKO, CHANNEL, "b.example.jp")).outcome == "ok"


async def test_an_answer_whose_connection_is_gone_takes_the_other_way(run: Run) -> None:
    """The connection is cut while the check runs: the answer comes by the response address."""
    async with run(via="socket") as bot:
        bot.slack.events_url = None
        bot.vantage.gate.clear()
        asking = asyncio.create_task(bot.slack.command(AIKO, CHANNEL, "shop.example.jp"))
        await until(lambda: bot.vantage.asked)
        await bot.slack.socket.drop()
        bot.vantage.gate.set()
        await asking
        await bot.slack.wait_for(
            lambda: "does not send its intermediate" in str(bot.slack.messages(CHANNEL, AIKO))
        )


PROGRAM = """
import asyncio, sys
from contextlib import asynccontextmanager
from bot.settings import load_settings
from handlers.serve import serve
from tests.handlers.samples import CannedVantage, phrase

@asynccontextmanager
async def open_vantage(settings):
    yield CannedVantage()

asyncio.run(serve(load_settings(), open_vantage=open_vantage, phrase=phrase, host="127.0.0.1",
    started=lambda serving: print(serving.port, flush=True)))
"""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_program_cleanly(run: Run, redis_url: str, sent: int) -> None:
    """Exit status 0, nothing left over, no traceback."""
    async with run() as bot:
        environment = {
            "PATH": os.environ["PATH"],
            "SLACK_BOT_TOKEN": "xoxb-stand-in",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": bot.slack.api_url,
            "REDIS_URL": redis_url,
            "PORT": "0",
        }
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROGRAM,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert program.stdout is not None
        assert program.stderr is not None
        async with asyncio.timeout(30):
            while not (await program.stdout.readline()).strip().isdigit():
                assert program.returncode is None
            program.send_signal(sent)
            errors = await program.stderr.read()
            assert await program.wait() == 0
        assert b"Traceback" not in errors


def test_settings_are_read_without_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing the handlers does no work and needs no setting."""
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    assert Settings(_env_file=None).slack_bot_token is None
