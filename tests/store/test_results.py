"""Results: what was stored comes back, and what does not fit counts as absent."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.store import Record, Store, StoreAwayError, StoreRefusedError, open_store
from bot.store.results import KEPT, LARGEST_RECORD, MEMORY_BYTES, UNSEEN_KEPT, question_key
from tests.store.conftest import FragileServer, utc_now
from tests.store.samples import question, record

MINUTES = timedelta(minutes=5)


async def test_another_process_reads_what_one_stored(store: Store, redis_url: str) -> None:
    """A Record comes back whole, by its question and by its id."""
    stored = await store.results.put(record(), MINUTES)
    async with open_store(redis_url, utc_now) as other:
        found = await other.results.newest(stored.key)
        assert found == Record.model_validate_json(stored.model_dump_json(by_alias=True))
        assert await other.results.get(stored.report.id) == found


async def test_lifetimes(store: Store) -> None:
    """The newest answer lives as long as it is fresh, the result for a day."""
    stored = await store.results.put(record(), MINUTES)
    fresh = await store.connection.execute("PTTL", f"tlscheck:newest:{stored.key}")
    kept = await store.connection.execute("PTTL", f"tlscheck:result:{stored.report.id}")
    assert 0 <= MINUTES / timedelta(milliseconds=1) - fresh < 5000
    assert 0 <= KEPT / timedelta(milliseconds=1) - kept < 5000


async def lives(store: Store, result_id: str) -> timedelta:
    """How long a stored result still lives."""
    left = await store.connection.execute("PTTL", f"tlscheck:result:{result_id}")
    return timedelta(milliseconds=left)


async def test_what_nobody_was_shown_lives_for_minutes(store: Store, redis_url: str) -> None:
    """Looks of watches are many; one that is shown lives as long as any, its update included."""
    unseen = record().model_copy(update={"unseen": True})
    stored = await store.results.put(unseen, MINUTES)
    result_id = stored.report.id
    assert UNSEEN_KEPT - timedelta(seconds=5) < await lives(store, result_id) <= UNSEEN_KEPT
    await store.results.replace(unseen, MINUTES)
    assert await lives(store, result_id) <= UNSEEN_KEPT

    async with open_store(redis_url, utc_now) as other:
        found = await other.results.newest(stored.key)
        assert found is not None
        shown = await other.results.show(found)
        assert not shown.unseen
        again = await other.results.newest(stored.key)
        assert again == shown
    assert await lives(store, result_id) > KEPT - timedelta(seconds=5)
    await store.results.replace(unseen, MINUTES)
    assert await lives(store, result_id) > KEPT - timedelta(seconds=5)


async def test_what_may_be_given_again_is_there_for_as_long(store: Store) -> None:
    """A long TLSCHECK_CACHE_SECONDS holds for a watch's look, too."""
    hours = timedelta(hours=6)
    stored = await store.results.put(record().model_copy(update={"unseen": True}), hours)
    assert await lives(store, stored.report.id) > hours - timedelta(seconds=5)


async def test_zero_freshness_keeps_the_result_only(store: Store) -> None:
    """With caching off the buttons still work, and nobody gets an old answer."""
    stored = await store.results.put(record(), timedelta(0))
    assert await store.results.newest(stored.key) is None
    assert await store.results.get(stored.report.id) == stored


async def test_what_was_typed_is_not_stored(store: Store) -> None:
    """A pasted address may carry a secret; others ask the same question."""
    asked = question(typed="https://shop.example.jp/reset?token=hunter2")
    stored = await store.results.put(record(asked), MINUTES)
    raw = await store.connection.execute("GET", f"tlscheck:result:{stored.report.id}")
    assert b"hunter2" not in raw
    assert stored.report.target.input == "shop.example.jp:443"
    again = stored.asked_as(asked)
    assert again.report.target.input == asked.target.input
    assert again.report.findings == stored.report.findings


