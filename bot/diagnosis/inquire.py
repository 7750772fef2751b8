"""Further connections, for what the first one left open. Evidence only, no judgement.

Each question is asked when the first handshake gives reason for it, all of them side by side: a
healthy server costs none of them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from bot.diagnosis.handshake import Handshake, shake_hands
from bot.diagnosis.hello import DHE_SUITES, HelloAnswer, say_hello
from bot.diagnosis.offer import Profile
from bot.diagnosis.report import Target
from bot.diagnosis.rules.hostname import covers
from bot.diagnosis.target import literal
from bot.diagnosis.view import View

# Suites that every client of the table offers; anything else is asked for once more, as they do.
_EVERYBODY_HAS = ("AES128-GCM", "AES256-GCM", "AES_128_GCM", "AES_256_GCM", "CHACHA20")
_EPHEMERAL_DH = "DHE-"

# RFC 6761, 6.4: a name that no server can have been set up for.
_NOBODYS_NAME = "tlscheck.invalid"

_NO_HELLO = HelloAnswer()


class _Shake(Protocol):
    def __call__(
        self, name: str | None, profile: Profile = "widest", *, ask_http: bool = False
    ) -> Awaitable[Handshake]: ...


@dataclass(frozen=True, slots=True)
class _Question:
    """When it is asked, and how the answer comes into the view."""

    applies: Callable[[View, Handshake], bool]
    ask: Callable[[View, Handshake, _Shake, float], Awaitable[View]]


async def inquire(view: View, seen: Handshake, deadline: float) -> View:
    """Ask what the first handshake leaves open.

    Args:
        view: What is known so far.
        seen: The first handshake.
        deadline: Moment of the loop's clock after which nothing is waited for.
    """

    def shake(
        name: str | None, profile: Profile = "widest", *, ask_http: bool = False
    ) -> Awaitable[Handshake]:
        return shake_hands(
            seen.address,
            seen.port,
            route=seen.route,
            server_name=name,
            deadline=deadline,
            profile=profile,
            ask_http=ask_http,
            starttls=view.target.starttls,
        )

    asked = [one for one in _QUESTIONS if one.applies(view, seen)]
    if not asked:
        return view
    answers = await asyncio.gather(*(one.ask(view, seen, shake, deadline) for one in asked))
    for answer in answers:
        view = replace(
            view,
            hello=answer.hello or view.hello,
            modern=answer.modern or view.modern,
            asked=answer.asked or view.asked,
            unnamed=answer.unnamed or view.unnamed,
            misnamed=answer.misnamed or view.misnamed,
            dh_bits=answer.dh_bits or view.dh_bits,
            without_alpn=answer.without_alpn or view.without_alpn,
        )
    return view


def server_name(target: Target) -> str | None:
    """What goes into SNI. RFC 6066, 3: literal addresses are not permitted there."""
    return target.host if literal(target.host) is None else None


def _refused(view: View, seen: Handshake) -> bool:
    return (
        seen.fault is not None
        and not seen.chain
        and seen.fault.kind in ("alert", "openssl", "reset", "closed")
    )


async def _old_hello(view: View, seen: Handshake, _: _Shake, deadline: float) -> View:
    name = server_name(view.target)
    hello = await say_hello(
        seen.address, seen.port, route=seen.route, server_name=name, deadline=deadline
    )
    if hello == _NO_HELLO or hello.alert == 70:
        old = await say_hello(
            seen.address,
            seen.port,
            route=seen.route,
            server_name=name,
            deadline=deadline,
            version=0x0300,
        )
        hello = old if old.version else hello
    return replace(view, hello=hello)


def _name_in_doubt(view: View, seen: Handshake) -> bool:
    if server_name(view.target) is None:
        return False
    if _refused(view, seen):
        return seen.fault is not None and seen.fault.kind != "openssl"
    return view.leaf is not None and not covers(view.leaf, view.target.host)


async def _other_names(view: View, seen: Handshake, shake: _Shake, _: float) -> View:
    unnamed, misnamed = await asyncio.gather(shake(None), shake(_NOBODYS_NAME))
    return replace(view, unnamed=unnamed, misnamed=misnamed)


def _answers_in_http(_: View, seen: Handshake) -> bool:
    return seen.completed and seen.client_certificate_asked and seen.alpn == "h2"


async def _refusal_in_http(view: View, _: Handshake, shake: _Shake, __: float) -> View:
    return replace(view, asked=await shake(server_name(view.target), "http1", ask_http=True))


def _unusual_cipher(_: View, seen: Handshake) -> bool:
    cipher = seen.cipher
    if not cipher:
        return False
    return cipher.startswith(_EPHEMERAL_DH) or not any(one in cipher for one in _EVERYBODY_HAS)


async def _as_browsers_ask(view: View, _: Handshake, shake: _Shake, __: float) -> View:
    return replace(view, modern=await shake(server_name(view.target), "modern"))


def _ephemeral_dh(view: View, seen: Handshake) -> bool:
    if view.target.starttls is not None:
        return False
    too_small = seen.fault is not None and "dh key too small" in seen.fault.reason
    return too_small or (seen.cipher or "").startswith(_EPHEMERAL_DH)


async def _size_of_dh(view: View, seen: Handshake, _: _Shake, deadline: float) -> View:
    answer = await say_hello(
        seen.address,
        seen.port,
        route=seen.route,
        server_name=server_name(view.target),
        deadline=deadline,
        suites=DHE_SUITES,
        until="key",
    )
    return replace(view, dh_bits=answer.dh_bits)


def _refused_with_alpn(view: View, seen: Handshake) -> bool:
    if view.target.starttls is not None or seen.fault is None:
        return False
    # OpenSSL's word for an answer that was not among those offered (RFC 7301, 3.1).
    return _refused(view, seen) or "bad extension" in seen.fault.reason


async def _no_alpn(view: View, _: Handshake, shake: _Shake, __: float) -> View:
    """Ask without ALPN, and once more with it: a refusal that does not come back proves nothing."""
    name = server_name(view.target)
    plain, again = await asyncio.gather(shake(name, "no_alpn"), shake(name, "http1"))
    if again.completed or again.chain:
        return view
    return replace(view, without_alpn=plain)


_QUESTIONS = (
    _Question(lambda view, seen: view.target.starttls is None and _refused(view, seen), _old_hello),
    _Question(_refused_with_alpn, _no_alpn),
    _Question(_name_in_doubt, _other_names),
    _Question(_answers_in_http, _refusal_in_http),
    _Question(_unusual_cipher, _as_browsers_ask),
    _Question(_ephemeral_dh, _size_of_dh),
)
