"""A watch: what a person asked to be told about a host, and what one more look means for it. Pure.

Two kinds. `state` tells each change (fixed, broken again, another certificate) and ends once the
host has stayed well; `expiry` tells when the certificate comes near its end, for as long as it is
kept. All times are UTC-aware and passed in; nothing here waits, asks or posts.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.history import Change, Entry, Leaf, State, changes_of, state_of
from bot.texts.catalogue import Lang

Kind = Literal["state", "expiry"]
NoticeCode = Literal["changed", "expires", "expired", "renewed", "gave_up", "blind"]

FIRST_INTERVAL = timedelta(minutes=1)
LAST_INTERVAL = timedelta(minutes=10)
_TS = r"^\d{1,20}\.\d{1,10}$"
_EAGER_LOOKS = 10
_SLOWER = 1.25
_SLOWEST_ATTEMPT = 5

STATE_KEPT = timedelta(days=7)
EXPIRY_KEPT = timedelta(days=400)
"""A certificate lives for 398 days at most (CA/Browser Forum, before March 2026)."""

STAYS_WELL = timedelta(minutes=30)
"""A host that was mended is looked at for so long: a second backend may still be broken."""

BLIND_LOOKS = 3
"""Looks in a row from a place where nobody answers, before that is told."""

EXPIRY_INTERVAL = timedelta(hours=12)
_RETRY = timedelta(hours=1)
_REMINDERS = tuple(timedelta(days=days) for days in (30, 14, 7, 3, 1))


class Notice(BaseModel):
    """Something to tell. `changes` belong to "changed", `left` (seconds) to "expires"."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: NoticeCode
    at: AwareDatetime
    result: Annotated[str, Field(max_length=64)] = ""
    changes: tuple[Change, ...] = ()
    left: int | None = None
    not_after: AwareDatetime | None = None
    final: bool = False


