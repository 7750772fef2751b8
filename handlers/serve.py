"""Running the bot: everything is opened, connected and closed here, in this order.

The only place that knows all parts. `serve` returns when it was asked to stop and has drained.
"""

import asyncio
import errno
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.audit import Audited
from bot.chronicle import Chronicle
from bot.compare.kept import Comparisons
from bot.metrics import Metrics
from bot.places import places_of
from bot.service import Service
from bot.settings import Settings, SettingsError
from bot.store import EmbeddedServerError, Store, StoreAddressError, open_store
from bot.store.debts import LEASE, Debts
from bot.store.installations import Installations
from bot.sweep import Politeness
from bot.sweeper import Sweeper
from bot.texts import phrase_report
from bot.vantage import LocalVantage, Vantage, open_local_vantage
from bot.watcher import Teller, Watcher
from bot.worker import key_of
from bot.worker.fleet import Fleet
from handlers.answers.present import Phrase, Presenter
from handlers.app import build_app
from handlers.asking.noted import Noted
from handlers.desk import Desk
from handlers.install.credentials import read_credentials
from handlers.install.workspaces import Workspaces, WorkspaceTeller, oauth_flow
from handlers.manners.access import Access, Groups
from handlers.manners.rates import permit_by
from handlers.owed.ledger import Ledger
from handlers.owed.takeover import Takeover
from handlers.sharing.living import renew_watched
from handlers.slack.address import Addresses
from handlers.slack.doors import web_app
from handlers.slack.measure import Measures
from handlers.slack.people import People
from handlers.slack.reply import Replies
from handlers.slack.socket import Socket
from handlers.slack.uploaded import Files
from handlers.slack.web import api_error, open_session, web_client
from handlers.slack.work import Work
from handlers.sweeps.shower import SlackShower
from handlers.watches.teller import SlackTeller

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 1.5
"""How long a command waits for its answer before it is acknowledged without."""
DRAIN_SECONDS = 20.0
AUTH_FRESH_SECONDS = 60.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

# docs.slack.dev/reference/methods/auth.test, errors: no later attempt will turn out better.
_HOPELESS = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "missing_scope",
        "access_denied",
    }
)

# docs.slack.dev/reference/methods/usergroups.users.list, errors
_GROUPS_HOPELESS = frozenset(
    {
        "missing_scope",
        "no_such_subteam",
        "invalid_arguments",
        "no_permission",
        "plan_upgrade_required",
    }
)

OpenVantage = Callable[[Settings], AbstractAsyncContextManager[Vantage]]


@dataclass(frozen=True)
class Serving:
    """Where the bot can be reached, told once it takes work."""

    port: int
    mode: Literal["socket", "http"]


