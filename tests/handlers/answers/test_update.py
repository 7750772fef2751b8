"""What a slow responder says reaches the reader of the first answer, in the way of each place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from bot.demo.lab import SCENARIOS, open_lab
from bot.demo.slack.workspace import AIKO, BEN
from bot.demo.vantages import lab_vantage
from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.report import REVOCATION, Finding, Report
from bot.settings import Settings
from handlers.asking.press import DETAILS, RECHECK, SHARE
from handlers.serve import OpenVantage
from tests.handlers.conftest import Run, Running
from tests.handlers.samples import missing_intermediate
from tests.handlers.waiting import until

CHANNEL = "incident-shop"


class LateVantage:
    """Says that nothing is wrong, and what came later when `arrived` is set."""

    name = "here"

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.finding: Finding | None = Finding(
            code=Cause.REVOKED, severity="critical", evidence={"rule": "leaf", "how": "ocsp"}
        )

    def roots_digest(self, question: Question) -> str:
        """Always the same roots."""
        return "roots"

    async def check(self, question: Question) -> Report:
        """Fine so far."""
        report = missing_intermediate(question, at=datetime.now(UTC))
        fine = {"verdict": "ok", "cause": None, "findings": (), "fix": None}
        return report.model_copy(update={**fine, "pending": (REVOCATION,)})

    async def later(self, report: Report) -> Report | None:
        """What came."""
        await self.arrived.wait()
        if self.finding is None:
            return report.model_copy(update={"pending": ()})
        broken = self.finding.severity == "critical"
        return report.model_copy(
            update={
                "pending": (),
                "verdict": "broken" if broken else "ok",
                "cause": self.finding.code if broken else None,
                "findings": (self.finding,),
            }
        )

    async def aclose(self) -> None:
        """Nothing to release."""


@pytest.fixture
def late() -> LateVantage:
    """A vantage whose updates are held."""
    return LateVantage()


def opens(vantage: LateVantage) -> OpenVantage:
    """Opens that vantage."""

    @asynccontextmanager
    async def opened(_settings: Settings) -> AsyncIterator[LateVantage]:
        yield vantage

    return opened


async def ask(bot: Running, host: str = "shop.example.jp") -> str:
    """The text of the first answer."""
    delivery = await bot.slack.command(AIKO, CHANNEL, host)
    assert delivery.message is not None
    return delivery.message.text


async def test_the_asker_of_a_command_gets_a_short_second_message(
    run: Run, late: LateVantage
) -> None:
    """It says that it is an update, what is wrong, and leads on; the first one is not touched."""
    async with run(open_vantage=opens(late), real=True) as bot:
        assert (await ask(bot)).startswith("✓ OK")
        late.arrived.set()
        await bot.slack.wait_for(lambda: len(bot.slack.messages(CHANNEL, AIKO)) == 2)
        first, second = bot.slack.messages(CHANNEL, AIKO)
        assert second.ephemeral_to == AIKO.id
        assert second.text.startswith("Update: ✗ Broken: shop.example.jp")
        shown = str(second.blocks)
        assert "This takes the place of the answer above" in shown
        assert all(button in shown for button in (SHARE, RECHECK, DETAILS))
        assert len(shown) < len(str(first.blocks))
        assert bot.slack.messages(CHANNEL, BEN) == ()
        again = await bot.slack.command(BEN, CHANNEL, "shop.example.jp --lang ja")
        assert again.message is not None
        assert again.message.text.startswith("✗ 障害")
        assert bot.slack.refusals == ()
        assert 'tlscheck_slack_answers_total{way="update"} 1.0' in await bot.numbers()


async def test_an_answer_that_came_after_checking_is_updated_as_well(
    run: Run, late: LateVantage
) -> None:
    """First that it is being checked, then the answer, then the update."""
    async with run(open_vantage=opens(late), real=True, patience=0.0) as bot:
        late.arrived.set()
        assert (await ask(bot)).startswith("Checking")
        await bot.slack.wait_for(lambda: len(bot.slack.messages(CHANNEL, AIKO)) == 3)
        texts = [one.text for one in bot.slack.messages(CHANNEL, AIKO)]
        assert texts[1].startswith("✓ OK")
        assert texts[2].startswith("Update: ✗ Broken")


@pytest.mark.parametrize("note", [True, False])
async def test_nobody_is_told_of_what_changes_nothing(
    run: Run, late: LateVantage, note: bool
) -> None:
    """Not revoked, or no answer at all: that is no reason to write to anybody."""
    late.finding = (
        Finding(code=Cause.OCSP_PROBLEM, severity="info", evidence={"problem": "unanswered"})
        if note
        else None
    )
    async with run(open_vantage=opens(late), real=True) as bot:
        await ask(bot)
        late.arrived.set()

        async def settled() -> bool:
            return "tlscheck_background_tasks 0.0" in await bot.numbers()

        await until(settled)
        assert len(bot.slack.messages(CHANNEL, AIKO)) == 1


async def test_a_shared_answer_changes_in_place(run: Run, late: LateVantage) -> None:
    """All who see it read the later verdict, where the first one stood."""
    async with run(open_vantage=opens(late), real=True) as bot:
        delivery = await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
        assert delivery.message is not None
        await bot.slack.press(AIKO, delivery.message, SHARE)
        await bot.slack.wait_for(lambda: bot.slack.messages(CHANNEL, BEN))
        assert bot.slack.messages(CHANNEL, BEN)[0].text.startswith("✓ OK")
        late.arrived.set()
        await bot.slack.wait_for(
            lambda: bot.slack.messages(CHANNEL, BEN)[0].text.startswith("✗ Broken")
        )
        assert len(bot.slack.messages(CHANNEL, BEN)) == 1
        assert bot.slack.refusals == ()


async def test_where_the_bot_is_no_member_the_channel_gets_the_update_below(
    run: Run, late: LateVantage
) -> None:
    """A response address cannot name the message that it posted for all."""
    async with run(open_vantage=opens(late), real=True) as bot:
        delivery = await bot.slack.command(AIKO, "security-private", "shop.example.jp")
        assert delivery.message is not None
        await bot.slack.press(AIKO, delivery.message, SHARE)
        await bot.slack.wait_for(lambda: bot.slack.messages("security-private", BEN))
        late.arrived.set()
        await bot.slack.wait_for(lambda: len(bot.slack.messages("security-private", BEN)) == 2)
        assert bot.slack.messages("security-private", BEN)[-1].text.startswith("Update")


async def test_checked_again_is_updated_in_place(run: Run, late: LateVantage) -> None:
    """The button's own message takes the later answer, in full."""
    async with run(open_vantage=opens(late), real=True) as bot:
        delivery = await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
        assert delivery.message is not None
        await bot.slack.press(AIKO, delivery.message, RECHECK)
        late.arrived.set()
        await bot.slack.wait_for(
            lambda: bot.slack.messages(CHANNEL, AIKO)[0].text.startswith("✗ Broken")
        )
        assert bot.slack.refusals == ()


async def test_details_say_what_is_still_open(run: Run, late: LateVantage) -> None:
    """While the CA has not answered, nobody reads "not revoked" into silence."""
    async with run(open_vantage=opens(late), real=True) as bot:
        delivery = await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
        assert delivery.message is not None
        await bot.slack.press(AIKO, delivery.message, DETAILS)
        await bot.slack.wait_for(
            lambda: "was not known yet" in str([one.body for one in bot.slack.views])
        )


async def test_ending_waits_for_nobody_longer_than_its_bound(run: Run, late: LateVantage) -> None:
    """An update that does not come holds the bot up no longer than the drain, and nobody is told."""
    async with run(open_vantage=opens(late), real=True, drain_seconds=0.2) as bot:
        await ask(bot)
        bot.stop.set()
        async with asyncio.timeout(10):
            await asyncio.wait((bot.task,))
        assert len(bot.slack.messages(CHANNEL, AIKO)) == 1


async def test_a_slow_responder_of_the_lab(run: Run) -> None:
    """The whole way: a real handshake, a responder that takes its time, two messages."""
    needed = [one for one in SCENARIOS if one.name == "revoked-late"]
    async with open_lab(scenarios=needed) as lab:
        networks = " ".join(lab.networks)
        async with run(
            open_vantage=lab_vantage(lab), real=True, tlscheck_allow_networks=networks
        ) as bot:
            assert (await ask(bot, "revoked-late.lab.test")).startswith("✓ OK")
            await bot.slack.wait_for(
                lambda: len(bot.slack.messages(CHANNEL, AIKO)) == 2, timeout=20
            )
            text = bot.slack.messages(CHANNEL, AIKO)[-1].text
            assert text.startswith("Update: ✗ Broken: revoked-late.lab.test")
            assert lab.aia_requests == ["/ocsp/late"]
            cached = await bot.slack.command(BEN, CHANNEL, "revoked-late.lab.test")
            assert cached.message is not None
            assert "✗ REVOKED by its CA" in str(cached.message.blocks)
            assert bot.slack.refusals == ()
