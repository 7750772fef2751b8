"""The whole thing: lab, real bot, real store, stand-in for Slack, and its page in Chromium."""

import asyncio
import os
import re
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import bot.texts
from bot.demo.lab import SCENARIOS
from bot.demo.run import open_demo, tries
from bot.demo.slack import Delivery, Message, StandIn
from bot.demo.slack.values import walk
from bot.texts import catalogue
from tests.demo.browsing import browsing
from tests.proxies import proxy

WAYS = ("http", "socket")


async def _answer(slack: StandIn, text: str, *, user: str = "aiko", seconds: float = 20) -> str:
    """Type a command and wait for its answer; all that its reader sees."""
    delivery = await slack.command(user, "incident-shop", text)
    assert delivery.outcome == "ok", delivery
    checking = catalogue("en").text("slack.checking", host="x").partition("x")[0]
    first = delivery.message
    assert first is not None
    if not first.text.startswith(checking):
        return first.words()

    def later() -> str | None:
        for one in slack.messages("incident-shop", viewer=user):
            if float(one.ts) > float(first.ts) and one.ephemeral_to and _about(one.words(), text):
                return one.words()
        return None

    return await slack.wait_for(later, timeout=seconds) or ""


def _seen_by_ben(slack: StandIn) -> Message | None:
    shown = slack.messages("incident-shop", viewer="ben")
    return next((one for one in shown if "missing-intermediate" in one.words()), None)


def _about(words: str, text: str) -> bool:
    return text.split(maxsplit=1)[0] in words


def _calls_everybody(message: Message) -> bool:
    # Only mrkdwn and the fallback text are read for <!channel>; elsewhere it is plain letters.
    parsed = [str(one["text"]) for one in walk(message.blocks) if one.get("type") == "mrkdwn"]
    return any(
        re.search("<!(channel|here|everyone|subteam)", one) for one in (message.text, *parsed)
    )


def _names(slack: StandIn, host: str, titles: Sequence[str]) -> bool:
    """Whether a message about the host has one of these titles."""
    shown = (one.words() for one in slack.messages("incident-shop", viewer="aiko"))
    return any(_about(words, host) and any(title in words for title in titles) for words in shown)


def _titles() -> dict[str, list[str]]:
    """The titles of each cause, those for special cases included."""
    found: dict[str, list[str]] = defaultdict(list)
    with (Path(bot.texts.__file__).parent / "en/cause.po").open("rb") as source:
        for message in read_po(source):
            _, _, rest = str(message.id).partition("cause.")
            code, _, kind = rest.partition(".")
            if kind.startswith("title"):
                found[code].append(str(message.string))
    return found


@pytest.mark.parametrize("spelling", [str.upper, str.lower], ids=["upper", "lower"])
async def test_a_proxy_of_the_machine_is_not_asked_for_what_is_here(
    spelling: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the stand-in for Slack nor the lab's servers are looked for behind the proxy."""
    async with proxy() as led:
        for name in ("https_proxy", "http_proxy"):
            monkeypatch.setenv(spelling(name), f"http://{led.name}")
        async with open_demo() as demo:
            words = await _answer(demo.slack, "missing-intermediate.lab.test")
    assert any(title in words for title in _titles()["missing_intermediate"])
    assert led.asked == []


async def test_every_server_of_the_lab_is_answered_with_its_cause() -> None:
    """Many commands at once: each gets its own right answer, none breaks Slack's rules."""
    # The servers share our processor: more at once would wait for each other, not for the network.
    turns = asyncio.Semaphore(16)

    async def answered(host: str) -> str:
        async with turns:
            return await _answer(demo.slack, host, seconds=30)

    async with open_demo() as demo:
        answers = await asyncio.gather(*(answered(one.host) for one in SCENARIOS))
        assert all(answers)
        titles = _titles()
        for one in SCENARIOS:
            # What a responder says may come as an update: the first answer waits for nobody.
            if one.cause is not None and one.judged:
                named = partial(_names, demo.slack, one.host, titles[one.cause.value])
                with suppress(TimeoutError):
                    await demo.slack.wait_for(named, timeout=20)
                assert named(), one.name
        assert demo.slack.refusals == ()
        everything = demo.slack.messages("incident-shop", viewer="aiko")
        assert not any(_calls_everybody(one) for one in everything)


@pytest.mark.parametrize("way", WAYS)
async def test_the_story_from_command_to_file(way: str) -> None:
    """Check, look at details, take the full chain, share, check again: over either transport."""
    async with open_demo() as demo:
        slack = demo.slack
        slack.transport = "http" if way == "http" else "socket"
        delivery = await slack.command("aiko", "incident-shop", "missing-intermediate.lab.test")
        assert delivery.transport == way
        answer = delivery.message
        assert answer is not None
        assert answer.ephemeral_to is not None
        assert "unable to get local issuer certificate" in answer.words()
        assert _seen_by_ben(slack) is None
        await slack.press("aiko", answer, "tlscheck_details")
        window = await slack.wait_for(
            lambda: next((one for one in slack.views if "Clients" in one.words()), None)
        )
        assert window is not None
        await slack.press("aiko", window, "tlscheck_details_tab_clients")
        view = await slack.wait_for(
            lambda: next((one for one in slack.views if "Firefox" in one.words()), None)
        )
        assert view is not None
        await slack.close("aiko", view)
        await slack.press("aiko", answer, "tlscheck_fullchain")
        file = await slack.wait_for(
            lambda: next((one for one in slack.files if one.complete), None)
        )
        assert file is not None
        assert file.content.count(b"BEGIN CERTIFICATE") == 2
        await slack.press("aiko", answer, "tlscheck_share")
        shared = await slack.wait_for(lambda: _seen_by_ben(slack))
        assert shared is not None
        assert shared.ephemeral_to is None
        await slack.press("ben", shared, "tlscheck_recheck")
        await slack.wait_for(lambda: (_seen_by_ben(slack) or shared).edited_ts)
        assert slack.refusals == ()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        "   ",
        "-h",
        ";rm -rf /",
        "shop.example.jp\nother.example.jp",
        "🔒🔒",
        "http://",
        "healthy.lab.test:0",
        "healthy.lab.test:99999",
        "localhost",
        "169.254.169.254",
        "[::ffff:127.0.0.1]",
        "resolves-to-private.lab.test",
        "2130706433",
        "healthy.lab.test --allow-network 0.0.0.0/0",
        "healthy.lab.test --timeout forever",
        "`*_~<!channel>&amp;",
    ],
    ids=lambda text: repr(text[:24]),
)
async def test_bad_input_gets_one_clear_answer(text: str) -> None:
    """Whatever is typed, the asker alone gets an answer without a trace of our insides."""
    async with open_demo() as demo:
        delivery: Delivery = await demo.slack.command("aiko", "general", text)
        assert delivery.outcome == "ok"
        assert delivery.message is not None
        words = delivery.message.words()
        assert words.strip()
        assert not re.search(r"Traceback|Error\(|Exception", words)
        assert not _calls_everybody(delivery.message)
        assert demo.slack.refusals == ()


