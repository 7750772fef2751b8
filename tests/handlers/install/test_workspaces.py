"""Many workspaces: installed by OAuth, each with its own token and its own space."""

import asyncio
import html
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import structlog
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.demo.slack.server import CLIENT_ID, CLIENT_SECRET
from bot.demo.slack.workspace import AIKO, TEAM
from bot.settings import SettingsError
from bot.store.installations import Installation, Installations
from bot.store.store import open_store
from handlers.install.workspaces import FRESH, SCOPES
from tests.handlers.conftest import Run, Running
from tests.handlers.test_manifest import manifest

CHANNEL = "incident-shop"
OTHER = "T0SECOND"
KEY = Fernet.generate_key().decode()
MANY: dict[str, Any] = {
    "slack_bot_token": None,
    "slack_client_id": CLIENT_ID,
    "slack_client_secret": SecretStr(CLIENT_SECRET),
    "slack_redirect_uri": "https://tlscheck.example/slack/oauth_redirect",
    "tlscheck_encryption_key": SecretStr(KEY),
}


async def install(bot: Running, team: str, *, cookie: bool = True, times: int = 1) -> list[int]:
    """As a browser does it: our page, Slack's page, back to ours; the statuses at the end."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        async with session.get(f"{bot.url}slack/install") as page:
            assert page.status == 200
            found = re.search(r'href="([^"]*oauth/v2/authorize[^"]*)"', await page.text())
            assert found is not None
            state = page.headers["Set-Cookie"].partition(";")[0]
        authorize = urlsplit(html.unescape(found[1]))
        approve = f"{bot.slack.url}oauth/v2/approve?{authorize.query}&team={team}"
        async with session.get(approve, allow_redirects=False) as allowed:
            back = urlsplit(allowed.headers["Location"])
        assert back.path == "/slack/oauth_redirect"
        statuses = []
        for _ in range(times):
            ours = f"{bot.url}slack/oauth_redirect?{back.query}"
            async with session.get(ours, headers={"Cookie": state} if cookie else {}) as done:
                statuses.append(done.status)
        return statuses


async def test_two_workspaces_are_served_each_with_its_own_token(run: Run) -> None:
    """Installed through Bolt's pages; what one's token posts, the other's does not."""
    async with run(**MANY, real=True) as bot:
        slack = bot.slack
        assert await install(bot, TEAM) == [200]
        assert await install(bot, OTHER) == [200]
        tokens = {one.team: token for token, one in slack.installs.tokens.items()}
        assert set(tokens) == {TEAM, OTHER}
        for team in (TEAM, OTHER):
            slack.team = team
            await slack.command(AIKO, CHANNEL, f"{team.lower()}.example.jp share")
            await slack.wait_for(partial(shared, bot, team))
        assert slack.refusals == ()

        del slack.installs.tokens[tokens[OTHER]]
        for team in (TEAM, OTHER):
            slack.team = team
            await slack.command(AIKO, CHANNEL, f"again-{team.lower()}.example.jp share")
        await slack.wait_for(lambda: shared(bot, f"again-{TEAM}"))
        posts = [one.error for one in slack.calls if one.method == "chat.postMessage"]
        assert sorted(posts, key=str) == [None, None, None, "invalid_auth"]


def shared(bot: Running, name: str) -> bool:
    """Whether an answer about that host stands in the channel for all."""
    messages = bot.slack.messages(CHANNEL)
    return any(f"{name.lower()}.example.jp" in one.text for one in messages)


async def test_what_people_do_stays_in_their_workspace(run: Run) -> None:
    """The same ids of channel and person elsewhere: no recent checks, no watches of theirs."""
    async with run(**MANY, real=True) as bot:
        slack = bot.slack
        for team in (TEAM, OTHER):
            await install(bot, team)
        await slack.command(AIKO, CHANNEL, "shop.example.jp")
        await slack.command(AIKO, CHANNEL, "watch shop.example.jp")
        here = await slack.command(AIKO, CHANNEL, "watches")
        recent = await slack.command(AIKO, CHANNEL, "recent")
        slack.team = OTHER
        there = await slack.command(AIKO, CHANNEL, "watches")
        none = await slack.command(AIKO, CHANNEL, "recent")
        assert "shop.example.jp" in str(here.body)
        assert "shop.example.jp:443" in str(recent.body)
        assert "Nothing is watched in this channel" in str(there.body)
        assert "shop.example.jp:443" not in str(none.body)


