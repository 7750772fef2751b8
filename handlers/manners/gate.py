"""What holds for everything that Slack sends, before any listener hears it: whose request it is,
and whether they may.

One middleware: a new command, button, shortcut, event or step needs nothing of its own.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_bolt.response import BoltResponse

from bot.audit import Asker, note, set_asker
from handlers.desk import Desk
from handlers.install.workspaces import enter
from handlers.manners.access import Access
from handlers.manners.refusing import refuse
from handlers.owed.delivery import Owed, enter_delivery, is_resumed
from handlers.owed.telling import tell_lost

_SURFACES = {
    "block_actions": "press",
    "view_submission": "window",
    "view_closed": "window",
    "message_action": "shortcut",
    "shortcut": "shortcut",
    "block_suggestion": "menu",
}
_EVENTS = {
    "app_mention": "mention",
    "message": "direct",
    "app_home_opened": "home",
    "function_executed": "step",
}

Next = Callable[[], Awaitable[BoltResponse]]


def mind_manners(app: AsyncApp, desk: Desk, access: Access, *, many: bool) -> None:
    """Have every request of the app pass here first; `many`: it is in several workspaces."""

    async def manners(
        body: dict[str, Any], context: AsyncBoltContext, ack: AsyncAck, next_: Next
    ) -> BoltResponse:
        asker = read_asker(body, context)
        set_asker(asker)
        owed = enter_delivery(body).owed
        result = context.authorize_result
        if many and result is not None:
            enter(result.bot_token, result.team_id or result.enterprise_id or "")
        if owed is not None and owed.hopeless:
            return await _give_up(desk, ack, body, asker, owed)
        home = (result.team_id, result.enterprise_id) if many and result is not None else ()
        why = None if _own_doing(body) else await access.why_not(asker, frozenset(home))
        if why is None:
            if not await _first_time(desk, body):
                return await ack()
            return await next_()
        note("refused", asker, reason=why)
        return await refuse(desk, ack, body, asker, why, access.channels)

    app.middleware(manners)


async def _give_up(
    desk: Desk, ack: AsyncAck, body: Mapping[str, Any], asker: Asker, owed: Owed
) -> BoltResponse:
    """What nobody could finish is told, in the asker's workspace and by its token."""
    await desk.ledger.carry(owed, tell_lost, desk, body, asker)
    return await ack()


async def _first_time(desk: Desk, body: Mapping[str, Any]) -> bool:
    """Whether a window is sent off for the first time; everything else minds that itself.

    Its listeners acknowledge with what the window shows next, before they know anything else.
    """
    if body.get("type") != "view_submission" or is_resumed():
        return True
    return await desk.first_time("window", str(body.get("trigger_id") or ""))


def _own_doing(body: Mapping[str, Any]) -> bool:
    """What Slack tells of itself or of the bot: nobody asked for anything."""
    event = body.get("event")
    if not isinstance(event, Mapping):
        return body.get("type") == "view_closed"
    return event.get("bot_id") is not None or event.get("type") not in _EVENTS


def read_asker(body: Mapping[str, Any], context: AsyncBoltContext) -> Asker:
    """Who asks, from a payload that Slack signed; anything may be missing."""
    return Asker(
        surface=surface_of(body),
        user=context.user_id or "",
        team=team_of(body, context),
        channel=_channel(body, context),
    )


def surface_of(body: Mapping[str, Any]) -> str:
    """By which way it came: from a short list, and `other` for what is not on it."""
    if "command" in body:
        return "command"
    event = body.get("event")
    if isinstance(event, Mapping):
        return _EVENTS.get(str(event.get("type")), "other")
    view = body.get("view")
    if isinstance(view, Mapping) and view.get("type") == "home":
        return "home"
    return _SURFACES.get(str(body.get("type")), "other")


def team_of(body: Mapping[str, Any], context: AsyncBoltContext) -> str:
    """The workspace of the person; in a channel shared with others it may not be ours."""
    user = body.get("user")
    own = user.get("team_id") if isinstance(user, Mapping) else None
    return own if isinstance(own, str) else context.actor_team_id or context.team_id or ""


def _channel(body: Mapping[str, Any], context: AsyncBoltContext) -> str:
    container = body.get("container")
    named = container.get("channel_id") if isinstance(container, Mapping) else None
    return context.channel_id or (named if isinstance(named, str) else "")
