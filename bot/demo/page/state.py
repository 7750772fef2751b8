"""What the page shows, as one JSON object per viewer.

Pure reading of the workspace. Nothing here is escaped: the page draws text as text.
"""

from bot.demo.page.words import page_words
from bot.demo.slack.methods.views import top_view
from bot.demo.slack.stand_in import StandIn
from bot.demo.slack.values import Channel, Execution, File, Json, Message, User, View
from bot.demo.slack.workspace import BOT

# A look inside a text file; the rest is one click away.
_PREVIEW_BYTES = 1200


def page_state(stand_in: StandIn, viewer: User) -> Json:
    """Everything that `viewer` may see now."""
    space = stand_in.workspace
    channels = [channel for channel in space.channels.values() if viewer.id in channel.members]
    view = top_view(space, viewer.id)
    home = space.homes.get(viewer.id)
    lang = stand_in.panel.lang or ("ja" if viewer.locale.startswith("ja") else "en")
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
        "view": view and _view(view),
        "home": home and _view(home),
        "app": _app(stand_in),
        "runs": [_run(one) for one in stand_in.executions if one.user == viewer.id][-5:],
        "levers": [
            {"host": one.host, "states": list(one.states), "now": one.now()}
            for one in stand_in.panel.levers
        ],
        "lang": lang,
        "words": page_words(lang),
        "zones": list(stand_in.panel.zones),
        "install": stand_in.panel.install,
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


def _view(view: View) -> Json:
    return {
        "id": view.id,
        "body": view.body,
        "errors": dict(view.errors),
        "root": view.root_id,
        "below": view.previous_id is not None,
    }


def _app(stand_in: StandIn) -> Json:
    """What the app offers, as far as the page has a place for it."""
    app = stand_in.app
    if app is None:
        shortcuts = [{"callback_id": "tlscheck_message", "name": "Check TLS in this message"}]
        free = {"home": True, "opens_home": False, "writable": True}
        return {**free, "shortcuts": shortcuts, "steps": []}
    return {
        "home": app.home_tab,
        "opens_home": app.home_tab,
        "writable": app.messages_tab and not app.messages_read_only,
        "shortcuts": [
            {"callback_id": callback_id, "name": name} for callback_id, name in app.shortcuts
        ],
        "steps": [
            {
                "callback_id": step.callback_id,
                "title": step.title,
                "description": step.description,
                "inputs": [
                    {"name": one.name, "title": one.title, "required": one.required}
                    for one in step.inputs
                ],
            }
            for step in app.steps.values()
        ],
    }


def _run(one: Execution) -> Json:
    return {
        "id": one.id,
        "callback_id": one.callback_id,
        "inputs": one.inputs,
        "status": one.status,
        "outputs": one.outputs,
        "error": one.error,
    }


def _person(user: User) -> Json:
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "locale": user.locale,
        "tz": user.tz,
    }


def _channel(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "bot": BOT.id in channel.members,
        "archived": channel.archived,
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
        "attachments": list(message.attachments),
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
        "url": f"page/files/{file.id}/download",
        "image": f"page/files/{file.id}" if file.image_type else None,
        "alt": file.alt_text,
        "preview": None if file.image_type else _preview(file.content),
    }


def _preview(content: bytes) -> str | None:
    beginning = content[:_PREVIEW_BYTES]
    if b"\0" in beginning:
        return None
    # A character that the cut went through is left out.
    text = beginning.decode("utf-8", errors="ignore")
    return text + ("\n…" if len(content) > len(beginning) else "")
