"""What the stand-in refuses, one step above each limit and not one step below."""

from collections.abc import Callable
from typing import Any

import pytest
import slackblocks._limits as oracle
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import StandIn, limits
from bot.demo.slack.blocks import KNOWN
from bot.demo.slack.validation import examine_message, examine_view

Json = dict[str, Any]


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def section(text: str) -> Json:
    """A section with this text."""
    return {"type": "section", "text": mrkdwn(text)}


def button(**fields: Any) -> Json:
    """A button in a block of its own."""
    return actions({"type": "button", "text": plain("Go"), "action_id": "go"} | fields)


def actions(*elements: Json) -> Json:
    """An actions block."""
    return {"type": "actions", "elements": list(elements)}


def menu(kind: str, options: list[Json]) -> Json:
    """A menu in a block of its own."""
    return actions({"type": kind, "action_id": "menu", "options": options})


def option(text: str = "x", **fields: Any) -> Json:
    """An option."""
    return {"text": plain(text), "value": "v"} | fields


def confirm(**fields: Any) -> Json:
    """A button that asks first."""
    parts = {"title": plain("t"), "text": plain("x"), "confirm": plain("y"), "deny": plain("n")}
    return button(confirm=parts | fields)


def table(rows: int, columns: int = 1, text: str = "x") -> Json:
    """A table of equal cells."""
    cell = {"type": "raw_text", "text": text}
    return {"type": "table", "rows": [[cell] * columns] * rows}


def rich_list(**fields: Any) -> Json:
    """A rich text with a list of one line."""
    line = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}
    listed = {"type": "rich_text_list", "style": "bullet", "elements": [line]} | fields
    return {"type": "rich_text", "elements": [listed]}


def some(count: int, make: Callable[[int], Any]) -> list[Any]:
    """`count` different things."""
    return [make(number) for number in range(count)]


MESSAGE_LIMITS: dict[str, tuple[int, Callable[[int], list[Json]]]] = {
    "section text": (3000, lambda n: [section("x" * n)]),
    "section fields": (
        10,
        lambda n: [{"type": "section", "fields": some(n, lambda i: plain(str(i)))}],
    ),
    "field text": (2000, lambda n: [{"type": "section", "fields": [plain("x" * n)]}]),
    "header": (150, lambda n: [{"type": "header", "text": plain("x" * n)}]),
    "block_id": (255, lambda n: [{"type": "divider", "block_id": "x" * n}]),
    "context elements": (
        10,
        lambda n: [{"type": "context", "elements": some(n, lambda i: plain(str(i)))}],
    ),
    "actions": (
        25,
        lambda n: [
            actions(*some(n, lambda i: {"type": "button", "text": plain("x"), "action_id": str(i)}))
        ],
    ),
    "button text": (75, lambda n: [button(text=plain("x" * n))]),
    "button value": (2000, lambda n: [button(value="x" * n)]),
    "button url": (3000, lambda n: [button(url="https://" + "x" * (n - 8))]),
    "button label": (75, lambda n: [button(accessibility_label="x" * n)]),
    "action_id": (255, lambda n: [button(action_id="x" * n)]),
    "confirm title": (100, lambda n: [confirm(title=plain("x" * n))]),
    "confirm text": (300, lambda n: [confirm(text=plain("x" * n))]),
    "confirm button": (30, lambda n: [confirm(confirm=plain("x" * n))]),
    "deny button": (30, lambda n: [confirm(deny=plain("x" * n))]),
    "options": (
        100,
        lambda n: [menu("static_select", some(n, lambda i: option(value=str(i))))],
    ),
    "option text": (75, lambda n: [menu("static_select", [option("x" * n)])]),
    "option value": (150, lambda n: [menu("static_select", [option(value="x" * n)])]),
    "option description": (
        75,
        lambda n: [menu("static_select", [option(description=plain("x" * n))])],
    ),
    "overflow": (5, lambda n: [menu("overflow", some(n, lambda i: option(value=str(i))))]),
    "radio buttons": (
        10,
        lambda n: [menu("radio_buttons", some(n, lambda i: option(value=str(i))))],
    ),
    "checkboxes": (10, lambda n: [menu("checkboxes", some(n, lambda i: option(value=str(i))))]),
    "image alt": (
        2000,
        lambda n: [{"type": "image", "image_url": "https://x.example/a.png", "alt_text": "x" * n}],
    ),
    "image title": (
        2000,
        lambda n: [
            {
                "type": "image",
                "image_url": "https://x.example/a.png",
                "alt_text": "x",
                "title": plain("x" * n),
            }
        ],
    ),
    "alert": (200, lambda n: [{"type": "alert", "text": mrkdwn("x" * n)}]),
    "markdown": (12_000, lambda n: [{"type": "markdown", "text": "x" * n}]),
    "markdown in all": (
        12_000,
        lambda n: [
            {"type": "markdown", "text": "x" * 6000},
            {"type": "markdown", "text": "x" * (n - 6000)},
        ],
    ),
    "table rows": (100, lambda n: [table(n)]),
    "table columns": (20, lambda n: [table(1, n)]),
    "table settings": (20, lambda n: [table(1) | {"column_settings": [None] * n}]),
    "table text": (10_000, lambda n: [table(1, 1, "x" * n)]),
    "tables": (1, lambda n: [table(1) for _ in range(n)]),
    "list indent": (8, lambda n: [rich_list(indent=n)]),
    "blocks": (50, lambda n: [{"type": "divider"} for _ in range(n)]),
}


