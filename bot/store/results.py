"""Results: the newest answer to a question for as long as it is fresh, each result for a day.

Two keys. `tlscheck:newest:<key>` holds the id of the newest result for a question and lives as
long as the answer may be given again; `tlscheck:result:<id>` holds the Record for 24 hours, for
buttons and questions in the thread. What only a watch looked at is kept for minutes, until somebody
is shown it: looks are many, and mostly alike. Once nothing is pending in it a result never changes, so what
was read then is kept in memory by its id, and a cached answer costs one short command.

What is read is untrusted: whatever does not fit is logged and counts as absent.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot import __version__
from bot.diagnosis.question import Question
from bot.diagnosis.report import SCHEMA, Report
from bot.diagnosis.target import TargetError, parse_target
from bot.flight import FlightCancelledError, Flights, landed
from bot.history import Change
from bot.store.connection import Connection, Script, StoreAwayError, StoreRefusedError

log = structlog.get_logger(__name__)

KEPT = timedelta(hours=24)
UNSEEN_KEPT = timedelta(minutes=20)
"""What nobody was shown; longer than a watch's news may take to be told (`bot.watcher`)."""
LARGEST_RECORD = 1024 * 1024
"""Bytes. A larger value is neither written nor read to its end."""

MOST_CONNECT_TO = 16
"""Addresses of a stored question; Slack takes fewer."""

MEMORY_BYTES = 4 * 1024 * 1024
"""JSON bytes of the results kept in memory; as objects they take some times that."""

# The question's newest result is this one, or none: a newer check's is left alone.
_RENEW = Script("""
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' or (kind == 'string' and redis.call('GET', KEYS[1]) == ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
return 0
""")

# What was shown to somebody meanwhile lives on as long as that promises.
_REPLACE = Script("""
local left = redis.call('PTTL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', math.max(left, tonumber(ARGV[2])))
""")

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Record(BaseModel):
    """A question with its Report, as stored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    program: Annotated[str, Field(max_length=64)] = __version__
    key: Annotated[str, Field(max_length=64)]
    question: Question
    report: Report
    place: Annotated[str, Field(max_length=64)] | None = None
    """The place that was asked for by its name; None: the asking process' own."""
    changes: Annotated[tuple[Change, ...], Field(max_length=8)] = ()
    """How the host differs from what was known of it before."""
    known_since: AwareDatetime | None = None
    """When the host was first seen like this."""
    unseen: bool = False
    """Only a watch looked at it so far."""

    def asked_as(self, question: Question) -> "Record":
        """The same answer for an equal question that was typed in another way.

        What one person typed (a URL may carry a secret in its path) is not shown to another.
        """
        if self.question == question and self.report.target.input == question.target.input:
            return self
        target = self.report.target.model_copy(update={"input": question.target.input})
        report = self.report.model_copy(update={"target": target})
        return self.model_copy(update={"question": question, "report": report})

    def without_input(self) -> "Record":
        """The Record as it is stored: the target in its plain form, not as it was typed."""
        target = self.question.target
        host = f"[{target.host}]" if ":" in target.host else target.host
        plain = target.model_copy(update={"input": f"{host}:{target.port}"})
        return self.asked_as(self.question.model_copy(update={"target": plain}))


def question_key(question: Question, vantage: str, roots_digest: str) -> str:
    """Hex digest of everything that changes the answer, this program's version included."""
    parts = "\n".join((question.digest(), vantage, roots_digest, str(SCHEMA), __version__))
    return hashlib.sha256(parts.encode()).hexdigest()


