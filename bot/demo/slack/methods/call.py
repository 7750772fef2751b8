"""One call of the Web API: its arguments, what a method may use, and how it fails.

Source: Slack's documents "Using the Slack Web API" (arguments in the query, a form or JSON; errors)
and "Scopes".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.demo.slack.events import Events
from bot.demo.slack.installs import Installations
from bot.demo.slack.manifest import App
from bot.demo.slack.response_urls import ResponseUrls
from bot.demo.slack.socket_mode import SocketMode
from bot.demo.slack.triggers import Triggers
from bot.demo.slack.validation import Problem
from bot.demo.slack.values import Channel, Json
from bot.demo.slack.workspace import BOT, Workspace

# Accepted by every method, or sent along by slack_sdk with any of them.
_COMMON = frozenset({"token", "team_id"})


Caller = Literal["bot", "app", "anyone"]


class ApiError(Exception):
    """The call is refused; `error` is Slack's name for it."""

    def __init__(self, error: str, *messages: str, **more: str) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages
        self.more = more


@dataclass(frozen=True, slots=True)
class Desk:
    """What methods work with."""

    workspace: Workspace
    socket: SocketMode
    triggers: Triggers
    response_urls: ResponseUrls
    told: Events
    base: Callable[[], str]
    strict: bool
    app: App | None
    installs: Installations
    processing_seconds: float

    def need(self, scope: str) -> None:
        """Go on only with this scope; without a manifest the app has them all.

        Raises:
            ApiError: `missing_scope`, with `needed` and `provided` (Slack: "Using the Slack Web
                API", errors).
        """
        if self.app is not None and scope not in self.app.scopes:
            provided = ",".join(sorted(self.app.scopes))
            raise ApiError("missing_scope", needed=scope, provided=provided)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the method's name and its arguments as they came, JSON strings undone."""

    method: str
    args: Mapping[str, Any]
    token: str = ""

    def text(self, name: str) -> str:
        """An argument that is needed.

        Raises:
            ApiError: It is missing.
        """
        value = self.args.get(name)
        if value in (None, ""):
            # Slack: "invalid_arguments", as in views.open
            raise ApiError("invalid_arguments", f"missing required field: {name}")
        return str(value)

    def optional(self, name: str) -> str | None:
        """An argument that may be missing."""
        value = self.args.get(name)
        return None if value in (None, "") else str(value)


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API. `known` are the arguments of its documentation page."""

    name: str
    run: Callable[[Desk, Call], Json]
    known: frozenset[str]
    caller: Caller = "bot"
    scope: str = ""

    def unknown(self, args: Mapping[str, Any]) -> list[str]:
        """Arguments that the documentation does not name."""
        return sorted(set(args) - self.known - _COMMON)


def method(
    name: str,
    run: Callable[[Desk, Call], Json],
    known: str,
    caller: Caller = "bot",
    *,
    scope: str = "",
) -> Method:
    """A method, its arguments written in one line, whose token it takes, and the scope it needs."""
    return Method(name, run, frozenset(known.split()), caller, scope)


def refuse(problem: Problem | None) -> None:
    """Fail the call when there is a problem.

    Raises:
        ApiError: There is one.
    """
    if problem is not None:
        raise ApiError(problem.error, *problem.messages)


def visible_channel(desk: Desk, channel_id: str) -> Channel:
    """The channel, if the bot may know of it; a user's id stands for the direct messages.

    Raises:
        ApiError: `channel_not_found`, as for a private channel without the bot
            (Slack: chat.postMessage, errors).
    """
    space = desk.workspace
    if channel_id in space.users:
        return space.open_dm(space.users[channel_id])
    channel = space.channels.get(channel_id.removeprefix("#"))
    if channel is None:
        # A name is accepted in place of the id (Slack: chat.postMessage, channel).
        named = [c for c in space.channels.values() if c.name == channel_id.removeprefix("#")]
        channel = named[0] if len(named) == 1 else None
    if channel is None or (channel.kind != "public" and BOT.id not in channel.members):
        raise ApiError("channel_not_found")
    return channel


def joined_channel(desk: Desk, channel_id: str) -> Channel:
    """The channel, if the bot is a member.

    Raises:
        ApiError: `channel_not_found`, or `not_in_channel`.
    """
    channel = visible_channel(desk, channel_id)
    if BOT.id not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def open_channel(desk: Desk, channel_id: str) -> Channel:
    """The channel, if the bot is a member and it is not archived.

    With the scope chat:write.public the bot may post in every public channel (Slack: "Scopes").

    Raises:
        ApiError: `channel_not_found`, `not_in_channel`, or `is_archived` (Slack: chat.postMessage).
    """
    channel = visible_channel(desk, channel_id)
    public = channel.kind == "public" and desk.app is not None
    if not (public and desk.app and "chat:write.public" in desk.app.scopes):
        joined_channel(desk, channel_id)
    if channel.archived:
        raise ApiError("is_archived")
    return channel
