"""The client of Slack's Web API: one HTTP session, and patience where Slack asks for it.

slack_sdk repeats lost connections only; 429 and 5xx need handlers of their own
(`http_retry/builtin_async_handlers.py`), and its own for 5xx leaves out 502 and 504.
"""

import re
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from handlers.owed.delivery import fence
from handlers.slack.measure import Measures

CALL_SECONDS = 30
LONGEST_WAIT = 60
"""How long a call waits where Slack names a time (429, Retry-After); for longer it is given up."""
_ERROR_WORD = re.compile(r"[a-z0-9_]{1,64}")


class _Counted(AsyncRetryHandler):
    """Counts each attempt that follows a failed one; when to try again is the other base's word."""

    reason: Literal["rate_limited", "server_error", "connection"]
    attempts: int

    def __init__(self, measures: Measures) -> None:
        super().__init__(max_retry_count=self.attempts)
        self._measures = measures

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> None:
        self._measures.metrics.slack_retried(self.reason)
        await super().prepare_for_next_attempt_async(
            state=state, request=request, response=response, error=error
        )


class _ConnectionLost(_Counted, AsyncConnectionErrorRetryHandler):
    reason = "connection"
    attempts = 2


class _RateLimited(_Counted, AsyncRateLimitErrorRetryHandler):
    reason = "rate_limited"
    attempts = 3

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        # Earlier than Slack says would not be honoured, and nobody waits for longer.
        return (
            response is not None
            and response.status_code == 429
            and _named_wait(response) <= LONGEST_WAIT
        )


def _named_wait(response: HttpResponse) -> int:
    """The seconds of Retry-After; 1 where Slack names none."""
    named = next((v for k, v in response.headers.items() if k.lower() == "retry-after"), ["1"])
    seconds = str(named[0])
    # The handler of slack_sdk reads it as a whole number, and fails where it is none.
    return int(seconds) if seconds.isascii() and seconds.isdecimal() else LONGEST_WAIT + 1


class _ServerFailed(_Counted):
    reason = "server_error"
    attempts = 3

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        return response is not None and response.status_code >= 500


_TOKEN: ContextVar[str | None] = ContextVar("token", default=None)


def use_token(token: str | None) -> None:
    """From now on this task, and those it starts, speak with the token of that workspace."""
    _TOKEN.set(token)


class _CountedClient(AsyncWebClient):
    """Counts what came of each call."""

    measures: Measures

    async def api_call(self, api_method: str, **kwargs: Any) -> AsyncSlackResponse:
        await fence()
        outcome = "failed"
        try:
            response = await super().api_call(api_method, **kwargs)
            outcome = "ok"
        except SlackApiError as error:
            outcome = api_error(error)
            raise
        except (AttributeError, ValueError) as error:
            # slack_sdk reads fields of what it takes for JSON; a proxy's page is none.
            outcome = "no_json"
            refusal = SlackApiError("the answer is not JSON", {"error": outcome})  # type: ignore[no-untyped-call] # slack_sdk gives it no types
            raise refusal from error
        finally:
            self.measures.metrics.slack_called(api_method, outcome)
        return response


class _WorkspaceClient(_CountedClient):
    """Speaks with the token of the workspace that the task works for (`use_token`)."""

    @property
    def token(self) -> str | None:
        """The token of this task."""
        return _TOKEN.get()

    @token.setter
    def token(self, token: str | None) -> None:
        """Set by slack_sdk when it is made; there is none of its own."""


def api_error(error: SlackApiError) -> str:
    """Slack's own word for what it refused; for metrics and logs, and short."""
    response = error.response
    data = getattr(response, "data", response)
    found = data.get("error") if isinstance(data, dict) else None
    return found if isinstance(found, str) and _ERROR_WORD.fullmatch(found) else "unknown_error"


def goes_straight(host: str) -> bool:
    """Whether a host of Slack's is reached without the environment's proxy.

    `NO_PROXY` says so, or it is this machine (a stand-in for Slack): a proxy would look for that on
    its own.
    """
    try:
        here = ip_address(host.strip("[]")).is_loopback
    except ValueError:
        here = host == "localhost" or host.endswith(".localhost")
    return here or bool(proxy_bypass(host))


def open_session(api_url: str) -> aiohttp.ClientSession:
    """The one session for Slack; a given session's timeout is the one that slack_sdk keeps to.

    Args:
        api_url: The address of the Web API; says whether the environment's proxies count.
    """
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=10),
        connector=aiohttp.TCPConnector(limit=100),
        trust_env=not goes_straight(urlsplit(api_url).hostname or ""),
    )


def web_client(
    token: str | None,
    base_url: str,
    session: aiohttp.ClientSession,
    measures: Measures,
    *,
    many: bool = False,
) -> AsyncWebClient:
    """A Web API client over the given session.

    Args:
        token: The bot's token.
        base_url: The address of the Web API, with its final slash.
        session: Who opened it closes it.
        measures: Counts the retries.
        many: Each task brings the token of its own workspace.
    """
    client = (_WorkspaceClient if many else _CountedClient)(
        token=token,
        base_url=base_url,
        session=session,
        timeout=CALL_SECONDS,
        retry_handlers=[
            _ConnectionLost(measures),
            _RateLimited(measures),
            _ServerFailed(measures),
        ],
    )
    client.measures = measures
    # The session knows the proxies of the environment, and which hosts go without one; slack_sdk
    # would send every request there, those to this machine too.
    client.proxy = None
    return client
