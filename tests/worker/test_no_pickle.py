"""JSON only, on every wire: whoever can write to Redis cannot run code in workers or askers."""

import asyncio
import json
import os
import pickle
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from bot.settings import load_settings
from bot.store.connection import connect
from bot.worker import Post, RemoteFailureError, VantageAwayError, open_post
from bot.worker.fleet import loads
from bot.worker.outgoing import inbox_stream
from bot.worker.queue import Formatter
from bot.worker.worker import Replies, open_worker
from tests.worker.process import ROOT, Plan, worker_process
from tests.worker.test_remote import HEALTHY, SILENT, asked, taken

KEY = "0123456789abcdef-shared"
STREAM = "tlscheck:tasks:prod-tokyo"


class Boom:
    """Leaves a folder behind when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@contextmanager
def recorded(url: str) -> Iterator[list[str]]:
    """Every command that Redis carries out meanwhile, as its MONITOR prints them."""
    seen: list[str] = []
    with Redis.from_url(url, socket_timeout=None) as client, client.monitor() as monitor:

        def listen() -> None:
            for command in monitor.listen():
                if command["command"] == "ECHO the-end":
                    return
                seen.append(command["command"])

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield seen
        finally:
            with Redis.from_url(url) as other:
                other.echo("the-end")
            thread.join(10)


async def test_everything_that_travels_is_json(plan: Plan, redis_url: str) -> None:
    """Orders, replies and presences: each value that Redis was given parses as JSON."""
    with recorded(redis_url) as seen:
        async with (
            worker_process(replace(plan, key=KEY)),
            open_post(redis_url, key=KEY.encode()) as post,
        ):
            await post.vantage("prod-tokyo").check(asked(HEALTHY))
            with suppress(VantageAwayError):
                await post.vantage("nowhere").check(asked(HEALTHY))
    values = {"data": 0, "body": 0, "SET": 0}
    for command in seen:
        assert not re.search(r"\\x80|cposix|c__builtin__", command), command[:200]
        words = command.split(" ")
        if words[0] == "XADD":
            name = words[words.index("*") + 1]
            value = command.partition(f" * {name} ")[2]
            if name == "body":
                value, _, signature = value.rpartition(" signature ")
                assert re.fullmatch(r"[0-9a-f]{64}", signature)
        elif words[0] == "SET" and words[1].startswith("tlscheck:worker:"):
            name = "SET"
            value = command.partition(words[1])[2].rpartition(" PX ")[0]
        else:
            continue
        json.loads(value.replace("\\\\", "\\"))  # MONITOR writes a backslash twice
        values[name] += 1
    assert all(values.values()), values


async def test_a_pickled_order_is_dropped_and_not_run(
    post: Post, plan: Plan, redis_url: str, tmp_path: Path
) -> None:
    """A worker drops it, deletes it, and goes on."""
    boom = pickle.dumps(Boom(tmp_path / "executed"))
    with Redis.from_url(redis_url) as client:
        for stream in (STREAM, "tlscheck:tasks:any"):
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                client.xadd(stream, {"data": pickle.dumps(Boom(tmp_path / "executed"), protocol)})
            client.xadd(stream, {"other": boom})
        async with worker_process(plan) as worker:
            assert (await post.vantage("prod-tokyo").check(asked(HEALTHY))).verdict == "ok"
            assert await worker.stop() == 0
        assert client.xlen(STREAM) == client.xlen("tlscheck:tasks:any") == 0
    assert not (tmp_path / "executed").exists()


async def test_a_pickled_reply_is_passed_over(
    post: Post, plan: Plan, redis_url: str, tmp_path: Path
) -> None:
    """An asker reads nothing but JSON, and gets the true reply."""
    boom = pickle.dumps(Boom(tmp_path / "executed"))
    async with worker_process(plan):
        check = asyncio.create_task(post.vantage("prod-tokyo").check(asked(SILENT, timeout=2.0)))
        await taken(redis_url)
        with Redis.from_url(redis_url) as client:
            for fields in ({"body": boom, "signature": boom}, {"data": boom}, {boom: boom}):
                client.xadd(inbox_stream(post._inbox), fields)
        assert (await check).verdict == "unreachable"
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"task_name": "os:system"},
        {"labels": {"timeout": "1"}},
        {"labels_types": {"x": 6}},
        {"args": ["x"]},
        {"kwargs": {"body": "{}", "signature": "", "more": "x"}},
        {"kwargs": {"body": {"a": 1}, "signature": ""}},
        {"task_id": "x" * 40},
        {"task_id": "0" * 32 + ".1\n"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_message_has_one_form(change: dict[str, Any]) -> None:
    """The broker is given nothing that it could act upon beside the one task."""
    from bot.worker.queue import message_of

    message = message_of("0" * 32 + ".1", b"{}", "")
    assert Formatter().loads(message).kwargs == {"body": "{}", "signature": ""}
    with pytest.raises(ValueError, match="validation error"):
        Formatter().loads(json.dumps({**json.loads(message), **change}).encode())
    with pytest.raises(ValueError, match="too large"):
        Formatter().loads(b" " * 3_000_000 + message)


async def test_nothing_is_unpickled_anywhere(plan: Plan, redis_url: str) -> None:
    """Not orders, replies, later replies, failures, presences or counts; at no side (an audit hook)."""
    unpickled.clear()
    key = KEY.encode()
    async with worker_process(replace(plan, key=KEY)) as worker:
        async with open_post(redis_url, key=key) as post:
            tokyo = post.vantage("prod-tokyo", patience=0.1)
            first = await tokyo.check(asked("revoked-late.lab.test"))
            assert (await tokyo.later(first)) is not None
            wide = asked(HEALTHY).model_copy(update={"allow_networks": ("127.0.0.0/8",)})
            with pytest.raises(RemoteFailureError, match="networks"):
                await tokyo.check(wide)
            connection = connect(redis_url)
            assert [one.workers for one in await loads(connection, key)] == [1, 1]
            await connection.aclose()
        async with open_post(redis_url) as stranger:
            with pytest.raises(RemoteFailureError, match="signature"):
                await stranger.vantage("prod-tokyo").check(asked(HEALTHY))
        assert await worker.stop() == 0
    assert unpickled == []
    # The hook does see it.
    pickle.loads(pickle.dumps(Path("x")))
    assert unpickled


unpickled: list[str] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "pickle.find_class":
        unpickled.append(str(arguments))


sys.addaudithook(_hook)


async def test_the_broker_has_no_other_serializer(redis_url: str) -> None:
    """Taskiq's own result backends, which pickle by default, and its schedules are not in use."""
    settings = load_settings(_env_file=None, tlscheck_vantage="prod-tokyo")
    async with open_worker(settings, redis_url) as worker:
        queue = worker._queue
        assert isinstance(queue.result_backend, Replies)
        assert isinstance(queue.formatter, Formatter)
        assert type(queue.serializer).__name__ == "JSONSerializer"
        assert queue.middlewares == []


def test_no_code_of_ours_names_a_pickle() -> None:
    """Neither the module nor taskiq's serializer of that name is in the program, nor its schedules."""
    for folder in ("bot", "handlers"):
        for file in Path(ROOT, folder).rglob("*.py"):
            text = file.read_text("utf-8")
            found = re.findall(r"(?m)^\s*(?:from|import)\s+(?:pickle|marshal|shelve|dill)\b", text)
            assert found == [], file
            assert not re.search(r"PickleSerializer|ScheduleSource|TaskiqScheduler", text), file
