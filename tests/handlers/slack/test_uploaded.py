"""Files of people: read with the bot's token from Slack's hosts only, within bounds."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from handlers.slack.measure import Measures
from handlers.slack.uploaded import LARGEST, Files, NoFileError, Uploaded, read_files
from handlers.slack.web import web_client


@asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that is Slack here, and the tokens that it was shown."""
    shown: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        shown.append(request.headers.get("Authorization", ""))
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/", shown
    finally:
        await runner.cleanup()


@asynccontextmanager
async def files_of(api: str) -> AsyncIterator[Files]:
    """What reads files."""
    async with aiohttp.ClientSession() as session:
        client: AsyncWebClient = web_client("xoxb-1", f"{api}api/", session, Measures(Metrics()))
        yield Files(session, client, f"{api}api/")


async def test_a_file_is_read_with_the_token() -> None:
    """In pieces, from the address of the payload; where that is missing files.info names it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/api/files.info":
            address = f"http://{request.host}/files-pri/F1/hosts.txt"
            file = {"id": "F0LIST", "name": "hosts.txt", "url_private": address}
            return web.json_response({"ok": True, "file": file})
        return web.Response(body=b"a.example\n" * 1000, content_type="text/plain")

    async with serving(handle) as (url, shown), files_of(url) as files:
        address = f"{url}files-pri/F1/hosts.txt"
        assert len(await files.read(Uploaded("F0LIST", "hosts.txt", address))) == 10_000
        assert len(await files.read(Uploaded("F0LIST", "hosts.txt"))) == 10_000
    assert set(shown) == {"Bearer xoxb-1"}


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/x",
        "http://files.slack.com/x",
        "https://files.slack.com.evil.example/x",
        "https://evilslack.com/x",
        "https://files.slack.com:8443/x",
        "https://me@files.slack.com/x",
        "https://[::1/x",
        "ftp://files.slack.com/x",
        "file:///etc/passwd",
        "//files.slack.com/x",
    ],
)
async def test_the_token_goes_nowhere_else(address: str) -> None:
    """Whatever address a payload names; nothing is connected to."""
    async with files_of("http://127.0.0.1:9/") as files:
        with pytest.raises(NoFileError, match="not_slack"):
            await files.read(Uploaded("F0LIST", "hosts.txt", address))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (web.Response(status=302, headers={"Location": "https://evil.example/"}), "missing_scope"),
        (web.Response(text="<html>Sign in", content_type="text/html"), "missing_scope"),
        (web.Response(status=404), "file_not_found"),
        (web.Response(body=b"x" * (LARGEST + 1)), "too_large"),
    ],
    ids=["redirect", "sign-in page", "gone", "too large"],
)
async def test_what_slack_does_not_hand_out(answer: web.Response, reason: str) -> None:
    """A sign-in page is no list, and no redirect is followed with the token."""

    async def handle(_request: web.Request) -> web.StreamResponse:
        return answer

    async with serving(handle) as (url, shown), files_of(url) as files:
        with pytest.raises(NoFileError, match=reason):
            await files.read(Uploaded("F0LIST", "hosts.txt", f"{url}files-pri/x"))
    assert len(shown) == 1


async def test_a_large_file_is_not_even_asked_for() -> None:
    """Slack says how large it is: 50 MB are refused before a byte travels."""
    async with files_of("http://127.0.0.1:9/") as files:
        file = Uploaded("F0LIST", "hosts.txt", "http://127.0.0.1:9/x", size=50_000_000)
        with pytest.raises(NoFileError, match="too_large"):
            await files.read(file)


def test_files_of_a_payload_are_read_with_care() -> None:
    """Only what has an id of a file; anything else in it may be missing or of another kind."""
    given = [
        {"id": "F0LIST", "name": " ", "size": "9", "url_private": 7},
        {"id": "../F0", "name": "x"},
        "F0LIST",
        {"name": "x"},
    ]
    assert read_files(given) == (Uploaded("F0LIST", "F0LIST"),)
    assert read_files({"id": "F0LIST"}) == read_files(None) == ()
