"""`/tlscheck` from the signed payload to the message, over both transports."""

import asyncio

import pytest

from bot.demo.slack.workspace import AIKO, BEN
from handlers.serve import PATIENCE_SECONDS
from handlers.slack import limits
from tests.handlers.conftest import Run, Running
from tests.handlers.waiting import until


async def test_an_answer_that_is_ready_comes_in_the_acknowledgement(bot: Running) -> None:
    """One message, for the asker only, with the verdict, who breaks, the chain and the fix."""
    delivery = await bot.slack.command(AIKO, "incident-shop", "https://shop.example.jp/cart")
    assert delivery.outcome == "ok"
    assert delivery.message is not None
    assert delivery.message.ephemeral_to == AIKO.id
    shown = str(delivery.message.blocks)
    for part in (
        "Broken: shop.example.jp",
        "Fails:",
        "curl, Java",
        "NOT SENT",
        "41 days left",
        "unable to get local issuer certificate",
        "ssl_certificate",
        "all alike",
    ):
        assert part in shown
    assert bot.slack.refusals == ()
    assert len(bot.slack.messages("incident-shop", AIKO)) == 1
    assert bot.slack.messages("incident-shop", BEN) == ()


async def test_a_slow_answer_is_announced_and_follows(run: Run) -> None:
    """The acknowledgement does not wait for the check; the answer is posted when it is ready."""
    async with run(patience=0.0) as bot:
        bot.vantage.gate.clear()
        delivery = await bot.slack.command(AIKO, "incident-shop", "shop.example.jp")
        assert delivery.outcome == "ok"
        assert delivery.message is not None
        assert "Checking shop.example.jp" in delivery.message.text
        bot.vantage.gate.set()
        await bot.slack.wait_for(lambda: len(bot.slack.messages("incident-shop", AIKO)) == 2)
        last = bot.slack.messages("incident-shop", AIKO)[-1]
        assert "does not send its intermediate" in last.text
        assert last.ephemeral_to == AIKO.id
        assert bot.slack.refusals == ()


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_two_hundred_commands_are_acknowledged_while_their_check_is_held(
    run: Run, via: str
) -> None:
    """Every acknowledgement comes while the checks are still held, so none waited for one."""
    async with run(via=via, patience=0.3) as bot:
        bot.vantage.gate.clear()
        deliveries = await asyncio.gather(
            *(
                bot.slack.command(AIKO, "incident-shop", f"host-{number}.example.jp")
                for number in range(200)
            )
        )
        assert not bot.vantage.gate.is_set()
        assert {one.outcome for one in deliveries} == {"ok"}
        assert all(one.message and "Checking host-" in one.message.text for one in deliveries)
        bot.vantage.gate.set()
        await bot.slack.wait_for(
            lambda: len(bot.slack.messages("incident-shop", AIKO)) == 400, timeout=30
        )
        assert bot.slack.refusals == ()


async def test_a_second_asker_gets_the_cached_answer_with_its_age(bot: Running) -> None:
    """One check serves both, and each is told in the own language."""
    await bot.slack.command(AIKO, "incident-shop", "shop.example.jp")
    second = await bot.slack.command(BEN, "incident-shop", "shop.example.jp:443 --lang ja")
    assert len(bot.vantage.asked) == 1
    assert second.message is not None
    assert "キャッシュ" in str(second.message.blocks)
    assert "障害: shop.example.jp" in str(second.message.blocks)


