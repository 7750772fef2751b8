"""Files of people: in messages, in windows, and who may read them. What the bot uploads is
`test_web_api`'s.
"""

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import InputBlock
from slack_sdk.models.blocks.block_elements import FileInputElement
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import App, StandIn
from tests.demo.slack.conftest import BOT_TOKEN, SIGNING_SECRET, served, stand_in

LIST = b"healthy.lab.test\nexpired.lab.test:8443\n"
HEARING = App(
    events=frozenset({"app_mention", "message.im", "file_shared"}),
    scopes=frozenset({"files:read"}),
)


def window(**fields: Any) -> dict[str, Any]:
    """A window with one file input, built by Slack's own models."""
    element = FileInputElement(action_id="list", **fields)
    block = InputBlock(block_id="list", label="Your list", element=element)
    return View(type="modal", title="Sweep", submit="Start", blocks=[block]).to_dict()


async def fetched(url: str, token: str | None) -> tuple[str, bytes]:
    """The content type and the bytes that come back, after redirects, as by a careless client."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        assert response.status == 200
        return response.content_type, await response.read()


async def test_a_file_in_a_message_is_heard_and_read() -> None:
    """In direct messages it is a file_share, beside a mention it has no subtype; both name the file."""
    heard: list[Mapping[str, Any]] = []
    async with stand_in(app=HEARING) as slack:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        app = AsyncApp(client=client, signing_secret=SIGNING_SECRET)

        @app.event({"type": "message", "subtype": "file_share"})
        @app.event("app_mention")
        @app.event("file_shared")
        async def hear(event: dict[str, Any]) -> None:
            heard.append(event)

        async with served(app) as url:
            slack.events_url = url
            for channel, text in (("dm", "sweep"), ("incident-shop", "@tlscheck sweep")):
                file = slack.upload("aiko", "サーバー一覧.csv", LIST)
                await slack.say("aiko", channel, text, files=[file])
            await slack.wait_for(lambda: len(heard) == 4)
            direct, mention = (one for one in heard if one["type"] != "file_shared")
            assert direct["channel_type"] == "im"
            assert direct["upload"] is False
            assert mention["type"] == "app_mention"
            assert "subtype" not in mention
            [named] = mention["files"]
            shared = [one for one in heard if one["type"] == "file_shared"]
            assert [one["channel_id"] for one in shared] == ["D0AIKO", "C0INCIDENT"]
            assert shared[1]["file_id"] == shared[1]["file"]["id"] == named["id"]
            assert (named["name"], named["size"]) == ("サーバー一覧.csv", len(LIST))
            assert (named["mimetype"], named["filetype"]) == ("text/csv", "csv")
            again = (await client.files_info(file=named["id"]))["file"]
            assert again == named
            for address in (named["url_private"], named["url_private_download"]):
                assert (await fetched(address, BOT_TOKEN))[1] == LIST


async def test_a_file_without_words_is_a_message_of_its_own(slack: StandIn) -> None:
    """Nothing needs to be said beside a file; the message names it."""
    file = slack.upload("aiko", "hosts.txt", LIST)
    message = await slack.say("aiko", "incident-shop", "", files=[file.id])
    assert message.file_ids == (file.id,)
    assert message.shared[0]["is_public"] is True


@pytest.mark.parametrize("token", [None, "xoxb-wrong"])
async def test_without_the_token_the_sign_in_page_comes(slack: StandIn, token: str | None) -> None:
    """Slack answers 200 with a page, not an error: a careless bot would keep it as the file."""
    file = slack.upload("aiko", "hosts.txt", LIST)
    message = await slack.say("aiko", "dm", "", files=[file])
    kind, body = await fetched(message.shared[0]["url_private_download"], token)
    assert kind == "text/html"
    assert b"Sign in" in body
    assert LIST not in body


async def test_without_the_scope_the_sign_in_page_comes_too() -> None:
    """A bot that was installed without files:read sees names, and no file."""
    async with stand_in(app=App()) as slack:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        file = slack.upload("aiko", "hosts.txt", LIST)
        message = await slack.say("aiko", "dm", "", files=[file])
        assert (await fetched(message.shared[0]["url_private"], BOT_TOKEN))[0] == "text/html"
        with pytest.raises(SlackApiError, match="missing_scope"):
            await client.files_info(file=file.id)
        trigger = await slack.command("aiko", "incident-shop")
        with pytest.raises(SlackApiError, match="missing_scope"):
            await client.views_open(trigger_id=trigger.payload["trigger_id"], view=window())


async def test_files_of_places_without_the_bot_are_not_there(
    slack: StandIn, client: AsyncWebClient
) -> None:
    """One that was shared only in a private channel without the bot, or with nobody, is not found."""
    unshared = slack.upload("aiko", "mine.txt", LIST)
    elsewhere = slack.upload("aiko", "ours.txt", LIST)
    await slack.say("aiko", "security-private", "", files=[elsewhere])
    for file in (unshared, elsewhere):
        with pytest.raises(SlackApiError, match="file_not_found"):
            await client.files_info(file=file.id)


async def test_a_window_takes_files(app: AsyncApp, slack: StandIn) -> None:
    """A submitted file input holds file objects, which the bot may read from then on."""
    states: list[Any] = []

    @app.command("/tlscheck")
    async def command(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        view = window(filetypes=["txt", "csv"], max_files=1)
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        states.append(view["state"]["values"]["list"]["list"])
        await ack()

    async with served(app) as url:
        slack.events_url = url
        await slack.command("aiko", "incident-shop")
        hosts = slack.upload("aiko", "HOSTS.TXT", LIST)
        picture = slack.upload("aiko", "hosts.png", LIST)
        theirs = slack.upload("ben", "theirs.txt", LIST)
        large = slack.upload("aiko", "large.txt", b"a" * 10_000_001)
        for files, reason in (
            ([picture], "only txt, csv"),
            ([hosts, hosts], "no more than 1"),
            ([large], "10 MB"),
            ([theirs], "no such file"),
        ):
            with pytest.raises(LookupError, match=reason):
                await slack.submit("aiko", values={"list": files})
        await slack.submit("aiko", values={"list": [hosts]})
        await slack.command("aiko", "incident-shop")
        await slack.submit("aiko")
    [given] = states[0]["files"]
    assert states[0]["type"] == "file_input"
    assert (given["id"], given["user"], given["channels"]) == (hosts.id, "U0AIKO", [])
    assert (await fetched(given["url_private_download"], BOT_TOKEN))[1] == LIST
    assert states[1] == {"type": "file_input", "files": []}
    assert slack.refusals == ()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"max_files": 11}, "less than 11"),
        ({"max_files": 0}, "greater than 0"),
        ({"filetypes": "csv"}, "must be an array"),
        ({"placeholder": {"type": "plain_text", "text": "x"}}, "additional property"),
        ({"initial_files": []}, "additional property"),
    ],
    ids=["eleven", "none", "a-string", "placeholder", "initial"],
)
async def test_a_wrong_file_input_is_refused(
    slack: StandIn, client: AsyncWebClient, fields: dict[str, Any], complaint: str
) -> None:
    """Bounds and fields are those of Slack's page."""
    view = window()
    view["blocks"][0]["element"] |= fields
    trigger = (await slack.command("aiko", "incident-shop")).payload["trigger_id"]
    with pytest.raises(SlackApiError, match=complaint):
        await client.views_open(trigger_id=trigger, view=view)


async def test_file_inputs_stand_in_modals_only(slack: StandIn, client: AsyncWebClient) -> None:
    """The Home tab is never submitted, and a message has no inputs."""
    blocks = window()["blocks"]
    home = {"type": "home", "blocks": blocks}
    with pytest.raises(SlackApiError, match="unsupported element type: file_input"):
        await client.views_publish(user_id="U0AIKO", view=home)
    with pytest.raises(SlackApiError, match="unsupported type: input"):
        await client.chat_postMessage(channel="C0INCIDENT", text="x", blocks=blocks)
