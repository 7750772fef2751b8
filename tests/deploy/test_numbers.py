"""Alerts, dashboard and scaling ask for numbers that a running bot or worker really shows."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from bot.demo.slack.manifest import read_plain_yaml
from bot.metrics import Metrics
from bot.settings import load_settings
from bot.vantage import open_local_vantage
from bot.watcher import Told
from bot.worker.door import open_door
from bot.worker.worker import open_worker
from handlers.slack.measure import Measures
from tests.handlers.conftest import run_bot

DEPLOY = Path(__file__).parents[2] / "deploy"
# Set by Prometheus itself, or by histograms.
GIVEN = {"instance", "job", "le"}
FUNCTIONS = {
    *("sum", "max", "min", "count", "absent", "rate", "increase", "min_over_time"),
    *("histogram_quantile", "by"),
}
# docs.slack.dev/reference/methods/auth.test, errors
SLACK_CODES = ("invalid_auth", "token_revoked", "token_expired", "account_inactive")


@dataclass
class Known:
    """What is shown: names, and the values that each label of a name was seen with.

    `idle` are those of a bot and a worker to which nothing has happened yet.
    """

    names: set[str] = field(default_factory=set)
    labels: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    idle: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def add(self, text: str) -> None:
        """Everything in a text of Prometheus' form."""
        for family in text_string_to_metric_families(text):
            self.names |= set(_names_of(family))
            for sample in family.samples:
                seen = self.labels.setdefault(sample.name, {})
                for label, value in sample.labels.items():
                    seen.setdefault(label, set()).add(value)


def _names_of(family: Metric) -> Iterator[str]:
    """The names of its samples, also before there is any."""
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
    for ending in endings.get(family.type, ("",)):
        yield family.name + ending


