"""The app's manifest and the listeners say the same."""

import re
from pathlib import Path
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack.manifest import MANIFEST, read_plain_yaml
from handlers.app import COMMAND, EVENTS
from handlers.asking.pressed import listeners
from handlers.asking.step import EVENT as STEP_RUN
from handlers.asking.step import STEP
from handlers.home.visit import EVENT as HOME_OPENED
from handlers.talking.shortcut import MESSAGE_SHORTCUT

ROOT = Path(__file__).parents[2]

# docs.slack.dev/reference/methods: the bot scope that each Web API method asks for.
SCOPES = {
    "api_test": None,
    "chat_getPermalink": None,
    "chat_postEphemeral": "chat:write",
    "chat_postMessage": "chat:write",
    "chat_update": "chat:write",
    "conversations_open": "im:write",
    "files_info": "files:read",
    "files_upload_v2": "files:write",
    "functions_completeError": None,
    "functions_completeSuccess": None,
    "users_info": "users:read",
    "usergroups_users_list": None,  # optional, see below
    "views_open": None,
    "views_publish": None,
    "views_push": None,
    "views_update": None,
    "auth_test": None,
    "apps_connections_open": None,  # the app-level token's connections:write
}

# Asked for by nobody who does not set what needs it; named in the manifest as a comment.
OPTIONAL = {"usergroups:read": "TLSCHECK_USER_GROUPS"}

# docs.slack.dev/reference/events: the bot scope that each event asks for.
EVENT_SCOPES = {
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "function_executed": None,
    "message.im": "im:history",
}


def manifest() -> Any:
    """The manifest."""
    return read_plain_yaml(MANIFEST.read_text(encoding="utf-8"))


def called_methods() -> set[str]:
    """Every Web API method that the handlers call."""
    files = (ROOT / "handlers").rglob("*.py")
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    return {
        name
        for name in re.findall(r"client\.([a-z]+_[A-Za-z_0-9]+)\(", source)
        if hasattr(AsyncWebClient, name)
    }


def test_the_commands_of_the_manifest_are_those_that_are_heard() -> None:
    """Both ways: one command."""
    commands = manifest()["features"]["slash_commands"]
    assert [one["command"] for one in commands] == [COMMAND]
    assert commands[0]["should_escape"] is False
    assert commands[0]["usage_hint"]


def test_buttons_need_interactivity() -> None:
    """There are listeners for buttons, and Slack sends presses only when it is on."""
    assert listeners()
    assert manifest()["settings"]["interactivity"]["is_enabled"] is True
    assert manifest()["settings"]["socket_mode_enabled"] is True


def test_the_events_are_those_that_are_heard() -> None:
    """Both ways, with the scope that each asks for; and people can write to the bot."""
    subscribed = manifest()["settings"]["event_subscriptions"]["bot_events"]
    assert set(subscribed) == set(EVENT_SCOPES)
    assert {name.partition(".")[0] for name in subscribed} == {*EVENTS, HOME_OPENED, STEP_RUN}
    home = manifest()["features"]["app_home"]
    assert home["home_tab_enabled"] is True
    assert home["messages_tab_enabled"] is True
    assert home["messages_tab_read_only_enabled"] is False


def test_the_shortcuts_are_those_that_are_heard() -> None:
    """One, in the menu of a message."""
    (shortcut,) = manifest()["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", MESSAGE_SHORTCUT)
    # docs.slack.dev/reference/app-manifest: features.shortcuts
    assert len(shortcut["description"]) <= 150


def test_the_steps_are_those_that_are_heard() -> None:
    """One, with the inputs and outputs of the contract; Slack asks for two settings more."""
    (name,) = manifest()["functions"]
    step = manifest()["functions"][name]
    assert name == STEP
    assert set(step["input_parameters"]) == {"host"}
    assert set(step["output_parameters"]) == {"verdict", "cause", "summary", "permalink"}
    for parameters in (step["input_parameters"], step["output_parameters"]):
        for key, one in parameters.items():
            assert one["name"] == key
            assert one["type"] == "string"
            assert one["is_required"] is True
    # docs.slack.dev/tools/bolt-python/tutorial/custom-steps-workflow-builder-existing
    assert manifest()["settings"]["org_deploy_enabled"] is True
    assert manifest()["settings"]["function_runtime"] == "remote"


def test_the_scopes_are_those_that_are_used() -> None:
    """Both ways: nothing is missing, and nothing is asked for that is not used."""
    methods = called_methods()
    assert methods == set(SCOPES)
    needed = {scope for name in methods if (scope := SCOPES[name]) is not None} | {"commands"}
    needed |= {scope for scope in EVENT_SCOPES.values() if scope is not None}
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == needed


def test_a_scope_for_a_setting_is_named_and_not_asked_for() -> None:
    """Whoever sets it finds the line to put in, and nobody else grants it."""
    text = MANIFEST.read_text(encoding="utf-8")
    for scope, setting in OPTIONAL.items():
        assert re.search(rf"^ +# - {scope} # .*{setting}", text, re.MULTILINE)
        assert scope not in manifest()["oauth_config"]["scopes"]["bot"]
