"""What Slack sends to an app, field by field.

Pure functions from values to payloads. Sources: Slack's documents "Slash commands", "block_actions
payload", "View interactions payload", "Shortcuts payload", "Events API".
"""

from typing import Any

from bot.demo.slack.values import Channel, Json, Message, User, View, walk
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
        "state": {"values": {}},
        "response_url": response_url,
        "actions": actions,
    }
    if message.thread_ts:
        payload["container"]["thread_ts"] = message.thread_ts
    if message.ephemeral_to is None:
        payload["message"] = message.to_api(TEAM, APP)
    return payload


def view_actions(user: User, view: View, actions: list[Json], *, trigger_id: str) -> Json:
    """A press in a modal (Slack: "block_actions payload"): no channel, message or response_url."""
    return _interaction("block_actions", user, trigger_id) | {
        "container": {"type": "view", "view_id": view.id},
        "view": view_object(view),
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
) -> Json:
    """A message shortcut (Slack: "Shortcuts payload", message_action)."""
    return _interaction("message_action", user, trigger_id) | {
        "action_ts": message.ts,
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
                entry["selected_option"] = _option(element, chosen)
            return entry
    msg = f"nothing to press named {action_id}"
    raise LookupError(msg)


def _option(element: Json, value: str) -> Json:
    for part in walk([element.get("options", []), element.get("option_groups", [])]):
        if part.get("value") == value:
            return part
    msg = f"no option with the value {value}"
    raise LookupError(msg)


def state_values(blocks: Any, typed: dict[str, Any]) -> Json:
    """The `state.values` of a modal, given what was typed or chosen by action_id.

    Every input is there, with its initial value when nothing was typed (Slack: "View
    interactions payload", view.state.values).
    """
    values: Json = {}
    for block in blocks:
        element = block.get("element") if block.get("type") == "input" else None
        if not element:
            continue
        name = element["action_id"]
        given = typed.get(name, element.get("initial_value"))
        entry: Json = {"type": element["type"]}
        match element["type"]:
            case "static_select" | "radio_buttons":
                chosen = element.get("initial_option")
                entry["selected_option"] = _option(element, given) if given else chosen
            case "checkboxes" | "multi_static_select":
                chosen = element.get("initial_options", [])
                entry["selected_options"] = (
                    chosen if given is None else [_option(element, one) for one in given]
                )
            case "datepicker":
                entry["selected_date"] = given or element.get("initial_date")
            case "timepicker":
                entry["selected_time"] = given or element.get("initial_time")
            case _:
                entry["value"] = given or None
        values[block["block_id"]] = {name: entry}
    return values
