"""What to do about a cause: whose job it is, the steps, and the chain that was proven to work.

A step is a code (its words are in the catalogue), the values they need, and a command that can be
copied as it is. Nothing here ever turns verification off. The host in a command comes from
`Target`, which is plain ASCII without spaces or quotes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.path import Path
from bot.diagnosis.report import Finding, Fix, Owner, Step, Target
from bot.diagnosis.trust import TrustStore

_SHOW_CHAIN = "openssl s_client -connect {connect}{sni} -showcerts </dev/null"
_PIPE_LEAF = "openssl s_client -connect {connect}{sni} </dev/null 2>/dev/null | openssl x509 -noout"
_RETURN_CODE = "openssl s_client -connect {connect}{sni} -showcerts </dev/null | grep -E ' s:| i:|Verify return code'"


@dataclass(frozen=True, slots=True)
class _Plan:
    owner: Owner
    steps: tuple[tuple[str, str | None], ...]
    values: Mapping[str, JsonValue] = field(default_factory=dict)


_NGINX = (
    "nginx_chain",
    (
        "ssl_certificate     /etc/nginx/tls/{file}.fullchain.pem;\n"
        "ssl_certificate_key /etc/nginx/tls/{file}.key;\n"
        "# then: nginx -t && nginx -s reload"
    ),
)
_APACHE = (
    "apache_chain",
    (
        "SSLCertificateFile    /etc/apache2/tls/{file}.fullchain.pem\n"
        "SSLCertificateKeyFile /etc/apache2/tls/{file}.key\n"
        "# then: apachectl configtest && apachectl graceful"
    ),
)
_APACHE_OLD = (
    "apache_chain_old",
    (
        "SSLCertificateFile      /etc/httpd/tls/{file}.crt\n"
        "SSLCertificateKeyFile   /etc/httpd/tls/{file}.key\n"
        "SSLCertificateChainFile /etc/httpd/tls/{file}.chain.pem\n"
        "# then: apachectl configtest && apachectl graceful"
    ),
)
_PROVE_CHAIN = ("prove_chain", _RETURN_CODE)
_INSTALL = (_NGINX, _APACHE, _APACHE_OLD, _PROVE_CHAIN)
_PROVE_DATES = ("prove_dates", _PIPE_LEAF + " -subject -dates")
_PROVE_START = ("prove_start", _PIPE_LEAF + " -subject -dates")
_PROVE_NAMES = ("prove_names", _PIPE_LEAF + " -subject -ext subjectAltName")

_CHAIN_PLAN = _Plan("server", (("save_fullchain", None), *_INSTALL))
_CHAIN_PLAN_UNPROVEN = _Plan("server", (("get_intermediate", None), *_INSTALL))

_LARGE_HELLO_PLAN = _Plan(
    "network",
    (
        ("update_middlebox", None),
        (
            "prove_hello_size",
            (
                "openssl s_client -connect {connect}{sni} -groups X25519MLKEM768 </dev/null\n"
                "openssl s_client -connect {connect}{sni} -groups X25519 </dev/null"
            ),
        ),
    ),
)

_PLANS: dict[Cause, _Plan] = {
    Cause.MISSING_INTERMEDIATE: _CHAIN_PLAN_UNPROVEN,
    Cause.WRONG_INTERMEDIATE: _CHAIN_PLAN_UNPROVEN,
    Cause.EXPIRED_INTERMEDIATE: _CHAIN_PLAN_UNPROVEN,
    Cause.EXPIRED_ROOT_OR_CROSS_SIGN: _CHAIN_PLAN_UNPROVEN,
    Cause.INVALID_CHAIN: _Plan("server", (("reissue_chain", None), _PROVE_CHAIN)),
    Cause.SELF_SIGNED: _Plan("server", (("get_public_certificate", None), *_INSTALL)),
    Cause.UNTRUSTED_ROOT: _Plan(
        "client", (("trust_root", None), ("get_public_certificate", None), _PROVE_CHAIN)
    ),
    Cause.EXPIRED: _Plan("server", (("renew", None), ("install_renewed", None), _PROVE_CHAIN)),
    Cause.EXPIRING_SOON: _Plan("server", (("renew_in_time", None), _PROVE_DATES)),
    Cause.NOT_YET_VALID: _Plan("server", (("wait_or_reissue", None), _PROVE_START)),
    Cause.CLOCK_SKEW: _Plan("nobody", (("set_clock", "timedatectl; timedatectl set-ntp true"),)),
    Cause.REVOKED: _Plan(
        "server",
        (
            ("replace_revoked", None),
            ("install_renewed", None),
            (
                "prove_revocation",
                (
                    "openssl s_client -connect {connect}{sni} -showcerts </dev/null >chain.txt\n"
                    "openssl x509 -in chain.txt -out leaf.pem\n"
                    "sed '1,/END CERT/d' chain.txt | openssl x509 -out issuer.pem\n"
                    "openssl x509 -in leaf.pem -noout -ocsp_uri | "
                    "xargs openssl ocsp -issuer issuer.pem -cert leaf.pem -no_nonce -url"
                ),
            ),
        ),
    ),
    Cause.OCSP_PROBLEM: _Plan(
        "server",
        (
            (
                "nginx_stapling",
                (
                    "ssl_stapling on;\nssl_stapling_verify on;\nresolver 127.0.0.53;\n"
                    "# then: nginx -t && nginx -s reload"
                ),
            ),
            (
                "apache_stapling",
                (
                    'SSLUseStapling on\nSSLStaplingCache "shmcb:logs/ssl_stapling(65536)"\n'
                    "# then: apachectl configtest && apachectl graceful"
                ),
            ),
            (
                "prove_stapling",
                "openssl s_client -connect {connect}{sni} -status </dev/null | grep -A 20 'OCSP response'",
            ),
        ),
    ),
    Cause.HOSTNAME_MISMATCH: _Plan(
        "server", (("serve_right_certificate", None), ("reissue_with_name", None), _PROVE_NAMES)
    ),
    Cause.CERTIFICATE_NOT_TLS: _Plan("server", (("reissue_for_servers", None), _PROVE_CHAIN)),
    Cause.WEAK_SIGNATURE_OR_KEY: _Plan("server", (("reissue_stronger", None), _PROVE_CHAIN)),
    Cause.MALFORMED_CERTIFICATE: _Plan("server", (("replace_file", None), _PROVE_CHAIN)),
    Cause.EXTRA_CERTIFICATES: _Plan("server", (("send_only_chain", None), _PROVE_CHAIN)),
    Cause.WRONG_CHAIN_ORDER: _Plan("server", (("sort_chain", None), *_INSTALL)),
    Cause.INTERCEPTION_PROXY: _Plan(
        "network",
        (
            ("exempt_from_inspection", None),
            ("trust_inspection_root", None),
            ("prove_issuer", _PIPE_LEAF + " -issuer"),
        ),
    ),
    Cause.VALIDITY_TOO_LONG: _Plan("server", (("reissue_shorter", None), _PROVE_DATES)),
    Cause.PLAINTEXT_ON_TLS_PORT: _Plan(
        "server",
        (
            ("turn_tls_on", "listen {port} ssl;   # nginx: the word ssl is what is missing"),
            ("use_other_port", None),
            ("prove_handshake", _SHOW_CHAIN),
        ),
    ),
    Cause.STARTTLS_REFUSED: _Plan(
        "server", (("offer_starttls", None), ("prove_handshake", _SHOW_CHAIN))
    ),
    Cause.CLIENT_CERTIFICATE_REQUIRED: _Plan(
        "client",
        (
            ("send_client_certificate", "curl --cert client.pem --key client.key {url}"),
            ("ask_for_client_certificate", None),
        ),
    ),
    Cause.PROTOCOL_VERSION: _Plan(
        "server",
        (
            (
                "nginx_protocols",
                "ssl_protocols TLSv1.2 TLSv1.3;   # then: nginx -t && nginx -s reload",
            ),
            ("apache_protocols", "SSLProtocol -all +TLSv1.2 +TLSv1.3   # then: apachectl graceful"),
            ("update_tls_library", None),
            ("prove_handshake", "openssl s_client -connect {connect}{sni} -tls1_2 </dev/null"),
        ),
    ),
    Cause.NO_SHARED_CIPHER: _Plan(
        "server",
        (
            (
                "nginx_ciphers",
                "ssl_ciphers HIGH:!aNULL:!MD5;   # then: nginx -t && nginx -s reload",
            ),
            ("apache_ciphers", "SSLCipherSuite HIGH:!aNULL:!MD5   # then: apachectl graceful"),
            ("prove_handshake", "openssl s_client -connect {connect}{sni} -tls1_2 </dev/null"),
        ),
    ),
    Cause.DH_KEY_TOO_SMALL: _Plan(
        "server",
        (
            (
                "use_ecdhe",
                "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;   # then: nginx -t && nginx -s reload",
            ),
            (
                "prove_handshake",
                "openssl s_client -connect {connect}{sni} -cipher 'DEFAULT@SECLEVEL=2' </dev/null",
            ),
        ),
    ),
    Cause.RENEGOTIATION_OR_LEGACY: _Plan(
        "server",
        (
            ("update_for_renegotiation", None),
            (
                "prove_renegotiation",
                "openssl s_client -connect {connect}{sni} -legacy_server_connect </dev/null | grep 'Secure Renegotiation'",
            ),
        ),
    ),
    Cause.SNI_UNRECOGNIZED: _Plan("server", (("serve_right_certificate", None), _PROVE_NAMES)),
    Cause.HANDSHAKE_FAILURE: _Plan(
        "server", (("read_server_log", None), ("prove_handshake", _SHOW_CHAIN))
    ),
    Cause.DNS_FAILURE: _Plan(
        "network", (("look_up_name", "dig +short {host} A; dig +short {host} AAAA"),)
    ),
    Cause.CONNECTION_REFUSED: _Plan(
        "server", (("start_listening", "ss -ltn 'sport = :{port}'"), ("open_firewall", None))
    ),
    Cause.TIMEOUT: _Plan(
        "network", (("open_firewall", None), ("try_connecting", "nc -vz {host} {port}"))
    ),
    Cause.CONNECTION_RESET: _Plan(
        "server", (("read_server_log", None), ("prove_handshake", _SHOW_CHAIN))
    ),
    Cause.EGRESS_DENIED: _Plan("nobody", (("allow_network", None),)),
    Cause.BACKENDS_DIFFER: _Plan("server", (("mend_each_backend", None),)),
}


# A warning asks for something else than the same cause does where it breaks everybody.
_WARNING_PLANS: dict[Cause, _Plan] = {
    Cause.EXPIRED_INTERMEDIATE: _Plan("server", (("drop_expired", None), *_INSTALL)),
    Cause.EXPIRED_ROOT_OR_CROSS_SIGN: _Plan("server", (("drop_expired", None), *_INSTALL)),
    Cause.WRONG_CHAIN_ORDER: _Plan("server", (("sort_chain", None), *_INSTALL)),
    Cause.UNTRUSTED_ROOT: _Plan("server", (("change_ca", None), *_INSTALL)),
    Cause.INVALID_CHAIN: _Plan(
        "server",
        (
            ("reissue_to_standard", None),
            (
                "prove_strict",
                "openssl verify -x509_strict -show_chain -untrusted chain.pem chain.pem",
            ),
        ),
    ),
    Cause.CERTIFICATE_NOT_TLS: _Plan("server", (("reissue_for_servers", None), _PROVE_CHAIN)),
    Cause.WEAK_SIGNATURE_OR_KEY: _Plan("server", (("reissue_usual_key", None), _PROVE_CHAIN)),
}


def full_chain(path: Path | None, at: datetime, trust: TrustStore) -> str | None:
    """The PEM file that the server should send, if it verifies against the roots; else None.

    Verified once more as a client would get it: only what is in the file, nothing fetched.
    """
    if path is None or len(path.certificates) < 2:
        return None
    to_send = path.certificates[:-1]
    if not trust.verify(to_send, at).ok:
        return None
    return "".join(one.pem for one in to_send)


def fix_for(
    cause: Cause | None,
    finding: Finding | None,
    target: Target,
    fullchain_pem: str | None,
    *,
    address: str | None = None,
) -> Fix | None:
    """The fix of a cause, with this case's names in it.

    Args:
        cause: What is wrong; None when nothing is.
        finding: The finding of that cause; its evidence fills the texts.
        target: The host that the commands name.
        fullchain_pem: The proven chain, when the server should send another one than it does.
        address: The commands connect there in place of the name's own addresses.
    """
    if cause is None:
        return None
    evidence = finding.evidence if finding is not None else {}
    warned = finding is not None and finding.severity == "warning"
    plan = (_WARNING_PLANS.get(cause) if warned else None) or _PLANS.get(cause)
    if cause is Cause.CONNECTION_RESET and evidence.get("how") == "large_hello":
        plan = _LARGE_HELLO_PLAN
    if plan is None:
        return Fix(owner="nobody")
    if cause is Cause.TIMEOUT and finding is not None and finding.evidence.get("connected"):
        # The network let us through: it is the service that keeps silent.
        plan = _PLANS[Cause.CONNECTION_RESET]
    if plan is _CHAIN_PLAN_UNPROVEN and fullchain_pem is not None:
        plan = _CHAIN_PLAN
    values: dict[str, JsonValue] = {
        **{key: one for key, one in evidence.items() if isinstance(one, str | int)},
        "host": target.host,
        "port": target.port,
    }
    if cause is Cause.PLAINTEXT_ON_TLS_PORT and evidence.get("protocol") not in ("HTTP", None):
        # That line is of a web server's configuration.
        plan = replace(plan, steps=(("turn_tls_on", None), *plan.steps[1:]))
    words = _command_words(target, address)
    return Fix(
        owner=plan.owner,
        steps=tuple(
            Step(
                code=code,
                values=values,
                command=None if command is None else command.format_map(words),
            )
            for code, command in plan.steps
        ),
        fullchain_pem=fullchain_pem,
        proven=fullchain_pem is not None,
    )


def _command_words(target: Target, address: str | None) -> dict[str, str]:
    named = ":" not in target.host and not target.host.replace(".", "").isdigit()
    host = _bracketed(address or target.host)
    port = "" if target.port == 443 else f":{target.port}"
    return {
        "host": target.host,
        "port": str(target.port),
        "connect": f"{host}:{target.port}",
        "sni": (f" -servername {target.host}" if named else "")
        + (f" -starttls {target.starttls}" if target.starttls else ""),
        "url": f"https://{_bracketed(target.host)}{port}/",
        "file": target.host.replace(":", "-"),
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
