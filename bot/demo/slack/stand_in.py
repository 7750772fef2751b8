"""The stand-in as tests and the page use it: acting as a person, and looking at what is there."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from bot.demo.slack import payloads
from bot.demo.slack.courier import Choice, Courier
from bot.demo.slack.methods.views import top_view
from bot.demo.slack.response_urls import ResponseUrls
from bot.demo.slack.settling import close_view, settle_command, settle_submission
from bot.demo.slack.socket_mode import SocketMode
from bot.demo.slack.triggers import Triggers
from bot.demo.slack.values import (
    Channel,
    Delivery,
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
from bot.demo.slack.workspace import BOT, TEAM, Workspace, fresh_id

T = TypeVar("T")


class StandIn:
    """A workspace of Slack on this machine, with one app in it: the bot."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        api: WebApi,
        courier: Courier,
        socket: SocketMode,
        triggers: Triggers,
        response_urls: ResponseUrls,
        url: str,
        panel: Panel,
        strict: bool,
    ) -> None:
        self.workspace = workspace
        self.socket = socket
        self.url = url
        self.panel = panel
        self._api = api
        self._courier = courier
        self._triggers = triggers
        self._response_urls = response_urls
        self._strict = strict

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

    # --- acting as a person

    async def command(
        self,
        user: User | str,
        channel: Channel | str,
        text: str = "",
        command: str = "/tlscheck",
        *,
        via: Choice | None = None,
        signed_at: datetime | None = None,
    ) -> Delivery:
        """Type a slash command.

        Args:
            user: Who, by value, id or name.
            channel: Where, by value, id or name ("dm": the direct messages with the bot).
            text: What follows the command.
            command: The command with its slash.
            via: The way to the bot; the stand-in's `transport` when None.
            signed_at: A false time for the signature, to try how stale requests are refused.

        Returns:
            The delivery, with the acknowledgement and the message that came of it.
        """
        who = self.workspace.user(user)
        where = self.workspace.channel(channel, user=who)
        payload = payloads.slash_command(
            who,
            where,
            command,
            text,
            response_url=self._response_urls.issue("commands", who, where),
            trigger_id=self._triggers.issue(who.id),
        )
        return await self._command(payload, via, signed_at)

    async def redeliver(self, delivery: Delivery, *, via: Choice | None = None) -> Delivery:
        """Send the very same payload once more (the same trigger_id and response_url)."""
        if delivery.kind == "slash_commands":
            return await self._command(delivery.payload, via, None)
        kind = "events_api" if delivery.kind == "events_api" else "interactive"
        attempt = delivery.retry_attempt + 1 if kind == "events_api" else 0
        return self._note(
            await self._courier.deliver(
                "events_api" if kind == "events_api" else "interactive",
                delivery.payload,
                via=via,
                retry_attempt=attempt,
                retry_reason="http_timeout" if attempt else "",
                accepts_response=kind != "events_api",
            )
        )

    async def press(
        self,
        user: User | str,
        place: Message | View,
        action_id: str,
        *,
        option: str | None = None,
        via: Choice | None = None,
    ) -> Delivery:
        """Press a button, or choose from a menu, in a message or a modal.

        Args:
            user: Who presses.
            place: The message or modal; what is pressed is what stands there now.
            action_id: Which element.
            option: The value of the chosen option, for menus.
            via: The way to the bot.

        Raises:
            LookupError: The element, the option or the message is not there for this user.
        """
        who = self.workspace.user(user)
        trigger_id = self._triggers.issue(who.id)
        stamp = self.workspace.new_ts()
        if isinstance(place, View):
            view = self.view(place)
            entry = payloads.action(view.body["blocks"], action_id, option, stamp)
            payload = payloads.view_actions(who, view, [entry], trigger_id=trigger_id)
        else:
            message = self._message(who, place)
            channel = self.workspace.channels[message.channel]
            entry = payloads.action(message.blocks, action_id, option, stamp)
            payload = payloads.message_actions(
                who,
                channel,
                message,
                [entry],
                response_url=self._response_urls.issue("actions", who, channel, message),
                trigger_id=trigger_id,
            )
        return self._note(await self._courier.deliver("interactive", payload, via=via))

    async def shortcut(
        self,
        user: User | str,
        message: Message,
        callback_id: str,
        *,
        via: Choice | None = None,
    ) -> Delivery:
        """Choose a message shortcut from the message's menu.

        Raises:
            LookupError: The message is not there for this user.
        """
        who = self.workspace.user(user)
        found = self._message(who, message)
        channel = self.workspace.channels[found.channel]
        payload = payloads.message_shortcut(
            who,
            channel,
            found,
            callback_id,
            response_url=self._response_urls.issue("commands", who, channel),
            trigger_id=self._triggers.issue(who.id),
        )
        return self._note(await self._courier.deliver("interactive", payload, via=via))

    async def submit(
        self,
        user: User | str,
        view: View | None = None,
        values: Mapping[str, Any] | None = None,
        *,
        via: Choice | None = None,
    ) -> Delivery:
        """Send off a modal (the one on top when None).

        Args:
            user: Who sends it off.
            view: Which one.
            values: What was typed or chosen, by action_id.
            via: The way to the bot.

        Raises:
            LookupError: There is no such modal.
        """
        who = self.workspace.user(user)
        shown = self.view(view) if view is not None else top_view(self.workspace, who.id)
        if shown is None:
            msg = "no modal is open"
            raise LookupError(msg)
        typed = payloads.state_values(shown.body["blocks"], dict(values or {}))
        payload = payloads.view_submission(
            who, shown, typed, trigger_id=self._triggers.issue(who.id)
        )
        delivery = await self._courier.deliver("interactive", payload, via=via)
        if delivery.outcome == "ok":
            delivery = settle_submission(self.workspace, shown, delivery)
        return self._note(delivery)

    async def close(self, user: User | str, view: View, *, clear: bool = False) -> Delivery | None:
        """Close a modal with its cross; `clear` closes the whole stack.

        Returns:
            The delivery of view_closed, when the modal asked for it.
        """
        who = self.workspace.user(user)
        shown = self.view(view)
        close_view(self.workspace, shown, whole_stack=clear)
        if not shown.body.get("notify_on_close"):
            return None
        payload = payloads.view_closed(who, shown, is_cleared=clear)
        return self._note(await self._courier.deliver("interactive", payload))

    async def say(
        self, user: User | str, channel: Channel | str, text: str, *, thread_ts: str | None = None
    ) -> Message:
        """Write an ordinary message; the bot hears it where it is mentioned, and in its own DM."""
        who = self.workspace.user(user)
        where = self.workspace.channel(channel, user=who)
        text = re.sub(rf"(^|\s)@{BOT.name}\b", rf"\1<@{BOT.id}>", text)
        message = self.workspace.put(
            Message(
                channel=where.id,
                ts=self.workspace.new_ts(),
                user=who.id,
                text=text,
                thread_ts=thread_ts,
            )
        )
        event: Json = {"user": who.id, "text": text, "ts": message.ts, "channel": where.id}
        event |= {"event_ts": message.ts, "team": TEAM}
        if thread_ts:
            event["thread_ts"] = thread_ts
        reachable = self.events_url is not None or self.socket.num_connections
        if BOT.id in where.members and reachable:
            if where.kind == "dm":
                await self.event({"type": "message", "channel_type": "im"} | event)
            elif f"<@{BOT.id}>" in text:
                await self.event({"type": "app_mention"} | event)
        return message

    async def event(
        self,
        event: Json,
        *,
        event_id: str | None = None,
        retry_attempt: int = 0,
        retry_reason: str = "",
        via: Choice | None = None,
    ) -> Delivery:
        """Deliver an event; with `retry_attempt` as Slack sends it again."""
        payload = payloads.event_callback(
            event,
            event_id=event_id or fresh_id("Ev"),
            event_time=int(self.workspace.clock().timestamp()),
        )
        return self._note(
            await self._courier.deliver(
                "events_api",
                payload,
                via=via,
                retry_attempt=retry_attempt,
                retry_reason=retry_reason,
                accepts_response=False,
            )
        )

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
        who = self.workspace.user(user)
        self.workspace.users[who.id] = replace(who, locale=locale)
        self.workspace.changed()

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

    def view(self, view: View | str) -> View:
        """The modal as it stands now.

        Raises:
            LookupError: It is closed.
        """
        view_id = view.id if isinstance(view, View) else view
        found = self.workspace.views.get(view_id)
        if found is None:
            msg = f"no such modal: {view_id}"
            raise LookupError(msg)
        return found

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

    # --- settling acknowledgements

    def _note(self, delivery: Delivery) -> Delivery:
        self.workspace.deliveries.append(delivery)
        self.workspace.changed()
        return delivery

    def _message(self, who: User, message: Message) -> Message:
        found = self.workspace.message(message.channel, message.ts)
        if found is None or found.ephemeral_to not in (None, who.id):
            msg = "the message is not there for this user"
            raise LookupError(msg)
        return found

    async def _command(
        self, payload: Json, via: Choice | None, signed_at: datetime | None
    ) -> Delivery:
        delivery = await self._courier.deliver(
            "slash_commands", payload, via=via, signed_at=signed_at
        )
        return self._note(settle_command(self.workspace, delivery, strict=self._strict))
