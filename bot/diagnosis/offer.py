"""What our ClientHello offers, and what OpenSSL is to note while it works. No sockets here."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

_ALL_THAT_AUTHENTICATE = b"ALL:COMPLEMENTOFALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0"
# What browsers still offer (Chrome, Firefox and Safari agree on these); every client here does.
_MODERN = b"ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:AESGCM+kRSA:AES+kRSA:!aNULL:!SHA384:@SECLEVEL=0"

Profile = Literal["widest", "modern", "http1", "small", "no_alpn"]
"""widest: all that our OpenSSL can; the others are that with one thing changed. modern: what browsers
offer; http1: ALPN of HTTP/1.1 only; no_alpn: no ALPN; small: fits into one segment.
"""


@cache
def context_of(profile: Profile, *, with_alpn: bool = True) -> SSL.Context:
    """What the connections of this profile are made from.

    Args:
        profile: Which ClientHello.
        with_alpn: False where a plain protocol came first: ALPN's names are those of the web.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_options(SSL.OP_NO_TICKET)
    # Unsafe legacy renegotiation is a matter of later connections, not of this one; refusing it
    # would hide the chain of old servers (SSL_OP_LEGACY_SERVER_CONNECT).
    context.set_options(0x4)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    if profile == "modern":
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(_MODERN)
    else:
        context.set_min_proto_version(SSL.TLS1_VERSION)
        context.set_cipher_list(_ALL_THAT_AUTHENTICATE)
    if profile == "small":
        # One classic key share in place of the post-quantum one of 1 216 bytes: the whole hello
        # fits into one segment, as those of all clients before 2024 did.
        context.set_tmp_ecdh(ec.SECP256R1())
    if with_alpn and profile != "no_alpn":
        context.set_alpn_protos([b"http/1.1"] if profile == "http1" else [b"h2", b"http/1.1"])
    context.set_info_callback(_note_state)
    context.set_ocsp_client_callback(_note_staple)
    return context


@dataclass(slots=True)
class Noted:
    """What OpenSSL says while it works. Not the conversation itself, which holds the connection:
    a circle of the two would keep its buffers until the garbage collector's last generation.
    """

    certificate_asked: bool = False
    staple: bytes | None = None


def _note_staple(connection: SSL.Connection, staple: bytes, _data: object) -> bool:
    noted = connection.get_app_data()
    if staple and isinstance(noted, Noted):
        noted.staple = staple
    return True


def _note_state(connection: SSL.Connection, where: int, _value: int) -> None:
    if where & SSL.SSL_CB_LOOP and connection.get_state_string().endswith(b"certificate request"):
        noted = connection.get_app_data()
        if isinstance(noted, Noted):
            noted.certificate_asked = True
