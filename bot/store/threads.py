"""Threads: which result a thread in a channel is about, for the questions that people ask there.

`tlscheck:thread:<digest of channel and message>` holds the value of the buttons on the shared
message, for 30 days: the value outlives its result (24 hours), since it also says how the same is
asked again. What the value means is not known here. What is read is untrusted: its reader checks
it as it checks a button's.
"""

import hashlib
from datetime import timedelta

from bot.store.connection import Connection, StoreRefusedError
from bot.store.space import in_space

KEPT = timedelta(days=30)
LONGEST = 2000
"""Characters of a value; a button's has no more (docs.slack.dev, "Button element")."""


class Threads:
    """Writing down and finding; both methods raise StoreAwayError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def set(self, channel: str, ts: str, value: str) -> None:
        """The thread of that message is about this; a value that is too long is left out.

        Args:
            channel: Where the message is.
            ts: Its timestamp; or the name of something else that there is one of in a channel.
            value: Of the message's buttons.
        """
        if len(value) > LONGEST:
            return
        name = _name(channel, ts)
        await self._connection.execute("SET", name, value, "PX", KEPT // timedelta(milliseconds=1))

    async def get(self, channel: str, ts: str) -> str | None:
        """The value for that thread, or None when nothing is known of it (any more)."""
        # GETRANGE, so that nothing longer travels; a character takes at most four bytes.
        longest = LONGEST * 4
        try:
            raw: bytes = await self._connection.execute("GETRANGE", _name(channel, ts), 0, longest)
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            return None
        if not raw or len(raw) > longest:
            return None
        return raw.decode(errors="replace")


def _name(channel: str, ts: str) -> str:
    # Hashed: an id from outside must not choose the key's length or content.
    place = f"{in_space(channel)}\n{ts}".encode(errors="replace")
    return f"tlscheck:thread:{hashlib.sha256(place).hexdigest()}"
