"""The app as its manifest declares it: what it may call, what it hears of, what it offers.

Here belongs the reading of the manifest. What follows from it is decided where Slack decides it.
Source: Slack's document "App manifest reference".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MANIFEST = Path(__file__).parents[3] / "deploy" / "slack-manifest.yaml"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input or output of a workflow's step."""

    name: str
    type: str
    title: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A step that the app offers to workflows."""

    callback_id: str
    title: str
    description: str
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class App:
    """What a manifest says.

    `shortcuts` are the message shortcuts: callback id and name.
    """

    scopes: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    shortcuts: tuple[tuple[str, str], ...] = ()
    steps: Mapping[str, Step] = field(default_factory=dict)
    home_tab: bool = False
    messages_tab: bool = True
    messages_read_only: bool = False


def declared(path: Path = MANIFEST) -> App:
    """The app of this manifest.

    Raises:
        OSError: It cannot be read.
        ValueError: It is written in another way than this project's.
    """
    body = read_plain_yaml(path.read_text(encoding="utf-8"))
    features, settings = body["features"], body["settings"]
    home = features.get("app_home", {})
    return App(
        scopes=frozenset(body["oauth_config"]["scopes"]["bot"]),
        events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
        shortcuts=tuple(
            (one["callback_id"], one["name"])
            for one in features.get("shortcuts", ())
            if one["type"] == "message"
        ),
        steps={name: _step(name, one) for name, one in body.get("functions", {}).items()},
        home_tab=home.get("home_tab_enabled", False),
        messages_tab=home.get("messages_tab_enabled", False),
        messages_read_only=home.get("messages_tab_read_only_enabled", False),
    )


def _step(callback_id: str, body: Mapping[str, Any]) -> Step:
    return Step(
        callback_id=callback_id,
        title=body["title"],
        description=body.get("description", ""),
        inputs=_parameters(body.get("input_parameters", {})),
        outputs=_parameters(body.get("output_parameters", {})),
    )


def _parameters(body: Mapping[str, Any]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            name=name,
            type=one["type"],
            title=one.get("title", name),
            description=one.get("description", ""),
            required=one.get("is_required", False),
        )
        for name, one in body.items()
    )


# --- the part of YAML that the files under deploy/ keep to


def read_plain_yaml(text: str) -> Any:
    """Mappings and lists in blocks, lists of scalars in brackets, and texts behind `|-` or `>-`.

    Raises:
        ValueError: A line is of another kind.
    """
    lines = []
    for line in text.splitlines():
        bare = "" if line.lstrip().startswith("#") else re.sub(r"\s#[^\"]*$", "", line).rstrip()
        if bare.strip():
            lines.append((len(bare) - len(bare.lstrip()), bare.strip()))
    value, rest = _block(lines, 0)
    if rest != len(lines):
        raise ValueError(lines[rest][1])
    return value


_KEY = r"[\w./-]+"


def _block(lines: list[tuple[int, str]], at: int) -> tuple[Any, int]:
    indent, first = lines[at]
    if first.startswith("- "):
        items = []
        while at < len(lines) and lines[at][0] == indent and lines[at][1].startswith("- "):
            rest = lines[at][1][2:]
            if re.match(rf"{_KEY}:(?: |$)", rest):
                lines[at] = (indent + 2, rest)
                item, at = _block(lines, at)
            else:
                item, at = _scalar(rest), at + 1
            items.append(item)
        return items, at
    mapping: dict[str, Any] = {}
    while at < len(lines) and lines[at][0] == indent:
        found = re.fullmatch(rf"({_KEY}):(?: (.+))?", lines[at][1])
        if found is None or found[1] in mapping:
            raise ValueError(lines[at][1])
        if found[2] in {"|-", ">-"}:
            mapping[found[1]], at = _text(lines, at + 1, indent, "\n" if found[2] == "|-" else " ")
        elif found[2] is not None:
            mapping[found[1]], at = _scalar(found[2]), at + 1
        elif at + 1 < len(lines) and lines[at + 1][0] > indent:
            mapping[found[1]], at = _block(lines, at + 1)
        else:
            mapping[found[1]], at = None, at + 1
    return mapping, at


def _text(lines: list[tuple[int, str]], at: int, indent: int, between: str) -> tuple[str, int]:
    start, own = at, lines[at][0]
    while at < len(lines) and lines[at][0] > indent:
        at += 1
    return between.join(" " * (deep - own) + line for deep, line in lines[start:at]), at


def _scalar(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    if text == "{}":
        return {}
    if text[0] == "[" and text[-1] == "]":
        return [_scalar(one.strip()) for one in text[1:-1].split(",") if one.strip()]
    if text[0] == text[-1] == '"':
        return text[1:-1]
    if text[0] in "\"'[{&*!|>%@`" or ": " in text:
        raise ValueError(text)
    return int(text) if text.isdigit() else text
