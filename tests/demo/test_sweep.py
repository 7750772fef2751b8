"""A whole list in the demo's page: from the file to the one host that somebody looks into."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from playwright.async_api import FilePayload, Locator, expect

from bot.demo.lab import SCENARIOS
from bot.demo.run import open_demo
from bot.diagnosis.causes import Cause
from handlers.sweeps.press import CONTINUE, FILES, HOST, SHOW, STOP
from handlers.sweeps.window import TEXT
from tests.demo.browsing import browsing

pytestmark = pytest.mark.browser

NAME = "production-hosts.csv"
# A loaded machine may learn too late that a certificate was revoked; a silent server takes the whole
# time of a check, once for each port.
_BY_THE_CLOCK = (Cause.REVOKED, Cause.OCSP_PROBLEM)
TARGETS = tuple(
    (one.host, port)
    for port in (443, 8443, 9443)
    for one in SCENARIOS
    if port == 443 or one.cause is not Cause.TIMEOUT
)
TABLE = "\n".join(
    (
        "host,owner",
        *(f"{host}:{port},team {n % 7}" for n, (host, port) in enumerate(TARGETS)),
        "the old shop,nobody",
        f"{TARGETS[0][0]},team 1",
    )
)
COUNT = len(TARGETS)
TROUBLE = 60_000
"""Milliseconds until a test that waits for the workers has failed."""


@dataclass(frozen=True)
class Words:
    """What people read, in their language."""

    begin: str
    slip: str
    running: str
    speed: str
    stopped_by: str
    continued_by: str
    checked: str
    replies: str
    bad_line: str
    again: str
    ended: str
    chart: str
    listed: str
    details: str
    back: str


ENGLISH = Words(
    begin="Begin",
    slip="line 2: two words: More than one word stands there",
    running=f"Checking {COUNT} hosts: {NAME}",
    speed="hosts a second, about",
    stopped_by="stopped by @Ben",
    continued_by="continued by @Aiko",
    checked=f"{COUNT} hosts checked",
    replies=r"^\d+ (reply|replies)",
    bad_line=f"line {COUNT + 2}: the old shop: More than one word stands there",
    again="1 line names a host that was named before",
    ended="@Aiko your sweep is done.",
    chart="Broken: ",
    listed="hosts are broken",
    details="Details",
    back="Close",
)
JAPANESE = Words(
    begin="開始",
    slip="2 行目: two words: ホストを1つに特定できません",
    running=f"{COUNT} 件を確認中: {NAME}",
    speed="毎秒",
    stopped_by="@Ben が停止しました",
    continued_by="@Aiko が再開しました",
    checked=f"{COUNT} 件を確認しました",
    replies=r"^\d+ 件の返信",
    bad_line=f"{COUNT + 2} 行目: the old shop: ホストを1つに特定できません",
    again="重複する行が 1 行ありました",
    ended="@Aiko 一括確認が終わりました。",
    chart="異常: ",
    listed="異常: ",
    details="詳細",
    back="閉じる",
)


def press(within: Locator, action: str) -> Locator:
    """The button with this action id."""
    return within.locator(f"[data-action={action}]")


@pytest.mark.parametrize(("lang", "words"), [("en", ENGLISH), ("ja", JAPANESE)], ids=["en", "ja"])
async def test_from_the_file_to_one_host(lang: str, words: Words) -> None:
    """File → living message → stopped by Ben → continued → summary, chart, files → list → details."""
    async with (
        open_demo(lang="ja" if lang == "ja" else "en") as demo,
        browsing(demo.slack, height=1100) as seen,
    ):
        page, slack = seen.page, demo.slack
        window = page.get_by_role("dialog")
        await seen.type("/tlscheck sweep")
        await window.locator(f"[data-action={TEXT}]").fill("healthy.lab.test\ntwo words")
        await window.get_by_role("button", name=words.begin).click()
        await expect(window).to_contain_text(words.slip)
        await seen.keep(f"sweep-{lang}-1-slip")
        await window.locator(f"[data-action={TEXT}]").fill("")
        file = FilePayload(name=NAME, mimeType="text/csv", buffer=TABLE.encode())
        await window.locator("input[type=file]").set_input_files([file])
        await expect(window).to_contain_text(NAME)
        await seen.keep(f"sweep-{lang}-2-window")
        await window.get_by_role("button", name=words.begin).click()
        await expect(window).to_have_count(0)

        message = page.get_by_role("main").get_by_role("article").first
        await expect(message).to_contain_text(words.running)
        await expect(message).to_contain_text(words.speed, timeout=TROUBLE)
        await seen.keep(f"sweep-{lang}-3-running")
        people = page.get_by_role("banner")
        await people.get_by_role("button", name="Ben").click()
        await press(message, STOP).click()
        await expect(message).to_contain_text(words.stopped_by, timeout=TROUBLE)
        await expect(press(message, STOP)).to_have_count(0)
        await seen.keep(f"sweep-{lang}-4-stopped")
        await people.get_by_role("button", name="Aiko").click()
        await press(message, CONTINUE).click()
        await expect(message).to_contain_text(words.checked, timeout=TROUBLE)
        await expect(message).to_contain_text(words.continued_by)
        await seen.keep(f"sweep-{lang}-5-done")

        await message.get_by_role("button", name=re.compile(words.replies)).click()
        thread = page.get_by_role("complementary").filter(has=page.get_by_role("article"))
        await expect(thread).to_contain_text(words.bad_line)
        await expect(thread).to_contain_text(words.again)
        await expect(thread).to_contain_text(words.ended, timeout=TROUBLE)
        chart = thread.get_by_alt_text(re.compile(words.chart))
        await expect(chart).to_be_visible()
        await page.wait_for_function("e => e.naturalWidth > 600", arg=await chart.element_handle())
        await press(message, FILES).click()
        table = thread.get_by_role("link", name=re.compile(r"\.csv$"))
        await expect(thread.get_by_role("link", name=re.compile(r"\.jsonl$"))).to_be_visible()
        async with page.expect_download() as started:
            await table.click()
        download = await started.value
        rows = list(csv.DictReader(io.StringIO((await download.path()).read_text("utf-8-sig"))))
        assert sorted((one["host"], int(one["port"])) for one in rows) == sorted(TARGETS)
        assert wrong(rows) == {}
        assert len({one["vantage"] for one in rows}) == len(demo.vantages)
        await seen.keep(f"sweep-{lang}-6-files")

        await press(message, f"{SHOW}_missing_intermediate").click()
        await expect(window).to_contain_text("missing-intermediate.lab.test")
        await window.get_by_role("button", name=words.back).last.click()
        await press(message, f"{SHOW}_broken").click()
        await expect(window).to_contain_text(words.listed)
        await seen.keep(f"sweep-{lang}-7-list")
        await press(window, f"{HOST}_0").click()
        await expect(window.last).to_contain_text("openssl s_client", timeout=TROUBLE)
        await seen.keep(f"sweep-{lang}-8-details")
        assert slack.refusals == ()
        assert seen.noise == []


def wrong(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Hosts at which a worker named another cause than the lab has built."""
    built = {one.host: one for one in SCENARIOS if one.judged and one.cause not in _BY_THE_CLOCK}
    expected = {host: (one.cause.value if one.cause else "") for host, one in built.items()}
    return {
        one["host"]: one["cause"]
        for one in rows
        if one["host"] in expected and one["cause"] != expected[one["host"]]
    }
