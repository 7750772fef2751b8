"""What stands inside blocks: text objects, options, buttons, menus, inputs.

Fields as in Slack's Block Kit reference; numbers from `limits`.
"""

from bot.demo.slack import limits as at
from bot.demo.slack.shapes import (
    Shape,
    anything,
    array,
    boolean,
    integer,
    needs_one,
    one_of,
    string,
    tagged,
    thing,
    web_address,
)

ACTION_ID = string(at.ACTION_ID_MAX_LENGTH, 1)


def plain(maximum: int = at.TEXT_MAX_LENGTH) -> Shape:
    """A plain_text object."""
    return tagged({"plain_text": _plain(maximum)}, "text type")


def any_text(maximum: int = at.TEXT_MAX_LENGTH) -> Shape:
    """A plain_text or mrkdwn object."""
    mrkdwn = thing({"text": string(maximum, at.TEXT_MIN_LENGTH)}, {"verbatim": boolean})
    return tagged({"plain_text": _plain(maximum), "mrkdwn": mrkdwn}, "text type")


def _plain(maximum: int) -> Shape:
    return thing({"text": string(maximum, at.TEXT_MIN_LENGTH)}, {"emoji": boolean})


CONFIRM = thing(
    {
        "title": plain(at.CONFIRMATION_TITLE_MAX_LENGTH),
        "text": any_text(at.CONFIRMATION_TEXT_MAX_LENGTH),
        "confirm": plain(at.CONFIRMATION_CONFIRM_MAX_LENGTH),
        "deny": plain(at.CONFIRMATION_DENY_MAX_LENGTH),
    },
    {"style": one_of("primary", "danger")},
)


def option(text: Shape) -> Shape:
    """An option object."""
    return thing(
        {"text": text, "value": string(at.OPTION_VALUE_MAX_LENGTH, 1)},
        {
            "description": any_text(at.OPTION_DESCRIPTION_MAX_LENGTH),
            "url": web_address(at.OPTION_URL_MAX_LENGTH),
        },
    )


_PLAIN_OPTION = option(plain(at.OPTION_TEXT_MAX_LENGTH))
_RICH_OPTION = option(any_text(at.OPTION_TEXT_MAX_LENGTH))
_OPTION_GROUP = thing(
    {
        "label": plain(at.OPTION_GROUP_LABEL_MAX_LENGTH),
        "options": array(_PLAIN_OPTION, at.SELECT_OPTIONS_MAX_ITEMS, 1),
    }
)
_COMMON: dict[str, Shape] = {"action_id": ACTION_ID, "confirm": CONFIRM}
_INPUT: dict[str, Shape] = {
    "action_id": ACTION_ID,
    "focus_on_load": boolean,
    "placeholder": plain(at.SELECT_PLACEHOLDER_MAX_LENGTH),
}

BUTTON = thing(
    {"text": plain(at.BUTTON_TEXT_MAX_LENGTH)},
    _COMMON
    | {
        "url": web_address(at.BUTTON_URL_MAX_LENGTH),
        "value": string(at.BUTTON_VALUE_MAX_LENGTH),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(at.BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH),
    },
)
IMAGE = needs_one(
    thing(
        {"alt_text": string(at.IMAGE_ALT_TEXT_MAX_LENGTH)},
        {"image_url": web_address(at.IMAGE_IMAGE_URL_MAX_LENGTH), "slack_file": anything},
    ),
    ("image_url", "slack_file"),
)

_MENU: dict[str, Shape] = (
    _INPUT
    | _COMMON
    | {
        "options": array(_PLAIN_OPTION, at.SELECT_OPTIONS_MAX_ITEMS, 1),
        "option_groups": array(_OPTION_GROUP, at.SELECT_OPTION_GROUPS_MAX_ITEMS, 1),
    }
)
_PICKER: dict[str, Shape] = _INPUT | _COMMON
_TYPED: dict[str, Shape] = _INPUT | {"dispatch_action_config": anything, "initial_value": string()}


def _picker(**more: Shape) -> Shape:
    return thing({}, _PICKER | more)


def _choices(maximum: int, **more: Shape) -> Shape:
    return thing({"options": array(_RICH_OPTION, maximum, 1)}, _PICKER | more)


MENUS: dict[str, Shape] = {
    "static_select": needs_one(
        thing({}, _MENU | {"initial_option": _PLAIN_OPTION}), ("options", "option_groups")
    ),
    "multi_static_select": needs_one(
        thing(
            {},
            _MENU | {"initial_options": array(_PLAIN_OPTION), "max_selected_items": integer(1)},
        ),
        ("options", "option_groups"),
    ),
    "users_select": _picker(initial_user=string()),
    "conversations_select": _picker(
        initial_conversation=string(),
        default_to_current_conversation=boolean,
        response_url_enabled=boolean,
        filter=anything,
    ),
    "channels_select": _picker(initial_channel=string(), response_url_enabled=boolean),
    "checkboxes": _choices(at.CHECKBOXES_OPTIONS_MAX_ITEMS, initial_options=array(_RICH_OPTION)),
    "radio_buttons": _choices(at.RADIO_BUTTONS_OPTIONS_MAX_ITEMS, initial_option=_RICH_OPTION),
    "datepicker": _picker(initial_date=string()),
    "timepicker": _picker(initial_time=string(), timezone=string()),
}
OVERFLOW = thing(
    {"options": array(_PLAIN_OPTION, at.OVERFLOW_OPTIONS_MAX_ITEMS, at.OVERFLOW_OPTIONS_MIN_ITEMS)},
    _COMMON,
)
INPUTS: dict[str, Shape] = MENUS | {
    "plain_text_input": thing(
        {},
        _TYPED
        | {
            "multiline": boolean,
            "min_length": integer(0, at.PLAIN_TEXT_INPUT_MIN_LENGTH_MAX),
            "max_length": integer(1, at.PLAIN_TEXT_INPUT_MAX_LENGTH_MAX),
        },
    ),
    "email_text_input": thing({}, _TYPED),
    "url_text_input": thing({}, _TYPED),
    "number_input": thing(
        {"is_decimal_allowed": boolean},
        _TYPED | {"min_value": string(), "max_value": string()},
    ),
}
# Block Kit: file input element, "the value of the input element" when "the parent modal is submitted"
MODAL_INPUTS: dict[str, Shape] = INPUTS | {
    "file_input": thing(
        {},
        {
            "action_id": ACTION_ID,
            "filetypes": array(string(minimum=1), minimum=1),
            "max_files": integer(1, at.FILE_INPUT_MAX_FILES_MAX),
        },
    ),
}
INTERACTIVE: dict[str, Shape] = MENUS | {"button": BUTTON, "overflow": OVERFLOW}

_FEEDBACK = thing(
    {
        "text": plain(at.FEEDBACK_BUTTON_TEXT_MAX_LENGTH),
        "value": string(at.FEEDBACK_BUTTON_VALUE_MAX_LENGTH),
    },
    {"accessibility_label": string(at.FEEDBACK_BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH)},
)
CONTEXT_ACTIONS: dict[str, Shape] = {
    "feedback_buttons": thing(
        {"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {"action_id": ACTION_ID}
    ),
    "icon_button": thing(
        {"icon": one_of("trash"), "text": plain(at.BUTTON_TEXT_MAX_LENGTH)},
        _COMMON
        | {
            "value": string(at.ICON_BUTTON_VALUE_MAX_LENGTH),
            "accessibility_label": string(at.ICON_BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH),
            "visible_to_user_ids": array(string(), at.ICON_BUTTON_VISIBLE_TO_USER_IDS_MAX_ITEMS),
        },
    ),
}
