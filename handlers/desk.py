"""What every listener needs: the service, the ways out to Slack, the owner of background work.

One Desk per app, made by whoever composes the program; no globals. Here also stands what all of
them do alike: taking a delivery once, and telling a person that something failed.
"""

import asyncio
import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Protocol

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.compare.kept import Comparisons
from bot.diagnosis.question import Question
from bot.places import Places
from bot.service import Answer, PlaceFailedError, ServiceClosedError
from bot.store.choices import Choices
from bot.store.connection import StoreAwayError
from bot.store.history import History
from bot.store.neighbours import Neighbours
from bot.store.posts import Posts
from bot.store.recent import Recent
from bot.store.space import in_space
from bot.store.sweeps import Sweeps
from bot.store.threads import Threads
from bot.store.watches import Watches
from bot.texts.catalogue import Lang
from handlers.answers.present import Presenter
from handlers.answers.sentences import refusal, say
from handlers.asking.command import Ask, Refused, parse_command
from handlers.asking.press import Press
from handlers.manners.rates import TooOftenError
from handlers.owed.delivery import Owed, current_owed, is_resumed
from handlers.owed.ledger import Ledger
from handlers.places.unknown import place_trouble
from handlers.slack.address import Addresses
from handlers.slack.blocks import Message
from handlers.slack.measure import Measures
from handlers.slack.people import MOMENT_SECONDS, People
from handlers.slack.reply import Reply, ReplyError
from handlers.slack.trouble import trouble
from handlers.slack.uploaded import Files
from handlers.slack.work import TooMuchWorkError, Work

log = structlog.get_logger(__name__)

REMEMBERED = timedelta(hours=1)
"""How long a delivery is known. Slack repeats events for some five minutes."""
ONCE_SECONDS = 0.5
"""How long Redis may take to say whether a delivery is new, before it is taken as new."""


class Asking(Protocol):
    """The part of `bot.service.Service` that is used here."""

    @property
    def vantage_name(self) -> str:
        """What the place is called that checks run from."""

    async def ask(
        self, question: Question, *, refresh: bool = False, vantage: str | None = None
    ) -> Answer:
        """The newest answer, from the place of that name; None: from our own."""

    async def later(self, answer: Answer) -> Answer | None:
        """The same answer once what was open in it has arrived."""

    async def recall(self, result_id: str) -> Answer | None:
        """An earlier answer by its id."""


class OnceStore(Protocol):
    """The part of `bot.store.Store` that is used here."""

    async def first_time(
        self, kind: str, delivery: str, ttl: timedelta, *, owner: str = ""
    ) -> bool:
        """Whether nobody asked about this delivery before, but its owner."""


@dataclass(frozen=True)
class Reader:
    """The language and the time zone that somebody is answered in."""

    lang: Lang
    zone: tzinfo = UTC


