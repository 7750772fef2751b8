"""Where a check runs from: here, or (later) a worker elsewhere. The service knows only this shape."""

from typing import Protocol

from bot.diagnosis.question import Question
from bot.diagnosis.report import Report


class Vantage(Protocol):
    """A place that can answer questions."""

    @property
    def name(self) -> str:
        """How people call the place."""

    def roots_digest(self, question: Question) -> str:
        """Hex digest of the trust anchors that this question would be judged against."""

    async def check(self, question: Question) -> Report:
        """Run one check, bounded by the question's timeout; never raises for what a server does."""

    async def aclose(self) -> None:
        """Release sockets and other resources."""