@pytest.mark.browser
async def test_the_page_shows_the_story() -> None:
    """In Chromium: the command, its answer, the window, the file, and what a colleague sees."""
    async with open_demo() as demo, browsing(demo.slack, height=1400) as seen:
        page = seen.page
        await seen.type("/tlscheck missing-intermediate.lab.test")
        await page.get_by_text("NOT SENT").first.wait_for()
        await seen.keep("demo-answer")
        await page.get_by_role("button", name="Details").first.click()
        await page.get_by_role("dialog").get_by_role("button", name="Clients").click()
        await page.get_by_role("dialog").get_by_text("Firefox").first.wait_for()
        await seen.keep("demo-details")
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Full chain").first.click()
        await demo.slack.wait_for(lambda: any(one.complete for one in demo.slack.files))
        await page.get_by_role("button", name="Share").first.click()
        await page.get_by_role("button", name="Ben").click()
        await page.get_by_text("NOT SENT").first.wait_for()
        await seen.keep("demo-shared")
        assert seen.noise == []
        assert demo.slack.refusals == ()


@pytest.mark.browser
async def test_the_page_shows_a_japanese_answer() -> None:
    """An answer in Japanese, as a colleague in Tokyo reads it."""
    async with open_demo(lang="ja") as demo, browsing(demo.slack, height=1400) as seen:
        await seen.type("/tlscheck missing-intermediate.lab.test")
        await seen.page.get_by_text("中間CA証明書を送っていません").first.wait_for()
        await seen.keep("demo-answer-ja")
        assert seen.noise == []


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_list_of_things_to_try_is_whole(lang: str) -> None:
    """Every server of the lab can be tried by a click, and every entry says what to expect."""
    offered = tries("ja" if lang == "ja" else "en")
    commands = {one.command for one in offered}
    assert {f"/tlscheck {one.host}" for one in SCENARIOS} <= commands
    assert all(one.title and one.expected for one in offered)


async def test_the_program_ends_cleanly(tmp_path: Path) -> None:
    """`tlscheck demo` prints its address, and Ctrl-C leaves nothing running."""
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "demo",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    async with asyncio.timeout(60):
        line = (await program.stdout.readline()).decode()
        assert re.search(r"http://127\.0\.0\.1:\d+/", line)
        os.kill(program.pid, signal.SIGINT)
        await program.stdout.read()
        errors = (await program.stderr.read()).decode()
        assert await program.wait() == 0
    assert errors == ""
    # Its process group is empty, and its server's folder is gone.
    with pytest.raises(ProcessLookupError, match="No such process"):
        os.killpg(program.pid, 0)
    assert os.listdir(tmp_path) == []
