"""conversations.*: channels, their members and threads.

Each function's errors are those of the Slack document of its method.
"""

from bot.demo.slack.methods.call import ApiError, Call, Desk, joined_channel, method
from bot.demo.slack.methods.call import visible_channel as visible
from bot.demo.slack.values import Channel, Json
from bot.demo.slack.workspace import APP, BOT, TEAM


def _object(channel: Channel) -> Json:
    body: Json = {
        "id": channel.id,
        "is_channel": channel.kind != "dm",
        "is_im": channel.kind == "dm",
        "is_mpim": False,
        "is_private": channel.kind != "public",
        "is_archived": False,
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


def _info(desk: Desk, call: Call) -> Json:
    return {"channel": _object(visible(desk, call.optional("channel") or ""))}


def _list(desk: Desk, call: Call) -> Json:
    kinds = (call.optional("types") or "public_channel").split(",")
    names = {"public": "public_channel", "private": "private_channel", "dm": "im"}
    found = [
        _object(channel)
        for channel in desk.workspace.channels.values()
        if names[channel.kind] in kinds and (channel.kind == "public" or BOT.id in channel.members)
    ]
    return {"channels": found, "response_metadata": {"next_cursor": ""}}


def _members(desk: Desk, call: Call) -> Json:
    channel = visible(desk, call.optional("channel") or "")
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


def _replies(desk: Desk, call: Call) -> Json:
    channel = joined_channel(desk, call.optional("channel") or "")
    ts = call.text("ts")
    parent = desk.workspace.message(channel.id, ts)
    if parent is None:
        raise ApiError("thread_not_found")
    found = [
        message.to_api(TEAM, APP)
        for message in desk.workspace.messages(channel.id, None)
        if message.ts == ts or message.thread_ts == (parent.thread_ts or ts)
    ]
    return {"messages": found, "has_more": False}


METHODS = (
    method("conversations.info", _info, "channel include_locale include_num_members"),
    method("conversations.list", _list, "types limit cursor exclude_archived team_id"),
    method("conversations.members", _members, "channel limit cursor"),
    method("conversations.open", _open, "channel users return_im prevent_creation"),
    method(
        "conversations.replies",
        _replies,
        "channel ts limit cursor inclusive latest oldest include_all_metadata",
    ),
)
