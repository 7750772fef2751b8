"""Alerts of monitoring systems about the lab's servers, in the shapes in which they reach Slack.

Alertmanager's default template sends an attachment with title and text, Datadog one with title,
text and fields, Sentry blocks. The texts are written for this lab.
"""

from typing import Any

from bot.demo.lab import SCENARIOS
from bot.demo.slack import StandIn

CHANNEL = "alerts"

Json = dict[str, Any]


def _host(name: str) -> str:
    return next(one.host for one in SCENARIOS if one.name == name)


def post_alerts(slack: StandIn) -> None:
    """Put three alerts into the channel, the incident's own as the last one."""
    expired, refused, shop = _host("expired"), _host("untrusted-root"), _host("incident")
    slack.alert("Datadog", CHANNEL, attachments=[_datadog(expired)])
    slack.alert("Sentry", CHANNEL, "SSLHandshakeException in checkout", blocks=_sentry(refused))
    slack.alert("Alertmanager", CHANNEL, attachments=[_alertmanager(shop)])


def _alertmanager(host: str) -> Json:
    return {
        "color": "danger",
        "title": "[FIRING:1] CheckoutErrors (payments critical)",
        "title_link": "https://alertmanager.example.jp/#/alerts",
        "fallback": "[FIRING:1] CheckoutErrors (payments critical)",
        "text": (
            "*Alert:* checkout cannot reach the shop's API\n"
            f"*Details:*\n • *url:* `https://{host}/api/v1/orders`\n"
            " • *error:* `curl: (60) SSL certificate problem: unable to get local issuer "
            "certificate`"
        ),
        "footer": "prometheus-1",
        "mrkdwn_in": ["text"],
    }


def _datadog(host: str) -> Json:
    return {
        "color": "#d33043",
        "title": "Triggered: [Synthetics] login page",
        "fallback": "Triggered: [Synthetics] login page",
        "text": "The browser test failed from aws:ap-northeast-1: CERT_HAS_EXPIRED",
        "fields": [
            {"title": "URL", "value": f"<https://{host}/login>", "short": True},
            {"title": "Runtime", "value": "Node.js 20", "short": True},
        ],
    }


def _sentry(host: str) -> list[Json]:
    line = (
        "javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
        "sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid "
        "certification path to requested target"
    )
    return [
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": "*SSLHandshakeException* in `checkout.PaymentClient`",
            },
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_preformatted",
                    "elements": [{"type": "text", "text": f"POST https://{host}/pay\n{line}"}],
                }
            ],
        },
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": "checkout · production · 42 events"}],
        },
    ]