def modal(**fields: Any) -> Json:
    """A modal."""
    return {"type": "modal", "title": plain("t"), "blocks": [section("x")]} | fields


def field(**fields: Any) -> Json:
    """A modal with one input, whose element has these fields."""
    element = {"type": "plain_text_input", "action_id": "a"} | fields
    block = {"type": "input", "label": plain("l"), "element": element}
    return modal(submit=plain("OK"), blocks=[block])


VIEW_LIMITS: dict[str, tuple[int, Callable[[int], Json]]] = {
    "title": (24, lambda n: modal(title=plain("x" * n))),
    "submit": (24, lambda n: modal(submit=plain("x" * n))),
    "close": (24, lambda n: modal(close=plain("x" * n))),
    "private_metadata": (3000, lambda n: modal(private_metadata="x" * n)),
    "callback_id": (255, lambda n: modal(callback_id="x" * n)),
    "external_id": (255, lambda n: modal(external_id="x" * n)),
    "blocks": (100, lambda n: modal(blocks=[{"type": "divider"} for _ in range(n)])),
    "max_length": (3000, lambda n: field(max_length=n)),
    "min_length": (3000, lambda n: field(min_length=n)),
    "placeholder": (150, lambda n: field(placeholder=plain("x" * n))),
}


@pytest.mark.parametrize(("limit", "make"), MESSAGE_LIMITS.values(), ids=MESSAGE_LIMITS.keys())
def test_message_limit(limit: int, make: Callable[[int], list[Json]]) -> None:
    """A message at the limit passes, one above it is invalid_blocks with a pointer to the place."""
    assert examine_message({"blocks": make(limit)}) is None
    problem = examine_message({"blocks": make(limit + 1)})
    assert problem is not None
    assert problem.error == "invalid_blocks"
    assert "json-pointer:/blocks" in problem.messages[0]


@pytest.mark.parametrize(("limit", "make"), VIEW_LIMITS.values(), ids=VIEW_LIMITS.keys())
def test_view_limit(limit: int, make: Callable[[int], Json]) -> None:
    """A modal at the limit passes, one above it is invalid_arguments."""
    assert examine_view(make(limit)) is None
    problem = examine_view(make(limit + 1))
    assert problem is not None
    assert problem.error == "invalid_arguments"


