"""Other places in the demo's page, as a person uses them: compared, shared, asked by name."""

import pytest
from playwright.async_api import expect

from bot.demo.run import open_demo
from bot.demo.vantages import ODD
from handlers.asking.press import COMPARE, COMPARE_SHARE
from tests.demo.browsing import browsing

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("lang", "title", "said"),
    [
        ("en", "{host} from 6 places", "The server is not at fault"),
        ("ja", "{host}: 6か所から比較", "サーバーの問題ではありません"),
    ],
)
async def test_an_answer_is_compared_and_shared(lang: str, title: str, said: str) -> None:
    """Check, compare from everywhere by the button, share: Ben reads the same."""
    host = "pay.lab.test"
    async with (
        open_demo(lang="ja" if lang == "ja" else "en") as demo,
        browsing(demo.slack, height=1200) as seen,
    ):
        page = seen.page
        await seen.type(f"/tlscheck {host}")
        await page.locator(f"[data-action={COMPARE}]").click()
        answer = page.get_by_role("article").last
        await expect(answer).to_contain_text(title.format(host=host))
        await expect(answer).to_contain_text(said)
        await seen.keep(f"compare-{lang}")
        await page.locator(f"[data-action={COMPARE_SHARE}]").click()
        await demo.slack.wait_for(
            lambda: any(host in one.text for one in demo.slack.messages("incident-shop", "ben"))
        )
        await seen.type("/tlscheck vantages")
        await expect(page.get_by_role("article").last).to_contain_text("prod-osaka")
        await seen.keep(f"vantages-{lang}")
        assert demo.slack.refusals == ()
        assert seen.noise == []


async def test_each_of_the_demos_hosts_names_its_place() -> None:
    """What the list of things to try promises: one place differs, and the headline says which."""
    async with open_demo(lang="en") as demo:
        for one, place in ODD.items():
            delivery = await demo.slack.command("aiko", "incident-shop", f"compare {one.host}")
            assert delivery.message is not None
            assert place in delivery.message.text, delivery.message.text
        assert demo.slack.refusals == ()
