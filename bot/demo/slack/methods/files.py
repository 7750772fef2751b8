"""files.*: the upload in three steps.

Source: Slack's document "Working with files", uploading files: files.getUploadURLExternal, POST of
the bytes to the address it gave, files.completeUploadExternal.
"""

from dataclasses import replace
from typing import Any

from bot.demo.slack.methods.call import ApiError, Call, Desk, joined_channel, method, refuse
from bot.demo.slack.posting import post
from bot.demo.slack.validation import examine_message
from bot.demo.slack.values import File, Json
from bot.demo.slack.workspace import BOT, Workspace, fresh_id

MAX_UPLOAD = 64 * 1024 * 1024
"""Our own bound: the stand-in keeps files in memory (Slack's is 1 GB)."""


def file_object(file: File, base: str) -> Json:
    """A file as files.info gives it."""
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "size": len(file.content),
        "user": file.user,
        "channels": list(file.channels),
        "is_public": bool(file.channels),
        "mode": "hosted",
        "url_private": f"{base}files/{file.id}",
        "url_private_download": f"{base}files/{file.id}/download",
    }


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
        files.append(replace(file, title=entry.get("title") or file.name, complete=True))
    targets = (call.optional("channels") or call.optional("channel_id") or "").split(",")
    channels = [joined_channel(desk, target).id for target in targets if target]
    thread = call.optional("thread_ts")
    body = {"text": call.optional("initial_comment") or "", "thread_ts": thread}
    if call.args.get("blocks"):
        body["blocks"] = call.args["blocks"]
        refuse(examine_message(body))
    for file in files:
        desk.workspace.files[file.id] = replace(file, channels=tuple(channels), thread_ts=thread)
    for channel in channels:
        post(desk.workspace, channel, body, file_ids=tuple(file.id for file in files))
    desk.workspace.changed()
    return {"files": [file_object(desk.workspace.files[file.id], desk.base()) for file in files]}


def _info(desk: Desk, call: Call) -> Json:
    file = desk.workspace.files.get(call.text("file"))
    if file is None or not file.complete:
        raise ApiError("file_not_found")
    return {"file": file_object(file, desk.base()), "comments": []}


METHODS = (
    method("files.getUploadURLExternal", _get_upload_url, "filename length alt_txt snippet_type"),
    method(
        "files.completeUploadExternal",
        _complete,
        "files channel_id channels initial_comment thread_ts blocks",
    ),
    method("files.info", _info, "file count cursor limit page"),
)
