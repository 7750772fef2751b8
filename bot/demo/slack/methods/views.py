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
from bot.demo.slack.values import Json, View
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


def _with_block_ids(body: Json) -> Json:
    return {**body, "blocks": list(with_ids(body["blocks"]))}


def _hash(workspace: Workspace) -> str:
    return f"{int(workspace.clock().timestamp())}.{secrets.token_hex(4)}"


def _checked(call: Call) -> Json:
    body: Any = call.args.get("view")
    refuse(examine_view(body))
    return dict(body)


def _exchange(desk: Desk, call: Call) -> str:
    user, error = desk.triggers.exchange(call.text("trigger_id"))
    if error:
        raise ApiError(error)
    return user


def _open(desk: Desk, call: Call) -> Json:
    body = _checked(call)
    user = _exchange(desk, call)
    return {"view": view_object(new_view(desk.workspace, user, body, None))}


def _push(desk: Desk, call: Call) -> Json:
    body = _checked(call)
    user = _exchange(desk, call)
    below = top_view(desk.workspace, user)
    depth, view = 0, below
    while view is not None:
        depth += 1
        view = desk.workspace.views.get(view.previous_id or "")
    if depth >= MAX_STACK:
        raise ApiError("push_limit_reached")
    return {"view": view_object(new_view(desk.workspace, user, body, below))}


def _update(desk: Desk, call: Call) -> Json:
    body = _checked(call)
    view_id, external_id = call.optional("view_id"), call.optional("external_id")
    found = [
        view
        for view in desk.workspace.views.values()
        if view.id == view_id or (external_id and view.body.get("external_id") == external_id)
    ]
    if not found:
        raise ApiError("not_found")
    given = call.optional("hash")
    if given and given != found[0].hash:
        raise ApiError("hash_conflict")
    return {"view": view_object(revise_view(desk.workspace, found[0], body))}


METHODS = (
    method("views.open", _open, "trigger_id view interactivity_pointer"),
    method("views.push", _push, "trigger_id view interactivity_pointer"),
    method("views.update", _update, "view_id external_id view hash"),
)
