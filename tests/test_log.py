"""The log: one form for all, and no secret in it."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.log import configure_logging, mask

SIGNING_SECRET = '8f742231b10e"é\\secret'


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """A log in JSON; afterwards logging is as it was."""
    root = logging.getLogger()
    level, before = root.level, list(root.handlers)
    stream = io.StringIO()
    configure_logging("json", secrets=[SIGNING_SECRET, ""], stream=stream)
    yield stream
    for handler in list(root.handlers):
        if handler not in before:
            root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def _events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_events_and_those_of_libraries_have_one_form(lines: io.StringIO) -> None:
    """structlog, logging and warnings all come out as one JSON object a line."""
    structlog.get_logger("bot.x").info("check done", host="shop.example.jp", seconds=0.2)
    logging.getLogger("slack_bolt").warning("slow %s", "ack")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old thing", DeprecationWarning, stacklevel=1)
    ours, theirs, warned = _events(lines)
    assert (ours["event"], ours["host"], ours["level"]) == ("check done", "shop.example.jp", "info")
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "slow ack",
        "slack_bolt",
        "warning",
    )
    assert "old thing" in warned["event"]


def test_foreign_line_breaks_make_no_lines(lines: io.StringIO) -> None:
    """A host name or a subject cannot forge an entry."""
    structlog.get_logger().info("check done", subject='x\n{"event": "forged"}')
    assert len(_events(lines)) == 1


def test_configuring_again_does_not_double_lines(lines: io.StringIO) -> None:
    """The second call takes the place of the first."""
    configure_logging("json", stream=lines)
    structlog.get_logger().info("once")
    assert [event["event"] for event in _events(lines)] == ["once"]


def test_no_secret_is_printed_anywhere(lines: io.StringIO) -> None:
    """Fields, nested values, arguments, addresses and tracebacks alike."""
    token, app = "xoxb-1234567890-abcdefABCDEF", "xapp-1-A012-345-abcdef"
    log = structlog.get_logger()
    log.info("plain", note=f"token {token}", deep={"a": [app, SIGNING_SECRET]})
    log.info("fields", slack_bot_token="short", password="p", response_url="https://h/x")
    log.info("redis", url="redis://user:p%40ss:word@redis.example:6379/0")
    log.info("redis", url="rediss://:onlyword@redis.example:6379/0")
    log.info("hook", url="https://hooks.slack.com/commands/T0/B0/abcdef", n=1)
    log.info("socket", url="wss://wss-primary.slack.com/link/?ticket=abc-def&app_id=A1")
    logging.getLogger("lib").error("failed with %s", token)
    try:
        raise ValueError(f"bad {token} {SIGNING_SECRET}")
    except ValueError:
        log.exception("broke")
    text = lines.getvalue()
    for secret in (
        "abcdefABCDEF", "345-abcdef", "8f742231b10e", "short", '"p"', "ss:word", "onlyword",
        "T0/B0", "abc-def",
    ):  # fmt: skip
        assert secret not in text, secret
    events = _events(lines)
    assert "ValueError" in events[-1]["exception"]
    assert events[2]["url"] == "redis://***@redis.example:6379/0"
    assert events[4]["url"] == "https://hooks.slack.com/commands/***"
    assert events[4]["n"] == 1


def test_console_form_is_for_eyes(capsys: pytest.CaptureFixture[str], lines: io.StringIO) -> None:
    """On standard error, without colour codes when it is no terminal."""
    configure_logging("console")
    structlog.get_logger().warning("redis is away", url="redis://u:p@host")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "redis is away" in printed.err
    assert "redis://***@host" in printed.err
    assert "\x1b" not in printed.err


@given(st.text(max_size=80))
def test_what_holds_no_secret_is_not_changed(text: str) -> None:
    """Masking leaves certificates' names and ordinary addresses alone."""
    line = (
        f"checked https://shop.example.jp:8443/path?x=1 CN={text.replace(':', '').replace('@', '')}"
    )
    if "xox" not in text and "xapp" not in text:
        assert mask(line) == line
