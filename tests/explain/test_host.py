"""Which server a text names, and what looks like one and is none."""

import pytest

from bot.explain import explain


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("x509: error at https://shop.example.jp:8443/cart", "shop.example.jp", 8443),
        ("dial tcp 192.0.2.7:443: x509: certificate is not valid", "192.0.2.7", 443),
        ("x509: error at https://[2001:db8::7]:8443/", "2001:db8::7", 8443),
        ("SSL error with https://user:pw@shop.example.jp/", "shop.example.jp", None),
        (
            "HTTPSConnectionPool(host='shop.example.jp', port=8443): SSLError certificate verify",
            "shop.example.jp",
            8443,
        ),
        (
            "https://proxy.example.jp/ x509: certificate is valid for a.jp, not shop.example.jp",
            "shop.example.jp",
            None,
        ),
        ("http: TLS handshake error from 203.0.113.6:39723: remote error: tls: x", None, None),
        ("証明書エラー shop.example.jpに接続できません", "shop.example.jp", None),
        ("SSL error, see https://github.com/a/b/wiki/Troubleshooting", None, None),
        ("* Connected to letsencrypt.org (192.0.2.1) port 443 SSL", "letsencrypt.org", None),
        ("SSL error, see https://curl.se/docs/sslcerts.html", None, None),
        ("ssl.SSLError at /app/main.py in requests.exceptions.SSLError", None, None),
        ("at sun.security.ssl.Alert.create(Alert.java:13) SSLException", None, None),
        ("OpenSSL/3.0.19 certificate has expired, curl 7.88.1", None, None),
        ("SSL error for 日本語.jp: https://日本語.jp/", "xn--wgv71a119e.jp", None),
    ],
)
def test_the_host_is_found(text: str, host: str | None, port: int | None) -> None:
    """Peers are found in the forms that clients name them in; files and classes are none."""
    explanation = explain(text)
    assert (explanation.host, explanation.port) == (host, port)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (
            'psql: server certificate for "a.jp" does not match host name "db.example.jp"',
            "tlscheck check db.example.jp:5432 --starttls postgres",
        ),
        (
            (
                "postfix/smtp[7]: certificate verification failed for mx.example.jp[192.0.2.7]:25: "
                "untrusted issuer"
            ),
            "tlscheck check mx.example.jp:25 --starttls smtp",
        ),
        (
            "https://shop.example.jp/ x509: certificate has expired",
            "tlscheck check shop.example.jp",
        ),
    ],
)
def test_the_check_speaks_the_protocol(text: str, command: str) -> None:
    """A database or a mail server is checked behind its STARTTLS."""
    assert explain(text).next_steps[0].command == command
