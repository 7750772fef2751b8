"""The numbers for Prometheus: one `Metrics` a process, made once and passed to those who count.

Names and labels are read by the dashboard and the alerts under deploy/. Labels come from closed
sets only: a host name as a label would let askers fill the monitoring's memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

# A check is mostly one round trip or a timeout of some seconds.
_CHECK_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20)

# Slack gives up on an acknowledgement after 3 s:
# https://docs.slack.dev/interactivity/handling-user-interaction/#acknowledgment_response
_ACK_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3)

# A look is late when the bot was busy, or down.
_LATE_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 300, 1800)


class Metrics:
    """Counts what happens in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._checks = Counter(
            "tlscheck_checks",
            "Checks that were run, by what came out",
            ("verdict", "cause"),
            registry=self.registry,
        )
        self._check_seconds = Histogram(
            "tlscheck_check_seconds",
            "How long checks took",
            buckets=_CHECK_BUCKETS,
            registry=self.registry,
        )
        self._running = Gauge(
            "tlscheck_checks_running", "Checks under way now", registry=self.registry
        )
        self._answers = Counter(
            "tlscheck_answers",
            "Answers, by source: fresh (a check was run), cache, joined (another asker's check)",
            ("source",),
            registry=self.registry,
        )
        self._redis_away = Gauge(
            "tlscheck_redis_away", "1 while Redis cannot be used", registry=self.registry
        )
        self._slack_calls = Counter(
            "tlscheck_slack_calls",
            "Calls of Slack's Web API, by what came of them",
            ("method", "outcome"),
            registry=self.registry,
        )
        self._slack_retries = Counter(
            "tlscheck_slack_retries",
            "Calls of Slack's Web API that were repeated",
            ("reason",),
            registry=self.registry,
        )
        self._ack_seconds = Histogram(
            "tlscheck_slack_ack_seconds",
            "From receiving something from Slack to acknowledging it",
            ("kind",),
            buckets=_ACK_BUCKETS,
            registry=self.registry,
        )
        self._envelopes = Counter(
            "tlscheck_socket_envelopes",
            "Envelopes received in Socket Mode",
            ("type",),
            registry=self.registry,
        )
        self._last_envelope = Gauge(
            "tlscheck_socket_last_envelope_timestamp_seconds",
            "When the last envelope was received; 0: none so far",
            registry=self.registry,
        )
        self._background = Gauge(
            "tlscheck_background_tasks",
            "Work that goes on after its acknowledgement",
            registry=self.registry,
        )
        self._watch_late = Histogram(
            "tlscheck_watch_late_seconds",
            "How late the looks at watched hosts were",
            buckets=_LATE_BUCKETS,
            registry=self.registry,
        )
        self._watch_notices = Counter(
            "tlscheck_watch_notices",
            "News of watched hosts, by what came of telling them",
            ("outcome",),
            registry=self.registry,
        )
        # A series that appears with its first event hides that event from rate().
        for source in ("fresh", "cache", "joined"):
            self._answers.labels(source)
        for outcome in ("told", "later", "never"):
            self._watch_notices.labels(outcome)
        self._checks.labels("failed", "none")

    def check_done(self, verdict: str, cause: str | None, seconds: float) -> None:
        """A check came to a verdict; `cause` is a cause code or None."""
        self._checks.labels(verdict, cause or "none").inc()
        self._check_seconds.observe(seconds)

    def check_failed(self) -> None:
        """A check broke without a verdict: a defect, or a vantage that is gone."""
        self._checks.labels("failed", "none").inc()

    @contextmanager
    def check_running(self) -> Iterator[None]:
        """A check is under way for the length of the block."""
        with self._running.track_inprogress():
            yield

    def answered(self, source: Literal["fresh", "cache", "joined"]) -> None:
        """A question was answered."""
        self._answers.labels(source).inc()

    def redis_away(self, away: bool) -> None:
        """Redis went away, or is back; made for `open_store(on_away=…)`."""
        self._redis_away.set(away)

    def slack_called(self, method: str, outcome: str) -> None:
        """A Web API method was called; `outcome` is "ok" or Slack's error code."""
        self._slack_calls.labels(method, outcome).inc()

    def slack_retried(self, reason: Literal["rate_limited", "server_error", "connection"]) -> None:
        """A Web API call was repeated."""
        self._slack_retries.labels(reason).inc()

    def acknowledged(self, kind: str, seconds: float) -> None:
        """Something from Slack was acknowledged; `kind`: "command", "action", "event", …."""
        self._ack_seconds.labels(kind).observe(seconds)

    def envelope_received(self, kind: str, now: datetime) -> None:
        """An envelope came over Socket Mode: the sign of life that counts."""
        self._envelopes.labels(kind).inc()
        self._last_envelope.set(now.timestamp())

    @contextmanager
    def background_work(self) -> Iterator[None]:
        """Work goes on in the background for the length of the block."""
        with self._background.track_inprogress():
            yield

    def watch_looked(self, late_seconds: float) -> None:
        """A watched host is looked at, so long after it was due."""
        self._watch_late.observe(max(0.0, late_seconds))

    def watch_told(self, outcome: str) -> None:
        """News of a watch went out ("told"), has to wait ("later"), or never will ("never")."""
        self._watch_notices.labels(outcome).inc()

    def render(self) -> bytes:
        """All numbers in Prometheus' text form (`CONTENT_TYPE`)."""
        return generate_latest(self.registry)
