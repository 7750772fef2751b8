"""Plain words of programs that pass on no library's text, and sentences that only sound alike."""

import pytest

from bot.diagnosis.causes import Cause
from bot.explain import explain


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Error: Certificate shop.example is not valid yet", Cause.NOT_YET_VALID),
        ("The server's certificate expired 3 days ago", Cause.EXPIRED),
        ("SSL: common name mismatch", Cause.HOSTNAME_MISMATCH),
        ("The certificate does not match the server name", Cause.HOSTNAME_MISMATCH),
        ("incomplete certificate chain sent by peer", Cause.MISSING_INTERMEDIATE),
        ("中間証明書が不足しています", Cause.MISSING_INTERMEDIATE),
        ("The remote server presented an untrusted certificate", Cause.AMBIGUOUS_ISSUER),
        ("Invalid SSL certificate", Cause.AMBIGUOUS_ISSUER),
        ("サーバー証明書の検証に失敗しました", Cause.AMBIGUOUS_ISSUER),
        ("This endpoint requires a client certificate", Cause.CLIENT_CERTIFICATE_REQUIRED),
        ("client certificate rejected by server", Cause.CLIENT_CERTIFICATE_REJECTED),
        ("TLSv1.0 is not supported", Cause.PROTOCOL_VERSION),
        (
            "Bad Request: This combination of host and port requires TLS.",
            Cause.TLS_ON_PLAINTEXT_PORT,
        ),
        ("CERT_TRUST_REVOCATION_STATUS_UNKNOWN", Cause.OCSP_PROBLEM),
        ("TLS接続に失敗しました", Cause.HANDSHAKE_FAILURE),
    ],
)
def test_plain_words_are_understood(text: str, cause: Cause) -> None:
    """A sentence that carries its meaning by itself needs no library's wording."""
    assert explain(text).cause is cause


@pytest.mark.parametrize(
    "text",
    [
        "Your gift certificate was sent; the offer expires soon",
        "The certificate of example.jp was renewed and is valid until March",
        "password expired for user bob",
        "session key rotated",
        "birth certificate upload done",
    ],
)
def test_what_only_sounds_alike_is_no_error(text: str) -> None:
    """Words near TLS do not make an error of it."""
    assert explain(text).cause is Cause.NOT_A_TLS_ERROR


def test_an_error_pages_address_is_read() -> None:
    """Firefox carries its message in the address of the page."""
    text = (
        "about:neterror?d=An%20error%20occurred%20during%20a%20connection%20to%20shop.example.jp."
        "%0APeer%27s%20Certificate%20has%20been%20revoked.%0A%28sec_error_revoked_certificate%29"
    )
    explanation = explain(text)
    assert explanation.cause is Cause.REVOKED
    assert explanation.client == "firefox"
    assert explanation.host == "shop.example.jp"
