"""Making text from outside inert in Slack.

`bot.render.sanitise` shows what a screen would hide or obey (control, direction and zero-width
characters); here is what Slack adds: its mrkdwn. Rich text and plain text have no markup, so
there the visible text is enough. Nothing else in `handlers` escapes.
"""

import re

from bot.render import sanitise
from bot.render.sanitise import visible

__all__ = ["mrkdwn", "shorten", "visible", "visible_lines"]

# Slack: "&, < and > are the only characters you need to escape"
# (docs.slack.dev/messaging/formatting-message-text). They are not read again as markup.
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# mrkdwn has no escape character: look-alikes keep what a person reads and mean nothing.
_MARKUP = str.maketrans({"*": "∗", "_": "＿", "~": "∼", "`": "ˋ"})
# Names of emoji; of digits only there are but two, so that the time 19:12:09 stays as it is.
_EMOJI = re.compile(r":(?=(?:100|1234|[0-9]*[A-Za-z_+'-][A-Za-z0-9_+'-]*):)")


def visible_lines(text: str) -> str:
    """Text whose lines count (a drawing, a command, a PEM) in which nothing is hidden."""
    return "\n".join(sanitise.visible_lines(text))


def mrkdwn(text: str) -> str:
    """Text from outside as inert mrkdwn: no mention, link, emoji or formatting comes to life.

    Args:
        text: Any string.

    Returns:
        The visible text with Slack's three entities; use it with `verbatim: true`, which keeps
        Slack from linking host names and channel names by itself.
    """
    # The emoji first: afterwards an underscore would no longer look like part of its name.
    return _EMOJI.sub("：", visible(text)).translate(_MARKUP).translate(_ENTITIES)


def shorten(text: str, limit: int) -> str:
    """The text in at most `limit` characters, with an ellipsis where it was cut."""
    if len(text) <= limit:
        return text
    return text[: max(limit - 1, 0)].rstrip() + "…" if limit > 0 else ""
