"""The debts of this process: begun with a delivery, paid with its answer, lost with our life.

Redis being away costs the promise and nothing else: deliveries are worked on as ever, and what is
still open when it is back is noted then.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, ParamSpec, TypeVar

import structlog

from bot.store.connection import StoreAwayError
from bot.store.debts import KEPT, MOST_NOTES, Beat, Debt, Debts, debt_id
from handlers.owed.delivery import Owed, current_delivery, current_owed, is_resumed
from handlers.slack.measure import Measures

log = structlog.get_logger(__name__)

MOST_TIMES = 3
"""Bots that may begin with one delivery: it may be what killed them."""
STORE_SECONDS = 0.5
"""How long Redis may take, before it goes on without."""
# Verification tokens are deprecated and prove nothing; of a pressed message nothing is read.
_LEFT_OUT = ("token",)

P = ParamSpec("P")
T = TypeVar("T")


class Ledger:
    """What this process owes; `beat` is called every two seconds."""

    def __init__(self, debts: Debts, measures: Measures, clock: Callable[[], datetime]) -> None:
        self._debts = debts
        self._measures = measures
        self._clock = clock
        self._bot = secrets.token_hex(8)
        self._open: dict[str, Owed] = {}
        self._unclosed: set[str] = set()
        self._leaving = False
        self._others = 0
        self._away = False
        self._beaten: float | None = None
        self._steady_since = float("-inf")

    def __len__(self) -> int:
        return len(self._open)

    # --- for those who answer

    async def begin(self, kind: str, delivery: str, ttl: timedelta) -> Owed | None:
        """Take a delivery before it is acknowledged; from now on its answer is owed.

        Args:
            kind: What it is; ids of different kinds do not meet.
            delivery: Its id; empty where there is none, and nobody can tell a repetition.
            ttl: How long it is remembered.

        Returns:
            None when it was taken before.
        """
        here = current_delivery()
        if here is not None and here.owed is not None:
            return here.owed
        owed = self._made(kind, delivery or secrets.token_hex(16))
        try:
            async with asyncio.timeout(STORE_SECONDS):
                if not await self._debts.begin(self._bot, owed.debt, ttl):
                    return None
            owed.stored = True
        except TimeoutError:
            owed.stored = self._away = True
        except StoreAwayError:
            self._away = True
        self._note_open(owed)
        return owed

    async def take(self, kind: str, delivery: str, ttl: timedelta) -> str | None:
        """Take a delivery that will most likely be answered in its acknowledgement.

        Returns:
            None when it is ours; else who took it: another bot by its name, or nothing to ask about.
        """
        if not delivery or is_resumed():
            return None
        try:
            async with asyncio.timeout(STORE_SECONDS):
                taker = await self._debts.take(self._bot, debt_id(kind, delivery), ttl)
        except (StoreAwayError, TimeoutError):
            return None
        # Where something is owed for it, whoever owes it answers.
        return "" if taker == debt_id(kind, delivery) else taker

    async def inquire(self, taker: str, kind: str, delivery: str, ttl: timedelta) -> None:
        """A delivery came again that another bot had taken: should that be dead, it is answered."""
        debt = self._made(kind, delivery).debt
        seconds = self._debts.lease.total_seconds()
        first = 0
        async with asyncio.timeout(3 * seconds):
            while True:
                try:
                    found = await self._debts.adopt(taker, debt, ttl)
                except StoreAwayError:
                    return
                if found <= 0 or (first and found > first):
                    break
                first = first or found
                await asyncio.sleep(seconds / 8)
        if found == 0:
            log.warning("a delivery came again whose bot had died")

    async def owe(
        self,
        kind: str,
        delivery: str,
        ttl: timedelta,
        payload: Mapping[str, Any] | None = None,
    ) -> Owed:
        """What was taken already is not answered at once: from now on its answer is owed.

        `payload`: what is noted of it, where that is less than what Slack sent.
        """
        here = current_delivery()
        if here is not None and here.owed is not None:
            return here.owed
        owed = self._made(kind, delivery or secrets.token_hex(16), payload)
        await self._put(owed, ttl)
        self._note_open(owed)
        return owed

    def carry(
        self,
        owed: Owed,
        job: Callable[P, Coroutine[Any, Any, T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, T]:
        """What answers the delivery, for a task: when it has ended nothing is owed any more."""
        owed.carried = True

        async def carried() -> T:
            owed.carrier = asyncio.current_task()
            try:
                return await job(*args, **kwargs)
            finally:
                await self.settle(owed)

        return carried()

    async def settle(self, owed: Owed) -> None:
        """It was answered."""
        if owed.state != "open":
            return
        owed.state = "paid"
        self._open.pop(owed.debt.id, None)
        self._measures.debts.set(len(self._open))
        if not owed.stored:
            return
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await self._debts.close(self._bot, owed.debt.id)
        except (StoreAwayError, TimeoutError):
            self._away = True
            self._unclosed.add(owed.debt.id)

    async def forgive(self) -> None:
        """What this task owes, if anything, was answered by other means."""
        owed = current_owed()
        if owed is not None and owed.carrier is None:
            await self.settle(owed)

    async def give_away(self, owed: Owed) -> bool:
        """While this process is ending: leave a delivery that just came to another bot.

        Returns:
            Whether there is one; then nothing more may be said of it here.
        """
        if not self._leaving or self._others < 1 or self._away:
            return False
        # Under the name of a bot that is gone already, since we stay for a while.
        name = f"{self._bot}-left"
        try:
            async with asyncio.timeout(2 * STORE_SECONDS):
                await self._debts.put(name, owed.debt, owed.times)
                await self._debts.release(name)
                await self._debts.close(self._bot, owed.debt.id)
        except (StoreAwayError, TimeoutError):
            self._away = True
            return False
        owed.state = "handed_over"
        self._open.pop(owed.debt.id, None)
        self._measures.debts.set(len(self._open))
        return True

    async def note(self, name: str, value: str = "1") -> None:
        """Note how far this task's delivery is: who takes it over reads it (`noted`)."""
        owed = current_owed()
        if owed is None or owed.state != "open" or len(owed.debt.notes) >= MOST_NOTES:
            return
        notes = owed.debt.notes | {name[:200]: value[:200]}
        owed.debt = owed.debt.model_copy(update={"notes": notes})
        await self._put(owed)

    def noted(self, name: str) -> str:
        """What was noted of this task's delivery, be it by another bot; else nothing."""
        owed = current_owed()
        return owed.debt.notes.get(name, "") if owed is not None else ""

    # --- for the heartbeat

    async def beat(self) -> Beat | None:
        """Give a sign of life; None while Redis is away."""
        try:
            async with asyncio.timeout(2 * STORE_SECONDS):
                beat = await self._debts.beat(self._bot, takes_over=not self._leaving)
        except (StoreAwayError, TimeoutError):
            self._away = True
            return None
        now = monotonic()
        if now - (self._beaten or now) > self._debts.lease.total_seconds():
            # Others could not give a sign either: they are dead only if they still give none.
            self._steady_since = now
        self._beaten, self._others = now, beat.others
        was_away, self._away = self._away, False
        if beat.taken_for_dead:
            log.warning("others have taken over what was begun here", debts=len(self._open))
            self._lose(cancel=True)
            self._bot = secrets.token_hex(8)
        elif was_away or not beat.known:
            await self._renew()
        return beat

    def may_claim(self) -> bool:
        """Whether those that gave no sign of life are really dead."""
        steady = monotonic() - self._steady_since > self._debts.lease.total_seconds()
        return steady and not self._leaving

    async def claim(self, dead: str, most: int) -> list[Owed]:
        """Take over from a dead bot; they are ours, and still to be worked on."""
        taken = []
        for one in await self._debts.claim(dead, self._bot, most):
            if one.debt is None:
                self._measures.debts_taken_over.labels("unreadable").inc()
                await self._debts.close(self._bot, one.id)
                continue
            hopeless = one.times > MOST_TIMES or self._clock() - one.debt.at > KEPT
            owed = Owed(
                one.debt, max(one.times, 2), hopeless=hopeless, stored=True, sure=self._sure
            )
            self._note_open(owed, current=False)
            taken.append(owed)
        return taken

    # --- for the end

    async def leave(self) -> None:
        """This process is ending: it takes nothing over any more."""
        self._leaving = True
        await self.beat()

    async def hand_over(self) -> None:
        """What is not finished goes to another bot, if there is one; else it is told here."""
        beat = await self.beat()
        if beat is not None and beat.others > 0 and self._open:
            log.info("handing over what was begun", debts=len(self._open))
            self._lose(cancel=False)

    async def release(self) -> None:
        """The last word: what is still owed here may be taken over at once."""
        try:
            async with asyncio.timeout(2 * STORE_SECONDS):
                if self._unclosed:
                    await self._debts.close(self._bot, *self._unclosed)
                await self._debts.release(self._bot)
        except (StoreAwayError, TimeoutError):
            log.info("the last debts stay until the lease ends", debts=len(self._open))

    def _made(self, kind: str, delivery: str, payload: Mapping[str, Any] | None = None) -> Owed:
        here = current_delivery()
        if payload is None:
            payload = here.payload if here is not None else {}
        debt = Debt.model_construct(
            id=debt_id(kind, delivery), at=self._clock(), payload=_kept(payload), notes={}
        )
        return Owed(debt, sure=self._sure)

    def _note_open(self, owed: Owed, *, current: bool = True) -> None:
        here = current_delivery()
        if current and here is not None:
            here.owed = owed
        self._open[owed.debt.id] = owed
        self._measures.debts.set(len(self._open))

    async def _put(self, owed: Owed, ttl: timedelta | None = None) -> None:
        """`ttl`: also have the mark of its delivery say that something is owed."""
        try:
            async with asyncio.timeout(STORE_SECONDS):
                if ttl is None:
                    await self._debts.put(self._bot, owed.debt, owed.times)
                else:
                    await self._debts.owe(self._bot, owed.debt, ttl)
            owed.stored = True
        except TimeoutError:
            owed.stored = self._away = True
        except StoreAwayError:
            self._away = True

    async def _sure(self) -> None:
        """After a pause of this process: whether what it owes is still its own."""
        if self._beaten is None or self._away:
            return
        if monotonic() - self._beaten > 0.75 * self._debts.lease.total_seconds():
            await self.beat()

    async def _renew(self) -> None:
        """Redis was away, or has forgotten us: what is open now is noted again."""
        unclosed, self._unclosed = self._unclosed, set()
        try:
            if unclosed:
                await self._debts.close(self._bot, *unclosed)
        except StoreAwayError:
            self._unclosed |= unclosed
            self._away = True
        await asyncio.gather(*(self._put(owed) for owed in tuple(self._open.values())))

    def _lose(self, *, cancel: bool) -> None:
        for owed in self._open.values():
            owed.state = "handed_over"
            if cancel and owed.carrier is not None:
                owed.carrier.cancel()
        self._open.clear()
        self._measures.debts.set(0)


def _kept(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a listener needs of a payload to answer it elsewhere."""
    left_out = (*_LEFT_OUT, "message") if payload.get("type") == "block_actions" else _LEFT_OUT
    return {name: value for name, value in payload.items() if name not in left_out}
