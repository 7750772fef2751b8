"""chat.*: posting, changing and deleting messages; reactions.add.

Each function's errors are those of the Slack document of its method.
"""

from dataclasses import replace

from bot.demo.slack.methods.call import (
    ApiError,
    Call,
    Desk,
    joined_channel,
    method,
    open_channel,
    refuse,
    visible_channel,
)
from bot.demo.slack.posting import post, revise
from bot.demo.slack.validation import examine_message
from bot.demo.slack.values import Json, Message
from bot.demo.slack.workspace import APP, BOT, TEAM, TEAM_DOMAIN


def _warn_without_text(desk: Desk, call: Call) -> None:
    if not str(call.args.get("text") or "").strip():
        # Slack: chat.postMessage, "text is still strongly recommended" beside blocks
        desk.workspace.warn(call.method, "no text beside the blocks (accessibility)")


def _post_message(desk: Desk, call: Call) -> Json:
    channel = open_channel(desk, call.optional("channel") or "")
    refuse(examine_message(call.args, desk.workspace))
    thread = call.optional("thread_ts")
    if thread and desk.workspace.message(channel.id, thread) is None:
        raise ApiError("thread_not_found")
    _warn_without_text(desk, call)
    message = post(desk.workspace, channel.id, call.args)
    desk.told.own(message)
    return {"channel": channel.id, "ts": message.ts, "message": message.to_api(TEAM, APP)}


def _post_ephemeral(desk: Desk, call: Call) -> Json:
    channel = open_channel(desk, call.optional("channel") or "")
    user = call.text("user")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    refuse(examine_message(call.args, desk.workspace))
    _warn_without_text(desk, call)
    message = post(desk.workspace, channel.id, call.args, ephemeral_to=user)
    return {"message_ts": message.ts}


def _own_message(desk: Desk, call: Call, error: str) -> Message:
    channel = visible_channel(desk, call.optional("channel") or "")
    message = desk.workspace.message(channel.id, call.text("ts"))
    # "Ephemeral messages created by chat.postEphemeral or otherwise cannot be updated with this
    # method" (Slack: chat.update); their ts is not found.
    if message is None or message.ephemeral_to is not None:
        raise ApiError("message_not_found")
    if message.user != BOT.id:
        raise ApiError(error)
    return message


def _update(desk: Desk, call: Call) -> Json:
    message = _own_message(desk, call, "cant_update_message")
    if desk.workspace.channels[message.channel].archived:
        # "within a frozen, archived or deleted channel" (Slack: chat.update)
        raise ApiError("is_inactive")
    refuse(examine_message(call.args, desk.workspace))
    _warn_without_text(desk, call)
    changed = desk.workspace.put(revise(desk.workspace, message, call.args))
    return {
        "channel": changed.channel,
        "ts": changed.ts,
        "text": changed.text,
        "message": changed.to_api(TEAM, APP),
    }


def _delete(desk: Desk, call: Call) -> Json:
    message = _own_message(desk, call, "cant_delete_message")
    desk.workspace.remove(message)
    return {"channel": message.channel, "ts": message.ts}


def _get_permalink(desk: Desk, call: Call) -> Json:
    channel = visible_channel(desk, call.optional("channel") or "")
    ts = call.text("message_ts")
    message = desk.workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to is not None:
        raise ApiError("message_not_found")
    link = f"https://{TEAM_DOMAIN}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def _react(desk: Desk, call: Call) -> Json:
    channel = joined_channel(desk, call.optional("channel") or "")
    message = desk.workspace.message(channel.id, call.text("timestamp"))
    if message is None or message.ephemeral_to is not None:
        raise ApiError("message_not_found")
    reaction = (call.text("name"), BOT.id)
    if reaction in message.reactions:
        raise ApiError("already_reacted")
    desk.workspace.put(replace(message, reactions=(*message.reactions, reaction)))
    return {}


_CONTENT = "text blocks attachments markdown_text parse link_names as_user username icon_url "
_CONTENT += "icon_emoji thread_ts unfurl_links unfurl_media mrkdwn metadata reply_broadcast"

METHODS = (
    method("chat.postMessage", _post_message, f"channel {_CONTENT}", scope="chat:write"),
    method("chat.postEphemeral", _post_ephemeral, f"channel user {_CONTENT}", scope="chat:write"),
    method("chat.update", _update, f"channel ts file_ids {_CONTENT}", scope="chat:write"),
    method("chat.delete", _delete, "channel ts as_user", scope="chat:write"),
    method("chat.getPermalink", _get_permalink, "channel message_ts"),
    method("reactions.add", _react, "channel timestamp name", scope="reactions:write"),
)
