"""Whose text it is: the program that printed it, and whether it was serving or asking."""

import re

from bot.explain.clean import Cleaned
from bot.explain.patterns import SIGNS

# A server's words about a client that came to it. Upstream errors of proxies are not among them:
# there the proxy is the client.
_SERVING = re.compile(
    r"ssl_accept\b|tls_accept|accept:(?:error|failed)|\baccept(?:ing)? (?:ssl|tls|error|failed|a client)|"
    r"http: tls handshake error from|while ssl handshaking, client:|"
    r"error accepting a client connection|could not accept ssl connection|"
    r"could not initialize ssl connection|"
    r"tls: can't accept|\btls server: in state|imap-login|pop3-login|managesieve-login|"
    r"postfix/(?:[a-z]{1,20}/)?smtpd|\bsmtpd\b|submission-login|"
    r"rejected connection from|new (?:client connect|connection from)|accept_sr_|socket error on client|generated server alert|openssl error\[\d\]|"
    r"socketserver|\[kafka-server|failed authentication with|"
    r"selectorimpl|exception in thread \"?http-?s?-?nio|http-nio|qtp\d|"
    r"client disconnected|frontend|\bfrom client\b|error from (?:unknown|client)|"
    r"handshake with (?:client|\S{1,60}:\d{2,5}) failed|tls handshake (?:failed|error) (?:from|with) client|"
    r"tls error on connection from|tls server (?:error|handshake)|server error: (?:ssl|tls)|"
    r"handshake error from|\bah02008\b|in handshake \(server |client \S{1,60}\] (?:\S{1,20} )?ssl|"
    r"stunnel[^.]{0,40}accept|from \[?[0-9a-f.:]{7,45}\]?(?:[: ]\d{1,5})?:? (?:ssl|tls)|"
    r"unix_listener|serversocket|tls_process_client|\bssl_accept|server hello done|"
    r"downstream|error in (?:ssl|tls) handshake with client|"
    r"[\w-]{1,40}[~/][\w-]{0,40}/?\d{0,3}: ssl handshake failure|"
    r"client closed (?:keepalive )?connection",
    re.ASCII,
)
# Whose words a program can pass on. What is not named here (a database, a mail server, a proxy) has
# drivers in every language.
_OPENSSL = frozenset({"openssl", "boringssl"})
_NATIVE = frozenset({"windows", "macos", "safari"})
_LANGUAGES: dict[str, tuple[frozenset[str], str]] = {
    "python": (
        _OPENSSL,
        "ansible awscli azure-cli certbot conda gcloud home-assistant pip poetry",
    ),
    "java": (
        _OPENSSL | {"android"},
        "android elasticsearch gradle jenkins logstash maven tomcat",
    ),
    "go": (
        _NATIVE,
        (
            "caddy cert-manager consul containerd docker etcd gitlab-runner grafana helm kubernetes "
            "lego minio podman prometheus terraform traefik vault"
        ),
    ),
    "node": (_OPENSSL, "bun electron npm pnpm yarn"),
    "ruby": (_OPENSSL, "bundler fluentd gem homebrew"),
    "php": (_OPENSSL | {"curl"}, "composer nextcloud"),
    "perl": (_OPENSSL, ""),
    "dotnet": (_OPENSSL | _NATIVE, "powershell"),
    "rustls": (_OPENSSL | _NATIVE, "cargo deno uv"),
    "erlang": (frozenset(), "rabbitmq"),
    "lua": (_OPENSSL, ""),
    "curl": (
        _OPENSSL | _NATIVE | {"gnutls", "mbedtls", "wolfssl"},
        "dnf git r yum",
    ),
    "gnutls": (frozenset(), "apt wget"),
    "openssl": (frozenset({"boringssl"}), "apk"),
    "windows": (frozenset({"dotnet"}), "iis"),
    "chrome": (_OPENSSL, ""),
    "firefox": (frozenset(), "thunderbird"),
    "safari": (frozenset({"boringssl", "macos"}), ""),
    "macos": (frozenset({"safari"}), ""),
}
_BENEATH: dict[str, frozenset[str]] = {
    client: libraries | {language}
    for language, (libraries, programs) in _LANGUAGES.items()
    for client in (language, *programs.split())
}
# These are built with either library.
_BENEATH |= {
    "wget": frozenset({"gnutls", "openssl"}),
    "git": _BENEATH["curl"] | {"curl"},
    "android": _BENEATH["android"] | {"openssl"},
}
_WORD = re.compile(r"[a-z0-9_ -]+", re.ASCII)
_NAME_GOES_ON = re.compile(r"[.-][a-z0-9]", re.ASCII)
_ASKING = re.compile(
    r"upstream|ssl_connect|\bcurl\b|s_client|(?:get|post|put) \"?https?://|dial tcp|outbound|"
    r"tls_process_server|in handshake with remote server|postfix/smtp\[",
    re.ASCII,
)


def client_of(cleaned: Cleaned) -> tuple[str | None, str | None]:
    """Who printed the text, and the library or language whose words it passed on."""
    found: list[tuple[int, int, str]] = []
    for sign in SIGNS:
        starts = [
            hit.start()
            for hit in sign.finds(cleaned.folded)
            if not _within_a_name(cleaned.folded, hit)
        ]
        if starts:
            found.append((-sign.level, min(starts), sign.client))
    if not found:
        return None, None
    found.sort()
    first = found[0][2]
    possible = _BENEATH.get(first)
    library = next(
        (
            client
            for level, _, client in found
            if -level <= 3 and client != first and (possible is None or client in possible)
        ),
        None,
    )
    return first, library


def _within_a_name(text: str, hit: re.Match[str]) -> bool:
    """Whether a word is but a part of a host's name or of a URL: `docker` in download.docker.com."""
    if not _WORD.fullmatch(hit[0]):
        return False
    before, after = text[max(hit.start() - 2, 0) : hit.start()], text[hit.end() : hit.end() + 2]
    return before.endswith((".", "//", "@", "-")) or bool(_NAME_GOES_ON.match(after))


def is_serving(cleaned: Cleaned) -> bool:
    """Whether a server printed it about a client of its own."""
    return bool(_SERVING.search(cleaned.folded)) and not _ASKING.search(cleaned.folded)
