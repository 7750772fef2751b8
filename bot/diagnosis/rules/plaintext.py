"""Something that is not TLS answers on the port."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

# How each protocol opens. FTP and SMTP both greet with 220 (RFC 959, RFC 5321).
_OPENINGS = (
    (b"HTTP/1.1 407", "HTTP proxy"),
    (b"HTTP/1.0 407", "HTTP proxy"),
    (b"HTTP/", "HTTP"),
    (b"<?xml version='1.0'?><stream:", "XMPP"),
    (b"<stream:", "XMPP"),
    (b"<", "HTTP"),
    (b"SSH-", "SSH"),
    (b"* OK", "IMAP"),
    (b"+OK", "POP3"),
    (b"RFB ", "VNC"),
    (b"-ERR", "Redis"),
    (b"@RSYNCD", "rsync"),
    (b"AMQP", "AMQP"),
    (b'"IMPLEMENTATION"', "ManageSieve"),
    (b"200 ", "NNTP"),
    (b"201 ", "NNTP"),
    (b"554 ", "SMTP"),
    (b"\xff\xfb", "Telnet"),
    (b"\xff\xfd", "Telnet"),
)

# Pages of servers that expect requests for other servers: a proxy's port was taken for the site's.
_PROXY_PAGES = (
    b"proxy-authenticate:",
    b"proxy-connection:",
    b"x-squid-error",
    b"proxy error",
    b"method connect",
    b"connect method",
)


def find(view: View) -> Iterator[Finding]:
    """Name the protocol that answered in place of TLS."""
    seen = view.handshake
    if seen is None or seen.fault is None or seen.fault.kind != "plaintext":
        return
    yield Finding(
        code=Cause.PLAINTEXT_ON_TLS_PORT,
        severity="critical",
        evidence={
            "protocol": protocol_of(seen.first_bytes),
            "banner": seen.first_bytes[:200].decode("utf-8", "replace"),
            "port": view.target.port,
        },
    )


def protocol_of(start: bytes) -> str | None:
    """The protocol that opens like this, or None when it is not known."""
    if start.startswith(b"HTTP/") and any(one in start.lower() for one in _PROXY_PAGES):
        return "HTTP proxy"
    for opening, name in _OPENINGS:
        if start.startswith(opening):
            return name
    if start.startswith(b"220"):
        return "FTP" if b"ftp" in start[:200].lower() else "SMTP"
    # MySQL: packet number 0 and protocol version 10 (Protocol::HandshakeV10).
    if len(start) > 5 and start[3] == 0 and start[4] == 10:
        return "MySQL"
    return None
