"""What was seen at an address beside its chain, as sentences with the commands that show the same.

For every face alike. Foreign strings are made visible here; escaping is each face's own.
"""

from dataclasses import dataclass

from bot.diagnosis.report import Endpoint, Report
from bot.render.sanitise import visible
from bot.texts.catalogue import Catalogue

# openssl's option for each version, and how people write it.
_VERSIONS = {
    "SSLv3": ("-ssl3", "SSL 3.0"),
    "TLSv1": ("-tls1", "TLS 1.0"),
    "TLSv1.1": ("-tls1_1", "TLS 1.1"),
    "TLSv1.2": ("-tls1_2", "TLS 1.2"),
    "TLSv1.3": ("-tls1_3", "TLS 1.3"),
}
_OLD = ("SSLv3", "TLSv1", "TLSv1.1")
# Current releases refuse TLS 1.0 and 1.1 by themselves above this security level.
_LEVEL = " -cipher DEFAULT@SECLEVEL=0"


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was seen, and how to see it by hand."""

    text: str
    command: str | None = None


def alias_line(report: Report) -> str | None:
    """`shop.example.jp → d123.cloudfront.net`; None where the name has its addresses itself."""
    if not report.aliases:
        return None
    return " → ".join(visible(one) for one in (report.target.host, *report.aliases))


def seen_at(report: Report, endpoint: Endpoint, texts: Catalogue) -> tuple[Seen, ...]:
    """The range of versions, and the certificate for clients that take RSA only.

    Args:
        report: The whole Report.
        endpoint: One of its endpoints.
        texts: The catalogue of the reader's language.
    """
    found = []
    oldest = _VERSIONS.get(endpoint.tls_oldest or "")
    newest = _VERSIONS.get(endpoint.tls_version or "")
    if oldest and newest:
        option, name = oldest
        key = "evidence.versions" if oldest != newest else "evidence.version"
        level = _LEVEL if endpoint.tls_oldest in _OLD else ""
        text = texts.text(key, oldest=name, newest=newest[1])
        found.append(Seen(text, _command(report, endpoint, option + level)))
    if endpoint.other_certificate is not None:
        leaf = endpoint.other_chain[0] if endpoint.other_chain else None
        text = texts.text(
            f"evidence.other_certificate.{endpoint.other_certificate}",
            name=visible(leaf.name) if leaf else "",
            until=f"{leaf.not_after:%Y-%m-%d}" if leaf else "",
            issuer=visible(leaf.issuer_name) if leaf else "",
        )
        by_hand = "-tls1_2 -cipher aRSA"
        if endpoint.tls_version in _OLD:
            by_hand = "-no_tls1_3 -cipher aRSA:@SECLEVEL=0"
        elif endpoint.other_certificate == "hidden":
            by_hand = "-tls1_3 -sigalgs rsa_pss_rsae_sha256"
        found.append(Seen(text, _command(report, endpoint, by_hand)))
    return tuple(found)


def _command(report: Report, endpoint: Endpoint, options: str) -> str:
    host = report.target.host
    address = f"[{endpoint.address}]" if ":" in endpoint.address else endpoint.address
    named = ":" not in host and not host.replace(".", "").isdigit()
    sni = f" -servername {host}" if named else ""
    return f"openssl s_client -connect {address}:{endpoint.port}{sni} {options} </dev/null"