@dataclass(frozen=True)
class Desk:
    """The tools of the listeners.

    `lang` is spoken where nobody's own language is known; with `lang_is_set` (TLSCHECK_LANG) it is
    spoken to everybody who chose none themselves (in the bot's Home tab). `most_swept`: hosts of one
    sweep; 0: there are none from here. `few_channels`: the bot is used in some channels only.
    """

    service: Asking
    unnoted: Asking
    places: Places
    comparisons: Comparisons
    store: OnceStore
    client: AsyncWebClient
    reply: Reply
    presenter: Presenter
    work: Work
    ledger: Ledger
    measures: Measures
    clock: Callable[[], datetime]
    people: People
    watches: Watches
    histories: History
    threads: Threads
    posts: Posts
    recent: Recent
    choices: Choices
    addresses: Addresses
    neighbours: Neighbours
    sweeps: Sweeps
    most_swept: int
    files: Files
    lang: Lang
    patience: float
    lang_is_set: bool = False
    few_channels: bool = False

    async def reader(self, user: str, within: float = MOMENT_SECONDS) -> Reader:
        """How somebody is answered, as far as it is known within a moment."""
        person, chosen = await asyncio.gather(
            self.people.person(user, within), self.chosen_lang(user)
        )
        lang = None if self.lang_is_set else person.lang
        return Reader(chosen or lang or self.lang, person.zone)

    async def own_lang(self, user: str) -> Lang | None:
        """Somebody's own language: as they chose, else as they set Slack; None if not known."""
        chosen = await self.chosen_lang(user)
        if chosen is not None or self.lang_is_set:
            return chosen
        return (await self.people.person(user)).lang

    async def chosen_lang(self, user: str) -> Lang | None:
        """The language that somebody chose; None also while Redis does not say so in time."""
        if not user:
            return None
        try:
            async with asyncio.timeout(ONCE_SECONDS):
                return await self.choices.lang(user)
        except (StoreAwayError, TimeoutError):
            return None

    async def spoken(self, user: str, press: Press) -> Press:
        """The press in the language of who pressed: a shared message may speak another one."""
        if press.shared is None:
            return press
        lang = await self.own_lang(user)
        return press.model_copy(update={"lang": lang}) if lang else press

    async def first_time(self, kind: str, delivery: str) -> bool:
        """Whether this delivery is to be worked on; a repeated one is not."""
        if not delivery:
            return True
        owed = current_owed()
        owner = owed.debt.id if owed is not None else ""
        try:
            async with asyncio.timeout(ONCE_SECONDS):
                first = await self.store.first_time(
                    kind, in_space(delivery), REMEMBERED, owner=owner
                )
        except TimeoutError:
            return True
        if not first:
            self._pass_over(kind)
        return first

    async def begin(self, kind: str, delivery: str) -> Owed | None:
        """Take a delivery whose answer follows its acknowledgement; to be called before that.

        Whoever gets it goes on with `ledger.carry`. Should this process die, another does.

        Returns:
            None when it was taken before, or goes to another bot since this one is ending.
        """
        owed = await self.ledger.begin(kind, in_space(delivery) if delivery else "", REMEMBERED)
        if owed is None:
            self._pass_over(kind)
            return None
        return None if await self.ledger.give_away(owed) else owed

    async def take(self, kind: str, delivery: str) -> bool:
        """Take a delivery that will most likely be answered in its acknowledgement.

        Should that never happen, and the delivery come again elsewhere, it is answered from there.
        """
        delivery = in_space(delivery) if delivery else ""
        taker = await self.ledger.take(kind, delivery, REMEMBERED)
        if taker is None:
            return True
        self._pass_over(kind)
        if taker:
            inquiry = self.ledger.inquire(taker, kind, delivery, REMEMBERED)
            self.work.start(inquiry, name="inquiry", follows=True)
        return False

    async def owe(self, kind: str, delivery: str, payload: Mapping[str, Any] | None = None) -> Owed:
        """From now on the answer to a delivery that was taken is owed; see `begin`.

        `payload`: what is noted of it, where that is less than what Slack sent.
        """
        delivery = in_space(delivery) if delivery else ""
        return await self.ledger.owe(kind, delivery, REMEMBERED, payload)

    def _pass_over(self, kind: str) -> None:
        self.measures.repeated.inc()
        log.info("repeated delivery passed over", kind=kind)

    def waiting(self, lang: Lang, host: str) -> Message:
        """That a check is under way; or that it still is, where another bot had said so."""
        return say(lang, "owed.still" if is_resumed() else "slack.checking", host=host)

    def failure(self, error: BaseException, lang: Lang, host: str, doing: str) -> Message:
        """The sentence for a person whose request failed; the rest goes to the log."""
        if isinstance(error, TooMuchWorkError):
            return say(lang, "slack.restarting" if self.work.closed else "slack.busy", host=host)
        if isinstance(error, (ServiceClosedError, asyncio.CancelledError)):
            return say(lang, "slack.restarting", host=host)
        if isinstance(error, TooOftenError):
            seconds = math.ceil(error.wait.total_seconds())
            return say(lang, f"manners.too_often.{error.whose}", n=seconds, host=host)
        if isinstance(error, PlaceFailedError):
            return place_trouble(error.reason, self.places.names(), lang)
        told = trouble(error, lang, doing)
        if told is not None:
            return told
        number = secrets.token_hex(4)
        self.measures.errors.inc()
        log.error("request failed", id=number, doing=doing, host=host, exc_info=error)
        return say(lang, "slack.failed", id=number)

    async def tell(self, url: str | None, message: Message, *, replace: bool = False) -> bool:
        """Post to a response address.

        Returns:
            Whether Slack took it; if not, it is logged and counted.
        """
        if not url:
            return False
        try:
            await self.reply(url, message, replace=replace)
        except ReplyError as error:
            self.measures.replies_failed.labels(error.reason).inc()
            log.error("a person was not answered", reason=error.reason, detail=error.detail)
            return False
        return True

    async def send_lost(self, payload: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        """Post what an acknowledgement held whose connection was gone."""
        url = payload.get("response_url")
        message = Message(str(body.get("text", "")), tuple(body.get("blocks", ())))
        if isinstance(url, str) and message.text:
            await self.tell(url, message)

    async def answer_of(self, press: Press, *, refresh: bool = False) -> Answer | Message:
        """The result that a button belongs to, or the same question asked again.

        Returns:
            A Message instead when the button's command cannot be read (any more).

        Raises:
            CheckFailedError: From the service.
        """
        known = await self.service.recall(press.result) if press.result else None
        if known is not None and not refresh:
            return known
        if known is not None:
            return await self.service.ask(
                known.record.question, refresh=True, vantage=known.record.place
            )
        command = parse_command(press.command, press.lang)
        if isinstance(command, Ask):
            return await self.service.ask(
                command.question, refresh=refresh, vantage=command.vantage
            )
        if isinstance(command, Refused):
            return refusal(command)
        return say(press.lang, "slack.press.unknown")


async def within(task: "asyncio.Task[Any]", seconds: float) -> bool:
    """Whether the task is done within that time; it goes on either way."""
    if task.done():
        return True
    if seconds <= 0:
        # One turn of the loop: what is already known needs no waiting.
        await asyncio.sleep(0)
        return task.done()
    await asyncio.wait((task,), timeout=seconds)
    return task.done()
