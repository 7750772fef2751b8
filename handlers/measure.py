"""What the Slack side counts: acknowledgements, calls and retries, background work.

No label takes a value from outside: every one is from a fixed, short list.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_ACK_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 1.75, 2.0, 2.5, 3.0)


class Measures:
    """All metrics of the Slack side, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.acknowledged = Histogram(
            "tlscheck_slack_ack_seconds",
            "From the arrival of a command or press to its acknowledgement.",
            ("kind",),
            buckets=_ACK_SECONDS,
            registry=registry,
        )
        self.answers = Counter(
            "tlscheck_slack_answers_total",
            "Answers to commands, by the way they went out.",
            ("way",),
            registry=registry,
        )
        self.presses = Counter(
            "tlscheck_slack_presses_total", "Buttons pressed.", ("action",), registry=registry
        )
        self.repeated = Counter(
            "tlscheck_slack_repeated_deliveries_total",
            "Deliveries that came a second time and were passed over.",
            registry=registry,
        )
        self.replies_failed = Counter(
            "tlscheck_slack_replies_failed_total",
            "Answers that Slack's response address did not take.",
            ("reason",),
            registry=registry,
        )
        self.retries = Counter(
            "tlscheck_slack_retries_total",
            "Requests to Slack that were sent again.",
            ("reason",),
            registry=registry,
        )
        self.refused = Counter(
            "tlscheck_slack_api_refusals_total",
            "Web API calls that Slack refused.",
            ("method",),
            registry=registry,
        )
        self.errors = Counter(
            "tlscheck_slack_errors_total",
            "Failures inside tlscheck that a person was told about.",
            registry=registry,
        )
        self.working = Gauge(
            "tlscheck_slack_background_tasks", "Background tasks under way.", registry=registry
        )
        self.turned_away = Counter(
            "tlscheck_slack_turned_away_total",
            "Askers turned away because too much was under way.",
            registry=registry,
        )
        self.unsigned = Counter(
            "tlscheck_slack_requests_refused_total",
            "HTTP requests refused before they reached a listener.",
            ("status",),
            registry=registry,
        )
        self.envelopes = Counter(
            "tlscheck_slack_envelopes_total",
            "Socket Mode messages received.",
            ("kind",),
            registry=registry,
        )
        self.reconnects = Counter(
            "tlscheck_slack_forced_reconnects_total",
            "Socket Mode connections that the watchdog replaced.",
            registry=registry,
        )
        self.connections = Gauge(
            "tlscheck_slack_connections",
            "Socket Mode connections of this app, as Slack's last hello counted them.",
            registry=registry,
        )
