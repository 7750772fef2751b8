"""The HTTP side of the Web API: arguments in, tokens checked, one method run, errors out.

Source: Slack's document "Using the Slack Web API": GET and POST; arguments in the query, a form or
JSON; the token as a bearer token or an argument; `ok`, `error` and `warning` in the answer; 429 with
`Retry-After` ("Rate limits").
"""

import base64
import contextlib
import hmac
import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.demo.slack.methods import METHODS, ApiError, Call, Desk, Method
from bot.demo.slack.values import Json

_JSON_ARGUMENTS = ("blocks", "attachments", "view", "files", "metadata", "outputs")


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that takes the place of the next one of a method."""

    status: int
    error: str
    retry_after: int | None


@dataclass(frozen=True, slots=True)
class Called:
    """One call as it was answered; `error` is None for `ok`."""

    method: str
    args: Json
    status: int
    error: str | None


class WebApi:
    """Answers `/api/<method>`."""

    def __init__(self, desk: Desk, *, bot_token: str, app_token: str) -> None:
        self.calls: list[Called] = []
        self._desk = desk
        self._tokens = {"bot": bot_token, "app": app_token}
        self._failures: dict[str, deque[Failure]] = {}

    def fail_next(self, method: str, failure: Failure) -> None:
        """Answer the next call of the method with the failure; several queue up."""
        self._failures.setdefault(method, deque()).append(failure)

    def take_failure(self, method: str) -> Failure | None:
        """The failure that stands next for the method, taken off its queue."""
        queue = self._failures.get(method)
        return queue.popleft() if queue else None

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one call."""
        name = request.match_info["method"]
        try:
            args = await arguments(request)
        except ApiError as error:
            return self._answer(name, {}, error)
        failure = self.take_failure(name)
        if failure is not None:
            self.calls.append(Called(name, args, failure.status, failure.error))
            self._desk.workspace.changed()
            return failure_response(failure)
        try:
            return self._answer(name, args, self._run(name, request, args))
        except ApiError as error:
            return self._answer(name, args, error)

    def _run(self, name: str, request: web.Request, args: Json) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise ApiError("unknown_method")
        token = self._authorize(method, request, args)
        if method.scope:
            self._desk.need(method.scope)
        unknown = method.unknown(args) if name != "api.test" else []
        for argument in unknown:
            self._desk.workspace.warn(name, f"unknown argument: {argument}")
        if unknown and self._desk.strict:
            raise ApiError("invalid_arguments", *(f"unknown argument: {one}" for one in unknown))
        return method.run(self._desk, Call(name, args, token))

    def _authorize(self, method: Method, request: web.Request, args: Json) -> str:
        if method.caller == "anyone":
            return ""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        token = given if scheme.lower() == "bearer" else str(args.get("token") or "")
        if not token:
            raise ApiError("not_authed")
        if method.caller == "bot" and self.is_bot(token):
            return token
        if hmac.compare_digest(token.encode(), self._tokens[method.caller].encode()):
            return token
        if any(hmac.compare_digest(token.encode(), t.encode()) for t in self._tokens.values()):
            raise ApiError("not_allowed_token_type")
        raise ApiError("invalid_auth")

    def is_bot(self, token: str) -> bool:
        """Whether the token is one of the bot's."""
        own = self._tokens["bot"].encode()
        return hmac.compare_digest(token.encode(), own) or self._lent(token)

    def _lent(self, token: str) -> bool:
        """Whether the token is of another installation, or came with a running workflow's step.

        Slack: "Custom steps", the step's token "expires when the function completes".
        """
        running = self._desk.workspace.executions.values()
        return token in self._desk.installs.tokens or any(
            one.token == token and one.status == "running" for one in running
        )

    def _answer(self, name: str, args: Json, result: Json | ApiError) -> web.Response:
        if isinstance(result, ApiError):
            body: Json = {"ok": False, "error": result.error} | result.more
            if result.messages:
                body["errors"] = list(result.messages)
                body["response_metadata"] = {
                    "messages": [f"[ERROR] {message}" for message in result.messages]
                }
            self._desk.workspace.refuse(name, result.error, result.messages, args)
        else:
            body = {"ok": True} | result
        self.calls.append(Called(name, args, 200, body.get("error")))
        self._desk.workspace.changed()
        granted = self._desk.app.scopes if self._desk.app else ()
        # Slack: "Scopes", inspecting: "the X-OAuth-Scopes header"
        headers = {"X-OAuth-Scopes": ",".join(sorted(granted))} if granted else {}
        return web.json_response(body, headers=headers)


def failure_response(failure: Failure) -> web.Response:
    """The HTTP answer of a failure."""
    headers = {"Retry-After": str(failure.retry_after)} if failure.retry_after is not None else {}
    body = {"ok": False, "error": failure.error}
    return web.json_response(body, status=failure.status, headers=headers)


async def arguments(request: web.Request) -> Json:
    """All arguments of a call, JSON inside strings undone.

    Raises:
        ApiError: The body, or JSON inside a field, cannot be read.
    """
    args: Json = dict(request.query)
    if request.method == "POST":
        if request.content_type == "application/json":
            args |= _object(await request.text())
        elif request.can_read_body:
            form = await request.post()
            args |= {name: value for name, value in form.items() if isinstance(value, str)}
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        # "supply the Client ID and Client Secret using the HTTP Basic authentication scheme"
        # (Slack: oauth.v2.access)
        with contextlib.suppress(ValueError):
            client_id, _, secret = base64.b64decode(given).decode().partition(":")
            args |= {"client_id": client_id, "client_secret": secret}
    for name in _JSON_ARGUMENTS:
        if isinstance(args.get(name), str):
            args[name] = _parsed(name, args[name])
    return {name: value for name, value in args.items() if value is not None}


def _object(text: str) -> Json:
    try:
        body = json.loads(text)
    except ValueError:
        raise ApiError("invalid_json") from None
    if not isinstance(body, dict):
        raise ApiError("json_not_object")
    return body


def _parsed(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        error = "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
        raise ApiError(error, f"{name} is not JSON") from None
