"""Windows, the Home tab, pictures, workflow steps, installations, alerts: beyond plain messages."""

import struct
import zlib
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.demo.slack import CLIENT_ID, CLIENT_SECRET, App, StandIn
from bot.demo.slack.manifest import Parameter, Step, declared
from tests.demo.slack.conftest import BOT_TOKEN, SIGNING_SECRET, served, stand_in


def png(width: int = 4, height: int = 4) -> bytes:
    """A picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    rows = (b"\0" + b"\x0b\x6e\x4f" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


def section(text: str, **more: Any) -> dict[str, Any]:
    """A section."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def home(*blocks: dict[str, Any]) -> dict[str, Any]:
    """A Home tab."""
    return {"type": "home", "blocks": list(blocks)}


async def test_home_is_each_persons_own(slack: StandIn, client: AsyncWebClient) -> None:
    """Published for one, there for one, with a new hash each time; a stale hash is refused."""
    first = await client.views_publish(user_id="U0AIKO", view=home(section("hello")))
    second = await client.views_publish(user_id="U0AIKO", view=home(section("again")))
    assert first["view"]["id"] == second["view"]["id"]
    assert first["view"]["hash"] != second["view"]["hash"]
    shown = slack.home("aiko")
    assert shown is not None
    assert "again" in shown.words()
    assert slack.home("ben") is None
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_publish(
            user_id="U0AIKO", view=home(section("late")), hash=first["view"]["hash"]
        )


@pytest.mark.parametrize(
    ("view", "error"),
    [
        ({"type": "modal", "blocks": [section("x")]}, "invalid_arguments"),
        (home(section("x")) | {"title": {"type": "plain_text", "text": "x"}}, "invalid_arguments"),
        (home(*[section("x")] * 101), "invalid_arguments"),
        (home(*[section("x" * 2900)] * 90), "view_too_large"),
    ],
    ids=["a modal", "a title", "101 blocks", "too large"],
)
async def test_home_has_its_rules(
    slack: StandIn, client: AsyncWebClient, view: dict[str, Any], error: str
) -> None:
    """What Slack refuses in a Home tab is refused."""
    with pytest.raises(SlackApiError, match=error):
        await client.views_publish(user_id="U0AIKO", view=view)
    assert slack.home("aiko") is None


async def test_home_needs_the_manifest() -> None:
    """Without `home_tab_enabled` there is none."""
    async with stand_in(app=App(home_tab=False)) as slack:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        with pytest.raises(SlackApiError, match="not_enabled"):
            await client.views_publish(user_id="U0AIKO", view=home(section("x")))


