"""Recent checks: what a person asked last, and what was asked last in a channel.

`tlscheck:recent:<digest of the place>` is a hash from the question's digest to its newest answer's
moment (milliseconds) and a Checked as JSON: each question once, the newest 50, for 30 days. Who
asked is no part of an entry. What is read is untrusted: an entry that does not fit, or a question
that nobody could have asked, is passed over.
"""

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.question import Question
from bot.store.connection import Connection, Script, StoreRefusedError
from bot.store.results import could_be_asked
from bot.store.space import in_space

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)
MOST = 50
LONGEST = 4 * 1024
"""Bytes of an entry; Slack's longest command makes about half of it."""

# ARGV: field, value, the moment that is too old, most entries, milliseconds to live, the moment.
_NOTE = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('TYPE', KEYS[1]).ok ~= 'hash' then
  redis.call('DEL', KEYS[1])
end
local known = redis.call('HGET', KEYS[1], ARGV[1])
if not known or tonumber(string.match(known, '^(%d+) ') or '0') <= tonumber(ARGV[6]) then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
local all = redis.call('HGETALL', KEYS[1])
local count, oldest, when = 0, nil, nil
for n = 1, #all, 2 do
  local at = tonumber(string.match(all[n + 1], '^(%d+) ') or '0')
  if at <= tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], all[n])
  else
    count = count + 1
    if when == nil or at < when then oldest, when = all[n], at end
  end
end
if count > tonumber(ARGV[4]) then redis.call('HDEL', KEYS[1], oldest) end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return count
""")


class Checked(BaseModel):
    """One answer that was given: what was asked, what came of it, and where it can be seen again.

    `channel` is where it was asked, or empty.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    question: Question
    verdict: Verdict
    cause: Cause | None = None
    at: AwareDatetime
    result: Annotated[str, Field(max_length=64)] = ""
    channel: Annotated[str, Field(pattern=r"^[A-Z0-9]{0,32}$")] = ""
    place: Annotated[str, Field(max_length=64)] | None = None
    """The place that was asked for by its name; None: the bot's own."""

    @property
    def key(self) -> str:
        """What is equal for answers of which only the newest is listed."""
        digest = self.question.digest()
        return f"{digest} {self.place}" if self.place else digest


class Recent:
    """Noting and listing; every method raises StoreAwayError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def note(self, places: Iterable[str], checked: Checked) -> None:
        """Write an answer down for these places; one that is too long is left out.

        Args:
            places: Ids of the person and the channel, from outside, of any length and content.
            checked: The answer.
        """
        milliseconds = int(checked.at.timestamp() * 1000)
        value = f"{milliseconds} {checked.model_dump_json()}".encode()
        if len(value) > LONGEST:
            return
        await asyncio.gather(
            *(
                self._connection.run(
                    _NOTE,
                    [_name(place)],
                    checked.key,
                    value,
                    milliseconds - KEPT // timedelta(milliseconds=1),
                    MOST,
                    KEPT // timedelta(milliseconds=1),
                    milliseconds,
                )
                for place in places
            )
        )

    async def of(self, place: str, now: datetime) -> list[Checked]:
        """What was checked in a place (a person's or a channel's id), the newest first."""
        try:
            found = await self._connection.execute("HVALS", _name(place))
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            return []
        entries = [entry for raw in found[: MOST + 1] if (entry := _read(raw)) is not None]
        fresh = [one for one in entries if now - one.at < KEPT]
        return sorted(fresh, key=lambda one: one.at, reverse=True)


def _name(place: str) -> str:
    # Hashed: an id from outside must not choose the key's length or content.
    return f"tlscheck:recent:{hashlib.sha256(in_space(place).encode(errors='replace')).hexdigest()}"


def _read(raw: bytes) -> Checked | None:
    if len(raw) <= LONGEST:
        try:
            checked = Checked.model_validate_json(raw.partition(b" ")[2])
        except ValidationError:
            pass
        else:
            if could_be_asked(checked.question):
                return checked.model_copy(update={"at": checked.at.astimezone(UTC)})
    log.warning("a recent check was passed over", bytes=len(raw))
    return None
