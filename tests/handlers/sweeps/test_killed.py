"""A sweep over real workers, while bots are killed and Redis restarts: each host one result."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.demo.slack.values import Message
from bot.demo.slack.workspace import AIKO, BEN
from bot.store import Store, open_store
from bot.sweep.job import unpack_reports, unpack_rows
from handlers.sweeps.press import CONTINUE, FILES, STOP
from handlers.sweeps.window import FILE
from tests.handlers.owed.town import CHANNEL, PATIENT, Town, open_town
from tests.handlers.waiting import until
from tests.store.conftest import FragileServer, fragile_server, utc_now
from tests.worker.process import Plan, worker_process

__all__ = ["fragile_server"]

COUNT = 1000
BROKEN = "missing-intermediate"


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """The server that every name of the list leads to."""
    async with open_lab(scenarios=[one for one in SCENARIOS if one.name == BROKEN]) as opened:
        yield opened


@pytest.fixture
async def town(tmp_path: Path, fragile_server: FragileServer) -> AsyncIterator[Town]:
    """Where bots are started, over a Redis that may be stopped."""
    async with open_town(tmp_path, fragile_server.url) as opened:
        yield opened


def plan_of(lab: Lab, url: str, name: str) -> Plan:
    """A worker for which every name leads to one broken server."""
    return Plan(
        url=url,
        vantage=name,
        names={"*": lab.address_of(BROKEN)},
        networks=lab.networks,
        roots_pem=lab.roots_pem.decode(),
    )


NOT_YET = Message(channel="", ts="", user="", text="")


def living(town: Town) -> Message:
    """The message of the sweep, as it stands now."""
    heads = (one for one in town.slack.messages(CHANNEL) if one.bot_id and not one.thread_ts)
    return next(heads, NOT_YET)


async def begin(town: Town) -> None:
    """Begin a sweep of many names, as a person does."""
    lines = "".join(f"h{n}.site{n % 250}.example\n" for n in range(COUNT))
    await town.slack.command(AIKO, CHANNEL, "sweep")
    await town.slack.wait_for(lambda: town.slack.views)
    file = town.slack.upload(AIKO, "hosts.txt", lines.encode())
    await town.slack.submit(AIKO, values={FILE: [file]})
    await town.slack.wait_for(lambda: "Checking 1,000 hosts" in living(town).words(), timeout=20)


async def done(store: Store) -> int:
    """Results that are stored."""
    ids = await store.connection.execute("ZRANGE", "tlscheck:sweeps:all", 0, -1)
    standing = await store.sweeps.standing(ids[0].decode()) if ids else None
    return standing.done if standing is not None else 0


async def reached(store: Store, count: int) -> None:
    """Wait for so many results."""

    async def there() -> bool:
        return await done(store) >= count

    await until(there, PATIENT)


async def hosts(store: Store) -> Counter[str]:
    """How many results each host has; the same in rows and whole Reports."""
    (raw,) = await store.connection.execute("ZRANGE", "tlscheck:sweeps:all", 0, -1)
    rows = Counter(
        row.host for one in await store.sweeps.rows(raw.decode()) for row in unpack_rows(one)
    )
    reports = Counter(
        [
            one.target.host
            async for packed in store.sweeps.reports(raw.decode())
            for one in unpack_reports(packed)
        ]
    )
    assert rows == reports
    return rows


async def test_a_killed_bot_a_killed_worker_and_a_restarted_redis(
    town: Town, lab: Lab, fragile_server: FragileServer
) -> None:
    """Another bot goes on; the message ends with all hosts, each of which has one result."""
    url = fragile_server.url
    async with (
        worker_process(plan_of(lab, url, "prod-tokyo")) as doomed,
        worker_process(plan_of(lab, url, "prod-osaka")),
        open_store(url, utc_now) as store,
    ):
        one = await town.start("one", environment={"TLSCHECK_SWEEP_RATE": "100"})
        await begin(town)
        await reached(store, 100)
        await town.start("two", environment={"TLSCHECK_SWEEP_RATE": "100"})
        await one.kill()
        before = await done(store)
        assert before < COUNT
        await reached(store, before + 100)
        doomed.kill()
        await reached(store, before + 200)
        fragile_server.stop()
        fragile_server.start()
        await town.slack.wait_for(
            lambda: "1,000 hosts checked: 1,000 broken" in living(town).words(), timeout=120
        )
        found = await hosts(store)
        assert set(found.values()) == {1}
        assert len(found) == COUNT
        await town.hears("your sweep is done", AIKO)
        assert town.said("your sweep is done", AIKO) == 1
        await town.slack.press(BEN, living(town), FILES)
        await town.slack.wait_for(
            lambda: any(one.name.endswith(".jsonl") for one in town.slack.files), timeout=40
        )
        lines = next(one.content for one in town.slack.files if one.name.endswith(".jsonl"))
        swept = Counter(json.loads(line)["target"]["host"] for line in lines.splitlines())
        assert swept == found
    assert town.slack.refusals == ()


async def test_stopped_at_one_bot_and_continued_by_another(
    town: Town, lab: Lab, fragile_server: FragileServer
) -> None:
    """Whichever bot hears of a press: the one that runs the sweep minds it."""
    url = fragile_server.url
    async with (
        worker_process(plan_of(lab, url, "prod-tokyo")),
        open_store(url, utc_now) as store,
    ):
        one = await town.start("one", environment={"TLSCHECK_SWEEP_RATE": "150"})
        await begin(town)
        await reached(store, 100)
        two = await town.start("two", environment={"TLSCHECK_SWEEP_RATE": "2000"})
        town.ask(two)
        await town.slack.press(BEN, living(town), STOP)
        await town.slack.wait_for(lambda: "Stopped at" in living(town).words(), timeout=20)
        assert f"stopped by <@{BEN.id}>" in living(town).words()
        stopped = await done(store)
        assert 100 <= stopped < COUNT
        await one.stop()
        await town.slack.press(AIKO, living(town), CONTINUE)
        await town.slack.wait_for(lambda: "1,000 hosts checked" in living(town).words(), timeout=60)
        assert f"continued by <@{AIKO.id}>" in living(town).words()
        assert set((await hosts(store)).values()) == {1}
    assert town.slack.refusals == ()
