"""What software answers: one `HEAD /` to a web server with a fault, so that the fix can be its own.

Asked beside the fetching of certificates and the other questions, only where the certificates give
somebody something to mend, and only on ports of the web. It is not waited for longer than a
connection takes there.
"""

import asyncio
from dataclasses import replace

from bot.diagnosis.handshake import Handshake, shake_hands
from bot.diagnosis.inquire import server_name
from bot.diagnosis.rules.hostname import covers
from bot.diagnosis.rules.validity import soon
from bot.diagnosis.view import View

# Ports where HTTP is spoken over TLS.
HTTPS_PORTS = frozenset({443, 4443, 6443, 8443, 9443, 10443})

# The connection has one round trip more than the one before it.
_LEAST_PATIENCE = 0.3
_LONGER = 1.5


async def ask_head(view: View, port: int, took: float, deadline: float) -> Handshake | None:
    """Ask a web server with a fault for the head of its page.

    Args:
        view: The first handshake and its certificates.
        port: The port that people name.
        took: How long the first contact took, in seconds.
        deadline: Moment of the loop's clock after which nothing is waited for.

    Returns:
        The connection with its `reply`; None where nothing was asked.
    """
    seen = view.handshake
    if seen is None or port not in HTTPS_PORTS or not _worth_asking(view, seen):
        return None
    patience = max(_LEAST_PATIENCE, took * _LONGER)
    answer = await shake_hands(
        seen.address,
        seen.port,
        server_name=server_name(view.target),
        deadline=min(deadline, asyncio.get_running_loop().time() + patience),
        profile="http1",
        route=seen.route,
        ask_head=True,
    )
    # Only what was said counts: the certificates were seen before.
    return replace(answer, chain=(), staple=None)


def _worth_asking(view: View, seen: Handshake) -> bool:
    leaf = view.leaf
    if leaf is None or not seen.completed or seen.reply or view.target.starttls is not None:
        return False
    faulty = view.verdict is not None and not view.verdict.ok
    ends_soon = leaf.not_after - view.at <= soon(leaf.not_before, leaf.not_after)
    return faulty or ends_soon or not covers(leaf, view.target.host)
