"""files.*: the upload in three steps.

Source: Slack's document "Working with files", uploading files: files.getUploadURLExternal, POST of
the bytes to the address it gave, files.completeUploadExternal.
"""

import asyncio
from dataclasses import replace
from typing import Any

from bot.demo.slack.methods.call import ApiError, Call, Desk, method, open_channel, refuse
from bot.demo.slack.posting import post
from bot.demo.slack.uploads import file_object, readable
from bot.demo.slack.validation import examine_message
from bot.demo.slack.values import File, Json
from bot.demo.slack.workspace import BOT, Workspace, fresh_id

PROCESSING_SECONDS = 0.2
"""How long Slack looks at a file before it knows its type and takes it in a block: "asynchronous"
(Slack: files.completeUploadExternal); some seconds at Slack, poll files.info (slack-github-action
issue 413)."""
MAX_UPLOAD = 64 * 1024 * 1024
"""Our own bound: the stand-in keeps files in memory (Slack's is 1 GB)."""


def _get_upload_url(desk: Desk, call: Call) -> Json:
    name = call.text("filename")
    try:
        length = int(call.text("length"))
    except ValueError:
        raise ApiError("invalid_arguments", "length is not a number") from None
    if length <= 0 or length > MAX_UPLOAD:
        raise ApiError("file_upload_size_restricted")
    file = File(
        id=fresh_id("F"),
        name=name,
        title=name,
        content=b"\0" * 0,
        user=BOT.id,
        created=int(desk.workspace.clock().timestamp()),
        alt_text=call.optional("alt_txt") or "",
    )
    desk.workspace.files[file.id] = file
    return {"upload_url": f"{desk.base()}upload/v1/{file.id}/{length}", "file_id": file.id}


def take_upload(workspace: Workspace, file_id: str, length: int, content: bytes) -> bool:
    """Keep the uploaded bytes; False when they are not what was announced."""
    file = workspace.files.get(file_id)
    if file is None or file.complete or len(content) != length:
        return False
    workspace.files[file_id] = replace(file, content=content)
    return True


def _complete(desk: Desk, call: Call) -> Json:
    wanted: Any = call.args.get("files")
    if not isinstance(wanted, list) or not wanted:
        raise ApiError("invalid_arguments", "missing required field: files")
    if call.args.get("blocks") and call.args.get("initial_comment"):
        # Slack: files.completeUploadExternal: blocks only without initial_comment
        raise ApiError("invalid_arguments", "blocks and initial_comment exclude each other")
    files = []
    for entry in wanted:
        file = desk.workspace.files.get(str(entry.get("id")))
        if file is None or not file.content:
            raise ApiError("file_not_found")
        done = desk.processing_seconds <= 0
        title = entry.get("title") or file.name
        files.append(replace(file, title=title, complete=True, processed=done))
    targets = (call.optional("channels") or call.optional("channel_id") or "").split(",")
    channels = [open_channel(desk, target).id for target in targets if target]
    if any(target in desk.workspace.users for target in targets):
        # "input must match regex pattern: ^[CGDZ][A-Z0-9]{8,}$" (bolt-js issue 2115)
        raise ApiError("invalid_arguments", "channel_id is a user's id")
    thread = call.optional("thread_ts")
    if thread and not all(desk.workspace.message(channel, thread) for channel in channels):
        raise ApiError("thread_not_found")
    body = {"text": call.optional("initial_comment") or "", "thread_ts": thread}
    if call.args.get("blocks"):
        body["blocks"] = call.args["blocks"]
        refuse(examine_message(body, desk.workspace))
    for file in files:
        desk.workspace.files[file.id] = replace(file, channels=tuple(channels), thread_ts=thread)
    for channel in channels:
        post(desk.workspace, channel, body, file_ids=tuple(file.id for file in files))
    desk.workspace.changed()
    _look_at(desk, [file.id for file in files])
    return {"files": [file_object(desk.workspace.files[file.id], desk.base()) for file in files]}


def _look_at(desk: Desk, file_ids: list[str]) -> None:
    """Know the files' types a little later."""

    def known() -> None:
        for file_id in file_ids:
            file = desk.workspace.files[file_id]
            desk.workspace.files[file_id] = replace(file, processed=True)
        desk.workspace.changed()

    if desk.processing_seconds > 0:
        asyncio.get_running_loop().call_later(desk.processing_seconds, known)


def _info(desk: Desk, call: Call) -> Json:
    file = desk.workspace.files.get(call.text("file"))
    channels = [desk.workspace.channels[one] for one in file.channels] if file else []
    if file is None or not readable(file, channels):
        raise ApiError("file_not_found")
    return {"file": file_object(file, desk.base()), "comments": []}


METHODS = (
    method(
        "files.getUploadURLExternal",
        _get_upload_url,
        "filename length alt_txt snippet_type",
        scope="files:write",
    ),
    method(
        "files.completeUploadExternal",
        _complete,
        "files channel_id channels initial_comment thread_ts blocks",
        scope="files:write",
    ),
    method("files.info", _info, "file count cursor limit page", scope="files:read"),
)
