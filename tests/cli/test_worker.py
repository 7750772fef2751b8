"""`tlscheck worker`, as a person starts and ends it."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.demo.lab import Lab
from bot.diagnosis.causes import Cause
from bot.diagnosis.question import ConnectTo, Question
from bot.diagnosis.target import parse_target
from bot.worker import open_post
from tests.cli.conftest import Run
from tests.store.conftest import FragileServer, fragile_server
from tests.worker.test_remote import taken

__all__ = ["fragile_server"]


@pytest.mark.parametrize(
    ("arguments", "settings", "text"),
    [
        (["--vantage", "prod-tokyo"], {}, "set REDIS_URL"),
        (["--vantage", "any"], {"REDIS_URL": "redis://x"}, "choose another"),
        (["--vantage", "here"], {"REDIS_URL": "redis://x"}, "a name of its own"),
        (["--vantage", "../x"], {"REDIS_URL": "redis://x"}, "a name of letters"),
        (["--vantage", "a\nb"], {"REDIS_URL": "redis://x"}, "--vantage a b: a name"),
        (["--vantage", "東京"], {"REDIS_URL": "redis://x"}, "a name of letters"),
        (["--vantage", "prod tokyo"], {"REDIS_URL": "redis://x"}, "a name of letters"),
        ([], {"REDIS_URL": "redis://x"}, "a name of its own"),
        (["--vantage", "a", "--label", "tokyo"], {"REDIS_URL": "redis://x"}, "name=value"),
        (["--vantage", "a"], {"REDIS_URL": "ftp://x"}, "REDIS_URL: ftp://x is no address"),
        ([], {"REDIS_URL": "redis://x", "TLSCHECK_WORKER_KEY": "short"}, "TLSCHECK_WORKER_KEY: "),
        ([], {"REDIS_URL": "redis://x", "TLSCHECK_METRICS_PORT": "x"}, "TLSCHECK_METRICS_PORT: "),
    ],
)
async def test_wrong_usage(
    tlscheck: Run, arguments: list[str], settings: dict[str, str], text: str
) -> None:
    """One line says what to change."""
    ended = await tlscheck("worker", *arguments, **settings)
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
    assert text in ended.err


class Started:
    """`tlscheck worker` under way, and what it logs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    async def says(self, event: str) -> dict[str, Any]:
        """Wait for a line."""
        assert self.process.stderr is not None
        async with asyncio.timeout(60):
            while line := await self.process.stderr.readline():
                self.lines.append(json.loads(line))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]
        raise AssertionError(self.lines)

    async def ended(self) -> tuple[int, list[str]]:
        """Its status, and all that it said."""
        async with asyncio.timeout(60):
            _, err = await self.process.communicate()
        assert self.process.returncode is not None
        self.lines += [json.loads(line) for line in err.splitlines()]
        return self.process.returncode, [one["event"] for one in self.lines]


@pytest.fixture
async def start(
    tmp_path: Path, environment: dict[str, str]
) -> AsyncIterator[Callable[..., Awaitable[Started]]]:
    """Starts workers, with arguments and settings."""
    async with AsyncExitStack() as stack:

        async def started(*arguments: str, **settings: str) -> Started:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "worker", *arguments),
                stderr=asyncio.subprocess.PIPE,
                cwd=tmp_path,
                env=environment | {"TLSCHECK_LOG": "json"} | settings,
            )

            async def end() -> None:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

            stack.push_async_callback(end)
            return Started(process)

        yield started


Start = Callable[..., Awaitable[Started]]


async def test_it_works_until_it_is_told_to_end(redis_url: str, start: Start) -> None:
    """It announces itself with its labels, answers, and ends content."""
    worker = await start("--vantage", "prod-tokyo", "--label", "region=tokyo", REDIS_URL=redis_url)
    ready = await worker.says("worker ready")
    assert (ready["vantage"], ready["others_of_this_name"], ready["signed"]) == (
        *("prod-tokyo", 0),
        False,
    )
    async with open_post(redis_url) as post:
        [known] = await post.look()
        assert (known.vantage, known.labels) == ("prod-tokyo", {"region": "tokyo"})
        question = Question(target=parse_target("127.0.0.1:1"))
        report = await post.vantage("prod-tokyo").check(question)
        assert report.cause is Cause.EGRESS_DENIED
        # A second one of that name shares its checks, and says so.
        second = await start("--vantage", "prod-tokyo", REDIS_URL=redis_url)
        assert (await second.says("worker ready"))["others_of_this_name"] == 1
        for one in (worker, second):
            one.process.send_signal(signal.SIGTERM)
            assert await one.ended() == (
                0,
                ["worker ready", "ending: finishing what was begun", "worker ended"],
            )
        assert await post.look() == ()


async def test_redis_is_away_at_the_start(fragile_server: FragileServer, start: Start) -> None:
    """It says so, waits, and begins when Redis is there."""
    fragile_server.stop()
    worker = await start("--vantage", "prod-tokyo", REDIS_URL=fragile_server.url)
    await worker.says("no checks arrive until Redis answers")
    fragile_server.start()
    await worker.says("worker ready")
    worker.process.send_signal(signal.SIGINT)
    status, events = await worker.ended()
    assert status == 0
    assert events == [
        *("redis is away", "no checks arrive until Redis answers", "redis is back"),
        *("worker ready", "ending: finishing what was begun", "worker ended"),
    ]


async def test_told_to_end_in_the_middle_of_a_check(lab: Lab, redis_url: str, start: Start) -> None:
    """What was begun is finished; told a second time it leaves it to others, at once."""
    address, port = lab.address_of("timeout-silent")
    question = Question(
        target=parse_target("a.example"),
        addresses=(ConnectTo(address=address, port=port),),
        timeout=20.0,
    )
    allowed = {"REDIS_URL": redis_url, "TLSCHECK_ALLOW_NETWORKS": ",".join(lab.networks)}
    worker = await start("--vantage", "prod-tokyo", **allowed)
    await worker.says("worker ready")
    async with open_post(redis_url) as post:
        place = post.vantage("prod-tokyo")
        short = question.model_copy(update={"timeout": 3.0})
        check = asyncio.create_task(place.check(short))
        await taken(redis_url)
        worker.process.send_signal(signal.SIGTERM)
        ending = await worker.says("ending: finishing what was begun")
        assert ending["checks"] == 1
        assert (await asyncio.wait_for(check, 20)).cause is Cause.TIMEOUT
        assert (await worker.ended())[0] == 0

        worker = await start("--vantage", "prod-tokyo", **allowed)
        await worker.says("worker ready")
        check = asyncio.create_task(place.check(question))
        await taken(redis_url)
        other = await start("--vantage", "prod-tokyo", **allowed)
        await other.says("worker ready")
        for line in (
            "ending: finishing what was begun",
            "ending at once: other workers take over",
        ):
            worker.process.send_signal(signal.SIGINT)
            await worker.says(line)
        status, events = await worker.ended()
        assert (status, events[-1]) == (0, "worker ended")
        await other.says("took over an order")
        assert (await asyncio.wait_for(check, 40)).cause is Cause.TIMEOUT
