"""The workflow step "Check TLS": a host in, verdict, cause, summary and a link out.

docs.slack.dev/tools/bolt-python/concepts/custom-steps. It posts nothing: what becomes of its
outputs is the workflow's. The link is that of the message in which this very result was shared, if
it was; else it opens the bot.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.service import Answer
from bot.texts.catalogue import Lang, catalogue
from handlers.answers.sentences import refusal
from handlers.asking.ask import shown_host
from handlers.asking.command import Ask, Refused, parse_command
from handlers.desk import Desk
from handlers.sharing.threads import shared_message
from handlers.slack.escape import shorten
from handlers.slack.web import api_error
from handlers.slack.work import TooMuchWorkError

log = structlog.get_logger(__name__)

STEP: Final = "check_tls"
EVENT: Final = "function_executed"
_LONGEST: Final = 500
"""Characters of an error or a summary."""


async def take_step(desk: Desk, body: Mapping[str, Any], arrived: float | None = None) -> None:
    """Take one run of the step, and end it in the background."""
    loop = asyncio.get_running_loop()
    arrived = arrived or loop.time()
    run = _Run(desk, body)
    owed = await desk.begin("step", run.id) if run.id else None
    if owed is not None:
        try:
            desk.work.start(desk.ledger.carry(owed, run.work), name="step")
        except TooMuchWorkError as error:
            sentence = desk.failure(error, desk.lang, "", "step").text
            telling = desk.ledger.carry(owed, run.fail, sentence)
            desk.work.start(telling, name="step", follows=True)
    desk.measures.metrics.acknowledged("event", loop.time() - arrived)


class _Run:
    """One run: it is completed or failed once."""

    def __init__(self, desk: Desk, body: Mapping[str, Any]) -> None:
        self._desk = desk
        self._team = _text(body, "team_id")
        self._app = _text(body, "api_app_id")
        self.id = _text(body, "event", "function_execution_id")
        self._host = _text(body, "event", "inputs", "host")
        # The token that came with the run is good for it alone, in whatever workspace it is; our
        # own stands in where there is none (docs.slack.dev/reference/events/function_executed).
        token = _text(body, "event", "bot_access_token")
        self._token = {"token": token} if token else {}

    async def work(self) -> None:
        """Check, and hand the outputs over."""
        desk, lang = self._desk, self._desk.lang
        command = parse_command(self._host, lang)
        if not isinstance(command, Ask) or command.verb != "check":
            await self.fail(_no_host(command, lang))
            return
        host = shown_host(command.question.target)
        try:
            answer = await desk.service.ask(command.question, vantage=command.vantage)
            # A workflow can wait: what it decides by should be all that is known.
            answer = await desk.service.later(answer) or answer
            outputs = await self._outputs(answer, command.lang)
        except asyncio.CancelledError as error:
            await self.fail(desk.failure(error, lang, host, "step").text)
            raise
        except Exception as error:
            await self.fail(desk.failure(error, lang, host, "step").text)
            return
        await self._end(
            desk.client.functions_completeSuccess(
                function_execution_id=self.id, outputs=outputs, **self._token
            )
        )

    async def fail(self, sentence: str) -> None:
        """The step failed, and why."""
        await self._end(
            self._desk.client.functions_completeError(
                function_execution_id=self.id, error=shorten(sentence, _LONGEST), **self._token
            )
        )

    async def _outputs(self, answer: Answer, lang: Lang) -> dict[str, str]:
        report = self._desk.presenter.phrased(answer, lang)
        return {
            "verdict": report.verdict,
            "cause": report.cause.value if report.cause is not None else "",
            "summary": shorten(report.summary, _LONGEST),
            "permalink": await self._link(answer),
        }

    async def _link(self, answer: Answer) -> str:
        place = await shared_message(self._desk, answer.report.id)
        if place is not None:
            channel, ts = place
            try:
                found = await self._desk.client.chat_getPermalink(channel=channel, message_ts=ts)
            except SlackApiError as error:
                # Deleted meanwhile, or in a channel that the bot has left.
                log.info("no link to a shared answer", reason=api_error(error))
            else:
                return str(found["permalink"])
        # docs.slack.dev/interactivity/deep-linking: opens the bot.
        return "https://slack.com/app_redirect?" + urlencode({"app": self._app, "team": self._team})

    async def _end(self, call: Awaitable[object]) -> None:
        try:
            await call
        except SlackApiError as error:
            # Ended meanwhile by whoever runs the workflow, or for taking too long.
            log.warning("a step was not ended", reason=api_error(error))
        except (SlackRequestError, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("a step was not ended", reason=type(error).__name__)


def _no_host(command: object, lang: Lang) -> str:
    if isinstance(command, Refused):
        return refusal(command).text
    return catalogue(lang).text("home.step.no_host")


def _text(body: Mapping[str, Any], *path: str) -> str:
    value: Any = body
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""
