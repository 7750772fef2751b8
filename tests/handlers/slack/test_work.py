"""The owner of background tasks: bounded, drained, nothing lost."""

import asyncio

import pytest

from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.metrics import Metrics
from bot.service import PlaceFailedError
from bot.worker import VantageAwayError
from handlers.slack.measure import Measures
from handlers.slack.work import TooMuchWorkError, Work


@pytest.fixture
def work() -> Work:
    """An owner that takes three tasks."""
    return Work(Measures(Metrics()), limit=3)


async def test_more_than_the_bound_is_turned_away(work: Work) -> None:
    """A task that finishes what was begun is still taken."""
    gate = asyncio.Event()
    for _ in range(3):
        work.start(_wait(gate), name="one")
    with pytest.raises(TooMuchWorkError, match="too much"):
        work.start(_wait(gate), name="four")
    work.start(_wait(gate), name="five", follows=True)
    assert len(work) == 4
    gate.set()
    assert await work.drain(5.0) == 0
    assert len(work) == 0


async def test_a_drained_owner_takes_nothing_new(work: Work) -> None:
    """And says that it is closed."""
    await work.drain(1.0)
    assert work.closed
    with pytest.raises(TooMuchWorkError, match="too much"):
        work.start(asyncio.sleep(0), name="late")


async def test_what_does_not_end_is_cancelled_and_may_say_goodbye(work: Work) -> None:
    """The bound holds, and the farewell is waited for."""
    said: list[str] = []

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            said.append("goodbye")
            raise

    work.start(stubborn(), name="stubborn")
    await asyncio.sleep(0)
    assert await work.drain(0.0) == 1
    assert said == ["goodbye"]


async def test_a_task_that_fails_is_logged_not_lost(
    work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody awaits it, and it still shows."""

    async def broken() -> None:
        msg = "the reason"
        raise RuntimeError(msg)

    work.start(broken(), name="broken")
    await work.drain(5.0)
    captured = capsys.readouterr()
    assert "the reason" in captured.out + captured.err


async def _wait(gate: asyncio.Event) -> None:
    await gate.wait()


async def test_a_place_where_nobody_is_is_no_failure_of_ours(
    work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who mistyped its name is told; the log has a line, and no traceback."""
    question = Question(target=parse_target("shop.example.jp"))

    async def nobody() -> None:
        raise PlaceFailedError(question, VantageAwayError("nobody", "prod-kyoto"))

    work.start(nobody(), name="ask")
    assert await work.drain(5.0) == 0
    logged = capsys.readouterr().out
    assert "a place gave no answer" in logged
    assert "background task failed" not in logged
