"""Orders that were begun here: a captured one that is put again has no effect for long.

An order comes again for good reasons, too (Redis forgot the reply, or that it was acknowledged), so a
few runs are allowed. Beyond its expiry it is refused anyway, and is forgotten here. Pure.
"""

from collections import OrderedDict

MOST_RUNS = 3
MOST_REMEMBERED = 100_000
"""At 300 orders a second those of five minutes; an order lives for two at most."""


class Seen:
    """The orders of one worker."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._runs: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def may_run(self, order_id: str, expires: float, now: float) -> bool:
        """Whether an order may be begun (once more); it counts as begun then.

        Args:
            order_id: As its asker named it.
            expires: From when on it is refused anyway.
            now: By the same clock.
        """
        while self._runs:
            oldest, (until, _) = next(iter(self._runs.items()))
            if until > now and len(self._runs) <= self._most:
                break
            del self._runs[oldest]
        _, runs = self._runs.get(order_id, (0.0, 0))
        if runs >= MOST_RUNS:
            return False
        self._runs[order_id] = (expires, runs + 1)
        return True
