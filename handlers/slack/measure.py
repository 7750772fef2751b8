"""What only the Slack side counts, beside `bot.metrics`, in the same registry.

No label takes a value from outside: every one is from a fixed, short list.
"""

from prometheus_client import Counter, Gauge

from bot.metrics import Metrics


class Measures:
    """The numbers of the Slack side; `metrics` are those that the whole program shares."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        registry = metrics.registry
        self.answers = Counter(
            "tlscheck_slack_answers",
            "Answers to commands, by the way they went out: in the acknowledgement, or later",
            ("way",),
            registry=registry,
        )
        self.replies_failed = Counter(
            "tlscheck_slack_replies_failed",
            "Messages that a response address did not take, by reason",
            ("reason",),
            registry=registry,
        )
        self.repeated = Counter(
            "tlscheck_slack_repeated_deliveries",
            "Deliveries that came a second time and were passed over",
            registry=registry,
        )
        self.errors = Counter(
            "tlscheck_slack_errors",
            "Failures inside tlscheck that a person was told about",
            registry=registry,
        )
        self.turned_away = Counter(
            "tlscheck_slack_turned_away",
            "Askers turned away because too much was under way",
            registry=registry,
        )
        self.told_to_wait = Counter(
            "tlscheck_slack_told_to_wait",
            "Checks refused because a person or a channel had as many as they may have",
            ("whose",),
            registry=registry,
        )
        self.refused = Counter(
            "tlscheck_slack_requests_refused",
            "HTTP requests refused before they reached a listener, by status",
            ("status",),
            registry=registry,
        )
        self.reconnects = Counter(
            "tlscheck_socket_forced_reconnects",
            "Socket Mode connections that the watchdog replaced",
            registry=registry,
        )
        self.connections = Gauge(
            "tlscheck_socket_connections",
            "Socket Mode connections of this app, as Slack's last hello counted them",
            registry=registry,
        )
        self.debts = Gauge(
            "tlscheck_debts_open",
            "Deliveries that were acknowledged here and are not answered yet",
            registry=registry,
        )
        self.debts_taken_over = Counter(
            "tlscheck_debts_taken_over",
            "Deliveries that were taken over from bots that died or ended, by what came of them",
            ("outcome",),
            registry=registry,
        )
        # A series that appears with its first event hides that event from rate().
        for way in ("ack", "later", "update"):
            self.answers.labels(way)
        for outcome in ("resumed", "told", "unreadable"):
            self.debts_taken_over.labels(outcome)
        for whose in ("person", "channel", "step"):
            self.told_to_wait.labels(whose)
