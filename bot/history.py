"""What changed at a host: two states of it in, codes and values out. Pure.

A state is what a person would call the same or not: verdict, cause, the server's certificate and
its key, and the certificates sent beside it. Addresses are no part of it: load balancers give
other ones each time.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.question import Question
from bot.diagnosis.report import Endpoint, Moment, Report, Target

_Name = Annotated[str, Field(max_length=200)]
_Digest = Annotated[str, Field(max_length=64)]

MOST_SENT = 8
"""Certificates of a chain that a state keeps."""

ChangeCode = Literal[
    "broke",
    "mended",
    "other_fault",
    "unreachable",
    "reachable",
    "new_certificate",
    "intermediate_dropped",
    "intermediate_added",
    "other_chain",
]


class Sent(BaseModel):
    """One certificate that was sent beside the server's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: _Name
    sha256: _Digest


class Leaf(BaseModel):
    """The server's own certificate."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sha256: _Digest
    key_sha256: _Digest = ""
    issuer: _Name = ""
    not_before: Moment
    not_after: Moment


class State(BaseModel):
    """What a host was like."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    verdict: Verdict
    cause: Cause | None = None
    leaf: Leaf | None = None
    sent: Annotated[tuple[Sent, ...], Field(max_length=MOST_SENT)] = ()

    def digest(self) -> str:
        """Hex digest that is equal for equal states."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Entry(BaseModel):
    """A state, the first and the last time it was seen, and how often; times with a time zone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: State
    first: AwareDatetime
    last: AwareDatetime
    count: Annotated[int, Field(ge=1)] = 1
    result: Annotated[str, Field(max_length=64)] = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    `since` is when the newer state was first seen, `until` when the older one was last seen.
    `values` fill the text: `same_key` and `names` (of certificates) where they apply.
    """

    code: ChangeCode
    since: datetime
    until: datetime
    cause: Cause | None = None
    same_key: bool | None = None
    issuer: str = ""
    names: tuple[str, ...] = ()


def is_kept(question: Question) -> bool:
    """Whether answers to this question tell the host's history: asked without special conditions."""
    plain = Question(target=question.target, timeout=question.timeout)
    return question == plain


def subject_key(target: Target, vantage: str) -> str:
    """Hex digest of the thing whose history it is: host, port and protocol, seen from one place."""
    parts = "\n".join((target.host, str(target.port), target.starttls or "", vantage))
    return hashlib.sha256(parts.encode()).hexdigest()


def state_of(report: Report) -> State:
    """The state that a Report shows; of several addresses, the one that the answer is told by."""
    shown = _told_by(report)
    chain = shown.chain if shown is not None else ()
    if not chain:
        return State(verdict=report.verdict, cause=report.cause)
    leaf = chain[0]
    return State(
        verdict=report.verdict,
        cause=report.cause,
        leaf=Leaf(
            sha256=leaf.sha256[:64],
            key_sha256=leaf.key_sha256[:64],
            issuer=_name(leaf.issuer_name or leaf.issuer),
            not_before=leaf.not_before,
            not_after=leaf.not_after,
        ),
        sent=tuple(
            Sent(name=_name(one.name or one.subject), sha256=one.sha256[:64])
            for one in chain[1 : MOST_SENT + 1]
        ),
    )


def changes_of(entries: Sequence[Entry]) -> tuple[Change, ...]:
    """How the newest entry differs from those before it.

    Args:
        entries: In the order of time, the newest last.

    Returns:
        Verdict and cause first, then certificates, which are compared with the newest state that
        had any: a host that could not be reached in between has not changed its certificate.
    """
    if len(entries) < 2:
        return ()
    now, before = entries[-1], entries[-2]
    found = list(_verdict_changes(before, now))
    with_leaf = next((one for one in reversed(entries[:-1]) if one.state.leaf is not None), None)
    if with_leaf is not None and now.state.leaf is not None:
        found += _certificate_changes(with_leaf, now)
    return tuple(found)


def _verdict_changes(before: Entry, now: Entry) -> Sequence[Change]:
    old, new = before.state, now.state
    if (old.verdict, old.cause) == (new.verdict, new.cause):
        return ()
    code: ChangeCode
    cause = new.cause
    if new.verdict == "unreachable":
        code = "unreachable"
    elif old.verdict == "unreachable":
        code = "reachable"
    elif new.verdict == "broken":
        code = "other_fault" if old.verdict == "broken" else "broke"
    elif old.verdict == "broken":
        code, cause = "mended", old.cause
    else:
        return ()  # between "ok" and a warning: the answer itself says it
    return (Change(code, now.first, before.last, cause),)


def _certificate_changes(before: Entry, now: Entry) -> Sequence[Change]:
    old, new = before.state.leaf, now.state.leaf
    if old is None or new is None:
        return ()
    found = []
    if old.sha256 != new.sha256:
        same_key = old.key_sha256 == new.key_sha256 if old.key_sha256 and new.key_sha256 else None
        found.append(
            Change(
                "new_certificate",
                now.first,
                before.last,
                same_key=same_key,
                issuer=new.issuer if new.issuer != old.issuer else "",
            )
        )
    was, is_ = before.state.sent, now.state.sent
    gone = tuple(one.name for one in was if one not in is_)
    come = tuple(one.name for one in is_ if one not in was)
    if was and not is_:
        found.append(Change("intermediate_dropped", now.first, before.last, names=gone))
    elif is_ and not was:
        found.append(Change("intermediate_added", now.first, before.last, names=come))
    elif (gone or come) and old.issuer == new.issuer:
        # Another issuer comes with other intermediates: that is no news beside a new certificate.
        found.append(Change("other_chain", now.first, before.last, names=come or gone))
    return found


def _told_by(report: Report) -> Endpoint | None:
    """The first address that is at fault, else the first that sent a chain."""
    accused = {address for one in report.findings[:1] for address in one.addresses}
    with_chain = [one for one in report.endpoints if one.chain]
    return next((one for one in with_chain if one.address in accused), None) or next(
        iter(with_chain), None
    )


def _name(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"
