"""A place elsewhere that answers questions as `bot.vantage.Vantage` does."""

import hashlib
from typing import TYPE_CHECKING

from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.diagnosis.trust import trust_store
from bot.worker.presence import Presence

if TYPE_CHECKING:
    from bot.worker.remote import Post


class RemoteVantage:
    """A place where workers of one name stand."""

    def __init__(self, post: "Post", name: str, patience: float, later: bool) -> None:
        self._post = post
        self._name = name
        self._patience = patience
        self._later = later

    @property
    def name(self) -> str:
        """How its workers call the place."""
        return self._name

    @property
    def workers(self) -> tuple[Presence, ...]:
        """Its workers, as of the last look."""
        return self._post.workers_of(self._name)

    def roots_digest(self, question: Question) -> str:
        """Digest of the anchors there: of all of them where its workers do not agree."""
        if question.roots_pem is not None:
            return trust_store(question.roots_pem).digest
        digests = sorted({one.roots_digest for one in self.workers})
        if len(digests) == 1:
            return digests[0]
        return hashlib.sha256("".join(digests).encode()).hexdigest()

    async def check(self, question: Question) -> Report:
        """Have one check done there.

        Raises:
            RemoteError: There is no answer, and why; see `Post.ask`.
        """
        return await self._post.ask(
            self._name, question, patience=self._patience, later=self._later
        )

    async def later(self, report: Report) -> Report | None:
        """The later Report; None when the worker died meanwhile, too."""
        return await self._post.later(report)

    async def aclose(self) -> None:
        """Nothing: the `Post` is its owner's."""
