"""What software answers: one `HEAD /` to a web server with a fault, so that the fix can be its own.

Asked over the connection of the first handshake, beside the fetching of certificates and the other
questions, only where the certificates give somebody something to mend, and only on ports of the
web. It is not waited for longer than the first contact took.
"""

import asyncio
from dataclasses import replace

from bot.diagnosis.handshake import Handshake
from bot.diagnosis.inquire import server_name
from bot.diagnosis.rules.hostname import covers
from bot.diagnosis.rules.validity import soon
from bot.diagnosis.view import View

# Ports where HTTP is spoken over TLS.
HTTPS_PORTS = frozenset({443, 4443, 6443, 8443, 9443, 10443})

_LEAST_PATIENCE = 0.3


async def ask_head(view: View, port: int, took: float, deadline: float) -> Handshake | None:
    """Ask a web server with a fault for the head of its page; the connection is closed then.

    Args:
        view: The first handshake and its certificates.
        port: The port that people name.
        took: How long the first contact took, in seconds.
        deadline: Moment of the loop's clock after which nothing is waited for.

    Returns:
        The handshake with its `reply`; None where nothing was asked.
    """
    seen = view.handshake
    if seen is None or seen.held is None:
        return None
    if port not in HTTPS_PORTS or not _worth_asking(view, seen):
        seen.held.close()
        return None
    until = asyncio.get_running_loop().time() + max(_LEAST_PATIENCE, took)
    host = server_name(view.target) or str(seen.address)
    reply = await seen.held.ask(host, min(deadline, until))
    # Only what was said counts: the certificates were seen before.
    return replace(seen, chain=(), staple=None, held=None, reply=reply)


def _worth_asking(view: View, seen: Handshake) -> bool:
    leaf = view.leaf
    if leaf is None or not seen.completed or seen.reply or view.target.starttls is not None:
        return False
    faulty = view.verdict is not None and not view.verdict.ok
    ends_soon = leaf.not_after - view.at <= soon(leaf.not_before, leaf.not_after)
    return faulty or ends_soon or not covers(leaf, view.target.host)