async def test_home_is_opened_and_pressed(slack: StandIn, client: AsyncWebClient) -> None:
    """Opening sends app_home_opened (with the view from the second time on); a press sends what is typed."""
    app = AsyncApp(client=client, signing_secret=SIGNING_SECRET)
    opened: list[dict[str, Any]] = []
    pressed: list[dict[str, Any]] = []
    box = {
        "type": "input",
        "block_id": "host",
        "dispatch_action": True,
        "label": {"type": "plain_text", "text": "Host"},
        "element": {"type": "plain_text_input", "action_id": "host"},
    }
    check = {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Check"}}
        ],
    }

    @app.event("app_home_opened")
    async def open_home(event: dict[str, Any]) -> None:
        opened.append(event)
        await client.views_publish(user_id=event["user"], view=home(box, check))

    @app.action("go")
    @app.action("host")
    async def go(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        pressed.append(body)

    async with served(app) as url:
        slack.events_url = url
        await slack.open_home("aiko")
        view = await slack.wait_for(lambda: slack.home("aiko"))
        assert view is not None
        await slack.open_home("aiko")
        await slack.open_home("aiko", "messages")
        await slack.press("aiko", view, "go", values={"host": "shop.example.jp"})
        await slack.press("aiko", view, "host", option="mail.example.jp")
        await slack.wait_for(lambda: len(pressed) == 2 and len(opened) == 3)
    assert [one["tab"] for one in opened] == ["home", "home", "messages"]
    assert ["view" in one for one in opened] == [False, True, False]
    assert opened[0]["channel"] == "D0AIKO"
    assert pressed[0]["container"] == {"type": "view", "view_id": view.id}
    assert pressed[0]["view"]["state"]["values"]["host"]["host"]["value"] == "shop.example.jp"
    assert pressed[1]["actions"][0]["value"] == "mail.example.jp"


async def test_a_fourth_window_is_refused(slack: StandIn, client: AsyncWebClient) -> None:
    """Three windows may be stacked; an external id may be used once."""
    app = AsyncApp(client=client, signing_secret=SIGNING_SECRET)
    errors: list[str] = []

    def window(number: int) -> dict[str, Any]:
        more = {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": f"more{number}",
                    "text": {"type": "plain_text", "text": "More"},
                }
            ],
        }
        title = {"type": "plain_text", "text": f"Window {number}"}
        return {"type": "modal", "title": title, "blocks": [more], "external_id": f"w{number}"}

    @app.command("/tlscheck")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=window(0))

    @app.action("more0")
    @app.action("more1")
    @app.action("more2")
    async def more(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        number = int(body["view"]["external_id"][1:])
        for view in (window(number), window(number + 1)):
            try:
                await client.views_push(trigger_id=body["trigger_id"], view=view)
            except SlackApiError as error:
                errors.append(error.response["error"])

    async with served(app) as url:
        slack.events_url = url
        await slack.command("aiko", "incident-shop")
        for number in range(3):
            top = await slack.wait_for(
                lambda wanted=number: next(  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                    (one for one in slack.views if one.action_ids == (f"more{wanted}",)), None
                )
            )
            assert top is not None
            await slack.press("aiko", top, f"more{number}")
        await slack.wait_for(lambda: len(errors) == 4)
    assert errors == ["duplicate_external_id"] * 3 + ["push_limit_reached"]


async def test_pictures_have_words_and_stand_in_blocks(
    slack: StandIn, client: AsyncWebClient
) -> None:
    """An uploaded picture is known a moment later; then blocks may name it by id or by address."""
    given = await client.files_getUploadURLExternal(
        filename="chain.png", length=len(png()), alt_txt="The chain with its gap"
    )
    async with aiohttp.ClientSession() as session:
        await session.post(given["upload_url"], data=png())
    done = await client.files_completeUploadExternal(
        files=[{"id": given["file_id"], "title": "Chain"}]
    )
    assert done["files"][0]["mimetype"] == ""

    def image(named: dict[str, str]) -> list[dict[str, Any]]:
        return [{"type": "image", "alt_text": "The chain", "slack_file": named}]

    by_id = image({"id": given["file_id"]})
    with pytest.raises(SlackApiError, match="invalid slack file"):
        await client.chat_postMessage(channel="C0INCIDENT", text="x", blocks=by_id)
    await slack.wait_for(lambda: slack.files[0].processed)
    info = (await client.files_info(file=given["file_id"]))["file"]
    assert info["mimetype"] == "image/png"
    assert info["alt_txt"] == "The chain with its gap"
    by_address = image({"url": info["url_private"]})
    for blocks in (by_id, by_address):
        await client.chat_postMessage(channel="C0INCIDENT", text="x", blocks=blocks)
    await client.views_publish(user_id="U0AIKO", view=home(*by_id))
    for named in ({"id": "F1"}, {"id": given["file_id"], "url": info["url_private"]}):
        with pytest.raises(SlackApiError, match="invalid slack file"):
            await client.chat_postMessage(channel="C0INCIDENT", text="x", blocks=image(named))
    bearer = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=bearer) as session,
        session.get(info["url_private"]) as shown,
    ):
        assert shown.content_type == "image/png"
        assert await shown.read() == png()


async def test_a_file_goes_into_a_thread(slack: StandIn, client: AsyncWebClient) -> None:
    """With thread_ts it stands under that message; under none it is refused."""
    parent = await slack.say("aiko", "incident-shop", "look")
    await client.files_upload_v2(
        channel=parent.channel, thread_ts=parent.ts, filename="a.txt", content="x"
    )
    assert slack.replies(parent)[0].file_ids == (slack.files[0].id,)
    with pytest.raises(SlackApiError, match="thread_not_found"):
        await client.files_upload_v2(
            channel=parent.channel, thread_ts="1.2", filename="a.txt", content="x"
        )


CHECK = Step(
    "check_tls",
    "Check TLS",
    "",
    (Parameter("host", "string", "Host", "", required=True),),
    (
        Parameter("verdict", "string", "Verdict", "", required=True),
        Parameter("cause", "string", "Cause", "", required=False),
    ),
)


async def test_a_workflow_runs_the_step() -> None:
    """The event brings inputs and a token; the step ends once, with the outputs that it declares."""
    seen: list[dict[str, Any]] = []
    async with stand_in(app=App(steps={"check_tls": CHECK})) as slack:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        app = AsyncApp(client=client, signing_secret=SIGNING_SECRET)

        @app.function("check_tls")
        async def check(
            inputs: dict[str, Any], event: dict[str, Any], complete: Any, fail: Any
        ) -> None:
            seen.append(event)
            if inputs["host"] == "nowhere":
                await fail(error="There is no such host.")
            else:
                await complete(outputs={"verdict": "broken"})

        async with served(app) as url:
            slack.events_url = url
            await slack.run_step("aiko", "check_tls", {"host": "shop.example.jp"})
            await slack.run_step("aiko", "check_tls", {"host": "nowhere"})
            await slack.wait_for(lambda: all(one.status != "running" for one in slack.executions))
        good, bad = slack.executions
        assert (good.status, good.outputs) == ("succeeded", {"verdict": "broken"})
        assert (bad.status, bad.error) == ("failed", "There is no such host.")
        assert seen[0]["function"]["callback_id"] == "check_tls"
        lent = AsyncWebClient(token=good.token, base_url=slack.api_url)
        with pytest.raises(SlackApiError, match="invalid_auth"):
            await lent.auth_test()
        with pytest.raises(SlackApiError, match="execution_not_in_running_state"):
            await client.functions_completeSuccess(
                function_execution_id=good.id, outputs={"verdict": "ok"}
            )
        with pytest.raises(LookupError, match="missing: Host"):
            await slack.run_step("aiko", "check_tls", {})


