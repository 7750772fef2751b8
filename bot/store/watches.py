"""Watches in Redis: who looks next, once, however many bots run.

`tlscheck:watch:<id>` holds a Watch as JSON behind its turn; `tlscheck:watches:due` is a sorted set
of ids by the moment (milliseconds) of their next look; `tlscheck:watches:in:<channel>` a hash from
what is watched to the id, `tlscheck:watches:of:<person>` a set of the ids of who began them. A claim moves the look into the future by a lease, so that a bot that
dies is replaced, and a settlement counts only for the turn that it was claimed at. What is read is
untrusted: a watch that nobody could have asked for is dropped.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import ValidationError

from bot.store.connection import Connection, Script, StoreRefusedError
from bot.store.results import could_be_asked
from bot.store.space import current_space, in_space
from bot.watch import EXPIRY_KEPT, Watch

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
MOST_IN_CHANNEL = 200
MOST_IN_ALL = 50_000
MOST_OF_PERSON = 100
"""Watches of one person that are listed; they may have more."""
LARGEST_WATCH = 32 * 1024
_OVERTIME = timedelta(days=1)
DUE = "tlscheck:watches:due"

_ADD = Script("""
local known = redis.call('HGET', KEYS[3], ARGV[2])
if known and redis.call('EXISTS', ARGV[7] .. known) == 1 then return known end
if redis.call('HLEN', KEYS[3]) >= tonumber(ARGV[5]) then return 'full' end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[6]) then return 'full' end
redis.call('SET', KEYS[1], ARGV[3], 'PXAT', ARGV[8])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
redis.call('HSET', KEYS[3], ARGV[2], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[1])
redis.call('PEXPIRE', KEYS[4], ARGV[9])
return ''
""")

_CLAIM = Script("""
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local found = {}
for n = 1, #due, 2 do
  local raw = redis.call('GETRANGE', ARGV[4] .. due[n], 0, ARGV[5])
  if raw == '' then
    redis.call('ZREM', KEYS[1], due[n])
  else
    redis.call('ZADD', KEYS[1], ARGV[3], due[n])
    table.insert(found, due[n])
    table.insert(found, due[n + 1])
    table.insert(found, raw)
  end
end
return found
""")

_SETTLE = Script("""
local turn = string.match(redis.call('GETRANGE', KEYS[1], 0, 20), '^(%d+) ')
if turn ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PXAT', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
return 1
""")

_REMOVE = Script("""
if redis.call('HGET', KEYS[3], ARGV[2]) == ARGV[1] then redis.call('HDEL', KEYS[3], ARGV[2]) end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('SREM', KEYS[4], ARGV[1])
return redis.call('DEL', KEYS[1])
""")


class TooManyWatchesError(Exception):
    """The channel, or the whole bot, watches as much as it may."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A watch whose look is due, and since when."""

    watch: Watch
    due: datetime


