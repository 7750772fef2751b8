"""What the reader of a letter can run: a command, the line it prints now, the line afterwards.

Every command is `openssl` and `grep` (and `dig` where the name itself is the matter), to be copied
as it is. Host and port come from `Target`, which is plain ASCII without spaces or quotes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from ipaddress import ip_address

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import ChainCertificate, Finding, Report

_CODE = "Verify return code: "
_NO_CIPHER = "New, (NONE), Cipher is (NONE)"


@dataclass(frozen=True)
class Proof:
    """A command and what it prints.

    `before` and `after` are lines as printed; None where no line can be foretold. `code` names
    the sentence that says what to look for then (`letter.proof.<code>`).
    """

    command: str
    before: str | None = None
    after: str | None = None
    code: str = "line"


def proof_of(report: Report, address: str | None = None) -> Proof | None:
    """The proof for a Report's cause; None where no command shows it.

    Args:
        report: What was found.
        address: The command connects there in place of the name's own addresses.
    """
    if report.cause is None or not report.findings:
        return None
    if report.findings[0].at_proxy:
        return None  # these commands ask the server
    make = _PROOFS.get(report.cause)
    return make(report, report.findings[0], address) if make else None


def short_proof(report: Report, address: str | None = None) -> Proof:
    """What shows a sound server to be sound, or a first look where no proof fits the cause.

    Args:
        report: What was found.
        address: As for `proof_of`.
    """
    before = f"{_CODE}0 (ok)" if report.verdict in ("ok", "warning") else None
    return Proof(f'{_client(report, address)} | grep "return code"', before)


_Make = Callable[[Report, Finding, str | None], Proof | None]


def leaf_of(report: Report) -> ChainCertificate | None:
    """The server's own certificate, of the first address that showed one."""
    odd = report.findings[0].addresses if report.findings else ()
    shown = [one for one in report.endpoints if one.chain]
    shown.sort(key=lambda one: one.address not in odd)
    if not shown:
        return None
    chain = shown[0].chain
    return next((one for one in chain if one.role == "leaf"), chain[0])


def _client(report: Report, address: str | None, options: str = "") -> str:
    target = report.target
    host = address or target.host
    connect = f"[{host}]:{target.port}" if ":" in host else f"{host}:{target.port}"
    name = "" if _is_address(target.host) else f" -servername {target.host}"
    starttls = f" -starttls {target.starttls}" if target.starttls else ""
    return f"openssl s_client -connect {connect}{name}{starttls}{options} </dev/null 2>/dev/null"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _said_by_openssl(report: Report) -> str | None:
    """The last word of `openssl s_client` for this server, as predicted."""
    said = next((one.error for one in report.clients if one.client == "openssl"), None)
    return said if said and said.startswith(_CODE) else None


def _return_code(report: Report, _finding: Finding, address: str | None) -> Proof | None:
    before = _said_by_openssl(report)
    if before is None and not (report.verify and report.verify.code):
        return None
    command = f'{_client(report, address)} | grep "return code"'
    # s_client checks the purpose too, and may then name another code than `openssl verify` does.
    return Proof(command, before, f"{_CODE}0 (ok)", "line" if before else "not_zero")


def _name(report: Report, _finding: Finding, address: str | None) -> Proof:
    host = report.target.host
    flag = f" -verify_ip {host}" if _is_address(host) else f" -verify_hostname {host}"
    before = f"{_CODE}64 (IP address mismatch)" if _is_address(host) else _said_by_openssl(report)
    command = f'{_client(report, address, flag)} | grep "return code"'
    return Proof(command, before or f"{_CODE}62 (hostname mismatch)", f"{_CODE}0 (ok)")


def _dates(report: Report, _finding: Finding, address: str | None) -> Proof | None:
    leaf = leaf_of(report)
    if leaf is None:
        return None
    command = f"{_client(report, address)} | openssl x509 -noout -enddate"
    # As OpenSSL prints it, in English whatever the locale.
    end = leaf.not_after.astimezone(UTC)
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][
        end.month - 1
    ]
    before = f"notAfter={month} {end.day:>2} {end:%H:%M:%S} {end.year} GMT"
    return Proof(command, before, code="dates")


def _handshake(report: Report, _finding: Finding, address: str | None) -> Proof:
    command = f'{_client(report, address)} | grep "Cipher is"'
    return Proof(command, _NO_CIPHER, code="cipher")


def _small_key(report: Report, _finding: Finding, address: str | None) -> Proof:
    # Debian's level; a build with a lower one would still take the small key.
    command = _client(report, address, " -cipher DEFAULT@SECLEVEL=2")
    command = command.replace(" 2>/dev/null", " 2>&1")
    return Proof(f'{command} | grep -o "dh key too small"', "dh key too small", code="nothing")


def _hang_up(report: Report, finding: Finding, address: str | None) -> Proof:
    if finding.evidence.get("how") != "large_hello":
        return _handshake(report, finding, address)
    # Needs OpenSSL 3.5; the sentence says so.
    command = f'{_client(report, address, " -groups X25519MLKEM768")} | grep "Cipher is"'
    return Proof(command, code="large_hello")


