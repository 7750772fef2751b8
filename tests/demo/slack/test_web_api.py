"""The Web API as slack_sdk's client sees it."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import BOT, StandIn
from tests.demo.slack.conftest import BOT_TOKEN, stand_in


async def test_auth_test_names_the_bot(client: AsyncWebClient) -> None:
    """The token's owner is the bot."""
    answer = await client.auth_test()

    assert answer["user_id"] == BOT.id
    assert answer["bot_id"].startswith("B")


@pytest.mark.parametrize(
    ("token", "error"),
    [("xoxb-wrong", "invalid_auth"), ("xapp-test", "not_allowed_token_type"), ("", "not_authed")],
)
async def test_wrong_token_is_refused(slack: StandIn, token: str, error: str) -> None:
    """Each kind of wrong token has its own error."""
    with pytest.raises(SlackApiError, match=error):
        await AsyncWebClient(token=token, base_url=slack.api_url).auth_test()


async def test_unknown_method(client: AsyncWebClient) -> None:
    """A method that does not exist is said to be unknown."""
    with pytest.raises(SlackApiError, match="unknown_method"):
        await client.api_call("chat.shout")


@pytest.mark.parametrize(
    ("channel", "error"),
    [("C0GENERAL", "not_in_channel"), ("C0SECURITY", "channel_not_found"), ("C9", "channel_not")],
    ids=["public, not a member", "private, not a member", "nowhere"],
)
async def test_posting_where_the_bot_is_not(
    slack: StandIn, client: AsyncWebClient, channel: str, error: str
) -> None:
    """A public channel refuses strangers, a private one is not even found."""
    with pytest.raises(SlackApiError, match=error):
        await client.chat_postMessage(channel=channel, text="hello")

    assert slack.refusals[-1].error.startswith(error)


async def test_post_update_delete(slack: StandIn, client: AsyncWebClient) -> None:
    """A message is posted, changed in its place, linked to, and deleted."""
    posted = await client.chat_postMessage(channel="C0INCIDENT", text="checking")
    ts = posted["ts"]
    await client.chat_update(channel="C0INCIDENT", ts=ts, text="expired")
    link = await client.chat_getPermalink(channel="C0INCIDENT", message_ts=ts)
    await client.reactions_add(channel="C0INCIDENT", timestamp=ts, name="eyes")

    [message] = slack.messages("incident-shop")
    assert (message.ts, message.text) == (ts, "expired")
    assert message.edited_ts
    assert message.reactions == (("eyes", BOT.id),)
    assert "/archives/C0INCIDENT/p" in link["permalink"]

    await client.chat_delete(channel="C0INCIDENT", ts=ts)
    assert slack.messages("incident-shop") == ()


async def test_ephemeral_messages_cannot_be_updated(slack: StandIn, client: AsyncWebClient) -> None:
    """An ephemeral message is seen by one person, and chat.update does not find it."""
    answer = await client.chat_postEphemeral(channel="C0INCIDENT", user="U0BEN", text="psst")

    assert [m.text for m in slack.messages("incident-shop", viewer="ben")] == ["psst"]
    assert slack.messages("incident-shop", viewer="aiko") == ()
    with pytest.raises(SlackApiError, match="message_not_found"):
        await client.chat_update(channel="C0INCIDENT", ts=answer["message_ts"], text="loud")


async def test_only_own_messages_can_be_changed(slack: StandIn, client: AsyncWebClient) -> None:
    """What a person said is theirs."""
    said = await slack.say("ben", "incident-shop", "hello")

    with pytest.raises(SlackApiError, match="cant_update_message"):
        await client.chat_update(channel="C0INCIDENT", ts=said.ts, text="bye")
    with pytest.raises(SlackApiError, match="cant_delete_message"):
        await client.chat_delete(channel="C0INCIDENT", ts=said.ts)


async def test_conversations(slack: StandIn, client: AsyncWebClient) -> None:
    """Channels, members, threads and direct messages can be looked up."""
    info = await client.conversations_info(channel="C0GENERAL")
    assert info["channel"]["is_member"] is False
    listed = await client.conversations_list(types="public_channel,private_channel")
    assert [c["name"] for c in listed["channels"]] == ["incident-shop", "alerts", "general"]
    members = await client.conversations_members(channel="C0INCIDENT")
    assert BOT.id in members["members"]
    opened = await client.conversations_open(users="U0BEN")
    assert opened["channel"]["id"] == "D0BEN"
    await client.chat_postMessage(channel="U0BEN", text="hello")
    assert [m.text for m in slack.messages("dm", viewer="ben")] == ["hello"]

    parent = await client.chat_postMessage(channel="C0INCIDENT", text="expired")
    await client.chat_postMessage(channel="C0INCIDENT", text="why", thread_ts=parent["ts"])
    thread = await client.conversations_replies(channel="C0INCIDENT", ts=parent["ts"])
    assert [m["text"] for m in thread["messages"]] == ["expired", "why"]


