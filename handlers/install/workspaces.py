"""Many workspaces: installing by OAuth, finding the token of whoever asks, and uninstalling.

Bolt's own flow (`/slack/install`, `/slack/oauth_redirect`) over our Redis; each request then works
with its own workspace's token and in its own space. One workspace by SLACK_BOT_TOKEN needs none of
this. Source: docs.slack.dev/authentication/installing-with-oauth.
"""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.models.installation import Installation as SlackInstallation
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from bot.audit import Asker, note
from bot.store.connection import StoreAwayError
from bot.store.installations import STATE_SECONDS, Installation, Installations
from bot.store.space import set_space
from bot.watch import Notice, Watch
from bot.watcher import Teller, Told
from handlers.install.credentials import OAuth
from handlers.slack.web import use_token

log = structlog.get_logger(__name__)

# Those of deploy/slack-manifest.yaml; a test compares them.
SCOPES = (
    "commands",
    "app_mentions:read",
    "chat:write",
    "files:read",
    "files:write",
    "im:history",
    "im:write",
    "users:read",
)
FRESH = timedelta(minutes=1)
"""How long an uninstallation that another process heard of may go unnoticed here."""
KEPT = 2000


class Workspaces:
    """The installed workspaces; kept in memory for a while, and for as long as Redis is away."""

    def __init__(self, stored: Installations, clock: Callable[[], datetime]) -> None:
        self._stored = stored
        self._clock = clock
        self._kept: OrderedDict[str, tuple[datetime, Installation | None]] = OrderedDict()

    async def authorize(
        self, enterprise_id: str | None, team_id: str | None
    ) -> AuthorizeResult | None:
        """What Bolt asks for each request; None where the app is not installed (any more)."""
        for owner in (team_id, enterprise_id):
            found = await self._find(owner) if owner else None
            if found is not None:
                return AuthorizeResult(
                    enterprise_id=found.enterprise,
                    team_id=team_id or found.team,
                    bot_token=found.bot_token,
                    bot_user_id=found.bot_user or None,
                    bot_id=found.bot_id or None,
                )
        return None

    async def enter(self, space: str) -> bool:
        """From now on this task works in that workspace; False when it is not installed there.

        Raises:
            StoreAwayError: Redis is away, and the workspace was not seen lately.
        """
        found = await self._find(space)
        if found is None:
            return False
        enter(found.bot_token, space)
        return True

    async def save(self, installation: Installation) -> None:
        """It was installed; raises StoreAwayError."""
        await self._stored.save(installation)
        self._keep(installation.owner, installation)
        note("installed", Asker("install", team=installation.owner))

    async def forget(self, owner: str) -> None:
        """It was uninstalled, or its token was revoked; raises StoreAwayError."""
        self._keep(owner, None)
        await self._stored.forget(owner)
        note("uninstalled", Asker("install", team=owner))

    async def _find(self, owner: str) -> Installation | None:
        kept = self._kept.get(owner)
        if kept is not None and self._clock() - kept[0] < FRESH:
            return kept[1]
        try:
            found = await self._stored.find(owner)
        except StoreAwayError:
            if kept is None:
                raise
            return kept[1]
        self._keep(owner, found)
        return found

    def _keep(self, owner: str, found: Installation | None) -> None:
        self._kept[owner] = (self._clock(), found)
        self._kept.move_to_end(owner)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def enter(token: str | None, space: str) -> None:
    """From now on this task speaks with that token, and in that workspace's space."""
    use_token(token)
    set_space(space)


class WorkspaceTeller:
    """Tells the news of a watch in the workspace that it was begun in."""

    def __init__(self, teller: Teller, workspaces: Workspaces) -> None:
        self._teller = teller
        self._workspaces = workspaces

    async def tell(self, watch: Watch, notice: Notice) -> Told:
        """Say it; a watch of a workspace that has uninstalled the app ends."""
        try:
            installed = await self._workspaces.enter(watch.space)
        except StoreAwayError:
            return "later"
        return await self._teller.tell(watch, notice) if installed else "never"


class _Saving(AsyncInstallationStore):
    """What Bolt's flow saves with; it reads nothing, `Workspaces.authorize` does."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def async_save(self, installation: SlackInstallation) -> None:
        whole = bool(installation.is_enterprise_install)
        await self._workspaces.save(
            Installation(
                team=None if whole else installation.team_id,
                enterprise=installation.enterprise_id,
                bot_token=installation.bot_token or "",
                bot_user=installation.bot_user_id or "",
                bot_id=installation.bot_id or "",
                scopes=tuple(installation.bot_scopes or ()),
            )
        )


class _States(AsyncOAuthStateStore):
    """What an installation was begun with: against being led into somebody else's."""

    def __init__(self, stored: Installations) -> None:
        self._stored = stored

    async def async_issue(self, *_args: Any, **_kwargs: Any) -> str:
        state = secrets.token_urlsafe(32)
        await self._stored.issue_state(state)
        return state

    async def async_consume(self, state: str) -> bool:
        return await self._stored.consume_state(state)


def oauth_flow(
    workspaces: Workspaces, stored: Installations, client: AsyncWebClient, oauth: OAuth
) -> AsyncOAuthFlow:
    """Bolt's flow with our stores.

    Args:
        workspaces: Where an installation ends.
        stored: Where one is begun.
        client: Without a token; its address says where Slack is.
        oauth: The app's own credentials.
    """
    # Its warning quotes the code that Slack did not take.
    logger = logging.getLogger("handlers.oauth")
    logger.setLevel(logging.ERROR)
    settings = AsyncOAuthSettings(
        client_id=oauth.client_id,
        client_secret=oauth.client_secret,
        scopes=SCOPES,
        user_scopes=(),
        redirect_uri=oauth.redirect_uri,
        installation_store=_Saving(workspaces),
        state_store=_States(stored),
        state_expiration_seconds=STATE_SECONDS,
        authorization_url=f"{client.base_url.removesuffix('api/')}oauth/v2/authorize",
        logger=logger,
    )
    return AsyncOAuthFlow(client=client, logger=logger, settings=settings)


def add_pages(app: web.Application, flow: AsyncOAuthFlow) -> None:
    """The pages that an installation begins and ends on."""

    async def install(request: web.Request) -> web.Response:
        return await _page(flow.handle_installation(await to_bolt_request(request)))

    async def redirect(request: web.Request) -> web.Response:
        return await _page(flow.handle_callback(await to_bolt_request(request)))

    app.router.add_get(flow.install_path, install)
    app.router.add_get(flow.redirect_uri_path, redirect)


async def _page(answer: Any) -> web.Response:
    try:
        return await to_aiohttp_response(await answer)
    except StoreAwayError:
        log.warning("an installation was not done: Redis is away")
        return web.Response(status=503, text="Please try again in a minute.")


def hear_uninstalls(app: AsyncApp, workspaces: Workspaces) -> None:
    """Forget a workspace's token as soon as it is worth nothing."""

    @app.event("app_uninstalled")
    async def on_uninstalled(body: dict[str, Any]) -> None:
        await workspaces.forget(_owner(body))

    @app.event("tokens_revoked")
    async def on_revoked(body: dict[str, Any], event: dict[str, Any]) -> None:
        tokens = event.get("tokens")
        if isinstance(tokens, Mapping) and tokens.get("bot"):
            await workspaces.forget(_owner(body))


def _owner(body: Mapping[str, Any]) -> str:
    return str(body.get("team_id") or body.get("enterprise_id") or "")
