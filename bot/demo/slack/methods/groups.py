"""usergroups.*: who belongs to a user group. Source: Slack's documents of these methods."""

from bot.demo.slack.methods.call import ApiError, Call, Desk, method
from bot.demo.slack.posting import as_flag
from bot.demo.slack.values import Json
from bot.demo.slack.workspace import TEAM


def _list(desk: Desk, call: Call) -> Json:
    disabled = as_flag(call.args.get("include_disabled"))
    groups = []
    for group in desk.workspace.groups.values():
        if group.disabled and not disabled:
            continue
        body: Json = {
            "id": group.id,
            "team_id": TEAM,
            "is_usergroup": True,
            "name": group.name,
            "handle": group.handle,
            "date_delete": int(group.disabled),
        }
        if as_flag(call.args.get("include_count")):
            body["user_count"] = len(group.members)
        if as_flag(call.args.get("include_users")):
            body["users"] = sorted(group.members)
        groups.append(body)
    return {"usergroups": groups}


def _users(desk: Desk, call: Call) -> Json:
    group = desk.workspace.groups.get(call.text("usergroup"))
    if group is None or (group.disabled and not as_flag(call.args.get("include_disabled"))):
        raise ApiError("no_such_subteam")
    return {"users": sorted(group.members)}


METHODS = (
    method(
        "usergroups.list",
        _list,
        "include_count include_disabled include_users",
        scope="usergroups:read",
    ),
    method("usergroups.users.list", _users, "usergroup include_disabled", scope="usergroups:read"),
)
