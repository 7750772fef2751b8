"""Where a button was pressed, and by whom, read from Slack's payload."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where a button was pressed, and by whom."""

    user: str
    channel: str
    message_ts: str
    thread_ts: str | None
    ephemeral: bool
    response_url: str | None
    trigger_id: str


def read_place(body: Mapping[str, Any]) -> Place:
    """The parts of a block_actions payload that are used here; anything may be missing."""

    def text(*path: str) -> str:
        value: Any = body
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) else ""

    container = body.get("container")
    return Place(
        user=text("user", "id"),
        channel=text("channel", "id") or text("container", "channel_id"),
        message_ts=text("container", "message_ts"),
        thread_ts=text("container", "thread_ts") or None,
        ephemeral=isinstance(container, Mapping) and container.get("is_ephemeral") is True,
        response_url=text("response_url") or None,
        trigger_id=text("trigger_id"),
    )
