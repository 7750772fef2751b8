"""Comparing places in Slack: by command, button and word; shared, asked again, living."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from bot.compare import Comparison, Seen, judge
from bot.compare.comparison import FailureCode
from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.demo.slack.values import Message
from bot.demo.slack.workspace import AIKO, BEN
from bot.demo.vantages import lab_vantage
from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.texts.catalogue import Lang
from bot.texts.comparison import phrase_comparison
from handlers.asking.press import COMPARE, COMPARE_AGAIN, COMPARE_SHARE, DETAILS
from handlers.places.compared import Showing, compared_message
from handlers.slack import limits
from handlers.talking.heard import placed, read_wish
from tests.handlers.asking.test_pressed import action_ids
from tests.handlers.conftest import Run
from tests.handlers.places.conftest import WithPlaces
from tests.handlers.places.test_vantages import CHANNEL, say
from tests.handlers.samples import fine, missing_intermediate
from tests.worker.process import Plan, worker_process

PLACES = ("here", "prod-tokyo", "prod-osaka", "office", "dmz", "batch-nagoya")


def blocks_of(message: Message) -> str:
    """The blocks, as JSON."""
    return json.dumps(message.blocks, ensure_ascii=False)


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_all_places_are_asked_at_once(with_places: WithPlaces, via: str) -> None:
    """The difference on top, equal ones in one line, everybody named; only for who asked."""
    async with with_places(via=via) as bot:
        answer = await say(bot, "compare crm.lab.test")
        assert answer.ephemeral_to == AIKO.id
        assert answer.text.startswith("crm.lab.test from 6 places: ")
        assert "office" in answer.text
        words = answer.words()
        assert all(one in words for one in PLACES[1:])
        assert blocks_of(answer).count(DETAILS + '"') == 2
        assert {COMPARE_SHARE, COMPARE_AGAIN} <= set(action_ids(answer))
        assert bot.slack.messages(CHANNEL, BEN) == ()
        assert bot.slack.refusals == ()


async def test_in_japanese(with_places: WithPlaces) -> None:
    """The same for who reads Japanese."""
    async with with_places() as bot:
        answer = await say(bot, "比較 api.lab.test --lang ja")
        assert answer.text.startswith("api.lab.test: 6か所から比較: ")
        assert "prod-osaka" in answer.text
        assert bot.slack.refusals == ()


async def test_the_button_is_there_where_places_are(with_places: WithPlaces, run: Run) -> None:
    """Pressed on an answer, the comparison comes below it; without workers there is no button."""
    async with with_places() as bot:
        slack = bot.slack
        answer = await say(bot, "pay.lab.test")
        assert COMPARE in action_ids(answer)
        await slack.press(AIKO, answer, COMPARE)
        await slack.wait_for(lambda: "from 6 places" in slack.messages(CHANNEL, AIKO)[-1].text)
        compared = slack.messages(CHANNEL, AIKO)[-1]
        assert compared.ephemeral_to == AIKO.id
        assert "2019" in compared.text
        await slack.press(AIKO, compared, COMPARE_AGAIN)
        await slack.wait_for(lambda: slack.messages(CHANNEL, AIKO)[-1].blocks != compared.blocks)
        assert len(slack.messages(CHANNEL, AIKO)) == 2
        assert slack.refusals == ()
    async with run() as bot:
        assert COMPARE not in action_ids(await say(bot, "shop.example.jp"))


async def test_shared_and_compared_again(with_places: WithPlaces) -> None:
    """Shared once for all; the shared one changes in place when somebody compares again."""
    async with with_places() as bot:
        slack = bot.slack
        answer = await say(bot, "compare api.lab.test")
        await slack.press(AIKO, answer, COMPARE_SHARE)
        await slack.wait_for(lambda: len(slack.messages(CHANNEL, BEN)) == 1)
        (shared,) = slack.messages(CHANNEL, BEN)
        assert "prod-osaka" in shared.text
        assert COMPARE_SHARE not in action_ids(shared)
        await slack.press(BEN, shared, COMPARE_AGAIN)
        await slack.wait_for(lambda: slack.messages(CHANNEL, BEN)[0].edited_ts)
        await slack.wait_for(lambda: COMPARE_AGAIN in action_ids(slack.messages(CHANNEL, BEN)[0]))
        assert "prod-osaka" in slack.messages(CHANNEL, BEN)[0].text
        await slack.press(AIKO, answer, COMPARE_SHARE)
        await slack.wait_for(lambda: len(slack.messages(CHANNEL, AIKO)) == 3)
        assert len(slack.messages(CHANNEL, BEN)) == 1
        assert slack.refusals == ()


async def test_details_of_a_group(with_places: WithPlaces) -> None:
    """What one group saw opens in the window."""
    async with with_places() as bot:
        answer = await say(bot, "compare crm.lab.test")
        await bot.slack.press(AIKO, answer, DETAILS)
        await bot.slack.wait_for(lambda: "Zscaler" in str([one.body for one in bot.slack.views]))
        assert bot.slack.refusals == ()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("compare", "from 6 places"),
        ("and from prod-osaka?", "expired"),
        ("比較して", "6か所から比較"),
    ],
)
async def test_asked_on_in_a_thread(with_places: WithPlaces, typed: str, words: str) -> None:
    """Under a shared answer: all places, or one of them, by a word."""
    async with with_places() as bot:
        slack = bot.slack
        await slack.command(AIKO, CHANNEL, "api.lab.test share")
        (shared,) = slack.messages(CHANNEL, BEN)
        await slack.say(BEN, CHANNEL, f"@tlscheck {typed}", thread_ts=shared.ts)
        await slack.wait_for(
            lambda: any(
                words in one.words() and "prod-osaka" in one.words()
                for one in slack.replies(shared, BEN)[1:]
            ),
            timeout=10,
        )
        assert slack.refusals == ()


async def test_for_the_whole_channel_at_once(with_places: WithPlaces) -> None:
    """`compare HOST share`, a mention, and direct messages."""
    async with with_places() as bot:
        slack = bot.slack
        await slack.command(AIKO, CHANNEL, "compare crm.lab.test share")
        await slack.wait_for(lambda: "office" in str(slack.messages(CHANNEL, BEN)))
        await slack.command(AIKO, "general", "compare crm.lab.test share")
        await slack.wait_for(lambda: "office" in str(slack.messages("general", BEN)))
        await slack.say(AIKO, "dm", "compare crm.lab.test")
        await slack.wait_for(lambda: "Zscaler" in slack.messages("dm", AIKO)[-1].text, timeout=10)
        assert {one.error for one in slack.refusals} == {"not_in_channel"}


async def test_one_check_for_ten_places(with_places: WithPlaces) -> None:
    """Who may have two checks a minute may have two comparisons, and then is told to wait."""
    async with with_places(tlscheck_rate_person=2) as bot:
        for host in ("crm", "api"):
            words = (await say(bot, f"compare {host}.lab.test")).words()
            assert "not asked" not in words
        answer = await say(bot, "compare pay.lab.test")
        assert "too many checks" in answer.words()


@asynccontextmanager
async def _lab_with(*names: str) -> AsyncIterator[Lab]:
    async with open_lab(scenarios=[one for one in SCENARIOS if one.name in names]) as lab:
        yield lab


async def test_it_lives_while_places_answer(run: Run, redis_url: str) -> None:
    """Workers in processes of their own; one of them hangs: its name stands there, then "in time"."""
    async with _lab_with("healthy", "timeout-silent") as lab:
        healthy, silent = lab.address_of("healthy"), lab.address_of("timeout-silent")
        plans = [
            Plan(
                url=redis_url,
                vantage=name,
                names={"healthy.lab.test": place},
                networks=lab.networks,
                roots_pem=lab.roots_pem.decode(),
            )
            for name, place in (("prod-tokyo", healthy), ("prod-osaka", silent))
        ]
        async with (
            worker_process(plans[0]),
            worker_process(plans[1]),
            run(
                open_vantage=lab_vantage(lab),
                real=True,
                patience=0.5,
                tlscheck_allow_networks=" ".join(lab.networks),
                tlscheck_worker_key=None,
            ) as bot,
        ):
            slack = bot.slack
            first = await say(bot, "compare healthy.lab.test --timeout 3")
            assert "Still checking: prod-osaka" in first.words()
            assert "2 of 3 have answered" in first.text
            await slack.wait_for(lambda: len(slack.messages(CHANNEL, AIKO)) == 2, timeout=15)
            last = slack.messages(CHANNEL, AIKO)[-1]
            assert "Still checking" not in last.words()
            assert "prod-osaka" in last.words()
            await slack.say(AIKO, CHANNEL, "@tlscheck compare healthy.lab.test --timeout 3")
            await slack.wait_for(lambda: "Still checking" in str(slack.messages(CHANNEL, BEN)))
            assert slack.refusals == ()


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("count", [1, 50, 400])
def test_any_number_of_places_fits(count: int, lang: Lang) -> None:
    """Slack's limits hold, also when no two saw the same."""
    question = Question(target=parse_target("shop.example.jp"))
    now = datetime.now(UTC)
    seen = []
    for n in range(count):
        report = (fine if n % 2 else missing_intermediate)(question, at=now)
        endpoint = report.endpoints[0]
        chain = tuple(
            one.model_copy(update={"sha256": f"{n:064x}", "subject": "CN=" + "<!channel>" * 20})
            for one in endpoint.chain
        )
        ends = (endpoint.model_copy(update={"chain": chain}),)
        report = report.model_copy(update={"endpoints": ends})
        failure: FailureCode | None = "silent" if n % 5 == 4 else None
        seen.append(
            Seen(
                vantage=f"region-{n:03}-{'x' * 40}",
                report=None if failure else report,
                failure=failure,
                source=None if failure else "fresh",
            )
        )
    comparison: Comparison = phrase_comparison(judge(question.target, seen, now), lang)
    for waiting in ((), tuple(f"slow-{n}" for n in range(300))):
        message = compared_message(
            Showing(comparison, question, lang, waiting=waiting, id="0" * 32)
        )
        assert len(message.blocks) <= limits.MESSAGE_BLOCKS
        assert message.size() <= limits.MESSAGE_CHARACTERS
        assert "<!channel>" not in message.text


@pytest.mark.parametrize(
    ("text", "place", "intent"),
    [
        ("from prod-tokyo", "prod-tokyo", "help"),
        ("does it work from prod-tokyo?", "prod-tokyo", None),
        ("prod-tokyoからは？", "prod-tokyo", None),
        ("prod-tokyo では？", "prod-tokyo", None),
        ("from prod-tokio", "prod-tokio", "help"),
        ("since when?", None, "since"),
        ("from everywhere", None, "compare"),
        ("他の拠点からも確認して", None, "compare"),
    ],
)
def test_which_place_is_meant(text: str, place: str | None, intent: str | None) -> None:
    """Names of places in what people say, in both languages."""
    wish = placed(read_wish(text, "en", "shop.example.jp"), text, PLACES)
    if intent == "compare":
        assert wish.follow.intent == "compare"
    else:
        assert wish.place == place
        assert intent is None or wish.follow.intent == intent
