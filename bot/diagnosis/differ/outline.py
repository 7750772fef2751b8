"""What a Report shows of a server, as far as two of them are compared by it."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import ChainCertificate, Endpoint, Finding, Report

# Where no address of the public internet is (RFC 1918, 6598, 3927, 1122; RFC 4193, 4291).
_INSIDE = tuple(
    ip_network(one)
    for one in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)


def addresses_of(report: Report) -> tuple[str, ...]:
    """The addresses that were looked at; none where the name led nowhere."""
    return tuple(dict.fromkeys(one.address for one in report.endpoints if one.address))


def are_inside(addresses: Sequence[str]) -> bool | None:
    """Whether addresses are those of an inner network; None where there are both, or none."""
    found = {_is_inside(one) for one in addresses}
    return found.pop() if len(found) == 1 else None


def chains_of(report: Report) -> frozenset[tuple[str, ...]]:
    """The chains that were sent, as fingerprints, whichever address sent them."""
    return frozenset(
        tuple(one.sha256 for one in endpoint.chain)
        for endpoint in report.endpoints
        if endpoint.chain
    )


def leaf_of(report: Report) -> ChainCertificate | None:
    """The server's certificate that the answer is told by."""
    endpoint = told_by(report)
    return endpoint.chain[0] if endpoint is not None and endpoint.chain else None


def sockets_of(report: Report) -> frozenset[tuple[str, int]]:
    """The addresses with their ports."""
    return frozenset((one.address, one.port) for one in report.endpoints if one.address)


def accused_by(report: Report) -> frozenset[tuple[str, int]]:
    """The addresses that the answer is about."""
    first = report.findings[0] if report.cause is not None and report.findings else None
    wanted = set(first.addresses) if first is not None else set()
    return frozenset(
        (one.address, one.port)
        for one in report.endpoints
        if one.address and (not wanted or one.address in wanted)
    )


def told_by(report: Report) -> Endpoint | None:
    """The first address at fault that sent a chain, else the first that did, else the first."""
    accused = {address for one in report.findings[:1] for address in one.addresses}
    with_chain = [one for one in report.endpoints if one.chain]
    at_fault = [one for one in with_chain if one.address in accused]
    return next(iter([*at_fault, *with_chain, *report.endpoints]), None)


def finding_of(report: Report, code: Cause) -> Finding | None:
    """The first finding of a cause."""
    return next((one for one in report.findings if one.code is code), None)


def _is_inside(address: str) -> bool:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False  # a name that only a proxy resolves
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    return any(parsed.version == one.version and parsed in one for one in _INSIDE)
