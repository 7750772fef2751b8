"""Log lines that could come once for each entry of a flood: each kind once in a while."""

import asyncio

EVERY_SECONDS = 10.0


class Seldom:
    """Remembers what was said when; the kinds are few and ours."""

    def __init__(self) -> None:
        """Nothing was said."""
        self._said: dict[str, float] = {}

    def may_say(self, kind: str) -> bool:
        """Whether it is time to say this (again); it counts as said then."""
        now = asyncio.get_running_loop().time()
        if now - self._said.get(kind, float("-inf")) < EVERY_SECONDS:
            return False
        self._said[kind] = now
        return True
