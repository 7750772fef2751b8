"""The chain that the server should send, verified before anybody is given it."""

from datetime import datetime

from bot.diagnosis.path import Path
from bot.diagnosis.trust import TrustStore


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
