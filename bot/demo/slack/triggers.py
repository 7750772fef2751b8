"""Trigger ids: the right to open one modal, for 3 seconds.

Source: Slack's document "Modals", opening a modal: "you can use it once", "expires in 3 seconds".
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

LIFETIME = timedelta(seconds=3)


class Triggers:
    """Every trigger_id that was given out, and to whom."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._issued: dict[str, tuple[str, datetime]] = {}
        self._used: set[str] = set()

    def issue(self, user: str) -> str:
        """A new trigger id, in Slack's shape of three parts."""
        stamp = int(self._clock().timestamp() * 1000)
        trigger = f"{stamp}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self._issued[trigger] = (user, self._clock())
        return trigger

    def exchange(self, trigger: str) -> tuple[str, str | None]:
        """Use the trigger; return the user, and Slack's error name when it is refused.

        The errors are those of views.open.
        """
        found = self._issued.get(trigger)
        if found is None:
            return "", "invalid_trigger_id"
        user, issued = found
        if trigger in self._used:
            return user, "exchanged_trigger_id"
        if self._clock() - issued > LIFETIME:
            return user, "expired_trigger_id"
        self._used.add(trigger)
        return user, None
