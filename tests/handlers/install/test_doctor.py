"""The doctor at Slack: the real SDK against the stand-in, in the states that people meet."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.demo.slack.manifest import App, declared
from bot.demo.slack.server import open_slack
from bot.demo.slack.stand_in import StandIn
from bot.doctor import Finding, Sight
from bot.settings import Settings
from handlers.install.doctor import look_at_slack
from tests.doctor.findings import marks, the
from tests.handlers.conftest import APP_TOKEN, BOT_TOKEN

SECRET = "8f742231b10e8888abcd99eeeff0085a"


@asynccontextmanager
async def slack(app: App | None = None) -> AsyncIterator[StandIn]:
    """A stand-in with the app of the manifest, or another one."""
    async with open_slack(
        signing_secret=SECRET,
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        app=app if app is not None else declared(),
    ) as opened:
        yield opened


async def look(api_url: str, **more: Any) -> Sight:
    """Look with the right tokens, unless others are given."""
    values: Mapping[str, Any] = {
        "slack_bot_token": SecretStr(BOT_TOKEN),
        "slack_app_token": SecretStr(APP_TOKEN),
        "slack_api_url": api_url,
    }
    return await look_at_slack(Settings(_env_file=None, **{**values, **more}))


async def found(api_url: str, **more: Any) -> tuple[Finding, ...]:
    """What is found."""
    return (await look(api_url, **more)).findings


async def test_an_app_made_from_the_manifest_is_well() -> None:
    """Both tokens, all scopes, the workspace's name, and no connection left behind."""
    async with slack() as opened:
        sight = await look(opened.api_url, slack_signing_secret=SecretStr(SECRET))
        assert marks(sight.findings) == {
            "bot_token": "fine",
            "scopes": "fine",
            "app_token": "fine",
        }
        assert the(sight.findings, "bot_token").values == {"team": "stand-in", "bot": "tlscheck"}
        [clock] = sight.clocks
        assert abs(clock.offset) < timedelta(seconds=5)
        assert {one.method for one in opened.calls} == {"auth.test", "apps.connections.open"}
        assert opened.refusals == ()


async def test_a_scope_that_was_not_granted_is_named() -> None:
    """With the one that a setting asks for; one too many is worth knowing."""
    asked = declared()
    fewer = replace(asked, scopes=asked.scopes - {"files:write"} | {"channels:history"})
    async with slack(fewer) as opened:
        seen = await found(opened.api_url, tlscheck_user_groups="S0ONCALL")
        assert the(seen, "scopes_missing").values["names"] == "files:write, usergroups:read"
        assert the(seen, "scopes_more").values["names"] == "channels:history"
        assert "group" not in marks(seen)


async def test_a_user_group_that_is_not_there() -> None:
    """The bot would not start."""
    asked = declared()
    async with slack(replace(asked, scopes=asked.scopes | {"usergroups:read"})) as opened:
        seen = await found(opened.api_url, tlscheck_user_groups="S0ONCALL,S0NOBODY")
        assert the(seen, "group").values == {"group": "S0NOBODY", "reason": "no_such_subteam"}


@pytest.mark.parametrize("reason", ["token_revoked", "account_inactive", "invalid_auth"])
async def test_a_token_that_is_not_accepted_any_more(reason: str) -> None:
    """Named with Slack's own word; the other token is looked at all the same."""
    async with slack() as opened:
        opened.fail_next("auth.test", error=reason)
        seen = await found(opened.api_url)
        assert marks(seen) == {"refused": "wrong", "app_token": "fine"}
        assert the(seen, "refused").values == {"name": "SLACK_BOT_TOKEN", "reason": reason}


async def test_an_app_token_without_its_scope_and_a_slack_that_is_busy() -> None:
    """The first has to be mended, the second passes."""
    async with slack() as opened:
        opened.fail_next("apps.connections.open", error="missing_scope")
        opened.fail_next("auth.test", status=429, retry_after=30)
        assert marks(await found(opened.api_url)) == {"busy": "note", "app_scope": "wrong"}


async def test_slips_are_all_named_before_slack_is_asked() -> None:
    """A swapped token is not sent anywhere; the right one is."""
    async with slack() as opened:
        seen = await found(
            opened.api_url,
            slack_bot_token=SecretStr("xapp-1-swapped"),
            slack_app_token=SecretStr("xoxb-swapped"),
            slack_signing_secret=SecretStr("xoxb-swapped"),
        )
        assert marks(seen) == {
            "bot_token_form": "wrong",
            "app_token_form": "wrong",
            "signing_secret_form": "wrong",
        }
        assert opened.calls == ()
        alone = await found(opened.api_url, slack_app_token=None)
        assert marks(alone) == {"no_way_in": "wrong", "bot_token": "fine", "scopes": "fine"}


async def test_many_workspaces_have_no_token_to_try() -> None:
    """Whether Slack is there is all that can be asked; what is missing is named, all of it."""
    async with slack() as opened:
        seen = await found(
            opened.api_url,
            slack_bot_token=None,
            slack_app_token=None,
            slack_client_id="123.456",
            slack_signing_secret=SecretStr(SECRET),
        )
        missing = {one.values["name"] for one in seen if one.code == "needed_for_oauth"}
        assert missing == {
            "SLACK_CLIENT_SECRET",
            "SLACK_REDIRECT_URI",
            "TLSCHECK_ENCRYPTION_KEY",
            "REDIS_URL",
        }
        assert marks(seen)["there"] == "fine"


async def test_nothing_is_looked_at_where_nothing_is_set() -> None:
    """A worker's machine has no Slack."""
    nothing = {"slack_bot_token": None, "slack_app_token": None}
    assert marks(await found("http://127.0.0.1:1/api/", **nothing)) == {"unset": "unset"}


async def test_slack_that_is_away_is_one_fault_and_a_page_is_no_slack() -> None:
    """Two tokens meet the same network: it is said once."""
    away = await found("http://127.0.0.1:1/api/")
    assert [(one.code, one.mark) for one in away] == [("away", "wrong")]
    hinted = await found("http://127.0.0.1:1/api/", https_proxy=SecretStr("http://p.example:3128"))
    assert marks(hinted) == {"proxy_in_file_only": "wrong"}

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<p>Please log in", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        seen = await found(f"http://127.0.0.1:{port}/api/")
        assert [(one.code, one.mark) for one in seen] == [("not_slack", "wrong")]
    finally:
        await runner.cleanup()
