"""Flights: one task for many askers."""

import asyncio

import pytest

from bot.flight import FlightCancelledError, Flights, landed


async def test_askers_of_one_key_share_a_task() -> None:
    """The first asker starts it; afterwards a new one starts anew."""
    flights: Flights[int] = Flights()
    runs = 0

    async def run() -> int:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)
        return runs

    first, started = flights.join("key", run)
    second, joined = flights.join("key", run)
    assert (first is second, started, joined) == (True, True, False)
    assert [await landed(first), await landed(second)] == [1, 1]
    third, again = flights.join("key", run)
    assert (await landed(third), again) == (2, True)
    assert not len(flights)


async def test_a_done_task_is_not_joined() -> None:
    """Between a task's end and the loop's next turn an asker starts a new one."""
    flights: Flights[int] = Flights()

    async def run() -> int:
        return 1

    first, _ = flights.join("key", run)
    done = asyncio.Event()
    again: list[bool] = []

    def look(_: object) -> None:
        again.append(flights.join("key", run)[1])
        done.set()

    first.add_done_callback(look)
    await done.wait()
    assert again == [True]
    await flights.aclose(1)


async def test_an_error_reaches_each_asker() -> None:
    """What the task raises is raised for those who wait."""
    flights: Flights[int] = Flights()

    async def run() -> int:
        raise LookupError("gone")

    task, _ = flights.join("key", run)
    for _ in range(2):
        with pytest.raises(LookupError, match="gone"):
            await landed(task)


async def test_closing_waits_and_then_cancels() -> None:
    """Quick tasks finish; those who wait for a slow one are told that its owner closed."""
    flights: Flights[int] = Flights()

    async def run(seconds: float) -> int:
        await asyncio.sleep(seconds)
        return 1

    quick, _ = flights.join("quick", lambda: run(0))
    slow, _ = flights.join("slow", lambda: run(60))
    waiting = asyncio.create_task(landed(slow))
    await flights.aclose(0.05)
    assert await landed(quick) == 1
    with pytest.raises(FlightCancelledError):
        await waiting