async def test_outputs_are_those_of_the_manifest() -> None:
    """Another name, another type or none at all: parameter_validation_failed."""
    async with stand_in(app=App(steps={"check_tls": CHECK})) as slack:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        app = AsyncApp(client=client, signing_secret=SIGNING_SECRET)

        @app.function("check_tls")
        async def check() -> None:
            pass

        async with served(app) as url:
            slack.events_url = url
            run = await slack.run_step("aiko", "check_tls", {"host": "x"})
        wrong: list[dict[str, Any]] = [{}, {"verdict": 1}, {"verdict": "ok", "more": "x"}]
        for outputs in wrong:
            with pytest.raises(SlackApiError, match="parameter_validation_failed"):
                await client.functions_completeSuccess(
                    function_execution_id=run.id, outputs=outputs
                )


async def test_add_to_slack(slack: StandIn) -> None:
    """Authorize, allow, exchange: the new token works for its workspace until it is revoked."""
    query = (
        f"client_id={CLIENT_ID}&scope=chat:write,commands&state=s1&team=T0OTHER"
        "&redirect_uri=http://127.0.0.1:9/back"
    )
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{slack.url}oauth/v2/authorize?{query}") as page:
            assert "chat:write" in await page.text()
        async with session.get(
            f"{slack.url}oauth/v2/approve?{query}", allow_redirects=False
        ) as back:
            target = URL(back.headers["Location"])
        async with session.get(f"{slack.url}oauth/v2/cancel?{query}", allow_redirects=False) as no:
            assert "error=access_denied" in no.headers["Location"]
    assert target.query["state"] == "s1"
    anyone = AsyncWebClient(base_url=slack.api_url)
    exchange = {"client_id": CLIENT_ID, "code": target.query["code"]}
    with pytest.raises(SlackApiError, match="bad_client_secret"):
        await anyone.oauth_v2_access(client_secret="x", **exchange)
    answer = await anyone.oauth_v2_access(client_secret=CLIENT_SECRET, **exchange)
    assert answer["team"]["id"] == "T0OTHER"
    with pytest.raises(SlackApiError, match="invalid_code"):
        await anyone.oauth_v2_access(client_secret=CLIENT_SECRET, **exchange)
    installed = AsyncWebClient(token=answer["access_token"], base_url=slack.api_url)
    assert (await installed.auth_test())["team_id"] == "T0OTHER"
    await installed.auth_revoke()
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await installed.auth_test()


async def test_payloads_of_another_workspace_name_it(slack: StandIn) -> None:
    """After an installation elsewhere, payloads can come from there."""
    slack.team = "T0OTHER"
    delivery = await slack.command("aiko", "incident-shop", "x")
    assert delivery.payload["team_id"] == "T0OTHER"


async def test_alerts_of_other_apps_have_a_shortcut(slack: StandIn) -> None:
    """The payload holds the whole message: blocks, attachments, and the app that wrote it."""
    alert = slack.alert(
        "Alertmanager",
        "alerts",
        "[FIRING:1] ProbeFailed",
        attachments=[{"color": "danger", "text": "shop.lab.test: unknown authority"}],
    )
    assert "unknown authority" in alert.words()
    delivery = await slack.shortcut("aiko", alert, "tlscheck_message")
    message = delivery.payload["message"]
    assert message["attachments"][0]["text"] == "shop.lab.test: unknown authority"
    assert message["app_id"] != delivery.payload["api_app_id"]
    assert delivery.payload["trigger_id"]
    assert delivery.payload["response_url"].startswith(slack.url)


async def test_only_declared_shortcuts_are_in_the_menu() -> None:
    """What the manifest does not name cannot be chosen, and nothing on what one person sees."""
    async with stand_in(app=App(shortcuts=(("a", "A"),))) as slack:
        said = await slack.say("aiko", "incident-shop", "x")
        with pytest.raises(LookupError, match="no shortcut b"):
            await slack.shortcut("aiko", said, "b")
        await slack.shortcut("aiko", said, "a")


def test_the_projects_manifest_can_be_read() -> None:
    """The stand-in reads the very manifest that people install."""
    app = declared()
    assert "chat:write" in app.scopes
