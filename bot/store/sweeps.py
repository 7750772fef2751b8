"""Sweeps in Redis: one bot runs each, and another one follows it when it dies.

`tlscheck:sweep:<id>` is a hash (the Sweep as JSON, its state, who brought it there, its owner),
beside it `:targets` (the packed list), `:rows` and `:reports` (lists of parcels).
`tlscheck:sweeps:waiting` is a list of ids, `tlscheck:sweeps:running` a sorted set of ids by the
end of their owner's lease, `tlscheck:sweeps:all` one of all by the moment of asking.

A parcel is written together with the look at who owns the sweep, and by its number: one that comes
twice, or from a bot that was replaced meanwhile, is not written, so that each target has one
result. Everything goes away some days after the last result. Packed, a host takes about 400 bytes
(measured over the lab's Reports with keys and names of their own): 8 MB for 20 000 hosts.
"""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, get_args

from pydantic import ValidationError

from bot.store.connection import Connection, Script
from bot.sweep.job import Parcel, Standing, State, Sweep

LEASE = timedelta(seconds=6)
KEPT = timedelta(days=7)
MOST_RUNNING = 2
"""At a time, over all bots: what is checked side by side is bounded by each one's own rates."""
MOST_WAITING = 8
MOST_KEPT = 50
"""Sweeps of which the results are kept; the oldest go first."""
LARGEST_SWEEP: Final = 8 * 1024
LARGEST_TARGETS: Final = 16 * 1024 * 1024
LARGEST_PARCEL: Final = 16 * 1024 * 1024

Went = Literal["ok", "lost", "gone"]
"""What came of a write: it is there; another bot owns the sweep; Redis does not have it (all)."""

_WAITING = "tlscheck:sweeps:waiting"
_RUNNING = "tlscheck:sweeps:running"
_ALL = "tlscheck:sweeps:all"
_STATES = frozenset(get_args(State))

_DROP_OLDEST = """
local function drop_oldest(all, most, prefix)
  while redis.call('ZCARD', all) > most do
    local id = redis.call('ZPOPMIN', all)[1]
    redis.call('DEL', prefix .. id, prefix .. id .. ':targets',
      prefix .. id .. ':rows', prefix .. id .. ':reports')
  end
end
"""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

_ADD = Script(
    _DROP_OLDEST
    + """
if redis.call('LLEN', KEYS[3]) >= tonumber(ARGV[5]) then return -1 end
redis.call('HSET', KEYS[1], 'sweep', ARGV[2], 'state', 'waiting', 'done', 0)
redis.call('SET', KEYS[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('RPUSH', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[5], ARGV[6], ARGV[1])
drop_oldest(KEYS[5], tonumber(ARGV[7]), ARGV[8])
local before = redis.call('LLEN', KEYS[3]) - 1 + redis.call('ZCARD', KEYS[4])
return math.max(before - tonumber(ARGV[9]) + 1, 0)
"""
)

_CLAIM = Script(
    _NOW
    + """
local function take(id)
  if redis.call('TYPE', ARGV[4] .. id).ok ~= 'hash' then return false end
  redis.call('ZADD', KEYS[1], now + ARGV[1], id)
  redis.call('HSET', ARGV[4] .. id, 'state', 'running', 'owner', ARGV[3], 'reason', '')
  return true
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], id)
  if take(id) then return id end
end
while redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[2]) do
  local id = redis.call('LPOP', KEYS[2])
  if not id then return false end
  if take(id) then return id end
end
return false
"""
)

_KEEP = Script(
    _NOW
    + """
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 'lost' end
redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[3])
return 'ok ' .. (redis.call('HGET', KEYS[1], 'wish') or '')
"""
)

_WRITE = Script("""
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 'lost' end
local there = redis.call('LLEN', KEYS[2])
if there < tonumber(ARGV[2]) then return 'gone' end
if there == tonumber(ARGV[2]) then
  redis.call('RPUSH', KEYS[2], ARGV[3])
  redis.call('RPUSH', KEYS[3], ARGV[4])
  redis.call('HINCRBY', KEYS[1], 'done', ARGV[5])
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[6]) end
return 'ok'
""")

