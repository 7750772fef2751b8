"""`--vantage NAME`: this machine, or the place of that name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.cli.status import WrongUsageError
from bot.settings import Settings
from bot.texts.catalogue import Lang, catalogue

if TYPE_CHECKING:
    from bot.diagnosis.question import Question
    from bot.diagnosis.report import Report
    from bot.vantage import Vantage


class UnansweredError(Exception):
    """The place that was asked gave no Report; the text says why, and what to do."""


@asynccontextmanager
async def open_place(
    settings: Settings, name: str | None, *, patience: float, lang: Lang
) -> "AsyncIterator[Vantage]":
    """The place that answers.

    Args:
        settings: This machine's, and the way to Redis.
        name: Which place; None: this machine.
        patience: How long an answer waits for OCSP and CRLs, in seconds.
        lang: The language of errors.

    Raises:
        WrongUsageError: There is no place of that name.
        UnansweredError: Redis does not say whether there is.
        SettingsError: A setting is wrong.
    """
    from bot.vantage import open_local_vantage

    if name is not None and settings.redis_url is None and name != settings.tlscheck_vantage:
        raise WrongUsageError(catalogue(lang).text("worker.usage.redis"))
    async with open_local_vantage(settings, patience=patience) as own:
        if name is None or name == own.name:
            yield own
            return
        import logging

        from bot.log import configure_logging
        from bot.places import places_of
        from bot.texts.comparison import failure_sentence
        from bot.worker import RemoteError

        configure_logging("console", level=logging.ERROR)  # what went wrong is said in a sentence
        async with places_of(settings, own, patience=patience) as places:
            try:
                place = await places.find(name)
            except RemoteError as error:
                kind = UnansweredError if error.code == "redis" else WrongUsageError
                raise kind(failure_sentence(error, lang)) from error
            yield _Named(place, lang)


class _Named:
    """A place elsewhere whose failures are sentences."""

    def __init__(self, place: "Vantage", lang: Lang) -> None:
        self._place = place
        self._lang = lang

    @property
    def name(self) -> str:
        """How people call the place."""
        return self._place.name

    def roots_digest(self, question: "Question") -> str:
        """Hex digest of the trust anchors there."""
        return self._place.roots_digest(question)

    async def check(self, question: "Question") -> "Report":
        """Have one check done there.

        Raises:
            UnansweredError: There is no Report.
        """
        from bot.texts.comparison import failure_sentence
        from bot.worker import RemoteError

        try:
            return await self._place.check(question)
        except RemoteError as error:
            raise UnansweredError(failure_sentence(error, self._lang)) from error

    async def later(self, report: "Report") -> "Report | None":
        """The later Report."""
        return await self._place.later(report)

    async def aclose(self) -> None:
        """Nothing: the place is its owner's."""
