"""Who may use the bot, and where: by channel, by user group, by workspace. One decision for all.

Without a setting everybody of the workspace may. Both settings given, both have to hold: nobody
widens by one what the other narrows. Groups are read from Slack (usergroups.users.list, scope
`usergroups:read`, needed for nothing else), kept for some minutes, and stay as they were known
while Slack does not answer.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.audit import Asker
from handlers.slack.web import api_error
from handlers.slack.work import TooMuchWorkError, Work

log = structlog.get_logger(__name__)

Why = Literal["channel", "group", "group_unknown", "team", "step"]
"""Why somebody may not: the last part of the sentence's key."""

FRESH = timedelta(minutes=10)
AGAIN = timedelta(minutes=1)
"""Somebody who is not on the list is looked for again after so long. The method is of Tier 2: some
20 calls a minute (docs.slack.dev/reference/methods/usergroups.users.list)."""
WAIT_SECONDS = 1.0
"""How long an asker waits for the list, well within Slack's three seconds."""

# In a window that was opened by somebody who may: its payload names no channel.
_WINDOWS = frozenset({"window", "menu"})


class Groups:
    """The members of the user groups whose people may ask."""

    def __init__(
        self,
        client: AsyncWebClient,
        work: Work,
        clock: Callable[[], datetime],
        groups: tuple[str, ...],
    ) -> None:
        self._client = client
        self._work = work
        self._clock = clock
        self._groups = groups
        self._members: frozenset[str] | None = None
        self._asked: datetime | None = None
        self._loading: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read the groups from Slack.

        Raises:
            SlackApiError: Slack refuses, such as for want of the scope.
        """
        self._asked = self._clock()
        found: set[str] = set()
        for group in self._groups:
            answer = await self._client.usergroups_users_list(usergroup=group)
            users = answer.get("users")
            found.update(one for one in users or () if isinstance(one, str))
        self._members = frozenset(found)

    async def has(self, user: str) -> bool | None:
        """Whether somebody is in one of them; None when Slack never said."""
        known = self._members is not None and user in self._members
        if self._asked is None or self._clock() - self._asked > (FRESH if known else AGAIN):
            await self._refresh()
        return None if self._members is None else user in self._members

    async def _refresh(self) -> None:
        if self._loading is None or self._loading.done():
            try:
                self._loading = self._work.start(self._load_quietly(), name="groups")
            except TooMuchWorkError:
                return
        await asyncio.wait((self._loading,), timeout=WAIT_SECONDS)

    async def _load_quietly(self) -> None:
        try:
            await self.load()
        except SlackApiError as error:
            log.warning("user groups are not known anew", reason=api_error(error))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("user groups are not known anew", reason=type(error).__name__)


class Access:
    """Decides for one asker."""

    def __init__(
        self,
        *,
        channels: tuple[str, ...] = (),
        groups: Groups | None = None,
        others: bool = False,
    ) -> None:
        """`others`: people of other workspaces, in channels shared with them, may ask, too."""
        self.channels = channels
        self.home: frozenset[str] = frozenset()
        """The workspace that the bot is in, and its organisation; empty until Slack has said."""
        self._groups = groups
        self._others = others

    async def why_not(self, asker: Asker, home: frozenset[str | None] = frozenset()) -> Why | None:
        """Why this asker may not ask here and by this way, or None when they may.

        Args:
            asker: Who, where, and by which way.
            home: The workspace that the request is for, where the bot is in several.
        """
        home = home or self.home
        if not self._others and asker.team and home and asker.team not in home:
            return "team"
        limited = bool(self.channels) or self._groups is not None
        if limited and asker.surface == "step":
            # Anybody may put a step into a workflow and have others, or a schedule, run it.
            return "step"
        if self.channels and asker.surface not in _WINDOWS and asker.channel not in self.channels:
            return "channel"
        if self._groups is not None:
            member = await self._groups.has(asker.user)
            if member is None:
                return "group_unknown"
            if not member:
                return "group"
        return None
