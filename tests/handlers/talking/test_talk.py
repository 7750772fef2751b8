"""Asking on: mentions in threads and channels, and direct messages, over both transports."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.slack.values import Message
from bot.demo.slack.workspace import AIKO, BEN, BOT
from bot.store.connection import connect
from handlers.asking.press import DETAILS, FULL_CHAIN, LETTER, RECHECK, SHARE
from tests.handlers.asking.test_pressed import action_ids, answer, shown_to_all
from tests.handlers.conftest import Run, Running
from tests.handlers.samples import PEM
from tests.handlers.talking.test_followup import QUESTIONS

JOINED = "incident-shop"
LINE = "curl: (60) SSL certificate problem: unable to get local issuer certificate"


async def share(bot: Running, text: str = "shop.example.jp") -> Message:
    """An answer that everybody sees."""
    before = len(shown_to_all(bot, JOINED))
    await bot.slack.press(AIKO, await answer(bot, text=text), SHARE)
    await bot.slack.wait_for(lambda: len(shown_to_all(bot, JOINED)) > before)
    return shown_to_all(bot, JOINED)[-1]


def of_bot(
    bot: Running, channel: str, thread: str | None = None, *, waiting: bool = False
) -> list[Message]:
    """What the bot said to everybody, in a thread if one is given.

    On a busy machine any check may be announced before its answer takes that message's place.
    """
    return [
        one
        for one in shown_to_all(bot, channel)
        if one.user == BOT.id
        and (thread is None or one.thread_ts == thread)
        and (waiting or not one.text.startswith("Checking "))
    ]


async def ask(bot: Running, thread: str, text: str, *, who: object = BEN, more: int = 1) -> str:
    """Mention the bot in a thread; returns the words of what it says there."""
    before = len(of_bot(bot, JOINED, thread))
    await bot.slack.say(who, JOINED, f"@tlscheck {text}", thread_ts=thread)  # type: ignore[arg-type] # a User
    await bot.slack.wait_for(lambda: len(of_bot(bot, JOINED, thread)) >= before + more)
    return "\n".join(one.words() for one in of_bot(bot, JOINED, thread)[before:])


async def tell(bot: Running, text: str, *, more: int = 1) -> list[Message]:
    """Write to the bot; returns what it says."""
    direct = bot.slack.workspace.channel("dm", user=AIKO).id
    before = len(of_bot(bot, direct))
    await bot.slack.say(AIKO, "dm", text)
    await bot.slack.wait_for(lambda: len(of_bot(bot, direct)) >= before + more)
    return of_bot(bot, direct)[before:]


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_questions_in_the_thread_of_a_shared_answer(run: Run, via: str) -> None:
    """Each is answered there from the stored result, and no check is run."""
    async with run(via=via, real=True) as bot:
        shared = await share(bot)
        asked = len(bot.vantage.asked)
        for text, parts in (
            ("why?", ("does not send the intermediate certificate", "Who notices")),
            ("why does it work in Chrome?", ("Chrome works at shop.example.jp", "AIA")),
            ("does curl fail?", ("curl fails", LINE)),
            ("is firefox ok?", ("Firefox", "not known from this check")),
            ("which clients break?", ("Java", "PKIX path building failed")),
            ("show the chain", ("NOT SENT", "FujiSSL")),
            ("fix apache", ("shop.example.jp", "Apache")),
            ("openssl command", ("openssl s_client -connect shop.example.jp:443",)),
            ("since when?", ("first seen like this",)),
            ("when does it expire?", ("server certificate", "41 days left")),
            ("who else uses this intermediate?", ("No other server",)),
            ("which addresses?", ("203.0.113.7:443", "openssl verify: 21")),
            ("history", ("last 90 days",)),
            ("details", ("behind the button",)),
            ("banana", ("show the chain", "stop watching")),
        ):
            said = await ask(bot, shared.ts, text)
            assert [one for one in parts if one not in said] == [], (text, said)
        assert len(bot.vantage.asked) == asked
        assert bot.slack.refusals == ()


async def test_the_age_is_said(run: Run) -> None:
    """Which result it was, and how old."""
    ahead = timedelta(0)
    async with run(real=True, clock=lambda: datetime.now(UTC) + ahead) as bot:
        shared = await share(bot)
        assert "checked just now" in await ask(bot, shared.ts, "why?")
        ahead = timedelta(minutes=42)
        said = await ask(bot, shared.ts, "why?")
        assert "About shop.example.jp, as checked" in said
        assert "42 minutes ago" in said
        assert len(bot.vantage.asked) == 1


async def test_a_result_that_is_gone_is_made_anew(run: Run, redis_url: str) -> None:
    """After a day there is a new check, which is said; the next question is about that one."""
    ahead = timedelta(0)
    async with run(real=True, clock=lambda: datetime.now(UTC) + ahead) as bot:
        shared = await share(bot)
        redis = connect(redis_url)
        for name in await redis.execute("KEYS", "tlscheck:result:*"):
            await redis.execute("DEL", name)
        for name in await redis.execute("KEYS", "tlscheck:newest:*"):
            await redis.execute("DEL", name)
        await redis.aclose()
        ahead = timedelta(hours=25)
        said = await ask(bot, shared.ts, "why?")
        assert "no longer kept (24 hours)" in said
        assert "does not send" in said
        assert len(bot.vantage.asked) == 2
        assert "checked just now" in await ask(bot, shared.ts, "which clients?")
        assert len(bot.vantage.asked) == 2


async def test_a_slow_check_is_announced_and_replaced(run: Run) -> None:
    """One message: "checking", and then the answer in its place, which lives on."""
    async with run() as bot:
        bot.vantage.gate.clear()
        asked = await bot.slack.say(BEN, JOINED, "@tlscheck shop.example.jp")
        (first,) = await bot.slack.wait_for(lambda: of_bot(bot, JOINED, asked.ts, waiting=True))
        assert "Checking shop.example.jp" in first.text
        bot.vantage.gate.set()
        (only,) = await bot.slack.wait_for(lambda: of_bot(bot, JOINED, asked.ts))
        assert only.ts == first.ts
        assert "Broken" in only.text
        bot.vantage.mended = True
        await bot.slack.press(AIKO, of_bot(bot, JOINED, asked.ts)[0], RECHECK)
        await bot.slack.wait_for(lambda: "OK" in of_bot(bot, JOINED, asked.ts)[0].text)
        await bot.slack.wait_for(lambda: len(of_bot(bot, JOINED, asked.ts)) == 2)


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_check_again_renews_the_shared_answer(run: Run, via: str) -> None:
    """The message above shows the new result, its thread what changed, and who asked is told."""
    async with run(via=via, real=True) as bot:
        shared = await share(bot)
        assert "Checked again just now" in await ask(bot, shared.ts, "check again")
        bot.vantage.mended = True
        said = await ask(bot, shared.ts, "is it fixed?", more=2)
        assert "→" in said
        assert "Checked again just now" in said
        assert "OK: shop.example.jp" in shown_to_all(bot, JOINED)[0].text
        assert len(bot.vantage.asked) == 3
        assert "No other server" not in await ask(bot, shared.ts, "why?")
        assert len(bot.vantage.asked) == 3


async def test_check_again_twice_at_once_is_one_check(run: Run) -> None:
    """The second is told that it is under way."""
    async with run() as bot:
        shared = await share(bot)
        bot.vantage.gate.clear()
        await bot.slack.say(AIKO, JOINED, "@tlscheck recheck", thread_ts=shared.ts)
        await bot.slack.wait_for(lambda: len(bot.vantage.asked) == 2)
        assert "being checked again" in await ask(bot, shared.ts, "recheck")
        bot.vantage.gate.set()
        await bot.slack.wait_for(lambda: "up to date" in of_bot(bot, JOINED, shared.ts)[-1].text)
        assert len(bot.vantage.asked) == 2


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_the_file_and_the_letter_come_into_the_thread(run: Run, via: str) -> None:
    """The file once; the letter in the language that was named, with its window behind a button."""
    async with run(via=via, real=True) as bot:
        shared = await share(bot)
        await ask(bot, shared.ts, "give me the full chain")
        (file,) = bot.slack.files
        assert file.content == (PEM * 2).encode()
        (posted,) = of_bot(bot, JOINED, shared.ts)
        assert posted.file_ids == (file.id,)
        said = await ask(bot, shared.ts, "letter in Japanese")
        assert "shop.example.jp" in said
        assert "ご担当者" in said or "お世話に" in said
        last = of_bot(bot, JOINED, shared.ts)[-1]
        assert action_ids(last) == [LETTER, FULL_CHAIN]
        assert "I send it to nobody" in last.words()
        await bot.slack.press(BEN, last, LETTER)
        await bot.slack.wait_for(lambda: bot.slack.views)
        assert bot.slack.refusals == ()


async def test_watch_and_stop_watching(run: Run) -> None:
    """The news come into the thread; whoever asks ends it."""
    async with run() as bot:
        shared = await share(bot)
        assert "I watch shop.example.jp" in await ask(bot, shared.ts, "tell me when it is fixed")
        assert "being watched here already" in await ask(bot, shared.ts, "watch", who=AIKO)
        assert "not watched any more" in await ask(bot, shared.ts, "stop watching", who=AIKO)


async def test_in_the_asker_s_language(run: Run) -> None:
    """A Japanese reader of an English answer, and whoever writes Japanese."""
    async with run(real=True) as bot:
        shared = await share(bot)
        bot.slack.set_locale(BEN, "ja-JP")
        assert "中間CA証明書" in await ask(bot, shared.ts, "why")
        assert "チェーンを見せて" in await ask(bot, shared.ts, "banana")
        assert "Chrome では" in await ask(bot, shared.ts, "なぜChromeでは動くの？", who=AIKO)
        assert "does not send" in await ask(bot, shared.ts, "why", who=AIKO)


async def test_another_host_in_a_thread_is_a_new_question(run: Run) -> None:
    """It is checked, and the thread is about it from then on."""
    async with run(real=True) as bot:
        shared = await share(bot)
        said = await ask(bot, shared.ts, "and api.example.jp:8443?")
        assert "Broken: api.example.jp:8443" in said
        assert "api.example.jp:8443" in await ask(bot, shared.ts, "why?")
        assert [one.target.host for one in bot.vantage.asked] == [
            "shop.example.jp",
            "api.example.jp",
        ]


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_a_mention_with_a_host_is_answered_under_it(run: Run, via: str) -> None:
    """In the thread of that message, for all; nothing is posted beside it. Then people ask on."""
    async with run(via=via, real=True) as bot:
        asked = await bot.slack.say(BEN, JOINED, "@tlscheck shop.example.jpを確認して")
        (told,) = await bot.slack.wait_for(lambda: of_bot(bot, JOINED))
        assert told.thread_ts == asked.ts
        assert "shop.example.jp" in told.text
        assert SHARE not in action_ids(told)
        assert "Chrome" in await ask(bot, asked.ts, "why does it work in chrome?")
        assert len(bot.vantage.asked) == 1
        assert bot.slack.refusals == ()


async def test_an_error_line_is_explained_and_its_host_checked(run: Run) -> None:
    """Both under the mention, the explanation first and without the button for the check."""
    async with run(real=True) as bot:
        asked = await bot.slack.say(
            BEN, JOINED, f"@tlscheck `$ curl https://shop.example.jp/`\n```{LINE}```"
        )
        await bot.slack.wait_for(lambda: len(of_bot(bot, JOINED, asked.ts)) == 2)
        first, last = of_bot(bot, JOINED, asked.ts)
        assert "No trusted issuer was found" in first.text
        assert action_ids(first) == []
        assert "Broken: shop.example.jp" in last.text


async def test_several_hosts(run: Run) -> None:
    """Three at once, and the others are said to be too many."""
    async with run() as bot:
        hosts = " ".join(f"{one}.example.jp" for one in "abcde")
        asked = await bot.slack.say(BEN, JOINED, f"@tlscheck {hosts}")
        await bot.slack.wait_for(lambda: len(of_bot(bot, JOINED, asked.ts)) == 4)
        assert "2 more servers" in of_bot(bot, JOINED, asked.ts)[-1].text
        assert len(bot.vantage.asked) == 3


async def test_a_mention_that_says_nothing_gets_the_list(run: Run) -> None:
    """Never silence: in an unknown thread, too, with the shortcut named for alerts."""
    async with run() as bot:
        alert = await bot.slack.say(BEN, JOINED, "shop is down")
        said = await ask(bot, alert.ts, "why?")
        assert "Check TLS in this message" in said
        assert "which clients break?" in said
        asked = await bot.slack.say(BEN, JOINED, "@tlscheck")
        await bot.slack.wait_for(lambda: of_bot(bot, JOINED, asked.ts))
        assert bot.vantage.asked == []


async def test_beside_the_thread_the_last_shared_answer_is_meant(run: Run) -> None:
    """While its result is kept; the answer goes under the mention."""
    async with run(real=True) as bot:
        await share(bot)
        asked = await bot.slack.say(BEN, JOINED, "@tlscheck which clients break?")
        (told,) = await bot.slack.wait_for(lambda: of_bot(bot, JOINED, asked.ts))
        assert "What each client does at shop.example.jp" in told.text


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_direct_messages(run: Run, via: str) -> None:
    """A host is checked, questions are about the last answer there, an error is explained."""
    async with run(via=via, real=True) as bot:
        (first,) = await tell(bot, "why?")
        assert "I do not know which result you mean" in first.text
        (checked,) = await tell(bot, "https://shop.example.jp/cart")
        assert checked.thread_ts is None
        assert "Broken: shop.example.jp" in checked.text
        (why,) = await tell(bot, "why?")
        assert "does not send the intermediate" in why.words()
        (explained,) = await tell(bot, LINE)
        assert "No trusted issuer was found" in explained.text
        (helped,) = await tell(bot, "hello")
        assert "About this result you can ask" in helped.text
        (watching,) = await tell(bot, "watch shop.example.jp")
        assert "I watch shop.example.jp" in watching.text
        (history,) = await tell(bot, "history shop.example.jp")
        assert "last 90 days" in history.text
        (wrong,) = await tell(bot, "shop.example.jp --colour red")
        assert "There is no option --colour" in wrong.text
        assert len(bot.vantage.asked) == 1
        assert bot.slack.refusals == ()


async def test_a_command_in_direct_messages_is_asked_on_about(run: Run) -> None:
    """What `/tlscheck` showed there last is what is meant."""
    async with run(real=True) as bot:
        await bot.slack.command(AIKO, "dm", "mail.example.jp:993")
        (told,) = await tell(bot, "which addresses?")
        assert "mail.example.jp:993" in told.text


async def test_recheck_in_direct_messages(run: Run) -> None:
    """A new check, answered whole."""
    async with run() as bot:
        await tell(bot, "shop.example.jp")
        bot.vantage.mended = True
        (told,) = await tell(bot, "is it fixed?")
        assert "OK: shop.example.jp" in told.text
        assert len(bot.vantage.asked) == 2


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_an_event_that_comes_again_is_done_once(run: Run, via: str) -> None:
    """Slack repeats what it did not see acknowledged; also with another event id."""
    async with run(via=via) as bot:
        shared = await share(bot)
        await ask(bot, shared.ts, "why?")
        delivery = next(one for one in bot.slack.deliveries if one.kind == "events_api")
        again = await bot.slack.redeliver(delivery)
        assert (again.outcome, again.retry_attempt) == ("ok", 1)
        await bot.slack.event(delivery.payload["event"], retry_attempt=2)
        await ask(bot, shared.ts, "chain")
        assert len(of_bot(bot, JOINED, shared.ts)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message", "bot_id": "B1"},
        {"subtype": "channel_join"},
        {"bot_id": "B1"},
        {"user": None},
        {"user": "<!channel>"},
        {"text": None},
        {"ts": "now"},
        {"channel_type": "channel"},
    ],
)
async def test_what_is_not_for_the_bot_is_passed_over(
    bot: Running, changes: dict[str, object]
) -> None:
    """Messages of apps, edits, and whatever does not have the form of an event; all acknowledged."""
    direct = bot.slack.workspace.channel("dm", user=AIKO).id
    event = {
        "type": "message",
        "channel_type": "im",
        "channel": direct,
        "user": AIKO.id,
        "text": "shop.example.jp",
        "ts": "1700000000.000100",
    }
    assert (await bot.slack.event({**event, **changes})).outcome == "ok"
    await tell(bot, "help")
    assert len(of_bot(bot, direct)) == 1
    assert bot.vantage.asked == []


async def test_two_hundred_questions_run_no_check(run: Run) -> None:
    """An incident: all are answered from the store, once each."""
    async with run(real=True) as bot:
        shared = await share(bot)
        texts = [text for text, follow in QUESTIONS if follow.intent in ("why", "clients", "chain")]
        asked = [texts[n % len(texts)] for n in range(200)]
        await asyncio.gather(
            *(
                bot.slack.say(
                    AIKO if n % 2 else BEN, JOINED, f"@tlscheck {text}", thread_ts=shared.ts
                )
                for n, text in enumerate(asked)
            )
        )
        await bot.slack.wait_for(lambda: len(of_bot(bot, JOINED, shared.ts)) == 200, timeout=60)
        assert len(bot.vantage.asked) == 1
        assert bot.slack.refusals == ()


async def test_a_failure_is_one_sentence(run: Run) -> None:
    """Under the question."""
    async with run() as bot:
        bot.vantage.error = RuntimeError("broken")
        asked = await bot.slack.say(BEN, JOINED, "@tlscheck shop.example.jp")
        (told,) = await bot.slack.wait_for(lambda: of_bot(bot, JOINED, asked.ts))
        assert "went wrong" in told.text


async def test_where_slack_lets_nobody_post_the_asker_is_told_directly(run: Run) -> None:
    """With Slack's reason, and with the answer."""
    async with run() as bot:
        bot.slack.fail_next("chat.postMessage", error="restricted_action")
        await bot.slack.say(BEN, JOINED, "@tlscheck shop.example.jp")
        direct = bot.slack.workspace.channel("dm", user=BEN).id
        await bot.slack.wait_for(lambda: len(of_bot(bot, direct)) == 2)
        first, last = of_bot(bot, direct)
        assert "do not let tlscheck do that" in first.words()
        assert "Broken: shop.example.jp" in last.text


async def test_the_details_behind_the_button(run: Run) -> None:
    """The window opens for whoever presses."""
    async with run(real=True) as bot:
        shared = await share(bot)
        await ask(bot, shared.ts, "more details")
        (told,) = of_bot(bot, JOINED, shared.ts)
        await bot.slack.press(AIKO, told, DETAILS)
        await bot.slack.wait_for(
            lambda: "does not send" in str([one.body for one in bot.slack.views])
        )


async def test_what_broke_at_the_end_is_told(run: Run) -> None:
    """A check that the end of the program cuts off is one sentence under the question."""
    async with run(drain_seconds=0.1) as bot:
        bot.vantage.gate.clear()
        asked = await bot.slack.say(BEN, JOINED, "@tlscheck shop.example.jp")
        await bot.slack.wait_for(lambda: bot.vantage.asked)
        bot.stop.set()
        await bot.task
        assert "is being restarted" in of_bot(bot, JOINED, asked.ts)[-1].text
