"""A bot in a process of its own, for the tests of several processes over one Redis.

`python -m tests.store.other_process URL DIRECTORY`: asks the sample question. Its checks add a
line to DIRECTORY/checks and end when DIRECTORY/go exists.
"""

import asyncio
import sys
from pathlib import Path

from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.service import Service
from bot.store import open_store
from tests.store.conftest import utc_now
from tests.store.samples import question, report


class FileVantage:
    """Writes down each check and waits for the sign to end it."""

    name = "here"

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def roots_digest(self, question: Question) -> str:
        """One trust store for all."""
        return "roots"

    async def check(self, question: Question) -> Report:
        """A check that other processes can see."""
        with (self._directory / "checks").open("a") as checks:
            checks.write(f"{question.target.host}\n")
        while not (self._directory / "go").exists():  # noqa: ASYNC110 - the sign comes from another process
            await asyncio.sleep(0.01)
        return report(question)

    async def later(self, report: Report) -> Report | None:
        """Nothing is open."""
        return None

    async def aclose(self) -> None:
        """Nothing is held."""


async def main(url: str, directory: Path) -> None:
    """Ask once and print the answer's id and source."""
    async with open_store(url, utc_now, lease_seconds=0.5) as store:
        service = Service(FileVantage(directory), store, clock=utc_now, cache_seconds=300)
        answer = await service.ask(question())
        print(answer.report.id, answer.source)
        await service.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