def _count(report: Report, finding: Finding, address: str | None) -> Proof | None:
    if finding.severity == "critical":
        found = _return_code(report, finding, address)
        return found or _handshake(report, finding, address)
    leaf = next((one for one in report.endpoints if one.chain), None)
    if leaf is None or not report.path:
        return None
    command = f'{_client(report, address, " -showcerts")} | grep -c "BEGIN CERTIFICATE"'
    return Proof(command, str(len(leaf.chain)), str(max(len(report.path) - 1, 1)))


def _order(report: Report, _finding: Finding, address: str | None) -> Proof:
    command = f"{_client(report, address, ' -showcerts')} | grep -E '^ *[0-9]+ s:|^ *i:'"
    return Proof(command, code="order")


def _staple(report: Report, finding: Finding, address: str | None) -> Proof | None:
    if finding.evidence.get("problem") != "must_staple":
        return None
    command = f'{_client(report, address, " -status")} | grep "OCSP .*esponse"'
    return Proof(command, "OCSP response: no response sent", code="staple")


def _chain(report: Report, finding: Finding, address: str | None) -> Proof | None:
    if finding.severity == "critical":
        return _return_code(report, finding, address)
    error = finding.evidence.get("strict")
    if not isinstance(error, str):
        return None
    command = f'{_client(report, address, " -x509_strict")} | grep "return code"'
    return Proof(command, after=f"{_CODE}0 (ok)", code="not_zero")


def _issuer(report: Report, _finding: Finding, address: str | None) -> Proof:
    return Proof(f"{_client(report, address)} | openssl x509 -noout -issuer", code="issuer")


def _lookup(report: Report, _finding: Finding, _address: str | None) -> Proof:
    host = report.target.host
    return Proof(f"dig +short {host} A; dig +short {host} AAAA", code="lookup")


def _connect(report: Report, _finding: Finding, address: str | None) -> Proof:
    command = _client(report, address).replace(" 2>/dev/null", " 2>&1")
    return Proof(f'{command} | grep -E "errno|CONNECTED"', after="CONNECTED(00000003)")


def _revocation(report: Report, finding: Finding, address: str | None) -> Proof | None:
    url = finding.evidence.get("address")
    if finding.evidence.get("how") == "stapled":
        command = f'{_client(report, address, " -status")} | grep "Cert Status"'
        return Proof(command, "Cert Status: revoked", "Cert Status: good")
    serial = str(finding.evidence.get("serial") or "").upper()
    if finding.evidence.get("how") != "ocsp" or not isinstance(url, str) or not serial:
        return None
    command = f"{_client(report, address)} | openssl x509 -noout -serial"
    # OpenSSL writes whole bytes.
    return Proof(command, f"serial={'0' * (len(serial) % 2)}{serial}", code="serial")


def _odd_address(report: Report, finding: Finding, _address: str | None) -> Proof | None:
    odd = finding.addresses[0] if finding.addresses else None
    if odd is None:
        return None
    if finding.evidence.get("down"):
        return _connect(report, finding, odd)
    return _return_code(report, finding, odd) or _handshake(report, finding, odd)


_PROOFS: dict[Cause, _Make] = {
    Cause.MISSING_INTERMEDIATE: _return_code,
    Cause.WRONG_INTERMEDIATE: _return_code,
    Cause.WRONG_CHAIN_ORDER: _order,
    Cause.EXTRA_CERTIFICATES: _count,
    Cause.EXPIRED_INTERMEDIATE: _count,
    Cause.EXPIRED_ROOT_OR_CROSS_SIGN: _count,
    Cause.SELF_SIGNED: _return_code,
    Cause.UNTRUSTED_ROOT: _return_code,
    Cause.INTERCEPTION_PROXY: _issuer,
    Cause.INVALID_CHAIN: _chain,
    Cause.EXPIRED: _dates,
    Cause.NOT_YET_VALID: _return_code,
    Cause.EXPIRING_SOON: _dates,
    Cause.HOSTNAME_MISMATCH: _name,
    Cause.CERTIFICATE_NOT_TLS: _return_code,
    Cause.WEAK_SIGNATURE_OR_KEY: _return_code,
    Cause.REVOKED: _revocation,
    Cause.OCSP_PROBLEM: _staple,
    Cause.MALFORMED_CERTIFICATE: _handshake,
    Cause.BACKENDS_DIFFER: _odd_address,
    Cause.PROTOCOL_VERSION: _handshake,
    Cause.NO_SHARED_CIPHER: _handshake,
    Cause.SNI_UNRECOGNIZED: _handshake,
    Cause.DH_KEY_TOO_SMALL: _small_key,
    Cause.RENEGOTIATION_OR_LEGACY: _handshake,
    Cause.HANDSHAKE_FAILURE: _handshake,
    Cause.PLAINTEXT_ON_TLS_PORT: _handshake,
    Cause.STARTTLS_REFUSED: _handshake,
    Cause.CONNECTION_RESET: _hang_up,
    Cause.CONNECTION_REFUSED: _connect,
    Cause.DNS_FAILURE: _lookup,
}
