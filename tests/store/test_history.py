"""Histories in Redis: each state once, bounded, and nothing believed that does not fit."""

import asyncio
from datetime import UTC, datetime, timedelta

from bot.diagnosis.causes import Cause
from bot.history import State
from bot.store import Store, open_store
from bot.store.history import COMPARED, KEPT, MOST_ENTRIES
from tests.store.conftest import utc_now

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
OK = State(verdict="ok")
BROKEN = State(verdict="broken", cause=Cause.EXPIRED)
SUBJECT = "ab" * 32


def minutes(count: int) -> datetime:
    """So many minutes after nine."""
    return NINE + timedelta(minutes=count)


async def test_a_state_is_written_once(store: Store) -> None:
    """Seen again means a later last moment, a higher count, and the newest result."""
    for n, state in enumerate((OK, OK, BROKEN, BROKEN, BROKEN, OK)):
        noted = await store.history.note(SUBJECT, state, minutes(n), f"r{n}")
    assert [(one.state.verdict, one.first, one.last, one.count, one.result) for one in noted] == [
        ("ok", minutes(0), minutes(1), 2, "r1"),
        ("broken", minutes(2), minutes(4), 3, "r4"),
        ("ok", minutes(5), minutes(5), 1, "r5"),
    ]
    assert await store.history.read(SUBJECT, minutes(6)) == noted


async def test_a_late_note_moves_nothing_back(store: Store) -> None:
    """Two bots may write in another order than they looked."""
    await store.history.note(SUBJECT, OK, minutes(5), "late")
    (noted,) = await store.history.note(SUBJECT, OK, minutes(3), "early")
    assert (noted.first, noted.last) == (minutes(5), minutes(5))


async def test_many_bots_see_one_change(store: Store, redis_url: str) -> None:
    """Whoever notes it, one state stands there."""
    async with open_store(redis_url, utc_now) as other:
        await asyncio.gather(
            *(one.history.note(SUBJECT, BROKEN, NINE, "r") for one in (store, other) * 20)
        )
        (entry,) = await other.history.read(SUBJECT, NINE)
    assert entry.count == 40


async def test_bounds(store: Store) -> None:
    """A host that changes each minute keeps its newest states; a note answers with a few."""
    for n in range(MOST_ENTRIES + 5):
        noted = await store.history.note(SUBJECT, (OK, BROKEN)[n % 2], minutes(n), "r")
    assert len(noted) == COMPARED
    entries = await store.history.read(SUBJECT, minutes(500))
    assert len(entries) == MOST_ENTRIES
    assert entries[-1] == noted[-1]
    left = await store.connection.execute("PTTL", f"tlscheck:history:{SUBJECT}")
    assert 0 <= KEPT / timedelta(milliseconds=1) - left < 5000


async def test_old_states_are_not_shown(store: Store) -> None:
    """Ninety days, also for a host that is checked every day."""
    await store.history.note(SUBJECT, BROKEN, NINE - timedelta(days=100), "old")
    await store.history.note(SUBJECT, OK, NINE, "new")
    assert [one.result for one in await store.history.read(SUBJECT, NINE)] == ["new"]


async def test_what_does_not_fit_is_passed_over(store: Store) -> None:
    """Whoever writes to Redis brings nothing in that is not a state."""
    await store.history.note(SUBJECT, OK, NINE, "good")
    digest = OK.digest()
    for raw in (
        "",
        "nonsense",
        f"{digest} 1 2 3 {{}}",
        f'{digest} 99999999999999999 1 1 {{"state":{{"verdict":"ok"}}}}',
        f"{digest} 1 1 1 " + "x" * 10_000,
    ):
        await store.connection.execute("RPUSH", f"tlscheck:history:{SUBJECT}", raw)
    assert [one.result for one in await store.history.read(SUBJECT, NINE)] == ["good"]
    noted = await store.history.note(SUBJECT, BROKEN, minutes(1), "next")
    assert [one.result for one in noted] == ["good", "next"]


async def test_a_value_of_another_type(store: Store) -> None:
    """It reads as no history, and the next note begins anew."""
    await store.connection.execute("SET", f"tlscheck:history:{SUBJECT}", "a string")
    assert await store.history.read(SUBJECT, NINE) == []
    assert len(await store.history.note(SUBJECT, OK, NINE, "r")) == 1
