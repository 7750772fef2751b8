"""What only Slack can say of an installation: whether it takes the tokens, and what it granted.

Nothing is posted, and no Socket Mode connection is opened: apps.connections.open only gives its
address. The rest of the doctor is in `bot.doctor`.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.diagnosis.proxy import ProxyAddressError, parse_proxy
from bot.doctor.finding import Finding, OtherClock, Sight, fine, note, unset, wrong
from bot.metrics import Metrics
from bot.settings import Settings
from handlers.install.credentials import find_slips
from handlers.install.workspaces import SCOPES
from handlers.slack.measure import Measures
from handlers.slack.web import api_error, goes_straight, open_session, web_client

CALL_SECONDS = 8.0
_GROUPS_SCOPE = "usergroups:read"
# docs.slack.dev, "Verifying requests from Slack": what the app's settings show are 32 hex digits.
_SECRET = re.compile(r"[0-9a-f]{32}")
_TOKEN = re.compile(r"x(?:ox[a-z]|app)-")
_BUSY = ("ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable")


async def look_at_slack(settings: Settings) -> Sight:
    """The credentials' form, then what Slack says to them."""
    given = (
        settings.slack_bot_token,
        settings.slack_app_token,
        settings.slack_signing_secret,
    )
    if not any(given) and not settings.slack_client_id:
        return Sight((unset("slack", "unset"),))
    slips = list(find_slips(settings))
    found = [wrong("slack", f"{one.code}", name=one.name) for one in slips]
    found += _signing_secret(settings.slack_signing_secret)
    wrong_names = {one.name for one in slips}
    async with open_session(settings.slack_api_url) as session:
        client = web_client(
            _value(settings.slack_bot_token),
            settings.slack_api_url,
            session,
            Measures(Metrics()),
        )
        # A person waits: what Slack or the network says first is what they want to hear.
        client.retry_handlers = []
        asking = _Asking(client, settings)
        if settings.slack_client_id:
            calls = [asking.whether_it_is_there()]
        else:
            calls = []
            if "SLACK_BOT_TOKEN" not in wrong_names:
                calls.append(asking.about_the_bot())
            if settings.slack_app_token is not None and "SLACK_APP_TOKEN" not in wrong_names:
                calls.append(asking.about_the_app())
        sights = await asyncio.gather(*calls)
    for one in (one for sight in sights for one in sight.findings):
        # Both tokens meet the same network: its fault is said once.
        if one not in found:
            found.append(one)
    clocks = tuple(one for sight in sights for one in sight.clocks)[:1]
    return Sight(tuple(found), clocks)


def _signing_secret(secret: SecretStr | None) -> list[Finding]:
    text = _value(secret)
    if text is None or _SECRET.fullmatch(text):
        return []
    # What Slack shows has been of one form for years, but no document promises it.
    return [(wrong if _TOKEN.match(text) else note)("slack", "signing_secret_form")]


