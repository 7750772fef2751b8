"""A list of hosts, from the window to the files, as people live through it."""

import csv
import io
import json

import pytest

from bot.demo.slack.values import Message, View
from bot.demo.slack.workspace import AIKO, BEN
from bot.diagnosis.report import Report
from handlers.asking.press import DETAILS
from handlers.slack import limits
from handlers.sweeps.press import CONTINUE, FILES, FURTHER, HOST, SHOW, STOP
from handlers.sweeps.window import FILE, TEXT, WHERE
from tests.handlers.conftest import Run, Running
from tests.handlers.waiting import until

CHANNEL = "incident-shop"


def listed(count: int) -> bytes:
    """A list of so many hosts."""
    return "".join(f"h{n}.site{n % 50}.example\n" for n in range(count)).encode()


NOT_YET = Message(channel="", ts="", user="", text="")


def living(bot: Running, channel: str = CHANNEL) -> Message:
    """The message of the sweep, as it stands now."""
    heads = (one for one in bot.slack.messages(channel) if one.bot_id and not one.thread_ts)
    return next(heads, NOT_YET)


async def window(bot: Running, words: str) -> View:
    """The window that shows these words, as soon as there is one."""
    shown = await bot.slack.wait_for(
        lambda: [one for one in bot.slack.views if words in one.words()], timeout=15
    )
    return shown[-1]


async def opened(bot: Running, text: str = "sweep", channel: str = CHANNEL) -> None:
    """Open the window."""
    delivery = await bot.slack.command(AIKO, channel, text)
    assert delivery.outcome == "ok"
    await bot.slack.wait_for(lambda: bot.slack.views)


async def begun(bot: Running, content: bytes, name: str = "hosts.txt") -> None:
    """Begin a sweep with a file."""
    await opened(bot)
    file = bot.slack.upload(AIKO, name, content)
    delivery = await bot.slack.submit(AIKO, values={FILE: [file]})
    assert delivery.outcome == "ok"
    assert delivery.body in ("", {})


async def test_from_the_file_to_the_files(bot: Running) -> None:
    """One message lives from the first host to the summary; who asked is told in its thread."""
    bot.vantage.shape = lambda report: (
        report
        if "site1." in report.target.host
        else report.model_copy(update={"verdict": "ok", "cause": None})
    )
    await begun(bot, listed(60))
    await bot.slack.wait_for(lambda: "60 hosts checked" in living(bot).words(), timeout=30)
    message = living(bot)
    words = message.words()
    assert "60 hosts checked: 2 broken, 0 not reached" in words
    assert "The server does not send its intermediate certificate" in words
    assert "`h1.site1.example`, `h51.site1.example`" in words
    assert "FujiSSL SHA2 Domain Secure Site CA" in words
    assert "end in 30 to 90 days" in words
    assert f"asked for by <@{AIKO.id}>" in words
    assert STOP not in message.action_ids
    replies = await bot.slack.wait_for(lambda: bot.slack.replies(message))
    assert f"<@{AIKO.id}> your sweep is done. 60 hosts checked: 2 broken" in replies[-1].text
    (chart,) = [one for one in bot.slack.files if one.user != AIKO.id]
    assert chart.image_type == "png"
    assert "Broken: 2." in chart.alt_text
    assert len({one.target.host for one in bot.vantage.asked}) == len(bot.vantage.asked) == 60

    await bot.slack.press(BEN, message, FILES)
    made = await bot.slack.wait_for(
        lambda: [one for one in bot.slack.files if one.name.endswith((".csv", ".jsonl"))]
    )
    assert all(one.thread_ts == message.ts for one in made)
    contents = {one.name.rpartition(".")[2]: one.content for one in made}
    rows = list(csv.DictReader(io.StringIO(contents["csv"].decode("utf-8-sig"))))
    reports = [json.loads(line) for line in contents["jsonl"].splitlines()]
    assert len(rows) == len(reports) == 60
    assert {one["host"] for one in rows if one["verdict"] == "broken"} == {
        "h1.site1.example",
        "h51.site1.example",
    }
    assert Report.model_validate(reports[0]).summary

    await bot.slack.press(BEN, message, f"{SHOW}_missing_intermediate")
    view = await window(bot, "h51.site1")
    assert "Hosts of the sweep" in view.words()
    await bot.slack.press(BEN, view, f"{HOST}_0")
    await bot.slack.wait_for(
        lambda: (
            any("intermediate is missing" in str(one.body) for one in bot.slack.views)
            or any("FujiSSL" in str(one.body) for one in bot.slack.views if one != view)
        )
    )
    assert DETAILS not in message.action_ids
    assert bot.slack.refusals == ()


