"""From a press to the visible change, for what needs no new check: details, fix, share, questions.

`python -m tests.benchmarks.presses [--times 50]`

The real bot over HTTP with a real Valkey, and the stand-in for Slack in the same process: its own
work counts, so the bot alone is faster. The server that was checked is canned: nothing here waits
for a handshake, and the time from the press to what a person sees is all the bot's and Redis'.
"""

import argparse
import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median

from bot.demo.slack.values import Message
from bot.demo.slack.workspace import AIKO
from bot.log import configure_logging
from bot.store import open_embedded_server
from handlers.asking.press import DETAILS, FIX, SHARE, WATCH
from tests.benchmarks.table import Row, show, show_machine
from tests.handlers.asking.test_pressed import shown_to_all
from tests.handlers.conftest import Running, run_bot

CHANNEL = "incident-shop"
GOAL_MS = 300.0


async def timed(times: int, act: Callable[[int], Awaitable[object]]) -> list[float]:
    """Milliseconds of each act, one after the other."""
    taken = []
    for number in range(times):
        started = time.perf_counter()
        await act(number)
        taken.append((time.perf_counter() - started) * 1000)
    return taken


async def answer(bot: Running, host: str) -> Message:
    """Ask, and take the answer."""
    delivery = await bot.slack.command(AIKO, CHANNEL, host)
    assert delivery.message is not None
    return delivery.message


async def main(times: int) -> None:
    """Measure and print."""
    print(f"== presses: {times} of each kind, one after the other ==")
    show_machine()
    configure_logging("console", level=logging.ERROR)
    async with (
        open_embedded_server() as url,
        run_bot(url, real=True, tlscheck_rate_person=0, tlscheck_rate_channel=0) as bot,
    ):
        configure_logging("console", level=logging.ERROR)
        slack = bot.slack
        answers = [await answer(bot, f"h{number}.example.jp") for number in range(times)]
        checks = len(bot.vantage.asked)

        async def details(number: int) -> None:
            await slack.press(AIKO, answers[number], DETAILS)
            view = await slack.wait_for(
                lambda: [one for one in slack.views if f"h{number}.example.jp" in one.words()]
            )
            await slack.close(AIKO, view[0])

        def heard() -> Sequence[Message]:
            return slack.messages(CHANNEL, AIKO)

        async def private(number: int, action: str) -> None:
            before = len(heard())
            await slack.press(AIKO, answers[number], action)
            await slack.wait_for(lambda: len(heard()) > before)

        async def share(number: int) -> None:
            before = len(shown_to_all(bot, CHANNEL))
            await slack.press(AIKO, answers[number], SHARE)
            await slack.wait_for(lambda: len(shown_to_all(bot, CHANNEL)) > before)

        shown: list[tuple[str, list[float]]] = [
            ("details", await timed(times, details)),
            ("steps for my software", await timed(times, lambda one: private(one, FIX))),
            ("watch until fixed", await timed(times, lambda one: private(one, WATCH))),
            ("share", await timed(times, share)),
        ]
        shared = [one for one in shown_to_all(bot, CHANNEL) if one.blocks]

        async def question(number: int) -> None:
            thread = shared[number % len(shared)].ts
            before = len(heard())
            await slack.say(AIKO, CHANNEL, "@tlscheck which clients break?", thread_ts=thread)
            # The question itself is a message, too.
            await slack.wait_for(lambda: len(heard()) > before + 1)

        shown.append(("a question in the thread", await timed(times, question)))
        assert len(bot.vantage.asked) == checks, "a check was run"
    show(
        "press to visible change",
        [Row(f"{what}, median", median(taken), "ms", GOAL_MS) for what, taken in shown]
        + [Row(f"{what}, slowest", max(taken), "ms") for what, taken in shown],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=50)
    asyncio.run(main(parser.parse_args().times))
