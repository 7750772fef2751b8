"""The page's addresses without a browser: its files, its guard, its state."""

import asyncio
import hashlib
import json
from pathlib import Path

import aiohttp
import pytest

import bot.demo.page
from bot.demo.slack import StandIn, Try
from tests.demo.slack.conftest import stand_in

PAGE = Path(bot.demo.page.__file__).parent


def test_dist_was_built_from_these_sources() -> None:
    """The committed bundle carries the hash of the committed sources (`npm run build`)."""
    names = [
        "build.mjs",
        "package.json",
        *(f"src/{file.name}" for file in (PAGE / "src").iterdir()),
    ]
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(f"{name}\n".encode())
        digest.update((PAGE / name).read_bytes())

    assert (PAGE / "dist" / "sources.txt").read_text().strip() == digest.hexdigest()


def test_versions_are_exact_and_licences_are_there() -> None:
    """Every package is pinned exactly, and the licence of what is bundled is kept."""
    wanted = json.loads((PAGE / "package.json").read_text())["devDependencies"]
    licences = (PAGE / "dist" / "LICENCES.txt").read_text()

    assert all(version[0].isdigit() for version in wanted.values())
    for name in set(wanted) - {"esbuild"}:
        assert f"{name} {wanted[name]}" in licences


@pytest.mark.parametrize("path", ["", "page/app.js", "page/app.css", "page/icon.svg"])
async def test_page_allows_nothing_from_elsewhere(slack: StandIn, path: str) -> None:
    """Each file comes with a policy that lets nothing in but the page's own files."""
    async with aiohttp.ClientSession() as session, session.get(slack.url + path) as response:
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
    ids=["the page", "another site", "a rebound name", "a form"],
)
async def test_other_sites_cannot_type_here(
    slack: StandIn, headers: dict[str, str], status: int
) -> None:
    """A website that is open in the same browser can neither type nor press."""
    body = json.dumps({"viewer": "U0AIKO", "channel": "C0INCIDENT", "text": "hello"})
    sent = {"Content-Type": "application/json"} | headers
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{slack.url}page/say", data=body, headers=sent) as response,
    ):
        assert response.status == status
    assert bool(slack.messages("incident-shop")) is (status == 200)


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("say", {}),
        ("say", {"channel": "C9", "text": "x"}),
        ("say", {"channel": "D0BEN", "text": "x"}),
        ("press", {"channel": "C0INCIDENT", "ts": "1.2", "action_id": "a"}),
        ("press", {"view": "V1", "action_id": "a"}),
        ("submit", {"view": "V1"}),
        ("close", {}),
        ("transport", {"transport": "pigeon"}),
        ("say", []),
        ("say", {"viewer": "U9", "channel": "C0INCIDENT", "text": "x"}),
    ],
)
async def test_nonsense_is_refused_in_words(slack: StandIn, act: str, body: object) -> None:
    """What cannot be done is a 400 with a sentence, never a crash."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{slack.url}page/{act}", json=body) as response,
    ):
        assert response.status == 400
        assert "Traceback" not in await response.text()


async def test_stream_shows_each_viewer_their_own() -> None:
    """The stream gives the whole state at once and again after a change, private things left out."""
    tries = [Try("/tlscheck x", "A title", "expected")]
    async with stand_in(tries=tries) as slack, aiohttp.ClientSession() as session:
        async with session.get(f"{slack.url}page/events?viewer=U0BEN") as response:
            first = json.loads((await response.content.readline())[6:])
            await response.content.readline()
            await slack.command("aiko", "incident-shop", "secret")
            await slack.say("aiko", "incident-shop", "hello")
            async with asyncio.timeout(5):
                while True:
                    line = await response.content.readline()
                    if b"hello" in line:
                        break
        later = json.loads(line[6:])

    assert first["tries"] == [
        {"command": "/tlscheck x", "title": "A title", "expected": "expected"}
    ]
    assert [channel["id"] for channel in first["channels"]] == [
        "C0INCIDENT",
        "C0ALERTS",
        "C0GENERAL",
        "C0SECURITY",
        "D0BEN",
    ]
    assert [message["text"] for message in later["messages"]["C0INCIDENT"]] == ["hello"]


async def test_open_stream_does_not_hold_up_the_end() -> None:
    """A page that is still open lets the stand-in end at once."""
    async with aiohttp.ClientSession() as session:
        async with asyncio.timeout(5):
            async with stand_in() as slack:
                response = await session.get(f"{slack.url}page/events")
                await response.content.readline()
            while await response.content.readline():
                pass
        response.close()
