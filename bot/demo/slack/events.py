"""Events on their way to the bot: which are subscribed to, and how often they are sent again.

Source: Slack's document "Events API" (subscriptions; errors and retries).
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from bot.demo.slack import payloads
from bot.demo.slack.courier import Choice, Courier
from bot.demo.slack.manifest import App
from bot.demo.slack.values import Delivery, Json, Message
from bot.demo.slack.workspace import APP, BOT, TEAM, Workspace, fresh_id

RETRY_PAUSES = (0.0, 60.0, 300.0)
"""Slack: "Events API", retries: "nearly immediately", "after 1 minute", "after 5 minutes"."""


class Events:
    """Sends events, and again those that were not acknowledged."""

    def __init__(
        self,
        workspace: Workspace,
        courier: Courier,
        app: App | None,
        *,
        pauses: Sequence[float] = RETRY_PAUSES,
    ) -> None:
        self._workspace = workspace
        self._courier = courier
        self._app = app
        self._pauses = tuple(pauses)
        self._tasks: set[asyncio.Task[Delivery]] = set()

    def wanted(self, name: str) -> bool:
        """Whether the app subscribes to it; an app without a manifest hears of everything."""
        return self._app is None or name in self._app.events

    async def send(
        self,
        event: Json,
        *,
        event_id: str | None = None,
        retry_attempt: int = 0,
        retry_reason: str = "",
        via: Choice | None = None,
    ) -> Delivery:
        """Send an event. What is not acknowledged goes out again behind the scenes.

        With `retry_attempt` it is one of those repetitions, and no more follow.
        """
        payload = payloads.event_callback(
            {"event_ts": self._workspace.new_ts()} | event,
            event_id=event_id or fresh_id("Ev"),
            event_time=int(self._workspace.clock().timestamp()),
        )
        first = await self.deliver(payload, retry_attempt, retry_reason, via)
        if not retry_attempt and first.outcome != "ok":
            self._spawn(self._again(first, via))
        return first

    async def deliver(
        self, payload: Json, attempt: int, reason: str, via: Choice | None
    ) -> Delivery:
        """Send the payload of an event once."""
        delivery = await self._courier.deliver(
            "events_api",
            payload,
            via=via,
            retry_attempt=attempt,
            retry_reason=reason,
            accepts_response=False,
        )
        self._workspace.deliveries.append(delivery)
        self._workspace.changed()
        return delivery

    def announce(self, event: Json) -> None:
        """Send an event behind the scenes."""
        self._spawn(self.send(event))

    def own(self, message: Message, **more: object) -> None:
        """Tell the bot of its own message where it listens: in direct messages, as Slack does."""
        channel = self._workspace.channels[message.channel]
        listens = self._app is not None and "message.im" in self._app.events
        if listens and channel.kind == "dm" and message.ephemeral_to is None:
            body = message.to_api(TEAM, APP) | {"channel": channel.id, "channel_type": "im"}
            self.announce(body | dict(more))

    async def aclose(self) -> None:
        """Send nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, Delivery]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _again(self, delivery: Delivery, via: Choice | None) -> Delivery:
        for attempt, pause in enumerate(self._pauses, start=1):
            # "X-Slack-No-Retry: 1" (Slack: "Events API", turning retries off)
            if delivery.outcome == "ok" or delivery.no_retry:
                break
            await asyncio.sleep(pause)
            delivery = await self.deliver(delivery.payload, attempt, reason(delivery), via)
        return delivery


def reason(delivery: Delivery) -> str:
    """Why an event is sent again (Slack: "Events API", `x-slack-retry-reason`)."""
    if delivery.outcome == "operation_timeout":
        return "http_timeout"
    return "connection_failed" if delivery.status is None else "http_error"


def mention(message: Message, parent: Message | None) -> Json:
    """The event of a message that mentions the bot (Slack: app_mention)."""
    return _spoken(message, parent) | {"type": "app_mention"}


def direct(message: Message, parent: Message | None) -> Json:
    """The event of a message in the direct messages with the bot (Slack: message.im).

    One with files has a subtype (Slack: file_share); a mention with files has none
    (seratch-slack-types issue 8).
    """
    subtype = {"subtype": "file_share"} if message.shared else {}
    return _spoken(message, parent) | subtype | {"type": "message", "channel_type": "im"}


def file_shared(message: Message, file_id: str) -> Json:
    """The event of a file that was shared in a conversation (Slack: file_shared)."""
    return {
        "type": "file_shared",
        "file_id": file_id,
        "user_id": message.user,
        "file": {"id": file_id},
        "channel_id": message.channel,
    }


def edited(message: Message, before: Message) -> Json:
    """The event of a changed message (Slack: message_changed)."""
    return _about(message) | {
        "subtype": "message_changed",
        "message": message.to_api(TEAM, APP),
        "previous_message": before.to_api(TEAM, APP),
    }


def deleted(message: Message) -> Json:
    """The event of a message that was taken away (Slack: message_deleted)."""
    return _about(message) | {
        "subtype": "message_deleted",
        "deleted_ts": message.ts,
        "previous_message": message.to_api(TEAM, APP),
    }


def home_opened(user: str, channel: str, tab: str, view: Json | None) -> Json:
    """The event of a visit to the app's own place (Slack: app_home_opened).

    The view is there "if that tab has had a view published at least once before".
    """
    event: Json = {"type": "app_home_opened", "user": user, "channel": channel, "tab": tab}
    return event | ({"view": view} if view else {})


def _spoken(message: Message, parent: Message | None) -> Json:
    event = message.to_api(TEAM, APP) | {
        "channel": message.channel,
        "event_ts": message.ts,
        "client_msg_id": fresh_id("").lower(),
    }
    return event | ({"parent_user_id": parent.user} if parent else {})


def _about(message: Message) -> Json:
    return {
        "type": "message",
        "hidden": True,
        "channel": message.channel,
        "channel_type": "im",
        "user": BOT.id if message.bot_id else message.user,
    }
