"""The chronicle: each result is compared with what was known of its host, and noted.

What is still open in a result (`Report.pending`) could still change its state: such a result is
compared at once and noted when its update is there, or will not come. While Redis is away nothing
is noted, and nothing is said to have changed.
"""

from datetime import UTC

from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.history import Entry, changes_of, is_kept, state_of, subject_key
from bot.store.connection import StoreAwayError
from bot.store.results import Record
from bot.store.store import Store


class Chronicle:
    """Writes down what hosts were like; kept in Redis, shared by all processes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def compared(self, record: Record, *, final: bool | None = None) -> Record:
        """The record with what changed at its host, noted unless something is open in it.

        Args:
            record: A result that was just made.
            final: Note it even so (True) or not (False); None: as `Report.pending` says.

        Returns:
            The same record where its question says nothing of the host as others see it.
        """
        report = record.report
        if not is_kept(record.question):
            return record
        subject = subject_key(report.target, report.vantage)
        state, at = state_of(report), report.checked_at.astimezone(UTC)
        final = not report.pending if final is None else final
        try:
            if final:
                entries = await self._store.history.note(subject, state, at, report.id)
                await self._note_issuer(record)
            else:
                entries = await self._store.history.newest(subject)
                if not entries or entries[-1].state.digest() != state.digest():
                    entries.append(Entry(state=state, first=at, last=at))
        except StoreAwayError:
            return record
        first = entries[-1].first if entries else None
        return record.model_copy(update={"changes": changes_of(entries), "known_since": first})

    async def note(self, question: Question, report: Report) -> None:
        """Note a result that is kept nowhere else, such as one of a sweep."""
        await self.compared(Record(key="", question=question, report=report))

    async def _note_issuer(self, record: Record) -> None:
        path = record.report.path
        if path is not None and len(path) > 2:
            target = record.report.target
            await self._store.neighbours.note(path[1].sha256, target, record.report.checked_at)
