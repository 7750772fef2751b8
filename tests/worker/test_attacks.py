"""Who can write to Redis: nothing that is put there stops a worker, or gives an asker a wrong answer.

What is not signed with the shared key has no effect where one is set; what is signed has it once, for
one place, for a short time.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from bot.vantage import Vantage
from bot.worker import Post, RemoteFailureError, VantageAwayError, open_post
from bot.worker.outgoing import inbox_stream
from bot.worker.presence import Presence, announce
from bot.worker.queue import Formatter, message_of, stream_of
from bot.worker.wire import Order, RefusedError, Reply, read_order, read_reply, sign
from tests.worker.process import Plan, worker_process
from tests.worker.test_remote import HEALTHY, SILENT, asked
from tests.worker.test_wire import ID, NOW, order, written

KEY = b"0123456789abcdef-shared"
STREAM = stream_of("prod-tokyo")
OTHER = "ef" * 16


@pytest.fixture
async def signed_post(redis_url: str) -> AsyncIterator[Post]:
    """The asker's side, with the shared key."""
    async with open_post(redis_url, key=KEY) as opened:
        yield opened


@pytest.fixture
def signed_plan(plan: Plan) -> Plan:
    """A worker with the shared key."""
    return replace(plan, key=KEY.decode())


def put(client: Any, queue: str, one: Order, key: bytes | None = KEY) -> None:
    """An order, as an asker would put it there."""
    body = written(one)
    client.xadd(stream_of(queue), {"data": message_of(one.id, body, sign("order", body, key))})


async def replies(client: Any, inbox: str, count: int, key: bytes | None = KEY) -> list[Reply]:
    """So many replies, once they are there."""
    async with asyncio.timeout(20):
        while client.xlen(inbox_stream(inbox)) < count:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    entries = client.xrange(inbox_stream(inbox))
    return [read_reply(f[b"body"], f[b"signature"].decode(), key=key) for _, f in entries]


def order_now(**changed: Any) -> Order:
    """An order that would be taken now."""
    question = asked(HEALTHY)
    return order(**{"question": question, "expires": time.time() + 15, **changed})


async def answers(place: Vantage) -> bool:
    """Whether a worker still does its work."""
    return (await asyncio.wait_for(place.check(asked(HEALTHY)), 15)).verdict == "ok"


async def test_a_captured_order_put_again(signed_plan: Plan, redis_url: str) -> None:
    """Within its seconds a worker does it three times at most, for its own asker; then never."""
    once, late = order_now(id=f"{OTHER}.1"), order_now(id=f"{OTHER}.2", expires=time.time() - 1)
    with Redis.from_url(redis_url) as client:
        async with worker_process(signed_plan):
            async with asyncio.timeout(30):
                for count in (1, 2, 3, 4):
                    # While one of them is under way, others of its id are thrown away.
                    while client.xlen(inbox_stream(OTHER)) < count:
                        if client.xlen(STREAM) == 0:
                            put(client, "prod-tokyo", once)
                        await asyncio.sleep(0.01)
            put(client, "prod-tokyo", late)
            found = await replies(client, OTHER, 5)
    kinds = [one.kind if one.failure is None else one.failure for one in found]
    assert kinds == ["report"] * 3 + ["expired"] * 2


async def test_a_signed_order_moved_to_another_queue(
    signed_post: Post, signed_plan: Plan, redis_url: str
) -> None:
    """It is for one place; neither another one nor `any` takes it."""
    with Redis.from_url(redis_url) as client:
        async with worker_process(signed_plan):
            put(client, "any", order_now(vantage="prod-osaka", id=f"{OTHER}.1"))
            put(client, "prod-tokyo", order_now(vantage="prod-osaka", id=f"{OTHER}.2"))
            found = await replies(client, OTHER, 2)
            assert [one.failure for one in found] == ["signature", "signature"]
            assert await answers(signed_post.vantage("prod-tokyo"))


async def test_a_signed_order_in_another_ones_message(
    signed_post: Post, signed_plan: Plan, redis_url: str
) -> None:
    """Its result does not go to whom the message names."""
    captured = written(order_now(id=f"{OTHER}.1", question=asked(SILENT, timeout=0.1)))
    with Redis.from_url(redis_url) as client:
        async with worker_process(signed_plan) as worker:
            signature = sign("order", captured, KEY)
            client.xadd(STREAM, {"data": message_of(f"{OTHER}.2", captured, signature)})
            assert await answers(signed_post.vantage("prod-tokyo"))
            assert await worker.stop() == 0
        assert client.xlen(inbox_stream(OTHER)) == 0


