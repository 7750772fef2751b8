"""Checks that run elsewhere: workers, and the way of a question to them and of its Report back.

`wire` says what travels (JSON only, each part bounded and, with a key, signed), `queue` is
taskiq's Redis stream broker as we use it, `worker` is the probe, `presence` and `machine` are what
it says of itself, `remote` is the asker's side, `counts`, `fleet` and `door` are what an operator
scales by. No rule about TLS, and nothing of Slack.
"""

from bot.worker.errors import RemoteError, RemoteFailureError, VantageAwayError
from bot.worker.place import RemoteVantage
from bot.worker.presence import Presence
from bot.worker.remote import Post, key_of, open_post

__all__ = [
    "Post",
    "Presence",
    "RemoteError",
    "RemoteFailureError",
    "RemoteVantage",
    "VantageAwayError",
    "key_of",
    "open_post",
]