async def test_stopped_by_one_and_continued_by_another(run: Run) -> None:
    """The message says who; what has a result is not asked again."""
    async with run() as bot:
        bot.vantage.gate.clear()
        await begun(bot, listed(40))
        await bot.slack.wait_for(lambda: "Checking 40 hosts" in living(bot).words())
        assert "no worker runs" in living(bot).words()
        await bot.slack.press(BEN, living(bot), STOP)
        await bot.slack.wait_for(lambda: "Stopped at 0 of 40 hosts" in living(bot).words())
        assert f"stopped by <@{BEN.id}>" in living(bot).words()
        bot.vantage.gate.set()
        bot.vantage.asked.clear()
        await bot.slack.press(AIKO, living(bot), CONTINUE)
        await bot.slack.wait_for(lambda: "40 hosts checked" in living(bot).words(), timeout=30)
        assert f"continued by <@{AIKO.id}>" in living(bot).words()
        assert len(bot.vantage.asked) == 40
        (told,) = await bot.slack.wait_for(lambda: bot.slack.replies(living(bot)))
        assert f"<@{AIKO.id}> your sweep is done" in told.text
        assert bot.slack.refusals == ()


async def test_what_is_pasted_is_mended_in_the_window(bot: Running) -> None:
    """A line that names no host is said under the box, before anything begins."""
    await opened(bot, "sweep a.example b.example:8443")
    (view,) = bot.slack.views
    assert "a.example\\nb.example:8443" in json.dumps(view.body)
    refused = await bot.slack.submit(AIKO, values={TEXT: "a.example\nno host at all\n"})
    assert "line 2: no host at all" in str(refused.body)
    empty = await bot.slack.submit(AIKO, values={TEXT: " "})
    assert "paste at least one host" in str(empty.body)
    await bot.slack.submit(AIKO, values={TEXT: "a.example\na.example", WHERE: "alone"})
    await bot.slack.wait_for(
        lambda: any("1 host checked" in one.words() for one in bot.slack.messages("D0AIKO"))
    )
    assert bot.slack.messages(CHANNEL) == ()
    assert bot.slack.refusals == ()


async def test_slips_are_told_once_and_the_rest_is_checked(bot: Running) -> None:
    """With their numbers in the file, below the message."""
    await begun(bot, b"host,team\na.example,x\nno host,y\nA.example,z\nb.example,z\n", "hosts.csv")
    await bot.slack.wait_for(lambda: "2 hosts checked" in living(bot).words())
    told = "\n".join(one.words() for one in bot.slack.replies(living(bot)))
    assert "1 line names no host and was passed over:" in told
    assert "line 3: no host" in told
    assert "1 line names a host that was named before" in told
    assert bot.slack.refusals == ()


async def test_what_is_no_list(run: Run) -> None:
    """One sentence to who sent it says what is wrong with it; nothing begins."""
    async with run(tlscheck_sweep_hosts=50) as bot:
        for name, content, said in (
            ("hosts.txt", b"PK\x03\x04" + b"\0" * 99, "is a workbook"),
            ("hosts.txt", bytes(range(256)), "is no text file"),
            ("hosts.txt", b"# nothing\n\n", "names no host"),
            ("app.txt", b"some words\nmore words\na.example\n", "does not look like a list"),
            ("long.txt", listed(51), "has more than 50 hosts"),
        ):
            before = len(bot.slack.messages(CHANNEL, AIKO))
            await begun(bot, content, name)
            await until(lambda before=before: bot.slack.messages(CHANNEL, AIKO)[before:])  # type: ignore[misc] # mypy cannot tell what a default is
            message = bot.slack.messages(CHANNEL, AIKO)[-1]
            assert message.ephemeral_to == AIKO.id
            assert said in message.words()
        assert bot.vantage.asked == []
        assert bot.slack.refusals == ()


