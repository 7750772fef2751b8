"""The stand-in as tests and the page use it: acting as a person, and looking at what is there."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from bot.demo.slack.acting import Acting
from bot.demo.slack.courier import Choice, Courier
from bot.demo.slack.events import Events
from bot.demo.slack.installs import Installations
from bot.demo.slack.manifest import App
from bot.demo.slack.response_urls import ResponseUrls
from bot.demo.slack.socket_mode import SocketMode
from bot.demo.slack.triggers import Triggers
from bot.demo.slack.values import (
    Channel,
    Delivery,
    Execution,
    File,
    Json,
    Message,
    Panel,
    Refusal,
    User,
    View,
    Warned,
)
from bot.demo.slack.web_api import Called, Failure, WebApi
from bot.demo.slack.workspace import BOT, Workspace

T = TypeVar("T")


class StandIn(Acting):
    """A workspace of Slack on this machine, with one app in it: the bot."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        api: WebApi,
        courier: Courier,
        told: Events,
        socket: SocketMode,
        triggers: Triggers,
        response_urls: ResponseUrls,
        url: str,
        panel: Panel,
        app: App | None,
        installs: Installations,
        strict: bool,
    ) -> None:
        super().__init__(
            workspace=workspace,
            courier=courier,
            told=told,
            triggers=triggers,
            response_urls=response_urls,
            app=app,
            strict=strict,
        )
        self.socket = socket
        self.url = url
        self.panel = panel
        self.installs = installs
        self._api = api

    # --- where it is, and how it reaches the bot

    @property
    def api_url(self) -> str:
        """What `SLACK_API_URL` has to be."""
        return f"{self.url}api/"

    @property
    def events_url(self) -> str | None:
        """Where the bot takes signed requests; may be set once the bot listens."""
        return self._courier.events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self._courier.events_url = url
        self.workspace.changed()

    @property
    def transport(self) -> Choice:
        """How payloads go when a call names no way: auto, http, socket or alternate."""
        return self._courier.transport

    @transport.setter
    def transport(self, choice: Choice) -> None:
        self._courier.transport = choice
        self.workspace.changed()

    @property
    def team(self) -> str:
        """The workspace that payloads come from; another one than the first after an install."""
        return self._courier.team

    @team.setter
    def team(self, team: str) -> None:
        self._courier.team = team

    # --- setting the stage

    def fail_next(
        self,
        method: str,
        *,
        status: int = 200,
        error: str = "",
        retry_after: int | None = None,
        times: int = 1,
    ) -> None:
        """Make the next calls of a Web API method (or of "response_url") fail.

        429 answers `ratelimited` with `Retry-After`, 5xx `internal_error`, unless `error` is given.
        """
        name = error or ("ratelimited" if status == 429 else "internal_error")
        for _ in range(times):
            self._api.fail_next(method, Failure(status, name, retry_after))

    def set_locale(self, user: User | str, locale: str) -> None:
        """Change a person's language, as in Slack's preferences."""
        self._change(user, locale=locale)

    def set_zone(self, user: User | str, tz: str) -> None:
        """Change a person's time zone ("Asia/Tokyo"), as in Slack's preferences."""
        self._change(user, tz=tz)

    def _change(self, user: User | str, **changes: str) -> None:
        who = self.workspace.user(user)
        self.workspace.users[who.id] = replace(who, **changes)  # type: ignore[arg-type]  # both are texts
        self.workspace.changed()

    def invite(self, channel: Channel | str) -> Channel:
        """Make the bot a member."""
        where = self.workspace.channel(channel)
        return self._put(replace(where, members=where.members | {BOT.id}))

    def remove(self, channel: Channel | str) -> Channel:
        """Take the bot out of a channel."""
        where = self.workspace.channel(channel)
        return self._put(replace(where, members=where.members - {BOT.id}))

    def archive(self, channel: Channel | str, *, archived: bool = True) -> Channel:
        """Archive a channel, or bring it back: nobody can write into an archived one."""
        return self._put(replace(self.workspace.channel(channel), archived=archived))

    def _put(self, channel: Channel) -> Channel:
        self.workspace.channels[channel.id] = channel
        self.workspace.changed()
        return channel

    def alert(
        self,
        app_name: str,
        channel: Channel | str,
        text: str = "",
        *,
        blocks: Sequence[Json] = (),
        attachments: Sequence[Json] = (),
    ) -> Message:
        """A message of another app, such as an alert of a monitoring system."""
        where = self.workspace.channel(channel)
        name = app_name.lower().replace(" ", "-")
        app = User(f"U0{name.upper()}", name, app_name, is_bot=True)
        self.workspace.users[app.id] = app
        return self.workspace.put(
            Message(
                channel=where.id,
                ts=self.workspace.new_ts(),
                user=app.id,
                text=text,
                blocks=tuple(blocks),
                attachments=tuple(attachments),
                bot_id=f"B0{name.upper()}",
                app_id=f"A0{name.upper()}",
            )
        )

    # --- looking

    def messages(
        self, channel: Channel | str, viewer: User | str | None = None
    ) -> tuple[Message, ...]:
        """What `viewer` sees in the channel, oldest first; without one: what everybody sees."""
        who = self.workspace.user(viewer) if viewer is not None else None
        where = self.workspace.channel(channel, user=who)
        return self.workspace.messages(where.id, who.id if who else None)

    @property
    def files(self) -> tuple[File, ...]:
        """Every file whose upload is complete, oldest first."""
        return tuple(file for file in self.workspace.files.values() if file.complete)

    def replies(self, parent: Message, viewer: User | str | None = None) -> tuple[Message, ...]:
        """What stands in the thread under a message, oldest first."""
        who = self.workspace.user(viewer).id if viewer is not None else None
        return self.workspace.replies(parent.channel, parent.ts, who)

    def home(self, user: User | str) -> View | None:
        """The person's Home tab as it was published last."""
        return self.workspace.homes.get(self.workspace.user(user).id)

    @property
    def executions(self) -> tuple[Execution, ...]:
        """Every run of a workflow's step, oldest first."""
        return tuple(self.workspace.executions.values())

    @property
    def views(self) -> tuple[View, ...]:
        """Every modal that is open, oldest first."""
        return tuple(self.workspace.views.values())

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Everything that was sent to the bot, in the order in which it was settled."""
        return tuple(self.workspace.deliveries)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Everything that Slack would have refused; a test of the bot asserts that it is empty."""
        return tuple(self.workspace.refusals)

    @property
    def warnings(self) -> tuple[Warned, ...]:
        """Everything that Slack takes but advises against."""
        return tuple(self.workspace.warnings)

    @property
    def calls(self) -> tuple[Called, ...]:
        """Every call of the Web API, oldest first."""
        return tuple(self._api.calls)

    async def wait_for(self, condition: Callable[[], T], timeout: float = 5.0) -> T:  # noqa: ASYNC109 - a test's own bound, told in the error
        """Wait until the condition holds; return what it gave.

        Raises:
            TimeoutError: It did not hold within `timeout` seconds.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not (result := condition()):
            left = deadline - loop.time()
            if left <= 0:
                msg = f"not within {timeout} s; refusals: {self.refusals}"
                raise TimeoutError(msg)
            try:
                # Also looks every 20 ms: a condition may depend on more than the stand-in.
                async with asyncio.timeout(min(left, 0.02)):
                    await self.workspace.next_change(self.workspace.revision)
            except TimeoutError:
                continue
        return result
