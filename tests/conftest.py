"""What tests of every part may use: a real Redis-compatible server."""

import asyncio
import os
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from bot.store import open_embedded_server
from tests.proxies import PROXY_SETTINGS
from tests.realclients.report import FILE, PROPERTY, reached, table

# These machines are noisy: no example fails for having been slow.
settings.register_profile("tlscheck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tlscheck")


def pytest_configure() -> None:
    """The servers of the tests are on this machine; its own proxies lead elsewhere."""
    for name in PROXY_SETTINGS:
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of the server of this test process; take `redis_url` unless it may be dirty."""
    with asyncio.Runner() as runner:
        server = open_embedded_server()
        url = runner.run(server.__aenter__())
        yield url
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The address of a real server with nothing in it."""
    with Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


def _agreement(reporter: pytest.TerminalReporter | None) -> list[Sequence[str]]:
    """What `tests/realclients` recorded."""
    return [
        row
        for reports in (reporter.stats.values() if reporter else ())
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == PROPERTY and getattr(report, "when", "") == "call"
        for row in value
    ]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when all real clients together agree with the predictions too seldom."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.exitstatus == 0 and not reached(_agreement(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how far predictions and real clients agree (`tests/realclients` records it)."""
    rows = _agreement(terminalreporter)
    if rows:
        lines = table(rows)
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text("\n".join(lines) + "\n")
        terminalreporter.section("real clients")
        for line in lines:
            terminalreporter.write_line(line)
