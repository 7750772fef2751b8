"""When does the output of a tool name the cause? One table, generous to the others.

Judged is the text alone, as whoever is on call reads it:

- `names`: it holds words that say the cause itself, in whatever terms (for a missing intermediate
  "chain incomplete" will do, and so will OpenSSL's "unable to verify the first certificate", which
  takes knowing that it speaks of the first certificate's issuer). Where a tool prints the same
  words for several causes, they count as naming the most common one.
- `hints`: it holds a symptom that other causes share ("handshake failure"), the right fact unmarked
  among all the others (a date that lies in the past, a chain out of order), or the tool hung.
- `silent`: neither, or it calls the server sound.

Where nothing is wrong, `names` means that the tool raises no alarm.

A tool is not held to know what it could not look at: `contestants` gives each the options for the
stage that is at fault. Ours is not in the table: it is held to the exact cause code.
"""

import re
from dataclasses import dataclass
from typing import Literal

from bot.diagnosis.causes import Cause

Judgement = Literal["names", "hints", "silent"]

STILL_RUNNING = "[still running when its time was over]"
"""What a runner appends to the output of a tool that it had to end."""

Clue = tuple[str, ...]
"""Regular expressions that must all be found."""


@dataclass(frozen=True, slots=True)
class Words:
    """What one tool's output must hold: each clue alone is enough."""

    names: tuple[Clue, ...] = ()
    hints: tuple[Clue, ...] = ()


# OpenSSL prints each error below the certificate at which it arose; 0 is the server's own.
_OWN = r"depth=0 .*\nverify error:num="
_ABOVE = r"depth=[1-9].*\nverify error:num="
_S_LIST = (r"\nCertificate chain\n 0 s:",)
_S_FAILS = (r"Verify return code: [1-9]",)
_S_OK = (r"Verify return code: 0 \(ok\)", r"Cipher is (?!\(NONE\))")
# sslyze judges against many stores; only the one with the lab's root has anything to say of the lab.
_Y = r"Supplied CA file.*FAILED.*"
_Y_FAILS = (_Y,)
_Y_OK = (r"Supplied CA file.*OK - Certificate is trusted",)
_Y_NO_TLS = (r"could not find a TLS version and cipher suite",)
_Y_ORDER = (r"Certificate chain out of order",)
_T_FAILS = (r"Chain of trust +NOT ok",)
_T_OK = (r"Chain of trust +Ok",)
_T_LEAF_IN_TIME = r"Certificate Validity \(UTC\) +\d+ >= \d+ days"
_T_ORDER = (r"certificate list ordering problem",)
_T_NO_TLS = (r"(?i)no server cert?ificate could be retrieved|doesn't seem to be a TLS/SSL enabled",)
_T_INTERMEDIATE_EXPIRED = (r"(?i)intermediate cert validity.*expired",)
_HUNG = (re.escape(STILL_RUNNING),)

S, Y, T = "openssl s_client", "sslyze", "testssl.sh"

