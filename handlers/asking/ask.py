"""The listener of `/tlscheck`: an answer in the acknowledgement, or soon after it.

Slack gives three seconds; after `Desk.patience` the asker is told that the check is under way, and
the answer follows to the response address. (`replace_original` does nothing there for a command,
bolt-python #1268: so either one message, or this one and the answer.)
"""

import asyncio
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncBoltContext

from bot.audit import current_asker
from bot.diagnosis.report import Target
from bot.service import Answer
from bot.watch import Asked
from handlers.answers.sentences import help_message, refusal
from handlers.answers.update import tell_later
from handlers.asking.command import (
    Ask,
    Explain,
    Help,
    RecentChecks,
    Refused,
    SweepList,
    Vantages,
    Watches,
    parse_command,
)
from handlers.asking.past import host_history
from handlers.asking.press import Press
from handlers.asking.recent import list_recent
from handlers.desk import Desk, within
from handlers.owed.delivery import is_resumed
from handlers.places.comparing import Gathering
from handlers.places.listing import list_vantages
from handlers.places.living import compare_for_all
from handlers.sharing.living import NotShownError, Spot
from handlers.sharing.share import share_host
from handlers.sharing.threads import remember
from handlers.slack.blocks import Message
from handlers.slack.escape import shorten
from handlers.slack.work import TooMuchWorkError
from handlers.sweeps.window import Opened, open_list_window
from handlers.talking.explain import explain_message, open_window
from handlers.watches.watching import list_watches, unwatch_host, watch_host

log = structlog.get_logger(__name__)

ARRIVED = "tlscheck_arrived"
"""Name in Bolt's context: the loop's time at which the payload came in."""


RESUMED_PATIENCE = 5.0
"""How long the answer that another bot had announced may take, before it is said that it will come."""
LEAD_SECONDS = 0.25
"""The head start of "checking …": acknowledgement and answer reach Slack on different ways."""


async def acknowledge(ack: AsyncAck, message: Message) -> None:
    """The message as the body of the acknowledgement, for the asker only."""
    await ack(
        text=message.text,
        blocks=list(message.blocks),
        response_type="ephemeral",
        unfurl_links=False,
        unfurl_media=False,
    )


async def answer_command(
    desk: Desk, ack: AsyncAck, body: Mapping[str, Any], context: AsyncBoltContext
) -> None:
    """Acknowledge one slash command within `Desk.patience`, and see to its answer."""
    loop = asyncio.get_running_loop()
    arrived = context.get(ARRIVED) or loop.time()
    try:
        await _answer(desk, ack, body, arrived + desk.patience)
    finally:
        desk.measures.metrics.acknowledged("command", loop.time() - arrived)


async def _answer(desk: Desk, ack: AsyncAck, body: Mapping[str, Any], deadline: float) -> None:
    loop = asyncio.get_running_loop()
    delivery = _text(body, "trigger_id")
    if is_resumed():
        deadline = loop.time() + RESUMED_PATIENCE
    first, reader = await asyncio.gather(
        desk.take("command", delivery), desk.reader(_text(body, "user_id"))
    )
    if not first:
        await ack()
        return
    command = parse_command(_text(body, "text"), reader.lang)
    if isinstance(command, Help):
        await acknowledge(ack, help_message(command.lang, _text(body, "command") or "/tlscheck"))
        return
    if isinstance(command, Refused):
        await acknowledge(ack, refusal(command))
        return
    if isinstance(command, Explain):
        await _explain(desk, ack, body, command)
        return
    if isinstance(command, SweepList):
        await _sweep(desk, ack, body, command)
        return
    asked = Asked(
        channel=_text(body, "channel_id"),
        user=_text(body, "user_id"),
        lang=command.lang,
        team=_text(body, "team_id"),
    )
    if isinstance(command, Watches):
        await acknowledge(ack, await list_watches(desk, asked.channel, command.lang))
        return
    if isinstance(command, RecentChecks):
        await acknowledge(ack, await list_recent(desk, current_asker(), command.lang))
        return
    if isinstance(command, Vantages):
        await acknowledge(ack, await list_vantages(desk, command.lang))
        return
    host = shown_host(command.question.target)
    url = _text(body, "response_url")
    if desk.work.closed and await desk.ledger.give_away(await desk.owe("command", delivery)):
        await acknowledge(ack, desk.waiting(command.lang, host))
        return
    begun: list[Gathering] = []
    try:
        task = desk.work.start(_ask(desk, command, reader.zone, asked, url, begun), name="ask")
    except TooMuchWorkError as error:
        await acknowledge(ack, desk.failure(error, command.lang, host, "ask"))
        await desk.ledger.forgive()
        return
    if await within(task, deadline - loop.time()):
        result = _result(desk, task, command)
        if result is None:
            await ack()
        else:
            await acknowledge(ack, result)
        desk.measures.answers.labels("ack").inc()
        _see_to_update(desk, task, command, url)
        return
    # Noted before it is acknowledged: from then on the asker relies on us.
    owed = await desk.owe("command", delivery)
    so_far = begun[0].message() if begun and not is_resumed() else None
    await acknowledge(ack, so_far or desk.waiting(command.lang, host))
    following = desk.ledger.carry(owed, _follow, desk, task, command, url)
    desk.work.start(following, name="follow", follows=True)


