"""response_url: the address at which an app may answer a command or an interaction later.

Source: Slack's document "Handling user interaction", message responses: "up to 5 times within 30
minutes"; ephemeral unless `response_type` is `in_channel`.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.demo.slack.posting import as_flag, post, revise
from bot.demo.slack.validation import examine_message
from bot.demo.slack.values import Channel, Json, Message, User
from bot.demo.slack.workspace import TEAM, Workspace

USES = 5
LIFETIME = timedelta(minutes=30)

# What an answer may hold, in an acknowledgement as well (bolt-python: Respond, ack; Slack: "Handling user interaction", message responses).
_ARGUMENTS = (
    "text blocks attachments response_type replace_original delete_original thread_ts "
    "unfurl_links unfurl_media mrkdwn metadata"
)
ARGUMENTS = frozenset(_ARGUMENTS.split())


@dataclass(frozen=True, slots=True)
class _Address:
    kind: Literal["commands", "actions"]
    user: str
    channel: str
    message: tuple[str, str] | None
    issued: datetime
    used: int = 0


class ResponseUrls:
    """Every response_url that was given out."""

    def __init__(self, workspace: Workspace, *, strict: bool) -> None:
        self._workspace = workspace
        self._strict = strict
        self._addresses: dict[str, _Address] = {}
        self.base = ""

    def issue(
        self,
        kind: Literal["commands", "actions"],
        user: User,
        channel: Channel,
        message: Message | None = None,
    ) -> str:
        """A new address; `message` is the one that was pressed, for an interaction."""
        token = secrets.token_urlsafe(18)
        place = (message.channel, message.ts) if message else None
        self._addresses[token] = _Address(kind, user.id, channel.id, place, self._workspace.clock())
        return f"{self.base}{kind}/{TEAM}/{token}"

    def use(self, token: str, body: Mapping[str, Any]) -> tuple[int, str | Json]:
        """Take one answer; return the HTTP status and body that Slack gives."""
        address = self._addresses.get(token)
        if address is None:
            return self._refused(404, "no_service", body)
        if self._workspace.clock() - address.issued > LIFETIME:
            return self._refused(404, "expired_url", body)
        if address.used >= USES:
            return self._refused(404, "used_url", body)
        unknown = sorted(set(body) - ARGUMENTS)
        for name in unknown:
            self._workspace.warn("response_url", f"unknown argument: {name}")
        if unknown and self._strict:
            return self._refused(400, "invalid_payload", body, [f"unknown argument: {unknown[0]}"])
        self._addresses[token] = replace(address, used=address.used + 1)

        original = self._original(address)
        if as_flag(body.get("delete_original")):
            if original is not None:
                self._workspace.remove(original)
            if not body.get("text") and not body.get("blocks"):
                return 200, "ok"
            original = None
        if self._workspace.channels[address.channel].archived:
            # Slack: "Sending messages using incoming webhooks", error types
            return self._refused(410, "channel_is_archived", body)
        problem = examine_message(body, self._workspace)
        if problem is not None:
            # An incoming webhook, too, says only the error's name, with status 400
            # (Slack: "Sending messages using incoming webhooks", handling errors).
            return self._refused(400, problem.error, body, problem.messages)
        self._warn(address, body)
        if original is not None and as_flag(body.get("replace_original", True)):
            self._workspace.put(revise(self._workspace, original, body))
            return 200, "ok"
        in_channel = body.get("response_type") == "in_channel"
        post(
            self._workspace,
            address.channel,
            body,
            ephemeral_to=None if in_channel else address.user,
        )
        return 200, "ok"

    def _original(self, address: _Address) -> Message | None:
        # For a command there is none: "replace_original" posts anew (bolt-python issue 1268).
        return self._workspace.message(*address.message) if address.message else None

    def _warn(self, address: _Address, body: Mapping[str, Any]) -> None:
        if not str(body.get("text") or "").strip():
            self._workspace.warn("response_url", "no text beside the blocks (accessibility)")
        if address.kind == "commands" and as_flag(body.get("replace_original")):
            self._workspace.warn(
                "response_url", "replace_original does nothing for a slash command"
            )
        if address.message and "replace_original" not in body and "delete_original" not in body:
            # Slack: "interactive message field guide": replaced by default
            self._workspace.warn("response_url", "replaces the original: replace_original not set")

    def _refused(
        self, status: int, error: str, body: Mapping[str, Any], messages: list[str] | None = None
    ) -> tuple[int, str | Json]:
        self._workspace.refuse("response_url", error, messages or [], dict(body))
        if status == 404:
            return status, {"ok": False, "error": error}
        return status, error
