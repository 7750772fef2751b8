"""The history of hosts: each state once, with the first and the last time it was seen, for 90 days.

`tlscheck:history:<subject>` is a list, the newest state last. One script compares and appends, so
that several processes that see the same change write it once. What is read is untrusted: an entry
that does not fit is passed over.
"""

from datetime import UTC, datetime, timedelta

import structlog
from pydantic import ValidationError

from bot.history import Entry, State
from bot.store.connection import Connection, Script, StoreRefusedError

log = structlog.get_logger(__name__)

KEPT = timedelta(days=90)
MOST_ENTRIES = 200
"""States of one host; a host that changes more often loses its oldest."""
LONGEST_ENTRY = 8 * 1024
"""Bytes."""
COMPARED = 8
"""Entries that come back with a note: enough to find the last certificate behind some outages."""

# ARGV: entry, digest of its state, moment, most entries, milliseconds, how many come back. An
# element is the digest, a space, the first and last moment, the count, and the entry as JSON.
_NOTE = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('TYPE', KEYS[1]).ok ~= 'list' then
  redis.call('DEL', KEYS[1])
end
local last = redis.call('LINDEX', KEYS[1], -1)
local digest, first, seen, count = nil, nil, nil, nil
if last then digest, first, seen, count = string.match(last, '^(%x+) (%d+) (%d+) (%d+) ') end
if digest == ARGV[2] then
  local newest = math.max(tonumber(seen), tonumber(ARGV[3]))
  redis.call('LSET', KEYS[1], -1, string.format(
    '%s %s %.0f %.0f %s', digest, first, newest, tonumber(count) + 1, ARGV[1]))
else
  redis.call('RPUSH', KEYS[1], string.format('%s %s %s 1 %s', ARGV[2], ARGV[3], ARGV[3], ARGV[1]))
  redis.call('LTRIM', KEYS[1], -tonumber(ARGV[4]), -1)
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return redis.call('LRANGE', KEYS[1], -tonumber(ARGV[6]), -1)
""")


class History:
    """Noting and reading what hosts were like."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def note(self, subject: str, state: State, at: datetime, result: str) -> list[Entry]:
        """Write down that the subject was seen in this state.

        Args:
            subject: From `bot.history.subject_key`.
            state: What it was like.
            at: When.
            result: The id of the Report that shows it.

        Returns:
            The newest entries in the order of time, this one last.

        Raises:
            StoreAwayError: Redis is away.
        """
        entry = Entry(state=state, first=at, last=at, result=result)
        found = await self._connection.run(
            _NOTE,
            [_name(subject)],
            entry.model_dump_json(),
            state.digest(),
            int(at.timestamp()),
            MOST_ENTRIES,
            int(KEPT / timedelta(milliseconds=1)),
            COMPARED,
        )
        return _entries(found)

    async def newest(self, subject: str) -> list[Entry]:
        """The newest entries in the order of time; as many as `note` gives.

        Raises:
            StoreAwayError: Redis is away.
        """
        return await self._last(subject, COMPARED)

    async def read(self, subject: str, now: datetime) -> list[Entry]:
        """All states of the last 90 days in the order of time.

        Raises:
            StoreAwayError: Redis is away.
        """
        return [one for one in await self._last(subject, MOST_ENTRIES) if now - one.last <= KEPT]

    async def _last(self, subject: str, most: int) -> list[Entry]:
        try:
            found = await self._connection.execute("LRANGE", _name(subject), -most, -1)
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            return []
        return _entries(found)


def _name(subject: str) -> str:
    return f"tlscheck:history:{subject}"


def _entries(found: object) -> list[Entry]:
    entries = []
    for raw in found if isinstance(found, list) else ():
        entry = _entry(raw)
        if entry is None:
            log.warning("entry of a history passed over", bytes=len(raw))
        else:
            entries.append(entry)
    return entries


def _entry(raw: bytes) -> Entry | None:
    parts = raw.split(b" ", 4)
    if len(raw) > LONGEST_ENTRY or len(parts) != 5:
        return None
    try:
        first, last = (datetime.fromtimestamp(int(one), UTC) for one in parts[1:3])
        read = Entry.model_validate_json(parts[4])
        # The entry's own moments are those of the newest note; the list's are kept by the script.
        return Entry(
            state=read.state, first=first, last=last, count=int(parts[3]), result=read.result
        )
    except (ValidationError, ValueError, OverflowError, OSError):
        return None