async def test_a_workspace_that_is_not_installed_is_not_served(run: Run) -> None:
    """And one that uninstalls is not any more, nor does its token stay."""
    now = datetime.now(UTC)
    async with run(**MANY, clock=lambda: now) as bot:
        slack = bot.slack
        refused = await slack.command(AIKO, CHANNEL, "shop.example.jp")
        assert bot.vantage.asked == []
        assert "shop.example.jp" not in str(refused.body)
        await install(bot, TEAM)
        now += FRESH
        await slack.command(AIKO, CHANNEL, "shop.example.jp")
        assert len(bot.vantage.asked) == 1
        with structlog.testing.capture_logs() as logs:
            await slack.event({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}})
            assert (await slack.event({"type": "app_uninstalled"})).outcome == "ok"
        assert [one["what"] for one in logs if one["event"] == "audit"] == ["uninstalled"]
        now += FRESH
        await slack.command(AIKO, CHANNEL, "other.example.jp")
        assert len(bot.vantage.asked) == 1


async def test_an_installation_cannot_be_put_upon_somebody(run: Run) -> None:
    """Another browser, or the same address a second time: refused."""
    async with run(**MANY) as bot:
        assert await install(bot, TEAM, cookie=False) == [400]
        assert await install(bot, TEAM, times=2) == [200, 401]


async def test_a_watch_tells_in_its_workspace(run: Run) -> None:
    """With that workspace's token, from a process where nobody asked just now."""
    now = datetime.now(UTC)
    async with run(**MANY, real=True, clock=lambda: now) as bot:
        slack = bot.slack
        await install(bot, TEAM)
        await install(bot, OTHER)
        slack.team = OTHER
        await slack.command(AIKO, CHANNEL, "watch shop.example.jp")
        bot.vantage.mended = True
        now += timedelta(minutes=2)
        await slack.wait_for(lambda: slack.messages(CHANNEL), timeout=10)
        (told,) = [one for one in slack.calls if one.method == "chat.postMessage"]
        assert told.error is None


async def test_what_is_stored_is_encrypted_and_keys_can_be_changed(redis_url: str) -> None:
    """An older key still opens, what it closed is closed anew, and names cannot be swapped."""
    new = Fernet.generate_key().decode()
    token = "xoxb-" + "1" * 20
    installed = Installation(team=TEAM, bot_token=token)
    async with open_store(redis_url, lambda: datetime.now(UTC)) as store:
        await Installations(store.connection, [KEY]).save(installed)
        (name,) = await store.connection.execute("KEYS", "tlscheck:installation:*")
        raw = await store.connection.execute("GET", name)
        assert token.encode() not in raw
        assert await Installations(store.connection, [new, KEY]).find(TEAM) == installed
        assert await Installations(store.connection, [new]).find(TEAM) == installed
        assert await Installations(store.connection, [KEY]).find(TEAM) is None

        await Installations(store.connection, [new]).save(
            installed.model_copy(update={"team": OTHER})
        )
        names = await store.connection.execute("KEYS", "tlscheck:installation:*")
        other = next(one for one in names if one != name)
        await store.connection.execute("COPY", name, other, "REPLACE")
        assert await Installations(store.connection, [new]).find(OTHER) is None
        assert token not in repr(installed)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slack_bot_token": SecretStr("xoxb-1")}, "^SLACK_BOT_TOKEN does not go with"),
        ({"slack_app_token": SecretStr("xapp-1")}, "^SLACK_APP_TOKEN does not go with"),
        ({"slack_client_secret": None}, "^SLACK_CLIENT_SECRET is not set"),
        ({"slack_signing_secret": None}, "^SLACK_SIGNING_SECRET is not set"),
        ({"slack_redirect_uri": ""}, "^SLACK_REDIRECT_URI is not set"),
        ({"slack_redirect_uri": "https://a.example/"}, "^SLACK_REDIRECT_URI has to end"),
        ({"tlscheck_encryption_key": None}, "^TLSCHECK_ENCRYPTION_KEY is not set"),
        (
            {"tlscheck_encryption_key": SecretStr("short")},
            "^TLSCHECK_ENCRYPTION_KEY holds something that is no key",
        ),
        ({"tlscheck_channels": "C0INCIDENT"}, "^TLSCHECK_CHANNELS does not go with"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_settings_that_do_not_go_together_are_named(
    run: Run, changes: dict[str, Any], said: str
) -> None:
    """One line, before anything is opened."""
    with pytest.raises(SettingsError, match=said):
        async with asyncio.timeout(20), run(**{**MANY, **changes}):
            pass


def test_the_scopes_that_are_asked_for_are_those_of_the_manifest() -> None:
    """Both ways."""
    assert set(SCOPES) == set(manifest()["oauth_config"]["scopes"]["bot"])
