"""The shared answer: one message that lives. A new check changes it, its thread keeps the history.

Where the bot is a member that is `chat.update`; elsewhere the response address of the last press
on the message does it, five times within thirty minutes (docs.slack.dev/interactivity/handling-
user-interaction). One change at a time, over all processes (`bot.store.posts`).
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.history import Change, Entry, State, changes_of, state_of
from bot.service import Answer
from bot.store.connection import StoreAwayError
from bot.store.posts import Post
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.watch import Notice, Watch
from handlers.answers.news import moment, news
from handlers.answers.sentences import say
from handlers.answers.update import tell_later
from handlers.asking.command import Ask, command_text, parse_command
from handlers.asking.press import Press, PressError, Shared, decode_press
from handlers.desk import Desk
from handlers.sharing.threads import remember, remember_shared
from handlers.slack import blocks
from handlers.slack.blocks import Message
from handlers.slack.reply import ReplyError
from handlers.slack.trouble import why
from handlers.slack.web import api_error

log = structlog.get_logger(__name__)

OUTSIDE: Final = frozenset(
    {"not_in_channel", "channel_not_found", "restricted_action", "no_permission"}
)
"""What Slack says of a channel that the bot is no member of."""

_SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "message_not_found": "share.deleted",
        "thread_not_found": "share.deleted",
        "is_archived": "share.archived",
        "channel_is_archived": "share.archived",
        "edit_window_closed": "share.locked",
        "cant_update_message": "share.locked",
        "expired": "share.outside",
    }
)
_CERTIFICATES: Final = frozenset(
    {"new_certificate", "intermediate_dropped", "intermediate_added", "other_chain"}
)


@dataclass(frozen=True)
class Spot:
    """Where a shared answer stands, or is to stand.

    `url` is the response address of who asked or pressed there.
    """

    channel: str
    ts: str = ""
    thread_ts: str | None = None
    url: str | None = None

    @property
    def thread(self) -> str:
        """The message at the head of the thread that the history goes to."""
        return self.thread_ts or self.ts


class NotShownError(Exception):
    """Slack did not take it; `reason` is Slack's word for it, or `expired`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def sentence(self, press: Press) -> Message:
        """What to say to the person: what happened, and what can be done."""
        host = press.command.split(" ", 1)[0].removesuffix(":443")
        key = _SENTENCES.get(self.reason, "share.failed")
        return say(press.lang, key, host=host, why=why(self.reason, press.lang))


async def publish(desk: Desk, spot: Spot, answer: Answer, lang: Lang, user: str) -> None:
    """Post an answer for everybody, as a message that lives from now on.

    Args:
        desk: The tools.
        spot: The channel, the thread if any, and the response address if any.
        answer: What is shared.
        lang: The language of the message.
        user: Who shares it.

    Raises:
        NotShownError: Slack lets us post neither as the bot nor through the response address.
    """
    shared = Shared(user=user, at=int(desk.clock().timestamp()))
    command = command_text(answer.record.question, lang, answer.record.place)
    press = Press(command=command, lang=lang, shared=shared)
    zone = (await desk.reader(user)).zone
    message = desk.presenter.message(answer, lang, zone, shared=shared)
    try:
        there = await post_there(desk, spot, message)
    except NotShownError as error:
        reason = error.reason
    else:
        await _note(desk, there, press, answer)
        see_to_update(desk, there, press, answer)
        return
    if spot.url is None:
        log.warning("not shared", reason=reason, channel=spot.channel)
        raise NotShownError(reason)
    # Where the bot was never invited the interaction's own address still posts for all.
    log.info("sharing through the response address", reason=reason, channel=spot.channel)
    url = spot.url
    try:
        await desk.reply(url, message, in_channel=True, thread_ts=spot.thread_ts)
    except ReplyError as error:
        desk.measures.replies_failed.labels(error.reason).inc()
        log.warning("not shared", reason=error.reason, detail=error.detail, channel=spot.channel)
        raise NotShownError("expired" if error.reason == "expired" else reason) from error

    async def add(later: Answer) -> None:
        # Nobody but Slack knows which message that became: what changed is posted below it.
        update = desk.presenter.message(later, lang, zone, shared=shared, updates=True)
        await desk.reply(url, update, in_channel=True, thread_ts=spot.thread_ts)

    tell_later(desk, answer, add)


