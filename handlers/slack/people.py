"""Who asks: their language, time zone and name in Slack, looked up once an hour and never waited for.

`users.info` gives all three (docs.slack.dev/reference/methods/users.info; scope `users:read`, the
locale only with `include_locale`). What is known is kept in memory only, for a bounded number of
people: nothing about them is stored.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.store.space import in_space
from bot.texts.catalogue import LANGS, Lang
from bot.texts.moment import zone_named
from handlers.slack.web import api_error
from handlers.slack.work import TooMuchWorkError, Work

log = structlog.get_logger(__name__)

KEPT_FOR = timedelta(hours=1)
KEPT = 5000
# users.info is Tier 4 (100 a minute and more); a burst of strangers gets the default language.
AT_ONCE = 20
MOMENT_SECONDS = 0.3
"""How long an acknowledgement may wait for it; known next time."""


@dataclass(frozen=True)
class Person:
    """What Slack says of somebody. `lang` is None for a language that there are no texts in."""

    lang: Lang | None = None
    zone: tzinfo = UTC
    name: str | None = None


NOBODY = Person()


class People:
    """The people who ask; made once, as a part of the desk."""

    def __init__(self, client: AsyncWebClient, work: Work, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._work = work
        self._clock = clock
        self._kept: OrderedDict[str, tuple[datetime, Person]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Person | None]] = {}
        self._refused = False

    def known(self, user: str) -> Person | None:
        """What is known of somebody without asking Slack."""
        found = self._kept.get(in_space(user))
        if found is None or self._clock() - found[0] > KEPT_FOR:
            return None
        return found[1]

    async def person(self, user: str, within: float = MOMENT_SECONDS) -> Person:
        """What is known of somebody within `within` seconds; else nothing, and more next time."""
        known = self.known(user)
        if known is not None or not user:
            return known or NOBODY
        key = in_space(user)
        task = self._asking.get(key)
        if task is None:
            if len(self._asking) >= AT_ONCE:
                return NOBODY
            try:
                task = self._work.start(self._ask(user), name="people", follows=False)
            except TooMuchWorkError:
                return NOBODY
            self._asking[key] = task
            task.add_done_callback(lambda _task: self._asking.pop(key, None))
        if within > 0:
            await asyncio.wait((task,), timeout=within)
        if not task.done() or task.cancelled() or task.exception() is not None:
            return NOBODY
        return task.result() or NOBODY

    async def _ask(self, user: str) -> Person | None:
        try:
            answer = await self._client.users_info(user=user, include_locale=True)
        except SlackApiError as error:
            self._note(api_error(error))
            # Not asked again for a while: a missing scope stays missing.
            self._keep(user, NOBODY)
            return None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._note(type(error).__name__)
            return None
        self._refused = False
        person = read_person(answer.get("user"))
        self._keep(user, person)
        return person

    def _note(self, reason: str) -> None:
        if not self._refused:
            log.warning("languages of the people who ask are not known", reason=reason)
        self._refused = True

    def _keep(self, user: str, person: Person) -> None:
        self._kept[in_space(user)] = (self._clock(), person)
        self._kept.move_to_end(in_space(user))
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def read_person(user: Any) -> Person:
    """The parts of a user object that are used here; anything may be missing."""
    if not isinstance(user, Mapping):
        return NOBODY
    locale, zone, name = (user.get(key) for key in ("locale", "tz", "real_name"))
    spoken = locale.replace("_", "-").split("-")[0].casefold() if isinstance(locale, str) else ""
    return Person(
        lang=next((one for one in LANGS if one == spoken), None),
        zone=(zone_named(zone) if isinstance(zone, str) else None) or UTC,
        name=name.strip()[:80] or None if isinstance(name, str) else None,
    )