class Results:
    """Reading and writing Records."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime]) -> None:
        self._connection = connection
        self._clock = clock
        self._memory: OrderedDict[str, tuple[Record, int]] = OrderedDict()
        self._memory_bytes = 0
        self._reads: Flights[Record | None] = Flights()

    async def newest_id(self, key: str) -> str | None:
        """The id of the newest result for the question of `key`, when it is still fresh.

        Raises:
            StoreAwayError: Redis is away.
        """
        found = await self._read(f"tlscheck:newest:{key}", 64)
        if not found:
            return None
        text = found.decode(errors="replace")
        if _ID.fullmatch(text) is None:
            log.warning("cached result passed over", key=key, reason="its id is none")
            return None
        return text

    async def newest(self, key: str, *, other_than: str | None = None) -> Record | None:
        """The newest fresh result for the question of `key`.

        Args:
            key: From `question_key`.
            other_than: The id of a result that is known and does not count.

        Raises:
            StoreAwayError: Redis is away.
        """
        result_id = await self.newest_id(key)
        if result_id is None or result_id == other_than:
            return None
        return await self.answer(result_id, key)

    async def answer(self, result_id: str, key: str) -> Record | None:
        """The result of that id when it answers the question of `key`, else None.

        Raises:
            StoreAwayError: Redis is away.
        """
        record = await self.get(result_id)
        if record is not None and record.key != key:
            log.warning("cached result passed over", key=key, reason="it answers something else")
            return None
        return record

    async def get(self, result_id: str) -> Record | None:
        """The result of that id, or None when there is none (any more).

        Raises:
            StoreAwayError: Redis is away, and the result is not in memory.
        """
        if _ID.fullmatch(result_id) is None:
            return None
        known = self._remembered(result_id)
        if known is not None and not known.report.pending:
            return known
        # Many askers of one cold result: one transfer, one validation.
        task, _ = self._reads.join(result_id, lambda: self._load(result_id))
        try:
            # What is pending may have arrived in another process.
            return await landed(task) or self._remembered(result_id)
        except StoreAwayError:
            if known is not None:
                return self._remembered(result_id)
            raise
        except FlightCancelledError as error:
            raise StoreAwayError("closing") from error

    async def put(self, record: Record, fresh_for: timedelta) -> Record:
        """Store a result, in memory first, so that this process can show it without Redis too.

        Args:
            record: The result.
            fresh_for: How long it may be given to the next asker; zero: not at all.

        Returns:
            The Record as stored.

        Raises:
            StoreAwayError: Redis is away; or StoreRefusedError: the result is too large.
        """
        record, raw = self._encoded(record)
        lives = _milliseconds(_lifetime(record, fresh_for))
        await self._connection.execute("SET", _name(record.report.id), raw, "PX", lives)
        if fresh_for > timedelta(0):
            await self._connection.execute(
                "SET",
                f"tlscheck:newest:{record.key}",
                record.report.id,
                "PX",
                _milliseconds(fresh_for),
            )
        return record

    async def replace(self, record: Record, fresh_for: timedelta) -> Record:
        """Store a result over the one with the same id, which it updates.

        Args:
            record: The result.
            fresh_for: How long it may be given to the next asker, unless a newer one may.

        Returns:
            The Record as stored.

        Raises:
            StoreAwayError: As for `put`.
        """
        record, raw = self._encoded(record)
        lives = _milliseconds(_lifetime(record, fresh_for))
        await self._connection.run(_REPLACE, [_name(record.report.id)], raw, lives)
        if fresh_for > timedelta(0):
            name, result_id = f"tlscheck:newest:{record.key}", record.report.id
            await self._connection.run(_RENEW, [name], result_id, _milliseconds(fresh_for))
        return record

    async def show(self, record: Record) -> Record:
        """Somebody is shown this result: from now on it lives as long as any other.

        Raises:
            StoreAwayError: Redis is away; it may be gone before its buttons are pressed.
        """
        if not record.unseen:
            return record
        record = record.model_copy(update={"unseen": False})
        known, size = self._memory.get(record.report.id, (None, 0))
        if known is not None:
            seen = known.model_copy(update={"unseen": False})
            self._memory[record.report.id] = seen, size
        await self._connection.execute("PEXPIRE", _name(record.report.id), _milliseconds(KEPT))
        return record

    def _encoded(self, record: Record) -> tuple[Record, bytes]:
        """As it is stored; remembered here, so that this process can show it without Redis."""
        record = record.without_input()
        raw = record.model_dump_json(by_alias=True).encode()
        result_id = record.report.id
        if len(raw) > LARGEST_RECORD or _ID.fullmatch(result_id) is None:
            log.warning("result cannot be stored", id=result_id[:64], bytes=len(raw))
            raise StoreRefusedError("TOOLARGE", "the result cannot be stored")
        self._remember(result_id, record, len(raw))
        return record, raw

    async def aclose(self) -> None:
        """Give up what is being read."""
        await self._reads.aclose(0)

    async def _load(self, result_id: str) -> Record | None:
        raw = await self._read(_name(result_id), LARGEST_RECORD)
        if not raw:
            return None
        try:
            record = Record.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"])[:80]
            log.warning(
                "cached result passed over", id=result_id, reason=f"{place}: {first['type']}"
            )
            return None
        if record.report.id != result_id:
            log.warning("cached result passed over", id=result_id, reason="its id is another")
            return None
        if not could_be_asked(record.question):
            log.warning("cached result passed over", id=result_id, reason="nobody asks that")
            return None
        self._remember(result_id, record, len(raw))
        return record

    async def _read(self, name: str, longest: int) -> bytes | None:
        """A value that is no longer than it may be; GETRANGE, so that no larger one travels."""
        try:
            raw: bytes = await self._connection.execute("GETRANGE", name, 0, longest)
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            log.warning("cached result passed over", name=name, reason="it is no string")
            return None
        if len(raw) > longest:
            log.warning("cached result passed over", name=name, reason="it is too large")
            return None
        return raw

    def _remembered(self, result_id: str) -> Record | None:
        found = self._memory.get(result_id)
        if found is None:
            return None
        record, size = found
        if self._clock() - record.report.checked_at > KEPT:
            del self._memory[result_id]
            self._memory_bytes -= size
            return None
        self._memory.move_to_end(result_id)
        return record

    def _remember(self, result_id: str, record: Record, size: int) -> None:
        before, old = self._memory.pop(result_id, (None, 0))
        if before is not None and record.report.pending and not before.report.pending:
            # A read that began before the update ends after it.
            record, size = before, old
        self._memory[result_id] = record, size
        self._memory_bytes += size - old
        while self._memory_bytes > MEMORY_BYTES:
            _, (_, dropped) = self._memory.popitem(last=False)
            self._memory_bytes -= dropped


def could_be_asked(question: Question) -> bool:
    """Whether a stored question is one that may be asked again at the press of a button.

    Who writes to Redis must not choose where this program connects: networks are allowed by the
    settings and on a terminal alone, and a host is one that a person could have typed.
    """
    host = question.target.host
    try:
        known = parse_target(f"[{host}]" if ":" in host else host).host == host
    except TargetError:
        known = False
    return known and not question.allow_networks and len(question.addresses) <= MOST_CONNECT_TO


def _name(result_id: str) -> str:
    return f"tlscheck:result:{result_id}"


def _lifetime(record: Record, fresh_for: timedelta) -> timedelta:
    return max(UNSEEN_KEPT, fresh_for) if record.unseen else KEPT


def _milliseconds(span: timedelta) -> int:
    return max(1, int(span / timedelta(milliseconds=1)))