async def post_there(desk: Desk, spot: Spot, message: Message) -> Spot:
    """Post as the bot where everybody there reads it.

    Returns:
        Where the message stands now.

    Raises:
        NotShownError: Slack does not let us.
    """
    try:
        posted = await desk.client.chat_postMessage(
            channel=spot.channel,
            thread_ts=spot.thread_ts,
            text=message.text,
            blocks=list(message.blocks),
            unfurl_links=False,
            unfurl_media=False,
        )
    except SlackApiError as error:
        raise NotShownError(api_error(error)) from error
    return Spot(str(posted["channel"]), str(posted["ts"]), spot.thread_ts)


async def show(desk: Desk, spot: Spot, press: Press, answer: Answer, *, history: bool) -> None:
    """Put a newer answer into a shared message; the caller is `alone` with it.

    Args:
        desk: The tools.
        spot: The message.
        press: What its buttons carried: language, who shared it, and the result that it showed.
        answer: What it is to show.
        history: Also say in the thread what changed; nothing is said where nothing did.

    Raises:
        NotShownError: Slack does not let us change it.
    """
    before = await known_post(desk, spot) or await _recalled(desk, press)
    through = await put(desk, spot, press, answer)
    await _note(desk, spot, press, answer)
    if not history or before is None:
        return
    line = history_line(before.state, before.seen, answer, press.lang)
    if line is not None:
        await _reply(desk, spot, line, through)


async def put(
    desk: Desk, spot: Spot, press: Press, answer: Answer, *, checking_again: bool = False
) -> str | None:
    """Change the message, without noting it.

    Returns:
        The response address that it took, None where the bot could change it as a member.

    Raises:
        NotShownError: Slack does not let us.
    """
    zone = (await desk.reader(press.shared.user if press.shared else "")).zone
    message = desk.presenter.message(
        answer, press.lang, zone, shared=press.shared, checking_again=checking_again
    )
    try:
        await desk.client.chat_update(
            channel=spot.channel, ts=spot.ts, text=message.text, blocks=list(message.blocks)
        )
    except SlackApiError as error:
        reason = api_error(error)
        if reason not in OUTSIDE:
            log.warning("shared answer not changed", reason=reason, channel=spot.channel)
            raise NotShownError(reason) from error
    else:
        return None
    url = spot.url or desk.addresses.of(spot.channel, spot.ts)
    if url is None:
        log.warning("shared answer not changed", reason="no member", channel=spot.channel)
        raise NotShownError("expired")
    if not checking_again and desk.reply.left(url) == 1:
        note = blocks.context(catalogue(press.lang).text("share.last"))
        message = Message(message.text, (*message.blocks, note))
    try:
        await desk.reply(url, message, replace=True)
    except ReplyError as error:
        desk.measures.replies_failed.labels(error.reason).inc()
        log.warning("shared answer not changed", reason=error.reason, detail=error.detail)
        raise NotShownError("expired" if error.reason == "expired" else reason) from error
    return url


async def known_post(desk: Desk, spot: Spot) -> Post | None:
    """What the message shows, as far as it is known."""
    try:
        return await desk.posts.get(spot.channel, spot.ts)
    except StoreAwayError:
        return None


async def note_shown(desk: Desk, spot: Spot, press: Press) -> None:
    """Note what a shared message shows, where that is not known yet.

    One that was posted through a response address is known only when somebody presses on it.
    """
    if await known_post(desk, spot) is None:
        answer = await desk.service.recall(press.result) if press.result else None
        if answer is not None:
            await _note(desk, spot, press, answer)


def history_line(old: State, seen: datetime, answer: Answer, lang: Lang) -> str | None:
    """What changed, as mrkdwn: “10:02 missing intermediate → 14:31 ok”, and the certificates.

    Returns:
        None when the state is the same.
    """
    new, at = state_of(answer.report), answer.report.checked_at
    if old.digest() == new.digest():
        return None
    texts = catalogue(lang)
    entries = (
        Entry(state=old, first=min(seen, at), last=min(seen, at)),
        Entry(state=new, first=at, last=at),
    )
    said = []
    if (old.verdict, old.cause) != (new.verdict, new.cause):
        said.append(
            texts.text(
                "share.line",
                before=moment(seen),
                old=_title(old, texts),
                now=moment(at),
                new=_title(new, texts),
            )
        )
    changed: list[Change] = [one for one in changes_of(entries) if one.code in _CERTIFICATES]
    return "\n".join((*said, *news(changed, lang))) or None