async def numbers(url: str) -> str:
    """What is read there."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


@pytest.fixture
async def known(redis_url: str) -> Known:
    """The names from a running bot with a running worker; labels also from all that is counted."""
    found = Known()
    settings = load_settings(
        _env_file=None, tlscheck_vantage="prod-tokyo", redis_url=SecretStr(redis_url)
    )
    metrics = Metrics()
    async with (
        run_bot(redis_url) as bot,
        open_worker(
            settings, redis_url, open_vantage=open_local_vantage, metrics=metrics
        ) as worker,
        open_door(0, worker, metrics, "127.0.0.1") as port,
    ):
        found.add(await bot.numbers())
        found.add(await numbers(f"http://127.0.0.1:{port}/metrics"))
    names = set(found.names)
    found.idle = deepcopy(found.labels)
    found.add(_counted())
    # What nobody shows who runs does not become known by being counted here.
    found.names = names
    return found


def _counted() -> str:
    """Each number with labels, counted once with each value of a closed set."""
    metrics = Metrics()
    measures = Measures(metrics)
    metrics.check_done("broken", "expired", 0.2)
    metrics.check_failed()
    metrics.acknowledged("command", 0.1)
    metrics.envelope_received("slash_commands", datetime(2026, 1, 1, tzinfo=UTC))
    for code in ("ok", "missing_scope", *SLACK_CODES):
        metrics.slack_called("chat.postMessage", code)
    metrics.slack_retried("connection")
    for told in get_args(Told):
        metrics.watch_told(told)
    measures.replies_failed.labels("gone").inc()
    measures.refused.labels("401").inc()
    return metrics.render().decode()


def alerts() -> list[Any]:
    """All rules."""
    groups = read_plain_yaml((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> Any:
    """The dashboard."""
    return json.loads((DEPLOY / "dashboard.json").read_text(encoding="utf-8"))


def queries() -> dict[str, str]:
    """Every query, by where it stands."""
    found = {rule["alert"]: rule["expr"] for rule in alerts()}
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    scaling = DEPLOY / "kubernetes" / "worker" / "scaling.yaml"
    for trigger in read_plain_yaml(scaling.read_text(encoding="utf-8"))["spec"]["triggers"]:
        found["scaling"] = trigger["metadata"]["query"]
    return found


def faults(query: str, known: Known) -> list[str]:
    """What is wrong with a query."""
    found = []
    bare = re.sub(r'"[^"]*"', '""', query)
    for opening, closing in ("()", "{}", "[]"):
        depth = 0
        for character in bare:
            depth += (character == opening) - (character == closing)
            if depth < 0:
                break
        if depth:
            found.append(f"{opening}{closing} do not match")
    names = set(re.findall(r"\btlscheck_\w+", query))
    found += [f"{name} is shown by nobody" for name in sorted(names - known.names)]
    labels = set().union(GIVEN, *(known.labels.get(name, ()) for name in names))
    for name, selector in re.findall(r"(tlscheck_\w+)\{([^}]*)\}", query):
        for label, values in re.findall(r'(\w+)(?:=~|!=|=)"([^"]*)"', selector):
            seen = known.labels.get(name, {}).get(label)
            if seen is None:
                found.append(f"{name} has no label {label}")
            elif label != "queue" and not set(values.split("|")) <= seen:
                found.append(f"{name} has no {label} {values}")
    for listed in re.findall(r"\bby \(([^)]*)\)", query):
        wrong = {one.strip() for one in listed.split(",")} - labels
        found += [f"by {one}: none has it" for one in sorted(wrong)]
    for function in re.findall(r"\b([a-z_]+) ?\(", bare):
        if function not in FUNCTIONS:
            found.append(f"{function}() is unknown")
    for name in names:
        if name.endswith(("_total", "_bucket")) and not re.search(
            rf"(?:rate|increase)\({name}(?:\{{[^}}]*\}})?\[", query
        ):
            found.append(f"{name} only ever grows: rate() or increase() of it")
    return found


async def test_every_query_asks_for_what_is_there(known: Known) -> None:
    """Names, labels and their values; brackets match, and counters are taken as rates."""
    assert {
        name: wrong for name, query in queries().items() if (wrong := faults(query, known))
    } == {}


async def test_the_first_event_is_seen(known: Known) -> None:
    """What an alert counts is shown as 0 before it happens: increase() sees no series begin.

    Slack's codes and reasons are an open set; there the alerts wait for more than one.
    """
    for rule in alerts():
        selectors = re.findall(r'(tlscheck_\w+_total)\{(\w+)=~?"([^"]*)"\}', rule["expr"])
        for name, label, values in selectors:
            if name != "tlscheck_slack_calls_total":
                assert set(values.split("|")) <= known.idle[name][label], name


async def test_a_wrong_query_is_noticed(known: Known) -> None:
    """The test above can fail, in each of its ways."""
    assert faults("max(tlscheck_redis_gone)", known) == ["tlscheck_redis_gone is shown by nobody"]
    assert faults("max(tlscheck_redis_away", known) == ["() do not match"]
    assert faults("max by (place) (tlscheck_workers)", known) == ["by place: none has it"]
    assert faults("maximum(tlscheck_redis_away)", known) == ["maximum() is unknown"]
    assert faults("sum(tlscheck_checks_total)", known) == [
        "tlscheck_checks_total only ever grows: rate() or increase() of it"
    ]
    assert faults('rate(tlscheck_checks_total{verdict="fail"}[5m])', known) == [
        "tlscheck_checks_total has no verdict fail"
    ]
    assert faults('rate(tlscheck_checks_total{way="ack"}[5m])', known) == [
        "tlscheck_checks_total has no label way"
    ]


def test_every_alert_says_what_to_do() -> None:
    """A name of its own, how urgent it is, what is the matter and what to do, in whole sentences."""
    names = [rule["alert"] for rule in alerts()]
    assert len(set(names)) == len(names)
    for rule in alerts():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "description"}
        for text in rule["annotations"].values():
            assert text[-1] == "."
            assert len(text) <= 300
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        listed = ",".join(re.findall(r"\bby \(([^)]*)\)", rule["expr"]))
        assert used <= {*re.split(r",\s*", listed), "instance"}
        assert re.fullmatch(r"\d+m", rule.get("for", "1m"))


def test_the_dashboard_can_be_imported() -> None:
    """Few panels that do not overlap, each explained, all from the chosen Prometheus."""
    panels = dashboard()["panels"]
    assert len(panels) <= 12
    assert len({panel["id"] for panel in panels}) == len(panels)
    (variable,) = dashboard()["templating"]["list"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["title"]
        assert panel["description"].endswith(".")
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
        for one in (panel, *panel["targets"]):
            assert one["datasource"]["uid"] == f"${{{variable['name']}}}"
        for target in panel["targets"]:
            by = ",".join(re.findall(r"\bby \(([^)]*)\)", target["expr"]))
            used = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert used <= set(re.split(r",\s*", by))