ODD: dict[str, bytes] = {
    "deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "huge": b'{"task_id":"' + b"x" * 8_000_000 + b'"}',
    "huge number": b'{"task_id":' + b"9" * 100_000 + b"}",
    "no json": b"\xff\xfe\x00",
    "half a character": json.dumps({"task_id": "\ud800"}).encode(),
    "null": b"null",
    "nan": b'{"task_id": NaN}',
    "empty": b"",
}


@pytest.mark.parametrize("key", [None, KEY], ids=["open", "signed"])
async def test_odd_messages(key: bytes | None, plan: Plan, redis_url: str) -> None:
    """Deep, huge, of other types, doubled and half: dropped, deleted, and the work goes on."""
    good = message_of(ID, written(order_now()), "")
    with Redis.from_url(redis_url) as client:
        for stream in (STREAM, stream_of("any")):
            for data in ODD.values():
                client.xadd(stream, {"data": data})
                client.xadd(stream, {"data": good[:-1] + b',"x":' + data + b"}"})
            client.xadd(stream, {b"\xff": b"\xff", "data": "1"})
        async with (
            worker_process(replace(plan, key=key.decode() if key else None)) as worker,
            open_post(redis_url, key=key) as post,
        ):
            assert await answers(post.vantage("prod-tokyo"))
            assert await worker.stop() == 0
        assert client.xlen(STREAM) == client.xlen(stream_of("any")) == 0


@pytest.mark.parametrize("name", ODD)
def test_an_odd_body(name: str) -> None:
    """In an order or a reply: one of the reasons, never another error."""
    for read in (
        lambda: read_order(ODD[name], "", key=None, queues=("any",), now=NOW),
        lambda: read_reply(ODD[name], "", key=None),
        lambda: read_order(ODD[name], sign("order", ODD[name], KEY), key=KEY, queues=(), now=NOW),
    ):
        with pytest.raises(RefusedError, match=r"^(malformed|too_large)$"):
            read()


def test_a_key_that_comes_twice() -> None:
    """One reader, one meaning: the last one counts, and nothing else looks at the bytes."""
    body = written(order())[:-1] + b',"vantage":"prod-osaka"}'
    with pytest.raises(RefusedError, match="malformed"):
        read_order(body, "", key=None, queues=("prod-tokyo",), now=NOW)
    assert read_order(body, "", key=None, queues=("prod-osaka",), now=NOW).vantage == "prod-osaka"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
_FIELDS = sorted({*Order.model_fields, *Reply.model_fields, "schema", "task_id", "kwargs", "body"})


def _changed(base: bytes, changes: dict[str, Any]) -> bytes:
    return json.dumps({**json.loads(base), **changes}).encode("utf-8", "surrogatepass")


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=3), st.binary(max_size=40))
def test_any_change_of_a_message(changes: dict[str, Any], noise: bytes) -> None:
    """It is taken, or refused for one of the reasons; there is no third way."""
    failure = Reply(id=ID, kind="failure", worker="w", vantage="prod-tokyo", failure="defect")
    for base in (written(order()), written(failure), message_of(ID, b"{}", "")):
        for data in (_changed(base, changes), noise, base[: len(noise)], base + noise):
            try:
                body = Formatter().loads(data).kwargs["body"].encode()
            except ValueError:
                body = data
            for read in (
                lambda body=body: read_order(body, "", key=None, queues=("prod-tokyo",), now=NOW),
                lambda body=body: read_reply(body, "", key=None),
            ):
                try:
                    read()
                except RefusedError:
                    continue


async def test_a_newer_bot_and_an_older_worker(plan: Plan, redis_url: str) -> None:
    """The worker says that it does not understand; the bot says so in one sentence."""
    values: dict[str, Any] = json.loads(written(order_now(id=f"{OTHER}.1")))
    with Redis.from_url(redis_url) as client:
        async with worker_process(plan):
            newer: list[dict[str, Any]] = [{"schema": 2, "news": 1}, {"program": "9.0", "news": 1}]
            for number, more in enumerate(newer):
                body = json.dumps(dict(values, id=f"{OTHER}.{number}", **more)).encode()
                client.xadd(STREAM, {"data": message_of(f"{OTHER}.{number}", body, "")})
            found = await replies(client, OTHER, 2, key=None)
    assert [one.failure for one in found] == ["version", "version"]


