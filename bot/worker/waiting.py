"""Orders that wait for their replies, and which replies are theirs. Pure."""

import asyncio
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.worker.errors import FailureCode
from bot.worker.wire import ANY, LARGEST_REPLY, Reply


@dataclass(slots=True)
class Waiting:
    """One order that is out.

    `doubt` is why a reply to it was not believed, which anybody may have written; `again` is how
    often it was put again for that.
    """

    vantage: str
    question: Question
    message: bytes
    answer: asyncio.Future[Report]
    later: asyncio.Future[Report]
    doubt: FailureCode | None = None
    again: int = 0


class Claim(BaseModel):
    """What a reply that cannot be read says of itself: for which order, and by which version."""

    id: str
    program: str = "?"


def fits(reply: Reply, waiting: Waiting) -> bool:
    """Whether it is from the place that was asked, and about the server."""
    if waiting.vantage not in (ANY, reply.vantage):
        return False
    if reply.report is None:
        return True
    target, about = waiting.question.target, reply.report.target
    return (target.host, target.port, target.starttls) == (about.host, about.port, about.starttls)


def claim_of(body: bytes) -> Claim | None:
    """Whom a reply is for that cannot be believed."""
    if len(body) > LARGEST_REPLY:
        return None
    try:
        return Claim.model_validate_json(body)
    except ValidationError:
        return None
