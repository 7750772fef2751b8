"""A shared answer that lives, the Details window and its pictures, as a person sees them in Chromium."""

import pytest

from bot.demo.run import open_demo
from tests.demo.browsing import browsing

HOST = "shop.lab.test"


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "ja"])
async def test_a_shared_answer_is_mended_before_all_eyes(lang: str) -> None:
    """Posted by one, checked again by another: one message, and its thread says what changed."""
    words = {
        "en": ("Check again", "The server does not send its intermediate", "TLS works here"),
        "ja": ("再確認", "中間CA証明書", "TLSは正常です"),
    }[lang]
    async with (
        open_demo(lang="ja" if lang == "ja" else "en") as demo,
        browsing(demo.slack, height=1300) as seen,
    ):
        await seen.type(f"/tlscheck {HOST} share")
        answer = seen.page.get_by_role("article").filter(has_text=HOST).last
        await answer.get_by_text(words[1]).first.wait_for()
        await seen.keep(f"share-posted-{lang}")
        (lever,) = [one for one in demo.slack.panel.levers if one.host == HOST]
        lever.turn("mended")
        await answer.get_by_role("button", name=words[0]).click()
        shared = await demo.slack.wait_for(lambda: demo.slack.messages("incident-shop")[:1])
        replies = await demo.slack.wait_for(
            lambda: [
                one
                for one in demo.slack.messages("incident-shop")
                if one.thread_ts == shared[0].ts and one.ts != shared[0].ts
            ]
        )
        assert " → " in replies[0].text
        await answer.get_by_role("button", name="1").click()
        thread = seen.page.get_by_role("complementary").get_by_role("log")
        await thread.get_by_text("→").first.wait_for()
        await seen.keep(f"share-mended-{lang}")
        assert seen.noise == []
        assert demo.slack.refusals == ()


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "ja"])
async def test_details_and_pictures(lang: str) -> None:
    """Each section by its tab; the pictures arrive in the direct messages."""
    tabs = {
        "en": ("Chain", "Clients", "Addresses", "Evidence", "History", "As pictures"),
        "ja": ("証明書チェーン", "クライアント", "アドレス", "根拠", "履歴", "画像で見る"),
    }[lang]
    button = "Details" if lang == "en" else "詳細"
    async with (
        open_demo(lang="ja" if lang == "ja" else "en") as demo,
        browsing(demo.slack, height=1300) as seen,
    ):
        await seen.type(f"/tlscheck {HOST}")
        await seen.page.get_by_role("button", name=button, exact=True).first.click()
        window = seen.page.get_by_role("dialog")
        for number, tab in enumerate(tabs[:-1]):
            before = len(demo.slack.calls)
            await window.get_by_role("button", name=tab, exact=True).click()
            await demo.slack.wait_for(
                lambda before=before: len(demo.slack.calls) > before  # type: ignore[misc] # mypy cannot infer a lambda with a default
            )
            await seen.keep(f"details-{number}-{lang}")
        await window.get_by_role("button", name=tabs[-1], exact=True).click()
        await window.get_by_text("direct messages" if lang == "en" else "送りました").wait_for()
        assert len(demo.slack.files) == 2
        await seen.page.keyboard.press("Escape")
        await (
            seen.page.get_by_role("link", name="tlscheck")
            .first.or_(seen.page.get_by_role("button", name="tlscheck"))
            .first.click()
        )
        await seen.page.locator("img").nth(1).wait_for()
        await seen.keep(f"pictures-{lang}")
        assert seen.noise == []
        assert demo.slack.refusals == ()
