"""Response addresses: what is left of each, and which one changes a message that is no longer ours.

"up to 5 times within 30 minutes" (docs.slack.dev/interactivity/handling-user-interaction, message
responses). Kept in memory of the process that Slack gave the address to: whoever holds one can
post in that channel.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

USES: Final = 5
LIFETIME_SECONDS: Final = 30 * 60
KEPT: Final = 4096


class Uses:
    """How often an address may still be used."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def left(self, url: str) -> int:
        """Uses that are left; of an address that was never used all of them."""
        since, used = self._used.get(url, (self._clock(), 0))
        return 0 if self._clock() - since > LIFETIME_SECONDS else max(USES - used, 0)

    def inherit(self, url: str, age: float, used: int) -> None:
        """It was given to another process, so many seconds ago, which used it so often."""
        self._used[url] = (self._clock() - age, used)

    def note(self, url: str) -> None:
        """It was used once. Its thirty minutes begin, as far as is known here, with the first."""
        since, used = self._used.pop(url, (self._clock(), 0))
        self._used[url] = (since, used + 1)
        while len(self._used) > KEPT:
            self._used.popitem(last=False)


class Addresses:
    """The newest response address of an interaction on each message."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    def note(self, channel: str, ts: str, url: str | None) -> None:
        """Somebody pressed a button on that message."""
        if not channel or not ts or not url:
            return
        self._kept[channel, ts] = (self._clock(), url)
        self._kept.move_to_end((channel, ts))
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def of(self, channel: str, ts: str) -> str | None:
        """The address that changes that message, while it lives."""
        since, url = self._kept.get((channel, ts), (0.0, ""))
        return url if url and self._clock() - since <= LIFETIME_SECONDS else None
