"""The metrics: what the dashboard and the alerts read."""

from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from bot.metrics import Metrics


def _samples(metrics: Metrics) -> dict[str, float]:
    text = metrics.render().decode()
    return {
        "|".join(
            [sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_everything_that_is_counted_is_shown() -> None:
    """Each function changes its own number in Prometheus' text form."""
    metrics = Metrics()
    metrics.check_done("broken", "expired", 0.2)
    metrics.check_done("ok", None, 0.1)
    metrics.check_failed()
    metrics.answered("joined")
    metrics.redis_away(True)
    metrics.slack_called("chat.postMessage", "ok")
    metrics.slack_retried("rate_limited")
    metrics.acknowledged("command", 0.02)
    metrics.envelope_received("slash_commands", datetime(2026, 1, 1, tzinfo=UTC))
    with metrics.check_running(), metrics.background_work():
        during = _samples(metrics)
    after = _samples(metrics)
    assert during["tlscheck_checks_running"] == during["tlscheck_background_tasks"] == 1
    assert after["tlscheck_checks_running"] == after["tlscheck_background_tasks"] == 0
    expected = {
        "tlscheck_checks_total|cause=expired|verdict=broken": 1,
        "tlscheck_checks_total|cause=none|verdict=ok": 1,
        "tlscheck_checks_total|cause=none|verdict=failed": 1,
        "tlscheck_check_seconds_count": 2,
        "tlscheck_answers_total|source=joined": 1,
        "tlscheck_answers_total|source=cache": 0,
        "tlscheck_redis_away": 1,
        "tlscheck_slack_calls_total|method=chat.postMessage|outcome=ok": 1,
        "tlscheck_slack_retries_total|reason=rate_limited": 1,
        "tlscheck_slack_ack_seconds_bucket|kind=command|le=0.025": 1,
        "tlscheck_socket_envelopes_total|type=slash_commands": 1,
        "tlscheck_socket_last_envelope_timestamp_seconds": 1767225600,
    }
    assert {name: after.get(name) for name in expected} == expected


def test_two_in_one_process_do_not_meet() -> None:
    """Nothing is global: tests and several bots in one process count for themselves."""
    one, two = Metrics(), Metrics()
    one.answered("fresh")
    assert _samples(two)["tlscheck_answers_total|source=fresh"] == 0
