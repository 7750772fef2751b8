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
