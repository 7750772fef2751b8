"""Debts: what a bot has acknowledged and not answered yet, so that another can if it dies.

A debt is the delivery itself, as Slack sent it: who takes it over works on it as if it had come
there. Four kinds of keys, named by the app (`<app>`, a digest of what all its bots know):

`tlscheck:bots:<app>` and `tlscheck:takers:<app>`: sorted sets of the running bots, and of those that
take over from others, by the end of their lease. One heartbeat a process renews both.
`tlscheck:debts:<app>:<bot>`: a hash of what one bot owes, each as `<times begun> <sealed>`.
`tlscheck:dead:<app>:<bot>`: that bot was taken for dead; should it live, it owes nothing more.

A delivery holds a response address (whoever has it can post there for half an hour), at times a
token, and what somebody said. So it is sealed with a key that is derived from a secret which all
bots of the app have anyway: Redis never shows it, and who can only write to Redis can neither forge
a delivery nor change where its answer goes. What is read is checked all the same. All leases are in
Redis' own time.
"""

import zlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import structlog
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot.store.connection import Connection, Script
from bot.store.once import Once, digest_of, mark_of

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=8)
"""A bot that gave no sign for so long is taken for dead."""
BEAT_SECONDS = 2.0
KEPT = timedelta(minutes=30)
"""The life of a response address (docs.slack.dev/interactivity/handling-user-interaction)."""
_DEAD_KEPT = timedelta(hours=1)
LARGEST = 64 * 1024
"""Bytes, sealed."""
_LARGEST_OPEN = 512 * 1024
"""Characters, unsealed: more than Slack may send us (`handlers.slack.limits`)."""
MOST_NOTES = 16
_DEAD_AT_ONCE = 8

_NOW = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
"""

# KEYS: bots, ours, the delivery's mark (or none); ARGV: bot, lease, kept, id, value, mark's life,
# "NX" if the mark must not be there yet.
_PUT = Script(
    _NOW
    + """
if KEYS[3] and ARGV[7] == 'NX' then
  if not redis.call('SET', KEYS[3], ARGV[4], 'NX', 'PX', ARGV[6]) then return 0 end
elseif KEYS[3] then
  redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[6])
end
redis.call('ZADD', KEYS[1], 'NX', now + ARGV[2], ARGV[1])
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return 1
"""
)

# KEYS: bots, takers, our tombstone; ARGV: bot, lease, "1" if it takes over from others, most dead.
_BEAT = Script(
    _NOW
    + """