_RESTORE = Script(
    _NOW
    + """
local owner = redis.call('HGET', KEYS[1], 'owner')
if redis.call('EXISTS', KEYS[1]) == 1 and owner ~= ARGV[1] then return 'lost' end
redis.call('DEL', KEYS[1], KEYS[3], KEYS[4])
redis.call('HSET', KEYS[1], 'sweep', ARGV[4], 'state', 'running', 'done', 0, 'owner', ARGV[1])
redis.call('SET', KEYS[2], ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
redis.call('ZADD', KEYS[5], now + ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[6], ARGV[7], ARGV[3])
return 'ok'
"""
)

_LEAVE = Script("""
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'owner')
if ARGV[3] == '' then
  redis.call('ZADD', KEYS[2], 0, ARGV[2])
else
  redis.call('HDEL', KEYS[1], 'wish')
  redis.call('HSET', KEYS[1], 'state', ARGV[3], 'reason', ARGV[4])
  redis.call('ZREM', KEYS[2], ARGV[2])
end
return 1
""")

_STOP = Script("""
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'waiting' then
  redis.call('LREM', KEYS[2], 0, ARGV[1])
  redis.call('HSET', KEYS[1], 'state', 'stopped', 'by', ARGV[2], 'reason', '')
elseif state == 'running' and redis.call('HGET', KEYS[1], 'wish') ~= 'stop' then
  redis.call('HSET', KEYS[1], 'wish', 'stop', 'by', ARGV[2])
else
  return ''
end
return state
""")

_GO_ON = Script("""
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'stopped' and state ~= 'done' then return '' end
if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[3]) then return 'full' end
redis.call('HSET', KEYS[1], 'state', 'waiting', 'by', ARGV[2], 'reason', '')
redis.call('HDEL', KEYS[1], 'wish')
redis.call('RPUSH', KEYS[2], ARGV[1])
return state
""")


