"""The service as people ask it: each answer that somebody got is noted among their recent checks.

One place for all ways of asking: whoever asks travels with the task (`bot.audit`). Looks of a watch
do not pass here. Redis being away costs the note, not the answer.
"""

import structlog

from bot.audit import Asker, current_asker
from bot.diagnosis.question import Question
from bot.service import Answer
from bot.store.connection import StoreAwayError
from bot.store.recent import Checked, Recent
from handlers.desk import Asking
from handlers.slack.work import Work

log = structlog.get_logger(__name__)


class Noted:
    """Asks the service, and writes down what came of it."""

    def __init__(self, service: Asking, recent: Recent, work: Work) -> None:
        self._service = service
        self._recent = recent
        self._work = work

    @property
    def vantage_name(self) -> str:
        """What the place is called that checks run from."""
        return self._service.vantage_name

    async def ask(
        self, question: Question, *, refresh: bool = False, vantage: str | None = None
    ) -> Answer:
        """The newest answer, noted in the background for the asker of this task."""
        answer = await self._service.ask(question, refresh=refresh, vantage=vantage)
        asker = current_asker()
        places = [one for one in (person_place(asker), asker.channel) if one]
        checked = _checked(answer, asker) if places else None
        if checked is not None:
            self._work.start(self._note(places, checked), name="recent", follows=True)
        return answer

    async def later(self, answer: Answer) -> Answer | None:
        """The same answer once what was open in it has arrived."""
        return await self._service.later(answer)

    async def recall(self, result_id: str) -> Answer | None:
        """An earlier answer by its id."""
        return await self._service.recall(result_id)

    async def _note(self, places: list[str], checked: Checked) -> None:
        try:
            await self._recent.note(places, checked)
        except StoreAwayError:
            log.debug("a check was not noted")


def person_place(asker: Asker) -> str:
    """Where somebody's own checks are noted; ids of people are unique within a workspace."""
    return f"{asker.team} {asker.user}" if asker.user else ""


def _checked(answer: Answer, asker: Asker) -> Checked | None:
    record = answer.record.without_input()
    try:
        return Checked(
            question=record.question,
            verdict=record.report.verdict,
            cause=record.report.cause,
            at=record.report.checked_at,
            result=record.report.id,
            channel=asker.channel,
            place=record.place,
        )
    except ValueError:
        log.info("a check was not noted", reason="an id of another form")
        return None
