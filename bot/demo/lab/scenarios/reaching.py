"""Names and addresses at which not even a TLS server is found."""

from bot.demo.lab.authority import Authority
from bot.demo.lab.page import BAD_REQUEST, WELCOME, response
from bot.demo.lab.scenario import Elsewhere, Refused, Scenario
from bot.demo.lab.script import ScriptServer, to_hello
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause


def _nowhere(_: Authority, __: str) -> tuple[()]:
    return ()


def _private(_: Authority, __: str) -> tuple[Elsewhere, ...]:
    return (Elsewhere("10.0.0.5"),)


def _refused(_: Authority, __: str) -> tuple[Refused, ...]:
    return (Refused(),)


def _reset(_: Authority, __: str) -> tuple[ScriptServer, ...]:
    return (ScriptServer(to_hello(lambda _: b""), ends="with-reset"),)


def _closes(_: Authority, __: str) -> tuple[ScriptServer, ...]:
    return (ScriptServer(to_hello(lambda _: b"")),)


def _silent(_: Authority, __: str) -> tuple[ScriptServer, ...]:
    return (ScriptServer(),)


def _one_byte_a_second(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host), ca.issuing), pace=1.0),)


def _answer_http(received: bytes) -> bytes | None:
    if not received[:1].isalpha():  # no method starts so: refused at once, as nginx does
        return response(received, BAD_REQUEST)
    return response(received, WELCOME) if b"\r\n\r\n" in received else None


def _http(_: Authority, __: str) -> tuple[ScriptServer, ...]:
    return (ScriptServer(_answer_http),)


def _smtp(_: Authority, __: str) -> tuple[ScriptServer, ...]:
    refusal = b"500 5.5.2 Error: bad syntax\r\n"
    return (
        ScriptServer(answer=lambda _: refusal, greeting=b"220 mail.example.com ESMTP Postfix\r\n"),
    )


def _ssh(_: Authority, __: str) -> tuple[ScriptServer, ...]:
    return (
        ScriptServer(
            answer=lambda _: b"Invalid SSH identification string.\r\n",
            greeting=b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n",
        ),
    )


SCENARIOS = (
    Scenario(
        name="dns-failure",
        cause=Cause.DNS_FAILURE,
        verdict="unreachable",
        title="A name that does not exist",
        title_ja="名前解決できないホスト名",
        story="A typing error, or a record that went away with the old provider.",
        build=_nowhere,
    ),
    Scenario(
        name="resolves-to-private",
        cause=Cause.EGRESS_DENIED,
        verdict="unreachable",
        title="Resolves to an address inside a private network",
        title_ja="プライベートIPアドレスに解決される",
        story="The name is meant for the office network, or for getting a checker to look into it.",
        build=_private,
    ),
    Scenario(
        name="connection-refused",
        cause=Cause.CONNECTION_REFUSED,
        verdict="unreachable",
        title="Nothing listens on the port",
        title_ja="接続が拒否される（ポートが閉じている）",
        story="The server process did not come back after last night's restart.",
        build=_refused,
    ),
    Scenario(
        name="connection-reset",
        cause=Cause.CONNECTION_RESET,
        verdict="unreachable",
        title="The connection is reset at the ClientHello",
        title_ja="ClientHelloを送るとリセットされる",
        story="A firewall lets TCP through, reads the server name and cuts the connection.",
        build=_reset,
    ),
    Scenario(
        name="closes-after-hello",
        cause=Cause.CONNECTION_RESET,
        verdict="unreachable",
        title="Hangs up at the ClientHello",
        title_ja="ClientHelloの直後に切断される",
        story="A load balancer that has no healthy backend closes without a word.",
        build=_closes,
    ),
    Scenario(
        name="timeout-silent",
        cause=Cause.TIMEOUT,
        verdict="unreachable",
        title="Accepts the connection and never answers",
        title_ja="接続後に何も応答しない",
        story="The process hangs; the kernel still accepts connections for it.",
        build=_silent,
    ),
    Scenario(
        name="one-byte-a-second",
        cause=Cause.TIMEOUT,
        verdict="unreachable",
        title="Answers with one byte a second",
        title_ja="1秒に1バイトずつ応答する",
        story="Always alive and never done: what defeats timeouts that each new byte restarts.",
        build=_one_byte_a_second,
    ),
    Scenario(
        name="plaintext-http",
        cause=Cause.PLAINTEXT_ON_TLS_PORT,
        verdict="broken",
        title="Speaks plain HTTP on the TLS port",
        title_ja="TLSのポートで平文HTTPが動いている",
        story="The word ssl is missing in nginx's listen directive.",
        build=_http,
    ),
    Scenario(
        name="plaintext-smtp",
        cause=Cause.PLAINTEXT_ON_TLS_PORT,
        verdict="broken",
        title="Speaks SMTP, which starts without TLS",
        title_ja="平文で始まるSMTPサーバー（STARTTLS）",
        story="Port 587 or 25 was checked as if it were HTTPS; TLS begins there with STARTTLS.",
        build=_smtp,
    ),
    Scenario(
        name="plaintext-ssh",
        cause=Cause.PLAINTEXT_ON_TLS_PORT,
        verdict="broken",
        title="An SSH server on the TLS port",
        title_ja="TLSのポートでSSHが動いている",
        story="SSH was moved to port 443 to get through a hotel's firewall.",
        build=_ssh,
    ),
)
