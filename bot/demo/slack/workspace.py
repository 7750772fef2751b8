"""The stand-in's memory: who is where, what was said, which files and modals there are.

Here belongs state and the telling of those who wait for it to change. No sockets, no rules about
what Slack accepts.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.demo.slack.values import (
    Channel,
    Delivery,
    Execution,
    File,
    Json,
    Message,
    Refusal,
    User,
    UserGroup,
    View,
    Warned,
)

Clock = Callable[[], datetime]

TEAM = "T0STANDIN"
TEAM_DOMAIN = "stand-in"
APP = "A0TLSCHECK"
BOT_ID = "B0TLSCHECK"
BOT = User("U0TLSCHECK", "tlscheck", "tlscheck", is_bot=True)
SLACKBOT = User("USLACKBOT", "slackbot", "Slackbot", is_bot=True)
AIKO = User("U0AIKO", "aiko", "Aiko")
BEN = User("U0BEN", "ben", "Ben")
ONCALL = UserGroup("S0ONCALL", "oncall", "On call", frozenset({AIKO.id}))

DEFAULT_USERS: tuple[User, ...] = (AIKO, BEN)
DEFAULT_GROUPS: tuple[UserGroup, ...] = (ONCALL,)
DEFAULT_CHANNELS: tuple[Channel, ...] = (
    Channel("C0INCIDENT", "incident-shop", "public", frozenset({AIKO.id, BEN.id, BOT.id})),
    Channel("C0ALERTS", "alerts", "public", frozenset({AIKO.id, BEN.id, BOT.id})),
    Channel("C0GENERAL", "general", "public", frozenset({AIKO.id, BEN.id})),
    Channel("C0SECURITY", "security-private", "private", frozenset({AIKO.id, BEN.id})),
    Channel("D0AIKO", "tlscheck", "dm", frozenset({AIKO.id, BOT.id})),
    Channel("D0BEN", "tlscheck", "dm", frozenset({BEN.id, BOT.id})),
)


def fresh_id(prefix: str) -> str:
    """A new id of Slack's shape."""
    return prefix + secrets.token_hex(5).upper()


class Workspace:
    """Everything that a restart of the stand-in forgets."""

    def __init__(
        self,
        *,
        clock: Clock,
        users: Sequence[User] = DEFAULT_USERS,
        channels: Sequence[Channel] = DEFAULT_CHANNELS,
        groups: Sequence[UserGroup] = DEFAULT_GROUPS,
    ) -> None:
        self.clock = clock
        self.people = tuple(users)
        self.users = {user.id: user for user in (*users, BOT, SLACKBOT)}
        self.channels = {channel.id: channel for channel in channels}
        self.files: dict[str, File] = {}
        self.groups = {group.id: group for group in groups}
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.executions: dict[str, Execution] = {}
        self.deliveries: list[Delivery] = []
        self.refusals: list[Refusal] = []
        self.warnings: list[Warned] = []
        self.revision = 0
        # In the order of their timestamps, which always rise.
        self._messages: dict[tuple[str, str], Message] = {}
        self._last_micros = 0
        self._waiting: set[asyncio.Future[None]] = set()

    # --- telling of changes

    def changed(self) -> None:
        """Tell everyone who waits."""
        self.revision += 1
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def next_change(self, seen: int) -> int:
        """Return the revision as soon as it is another one than `seen`."""
        while self.revision == seen:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            try:
                await waiter
            finally:
                self._waiting.discard(waiter)
        return self.revision

    # --- finding

    def user(self, who: User | str) -> User:
        """The user with that id or name.

        Raises:
            LookupError: There is none.
        """
        if isinstance(who, User):
            who = who.id
        for user in self.users.values():
            if who in (user.id, user.name):
                return user
        msg = f"no such user: {who}"
        raise LookupError(msg)

    def channel(self, which: Channel | str, *, user: User | None = None) -> Channel:
        """The channel with that id or name ("dm": the one of `user` with the bot).

        Raises:
            LookupError: There is none.
        """
        if isinstance(which, Channel):
            which = which.id
        which = which.removeprefix("#")
        if which == "dm" and user is not None:
            return self.open_dm(user)
        for channel in self.channels.values():
            if which == channel.id or (which == channel.name and channel.kind != "dm"):
                return channel
        msg = f"no such channel: {which}"
        raise LookupError(msg)

    def open_dm(self, user: User) -> Channel:
        """The direct messages of `user` and the bot, made when there are none yet."""
        for channel in self.channels.values():
            if channel.kind == "dm" and user.id in channel.members:
                return channel
        channel = Channel(fresh_id("D"), BOT.name, "dm", frozenset({user.id, BOT.id}))
        self.channels[channel.id] = channel
        return channel

    def message(self, channel: str, ts: str) -> Message | None:
        """The message at that place, if it is still there."""
        return self._messages.get((channel, ts))

    def messages(self, channel: str, viewer: str | None) -> tuple[Message, ...]:
        """What `viewer` sees in the channel, oldest first; None: what everyone there sees."""
        return tuple(
            message
            for message in self._messages.values()
            if message.channel == channel and message.ephemeral_to in (None, viewer)
        )

    def replies(self, channel: str, ts: str, viewer: str | None = None) -> tuple[Message, ...]:
        """What stands in the thread under that message, oldest first."""
        return tuple(
            message
            for message in self.messages(channel, viewer)
            if message.thread_ts == ts and message.ts != ts
        )

    # --- changing

    def new_ts(self) -> str:
        """A timestamp that no message has yet: seconds and microseconds, always rising."""
        micros = int(self.clock().timestamp() * 1_000_000)
        self._last_micros = max(micros, self._last_micros + 1)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def put(self, message: Message) -> Message:
        """Add the message, or put it in the place of the one with its channel and ts."""
        message = replace(message, blocks=with_ids(message.blocks))
        self._messages[(message.channel, message.ts)] = message
        self.changed()
        return message

    def remove(self, message: Message) -> None:
        """Take the message away."""
        self._messages.pop((message.channel, message.ts), None)
        self.changed()

    def refuse(self, surface: str, error: str, messages: Iterable[str], sent: Json | str) -> None:
        """Note what Slack would have refused."""
        self.refusals.append(Refusal(surface, error, tuple(messages), sent))
        self.changed()

    def warn(self, surface: str, text: str) -> None:
        """Note what Slack advises against."""
        self.warnings.append(Warned(surface, text))


def with_ids(blocks: Iterable[Json]) -> tuple[Json, ...]:
    """Blocks with the ids that Slack makes up where the app set none.

    "If not specified, a block_id will be generated" (Slack: Block Kit reference, every block);
    the same holds for an element's action_id.
    """
    done = []
    for sent in blocks:
        block = {**sent, "block_id": sent.get("block_id") or secrets.token_urlsafe(4)}
        for key in ("accessory", "element"):
            if isinstance(block.get(key), dict):
                block[key] = _with_action_id(block[key])
        if block.get("type") in ("actions", "context_actions"):
            block["elements"] = [_with_action_id(element) for element in block["elements"]]
        done.append(block)
    return tuple(done)


def _with_action_id(element: Json) -> Json:
    if element.get("type") == "image":
        return element
    return {**element, "action_id": element.get("action_id") or secrets.token_urlsafe(4)}
