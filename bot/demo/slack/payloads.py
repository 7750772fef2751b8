"""What Slack sends to an app, field by field.

Pure functions from values to payloads. Sources: Slack's documents "Slash commands", "block_actions
payload", "View interactions payload", "Shortcuts payload", "Events API".
"""

from typing import Any

from bot.demo.slack.manifest import Parameter, Step
from bot.demo.slack.values import Channel, Execution, Json, Message, User, View, walk
from bot.demo.slack.workspace import APP, BOT, BOT_ID, TEAM, TEAM_DOMAIN

# The deprecated verification token is still part of every payload.
TOKEN = "stand-in-verification-token"  # noqa: S105 - deprecated by Slack and checked by nobody


def slash_command(
    user: User, channel: Channel, command: str, text: str, *, response_url: str, trigger_id: str
) -> Json:
    """The form fields of a slash command (Slack: "Slash commands", preparing your app)."""
    return {
        "token": TOKEN,
        "team_id": TEAM,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.payload_name,
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def _interaction(kind: str, user: User, trigger_id: str) -> Json:
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM},
        "api_app_id": APP,
        "token": TOKEN,
        "trigger_id": trigger_id,
        "team": {"id": TEAM, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_actions(
    user: User,
    channel: Channel,
    message: Message,
    actions: list[Json],
    values: Json,
    *,
    response_url: str,
    trigger_id: str,
) -> Json:
    """A press on a message (Slack: "block_actions payload").

    The message itself is not part of the payload when it is ephemeral.
    """
    payload = _interaction("block_actions", user, trigger_id) | {
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_to is not None,
        },
        "channel": {"id": channel.id, "name": channel.payload_name},
        "state": {"values": values},
        "response_url": response_url,
        "actions": actions,
    }
    if message.thread_ts:
        payload["container"]["thread_ts"] = message.thread_ts
    if message.ephemeral_to is None:
        payload["message"] = message.to_api(TEAM, APP)
    return payload


def view_actions(
    user: User, view: View, actions: list[Json], values: Json, *, trigger_id: str
) -> Json:
    """A press in a modal or Home tab (Slack: "block_actions payload").

    There is no channel, message or response_url; `view.state.values` holds what stands typed.
    """
    return _interaction("block_actions", user, trigger_id) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view_object(view, values),
        "actions": actions,
    }


def view_submission(user: User, view: View, values: Json, *, trigger_id: str) -> Json:
    """A modal was sent off (Slack: "View interactions payload", view_submission)."""
    return _interaction("view_submission", user, trigger_id) | {
        "view": view_object(view, values),
        "response_urls": [],
    }


def view_closed(user: User, view: View, *, is_cleared: bool) -> Json:
    """A modal with `notify_on_close` was closed (Slack: "View interactions payload")."""
    payload = _interaction("view_closed", user, "")
    del payload["trigger_id"]
    return payload | {"view": view_object(view), "is_cleared": is_cleared}


def message_shortcut(
    user: User,
    channel: Channel,
    message: Message,
    callback_id: str,
    *,
    response_url: str,
    trigger_id: str,
    action_ts: str,
) -> Json:
    """A message shortcut (Slack: "Shortcuts payload", message_action)."""
    return _interaction("message_action", user, trigger_id) | {
        "action_ts": action_ts,
        "callback_id": callback_id,
        "response_url": response_url,
        "channel": {"id": channel.id, "name": channel.payload_name},
        "message_ts": message.ts,
        "message": message.to_api(TEAM, APP),
    }