class Watch(BaseModel):
    """One watch as it is stored. `turn` counts its looks: who settles an older turn comes too late."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]
    kind: Kind
    question: Question
    team: Annotated[str, Field(max_length=32)] = ""
    space: Annotated[str, Field(max_length=32)] = ""
    """The workspace that it was begun in, where the bot is in several."""
    vantage: Annotated[str, Field(max_length=64)] | None = None
    """The place that looks; None: the bot's own."""
    channel: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,32}$")]
    thread_ts: Annotated[str, Field(pattern=_TS)] | None = None
    message_ts: Annotated[str, Field(pattern=_TS)] | None = None
    """The shared message that it was begun on."""
    user: Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{1,31}$")]
    lang: Lang = "en"
    begun: AwareDatetime
    ends: AwareDatetime
    turn: int = 0
    state: State
    since: AwareDatetime
    seen: AwareDatetime
    quiet: Annotated[int, Field(ge=0)] = 0
    doubts: Annotated[int, Field(ge=0)] = 0
    blind: Annotated[int, Field(ge=0)] = 0
    """Looks in a row that nobody at `vantage` answered."""
    reminded: int | None = None
    ended: bool = False
    untold: Annotated[tuple[Notice, ...], Field(max_length=4)] = ()
    attempts: Annotated[int, Field(ge=0)] = 0

    @property
    def subject(self) -> str:
        """What is watched, for telling two watches of one channel apart."""
        target = self.question.target
        name = f"{self.kind}\n{target.host}\n{target.port}\n{target.starttls or ''}"
        if self.vantage:
            name = f"{name}\n{self.vantage}"
        return hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for a watch, and where it tells."""

    channel: str
    user: str
    lang: Lang
    thread_ts: str | None = None
    team: str = ""
    message_ts: str | None = None


def begin(
    id_: str,
    kind: Kind,
    question: Question,
    *,
    report: Report,
    asked: Asked,
    now: datetime,
    vantage: str | None = None,
) -> Watch:
    """A new watch, from the result that the asker has before them.

    Args:
        id_: Random, hexadecimal.
        kind: What to tell.
        question: What is looked at; asked without special conditions.
        report: The newest result; nothing of it is told again.
        asked: Who asked, and where.
        now: The moment.
        vantage: The place that looks; None: the bot's own.
    """
    state = state_of(report)
    watch = Watch(
        id=id_,
        kind=kind,
        question=question,
        team=asked.team,
        vantage=vantage,
        channel=asked.channel,
        thread_ts=asked.thread_ts,
        message_ts=asked.message_ts,
        user=asked.user,
        lang=asked.lang,
        begun=now,
        ends=now + (STATE_KEPT if kind == "state" else EXPIRY_KEPT),
        state=state,
        since=now,
        seen=report.checked_at,
    )
    if kind == "expiry" and state.leaf is not None:
        return watch.model_copy(update={"reminded": _due_reminder(state.leaf, now)})
    return watch


def look(watch: Watch, report: Report) -> Watch:
    """The watch after one more result: what it tells stands in `untold`.

    A first failure to reach the host is only doubted: the network between may have hiccuped.
    """
    new = state_of(report)
    at = report.checked_at
    watch = watch.model_copy(update={"turn": watch.turn + 1, "blind": 0})
    if new.verdict == "unreachable" and watch.state.verdict != "unreachable" and watch.doubts < 1:
        return watch.model_copy(update={"doubts": watch.doubts + 1, "seen": at})
    watch = watch.model_copy(update={"doubts": 0})
    return (
        _look_at_state(watch, new, report)
        if watch.kind == "state"
        else _look_at_expiry(watch, new, report)
    )


def look_in_vain(watch: Watch, now: datetime) -> Watch:
    """The watch after a look that nobody at its place answered: told once, and at its end."""
    blind = watch.blind + 1
    notices: tuple[Notice, ...] = ()
    ended = now >= watch.ends
    if ended:
        notices = (Notice(code="gave_up", at=now, final=True),)
    elif blind == BLIND_LOOKS:
        notices = (Notice(code="blind", at=now),)
    return watch.model_copy(
        update={
            "turn": watch.turn + 1,
            "quiet": watch.quiet + 1,
            "blind": blind,
            "ended": ended,
            "untold": notices,
        }
    )


def next_look(watch: Watch, now: datetime) -> datetime:
    """When to look again: soon after a change, more rarely while nothing happens.

    Watches that were begun together drift apart: each has a phase of its own within a tenth of
    its interval.
    """
    if watch.kind == "state":
        if watch.doubts:
            return now + FIRST_INTERVAL
        slower = max(0, watch.quiet - _EAGER_LOOKS)
        seconds = FIRST_INTERVAL.total_seconds() * _SLOWER ** min(slower, 40)
        interval = min(timedelta(seconds=seconds), LAST_INTERVAL)
    elif watch.doubts or watch.state.leaf is None:
        interval = _RETRY
    else:
        reminders = _reminders(watch.state.leaf)
        end = watch.state.leaf.not_after
        moments = [end - one for one in reminders if end - one > now] + [end] * (end > now)
        interval = min([EXPIRY_INTERVAL, *(one - now for one in moments)])
    return min(now + interval, watch.ends) + interval * _phase(watch) / 10


def next_attempt(watch: Watch, now: datetime) -> datetime:
    """When to try again to tell what could not be told, after `watch.attempts` earlier failures.

    In a storm (a CA revokes an intermediate) thousands tell at once, and Slack takes some hundred
    a minute: each waits longer every time, and not all for equally long; two hours in all.
    """
    tried = min(watch.attempts, _SLOWEST_ATTEMPT)
    return now + FIRST_INTERVAL * ((1 << tried) + tried * _phase(watch))


def _look_at_state(watch: Watch, new: State, report: Report) -> Watch:
    at = report.checked_at
    changed = new.digest() != watch.state.digest()
    changes: Sequence[Change] = ()
    if changed:
        changes = changes_of(
            (
                Entry(state=watch.state, first=watch.since, last=watch.seen),
                Entry(state=new, first=at, last=at),
            )
        )
    well = new.verdict in ("ok", "warning")
    since = at if changes else watch.since
    update: dict[str, object] = {
        # A host that is away keeps the certificates that it had: they are compared when it is back.
        "state": _with_certificates(watch.state, new),
        "since": since,
        "seen": at,
        "quiet": 0 if changes else watch.quiet + 1,
    }
    notices: list[Notice] = []
    if changes:
        notices.append(Notice(code="changed", at=at, result=report.id, changes=tuple(changes)))
    # One that was well from the start is watched to its end; one that was mended, for a while.
    stayed = well and since > watch.begun and at - since >= STAYS_WELL
    if stayed:
        update["ended"] = True
    elif at >= watch.ends:
        update["ended"] = True
        notices.append(Notice(code="gave_up", at=at, result=report.id, final=True))
    return watch.model_copy(update=update | {"untold": tuple(notices)})


def _look_at_expiry(watch: Watch, new: State, report: Report) -> Watch:
    at = report.checked_at
    update: dict[str, object] = {"seen": at, "quiet": watch.quiet + 1}
    notices: list[Notice] = []
    leaf, old = new.leaf, watch.state.leaf
    if leaf is not None:
        update["state"] = new
        reminded = watch.reminded
        if old is not None and leaf.sha256 != old.sha256:
            if reminded is not None:
                notices.append(
                    Notice(code="renewed", at=at, result=report.id, not_after=leaf.not_after)
                )
            reminded = None
            update["since"] = at
        due = _due_reminder(leaf, at)
        if due is not None and (reminded is None or due < reminded):
            left = int((leaf.not_after - at).total_seconds())
            notices.append(
                Notice(
                    code="expires" if left > 0 else "expired",
                    at=at,
                    result=report.id,
                    left=max(left, 0),
                    not_after=leaf.not_after,
                )
            )
            reminded = due
        update["reminded"] = reminded
    if at >= watch.ends:
        update["ended"] = True
        notices.append(Notice(code="gave_up", at=at, result=report.id, final=True))
    return watch.model_copy(update=update | {"untold": tuple(notices)})


def _with_certificates(old: State, new: State) -> State:
    if new.leaf is not None or new.verdict != "unreachable":
        return new
    return new.model_copy(update={"leaf": old.leaf, "sent": old.sent})


def _reminders(leaf: Leaf) -> tuple[timedelta, ...]:
    """How long before its end a certificate is spoken of; short-lived ones later and less often."""
    life = leaf.not_after - leaf.not_before
    usual = tuple(one for one in _REMINDERS if one <= life / 2)
    return usual or (life / 3, life / 8)


def _due_reminder(leaf: Leaf, now: datetime) -> int | None:
    """The tightest reminder that is due, in seconds before the end; 0 when it has expired."""
    left = leaf.not_after - now
    if left <= timedelta(0):
        return 0
    due = [one for one in _reminders(leaf) if left <= one]
    return int(min(due).total_seconds()) if due else None


def _phase(watch: Watch) -> float:
    return int(watch.id[:8], 16) / 0xFFFFFFFF
