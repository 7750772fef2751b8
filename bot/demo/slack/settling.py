"""What an acknowledgement means: a message for the asker, errors in a modal, or nothing.

Here belong the rules of the answer that comes within the 3 seconds. Answers that come later are
`response_urls` and the Web API.
"""

from collections.abc import Iterable
from dataclasses import replace

from bot.demo.slack.methods.views import MAX_STACK, depth, new_view, revise_view
from bot.demo.slack.posting import post, tell
from bot.demo.slack.response_urls import ARGUMENTS
from bot.demo.slack.validation import Problem, examine_message, examine_view
from bot.demo.slack.values import Delivery, Message, View
from bot.demo.slack.workspace import Workspace


def settle_command(workspace: Workspace, delivery: Delivery, *, strict: bool) -> Delivery:
    """Show what a command was acknowledged with; the delivery, with the message that came of it."""
    channel, user = delivery.payload["channel_id"], delivery.payload["user_id"]
    command = delivery.payload["command"]
    if delivery.outcome != "ok":
        # The words that Slack shows (Slack: "Slash commands", sending an immediate response)
        text = f'{command} failed with the error "{delivery.outcome}"'
        return replace(delivery, message=tell(workspace, channel, user, text))
    # A plain text body is shown as it is (Slack: "Slash commands").
    body = {"text": delivery.body} if isinstance(delivery.body, str) else delivery.body
    if not body.get("text") and not body.get("blocks") and not body.get("attachments"):
        return delivery
    problem = examine_message(body, workspace)
    unknown = sorted(set(body) - ARGUMENTS)
    if problem is None and unknown and strict:
        workspace.refuse("ack", "invalid_arguments", unknown, body)
    if problem is not None:
        workspace.refuse("ack", problem.error, problem.messages, body)
        text = f'{command} failed with the error "{problem.error}"'
        shown = tell(workspace, channel, user, text)
        return replace(delivery, outcome="invalid_response", message=shown)
    if not str(body.get("text") or "").strip():
        workspace.warn("ack", "no text beside the blocks (accessibility)")
    in_channel = body.get("response_type") == "in_channel"
    if in_channel:
        # "both the response message and the initial slash command typed by the user will be
        # shared in the channel" (Slack: "Slash commands", message visibility)
        typed = f"{command} {delivery.payload['text']}".strip()
        workspace.put(Message(channel=channel, ts=workspace.new_ts(), user=user, text=typed))
    shown = post(workspace, channel, body, ephemeral_to=None if in_channel else user)
    return replace(delivery, message=shown)


def settle_submission(workspace: Workspace, view: View, delivery: Delivery) -> Delivery:
    """Do what the acknowledgement of a modal says.

    Slack: "Modals", handling submissions: response_action errors, update, push, clear.
    """
    body = delivery.body if isinstance(delivery.body, dict) else {}
    action = body.get("response_action")
    if action in ("update", "push"):
        problem = examine_view(body.get("view"), workspace)
        if problem is None and action == "push" and depth(workspace, view) >= MAX_STACK:
            problem = Problem("push_limit_reached", [])
        if problem is not None:
            workspace.refuse("ack", problem.error, problem.messages, body)
            return replace(delivery, outcome="invalid_response")
    match action:
        case "errors":
            errors = body.get("errors") or {}
            blocks = {block.get("block_id") for block in view.body["blocks"]}
            if unknown := sorted(set(errors) - blocks):
                workspace.refuse("ack", "invalid_error_block_id", unknown, body)
            workspace.views[view.id] = replace(view, errors=errors)
        case "update":
            revise_view(workspace, view, body["view"])
        case "push":
            new_view(workspace, view.user, body["view"], view)
        case None | "clear":
            close_view(workspace, view, whole_stack=action == "clear")
        case _:
            workspace.refuse("ack", "invalid_response_action", [str(action)], body)
    return delivery


def close_view(workspace: Workspace, view: View, *, whole_stack: bool) -> None:
    """Close the modal, or all that are stacked with it."""
    gone: Iterable[str] = [view.id]
    if whole_stack:
        gone = [v.id for v in workspace.views.values() if v.root_id == view.root_id]
    for view_id in gone:
        workspace.views.pop(view_id, None)
    workspace.changed()
