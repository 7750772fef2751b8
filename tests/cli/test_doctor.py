"""`tlscheck doctor`, as somebody runs it who has just set things up."""

import json
from pathlib import Path

import pytest

from bot.demo.slack.manifest import declared
from bot.demo.slack.server import open_slack
from tests.cli.conftest import Run

SECRET = "8f742231b10e8888abcd99eeeff0085a"
TRIAL = ("--host", "127.0.0.1:1", "--ca-url", "http://127.0.0.1:1/")
"""No real internet in tests: the egress policy refuses loopback before anything connects."""


async def test_a_whole_installation(tlscheck: Run, redis_url: str, tmp_path: Path) -> None:
    """One object for programs: each area is there, and only what is wrong is."""
    async with open_slack(
        signing_secret=SECRET, bot_token="xoxb-stand-in", app_token="xapp-stand-in", app=declared()
    ) as slack:
        (tmp_path / ".env").write_text(
            f"SLACK_API_URL={slack.api_url}\nSLACK_BOT_TOKEN=xoxb-stand-in\n"
            "SLACK_APP_TOKEN=xapp-stand-in\n"
        )
        ended = await tlscheck("doctor", "--json", *TRIAL, REDIS_URL=redis_url)
    answer = json.loads(ended.out)
    assert (ended.status, ended.err, answer["ok"]) == (1, "", False)
    codes = {(one["area"], one["code"]): one for one in answer["findings"]}
    assert [one for one, body in codes.items() if body["mark"] == "wrong"] == [("access", "denied")]
    assert codes["access", "denied"]["mend"]
    for fine in (
        ("settings", "read_with_file"),
        ("slack", "bot_token"),
        ("slack", "scopes"),
        ("redis", "commands"),
        ("workers", "none"),
        ("clock", "agrees"),
        ("trust", "public"),
    ):
        assert codes[fine]["mark"] == "fine"


async def test_everything_wrong_at_once_shows_no_secret(tlscheck: Run, tmp_path: Path) -> None:
    """Every part has its line, status 1, and what is secret stands nowhere."""
    roots = tmp_path / "roots.pem"
    roots.write_text("none")
    secrets = {
        "SLACK_BOT_TOKEN": "xoxb-12345-hunter2-bot",
        "SLACK_APP_TOKEN": "xapp-12345-hunter2-app",
        "SLACK_SIGNING_SECRET": "hunter2-signing",
        "REDIS_URL": "redis://user:hunter2-redis@127.0.0.1:1/0",
        "TLSCHECK_WORKER_KEY": "hunter2",
        "HTTPS_PROXY": "http://user:hunter2-proxy@127.0.0.1:1",
    }
    ended = await tlscheck(
        "doctor",
        *TRIAL,
        **secrets,
        SLACK_API_URL="http://127.0.0.1:1/api/",
        TLSCHECK_EXTRA_ROOTS=str(roots),
        TLSCHECK_RATE_PERSN="5",
        PORT="http",
    )
    assert (ended.status, ended.err) == (1, "")
    assert "hunter2" not in ended.out
    for words in (
        "PORT is not a number",
        "Did you mean TLSCHECK_RATE_PERSON?",
        "TLSCHECK_WORKER_KEY is too short",
        "127.0.0.1 cannot be reached",
        "Redis at 127.0.0.1:1 cannot be reached",
        "holds no certificate that can be read",
    ):
        assert words in " ".join(ended.out.split())


async def test_in_japanese_and_with_nothing_set(tlscheck: Run) -> None:
    """What is not configured is said once; the language is that of the setting."""
    ended = await tlscheck("doctor", *TRIAL, TLSCHECK_LANG="ja")
    assert ended.status == 1
    assert "Slack の認証情報は設定されていません" in ended.out
    assert "直すべき点が 1 件あります" in ended.out


@pytest.mark.parametrize("arguments", [("--host", "a b c"), ("--ca-url", "ftp://x")])
async def test_wrong_usage(tlscheck: Run, arguments: tuple[str, str]) -> None:
    """One line, and nothing is looked at."""
    ended = await tlscheck("doctor", *arguments)
    assert (ended.status, ended.out, len(ended.err.splitlines())) == (2, "", 1)


async def test_a_start_that_fails_points_to_the_doctor(tlscheck: Run) -> None:
    """Still one line."""
    ended = await tlscheck("serve", TLSCHECK_LANG="en")
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
    assert "SLACK_BOT_TOKEN is not set" in ended.err
    assert "tlscheck doctor" in ended.err
