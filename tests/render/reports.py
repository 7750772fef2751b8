"""Reports of every shape, for property tests of the renderers."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import (
    ChainCertificate,
    ClientPrediction,
    Endpoint,
    Finding,
    Fix,
    PathCertificate,
    Report,
    Step,
    Target,
    Verification,
)

_NASTY = st.sampled_from(
    [
        "\x1b[31mred",
        "\x9b2J",
        "\u202egpj.exe",
        "\U000e0041",
        "👩\u200d💻",
        "<!channel>",
        ":smile:",
        "[bold]x[/bold]",
        "{n}",
        "a\nb",
        "CN=日本語株式会社,C=JP",
        "CN=a\\,b,O=c",
        "﷽" * 40,
        "x" * 600,
        " ",
        "",
    ]
)
texts = st.one_of(_NASTY, st.text(max_size=60))
moments = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
digests = st.sampled_from(["a", "b", "c", "d"])

certificates = st.builds(
    ChainCertificate,
    subject=texts,
    issuer=texts,
    not_before=moments,
    not_after=moments,
    sha256=digests,
    serial=texts,
    dns_names=st.lists(texts, max_size=2).map(tuple),
    role=st.sampled_from(["leaf", "intermediate", "root", "unrelated"]),
)
verifications = st.builds(Verification, code=st.integers(0, 100), message=texts)
endpoints = st.builds(
    Endpoint,
    tls_oldest=st.one_of(st.none(), st.sampled_from(["TLSv1", "TLSv1.2"]), texts),
    other_certificate=st.sampled_from([None, "none", "same", "other", "hidden"]),
    other_chain=st.lists(certificates, max_size=2).map(tuple),
    address=st.one_of(texts, st.ip_addresses().map(str)),
    port=st.integers(1, 65_535),
    reachable=st.booleans(),
    error=st.none() | texts,
    tls_version=st.none() | texts,
    cipher=st.none() | texts,
    alpn=st.none() | texts,
    verify=st.none() | verifications,
    chain=st.lists(certificates, max_size=4).map(tuple),
)
evidence = st.dictionaries(
    texts, st.none() | texts | st.integers() | st.lists(texts, max_size=3), max_size=3
)
findings = st.builds(
    Finding,
    code=st.sampled_from(Cause),
    severity=st.sampled_from(["critical", "warning", "info"]),
    title=texts,
    detail=texts,
    addresses=st.just(()),
    evidence=evidence,
)
clients = st.builds(
    ClientPrediction,
    client=texts,
    label=texts,
    outcome=st.sampled_from(["works", "fails", "depends"]),
    error=st.none() | texts,
    reason_code=texts,
    reason=texts,
    values=st.just({}),
)
steps = st.builds(
    Step, code=texts, values=st.just({}), title=texts, text=texts, command=st.none() | texts
)
fixes = st.builds(
    Fix,
    owner=st.sampled_from(["server", "client", "network", "nobody"]),
    steps=st.lists(steps, max_size=3).map(tuple),
    fullchain_pem=st.none() | texts,
    proven=st.booleans(),
)
paths = st.lists(
    st.builds(
        PathCertificate,
        subject=texts,
        sha256=digests,
        source=st.sampled_from(["server", "aia", "bundled", "roots"]),
    ),
    max_size=4,
).map(tuple)

reports = st.builds(
    Report,
    aliases=st.lists(texts, max_size=3).map(tuple),
    id=texts,
    target=st.builds(
        Target,
        input=texts,
        host=st.sampled_from(["shop.example.jp", "xn--wgv71a119e.jp", "xn--", "::1", "192.0.2.1"]),
        port=st.integers(1, 65_535),
        starttls=st.sampled_from([None, "smtp"]),
    ),
    checked_at=moments,
    duration_ms=st.integers(0, 100_000),
    vantage=texts,
    verdict=st.sampled_from(["ok", "warning", "broken", "unreachable"]),
    cause=st.none() | st.sampled_from(Cause),
    summary=texts,
    verify=st.none() | verifications,
    findings=st.lists(findings, max_size=3).map(tuple),
    endpoints=st.lists(endpoints, max_size=3).map(tuple),
    path=st.none() | paths,
    clients=st.lists(clients, max_size=5).map(tuple),
    fix=st.none() | fixes,
)