async def _explain(desk: Desk, ack: AsyncAck, body: Mapping[str, Any], command: Explain) -> None:
    """Explain what was pasted behind the command, or open the window to paste it into."""
    if command.text:
        # Some hundred milliseconds for a whole log: not on the loop that acknowledges others.
        message = await asyncio.to_thread(explain_message, command.text, command.lang)
        await acknowledge(ack, message)
        return
    await ack()
    trigger_id, url = _text(body, "trigger_id"), _text(body, "response_url")
    try:
        desk.work.start(open_window(desk, command.lang, trigger_id, url), name="explain")
    except TooMuchWorkError as error:
        await desk.tell(url, desk.failure(error, command.lang, "", "explain"))


async def _sweep(desk: Desk, ack: AsyncAck, body: Mapping[str, Any], command: SweepList) -> None:
    """Open the window that a list is given in."""
    await ack()
    opened = Opened(
        lang=command.lang,
        channel=_text(body, "channel_id"),
        trigger_id=_text(body, "trigger_id"),
        url=_text(body, "response_url"),
    )
    try:
        desk.work.start(open_list_window(desk, opened, command.text), name="sweep")
    except TooMuchWorkError as error:
        await desk.tell(opened.url, desk.failure(error, command.lang, "", "sweep"))


_Answered = tuple[Answer | None, Message | None, tzinfo]
"""No message: the answer was posted for everybody. No answer: nothing is told of it later."""


async def _ask(  # noqa: PLR0917 - all of them are needed, and only this module calls it
    desk: Desk, command: Ask, zone: tzinfo, asked: Asked, url: str, begun: list[Gathering]
) -> _Answered:
    """What a command has to say; a comparison is put into `begun` while it is under way."""
    match command.verb:
        case "watch":
            there = command.vantage
            return None, await watch_host(desk, command.question, "state", asked, there), zone
        case "watch_expiry":
            there = command.vantage
            return None, await watch_host(desk, command.question, "expiry", asked, there), zone
        case "unwatch":
            message = await unwatch_host(
                desk, command.question, asked.channel, command.lang, command.vantage
            )
            return None, message, zone
        case "history":
            there = command.vantage
            return None, await host_history(desk, command.question, command.lang, there), zone
        case "share":
            spot = Spot(asked.channel, url=url)
            answer, problem = await share_host(desk, command, spot, asked.user)
            return (None if problem is None else answer), problem, zone
        case "compare":
            begun.append(Gathering(desk, command, zone))
            return None, await begun[0].run(), zone
        case "compare_share":
            try:
                await compare_for_all(desk, command, Spot(asked.channel, url=url), asked.user)
            except NotShownError as error:
                press = Press(command=command.question.target.host, lang=command.lang)
                return None, error.sentence(press), zone
            return None, None, zone
        case "check":
            pass
    answer = await desk.service.ask(command.question, vantage=command.vantage)
    if asked.channel.startswith("D"):
        # In direct messages people ask on about what they were shown last.
        told = remember(desk, asked.channel, "", answer, command.lang)
        desk.work.start(told, name="remember", follows=True)
    return answer, desk.presenter.message(answer, command.lang, zone), zone


def _result(desk: Desk, task: "asyncio.Task[_Answered]", command: Ask) -> Message | None:
    """What a finished task has to say, be it a failure."""
    host = shown_host(command.question.target)
    if task.cancelled():
        return desk.failure(asyncio.CancelledError(), command.lang, host, "ask")
    error = task.exception()
    return task.result()[1] if error is None else desk.failure(error, command.lang, host, "ask")


def _see_to_update(
    desk: Desk, task: "asyncio.Task[_Answered]", command: Ask, response_url: str
) -> None:
    """The answer to a command cannot be replaced: what changed follows as a short message."""
    if task.cancelled() or task.exception() is not None:
        return

    answer, _, zone = task.result()
    if answer is None:
        return

    async def tell(later: Answer) -> None:
        # The acknowledgement that carries the first answer may still be on its way.
        await asyncio.sleep(LEAD_SECONDS)
        message = desk.presenter.message(later, command.lang, zone, updates=True)
        await desk.tell(response_url, message)

    tell_later(desk, answer, tell)


async def _follow(
    desk: Desk, task: "asyncio.Task[_Answered]", command: Ask, response_url: str
) -> None:
    cancelled = False
    try:
        # Else a check that ends right now could be shown above "checking …".
        await asyncio.sleep(LEAD_SECONDS)
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        # The program is ending: the asker is still told, within the owner's bound.
        cancelled = True
        task.cancel()
    host = shown_host(command.question.target)
    message: Message | None
    if cancelled and not task.done():
        message = desk.failure(asyncio.CancelledError(), command.lang, host, "ask")
    else:
        message = _result(desk, task, command)
    if message is None or await desk.tell(response_url, message):
        desk.measures.answers.labels("later").inc()
    if cancelled:
        raise asyncio.CancelledError
    _see_to_update(desk, task, command, response_url)


def shown_host(target: Target) -> str:
    """The host, short enough for a sentence."""
    host = shorten(target.host, 100)
    if target.port == 443:
        return host
    return f"[{host}]:{target.port}" if ":" in host else f"{host}:{target.port}"


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
