"""views.*: opening, stacking and changing modals.

Source: Slack's documents "Modals" (up to three views in a stack), views.open, views.push,
views.update.
"""

import secrets
from dataclasses import replace
from typing import Any

from bot.demo.slack.methods.call import ApiError, Call, Desk, method, refuse
from bot.demo.slack.payloads import view_object
from bot.demo.slack.validation import examine_view
from bot.demo.slack.values import Json, View, walk
from bot.demo.slack.workspace import Workspace, fresh_id, with_ids

MAX_STACK = 3  # Slack: "Modals", "up to 3 views at once"


def new_view(workspace: Workspace, user: str, body: Json, below: View | None) -> View:
    """Show a checked view to the user, on top of `below`."""
    view_id = fresh_id("V")
    view = View(
        id=view_id,
        user=user,
        body=_with_block_ids(body),
        hash=_hash(workspace),
        root_id=below.root_id if below else view_id,
        previous_id=below.id if below else None,
    )
    workspace.views[view.id] = view
    workspace.changed()
    return view


def revise_view(workspace: Workspace, view: View, body: Json) -> View:
    """Show a checked body in the place of the view's own."""
    changed = replace(view, body=_with_block_ids(body), hash=_hash(workspace), errors={})
    workspace.views[view.id] = changed
    workspace.changed()
    return changed


def top_view(workspace: Workspace, user: str) -> View | None:
    """The view that the user sees now."""
    below = {view.previous_id for view in workspace.views.values()}
    mine = [v for v in workspace.views.values() if v.user == user and v.id not in below]
    return mine[-1] if mine else None


def publish_home(workspace: Workspace, user: str, body: Json) -> View:
    """Show a checked body in the user's Home tab."""
    before = workspace.homes.get(user)
    view_id = before.id if before else fresh_id("V")
    home = View(view_id, user, _with_block_ids(body), _hash(workspace), view_id)
    workspace.homes[user] = home
    workspace.changed()
    return home


def depth(workspace: Workspace, view: View | None) -> int:
    """How many views are stacked up to this one."""
    count = 0
    while view is not None:
        count += 1
        view = workspace.views.get(view.previous_id or "")
    return count


def _with_block_ids(body: Json) -> Json:
    return {**body, "blocks": list(with_ids(body["blocks"]))}


def _hash(workspace: Workspace) -> str:
    return f"{int(workspace.clock().timestamp())}.{secrets.token_hex(4)}"


def _checked(desk: Desk, call: Call, kind: str = "modal", own: View | None = None) -> Json:
    body: Any = call.args.get("view")
    refuse(examine_view(body, desk.workspace, kind))
    if any(part.get("type") == "file_input" for part in walk(body["blocks"])):
        # Block Kit: file input element, "your app must have the files:read scope"
        desk.need("files:read")
    space = desk.workspace
    taken = {
        str(view.body["external_id"])
        for view in (*space.views.values(), *space.homes.values())
        if view.body.get("external_id") and (own is None or view.id != own.id)
    }
    if str(body.get("external_id") or "") in taken:
        raise ApiError("duplicate_external_id")
    return dict(body)


def _exchange(desk: Desk, call: Call) -> str:
    user, error = desk.triggers.exchange(call.text("trigger_id"))
    if error:
        raise ApiError(error)
    return user


def _open(desk: Desk, call: Call) -> Json:
    body = _checked(desk, call)
    user = _exchange(desk, call)
    return {"view": view_object(new_view(desk.workspace, user, body, None))}


def _push(desk: Desk, call: Call) -> Json:
    body = _checked(desk, call)
    user = _exchange(desk, call)
    below = top_view(desk.workspace, user)
    if depth(desk.workspace, below) >= MAX_STACK:
        raise ApiError("push_limit_reached")
    return {"view": view_object(new_view(desk.workspace, user, body, below))}


def _update(desk: Desk, call: Call) -> Json:
    view_id, external_id = call.optional("view_id"), call.optional("external_id")
    found = [
        view
        for view in (*desk.workspace.views.values(), *desk.workspace.homes.values())
        if view.id == view_id or (external_id and view.body.get("external_id") == external_id)
    ]
    if not found:
        raise ApiError("not_found")
    given = call.optional("hash")
    view = found[0]
    body = _checked(desk, call, view.body["type"], view)
    if given and given != view.hash:
        raise ApiError("hash_conflict")
    if view.body["type"] == "home":
        return {"view": view_object(publish_home(desk.workspace, view.user, body))}
    return {"view": view_object(revise_view(desk.workspace, view, body))}


def _publish(desk: Desk, call: Call) -> Json:
    user = call.text("user_id")
    own = desk.workspace.homes.get(user)
    body = _checked(desk, call, "home", own)
    if user not in desk.workspace.users:
        raise ApiError("invalid_arguments", "invalid `user_id`")
    if desk.app is not None and not desk.app.home_tab:
        raise ApiError("not_enabled")
    given = call.optional("hash")
    if given and own is not None and given != own.hash:
        raise ApiError("hash_conflict")
    return {"view": view_object(publish_home(desk.workspace, user, body))}


METHODS = (
    method("views.open", _open, "trigger_id view interactivity_pointer"),
    method("views.push", _push, "trigger_id view interactivity_pointer"),
    method("views.publish", _publish, "user_id view hash"),
    method("views.update", _update, "view_id external_id view hash"),
)
