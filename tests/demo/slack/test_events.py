"""Events: who hears of what is written, in threads and direct messages, and how often."""

from typing import Any

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import BOT, App, StandIn
from bot.demo.slack.typed import as_sent, rich_text
from tests.demo.slack.conftest import BOT_TOKEN, SIGNING_SECRET, served, stand_in

EVENTS = frozenset({"app_mention", "message.im", "app_home_opened"})


def bolt(slack: StandIn) -> AsyncApp:
    """A Bolt app that speaks to this stand-in."""
    client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
    return AsyncApp(client=client, signing_secret=SIGNING_SECRET)


async def test_direct_messages_and_their_changes_are_heard() -> None:
    """A message, its change, its end, and the bot's own message: each is an event of message.im."""
    heard: list[dict[str, Any]] = []
    async with stand_in(app=App(events=EVENTS, scopes=frozenset({"chat:write"}))) as slack:
        app = bolt(slack)

        @app.event("message")
        async def message(event: dict[str, Any]) -> None:
            heard.append(event)

        async with served(app) as url:
            slack.events_url = url
            said = await slack.say("aiko", "dm", "why?")
            answer = await app.client.chat_postMessage(channel=said.channel, text="because")
            await slack.say("aiko", "dm", "and?", thread_ts=answer["ts"])
            slack.edit("aiko", said, "why not?")
            await slack.wait_for(lambda: len(heard) == 3)
            slack.delete("aiko", said)
            await slack.wait_for(lambda: len(heard) == 4)
            await slack.wait_for(lambda: len(slack.deliveries) == 5)
    first, reply, changed, gone = heard
    assert first["channel_type"] == "im"
    assert first["blocks"][0]["elements"][0]["elements"] == [{"type": "text", "text": "why?"}]
    assert reply["thread_ts"] == answer["ts"]
    assert reply["parent_user_id"] == BOT.id
    assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "why not?")
    assert changed["previous_message"]["text"] == "why?"
    assert gone["subtype"] == "message_deleted"


@pytest.mark.parametrize("events", [frozenset({"app_mention"}), frozenset()])
async def test_only_what_the_manifest_names_is_sent(events: frozenset[str]) -> None:
    """A mention is sent to an app that subscribes to it, a direct message not without message.im."""
    async with stand_in(app=App(events=events)) as slack, served(bolt(slack)) as url:
        slack.events_url = url
        await slack.say("aiko", "dm", "why?")
        await slack.say("aiko", "incident-shop", "@tlscheck why?")
        await slack.open_home("aiko")
        kinds = {one.payload["event"]["type"] for one in slack.deliveries}
    assert kinds == events


async def test_a_mention_where_the_bot_is_no_member(slack: StandIn) -> None:
    """It is not sent; Slackbot says why, and after an invitation it is."""
    async with served(bolt(slack)) as url:
        slack.events_url = url
        await slack.say("aiko", "general", "@tlscheck shop.example.jp")
        assert not slack.deliveries
        assert "not in this channel" in slack.messages("general", "aiko")[-1].text
        slack.invite("general")
        await slack.say("aiko", "general", "@tlscheck shop.example.jp")
    assert slack.deliveries[0].payload["event"]["text"] == f"<@{BOT.id}> shop.example.jp"


