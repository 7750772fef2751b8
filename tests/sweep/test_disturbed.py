"""Two thousand targets, and whatever can die dies in the middle: exactly one result for each.

The workers, the sweep and Redis are processes of their own and end by SIGKILL, without a goodbye.
"""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis import Redis

from tests.store.conftest import FragileServer
from tests.sweep.conftest import Files, sweeping
from tests.worker.process import Plan, worker_process

MANY = 2000


@pytest.fixture
def redis_that_dies(request: pytest.FixtureRequest) -> Iterator[FragileServer]:
    """A server that comes back empty, with all of its data, or as it was some time ago."""
    config = {"empty": {}, "kept": {"appendonly": "yes"}, "as it was": {"save": ""}}[request.param]
    with TemporaryDirectory(prefix="tlscheck-") as directory:
        server = FragileServer(Path(directory), **config)
        server.start()
        yield server
        server.stop()


async def test_workers_are_killed(
    redis_url: str, plan_for: Callable[[str], Plan], files_of: Callable[[int], Files]
) -> None:
    """Two of three die one after the other, a new one comes; nobody else notices."""
    files, plan = files_of(MANY), plan_for(redis_url)
    async with AsyncExitStack() as stack:
        first, second, _ = [
            await stack.enter_async_context(worker_process(replace(plan, vantage=name)))
            for name in ("prod-tokyo", "prod-osaka", "prod-osaka")
        ]
        async with sweeping(files, redis_url) as sweep:
            await files.reach(300)
            first.kill()
            await stack.enter_async_context(worker_process(plan))
            await files.reach(900)
            second.kill()
            status, out, err = await sweep.ended()
    assert status == 1, err
    assert "Traceback" not in err
    assert "2000 hosts: 0 fine, 0 with warnings, 400 broken, 1600 not reached." in out
    files.assert_one_each()


@pytest.mark.parametrize("redis_that_dies", ["empty", "kept", "as it was"], indirect=True)
async def test_redis_restarts(
    redis_that_dies: FragileServer,
    plan_for: Callable[[str], Plan],
    files_of: Callable[[int], Files],
    request: pytest.FixtureRequest,
) -> None:
    """Twice in the middle; what it forgot is sent again, what it remembers is not done twice."""
    files, plan = files_of(MANY), plan_for(redis_that_dies.url)
    kept = "kept" in request.node.name
    async with (
        worker_process(plan),
        worker_process(replace(plan, vantage="prod-osaka")),
        sweeping(files, redis_that_dies.url) as sweep,
    ):
        for results in (300, 1000):
            await files.reach(results)
            if "as it was" in request.node.name:
                with Redis.from_url(redis_that_dies.url) as client:
                    client.save()
                await files.reach(results + 300)
            with Redis.from_url(redis_that_dies.url) as client:
                client.set("mark", results)
            redis_that_dies.stop()
            redis_that_dies.start()
            with Redis.from_url(redis_that_dies.url) as client:
                assert (client.get("mark") == str(results).encode()) is kept
        status, out, err = await sweep.ended()
    assert status == 1, err
    assert "Traceback" not in err
    assert "2000 hosts: 0 fine, 0 with warnings, 400 broken, 1600 not reached." in out
    files.assert_one_each()


async def test_the_sweep_is_killed(
    redis_url: str, plan_for: Callable[[str], Plan], files_of: Callable[[int], Files]
) -> None:
    """Twice; the same command goes on, and asks nobody a second time who has a whole result."""
    files, plan = files_of(MANY), plan_for(redis_url)
    async with worker_process(plan), worker_process(plan):
        for results in (500, 1200):
            async with sweeping(files, redis_url) as sweep:
                await files.reach(results)
                sweep.process.kill()
                await sweep.ended()
            # What a machine that goes down leaves: half a line.
            files.jsonl.write_bytes(files.jsonl.read_bytes()[:-40])
            files.table.write_bytes(files.table.read_bytes()[:-40])
        async with sweeping(files, redis_url) as sweep:
            status, out, err = await sweep.ended()
    assert status == 1, err
    assert "Traceback" not in err
    assert "Going on: " in err
    assert "2000 hosts: 0 fine, 0 with warnings, 400 broken, 1600 not reached." in out
    files.assert_one_each()
