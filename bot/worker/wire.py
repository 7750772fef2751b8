"""What travels between askers and workers: JSON, bounded, signed when a key is set. Pure.

1. Nothing here or elsewhere in this package unpickles, imports or evaluates what it reads.
2. A signature covers the very bytes that are then parsed, and says which way they go, so that an
   order can never be shown as a reply.
3. Time on the wire is that of Redis' clock (`presence`): a machine whose own clock is wrong is one
   that people want to check from.
"""

import hashlib
import hmac
import re
from collections.abc import Collection
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot import __version__
from bot.diagnosis.causes import STARTTLS_PROTOCOLS
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.store.results import could_be_asked
from bot.worker.errors import FailureCode

SCHEMA = 1

ANY = "any"
"""The queue that every worker takes from."""

LARGEST_ORDER = 1024 * 1024
"""Bytes; a PEM file of roots may be in it (certifi's has 300 KB)."""

LARGEST_REPLY = 1024 * 1024
"""Bytes; a usual Report has 10 to 30 KB."""

LATEST = 120.0
"""Seconds from now at which an order may expire at most: a stolen one is of no use for long."""

_ID = re.compile(r"([0-9a-f]{32})\.[0-9]{1,15}", re.ASCII)
NAME = r"^[A-Za-z0-9._-]{1,64}$"
"""What places may be called."""


class Order(BaseModel):
    """One check that is asked for elsewhere.

    `id` names the asker's inbox and the order in it; `vantage` is the queue that it was put on;
    `expires` is a moment of Redis' clock (Unix seconds); `patience` is how long the answer waits
    for OCSP and CRLs; `later` asks for the later Report, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}\.[0-9]{1,15}$")]
    vantage: Annotated[str, Field(pattern=NAME)]
    program: Annotated[str, Field(max_length=64)] = __version__
    question: Question
    expires: Annotated[float, Field(ge=0, le=1e11)]
    patience: Annotated[float, Field(ge=0, le=10)]
    later: bool


class Reply(BaseModel):
    """What a worker says to an order: a Report, the later one, or why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}\.[0-9]{1,15}$")]
    kind: Literal["report", "later", "failure"]
    worker: Annotated[str, Field(max_length=64)]
    vantage: Annotated[str, Field(pattern=NAME)]
    program: Annotated[str, Field(max_length=64)] = __version__
    failure: FailureCode | None = None
    report: Report | None = None


class RefusedError(Exception):
    """This order or reply is not taken; `code` says why."""

    def __init__(self, code: FailureCode) -> None:
        super().__init__(code)
        self.code: FailureCode = code


class _Version(BaseModel):
    schema_version: Annotated[int, Field(alias="schema")]
    program: str = __version__


def inbox_of(order_id: str) -> str | None:
    """The asker's inbox that an order's id names; None when it is no such id."""
    found = _ID.fullmatch(order_id)
    return found[1] if found else None


def sign(way: Literal["order", "reply", "presence"], body: bytes, key: bytes | None) -> str:
    """HMAC-SHA256 in hex; empty without a key."""
    if key is None:
        return ""
    return hmac.new(key, b"tlscheck %s 1\n" % way.encode() + body, hashlib.sha256).hexdigest()


def read_order(
    body: bytes, signature: str, *, key: bytes | None, queues: Collection[str], now: float
) -> Order:
    """An order that this worker may carry out.

    Args:
        body: As it came.
        signature: As it came; looked at only when a key is set.
        key: The shared key.
        queues: The queues that this worker takes from.
        now: Redis' clock.

    Raises:
        RefusedError: It may not.
    """
    _check("order", body, signature, key, LARGEST_ORDER)
    try:
        order = Order.model_validate_json(body)
    except ValidationError:
        raise RefusedError(_version_or_form(body)) from None
    if order.vantage not in queues:
        raise RefusedError("signature" if key is not None else "malformed")
    if not now < order.expires <= now + LATEST:
        raise RefusedError("expired")
    question = order.question
    if question.allow_networks:
        raise RefusedError("networks")
    if not could_be_asked(question) or not _connectable(question):
        raise RefusedError("malformed")
    return order


def read_reply(body: bytes, signature: str, *, key: bytes | None) -> Reply:
    """A worker's reply.

    Raises:
        RefusedError: It is not signed as it has to be, too large, or of another form.
    """
    _check("reply", body, signature, key, LARGEST_REPLY)
    try:
        reply = Reply.model_validate_json(body)
    except ValidationError:
        raise RefusedError(_version_or_form(body)) from None
    if (reply.failure is None) != (reply.kind != "failure"):
        raise RefusedError("malformed")
    if (reply.report is None) != (reply.kind == "failure"):
        raise RefusedError("malformed")
    return reply


def _check(
    way: Literal["order", "reply"], body: bytes, signature: str, key: bytes | None, most: int
) -> None:
    if len(body) > most:
        raise RefusedError("too_large")
    if key is not None and not hmac.compare_digest(
        sign(way, body, key).encode(), signature.encode()
    ):
        raise RefusedError("signature")


def _version_or_form(body: bytes) -> FailureCode:
    """Why a body cannot be read: one of another release may have more in it, and say so."""
    try:
        said = _Version.model_validate_json(body)
    except ValidationError:
        return "malformed"
    return (
        "malformed" if (said.schema_version, said.program) == (SCHEMA, __version__) else "version"
    )


def _connectable(question: Question) -> bool:
    try:
        for one in question.addresses:
            ip_address(one.address)
    except ValueError:
        return False
    return question.target.starttls in (None, *STARTTLS_PROTOCOLS)
