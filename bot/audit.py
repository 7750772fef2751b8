"""Who asks for a check, and the line in the log that says what came of it.

One event, `audit`, for each check that somebody asked for, by whatever way: whoever has to answer
"who had this host checked?" filters the log for it. Never message text, tokens or certificates.
The asker travels with the task (a context variable), so that no listener has to hand it on.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

import structlog

from bot.diagnosis.question import Question
from bot.service import Answer, NotPermittedError, Permit

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and by which way: `command`, `press`, `mention`, `watch` and the like."""

    surface: str
    user: str = ""
    team: str = ""
    channel: str = ""


NOBODY = Asker("unknown")
_ASKER: ContextVar[Asker] = ContextVar("asker", default=NOBODY)


def set_asker(asker: Asker) -> None:
    """From now on this task, and those it starts, ask for them."""
    _ASKER.set(asker)


def current_asker() -> Asker:
    """For whom this task asks."""
    return _ASKER.get()


def note(what: str, asker: Asker | None = None, **said: Any) -> None:
    """One audit line: what was done, for whom; the rest by name."""
    who = asker or current_asker()
    log.info(
        "audit",
        what=what,
        user=who.user,
        team=who.team,
        channel=who.channel,
        surface=who.surface,
        **said,
    )


class Asking(Protocol):
    """The part of `bot.service.Service` that is used here."""

    @property
    def vantage_name(self) -> str:
        """What the place is called that checks run from."""

    async def ask(
        self,
        question: Question,
        *,
        refresh: bool = False,
        permit: Permit | None = None,
        vantage: str | None = None,
        unseen: bool = False,
    ) -> Answer:
        """The newest answer."""

    async def keep(self, answer: Answer) -> None:
        """Somebody will be shown this answer."""

    async def later(self, answer: Answer) -> Answer | None:
        """The same answer once what was open in it has arrived."""

    async def recall(self, result_id: str) -> Answer | None:
        """An earlier answer by its id."""


class Audited:
    """The service as people and watches get it: each asker's check is permitted and written down."""

    def __init__(
        self, service: Asking, permit: Callable[[Asker], Awaitable[None]] | None = None
    ) -> None:
        """`permit` raises NotPermittedError when this asker may have no further check now."""
        self._service = service
        self._permit = permit

    @property
    def vantage_name(self) -> str:
        """What the place is called that checks run from."""
        return self._service.vantage_name

    async def ask(
        self,
        question: Question,
        *,
        refresh: bool = False,
        vantage: str | None = None,
        unseen: bool = False,
    ) -> Answer:
        """The newest answer, for the asker of this task; see `bot.service.Service.ask`.

        Raises:
            NotPermittedError: A new check would be needed, and the asker may have none now.
            CheckFailedError: From the service.
        """
        who = current_asker()
        permit = self._permit
        begun = perf_counter()
        said: dict[str, Any] = {"verdict": None, "cause": None, "source": "failed"}
        where = {"vantage": vantage} if vantage is not None else {}
        try:
            answer = await self._service.ask(
                question,
                refresh=refresh,
                permit=None if permit is None else lambda: permit(who),
                vantage=vantage,
                unseen=unseen,
            )
            report = answer.report
            said = {
                "verdict": report.verdict,
                "cause": report.cause.value if report.cause is not None else None,
                "source": answer.source,
            }
        except NotPermittedError:
            said["source"] = "refused"
            raise
        finally:
            milliseconds = round((perf_counter() - begun) * 1000)
            note("check", who, **asked(question), **where, refresh=refresh, **said, ms=milliseconds)
        return answer

    async def keep(self, answer: Answer) -> None:
        """Somebody will be shown this answer."""
        await self._service.keep(answer)

    async def later(self, answer: Answer) -> Answer | None:
        """The same answer once what was open in it has arrived; a part of its check."""
        return await self._service.later(answer)

    async def recall(self, result_id: str) -> Answer | None:
        """An earlier answer by its id; no check."""
        return await self._service.recall(result_id)


def asked(question: Question) -> dict[str, Any]:
    """What was asked, as the audit line names it; options only where they were given."""
    target = question.target
    said: dict[str, Any] = {"host": target.host, "port": target.port}
    if target.starttls:
        said["starttls"] = target.starttls
    if question.addresses:
        said["addresses"] = [
            f"{one.address} {one.port or ''}".strip() for one in question.addresses
        ]
    if question.at is not None:
        said["at"] = question.at.isoformat()
    if not question.fetch:
        said["fetch"] = False
    return said
