"""Servers with which no handshake comes about: versions, ciphers, client certificates."""

from OpenSSL import SSL

from bot.demo.lab import wire
from bot.demo.lab.authority import DOMAIN, Authority
from bot.demo.lab.gate import Gate, Refusal
from bot.demo.lab.legacy import LegacyServer
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


def _unknown_name(alert: int) -> Build:
    def build(ca: Authority, host: str) -> tuple[Gate, ...]:
        default = ca.leaf(f"default.{DOMAIN}")

        def judge(hello: wire.ClientHello, _: int) -> Refusal:
            return None if hello.server_name is None else wire.alert(alert)

        return (Gate(TlsServer((default, ca.issuing)), judge),)

    return build


def _cut_by_name(ca: Authority, host: str) -> tuple[Gate, ...]:
    def judge(hello: wire.ClientHello, _: int) -> Refusal:
        return "reset" if hello.server_name == host else None

    return (Gate(TlsServer((ca.leaf(host), ca.issuing)), judge),)


_ALPN = 16  # application_layer_protocol_negotiation (RFC 7301, 3.1)


def _refuses_alpn(refusal: Refusal) -> Build:
    def build(ca: Authority, host: str) -> tuple[Gate, ...]:
        def judge(hello: wire.ClientHello, _: int) -> Refusal:
            return refusal if _ALPN in hello.extensions else None

        return (Gate(TlsServer((ca.leaf(host), ca.issuing)), judge),)

    return build


def _chooses_unoffered(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host), ca.issuing), alpn=b"spdy/3.1"),)


_ONE_SEGMENT = 1460  # Ethernet's 1 500 bytes without the headers of IPv4 and TCP


def _only_small_hello(refusal: Refusal) -> Build:
    def build(ca: Authority, host: str) -> tuple[Gate, ...]:
        def judge(_: wire.ClientHello, size: int) -> Refusal:
            return refusal if size > _ONE_SEGMENT else None

        return (Gate(TlsServer((ca.leaf(host), ca.issuing)), judge),)

    return build


# The group of RFC 2409, 6.2 that mod_ssl and many others used for everything until 2015.
_OAKLEY_2 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)


def _small_dh(ca: Authority, host: str) -> tuple[LegacyServer, ...]:
    return (LegacyServer((ca.leaf(host, key=ca.rsa_key), ca.issuing), prime=_OAKLEY_2),)


def _legacy(ca: Authority, host: str) -> tuple[LegacyServer, ...]:
    return (LegacyServer((ca.leaf(host, key=ca.rsa_key), ca.issuing)),)


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
    Scenario(
        name="sni-unrecognized",
        cause=Cause.SNI_UNRECOGNIZED,
        verdict="broken",
        title="Refuses the server name (alert 112)",
        title_ja="サーバー名（SNI）を拒否する",
        story="The DNS record points to the new load balancer, which nobody told of this site.",
        build=_unknown_name(wire.UNRECOGNIZED_NAME),
    ),
    Scenario(
        name="sni-internal-error",
        cause=Cause.SNI_UNRECOGNIZED,
        verdict="broken",
        title="Refuses the server name with internal_error",
        title_ja="未知のサーバー名に「internal error」を返す",
        story="A gateway has no certificate for this name and says only that something went wrong.",
        build=_unknown_name(wire.INTERNAL_ERROR),
    ),
    Scenario(
        name="reset-by-name",
        cause=Cause.CONNECTION_RESET,
        verdict="unreachable",
        title="Cuts the connection when it hears the name",
        title_ja="特定のサーバー名（SNI）だけ切断される",
        story="A filter on the way has this name in its list; without the name all is well.",
        build=_cut_by_name,
    ),
    Scenario(
        name="large-hello-reset",
        cause=Cause.CONNECTION_RESET,
        verdict="broken",
        title="Resets on a large ClientHello",
        title_ja="大きなClientHelloでリセットされる（耐量子鍵共有）",
        story="Since the browser's update a firewall meets hellos of two packets, and cuts them.",
        build=_only_small_hello("reset"),
    ),
    Scenario(
        name="large-hello-silent",
        cause=Cause.CONNECTION_RESET,
        verdict="broken",
        title="Keeps silent on a large ClientHello",
        title_ja="大きなClientHelloに応答しない（耐量子鍵共有）",
        story="A load balancer waits for a hello that fits into one packet, for ever.",
        build=_only_small_hello("silence"),
    ),
    Scenario(
        name="alpn-refused",
        cause=Cause.HANDSHAKE_FAILURE,
        verdict="broken",
        title="Refuses every client that offers h2 and http/1.1 (ALPN)",
        title_ja="ALPN（h2、http/1.1）を送るクライアントを拒否する",
        story="A gateway knows only the protocol of the service that was there before.",
        build=_refuses_alpn(wire.alert(wire.NO_APPLICATION_PROTOCOL)),
    ),
    Scenario(
        name="alpn-reset",
        cause=Cause.HANDSHAKE_FAILURE,
        verdict="broken",
        title="Hangs up on clients that offer ALPN",
        title_ja="ALPNを送ると切断される",
        story="An old terminator in front of the site trips over an extension it does not know.",
        build=_refuses_alpn("reset"),
    ),
    Scenario(
        name="alpn-unoffered",
        cause=Cause.HANDSHAKE_FAILURE,
        verdict="broken",
        title="Chooses a protocol that nobody offered (ALPN)",
        title_ja="提示されていないプロトコルを選ぶ（ALPN）",
        story="A load balancer still answers with the SPDY of 2014, whatever it is asked.",
        build=_chooses_unoffered,
    ),
    Scenario(
        name="dh-1024",
        cause=Cause.DH_KEY_TOO_SMALL,
        verdict="broken",
        title="Key exchange with 1024 bits",
        title_ja="1024ビットのDH鍵交換しか使えない",
        story="The group was built into the software in 2005; Debian's OpenSSL refuses it.",
        build=_small_dh,
    ),
    Scenario(
        name="legacy-renegotiation",
        cause=Cause.RENEGOTIATION_OR_LEGACY,
        verdict="broken",
        title="Does not know secure renegotiation",
        title_ja="安全な再ネゴシエーションに対応していない",
        story="A device from 2009 ends TLS; since the update to OpenSSL 3 the jobs fail.",
        build=_legacy,
    ),
)