INVALID: dict[str, Json] = {
    "unknown type": {"type": "nonsense"},
    "no type": {"text": "x"},
    "unknown key": section("x") | {"colour": "red"},
    "mrkdwn in header": {"type": "header", "text": mrkdwn("x")},
    "empty section": {"type": "section"},
    "empty text": section(""),
    "text is a string": {"type": "section", "text": "x"},
    "no elements": actions(),
    "text in actions": actions(mrkdwn("x")),
    "button with mrkdwn": button(text=mrkdwn("x")),
    "button with a wrong style": button(style="warning"),
    "button without text": actions({"type": "button", "action_id": "a"}),
    "script as url": button(url="javascript:alert(1)"),
    "action_id twice": actions(*[{"type": "button", "text": plain("x"), "action_id": "a"}] * 2),
    "empty cell": table(1, 1, ""),
    "mrkdwn cell": {"type": "table", "rows": [[mrkdwn("x")]]},
    "empty rich text": {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}],
    },
    "input in a message": {
        "type": "input",
        "label": plain("l"),
        "element": {"type": "plain_text_input", "action_id": "a"},
    },
    "image without address": {"type": "image", "alt_text": "x"},
    "type is a list": {"type": ["section"]},
}


@pytest.mark.parametrize("block", INVALID.values(), ids=INVALID.keys())
def test_invalid_block(block: Json) -> None:
    """Each of these is refused by Slack whatever its size."""
    problem = examine_message({"text": "x", "blocks": [block]})
    assert problem is not None
    assert problem.error == "invalid_blocks"


def test_block_id_twice() -> None:
    """Two blocks of one message cannot have the same id."""
    problem = examine_message({"blocks": [{"type": "divider", "block_id": "a"}] * 2})
    assert problem is not None
    assert "already exists" in problem.messages[0]


def test_whole_message_too_long() -> None:
    """Above about 13,000 characters in all a message is msg_blocks_too_long, each block being right."""
    assert examine_message({"blocks": [section("x" * 2600) for _ in range(5)]}) is None
    problem = examine_message({"blocks": [section("x" * 2601) for _ in range(5)]})
    assert problem is not None
    assert problem.error == "msg_blocks_too_long"


def test_modal_with_input_needs_submit() -> None:
    """A modal that asks for something needs a button to send it off."""
    view = field()
    del view["submit"]
    problem = examine_view(view)
    assert problem is not None
    assert "submit" in problem.messages[0]


def test_markdown_and_tables_are_not_for_modals() -> None:
    """Blocks that Slack has for messages only are refused in a modal."""
    for block in (table(1), {"type": "markdown", "text": "x"}):
        assert examine_view(modal(blocks=[block])) is not None


def test_numbers_agree_with_an_independent_table() -> None:
    """The library slackblocks carries the same numbers under the same names."""
    ours = {name: value for name, value in vars(limits).items() if name.isupper()}
    shared = {name for name in ours if hasattr(oracle, name)}

    assert len(shared) > 50
    assert {name: ours[name] for name in shared} == {name: getattr(oracle, name) for name in shared}


def test_slack_sdk_agrees_with_what_is_accepted() -> None:
    """What stands at each limit also passes slack_sdk's own checks."""
    for limit, make in MESSAGE_LIMITS.values():
        for block in make(limit):
            parsed = Block.parse(block)
            assert parsed is not None
            parsed.to_dict()
    assert {"section", "table", "markdown", "alert", "input"} <= KNOWN


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "fields", "rows", "block_id", "style"])
            | st.text(max_size=3),
            inner
            | st.sampled_from(["section", "actions", "table", "rich_text", "mrkdwn", "button"]),
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(blocks=json_values)
def test_any_json_gets_an_answer(blocks: Any) -> None:
    """Whatever JSON arrives, the answer is a verdict and never an exception."""
    examine_message({"blocks": blocks})
    examine_view(modal(blocks=blocks))


async def test_refusal_reads_like_slacks(slack: StandIn, client: AsyncWebClient) -> None:
    """The SDK sees invalid_blocks with the details that Slack gives, and it is on record."""
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0INCIDENT", text="x", blocks=[section("x" * 3001)])

    assert caught.value.response["error"] == "invalid_blocks"
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]
    [refusal] = slack.refusals
    assert (refusal.surface, refusal.error) == ("chat.postMessage", "invalid_blocks")
    assert slack.messages("incident-shop") == ()


async def test_missing_text_is_an_accessibility_warning(
    slack: StandIn, client: AsyncWebClient
) -> None:
    """Blocks without text are taken, with a warning for the sake of screen readers."""
    with pytest.warns(UserWarning, match="text"):
        await client.chat_postMessage(channel="C0INCIDENT", blocks=[section("x")])

    assert "accessibility" in slack.warnings[0].text