async def test_an_event_is_sent_again_until_it_is_acknowledged() -> None:
    """At once, and twice more; with the attempt and its reason, until a 200 comes."""
    seen: list[tuple[str | None, str | None]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(
            (
                request.headers.get("X-Slack-Retry-Num"),
                request.headers.get("X-Slack-Retry-Reason"),
            )
        )
        return web.Response(status=500 if len(seen) < 3 else 200)

    app = web.Application()
    app.router.add_post("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with stand_in(retry_pauses=(0.0, 0.0, 0.0)) as slack:
        slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        await slack.say("aiko", "incident-shop", "@tlscheck hello")
        await slack.wait_for(lambda: len(slack.deliveries) == 3)
        ids = {one.payload["event_id"] for one in slack.deliveries}
    await runner.cleanup()
    assert seen == [(None, None), ("1", "http_error"), ("2", "http_error")]
    assert len(ids) == 1


async def test_no_retry_is_honoured_and_silence_has_its_name() -> None:
    """`X-Slack-No-Retry: 1` ends it; nobody at home is connection_failed."""

    async def handle(_request: web.Request) -> web.Response:
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    app = web.Application()
    app.router.add_post("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with stand_in(retry_pauses=(0.0,)) as slack:
        slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        delivery = await slack.event({"type": "app_mention", "text": "x"})
        assert delivery.no_retry
        await runner.cleanup()
        await slack.event({"type": "app_mention", "text": "x"})
        await slack.wait_for(lambda: len(slack.deliveries) == 3)
        assert slack.deliveries[-1].retry_reason == "connection_failed"


async def test_threads_are_read_as_slack_gives_them(slack: StandIn, client: AsyncWebClient) -> None:
    """Replies and history, in pages, the parent with its counts, ephemeral ones left out."""
    parent = await slack.say("aiko", "incident-shop", "look")
    first = await client.chat_postMessage(channel=parent.channel, text="1", thread_ts=parent.ts)
    await client.chat_postEphemeral(
        channel=parent.channel, user="U0AIKO", text="psst", thread_ts=parent.ts
    )
    # A reply to a reply stands under the parent.
    second = await slack.say("ben", "incident-shop", "2", thread_ts=first["ts"])
    assert second.thread_ts == parent.ts
    page = await client.conversations_replies(channel=parent.channel, ts=parent.ts, limit=2)
    rest = await client.conversations_replies(
        channel=parent.channel,
        ts=parent.ts,
        cursor=page["response_metadata"]["next_cursor"],
    )
    assert [one["text"] for one in [*page["messages"], *rest["messages"]]] == ["look", "1", "2"]
    assert page["messages"][0]["reply_count"] == 2
    assert page["has_more"] is True
    history = await client.conversations_history(channel=parent.channel)
    assert [one["text"] for one in history["messages"]] == ["look"]
    assert [one.text for one in slack.replies(parent)] == ["1", "2"]


async def test_an_archived_channel_takes_nothing(slack: StandIn, client: AsyncWebClient) -> None:
    """Posts, updates, response URLs and people: each is refused with Slack's own word."""
    posted = await client.chat_postMessage(channel="C0INCIDENT", text="before")
    slack.archive("incident-shop")
    with pytest.raises(SlackApiError, match="is_archived"):
        await client.chat_postMessage(channel="C0INCIDENT", text="after")
    with pytest.raises(SlackApiError, match="is_inactive"):
        await client.chat_update(channel="C0INCIDENT", ts=posted["ts"], text="after")
    with pytest.raises(LookupError, match="archived"):
        await slack.say("aiko", "incident-shop", "hello")
    info = await client.conversations_info(channel="C0INCIDENT")
    assert info["channel"]["is_archived"] is True
    slack.archive("incident-shop", archived=False)
    await client.chat_postMessage(channel="C0INCIDENT", text="after")


async def test_scopes_are_those_of_the_manifest() -> None:
    """A call without its scope says which one is missing and which are there."""
    async with stand_in(app=App(scopes=frozenset({"chat:write", "commands"}))) as slack:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        answer = await client.chat_postMessage(channel="C0INCIDENT", text="x")
        assert answer.headers["X-OAuth-Scopes"] == "chat:write,commands"
        with pytest.raises(SlackApiError, match="missing_scope") as caught:
            await client.users_info(user="U0AIKO")
        assert caught.value.response["needed"] == "users:read"
        assert caught.value.response["provided"] == "chat:write,commands"
        for call in (
            client.conversations_info(channel="C0INCIDENT"),
            client.conversations_history(channel="D0AIKO"),
            client.usergroups_users_list(usergroup="S0ONCALL"),
            client.conversations_open(users="U0AIKO"),
        ):
            with pytest.raises(SlackApiError, match="missing_scope"):
                await call


async def test_user_groups_and_time_zones(slack: StandIn, client: AsyncWebClient) -> None:
    """Who is on call, and where they live."""
    slack.set_zone("aiko", "America/New_York")
    groups = await client.usergroups_list()
    members = await client.usergroups_users_list(usergroup=groups["usergroups"][0]["id"])
    user = (await client.users_info(user=members["users"][0]))["user"]
    assert user["tz"] == "America/New_York"
    assert user["tz_offset"] in (-18_000, -14_400)
    with pytest.raises(SlackApiError, match="no_such_subteam"):
        await client.usergroups_users_list(usergroup="S1")


def test_typed_text_becomes_what_slack_keeps() -> None:
    """Escapes, links and mentions, and the rich text beside them."""
    sent = as_sent(
        "@tlscheck <b> & https://shop.example.jp/x?a=1&b=2, mail@tlscheck", [("tlscheck", "U1")]
    )
    assert sent == ("<@U1> &lt;b&gt; &amp; <https://shop.example.jp/x?a=1&amp;b=2>, mail@tlscheck")
    elements = rich_text(sent, "b")["elements"][0]["elements"]
    assert elements[0] == {"type": "user", "user_id": "U1"}
    assert elements[1] == {"type": "text", "text": " <b> & "}
    assert elements[2] == {"type": "link", "url": "https://shop.example.jp/x?a=1&b=2"}