class _Asking:
    """Calls of the Web API, and what their answers mean."""

    def __init__(self, client: AsyncWebClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._host = urlsplit(settings.slack_api_url).hostname or ""
        self._via = _proxy_of(self._host)

    async def whether_it_is_there(self) -> Sight:
        """With many workspaces there is no token to ask with."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                answer = await self._client.api_test()
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return Sight((self._failed(error, "SLACK_API_URL"),))
        return Sight((self._reached("there"),), self._clock(answer.headers))

    async def about_the_bot(self) -> Sight:
        """The bot token, what it may do, and the user groups that the settings name."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                answer = await self._client.auth_test()
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return Sight((self._failed(error, "SLACK_BOT_TOKEN"),))
        team, bot = str(answer.get("team", "?"))[:80], str(answer.get("user", "?"))[:80]
        found = [self._reached("bot_token", team=team, bot=bot)]
        found += _scopes(answer.headers, groups=bool(self._settings.tlscheck_user_groups))
        for group in self._settings.tlscheck_user_groups:
            found += await self._about_group(group)
        return Sight(tuple(found), self._clock(answer.headers))

    async def about_the_app(self) -> Sight:
        """The app-level token, by the address that it would open."""
        token = _value(self._settings.slack_app_token) or ""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._client.apps_connections_open(app_token=token)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            return Sight((self._failed(error, "SLACK_APP_TOKEN"),))
        return Sight((fine("slack", "app_token"),))

    async def _about_group(self, group: str) -> list[Finding]:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._client.usergroups_users_list(usergroup=group)
        except SlackApiError as error:
            reason = api_error(error)
            # The scope is spoken of already.
            return [] if reason == "missing_scope" else [_group(group, reason)]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return [_group(group, type(error).__name__)]
        return []

    def _reached(self, code: str, **values: Any) -> Finding:
        if self._via is None:
            return fine("slack", code, **values)
        return fine("slack", f"{code}_by_proxy", via=self._via, **values)

    def _failed(self, error: Exception, name: str) -> Finding:
        host, via = self._host, self._via
        if isinstance(error, SlackApiError):
            reason = api_error(error)
            if reason in ("no_json", "unknown_error"):
                return wrong("slack", "not_slack", host=host)
            if reason in _BUSY:
                return note("slack", "busy", reason=reason)
            if reason == "missing_scope":
                return wrong("slack", "app_scope")
            return wrong("slack", "refused", name=name, reason=reason)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return wrong("slack", "untrusted", host=host, reason=_words(error.certificate_error))
        if via is not None:
            return wrong("slack", "proxy_fails", via=via, reason=_words(error))
        if isinstance(error, TimeoutError):
            return wrong("slack", self._away("silent"), host=host, seconds=int(CALL_SECONDS))
        return wrong("slack", self._away("away"), host=host, reason=_words(error))

    def _away(self, code: str) -> str:
        # The checks take the proxy of `.env`, Slack takes the environment's alone.
        only_there = self._settings.https_proxy is not None and "https" not in getproxies()
        return "proxy_in_file_only" if only_there else code

    def _clock(self, headers: Mapping[str, Any]) -> tuple[OtherClock, ...]:
        try:
            shown = parsedate_to_datetime(str(headers["Date"]))
            return (OtherClock(self._host, shown.astimezone(UTC) - datetime.now(UTC)),)
        except (KeyError, ValueError, OverflowError):
            return ()


def _scopes(headers: Mapping[str, Any], *, groups: bool) -> list[Finding]:
    """Those that were granted against those that are asked for (deploy/slack-manifest.yaml)."""
    named = next((str(v) for k, v in headers.items() if k.lower() == "x-oauth-scopes"), None)
    if named is None:
        return [note("slack", "scopes_unknown")]
    granted = {one.strip() for one in named.split(",") if one.strip()}
    needed = {*SCOPES, *((_GROUPS_SCOPE,) if groups else ())}
    missing, more = needed - granted, granted - needed - {_GROUPS_SCOPE}
    found = []
    if missing:
        found.append(wrong("slack", "scopes_missing", n=len(missing), names=_listed(missing)))
    else:
        found.append(fine("slack", "scopes", n=len(needed)))
    if more:
        found.append(note("slack", "scopes_more", names=_listed(more)))
    return found


def _group(group: str, reason: str) -> Finding:
    return wrong("slack", "group", group=group, reason=reason)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))[:400]


def _words(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text.partition("\n")[0][:200]


def _proxy_of(host: str) -> str | None:
    """The environment's proxy that leads to a host, without its password."""
    url = None if goes_straight(host) else getproxies().get("https")
    if not url:
        return None
    try:
        return parse_proxy(url).name
    except ProxyAddressError:
        return "HTTPS_PROXY"


def _value(secret: SecretStr | None) -> str | None:
    return (secret.get_secret_value().strip() or None) if secret is not None else None
