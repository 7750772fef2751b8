"""What one client is, as data: what it trusts, does, demands and prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Symptom = Literal[
    "dns",
    "refused",
    "connect_timeout",
    "silent",
    "reset",
    "closed",
    "plaintext",
    "plaintext_http",
    "protocol_version",
    "no_cipher",
    "refusal",
    "unknown_sni",
    "internal_error",
    "client_certificate_12",
    "client_certificate_13",
    "client_certificate_page",
    "unreadable",
    "too_large",
    "too_many",
    "self_signed",
    "no_issuer",
    "wrong_issuer",
    "no_upper_issuer",
    "root_sent",
    "expired",
    "not_yet_valid",
    "expired_upper",
    "mismatch",
    "mismatch_address",
    "common_name",
    "purpose",
    "weak",
    "invalid",
    "not_a_ca",
    "path_length",
    "permitted",
    "excluded",
    "critical_extension",
    "ca_as_leaf",
    "revoked",
    "must_staple",
    "old_staple",
]
Area = Literal["chain", "dates", "name"]
Roots = Literal["system", "own", "mozilla", "apple", "microsoft", "google", "device"]
Family = Literal["browsers", "tools", "languages", "devices"]


@dataclass(frozen=True, slots=True)
class Client:
    """One client.

    Attributes:
        code: Its name in the contract.
        label: What people call it.
        words: The line that it prints for each symptom.
        roots: Whose list of roots it trusts: the image's bundle, one that it carries itself, or
            its platform's.
        family: Where it stands in a list.
        fetches: It fetches a missing issuer by itself (AIA).
        replaces: It also looks for another issuer where one that was sent is of no use.
        preloads: It has most public intermediates beforehand.
        accepts_common_name: It takes the host from the subject when there is no SAN.
        final_dot: What it does with a name in a certificate that ends with a dot.
        browser_ciphers: It offers only what browsers offer.
        checks_purpose: It refuses a server's certificate that is not for servers.
        first: The kind of certificate that it names first, of those that it takes.
        oldest_tls: The oldest version that it offers as it comes.
        least_rsa: The shortest RSA key that it takes, in bits.
        most_certificates: Of a chain, as many as it reads.
        most_bytes: A certificate message larger than this ends the handshake.
        roots_until: Its list of roots ends there and cannot be renewed.
        oldest_bundle: Images with it carry bundles of roots from as long ago as this.
        dialects: The words of other programs on the same library.
        order: The order of precedence of a certificate's faults: which one it names. A symptom in
            it stands for itself, the others for their area.
    """

    code: str
    label: str
    words: Mapping[Symptom, str]
    roots: Roots = "system"
    family: Family = "tools"
    fetches: bool = False
    replaces: bool = True
    preloads: bool = False
    accepts_common_name: bool = False
    final_dot: Literal["accepts", "refuses", "unknown"] = "refuses"
    browser_ciphers: bool = False
    checks_purpose: bool = True
    first: Literal["ecdsa", "rsa", "either"] = "ecdsa"
    oldest_tls: Literal["TLSv1", "TLSv1.2"] = "TLSv1.2"
    least_rsa: int = 2048
    most_certificates: int | None = None
    most_bytes: int | None = None
    roots_until: date | None = None
    oldest_bundle: date | None = None
    dialects: Mapping[str, Mapping[Symptom, str]] = field(default_factory=dict)
    order: tuple[Area | Symptom, ...] = ("chain", "dates", "name")
