"""What Slack would refuse in a message, a modal or a Home tab.

The door to the checks: `blocks` looks at each block, this module at what surrounds them.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.demo.slack import limits as at
from bot.demo.slack.blocks import examine_block
from bot.demo.slack.elements import plain
from bot.demo.slack.shapes import Shape, anything, boolean, complaint, one_of, string, thing
from bot.demo.slack.values import File, texts, walk
from bot.demo.slack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Problem:
    """Slack's error name, and the details that stand in `response_metadata.messages`."""

    error: str
    messages: list[str]


def examine_message(body: Mapping[str, Any], workspace: Workspace | None = None) -> Problem | None:
    """The reason why Slack would refuse the message, if there is one.

    With the workspace, the files that its pictures name are looked up, too.

    The errors are those of chat.postMessage: `no_text`, `invalid_blocks`, `invalid_blocks_format`,
    `msg_blocks_too_long`.
    """
    blocks = body.get("blocks")
    if not blocks:
        has_text = bool(str(body.get("text") or "").strip())
        return None if has_text or body.get("attachments") else Problem("no_text", [])
    if not isinstance(blocks, Sequence) or isinstance(blocks, str):
        return Problem("invalid_blocks_format", ["blocks is not an array"])
    found = list(_all_blocks(blocks, "/blocks", "message", at.MESSAGE_BLOCKS_MAX_ITEMS))
    found = found or [*_together(blocks), *_pictures(blocks, "/blocks", workspace)]
    if found:
        return Problem("invalid_blocks", found)
    total = sum(len(text) for text in texts(blocks))
    if total > at.MESSAGE_TOTAL_TEXT_MAX_LENGTH:
        return Problem("msg_blocks_too_long", [])
    return None


# Slack: "Modals", views object
_VIEW_OPTIONAL: dict[str, Shape] = {
    "submit": plain(at.VIEW_SUBMIT_MAX_LENGTH),
    "close": plain(at.VIEW_CLOSE_MAX_LENGTH),
    "private_metadata": string(at.VIEW_PRIVATE_METADATA_MAX_LENGTH),
    "callback_id": string(at.VIEW_CALLBACK_ID_MAX_LENGTH),
    "external_id": string(at.VIEW_EXTERNAL_ID_MAX_LENGTH),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
    "submit_disabled": boolean,
}
_VIEW = thing(
    {"title": plain(at.VIEW_TITLE_MAX_LENGTH), "blocks": anything},
    _VIEW_OPTIONAL,
)


# Slack: "Home tab views"
_HOME = thing(
    {"blocks": anything},
    {name: _VIEW_OPTIONAL[name] for name in ("private_metadata", "callback_id", "external_id")},
)


def examine_view(
    view: Any, workspace: Workspace | None = None, kind: str = "modal"
) -> Problem | None:
    """The reason why Slack would refuse the modal or Home tab: `invalid_arguments`, with details.

    Views of more than 250 kB are refused as `view_too_large` (Slack: views.open, errors).
    """
    if not isinstance(view, Mapping):
        return Problem("invalid_arguments", ["view is not an object"])
    if len(json.dumps(view, ensure_ascii=False).encode()) > at.VIEW_MAX_BYTES:
        return Problem("view_too_large", [])
    found = list((_HOME if kind == "home" else _VIEW)(view, "/view"))
    found += one_of(kind)(view.get("type"), "/view/type")
    blocks = view.get("blocks")
    if isinstance(blocks, Sequence) and not isinstance(blocks, str):
        surface = "home" if kind == "home" else "modal"
        found += _all_blocks(blocks, "/view/blocks", surface, at.VIEW_BLOCKS_MAX_ITEMS)
        found += _pictures(blocks, "/view/blocks", workspace)
        inputs = any(isinstance(b, Mapping) and b.get("type") == "input" for b in blocks)
        if inputs and kind == "modal" and not view.get("submit"):
            # Slack: views object, "submit is required when an input block is within the blocks"
            found.append(complaint("missing required field: submit", "/view"))
    else:
        found.append(complaint("must be an array", "/view/blocks"))
    return Problem("invalid_arguments", found) if found else None


def _pictures(blocks: Sequence[Any], pointer: str, workspace: Workspace | None) -> Iterator[str]:
    """The Slack files that pictures name: there, known to be pictures, and named in one way.

    Slack: "Slack file object" ("must be an image", "If both are provided then the payload will be
    rejected"); its words in bolt-python issue 1251.
    """
    for index, block in enumerate(blocks):
        for part in walk(block):
            named = part.get("slack_file")
            if named is None or workspace is None:
                continue
            file = picture(workspace, named)
            if file is None or not file.processed or not file.complete:
                yield complaint("invalid slack file", f"{pointer}/{index}/slack_file")


def picture(workspace: Workspace, named: Any) -> File | None:
    """The picture that a Slack file object names, by its id or by its address."""
    if not isinstance(named, Mapping) or len(set(named) & {"id", "url"}) != 1:
        return None
    for file in workspace.files.values():
        at_address = re.findall(r"F[0-9A-F]{10}", str(named.get("url", "")))
        if file.image_type and file.id in (named.get("id"), *at_address):
            return file
    return None


def _all_blocks(blocks: Sequence[Any], pointer: str, surface: str, maximum: int) -> Iterator[str]:
    if len(blocks) > maximum:
        yield complaint(f"no more than {maximum} items allowed", pointer)
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        yield from examine_block(block, f"{pointer}/{index}", surface)
        block_id = block.get("block_id") if isinstance(block, Mapping) else None
        if isinstance(block_id, str):
            if block_id in seen:
                # Block Kit: "block_id should be unique for each message"
                yield complaint(f"block_id already exists: {block_id}", f"{pointer}/{index}")
            seen.add(block_id)


def _together(blocks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    tables = [block for block in blocks if block["type"] == "table"]
    if len(tables) > at.MESSAGE_TABLES_MAX_ITEMS:
        yield complaint("only one table allowed", "/blocks")
    cells = sum(len(text) for table in tables for text in texts(table["rows"]))
    if cells > at.MESSAGE_TABLE_TEXT_MAX_LENGTH:
        yield complaint(
            f"table text must be less than {at.MESSAGE_TABLE_TEXT_MAX_LENGTH + 1} characters",
            "/blocks",
        )
    markdown = sum(len(part["text"]) for part in walk(blocks) if part.get("type") == "markdown")
    if markdown > at.MARKDOWN_TOTAL_TEXT_MAX_LENGTH:
        yield complaint(
            f"markdown text must be less than {at.MARKDOWN_TOTAL_TEXT_MAX_LENGTH + 1} characters",
            "/blocks",
        )
