"""Every kind of block, and what Slack demands of it.

Fields as in Slack's Block Kit reference; numbers from `limits`. Block types that slack_sdk knows
and this table does not are looked at by slack_sdk alone.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from bot.demo.slack import limits as at
from bot.demo.slack.elements import (
    BUTTON,
    CONTEXT_ACTIONS,
    IMAGE,
    INPUTS,
    INTERACTIVE,
    MODAL_INPUTS,
    any_text,
    plain,
)
from bot.demo.slack.shapes import (
    Shape,
    anything,
    array,
    boolean,
    complaint,
    integer,
    needs_one,
    one_of,
    string,
    tagged,
    thing,
    web_address,
)

# --- rich text (Block Kit: rich text block)

_BORDER = integer(0, at.RICH_TEXT_LIST_BORDER_MAX)
_STYLE = thing(
    {},
    dict.fromkeys(
        ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight"), boolean
    ),
)
_STYLED: dict[str, Shape] = {"style": _STYLE}
_WORDS: dict[str, Shape] = {
    # An empty text is refused: "must be more than 0 characters"
    "text": thing({"text": string(minimum=1)}, _STYLED),
    "link": thing(
        {"url": web_address(at.BUTTON_URL_MAX_LENGTH)},
        _STYLED | {"text": string(), "unsafe": boolean},
    ),
    "emoji": thing(
        {"name": string(minimum=1)}, _STYLED | {"unicode": string(), "skin_tone": integer(1, 6)}
    ),
    "user": thing({"user_id": string(minimum=1)}, _STYLED),
    "usergroup": thing({"usergroup_id": string(minimum=1)}, _STYLED),
    "channel": thing({"channel_id": string(minimum=1)}, _STYLED),
    "broadcast": thing({"range": one_of("here", "channel", "everyone")}, _STYLED),
    "color": thing({"value": string(minimum=1)}),
    "date": thing(
        {"timestamp": integer(), "format": string(minimum=1)},
        _STYLED | {"url": web_address(at.BUTTON_URL_MAX_LENGTH), "fallback": string()},
    ),
}
_words = array(tagged(_WORDS, "rich text element"))
_SECTION = thing({"elements": _words})
_RICH: dict[str, Shape] = {
    "rich_text_section": _SECTION,
    "rich_text_preformatted": thing(
        {"elements": array(tagged({"text": _WORDS["text"], "link": _WORDS["link"]}))},
        {"border": _BORDER, "language": string()},
    ),
    "rich_text_quote": thing({"elements": _words}, {"border": _BORDER}),
    "rich_text_list": thing(
        {
            "style": one_of("bullet", "ordered"),
            "elements": array(tagged({"rich_text_section": _SECTION})),
        },
        {
            "indent": integer(0, at.RICH_TEXT_LIST_INDENT_MAX),
            "offset": integer(0),
            "border": _BORDER,
        },
    ),
}
_RICH_ELEMENTS = array(tagged(_RICH, "rich text element"))

# --- tables (Block Kit: table block)

_CELL = tagged(
    {
        # slack_sdk: RawTextObject, "text attribute must have at least 1 character"
        "raw_text": thing({"text": string(minimum=1)}),
        "rich_text": thing({"elements": _RICH_ELEMENTS}, {"block_id": string()}),
    },
    "cell type",
)


def _setting(value: Any, pointer: str) -> Iterator[str]:
    # "You can use null to skip a column"
    if value is not None:
        align = one_of("left", "center", "right")
        yield from thing({}, {"align": align, "is_wrapped": boolean})(value, pointer)


# --- blocks

_ID: dict[str, Shape] = {"block_id": string(at.BLOCK_ID_MAX_LENGTH, 1)}


def _block(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    return thing(required, {**_ID, **(optional or {})})


_EVERYWHERE: dict[str, Shape] = {
    "section": needs_one(
        _block(
            {},
            {
                "text": any_text(at.SECTION_TEXT_MAX_LENGTH),
                "fields": array(
                    any_text(at.SECTION_FIELDS_ITEM_MAX_LENGTH), at.SECTION_FIELDS_MAX_ITEMS, 1
                ),
                "accessory": tagged(INTERACTIVE | {"image": IMAGE}, "element type"),
                "expand": boolean,
            },
        ),
        ("text", "fields"),
    ),
    "divider": _block({}),
    "header": _block({"text": plain(at.HEADER_TEXT_MAX_LENGTH)}, {"level": integer(1, 4)}),
    "context": _block(
        {
            "elements": array(
                tagged({"plain_text": any_text(), "mrkdwn": any_text(), "image": IMAGE}),
                at.CONTEXT_ELEMENTS_MAX_ITEMS,
                1,
            )
        }
    ),
    "actions": _block(
        {"elements": array(tagged(INTERACTIVE, "element type"), at.ACTIONS_ELEMENTS_MAX_ITEMS, 1)}
    ),
    "image": needs_one(
        _block(
            {"alt_text": string(at.IMAGE_ALT_TEXT_MAX_LENGTH)},
            {
                "image_url": web_address(at.IMAGE_IMAGE_URL_MAX_LENGTH),
                "slack_file": anything,
                "title": plain(at.IMAGE_TITLE_MAX_LENGTH),
            },
        ),
        ("image_url", "slack_file"),
    ),
    "rich_text": _block({"elements": _RICH_ELEMENTS}),
}
_IN_MESSAGES: dict[str, Shape] = {
    # Block Kit: "Available in surfaces: Messages" on the pages of these blocks
    "markdown": _block({"text": string(at.MARKDOWN_TEXT_MAX_LENGTH, 1)}),
    "table": _block(
        {"rows": array(array(_CELL, at.TABLE_COLUMNS_MAX_ITEMS, 1), at.TABLE_ROWS_MAX_ITEMS, 1)},
        {"column_settings": array(_setting, at.TABLE_COLUMN_SETTINGS_MAX_ITEMS)},
    ),
    "context_actions": _block(
        {
            "elements": array(
                tagged(CONTEXT_ACTIONS, "element type"), at.CONTEXT_ACTIONS_ELEMENTS_MAX_ITEMS, 1
            )
        }
    ),
    "alert": _block(
        {"text": any_text(at.ALERT_TEXT_MAX_LENGTH)},
        {"level": one_of("default", "info", "warning", "error", "success")},
    ),
    "card": _block(
        {},
        {
            "title": any_text(at.CARD_TITLE_MAX_LENGTH),
            "subtitle": any_text(at.CARD_SUBTITLE_MAX_LENGTH),
            "body": any_text(at.CARD_BODY_MAX_LENGTH),
            "hero_image": anything,
            "icon": anything,
            "actions": array(tagged({"button": BUTTON}, "element type")),
        },
    ),
}


def _input(elements: Mapping[str, Shape]) -> Shape:
    return _block(
        {
            "label": plain(at.INPUT_LABEL_MAX_LENGTH),
            "element": tagged(elements, "element type"),
        },
        {
            "hint": plain(at.INPUT_HINT_MAX_LENGTH),
            "optional": boolean,
            "dispatch_action": boolean,
        },
    )


_SHAPES = {
    # Inputs are also allowed in messages by newer clients, but Slack's page names modals and Home
    # tabs first and says that messages need a submit of their own; the bot has no use for it there.
    "message": _EVERYWHERE | _IN_MESSAGES,
    "modal": _EVERYWHERE | {"input": _input(MODAL_INPUTS)},
    "home": _EVERYWHERE | {"input": _input(INPUTS)},
}
KNOWN = frozenset(name for shapes in _SHAPES.values() for name in shapes)

# Known to slack_sdk (3.47), and left to it: the bot sends none of them.
_SDK_ONLY = frozenset(
    ("video", "file", "call", "container", "carousel", "plan", "task_card", "auth_provider")
)


def examine_block(block: Any, pointer: str, surface: str) -> Iterator[str]:
    """What Slack would say against one block on this surface: "message", "modal" or "home"."""
    if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
        yield complaint("missing required field: type", pointer)
        return
    shapes = _SHAPES[surface]
    kind = block["type"]
    if kind in shapes:
        found = list(shapes[kind](block, pointer))
        # A second opinion on what this table takes for right.
        yield from found or _sdk(block, pointer)
        yield from _repeated_actions(block, pointer)
    elif kind in _SDK_ONLY and surface == "message":
        yield from _sdk(block, pointer)
    else:
        yield complaint(f"unsupported type: {kind}", f"{pointer}/type")


def _sdk(block: Mapping[str, Any], pointer: str) -> Iterator[str]:
    try:
        parsed = Block.parse(dict(block))
        if parsed is None:
            yield complaint("unsupported type", f"{pointer}/type")
        else:
            parsed.to_dict()
    except (SlackObjectFormationError, TypeError, AttributeError, KeyError, ValueError) as error:
        yield complaint(f"slack_sdk: {error}", pointer)


def _repeated_actions(block: Mapping[str, Any], pointer: str) -> Iterator[str]:
    """Block Kit: "Each action_id should be unique among all other action_ids in the block"."""
    seen: set[str] = set()
    elements = block.get("elements")
    for index, element in enumerate(elements if isinstance(elements, list | tuple) else ()):
        name = element.get("action_id") if isinstance(element, Mapping) else None
        if name is not None and name in seen:
            yield complaint(f"`action_id` already exists: {name}", f"{pointer}/elements/{index}")
        seen.add(name or "")