async def serve(
    settings: Settings,
    *,
    open_vantage: OpenVantage = open_local_vantage,
    phrase: Phrase = phrase_report,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    stop: asyncio.Event | None = None,
    started: Callable[[Serving], None] | None = None,
    host: str | None = None,
    patience: float = PATIENCE_SECONDS,
    drain_seconds: float = DRAIN_SECONDS,
    lease: timedelta = LEASE,
) -> None:
    """Run the bot until it is asked to stop, then drain and close.

    Args:
        settings: Tokens, port, Redis and policy.
        open_vantage: Opens the place that runs the checks.
        phrase: Fills in a Report's texts in a language.
        clock: Says what time it is.
        stop: Ends the bot when set. When None, SIGTERM and SIGINT end it.
        started: Called once the bot takes work.
        host: The interface to listen at; every one when None.
        patience: Seconds that a command waits for its answer before it is acknowledged without.
        drain_seconds: How long background work may take to finish at the end.
        lease: How long a bot may give no sign of life before others take over what it owes.

    Raises:
        SettingsError: A setting is missing or refused; the text names it.
    """
    credentials = read_credentials(settings)
    app_token, oauth = credentials.app_token, credentials.oauth
    # Who passes `stop` minds the signals.
    signals = _SIGNALS if stop is None else ()
    stop = stop or asyncio.Event()
    metrics = Metrics()
    measures = Measures(metrics)
    async with (
        _stopped_by(signals, stop),
        _opened_store(settings, clock, metrics) as store,
        open_vantage(settings) as vantage,
        places_of(settings, vantage, clock=clock) as places,
        open_session(settings.slack_api_url) as session,
    ):
        if isinstance(vantage, LocalVantage):
            vantage.share(store.shelf)
        service = Service(
            vantage,
            store,
            places=places,
            clock=clock,
            cache_seconds=settings.tlscheck_cache_seconds,
            metrics=metrics,
        )
        # What people and watches ask; `service` itself is closed below.
        asked = Audited(
            service,
            permit_by(
                store.rates,
                measures,
                person=settings.tlscheck_rate_person,
                channel=settings.tlscheck_rate_channel,
            ),
        )
        client = web_client(
            credentials.bot_token,
            settings.slack_api_url,
            session,
            measures,
            many=oauth is not None,
        )
        work = Work(measures)
        app_name, secrets = credentials.common_secrets()
        debts = Debts(store.connection, store.once, app_name, secrets, lease=lease)
        ledger = Ledger(debts, measures, clock)
        desk = Desk(
            service=Noted(asked, store.recent, work),
            unnoted=asked,
            places=places,
            comparisons=Comparisons(store.connection),
            store=store,
            client=client,
            reply=Replies(session, measures),
            presenter=Presenter(phrase, lambda: len(places.names()) > 1),
            work=work,
            ledger=ledger,
            measures=measures,
            clock=clock,
            people=People(client, work, clock),
            watches=store.watches,
            histories=store.history,
            threads=store.threads,
            posts=store.posts,
            recent=store.recent,
            choices=store.choices,
            addresses=Addresses(),
            neighbours=store.neighbours,
            sweeps=store.sweeps,
            most_swept=settings.tlscheck_sweep_hosts,
            few_channels=bool(settings.tlscheck_channels),
            files=Files(session, client, settings.slack_api_url),
            lang=settings.tlscheck_lang or "en",
            lang_is_set=settings.tlscheck_lang is not None,
            patience=patience,
        )
        groups = None
        if settings.tlscheck_user_groups:
            groups = Groups(client, work, clock, settings.tlscheck_user_groups)
        access = Access(
            channels=settings.tlscheck_channels,
            groups=groups,
            others=settings.tlscheck_other_workspaces,
        )
        workspaces: Workspaces | None = None
        flow: AsyncOAuthFlow | None = None
        teller: Teller = SlackTeller(lambda _team: client, partial(renew_watched, desk))
        if oauth is not None:
            stored = Installations(store.connection, oauth.keys)
            workspaces = Workspaces(stored, clock)
            plain = web_client(None, settings.slack_api_url, session, measures)
            flow = oauth_flow(workspaces, stored, plain, oauth)
            teller = WorkspaceTeller(teller, workspaces)
        app = build_app(
            desk, access, signing_secret=credentials.signing_secret, workspaces=workspaces
        )
        takeover = Takeover(desk, app, settings.slack_api_url, lease / 4)
        watcher = Watcher(store.watches, asked, teller, clock, metrics=metrics)
        sweeper = Sweeper(
            store.sweeps,
            places,
            SlackShower(desk, workspaces.enter if workspaces is not None else None),
            clock,
            politeness=Politeness(rate=settings.tlscheck_sweep_rate),
            note=Chronicle(store).note,
        )
        slack = _Slack(client, access, groups, many=oauth is not None)
        socket: Socket | None = None

        async def problems() -> dict[str, str]:
            found = {}
            if not await store.ping():
                found["redis"] = "does not answer: checks run, and nothing is cached"
            trouble = socket.problem() if socket is not None else await slack.problem()
            if trouble is not None:
                found["slack"] = trouble
            if work.closed:
                found["tlscheck"] = "is ending"
            return found

        fleet = None
        if settings.redis_url is not None:
            key = key_of(settings.tlscheck_worker_key)
            fleet = Fleet(store.connection, metrics.registry, key)
        runner = web.AppRunner(
            web_app(app if credentials.signing_secret else None, measures, problems, flow, fleet),
            access_log=None,
            shutdown_timeout=5.0,
        )
        try:
            port = await _listen(runner, host, settings.port)
            if app_token is not None:
                socket = Socket(app, app_token, client, measures, clock, on_lost=desk.send_lost)
            try:
                if await _until_stopped(stop, slack.connect(socket, app_token)):
                    mode: Literal["socket", "http"] = "socket" if socket else "http"
                    log.info("the bot takes work", mode=mode, port=port)
                    watcher.start()
                    takeover.start()
                    sweeper.start()
                    if started is not None:
                        started(Serving(port, mode))
                    await stop.wait()
            finally:
                log.info("ending: finishing what was begun", tasks=len(work))
                await ledger.leave()
                await asyncio.gather(watcher.aclose(), sweeper.aclose())
                unfinished = await work.drain(drain_seconds, last_word=ledger.hand_over)
                if unfinished:
                    log.warning("not finished in time", tasks=unfinished)
                await takeover.aclose()
                await ledger.release()
                await service.aclose(1.0 if unfinished else 0.0)
                if socket is not None:
                    await socket.aclose()
        finally:
            await runner.cleanup()
    log.info("ended")


