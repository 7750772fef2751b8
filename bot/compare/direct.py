"""Asking places without a cache: for one person at a terminal, who wants to see what is now.

What a terminal finds is not stored: the laptop that it runs on is called as the bot may be, and
would answer for it.
"""

from datetime import timedelta

from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.places import Places
from bot.service import Answer, CheckFailedError, PlaceFailedError, named_for
from bot.store.results import Record
from bot.worker.errors import RemoteError


class Direct:
    """Asks each place anew; one for `gather`."""

    def __init__(self, places: Places) -> None:
        self._places = places

    async def ask(
        self, question: Question, *, refresh: bool = True, vantage: str | None = None
    ) -> Answer:
        """A fresh answer of a place.

        Raises:
            PlaceFailedError: Nobody is there, or it gave no Report.
            CheckFailedError: The check broke.
        """
        try:
            place = self._places.own if vantage is None else await self._places.find(vantage)
            report = named_for(place, await place.check(question))
        except RemoteError as error:
            raise PlaceFailedError(question, error) from error
        except Exception as error:
            raise CheckFailedError(question) from error
        return _answer(question, report)

    async def later(self, answer: Answer) -> Answer | None:
        """The same answer once what was open in it has arrived."""
        place = await self._places.find(answer.report.vantage)
        report = await place.later(answer.report)
        return None if report is None else _answer(answer.record.question, named_for(place, report))


def _answer(question: Question, report: Report) -> Answer:
    return Answer(
        Record(key="", question=question, report=report), timedelta(0), "fresh", stored=False
    )
