"""The delivery of Slack's that a task works on, and what is owed for it.

It travels with the task and those it starts, as the asker does (`bot.audit`); the same object for
all of them, so that what is owed from now on is known to those that run already.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.store.debts import Debt


class HandedOverError(asyncio.CancelledError):
    """Another bot answers this; nothing more may be said here. Ends the task."""


async def _nothing() -> None:
    pass


@dataclass(eq=False, slots=True)
class Owed:
    """An answer that this process owes. `times` counts the bots that began; the first is 1.

    `carried`: there is a task that will have answered when it ends, the `carrier` once it runs.
    `stored`: others can see it. `sure` looks whether the debt is still ours, where that is in doubt.
    """

    debt: Debt
    times: int = 1
    state: Literal["open", "paid", "handed_over"] = "open"
    hopeless: bool = False
    stored: bool = False
    carried: bool = False
    carrier: "asyncio.Task[Any] | None" = None
    sure: Callable[[], Awaitable[None]] = _nothing

    @property
    def resumed(self) -> bool:
        """Whether another bot had begun with it."""
        return self.times > 1


@dataclass(eq=False, slots=True)
class Delivery:
    """What came from Slack."""

    payload: Mapping[str, Any] = field(repr=False)
    owed: Owed | None = None


_DELIVERY: ContextVar[Delivery | None] = ContextVar("delivery", default=None)
_RESUMED: ContextVar[Owed | None] = ContextVar("resumed", default=None)


def enter_delivery(payload: Mapping[str, Any]) -> Delivery:
    """From now on this task, and those it starts, work on that."""
    delivery = Delivery(payload, _RESUMED.get())
    _DELIVERY.set(delivery)
    return delivery


def resume(owed: Owed) -> None:
    """The next delivery that this task enters is one that another bot had begun with."""
    _RESUMED.set(owed)


def current_delivery() -> Delivery | None:
    """What this task works on; None where nobody asked (watches, looks)."""
    return _DELIVERY.get()


def current_owed() -> Owed | None:
    """What this task owes, if anything."""
    delivery = _DELIVERY.get()
    return delivery.owed if delivery is not None else None


def is_resumed() -> bool:
    """Whether this task goes on with what another bot had begun."""
    owed = current_owed()
    return owed is not None and owed.resumed


async def fence() -> None:
    """Passed by everything that goes out to Slack.

    A bot that was stopped for a while (or whose work another took over while it was ending) must
    not answer as well.

    Raises:
        HandedOverError: Another bot answers.
    """
    owed = current_owed()
    if owed is None or owed.state == "paid":
        return
    if owed.state == "open":
        await owed.sure()
    if owed.state == "handed_over":
        raise HandedOverError
