"""Which hosts were seen with which intermediate: "who else uses it?", answered from past checks.

`tlscheck:issuer:<sha256 of the intermediate>` is a sorted set of `host port protocol` by the
moment of the last look. Only the newest are kept, for 90 days. What is read is untrusted.
"""

import hashlib
from datetime import UTC, datetime, timedelta

from bot.diagnosis.report import Target
from bot.diagnosis.target import TargetError, parse_target
from bot.store.connection import Connection, Script, StoreRefusedError

KEPT = timedelta(days=90)
MOST = 500

_NOTE = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('TYPE', KEYS[1]).ok ~= 'zset' then
  redis.call('DEL', KEYS[1])
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[3]) - 1)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
""")


class Neighbours:
    """Noting and asking; every method raises StoreAwayError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def note(self, intermediate: str, target: Target, at: datetime) -> None:
        """The host's trusted path went through that intermediate (its hex SHA-256)."""
        await self._connection.run(
            _NOTE,
            [_name(intermediate)],
            int(at.timestamp()),
            f"{target.host} {target.port} {target.starttls or '-'}",
            MOST,
            int(KEPT / timedelta(milliseconds=1)),
        )

    async def of(
        self, intermediate: str, now: datetime, most: int
    ) -> list[tuple[Target, datetime]]:
        """Hosts that were seen with it in the last 90 days, the newest first."""
        try:
            found = await self._connection.execute(
                "ZREVRANGE", _name(intermediate), 0, most - 1, "WITHSCORES"
            )
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            return []
        seen = []
        for member, score in _pairs(found):
            target = _target(member)
            at = datetime.fromtimestamp(min(max(score, 0.0), 4e9), UTC)
            if target is not None and now - at <= KEPT:
                seen.append((target, at))
        return seen


def _name(intermediate: str) -> str:
    return f"tlscheck:issuer:{hashlib.sha256(intermediate.encode()).hexdigest()}"


def _pairs(found: list[bytes]) -> list[tuple[bytes, float]]:
    # redis-py gives pairs for some ways of asking and a flat list for others.
    if found and isinstance(found[0], tuple | list):
        return [(bytes(one[0]), float(one[1])) for one in found]
    return [(one, float(score)) for one, score in zip(found[::2], found[1::2], strict=True)]


def _target(member: bytes) -> Target | None:
    parts = member.decode(errors="replace").split(" ")
    if len(parts) != 3 or len(member) > 400:
        return None
    host, port, starttls = parts
    try:
        known = parse_target(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    except TargetError:
        return None
    if known.host != host or str(known.port) != port:
        return None
    protocol = None if starttls == "-" else starttls[:20]
    return known.model_copy(update={"input": host, "starttls": protocol})