TABLE: dict[Cause | None, dict[str, Words]] = {
    None: {
        S: Words(names=(_S_OK,)),
        Y: Words(names=((*_Y_OK, r"Received Chain Order: +OK"),)),
        T: Words(names=(_T_OK,)),
    },
    Cause.MISSING_INTERMEDIATE: {
        S: Words(names=((r"verify error:num=21:",),), hints=(_S_FAILS,)),
        Y: Words(hints=(_Y_FAILS,)),
        T: Words(names=((r"chain incomplete",),), hints=(_T_FAILS,)),
    },
    Cause.WRONG_INTERMEDIATE: {
        S: Words(names=((r"signature failure",),), hints=(_S_FAILS,)),
        Y: Words(names=((_Y + "signature does not match",),), hints=(_Y_FAILS,)),
        T: Words(hints=(_T_FAILS,)),
    },
    Cause.WRONG_CHAIN_ORDER: {
        S: Words(hints=(_S_LIST,)),
        Y: Words(names=(_Y_ORDER,)),
        T: Words(names=(_T_ORDER,)),
    },
    Cause.EXTRA_CERTIFICATES: {
        S: Words(hints=(_S_LIST,)),
        Y: Words(hints=(_Y_ORDER,)),
        T: Words(hints=(_T_ORDER,)),
    },
    Cause.EXPIRED_INTERMEDIATE: {
        S: Words(names=((_ABOVE + "10:",),), hints=(_S_LIST,)),
        Y: Words(names=((_Y + "candidates exhausted: cert is not valid at",),), hints=(_Y_ORDER,)),
        T: Words(
            names=((r"NOT ok \(expired\)", _T_LEAF_IN_TIME), _T_INTERMEDIATE_EXPIRED),
            hints=(_T_FAILS, _T_ORDER),
        ),
    },
    Cause.EXPIRED_ROOT_OR_CROSS_SIGN: {
        S: Words(names=((_ABOVE + "10:",),), hints=(_S_LIST,)),
        Y: Words(names=((_Y + "candidates exhausted: cert is not valid at",),)),
        T: Words(names=((r"NOT ok \(expired\)", _T_LEAF_IN_TIME), _T_INTERMEDIATE_EXPIRED)),
    },
    Cause.SELF_SIGNED: {
        S: Words(names=((_OWN + "18:",),), hints=(_S_FAILS,)),
        Y: Words(hints=(_Y_FAILS,)),
        T: Words(names=((r"NOT ok \(self.signed\)",),), hints=(_T_FAILS,)),
    },
    Cause.UNTRUSTED_ROOT: {
        # 20 above the server's own certificate: its issuer was there, the one above is unknown.
        S: Words(names=((_ABOVE + "(?:19|20):",),), hints=(_S_FAILS,)),
        Y: Words(hints=(_Y_FAILS,)),
        T: Words(names=((r"self.signed CA in chain",),), hints=(_T_FAILS,)),
    },
    Cause.INTERCEPTION_PROXY: {
        # A product's name beside a chain that is not trusted is enough.
        S: Words(names=((*_S_FAILS, "Zscaler"),), hints=(_S_FAILS,)),
        Y: Words(names=((*_Y_FAILS, "Zscaler"),), hints=(_Y_FAILS,)),
        T: Words(names=((*_T_FAILS, "Zscaler"),), hints=(_T_FAILS,)),
    },
    Cause.INVALID_CHAIN: {
        S: Words(names=((r"verify error:num=(?:24|25|34|47|48|79):",),), hints=(_S_FAILS,)),
        Y: Words(
            names=(
                (_Y + "(?:must be asserted|path length|name constraint|critical extensions)",),
                (_Y + "[Kk]ey ?[Ii]dentifier",),
            ),
            hints=(_Y_FAILS,),
        ),
        T: Words(hints=(_T_FAILS,)),
    },
    Cause.EXPIRED: {
        S: Words(names=((_OWN + "10:",),), hints=(_S_FAILS,)),
        Y: Words(names=((_Y + r"cert is not valid at.*\(encountered",),), hints=(_Y_FAILS,)),
        T: Words(names=((r"Certificate Validity \(UTC\) +expired",),), hints=(_T_FAILS,)),
    },
    Cause.NOT_YET_VALID: {
        S: Words(names=((_OWN + "9:",),), hints=(_S_FAILS,)),
        Y: Words(names=((_Y + r"cert is not valid at.*\(encountered",),), hints=(_Y_FAILS,)),
        T: Words(names=((r"NOT ok \(not yet valid\)",),), hints=(_T_FAILS,)),
    },
    Cause.EXPIRING_SOON: {
        S: Words(hints=((r"NotAfter:",),)),
        Y: Words(hints=((r"Not After:",),)),
        T: Words(names=((r"Certificate Validity \(UTC\) +expires <",),)),
    },
    Cause.HOSTNAME_MISMATCH: {
        S: Words(names=((r"verify error:num=6[24]:",),), hints=(_S_FAILS,)),
        Y: Words(names=((_Y + "no matching subjectAltName",),), hints=(_Y_FAILS,)),
        T: Words(names=((r"certificate does not match",),)),
    },
    Cause.CERTIFICATE_NOT_TLS: {
        S: Words(names=((_OWN + "26:",),), hints=(_S_FAILS,)),
        Y: Words(names=((_Y + "(?:required EKU|EE keyUsage)",),), hints=(_Y_FAILS,)),
        T: Words(
            names=((r"(?i)not ok.*(?:purpose|key usage)|certificate incorrectly used",),),
            hints=(_T_FAILS, (r"extended key usage +(?!.*Server Auth)", r"Server extended key")),
        ),
    },
    Cause.REVOKED: {
        S: Words(names=((r"Cert Status: revoked",), (r"verify error:num=23:",))),
        Y: Words(names=((r"Cert Status: +REVOKED",),)),
        # It fetches lists past the proxy that knows the way to the lab's: that is no fault of its own.
        T: Words(
            names=((r"(?i)(?:http\S+|stapling\b.*),? (?:not ok \()?revoked",),),
            hints=((r"Certificate Revocation List +http.*retrieval of",),),
        ),
    },
    Cause.OCSP_PROBLEM: {
        S: Words(hints=((r"OCSP response: no response sent",), (r"Next Update:",))),
        Y: Words(
            names=((r"Must-Staple: +(?:OK|SUPPORTED)", r"did not send back an OCSP response"),),
            hints=((r"Next Update:",),),
        ),
        T: Words(
            names=(
                (r"requires OCSP stapling \(NOT ok\)",),
                (r"(?i)OCSP stapling +.*(?:expired|out of date|times invalid)",),
            ),
        ),
    },
    Cause.MALFORMED_CERTIFICATE: {
        S: Words(names=((r"asn1 encoding routines",),)),
        Y: Words(names=((r"asn1 encoding routines",),), hints=(_Y_NO_TLS,)),
        T: Words(names=((r"asn1 encoding routines",),), hints=(_T_NO_TLS,)),
    },
    Cause.BACKENDS_DIFFER: {
        # The outputs of all addresses, read together.
        S: Words(names=((*_S_OK, r"verify error:num=10:|Connection refused"),)),
        Y: Words(names=((*_Y_OK, _Y + "not valid at|rejected the connection"),)),
        T: Words(
            names=((*_T_OK, r"NOT ok \(expired\)|TCP connect problem|[Cc]onnection refused"),)
        ),
    },
    Cause.PROTOCOL_VERSION: {
        S: Words(
            names=((r"alert protocol version|unsupported protocol",),),
            hints=((r"Protocol +: (?:SSLv3|TLSv1(?:\.1)?)\n",), (r":error:",)),
        ),
        Y: Words(
            names=((r"TLS 1\.[01] Cipher Suites:\n.*\n\n +The server accepted",),),
            hints=(_Y_NO_TLS,),
        ),
        T: Words(
            names=((r"(?:SSLv3|TLS 1(?:\.1)?) +offered", r"TLS 1\.2 +not offered"),),
            hints=(_T_NO_TLS,),
        ),
    },
    Cause.NO_SHARED_CIPHER: {
        S: Words(names=((r"no shared cipher",),), hints=((r"alert handshake failure",),)),
        Y: Words(hints=(_Y_NO_TLS,)),
        T: Words(hints=(_T_NO_TLS, (r"Your OpenSSL cannot connect",))),
    },
    Cause.SNI_UNRECOGNIZED: {
        S: Words(names=((r"unrecognized name",),), hints=((r"alert internal error",),)),
        Y: Words(names=((r"unrecognized name",),), hints=(_Y_NO_TLS,)),
        T: Words(names=((r"unrecognized name",),), hints=(_T_NO_TLS,)),
    },
    Cause.CLIENT_CERTIFICATE_REQUIRED: {
        S: Words(
            names=(
                (r"alert certificate required",),
                (r"alert handshake failure", r"Acceptable client certificate CA names"),
                (r"No required SSL certificate was sent",),
            ),
            hints=((r"Acceptable client certificate CA names",),),
        ),
        Y: Words(
            names=((r"REQUIRED client authentication",),), hints=((r"client authentication",),)
        ),
        T: Words(
            names=((r"(?i)client (?:auth\w*|certificate)\S* +.*required",),),
            hints=((r"(?i)client auth",), _T_NO_TLS),
        ),
    },
    Cause.DH_KEY_TOO_SMALL: {
        S: Words(names=((r"dh key too small|Temp Key: DH, 1024",),)),
        Y: Words(names=((r"DH \(1024 bits\)",),)),
        T: Words(
            names=((r"(?i)DH group offered:.*1024|DH 1024|LOGJAM.*1024 bits|common prime.*1024",),)
        ),
    },
    Cause.RENEGOTIATION_OR_LEGACY: {
        S: Words(names=((r"unsafe legacy renegotiation",),)),
        Y: Words(names=((r"Secure Renegotiation: +(?:WARNING|VULNERABLE|NOT)",),)),
        T: Words(names=((r"Secure Renegotiation .*(?:not supported|NOT ok|VULNERABLE)",),)),
    },
    Cause.HANDSHAKE_FAILURE: {
        # The lab's servers of this cause stumble over ALPN.
        S: Words(
            names=((r"no application protocol|ALPN.*(?:invalid|bad)|bad extension",),),
            hints=((r":error:|errno=",),),
        ),
        Y: Words(names=((r"no application protocol",),), hints=(_Y_NO_TLS,)),
        T: Words(names=((r"no application protocol",),), hints=(_T_NO_TLS,)),
    },
    Cause.DNS_FAILURE: {
        S: Words(names=((r"Name or service not known|nodename nor servname",),)),
        Y: Words(names=((r"Could not resolve hostname",),)),
        T: Words(names=((r"No IPv4/IPv6 address|[Cc]ould not .*resol|No IPv4 address",),)),
    },
    Cause.CONNECTION_REFUSED: {
        S: Words(names=((r"Connection refused",),)),
        Y: Words(names=((r"Server rejected the connection",),)),
        T: Words(names=((r"Connection refused",),), hints=((r"TCP connect problem",),)),
    },
    Cause.CONNECTION_RESET: {
        S: Words(names=((r"errno=104|Connection reset|unexpected eof while reading",),)),
        Y: Words(names=((r"Connection reset|closed the connection",),), hints=(_Y_NO_TLS,)),
        T: Words(names=((r"Connection reset",),), hints=(_T_NO_TLS,)),
    },
    Cause.TIMEOUT: {
        S: Words(names=((r"timed out",),), hints=(_HUNG,)),
        Y: Words(names=((r"[Tt]imed? ?out",),), hints=(_HUNG, _Y_NO_TLS)),
        T: Words(names=((r"[Tt]imed? ?out",),), hints=(_HUNG, _T_NO_TLS)),
    },
    Cause.PLAINTEXT_ON_TLS_PORT: {
        S: Words(names=((r"wrong version number|packet length too long|http request",),)),
        Y: Words(names=((r"[Pp]laintext|not (?:a )?TLS",),), hints=(_Y_NO_TLS,)),
        T: Words(names=((r"doesn't seem to be a TLS/SSL enabled",),), hints=(_T_NO_TLS,)),
    },
}
"""Each cause that a server of the lab shows, and what names it, tool by tool."""


# The lab's names say what is wrong; a tool that repeats the name has said nothing.
_HOST = re.compile(r"[\w.*-]+\.lab\.test", re.IGNORECASE)


def judge(tool: str, cause: Cause | None, text: str) -> Judgement:
    """How far this output tells whoever reads it what is wrong.

    Args:
        tool: The tool's name in the table.
        cause: What is wrong; None when nothing is.
        text: All that the tool printed, without colours.
    """
    words = TABLE[cause][tool]
    text = _HOST.sub("HOST", text)
    if _holds(words.names, text):
        return "names"
    return "hints" if _holds(words.hints, text) else "silent"


def _holds(clues: tuple[Clue, ...], text: str) -> bool:
    return any(all(re.search(part, text) for part in clue) for clue in clues)
