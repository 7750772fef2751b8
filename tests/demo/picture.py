"""The README's picture of an answer in Slack: `python -m tests.demo.picture FILE.png`.

Taken from the running demo, so it cannot show what the bot does not do.
"""

import asyncio
import sys

from bot.demo.run import open_demo
from tests.demo.browsing import browsing


async def take(file: str) -> None:
    """Ask about the server of the story and keep the picture of the answer."""
    async with open_demo() as demo, browsing(demo.slack, height=1400) as seen:
        await seen.type("/tlscheck missing-intermediate.lab.test")
        answer = seen.page.get_by_role("article").last
        await answer.get_by_text("NOT SENT").wait_for()
        await answer.screenshot(path=file)


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1]))
