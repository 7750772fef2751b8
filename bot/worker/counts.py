"""What workers did, added up in Redis by place: a worker itself may stand where nobody can ask it.

`tlscheck:counts:<vantage>` is a hash of outcomes and how often each came; `tlscheck:vantages` a sorted
set of the places by the moment (Redis' Unix seconds) at which a worker was there last. Places that
nobody serves any more stay known for `KNOWN_DAYS`, so that an empty one can be noticed.
"""

from collections import Counter
from typing import Literal, get_args

from bot.store.connection import Connection, StoreRefusedError
from bot.worker.presence import remove_other

Outcome = Literal[
    "answered", "refused", "failed", "unsaved", "taken_over", "given_up", "dropped", "repeated"
]
"""answered: a Report went out; refused: the order was not taken; failed: the check broke; unsaved: the
reply could not be written, somebody does it again; taken_over: from a dead worker; given_up: workers
died over it; dropped: no message of ours; repeated: the same order once more while it was under way.
"""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
KNOWN_DAYS = 30
MOST_PLACES = 1000
PLACES = "tlscheck:vantages"


def counts_key(vantage: str) -> str:
    """Where a place's numbers are."""
    return f"tlscheck:counts:{vantage}"


class Counts:
    """The numbers of one worker: since its start, and what Redis does not know yet."""

    def __init__(self) -> None:
        """Nothing has happened."""
        self.total: Counter[Outcome] = Counter()
        self._unsent: Counter[Outcome] = Counter()

    def add(self, outcome: Outcome, number: int = 1) -> None:
        """Something came out so."""
        self.total[outcome] += number
        self._unsent[outcome] += number

    async def send(self, connection: Connection, vantage: str, now: float) -> None:
        """Add to the place's numbers what is new.

        Args:
            connection: To Redis.
            vantage: The place.
            now: Redis' clock.

        Raises:
            StoreAwayError: Redis cannot be used; what was not counted is kept.
        """
        key, seconds = counts_key(vantage), KNOWN_DAYS * 86_400
        try:
            await connection.execute("ZADD", PLACES, int(now), vantage)
            for outcome, number in list(self._unsent.items()):
                await connection.execute("HINCRBY", key, outcome, number)
                del self._unsent[outcome]
            await connection.execute("EXPIRE", key, seconds)
            await connection.execute("ZREMRANGEBYSCORE", PLACES, "-inf", int(now) - seconds)
        except StoreRefusedError as error:
            if error.code not in ("WRONGTYPE", "ERR"):
                raise
            # Somebody put something else there (ERR: no number in that field).
            await remove_other(connection, PLACES, "zset")
            await connection.execute("UNLINK", key)


async def places_known(connection: Connection) -> tuple[str, ...]:
    """The places at which a worker was within `KNOWN_DAYS`, the latest first.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    found = await connection.execute("ZREVRANGE", PLACES, 0, MOST_PLACES - 1)
    return tuple(one.decode("ascii", "replace") for one in found)
