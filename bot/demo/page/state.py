"""What the page shows, as one JSON object per viewer.

Pure reading of the workspace. Nothing here is escaped: the page draws text as text.
"""

from bot.demo.slack.methods.views import top_view
from bot.demo.slack.stand_in import StandIn
from bot.demo.slack.values import Channel, File, Json, Message, User
from bot.demo.slack.workspace import BOT

# A look inside a text file; the rest is one click away.
_PREVIEW_BYTES = 1200


def page_state(stand_in: StandIn, viewer: User) -> Json:
    """Everything that `viewer` may see now."""
    space = stand_in.workspace
    channels = [channel for channel in space.channels.values() if viewer.id in channel.members]
    view = top_view(space, viewer.id)
    return {
        "viewer": viewer.id,
        "bot": BOT.id,
        "people": [_person(space.users[person.id]) for person in space.people],
        "channels": [_channel(channel) for channel in channels],
        "messages": {
            channel.id: [
                _message(stand_in, message) for message in space.messages(channel.id, viewer.id)
            ]
            for channel in channels
        },
        "view": view and {"id": view.id, "body": view.body, "errors": dict(view.errors)},
        "tries": [
            {"command": one.command, "title": one.title, "expected": one.expected}
            for one in stand_in.panel.tries
        ],
        "hints": [{"command": command, "does": does} for command, does in stand_in.panel.hints],
        "locales": list(stand_in.panel.locales),
        "transport": stand_in.transport,
        "ways": {
            "http": stand_in.events_url is not None,
            "socket": stand_in.socket.num_connections,
        },
    }


def _person(user: User) -> Json:
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "locale": user.locale,
    }


def _channel(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "bot": BOT.id in channel.members,
    }


def _message(stand_in: StandIn, message: Message) -> Json:
    author = stand_in.workspace.users[message.user]
    files = [stand_in.workspace.files[file_id] for file_id in message.file_ids]
    return {
        "ts": message.ts,
        "user": message.user,
        "author": author.real_name,
        "is_bot": author.is_bot,
        "text": message.text,
        "blocks": list(message.blocks),
        "ephemeral": message.ephemeral_to is not None,
        "thread_ts": message.thread_ts,
        "edited": message.edited_ts is not None,
        "files": [_file(file) for file in files],
        "reactions": [name for name, _user in message.reactions],
    }


def _file(file: File) -> Json:
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "size": len(file.content),
        "url": f"files/{file.id}/download",
        "preview": _preview(file.content),
    }


def _preview(content: bytes) -> str | None:
    beginning = content[:_PREVIEW_BYTES]
    if b"\0" in beginning:
        return None
    # A character that the cut went through is left out.
    text = beginning.decode("utf-8", errors="ignore")
    return text + ("\n…" if len(content) > len(beginning) else "")
