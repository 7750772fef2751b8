"""Error lines as people pasted them, each with the cause an expert would name from it alone.

`build.jsonl` may be looked at while patterns are written; `held.jsonl` only measures them. An
entry is one JSON object a line: what a machine printed (`text`), what that means (`cause`, `also`),
who printed it (`client`, `also_clients`), which host it names (`host`, `also_hosts`) and the public
page it was found on (`source`). People's sentences, account names and addresses of private persons
are left out or replaced; nothing else is changed, so prompts, log prefixes and broken lines stay.

**The split.** All lines of one page go to the part that SHA-256 of its address chooses
(`part_of`), about 60/40; a line nearly like one in `build.jsonl` is not taken into `held.jsonl`.

**How they are labelled.** The text alone decides, as for someone who has only this paste:

- `cause` is what an honest expert names first, `also` what another honest expert may name.
- No trusted issuer and no more said (`unable to get local issuer certificate`, `PKIX path building
  failed`, `unknown authority`, `UnknownIssuer`, "certificate verify failed" without a reason, verify
  code 20 or 21) is `ambiguous_issuer`. Where the words could also hide an expiry or a wrong name,
  that stands in `also`. A chain that *ends* in an unknown root (code 19, `UntrustedRoot`) is
  `untrusted_root`, or `interception_proxy` when the host is a public service; code 18 is
  `self_signed`.
- An alert tells about the side that *sent* it. `unknown ca`, `bad certificate`, `certificate
  unknown` in a server's log: the client does not trust the server's certificate
  (`ambiguous_issuer`). Received by a client that shows a certificate: `client_certificate_rejected`.
- `handshake failure` (alert 40) does not say why: `handshake_failure`, with its usual reasons in
  `also`. `wrong version number` and its kin seen by a client: `plaintext_on_tls_port`; seen by a
  server, to whose TLS port somebody spoke something else: `tls_on_plaintext_port`.
- "has expired or is not yet valid" is `expired` unless the times given say it is not yet valid.
- Nothing wrong with TLS is `not_a_tls_error`, even where the words ssl or certificate stand in it.
  For names that do not resolve, refused connections and timeouts the contract has causes of their
  own; those come first and `not_a_tls_error` is accepted.
- `client` is the program or library that printed the words; its family (`family`) is accepted.
  null where the text does not show it. `host` is the peer that was to be reached, without port.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PARTS", "Entry", "alike", "entries", "family", "part_of", "words"]

PARTS = ("build", "held")

_FAMILY = {
    "go": "docker kubectl kubernetes terraform helm prometheus containerd traefik cert-manager caddy "
    "consul vault etcd grafana gitlab-runner minio",
    "node": "npm yarn pnpm electron nodemailer",
    "python": "python-strict pip requests urllib3 aiohttp httpx conda boto awscli certbot ansible",
    "java": "java-aia kafka maven gradle jenkins elasticsearch spring logstash tomcat jdbc keytool",
    "ruby": "bundler gem puppet",
    "php": "composer guzzle wordpress",
    "rustls": "cargo deno uv reqwest rust",
    "windows": "schannel powershell winhttp edge outlook iis sqlserver",
    "dotnet": "nuget",
    "gnutls": "git wget apt",
    "safari": "macos ios apple",
    "chrome": "edge chromium",
    "android": "android-7",
    "openssl": "openssl-1.0.2",
    "envoy": "istio",
    "rabbitmq": "erlang",
    "mqtt": "mosquitto",
    "postgres": "postgresql libpq psql",
    "mysql": "mariadb",
}
_OF = {member: head for head, members in _FAMILY.items() for member in members.split()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One paste and what it means.

    Attributes:
        text: What was printed, one or several lines.
        cause: The contract's cause code that fits best.
        also: Further causes that would be honest answers.
        client: Who printed it, or None where the text does not show it.
        also_clients: Other right answers to that (a wrapper and its library).
        host: The peer it names, or None.
        also_hosts: Other hosts in it that would be right.
        source: The public page it was found on.
    """

    text: str
    cause: str
    also: tuple[str, ...]
    client: str | None
    also_clients: tuple[str, ...]
    host: str | None
    also_hosts: tuple[str, ...]
    source: str


def entries(part: str) -> tuple[Entry, ...]:
    """Read one of `PARTS`."""
    lines = (Path(__file__).parent / f"{part}.jsonl").read_text("utf-8").splitlines()
    return tuple(_entry(json.loads(line)) for line in lines)


def _entry(row: dict[str, str | list[str] | None]) -> Entry:
    def one(key: str) -> str | None:
        value = row.get(key)
        if not isinstance(value, str | None):
            raise TypeError(f"{key} of {row['source']} is not one string")
        return value

    return Entry(
        text=one("text") or "",
        cause=one("cause") or "",
        also=tuple(row.get("also") or ()),
        client=one("client"),
        also_clients=tuple(row.get("also_clients") or ()),
        host=one("host"),
        also_hosts=tuple(row.get("also_hosts") or ()),
        source=one("source") or "",
    )


def part_of(source: str) -> str:
    """Say which part the lines of a page belong to."""
    return "held" if hashlib.sha256(source.encode()).digest()[0] % 5 < 2 else "build"


def family(client: str | None) -> str | None:
    """Name the library behind a program (`docker` is Go), or the client itself."""
    return _OF.get(client, client) if client else None


def words(text: str) -> frozenset[str]:
    """Give the words of a text without hosts, addresses, times, numbers and colours."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text.lower())
    plain = re.sub(r"[0-9a-f]{6,}|0x[0-9a-f]+|\d+", "0", plain)
    plain = re.sub(r"[\w*-]+(?:\.[\w*-]+)+", "h", plain)
    return frozenset(re.findall(r"[^\W\d_]{2,}", plain))


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether two texts (as `words`) are nearly the same line."""
    return len(one & other) >= 0.9 * len(one | other)
