"""conversations.*: channels, their members and threads.

Each function's errors are those of the Slack document of its method.
"""

from bot.demo.slack.methods.call import ApiError, Call, Desk, joined_channel, method
from bot.demo.slack.methods.call import visible_channel as visible
from bot.demo.slack.posting import as_flag
from bot.demo.slack.values import Channel, Json, Message
from bot.demo.slack.workspace import APP, BOT, TEAM


def _object(channel: Channel) -> Json:
    body: Json = {
        "id": channel.id,
        "is_channel": channel.kind != "dm",
        "is_im": channel.kind == "dm",
        "is_mpim": False,
        "is_private": channel.kind != "public",
        "is_archived": channel.archived,
        "context_team_id": TEAM,
    }
    if channel.kind == "dm":
        other = sorted(channel.members - {BOT.id})
        return body | {"user": other[0] if other else BOT.id}
    return body | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_member": BOT.id in channel.members,
        "num_members": len(channel.members),
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


_OBJECTS = {"public": "channels", "private": "groups", "dm": "im"}


def _info(desk: Desk, call: Call) -> Json:
    channel = visible(desk, call.optional("channel") or "")
    desk.need(f"{_OBJECTS[channel.kind]}:read")
    return {"channel": _object(channel)}


def _list(desk: Desk, call: Call) -> Json:
    kinds = (call.optional("types") or "public_channel").split(",")
    names = {"public": "public_channel", "private": "private_channel", "dm": "im"}
    for kind, name in names.items():
        if name in kinds:
            desk.need(f"{_OBJECTS[kind]}:read")
    found = [
        _object(channel)
        for channel in desk.workspace.channels.values()
        if names[channel.kind] in kinds and (channel.kind == "public" or BOT.id in channel.members)
    ]
    return {"channels": found, "response_metadata": {"next_cursor": ""}}


def _members(desk: Desk, call: Call) -> Json:
    channel = visible(desk, call.optional("channel") or "")
    desk.need(f"{_OBJECTS[channel.kind]}:read")
    return {"members": sorted(channel.members), "response_metadata": {"next_cursor": ""}}


def _open(desk: Desk, call: Call) -> Json:
    if channel_id := call.optional("channel"):
        return {"channel": {"id": visible(desk, channel_id).id}}
    users = call.text("users").split(",")
    if len(users) != 1:
        raise ApiError("not_enough_users")
    user = desk.workspace.users.get(users[0])
    if user is None:
        raise ApiError("user_not_found")
    known = set(desk.workspace.channels)
    channel = desk.workspace.open_dm(user)
    opened = {"no_op": channel.id in known, "already_open": channel.id in known}
    return {"channel": {"id": channel.id}} | opened


def _readable(desk: Desk, call: Call) -> Channel:
    channel = visible(desk, call.optional("channel") or "")
    desk.need(f"{_OBJECTS[channel.kind]}:history")
    return joined_channel(desk, channel.id)


def _spoken(desk: Desk, message: Message) -> Json:
    """A message with what stands under it (Slack: "Retrieving messages", threads)."""
    body = message.to_api(TEAM, APP)
    replies = desk.workspace.replies(message.channel, message.ts)
    if replies:
        body |= {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": sorted({one.user for one in replies}),
            "reply_users_count": len({one.user for one in replies}),
            "latest_reply": replies[-1].ts,
        }
    return body


def _page(call: Call, found: list[Message]) -> tuple[list[Message], Json]:
    """The asked part of the messages: bounds, then the cursor's page."""
    oldest, latest = call.optional("oldest") or "0", call.optional("latest") or "9" * 20
    inclusive = as_flag(call.args.get("inclusive"))
    kept = [
        one
        for one in found
        if float(oldest) < float(one.ts) < float(latest)
        or (inclusive and one.ts in (oldest, latest))
    ]
    try:
        limit = min(int(call.optional("limit") or 100), 1000)
        start = int(call.optional("cursor") or 0)
    except ValueError:
        raise ApiError("invalid_cursor" if call.optional("cursor") else "invalid_limit") from None
    more = start + limit < len(kept)
    rest = {"has_more": more, "response_metadata": {"next_cursor": str(start + limit) * more}}
    return kept[start : start + limit], rest


def _replies(desk: Desk, call: Call) -> Json:
    channel = _readable(desk, call)
    ts = call.text("ts")
    parent = desk.workspace.message(channel.id, ts)
    if parent is None or parent.ephemeral_to is not None:
        raise ApiError("thread_not_found")
    head = parent.thread_ts or ts
    found = [
        message
        for message in desk.workspace.messages(channel.id, None)
        if message.ephemeral_to is None and head in (message.ts, message.thread_ts)
    ]
    messages, rest = _page(call, found)
    return {"messages": [_spoken(desk, one) for one in messages]} | rest


def _history(desk: Desk, call: Call) -> Json:
    channel = _readable(desk, call)
    found = [
        message
        for message in reversed(desk.workspace.messages(channel.id, None))
        if message.ephemeral_to is None and message.thread_ts in (None, message.ts)
    ]
    messages, rest = _page(call, found)
    return {"messages": [_spoken(desk, one) for one in messages]} | rest


METHODS = (
    method("conversations.info", _info, "channel include_locale include_num_members"),
    method("conversations.list", _list, "types limit cursor exclude_archived team_id"),
    method("conversations.members", _members, "channel limit cursor"),
    method(
        "conversations.open", _open, "channel users return_im prevent_creation", scope="im:write"
    ),
    method(
        "conversations.history",
        _history,
        "channel limit cursor inclusive latest oldest include_all_metadata",
    ),
    method(
        "conversations.replies",
        _replies,
        "channel ts limit cursor inclusive latest oldest include_all_metadata",
    ),
)
