"""Servers with which no handshake comes about: versions, ciphers, client certificates."""

from OpenSSL import SSL

from bot.demo.lab import wire
from bot.demo.lab.authority import Authority
from bot.demo.lab.scenario import Build, Scenario
from bot.demo.lab.script import ScriptServer, to_hello
from bot.demo.lab.tls import ClientCertificate, TlsServer
from bot.diagnosis.causes import Cause

_EVERYTHING = b"ALL:@SECLEVEL=0"  # TLS 1.0 and 1.1 sign with SHA-1, which level 1 forbids


def _only(version: int) -> Build:
    def build(ca: Authority, host: str) -> tuple[TlsServer, ...]:
        leaf = ca.leaf(host, key=ca.rsa_key)
        chain = (leaf, ca.issuing)
        return (TlsServer(chain, lowest=version, highest=version, ciphers=_EVERYTHING),)

    return build


def _client_certificate(asked: ClientCertificate, highest: int = SSL.TLS1_3_VERSION) -> Build:
    def build(ca: Authority, host: str) -> tuple[TlsServer, ...]:
        return (
            TlsServer(
                (ca.leaf(host), ca.issuing),
                highest=highest,
                client_certificate=asked,
                client_ca=ca.private_root,
            ),
        )

    return build


def _sslv3_only(_: Authority, __: str) -> tuple[ScriptServer, ...]:
    return (ScriptServer(to_hello(lambda _: wire.alert(wire.PROTOCOL_VERSION, wire.SSL_3_0))),)


def _no_shared_cipher(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    chain = (ca.leaf(host), ca.issuing)
    return (TlsServer(chain, highest=SSL.TLS1_2_VERSION, ciphers=b"eNULL:@SECLEVEL=0"),)


_RC4 = (0x0005, 0x0004)  # TLS_RSA_WITH_RC4_128_SHA and _MD5


def _rc4_only(ca: Authority, host: str) -> tuple[ScriptServer, ...]:
    chain = (ca.leaf(host, key=ca.rsa_key).der, ca.issuing.der)

    def answer(hello: wire.ClientHello) -> bytes:
        if any(suite in hello.cipher_suites for suite in _RC4):
            return wire.server_flight(_RC4[0], chain)
        return wire.alert(wire.HANDSHAKE_FAILURE)

    return (ScriptServer(to_hello(answer)),)


SCENARIOS = (
    Scenario(
        name="tls10-only",
        cause=Cause.PROTOCOL_VERSION,
        verdict="broken",
        title="Speaks TLS 1.0 and nothing newer",
        title_ja="TLS 1.0 しか話せない",
        story="A machine from 2008 that still does its work, until its clients are updated.",
        build=_only(SSL.TLS1_VERSION),
    ),
    Scenario(
        name="tls11-only",
        cause=Cause.PROTOCOL_VERSION,
        verdict="broken",
        title="Speaks TLS 1.1 and nothing newer",
        title_ja="TLS 1.1 しか話せない",
        story="Someone switched off TLS 1.0 in an old product, which left exactly TLS 1.1.",
        build=_only(SSL.TLS1_1_VERSION),
    ),
    Scenario(
        name="sslv3-only",
        cause=Cause.PROTOCOL_VERSION,
        verdict="broken",
        title="Refuses every TLS version",
        title_ja="どのTLSバージョンも拒否する（SSL 3.0のみ）",
        story="An embedded device whose firmware ends with SSL 3.0.",
        build=_sslv3_only,
    ),
    Scenario(
        name="no-shared-cipher",
        cause=Cause.NO_SHARED_CIPHER,
        verdict="broken",
        title="No cipher suite in common",
        title_ja="共通の暗号スイートがない",
        story="A cipher list was copied from somewhere and leaves nothing that clients offer.",
        build=_no_shared_cipher,
    ),
    Scenario(
        name="rc4-only",
        cause=Cause.NO_SHARED_CIPHER,
        verdict="broken",
        title="Offers only RC4",
        title_ja="RC4しか使えない",
        story="In 2011 RC4 was the recommended answer to BEAST, and nobody came back since.",
        build=_rc4_only,
    ),
    Scenario(
        name="client-certificate-required-tls13",
        cause=Cause.CLIENT_CERTIFICATE_REQUIRED,
        verdict="broken",
        title="Demands a client certificate (TLS 1.3)",
        title_ja="クライアント証明書が必須（TLS 1.3）",
        story="With TLS 1.3 the refusal comes after the client believes that it is connected.",
        build=_client_certificate("required"),
    ),
    Scenario(
        name="client-certificate-required-tls12",
        cause=Cause.CLIENT_CERTIFICATE_REQUIRED,
        verdict="broken",
        title="Demands a client certificate (TLS 1.2)",
        title_ja="クライアント証明書が必須（TLS 1.2）",
        story="With TLS 1.2 clients see a bare handshake failure that could be anything.",
        build=_client_certificate("required", SSL.TLS1_2_VERSION),
    ),
    Scenario(
        name="client-certificate-nginx-style",
        cause=Cause.CLIENT_CERTIFICATE_REQUIRED,
        verdict="broken",
        title="Demands a client certificate by a 400 page",
        title_ja="クライアント証明書がないと400を返す（nginx）",
        story="nginx finishes the handshake without the certificate and refuses in HTTP.",
        build=_client_certificate("required-by-page"),
    ),
    Scenario(
        name="client-certificate-optional",
        cause=None,
        verdict="ok",
        title="Asks for a client certificate and does without",
        title_ja="クライアント証明書は任意（正常）",
        story="Signing in by certificate is one way among others; the rest must not be alarmed.",
        build=_client_certificate("optional"),
    ),
)