class Watches:
    """Adding, claiming, settling and ending watches; every method raises StoreAwayError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, watch: Watch, first_look: datetime) -> str:
        """Begin a watch.

        Returns:
            Its id, or that of the watch which already tells this channel the same.

        Raises:
            TooManyWatchesError: There is no room.
            StoreAwayError: Redis is away.
        """
        watch = watch.model_copy(update={"space": current_space()})
        found = await self._connection.run(
            _ADD,
            _keys(watch),
            watch.id,
            watch.subject,
            _encode(watch),
            _milliseconds(first_look),
            MOST_IN_CHANNEL,
            MOST_IN_ALL,
            _name(""),
            _milliseconds(watch.ends + _OVERTIME),
            (EXPIRY_KEPT + 2 * _OVERTIME) // timedelta(milliseconds=1),
        )
        known = found.decode(errors="replace")
        if known == "full":
            raise TooManyWatchesError
        return known or watch.id

    async def claim(self, now: datetime, most: int, lease: timedelta = LEASE) -> list[Claimed]:
        """Take watches whose look is due; nobody else gets them before the lease ends."""
        found: Sequence[bytes] = await self._connection.run(
            _CLAIM,
            [DUE],
            _milliseconds(now),
            most,
            _milliseconds(now + lease),
            _name(""),
            LARGEST_WATCH,
        )
        claimed = []
        for id_, due, raw in zip(found[::3], found[1::3], found[2::3], strict=True):
            watch = _decode(raw, id_.decode(errors="replace"))
            if watch is None:
                await self._drop(id_)
            else:
                claimed.append(Claimed(watch, _moment(float(due))))
        return claimed

    async def settle(self, watch: Watch, turn: int, next_look: datetime) -> bool:
        """Write a watch back.

        Args:
            watch: As it is now.
            turn: The turn that it was read at.
            next_look: When it is due again.

        Returns:
            False when somebody else settled it meanwhile, or it was ended: say nothing then.
        """
        done = await self._connection.run(
            _SETTLE,
            [_name(watch.id), DUE],
            watch.id,
            turn,
            _encode(watch),
            _milliseconds(next_look),
            _milliseconds(watch.ends + _OVERTIME),
        )
        return bool(done)

    async def remove(self, watch: Watch) -> bool:
        """End a watch; whether it still was there."""
        keys = _keys(watch)
        return bool(await self._connection.run(_REMOVE, keys, watch.id, watch.subject))

    async def get(self, id_: str) -> Watch | None:
        """A watch by its id."""
        try:
            raw = await self._connection.execute("GETRANGE", _name(id_), 0, LARGEST_WATCH)
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            return None
        return _decode(raw, id_) if raw else None

    async def of_channel(self, channel: str) -> list[Watch]:
        """The watches that tell this channel, in the order of their beginning."""
        space = current_space()
        name = _channel(channel, space)
        try:
            found: Sequence[bytes] = await self._connection.execute("HGETALL", name)
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            return []
        fields = dict(zip(found[::2], found[1::2], strict=True))
        ids = [raw.decode(errors="replace")[:64] for raw in fields.values()]
        found_watches = await asyncio.gather(*(self.get(id_) for id_ in ids))
        watches = []
        for field, watch in zip(fields, found_watches, strict=True):
            if watch is None:
                # It ran out, or a bot died between its last two words.
                await self._connection.execute("HDEL", name, field)
            elif (watch.channel, watch.space) == (channel, space) and not watch.ended:
                watches.append(watch)
        return sorted(watches, key=lambda one: one.begun)

    async def of_person(self, user: str) -> list[Watch]:
        """The watches that somebody began, in the order of their beginning."""
        space = current_space()
        name = _person(user, space)
        try:
            found: Sequence[bytes] = await self._connection.execute(
                "SRANDMEMBER", name, MOST_OF_PERSON
            )
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            return []
        ids = [raw.decode(errors="replace")[:64] for raw in found]
        found_watches = await asyncio.gather(*(self.get(id_) for id_ in ids))
        gone = [raw for raw, one in zip(found, found_watches, strict=True) if one is None]
        if gone:
            await self._connection.execute("SREM", name, *gone)
        known = [one for one in found_watches if one is not None]
        own = [one for one in known if (one.user, one.space) == (user, space)]
        return sorted((one for one in own if not one.ended), key=lambda one: one.begun)

    async def count(self) -> int:
        """How many watches there are in all."""
        return int(await self._connection.execute("ZCARD", DUE))

    async def _drop(self, id_: bytes) -> None:
        log.warning("a watch that does not fit was dropped", id=id_[:64].decode(errors="replace"))
        await self._connection.execute("ZREM", DUE, id_)
        await self._connection.execute("DEL", _name(id_.decode(errors="replace")))


def _name(id_: str) -> str:
    return f"tlscheck:watch:{id_}"


def _channel(channel: str, space: str) -> str:
    return f"tlscheck:watches:in:{in_space(channel, space)}"


def _person(user: str, space: str) -> str:
    return f"tlscheck:watches:of:{in_space(user, space)}"


def _keys(watch: Watch) -> list[str]:
    """The watch itself, the looks to come, and the lists of its channel and its watcher."""
    channel, person = _channel(watch.channel, watch.space), _person(watch.user, watch.space)
    return [_name(watch.id), DUE, channel, person]


def _encode(watch: Watch) -> bytes:
    return f"{watch.turn} {watch.model_dump_json()}".encode()


def _decode(raw: bytes, id_: str) -> Watch | None:
    _, _, text = raw.partition(b" ")
    if len(raw) > LARGEST_WATCH:
        return None
    try:
        watch = Watch.model_validate_json(text)
    except ValidationError:
        return None
    if watch.id != id_ or not could_be_asked(watch.question):
        return None
    return watch


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