if redis.call('EXISTS', KEYS[3]) == 1 then return {-1, 0} end
local known = redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if ARGV[3] == '1' then redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
else redis.call('ZREM', KEYS[2], ARGV[1]) end
local others = redis.call('ZCARD', KEYS[2])
if ARGV[3] == '1' then others = others - 1 end
local answer = {known, others}
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[4])) do
  answer[#answer + 1] = dead
end
return answer
"""
)

# KEYS: bots, the dead one's, ours, its tombstone; ARGV: the dead one, most, kept, tombstone's life.
_CLAIM = Script(
    _NOW
    + """
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if lease and tonumber(lease) > now then return {} end
redis.call('SET', KEYS[4], '1', 'PX', ARGV[4])
local found = {}
local page = redis.call('HSCAN', KEYS[2], '0', 'COUNT', ARGV[2])[2]
for place = 1, math.min(#page, 2 * tonumber(ARGV[2])), 2 do
  local id, value = page[place], page[place + 1]
  local times, sealed = string.match(value, '^(%d%d?) (.*)$')
  if times then
    redis.call('HSET', KEYS[3], id, (tonumber(times) + 1) .. ' ' .. sealed)
    found[#found + 1] = id
    found[#found + 1] = tonumber(times) + 1
    found[#found + 1] = sealed
  end
  redis.call('HDEL', KEYS[2], id)
end
if #found > 0 then redis.call('PEXPIRE', KEYS[3], ARGV[3]) end
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('ZREM', KEYS[1], ARGV[1]) end
return found
"""
)

# KEYS: bots, the mark, those of nobody; ARGV: who took it, id, value, kept, mark's life, nobody.
_ADOPT = Script(
    _NOW
    + """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return -1 end
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if lease and tonumber(lease) > now then return tonumber(lease) end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[5])
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[4])
redis.call('ZADD', KEYS[1], 0, ARGV[6])
return 0
"""
)

# KEYS: bots, takers, ours; ARGV: bot.
_RELEASE = Script("""
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 0 then return redis.call('ZREM', KEYS[1], ARGV[1]) end
redis.call('ZADD', KEYS[1], 0, ARGV[1])
return 0
""")

Note = Annotated[str, Field(max_length=200)]


class Debt(BaseModel):
    """A delivery that was taken and is not answered yet."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    at: AwareDatetime
    payload: dict[str, Any]
    """As Slack sent it."""
    notes: Annotated[dict[Note, Note], Field(max_length=MOST_NOTES)] = {}
    """What was done of it already, and which message announced it."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat found. `others`: bots that take over from others, without us."""

    known: bool
    taken_for_dead: bool
    others: int
    dead: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A debt of a dead bot that is ours now; `times` counts its bots. None: it cannot be read."""

    id: str
    times: int
    debt: Debt | None


class Debts:
    """What the bots of one app owe; every method raises StoreAwayError."""

    def __init__(
        self,
        connection: Connection,
        once: Once,
        app: str,
        secrets: Sequence[str],
        *,
        lease: timedelta = LEASE,
    ) -> None:
        """Debts of one app.

        Args:
            connection: The way to Redis.
            once: Which deliveries were seen: a mark and its debt are one step.
            app: What tells this app from others on the same Redis; may be secret.
            secrets: What all bots of the app know, the newest first; it seals.
            lease: How long after its last heartbeat a bot is taken for dead.
        """
        self._connection = connection
        self._once = once
        self._name = _derived(app, b"tlscheck debts: name").hex()[:16]
        self._seal = MultiFernet([Fernet(_key(one)) for one in secrets])
        self._lease = _milliseconds(lease)
        self.lease = lease

    async def begin(self, bot: str, debt: Debt, ttl: timedelta) -> bool:
        """Take a delivery, and note the debt in the same step.

        Args:
            bot: Who takes it.
            debt: Its id is that of the delivery's mark (`debt_id`, `Once.first_time`).
            ttl: How long it is remembered that it was taken.

        Returns:
            False when it was taken before. While Redis is away only this process' own memory says
            so; what passes that raises StoreAwayError, and nothing is owed that others could see.
        """
        if not self._once.first_here(debt.id, ttl, ""):
            return False
        return await self._put(bot, debt, 1, (mark_of(debt.id),), ttl, "NX")

    async def take(self, bot: str, id_: str, ttl: timedelta) -> str | None:
        """Take a delivery that will most likely be answered at once: nothing is owed yet.

        Returns:
            None when it is ours. Else the id itself where a debt was noted for it, the bot that took
            it where none was, and nothing where that was this very process.
        """
        if not self._once.first_here(id_, ttl):
            return ""
        mark = mark_of(id_)
        if await self._connection.execute("SET", mark, bot, "NX", "PX", _milliseconds(ttl)):
            return None
        found: bytes | None = await self._connection.execute("GETRANGE", mark, 0, 64)
        return (found or b"").decode(errors="replace")

    async def adopt(self, taker: str, debt: Debt, ttl: timedelta) -> int:
        """A delivery came again that `taker` took: if that bot is dead, anybody may answer.

        Returns:
            0 when it is dead, and the debt stands where the next to look finds it; -1 when somebody
            sees to it; else the moment at which its lease ends (later ones: it lives).
        """
        value = self._value(debt, 1)
        nobody = f"{debt.id[:16]}-again"
        return int(
            await self._connection.run(
                _ADOPT,
                [self._bots, mark_of(debt.id), self._owed(nobody)],
                *(taker, debt.id, value, _milliseconds(KEPT), _milliseconds(ttl), nobody),
            )
        )

    async def owe(self, bot: str, debt: Debt, ttl: timedelta) -> None:
        """Note a debt for a delivery that this bot took before; its mark says so from now on."""
        await self._put(bot, debt, 1, (mark_of(debt.id),), ttl, "XX")

    async def put(self, bot: str, debt: Debt, times: int = 1) -> None:
        """Note a debt, or change one."""
        await self._put(bot, debt, times, (), KEPT, "")

    async def close(self, bot: str, *ids: str) -> None:
        """It was paid."""
        await self._connection.execute("HDEL", self._owed(bot), *ids)

    async def beat(self, bot: str, *, takes_over: bool) -> Beat:
        """A sign of life; says who gave none for too long."""
        known, others, *dead = await self._connection.run(
            _BEAT,
            [self._bots, self._takers, self._tombstone(bot)],
            bot,
            self._lease,
            "1" if takes_over else "0",
            _DEAD_AT_ONCE,
        )
        names = tuple(one.decode(errors="replace") for one in dead)
        return Beat(known == 1, known == -1, int(others), tuple(one for one in names if one != bot))

    async def claim(self, dead: str, bot: str, most: int) -> list[Claimed]:
        """Take over what a dead bot owed, at most so many at a time; nobody else gets the same."""
        found = await self._connection.run(
            _CLAIM,
            [self._bots, self._owed(dead), self._owed(bot), self._tombstone(dead)],
            dead,
            most,
            _milliseconds(KEPT),
            _milliseconds(_DEAD_KEPT),
        )
        claimed = []
        for id_, times, sealed in zip(found[::3], found[1::3], found[2::3], strict=True):
            name = id_.decode(errors="replace")
            claimed.append(Claimed(name, int(times), self._unsealed(sealed, name)))
        return claimed

    async def release(self, bot: str) -> None:
        """This bot is ending: what it still owes may be taken over at once."""
        await self._connection.run(_RELEASE, [self._bots, self._takers, self._owed(bot)], bot)

    async def _put(  # noqa: PLR0917 - what is noted, and of which mark
        self, bot: str, debt: Debt, times: int, mark: Sequence[str], ttl: timedelta, when: str
    ) -> bool:
        taken = await self._connection.run(
            _PUT,
            [self._bots, self._owed(bot), *mark],
            bot,
            self._lease,
            _milliseconds(KEPT),
            debt.id,
            self._value(debt, times),
            _milliseconds(ttl),
            when,
        )
        return bool(taken)

    def _value(self, debt: Debt, times: int) -> bytes:
        """As it stands in the hash; empty where it is too large to be taken over."""
        sealed = self._sealed(debt)
        if len(sealed) > LARGEST:
            log.info("too large to be taken over by another", bytes=len(sealed))
            return b""
        return b"%d %s" % (times, sealed)

    def _sealed(self, debt: Debt) -> bytes:
        return self._seal.encrypt(zlib.compress(debt.model_dump_json().encode(), 1))

    def _unsealed(self, sealed: bytes, id_: str) -> Debt | None:
        if len(sealed) > LARGEST:
            return None
        try:
            packed = self._seal.decrypt(sealed)
            unpacker = zlib.decompressobj()
            text = unpacker.decompress(packed, _LARGEST_OPEN)
            if unpacker.unconsumed_tail:
                return None
            debt = Debt.model_validate_json(text)
        except (InvalidToken, zlib.error, ValidationError) as error:
            log.warning("a debt cannot be read", reason=type(error).__name__)
            return None
        return debt if debt.id == id_ else None

    @property
    def _bots(self) -> str:
        return f"tlscheck:bots:{self._name}"

    @property
    def _takers(self) -> str:
        return f"tlscheck:takers:{self._name}"

    def _owed(self, bot: str) -> str:
        return f"tlscheck:debts:{self._name}:{bot}"

    def _tombstone(self, bot: str) -> str:
        return f"tlscheck:dead:{self._name}:{bot}"


def debt_id(kind: str, delivery: str) -> str:
    """The id of the debt for a delivery; that of its mark, so that one leads to the other."""
    return digest_of(kind, delivery)


def _key(secret: str) -> bytes:
    # Fernet wants 32 bytes in URL-safe base64 (github.com/fernet/spec).
    return urlsafe_b64encode(_derived(secret, b"tlscheck debts: seal"))


def _derived(secret: str, purpose: bytes) -> bytes:
    """A key of its own for each purpose (RFC 5869): what it opens, nothing else does."""
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(secret.encode())


def _milliseconds(time: timedelta) -> int:
    return max(1, int(time / timedelta(milliseconds=1)))
