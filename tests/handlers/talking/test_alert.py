"""Messages of people and of alert apps: what they say, and which servers they name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.diagnosis.causes import Cause
from handlers.talking.alert import MOST_TARGETS, read_alert


def hosts(message: dict[str, Any]) -> list[str]:
    """The servers that a message names, as people write them."""
    return [
        one.host if one.port == 443 else f"{one.host}:{one.port}"
        for one in read_alert(message).targets
    ]


ALERTMANAGER = {
    "type": "message",
    "subtype": "bot_message",
    "text": "",
    "bot_id": "B01",
    "attachments": [
        {
            "id": 1,
            "color": "a30200",
            "fallback": "[FIRING:1] ProbeFailed | <https://alerts.example.com/#/alerts|view>",
            "title": "[FIRING:1] SSLProbeFailed (blackbox https://shop.example.jp critical)",
            "title_link": "https://grafana.net/d/abc?alertname=x",
            "text": "*Alert:* probe failed\n*Instance:* `https://shop.example.jp`\n",
            "fields": [
                {"title": "instance", "value": "<https://shop.example.jp/health>", "short": True},
                {"title": "job", "value": "blackbox", "short": True},
            ],
        }
    ],
}

DATADOG = {
    "text": "",
    "attachments": [
        {
            "title": "Triggered: [Synthetics] TLS of api.shop.example.jp",
            "title_link": "https://app.datadoghq.com/synthetics/details/abc-def",
            "text": "Test failed: `x509: certificate signed by unknown authority` "
            "(<https://api.shop.example.jp:8443/v1>)\n<https://app.datadoghq.com/m/1|Monitor>",
        }
    ],
}

RICH = {
    "text": "curl says: curl: (60) SSL certificate problem: certificate has expired",
    "blocks": [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "calling "},
                        {
                            "type": "link",
                            "url": "http://mail.example.jp",
                            "text": "mail.example.jp",
                        },
                        {"type": "text", "text": ":993 gives"},
                    ],
                },
                {
                    "type": "rich_text_preformatted",
                    "elements": [
                        {
                            "type": "text",
                            "text": "curl: (60) SSL certificate problem: certificate has expired",
                        }
                    ],
                },
            ],
        }
    ],
}

SECTIONS = {
    "text": "Deploy failed",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Deploy failed"}},
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": "*backend* could not reach `payments.example.net:8443`",
            },
            "fields": [{"type": "mrkdwn", "text": "*File*\nhandlers/payments.py"}],
            "accessory": {
                "type": "button",
                "text": {"type": "plain_text", "text": "Logs"},
                "url": "https://logs.example.org/x",
            },
        },
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "Runbook"},
                    "url": "https://runbook.example.org/x",
                }
            ],
        },
    ],
}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (ALERTMANAGER, ["shop.example.jp"]),
        (DATADOG, ["api.shop.example.jp:8443"]),
        (RICH, ["mail.example.jp:993"]),
        (SECTIONS, ["payments.example.net:8443"]),
        ({"text": "shop.example.jp is down, see main.py and v1.2.3"}, ["shop.example.jp"]),
        (
            {"text": "<https://shop.example.jp/a?b|shop.example.jp> と 203.0.113.9:8443"},
            ["shop.example.jp", "203.0.113.9:8443"],
        ),
        ({"text": "ask <@U123> in <#C1|ops.example.com> about it"}, []),
        ({"text": "mail me at someone@example.jp"}, []),
        (
            {
                "text": "SSLHandshakeException in checkout.PaymentClient: POST https://pay.example.jp/ "
                "javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
                "sun.security.provider.certpath.SunCertPathBuilderException at "
                "com.example.shop.Checkout(Checkout.java:12) requests.exceptions.SSLError "
                "/etc/ssl/openssl.cnf"
            },
            ["pay.example.jp"],
        ),
        ({"text": "shop.example.jpが見られません"}, ["shop.example.jp"]),
        ({"text": "https://slack.com/archives/C1/p1 https://shop.example.jp"}, ["shop.example.jp"]),
        ({"text": "only <https://example.grafana.net/d/1|the dashboard>"}, ["example.grafana.net"]),
        ({"text": "nothing here"}, []),
        ({}, []),
    ],
)
def test_servers(message: dict[str, Any], expected: list[str]) -> None:
    """Servers that fail come first; pages of monitoring only where nothing else is named."""
    assert hosts(message) == expected


def test_the_error_of_an_alert() -> None:
    """An error line within an attachment is explained, and names the server that is meant."""
    assert read_alert(DATADOG).explanation is not None
    rich = read_alert(RICH)
    assert rich.explanation is not None
    assert rich.explanation.cause is Cause.EXPIRED
    assert read_alert(SECTIONS).explanation is None


def test_codes_keep_their_underscores() -> None:
    """Marks of formatting go, parts of words stay."""
    alert = read_alert({"text": "*node* says `UNABLE_TO_VERIFY_LEAF_SIGNATURE` at shop.example.jp"})
    assert "UNABLE_TO_VERIFY_LEAF_SIGNATURE" in alert.text
    assert alert.explanation is not None


def test_bounds() -> None:
    """A message with a thousand servers, or a thousand levels, is read as far as it goes."""
    many = " ".join(f"h{n}.example.jp" for n in range(1000))
    assert len(hosts({"text": many})) == MOST_TARGETS
    deep: dict[str, Any] = {"text": "deep.example.jp"}
    for _ in range(1000):
        deep = {"attachments": [deep]}
    assert hosts(deep) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=200),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(["text", "title", "blocks", "attachments", "elements", "type", "url"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(["text", "blocks", "attachments"]), _JSON))
def test_any_message_is_read(message: dict[str, Any]) -> None:
    """Whatever an app posts, reading it does not fail."""
    assert len(read_alert(message).targets) <= MOST_TARGETS