class TooManySweepsError(Exception):
    """As many sweeps are waiting as may."""

    def __init__(self) -> None:
        super().__init__(f"{MOST_WAITING} sweeps are waiting")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A sweep that is this bot's to run, as long as it keeps it; `token` proves that it is.

    `by` had it continued; empty: nobody.
    """

    sweep: Sweep
    token: str
    by: str = ""


class Sweeps:
    """Sweeps and their results; every method raises StoreAwayError."""

    def __init__(self, connection: Connection, lease: timedelta = LEASE) -> None:
        self._connection = connection
        self.lease = lease

    async def add(self, sweep: Sweep, targets: bytes) -> int:
        """Have it run as soon as there is room.

        Returns:
            How many have to end before it begins.

        Raises:
            TooManySweepsError: Too many are waiting.
        """
        key = _key(sweep.id)
        keys = [key, f"{key}:targets", _WAITING, _RUNNING, _ALL]
        before = await self._connection.run(
            _ADD,
            keys,
            *(sweep.id, sweep.model_dump_json(), targets, _milliseconds(KEPT), MOST_WAITING),
            *(int(sweep.asked_at.timestamp()), MOST_KEPT, _key(""), MOST_RUNNING),
        )
        if int(before) < 0:
            raise TooManySweepsError
        return int(before)

    async def claim(self) -> Claimed | None:
        """Take the next one: first one whose bot died, then one that waits, if there is room."""
        token = secrets.token_hex(16)
        lease = _milliseconds(self.lease)
        keys = [_RUNNING, _WAITING]
        found = await self._connection.run(_CLAIM, keys, lease, MOST_RUNNING, token, _key(""))
        if not found:
            return None
        standing = await self.standing(found.decode(errors="replace"))
        return Claimed(standing.sweep, token, standing.by) if standing is not None else None

    async def keep(self, claimed: Claimed) -> tuple[Went, bool]:
        """Whether it is still ours (then for another lease), and whether it is to be stopped."""
        id_ = claimed.sweep.id
        answer = await self._connection.run(
            _KEEP, [_key(id_), _RUNNING], claimed.token, _milliseconds(self.lease), id_
        )
        word, _, wish = bytes(answer).decode(errors="replace").partition(" ")
        return _went(word), wish == "stop"

    async def write(self, claimed: Claimed, number: int, parcel: Parcel) -> Went:
        """Add the parcel of that number, unless it is there."""
        key = _key(claimed.sweep.id)
        answer = await self._connection.run(
            _WRITE,
            [key, f"{key}:rows", f"{key}:reports", f"{key}:targets"],
            *(claimed.token, number, parcel.rows, parcel.reports, parcel.count),
            _milliseconds(KEPT),
        )
        return _went(bytes(answer).decode(errors="replace"))

    async def restore(self, claimed: Claimed, targets: bytes) -> Went:
        """Begin anew in a Redis that forgot it; the parcels have to be written again."""
        sweep = claimed.sweep
        key = _key(sweep.id)
        answer = await self._connection.run(
            _RESTORE,
            [key, f"{key}:targets", f"{key}:rows", f"{key}:reports", _RUNNING, _ALL],
            *(claimed.token, _milliseconds(self.lease), sweep.id, sweep.model_dump_json()),
            *(targets, _milliseconds(KEPT), int(sweep.asked_at.timestamp())),
        )
        return _went(bytes(answer).decode(errors="replace"))

    async def leave(self, claimed: Claimed, state: State | None, reason: str = "") -> bool:
        """Give it back: in its last state, or (None) to be continued by another bot at once.

        Returns:
            False when it was not ours any more.
        """
        id_ = claimed.sweep.id
        keys = [_key(id_), _RUNNING]
        return bool(
            await self._connection.run(_LEAVE, keys, claimed.token, id_, state or "", reason[:200])
        )

    async def stop(self, id_: str, by: str) -> State | None:
        """Have it stopped, by whom.

        Returns:
            The state that it was in; None when there is nothing to stop.
        """
        found = await self._connection.run(_STOP, [_key(id_), _WAITING], id_, by)
        return _state(found)

    async def go_on(self, id_: str, by: str) -> State | None:
        """Have it continued, by whom.

        Returns:
            The state that it was in; None when there is nothing to continue.

        Raises:
            TooManySweepsError: Too many are waiting.
        """
        found = await self._connection.run(_GO_ON, [_key(id_), _WAITING], id_, by, MOST_WAITING)
        if found == b"full":
            raise TooManySweepsError
        return _state(found)

    async def standing(self, id_: str) -> Standing | None:
        """How far it is; None when there is none (any more)."""
        names = ("sweep", "state", "by", "done", "reason")
        found = await self._connection.execute("HMGET", _key(id_), *names)
        raw, state, by, done, reason = (bytes(one or b"") for one in found)
        known = _state(state)
        if known is None or len(raw) > LARGEST_SWEEP:
            return None
        try:
            sweep = Sweep.model_validate_json(raw)
        except ValidationError:
            return None
        return Standing(
            sweep,
            known,
            by=by.decode(errors="replace")[:32],
            done=int(done) if done.isdigit() and len(done) < 8 else 0,
            reason=reason.decode(errors="replace")[:200],
        )

    async def targets(self, id_: str) -> bytes:
        """The packed list; empty when it is gone."""
        name = f"{_key(id_)}:targets"
        return bytes(await self._connection.execute("GETRANGE", name, 0, LARGEST_TARGETS))

    async def rows(self, id_: str) -> list[bytes]:
        """The rows of all parcels, packed."""
        found = await self._connection.execute("LRANGE", f"{_key(id_)}:rows", 0, -1)
        return [bytes(one) for one in found if len(one) <= LARGEST_PARCEL]

    async def reports(self, id_: str) -> AsyncIterator[bytes]:
        """The Reports of one parcel after the other, packed."""
        number = 0
        while found := await self._connection.execute("LINDEX", f"{_key(id_)}:reports", number):
            if len(found) <= LARGEST_PARCEL:
                yield bytes(found)
            number += 1


def _key(id_: str) -> str:
    return f"tlscheck:sweep:{id_}"


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _went(word: str) -> Went:
    return "ok" if word == "ok" else "lost" if word == "lost" else "gone"


def _state(found: object) -> State | None:
    word = found.decode(errors="replace") if isinstance(found, bytes) else ""
    return word if word in _STATES else None  # type: ignore[return-value] # it is one of them
