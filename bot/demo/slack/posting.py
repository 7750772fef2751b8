"""Turning what an app sent into a message of the workspace.

Shared by chat.postMessage, acknowledgements and response_url. What may be sent is `validation`'s.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.demo.slack.values import Message
from bot.demo.slack.workspace import BOT, BOT_ID, SLACKBOT, Workspace

# Slack: chat.postMessage, truncating content: messages over 40,000 characters are cut.
TEXT_CUT = 40_000


def as_flag(value: Any) -> bool:
    """A boolean argument as Slack reads it, in JSON or in a form."""
    return value is True or str(value).lower() in ("1", "true")


def post(
    workspace: Workspace,
    channel: str,
    body: Mapping[str, Any],
    *,
    ephemeral_to: str | None = None,
    file_ids: tuple[str, ...] = (),
) -> Message:
    """Post a checked body as the bot."""
    return workspace.put(
        Message(
            channel=channel,
            ts=workspace.new_ts(),
            user=BOT.id,
            bot_id=BOT_ID,
            text=str(body.get("text") or "")[:TEXT_CUT],
            blocks=tuple(body.get("blocks") or ()),
            attachments=tuple(body.get("attachments") or ()),
            ephemeral_to=ephemeral_to,
            thread_ts=body.get("thread_ts") or None,
            file_ids=file_ids,
            metadata=body.get("metadata") or None,
        )
    )


def revise(workspace: Workspace, message: Message, body: Mapping[str, Any]) -> Message:
    """The message with its content replaced by a checked body."""
    return replace(
        message,
        text=str(body.get("text") or "")[:TEXT_CUT],
        blocks=tuple(body.get("blocks") or ()),
        attachments=tuple(body.get("attachments") or ()),
        edited_ts=workspace.new_ts(),
    )


def tell(
    workspace: Workspace, channel: str, user: str, text: str, *, thread_ts: str | None = None
) -> Message:
    """What Slack itself tells one person, as Slackbot does."""
    return workspace.put(
        Message(
            channel=channel,
            ts=workspace.new_ts(),
            user=SLACKBOT.id,
            text=text,
            ephemeral_to=user,
            thread_ts=thread_ts,
        )
    )
