"""What becomes of an answer whose check had left something open: whoever read it is told.

Only of what matters (`bot.diagnosis.later.matters`), and once. How depends on the place: the
answer to a command cannot be replaced (bolt-python #1268), so there it is a short message of its
own; a message that a button stands on, and one in the channel, get the later answer in place.
"""

from collections.abc import Awaitable, Callable

import structlog

from bot.diagnosis.later import matters
from bot.service import Answer
from handlers.desk import Desk
from handlers.slack.work import TooMuchWorkError

log = structlog.get_logger(__name__)

Tell = Callable[[Answer], Awaitable[object]]


def tell_later(desk: Desk, answer: Answer, tell: Tell) -> None:
    """See to it, in the background, that the reader of this answer hears of its update.

    Args:
        desk: The service that waits for the update, and the owner of the waiting.
        answer: What was shown.
        tell: Shows the later answer.
    """
    if not answer.report.pending:
        return
    try:
        desk.work.start(_tell(desk, answer, tell), name="update")
    except TooMuchWorkError:
        log.info("nobody waits for an update", host=answer.report.target.host)


async def _tell(desk: Desk, answer: Answer, tell: Tell) -> None:
    later = await desk.service.later(answer)
    if later is not None and matters(answer.report, later.report):
        await tell(later)
        desk.measures.answers.labels("update").inc()