async def test_an_older_bot_and_a_newer_worker(post: Post, redis_url: str) -> None:
    """Named before anything is sent; and a reply that cannot be read is no mystery either."""
    said: dict[str, Any] = {"id": "a" * 32, "vantage": "prod-tokyo", "schema": 2, "program": "9.0"}
    said |= {"roots_digest": "", "signed": False, "at_once": 9, "news": [1]}
    newer = Presence.model_validate(said)
    await announce(post._connection, newer, time.time())
    with pytest.raises(RemoteFailureError, match="version") as caught:
        await asyncio.wait_for(post.vantage("prod-tokyo").check(asked(HEALTHY)), 3)
    assert caught.value.values["program"] == "9.0"
    await announce(post._connection, newer.model_copy(update={"schema_version": 1}), time.time())
    await post.look()
    check = asyncio.create_task(post.vantage("prod-tokyo").check(asked(HEALTHY)))
    with Redis.from_url(redis_url) as client:
        async with asyncio.timeout(5):
            while not (entries := client.xrange(STREAM)):  # noqa: ASYNC110 - Redis has it soon
                await asyncio.sleep(0.01)
        order_id = json.loads(entries[0][1][b"data"])["task_id"]
        reply = {"schema": 1, "program": "9.0", "id": order_id, "kind": "better report"}
        client.xadd(inbox_stream(post._inbox), {"body": json.dumps(reply), "signature": ""})
    with pytest.raises(RemoteFailureError, match="version") as caught:
        await asyncio.wait_for(check, 5)
    assert caught.value.values["program"] == "9.0"


async def test_presences_that_lie(
    post: Post, signed_post: Post, signed_plan: Plan, redis_url: str
) -> None:
    """With a key only those that prove it, now, are believed; without one the form is demanded."""
    base = {"vantage": "prod-nowhere", "roots_digest": "", "signed": True, "at_once": 10_000}
    lies = {
        "1" * 32: base,
        "2" * 32: {**base, "clock_offset": float("inf")},
        "3" * 32: {**base, "vantage": "any"},
        "4" * 32: {**base, "vantage": "prod tokyo"},
        "5" * 32: {**base, "at_once": 0},
        "6" * 32: {**base, "id": "7" * 32},
    }
    with Redis.from_url(redis_url) as client:
        async with worker_process(signed_plan):
            for name, said in lies.items():
                body = json.dumps({"id": name, **said})
                client.set(f"tlscheck:worker:{name}", json.dumps({"body": body, "signature": ""}))
                client.zadd("tlscheck:workers", {name: 9e15})
            client.zadd("tlscheck:workers", {b"\xff\xfe": 9e15, "9" * 32: 9e15, "f" * 32: 9e15})
            client.rpush(f"tlscheck:worker:{'9' * 32}", "a list")
            # A worker's own words of some time ago.
            [true] = await signed_post.look()
            old = true.model_copy(update={"id": "f" * 32})
            await announce(signed_post._connection, old, time.time() - 60, KEY)
            client.persist(f"tlscheck:worker:{'f' * 32}")
            client.zadd("tlscheck:workers", {"f" * 32: 9e15})
            assert [one.id for one in await signed_post.look()] == [true.id]
            assert {one.vantage for one in signed_post.strangers} == {"prod-nowhere", "prod-tokyo"}
            with pytest.raises(RemoteFailureError, match="signature"):
                await signed_post.vantage("prod-nowhere").check(asked(HEALTHY))
            assert await answers(signed_post.vantage("any"))
            assert {one.vantage for one in await post.look()} == {"prod-nowhere", "prod-tokyo"}