async def test_where_the_bot_is_no_member(bot: Running) -> None:
    """The sweep is told in the direct messages, and who asked is told why."""
    await opened(bot, "sweep a.example", "general")
    await bot.slack.submit(AIKO)
    await bot.slack.wait_for(
        lambda: any("1 host checked" in one.words() for one in bot.slack.messages("D0AIKO"))
    )
    (told,) = bot.slack.messages("general", AIKO)
    assert "tlscheck is not in that channel" in told.words()


async def test_many_hosts_have_pages_and_bounds(bot: Running) -> None:
    """The list turns its pages; message and window stay within Slack's bounds."""
    await begun(bot, listed(45))
    await bot.slack.wait_for(lambda: "45 hosts checked" in living(bot).words(), timeout=30)
    message = living(bot)
    assert len(json.dumps(list(message.blocks), ensure_ascii=False)) < limits.MESSAGE_CHARACTERS
    await bot.slack.press(AIKO, message, f"{SHOW}_broken")
    view = await window(bot, "Page 1 of 3")
    await bot.slack.press(AIKO, view, FURTHER)
    await bot.slack.wait_for(lambda: any("Page 2 of 3" in one.words() for one in bot.slack.views))
    assert bot.slack.refusals == ()


@pytest.mark.parametrize("channel", ["dm", CHANNEL])
async def test_a_file_beside_the_word(bot: Running, channel: str) -> None:
    """In the direct messages, or in a thread under the mention; without a file it is said how."""
    file = bot.slack.upload(AIKO, "一覧.csv", "ホスト名,担当\na.example,x\n".encode("cp932"))
    mention = "" if channel == "dm" else "<@U0TLSCHECK> "
    said = await bot.slack.say(AIKO, channel, f"{mention}sweep please", files=[file])

    def told() -> str:
        there = bot.slack.replies(said) if mention else bot.slack.messages("D0AIKO")
        return "\n".join(one.words() for one in there)

    await bot.slack.wait_for(lambda: "1 host checked: 1 broken" in told())
    await bot.slack.wait_for(lambda: "your sweep is done" in told())
    await bot.slack.say(AIKO, "dm", "sweep <http://b.example|b.example>\nc.example:8443")
    await bot.slack.wait_for(
        lambda: any("2 hosts checked" in one.words() for one in bot.slack.messages("D0AIKO"))
    )
    await bot.slack.say(AIKO, "dm", "sweep")
    await bot.slack.wait_for(
        lambda: "Send a file with one host a line" in bot.slack.messages("D0AIKO")[-1].words()
    )
    assert {one.target.host for one in bot.vantage.asked} == {"a.example", "b.example", "c.example"}
    assert bot.slack.refusals == ()


async def test_where_only_some_channels_may(run: Run) -> None:
    """Then nothing is told in direct messages, which may not be used either."""
    async with run(tlscheck_channels=("C0INCIDENT", "C0GENERAL")) as bot:
        await opened(bot, "sweep a.example")
        assert WHERE not in bot.slack.views[0].action_ids
        await bot.slack.submit(AIKO)
        await bot.slack.wait_for(lambda: "1 host checked" in living(bot).words())
        await opened(bot, "sweep b.example", "general")
        await bot.slack.submit(AIKO)
        (told,) = await bot.slack.wait_for(lambda: bot.slack.messages("general", AIKO))
        assert "/invite @tlscheck" in told.words()
        assert bot.slack.messages("D0AIKO") == ()
        assert {one.error for one in bot.slack.refusals} == {"not_in_channel"}