async def renew_watched(desk: Desk, watch: Watch, notice: Notice) -> None:
    """Put what a watch saw into the shared message that it was begun on; the news itself is told.

    Never raises for what Slack answers: the watch has done its duty.
    """
    ts = watch.message_ts or watch.thread_ts
    if ts is None or not notice.result:
        return
    spot = Spot(watch.channel, ts, watch.thread_ts if watch.message_ts else None)
    post = await known_post(desk, spot)
    answer = await desk.service.recall(notice.result) if post is not None else None
    if post is None or answer is None or answer.report.checked_at <= post.seen:
        return
    try:
        press = decode_press(post.value)
    except PressError:
        return
    told_of = parse_command(press.command, press.lang)
    # The thread of one host may be told of another one.
    if not isinstance(told_of, Ask) or not _same_host(told_of, watch):
        return
    async with desk.posts.alone(spot.channel, spot.ts) as alone:
        if alone:
            try:
                await show(desk, spot, press, answer, history=False)
            except NotShownError:
                pass  # in the log already
            except (SlackRequestError, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("shared answer not changed", reason=type(error).__name__)


def see_to_update(desk: Desk, spot: Spot, press: Press, answer: Answer) -> None:
    """What the answer left open comes into the shared message, too, and into its thread."""

    async def renew(later: Answer) -> None:
        async with desk.posts.alone(spot.channel, spot.ts) as alone:
            post = await known_post(desk, spot)
            newer = post is not None and post.seen > later.report.checked_at
            # Whoever changes it now brings an answer that is newer still.
            if alone and not newer:
                with suppress(NotShownError):  # in the log already
                    await show(desk, spot, press, later, history=True)

    tell_later(desk, answer, renew)


def _same_host(ask: Ask, watch: Watch) -> bool:
    one, other = ask.question.target, watch.question.target
    same = (one.host, one.port, one.starttls) == (other.host, other.port, other.starttls)
    return same and ask.vantage == watch.vantage


async def _recalled(desk: Desk, press: Press) -> Post | None:
    """What the button says that the message shows, where nothing was noted of the message."""
    answer = await desk.service.recall(press.result) if press.result else None
    return _post(press, answer) if answer is not None else None


def _post(press: Press, answer: Answer) -> Post | None:
    try:
        shown = press.model_copy(update={"result": answer.report.id})
        value = shown.encode()
        if value is None:
            return None
        return Post(
            value=value,
            result=answer.report.id,
            state=state_of(answer.report),
            seen=answer.report.checked_at,
        )
    except ValueError:
        return None


async def _note(desk: Desk, spot: Spot, press: Press, answer: Answer) -> None:
    await remember(desk, spot.channel, spot.thread, answer, press.lang, press.shared, spot.ts)
    await remember_shared(desk, answer.report.id, spot.channel, spot.ts)
    post = _post(press, answer)
    try:
        if post is not None:
            await desk.posts.set(spot.channel, spot.ts, post)
    except StoreAwayError:
        log.info("not noted what a shared message shows", channel=spot.channel)


async def _reply(desk: Desk, spot: Spot, line: str, through: str | None) -> None:
    section = {"type": "section", "text": blocks.marked(line)}
    message = Message(line, (section,))
    try:
        if through is None:
            await desk.client.chat_postMessage(
                channel=spot.channel,
                thread_ts=spot.thread,
                text=line,
                blocks=[section],
                unfurl_links=False,
                unfurl_media=False,
            )
        else:
            await desk.reply(through, message, in_channel=True, thread_ts=spot.thread)
    except SlackApiError as error:
        log.warning("history of a shared answer not posted", reason=api_error(error))
    except ReplyError as error:
        log.warning("history of a shared answer not posted", reason=error.reason)


def _title(state: State, texts: Catalogue) -> str:
    code = state.cause.value if state.cause is not None and state.verdict != "ok" else "ok"
    key = f"cause.{code}.title"
    return texts.text(key) if texts.has(key) else code
