"""`tlscheck worker`, as a person starts and ends it."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.worker import open_post
from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "settings", "text"),
    [
        (["--vantage", "prod-tokyo"], {}, "set REDIS_URL"),
        (["--vantage", "any"], {"REDIS_URL": "redis://x"}, "choose another"),
        (["--vantage", "prod tokyo"], {"REDIS_URL": "redis://x"}, "a name of letters"),
        ([], {"REDIS_URL": "redis://x"}, "a name of its own"),
        (["--vantage", "a", "--label", "tokyo"], {"REDIS_URL": "redis://x"}, "name=value"),
        (["--vantage", "a"], {"REDIS_URL": "ftp://x"}, "REDIS_URL: ftp://x is no address"),
        ([], {"REDIS_URL": "redis://x", "TLSCHECK_WORKER_KEY": "short"}, "TLSCHECK_WORKER_KEY: "),
    ],
)
async def test_wrong_usage(
    tlscheck: Run, arguments: list[str], settings: dict[str, str], text: str
) -> None:
    """One line says what to change."""
    ended = await tlscheck("worker", *arguments, **settings)
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
    assert text in ended.err


async def test_it_works_until_it_is_told_to_end(
    redis_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    """It announces itself with its labels, answers, and ends content."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "worker"),
        *("--vantage", "prod-tokyo", "--label", "region=tokyo"),
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env=environment | {"REDIS_URL": redis_url, "TLSCHECK_LOG": "json"},
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60), open_post(redis_url) as post:
            while b"worker ready" not in await process.stderr.readline():
                assert process.returncode is None
            [worker] = await post.look()
            assert (worker.vantage, worker.labels) == ("prod-tokyo", {"region": "tokyo"})
            question = Question(target=parse_target("127.0.0.1:1"))
            report = await post.vantage("prod-tokyo").check(question)
            assert report.cause is Cause.EGRESS_DENIED
            process.send_signal(signal.SIGTERM)
            _, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert b"worker ended" in err
    assert b"Traceback" not in err