@asynccontextmanager
async def _opened_store(
    settings: Settings, clock: Callable[[], datetime], metrics: Metrics
) -> AsyncIterator[Store]:
    url = settings.redis_url.get_secret_value() if settings.redis_url else None
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(
                open_store(url, clock, on_away=metrics.redis_away)
            )
        except (StoreAddressError, EmbeddedServerError) as error:
            msg = f"REDIS_URL: {error}"
            raise SettingsError(msg) from error
        yield store


@asynccontextmanager
async def _stopped_by(
    signals: tuple[signal.Signals, ...], stop: asyncio.Event
) -> AsyncIterator[None]:
    """These signals set `stop` for the length of the block."""
    loop = asyncio.get_running_loop()
    taken = []
    for one in signals:
        # Only the main thread may, and not on Windows: there Ctrl-C raises by itself.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(one, stop.set)
            taken.append(one)
    try:
        yield
    finally:
        for one in taken:
            loop.remove_signal_handler(one)


async def _listen(runner: web.AppRunner, host: str | None, port: int) -> int:
    """Listen; returns the port, also when any was asked for.

    Raises:
        SettingsError: The port is taken, or may not be used.
    """
    await runner.setup()
    # A burst of an incident: the default of 128 waiting connections would make some wait seconds.
    site = web.TCPSite(runner, host, port, backlog=1024)
    try:
        await site.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            msg = f"PORT: {port} is in use by another program; choose another one"
        else:
            msg = f"PORT: cannot listen on {port}: {error.strerror or error}"
        raise SettingsError(msg) from error
    return int(runner.addresses[0][1])


async def _until_stopped(stop: asyncio.Event, job: Coroutine[Any, Any, None]) -> bool:
    """Run a job unless `stop` comes first; returns whether it was done."""
    task = asyncio.ensure_future(job)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            return False
        task.result()
        return True
    finally:
        for one in (task, stopping):
            one.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)


class _Slack:
    """Slack's Web API: whether it takes our token."""

    def __init__(
        self, client: AsyncWebClient, access: Access, groups: Groups | None, *, many: bool
    ) -> None:
        self._client = client
        self._many = many
        self._access = access
        self._groups = groups
        self._asked = float("-inf")
        self._trouble: str | None = "not asked yet"
        self._lock = asyncio.Lock()

    async def _test(self) -> AsyncSlackResponse:
        # With many workspaces there may be no token yet: then only whether Slack is there.
        return await (self._client.api_test() if self._many else self._client.auth_test())

    async def problem(self) -> str | None:
        """What is wrong, or None; asked anew at most once a minute."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now - self._asked > AUTH_FRESH_SECONDS:
                try:
                    async with asyncio.timeout(5):
                        await self._test()
                    self._trouble, self._asked = None, now
                except SlackApiError as error:
                    self._trouble = f"auth.test: {api_error(error)}"
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    self._trouble = f"auth.test: {type(error).__name__}"
            return self._trouble

    async def connect(self, socket: Socket | None, app_token: str | None) -> None:
        """Try the tokens, and open the socket if there is one; waits while Slack is away.

        Raises:
            SettingsError: Slack refuses a token for good.
        """
        wait = 1.0
        while True:
            name = "SLACK_BOT_TOKEN"
            try:
                ours = await self._test()
                self._trouble, self._asked = None, asyncio.get_running_loop().time()
                ids = (ours.get("team_id"), ours.get("enterprise_id"))
                self._access.home = frozenset(one for one in ids if isinstance(one, str))
                if self._groups is not None:
                    name = "TLSCHECK_USER_GROUPS"
                    await self._groups.load()
                if socket is not None and app_token is not None:
                    name = "SLACK_APP_TOKEN"
                    opened = await self._client.apps_connections_open(app_token=app_token)
                    await socket.open(str(opened["url"]))
            except SlackApiError as error:
                reason = api_error(error)
                if name == "TLSCHECK_USER_GROUPS" and reason in _GROUPS_HOPELESS:
                    msg = (
                        f"{name}: Slack does not let tlscheck read the user groups ({reason}): "
                        "the ids have to be right, and the app needs the scope usergroups:read"
                    )
                    raise SettingsError(msg) from error
                if reason in _HOPELESS:
                    msg = f"{name}: Slack does not accept it ({reason})"
                    raise SettingsError(msg) from error
                log.warning("Slack is not ready", reason=reason, again_in=wait)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("Slack is not reached", reason=type(error).__name__, again_in=wait)
            else:
                return
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30.0)
