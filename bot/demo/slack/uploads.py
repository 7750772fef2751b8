"""What a file is to the Web API, to events and to submitted windows; who may read it.

Pure functions over values. Sources: Slack's documents "File object", "File input element"
(`filetypes`, `max_files`, "There is a 10MB file size limit") and "file_share"; the shape of an
event with files in seratch-slack-types issue 8 (app_mention).
"""

from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import quote

from bot.demo.slack import limits as at
from bot.demo.slack.values import Channel, File, Json
from bot.demo.slack.workspace import BOT, TEAM

IMAGE_TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}
# The ending of the name: Slack's filetype, its type for browsers, and what it calls it.
_BY_ENDING = {
    "csv": ("csv", "text/csv", "CSV"),
    "tsv": ("tsv", "text/tab-separated-values", "TSV"),
    "json": ("json", "application/json", "JSON"),
    "pdf": ("pdf", "application/pdf", "PDF"),
    "zip": ("zip", "application/zip", "Zip"),
}
_TEXT = ("text", "text/plain", "Plain Text")
_BINARY = ("binary", "application/octet-stream", "Binary")


def ending(name: str) -> str:
    """The ending of a file's name, in small letters and without its dot."""
    return PurePath(name).suffix.removeprefix(".").lower()


def kind_of(file: File) -> tuple[str, str, str]:
    """Slack's filetype of a file, its MIME type, and its name for people."""
    if image := file.image_type:
        return image, IMAGE_TYPES[image], image.upper()
    if known := _BY_ENDING.get(ending(file.name)):
        return known
    return _BINARY if b"\0" in file.content[:8000] else _TEXT


def file_object(file: File, base: str) -> Json:
    """A file as files.info, events and submissions give it."""
    filetype, mimetype, pretty = kind_of(file) if file.processed else ("", "", "")
    kept, name = f"{base}files-pri/{TEAM}-{file.id}", quote(file.name, safe="")
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        # Empty until the file was looked at (java-slack-sdk issue 1349).
        "mimetype": mimetype,
        "filetype": filetype,
        "pretty_type": pretty,
        "user": file.user,
        "user_team": TEAM,
        "editable": False,
        "size": len(file.content),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": bool(file.channels),
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "alt_txt": file.alt_text,
        "channels": list(file.channels),
        "url_private": f"{kept}/{name}",
        "url_private_download": f"{kept}/download/{name}",
        "permalink": f"{base}files/{file.user}/{file.id}/{name}",
    }


def readable(file: File, channels: Sequence[Channel]) -> bool:
    """Whether the bot may read it: its own, one handed to it, or one shared where it may look.

    Args:
        file: The file.
        channels: Those in which it was shared.
    """
    if not file.complete:
        return False
    if file.user == BOT.id or file.handed:
        return True
    return any(one.kind == "public" or BOT.id in one.members for one in channels)


def unfit(element: Json, files: Sequence[File]) -> str:
    """Why Slack's client does not take these files for a `file_input`; "" when it does."""
    most = element.get("max_files") or at.FILE_INPUT_MAX_FILES_MAX
    if len(files) > most:
        return f"no more than {most} files"
    types = element.get("filetypes")
    for file in files:
        if types and ending(file.name) not in types:
            return f"{file.name}: only {', '.join(types)}"
        if len(file.content) > at.FILE_INPUT_MAX_BYTES:
            return f"{file.name}: larger than 10 MB"
    return ""