def event_callback(event: Json, *, event_id: str, event_time: int) -> Json:
    """The envelope of an event (Slack: "Events API", callback field overview)."""
    return {
        "token": TOKEN,
        "team_id": TEAM,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": event_time,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT.id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def function_executed(step: Step, execution: Execution) -> Json:
    """The event of a workflow's step (Slack: function_executed)."""
    return {
        "type": "function_executed",
        "function": {
            "id": f"Fn{step.callback_id.upper()}",
            "callback_id": step.callback_id,
            "title": step.title,
            "description": step.description,
            "type": "app",
            "input_parameters": [_parameter(one) for one in step.inputs],
            "output_parameters": [_parameter(one) for one in step.outputs],
            "app_id": APP,
            "date_created": 0,
            "date_updated": 0,
            "date_deleted": 0,
        },
        "inputs": execution.inputs,
        "function_execution_id": execution.id,
        "workflow_execution_id": execution.id.replace("Fx", "Wx", 1),
        "bot_access_token": execution.token,
    }


def _parameter(one: Parameter) -> Json:
    return {
        "type": one.type,
        "name": one.name,
        "description": one.description,
        "title": one.title,
        "is_required": one.required,
    }


def view_object(view: View, values: Json | None = None) -> Json:
    """A view as responses and payloads give it (Slack: views.open, example response)."""
    defaults: Json = {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "close": None,
        "submit": None,
        "clear_on_close": False,
        "notify_on_close": False,
    }
    return (
        defaults
        | view.body
        | {
            "id": view.id,
            "team_id": TEAM,
            "state": {"values": values or {}},
            "hash": view.hash,
            "previous_view_id": view.previous_id,
            "root_view_id": view.root_id,
            "app_id": APP,
            "app_installed_team_id": TEAM,
            "bot_id": BOT_ID,
        }
    )


def action(blocks: Any, action_id: str, chosen: str | None, action_ts: str) -> Json:
    """The `actions` entry for a press on the element `action_id`; `chosen` is an option's value.

    Raises:
        LookupError: No such element, or no such option.
    """
    for block in blocks:
        for element in walk(block):
            if element.get("action_id") != action_id or "type" not in element:
                continue
            entry: Json = {
                "type": element["type"],
                "action_id": action_id,
                "block_id": block["block_id"],
                "action_ts": action_ts,
            }
            for key in ("text", "value", "style"):
                if key in element:
                    entry[key] = element[key]
            if chosen is not None:
                entry |= _stated(element, chosen)
            return entry
    msg = f"nothing to press named {action_id}"
    raise LookupError(msg)


def _option(element: Json, value: str) -> Json:
    for part in walk([element.get("options", []), element.get("option_groups", [])]):
        if part.get("value") == value:
            return part
    msg = f"no option with the value {value}"
    raise LookupError(msg)


_STATEFUL = [
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "static_select",
    "multi_static_select",
    "radio_buttons",
    "checkboxes",
    "datepicker",
    "timepicker",
    "users_select",
    "conversations_select",
    "channels_select",
    "file_input",
]


def state_values(blocks: Any, typed: dict[str, Any]) -> Json:
    """The `state.values` of a surface, given what was typed or chosen by action_id.

    Everything that can hold a value is there, with its initial one when nothing was typed (Slack:
    "View interactions payload", view.state.values; "block_actions payload", state). What is typed
    into a `file_input` are file objects.
    """
    values: Json = {}
    for block in blocks:
        for element in walk([block.get("element"), block.get("accessory"), block.get("elements")]):
            if element.get("type") in _STATEFUL and "action_id" in element:
                name = element["action_id"]
                entry = {"type": element["type"]} | _stated(element, typed.get(name))
                values.setdefault(block["block_id"], {})[name] = entry
    return values


def _stated(element: Json, given: Any) -> Json:
    """What an element holds: what was given, else what it began with."""
    match element["type"]:
        case "static_select" | "radio_buttons":
            chosen = _option(element, given) if given else element.get("initial_option")
            return {"selected_option": chosen}
        case "overflow":
            return {"selected_option": _option(element, given)}
        case "checkboxes" | "multi_static_select":
            initial = element.get("initial_options", [])
            options = initial if given is None else [_option(element, one) for one in given]
            return {"selected_options": options}
        case "datepicker":
            return {"selected_date": given or element.get("initial_date")}
        case "timepicker":
            return {"selected_time": given or element.get("initial_time")}
        case "file_input":
            return {"files": list(given or [])}
        case _:
            value = element.get("initial_value") if given is None else given
            return {"value": value or None}