async def test_locale_only_when_asked_for(slack: StandIn, client: AsyncWebClient) -> None:
    """users.info gives the locale with include_locale, and not without."""
    slack.set_locale("aiko", "ja-JP")

    with_locale = await client.users_info(user="U0AIKO", include_locale=True)
    without = await client.users_info(user="U0AIKO")
    everyone = await client.users_list(include_locale=True)

    assert with_locale["user"]["locale"] == "ja-JP"
    assert "locale" not in without["user"]
    assert len(everyone["members"]) == 4
    with pytest.raises(SlackApiError, match="user_not_found"):
        await client.users_info(user="U9")


async def test_file_upload(slack: StandIn, client: AsyncWebClient) -> None:
    """files_upload_v2 goes through all three steps, and the file can be fetched."""
    content = "-----BEGIN CERTIFICATE-----\n"
    answer = await client.files_upload_v2(
        channel="C0INCIDENT",
        filename="フル.pem",
        content=content,
        title="Full chain",
        initial_comment="verified",
    )

    [file] = slack.files
    [message] = slack.messages("incident-shop")
    assert file.content == content.encode()
    assert (file.name, file.title) == ("フル.pem", "Full chain")
    assert message.file_ids == (file.id,)
    assert message.text == "verified"
    info = await client.files_info(file=file.id)
    assert info["file"]["size"] == len(content)
    assert answer["file"]["id"] == file.id
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {BOT_TOKEN}"}) as session,
        session.get(info["file"]["url_private_download"]) as response,
    ):
        assert await response.text() == content
        assert response.headers["Content-Disposition"].startswith("attachment")


async def test_file_needs_the_channel(slack: StandIn, client: AsyncWebClient) -> None:
    """A file cannot be shared where the bot is no member."""
    with pytest.raises(SlackApiError, match="not_in_channel"):
        await client.files_upload_v2(channel="C0GENERAL", filename="a.pem", content="x")

    assert slack.files == ()


async def test_get_post_form_and_json(slack: StandIn) -> None:
    """Arguments are read from the query, from a form and from JSON."""
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    url = f"{slack.api_url}users.info"
    args = {"user": "U0BEN"}
    async with aiohttp.ClientSession(headers=headers) as session:
        answers: list[dict[str, Any]] = []
        async with session.get(url, params=args) as response:
            answers.append(await response.json())
        async with session.post(url, data=args) as response:
            answers.append(await response.json())
        async with session.post(url, json=args) as response:
            answers.append(await response.json())
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=args | {"token": BOT_TOKEN}) as response,
    ):
        answers.append(await response.json())

    assert [answer["user"]["name"] for answer in answers] == ["ben"] * 4


async def test_unknown_argument_fails_in_strict_mode_only(client: AsyncWebClient) -> None:
    """Strict mode fails an unknown argument; otherwise it is a warning, as in Slack."""
    with pytest.raises(SlackApiError, match="unknown argument: colour"):
        await client.api_call("users.info", params={"user": "U0BEN", "colour": "red"})
    async with stand_in(strict=False) as lenient:
        other = AsyncWebClient(token=BOT_TOKEN, base_url=lenient.api_url)
        await other.api_call("users.info", params={"user": "U0BEN", "colour": "red"})
        assert [w.text for w in lenient.warnings] == ["unknown argument: colour"]


async def test_rate_limit_and_server_error_are_retried_by_the_sdk(
    slack: StandIn, client: AsyncWebClient
) -> None:
    """429 with Retry-After and 503 can be put before the next calls."""
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler())
    client.retry_handlers.append(AsyncServerErrorRetryHandler())
    slack.fail_next("chat.postMessage", status=429, retry_after=0)
    await client.chat_postMessage(channel="C0INCIDENT", text="first")
    slack.fail_next("chat.postMessage", status=503)
    await client.chat_postMessage(channel="C0INCIDENT", text="second")

    assert [(call.status, call.error) for call in slack.calls] == [
        (429, "ratelimited"),
        (200, None),
        (503, "internal_error"),
        (200, None),
    ]
    assert [m.text for m in slack.messages("incident-shop")] == ["first", "second"]


async def test_trigger_works_once(slack: StandIn, client: AsyncWebClient) -> None:
    """A trigger id opens one modal, an invented one none."""
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Details"},
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}],
    }
    trigger = (await slack.command("aiko", "incident-shop")).payload["trigger_id"]

    opened = await client.views_open(trigger_id=trigger, view=view)
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await client.views_open(trigger_id=trigger, view=view)
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        await client.views_open(trigger_id="1.2.3", view=view)
    await client.views_update(view_id=opened["view"]["id"], view=view | {"callback_id": "new"})
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_update(view_id=opened["view"]["id"], view=view, hash="1.old")

    assert slack.views[0].callback_id == "new"
