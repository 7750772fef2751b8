"""api.test, auth.test, users.*, apps.connections.open: who and where one is.

Each function's errors are those of the Slack document of its method.
"""

from zoneinfo import ZoneInfo

from bot.demo.slack.methods.call import ApiError, Call, Desk, method
from bot.demo.slack.posting import as_flag
from bot.demo.slack.values import Json, User
from bot.demo.slack.workspace import APP, BOT, BOT_ID, TEAM, TEAM_DOMAIN


def _api_test(_desk: Desk, call: Call) -> Json:
    if error := call.optional("error"):
        raise ApiError(error)
    return {"args": {name: value for name, value in call.args.items() if name != "token"}}


def _auth_test(desk: Desk, call: Call) -> Json:
    installed = desk.installs.tokens.get(call.token)
    return {
        "url": desk.base(),
        "team": TEAM_DOMAIN,
        "user": BOT.name,
        "team_id": installed.team if installed else TEAM,
        "user_id": BOT.id,
        "bot_id": BOT_ID,
        "app_id": APP,
        "is_enterprise_install": False,
    }


def _offset(desk: Desk, user: User) -> int:
    shift = desk.workspace.clock().astimezone(ZoneInfo(user.tz)).utcoffset()
    return int(shift.total_seconds()) if shift else 0


def _user(desk: Desk, user: User, *, locale: bool) -> Json:
    body: Json = {
        "id": user.id,
        "team_id": TEAM,
        "name": user.name,
        "deleted": False,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": user.tz,
        "tz_offset": _offset(desk, user),
        "profile": {"real_name": user.real_name, "display_name": user.name, "team": TEAM},
        "is_bot": user.is_bot,
        "is_app_user": False,
    }
    # "Set this to true to receive the locale for this user" (Slack: users.info)
    return body | {"locale": user.locale} if locale else body


def _users_info(desk: Desk, call: Call) -> Json:
    user = desk.workspace.users.get(call.text("user"))
    if user is None:
        raise ApiError("user_not_found")
    return {"user": _user(desk, user, locale=as_flag(call.args.get("include_locale")))}


def _users_list(desk: Desk, call: Call) -> Json:
    locale = as_flag(call.args.get("include_locale"))
    members = [_user(desk, user, locale=locale) for user in desk.workspace.users.values()]
    return {"members": members, "response_metadata": {"next_cursor": ""}}


def _connections_open(desk: Desk, _call: Call) -> Json:
    return {"url": desk.socket.issue(desk.base())}


METHODS = (
    # api.test echoes whatever it is given, so nothing is unknown to it.
    method("api.test", _api_test, "error foo", caller="anyone"),
    method("auth.test", _auth_test, ""),
    method("users.info", _users_info, "user include_locale", scope="users:read"),
    method("users.list", _users_list, "limit cursor include_locale team_id", scope="users:read"),
    method("apps.connections.open", _connections_open, "", caller="app"),
)