def test_everything_that_changes_the_answer_changes_the_key() -> None:
    """Target, options, vantage and roots are in the key; how it was typed is not."""
    plain = question()
    keys = {
        question_key(plain, "here", "roots"),
        question_key(plain, "tokyo-1", "roots"),
        question_key(plain, "here", "other roots"),
        question_key(question(port=8443), "here", "roots"),
        question_key(plain.model_copy(update={"at": utc_now()}), "here", "roots"),
        question_key(plain.model_copy(update={"roots_pem": "PEM"}), "here", "roots"),
        question_key(plain.model_copy(update={"allow_networks": ("10.0.0.0/8",)}), "here", "roots"),
    }
    assert len(keys) == 7
    assert question_key(question(typed="https://shop.example.jp/"), "here", "roots") in keys


async def test_many_askers_of_a_cold_result_read_it_once(store: Store, redis_url: str) -> None:
    """One transfer and one validation serve everybody in the process."""
    stored = await store.results.put(record(), MINUTES)
    async with open_store(redis_url, utc_now) as other:
        await other.ping()
        before = await _calls(store, "getrange")
        found = await asyncio.gather(*(other.results.get(stored.report.id) for _ in range(200)))
        assert len({id(one) for one in found}) == 1
        assert await _calls(store, "getrange") - before == 1


async def _calls(store: Store, command: str) -> int:
    info = (await store.connection.execute("INFO", "commandstats")).decode()
    line = next((row for row in info.splitlines() if row.startswith(f"cmdstat_{command}:")), "")
    return int(line.partition("calls=")[2].partition(",")[0] or 0)


async def test_memory_is_bounded(store: Store) -> None:
    """The results used longest ago leave the memory first, and are read again when needed."""
    first = await store.results.put(record(), MINUTES)
    size = len(first.model_dump_json(by_alias=True))
    for number in range(MEMORY_BYTES // size + 1):
        await store.results.put(record(question(f"h{number}.example.jp")), MINUTES)
    again = await store.results.get(first.report.id)
    assert again is not None
    assert again is not first


async def test_too_large_a_result_is_not_stored(store: Store) -> None:
    """A Report beyond the bound is refused before it is sent."""
    large = record(question().model_copy(update={"roots_pem": "x" * LARGEST_RECORD}))
    with pytest.raises(StoreRefusedError, match="cannot be stored"):
        await store.results.put(large, MINUTES)
    assert await store.connection.execute("DBSIZE") == 0


async def test_a_value_for_another_question_is_a_miss(store: Store) -> None:
    """A pointer bent to another host's result does not answer for this host."""
    stored = await store.results.put(record(question("evil.example.jp")), MINUTES)
    key = question_key(question(), "here", "roots")
    await store.connection.execute("SET", f"tlscheck:newest:{key}", stored.report.id)
    assert await store.results.newest(key) is None


@pytest.mark.parametrize(
    "make",
    [
        ("RPUSH", "a"),
        ("SADD", "a"),
        ("HSET", "a", "b"),
        ("ZADD", "1", "a"),
        ("XADD", "*", "a", "b"),
    ],
    ids=["list", "set", "hash", "sorted-set", "stream"],
)
async def test_a_key_of_another_type_is_a_miss(store: Store, make: tuple[str, ...]) -> None:
    """Somebody else's data under our keys is passed over, and replaced when we store."""
    command, *rest = make
    mine = record()
    for name in (f"tlscheck:newest:{mine.key}", f"tlscheck:result:{mine.report.id}"):
        await store.connection.execute(command, name, *rest)
    assert await store.results.newest(mine.key) is None
    assert await store.results.get(mine.report.id) is None
    await store.results.put(mine, MINUTES)
    assert await store.results.newest(mine.key) is not None


async def test_a_huge_value_is_a_miss_and_is_not_fetched(store: Store) -> None:
    """A value beyond the bound is cut off by the server."""
    await store.connection.execute("SETRANGE", "tlscheck:result:huge", 50_000_000, "x")
    assert await store.results.get("huge") is None
    await store.connection.execute("SET", "tlscheck:newest:key", "i" * 65)
    assert await store.results.newest("key") is None
    padded = record()
    raw = padded.model_dump_json(by_alias=True) + " " * LARGEST_RECORD
    await store.connection.execute("SET", f"tlscheck:result:{padded.report.id}", raw)
    assert await store.results.get(padded.report.id) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)

