"""Comparing: all places asked at once, what they say shown as it comes, the difference at the end.

`Gathering` knows what has come so far; where it is shown, and how often that may change, is each
caller's: an acknowledgement, a response address (five uses), or a message that can be updated.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, tzinfo

import structlog

from bot.compare import Comparison, Seen, gather, judge
from bot.diagnosis.question import Question
from bot.service import Answer, PlaceFailedError
from bot.store.connection import StoreAwayError
from bot.texts.catalogue import Lang
from bot.texts.comparison import phrase_comparison
from bot.worker import RemoteError
from handlers.asking.command import Ask, parse_command
from handlers.asking.press import Press, Shared
from handlers.desk import Desk
from handlers.manners.rates import count_together
from handlers.places.compared import Showing, compared_message
from handlers.slack.blocks import Message

log = structlog.get_logger(__name__)

GAP_SECONDS = 1.2
"""Between two changes of one message (chat.update: some fifty a minute, docs.slack.dev/apis/web-api/rate-limits)."""

Put = Callable[[Message], Awaitable[object]]


class _Everywhere:
    """The service as a comparison asks it: one entry among somebody's recent checks is enough."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask(
        self, question: Question, *, refresh: bool = False, vantage: str | None = None
    ) -> Answer:
        """The newest answer of a place."""
        desk = self._desk
        own = vantage is None or vantage == desk.service.vantage_name
        asked = desk.service if own else desk.unnoted
        return await asked.ask(question, refresh=refresh, vantage=vantage)

    async def later(self, answer: Answer) -> Answer | None:
        """The same answer once what was open in it has arrived."""
        return await self._desk.service.later(answer)


class Gathering:
    """One comparison under way."""

    def __init__(
        self,
        desk: Desk,
        ask: Ask,
        zone: tzinfo = UTC,
        *,
        refresh: bool = False,
        shared: Shared | None = None,
        thread: str | None = None,
    ) -> None:
        self._desk = desk
        self._ask = ask
        self._zone = zone
        self._refresh = refresh
        self._shared = shared
        self._thread = thread
        self._names: tuple[str, ...] = ()
        self._seen: list[Seen] = []
        self._came = asyncio.Event()
        self._id = secrets.token_hex(16)
        self.done = False

    @property
    def comparison(self) -> Comparison:
        """What has come so far."""
        return judge(self._ask.question.target, self._seen, self._desk.clock())

    @property
    def own_result(self) -> str | None:
        """The id of the bot's own result, once it is there."""
        return next((one.report.id for one in self._seen if one.own and one.report), None)

    def message(self) -> Message:
        """What has come so far, as a message."""
        seen = {one.vantage for one in self._seen}
        waiting = () if self.done else tuple(one for one in self._names if one not in seen)
        phrased = phrase_comparison(self.comparison, self._ask.lang, self._zone)
        return compared_message(
            Showing(
                phrased,
                self._ask.question,
                self._ask.lang,
                waiting=waiting,
                asked=self._ask.vantages,
                id=self._id,
                shared=self._shared,
                thread=self._thread,
            )
        )

    async def look(self) -> None:
        """Find out whom to ask.

        Raises:
            PlaceFailedError: A place was named where nobody is.
        """
        desk = self._desk
        known = await desk.places.look()
        try:
            named = [(await desk.places.find(one)).name for one in self._ask.vantages]
        except RemoteError as error:
            raise PlaceFailedError(self._ask.question, error) from error
        self._names = tuple(dict.fromkeys(named)) or tuple(known)

    async def run(self) -> Message:
        """Ask all of them; the message with everything, kept to be shared.

        Raises:
            PlaceFailedError: A place was named where nobody is.
        """
        if not self._names:
            await self.look()
        count_together()
        asked = _Everywhere(self._desk)
        async for one in gather(
            asked,
            self._desk.places,
            self._ask.question,
            names=self._names,
            refresh=self._refresh,
        ):
            self._seen.append(one)
            self._came.set()
        self.done = True
        try:
            await self._desk.comparisons.put(self._id, self.comparison)
        except StoreAwayError:
            log.info("a comparison was not kept", reason="Redis is away")
        return self.message()

    async def show(self, put: Put, *, most: int = 20, gap: float = GAP_SECONDS) -> Message:
        """Run, and show what has come at most every `gap` seconds and `most` times before the end."""
        task = asyncio.create_task(self.run())
        try:
            for _ in range(most):
                await asyncio.wait((task,), timeout=gap)
                if task.done():
                    break
                if self._came.is_set():
                    self._came.clear()
                    await put(self.message())
            return await task
        except BaseException:
            task.cancel()
            await asyncio.wait((task,))
            raise


def asked_again(press: Press) -> Ask | None:
    """What a button of a comparison, or of an answer, asks of all places; None: not readable."""
    command = parse_command(press.command, press.lang)
    if not isinstance(command, Ask):
        return None
    # On an answer from one place the others are what it is to be compared with.
    names = command.vantages if press.compared is not None else ()
    return Ask(press.lang, command.question, "compare", names)


async def recalled(desk: Desk, press: Press, zone: tzinfo, shared: Shared | None) -> Message | None:
    """The message of a comparison that is kept; None when it is not (any more)."""
    ask = asked_again(press)
    if press.compared is None or ask is None:
        return None
    try:
        kept = await desk.comparisons.get(press.compared)
    except StoreAwayError:
        return None
    if kept is None or kept.target.host != ask.question.target.host:
        return None
    whole = await _with_reports(desk, kept)
    lang: Lang = press.lang
    return compared_message(
        Showing(
            phrase_comparison(whole, lang, zone),
            ask.question,
            lang,
            asked=ask.vantages,
            id=press.compared,
            shared=shared,
        )
    )


async def _with_reports(desk: Desk, kept: Comparison) -> Comparison:
    """With the Reports that its groups are told by."""
    leads = {one.vantages[0]: one.result for one in kept.groups if one.result}
    found = await asyncio.gather(*map(desk.service.recall, leads.values()))
    reports = {place: answer.report for place, answer in zip(leads, found, strict=True) if answer}
    places = tuple(
        one.model_copy(update={"report": reports.get(one.vantage)}) for one in kept.places
    )
    return kept.model_copy(update={"places": places})
