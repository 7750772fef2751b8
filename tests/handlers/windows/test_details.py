"""The Details window: its sections and pages, and the pictures that are asked for in it."""

import io
import json
from collections.abc import Callable
from functools import partial

import pytest
from PIL import Image

from bot.demo.slack.values import Message, View
from bot.demo.slack.workspace import AIKO, BEN
from handlers.asking.press import DETAILS, SHARE
from handlers.windows.details import EARLIER, FURTHER, PICTURES, SECTIONS, TAB
from tests.handlers.asking.test_pressed import answer, shown_to_all
from tests.handlers.conftest import Run, Running
from tests.handlers.samples import at_many_addresses

JOINED = "incident-shop"
NOT_JOINED = "general"


async def opened(bot: Running, message: Message, who: object = AIKO) -> View:
    """Press Details and wait until the window is filled."""
    await bot.slack.press(who, message, DETAILS)  # type: ignore[arg-type] # a User
    return await shown(bot, lambda text: TAB in text)


async def shown(bot: Running, holds: Callable[[str], bool]) -> View:
    """The window, once what stands in it is as wanted."""

    def found() -> View | None:
        one = bot.slack.views[-1] if bot.slack.views else None
        return one if one is not None and holds(text_of(one)) else None

    view = await bot.slack.wait_for(found)
    assert view is not None
    return view


def text_of(view: View) -> str:
    """Everything that a person reads there."""
    return json.dumps(view.body["blocks"], ensure_ascii=False)


def _holds(words: tuple[str, ...], text: str) -> bool:
    return all(one in text for one in words)


EXPECTED = {
    "summary": ("The server sends its own certificate only", "openssl s_client -connect"),
    "chain": ("NOT SENT", "server certificate", "SHA-256"),
    "clients": ("PKIX path building failed",),
    "addresses": ("203.0.113.8:443", "TLS_AES_256_GCM_SHA384"),
    "evidence": ("missing_intermediate", "FujiSSL SHA2 Domain Secure Site CA"),
    "history": ("✗", "does not send its intermediate"),
}


async def test_every_section_is_a_press_away(bot: Running) -> None:
    """All that was found, in both transports, without another check."""
    view = await opened(bot, await answer(bot))
    for section in SECTIONS:
        await bot.slack.press(AIKO, view, f"{TAB}_{section}")
        view = await shown(bot, partial(_holds, EXPECTED[section]))
    assert len(bot.vantage.asked) == 1
    assert bot.slack.refusals == ()
    assert [call.method for call in bot.slack.calls][-7:] == ["views.update"] * 7


async def test_long_sections_have_pages(run: Run) -> None:
    """Many addresses: forth to the last page and back, nothing left out."""
    async with run() as bot:
        bot.vantage.shape = at_many_addresses
        view = await opened(bot, await answer(bot))
        await bot.slack.press(AIKO, view, f"{TAB}_addresses")
        view = await shown(bot, lambda text: "Page 1 of" in text)
        seen = text_of(view)
        number = 1
        while FURTHER in text_of(view):
            await bot.slack.press(AIKO, view, FURTHER)
            number += 1
            view = await shown(bot, partial(_holds, (f"Page {number} of",)))
            seen += text_of(view)
        assert number > 2
        assert all(f"203.0.113.{n}:443" in seen for n in range(1, 120))
        await bot.slack.press(AIKO, view, EARLIER)
        await shown(bot, lambda text: f"Page {number - 1} of" in text)
        assert bot.slack.refusals == ()


async def test_pictures_of_an_own_answer_come_as_a_direct_message(bot: Running) -> None:
    """Two PNGs with alternative text, and the window says where they are."""
    view = await opened(bot, await answer(bot, NOT_JOINED))
    await bot.slack.press(AIKO, view, PICTURES)
    await shown(bot, lambda text: "in your direct messages" in text)
    chain, validity = bot.slack.files
    assert (chain.name, validity.name) == (
        "shop.example.jp.chain.png",
        "shop.example.jp.validity.png",
    )
    assert "FujiSSL SHA2 Domain Secure Site CA: NOT SENT" in chain.alt_text
    assert "valid from" in validity.alt_text
    for one in (chain, validity):
        with Image.open(io.BytesIO(one.content)) as picture:
            assert picture.format == "PNG"
            assert picture.width == 1640
    (message,) = [one for one in bot.slack.messages("dm", AIKO) if one.file_ids]
    assert len(message.file_ids) == 2
    assert bot.slack.refusals == ()


async def test_pictures_of_a_shared_answer_stand_in_its_thread(bot: Running) -> None:
    """For all who read it; in the language of who asked for them."""
    bot.slack.set_locale(BEN, "ja-JP")
    await bot.slack.press(AIKO, await answer(bot), SHARE)
    (message,) = await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))
    view = await opened(bot, message, BEN)
    await bot.slack.press(BEN, view, PICTURES)
    await shown(bot, lambda text: "スレッドに投稿しました" in text)
    (posted,) = [one for one in shown_to_all(bot, JOINED) if one.file_ids]
    assert posted.thread_ts == message.ts
    assert "送信なし" in bot.slack.files[0].alt_text


@pytest.mark.parametrize(
    ("error", "why"),
    [("missing_scope", "lacks a permission"), ("storage_limit_reached", "takes no more files")],
)
async def test_without_uploads_the_drawing_in_words_stays(
    bot: Running, error: str, why: str
) -> None:
    """One clear line, in the window that the person looks at."""
    view = await opened(bot, await answer(bot))
    bot.slack.fail_next("files.getUploadURLExternal", error=error, times=4)
    await bot.slack.press(AIKO, view, PICTURES)
    await shown(bot, lambda text: "did not take the pictures" in text and why in text)
    assert bot.slack.files == ()


async def test_a_press_in_a_window_of_another_version_gets_one_sentence(bot: Running) -> None:
    """What the window carries is read like anything from outside."""
    view = await opened(bot, await answer(bot))
    view.body["private_metadata"] = '{"press": 1}'
    await bot.slack.press(AIKO, view, f"{TAB}_chain")
    await shown(bot, lambda text: TAB not in text)