_HARD = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_HARD
@given(value=st.binary(max_size=300) | ANYTHING.map(lambda value: json.dumps(value).encode()))
async def test_any_bytes_are_a_miss(store: Store, value: bytes) -> None:
    """No bytes under our keys crash the reader."""
    await store.connection.execute("SET", "tlscheck:newest:key", value)
    await store.connection.execute("SET", "tlscheck:result:poison", value)
    assert await store.results.newest("key") is None
    assert await store.results.get("poison") is None


@_HARD
@given(data=st.data())
async def test_a_damaged_record_is_a_miss_or_still_a_record(
    store: Store, data: st.DataObject
) -> None:
    """One field of a real Record replaced by anything never crashes the reader."""
    mine = record()
    tree = json.loads(mine.model_dump_json(by_alias=True))
    place: Any = tree
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        step = data.draw(st.sampled_from(list(keys)))
        if not isinstance(place[step], dict | list) or not place[step] or data.draw(st.booleans()):
            break
        place = place[step]
    place[step] = data.draw(ANYTHING)
    raw = json.dumps(tree).encode()
    cut = data.draw(st.integers(0, 3))
    raw = raw[: len(raw) - cut]
    await store.connection.execute("SET", f"tlscheck:result:{mine.report.id}", raw)
    found = await store.results.get(mine.report.id)
    assert found is None or (cut == 0 and found.report.id == mine.report.id)
    if found is not None:
        found.model_dump_json(by_alias=True)


@pytest.mark.parametrize("schema", [0, 2, "1", None])
async def test_another_schema_is_a_miss(store: Store, schema: object) -> None:
    """A Record of another version's form is not guessed at."""
    mine = record()
    tree = json.loads(mine.model_dump_json(by_alias=True)) | {"schema": schema}
    await store.connection.execute("SET", f"tlscheck:result:{mine.report.id}", json.dumps(tree))
    assert await store.results.get(mine.report.id) is None


@pytest.mark.parametrize("result_id", ["", "a b", "../x", "x" * 65, "a\n", "결과"])
async def test_an_id_of_another_form_is_absent(store: Store, result_id: str) -> None:
    """Ids come from buttons; what cannot be one asks nothing of Redis."""
    assert await store.results.get(result_id) is None


async def test_without_redis_the_process_still_knows_its_own(fragile_server: FragileServer) -> None:
    """What was just answered can be asked about although Redis is away."""
    async with open_store(fragile_server.url, utc_now) as store:
        await store.ping()
        fragile_server.stop()
        mine = record()
        with pytest.raises(StoreAwayError, match="away"):
            await store.results.put(mine, MINUTES)
        assert await store.results.get(mine.report.id) == mine.without_input()
        with pytest.raises(StoreAwayError, match="away"):
            await store.results.get("another")


@pytest.mark.parametrize(
    "change",
    [
        {"allow_networks": ["10.0.0.0/8"]},
        {"addresses": [{"address": "192.0.2.1"}] * 17},
        {"target": {"input": "x", "host": "a b; id"}},
        {"target": {"input": "x", "host": "127.1"}},
        {"target": {"input": "x", "host": "x\r\nHost: y"}},
        {"target": {"input": "x", "host": "-oProxy"}},
    ],
    ids=["networks", "addresses", "shell", "short address", "header", "option"],
)
async def test_no_stored_question_chooses_where_to_connect(
    store: Store, change: dict[str, object]
) -> None:
    """Whoever writes to Redis cannot make "Check again" reach inside, or a command run something."""
    mine = record()
    tree = json.loads(mine.model_dump_json(by_alias=True))
    tree["question"] |= change
    await store.connection.execute("SET", f"tlscheck:result:{mine.report.id}", json.dumps(tree))
    assert await store.results.get(mine.report.id) is None


@pytest.mark.parametrize("host", ["::1", "2001:db8::1", "192.0.2.1", "xn--wgv71a.jp", "_a.b.test"])
async def test_every_kind_of_host_is_read_again(store: Store, host: str) -> None:
    """What can be asked about can be stored and asked about again."""
    mine = record(question(host))
    raw = mine.model_dump_json(by_alias=True)
    await store.connection.execute("SET", f"tlscheck:result:{mine.report.id}", raw)
    assert await store.results.get(mine.report.id) is not None
