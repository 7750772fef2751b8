"""The second certificate of a server, and what decides which of the two a client gets.

The first handshake shows the ECDSA certificate where there is one, since its hello names ECDSA
first as nearly all clients do; one made beside it asks for RSA only. Evidence only, no judgement.
"""

from bot.diagnosis.handshake import Handshake
from bot.diagnosis.hello import ECDSA_SUITES, EVERY_SCHEME, RSA_SUITES, say_hello
from bot.diagnosis.inquire import server_name
from bot.diagnosis.report import OtherCertificate
from bot.diagnosis.rules.hostname import covers
from bot.diagnosis.rules.validity import soon
from bot.diagnosis.view import View

_PROTOCOL_VERSION = 70
_RSA_FIRST = (*RSA_SUITES[:-1], *ECDSA_SUITES, RSA_SUITES[-1])


def second_chain(view: View) -> tuple[bytes, ...]:
    """The RSA chain as sent, where the first handshake showed another one; else nothing."""
    beside = view.beside
    if other_certificate(view) != "other" or beside is None or beside.rsa is None:
        return ()
    return beside.rsa.chain


def other_certificate(view: View) -> OtherCertificate | None:
    """What a hello for RSA only was given.

    none: refused, so there is the one certificate; same: the very one, since it has an RSA key;
    other: a second one; hidden: the server speaks only TLS 1.3, where it is encrypted; None: it
    was not asked, or did not answer.
    """
    leaf, answer = view.leaf, view.beside.rsa if view.beside is not None else None
    if leaf is None or answer is None:
        return None
    if answer.chain and answer.chain[0] == leaf.der:
        return "same"
    if leaf.key.startswith("RSA "):
        # Another RSA one is another machine behind the same address.
        return "same" if answer.alert == _PROTOCOL_VERSION else None
    if answer.chain:
        return "other"
    if answer.alert == _PROTOCOL_VERSION:
        return "hidden"
    return "none" if answer.alert is not None else None


def in_doubt(*views: View) -> bool:
    """Whether one of these chains may be at fault, so that it matters who is given it."""
    return any(
        view.leaf is None
        or view.verdict is None
        or not view.verdict.ok
        or not covers(view.leaf, view.target.host)
        or view.at + soon(view.leaf.not_before, view.leaf.not_after) >= view.leaf.not_after
        for view in views
    )


async def goes_by_client(view: View, seen: Handshake, deadline: float) -> bool | None:
    """Whether a client that names RSA first is given the RSA certificate.

    OpenSSL goes by the client's order unless told otherwise (SSL_OP_CIPHER_SERVER_PREFERENCE), for TLS
    1.3's signature schemes as for TLS 1.2's cipher suites; the latter can be asked in the clear.

    Args:
        view: What is known so far.
        seen: The first handshake.
        deadline: Moment of the loop's clock after which nothing is waited for.
    """
    answer = await say_hello(
        seen.address,
        seen.port,
        route=seen.route,
        server_name=server_name(view.target),
        deadline=deadline,
        suites=_RSA_FIRST,
        schemes=EVERY_SCHEME,
    )
    if not answer.chain or view.leaf is None:
        return None
    return answer.chain[0] != view.leaf.der