async def test_a_command_delivered_twice_is_done_once(bot: Running) -> None:
    """The second delivery is acknowledged with nothing."""
    first = await bot.slack.command(AIKO, "incident-shop", "shop.example.jp")
    second = await bot.slack.redeliver(first)
    assert second.outcome == "ok"
    assert second.message is None
    assert len(bot.slack.messages("incident-shop", AIKO)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "How to use /tlscheck"),
        ("help", "How to use /tlscheck"),
        ("ＨＥＬＰ", "How to use /tlscheck"),
        ("-h", "How to use /tlscheck"),
        ("x" * 10_000, "too long"),
        ("shop.example.jp --roots my.pem", "only on the command line"),
        ("shop.example.jp --allow-network 10.0.0.0/8", "only on the command line"),
        ("letter shop.example.jp", "not available in this version"),
        ("<!channel>", "no host name"),
        ("a.example b.example", "One server at a time"),
        ("shop.example.jp:99999", "not a port"),
        ("shop.example.jp:0", "not a port"),
        ("shop.example.jp\nother.example.jp", "line break"),
        (":lock:", "no host name"),
        ("http://", "no host name"),
        ("shop.example.jp ;rm -rf /", "-rf"),
    ],
)
async def test_bad_input_gets_one_sentence(bot: Running, text: str, said: str) -> None:
    """Nothing is checked; one message says what to do."""
    delivery = await bot.slack.command(AIKO, "incident-shop", text)
    assert delivery.message is not None
    assert said in delivery.message.text
    assert bot.vantage.asked == []
    assert bot.slack.refusals == ()


async def test_a_check_that_breaks_is_one_sentence_with_a_number(bot: Running) -> None:
    """No traceback reaches a person."""
    bot.vantage.error = RuntimeError("secret internals")
    delivery = await bot.slack.command(AIKO, "incident-shop", "shop.example.jp")
    assert delivery.message is not None
    assert "went wrong inside tlscheck" in delivery.message.text
    assert "internals" not in str(delivery.message)
    assert "tlscheck_slack_errors_total 1.0" in await bot.numbers()


async def test_a_listener_that_breaks_is_one_sentence_too(
    bot: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what nobody foresaw is told to the asker, and only to the asker."""

    async def broken(*_arguments: object) -> bool:
        msg = "secret internals"
        raise RuntimeError(msg)

    monkeypatch.setattr("handlers.owed.ledger.Ledger.take", broken)
    delivery = await bot.slack.command(AIKO, "incident-shop", "shop.example.jp")
    assert delivery.message is not None
    assert delivery.message.ephemeral_to == AIKO.id
    assert "went wrong inside tlscheck" in delivery.message.text
    assert "internals" not in str(delivery.message)


def test_the_asker_is_told_well_within_slack_s_bound() -> None:
    """Two seconds are ours, three are Slack's."""
    assert PATIENCE_SECONDS + 0.5 <= 2.0 < limits.ACKNOWLEDGE_SECONDS


async def test_a_refused_reply_is_counted(run: Run) -> None:
    """When Slack does not take a late answer, that is not silent."""
    async with run(patience=0.0) as bot:
        bot.vantage.gate.clear()
        bot.slack.fail_next("response_url", status=404, error="expired_url")
        await bot.slack.command(AIKO, "incident-shop", "shop.example.jp")
        bot.vantage.gate.set()

        async def counted() -> bool:
            return 'replies_failed_total{reason="expired"} 1.0' in await bot.numbers()

        await until(counted)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_late_answer_is_sent_again_when_slack_asks_for_it(run: Run, status: int) -> None:
    """429 with Retry-After and 5xx are repeated until the answer is through."""
    async with run(patience=0.0) as bot:
        bot.vantage.gate.clear()
        bot.slack.fail_next(
            "response_url", status=status, retry_after=1 if status == 429 else None, times=2
        )
        await bot.slack.command(AIKO, "incident-shop", "shop.example.jp")
        bot.vantage.gate.set()
        await bot.slack.wait_for(
            lambda: len(bot.slack.messages("incident-shop", AIKO)) == 2, timeout=10
        )


async def test_redis_away_is_said_and_the_check_still_runs(run: Run) -> None:
    """The answer says that nothing was cached."""
    async with run(redis_url="redis://127.0.0.1:1/0") as bot:
        delivery = await bot.slack.command(AIKO, "incident-shop", "shop.example.jp")
        assert delivery.message is not None
        assert "Redis is away" in str(delivery.message.blocks)
