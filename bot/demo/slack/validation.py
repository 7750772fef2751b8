"""What Slack would refuse in a message or a modal.

The door to the checks: `blocks` looks at blocks, this module at what surrounds them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """Slack's error name, and the details that stand in `response_metadata.messages`."""

    error: str
    messages: list[str]


def examine_message(body: Mapping[str, Any]) -> Problem | None:
    """The reason why Slack would refuse the message, if there is one."""
    if not str(body.get("text") or "").strip() and not body.get("blocks"):
        return Problem("no_text", [])
    return None


def examine_view(view: Any) -> Problem | None:
    """The reason why Slack would refuse the modal, if there is one."""
    if not isinstance(view, Mapping):
        return Problem("invalid_arguments", ["view is not an object"])
    return None
