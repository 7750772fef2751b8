"""The addresses of files: where bytes are sent, and where a token reads them.

Slack answers a request for a private file without a token that may read it with its sign-in page,
not with an error (bolt-js issue 2585, deno-slack-sdk issue 285): whoever does not look keeps that
page in place of the file.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web

from bot.demo.slack.methods import Desk
from bot.demo.slack.methods.files import take_upload
from bot.demo.slack.uploads import IMAGE_TYPES, readable
from bot.demo.slack.values import File
from bot.demo.slack.web_api import WebApi
from bot.demo.slack.workspace import TEAM

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SIGN_IN = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Sign in | Slack</title></head>'
    "<body><h1>Sign in to your workspace</h1></body></html>"
)


def attach_storage(app: web.Application, desk: Desk, api: WebApi) -> None:
    """Add the addresses to the stand-in's application."""
    read = _read(desk, api)
    app.add_routes(
        [
            web.post("/upload/v1/{file}/{length}", _upload(desk)),
            web.get("/files-pri/{file}/{name}", read),
            web.get("/files-pri/{file}/download/{name}", read),
            web.get("/signin", _sign_in),
        ]
    )


def _upload(desk: Desk) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        length = int(request.match_info["length"]) if request.match_info["length"].isdigit() else 0
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            parts = [part for part in form.values() if isinstance(part, web.FileField)]
            content = parts[0].file.read() if parts else b""
        else:
            content = await request.read()
        if not take_upload(desk.workspace, request.match_info["file"], length, content):
            return web.Response(status=400, text="invalid upload")
        # slack_sdk reads the answer as text
        return web.Response(text=f"OK - {len(content)}")

    return handle


def _read(desk: Desk, api: WebApi) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        space = desk.workspace
        file = space.files.get(request.match_info["file"].removeprefix(f"{TEAM}-"))
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        allowed = (
            scheme.lower() == "bearer"
            and api.is_bot(token)
            and (desk.app is None or "files:read" in desk.app.scopes)
        )
        if not allowed:
            raise web.HTTPFound(f"/signin?redir={quote(request.path, safe='')}")
        if file is None or not readable(file, [space.channels[one] for one in file.channels]):
            raise web.HTTPNotFound
        return served(file, save="/download/" in request.path)

    return handle


async def _sign_in(_request: web.Request) -> web.Response:
    return web.Response(text=_SIGN_IN, content_type="text/html")


def served(file: File, *, save: bool) -> web.Response:
    """The bytes of a file; pictures are shown unless they are to be saved.

    What was uploaded is data, never a page to be shown.
    """
    kind = None if save else file.image_type
    shown = "inline" if kind else "attachment"
    return web.Response(
        body=file.content,
        content_type=IMAGE_TYPES[kind] if kind else "application/octet-stream",
        headers={
            "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(file.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )
