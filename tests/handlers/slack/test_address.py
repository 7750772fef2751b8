"""Response addresses: five uses, thirty minutes, the newest one of each message."""

import pytest

from handlers.asking.press import RECHECK
from handlers.slack.address import KEPT, LIFETIME_SECONDS, USES, Addresses, Uses
from tests.handlers.conftest import Run
from tests.handlers.sharing.test_share import NOT_JOINED, now, settled, share


class Hand:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.at


def test_what_another_process_used_counts() -> None:
    """Who takes over an answer takes over the uses and the age of its address."""
    hand = Hand()
    uses = Uses(hand)
    uses.inherit("a", 60.0, 1)
    assert uses.left("a") == USES - 1
    uses.note("a")
    assert uses.left("a") == USES - 2
    hand.at += LIFETIME_SECONDS - 30.0
    assert uses.left("a") == 0


def test_five_uses() -> None:
    """Each counts; another address has its own."""
    uses = Uses(Hand())
    assert uses.left("a") == USES
    for left in (4, 3, 2, 1, 0, 0):
        uses.note("a")
        assert uses.left("a") == left
    assert uses.left("b") == USES


def test_thirty_minutes() -> None:
    """Counted from the first use that is known here."""
    hand = Hand()
    uses, addresses = Uses(hand), Addresses(hand)
    uses.note("a")
    addresses.note("C1", "1.1", "a")
    hand.at += LIFETIME_SECONDS
    assert uses.left("a") == 4
    assert addresses.of("C1", "1.1") == "a"
    hand.at += 1
    assert uses.left("a") == 0
    assert addresses.of("C1", "1.1") is None


def test_the_newest_press_counts_and_memory_is_bounded() -> None:
    """What cannot be an address is not kept."""
    addresses, uses = Addresses(Hand()), Uses(Hand())
    addresses.note("C1", "1.1", "a")
    addresses.note("C1", "1.1", "b")
    addresses.note("C1", "1.1", None)
    addresses.note("", "1.1", "c")
    assert addresses.of("C1", "1.1") == "b"
    for number in range(KEPT):
        addresses.note("C2", str(number), "x")
        uses.note(f"u{number}")
    uses.note("one more")
    assert addresses.of("C1", "1.1") is None
    assert uses.left("u0") == USES


@pytest.mark.parametrize("uses", [4, 5])
async def test_the_last_use_says_what_to_do_and_nothing_is_sent_beyond(
    run: Run, uses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the bot is no member: at the fifth the message says so; then a direct message does."""
    usual = Uses.left
    async with run() as bot:
        shared = await share(bot, NOT_JOINED)
        # As if so many messages had gone through the address of the press before.
        monkeypatch.setattr(Uses, "left", lambda self, url: max(usual(self, url) - uses, 0))
        bot.slack.fail_next("chat.update", error="not_in_channel")
        await bot.slack.press("ben", shared, RECHECK)
        if uses == 4:
            await bot.slack.wait_for(lambda: "/invite me" in str(now(bot, shared).blocks))
        else:
            await bot.slack.wait_for(
                lambda: any("/invite" in one.text for one in bot.slack.messages("dm", "ben"))
            )
            assert now(bot, shared) == shared
        await settled(bot)
        assert {one.error for one in bot.slack.refusals} <= {"not_in_channel"}
