"""The page's own addresses: the files of the page, a stream of its state, and what people do.

Only requests that name this machine, and come from the page itself, are answered: no website that
is open in the same browser can type commands here.
"""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from pathlib import Path

from aiohttp import web
from yarl import URL

from bot.demo.page.state import page_state
from bot.demo.slack.courier import CHOICES
from bot.demo.slack.stand_in import StandIn
from bot.demo.slack.storage import served
from bot.demo.slack.typed import as_sent
from bot.demo.slack.values import Channel, Delivery, Json, Message, User

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HERE = Path(__file__).parent
_FILES = {
    "/": (_HERE / "index.html", "text/html"),
    "/page/app.js": (_HERE / "dist" / "app.js", "text/javascript"),
    "/page/app.css": (_HERE / "dist" / "app.css", "text/css"),
    "/page/icon.svg": (_HERE / "icon.svg", "image/svg+xml"),
}
HEADERS = {
    # Nothing from elsewhere, nothing inline: what a certificate says cannot become code, and the
    # page works without a network.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NAME_LENGTH = 255
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
# Comment lines keep the stream alive, and tell the server when nobody reads any more.
_STREAM_PAUSE = 10.0


def attach_page(app: web.Application, stand_in: StandIn) -> None:
    """Add the page to the stand-in's application."""
    acts: Mapping[str, Callable[[StandIn, User, Json], Awaitable[Json]]] = {
        "say": _say,
        "upload": _upload,
        "press": _press,
        "submit": _submit,
        "close": _close,
        "transport": _transport,
        "locale": _locale,
        "zone": _zone,
        "home": _home,
        "shortcut": _shortcut,
        "delete": _delete,
        "membership": _membership,
        "archive": _archive,
        "run": _run,
        "turn": _turn,
    }
    closing = asyncio.Event()

    async def file(request: web.Request) -> web.Response:
        path, content_type = _FILES[request.path]
        return web.Response(
            body=path.read_bytes(), content_type=content_type, charset="utf-8", headers=HEADERS
        )

    async def events(request: web.Request) -> web.StreamResponse:
        return await _stream(stand_in, request, closing)

    async def act(request: web.Request) -> web.Response:
        handle = acts.get(request.match_info["act"])
        if handle is None:
            raise web.HTTPNotFound
        try:
            body = await request.json()
            viewer = stand_in.workspace.user(str(body.get("viewer", "")) or _first(stand_in))
            return web.json_response(await handle(stand_in, viewer, body), headers=HEADERS)
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            reason = str(error) if isinstance(error, LookupError) else "not understood"
            return web.Response(status=400, text=reason, headers=HEADERS)

    async def download(request: web.Request) -> web.Response:
        file = stand_in.workspace.files.get(request.match_info["file"])
        if file is None or not file.complete:
            raise web.HTTPNotFound
        return served(file, save=bool(request.match_info["rest"]))

    async def stop(_app: web.Application) -> None:
        closing.set()
        stand_in.workspace.changed()

    app.add_routes([web.get(path, _guarded(file)) for path in _FILES])
    app.add_routes(
        [
            web.get("/page/events", _guarded(events)),
            web.get("/page/files/{file}{rest:(/download)?}", _guarded(download)),
            web.post("/page/{act}", _guarded(act)),
        ]
    )
    app.on_shutdown.append(stop)


def _guarded(handler: Handler) -> Handler:
    """Answer only the page itself (against DNS rebinding and cross-site requests)."""

    @wraps(handler)
    async def handle(request: web.Request) -> web.StreamResponse:
        host = URL(f"http://{request.host}")
        origin = request.headers.get("Origin")
        if host.host not in _LOOPBACK_NAMES or (
            origin is not None and URL(origin).authority != host.authority
        ):
            raise web.HTTPForbidden(text="only this machine, and only from the page itself")
        if request.method == "POST" and request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        return await handler(request)

    return handle


def _first(stand_in: StandIn) -> str:
    return stand_in.workspace.people[0].id


async def _stream(
    stand_in: StandIn, request: web.Request, closing: asyncio.Event
) -> web.StreamResponse:
    """Server-sent events: the whole state at every change, the newest only."""
    try:
        viewer = stand_in.workspace.user(request.query.get("viewer") or _first(stand_in))
    except LookupError:
        raise web.HTTPNotFound from None
    response = web.StreamResponse(headers=HEADERS | {"Content-Type": "text/event-stream"})
    await response.prepare(request)
    space = stand_in.workspace
    try:
        while not closing.is_set():
            seen = space.revision
            state = json.dumps(page_state(stand_in, space.users[viewer.id]), ensure_ascii=False)
            await response.write(f"data: {state}\n\n".encode())
            while space.revision == seen:
                try:
                    async with asyncio.timeout(_STREAM_PAUSE):
                        await space.next_change(seen)
                except TimeoutError:
                    await response.write(b": still here\n\n")
    except ConnectionError:
        pass  # nobody reads any more
    return response


def _outcome(delivery: Delivery | None) -> Json:
    if delivery is None:
        return {"outcome": "ok"}
    return {
        "outcome": delivery.outcome,
        "transport": delivery.transport,
        "seconds": round(delivery.seconds, 3),
    }


async def _say(stand_in: StandIn, viewer: User, body: Json) -> Json:
    text = str(body.get("text", "")).strip()
    channel = stand_in.workspace.channel(str(body["channel"]))
    if viewer.id not in channel.members:
        msg = "you are not in this channel"
        raise LookupError(msg)
    thread = body.get("thread_ts")
    files = [str(one) for one in body.get("files") or ()]
    # What stands beside files is a comment on them, whatever it begins with.
    if text.startswith("/") and not files:
        return await _slash(stand_in, viewer, channel, text, in_thread=bool(thread))
    names = [(one.name, one.id) for one in stand_in.workspace.users.values()]
    sent = as_sent(text, names)
    where = str(thread) if thread else None
    await stand_in.say(viewer, channel, sent, thread_ts=where, files=files)
    return {"outcome": "ok"}


async def _slash(
    stand_in: StandIn, viewer: User, channel: Channel, text: str, *, in_thread: bool
) -> Json:
    command, _, rest = text.partition(" ")
    if in_thread:
        # The words that Slack shows (bolt-js issue 1816)
        return {"outcome": f"{command} is not supported in threads. Sorry!"}
    if command == "/invite":
        stand_in.invite(channel)
        return {"outcome": "ok"}
    if command == "/tlscheck":
        return _outcome(await stand_in.command(viewer, channel, rest.strip()))
    # The words that Slack shows for a command that no app has
    return {"outcome": f"{command} is not a valid command."}


async def _upload(stand_in: StandIn, viewer: User, body: Json) -> Json:
    content = base64.b64decode(str(body["content"]), validate=True)
    file = stand_in.upload(viewer, str(body["name"])[:_NAME_LENGTH], content)
    return {"outcome": "ok", "file": {"id": file.id, "name": file.name, "size": len(content)}}


async def _press(stand_in: StandIn, viewer: User, body: Json) -> Json:
    option = body.get("option")
    action_id = str(body["action_id"])
    values = body.get("values") or {}
    if body.get("view"):
        place = stand_in.view(str(body["view"]))
        if place.user != viewer.id:
            msg = "this modal is somebody else's"
            raise LookupError(msg)
        return _outcome(
            await stand_in.press(viewer, place, action_id, option=option, values=values)
        )
    message = _message(stand_in, body)
    return _outcome(await stand_in.press(viewer, message, action_id, option=option, values=values))


def _message(stand_in: StandIn, body: Json) -> Message:
    message = stand_in.workspace.message(str(body["channel"]), str(body["ts"]))
    if message is None:
        msg = "the message is gone"
        raise LookupError(msg)
    return message


async def _submit(stand_in: StandIn, viewer: User, body: Json) -> Json:
    view = stand_in.view(str(body["view"]))
    return _outcome(await stand_in.submit(viewer, view, body.get("values") or {}))


async def _close(stand_in: StandIn, viewer: User, body: Json) -> Json:
    return _outcome(await stand_in.close(viewer, stand_in.view(str(body["view"]))))


async def _transport(stand_in: StandIn, _viewer: User, body: Json) -> Json:
    if body.get("transport") not in CHOICES:
        msg = "no such way"
        raise LookupError(msg)
    stand_in.transport = body["transport"]
    return {"outcome": "ok"}


async def _locale(stand_in: StandIn, viewer: User, body: Json) -> Json:
    stand_in.set_locale(viewer, str(body["locale"])[:20])
    return {"outcome": "ok"}


async def _zone(stand_in: StandIn, viewer: User, body: Json) -> Json:
    if body["tz"] not in stand_in.panel.zones:
        msg = "no such time zone"
        raise LookupError(msg)
    stand_in.set_zone(viewer, str(body["tz"]))
    return {"outcome": "ok"}


async def _home(stand_in: StandIn, viewer: User, body: Json) -> Json:
    tab = "messages" if body.get("tab") == "messages" else "home"
    return _outcome(await stand_in.open_home(viewer, tab))


async def _shortcut(stand_in: StandIn, viewer: User, body: Json) -> Json:
    message = _message(stand_in, body)
    return _outcome(await stand_in.shortcut(viewer, message, str(body["callback_id"])))


async def _delete(stand_in: StandIn, viewer: User, body: Json) -> Json:
    stand_in.delete(viewer, _message(stand_in, body))
    return {"outcome": "ok"}


async def _membership(stand_in: StandIn, _viewer: User, body: Json) -> Json:
    act = stand_in.invite if body.get("member") else stand_in.remove
    act(str(body["channel"]))
    return {"outcome": "ok"}


async def _archive(stand_in: StandIn, _viewer: User, body: Json) -> Json:
    stand_in.archive(str(body["channel"]), archived=bool(body.get("archived")))
    return {"outcome": "ok"}


async def _run(stand_in: StandIn, viewer: User, body: Json) -> Json:
    inputs = {str(name): str(value) for name, value in dict(body.get("inputs") or {}).items()}
    await stand_in.run_step(viewer, str(body["callback_id"]), inputs)
    return {"outcome": "ok"}


async def _turn(stand_in: StandIn, _viewer: User, body: Json) -> Json:
    for lever in stand_in.panel.levers:
        if lever.host == body.get("host"):
            lever.turn(str(body["to"]))
            stand_in.workspace.changed()
            return {"outcome": "ok"}
    msg = "there is no such server"
    raise LookupError(msg)
