"""The round: looks side by side, and none that can hold up or hide another."""

import asyncio
from datetime import timedelta

import pytest

from bot.doctor import Look, Sight, make_round
from bot.doctor.clock import judge_clocks
from bot.doctor.finding import OtherClock, fine
from tests.doctor.findings import marks, the


async def test_one_that_hangs_and_one_that_breaks_stop_no_other() -> None:
    """Both are said, the third is there, and the whole takes no longer than one bound."""

    async def hangs() -> Sight:
        await asyncio.Event().wait()
        return Sight()

    async def breaks() -> Sight:
        msg = "xoxb-secret"
        raise RuntimeError(msg)

    async def works() -> Sight:
        return Sight((fine("trust", "public"),), (OtherClock("Redis", timedelta(0)),))

    loop = asyncio.get_running_loop()
    begun = loop.time()
    looks = (Look("slack", hangs), Look("redis", breaks), Look("trust", works))
    found = await make_round(looks, seconds=0.2)
    assert loop.time() - begun < 5
    assert [(one.area, one.code) for one in found] == [
        ("slack", "slow"),
        ("redis", "broke"),
        ("clock", "agrees"),
        ("trust", "public"),
    ]
    assert the(found, "broke").values == {"error": "RuntimeError"}


@pytest.mark.parametrize(
    ("offsets", "said"),
    [
        ({}, {"unknown": "note"}),
        ({"Redis": 1.0, "slack.com": -2.0}, {"agrees": "fine"}),
        ({"Redis": 30.0}, {"ours_slow": "note"}),
        ({"Redis": -90.0}, {"ours_fast": "wrong"}),
        ({"Redis": 600.0, "slack.com": 0.5}, {"agrees": "fine", "theirs_fast": "wrong"}),
        ({"Redis": -20.0, "slack.com": 0.5}, {"agrees": "fine", "theirs_slow": "note"}),
    ],
    ids=["none", "all agree", "ours is slow", "ours is fast", "Redis is fast", "Redis is slow"],
)
def test_the_clock_that_stands_alone_is_the_wrong_one(
    offsets: dict[str, float], said: dict[str, str]
) -> None:
    """Two that agree with ours clear it."""
    others = [OtherClock(name, timedelta(seconds=one)) for name, one in offsets.items()]
    assert marks(judge_clocks(others)) == said