async def test_a_reply_of_somebody_elses(
    signed_post: Post, signed_plan: Plan, redis_url: str
) -> None:
    """Unsigned, of another place, of another check: the true one is waited for, and counts."""
    async with worker_process(signed_plan), open_post(redis_url, key=KEY) as other:
        captured = await other.vantage("prod-tokyo").check(asked("missing-intermediate.lab.test"))
        check = asyncio.create_task(
            signed_post.vantage("prod-tokyo").check(asked(SILENT, timeout=2.0))
        )
        with Redis.from_url(redis_url) as client:
            async with asyncio.timeout(5):
                while not signed_post._waiting:  # noqa: ASYNC110 - it is sent soon
                    await asyncio.sleep(0.01)
            [order_id] = signed_post._waiting
            fair = Reply(
                id=order_id, kind="report", worker="w", vantage="prod-tokyo", report=captured
            )
            failure = {"kind": "failure", "failure": "defect", "report": None}
            for lie, key in (
                (fair, None),
                (fair, b"another key that is long enough"),
                (fair, KEY),
                (fair.model_copy(update={"vantage": "prod-osaka", **failure}), KEY),
                (fair.model_copy(update=failure), None),
            ):
                body = written(lie)
                fields = {"body": body, "signature": sign("reply", body, key)}
                client.xadd(inbox_stream(signed_post._inbox), fields)
        report = await asyncio.wait_for(check, 10)
    assert (report.target.host, report.verdict) == (SILENT, "unreachable")


async def test_a_worker_with_another_key_is_named_at_once(
    signed_post: Post, plan: Plan, signed_plan: Plan
) -> None:
    """Nobody waits for an answer that could not be believed; others of that name still answer."""
    async with worker_process(replace(plan, key="another key of theirs")):
        with pytest.raises(RemoteFailureError, match="signature"):
            await asyncio.wait_for(signed_post.vantage("prod-tokyo").check(asked(HEALTHY)), 3)


async def test_a_worker_with_another_key_among_others(
    signed_post: Post, plan: Plan, signed_plan: Plan
) -> None:
    """What it takes from the queue of all is done by those who share the key, without a long wait."""
    async with (
        worker_process(replace(plan, key="another key of theirs", vantage="prod-osaka")),
        worker_process(signed_plan),
    ):
        await signed_post.look()
        checks = [signed_post.vantage("any").check(asked(HEALTHY, timeout=20.0)) for _ in range(30)]
        found = await asyncio.wait_for(asyncio.gather(*checks), 20)
    assert {one.vantage for one in found} == {"prod-tokyo"}
    assert {one.verdict for one in found} == {"ok"}


@pytest.mark.parametrize("name", ["prod tokyo", "../tokyo", "", "x" * 65, "東京", "a\nb", "any\n"])
async def test_a_place_that_cannot_be(name: str, post: Post) -> None:
    """No such place exists, whatever Redis says."""
    with pytest.raises(VantageAwayError, match="nobody"):
        await post.vantage(name).check(asked(HEALTHY))


async def test_poisoned_keys(post: Post, plan: Plan, redis_url: str) -> None:
    """A key of another type in place of ours is removed by whoever needs it."""
    inbox = inbox_stream(post._inbox)
    keys = (STREAM, stream_of("any"), inbox, "tlscheck:workers")
    with Redis.from_url(redis_url) as client:
        for key in keys:
            client.set(key, "poison")
        async with worker_process(plan) as worker:
            async with asyncio.timeout(20):
                while not await post.look():  # noqa: ASYNC110 - another process announces it
                    await asyncio.sleep(0.05)
            assert await answers(post.vantage("prod-tokyo"))
            for key in keys:
                # In one step: the worker makes its stream anew as soon as it is gone.
                with client.pipeline(transaction=True) as step:
                    step.delete(key)
                    step.rpush(key, "poison")
                    step.execute()
            async with asyncio.timeout(20):
                while not await post.look():  # noqa: ASYNC110 - another process announces it
                    await asyncio.sleep(0.05)
            assert await answers(post.vantage("any"))
            assert await worker.stop() == 0


async def test_a_flood(post: Post, plan: Plan, redis_url: str) -> None:
    """Of more than the queue's bound: it is drained, and who asks meanwhile is answered."""
    with Redis.from_url(redis_url) as client:
        pipeline = client.pipeline(transaction=False)
        for number in range(120_000):
            pipeline.xadd(STREAM, {"data": "{" if number % 2 else "x" * 200})
        pipeline.execute()
        async with worker_process(plan) as worker:
            assert await answers(post.vantage("prod-tokyo"))
            assert await worker.stop() == 0
        assert client.xlen(STREAM) == 0
