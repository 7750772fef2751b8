"""The Report: one value that is cached, sent between processes and rendered.

Codes and evidence are always set. The texts (`summary`, `title`, `detail`, `reason`, the steps'
`title` and `text`) are empty until `bot.texts.phrase_report` fills them in for a language, so that
one cached check serves readers of every language.

Strings that came from outside (subjects, banners, errors) are kept as they were sent, only
bounded in length; each renderer escapes them for its own surface.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
)

from bot.diagnosis.causes import Cause, Severity, Verdict

SCHEMA = 1

REVOCATION = "revocation"
"""In `Report.pending`: whether certificates were revoked was still being asked."""

Role = Literal["leaf", "intermediate", "root", "unrelated"]
PathSource = Literal["server", "aia", "bundled", "roots"]
Outcome = Literal["works", "fails", "depends"]
OtherCertificate = Literal["none", "same", "other", "hidden"]
"""none: it refuses; same: the very certificate; other: a second one; hidden: TLS 1.3 encrypts it."""
Owner = Literal["server", "client", "network", "nobody"]
StepKind = Literal["do", "prove", "stopgap"]


# JSON itself escapes below U+0020 only.
_OBEYED = re.compile("[\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def obeyed_escaped(json: str) -> str:
    """JSON in which what a terminal obeys is written as escapes."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def _as_rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Moment = Annotated[AwareDatetime, PlainSerializer(_as_rfc3339, when_used="json")]


def _bounded(limit: int) -> BeforeValidator:
    def cut(value: Any) -> Any:
        if isinstance(value, str) and len(value) > limit:
            return value[: limit - 1] + "…"
        return value

    return BeforeValidator(cut)


Foreign = Annotated[str, _bounded(500)]
"""A string that came from outside: bounded, never escaped here."""


class _Value(BaseModel):
    # Unknown fields are passed over, so that a result written by a newer version still reads.
    # Every field is always written, so the published schema promises it.
    model_config = ConfigDict(
        frozen=True, extra="ignore", json_schema_serialization_defaults_required=True
    )


class Target(_Value):
    """What is checked. `host` is an ASCII name (A-labels, no trailing dot) or an IP address."""

    input: Foreign
    host: Annotated[str, Field(max_length=255)]
    port: Annotated[int, Field(ge=1, le=65535)] = 443
    starttls: str | None = None


class Verification(_Value):
    """What `openssl verify` says: its X509_V_ERR number and text, `{0, "ok"}` when it passes."""

    code: int
    message: str


class ChainCertificate(_Value):
    """One certificate as the server sent it, in the place where it was sent."""

    subject: Foreign
    name: Foreign = ""
    """What people call it: the subject's common name, else its first DNS name or organisation."""
    issuer: Foreign
    issuer_name: Foreign = ""
    not_before: Moment
    not_after: Moment
    sha256: str
    key_sha256: str = ""
    """Of the public key (SubjectPublicKeyInfo); empty where it cannot be read."""
    serial: str
    dns_names: tuple[Foreign, ...] = ()
    role: Role


class Endpoint(_Value):
    """One address of the name, and what was seen there.

    `via` is the proxy that led there, `host:port`. Where only the proxy could resolve the name,
    `address` is the name.
    """

    address: str
    port: int
    reachable: bool
    via: Foreign | None = None
    error: Foreign | None = None
    tls_version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    verify: Verification | None = None
    chain: tuple[ChainCertificate, ...] = ()
    tls_oldest: str | None = None
    """The oldest TLS version it speaks; null: not found out. The newest is `tls_version`."""
    other_certificate: OtherCertificate | None = None
    """What it gives to clients for which only RSA will do; `other_chain` is that chain."""
    other_chain: tuple[ChainCertificate, ...] = ()


class Finding(_Value):
    """One thing that was found, with evidence that a person can check by hand."""

    code: Cause
    severity: Severity
    title: str = ""
    detail: str = ""
    addresses: tuple[str, ...] = ()
    evidence: dict[str, JsonValue] = {}

    @property
    def at_proxy(self) -> bool:
        """Whether the check ended at a proxy, so that nothing is known of the server."""
        left_to_it = self.code is Cause.DNS_FAILURE and bool(self.evidence.get("via"))
        return left_to_it or str(self.evidence.get("how")).startswith("proxy_")


class PathCertificate(_Value):
    """One step of the trusted path that was found, the server's own certificate first."""

    subject: Foreign
    name: Foreign = ""
    sha256: str
    source: PathSource
    not_after: Moment | None = None


class ClientPrediction(_Value):
    """What one client does with this server; `error` is the line that it prints."""

    client: str
    label: str
    outcome: Outcome
    error: Foreign | None = None
    reason_code: str
    reason: str = ""
    values: dict[str, JsonValue] = {}


class Step(_Value):
    """One step of a fix. `code` and `values` choose and fill the text; `command` is literal.

    `kind` "prove" shows that it worked, by the line `expect`; "stopgap" helps one client until the
    cause is mended. `software` is the one that the step is for, where it is for one only.
    """

    code: str
    values: dict[str, JsonValue] = {}
    title: str = ""
    text: str = ""
    command: str | None = None
    kind: StepKind = "do"
    expect: str | None = None
    software: str | None = None


class Fix(_Value):
    """Whose job it is and what to do. `proven`: `fullchain_pem` was verified against the roots."""

    owner: Owner
    steps: tuple[Step, ...] = ()
    fullchain_pem: str | None = None
    proven: bool = False


class Software(_Value):
    """The server software that was guessed, and the sign that gave it away.

    `evidence` holds `sign` (where it was seen: "server", "issuer", "banner", "alias", …) and
    `value` (what was seen there).
    """

    code: str
    evidence: dict[str, JsonValue] = {}


class MachineTrust(_Value):
    """What a trust store of the machine that checked says of this server.

    `verify` is OpenSSL's opinion of the completed chain under that store alone; `lacks` names the
    root that the chain needs and that the store does not have. `since` and `until` say between
    which dates Mozilla's list looked like it (null: it is no copy of that list).
    """

    store: Foreign
    kind: Literal["system", "java", "python", "setting"]
    roots: int
    since: date | None = None
    until: date | None = None
    verify: Verification
    lacks: Foreign | None = None
    lacks_sha256: str | None = None


class Report(_Value):
    """The result of one check, in the form that `tlscheck schema` publishes.

    `pending` names what was still under way; a later Report with the same id then takes its place.
    """

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    id: str
    target: Target
    checked_at: Moment
    duration_ms: int
    vantage: str
    verdict: Verdict
    cause: Cause | None
    summary: str = ""
    verify: Verification | None = None
    findings: tuple[Finding, ...] = ()
    aliases: tuple[Foreign, ...] = ()
    """The names that the host leads to in DNS (CNAME), one after the other."""
    endpoints: tuple[Endpoint, ...] = ()
    path: tuple[PathCertificate, ...] | None = None
    clients: tuple[ClientPrediction, ...] = ()
    fix: Fix | None = None
    software: Software | None = None
    pending: tuple[str, ...] = ()
    machine: tuple[MachineTrust, ...] = ()
    """The trust stores of the machine that the check ran on, as far as they were looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    def to_json(self) -> str:
        """The Report on one line, with the contract's field names.

        What a terminal obeys (U+009B begins a command as ESC [ does), what some readers take for
        the end of a line, and direction marks are written as escapes; RFC 8259, 7 allows it.
        """
        return obeyed_escaped(self.model_dump_json(by_alias=True))
